//! The numbers that a security team is asked for.

use super::entry::{Call, Found};
use crate::store::Summary;
use crate::web::wrong::Wrong;

pub(super) async fn summary(call: Call<(), ()>) -> Result<Found<Summary>, Wrong> {
    call.site.expire().await?;
    Ok(Found(call.site.summary().await?.as_ref().clone()))
}
