//! The code collector: walks a working tree, parses what may be about AI, resolves names, and reports what it finds.
#![warn(missing_docs)]

mod manifests;
mod prefilter;
mod program;
mod role;
mod starters;
mod syntax;
mod tree;

pub use role::role_of;
