//! One request to AWS: where it goes, its signature, its pace, and the answer as JSON.

mod pace;
mod refusal;
mod xml;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_types::service_config::ServiceConfigKey;
use muster_collect::Stop;
use muster_collect::url::encoded;
use serde_json::{Map, Value};

use crate::calls::{Call, Parameters, Protocol, Question, Service};
pub(crate) use refusal::Refusal;
pub(crate) use xml::read as read_xml;

/// Bytes of one answer: a page of a thousand roles takes about a million.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// How often one request is sent before it is given up.
const ATTEMPTS: u32 = 6;
/// How often, where it fails and nobody asked to wait.
const BROKEN_ATTEMPTS: u32 = 3;
/// The wait after the first failure.
const BROKEN: Duration = Duration::from_millis(250);
/// Connecting takes a moment, or the region is out of reach.
const CONNECT: Duration = Duration::from_secs(10);
/// From one piece of an answer to the next.
const READ: Duration = Duration::from_secs(30);
/// A whole answer.
const WHOLE: Duration = Duration::from_mins(3);
/// How long before their end credentials are got anew.
const BEFORE_END: Duration = Duration::from_mins(5);

/// Sends requests under one set of credentials and counts them.
pub(crate) struct Client {
    http: reqwest::Client,
    config: Arc<SdkConfig>,
    provider: SharedCredentialsProvider,
    current: Mutex<Option<Credentials>>,
    pace: pace::Pace,
    sent: AtomicU64,
    most: u64,
    stop: Stop,
    /// Set when nothing more can be asked.
    over: Mutex<Option<Refusal>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("sent", &self.sent()).finish_non_exhaustive()
    }
}

/// A page of an answer, and the token of the next one.
pub(crate) struct Page {
    pub(crate) answer: Value,
    pub(crate) next: Option<String>,
}

impl Client {
    /// A client that sends at most `most` requests.
    ///
    /// # Errors
    /// No client for HTTPS can be made: the machine has no certificates that it trusts.
    pub(crate) fn new(
        config: Arc<SdkConfig>,
        provider: SharedCredentialsProvider,
        most: u64,
        stop: Stop,
    ) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .timeout(WHOLE)
            .build()
            .map_err(|error| format!("no requests can be sent: {}", innermost(&error)))?;
        Ok(Self {
            http,
            config,
            provider,
            current: Mutex::default(),
            pace: pace::Pace::default(),
            sent: AtomicU64::new(0),
            most,
            stop,
            over: Mutex::default(),
        })
    }

    /// The requests that were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The requests that may be sent.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// The region of the profile, where services that have one place are asked as well.
    pub(crate) fn home(&self) -> String {
        self.config.region().map_or_else(|| "us-east-1".to_owned(), |region| region.as_ref().to_owned())
    }

    /// Asks for one page, and again where the refusal passes.
    pub(crate) async fn ask(&self, question: Question<'_>, token: Option<&str>) -> Result<Page, Refusal> {
        let Question { service, region, .. } = question;
        let mut attempt = 1;
        loop {
            if let Some(refusal) = self.over.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                return Err(refusal);
            }
            if self.stop.is_asked() {
                return Err(Refusal::Failed("it was asked to stop".to_owned()));
            }
            self.pace.turn(&service.name, region).await;
            let answered = self.once(question, token).await;
            match answered {
                Ok(answer) => {
                    self.pace.answered(&service.name, region);
                    let next = next_token(service, &answer);
                    return Ok(Page { answer, next });
                }
                Err((Refusal::Throttled, away)) if attempt < ATTEMPTS => {
                    self.pace.slower(&service.name, region, away);
                    attempt += 1;
                }
                Err((Refusal::Failed(_), _)) if attempt < BROKEN_ATTEMPTS => {
                    tokio::time::sleep(BROKEN * attempt).await;
                    attempt += 1;
                }
                Err((refusal, _)) => {
                    if refusal.ends_all() {
                        self.over
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .get_or_insert(refusal.clone());
                    }
                    return Err(refusal);
                }
            }
        }
    }

    async fn once(
        &self,
        question: Question<'_>,
        token: Option<&str>,
    ) -> Result<Value, (Refusal, Option<Duration>)> {
        let Question { service, call, region, parameters } = question;
        let plain = |refusal| (refusal, None);
        if self.sent.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            return Err(plain(Refusal::Budget(self.most)));
        }
        let credentials = self.credentials().await.map_err(plain)?;
        let (host, signed_for) = self.endpoint(service, region);
        let written = written(service, call, parameters, token);
        let url = format!("{host}{}", written.path);
        let request = self.signed(service, &signed_for, &credentials, &url, &written).map_err(plain)?;
        let mut response = match request.send().await {
            Ok(response) => response,
            // A name that does not resolve is a service that the region has not.
            Err(error) if error.is_connect() && is_unresolved(&error) => {
                return Err(plain(Refusal::NoSuchHost));
            }
            Err(error) => return Err(plain(failed(&error))),
        };
        let status = response.status().as_u16();
        let header =
            |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (code, away) = (header("x-amzn-errortype"), header("retry-after"));
        let away = away.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if body.len() + piece.len() > MAX_BYTES => {
                    return Err(plain(Refusal::TooLarge));
                }
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break,
                Err(error) => return Err(plain(failed(&error))),
            }
        }
        if !(200..300).contains(&status) {
            return Err((refusal::of(status, code.as_deref(), &body), away));
        }
        let read = match service.protocol {
            Protocol::Query => xml::read(&body),
            Protocol::Json | Protocol::RestJson if body.is_empty() => Ok(Value::Object(Map::new())),
            Protocol::Json | Protocol::RestJson => serde_json::from_slice(&body)
                .map_err(|error| format!("no JSON at line {}, column {}", error.line(), error.column())),
        };
        read.map_err(|why| plain(Refusal::Unreadable(why)))
    }

    #[expect(clippy::disallowed_methods, reason = "a signature holds the time, and credentials end at one")]
    fn signed(
        &self,
        service: &Service,
        region: &str,
        credentials: &Credentials,
        url: &str,
        written: &Written,
    ) -> Result<reqwest::RequestBuilder, Refusal> {
        let broken =
            |why: &dyn std::fmt::Display| Refusal::Failed(format!("the request cannot be signed: {why}"));
        let identity = credentials.clone().into();
        let signing = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service.signing())
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| broken(&error))?
            .into();
        let headers = written.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request =
            SignableRequest::new(written.method, url, headers, SignableBody::Bytes(written.body.as_bytes()))
                .map_err(|error| broken(&error))?;
        let (instructions, _) = sign(request, &signing).map_err(|error| broken(&error))?.into_parts();
        let method = written.method.parse().map_err(|error: http::method::InvalidMethod| broken(&error))?;
        let mut request = self.http.request(method, url).body(written.body.clone());
        for (name, value) in &written.headers {
            request = request.header(*name, value);
        }
        for header in instructions.into_parts().0 {
            request = request.header(header.name().to_owned(), header.value().to_owned());
        }
        Ok(request)
    }

    #[expect(clippy::disallowed_methods, reason = "credentials end at a time")]
    async fn credentials(&self) -> Result<Credentials, Refusal> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let soon = SystemTime::now() + BEFORE_END;
        if let Some(current) = current.filter(|current| current.expiry().is_none_or(|end| end > soon)) {
            return Ok(current);
        }
        let fresh = self
            .provider
            .provide_credentials()
            .await
            .map_err(|error| Refusal::NoCredentials(why_none(&error)))?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    /// Where a service is, and for which region its requests are signed.
    fn endpoint(&self, service: &Service, region: &str) -> (String, String) {
        let (partition, global) = partition(region);
        let signed_for =
            if matches!(service.name.as_str(), "iam" | "organizations") { global } else { region };
        let own = self.config.service_config().and_then(|settings| {
            let id = service.id();
            let key =
                ServiceConfigKey::builder().service_id(&id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
            settings.load_config(key.build().ok()?)
        });
        if let Some(own) = own.or_else(|| self.config.endpoint_url().map(str::to_owned)) {
            return (own.trim_end_matches('/').to_owned(), signed_for.to_owned());
        }
        let host = match (service.name.as_str(), partition) {
            ("iam", "amazonaws.com") if region.starts_with("us-gov-") => {
                "iam.us-gov.amazonaws.com".to_owned()
            }
            ("iam", "amazonaws.com") => "iam.amazonaws.com".to_owned(),
            ("iam", suffix) => format!("iam.cn-north-1.{suffix}"),
            ("organizations", "amazonaws.com.cn") => {
                "organizations.cn-northwest-1.amazonaws.com.cn".to_owned()
            }
            ("organizations", suffix) => format!("organizations.{global}.{suffix}"),
            ("qbusiness", "amazonaws.com") => format!("qbusiness.{region}.api.aws"),
            ("qbusiness", _) => format!("qbusiness.{region}.api.amazonwebservices.com.cn"),
            (_, suffix) => format!("{}.{region}.{suffix}", service.endpoint()),
        };
        let signed_for = if host.starts_with("organizations.cn-") { "cn-northwest-1" } else { signed_for };
        (format!("https://{host}"), signed_for.to_owned())
    }
}

/// The end of the hosts of a partition, and the region whose name its global services are signed with.
fn partition(region: &str) -> (&'static str, &'static str) {
    if region.starts_with("cn-") {
        ("amazonaws.com.cn", "cn-north-1")
    } else if region.starts_with("us-gov-") {
        ("amazonaws.com", "us-gov-west-1")
    } else {
        ("amazonaws.com", "us-east-1")
    }
}

/// A request before it is signed.
struct Written {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn written(service: &Service, call: &Call, parameters: &Parameters, token: Option<&str>) -> Written {
    let [size, ask, _] = &service.paging;
    let page = call.page.map(|items| (size.clone(), items));
    let token = token.map(|token| (ask.clone(), token.to_owned()));
    match service.protocol {
        Protocol::Query => {
            let mut body = format!("Action={}&Version={}", call.operation, service.version);
            let page = page.map(|(name, items)| (name, items.to_string()));
            for (name, value) in parameters.clone().into_iter().chain(page).chain(token) {
                let _ = write!(body, "&{}={}", encoded(&name), encoded(&value));
            }
            let kind = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
            Written { method: "POST", path: "/".to_owned(), headers: vec![("content-type", kind)], body }
        }
        Protocol::Json => {
            let mut body: Map<String, Value> =
                parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            body.extend(page.map(|(name, items)| (name, items.into())));
            body.extend(token.map(|(name, token)| (name, token.into())));
            let headers = vec![
                ("content-type", format!("application/x-amz-json-{}", service.version)),
                ("x-amz-target", format!("{}.{}", service.target, call.operation)),
            ];
            Written { method: "POST", path: "/".to_owned(), headers, body: Value::Object(body).to_string() }
        }
        Protocol::RestJson => {
            let (method, path) = call.method_and_path();
            let mut path = path.to_owned();
            for (name, value) in parameters {
                path = path.replace(&format!("{{{name}}}"), &encoded(value));
            }
            let mut body = Map::new();
            if call.pages_in_path() {
                let page = page.map(|(name, items)| (name, items.to_string()));
                for (name, value) in page.into_iter().chain(token) {
                    path.push(if path.contains('?') { '&' } else { '?' });
                    let _ = write!(path, "{name}={}", encoded(&value));
                }
            } else {
                body.extend(page.map(|(name, items)| (name, items.into())));
                body.extend(token.map(|(name, token)| (name, token.into())));
            }
            let sends = method == "POST";
            Written {
                method: if sends { "POST" } else { "GET" },
                path,
                headers: if sends {
                    vec![("content-type", "application/json".to_owned())]
                } else {
                    Vec::new()
                },
                body: if sends { Value::Object(body).to_string() } else { String::new() },
            }
        }
    }
}

fn next_token(service: &Service, answer: &Value) -> Option<String> {
    // What says that nothing more follows is believed over a token that is there all the same.
    if answer.get("IsTruncated").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    answer
        .get(&service.paging[2])
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
}

fn failed(error: &reqwest::Error) -> Refusal {
    let why = match error {
        error if error.is_timeout() => "it took too long".to_owned(),
        error if error.is_connect() => format!("no connection: {}", innermost(error)),
        error => format!("the connection broke: {}", innermost(error)),
    };
    Refusal::Failed(why)
}

fn is_unresolved(error: &reqwest::Error) -> bool {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        if error.to_string().contains("dns error") {
            return true;
        }
        next = error.source();
    }
    false
}

/// The cause below all others, which names no address with what was asked in it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn why_none(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => "none were found".to_owned(),
        CredentialsError::ProviderTimedOut(_) => "getting them took too long".to_owned(),
        error => {
            let why = innermost(error);
            // Of what a service said the code is told: a message may repeat what was asked.
            let code = why.split_once("code: \"").and_then(|(_, rest)| rest.split('"').next());
            match code {
                Some(code) => format!("AWS answered {code}"),
                None => why.trim_end_matches('.').to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::SERVICES;

    fn shown(operation: &str, parameters: &[(&str, &str)], token: Option<&str>) -> String {
        let service = SERVICES.iter().find(|service| service.call(operation).is_some()).unwrap();
        let parameters = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let written = written(service, service.call(operation).unwrap(), &parameters, token);
        let headers: Vec<String> =
            written.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("{} {} [{}] {}", written.method, written.path, headers.join(", "), written.body)
    }

    #[test]
    fn requests_are_written_as_each_protocol_asks() {
        let shown = [
            shown("GetAccountAuthorizationDetails", &[], Some("a b=")),
            shown("ListTargetsForPolicy", &[("PolicyId", "p-1")], Some("t")),
            shown("ListAgents", &[], Some("t")),
            shown("ListAgentRuntimes", &[], Some("t+")),
            shown("ListInferenceProfiles", &[("type", "APPLICATION")], None),
            shown("GetSchedule", &[("GroupName", "a/b"), ("Name", "n?")], None),
        ];
        insta::assert_snapshot!(shown.join("\n"));
    }
}
