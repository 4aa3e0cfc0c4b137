//! Asks a forge: bounded, patient where it limits requests, and with a token that no other host is sent.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use asmm_model::GapReason;
use backon::{ExponentialBuilder, Retryable as _};
use muster_collect::{Progress, Stop};
use reqwest::header::{AUTHORIZATION, HeaderMap, LINK};
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::Value;

use crate::limits;
use crate::listing::{MAX_REPOSITORIES, Unlisted};
use crate::token::Token;

/// Bytes of one answer: a hundred repositories have less than one million.
const MAX_BYTES: usize = 8 << 20;
/// What is read of a refusal.
const MAX_REFUSAL: usize = 64 << 10;
/// Answers of one listing.
const MAX_PAGES: usize = 1000;
/// Bytes of the query that a next page is asked for with.
const MAX_QUERY: usize = 2000;
/// How many times an answer may lead to another address of the same server.
const MAX_REDIRECTS: usize = 4;
/// How often is looked whether somebody asked to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How often and how long something is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// How long is waited before the second try; each further one waits twice as long, and up to that much more by chance.
    pub(crate) first: Duration,
    /// How long is waited at most at once, also where the forge asks for more.
    pub(crate) most: Duration,
    /// How long is waited at most for one target.
    pub(crate) all: Duration,
    /// Tries after the first.
    pub(crate) again: usize,
    /// How long one try may take.
    pub(crate) one: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_mins(15),
            all: Duration::from_mins(30),
            again: 5,
            one: Duration::from_secs(30),
        }
    }
}

/// Why a forge did not answer what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Somebody asked to stop.
    Stopped,
    /// It does not want to, by the status of HTTP, and not because of too many requests.
    Refused(u16),
    /// It asks to be left alone for longer than is waited.
    Limited(Duration),
    /// Anything else, as a sentence.
    Failed(String),
}

impl Unanswered {
    /// As the reason that a listing is not complete.
    pub(crate) fn told(self, refused: impl FnOnce(u16) -> String) -> Unlisted {
        let unlisted = |reason, why| Unlisted { reason, why };
        match self {
            Self::Stopped => {
                unlisted(GapReason::Failed, "it was asked to stop before all were listed".to_owned())
            }
            Self::Refused(status) => unlisted(GapReason::Denied, refused(status)),
            Self::Limited(wait) => unlisted(
                GapReason::RateLimited,
                format!(
                    "it limits requests, and asks to be left alone for {} seconds more; scan later",
                    wait.as_secs()
                ),
            ),
            Self::Failed(why) => unlisted(GapReason::Failed, why),
        }
    }
}

/// Why one try failed.
struct Fault {
    why: Unanswered,
    again: bool,
    /// How long is waited before the next, where that is not ours to say.
    after: Option<Duration>,
}

impl Fault {
    fn last(why: Unanswered) -> Self {
        Self { why, again: false, after: None }
    }

    fn again(why: &str) -> Self {
        Self { why: Unanswered::Failed(why.to_owned()), again: true, after: None }
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) value: Value,
    /// The query of the page after it.
    next: Option<String>,
}

/// Asks one forge on behalf of one target.
pub(crate) struct Client<'a> {
    http: reqwest::Client,
    /// Ends with `/`.
    api: &'a Url,
    headers: HeaderMap,
    patience: Patience,
    stop: &'a Stop,
    progress: &'a dyn Progress,
    /// What is shown while something is waited for.
    what: &'a str,
    now: fn() -> i64,
    /// Milliseconds that were waited because the forge asked for it.
    waited: AtomicU64,
}

/// What a client needs besides a forge.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) what: &'a str,
    pub(crate) patience: Patience,
    pub(crate) stop: &'a Stop,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) now: fn() -> i64,
}

impl<'a> Client<'a> {
    /// A client for the API at an address.
    ///
    /// # Errors
    /// There are no certificates that could be trusted.
    pub(crate) fn try_new(api: &'a Url, headers: HeaderMap, asking: Asking<'a>) -> Result<Self, Unanswered> {
        let Asking { what, patience, stop, progress, now } = asking;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            // A repository that was renamed is elsewhere on the same server; what is on another one is none of ours.
            .redirect(reqwest::redirect::Policy::custom(|attempt| {
                let first = attempt.previous().first();
                let is_same = first.is_some_and(|first| first.origin() == attempt.url().origin());
                if is_same && attempt.previous().len() <= MAX_REDIRECTS {
                    attempt.follow()
                } else {
                    attempt.stop()
                }
            }))
            .connect_timeout(patience.one)
            .timeout(patience.one);
        if is_here(api) {
            // No proxy reaches what listens on this machine.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|_| {
            Unanswered::Failed("it cannot be asked: are there trusted certificates?".to_owned())
        })?;
        let waited = AtomicU64::new(0);
        Ok(Self { http, api, headers, patience, stop, progress, what, now, waited })
    }

    /// Now, in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        (self.now)()
    }

    /// How many seconds were waited because the forge asked for it.
    pub(crate) fn waited(&self) -> u64 {
        self.waited.load(Ordering::Relaxed).div_ceil(1000)
    }

    /// Asks for what is below the API at a path with a query.
    pub(crate) async fn get(&self, path: &str, token: Option<&Token>) -> Result<Answer, Unanswered> {
        self.ask(&Method::GET, path, token).await
    }

    /// Asks for something to be made.
    pub(crate) async fn post(&self, path: &str, token: Option<&Token>) -> Result<Answer, Unanswered> {
        self.ask(&Method::POST, path, token).await
    }

    /// Hands on everything that a list holds, page by page. What came before an error was handed on.
    ///
    /// `inside` names the key of the list, where it is not the whole answer.
    pub(crate) async fn pages(
        &self,
        path: &str,
        query: &str,
        token: Option<&Token>,
        inside: Option<&str>,
        on: &mut (dyn FnMut(Value) + Send),
    ) -> Result<(), Unanswered> {
        let failed = |why: &str| Err(Unanswered::Failed(why.to_owned()));
        let mut query = query.to_owned();
        let mut seen = BTreeSet::new();
        let mut count = 0;
        while seen.len() < MAX_PAGES {
            let Answer { mut value, next } = self.get(&format!("{path}?{query}"), token).await?;
            let list = match inside {
                Some(key) => value.get_mut(key).map(Value::take),
                None => Some(value.take()),
            };
            let Some(Value::Array(items)) = list else {
                return failed("what it answers is no list of repositories");
            };
            count += items.len();
            items.into_iter().for_each(&mut *on);
            self.progress.begin(&format!("{}: {count} repositories are listed", self.what));
            if count > MAX_REPOSITORIES {
                return failed("it lists more than 50000 repositories; scan its parts, each by itself");
            }
            seen.insert(std::mem::take(&mut query));
            match next {
                None => return Ok(()),
                Some(next) if seen.contains(&next) => return failed("its pages lead in a circle"),
                Some(next) => query = next,
            }
        }
        failed("it has too many pages; scan its parts, each by itself")
    }

    async fn ask(&self, method: &Method, path: &str, token: Option<&Token>) -> Result<Answer, Unanswered> {
        let url = self.api.join(path).ok().filter(|url| url.origin() == self.api.origin());
        let url = url.ok_or_else(|| Unanswered::Failed("it has no such address".to_owned()))?;
        let Patience { first, most, all, again, one: _ } = self.patience;
        let waits = ExponentialBuilder::default()
            .with_min_delay(first)
            .with_max_delay(most)
            .with_max_times(again)
            .with_jitter();
        let stop = self.stop.clone();
        let answered = (|| self.once(method, &url, token))
            .retry(waits)
            .sleep(move |wait| sleep(wait, stop.clone()))
            .when(|fault: &Fault| fault.again)
            .notify(|fault, wait| {
                if matches!(fault.why, Unanswered::Limited(_)) {
                    let waited = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    self.waited.fetch_add(waited, Ordering::Relaxed);
                    let seconds = wait.as_secs_f64().ceil();
                    self.progress.begin(&format!(
                        "{}: the server limits requests, and is left alone for {seconds} s",
                        self.what
                    ));
                }
            })
            .adjust(|fault, wait| {
                let wait = wait?;
                let wait = fault.after.map_or(wait, |after| match fault.why {
                    // To the second, so that the limit is used and not touched.
                    Unanswered::Limited(_) => after,
                    _ => after.max(wait),
                });
                let before = Duration::from_millis(self.waited.load(Ordering::Relaxed));
                (wait <= most && before + wait <= all).then_some(wait)
            })
            .await;
        answered.map_err(|fault| fault.why)
    }

    async fn once(&self, method: &Method, url: &Url, token: Option<&Token>) -> Result<Answer, Fault> {
        if self.stop.is_asked() {
            return Err(Fault::last(Unanswered::Stopped));
        }
        tokio::select! {
            answer = self.send(method, url, token) => answer,
            () = stopped(self.stop) => Err(Fault::last(Unanswered::Stopped)),
        }
    }

    async fn send(&self, method: &Method, url: &Url, token: Option<&Token>) -> Result<Answer, Fault> {
        let mut request = self.http.request(method.clone(), url.clone()).headers(self.headers.clone());
        if let Some(bearer) = token.and_then(Token::bearer) {
            request = request.header(AUTHORIZATION, bearer);
        }
        let answer = request.send().await.map_err(|error| unreached(&error))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(self.refusal(answer).await);
        }
        let next = next(answer.headers());
        let (body, is_whole) = body(answer, MAX_BYTES).await.map_err(|error| unreached(&error))?;
        if !is_whole {
            let why = format!("it answers with more than {} MiB at once", MAX_BYTES >> 20);
            return Err(Fault::last(Unanswered::Failed(why)));
        }
        let value = serde_json::from_slice(&body).map_err(|_| {
            let why = "what answers there is no API of a forge: it sends no JSON; check the address";
            Fault::last(Unanswered::Failed(why.to_owned()))
        })?;
        Ok(Answer { value, next })
    }

    async fn refusal(&self, answer: Response) -> Fault {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let is_refusal = status == StatusCode::FORBIDDEN;
        if is_refusal || status == StatusCode::TOO_MANY_REQUESTS {
            let said = body(answer, MAX_REFUSAL).await.map(|(said, _)| said).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            if let Some(wait) = limits::limited(&headers, is_refusal, &said, self.now()) {
                return Fault { why: Unanswered::Limited(wait), again: true, after: Some(wait) };
            }
        }
        if status.is_server_error()
            || status == StatusCode::REQUEST_TIMEOUT
            || status == StatusCode::TOO_EARLY
        {
            let after = limits::after(&headers, self.now());
            return Fault { after, ..Fault::again(&format!("it answers {}; scan later", status.as_u16())) };
        }
        Fault::last(if status.is_redirection() {
            Unanswered::Failed(
                "it sends whoever asks on to another server; give the address of that one".to_owned(),
            )
        } else {
            Unanswered::Refused(status.as_u16())
        })
    }
}

/// Waits, and no longer than until somebody asks to stop.
async fn sleep(wait: Duration, stop: Stop) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = stopped(&stop) => {}
    }
}

/// Ends when somebody asks to stop.
async fn stopped(stop: &Stop) {
    while !stop.is_asked() {
        tokio::time::sleep(LOOK).await;
    }
}

/// What went wrong below HTTP. The error itself would tell the address, with what it holds.
fn unreached(error: &reqwest::Error) -> Fault {
    Fault::again(if error.is_timeout() {
        "it took too long to answer"
    } else if error.is_connect() {
        "there is no connection to it"
    } else {
        "the connection to it broke"
    })
}

/// As much of an answer as is read, and whether that is all of it.
async fn body(mut answer: Response, most: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        let room = most - body.len();
        if part.len() > room {
            body.extend_from_slice(&part[..room]);
            return Ok((body, false));
        }
        body.extend_from_slice(&part);
    }
    Ok((body, true))
}

/// The query of the page after this one. The rest of its address is not used: it is the same server that is asked again,
/// by the name that it was given here, whatever it is called in its own answers.
fn next(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let mut links = links.flat_map(|links| links.split(", ").flat_map(|links| links.split(",<")));
    let link = links.find(|link| {
        link.split(';').skip(1).any(|word| {
            let word = word.trim();
            word.eq_ignore_ascii_case(r#"rel="next""#) || word.eq_ignore_ascii_case("rel=next")
        })
    })?;
    let address = link.split(';').next()?.trim().trim_start_matches('<').trim_end_matches('>');
    let query = address.split_once('?')?.1.split('#').next()?;
    let is_query = !query.is_empty()
        && query.len() <= MAX_QUERY
        && query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_query.then(|| query.to_owned())
}

/// Whether an address is of this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn of_the_next_page_only_the_query_is_used() {
        let of = |link: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, HeaderValue::from_static(link));
            next(&headers)
        };
        let query = |text: &str| Some(text.to_owned());
        assert_eq!(
            of(r#"<https://a/o/1/repos?per_page=100&page=2>; rel="next", <https://a/r?page=9>; rel="last""#),
            query("per_page=100&page=2")
        );
        assert_eq!(
            of(r#"<https://a/r?page=1>; rel="prev",<https://elsewhere/x?id_after=7#top>; rel="next""#),
            query("id_after=7")
        );
        for none in [
            "",
            "<",
            r#"<https://a/r?page=1>; rel="prev""#,
            r#"<https://a/r>; rel="next""#,
            r#"<https://a/r?>; rel="next""#,
            r#"<https://a/r?a b>; rel="next""#,
            r#"; rel="next""#,
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
