//! `muster explain`: a whole argument, secrets around the evidence, and documents that want to read other files.

use asmm_model::{Inventory, Place};
use insta::{Settings, assert_snapshot};
use muster_tests::stage::{Ended, Stage};

use crate::AGENT;

/// In the shape of a key, and of nobody.
const CANARY: &str = "sk-proj-CANARYkjh3g4k5jh6g7fd8s9a0QWERTYuiop1234567890asdfgh";

/// What is told about the only system of an inventory.
fn explained(stage: &Stage, inventory: &Inventory, arguments: &[&str]) -> Ended {
    let text = serde_json::to_string(inventory).expect("an inventory is JSON");
    std::fs::write(stage.beside("inventory.json"), text).expect("a file");
    let ended = stage.run(&[&["explain", "--inventory", "inventory.json"], arguments].concat());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    ended
}

#[test]
fn the_argument_about_a_mini_repository() {
    let stage = Stage::new().with_mini("support-bot");
    let inventory = stage.run(&["scan", "support-bot", "--format", "json"]).inventory();
    let ended = explained(&stage, &inventory, &["--context", "1"]);
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!("support-bot.explain", ended.stdout));
}

/// Any twelve bytes of it would be too many.
fn assert_kept(ended: &Ended) {
    for part in CANARY.as_bytes().windows(12).map(|part| std::str::from_utf8(part).expect("it is ASCII")) {
        assert!(!ended.stdout.contains(part), "a part of the secret shows up:\n{}", ended.stdout);
    }
}

#[test]
fn a_secret_on_the_lines_of_the_evidence_or_around_them_is_masked() {
    let stage = Stage::new();
    let around = format!("# {CANARY}\nkey = \"{CANARY}\"\n");
    let code = AGENT
        .replace("@tool\n", &format!("{around}@tool\n"))
        .replace("    return requests", &format!("    token = '{CANARY}'\n    return requests"))
        .replace(".text\n", &format!(".text  # {CANARY}\n"))
        .replace("agent = create_agent(", &format!("{around}agent = create_agent(model=\"gpt-4o\", api_key=\"{CANARY}\", system_prompt=\"\"\"\n{CANARY}\n\"\"\", *["))
        .replace("\"openai:gpt-4o\", tools=[cancel_order])", "], tools=[cancel_order])");
    stage
        .put("agent.py", format!("{code}{around}"))
        .put(
            ".github/workflows/run.yml",
            format!(
                "on:\n  schedule:\n    - cron: '0 2 * * *'\nenv:\n  OPENAI_API_KEY: {CANARY}\njobs:\n  run:\n    \
                 runs-on: ubuntu-latest\n    steps:\n      - run: OPENAI_API_KEY={CANARY} python agent.py {CANARY}\n"
            ),
        )
        .put("requirements.txt", format!("--extra-index-url https://ci:{CANARY}@packages.example/simple\nlangchain\n"));
    let inventory = stage.inventory();
    for context in ["0", "2", "50"] {
        let ended = explained(&stage, &inventory, &["--context", context]);
        assert_kept(&ended);
        assert!(ended.stdout.contains("[masked]") || context == "0", "{}", ended.stdout);
        assert!(ended.stdout.contains("> "), "code is shown: {}", ended.stdout);
    }
}

/// An inventory with the places of all evidence replaced.
fn pointing(inventory: &Inventory, path: &str, line: u32) -> Inventory {
    let mut inventory = inventory.clone();
    for system in &mut inventory.systems {
        for criterion in asmm_model::Criterion::ALL {
            if let asmm_model::Answer::Yes(basis) = &mut system.criteria[criterion] {
                for piece in &mut basis.evidence {
                    piece.place = Place::line(path, line);
                }
            }
        }
    }
    inventory
}

#[test]
fn a_document_reads_nothing_outside_the_folder() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT);
    std::fs::write(stage.beside("outside.txt"), "root:OUTSIDE\n").expect("a file");
    let absolute = stage.beside("outside.txt");
    let absolute = absolute.to_str().expect("temporary paths are text");
    let mut paths =
        vec!["../../etc/passwd", "../../../../../../etc/passwd", "/etc/passwd", "../outside.txt", absolute];
    paths.extend(["x/../../outside.txt", "./../outside.txt"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(stage.lair(), stage.app().join("up")).expect("a link");
        std::os::unix::fs::symlink("../outside.txt", stage.app().join("link.py")).expect("a link");
        paths.extend(["up/outside.txt", "link.py"]);
    }
    let inventory = stage.inventory();
    for path in paths {
        for source in [&[][..], &["--source", "app"]] {
            let ended = explained(&stage, &pointing(&inventory, path, 1), source);
            assert!(!ended.stdout.contains("root:"), "{path}: {}", ended.stdout);
            assert!(ended.stdout.contains("No code: "), "{path}: {}", ended.stdout);
            assert!(
                ended.stdout.contains("What would change the verdict"),
                "the rest is told: {}",
                ended.stdout
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_document_that_points_at_a_pipe_is_not_waited_for() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT);
    let made = std::process::Command::new("mkfifo").arg(stage.app().join("pipe.py")).status();
    assert!(made.expect("mkfifo can be run").success());
    let inventory = stage.inventory();
    let ended = explained(&stage, &pointing(&inventory, "pipe.py", 1), &[]);
    assert!(ended.stdout.contains("No code: it is no regular file."), "{}", ended.stdout);
}

#[test]
fn neither_a_document_nor_code_controls_the_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\u{202e}\u{9b}31m";
    let stage = Stage::new();
    stage.put("agent.py", AGENT.replace("    \"\"\"Cancels an order.\"\"\"", &format!("    # {hostile}")));
    let mut inventory = stage.inventory();
    let system = &mut inventory.systems[0];
    system.name = format!("shop{hostile}");
    for criterion in asmm_model::Criterion::ALL {
        if let asmm_model::Answer::Yes(basis) = &mut system.criteria[criterion] {
            for piece in &mut basis.evidence {
                piece.note = Some(hostile.to_owned());
                piece.rule = Some(hostile.to_owned());
            }
        }
    }
    system.tools[0].name = hostile.to_owned();
    system.tools[0].evidence[0].place = Place::line(hostile, 1);
    let told = explained(&stage, &inventory, &[]).stdout;
    let odd = told.chars().find(|c| *c != '\n' && (c.is_control() || *c == '\u{202e}'));
    assert_eq!(odd, None, "{told:?}");
    assert!(told.contains("# \\u{1b}]0;owned"), "the line is shown: {told}");
    inventory.scan.targets[0].target = hostile.to_owned();
    let told = explained(&stage, &inventory, &[]).stdout;
    assert_eq!(told.chars().find(|c| *c != '\n' && c.is_control()), None, "{told:?}");
}

#[test]
fn numbers_without_measure_are_survived() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT).put("long.py", "x".repeat(3_000_000));
    let inventory = stage.inventory();
    for (path, line) in [("agent.py", u32::MAX), ("agent.py", 0), ("long.py", 1)] {
        let mut inventory = pointing(&inventory, path, line);
        inventory.systems[0].level = [asmm_model::Level(255), asmm_model::Level(0)];
        inventory.systems[0].confidence = Some(f64::MAX);
        let ended = explained(&stage, &inventory, &["--context", "50"]);
        assert!(ended.stdout.len() < 100_000, "{path}:{line}: {} bytes", ended.stdout.len());
    }
}
