//! Organisations of GitHub and groups of GitLab: listed by GitHub's own description of its interface and by scripted servers
//! that fail in each way, and fetched by a real git.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use muster_tests::forge::{Call, Forge};
use muster_tests::git::{commit, git};
use muster_tests::http::Reply;
use muster_tests::prism::{self, Prism};
use muster_tests::stage::{Ended, Stage};
use serde_json::{Value, json};

/// No test of ours may print it.
const TOKEN: &str = "ghp_canary0123456789";
const BEARER: &str = "Bearer ghp_canary0123456789";
/// How git sends it: `x-access-token:` and the token.
const BASIC: &str = "Basic eC1hY2Nlc3MtdG9rZW46Z2hwX2NhbmFyeTAxMjM0NTY3ODk=";

/// A stage with bare repositories in `served`, each a copy of a mini repository.
fn stage(repositories: &[(&str, &str)]) -> Stage {
    let mut stage = Stage::new();
    let minis: BTreeSet<&str> = repositories.iter().map(|(_, mini)| *mini).collect();
    for mini in minis {
        stage = stage.with_mini(mini);
        commit(&stage.beside(mini));
    }
    fs::create_dir(stage.beside("served")).expect("a folder");
    for (path, mini) in repositories {
        git(stage.lair(), &["clone", "-q", "--bare", mini, &format!("served/{path}")]);
    }
    stage
}

/// A run of the binary with tokens for both forges, the output of which holds none of them.
fn run(stage: &Stage, url: &str, arguments: &[&str]) -> Ended {
    run_with(stage, url, arguments, &[("MUSTER_GITHUB_TOKEN", TOKEN), ("MUSTER_GITLAB_TOKEN", TOKEN)])
}

fn run_with(stage: &Stage, url: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let Ended { code, stdout, stderr } = stage.run_with(arguments, environment);
    let text = |text: String| text.replace(url, "http://FORGE");
    let ended = Ended { code, stdout: text(stdout), stderr: text(stderr) };
    for secret in ["canary", "eC1hY2Nlc3MtdG9r", "PRIVATE KEY"] {
        assert!(!format!("{ended:?}").contains(secret), "a secret is printed: {ended:?}");
    }
    ended
}

/// What came of a scan: its code, what it said, its systems, and what it did not see.
fn told(ended: &Ended) -> String {
    // Which targets are slow is a matter of the machine.
    let lines = ended.stderr.lines().map(|line| line.split("; the slowest: ").next().unwrap_or(line));
    let mut told = format!("code {:?}\n", ended.code);
    lines.for_each(|line| told.extend([line, "\n"]));
    if ended.stdout.is_empty() {
        return told;
    }
    let inventory = ended.inventory();
    for system in &inventory.systems {
        let target = system.target.as_deref().unwrap_or(&inventory.scan.targets[0].target);
        writeln!(told, "system {} of {target}", system.name).expect("a text takes all");
    }
    for coverage in &inventory.coverage {
        for gap in coverage.skipped.iter().filter(|gap| gap.why.hides() || coverage.seen == 0) {
            let (what, why) = (&gap.what, gap.why.name());
            let detail = gap.detail.as_deref().unwrap_or_default();
            writeln!(told, "gap of {}: {what} {why}: {detail}", coverage.target).expect("a text takes all");
        }
    }
    told
}

fn github(name: &str) -> Value {
    json!({"full_name": name, "archived": false, "fork": false, "disabled": false, "size": 7})
}

fn page(items: &[Value], next: Option<&str>) -> Reply {
    let reply = Reply::ok(Value::from(items.to_vec()).to_string());
    // By the name that the server has for itself, which is no name that anybody can ask for here.
    match next {
        Some(query) => reply
            .with(&format!(r#"link: <https://inside.invalid/organizations/1/repos?{query}>; rel="next""#)),
        None => reply,
    }
}

fn refusal(status: u16, headers: &[&str]) -> Reply {
    let reply = Reply { status, ..Reply::ok(json!({"message": format!("no, {TOKEN}")}).to_string()) };
    headers.iter().fold(reply, |reply, header| reply.with(header))
}

#[test]
fn an_organisation_is_scanned_however_its_server_behaves() {
    let stage = stage(&[
        ("acme/refunds", "refund-agent"),
        ("acme/support", "support-bot"),
        ("acme/old", "refund-agent"),
    ]);
    git(stage.lair(), &["init", "-q", "--bare", "served/acme/new"]);
    let forge = Forge::start(&stage.beside("served"), Some(BASIC), |call| {
        assert_eq!(call.authorization(), BEARER);
        Some(match (call.path.as_str(), call.query.as_str(), call.before) {
            // Too many requests at once, by GitHub's way of saying it.
            ("/api/v3/orgs/acme/repos", "type=all&per_page=100", 0) => refusal(403, &["retry-after: 1"]),
            ("/api/v3/orgs/acme/repos", "type=all&per_page=100", _) => page(
                &[
                    github("acme/refunds"),
                    json!({"full_name": "acme/old", "archived": true, "size": 9}),
                    json!({"full_name": "acme/copy", "fork": true, "size": 9}),
                ],
                Some("page=2"),
            ),
            ("/api/v3/orgs/acme/repos", "page=2", 0) => refusal(429, &["retry-after: 1"]),
            ("/api/v3/orgs/acme/repos", "page=2", _) => page(
                &[
                    github("acme/gone"),
                    json!({"full_name": "acme/new", "size": 0}),
                    json!({"full_name": "acme/off", "disabled": true, "size": 9}),
                ],
                Some("page=3"),
            ),
            ("/api/v3/orgs/acme/repos", "page=3", 0) => refusal(500, &[]),
            ("/api/v3/orgs/acme/repos", "page=3", 1) => {
                Reply { cut: Some(20), ..page(&[github("acme/support")], None) }
            }
            ("/api/v3/orgs/acme/repos", "page=3", _) => page(&[github("acme/support")], None),
            ("/api/v3/repos/acme/new/branches", "per_page=1", _) => page(&[], None),
            _ => return None,
        })
    });
    let scan = ["scan", "github:acme", "--github-base-url", &forge.url, "--format", "json"];
    let ended = run(&stage, &forge.url, &scan);
    insta::assert_snapshot!("organisation", told(&ended));
    insta::assert_snapshot!("organisation_calls", forge.calls().join("\n"));
    let fetched: BTreeSet<String> =
        forge.asked().into_iter().filter(|call| !call.path.contains("/api/")).map(|call| call.path).collect();
    assert!(!fetched.iter().any(|path| path.contains("/old/") || path.contains("/copy/")), "{fetched:?}");

    // What is left out by default, and what patterns choose.
    let more = [&scan[..], &["--repos-archived", "--repos-exclude", "support,acme/g*"]].concat();
    insta::assert_snapshot!("organisation_chosen", told(&run(&stage, &forge.url, &more)));
    // A name that is given is wanted whatever it is like.
    let one = Forge::start(&stage.beside("served"), Some(BASIC), |call| {
        (call.path == "/api/v3/repos/acme/old")
            .then(|| Reply::ok(json!({"full_name": "acme/old", "archived": true, "size": 9}).to_string()))
    });
    let scan = [
        "scan",
        "github:acme/old",
        "--github-base-url",
        &one.url,
        "--repos-include",
        "shop",
        "--format",
        "json",
    ];
    insta::assert_snapshot!("one_repository", told(&run(&stage, &one.url, &scan)));
}

#[test]
fn a_listing_that_breaks_off_is_told_and_what_it_named_is_scanned() {
    let stage = stage(&[("acme/refunds", "refund-agent")]);
    let forge = Forge::start(&stage.beside("served"), None, |call| {
        Some(match (call.path.as_str(), call.query.as_str()) {
            ("/api/v3/orgs/acme/repos", "type=all&per_page=100") => page(
                &[
                    github("acme/refunds"),
                    github("acme/../../etc"),
                    github("acme/\u{1b}[31mred"),
                    json!({"name": 7}),
                ],
                Some("page=2"),
            ),
            ("/api/v3/orgs/acme/repos", "page=2") => refusal(403, &["retry-after: 86400"]),
            ("/api/v3/orgs/slow/repos", _) => refusal(
                403,
                &[
                    "x-ratelimit-remaining: 0",
                    "x-ratelimit-reset: 1800003600",
                    "date: Fri, 15 Jan 2027 08:00:00 GMT",
                ],
            ),
            ("/api/v3/orgs/closed/repos", _) => refusal(403, &[]),
            ("/api/v3/orgs/bad/repos", _) => refusal(401, &[]),
            ("/api/v3/user", _) => Reply::ok(json!({"login": "ada"}).to_string()),
            _ => refusal(404, &[]),
        })
    });
    let base = ["--github-base-url", &forge.url, "--format", "json"];
    let scan = |targets: &[&str], more: &[&str]| {
        let arguments = [&["scan"], targets, &base[..], more].concat();
        told(&run(&stage, &forge.url, &arguments))
    };
    insta::assert_snapshot!("breaks_off", scan(&["github:acme"], &["--strict-coverage"]));
    // One organisation that fails does not end the scan of another.
    let all = ["github:nobody", "github:bad", "github:closed", "github:slow", "github:acme", "refund-agent"];
    insta::assert_snapshot!("fails_alone", scan(&all, &[]));
    insta::assert_snapshot!("fails_whole", scan(&["github:bad"], &[]));
}

#[test]
fn groups_of_gitlab_are_scanned_with_their_subgroups() {
    let stage = stage(&[
        ("acme/refunds.git", "refund-agent"),
        ("acme/tools/deep/bot.git", "support-bot"),
        ("code/acme/refunds.git", "refund-agent"),
    ]);
    let project = |path: &str| json!({"path_with_namespace": path, "archived": false, "empty_repo": false});
    let script = move |call: &Call| {
        assert_eq!(call.authorization(), BEARER);
        Some(match (call.path.trim_start_matches("/code"), call.query.contains("id_after")) {
            ("/api/v4/groups/acme/projects", false) if call.before == 0 => refusal(429, &["retry-after: 1"]),
            ("/api/v4/groups/acme/projects", false) => page(
                &[project("acme/refunds"), json!({"path_with_namespace": "acme/old", "archived": true})],
                Some("id_after=7&per_page=100"),
            ),
            ("/api/v4/groups/acme/projects", true) => page(
                &[
                    project("acme/tools/deep/bot"),
                    json!({"path_with_namespace": "acme/new", "empty_repo": true}),
                ],
                None,
            ),
            ("/api/v4/projects/acme%2Frefunds", _) => Reply::ok(project("acme/refunds").to_string()),
            _ => refusal(404, &[]),
        })
    };
    let forge = Forge::start(&stage.beside("served"), Some(BASIC), script);
    let scan = |target: &str, base: &str| {
        let arguments = ["scan", target, "--gitlab-base-url", base, "--format", "json"];
        told(&run(&stage, &forge.url, &arguments))
    };
    let all = [
        scan("gitlab:acme", &forge.url),
        // Below a path, as in some companies.
        scan("gitlab:acme/refunds", &format!("{}/code", forge.url)),
        scan("gitlab:nothing/at/all", &forge.url),
    ];
    insta::assert_snapshot!("gitlab", all.join("\n"));
    insta::assert_snapshot!("gitlab_calls", forge.calls().join("\n"));
}

/// Runs a program for node and gives what it prints.
fn node(program: &str, arguments: &[&str]) -> String {
    let ended = Command::new("node").args(["-e", program]).args(arguments).stdin(Stdio::null()).output();
    let ended = ended.expect("node can be run");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).expect("text")
}

/// Makes a key as GitHub does, and one that knows only what is public of it.
fn key(folder: &Path, form: &str) -> String {
    let program = "const { generateKeyPairSync } = require('crypto'); const fs = require('fs');\
        const [form, folder] = process.argv.slice(1);\
        const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048,\
          publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: form, format: 'pem' } });\
        fs.writeFileSync(folder + '/app.pem', privateKey); process.stdout.write(publicKey);";
    node(program, &[form, &folder.display().to_string()])
}

/// What an app said of itself, after another library found its signature right.
fn claims(bearer: &str, public: &str) -> Value {
    let program = "const { verify } = require('crypto'); const [bearer, key] = process.argv.slice(1);\
        const [head, claims, sign] = bearer.replace('Bearer ', '').split('.');\
        const text = (part) => Buffer.from(part, 'base64url');\
        if (JSON.parse(text(head)).alg !== 'RS256') throw new Error('it is signed in another way');\
        if (!verify('RSA-SHA256', Buffer.from(head + '.' + claims), key, text(sign))) throw new Error('the signature is wrong');\
        process.stdout.write(text(claims));";
    serde_json::from_str(&node(program, &[bearer, public])).expect("claims")
}

#[test]
fn an_app_of_github_signs_who_it_is_and_git_gets_its_tokens() {
    for form in ["pkcs1", "pkcs8"] {
        let stage = stage(&[("acme/refunds", "refund-agent")]);
        let public = key(stage.lair(), form);
        let forge = Forge::start(&stage.beside("served"), Some(BASIC), |call| {
            Some(match (call.method.as_str(), call.path.as_str()) {
                ("GET", "/api/v3/orgs/acme/installation") => refusal(404, &[]),
                ("GET", "/api/v3/users/acme/installation") => Reply::ok(r#"{"id": 77}"#),
                ("POST", "/api/v3/app/installations/77/access_tokens") => Reply::ok(
                    // It ran out when it was made: git is given a new one.
                    json!({"token": TOKEN, "expires_at": "2016-07-11T22:14:10Z", "repository_selection": "selected"})
                        .to_string(),
                ),
                ("GET", "/api/v3/installation/repositories") if call.authorization() == BEARER => {
                    Reply::ok(json!({"total_count": 1, "repositories": [github("acme/refunds")]}).to_string())
                }
                _ => refusal(401, &[]),
            })
        });
        let scan = [
            "scan",
            "github:acme",
            "--github-base-url",
            &forge.url,
            "--format",
            "json",
            "--github-app-id",
            "Iv1.7f3a",
            "--github-app-key-file",
            "app.pem",
        ];
        let ended = run_with(&stage, &forge.url, &scan, &[]);
        let shown = format!("{}\n{}", told(&ended), forge.calls().join("\n"));
        insta::allow_duplicates! { insta::assert_snapshot!("app", shown) };
        let first = forge.asked().into_iter().next().expect("it asked");
        let claims = claims(first.authorization(), &public);
        assert_eq!(claims["iss"], "Iv1.7f3a");
        let [issued, until] = ["iat", "exp"].map(|name| claims[name].as_i64().expect("a time"));
        assert!((1..=600).contains(&(until - issued)), "GitHub takes ten minutes at most: {claims}");
    }
}

#[test]
fn a_token_is_not_sent_in_the_clear_and_mistakes_are_told_before_anything_is_asked() {
    let stage = Stage::new();
    fs::write(stage.beside("token"), "two canary words").expect("a file");
    let told = |arguments: &[&str]| {
        let ended = run(&stage, "http://FORGE", &[&["scan", "github:acme"], arguments].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.stderr
    };
    let all = [
        told(&["--github-base-url", "http://192.0.2.1"]),
        told(&["--github-base-url", "https://ada:canary@git.example.org"]),
        told(&["--github-token-file", "token"]),
        told(&["--github-app-id", "7"]),
        told(&["--github-app-key-file", "token"]),
    ];
    insta::assert_snapshot!("mistakes", all.join("\n"));
}

#[test]
fn a_configuration_names_organisations_and_is_checked_without_asking() {
    let stage = stage(&[("acme/refunds", "refund-agent")]);
    let forge = Forge::start(&stage.beside("served"), Some(BASIC), |call| {
        // The second night, the server is down for the rest of the list.
        Some(match (call.query.as_str(), call.before) {
            ("type=all&per_page=100", 0) => page(&[github("acme/refunds")], None),
            ("type=all&per_page=100", _) => refusal(403, &["retry-after: 86400"]),
            _ => refusal(404, &[]),
        })
    });
    let text = format!(
        "store = \"muster.db\"\n[[source]]\nname = \"acme\"\ntargets = [\"github:acme\"]\n\
         options = {{ github-base-url = \"{}\", repos-exclude = [\"old\"], repos-forks = true, git-branch = \"main\" }}\n",
        forge.url
    );
    fs::write(stage.beside("muster.toml"), text).expect("a file");
    let checked = run(&stage, &forge.url, &["config", "check"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{checked:?}");
    assert_eq!(forge.calls(), Vec::<String>::new());
    let night = || {
        let ended = run(&stage, &forge.url, &["run"]);
        let list = [
            "systems",
            "--store",
            "muster.db",
            "--presence",
            "new",
            "--presence",
            "present",
            "--presence",
            "unseen",
            "--format",
            "json",
        ];
        let listed = run(&stage, &forge.url, &list);
        let listed: Value = serde_json::from_str(&listed.stdout)
            .unwrap_or_else(|error| panic!("{error}: {ended:?}, {listed:?}"));
        let listed = listed.as_array().expect("a list");
        let systems: Vec<String> =
            listed.iter().map(|one| format!("{} {}", one["name"], one["presence"])).collect();
        format!("code {:?}\n{}{}{systems:?}", ended.code, ended.stdout, ended.stderr)
    };
    let nights = [night(), night()].join("\n\n");
    insta::assert_snapshot!("two_nights", nights);
}

#[test]
fn what_is_asked_of_github_is_what_its_own_description_allows() {
    let stage = stage(&[("octocat/Hello-World", "refund-agent")]);
    let prism = Prism::start();
    let key = {
        key(stage.lair(), "pkcs1");
        fs::read_to_string(stage.beside("app.pem")).expect("a key")
    };
    let refused: Arc<Mutex<Vec<String>>> = Arc::default();
    let said = Arc::clone(&refused);
    let url = prism.url();
    let forge = Forge::start(&stage.beside("served"), None, move |call| {
        if call.path == "/api/v3/orgs/ada/repos" {
            return Some(refusal(404, &[]));
        }
        let mut reply = prism::forwarded(&url, call);
        if reply.status >= 400 {
            said.lock().expect("no test panics here").push(format!(
                "{} {}: {}",
                call.method,
                call.target(),
                reply.body
            ));
        }
        // Its examples are small, and its lists without an end.
        reply.body = reply.body.replace("\"size\":108", "\"size\":0");
        let is_first = call.path.ends_with("/repos") && !call.query.contains("page=2");
        let next = format!(r#"link: <https://api.github.com/x?{}&page=2>; rel="next""#, call.query);
        Some(if is_first { reply.with(&next) } else { reply })
    });
    let base = ["--github-base-url", &forge.url, "--format", "json", "--repos-forks", "--repos-archived"];
    let scan = |target: &str, more: &[&str], environment: &[(&str, &str)]| {
        let ended = run_with(&stage, &forge.url, &[&["scan", target], &base[..], more].concat(), environment);
        told(&ended)
    };
    let token = [("MUSTER_GITHUB_TOKEN", TOKEN)];
    let all = [
        scan("github:octocat", &[], &token),
        scan("github:octocat/Hello-World", &[], &token),
        scan("github:ada", &[], &token),
        scan("github:octocat", &["--github-app-id", "7"], &[("MUSTER_GITHUB_APP_KEY", &key)]),
    ];
    insta::assert_snapshot!("described", all.join("\n"));
    insta::assert_snapshot!("described_calls", forge.calls().join("\n"));
    assert_eq!(*refused.lock().expect("no test panics here"), Vec::<String>::new());
    // The description does refuse what is wrong.
    let wrong = Call {
        method: "GET".to_owned(),
        path: "/api/v3/orgs/octocat/repos".to_owned(),
        query: "type=everything&per_page=many".to_owned(),
        headers: std::collections::BTreeMap::new(),
        before: 0,
    };
    assert_eq!(prism::forwarded(&prism.url(), &wrong).status, 422);
}
