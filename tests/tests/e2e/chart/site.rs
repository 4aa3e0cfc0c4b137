//! The review site of the chart: what is made for it, and the binary with what its pod is told.

use std::collections::BTreeSet;

use muster_tests::http::free_port;
use muster_tests::postgres::Postgres;
use muster_tests::site::Site;
use muster_tests::stage::Stage;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::kept::notes;
use super::{chart_of, container, kinds, of_kind, pod, the};

/// A site over a file on a volume, for whoever forwards a port.
pub(super) const FORWARDED: &str = r"
image:
  repository: registry.example.com/muster
persistence:
  enabled: true
site:
  enabled: true
nodeSelector:
  pool: tools
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: topology.kubernetes.io/zone
        labelSelector:
          matchLabels:
            app: database
";

/// Sites over a database, behind an Ingress that asks them through TLS, with a provider.
pub(crate) const TEAM: &str = r#"
image:
  repository: registry.example.com/muster
store:
  postgres:
    url: postgres://muster@db.example.com:6432/muster?sslmode=verify-full&sslrootcert=/etc/authority/ca.crt
    passwordSecret:
      name: database
extraVolumes:
  - &authority
    name: authority
    configMap:
      name: authority
extraVolumeMounts:
  - &mounted
    name: authority
    mountPath: /etc/authority
    readOnly: true
networkPolicy:
  postgresCidrs: [10.2.0.7/32]
site:
  enabled: true
  replicas: 2
  behind: [10.42.0.0/16, "fd00::7"]
  tlsSecret: of-the-site
  ingress:
    enabled: true
    className: nginx
    host: muster.example.com
    tlsSecret: of-the-host
    annotations:
      nginx.ingress.kubernetes.io/backend-protocol: HTTPS
  oidc:
    issuer: https://login.example.com:8443/realms/acme
    clientId: muster
    clientSecret:
      name: client
      key: the.secret
    scopes: [email, groups]
    nameClaim: preferred_username
    groupsClaim: roles
    roles:
      viewer: [staff]
      # A group is what the provider calls it.
      reviewer: ["CN=Sec \"Review\", OU=é", "{{ sec }}: review"]
      assessor: [a]
      approver: [b]
      administrator: [c]
  networkPolicy:
    from:
      - namespaceSelector:
          matchLabels:
            kubernetes.io/metadata.name: ingress-nginx
    providerCidrs: [192.0.2.0/24]
    extraEgress:
      - ports:
          - protocol: TCP
            port: 3128
  extraArgs: [--code-host=git.example.com]
  extraEnv:
    - name: MUSTER_LOG_FORMAT
      value: json
  extraVolumes: [*authority]
  extraVolumeMounts: [*mounted]
  podAnnotations:
    example.com/team: security
  podLabels:
    example.com/team: security
    app.kubernetes.io/component: not-this
"#;

/// The pod of the site.
fn site_pod(all: &[Value]) -> &Value {
    &the(all, "Deployment")["spec"]["template"]
}

fn site(all: &[Value]) -> &Value {
    &site_pod(all)["spec"]["containers"][0]
}

#[test]
fn a_site_gets_what_it_needs_and_no_rights() {
    let of_scan = ["ClusterRole", "ClusterRoleBinding", "ConfigMap", "CronJob"];
    let forwarded = chart_of(FORWARDED, &[]);
    let more = [
        "Deployment",
        "NetworkPolicy",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Service",
        "ServiceAccount",
    ];
    assert_eq!(kinds(&forwarded), [&of_scan[..], &more, &["ServiceAccount"]].concat());
    let team = chart_of(TEAM, &[]);
    let more = ["Deployment", "Ingress", "NetworkPolicy", "NetworkPolicy", "PodDisruptionBudget", "Service"];
    assert_eq!(kinds(&team), [&of_scan[..], &more, &["ServiceAccount"; 2]].concat(), "no Secret, no volume");
    for all in [&forwarded, &team] {
        let spec = &site_pod(all)["spec"];
        assert_eq!(
            (&spec["serviceAccountName"], &spec["automountServiceAccountToken"], &spec["enableServiceLinks"]),
            (&json!("r-muster-site"), &json!(false), &json!(false))
        );
        let accounts = of_kind(all, "ServiceAccount");
        assert!(accounts.iter().all(|account| account["automountServiceAccountToken"] == false));
        assert!(accounts.iter().any(|account| account["metadata"]["name"] == "r-muster-site"));
        let bound = &the(all, "ClusterRoleBinding")["subjects"];
        assert_eq!(bound.as_array().map(Vec::len), Some(1));
        assert_eq!(bound[0]["name"], "r-muster");
        // As restricted as the pod of a scan, which is compared with what is meant.
        assert_eq!(spec["securityContext"], pod(all)["spec"]["securityContext"]);
        assert_eq!(site(all)["securityContext"], container(all)["securityContext"]);
        assert_eq!(site(all)["image"], container(all)["image"]);
    }
}

#[test]
fn what_is_told_to_a_site_is_made_of_the_values() {
    let told = |all: &[Value]| {
        let site = site(all);
        let lists = [&site["args"], &site["env"], &site["volumeMounts"], &site_pod(all)["spec"]["volumes"]];
        let probes = ["startupProbe", "readinessProbe", "livenessProbe"].map(|probe| &site[probe]["httpGet"]);
        let items = lists.into_iter().flat_map(|list| list.as_array().expect("a list"));
        items.chain(probes).map(Value::to_string).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("told_forwarded", told(&chart_of(FORWARDED, &[])));
    insta::assert_snapshot!("told_team", told(&chart_of(TEAM, &[])));
    let arguments = |options: &[&str]| site(&chart_of(FORWARDED, options))["args"].clone();
    assert_eq!(arguments(&["--set", "site.address=::"])[1], "--listen=[::]:8080");
    // Without an Ingress, behind a proxy of somebody else.
    let own =
        "site.publicUrl=https://muster.example.com:8443,site.behind={10.0.0.2},networkPolicy.enabled=false";
    assert_eq!(
        arguments(&["--set", own]),
        json!(["serve", "--listen=0.0.0.0:8080", "--no-link", "--make-store", "--behind=10.0.0.2"])
    );
}

#[test]
fn what_leads_to_a_site_finds_its_pods_and_no_others() {
    for values in [FORWARDED, TEAM] {
        let all = chart_of(values, &[]);
        let deployment = &the(&all, "Deployment")["spec"];
        let selector = &deployment["selector"]["matchLabels"];
        let policies = of_kind(&all, "NetworkPolicy");
        assert_eq!(&the(&all, "Service")["spec"]["selector"], selector);
        assert_eq!(&policies[1]["spec"]["podSelector"]["matchLabels"], selector);
        for budget in of_kind(&all, "PodDisruptionBudget") {
            assert_eq!(budget["spec"], json!({"maxUnavailable": 1, "selector": {"matchLabels": selector}}));
        }
        let labels = |pod: &Value| pod["metadata"]["labels"].as_object().expect("labels").clone();
        let fits = |selector: &Value, pod: &Value| {
            let labels = labels(pod);
            selector.as_object().expect("labels").iter().all(|(name, value)| labels.get(name) == Some(value))
        };
        let of_scan = &policies[0]["spec"]["podSelector"]["matchLabels"];
        assert_eq!([fits(selector, site_pod(&all)), fits(selector, pod(&all))], [true, false]);
        assert_eq!([fits(of_scan, site_pod(&all)), fits(of_scan, pod(&all))], [false, true]);
    }
    let all = chart_of(TEAM, &["--set", "site.service.port=443"]);
    assert_eq!(
        the(&all, "Service")["spec"]["ports"],
        json!([{"name": "https", "port": 443, "targetPort": "http", "protocol": "TCP"}])
    );
    assert_eq!(site(&all)["ports"], json!([{"name": "http", "containerPort": 8080, "protocol": "TCP"}]));
    let backend = json!({"service": {"name": "r-muster-site", "port": {"number": 443}}});
    assert_eq!(
        the(&all, "Ingress")["spec"],
        json!({
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["muster.example.com"], "secretName": "of-the-host"}],
            "rules": [{
                "host": "muster.example.com",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
            }],
        })
    );
    let untold = chart_of(TEAM, &["--set", "site.ingress.tlsSecret=,site.ingress.className="]);
    assert_eq!(the(&untold, "Ingress")["spec"].as_object().map(serde_json::Map::len), Some(1), "rules alone");
}

#[test]
fn a_site_talks_to_whom_it_has_to_and_to_nobody_else() {
    let policy = |values: &str, options: &[&str]| {
        let all = chart_of(values, options);
        of_kind(&all, "NetworkPolicy")[1]["spec"].clone()
    };
    let port = |protocol: &str, port: u16| json!({"protocol": protocol, "port": port});
    let dns = json!({"ports": [port("UDP", 53), port("TCP", 53)]});
    let forwarded = policy(FORWARDED, &[]);
    assert_eq!(forwarded["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!((&forwarded["ingress"], &forwarded["egress"]), (&json!([]), &json!([dns])));
    let controller =
        json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}});
    let to = |cidr: &str| json!([{"ipBlock": {"cidr": cidr}}]);
    let team = policy(TEAM, &[]);
    assert_eq!(team["ingress"], json!([{"from": [controller], "ports": [port("TCP", 8080)]}]));
    assert_eq!(
        team["egress"],
        json!([
            dns,
            {"ports": [port("TCP", 6432)], "to": to("10.2.0.7/32")},
            {"ports": [port("TCP", 8443)], "to": to("192.0.2.0/24")},
            {"ports": [port("TCP", 3128)]},
        ])
    );
    let usual = policy(
        TEAM,
        &["--set", "site.oidc.issuer=https://login.example.com/a:1,site.networkPolicy.providerCidrs=null"],
    );
    assert_eq!(usual["egress"][2], json!({"ports": [port("TCP", 443)]}));
    let none = chart_of(TEAM, &["--set", "networkPolicy.enabled=false"]);
    assert_eq!(of_kind(&none, "NetworkPolicy").len(), 0);
}

#[test]
fn scans_are_run_on_the_node_of_a_site_with_a_volume() {
    let all = chart_of(FORWARDED, &[]);
    let zone = json!({
        "topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "database"}},
    });
    let node = json!({
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": the(&all, "Deployment")["spec"]["selector"]["matchLabels"]},
    });
    let terms = |pod: &Value| {
        pod["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"].clone()
    };
    assert_eq!(terms(pod(&all)), json!([zone, node]));
    assert_eq!(terms(site_pod(&all)), json!([zone]), "it waits for no pod of its own");
    assert_eq!(the(&all, "Deployment")["spec"]["strategy"], json!({"type": "Recreate"}));
    for pod in [pod(&all), site_pod(&all)] {
        assert_eq!(pod["spec"]["nodeSelector"], json!({"pool": "tools"}));
    }
    // A pod that is made by hand on the same volume as well.
    let notes = notes(FORWARDED, &[]);
    let (_, by_hand) = notes.split_once("--overrides='").expect("a pod");
    let by_hand: Value = serde_json::from_str(by_hand.split_once("'\n").expect("the end").0).expect("JSON");
    assert_eq!(terms(&by_hand), json!([zone, node]));

    let all = chart_of(TEAM, &["--set", "persistence.enabled=true"]);
    assert_eq!(pod(&all)["spec"]["affinity"], Value::Null);
    assert_eq!(the(&all, "Deployment")["spec"]["strategy"]["type"], "RollingUpdate");
    let volumes = site_pod(&all)["spec"]["volumes"].as_array().expect("volumes");
    assert!(!volumes.iter().any(|volume| volume["name"] == "kept"), "the exports are nothing to it");
    assert_eq!(
        site_pod(&all)["spec"]["topologySpreadConstraints"][0]["topologyKey"],
        "kubernetes.io/hostname"
    );
}

#[test]
fn the_notes_say_how_somebody_gets_in() {
    let of_site = |values: &str, options: &[&str]| {
        let notes = notes(values, options);
        let (_, rest) = notes.split_once("\nThe review site is at ").expect("a site");
        rest.to_owned()
    };
    insta::assert_snapshot!("notes_forwarded", of_site(FORWARDED, &["--set", "site.service.port=80"]));
    insta::assert_snapshot!("notes_team", of_site(TEAM, &[]));
    let secure = "site.publicUrl=https://localhost,site.tlsSecret=certificate";
    assert!(of_site(FORWARDED, &["--set", secure]).contains("service/r-muster-site 443:8080\n"));
    assert!(notes(FORWARDED, &[]).contains("exec deployment/r-muster-site -- muster systems\n"));
    assert!(!notes("", &[]).contains("The review site"));
}

/// The binary with all that a Deployment of the chart tells it, and where it is reached.
pub(crate) struct Served {
    running: Site,
    /// The variables of its container.
    environment: Vec<(String, String)>,
    port: u16,
    probes: Vec<(String, String)>,
    host: String,
}

impl Served {
    /// Starts it. What is another place here than in a pod is replaced: its port, the folders of its volumes, which are those of a
    /// stage, and whatever else is given; and Secrets have these values.
    pub(crate) fn start(
        deployment: &Value,
        stage: &Stage,
        places: &[(&str, &str)],
        secrets: &[(&str, &str)],
    ) -> Self {
        let port = free_port();
        let own = [
            ("0.0.0.0:8080", format!("0.0.0.0:{port}")),
            ("http://localhost:8080", format!("http://localhost:{port}")),
            ("/var/lib/muster", stage.lair().display().to_string()),
            ("/etc/muster", stage.beside("etc").display().to_string()),
        ];
        let replaced = |text: &Value| {
            let text = text.as_str().expect("a text").to_owned();
            let text = own.iter().fold(text, |text, (from, to)| text.replace(from, to));
            places.iter().fold(text, |text, (from, to)| text.replace(from, to))
        };
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let arguments: Vec<String> =
            container["args"].as_array().expect("arguments").iter().map(replaced).collect();
        let (command, arguments) = arguments.split_first().expect("a command");
        assert_eq!(command, "serve");
        let value = |variable: &Value| match &variable["valueFrom"]["secretKeyRef"]["name"] {
            Value::String(name) => {
                secrets.iter().find(|(secret, _)| secret == name).expect("a Secret").1.to_owned()
            }
            _ => replaced(&variable["value"]),
        };
        let variables = container["env"].as_array().expect("variables").iter();
        let environment: Vec<(String, String)> = variables
            .map(|variable| (variable["name"].as_str().expect("a name").to_owned(), value(variable)))
            .collect();
        let borrowed: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let running = Site::start_with(stage, &arguments, &borrowed);
        assert_eq!(running.link, "", "no link stands in the log");
        let probes = ["startupProbe", "readinessProbe", "livenessProbe"].map(|probe| {
            let asked = &container[probe]["httpGet"];
            let text = |name: &str| asked[name].as_str().expect("a text").to_owned();
            (text("scheme").to_lowercase(), text("path"))
        });
        let host = running.url.split_once("://").expect("an address").1.to_owned();
        Self { running, environment, port, probes: probes.into(), host }
    }

    /// What each of its probes is answered, asked as a kubelet does: by the address, and trusting any certificate.
    fn probed(&self) -> BTreeSet<u16> {
        let asked = self.probes.iter().map(|(scheme, path)| {
            self.ask(scheme, &Method::GET, path, &format!("127.0.0.1:{}", self.port), "", "").0
        });
        asked.collect()
    }

    /// Status, cookie and body of an answer.
    fn ask(
        &self,
        scheme: &str,
        method: &Method,
        path: &str,
        host: &str,
        cookie: &str,
        form: &str,
    ) -> (u16, String, String) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.danger_accept_invalid_certs(true).build().expect("a client");
        let url = format!("{scheme}://127.0.0.1:{}{path}", self.port);
        let request = client.request(method.clone(), url).header("host", host).header("cookie", cookie);
        runtime.block_on(async {
            let answer = request.body(form.to_owned()).send().await.expect("an answer");
            let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
            let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
            (answer.status().as_u16(), cookie, answer.text().await.expect("a page"))
        })
    }

    /// A page as people see it who have a cookie: by the name of the site.
    pub(crate) fn page(&self, path: &str, cookie: &str) -> (u16, String) {
        let (status, _, page) = self.ask(&self.probes[0].0, &Method::GET, path, &self.host, cookie, "");
        (status, page)
    }

    /// The cookie of somebody who makes a link as the notes say, and uses it.
    pub(crate) fn let_in(&self, stage: &Stage, command: &str) -> String {
        let command = command.strip_prefix("muster ").expect("a command of ours");
        let mut made = muster_tests::binary::muster(&stage.beside("home"));
        let made =
            made.envs(self.environment.iter().cloned()).args(command.split(' ')).output().expect("it runs");
        assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
        let link = String::from_utf8(made.stdout).expect("a link");
        let (address, secret) = link.trim_end().split_once("/sign-in?").expect("a link");
        assert_eq!(address.split_once("://").expect("an address").1, self.host);
        let (status, cookie, page) =
            self.ask(&self.probes[0].0, &Method::POST, "/sign-in", &self.host, "", secret);
        assert_eq!(status, 303, "{page}");
        cookie
    }
}

/// The command with which the notes let somebody in.
pub(crate) fn command(notes: &str) -> &str {
    let lines = notes.lines().filter_map(|line| line.split_once(" -- "));
    lines.map(|(_, command)| command).find(|command| command.starts_with("muster access")).expect("a command")
}

#[test]
fn a_site_over_a_volume_runs_with_what_is_rendered() {
    let stage = Stage::new().with_mini("refund-agent");
    let all = chart_of(FORWARDED, &[]);
    // There is no store yet.
    let site = Served::start(the(&all, "Deployment"), &stage, &[], &[]);
    assert_eq!(site.probed(), BTreeSet::from([200]));
    let cookie = site.let_in(&stage, command(&notes(FORWARDED, &[])));
    let (status, page) = site.page("/systems", &cookie);
    assert!(status == 200 && !page.contains("refund-agent"), "{page}");
    assert_eq!(site.page("/systems", "").0, 303, "nobody else sees it");
    let other = site.ask("http", &Method::GET, "/sign-in", "muster.example.com", "", "");
    assert_eq!(other.0, 421, "it answers to no other name");

    let store = stage.beside("muster.db");
    let store = store.to_str().expect("a path is a text");
    let ended = stage.run(&["scan", "refund-agent", "--quiet", "--store", store]);
    assert_eq!(ended.code, Some(0), "a site does not keep a run from writing: {ended:?}");
    let (status, page) = site.page("/systems", &cookie);
    assert!(status == 200 && page.contains("refund-agent"), "{page}");
}

#[test]
fn sites_over_a_database_run_with_what_is_rendered() {
    let stage = Stage::new();
    let made = rcgen::generate_simple_self_signed(["muster.example.com".to_owned()]).expect("a certificate");
    for (path, text) in [
        ("etc/tls/tls.crt", made.cert.pem()),
        ("etc/tls/tls.key", made.signing_key.serialize_pem()),
        ("etc/oidc/client-secret", "canary-client-secret\n".to_owned()),
    ] {
        let path = stage.beside(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let all = chart_of(TEAM, &[]);
    let kept = site(&all)["env"][0]["value"].as_str().expect("a text").to_owned();
    let database = Postgres::shared().database();
    let start = || {
        let (places, secrets) = ([(kept.as_str(), database.as_str())], [("database", "any-password")]);
        Served::start(the(&all, "Deployment"), &stage, &places, &secrets)
    };
    let (one, other) = (start(), start());
    assert_eq!([one.probed(), other.probed()], [BTreeSet::from([200]), BTreeSet::from([200])]);
    let (status, page) = one.page("/sign-in", "");
    assert!(status == 200 && page.contains("login.example.com:8443"), "{page}");
    // Whoever was let in by one is known to all.
    let cookie = one.let_in(&stage, command(&notes(TEAM, &[])));
    assert!(cookie.starts_with("__Host-muster="), "{cookie}");
    assert_eq!([one.page("/queue", &cookie).0, other.page("/queue", &cookie).0], [200, 200]);
    assert!(!one.running.log().contains("canary"), "{}", one.running.log());
}
