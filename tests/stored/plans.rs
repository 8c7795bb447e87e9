//! The invented plans that sent the golden letters.

use std::collections::BTreeMap;

use second_opinion::config::Config;
use second_opinion::notice::{Enclosure, NoticeSettings};
use second_opinion::plan::Plan;
use serde::Deserialize;

#[derive(Deserialize)]
struct Sample {
    plan: Plan,
    enclosures: Vec<Enclosure>,
}

fn sample(name: &str) -> Sample {
    let mut samples: BTreeMap<String, Sample> =
        serde_json::from_str(include_str!("script/plans.json")).expect("plans");
    samples
        .remove(name)
        .unwrap_or_else(|| panic!("no plan `{name}`"))
}

/// The plan that has everything that a plan can have.
pub fn full() -> Plan {
    sample("full").plan
}

/// The configuration of a server of a plan.
pub fn config(name: &str) -> Config {
    let Sample { plan, enclosures } = sample(name);
    Config {
        plan,
        notices: NoticeSettings {
            enclosures,
            ..NoticeSettings::default()
        },
        ..Config::default()
    }
}
