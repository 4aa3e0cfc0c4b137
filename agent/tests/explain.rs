//! `muster explain` from outside: how a system is named, which documents are read, and what is said otherwise.

use std::fs;
use std::path::Path;

use asmm_model::{Inventory, System};
use assert_cmd::Command;
use tempfile::TempDir;

const AGENT: &str = "\
import requests
from langchain.agents import create_agent
from langchain.tools import tool

@tool
def cancel_order(number: str) -> str:
    return requests.delete(f\"https://shop.example/orders/{number}\").text

agent = create_agent(\"openai:gpt-4o\", tools=[cancel_order])
";

/// A folder with these services, each an agent, and the inventory of it.
fn scanned(services: &[&str]) -> (TempDir, Inventory) {
    let folder = TempDir::new().expect("a temporary folder");
    for service in services {
        let service = folder.path().join("services").join(service);
        fs::create_dir_all(&service).expect("a folder");
        fs::write(service.join("agent.py"), AGENT).expect("a file");
        fs::write(service.join("requirements.txt"), "langchain\n").expect("a file");
    }
    let (code, out, err) = run(folder.path(), &["scan", ".", "--format", "json", "--quiet"], "");
    assert_eq!((code, err.as_str()), (0, ""));
    fs::write(folder.path().join("inventory.json"), &out).expect("a file");
    let inventory: Inventory = serde_json::from_str(&out).expect("it is an inventory");
    assert_eq!(inventory.systems.len(), services.len());
    (folder, inventory)
}

/// Code, standard output and standard error of a run in a folder with something on standard input.
fn run(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("muster").expect("the binary is built");
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    let output =
        command.current_dir(folder).args(arguments).write_stdin(input).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
    (output.status.code().expect("no signal ends it"), text(output.stdout), text(output.stderr))
}

/// The heading of what is told about a system that is named like this, or what is said instead.
fn heading(folder: &TempDir, named: &str) -> Result<String, String> {
    let (code, out, err) = run(folder.path(), &["explain", named, "--inventory", "inventory.json"], "");
    assert_eq!((code == 0, out.is_empty()), (err.is_empty(), !err.is_empty()), "{out}\n{err}");
    if code == 0 {
        return Ok(out.split(':').next().unwrap_or_default().to_owned());
    }
    assert_eq!(code, 2, "{err}");
    Err(err)
}

#[test]
fn a_system_is_named_by_its_name_its_id_or_its_folder() {
    let (folder, inventory) = scanned(&["mail", "refunds"]);
    let system = |name: &str| -> &System {
        inventory.systems.iter().find(|system| system.root.ends_with(name)).expect("it was found")
    };
    let refunds = system("refunds");
    let id = refunds.id.as_str();
    let other = system("mail").id.as_str();
    let unique = (5..id.len()).find(|at| !other.starts_with(&id[..*at])).expect("the ids differ");
    let ways = [&refunds.name, id, &id[..unique], &id[4..unique], &refunds.root, "./services/refunds/"];
    for way in ways {
        assert_eq!(heading(&folder, way).as_deref(), Ok(refunds.name.as_str()), "{way}");
    }
    let said = heading(&folder, "refnds").unwrap_err();
    let expected = format!(
        "error: there is no system `refnds` in the inventory\n  help: is it one of these? `{}` ({id})\n",
        refunds.name
    );
    assert_eq!(said, expected);
    for unknown in ["quite-another", "sys-", ""] {
        let said = heading(&folder, unknown).unwrap_err();
        assert!(
            said.contains("  help: the systems are ") && said.contains(id) && said.contains(other),
            "{said}"
        );
    }
}

#[test]
fn one_system_needs_no_name_and_several_do() {
    let (folder, inventory) = scanned(&["refunds"]);
    let text = fs::read_to_string(folder.path().join("inventory.json")).unwrap();
    let (code, out, _) = run(folder.path(), &["explain"], &text);
    assert_eq!(code, 0);
    assert!(out.starts_with(&format!("{}: agentic", inventory.systems[0].name)), "{out}");
    assert_eq!(run(folder.path(), &["explain", "--inventory", "-"], &text), (0, out, String::new()));

    let (folder, _) = scanned(&["mail", "refunds"]);
    let (code, _, err) = run(folder.path(), &["explain", "--inventory", "inventory.json"], "");
    assert_eq!(code, 2);
    assert!(
        err.starts_with("error: the inventory holds 2 systems, and none is named\n  help: name one "),
        "{err}"
    );
}

#[test]
fn several_systems_of_one_name_are_told_apart_by_their_ids() {
    let (folder, mut inventory) = scanned(&["mail", "refunds"]);
    for system in &mut inventory.systems {
        "twin".clone_into(&mut system.name);
    }
    fs::write(folder.path().join("inventory.json"), serde_json::to_string(&inventory).unwrap()).unwrap();
    let said = heading(&folder, "twin").unwrap_err();
    assert!(
        said.starts_with("error: several systems fit `twin`\n  help: give the id of the one you mean: "),
        "{said}"
    );
    for system in &inventory.systems {
        assert!(said.contains(system.id.as_str()), "{said}");
    }
    assert!(heading(&folder, "sys-").is_err(), "the beginning of every id names none");
}

#[test]
fn a_document_that_is_no_inventory_is_2_and_says_what_to_write() {
    let folder = TempDir::new().unwrap();
    let mut empty = scanned(&["refunds"]).1;
    empty.systems.clear();
    let empty = serde_json::to_string(&empty).unwrap();
    for (text, what) in [
        ("", "the inventory is empty"),
        ("{\"schema\": ", "the inventory is broken JSON, at line 1, column 11"),
        ("[]", "the document is no inventory"),
        ("{}", "the document is no inventory: it names no `schema`"),
        (
            "{\"schema\": \"muster.inventory/9\"}",
            "is of the schema `muster.inventory/9`, and this version reads",
        ),
        (
            "{\"schema\": \"muster.inventory/1\"}",
            "does not follow its schema `muster.inventory/1`: missing field",
        ),
        (&empty, "the inventory holds no AI system"),
        (&format!("{{\"a\": {}", "[".repeat(100_000)), "the inventory is broken JSON"),
    ] {
        let (code, out, err) = run(folder.path(), &["explain"], text);
        assert_eq!((code, out.as_str()), (2, ""), "{what}: {err}");
        assert!(err.contains(what) && err.contains("\n  help: "), "{what}: {err}");
    }
    let explain = |arguments: &[&str]| run(folder.path(), &[&["explain"], arguments].concat(), &empty);
    assert_eq!(explain(&["--inventory", "."]).0, 2);
    assert_eq!(explain(&["--source", "gone"]).0, 2);
    assert_eq!(explain(&["--criterion", "C11"]).0, 2);
    assert_eq!(explain(&["--context", "51"]).0, 2);
    let (code, _, err) = explain(&["--inventory", "gone.json"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("error: `gone.json` cannot be read: "), "{err}");
}

#[test]
fn code_is_read_from_the_folder_that_was_scanned_or_the_one_that_is_given() {
    let (folder, _) = scanned(&["refunds"]);
    let line = "\n      > 6 | def cancel_order(number: str) -> str:\n";
    let inventory = folder.path().join("inventory.json");
    let inventory = inventory.to_str().expect("temporary paths are text");
    let (_, out, _) = run(folder.path(), &["explain", "--inventory", inventory], "");
    assert!(out.contains("\n  Code is read from `.`.\n") && out.contains(line), "{out}");

    let text = fs::read_to_string(inventory).unwrap().replace("\"target\": \".\"", "\"target\": \"shop\"");
    let elsewhere = TempDir::new().unwrap();
    let (code, out, _) = run(elsewhere.path(), &["explain"], &text);
    assert_eq!(code, 0);
    assert!(out.contains("\n  No code is shown: there is no folder `shop` here; give the folder"), "{out}");
    assert!(!out.contains(" | ") && out.contains("\nWhat would change the verdict\n"), "{out}");

    let source = folder.path().to_str().expect("temporary paths are text");
    let (_, out, _) = run(elsewhere.path(), &["explain", "--source", source], &text);
    assert!(out.contains(line), "{out}");
    let (_, bare, _) = run(elsewhere.path(), &["explain", "--source", source, "--context", "0"], &text);
    let excerpts = |text: &str| text.lines().filter(|line| line.contains(" | ")).count();
    assert!(excerpts(&bare) < excerpts(&out) && bare.contains(line), "{bare}");
}

#[test]
fn only_the_criteria_that_are_asked_for_are_told() {
    let (folder, _) = scanned(&["refunds"]);
    let arguments = ["explain", "--inventory", "inventory.json", "--criterion", "c4", "--criterion", "C1"];
    let (code, out, _) = run(folder.path(), &arguments, "");
    assert_eq!(code, 0);
    let told: Vec<&str> =
        out.lines().filter(|line| line.starts_with('C')).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(told, ["C1", "C4"]);
    assert!(!out.contains("Tools, triggers and identities"), "{out}");
}

#[test]
fn colours_are_shown_when_they_are_asked_for() {
    let (folder, _) = scanned(&["refunds"]);
    let arguments = ["explain", "--inventory", "inventory.json"];
    let (_, plain, _) = run(folder.path(), &arguments, "");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let (_, coloured, _) = run(folder.path(), &[&arguments[..], &["--color", "always"]].concat(), "");
    assert!(coloured.contains("\u{1b}[31;1magentic\u{1b}[0m"), "{coloured}");
}
