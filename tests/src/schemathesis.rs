//! All that the description of an API allows, asked by schemathesis.

use std::process::{Command, Stdio};

use crate::site;

/// How long all of it may take, in seconds; it is ended then.
const PATIENCE: &str = "300";

/// What is well-formed may be refused for where things stand, which no schema says: then it is 422. An act on a system says which
/// state was looked at either in its body or in `If-Match`, which no schema says either.
const SETTINGS: &str = r#"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429", "5xx"]

[[operations]]
include-path = "/api/v1/systems/{system}/acts"
checks.positive_data_acceptance.enabled = false
"#;

/// Asks each operation of an API of this machine what its description allows, and some of what it forbids, and says
/// what did not answer as described; `headers` are sent with every request, as (name, value).
///
/// The same is asked each time: 30 cases for an operation and phase, unless `further` arguments say otherwise.
///
/// # Errors
/// What was asked and answered where something is not as described, or where nothing could be asked.
///
/// # Panics
/// Where schemathesis cannot be installed, or the API is not one of this machine.
pub fn check(description: &str, headers: &[(&str, &str)], further: &[&str]) -> Result<(), String> {
    assert!(
        ["http://127.0.0.1:", "http://localhost:"].iter().any(|own| description.starts_with(own)),
        "{description} is not of this machine"
    );
    let home = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(home.path().join("schemathesis.toml"), SETTINGS).expect("a file can be written");
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=10", PATIENCE])
        .arg(site::environment().join("bin/schemathesis"))
        .args(["run", description, "--seed=1", "--max-examples=30", "--workers=1", "--request-timeout=20"])
        .args(["--generation-database=none", "--no-color"]);
    for (name, value) in headers {
        command.arg(format!("--header={name}: {value}"));
    }
    let ended = command
        .args(further)
        // Its folder for cases and our settings, and nothing of whoever runs the tests: neither a configuration nor a proxy.
        .current_dir(home.path())
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8"), ("NO_PROXY", "*"), ("COLUMNS", "120")])
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .expect("schemathesis can be run");
    if ended.status.success() {
        return Ok(());
    }
    let [printed, complained] =
        [&ended.stdout, &ended.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    Err(format!("schemathesis: {}\n{printed}{complained}", ended.status))
}
