//! Do the rules say what the policy digest's decision table says, for every combination of facts?
//!
//! `tables` states the rules a second time, from the digest. Each combination is put to a whole request, so that the
//! mapping from requests to facts is tested too.

mod requests;
mod tables;

use std::path::Path;

use second_opinion::case::{
    CaseState, Context, NetworkStatus, NextStepKind, PractitionerOpinion, Provider, SecondOpinion,
    UrgencyClaim, next_steps, submit,
};
use second_opinion::rules::{Availability, Clause, Policy};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tables::{Row, Tables};

/// What the crate makes of a request, in the same shape.
fn by_the_rules(request: SecondOpinion, policy: &Policy) -> Value {
    let evaluation = policy.evaluate(&request.inquiry(None));
    let now = request.received_at;
    let submitted = submit(request, &Context { now, policy });
    assert_eq!(submitted.assessment, evaluation.assessment);
    let file = CaseState::opened(submitted);
    let assessment = &file.assessment;
    let mut clauses: Vec<&str> = assessment.findings.iter().map(|f| f.clause.id()).collect();
    clauses.sort_unstable();
    clauses.dedup();
    let vi_b: Vec<_> = assessment
        .findings
        .iter()
        .filter(|finding| finding.clause == Clause::Qualification)
        .map(|finding| json!(finding.outcome))
        .collect();
    assert!(vi_b.len() <= 1, "VI.B is found once");
    let grievance = next_steps(&file, now, &policy.calendar)
        .into_iter()
        .any(|step| {
            step.kind == NextStepKind::FileGrievance && step.clause == Clause::PrimaryCareNotGranted
        });
    json!({
        "pathway": assessment.pathway,
        "state": file.state,
        "urgency": assessment.urgency,
        "recommendation": assessment.recommendation,
        "qualification": assessment.qualification,
        "clocks": file.clocks.iter().map(|clock| clock.kind).collect::<Vec<_>>(),
        "clauses": clauses,
        "grievance_step": grievance,
        "vi_b": vi_b.first().cloned().unwrap_or_else(|| json!("none")),
    })
}

fn value<T: DeserializeOwned>(token: &str) -> T {
    serde_json::from_value(json!(token)).unwrap_or_else(|error| panic!("{token}: {error}"))
}

/// A whole request that has these facts. No reason is given, so that no clause of a reason is among the findings.
fn request_with(facts: &Row) -> SecondOpinion {
    let status = match facts["provider"] {
        "NONE" => None,
        "IN_NETWORK" => Some(NetworkStatus::InNetwork),
        "OUT_OF_NETWORK" => Some(NetworkStatus::OutOfNetwork),
        "UNKNOWN" => Some(NetworkStatus::Unknown),
        other => panic!("{other} is no standing of a provider"),
    };
    let words = |claim: &str| if facts[claim] == "YES" { "stated" } else { "" };
    let opinion = PractitionerOpinion {
        npi: requests::npi("1993999998"),
        statement: "stated".into(),
    };
    SecondOpinion {
        reasons: Vec::new(),
        requested_provider: status.map(|network_status| Provider {
            network_status,
            medi_cal_status: value(facts["medi_cal"]),
            role: value(facts["role"]),
            within_scope: value(facts["within_scope"]),
            relevant_expertise: value(facts["relevant_expertise"]),
            ..requests::provider()
        }),
        network_availability: Some(requests::network(value(facts["availability"]))),
        primary_care_decision: value(facts["primary_care"]),
        urgency_claim: Some(UrgencyClaim {
            psychological_jeopardy: words("psychological").into(),
            practitioner_opinion: (facts["practitioner"] == "YES").then_some(opinion),
            functional_jeopardy: words("functional").into(),
        }),
        ..requests::request()
    }
}

const AVAILABILITY: &[&str] = &["AVAILABLE", "NOT_AVAILABLE", "UNKNOWN"];
const ANSWERS: &[&str] = &["YES", "NO", "UNKNOWN"];
const CLAIMED: &[&str] = &["YES", "NO"];
const FACTS: &[(&str, &[&str])] = &[
    ("availability", AVAILABILITY),
    (
        "medi_cal",
        &[
            "CERTIFIED",
            "NOT_CERTIFIED",
            "SUSPENDED_OR_EXCLUDED",
            "UNKNOWN",
        ],
    ),
    ("role", &["PRIMARY_CARE", "SPECIALIST", "OTHER", "UNKNOWN"]),
    ("within_scope", ANSWERS),
    ("relevant_expertise", ANSWERS),
    ("psychological", CLAIMED),
    ("practitioner", CLAIMED),
    ("functional", CLAIMED),
    ("primary_care", &["GRANTED", "NOT_GRANTED", "UNKNOWN"]),
];
/// Facts of a provider, which do not exist where none was named.
const OF_THE_PROVIDER: [&str; 4] = ["medi_cal", "role", "within_scope", "relevant_expertise"];

/// Every combination of facts.
///
/// The digest counts 19,485. With a provider (3 standings) there are 3 x 4 x 4 x 3 x 3 combinations of availability,
/// certification, role, scope and expertise, 1,296 in all; without one only the 3 of availability: 1,299. Times 3
/// answers of primary care and 5 ways to be urgent (no claim, each of the three alone, all of them) that is 19,485.
/// Here all 8 subsets of the claims are taken: 31,176.
fn every_combination() -> Vec<Row> {
    let mut rows: Vec<Row> = ["NONE", "IN_NETWORK", "OUT_OF_NETWORK", "UNKNOWN"]
        .map(|provider| Row::from([("provider", provider)]))
        .to_vec();
    for (name, values) in FACTS {
        rows = rows
            .into_iter()
            .flat_map(|row| {
                let exists = row["provider"] != "NONE" || !OF_THE_PROVIDER.contains(name);
                let values: &[&str] = if exists { values } else { &["UNKNOWN"] };
                values.iter().map(move |value| {
                    let mut row = row.clone();
                    row.insert(name, value);
                    row
                })
            })
            .collect();
    }
    rows
}

/// Whether the digest counts the combination: it takes two claims together only where the third is there too.
fn is_counted_by_the_digest(row: &Row) -> bool {
    let claims = ["psychological", "practitioner", "functional"];
    claims.iter().filter(|claim| row[**claim] == "YES").count() != 2
}

#[test]
fn every_combination_of_facts_is_decided_as_the_tables_say() {
    let policy = Policy::default();
    let mut tables = Tables::read();
    let rows = every_combination();
    assert_eq!(rows.len(), 31_176);
    let counted = rows.iter().filter(|row| is_counted_by_the_digest(row));
    assert_eq!(counted.count(), 19_485);
    for facts in &rows {
        let actual = by_the_rules(request_with(facts), &policy);
        assert_eq!(actual, tables.decide(facts), "{facts:?}");
    }
    tables.assert_every_row_was_reached();
}

/// The rows of a sample file.
fn sample(name: &str) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("tests/conformance").join(name))
        .expect("a file that can be read");
    serde_json::from_str(&text).expect("a JSON array")
}

#[test]
fn the_sample_of_decisions_is_met() {
    let policy = Policy::default();
    let sample = sample("decisions.json");
    assert_eq!(sample.len(), 291);
    for entry in sample {
        let mut facts = Row::new();
        for (name, value) in entry["facts"].as_object().expect("facts") {
            let value = value.as_str().expect("a token");
            if name == "urgency" {
                for claim in ["psychological", "practitioner", "functional"] {
                    let made = value == "ALL" || value.eq_ignore_ascii_case(claim);
                    facts.insert(claim, if made { "YES" } else { "NO" });
                }
            } else {
                facts.insert(name.clone().leak(), value.to_owned().leak());
            }
        }
        let mut actual = by_the_rules(request_with(&facts), &policy);
        actual.as_object_mut().expect("an object").remove("vi_b");
        assert_eq!(actual, entry["expect"], "{facts:?}");
    }
}

#[test]
fn vi_c_available_with_no_one_named_is_unknown() {
    let mut request = requests::request();
    let mut network = requests::network(Availability::Available);
    request.network_availability = Some(network.clone());
    assert_eq!(request.facts().availability, Availability::Available);

    network.alternatives[0].npi = None;
    request.network_availability = Some(network.clone());
    assert_eq!(
        request.facts().availability,
        Availability::Available,
        "a name alone will do"
    );

    network.alternatives[0].name.clear();
    request.network_availability = Some(network.clone());
    assert_eq!(
        request.facts().availability,
        Availability::Unknown,
        "neither NPI nor name"
    );

    network.alternatives.clear();
    request.network_availability = Some(network);
    assert_eq!(request.facts().availability, Availability::Unknown);

    request.network_availability = None;
    assert_eq!(
        request.facts().availability,
        Availability::Unknown,
        "unknown is not no"
    );
}
