//! What a visitor asks to be done about a system, in the words of forms and of programs.

use asmm_model::{Criterion, Verdict};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Site;
use super::door::Visitor;
use super::wrong::Wrong;
use crate::access::Right;
use crate::clock;
use crate::review::{self, Act, Owned, Rejection, Standing};
use crate::store::{Decision, DecisionKind, Reviewed};

/// Systems that are decided of at once.
pub(super) const AT_ONCE: usize = 50;
/// The longest name of somebody, in characters.
pub(super) const NAME: usize = 500;

/// What is to be done. Only the fields that an act names count.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Asked {
    /// `assign`, `own`, `correct`, `confirm`, `reject`, `approve`, `withdraw`, `defer`, `retire`, `reopen`, `amend`, `merge` or `split`.
    pub(super) act: String,
    /// Of `assign`: who looks at it; by default whoever asks.
    pub(super) to: String,
    /// Of `own`: a person or a team; `unknown` where nobody knows. Of `confirm`: the same, where it was not said before.
    pub(super) owner: String,
    /// Of `correct`: C1 to C10.
    pub(super) criterion: String,
    /// Of `correct`: `yes`, `no`, or `clear` to take a correction back.
    pub(super) answer: String,
    /// Of `confirm`: `agentic`, `not_agentic` or `not_ai`, where it is not what the answers come to.
    pub(super) verdict: String,
    /// Of `confirm`: `true` where it is none of what is assessed.
    pub(super) out_of_scope: String,
    /// Of `reject`: `not-ai`, `false-positive`, `test-or-sample`, `duplicate-of` or `out-of-scope`.
    #[serde(rename = "as")]
    pub(super) rejection: String,
    /// Of `reject` as a duplicate, of `merge` and of `split`: the other system, by its id or its name.
    pub(super) other: String,
    /// Of `reject` and `defer`: the day from which it does not hold any more, `2027-05-26`.
    pub(super) until: String,
    /// Of `amend`: the standing that it gets.
    pub(super) standing: String,
    /// Why; needed by `correct`, `reject`, `defer`, `reopen` and `amend`.
    pub(super) reason: String,
    /// How often it had been decided of when it was looked at: where somebody did something since, nothing is done.
    pub(super) revision: String,
    /// What a form of the site holds.
    #[schemars(skip)]
    pub(super) form: String,
    /// The page that a form leads back to.
    #[schemars(skip)]
    pub(super) then: String,
}

/// Decides of a pair: that two systems are one, or not, and which system an entry of the register is, or is not.
pub(super) async fn decide(
    site: &Site,
    (kind, subject, object): (DecisionKind, &str, &str),
    reason: &str,
    visitor: &Visitor,
) -> Result<Decision, Wrong> {
    let store = site.store();
    let object = store.system_named(object).await?;
    let subject = match kind {
        DecisionKind::One | DecisionKind::Apart => store.system_named(subject).await?,
        DecisionKind::Declared | DecisionKind::NotDeclared => store.entry_named(subject).await?,
    };
    Ok(store.decide(kind, &subject, &object, &visitor.person, &clock::now(), reason).await?)
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Done {
    /// What is decided of the system now.
    Reviewed(Reviewed),
    /// It was decided that two systems are one, or are not.
    Joined(Decision),
}

impl Asked {
    /// Does it, as a visitor who may.
    pub(super) async fn done(&self, site: &Site, system: &str, visitor: &Visitor) -> Result<Done, Wrong> {
        let (at, today) = clock::day();
        let by = visitor.person.as_str();
        match self.act.as_str() {
            "approve" => visitor.needs(Right::Approve)?,
            "amend" => visitor.needs(Right::Administer)?,
            _ => visitor.needs(Right::Review)?,
        }
        site.expire().await?;
        let kind = match self.act.as_str() {
            "merge" => DecisionKind::One,
            "split" => DecisionKind::Apart,
            _ => {
                let revision = self.seen()?;
                let act = self.act(site).await?;
                let done = site.store().act(system, act, by, &self.reason, (&at, today), Some(revision));
                return Ok(Done::Reviewed(done.await?));
            }
        };
        let other = self.other(site).await?;
        let decided = site.store().decide(kind, system, &other, by, &at, &self.reason).await?;
        Ok(Done::Joined(decided))
    }

    /// Does it where it needs no look at each: not where a second person is needed.
    pub(super) async fn done_in_bulk(
        &self,
        site: &Site,
        system: &str,
        visitor: &Visitor,
    ) -> Result<(), Wrong> {
        let (shown, _, reviewed) = site.store().reviewed(system).await?;
        if review::needs_second(&shown, &reviewed.review) {
            let what = "It is agentic at level 3 or above: it has to be looked at by itself, and by a second person.";
            return Err(Wrong::Refused(what.to_owned()));
        }
        self.done(site, system, visitor).await.map(drop)
    }

    /// Rejects several, each as it was looked at. Gives how many were, and of which it was not done and why: what needs a second person
    /// is none of them.
    pub(super) async fn rejected_together(
        self,
        site: &Site,
        systems: Vec<(String, String)>,
        visitor: &Visitor,
    ) -> Result<(usize, Vec<(String, Wrong)>), Wrong> {
        if systems.is_empty() {
            return Err(Wrong::Refused(
                "No system was chosen. Tick those that are meant, and try again.".to_owned(),
            ));
        }
        if systems.len() > AT_ONCE || self.rejection == "duplicate-of" {
            return Err(Wrong::Refused("Each of these has to be looked at by itself.".to_owned()));
        }
        self.day()?;
        let (mut done, mut refused) = (0, Vec::new());
        for (id, revision) in systems {
            let asked = Self { act: "reject".to_owned(), revision, ..self.clone() };
            match asked.done_in_bulk(site, &id, visitor).await {
                Ok(()) => done += 1,
                Err(Wrong::Failed) => return Err(Wrong::Failed),
                Err(wrong) => refused.push((id, wrong)),
            }
        }
        Ok((done, refused))
    }

    fn seen(&self) -> Result<i64, Wrong> {
        self.revision
            .parse()
            .map_err(|_| unreadable("`revision` is missing: it is the number that the system was shown with"))
    }

    async fn act(&self, site: &Site) -> Result<Act, Wrong> {
        if [&self.to, &self.owner].iter().any(|name| name.chars().nth(NAME).is_some()) {
            return Err(Wrong::Refused(format!("A name is longer than {NAME} characters.")));
        }
        Ok(match self.act.as_str() {
            "assign" => Act::Assign(self.to.trim().to_owned()),
            "own" if self.owner.is_empty() => return Err(unreadable("`owner` is missing")),
            "own" => Act::Own(Owned::named(self.owner.trim().to_owned())),
            "correct" => {
                let is = |criterion: &Criterion| criterion.id() == self.criterion;
                let criterion = Criterion::ALL.into_iter().find(is);
                let criterion = criterion.ok_or_else(|| unreadable("`criterion` is one of C1 to C10"))?;
                let answer = match self.answer.as_str() {
                    "yes" => Some(true),
                    "no" => Some(false),
                    "clear" => None,
                    _ => return Err(unreadable("`answer` is yes, no or clear")),
                };
                Act::Correct(criterion, answer)
            }
            "confirm" => Act::Confirm {
                verdict: match self.verdict.as_str() {
                    "" => None,
                    name => Some(verdict(name)?),
                },
                in_scope: self.out_of_scope != "true",
                owner: Some(self.owner.trim().to_owned()).filter(|owner| !owner.is_empty()).map(Owned::named),
            },
            "reject" => Act::Reject(self.rejection(site).await?, self.day()?),
            "approve" => Act::Approve,
            "withdraw" => Act::Withdraw,
            "defer" => {
                let day = self.day()?;
                Act::Defer(day.ok_or_else(|| unreadable("`until` is missing: the day until which it waits"))?)
            }
            "retire" => Act::Retire,
            "reopen" => Act::Reopen,
            "amend" => {
                let standing = Standing::named(&self.standing);
                Act::Amend(standing.ok_or_else(|| unreadable("`standing` is none that there is"))?)
            }
            _ => return Err(unreadable("`act` is none that there is")),
        })
    }

    async fn rejection(&self, site: &Site) -> Result<Rejection, Wrong> {
        Ok(match self.rejection.as_str() {
            "not-ai" => Rejection::NotAi,
            "false-positive" => Rejection::FalsePositive,
            "test-or-sample" => Rejection::TestOrSample,
            "out-of-scope" => Rejection::OutOfScope,
            "duplicate-of" => Rejection::DuplicateOf(self.other(site).await?),
            _ => return Err(unreadable("`as` is none of the reasons that there are")),
        })
    }

    async fn other(&self, site: &Site) -> Result<String, Wrong> {
        match self.other.trim() {
            "" => Err(unreadable("`other` is missing: the other system, by its id or its name")),
            given => Ok(site.store().system_named(given).await?),
        }
    }

    fn day(&self) -> Result<Option<Date>, Wrong> {
        match self.until.as_str() {
            "" => Ok(None),
            day => {
                let day = day.parse().map_err(|_| unreadable("`until` is no day, such as 2027-05-26"))?;
                Ok(Some(day))
            }
        }
    }
}

fn verdict(name: &str) -> Result<Verdict, Wrong> {
    let all = [Verdict::Agentic, Verdict::NotAgentic, Verdict::NotAi];
    let found = all.into_iter().find(|verdict| verdict.name() == name);
    found.ok_or_else(|| unreadable("`verdict` is agentic, not_agentic or not_ai"))
}

fn unreadable(what: &str) -> Wrong {
    Wrong::Unreadable(format!("{what}."))
}
