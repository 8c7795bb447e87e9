//! The table of next steps: which are open when, with whom and until when.

use chrono::TimeDelta;
use second_opinion::case::{
    Contact, NextStep, NextStepKind, Provider, Requester, State, next_steps,
};
use second_opinion::rules::DenialReasonCode::{
    MemberNotEligible, ProviderNotQualified, QualifiedNetworkProviderAvailable,
};
use second_opinion::rules::{MediCalStatus, PrimaryCareDecision, Role};

use crate::support::{
    ALTERNATIVE, Desk, MEMBER_DUE, MICROSECOND, alternative, approval, asked_for, at, available,
    by_npi, claim, denial, elsewhere, request,
};

fn steps(desk: &Desk) -> Vec<NextStep> {
    next_steps(&desk.case.current, desk.now, &desk.policy.calendar)
}

/// Kind, clause and related policy of each step.
fn rows(desk: &Desk) -> Vec<(NextStepKind, &'static str, &'static str)> {
    steps(desk)
        .iter()
        .map(|step| {
            let policy = step.related_policy.map_or("", |policy| policy.number());
            (step.kind, step.clause.id(), policy)
        })
        .collect()
}

const APPEAL_LAPSE: (NextStepKind, &str, &str) =
    (NextStepKind::FileAppeal, "42 CFR 438.404(c)(5)", "MCUP3037");
const GRIEVE_LAPSE: (NextStepKind, &str, &str) = (
    NextStepKind::FileGrievance,
    "42 CFR 438.404(c)(5)",
    "CGA024",
);
const GRIEVE_PRIMARY_CARE: (NextStepKind, &str, &str) =
    (NextStepKind::FileGrievance, "VI.E", "CGA024");
const FIND_PROVIDER: (NextStepKind, &str, &str) =
    (NextStepKind::ReferOutOfNetwork, "VI.C", "MCUP3124");
const SEE_NETWORK: (NextStepKind, &str, &str) = (NextStepKind::SeeNetworkProvider, "VI.A", "");

#[test]
fn vi_a_without_authorisation_the_network_provider_named() {
    let mut desk = Desk::submitted(request());
    desk.network_access();
    assert_eq!(rows(&desk), [SEE_NETWORK]);
    assert_eq!(
        steps(&desk)[0].contact,
        Contact::Provider {
            name: "Dr. Asked For".to_owned(),
            phone: String::new(),
            address_lines: Vec::new(),
        }
    );
    // Past due as it is, the member's clock opens no appeal here: there is no decision to wait for.
    desk.at(at(MEMBER_DUE));
    assert_eq!(rows(&desk), [SEE_NETWORK]);
}

#[test]
fn vi_a_without_authorisation_the_alternatives_that_are_named() {
    let mut request = request();
    request.requested_provider = None;
    let mut network = available();
    network.alternatives.push(alternative("", ""));
    network.alternatives.push(alternative("", "Dr. Second"));
    request.network_availability = Some(network);
    let desk = Desk::submitted(request);
    assert_eq!(rows(&desk), [SEE_NETWORK, SEE_NETWORK]);
    let names: Vec<String> = steps(&desk)
        .into_iter()
        .map(|step| match step.contact {
            Contact::Provider { name, .. } => name,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["Dr. Alternative", "Dr. Second"]);
}

#[test]
fn vi_c_in_review_a_certified_provider_is_to_be_found_only_where_that_is_recommended() {
    let desk = Desk::submitted(request());
    assert_eq!(rows(&desk), [], "APPROVE is recommended");
    let mut request = request();
    request.requested_provider = Some(Provider {
        medi_cal_status: MediCalStatus::NotCertified,
        ..asked_for()
    });
    assert_eq!(rows(&Desk::submitted(request)), [FIND_PROVIDER]);
}

#[test]
fn cfr_438_404_c_5_overdue_from_the_due_instant_on() {
    let mut desk = Desk::submitted(request());
    let due = at(MEMBER_DUE);
    desk.at(due - MICROSECOND);
    assert_eq!(rows(&desk), []);
    for now in [due, due + TimeDelta::days(4000)] {
        desk.at(now);
        assert_eq!(desk.state(), State::PendingReview);
        assert_eq!(rows(&desk), [APPEAL_LAPSE, GRIEVE_LAPSE]);
        // Due at the midnight that begins 10 March, which is day 0; day 60 is 9 May.
        assert_eq!(steps(&desk)[0].deadline, Some(at("2026-05-10T07:00:00Z")));
        assert_eq!(steps(&desk)[1].deadline, None);
        assert!(steps(&desk)[0].message().contains("May 9, 2026"));
    }
}

#[test]
fn cfr_438_404_c_5_the_day_of_an_urgent_due_instant_is_local() {
    let mut request = request();
    request.urgency_claim = Some(claim());
    // 20:00 local on 2 March; three days later it is 04:00 UTC on 6 March, and 5 March in Los Angeles.
    request.received_at = at("2026-03-03T04:00:00Z");
    let mut desk = Desk::submitted(request);
    desk.at(at("2026-03-06T04:00:00Z"));
    assert_eq!(rows(&desk), [APPEAL_LAPSE, GRIEVE_LAPSE]);
    assert_eq!(
        steps(&desk)[0].deadline,
        Some(at("2026-05-05T07:00:00Z")),
        "the end of 4 May"
    );
}

#[test]
fn vi_a_and_vi_c_approved() {
    let mut desk = Desk::submitted(request());
    desk.approve(approval()).expect("the facts bear it");
    let expected = [
        (NextStepKind::SeeApprovedProvider, "VI.A", ""),
        (
            NextStepKind::RequestTreatmentAuthorization,
            "VI.C",
            "MCUP3041",
        ),
    ];
    assert_eq!(rows(&desk), expected);
    desk.at(at("2027-01-01T00:00:00Z"));
    assert_eq!(
        rows(&desk),
        expected,
        "an overdue notification opens no appeal of an approval"
    );
}

#[test]
fn vi_f_denied_with_the_referral() {
    let appeal = (NextStepKind::FileAppeal, "VI.F", "MCUP3037");
    let grievance = (NextStepKind::FileGrievance, "VI.F", "CGA024");
    let mut network_request = request();
    network_request.network_availability = Some(available());
    let mut other_role = request();
    other_role.requested_provider = Some(Provider {
        role: Role::Other,
        ..asked_for()
    });
    let table = [
        (request(), denial(&[MemberNotEligible], None), None),
        (
            network_request,
            denial(
                &[QualifiedNetworkProviderAvailable],
                Some(by_npi(ALTERNATIVE)),
            ),
            Some((NextStepKind::SeeNetworkProvider, "VI.C", "")),
        ),
        (
            other_role,
            denial(&[ProviderNotQualified], Some(elsewhere())),
            Some((NextStepKind::ReferOutOfNetwork, "VI.C", "MCUP3124")),
        ),
    ];
    for (request, command, referral) in table {
        let mut desk = Desk::submitted(request);
        // 23:30 local on 3 March, when it is 4 March in UTC.
        desk.at(at("2026-03-04T07:30:00Z"))
            .deny(command)
            .expect("it is borne out");
        let expected: Vec<_> = [Some(appeal), Some(grievance), referral]
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(rows(&desk), expected);
        // Day 60 after 3 March is 2 May; as an instant, the midnight that ends it.
        assert_eq!(steps(&desk)[0].deadline, Some(at("2026-05-03T07:00:00Z")));
        assert!(steps(&desk)[0].message().contains("May 2, 2026"));
        assert_eq!(steps(&desk)[1].deadline, None);
    }
}

#[test]
fn vi_e_in_every_state_but_withdrawn() {
    for (decision, listed) in [
        (PrimaryCareDecision::NotGranted, true),
        (PrimaryCareDecision::Granted, false),
        (PrimaryCareDecision::Unknown, false),
    ] {
        let desk = || {
            let mut request = request();
            request.primary_care_decision = decision;
            Desk::submitted(request)
        };
        let (mut network, mut overdue, mut approved, mut denied, mut withdrawn) =
            (desk(), desk(), desk(), desk(), desk());
        network.network_access();
        overdue.at(at(MEMBER_DUE));
        approved.approve(approval()).expect("the facts bear it");
        denied
            .deny(denial(&[MemberNotEligible], None))
            .expect("it is borne out");
        withdrawn
            .withdraw(Requester::Member)
            .expect("the member asked");
        for desk in [desk(), network, overdue, approved, denied] {
            let step = rows(&desk).last() == Some(&GRIEVE_PRIMARY_CARE);
            assert_eq!(step, listed, "{decision:?} in {}", desk.state().name());
        }
        assert_eq!(rows(&withdrawn), [], "{decision:?}");
    }
}

#[test]
fn vi_f_the_appeal_is_counted_from_the_denials_own_letter() {
    let mut asked = request();
    asked.primary_care_decision = PrimaryCareDecision::NotGranted;
    let mut desk = Desk::submitted(asked);
    // The case had a letter on 2 March, on how to file a grievance.
    assert_eq!(desk.case.current.notices.len(), 1);
    desk.at(at("2026-03-04T07:30:00Z"))
        .deny(denial(&[MemberNotEligible], None))
        .expect("it is borne out");
    assert_eq!(steps(&desk)[0].deadline, Some(at("2026-05-03T07:00:00Z")));
}

#[test]
fn each_step_says_how_it_is_done() {
    let said = |desk: &Desk| {
        steps(desk)
            .iter()
            .map(NextStep::message)
            .collect::<Vec<_>>()
    };
    let mut asked = request();
    asked.primary_care_decision = PrimaryCareDecision::NotGranted;

    let mut network = Desk::submitted(asked.clone());
    network.network_access();
    let expected = [
        "See the requested network provider. No permission from the plan is needed, and the opinion is free.",
        "Primary care did not grant the request. File a grievance with the Grievance Coordinator at any time, or ask the plan directly.",
    ];
    assert_eq!(said(&network), expected);

    let mut anyone = request();
    anyone.requested_provider = None;
    anyone.network_availability = Some(available());
    let expected = "See this network provider, or any other. No permission from the plan is needed, and the opinion is free.";
    assert_eq!(said(&Desk::submitted(anyone)), [expected]);

    let mut uncertified = request();
    uncertified.requested_provider = Some(Provider {
        medi_cal_status: MediCalStatus::NotCertified,
        ..asked_for()
    });
    let mut overdue = Desk::submitted(uncertified);
    overdue.at(at(MEMBER_DUE));
    let expected = [
        "Name a provider outside the network that is certified by Medi-Cal and qualified for the condition; the plan refers the member there (RAF).",
        "The decision was not made in time, which can be appealed. File the appeal by May 9, 2026. The review continues meanwhile.",
        "The decision was not made in time. A grievance can be filed about that at any time.",
    ];
    assert_eq!(said(&overdue), expected);

    let mut approved = Desk::submitted(request());
    approved.approve(approval()).expect("the facts bear it");
    let expected = [
        "See the approved provider between March 2, 2026 and March 31, 2027. The opinion is free.",
        "Treatment outside the network that this opinion recommends needs its own authorization (TAR). Ask for it before treatment begins.",
    ];
    assert_eq!(said(&approved), expected);

    let mut with_someone = request();
    with_someone.network_availability = Some(available());
    let mut denied = Desk::submitted(with_someone);
    let instead = Some(by_npi(ALTERNATIVE));
    denied
        .deny(denial(&[QualifiedNetworkProviderAvailable], instead))
        .expect("it is borne out");
    let expected = [
        "Appeal the denial by May 1, 2026, by phone, by mail or in person.",
        "File a grievance with the Grievance Coordinator at any time, by phone, by mail or in person.",
        "See this network professional instead. No permission from the plan is needed, and the opinion is free.",
    ];
    assert_eq!(said(&denied), expected);

    let mut referred = Desk::submitted(request());
    referred
        .deny(denial(&[MemberNotEligible], Some(elsewhere())))
        .expect("it is borne out");
    let expected = "The plan refers the member to this provider outside the network (RAF). Ask member services to arrange it; the opinion is free.";
    assert_eq!(said(&referred).last().map(String::as_str), Some(expected));
}
