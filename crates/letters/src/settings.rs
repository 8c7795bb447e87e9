//! The plan's settings for its letters: the configuration file's `[notices]`.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::letter::{LanguageHelp, ListedEnclosure};
use super::plan::ContactPoint;
use second_opinion_rules::case::LanguageTag;

/// The plan's settings for its letters.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoticeSettings {
    /// Whether a letter is sent when a decision is untimely.
    pub lapse: bool,
    /// A folder of templates that replace shipped ones: `<folder>/<language>/<file>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<PathBuf>,
    /// The enclosures of every letter to a member.
    pub enclosures: Vec<Enclosure>,
    /// The lines of language help, one a language.
    pub language_help: Vec<HelpLine>,
}

/// An enclosure.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Enclosure {
    /// The title, as letters list it.
    pub title: String,
    /// The file to print.
    pub file: PathBuf,
    /// The language of the sheet; `None`: it goes with letters in any language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A line of language help. `{phone}` and `{tty}` are replaced by the numbers of Member Services.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HelpLine {
    /// The language, such as `vi`.
    pub language: String,
    /// The words.
    pub text: String,
}

/// The shipped lines of language help.
static SHIPPED_HELP: LazyLock<Vec<HelpLine>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        line: Vec<HelpLine>,
    }
    // INVARIANT: a test reads the shipped file.
    let file: File = toml::from_str(include_str!("templates/language-help.toml"))
        .unwrap_or_else(|error| panic!("{error}"));
    file.line
});

impl Default for NoticeSettings {
    fn default() -> Self {
        Self {
            lapse: true,
            templates: None,
            enclosures: Vec::new(),
            language_help: SHIPPED_HELP.clone(),
        }
    }
}

impl NoticeSettings {
    /// Every problem, with its key. This also checks that the files of enclosures exist.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut complain = |key: String, message: &str| problems.push((key, message.to_owned()));
        let tag = "expected a language such as `es`";
        for (index, sheet) in self.enclosures.iter().enumerate() {
            let key = format!("notices.enclosures.{index}");
            if !is_line(&sheet.title) {
                complain(format!("{key}.title"), "expected one line of text");
            }
            if !sheet.file.is_file() {
                complain(format!("{key}.file"), "expected the path of a file");
            }
            let language = sheet.language.as_deref();
            if language.is_some_and(|language| LanguageTag::parse(language).is_none()) {
                complain(format!("{key}.language"), tag);
            }
        }
        for (index, line) in self.language_help.iter().enumerate() {
            let key = format!("notices.language_help.{index}");
            if LanguageTag::parse(&line.language).is_none() {
                complain(format!("{key}.language"), tag);
            }
            if !is_line(&line.text) {
                complain(format!("{key}.text"), "expected one line of text");
            }
        }
        problems
    }

    pub(super) fn enclosed(&self) -> Vec<ListedEnclosure> {
        self.enclosures
            .iter()
            .map(|sheet| ListedEnclosure {
                title: sheet.title.clone(),
                language: sheet.language.as_deref().and_then(LanguageTag::parse),
            })
            .collect()
    }

    pub(super) fn help_lines(&self, services: &ContactPoint) -> Vec<LanguageHelp> {
        self.language_help
            .iter()
            .filter_map(|line| {
                Some(LanguageHelp {
                    language: LanguageTag::parse(&line.language)?,
                    text: line
                        .text
                        .replace("{phone}", &services.phone)
                        .replace("{tty}", &services.tty),
                })
            })
            .collect()
    }
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_help_covers_the_languages_of_the_state() {
        let settings = NoticeSettings::default();
        assert_eq!(settings.problems(), []);
        let services = crate::plan::Plan::default().member_services;
        let lines = settings.help_lines(&services);
        let languages: Vec<String> = lines.iter().map(|line| line.language.primary()).collect();
        assert_eq!(languages, ["en", "es", "ru", "tl", "zh", "vi"]);
        for line in lines {
            assert!(line.text.contains(&services.phone), "{}", line.text);
            assert!(line.text.contains(&services.tty), "{}", line.text);
        }
    }

    #[test]
    fn unusable_settings_are_reported_with_their_keys() {
        let settings: NoticeSettings = toml::from_str(
            "lapse = false\nenclosures = [{ title = '', file = 'no/such', language = '!' }]\nlanguage_help = [{ language = '', text = '' }]",
        )
        .expect("settings");
        let problems = settings.problems();
        let keys: Vec<&str> = problems.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "notices.enclosures.0.title",
                "notices.enclosures.0.file",
                "notices.enclosures.0.language",
                "notices.language_help.0.language",
                "notices.language_help.0.text"
            ]
        );
    }
}
