//! The chart installed on a real server, and scans as its service account: all that it is granted, and no more.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use asmm_model::{Inventory, Seen};
use muster_tests::binary::muster;
use muster_tests::kubernetes::Cluster;
use muster_tests::postgres::Postgres;
use muster_tests::stage::Stage;
use serde_json::{Value, json};

use super::chart::site::{Served, command};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn helm(cluster: &Cluster, arguments: &[&str]) -> Output {
    let made = Command::new(root().join("tests/kubernetes/charts")).output().expect("the script can be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let home = tempfile::tempdir().expect("a folder");
    let helm = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()).join("bin/helm");
    let output = Command::new(helm)
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .env("KUBECONFIG", cluster.kubeconfig())
        .output()
        .expect("helm can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A configuration under which the administrator asks in the name of a service account.
fn impersonating(cluster: &Cluster, namespace: &str, account: &str) -> (tempfile::TempDir, PathBuf) {
    let read = std::fs::read(cluster.kubeconfig()).expect("a configuration");
    let mut configuration: Value = serde_json::from_slice(&read).expect("JSON");
    configuration["users"][0]["user"]["as"] = format!("system:serviceaccount:{namespace}:{account}").into();
    configuration["users"][0]["user"]["as-groups"] = json!([
        "system:serviceaccounts",
        format!("system:serviceaccounts:{namespace}"),
        "system:authenticated"
    ]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("impersonating");
    std::fs::write(&path, configuration.to_string()).expect("it is written");
    (folder, path)
}

fn scan(kubeconfig: &PathBuf, arguments: &[String]) -> Inventory {
    let home = tempfile::tempdir().expect("a folder");
    let output =
        muster(home.path()).env("KUBECONFIG", kubeconfig).args(arguments).output().expect("it can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice(&output.stdout).expect("an inventory")
}

/// What the pods of the chart run.
fn arguments(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let (code, job) = cluster.get(&format!("/apis/batch/v1beta1/namespaces/{namespace}/cronjobs/muster"));
    assert_eq!(code, 200, "{job}");
    let arguments = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"];
    serde_json::from_value(arguments.clone()).expect("a list of texts")
}

/// A cluster with a workload in each of some namespaces, one of which is for the chart.
fn cluster() -> Cluster {
    let cluster = Cluster::start();
    for namespace in ["security", "shop", "other"] {
        cluster.apply(&[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})]);
        cluster.apply(&[json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "bot", "namespace": namespace},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
                {"name": "a", "image": "acme/bot", "env": [{"name": "OPENAI_API_KEY", "value": "x"}]}]}}}})]);
    }
    cluster
}

#[test]
fn the_chart_grants_what_a_scan_needs_and_nothing_else() {
    let cluster = cluster();
    let chart = root().join("deploy/helm/muster");
    let chart = chart.to_str().expect("a path is a text");
    let image = "image.repository=registry.example/muster";
    helm(
        &cluster,
        &["install", "muster", chart, "--namespace", "security", "--set", image, "--set", "clusterName=prod"],
    );

    // In the whole cluster: nothing that is listed is refused, and secrets are.
    let (_folder, kubeconfig) = impersonating(&cluster, "security", "muster");
    let of_job = arguments(&cluster, "security");
    let inventory = scan(&kubeconfig, &of_job);
    let gaps: Vec<_> = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped).collect();
    assert!(gaps.is_empty(), "{gaps:?}");
    let roots: Vec<&str> = inventory.systems.iter().map(|system| system.root.as_str()).collect();
    for namespace in ["security", "shop", "other"] {
        assert!(roots.contains(&format!("prod/{namespace}/deployment/bot").as_str()), "{roots:?}");
    }
    let token = cluster.token("security", "muster");
    for refused in ["/api/v1/secrets", "/api/v1/configmaps", "/api/v1/namespaces/security/secrets"] {
        assert_eq!(cluster.get_as(&token, refused).0, 403, "{refused}");
    }
    only_lists(&cluster, "security-muster");

    // In one namespace: a role there, and the rest is told as not seen.
    helm(
        &cluster,
        &[
            "upgrade",
            "muster",
            chart,
            "--namespace",
            "security",
            "--set",
            image,
            "--set",
            "rbac.clusterWide=false",
            "--set",
            "rbac.namespaces={shop}",
        ],
    );
    let inventory = scan(&kubeconfig, &arguments(&cluster, "security"));
    let roots: Vec<&str> = inventory.systems.iter().map(|system| system.root.as_str()).collect();
    assert_eq!(roots, ["shop/deployment/bot"]);
    let kinds = || inventory.coverage.iter().flat_map(|coverage| &coverage.kinds);
    let forbidden: Vec<&str> =
        kinds().filter(|kind| kind.state == Seen::Forbidden).map(|kind| kind.kind.as_str()).collect();
    assert_eq!(
        forbidden,
        ["clusterrolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"],
        "what belongs to no namespace"
    );
    assert_eq!(cluster.get_as(&token, "/apis/apps/v1/namespaces/other/deployments").0, 403);

    helm(&cluster, &["uninstall", "muster", "--namespace", "security"]);
    assert_eq!(cluster.get("/apis/batch/v1beta1/namespaces/security/cronjobs/muster").0, 404);
}

/// What the pods of the chart would do now, with a folder in place of the volume: the arguments and the configuration are those
/// that the server has.
fn run(cluster: &Cluster, kubeconfig: &Path, folder: &Path) -> String {
    let (code, map) = cluster.get("/api/v1/namespaces/security/configmaps/muster");
    assert_eq!(code, 200, "{map}");
    let volume = folder.to_str().expect("a path is a text");
    let text = map["data"]["muster.toml"].as_str().expect("a text").replace("/var/lib/muster", volume);
    let file = folder.join("muster.toml");
    std::fs::write(&file, text).expect("it is written");
    let arguments = arguments(cluster, "security").into_iter().map(|argument| {
        argument.replace("/etc/muster/muster.toml", file.to_str().expect("a path is a text"))
    });
    let output =
        muster(folder).env("KUBECONFIG", kubeconfig).args(arguments).output().expect("it can be run");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

/// Name and presence of all systems that a store knows.
fn systems(folder: &Path, store: &str) -> Vec<String> {
    let output = muster(folder).args(["systems", "--format", "json", "--store", store]).output();
    let output = output.expect("it can be run");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut all: Vec<String> = listed
        .iter()
        .map(|one| {
            format!("{} {}", one["name"].as_str().expect("a name"), one["presence"].as_str().expect("a word"))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn the_chart_keeps_what_it_finds_on_a_volume_and_in_a_database() {
    let cluster = cluster();
    let chart = root().join("deploy/helm/muster");
    let chart = chart.to_str().expect("a path is a text");
    let database = Postgres::shared().database();
    let given =
        ["--namespace", "security", "--set", "image.repository=registry.example/muster,clusterName=prod"];
    let (_folder, kubeconfig) = impersonating(&cluster, "security", "muster");
    for (verb, set, server) in [
        ("install", "persistence.enabled=true,scan.gapsAreFine=false,retention.keep=400d".to_owned(), false),
        ("upgrade", format!("persistence.enabled=true,store.postgres.url={database}"), true),
    ] {
        helm(&cluster, &[&[verb, "muster", chart][..], &given, &["--set", &set]].concat());
        let volume = tempfile::tempdir().expect("a folder");
        let store = volume.path().join("muster.db");
        let kept = if server { database.as_str() } else { store.to_str().expect("a path is a text") };
        let first = run(&cluster, &kubeconfig, volume.path());
        assert_eq!(systems(volume.path(), kept), ["bot new", "bot new", "bot new"], "{first}");
        run(&cluster, &kubeconfig, volume.path());
        assert_eq!(systems(volume.path(), kept), ["bot present", "bot present", "bot present"]);
        assert_eq!(store.exists(), !server);
        let exported = std::fs::read(volume.path().join("inventory.json")).expect("it is exported");
        let exported: Inventory = serde_json::from_slice(&exported).expect("an inventory");
        let roots: Vec<&str> = exported.systems.iter().map(|system| system.root.as_str()).collect();
        let expected =
            ["other", "security", "shop"].map(|namespace| format!("prod/{namespace}/deployment/bot"));
        assert_eq!(roots, expected);
    }
}

#[test]
fn the_chart_runs_a_site_beside_its_scans() {
    let cluster = cluster();
    let chart = root().join("deploy/helm/muster");
    let chart = chart.to_str().expect("a path is a text");
    let database = Postgres::shared().database();
    let (_folder, kubeconfig) = impersonating(&cluster, "security", "muster");
    let deployment = || {
        let (code, found) = cluster.get("/apis/apps/v1/namespaces/security/deployments/muster-site");
        assert_eq!(code, 200, "{found}");
        found
    };
    let on_volume = "image.repository=registry.example/muster,persistence.enabled=true,site.enabled=true";
    let in_database = format!(
        "image.repository=registry.example/muster,store.postgres.url={database},site.enabled=true,site.replicas=2"
    );
    // Also back: how pods are replaced is another way for each, and the server has to take the change.
    for (verb, set, strategy) in [
        ("install", on_volume, "Recreate"),
        ("upgrade", in_database.as_str(), "RollingUpdate"),
        ("upgrade", on_volume, "Recreate"),
    ] {
        let said = helm(&cluster, &[verb, "muster", chart, "--namespace", "security", "--set", set]).stdout;
        let said = String::from_utf8(said).expect("notes are text");
        let deployment = deployment();
        assert_eq!(deployment["spec"]["strategy"]["type"], strategy);
        let stage = Stage::new();
        let site = Served::start(&deployment, &stage, &[], &[]);
        let cookie = site.let_in(&stage, command(&said));
        let count = || site.page("/systems", &cookie).1.matches("<bdi>bot</bdi>").count();
        assert_eq!(count(), 0);
        // It goes on while scans are run, and shows what they find.
        run(&cluster, &kubeconfig, stage.lair());
        assert_eq!(count(), 3);
        run(&cluster, &kubeconfig, stage.lair());
        assert_eq!(site.page("/readyz", "").0, 200);
    }
    let token = cluster.token("security", "muster-site");
    for refused in ["pods", "secrets", "configmaps"] {
        assert_eq!(cluster.get_as(&token, &format!("/api/v1/namespaces/security/{refused}")).0, 403);
    }

    // Behind an Ingress: the server takes all of it.
    let folder = tempfile::tempdir().expect("a folder");
    let values = folder.path().join("values.yaml");
    std::fs::write(&values, super::chart::site::TEAM).expect("it is written");
    let values = values.to_str().expect("a path is a text");
    helm(&cluster, &["upgrade", "muster", chart, "--namespace", "security", "--values", values]);
    let volumes = deployment()["spec"]["template"]["spec"]["volumes"].clone();
    for secret in ["tls", "oidc"] {
        let volume = volumes.as_array().into_iter().flatten().find(|volume| volume["name"] == secret);
        assert_eq!(volume.expect("a volume")["secret"]["defaultMode"], 0o440, "{secret}");
    }
    for (kind, group) in [("ingresses", "networking.k8s.io/v1"), ("poddisruptionbudgets", "policy/v1beta1")] {
        let path = format!("/apis/{group}/namespaces/security/{kind}/muster-site");
        assert_eq!(cluster.get(&path).0, 200, "{path}");
    }
    helm(&cluster, &["uninstall", "muster", "--namespace", "security"]);
    assert_eq!(cluster.get("/apis/apps/v1/namespaces/security/deployments/muster-site").0, 404);
}

/// No rule of the roles that were made lets anything be done but to list.
fn only_lists(cluster: &Cluster, what: &str) {
    let (_, roles) = cluster.get("/apis/rbac.authorization.k8s.io/v1/clusterroles");
    let ours: Vec<&Value> = roles["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|role| role["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm")
        .collect();
    assert_eq!(ours.len(), 1, "{what}");
    for rule in ours[0]["rules"].as_array().expect("rules") {
        assert_eq!(rule["verbs"], json!(["list"]), "{rule}");
    }
}

#[test]
fn the_chart_has_the_role_that_the_binary_prints() {
    let home = tempfile::tempdir().expect("a folder");
    let output = muster(home.path()).args(["doctor", "k8s", "--policy"]).output().expect("it can be run");
    let of_chart = std::fs::read(root().join("deploy/helm/muster/files/clusterrole.yaml")).expect("a file");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&of_chart),
        "write it anew: muster doctor k8s --policy > deploy/helm/muster/files/clusterrole.yaml"
    );
}
