//! Golden letters: each is read, and rendered as text and as HTML.

use std::collections::BTreeMap;

use second_opinion::case::{Digest, NoticeKind};
use second_opinion::notice::{
    Content, Form, Letter, NoticeError, Rendition, SHIPPED_LANGUAGES, Templates, read,
};

use crate::events::letters_named;
use crate::files::{Folder, compare};

struct GoldenLetter {
    /// Its file below `stored/` without its ending, such as `letters/2/denied-not-eligible/1-denial-en`.
    name: String,
    sha256: Digest,
    letter: Letter,
}

/// The name of a kind of letter, as the files of golden letters have it.
pub fn kind_name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Denial => "denial",
        NoticeKind::Approval => "approval",
        NoticeKind::GrievanceInformation => "grievance_information",
        NoticeKind::NetworkAccess => "network_access",
        NoticeKind::Lapse => "lapse",
        NoticeKind::ProviderCopy => "provider_copy",
    }
}

fn letters() -> Vec<GoldenLetter> {
    let mut letters = Vec::new();
    for folder in Folder::all("letters") {
        for (file, sha256) in folder.files() {
            let letter = read(&folder.read(file))
                .unwrap_or_else(|error| panic!("{}/{file}: {error}", folder.name));
            assert_eq!(letter.schema, folder.schema(), "{file}");
            let name = file.strip_suffix(".json").expect("JSON");
            letters.push(GoldenLetter {
                name: format!("{}/{name}", folder.name),
                sha256,
                letter,
            });
        }
    }
    letters
}

fn render(golden: &GoldenLetter, form: Form, language: Option<&str>) -> Option<(String, String)> {
    let rendition = Rendition::of(&golden.letter, form, language, false)?;
    let bytes = rendition
        .render(Templates::shipped(), &golden.letter)
        .unwrap_or_else(|error: NoticeError| panic!("{}: {error}", golden.name));
    Some((rendition.language, String::from_utf8(bytes).expect("UTF-8")))
}

#[test]
fn golden_letters_read_as_expected_in_every_language_they_can_be_had_in() {
    for golden in letters() {
        for language in SHIPPED_LANGUAGES {
            if let Some((language, text)) = render(&golden, Form::Text, Some(language)) {
                compare(&format!("{}.{language}.txt", golden.name), &text);
            }
        }
    }
}

#[test]
fn golden_letters_are_the_expected_pages() {
    for golden in letters() {
        let (language, page) = render(&golden, Form::Html, None).expect("its own language");
        compare(&format!("{}.{language}.html", golden.name), &page);
    }
}

#[test]
fn every_letter_that_a_golden_case_names_is_held() {
    let held: BTreeMap<Digest, GoldenLetter> = letters()
        .into_iter()
        .map(|golden| (golden.sha256, golden))
        .collect();
    let named = letters_named();
    for (name, reference) in &named {
        let golden = held.get(&reference.sha256);
        let golden = golden.unwrap_or_else(|| panic!("{name}: no letter {}", reference.notice_id));
        let letter = &golden.letter;
        assert_eq!(letter.notice_id, reference.notice_id, "{}", golden.name);
        assert_eq!(letter.content.kind(), reference.kind, "{}", golden.name);
        assert_eq!(letter.language, reference.language, "{}", golden.name);
        assert_eq!(letter.issued_at, reference.issued_at, "{}", golden.name);
    }
    assert_eq!(named.len(), held.len(), "a letter that no case names");
}

/// A letter of each kind, in each language that it is sent in; a professional's copy is sent in English alone.
#[test]
fn every_kind_of_letter_is_held_in_every_language() {
    let held = letters();
    let kinds = [
        NoticeKind::Denial,
        NoticeKind::Approval,
        NoticeKind::GrievanceInformation,
        NoticeKind::NetworkAccess,
        NoticeKind::Lapse,
        NoticeKind::ProviderCopy,
    ];
    for kind in kinds {
        for language in SHIPPED_LANGUAGES {
            let sent = kind != NoticeKind::ProviderCopy || language == "en";
            let is_held = held.iter().any(|golden| {
                golden.letter.content.kind() == kind && golden.letter.language.primary() == language
            });
            assert_eq!(is_held, sent, "{} in {language}", kind_name(kind));
        }
    }
    let copies = held
        .iter()
        .filter_map(|golden| match &golden.letter.content {
            Content::ProviderCopy(copy) => Some(std::mem::discriminant(&copy.decision)),
            Content::Denial(_)
            | Content::Approval(_)
            | Content::GrievanceInformation(_)
            | Content::NetworkAccess(_)
            | Content::Lapse(_) => None,
        });
    let mut decisions: Vec<_> = copies.collect();
    decisions.dedup();
    assert!(decisions.len() > 1, "copies of approvals and of denials");
}
