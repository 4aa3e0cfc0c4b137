//! The daemon: says when each source is due.

mod schedule;

pub(crate) use schedule::Schedule;
