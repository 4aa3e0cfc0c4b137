//! A site that answers while a test runs, and what the tests of the site install: packages of npm and of Python.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::binary::{self, PATIENCE};
use crate::stage::Stage;

/// A site over a store of a stage; it ends with this.
pub struct Site {
    /// Its address, without a path: `http://127.0.0.1:40123`.
    pub url: String,
    /// Where the link leads that it printed, with its secret: it lets one person in, once, as an administrator. Empty where it
    /// printed none (`--no-link`).
    pub link: String,
    log: PathBuf,
    running: Child,
    // Whoever prints to a pipe that nobody has ends.
    printed: BufReader<ChildStdout>,
}

impl Site {
    /// Starts one with the further options of `muster serve`, among them `--store`, beside the folder `app` of a stage, and waits
    /// until it answers. It listens on a free port of this machine, unless `--listen` is among them, with or without `=`.
    ///
    /// # Panics
    /// Where it does not start; what it said stands in the message.
    pub fn start(stage: &Stage, arguments: &[&str]) -> Self {
        Self::start_with(stage, arguments, &[])
    }

    /// The same with variables.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_with(stage: &Stage, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        // Several sites of one stage keep their own logs.
        let log =
            (1..1000).map(|number| stage.beside(&format!("site-{number}.log"))).find(|log| !log.exists());
        let log = log.expect("there are enough numbers");
        let home = stage.beside("home");
        let mut command = Command::new(binary::path());
        command
            .arg("serve")
            .args(arguments)
            .env_clear()
            .env("HOME", &home)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("USER", "tester")
            .envs(variables.iter().copied())
            .current_dir(stage.lair())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a file"));
        if !arguments.iter().any(|argument| argument.split('=').next() == Some("--listen")) {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut running = command.spawn().expect("muster can be run");
        let printed = BufReader::new(running.stdout.take().expect("it is piped"));
        // From here on it ends with this, also where a wait below fails.
        let mut site = Self { url: String::new(), link: String::new(), log, running, printed };
        let note = site.note();
        let (url, has_link) = match note.split_once("; the link") {
            Some((url, _)) => (url, true),
            None => (note.as_str(), false),
        };
        url.clone_into(&mut site.url);
        if has_link {
            let mut line = String::new();
            site.printed.read_line(&mut line).expect("it prints text");
            line.trim_end().clone_into(&mut site.link);
        }
        site
    }

    /// What it notes once it listens, from its address on.
    fn note(&mut self) -> String {
        let began = Instant::now();
        loop {
            let log = self.log();
            // A line is whole once it has its end.
            let mut lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some(note) = lines.find_map(|line| line.split_once("listening on ")) {
                return note.1.trim_end().to_owned();
            }
            let ended = self.running.try_wait().expect("it is ours");
            assert!(ended.is_none(), "it does not start:\n{}", self.log());
            assert!(began.elapsed() < PATIENCE, "it does not say where it listens:\n{log}");
            sleep(Duration::from_millis(20));
        }
    }

    /// What it wrote into its log so far, with what it noted at the start.
    ///
    /// # Panics
    /// Where it cannot be read.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log can be read")
    }

    /// Status of what it answers to somebody who is not known, and the answer itself.
    ///
    /// # Panics
    /// Where it does not answer.
    pub fn get(&self, path: &str) -> (u16, String) {
        crate::http::get(&format!("{}{path}", self.url)).expect("it answers")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

/// The folder with axe-core and a provider of OpenID Connect in `node_modules`; it is installed first where that was
/// not done yet, and no test is skipped.
///
/// # Panics
/// Where they cannot be installed.
pub fn packages() -> &'static Path {
    static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| made("npm"));
    &PACKAGES
}

/// The folder of a virtual environment with schemathesis; the same is true of it.
///
/// # Panics
/// Where it cannot be installed.
pub fn environment() -> &'static Path {
    static ENVIRONMENT: LazyLock<PathBuf> = LazyLock::new(|| made("venv"));
    &ENVIRONMENT
}

/// The folder that a script of `tests/site` prints.
fn made(script: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("site").join(script);
    let made = Command::new(script).output().expect("the script can be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8_lossy(&made.stdout).trim())
}
