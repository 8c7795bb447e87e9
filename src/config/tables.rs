//! The tables that the file alone can hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use toml::{Table, Value};

use super::problem::Problem;
use super::sources::Sources;
use super::value;
use crate::identity::ScopeSet;
use crate::notice::NoticeSettings;
use crate::plan::Plan;

/// The plan's calendar.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    /// The plan's closures besides the State's holidays, no date twice.
    pub closures: Vec<Closure>,
}

/// A day on which the plan is closed, besides the State's holidays.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Closure {
    /// The day, local to the plan.
    pub date: NaiveDate,
    /// Its name.
    pub name: String,
}

/// The limits that apply.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whether the limits of law apply besides the policy's own.
    pub law: bool,
}

/// The reminders before a due instant.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sweeper {
    /// The reminder thresholds: shares of a clock's time in percent, 1 to 99, rising; none: no reminders. After a change a
    /// case gets the new ones from its next event on, or from the next instant that it waited for.
    #[serde(deserialize_with = "thresholds")]
    pub rungs: Vec<u8>,
}

/// Callers from web pages.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// The origins of pages that may call over gRPC-Web.
    #[serde(deserialize_with = "origins")]
    pub origins: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { law: true }
    }
}

impl Default for Sweeper {
    fn default() -> Self {
        Self {
            rungs: vec![50, 75, 90],
        }
    }
}

impl<'de> Deserialize<'de> for Closure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = Table::deserialize(deserializer)?;
        let date = table.get("date").and_then(read_date);
        let name = table.get("name").and_then(Value::as_str).map(str::trim);
        match (date, name) {
            (Some(date), Some(name)) if !name.is_empty() && table.len() == 2 => Ok(Self {
                date,
                name: name.to_owned(),
            }),
            _ => Err(D::Error::custom(
                "expected a `date` such as `2026-12-24` and the `name` of the closure",
            )),
        }
    }
}

fn read_date(value: &Value) -> Option<NaiveDate> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Datetime(date) if date.time.is_none() => date.to_string(),
        _ => return None,
    };
    NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()
}

fn thresholds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    Vec::<u8>::deserialize(deserializer)
        .ok()
        .filter(|it| it.iter().all(|share| (1..=99).contains(share)))
        .filter(|it| it.is_sorted_by(|one, next| one < next))
        .ok_or_else(|| {
            D::Error::custom("expected rising whole numbers from 1 to 99, such as `[50, 75, 90]`")
        })
}

fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let origins = Vec::<String>::deserialize(deserializer)?;
    for text in &origins {
        value::origin(text).map_err(|expected| {
            D::Error::custom(format!(
                "expected {expected}, got `{}`",
                text.escape_debug()
            ))
        })?;
    }
    Ok(origins)
}

/// A table of the file.
pub(super) trait FileTable: Default + DeserializeOwned {
    /// The problems of values that are sound one by one, by key.
    fn problems(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

impl FileTable for Plan {
    fn problems(&self) -> Vec<(String, String)> {
        let problems = Plan::problems(self).into_iter();
        problems.map(|it| (it.key, it.message)).collect()
    }
}

impl FileTable for NoticeSettings {
    fn problems(&self) -> Vec<(String, String)> {
        NoticeSettings::problems(self)
    }
}

impl FileTable for Calendar {
    fn problems(&self) -> Vec<(String, String)> {
        let mut seen = BTreeSet::new();
        let again = self.closures.iter().filter(|it| !seen.insert(it.date));
        let problem = |closure: &Closure| {
            let message = format!("expected each date once, got `{}` again", closure.date);
            ("calendar.closures".to_owned(), message)
        };
        again.map(problem).collect()
    }
}

impl FileTable for BTreeMap<String, ScopeSet> {
    fn problems(&self) -> Vec<(String, String)> {
        let is_name = |name: &str| !name.trim().is_empty() && !name.chars().any(char::is_control);
        let names = self.keys().filter(|name| !is_name(name));
        names
            .map(|name| {
                let message = "expected a name of one line".to_owned();
                (format!("callers.{}", quote(name)), message)
            })
            .collect()
    }
}

impl FileTable for Limits {}
impl FileTable for Sweeper {}
impl FileTable for Web {}

/// Reads a table. What the file leaves out, or what is refused, has its default.
pub(super) fn read<T: FileTable>(name: &str, sources: &mut Sources<'_>) -> T {
    let Some(given) = sources.table(name) else {
        return T::default();
    };
    let mut refused = Vec::new();
    let sound = sound_part::<T>(&[name], given, &mut refused);
    // INVARIANT: every value of the sound part was read alone.
    let table = sound.map_or_else(T::default, |sound| sound.try_into().unwrap_or_default());
    for (key, message) in table.problems() {
        // A refused value has its default here, which is not what was given.
        if !refused.iter().any(|(it, _)| *it == key) {
            refused.push((key, message));
        }
    }
    for (key, message) in refused {
        sources.add_problem(Problem::at(&key, message));
    }
    table
}

/// The part of a value that can be read as a part of `T`. The smallest refused values are reported with their keys, so
/// that no refused value hides another.
fn sound_part<T: FileTable>(
    path: &[&str],
    value: &Value,
    refused: &mut Vec<(String, String)>,
) -> Option<Value> {
    let Err(error) = alone::<T>(path, value.clone()) else {
        return Some(value.clone());
    };
    let before = refused.len();
    let sound = match value {
        Value::Table(table) => {
            let mut sound = Table::new();
            for (key, value) in table {
                let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                if let Some(value) = sound_part::<T>(&path, value, refused) {
                    sound.insert(key.clone(), value);
                }
            }
            Value::Table(sound)
        }
        Value::Array(items) => {
            let mut sound = Vec::new();
            for (index, item) in items.iter().enumerate() {
                match alone::<T>(path, Value::Array(vec![item.clone()])) {
                    Ok(_) => sound.push(item.clone()),
                    Err(message) => refused.push((format!("{}.{index}", key_of(path)), message)),
                }
            }
            Value::Array(sound)
        }
        // A single value has no smaller part.
        _ => value.clone(),
    };
    if refused.len() == before {
        refused.push((key_of(path), error));
        return None;
    }
    Some(sound)
}

/// Reads a table that holds one value alone.
fn alone<T: FileTable>(path: &[&str], value: Value) -> Result<T, String> {
    let table = path[1..].iter().rev().fold(value, |value, key| {
        Value::Table(Table::from_iter([((*key).to_owned(), value)]))
    });
    table.try_into().map_err(|error| error.message().to_owned())
}

fn key_of(path: &[&str]) -> String {
    let quoted = path.iter().map(|key| quote(key));
    quoted.collect::<Vec<_>>().join(".")
}

/// A key as TOML has it.
pub(super) fn quote(key: &str) -> String {
    let is_bare = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    if !key.is_empty() && key.chars().all(is_bare) {
        key.to_owned()
    } else {
        Value::String(key.to_owned()).to_string()
    }
}
