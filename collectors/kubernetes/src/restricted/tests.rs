//! Each rule of the profile by itself, and laws that hold for all of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::object::Object;
use crate::page;
use crate::template::Pods;

/// A pod that meets the profile, with a container of each sort.
fn pod() -> Value {
    let container = |name: &str| {
        json!({"name": name, "image": "a", "ports": [{"containerPort": 80, "hostPort": 0}],
        "livenessProbe": {"httpGet": {"path": "/", "port": 80, "host": ""}}, "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
        "securityContext": {"allowPrivilegeEscalation": false, "privileged": false, "procMount": "Default", "runAsUser": 1000,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, "seLinuxOptions": {"type": "container_t", "level": "s0"}}})
    };
    json!({"hostNetwork": false, "initContainers": [container("init")], "containers": [container("bot"), container("beside")],
        "ephemeralContainers": [container("debug")],
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}, "appArmorProfile": {"type": "Localhost"},
            "sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]},
        "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b"}, {"name": "c", "secret": {"secretName": "s"}, "hostPath": null},
            {"name": "d", "image": {"reference": "m"}}]})
}

/// Sets what stands at a path, whatever stood there.
fn put(pod: &mut Value, path: &str, value: &Value) {
    let mut at = pod;
    for part in path.split('/') {
        at = if let Ok(index) = part.parse::<usize>() {
            if !at.is_array() {
                *at = json!([]);
            }
            let items = at.as_array_mut().unwrap();
            items.resize(items.len().max(index + 1), json!({}));
            &mut items[index]
        } else {
            if !at.is_object() {
                *at = json!({});
            }
            &mut at[part]
        };
    }
    *at = value.clone();
}

fn with(path: &str, value: &Value) -> Value {
    let mut pod = pod();
    put(&mut pod, path, value);
    pod
}

fn says(spec: &Value) -> Vec<String> {
    let outcome = outcome(spec, &[]);
    assert!(outcome.is_whole, "{spec}");
    outcome.broken.iter().map(ToString::to_string).collect()
}

/// One breach of each rule, at the pod and at each sort of container, with what is said of it.
fn breaches() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("hostNetwork", json!(true), "shares the network of its node: hostNetwork is true"),
        ("hostPID", json!(true), "shares the processes of its node: hostPID is true"),
        ("hostIPC", json!(true), "shares the memory of processes of its node: hostIPC is true"),
        ("volumes/1/hostPath", json!({}), "mounts a volume of a kind that is not allowed: hostPath"),
        ("volumes/1/nfs", json!({"server": "s"}), "mounts a volume of a kind that is not allowed: nfs"),
        (
            "securityContext/sysctls/1",
            json!({"name": "kernel.msgmax"}),
            "changes a setting of the kernel: sysctls names kernel.msgmax",
        ),
        (
            "securityContext/seLinuxOptions",
            json!({"type": "spc_t"}),
            "changes what SELinux allows: seLinuxOptions.type is not one of those allowed",
        ),
        (
            "containers/0/securityContext/seLinuxOptions/user",
            json!("system_u"),
            "changes what SELinux allows: seLinuxOptions.user is not one of those allowed (`bot`)",
        ),
        (
            "containers/0/securityContext/seLinuxOptions/role",
            json!("system_r"),
            "changes what SELinux allows: seLinuxOptions.role is not one of those allowed (`bot`)",
        ),
        (
            "securityContext/appArmorProfile/type",
            json!("Unconfined"),
            "is not confined by AppArmor: appArmorProfile is neither RuntimeDefault nor Localhost",
        ),
        (
            "initContainers/0/securityContext/appArmorProfile",
            json!({"type": "Unconfined"}),
            "is not confined by AppArmor: appArmorProfile is neither RuntimeDefault nor Localhost (`init`)",
        ),
        (
            "securityContext/windowsOptions",
            json!({"hostProcess": true}),
            "runs as a process of its node: windowsOptions.hostProcess is true",
        ),
        (
            "containers/1/securityContext/windowsOptions",
            json!({"hostProcess": true}),
            "runs as a process of its node: windowsOptions.hostProcess is true (`beside`)",
        ),
        (
            "containers/0/securityContext/privileged",
            json!(true),
            "runs privileged: privileged is true (`bot`)",
        ),
        (
            "containers/0/securityContext/procMount",
            json!("Unmasked"),
            "sees more of /proc: procMount is not Default (`bot`)",
        ),
        (
            "initContainers/0/securityContext/allowPrivilegeEscalation",
            json!(true),
            "gaining privileges is not ruled out: allowPrivilegeEscalation is not false (`init`)",
        ),
        (
            "containers/1/securityContext/allowPrivilegeEscalation",
            json!(null),
            "gaining privileges is not ruled out: allowPrivilegeEscalation is not false (`beside`)",
        ),
        (
            "ephemeralContainers/0/securityContext/capabilities/drop",
            json!(["NET_RAW"]),
            "keeps capabilities of root: capabilities.drop does not name ALL (`debug`)",
        ),
        (
            "containers/0/securityContext/capabilities",
            json!(null),
            "keeps capabilities of root: capabilities.drop does not name ALL (`bot`)",
        ),
        (
            "containers/0/securityContext/capabilities/add",
            json!(["NET_BIND_SERVICE", "CHOWN"]),
            "adds a capability: capabilities.add names CHOWN (`bot`)",
        ),
        ("securityContext/runAsUser", json!(0), "runs as root: runAsUser is 0"),
        (
            "ephemeralContainers/0/securityContext/runAsUser",
            json!(0),
            "runs as root: runAsUser is 0 (`debug`)",
        ),
        (
            "securityContext/runAsNonRoot",
            json!(false),
            "running as root is not ruled out: runAsNonRoot is false",
        ),
        (
            "containers/0/securityContext/runAsNonRoot",
            json!(false),
            "running as root is not ruled out: runAsNonRoot is false (`bot`)",
        ),
        (
            "securityContext/runAsNonRoot",
            json!(null),
            "running as root is not ruled out: runAsNonRoot is not set (`init`, `bot`, `beside` and 1 more)",
        ),
        (
            "securityContext/seccompProfile/type",
            json!("Unconfined"),
            "system calls are not filtered: seccompProfile is neither RuntimeDefault nor Localhost",
        ),
        (
            "securityContext/seccompProfile",
            json!({}),
            "system calls are not filtered: seccompProfile is neither RuntimeDefault nor Localhost",
        ),
        (
            "containers/0/securityContext/seccompProfile",
            json!({"type": "Unconfined"}),
            "system calls are not filtered: seccompProfile is neither RuntimeDefault nor Localhost (`bot`)",
        ),
        (
            "securityContext/seccompProfile",
            json!(null),
            "system calls are not filtered: seccompProfile is not set (`init`, `bot`, `beside` and 1 more)",
        ),
        (
            "initContainers/0/ports/0/hostPort",
            json!(80),
            "listens at a port of its node: hostPort is set (`init`)",
        ),
        (
            "containers/0/livenessProbe/httpGet/host",
            json!("other"),
            "lets its node ask another host: a probe or hook names one (`bot`)",
        ),
        (
            "containers/0/startupProbe",
            json!({"tcpSocket": {"host": "other"}}),
            "lets its node ask another host: a probe or hook names one (`bot`)",
        ),
        (
            "containers/0/lifecycle/postStart",
            json!({"httpGet": {"host": "other"}}),
            "lets its node ask another host: a probe or hook names one (`bot`)",
        ),
    ]
}

#[test]
fn each_rule_is_told_with_what_breaks_it() {
    assert_eq!(outcome(&pod(), &[]), Outcome { broken: Vec::new(), is_whole: true });
    for (path, value, expected) in breaches() {
        assert_eq!(says(&with(path, &value)), [expected], "{path} {value}");
    }
}

#[test]
fn a_pod_that_says_nothing_breaks_what_has_to_be_said() {
    assert_eq!(
        says(&json!({"containers": [{"name": "bot", "image": "a"}]})),
        [
            "gaining privileges is not ruled out: allowPrivilegeEscalation is not false (`bot`)",
            "keeps capabilities of root: capabilities.drop does not name ALL (`bot`)",
            "running as root is not ruled out: runAsNonRoot is not set (`bot`)",
            "system calls are not filtered: seccompProfile is not set (`bot`)",
        ]
    );
}

#[test]
fn containers_may_say_what_their_pod_does_not() {
    let mut spec = pod();
    spec["securityContext"] = Value::Null;
    for path in ["initContainers/0", "containers/0", "containers/1", "ephemeralContainers/0"] {
        put(&mut spec, &format!("{path}/securityContext/runAsNonRoot"), &json!(true));
        put(&mut spec, &format!("{path}/securityContext/seccompProfile"), &json!({"type": "Localhost"}));
    }
    assert_eq!(says(&spec), [""; 0]);
    // What the pod says wrongly, no container says rightly.
    put(&mut spec, "securityContext/runAsNonRoot", &json!(false));
    assert_eq!(says(&spec), ["running as root is not ruled out: runAsNonRoot is false"]);
}

#[test]
fn pods_of_windows_are_not_asked_what_windows_does_not_know() {
    let spec = |os: &str| json!({"os": {"name": os}, "securityContext": {"runAsNonRoot": true}, "containers": [{"name": "bot"}]});
    assert_eq!(says(&spec("windows")), [""; 0]);
    assert_eq!(says(&spec("linux")).len(), 3);
    let mut root = spec("windows");
    put(&mut root, "securityContext/runAsNonRoot", &Value::Null);
    assert_eq!(says(&root), ["running as root is not ruled out: runAsNonRoot is not set (`bot`)"]);
}

#[test]
fn root_of_a_user_namespace_of_its_own_is_none_outside() {
    let mut spec = with("hostUsers", &json!(false));
    put(&mut spec, "securityContext/runAsNonRoot", &Value::Null);
    put(&mut spec, "containers/0/securityContext/runAsUser", &json!(0));
    assert_eq!(says(&spec), [""; 0]);
    put(&mut spec, "hostUsers", &json!(true));
    assert_eq!(says(&spec).len(), 2);
}

#[test]
fn annotations_of_app_armor_are_read() {
    let key = format!("{APP_ARMOR}bot");
    let says = |profile: &str| {
        let outcome = outcome(&pod(), &[("other", "unconfined"), (&key, profile)]);
        outcome.broken.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for allowed in ["", "runtime/default", "localhost/mine"] {
        assert_eq!(says(allowed), [""; 0], "{allowed}");
    }
    assert_eq!(
        says("unconfined"),
        ["is not confined by AppArmor: an annotation names another profile (`bot`)"]
    );
}

#[test]
fn what_cannot_be_read_is_not_said_to_meet_or_to_break() {
    for (path, value) in [
        ("hostNetwork", json!("no")),
        ("securityContext", json!([])),
        ("securityContext/runAsNonRoot", json!("yes")),
        ("securityContext/seccompProfile", json!("RuntimeDefault")),
        ("securityContext/sysctls/1", json!("a")),
        ("containers", json!([])),
        ("containers", json!(null)),
        ("containers/2", json!("bot")),
        ("containers/0/name", json!(3)),
        ("containers/0/securityContext", json!("none")),
        ("containers/0/securityContext/capabilities", json!(["ALL"])),
        ("containers/0/securityContext/capabilities/drop", json!("ALL")),
        ("containers/0/securityContext/allowPrivilegeEscalation", json!("false")),
        ("containers/0/ports/0/hostPort", json!("web")),
        ("volumes", json!({})),
    ] {
        let outcome = outcome(&with(path, &value), &[]);
        assert_eq!((outcome.meets(), outcome.broken), (None, vec![]), "{path} {value}");
    }
    assert_eq!(outcome(&json!("spec"), &[]).meets(), None);
}

#[test]
fn names_of_a_manifest_are_cut() {
    let name = format!("`\u{1b}[31m{}", "a".repeat(1000));
    let spec = json!({"containers": [{"name": name}], "volumes": [{&name: {}}]});
    for says in says(&spec) {
        assert!(says.len() < 200 && !says.contains('\u{1b}'), "{says}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        proptest::bool::ANY.prop_map(Value::from),
        (-1..2i64).prop_map(Value::from),
        "[a-z]{0,3}|ALL|RuntimeDefault|windows|Default".prop_map(Value::from),
    ];
    let key = "securityContext|runAsNonRoot|containers|initContainers|capabilities|drop|type|seccompProfile|os|name|volumes|hostUsers|[a-z]";
    leaf.prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// However a pod is changed: with a breach in it, it does not meet the profile.
    #[test]
    fn no_change_beside_a_breach_makes_a_pod_meet_the_profile(at in 0..33usize, other in 0..33usize, seed in any_value()) {
        let all = breaches();
        let ((path, value, _), (beside, also, _)) = (&all[at], &all[other]);
        // A breach that is only that nothing is said may be told otherwise by another change.
        let is_said = !value.is_null() && *value != json!({});
        for mut spec in [pod(), seed] {
            put(&mut spec, beside, also);
            put(&mut spec, path, value);
            // Root of a user namespace, and pods of Windows, are told apart in tests of their own.
            put(&mut spec, "hostUsers", &Value::Null);
            put(&mut spec, "os", &Value::Null);
            prop_assert!(!is_said || outcome(&spec, &[]).meets() != Some(true), "{spec}");
        }
    }

    /// Containers are judged one by one: a pod meets the profile as far as each of them would alone.
    #[test]
    fn a_pod_meets_the_profile_as_far_as_each_container_does(
        odd in proptest::collection::vec(("name|securityContext|ports|lifecycle", any_value()), 1..3),
    ) {
        let of = |containers: Vec<Value>| {
            let mut spec = pod();
            spec["containers"] = Value::from(containers);
            outcome(&spec, &[]).meets()
        };
        let mut containers = vec![pod()["containers"][0].clone()];
        for (key, value) in odd {
            let mut container = containers[0].clone();
            container[key] = value;
            containers.push(container);
        }
        let alone: Vec<Option<bool>> = containers.iter().map(|one| of(vec![one.clone()])).collect();
        let expected = if alone.contains(&Some(false)) { Some(false) } else { crate::selector::all(alone.into_iter()) };
        prop_assert_eq!(of(containers), expected);
    }
}

#[test]
fn a_page_of_a_server_keeps_all_that_the_rules_are_about() {
    let mut specs: Vec<Value> = breaches().iter().map(|(path, value, _)| with(path, value)).collect();
    specs.extend([pod(), json!({"containers": [{"name": "a"}]}), with("hostUsers", &json!(false))]);
    let key = format!("{APP_ARMOR}bot");
    for spec in specs {
        let template = json!({"metadata": {"annotations": {&key: "unconfined"}}, "spec": spec});
        let list = json!({"items": [
            {"metadata": {"name": "d"}, "spec": {"template": template}},
            {"metadata": {"name": "p", "annotations": {&key: "unconfined"}}, "spec": spec},
        ]});
        let mut read = Vec::new();
        page::read(list.to_string().as_bytes(), &[], &mut |value| read.push(value)).unwrap();
        let expected = outcome(&spec, &[(&key, "unconfined")]);
        for (value, (version, kind)) in read.iter_mut().zip([("apps/v1", "Deployment"), ("v1", "Pod")]) {
            value["apiVersion"] = version.into();
            value["kind"] = kind.into();
            let object = Object::all(value.take()).remove(0);
            let pods = Pods::of_kubernetes(&object).unwrap();
            assert_eq!(outcome(pods.spec, &pods.annotations), expected, "{kind} {spec}");
        }
    }
}
