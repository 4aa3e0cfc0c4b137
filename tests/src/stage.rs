//! A folder to scan that exists for one test, with a home beside it that holds nothing.

use std::path::{Path, PathBuf};

use asmm_model::Inventory;

use crate::binary::muster;

/// A temporary folder with the folder that is scanned and the home of whoever scans.
pub struct Stage {
    lair: tempfile::TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; none when a signal ended it, which is always a fault of ours.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// The inventory that it printed.
    pub fn inventory(&self) -> Inventory {
        match serde_json::from_str(&self.stdout) {
            Ok(inventory) => inventory,
            Err(error) => panic!("this is no inventory: {error}\n{}\n{}", self.stdout, self.stderr),
        }
    }

    /// Nothing of ours may end in a panic, whatever it read.
    #[must_use]
    pub fn orderly(self) -> Self {
        assert!(self.code.is_some_and(|code| code != 101), "it crashed: {self:?}");
        assert!(!self.stderr.contains("panicked"), "it panicked: {self:?}");
        self
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    /// An empty folder called `app`.
    pub fn new() -> Self {
        let lair = tempfile::Builder::new().prefix("muster-e2e-").tempdir().expect("a temporary folder");
        let stage = Self { lair };
        for folder in ["app", "home"] {
            std::fs::create_dir(stage.lair.path().join(folder)).expect("a folder");
        }
        stage
    }

    /// A copy of a mini repository, under its own name beside `app`.
    #[must_use]
    pub fn with_mini(self, name: &str) -> Self {
        let mini = Path::new(env!("CARGO_MANIFEST_DIR")).join("mini").join(name);
        copy(&mini, &self.beside(name));
        self
    }

    /// The folder that is scanned.
    pub fn app(&self) -> PathBuf {
        self.beside("app")
    }

    /// The folder that holds `app` and everything beside it.
    pub fn lair(&self) -> &Path {
        self.lair.path()
    }

    /// A path beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.lair.path().join(name)
    }

    /// Puts a file into `app`.
    pub fn put(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.app().join(path);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        self
    }

    /// Runs `muster` in the folder that holds `app`, so that targets can be given by name.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[])
    }

    /// The same with variables in the environment.
    pub fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mut command = muster(&self.beside("home"));
        let output = command
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(self.lair.path())
            .output()
            .expect("muster can be run, and ends in time");
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is text"),
            stderr: String::from_utf8(output.stderr).expect("standard error is text"),
        }
        .orderly()
    }

    /// The inventory of `app`, from a scan that ends well.
    pub fn inventory(&self) -> Inventory {
        let ended = self.run(&["scan", "app", "--format", "json"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.inventory()
    }
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the original can be listed") {
        let entry = entry.expect("the original can be listed");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
