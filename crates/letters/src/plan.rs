//! Who is the plan, and where do its members turn?
//!
//! Pure data: letters print it, the calendar takes its time zone. Where nothing is configured it is Partnership,
//! from its public pages.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use second_opinion_rules::case::LanguageTag;

/// The health plan in whose name determinations are made and letters are sent.
///
/// A contact point that is given replaces the default one as a whole, so that no letter mixes two offices.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The plan's name, as letters print it.
    pub name: String,
    /// The plan's own address, as letters print it above the member's; empty: none is printed.
    pub address_lines: Vec<String>,
    /// The time zone in which the plan's days begin and end.
    #[serde(deserialize_with = "read_zone", serialize_with = "write_zone")]
    pub time_zone: Tz,
    /// Whether the plan holds a Knox-Keene licence; it decides which "Your Rights" text a letter carries.
    pub knox_keene: bool,
    /// Member Services.
    pub member_services: ContactPoint,
    /// The Grievance Coordinator of clause VI.E.
    pub grievance_coordinator: ContactPoint,
    /// Where appeals go (VI.F).
    pub appeals: ContactPoint,
    /// The State Hearings Division.
    pub state_hearing: ContactPoint,
    /// The Medi-Cal managed care Ombudsman.
    pub ombudsman: ContactPoint,
    /// Free legal help, where the plan names an office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_help: Option<ContactPoint>,
    /// Who hears an independent medical review; letters print it where `knox_keene` is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub independent_review: Option<ContactPoint>,
}

/// One office that a member can reach. An empty text means that the office has none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactPoint {
    /// The office's name.
    pub name: String,
    /// The telephone number, as it is printed.
    pub phone: String,
    /// The TTY or relay number, as it is printed.
    pub tty: String,
    /// When someone answers, in words.
    pub hours: String,
    /// The postal address, a line each.
    pub address_lines: Vec<String>,
    /// The address of the office's page.
    pub website: String,
    /// The name and the hours in other languages, by primary tag such as `es`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub translations: BTreeMap<String, OfficeWords>,
}

/// What of an office is said in words, in one language. An empty text means that the English one is printed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfficeWords {
    /// The office's name.
    pub name: String,
    /// When someone answers, in words.
    pub hours: String,
}

/// Something in a plan that no letter should carry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlanProblem {
    /// The key, such as `plan.grievance_coordinator.phone`.
    pub key: String,
    /// What is wrong with it, and what is expected.
    pub message: String,
}

/// As long as a name or a line may be, in characters.
const LINE_CHARS_MAX: usize = 200;
/// As many lines as an address may have.
const ADDRESS_LINES_MAX: usize = 8;

// === impl Plan ===

impl Default for Plan {
    /// Partnership and the State's offices, with the numbers, hours and addresses of their public pages.
    fn default() -> Self {
        let tty = "(800) 735-2929 / 711";
        let hours = "Monday to Friday, 8 a.m. to 5 p.m.";
        let in_spanish = |name: &str, hours: &str| {
            let words = OfficeWords {
                name: name.into(),
                hours: hours.into(),
            };
            BTreeMap::from([("es".to_owned(), words)])
        };
        let hours_in_spanish = "Lunes a viernes, de 8 a.m. a 5 p.m.";
        let grievance_unit = ContactPoint {
            name: "Grievance Coordinator".into(),
            phone: "(800) 863-4155".into(),
            tty: tty.into(),
            hours: hours.into(),
            address_lines: vec![
                "Partnership HealthPlan of California".into(),
                "Grievance Unit".into(),
                "4665 Business Center Drive".into(),
                "Fairfield, CA 94534".into(),
            ],
            website: "partnershiphp.org/Members/Medi-Cal/Pages/GrievanceAndAppeals.aspx".into(),
            translations: in_spanish("Coordinador de Quejas", hours_in_spanish),
        };
        Self {
            name: "Partnership HealthPlan of California".into(),
            address_lines: Vec::new(),
            time_zone: Tz::America__Los_Angeles,
            knox_keene: false,
            member_services: ContactPoint {
                name: "Member Services".into(),
                phone: "(800) 863-4155".into(),
                tty: tty.into(),
                hours: hours.into(),
                address_lines: Vec::new(),
                website: "partnershiphp.org".into(),
                translations: in_spanish("Servicios para Miembros", hours_in_spanish),
            },
            appeals: ContactPoint {
                name: "Appeals".into(),
                translations: in_spanish("Apelaciones", hours_in_spanish),
                ..grievance_unit.clone()
            },
            grievance_coordinator: grievance_unit,
            state_hearing: ContactPoint {
                name: "State Hearings Division".into(),
                phone: "1-800-952-5253".into(),
                tty: "1-800-952-8349".into(),
                address_lines: vec![
                    "State Hearings Division".into(),
                    "P.O. Box 944243, MS 9-17-37".into(),
                    "Sacramento, CA 94244-2430".into(),
                ],
                website: "cdss.ca.gov/hearing-requests".into(),
                ..ContactPoint::default()
            },
            ombudsman: ContactPoint {
                name: "Medi-Cal Managed Care Ombudsman".into(),
                phone: "1-888-452-8609".into(),
                hours: "Monday to Friday, 8 a.m. to 5 p.m., except holidays".into(),
                translations: in_spanish(
                    "Defensor de Medi-Cal (Medi-Cal Managed Care Ombudsman)",
                    "Lunes a viernes, de 8 a.m. a 5 p.m., menos días feriados",
                ),
                ..ContactPoint::default()
            },
            legal_help: None,
            independent_review: None,
        }
    }
}

impl Plan {
    /// Everything that is wrong with the plan, none left out; empty where letters can carry it.
    ///
    /// A plan with a name of its own must name its own offices too: a letter of one plan that sends its members
    /// to the offices of another is the surprising case that this refuses.
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

// === impl ContactPoint ===

impl ContactPoint {
    fn check(&self, key: &str, problems: &mut Vec<PlanProblem>) {
        check_line(problems, &format!("{key}.name"), &self.name);
        if !is_phone(&self.phone) {
            problems.push(PlanProblem {
                key: format!("{key}.phone"),
                message: format!(
                    "expected 10 digits among the usual signs, got `{}`",
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

/// Ten digits among the usual signs, a leading 1 aside.
fn is_phone(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let usual = text
        .chars()
        .all(|sign| sign.is_ascii_digit() || " ()-.+/".contains(sign));
    usual && (digits.len() == 10 || (digits.len() == 11 && digits.starts_with('1')))
}

fn read_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    Tz::from_str(&name).map_err(|_| {
        let name = name.escape_debug();
        D::Error::custom(format!(
            "expected a time zone such as `America/Los_Angeles`, got `{name}`"
        ))
    })
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn write_zone<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
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
    fn a_fresh_clone_can_send_letters() {
        assert_eq!(Plan::default().problems(), []);
    }

    #[test]
    fn every_problem_is_named_by_its_key() {
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
    fn another_plan_names_its_own_offices() {
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
    fn phones_have_ten_digits_among_the_usual_signs() {
        for good in [
            "(800) 863-4155",
            "1-800-952-5253",
            "+1 707.555.0100",
            "7075550100",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "711",
            "(800) 863-415",
            "2-800-952-5253",
            "800-863-4155 x3",
            "80086341556",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn the_file_may_give_a_part_of_it() {
        let plan: Plan =
            toml::from_str("time_zone = \"America/Denver\"\nknox_keene = true").expect("a plan");
        assert_eq!(plan.time_zone, Tz::America__Denver);
        assert!(plan.knox_keene);
        assert_eq!(plan.ombudsman, Plan::default().ombudsman);
        for bad in [
            "time_zone = \"Mars/Base\"",
            "nam = \"x\"",
            "[appeals]\nfax = \"1\"",
        ] {
            assert!(toml::from_str::<Plan>(bad).is_err(), "{bad}");
        }
    }
}
