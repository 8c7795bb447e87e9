//! Renders a letter as one accessible HTML page.
//!
//! The page has no scripts, no pictures and no external resources, so a letter kept for years reads the same.

use std::fmt::Write as _;

use super::document::{Block, Document, Run};

/// The letter as an HTML page in UTF-8.
#[must_use]
pub fn html(document: &Document, large_print: bool) -> String {
    let mut page = String::with_capacity(16 * 1024);
    let size = if large_print { "20pt" } else { "12pt" };
    page.push_str("<!DOCTYPE html>\n<html lang=\"");
    escape(&mut page, &document.language);
    page.push_str("\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
    );
    escape(&mut page, &document.title);
    page.push_str("</title>\n<style>\n:root { font-size: ");
    page.push_str(size);
    page.push_str("; }\n");
    page.push_str(include_str!("html.css"));
    page.push_str("</style>\n</head>\n<body>\n<header>\n");
    lines(&mut page, &document.sender);
    lines(&mut page, &document.to);
    page.push_str("</header>\n<main>\n");
    for block in &document.blocks {
        self::block(&mut page, block);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn block(page: &mut String, block: &Block) {
    match block {
        Block::Heading {
            level,
            section,
            runs,
        } => {
            let id = section.map(|section| format!(" id=\"{}\"", section.name()));
            // INVARIANT: writing to a string cannot fail.
            let _ = write!(page, "<h{level}{}>", id.unwrap_or_default());
            self::runs(page, runs);
            let _ = writeln!(page, "</h{level}>");
        }
        Block::Paragraph { runs } => element(page, "p", runs),
        Block::List { items } => {
            page.push_str("<ul>\n");
            for item in items {
                element(page, "li", item);
            }
            page.push_str("</ul>\n");
        }
        Block::Quote { runs } => element(page, "blockquote", runs),
        Block::Address { lines } => {
            page.push_str("<p class=\"address\">");
            for (index, line) in lines.iter().enumerate() {
                if index > 0 {
                    page.push_str("<br>\n");
                }
                self::runs(page, line);
            }
            page.push_str("</p>\n");
        }
        Block::Facts { rows } => {
            page.push_str("<dl>\n");
            for row in rows {
                page.push_str("<div>");
                element(page, "dt", &row.name);
                element(page, "dd", &row.value);
                page.push_str("</div>\n");
            }
            page.push_str("</dl>\n");
        }
        Block::Foreign { language, runs } => {
            page.push_str("<p dir=\"auto\" lang=\"");
            escape(page, language);
            page.push_str("\">");
            self::runs(page, runs);
            page.push_str("</p>\n");
        }
    }
}

fn element(page: &mut String, name: &str, runs: &[Run]) {
    for part in ["<", name, ">"] {
        page.push_str(part);
    }
    self::runs(page, runs);
    for part in ["</", name, ">\n"] {
        page.push_str(part);
    }
}

/// The words of runs. Values of the case are isolated, so that a name written from right to left does not reorder the
/// text around it.
fn runs(page: &mut String, runs: &[Run]) {
    for run in runs {
        if run.strong {
            page.push_str("<strong>");
        }
        if run.value {
            page.push_str("<bdi>");
        }
        for (index, line) in run.text.split('\n').enumerate() {
            if index > 0 {
                page.push_str("<br>\n");
            }
            escape(page, line);
        }
        if run.value {
            page.push_str("</bdi>");
        }
        if run.strong {
            page.push_str("</strong>");
        }
    }
}

fn lines(page: &mut String, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    page.push_str("<p class=\"address\">");
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            page.push_str("<br>\n");
        }
        page.push_str("<bdi>");
        escape(page, line);
        page.push_str("</bdi>");
    }
    page.push_str("</p>\n");
}

fn escape(page: &mut String, text: &str) {
    let mut written = 0;
    // Each of these characters is one byte in UTF-8, and no part of another character.
    for (place, byte) in text.bytes().enumerate() {
        let instead = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        page.push_str(&text[written..place]);
        page.push_str(instead);
        written = place + 1;
    }
    page.push_str(&text[written..]);
}
