//! A real server of PostgreSQL for tests, on a port of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many ports are tried: between the choice of one and the start of the server another program may take it.
const ATTEMPTS: usize = 5;

/// A server of its own; it ends with this, and with the process however that ends.
///
/// It sorts text as people do and not by bytes, as most servers have it, and writes to the disk what it says that it
/// wrote. 47 connections are for the tests.
pub struct Postgres {
    port: u16,
    programs: PathBuf,
    databases: AtomicU64,
    guard: Guard,
}

impl Postgres {
    /// Starts one, and fetches it first where that was not done yet.
    ///
    /// # Panics
    /// Where it cannot be fetched or does not start: such a test is never skipped.
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres/server");
        let made = Command::new(script).output().expect("the script can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let programs = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim());
        for _ in 0..ATTEMPTS {
            let port = free();
            if let Some(guard) = Guard::start(&programs, port) {
                let server = Self { port, programs, databases: AtomicU64::new(0), guard };
                assert_eq!(server.sql(&server.url(), "SELECT 1"), "1");
                return server;
            }
        }
        panic!("others took {ATTEMPTS} ports before PostgreSQL could");
    }

    /// One that all tests of this process share, started for the first that asks.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn shared() -> &'static Self {
        // Never dropped. Its guard sees the end of the process nevertheless.
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The address of a database that is there from the start. Its user may create others, and is no superuser.
    pub fn url(&self) -> String {
        self.url_of("muster")
    }

    /// Creates a database, in which only its own test is, and returns its address.
    ///
    /// # Panics
    /// Where the server refuses it.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(&self.url_of("postgres"), &format!("CREATE DATABASE {name}"));
        self.url_of(&name)
    }

    /// What psql prints for one statement: a line for each row, with `|` between its columns.
    ///
    /// # Panics
    /// Where the server refuses the statement or does not run.
    pub fn sql(&self, url: &str, statement: &str) -> String {
        let asked = Command::new(self.programs.join("bin/psql"))
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
            .args(["--dbname", url, "--command", statement])
            .env_clear()
            .env("LD_LIBRARY_PATH", self.programs.join("lib"))
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .expect("psql can be run");
        assert!(asked.status.success(), "{statement}: {}", String::from_utf8_lossy(&asked.stderr));
        String::from_utf8_lossy(&asked.stdout).trim_end().to_owned()
    }

    /// Ends all of its processes at once, as if the power failed. Until [`start_again`](Self::start_again) nobody
    /// listens.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill(&mut self) {
        self.guard.order("kill");
    }

    /// Starts it on the same data and the same port after [`kill`](Self::kill), and waits until it has recovered,
    /// which takes some seconds.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&mut self) {
        self.guard.order("start");
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://muster@127.0.0.1:{}/{database}", self.port)
    }
}

/// The script that runs the server, stops it where its standard input ends, and then removes its folder.
///
/// The system can end a process with its parent, but means the thread that started it: the first test that asked for
/// the shared server would take that away from all others.
struct Guard {
    running: Child,
    // Nobody else has this end: the system closes it with the process.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Guard {
    /// `None` where somebody else has the port.
    fn start(programs: &Path, port: u16) -> Option<Self> {
        let folder =
            tempfile::Builder::new().prefix("muster-postgres-").tempdir().expect("a folder for the data");
        let mut running = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres/guard"))
            .arg(programs)
            .arg(folder.path())
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // An interrupt from the terminal ends the tests, and only that ends the guard: it has to clean up.
            .process_group(0)
            .spawn()
            .expect("the script can be run");
        let orders = running.stdin.take();
        let answers = BufReader::new(running.stdout.take().expect("it is piped"));
        let mut guard = Self { running, orders, answers, folder: folder.keep() };
        guard.is_ready().then_some(guard)
    }

    fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("it is piped");
        writeln!(orders, "{order}").expect("the guard of PostgreSQL reads its orders");
        assert!(self.is_ready(), "somebody else has the port of PostgreSQL");
    }

    /// Waits for an answer, for which the guard has a limit of time; false where the port is taken.
    fn is_ready(&mut self) -> bool {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the guard of PostgreSQL answers");
        match answer.trim() {
            "ready" => true,
            "taken" => false,
            _ => {
                let mut rest = String::new();
                let _ = self.answers.read_to_string(&mut rest);
                panic!("PostgreSQL does not run: {answer}{rest}");
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.running.wait();
        // Where something ended the guard before it could.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A port that nobody listens on.
fn free() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it listens").port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_survives_a_crash_and_nothing_survives_the_end() {
        let mut server = Postgres::start();
        let (one, other) = (server.database(), server.database());
        server
            .sql(&one, "CREATE TABLE words (word text); INSERT INTO words VALUES ('b'), ('B'), ('a'), ('C')");
        assert_eq!(server.sql(&other, "SELECT to_regclass('words') IS NULL"), "t");

        let before = processes(&server.guard.folder);
        assert!(before.len() > 4, "{before:?}");
        server.kill();
        assert_eq!(processes(&server.guard.folder), [] as [String; 0]);
        server.start_again();
        assert_eq!(server.sql(&one, "SELECT word FROM words ORDER BY word"), "a\nb\nB\nC");

        let folder = server.guard.folder.clone();
        drop(server);
        assert_eq!(processes(&folder), [] as [String; 0]);
        assert!(!folder.exists());
    }

    #[test]
    fn one_server_is_shared() {
        let ask = || {
            let server = Postgres::shared();
            server.sql(
                &server.database(),
                "SELECT current_database(), rolsuper FROM pg_roles WHERE rolname = current_user",
            )
        };
        let threads = [(); 3].map(|()| std::thread::spawn(ask));
        // The thread for which it was started has ended.
        let mut answers: Vec<_> =
            threads.into_iter().map(|thread| thread.join().expect("it answers")).collect();
        answers.push(ask());
        answers.sort();
        assert_eq!(answers, ["test_0|f", "test_1|f", "test_2|f", "test_3|f"]);
    }

    /// What the processes that work in a folder below this one are called, without their guard.
    fn processes(folder: &Path) -> Vec<String> {
        let data = folder.join("data").display().to_string();
        let all = fs::read_dir("/proc").expect("the system tells").flatten().map(|entry| entry.path());
        // Of a process that has ended meanwhile nothing can be read.
        let theirs = all.filter(|process| {
            // A folder that was removed has a note behind its name.
            fs::read_link(process.join("cwd")).is_ok_and(|place| place.to_string_lossy().starts_with(&data))
        });
        let called = theirs.filter_map(|process| fs::read_to_string(process.join("cmdline")).ok());
        // One that is ending gives back its memory, and with it what it was called, before it leaves its folder.
        called.filter(|called| !called.is_empty()).collect()
    }
}
