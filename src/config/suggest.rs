//! Which known name did a mistyped one mean?

/// As many edits as a slip of the hand makes.
const EDITS_MAX: usize = 2;

/// `, did you mean …?`, or nothing where no known name is near.
pub(super) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|name| (edits(given, name), name))
        .filter(|(edits, name)| *edits <= EDITS_MAX && edits * 2 < name.len())
        .min()
        .map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}

/// How many letters must be put in, left out or changed to make one text the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.chars().enumerate() {
            let changed = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        assert_eq!(
            did_you_mean("lisen", ["log", "listen"]),
            ", did you mean `listen`?"
        );
        assert_eq!(did_you_mean("elsewhere", ["log", "listen"]), "");
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
