//! Who is let into the site: by a link that is used once, and through a provider of OpenID Connect.

mod client;

use std::collections::BTreeMap;

use muster_tests::browser::Session;
use muster_tests::http::free_port;
use muster_tests::oidc::{self, Account, Fault, Provider};
use muster_tests::postgres::Postgres;
use muster_tests::site::Site;
use muster_tests::stage::Stage;
use serde_json::json;

use client::{Client, told};

/// A stage with a store that holds one agent.
fn stage(store: &str) -> Stage {
    let stage = Stage::new().with_mini("refund-agent");
    let ended = stage.run(&["scan", "refund-agent", "--quiet", "--store", store]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    stage
}

/// Two ports that sites may have, and a provider that sends people back to them.
struct Place {
    stage: Stage,
    store: String,
    ports: [u16; 2],
}

impl Place {
    fn new() -> Self {
        Self::over("m.db".to_owned())
    }

    fn over(store: String) -> Self {
        Self { stage: stage(&store), store, ports: [free_port(), free_port()] }
    }

    fn provider(&self, port: u16, fault: Option<Fault>) -> Provider {
        let ada = Account {
            name: "Ada Lovelace".to_owned(),
            email: "ada@muster.example".to_owned(),
            groups: vec!["sec-review".to_owned(), "staff".to_owned()],
            further: BTreeMap::new(),
        };
        let bob = Account {
            email: "bob@muster.example".to_owned(),
            groups: vec!["SEC-REVIEW".to_owned(), "sec-reviewers".to_owned()],
            ..Account::default()
        };
        // An address that anybody may have typed is nobody's name.
        let eve = Account {
            email: "ada@muster.example".to_owned(),
            further: BTreeMap::from([
                ("groups".to_owned(), json!("sec-lead")),
                ("email_verified".to_owned(), json!(false)),
            ]),
            ..Account::default()
        };
        Provider::start(&oidc::Settings {
            // Another site than the provider: what is said of cookies between sites holds.
            redirect_uris: self
                .ports
                .iter()
                .map(|port| format!("{}/sign-in/callback", public(*port)))
                .collect(),
            accounts: [("ada", ada), ("bob", bob), ("eve", eve)]
                .map(|(name, account)| (name.to_owned(), account))
                .into(),
            fault,
            port,
            ..oidc::Settings::default()
        })
    }

    /// A site whose people sign in with an issuer. Each request says whom it comes from, as behind a proxy.
    fn site(&self, which: usize, issuer: &str) -> Site {
        let port = self.ports[which];
        let (public, listen) = (public(port), format!("127.0.0.1:{port}"));
        let arguments = [
            ["--store", &self.store],
            ["--public-url", &public],
            ["--listen", &listen],
            ["--behind", "127.0.0.1"],
            ["--oidc-issuer", issuer],
            ["--oidc-client-id", "muster"],
            ["--oidc-scope", "email"],
            ["--oidc-scope", "groups"],
            ["--oidc-role", "reviewer=sec-review"],
            ["--oidc-role", "approver=sec-lead"],
        ];
        let arguments = [&arguments.concat()[..], &["--no-link"]].concat();
        Site::start_with(&self.stage, &arguments, &[("MUSTER_OIDC_CLIENT_SECRET", SECRET)])
    }
}

/// As the provider of the tests has it.
const SECRET: &str = "canary-client-secret-4b1d9c";

fn public(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// The log without what is different each time.
fn log(site: &Site) -> String {
    let log = site.log();
    let lines = log.lines().filter(|line| line.contains("signed in"));
    lines
        .map(|line| line.split_once("Z ").map_or(line, |(_, line)| line).trim())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_link_lets_one_person_in_once() {
    let stage = stage("m.db");
    let site = Site::start(&stage, &["--store", "m.db"]);
    assert_eq!(site.get("/readyz").0, 200);
    let session = Session::new();
    session.open(&site.link);
    session.find("main form button").click();
    session.wait_for_text("h1", "Overview");
    assert_eq!(session.url(), format!("{}/", site.url));

    let other = Session::new();
    other.open(&site.link);
    other.find("main form button").click();
    other.find("main [role=alert]");
    assert_eq!(other.cookies(), []);

    // Another site over the same store knows who is let in, and offers no provider.
    let second = Site::start(&stage, &["--store", "m.db", "--no-link"]);
    assert_ne!(second.url, site.url);
    let (status, page) = second.get("/sign-in");
    assert_eq!((second.link.as_str(), status, page.contains("/sign-in/provider")), ("", 200, false));
    assert_eq!(second.get("/sign-in/provider").0, 404);
    assert_eq!(second.get("/sign-in/callback").0, 404);
}

#[test]
fn people_sign_in_with_a_provider() {
    let place = Place::new();
    let provider = place.provider(0, None);
    let site = place.site(0, &provider.issuer);
    let session = Session::new();
    session.open(&format!("{}/systems?verdict=agentic", site.url));
    session.wait_for_text("main a.button", "Sign in with");
    assert_eq!(session.axe(), [] as [String; 0]);
    session.find("main a.button").click();
    Provider::log_in(&session, "ada");
    session.wait_for_text("h1", "Systems");
    assert_eq!(session.url(), format!("{}/systems?verdict=agentic", site.url));
    assert_eq!(session.find(".who span").text(), "ada@muster.example\nreviewer");
    let cookies = session.cookies();
    let [cookie] = &cookies[..] else { panic!("{cookies:?}") };
    assert_eq!((cookie.name.as_str(), cookie.http_only, cookie.same_site.as_str()), ("muster", true, "Lax"));
    assert_eq!(session.complaints(), [] as [String; 0]);

    // Whoever signs in again has another session, and the one before is over.
    session.open(&format!("{}/sign-in/provider", site.url));
    session.wait_for_text("h1", "Overview");
    let other = Session::new();
    other.open(&format!("{}/sign-in", site.url));
    other.set_cookie("muster", &cookie.value);
    other.open(&format!("{}/queue", site.url));
    assert_eq!(other.find("h1").text(), "Sign in");
    other.set_cookie("muster", &session.cookies()[0].value);
    other.open(&format!("{}/queue", site.url));
    assert_eq!(other.find("h1").text(), "Queue");

    // Who is known and has no role, and who turns back, is told so.
    let stranger = Session::new();
    stranger.open(&format!("{}/sign-in/provider?then=/queue", site.url));
    Provider::refuse(&stranger);
    stranger.wait_for_text("main [role=alert]", "did not let you in");
    stranger.find("main a.button").click();
    Provider::log_in(&stranger, "bob");
    stranger
        .wait_for_text("main [role=alert]", "You are bob@muster.example, and none of your groups has a role");
    assert_eq!(stranger.cookies(), []);
    assert_eq!(stranger.axe(), [] as [String; 0]);

    let whole = site.log();
    assert!(!whole.contains(SECRET) && !whole.contains("code=") && !whole.contains("eyJ"), "{whole}");
}

#[test]
fn nobody_gets_in_with_what_is_not_right() {
    let place = Place::new();
    let mut provider = place.provider(0, None);
    let site = place.site(0, &provider.issuer);
    let mut seen = Vec::new();
    for fault in [
        None,
        Some(Fault::WrongIssuer),
        Some(Fault::WrongAudience),
        Some(Fault::Expired),
        Some(Fault::BadSignature),
        Some(Fault::WrongNonce),
        Some(Fault::NoNonce),
        Some(Fault::Unsigned),
        Some(Fault::PublicKeyAsSecret),
        Some(Fault::NoIdToken),
    ] {
        provider.fault(fault);
        let answer = Client::new(&site).sign_in("ada");
        assert_eq!(answer.session().is_some(), fault.is_none(), "{answer:?}");
        seen.push(format!("{fault:?}: {} {}", answer.status, told(&answer)));
    }
    provider.fault(Some(Fault::WrongIssuerInDiscovery));
    let other = place.site(1, &provider.issuer);
    let answer = Client::new(&other).begin();
    assert_eq!((answer.location.as_deref(), &answer.set[..]), (None, &[] as &[String]));
    seen.push(format!("WrongIssuerInDiscovery: {} {}", answer.status, told(&answer)));
    // It is asked again once it is right.
    provider.fault(None);
    assert_eq!(Client::new(&other).begin().status, 303);

    // By other people than Ada: the address of eve is not verified, and her group is one text.
    for login in ["bob", "eve"] {
        let answer = Client::new(&site).sign_in(login);
        seen.push(format!("{login}: {} {}", answer.status, told(&answer)));
    }
    let mut references = insta::Settings::clone_current();
    references.add_filter(r"\b[0-9a-f]{8}\b", "REFERENCE");
    references.add_filter(r"127\.0\.0\.1:\d+", "PROVIDER");
    references.bind(|| {
        insta::assert_snapshot!(
            "what_is_not_right",
            format!("{}\n\n{}\n{}", seen.join("\n"), log(&site), log(&other))
        );
    });
}

#[test]
fn a_sign_in_is_finished_once_and_where_it_was_begun() {
    for store in ["m.db".to_owned(), Postgres::shared().database()] {
        finished_once(&Place::over(store));
    }
}

fn finished_once(place: &Place) {
    let mut provider = place.provider(0, None);
    let site = place.site(0, &provider.issuer);

    // What came back is used up by it.
    let client = Client::new(&site);
    let back = client.come_back("ada");
    let kept = client.cookies();
    let first = client.get(&back);
    assert_eq!((first.status, first.session().is_some()), (303, true), "{first:?}");
    client.keep(kept.clone());
    let again = client.get(&back);
    assert_eq!((again.status, again.session()), (403, None), "{again:?}");

    // Another browser finishes nothing, and spoils it for the one that began.
    let (one, other) = (Client::new(&site), Client::new(&site));
    let back = one.come_back("ada");
    let _ = other.begin();
    for who in [&other, &one, &Client::new(&site)] {
        let answer = who.get(&back);
        assert_eq!((answer.status, answer.session()), (403, None), "{answer:?}");
        assert!(
            told(&answer).starts_with("This sign-in is over, or was begun in another browser."),
            "{answer:?}"
        );
    }
    // With a state that was never given there is nothing to finish; neither is one with the code of another sign-in.
    let client = Client::new(&site);
    let back = client.come_back("ada");
    let (place_of, query) = back.split_once('?').expect("it has a query");
    for query in
        ["", "code=x", &format!("code=x&state={}", "0".repeat(64)), &query.replace("state=", "stat=")]
    {
        assert_eq!(client.get(&format!("{place_of}?{query}")).status, 403, "{query}");
    }
    let one = Client::new(&site);
    let (mine, theirs) = (one.come_back("ada"), Client::new(&site).come_back("ada"));
    let code = |url: &str| {
        let (_, rest) = url.split_once("code=").expect("it has a code");
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    let answer = one.get(&mine.replace(&code(&mine), &code(&theirs)));
    assert_eq!((answer.status, answer.session()), (403, None), "{answer:?}");
    // An answer that says it is another issuer's is not taken.
    let one = Client::new(&site);
    let back = one.come_back("ada");
    let answer = one.get(&back.replace(&form(&provider.issuer), "http%3A%2F%2F127.0.0.1%3A1"));
    assert_eq!((answer.status, answer.session()), (403, None), "{answer:?}");

    // Another process over the same store finishes what one began, as another replica would.
    let client = Client::new(&site);
    let back = client.come_back("ada");
    drop(site);
    let site = place.site(0, &provider.issuer);
    let answer = client.get(&back);
    assert_eq!((answer.status, answer.session().is_some()), (303, true), "{answer:?}");

    // New keys are asked for when they are met.
    provider.rotate_keys();
    let answer = Client::new(&site).sign_in("ada");
    assert_eq!((answer.status, answer.session().is_some()), (303, true), "{answer:?}");
}

/// As it stands in a query.
fn form(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F")
}

#[test]
fn a_provider_may_be_away() {
    let place = Place::new();
    let port = free_port();
    let site = place.site(0, &format!("http://127.0.0.1:{port}"));
    let away = Client::new(&site).begin();
    assert_eq!((away.status, away.set.len()), (503, 0), "{away:?}");
    assert!(told(&away).contains("does not answer as it should. Try again in a minute."), "{away:?}");
    assert_eq!(Client::new(&site).get(&format!("{}/sign-in", site.url)).status, 200);

    let provider = place.provider(port, None);
    let answer = Client::new(&site).sign_in("ada");
    assert_eq!((answer.status, answer.session().is_some()), (303, true), "{answer:?}");

    let client = Client::new(&site);
    let back = client.come_back("ada");
    drop(provider);
    let answer = client.get(&back);
    assert_eq!((answer.status, answer.session()), (503, None), "{answer:?}");
}

#[test]
fn whoever_tries_too_often_waits() {
    let place = Place::new();
    let provider = place.provider(0, None);
    let site = place.site(0, &provider.issuer);
    let client = Client::new(&site);
    let statuses: Vec<u16> = (0..12).map(|_| client.begin().status).collect();
    assert_eq!(statuses[..10], [303; 10]);
    assert!(statuses[10..].contains(&429), "{statuses:?}");
    let late = client.get(&format!("{}/sign-in/callback?code=x&state=y", site.url));
    assert_eq!(late.status, 429);
    assert_eq!(Client::new(&site).begin().status, 303);
}

#[test]
fn what_is_missing_is_said() {
    let stage = stage("m.db");
    let issuer = ["--oidc-issuer", "https://login.example"];
    let client = ["--oidc-client-id", "muster"];
    let public = ["--public-url", "https://muster.example"];
    let role = ["--oidc-role", "reviewer=sec-review"];
    let file = ["--oidc-client-secret-file", "secret"];
    std::fs::write(stage.beside("secret"), "hunter2\n").expect("a file");
    let open = ["--oidc-issuer", "http://login.example"];
    let cases: [&[[&str; 2]]; 8] = [
        &[client],
        &[issuer],
        &[issuer, client],
        &[issuer, client, ["--public-url", "http://muster.example"]],
        &[issuer, client, public],
        &[issuer, client, public, role],
        &[open, client, public, role, file],
        &[issuer, client, public, ["--oidc-role", "boss=sec-review"], file],
    ];
    let mut said = Vec::new();
    for case in cases {
        let arguments = [&["serve", "--store", "m.db"], &case.concat()[..]].concat();
        let ended = stage.run(&arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        said.push(format!("{}\n{}", case.concat().join(" "), ended.stderr.trim()));
    }
    insta::assert_snapshot!("what_is_missing", said.join("\n\n"));
}
