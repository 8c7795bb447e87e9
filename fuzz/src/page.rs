//! Is a letter's page made of our own elements alone, each closed where it was opened?

/// The elements that a page may have.
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
/// Those without an end.
const VOID: [&str; 2] = ["meta", "br"];

/// Panics where a page holds what did not come from us.
pub fn check(page: &str) {
    let lower = page.to_lowercase();
    assert!(!lower.contains("<script"), "a script");
    let page = page
        .strip_prefix("<!DOCTYPE html>\n")
        .expect("an HTML page");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find(['<', '>']) {
        assert!(rest[at..].starts_with('<'), "a `>` on its own");
        let (tag, after) = rest[at + 1..].split_once('>').expect("a tag has an end");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed and not opened");
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
    assert_eq!(open, [""; 0], "opened and not closed");
}

fn check_attributes(mut rest: &str) {
    while let Some((name, after)) = rest.trim_start().split_once("=\"") {
        assert!(ATTRIBUTES.contains(&name), "attribute `{name}`");
        let (value, after) = after.split_once('"').expect("a value has an end");
        assert!(!value.contains(['<', '\'']), "{value}");
        rest = after;
    }
    assert_eq!(rest.trim(), "", "an attribute without a value");
}
