//! The policies of IAM: read leniently, evaluated in three values, each verdict with the statements that made it.
//!
//! What is not known (a key of the request, a policy that could not be read) makes a verdict conditional. It never becomes
//! an allow or a deny. The logic is that of "Policy evaluation logic" and "IAM JSON policy element reference" in AWS's
//! documentation of IAM; where a comment names a trap (T1 to T13), tools of others are known to get it wrong.

mod condition;
mod context;
mod document;
mod evaluate;
mod glob;
#[cfg(test)]
mod laws;
mod resource;
#[cfg(test)]
mod traps;
mod truth;

pub use context::{Context, Key};
pub(crate) use document::Grant;
pub use document::{Document, DocumentError, Effect};
pub use evaluate::{Attached, Because, Decision, Layers, Principal, Request, Verdict, evaluate};
pub use truth::{Reason, Truth};
