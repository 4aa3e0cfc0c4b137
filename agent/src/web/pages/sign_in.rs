//! Signing in and out: a link that is used once opens a session, or a provider says who somebody is (`provider.rs`).

use askama::Template;
use axum::body::to_bytes;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::clock;
use crate::store::{Pass, PassKind};
use crate::web::Site;
use crate::web::door::{self, BODY, Visitor, own_path};
use crate::web::frame::{self, Frame};
use crate::web::secret::Secret;
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/sign_in.html")]
struct SignIn {
    frame: Frame,
    /// The secret of the link that led here.
    link: String,
    then: String,
    /// What was wrong with the last try.
    told: String,
    /// The provider that people sign in with.
    provider: Option<Offer>,
}

/// A provider as it is offered.
#[derive(Debug)]
struct Offer {
    host: String,
    href: String,
}

impl SignIn {
    /// The page for somebody who wants to get to `then`.
    fn new(site: &Site, then: &str) -> Self {
        let then = own_path(then).to_owned();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("then", &then);
        let href = format!("/sign-in/provider?{}", query.finish());
        let provider = site.provider().map(|provider| Offer { host: provider.host().to_owned(), href });
        Self { frame: Frame::outside("Sign in"), link: String::new(), then, told: String::new(), provider }
    }
}

/// The page for somebody who was not let in, with what to do about it.
pub(super) fn refused(
    site: &Site,
    then: &str,
    told: impl Into<String>,
    status: StatusCode,
) -> Result<Response, Wrong> {
    let mut response = frame::page(&SignIn { told: told.into(), ..SignIn::new(site, then) })?;
    *response.status_mut() = status;
    Ok(response)
}

/// A field of a query or a form.
pub(super) fn field(text: &[u8], wanted: &str) -> String {
    let found = form_urlencoded::parse(text).find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The page that a link leads to. It asks to be sent on by hand: what looks at links before people do would use it up.
pub(in super::super) async fn page(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let query = query.unwrap_or_default();
    let link = Secret::given(&field(query.as_bytes(), "link"));
    let link = link.map(|link| link.expose().to_owned()).unwrap_or_default();
    frame::page(&SignIn { link, ..SignIn::new(&site, &field(query.as_bytes(), "then")) })
}

/// Uses a link, and opens a session.
pub(in super::super) async fn enter(State(site): State<Site>, request: Request) -> Result<Response, Wrong> {
    site.0.door.count(door::client(&site, &request))?;
    let earlier = request.extensions().get::<Visitor>().and_then(|visitor| visitor.session.clone());
    let body = to_bytes(request.into_body(), BODY).await.map_err(|_| Wrong::TooLarge)?;
    let then = own_path(&field(&body, "then")).to_owned();
    let link = Secret::given(field(&body, "link").trim());
    let pass = match link {
        Some(link) => site.store().take_link(&link.hash(), clock::seconds()).await?,
        None => None,
    };
    let Some(pass) = pass else {
        let told = "This link is none, or was used, or is too old. `muster access link` makes another one.";
        return refused(&site, &then, told, StatusCode::FORBIDDEN);
    };
    open(&site, pass, earlier.as_deref(), &then).await
}

/// Opens a session for somebody who was let in, in place of an earlier one of the same browser, and leads on.
pub(in super::super) async fn open(
    site: &Site,
    who: Pass,
    earlier: Option<&str>,
    then: &str,
) -> Result<Response, Wrong> {
    let now = clock::seconds();
    // What somebody may have planted in the browser before is worth nothing after it.
    if let Some(earlier) = earlier {
        site.store().end_session(earlier).await?;
    }
    let idle = i64::try_from(site.settings().idle.as_secs()).unwrap_or(i64::MAX);
    site.store().forget_passes(now, idle).await?;
    let (session, form) = (Secret::new()?, Secret::new()?);
    let length = i64::try_from(site.settings().session.as_secs()).unwrap_or(i64::MAX);
    let pass = Pass {
        hash: session.hash(),
        label: String::new(),
        form: form.expose().to_owned(),
        made: now,
        used: now,
        until: now.saturating_add(length),
        ..who
    };
    site.store().let_in(PassKind::Session, &pass, ("", "")).await?;
    tracing::info!(person = pass.person, roles = pass.roles.to_string(), "signed in");
    let cookie = HeaderValue::from_str(&site.set_cookie(session.expose()))
        .map_err(|error| Wrong::from(anyhow::Error::from(error)))?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(own_path(then))).into_response())
}

/// Ends the session.
pub(in super::super) async fn leave(State(site): State<Site>, request: Request) -> Result<Response, Wrong> {
    if let Some(session) =
        request.extensions().get::<Visitor>().and_then(|visitor| visitor.session.as_deref())
    {
        site.store().end_session(session).await?;
    }
    let cookie = HeaderValue::from_str(&site.set_cookie(""))
        .map_err(|error| Wrong::from(anyhow::Error::from(error)))?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
