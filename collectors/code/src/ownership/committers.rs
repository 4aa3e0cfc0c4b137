//! Who commits most to what a system is made of: the least of all suggestions, where nobody wrote down who owns it.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Fact, Gap, GapReason, Observation, Owner, OwnerSource, Place, Scope};

use crate::tree::{Commit, End, History};

/// Committers that are suggested for one system.
const MAX_COMMITTERS: usize = 3;
/// Systems for which the history is asked.
const MAX_SYSTEMS: usize = 32;
/// Bytes of a name.
const MAX_NAME: usize = 100;

/// The commits of one person: how many, and by which names.
#[derive(Debug, Default)]
struct Commits {
    count: usize,
    names: BTreeMap<String, usize>,
}

/// Suggests owners for the systems among observations; the gap says why there are none where there could be. Shows each
/// commit that is looked at to `on`.
pub(crate) fn committers(
    history: Option<History>,
    observations: &[Observation],
    on: &mut dyn FnMut(&Commit),
) -> (Vec<Observation>, Option<Gap>) {
    let systems: BTreeSet<&Scope> = observations
        .iter()
        .filter(|observation| matches!(observation.fact, Fact::System { .. }))
        .map(|observation| &observation.scope)
        .take(MAX_SYSTEMS)
        .collect();
    let Some(mut history) = history else { return (Vec::new(), None) };
    let folders: BTreeSet<String> = systems.iter().map(|scope| scope.root.clone()).collect();
    let mut people: BTreeMap<String, BTreeMap<String, Commits>> = BTreeMap::new();
    let end = history.walk(&folders, &mut |commit, changed| {
        on(commit);
        let Some((person, name)) = person(&commit.author) else { return };
        for folder in changed {
            let of_folder = people.entry((*folder).to_owned()).or_default();
            let known = of_folder.entry(person.clone()).or_default();
            known.count += 1;
            *known.names.entry(name.clone()).or_default() += 1;
        }
    });
    let gap = |why, detail: &str| Some(Gap::new(".git", why).because(detail));
    let gap = match end {
        End::Whole => None,
        // Left out on purpose by who made the clone, and nothing that a scan is about.
        End::Shallow => gap(
            GapReason::Ignored,
            "the clone is shallow: its history does not say who commits most, and how often coding agents do",
        ),
        End::Broken => gap(
            GapReason::Unparsable,
            "the history cannot be read to its end, so nobody is suggested for having committed most, and commits of coding agents may be missing",
        ),
    };
    if gap.is_some() {
        return (Vec::new(), gap);
    }
    let suggested = systems.into_iter().flat_map(|scope| {
        let owners = people.get(&scope.root).map(most).unwrap_or_default();
        owners.into_iter().map(|owner| Observation { scope: scope.clone(), fact: Fact::Owner(owner) })
    });
    (suggested.collect(), None)
}

/// Who has half as many commits as the first, or more.
fn most(people: &BTreeMap<String, Commits>) -> Vec<Owner> {
    let all: usize = people.values().map(|commits| commits.count).sum();
    let mut by_count: Vec<(&Commits, &str)> = people
        .values()
        .filter_map(|commits| {
            let (name, _) = commits.names.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)))?;
            Some((commits, name.as_str()))
        })
        .collect();
    by_count.sort_by(|a, b| b.0.count.cmp(&a.0.count).then(a.1.cmp(b.1)));
    let first = by_count.first().map_or(0, |(commits, _)| commits.count);
    by_count
        .into_iter()
        .take_while(|(commits, _)| 2 * commits.count >= first)
        .take(MAX_COMMITTERS)
        .map(|(commits, name)| Owner {
            source: OwnerSource::Committer,
            name: name.to_owned(),
            place: Place::locator(format!("{} of the last {all} commits", commits.count)),
        })
        .collect()
}

/// What tells a person from others, and what they are called: the address only where there is no name. Bots are none.
fn person(author: &str) -> Option<(String, String)> {
    let (name, rest) = author.split_once('<').unwrap_or((author, ""));
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
    let (name, address) = (clean(name), clean(rest.trim_end_matches('>')).to_lowercase());
    let mut shown = if name.is_empty() { address.clone() } else { name };
    shown.truncate(shown.floor_char_boundary(MAX_NAME));
    let lower = shown.to_lowercase();
    let is_bot = lower.split(|c: char| !c.is_alphanumeric()).next_back() == Some("bot")
        || lower.ends_with("[bot]")
        || address.contains("[bot]@")
        || lower == "github-actions"
        || lower == "github";
    if shown.is_empty() || is_bot {
        return None;
    }
    Some((if address.is_empty() { lower } else { address }, shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_apart_by_address_and_bots_are_none() {
        let cases = [
            ("Ada L. <Ada@Example.com>", Some(("ada@example.com", "Ada L."))),
            (" <b@example.com>", Some(("b@example.com", "b@example.com"))),
            ("Bo <>", Some(("bo", "Bo"))),
            ("Ada\u{1b}[2J <a@example.com>", Some(("a@example.com", "Ada[2J"))),
            ("Abbot <abbot@example.com>", Some(("abbot@example.com", "Abbot"))),
            ("dependabot[bot] <support@example.com>", None),
            ("Helper <1+helper[bot]@users.example.com>", None),
            ("Renovate Bot <renovate@example.com>", None),
            ("ci-bot <ci@example.com>", None),
            ("<>", None),
        ];
        for (author, expected) in cases {
            let expected = expected.map(|(person, name)| (person.to_owned(), name.to_owned()));
            assert_eq!(person(author), expected, "{author:?}");
        }
    }
}
