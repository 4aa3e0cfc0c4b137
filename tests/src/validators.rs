//! The validators of exported documents, asked about one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Python with the validators; they are installed first where that was not done yet, and no test is skipped.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("exports/venv");
    let installed = Command::new(script).output().expect("the script can be run");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    PathBuf::from(String::from_utf8_lossy(&installed.stdout).trim()).join("bin/python")
});

/// Why the validator of a kind refuses a document; nothing where it takes it.
///
/// # Panics
/// Where the validator itself fails: that is no refusal.
pub fn refusal(kind: &str, document: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("document.json"), document).expect("a file");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("exports/check.py");
    let ended = Command::new(&*PYTHON)
        .arg(script)
        .args([kind, "document.json"])
        .current_dir(folder.path())
        .output()
        .expect("python can be run");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    match ended.status.code() {
        Some(0) => None,
        Some(1) if said.starts_with("document.json: ") => Some(said),
        _ => panic!("the validator failed: {said}"),
    }
}

/// Asks another implementation of minisign, as `tests/exports/keys.py` says: its code, and what it said.
///
/// # Panics
/// Where it cannot be run.
pub fn keys(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("exports/keys.py");
    let ended = Command::new(&*PYTHON).arg(script).args(arguments).current_dir(folder).output();
    let ended = ended.expect("python can be run");
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// What a file of YAML says, read by another implementation.
///
/// # Panics
/// Where it cannot be read.
pub fn yaml(file: &Path) -> serde_json::Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("exports/read.py");
    let ended = Command::new(&*PYTHON).arg(script).arg(file).output().expect("python can be run");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).expect("it prints JSON")
}
