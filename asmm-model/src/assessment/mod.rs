//! The ASMM assessment by the working structure: what a scan says for it, and what the scores of people come to.
//!
//! A scan writes evidence and hints, never a score. People score areas; areas roll up to domains and to an overall rating.

mod fraction;
mod metrics;
mod rollup;
mod scope;
mod structure;
mod survey;

pub use fraction::Fraction;
pub use metrics::{Measure, Measured, PLACES, ScopedSystem, Tally};
pub use rollup::{AreaScore, DomainRating, Overall, Provisional, RollUp, Score, Scores, roll_up, score_of};
pub use scope::AgenticScope;
pub use structure::{
    Area, Better, Comparison, Condition, Domain, Fault, HintKind, LevelTest, Limits, Maps, MetricDefinition,
    MetricKind, Quantity, Remedy, Rule, ScaleLevel, SourceKind, Structure, Subject, Test, Weight,
};
pub use survey::{DecisionState, Known, Source, SourceStatus, Survey};
