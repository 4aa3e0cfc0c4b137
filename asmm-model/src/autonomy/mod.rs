//! The Autonomy Test (working criteria v0.1): ten questions in three-valued logic, the evidence behind each answer,
//! and the rule that turns the answers into a verdict.

mod combine;
mod decide;
mod ternary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Evidence;

pub use combine::{AHEAD, ENOUGH, Support, combine, support};
pub use decide::{Circumstances, Decision, Level, Verdict, decide, priority};
pub use ternary::Ternary;

/// One question of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Criterion {
    /// Selects: model output decides which action runs next.
    C1,
    /// Sequences: results return to the model, which takes further steps.
    C2,
    /// Affects: an action it may select changes state outside the conversation.
    C3,
    /// Unapproved: such an action runs without a person approving it.
    C4,
    /// Self-starts: it runs without a person's turn.
    C5,
    /// Own identity: it acts under a non-human identity.
    C6,
    /// Untrusted input: content from outside its trust boundary reaches the model.
    C7,
    /// Persists: it keeps memory or goals across sessions.
    C8,
    /// Delegates: it calls, spawns or answers to other agents.
    C9,
    /// Changes itself: its own prompt, tools, code or permissions.
    C10,
}

impl Criterion {
    /// All ten, in order.
    pub const ALL: [Self; 10] =
        [Self::C1, Self::C2, Self::C3, Self::C4, Self::C5, Self::C6, Self::C7, Self::C8, Self::C9, Self::C10];

    /// The id used in the inventory.
    pub fn id(self) -> &'static str {
        match self {
            Self::C1 => "C1",
            Self::C2 => "C2",
            Self::C3 => "C3",
            Self::C4 => "C4",
            Self::C5 => "C5",
            Self::C6 => "C6",
            Self::C7 => "C7",
            Self::C8 => "C8",
            Self::C9 => "C9",
            Self::C10 => "C10",
        }
    }

    /// One word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::C1 => "selects",
            Self::C2 => "sequences",
            Self::C3 => "affects",
            Self::C4 => "unapproved",
            Self::C5 => "self-starts",
            Self::C6 => "own identity",
            Self::C7 => "untrusted input",
            Self::C8 => "persists",
            Self::C9 => "delegates",
            Self::C10 => "changes itself",
        }
    }

    /// The question as a reviewer is asked it.
    pub fn question(self) -> &'static str {
        match self {
            Self::C1 => "Does model output decide which tool, function, query or command runs next?",
            Self::C2 => "Do results return to the model, so that it can take several steps toward a goal?",
            Self::C3 => "Can an action that it may select change state outside the conversation?",
            Self::C4 => "Does such an action run without a person approving it?",
            Self::C5 => "Can it start without a person's turn?",
            Self::C6 => "Does it act under a non-human identity?",
            Self::C7 => "Does content from outside its trust boundary reach the model?",
            Self::C8 => "Does it keep memory, checkpoints or goals across sessions?",
            Self::C9 => "Does it call, spawn or answer to other agents?",
            Self::C10 => "Can it change its own prompt, tools, code or permissions at run time?",
        }
    }
}

/// A fact that would settle an open question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// The question it would settle.
    pub criterion: Criterion,
    /// The fact, as a sentence for a reviewer.
    pub what: String,
}

/// Why an answer is `yes` or `no`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// Confidence in the answer, 0 to 1: support of the winner times what the loser leaves.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: f64,
    /// Whether strong evidence speaks for both answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflicting: bool,
    /// The evidence, strongest first.
    pub evidence: Vec<Evidence>,
    /// How many further pieces of evidence are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

/// What is known about a question that stays open.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Open {
    /// Whether strong evidence speaks for both answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflicting: bool,
    /// Evidence for either answer, too weak or too divided to decide.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// How many further pieces of evidence are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
    /// What would settle it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Yes, on this basis.
    Yes(Basis),
    /// No, on this basis.
    No(Basis),
    /// Cannot be said.
    Unknown(Open),
}

impl Default for Answer {
    fn default() -> Self {
        Self::Unknown(Open::default())
    }
}

impl Answer {
    /// Only the answer.
    pub fn ternary(&self) -> Ternary {
        match self {
            Self::Yes(_) => Ternary::Yes,
            Self::No(_) => Ternary::No,
            Self::Unknown(_) => Ternary::Unknown,
        }
    }

    /// Confidence in a `yes` or `no`.
    pub fn confidence(&self) -> Option<f64> {
        match self {
            Self::Yes(basis) | Self::No(basis) => Some(basis.confidence),
            Self::Unknown(_) => None,
        }
    }

    /// The evidence for and against.
    pub fn evidence(&self) -> &[Evidence] {
        match self {
            Self::Yes(basis) | Self::No(basis) => &basis.evidence,
            Self::Unknown(open) => &open.evidence,
        }
    }

    /// How many further pieces of evidence are not listed.
    pub fn more(&self) -> u64 {
        match self {
            Self::Yes(basis) | Self::No(basis) => basis.more,
            Self::Unknown(open) => open.more,
        }
    }

    /// Whether strong evidence speaks for both answers.
    pub fn is_conflicting(&self) -> bool {
        match self {
            Self::Yes(basis) | Self::No(basis) => basis.conflicting,
            Self::Unknown(open) => open.conflicting,
        }
    }

    /// What would settle an open question.
    pub fn missing(&self) -> &[Missing] {
        match self {
            Self::Yes(_) | Self::No(_) => &[],
            Self::Unknown(open) => &open.missing,
        }
    }
}

/// The answers to all ten questions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct Criteria {
    /// Does model output decide what runs next?
    pub c1: Answer,
    /// Do results return to the model for further steps?
    pub c2: Answer,
    /// Does an action that it may select change state outside the conversation?
    pub c3: Answer,
    /// Does such an action run without approval?
    pub c4: Answer,
    /// Does it start without a person's turn?
    pub c5: Answer,
    /// Does it act under a non-human identity?
    pub c6: Answer,
    /// Does content from outside its trust boundary reach the model?
    pub c7: Answer,
    /// Does it keep memory or goals across sessions?
    pub c8: Answer,
    /// Does it work with other agents?
    pub c9: Answer,
    /// Can it change itself at run time?
    pub c10: Answer,
}

impl Criteria {
    /// Answers given by a function of the question.
    pub fn from_fn(mut answer: impl FnMut(Criterion) -> Answer) -> Self {
        let mut criteria = Self::default();
        for criterion in Criterion::ALL {
            criteria[criterion] = answer(criterion);
        }
        criteria
    }

    /// Questions and answers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Criterion, &Answer)> {
        Criterion::ALL.into_iter().map(|criterion| (criterion, &self[criterion]))
    }

    /// The evidence of all answers.
    pub fn evidence_mut(&mut self) -> impl Iterator<Item = &mut Evidence> {
        let Self { c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 } = self;
        let answers = [c1, c2, c3, c4, c5, c6, c7, c8, c9, c10];
        answers.into_iter().flat_map(|answer| match answer {
            Answer::Yes(basis) | Answer::No(basis) => &mut basis.evidence,
            Answer::Unknown(open) => &mut open.evidence,
        })
    }
}

impl std::ops::Index<Criterion> for Criteria {
    type Output = Answer;

    fn index(&self, criterion: Criterion) -> &Answer {
        match criterion {
            Criterion::C1 => &self.c1,
            Criterion::C2 => &self.c2,
            Criterion::C3 => &self.c3,
            Criterion::C4 => &self.c4,
            Criterion::C5 => &self.c5,
            Criterion::C6 => &self.c6,
            Criterion::C7 => &self.c7,
            Criterion::C8 => &self.c8,
            Criterion::C9 => &self.c9,
            Criterion::C10 => &self.c10,
        }
    }
}

impl std::ops::IndexMut<Criterion> for Criteria {
    fn index_mut(&mut self, criterion: Criterion) -> &mut Answer {
        match criterion {
            Criterion::C1 => &mut self.c1,
            Criterion::C2 => &mut self.c2,
            Criterion::C3 => &mut self.c3,
            Criterion::C4 => &mut self.c4,
            Criterion::C5 => &mut self.c5,
            Criterion::C6 => &mut self.c6,
            Criterion::C7 => &mut self.c7,
            Criterion::C8 => &mut self.c8,
            Criterion::C9 => &mut self.c9,
            Criterion::C10 => &mut self.c10,
        }
    }
}
