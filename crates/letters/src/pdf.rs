//! Renders a letter as an accessible PDF file: PDF/UA-1, by typst, with embedded fonts.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::Serialize;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::document::{Block, Document, Run};
use super::error::NoticeError;

/// The size of ordinary print, in points.
const ORDINARY_PRINT_PT: u32 = 12;
/// The size of large print, in points.
const LARGE_PRINT_PT: u32 = 20;
/// The longest run of characters without a break opportunity. A longer word gets one, so that it does not leave the
/// page.
const UNBROKEN_CHARS_MAX: usize = 30;
/// Replaces a character that no font has.
const NO_GLYPH: char = '\u{fffd}';
const BREAK_HERE: char = '\u{200b}';
/// Renderings after which typst drops an unused cached result. Letters share their layout and not their words, so a few
/// suffice.
const CACHE_RUNS_MAX: usize = 4;

/// The fonts, the library and the layout, shared by all letters. Loading them once makes every letter after the first
/// fast.
struct SharedWorld {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: FileId,
    source: Source,
    data: FileId,
}

static SHARED: LazyLock<SharedWorld> = LazyLock::new(|| {
    let files: [&'static [u8]; 5] = [
        include_bytes!("../assets/fonts/NotoSans-Regular.ttf"),
        include_bytes!("../assets/fonts/NotoSans-Bold.ttf"),
        include_bytes!("../assets/fonts/NotoSansArabic-Regular.ttf"),
        include_bytes!("../assets/fonts/NotoSansHebrew-Regular.ttf"),
        include_bytes!("../assets/fonts/NotoSansCJKsc-Letters.otf"),
    ];
    let fonts: Vec<Font> = files
        .into_iter()
        .flat_map(|file| Font::iter(Bytes::new(file)))
        .collect();
    // INVARIANT: both names are plain file names, which are valid paths.
    let id = |name| {
        let path = VirtualPath::new(name).unwrap_or_else(|_| unreachable!("a file name"));
        RootedPath::new(VirtualRoot::Project, path).intern()
    };
    let main = id("letter.typ");
    SharedWorld {
        library: LazyHash::new(Library::default()),
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
        main,
        source: Source::new(main, include_str!("letter.typ").to_owned()),
        data: id("letter.json"),
    }
});

/// The layout with the data of one letter. It gives typst no other file, no network and no clock.
struct LetterWorld {
    shared: &'static SharedWorld,
    letter: Bytes,
}

impl World for LetterWorld {
    fn library(&self) -> &LazyHash<Library> {
        &self.shared.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.shared.book
    }

    fn main(&self) -> FileId {
        self.shared.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.shared.main {
            Ok(self.shared.source.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.shared.data {
            Ok(self.letter.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.shared.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[derive(Serialize)]
struct PageData {
    size: u32,
    #[serde(flatten)]
    document: Document,
}

/// Renders a letter as a PDF file: PDF/UA-1, tagged, with embedded fonts. The same letter gives the same bytes.
///
/// This takes tens of milliseconds of processor time, so do not call it on a thread that others wait for.
///
/// # Errors
/// Fails if the layout fails, which no letter causes in a build that passes its tests.
pub fn pdf(
    document: &Document,
    large_print: bool,
    issued_at: DateTime<Utc>,
) -> Result<Vec<u8>, NoticeError> {
    let shared = &*SHARED;
    let mut document = document.clone();
    make_printable(&mut document);
    let size = if large_print {
        LARGE_PRINT_PT
    } else {
        ORDINARY_PRINT_PT
    };
    let letter =
        serde_json::to_vec(&PageData { size, document }).map_err(|_| NoticeError::Unreadable)?;
    let ident = second_opinion_rules::case::Digest::of(&letter).to_string();
    let world = LetterWorld {
        shared,
        letter: Bytes::new(letter),
    };
    let page = typst::compile::<PagedDocument>(&world)
        .output
        .map_err(|errors| typesetting_error(&errors))?;
    let options = PdfOptions {
        ident: Smart::Custom(ident),
        creator: Smart::Custom(Some("second-opinion".to_owned())),
        timestamp: timestamp(issued_at),
        standards: PdfStandards::new(&[PdfStandard::Ua_1])
            .map_err(|error| NoticeError::Template(error.message().to_string()))?,
        ..PdfOptions::default()
    };
    let file = typst_pdf::pdf(&page, &options).map_err(|errors| typesetting_error(&errors));
    typst::comemo::evict(CACHE_RUNS_MAX);
    file
}

/// The error of the typesetter. Its messages contain no word of the letter.
fn typesetting_error(errors: &[typst::diag::SourceDiagnostic]) -> NoticeError {
    let said: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    NoticeError::Template(format!("letter.typ: {}", said.join("; ")))
}

fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    let small = |number: u32| u8::try_from(number).ok();
    let instant = Datetime::from_ymd_hms(
        at.year(),
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    )?;
    Some(Timestamp::new_utc(instant))
}

/// Replaces characters that no font has, and adds break opportunities to words longer than a line.
fn make_printable(document: &mut Document) {
    let texts = [&mut document.title]
        .into_iter()
        .chain(&mut document.sender)
        .chain(&mut document.to);
    for text in texts {
        *text = printable_text(text);
    }
    for block in &mut document.blocks {
        match block {
            Block::Heading { runs, .. }
            | Block::Paragraph { runs }
            | Block::Quote { runs }
            | Block::Foreign { runs, .. } => make_runs_printable(runs),
            Block::List { items: lines } | Block::Address { lines } => {
                for runs in lines {
                    make_runs_printable(runs);
                }
            }
            Block::Facts { rows } => {
                for row in rows {
                    make_runs_printable(&mut row.name);
                    make_runs_printable(&mut row.value);
                }
            }
        }
    }
}

fn make_runs_printable(runs: &mut [Run]) {
    for run in runs {
        run.text = printable_text(&run.text);
    }
}

fn printable_text(text: &str) -> String {
    let mut fitted = String::with_capacity(text.len());
    let mut unbroken = 0;
    for character in text.chars() {
        if character.is_whitespace() || character == '/' || character == '-' {
            unbroken = 0;
        } else {
            unbroken += 1;
        }
        if unbroken > UNBROKEN_CHARS_MAX {
            fitted.push(BREAK_HERE);
            unbroken = 1;
        }
        fitted.push(if character == '\n' || has_glyph(character) {
            character
        } else {
            NO_GLYPH
        });
    }
    fitted
}

fn has_glyph(character: char) -> bool {
    SHARED
        .fonts
        .iter()
        .any(|font| font.info().coverage.contains(character.into()))
}
