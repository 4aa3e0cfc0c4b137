//! The argument behind the verdict about one system, in plain language: the rule, each answer with its evidence and the
//! code around it, and what would change the verdict.

mod answers;
mod change;
mod graph;
mod mask;
mod source;
#[cfg(test)]
mod tests;
mod verdict;

use asmm_model::autonomy::{Missing, decide};
use asmm_model::{Criterion, System, Verdict};
use muster_rules::Heuristics;

use crate::export::table;
use crate::page::{Line, Page, Tone};

pub(crate) use graph::{STYLE, svg, svg_in_page};
pub(crate) use source::Source;

/// What is asked about a system.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The system, as an inventory has it.
    pub(crate) system: &'a System,
    /// The criteria that are told; none stands for everything.
    pub(crate) criteria: &'a [Criterion],
    /// Lines of code before and after the place of a piece of evidence.
    pub(crate) context: u32,
}

/// The answer as a page.
pub(crate) fn page(
    question: &Question<'_>,
    heuristics: &Heuristics,
    source: &mut Source,
    width: usize,
) -> Page {
    let mut page = Page::new(width);
    let (system, differs) = judged(question.system);
    table::heading(&mut page, &system);
    if differs {
        let said = table::verdict(question.system.verdict);
        let line = format!("The inventory says {said}, which is not what its answers come to.");
        page.wrap(2, 2, &Line::new().with(Tone::Open, line));
    }
    let code = match source.root() {
        Ok(root) => format!("Code is read from `{}`.", root.display()),
        Err(why) => format!("No code is shown: {why}."),
    };
    page.wrap(2, 2, &Line::new().with(Tone::Dim, code));
    page.gap();
    verdict::why(&mut page, &system);
    let all = question.criteria.is_empty();
    let criteria = if all { &Criterion::ALL[..] } else { question.criteria };
    answers::all(&mut page, &system, criteria, heuristics, source, question.context);
    if all {
        page.gap();
        title(&mut page, "Tools, triggers and identities");
        if system.tools.is_empty() {
            page.wrap(2, 2, &Line::new().plain("The inventory lists no tool that the model can call."));
        }
        table::parts(&mut page, &system);
        page.gap();
        verdict::changes(&mut page, &system, heuristics);
    } else {
        page.gap();
        verdict::other_answers(&mut page, &system, criteria, heuristics);
    }
    page
}

/// The system as its answers have it, and whether the document says something else. A document can be edited, or be of
/// another version; the argument has to be one.
fn judged(system: &System) -> (System, bool) {
    let mut system = system.clone();
    let decision = decide(&system.criteria);
    let differs = system.verdict != decision.verdict && system.verdict != Verdict::NotAi;
    if differs || system.settles.is_empty() {
        system.settles = decision.settles;
    }
    if system.verdict != Verdict::NotAi {
        (system.verdict, system.level, system.confidence) =
            (decision.verdict, decision.level, decision.confidence);
    }
    for Missing { what, .. } in &mut system.settles {
        *what = mask::sentence(what);
    }
    (system, differs)
}

fn title(page: &mut Page, text: &str) {
    page.push(Line::new().with(Tone::Strong, text));
}

/// The id and the name of a criterion.
fn named(criterion: Criterion) -> String {
    format!("{} {}", criterion.id(), criterion.name())
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String], and: &str) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} {and} {last}", first.join(", ")),
        _ => items.concat(),
    }
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
