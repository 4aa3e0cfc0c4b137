//! What the tests of the site install: packages of npm and of Python.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The folder with axe-core and a provider of OpenID Connect in `node_modules`; it is installed first where that was
/// not done yet, and no test is skipped.
///
/// # Panics
/// Where they cannot be installed.
pub fn packages() -> &'static Path {
    static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| made("npm"));
    &PACKAGES
}

/// The folder of a virtual environment with schemathesis; the same is true of it.
///
/// # Panics
/// Where it cannot be installed.
pub fn environment() -> &'static Path {
    static ENVIRONMENT: LazyLock<PathBuf> = LazyLock::new(|| made("venv"));
    &ENVIRONMENT
}

/// The folder that a script of `tests/site` prints.
fn made(script: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("site").join(script);
    let made = Command::new(script).output().expect("the script can be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8_lossy(&made.stdout).trim())
}
