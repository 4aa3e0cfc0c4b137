//! The AWS collector: what the identities of an account may do, by evaluating its policies.
#![warn(missing_docs)]

mod account;
mod collector;
mod export;
mod findings;
mod organisation;
pub mod policy;
mod rights;
#[cfg(test)]
mod tests;
mod trust;

pub use collector::AwsExportCollector;
