//! What `Debug` of a case, its events and its letters may show: nothing that the contract marks `debug_redact`.

use std::fmt::Write as _;

use second_opinion::case::{
    AlternativeFormat, Approve, ClinicalContext, Decision, IcdCode, LanguageTag,
    PractitionerOpinion, ProcedureCode, Verify,
};

use crate::support::{ASKED_FOR, Desk, approval, claim, nothing_new, npi, request};

/// An NPI that only ever stands in fields about the member's care.
const CARE_NPI: &str = "1003000126";

#[test]
fn debug_of_a_case_and_its_events_shows_no_health_information() {
    let mut asked = request();
    asked.clinical_context = ClinicalContext {
        diagnosis_codes: IcdCode::parse("C50.911").into_iter().collect(),
        procedure_codes: ProcedureCode::parse("19301").into_iter().collect(),
        summary: "a lump".into(),
        initiating_professional_npi: Some(npi(CARE_NPI)),
    };
    asked.member.preferred_language = LanguageTag::parse("hmn").expect("a tag");
    asked.member.spoken_language = LanguageTag::parse("mxb");
    asked.member.alternative_format = AlternativeFormat::Braille;
    let mut desk = Desk::submitted(asked);
    let mut opinion = claim();
    opinion.practitioner_opinion = Some(PractitionerOpinion {
        npi: npi(CARE_NPI),
        statement: "it would do harm".into(),
    });
    let now = desk.now;
    desk.expedite(now, opinion).expect("it is open");
    let correction = Verify {
        member: Some(second_opinion::case::MemberCorrection {
            member_id: None,
            details: second_opinion::case::MemberDetails {
                full_name: "Ann Member".into(),
                address_lines: Vec::new(),
                preferred_language: LanguageTag::parse("hmn").expect("a tag"),
                alternative_format: AlternativeFormat::Braille,
                spoken_language: LanguageTag::parse("mxb"),
                confidential_address_lines: Vec::new(),
            },
        }),
        ..nothing_new()
    };
    let mut shown = format!("{correction:?}");
    desk.verify(correction).expect("it is open");
    let command = Approve {
        service_code: ProcedureCode::parse("99243"),
        ..approval()
    };
    desk.approve(command).expect("the facts bear it");
    let Some(Decision::Approved(approved)) = &desk.case.current.decision else {
        panic!("it was approved");
    };
    {
        let made = second_opinion::notice::approval(approved, desk.making());
        let made = made.expect("the plan can be reached");
        write!(shown, "{:?}", made[0].letter).expect("a string takes it");
    }
    write!(shown, "{approved:?} {:?} {:?}", desk.case, desk.events).expect("a string takes it");
    for hidden in [
        "Ann",
        "90000000A",
        "Main Street",
        "C50",
        "19301",
        "lump",
        CARE_NPI,
        "hmn",
        "mxb",
        "Braille",
        "harm",
        "99243",
        "the facts bear it",
        "\"A1\"",
    ] {
        assert!(!shown.contains(hidden), "`{hidden}` is shown");
    }
    // What is hidden says that it is.
    for hidden in [
        "MemberDetails",
        "Member",
        "ClinicalContext",
        "ProcedureCode",
    ] {
        assert!(
            shown.contains(&format!("{hidden}([redacted])")),
            "{hidden}: {shown}"
        );
    }
    // A provider is not the member's: that much is shown.
    assert!(shown.contains(ASKED_FOR) && shown.contains("Dr. Asked For"));
}
