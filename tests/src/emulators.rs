//! Emulators of AWS for one test: moto and ministack, side by side, on ports of their own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long an emulator may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Both emulators; they end with this.
pub struct Emulators {
    /// Identities, organisations and most other services.
    pub moto: String,
    /// Models and agents of Bedrock, functions and clusters.
    pub ministack: String,
    python: PathBuf,
    running: Vec<Child>,
}

impl Emulators {
    /// Starts both, and installs them first where that was not done yet.
    ///
    /// # Panics
    /// Where one cannot be installed or does not start: such a test is never skipped.
    pub fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let installed = Command::new(root.join("tests/aws/venv")).output().expect("the script can be run");
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let bin = PathBuf::from(String::from_utf8_lossy(&installed.stdout).trim()).join("bin");
        let (moto, ministack) = (free(), free());
        let mut first = Command::new(bin.join("moto_server"));
        first
            .args(["-H", "127.0.0.1", "-p", &moto.to_string()])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        let mut second = Command::new(bin.join("ministack"));
        second.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", ministack.to_string());
        let mut all = Self {
            moto: format!("http://127.0.0.1:{moto}"),
            ministack: format!("http://127.0.0.1:{ministack}"),
            python: bin.join("python"),
            running: Vec::new(),
        };
        for mut command in [first, second] {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            all.running.push(command.spawn().expect("an emulator starts"));
        }
        for port in [moto, ministack] {
            let began = Instant::now();
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(began.elapsed() < PATIENCE, "the emulator on port {port} does not start");
                sleep(Duration::from_millis(100));
            }
        }
        all
    }

    /// Runs a script of `tests/aws` that fills both; what it prints is JSON.
    pub fn seed(&self, script: &str) -> serde_json::Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("aws").join(script);
        let seeded = Command::new(&self.python)
            .arg(script)
            .args(["--moto", &self.moto, "--ministack", &self.ministack])
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .expect("python can be run");
        assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
        serde_json::from_slice(&seeded.stdout).expect("it prints JSON")
    }

    /// Saves the answers about the management account by the script that is handed out for it.
    pub fn export(&self, folder: &Path, regions: &[&str]) {
        let bin = self.python.parent().expect("python lies in a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/aws/export");
        let saved = Command::new(&self.python)
            .arg(script)
            .arg(folder)
            .arg("--region")
            .args(regions)
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .envs(self.environment())
            .output()
            .expect("python can be run");
        assert!(saved.status.success(), "{}", String::from_utf8_lossy(&saved.stderr));
    }

    /// The variables under which the management account is scanned.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("AWS_ENDPOINT_URL".to_owned(), self.moto.clone()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "123456789012".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "of-the-test".to_owned()),
            ("AWS_REGION".to_owned(), "eu-west-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
        ];
        for service in ["BEDROCK", "BEDROCK_AGENT", "LAMBDA", "EKS"] {
            variables.push((format!("AWS_ENDPOINT_URL_{service}"), self.ministack.clone()));
        }
        variables
    }
}

impl Drop for Emulators {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that nobody listens on.
fn free() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it listens").port()
}
