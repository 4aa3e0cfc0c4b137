//! Listings from servers that answer as scripts say: pages, limits, refusals, connections that are cut, and hostile names.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use muster_collect::{Credentials as _, Environment, NoProgress, Options, Stop, Target};
use muster_tests::http::{Reply, Request, free_port, listen};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::client::Patience;
use crate::forges::{Answer, Forges};
use crate::listing::is_path;

/// No test may meet it again but in a header.
const TOKEN: &str = "ghp_canary7f3a";
/// In seconds since 1970.
const NOW: i64 = 1_800_000_000;

const SHORT: Patience = Patience {
    first: Duration::from_millis(5),
    most: Duration::from_secs(2),
    all: Duration::from_secs(3),
    again: 3,
    one: Duration::from_secs(2),
};

/// Asks what a target stands for of a server that answers like this.
fn listed(
    given: &str,
    token: bool,
    script: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static,
) -> Told {
    let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
    let all = Arc::clone(&asked);
    let url = listen(move |request| {
        let before = {
            let mut all = all.lock().unwrap();
            let is_same = |other: &&Request| other.path == request.path && other.query == request.query;
            let before = all.iter().filter(is_same).count();
            all.push(request.clone());
            before
        };
        script(request, before)
    });
    let answer = ask(given, token, &url, &Stop::new());
    let asked = asked.lock().unwrap().clone();
    Told { answer, asked }
}

fn ask(given: &str, token: bool, url: &str, stop: &Stop) -> Answer {
    let forges = forges(given, token, url);
    let target = Target::parse(given).unwrap();
    block_on(forges.list(&target, stop, &NoProgress))
}

fn forges(given: &str, token: bool, url: &str) -> Forges {
    let mut options = Options::default();
    options.set("github-base-url", vec![url.to_owned()]);
    options.set("gitlab-base-url", vec![url.to_owned()]);
    let mut environment = Environment::default();
    if token {
        environment.set("MUSTER_GITHUB_TOKEN", TOKEN);
        environment.set("MUSTER_GITLAB_TOKEN", TOKEN);
    }
    let target = Target::parse(given).unwrap();
    let mut forges = Forges::try_new(&[&target], &options, &environment, || NOW).unwrap();
    forges.patience = SHORT;
    forges
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// What came of a listing, and what was asked for it.
struct Told {
    answer: Answer,
    asked: Vec<Request>,
}

impl Told {
    /// All of it, as a person would want to see it.
    fn shown(&self) -> String {
        let mut lines: Vec<String> = self
            .asked
            .iter()
            .map(|request| {
                let known = if request.headers.contains_key("authorization") { " +token" } else { "" };
                format!("{} {}?{}{known}", request.method, request.path, request.query)
            })
            .collect();
        let listing = &self.answer.listing;
        for one in &listing.repositories {
            lines.push(format!(
                "{} archived={} fork={} {:?}",
                one.path, one.is_archived, one.is_fork, one.state
            ));
        }
        for gap in &listing.gaps {
            lines.push(format!(
                "gap: {} {}: {}",
                gap.why.name(),
                gap.what,
                gap.detail.clone().unwrap_or_default()
            ));
        }
        for note in &listing.notes {
            lines.push(format!("note: {note}"));
        }
        if let Some(unlisted) = &listing.unlisted {
            lines.push(format!("unlisted: {}: {}", unlisted.reason.name(), unlisted.why));
        }
        let shown = lines.join("\n");
        assert!(!shown.contains("canary"), "{shown}");
        shown
    }
}

fn repository(name: &str) -> Value {
    json!({"full_name": name, "archived": false, "fork": false, "disabled": false, "size": 7})
}

fn page(items: &[Value]) -> Reply {
    Reply::ok(Value::from(items.to_vec()).to_string())
}

fn refusal(status: u16, headers: &[&str], said: &str) -> Reply {
    let headers = headers.iter().map(|header| (*header).to_owned()).collect();
    // What a server says may repeat anything.
    let body = json!({"message": format!("{said} {TOKEN}")}).to_string();
    Reply { status, headers, ..Reply::ok(body) }
}

#[test]
fn pages_are_followed_on_the_same_server_alone() {
    let elsewhere: Arc<Mutex<usize>> = Arc::default();
    let count = Arc::clone(&elsewhere);
    let other = listen(move |_| {
        *count.lock().unwrap() += 1;
        None
    });
    let told = listed("github:acme", true, move |request, _| {
        assert_eq!(request.headers["accept"], "application/vnd.github+json");
        assert_eq!(request.headers["x-github-api-version"], "2022-11-28");
        Some(match request.query.as_str() {
            "type=all&per_page=100" => Reply {
                headers: vec![format!(r#"link: <{other}/organizations/1/repos?page=2>; rel="next""#)],
                ..page(&[repository("acme/shop"), repository("acme/a")])
            },
            "page=2" => page(&[repository("acme/shop"), repository("Acme/mail"), repository("evil/mail")]),
            _ => return None,
        })
    });
    assert_eq!(*elsewhere.lock().unwrap(), 0);
    insta::assert_snapshot!(told.shown());
}

#[test]
fn what_is_archived_forked_empty_or_disabled_is_told() {
    let told = listed("github:acme", true, |request, _| {
        Some(match request.path.as_str() {
            "/api/v3/orgs/acme/repos" => page(&[
                json!({"full_name": "acme/old", "archived": true}),
                json!({"full_name": "acme/copy", "fork": true, "size": 3}),
                json!({"full_name": "acme/off", "disabled": true, "size": 0}),
                json!({"full_name": "acme/new", "size": 0}),
                json!({"full_name": "acme/small", "size": 0}),
            ]),
            "/api/v3/repos/acme/new/branches" => page(&[]),
            "/api/v3/repos/acme/small/branches" => page(&[json!({"name": "main"})]),
            _ => return None,
        })
    });
    insta::assert_snapshot!(told.shown());
}

#[test]
fn hostile_names_and_broken_entries_are_gaps() {
    let told = listed("github:acme", true, |_, _| {
        let names =
            ["acme/..", "acme/a/b", "acme", "", "acme/\u{1b}[31mred", "../acme", "acme/a?b", "acme/ok"];
        let mut items: Vec<Value> = names.iter().map(|name| repository(name)).collect();
        items.extend([json!(7), json!({"full_name": 7}), json!({"name": "x"})]);
        Some(page(&items))
    });
    insta::assert_snapshot!(told.shown());
}

#[test]
fn limits_are_waited_for_and_failures_are_tried_again() {
    let began = Instant::now();
    let told = listed("github:acme", true, |request, before| {
        let next = |reply: Reply, page: usize| {
            let link = format!(r#"link: <http://127.0.0.1/x?page={page}>; rel="next""#);
            Reply { headers: vec![link], ..reply }
        };
        Some(match (request.query.as_str(), before) {
            ("type=all&per_page=100", 0) => {
                refusal(403, &["retry-after: 1"], "You have exceeded a secondary rate limit.")
            }
            ("type=all&per_page=100", _) => next(page(&[repository("acme/a")]), 2),
            ("page=2", 0) => refusal(429, &["x-ratelimit-remaining: 0", "x-ratelimit-reset: 1800000000"], ""),
            ("page=2", _) => next(page(&[repository("acme/b")]), 3),
            ("page=3", 0) => refusal(502, &[], ""),
            ("page=3", 1) => Reply { cut: Some(9), ..page(&[repository("acme/c")]) },
            ("page=3", 2) => return None,
            ("page=3", _) => page(&[repository("acme/c")]),
            _ => unreachable!("{request:?}"),
        })
    });
    assert!(began.elapsed() >= Duration::from_secs(2), "it did not wait");
    insta::assert_snapshot!(told.shown());
}

#[test]
fn what_does_not_end_well_keeps_what_was_listed() {
    let broken = |reply: fn() -> Option<Reply>| {
        let told = listed("github:acme", true, move |request, _| match request.query.as_str() {
            "type=all&per_page=100" => Some(Reply {
                headers: vec![r#"link: <http://127.0.0.1/x?page=2>; rel="next""#.to_owned()],
                ..page(&[repository("acme/a")])
            }),
            _ => reply(),
        });
        let listing = &told.answer.listing;
        assert_eq!(listing.repositories.len(), 1, "{listing:?}");
        told.shown().lines().last().unwrap().to_owned()
    };
    let all = [
        broken(|| Some(refusal(500, &[], ""))),
        broken(|| Some(refusal(403, &["retry-after: 86400"], ""))),
        broken(|| {
            Some(refusal(
                403,
                &[
                    "x-ratelimit-remaining: 0",
                    "x-ratelimit-reset: 1800003600",
                    "date: Fri, 15 Jan 2027 08:00:00 GMT",
                ],
                "",
            ))
        }),
        broken(|| Some(refusal(429, &["retry-after: 2"], ""))),
        broken(|| Some(refusal(403, &[], "Resource not accessible by personal access token"))),
        broken(|| Some(refusal(401, &[], "Bad credentials"))),
        broken(|| Some(Reply::ok("<html>"))),
        broken(|| Some(Reply::ok("{}"))),
        broken(|| None),
        broken(|| {
            Some(Reply {
                headers: vec![r#"link: <http://127.0.0.1/x?page=2>; rel="next""#.to_owned()],
                ..page(&[])
            })
        }),
        broken(|| {
            Some(Reply {
                status: 302,
                headers: vec!["location: http://127.0.0.2:1/".to_owned()],
                ..Reply::ok("")
            })
        }),
        broken(|| Some(Reply::ok("[".repeat(9 << 20)))),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_user_is_listed_as_far_as_the_token_goes() {
    let script = |login: &'static str| {
        move |request: &Request, _: usize| {
            Some(match request.path.as_str() {
                "/api/v3/orgs/ada/repos" => refusal(404, &[], "Not Found"),
                "/api/v3/user" => Reply::ok(json!({"login": login}).to_string()),
                "/api/v3/user/repos" => page(&[repository("ada/private")]),
                "/api/v3/users/ada/repos" => page(&[repository("ada/public")]),
                _ => return None,
            })
        }
    };
    let shown = [
        listed("github:ada", true, script("Ada")).shown(),
        listed("github:ada", true, script("bob")).shown(),
        listed("github:ada", false, script("bob")).shown(),
        listed("github:nobody", false, |_, _| Some(refusal(404, &[], ""))).shown(),
        listed("github:nobody", true, |request, _| match request.path.as_str() {
            "/api/v3/user" => Some(refusal(403, &[], "")),
            _ => Some(refusal(404, &[], "")),
        })
        .shown(),
    ];
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn one_repository_is_found_under_its_new_name() {
    let told = listed("github:acme/shop", true, |request, _| {
        Some(match request.path.as_str() {
            "/api/v3/repos/acme/shop" => Reply {
                status: 301,
                headers: vec!["location: /api/v3/repositories/7".to_owned()],
                ..Reply::ok("{}")
            },
            "/api/v3/repositories/7" => Reply::ok(repository("acme-inc/store").to_string()),
            _ => return None,
        })
    });
    assert!(told.answer.is_one);
    let gone = listed("github:acme/gone", true, |_, _| Some(refusal(404, &[], "")));
    insta::assert_snapshot!([told.shown(), gone.shown()].join("\n\n"));
}

#[test]
fn groups_projects_and_users_of_gitlab_are_told_apart() {
    let project = |path: &str| json!({"path_with_namespace": path, "archived": false, "empty_repo": false});
    let script = move |request: &Request, _: usize| {
        assert_eq!(request.headers["accept"], "application/json");
        Some(match (request.path.as_str(), request.query.contains("id_after")) {
            ("/api/v4/groups/acme%2Ftools/projects", false) => Reply {
                headers: vec![r#"link: <http://gitlab.internal/api/v4/groups/9/projects?id_after=4>; rel="next", <http://x/?page=1>; rel="first""#.to_owned()],
                ..page(&[
                    project("acme/tools/bot"),
                    json!({"path_with_namespace": "acme/tools/deep/er/fork", "forked_from_project": {"id": 1}}),
                    json!({"path_with_namespace": "acme/tools/old", "archived": true}),
                    json!({"path_with_namespace": "acme/tools/new", "empty_repo": true}),
                ])
            },
            ("/api/v4/groups/acme%2Ftools/projects", true) => page(&[
                json!({"path_with_namespace": "acme/tools/off", "repository_access_level": "disabled"}),
                json!({"path_with_namespace": "acme/tools/leaving", "marked_for_deletion_on": "2027-01-20", "empty_repo": true}),
                json!({"path_with_namespace": "acme/tools/../../etc"}),
            ]),
            ("/api/v4/projects/acme%2Fshop", _) => Reply::ok(project("acme/shop").to_string()),
            ("/api/v4/users/ada/projects", _) => page(&[project("ada/notes")]),
            _ => refusal(404, &[], "404 Not Found"),
        })
    };
    let shown = [
        listed("gitlab:acme/tools", true, script).shown(),
        listed("gitlab:acme/shop", true, script).shown(),
        listed("gitlab:ada", false, script).shown(),
        listed("gitlab:acme/none", true, script).shown(),
        listed("gitlab:none", false, script).shown(),
        listed("gitlab:acme", true, |_, _| Some(refusal(401, &[], "401 Unauthorized"))).shown(),
        listed("gitlab:acme", true, |_, _| Some(refusal(403, &[], "insufficient_scope"))).shown(),
    ];
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn a_wait_ends_when_somebody_asks_to_stop() {
    let stop = Stop::new();
    let asks = stop.clone();
    let url = listen(move |_| {
        asks.ask();
        Some(refusal(429, &["retry-after: 2"], ""))
    });
    let began = Instant::now();
    let answer = ask("github:acme", true, &url, &stop);
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    let why = answer.listing.unlisted.unwrap().why;
    assert_eq!(why, "it was asked to stop before all were listed");
}

#[test]
fn nobody_listens() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let why = ask("gitlab:acme", true, &url, &Stop::new()).listing.unlisted.unwrap().why;
    assert_eq!(why, "there is no connection to it");
}

#[test]
fn tokens_go_to_the_forge_that_they_are_for() {
    let forges = forges("github:acme", true, "https://git.example.org:8443");
    assert_eq!(forges.token("git.example.org:8443", "acme/shop"), Ok(Some(TOKEN.to_owned())));
    for host in ["git.example.org", "evil.example.org:8443", "git.example.org:8443.evil.org"] {
        assert_eq!(forges.token(host, "acme/shop"), Ok(None), "{host}");
    }
    assert!(!format!("{forges:?}").contains("canary"));
    let gitlab = self::forges("gitlab:acme", true, "https://example.org/code/");
    assert_eq!(gitlab.token("example.org", "code/acme/shop.git"), Ok(Some(TOKEN.to_owned())));
    assert_eq!(gitlab.token("example.org", "codex/acme/shop.git"), Ok(None));
    assert_eq!(
        gitlab.repository(muster_collect::Source::Gitlab, "acme/shop").unwrap(),
        "git+https://example.org/code/acme/shop.git"
    );
}

#[test]
fn options_that_cannot_be_used_say_what_helps() {
    let folder = std::env::temp_dir().join(format!("muster-forges-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (spaced, fine, key) = (
        file("spaced", "two canary words"),
        file("fine", "canary\n"),
        file("key", "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----"),
    );
    let mistake = |given: &str, options: &[(&str, &str)]| {
        let mut all = Options::default();
        for (name, value) in options {
            all.set(*name, vec![(*value).to_owned()]);
        }
        let target = Target::parse(given).unwrap();
        let made = Forges::try_new(&[&target], &all, &Environment::default(), || NOW);
        let told =
            made.err().map_or_else(|| "fine".to_owned(), |wrong| format!("{}; {}", wrong.what, wrong.help));
        assert!(!told.contains("canary"), "{told}");
        told.replace(&folder.display().to_string(), "FOLDER")
    };
    let all = [
        mistake("github:", &[]),
        mistake("github:acme/a/b", &[]),
        mistake("github:-x", &[]),
        mistake("gitlab:a//b", &[]),
        mistake("gitlab:../a", &[]),
        mistake("github:acme", &[("github-token-file", "/nowhere/at/all")]),
        mistake("github:acme", &[("github-token-file", &spaced)]),
        mistake("github:acme", &[("github-token-file", &fine)]),
        mistake(
            "github:acme",
            &[("github-token-file", &fine), ("github-base-url", "http://git.example.org")],
        ),
        mistake("github:acme", &[("github-base-url", "http://git.example.org")]),
        mistake("github:acme", &[("github-token-file", &fine), ("github-app-id", "7")]),
        mistake("github:acme", &[("github-app-id", "7")]),
        mistake("github:acme", &[("github-app-id", "7"), ("github-app-key-file", &key)]),
        mistake("github:acme", &[("github-app-key-file", &key)]),
        mistake("gitlab:acme", &[("gitlab-base-url", "git.example.org")]),
    ];
    std::fs::remove_dir_all(&folder).unwrap();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn every_forge_has_its_own_addresses() {
    let of = |url: &str| {
        let mut options = Options::default();
        options.set("github-base-url", vec![url.to_owned()]);
        let forge = crate::settings::Forge::github(&options, &Environment::default()).unwrap();
        format!("{} {} {}", forge.base, forge.host, forge.api)
    };
    let all = [
        of("https://github.com"),
        of("https://api.github.com/"),
        of("https://acme.ghe.com"),
        of("https://api.acme.ghe.com"),
        of("https://GIT.example.org:8443/"),
        of("https://git.example.org/api/v3"),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

proptest! {
    #[test]
    fn a_path_that_is_taken_leads_nowhere_else(text in "[a-z./\\-_ \u{0}@:%?#]{0,12}|\\PC{0,20}") {
        if is_path(&text) {
            let address = reqwest::Url::parse(&format!("https://host/{text}")).unwrap();
            prop_assert_eq!(address.host_str(), Some("host"));
            prop_assert_eq!(address.path(), format!("/{text}"));
        }
    }
}
