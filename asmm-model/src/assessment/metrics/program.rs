//! Metrics of the program itself: what was scanned, and how often.

use super::Measure;
use crate::assessment::{Source, Survey};

/// M05: declared sources that were scanned wholly inside the window.
pub(super) fn scanned(survey: &Survey) -> Measure {
    let (fresh, stale): (Vec<&Source>, Vec<&Source>) =
        survey.sources.iter().partition(|source| survey.is_fresh(source));
    let names = |sources: &[&Source]| {
        let mut names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        names.sort_unstable();
        names
    };
    Measure {
        num: fresh.len() as u64,
        known: survey.sources.len() as u64,
        counted: names(&fresh),
        others: names(&stale),
        ..Measure::default()
    }
}

/// A number that is always known.
pub(super) fn number(num: u64) -> Measure {
    Measure { num, known: num.max(1), ..Measure::default() }
}
