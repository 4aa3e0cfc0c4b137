//! What happened, in a form that may leave the house: names, roots, verdicts, effects and privileges; no evidence, no code,
//! no paths below a root.

use schemars::JsonSchema;
use serde::Serialize;

use asmm_model::{Presence, Verdict};

use super::wanted::Wanted;
use crate::history::{Difference, Entry, Signal};
use crate::page::{Cut, fit, visible};

/// Most letters of a name, and of what a change was from and to.
const NAME: usize = 120;
/// Most letters of a root or a target.
const PLACE: usize = 200;
/// Most changes of one notice.
const CHANGES: usize = 20;

/// One event that somebody may want to hear of. What was scanned has no say in its texts but for names, and these are
/// without control characters and cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Notice {
    /// The same for the same event, however often it is computed: 32 hexadecimal digits.
    pub(crate) key: String,
    pub(crate) wanted: Wanted,
    /// When the scan began that saw it, as RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// The run that saw it.
    pub(crate) run: String,
    /// The target that it happened in.
    pub(crate) target: String,
    /// The system that it happened to, where it did to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<About>,
    /// What happened, as one sentence.
    pub(crate) says: String,
    /// What is otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Otherwise>,
    /// How many more things are otherwise.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) more_changes: usize,
}

/// A system, as a notice names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct About {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The folder that it is in, below the target.
    pub(crate) root: String,
    pub(crate) verdict: Verdict,
}

/// One thing that is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Otherwise {
    /// `verdict`, `level`, `approval`, `tool NAME`, or the kind and name of an identity.
    pub(crate) what: String,
    /// Empty where it was not there.
    pub(crate) before: String,
    /// Empty where it is not there any more.
    pub(crate) after: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Text without anything that a terminal, a header or a log would obey, cut to so many letters. What is megabytes long is
/// cut before it is looked at.
pub(super) fn clean(text: &str, most: usize) -> String {
    let mut piece: String = text.chars().take(most + 1).collect();
    if let std::borrow::Cow::Owned(shown) = visible(&piece) {
        piece = shown;
    }
    fit(&piece, most, Cut::End).into_owned()
}

/// The notices of what changed between two scans, in a fixed order.
pub(crate) fn notices(run: &str, at: &str, difference: &Difference) -> Vec<Notice> {
    let mut all = Vec::new();
    for entry in &difference.systems {
        let on = |wanted, rest: &str, signal: Option<Signal>| about(run, at, entry, wanted, rest, signal);
        match (entry.presence, entry.verdict) {
            (Presence::Returned, verdict) => {
                all.push(on(Wanted::Returned, &format!("is there again, and {}", words(verdict)), None));
            }
            (Presence::New, Verdict::Agentic) => {
                all.push(on(Wanted::NewAgentic, "is new, and agentic", None));
            }
            (Presence::New, Verdict::Undetermined) => {
                let rest = "is new, and whether it is agentic is undetermined";
                all.push(on(Wanted::NewUndetermined, rest, None));
            }
            (Presence::Missing, _) => all.push(on(Wanted::Missing, "is not there any more", None)),
            (Presence::New | Presence::Changed | Presence::Unseen | Presence::Present, _) => {}
        }
        let raised = [
            (Signal::VerdictRaised, Wanted::VerdictRaised, "is nearer to agentic than it was"),
            (Signal::LevelRaised, Wanted::LevelRaised, "may reach a higher level than before"),
            (Signal::GateLost, Wanted::GateLost, "asks fewer people than before, or is not seen to ask them"),
            (Signal::ToolGained, Wanted::ToolGained, "has tools that may change more than before"),
            (Signal::PrivilegeRaised, Wanted::PrivilegeRaised, "may do more than before"),
        ];
        for (signal, wanted, rest) in raised {
            if entry.changes.iter().any(|change| change.signals.contains(&signal)) {
                all.push(on(wanted, rest, Some(signal)));
            }
        }
    }
    for less in &difference.less_seen {
        let target = named(&less.target);
        // What was not looked at is named by paths, which are not for others: how many there are has to do.
        let says = match less.gaps.len() {
            1 => format!("Less is seen of {target} than before: there is 1 more gap."),
            count => format!("Less is seen of {target} than before: there are {count} more gaps."),
        };
        let became = less.gaps.iter().map(String::as_str);
        all.push(loose(run, at, Wanted::CoverageLost, &less.target, says, became));
    }
    if !difference.same_rules {
        for notice in all.iter_mut().filter(|notice| notice.wanted != Wanted::CoverageLost) {
            notice.says.push_str(" The rules changed as well, which may be why.");
        }
    }
    // Those of one system stay together, and the most pressing ones come first.
    all.sort_by(|a, b| (a.wanted, &a.target, &a.key).cmp(&(b.wanted, &b.target, &b.key)));
    all.dedup_by(|a, b| a.key == b.key);
    all
}

/// The notice of a scan that failed. Why it did is for the log of the scanner: such a reason may name anything.
pub(crate) fn run_failed(run: &str, at: &str, target: &str) -> Notice {
    let says = format!("The scan of {} failed.", named(target));
    loose(run, at, Wanted::RunFailed, target, says, std::iter::empty())
}

fn about(run: &str, at: &str, entry: &Entry, wanted: Wanted, rest: &str, signal: Option<Signal>) -> Notice {
    let changes: Vec<_> =
        entry.changes.iter().filter(|change| signal.is_some_and(|s| change.signals.contains(&s))).collect();
    let became = changes.iter().flat_map(|change| [change.what.as_str(), change.after.as_str()]);
    let key = key(wanted, &entry.id, run, became.chain([entry.verdict.name()]));
    let shown = changes.iter().take(CHANGES).map(|change| Otherwise {
        what: clean(&change.what, NAME),
        before: clean(&change.before, NAME),
        after: clean(&change.after, NAME),
    });
    let (name, root) = (clean(&entry.name, NAME), clean(&entry.root, PLACE));
    let place = match (entry.target.as_str(), entry.root.as_str()) {
        ("" | ".", _) => root.clone(),
        (target, "" | ".") => clean(target, PLACE),
        (target, _) => format!("{root} of {}", clean(target, PLACE)),
    };
    let place = if matches!(place.as_str(), "" | ".") || place == name {
        String::new()
    } else {
        format!(" ({place})")
    };
    Notice {
        key,
        wanted,
        at: at.to_owned(),
        run: run.to_owned(),
        target: clean(&entry.target, PLACE),
        says: format!("{name}{place} {rest}."),
        system: Some(About { id: clean(&entry.id, NAME), name, root, verdict: entry.verdict }),
        changes: shown.collect(),
        more_changes: changes.len().saturating_sub(CHANGES),
    }
}

fn loose<'t>(
    run: &'t str,
    at: &str,
    wanted: Wanted,
    target: &'t str,
    says: String,
    became: impl Iterator<Item = &'t str>,
) -> Notice {
    Notice {
        key: key(wanted, target, run, became),
        wanted,
        at: at.to_owned(),
        run: run.to_owned(),
        target: clean(target, PLACE),
        system: None,
        says,
        changes: Vec::new(),
        more_changes: 0,
    }
}

fn named(target: &str) -> String {
    if matches!(target, "" | ".") { "the scanned folder".to_owned() } else { clean(target, PLACE) }
}

pub(super) fn words(verdict: Verdict) -> String {
    verdict.name().replace('_', " ")
}

/// What is hashed is not what is shown: two names that are cut to the same text stay two.
fn key<'t>(wanted: Wanted, subject: &'t str, run: &'t str, became: impl Iterator<Item = &'t str>) -> String {
    digest("notice", [wanted.name(), subject, run].into_iter().chain(became))
}

/// 32 hexadecimal digits that stand for a list of texts. Each goes in with its length, so that no two lists run into the
/// same bytes.
pub(super) fn digest<'t>(kind: &'t str, texts: impl Iterator<Item = &'t str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in std::iter::once(kind).chain(texts) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}
