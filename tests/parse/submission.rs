//! `SubmitSecondOpinion`: required and optional fields.

use prost_types::Timestamp;
use second_opinion::rules::Calendar;
use second_opinion::wire::parse;
use second_opinion::wire::v1::{self, requester::Kind};

use crate::samples::{at, claim, long, now, professional, requester, seconds_from_now};
use crate::submission_sample::{
    check_submission, context, good, member, request, requested_provider, urgency,
};

#[test]
fn missing_required_fields_are_violations() {
    check_submission(&[
        ("no request_id", |m| m.request_id.clear(), &["request_id"]),
        (
            "request_id without hyphens",
            |m| m.request_id = m.request_id.replace('-', ""),
            &["request_id"],
        ),
        (
            "request_id in upper case",
            |m| m.request_id = m.request_id.to_uppercase(),
            &[],
        ),
        (
            "request_id of another shape",
            |m| m.request_id = "r-1".to_owned(),
            &["request_id"],
        ),
        (
            "no request",
            |m| m.second_opinion = None,
            &["second_opinion"],
        ),
        (
            "an empty request",
            |m| m.second_opinion = Some(Box::default()),
            &["second_opinion.member", "second_opinion.requesters"],
        ),
        (
            "no member",
            |m| request(m).member = None,
            &["second_opinion.member"],
        ),
        (
            "no CIN",
            |m| member(m).member_id.clear(),
            &["second_opinion.member.member_id"],
        ),
        (
            "no requester",
            |m| request(m).requesters.clear(),
            &["second_opinion.requesters"],
        ),
        (
            "a requester without a kind",
            |m| request(m).requesters[1].kind = None,
            &["second_opinion.requesters[1]"],
        ),
        (
            "an empty provider",
            |m| *requested_provider(m) = v1::Provider::default(),
            &["second_opinion.requested_provider"],
        ),
        (
            "a provider by NPI",
            |m| requested_provider(m).name.clear(),
            &[],
        ),
        (
            "a provider by name",
            |m| requested_provider(m).npi.clear(),
            &[],
        ),
        (
            "a provider named by white space",
            |m| {
                requested_provider(m).npi = " ".to_owned();
                requested_provider(m).name = "\t".to_owned();
            },
            &["second_opinion.requested_provider"],
        ),
        (
            "a malformed NPI is not also missing",
            |m| {
                requested_provider(m).npi = "1".to_owned();
                requested_provider(m).name.clear();
            },
            &["second_opinion.requested_provider.npi"],
        ),
    ]);
}

#[test]
fn missing_optional_fields_are_accepted() {
    check_submission(&[(
        "the smallest valid submission",
        |m| {
            *request(m) = v1::SecondOpinion {
                member: Some(v1::Member {
                    member_id: "90000000A".to_owned(),
                    ..v1::Member::default()
                }),
                requesters: vec![requester(Kind::HealthProfessional(
                    v1::HealthProfessional::default(),
                ))],
                reasons: vec![v1::RequestReason::default()],
                clinical_context: Some(v1::ClinicalContext::default()),
                network_availability: Some(v1::NetworkAvailability::default()),
                ..v1::SecondOpinion::default()
            };
        },
        &[],
    )]);
}

#[test]
fn urgency_claim_requires_at_least_one_claim() {
    check_submission(&[
        (
            "none",
            |m| *urgency(m) = v1::UrgencyClaim::default(),
            &["second_opinion.urgency_claim"],
        ),
        (
            "white space",
            |m| {
                *urgency(m) = v1::UrgencyClaim {
                    functional_jeopardy: " \n".to_owned(),
                    ..v1::UrgencyClaim::default()
                }
            },
            &["second_opinion.urgency_claim"],
        ),
        (
            "one",
            |m| {
                *urgency(m) = v1::UrgencyClaim {
                    practitioner_opinion: None,
                    functional_jeopardy: String::new(),
                    ..claim()
                }
            },
            &[],
        ),
        (
            "an empty opinion",
            |m| {
                *urgency(m) = v1::UrgencyClaim {
                    practitioner_opinion: Some(v1::PractitionerOpinion::default()),
                    ..v1::UrgencyClaim::default()
                }
            },
            &[
                "second_opinion.urgency_claim.practitioner_opinion.npi",
                "second_opinion.urgency_claim.practitioner_opinion.statement",
            ],
        ),
        (
            "an opinion with a malformed NPI alone",
            |m| {
                *urgency(m) = v1::UrgencyClaim {
                    practitioner_opinion: Some(v1::PractitionerOpinion {
                        npi: "1".to_owned(),
                        statement: "so".to_owned(),
                    }),
                    ..v1::UrgencyClaim::default()
                }
            },
            &["second_opinion.urgency_claim.practitioner_opinion.npi"],
        ),
    ]);
}

#[test]
fn received_at_is_bounded() {
    let field: &[&str] = &["second_opinion.received_at"];
    check_submission(&[
        ("absent", |m| request(m).received_at = None, &[]),
        (
            "60 s ahead",
            |m| request(m).received_at = seconds_from_now(60),
            &[],
        ),
        (
            "a microsecond later",
            |m| request(m).received_at = at("2026-03-02T18:01:00.000001Z"),
            field,
        ),
        (
            "the first local day",
            |m| request(m).received_at = at("2016-04-20T07:00:00Z"),
            &[],
        ),
        (
            "a microsecond before it",
            |m| request(m).received_at = at("2016-04-20T06:59:59.999999Z"),
            field,
        ),
        (
            "nanos of a second",
            |m| {
                request(m).received_at = Some(Timestamp {
                    seconds: 1_700_000_000,
                    nanos: 1_000_000_000,
                });
            },
            field,
        ),
        (
            "nanos below zero",
            |m| {
                request(m).received_at = Some(Timestamp {
                    seconds: 1_700_000_000,
                    nanos: -1,
                });
            },
            field,
        ),
        (
            "beyond the year 9999",
            |m| {
                request(m).received_at = Some(Timestamp {
                    seconds: i64::MAX,
                    nanos: 0,
                });
            },
            field,
        ),
    ]);
    let mut message = good();
    request(&mut message).received_at = at("2026-03-02T17:00:00.123456789Z");
    let change = parse::submit(message, now(), &Calendar::default()).expect("a valid message");
    assert_eq!(
        change.command.received_at.timestamp_subsec_nanos(),
        123_456_000
    );
}

#[test]
fn all_violations_are_returned_at_once() {
    check_submission(&[(
        "a violation in each part",
        |m| {
            m.request_id = "r".to_owned();
            member(m).member_id = "1".to_owned();
            request(m).requesters[0].kind = None;
            request(m).requesters[2] =
                requester(Kind::HealthProfessional(v1::HealthProfessional {
                    npi: "1".to_owned(),
                    phone: "1".to_owned(),
                    fax: "1".to_owned(),
                    ..professional()
                }));
            request(m).reasons[0].code = 99;
            requested_provider(m).npi = "1".to_owned();
            requested_provider(m).verification = Some(v1::Verification {
                source: long(4001),
                checked_at: Some(Timestamp {
                    seconds: 0,
                    nanos: -1,
                }),
            });
            urgency(m).practitioner_opinion = Some(v1::PractitionerOpinion::default());
            request(m).received_at = seconds_from_now(3600);
        },
        &[
            "request_id",
            "second_opinion.member.member_id",
            "second_opinion.reasons[0].code",
            "second_opinion.received_at",
            "second_opinion.requested_provider.npi",
            "second_opinion.requested_provider.verification.checked_at",
            "second_opinion.requested_provider.verification.source",
            "second_opinion.requesters[0]",
            "second_opinion.requesters[2].health_professional.fax",
            "second_opinion.requesters[2].health_professional.npi",
            "second_opinion.requesters[2].health_professional.phone",
            "second_opinion.urgency_claim.practitioner_opinion.npi",
            "second_opinion.urgency_claim.practitioner_opinion.statement",
        ],
    )]);
}

#[test]
fn violation_never_quotes_the_value() {
    let mut message = good();
    member(&mut message).member_id = "SECRET-CIN".to_owned();
    member(&mut message).preferred_language = "SECRET tongue".to_owned();
    context(&mut message).diagnosis_codes = vec!["SECRET-ICD".to_owned()];
    context(&mut message).summary = "SECRET\0".to_owned();
    let malformed = parse::submit(message, now(), &Calendar::default()).expect_err("violations");
    assert_eq!(malformed.violations.len(), 4);
    assert!(!format!("{malformed:?}").contains("SECRET"));
}
