//! By which id can a call be asked about?

/// The id.
#[must_use]
pub fn current() -> String {
    String::new()
}
