//! Prepares the catalogue for a scan: without the texts that only people read, and in a form that is quickly read, since
//! every scan begins with it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::{Deserialize, Serialize};
use toml::{Spanned, Table, Value};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<Table>>,
}

#[derive(Serialize)]
struct Prepared<'a> {
    file: &'a str,
    line: usize,
    rule: Table,
}

#[expect(clippy::disallowed_methods, reason = "this is how Cargo speaks to what it runs at build time")]
fn main() {
    println!("cargo::rerun-if-changed=catalog");
    println!("cargo::rerun-if-changed=autonomy");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo says where the crate is"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo says where to write"));
    let files = catalog(&root.join("catalog"));
    let mut list = String::from("&[\n");
    let mut prepared = Vec::new();
    for (file, text) in &files {
        let path = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{file}\")");
        writeln!(list, "(\"{file}\", include_str!({path})),").expect("memory can be written");
        match toml::from_str::<File>(text) {
            Ok(parsed) => prepared.extend(parsed.rule.into_iter().map(|rule| {
                let line = text[..rule.span().start].matches('\n').count() + 1;
                Prepared { file, line, rule: without_prose(rule.into_inner()) }
            })),
            Err(error) => panic!("{file}: {error}"),
        }
    }
    list.push(']');
    let heuristics =
        fs::read_to_string(root.join("autonomy/heuristics.toml")).expect("the weights can be read");
    let heuristics: Table = toml::from_str(&heuristics).expect("the weights are TOML");
    fs::write(out.join("catalog.json"), json(&prepared)).expect("the build folder can be written");
    fs::write(out.join("heuristics.json"), json(&heuristics)).expect("the build folder can be written");
    println!("cargo::rustc-env=MUSTER_RULES={}", digest(&prepared, &heuristics));
    fs::write(out.join("catalog.rs"), list).expect("the build folder can be written");
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("what was read as data can be written")
}

/// Tells the rules and the weights from those of other builds, whatever their texts look like and wherever they stand.
fn digest(prepared: &[Prepared<'_>], heuristics: &Table) -> String {
    let mut rules: Vec<&Table> = prepared.iter().map(|prepared| &prepared.rule).collect();
    rules.sort_by_key(|rule| rule.get("id").and_then(Value::as_str));
    let mut hasher = blake3::Hasher::new();
    for part in rules.into_iter().chain([heuristics]) {
        hasher.update(&json(part));
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

/// Every file of rules with its name in the crate, in the order of names.
fn catalog(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("the catalogue can be listed");
    let mut files: Vec<(String, String)> = entries
        .map(|entry| entry.expect("the catalogue can be listed").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let name =
                path.file_name().map_or_else(Default::default, |name| name.to_string_lossy().into_owned());
            (format!("catalog/{name}"), fs::read_to_string(&path).expect("a rule file is text"))
        })
        .collect();
    files.sort();
    files
}

/// As `Symbols` reads them: each after a character that no name has.
fn as_one_text(symbols: &Value) -> String {
    const BETWEEN: char = '\u{7f}';
    let mut text = String::new();
    for symbol in symbols.as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(!symbol.contains(BETWEEN), "`{symbol}` has a character in it that no name has");
        text.push(BETWEEN);
        text.push_str(symbol);
    }
    text
}

/// What stays is what `RulePack::without_prose` leaves; a test holds the two together.
fn without_prose(mut rule: Table) -> Table {
    rule.remove("example");
    rule.insert("references".to_owned(), Value::Array(Vec::new()));
    rule.insert("rationale".to_owned(), Value::String(String::new()));
    for site in rule.get_mut("site").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(symbols) = site.get_mut("symbols") {
            *symbols = Value::String(as_one_text(symbols));
        }
    }
    rule
}
