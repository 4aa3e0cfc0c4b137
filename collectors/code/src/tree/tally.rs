//! What a walk leaves out, gathered into few gaps however much it is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Gap, GapReason};

/// Up to this many gaps of one cause are told one by one.
const LISTED: usize = 20;
/// How many are named when there are more.
const EXAMPLES: usize = 3;

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    why: GapReason,
    /// What the things are called when they are too many to be listed.
    many: &'static str,
    detail: Cow<'static, str>,
}

impl Cause {
    pub(super) const fn new(why: GapReason, many: &'static str, detail: &'static str) -> Self {
        Self { why, many, detail: Cow::Borrowed(detail) }
    }

    pub(super) fn because(why: GapReason, many: &'static str, detail: String) -> Self {
        Self { why, many, detail: Cow::Owned(detail) }
    }
}

/// The gaps so far. Its size does not depend on how much is left out, nor its content on the order.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<Cause, Pile>);

impl Tally {
    /// Adds one thing.
    pub(super) fn add(&mut self, cause: &Cause, path: String) {
        let group = path.clone();
        self.add_to(cause, group, path);
    }

    /// Adds one thing to a group, which becomes a single gap.
    pub(super) fn add_to(&mut self, cause: &Cause, group: String, path: String) {
        // Looked up first: the cause is cloned once per walk, not once per file.
        if let Some(pile) = self.0.get_mut(cause) {
            pile.add(group, path);
        } else {
            self.0.entry(cause.clone()).or_default().add(group, path);
        }
    }

    /// One gap per group, or one per cause where there are too many.
    pub(super) fn into_gaps(self) -> Vec<Gap> {
        self.0.into_iter().flat_map(|(cause, pile)| pile.into_gaps(&cause)).collect()
    }
}

#[derive(Debug, Default)]
struct Pile {
    total: u64,
    groups: BTreeMap<String, (u64, String)>,
    /// Once there are too many groups, only examples are kept.
    overflowed: bool,
    examples: BTreeSet<String>,
}

impl Pile {
    fn add(&mut self, group: String, path: String) {
        self.total += 1;
        if self.examples.len() < EXAMPLES || self.examples.last().is_some_and(|last| path < *last) {
            self.examples.insert(path.clone());
            if self.examples.len() > EXAMPLES {
                self.examples.pop_last();
            }
        }
        if !self.overflowed {
            self.groups.entry(group).or_insert((0, path)).0 += 1;
            if self.groups.len() > LISTED {
                self.overflowed = true;
                self.groups.clear();
            }
        }
    }

    fn into_gaps(self, cause: &Cause) -> Vec<Gap> {
        if self.overflowed {
            let examples: Vec<_> = self.examples.into_iter().collect();
            let detail = format!("{}; for example {}", cause.detail, examples.join(", "));
            return vec![Gap::new(cause.many, cause.why).times(self.total).because(detail)];
        }
        let gap = |(group, (count, only)): (String, (u64, String))| {
            let what = if count == 1 { only } else { group };
            Gap::new(what, cause.why).times(count).because(cause.detail.clone())
        };
        self.groups.into_iter().map(gap).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKS: Cause = Cause::new(GapReason::Unsupported, "links", "lead nowhere");

    #[test]
    fn few_are_listed_and_groups_counted() {
        let mut tally = Tally::default();
        for (group, path) in [("a/", "a/x"), ("b/", "b/x"), ("a/", "a/y")] {
            tally.add_to(&LINKS, group.to_owned(), path.to_owned());
        }
        let gap = |what: &str| Gap::new(what, GapReason::Unsupported).because("lead nowhere");
        assert_eq!(tally.into_gaps(), [gap("a/").times(2), gap("b/x")]);
    }

    #[test]
    fn many_become_one_whatever_their_order() {
        let add_all = |paths: &mut dyn Iterator<Item = usize>| {
            let mut tally = Tally::default();
            paths.for_each(|number| tally.add(&LINKS, format!("{number:03}")));
            tally.into_gaps()
        };
        let expected = Gap::new("links", GapReason::Unsupported)
            .times(100)
            .because("lead nowhere; for example 000, 001, 002");
        assert_eq!(add_all(&mut (0..100)), std::slice::from_ref(&expected));
        assert_eq!(add_all(&mut (0..100).rev()), [expected]);
    }
}
