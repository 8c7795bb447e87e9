//! The policy and the letter templates that a configuration asks for.

use super::settings::Config;
use crate::notice::{TemplateErrors, Templates};
use crate::rules::{Calendar, Policy};

impl Config {
    /// The policy as the plan applies it.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let closures = self
            .calendar
            .closures
            .iter()
            .map(|closure| (closure.date, closure.name.clone()));
        Policy {
            calendar: Calendar::new(self.plan.time_zone, closures.collect()),
            law_limits: self.limits.law,
        }
    }

    /// The letter templates: the shipped ones, with those in the configured folder in place of some.
    ///
    /// # Errors
    /// When one of the plan's own cannot be used, or omits what it owes to its reader.
    pub fn templates(&self) -> Result<Templates, TemplateErrors> {
        match &self.notices.templates {
            None => Templates::built_in(),
            Some(folder) => Templates::with_folder(folder),
        }
    }
}
