//! A server that answers as Kubernetes does where the real one of the tests cannot be made to: a current version, lists that
//! change while they are read, refusals that pass, cut connections.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http::{Reply, Request, listen};

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`.
    pub method: String,
    /// `/api/v1/pods`.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// The forms that are accepted.
    pub accept: String,
    /// What the client calls itself.
    pub agent: String,
    /// What it says to be let in.
    pub authorization: String,
    /// How often this path was asked before.
    pub before: usize,
}

impl Reply {
    /// A refusal as Kubernetes writes it, with words that are not to be repeated.
    pub fn status(code: u16, reason: &str) -> Self {
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "message": CANARY, "code": code});
        Self { status: code, ..Self::ok(body.to_string()) }
    }

    /// The same answer with a header.
    #[must_use]
    pub fn with(mut self, header: &str) -> Self {
        self.headers.push(header.to_owned());
        self
    }
}

/// Planted wherever a value or a message could be taken for something to report.
pub const CANARY: &str = "canary-value-7f3a";

/// The server; it ends with the process.
pub struct Scripted {
    /// Where it listens.
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What a server of the version 1.36 answered.
pub fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../collectors/kubernetes/tests");
    let of = |place: &str| std::fs::read_to_string(folder.join(place).join(format!("{name}.json")));
    of("server").or_else(|_| of("responses")).expect("it was recorded")
}

/// A list with these objects, and the place where the next page begins.
pub fn list(items: &[Value], next: Option<&str>) -> Reply {
    let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {"continue": next.unwrap_or_default()}, "items": items});
    Reply::ok(list.to_string())
}

/// A deployment that is given the key of a provider.
pub fn bot(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"template": {"spec": {"containers": [
        {"image": "acme/bot", "env": [{"name": "OPENAI_API_KEY", "value": CANARY}]}]}}}})
}

impl Scripted {
    /// Answers as `script` says, and where it says nothing as a current server on which nothing runs.
    pub fn new(script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        let url = listen(move |request| {
            let asked = noted(request, &all);
            Some(script(&asked).unwrap_or_else(|| empty(&asked)))
        });
        Self { url, asked }
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics here").clone()
    }

    /// Writes a configuration with contexts of these names, all of this server.
    pub fn kubeconfig(&self, folder: &Path, contexts: &[&str]) -> PathBuf {
        self.kubeconfig_as(folder, contexts, &json!({"token": CANARY}))
    }

    /// The same, for who signs in like this.
    pub fn kubeconfig_as(&self, folder: &Path, contexts: &[&str], user: &Value) -> PathBuf {
        let context = |name: &&str| json!({"name": name, "context": {"cluster": "scripted", "user": "me"}});
        let configuration = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": contexts[0],
            "clusters": [{"name": "scripted", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": user}],
            "contexts": contexts.iter().map(context).collect::<Vec<_>>(),
        });
        let path = folder.join("kubeconfig");
        std::fs::write(&path, configuration.to_string()).expect("the configuration is written");
        path
    }
}

fn noted(request: &Request, all: &Mutex<Vec<Asked>>) -> Asked {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let mut all = all.lock().expect("no test panics here");
    let asked = Asked {
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        accept: header("accept"),
        agent: header("user-agent"),
        authorization: header("authorization"),
        before: all.iter().filter(|other| other.path == request.path).count(),
    };
    all.push(asked.clone());
    asked
}

/// What a current server answers on which nothing runs.
pub fn empty(asked: &Asked) -> Reply {
    let aggregated = asked.accept.contains("APIGroupDiscoveryList");
    match asked.path.as_str() {
        "/version" => Reply::ok(r#"{"major": "1", "minor": "36", "gitVersion": "v1.36.2"}"#),
        "/api" if aggregated => Reply::ok(recorded("api-aggregated")),
        "/apis" if aggregated => Reply::ok(recorded("apis-aggregated")),
        "/api" => Reply::ok(r#"{"kind": "APIVersions", "versions": ["v1"]}"#),
        "/apis" => Reply::ok(recorded("apis")),
        "/api/v1" => Reply::ok(recorded("api-v1")),
        path if path.ends_with("/selfsubjectrulesreviews") => Reply::ok(
            r#"{"status": {"incomplete": false, "resourceRules": [{"verbs": ["list"], "apiGroups": ["*"], "resources": ["*"]}]}}"#,
        ),
        path if path.ends_with("/selfsubjectreviews") => {
            Reply::ok(r#"{"status": {"userInfo": {"username": "auditor"}}}"#)
        }
        path if path.contains("secrets") || path.contains("configmaps") => {
            unreachable!("nobody may ask for {path}")
        }
        _ => list(&[], None),
    }
}
