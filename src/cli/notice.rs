//! `notice`: prints a letter, or proves that a file is an issued one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::failure::Failure;
use super::process::runtime;
use crate::case::{Digest, LanguageTag};
use crate::config::Config;
use crate::notice::{self, Form, Letter, Rendition, Templates};
use crate::server::StartError;
use crate::store::{Store, StoredNotice, open_read_only};

#[derive(Clone, Debug, Subcommand)]
pub enum NoticeCommand {
    /// Print a letter
    Show(ShowArgs),
    /// Prove that a file is an issued form of a letter; exit code 1 when it is not
    Verify(VerifyArgs),
}

#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// The letter's ID
    id: Uuid,
    /// The form
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The language, such as `es` [default: the letter's own]
    #[arg(long, value_parser = language)]
    language: Option<LanguageTag>,
    /// Large print
    #[arg(long)]
    large_print: bool,
}

#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// The letter's ID
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
        .ok_or_else(|| Failure::other("the letter does not exist in that language"))?;
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

/// A file is an issued one when it equals a stored rendering, or, for a form that was never requested, the rendering of
/// this version. The digest on the case proves the letter itself.
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
            "letter `{id}` differs from what was stored: run `verify-log`"
        )));
    }
    let digest = Digest::of(&content);
    for rendition in Rendition::all(&letter) {
        let first = store.rendering(id, &rendition).await?;
        let (found, how) = if let Some(first) = first {
            (first.sha256, "as it was issued")
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
        "`{}` is no issued form of letter `{id}`",
        file.display()
    )))
}

async fn letter(id: Uuid, store: &dyn Store) -> Result<(StoredNotice, Letter), Failure> {
    let stored = store
        .notice(id)
        .await?
        .ok_or_else(|| Failure::other(format!("no such letter `{id}`")))?;
    let letter = notice::read(&stored.bytes).map_err(Failure::other)?;
    Ok((stored, letter))
}

fn language(text: &str) -> Result<LanguageTag, String> {
    LanguageTag::parse(text).ok_or_else(|| format!("expected {}", LanguageTag::EXPECTED))
}
