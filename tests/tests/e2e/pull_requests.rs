//! What a branch changes, from outside: comparisons with its base in every format, and the jobs that show them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;
use muster_tests::binary::path as muster;
use muster_tests::git::{commit, git};
use muster_tests::stage::{Ended, Stage};
use muster_tests::validators::{refusal, yaml};
use serde_json::{Value, json};

use crate::{AGENT, GATED, WITNESS};

fn project(name: &str, dependencies: &str) -> String {
    format!("[project]\nname = \"{name}\"\nversion = \"1.0\"\ndependencies = [{dependencies}]\n")
}

/// A repository with a gated agent and a summariser. Its branch `change` adds an agent, drops the gate, moves the
/// summariser to another folder and takes another version of what it uses; meanwhile `main` got one more agent.
fn repository() -> Stage {
    let stage = Stage::new();
    stage
        .put("services/desk/pyproject.toml", project("desk", "\"langchain==1.0.0\""))
        .put("services/desk/agent.py", GATED)
        .put("services/sums/pyproject.toml", project("sums", "\"openai==1.0.0\""))
        .put("services/sums/ask.py", WITNESS)
        .put("notes.txt", "nothing\n");
    git(&stage.app(), &["init", "-q", "-b", "main"]);
    commit(&stage.app());
    git(&stage.app(), &["checkout", "-q", "-b", "change"]);
    let open = GATED.lines().filter(|line| !line.contains("middleware=")).collect::<Vec<_>>().join("\n");
    stage
        .put("services/desk/agent.py", open + "\n")
        .put("services/orders/pyproject.toml", project("orders", "\"langchain==1.0.0\", \"requests\""))
        .put("services/orders/agent.py", AGENT);
    git(&stage.app(), &["mv", "services/sums", "services/summaries"]);
    stage.put("services/summaries/pyproject.toml", project("sums", "\"openai==2.0.0\""));
    commit(&stage.app());
    git(&stage.app(), &["checkout", "-q", "main"]);
    stage
        .put("services/later/pyproject.toml", project("later", "\"langchain==1.0.0\""))
        .put("services/later/agent.py", AGENT);
    commit(&stage.app());
    git(&stage.app(), &["checkout", "-q", "change"]);
    stage
}

fn scan(stage: &Stage, arguments: &[&str]) -> Ended {
    stage.run(&[&["scan", "app", "--quiet"], arguments].concat())
}

/// What was printed, with words for commits, which no two runs have in common.
fn told(stage: &Stage, ended: &Ended) -> String {
    let mut text = ended.stdout.clone();
    for (revision, word) in [("main~1", "PARTED"), ("main", "MAIN"), ("change", "CHANGE")] {
        let full = git(&stage.app(), &["rev-parse", revision]);
        text = text.replace(&full, word).replace(&full[..12], word);
    }
    text
}

/// The systems of a comparison, each with what became of it.
fn presences(stage: &Stage, arguments: &[&str]) -> BTreeMap<String, String> {
    let ended = scan(stage, &[arguments, &["--format", "json"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let systems = document["systems"].as_array().expect("a list");
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    systems.iter().map(|system| (word(&system["name"]), word(&system["presence"]))).collect()
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, presence)| ((*name).to_owned(), (*presence).to_owned())).collect()
}

#[test]
fn a_branch_is_compared_with_where_it_parted() {
    let stage = repository();
    let table = scan(&stage, &["--diff", "main", "--exit-code"]);
    assert_eq!(table.code, Some(10), "{table:?}");
    assert_snapshot!("table", told(&stage, &table));
    let markdown = scan(&stage, &["--diff", "main", "--format", "markdown"]);
    assert_eq!(markdown.code, Some(0), "nobody asked for an exit code: {markdown:?}");
    assert_snapshot!("markdown", told(&stage, &markdown));
    let json = scan(&stage, &["--diff", "main", "--format", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let base = git(&stage.app(), &["merge-base", "main", "change"]);
    assert_eq!(document["base"], json!({"revision": "main", "commit": base, "merge_base": true}));
    assert_eq!(document["schema"], "muster.diff/1");
    assert_eq!(
        presences(&stage, &["--diff", "main"]),
        map(&[("desk", "changed"), ("orders", "new"), ("sums", "changed")])
    );
    // The work tree is scanned as it is.
    stage.put("services/orders/agent.py", "print('not yet')\n");
    assert_eq!(scan(&stage, &["--diff", "change", "--exit-code"]).code, Some(0), "less is no worse");
}

#[test]
fn a_revision_itself_knows_what_came_later_to_it() {
    let stage = repository();
    let all = [("desk", "changed"), ("later", "missing"), ("orders", "new"), ("sums", "changed")];
    assert_eq!(presences(&stage, &["--since", "main"]), map(&all));
    assert_eq!(presences(&stage, &["--since", "main~1"]), presences(&stage, &["--diff", "main"]));
    assert_eq!(presences(&stage, &["--since", "HEAD"]), map(&[]));
    let same = scan(&stage, &["--since", "HEAD", "--exit-code"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.stdout.starts_with("3 AI systems: 0 new, 0 changed, 0 missing, 0 unseen, 3 present.\n"));
}

#[test]
fn a_folder_a_bare_repository_and_an_address_are_compared_as_well() {
    let stage = repository();
    let ended = stage.run(&["scan", "app/services/desk", "--diff", "main", "--format", "json", "--quiet"]);
    let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(document["systems"].as_array().map(Vec::len), Some(1), "{}", ended.stdout);
    assert_eq!(document["systems"][0]["presence"], "changed");
    let ended = stage.run(&["scan", "app/services/orders", "--diff", "main"]);
    assert!(ended.stdout.starts_with("1 AI system: 1 new, "), "{ended:?}");
    assert!(ended.stderr.contains("has nothing of what is scanned"), "{ended:?}");

    git(stage.lair(), &["clone", "-q", "--bare", "app", "shop.git"]);
    let expected = presences(&stage, &["--diff", "main"]);
    for target in ["shop.git".to_owned(), format!("git+file://{}", stage.beside("app").display())] {
        let arguments =
            ["scan", &target, "--git-branch", "change", "--diff", "main", "--format", "json", "--quiet"];
        let ended = stage.run(&arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        let told: BTreeMap<String, String> = document["systems"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|system| {
                (system["name"].as_str().unwrap().into(), system["presence"].as_str().unwrap().into())
            })
            .collect();
        assert_eq!(told, expected, "{target}");
    }
}

#[test]
fn sarif_says_what_became_of_each_finding() {
    let stage = repository();
    let ended = scan(&stage, &["--diff", "main", "--format", "sarif"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(refusal("sarif", &ended.stdout), None);
    let log: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let mut told: Vec<String> = results
        .iter()
        .map(|result| {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let place = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
            format!(
                "{} {} {} {}",
                word(&result["baselineState"]),
                word(&result["ruleId"]),
                word(&result["level"]),
                word(place)
            )
        })
        .collect();
    told.sort();
    assert_snapshot!("sarif", told.join("\n"));
    let back = {
        git(&stage.app(), &["checkout", "-q", "main"]);
        scan(&stage, &["--since", "change", "--format", "sarif"])
    };
    assert_eq!(refusal("sarif", &back.stdout), None);
    assert!(back.stdout.contains("\"baselineState\": \"absent\""), "{}", back.stdout);
}

#[test]
fn what_could_not_be_read_before_is_not_new() {
    let stage = Stage::new();
    stage.put("a.py", WITNESS).put("services/orders/agent.py", [AGENT.as_bytes(), &[0xff, 0xfe, 0]].concat());
    git(&stage.app(), &["init", "-q", "-b", "main"]);
    commit(&stage.app());
    stage.put("services/orders/agent.py", AGENT);
    let ended = scan(&stage, &["--diff", "main", "--exit-code"]);
    let head = git(&stage.app(), &["rev-parse", "HEAD"]);
    assert_snapshot!("unread", ended.stdout.replace(&head[..12], "HEAD"));
    let sarif = scan(&stage, &["--diff", "main", "--format", "sarif"]);
    assert!(sarif.stdout.contains("\"unreadBefore\": true"), "{}", sarif.stdout);
    assert_eq!(ended.code, Some(0), "it is told, and not said to be added: {ended:?}");
    assert_eq!(scan(&stage, &["--diff", "main", "--strict-coverage"]).code, Some(4));
}

#[test]
fn what_cannot_be_compared_is_a_mistake_that_says_what_helps() {
    let stage = repository();
    git(
        stage.lair(),
        &[
            "clone",
            "-q",
            "--no-single-branch",
            "--depth",
            "1",
            "-b",
            "change",
            &format!("file://{}", stage.app().display()),
            "shallow",
        ],
    );
    fs::create_dir(stage.beside("plain")).expect("a folder");
    let cases: [(&[&str], &str); 11] = [
        (&["shallow", "--diff", "origin/main"], "fetch-depth: 0"),
        (&["shallow", "--since", "HEAD~1"], "fetch-depth: 0"),
        (&["plain", "--diff", "main"], "is in no git repository"),
        (&["app", "--diff", "gone"], "has no branch, tag or commit `gone`"),
        (&["app", "--since=--upload-pack=x"], "is no name of a branch"),
        (&["app", "plain", "--diff", "main"], "several targets"),
        (&["app", "--diff", "main", "--since", "main"], "cannot be used with"),
        (&["app", "--diff", "main", "--store", "x.db"], "cannot be used with"),
        (&["app", "--diff", "main", "--format", "html"], "choose `table`"),
        (&["k8s-export:plain", "--diff", "main"], "has no commits"),
        (&["git+https://localhost/x", "--diff", "main"], "--since"),
    ];
    for (arguments, says) in cases {
        let ended = stage.run(&[&["scan"], arguments].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
    }
    // A whole history helps.
    git(&stage.beside("shallow"), &["fetch", "-q", "--unshallow"]);
    let ended = stage.run(&["scan", "shallow", "--diff", "origin/main", "--exit-code"]);
    assert_eq!(ended.code, Some(10), "{ended:?}");
}

fn recipe(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

#[test]
fn recipes_are_what_their_products_take() {
    for (kind, name) in [("github", "github/muster.yml"), ("gitlab", "gitlab/muster.gitlab-ci.yml")] {
        let text = fs::read_to_string(recipe(name)).expect("a recipe");
        assert_eq!(refusal(kind, &text), None, "{name}");
        let broken = text.replace("  script:", "  scripts:").replace("runs-on:", "runs_on:");
        assert!(refusal(kind, &broken).is_some(), "{name}: nothing is found wrong with a broken one");
    }
    // Tags of actions can be moved; commits cannot.
    let workflow = yaml(&recipe("github/muster.yml"));
    let steps = workflow["jobs"]["scan"]["steps"].as_array().expect("steps");
    for action in steps.iter().filter_map(|step| step["uses"].as_str()) {
        let (_, commit) = action.split_once('@').expect("a version");
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
    }
    assert_eq!(workflow["permissions"], json!({}));
    assert_eq!(
        workflow["jobs"]["scan"]["permissions"],
        json!({"contents": "read", "security-events": "write"})
    );
}

/// Runs what a job says in a clone, as its runner does, and gives the code and what it said.
fn job(stage: &Stage, clone: &Path, script: &str, variables: &[(&str, String)]) -> (Option<i32>, String) {
    let ended = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(clone)
        .env_clear()
        .env("HOME", stage.beside("home"))
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", stage.beside("bin").display()))
        .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
        .output()
        .expect("bash can be run");
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// A clone as CI makes it, at the branch that is to be merged.
fn clone(stage: &Stage) -> PathBuf {
    let at = stage.beside("work");
    git(stage.lair(), &["clone", "-q", "-b", "change", "app", "work"]);
    fs::create_dir(stage.beside("bin")).expect("a folder");
    at
}

#[test]
fn the_workflow_of_github_does_what_it_says() {
    let stage = repository();
    let work = clone(&stage);
    // In place of the image: what takes a file out of it.
    let docker = format!(
        "#!/bin/sh\ncase $1 in\ncreate) echo of-$2 ;;\ncp) [ \"$2\" = of-$MUSTER_IMAGE:/usr/local/bin/muster ] && cp {} \"$3\" ;;\nrm) ;;\nesac\n",
        muster().display()
    );
    let shim = stage.beside("bin/docker");
    fs::write(&shim, docker).expect("a file");
    fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let all = yaml(&recipe("github/muster.yml"));
    let steps = all["jobs"]["scan"]["steps"].as_array().expect("steps");
    assert_eq!(steps[0]["with"]["fetch-depth"], 0);
    let temporary = stage.beside("temporary");
    fs::create_dir(&temporary).expect("a folder");
    let (summary, path) = (temporary.join("summary.md"), temporary.join("path"));
    let run = |event: &str| -> Vec<(String, Option<i32>)> {
        for file in [&summary, &path] {
            fs::write(file, "").expect("a file");
        }
        let mut ended = Vec::new();
        for step in steps.iter().filter(|step| step["run"].is_string()) {
            let is_for_requests = step["if"] == "github.event_name == 'pull_request'";
            if step["if"].is_string() && is_for_requests != (event == "pull_request") {
                continue;
            }
            let mut variables = vec![
                ("MUSTER_IMAGE", all["env"]["MUSTER_IMAGE"].as_str().expect("an image").to_owned()),
                ("RUNNER_TEMP", temporary.display().to_string()),
                ("GITHUB_STEP_SUMMARY", summary.display().to_string()),
                ("GITHUB_PATH", path.display().to_string()),
            ];
            if is_for_requests {
                assert_eq!(step["env"], json!({"BASE": "${{ github.base_ref }}"}));
                variables.push(("BASE", "main".to_owned()));
            }
            // What a step puts on the path is there for the next one.
            let more = fs::read_to_string(&path).expect("what was put on the path");
            let more: String = more.lines().flat_map(|folder| [folder, ":"]).collect();
            let script = format!("PATH=\"{more}$PATH\"\n{}", step["run"].as_str().expect("a script"));
            let (code, said) = job(&stage, &work, &script, &variables);
            assert!(code.is_some_and(|code| matches!(code, 0 | 10)), "{script}\n{said}");
            ended.push((step["name"].as_str().expect("a name").to_owned(), code));
        }
        ended
    };
    let expected = |last: &str, code| {
        let names = ["Take Muster out of its image", "Scan", last].map(str::to_owned);
        names.into_iter().zip([Some(0), Some(0), Some(code)]).collect::<Vec<_>>()
    };
    assert_eq!(run("pull_request"), expected("What the pull request changes", 10));
    let told = fs::read_to_string(&summary).expect("a summary");
    assert!(told.starts_with("# What changed\n") && told.contains("orders: new, agentic"), "{told}");
    let log = fs::read_to_string(temporary.join("muster.sarif")).expect("a log");
    assert_eq!(refusal("sarif", &log), None);
    assert_eq!(git(&work, &["status", "--porcelain"]), "", "nothing is left in the clone");
    assert_eq!(run("schedule"), expected("What there is", 0));
    assert!(fs::read_to_string(&summary).expect("a summary").contains("orders"));
}

#[test]
fn the_jobs_of_gitlab_do_what_they_say() {
    let stage = repository();
    let work = clone(&stage);
    fs::hard_link(muster(), stage.beside("bin/muster"))
        .or_else(|_| fs::copy(muster(), stage.beside("bin/muster")).map(|_| ()))
        .expect("the binary can be put on PATH");
    let all = yaml(&recipe("gitlab/muster.gitlab-ci.yml"));
    assert_eq!(all[".muster"]["variables"]["GIT_DEPTH"], "0");
    let variables = [("CI_MERGE_REQUEST_DIFF_BASE_SHA", git(&work, &["merge-base", "origin/main", "HEAD"]))];
    for (name, code, begins) in [("muster", 10, "# What changed\n"), ("muster-nightly", 0, "# ")] {
        let lines = all[name]["script"].as_array().expect("a script");
        let script: Vec<&str> = lines.iter().map(|line| line.as_str().expect("a line")).collect();
        let (ended, said) = job(&stage, &work, &script.join("\n"), &variables);
        assert_eq!(ended, Some(code), "{name}: {said}");
        for artifact in all[".muster"]["artifacts"]["paths"].as_array().expect("paths") {
            let file = work.join(artifact.as_str().expect("a path"));
            assert!(file.is_file(), "{name}: {}", file.display());
        }
        assert_eq!(refusal("sarif", &fs::read_to_string(work.join("muster.sarif")).expect("a log")), None);
        let told = fs::read_to_string(work.join("muster.md")).expect("a report");
        assert!(told.starts_with(begins) && told.contains("orders"), "{name}: {told}");
        assert!(!told.contains("muster.sarif") && !told.contains("muster.md"), "{name}: {told}");
    }
    assert_eq!(all["muster"]["allow_failure"]["exit_codes"], 10);
}
