//! How near two names are, for somebody who mistyped one.

/// How many letters must be added, removed or replaced to get from one text to the other.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The known name that is nearest to a given one, if it is near enough to be meant.
pub(crate) fn nearest<'k>(known: impl IntoIterator<Item = &'k str>, given: &str) -> Option<&'k str> {
    // Nothing that is meant is far longer than what is known, and the distance to it would take long to find.
    let given: String = given.chars().take(100).collect();
    let near = known.into_iter().map(|known| (distance(known, &given), known)).min()?;
    let enough = (near.1.chars().count() / 3).max(1);
    (near.0 <= enough).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_two_ids_is_counted_in_letters() {
        let table = [("", "", 0), ("a", "", 1), ("uses-openai", "uses-opena", 1), ("kitten", "sitting", 3)];
        for (a, b, expected) in table {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a}, {b}");
        }
    }

    #[test]
    fn only_what_is_near_is_meant() {
        let known = ["schedule", "source", "store"];
        let table = [
            ("scheduel", Some("schedule")),
            ("sources", Some("source")),
            ("stor", Some("store")),
            ("x", None),
            ("", None),
        ];
        for (given, expected) in table {
            assert_eq!(nearest(known, given), expected, "{given}");
        }
    }
}
