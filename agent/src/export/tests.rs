//! Whole reports of hand-made inventories.

use asmm_model::{ComponentKind, Criterion, Effect, Gate, Place, Supports, SystemKind};

use super::{Format, Surface};
use crate::sample::{self, Sample};

fn report(samples: Vec<Sample>, width: usize, colour: bool) -> String {
    let observations = samples.into_iter().flat_map(Sample::observations).collect();
    Format::Table.write(&sample::inventory(observations), Surface { width, colour }).unwrap()
}

#[test]
fn the_report_says_first_what_is_agentic_and_why() {
    let all = vec![sample::refunds("."), sample::desk("."), sample::summaries("."), sample::loose(".")];
    insta::assert_snapshot!(report(all, 100, false));
}
