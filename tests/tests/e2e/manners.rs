//! How clusters are asked, on a server that does what the real one of the tests cannot be made to do.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use asmm_model::{GapReason, Inventory, Seen};
use muster_tests::binary::muster;
use muster_tests::http::Reply;
use muster_tests::scripted::{Asked, CANARY, Scripted, bot, list, recorded};
use muster_tests::stage::Ended;
use serde_json::json;

const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";

fn run(kubeconfig: &Path, arguments: &[&str]) -> Ended {
    let home = tempfile::tempdir().expect("a folder");
    let output =
        muster(home.path()).env("KUBECONFIG", kubeconfig).args(arguments).output().expect("it can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    let ended =
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!ended.stdout.contains(CANARY) && !ended.stderr.contains(CANARY), "a value shows: {ended:?}");
    ended.orderly()
}

fn scan(server: &Scripted) -> Inventory {
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = server.kubeconfig(folder.path(), &["test"]);
    run(&kubeconfig, &["scan", "--format", "json", "k8s:", "--k8s-rate", "1000"]).inventory()
}

fn names(inventory: &Inventory) -> Vec<&str> {
    let mut names: Vec<&str> = inventory.systems.iter().map(|system| system.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// What stands in the coverage about one kind.
fn gap<'i>(inventory: &'i Inventory, what: &str) -> Option<(GapReason, &'i str)> {
    let mut gaps = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped);
    let gap = gaps.find(|gap| gap.what == what)?;
    Some((gap.why, gap.detail.as_deref().unwrap_or_default()))
}

fn state(inventory: &Inventory, kind: &str) -> Option<(Seen, u64)> {
    let mut kinds = inventory.coverage.iter().flat_map(|coverage| &coverage.kinds);
    kinds.find(|known| known.kind == kind).map(|known| (known.state, known.seen))
}

#[test]
fn a_current_server_is_asked_in_pages_and_for_no_more_than_is_needed() {
    let server = Scripted::new(|asked| match (asked.path.as_str(), asked.before) {
        ("/api/v1/pods", 0) => Some(Reply::ok(recorded("pods-page1"))),
        ("/api/v1/pods", 1) => Some(list(&[], None)),
        ("/apis/batch/v1/cronjobs", _) => Some(Reply::ok(recorded("cronjobs"))),
        ("/apis/kagent.dev/v1alpha2/agents", _) => Some(Reply::ok(recorded("kagent-agents"))),
        (DEPLOYMENTS, _) => Some(Reply::ok(recorded("deployments"))),
        _ => None,
    });
    let inventory = scan(&server);
    assert!(!inventory.systems.is_empty(), "{:?}", inventory.coverage);
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.method == "GET"), "nothing is changed");
    assert!(asked.iter().all(|asked| asked.agent.starts_with("muster/")), "{:?}", asked[0]);
    let of = |path: &str| -> Vec<&Asked> { asked.iter().filter(|asked| asked.path == path).collect() };
    let pods = of("/api/v1/pods");
    assert_eq!(pods.len(), 2);
    assert!(pods.iter().all(|page| page.query.starts_with("limit=500")), "{pods:?}");
    assert!(pods[1].query.contains("&continue=eyJ"), "{pods:?}");
    assert!(
        !pods.iter().any(|page| page.query.contains("resourceVersion")),
        "a limit would be ignored with it"
    );
    for names in ["/api/v1/serviceaccounts", "/apis/apps/v1/replicasets", "/api/v1/namespaces"] {
        assert!(of(names)[0].accept.contains("as=PartialObjectMetadataList"), "{names}");
    }
    // Every kind is asked in one version, in one list, and pods come last.
    assert_eq!(asked.last().map(|asked| asked.path.as_str()), Some("/api/v1/pods"));
    let paths: BTreeSet<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths.len() + 1, asked.len(), "but for the second page of pods");
    for path in ["/apis/kagent.dev/v1alpha1/mcpservers", "/apis/serving.kserve.io/v1beta1/inferenceservices"]
    {
        assert!(paths.contains(path), "{path}");
    }
    assert_eq!(state(&inventory, "pods"), Some((Seen::Complete, 3)));
    assert_eq!(state(&inventory, "*.llamastack.io"), Some((Seen::Absent, 0)));
}

#[test]
fn a_list_that_changes_faster_than_it_is_read_is_finished_and_said_so() {
    // With a place to go on from.
    let server = Scripted::new(|asked| match (asked.path.as_str(), asked.before) {
        (DEPLOYMENTS, 0) => Some(list(&[bot("a")], Some("old"))),
        (DEPLOYMENTS, 1) => Some(Reply { status: 410, ..Reply::ok(recorded("pods-410")) }),
        (DEPLOYMENTS, _) => Some(list(&[bot("b")], None)),
        _ => None,
    });
    let inventory = scan(&server);
    assert_eq!(names(&inventory), ["a", "b"]);
    assert_eq!(state(&inventory, "deployments.apps"), Some((Seen::Truncated, 2)));
    let (why, detail) = gap(&inventory, "deployments.apps").expect("a gap");
    assert!(why == GapReason::Failed && detail.contains("changed while it was read"), "{detail}");

    // Without one, it is begun anew, once.
    let server = Scripted::new(|asked| match (asked.path.as_str(), asked.before) {
        (DEPLOYMENTS, 0) => Some(list(&[bot("a")], Some("old"))),
        (DEPLOYMENTS, 1) => Some(Reply::status(410, "Expired")),
        (DEPLOYMENTS, _) => Some(list(&[bot("a"), bot("b")], None)),
        _ => None,
    });
    let inventory = scan(&server);
    assert_eq!(names(&inventory), ["a", "b"], "what came twice is there once");
    assert_eq!(state(&inventory, "deployments.apps"), Some((Seen::Complete, 2)));

    let server = Scripted::new(|asked| match (asked.path.as_str(), asked.before % 2) {
        (DEPLOYMENTS, 0) => Some(list(&[bot("a")], Some("old"))),
        (DEPLOYMENTS, _) => Some(Reply::status(410, "Expired")),
        _ => None,
    });
    let inventory = scan(&server);
    assert_eq!(names(&inventory), ["a"]);
    assert_eq!(state(&inventory, "deployments.apps"), Some((Seen::Truncated, 1)));
}

#[test]
fn a_server_that_asks_to_slow_down_is_obeyed_as_long_as_can_be_waited() {
    let server = Scripted::new(|asked| match (asked.path.as_str(), asked.before) {
        (DEPLOYMENTS, 0) => Some(Reply::status(429, "TooManyRequests").with("retry-after: 1")),
        (DEPLOYMENTS, 1) => Some(Reply::status(503, "ServiceUnavailable").with("retry-after: 0")),
        (DEPLOYMENTS, _) => Some(list(&[bot("a")], None)),
        ("/api/v1/services", _) => Some(Reply::status(429, "TooManyRequests").with("retry-after: 3600")),
        _ => None,
    });
    let inventory = scan(&server);
    assert_eq!(names(&inventory), ["a"]);
    assert_eq!(state(&inventory, "deployments.apps"), Some((Seen::Complete, 1)));
    assert_eq!(gap(&inventory, "services").map(|(why, _)| why), Some(GapReason::RateLimited));
    assert_eq!(state(&inventory, "services"), Some((Seen::Truncated, 0)));
}

#[test]
fn what_breaks_is_a_gap_and_ends_nothing() {
    let half = list(&[bot("lost")], None);
    let server = Scripted::new(move |asked| match asked.path.as_str() {
        "/apis/apps/v1/statefulsets" => Some(Reply { cut: Some(60), ..half.clone() }),
        "/apis/apps/v1/daemonsets" => Some(Reply::ok(format!("<html>{CANARY}"))),
        "/apis/batch/v1/jobs" => {
            Some(list(&[json!({"metadata": {"name": "j", "namespace": "n"}})], Some("same")))
        }
        "/apis/batch/v1/cronjobs" => Some(Reply::status(500, "InternalError")),
        "/apis/ray.io/v1/rayjobs" => Some(Reply { status: 404, ..Reply::ok("404 page not found") }),
        "/apis/kaito.sh/v1beta1/workspaces" => Some(Reply::status(403, "Forbidden")),
        "/apis/kagent.dev/v1alpha2/agents" => {
            Some(Reply::ok(r#"{"items": [7, null, {"spec": []}, {"metadata": {"name": 3}}]}"#))
        }
        DEPLOYMENTS => Some(list(&[bot("a")], None)),
        _ => None,
    });
    let inventory = scan(&server);
    assert_eq!(names(&inventory), ["a"]);
    let gap = |what: &str| gap(&inventory, what).map(|(why, detail)| (why, detail.to_owned()));
    let (why, detail) = gap("statefulsets.apps").expect("a gap");
    assert!(why == GapReason::Failed && detail.contains("no answer"), "{detail}");
    assert_eq!(gap("daemonsets.apps").map(|(why, _)| why), Some(GapReason::Unparsable));
    assert!(gap("jobs.batch").is_some_and(|(_, detail)| detail.contains("to itself")));
    assert!(gap("cronjobs.batch").is_some_and(|(_, detail)| detail.contains("500 InternalError")));
    assert_eq!(gap("workspaces.kaito.sh").map(|(why, _)| why), Some(GapReason::Denied));
    assert_eq!(state(&inventory, "workspaces.kaito.sh"), Some((Seen::Forbidden, 0)));
    assert_eq!(state(&inventory, "rayjobs.ray.io"), Some((Seen::Absent, 0)));
    assert_eq!(gap("rayjobs.ray.io"), None);
    assert_eq!(state(&inventory, "statefulsets.apps"), Some((Seen::Truncated, 0)));
}

#[test]
fn groups_that_do_not_answer_are_gaps_of_discovery() {
    // A current server says so itself.
    let stale = r#"{"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "kagent.dev"}, "versions": [{"version": "v1alpha2", "freshness": "Stale"}]}]}"#;
    let server = Scripted::new(move |asked| (asked.path == "/apis").then(|| Reply::ok(stale)));
    let inventory = scan(&server);
    assert_eq!(gap(&inventory, "kinds of kagent.dev/v1alpha2").map(|(why, _)| why), Some(GapReason::Failed));

    // An old one is asked group by group.
    let server = Scripted::new(|asked| match asked.path.as_str() {
        "/api" => Some(Reply::ok(r#"{"kind": "APIVersions", "versions": ["v1"]}"#)),
        "/apis" => Some(Reply::ok(
            r#"{"groups": [{"name": "apps", "versions": [{"version": "v1"}]}, {"name": "kagent.dev", "versions": [{"version": "v1alpha2"}]}]}"#,
        )),
        "/apis/apps/v1" => Some(Reply::ok(
            r#"{"resources": [{"name": "deployments", "namespaced": true, "kind": "Deployment", "verbs": ["list"]}, {"name": "deployments/scale", "kind": "Scale", "verbs": ["get"]}]}"#,
        )),
        "/apis/kagent.dev/v1alpha2" => Some(Reply::status(503, "ServiceUnavailable")),
        DEPLOYMENTS => Some(list(&[bot("a")], None)),
        _ => None,
    });
    let inventory = scan(&server);
    assert_eq!(names(&inventory), ["a"]);
    assert!(gap(&inventory, "kinds of kagent.dev/v1alpha2").is_some(), "{:?}", inventory.coverage);
}

#[test]
fn a_configuration_runs_programs_only_where_that_is_allowed() {
    let server = Scripted::new(|asked| (asked.path == DEPLOYMENTS).then(|| list(&[bot("a")], None)));
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("sign-in");
    let said = json!({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": CANARY}});
    std::fs::write(&program, format!("#!/bin/sh\necho '{said}'\n")).expect("it is written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let user = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": program, "interactiveMode": "Never"}});
    let kubeconfig = server.kubeconfig_as(folder.path(), &["test"], &user);
    let refused = run(&kubeconfig, &["scan", "k8s:"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("sign-in") && refused.stderr.contains("--k8s-allow-exec"),
        "{}",
        refused.stderr
    );
    assert_eq!(server.asked().len(), 0, "nothing was run and nothing was asked");
    let allowed = run(&kubeconfig, &["scan", "k8s:", "--k8s-allow-exec"]);
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
    let bearer = format!("Bearer {CANARY}");
    assert!(server.asked().iter().all(|asked| asked.authorization == bearer));
}

#[test]
fn doctor_tells_what_a_server_tells_of_itself() {
    let server = Scripted::new(|asked| {
        asked.path.ends_with("/selfsubjectrulesreviews").then(|| {
            Reply::ok(
                r#"{"status": {"incomplete": true, "resourceRules": [{"verbs": ["get", "list"], "apiGroups": ["", "apps"], "resources": ["*"]}, {"verbs": ["list"], "apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["one"]}]}}"#,
            )
        })
    });
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = server.kubeconfig(folder.path(), &["test"]);
    let doctor = run(&kubeconfig, &["doctor", "k8s"]);
    assert_eq!(doctor.code, Some(0), "what is not known is not missing: {doctor:?}");
    assert!(doctor.stdout.starts_with("Kubernetes v1.36.2, as auditor, "), "{}", doctor.stdout);
    let line = |name: &str| {
        let mut lines = doctor.stdout.lines().filter(|line| line.split_whitespace().any(|word| word == name));
        lines.next().map(|line| line.split_whitespace().next().unwrap_or_default().to_owned())
    };
    assert_eq!(line("deployments.apps").as_deref(), Some("granted"));
    assert_eq!(line("jobs.batch").as_deref(), Some("unknown"), "one object by its name is not the list");
    let posts: Vec<Asked> = server.asked().into_iter().filter(|asked| asked.method == "POST").collect();
    assert!(posts.iter().all(|asked| asked.path.contains("/selfsubject")), "{posts:?}");
    let one = run(&kubeconfig, &["doctor", "k8s:test", "--k8s-namespaces", "shop"]);
    assert!(one.stdout.contains("list pods in shop"), "{}", one.stdout);
}
