//! What scans keep for the next one: it changes no answer, it can be looked at and let go of, and a run that was killed goes on.

use std::fs;
use std::time::{Duration, Instant};

use muster_tests::binary;
use muster_tests::git::commit;
use muster_tests::stage::{Ended, Stage};

/// So long that files which are as they were then count as settled.
fn settle() {
    std::thread::sleep(Duration::from_millis(200));
}

fn inventory(ended: &Ended) -> String {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("an inventory");
    document["scan"]["id"] = serde_json::Value::Null;
    document["scan"]["started_at"] = serde_json::Value::Null;
    document.to_string()
}

/// Entries of each kind: targets, files, modules.
fn kept(stage: &Stage, store: &[&str]) -> Vec<u64> {
    let ended = stage.run(&[&["cache", "stats"], store].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let number = |line: &str| line.split_whitespace().nth(1)?.parse().ok();
    ended.stdout.lines().filter_map(number).collect()
}

#[test]
fn a_second_scan_says_the_same() {
    let stage = Stage::new().with_mini("refund-agent");
    settle();
    let scan = ["scan", "refund-agent", "--format", "json"];
    let cold = inventory(&stage.run(&[&scan[..], &["--no-cache"]].concat()));
    assert_eq!(stage.run(&["cache", "stats"]).stdout, "Nothing is kept.\n");
    for _ in 0..3 {
        assert_eq!(inventory(&stage.run(&scan)), cold);
    }
    let counts = kept(&stage, &[]);
    assert_eq!(counts[..2], [1, 1]);
    assert!(counts[2] > 0, "{counts:?}");
    let all: u64 = counts.iter().sum();
    let file = stage.beside("home/data/muster/muster.db.cache");
    assert!(file.is_file());
    assert_eq!(stage.run(&["cache", "clear"]).stdout, format!("{all} entries are gone.\n"));
    assert_eq!(kept(&stage, &[]), [0, 0, 0]);
    // Whoever names a store has it beside that.
    let ended = stage.run(&[&scan[..], &["--store", "ours.db"]].concat());
    assert_eq!(inventory(&ended), cold);
    assert_eq!(kept(&stage, &["--store", "ours.db"]), counts);
    assert_eq!(kept(&stage, &[]), [0, 0, 0]);
}

#[test]
fn what_cannot_be_kept_is_said_and_nothing_else() {
    let stage = Stage::new().with_mini("refund-agent");
    let scan = ["scan", "refund-agent", "--format", "json"];
    let cold = stage.run(&[&scan[..], &["--no-cache"]].concat());
    assert_eq!(cold.stderr, "");
    fs::create_dir_all(stage.beside("home/data/muster/muster.db.cache")).expect("a folder in its place");
    let ended = stage.run(&scan);
    assert_eq!(inventory(&ended), inventory(&cold));
    assert!(ended.stderr.starts_with("note: nothing is kept for the next scan ("), "{}", ended.stderr);
    fs::remove_dir(stage.beside("home/data/muster/muster.db.cache")).expect("it is empty");
    fs::write(stage.beside("home/data/muster/muster.db.cache"), "no database\n").expect("a file");
    assert_eq!(inventory(&stage.run(&scan)), inventory(&cold));
}

#[test]
fn a_run_that_is_killed_goes_on() {
    const REPOSITORIES: u64 = 150;
    let stage = Stage::new();
    for number in 0..REPOSITORIES {
        let name = format!("all/shop-{number}");
        let agent = format!(
            "import openai\nclient = openai.OpenAI()\nclient.responses.create(model='gpt-4o', input='{number}')\n"
        );
        // It has to take longer than what is found waits until it is written.
        let other = "import openai\ndef total(items):\n    return sum(items)\n".repeat(200);
        let folder = stage.beside(&name);
        fs::create_dir_all(folder.join("shop")).expect("a folder");
        fs::write(folder.join("agent.py"), agent).expect("a file");
        for part in 0..2 {
            fs::write(folder.join(format!("shop/total_{part}.py")), format!("{other}# {part} of {number}\n"))
                .expect("a file");
        }
        commit(&folder);
    }
    settle();
    let scan = ["scan", "repos:all", "--format", "json", "--threads", "1"];
    let home = stage.beside("home");
    let mut child = std::process::Command::new(binary::path())
        .env_clear()
        .env("HOME", &home)
        .env("XDG_DATA_HOME", home.join("data"))
        .args(scan)
        .current_dir(stage.lair())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("muster can be run");
    // It writes what it kept once a second, or when there is much of it.
    let began = Instant::now();
    let is_over = loop {
        let is_kept = home.join("data/muster/muster.db.cache").is_file()
            && kept(&stage, &[]).first().is_some_and(|targets| *targets > 0);
        let is_over = child.try_wait().expect("it can be asked").is_some();
        if is_kept || is_over || began.elapsed() > binary::PATIENCE {
            break is_over;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let _ = child.kill();
    let _ = child.wait();
    let done = kept(&stage, &[])[0];
    assert!(!is_over && done > 0, "{done} targets were kept before the end");
    let cold = inventory(&stage.run(&[&scan[..], &["--no-cache"]].concat()));
    assert_eq!(inventory(&stage.run(&scan)), cold);
    assert_eq!(kept(&stage, &[])[0], REPOSITORIES);
}
