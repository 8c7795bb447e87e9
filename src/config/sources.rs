//! A setting and its sources: flags, then environment variables, then the file, then its default.

use std::collections::BTreeMap;
use std::fmt;

use second_opinion_store::redact_url;
use toml::Value;

use super::environment::{Environment, PREFIX};
use super::file::ConfigFile;
use super::problem::Problem;

/// A setting that a flag, a variable and a key of the file can hold.
#[derive(Debug)]
pub struct Setting {
    /// The key in the file. Flag and variable are derived from it.
    pub key: &'static str,
    /// The placeholder of the value in the usage text.
    pub value_name: &'static str,
    /// The default; `None` for a setting that may be absent.
    pub default: Option<&'static str>,
    pub(super) help: &'static str,
}

impl Setting {
    /// The flag, such as `--ops-listen`.
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }

    /// The variable, such as `SECOND_OPINION_OPS_LISTEN`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_ascii_uppercase())
    }

    /// The meaning of the value.
    #[must_use]
    pub fn help(&self) -> &'static str {
        self.help.trim_start()
    }
}

/// Replaced by the data folder in every value.
const DATA_PLACEHOLDER: &str = "{data}";

/// The configuration's flags, which every subcommand takes. [`load`](super::load) parses their values.
#[derive(Clone, Default)]
pub struct ConfigArgs(BTreeMap<String, String>);

impl ConfigArgs {
    /// Flags by their keys, such as `config` or `ops_listen`.
    pub fn of<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter();
        Self(
            pairs
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }

    pub(super) fn get(&self, setting: &Setting) -> Option<&str> {
        self.0.get(setting.key).map(String::as_str)
    }
}

impl fmt::Debug for ConfigArgs {
    /// The keys alone: a value may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// The source of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    Flag,
    Environment,
    File,
    Default,
}

impl Origin {
    /// The flag, the variable or the key of the file that holds a setting.
    pub(super) fn place(self, setting: &Setting) -> String {
        match self {
            Self::Flag => format!("flag `{}`", setting.flag()),
            Self::Environment => format!("variable `{}`", setting.variable()),
            Self::File => format!("file key `{}`", setting.key),
            Self::Default => format!("default of `{}`", setting.key),
        }
    }
}

/// The value that a setting has, as text that may be shown, and its source.
#[derive(Clone, Debug)]
pub(super) struct Effective {
    pub(super) setting: &'static Setting,
    /// `None`: the setting is absent.
    pub(super) text: Option<String>,
    pub(super) origin: Origin,
}

/// The source of each value.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    pub(super) settings: Vec<Effective>,
    pub(super) file: ConfigFile,
}

impl Origins {
    /// Whether a source gives the setting, be it with a value that is refused.
    pub(super) fn has(&self, key: &str) -> bool {
        self.of(key).origin != Origin::Default
    }

    /// The place of a setting's value.
    pub(super) fn place(&self, key: &str) -> String {
        let effective = self.of(key);
        effective.origin.place(effective.setting)
    }

    fn of(&self, key: &str) -> &Effective {
        let mut settings = self.settings.iter();
        // INVARIANT: every setting of the table was read; callers name settings of the table.
        settings
            .find(|it| it.setting.key == key)
            .expect("a setting of the table")
    }
}

/// The sources while they are read, with the problems found so far.
#[derive(Default)]
pub(super) struct Sources<'a> {
    args: Option<&'a ConfigArgs>,
    environment: Option<&'a Environment>,
    origins: Origins,
    problems: Vec<Problem>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(
        args: &'a ConfigArgs,
        environment: &'a Environment,
        file: ConfigFile,
        problems: Vec<Problem>,
    ) -> Self {
        Self {
            args: Some(args),
            environment: Some(environment),
            origins: Origins {
                settings: Vec::new(),
                file,
            },
            problems,
        }
    }

    /// The value from the first source that gives the setting. The values of the other sources are checked too.
    pub(super) fn take<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let in_file = match self.origins.file.get(setting.key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => {
                let message = format!("expected a string, got a TOML {}", other.type_str());
                self.problems.push(Problem::at(setting.key, message));
                None
            }
            None => None,
        };
        let variable = setting.variable();
        let sources = [
            (Origin::Flag, self.args.and_then(|it| it.get(setting))),
            (
                Origin::Environment,
                self.environment.and_then(|it| it.get(&variable)),
            ),
            (Origin::File, in_file.as_deref()),
        ];
        let mut first = None;
        for (origin, text) in sources {
            let Some(text) = text else { continue };
            let text = self.with_data_folder(text);
            let parsed = parse(&text).map_err(|expected| {
                let got = redact_url(&text);
                let message = format!("expected {expected}, got `{}`", got.escape_debug());
                self.problems
                    .push(Problem::new(origin.place(setting), message));
            });
            first.get_or_insert((origin, text, parsed.ok()));
        }
        let default = || setting.default.map(|text| self.with_data_folder(text));
        let (origin, text, value) = first.map_or_else(
            || (Origin::Default, default(), None),
            |(origin, text, value)| (origin, Some(text), value),
        );
        self.origins.settings.push(Effective {
            setting,
            text: text.as_deref().map(without_password),
            origin,
        });
        value
    }

    /// The value of a default.
    ///
    /// # Panics
    ///
    /// When the default cannot be parsed, which a test excludes.
    pub(super) fn parse_default<T>(
        &self,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        parse(&self.with_data_folder(default)).unwrap_or_else(|expected| panic!("{expected}"))
    }

    /// The table of the file with this name.
    pub(super) fn table(&self, name: &str) -> Option<&Value> {
        self.origins.file.get(name)
    }

    pub(super) fn add_problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn finish(self) -> (Origins, Vec<Problem>) {
        (self.origins, self.problems)
    }

    fn with_data_folder(&self, text: &str) -> String {
        let mut settings = self.origins.settings.iter();
        let data = settings.find(|it| it.setting.key == "data");
        match data.and_then(|data| data.text.as_deref()) {
            Some(folder) => text.replace(DATA_PLACEHOLDER, folder),
            None => text.to_owned(),
        }
    }
}

/// A value as it may be shown: whatever setting it is, a URL is shown without its password.
fn without_password(text: &str) -> String {
    if text.contains("://") {
        redact_url(text)
    } else {
        text.to_owned()
    }
}
