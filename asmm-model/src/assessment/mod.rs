//! The ASMM assessment by the working structure: what a scan says for it, and what the scores of people come to.
//!
//! A scan writes evidence and hints, never a score. People score areas; areas roll up to domains and to an overall rating.

mod compare;
mod fraction;
mod hints;
mod metrics;
mod road;
mod rollup;
mod scope;
mod seed;
mod structure;
mod survey;

pub use compare::{AreaChange, Change, SeedChange, compare, reading};
pub use fraction::Fraction;
pub use hints::{Hint, Withheld};
pub use metrics::{Measure, Measured, PLACES, ScopedSystem, Tally};
pub use road::{Barrier, Need, Road, Step, Targets, road};
pub use rollup::{AreaScore, DomainRating, Overall, Provisional, RollUp, Score, Scores, roll_up, score_of};
pub use scope::AgenticScope;
pub use seed::{
    Bearing, Generated, SEED, Seed, SeedArea, SeedDecision, SeedEvidence, SeedMetric, SeedScope,
    SeedStructure, SeedSystem, SourceCoverage, Unscored, seed, seed_schema, seed_schema_text,
};
pub use structure::{
    Area, Better, Comparison, Condition, Domain, Fault, HintKind, LevelTest, Limits, Maps, MetricDefinition,
    MetricKind, Quantity, Remedy, Rule, ScaleLevel, SourceKind, Structure, Subject, Test, Weight,
};
pub use survey::{DecisionState, Known, Source, SourceStatus, Survey};
