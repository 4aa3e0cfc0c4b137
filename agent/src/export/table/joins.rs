//! What is one with a system, and what may be: each join with its reasons, and each question for a person.

use asmm_model::{Join, Proposal, Reason, System};

use super::cut;
use crate::page::{Line, Page, Tone};

/// Everything that was seen on its own elsewhere and is a part of the system, with why.
pub(super) fn joins(page: &mut Page, system: &System, most: usize) {
    if system.joins.is_empty() {
        return;
    }
    page.push(Line::new().plain("  ").with(Tone::Strong, "Seen elsewhere as"));
    for join in system.joins.iter().take(most) {
        page.wrap(
            4,
            6,
            &Line::new()
                .plain(&join.name)
                .with(Tone::Dim, place(join))
                .plain(": it ")
                .plain(why(&join.because)),
        );
    }
    cut(page, 4, system.joins.len(), most);
}

fn place(join: &Join) -> String {
    match &join.target {
        Some(target) => format!(" ({} in {target})", join.root),
        None => format!(" ({})", join.root),
    }
}

/// Systems that may be one; nothing of them is joined.
pub(super) fn proposals(page: &mut Page, proposals: &[Proposal], most: usize) {
    if proposals.is_empty() {
        return;
    }
    page.gap();
    page.push(Line::new().with(Tone::Strong, "May be one system: a person has to say"));
    for proposal in proposals.iter().take(most) {
        let [code, part] = &proposal.names;
        let [code_id, part_id] = [proposal.systems[0].as_str(), proposal.systems[1].as_str()];
        let line = Line::new()
            .plain(code)
            .with(Tone::Dim, format!(" ({code_id})"))
            .plain(" and ")
            .plain(part)
            .with(Tone::Dim, format!(" ({part_id})"))
            .plain(format!(": {}", why(&proposal.because)));
        page.wrap(2, 4, &line);
    }
    cut(page, 2, proposals.len(), most);
}

fn why(because: &[Reason]) -> String {
    let says: Vec<&str> = because.iter().map(|reason| reason.says.as_str()).collect();
    says.join("; and ")
}
