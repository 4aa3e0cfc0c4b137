//! The known register: what was declared, held against what was seen.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use crate::export::Lists;
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/register.html")]
struct Register {
    frame: Frame,
    lists: Option<Lists>,
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Wrong> {
    let lists = site.register().await?.as_ref().as_ref().map(Lists::of);
    frame::page(&Register { frame: Frame::new("Register", "/register", &visitor), lists })
}
