//! The compiled templates of every language, which turn a letter into blocks of words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use thiserror::Error;

use super::shipped::{Files, SHIPPED, WORDS, template_file};
use super::values::template_values;
use super::words::Words;
use super::{filters, markup};
use crate::document::{Block, Document};
use crate::error::NoticeError;
use crate::letter::Letter;

static COMPILED_IN: LazyLock<Templates> = LazyLock::new(|| {
    // INVARIANT: a test reads every shipped template.
    Templates::read(&BTreeMap::new()).unwrap_or_else(|errors| panic!("{errors}"))
});

/// The templates of every language, compiled.
#[derive(Debug)]
pub struct Templates {
    languages: BTreeMap<String, Language>,
}

#[derive(Debug)]
struct Language {
    environment: Environment<'static>,
    words: Arc<Words>,
}

/// Templates that cannot be used: every problem of them.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct TemplateErrors(pub Vec<String>);

/// A plan's files that replace shipped ones, by language and name.
pub(super) type CustomFiles = BTreeMap<(String, String), String>;

impl Templates {
    /// The templates built into the program, as one shared value.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &COMPILED_IN
    }

    /// The templates built into the program, as a value of the caller's own.
    ///
    /// # Errors
    /// Does not fail in a build that passes its tests.
    pub fn built_in() -> Result<Self, TemplateErrors> {
        Self::read(&CustomFiles::new())
    }

    pub(super) fn read(custom: &CustomFiles) -> Result<Self, TemplateErrors> {
        let mut errors = Vec::new();
        let mut languages = BTreeMap::new();
        for (language, files) in SHIPPED {
            match read_language(language, files, custom) {
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

    /// The short words of a language; `None`: letters are not shipped in it.
    pub(super) fn words(&self, language: &str) -> Option<&Words> {
        self.languages.get(language).map(|held| &*held.words)
    }

    /// Fills in the template of a letter, in a shipped language.
    ///
    /// # Errors
    /// Fails if letters are not shipped in the language, or the template cannot be filled in.
    pub fn document(&self, letter: &Letter, language: &str) -> Result<Document, NoticeError> {
        let (tag, held) = self
            .languages
            .get_key_value(language)
            .ok_or_else(|| NoticeError::LanguageNotShipped(language.to_owned()))?;
        let file = template_file(letter.content.kind());
        let template_error =
            |reason: String| NoticeError::Template(format!("{tag}/{file}: {reason}"));
        let rendered = held
            .environment
            .get_template(file)
            .and_then(|template| template.render(template_values(letter, language)))
            .map_err(|error| template_error(reason(&error)))?;
        let blocks = markup::blocks(&rendered).map_err(template_error)?;
        let title = blocks.iter().find_map(|block| match block {
            Block::Heading { level: 1, .. } => Some(block.plain().trim().to_owned()),
            _ => None,
        });
        let person = &letter.to;
        let lines = std::iter::once(&person.full_name).chain(&person.address_lines);
        Ok(Document {
            language: tag.clone(),
            title: title.ok_or_else(|| template_error("the title is missing".to_owned()))?,
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
    custom: &CustomFiles,
) -> Result<Language, Vec<String>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("letter".into()));
    environment.set_formatter(|output, _, value| {
        if value.is_undefined() || value.is_none() {
            let missing = "the template prints a value that the letter lacks";
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
            output.write_str(&markup::guard(&text))
        };
        written.map_err(|_| minijinja::Error::from(minijinja::ErrorKind::WriteFailure))
    });
    let mut problems = Vec::new();
    let mut words = None;
    for (name, shipped) in files {
        let key = (language.to_owned(), (*name).to_owned());
        let text = custom
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

/// The innermost cause of an error, which is the most specific, with its line.
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
