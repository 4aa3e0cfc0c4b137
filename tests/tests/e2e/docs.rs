//! Every shell command in the documentation is run as it stands there, so that none of it is a promise.
//!
//! The commands run in a folder with the summariser, with the refund agent in `services/refunds` and the support bot in
//! `services/support`. `cargo run … -- X` is run as `muster X`. A word in capitals (PATH, DIR) stands for that folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use muster_tests::binary::path as muster;
use muster_tests::stage::{Stage, copy};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

/// The pages that a user or a contributor reads.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    pages.extend(
        std::fs::read_dir(root().join("agent/docs"))
            .expect("there are docs")
            .map(|entry| entry.expect("a folder can be listed").path()),
    );
    pages.retain(|page| page.extension().is_some_and(|e| e == "md") && page.is_file());
    pages.sort();
    pages
}

/// A command, with the place where it stands.
struct Written {
    place: String,
    command: String,
}

/// The lines of every `sh` block, put together where they go on.
fn commands(page: &Path) -> Vec<Written> {
    let text = std::fs::read_to_string(page).expect("a page can be read");
    let shown = page.strip_prefix(root()).expect("it is in the repository").display();
    let mut commands = Vec::new();
    let mut shell = false;
    let mut open: Option<Written> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("```") {
            shell = !shell && line == "```sh";
            continue;
        }
        if !shell || line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut written = open
            .take()
            .unwrap_or_else(|| Written { place: format!("{shown}:{}", at + 1), command: String::new() });
        let more = line.strip_suffix('\\');
        written.command.push_str(more.unwrap_or(line));
        if more.is_some() { open = Some(written) } else { commands.push(written) }
    }
    commands
}

/// What a command is run as; nothing for those that are not ours to run.
#[derive(Debug, PartialEq, Eq)]
enum Runs {
    Muster(String),
    Script(String),
    Other,
}

fn runs(command: &str) -> Runs {
    let first = command.split_whitespace().next().unwrap_or_default();
    match first {
        "muster" => Runs::Muster(filled(command)),
        "cargo" if command.starts_with("cargo run") => match command.split_once(" -- ") {
            Some((_, rest)) => Runs::Muster(filled(&format!("muster {rest}"))),
            None => Runs::Other,
        },
        "./tests/run" | "./tests/bench" => Runs::Script(command.to_owned()),
        _ => Runs::Other,
    }
}

/// The command with a folder in place of what the reader fills in.
fn filled(command: &str) -> String {
    let command = command.split(" # ").next().unwrap_or(command);
    let words = command.split_whitespace().map(|word| match word {
        "PATH" | "DIR" | "TARGET" | "FOLDER" => ".",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Exit codes that the command itself asks for.
fn allowed(command: &str) -> Vec<i32> {
    let asked = [("--exit-code", 10), ("--strict-coverage", 4)];
    let asked = asked.into_iter().filter(|(option, _)| command.contains(option)).map(|(_, code)| code);
    std::iter::once(0).chain(asked).collect()
}

fn stage() -> Stage {
    let stage = Stage::new();
    let mini = root().join("tests/mini");
    copy(&mini.join("summariser"), &stage.app());
    copy(&mini.join("refund-agent"), &stage.app().join("services/refunds"));
    copy(&mini.join("support-bot"), &stage.app().join("services/support"));
    std::fs::create_dir(stage.beside("bin")).expect("a folder");
    std::fs::hard_link(muster(), stage.beside("bin/muster"))
        .or_else(|_| std::fs::copy(muster(), stage.beside("bin/muster")).map(|_| ()))
        .expect("the binary can be put on PATH");
    stage
}

fn run(stage: &Stage, command: &str) -> Result<(), String> {
    let ended = Command::new("sh")
        .args(["-e", "-c", command])
        .current_dir(stage.app())
        .stdin(Stdio::null())
        .env_clear()
        .env("HOME", stage.beside("home"))
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", stage.beside("bin").display()))
        .output()
        .map_err(|error| error.to_string())?;
    let code = ended.status.code();
    if code.is_some_and(|code| allowed(command).contains(&code)) {
        Ok(())
    } else {
        Err(format!("`{command}` ends with {}\n{}", ended.status, String::from_utf8_lossy(&ended.stderr)))
    }
}

/// A script of the repository exists and knows the options; running it would run this test again.
fn knows(command: &str) -> Result<(), String> {
    let mut words = command.split(" # ").next().unwrap_or(command).split_whitespace();
    let script = root().join(words.next().unwrap_or_default());
    if !script.is_file() {
        return Err(format!("{} is not there", script.display()));
    }
    let options: Vec<&str> = words.collect();
    if options.is_empty() {
        return Ok(());
    }
    let help = Command::new(&script).arg("--help").output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&help.stdout);
    match options.into_iter().find(|option| !text.contains(option)) {
        Some(option) => Err(format!("`{command}`: its help does not know {option}")),
        None if help.status.success() => Ok(()),
        None => Err(format!("{} --help ends with {}", script.display(), help.status)),
    }
}

#[test]
fn every_command_in_the_documentation_works() {
    let stage = stage();
    let mut faults = Vec::new();
    let mut tried = 0;
    for written in pages().iter().flat_map(|page| commands(page)) {
        let result = match runs(&written.command) {
            Runs::Muster(command) => run(&stage, &command),
            Runs::Script(command) => knows(&command),
            Runs::Other => continue,
        };
        tried += 1;
        if let Err(fault) = result {
            faults.push(format!("{}: {fault}", written.place));
        }
    }
    assert!(tried > 0, "no command was found: has the way of writing them changed?");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_help_of_the_checks_can_be_shown() {
    let help = Command::new(root().join("tests/run")).arg("--help").output().expect("it can be run");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--quick"));
}

#[test]
fn commands_are_read_as_a_shell_would() {
    let expected = [
        ("muster scan PATH  # everything", Runs::Muster("muster scan .".to_owned())),
        (
            "cargo run --release -- scan . --format json",
            Runs::Muster("muster scan . --format json".to_owned()),
        ),
        ("cargo run", Runs::Other),
        ("./tests/run --quick", Runs::Script("./tests/run --quick".to_owned())),
        ("git clone x", Runs::Other),
    ];
    for (command, meant) in expected {
        assert_eq!(runs(command), meant, "{command}");
    }
}
