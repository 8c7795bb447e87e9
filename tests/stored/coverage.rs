//! Every kind of event and of letter, and every value that one can hold, stands in a golden file.

use std::collections::{BTreeMap, BTreeSet};

use second_opinion::case::EventKind;
use second_opinion::rules::DenialReasonCode;
use serde_json::Value;

use crate::events::kind_name;
use crate::files::Folder;

/// The kinds of event. A new one fails to compile in `kind_name`, and is added here with a golden case.
const KINDS: [EventKind; 9] = [
    EventKind::Submitted,
    EventKind::Verified,
    EventKind::Expedited,
    EventKind::Withdrawn,
    EventKind::Approved,
    EventKind::Denied,
    EventKind::Notified,
    EventKind::DueSoon,
    EventKind::Overdue,
];

/// The values that a field of an event takes, by the field's name.
const EVENT_VALUES: &[(&str, &[&str])] = &[
    ("pathway", &["NETWORK_ACCESS", "PRIOR_AUTHORIZATION"]),
    ("urgency", &["ROUTINE", "URGENT"]),
    (
        "recommendation",
        &[
            "NONE_NEEDED",
            "GATHER_INFORMATION",
            "REFER_IN_NETWORK",
            "SELECT_CERTIFIED_PROVIDER",
            "APPROVE",
        ],
    ),
    (
        "qualification",
        &["QUALIFIED", "NOT_QUALIFIED", "UNKNOWN", "NOT_APPLICABLE"],
    ),
    (
        "outcome",
        &["SATISFIED", "NOT_SATISFIED", "UNKNOWN", "NOTED"],
    ),
    (
        "note",
        &[
            "NO_PERMISSION_NEEDED",
            "AUTHORIZATION_NEEDED",
            "AUTHORIZATION_NEEDED_CERTIFIED",
            "AUTHORIZATION_NEEDED_NOT_CERTIFIED",
            "AUTHORIZATION_NEEDED_SUSPENDED",
            "AUTHORIZATION_NEEDED_CERTIFICATION_UNKNOWN",
            "AUTHORIZATION_NEEDED_STANDING_UNKNOWN",
            "NO_REASON_STATED",
            "OTHER_REASON_STATED",
            "REPRESENTATIVE_PAPERS_MISSING",
            "SAME_PROFESSIONAL",
            "REASON_STATED",
            "THREAT_NOT_NAMED",
            "QUALIFIED",
            "NOT_QUALIFIED",
            "QUALIFICATION_UNKNOWN",
            "NETWORK_HAS_SOMEONE",
            "NETWORK_HAS_NO_ONE",
            "NETWORK_UNKNOWN",
            "NETWORK_ALTERNATIVES",
            "URGENT_TIMEFRAME",
            "ROUTINE_TIMEFRAME",
            "PSYCHOLOGICAL_JEOPARDY",
            "PRACTITIONER_OPINION",
            "FUNCTIONAL_JEOPARDY",
            "PRIMARY_CARE_NOT_GRANTED",
            "EARLIER_EDITION",
        ],
    ),
    ("because", &["DONE", "NOT_NEEDED"]),
    (
        "network_status",
        &["IN_NETWORK", "OUT_OF_NETWORK", "UNKNOWN"],
    ),
    (
        "medi_cal_status",
        &[
            "CERTIFIED",
            "NOT_CERTIFIED",
            "SUSPENDED_OR_EXCLUDED",
            "UNKNOWN",
        ],
    ),
    ("role", &["PRIMARY_CARE", "SPECIALIST", "OTHER", "UNKNOWN"]),
    ("within_scope", &["YES", "NO", "UNKNOWN"]),
    ("relevant_expertise", &["YES", "NO", "UNKNOWN"]),
    ("availability", &["AVAILABLE", "NOT_AVAILABLE", "UNKNOWN"]),
    (
        "primary_care_decision",
        &["GRANTED", "NOT_GRANTED", "UNKNOWN"],
    ),
    (
        "threats",
        &[
            "LIFE",
            "LIMB",
            "BODILY_FUNCTION",
            "IMPAIRMENT",
            "SERIOUS_CHRONIC_CONDITION",
        ],
    ),
    (
        "alternative_format",
        &[
            "ORDINARY_PRINT",
            "LARGE_PRINT",
            "AUDIO",
            "BRAILLE",
            "DATA_CD",
        ],
    ),
    (
        "basis",
        &[
            "UNKNOWN",
            "WRITTEN_DESIGNATION",
            "PARENT_OF_MINOR",
            "GUARDIAN",
            "CONSERVATOR",
            "HEALTH_CARE_AGENT",
        ],
    ),
    (
        "recipient",
        &["MEMBER", "REPRESENTATIVE", "REQUESTING_PROFESSIONAL"],
    ),
    ("channel", &["MAIL", "PHONE", "PORTAL", "FAX"]),
    (
        "withdrawn_by",
        &["member", "authorized_representative", "health_professional"],
    ),
    (
        "requesters",
        &["member", "authorized_representative", "health_professional"],
    ),
    (
        "kind",
        &[
            "person",
            "service",
            "DETERMINATION",
            "MEMBER_NOTIFICATION",
            "PROVIDER_NOTIFICATION",
            "MD",
            "DO",
            "OTHER",
            "DENIAL",
            "APPROVAL",
            "GRIEVANCE_INFORMATION",
            "NETWORK_ACCESS",
            "LAPSE",
            "PROVIDER_COPY",
        ],
    ),
    (
        "code",
        &[
            "REASONABLENESS_OR_NECESSITY",
            "SERIOUS_CONDITION",
            "DIAGNOSIS_IN_DOUBT",
            "TREATMENT_NOT_IMPROVING",
            "SERIOUS_DOUBTS",
            "OTHER",
        ],
    ),
    ("language", &["en", "es"]),
    ("translation_needed", &["false", "true"]),
    ("authorization_on_file", &["false", "true"]),
    ("in_network", &["false", "true"]),
    ("skipped_days", &["[]", "date"]),
    ("alternatives", &["[]", "name"]),
    ("clocks", &["[]", "limits"]),
    ("notices", &["[]", "notice_id"]),
    ("further_notices", &["[]", "notice_id"]),
    ("translations", &["[]", "language"]),
    ("confidential_address_lines", &["[]", "PO Box 7"]),
];

/// The values that a field of a letter takes, by the field's name.
const LETTER_VALUES: &[(&str, &[&str])] = &[
    (
        "content",
        &[
            "denial",
            "approval",
            "grievance_information",
            "network_access",
            "lapse",
            "provider_copy",
        ],
    ),
    ("decision", &["approved", "denied"]),
    (
        "network",
        &["open", "if_one_can", "none_now", "not_eligible"],
    ),
    ("by", &["member", "representative", "health_professional"]),
    ("knox_keene", &["false", "true"]),
    ("large_print", &["false", "true"]),
    ("translation_needed", &["false", "true"]),
    ("another_by_agreement", &["false", "true"]),
    ("in_network", &["false", "true"]),
    ("under_review", &["false", "true"]),
    ("see", &["[]", "name"]),
    ("further", &["[]", "address", "website"]),
    ("further_reasons", &["[]", "code"]),
    ("enclosures", &["[]", "title"]),
    ("language_help", &["[]", "text"]),
    ("full_name", &["", "Sample Member"]),
    ("first_appointment", &["null", "2026-11-30"]),
    ("independent_review", &["null", "name"]),
    ("legal_help", &["null", "name"]),
    ("referral", &["null", "name"]),
    ("of", &["null", "name"]),
    ("service_code", &["", "99245"]),
];

/// The fields of an event that may be left out: each is there in one golden event, and null in another.
const OPTIONAL: &[&str] = &[
    "agreed_at",
    "checked_at",
    "code",
    "first_appointment",
    "initiating_professional_npi",
    "license",
    "member",
    "member_agreement",
    "network_availability",
    "notice_id",
    "npi",
    "practitioner_opinion",
    "provider",
    "referral",
    "requested_provider",
    "service_code",
    "spoken_language",
    "stopped",
    "taxonomy_code",
    "urgency_claim",
    "verification",
];

/// The values found under the name of a field: of an object its fields' names, of null `null`.
type ValuesByField = BTreeMap<String, BTreeSet<String>>;

fn collect(name: &str, value: &Value, found: &mut ValuesByField) {
    let mut note = |text: &str| {
        found
            .entry(name.to_owned())
            .or_default()
            .insert(text.to_owned());
    };
    match value {
        Value::Null => note("null"),
        Value::Bool(value) => note(if *value { "true" } else { "false" }),
        Value::Number(number) => note(&number.to_string()),
        Value::String(text) => note(text),
        Value::Array(values) => {
            if values.is_empty() {
                note("[]");
            }
            for value in values {
                collect(name, value, found);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                found
                    .entry(name.to_owned())
                    .or_default()
                    .insert(field.clone());
                collect(field, value, found);
            }
        }
    }
}

/// The values in the files of a kind (`events`, `letters`).
fn values_in(kind: &str) -> ValuesByField {
    let mut found = ValuesByField::new();
    for folder in Folder::all(kind) {
        for (file, _) in folder.files() {
            let stored: Value = serde_json::from_slice(&folder.read(file)).expect("JSON");
            collect("", &stored, &mut found);
        }
    }
    found
}

#[test]
fn every_kind_of_event_is_held() {
    let found = values_in("events");
    for kind in KINDS {
        assert!(
            found["body"].contains(kind_name(kind)),
            "{}",
            kind_name(kind)
        );
    }
}

#[test]
fn every_reason_of_a_denial_is_held() {
    let found = values_in("events");
    for code in DenialReasonCode::ALL {
        let name = serde_json::to_value(code).expect("JSON");
        assert!(
            found["code"].contains(name.as_str().expect("a name")),
            "{code:?}"
        );
    }
}

#[test]
fn every_value_of_a_field_is_held() {
    for (kind, fields) in [("events", EVENT_VALUES), ("letters", LETTER_VALUES)] {
        let found = values_in(kind);
        for (field, values) in fields {
            for value in *values {
                assert!(found[*field].contains(*value), "{kind}: {field}: {value}");
            }
        }
    }
}

#[test]
fn every_optional_field_of_an_event_is_held_with_and_without_a_value() {
    let found = values_in("events");
    for field in OPTIONAL {
        let values = &found[*field];
        assert!(
            values.contains("null") && values.len() > 1,
            "{field}: {values:?}"
        );
    }
    let nullable = found.iter().filter(|(_, values)| values.contains("null"));
    for (field, _) in nullable {
        assert!(
            OPTIONAL.contains(&&**field),
            "{field} may be left out, and is not listed"
        );
    }
}
