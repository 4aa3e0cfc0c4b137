//! A real registry of images for one test, on a port of its own.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// How long it may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An empty registry; it ends with this.
pub struct Registry {
    /// `127.0.0.1:PORT`, as names of images have it.
    pub host: String,
    running: Child,
    _folder: TempDir,
}

impl Registry {
    /// Starts it.
    ///
    /// # Panics
    /// Where it cannot be got or does not start: such a test is never skipped.
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes/apiserver");
        let made = Command::new(script).output().expect("the script can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let program = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()).join("docker-registry");
        let folder = tempfile::tempdir().expect("a folder for the images");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let host = format!("127.0.0.1:{}", port.expect("a port is free").port());
        let settings = json!({
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": folder.path().join("data")}},
            "http": {"addr": host},
        });
        let path = folder.path().join("settings.yml");
        std::fs::write(&path, settings.to_string()).expect("the settings are written");
        let mut command = Command::new(program);
        command.arg("serve").arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self { running: command.spawn().expect("it starts"), _folder: folder, host };
        let began = Instant::now();
        while TcpStream::connect(&registry.host).is_err() {
            assert!(began.elapsed() < PATIENCE, "the registry does not start");
            sleep(Duration::from_millis(50));
        }
        registry
    }

    /// Puts an image there, for two platforms where `is_index`; its digest is returned.
    ///
    /// # Panics
    /// Where the registry refuses it.
    pub fn push(&self, repository: &str, tag: &str, labels: &Value, is_index: bool) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(async {
            let client = Client::builder().no_proxy().build().expect("a client");
            let settings = json!({"architecture": "amd64", "os": "linux", "config": {"Labels": labels}, "rootfs": {"type": "layers", "diff_ids": []}});
            let settings = self.blob(&client, repository, settings.to_string()).await;
            let manifest = json!({
                "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": settings.0, "size": settings.1},
            });
            let first = if is_index { "first" } else { tag };
            let one = self.manifest(&client, repository, first, MANIFEST, manifest.to_string()).await;
            if !is_index {
                return one.0;
            }
            // What was noted about an image stands beside it, and is none.
            let platform = |os: &str| json!({"mediaType": MANIFEST, "digest": one.0, "size": one.1, "platform": {"os": os, "architecture": "amd64"}});
            let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [platform("unknown"), platform("linux")]});
            self.manifest(&client, repository, tag, INDEX, index.to_string()).await.0
        })
    }

    async fn blob(&self, client: &Client, repository: &str, body: String) -> (String, usize) {
        let digest = digest(&body);
        let begun = client.post(format!("http://{}/v2/{repository}/blobs/uploads/", self.host)).send().await;
        let begun = begun.expect("the registry answers");
        let place = begun.headers()["location"].to_str().expect("a place").to_owned();
        let size = body.len();
        // The place has a query already.
        let put = client.put(format!("{place}&digest={digest}")).body(body).send().await;
        assert_eq!(put.expect("the registry answers").status(), 201);
        (digest, size)
    }

    async fn manifest(
        &self,
        client: &Client,
        repository: &str,
        name: &str,
        kind: &str,
        body: String,
    ) -> (String, usize) {
        let (digest, size) = (digest(&body), body.len());
        let url = format!("http://{}/v2/{repository}/manifests/{name}", self.host);
        let put = client.request(Method::PUT, url).header(CONTENT_TYPE, kind).body(body).send().await;
        let put = put.expect("the registry answers");
        assert_eq!(put.status(), 201, "{:?}", put.text().await);
        (digest, size)
    }
}

fn digest(text: &str) -> String {
    let mut written = "sha256:".to_owned();
    for byte in Sha256::digest(text) {
        write!(written, "{byte:02x}").expect("a text takes all");
    }
    written
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}
