//! Which clauses came back, from which cases, and does the checked-in ledger say the same?

use std::fmt::Write;
use std::path::Path;

use second_opinion::rules::{CLAUSES, CarriedOutBy, ClauseEntry};
use serde_json::json;

use crate::situation::Way;
use crate::{Pair, Ran, sections};

const HEAD: &str = "# Clause ledger

Which clause comes back from the rules, in which way, from which case, and which case just misses it. Each case is
carried through the crate itself; a row stands here because the answer named the clause.

`cargo test --test clauses` makes this file and fails where it differs. After a change that is meant:
`UPDATE_LEDGER=1 cargo test --test clauses`, then read the difference. The cases stand in `tests/clauses/`.
";

fn ledger() -> String {
    let ran: Vec<Ran> = sections().map(Pair::run).collect();
    let mut text = HEAD.to_owned();
    for entry in CLAUSES {
        write_clause(&mut text, entry, &ran).expect("a string takes any text");
    }
    text
}

fn write_clause(text: &mut String, entry: &ClauseEntry, ran: &[Ran]) -> std::fmt::Result {
    writeln!(text, "\n## {}: {}\n", entry.id, entry.title)?;
    match entry.carried_out_by {
        CarriedOutBy::Rule => writeln!(text, "Carried out by a rule.")?,
        CarriedOutBy::Human(reason) => writeln!(text, "Carried out by people: {reason}.")?,
    }
    let rows: Vec<&Ran> = ran
        .iter()
        .filter(|ran| ran.pair.clause == entry.clause)
        .filter(|ran| ran.answer.named.contains(&(entry.clause, ran.pair.way)))
        .collect();
    if !rows.is_empty() {
        writeln!(
            text,
            "\n| returned as | by | near miss |\n| --- | --- | --- |"
        )?;
    }
    for row in rows {
        let (name, near) = (row.pair.case.0, row.pair.near_miss.0);
        writeln!(text, "| {} | {name} | {near} |", words(row.pair.way))?;
    }
    let mut letters: Vec<String> = ran
        .iter()
        .flat_map(|ran| &ran.answer.letters)
        .filter(|(_, clause)| *clause == entry.clause)
        .map(|(code, _)| name(code))
        .collect();
    letters.sort_unstable();
    letters.dedup();
    if !letters.is_empty() {
        writeln!(
            text,
            "\nNamed by the letter of a denial for {}.",
            letters.join(", ")
        )?;
    }
    Ok(())
}

fn words(way: Way) -> String {
    match way {
        Way::Finding(outcome) => format!("finding {}", name(&outcome)),
        Way::Limit => "limit of a clock".to_owned(),
        Way::MovedLimit => "limit that a closure moved".to_owned(),
        Way::BindingLimit => "limit before all others of its clock".to_owned(),
        Way::LateLimit => "limit that was not kept".to_owned(),
        Way::Step(kind) => format!("next step {kind:?}"),
        Way::DenialCheck => "check of a denial".to_owned(),
        Way::Refusal => "refusal of a command".to_owned(),
        Way::Letter => "letter".to_owned(),
    }
}

/// A value's name on the wire, without its quotes.
fn name(value: &impl serde::Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_checked_in_ledger_says_what_came_back() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clause-ledger.md");
    let ledger = ledger();
    if std::env::var_os("UPDATE_LEDGER").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &ledger).expect("a file that can be written");
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = ledger
        .lines()
        .zip(checked_in.lines())
        .find(|(made, held)| made != held);
    assert!(
        ledger == checked_in,
        "docs/clause-ledger.md is not what came back; see its head. First difference: {differs:?}"
    );
}
