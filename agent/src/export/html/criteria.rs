//! The ten answers about a system, each with what speaks for it and against it.

use asmm_model::autonomy::Missing;
use asmm_model::{Answer, Criterion, Evidence, Supports, System};

use super::super::words;
use super::text::{Prose, Shown, Text};

/// Pieces of evidence of one answer.
const EVIDENCE: usize = 30;
/// Sentences that say what is missing.
const MISSING: usize = 30;

/// One question with its answer.
#[derive(Debug)]
pub(super) struct Question {
    /// `C1` to `C10`.
    pub(super) id: &'static str,
    /// One word for it.
    pub(super) name: &'static str,
    /// The question as a reviewer is asked it.
    pub(super) asks: &'static str,
    /// `yes`, `no` or `unknown`.
    pub(super) answer: &'static str,
    /// How sure that is, 0 to 1; empty where it is open.
    pub(super) sure: String,
    /// Whether strong evidence speaks for both answers.
    pub(super) conflicting: bool,
    /// What the best piece of evidence says.
    pub(super) told: Prose,
    /// The evidence, strongest first.
    pub(super) evidence: Shown<Piece>,
    /// What would settle it.
    pub(super) missing: Shown<Prose>,
}

impl Question {
    /// All ten.
    pub(super) fn all(system: &System) -> Vec<Self> {
        system.criteria.iter().map(|(criterion, answer)| Self::new(criterion, answer)).collect()
    }

    fn new(criterion: Criterion, answer: &Answer) -> Self {
        let wanted = match answer {
            Answer::Yes(_) => Some(Supports::Yes),
            Answer::No(_) => Some(Supports::No),
            Answer::Unknown(_) => None,
        };
        let pieces = answer.evidence();
        let best = pieces.iter().find(|piece| wanted.is_none() || piece.supports == wanted);
        let told = match (best, answer.missing()) {
            // Of an open question, a reviewer first wants to know why.
            (_, [first, ..]) => Prose::new(&first.what),
            (Some(piece), _) => told(piece),
            (None, _) => Prose::default(),
        };
        let mut evidence = Shown::of(pieces.iter(), EVIDENCE, Piece::new);
        evidence.more += usize::try_from(answer.more()).unwrap_or(usize::MAX);
        Self {
            id: criterion.id(),
            name: criterion.name(),
            asks: criterion.question(),
            answer: words::answer(answer),
            sure: answer.confidence().map(|confidence| format!("{confidence:.2}")).unwrap_or_default(),
            conflicting: answer.is_conflicting(),
            told,
            evidence,
            missing: Shown::of(answer.missing().iter(), MISSING, |missing| Prose::new(&missing.what)),
        }
    }
}

/// One piece of evidence.
#[derive(Debug)]
pub(super) struct Piece {
    /// `for` or `against` a yes; empty where it speaks for neither.
    pub(super) side: &'static str,
    /// What was seen.
    pub(super) told: Prose,
    /// Where.
    pub(super) place: Text,
    /// How it was come by.
    pub(super) class: String,
    /// How much it counts, 0 to 1.
    pub(super) weight: String,
    /// What the code at that place is, where it is not the system's own.
    pub(super) role: &'static str,
    /// The rule that recognised it.
    pub(super) rule: Text,
}

impl Piece {
    fn new(piece: &Evidence) -> Self {
        Self {
            side: match piece.supports {
                Some(Supports::Yes) => "yes",
                Some(Supports::No) => "no",
                None => "",
            },
            told: told(piece),
            place: Text::place(&piece.place),
            class: piece.class.map(words::named).unwrap_or_default(),
            weight: piece.weight.map(|weight| format!("{weight:.2}")).unwrap_or_default(),
            role: piece.role.name(),
            rule: Text::short(piece.rule.as_deref().unwrap_or_default()),
        }
    }
}

fn told(piece: &Evidence) -> Prose {
    Prose::new(piece.note.as_deref().unwrap_or("seen"))
}

/// A sentence that settles something, and the questions that it settles.
#[derive(Debug)]
pub(super) struct Settling {
    /// The questions, as `C2, C3`.
    pub(super) ids: String,
    /// What to find out.
    pub(super) what: Prose,
}

/// What would settle an undetermined system, every sentence once.
pub(super) fn settling(missing: &[Missing]) -> Shown<Settling> {
    let mut sentences: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut known = std::collections::BTreeMap::new();
    for missing in missing {
        let at = *known.entry(missing.what.as_str()).or_insert_with(|| {
            sentences.push((&missing.what, Vec::new()));
            sentences.len() - 1
        });
        let ids = &mut sentences[at].1;
        if !ids.contains(&missing.criterion.id()) {
            ids.push(missing.criterion.id());
        }
    }
    Shown::of(sentences.into_iter(), MISSING, |(what, ids)| Settling {
        ids: ids.join(", "),
        what: Prose::new(what),
    })
}
