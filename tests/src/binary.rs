//! The `muster` binary as its users get it, built once and run without anything of whoever runs the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// No test of ours scans anything that needs longer, even on a busy machine and without optimisation.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Where the binary is, built if it is missing or stale.
///
/// The path of a binary is handed only to the tests of its own package, so this asks cargo, which also says when
/// nothing needed to be done. Every test binary asks once.
pub fn path() -> &'static Path {
    // A failure is kept as well: hundreds of tests would each build again.
    static PATH: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PATH.get_or_init(build) {
        Ok(path) => path,
        Err(why) => panic!("muster cannot be built:\n{why}"),
    }
}

/// What whoever runs the tests sets to try a binary or rules without building: `MUSTER_BINARY` and
/// `MUSTER_CORPUS_RULES`, both absolute paths.
#[expect(clippy::disallowed_methods, reason = "a test binary has no configuration but its environment")]
pub fn setting(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

fn build() -> Result<PathBuf, String> {
    if let Some(given) = setting("MUSTER_BINARY") {
        return Ok(given);
    }
    // TARGET/PROFILE/deps/test-0123abcd
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("a test lies in TARGET/PROFILE/deps");
    let target = profile.parent().expect("a profile lies in the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--locked", "--package", "muster", "--bin", "muster"])
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo can be run");
    let messages = String::from_utf8_lossy(&built.stdout);
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    match executable {
        Some(executable) if built.status.success() => Ok(executable),
        _ => Err(String::from_utf8_lossy(&built.stderr).into_owned()),
    }
}

/// A run of the binary that is stopped after [`PATIENCE`], with `home` for a home and nothing else from outside.
pub fn muster(home: &Path) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(path());
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120")
        .current_dir(home)
        .timeout(PATIENCE);
    command
}
