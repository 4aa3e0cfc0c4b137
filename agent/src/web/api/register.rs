//! The known register, held against what was seen.

use asmm_model::Register;
use schemars::JsonSchema;
use serde::Serialize;

use super::Window;
use super::entry::{Call, Found};
use crate::web::wrong::Wrong;

/// What was declared, a part of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KnownRegister {
    /// What was declared, held against what was seen, so many of each list; null where nothing was imported.
    register: Option<Register>,
    /// Where the next page begins: to be given as `from`. Null where no list goes on.
    next: Option<String>,
}

pub(super) async fn register(call: Call<Window, ()>) -> Result<Found<KnownRegister>, Wrong> {
    let mut register = call.site.register().await?.as_ref().clone();
    let window = &call.query;
    let next = register.as_mut().and_then(|register| {
        let Register { seen, shadow, unseen, questions, notes: _ } = register;
        let ends = [window.cut(seen), window.cut(shadow), window.cut(unseen), window.cut(questions)];
        ends.into_iter().flatten().next()
    });
    Ok(Found(KnownRegister { register, next }))
}
