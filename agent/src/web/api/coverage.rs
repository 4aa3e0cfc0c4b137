//! What was looked at, and what was not.

use super::entry::{Call, Found};
use super::{Page, Window};
use crate::store::LastSeen;
use crate::web::wrong::Wrong;

pub(super) async fn list(call: Call<Window, ()>) -> Result<Found<Page<LastSeen>>, Wrong> {
    let (from, most) = call.query.bounds();
    let mut items = call.site.store().coverage(from, most + 1).await?;
    let shown = usize::try_from(most).unwrap_or(usize::MAX);
    let next = (items.len() > shown).then(|| (from + most).to_string());
    items.truncate(shown);
    Ok(Found(Page { items, next }))
}
