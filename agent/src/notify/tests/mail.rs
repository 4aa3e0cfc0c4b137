//! Mail as a server takes it: aiosmtpd, without encryption, with it from the start, and with it later.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use super::*;

/// A server of mail on this machine; it ends with the test.
struct Server {
    process: Child,
    says: BufReader<ChildStdout>,
    port: u64,
    ca: String,
}

impl Server {
    fn new(mode: &str, answers: &[&str]) -> Self {
        let mut process = Command::new(VENV.join("bin/python"))
            .arg(beside("mail.py"))
            .arg(mode)
            .args(answers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python can be run");
        let says = BufReader::new(process.stdout.take().unwrap());
        let mut server = Self { process, says, port: 0, ca: String::new() };
        let ready = server.next();
        (server.port, server.ca) =
            (ready["port"].as_u64().unwrap(), ready["ca"].as_str().unwrap().to_owned());
        server
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the server says one thing per line")
    }

    /// A channel that is told by this server.
    fn channel(&self, scheme: &str, more: &Value) -> Channel {
        let mut written = json!({
            "kind": "email", "name": "mail", "smtp": format!("{scheme}://localhost:{}", self.port),
            "from": "Muster <muster@example.org>", "to": ["\"Ärger, Team\" <one@example.org>", "two@example.org"],
            "batch": 2, "link": "https://muster.example/",
        });
        written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        channel(written).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when its input does.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn send(channel: &Channel, password: &'static str, delivery: &Delivery) -> Result<(), SendError> {
    let patience = Patience {
        first: Duration::from_millis(1),
        most: Duration::from_millis(20),
        again: 2,
        one: Duration::from_secs(10),
    };
    let lookup = move |name: &str| (name == "PASSWORD").then(|| password.to_owned());
    let sender = Sender::try_new(channel, patience, &lookup).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(sender.send(delivery))
}

/// Without the one header that is the time.
fn message(taken: &Value) -> String {
    let lines = taken["message"].as_str().unwrap().lines();
    lines.filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_server_takes_what_is_sent() {
    let mut server = Server::new("plain", &[]);
    let channel = server.channel("smtp", &json!({}));
    send(&channel, "", &delivery(&told())).unwrap();
    let taken = server.next();
    assert_eq!(taken["from"], "muster@example.org");
    assert_eq!(taken["to"], json!(["one@example.org", "two@example.org"]));
    assert!(taken["message"].as_str().unwrap().contains("\nDate: "), "{taken}");
    assert_snapshot!("mail", message(&taken));
    // A second copy has the same id, and is the same.
    send(&channel, "", &delivery(&told())).unwrap();
    assert_eq!(message(&server.next()), message(&taken));
}

#[test]
fn hostile_names_make_neither_headers_nor_addresses() {
    let mut server = Server::new("plain", &[]);
    let channel = server.channel("smtp", &json!({"batch": 20}));
    send(&channel, "", &delivery(&hostile())).unwrap();
    let taken = server.next();
    assert_eq!(taken["to"], json!(["one@example.org", "two@example.org"]));
    let message = message(&taken);
    let (head, _) = message.split_once("\n\n").unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let expected = [
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    assert_eq!(names.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
    assert_snapshot!("mail_hostile", message);
}

#[test]
fn mail_is_encrypted_and_signed_in_for() {
    for (mode, scheme) in [("tls", "smtps"), ("starttls", "smtp+starttls")] {
        let mut server = Server::new(mode, &[]);
        let trusted = json!({"ca": server.ca, "user": "bot", "password": "${PASSWORD}"});
        send(&server.channel(scheme, &trusted), "of-the-test", &delivery(&told())).unwrap();
        let taken = server.next();
        assert_eq!(taken["user"], "bot");
        assert_eq!(taken["encrypted"], mode == "starttls", "{taken}");
        // Another password is refused, and is not told.
        let error = send(&server.channel(scheme, &trusted), CANARY, &delivery(&told())).unwrap_err();
        assert!(!error.is_worth_another_try() && !format!("{error} {error:?}").contains(CANARY), "{error}");
        assert!(error.to_string().contains("the server answered 535"), "{error}");
        // A server that nobody vouches for is told nothing.
        let strange = json!({"user": "bot", "password": "${PASSWORD}"});
        let error = send(&server.channel(scheme, &strange), "of-the-test", &delivery(&told())).unwrap_err();
        assert!(error.is_worth_another_try(), "{error}");
        assert!(error.to_string().contains("localhost: no"), "{error}");
    }
}

#[test]
fn a_server_that_offers_no_encryption_is_sent_nothing() {
    let server = Server::new("plain", &[]);
    let error = send(&server.channel("smtp+starttls", &json!({})), "", &delivery(&told())).unwrap_err();
    assert_snapshot!(error, @"The channel `mail` could not be told by localhost: the server offers no encryption, or no way to sign in that is known. Check the configuration of the channel.");
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let mut server = Server::new("plain", &["451", "451", "550"]);
    let channel = server.channel("smtp", &json!({"to": ["one@example.org"]}));
    let error = send(&channel, "", &delivery(&told())).unwrap_err();
    assert_snapshot!(error, @"The channel `mail` could not be told by localhost: the server answered 550. Check the configuration of the channel.");
    send(&channel, "", &delivery(&told())).unwrap();
    assert_eq!(server.next()["to"], json!(["one@example.org"]));
}
