//! The ASMM assessment by the working structure: what a scan says for it, and what the scores of people come to.
//!
//! A scan writes evidence and hints, never a score. People score areas; areas roll up to domains and to an overall rating.
//!
//! The way through it: [`Tally`] folds systems into [`Measured`] metrics, one at a time; [`seed()`] turns these into evidence and hints by
//! area; people give [`Scores`]; [`roll_up`] rates domains and the whole; [`road()`] says what a higher target takes; [`compare`] says which
//! areas have other evidence than before. What all of them go by is a [`Structure`], which is data. Public of the ASMM are its six domains,
//! the order of work and the names of the two ends of its scale; the rest is ours.

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
pub use metrics::{Measure, Measured, PLACES, ScopedSystem, Tally, why_unmeasured};
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
