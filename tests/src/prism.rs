//! GitHub as its own description has it: Prism answers with its examples, and refuses what it does not allow.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::{Client, Method};

use crate::forge::Call;
use crate::http::{Reply, free_port};

/// How long it may take to read thirteen million bytes of description on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);
/// What GitHub has in front of every path where it is an enterprise's own.
const PREFIX: &str = "/api/v3";

/// The server; it ends with this.
pub struct Prism {
    url: String,
    running: Child,
    _home: tempfile::TempDir,
}

impl Prism {
    /// Starts it.
    ///
    /// # Panics
    /// Where it cannot be got or does not start: such a test is never skipped.
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("forges/npm");
        let made = Command::new(script).output().expect("the script can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let packages = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()).join("node_modules");
        let home = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let running = Command::new("node")
            .arg(packages.join("@stoplight/prism-cli/dist/index.js"))
            // Without `--errors`: it would refuse its own examples, some of which are not as described either.
            .args(["mock", "--host", "127.0.0.1", "--port", &port.to_string()])
            .arg(packages.join("@octokit/openapi/generated/api.github.com.json"))
            .current_dir(home.path())
            .env_clear()
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("NO_PROXY", "*")])
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("node can be run");
        let mut prism = Self { url: format!("http://127.0.0.1:{port}"), running, _home: home };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(prism.running.try_wait().expect("it can be asked").is_none(), "Prism ended");
            assert!(began.elapsed() < PATIENCE, "Prism does not start");
            sleep(Duration::from_millis(100));
        }
        prism
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

/// What Prism, which listens at `url`, answers to a request. It does not know the name that GitHub has for its JSON, which is put
/// right; and its links lead on for ever, so that whoever asks has to leave them out or write others.
///
/// # Panics
/// Where Prism does not answer.
pub fn forwarded(url: &str, call: &Call) -> Reply {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = Client::builder().no_proxy().build().expect("a client");
        let target = call.target();
        let target = target.strip_prefix(PREFIX).expect("it begins like all of them");
        let method = Method::from_bytes(call.method.as_bytes()).expect("a method");
        let mut request = client.request(method, format!("{url}{target}"));
        for (name, value) in &call.headers {
            match name.as_str() {
                "accept" if value == "application/vnd.github+json" => {
                    request = request.header("accept", "application/json");
                }
                "host" | "connection" | "content-length" | "accept-encoding" => {}
                name => request = request.header(name, value),
            }
        }
        let answer = request.send().await.expect("Prism answers");
        let status = answer.status().as_u16();
        let violations = answer.headers().get("sl-violations").and_then(|value| value.to_str().ok());
        let violations = violations.unwrap_or_default();
        let of_answers = violations.matches(r#""location":["response""#).count();
        assert_eq!(violations.matches(r#""location":["#).count(), of_answers, "{target}: {violations}");
        Reply { status, ..Reply::ok(answer.text().await.expect("a text")) }
    })
}
