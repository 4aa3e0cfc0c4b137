//! The code collector: walks a working tree, parses what may be about AI, resolves names, and reports what it finds.
#![warn(missing_docs)]

mod access;
mod artifacts;
mod assistants;
mod base;
mod collector;
mod detect;
mod document;
mod elsewhere;
mod evaluations;
mod evidence;
mod firing;
mod flows;
mod git;
mod imports;
mod infrastructure;
mod keys;
mod libraries;
mod manifests;
mod memory;
mod model_files;
mod ownership;
mod prefilter;
mod program;
#[cfg(test)]
mod robustness;
mod role;
mod scan;
mod source;
mod starters;
mod survey;
mod syntax;
mod tree;
mod units;
mod workloads;

pub use base::{Against, Base, Unbased, base};
pub use collector::{CodeCollector, REPOSITORIES};
pub use firing::{BrokenExample, Fired, Named, check_examples, fired, literals, names};
pub use git::{GitCollector, variables as git_variables};
pub use tree::repositories::{Patterns, Repositories, repositories};
pub use tree::{Origin, origin, read_bounded};
