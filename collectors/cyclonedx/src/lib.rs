//! The CycloneDX collector: bills of materials that other tools wrote, as evidence.
#![warn(missing_docs)]

mod bill;
mod collector;
mod observe;
#[cfg(test)]
mod tests;

pub use collector::CycloneDxCollector;
