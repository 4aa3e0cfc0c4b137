//! The collector on a small cluster, and on exports that are none.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use asmm_model::{Criterion, Fact, IdentityKind, Privilege, Supports};
use muster_collect::conformance::{self, Outcome};
use muster_collect::{CollectError, Context, Target};
use muster_rules::RulePack;
use proptest::prelude::*;

use crate::KubernetesExportCollector;

const CLUSTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster");
/// Values of variables, secrets and prompts of the cluster.
const CANARIES: [&str; 4] = ["canary-key", "canary-token", "canary-password", "canary-prompt"];

fn target(path: &Path) -> Target {
    Target::parse(&format!("k8s-export:{}", path.display())).expect("a path is a target")
}

fn context() -> Context {
    Context::new(Arc::new(RulePack::built_in()))
}

fn scan(path: &Path) -> Result<Outcome, CollectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(conformance::scan(&KubernetesExportCollector, &target(path), &context()))
}

/// What a workload should come to, written down from what Kubernetes does with such objects.
struct Expected {
    place: &'static str,
    is_system: bool,
    /// Criteria that are certain.
    yes: &'static [Criterion],
    account: Option<(&'static str, Privilege)>,
    why: &'static str,
}

const EXPECTED: [Expected; 13] = [
    Expected {
        place: "ai/agent/sre",
        is_system: true,
        yes: &[Criterion::C1, Criterion::C2, Criterion::C3, Criterion::C6],
        account: Some(("ai/sre", Privilege::Write)),
        why: "kagent runs it, and its account may open shells in pods of the whole cluster",
    },
    Expected {
        place: "ai/agent/team",
        is_system: true,
        yes: &[Criterion::C1, Criterion::C2, Criterion::C6, Criterion::C8, Criterion::C9],
        account: Some(("ai/team", Privilege::None)),
        why: "it has memory and hands work to another agent; nothing is bound to the account of its name",
    },
    Expected {
        place: "ai/deployment/sre",
        is_system: false,
        yes: &[],
        account: None,
        why: "the controller made it for the agent, which is told already",
    },
    Expected {
        place: "ai/mcpserver/github",
        is_system: false,
        yes: &[Criterion::C6],
        account: Some(("ai/github", Privilege::None)),
        why: "it serves tools and chooses nothing, under an account of its own",
    },
    Expected {
        place: "shop/deployment/support-bot",
        is_system: true,
        yes: &[Criterion::C6],
        account: Some(("shop/support", Privilege::Read)),
        why: "a key of a provider from a secret; a group of its namespace may read",
    },
    Expected {
        place: "shop/cronjob/nightly-report",
        is_system: true,
        yes: &[Criterion::C5, Criterion::C6],
        account: Some(("shop/default", Privilege::Read)),
        why: "it asks a model every night, under the account that pods without one have",
    },
    Expected {
        place: "shop/cronjob/paused",
        is_system: true,
        yes: &[Criterion::C6],
        account: None,
        why: "its schedule is suspended, and no token of the default account is put into its pods",
    },
    Expected {
        place: "ai/statefulset/models",
        is_system: true,
        yes: &[],
        account: None,
        why: "it serves models, from behind a mirror",
    },
    Expected {
        place: "ai/statefulset/vectors",
        is_system: false,
        yes: &[],
        account: None,
        why: "a store alone is a component",
    },
    Expected {
        place: "ai/deployment/builder",
        is_system: true,
        yes: &[Criterion::C1, Criterion::C2, Criterion::C6, Criterion::C8],
        account: Some(("ai/default", Privilege::None)),
        why: "a platform in which agents are built, with a volume, scaled to nothing for now",
    },
    Expected {
        place: "shop/deployment/web",
        is_system: false,
        yes: &[],
        account: None,
        why: "API_KEY is a key of anything",
    },
    Expected {
        place: "shop/deployment/transcoder",
        is_system: false,
        yes: &[],
        account: None,
        why: "a graphics card alone is no AI",
    },
    Expected {
        place: "shop/pod/alone",
        is_system: true,
        yes: &[Criterion::C6],
        account: Some(("shop/default", Privilege::Read)),
        why: "a pod that nothing made",
    },
];

#[test]
fn a_cluster_is_told_as_it_was_laid_out() {
    let outcome = scan(Path::new(CLUSTER)).unwrap();
    assert_eq!(outcome.coverage[0].skipped, []);
    for Expected { place, is_system, yes, account, why } in EXPECTED {
        let facts = || outcome.observations.iter().filter(|o| o.scope.root == place).map(|o| &o.fact);
        let is = facts().any(|fact| matches!(fact, Fact::System { .. }));
        assert_eq!(is, is_system, "{place}: {why}");
        let mut said: Vec<Criterion> = facts()
            .filter_map(|fact| match fact {
                Fact::Criterion { criterion, evidence } if evidence.supports == Some(Supports::Yes) => {
                    Some(*criterion)
                }
                _ => None,
            })
            .collect();
        said.sort_unstable();
        said.dedup();
        if is_system {
            assert_eq!(said, yes, "{place}: {why}");
        }
        let accounts: Vec<(&str, Privilege)> = facts()
            .filter_map(|fact| match fact {
                Fact::Identity(identity) if identity.kind == IdentityKind::ServiceAccount => {
                    Some((identity.name.as_str(), identity.privilege?))
                }
                _ => None,
            })
            .collect();
        assert_eq!(accounts, account.into_iter().collect::<Vec<_>>(), "{place}: {why}");
    }
    let systems = outcome.observations.iter().filter(|o| matches!(o.fact, Fact::System { .. })).count();
    assert_eq!(
        systems,
        EXPECTED.iter().filter(|expected| expected.is_system).count(),
        "nothing else is a system"
    );
    let roles: Vec<&str> = outcome
        .observations
        .iter()
        .filter_map(|o| match &o.fact {
            Fact::Identity(identity) if identity.kind == IdentityKind::CloudRole => identity.arn.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(roles, ["arn:aws:iam::111111111111:role/support"]);
}

#[test]
fn of_saved_objects_the_controls_are_told_as_far_as_they_say_them() {
    let outcome = scan(Path::new(CLUSTER)).unwrap();
    let mut told: Vec<String> = Vec::new();
    for one in &outcome.observations {
        if let Fact::Control(control) = &one.fact {
            assert_eq!(control.name, one.scope.root);
            let in_place = control.in_place.map_or("unknown".to_owned(), |is| is.to_string());
            told.push(format!("{} {} {in_place}", control.name, control.kind.name()));
        }
    }
    told.sort();
    // That no policy is among them does not say that the cluster has none.
    assert_eq!(
        told,
        [
            "ai/agent/sre egress unknown",
            "ai/agent/sre pod-security unknown",
            "ai/agent/team egress unknown",
            "ai/agent/team pod-security unknown",
            "ai/deployment/builder egress unknown",
            "ai/deployment/builder pod-security false",
            "ai/statefulset/models egress unknown",
            "ai/statefulset/models pod-security false",
            "shop/cronjob/nightly-report egress unknown",
            "shop/cronjob/nightly-report pod-security false",
            "shop/cronjob/paused egress unknown",
            "shop/cronjob/paused pod-security false",
            "shop/deployment/support-bot egress unknown",
            "shop/deployment/support-bot pod-security false",
            "shop/pod/alone egress unknown",
            "shop/pod/alone pod-security false",
        ]
    );
}

#[test]
fn it_does_what_every_collector_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(conformance::check(
        &KubernetesExportCollector,
        &target(Path::new(CLUSTER)),
        &context(),
        &CANARIES,
    ));
}

#[test]
fn answers_of_a_current_server_are_read() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/responses"));
    let outcome = scan(folder).unwrap();
    assert_eq!(outcome.coverage[0].seen, 3);
    let agents: Vec<&str> = outcome
        .observations
        .iter()
        .filter(|o| matches!(o.fact, Fact::System { .. }))
        .map(|o| o.scope.root.as_str())
        .collect();
    assert_eq!(
        agents,
        ["ai-prod/agent/sre-agent", "ai-prod/cronjob/nightly-agent", "ai-prod/deployment/vllm"]
    );
}

#[test]
fn what_is_no_export_says_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    for (path, expected) in [
        (folder.path().join("none"), "No such file"),
        (folder.path().to_owned(), "it holds no object of a cluster"),
    ] {
        let error = scan(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("give a file or folder"), "{error}");
    }
}

#[test]
fn one_broken_file_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["agents.yaml", "workloads.yaml"] {
        fs::copy(Path::new(CLUSTER).join(file), folder.path().join(file)).unwrap();
    }
    fs::write(folder.path().join("broken.yaml"), "a: [\nb: {").unwrap();
    fs::write(folder.path().join("broken.json"), "{\"kind\": ").unwrap();
    fs::write(folder.path().join("chart.yaml"), "{{- if .Values.a }}\nkind: Pod\n{{- end }}\n").unwrap();
    let outcome = scan(folder.path()).unwrap();
    assert!(outcome.observations.iter().any(|o| o.scope.name == "sre"));
    let gaps: Vec<String> =
        outcome.coverage[0].skipped.iter().map(|gap| format!("{} {}", gap.what, gap.why.name())).collect();
    assert_eq!(
        gaps,
        [
            "broken.json unparsable",
            "broken.yaml unparsable",
            "chart.yaml unsupported",
            "roles and their bindings failed"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn objects_of_any_shape_end(cut in 0..3000usize, from in 0..3000usize, to in "[\\[\\]{}\":,a0\n -]{0,6}") {
        let text = fs::read_to_string(Path::new(CLUSTER).join("workloads.yaml")).unwrap();
        let (from, cut) = (from.min(text.len()), cut.min(text.len()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("objects.yaml");
        fs::write(&path, format!("{}{to}{}", &text[..from], &text[from.max(cut)..])).unwrap();
        let _ = scan(&path);
    }
}

#[test]
fn the_digests_of_all_that_an_asking_workload_runs_are_keys() {
    let (running, pinned) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
    let template = |image: &str| {
        serde_json::json!({"containers": [{
            "name": "main", "image": image,
            "env": [{"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "ai", "key": "key"}}}],
        }]})
    };
    let deployment = |name: &str, image: &str| {
        serde_json::json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop", "uid": name},
            "spec": {"template": {"spec": template(image)}},
        })
    };
    let owned = |kind: &str, version: &str, by: (&str, &str)| {
        serde_json::json!({
            "apiVersion": version, "kind": kind,
            "metadata": {"name": "bot-1", "namespace": "shop", "uid": format!("{kind}-1"), "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": by.0, "name": by.1, "uid": by.1, "controller": true}]},
            "spec": {"template": {"spec": template("ghcr.io/acme/bot:3")}},
        })
    };
    let mut pod = owned("Pod", "v1", ("ReplicaSet", "bot-1"));
    pod["spec"] = template("ghcr.io/acme/bot:3");
    pod["status"] = serde_json::json!({"containerStatuses": [
        {"image": "ghcr.io/acme/bot:3", "imageID": format!("ghcr.io/acme/bot@{running}")}]});
    let items = [
        deployment("bot", "ghcr.io/acme/bot:3"),
        owned("ReplicaSet", "apps/v1", ("Deployment", "bot")),
        pod,
        deployment("fixed", &format!("ghcr.io/acme/fixed@{pinned}")),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.json");
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items});
    fs::write(&file, list.to_string()).expect("a file");
    let keys = scan(&file).expect("it is read").observations.into_iter().filter_map(|one| match one.fact {
        Fact::Key(key) if key.claim == asmm_model::Claim::RunsDigest => Some((one.scope.name, key.value)),
        _ => None,
    });
    let mut keys: Vec<(String, String)> = keys.collect();
    keys.sort();
    assert_eq!(keys, [("bot".to_owned(), running), ("fixed".to_owned(), pinned)]);
}

#[test]
fn what_another_tool_found_is_a_claim_about_the_workload() {
    let folder = tempfile::tempdir().unwrap();
    let object = |kind: &str, version: &str, name: &str, rest: serde_json::Value| {
        let mut object = serde_json::json!({"kind": kind, "apiVersion": version, "metadata": {"name": name, "namespace": "ai"}});
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    };
    let containers = serde_json::json!([{"name": "llm", "image": "docker.io/vllm/vllm-openai:v0.9.1"}]);
    let bom = |name: &str, model: &str| {
        let about = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name});
        let found = serde_json::json!({"runtime": {"name": "vllm"}, "models": [{"identity": model}]});
        let rest = serde_json::json!({"spec": {"workloadRef": about}, "status": {"summary": found}});
        object("AIBOM", "aibom.k8saibom.dev/v1beta1", &format!("deployment-{name}"), rest)
    };
    let template = serde_json::json!({"spec": {"template": {"spec": {"containers": containers}}}});
    let all = [
        object("Deployment", "apps/v1", "llama", template),
        bom("llama", "meta-llama/Llama-3.1-8B"),
        bom("gone", "hf://me:canary-password@hub/gone"),
    ];
    let list = serde_json::json!({"kind": "List", "apiVersion": "v1", "items": all});
    fs::write(folder.path().join("all.json"), list.to_string()).unwrap();
    let outcome = scan(folder.path()).unwrap();
    let told: Vec<String> = outcome
        .observations
        .iter()
        .filter_map(|observation| {
            let (what, evidence) = match &observation.fact {
                Fact::Model(model) => (&model.name, &model.evidence[0]),
                Fact::Component(component) => (&component.name, &component.evidence[0]),
                _ => return None,
            };
            let is_claim = evidence.class == Some(asmm_model::EvidenceClass::Claim);
            let at = evidence.place.locator.as_deref().unwrap_or_default();
            is_claim.then(|| format!("{}: {what} by {at}", observation.scope.root))
        })
        .collect();
    assert_eq!(
        told,
        [
            "ai/aibom/deployment-gone: vllm by ai/aibom/deployment-gone#status.summary.runtime",
            "ai/aibom/deployment-gone: hf://hub/gone by ai/aibom/deployment-gone#status.summary.models",
            "ai/deployment/llama: vllm by ai/aibom/deployment-llama#status.summary.runtime",
            "ai/deployment/llama: meta-llama/Llama-3.1-8B by ai/aibom/deployment-llama#status.summary.models",
        ]
    );
}
