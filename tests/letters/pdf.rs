//! Pages of PDF letters, read by poppler: tags, fonts, sizes, and text that does not break.

use std::path::PathBuf;
use std::process::Command;

use second_opinion::case::{AlternativeFormat, Private};
use second_opinion::notice::{Form, Letter, Rendition, Templates};
use second_opinion::rules::DenialReasonCode::{self, ReasonNotSupported};

use crate::golden::pdf_to_text;
use crate::samples::{LANGUAGES, denial_letters, other_letters, request_supporting, text};

/// Writes a letter's file to `target/tmp/letters/`, where a person can open it.
fn file(name: &str, letter: &Letter, language: &str, large_print: bool) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("letters");
    std::fs::create_dir_all(&folder).expect("a folder");
    let size = if large_print { "-large" } else { "" };
    let path = folder.join(format!("{name}-{language}{size}.pdf"));
    let bytes = Rendition::of(letter, Form::Pdf, Some(language), large_print)
        .expect("it is shipped")
        .render(Templates::shipped(), letter)
        .expect("a file");
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// The output of one of poppler's tools for a file.
fn tool_output(tool: &str, options: &[&str], path: &PathBuf) -> String {
    let output = Command::new(tool).args(options).arg(path).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} of poppler-utils: {error}"));
    assert!(output.status.success(), "{tool} {}", path.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The font sizes in a file, in points.
fn sizes(path: &PathBuf) -> Vec<f64> {
    let options = ["-xml", "-stdout", "-i", "-zoom", "1", "-hidden"];
    let page = tool_output("pdftohtml", &options, path);
    let specs = page.lines().filter(|line| line.contains("<fontspec"));
    let sizes = specs.filter_map(|line| {
        let size = line.split("size=\"").nth(1)?;
        size.split('"').next()?.parse().ok()
    });
    sizes.collect()
}

fn check(name: &str, letter: &Letter, language: &str, large_print: bool) {
    let path = file(name, letter, language, large_print);
    let info = tool_output("pdfinfo", &[], &path);
    for wanted in ["Tagged:          yes", "Title:", "(letter)"] {
        assert!(
            info.contains(wanted),
            "{name}: {wanted} is missing in\n{info}"
        );
    }
    let bytes = std::fs::read(&path).expect("a file");
    let lang = format!("/Lang({language})");
    let holds = |wanted: &str| {
        bytes
            .windows(wanted.len())
            .any(|part| part == wanted.as_bytes())
    };
    assert!(
        holds(&lang) || holds(&lang.replace('(', " (")),
        "{name}: no language"
    );
    let fonts = tool_output("pdffonts", &[], &path);
    for font in fonts.lines().skip(2) {
        let columns: Vec<&str> = font.split_whitespace().collect();
        let yes = columns[columns.len() - 5];
        assert_eq!(yes, "yes", "{name}: not embedded: {font}");
    }
    let least = if large_print { 20.0 } else { 12.0 };
    for size in sizes(&path) {
        assert!(size >= least, "{name}: {size} pt");
    }
}

#[test]
#[ignore = "needs poppler-utils"]
fn pages_are_tagged_with_embedded_fonts_of_sufficient_size() {
    for language in LANGUAGES {
        for large_print in [false, true] {
            let code = DenialReasonCode::QualifiedNetworkProviderAvailable;
            let letter =
                denial_letters(request_supporting(Some(code), language), code).swap_remove(0);
            check("denial", &letter, language, large_print);
            for (name, letter) in other_letters(language) {
                check(name, &letter, language, large_print);
            }
        }
    }
}

#[test]
#[ignore = "needs poppler-utils"]
fn long_name_and_fifty_reasons_flow_over_pages() {
    let mut request = request_supporting(Some(ReasonNotSupported), "en");
    request.member.full_name = Private("Anna-Maria ".repeat(18) + "Lee");
    request.member.address_lines = vec![Private("Long Street Name ".repeat(12)); 6];
    request.member.alternative_format = AlternativeFormat::LargePrint;
    let mut letter = denial_letters(request, ReasonNotSupported).swap_remove(0);
    let mut json = serde_json::to_value(&letter).expect("JSON");
    let first = json["content"]["denial"]["first_reason"].clone();
    json["content"]["denial"]["further_reasons"] = vec![first; 49].into();
    letter = serde_json::from_value(json).expect("a letter");
    let path = file("fifty-reasons", &letter, "en", true);
    let fonts = tool_output("pdffonts", &[], &path);
    assert!(fonts.contains("NotoSans"), "{fonts}");
    let text = pdf_to_text(&std::fs::read(&path).expect("a file"));
    assert!(text.contains("Reason 50"), "{text}");
}

#[test]
#[ignore = "needs poppler-utils"]
fn case_number_is_never_broken() {
    let mut letter = denial_letters(
        request_supporting(Some(ReasonNotSupported), "es"),
        ReasonNotSupported,
    )
    .swap_remove(0);
    letter.determination_id = "01a21083-d07e-70ff-a2e5-f2e138984eee"
        .parse()
        .expect("an id");
    let path = file("case-number", &letter, "es", true);
    let text = pdf_to_text(&std::fs::read(&path).expect("a file"));
    assert!(
        text.contains("01a21083-d07e-70ff-a2e5-f2e138984eee"),
        "{text}"
    );
}

#[test]
#[ignore = "needs poppler-utils"]
fn phone_number_is_never_broken() {
    for language in LANGUAGES {
        let mut letters = other_letters(language);
        for code in DenialReasonCode::ALL {
            let letter =
                denial_letters(request_supporting(Some(code), language), code).swap_remove(0);
            letters.push(("denial", letter));
        }
        for (name, letter) in letters {
            let path = file("phone-number", &letter, language, true);
            let page = pdf_to_text(&std::fs::read(&path).expect("a file"));
            let text = text(&letter, language);
            for phone in ["(800) 863-4155", "(800) 735-2929 / 711", "1-888-452-8609"] {
                let (on_pages, in_words) =
                    (page.matches(phone).count(), text.matches(phone).count());
                assert_eq!(on_pages, in_words, "{name} {language}: {phone} in\n{page}");
            }
        }
    }
}
