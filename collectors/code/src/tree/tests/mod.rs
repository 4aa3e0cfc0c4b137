//! Walks of real folders, built with the `git` binary where git matters.

mod base;
mod bombs;
mod commits;
mod files;
mod groups;
mod history;
mod remembered;
mod repositories;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use asmm_model::{Gap, GapReason};
use tempfile::TempDir;

use super::{Location, Tree};

/// A folder that is built up and then walked.
struct Place {
    _kept: TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        let root = kept.path().canonicalize().unwrap().join("root");
        fs::create_dir(&root).unwrap();
        Self { _kept: kept, root }
    }

    /// A folder with a repository in it.
    fn repository() -> Self {
        let place = Self::new();
        place.git("", &["init", "-q", "-b", "main"]);
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn write(&self, files: &[(&str, &str)]) -> &Self {
        for (path, text) in files {
            let path = self.at(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self
    }

    fn git(&self, at: &str, arguments: &[&str]) -> String {
        git(&self.at(at), arguments)
    }

    /// Commits everything that is not ignored, and gives the commit.
    fn commit(&self, at: &str) -> String {
        self.git(at, &["add", "-A"]);
        self.git(at, &["commit", "-q", "-m", "all"]);
        self.git(at, &["rev-parse", "HEAD"])
    }

    fn walk(&self, at: &str) -> (Vec<String>, Vec<Gap>) {
        walk(&Tree::open(&self.at(at), None).unwrap())
    }
}

fn git(at: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(at)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_CEILING_DIRECTORIES", at.parent().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn walk(tree: &Tree) -> (Vec<String>, Vec<Gap>) {
    let mut paths = Vec::new();
    let gaps = tree.walk(&mut |found| {
        if let Location::File(full) = &found.at {
            assert!(full.is_file(), "{found:?}");
        }
        paths.push(found.path);
        ControlFlow::Continue(())
    });
    paths.sort();
    (paths, gaps)
}

fn strings(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

fn ignored(what: &str, count: u64) -> Gap {
    Gap::new(what, GapReason::Ignored)
        .times(count)
        .because("not tracked, and left out by the repository's ignore rules; a folder counts as one and is not entered")
}

fn installed(what: &str, count: u64) -> Gap {
    Gap::new(what, GapReason::Ignored)
        .times(count)
        .because("installed packages or their cache, not part of the repository; not entered")
}

/// What and why, without the words.
fn brief(gaps: &[Gap]) -> Vec<(&str, GapReason, u64)> {
    gaps.iter().map(|gap| (gap.what.as_str(), gap.why, gap.count)).collect()
}
