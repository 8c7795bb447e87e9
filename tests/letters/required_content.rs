//! The required content of every denial, in each form (VI.F).

use second_opinion::notice::{Form, Rendition, Templates};
use second_opinion::rules::DenialReasonCode;

use crate::samples::{LANGUAGES, denial_letters, request_supporting};

/// The words of a text without line breaks and page footers.
fn flowing(text: &str) -> String {
    let is_footer = |line: &&str| {
        let line = line.trim().trim_start_matches('\u{c}');
        let mut words = line.split(' ');
        matches!(words.next(), Some("Page" | "Página")) && words.count() == 3
    };
    let lines: Vec<&str> = text.lines().filter(|line| !is_footer(line)).collect();
    let words: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .collect();
    words.join(" ")
}

fn without_tags(page: &str) -> String {
    let mut text = String::new();
    let mut tag = false;
    for character in page.chars() {
        match character {
            '<' => tag = true,
            '>' => tag = false,
            other if !tag => text.push(other),
            _ => {}
        }
    }
    text.replace("&#39;", "'").replace("&amp;", "&")
}

#[test]
fn vi_f_text_and_html_of_every_denial_have_the_required_content() {
    check_forms(|form| form != Form::Pdf, without_tags_in_html);
}

#[cfg(feature = "pdf")]
#[test]
#[ignore = "needs poppler-utils"]
fn vi_f_pdf_of_every_denial_has_the_required_content() {
    check_forms(
        |form| form == Form::Pdf,
        |_, bytes| crate::golden::pdf_to_text(&bytes),
    );
}

fn without_tags_in_html(form: Form, bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).expect("UTF-8");
    if form == Form::Html {
        without_tags(&text)
    } else {
        text
    }
}

/// Checks the required content in the chosen forms of every denial, in each language.
fn check_forms(is_chosen: impl Fn(Form) -> bool, text_of: impl Fn(Form, Vec<u8>) -> String) {
    for language in LANGUAGES {
        for code in DenialReasonCode::ALL {
            let letter =
                denial_letters(request_supporting(Some(code), language), code).swap_remove(0);
            let wanted: &[&str] = if language == "en" {
                &[
                    "We looked at what your provider sent us",
                    "The last day to appeal is January 22, 2027.",
                    "How to appeal:",
                    "How to file a grievance:",
                    "State Hearing",
                    "You have 120 calendar days",
                    "(800) 863-4155",
                    "TTY: (800) 735-2929 / 711",
                    "Rae Viewer",
                    "copies of the criteria",
                    "free of charge",
                    "Who you can see",
                    "1-888-452-8609",
                    "November 23, 2026",
                    "Ana Sofía Núñez",
                ]
            } else {
                &[
                    "Vimos lo que mandó su proveedor",
                    "El último día para apelar es el 22 de enero de 2027.",
                    "Cómo apelar:",
                    "Cómo presentar una queja:",
                    "State Hearing",
                    "120 días calendario",
                    "(800) 863-4155",
                    "TTY: (800) 735-2929 / 711",
                    "Rae Viewer",
                    "copias de los criterios",
                    "A quién puede ver",
                    "1-888-452-8609",
                    "23 de noviembre de 2026",
                    "Ana Sofía Núñez",
                ]
            };
            for form in Form::ALL.into_iter().filter(|form| is_chosen(*form)) {
                let rendition =
                    Rendition::of(&letter, form, None, false).expect("the letter's own language");
                let bytes = rendition
                    .render(Templates::shipped(), &letter)
                    .expect("a rendering");
                let text = flowing(&text_of(form, bytes));
                for words in wanted {
                    assert!(
                        text.contains(words),
                        "{code:?} {form:?} {language}: `{words}` is missing in\n{text}"
                    );
                }
            }
        }
    }
}
