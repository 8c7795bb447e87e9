//! `SubmitSecondOpinion` (VI.A, VI.E, X): which clauses a request meets as it comes in, and in which words.

use second_opinion::case::{PractitionerOpinion, Provider, RequestReason, SecondOpinion};
use second_opinion::rules::Outcome::{self, NotSatisfied, Noted, Satisfied, Unknown};
use second_opinion::rules::{
    Answer, Availability, Clause, MediCalStatus, Note, PrimaryCareDecision, Reason, Role, Threat,
};

use crate::support::{
    ALTERNATIVE, ASKED_FOR, Desk, ELSEWHERE, asked_for, at, available, by_name, claim, npi,
    representative, request,
};

type Change = fn(&mut SecondOpinion);

fn desk(change: Change) -> Desk {
    let mut request = request();
    change(&mut request);
    Desk::submitted(request)
}

fn found(change: Change) -> Vec<(Clause, Outcome, Note)> {
    let findings = desk(change).case.current.assessment.findings;
    findings
        .iter()
        .map(|finding| (finding.clause, finding.outcome, finding.note))
        .collect()
}

fn provider(request: &mut SecondOpinion) -> &mut Provider {
    request.requested_provider.get_or_insert_with(asked_for)
}

fn reason(code: Option<Reason>, threats: &[Threat]) -> RequestReason {
    RequestReason {
        code,
        threats: threats.to_vec(),
        detail: "".into(),
    }
}

fn initiated_by(request: &mut SecondOpinion, text: &str) {
    request.clinical_context.initiating_professional_npi = Some(npi(text));
}

#[test]
fn vi_a_every_finding_of_an_ordinary_request_in_the_order_of_the_policy() {
    let expected = [
        (
            Clause::Access,
            Satisfied,
            Note::AuthorizationNeededCertified,
        ),
        (Clause::Access, Unknown, Note::NoReasonStated),
        (Clause::Qualification, Satisfied, Note::Qualified),
        (Clause::Network, Satisfied, Note::NetworkHasNoOne),
        (Clause::RoutineTimeframe, Noted, Note::RoutineTimeframe),
    ];
    assert_eq!(found(|_| {}), expected);
}

#[test]
fn vi_a_2_a_serious_condition_names_what_it_threatens() {
    let table: [(&str, Change, (Outcome, Note)); 4] = [
        (
            "named",
            |r| r.reasons = vec![reason(Some(Reason::SeriousCondition), &[Threat::Limb])],
            (Satisfied, Note::ReasonStated),
        ),
        (
            "not named",
            |r| r.reasons = vec![reason(Some(Reason::SeriousCondition), &[])],
            (Unknown, Note::ThreatNotNamed),
        ),
        (
            "named with another reason",
            |r| {
                r.reasons = vec![
                    reason(Some(Reason::SeriousCondition), &[]),
                    reason(Some(Reason::DiagnosisInDoubt), &[Threat::Limb]),
                    reason(None, &[Threat::Life]),
                ];
            },
            (Unknown, Note::ThreatNotNamed),
        ),
        (
            "named the second time",
            |r| {
                r.reasons = vec![
                    reason(Some(Reason::SeriousCondition), &[]),
                    reason(Some(Reason::SeriousCondition), &[Threat::Life]),
                ];
            },
            (Satisfied, Note::ReasonStated),
        ),
    ];
    for (name, change, (outcome, note)) in table {
        let mut found = found(change);
        found.retain(|(clause, ..)| *clause == Clause::ReasonSeriousCondition);
        let expected = [(Clause::ReasonSeriousCondition, outcome, note)];
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn vi_a_each_reason_is_found_once() {
    let mut found = found(|request| {
        request.reasons = [
            Reason::Other,
            Reason::SeriousDoubts,
            Reason::ReasonablenessOrNecessity,
            Reason::TreatmentNotImproving,
            Reason::DiagnosisInDoubt,
            Reason::SeriousDoubts,
        ]
        .map(|code| reason(Some(code), &[]))
        .to_vec();
    });
    found.retain(|(.., note)| matches!(note, Note::ReasonStated | Note::OtherReasonStated));
    let expected = [
        (Clause::ReasonReasonableness, Satisfied, Note::ReasonStated),
        (
            Clause::ReasonDiagnosisInDoubt,
            Satisfied,
            Note::ReasonStated,
        ),
        (Clause::ReasonNotImproving, Satisfied, Note::ReasonStated),
        (Clause::ReasonSeriousDoubts, Satisfied, Note::ReasonStated),
        (Clause::Access, Noted, Note::OtherReasonStated),
    ];
    assert_eq!(found, expected);
}

#[test]
fn vi_a_the_professional_whose_opinion_is_in_question_gives_no_second_one() {
    let table: [(&str, Change, bool); 5] = [
        ("the same", |r| initiated_by(r, ASKED_FOR), true),
        ("another", |r| initiated_by(r, ELSEWHERE), false),
        ("neither has an NPI", |r| provider(r).npi = None, false),
        (
            "the provider has none",
            |r| {
                initiated_by(r, ASKED_FOR);
                provider(r).npi = None;
            },
            false,
        ),
        ("the professional is not named", |_| {}, false),
    ];
    for (name, change, same) in table {
        let found = found(change);
        let noted = found.contains(&(Clause::Access, Noted, Note::SameProfessional));
        assert_eq!(noted, same, "{name}");
    }
}

#[test]
fn vi_a_the_papers_of_every_representative_are_asked_for() {
    let table: [(&str, Change, bool); 4] = [
        ("no representative", |_| {}, false),
        (
            "on file",
            |r| r.requesters.push(representative("Rob Present", true)),
            false,
        ),
        (
            "not on file",
            |r| r.requesters.push(representative("Rob Present", false)),
            true,
        ),
        (
            "of one of two",
            |r| {
                r.requesters.push(representative("Rob Present", true));
                r.requesters.push(representative("Ria Present", false));
            },
            true,
        ),
    ];
    for (name, change, missing) in table {
        let found = found(change);
        let noted = found.contains(&(
            Clause::Access,
            Unknown,
            Note::RepresentativeAuthorizationMissing,
        ));
        assert_eq!(noted, missing, "{name}");
    }
}

#[test]
fn iii_a_each_claim_of_urgency_is_found_by_its_own_clause() {
    let mut found = found(|request| {
        let mut claimed = claim();
        claimed.psychological_jeopardy = "the state of mind".into();
        claimed.practitioner_opinion = Some(PractitionerOpinion {
            npi: npi(ALTERNATIVE),
            statement: "it would do harm".into(),
        });
        request.urgency_claim = Some(claimed);
    });
    let expected = [
        (Clause::UrgentTimeframe, Noted, Note::UrgentTimeframe),
        (
            Clause::UrgentPsychologicalState,
            Satisfied,
            Note::PsychologicalJeopardy,
        ),
        (
            Clause::UrgentPractitionerOpinion,
            Satisfied,
            Note::PractitionerOpinion,
        ),
        (
            Clause::FederalExpeditedTimeframe,
            Satisfied,
            Note::FunctionalJeopardy,
        ),
    ];
    assert_eq!(found.split_off(4), expected);
}

#[test]
fn x_a_request_from_before_the_edition_held_says_so() {
    let noted: fn(&str) -> bool = |received| {
        let mut request = request();
        request.received_at = at(received);
        let findings = Desk::submitted(request).case.current.assessment.findings;
        let mut notes = findings.iter().map(|finding| finding.note);
        notes.any(|note| note == Note::EarlierEdition)
    };
    assert!(noted("2024-09-11T06:59:59Z"), "the tenth, in Los Angeles");
    assert!(!noted("2024-09-11T07:00:00Z"));
}

/// What is changed about a request, what is found then, and in which words; the last two whole.
const WORDS: [(Change, Note, &str); 12] = [
    (
        |r| provider(r).medi_cal_status = MediCalStatus::NotCertified,
        Note::AuthorizationNeededNotCertified,
        "not certified by Medi-Cal and cannot be approved",
    ),
    (
        |r| provider(r).medi_cal_status = MediCalStatus::SuspendedOrExcluded,
        Note::AuthorizationNeededSuspended,
        "suspended or excluded by Medi-Cal and cannot be approved",
    ),
    (
        |r| provider(r).medi_cal_status = MediCalStatus::Unknown,
        Note::AuthorizationNeededCertificationUnknown,
        "not known whether Medi-Cal has certified the requested provider",
    ),
    (
        |r| r.requested_provider = Some(by_name("Dr. Unknown")),
        Note::AuthorizationNeededStandingUnknown,
        "not known whether the requested provider is in the network",
    ),
    (
        |r| r.requested_provider = None,
        Note::AuthorizationNeeded,
        "prior authorization is needed before an opinion outside the network",
    ),
    (
        |r| {
            r.requested_provider = None;
            r.network_availability = Some(available());
        },
        Note::NoPermissionNeeded,
        "needs no permission from the plan",
    ),
    (
        |r| provider(r).role = Role::Other,
        Note::NotQualified,
        "does not fit the condition",
    ),
    (
        |r| provider(r).within_scope = Answer::Unknown,
        Note::QualificationUnknown,
        "role, scope of practice or expertise is not known yet",
    ),
    (
        |r| {
            let mut network = available();
            network.availability = Availability::Unknown;
            r.network_availability = Some(network);
        },
        Note::NetworkUnknown,
        "not known whether a qualified network professional is available",
    ),
    (
        |r| r.primary_care_decision = PrimaryCareDecision::NotGranted,
        Note::PrimaryCareNotGranted,
        "may file a grievance with the Grievance Coordinator",
    ),
    (
        |_| {},
        Note::RoutineTimeframe,
        "not urgent, and prior authorization is needed: the member is to be notified within 5 business days of receipt",
    ),
    (
        |r| r.urgency_claim = Some(claim()),
        Note::UrgentTimeframe,
        "urgent, and prior authorization is needed: the determination is due within 72 hours of receipt",
    ),
];

#[test]
fn a_finding_says_in_words_what_was_found() {
    for (change, note, words) in WORDS {
        let findings = desk(change).case.current.assessment.findings;
        let finding = findings.iter().find(|finding| finding.note == note);
        let finding = finding.unwrap_or_else(|| panic!("{note:?} is not among {findings:?}"));
        let message = finding.message();
        assert!(message.contains(words), "{message}");
        let whole = matches!(note, Note::RoutineTimeframe | Note::UrgentTimeframe);
        assert_eq!(message == words, whole, "{message}");
    }
    let not_satisfied = found(|r| r.network_availability = Some(available()));
    let refers = (Clause::Network, NotSatisfied, Note::NetworkHasSomeone);
    assert!(not_satisfied.contains(&refers));
}
