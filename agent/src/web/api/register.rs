//! The known register, held against what was seen.

use asmm_model::Register;
use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{Call, Found};
use crate::web::wrong::Wrong;

/// What was declared.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KnownRegister {
    /// What was declared, held against what was seen; null where nothing was imported.
    register: Option<Register>,
}

pub(super) async fn register(call: Call<(), ()>) -> Result<Found<KnownRegister>, Wrong> {
    Ok(Found(KnownRegister { register: call.site.register().await?.as_ref().clone() }))
}
