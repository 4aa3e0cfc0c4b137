//! Says which engine this is: what another one kept of a file is not used.
#![allow(clippy::print_stdout, reason = "that is how a build script speaks")]

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// Everything that decides what is said about a file.
const SOURCES: [&str; 5] =
    ["src", "../core/src", "../../rules/src", "../../asmm-model/src", "../../Cargo.lock"];

fn main() -> std::io::Result<()> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        let mut files = Vec::new();
        list(Path::new(source), &mut files)?;
        files.sort();
        for file in files {
            file.hash(&mut hasher);
            fs::read(&file)?.hash(&mut hasher);
        }
    }
    println!("cargo::rustc-env=MUSTER_ENGINE={:016x}", hasher.finish());
    Ok(())
}

fn list(at: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if at.is_dir() {
        for entry in fs::read_dir(at)? {
            list(&entry?.path(), files)?;
        }
    } else if at.is_file() {
        files.push(at.to_owned());
    }
    Ok(())
}
