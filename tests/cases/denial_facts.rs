//! `IssueDenial` (VI.F): which facts bear each reason out.

use second_opinion::case::{NetworkStatus, Provider, RequestReason, SecondOpinion, State};
use second_opinion::rules::DenialReasonCode::{
    InsufficientInformation, MemberNotEligible, ProviderNotMediCalCertified, ProviderNotQualified,
    QualifiedNetworkProviderAvailable, ReasonNotSupported,
};
use second_opinion::rules::{Answer, Availability, DenialReasonCode, MediCalStatus, Reason, Role};

use crate::support::{
    ALTERNATIVE, Desk, asked_for, available, by_npi, denial, elsewhere, not_available, refused_by,
    request,
};

type Change = fn(&mut SecondOpinion);

fn provider(request: &mut SecondOpinion) -> &mut Provider {
    request.requested_provider.get_or_insert_with(asked_for)
}

fn with_someone(request: &mut SecondOpinion) {
    request.network_availability = Some(available());
}

fn refused(code: DenialReasonCode, change: Change, referral: Option<Provider>) -> Vec<String> {
    let mut request = request();
    change(&mut request);
    let mut desk = Desk::submitted(request);
    assert_eq!(desk.state(), State::PendingReview);
    let refused = refused_by(desk.deny(denial(&[code], referral)));
    assert_eq!(desk.state() == State::Denied, refused.is_empty());
    refused
}

#[test]
fn vi_c_qualified_network_provider_available() {
    let code = QualifiedNetworkProviderAvailable;
    let one = || Some(by_npi(ALTERNATIVE));
    assert_eq!(refused(code, with_someone, one()), [""; 0]);
    assert_eq!(refused(code, |_| {}, one()), ["VI.C"], "not available");
    let table: [(&str, Change); 3] = [
        ("nothing was said", |r| r.network_availability = None),
        ("unknown", |r| {
            let mut network = available();
            network.availability = Availability::Unknown;
            r.network_availability = Some(network);
        }),
        ("available, and no one named", |r| {
            let mut network = available();
            network.alternatives.clear();
            r.network_availability = Some(network);
        }),
    ];
    for (name, change) in table {
        assert_eq!(refused(code, change, one()), ["VI.C"], "{name}");
    }
}

#[test]
fn vi_a_provider_not_medi_cal_certified() {
    let code = ProviderNotMediCalCertified;
    let table: [(&str, Change, &[&str]); 5] = [
        (
            "not certified",
            |r| provider(r).medi_cal_status = MediCalStatus::NotCertified,
            &[],
        ),
        (
            "suspended",
            |r| provider(r).medi_cal_status = MediCalStatus::SuspendedOrExcluded,
            &[],
        ),
        ("certified", |_| {}, &["VI.A"]),
        (
            "unknown is not no",
            |r| provider(r).medi_cal_status = MediCalStatus::Unknown,
            &["VI.A"],
        ),
        (
            "no one asked for",
            |r| r.requested_provider = None,
            &["VI.A"],
        ),
    ];
    for (name, change, clauses) in table {
        assert_eq!(refused(code, change, Some(elsewhere())), clauses, "{name}");
    }
}

#[test]
fn vi_b_provider_not_qualified() {
    let code = ProviderNotQualified;
    let table: [(&str, Change, &[&str]); 8] = [
        ("another role", |r| provider(r).role = Role::Other, &[]),
        (
            "out of scope",
            |r| provider(r).within_scope = Answer::No,
            &[],
        ),
        (
            "no expertise",
            |r| provider(r).relevant_expertise = Answer::No,
            &[],
        ),
        (
            "one is missing, and another is unknown",
            |r| {
                provider(r).role = Role::Unknown;
                provider(r).within_scope = Answer::No;
            },
            &[],
        ),
        (
            "in the network, where no one is available",
            |r| {
                provider(r).network_status = NetworkStatus::InNetwork;
                provider(r).role = Role::Other;
            },
            &[],
        ),
        ("qualified", |_| {}, &["VI.B"]),
        (
            "unknown is not no",
            |r| provider(r).within_scope = Answer::Unknown,
            &["VI.B"],
        ),
        (
            "no one asked for",
            |r| r.requested_provider = None,
            &["VI.B"],
        ),
    ];
    for (name, change, clauses) in table {
        assert_eq!(refused(code, change, Some(elsewhere())), clauses, "{name}");
    }
}

fn reasons(codes: &[Option<Reason>]) -> Vec<RequestReason> {
    codes
        .iter()
        .map(|code| RequestReason {
            code: *code,
            threats: Vec::new(),
            detail: "in the asker's words".into(),
        })
        .collect()
}

#[test]
fn vi_a_reason_not_supported_where_only_other_or_none_was_stated() {
    let code = ReasonNotSupported;
    let table: [(&str, Change, &[&str]); 9] = [
        ("none", |_| {}, &[]),
        (
            "other",
            |r| r.reasons = reasons(&[Some(Reason::Other)]),
            &[],
        ),
        (
            "VI.A.1",
            |r| r.reasons = reasons(&[Some(Reason::ReasonablenessOrNecessity)]),
            &["VI.A"],
        ),
        (
            "VI.A.2, also where its threat is not named",
            |r| r.reasons = reasons(&[Some(Reason::SeriousCondition)]),
            &["VI.A"],
        ),
        (
            "VI.A.3",
            |r| r.reasons = reasons(&[Some(Reason::DiagnosisInDoubt)]),
            &["VI.A"],
        ),
        (
            "VI.A.4",
            |r| r.reasons = reasons(&[Some(Reason::TreatmentNotImproving)]),
            &["VI.A"],
        ),
        (
            "VI.A.5",
            |r| r.reasons = reasons(&[Some(Reason::SeriousDoubts)]),
            &["VI.A"],
        ),
        (
            "other and one of the five",
            |r| r.reasons = reasons(&[Some(Reason::Other), Some(Reason::SeriousDoubts)]),
            &["VI.A"],
        ),
        (
            "one that is not known, which may be one of the five",
            |r| r.reasons = reasons(&[Some(Reason::Other), None]),
            &["VI.A"],
        ),
    ];
    for (name, change, clauses) in table {
        assert_eq!(refused(code, change, None), clauses, "{name}");
    }
}

#[test]
fn vi_b_insufficient_information_is_what_the_asking_side_holds() {
    let code = InsufficientInformation;
    let table: [(&str, Change, &[&str]); 8] = [
        ("role", |r| provider(r).role = Role::Unknown, &[]),
        ("scope", |r| provider(r).within_scope = Answer::Unknown, &[]),
        (
            "expertise",
            |r| provider(r).relevant_expertise = Answer::Unknown,
            &[],
        ),
        ("all known", |_| {}, &["VI.B"]),
        (
            "the plan's own look-up: certification",
            |r| provider(r).medi_cal_status = MediCalStatus::Unknown,
            &["VI.B"],
        ),
        (
            "the plan's own look-up: network",
            |r| provider(r).network_status = NetworkStatus::Unknown,
            &["VI.B"],
        ),
        (
            "the plan's own look-up: availability",
            |r| r.network_availability = None,
            &["VI.B"],
        ),
        (
            "no one asked for, of whom there is nothing to say",
            |r| r.requested_provider = None,
            &["VI.B"],
        ),
    ];
    for (name, change, clauses) in table {
        assert_eq!(refused(code, change, None), clauses, "{name}");
    }
}

#[test]
fn member_not_eligible_rests_on_no_fact_of_this_policy() {
    assert_eq!(refused(MemberNotEligible, |_| {}, None), [""; 0]);
    assert_eq!(
        refused(MemberNotEligible, with_someone, Some(elsewhere())),
        [""; 0]
    );
}

#[test]
fn each_clause_is_one_violation_over_all_reasons() {
    let mut desk = Desk::submitted(request());
    let every = denial(&DenialReasonCode::ALL, None);
    assert_eq!(refused_by(desk.deny(every)), ["VI.C", "VI.A", "VI.B"]);
    // A reason that is borne out does not carry one that is not.
    let mixed = denial(
        &[MemberNotEligible, ProviderNotQualified],
        Some(elsewhere()),
    );
    assert_eq!(refused_by(desk.deny(mixed)), ["VI.B"]);
    assert_eq!(
        refused_by(desk.deny(denial(&[], None))),
        ["INVALID reasons"]
    );
}

#[test]
fn vi_a_on_the_network_way_there_is_nothing_to_deny() {
    for code in DenialReasonCode::ALL {
        let mut desk = Desk::submitted(request());
        desk.network_access();
        let result = desk.deny(denial(&[code], Some(by_npi(ALTERNATIVE))));
        assert_eq!(refused_by(result), ["VI.A"], "{code:?}");
        desk.verify(crate::support::network(not_available()))
            .expect("it is open");
    }
}

#[test]
fn a_fact_that_stands_against_two_reasons_is_said_once() {
    let mut request = request();
    provider(&mut request).medi_cal_status = MediCalStatus::NotCertified;
    provider(&mut request).role = Role::Other;
    let mut desk = Desk::submitted(request);
    // The duty to refer is left undone by both reasons; the third rests on nobody in the network.
    let codes = [
        ProviderNotMediCalCertified,
        ProviderNotQualified,
        QualifiedNetworkProviderAvailable,
    ];
    let refusal = desk.deny(denial(&codes, None)).expect_err("no referral");
    let said = "VI.C: no network professional is available and the denial refers the member to no one; \
        a Medi-Cal certified and qualified provider must be named; \
        no qualified network professional is available, by the facts on the case";
    assert_eq!(refusal.to_string(), said);
}

#[test]
fn vi_f_what_each_reason_rests_on_and_has_to_be_given_with() {
    // Clauses, clinical rationale, evidence, authority outside of the policy.
    let expected = |code| match code {
        QualifiedNetworkProviderAvailable => ("VI.C", true, false, false),
        ProviderNotMediCalCertified => ("VI.A VI.C", false, false, false),
        ProviderNotQualified => ("VI.B VI.C", true, false, false),
        ReasonNotSupported => ("VI.A", true, false, false),
        InsufficientInformation => ("VI.B", true, true, false),
        MemberNotEligible => ("", false, true, true),
    };
    for code in DenialReasonCode::ALL {
        let clauses: Vec<&str> = code.clauses().iter().map(|clause| clause.id()).collect();
        let actual = (
            &*clauses.join(" "),
            code.needs_clinical_rationale(),
            code.needs_evidence(),
            code.needs_authority(),
        );
        assert_eq!(actual, expected(code), "{code:?}");
    }
}
