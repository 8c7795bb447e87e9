//! The method and the message of a request.

use std::io::{self, Read as _};
use std::path::Path;

use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};
use serde_json::Value;
use uuid::Uuid;

use super::error::CallError;
use crate::wire::json;

/// The one method with a full name that is, or ends with, the given one.
pub(super) fn resolve(pool: &DescriptorPool, name: &str) -> Result<MethodDescriptor, CallError> {
    let wanted = format!(".{}", name.trim_start_matches('/').replace('/', "."));
    let services: Vec<_> = pool.services().collect();
    let methods = || services.iter().flat_map(ServiceDescriptor::methods);
    let mut found =
        methods().filter(|method| format!(".{}", method.full_name()).ends_with(&wanted));
    let list = |methods: Vec<MethodDescriptor>| {
        let names = methods
            .iter()
            .map(|it| format!("{}/{}", it.parent_service().name(), it.name()));
        names.collect::<Vec<_>>().join(", ")
    };
    match (found.next(), found.next()) {
        (Some(method), None) if method.is_client_streaming() => Err(CallError::Usage(format!(
            "`{name}` takes a stream of requests, but `call` sends one"
        ))),
        (Some(method), None) => Ok(method),
        (Some(one), Some(other)) => {
            let names = list([one, other].into_iter().chain(found).collect());
            Err(CallError::Usage(format!("`{name}` may be any of {names}")))
        }
        (None, _) => {
            let names = list(methods().collect());
            Err(CallError::Usage(format!(
                "no such method `{}`; the methods are {names}",
                name.escape_debug()
            )))
        }
    }
}

/// The text of a file, or of standard input.
pub(in crate::cli) fn read_input(path: &Path) -> Result<String, CallError> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| CallError::Usage(format!("`{}` cannot be read: {error}", path.display())))
}

/// The request, and the `request_id` that is generated where the document has none.
pub(super) fn compose(
    descriptor: &MessageDescriptor,
    text: &str,
    set: &[String],
) -> Result<(DynamicMessage, Option<Uuid>), CallError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let usage =
        |problem: String| CallError::Usage(format!("the request cannot be sent: {problem}"));
    let mut document: Value =
        serde_json::from_str(text).map_err(|error| usage(error.to_string()))?;
    for assignment in set {
        json::set(descriptor, &mut document, assignment).map_err(CallError::Usage)?;
    }
    let id_field = descriptor
        .get_field_by_name("request_id")
        .filter(|field| field.kind() == Kind::String && !json::has_field(&document, field));
    let mut generated = None;
    if let (Some(field), Some(object)) = (id_field, document.as_object_mut()) {
        let id = generated.insert(Uuid::now_v7());
        object.insert(field.json_name().to_owned(), Value::String(id.to_string()));
    }
    let message =
        json::from_json(descriptor.clone(), &document.to_string()).map_err(|problem| {
            // An error in the given text has the line and column that the person can find.
            usage(
                json::from_json(descriptor.clone(), text)
                    .err()
                    .unwrap_or(problem),
            )
        })?;
    Ok((message, generated))
}
