//! A server of HTTP that answers as a script says: pages, refusals, cut and slow connections.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// By names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    pub body: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Of HTTP.
    pub status: u16,
    /// Further headers, each as `name: value`.
    pub headers: Vec<String>,
    /// The whole body.
    pub body: String,
    /// How many bytes of it are sent before the connection is cut.
    pub cut: Option<usize>,
    /// How long nothing comes before the body.
    pub pause: Duration,
}

impl Reply {
    /// An answer in full.
    pub fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), cut: None, pause: Duration::ZERO }
    }
}

/// Listens, and answers every request; it ends with the process. What is returned is where it listens.
pub fn listen(script: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let script = Arc::new(script);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            thread::spawn(move || {
                let reply = read(&stream).and_then(|request| script(&request));
                if let Some(reply) = reply {
                    answer(&stream, &reply);
                }
            });
        }
    });
    url
}

pub(crate) fn answer(mut stream: &TcpStream, reply: &Reply) {
    let mut head = format!(
        "HTTP/1.1 {} X\r\ncontent-length: {}\r\nconnection: close\r\n",
        reply.status,
        reply.body.len()
    );
    for header in &reply.headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    // Whoever asked may have gone.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.flush();
    thread::sleep(reply.pause);
    let _ = stream.write_all(&reply.body.as_bytes()[..reply.cut.unwrap_or(reply.body.len())]);
}

/// A request as it was sent: its method, its target, its headers in lower case, and its body.
pub(crate) type Sent = (String, String, BTreeMap<String, String>, Vec<u8>);

/// Reads one request; nothing where it is none, or is cut off.
pub(crate) fn sent(stream: &TcpStream) -> Option<Sent> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, target, headers, body))
}

fn read(stream: &TcpStream) -> Option<Request> {
    let (method, target, headers, body) = sent(stream)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

/// A port of this machine where nothing listens at this moment.
///
/// # Panics
/// Where there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("a port is free").port()
}

/// Status and body of what a server of this machine answers; nothing where none does.
pub fn get(url: &str) -> Option<(u16, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let answer = client.get(url).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    })
}
