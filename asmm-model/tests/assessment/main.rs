//! The assessment: the numbers of the golden case, a small organisation, and laws that hold for every input.

mod golden;
mod laws;
mod metrics;
mod organisation;
mod seeds;
