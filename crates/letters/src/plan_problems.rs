//! Checks a plan's settings before any letter carries them.

use second_opinion_rules::case::{LanguageTag, is_phone};

use super::plan::{ContactPoint, Plan, PlanProblem};

/// Maximum length of a name or a line, in characters: the contract's limit for lines.
const LINE_CHARS_MAX: usize = 200;
/// Maximum number of lines of an address: more do not fit above a letter's text.
const ADDRESS_LINES_MAX: usize = 8;

impl Plan {
    /// Every problem of the plan's settings; empty: letters can carry them.
    ///
    /// A plan with a name of its own must also name its own offices: a letter must not send one plan's members to the
    /// offices of another.
    #[must_use]
    pub fn problems(&self) -> Vec<PlanProblem> {
        let mut problems = Vec::new();
        check_line(&mut problems, "plan.name", &self.name);
        check_address(&mut problems, "plan", &self.address_lines);
        let contacts = [
            ("plan.member_services", Some(&self.member_services)),
            (
                "plan.grievance_coordinator",
                Some(&self.grievance_coordinator),
            ),
            ("plan.appeals", Some(&self.appeals)),
            ("plan.state_hearing", Some(&self.state_hearing)),
            ("plan.ombudsman", Some(&self.ombudsman)),
            ("plan.legal_help", self.legal_help.as_ref()),
            ("plan.independent_review", self.independent_review.as_ref()),
        ];
        for (key, contact) in contacts {
            if let Some(contact) = contact {
                contact.check(key, &mut problems);
            }
        }
        let default = Self::default();
        if self.name != default.name {
            for (key, own, other) in [
                (
                    "plan.member_services",
                    &self.member_services,
                    &default.member_services,
                ),
                (
                    "plan.grievance_coordinator",
                    &self.grievance_coordinator,
                    &default.grievance_coordinator,
                ),
                ("plan.appeals", &self.appeals, &default.appeals),
            ] {
                if own == other {
                    let message =
                        format!("still that of {}; expected the plan's own", default.name);
                    problems.push(PlanProblem {
                        key: key.into(),
                        message,
                    });
                }
            }
        }
        problems
    }
}

impl ContactPoint {
    fn check(&self, key: &str, problems: &mut Vec<PlanProblem>) {
        check_line(problems, &format!("{key}.name"), &self.name);
        if !is_phone(&self.phone) {
            problems.push(PlanProblem {
                key: format!("{key}.phone"),
                message: format!(
                    "expected a phone number of 10 digits, got `{}`",
                    self.phone.escape_debug()
                ),
            });
        }
        for (field, text) in [
            ("tty", &self.tty),
            ("hours", &self.hours),
            ("website", &self.website),
        ] {
            if !text.is_empty() {
                check_line(problems, &format!("{key}.{field}"), text);
            }
        }
        check_address(problems, key, &self.address_lines);
        for (language, words) in &self.translations {
            if LanguageTag::parse(language).is_none_or(|tag| tag.primary() != *language) {
                problems.push(PlanProblem {
                    key: format!("{key}.translations.{language}"),
                    message: "expected a language such as `es`".into(),
                });
            }
            for (field, text) in [("name", &words.name), ("hours", &words.hours)] {
                if !text.is_empty() {
                    check_line(
                        problems,
                        &format!("{key}.translations.{language}.{field}"),
                        text,
                    );
                }
            }
        }
    }
}

fn check_address(problems: &mut Vec<PlanProblem>, key: &str, lines: &[String]) {
    if lines.len() > ADDRESS_LINES_MAX {
        problems.push(PlanProblem {
            key: format!("{key}.address_lines"),
            message: format!(
                "expected up to {ADDRESS_LINES_MAX} lines, got {}",
                lines.len()
            ),
        });
    }
    for (index, line) in lines.iter().enumerate() {
        check_line(problems, &format!("{key}.address_lines.{index}"), line);
    }
}

fn check_line(problems: &mut Vec<PlanProblem>, key: &str, line: &str) {
    let message = if line.trim().is_empty() {
        "empty; expected a text".into()
    } else if line.chars().count() > LINE_CHARS_MAX {
        format!(
            "expected up to {LINE_CHARS_MAX} characters, got {}",
            line.chars().count()
        )
    } else if line.chars().any(char::is_control) {
        "expected one line without control characters".into()
    } else {
        return;
    };
    problems.push(PlanProblem {
        key: key.into(),
        message,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(plan: &Plan) -> Vec<String> {
        plan.problems()
            .into_iter()
            .map(|problem| problem.key)
            .collect()
    }

    #[test]
    fn default_plan_has_no_problems() {
        assert_eq!(Plan::default().problems(), []);
    }

    #[test]
    fn every_problem_is_reported_with_its_key() {
        let mut plan = Plan {
            name: "  ".into(),
            ..Plan::default()
        };
        plan.grievance_coordinator.phone = "863-4155".into();
        plan.appeals.address_lines.push("one\ntwo".into());
        plan.member_services.hours = "always".into();
        plan.legal_help = Some(ContactPoint {
            phone: "(415) 555-0100".into(),
            ..ContactPoint::default()
        });
        assert_eq!(
            keys(&plan),
            [
                "plan.name",
                "plan.grievance_coordinator.phone",
                "plan.appeals.address_lines.4",
                "plan.legal_help.name",
            ]
        );
    }

    #[test]
    fn plan_with_its_own_name_must_name_its_own_offices() {
        let plan = Plan {
            name: "Another Plan".into(),
            ..Plan::default()
        };
        assert_eq!(
            keys(&plan),
            [
                "plan.member_services",
                "plan.grievance_coordinator",
                "plan.appeals"
            ]
        );
    }

    #[test]
    fn phone_may_have_an_extension() {
        for (phone, expected) in [
            ("1-800-952-5253", [].as_slice()),
            ("(800) 863-4155 ext. 12", [].as_slice()),
            ("", ["plan.appeals.phone"].as_slice()),
            ("711", ["plan.appeals.phone"].as_slice()),
        ] {
            let mut plan = Plan::default();
            plan.appeals.phone = phone.into();
            assert_eq!(keys(&plan), expected, "{phone}");
        }
    }
}
