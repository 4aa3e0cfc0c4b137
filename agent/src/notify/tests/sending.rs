//! Requests as a receiver sees them, and what becomes of its answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;

const SHORT: Patience = Patience {
    first: Duration::from_millis(1),
    most: Duration::from_millis(20),
    again: 3,
    one: Duration::from_millis(500),
};

/// One request: its headers in small letters, and its body.
#[derive(Debug, Clone)]
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A receiver that gives one answer after the other, the last one for ever. An empty one cuts the connection, and `-` never
/// answers.
struct Receiver {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answers) =
            (Arc::clone(&requests), answers.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for (at, stream) in listener.incoming().flatten().enumerate() {
                let mut reader = BufReader::new(&stream);
                let mut head = Vec::new();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if line.trim_end().is_empty() {
                        break;
                    }
                    head.push(line.trim_end().to_owned());
                }
                let headers: BTreeMap<String, String> = head[1..]
                    .iter()
                    .filter_map(|line| line.split_once(": "))
                    .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                    .collect();
                let mut body = vec![0; headers["content-length"].parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                seen.lock().unwrap().push(Request { line: head[0].clone(), headers, body });
                let answer = &answers[at.min(answers.len() - 1)];
                match answer.as_str() {
                    "" => {}
                    "-" => kept.push(stream),
                    answer => {
                        let rest = "content-length: 0\r\nconnection: close\r\n\r\n";
                        (&stream).write_all(format!("HTTP/1.1 {answer}\r\n{rest}").as_bytes()).unwrap();
                    }
                }
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The address below a path that is a secret.
    fn lookup(&self) -> impl Fn(&str) -> Option<String> {
        let url = format!("{}/services/{CANARY}?key={CANARY}", self.url);
        move |name| if name == "URL" { Some(url.clone()) } else { environment(name) }
    }

    fn sender(&self, kind: &str, patience: Patience) -> Sender {
        let mut written = json!({"kind": kind, "name": "chat", "url": "${URL}"});
        if kind == "webhook" {
            written["secret"] = json!("${CANARY}");
        }
        Sender::try_new(&channel(written).unwrap(), patience, &self.lookup()).unwrap()
    }
}

fn send(sender: &Sender) -> Result<(), SendError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(sender.send(&delivery(&told())))
}

#[test]
fn a_request_is_signed_and_has_an_id_that_stays() {
    let receiver = Receiver::new(&["503 Busy", "", "-", "202 Accepted"]);
    send(&receiver.sender("webhook", SHORT)).unwrap();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 4);
    for Request { line, headers, body } in &requests {
        assert_eq!(line, &format!("POST /services/{CANARY}?key={CANARY} HTTP/1.1"));
        assert_eq!(headers["muster-delivery"], delivery(&told()).id);
        assert_eq!(headers["content-type"], "application/json");
        assert!(headers["user-agent"].starts_with("muster/"));
        let signature = &headers["muster-signature"];
        let seconds = signature.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
        assert_eq!(&webhook::signature(CANARY, seconds, body), signature);
        assert_eq!(body, &requests[0].body);
        assert!(!String::from_utf8_lossy(body).contains(CANARY));
    }
}

#[test]
fn chats_are_sent_the_same_without_a_signature() {
    for kind in ["slack", "teams"] {
        let receiver = Receiver::new(&["200 OK"]);
        send(&receiver.sender(kind, SHORT)).unwrap();
        let [request] = &receiver.requests()[..] else { panic!("one request") };
        assert!(!request.headers.contains_key("muster-signature"));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert!(body["blocks"].is_array() || body["attachments"].is_array(), "{body}");
    }
}

#[test]
fn what_may_work_later_is_tried_again_and_the_rest_is_not() {
    let mut shown = String::new();
    for (answers, tries) in [
        (&["404 Not Found", "200 OK"][..], 1),
        (&["400 Bad Request", "200 OK"], 1),
        (&["401 Unauthorized", "200 OK"], 1),
        (&["302 Found\r\nlocation: http://127.0.0.1:1/elsewhere", "200 OK"], 1),
        (&["429 Too Many\r\nretry-after: 0", "200 OK"], 2),
        (&["429 Too Many\r\nretry-after: soon", "200 OK"], 2),
        (&["429 Too Many\r\nretry-after: 3600", "200 OK"], 1),
        (&["503 Busy\r\nretry-after: Thu, 31 Dec 2099 23:59:59 GMT", "200 OK"], 1),
        (&["503 Busy\r\nretry-after: Thu, 01 Jan 1970 00:00:00 GMT", "200 OK"], 2),
        (&["408 Slow", "425 Early", "500 Failed", "200 OK"], 4),
        (&["500 Failed"], 4),
        (&[""], 4),
        (&["-"], 4),
    ] {
        let receiver = Receiver::new(answers);
        let ended = send(&receiver.sender("slack", SHORT));
        let said = match &ended {
            Ok(()) => "sent".to_owned(),
            Err(error) => format!("{error} ({})", error.is_worth_another_try()),
        };
        assert!(!format!("{said}{ended:?}").contains(CANARY), "{said}");
        shown.extend([&answers.join(", ").replace("\r\n", " "), ": ", &said, "\n"]);
        assert_eq!(receiver.requests().len(), tries, "{answers:?}");
    }
    assert_snapshot!("answers", shown);
}

#[test]
fn nobody_there_is_worth_another_try_and_named_without_the_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lookup = |name: &str| (name == "URL").then(|| format!("http://{free}/{CANARY}"));
    let written = json!({"kind": "teams", "name": "chat", "url": "${URL}"});
    let sender = Sender::try_new(&channel(written).unwrap(), SHORT, &lookup).unwrap();
    let error = send(&sender).unwrap_err();
    assert_snapshot!(error, @"The channel `chat` could not be told by 127.0.0.1: there is no connection. The next run tries again.");
    assert!(!format!("{error:?}{sender:?}").contains(CANARY));
}

#[test]
fn a_receiver_is_left_alone_for_as_long_as_it_asks() {
    let receiver = Receiver::new(&["429 Too Many\r\nretry-after: 1", "200 OK"]);
    let sender = receiver.sender("slack", Patience { most: Duration::from_secs(5), ..SHORT });
    let began = std::time::Instant::now();
    send(&sender).unwrap();
    assert_eq!(receiver.requests().len(), 2);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}
