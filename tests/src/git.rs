//! Repositories, and a server of them: the real `git http-backend` behind a small server of HTTP.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::http::{Sent, sent};

/// Runs git in a folder, without anything of whoever runs the tests; gives what it prints.
///
/// # Panics
/// Where git fails.
pub fn git(at: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .current_dir(at)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .output()
        .expect("git can be run");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("git prints text").trim().to_owned()
}

/// Makes a repository of all that is in a folder, and gives its commit.
pub fn commit(at: &Path) -> String {
    if !at.join(".git").is_dir() {
        git(at, &["init", "-q"]);
    }
    git(at, &["add", "-A"]);
    git(at, &["commit", "-q", "--allow-empty", "-m", "all"]);
    git(at, &["rev-parse", "HEAD"])
}

/// What a server does besides serving.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// The value of `Authorization` that it wants.
    pub wants: Option<String>,
    /// Where it sends everybody on to.
    pub redirects: Option<String>,
    /// So many requests are refused before one is served: by 503, by 429, and by a connection that ends in the middle.
    pub refuses: usize,
    /// It takes requests, and never answers.
    pub stalls: bool,
}

/// Paths of requests, and what each had for `Authorization`.
type Asked = Mutex<Vec<(String, Option<String>)>>;

/// A server of the repositories in a folder; it ends with the process.
pub struct GitServer {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    asked: Arc<Asked>,
}

impl GitServer {
    /// Serves the bare repositories in a folder.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn start(root: &Path, manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let asked: Arc<Asked> = Arc::default();
        let (kept, root) = (Arc::clone(&asked), root.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, root, manners) = (Arc::clone(&kept), root.clone(), manners.clone());
                thread::spawn(move || serve(&stream, &root, &manners, &kept));
            }
        });
        Self { url, asked }
    }

    /// Every request so far: its path, and what it had for `Authorization`.
    pub fn asked(&self) -> Vec<(String, Option<String>)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: &TcpStream, root: &Path, manners: &Manners, asked: &Asked) -> Option<()> {
    let (method, target, headers, body) = sent(stream)?;
    let given = headers.get("authorization").cloned();
    let before = {
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push((target.clone(), given.clone()));
        asked.len() - 1
    };
    if before < manners.refuses {
        let refusal = match before % 3 {
            0 => "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            1 => "HTTP/1.1 429 Slow down\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            _ => {
                "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-advertisement\r\ncontent-length: 900\r\n\r\n001e# serv"
            }
        };
        return stream.write_all(refusal.as_bytes()).ok();
    }
    if manners.stalls {
        thread::park();
    }
    if let Some(to) = &manners.redirects {
        return write!(
            stream,
            "HTTP/1.1 301 Moved\r\nlocation: {to}{target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        .ok();
    }
    if manners.wants.is_some() && manners.wants != given {
        let head = "HTTP/1.1 401 No\r\nwww-authenticate: Basic realm=\"git\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        return stream.write_all(head.as_bytes()).ok();
    }
    backend(stream, root, &(method, target, headers, body))
}

/// Answers a request as the real server of git does, with the bare repositories in a folder.
pub(crate) fn backend(mut stream: &TcpStream, root: &Path, sent: &Sent) -> Option<()> {
    let (method, target, headers, body) = sent;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git");
    backend
        .arg("http-backend")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        // As the large servers do, and with repositories of other users, as in a container.
        .env("GIT_CONFIG_COUNT", "2")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("GIT_CONFIG_KEY_1", "uploadpack.allowAnySHA1InWant")
        .env("GIT_CONFIG_VALUE_1", "true")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for (variable, header) in [
        ("CONTENT_TYPE", "content-type"),
        ("HTTP_CONTENT_ENCODING", "content-encoding"),
        ("GIT_PROTOCOL", "git-protocol"),
    ] {
        if let Some(value) = headers.get(header) {
            backend.env(variable, value);
        }
    }
    let mut backend = backend.spawn().ok()?;
    // What is asked is small, so that nobody waits for the other here.
    backend.stdin.take()?.write_all(body).ok()?;
    let mut answer = BufReader::new(backend.stdout.take()?);
    let (mut status, mut head) = ("200 OK".to_owned(), String::new());
    loop {
        let mut line = String::new();
        answer.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => match line.strip_prefix("Status: ") {
                Some(given) => given.clone_into(&mut status),
                None => head.extend([line, "\r\n"]),
            },
        }
    }
    write!(stream, "HTTP/1.1 {status}\r\n{head}connection: close\r\n\r\n").ok()?;
    std::io::copy(&mut answer, &mut stream).ok()?;
    backend.wait().ok().map(|_| ())
}
