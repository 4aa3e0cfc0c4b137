//! The largest gaps, and the road that closes them.

use asmm_model::assessment::{Road, Step};

use super::table::{Cell, Table};
use super::{Assessment, counted};
use crate::export::{Prose, Text};

/// Gaps that a board is told.
const LARGEST: usize = 5;
/// Names of systems that stand beside one step.
const NAMED: usize = 20;

/// The first steps of the road, as gaps.
pub(super) fn gaps(road: &Road) -> Option<Table> {
    let row = |step: &Step| {
        let why: Vec<&str> = step.barriers.iter().map(|barrier| barrier.why.as_str()).collect();
        let why = if why.is_empty() {
            "nothing that a scan sees: what the level needs has to be shown by people and documents"
                .to_owned()
        } else {
            why.join("; ")
        };
        vec![
            Cell::text(&format!("{} {}", step.area, step.title)),
            Cell::Number(format!("{} → {}", step.from.level(), step.to.level())),
            Cell::Number(format!("+{}", step.gain)),
            Cell::Prose(Prose::new(&why)),
            Cell::Number(step.systems.len().to_string()),
        ]
    };
    let rows: Vec<Vec<Cell>> = road.steps.iter().take(LARGEST).map(row).collect();
    (!rows.is_empty()).then_some(Table {
        caption: "The largest gaps, by what closing them brings",
        class: "gaps",
        heads: &["Area", "Level", "Overall score", "In the way", "Systems"],
        rows,
        more: 0,
    })
}

/// One step of the road.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) area: Text,
    pub(super) title: Text,
    pub(super) said: String,
    pub(super) barriers: Vec<Prose>,
    /// What the level needs, what that is called, and what shows it.
    pub(super) needs: Vec<(Text, Text, Text)>,
    pub(super) systems: Vec<Text>,
    pub(super) more: usize,
}

impl Stage {
    pub(super) fn of(assessment: &Assessment, step: &Step) -> Self {
        let mut said = format!(
            "From {} to {}: adds {} to the overall score",
            step.from.level(),
            step.to.level(),
            step.gain
        );
        if let (1.., Some(band)) = (step.gain_bands, step.overall_band) {
            said = format!("{said} and lifts it to band {band}");
        }
        if !step.systems.is_empty() {
            said = format!(
                "{said}; {} in the way",
                counted(step.systems.len(), "system or source stands", "systems or sources stand")
            );
        }
        Self {
            area: Text::short(&step.area),
            title: Text::short(&step.title),
            said: format!("{said}."),
            barriers: step.barriers.iter().map(|barrier| Prose::new(&barrier.lifted)).collect(),
            needs: (step.needs.iter())
                .map(|need| (Text::short(&need.title), Text::long(&need.needs), Text::long(&need.shown_by)))
                .collect(),
            systems: step.systems.iter().take(NAMED).map(|id| Text::short(assessment.name_of(id))).collect(),
            more: step.systems.len().saturating_sub(NAMED),
        }
    }
}
