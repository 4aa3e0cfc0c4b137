//! What was rejected or put off.

use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{Call, Found, Once};
use super::systems::ListedSystem;
use super::whole::{Limit, Whole};
use super::{Page, ROWS};
use crate::web::pages::exceptions::place;
use crate::web::wrong::Wrong;

/// Which exceptions are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The `next` of the page before.
    #[schemars(extend("pattern" = "^(9999|[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))\\.[0-9]{1,18}$"))]
    after: Option<String>,
    /// How many of them; by default 50.
    limit: Option<Limit>,
}

impl Once for Asked {}

pub(super) async fn list(call: Call<Asked, ()>) -> Result<Found<Page<ListedSystem>>, Wrong> {
    call.site.expire().await?;
    let after = call.query.after.as_deref().map(place).transpose()?;
    let most = call.query.limit.map_or(ROWS, |Whole(limit)| limit);
    let (found, next) = call.site.store().exceptions(after.as_ref(), most).await?;
    let items = found.into_iter().map(|(one, of)| ListedSystem::new((one, of.review, of.revision)));
    Ok(Found(Page { items: items.collect(), next: next.map(|(day, system)| format!("{day}.{system}")) }))
}
