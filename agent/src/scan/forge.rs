//! Organisations of GitHub and groups of GitLab: which of their repositories are scanned, and what is said of the others.

use std::fmt::Write;
use std::path::Path;

use asmm_model::{Gap, GapReason};
use muster_code::Patterns;
use muster_collect::{Options, Source, Target};
use muster_forges::{ARCHIVED, Answer, FORKS, Forges, Listing, Repository, State, Unlisted};

use super::expand::{Expanded, Wanted};
use super::plan::{Asking, Missing, PlanError};
use crate::clock;

/// The forges that targets are of; nothing where none is of any.
pub(super) fn of(targets: &[Target], asking: &Asking) -> Result<Option<Forges>, PlanError> {
    let all: Vec<&Target> =
        targets.iter().filter(|target| matches!(target.source, Source::Github | Source::Gitlab)).collect();
    if all.is_empty() {
        return Ok(None);
    }
    let forges = Forges::try_new(&all, &asking.options, &asking.environment, clock::seconds);
    forges.map(Some).map_err(|unusable| PlanError { what: unusable.what, help: unusable.help })
}

/// Puts the repositories of a target of a forge in its place. What cannot be listed is missing under its own name, and ends
/// nothing.
pub(super) fn expand(
    target: Target,
    forges: &Forges,
    asking: &Asking,
    expanded: &mut Expanded,
) -> Result<(), PlanError> {
    let unasked = |error: &std::io::Error| PlanError {
        what: format!("`{}` cannot be asked about: {}", target.given, error.kind()),
        help: "try it again".to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unasked(&error))?;
    let answer = runtime.block_on(forges.list(&target, &asking.stop, asking.progress.as_ref()));
    let Answer { listing, is_one } = answer;
    let Listing { repositories, gaps, unlisted, notes } = listing;
    let choice = Choice::of(&asking.options, is_one)?;
    let mut left = Left::default();
    let mut count = 0;
    for repository in repositories {
        if let Err(why) = choice.takes(&repository) {
            left.count(why);
            continue;
        }
        let written = forges.repository(target.source, &repository.path);
        if let Some(written) = written.and_then(|written| Target::parse(&written).ok()) {
            expanded.targets.push(Wanted::Read(written));
            count += 1;
        }
    }
    // What cannot be asked at all is told as a failure, and needs no count.
    if count > 0 || left.all() > 0 || unlisted.is_none() {
        expanded.notes.push(told(&target.given, count, &left, &notes));
    }
    let missing = missing(&target.given, count, gaps, unlisted, &left);
    expanded.targets.extend(missing.map(|missing| Wanted::Not(target, missing)));
    Ok(())
}

/// What a target that came to something does not show; nothing where it shows all.
fn missing(
    given: &str,
    count: u64,
    mut gaps: Vec<Gap>,
    unlisted: Option<Unlisted>,
    left: &Left,
) -> Option<Missing> {
    if let Some(Unlisted { reason, why }) = unlisted {
        let why = if count > 0 { format!("not all of its repositories are listed: {why}") } else { why };
        gaps.push(Gap::new(given, reason).because(&why));
        return Some(Missing { gaps, failed: Some(why) });
    }
    if gaps.is_empty() && count > 0 {
        return None;
    }
    if count > 0 || !gaps.is_empty() {
        return Some(Missing { gaps, failed: None });
    }
    // A target that comes to nothing would be in no report.
    if left.all() > 0 {
        gaps.push(
            Gap::new(given, GapReason::Ignored)
                .times(left.all())
                .because("no repository of it is left to scan"),
        );
        return Some(Missing { gaps, failed: None });
    }
    let why = "it has no repository that is seen; check the name, and what the token is for";
    gaps.push(Gap::new(given, GapReason::Failed).because(why));
    Some(Missing { gaps, failed: Some(why.to_owned()) })
}

/// Which repositories are wanted.
struct Choice {
    /// Nothing where one is named: it is wanted whatever it is like.
    patterns: Option<Patterns>,
    archived: bool,
    forks: bool,
}

/// Why one is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Pattern,
    Archived,
    Fork,
    Empty,
    Disabled,
}

impl Choice {
    fn of(options: &Options, is_one: bool) -> Result<Self, PlanError> {
        let patterns = Patterns::of(options.all("repos-include"), options.all("repos-exclude"));
        let patterns = patterns.map_err(|error| PlanError {
            what: format!("a pattern of `--repos-include` or `--repos-exclude` cannot be used: {error}"),
            help: "write it as in ignore files, such as `acme/*`".to_owned(),
        })?;
        let is_given = |option| is_one || options.one(option).is_some();
        Ok(Self {
            patterns: (!is_one).then_some(patterns),
            archived: is_given(ARCHIVED),
            forks: is_given(FORKS),
        })
    }

    fn takes(&self, repository: &Repository) -> Result<(), Why> {
        let Repository { path, is_archived, is_fork, state } = repository;
        if self.patterns.as_ref().is_some_and(|patterns| !patterns.leave(Path::new(path))) {
            return Err(Why::Pattern);
        }
        match state {
            _ if *is_archived && !self.archived => Err(Why::Archived),
            _ if *is_fork && !self.forks => Err(Why::Fork),
            State::Empty => Err(Why::Empty),
            State::Disabled => Err(Why::Disabled),
            State::Usual => Ok(()),
        }
    }
}

/// How many are left out, by the reason.
#[derive(Debug, Default)]
struct Left {
    pattern: u64,
    archived: u64,
    fork: u64,
    empty: u64,
    disabled: u64,
}

impl Left {
    fn count(&mut self, why: Why) {
        let Self { pattern, archived, fork, empty, disabled } = self;
        *match why {
            Why::Pattern => pattern,
            Why::Archived => archived,
            Why::Fork => fork,
            Why::Empty => empty,
            Why::Disabled => disabled,
        } += 1;
    }

    fn all(&self) -> u64 {
        let Self { pattern, archived, fork, empty, disabled } = self;
        pattern + archived + fork + empty + disabled
    }
}

/// What the user should know about a target, in one sentence.
fn told(given: &str, count: u64, left: &Left, notes: &[String]) -> String {
    let mut told = match count {
        1 => format!("`{given}` stands for 1 repository"),
        count => format!("`{given}` stands for {count} repositories"),
    };
    let Left { pattern, archived, fork, empty, disabled } = *left;
    if pattern > 0 {
        let _ = write!(told, "; patterns leave out {pattern}");
    }
    for (count, what) in [
        (archived, format!("archived and left out, unless `--{ARCHIVED}` is given")),
        (fork, format!("forked from others and left out, unless `--{FORKS}` is given")),
        (empty, "empty".to_owned()),
        (disabled, "switched off or about to be removed".to_owned()),
    ] {
        let _ = match count {
            0 => Ok(()),
            1 => write!(told, "; 1 is {what}"),
            count => write!(told, "; {count} are {what}"),
        };
    }
    for note in notes {
        let _ = write!(told, "; {note}");
    }
    told
}
