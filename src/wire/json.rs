//! Converts messages to and from proto JSON.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

/// Writes a message as indented proto JSON: camelCase names, enums by name, defaults left out.
///
/// # Errors
///
/// Fails if the message has no JSON form, such as a timestamp beyond year 9999.
pub fn to_json(message: &DynamicMessage) -> Result<String, String> {
    serde_json::to_string_pretty(message).map_err(|error| error.to_string())
}

/// Reads proto JSON as a message. Proto names and camelCase names are accepted.
///
/// # Errors
///
/// Fails with the problem and its place: an unknown field, a value of another type, or invalid JSON.
pub fn from_json(descriptor: MessageDescriptor, text: &str) -> Result<DynamicMessage, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let message =
        DynamicMessage::deserialize(descriptor, &mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(message)
}

/// Whether the document has the field, by its proto name or its camelCase name.
#[must_use]
pub fn has_field(document: &Value, field: &FieldDescriptor) -> bool {
    document.get(field.name()).is_some() || document.get(field.json_name()).is_some()
}

/// Sets one value in a document, from `path=value`.
///
/// The path consists of proto or camelCase names and list indices (from 0; the index after the last appends), separated
/// by dots: `second_opinion.requesters.0.member`. `requesters[0]`, the notation of violations, is accepted too. Missing
/// objects and lists on the path are added. The value is read as JSON if it is JSON and the field is not a string, else
/// as text.
///
/// # Errors
///
/// Fails if there is no `=`, the message has no such field, or the index is beyond the list.
pub fn set(
    descriptor: &MessageDescriptor,
    document: &mut Value,
    assignment: &str,
) -> Result<(), String> {
    let (path, text) = assignment
        .split_once('=')
        .ok_or_else(|| format!("expected `path=value`, got `{}`", assignment.escape_debug()))?;
    let (mut node, mut value) = (NodeType::One(Kind::Message(descriptor.clone())), document);
    let mut walked = String::new();
    for step in path
        .split(['.', '['])
        .map(|step| step.strip_suffix(']').unwrap_or(step))
    {
        (node, value) = descend(&node, value, step).map_err(|problem| {
            let above = if walked.is_empty() {
                "the request"
            } else {
                walked.as_str()
            };
            format!("cannot set `{}`: {above} {problem}", path.escape_debug())
        })?;
        walked = if walked.is_empty() {
            step.into()
        } else {
            format!("{walked}.{step}")
        };
    }
    let as_text = || Value::String(text.to_owned());
    *value = match node {
        NodeType::One(Kind::String | Kind::Bytes) => as_text(),
        _ => serde_json::from_str(text).unwrap_or_else(|_| as_text()),
    };
    Ok(())
}

/// The type of a node of the document, by the descriptor.
enum NodeType {
    One(Kind),
    List(Kind),
    Map(Kind),
}

impl NodeType {
    fn of(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                Self::Map(entry.map_entry_value_field().kind())
            }
            kind if field.is_list() => Self::List(kind),
            kind => Self::One(kind),
        }
    }
}

fn descend<'v>(
    node: &NodeType,
    value: &'v mut Value,
    step: &str,
) -> Result<(NodeType, &'v mut Value), String> {
    match node {
        NodeType::One(Kind::Message(message)) if message.package_name() == "google.protobuf" => {
            Err(format!("is a {}: set it as a whole", message.full_name()))
        }
        NodeType::One(Kind::Message(message)) => {
            let field = message
                .get_field_by_name(step)
                .or_else(|| message.get_field_by_json_name(step))
                .ok_or_else(|| unknown_field(message, step))?;
            let object = object(value)?;
            let key = if object.contains_key(field.name()) {
                field.name()
            } else {
                field.json_name()
            };
            Ok((
                NodeType::of(&field),
                object.entry(key).or_insert(Value::Null),
            ))
        }
        NodeType::List(kind) => {
            if value.is_null() {
                *value = Value::Array(Vec::new());
            }
            let list = value
                .as_array_mut()
                .ok_or("is not a list in the document")?;
            let length = list.len();
            let index: usize = step
                .parse()
                .map_err(|_| format!("is a list: expected an index, got `{step}`"))?;
            if index > length {
                return Err(format!(
                    "has {length} entries: expected an index up to {length}, got `{index}`"
                ));
            }
            if index == length {
                list.push(Value::Null);
            }
            Ok((NodeType::One(kind.clone()), &mut list[index]))
        }
        NodeType::Map(kind) => Ok((
            NodeType::One(kind.clone()),
            object(value)?.entry(step).or_insert(Value::Null),
        )),
        NodeType::One(_) => Err(format!(
            "is a single value and has no `{}`",
            step.escape_debug()
        )),
    }
}

fn object(value: &mut Value) -> Result<&mut serde_json::Map<String, Value>, String> {
    if value.is_null() {
        *value = Value::Object(serde_json::Map::new());
    }
    value
        .as_object_mut()
        .ok_or_else(|| "is not an object in the document".into())
}

fn unknown_field(message: &MessageDescriptor, step: &str) -> String {
    let known: Vec<String> = message
        .fields()
        .map(|field| format!("`{}`", field.name()))
        .collect();
    let known = if known.is_empty() {
        "none".into()
    } else {
        known.join(", ")
    };
    format!("has no field `{}`; it has {known}", step.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::DescriptorPool;
    use serde_json::json;

    fn descriptor(name: &str) -> MessageDescriptor {
        let pool = DescriptorPool::decode(crate::wire::DESCRIPTOR).expect("the contract");
        pool.get_message_by_name(&format!("um.secondopinion.v1.{name}"))
            .expect("a message")
    }

    fn after(document: Value, assignments: &[&str]) -> Result<Value, String> {
        let mut document = document;
        for assignment in assignments {
            set(
                &descriptor("SubmitSecondOpinionRequest"),
                &mut document,
                assignment,
            )?;
        }
        Ok(document)
    }

    #[test]
    fn paths_accept_both_kinds_of_names_and_indices() {
        let given = json!({"second_opinion": {"member": {"memberId": "91234567A"}}});
        let set = [
            "second_opinion.member.full_name=A=B",
            "secondOpinion.member.member_id=92345678B",
            "second_opinion.requesters.0.member={}",
            "second_opinion.requesters.1.healthProfessional.npi=1234567893",
            "second_opinion.clinical_context.diagnosis_codes=[\"C50.911\"]",
            "second_opinion.clinical_context.diagnosis_codes.1=42",
            "second_opinion.requested_provider.network_status=NETWORK_STATUS_IN_NETWORK",
            "second_opinion.requested_provider.role=2",
            "second_opinion.received_at=2026-11-20T17:00:00Z",
            "second_opinion.requesters[2].authorized_representative.authorization_on_file=true",
        ];
        let wanted = json!({
            "second_opinion": {
                "member": {"memberId": "92345678B", "fullName": "A=B"},
                "requesters": [{"member": {}}, {"healthProfessional": {"npi": "1234567893"}}, {"authorizedRepresentative": {"authorizationOnFile": true}}],
                "clinicalContext": {"diagnosisCodes": ["C50.911", "42"]},
                "requestedProvider": {"networkStatus": "NETWORK_STATUS_IN_NETWORK", "role": 2},
                "receivedAt": "2026-11-20T17:00:00Z",
            },
        });
        let document = after(given, &set).expect("a document");
        assert_eq!(document, wanted);
        let message = from_json(
            descriptor("SubmitSecondOpinionRequest"),
            &document.to_string(),
        )
        .expect("a message");
        assert!(
            to_json(&message)
                .expect("JSON")
                .contains("PROVIDER_ROLE_SPECIALIST")
        );
    }

    #[test]
    fn unreachable_path_is_an_error_that_names_the_step() {
        for (assignment, expected) in [
            ("request_id", "expected `path=value`"),
            (
                "second_opinion.membre.full_name=x",
                "second_opinion has no field `membre`; it has `member`,",
            ),
            ("nothing=1", "the request has no field `nothing`"),
            (
                "second_opinion.requesters.1.member={}",
                "second_opinion.requesters has 0 entries",
            ),
            (
                "second_opinion.requesters.first.member={}",
                "expected an index, got `first`",
            ),
            ("request_id.deeper=1", "request_id is a single value"),
            (
                "second_opinion.received_at.seconds=1",
                "second_opinion.received_at is a google.protobuf.Timestamp",
            ),
        ] {
            let problem = after(json!({}), &[assignment]).expect_err(assignment);
            assert!(problem.contains(expected), "{problem}");
        }
        let problem = after(json!({"second_opinion": 1}), &["second_opinion.member={}"])
            .expect_err("no object");
        assert!(
            problem.contains("second_opinion is not an object in the document"),
            "{problem}"
        );
    }

    #[test]
    fn unknown_field_is_an_error_that_names_it() {
        let problem =
            from_json(descriptor("Member"), "{\"full_nam\": \"x\"}").expect_err("unknown");
        assert!(
            problem.contains("full_nam") && problem.contains("line 1"),
            "{problem}"
        );
        assert!(from_json(descriptor("Member"), "{} {}").is_err());
    }

    #[test]
    fn json_round_trips() {
        let text =
            "{\n  \"fullName\": \"A\",\n  \"addressLines\": [\n    \"1 Main Street\"\n  ]\n}";
        let message = from_json(descriptor("Member"), text).expect("a message");
        assert_eq!(to_json(&message), Ok(text.to_owned()));
    }
}
