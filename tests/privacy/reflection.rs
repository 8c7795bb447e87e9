//! The redacted fields of the contract, and changes to messages by reflection.

use std::collections::BTreeSet;

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ReflectMessage as _, Value,
};
use second_opinion::wire;

use crate::canaries::CANARIES;

pub struct Contract(DescriptorPool);

impl Contract {
    pub fn read() -> Self {
        Self(DescriptorPool::decode(wire::DESCRIPTOR).expect("a contract"))
    }

    fn methods(&self) -> Vec<MethodDescriptor> {
        let services = self.0.services();
        services
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .collect()
    }

    /// The path of every call.
    pub fn paths(&self) -> BTreeSet<String> {
        self.methods().iter().map(path).collect()
    }

    /// The name of every redacted text field in requests.
    pub fn redacted(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for method in self.methods() {
            collect(&method.input(), &mut seen, &mut found);
        }
        found
    }

    /// Decodes the message of a call.
    pub fn message(&self, call: &str, bytes: &[u8]) -> DynamicMessage {
        let methods = self.methods();
        let method = methods.iter().find(|method| path(method) == call);
        let input = method.expect("a call of the contract").input();
        DynamicMessage::decode(input, bytes).expect("a message")
    }
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn collect(message: &MessageDescriptor, seen: &mut BTreeSet<String>, found: &mut BTreeSet<String>) {
    if !seen.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        match field.kind() {
            Kind::Message(inner) => collect(&inner, seen, found),
            Kind::String if is_redacted(&field) => {
                found.insert(field.full_name().to_owned());
            }
            _ => {}
        }
    }
}

fn is_redacted(field: &FieldDescriptor) -> bool {
    let options = field.options();
    let option = options.get_field_by_name("debug_redact");
    option.is_some_and(|option| option.as_bool() == Some(true))
}

/// Applies a function to every redacted text of a message.
fn visit(message: &mut DynamicMessage, act: &mut impl FnMut(&FieldDescriptor, &mut String)) {
    let fields: Vec<FieldDescriptor> = message.descriptor().fields().collect();
    for field in fields {
        if !message.has_field(&field) {
            continue;
        }
        match message.get_field_mut(&field) {
            Value::List(items) => items
                .iter_mut()
                .for_each(|item| visit_value(&field, item, act)),
            value => visit_value(&field, value, act),
        }
    }
}

fn visit_value(
    field: &FieldDescriptor,
    value: &mut Value,
    act: &mut impl FnMut(&FieldDescriptor, &mut String),
) {
    match value {
        Value::Message(inner) => visit(inner, act),
        Value::String(text) if is_redacted(field) => act(field, text),
        _ => {}
    }
}

/// The redacted fields of a message that contain a canary.
pub fn fields_with_canaries(mut message: DynamicMessage) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    visit(&mut message, &mut |field, text| {
        let text = text.to_lowercase();
        if CANARIES.iter().any(|canary| text.contains(canary)) {
            fields.insert(field.full_name().to_owned());
        }
    });
    fields
}

/// Appends a control character, which is not allowed, to every redacted text.
pub fn malformed(mut message: DynamicMessage) -> DynamicMessage {
    visit(&mut message, &mut |_, text| text.push('\u{1}'));
    message
}

/// Sets top-level text fields to other values; fields that the message does not have are ignored.
pub fn with(mut message: DynamicMessage, values: &[(&str, &str)]) -> DynamicMessage {
    for (name, value) in values {
        let value = Value::String((*value).to_owned());
        if message.descriptor().get_field_by_name(name).is_some() {
            message.set_field_by_name(name, value);
        }
    }
    message
}
