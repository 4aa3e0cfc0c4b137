//! A real provider of OpenID Connect on this machine, which makes mistakes where a test asks for them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Serialize;
use serde_json::{Value, json};

use crate::browser::Session;
use crate::site;

/// Somebody who can log in.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Account {
    /// As people call her.
    pub name: String,
    /// Where mail reaches her.
    pub email: String,
    /// What is in the claim `groups` of the ID token; without any the claim is an empty list.
    pub groups: Vec<String>,
    /// Further claims of the ID token, which replace those above where they have their names.
    #[serde(flatten)]
    pub further: BTreeMap<String, Value>,
}

/// What is wrong with what the provider answers; all else is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The ID token is another issuer's.
    WrongIssuer,
    /// The discovery document is another issuer's.
    WrongIssuerInDiscovery,
    /// The ID token is for another client.
    WrongAudience,
    /// The ID token ended an hour ago.
    Expired,
    /// The ID token is signed by a key of the same id that is not the provider's.
    BadSignature,
    /// The ID token answers another request.
    WrongNonce,
    /// The ID token does not say which request it answers.
    NoNonce,
    /// The ID token says that it needs no signature, and has none.
    Unsigned,
    /// The ID token is signed with HMAC, and the public key is the secret.
    PublicKeyAsSecret,
    /// The answer has no ID token.
    NoIdToken,
}

/// How a provider is set up.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where the client may have people sent back to.
    pub redirect_uris: Vec<String>,
    /// Where the client may have people sent to once they are logged out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Who can log in, by what is typed into the form, which is the claim `sub` too.
    pub accounts: BTreeMap<String, Account>,
    /// What is wrong from the start.
    pub fault: Option<Fault>,
    /// Where it listens; by default on a free port.
    pub port: u16,
}

/// A provider with one confidential client, to whom people log in by code and PKCE; it ends with this, and with the
/// process however that ends.
pub struct Provider {
    /// Its address, under which its discovery document is.
    pub issuer: String,
    /// The client's name.
    pub client_id: String,
    /// What the client proves itself with, in a header (`client_secret_basic`).
    pub client_secret: String,
    running: Child,
    // Nobody else has this end: the system closes it with the process, and the provider ends.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Provider {
    /// Starts one.
    ///
    /// # Panics
    /// Where it cannot be installed or does not start: such a test is never skipped.
    pub fn start(settings: &Settings) -> Self {
        let (client_id, client_secret) = ("muster", "canary-client-secret-4b1d9c");
        let argument = json!({
            "packages": site::packages(),
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uris": settings.redirect_uris,
            "post_logout_redirect_uris": settings.post_logout_redirect_uris,
            "accounts": settings.accounts,
            "fault": settings.fault,
            "port": settings.port,
        });
        let mut running = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("site/provider.mjs"))
            .arg(argument.to_string())
            .env_remove("NODE_OPTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node can be run");
        let mut complaints = running.stderr.take().expect("it is piped");
        let complaints = std::thread::spawn(move || {
            let mut all = Vec::new();
            let _ = complaints.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        let mut answers = BufReader::new(running.stdout.take().expect("it is piped"));
        let mut issuer = String::new();
        answers.read_line(&mut issuer).expect("the provider says where it is");
        let issuer = issuer.trim_end().to_owned();
        assert!(
            issuer.starts_with("http://127.0.0.1:"),
            "the provider does not start: {issuer}\n{}",
            complaints.join().unwrap_or_default()
        );
        Self {
            issuer,
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            orders: running.stdin.take(),
            running,
            answers,
        }
    }

    /// Makes a mistake from now on, or none.
    ///
    /// # Panics
    /// Where it does not run any more.
    pub fn fault(&mut self, fault: Option<Fault>) {
        self.order(&json!({"fault": fault}));
    }

    /// Signs with a new key from now on, and publishes that one only.
    ///
    /// # Panics
    /// Where it does not run any more.
    pub fn rotate_keys(&mut self) {
        self.order(&json!({"rotate": true}));
    }

    /// Fills in the provider's form, which the browser shows or will show soon. Nothing else is asked.
    ///
    /// # Panics
    /// Where it does not show the form.
    pub fn log_in(session: &Session, login: &str) {
        session.find("input[name=login]").fill(login);
        session.find("button[value=login]").click();
    }

    /// Leaves the provider's form, which the browser shows or will show soon: the client is told `access_denied`.
    ///
    /// # Panics
    /// Where it does not show the form.
    pub fn refuse(session: &Session) {
        session.find("button[value=cancel]").click();
    }

    fn order(&mut self, order: &Value) {
        let orders = self.orders.as_mut().expect("it is piped");
        writeln!(orders, "{order}").expect("the provider reads its orders");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the provider answers");
        assert_eq!(answer.trim_end(), "done", "the provider does not do what it is told: {order}");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}
