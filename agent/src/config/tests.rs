//! Configurations that hold together, and everything that is said about those that do not.

use std::fmt::Write as _;
use std::path::Path;

use insta::{assert_debug_snapshot, assert_snapshot};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// The schema as it is committed, for editors.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/muster.schema.json");

fn variables(name: &str) -> Option<String> {
    match name {
        "DB_PASSWORD" => Some("hunter2".to_owned()),
        "HOOK" => Some("hunter2-hunter2-hunter2".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(text, Path::new("/etc/muster/muster.toml"), &variables)
}

fn told(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        let _ = writeln!(text, "{problem}\n  {}", problem.help);
        text
    })
}

/// The template with all its examples in use.
fn in_use(template: &str) -> String {
    let used = template.lines().filter(|line| !line.starts_with("#:")).map(|line| {
        line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).unwrap_or(line)
    });
    used.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn a_whole_configuration_is_read() {
    let text = in_use(TEMPLATE).replace("MUSTER_DB_PASSWORD", "DB_PASSWORD");
    let text = ["MUSTER_HOOK_SECRET", "MUSTER_HOOK_PATH", "MUSTER_MAIL_PASSWORD"]
        .iter()
        .fold(text, |text, name| text.replace(name, "HOOK"))
        .replace("${MUSTER_SLACK_URL}", "https://hooks.example/${HOOK}")
        .replace("${MUSTER_TEAMS_URL}", "https://flow.example/${HOOK}")
        .replace("ca = \"mail.pem\"\n", "");
    let config = parse(&text).map_err(|problems| told(&problems)).unwrap();
    assert_debug_snapshot!(config);
    let Some(Store::Url(url)) = &config.store else { panic!("it is a URL") };
    assert_eq!(url.expose(), "postgres://muster:hunter2@db.example.org/muster");
}

#[test]
fn the_template_is_a_configuration_and_shows_every_key() {
    let config = parse(TEMPLATE).map_err(|problems| told(&problems)).unwrap();
    assert_eq!(config.sources.len(), 1);
    let used: toml::Table = in_use(TEMPLATE).parse().unwrap();
    let schema = schema();
    let mut missing = Vec::new();
    for (key, of) in schema["properties"].as_object().unwrap() {
        let kinds = of["items"]["oneOf"].as_array().into_iter().flatten();
        let inner = [&of["properties"], &of["items"]["properties"]].into_iter();
        let inner = inner.chain(kinds.map(|kind| &kind["properties"])).filter_map(Value::as_object);
        let here: Vec<&toml::Table> = match used.get(key) {
            Some(toml::Value::Table(table)) => vec![table],
            Some(toml::Value::Array(tables)) => tables.iter().filter_map(toml::Value::as_table).collect(),
            Some(_) => continue,
            None => Vec::new(),
        };
        let absent = inner.flatten().map(|(key, _)| key);
        let absent = absent.filter(|key| !here.iter().any(|table| table.contains_key(*key)));
        missing.extend(absent.map(|inner| format!("{key}.{inner}")));
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn an_empty_file_is_a_configuration_of_nothing() {
    assert_debug_snapshot!(parse("").unwrap());
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let text = r#"store = "postgres://m:${DB_PASSWROD}@db/m"
sorce = 1

[[source]]
name = "My source"
targets = []
schedule = "61 * * * *"
tiemout = "2h"

[[source]]
name = "clusters"
targets = ["k8s:prod", "", "https://m:hunter2@git.example/a", 7]
timeout = "soon"
options = { k8s-rat = 3, k8s-rate = "fast", k8s-allow-exec = "yes", aws-regions = ["eu-west-1", "x y"] }

[[source]]
name = "clusters"

[schedule]
cron = "0 0 30 2 *"
jitter = 10
run_at_start = "yes"

[[export]]
format = "jsn"
path = ""

[retention]
keep = "0d"
keep_runs = 0

[watch]
listen = "9464"
log_format = "xml"
grace = 1979-05-27
"#;
    assert_snapshot!(told(&parse(text).unwrap_err()));
}

#[test]
fn every_mistake_in_a_channel_is_told_at_its_place() {
    let text = r#"[[notify]]
name = "no kind"
url = "${GONE}"

[[notify]]
kind = "emial"
name = "a"

[[notify]]
kind = 3

[[notify]]
kind = "slack"
name = ""
url = "https://hooks.example/T0/B0"
secert = "${HOOK}"
on = ["new-agentik", 1]
batch = 0
link = 1

[[notify]]
kind = "webhook"
name = "hooks"
url = "https://receiver.example/${NO_SUCH_PATH}"
secret = "${EMPTY}"
on = []
batch = 101

[[notify]]
kind = "webhook"
name = "hooks"
urll = "${A B}"

[[notify]]
kind = "email"
smtp = 1
to = []
user = "${HOOK"
password = "${HOOK"
from = ["a@b.c"]

[[notify]]
kind = "teams"
name = "teams"
url = ["${HOOK}"]

[notify.more]
"#;
    assert_snapshot!(told(&parse(text).unwrap_err()));
    assert_snapshot!(
        "notify_is_no_list",
        told(&parse("notify = \"slack\"\n").unwrap_err())
            + &told(&parse("[notify]\nkind = \"slack\"").unwrap_err())
            + &told(&parse("notify = [1]").unwrap_err())
    );
}

#[test]
fn a_channel_that_cannot_be_told_is_a_mistake() {
    let text = r#"[[notify]]
kind = "slack"
name = "plain"
url = "http://hooks.example/${HOOK}"

[[notify]]
kind = "webhook"
name = "short"
url = "https://receiver.example/"
secret = "${DB_PASSWORD}"

[[notify]]
kind = "webhook"
name = "short \u001b"
url = "https://receiver.example/${HOOK}"
secret = "${HOOK}"

[[notify]]
kind = "webhook"
name = "secret"
url = "https://receiver.example/${HOOK}"
secret = "${DB_PASSWORD}"
link = "https://muster.example/"

[[notify]]
kind = "teams"
name = "page"
url = "https://flow.example/${HOOK}"
link = "javascript:alert(1)"

[[notify]]
kind = "email"
name = "mail"
smtp = "smtp://mail.example"
from = "muster@example.org"
to = ["a@b.c"]

[[notify]]
kind = "email"
name = "nobody"
smtp = "smtps://mail.example"
from = "muster@example.org"
to = ["a@b.c", "d"]

[[notify]]
kind = "email"
name = "user"
smtp = "smtps://mail.example"
user = "muster"
from = "muster@example.org"
to = ["a@b.c"]

[[notify]]
kind = "email"
name = "certificates"
smtp = "smtps://mail.example"
ca = "gone/mail.pem"
from = "muster@example.org"
to = ["a@b.c"]
"#;
    let open = text.replacen("https://receiver.example/\"", "https://receiver.example/${HOOK}\"", 1);
    assert_snapshot!(told(&parse(text).unwrap_err()) + "\n" + &told(&parse(&open).unwrap_err()));
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    assert_snapshot!(told(&parse("[schedule]\ncron = 0 2 * * *\n[watch\nlisten = \"é").unwrap_err()));
}

#[test]
fn no_message_holds_what_may_be_a_secret() {
    for text in [
        "store = \"postgres://m:hunter2@db/${GONE}\"",
        "store = [\"hunter2\"]",
        "[[source]]\nname = \"hunter2!\"",
        "[[notify]]\nkind = \"slack\"\nname = \"a\"\nurl = \"https://chat.example/hunter2\"",
        "[[notify]]\nkind = \"slack\"\nname = \"a\"\nurl = \"hunter2${DB_PASSWORD}\"",
        "[[notify]]\nkind = \"webhook\"\nname = \"a\"\nurl = \"https://${HOOK}\"\nsecret = \"${DB_PASSWORD}\"",
        "[[notify]]\nkind = \"webhook\"\nname = \"a\"\nurl = { a = \"hunter2\" }\nsecret = [\"hunter2\"]",
    ] {
        let problems = told(&parse(text).unwrap_err());
        assert!(!problems.contains("hunter2"), "{problems}");
    }
    let config = parse(
        "store = \"postgres://m:hunter2@db/m\"\n[[notify]]\nkind = \"slack\"\nname = \"a\"\nurl = \"https://hunter2/${HOOK}\"",
    )
    .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(config.open_password);
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = r#"store = "muster.db"
[[source]]
name = "all"
targets = ["services", "/srv/code", ".", "aws-export:saved", "k8s-export:/x.json", "aws:prod", "github:acme/shop"]
[[export]]
format = "json"
path = "out/i.json"
"#;
    let places = |path: &str| {
        let config = Config::parse(text, Path::new(path), &variables).unwrap();
        let targets: Vec<String> = config.sources[0].targets.iter().map(|t| t.given.clone()).collect();
        format!("{targets:?} {:?} {:?}\n", config.store, config.exports[0].path)
    };
    assert_snapshot!(
        places("muster.toml") + &places("/etc/muster/muster.toml") + &places("conf/muster.toml")
    );
}

#[test]
fn options_are_what_the_command_line_would_set() {
    let text = r#"
[[source]]
name = "a"
targets = ["aws:"]
options = { aws-regions = "eu-west-1,eu-west-2", k8s-allow-exec = true, k8s-all-contexts = false, k8s-rate = 7 }
"#;
    let options = parse(text).unwrap().sources.remove(0).options;
    assert_eq!(options.all("aws-regions"), ["eu-west-1", "eu-west-2"]);
    assert_eq!(options.one("k8s-allow-exec"), Some(""));
    assert_eq!(options.one("k8s-all-contexts"), None);
    assert_eq!(options.one("k8s-rate"), Some("7"));
}

#[test]
fn what_is_doubtful_on_this_machine_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("code")).unwrap();
    let path = folder.path().join("muster.toml");
    let text = r#"store = "postgres://m:hunter2@db/m"
[[source]]
name = "a"
targets = ["code", "gone", "github:acme/shop"]
options = { aws-regions = "eu-west-1" }
[[source]]
name = "b"
targets = ["./code/.", "k8s:prod", "k8s:prod"]
[[export]]
format = "json"
path = "i.json"
[[export]]
format = "csv"
path = "i.json"
[[export]]
format = "csv"
path = "out/i.csv"
[[export]]
format = "csv"
path = "code"
"#;
    let config = Config::parse(text, &path, &variables).unwrap();
    let told = told(&survey(&config, &path)).replace(folder.path().to_str().unwrap(), "FOLDER");
    assert_snapshot!(told);
    let fine =
        "[[source]]\nname = \"a\"\ntargets = [\"code\", \"aws:\"]\noptions = { aws-regions = \"eu-west-1\" }";
    assert_eq!(survey(&Config::parse(fine, &path, &variables).unwrap(), &path), []);
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("binary.toml"), [0xff, 0xfe]).unwrap();
    std::fs::write(path("long.toml"), " ".repeat(1 << 21)).unwrap();
    let said = |name: &str| told(&Config::read(&path(name), &variables).unwrap_err());
    let said = ["gone.toml", "binary.toml", "long.toml"].map(said).concat();
    assert_snapshot!(said.replace(folder.path().to_str().unwrap(), "FOLDER"));
}

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(
        committed == schema_text(),
        "write it anew: cargo run -- config schema > deploy/muster.schema.json"
    );
}

#[test]
fn the_checker_knows_every_word_of_the_schema() {
    // What the checker passed over would be told by serde alone: one mistake, and not all of them.
    fn words(schema: &Value, found: &mut Vec<String>) {
        let Some(object) = schema.as_object() else { return };
        for (word, inner) in object {
            match word.as_str() {
                "properties" => inner.as_object().into_iter().flatten().for_each(|(_, of)| words(of, found)),
                "items" => words(inner, found),
                "oneOf" => inner.as_array().into_iter().flatten().for_each(|of| words(of, found)),
                word => found.push(word.to_owned()),
            }
        }
    }
    let mut found = Vec::new();
    words(&schema(), &mut found);
    found.sort();
    found.dedup();
    let told_to_editors = ["$schema", "default", "description", "pattern", "title", "uniqueItems"];
    let checked = [
        "additionalProperties",
        "const",
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "required",
        "type",
    ];
    let unknown =
        found.iter().filter(|word| ![&told_to_editors[..], &checked].concat().contains(&word.as_str()));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn no_depth_and_no_number_of_mistakes_is_too_much() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let deep = format!("store = {}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(!parse(&deep).unwrap_err().is_empty());
    }
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    assert!(!parse(&dotted).unwrap_err().is_empty());
    let many: String = (0..10_000).flat_map(|at| [at.to_string(), " = 1\n".to_owned()]).collect();
    assert_eq!(parse(&many).unwrap_err().len(), shape::MOST);
}

proptest! {
    #[test]
    fn no_text_ends_in_a_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_key_or_value_ends_in_a_panic(
        at in 0..15_usize, value in prop_oneof![
            any::<i64>().prop_map(|n| n.to_string()), any::<bool>().prop_map(|b| b.to_string()),
            "\"[a-z0-9 *:/.${}]{0,20}\"", Just("[]".to_owned()), Just("{}".to_owned()), Just("[[1]]".to_owned()),
            Just("0x1f".to_owned()), Just("1.5".to_owned()), Just("{ a = \"b\" }".to_owned()),
        ]
    ) {
        let keys = ["store", "source", "schedule", "export", "watch", "source.name", "schedule.cron", "schedule.jitter",
            "watch.listen", "retention.keep", "retention.keep_runs", "watch.grace", "watch.log_format", "a.b", "export.path"];
        let _ = parse(&format!("{} = {value}\n", keys[at]));
        let _ = parse(&format!("[[source]]\nname = \"a\"\ntargets = [{value}]\noptions.k8s-rate = {value}\n"));
    }
}
