//! The code collector: walks a working tree, parses what may be about AI, resolves names, and reports what it finds.
#![warn(missing_docs)]

mod collector;
mod firing;
mod manifests;
mod prefilter;
mod program;
mod role;
mod starters;
mod syntax;
mod tree;

pub use collector::CodeCollector;
pub use firing::{BrokenExample, Fired, check_examples, fired, literals};
