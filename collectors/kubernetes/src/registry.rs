//! Labels of images, as their registries hand them to anybody: which repository an image was built from.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use reqwest::header::{ACCEPT, WWW_AUTHENTICATE};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::object::address_without_secrets;

/// Bytes of a manifest, or of the settings of an image.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Images that are asked about.
pub(crate) const MAX_IMAGES: usize = 300;
/// Images at once.
const AT_ONCE: usize = 4;
/// One answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Redirections of one request.
const MAX_REDIRECTS: usize = 4;
/// The forms of a manifest: of one image, and of one for several platforms.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";
/// Labels that name the repository, the better one first.
const LABELS: [&str; 2] = ["org.opencontainers.image.source", "org.label-schema.vcs-url"];

/// Why the labels of an image are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Only who signs in may read it.
    Denied,
    /// Anything else.
    Failed(String),
}

/// The repositories of images, and the registries that did not tell, with how many images are theirs.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    pub(crate) repositories: BTreeMap<String, String>,
    pub(crate) unread: BTreeMap<(String, String), (Unread, u64)>,
}

/// Asks the registries of images for their labels, without signing in.
///
/// # Errors
/// No client for HTTPS can be made.
pub(crate) async fn origins(images: &BTreeMap<String, Option<String>>) -> Result<Origins, String> {
    let http = Client::builder()
        .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::custom(|attempt| {
            // What began under encryption stays under it, and what is on this machine is not led off it.
            let may = attempt.url().scheme() == "https"
                || attempt.previous().iter().all(is_here) && is_here(attempt.url());
            if may && attempt.previous().len() < MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
        }))
        .build()
        .map_err(|error| error.to_string())?;
    let asked: Vec<_> = images
        .iter()
        .take(MAX_IMAGES)
        .map(|(image, digest)| {
            let http = &http;
            async move { (image, of(http, image, digest.as_deref()).await) }.boxed()
        })
        .collect();
    let answers: Vec<_> = futures::stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut origins = Origins::default();
    for (image, answer) in answers {
        match answer {
            Ok(Some(repository)) => {
                origins.repositories.insert(image.clone(), repository);
            }
            Ok(None) => {}
            Err(why) => {
                let host = Reference::of(image).map_or_else(|| image.clone(), |reference| reference.host);
                let text = match &why {
                    Unread::Denied => "it asks who wants to know".to_owned(),
                    Unread::Failed(why) => why.clone(),
                };
                origins.unread.entry((host, text)).or_insert((why, 0)).1 += 1;
            }
        }
    }
    Ok(origins)
}

fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}

/// An image as its registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reference {
    host: String,
    repository: String,
    /// A tag, or a digest.
    version: String,
}

impl Reference {
    /// Reads a reference as container engines do; nothing where it is none.
    fn of(image: &str) -> Option<Self> {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        let (first, rest) = name.split_once('/').unwrap_or(("", name));
        let is_host = first.contains(['.', ':']) || first == "localhost";
        let (host, path) = match (is_host, first) {
            (true, "docker.io" | "index.docker.io") => ("registry-1.docker.io", rest.to_owned()),
            (true, host) => (host, rest.to_owned()),
            (false, "") => ("registry-1.docker.io", format!("library/{rest}")),
            (false, _) => ("registry-1.docker.io", name.to_owned()),
        };
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository.to_owned(), Some(tag.to_owned())),
            None => (path, None),
        };
        let version = digest.map(str::to_owned).or(tag).unwrap_or_else(|| "latest".to_owned());
        let is = |text: &str, more: &str| {
            !text.is_empty()
                && text.len() < 256
                && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        // What would lead elsewhere is no name of an image.
        let is_path = is(&repository, "-_./")
            && repository.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
        (is(host, "-.:") && is_path && is(&version, "-_.:")).then(|| Self {
            host: host.to_owned(),
            repository,
            version,
        })
    }

    fn url(&self, kind: &str, which: &str) -> Option<Url> {
        let name = self.host.split(':').next().unwrap_or_default();
        // As container engines have it: a registry on the machine itself needs no encryption.
        let scheme = if matches!(name, "localhost" | "127.0.0.1") { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}/v2/{}/{kind}/{which}", self.host, self.repository)).ok()
    }
}

/// The repository that an image was built from, where a label of it says so.
async fn of(http: &Client, image: &str, digest: Option<&str>) -> Result<Option<String>, Unread> {
    let reference =
        Reference::of(image).ok_or_else(|| Unread::Failed("it is no name of an image".to_owned()))?;
    let version = digest.unwrap_or(&reference.version);
    let mut registry = Registry { http, reference: &reference, token: None };
    let mut manifest = registry.get("manifests", version).await?;
    if let Some(one) =
        manifest.get("manifests").and_then(Value::as_array).and_then(|all| all.iter().find(|one| runs(one)))
    {
        let digest = digest_of(one)?;
        manifest = registry.get("manifests", &digest).await?;
    }
    let settings = registry.get("blobs", &digest_of(manifest.get("config").unwrap_or(&Value::Null))?).await?;
    let labels = settings.pointer("/config/Labels");
    let named = LABELS.iter().find_map(|label| labels?.get(*label)?.as_str());
    Ok(named.and_then(repository))
}

/// A repository as a label names it; nothing where that is no address.
fn repository(label: &str) -> Option<String> {
    let is_address =
        ["https://", "http://", "ssh://", "git://", "git@"].iter().any(|start| label.starts_with(start));
    let is_plain = label.len() <= 300 && label.chars().all(|c| c.is_ascii_graphic());
    (is_address && is_plain).then(|| address_without_secrets(label))
}

/// Whether a manifest among several is of an image that runs, and not of what was noted about one.
fn runs(manifest: &Value) -> bool {
    manifest.pointer("/platform/os").and_then(Value::as_str) == Some("linux")
}

fn digest_of(value: &Value) -> Result<String, Unread> {
    let digest = value.get("digest").and_then(Value::as_str).unwrap_or_default();
    let is = digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if is { Ok(digest.to_owned()) } else { Err(Unread::Failed("its manifest names no settings".to_owned())) }
}

/// Requests about one image.
struct Registry<'a> {
    http: &'a Client,
    reference: &'a Reference,
    /// What anybody is given who asks.
    token: Option<String>,
}

impl Registry<'_> {
    async fn get(&mut self, kind: &str, which: &str) -> Result<Value, Unread> {
        let url = self.reference.url(kind, which).ok_or_else(|| failed("it has no address"))?;
        let first = self.once(url.clone()).await?;
        let response = if first.status() == 401 && self.token.is_none() {
            let asks = first
                .headers()
                .get(WWW_AUTHENTICATE)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            self.token = Some(self.token_for(asks).await?);
            self.once(url).await?
        } else {
            first
        };
        match response.status().as_u16() {
            200 => read(response).await,
            401 | 403 => Err(Unread::Denied),
            // Who may not know of an image is told that there is none.
            404 => Err(failed("it has no such image, or does not say so to everybody")),
            429 => Err(failed("it asked to slow down")),
            code => Err(Unread::Failed(format!("it answered {code}"))),
        }
    }

    async fn once(&self, url: Url) -> Result<reqwest::Response, Unread> {
        let mut request = self.http.get(url).header(ACCEPT, MANIFESTS);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.send().await.map_err(|error| unreached(&error))
    }

    /// The token that a registry gives to anybody, from where it says.
    async fn token_for(&self, asks: &str) -> Result<String, Unread> {
        #[derive(Deserialize)]
        struct Given {
            token: Option<String>,
            access_token: Option<String>,
        }
        let (realm, service) = challenge(asks).ok_or(Unread::Denied)?;
        let mut url = Url::parse(&realm).map_err(|_| Unread::Denied)?;
        let here = self.reference.url("", "").is_some_and(|url| is_here(&url));
        if url.scheme() != "https" && !(here && is_here(&url)) {
            return Err(failed("it sends who asks to an address without encryption"));
        }
        url.query_pairs_mut()
            .append_pair("service", &service)
            .append_pair("scope", &format!("repository:{}:pull", self.reference.repository));
        let response = self.http.get(url).send().await.map_err(|error| unreached(&error))?;
        if !response.status().is_success() {
            return Err(Unread::Denied);
        }
        let given: Given = serde_json::from_value(read(response).await?).map_err(|_| Unread::Denied)?;
        given.token.or(given.access_token).ok_or(Unread::Denied)
    }
}

/// `Bearer realm="…",service="…"`: where to ask for a token, and for what.
fn challenge(asks: &str) -> Option<(String, String)> {
    let rest = asks.strip_prefix("Bearer ").or_else(|| asks.strip_prefix("bearer "))?;
    let value = |key: &str| {
        let from = rest.split_once(&format!("{key}=\""))?.1;
        Some(from.split('"').next()?.to_owned())
    };
    Some((value("realm")?, value("service").unwrap_or_default()))
}

async fn read(mut response: reqwest::Response) -> Result<Value, Unread> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| unreached(&error))? {
        if body.len() + piece.len() > MAX_BYTES {
            return Err(failed("its answer is too large"));
        }
        body.extend_from_slice(&piece);
    }
    serde_json::from_slice(&body).map_err(|_| failed("its answer is no JSON"))
}

fn failed(why: &str) -> Unread {
    Unread::Failed(why.to_owned())
}

fn unreached(error: &reqwest::Error) -> Unread {
    failed(if error.is_timeout() { "it took too long" } else { "it is not reached" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_container_engines_read_them() {
        let parts = |image: &str| Reference::of(image).map(|r| (r.host, r.repository, r.version));
        let expected = |host: &str, repository: &str, version: &str| {
            Some((host.to_owned(), repository.to_owned(), version.to_owned()))
        };
        assert_eq!(parts("redis"), expected("registry-1.docker.io", "library/redis", "latest"));
        assert_eq!(parts("acme/bot:1.2"), expected("registry-1.docker.io", "acme/bot", "1.2"));
        assert_eq!(parts("ghcr.io/acme/bot:1@sha256:ab"), expected("ghcr.io", "acme/bot", "sha256:ab"));
        assert_eq!(parts("host:5000/a/b/c"), expected("host:5000", "a/b/c", "latest"));
        for bad in ["", "a b", "https://x/y", "host.example/../x", "host.example/a//b", "a@b@c/d", "x.y/z:\n"]
        {
            assert_eq!(Reference::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_label_is_an_address_or_nothing() {
        assert_eq!(
            repository("https://me:SECRET@git.example/a?x=SECRET"),
            Some("https://git.example/a".to_owned())
        );
        for bad in ["acme", "javascript:alert(1)", "https://a b", "file:///etc"] {
            assert_eq!(repository(bad), None, "{bad}");
        }
    }
}
