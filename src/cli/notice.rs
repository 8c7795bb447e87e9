//! `notice`: how does a letter read, and is this file one that was issued?

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::{Failure, runtime};
use crate::case::{Digest, LanguageTag};
use crate::config::Config;
use crate::notice::{self, Form, Letter, Rendition, Templates};
use crate::server::StartError;
use crate::store::{Store, StoredNotice, open_read_only};

#[derive(Clone, Debug, Subcommand)]
pub enum NoticeCommand {
    /// Write a letter to standard output
    Show(ShowArgs),
    /// Say whether a file is what was issued; exit code 1: it is not
    Verify(VerifyArgs),
}

#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// The letter's id
    id: Uuid,
    /// The form
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The language, such as `es`; the letter's own where none is named
    #[arg(long, value_parser = language)]
    language: Option<LanguageTag>,
    /// In large print
    #[arg(long)]
    large_print: bool,
}

#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// The letter's id
    id: Uuid,
    /// The file
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Html,
    Pdf,
}

pub(super) fn run(command: &NoticeCommand, config: &Config) -> Result<(), Failure> {
    let templates = config.templates().map_err(StartError::from)?;
    runtime()?.block_on(async {
        // Reading only: a server may be writing to the same store.
        let store = open_read_only(&config.store).await?;
        match command {
            NoticeCommand::Show(args) => show(args, &*store, &templates).await,
            NoticeCommand::Verify(args) => verify(args.id, &args.file, &*store, &templates).await,
        }
    })
}

async fn show(args: &ShowArgs, store: &dyn Store, templates: &Templates) -> Result<(), Failure> {
    let (_, letter) = letter(args.id, store).await?;
    let form = match args.format {
        Format::Text => Form::Text,
        Format::Html => Form::Html,
        Format::Pdf => Form::Pdf,
    };
    let language = args.language.as_ref().map(LanguageTag::primary);
    let rendition = Rendition::of(&letter, form, language.as_deref(), args.large_print)
        .ok_or_else(|| Failure::other("the letter cannot be had in that language"))?;
    let bytes = match store.rendering(args.id, &rendition).await? {
        Some(first) => first.bytes,
        None => rendition
            .render(templates, &letter)
            .map_err(Failure::other)?,
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&bytes)
        .and_then(|()| out.flush())
        .map_err(Failure::other)
}

/// A file was issued where it is a rendering that was given out, or, of one that was not yet, what this version makes of
/// the letter; the letter itself is proved by the digest on its case.
async fn verify(
    id: Uuid,
    file: &Path,
    store: &dyn Store,
    templates: &Templates,
) -> Result<(), Failure> {
    let content = std::fs::read(file)
        .map_err(|error| Failure::other(format!("`{}`: {error}", file.display())))?;
    let (stored, letter) = letter(id, store).await?;
    if Digest::of(&stored.bytes) != stored.reference.sha256 {
        return Err(Failure::other(format!(
            "letter `{id}` is not as it was stored: run `verify-log`"
        )));
    }
    let digest = Digest::of(&content);
    for rendition in Rendition::all(&letter) {
        let first = store.rendering(id, &rendition).await?;
        let (found, how) = if let Some(first) = first {
            (first.sha256, "as it was given out")
        } else {
            let rendered = rendition.render(templates, &letter);
            let bytes = rendered.map_err(Failure::other)?;
            (Digest::of(&bytes), "as this version renders it")
        };
        if found == digest {
            let size = if rendition.large_print {
                ", large print"
            } else {
                ""
            };
            eprintln!(
                "second-opinion: this is letter `{id}`, {:?} in `{}`{size}, {how}; its SHA-256:",
                rendition.form, rendition.language
            );
            println!("{digest}");
            return Ok(());
        }
    }
    Err(Failure::other(format!(
        "`{}` is not what was issued as letter `{id}` in any form",
        file.display()
    )))
}

async fn letter(id: Uuid, store: &dyn Store) -> Result<(StoredNotice, Letter), Failure> {
    let stored = store
        .notice(id)
        .await?
        .ok_or_else(|| Failure::other(format!("there is no letter `{id}`")))?;
    let letter = notice::read(&stored.bytes).map_err(Failure::other)?;
    Ok((stored, letter))
}

fn language(text: &str) -> Result<LanguageTag, String> {
    LanguageTag::parse(text).ok_or_else(|| format!("expected {}", LanguageTag::EXPECTED))
}
