//! The template files built into the program, and the file of each kind of letter.

use second_opinion_rules::case::NoticeKind;

/// The file with a language's short words; the other files are templates.
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

/// The files of one language, by name.
pub(super) type Files = &'static [(&'static str, &'static str)];
/// The built-in files: a folder a language, one line here.
pub(super) const SHIPPED: &[(&str, Files)] = shipped!["en", "es"];

/// The languages in which letters are shipped, complete.
pub const SHIPPED_LANGUAGES: [&str; 2] = ["en", "es"];

/// The template file of a kind of letter.
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

/// The built-in files, for tests that remove parts of them.
#[cfg(test)]
pub(super) fn shipped_files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    SHIPPED
        .iter()
        .flat_map(|(language, files)| files.iter().map(|(name, text)| (*language, *name, *text)))
}
