//! `EvaluateSecondOpinion` against every row of `tests/conformance`.

use second_opinion::wire::v1;
use serde_json::Value;

use crate::support::messages::{alternative, member_requester, timestamp};
use crate::support::server::{PolicyClient, TestServer};

fn rows(name: &str) -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/conformance")
        .join(name);
    let text = std::fs::read_to_string(path).expect("a file that can be read");
    serde_json::from_str(&text).expect("rows")
}

fn number<T: Into<i32>>(value: T) -> i32 {
    value.into()
}

/// The request with the facts of a row.
fn request(facts: &Value) -> v1::SecondOpinion {
    let fact = |name: &str| facts[name].as_str().expect("a fact").to_owned();
    let answer = |name: &str| match fact(name).as_str() {
        "YES" => number(v1::Answer::Yes),
        "NO" => number(v1::Answer::No),
        _ => 0,
    };
    let named = fact("provider") != "NONE";
    let provider = named.then(|| v1::Provider {
        npi: "1234567893".to_owned(),
        network_status: match fact("provider").as_str() {
            "IN_NETWORK" => number(v1::NetworkStatus::InNetwork),
            "OUT_OF_NETWORK" => number(v1::NetworkStatus::OutOfNetwork),
            _ => 0,
        },
        medi_cal_status: match fact("medi_cal").as_str() {
            "CERTIFIED" => number(v1::MediCalStatus::Certified),
            "NOT_CERTIFIED" => number(v1::MediCalStatus::NotCertified),
            "SUSPENDED_OR_EXCLUDED" => number(v1::MediCalStatus::SuspendedOrExcluded),
            _ => 0,
        },
        role: match fact("role").as_str() {
            "PRIMARY_CARE" => number(v1::ProviderRole::PrimaryCare),
            "SPECIALIST" => number(v1::ProviderRole::Specialist),
            "OTHER" => number(v1::ProviderRole::Other),
            _ => 0,
        },
        within_scope: answer("within_scope"),
        relevant_expertise: answer("relevant_expertise"),
        ..v1::Provider::default()
    });
    let network = match fact("availability").as_str() {
        "AVAILABLE" => (number(v1::Availability::Available), vec![alternative()]),
        "NOT_AVAILABLE" => (number(v1::Availability::NotAvailable), Vec::new()),
        _ => (0, Vec::new()),
    };
    let urgency = fact("urgency");
    let claims = |kind: &str| urgency == kind || urgency == "ALL";
    let claim = v1::UrgencyClaim {
        psychological_jeopardy: if claims("PSYCHOLOGICAL") {
            "Stated.".to_owned()
        } else {
            String::new()
        },
        practitioner_opinion: claims("PRACTITIONER").then(|| v1::PractitionerOpinion {
            npi: "1993999998".to_owned(),
            statement: "Stated.".to_owned(),
        }),
        functional_jeopardy: if claims("FUNCTIONAL") {
            "Stated.".to_owned()
        } else {
            String::new()
        },
    };
    v1::SecondOpinion {
        member: Some(v1::Member {
            member_id: "90000001A".to_owned(),
            ..v1::Member::default()
        }),
        requesters: vec![member_requester()],
        requested_provider: provider,
        network_availability: Some(v1::NetworkAvailability {
            availability: network.0,
            alternatives: network.1,
            verification: None,
        }),
        primary_care_decision: match fact("primary_care").as_str() {
            "GRANTED" => number(v1::PrimaryCareDecision::Granted),
            "NOT_GRANTED" => number(v1::PrimaryCareDecision::NotGranted),
            _ => 0,
        },
        urgency_claim: (urgency != "NONE").then_some(claim),
        ..v1::SecondOpinion::default()
    }
}

async fn evaluate(
    client: &mut PolicyClient,
    request: v1::SecondOpinion,
    as_of: Option<&str>,
) -> v1::Determination {
    let request = v1::EvaluateSecondOpinionRequest {
        second_opinion: Some(Box::new(request)),
        as_of: as_of.map(timestamp),
    };
    let answer = client
        .evaluate_second_opinion(request)
        .await
        .expect("an evaluation");
    *answer.into_inner().determination.expect("a determination")
}

/// `PENDING_REVIEW` of `STATE_PENDING_REVIEW`.
fn short(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix)
        .expect("the enum's prefix")
        .to_owned()
}

#[tokio::test]
async fn evaluate_gives_every_decision_of_the_table() {
    let server = TestServer::start().await;
    let mut client = server.policy().await;
    for row in rows("decisions.json") {
        let determination = evaluate(&mut client, request(&row["facts"]), None).await;
        let expect = &row["expect"];
        let qualification = match determination.qualification() {
            v1::Qualification::Unspecified => "UNKNOWN".to_owned(),
            other => short(other.as_str_name(), "QUALIFICATION_"),
        };
        let clocks: Vec<String> = determination
            .clocks
            .iter()
            .map(|clock| short(clock.kind().as_str_name(), "CLOCK_KIND_"))
            .collect();
        let mut clauses: Vec<String> = determination
            .findings
            .iter()
            .map(|finding| finding.clause.clone())
            .collect();
        clauses.sort_unstable();
        clauses.dedup();
        let grievance = determination
            .next_steps
            .iter()
            .any(|step| step.kind() == v1::NextStepKind::FileGrievance);
        let got = serde_json::json!({
            "pathway": short(determination.pathway().as_str_name(), "PATHWAY_"),
            "state": short(determination.state().as_str_name(), "STATE_"),
            "urgency": short(determination.urgency().as_str_name(), "URGENCY_"),
            "recommendation": short(determination.recommendation().as_str_name(), "RECOMMENDATION_"),
            "qualification": qualification,
            "clocks": clocks,
            "clauses": clauses,
            "grievance_step": grievance,
        });
        assert_eq!(&got, expect, "{}", row["facts"]);
    }
}

#[tokio::test]
async fn evaluate_gives_every_deadline_of_the_table() {
    let server = TestServer::start().await;
    let mut client = server.policy().await;
    for row in rows("deadlines.json") {
        let received = row["received_at"].as_str().expect("an instant");
        let urgent = row["urgent"].as_bool().expect("a flag");
        let request = v1::SecondOpinion {
            member: Some(v1::Member {
                member_id: "90000001A".to_owned(),
                ..v1::Member::default()
            }),
            requesters: vec![member_requester()],
            urgency_claim: urgent.then(|| v1::UrgencyClaim {
                functional_jeopardy: "Stated.".to_owned(),
                ..v1::UrgencyClaim::default()
            }),
            received_at: Some(timestamp(received)),
            ..v1::SecondOpinion::default()
        };
        let determination = evaluate(&mut client, request, Some(received)).await;
        assert_eq!(
            determination.due_at,
            Some(timestamp(row["due_at"].as_str().expect("an instant"))),
            "{}",
            row["id"]
        );
        let source = if urgent {
            "MPUP3078 VI.D.1"
        } else {
            "MPUP3078 VI.D.2"
        };
        let limits = || determination.clocks.iter().flat_map(|clock| &clock.limits);
        let policy = limits()
            .find(|limit| limit.source == source)
            .expect("the policy's limit");
        let due = row["policy_due_at"].as_str().expect("an instant");
        assert_eq!(policy.due_at, Some(timestamp(due)), "{}", row["id"]);
    }
}
