//! The pages, one file each.

pub(super) mod access;
pub(super) mod assessment;
pub(super) mod audit;
pub(super) mod exceptions;
pub(super) mod health;
pub(super) mod list;
pub(super) mod overview;
pub(super) mod provider;
pub(super) mod queue;
pub(super) mod register;
pub(super) mod rules;
pub(super) mod scans;
pub(super) mod sign_in;
pub(super) mod system;
pub(super) mod systems;

use crate::export::Text;

/// The day of a time.
fn day(at: &str) -> Text {
    Text::short(at.get(..10).unwrap_or(at))
}

/// A time to the minute, in UTC.
fn minute(at: &str) -> Text {
    Text::short(&at.get(..16).unwrap_or(at).replace('T', " "))
}

/// A standing or another name of ours, as words.
fn words(name: &str) -> String {
    name.replace(['-', '_'], " ")
}
