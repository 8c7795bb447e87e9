//! How does a letter become words? By the templates of its language, shipped or the plan's own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use thiserror::Error;

use super::document::{Block, Document};
use super::letter::Letter;
use super::view::view;
use super::words::Words;
use super::{NoticeError, check, filters, markup};
use second_opinion_rules::case::NoticeKind;

/// What is filled in where a language has a file of its own.
const WORDS: &str = "words.toml";

macro_rules! shipped {
    ($($language:literal),+) => {&[$(
        ($language, &[
            ("words.toml", include_str!(concat!("templates/", $language, "/words.toml"))),
            ("parts.txt", include_str!(concat!("templates/", $language, "/parts.txt"))),
            ("denial.txt", include_str!(concat!("templates/", $language, "/denial.txt"))),
            ("approval.txt", include_str!(concat!("templates/", $language, "/approval.txt"))),
            (
                "grievance_information.txt",
                include_str!(concat!("templates/", $language, "/grievance_information.txt")),
            ),
            ("network_access.txt", include_str!(concat!("templates/", $language, "/network_access.txt"))),
            ("lapse.txt", include_str!(concat!("templates/", $language, "/lapse.txt"))),
            ("provider_copy.txt", include_str!(concat!("templates/", $language, "/provider_copy.txt"))),
        ]),
    )+]};
}

/// The files of one language by name.
type Files = &'static [(&'static str, &'static str)];
/// The files that are compiled in: a folder a language, one line here.
const SHIPPED: &[(&str, Files)] = shipped!["en", "es"];

/// The languages in which letters are complete.
pub const SHIPPED_LANGUAGES: [&str; 2] = ["en", "es"];

static COMPILED_IN: LazyLock<Templates> = LazyLock::new(|| {
    // INVARIANT: a test reads every shipped template.
    Templates::read(&BTreeMap::new()).unwrap_or_else(|errors| panic!("{errors}"))
});

/// The templates of every language, ready to be filled in.
#[derive(Debug)]
pub struct Templates {
    languages: BTreeMap<String, Language>,
}

#[derive(Debug)]
struct Language {
    environment: Environment<'static>,
    words: Arc<Words>,
}

/// Templates that cannot be used: everything that is wrong with them.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct TemplateErrors(pub Vec<String>);

/// Files in place of shipped ones, by language and name.
pub(super) type Replaced = BTreeMap<(String, String), String>;

/// The file of a kind of letter.
pub(super) const fn file_of(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Denial => "denial.txt",
        NoticeKind::Approval => "approval.txt",
        NoticeKind::GrievanceInformation => "grievance_information.txt",
        NoticeKind::NetworkAccess => "network_access.txt",
        NoticeKind::Lapse => "lapse.txt",
        NoticeKind::ProviderCopy => "provider_copy.txt",
    }
}

impl Templates {
    /// The templates that are compiled in.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &COMPILED_IN
    }

    /// The templates that are compiled in, for a server of its own.
    ///
    /// # Errors
    /// Never in a build whose tests pass.
    pub fn with_none_replaced() -> Result<Self, TemplateErrors> {
        Self::read(&Replaced::new())
    }

    /// The templates with those in a plan's folder, `<folder>/<language>/<file>`, in place of the shipped ones.
    ///
    /// Every letter is filled in once with a sample, in every language, and each section and each word that a letter
    /// of its kind owes to its reader is looked for.
    ///
    /// # Errors
    /// Everything that is wrong: a file that cannot be read or that no letter knows, a template that cannot be filled
    /// in, a missing key, a missing section, or one that lacks what it owes.
    pub fn with_folder(folder: &Path) -> Result<Self, TemplateErrors> {
        let mut errors = Vec::new();
        let replaced = files_in(folder, &mut errors);
        if !errors.is_empty() {
            return Err(TemplateErrors(errors));
        }
        Self::checked(&replaced)
    }

    /// The templates with some in place of the shipped ones, checked.
    pub(super) fn checked(replaced: &Replaced) -> Result<Self, TemplateErrors> {
        let templates = Self::read(replaced)?;
        let errors = check::complaints(&templates);
        if errors.is_empty() {
            Ok(templates)
        } else {
            Err(TemplateErrors(errors))
        }
    }

    fn read(replaced: &Replaced) -> Result<Self, TemplateErrors> {
        let mut errors = Vec::new();
        let mut languages = BTreeMap::new();
        for (language, files) in SHIPPED {
            match read_language(language, files, replaced) {
                Ok(read) => {
                    languages.insert((*language).to_owned(), read);
                }
                Err(problems) => errors.extend(problems),
            }
        }
        if errors.is_empty() {
            Ok(Self { languages })
        } else {
            Err(TemplateErrors(errors))
        }
    }

    /// The short words of a language; `None`: it is not shipped.
    pub(super) fn words(&self, language: &str) -> Option<&Words> {
        self.languages.get(language).map(|held| &*held.words)
    }

    /// A letter in words, in a shipped language.
    ///
    /// # Errors
    /// When the language is not shipped, or the template cannot be filled in.
    pub fn document(&self, letter: &Letter, language: &str) -> Result<Document, NoticeError> {
        let (tag, held) = self
            .languages
            .get_key_value(language)
            .ok_or_else(|| NoticeError::Language(language.to_owned()))?;
        let file = file_of(letter.content.kind());
        let unfilled = |reason: String| NoticeError::Template(format!("{tag}/{file}: {reason}"));
        let rendered = held
            .environment
            .get_template(file)
            .and_then(|template| template.render(view(letter, language)))
            .map_err(|error| unfilled(reason(&error)))?;
        let blocks = markup::blocks(&rendered).map_err(unfilled)?;
        let title = blocks.iter().find_map(|block| match block {
            Block::Heading { level: 1, .. } => Some(block.plain().trim().to_owned()),
            _ => None,
        });
        let person = &letter.to;
        let lines = std::iter::once(&person.full_name).chain(&person.address_lines);
        Ok(Document {
            language: tag.clone(),
            title: title.ok_or_else(|| unfilled("there is no title".to_owned()))?,
            sender: std::iter::once(&letter.plan.name)
                .chain(&letter.plan.address_lines)
                .cloned()
                .collect(),
            to: lines
                .filter(|line| !line.is_empty())
                .map(|line| line.as_str().to_owned())
                .collect(),
            blocks,
            page: held.words.page.clone(),
        })
    }
}

fn read_language(
    language: &str,
    files: Files,
    replaced: &Replaced,
) -> Result<Language, Vec<String>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("letter".into()));
    environment.set_formatter(|output, _, value| {
        if value.is_undefined() || value.is_none() {
            let missing = "a value that the letter does not have is printed";
            return Err(minijinja::Error::new(
                minijinja::ErrorKind::UndefinedError,
                missing,
            ));
        }
        let text = value
            .as_str()
            .map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
        let written = if value.is_safe() {
            output.write_str(&text)
        } else {
            output.write_str(&markup::guarded(&text))
        };
        written.map_err(|_| minijinja::Error::from(minijinja::ErrorKind::WriteFailure))
    });
    let mut problems = Vec::new();
    let mut words = None;
    for (name, shipped) in files {
        let key = (language.to_owned(), (*name).to_owned());
        let text = replaced
            .get(&key)
            .cloned()
            .unwrap_or_else(|| (*shipped).to_owned());
        if *name == WORDS {
            match Words::read(&text) {
                Ok(read) => {
                    let read = words.insert(Arc::new(read));
                    filters::add(&mut environment, language, read);
                }
                Err(error) => problems.push(format!("{language}/{name}: {error}")),
            }
        } else if let Err(error) = environment.add_template_owned((*name).to_owned(), text) {
            problems.push(format!("{language}/{name}: {}", reason(&error)));
        }
    }
    match words {
        Some(words) if problems.is_empty() => Ok(Language { environment, words }),
        Some(_) | None => Err(problems),
    }
}

/// What went wrong, and in which line. The innermost cause says most.
fn reason(error: &minijinja::Error) -> String {
    let mut cause = error;
    while let Some(inner) = std::error::Error::source(cause)
        .and_then(|source| source.downcast_ref::<minijinja::Error>())
    {
        cause = inner;
    }
    let place = match (cause.name(), cause.line()) {
        (Some(name), Some(line)) => format!(" ({name}, line {line})"),
        _ => String::new(),
    };
    match cause.detail() {
        Some(detail) => format!("{}: {detail}{place}", cause.kind()),
        None => format!("{}{place}", cause.kind()),
    }
}

/// The files of a plan's folder that stand in place of shipped ones.
fn files_in(folder: &Path, errors: &mut Vec<String>) -> Replaced {
    let mut replaced = Replaced::new();
    let mut list = |folder: &Path| -> Vec<PathBuf> {
        match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(error) => {
                errors.push(format!("`{}` cannot be read: {error}", folder.display()));
                Vec::new()
            }
        }
    };
    let folders: Vec<PathBuf> = list(folder);
    let files: Vec<(String, PathBuf)> = folders
        .into_iter()
        .flat_map(|path| {
            let language = name_of(&path);
            let files = list(&path);
            files.into_iter().map(move |file| (language.clone(), file))
        })
        .collect();
    for (language, path) in files {
        let name = name_of(&path);
        let known = SHIPPED
            .iter()
            .any(|(tag, files)| *tag == language && files.iter().any(|(file, _)| *file == name));
        match (known, std::fs::read_to_string(&path)) {
            (true, Ok(text)) => {
                replaced.insert((language, name), text);
            }
            (true, Err(error)) => {
                errors.push(format!("`{}` cannot be read: {error}", path.display()));
            }
            (false, _) => errors.push(format!(
                "`{}` stands in place of no shipped template",
                path.display()
            )),
        }
    }
    replaced
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The shipped files, for tests that take something out of them.
#[cfg(test)]
pub(super) fn shipped_files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    SHIPPED
        .iter()
        .flat_map(|(language, files)| files.iter().map(|(name, text)| (*language, *name, *text)))
}
