//! Checks that a letter's HTML consists only of expected elements, properly nested.

/// The allowed elements.
const ELEMENTS: [&str; 21] = [
    "html",
    "head",
    "title",
    "style",
    "body",
    "header",
    "main",
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "blockquote",
    "dl",
    "div",
    "dt",
    "dd",
    "strong",
    "bdi",
    "meta",
];
const ATTRIBUTES: [&str; 7] = ["lang", "charset", "name", "content", "class", "id", "dir"];
/// Elements without an end tag.
const VOID: [&str; 2] = ["meta", "br"];

/// Panics if a page has an unexpected element or attribute, or a tag is not closed.
pub fn check(page: &str) {
    let lower = page.to_lowercase();
    assert!(!lower.contains("<script"), "the page has a script");
    let page = page
        .strip_prefix("<!DOCTYPE html>\n")
        .expect("an HTML page");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(index) = rest.find(['<', '>']) {
        assert!(rest[index..].starts_with('<'), "a `>` outside a tag");
        let (tag, after) = rest[index + 1..].split_once('>').expect("the end of a tag");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "an element that is not open");
        } else {
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(ELEMENTS.contains(&name) || name == "br", "<{name}>");
            check_attributes(attributes);
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
        rest = after;
    }
    assert_eq!(open, [""; 0], "elements that are not closed");
}

fn check_attributes(mut rest: &str) {
    while let Some((name, after)) = rest.trim_start().split_once("=\"") {
        assert!(ATTRIBUTES.contains(&name), "attribute `{name}`");
        let (value, after) = after.split_once('"').expect("the end of a value");
        assert!(!value.contains(['<', '\'']), "{value}");
        rest = after;
    }
    assert_eq!(rest.trim(), "", "an attribute without a value");
}
