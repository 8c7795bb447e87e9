//! Does each clause that a rule carries out really come back from the rules, and only when it should?
//!
//! Data before code: each row is a situation that must return a clause in one way, and beside it a near miss, which
//! must not. What was returned is written to `docs/clause-ledger.md`, so that no clause's cover changes unread. Run
//! with `UPDATE_LEDGER=1` to write it anew.

mod ledger;
#[path = "../requests/mod.rs"]
mod requests;
mod section_iii_x;
mod section_vi_a;
mod section_vi_b;
mod section_vi_c;
mod section_vi_d;
mod section_vi_e_f;
mod situation;

use second_opinion::rules::{CLAUSES, CarriedOutBy, Clause, DenialReasonCode};
use situation::{Answer, Situation, Way};

/// A situation by name. The name begins with the clause: `vi_d_2_holiday_inside_the_window`.
type Case = (&'static str, fn() -> Situation);

/// A case and its near miss. There is no such row without a near miss.
struct Pair {
    clause: Clause,
    way: Way,
    case: Case,
    near_miss: Case,
}

/// A pair with what came back.
struct Ran {
    pair: &'static Pair,
    answer: Answer,
    near_answer: Answer,
}

fn sections() -> impl Iterator<Item = &'static Pair> {
    let sections: [&[Pair]; 6] = [
        section_iii_x::PAIRS,
        section_vi_a::PAIRS,
        section_vi_b::PAIRS,
        section_vi_c::PAIRS,
        section_vi_d::PAIRS,
        section_vi_e_f::PAIRS,
    ];
    sections.into_iter().flatten()
}

impl Pair {
    fn run(&'static self) -> Ran {
        Ran {
            pair: self,
            answer: self.case.1().run(),
            near_answer: self.near_miss.1().run(),
        }
    }
}

/// The clause as the beginning of a name: `vi_d_2`, `42_cfr_438_210_d_2`.
fn slug(clause: Clause) -> String {
    let lower = clause.id().to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

#[test]
fn every_case_returns_its_clause_and_no_near_miss_does() {
    let mut wrong = Vec::new();
    for ran in sections().map(Pair::run) {
        let wanted = (ran.pair.clause, ran.pair.way);
        if !ran.answer.named.contains(&wanted) {
            wrong.push(format!(
                "{} should return {wanted:?}, and returned {:?}",
                ran.pair.case.0, ran.answer.named
            ));
        }
        if ran.near_answer.named.contains(&wanted) {
            wrong.push(format!(
                "{} should not return {wanted:?}",
                ran.pair.near_miss.0
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A near miss of a command that was turned away is one that was carried out.
#[test]
fn near_misses_of_refusals_are_carried_out() {
    for ran in sections().map(Pair::run) {
        let turned_away = |(_, way): &(Clause, Way)| matches!(way, Way::DenialCheck | Way::Refusal);
        if matches!(ran.pair.way, Way::DenialCheck | Way::Refusal) {
            let found = ran
                .near_answer
                .named
                .iter()
                .find(|named| turned_away(named));
            assert_eq!(found, None, "{}", ran.pair.near_miss.0);
        }
    }
}

#[test]
fn every_clause_of_a_rule_has_a_case() {
    for entry in CLAUSES {
        let cases = sections()
            .filter(|pair| pair.clause == entry.clause)
            .count();
        match entry.carried_out_by {
            CarriedOutBy::Rule => assert!(cases > 0, "{} is returned by no case", entry.id),
            CarriedOutBy::Human(reason) => assert!(!reason.is_empty(), "{} without why", entry.id),
        }
    }
}

#[test]
fn every_denial_reason_has_its_letter() {
    let written: Vec<_> = sections()
        .flat_map(|pair| pair.run().answer.letters)
        .collect();
    for code in DenialReasonCode::ALL {
        for clause in code.clauses().iter().chain(&[Clause::DenialInWriting]) {
            assert!(
                written.contains(&(code, *clause)),
                "no letter of {code:?} names {clause}"
            );
        }
    }
}

#[test]
fn names_begin_with_their_clause_and_stand_once() {
    let mut seen = Vec::new();
    for pair in sections() {
        for (name, _) in [pair.case, pair.near_miss] {
            let begins = format!("{}_", slug(pair.clause));
            assert!(
                name.starts_with(&begins),
                "{name} does not begin with {begins}"
            );
            assert!(!seen.contains(&name), "{name} stands twice");
            seen.push(name);
        }
    }
}
