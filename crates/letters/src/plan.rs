//! The health plan and its contact points.
//!
//! Pure data: letters print it, and the calendar takes its time zone. The default is Partnership, from its
//! public pages.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The health plan that makes determinations and sends letters.
///
/// A configured contact point replaces the default one as a whole, so that no letter mixes two offices.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The plan's name, as letters print it.
    pub name: String,
    /// The plan's address, as letters print it above the member's; empty: none is printed.
    pub address_lines: Vec<String>,
    /// The time zone in which the plan's days begin and end.
    #[serde(deserialize_with = "read_zone", serialize_with = "write_zone")]
    pub time_zone: Tz,
    /// Whether the plan holds a Knox-Keene license; this selects the "Your Rights" text of a letter.
    pub knox_keene: bool,
    /// Member Services.
    pub member_services: ContactPoint,
    /// The Grievance Coordinator of clause VI.E.
    pub grievance_coordinator: ContactPoint,
    /// The office for appeals (VI.F).
    pub appeals: ContactPoint,
    /// The State Hearings Division.
    pub state_hearing: ContactPoint,
    /// The Medi-Cal managed care Ombudsman.
    pub ombudsman: ContactPoint,
    /// An office for free legal help, if the plan names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_help: Option<ContactPoint>,
    /// The office for independent medical review; letters print it if `knox_keene` is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub independent_review: Option<ContactPoint>,
}

/// An office that a member can contact. An empty text means that the office has none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactPoint {
    /// The office's name.
    pub name: String,
    /// The phone number, as it is printed.
    pub phone: String,
    /// The TTY or relay number, as it is printed.
    pub tty: String,
    /// The office hours, in words.
    pub hours: String,
    /// The postal address, one line each.
    pub address_lines: Vec<String>,
    /// The URL of the office's page.
    pub website: String,
    /// The name and the hours in other languages, by primary tag such as `es`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub translations: BTreeMap<String, OfficeWords>,
}

/// The words that describe an office in one language. An empty text means that the English one is printed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfficeWords {
    /// The office's name.
    pub name: String,
    /// The office hours, in words.
    pub hours: String,
}

/// A setting of the plan that no letter should carry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlanProblem {
    /// The key, such as `plan.grievance_coordinator.phone`.
    pub key: String,
    /// The problem, and the expected value.
    pub message: String,
}

impl Default for Plan {
    /// Partnership and the State's offices, with the numbers, hours and addresses of their
    /// public pages.
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

fn read_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    Tz::from_str(&name).map_err(|_| {
        let name = name.escape_debug();
        D::Error::custom(format!(
            "expected a time zone such as `America/Los_Angeles`, got `{name}`"
        ))
    })
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn write_zone<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_settings_take_their_defaults() {
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
