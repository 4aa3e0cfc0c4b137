//! Tells teams what they want to hear of what changed: as signed requests, in Slack, in Microsoft Teams, and by e-mail.
//!
//! What changed becomes [`Notice`]s, which [`plan()`] puts into deliveries, and a [`Sender`] sends these. What was told is
//! remembered by whoever calls: a delivery is written down before it is sent, and marked as told after it. Between the two a
//! crash may fall, so that a message can come twice; it has the same id then. What is marked is never sent again.

mod channel;
mod email;
mod notice;
mod plan;
mod send;
mod slack;
mod teams;
#[cfg(test)]
mod tests;
mod wanted;
mod webhook;
mod words;

pub(crate) use channel::{Channel, Unusable};
pub(crate) use notice::{Notice, notices, run_failed};
pub(crate) use plan::{Delivery, plan};
pub(crate) use send::{Patience, Sender};
pub(crate) use webhook::schema_text;
