//! The road to a target as tickets: for spreadsheets, and in Markdown.

use std::fmt::Write as _;

use asmm_model::assessment::{Road, Step};

use crate::export;

const COLUMNS: [&str; 10] =
    ["area", "title", "domain", "from", "to", "gain", "overall_band", "needs", "in_the_way", "systems"];

/// One row for each area. A cell that a spreadsheet would calculate is guarded.
///
/// # Errors
/// Never in practice: writing into memory.
pub(crate) fn csv(road: &Road) -> anyhow::Result<String> {
    let row = |step: &Step| {
        let needs: Vec<String> =
            step.needs.iter().map(|need| format!("{}: {}", need.title, need.needs)).collect();
        let barriers: Vec<String> = step.barriers.iter().map(|barrier| barrier.lifted.clone()).collect();
        vec![
            step.area.clone(),
            step.title.clone(),
            step.domain.clone(),
            step.from.level().to_string(),
            step.to.level().to_string(),
            step.gain.to_string(),
            step.overall_band.map(|band| band.to_string()).unwrap_or_default(),
            needs.join("; "),
            barriers.join("; "),
            step.systems.join("; "),
        ]
    };
    export::lines(std::iter::once(COLUMNS.map(str::to_owned).to_vec()).chain(road.steps.iter().map(row)))
}

/// A ticket for each area, with boxes to tick. Names of systems and files are code, so that they are never taken for Markdown.
pub(crate) fn markdown(name: &str, road: &Road) -> String {
    let mut text = format!("# The road of {name}\n");
    if road.steps.is_empty() {
        text.push_str("\nEvery assessed area is at its target.\n");
    }
    for step in &road.steps {
        let (from, to) = (step.from.level(), step.to.level());
        let _ = writeln!(text, "\n## {}: {} from {from} to {to}\n", step.area, step.title);
        let _ = writeln!(text, "Adds {} to the overall score{}.\n", step.gain, bands(step));
        for barrier in &step.barriers {
            let _ = writeln!(text, "- [ ] {} Shown by: {}.", sentence(&barrier.lifted), barrier.shown_by);
            for system in &barrier.systems {
                let _ = writeln!(text, "  - [ ] {}", code(system));
            }
        }
        for need in &step.needs {
            let _ = writeln!(text, "- [ ] {}: {}. Shown by: {}.", need.title, need.needs, need.shown_by);
        }
    }
    if !road.unassessed.is_empty() {
        let _ = writeln!(text, "\n## Not assessed yet\n\n{}", road.unassessed.join(", "));
    }
    text
}

fn bands(step: &Step) -> String {
    match (step.gain_bands, step.overall_band) {
        (1.., Some(band)) => format!(" and lifts it to band {band}"),
        _ => String::new(),
    }
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

/// A name that stands between as many backticks as it needs.
fn code(name: &str) -> String {
    let shown = crate::page::visible(name);
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{ticks}{space}{shown}{space}{ticks}")
}
