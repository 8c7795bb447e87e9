//! The templates that are compiled in, a folder a language, and the file of each kind of letter.

use second_opinion_rules::case::NoticeKind;

/// What is filled in where a language has a file of its own.
pub(super) const WORDS: &str = "words.toml";

macro_rules! shipped {
    ($($language:literal),+) => {&[$(
        ($language, &[
            ("words.toml", include_str!(concat!($language, "/words.toml"))),
            ("parts.txt", include_str!(concat!($language, "/parts.txt"))),
            ("denial.txt", include_str!(concat!($language, "/denial.txt"))),
            ("approval.txt", include_str!(concat!($language, "/approval.txt"))),
            (
                "grievance_information.txt",
                include_str!(concat!($language, "/grievance_information.txt")),
            ),
            ("network_access.txt", include_str!(concat!($language, "/network_access.txt"))),
            ("lapse.txt", include_str!(concat!($language, "/lapse.txt"))),
            ("provider_copy.txt", include_str!(concat!($language, "/provider_copy.txt"))),
        ]),
    )+]};
}

/// The files of one language by name.
pub(super) type Files = &'static [(&'static str, &'static str)];
/// The files that are compiled in: a folder a language, one line here.
pub(super) const SHIPPED: &[(&str, Files)] = shipped!["en", "es"];

/// The languages in which letters are complete.
pub const SHIPPED_LANGUAGES: [&str; 2] = ["en", "es"];

/// The file of a kind of letter.
pub(super) const fn template_file(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Denial => "denial.txt",
        NoticeKind::Approval => "approval.txt",
        NoticeKind::GrievanceInformation => "grievance_information.txt",
        NoticeKind::NetworkAccess => "network_access.txt",
        NoticeKind::Lapse => "lapse.txt",
        NoticeKind::ProviderCopy => "provider_copy.txt",
    }
}

/// The shipped files, for tests that take something out of them.
#[cfg(test)]
pub(super) fn shipped_files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    SHIPPED
        .iter()
        .flat_map(|(language, files)| files.iter().map(|(name, text)| (*language, *name, *text)))
}
