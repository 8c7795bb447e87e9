//! The target for letters: every form has the same contents, and no text in it becomes markup.

mod builder;

use second_opinion::notice::{
    Block, Content, Document, Form, Letter, Rendition, SHIPPED_LANGUAGES, Templates, read,
};

use super::page;
use builder::LetterBuilder;

/// Builds a letter with its kind and texts chosen by the bytes, and renders it as text and HTML.
pub fn letters(data: &[u8]) {
    check(data, false);
}

/// The same with PDF, which takes a hundred times as long.
pub fn letters_as_pdf(data: &[u8]) {
    check(data, true);
}

fn check(data: &[u8], pdf: bool) {
    let letter = LetterBuilder::new(data, false).letter();
    // The same letter with texts that cannot become markup.
    let plain = LetterBuilder::new(data, true).letter();
    let stored = serde_json::to_vec(&letter).expect("JSON");
    assert_eq!(read(&stored).ok().as_ref(), Some(&letter));
    let templates = Templates::shipped();
    for language in SHIPPED_LANGUAGES {
        let Some(html) = Rendition::of(&letter, Form::Html, Some(language), false) else {
            continue;
        };
        let document = templates.document(&letter, language).expect("a letter");
        let expected = templates.document(&plain, language).expect("a letter");
        assert_eq!(shape(&document), shape(&expected), "text became markup");
        let page = html.render(templates, &letter).expect("a page");
        assert_eq!(html.render(templates, &letter).ok().as_ref(), Some(&page));
        let page = String::from_utf8(page).expect("UTF-8");
        page::check(&page);
        let text = Rendition::of(&letter, Form::Text, Some(language), false).expect("text");
        let text = text.render(templates, &letter).expect("text");
        let text = String::from_utf8(text).expect("UTF-8");
        check_contents(&letter, &text, &page);
        if pdf {
            check_pdf(&letter, language);
        }
    }
}

fn check_pdf(letter: &Letter, language: &str) {
    let pdf = Rendition::of(letter, Form::Pdf, Some(language), false).expect("a form");
    let pdf = pdf.render(Templates::shipped(), letter).expect("a file");
    assert!(pdf.starts_with(b"%PDF-"));
}

/// Checks the contents that every letter must have: the member, the case and, in a denial, its people.
fn check_contents(letter: &Letter, text: &str, page: &str) {
    let member = &letter.member;
    let mut required = vec![
        member.full_name.as_str().to_owned(),
        member.member_id.as_str().to_owned(),
        letter.determination_id.to_string(),
    ];
    if let Content::Denial(denial) = &letter.content {
        required.push(denial.reviewer.full_name.clone());
        required.extend(denial.referral.iter().map(|provider| provider.name.clone()));
    }
    for words in required {
        let words = words.trim();
        assert!(text.contains(words), "the text lacks `{words}`");
        assert!(page.contains(&escape(words)), "the page lacks `{words}`");
    }
}

fn escape(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The blocks of a letter without their texts.
fn shape(document: &Document) -> Vec<String> {
    let blocks = document.blocks.iter();
    blocks
        .map(|block| match block {
            Block::Heading { level, section, .. } => format!("heading {level} {section:?}"),
            Block::Paragraph { .. } => "paragraph".to_owned(),
            Block::List { items } => format!("list of {}", items.len()),
            Block::Quote { .. } => "quote".to_owned(),
            Block::Address { lines } => format!("address of {}", lines.len()),
            Block::Facts { rows } => format!("facts {}", rows.len()),
            Block::Foreign { .. } => "foreign".to_owned(),
        })
        .collect()
}
