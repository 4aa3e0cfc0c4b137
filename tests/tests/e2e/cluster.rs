//! A real server of Kubernetes with a cluster on it, against what was written down before it was scanned.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use asmm_model::{Evidence, GapReason, Inventory, Privilege, Seen, System};
use muster_tests::binary::muster;
use muster_tests::kubernetes::Cluster;
use muster_tests::stage::Ended;
use serde::Deserialize;
use serde_json::{Value, json};

const CANARY: &str = "CANARY";
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kubernetes/golden");

#[derive(Deserialize)]
struct Golden {
    object: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    place: String,
    is: Is,
    verdict: Option<String>,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    account: Option<String>,
    privilege: Option<String>,
    #[serde(default)]
    says: Vec<String>,
    why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Is {
    System,
    Component,
    Nothing,
}

fn golden() -> Vec<Object> {
    let text = std::fs::read_to_string(format!("{GOLDEN}.toml")).expect("the expectations can be read");
    toml::from_str::<Golden>(&text).expect("they are of their form").object
}

fn objects() -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{GOLDEN}.yaml")).expect("the objects can be read");
    serde_saphyr::from_multiple(&text).expect("they are YAML")
}

/// A definition of a kind that lets everything through: real ones of 2026 are too new for the server.
fn definition(group: &str, versions: &[&str], kind: &str, plural: &str) -> Value {
    let version = |name: &&str| {
        json!({
            "name": name, "served": true, "storage": *name == versions[0],
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}"), "annotations": {"api-approved.kubernetes.io": "unapproved, of a test"}},
        "spec": {
            "group": group, "scope": "Namespaced", "versions": versions.iter().map(version).collect::<Vec<_>>(),
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
        },
    })
}

fn definitions() -> Vec<Value> {
    vec![
        // The preferred version of the group knows nothing of agents, as that of kagent itself.
        definition("kagent.dev", &["v1alpha3"], "AgentHarness", "agentharnesses"),
        definition("kagent.dev", &["v1alpha2"], "Agent", "agents"),
        definition("kagent.dev", &["v1alpha2"], "ModelConfig", "modelconfigs"),
        definition("kagent.dev", &["v1alpha2"], "RemoteMCPServer", "remotemcpservers"),
        definition("toolhive.stacklok.dev", &["v1alpha1"], "MCPServer", "mcpservers"),
        definition("serving.kserve.io", &["v1beta1"], "InferenceService", "inferenceservices"),
        definition("agents.x-k8s.io", &["v1alpha1"], "Sandbox", "sandboxes"),
        definition("cilium.io", &["v2"], "CiliumNetworkPolicy", "ciliumnetworkpolicies"),
        definition("keda.sh", &["v1alpha1"], "ScaledObject", "scaledobjects"),
        definition("argoproj.io", &["v1alpha1"], "Application", "applications"),
        definition("llm.acme.example", &["v1"], "PromptFlow", "promptflows"),
        definition("cache.acme.example", &["v1"], "RedisCluster", "redisclusters"),
    ]
}

/// The cluster of `golden.yaml`, on a server.
fn cluster() -> Cluster {
    let cluster = Cluster::start();
    cluster.apply(&definitions());
    for mut object in objects() {
        let status = object.as_object_mut().and_then(|map| map.remove("status"));
        let place = (
            object["kind"].clone(),
            object["metadata"]["namespace"].clone(),
            object["metadata"]["name"].clone(),
        );
        match (status, &place) {
            (Some(status), (Value::String(kind), Value::String(namespace), Value::String(name)))
                if kind == "Pod" =>
            {
                cluster.apply(&[object]);
                cluster.status(&format!("/api/v1/namespaces/{namespace}/pods/{name}"), &status);
            }
            (Some(status), _) => {
                object["status"] = status;
                cluster.apply(&[object]);
            }
            (None, _) => cluster.apply(&[object]),
        }
    }
    cluster
}

fn run(kubeconfig: &Path, arguments: &[&str]) -> Ended {
    let home = tempfile::tempdir().expect("a folder");
    let output = muster(home.path())
        .env("KUBECONFIG", kubeconfig)
        .args(arguments)
        .timeout(muster_tests::binary::PATIENCE * 5)
        .output()
        .expect("it can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    let ended =
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!ended.stdout.contains(CANARY) && !ended.stderr.contains(CANARY), "a value shows: {ended:?}");
    ended.orderly()
}

fn scan(kubeconfig: &Path, arguments: &[&str]) -> Inventory {
    run(kubeconfig, &[&["scan", "--format", "json"], arguments].concat()).inventory()
}

fn texts(evidence: &[Evidence]) -> String {
    let lines = evidence.iter().map(|e| format!("{}: {}", e.place, e.note.as_deref().unwrap_or_default()));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong about one object; nothing where all is as expected.
fn differs(object: &Object, inventory: &Inventory) -> Option<String> {
    let systems: Vec<&System> =
        inventory.systems.iter().filter(|system| system.root == object.place).collect();
    let is_here = |evidence: &[Evidence]| {
        evidence.iter().any(|e| e.place.to_string().split('#').next() == Some(&object.place))
    };
    let components: Vec<String> = inventory
        .components
        .iter()
        .filter(|component| is_here(&component.evidence))
        .map(|component| format!("{} {}", component.name, texts(&component.evidence)))
        .collect();
    let found = match () {
        () if !systems.is_empty() => Is::System,
        () if !components.is_empty() => Is::Component,
        () => Is::Nothing,
    };
    if found != object.is {
        return Some(format!("it is {found:?} and should be {:?}", object.is));
    }
    let said: String =
        systems.iter().map(|system| serde_json::to_string(system).expect("JSON")).chain(components).collect();
    if let Some(lacking) = object.says.iter().find(|says| !said.contains(says.as_str())) {
        return Some(format!("nothing says `{lacking}`: {said}"));
    }
    if let Some(verdict) = &object.verdict
        && !systems.iter().any(|system| system.verdict.name() == verdict)
    {
        return Some(format!("its verdict should be {verdict}: {said}"));
    }
    let of_systems = systems.iter().flat_map(|system| &system.identities);
    let identities: BTreeMap<&str, &str> = of_systems
        .chain(&inventory.identities)
        .filter_map(|identity| Some((identity.name.as_str(), identity.privilege.map(Privilege::name)?)))
        .collect();
    if let Some(account) = &object.account {
        let privilege = identities.get(account.as_str());
        if privilege.is_none() || object.privilege.as_deref().is_some_and(|wanted| Some(&wanted) != privilege)
        {
            return Some(format!(
                "the account {account} is {privilege:?} and should be {:?}",
                object.privilege
            ));
        }
    }
    for (criterion, answer) in &object.answers {
        let criteria = systems.iter().map(|system| serde_json::to_value(&system.criteria).expect("JSON"));
        let given: Vec<String> =
            criteria.map(|all| all[criterion]["answer"].as_str().unwrap_or("none").to_owned()).collect();
        if !given.contains(answer) {
            return Some(format!("{criterion} is {given:?} and should be {answer}"));
        }
    }
    None
}

/// What is wrong about all of it, one line each.
fn differences(inventory: &Inventory, expected: &[Object]) -> Vec<String> {
    let line =
        |object: &Object| Some(format!("{}: {} ({})", object.place, differs(object, inventory)?, object.why));
    expected.iter().filter_map(line).collect()
}

/// What stands in the coverage of kinds, of those with a state.
fn kinds(inventory: &Inventory, state: Seen) -> BTreeSet<String> {
    let all = inventory.coverage.iter().flat_map(|coverage| &coverage.kinds);
    all.filter(|kind| kind.state == state)
        .map(|kind| {
            if kind.within.is_empty() {
                kind.kind.clone()
            } else {
                format!("{} in {}", kind.kind, kind.within)
            }
        })
        .collect()
}

#[test]
fn a_cluster_on_a_real_server_is_told_as_it_was_laid_out() {
    let cluster = cluster();
    let admin = cluster.kubeconfig();
    let expected = golden();

    let inventory = scan(&admin, &["k8s:"]);
    let wrong = differences(&inventory, &expected);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
    let gaps: Vec<_> = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped).collect();
    assert!(gaps.is_empty(), "{gaps:?}");
    let known: BTreeSet<&str> = expected.iter().map(|object| object.place.as_str()).collect();
    let more: Vec<&str> = inventory
        .systems
        .iter()
        .map(|system| system.root.as_str())
        .filter(|root| !known.contains(root))
        .collect();
    assert!(more.is_empty(), "nothing else is a system: {more:?}");
    let complete = kinds(&inventory, Seen::Complete);
    for kind in
        ["pods", "deployments.apps", "cronjobs.batch", "agents.kagent.dev", "promptflows.llm.acme.example"]
    {
        assert!(complete.contains(kind), "{kind} is not among {complete:?}");
    }
    assert!(!complete.iter().any(|kind| kind.starts_with("secrets") || kind.starts_with("configmaps")));
    assert!(kinds(&inventory, Seen::Absent).contains("*.kaito.sh"));

    the_same_from_saved_objects(&cluster, &expected);
    with_what_the_role_grants(&cluster, &expected);
    what_may_not_be_listed_is_not_empty(&cluster);
    one_namespace(&cluster);
    several_contexts(&cluster);
    who_is_not_accepted(&cluster);
}

/// What `kubectl get -o json` prints comes to the same as the server itself.
fn the_same_from_saved_objects(cluster: &Cluster, expected: &[Object]) {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = [
        "/api/v1/namespaces",
        "/api/v1/pods",
        "/api/v1/serviceaccounts",
        "/api/v1/services",
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/statefulsets",
        "/apis/apps/v1/replicasets",
        "/apis/batch/v1beta1/cronjobs",
        "/apis/rbac.authorization.k8s.io/v1/roles",
        "/apis/rbac.authorization.k8s.io/v1/rolebindings",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "/apis/kagent.dev/v1alpha2/agents",
        "/apis/kagent.dev/v1alpha2/modelconfigs",
        "/apis/kagent.dev/v1alpha2/remotemcpservers",
        "/apis/toolhive.stacklok.dev/v1alpha1/mcpservers",
        "/apis/serving.kserve.io/v1beta1/inferenceservices",
        "/apis/agents.x-k8s.io/v1alpha1/sandboxes",
        "/apis/cilium.io/v2/ciliumnetworkpolicies",
        "/apis/keda.sh/v1alpha1/scaledobjects",
        "/apis/argoproj.io/v1alpha1/applications",
        "/apis/llm.acme.example/v1/promptflows",
        "/apis/cache.acme.example/v1/redisclusters",
    ];
    for path in paths {
        let (code, mut list) = cluster.get(path);
        assert_eq!(code, 200, "{path}");
        let version = list["apiVersion"].clone();
        let kind =
            list["kind"].as_str().and_then(|kind| kind.strip_suffix("List")).expect("a list").to_owned();
        // As kubectl prints them: one list, whose items say what they are.
        for item in list["items"].as_array_mut().expect("items") {
            item["apiVersion"] = version.clone();
            item["kind"] = kind.clone().into();
        }
        list["kind"] = "List".into();
        list["apiVersion"] = "v1".into();
        let name = path.rsplit('/').next().expect("a name");
        std::fs::write(folder.path().join(format!("{name}.json")), list.to_string()).expect("it is written");
    }
    let inventory = scan(folder.path(), &[&format!("k8s-export:{}", folder.path().display())]);
    let wrong = differences(&inventory, expected);
    assert!(wrong.is_empty(), "of an export, {} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

/// A client that may do what `muster doctor k8s --policy` prints, and nothing else, sees everything but what only sounds
/// like AI; and may not read a secret.
fn with_what_the_role_grants(cluster: &Cluster, expected: &[Object]) {
    let role = run(&cluster.kubeconfig(), &["doctor", "k8s", "--policy"]);
    let role: Value = serde_saphyr::from_str(&role.stdout).expect("a role in YAML");
    cluster.apply(&[
        role,
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "muster", "namespace": "ops"}}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "muster"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "muster"},
            "subjects": [{"kind": "ServiceAccount", "name": "muster", "namespace": "ops"}],
        }),
    ]);
    let token = cluster.token("ops", "muster");
    for refused in ["/api/v1/secrets", "/api/v1/configmaps", "/api/v1/namespaces/shop/secrets/keys"] {
        assert_eq!(cluster.get_as(&token, refused).0, 403, "{refused}");
    }
    let limited = cluster.kubeconfig_for("limited", &token);
    let inventory = scan(&limited, &["k8s:"]);
    let expected = expected.iter().filter(|object| object.place != "ai/promptflow/checkout");
    let wrong: Vec<String> = expected
        .filter_map(|object| Some(format!("{}: {}", object.place, differs(object, &inventory)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        kinds(&inventory, Seen::Forbidden),
        BTreeSet::from(["promptflows.llm.acme.example".to_owned()])
    );

    let doctor = run(&limited, &["doctor", "k8s"]);
    assert_eq!(doctor.code, Some(4), "{doctor:?}");
    assert!(doctor.stdout.starts_with("Kubernetes v1.20.2"), "{}", doctor.stdout);
    let missing: Vec<&str> = doctor.stdout.lines().filter(|line| line.contains("MISSING")).collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains("list promptflows.llm.acme.example"), "{missing:?}");
    assert_eq!(run(&cluster.kubeconfig(), &["doctor", "k8s"]).code, Some(0));
}

/// A permission that is missing is a gap, and what it hides is not said to be absent.
fn what_may_not_be_listed_is_not_empty(cluster: &Cluster) {
    cluster.apply(&[
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "half", "namespace": "ops"}}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "half"},
            "rules": [{"apiGroups": ["", "apps"], "resources": ["pods", "deployments", "serviceaccounts"], "verbs": ["list"]}],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "half"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "half"},
            "subjects": [{"kind": "ServiceAccount", "name": "half", "namespace": "ops"}],
        }),
    ]);
    let half = cluster.kubeconfig_for("half", &cluster.token("ops", "half"));
    let inventory = scan(&half, &["k8s:half"]);
    let gaps: BTreeMap<&str, GapReason> = inventory
        .coverage
        .iter()
        .flat_map(|coverage| &coverage.skipped)
        .map(|gap| (gap.what.as_str(), gap.why))
        .collect();
    for kind in ["cronjobs.batch", "agents.kagent.dev", "clusterrolebindings.rbac.authorization.k8s.io"] {
        assert_eq!(gaps.get(kind), Some(&GapReason::Denied), "{kind}: {gaps:?}");
    }
    assert_eq!(gaps.get("roles and their bindings"), Some(&GapReason::Failed), "{gaps:?}");
    let bot = inventory.systems.iter().find(|system| system.root == "shop/deployment/support-bot");
    let identities = &bot.expect("deployments may be listed").identities;
    let account = identities.iter().find(|identity| identity.name == "shop/default").expect("its account");
    assert_eq!(account.privilege, Some(Privilege::Unknown), "no binding was seen");
    // The replica set of these pods may not be listed: its name leads to the deployment all the same.
    assert!(inventory.systems.iter().any(|system| system.root == "ops/deployment/injected"));
    let strict = run(&half, &["scan", "k8s:", "--strict-coverage"]);
    assert_eq!(strict.code, Some(4), "{strict:?}");
}

fn one_namespace(cluster: &Cluster) {
    let inventory = scan(&cluster.kubeconfig(), &["k8s:", "--k8s-namespaces", "ops,empty"]);
    let mut roots: Vec<&str> = inventory.systems.iter().map(|system| system.root.as_str()).collect();
    roots.sort_unstable();
    assert_eq!(
        roots,
        ["ops/cronjob/triage", "ops/deployment/injected", "ops/pod/alone", "ops/replicaset/orphan"]
    );
    let complete = kinds(&inventory, Seen::Complete);
    assert!(complete.contains("pods in ops") && complete.contains("pods in empty"), "{complete:?}");
    assert!(!complete.contains("namespaces"), "{complete:?}");
}

fn several_contexts(cluster: &Cluster) {
    let read = |path: &Path| -> Value {
        serde_json::from_slice(&std::fs::read(path).expect("a configuration")).expect("JSON")
    };
    let mut both = read(&cluster.kubeconfig());
    let half = read(&cluster.kubeconfig_for("half", &cluster.token("ops", "half")));
    for key in ["users", "contexts"] {
        let more = half[key].as_array().expect("a list").clone();
        both[key].as_array_mut().expect("a list").extend(more);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("both");
    std::fs::write(&path, both.to_string()).expect("it is written");
    let inventory = scan(&path, &["k8s:", "--k8s-all-contexts"]);
    let of = |part: &str| inventory.systems.iter().filter(|system| system.root.starts_with(part)).count();
    assert!(of("admin/") > of("half/") && of("half/") > 0, "{} {}", of("admin/"), of("half/"));
    let parts: BTreeSet<&str> = inventory
        .coverage
        .iter()
        .flat_map(|coverage| &coverage.kinds)
        .map(|kind| kind.part.as_str())
        .collect();
    assert_eq!(parts, BTreeSet::from(["admin", "half"]));
}

fn who_is_not_accepted(cluster: &Cluster) {
    let stranger = cluster.kubeconfig_for("stranger", "no-token-of-this-server");
    let refused = run(&stranger, &["scan", "k8s:"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("does not accept who asks (401)"), "{}", refused.stderr);
    let gone = run(&cluster.kubeconfig(), &["scan", "k8s:nowhere"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(
        gone.stderr.contains("nowhere") && gone.stderr.contains("kubectl config get-contexts"),
        "{}",
        gone.stderr
    );
}
