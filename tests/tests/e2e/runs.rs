//! `muster run` from outside: what a configuration scans is kept, once and as a daemon, whatever ends it.

use std::fmt::Write as _;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use muster_tests::binary::path as muster;
use muster_tests::http;
use muster_tests::postgres::Postgres;
use muster_tests::stage::{Ended, Stage};
use serde_json::Value;

use crate::{AGENT, WITNESS};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// Name, verdict and presence of all systems.
fn systems(stage: &Stage, store: &str) -> Vec<String> {
    let all = PRESENCES.iter().flat_map(|presence| ["--presence", *presence]);
    let command: Vec<&str> =
        ["systems", "--store", store, "--format", "json"].into_iter().chain(all).collect();
    let listed = json(&stage.run(&command));
    let text = |one: &Value, field: &str| one[field].as_str().expect("a text").to_owned();
    let mut all: Vec<String> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| format!("{} {} {}", text(one, "name"), text(one, "verdict"), text(one, "presence")))
        .collect();
    all.sort();
    all
}

const PRESENCES: [&str; 6] = ["new", "present", "changed", "missing", "unseen", "returned"];

fn states(stage: &Stage, store: &str) -> Vec<String> {
    let runs = json(&stage.run(&["runs", "--store", store, "--format", "json"]));
    runs.as_array()
        .expect("a list")
        .iter()
        .map(|run| run["state"].as_str().expect("a text").to_owned())
        .collect()
}

fn put_config(stage: &Stage, text: &str) {
    std::fs::write(stage.beside("muster.toml"), text).expect("a file");
}

#[test]
fn one_run_keeps_what_it_found_and_a_source_that_fails_takes_nothing_away() {
    for store in ["muster.db".to_owned(), Postgres::shared().database()] {
        let stage = Stage::new();
        stage.put("agent.py", AGENT).put("requirements.txt", "langchain==1.0.0\n");
        std::fs::create_dir_all(stage.beside("notes")).expect("a folder");
        std::fs::write(stage.beside("notes/ask.py"), WITNESS).expect("a file");
        put_config(
            &stage,
            &format!(
                "store = \"{store}\"\n[[source]]\nname = \"shop\"\ntargets = [\"app\"]\n\
                 [[source]]\nname = \"notes\"\ntargets = [\"notes\"]\n\
                 [[export]]\nformat = \"json\"\npath = \"out.json\"\n[retention]\nkeep = \"400d\"\n"
            ),
        );
        let ended = stage.run(&["run"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("app: new, agentic"), "{ended:?}");
        assert_eq!(systems(&stage, &store), ["app agentic new", "notes not_agentic new"]);
        let exported: Value =
            serde_json::from_slice(&std::fs::read(stage.beside("out.json")).expect("it is exported"))
                .expect("JSON");
        assert_eq!(exported["systems"].as_array().map(Vec::len), Some(2));
        assert_eq!(exported["scan"]["targets"].as_array().map(Vec::len), Some(2));

        // A source is gone: what it held is unseen, and not missing.
        std::fs::rename(stage.beside("notes"), stage.beside("away")).expect("it can be moved");
        let ended = stage.run(&["run", "--strict-coverage"]);
        assert_eq!(ended.code, Some(4), "{ended:?}");
        assert!(ended.stderr.contains("`notes` failed"), "{ended:?}");
        assert_eq!(systems(&stage, &store), ["app agentic present", "notes not_agentic unseen"]);

        // It is found again in another place, under the same name: the same system.
        let text = std::fs::read_to_string(stage.beside("muster.toml")).expect("it is there");
        put_config(&stage, &text.replace("[\"notes\"]", "[\"away\"]"));
        let before = json(&stage.run(&["systems", "--store", &store, "--name", "notes", "--format", "json"]));
        assert_eq!(stage.run(&["run"]).code, Some(0));
        let after = json(&stage.run(&["systems", "--store", &store, "--target", "away", "--format", "json"]));
        assert_eq!(after[0]["id"], before[0]["id"], "{after}");
        // And it is gone for good where the source is seen wholly.
        std::fs::remove_file(stage.beside("away/ask.py")).expect("it can be removed");
        std::fs::write(stage.beside("away/empty.py"), "print(1)\n").expect("a file");
        assert_eq!(stage.run(&["run", "--source", "notes"]).code, Some(0));
        let found = systems(&stage, &store);
        assert!(found.iter().any(|one| one.ends_with("not_agentic missing")), "{found:?}");
        assert_eq!(states(&stage, &store), ["done", "done", "done", "done"]);
        // Where nothing at all can be read, the run failed.
        std::fs::remove_dir_all(stage.beside("away")).expect("it can be removed");
        assert_eq!(stage.run(&["run", "--source", "notes"]).code, Some(1));
        assert_eq!(states(&stage, &store)[0], "failed");
    }
}

#[test]
fn a_run_does_not_begin_beside_another() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT);
    put_config(&stage, "store = \"muster.db\"\n[[source]]\nname = \"shop\"\ntargets = [\"app\"]\n");
    let held = File::create(stage.beside("muster.db-run")).expect("a file");
    held.try_lock().expect("nobody else has it");
    let ended = stage.run(&["run"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("another run writes to the store at `muster.db`"), "{ended:?}");
    drop(held);
    assert_eq!(stage.run(&["run"]).code, Some(0));
}

fn start(stage: &Stage, arguments: &[&str]) -> Child {
    Command::new(muster())
        .args(arguments)
        .current_dir(stage.lair())
        .env("HOME", stage.beside("home"))
        .stdout(Stdio::null())
        .stderr(File::create(stage.beside("log")).expect("a file"))
        .spawn()
        .expect("muster can be run")
}

fn wait_for<T>(what: &str, mut until: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = until() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} does not come");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_daemon_runs_tells_how_it_is_and_ends_when_it_is_asked_to() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT).put("requirements.txt", "langchain==1.0.0\n");
    let port = http::free_port();
    put_config(
        &stage,
        &format!(
            "store = \"muster.db\"\n[[source]]\nname = \"shop\"\ntargets = [\"app\"]\n\
             [schedule]\ncron = \"0 0 1 1 *\"\nrun_at_start = true\n\
             [watch]\nlisten = \"127.0.0.1:{port}\"\nlog_format = \"json\"\n"
        ),
    );
    let mut daemon = start(&stage, &["run", "--watch"]);
    let get = |path: &str| http::get(&format!("http://127.0.0.1:{port}{path}"));
    wait_for("its readiness", || get("/readyz").filter(|(status, _)| *status == 200));
    assert_eq!(get("/healthz").map(|(status, _)| status), Some(200));
    let metrics = wait_for("its first run", || {
        get("/metrics").map(|(_, text)| text).filter(|text| text.contains("muster_runs_total{"))
    });
    assert!(metrics.contains("muster_runs_total{source=\"shop\",result=\"done\"} 1"), "{metrics}");
    assert!(metrics.contains("muster_systems{source=\"shop\",verdict=\"agentic\"} 1"), "{metrics}");
    // Others read meanwhile.
    assert_eq!(systems(&stage, "muster.db"), ["app agentic new"]);
    let asked =
        Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().expect("kill can be run");
    assert!(asked.success());
    let ended = wait_for("its end", || daemon.try_wait().expect("it can be asked"));
    assert_eq!(ended.code(), Some(0));
    let log = std::fs::read_to_string(stage.beside("log")).expect("it is there");
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["level"].is_string() && event["message"].is_string(), "{line}");
    }
    assert!(log.contains("the daemon ends"), "{log}");
}

/// Whoever kills a run at any moment finds each source as it was before or as the run found it, and the next run goes on.
#[test]
fn a_run_that_is_killed_leaves_whole_sources_and_the_next_one_goes_on() {
    for store in ["muster.db".to_owned(), Postgres::shared().database()] {
        let stage = Stage::new();
        let mut config = format!("store = \"{store}\"\n");
        for n in 0..24 {
            stage
                .put(&format!("s{n}/agent.py"), AGENT.replace("cancel_order", &format!("cancel_{n}")))
                .put(&format!("s{n}/requirements.txt"), "langchain==1.0.0\n");
            let _ = write!(config, "[[source]]\nname = \"s{n}\"\ntargets = [\"app/s{n}\"]\n");
        }
        put_config(&stage, &config);
        let began = Instant::now();
        assert_eq!(stage.run(&["run", "--store", "spare.db"]).code, Some(0));
        let whole = began.elapsed();
        let mut seen = 0;
        for step in [0.5, 0.7, 0.8, 0.9] {
            let mut run = start(&stage, &["run"]);
            sleep(whole.mul_f64(step));
            // That it ended by itself meanwhile is as good.
            let _ = run.kill();
            run.wait().expect("it has ended");
            if stage.run(&["runs", "--store", &store]).code != Some(0) {
                // It was killed before there was a store.
                continue;
            }
            let found = systems(&stage, &store).len();
            assert!(found >= seen, "{found} after {seen}: something is lost");
            seen = found;
            assert_eq!(stage.run(&["backup", "-", "--store", &store, "--quiet"]).code, Some(0));
        }
        let ended = wait_for("the claim of the run that was killed", || {
            let ended = stage.run(&["run"]);
            (!ended.stderr.contains("another run")).then_some(ended)
        });
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(systems(&stage, &store).len(), 24);
        let states = states(&stage, &store);
        assert_eq!(states[0], "done");
        assert!(states.iter().all(|state| state != "running"), "{states:?}");
    }
}

/// A server that breaks down in the middle of a run: the run says so, and nothing that was recorded is lost.
#[test]
fn a_run_outlives_its_database() {
    let mut server = Postgres::start();
    let store = server.database();
    let stage = Stage::new();
    let mut config = format!("store = \"{store}\"\n");
    for n in 0..16 {
        stage
            .put(&format!("s{n}/agent.py"), AGENT.replace("cancel_order", &format!("cancel_{n}")))
            .put(&format!("s{n}/requirements.txt"), "langchain==1.0.0\n");
        let _ = write!(config, "[[source]]\nname = \"s{n}\"\ntargets = [\"app/s{n}\"]\n");
    }
    put_config(&stage, &config);
    let recorded = |server: &Postgres| -> Option<usize> {
        server.sql(&store, "SELECT COUNT(*) FROM systems").trim().parse().ok()
    };
    assert_eq!(stage.run(&["run", "--source", "s0"]).code, Some(0));
    assert_eq!(recorded(&server), Some(1));
    let mut run = start(&stage, &["run"]);
    wait_for("some of it", || recorded(&server).filter(|found| *found > 2));
    server.kill();
    let ended = wait_for("its end", || run.try_wait().expect("it can be asked"));
    let log = std::fs::read_to_string(stage.beside("log")).expect("it is there");
    assert!(ended.code().is_some_and(|code| code != 101), "it panicked: {log}");
    assert!(ended.code() == Some(0) || log.contains("error: "), "{log}");
    server.start_again();
    let kept = wait_for("the server", || recorded(&server));
    assert!(kept > 2, "{kept}");
    assert_eq!(stage.run(&["run"]).code, Some(0));
    assert_eq!(systems(&stage, &store).len(), 16);
}
