//! Hostile and broken input: the scan ends in time, without a crash, with the rest of the tree read, and says what it
//! could not see. The deadline is that of every run, [`muster_tests::binary::PATIENCE`].

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use asmm_model::{GapReason, Inventory};
use muster_tests::stage::Stage;

use crate::{AGENT, WITNESS};

/// A stage with the witness in it.
fn witnessed() -> Stage {
    let stage = Stage::new();
    stage.put("witness.py", WITNESS);
    stage
}

/// Scans, and checks that the witness was seen.
fn scanned(stage: &Stage) -> Inventory {
    let inventory = stage.inventory();
    let seen = inventory
        .systems
        .iter()
        .flat_map(|system| &system.components)
        .flat_map(|component| &component.evidence)
        .any(|piece| piece.place.path.as_deref() == Some("witness.py"));
    assert!(seen, "the rest of the tree is not read any more: {inventory:?}");
    inventory
}

fn gaps(inventory: &Inventory) -> Vec<(&str, GapReason)> {
    let skipped = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped);
    skipped.map(|gap| (gap.what.as_str(), gap.why)).collect()
}

fn assert_gap(inventory: &Inventory, what: &str, why: GapReason) {
    assert!(gaps(inventory).contains(&(what, why)), "no gap {what} {why:?} in {:?}", gaps(inventory));
}

/// The paths of everything that a system or a component points at.
fn paths(inventory: &Inventory) -> Vec<&str> {
    let systems = inventory.systems.iter().flat_map(|system| {
        let tools = system.tools.iter().flat_map(|tool| &tool.evidence);
        system.components.iter().flat_map(|component| &component.evidence).chain(tools)
    });
    let loose = inventory.components.iter().flat_map(|component| &component.evidence);
    systems.chain(loose).filter_map(|piece| piece.place.path.as_deref()).collect()
}

/// It was read or it is a gap: what must not be is neither.
fn assert_not_silent(inventory: &Inventory, path: &str) {
    let known = paths(inventory).contains(&path) || gaps(inventory).iter().any(|(what, _)| *what == path);
    assert!(known, "{path} is neither read nor a gap: {inventory:?}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let stage = witnessed();
    stage.put("locked.py", AGENT);
    let path = stage.app().join("locked.py");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    // Root may read everything, and so may this scan then: there is nothing to hide, and no gap to report. Which of the
    // two holds here is asked of the system itself, so that neither branch is ever skipped.
    if std::fs::File::open(&path).is_ok() {
        eprintln!("running with the right to read everything: asserting that the locked file is read");
        let inventory = scanned(&stage);
        assert!(paths(&inventory).contains(&"locked.py"), "{inventory:?}");
        assert!(gaps(&inventory).is_empty(), "{inventory:?}");
    } else {
        assert_gap(&scanned(&stage), "locked.py", GapReason::Denied);
        assert_eq!(stage.run(&["scan", "app", "--strict-coverage"]).code, Some(4));
    }
}

#[test]
fn source_that_is_not_utf8() {
    let stage = witnessed();
    let latin1 = [b"# caf\xe9 \xff\xfe\n".as_slice(), AGENT.as_bytes()].concat();
    stage.put("latin1.py", latin1).put("zeros.py", [b"import openai\n".as_slice(), &[0; 64]].concat());
    let inventory = scanned(&stage);
    assert_not_silent(&inventory, "latin1.py");
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let stage = witnessed();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.py");
    std::fs::write(stage.app().join(name), AGENT).expect("this file system takes any name");
    let inventory = scanned(&stage);
    let known = |path: &&str| path.starts_with("caf");
    let read = paths(&inventory).iter().any(known);
    assert!(read || gaps(&inventory).iter().any(|(what, _)| known(what)), "{inventory:?}");
}

#[cfg(unix)]
#[test]
fn names_that_speak_to_the_terminal() {
    let stage = witnessed();
    stage.put("\u{1b}[2J\u{1b}]0;owned\u{7}.py", AGENT).put("a\nsystem evil: agentic.py", AGENT);
    stage.put("broken\u{1b}[31m/package.json", "{");
    for format in ["table", "json"] {
        let ended = stage.run(&["scan", "app", "--format", format]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{format}: a name moves the cursor");
            assert!(
                !text.lines().any(|line| line.starts_with("system evil")),
                "{format}: a name makes a line"
            );
        }
    }
    scanned(&stage);
}

#[test]
fn a_manifest_in_utf16() {
    // What a redirection of `pip freeze` gives on some systems.
    let stage = witnessed();
    let text = "crewai==0.108.0\r\n";
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    stage.put("requirements.txt", utf16);
    assert_not_silent(&scanned(&stage), "requirements.txt");
}

#[test]
fn manifests_that_are_broken() {
    let stage = witnessed();
    stage
        .put("a/pyproject.toml", "[project\nname = \"x\"\n")
        .put("b/package.json", "{\"dependencies\": {\"openai\": ")
        .put("c/package.json", "[1, 2]")
        .put("d/Cargo.toml", [0xff, 0x00, 0xfe])
        .put(".github/workflows/x.yml", "on: [schedule\njobs: {{\n");
    let inventory = scanned(&stage);
    for path in ["a/pyproject.toml", "b/package.json", ".github/workflows/x.yml"] {
        assert_gap(&inventory, path, GapReason::Unparsable);
    }
}

#[test]
fn source_that_is_broken() {
    let stage = witnessed();
    stage
        .put("half.py", &AGENT.as_bytes()[..AGENT.len() / 2])
        .put("merge.py", format!("<<<<<<< HEAD\n{AGENT}=======\n{WITNESS}>>>>>>> main\n"))
        .put("brackets.ts", "import OpenAI from 'openai'; ((((({{{{{[[[[[ new OpenAI(");
    scanned(&stage);
}

#[test]
fn a_file_of_200_megabytes_without_content() {
    let stage = witnessed();
    let file = std::fs::File::create(stage.app().join("big.py")).expect("a file");
    file.set_len(200 << 20).expect("this file system has sparse files");
    assert_gap(&scanned(&stage), "big.py", GapReason::TooLarge);
}

#[test]
fn json_that_is_10_000_deep() {
    let stage = witnessed();
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    stage
        .put("a/package.json", deep("[", "]"))
        .put("b/package.json", deep("{\"dependencies\":", "}"))
        .put("vercel.json", deep("{\"crons\":[", "]}"))
        .put("c/pyproject.toml", format!("x = {}", deep("[", "]")))
        .put(".github/workflows/x.yml", format!("on: {}", deep("[", "]")));
    let inventory = scanned(&stage);
    assert_gap(&inventory, "a/package.json", GapReason::Unparsable);
    assert_gap(&inventory, "b/package.json", GapReason::Unparsable);
}

#[test]
fn code_that_is_10_000_deep() {
    let stage = witnessed();
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    stage
        .put("parentheses.py", format!("{WITNESS}\nx = {}\n", deep("(", ")")))
        .put("calls.py", format!("{WITNESS}\nx = {}\n", deep("OpenAI(", ")")))
        .put("attributes.py", format!("{WITNESS}\nx = OpenAI(){}\n", ".a".repeat(10_000)))
        .put("minus.py", format!("{WITNESS}\nx = {}1\n", "-".repeat(10_000)))
        .put("functions.js", format!("import OpenAI from 'openai';\nnew OpenAI({});\n", deep("(() => ", ")")))
        .put("ifs.py", {
            let ifs = (0..500).fold(String::new(), |ifs, depth| ifs + &" ".repeat(depth) + "if x:\n");
            format!("{WITNESS}\n{ifs}{}pass\n", " ".repeat(500))
        });
    let inventory = scanned(&stage);
    for path in ["parentheses.py", "calls.py", "attributes.py", "minus.py", "functions.js", "ifs.py"] {
        assert_not_silent(&inventory, path);
    }
}

#[test]
fn functions_that_call_each_other_in_circles() {
    let stage = witnessed();
    let body = "\
import requests
from langchain.agents import create_agent
from langchain.tools import tool
from b import there

def here(x):
    return there(x)

@tool
def spin(x: str) -> str:
    return here(x)

agent = create_agent(\"openai:gpt-4o\", tools=[spin], middleware=[agent])
";
    stage.put("a.py", body).put("b.py", "from a import here\n\ndef there(x):\n    return here(x)\n");
    stage.put(
        "self.py",
        "from self import *\nimport self\nfrom openai import OpenAI\nx = y\ny = x\nx.create()\n",
    );
    scanned(&stage);
}

#[cfg(unix)]
#[test]
fn links_in_circles_and_to_nowhere() {
    use std::os::unix::fs::symlink;
    let stage = witnessed();
    let app = stage.app();
    std::fs::create_dir(app.join("folder")).expect("a folder");
    symlink("..", app.join("folder/up")).expect("a link");
    symlink(&app, app.join("whole")).expect("a link");
    symlink("self.py", app.join("self.py")).expect("a link");
    symlink("nowhere.py", app.join("dangling.py")).expect("a link");
    symlink("/dev/zero", app.join("endless.py")).expect("a link");
    symlink("/etc/passwd", app.join("requirements.txt")).expect("a link");
    let inventory = scanned(&stage);
    assert_eq!(inventory.systems.len(), 1, "nothing is seen twice through a link: {inventory:?}");
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_target() {
    use std::os::unix::fs::symlink;
    let stage = witnessed();
    std::fs::create_dir(stage.beside("outside")).expect("a folder");
    std::fs::write(stage.beside("outside/agent.py"), AGENT).expect("a file");
    symlink(stage.beside("outside"), stage.app().join("linked")).expect("a link");
    symlink(stage.beside("outside/agent.py"), stage.app().join("linked.py")).expect("a link");
    let inventory = scanned(&stage);
    let outside: Vec<&str> =
        paths(&inventory).into_iter().filter(|path| path.starts_with("linked")).collect();
    assert!(outside.is_empty(), "what is outside is not part of the target: {outside:?}");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_tree() {
    let stage = witnessed();
    for name in ["pipe.py", "package.json", ".gitignore"] {
        let made = Command::new("mkfifo").arg(stage.app().join(name)).status().expect("mkfifo can be run");
        assert!(made.success());
    }
    // Whoever opens a pipe without a writer waits for ever.
    scanned(&stage);
}

#[test]
fn a_file_that_changes_while_it_is_read() {
    let stage = witnessed();
    let path = stage.app().join("growing.py");
    std::fs::write(&path, AGENT).expect("a file");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = 0_usize;
            while !done.load(Ordering::Relaxed) {
                // It grows, shrinks, and is gone for a moment.
                let text = AGENT.repeat(turn % 50);
                std::fs::write(&path, &text[..text.len() - text.len() % 7]).expect("a file");
                if turn.is_multiple_of(20) {
                    std::fs::remove_file(&path).expect("the file is there");
                }
                turn += 1;
            }
        });
        let results: Vec<_> = (0..8)
            .map(|_| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scanned(&stage))))
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok), "a scan did not survive the change");
    });
}

#[test]
fn lines_and_names_without_end() {
    let stage = witnessed();
    stage
        .put("line.js", format!("import OpenAI from 'openai'; const x = '{}';", "a".repeat(3_000_000)))
        .put("list.py", format!("{WITNESS}\nx = [{}]\n", "1, ".repeat(300_000)))
        .put("imports.py", format!("{}\n{WITNESS}", "import openai\n".repeat(20_000)))
        .put("name.py", format!("{WITNESS}\n{} = OpenAI()\n", "n".repeat(200_000)));
    let inventory = scanned(&stage);
    for path in ["line.js", "list.py", "imports.py", "name.py"] {
        assert_not_silent(&inventory, path);
    }
}

#[test]
fn folders_that_are_very_deep() {
    let stage = witnessed();
    let mut deep = stage.app();
    // Short of what the operating system allows for one path.
    for _ in 0..900 {
        deep.push("d");
    }
    std::fs::create_dir_all(&deep).expect("folders");
    std::fs::write(deep.join("agent.py"), AGENT).expect("a file");
    let inventory = scanned(&stage);
    let found = paths(&inventory).iter().any(|path| path.ends_with("agent.py"));
    assert!(found || !gaps(&inventory).is_empty(), "the depth is neither read nor a gap");
}
