//! The chart of `deploy/helm/muster` and the image that it runs, as far as they can be checked without a
//! cluster and an engine of containers: against the schemas of Kubernetes, and by a linter of security.

mod kept;
mod refused;
pub(super) mod site;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Everything switched on at once; what excludes it, such as a claim that exists, is set by single tests.
const EVERYTHING: &str = r#"
fullnameOverride: scanner
clusterName: prod-eu
image:
  repository: registry.example.com:5000/security/muster
  tag: "1.2.3"
  digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  pullPolicy: IfNotPresent
imagePullSecrets:
  - name: registry
serviceAccount:
  name: reader
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::111111111111:role/muster
rbac:
  clusterWide: false
  # A namespace of digits is a name and no number, wherever it is written.
  namespaces: [team-a, "123", team-a]
scan:
  gapsAreFine: false
  options:
    k8s-rate: 5
    k8s-registries: true
schedule: "@daily"
timeZone: Europe/Berlin
suspend: true
persistence:
  enabled: true
  size: 10Gi
  storageClass: fast
  accessModes: [ReadWriteOncePod]
exports:
  - format: html
    file: inventory.html
  - format: json
    file: inventory.json
retention:
  keep: 400d
config:
  source: prod-eu
  extra: |
    # More of it: "quotes", 'quotes', \\ and {{ braces }}.
    [[source]]
    name = "accounts"
    targets = ["aws:"]
networkPolicy:
  apiServerCidrs: [10.0.0.1/32, "fd00::1/128"]
  extraEgress:
    - to:
        - ipBlock:
            cidr: 10.1.0.0/16
      ports:
        - protocol: TCP
          port: 5353
extraArgs: [--color=never]
extraEnv:
  - name: MUSTER_FINGERPRINT_KEY
    valueFrom:
      secretKeyRef:
        name: fingerprints
        key: key
nodeSelector:
  kubernetes.io/arch: amd64
tolerations:
  - key: dedicated
    operator: Exists
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions:
            - key: kubernetes.io/os
              operator: In
              values: [linux]
priorityClassName: low
podAnnotations:
  example.com/team: security
podLabels:
  example.com/team: security
  app.kubernetes.io/name: not-this
"#;

/// A database keeps what is found, and nothing is on a volume.
const DATABASE: &str = r#"
image:
  repository: registry.example.com/muster
store:
  postgres:
    url: postgres://muster@db.example.com:6432/muster?sslmode=verify-full&sslrootcert=/etc/authority/ca.crt
    passwordSecret:
      name: database
      key: the.password
networkPolicy:
  postgresCidrs: [10.2.0.7/32]
extraEnv:
  - name: RUST_BACKTRACE
    value: "1"
extraVolumes:
  - name: authority
    configMap:
      name: authority
extraVolumeMounts:
  - name: authority
    mountPath: /etc/authority
    readOnly: true
"#;

/// Values for each of the ways to run: with nothing kept, with a store on a volume, and with one in a database; and with a site
/// over each of the two.
const ALL: [&str; 5] = ["", EVERYTHING, DATABASE, site::FORWARDED, site::TEAM];

/// The oldest version that the chart is for, and the newest whose schemas are installed.
const VERSIONS: [&str; 2] = ["1.25", "1.37"];

/// What checkov may complain about, each with the values under which it does and the reason why it stays.
const COMPLAINTS: [(&str, &[&str], &str); 3] = [
    ("CKV_K8S_38", &ALL, "the pod is given a token because it asks the API server"),
    (
        "CKV_K8S_43",
        &["", DATABASE, site::FORWARDED, site::TEAM],
        "there is no public image yet whose digest could be the default",
    ),
    (
        "CKV_K8S_35",
        &[EVERYTHING, DATABASE, site::TEAM],
        "muster takes its key and a password from variables alone",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Where helm, kubernetes-validate, checkov and python are; installed once.
static TOOLS: LazyLock<PathBuf> = LazyLock::new(|| {
    let made = Command::new(root().join("tests/kubernetes/charts")).output().expect("the script can be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()).join("bin")
});

/// A tool, with nothing from whoever runs the tests: no cluster, no settings of helm.
fn tool(name: &str, home: &Path) -> Command {
    let mut command = Command::new(TOOLS.join(name));
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", format!("{}:/usr/bin:/bin", TOOLS.display()))
        .env("LC_ALL", "C.UTF-8")
        .current_dir(home);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// `helm VERB… CHART` with a file of values and more options.
fn helm(verb: &[&str], values: &str, options: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("values.yaml"), values).expect("the folder can be written");
    tool("helm", home.path())
        .args(verb)
        .arg(root().join("deploy/helm/muster"))
        .args(["--values", "values.yaml", "--namespace", "muster-system"])
        .args(options)
        .output()
        .expect("helm can be run")
}

/// What the chart becomes.
fn rendered(values: &str, options: &[&str]) -> String {
    let output = helm(&["template", "r"], values, options);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("manifests are text")
}

/// All documents of a YAML text.
fn documents(text: &str) -> Vec<Value> {
    const READS: &str = "import json, sys, yaml; \
        json.dump([d for d in yaml.safe_load_all(open('all.yaml')) if d is not None], sys.stdout)";
    let home = written(text);
    let output = tool("python", home.path()).args(["-c", READS]).output().expect("python can be run");
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

fn chart_of(values: &str, options: &[&str]) -> Vec<Value> {
    documents(&rendered(values, options))
}

fn of_kind<'a>(all: &'a [Value], kind: &str) -> Vec<&'a Value> {
    all.iter().filter(|document| document["kind"] == kind).collect()
}

/// The one document of a kind.
fn the<'a>(all: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(all, kind);
    assert_eq!(found.len(), 1, "{kind}: {found:?}");
    found[0]
}

fn kinds(all: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = all.iter().filter_map(|document| document["kind"].as_str()).collect();
    kinds.sort_unstable();
    kinds
}

fn pod(all: &[Value]) -> &Value {
    &the(all, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]
}

fn container(all: &[Value]) -> &Value {
    &pod(all)["spec"]["containers"][0]
}

/// The rules that the chart is made with.
fn granted() -> Value {
    documents(&read("deploy/helm/muster/files/clusterrole.yaml"))[0]["rules"].clone()
}

/// A folder with a text in `all.yaml`, since the tools go by the ending.
fn written(text: &str) -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("all.yaml"), text).expect("the folder can be written");
    home
}

/// What the schemas of a version of Kubernetes say against manifests: also kinds without a schema, of which
/// the tool itself only warns, and documents that it did not look at.
fn objections(text: &str, version: &str) -> Vec<String> {
    let home = written(text);
    let output = tool("kubernetes-validate", home.path())
        .args(["--strict", "-k", version, "all.yaml"])
        .output()
        .expect("kubernetes-validate can be run");
    let said = said(&output);
    let (passed, mut others): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| {
        line.starts_with("INFO ")
            && line.contains(" passed for resource ")
            && line.ends_with(&format!(" against version {version}"))
    });
    let count = documents(text).len();
    let missing = format!("{} of {count} documents passed", passed.len());
    if others.is_empty() && (passed.len() != count || !output.status.success()) {
        others.push(&missing);
    }
    others.into_iter().map(str::to_owned).collect()
}

/// The checks of checkov that manifests fail.
fn complaints(text: &str) -> BTreeSet<String> {
    let home = written(text);
    let output = tool("checkov", home.path())
        .args(["--framework", "kubernetes", "--skip-download", "--output", "json", "--file", "all.yaml"])
        .output()
        .expect("checkov can be run");
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    // It ends well when it finds nothing to look at.
    let summary = &report["summary"];
    let all = documents(text);
    // The pod of a Deployment is one more for it.
    let expected = all.len() + of_kind(&all, "Deployment").len();
    assert_eq!(summary["resource_count"], json!(expected), "{summary}");
    assert_eq!(summary["parsing_errors"], json!(0), "{summary}");
    assert!(summary["passed"].as_u64().is_some_and(|passed| passed > 80), "{summary}");
    let failed = report["results"]["failed_checks"].as_array().expect("a list of checks");
    failed.iter().map(|check| check["check_id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn helm_finds_nothing_to_complain_about() {
    for values in ALL {
        let output = helm(&["lint", "--strict"], values, &[]);
        let said = said(&output);
        assert!(output.status.success() && said.contains("1 chart(s) linted, 0 chart(s) failed"), "{said}");
        assert!(!said.contains("[WARNING]") && !said.contains("[ERROR]"), "{said}");
    }
    let old = helm(&["template", "r"], "", &["--kube-version", "1.19.0"]);
    assert!(!old.status.success() && said(&old).contains("kubeVersion"), "{}", said(&old));
}

#[test]
fn what_is_rendered_fits_the_oldest_and_the_newest_kubernetes() {
    for values in ALL {
        let text = rendered(values, &[]);
        for version in VERSIONS {
            assert_eq!(objections(&text, version), Vec::<String>::new(), "{text}");
        }
    }
}

#[test]
fn the_schemas_of_kubernetes_are_asked() {
    let text = rendered("", &[]);
    for version in VERSIONS {
        let unknown =
            format!("{text}\n---\napiVersion: example.com/v1\nkind: Unknown\nmetadata: {{name: x}}\n");
        let said = objections(&unknown, version);
        assert!(said.len() == 1 && said[0].contains("kind Unknown"), "{said:?}");
        let misspelt = objections(&text.replace("suspend:", "suspended:"), version);
        assert!(misspelt.len() == 1 && misspelt[0].contains("'suspended' was unexpected"), "{misspelt:?}");
    }
}

#[test]
fn a_linter_of_security_complains_about_nothing_but_what_has_a_reason() {
    for values in ALL {
        let expected: BTreeSet<String> = COMPLAINTS
            .iter()
            .filter(|(_, under, reason)| under.contains(&values) && !reason.is_empty())
            .map(|(check, ..)| (*check).to_owned())
            .collect();
        assert_eq!(complaints(&rendered(values, &[])), expected, "with the values: {values}");
    }
    let weaker = complaints(&rendered("", &["--set", "securityContext.readOnlyRootFilesystem=false"]));
    assert!(weaker.contains("CKV_K8S_22"), "{weaker:?}");
}

#[test]
fn a_digest_wins_over_a_tag() {
    let image = |options: &[&str]| container(&chart_of("", options))["image"].clone();
    let digest = format!("sha256:{}", "a1".repeat(32));
    let set = format!("image.digest={digest}");
    assert_eq!(image(&[]), format!("muster:{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(image(&["--set", "image.tag=9.9.9"]), "muster:9.9.9");
    assert_eq!(image(&["--set", "image.tag=9.9.9", "--set", &set]), format!("muster@{digest}"));
    assert!(!rendered("", &["--set", "image.tag=9.9.9", "--set", &set]).contains("9.9.9"));
}

#[test]
fn a_job_holds_no_more_than_it_needs() {
    let all = chart_of("", &[]);
    let (pod, container) = (pod(&all), container(&all));
    assert_eq!(the(&all, "ServiceAccount")["automountServiceAccountToken"], false);
    assert_eq!(pod["spec"]["automountServiceAccountToken"], true);
    assert_eq!(
        pod["spec"]["securityContext"],
        json!({
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        })
    );
    assert_eq!(
        container["securityContext"],
        json!({
            "allowPrivilegeEscalation": false,
            "privileged": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        })
    );
    assert_eq!(
        container["resources"],
        json!({
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "128Mi"},
        })
    );
    let job = &the(&all, "CronJob")["spec"];
    assert_eq!((&job["concurrencyPolicy"], &job["suspend"]), (&json!("Forbid"), &json!(false)));
    let name = "x".repeat(53);
    let long = chart_of("", &["--set", &format!("fullnameOverride={name}")]);
    assert_eq!(the(&long, "CronJob")["metadata"]["name"], name[..52], "Kubernetes allows no longer one");
}

#[test]
fn the_network_policy_is_for_the_pod_and_lets_nothing_else_out() {
    for values in ALL {
        let all = chart_of(values, &[]);
        // The first one: that of a site comes after it.
        let policy = &of_kind(&all, "NetworkPolicy")[0]["spec"];
        let selected = policy["podSelector"]["matchLabels"].as_object().expect("labels");
        assert_eq!(selected.len(), 3, "the pods of a site carry two of them");
        for (name, value) in selected {
            assert_eq!(&pod(&all)["metadata"]["labels"][name], value, "{name}");
        }
        assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(policy["ingress"], json!([]));
    }
    let port = |protocol: &str, port: u16| json!({"protocol": protocol, "port": port});
    let dns = json!({"ports": [port("UDP", 53), port("TCP", 53)]});
    let server = json!({"ports": [port("TCP", 443), port("TCP", 6443)]});
    assert_eq!(the(&chart_of("", &[]), "NetworkPolicy")["spec"]["egress"], json!([dns, server]));
    let mut narrow = server;
    narrow["to"] = json!([{"ipBlock": {"cidr": "10.0.0.1/32"}}, {"ipBlock": {"cidr": "fd00::1/128"}}]);
    let extra = json!({"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [port("TCP", 5353)]});
    let everything = chart_of(EVERYTHING, &[]);
    assert_eq!(the(&everything, "NetworkPolicy")["spec"]["egress"], json!([dns, narrow, extra]));
    let without = chart_of("", &["--set", "networkPolicy.enabled=false"]);
    assert_eq!(of_kind(&without, "NetworkPolicy").len(), 0);
}

#[test]
fn what_is_granted_is_to_list_and_holds_no_secret() {
    let rules = granted();
    let rules = rules.as_array().expect("rules");
    assert!(rules.len() > 5, "{rules:?}");
    let texts = |rule: &Value, field: &str| -> Vec<String> {
        let list = rule[field].as_array().unwrap_or_else(|| panic!("{field} of {rule}"));
        list.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    for rule in rules {
        let (groups, resources) = (texts(rule, "apiGroups"), texts(rule, "resources"));
        assert!(texts(rule, "verbs").iter().all(|verb| ["get", "list"].contains(&verb.as_str())), "{rule}");
        assert!(!groups.is_empty() && !groups.contains(&"*".to_owned()), "{rule}");
        // A wildcard is for the group of one operator; where Secrets are, each kind is named.
        let wild = resources.contains(&"*".to_owned());
        assert!(!wild || groups.iter().all(|group| group.contains('.')), "{rule}");
        for never in ["secrets", "configmaps", "pods/exec", "nodes/proxy", "serviceaccounts/token"] {
            assert!(!resources.iter().any(|resource| resource == never), "{rule}");
        }
    }
}

#[test]
fn the_account_gets_these_rules_in_the_whole_cluster_or_in_each_namespace() {
    let whole = chart_of("", &[]);
    let expected = ["ClusterRole", "ClusterRoleBinding", "CronJob", "NetworkPolicy", "ServiceAccount"];
    assert_eq!(kinds(&whole), expected);
    let (role, binding) = (the(&whole, "ClusterRole"), the(&whole, "ClusterRoleBinding"));
    assert_eq!(role["rules"], granted());
    assert_eq!(
        binding["roleRef"],
        json!({
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role["metadata"]["name"],
        })
    );
    let subject =
        |name: &str| json!([{"kind": "ServiceAccount", "name": name, "namespace": "muster-system"}]);
    assert_eq!(binding["subjects"], subject("r-muster"));
    assert_eq!(pod(&whole)["spec"]["serviceAccountName"], "r-muster");

    let some = chart_of(EVERYTHING, &[]);
    assert_eq!(of_kind(&some, "ClusterRole").len() + of_kind(&some, "ClusterRoleBinding").len(), 0);
    let (roles, bindings) = (of_kind(&some, "Role"), of_kind(&some, "RoleBinding"));
    for (of, all) in [("roles", &roles), ("bindings", &bindings)] {
        let places: Vec<_> = all.iter().map(|one| one["metadata"]["namespace"].as_str()).collect();
        assert_eq!(places, [Some("team-a"), Some("123")], "{of}");
    }
    for (role, binding) in roles.iter().zip(&bindings) {
        assert_eq!(role["rules"], granted());
        let names = (&binding["roleRef"]["kind"], &binding["roleRef"]["name"]);
        assert_eq!(names, (&json!("Role"), &role["metadata"]["name"]));
        assert_eq!(binding["subjects"], subject("reader"));
    }
    let given = ["--set", "rbac.create=false,serviceAccount.create=false,serviceAccount.name=theirs"];
    let bare = chart_of("", &given);
    assert_eq!(kinds(&bare), ["CronJob", "NetworkPolicy"]);
    assert_eq!(pod(&bare)["spec"]["serviceAccountName"], "theirs");
}

/// The paths of all values that a schema describes, and of what it does not describe.
fn described(schema: &Value, path: &str, leaves: &mut BTreeSet<String>) {
    match schema["properties"].as_object() {
        Some(properties) => {
            assert_eq!(schema["additionalProperties"], json!(false), "{path} lets anything in");
            for (name, below) in properties {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                assert!(below["description"].is_string(), "{path} is not described");
                described(below, &path, leaves);
            }
        }
        None => {
            leaves.insert(path.to_owned());
        }
    }
}

#[test]
fn every_value_is_in_the_schema_and_in_the_readme() {
    let mut leaves = BTreeSet::new();
    let schema = read("deploy/helm/muster/values.schema.json");
    described(&serde_json::from_str(&schema).expect("JSON"), "", &mut leaves);
    // What Helm adds by itself.
    assert!(leaves.remove("global"));
    let readme = read("deploy/helm/muster/README.md");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    assert_eq!(rows.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>(), leaves);
    let values = &documents(&read("deploy/helm/muster/values.yaml"))[0];
    for leaf in &leaves {
        let pointer = format!("/{}", leaf.replace('.', "/"));
        assert!(values.pointer(&pointer).is_some(), "{leaf} has no default");
    }
}

#[test]
fn the_image_is_built_from_all_that_the_workspace_names() {
    let workspace: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let workspace = &workspace["workspace"];
    let text = |value: &toml::Value| value.as_str().expect("a text").to_owned();
    let version = text(&workspace["package"]["version"]);
    let dockerfile = read("deploy/Dockerfile");
    let line = |wanted: &str| dockerfile.lines().any(|line| line == wanted);
    assert!(line(&format!("ARG VERSION={version}")), "the label has the version {version}");
    let rust = text(&workspace["package"]["rust-version"]);
    assert!(line(&format!("ARG RUST_IMAGE=docker.io/library/rust:{rust}-bookworm")), "it is built by {rust}");
    let chart = &documents(&read("deploy/helm/muster/Chart.yaml"))[0];
    assert_eq!(chart["appVersion"], version);

    let ignored = read("deploy/Dockerfile.dockerignore");
    let sent: BTreeSet<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for path in &sent {
        assert!(root().join(path).exists(), "{path} is sent and not there");
    }
    for member in workspace["members"].as_array().expect("members") {
        let member = text(member);
        let manifest = format!("{member}/Cargo.toml");
        let known =
            Path::new(&manifest).ancestors().any(|path| path.to_str().is_some_and(|p| sent.contains(p)));
        assert!(known, "cargo needs {manifest}");
    }
    for target in ["src/lib.rs", "tests/corpus.rs", "tests/e2e/main.rs"] {
        assert!(
            sent.contains(format!("tests/{target}").as_str()),
            "the manifest of the tests names {target}"
        );
    }
}
