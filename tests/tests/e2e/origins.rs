//! Which repositories images come from, as their registries tell: a real one, and one that asks for tokens.

use std::collections::BTreeMap;

use asmm_model::{DeploymentKind, GapReason, Inventory, JoinStrength};
use muster_tests::binary::muster;
use muster_tests::http::{Reply, listen};
use muster_tests::registry::Registry;
use muster_tests::scripted::{CANARY, Scripted, list};
use serde_json::{Value, json};

/// Deployments of the images, each by the name of its place in the list.
fn cluster(images: &[String]) -> Scripted {
    let deployment = |(at, image): (usize, &String)| {
        json!({"metadata": {"name": format!("bot-{at}"), "namespace": "n"}, "spec": {"template": {"spec": {"containers": [
            {"image": image, "env": [{"name": "OPENAI_API_KEY", "value": CANARY}]}]}}}})
    };
    let items: Vec<Value> = images.iter().enumerate().map(deployment).collect();
    Scripted::new(move |asked| (asked.path == "/apis/apps/v1/deployments").then(|| list(&items, None)))
}

fn scan(server: &Scripted, more: &[&str]) -> Inventory {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let kubeconfig = server.kubeconfig(folder.path(), &["test"]);
    let output = muster(home.path())
        .env("KUBECONFIG", kubeconfig)
        .args(["scan", "--format", "json", "k8s:", "--k8s-rate", "1000"])
        .args(more)
        .output()
        .expect("it can be run");
    let text = String::from_utf8(output.stdout).expect("output is UTF-8");
    assert!(!text.contains(CANARY) && !String::from_utf8_lossy(&output.stderr).contains(CANARY), "{text}");
    serde_json::from_str(&text).expect("an inventory")
}

/// Repositories by the name of the system, with how surely.
fn repositories(inventory: &Inventory) -> BTreeMap<String, (String, Option<JoinStrength>)> {
    let of = |system: &asmm_model::System| {
        let place = system.locations.iter().find(|place| place.kind == DeploymentKind::Repo)?;
        Some((system.name.clone(), (place.reference.clone(), place.strength)))
    };
    inventory.systems.iter().filter_map(of).collect()
}

fn gaps(inventory: &Inventory) -> Vec<(String, GapReason)> {
    let all = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped);
    all.filter(|gap| gap.what.starts_with("labels of images"))
        .map(|gap| (gap.what.clone(), gap.why))
        .collect()
}

#[test]
fn labels_of_a_real_registry_name_the_repository() {
    let registry = Registry::start();
    let source = json!({"org.opencontainers.image.source": format!("https://bot:{CANARY}@git.example/acme/bot"), "org.opencontainers.image.revision": "abc"});
    registry.push("acme/bot", "1", &source, false);
    let digest = registry.push(
        "acme/both",
        "2",
        &json!({"org.label-schema.vcs-url": "https://git.example/acme/both"}),
        true,
    );
    registry.push("acme/plain", "1", &json!({"maintainer": "me"}), false);
    registry.push(
        "acme/odd",
        "1",
        &json!({"org.opencontainers.image.source": format!("{CANARY} no address")}),
        false,
    );
    let host = &registry.host;
    let server = cluster(&[
        format!("{host}/acme/bot:1"),
        format!("{host}/acme/both@{digest}"),
        format!("{host}/acme/plain:1"),
        format!("{host}/acme/odd:1"),
        format!("{host}/acme/gone:1"),
    ]);
    let inventory = scan(&server, &["--k8s-registries"]);
    let strong = |url: &str| (url.to_owned(), Some(JoinStrength::Strong));
    let expected = [
        ("bot-0", strong("https://git.example/acme/bot")),
        ("bot-1", strong("https://git.example/acme/both")),
    ];
    assert_eq!(repositories(&inventory), expected.map(|(name, of)| (name.to_owned(), of)).into());
    assert_eq!(
        gaps(&inventory),
        [(format!("labels of images of {host}"), GapReason::Failed)],
        "of the one that is gone"
    );

    // Nobody is asked who was not to be asked.
    drop(registry);
    assert_eq!(repositories(&scan(&server, &[])), BTreeMap::new());
}

#[test]
fn a_token_that_anybody_is_given_is_fetched_and_sent_nowhere_else() {
    let config = json!({"config": {"Labels": {"org.opencontainers.image.source": "https://git.example/acme/guarded"}}});
    let digest = format!("sha256:{}", "a".repeat(64));
    let host = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let of_script = std::sync::Arc::clone(&host);
    let url = listen(move |request| {
        let host = of_script.lock().expect("no test panics here").clone();
        let has_token =
            request.headers.get("authorization").is_some_and(|value| value == &format!("Bearer {CANARY}"));
        let challenge = |realm: String| Reply {
            status: 401,
            headers: vec![format!("www-authenticate: Bearer realm=\"{realm}\",service=\"s\"")],
            ..Reply::ok("")
        };
        Some(match request.path.as_str() {
            "/token" if request.query == "service=s&scope=repository%3Aacme%2Fguarded%3Apull" => {
                Reply::ok(json!({"token": CANARY}).to_string())
            }
            path if path.contains("/acme/private/") => challenge(format!("http://{host}/nobody")),
            // An address that is not of this machine is not asked without encryption.
            path if path.contains("/acme/elsewhere/") => {
                challenge("http://registry.example/token".to_owned())
            }
            _ if !has_token => challenge(format!("http://{host}/token")),
            path if path.ends_with("/manifests/1") => {
                Reply::ok(json!({"config": {"digest": digest}}).to_string())
            }
            path if path.contains("/blobs/sha256:") => Reply::ok(config.to_string()),
            _ => Reply { status: 404, ..Reply::ok("") },
        })
    });
    let address = url.trim_start_matches("http://").to_owned();
    host.lock().expect("no test panics here").clone_from(&address);
    let image = |name: &str| format!("{address}/acme/{name}:1");
    let server = cluster(&[image("guarded"), image("private"), image("elsewhere")]);
    let inventory = scan(&server, &["--k8s-registries"]);
    assert_eq!(
        repositories(&inventory),
        BTreeMap::from([(
            "bot-0".to_owned(),
            ("https://git.example/acme/guarded".to_owned(), Some(JoinStrength::Strong))
        )])
    );
    let what = format!("labels of images of {address}");
    assert_eq!(gaps(&inventory), [(what.clone(), GapReason::Denied), (what, GapReason::Failed)]);
}
