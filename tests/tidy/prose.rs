//! Keeps the prose plain: American spelling, no questions as titles, and none of the phrases that style bans.
//!
//! A program finds only a part of what makes prose plain; a reviewer reads the rest.

use std::collections::BTreeSet;

use crate::sources::{File, assert_none, files, root};

/// The folders and files with prose of the project.
const CHECKED: [&str; 10] = [
    "src", "crates", "tests", "benches", "fuzz", "proto", "docs", "scripts", "helm", "examples",
];
const CHECKED_FILES: [&str; 8] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Cargo.toml",
    "Dockerfile",
    "build.rs",
    "clippy.toml",
    "deny.toml",
];

/// Parts that are not prose of the project, or that must not change.
const EXEMPT: [&str; 12] = [
    // The words of letters, which have tests of their own.
    "crates/letters/src/templates/en/",
    "crates/letters/src/templates/es/",
    "crates/letters/src/templates/language-help.toml",
    "tests/letters/golden/",
    // Stored bytes and their renderings.
    "tests/golden/",
    // Applied migrations, which are checked by their digests.
    "crates/store/migrations/",
    // Data of others.
    "crates/letters/assets/",
    "fuzz/corpus/",
    "fuzz/dict/",
    "tests/conformance/",
    "tests/clients/package-lock.json",
    // This file, which contains every banned phrase.
    "tests/tidy/prose.rs",
];

/// Folders and files that still have banned prose. The list must become empty.
const NOT_YET: &[&str] = &[
    // The rules and their tests.
    "docs/clause-ledger.md",
    "tests/almanac/",
    "tests/case_support/",
    "tests/cases/",
    "tests/clauses/",
    "tests/deadlines.rs",
    "tests/decisions.rs",
    "tests/histories/",
    "tests/properties/",
    "tests/requests/",
    "tests/tables/",
    // The store and its tests.
    "tests/store_suite/",
];

/// The beginnings of words in British spelling, and of words that American English does not have.
const BRITISH_STEMS: [&str; 62] = [
    "amongst",
    "anaem",
    "anaesthe",
    "armour",
    "artefact",
    "behaviour",
    "burnt",
    "centred",
    "cheque",
    "colour",
    "counsell",
    "defence",
    "dreamt",
    "endeavour",
    "enrolment",
    "favour",
    "fibre",
    "flavour",
    "focuss",
    "fulfilment",
    "gynaecolog",
    "haemat",
    "haemo",
    "harbour",
    "honour",
    "humour",
    "instalment",
    "jewellery",
    "judgement",
    "labell",
    "labour",
    "learnt",
    "leukaem",
    "levell",
    "licenc",
    "manoeuvre",
    "modell",
    "mould",
    "neighbour",
    "odour",
    "oedema",
    "oestro",
    "offence",
    "orthopaed",
    "paediatric",
    "plough",
    "practis",
    "pretence",
    "rumour",
    "savour",
    "sceptic",
    "signall",
    "skilful",
    "spelt",
    "sulph",
    "travell",
    "tumour",
    "vapour",
    "vigour",
    "whilst",
    "wilful",
    "yoghurt",
];
/// Whole words in British spelling.
const BRITISH_WORDS: [&str; 14] = [
    "ageing",
    "cancelled",
    "cancelling",
    "centre",
    "centres",
    "enrol",
    "enrols",
    "fulfil",
    "fulfils",
    "kilometre",
    "metre",
    "metres",
    "programme",
    "programmes",
];
/// Endings of words such as `authorise`, which American English spells with a z, and of words such as `analyse`.
const BRITISH_ENDINGS: [&str; 14] = [
    "ise", "ises", "ised", "iser", "isers", "ising", "isation", "isations", "yse", "ysed", "yser",
    "ysers", "ysing", "yses",
];
/// The beginnings of words with these endings that are American English too.
const AMERICAN_STEMS: [&str; 42] = [
    "advertis",
    "advis",
    "analyses",
    "anise",
    "appris",
    "apprais",
    "aris",
    "bitwise",
    "bruis",
    "clockwise",
    "compris",
    "compromis",
    "concise",
    "cruis",
    "demise",
    "denise",
    "despis",
    "devis",
    "disguis",
    "enterprise",
    "excis",
    "exercis",
    "expertise",
    "franchis",
    "imprecise",
    "improvis",
    "likewise",
    "merchandis",
    "nois",
    "otherwise",
    "paradise",
    "prais",
    "precise",
    "premise",
    "promis",
    "rais",
    "revis",
    "ris",
    "supervis",
    "surpris",
    "televis",
    "wis",
];
/// Names of libraries in British spelling, which are not ours to change.
const FOREIGN_NAMES: [&str; 5] = [
    "CANCELLED",
    "Cancelled",
    "is_cancelled",
    "cancelled()",
    "WaitForCancellation",
];

/// Words that comments and documents do not contain, and the plain words for them.
const BANNED_WORDS: [(&str, &str); 3] = [
    ("whose", "\"of\" or \"with\", or a new sentence"),
    ("whom", "a noun"),
    ("farewell", "close, drain or shutdown"),
];
/// Words that comments of Rust code do not contain. Documents may use them of people.
const BANNED_IN_CODE: [(&str, &str); 1] = [("told", "notified, emitted, logged or reported")];

/// Phrases that comments and documents do not contain, and the plain words for them.
const PHRASES: [(&str, &str); 9] = [
    ("given out", "issued, returned or emitted"),
    ("a second look", "a second check"),
    ("in its right mind", "the condition itself"),
    ("once the runtime has come round", "the next scheduler pass"),
    ("who floods", "rapid resets, or the rate"),
    ("no one is at fault", "the condition itself"),
    ("as much as a", "at most, or a maximum"),
    ("as many as a", "at most, or a maximum"),
    ("the house", "the project"),
];
/// Openings of a doc comment that describe a limit by a comparison.
const OPENINGS: [&str; 4] = ["As much", "As many", "As long as", "As far as"];

/// Every file with prose of the project.
fn checked_files() -> Vec<File> {
    let mut found: Vec<File> = CHECKED.into_iter().flat_map(files).collect();
    found.extend(CHECKED_FILES.into_iter().map(|path| File {
        path: path.to_owned(),
        text: std::fs::read_to_string(root().join(path)).expect("a readable file"),
    }));
    found.retain(|file| {
        let is_exempt = EXEMPT.iter().any(|part| file.path.starts_with(part));
        !is_exempt && !matches!(file.extension(), "lock" | "dict")
    });
    found
}

/// The words of a line in lower case. `camelCase` and `snake_case` names are several words.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for character in line.chars() {
        let begins_word = !character.is_alphabetic() || (character.is_uppercase() && lower_before);
        if begins_word {
            words.push(String::new());
        }
        if character.is_alphabetic() {
            let word = words.last_mut().expect("a word");
            word.extend(character.to_lowercase());
        }
        lower_before = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_british(word: &str) -> bool {
    let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    BRITISH_WORDS.contains(&word)
        || begins(&BRITISH_STEMS)
        || (BRITISH_ENDINGS.iter().any(|ending| word.ends_with(ending)) && !begins(&AMERICAN_STEMS))
}

/// The British words of a file, in code and strings too.
fn british_words(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let mut line = line.to_owned();
        for name in FOREIGN_NAMES {
            line = line.replace(name, "");
        }
        let british = words(&line).into_iter().filter(|word| is_british(word));
        problems.extend(british.map(|word| {
            let number = index + 1;
            format!("{}:{number}: `{word}` is not American spelling", file.path)
        }));
    }
    problems
}

/// The banned phrases in the comments of a file, or in all of a document.
fn banned_phrases(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in file.prose() {
        let place = format!("{}:{number}", file.path);
        let lower = line.to_lowercase();
        let found = PHRASES.iter().filter(|(phrase, _)| lower.contains(phrase));
        problems.extend(
            found.map(|(phrase, plain)| format!("{place}: `{}`: write {plain}", phrase.trim())),
        );
        let in_code = BANNED_IN_CODE.iter().filter(|_| file.extension() == "rs");
        let banned: Vec<_> = BANNED_WORDS.iter().chain(in_code).collect();
        for word in words(line) {
            let found = banned.iter().filter(|(banned, _)| word == *banned);
            problems.extend(found.map(|(_, plain)| format!("{place}: `{word}`: write {plain}")));
        }
        let doc = line.strip_prefix("/// ").unwrap_or_default();
        let opening = OPENINGS.iter().find(|opening| doc.starts_with(**opening));
        problems.extend(opening.map(|opening| {
            format!("{place}: a doc comment opens with `{opening}`: write \"Maximum …\"")
        }));
    }
    problems
}

/// The titles of a file that are questions: the first line of a module's documentation, and headings of a document.
fn question_titles(file: &File) -> Vec<String> {
    let is_title = |index: usize, line: &str| match file.extension() {
        "rs" => index == 0 && line.starts_with("//! "),
        "md" => line.starts_with('#'),
        _ => false,
    };
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(index, line)| is_title(*index, line) && line.trim_end().ends_with('?'))
        .map(|(index, _)| format!("{}:{}: a title is a question", file.path, index + 1))
        .collect()
}

#[test]
fn prose_is_plain_and_american() {
    let mut problems = Vec::new();
    let mut excused = BTreeSet::new();
    for file in checked_files() {
        let mut found = british_words(&file);
        found.extend(banned_phrases(&file));
        found.extend(question_titles(&file));
        match NOT_YET.iter().find(|part| file.path.starts_with(**part)) {
            Some(part) if !found.is_empty() => {
                excused.insert(*part);
            }
            _ => problems.extend(found),
        }
    }
    let clean = NOT_YET.iter().filter(|part| !excused.contains(**part));
    problems.extend(clean.map(|part| format!("{part} is clean: remove it from NOT_YET")));
    assert_none(&problems);
}

#[test]
fn british_words_are_told_from_american_ones() {
    for british in [
        "authorised",
        "organisation",
        "behaviours",
        "analyse",
        "licence",
        "programme",
        "cancelled",
    ] {
        assert!(is_british(british), "{british}");
    }
    for american in [
        "otherwise",
        "revised",
        "promises",
        "raised",
        "license",
        "programmed",
        "cancellation",
        "analyses",
    ] {
        assert!(!is_british(american), "{american}");
    }
    assert_eq!(
        words("fooBar_baz HTTPServer x1"),
        ["foo", "bar", "baz", "httpserver", "x"]
    );
}
