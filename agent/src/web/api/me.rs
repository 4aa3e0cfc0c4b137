//! Who asks.

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{Call, Found};
use crate::access::{Right, Roles};
use crate::web::wrong::Wrong;

/// Who asks, and what they may do.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Me {
    /// As the audit log calls them.
    name: String,
    /// What they are.
    roles: Roles,
    /// What they may do.
    rights: Vec<Right>,
}

pub(super) async fn me(call: Call<(), ()>) -> Result<Found<Me>, Wrong> {
    let visitor = call.visitor()?;
    let rights = Right::ALL.into_iter().filter(|right| visitor.roles.give(*right)).collect();
    Ok(Found(Me { name: visitor.person.clone(), roles: visitor.roles.clone(), rights }))
}
