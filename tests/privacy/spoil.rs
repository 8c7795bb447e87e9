//! Which fields does the contract redact, and how is a message spoiled without a look at what it means?

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

    /// Every call, as a path says it.
    pub fn paths(&self) -> BTreeSet<String> {
        self.methods().iter().map(path).collect()
    }

    /// Every redacted text that a caller can send.
    pub fn redacted(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for method in self.methods() {
            collect(&method.input(), &mut seen, &mut found);
        }
        found
    }

    /// The message of a call.
    pub fn message(&self, path_of: &str, bytes: &[u8]) -> DynamicMessage {
        let methods = self.methods();
        let method = methods.iter().find(|method| path(method) == path_of);
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

/// Does something to every redacted text of a message.
fn visit(message: &mut DynamicMessage, act: &mut impl FnMut(&FieldDescriptor, &mut String)) {
    let fields: Vec<FieldDescriptor> = message.descriptor().fields().collect();
    for field in fields {
        if !message.has_field(&field) {
            continue;
        }
        match message.get_field_mut(&field) {
            Value::List(items) => items.iter_mut().for_each(|item| one(&field, item, act)),
            value => one(&field, value, act),
        }
    }
}

fn one(
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

/// The redacted fields of a message that hold a canary.
pub fn held(mut message: DynamicMessage) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    visit(&mut message, &mut |field, text| {
        let text = text.to_lowercase();
        if CANARIES.iter().any(|canary| text.contains(canary)) {
            held.insert(field.full_name().to_owned());
        }
    });
    held
}

/// The message with a sign in every redacted text that none may have.
pub fn malformed(mut message: DynamicMessage) -> DynamicMessage {
    visit(&mut message, &mut |_, text| text.push('\u{1}'));
    message
}

/// The message with other values in fields of the top; those that it does not have are left out.
pub fn with(mut message: DynamicMessage, values: &[(&str, &str)]) -> DynamicMessage {
    for (name, value) in values {
        let value = Value::String((*value).to_owned());
        if message.descriptor().get_field_by_name(name).is_some() {
            message.set_field_by_name(name, value);
        }
    }
    message
}
