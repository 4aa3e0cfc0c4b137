//! What is told to whom, in which form, and what is never told.

mod mail;
mod payloads;
mod sending;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use asmm_model::{
    Effect, Gap, GapReason, Gate, Identity, IdentityKind, Inventory, Presence, Privilege, Tool, Verdict,
};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::send::SendError;
use super::wanted::Wanted;
use super::words::{headline, inert};
use super::*;
use crate::history::{self, Difference, LessSeen, difference};
use crate::sample;
use crate::secret::SecretRef;

const AT: &str = "2026-01-02T03:04:05.678Z";

/// What only the test knows of the environment.
const CANARY: &str = "canary-5ecret-canary";

fn environment(name: &str) -> Option<String> {
    match name {
        "CANARY" => Some(CANARY.to_owned()),
        "EMPTY" => Some(" \n".to_owned()),
        "LINES" => Some("a\r\nb".to_owned()),
        _ => None,
    }
}

fn channel(written: Value) -> Result<Channel, String> {
    serde_json::from_value(written).map_err(|error| error.to_string())
}

fn webhook(batch: usize) -> Channel {
    channel(json!({
        "kind": "webhook", "name": "hook", "url": "https://receiver.example/${CANARY}", "secret": "${CANARY}",
        "batch": batch, "on": every(),
    }))
    .unwrap()
}

fn slack(batch: usize) -> Channel {
    channel(json!({"kind": "slack", "name": "chat", "url": "https://x.example/${CANARY}", "batch": batch}))
        .unwrap()
}

fn every() -> Vec<&'static str> {
    let all = [
        Wanted::NewAgentic,
        Wanted::VerdictRaised,
        Wanted::LevelRaised,
        Wanted::GateLost,
        Wanted::ToolGained,
        Wanted::PrivilegeRaised,
        Wanted::NewUndetermined,
        Wanted::Returned,
        Wanted::Missing,
        Wanted::CoverageLost,
        Wanted::RunFailed,
    ];
    all.map(Wanted::name).to_vec()
}

fn inventory(samples: Vec<sample::Sample>) -> Inventory {
    let mut inventory =
        sample::inventory(samples.into_iter().flat_map(sample::Sample::observations).collect());
    inventory.coverage[0].skipped.clear();
    inventory
}

/// A desk that was harmless and is not, refunds that are new, and summaries that are gone.
fn changed() -> Difference {
    let mut before = inventory(vec![sample::desk("."), sample::summaries(".")]);
    let mut after = inventory(vec![sample::desk("."), sample::refunds(".")]);
    let of =
        |inventory: &Inventory| inventory.systems.iter().position(|system| system.name == "desk").unwrap();
    let (old, new) = (of(&before), of(&after));
    let (old, new) = (&mut before.systems[old], &mut after.systems[new]);
    let tool = |name: &str, effect, gate| Tool { name: name.to_owned(), effect, gate, evidence: Vec::new() };
    old.tools = vec![
        tool("close", Effect::Write, Gate::Each),
        tool("find", Effect::Read, Gate::Each),
        tool("open", Effect::Send, Gate::Unknown),
        tool("note", Effect::Read, Gate::None),
    ];
    new.tools = vec![
        tool("close", Effect::Write, Gate::None),
        tool("find", Effect::Read, Gate::None),
        tool("open", Effect::Send, Gate::None),
        tool("note", Effect::Write, Gate::None),
        tool("run", Effect::Execute, Gate::None),
        tool("look", Effect::Read, Gate::None),
    ];
    let identity = |name: &str, privilege| Identity {
        privilege: Some(privilege),
        ..Identity::named(IdentityKind::ServiceAccount, name, Vec::new())
    };
    old.identities = vec![identity("n/bot", Privilege::Read)];
    new.identities = vec![identity("n/bot", Privilege::Admin), identity("n/reader", Privilege::Read)];
    let level = |number: u8| serde_json::from_value(json!(number)).unwrap();
    (old.level, new.level) = ([level(0), level(2)], [level(0), level(5)]);
    new.verdict = Verdict::Agentic;
    after.coverage[0].skipped.push(Gap::new("services/payments/keys.py", GapReason::Denied));
    let mut found = difference(&before, &after);
    // A gap hides whether the summaries are gone: here they are.
    for entry in &mut found.systems {
        if entry.presence == Presence::Unseen {
            entry.presence = Presence::Missing;
        }
    }
    found
}

fn told() -> Vec<Notice> {
    notices("run-2", AT, &changed())
}

/// Names that do their worst.
const HOSTILE: [&str; 9] = [
    "<!channel> <@U123> <https://evil.example|click>",
    "[x](http://evil.example) [y](mailto:a@b.c) **bold** `code`",
    "<at>Everybody</at> @here @channel",
    "<script>alert(1)</script><img src=x onerror=1>",
    "a\r\nBcc: everybody@evil.example\r\n\r\nbody",
    "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}gnp.exe",
    "www.evil.example HTTPS://evil.example JavaScript:alert(1)",
    "{{DATE(2026-01-01T00:00:00Z)}} ${expression} &amp; &lt;",
    "=cmd|'/c calc'!A1",
];

/// The same event for systems, tools and targets of hostile names.
fn hostile() -> Vec<Notice> {
    let mut found = changed();
    let entry = found.systems.iter().find(|entry| !entry.changes.is_empty()).unwrap().clone();
    found.systems = HOSTILE
        .iter()
        .map(|name| {
            let mut entry = entry.clone();
            (entry.id, entry.name, entry.root, entry.target) =
                (format!("sys-{name}"), (*name).to_owned(), (*name).to_owned(), (*name).to_owned());
            entry.changes.retain(|change| change.what == "tool close");
            entry.changes[0].what = format!("tool {name}");
            entry
        })
        .collect();
    found.less_seen = vec![LessSeen { target: HOSTILE[0].to_owned(), gaps: vec![HOSTILE[1].to_owned()] }];
    notices("run-2", AT, &found)
}

fn delivery(notices: &[Notice]) -> Delivery {
    let channel = channel(json!({
        "kind": "slack", "name": "chat", "url": "${CANARY}", "on": every(),
    }))
    .unwrap();
    plan(&[channel], notices, &|_, _| false).remove(0)
}

/// The folder with the server of mail and the reader of cards, installed where that was not done yet.
static VENV: LazyLock<PathBuf> = LazyLock::new(|| {
    let installed = Command::new(beside("venv")).output().expect("the script can be run");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    PathBuf::from(String::from_utf8_lossy(&installed.stdout).trim())
});

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/notices").join(name)
}

#[test]
fn what_happened_is_told_by_kind() {
    let found = told();
    let shown: Vec<String> = found
        .iter()
        .map(|notice| {
            format!("{}: {}\n  {}", notice.wanted.name(), notice.says, words::lines(notice).join("\n  "))
        })
        .collect();
    assert_snapshot!("told", shown.join("\n"));
    assert_eq!(headline(&found[..1]), "Muster: new agentic system");
}

#[test]
fn the_same_event_has_the_same_key_and_another_has_another() {
    let (one, two) = (told(), told());
    assert_eq!(one, two);
    let keys: BTreeSet<_> = one.iter().map(|notice| &notice.key).collect();
    assert_eq!(keys.len(), one.len());
    let later = notices("run-3", AT, &changed());
    assert!(later.iter().all(|notice| !keys.contains(&notice.key)));
    // What is cut to the same text stays two events.
    let mut found = changed();
    let long =
        |end: &str| LessSeen { target: format!("{}{end}", "a".repeat(5000)), gaps: vec!["b".to_owned()] };
    found.systems.clear();
    found.less_seen = vec![long("1"), long("2")];
    let both = notices("run-2", AT, &found);
    assert_eq!(both[0].target, both[1].target);
    assert_ne!(both[0].key, both[1].key);
}

#[test]
fn a_system_that_was_known_returns_and_a_scan_may_fail() {
    let mut difference = changed();
    for entry in difference.systems.iter_mut().filter(|entry| entry.presence == Presence::New) {
        entry.presence = Presence::Returned;
    }
    let found = notices("run-2", AT, &difference);
    let kinds: Vec<_> = found.iter().map(|notice| notice.wanted).collect();
    assert!(kinds.contains(&Wanted::Returned) && !kinds.contains(&Wanted::NewAgentic), "{kinds:?}");
    let failed = run_failed("run-2", AT, "k8s:prod\u{1b}");
    assert_eq!(failed.says, "The scan of k8s:prod\\u{1b} failed.");
    assert_eq!((failed.wanted, failed.system), (Wanted::RunFailed, None));
}

#[test]
fn a_change_of_rules_is_told_where_it_may_be_the_reason() {
    let mut found = changed();
    found.same_rules = false;
    for notice in notices("run-2", AT, &found) {
        assert_eq!(notice.says.contains("rules"), notice.wanted != Wanted::CoverageLost, "{}", notice.says);
    }
}

#[test]
fn messages_are_planned_by_run_and_size_and_never_for_what_was_told() {
    let mut all = told();
    all.extend(notices("run-3", "2026-01-03T03:04:05.678Z", &changed()));
    let per_run = told().len();
    let (hook, chat) = (webhook(4), slack(2));
    let sizes = |planned: &[Delivery]| -> Vec<(String, usize)> {
        planned.iter().map(|one| (one.channel.clone(), one.notices.len())).collect()
    };
    let wanted = told().iter().filter(|notice| chat.on.contains(&notice.wanted)).count();
    assert!(wanted < per_run);
    let planned = plan(&[hook.clone(), chat.clone()], &all, &|_, _| false);
    let of = |channel: &str, sizes: &[usize]| -> Vec<(String, usize)> {
        sizes.iter().map(|size| (channel.to_owned(), *size)).collect()
    };
    assert_eq!(per_run, 8);
    assert_eq!(sizes(&planned), [of("hook", &[4, 4, 4, 4]), of("chat", &[wanted, wanted])].concat());
    // Whatever the order, and whatever is there twice, the messages and their ids are the same.
    let mut twice = [all.clone(), all.clone()].concat();
    twice.reverse();
    assert_eq!(plan(&[hook.clone(), chat.clone()], &twice, &|_, _| false), planned);
    let ids: BTreeSet<_> = planned.iter().map(|one| &one.id).collect();
    assert_eq!(ids.len(), planned.len());
    // The first message arrived; what is left is put together as it was.
    let sent: BTreeSet<_> = planned[0].notices.iter().map(|notice| notice.key.clone()).collect();
    let left = plan(&[hook, chat], &all, &|key, channel| channel == "hook" && sent.contains(key));
    assert_eq!(left, planned[1..]);
}

#[test]
fn channels_are_read_and_mistakes_in_them_are_named() {
    let mut shown = String::new();
    let secrets = json!({"kind": "webhook", "name": "a", "url": "${CANARY}", "secret": "${CANARY}"});
    let with = |changes: Value| {
        let mut written = secrets.clone();
        written.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        written
    };
    for written in [
        with(json!({"colour": "red"})),
        with(json!({"on": ["everything"]})),
        with(json!({"kind": "pigeon"})),
        with(json!({"secret": format!("{CANARY}-literal")})),
        with(json!({"url": format!("https://{CANARY}.example/${{A B}}")})),
        with(json!({"url": format!("https://{CANARY}.example/${{A")})),
        with(json!({"secret": 8_675_309})),
        with(json!({"secret": {"value": CANARY}})),
        with(json!({"url": "${NOT_SET}"})),
        with(json!({"url": "${EMPTY}"})),
        with(json!({"url": "https://x.example/${LINES}"})),
        with(json!({"url": "ftp://${CANARY}"})),
        with(json!({"url": "http://x.example/${CANARY}"})),
        with(json!({"url": "not an address ${CANARY}"})),
        with(json!({"on": []})),
        with(json!({"batch": 0})),
        with(json!({"batch": 101})),
        with(json!({"name": ""})),
        with(json!({"link": "javascript:alert(1)"})),
        json!({"kind": "email", "name": "m", "smtp": "smtp://mail.example", "from": "a@b.c", "to": ["a@b.c"]}),
        json!({"kind": "email", "name": "m", "smtp": "smtps://u:p@mail.example", "from": "a@b.c", "to": ["a@b.c"]}),
        json!({"kind": "email", "name": "m", "smtp": "smtps://mail.example", "from": "a b", "to": ["a@b.c"]}),
        json!({"kind": "email", "name": "m", "smtp": "smtps://mail.example", "from": "a@b.c", "to": []}),
        json!({"kind": "email", "name": "m", "smtp": "smtps://mail.example", "from": "a@b.c",
               "to": ["a@b.c\r\nBcc: x@y.z"]}),
        json!({"kind": "email", "name": "m", "smtp": "smtps://mail.example", "from": "a@b.c", "to": ["a@b.c"],
               "user": "u"}),
        json!({"kind": "email", "name": "m", "smtp": "smtps://mail.example", "from": "a@b.c", "to": ["a@b.c"],
               "ca": "/nowhere"}),
    ] {
        let mistake = channel(written.clone())
            .and_then(|channel| Sender::try_new(&channel, Patience::default(), &environment).map(|_| ()))
            .expect_err("it is a mistake");
        assert!(!mistake.contains(CANARY) && !mistake.contains("8675309"), "{mistake}");
        shown.push_str(&mistake);
        shown.push('\n');
    }
    assert_snapshot!("mistakes", shown);
    let channel = channel(secrets).unwrap();
    assert_eq!(channel.batch, 20);
    assert_eq!(channel.on, Wanted::by_default());
}

#[test]
fn the_schema_of_channels_takes_those_of_the_page_and_no_others() {
    let page = include_str!("../../docs/notifications.md");
    let (_, shown) = page.split_once("```toml notify/muster.toml\n").unwrap();
    let shown: Value = toml::from_str(shown.split("```").next().unwrap()).unwrap();
    let channels = shown["notify"].as_array().unwrap().clone();
    let schema: Value = serde_json::from_str(&crate::config::schema_text()).unwrap();
    let schema = schema["properties"]["notify"]["items"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let kinds: Vec<_> = channels.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["webhook", "slack", "teams", "email"]);
    for written in channels {
        let faults: Vec<String> = validator.iter_errors(&written).map(|error| error.to_string()).collect();
        assert_eq!(faults, [""; 0]);
        channel(written.clone()).unwrap();
        let mut more = written.clone();
        more["colour"] = json!("red");
        assert!(!validator.is_valid(&more), "{more}");
        more = written;
        more["name"] = json!(3);
        assert!(!validator.is_valid(&more), "{more}");
    }
    // Every kind of the page is one, and every one is on the page.
    let rows: BTreeMap<&str, bool> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, rest)| (name, rest.starts_with(" *")))
        .collect();
    assert_eq!(rows.keys().copied().collect::<BTreeSet<_>>(), every().into_iter().collect());
    let starred: BTreeSet<_> = rows.iter().filter(|(_, star)| **star).map(|(name, _)| *name).collect();
    assert_eq!(starred, Wanted::by_default().into_iter().map(Wanted::name).collect());
}

#[test]
fn secrets_are_not_shown() {
    let secret = SecretRef::parse(&format!("https://{CANARY}.example/${{CANARY}}")).unwrap();
    let expanded = secret.expand(&environment).unwrap();
    let sender = Sender::try_new(&webhook(3), Patience::default(), &environment).unwrap();
    let shown = format!("{secret:?} {expanded:?} {} {sender:?} {:?}", json!(secret), webhook(3));
    assert!(!shown.contains(CANARY), "{shown}");
    assert_eq!(expanded.expose(), format!("https://{CANARY}.example/{CANARY}"));
}

#[test]
fn neither_places_below_a_root_nor_evidence_are_told() {
    let shown = serde_json::to_string(&told()).unwrap();
    assert!(!shown.contains(".py") && !shown.contains("keys"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_link_a_mention_or_a_line(text in any::<String>(), at in 0..HOSTILE.len()) {
        let text = format!("{}{text}", HOSTILE[at]);
        let shown = inert(&notice::clean(&text, 120)).to_ascii_lowercase();
        for sign in ["@", "://", "](", "www.", "mailto:", "javascript:", "\n", "\r", "\u{1b}", "\u{202e}"] {
            prop_assert!(!shown.contains(sign), "{shown:?}");
        }
    }
}

#[test]
fn what_changed_marks_what_somebody_may_want_to_hear() {
    let found = changed();
    let desk = found.systems.iter().find(|entry| entry.name == "desk").unwrap();
    let shown: Vec<String> = desk
        .changes
        .iter()
        .map(|history::Change { weight, what, before, after, signals }| {
            format!("{what}: {before} → {after} {weight:?} {}", json!(signals))
        })
        .collect();
    assert_snapshot!("signals", shown.join("\n"));
}
