//! From sites to reasons: which models run, what they are given, who is asked, what starts them, and what that says
//! about the criteria of the Autonomy Test.

mod access;
mod agents;
mod answers;
mod around;
mod artifacts;
mod assistants;
mod case;
mod choices;
mod circumstances;
mod components;
mod consequences;
mod controls;
#[cfg(test)]
mod controls_tests;
mod criteria;
mod declared;
mod dispatches;
mod effects;
mod executions;
mod feedback;
mod flows;
mod gates;
mod graphs;
mod identities;
mod keys;
mod parts;
mod picks;
mod principals;
mod questions;
mod reach;
mod reflected;
mod roles;
mod selection;
mod servers;
mod toolbox;
mod tools;
mod triggers;
mod unfollowed;

pub(crate) use around::around;
pub(crate) use artifacts::artifacts;
pub(crate) use assistants::assistants;
pub(crate) use case::{Case, observe};
pub(crate) use declared::{configured, declared};
pub(crate) use flows::flows;
pub(crate) use principals::Principals;
