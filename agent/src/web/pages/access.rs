//! Tokens of programs: made, listed and taken back by administrators.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use crate::access::{Role, Roles};
use crate::clock;
use crate::export::Text;
use crate::store::{Pass, PassKind};
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::secret::Secret;
use crate::web::wrong::Wrong;
use crate::web::{Site, seconds};

/// Days that a token lets somebody in at most.
const DAYS: i64 = 365;

#[derive(Debug, Template)]
#[template(path = "site/access.html")]
struct Access {
    frame: Frame,
    tokens: Vec<Token>,
    roles: [&'static str; 5],
    /// A token that was made just now: it is shown once.
    made: Option<Secret>,
}

#[derive(Debug)]
struct Token {
    hash: String,
    short: String,
    person: Text,
    label: Text,
    roles: String,
    made: String,
    used: String,
    until: String,
    over: bool,
}

impl Token {
    fn new(pass: &Pass, now: i64) -> Self {
        Self {
            short: pass.hash[..12.min(pass.hash.len())].to_owned(),
            hash: pass.hash.clone(),
            person: Text::short(&pass.person),
            label: Text::short(&pass.label),
            roles: pass.roles.to_string(),
            made: seconds(pass.made),
            used: if pass.used > pass.made { seconds(pass.used) } else { "never".to_owned() },
            until: seconds(pass.until),
            over: pass.until <= now,
        }
    }
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Wrong> {
    shown(&site, &visitor, None).await
}

async fn shown(site: &Site, visitor: &Visitor, made: Option<Secret>) -> Result<Response, Wrong> {
    let now = clock::seconds();
    let tokens = site.store().tokens().await?;
    frame::page(&Access {
        frame: Frame::new("Access", "/access", visitor),
        tokens: tokens.iter().map(|pass| Token::new(pass, now)).collect(),
        roles: Role::ALL.map(Role::name),
        made,
    })
}

/// What a token is made for.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Wanted {
    /// As the audit log calls the program.
    pub(in super::super) name: String,
    #[serde(default)]
    pub(in super::super) label: String,
    pub(in super::super) role: String,
    pub(in super::super) days: String,
}

/// Makes a token. Gives the secret, which is known nowhere else.
pub(in super::super) async fn new_token(
    site: &Site,
    visitor: &Visitor,
    wanted: &Wanted,
) -> Result<Secret, Wrong> {
    let Some(role) = Role::named(&wanted.role) else {
        return Err(Wrong::Unreadable("`role` is none that there is.".to_owned()));
    };
    let days = wanted.days.parse().ok().filter(|days| (1..=DAYS).contains(days));
    let Some(days) = days else {
        return Err(Wrong::Refused(format!("A token lasts from 1 to {DAYS} days.")));
    };
    if wanted.name.trim().is_empty() {
        return Err(Wrong::Refused("A token has a name: the audit log calls the program so.".to_owned()));
    }
    let now = clock::seconds();
    let secret = Secret::new()?;
    let pass = Pass {
        hash: secret.hash(),
        person: wanted.name.trim().to_owned(),
        roles: Roles::from_iter([role]),
        label: wanted.label.clone(),
        form: String::new(),
        made: now,
        used: now,
        until: now + days * 24 * 60 * 60,
    };
    site.store().let_in(PassKind::Token, &pass, (&visitor.person, &clock::now())).await?;
    Ok(secret)
}

pub(in super::super) async fn make(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Wrong> {
    let made = new_token(&site, &visitor, &wanted).await?;
    shown(&site, &visitor, Some(made)).await
}

pub(in super::super) async fn revoke(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(hash): Path<String>,
) -> Result<Response, Wrong> {
    site.store().revoke(&hash, (&visitor.person, &clock::now())).await?;
    Ok(Redirect::to("/access").into_response())
}
