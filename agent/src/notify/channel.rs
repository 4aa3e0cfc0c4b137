//! Where notices go, as the configuration says it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::wanted::Wanted;
use crate::secret::SecretRef;

/// Most notices that one message shows.
pub(super) const MAX_BATCH: usize = 100;

/// Why a channel cannot be told anything. It repeats no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// The key that is wrong.
    pub(crate) key: &'static str,
    /// What is wrong with it, as the end of a sentence that begins with the key.
    pub(crate) what: String,
}

impl Unusable {
    /// With the key and what is wrong with it.
    pub(super) fn new(key: &'static str, what: impl Into<String>) -> Self {
        Self { key, what: what.into() }
    }
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` {}", self.key, self.what)
    }
}

/// One place that is told of what happens.
// No `deny_unknown_fields` here, where it cannot be used beside `flatten`: what is left over reaches `Kind`, which refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Channel {
    /// What it is called: in messages, and in what is remembered of deliveries. A channel with another name is told
    /// everything anew.
    #[schemars(length(min = 1, max = 64))]
    pub(crate) name: String,
    /// What it is told of.
    #[serde(default = "Wanted::by_default")]
    #[schemars(length(min = 1))]
    pub(crate) on: BTreeSet<Wanted>,
    /// Most notices that one message shows. The others follow in further messages to a webhook; messages to people only
    /// say how many there are.
    #[serde(default = "batch")]
    #[schemars(range(min = 1, max = MAX_BATCH))]
    pub(crate) batch: usize,
    /// Address of the page on which systems are reviewed, which messages link to.
    #[serde(default)]
    #[schemars(url)]
    pub(crate) link: Option<String>,
    /// How it is told.
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

/// How a channel is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Kind {
    /// A program, by a signed request with the notices in JSON.
    Webhook {
        /// Where the request is sent. It has to be https, except to this machine.
        url: SecretRef,
        /// What requests are signed with, at least 16 bytes.
        secret: SecretRef,
    },
    /// A channel of Slack, by an incoming webhook.
    Slack {
        /// Address of the incoming webhook: who knows it may write to the channel.
        url: SecretRef,
    },
    /// A channel of Microsoft Teams, by a workflow that posts cards.
    Teams {
        /// Address of the workflow: who knows it may write to the channel.
        url: SecretRef,
    },
    /// People, by e-mail.
    Email {
        /// The server: `smtps://host`, or `smtp+starttls://host:587`. `smtp://` without encryption is taken on this
        /// machine only.
        smtp: String,
        /// Whom to sign in as.
        #[serde(default)]
        user: Option<String>,
        /// What to sign in with.
        #[serde(default)]
        password: Option<SecretRef>,
        /// The sender, as `Name <address>` or an address.
        from: String,
        /// The receivers, each as `Name <address>` or an address.
        #[schemars(length(min = 1, max = 50))]
        to: Vec<String>,
        /// File with the certificates, in PEM, that the server's one is trusted by, beside those of the machine. It
        /// is relative to the configuration.
        #[serde(default)]
        ca: Option<std::path::PathBuf>,
    },
}

fn batch() -> usize {
    20
}

impl Channel {
    /// The channel with its paths, which are relative to a folder.
    pub(crate) fn placed(mut self, folder: &std::path::Path) -> Self {
        if let Kind::Email { ca: Some(ca), .. } = &mut self.kind {
            *ca = folder.join(&*ca);
        }
        self
    }

    /// Whether further messages carry what one does not hold. A program needs every notice; people who are sent fifty
    /// messages read none of them, and are told how many more there are.
    pub(super) fn splits(&self) -> bool {
        matches!(self.kind, Kind::Webhook { .. })
    }

    /// What is wrong with it beyond the types.
    pub(super) fn fault(&self) -> Option<Unusable> {
        let Self { name, on, batch, link, kind: _ } = self;
        if name.is_empty() || name.chars().count() > 64 || name.contains(char::is_control) {
            let what = "is empty, longer than 64 letters, or has control characters in it";
            return Some(Unusable::new("name", what));
        }
        if on.is_empty() {
            return Some(Unusable::new("on", "is empty: it would never be told anything"));
        }
        if *batch == 0 || *batch > MAX_BATCH {
            return Some(Unusable::new("batch", format!("has to be from 1 to {MAX_BATCH}")));
        }
        let is_page = |link: &String| {
            link.len() <= 1000
                && reqwest::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        (!link.as_ref().is_none_or(is_page)).then(|| Unusable::new("link", "is no address of a page"))
    }
}
