//! Coverage: what a scan looked at and, above all, what it could not see.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// The source refused: a permission is missing.
    Denied,
    /// Larger than the bound for its kind.
    TooLarge,
    /// Not what its name says, or broken.
    Unparsable,
    /// The source asked us to slow down for longer than we may wait.
    RateLimited,
    /// No rule or parser for it yet, or not a kind of thing that is read (a FIFO, a link).
    Unsupported,
    /// Written by a tool: minified bundles and the like.
    Generated,
    /// Excluded by the repository's own ignore rules.
    Ignored,
    /// Anything else that went wrong.
    Failed,
}

impl GapReason {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::TooLarge => "too-large",
            Self::Unparsable => "unparsable",
            Self::RateLimited => "rate-limited",
            Self::Unsupported => "unsupported",
            Self::Generated => "generated",
            Self::Ignored => "ignored",
            Self::Failed => "failed",
        }
    }

    /// Whether the gap hides something that the scan was meant to see. Ignored and generated files are left
    /// out on purpose, and are shown but not counted against completeness.
    pub fn hides(self) -> bool {
        !matches!(self, Self::Ignored | Self::Generated)
    }
}

/// One thing, or one group of like things, that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Path, locator or description.
    pub what: String,
    /// Why.
    pub why: GapReason,
    /// How many things this gap stands for; 1 unless it is a group.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1))]
    pub count: u64,
    /// What went wrong in detail, and what would help. Never source text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_one(count: &u64) -> bool {
    *count == 1
}

impl Gap {
    /// One thing that was not looked at.
    pub fn new(what: impl Into<String>, why: GapReason) -> Self {
        Self { what: what.into(), why, count: 1, detail: None }
    }

    /// The same gap, standing for `count` things.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// The same gap, with what went wrong.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// How much of one kind of thing was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// All that are there.
    Complete,
    /// None: a permission is missing. How many there are is not known.
    Forbidden,
    /// The source does not know the kind.
    Absent,
    /// Some, and not all.
    Truncated,
}

/// One kind of thing in one part of a target, and how much of it was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct CoveredKind {
    /// Cluster, account or the like that it is part of; empty where the target is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// What the source calls it: `deployments.apps`.
    pub kind: String,
    /// The namespace or region that was asked; empty for all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub within: String,
    /// How much.
    pub state: Seen,
    /// How many were looked at.
    pub seen: u64,
}

/// What was looked at in one target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The target, as given.
    pub target: String,
    /// How many things (files, objects) were looked at.
    pub seen: u64,
    /// What was not.
    pub skipped: Vec<Gap>,
    /// The same by kind, of sources that are asked for one kind after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<CoveredKind>,
}

impl Coverage {
    /// Whether nothing that the scan was meant to see stayed hidden.
    pub fn is_complete(&self) -> bool {
        !self.skipped.iter().any(|gap| gap.why.hides())
    }

    /// Adds what another part of the same target saw and missed.
    pub fn absorb(&mut self, other: Self) {
        self.seen = self.seen.saturating_add(other.seen);
        self.skipped.extend(other.skipped);
        self.kinds.extend(other.kinds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASONS: [GapReason; 8] = [
        GapReason::Denied,
        GapReason::TooLarge,
        GapReason::Unparsable,
        GapReason::RateLimited,
        GapReason::Unsupported,
        GapReason::Generated,
        GapReason::Ignored,
        GapReason::Failed,
    ];

    #[test]
    fn coverage_is_complete_unless_a_gap_hides_something() {
        let complete = |why: &[GapReason]| {
            let skipped = why.iter().map(|why| Gap::new("a", *why)).collect();
            Coverage { target: ".".to_owned(), seen: 1, skipped, kinds: Vec::new() }.is_complete()
        };
        assert!(complete(&[]));
        assert!(complete(&[GapReason::Ignored, GapReason::Generated]));
        let hiding: Vec<&str> =
            REASONS.iter().filter(|why| !complete(&[**why])).map(|why| why.name()).collect();
        assert_eq!(hiding, ["denied", "too-large", "unparsable", "rate-limited", "unsupported", "failed"]);
        assert!(!complete(&[GapReason::Ignored, GapReason::Denied]), "one hiding gap is enough");
    }

    #[test]
    fn what_another_part_saw_and_missed_is_added() {
        let mut coverage = Coverage {
            target: ".".to_owned(),
            seen: 2,
            skipped: vec![Gap::new("a", GapReason::Denied)],
            kinds: Vec::new(),
        };
        coverage.absorb(Coverage {
            target: "elsewhere".to_owned(),
            seen: 3,
            skipped: vec![Gap::new("b", GapReason::Failed).times(4).because("no route")],
            kinds: Vec::new(),
        });
        let expected = Coverage {
            target: ".".to_owned(),
            seen: 5,
            skipped: vec![
                Gap { what: "a".to_owned(), why: GapReason::Denied, count: 1, detail: None },
                Gap {
                    what: "b".to_owned(),
                    why: GapReason::Failed,
                    count: 4,
                    detail: Some("no route".to_owned()),
                },
            ],
            kinds: Vec::new(),
        };
        assert_eq!(coverage, expected);
        coverage.absorb(Coverage { seen: u64::MAX, ..Coverage::default() });
        assert_eq!(coverage.seen, u64::MAX);
    }

    #[test]
    fn a_gap_is_written_without_what_goes_without_saying() {
        let single = Gap::new("dist/app.min.js", GapReason::Generated);
        let group = Gap::new("*.bin", GapReason::TooLarge).times(3).because("over 1 MiB");
        let text = serde_json::to_string(&[&single, &group]).unwrap();
        assert_eq!(
            text,
            r#"[{"what":"dist/app.min.js","why":"generated"},{"what":"*.bin","why":"too-large","count":3,"detail":"over 1 MiB"}]"#
        );
        assert_eq!(serde_json::from_str::<Vec<Gap>>(&text).unwrap(), [single, group]);
    }
}
