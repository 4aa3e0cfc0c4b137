//! The interface for programs: it answers all that it describes as it describes it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use muster_tests::binary;
use muster_tests::schemathesis;
use muster_tests::stage::{Stage, copy};

/// `muster serve` over the store of a stage, until it is dropped.
struct Served {
    process: Child,
    address: String,
}

impl Served {
    fn start(stage: &Stage) -> Self {
        let mut process = Command::new(binary::path())
            .args(["serve", "--listen", "127.0.0.1:0", "--store", "muster.db"])
            .current_dir(stage.lair())
            .env_clear()
            .env("HOME", stage.beside("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("muster can be run");
        let mut link = String::new();
        let printed = process.stdout.take().expect("it is piped");
        BufReader::new(printed).read_line(&mut link).expect("it prints a link");
        let (address, _) = link.split_once("/sign-in").expect("it leads to the page to sign in at");
        Self { address: address.to_owned(), process }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A store of the sample organisation.
fn scanned() -> Stage {
    let stage = Stage::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation"), &stage.beside("larkspur"));
    let folders = ["refunds", "support", "catalogue", "platform", "shop"];
    let repositories: Vec<String> =
        folders.iter().map(|folder| format!("larkspur/repositories/{folder}")).collect();
    let mut arguments = vec!["scan", "--store", "muster.db"];
    arguments.extend(repositories.iter().map(String::as_str));
    arguments.extend(["aws-export:larkspur/aws", "k8s-export:larkspur/larkspur.json"]);
    let ended = stage.run(&arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    stage
}

#[test]
fn the_interface_is_as_it_is_described() {
    let stage = scanned();
    let token = ["access", "token", "--name", "api-test", "--role", "administrator", "--store", "muster.db"];
    let made = stage.run(&token);
    assert_eq!(made.code, Some(0), "{made:?}");
    let token = format!("Bearer {}", made.stdout.trim());
    let token = [("Authorization", token.as_str())];
    let checked = |further: &[&str]| {
        let served = Served::start(&stage);
        let description = format!("{}/api/v1/openapi.json", served.address);
        if let Err(why) = schemathesis::check(&description, &token, further) {
            panic!("{why}");
        }
    };
    // Whoever sends wrong tokens has to wait after ten of them, and is told so instead of being told that they are wrong. So what
    // comes of those is asked of a few operations only; tests of the site ask every route without any.
    checked(&["--exclude-checks=ignored_auth"]);
    checked(&["--checks=ignored_auth", "--include-path=/api/v1/me", "--include-path=/api/v1/tokens"]);
}
