//! Does a letter say the same in every form, whatever stands in it, and is nothing in it taken for markup?

mod maker;

use second_opinion::notice::{
    Block, Content, Document, Form, Letter, Rendition, SHIPPED_LANGUAGES, Templates, read,
};

use super::page;
use maker::Maker;

/// The bytes choose a kind of letter and every text in it; it is made as text and as a page.
pub fn letters(data: &[u8]) {
    made(data, false);
}

/// The same, and as PDF too, which takes a hundred times as long.
pub fn letters_as_pdf(data: &[u8]) {
    made(data, true);
}

fn made(data: &[u8], pdf: bool) {
    let letter = Maker::new(data, false).letter();
    // The same letter with words that cannot be taken for anything else.
    let plain = Maker::new(data, true).letter();
    let stored = serde_json::to_vec(&letter).expect("a letter can be written");
    assert_eq!(read(&stored).ok().as_ref(), Some(&letter));
    let templates = Templates::shipped();
    for language in SHIPPED_LANGUAGES {
        let Some(html) = Rendition::of(&letter, Form::Html, Some(language), false) else {
            continue;
        };
        let document = templates.document(&letter, language).expect("a letter");
        let expected = templates.document(&plain, language).expect("a letter");
        assert_eq!(shape(&document), shape(&expected), "words became markup");
        let page = html.render(templates, &letter).expect("a page");
        assert_eq!(html.render(templates, &letter).ok().as_ref(), Some(&page));
        let page = String::from_utf8(page).expect("UTF-8");
        page::check(&page);
        let text = Rendition::of(&letter, Form::Text, Some(language), false).expect("text");
        let text = text.render(templates, &letter).expect("text");
        let text = String::from_utf8(text).expect("UTF-8");
        says(&letter, &text, &page);
        if pdf {
            as_pdf(&letter, language);
        }
    }
}

fn as_pdf(letter: &Letter, language: &str) {
    let pdf = Rendition::of(letter, Form::Pdf, Some(language), false).expect("a form");
    let pdf = pdf.render(Templates::shipped(), letter).expect("a file");
    assert!(pdf.starts_with(b"%PDF-"));
}

/// What cannot be left out: whom it is about, the case and the day's own words.
fn says(letter: &Letter, text: &str, page: &str) {
    let member = &letter.member;
    let mut owed = vec![
        member.full_name.as_str().to_owned(),
        member.member_id.as_str().to_owned(),
        letter.determination_id.to_string(),
    ];
    if let Content::Denial(denial) = &letter.content {
        owed.push(denial.reviewer.full_name.clone());
        owed.extend(denial.referral.iter().map(|provider| provider.name.clone()));
    }
    for words in owed {
        let words = words.trim();
        assert!(text.contains(words), "the text lacks `{words}`");
        assert!(page.contains(&escaped(words)), "the page lacks `{words}`");
    }
}

fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The blocks of a letter without their words.
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
