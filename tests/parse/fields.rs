//! `SubmitSecondOpinion`: codes, enums, lengths, characters and lists.

use second_opinion::rules::Calendar;
use second_opinion::wire::parse;
use second_opinion::wire::v1::{self, requester::Kind};

use crate::samples::{long, now, provider, representative, requester, violated_fields};
use crate::submission_sample::{
    check_submission, context, good, member, network, request, requested_provider, urgency,
};

#[test]
fn malformed_identifiers_are_violations() {
    check_submission(&[
        (
            "CIN with a lower-case letter",
            |m| member(m).member_id = "90000000a".to_owned(),
            &["second_opinion.member.member_id"],
        ),
        (
            "CIN within white space",
            |m| member(m).member_id = " 90000000A ".to_owned(),
            &[],
        ),
        (
            "NPI with a wrong check digit",
            |m| requested_provider(m).npi = "1234567890".to_owned(),
            &["second_opinion.requested_provider.npi"],
        ),
        (
            "NPI that starts with 3",
            |m| requested_provider(m).npi = "3234567899".to_owned(),
            &["second_opinion.requested_provider.npi"],
        ),
        (
            "NPI of an alternative",
            |m| network(m).alternatives[0].npi = "x".to_owned(),
            &["second_opinion.network_availability.alternatives[0].npi"],
        ),
        (
            "NPI of the initiating professional",
            |m| context(m).initiating_professional_npi = "x".to_owned(),
            &["second_opinion.clinical_context.initiating_professional_npi"],
        ),
        (
            "ICD-10-CM with a trailing dot",
            |m| context(m).diagnosis_codes = vec!["C50.".to_owned()],
            &["second_opinion.clinical_context.diagnosis_codes[0]"],
        ),
        (
            "ICD-10-CM without a dot",
            |m| context(m).diagnosis_codes = vec!["C50911".to_owned()],
            &[],
        ),
        (
            "an empty code",
            |m| context(m).diagnosis_codes.push(String::new()),
            &["second_opinion.clinical_context.diagnosis_codes[1]"],
        ),
        (
            "CPT with a wrong last letter",
            |m| context(m).procedure_codes[0] = "1930B".to_owned(),
            &["second_opinion.clinical_context.procedure_codes[0]"],
        ),
        (
            "CPT of category III",
            |m| context(m).procedure_codes[0] = "0042T".to_owned(),
            &[],
        ),
        (
            "taxonomy",
            |m| requested_provider(m).taxonomy_code = "207RC0000Y".to_owned(),
            &["second_opinion.requested_provider.taxonomy_code"],
        ),
        (
            "taxonomy of an alternative",
            |m| network(m).alternatives[0].taxonomy_code = "207".to_owned(),
            &["second_opinion.network_availability.alternatives[0].taxonomy_code"],
        ),
        (
            "specialty in words",
            |m| request(m).specialty_wanted = "any that helps".to_owned(),
            &[],
        ),
    ]);
}

#[test]
fn malformed_languages_phones_and_days_are_violations() {
    check_submission(&[
        (
            "language",
            |m| member(m).preferred_language = "Spanish please".to_owned(),
            &["second_opinion.member.preferred_language"],
        ),
        (
            "spoken language",
            |m| member(m).spoken_language = "en_US".to_owned(),
            &["second_opinion.member.spoken_language"],
        ),
        (
            "phone of nine digits",
            |m| requested_provider(m).phone = "707-555-010".to_owned(),
            &["second_opinion.requested_provider.phone"],
        ),
        (
            "a day that does not exist",
            |m| network(m).alternatives[0].first_appointment = "2026-02-29".to_owned(),
            &["second_opinion.network_availability.alternatives[0].first_appointment"],
        ),
        (
            "a leap day",
            |m| network(m).alternatives[0].first_appointment = "2028-02-29".to_owned(),
            &[],
        ),
        (
            "a day in another notation",
            |m| network(m).alternatives[0].first_appointment = "2026-3-9".to_owned(),
            &["second_opinion.network_availability.alternatives[0].first_appointment"],
        ),
    ]);
}

#[test]
fn hcpcs_level_ii_codes_begin_with_certain_letters() {
    let codes = |letter: char| {
        let mut message = good();
        context(&mut message).procedure_codes = vec![format!("{letter}0463")];
        violated_fields(parse::submit(message, now(), &Calendar::default()))
    };
    for letter in 'A'..='Z' {
        let allowed = "ABCEGHJKLMPQRSTUV".contains(letter);
        assert_eq!(codes(letter).is_empty(), allowed, "{letter}");
    }
}

#[test]
fn unknown_enum_numbers_are_violations() {
    check_submission(&[
        (
            "alternative_format",
            |m| member(m).alternative_format = 5,
            &["second_opinion.member.alternative_format"],
        ),
        (
            "basis",
            |m| {
                request(m).requesters[1] = requester(Kind::AuthorizedRepresentative(
                    v1::AuthorizedRepresentative {
                        basis: 6,
                        ..representative()
                    },
                ));
            },
            &["second_opinion.requesters[1].authorized_representative.basis"],
        ),
        (
            "reason",
            |m| request(m).reasons[0].code = 7,
            &["second_opinion.reasons[0].code"],
        ),
        ("reason not known", |m| request(m).reasons[0].code = 0, &[]),
        (
            "threat",
            |m| request(m).reasons[0].threats = vec![5, 6, -1],
            &[
                "second_opinion.reasons[0].threats[1]",
                "second_opinion.reasons[0].threats[2]",
            ],
        ),
        (
            "primary care",
            |m| request(m).primary_care_decision = 3,
            &["second_opinion.primary_care_decision"],
        ),
        (
            "provider",
            |m| {
                *requested_provider(m) = v1::Provider {
                    network_status: 3,
                    medi_cal_status: 4,
                    role: 4,
                    within_scope: 3,
                    relevant_expertise: -1,
                    ..provider()
                }
            },
            &[
                "second_opinion.requested_provider.medi_cal_status",
                "second_opinion.requested_provider.network_status",
                "second_opinion.requested_provider.relevant_expertise",
                "second_opinion.requested_provider.role",
                "second_opinion.requested_provider.within_scope",
            ],
        ),
        (
            "availability",
            |m| network(m).availability = 3,
            &["second_opinion.network_availability.availability"],
        ),
    ]);
}

#[test]
fn lengths_are_counted_in_characters_after_trimming() {
    check_submission(&[
        (
            "a name of 200",
            |m| member(m).full_name = format!("  {}\n", long(200)),
            &[],
        ),
        (
            "a name of 201",
            |m| member(m).full_name = long(201),
            &["second_opinion.member.full_name"],
        ),
        (
            "a text of 4,000",
            |m| context(m).summary = format!("\n{} ", long(4000)),
            &[],
        ),
        (
            "a text of 4,001",
            |m| context(m).summary = long(4001),
            &["second_opinion.clinical_context.summary"],
        ),
        (
            "a detail of 4,001",
            |m| request(m).reasons[0].detail = long(4001),
            &["second_opinion.reasons[0].detail"],
        ),
        (
            "expertise of 4,001",
            |m| requested_provider(m).expertise = long(4001),
            &["second_opinion.requested_provider.expertise"],
        ),
        (
            "an address line of 201",
            |m| member(m).address_lines.push(long(201)),
            &["second_opinion.member.address_lines[1]"],
        ),
        (
            "codes of 201",
            |m| {
                request(m).referral_number = long(201);
                request(m).treatment_authorization_number = long(201);
                request(m).specialty_wanted = long(201);
            },
            &[
                "second_opinion.referral_number",
                "second_opinion.specialty_wanted",
                "second_opinion.treatment_authorization_number",
            ],
        ),
    ]);
}

#[test]
fn control_characters_are_violations() {
    check_submission(&[
        (
            "a line break in a text",
            |m| context(m).summary = "one\r\ntwo".to_owned(),
            &[],
        ),
        (
            "a tab in a text",
            |m| context(m).summary = "one\ttwo".to_owned(),
            &["second_opinion.clinical_context.summary"],
        ),
        (
            "a zero byte in a text",
            |m| urgency(m).functional_jeopardy = "a\0b".to_owned(),
            &["second_opinion.urgency_claim.functional_jeopardy"],
        ),
        (
            "a line break in a name",
            |m| member(m).full_name = "Ann\nMember".to_owned(),
            &["second_opinion.member.full_name"],
        ),
        (
            "a line separator in a name",
            |m| requested_provider(m).name = "Dr.\u{2028}Who".to_owned(),
            &["second_opinion.requested_provider.name"],
        ),
        (
            "a line break around a name",
            |m| requested_provider(m).name = "\nDr. Who\n".to_owned(),
            &[],
        ),
        (
            "a line break in an address",
            |m| member(m).confidential_address_lines[0] = "4\nSafe".to_owned(),
            &["second_opinion.member.confidential_address_lines[0]"],
        ),
        (
            "a line break in a number",
            |m| request(m).referral_number = "RAF\n1".to_owned(),
            &["second_opinion.referral_number"],
        ),
    ]);
}

#[test]
fn lists_have_at_most_fifty_items() {
    check_submission(&[
        (
            "50 of each",
            |m| {
                request(m).requesters = vec![requester(Kind::Member(v1::MemberRequester {})); 50];
                request(m).reasons = vec![v1::RequestReason::default(); 50];
                context(m).diagnosis_codes = vec!["E11".to_owned(); 50];
                network(m).alternatives = vec![v1::NetworkAlternative::default(); 50];
                member(m).address_lines = vec!["a line".to_owned(); 50];
            },
            &[],
        ),
        (
            "51 of each",
            |m| {
                request(m).requesters = vec![requester(Kind::Member(v1::MemberRequester {})); 51];
                request(m).reasons = vec![v1::RequestReason::default(); 51];
                context(m).diagnosis_codes = vec!["E11".to_owned(); 51];
                context(m).procedure_codes = vec!["19301".to_owned(); 51];
                network(m).alternatives = vec![v1::NetworkAlternative::default(); 51];
                member(m).address_lines = vec!["a line".to_owned(); 51];
                member(m).confidential_address_lines = vec!["a line".to_owned(); 51];
                requested_provider(m).address_lines = vec!["a line".to_owned(); 51];
            },
            &[
                "second_opinion.clinical_context.diagnosis_codes",
                "second_opinion.clinical_context.procedure_codes",
                "second_opinion.member.address_lines",
                "second_opinion.member.confidential_address_lines",
                "second_opinion.network_availability.alternatives",
                "second_opinion.reasons",
                "second_opinion.requested_provider.address_lines",
                "second_opinion.requesters",
            ],
        ),
        (
            "51 threats",
            |m| request(m).reasons[0].threats = vec![1; 51],
            &["second_opinion.reasons[0].threats"],
        ),
    ]);
}
