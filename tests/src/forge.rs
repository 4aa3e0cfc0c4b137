//! A forge for one test: its interface answers as a script says, and beside it is the real server of git for what it lists.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::git::backend;
use crate::http::{Reply, answer, sent};

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GET`.
    pub method: String,
    /// The whole of it, as `/api/v3/orgs/acme/repos`.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// By names in small letters.
    pub headers: BTreeMap<String, String>,
    /// How often the same was asked before.
    pub before: usize,
}

impl Call {
    /// What it says to be let in.
    pub fn authorization(&self) -> &str {
        self.headers.get("authorization").map_or("", String::as_str)
    }

    /// Path and query.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// The server; it ends with the process.
pub struct Forge {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    asked: Arc<Mutex<Vec<Call>>>,
}

impl Forge {
    /// Answers below `/api/` as `script` says, where it says nothing by closing the connection, and hands out the bare
    /// repositories in a folder to whoever has `wants` for `Authorization`.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn start(
        root: &Path,
        wants: Option<&str>,
        script: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let asked: Arc<Mutex<Vec<Call>>> = Arc::default();
        let served = Arc::new(Served {
            root: root.to_owned(),
            wants: wants.map(str::to_owned),
            script: Box::new(script),
            asked: Arc::clone(&asked),
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                thread::spawn(move || served.serve(&stream));
            }
        });
        Self { url, asked }
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Call> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked of the interface so far, each as `GET /api/…`.
    pub fn calls(&self) -> Vec<String> {
        let calls = self.asked().into_iter().filter(|call| call.path.contains("/api/"));
        calls.map(|call| format!("{} {}", call.method, call.target())).collect()
    }
}

/// What a server answers; nothing where it closes the connection.
type Script = dyn Fn(&Call) -> Option<Reply> + Send + Sync;

struct Served {
    root: std::path::PathBuf,
    wants: Option<String>,
    script: Box<Script>,
    asked: Arc<Mutex<Vec<Call>>>,
}

impl Served {
    fn serve(&self, mut stream: &TcpStream) -> Option<()> {
        let sent = sent(stream)?;
        let (method, target, headers, _) = &sent;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let call = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let is_same = |call: &&Call| call.method == *method && call.path == path && call.query == query;
            let call = Call {
                method: method.clone(),
                path: path.to_owned(),
                query: query.to_owned(),
                headers: headers.clone(),
                before: asked.iter().filter(is_same).count(),
            };
            asked.push(call.clone());
            call
        };
        if path.contains("/api/") {
            answer(stream, &(self.script)(&call)?);
            return Some(());
        }
        if self.wants.as_deref().is_some_and(|wants| wants != call.authorization()) {
            let head = "HTTP/1.1 401 No\r\nwww-authenticate: Basic realm=\"git\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return stream.write_all(head.as_bytes()).ok();
        }
        backend(stream, &self.root, &sent)
    }
}
