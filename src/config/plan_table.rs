//! What does the file's `[plan]` say, and what is wrong with it?

use toml::{Table, Value};

use super::error::Problem;
use super::file::at;
use crate::plan::Plan;

/// The plan, with what the table leaves out taken from the default one.
///
/// Each value is tried alone first, so that one that cannot be taken hides no other.
pub(super) fn read(given: &Table, problems: &mut Vec<Problem>) -> Plan {
    let before = problems.len();
    let sound = sound_part(given, &[], problems);
    // INVARIANT: every value of the sound part was taken alone, and no two of them bear on each other.
    let plan: Plan = Value::Table(sound).try_into().unwrap_or_default();
    if problems.len() == before {
        problems.extend(
            plan.problems()
                .into_iter()
                .map(|it| at(&it.key, it.message)),
        );
    }
    plan
}

/// The values that the plan takes; those that it does not become problems.
fn sound_part(given: &Table, above: &[&str], problems: &mut Vec<Problem>) -> Table {
    let mut sound = Table::new();
    for (name, value) in given {
        let path: Vec<&str> = above.iter().copied().chain([name.as_str()]).collect();
        match value {
            Value::Table(inner) if !inner.is_empty() => {
                sound.insert(
                    name.clone(),
                    Value::Table(sound_part(inner, &path, problems)),
                );
            }
            leaf => {
                let alone = path.iter().rev().fold(leaf.clone(), |value, name| {
                    Value::Table(Table::from_iter([((*name).to_owned(), value)]))
                });
                match alone.try_into::<Plan>() {
                    Ok(_) => {
                        sound.insert(name.clone(), leaf.clone());
                    }
                    Err(error) => {
                        let key = format!("plan.{}", path.join("."));
                        problems.push(at(&key, error.message()));
                    }
                }
            }
        }
    }
    sound
}
