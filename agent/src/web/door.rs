//! Who is let in: each request is asked for the right that its route needs, and for a sign that it is the visitor's own will.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::secret::{Secret, is_same};
use super::wrong::Wrong;
use super::{Settings, Site};
use crate::access::{Right, Roles};
use crate::clock;
use crate::store::{Pass, PassKind};

/// What is read of a request: a form with the longest reason that there can be.
pub(super) const BODY: usize = 64 * 1024;
/// How often somebody may try to get in, in a minute.
const TRIES: u32 = 10;
/// The field of a form, and the header of a program in a browser, that show the visitor's own will.
pub(super) const FORM_FIELD: &str = "form";
const FORM_HEADER: &str = "x-muster-form";

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    /// As the audit log calls them.
    pub(super) person: String,
    pub(super) roles: Roles,
    /// What each form has to hold; empty for a program.
    pub(super) form: String,
    /// The hash of the session; nothing for a program.
    pub(super) session: Option<String>,
}

impl Visitor {
    /// Asks for one more right than the route does.
    pub(super) fn needs(&self, right: Right) -> Result<(), Wrong> {
        if self.roles.give(right) {
            return Ok(());
        }
        let what = match right {
            Right::Read => "see this",
            Right::Review => "decide of systems: that is for reviewers",
            Right::Approve => "be the second person: that is for approvers",
            Right::Assess => "score an assessment: that is for assessors",
            Right::Administer => "do this: that is for administrators",
        };
        Err(Wrong::Forbidden(format!("{} may not {what}.", self.person)))
    }
}

/// How often each address tried to get in.
#[derive(Debug)]
pub(super) struct Limits(RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>);

impl Default for Limits {
    fn default() -> Self {
        let tries = NonZeroU32::new(TRIES).unwrap_or(NonZeroU32::MIN);
        Self(RateLimiter::hashmap(Quota::per_minute(tries)))
    }
}

impl Limits {
    /// Counts a try.
    pub(super) fn count(&self, who: IpAddr) -> Result<(), Wrong> {
        let checked = self.0.check_key(&who);
        // Addresses that are let in again need not be known.
        if self.0.len() > 10_000 {
            self.0.retain_recent();
        }
        checked.map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Wrong::TooOften(wait.as_secs().max(1))
        })
    }
}

/// Who may have a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Anybody.
    Nothing,
    /// Whoever has this right.
    A(Right),
}

/// Asks for what a route needs.
pub(super) async fn guard(
    State((site, needs)): State<(Site, Needs)>,
    request: Request,
    next: Next,
) -> Result<Response, Wrong> {
    let is_page = !request.uri().path().starts_with("/api/");
    let visitor = visitor(&site, request.headers(), client(&site, &request)).await?;
    // A program has no browser that others could make send something.
    let is_program = visitor.as_ref().is_some_and(|visitor| visitor.session.is_none());
    if !is_program && changes(&request) {
        from_here(&site, request.headers())?;
    }
    let Needs::A(right) = needs else {
        return Ok(run(request, visitor, next).await);
    };
    let request = match &visitor {
        Some(visitor) => willed(request, visitor).await?,
        None => request,
    };
    let Some(visitor) = visitor else {
        if is_page && request.method() == Method::GET {
            return Ok(Redirect::to(&sign_in(request.uri())).into_response());
        }
        return Err(Wrong::Nobody);
    };
    visitor.needs(right)?;
    Ok(run(request, Some(visitor), next).await)
}

async fn run(mut request: Request, visitor: Option<Visitor>, next: Next) -> Response {
    let Some(visitor) = visitor else { return next.run(request).await };
    request.extensions_mut().insert(visitor.clone());
    let mut response = next.run(request).await;
    // A page that tells what went wrong is a page of theirs as well.
    response.extensions_mut().insert(visitor);
    response
}

/// The page to sign in at, which leads back.
fn sign_in(uri: &axum::http::Uri) -> String {
    let then = uri.path_and_query().map_or("/", |whole| whole.as_str());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("then", then);
    format!("/sign-in?{}", query.finish())
}

/// The path that a visitor wanted, where it is one of this site.
pub(super) fn own_path(then: &str) -> &str {
    let is_own = then.starts_with('/')
        && !then.starts_with("//")
        && !then.contains(|c: char| c == '\\' || c.is_control())
        && !then.starts_with("/sign-");
    if is_own { then } else { "/" }
}

/// Who asks, if anybody who is let in does.
async fn visitor(site: &Site, headers: &HeaderMap, client: IpAddr) -> Result<Option<Visitor>, Wrong> {
    let now = clock::seconds();
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let token = given.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).and_then(Secret::given);
        let pass = match token {
            Some(token) => site.store().pass(PassKind::Token, &token.hash(), now, i64::MAX).await?,
            None => None,
        };
        // Whoever sends a token means it: one that is wrong is not made up for by a session.
        let Some(pass) = pass else {
            site.0.door.count(client)?;
            return Err(Wrong::Nobody);
        };
        return Ok(Some(Visitor { session: None, form: String::new(), ..who(pass) }));
    }
    let Some(session) = cookie(headers, site.cookie()).and_then(Secret::given) else { return Ok(None) };
    let idle = i64::try_from(site.settings().idle.as_secs()).unwrap_or(i64::MAX);
    Ok(site.store().pass(PassKind::Session, &session.hash(), now, idle).await?.map(who))
}

fn who(pass: Pass) -> Visitor {
    Visitor { person: pass.person, roles: pass.roles, form: pass.form, session: Some(pass.hash) }
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split("; ")).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The address that asks. What a proxy says of it is believed of those that are trusted, and of no other.
pub(super) fn client(site: &Site, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let trusted = |address: &IpAddr| site.settings().proxies.iter().any(|proxies| proxies.contains(address));
    if !trusted(&peer) {
        return peer;
    }
    let said: Vec<IpAddr> = request
        .headers()
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map_while(|address| address.trim().parse().ok())
        .collect();
    // The last one that no trusted proxy is: whatever stands before it, anybody may have written.
    said.iter().rev().find(|address| !trusted(address)).copied().unwrap_or(peer)
}

/// Whether a request may change something.
fn changes(request: &Request) -> bool {
    !matches!(*request.method(), Method::GET | Method::HEAD)
}

fn not_ours() -> Wrong {
    Wrong::Forbidden("It was sent by no page of this site. Reload the page, and try again.".to_owned())
}

/// Refuses what a browser says that a page of another site sent.
fn from_here(site: &Site, headers: &HeaderMap) -> Result<(), Wrong> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let elsewhere = text("sec-fetch-site").is_some_and(|from| !matches!(from, "same-origin" | "none"))
        || text("origin").is_some_and(|origin| !site.is_own_origin(origin));
    if elsewhere { Err(not_ours()) } else { Ok(()) }
}

/// A request that changes something has to come from a page of ours: another site can make a browser send one, but not know what it
/// has to hold.
async fn willed(request: Request, visitor: &Visitor) -> Result<Request, Wrong> {
    if visitor.session.is_none() || !changes(&request) {
        return Ok(request);
    }
    let given = request.headers().get(FORM_HEADER).and_then(|value| value.to_str().ok());
    if let Some(given) = given {
        return if is_same(given, &visitor.form) { Ok(request) } else { Err(not_ours()) };
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY).await.map_err(|_| Wrong::TooLarge)?;
    let given = form_urlencoded::parse(&bytes).find(|(name, _)| name == FORM_FIELD).map(|(_, value)| value);
    if !given.is_some_and(|given| is_same(&given, &visitor.form)) {
        return Err(not_ours());
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Answers only to names of this site: another name that leads here is somebody's trick to read it from a page of theirs.
pub(super) async fn named(State(site): State<Site>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| site.is_own_host(host)) {
        return next.run(request).await;
    }
    let told = "This site is not called so. Its address is what `muster serve` printed; another one is given by --public-url.\n";
    (StatusCode::MISDIRECTED_REQUEST, told).into_response()
}

/// How long a request may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends what takes too long, such as a body that never comes.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "It took too long.\n").into_response(),
    }
}

impl Site {
    /// The name of the cookie of a session. Through TLS it is one that no other site can set.
    pub(super) fn cookie(&self) -> &'static str {
        if self.settings().secure { "__Host-muster" } else { "muster" }
    }

    /// What is set as the cookie of a session; an empty value ends it.
    pub(super) fn set_cookie(&self, value: &str) -> String {
        let secure = if self.settings().secure { "; Secure" } else { "" };
        let age = if value.is_empty() { 0 } else { self.settings().session.as_secs() };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}", self.cookie())
    }

    fn is_own_origin(&self, origin: &str) -> bool {
        let scheme = if self.settings().secure { "https://" } else { "http://" };
        origin.strip_prefix(scheme).is_some_and(|host| self.is_own_host(host))
    }

    fn is_own_host(&self, host: &str) -> bool {
        let Settings { address, public, .. } = self.settings();
        if let Some(public) = public
            && public.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host))
        {
            return true;
        }
        let port = address.port();
        address.ip().is_loopback()
            && ["localhost", "127.0.0.1", "[::1]"]
                .iter()
                .any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_led_back_to_this_site_alone() {
        let table = [
            ("/systems?verdict=agentic", "/systems?verdict=agentic"),
            ("//elsewhere.example", "/"),
            ("/\\elsewhere.example", "/"),
            ("https://elsewhere.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("/sign-out", "/"),
            ("", "/"),
        ];
        for (given, expected) in table {
            assert_eq!(own_path(given), expected, "{given}");
        }
    }

    #[test]
    fn too_many_tries_have_to_wait_and_others_do_not() {
        let limits = Limits::default();
        let [one, other] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let tries: Vec<bool> = (0..=TRIES).map(|_| limits.count(one).is_ok()).collect();
        assert_eq!(tries.iter().filter(|let_in| **let_in).count(), TRIES as usize);
        assert!(matches!(limits.count(one), Err(Wrong::TooOften(1..=6))));
        assert_eq!(limits.count(other), Ok(()));
    }
}
