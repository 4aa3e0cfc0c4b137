//! How the site is reached: through TLS, behind a proxy, and by its own name alone.

use muster_tests::http::free_port;
use muster_tests::site::Site;
use muster_tests::stage::Stage;
use reqwest::header::{HOST, ORIGIN, SET_COOKIE};
use reqwest::{Client, ClientBuilder, Response};

fn stage() -> Stage {
    let stage = Stage::new().with_mini("refund-agent");
    let ended = stage.run(&["scan", "refund-agent", "--quiet", "--store", "m.db"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    stage
}

fn client() -> ClientBuilder {
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The secret of a link.
fn secret(link: &str) -> &str {
    link.split_once("link=").expect("a link").1
}

#[test]
fn through_tls_a_session_is_for_tls_alone() {
    let stage = stage();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(stage.beside("site.pem"), made.cert.pem()).expect("a file");
    std::fs::write(stage.beside("site.key"), made.signing_key.serialize_pem()).expect("a file");
    let port = free_port();
    let (listen, public) = (format!("127.0.0.1:{port}"), format!("https://localhost:{port}"));
    let tls = ["--tls-certificate", "site.pem", "--tls-key", "site.key"];
    let arguments = ["--store", "m.db", "--listen", &listen, "--public-url", &public];
    let site = Site::start(&stage, &[&arguments[..], &tls].concat());
    assert!(site.link.starts_with(&public), "{}", site.link);
    block_on(async {
        let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
        let client = client().tls_certs_only([root]).build().expect("a client");
        let form = format!("link={}&then=/queue", secret(&site.link));
        let sent = client.post(format!("{public}/sign-in")).body(form).send().await.expect("an answer");
        assert_eq!((sent.status().as_u16(), header(&sent, "location")), (303, "/queue"));
        let cookie = header(&sent, SET_COOKIE.as_str()).to_owned();
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        assert!(cookie.starts_with("__Host-muster="), "{cookie}");
        assert_eq!(attributes, ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=43200", "Secure"]);
        assert_eq!(header(&sent, "strict-transport-security"), "max-age=31536000");
        let own = cookie.split(';').next().unwrap_or_default();
        let queue =
            client.get(format!("{public}/queue")).header("cookie", own).send().await.expect("an answer");
        assert_eq!(queue.status().as_u16(), 200);
        // Without TLS nobody answers there.
        assert!(client.get(format!("http://{listen}/healthz")).send().await.is_err());
    });

    // A key that is none, and one of another certificate, are told at the start.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    for (key, said) in
        [("no key".to_owned(), "holds no PEM"), (other.signing_key.serialize_pem(), "do not fit")]
    {
        std::fs::write(stage.beside("site.key"), key).expect("a file");
        let ended = stage.run(&[&["serve"], &arguments[..], &tls].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
}

#[test]
fn another_name_and_another_origin_are_refused() {
    let stage = stage();
    let site = Site::start(&stage, &["--store", "m.db"]);
    block_on(async {
        let client = client().build().expect("a client");
        let get = |path: &str| client.get(format!("{}{path}", site.url));
        // A name of somebody else that leads here.
        let other = get("/sign-in").header(HOST, "evil.example").send().await.expect("an answer");
        assert_eq!(other.status().as_u16(), 421);
        // Whoever watches the process asks by its address.
        let watched = get("/readyz").header(HOST, "10.0.0.7:8080").send().await.expect("an answer");
        assert_eq!(watched.status().as_u16(), 200);

        let form = format!("link={}", secret(&site.link));
        let sent = client.post(format!("{}/sign-in", site.url)).body(form).send().await.expect("an answer");
        let cookie = header(&sent, SET_COOKIE.as_str()).split(';').next().unwrap_or_default().to_owned();
        // Another page makes nobody sign in, and whoever is signed in may use another link.
        let invited = stage.run(&["access", "link", "--name", "eve", "--store", "m.db"]);
        let form = format!("link={}", secret(invited.stdout.trim()));
        let enter =
            || client.post(format!("{}/sign-in", site.url)).header("cookie", &cookie).body(form.clone());
        let across = enter().header("sec-fetch-site", "cross-site").send().await.expect("an answer");
        assert_eq!(across.status().as_u16(), 403);
        let entered = enter().header("sec-fetch-site", "same-origin").send().await.expect("an answer");
        assert_eq!(entered.status().as_u16(), 303);
        let old = get("/queue").header("cookie", &cookie).send().await.expect("an answer");
        assert_eq!(old.status().as_u16(), 303, "the session before it goes on");
        let invited =
            stage.run(&["access", "link", "--name", "ada", "--role", "administrator", "--store", "m.db"]);
        let form = format!("link={}", secret(invited.stdout.trim()));
        let sent = client.post(format!("{}/sign-in", site.url)).body(form).send().await.expect("an answer");
        let cookie = header(&sent, SET_COOKIE.as_str()).split(';').next().unwrap_or_default().to_owned();
        let page = get("/access").header("cookie", &cookie).send().await.expect("an answer");
        for name in ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"]
        {
            assert!(!header(&page, name).is_empty(), "{name}");
        }
        assert!(!header(&page, "content-security-policy").contains("unsafe"));
        let page = page.text().await.expect("a page");
        let form = page.split_once("name=\"form\" value=\"").and_then(|(_, rest)| rest.split('"').next());
        let body = format!("form={}&name=x&role=viewer&days=7", form.expect("a form"));
        let post = |body: &str| {
            let to = client.post(format!("{}/access/tokens", site.url)).header("cookie", &cookie);
            to.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
        };
        let without = post("name=x&role=viewer&days=7").send().await.expect("an answer");
        assert_eq!(without.status().as_u16(), 403);
        let elsewhere = post(&body).header(ORIGIN, "https://evil.example").send().await.expect("an answer");
        assert_eq!(elsewhere.status().as_u16(), 403);
        let across = post(&body).header("sec-fetch-site", "cross-site").send().await.expect("an answer");
        assert_eq!(across.status().as_u16(), 403);
        let own = post(&body).header(ORIGIN, &site.url).send().await.expect("an answer");
        assert_eq!(own.status().as_u16(), 200);
        assert!(own.text().await.expect("a page").contains("This is the token"));
    });
}

#[test]
fn who_asks_is_believed_of_a_proxy_that_is_trusted_alone() {
    let stage = stage();
    for (behind, expected) in [(false, 429), (true, 401)] {
        let trusted = ["--store", "m.db", "--no-link", "--behind", "127.0.0.1"];
        let site = Site::start(&stage, if behind { &trusted } else { &trusted[..3] });
        block_on(async {
            let client = client().build().expect("a client");
            let mut last = 0;
            for number in 1..=11 {
                let asked = client.get(format!("{}/api/v1/me", site.url)).bearer_auth("0".repeat(64));
                // What stands before the last address, anybody may have written.
                let asked = asked.header("x-forwarded-for", format!("192.0.2.1, 10.0.0.{number}"));
                last = asked.send().await.expect("an answer").status().as_u16();
            }
            assert_eq!(last, expected);
        });
    }
}

#[test]
fn without_tls_it_is_of_this_machine_alone() {
    let stage = stage();
    for (arguments, said) in [
        (&["--listen", "0.0.0.0:0"][..], "without TLS"),
        (&["--listen", "0.0.0.0:0", "--behind", "10.0.0.1"], "what people type"),
        (&["--public-url", "https://a/b"], "no address of a site"),
        (&["--tls-certificate", "a.pem"], "--tls-key"),
    ] {
        let ended = stage.run(&[&["serve", "--store", "m.db"], arguments].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
}
