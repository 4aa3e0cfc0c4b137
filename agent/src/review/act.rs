//! What may be done from where, by whom, and what it asks for.

use asmm_model::{Criterion, Level, Presence, System, Verdict};
use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Correction, Fingerprint, Proposed, Rejection, Review, Standing, corrected};

/// Days that a deferral may last.
const DEFERRED: i32 = 90;
/// Days that a rejection lasts where no day is said, and may last.
const REJECTED: i32 = 180;
const REJECTED_MOST: i32 = 365;
/// Characters that a rejection has to be explained with.
const COMMENT: usize = 10;
/// The level from which on a rejection needs a second person.
const SECOND: Level = Level(3);

/// Who answers for a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Owned {
    /// Somebody, by the name of a person or a team.
    By(String),
    /// Nobody knows, which somebody said.
    Unknown,
}

impl Owned {
    /// As people write it: `unknown` where nobody knows.
    pub(crate) fn named(owner: String) -> Self {
        if owner == "unknown" { Self::Unknown } else { Self::By(owner) }
    }
}

/// What somebody does about a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Looks at it, or lets somebody else.
    Assign(String),
    /// Says who answers for it.
    Own(Owned),
    /// Answers a criterion otherwise than the evidence; nothing takes a correction back.
    Correct(Criterion, Option<bool>),
    /// Says that the verdict is right, and whether the system belongs to what is assessed.
    /// With who answers for it, where that was not said before.
    Confirm { verdict: Option<Verdict>, in_scope: bool, owner: Option<Owned> },
    /// Says that it is none of those that are meant; until a day, where one is given.
    Reject(Rejection, Option<Date>),
    /// Agrees with a rejection of somebody else.
    Approve,
    /// Takes back a rejection that waits for a second person.
    Withdraw,
    /// Decides later.
    Defer(Date),
    /// Says that it is gone.
    Retire,
    /// Opens it again.
    Reopen,
    /// Puts it where it belongs, whatever was decided and whatever a decision asks for otherwise. For administrators alone.
    Amend(Standing),
}

impl Act {
    /// The name that is kept and shown.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Assign(_) => "assign",
            Self::Own(_) => "own",
            Self::Correct(..) => "correct",
            Self::Confirm { .. } => "confirm",
            Self::Reject(..) => "reject",
            Self::Approve => "approve",
            Self::Withdraw => "withdraw",
            Self::Defer(_) => "defer",
            Self::Retire => "retire",
            Self::Reopen => "reopen",
            Self::Amend(_) => "amend",
        }
    }
}

/// What is known of the system, who acts, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'s> {
    pub(crate) system: &'s System,
    pub(crate) presence: Presence,
    pub(crate) by: &'s str,
    /// RFC 3339 in UTC.
    pub(crate) at: &'s str,
    pub(crate) today: Date,
    pub(crate) reason: &'s str,
}

/// Why something may not be done, with what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

/// What a review becomes by an act.
///
/// # Errors
/// The act is not for where the review stands, somebody else has to act, or something is not said that it asks for.
pub(crate) fn act(review: &Review, act: Act, subject: Subject<'_>) -> Result<Review, Refused> {
    let Subject { system, by, at, today, reason, .. } = subject;
    let mut next = Review { by: by.to_owned(), at: at.to_owned(), ..review.clone() };
    let is_open = !review.standing.is_decided();
    let name = act.name();
    let needs_open = || {
        if is_open {
            return Ok(());
        }
        let standing = review.standing.name();
        refuse(format!(
            "`{name}` is for what is not decided, and this is {standing}; `reopen` opens it again"
        ))
    };
    let fingerprint = || Some(Fingerprint::of(system));
    match act {
        Act::Assign(to) => {
            needs_open()?;
            if to.is_empty() {
                return refuse("it is not said who looks at it");
            }
            next.assignee = Some(to);
            next.standing = Standing::InReview;
        }
        // Who answers for it is no decision about what it is: that stays with who made it.
        Act::Own(owner) => next = Review { owner: Some(owner), ..review.clone() },
        Act::Correct(criterion, answer) => {
            needs_open()?;
            match answer {
                None if next.corrections.remove(&criterion).is_none() => {
                    return refuse(format!("{} was not corrected", criterion.id()));
                }
                None => {}
                Some(_) if reason.is_empty() => return refuse("a correction needs a reason"),
                Some(answer) => {
                    let (reason, by, at) = (reason.to_owned(), by.to_owned(), at.to_owned());
                    next.corrections.insert(criterion, Correction { answer, reason, by, at });
                }
            }
            next.standing = Standing::InReview;
        }
        Act::Confirm { verdict, in_scope, owner } => {
            needs_open()?;
            next.owner = owner.or(next.owner);
            if next.proposed.is_some() {
                return refuse(
                    "a rejection of it waits for a second person; `approve` or `withdraw` it first",
                );
            }
            if next.owner.is_none() {
                return refuse(
                    "it is not said who answers for it; name an owner, or say that nobody is known",
                );
            }
            let says = corrected(&system.criteria, &next.corrections).verdict;
            let verdict = verdict.unwrap_or(says);
            if verdict == Verdict::Undetermined {
                return refuse(
                    "its verdict is open: say which one it is, or correct the criteria that are not known",
                );
            }
            // What the answers do not say has to be said in words.
            if verdict != says && reason.is_empty() {
                return refuse(format!(
                    "the answers come to `{}`: correct what is wrong of them, or give a reason",
                    says.name()
                ));
            }
            next.verdict = Some(verdict);
            next.in_scope = Some(in_scope);
            decided(&mut next, Standing::Confirmed, reason, None, fingerprint());
        }
        Act::Reject(rejection, until) => {
            needs_open()?;
            let until = reject(review, &rejection, until, subject)?;
            if needs_second(system, &next) {
                let (reason, by) = (reason.to_owned(), by.to_owned());
                next.proposed = Some(Proposed { rejection, reason, until, by });
                next.standing = Standing::InReview;
            } else {
                next.rejection = Some(rejection);
                decided(&mut next, Standing::Rejected, reason, until, fingerprint());
            }
        }
        Act::Approve => {
            let Some(proposed) = next.proposed.take() else {
                return refuse("no rejection waits for a second person");
            };
            if proposed.by == by {
                return refuse("whoever rejects a system cannot be the second person as well");
            }
            if proposed.until.as_ref().is_some_and(|until| *until <= today.to_string()) {
                return refuse("the day until which it would have held is over; `withdraw` it");
            }
            next.rejection = Some(proposed.rejection);
            decided(&mut next, Standing::Rejected, &proposed.reason, proposed.until, fingerprint());
        }
        Act::Withdraw => {
            if next.proposed.take().is_none() {
                return refuse("no rejection waits for a second person");
            }
        }
        Act::Defer(until) => {
            needs_open()?;
            if reason.is_empty() {
                return refuse("a deferral needs a reason");
            }
            let until = day(until, today, DEFERRED)?;
            decided(&mut next, Standing::Deferred, reason, Some(until), fingerprint());
        }
        Act::Retire => {
            if review.standing != Standing::Confirmed {
                return refuse(format!(
                    "only what is confirmed is retired, and this is {}",
                    review.standing.name()
                ));
            }
            if subject.presence != Presence::Missing && reason.is_empty() {
                return refuse("it is still there: say why it is retired");
            }
            decided(&mut next, Standing::Retired, reason, None, fingerprint());
        }
        Act::Reopen => {
            if is_open {
                return refuse("it is open already");
            }
            if reason.is_empty() {
                return refuse("it is not said why it is opened again");
            }
            return Ok(open(review, vec![format!("{by}: {reason}")]));
        }
        Act::Amend(standing) => {
            if reason.is_empty() {
                return refuse("a correction needs a reason");
            }
            next = amended(review, standing, subject)?;
        }
    }
    Ok(next)
}

fn decided(
    review: &mut Review,
    standing: Standing,
    reason: &str,
    until: Option<String>,
    fingerprint: Option<Fingerprint>,
) {
    review.standing = standing;
    reason.clone_into(&mut review.reason);
    review.until = until;
    review.fingerprint = fingerprint;
    review.proposed = None;
    review.reopened.clear();
    review.before = None;
    if standing != Standing::Rejected {
        review.rejection = None;
    }
}

/// Whether a rejection of a system needs a second person: where it is found to be agentic, and may be so on its own.
pub(crate) fn needs_second(system: &System, review: &Review) -> bool {
    let agentic = corrected(&system.criteria, &review.corrections);
    system.verdict == Verdict::Agentic && agentic.level[1].max(system.level[1]) >= SECOND
}

/// What a review becomes where an administrator says where it stands.
fn amended(review: &Review, standing: Standing, subject: Subject<'_>) -> Result<Review, Refused> {
    let Subject { system, by, at, today, reason, .. } = subject;
    if standing == review.standing {
        return refuse(format!("it is {} already", standing.name()));
    }
    let mut next = Review { by: by.to_owned(), at: at.to_owned(), ..review.clone() };
    let mut until = None;
    match standing {
        Standing::NeedsReview | Standing::InReview => {
            let why = vec![format!("{by}: {reason}")];
            return Ok(Review { standing, by: by.to_owned(), at: at.to_owned(), ..open(review, why) });
        }
        Standing::Confirmed => {
            let says = corrected(&system.criteria, &next.corrections).verdict;
            next.verdict = next.verdict.or(Some(says));
            next.in_scope = next.in_scope.or(Some(true));
        }
        Standing::Rejected => {
            let proposed = next.proposed.take().map(|proposed| proposed.rejection);
            next.rejection = next.rejection.or(proposed).or(Some(Rejection::FalsePositive));
        }
        Standing::Deferred => {
            until = today.checked_add(DEFERRED.days()).ok().map(|day| day.to_string());
        }
        Standing::Retired => {}
    }
    decided(&mut next, standing, reason, until, Some(Fingerprint::of(system)));
    Ok(next)
}

/// What a rejection asks for. Gives the day until which it holds.
fn reject(
    review: &Review,
    rejection: &Rejection,
    until: Option<Date>,
    subject: Subject<'_>,
) -> Result<Option<String>, Refused> {
    if review.proposed.is_some() {
        return refuse("a rejection of it waits for a second person already");
    }
    if subject.reason.chars().count() < COMMENT {
        return refuse(format!("a rejection needs a reason of {COMMENT} characters or more"));
    }
    if matches!(rejection, Rejection::DuplicateOf(id) if id == subject.system.id.as_str()) {
        return refuse("it cannot be a duplicate of itself");
    }
    let usual = || subject.today.checked_add(REJECTED.days()).ok().filter(|_| rejection.ends());
    until.or_else(usual).map(|until| day(until, subject.today, REJECTED_MOST)).transpose()
}

/// A day that is to come, and not further away than `most` days.
fn day(until: Date, today: Date, most: i32) -> Result<String, Refused> {
    let last = today.checked_add(most.days()).unwrap_or(Date::MAX);
    if until <= today {
        return refuse(format!("{until} is not to come any more; give a day after today"));
    }
    if until > last {
        return refuse(format!("{until} is too far away; give {last} at the latest"));
    }
    Ok(until.to_string())
}

fn open(review: &Review, why: Vec<String>) -> Review {
    Review {
        standing: Standing::NeedsReview,
        assignee: review.assignee.clone(),
        owner: review.owner.clone(),
        corrections: review.corrections.clone(),
        by: review.by.clone(),
        at: review.at.clone(),
        reopened: why,
        before: Some(Box::new(Review { before: None, ..review.clone() })),
        ..Review::default()
    }
}

/// What a review becomes by itself: open again, where what it rests on is otherwise, its day is over, or the system returned.
pub(crate) fn reopened(review: &Review, system: Option<(&System, Presence)>, today: Date) -> Option<Review> {
    let holds = matches!(review.standing, Standing::Confirmed | Standing::Rejected | Standing::Deferred);
    let mut why = Vec::new();
    let is_over = review.until.as_ref().is_some_and(|until| *until <= today.to_string());
    if holds && is_over {
        why.push(format!("it held until {}", review.until.as_deref().unwrap_or_default()));
    }
    if let Some((system, presence)) = system {
        let returns = matches!(review.standing, Standing::Rejected | Standing::Deferred | Standing::Retired);
        if returns && presence == Presence::Returned {
            why.push("it was missing, and is there again".to_owned());
        }
        if holds && let Some(then) = &review.fingerprint {
            why.extend(then.changed(&Fingerprint::of(system)).iter().map(ToString::to_string));
        }
    }
    (!why.is_empty()).then(|| open(review, why))
}
