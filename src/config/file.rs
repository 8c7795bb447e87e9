//! What does the file say, table by table?

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;
use toml::{Table, Value};

use super::args::Setting;
use super::error::Problem;
use super::suggest::did_you_mean;
use super::{Closure, plan_table, values};
use crate::identity::{Scope, ScopeSet};
use crate::notice::NoticeSettings;
use crate::plan::Plan;

/// The keys of the file besides the settings, each a table.
const TABLES: [&str; 7] = [
    "plan", "notices", "calendar", "limits", "sweeper", "callers", "web",
];

/// The file as it was read, or an empty one.
#[derive(Default)]
pub(super) struct ConfigFile {
    pub(super) path: Option<PathBuf>,
    content: Table,
}

impl ConfigFile {
    /// Reads a file, and names the keys in it that this program does not know.
    pub(super) fn read(path: PathBuf, problems: &mut Vec<Problem>) -> Self {
        let source = format!("file `{}`", path.display());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(Problem::new(source, format!("cannot be read: {error}")));
                return Self {
                    path: Some(path),
                    ..Self::default()
                };
            }
        };
        let content = Self::parse(&text, &source, problems);
        Self {
            path: Some(path),
            content,
        }
    }

    /// The parser's own report quotes the line at fault, which may hold a password: only its message is taken.
    fn parse(text: &str, source: &str, problems: &mut Vec<Problem>) -> Table {
        match toml::from_str::<Table>(text) {
            Ok(content) => {
                let known: Vec<&str> = Setting::ALL
                    .into_iter()
                    .map(Setting::key)
                    .chain(TABLES)
                    .collect();
                refuse_unknown(&content, "", &known, problems);
                content
            }
            Err(error) => {
                let before = error
                    .span()
                    .and_then(|span| text.get(..span.start))
                    .unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                problems.push(Problem::new(
                    format!("{source}, line {line}"),
                    error.message(),
                ));
                Table::new()
            }
        }
    }

    /// The keys that the file's tables hold, such as `plan.name`.
    pub(super) fn table_keys(&self) -> Vec<String> {
        let tables = self
            .content
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_table()?)));
        tables
            .flat_map(|(above, table)| table.keys().map(move |key| format!("{above}.{key}")))
            .collect()
    }

    pub(super) fn setting(&self, setting: Setting, problems: &mut Vec<Problem>) -> Option<&str> {
        match self.content.get(setting.key())? {
            Value::String(text) => Some(text),
            other => {
                problems.push(wrong_kind(setting.key(), "a string", other));
                None
            }
        }
    }

    /// The plan, with what the file leaves out taken from the default one.
    pub(super) fn plan(&self, problems: &mut Vec<Problem>) -> Plan {
        self.table("plan", problems)
            .map_or_else(Plan::default, |given| plan_table::read(given, problems))
    }

    /// What the plan sets about its letters. Each key is judged alone, so that none hides another.
    pub(super) fn notices(&self, problems: &mut Vec<Problem>) -> NoticeSettings {
        let Some(given) = self.table("notices", problems) else {
            return NoticeSettings::default();
        };
        let mut sound = Table::new();
        for (key, value) in given {
            let alone = Table::from_iter([(key.clone(), value.clone())]);
            match Value::Table(alone).try_into::<NoticeSettings>() {
                Ok(_) => {
                    sound.insert(key.clone(), value.clone());
                }
                Err(error) => problems.push(at(&format!("notices.{key}"), error.message())),
            }
        }
        // INVARIANT: every key of the sound part was taken alone, and no two of them bear on each other.
        let settings: NoticeSettings = Value::Table(sound).try_into().unwrap_or_default();
        let found = settings.problems();
        problems.extend(found.into_iter().map(|(key, message)| at(&key, message)));
        settings
    }

    /// The plan's further closures, in order of date.
    pub(super) fn closures(&self, problems: &mut Vec<Problem>) -> Vec<Closure> {
        let mut closures = BTreeMap::new();
        let Some(table) = self.table("calendar", problems) else {
            return Vec::new();
        };
        refuse_unknown(table, "calendar.", &["closures"], problems);
        for (index, entry) in list(table, "calendar", "closures", problems)
            .iter()
            .enumerate()
        {
            let key = format!("calendar.closures.{index}");
            let Some(entry) = entry.as_table() else {
                problems.push(wrong_kind(&key, "a table with `date` and `name`", entry));
                continue;
            };
            refuse_unknown(entry, &format!("{key}."), &["date", "name"], problems);
            let date = entry.get("date").and_then(read_date);
            let name = entry
                .get("name")
                .and_then(Value::as_str)
                .filter(|name| !name.trim().is_empty());
            if date.is_none() {
                problems.push(at(
                    &format!("{key}.date"),
                    "expected a date such as `2026-12-24`",
                ));
            }
            if name.is_none() {
                problems.push(at(
                    &format!("{key}.name"),
                    "expected the name of the closure",
                ));
            }
            if let (Some(date), Some(name)) = (date, name)
                && closures.insert(date, name.trim().to_owned()).is_some()
            {
                problems.push(at(
                    &format!("{key}.date"),
                    format!("expected each date once, got `{date}` again"),
                ));
            }
        }
        closures
            .into_iter()
            .map(|(date, name)| Closure { date, name })
            .collect()
    }

    /// Whether limits of law bind besides the policy's own.
    pub(super) fn law_limits(&self, problems: &mut Vec<Problem>) -> Option<bool> {
        let table = self.table("limits", problems)?;
        refuse_unknown(table, "limits.", &["law"], problems);
        let value = table.get("law")?;
        if value.as_bool().is_none() {
            problems.push(wrong_kind("limits.law", "`true` or `false`", value));
        }
        value.as_bool()
    }

    /// The shares of a clock's time, in percent, that the sweeper tells as they pass.
    pub(super) fn sweeper_rungs(&self, problems: &mut Vec<Problem>) -> Option<Vec<u8>> {
        let table = self.table("sweeper", problems)?;
        refuse_unknown(table, "sweeper.", &["rungs"], problems);
        let value = table.get("rungs")?;
        let rungs: Option<Vec<u8>> = value.as_array().and_then(|rungs| {
            let rung = |rung: &Value| rung.as_integer().and_then(|it| u8::try_from(it).ok());
            rungs.iter().map(rung).collect()
        });
        let rungs = rungs.filter(|rungs| {
            rungs.iter().all(|rung| (1..=99).contains(rung))
                && rungs.is_sorted_by(|one, next| one < next)
        });
        if rungs.is_none() {
            problems.push(at(
                "sweeper.rungs",
                "expected rising whole numbers from 1 to 99, such as `[50, 75, 90]`",
            ));
        }
        rungs
    }

    /// The scopes of each name that a client certificate can carry.
    pub(super) fn callers(&self, problems: &mut Vec<Problem>) -> BTreeMap<String, ScopeSet> {
        let mut callers = BTreeMap::new();
        for (name, value) in self.table("callers", problems).into_iter().flatten() {
            let key = format!("callers.\"{name}\"");
            let scopes: Option<String> = match value {
                Value::String(text) => Some(text.clone()),
                Value::Array(scopes) => {
                    let scopes: Option<Vec<&str>> = scopes.iter().map(Value::as_str).collect();
                    scopes.map(|scopes| scopes.join(" "))
                }
                _ => None,
            };
            let is_name = !name.trim().is_empty() && !name.chars().any(char::is_control);
            let Some(scopes) = scopes.filter(|_| is_name) else {
                problems.push(at(
                    &key,
                    "expected a name of one line, and its scopes as a string or a list of strings",
                ));
                continue;
            };
            for unknown in Scope::list(&scopes).filter_map(Result::err) {
                problems.push(at(&key, unknown.to_string()));
            }
            callers.insert(name.clone(), ScopeSet::parse(&scopes));
        }
        callers
    }

    /// The origins whose pages may call over gRPC-Web.
    pub(super) fn web_origins(&self, problems: &mut Vec<Problem>) -> Vec<String> {
        let Some(table) = self.table("web", problems) else {
            return Vec::new();
        };
        refuse_unknown(table, "web.", &["origins"], problems);
        let mut origins = Vec::new();
        for (index, value) in list(table, "web", "origins", problems).iter().enumerate() {
            match value.as_str().map(values::origin) {
                Some(Ok(origin)) => origins.push(origin),
                Some(Err(expected)) => problems.push(wrong_kind(
                    &format!("web.origins.{index}"),
                    &expected,
                    value,
                )),
                None => problems.push(wrong_kind(
                    &format!("web.origins.{index}"),
                    "a string",
                    value,
                )),
            }
        }
        origins
    }

    fn table(&self, key: &str, problems: &mut Vec<Problem>) -> Option<&Table> {
        let value = self.content.get(key)?;
        if !value.is_table() {
            problems.push(wrong_kind(key, "a table", value));
        }
        value.as_table()
    }
}

fn list<'a>(table: &'a Table, name: &str, key: &str, problems: &mut Vec<Problem>) -> &'a [Value] {
    match table.get(key) {
        None => &[],
        Some(Value::Array(values)) => values,
        Some(other) => {
            problems.push(wrong_kind(&format!("{name}.{key}"), "a list", other));
            &[]
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

fn refuse_unknown(table: &Table, above: &str, known: &[&str], problems: &mut Vec<Problem>) {
    for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
        let hint = did_you_mean(key, known.iter().copied());
        problems.push(at(&format!("{above}{key}"), format!("no such key{hint}")));
    }
}

fn wrong_kind(key: &str, expected: &str, got: &Value) -> Problem {
    let got = match got {
        Value::String(text) => format!("`{}`", text.escape_debug()),
        other => format!("a TOML {}", other.type_str()),
    };
    at(key, format!("expected {expected}, got {got}"))
}

/// A problem with the value at a key.
pub(super) fn at(key: &str, message: impl Into<String>) -> Problem {
    Problem::new(format!("file key `{}`", key.escape_debug()), message)
}
