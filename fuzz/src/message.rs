//! Builds messages from bytes: every field of the descriptor, usually with a valid value.

use arbitrary::Unstructured;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::support::{below, number, once_in, one_of, text};

/// Usual maximum number of items in a list.
const USUAL_ITEMS_MAX: usize = 4;
/// One more than the contract's maximum of 50 items.
const TOO_MANY_ITEMS: usize = 51;

/// Texts that break careless parsers and renderers.
const HOSTILE: [&str; 14] = [
    " ",
    "\n",
    "\u{0}",
    "\u{2}\u{3}\u{1e}",
    "\u{85}\u{2028}\u{2029}",
    "\u{202e}\u{feff}\u{200b}",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=y>",
    "# heading",
    "- item | more",
    "**strong** {{ letter }} {% if x %}",
    "## appeal | words",
    "é\u{301}\u{10ffff}",
    "9999-12-31",
];

/// Builds a message; once the bytes run out, the remaining fields get valid values.
pub fn any(bytes: &mut Unstructured<'_>, descriptor: &MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        // Of the fields of a oneof, the last one set wins.
        if field.containing_oneof().is_some() && once_in(bytes, 2) || once_in(bytes, 6) {
            continue;
        }
        let value = if field.is_list() {
            list(bytes, &field)
        } else {
            single(bytes, &field)
        };
        message.set_field(&field, value);
    }
    message
}

fn list(bytes: &mut Unstructured<'_>, field: &FieldDescriptor) -> Value {
    let length = if once_in(bytes, 40) {
        TOO_MANY_ITEMS
    } else {
        1 + below(bytes, USUAL_ITEMS_MAX)
    };
    Value::List((0..length).map(|_| single(bytes, field)).collect())
}

fn single(bytes: &mut Unstructured<'_>, field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(inner) if inner.full_name() == "google.protobuf.Timestamp" => {
            Value::Message(instant(bytes, inner))
        }
        Kind::Message(inner) => Value::Message(any(bytes, &inner)),
        Kind::Enum(inner) => Value::EnumNumber(if once_in(bytes, 20) {
            any_i32(bytes)
        } else {
            let values: Vec<i32> = inner.values().map(|value| value.number()).collect();
            // The first value is UNSPECIFIED.
            values[(1 + below(bytes, values.len())) % values.len()]
        }),
        Kind::String => Value::String(string(bytes, field.name())),
        Kind::Bool => Value::Bool(once_in(bytes, 2)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(if once_in(bytes, 2) { any_i32(bytes) } else { 1 })
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number(bytes)),
        other => unreachable!("no request has a field of kind {other:?}"),
    }
}

fn any_i32(bytes: &mut Unstructured<'_>) -> i32 {
    bytes.arbitrary().unwrap_or_default()
}

/// Usually an instant before the server's clock, sometimes an arbitrary pair of numbers.
fn instant(bytes: &mut Unstructured<'_>, descriptor: MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor);
    let (seconds, nanos) = if once_in(bytes, 8) {
        (number(bytes), any_i32(bytes))
    } else {
        let age_seconds = i64::try_from(below(bytes, 200 * 86_400)).unwrap_or_default();
        let nanos = one_of(bytes, &[0, 1, 999_999_999, 500_000_000]);
        (super::support::now().timestamp() - age_seconds, nanos)
    };
    message.set_field_by_name("seconds", Value::I64(seconds));
    message.set_field_by_name("nanos", Value::I32(nanos));
    message
}

fn string(bytes: &mut Unstructured<'_>, name: &str) -> String {
    match below(bytes, 16) {
        12 => String::new(),
        13 => one_of(bytes, &HOSTILE).to_owned(),
        14 => text(bytes),
        15 => "é".repeat(one_of(bytes, &[200, 201, 4_000, 4_001])),
        _ => valid(bytes, name).to_owned(),
    }
}

/// A valid value for a field of this name.
fn valid(bytes: &mut Unstructured<'_>, name: &str) -> &'static str {
    let all: &[&str] = match name {
        "request_id" | "determination_id" | "notice_id" => {
            &["018f3c2e-0000-7000-8000-000000000001"]
        }
        "member_id" => &["90000001A", "90000002A"],
        "npi" | "initiating_professional_npi" => &["1234567893", "1993999998", "1245319599"],
        "phone" | "fax" => &["(707) 555-0100", "+1 707 555 0104 ext 5"],
        "preferred_language" | "spoken_language" | "language" => &["en", "es", "vi", "es-MX"],
        "diagnosis_codes" => &["C50.911", "M54.5"],
        "procedure_codes" | "service_code" => &["99245", "G0463"],
        "taxonomy_code" => &["207RC0000X"],
        "valid_from" => &["2026-03-02", "2026-01-01"],
        "valid_through" | "first_appointment" => &["2026-12-31", "2026-03-09"],
        "version" => &["2024-09-11"],
        "license_state" => &["CA", ""],
        "etag" | "page_token" | "cursor" => &[""],
        "name" => &["Sample Clinic", "Dr. Sample", "Sample Network Clinic"],
        _ => &["Sample words", "Two lines\nof sample words"],
    };
    // A name, a title or a line may not have a second line.
    let choices = if all.len() == 2 && all[1].contains('\n') && !is_multiline(name) {
        &all[..1]
    } else {
        all
    };
    one_of(bytes, choices)
}

/// Whether a field of this name may contain line breaks.
fn is_multiline(name: &str) -> bool {
    [
        "explanation",
        "clinical_rationale",
        "rationale",
        "summary",
        "statement",
        "detail",
        "reason",
    ]
    .contains(&name)
}
