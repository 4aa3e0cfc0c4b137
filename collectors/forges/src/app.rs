//! Apps of GitHub: each signs who it is with its key, and is handed tokens for an hour.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::client::{Client, Unanswered};
use crate::token::Token;

/// How long what it signed holds, in seconds; GitHub takes ten minutes at most, by its own clock.
const SIGNED: i64 = 540;
/// How much earlier it says to have signed it, in seconds, for a clock that goes fast.
const BEFORE: i64 = 60;
/// Seconds that a token must still be good for: a fetch may take a while to begin.
const MARGIN: i64 = 600;
/// How long a token is good for where GitHub does not say it, in seconds.
const LIFE: i64 = 3600;

/// An app.
pub(crate) struct App {
    id: String,
    key: KeyPair,
    installation: Option<u64>,
    /// By the owner that each is for, in lower case.
    tokens: Mutex<BTreeMap<String, Minted>>,
}

#[derive(Clone)]
struct Minted {
    token: Token,
    /// Seconds since 1970.
    until: i64,
    /// Whether whoever installed the app chose what it sees.
    is_selective: bool,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).finish_non_exhaustive()
    }
}

impl App {
    /// An app with its private key in PEM; nothing where that is none.
    pub(crate) fn try_new(id: &str, key: &str, installation: Option<u64>) -> Option<Self> {
        Some(Self { id: id.to_owned(), key: key_pair(key)?, installation, tokens: Mutex::default() })
    }

    /// A token for what an owner has, which is asked for where there is none that lasts.
    pub(crate) async fn token(&self, client: &Client<'_>, owner: &str) -> Result<Token, Unanswered> {
        let name = owner.to_lowercase();
        if let Some(token) = self.kept(&name, client.now()) {
            return Ok(token);
        }
        let signed = self.signed(client.now()).ok_or_else(|| failed("the key of the app cannot sign"))?;
        let installation = match self.installation {
            Some(number) => number,
            None => Self::installation(client, owner, &signed).await?,
        };
        let path = format!("app/installations/{installation}/access_tokens");
        let answer = client.post(&path, Some(&signed)).await?.value;
        let token = answer["token"].as_str().and_then(Token::parse);
        let token = token.ok_or_else(|| failed("it hands out no token for the app"))?;
        let until = answer["expires_at"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let longest = client.now().saturating_add(LIFE);
        let until = until.map_or(longest, |until| until.as_second().min(longest));
        let is_selective = answer["repository_selection"] == "selected";
        let minted = Minted { token: token.clone(), until, is_selective };
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(name, minted);
        Ok(token)
    }

    /// Whether whoever installed the app for an owner chose what it sees.
    pub(crate) fn is_selective(&self, owner: &str) -> bool {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&owner.to_lowercase()).is_some_and(|minted| minted.is_selective)
    }

    /// Whether there was a token for an owner, however old it is.
    pub(crate) fn knows(&self, owner: &str) -> bool {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.contains_key(&owner.to_lowercase())
    }

    /// A token that lasts a while yet.
    pub(crate) fn kept(&self, owner: &str, now: i64) -> Option<Token> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let minted = tokens.get(&owner.to_lowercase())?;
        (minted.until.saturating_sub(now) > MARGIN).then(|| minted.token.clone())
    }

    /// The number of the installation that an organisation, or a user, has of it.
    async fn installation(client: &Client<'_>, owner: &str, signed: &Token) -> Result<u64, Unanswered> {
        let of = |kind: &str| format!("{kind}/{owner}/installation");
        let answer = match client.get(&of("orgs"), Some(signed)).await {
            Err(Unanswered::Refused(404)) => match client.get(&of("users"), Some(signed)).await {
                Err(Unanswered::Refused(404)) => {
                    return Err(failed(&format!(
                        "the app is not installed for `{owner}`; somebody who owns that has to install it"
                    )));
                }
                answer => answer?,
            },
            answer => answer?,
        };
        answer.value["id"].as_u64().ok_or_else(|| failed("it does not say which installation the app has"))
    }

    /// What the app says of itself, signed: <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
    fn signed(&self, now: i64) -> Option<Token> {
        let header = json!({"alg": "RS256", "typ": "JWT"}).to_string();
        let claims = json!({"iat": now - BEFORE, "exp": now + SIGNED, "iss": self.id}).to_string();
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
        Token::parse(&format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn failed(why: &str) -> Unanswered {
    Unanswered::Failed(why.to_owned())
}

/// A private key, in the form that GitHub hands out or in the one that most tools write.
fn key_pair(pem: &str) -> Option<KeyPair> {
    let der = |label: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let body: String = body.split_whitespace().collect();
        STANDARD.decode(body).ok()
    };
    if let Some(der) = der("RSA PRIVATE KEY") {
        return KeyPair::from_der(&der).ok();
    }
    KeyPair::from_pkcs8(&der("PRIVATE KEY")?).ok()
}
