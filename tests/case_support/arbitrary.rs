//! Random requests, as messages that are well formed. Every field that the BASIC view must not show holds
//! a canary: the word `canary`, or one of [`CANARIES`].

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use prost_types::Timestamp;
use second_opinion::wire::v1::{self, requester::Kind};

/// Identifiers that only ever stand in fields about the member.
pub const CANARIES: [&str; 8] = [
    "canary", CIN, "QQ77", "7777T", "8888U", CARE_NPI, "555-0177", "555-0178",
];
pub const CIN: &str = "97777777Q";
/// Of the initiating professional and of a practitioner with an opinion.
pub const CARE_NPI: &str = "1003000126";
/// Of a health professional who asks: not health information, and yet no part of the BASIC view.
pub const ASKER_NPI: &str = "1245319599";

const PROVIDERS: [(&str, &str); 4] = [
    ("1234567893", "Dr. One"),
    ("1993999998", "Dr. Two"),
    ("", "Dr. One"),
    ("1234567893", ""),
];

pub fn number(below: i32) -> BoxedStrategy<i32> {
    (0..below).boxed()
}

/// Mostly what lets a provider be approved, sometimes anything.
pub fn mostly(usual: i32, below: i32) -> BoxedStrategy<i32> {
    prop_oneof![3 => Just(usual), 1 => number(below)].boxed()
}

pub fn maybe(text: &'static str) -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), Just(text.to_owned())].boxed()
}

fn lines(text: &'static str) -> BoxedStrategy<Vec<String>> {
    vec(Just(text.to_owned()), 0..3).boxed()
}

fn instant() -> BoxedStrategy<Timestamp> {
    (1_461_200_000_i64..4_000_000_000, 0..1_000_000)
        .prop_map(|(seconds, micros)| Timestamp {
            seconds,
            nanos: micros * 1000,
        })
        .boxed()
}

fn verification() -> BoxedStrategy<v1::Verification> {
    (maybe("canary: a source"), option::of(instant()))
        .prop_map(|(source, checked_at)| v1::Verification { source, checked_at })
        .boxed()
}

prop_compose! {
    /// Facts about a provider who is not named.
    pub fn facts()(
        network_status in mostly(2, 3),
        medi_cal_status in mostly(1, 4),
        role in mostly(2, 4),
        within_scope in mostly(1, 3),
        relevant_expertise in mostly(1, 3),
        taxonomy_code in maybe("207RC0000X"),
        expertise in maybe("canary: hearts"),
        phone in maybe("(707) 555-0100"),
        address_lines in lines("1 Main Street"),
        verification in option::of(verification()),
    ) -> v1::Provider {
        v1::Provider {
            npi: String::new(),
            name: String::new(),
            network_status,
            medi_cal_status,
            role,
            within_scope,
            relevant_expertise,
            taxonomy_code,
            expertise,
            phone,
            address_lines,
            verification,
        }
    }
}

pub fn provider() -> BoxedStrategy<v1::Provider> {
    (facts().boxed(), select(&PROVIDERS))
        .prop_map(|(facts, (npi, name))| v1::Provider {
            npi: npi.to_owned(),
            name: name.to_owned(),
            ..facts
        })
        .boxed()
}

fn alternative() -> BoxedStrategy<v1::NetworkAlternative> {
    (
        select(
            &[
                ("1993999998", "Dr. Two"),
                ("", "Dr. Two"),
                ("", ""),
                ("1234567893", "Dr. One"),
            ][..],
        ),
        maybe("707-555-0101"),
        lines("2 Network Way"),
        maybe("2026-03-09"),
    )
        .prop_map(
            |((npi, name), phone, address_lines, first_appointment)| v1::NetworkAlternative {
                npi: npi.to_owned(),
                name: name.to_owned(),
                phone,
                address_lines,
                taxonomy_code: String::new(),
                first_appointment,
            },
        )
        .boxed()
}

pub fn availability() -> BoxedStrategy<v1::NetworkAvailability> {
    (
        mostly(2, 3),
        vec(alternative(), 0..3),
        option::of(verification()),
    )
        .prop_map(
            |(availability, alternatives, verification)| v1::NetworkAvailability {
                availability,
                alternatives,
                verification,
            },
        )
        .boxed()
}

prop_compose! {
    pub fn member()(
        full_name in maybe("canary: Ann"),
        address_lines in lines("canary: 3 Home Street"),
        preferred_language in select(&["en", "es", "qaa-canary"][..]),
        alternative_format in number(5),
        spoken_language in maybe("qab-canary"),
        confidential_address_lines in lines("canary: 4 Safe Street"),
    ) -> v1::Member {
        v1::Member {
            member_id: CIN.to_owned(),
            full_name,
            address_lines,
            preferred_language: preferred_language.to_owned(),
            alternative_format,
            spoken_language,
            confidential_address_lines,
        }
    }
}

pub fn requester() -> BoxedStrategy<v1::Requester> {
    let member = Just(Kind::Member(v1::MemberRequester {}));
    let representative = (
        maybe("canary: Rob"),
        maybe("canary: a son"),
        number(6),
        any::<bool>(),
        maybe("(916) 555-0177"),
    )
        .prop_map(
            |(full_name, relationship, basis, authorization_on_file, phone)| {
                Kind::AuthorizedRepresentative(v1::AuthorizedRepresentative {
                    full_name,
                    relationship,
                    basis,
                    authorization_on_file,
                    phone,
                })
            },
        );
    let professional = (
        maybe(ASKER_NPI),
        maybe("canary: Dr. Asks"),
        maybe("(916) 555-0177"),
        maybe("(916) 555-0178"),
    )
        .prop_map(|(npi, full_name, phone, fax)| {
            Kind::HealthProfessional(v1::HealthProfessional {
                npi,
                full_name,
                phone,
                fax,
            })
        });
    prop_oneof![3 => member, 1 => representative, 1 => professional]
        .prop_map(|kind| v1::Requester { kind: Some(kind) })
        .boxed()
}

pub fn claim() -> BoxedStrategy<v1::UrgencyClaim> {
    let opinion = v1::PractitionerOpinion {
        npi: CARE_NPI.to_owned(),
        statement: "canary: harm".to_owned(),
    };
    (
        maybe("canary: the state of mind"),
        option::of(Just(opinion)),
        maybe("canary: a function"),
    )
        .prop_map(
            |(psychological_jeopardy, practitioner_opinion, functional_jeopardy)| {
                let unclaimed = psychological_jeopardy.is_empty() && practitioner_opinion.is_none();
                v1::UrgencyClaim {
                    functional_jeopardy: if unclaimed {
                        "canary: a function".to_owned()
                    } else {
                        functional_jeopardy
                    },
                    psychological_jeopardy,
                    practitioner_opinion,
                }
            },
        )
        .boxed()
}

fn reason() -> BoxedStrategy<v1::RequestReason> {
    (number(7), vec(1..6_i32, 0..3), maybe("canary: a doubt"))
        .prop_map(|(code, threats, detail)| v1::RequestReason {
            code,
            threats,
            detail,
        })
        .boxed()
}

fn clinical_context() -> BoxedStrategy<v1::ClinicalContext> {
    (
        vec(Just("Z99.QQ77".to_owned()), 0..3),
        vec(Just("7777T".to_owned()), 0..3),
        maybe(CARE_NPI),
    )
        .prop_map(
            |(diagnosis_codes, procedure_codes, initiating_professional_npi)| v1::ClinicalContext {
                diagnosis_codes,
                procedure_codes,
                summary: "canary: a lump\nthat grows".to_owned(),
                initiating_professional_npi,
            },
        )
        .boxed()
}

prop_compose! {
    /// A request as the FULL view gives it back: nothing to trim, nothing to fill in.
    pub fn second_opinion()(
        member in member().boxed(),
        requesters in vec(requester(), 1..4),
        reasons in vec(reason(), 0..3),
        clinical_context in option::of(clinical_context()),
        requested_provider in option::of(provider()),
        network_availability in option::of(availability()),
        primary_care_decision in number(3),
        urgency_claim in option::of(claim()),
        received_at in instant(),
        referral_number in maybe("RAF-1"),
        treatment_authorization_number in maybe("TAR-1"),
        specialty_wanted in maybe("canary: hearts"),
    ) -> v1::SecondOpinion {
        v1::SecondOpinion {
            member: Some(member),
            requesters,
            reasons,
            clinical_context,
            requested_provider,
            network_availability,
            primary_care_decision,
            urgency_claim,
            received_at: Some(received_at),
            referral_number,
            treatment_authorization_number,
            specialty_wanted,
        }
    }
}
