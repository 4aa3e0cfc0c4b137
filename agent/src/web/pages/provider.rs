//! Signing in through a provider: a browser is sent there, and what it comes back with opens a session.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::sign_in::{field, open, refused};
use crate::clock;
use crate::store::{Flow, Pass};
use crate::web::Site;
use crate::web::door::{self, Visitor, own_path};
use crate::web::oidc::{self, Fault, Provider, Stranger};
use crate::web::secret::{Secret, is_same};
use crate::web::wrong::Wrong;

/// Seconds in which somebody has to come back from the provider.
const LASTS: i64 = 10 * 60;
/// The longest path that is led back to; whoever was on a longer one begins at the overview.
const PATH: usize = 2_000;
/// What is read of a code or of the name of an issuer.
const FIELD: usize = 8 * 1024;

/// Sends a browser to the provider.
pub(in super::super) async fn begin(State(site): State<Site>, request: Request) -> Result<Response, Wrong> {
    let provider = site.provider().ok_or_else(no_provider)?;
    site.0.door.count(door::client(&site, &request))?;
    let then = field(request.uri().query().unwrap_or_default().as_bytes(), "then");
    let then = if then.len() > PATH { "/" } else { own_path(&then) };
    let (state, browser) = (Secret::new()?, Secret::new()?);
    let address = match provider.lead(&state, &browser).await {
        Ok(address) => address,
        Err(fault) => return failed(&site, provider, then, &fault),
    };
    let now = clock::seconds();
    let flow = Flow {
        state: state.hash(),
        browser: browser.hash(),
        then: then.to_owned(),
        until: now.saturating_add(LASTS),
    };
    if !site.store().begin_flow(&flow, now).await? {
        tracing::warn!("too many sign-ins are under way");
        return Err(Wrong::TooOften(LASTS.unsigned_abs()));
    }
    let mut response = Redirect::to(&address).into_response();
    remember(&site, &mut response, browser.expose())?;
    Ok(response)
}

/// Lets somebody in who comes back from the provider.
pub(in super::super) async fn finish(State(site): State<Site>, request: Request) -> Result<Response, Wrong> {
    let provider = site.provider().ok_or_else(no_provider)?;
    site.0.door.count(door::client(&site, &request))?;
    let earlier = request.extensions().get::<Visitor>().and_then(|visitor| visitor.session.clone());
    let query = request.uri().query().unwrap_or_default();
    let (then, person) = match person(&site, provider, request.headers(), query.as_bytes()).await? {
        Ok(came) => came,
        // Whatever it was, it is over: the next try begins anew.
        Err(mut response) => {
            remember(&site, &mut response, "")?;
            return Ok(response);
        }
    };
    let mut response = open(&site, person, earlier.as_deref(), &then).await?;
    remember(&site, &mut response, "")?;
    Ok(response)
}

/// Who came back, and where they wanted to; or what they are told instead.
async fn person(
    site: &Site,
    provider: &Provider,
    headers: &HeaderMap,
    query: &[u8],
) -> Result<Result<(String, Pass), Response>, Wrong> {
    let now = clock::seconds();
    let state = Secret::given(&field(query, "state"));
    // It is used up by whoever gives it, with or without what the browser holds.
    let flow = match &state {
        Some(state) => site.store().take_flow(&state.hash(), now).await?,
        None => None,
    };
    let browser = door::cookie(headers, &kept_as(site)).and_then(Secret::given);
    let (Some(state), Some(flow), Some(browser)) = (state, flow, browser) else {
        return unknown(site).map(Err);
    };
    if !is_same(&flow.browser, &browser.hash()) {
        return unknown(site).map(Err);
    }
    let (code, error, issuer) = (field(query, "code"), field(query, "error"), field(query, "iss"));
    let came = if !error.is_empty() {
        Err(Fault::Declined(oidc::code_of_error(&error)))
    } else if !issuer.is_empty() && !provider.is(&issuer) {
        Err(Fault::Unfit("the answer is another issuer's"))
    } else if code.is_empty() || code.len() > FIELD {
        Err(Fault::Declined("it came back without a code".to_owned()))
    } else {
        provider.redeem(&code, &state, &browser).await
    };
    Ok(match came {
        Ok(person) => {
            let pass = Pass {
                hash: String::new(),
                person: person.name,
                roles: person.roles,
                label: String::new(),
                form: String::new(),
                made: now,
                used: now,
                until: now,
            };
            Ok((flow.then, pass))
        }
        Err(fault) => Err(failed(site, provider, &flow.then, &fault)?),
    })
}

fn no_provider() -> Wrong {
    Wrong::NotFound("No provider is set up to sign in with.".to_owned())
}

/// The page for somebody whose sign-in this site does not know, or knows from another browser.
fn unknown(site: &Site) -> Result<Response, Wrong> {
    let address = site.settings().public.as_deref().unwrap_or_default();
    let told = format!(
        "This sign-in is over, or was begun in another browser. Begin it again here, at {address}; a page of it cannot be reloaded."
    );
    refused(site, "/", told, StatusCode::FORBIDDEN)
}

/// The page for somebody who does not get in, with what to look for in the log.
fn failed(site: &Site, provider: &Provider, then: &str, fault: &Fault) -> Result<Response, Wrong> {
    let host = provider.host();
    let mut person = None;
    let (status, why, told) = match fault {
        Fault::Away(why) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the provider cannot be asked: {why}"),
            format!("{host} does not answer as it should. Try again in a minute."),
        ),
        Fault::Declined(why) => (
            StatusCode::FORBIDDEN,
            format!("the provider refused: {why}"),
            format!(
                "{host} did not let you in. Try again, or ask whoever runs it whether you may use Muster."
            ),
        ),
        Fault::Unfit(why) => (
            StatusCode::FORBIDDEN,
            format!("the ID token cannot be trusted: {why}"),
            format!(
                "What {host} says of you cannot be trusted. Try again; if it stays so, tell whoever runs Muster."
            ),
        ),
        Fault::Stranger(stranger) => {
            let (why, told) = match stranger {
                Stranger::Nameless => (
                    "the claim with the name is missing, or is no name",
                    format!(
                        "{host} does not say what you are called. Whoever runs Muster can have another claim taken for it."
                    ),
                ),
                Stranger::Unverified => (
                    "the address of mail is not verified",
                    format!("{host} did not verify your address of mail. Verify it there, and try again."),
                ),
                Stranger::Roleless(name) => {
                    person = Some(name.as_str());
                    (
                        "none of their groups gives a role",
                        format!(
                            "You are {name}, and none of your groups has a role in Muster. Whoever runs it can give you one."
                        ),
                    )
                }
            };
            (StatusCode::FORBIDDEN, why.to_owned(), told)
        }
    };
    // Enough to find one line by, and nothing that lets anybody in.
    let reference: String = Secret::new()?.hash().chars().take(8).collect();
    tracing::warn!(reference, provider = host, person, "nobody was signed in: {why}");
    refused(site, then, format!("{told} (In the log: {reference}.)"), status)
}

/// The name of the cookie of a sign-in that was begun.
fn kept_as(site: &Site) -> String {
    format!("{}-flow", site.cookie())
}

/// Has the browser keep what shows that it began a sign-in; an empty value ends that.
fn remember(site: &Site, response: &mut Response, value: &str) -> Result<(), Wrong> {
    let secure = if site.settings().secure { "; Secure" } else { "" };
    let age = if value.is_empty() { 0 } else { LASTS };
    let name = kept_as(site);
    // Lax: it has to come along when the provider leads back.
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Wrong::from(anyhow::Error::from(error)))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(())
}
