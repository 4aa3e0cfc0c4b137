//! One commit of a repository is fetched by git, which obeys nothing but what is said here.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use muster_collect::{Environment, Stop};

use super::address::Remote;
use super::cache::Held;

/// The reference under which the fetched commit is kept. No branch: a branch cannot stand for a tag.
const REFERENCE: &str = "refs/muster/scan";
/// How long one fetch may take.
const MAX_TIME: Duration = Duration::from_hours(1);
/// How often is looked whether it is over; and, times ten, how large it has become.
const LOOK: Duration = Duration::from_millis(20);
/// Packs of one repository: every fetch that brings something adds one.
const MAX_PACKS: usize = 40;
/// What is kept of what git says.
const MAX_SAID: usize = 16 << 10;
/// Letters of a message that are repeated.
const MAX_SHOWN: usize = 300;

/// What git and the programs that it starts are told of the environment, besides what is set here.
pub(super) const VARIABLES: [&str; 20] = [
    "PATH",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSH_AUTH_SOCK",
    "SYSTEMROOT",
    "XDG_CACHE_HOME",
    HOME,
];
/// Where ssh finds keys and hosts; git itself would find settings there.
pub(super) const HOME: &str = "HOME";

/// What holds for every command. Given on the command line, since old versions of git know no other way.
const SETTINGS: [&str; 19] = [
    "protocol.version=2",
    "protocol.allow=never",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "transfer.bundleURI=false",
    "fetch.writeCommitGraph=false",
    // One pack is read faster than ten thousand files, and is checked as it comes.
    "fetch.unpackLimit=1",
    // Old histories fail these checks by the hundred, and what is read here is taken for hostile anyway. That every object
    // is what its name says is checked all the same.
    "fetch.fsckObjects=false",
    "transfer.fsckObjects=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "init.defaultObjectFormat=sha1",
    "pack.threads=2",
];

/// How long a server is left alone that has no time: git does not say how long it asks for.
const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];

/// What a fetch needs besides a repository.
pub(super) struct Fetch<'a> {
    /// For the host of the repository.
    pub(super) token: Option<&'a str>,
    pub(super) environment: &'a Environment,
    pub(super) stop: &'a Stop,
    /// Bytes that a repository may take.
    pub(super) most: u64,
}

/// Why a fetch failed.
#[derive(Debug)]
pub(super) enum Unfetched {
    /// Somebody asked to stop.
    Stopped,
    /// Why, as a sentence.
    Because(String),
}

/// How one command ended that did not succeed.
#[derive(Debug)]
enum Ended {
    Stopped,
    TooLarge,
    TooLong,
    Absent(io::Error),
    Said(String),
}

impl Fetch<'_> {
    /// Fetches the commit that a branch, a tag or a name of a commit stands for, or the default branch.
    pub(super) fn run(&self, remote: &Remote, branch: Option<&str>, held: &Held) -> Result<(), Unfetched> {
        let is_new = !held.folder.join("HEAD").is_file();
        if !is_new {
            tidy(&held.folder);
            // Packs upon packs cost more than they spare.
            if packs(&held.folder) < MAX_PACKS && held.size() < self.most {
                match self.attempts(remote, branch, held) {
                    Ok(()) => return Ok(()),
                    Err(Ended::Stopped) => return Err(Unfetched::Stopped),
                    Err(Ended::TooLarge) => {}
                    Err(Ended::Said(said)) if is_damage(&said) => {}
                    Err(ended) => return Err(self.told(remote, branch, ended)),
                }
            }
        }
        // What is left of an older fetch must not stand in the way of a new one.
        if held.folder.exists() {
            fs::remove_dir_all(&held.folder).map_err(|error| {
                Unfetched::Because(format!(
                    "the folder of an older fetch cannot be removed: {}",
                    error.kind()
                ))
            })?;
        }
        let fetched = self.attempts(remote, branch, held);
        if matches!(fetched, Err(Ended::TooLarge)) {
            // It would only take the place of others.
            let _ = fs::remove_dir_all(&held.folder);
        }
        fetched.map_err(|ended| match ended {
            Ended::Stopped => Unfetched::Stopped,
            ended => self.told(remote, branch, ended),
        })
    }

    /// Tries until it succeeds, or fails for a reason that will still be there the next time.
    fn attempts(&self, remote: &Remote, branch: Option<&str>, held: &Held) -> Result<(), Ended> {
        for wait in WAITS {
            match self.attempt(remote, branch, held) {
                Err(Ended::Said(said)) if is_passing(&said) => self.rest(wait)?,
                ended => return ended,
            }
            // What broke off may have left something behind.
            tidy(&held.folder);
        }
        self.attempt(remote, branch, held)
    }

    fn rest(&self, wait: Duration) -> Result<(), Ended> {
        let begun = Instant::now();
        while begun.elapsed() < wait {
            if self.stop.is_asked() {
                return Err(Ended::Stopped);
            }
            sleep(LOOK);
        }
        Ok(())
    }

    fn attempt(&self, remote: &Remote, branch: Option<&str>, held: &Held) -> Result<(), Ended> {
        let folder = held.folder.to_string_lossy();
        if !held.folder.join("HEAD").is_file() {
            self.git(remote, held, &["init", "--quiet", "--bare", "--template=", "--", &folder])?;
            let head = format!("ref: {REFERENCE}\n");
            fs::write(held.folder.join("HEAD"), head).map_err(Ended::Absent)?;
        }
        let names = match branch {
            None => vec!["HEAD".to_owned()],
            Some(name) if name.starts_with("refs/") || is_commit(name) => vec![name.to_owned()],
            Some(name) => vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")],
        };
        let mut last = Ended::Said(String::new());
        for name in names {
            let git_dir = format!("--git-dir={folder}");
            let wanted = format!("+{name}:{REFERENCE}");
            let fetch = [
                &git_dir,
                "fetch",
                "--quiet",
                "--depth=1",
                "--no-tags",
                "--no-recurse-submodules",
                "--no-auto-gc",
                "--no-write-fetch-head",
                "--",
                &remote.url,
                &wanted,
            ];
            match self.git(remote, held, &fetch) {
                Err(Ended::Said(said)) if said.contains("find remote ref") => last = Ended::Said(said),
                ended => return ended,
            }
        }
        Err(last)
    }

    /// Runs one command of git to its end, or until it takes too much.
    fn git(&self, remote: &Remote, held: &Held, arguments: &[&str]) -> Result<(), Ended> {
        let mut command = Command::new("git");
        let allowed = format!("protocol.{}.allow=always", remote.protocol);
        for setting in SETTINGS.iter().copied().chain([allowed.as_str()]) {
            command.args(["-c", setting]);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.env_clear();
        for name in VARIABLES {
            // Of the settings of its user, git is to see none.
            if let Some(value) =
                self.environment.get(name).filter(|_| name != HOME || remote.protocol == "ssh")
            {
                command.env(name, value);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=30");
        if let Some(token) = self.token(remote) {
            let basic = STANDARD.encode(format!("x-access-token:{token}"));
            // Not on the command line, where every user of the machine would see it; and for this host alone.
            command
                .env("GIT_CONFIG_COUNT", "2")
                .env("GIT_CONFIG_KEY_0", format!("http.{}://{}/.extraHeader", remote.protocol, remote.host))
                .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}"))
                // A server could send it on to another one, and the token with it.
                .env("GIT_CONFIG_KEY_1", "http.followRedirects")
                .env("GIT_CONFIG_VALUE_1", "false");
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(Ended::Absent)?;
        let said = child.stderr.take().map(|stderr| std::thread::spawn(move || hear(stderr)));
        let ended = self.wait(&mut child, held);
        if ended.is_err() {
            end(&mut child);
        }
        let said = said.and_then(|said| said.join().ok()).unwrap_or_default();
        match ended? {
            status if status.success() && held.size() > self.most => Err(Ended::TooLarge),
            status if status.success() => Ok(()),
            _ => Err(Ended::Said(said)),
        }
    }

    fn wait(&self, child: &mut Child, held: &Held) -> Result<ExitStatus, Ended> {
        let begun = Instant::now();
        for round in 0u64.. {
            if let Some(status) = child.try_wait().map_err(Ended::Absent)? {
                return Ok(status);
            }
            if self.stop.is_asked() {
                return Err(Ended::Stopped);
            }
            if begun.elapsed() > MAX_TIME {
                return Err(Ended::TooLong);
            }
            if round % 10 == 9 && held.size() > self.most {
                return Err(Ended::TooLarge);
            }
            sleep(LOOK);
        }
        Err(Ended::TooLong)
    }

    fn token(&self, remote: &Remote) -> Option<&str> {
        self.token.filter(|_| remote.is_private())
    }

    /// What a person is told.
    fn told(&self, remote: &Remote, branch: Option<&str>, ended: Ended) -> Unfetched {
        let said = match ended {
            Ended::Stopped => return Unfetched::Stopped,
            Ended::Said(said) => said,
            Ended::TooLarge => {
                return because(format!(
                    "it takes more than {} MiB, and is not scanned; `--git-max-size` allows more",
                    self.most >> 20
                ));
            }
            Ended::TooLong => {
                return because(format!("it took longer than {} minutes to fetch", MAX_TIME.as_secs() / 60));
            }
            Ended::Absent(error) if error.kind() == io::ErrorKind::NotFound => {
                return because(
                    "git is not installed, or not in PATH; it is needed to fetch repositories".to_owned(),
                );
            }
            Ended::Absent(error) => return because(format!("git cannot be run: {}", error.kind())),
        };
        let has = |text: &str| said.contains(text);
        let token = self.token(remote);
        because(
            if has("could not read Username") || has("Authentication failed") || has("returned error: 401") {
                match token {
                    Some(_) => "the server refuses the token".to_owned(),
                    None if self.token.is_some() => {
                        "the server wants a token, which is sent by https only".to_owned()
                    }
                    None => "the server wants a token; give one in MUSTER_GIT_TOKEN or --git-token-file"
                        .to_owned(),
                }
            } else if token.is_some() && has("returned error: 30") {
                "the server sends it on to another address, where the token is not sent; give that address, which often is \
             the same with `.git` behind it"
                .to_owned()
            } else if has("find remote ref") {
                match branch {
                    Some(name) => format!("it has no branch, tag or commit `{}`", name.escape_debug()),
                    None => "it has no commit on its default branch; name another one with `--git-branch`"
                        .to_owned(),
                }
            } else {
                format!("git could not fetch it: {}", shown(&said, token))
            },
        )
    }
}

fn because(why: String) -> Unfetched {
    Unfetched::Because(why)
}

fn is_commit(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether git says that the server, or the way to it, has no time just now.
fn is_passing(said: &str) -> bool {
    [
        "returned error: 429",
        "returned error: 500",
        "returned error: 502",
        "returned error: 503",
        "returned error: 504",
        "Connection reset",
        "Connection timed out",
        "Connection closed by",
        "Empty reply from server",
        "early EOF",
        "unexpected disconnect",
        "transfer closed with",
        "kex_exchange_identification",
        "Temporary failure in name resolution",
    ]
    .iter()
    .any(|sign| said.contains(sign))
}

/// Whether git says that the repository is damaged into which it fetches.
fn is_damage(said: &str) -> bool {
    [
        "not a git repository",
        "corrupt",
        "bad object",
        "unresolved delta",
        "shallow file",
        "invalid index",
        "garbage",
    ]
    .iter()
    .any(|sign| said.contains(sign))
}

/// The one line of what git said that says most, without anything that could be more than a message.
fn shown(said: &str, token: Option<&str>) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let others = ["remote:", "hint:", "warning:"];
    let line =
        lines().find(|line| !others.iter().any(|other| line.starts_with(other))).or_else(|| lines().next());
    let line = line.unwrap_or("it ended without a word").trim_start_matches("fatal: ");
    let mut shown: String = line.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect();
    // No version of git repeats it.
    if let Some(token) = token {
        shown = shown.replace(token, "…");
    }
    shown
}

/// The end of what somebody says, however much it is.
fn hear(mut from: impl Read) -> String {
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        said.extend_from_slice(&piece[..count]);
        if said.len() > 2 * MAX_SAID {
            said.drain(..said.len() - MAX_SAID);
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Ends a program with all that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Takes away what a fetch that was killed left behind: nobody else has the lock.
fn tidy(folder: &Path) {
    let in_folder = |below: &str| fs::read_dir(folder.join(below)).into_iter().flatten().flatten();
    for below in ["", "objects/pack", "refs", "refs/muster"] {
        for entry in in_folder(below) {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("tmp_") || name.ends_with(".lock") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn packs(folder: &Path) -> usize {
    let entries = fs::read_dir(folder.join("objects/pack")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "idx")).count()
}
