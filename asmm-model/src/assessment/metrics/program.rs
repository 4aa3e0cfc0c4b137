//! Metrics of the program itself: what was scanned, and how often.

use std::collections::BTreeSet;

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

/// M23: providers that systems send to, and with which an agreement is on record. Without any record of agreements, nothing is known of them.
pub(super) fn agreements(providers: &BTreeSet<String>, survey: &Survey) -> Measure {
    let Some(agreed) = &survey.agreements else {
        let unclear: Vec<String> = providers.iter().cloned().collect();
        return Measure { unknown: unclear.len() as u64, unclear, ..Measure::default() };
    };
    let (counted, others): (Vec<String>, Vec<String>) =
        providers.iter().cloned().partition(|provider| agreed.contains(provider));
    let known = providers.len() as u64;
    Measure { num: counted.len() as u64, known, counted, others, ..Measure::default() }
}

/// A number that is always known.
pub(super) fn number(num: u64) -> Measure {
    Measure { num, known: num.max(1), ..Measure::default() }
}
