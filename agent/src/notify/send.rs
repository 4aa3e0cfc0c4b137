//! Sends deliveries: over HTTPS or as mail, again where that may help, and with errors that tell no secret.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};

use super::channel::{Channel, Kind, Unusable};
use super::email::{Post, Server};
use super::plan::Delivery;
use super::{slack, teams, webhook};
use crate::clock;
use crate::secret::{Secret, SecretRef, Variables};

/// How often and how long something is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// How long is waited before the second try; each further one waits twice as long, and up to that much more by chance.
    pub(crate) first: Duration,
    /// How long is waited at most, also where the receiver asks for more: then the next run tries again.
    pub(crate) most: Duration,
    /// Tries after the first.
    pub(crate) again: usize,
    /// How long one try may take.
    pub(crate) one: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_mins(2),
            again: 5,
            one: Duration::from_secs(30),
        }
    }
}

/// Why something was not sent. It names the channel and the host, and nothing else of an address: that of a chat is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SendError {
    /// It may work later: the network, a receiver that is down or has too much to do. The delivery stays due.
    Later { channel: String, host: String, why: String },
    /// It will not work until somebody changes something: an address that is refused, a receiver that knows nothing of it.
    Refused { channel: String, host: String, why: String },
}

impl SendError {
    /// Whether the same delivery may succeed with nothing changed.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::Later { .. })
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Later { channel, host, why } | Self::Refused { channel, host, why }) = self;
        let then = match self {
            Self::Later { .. } => "The next run tries again.",
            Self::Refused { .. } => "Check the configuration of the channel.",
        };
        write!(f, "The channel `{channel}` could not be told by {host}: {why}. {then}")
    }
}

impl std::error::Error for SendError {}

/// Why one try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    why: String,
    again: bool,
    /// How long the receiver asks to be left alone.
    after: Option<Duration>,
}

impl Fault {
    /// Nothing to be gained from another try.
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: false, after: None }
    }

    /// Another try may succeed.
    pub(super) fn later(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: true, after: None }
    }
}

/// A channel with its secrets looked up, ready to be told something.
#[derive(Debug)]
pub(crate) struct Sender {
    channel: String,
    batch: usize,
    link: Option<String>,
    patience: Patience,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Webhook(Address, Secret),
    Slack(Address),
    Teams(Address),
    Email(Box<Post>),
}

/// Where a request goes. It is as secret as what it was read from.
struct Address {
    http: Client,
    url: Url,
    host: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Sender {
    /// Makes a channel ready; nothing is sent. `lookup` reads a variable of the environment.
    ///
    /// # Errors
    /// What is wrong with the channel, as a sentence that names it and no value.
    pub(crate) fn try_new(
        channel: &Channel,
        patience: Patience,
        lookup: Variables<'_>,
    ) -> Result<Self, String> {
        let name = super::notice::clean(&channel.name, 64);
        Self::of(channel, patience, lookup)
            .map_err(|unusable| format!("The channel `{name}` cannot be used: {unusable}."))
    }

    /// Whether a channel can be made ready; nothing is sent.
    ///
    /// # Errors
    /// What is wrong with the channel, at which key.
    pub(crate) fn check(channel: &Channel, lookup: Variables<'_>) -> Result<(), Unusable> {
        Self::of(channel, Patience::default(), lookup).map(drop)
    }

    fn of(channel: &Channel, patience: Patience, lookup: Variables<'_>) -> Result<Self, Unusable> {
        if let Some(unusable) = channel.fault() {
            return Err(unusable);
        }
        let way = Way::of(&channel.kind, patience, lookup)?;
        let Channel { name, on: _, batch, link, kind: _ } = channel;
        Ok(Self { channel: name.clone(), batch: *batch, link: link.clone(), patience, way })
    }

    /// Sends a delivery of this channel, several times where that may help. What it returns is what to remember: where it
    /// is `Ok`, the notices are told and must never be sent again.
    pub(crate) async fn send(&self, delivery: &Delivery) -> Result<(), SendError> {
        let Patience { first, most, again, one: _ } = self.patience;
        let waits = ExponentialBuilder::default()
            .with_min_delay(first)
            .with_max_delay(most)
            .with_max_times(again)
            .with_jitter();
        let sent = (|| self.once(delivery))
            .retry(waits)
            .when(|fault: &Fault| fault.again)
            .adjust(|fault, wait| match (fault.after, wait) {
                // Longer than anybody waits here: what is asked for is granted by the next run.
                (Some(after), Some(_)) if after > most => None,
                (Some(after), Some(wait)) => Some(after.max(wait)),
                (_, wait) => wait,
            })
            .await;
        sent.map_err(|Fault { why, again, after: _ }| {
            let (channel, host) = (self.channel.clone(), self.host().to_owned());
            if again {
                SendError::Later { channel, host, why }
            } else {
                SendError::Refused { channel, host, why }
            }
        })
    }

    async fn once(&self, delivery: &Delivery) -> Result<(), Fault> {
        let (batch, link) = (self.batch, self.link.as_deref());
        let written = |_| Fault::refused("the notices cannot be written");
        match &self.way {
            Way::Webhook(address, secret) => {
                let body = webhook::body(delivery, link).map_err(written)?;
                // Signed anew for each try: a receiver refuses what was signed too long ago.
                let signature = webhook::signature(secret.expose(), clock::seconds(), &body);
                address.post(&delivery.id, body, Some(signature)).await
            }
            Way::Slack(address) => {
                let body = serde_json::to_vec(&slack::body(delivery, batch, link)).map_err(written)?;
                address.post(&delivery.id, body, None).await
            }
            Way::Teams(address) => {
                let body = serde_json::to_vec(&teams::body(delivery, batch, link)).map_err(written)?;
                address.post(&delivery.id, body, None).await
            }
            Way::Email(post) => post.send(post.message(delivery, batch, link)?).await,
        }
    }

    fn host(&self) -> &str {
        match &self.way {
            Way::Webhook(address, _) | Way::Slack(address) | Way::Teams(address) => &address.host,
            Way::Email(post) => &post.host,
        }
    }
}

impl Way {
    fn of(kind: &Kind, patience: Patience, lookup: Variables<'_>) -> Result<Self, Unusable> {
        let expand = |key, text: &SecretRef| {
            text.expand(lookup).map_err(|error| Unusable::new(key, error.to_string()))
        };
        let address = |url: &SecretRef| Address::try_new(&expand("url", url)?, patience.one);
        Ok(match kind {
            Kind::Webhook { url, secret } => {
                let secret = expand("secret", secret)?;
                if secret.expose().len() < webhook::LEAST_SECRET {
                    let what = format!("is shorter than {} bytes", webhook::LEAST_SECRET);
                    return Err(Unusable::new("secret", what));
                }
                Self::Webhook(address(url)?, secret)
            }
            Kind::Slack { url } => Self::Slack(address(url)?),
            Kind::Teams { url } => Self::Teams(address(url)?),
            Kind::Email { smtp, user, password, from, to, ca } => {
                let password = password.as_ref().map(|password| expand("password", password)).transpose();
                let server = Server { smtp, user: user.as_deref(), password: password?, ca: ca.as_deref() };
                Self::Email(Box::new(Post::try_new(&server, from, to, patience.one)?))
            }
        })
    }
}

impl Address {
    fn try_new(url: &Secret, patience: Duration) -> Result<Self, Unusable> {
        let wrong = |what: &str| Unusable::new("url", what);
        // What is wrong with an address is not told in the words of whoever reads it: they repeat it.
        let url = Url::parse(url.expose()).map_err(|_| wrong("is no address"))?;
        let Some(host) = url.host_str().map(str::to_owned) else {
            return Err(wrong("names no host"));
        };
        let here = is_here(host.trim_matches(['[', ']']));
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err(wrong("has to begin with https, except on this machine")),
        }
        let mut http = Client::builder()
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            // A receiver that sends us elsewhere is refused: the address that was configured is the one that is trusted.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(patience)
            .timeout(patience);
        if here {
            // No proxy reaches what listens on this machine.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|_| wrong("cannot be asked: are there trusted certificates?"))?;
        Ok(Self { http, url, host })
    }

    async fn post(&self, id: &str, body: Vec<u8>, signature: Option<String>) -> Result<(), Fault> {
        let mut request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(webhook::DELIVERY, id)
            .body(body);
        if let Some(signature) = signature {
            request = request.header(webhook::SIGNATURE, signature);
        }
        let response = request.send().await.map_err(|error| Fault::later(unreached(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        // The answer's text is not read: it may repeat what was sent, or be endless.
        let why = format!("it answered {}", status.as_u16());
        let again = status.is_server_error()
            || matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
            );
        if !again {
            return Err(Fault::refused(why));
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(wait);
        Err(Fault { after, ..Fault::later(why) })
    }
}

/// What `Retry-After` asks for: seconds, or a date.
fn wait(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp().as_second();
    Some(Duration::from_secs(u64::try_from(date - clock::seconds()).unwrap_or(0)))
}

/// What went wrong below HTTP. The error itself would tell the address.
fn unreached(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "it took too long".to_owned()
    } else if error.is_connect() {
        "there is no connection".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}

/// Whether a host is this machine.
pub(super) fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
