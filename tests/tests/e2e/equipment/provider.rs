//! The provider of OpenID Connect logs a browser in, and makes exactly the mistakes that it is told to make.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use muster_tests::browser::Session;
use muster_tests::http::{Reply, Request, get, listen};
use muster_tests::oidc::{self, Account, Fault, Provider};
use muster_tests::site;
use serde_json::{Value, json};

/// A client that redeems each code that comes back to it, and keeps what the provider answers.
struct Client {
    url: String,
    came: Arc<Mutex<Vec<Request>>>,
}

const VERIFIER: &str = "of-the-test-of-the-test-of-the-test-of-the-test";
/// The digest of it, as PKCE has it.
const CHALLENGE: &str = "774JoQ74DE5EvxChw3pT44y02VMgHB7m2Lb7813gxKg";

impl Client {
    fn start() -> Self {
        let came = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&came);
        let url = listen(move |request| {
            all.lock().expect("no test panics here").push(request.clone());
            Some(Reply::ok("<!doctype html><title>Back</title>"))
        });
        Self { url, came }
    }

    fn settings(&self) -> oidc::Settings {
        let ada = Account {
            name: "Ada Lovelace".to_owned(),
            email: "ada@muster.example".to_owned(),
            groups: vec!["sec-review".to_owned()],
            further: BTreeMap::new(),
        };
        let bob = Account {
            further: BTreeMap::from([
                ("groups".to_owned(), json!("one-string")),
                ("roles".to_owned(), json!(["reviewer"])),
            ]),
            ..Account::default()
        };
        oidc::Settings {
            redirect_uris: vec![format!("{}/back", self.url)],
            accounts: BTreeMap::from([("ada".to_owned(), ada), ("bob".to_owned(), bob)]),
            ..oidc::Settings::default()
        }
    }

    fn request(&self, provider: &Provider) -> String {
        format!(
            "{}/auth?response_type=code&client_id={}&redirect_uri={}/back&scope=openid+profile+email+groups&state=s-1\
             &nonce=n-1&code_challenge_method=S256&code_challenge={CHALLENGE}",
            provider.issuer, provider.client_id, self.url
        )
    }

    /// The query with which the browser came back last.
    fn came_back(&self, session: &Session) -> BTreeMap<String, String> {
        session.wait_until("it is back", |session| session.title() == "Back");
        let came = self.came.lock().expect("no test panics here");
        let last = came.iter().rfind(|request| request.path == "/back").expect("it came back");
        let pairs = last.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The ID token for a code; nothing where the answer holds none.
    fn redeem(&self, provider: &Provider, code: &str) -> Option<String> {
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={}/back&code_verifier={VERIFIER}",
            self.url
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let answer = runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let request = client
                .post(format!("{}/token", provider.issuer))
                .basic_auth(&provider.client_id, Some(&provider.client_secret))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
            request.send().await.expect("it answers").text().await.expect("it answers")
        });
        let answer: Value = serde_json::from_str(&answer).expect("it answers in JSON");
        assert!(answer["access_token"].is_string(), "{answer}");
        answer["id_token"].as_str().map(str::to_owned)
    }
}

/// The header and the claims of a token.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64");
        serde_json::from_slice::<Value>(&bytes).unwrap_or_default()
    });
    (parts.next().expect("a header"), parts.next().expect("claims"))
}

/// What another implementation says of a token, with the keys that the provider publishes.
fn verdict(provider: &Provider, token: &str) -> String {
    const VERIFY: &str = "
        const [packages, issuer, audience, token] = process.argv.slice(1);
        import(require('module').createRequire(`${packages}/package.json`).resolve('jose')).then(async jose => {
            const keys = jose.createRemoteJWKSet(new URL(`${issuer}/jwks`));
            const { payload } = await jose.jwtVerify(token, keys, { issuer, audience, algorithms: ['RS256'] });
            return payload.nonce === 'n-1' ? 'valid' : 'wrong nonce';
        }).catch(error => error.code + (error.claim ? ' ' + error.claim : '')).then(said => console.log(said));";
    let ended = Command::new("node")
        .args(["-e", VERIFY])
        .arg(site::packages())
        .args([&provider.issuer, &provider.client_id, token])
        .output()
        .expect("node can be run");
    let [said, complaints] =
        [&ended.stdout, &ended.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert!(ended.status.success() && !said.is_empty(), "{complaints}");
    said.trim_end().to_owned()
}

#[test]
fn a_provider_logs_people_in() {
    let client = Client::start();
    let provider = Provider::start(&client.settings());
    let (status, discovery) =
        get(&format!("{}/.well-known/openid-configuration", provider.issuer)).expect("it answers");
    let discovery: Value = serde_json::from_str(&discovery).expect("it is JSON");
    assert_eq!((status, &discovery["issuer"]), (200, &json!(provider.issuer)));
    assert_eq!(discovery["code_challenge_methods_supported"], json!(["S256"]));

    let session = Session::without_scripts();
    session.open(&client.request(&provider));
    assert_eq!(session.axe(), [] as [String; 0]);
    Provider::log_in(&session, "nobody");
    assert_eq!(session.find("[role=alert]").text(), "Nobody has this name.");
    Provider::log_in(&session, "ada");
    let query = client.came_back(&session);
    assert_eq!(
        (query["state"].as_str(), query["iss"].as_str()),
        ("s-1", &*provider.issuer.replace(':', "%3A").replace('/', "%2F"))
    );

    let token = client.redeem(&provider, &query["code"]).expect("there is an ID token");
    let (header, claims) = parts(&token);
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &json!("first")));
    for (name, expected) in [
        ("iss", json!(provider.issuer)),
        ("aud", json!(provider.client_id)),
        ("sub", json!("ada")),
        ("nonce", json!("n-1")),
        ("name", json!("Ada Lovelace")),
        ("email", json!("ada@muster.example")),
        ("groups", json!(["sec-review"])),
    ] {
        assert_eq!(claims[name], expected, "{name} in {claims}");
    }

    // Without PKCE nobody is let in, and whoever cancels is told so.
    let careless = client.request(&provider).replace("code_challenge", "nothing");
    let other = Session::new();
    other.open(&careless);
    assert_eq!(client.came_back(&other)["error"], "invalid_request");
    other.open(&client.request(&provider));
    Provider::refuse(&other);
    other.wait_until("it is told", |_| client.came_back(&other)["error"] == "access_denied");

    // An organisation may send something else in its claims.
    other.open(&client.request(&provider));
    Provider::log_in(&other, "bob");
    other.wait_until("it is let in", |_| client.came_back(&other).contains_key("code"));
    let token = client.redeem(&provider, &client.came_back(&other)["code"]).expect("there is an ID token");
    let claims = parts(&token).1;
    assert_eq!((&claims["groups"], &claims["roles"]), (&json!("one-string"), &json!(["reviewer"])));
}

#[test]
fn a_provider_makes_mistakes() {
    let client = Client::start();
    let mut provider =
        Provider::start(&oidc::Settings { fault: Some(Fault::WrongNonce), ..client.settings() });
    let session = Session::new();
    session.open(&client.request(&provider));
    Provider::log_in(&session, "ada");
    let token = |provider: &Provider| {
        // Who is logged in is not asked again.
        session.open(&client.request(provider));
        client.redeem(provider, &client.came_back(&session)["code"])
    };
    let (_, wrong) = parts(&token(&provider).expect("there is an ID token"));
    assert_eq!((&wrong["nonce"], &wrong["sub"]), (&json!("of-another-request"), &json!("ada")));

    let mut seen = Vec::new();
    for fault in [
        None,
        Some(Fault::WrongIssuer),
        Some(Fault::WrongAudience),
        Some(Fault::Expired),
        Some(Fault::BadSignature),
        Some(Fault::NoNonce),
        Some(Fault::Unsigned),
        Some(Fault::PublicKeyAsSecret),
        Some(Fault::NoIdToken),
    ] {
        provider.fault(fault);
        let said = token(&provider).map_or_else(|| "no token".to_owned(), |token| verdict(&provider, &token));
        seen.push(format!("{fault:?}: {said}"));
    }
    provider.fault(None);
    provider.rotate_keys();
    let rotated = token(&provider).expect("there is an ID token");
    seen.push(format!("{}: {}", parts(&rotated).0["kid"], verdict(&provider, &rotated)));
    insta::assert_snapshot!(seen.join("\n"));

    let keys = get(&format!("{}/jwks", provider.issuer)).expect("it answers").1;
    assert!(keys.contains("rotated-1") && !keys.contains("first") && !keys.contains("\"d\""), "{keys}");
    provider.fault(Some(Fault::WrongIssuerInDiscovery));
    let discovery =
        get(&format!("{}/.well-known/openid-configuration", provider.issuer)).expect("it answers").1;
    assert!(discovery.contains("\"issuer\":\"http://127.0.0.1:1\""), "{discovery}");
    let issuer = provider.issuer.clone();
    drop(provider);
    assert_eq!(get(&issuer), None);
}
