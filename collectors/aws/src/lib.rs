//! The AWS collector: what the identities of an account may do, by evaluating its policies.
#![warn(missing_docs)]

mod account;
mod answers;
mod calls;
mod client;
mod collector;
mod doctor;
mod estate;
mod export;
mod fields;
mod folder;
mod live;
#[doc(hidden)]
pub mod measure;
mod observe;
mod organisation;
pub mod policy;
mod rights;
mod survey;
#[cfg(test)]
mod tests;
mod trust;

pub use collector::AwsExportCollector;
pub use live::AwsCollector;
