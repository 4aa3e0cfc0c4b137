//! The Kubernetes collector: workloads, declared agents, and the power of their service accounts.
#![warn(missing_docs)]

mod access;
mod boms;
mod cluster;
mod collector;
mod declared;
mod discovery;
mod doctor;
mod egress;
mod export;
mod exposure;
mod glance;
mod kinds;
mod listing;
mod live;
mod object;
mod observe;
mod owner;
mod page;
mod pod;
mod policy;
mod provenance;
mod refusal;
mod registry;
mod restricted;
mod selector;
mod served;
mod server;
mod servers;
mod signs;
mod template;
#[cfg(test)]
mod tests;

pub use collector::KubernetesExportCollector;
pub use live::KubernetesCollector;
