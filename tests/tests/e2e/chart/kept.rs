//! What the pods of the chart run, where that is kept, and how it is read: a volume, a database, or the log alone.

use std::fs;

use muster_tests::stage::Stage;
use serde_json::{Value, json};

use super::{
    ALL, DATABASE, EVERYTHING, chart_of, container, granted, helm, kinds, of_kind, pod, read, rendered, said,
    the,
};

/// The configuration that the pod reads.
fn configuration(all: &[Value]) -> String {
    let map = the(all, "ConfigMap");
    let volumes = pod(all)["spec"]["volumes"].as_array().expect("volumes");
    let volume = volumes.iter().find(|volume| volume["name"] == "configuration").expect("a volume");
    assert_eq!(volume["configMap"]["name"], map["metadata"]["name"]);
    let mounts = container(all)["volumeMounts"].as_array().expect("mounts");
    let mount = json!({"name": "configuration", "mountPath": "/etc/muster", "readOnly": true});
    assert!(mounts.contains(&mount), "{mounts:?}");
    assert_eq!(map["data"].as_object().map(serde_json::Map::len), Some(1));
    map["data"]["muster.toml"].as_str().expect("a text").to_owned()
}

/// What `muster config check` says, with a folder that is there for the one of the volume.
fn checked(configuration: &str) -> (Option<i32>, String, String) {
    let stage = Stage::new();
    let kept = stage.app();
    let text = configuration.replace("/var/lib/muster", kept.to_str().expect("a path is a text"));
    fs::write(stage.beside("muster.toml"), text).expect("a file");
    let ended = stage.run(&["config", "check"]);
    (ended.code, ended.stdout, ended.stderr)
}

#[test]
fn the_arguments_are_those_of_the_values() {
    let arguments = |values: &str, options: &[&str]| container(&chart_of(values, options))["args"].clone();
    assert_eq!(arguments("", &[]), json!(["scan", "k8s:", "--format=json", "--quiet"]));
    let options = "clusterName=prod,scan.options.k8s-rate=1000000,scan.options.k8s-registries=true,\
        scan.options.k8s-allow-exec=false,rbac.clusterWide=false,rbac.namespaces={shop,ai},scan.gapsAreFine=false";
    assert_eq!(
        arguments("", &["--set", options]),
        json!([
            "scan",
            "k8s:",
            "--format=json",
            "--quiet",
            "--k8s-cluster-name=prod",
            "--k8s-namespaces=shop,ai",
            "--k8s-rate=1000000",
            "--k8s-registries",
            "--strict-coverage"
        ])
    );
    let run = ["run", "--config=/etc/muster/muster.toml"];
    assert_eq!(arguments(EVERYTHING, &[]), json!([run[0], run[1], "--strict-coverage", "--color=never"]));
    assert_eq!(arguments(DATABASE, &[]), json!(run));
    // Commands and options that there are.
    let stage = Stage::new();
    for values in ALL {
        let all = arguments(values, &["--set", "extraArgs={--help}"]);
        let all: Vec<&str> = all.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let ended = stage.run(&all);
        assert_eq!(ended.code, Some(0), "{all:?}: {ended:?}");
    }
}

#[test]
fn the_configuration_is_made_of_the_values() {
    let everything = configuration(&chart_of(EVERYTHING, &[]));
    insta::assert_snapshot!("everything", everything);
    let (code, out, err) = checked(&everything);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "no mistake: 2 sources, 2 exports\n", ""));
    let database = configuration(&chart_of(DATABASE, &[]));
    insta::assert_snapshot!("database", database);
    let (code, out, err) = checked(&database);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "no mistake: 1 source, 0 exports\n", ""));
    // A volume beside the database is for the exports.
    let both = configuration(&chart_of(DATABASE, &["--set", "persistence.enabled=true"]));
    assert!(both.starts_with("store = \"postgres://"), "{both}");
    assert!(both.contains("path = \"/var/lib/muster/inventory.json\""), "{both}");
    assert_eq!(checked(&both).1, "no mistake: 1 source, 1 export\n");
    // Where nothing is kept, there is nothing to configure.
    assert_eq!(of_kind(&chart_of("", &[]), "ConfigMap").len(), 0);
}

#[test]
fn no_value_breaks_out_of_its_place_in_the_configuration() {
    let url = r#"postgres://m"]\'<&>$é@db/m"#;
    let odd = json!({
        "scan": {"options": {"k8s-cluster-name": "\"]\\'#<&>\u{e9}"}},
        "store": {"postgres": {"url": url}},
        // What YAML may take for the end of a line.
        "config": {"extra": "# a\r\n# b\u{2028}c\t\n\n"},
    });
    let text = configuration(&chart_of(&odd.to_string(), &[]));
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(table["store"].as_str(), Some(url));
    assert_eq!(table["source"][0]["options"]["k8s-cluster-name"].as_str(), Some("\"]\\'#<&>é"));
    assert!(text.ends_with("# a\r\n# b\u{2028}c"), "{text:?}");
    // The binary says what it does not take, at its place.
    let (code, _, said) = checked(&text);
    assert!(code == Some(2) && said.contains("`source.options.k8s-cluster-name` is wrong"), "{said}");
}

#[test]
fn the_formats_of_exports_are_those_of_the_binary() {
    let schema = Stage::new().run(&["config", "schema"]).stdout;
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let ours: Value = serde_json::from_str(&read("deploy/helm/muster/values.schema.json")).expect("JSON");
    let format = "/properties/export/items/properties/format/enum";
    let of_chart = "/properties/exports/items/properties/format/enum";
    assert!(schema.pointer(format).is_some_and(Value::is_array), "{schema}");
    assert_eq!(schema.pointer(format), ours.pointer(of_chart));
}

#[test]
fn what_is_kept_is_on_the_volume_that_is_mounted() {
    let all = chart_of("", &[]);
    assert_eq!(of_kind(&all, "PersistentVolumeClaim").len(), 0);
    assert_eq!(container(&all)["volumeMounts"], json!([{"name": "tmp", "mountPath": "/tmp"}]));
    let mounted = |all: &[Value]| {
        let mounts = container(all)["volumeMounts"].as_array().expect("mounts").clone();
        let place = mounts.iter().find(|mount| mount["mountPath"] == "/var/lib/muster").expect("a mount");
        let volumes = pod(all)["spec"]["volumes"].as_array().expect("volumes").clone();
        let volume = volumes.iter().find(|volume| volume["name"] == place["name"]).expect("a volume");
        volume["persistentVolumeClaim"]["claimName"].clone()
    };
    let own = chart_of(EVERYTHING, &[]);
    let claim = the(&own, "PersistentVolumeClaim");
    assert_eq!(mounted(&own), claim["metadata"]["name"]);
    assert_eq!(
        claim["spec"],
        json!({
            "accessModes": ["ReadWriteOncePod"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "10Gi"}},
        })
    );
    let theirs = chart_of(EVERYTHING, &["--set", "persistence.existingClaim=theirs"]);
    assert_eq!(of_kind(&theirs, "PersistentVolumeClaim").len(), 0);
    assert_eq!(mounted(&theirs), "theirs");
}

#[test]
fn the_password_of_a_database_is_in_a_secret_of_somebody_else() {
    let all = chart_of(DATABASE, &[]);
    let secret = json!({"secretKeyRef": {"name": "database", "key": "the.password"}});
    assert_eq!(
        container(&all)["env"],
        json!([{"name": "PGPASSWORD", "valueFrom": secret}, {"name": "RUST_BACKTRACE", "value": "1"}])
    );
    let made = kinds(&all);
    let expected = ["ClusterRole", "ClusterRoleBinding", "ConfigMap", "CronJob", "NetworkPolicy"];
    assert_eq!(made, [&expected[..], &["ServiceAccount"]].concat(), "no Secret, and no volume");
    let mounts = container(&all)["volumeMounts"].as_array().expect("mounts");
    let volumes = pod(&all)["spec"]["volumes"].as_array().expect("volumes");
    for all in [mounts, volumes] {
        let names: Vec<_> = all.iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["tmp", "configuration", "authority"]);
    }
    let none = chart_of(DATABASE, &["--set", "store.postgres.passwordSecret.name="]);
    assert_eq!(container(&none)["env"], json!([{"name": "RUST_BACKTRACE", "value": "1"}]));
}

#[test]
fn a_store_that_cannot_be_meant_is_refused_and_no_password_is_repeated() {
    let shape = "store.postgres.url is not postgres://USER@HOST:PORT/DATABASE";
    let after = "store.postgres.url says after its ?";
    let useless = "are of use only with a store";
    for (given, why) in [
        ("store.postgres.url=postgres://muster:hunter2@db/muster", shape),
        ("store.postgres.url=mysql://muster:hunter2@db/muster", shape),
        ("store.postgres.url=postgres://db/muster", shape),
        ("store.postgres.url=postgres://muster@db", shape),
        ("store.postgres.url=postgres://muster@db:/muster", shape),
        ("store.postgres.url=muster.db", shape),
        ("store.postgres.url=postgres://muster@db/muster?password=hunter2", after),
        ("store.postgres.url=postgres://muster@db/muster?sslmode=require&port=1", after),
        ("config.extra=[watch]", useless),
        ("retention.keep=30d", useless),
        ("store.postgres.passwordSecret.name=database", useless),
    ] {
        let output = helm(&["template", "r"], "", &["--set", given]);
        let said = said(&output);
        assert!(!output.status.success() && said.contains(why), "{given}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_database_is_let_out_to_by_its_port() {
    let egress = |url: &str, options: &[&str]| {
        let url = format!("store.postgres.url={url}");
        let all = chart_of("", &[&["--set", &url], options].concat());
        let rules = the(&all, "NetworkPolicy")["spec"]["egress"].as_array().expect("rules").clone();
        assert_eq!(rules.len(), 3, "{rules:?}");
        rules[2].clone()
    };
    let rule = |port: u16| json!({"ports": [{"protocol": "TCP", "port": port}]});
    for (url, port) in [
        ("postgres://muster@db/muster", 5432),
        ("postgresql://muster@db.example.com:6432/muster?sslmode=require", 6432),
        ("postgres://a%40b@[fd00::5432]/muster", 5432),
        ("postgres://muster@[fd00::1]:7000/muster:1", 7000),
    ] {
        assert_eq!(egress(url, &[]), rule(port), "{url}");
    }
    let mut narrow = rule(5432);
    narrow["to"] = json!([{"ipBlock": {"cidr": "10.2.0.7/32"}}]);
    let cidrs = ["--set", "networkPolicy.postgresCidrs={10.2.0.7/32}"];
    assert_eq!(egress("postgres://muster@db/muster", &cidrs), narrow);
}

/// What Helm tells whoever installs the chart.
pub(super) fn notes(values: &str, options: &[&str]) -> String {
    let output = helm(&["install", "r"], values, &[&["--dry-run=client"], options].concat());
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).expect("notes are text");
    text.split_once("\nNOTES:\n").expect("there are notes").1.to_owned()
}

#[test]
fn the_notes_name_each_permission() {
    let (log, volume) = (notes("", &[]), notes(EVERYTHING, &[]));
    for rule in granted().as_array().expect("rules") {
        let join = |field: &str| {
            let texts = rule[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            texts.collect::<Vec<_>>().join(", ")
        };
        let group = match join("apiGroups") {
            core if core.is_empty() => core,
            group => format!(" ({group})"),
        };
        let line = format!("\n  {}: {}{group}\n", join("verbs"), join("resources"));
        assert!(log.contains(&line) && volume.contains(&line), "{line} is not in {log}");
    }
    assert!(
        log.contains("granted in the whole cluster by the ClusterRole muster-system:r-muster\n"),
        "{log}"
    );
    assert!(log.contains("names no registry of yours"), "{log}");
    assert!(volume.contains("the namespaces team-a, 123 by the schedule \"@daily\""), "{volume}");
    assert!(!volume.contains("names no registry of yours"), "{volume}");
    let none = notes("", &["--set", "rbac.create=false"]);
    assert!(none.contains("none are granted by this release") && !none.contains("list: "), "{none}");
}

#[test]
fn the_notes_say_how_each_result_is_read() {
    // From the first command on; what stands before it is the list of permissions.
    let commands = |values: &str, options: &[&str]| {
        let notes = notes(values, options);
        let (_, rest) = notes.split_once("\nScan now").expect("the commands");
        rest.to_owned()
    };
    insta::assert_snapshot!("notes_log", commands("", &[]));
    insta::assert_snapshot!("notes_database", commands(DATABASE, &[]));
    let volume = commands(EVERYTHING, &[]);
    insta::assert_snapshot!("notes_volume", volume);
    let nothing_exported = commands(EVERYTHING, &["--set", "exports=null"]);
    assert!(!nothing_exported.contains("busybox"), "{nothing_exported}");
    // What `kubectl run` is told has to be one text for a shell, and JSON.
    let pods = volume.split("--overrides='").skip(1);
    let pods: Vec<Value> = pods
        .map(|rest| serde_json::from_str(rest.split_once("'\n").expect("the end").0).expect("JSON"))
        .collect();
    assert_eq!(pods.len(), 2);
    for pod in &pods {
        assert_eq!(pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "scanner");
        assert_eq!(pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
        assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
    }
    let only_reads: Vec<_> =
        pods.iter().map(|pod| &pod["spec"]["containers"][0]["volumeMounts"][0]["readOnly"]).collect();
    assert_eq!(only_reads, [false, true]);
    assert_eq!(pods[0]["spec"]["containers"][0]["image"], container(&chart_of(EVERYTHING, &[]))["image"]);
    assert_eq!(
        pods[0]["spec"]["containers"][0]["args"],
        json!(["systems", "--store=/var/lib/muster/muster.db"])
    );
    assert!(rendered(EVERYTHING, &[]).contains("/var/lib/muster/muster.db"), "the same store");
}
