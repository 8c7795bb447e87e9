//! `IssueDenial`: the reviewer, the referral, and the texts required by each reason.

use second_opinion::wire::parse;
use second_opinion::wire::v1;

use crate::samples::{
    DETERMINATION_ID, REQUEST_ID, check, long, provider, reviewer, violated_fields,
};

fn reason(code: v1::DenialReasonCode) -> v1::DenialReason {
    v1::DenialReason {
        code: code.into(),
        explanation: "why, in plain words".to_owned(),
        clinical_rationale: "why, clinically".to_owned(),
        criteria: vec!["a guideline".to_owned()],
        evidence: "requested by fax on March 3".to_owned(),
        authority: "22 CCR 50000".to_owned(),
        translations: vec![v1::Translation {
            language: "es".to_owned(),
            explanation: "por qué".to_owned(),
            clinical_rationale: "por qué, clínicamente".to_owned(),
        }],
    }
}

fn denial() -> v1::IssueDenialRequest {
    v1::IssueDenialRequest {
        request_id: REQUEST_ID.to_owned(),
        determination_id: DETERMINATION_ID.to_owned(),
        etag: String::new(),
        reasons: vec![reason(v1::DenialReasonCode::ProviderNotQualified)],
        reviewer: Some(reviewer()),
        referral: Some(provider()),
        validate_only: false,
    }
}

#[test]
fn issue_denial_referral_and_reviewer() {
    check(
        &denial(),
        |message| parse::issue_denial(&message),
        &[
            (
                "an empty message",
                |m| *m = v1::IssueDenialRequest::default(),
                &["determination_id", "reasons", "request_id", "reviewer"],
            ),
            ("no referral", |m| m.referral = None, &[]),
            (
                "an empty referral",
                |m| m.referral = Some(v1::Provider::default()),
                &["referral"],
            ),
            (
                "a referral with a malformed NPI alone",
                |m| {
                    m.referral = Some(v1::Provider {
                        npi: "1".to_owned(),
                        ..v1::Provider::default()
                    });
                },
                &["referral.npi"],
            ),
            (
                "a referral by name",
                |m| {
                    m.referral = Some(v1::Provider {
                        name: "Dr. Else".to_owned(),
                        ..v1::Provider::default()
                    });
                },
                &[],
            ),
            (
                "an empty reviewer",
                |m| m.reviewer = Some(v1::Reviewer::default()),
                &[
                    "reviewer.full_name",
                    "reviewer.license_number",
                    "reviewer.license_type",
                    "reviewer.phone",
                    "reviewer.title",
                ],
            ),
            (
                "a license without a number",
                |m| {
                    m.reviewer = Some(v1::Reviewer {
                        license_number: " ".to_owned(),
                        ..reviewer()
                    });
                },
                &["reviewer.license_number"],
            ),
            (
                "a license without a type",
                |m| {
                    m.reviewer = Some(v1::Reviewer {
                        license_type: 0,
                        ..reviewer()
                    });
                },
                &["reviewer.license_type"],
            ),
            (
                "a license of an unknown type",
                |m| {
                    m.reviewer = Some(v1::Reviewer {
                        license_type: 9,
                        ..reviewer()
                    });
                },
                &["reviewer.license_type"],
            ),
        ],
    );
}

#[test]
fn issue_denial_reasons() {
    check(
        &denial(),
        |message| parse::issue_denial(&message),
        &[
            (
                "51 reasons",
                |m| m.reasons = vec![reason(v1::DenialReasonCode::ProviderNotQualified); 51],
                &["reasons"],
            ),
            (
                "a reason without a code",
                |m| m.reasons[0].code = 0,
                &["reasons[0].code"],
            ),
            (
                "a reason of an unknown code",
                |m| m.reasons[0].code = 7,
                &["reasons[0].code"],
            ),
            (
                "no explanation",
                |m| m.reasons[0].explanation.clear(),
                &["reasons[0].explanation"],
            ),
            (
                "a long criterion",
                |m| m.reasons[0].criteria.push(long(4001)),
                &["reasons[0].criteria[1]"],
            ),
            (
                "51 criteria",
                |m| m.reasons[0].criteria = vec![String::new(); 51],
                &["reasons[0].criteria"],
            ),
            (
                "an empty translation",
                |m| m.reasons[0].translations.push(v1::Translation::default()),
                &[
                    "reasons[0].translations[1].clinical_rationale",
                    "reasons[0].translations[1].explanation",
                    "reasons[0].translations[1].language",
                ],
            ),
            (
                "a translation with a malformed language",
                |m| m.reasons[0].translations[0].language = "Español".to_owned(),
                &["reasons[0].translations[0].language"],
            ),
            (
                "violations in two reasons",
                |m| {
                    m.reasons.push(v1::DenialReason::default());
                    m.reasons[0].explanation = " ".to_owned();
                },
                &[
                    "reasons[0].explanation",
                    "reasons[1].code",
                    "reasons[1].explanation",
                ],
            ),
        ],
    );
}

#[test]
fn denial_reason_requires_its_own_texts_and_keeps_the_others() {
    use v1::DenialReasonCode as Code;
    // Rationale, evidence, authority.
    for (code, needs) in [
        (
            Code::QualifiedNetworkProviderAvailable,
            [true, false, false],
        ),
        (Code::ProviderNotMediCalCertified, [false, false, false]),
        (Code::ProviderNotQualified, [true, false, false]),
        (Code::ReasonNotSupported, [true, false, false]),
        (Code::InsufficientInformation, [true, true, false]),
        (Code::MemberNotEligible, [false, true, true]),
    ] {
        let mut bare = reason(code);
        bare.clinical_rationale.clear();
        bare.evidence.clear();
        bare.authority.clear();
        bare.translations.clear();
        let message = v1::IssueDenialRequest {
            reasons: vec![bare],
            ..denial()
        };
        let mut expected: Vec<&str> = [
            "reasons[0].clinical_rationale",
            "reasons[0].evidence",
            "reasons[0].authority",
        ]
        .into_iter()
        .zip(needs)
        .filter_map(|(field, needed)| needed.then_some(field))
        .collect();
        expected.sort_unstable();
        assert_eq!(
            violated_fields(parse::issue_denial(&message)),
            expected,
            "{code:?}"
        );

        let message = v1::IssueDenialRequest {
            reasons: vec![reason(code)],
            ..denial()
        };
        let kept = parse::issue_denial(&message)
            .expect("a valid message")
            .command
            .reasons
            .remove(0);
        assert!(
            !kept.evidence.is_empty()
                && !kept.authority.is_empty()
                && !kept.clinical_rationale.is_empty()
        );
    }
}

#[test]
fn translation_requires_a_rationale_if_english_has_one() {
    for (english, translated, expected) in [
        (
            "why",
            "",
            &["reasons[0].translations[0].clinical_rationale"][..],
        ),
        ("why", "por qué", &[]),
        ("", "", &[]),
    ] {
        let mut bare = reason(v1::DenialReasonCode::ProviderNotMediCalCertified);
        english.clone_into(&mut bare.clinical_rationale);
        translated.clone_into(&mut bare.translations[0].clinical_rationale);
        let message = v1::IssueDenialRequest {
            reasons: vec![bare],
            ..denial()
        };
        assert_eq!(violated_fields(parse::issue_denial(&message)), expected);
    }
}
