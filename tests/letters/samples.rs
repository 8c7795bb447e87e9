//! Sample letters of one invented member, dated Monday 2026-11-23, 10 a.m. in California.

use second_opinion::case::{
    Context, Decision, DenialReason, LanguageTag, Private, Provider, SecondOpinion, State,
    Translation, Verify, deny,
};
use second_opinion::notice::{
    self, Document, Letter, LetterContext, NoticeError, NoticeSettings, SealedLetter, Settings,
    Templates,
};
use second_opinion::plan::Plan;
use second_opinion::rules::{Answer, DenialReasonCode, PrimaryCareDecision, Reason};
use uuid::Uuid;

use crate::support::{
    Desk, approval, at, available, by_npi, certified_and_qualified, denial, elsewhere, network,
    not_available, person, professional, request,
};

pub const LANGUAGES: [&str; 2] = ["en", "es"];
const DECIDED: &str = "2026-11-23T18:00:00Z";

/// The reviewer's words for a reason, in English and in Spanish.
fn words(code: DenialReasonCode) -> DenialReason {
    let text = |text: &str| Private(text.to_owned());
    DenialReason {
        code,
        explanation: text("We looked at what your provider sent us. We do not agree."),
        clinical_rationale: text(
            "The record shows a stable course.\nA second look would not change the care.",
        ),
        criteria: vec![text("Plan criteria for second opinions, part 2")],
        evidence: text("We asked Dr. Outside by fax on November 17 and November 19, 2026."),
        authority: text("42 CFR 438.56"),
        translations: vec![Translation {
            language: LanguageTag::parse("es").expect("a language"),
            explanation: text("Vimos lo que mandó su proveedor. No estamos de acuerdo."),
            clinical_rationale: text(
                "El expediente muestra un curso estable.\nOtra opinión no cambiaría la atención.",
            ),
        }],
    }
}

/// A request with facts that support a denial reason, of a member with a preferred language.
pub fn request_supporting(code: Option<DenialReasonCode>, language: &str) -> SecondOpinion {
    let mut request = request();
    request.received_at = at("2026-11-17T17:00:00Z");
    request.member.full_name = "Ana Sofía Núñez".into();
    request.member.address_lines = vec!["12 Example Street".into(), "Fairfield, CA 94534".into()];
    request.member.preferred_language = LanguageTag::parse(language).expect("a language");
    let provider = request.requested_provider.as_mut().expect("a provider");
    match code {
        None | Some(DenialReasonCode::MemberNotEligible) => {}
        Some(DenialReasonCode::QualifiedNetworkProviderAvailable) => {
            request.network_availability = Some(available());
        }
        Some(DenialReasonCode::ProviderNotMediCalCertified) => {
            provider.medi_cal_status = second_opinion::rules::MediCalStatus::NotCertified;
        }
        Some(DenialReasonCode::ProviderNotQualified) => {
            provider.within_scope = Answer::No;
        }
        Some(DenialReasonCode::ReasonNotSupported) => {
            request.reasons = vec![second_opinion::case::RequestReason {
                code: Some(Reason::Other),
                threats: Vec::new(),
                detail: Private::default(),
            }];
        }
        Some(DenialReasonCode::InsufficientInformation) => {
            provider.relevant_expertise = Answer::Unknown;
        }
    }
    request
}

fn referral(code: DenialReasonCode, request: &SecondOpinion) -> Option<Provider> {
    match code {
        DenialReasonCode::QualifiedNetworkProviderAvailable => {
            let first = request.alternatives().first().expect("an alternative");
            let npi = first.npi.as_ref().expect("an NPI");
            Some(by_npi(npi.as_str()))
        }
        DenialReasonCode::ProviderNotMediCalCertified | DenialReasonCode::ProviderNotQualified => {
            Some(Provider {
                npi: elsewhere().npi,
                phone: "(530) 555-0144".to_owned(),
                address_lines: vec!["9 Referral Way".to_owned(), "Redding, CA 96002".to_owned()],
                ..certified_and_qualified()
            })
        }
        DenialReasonCode::ReasonNotSupported
        | DenialReasonCode::InsufficientInformation
        | DenialReasonCode::MemberNotEligible => None,
    }
}

/// The letters of a denial, the member's first.
pub fn denial_letters(request: SecondOpinion, code: DenialReasonCode) -> Vec<Letter> {
    let sealed = denial_with_reason(request, code, words(code)).expect("letters");
    sealed.into_iter().map(|sealed| sealed.letter).collect()
}

/// The letters of a denial without a Spanish translation of the reviewer's words.
pub fn denial_without_translation(
    request: SecondOpinion,
    code: DenialReasonCode,
) -> Result<Vec<SealedLetter>, NoticeError> {
    let reason = DenialReason {
        translations: Vec::new(),
        ..words(code)
    };
    denial_with_reason(request, code, reason)
}

fn denial_with_reason(
    request: SecondOpinion,
    code: DenialReasonCode,
    reason: DenialReason,
) -> Result<Vec<SealedLetter>, NoticeError> {
    let desk = Desk::submitted(request);
    let mut command = denial(&[code], referral(code, &desk.case.current.request));
    command.reasons = vec![reason];
    let context = Context {
        now: at(DECIDED),
        policy: &desk.policy,
    };
    let judged = deny(&desk.case, command, &person(), &context).expect("the facts support it");
    notice::denial(
        judged.denial(),
        letter_context(&desk, &Plan::default(), &notices()),
    )
}

fn notices() -> NoticeSettings {
    NoticeSettings::default()
}

fn letter_context<'a>(
    desk: &'a Desk,
    plan: &'a Plan,
    notices: &'a NoticeSettings,
) -> LetterContext<'a> {
    let settings = Settings { plan, notices };
    let calendar = &desk.policy.calendar;
    LetterContext::of(&desk.case, Uuid::nil, at(DECIDED), settings, calendar)
}

/// One letter of every other kind, with the name of its golden file.
pub fn other_letters(language: &str) -> Vec<(&'static str, Letter)> {
    let mut found = Vec::new();
    let plan = Plan::default();
    let notices = notices();

    let mut by_professional = request_supporting(None, language);
    by_professional
        .requesters
        .push(professional("1993999998", "Dr. Pat Primary"));
    let mut desk = Desk::submitted(by_professional);
    desk.at(at(DECIDED));
    desk.approve(second_opinion::case::Approve {
        provider: Some(Provider {
            phone: "(707) 555-0177".to_owned(),
            address_lines: vec!["4 Clinic Road".to_owned(), "Napa, CA 94558".to_owned()],
            ..elsewhere()
        }),
        member_agreement: Some(second_opinion::case::MemberAgreement {
            agreed_at: None,
            how: "by phone".into(),
        }),
        ..approval()
    })
    .expect("the facts support it");
    let Some(Decision::Approved(approved)) = &desk.case.current.decision else {
        panic!("it was approved");
    };
    let sealed =
        notice::approval(approved, letter_context(&desk, &plan, &notices)).expect("letters");
    for (name, sealed) in ["approval", "provider_copy"].into_iter().zip(sealed) {
        found.push((name, sealed.letter));
    }

    let mut not_granted = request_supporting(None, language);
    not_granted.primary_care_decision = PrimaryCareDecision::NotGranted;
    let desk = Desk::submitted(not_granted);
    let second_opinion::case::EventBody::Submitted(submitted) = &desk.events[0].body else {
        panic!("it was submitted");
    };
    let sealed =
        notice::submission(submitted, letter_context(&desk, &plan, &notices)).expect("letters");
    found.extend(
        sealed
            .into_iter()
            .map(|sealed| ("grievance_information", sealed.letter)),
    );

    let mut in_network = request_supporting(None, language);
    in_network.requested_provider = None;
    in_network.network_availability = Some(not_available());
    let mut desk = Desk::submitted(in_network);
    desk.at(at(DECIDED));
    let command = Verify {
        provider: None,
        ..network(available())
    };
    desk.verify(command).expect("the case is open");
    assert_eq!(desk.case.current.state, State::NoAuthorizationRequired);
    let second_opinion::case::EventBody::Verified(verified) = &desk.events[1].body else {
        panic!("facts were learned");
    };
    let sealed = notice::verification(
        State::PendingReview,
        verified,
        letter_context(&desk, &plan, &notices),
    )
    .expect("letters");
    found.extend(
        sealed
            .into_iter()
            .map(|sealed| ("network_access", sealed.letter)),
    );

    let mut desk = Desk::submitted(request_supporting(None, language));
    desk.at(at("2026-11-26T18:00:00Z"));
    let letter_context = LetterContext {
        now: desk.now,
        ..letter_context(&desk, &plan, &notices)
    };
    let sealed = notice::lapse(&desk.case, letter_context).expect("letters");
    found.push(("lapse", sealed.expect("the time ran out").letter));
    found
}

/// A letter as blocks of words, in a language.
pub fn document(letter: &Letter, language: &str) -> Document {
    Templates::shipped()
        .document(letter, language)
        .expect("words")
}

pub fn text(letter: &Letter, language: &str) -> String {
    notice::text(&document(letter, language))
}
