//! The script of the golden cases: every step with its instant, call and request.
//!
//! `script/steps.json` holds the steps. A request is a base of `script/bases.json` with the step's own fields merged
//! into it; null takes a field away. In a request, `$base:NAME` stands for a base, `$etag` for the case's etag and
//! `$letter:N` for the id of its N-th letter.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use second_opinion::case::Case;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::record::Caller;

/// One step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The instant to which the clock moves first.
    pub at: Option<DateTime<Utc>>,
    /// The plan of the second server.
    pub plan: Option<String>,
    /// The name of the case.
    pub case: Option<String>,
    /// The name of the call.
    pub call: Option<String>,
    /// The caller; left out, a person where the call takes one alone.
    by: Option<Caller>,
    base: Option<String>,
    #[serde(default)]
    request: Value,
    /// Whether the request is recorded, so that its reply can be asked for again.
    #[serde(default)]
    pub replay: bool,
}

impl Step {
    /// Every step, in order.
    pub fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("script/steps.json")).expect("steps")
    }

    /// The caller.
    pub fn caller(&self) -> Caller {
        let decides = matches!(self.call.as_deref(), Some("IssueApproval" | "IssueDenial"));
        self.by.unwrap_or(if decides {
            Caller::Person
        } else {
            Caller::Service
        })
    }

    /// The request, about a case as it now is; `None`: the step opens one.
    pub fn request(&self, case: Option<&Case>) -> Value {
        request(self.base.as_deref(), &self.request, case)
    }
}

/// A base with fields merged into it, about a case.
pub fn request(base: Option<&str>, fields: &Value, case: Option<&Case>) -> Value {
    let mut request = base.map_or_else(|| Value::Object(Map::new()), self::base);
    merge(&mut request, fields);
    fill(&mut request, case);
    request
}

fn base(name: &str) -> Value {
    let mut bases: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("script/bases.json")).expect("bases");
    bases
        .remove(name)
        .unwrap_or_else(|| panic!("no base `{name}`"))
}

/// Merges as RFC 7396 has it.
fn merge(into: &mut Value, fields: &Value) {
    let Value::Object(fields) = fields else {
        if !fields.is_null() {
            into.clone_from(fields);
        }
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let object = into.as_object_mut().expect("an object");
    for (name, value) in fields {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn fill(value: &mut Value, case: Option<&Case>) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, case)),
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, case)),
        Value::String(text) => {
            let known = || case.expect("a case that was opened");
            if let Some(name) = text.strip_prefix("$base:") {
                *value = base(name);
            } else if text == "$etag" {
                *value = known().etag().into();
            } else if let Some(index) = text.strip_prefix("$letter:") {
                let index: usize = index.parse().expect("a number");
                let notice = &known().current.notices[index];
                *value = notice.notice_id.to_string().into();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
