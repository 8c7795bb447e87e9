//! `RecordVerification`, `ExpediteSecondOpinion` and `WithdrawSecondOpinion`.

use second_opinion::wire::parse;
use second_opinion::wire::v1::{self, requester::Kind};

use crate::samples::{
    DETERMINATION_ID, REQUEST_ID, availability, check, claim, long, member, now, professional,
    provider, requester, seconds_from_now,
};

fn verification() -> v1::RecordVerificationRequest {
    v1::RecordVerificationRequest {
        request_id: REQUEST_ID.to_owned(),
        determination_id: DETERMINATION_ID.to_owned(),
        etag: "any".to_owned(),
        provider: Some(provider()),
        network_availability: Some(availability()),
        member: Some(member()),
    }
}

#[test]
fn record_verification_fields() {
    check(
        &verification(),
        |message| parse::record_verification(&message),
        &[
            (
                "ids",
                |m| {
                    m.request_id.clear();
                    m.determination_id = "d".to_owned();
                },
                &["determination_id", "request_id"],
            ),
            ("no etag", |m| m.etag.clear(), &[]),
            (
                "no facts",
                |m| {
                    m.provider = None;
                    m.network_availability = None;
                    m.member = None;
                },
                &[],
            ),
            (
                "a partial provider",
                |m| {
                    m.provider = Some(v1::Provider {
                        phone: "7075550100".to_owned(),
                        ..v1::Provider::default()
                    });
                },
                &[],
            ),
            (
                "no CIN",
                |m| {
                    m.member = Some(v1::Member {
                        member_id: String::new(),
                        ..member()
                    });
                },
                &[],
            ),
            (
                "a malformed CIN",
                |m| {
                    m.member = Some(v1::Member {
                        member_id: "x".to_owned(),
                        ..member()
                    });
                },
                &["member.member_id"],
            ),
            (
                "several",
                |m| {
                    m.provider = Some(v1::Provider {
                        npi: "x".to_owned(),
                        role: 9,
                        ..provider()
                    });
                    m.network_availability = Some(v1::NetworkAvailability {
                        availability: 9,
                        ..availability()
                    });
                    m.member = Some(v1::Member {
                        spoken_language: "?".to_owned(),
                        address_lines: vec![long(201)],
                        ..member()
                    });
                },
                &[
                    "member.address_lines[0]",
                    "member.spoken_language",
                    "network_availability.availability",
                    "provider.npi",
                    "provider.role",
                ],
            ),
        ],
    );
}

fn expedite_request() -> v1::ExpediteSecondOpinionRequest {
    v1::ExpediteSecondOpinionRequest {
        request_id: REQUEST_ID.to_owned(),
        determination_id: DETERMINATION_ID.to_owned(),
        etag: String::new(),
        urgency_claim: Some(claim()),
        received_at: None,
    }
}

#[test]
fn expedite_fields() {
    check(
        &expedite_request(),
        |message| parse::expedite(&message, now()),
        &[
            (
                "ids",
                |m| {
                    m.request_id = "r".to_owned();
                    m.determination_id.clear();
                },
                &["determination_id", "request_id"],
            ),
            ("no claim", |m| m.urgency_claim = None, &["urgency_claim"]),
            (
                "an empty claim",
                |m| m.urgency_claim = Some(v1::UrgencyClaim::default()),
                &["urgency_claim"],
            ),
            (
                "one claim",
                |m| {
                    m.urgency_claim = Some(v1::UrgencyClaim {
                        functional_jeopardy: "so".to_owned(),
                        ..v1::UrgencyClaim::default()
                    });
                },
                &[],
            ),
            (
                "an opinion without its parts",
                |m| {
                    m.urgency_claim = Some(v1::UrgencyClaim {
                        practitioner_opinion: Some(v1::PractitionerOpinion::default()),
                        ..claim()
                    });
                },
                &[
                    "urgency_claim.practitioner_opinion.npi",
                    "urgency_claim.practitioner_opinion.statement",
                ],
            ),
            ("60 s ahead", |m| m.received_at = seconds_from_now(60), &[]),
            (
                "61 s ahead",
                |m| m.received_at = seconds_from_now(61),
                &["received_at"],
            ),
        ],
    );
    let change = parse::expedite(&expedite_request(), now()).expect("a valid message");
    assert_eq!(change.command.received_at, now(), "absent means now");
}

#[test]
fn withdraw_fields() {
    let good = v1::WithdrawSecondOpinionRequest {
        request_id: REQUEST_ID.to_owned(),
        determination_id: DETERMINATION_ID.to_owned(),
        etag: String::new(),
        reason: "no longer wanted".to_owned(),
        withdrawn_by: Some(requester(Kind::Member(v1::MemberRequester {}))),
    };
    check(
        &good,
        |message| parse::withdraw(&message),
        &[
            ("no reason", |m| m.reason.clear(), &[]),
            ("a long reason", |m| m.reason = long(4001), &["reason"]),
            ("no requester", |m| m.withdrawn_by = None, &["withdrawn_by"]),
            (
                "a requester without a kind",
                |m| m.withdrawn_by = Some(v1::Requester { kind: None }),
                &["withdrawn_by"],
            ),
            (
                "by a professional with a malformed NPI",
                |m| {
                    m.withdrawn_by = Some(requester(Kind::HealthProfessional(
                        v1::HealthProfessional {
                            npi: "1".to_owned(),
                            ..professional()
                        },
                    )));
                },
                &["withdrawn_by.health_professional.npi"],
            ),
            (
                "an empty message",
                |m| *m = v1::WithdrawSecondOpinionRequest::default(),
                &["determination_id", "request_id", "withdrawn_by"],
            ),
        ],
    );
}
