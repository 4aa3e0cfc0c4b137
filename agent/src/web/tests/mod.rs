//! The site asked from outside, over a store in a file.

mod answers;
mod assessments;
mod description;
mod register;
mod rights;
mod systems;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use asmm_model::{Scan, SystemKind};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tempfile::TempDir;

use super::{Secret, Settings, Site};
use crate::access::{Role, Roles};
use crate::clock;
use crate::sample::{self, Sample};
use crate::store::{Pass, PassKind, Place, RunState, Seen, Store};

const HOST: &str = "127.0.0.1:8080";

/// A site over a store with a few systems, and what lets each role in.
pub(super) struct Stage {
    pub(super) site: Site,
    pub(super) store: Store,
    _folder: TempDir,
}

/// Somebody who is signed in.
pub(super) struct Session {
    cookie: String,
    pub(super) form: String,
}

impl Session {
    pub(super) async fn of(stage: &Stage, name: &str, role: Role) -> Self {
        let (secret, form) = stage.let_in(PassKind::Session, name, role).await;
        Self { cookie: format!("muster={}", secret.expose()), form }
    }

    /// The text of a page.
    pub(super) async fn page(&self, stage: &Stage, path: &str) -> String {
        let headers = [("cookie", self.cookie.as_str()), ("accept", "text/html")];
        stage.ask(&Method::GET, path, &headers, "").await.text
    }

    /// Sends a form.
    pub(super) async fn send(&self, stage: &Stage, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("form", &self.form).extend_pairs(fields);
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        stage.ask(&Method::POST, path, &headers, &body.finish()).await
    }
}

/// What was answered.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Stage {
    /// With the three systems of the samples.
    pub(super) async fn new() -> Self {
        Self::with([sample::refunds(""), sample::desk(""), sample::summaries("")].into()).await
    }

    /// With so many agents.
    pub(super) async fn of_agents(count: usize) -> Self {
        let agent = |n: usize| {
            let name = format!("agent{n:03}");
            Sample::new("", &name, &name).system(SystemKind::Agent, true)
        };
        Self::with((0..count).map(agent).collect()).await
    }

    pub(super) async fn with(samples: Vec<Sample>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Place::File(folder.path().join("muster.db"))).await.unwrap();
        let inventory = sample::inventory(samples.into_iter().flat_map(Sample::observations).collect());
        let scan = Scan {
            id: "scan-1".to_owned(),
            started_at: "2026-11-01T02:00:00.000Z".to_owned(),
            tool: "muster 0.1.0".to_owned(),
            rules: "blake3:0".to_owned(),
            targets: Vec::new(),
        };
        let run = store.begin(&scan, &store.claim().await.unwrap()).await.unwrap();
        for seen in Seen::each(inventory, |_| ("shop".to_owned(), "at:shop".to_owned())) {
            store.record(&run, seen).await.unwrap();
        }
        store.end(&run, RunState::Done, "2026-11-01T02:10:00.000Z").await.unwrap();
        let settings = Settings {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public: None,
            secure: false,
            proxies: Vec::new(),
            code_hosts: Vec::new(),
            idle: Duration::from_hours(1),
            session: Duration::from_hours(12),
        };
        Self { site: Site::new(store.clone(), settings, None), store, _folder: folder }
    }

    /// Lets somebody in. Gives the secret, and what forms of a session hold.
    pub(super) async fn let_in(&self, kind: PassKind, name: &str, role: Role) -> (Secret, String) {
        let (now, secret, form) = (clock::seconds(), Secret::new().unwrap(), Secret::new().unwrap());
        let pass = Pass {
            hash: secret.hash(),
            person: name.to_owned(),
            roles: Roles::from_iter([role]),
            label: String::new(),
            form: form.expose().to_owned(),
            made: now,
            used: now,
            until: now + 3_600,
        };
        self.store.let_in(kind, &pass, ("the test", &clock::now())).await.unwrap();
        (secret, form.expose().to_owned())
    }

    /// The header of a program with a role.
    pub(super) async fn token(&self, role: Role) -> String {
        format!("Bearer {}", self.let_in(PassKind::Token, role.name(), role).await.0.expose())
    }

    pub(super) async fn ask(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = TowerToHyperService::new(self.site.router()).call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Reads something as a program.
    pub(super) async fn get(&self, token: &str, path: &str) -> Reply {
        self.ask(&Method::GET, path, &[("authorization", token)], "").await
    }

    /// Sends JSON as a program.
    pub(super) async fn post(&self, token: &str, path: &str, body: &Value) -> Reply {
        let headers = [("authorization", token), ("content-type", "application/json")];
        self.ask(&Method::POST, path, &headers, &body.to_string()).await
    }

    /// The id of the system of a name.
    pub(super) async fn id(&self, name: &str) -> String {
        self.store.system_named(name).await.unwrap()
    }
}
