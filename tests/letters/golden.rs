//! Golden letters: every letter as text, HTML and the text of its PDF.

use std::path::PathBuf;
#[cfg(feature = "pdf")]
use std::process::Command;

use second_opinion::notice::{Form, Letter, Rendition, Templates};
use second_opinion::rules::DenialReasonCode;

use crate::samples::{LANGUAGES, denial_letters, other_letters, request_supporting};

/// Compares a letter with its golden file.
fn compare(name: &str, language: &str, ending: &str, content: &str) {
    let path: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "tests/letters/golden",
        language,
        &format!("{name}.{ending}"),
    ]
    .iter()
    .collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        held == content,
        "{} differs from the letter:\n{content}",
        path.display()
    );
}

fn rendered(letter: &Letter, language: &str, form: Form) -> Vec<u8> {
    Rendition::of(letter, form, Some(language), false)
        .expect("it is shipped")
        .render(Templates::shipped(), letter)
        .expect("a rendering")
}

fn letters() -> Vec<(String, &'static str, Letter)> {
    let mut letters = Vec::new();
    for language in LANGUAGES {
        for code in DenialReasonCode::ALL {
            let letter =
                denial_letters(request_supporting(Some(code), language), code).swap_remove(0);
            letters.push((snake(&format!("{code:?}")), language, letter));
        }
        for (name, letter) in other_letters(language) {
            letters.push((name.to_owned(), language, letter));
        }
    }
    letters
}

fn snake(name: &str) -> String {
    let mut snake = "denial".to_owned();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[test]
fn text_and_html_equal_the_golden_files() {
    for (name, language, letter) in letters() {
        for (form, ending) in [(Form::Text, "txt"), (Form::Html, "html")] {
            let content = String::from_utf8(rendered(&letter, language, form)).expect("UTF-8");
            compare(&name, language, ending, &content);
        }
    }
}

/// The text of a PDF file, by poppler.
#[cfg(feature = "pdf")]
pub fn pdf_to_text(file: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("letter.pdf");
    std::fs::write(&path, file).expect("a file");
    let text = Command::new("pdftotext")
        .args(["-layout", "-enc", "UTF-8"])
        .arg(&path)
        .arg("-")
        .output()
        .expect("pdftotext of poppler-utils");
    assert!(text.status.success());
    String::from_utf8(text.stdout).expect("UTF-8")
}

#[cfg(feature = "pdf")]
#[test]
fn rendering_a_pdf_is_deterministic() {
    for (name, language, letter) in letters() {
        let file = rendered(&letter, language, Form::Pdf);
        assert_eq!(file, rendered(&letter, language, Form::Pdf), "{name}");
    }
}

#[cfg(feature = "pdf")]
#[test]
#[ignore = "needs poppler-utils"]
fn pdf_text_equals_the_golden_files() {
    for (name, language, letter) in letters() {
        let text = pdf_to_text(&rendered(&letter, language, Form::Pdf));
        compare(&name, language, "pdf.txt", &text);
    }
}
