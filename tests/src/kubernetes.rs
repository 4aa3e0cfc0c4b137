//! A real server of Kubernetes for one test: kube-apiserver and etcd, on ports of their own.

use std::fs;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// How long both may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a kind may take to be served after its definition was created.
const SERVED: Duration = Duration::from_secs(30);

/// What the administrator says to be let in.
const ADMIN: &str = "of-the-administrator";

/// How many connections load pods at the same time.
const CONNECTIONS: usize = 8;

/// A server with nothing in it but what Kubernetes itself puts there; it ends with this.
///
/// No controller and no kubelet runs: a deployment makes no pods, and a status is what a test sets.
pub struct Cluster {
    url: String,
    client: Client,
    runtime: Runtime,
    // Ends before the folder is removed.
    _running: Running,
    folder: TempDir,
}

impl Cluster {
    /// Starts etcd and the server, and makes them first where that was not done yet.
    ///
    /// # Panics
    /// Where one cannot be made or does not start: such a test is never skipped.
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes/apiserver");
        let made = Command::new(script).output().expect("the script can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let bin = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim());

        let folder = tempfile::tempdir().expect("a folder for the data");
        let [store, peer, port] = ports();
        let store = format!("http://127.0.0.1:{store}");
        let peer = format!("http://127.0.0.1:{peer}");
        let mut etcd = Command::new(bin.join("etcd"));
        etcd.arg(format!("--data-dir={}", folder.path().join("data").display()))
            .arg(format!("--listen-client-urls={store}"))
            .arg(format!("--advertise-client-urls={store}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=default={peer}"))
            // It does not start on that architecture otherwise.
            .env("ETCD_UNSUPPORTED_ARCH", "arm64");

        let tokens = folder.path().join("tokens.csv");
        fs::write(&tokens, format!("{ADMIN},admin,admin,\"system:masters\"\n"))
            .expect("the token is written");
        let certificates = folder.path().join("certificates");
        // The server makes this pair for TLS before it reads the key with which it signs tokens.
        let key = certificates.join("apiserver.key");
        let mut server = Command::new(bin.join("kube-apiserver"));
        server
            .arg(format!("--etcd-servers={store}"))
            .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
            .arg(format!("--secure-port={port}"))
            .arg(format!("--cert-dir={}", certificates.display()))
            .arg("--service-cluster-ip-range=10.0.0.0/24")
            .arg(format!("--token-auth-file={}", tokens.display()))
            .arg("--authorization-mode=RBAC")
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg(format!("--service-account-key-file={}", key.display()))
            .arg(format!("--service-account-signing-key-file={}", key.display()))
            // No controller makes the account that a pod would get.
            .arg("--disable-admission-plugins=ServiceAccount")
            .arg("--allow-privileged=true");

        let mut running = Running(Vec::new());
        for (name, command) in [("etcd", etcd), ("kube-apiserver", server)] {
            running.spawn(folder.path(), name, command);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let url = format!("https://127.0.0.1:{port}");
        let began = Instant::now();
        let client = loop {
            running.check(began);
            if let Some(client) = trusting(&certificates.join("apiserver.crt")) {
                let answer = runtime.block_on(client.get(format!("{url}/readyz")).send());
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    break client;
                }
            }
            sleep(Duration::from_millis(100));
        };
        let cluster = Self { url, client, runtime, _running: running, folder };
        cluster.kubeconfig_for("admin", ADMIN);
        cluster
    }

    /// Where the server listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The configuration of a client that may do everything; its context is `admin`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("admin.kubeconfig")
    }

    /// Writes the configuration of a client that says this token; its context is called like it.
    pub fn kubeconfig_for(&self, name: &str, token: &str) -> PathBuf {
        let trusted = self.folder.path().join("certificates/apiserver.crt");
        let configuration = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{
                "name": "of-the-test",
                "cluster": { "server": self.url, "certificate-authority": trusted },
            }],
            "users": [{ "name": name, "user": { "token": token } }],
            "contexts": [{ "name": name, "context": { "cluster": "of-the-test", "user": name } }],
        });
        let path = self.folder.path().join(format!("{name}.kubeconfig"));
        fs::write(&path, configuration.to_string()).expect("the configuration is written");
        path
    }

    /// Creates objects in this order.
    ///
    /// # Panics
    /// Where the server refuses one.
    pub fn apply(&self, documents: &[Value]) {
        for document in documents {
            self.create(document);
        }
    }

    /// Sets parts of the status of the object at a path; null removes one.
    ///
    /// # Panics
    /// Where the server refuses it.
    pub fn status(&self, path: &str, patch: &Value) {
        let path = format!("{path}/status");
        let (code, answer) = self.send(Method::PATCH, &path, ADMIN, Some(&json!({ "status": patch })));
        assert!(code < 300, "{path}: {code} {answer}");
    }

    /// What the server answers the administrator.
    pub fn get(&self, path: &str) -> (u16, Value) {
        self.get_as(ADMIN, path)
    }

    /// What the server answers one who says this token.
    pub fn get_as(&self, token: &str, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, token, None)
    }

    /// A token of a service account, good for an hour.
    ///
    /// # Panics
    /// Where there is no such account.
    pub fn token(&self, namespace: &str, account: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "expirationSeconds": 3600 },
        });
        let (code, answer) = self.send(Method::POST, &path, ADMIN, Some(&request));
        let token = answer["status"]["token"].as_str();
        token.unwrap_or_else(|| panic!("{path}: {code} {answer}")).to_owned()
    }

    /// Creates pods as a large cluster has them: about 13 KB each when they are read, owned by the replica sets of
    /// a few deployments, which are created with them and with the namespace.
    ///
    /// # Panics
    /// Where the server refuses one.
    pub fn load_pods(&self, namespace: &str, count: usize) {
        self.create(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }));
        let sets: Vec<_> = IMAGES.iter().map(|(name, image)| self.workload(namespace, name, image)).collect();
        let url = format!("{}/api/v1/namespaces/{namespace}/pods", self.url);
        self.runtime.block_on(async {
            let mut workers = JoinSet::new();
            for worker in 0..CONNECTIONS {
                let (client, url, sets) = (self.client.clone(), url.clone(), sets.clone());
                workers.spawn(async move {
                    for number in (worker..count).step_by(CONNECTIONS) {
                        let pod = pod(&sets[number % sets.len()], number);
                        let request = client.post(&url).bearer_auth(ADMIN);
                        let request = request.header(CONTENT_TYPE, "application/json").body(pod.to_string());
                        let answer = request.send().await.expect("the server answers");
                        let code = answer.status();
                        // Read to its end, or the connection is not used again.
                        let text = answer.text().await.expect("the server answers");
                        assert!(code.is_success(), "pod {number}: {code} {text}");
                    }
                });
            }
            while let Some(ended) = workers.join_next().await {
                ended.expect("all pods are created");
            }
        });
    }

    /// A deployment and its replica set, which is returned.
    fn workload(&self, namespace: &str, name: &str, image: &str) -> Value {
        let labels = json!({ "app": name });
        let spec = json!({
            "replicas": 1,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "main", "image": image }] },
            },
        });
        let deployment = self.create(&json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": { "name": name, "namespace": namespace, "labels": labels },
            "spec": spec,
        }));
        self.create(&json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{name}-5d4f8c7b9d"),
                "namespace": namespace,
                "labels": labels,
                "ownerReferences": [owner(&deployment)],
            },
            "spec": spec,
        }))
    }

    /// The object as the server created it.
    fn create(&self, document: &Value) -> Value {
        let path = self.collection(document);
        let (code, answer) = self.send(Method::POST, &path, ADMIN, Some(document));
        assert!(code < 300, "{path}: {code} {answer}\n{document}");
        answer
    }

    /// The path at which objects of this kind are created: the server knows it.
    fn collection(&self, document: &Value) -> String {
        let version = document["apiVersion"].as_str().expect("an object has a version");
        let kind = &document["kind"];
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let began = Instant::now();
        let resource = loop {
            let (code, answer) = self.get(&root);
            let mut resources = answer["resources"].as_array().into_iter().flatten();
            // `deployments/scale` and its like have a kind too.
            let named = |resource: &Value| resource["name"].as_str().is_some_and(|name| !name.contains('/'));
            if let Some(resource) = resources.find(|one| one["kind"] == *kind && named(one)) {
                break resource.clone();
            }
            assert!(began.elapsed() < SERVED, "{root} has no {kind}: {code} {answer}");
            sleep(Duration::from_millis(100));
        };
        let plural = resource["name"].as_str().expect("a resource has a name");
        if resource["namespaced"] == false {
            return format!("{root}/{plural}");
        }
        let namespace = document["metadata"]["namespace"].as_str().unwrap_or("default");
        format!("{root}/namespaces/{namespace}/{plural}")
    }

    /// What is no JSON in the answer is text.
    fn send(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let kind = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, kind).body(body.to_string());
        }
        self.runtime.block_on(async {
            let answer = request.send().await.expect("the server answers");
            let code = answer.status().as_u16();
            let text = answer.text().await.expect("the server answers");
            (code, serde_json::from_str(&text).unwrap_or(Value::String(text)))
        })
    }
}

/// Ports that nobody listens on. All are taken before one is given back, so they differ.
fn ports() -> [u16; 3] {
    let taken = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port is free"));
    taken.map(|listener| listener.local_addr().expect("it listens").port())
}

/// Processes, with the files that hold what they print.
struct Running(Vec<(Child, PathBuf)>);

impl Running {
    fn spawn(&mut self, folder: &Path, name: &str, mut command: Command) {
        let path = folder.join(format!("{name}.log"));
        let log = File::create(&path).expect("the file is made");
        let same = log.try_clone().expect("the file is open");
        command.current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(same);
        self.0.push((command.spawn().expect("a process starts"), path));
    }

    /// Panics with the end of what they printed where one has ended or patience has.
    fn check(&mut self, began: Instant) {
        let mut ended = false;
        for (child, _) in &mut self.0 {
            ended |= child.try_wait().expect("a process can be asked").is_some();
        }
        if ended || began.elapsed() >= PATIENCE {
            let logs: Vec<_> = self.0.iter().map(|(_, path)| tail(path)).collect();
            panic!("the server of Kubernetes does not start\n{}", logs.join("\n"));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The server first: without its store it only complains.
        for (child, _) in self.0.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The last lines of a file.
fn tail(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(20)..];
    format!("--- the end of {}\n{}", path.display(), last.join("\n"))
}

/// A client that trusts this certificate only, once the server has written it.
fn trusting(certificate: &Path) -> Option<Client> {
    let trusted = Certificate::from_pem_bundle(&fs::read(certificate).ok()?).ok()?;
    if trusted.is_empty() {
        return None;
    }
    // HTTP/2 would send everything over one connection.
    Client::builder().tls_certs_only(trusted).no_proxy().http1_only().build().ok()
}

/// What the pods of a large cluster run.
const IMAGES: [(&str, &str); 10] = [
    ("chat", "registry.example.com/shop/chat:4.2.0"),
    ("checkout", "registry.example.com/shop/checkout:1.9.3"),
    ("embeddings", "ghcr.io/huggingface/text-embeddings-inference:1.5"),
    ("gateway", "registry.example.com/shop/gateway:2.0.1"),
    ("llm", "vllm/vllm-openai:v0.6.3"),
    ("orders", "registry.example.com/shop/orders:7.1.0"),
    ("search", "registry.example.com/shop/search:3.3.3"),
    ("stock", "registry.example.com/shop/stock:0.8.12"),
    ("vectors", "qdrant/qdrant:v1.12.1"),
    ("web", "nginx:1.27"),
];

/// The reference by which an object belongs to this one.
fn owner(of: &Value) -> Value {
    json!({
        "apiVersion": of["apiVersion"],
        "kind": of["kind"],
        "name": of["metadata"]["name"],
        "uid": of["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// One pod of a replica set. The server writes down who set each of its fields, which doubles its size.
fn pod(set: &Value, number: usize) -> Value {
    let name = set["metadata"]["name"].as_str().unwrap_or_default();
    let image = &set["spec"]["template"]["spec"]["containers"][0]["image"];
    let container = |name: &str, image: &Value| {
        let variables: Vec<_> = (0..8)
            .map(|variable| {
                json!({
                    "name": format!("SETTING_OF_THE_SERVICE_{variable:02}"),
                    "value": format!("https://service-{variable:02}.{name}.svc.cluster.local/v1?pod={number}"),
                })
            })
            .collect();
        json!({
            "name": name,
            "image": image,
            "args": ["--listen", "0.0.0.0:8080", "--log-format", "json"],
            "env": variables,
            "ports": [{ "name": "http", "containerPort": 8080 }],
            "resources": {
                "requests": { "cpu": "100m", "memory": "256Mi" },
                "limits": { "cpu": "1", "memory": "512Mi" },
            },
            "readinessProbe": { "httpGet": { "path": "/ready", "port": "http" }, "periodSeconds": 5 },
            "livenessProbe": { "httpGet": { "path": "/healthy", "port": "http" }, "periodSeconds": 15 },
            "volumeMounts": [{ "name": "settings", "mountPath": "/etc/settings", "readOnly": true }],
        })
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{name}-{number:05}"),
            "labels": { "app": set["metadata"]["labels"]["app"], "pod-template-hash": "5d4f8c7b9d" },
            "annotations": {
                "prometheus.io/scrape": "true",
                "example.com/applied": "what a tool of delivery leaves behind, ".repeat(40),
            },
            "ownerReferences": [owner(set)],
        },
        "spec": {
            "containers": [
                container("main", image),
                container("proxy", &json!("envoyproxy/envoy:v1.31.0")),
                container("logs", &json!("fluent/fluent-bit:3.1.9")),
            ],
            "nodeName": format!("node-{:03}", number % 200),
            "volumes": [{ "name": "settings", "configMap": { "name": "settings" } }],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_server_answers() {
        let cluster = Cluster::start();
        let place = |name: &str| json!({ "name": name, "namespace": "shop" });
        let labels = json!({ "app": "web" });
        cluster.apply(&[
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } }),
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": place("reader") }),
            json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": place("web"),
                "spec": {
                    "selector": { "matchLabels": labels },
                    "template": {
                        "metadata": { "labels": labels },
                        "spec": { "containers": [{ "name": "web", "image": "nginx:1.27" }] },
                    },
                },
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": place("reader"),
                "rules": [{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"] }],
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": place("reader"),
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
                "subjects": [{ "kind": "ServiceAccount", "name": "reader", "namespace": "shop" }],
            }),
        ]);
        let deployments = "/apis/apps/v1/namespaces/shop/deployments";
        cluster.status(&format!("{deployments}/web"), &json!({ "replicas": 3 }));
        let (code, list) = cluster.get(deployments);
        assert_eq!((code, &list["items"][0]["status"]["replicas"]), (200, &json!(3)), "{list}");

        let token = cluster.token("shop", "reader");
        assert!(cluster.kubeconfig_for("reader", &token).is_file() && cluster.kubeconfig().is_file());
        assert_eq!(cluster.get_as(&token, deployments).0, 200);
        assert_eq!(cluster.get_as(&token, "/api/v1/namespaces/shop/secrets").0, 403);
        assert_eq!(cluster.get_as("of-nobody", deployments).0, 401);
        assert_eq!(cluster.get("/version").1["gitVersion"], "v1.20.2");
    }
}
