//! Repositories that are read without a checkout: bare ones, and those that are fetched from a real server of git.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use muster_tests::binary;
use muster_tests::git::{GitServer, Manners, commit, git};
use muster_tests::stage::{Ended, Stage};
use serde_json::Value;

use super::WITNESS;

/// No test of ours may print it.
const TOKEN: &str = "ghp_canary0123456789";
/// How it is sent: `x-access-token:` and the token.
const BASIC: &str = "Basic eC1hY2Nlc3MtdG9rZW46Z2hwX2NhbmFyeTAxMjM0NTY3ODk=";

/// A stage with the repository `refund-agent`, and a bare one of it in `served`.
fn stage() -> (Stage, String) {
    let stage = Stage::new().with_mini("refund-agent");
    let commit = commit(&stage.beside("refund-agent"));
    fs::create_dir(stage.beside("served")).expect("a folder");
    git(stage.lair(), &["clone", "-q", "--bare", "refund-agent", "served/refund-agent.git"]);
    (stage, commit)
}

/// A scan with a token in the environment, if there is one, and with what else is given.
fn run(stage: &Stage, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let ended = stage.run_with(arguments, environment);
    assert!(!format!("{ended:?}").contains("canary"), "a token is printed: {ended:?}");
    assert!(!format!("{ended:?}").contains("eC1hY2Nlc3MtdG9r"), "a token is printed: {ended:?}");
    ended
}

/// The document of a scan, without what names the target, and the commit that it is of.
fn document(ended: &Ended) -> (String, Option<String>) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut document: Value = serde_json::from_str(&ended.stdout).expect("an inventory");
    let commit = document["scan"]["targets"][0]["commit"].as_str().map(str::to_owned);
    document["scan"] = Value::Null;
    document["coverage"][0]["target"] = Value::Null;
    for system in document["systems"].as_array_mut().expect("systems") {
        system["locations"] = Value::Null;
        system["id"] = Value::Null;
    }
    (serde_json::to_string_pretty(&document).expect("it is JSON"), commit)
}

fn json(stage: &Stage, target: &str, more: &[&str]) -> (String, Option<String>) {
    let mut arguments = vec!["scan", target, "--format", "json"];
    arguments.extend(more);
    document(&run(stage, &arguments, &[]))
}

#[test]
fn a_repository_is_told_alike_however_it_is_read() {
    let (stage, commit) = stage();
    let server = GitServer::start(&stage.beside("served"), Manners::default());
    git(
        stage.lair(),
        &[
            "clone",
            "-q",
            "--depth=1",
            &format!("file://{}", stage.beside("refund-agent").display()),
            "shallow/refund-agent",
        ],
    );
    let whole = json(&stage, "refund-agent", &[]);
    assert_eq!(whole.1.as_ref(), Some(&commit));
    assert_eq!(json(&stage, "served/refund-agent.git", &[]), whole);
    assert_eq!(
        json(&stage, &format!("git+file://{}", stage.beside("served/refund-agent.git").display()), &[]),
        whole
    );
    // What is not committed is not of the repository.
    fs::write(stage.beside("refund-agent/more.py"), WITNESS).unwrap();
    assert_eq!(json(&stage, &format!("git+file://{}", stage.beside("refund-agent").display()), &[]), whole);

    let shallow = json(&stage, "shallow/refund-agent", &[]);
    let url = format!("git+{}/refund-agent.git", server.url);
    assert_eq!(json(&stage, &url, &[]), shallow);
    assert_eq!(json(&stage, &url, &[]), shallow, "from the cache");
    assert!(stage.beside("home/cache/muster/git").is_dir());
}

#[test]
fn what_was_fetched_before_is_brought_up_to_date() {
    let (stage, first) = stage();
    let server = GitServer::start(&stage.beside("served"), Manners::default());
    let url = format!("git+{}/refund-agent.git", server.url);
    let cache = stage.beside("kept").display().to_string();
    let more = ["--git-cache", &cache];
    assert_eq!(json(&stage, &url, &more).1, Some(first.clone()));
    fs::write(stage.beside("refund-agent/more.py"), WITNESS).unwrap();
    let second = commit(&stage.beside("refund-agent"));
    git(
        &stage.beside("refund-agent"),
        &[
            "push",
            "-q",
            "../served/refund-agent.git",
            "HEAD:main",
            "HEAD~:refs/heads/old",
            "HEAD~:refs/tags/v1",
        ],
    );
    // Left behind by a run that was killed.
    let kept =
        fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    fs::write(kept.join("shallow.lock"), "").unwrap();
    fs::write(kept.join("objects/pack/tmp_pack_x"), "PACK").unwrap();
    let (text, commit) = json(&stage, &url, &more);
    assert_eq!(commit, Some(second.clone()));
    assert!(text.contains("more.py"));
    assert!(!kept.join("objects/pack/tmp_pack_x").exists());
    for (branch, expected) in
        [("old", &first), ("v1", &first), (&*first, &first), ("main", &second), ("refs/heads/main", &second)]
    {
        let (_, commit) = json(&stage, &url, &[more[0], more[1], "--git-branch", branch]);
        assert_eq!(commit.as_ref(), Some(expected), "{branch}");
    }
    // Damage in the cache is made good.
    for entry in fs::read_dir(kept.join("objects/pack")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    assert_eq!(json(&stage, &url, &more).1, Some(second));
    let mode = fs::metadata(&cache).unwrap().permissions().mode();
    assert_eq!(mode & 0o77, 0, "nobody else may look into it");
}

#[test]
fn tokens_come_from_the_environment_or_a_file_and_are_never_shown() {
    let (stage, _) = stage();
    let manners = Manners { wants: Some(BASIC.to_owned()), ..Manners::default() };
    let server = GitServer::start(&stage.beside("served"), manners);
    let url = format!("git+{}/refund-agent.git", server.url);
    let scan = ["scan", &*url, "--format", "json"];
    let why = |ended: &Ended| {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        ended.stderr.replace(&server.url, "http://HOST")
    };
    insta::assert_snapshot!("no_token", why(&run(&stage, &scan, &[])));
    insta::assert_snapshot!(
        "wrong_token",
        why(&run(&stage, &scan, &[("MUSTER_GIT_TOKEN", "ghp_canary_wrong")]))
    );
    let elsewhere = format!("github.com={TOKEN}");
    assert_eq!(why(&run(&stage, &scan, &[("MUSTER_GIT_TOKEN", &elsewhere)])), why(&run(&stage, &scan, &[])));

    // A git that writes down how it is called.
    fs::create_dir(stage.beside("bin")).unwrap();
    let log = stage.beside("calls");
    let real = "/usr/bin/git";
    fs::write(
        stage.beside("bin/git"),
        format!(
            "#!/bin/sh\n{{ echo \"$@\"; env | cut -d= -f1; }} >> {}\nexec {real} \"$@\"\n",
            log.display()
        ),
    )
    .unwrap();
    fs::set_permissions(stage.beside("bin/git"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", stage.beside("bin").display());
    let spied = [
        ("PATH", &*path),
        ("MUSTER_GIT_TOKEN", TOKEN),
        ("PGPASSWORD", "x"),
        ("GIT_DIR", "/nowhere"),
        ("GIT_TRACE", "1"),
    ];
    let ended = run(&stage, &scan, &spied);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let calls = fs::read_to_string(&log).unwrap();
    assert!(calls.contains("fetch"), "{calls}");
    for unwanted in
        ["canary", "eC1hY2Nlc3MtdG9r", "PGPASSWORD", "GIT_DIR", "GIT_TRACE", "MUSTER_GIT_TOKEN", "HOME"]
    {
        assert!(
            !calls.lines().any(|line| line == unwanted || line.contains("canary")),
            "{unwanted}: {calls}"
        );
    }

    let host = server.url.strip_prefix("http://").unwrap();
    fs::write(stage.beside("tokens"), format!("# of the tests\ngithub.com=other\n{host}={TOKEN}\n")).unwrap();
    let with_file = [&scan[..], &["--git-token-file", "tokens"]].concat();
    assert_eq!(run(&stage, &with_file, &[]).code, Some(0));
    assert!(server.asked().iter().any(|(_, given)| given.as_deref() == Some(BASIC)));
}

#[test]
fn a_token_is_not_sent_on_to_another_server() {
    let (stage, _) = stage();
    let other = GitServer::start(&stage.beside("served"), Manners::default());
    let server = GitServer::start(
        &stage.beside("served"),
        Manners { redirects: Some(other.url.clone()), ..Manners::default() },
    );
    let url = format!("git+{}/refund-agent.git", server.url);
    let scan = ["scan", &*url, "--format", "json"];
    let ended = run(&stage, &scan, &[("MUSTER_GIT_TOKEN", TOKEN)]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    insta::assert_snapshot!("sent_on", ended.stderr.replace(&server.url, "http://HOST"));
    assert_eq!(other.asked(), []);
    // Without one there is nothing to lose.
    assert_eq!(run(&stage, &scan, &[]).code, Some(0));
    assert!(other.asked().iter().all(|(_, given)| given.is_none()));
}

#[test]
fn a_repository_that_fails_fails_alone() {
    let (stage, _) = stage();
    fs::create_dir(stage.beside("large")).unwrap();
    let mut noise = 7u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.to_be_bytes()[0]
    })
    .take(3 << 20)
    .collect();
    fs::write(stage.beside("large/noise"), bytes).unwrap();
    commit(&stage.beside("large"));
    git(stage.lair(), &["clone", "-q", "--bare", "large", "served/large.git"]);
    git(stage.lair(), &["init", "-q", "--bare", "served/empty.git"]);
    let server = GitServer::start(&stage.beside("served"), Manners::default());
    let address = |name: &str| format!("git+{}/{name}", server.url);
    let targets = ["large.git", "empty.git", "nothing.git", "refund-agent.git"].map(address);
    let nobody = format!("git+http://127.0.0.1:{}/a", muster_tests::http::free_port());
    let odd = "git+file:///nowhere/at/all";
    let mut scan = vec!["scan", "--git-max-size", "2", "--format", "json", odd];
    scan.extend(targets.iter().map(String::as_str));
    let ended = run(&stage, &scan, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!("fails_alone", ended.stderr.replace(&server.url, "http://HOST"));
    assert_eq!(ended.inventory().systems.len(), 1);
    // In the words of whatever git is built with.
    let unreached = run(&stage, &["scan", &nobody], &[]);
    assert!(unreached.stderr.contains("git could not fetch it: unable to access"), "{unreached:?}");
    let left: Vec<_> = fs::read_dir(stage.beside("home/cache/muster/git"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name())
        .collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("large")), "{left:?}");
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let (stage, commit) = stage();
    let server = GitServer::start(&stage.beside("served"), Manners::default());
    let url = format!("git+{}/refund-agent.git", server.url);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| json(&stage, &url, &[]))).collect();
        let told: Vec<_> = runs.into_iter().map(|run| run.join().unwrap()).collect();
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(told[0].1, Some(commit));
    });
}

#[test]
fn a_run_that_is_killed_while_it_fetches_leaves_nothing_in_the_way() {
    let (stage, commit) = stage();
    let stalls = GitServer::start(&stage.beside("served"), Manners { stalls: true, ..Manners::default() });
    let port = stalls.url.rsplit(':').next().unwrap().to_owned();
    let url = format!("git+{}/refund-agent.git", stalls.url);
    let mut child = std::process::Command::new(binary::path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", stage.beside("home"))
        .args(["scan", &url, "--git-cache"])
        .arg(stage.beside("kept"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while stalls.asked().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The same address with somebody who answers: the lock is free, and the folder is fit to be used.
    let folder = stage.beside("kept");
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let server = GitServer::start(&stage.beside("served"), Manners::default());
    let path = stage.beside("bin");
    fs::create_dir(&path).unwrap();
    let own = server.url.rsplit(':').next().unwrap();
    fs::write(path.join("git"), format!("#!/bin/bash\nexec /usr/bin/git \"${{@/:{port}/:{own}}}\"\n"))
        .unwrap();
    fs::set_permissions(path.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let searched = format!("{}:/usr/bin:/bin", path.display());
    let scan = ["scan", &*url, "--format", "json", "--git-cache", "kept"];
    let ended = run(&stage, &scan, &[("PATH", &searched)]);
    assert_eq!(document(&ended).1, Some(commit));
}

#[test]
fn secrets_in_an_address_are_refused_and_not_repeated() {
    let stage = Stage::new();
    for address in [
        "git+https://canary@example.org/a.git",
        "git+https://a:canary@example.org/a.git",
        "git+https://example.org/a.git?token=canary",
    ] {
        let ended = run(&stage, &["scan", address], &[]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("git+https://example.org/a.git"), "{ended:?}");
    }
    let refused = run(&stage, &["scan", "git+ssh://-oProxyCommand=touch/a"], &[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
}

#[test]
fn without_git_it_is_said_what_is_missing() {
    let stage = Stage::new();
    let empty = stage.beside("none");
    fs::create_dir(&empty).unwrap();
    let ended =
        run(&stage, &["scan", "git+https://example.org/a.git"], &[("PATH", &empty.display().to_string())]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("git is not installed, or not in PATH; it is needed to fetch repositories"),
        "{ended:?}"
    );
    assert!(Path::new(&stage.beside("home/cache")).is_dir());
}

#[test]
fn many_repositories_are_targets_of_their_own() {
    let (stage, commit) = stage();
    git(stage.lair(), &["clone", "-q", "--bare", "refund-agent", "served/acme/other.git"]);
    git(stage.lair(), &["clone", "-q", "refund-agent", "served/acme/work"]);
    fs::write(stage.beside("served/stray.py"), WITNESS).unwrap();
    fs::write(stage.beside("list"), "# ours\nserved/acme/work\nrepos:served\n").unwrap();
    let ended = run(&stage, &["scan", "@list", "--repos-exclude", "other", "--format", "json"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!("many", ended.stderr);
    let targets: Vec<_> =
        ended.inventory().scan.targets.into_iter().map(|of| (of.target, of.commit)).collect();
    let expected =
        ["served/acme/work", "served/refund-agent.git"].map(|name| (name.to_owned(), Some(commit.clone())));
    assert_eq!(targets, expected);

    let nothing = run(&stage, &["scan", "repos:served", "--repos-include", "globex/*"], &[]);
    assert_eq!(nothing.code, Some(2));
    assert!(
        nothing.stderr.contains("holds no repository that the patterns leave, and 3 that they do not"),
        "{nothing:?}"
    );
}

#[test]
fn a_run_tells_the_repositories_of_a_folder_apart() {
    let (stage, _) = stage();
    git(stage.lair(), &["clone", "-q", "--bare", "refund-agent", "served/other.git"]);
    fs::write(stage.beside("muster.toml"), "store = \"muster.db\"\n[[source]]\nname = \"code\"\ntargets = [\"repos:served\"]\noptions = { repos-exclude = \"gone\" }\n").unwrap();
    let ended = run(&stage, &["config", "check"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("warning"), "{ended:?}");
    // Were they one target, the second would be taken for what became of the first.
    for _ in 0..2 {
        let ended = run(&stage, &["run"], &[]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let ended = run(&stage, &["systems", "--store", "muster.db", "--format", "json"], &[]);
    let systems: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut told: Vec<_> =
        systems.as_array().unwrap().iter().map(|of| (of["target"].clone(), of["presence"].clone())).collect();
    told.sort_by_key(|(target, _)| target.to_string());
    let expected = ["served/other.git", "served/refund-agent.git"]
        .map(|name| (Value::from(name), Value::from("present")));
    assert_eq!(told, expected);
}

#[test]
fn a_server_that_has_no_time_is_asked_again() {
    let (stage, _) = stage();
    let server = GitServer::start(&stage.beside("served"), Manners { refuses: 2, ..Manners::default() });
    let target = format!("git+{}/refund-agent.git", server.url);
    let ended = run(&stage, &["scan", &target, "--format", "json"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.inventory().systems.len(), 1);
    // Two refusals, what it offers, and what is wanted of that.
    assert!(server.asked().len() >= 4, "{:?}", server.asked());
}
