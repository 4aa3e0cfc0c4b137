//! The ten answers about a system, each with what speaks for it and against it.

use asmm_model::autonomy::Missing;
use asmm_model::{Answer, Criterion, Evidence, Place, Supports, System};

use super::super::words;
use super::text::{Prose, Shown, Text};

/// Pieces of evidence of one answer.
const EVIDENCE: usize = 30;
/// Sentences that say what is missing.
const MISSING: usize = 30;

/// The address at which a place can be looked up, where there is one.
pub(crate) type Links<'l> = &'l dyn Fn(&Place) -> Option<String>;

/// One question with its answer.
#[derive(Debug)]
pub(crate) struct Question {
    /// `C1` to `C10`.
    pub(crate) id: &'static str,
    /// One word for it.
    pub(crate) name: &'static str,
    /// The question as a reviewer is asked it.
    pub(crate) asks: &'static str,
    /// `yes`, `no` or `unknown`.
    pub(crate) answer: &'static str,
    /// How sure that is, 0 to 1; empty where it is open.
    pub(crate) sure: String,
    /// Whether strong evidence speaks for both answers.
    pub(crate) conflicting: bool,
    /// What the best piece of evidence says.
    pub(crate) told: Prose,
    /// The evidence, strongest first.
    pub(crate) evidence: Shown<Piece>,
    /// What would settle it.
    pub(crate) missing: Shown<Prose>,
}

impl Question {
    /// All ten.
    pub(crate) fn all(system: &System, links: Links<'_>) -> Vec<Self> {
        system.criteria.iter().map(|(criterion, answer)| Self::new(criterion, answer, links)).collect()
    }

    fn new(criterion: Criterion, answer: &Answer, links: Links<'_>) -> Self {
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
        let mut evidence = Shown::of(pieces.iter(), EVIDENCE, |piece| Piece::new(piece, links));
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
pub(crate) struct Piece {
    /// `for` or `against` a yes; empty where it speaks for neither.
    pub(crate) side: &'static str,
    /// What was seen.
    pub(crate) told: Prose,
    /// Where.
    pub(crate) place: Text,
    /// Where that can be read, for pages that link to elsewhere.
    pub(crate) href: Option<String>,
    /// How it was come by.
    pub(crate) class: String,
    /// How much it counts, 0 to 1.
    pub(crate) weight: String,
    /// What the code at that place is, where it is not the system's own.
    pub(crate) role: &'static str,
    /// The rule that recognised it.
    pub(crate) rule: Text,
}

impl Piece {
    fn new(piece: &Evidence, links: Links<'_>) -> Self {
        Self {
            side: match piece.supports {
                Some(Supports::Yes) => "yes",
                Some(Supports::No) => "no",
                None => "",
            },
            told: told(piece),
            place: Text::place(&piece.place),
            href: links(&piece.place),
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
pub(crate) struct Settling {
    /// The questions, as `C2, C3`.
    pub(crate) ids: String,
    /// What to find out.
    pub(crate) what: Prose,
}

/// What would settle an undetermined system, every sentence once.
pub(crate) fn settling(missing: &[Missing]) -> Shown<Settling> {
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
