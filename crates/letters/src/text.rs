//! Renders a letter as plain text.
//!
//! A paragraph is one line: screens, screen readers and braille displays break lines themselves.

use super::document::{Block, Document, plain};

/// The letter as plain text: UTF-8, each line terminated by a line feed.
#[must_use]
pub fn text(document: &Document) -> String {
    let mut page = String::with_capacity(16 * 1024);
    lines(&mut page, &document.sender);
    page.push('\n');
    lines(&mut page, &document.to);
    for block in &document.blocks {
        // A blank line separates blocks; the items of a list and the lines of an address follow each other without one.
        page.push('\n');
        match block {
            Block::Heading { runs, level, .. } => {
                if *level < 3 {
                    page.push('\n');
                }
                lines(&mut page, &[plain(runs)]);
            }
            Block::Paragraph { runs } | Block::Foreign { runs, .. } => {
                lines(&mut page, &[plain(runs)]);
            }
            Block::List { items } => {
                for item in items {
                    indented(&mut page, "- ", &plain(item));
                }
            }
            Block::Quote { runs } => indented(&mut page, "  ", &plain(runs)),
            Block::Address { lines } => {
                for line in lines {
                    indented(&mut page, "  ", &plain(line));
                }
            }
            Block::Facts { rows } => {
                for row in rows {
                    let row = format!("{}: {}", plain(&row.name), plain(&row.value));
                    indented(&mut page, "", &row);
                }
            }
        }
    }
    page
}

fn lines(page: &mut String, lines: &[String]) {
    for line in lines {
        indented(page, "", line);
    }
}

/// Writes words with a prefix on their first line and the same indentation on the others.
fn indented(page: &mut String, sign: &str, words: &str) {
    for (index, line) in words.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() {
            if index == 0 {
                page.push_str(sign);
            } else {
                page.extend(sign.chars().map(|_| ' '));
            }
            page.push_str(line);
        }
        page.push('\n');
    }
}
