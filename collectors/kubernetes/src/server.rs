//! One server of Kubernetes: its address and who asks, its pace, and answers in bounded size.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use muster_collect::{CollectError, Context, Stop};
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use crate::refusal::{self, Refusal};

/// Bytes of one answer: a page of 500 pods takes about ten million.
const MAX_BYTES: usize = 128 * 1024 * 1024;
/// How often one request is sent where the server asks to wait.
const ATTEMPTS: u32 = 6;
/// How often, where it fails and nobody asked to wait.
const BROKEN_ATTEMPTS: u32 = 3;
/// The wait after the first failure.
const BROKEN: Duration = Duration::from_millis(250);
/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_mins(1);
/// Connecting takes a moment, or the server is out of reach.
const CONNECT: Duration = Duration::from_secs(10);
/// From one piece of an answer to the next.
const READ: Duration = Duration::from_mins(1);
/// Requests that may follow each other at once before the pace holds them up.
const BURST: u32 = 20;

/// The option for requests in a second.
pub(crate) const RATE: &str = "k8s-rate";
/// Requests in a second, where nothing else is said.
const REQUESTS_PER_SECOND: u32 = 20;
/// The option that lets a kubeconfig run programs.
pub(crate) const EXEC: &str = "k8s-allow-exec";

/// What a list of names is asked for as.
pub(crate) const NAMES: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// What everything else is.
pub(crate) const JSON: &str = "application/json";

/// Sends requests to one server, and counts them.
pub(crate) struct Server {
    client: kube::Client,
    pace: Pace,
    sent: AtomicU64,
    /// Bytes of the largest answer so far: the next page is likely to be as large.
    largest: AtomicUsize,
    stop: Stop,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("sent", &self.sent()).finish_non_exhaustive()
    }
}

/// The contexts of the configuration of this machine, in order, and the one that is used where none is named.
pub(crate) fn contexts() -> Result<(Vec<String>, Option<String>), CollectError> {
    let all = Kubeconfig::read().map_err(|error| unusable(&error))?;
    let names: BTreeSet<String> = all.contexts.iter().map(|context| context.name.clone()).collect();
    Ok((names.into_iter().collect(), all.current_context))
}

fn unusable(error: &KubeconfigError) -> CollectError {
    CollectError::Unusable(format!(
        "no cluster can be asked: {}. Set KUBECONFIG, name a context that `kubectl config get-contexts` lists, as in \
         k8s:CONTEXT, or scan saved objects, as k8s-export:PATH",
        short(error)
    ))
}

/// What went wrong with a configuration, without what stands in it.
fn short(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(_) => {
            "the configuration is no YAML of the form that it should have".to_owned()
        }
        other => other.to_string(),
    }
}

impl Server {
    /// The server of a context, or of the cluster that this runs in where there is no configuration.
    ///
    /// # Errors
    /// There is neither, or a program would have to be run to sign in and that is not allowed.
    pub(crate) async fn of(context: &str, cx: &Context) -> Result<Self, CollectError> {
        if cx.stop.is_asked() {
            return Err(CollectError::Stopped);
        }
        let mut config = configuration(context, cx).await?;
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(READ);
        // Waiting is done here, where it can be bounded, stopped and told.
        config.default_retry = false;
        let agent = HeaderValue::from_static(concat!("muster/", env!("CARGO_PKG_VERSION")));
        config.headers.push((USER_AGENT, agent));
        let client = kube::Client::try_from(config).map_err(|error| {
            CollectError::Unusable(format!(
                "no request can be sent to the server of {}: {}",
                shown(context),
                innermost(&error)
            ))
        })?;
        let rate = cx.options.one(RATE).and_then(|rate| rate.parse().ok()).unwrap_or(REQUESTS_PER_SECOND);
        Ok(Self {
            client,
            pace: Pace::of(rate),
            sent: AtomicU64::new(0),
            largest: AtomicUsize::new(0),
            stop: cx.stop.clone(),
        })
    }

    /// The requests that were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Asks for what stands at a path.
    pub(crate) async fn get(&self, path: &str, accept: &'static str) -> Result<Vec<u8>, Refusal> {
        self.ask(path, accept, None).await
    }

    /// Asks a question that is sent as an object. None that is asked changes anything.
    pub(crate) async fn review(&self, path: &str, object: &Value) -> Result<Vec<u8>, Refusal> {
        self.ask(path, JSON, Some(object.to_string().into_bytes())).await
    }

    async fn ask(&self, path: &str, accept: &'static str, body: Option<Vec<u8>>) -> Result<Vec<u8>, Refusal> {
        let mut attempt = 1;
        loop {
            if self.stop.is_asked() {
                return Err(Refusal::Failed("it was asked to stop".to_owned()));
            }
            self.pace.turn().await;
            match self.once(path, accept, body.clone()).await {
                Err((Refusal::Throttled, away)) if attempt < ATTEMPTS => {
                    let away = away.unwrap_or(BROKEN * 2_u32.pow(attempt));
                    if away > LONGEST {
                        return Err(Refusal::Throttled);
                    }
                    sleep(away).await;
                }
                Err((Refusal::Failed(_), _)) if attempt < BROKEN_ATTEMPTS => sleep(BROKEN * attempt).await,
                other => return other.map_err(|(refusal, _)| refusal),
            }
            attempt += 1;
        }
    }

    async fn once(
        &self,
        path: &str,
        accept: &'static str,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, (Refusal, Option<Duration>)> {
        let plain = |refusal| (refusal, None);
        let request = http::Request::builder()
            .method(if body.is_some() { http::Method::POST } else { http::Method::GET })
            .uri(path)
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, JSON)
            .body(Body::from(body.unwrap_or_default()))
            .map_err(|_| plain(Refusal::Failed("it has a name that no request can hold".to_owned())))?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let response = self.client.send(request).await.map_err(|error| plain(failed(&error)))?;
        let status = response.status().as_u16();
        let away = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let away = away.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let mut body = response.into_body();
        let mut read = Vec::with_capacity(self.largest.load(Ordering::Relaxed));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| plain(failed(&error)))?;
            let Ok(piece) = frame.into_data() else { continue };
            if read.len() + piece.len() > MAX_BYTES {
                return Err(plain(Refusal::TooLarge));
            }
            read.extend_from_slice(&piece);
        }
        self.largest.fetch_max(read.len(), Ordering::Relaxed);
        match status {
            200..300 => Ok(read),
            // A server that is overloaded says so in one of two ways.
            503 | 504 if away.is_some() => Err((Refusal::Throttled, away)),
            _ => Err((refusal::of(status, &read), away)),
        }
    }
}

/// How a context is told; the empty one is that of the configuration, or of the pod that this runs in.
fn shown(context: &str) -> String {
    if context.is_empty() { "the current context".to_owned() } else { format!("`{context}`") }
}

async fn configuration(context: &str, cx: &Context) -> Result<kube::Config, CollectError> {
    let read = match Kubeconfig::read() {
        Ok(read) => read,
        // Without a configuration this may run in a pod.
        Err(error) if context.is_empty() => {
            return kube::Config::incluster().map_err(|_| unusable(&error));
        }
        Err(error) => return Err(unusable(&error)),
    };
    let options = KubeConfigOptions {
        context: (!context.is_empty()).then(|| context.to_owned()),
        ..KubeConfigOptions::default()
    };
    if let Some(program) = program(&read, context)
        && cx.options.one(EXEC).is_none()
    {
        return Err(CollectError::Unusable(format!(
            "to sign in to the server of {}, its configuration runs the program `{program}`; allow that with --{EXEC}",
            shown(context)
        )));
    }
    kube::Config::from_custom_kubeconfig(read, &options).await.map_err(|error| unusable(&error))
}

/// The program that a context runs to sign in.
fn program(all: &Kubeconfig, context: &str) -> Option<String> {
    let current = all.current_context.clone().unwrap_or_default();
    let name = if context.is_empty() { current } else { context.to_owned() };
    let of = all.contexts.iter().find(|known| known.name == name)?.context.as_ref()?;
    let user = all.auth_infos.iter().find(|user| Some(&user.name) == of.user.as_ref())?.auth_info.as_ref()?;
    let exec = user.exec.as_ref().and_then(|exec| exec.command.clone());
    exec.or_else(|| user.auth_provider.as_ref()?.config.get("cmd-path").cloned())
}

fn failed(error: &kube::Error) -> Refusal {
    match error {
        kube::Error::Auth(error) => Refusal::Failed(format!("signing in failed: {}", innermost(error))),
        error => Refusal::Failed(format!("no answer: {}", innermost(error))),
    }
}

/// The cause below all others, which names no address with what was asked in it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Requests are sent no faster than this, but for a few at the beginning.
#[derive(Debug)]
struct Pace {
    between: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    fn of(rate: u32) -> Self {
        Self { between: Duration::from_secs(1) / rate.max(1), next: Mutex::new(None) }
    }

    async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            // Time in which nothing was asked is saved up, as far as the burst goes.
            let earliest = now.checked_sub(self.between * BURST).unwrap_or(now);
            let at = next.map_or(earliest, |next| next.max(earliest));
            *next = Some(at + self.between);
            at
        };
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_pace_lets_a_few_through_and_holds_up_the_rest() {
        let pace = Pace::of(10);
        tokio::time::advance(Duration::from_secs(10)).await;
        let began = Instant::now();
        for _ in 0..BURST {
            pace.turn().await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            pace.turn().await;
        }
        assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    }

    #[test]
    fn a_context_says_which_program_it_runs() {
        let all = Kubeconfig::from_yaml(
            "{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: c, cluster: {server: 'https://h'}}],
              users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}}, {name: t, user: {token: x}}],
              contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: c, user: t}}]}",
        )
        .unwrap();
        assert_eq!(program(&all, ""), Some("aws".to_owned()));
        assert_eq!(program(&all, "b"), None);
    }
}
