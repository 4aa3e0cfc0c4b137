//! Sign-in through a provider of OpenID Connect: an authorization code with PKCE, and an ID token that is checked in full.
//!
//! A sign-in that was begun is known to the store by hashes alone. Its nonce and its PKCE verifier are made of two secrets: the
//! `state`, which travels through the provider, and one that the browser keeps in a cookie. So any replica of the site finishes what
//! another began, only the browser that began it can, and whoever reads the store has nothing to finish it with.

mod claims;
mod http;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
    CoreTokenType,
};
use openidconnect::url::{Host, Url};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret,
    CsrfToken, DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken,
    IdTokenFields, IdTokenVerifier, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::secret::Secret;
use crate::{clock, secret};
pub(crate) use claims::Mapping;
pub(super) use claims::{Person, Stranger};
use http::{Http, Unanswered};

/// For how long what a provider says of itself is believed. New keys are asked for as soon as a token names one that is not known.
const KEPT: Duration = Duration::from_hours(1);
/// How far the clock of a provider may be ahead, in seconds.
const AHEAD: i64 = 5 * 60;

/// What ID tokens may be signed with: a key of the provider, and never a secret that others have too.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 7] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What is said of a provider.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Its identifier, letter by letter as it says it itself.
    pub(crate) issuer: String,
    /// What it calls this site.
    pub(crate) client: String,
    /// What this site proves itself with.
    pub(crate) secret: secret::Secret,
    /// What is asked for beside `openid`.
    pub(crate) scopes: Vec<String>,
    /// The address of this site, `https://muster.example`.
    pub(crate) public: String,
    /// What is made of claims.
    pub(crate) mapping: Mapping,
}

/// Why something that is said of a provider cannot be used, as the end of a sentence that begins with the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// It is no address with a host, or one with more than a path.
    #[error("is no address of a provider")]
    NoAddress,
    /// Anybody on the way could read and change what it says.
    #[error("does not begin with https://")]
    Open,
    /// There are no certificates that could be trusted.
    #[error("cannot be asked: are there trusted certificates?")]
    NoCertificates,
    /// The public address of this site is none to come back to.
    #[error("cannot send people back to the address of this site")]
    NoWayBack,
}

/// A provider. It is asked for the first time when somebody signs in: the site starts without it, too.
#[derive(Debug)]
pub(crate) struct Provider {
    issuer: IssuerUrl,
    /// As people are told of it.
    host: String,
    /// Whether it is on this machine, where no certificate is needed.
    here: bool,
    client: ClientId,
    secret: ClientSecret,
    scopes: Vec<Scope>,
    redirect: RedirectUrl,
    mapping: Mapping,
    http: Http,
    known: RwLock<Option<Known>>,
}

/// What a provider said of itself, with its keys.
#[derive(Debug, Clone)]
struct Known {
    metadata: Arc<CoreProviderMetadata>,
    at: Instant,
}

/// Why nobody signs in. What is in it goes into the log: nothing of it is a secret, or of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The provider does not answer, or not as a provider does.
    Away(String),
    /// It does not redeem the code.
    Declined(String),
    /// Its ID token is not right.
    Unfit(&'static str),
    /// It is right, and of nobody who is let in.
    Stranger(Stranger),
}

/// The claims beside those of the standard.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Further {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Further {}

type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Token = IdToken<Further, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Refusal = StandardErrorResponse<CoreErrorResponseType>;
type Asking = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    Refusal,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// A provider that is asked nothing yet.
    ///
    /// # Errors
    /// What is wrong with what is said of it.
    pub(crate) fn try_new(options: Options) -> Result<Self, Unusable> {
        let url = Url::parse(&options.issuer).map_err(|_| Unusable::NoAddress)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let host = url.host_str().filter(|_| plain && url.password().is_none()).ok_or(Unusable::NoAddress)?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let here = is_here(&url);
        if !is_safe(&url, here) {
            return Err(Unusable::Open);
        }
        let redirect = format!("{}/sign-in/callback", options.public);
        let scopes = options.scopes.into_iter().filter(|scope| scope != "openid").map(Scope::new);
        Ok(Self {
            issuer: IssuerUrl::new(options.issuer).map_err(|_| Unusable::NoAddress)?,
            host,
            here,
            client: ClientId::new(options.client),
            secret: ClientSecret::new(options.secret.expose().to_owned()),
            scopes: scopes.collect(),
            redirect: RedirectUrl::new(redirect).map_err(|_| Unusable::NoWayBack)?,
            mapping: options.mapping,
            http: Http::try_new(here).map_err(|_| Unusable::NoCertificates)?,
            known: RwLock::default(),
        })
    }

    /// As people are told of it: its host.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether an issuer is this one.
    pub(super) fn is(&self, issuer: &str) -> bool {
        self.issuer.as_str() == issuer
    }

    /// Where a browser is sent to sign in.
    ///
    /// # Errors
    /// The provider does not answer as one does.
    pub(super) async fn lead(&self, state: &Secret, browser: &Secret) -> Result<String, Fault> {
        let metadata = self.metadata().await?;
        let verifier = verifier(state, browser);
        let asking = self.asking(&metadata);
        let (state, nonce) = (CsrfToken::new(state.expose().to_owned()), nonce(state, browser));
        let mut request = asking.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce);
        for scope in &self.scopes {
            request = request.add_scope(scope.clone());
        }
        let request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.into())
    }

    /// Redeems a code, and says whose it is.
    ///
    /// # Errors
    /// The provider does not give a right ID token for it, or it is nobody's who is let in.
    pub(super) async fn redeem(&self, code: &str, state: &Secret, browser: &Secret) -> Result<Person, Fault> {
        let metadata = self.metadata().await?;
        let asking = self.asking(&metadata);
        let request = asking.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request =
            request.map_err(|_| Fault::Away("it says of no address that it redeems codes".to_owned()))?;
        let request = request.set_pkce_verifier(verifier(state, browser));
        let answer = request.request_async(&self.http).await.map_err(|error| unredeemed(&error))?;
        let token = answer.id_token().ok_or(Fault::Unfit("there is none"))?;
        let nonce = nonce(state, browser);
        let claims = match self.claims(&metadata, token, &nonce) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // Its keys may be new.
                self.claims(&*self.fetch().await?, token, &nonce)
            }
            claims => claims,
        };
        let claims = claims.map_err(|error| Fault::Unfit(unfit(&error)))?;
        self.mapping.person(&claims).map_err(Fault::Stranger)
    }

    /// The claims of an ID token in which all is right.
    fn claims(
        &self,
        metadata: &CoreProviderMetadata,
        token: &Token,
        nonce: &Nonce,
    ) -> Result<Map<String, Value>, ClaimsVerificationError> {
        // Our own secret is no key of the provider's: it is not given to what checks signatures.
        let verifier = IdTokenVerifier::new_public_client(
            self.client.clone(),
            self.issuer.clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_issue_time_verifier_fn(|issued| {
            let is_past = issued.timestamp() <= clock::seconds().saturating_add(AHEAD);
            if is_past { Ok(()) } else { Err("it is of a later day".to_owned()) }
        });
        let claims = token.claims(&verifier, nonce)?;
        // What follows is left to us.
        if claims.authorized_party().is_some_and(|party| *party != self.client) {
            return Err(ClaimsVerificationError::InvalidAudience(String::new()));
        }
        if claims.subject().is_empty() {
            return Err(ClaimsVerificationError::InvalidSubject(String::new()));
        }
        let later = claims.additional_claims().all.get("nbf").and_then(Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds of a clock are exact in it")]
        if later.is_some_and(|begins| begins > (clock::seconds() + AHEAD) as f64) {
            return Err(ClaimsVerificationError::Expired(String::new()));
        }
        match serde_json::to_value(claims) {
            Ok(Value::Object(all)) => Ok(all),
            _ => Err(ClaimsVerificationError::Other(String::new())),
        }
    }

    fn asking(&self, metadata: &CoreProviderMetadata) -> Asking {
        let methods = metadata.token_endpoint_auth_methods_supported();
        // Where it says nothing, it takes a header.
        let takes = |method| methods.is_none_or(|methods| methods.contains(method));
        let in_body = !takes(&CoreClientAuthMethod::ClientSecretBasic)
            && takes(&CoreClientAuthMethod::ClientSecretPost);
        let how = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        Asking::from_provider_metadata(metadata.clone(), self.client.clone(), Some(self.secret.clone()))
            .set_auth_type(how)
            .set_redirect_uri(self.redirect.clone())
    }

    /// What the provider says of itself.
    async fn metadata(&self) -> Result<Arc<CoreProviderMetadata>, Fault> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < KEPT) {
                return Ok(Arc::clone(&known.metadata));
            }
        }
        self.fetch().await
    }

    /// The same, asked for now.
    async fn fetch(&self) -> Result<Arc<CoreProviderMetadata>, Fault> {
        let asked = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let metadata = asked.map_err(|error| Fault::Away(undiscovered(&error)))?;
        let addresses = [
            Some(metadata.authorization_endpoint().url()),
            metadata.token_endpoint().map(TokenUrl::url),
            Some(metadata.jwks_uri().url()),
        ];
        if !addresses.into_iter().flatten().all(|address| is_safe(address, self.here)) {
            return Err(Fault::Away("one of its addresses does not begin with https://".to_owned()));
        }
        let metadata = Arc::new(metadata);
        let known = Known { metadata: Arc::clone(&metadata), at: Instant::now() };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(metadata)
    }
}

/// Whether an address is on this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether nobody on the way reads or changes what goes there. A provider of this machine is believed about this machine.
fn is_safe(url: &Url, here: bool) -> bool {
    url.scheme() == "https" || (here && url.scheme() == "http" && is_here(url))
}

/// What the ID token has to repeat.
fn nonce(state: &Secret, browser: &Secret) -> Nonce {
    Nonce::new(browser.derive("nonce", state))
}

/// What shows the provider that the code was asked for by whoever redeems it.
fn verifier(state: &Secret, browser: &Secret) -> PkceCodeVerifier {
    PkceCodeVerifier::new(browser.derive("verifier", state))
}

fn undiscovered(error: &DiscoveryError<Unanswered>) -> String {
    match error {
        DiscoveryError::Request(why) => why.to_string(),
        DiscoveryError::Response(status, ..) => {
            format!("what it says of itself came with the status {}, or as something else", status.as_u16())
        }
        DiscoveryError::Parse(_) => "what it says of itself cannot be read".to_owned(),
        DiscoveryError::Validation(_) => {
            "it says that it is another issuer than --oidc-issuer, which is compared letter by letter"
                .to_owned()
        }
        _ => "it cannot be asked".to_owned(),
    }
}

fn unredeemed(error: &RequestTokenError<Unanswered, Refusal>) -> Fault {
    match error {
        RequestTokenError::Request(why) => Fault::Away(why.to_string()),
        RequestTokenError::ServerResponse(refusal) => {
            Fault::Declined(code_of_error(refusal.error().as_ref()))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Fault::Declined("its answer cannot be read".to_owned())
        }
    }
}

/// The code of an error in the words of the standard, such as `access_denied`; what is none is left out.
pub(super) fn code_of_error(code: &str) -> String {
    let is_code = (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_code { format!("it answered `{code}`") } else { "it answered with an error".to_owned() }
}

/// What is wrong with an ID token, without anything of what is in it.
fn unfit(error: &ClaimsVerificationError) -> &'static str {
    use SignatureVerificationError as Signature;
    match error {
        ClaimsVerificationError::Expired(_) => "it is not of this time",
        ClaimsVerificationError::InvalidAudience(_) => "it is for another client, or for others as well",
        ClaimsVerificationError::InvalidIssuer(_) => "it is another issuer's",
        ClaimsVerificationError::InvalidNonce(_) => "it answers another request",
        ClaimsVerificationError::InvalidSubject(_) => "it is about nobody",
        ClaimsVerificationError::SignatureVerification(error) => match error {
            Signature::NoSignature => "it is not signed",
            Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_) => {
                "it is signed in a way that is not taken"
            }
            Signature::NoMatchingKey | Signature::AmbiguousKeyId(_) => {
                "it is signed with no key of the provider, or not with one alone"
            }
            _ => "its signature is wrong",
        },
        _ => "it is of a kind that is not taken",
    }
}

#[cfg(test)]
mod tests;
