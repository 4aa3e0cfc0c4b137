//! The Kubernetes collector: workloads, declared agents, and the power of their service accounts.
#![warn(missing_docs)]

mod access;
mod collector;
mod declared;
mod export;
mod object;
mod observe;
mod pod;
#[cfg(test)]
mod tests;

pub use collector::KubernetesExportCollector;
