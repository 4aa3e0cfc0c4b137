//! ChromeDriver for one session: its process, and the requests of WebDriver that it is sent.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

/// How long an answer may take; what the browser itself gives up after is less.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many drivers are started before one listens: each takes any free port, and the same one of the other family of
/// addresses, which may be somebody else's.
const TRIES: u32 = 5;

/// What WebDriver answers when something is not as a command needs it.
#[derive(Debug)]
pub(super) struct Refusal {
    /// `no such element`, say.
    pub(super) error: String,
    /// The whole of it.
    pub(super) message: String,
}

/// A driver with one session, which ends with this.
pub(super) struct Wire {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    session: String,
    driver: Driver,
}

impl Wire {
    /// Starts the driver, and a browser with these flags.
    pub(super) fn start(browser: &Path, flags: &[&str]) -> Self {
        let (driver, port) = Driver::start(browser);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let mut wire = Self { runtime, client, session: format!("http://127.0.0.1:{port}/session"), driver };
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL"},
            // Without a folder for its profile: the driver makes one in its own, and finds no page in another.
            "goog:chromeOptions": {"binary": browser.join("chromium"), "args": flags},
            "timeouts": {"implicit": 0, "pageLoad": 60_000, "script": 60_000},
            // A question of a page stays open, so that a test sees it.
            "unhandledPromptBehavior": "ignore",
        }}});
        let made = match wire.ask(&Method::POST, "", Some(&wanted)) {
            Ok(made) => made,
            Err(refusal) => panic!("no browser: {}\n{}", refusal.message, wire.driver.log()),
        };
        let id = made["sessionId"].as_str().expect("a session has an id");
        wire.session = format!("{}/{id}", wire.session);
        wire
    }

    /// Asks for something of the session.
    pub(super) fn get(&self, path: &str) -> Result<Value, Refusal> {
        self.ask(&Method::GET, path, None)
    }

    /// Tells the session something.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        self.ask(&Method::POST, path, Some(body))
    }

    /// Takes something from the session.
    pub(super) fn delete(&self, path: &str) -> Result<Value, Refusal> {
        self.ask(&Method::DELETE, path, None)
    }

    /// Where the driver and the browser keep their files.
    pub(super) fn folder(&self) -> &Path {
        &self.driver.folder
    }

    fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let url = format!("{}{path}", self.session);
        let asked = self.runtime.block_on(async {
            let mut request = self.client.request(method.clone(), &url);
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            }
            request.send().await?.text().await
        });
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                panic!("ChromeDriver does not answer {method} {path}: {error:?}\n{}", self.driver.log())
            }
        };
        let Ok(mut answer) = serde_json::from_str::<Value>(&answer) else {
            panic!("ChromeDriver answers {method} {path} with: {answer}")
        };
        let value = answer["value"].take();
        match value["error"].as_str() {
            // The rest of a message is where in the driver it came about.
            Some(error) if value["stacktrace"].is_string() => Err(Refusal {
                error: error.to_owned(),
                message: value["message"].as_str().unwrap_or_default().to_owned(),
            }),
            _ => Ok(value),
        }
    }
}

/// The process, with a folder that goes with it.
struct Driver {
    guard: Child,
    // Nobody else has this end: the system closes it with the process, and the guard ends the driver.
    alive: Option<ChildStdin>,
    folder: PathBuf,
}

impl Driver {
    /// The driver, and the port on which it listens.
    fn start(browser: &Path) -> (Self, u16) {
        let mut said = String::new();
        for _ in 0..TRIES {
            match Self::listening(&browser.join("chromedriver")) {
                Ok(started) => return started,
                Err(complaints) => said = complaints,
            }
        }
        panic!("ChromeDriver does not start: {said}")
    }

    /// One that listens, or what one said that ended instead.
    fn listening(program: &Path) -> Result<(Self, u16), String> {
        let folder = tempfile::Builder::new().prefix("muster-browser-").tempdir().expect("a folder").keep();
        let mut guard = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/guard"))
            .arg(&folder)
            .arg(program)
            .args(["--port=0", "--log-level=WARNING"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // An interrupt from the terminal ends the tests, and only that ends the guard: it has to clean up.
            .process_group(0)
            .spawn()
            .expect("the script can be run");
        let alive = guard.stdin.take();
        let mut said = BufReader::new(guard.stdout.take().expect("it is piped"));
        let driver = Self { guard, alive, folder };
        let mut printed = String::new();
        loop {
            let before = printed.len();
            let read = said.read_line(&mut printed).expect("the driver says when it is ready");
            if read == 0 {
                return Err(format!("{printed}{}", driver.log()));
            }
            let port = printed[before..].split_once("successfully on port ");
            if let Some(port) = port.and_then(|(_, port)| port.trim().trim_end_matches('.').parse().ok()) {
                // It says little more, but must never wait for somebody to read that.
                std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
                return Ok((driver, port));
            }
        }
    }

    /// What it complained of.
    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.alive = None;
        let _ = self.guard.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_driver_that_ends_at_its_start_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("chromedriver");
        let text = "#!/bin/sh\necho Starting\necho 'bind() failed: Address already in use' >&2\nexit 1\n";
        std::fs::write(&program, text).expect("a file");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        let said = Driver::listening(&program).map(|(_, port)| port).expect_err("it has ended");
        assert_eq!(said, "Starting\nbind() failed: Address already in use\n");
    }
}
