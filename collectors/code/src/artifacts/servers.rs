//! Model Context Protocol servers that a configuration lists: what launches each, and under which credentials.

use asmm_model::Access;

use crate::access::{Setting, Way};
use crate::document::{Entry, Node, Value};
use crate::manifests::Ecosystem;
use crate::starters::has_extension;

/// Servers of one file that are kept.
const MOST: usize = 200;
/// Bytes of a name that are kept.
const MAX_NAME: usize = 120;
/// How deep the settings of a server are gone into.
const MAX_DEPTH: u8 = 5;
/// Endings of variables that carry a credential.
const CREDENTIALS: [&str; 8] =
    ["_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_PAT", "_CREDENTIALS", "APIKEY", "_APIKEY"];

/// A server that a client is told to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// What the file calls it.
    pub(crate) name: String,
    pub(crate) line: u32,
    /// The package that is launched, with its version where one is fixed.
    pub(crate) package: Option<Package>,
    /// How it is reached, as a sentence without secrets.
    pub(crate) reached: String,
    /// Over what it is reached, and by whom.
    pub(crate) access: Option<Access>,
    /// Variables that carry its credentials, with the lines that set them.
    pub(crate) credentials: Vec<(String, u32)>,
    /// Whether some of its tools run without a person being asked.
    pub(crate) unattended: bool,
    /// Whether it is switched off.
    pub(crate) disabled: bool,
}

/// A package that a launcher fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// `None` for an image.
    pub(crate) ecosystem: Option<Ecosystem>,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
}

/// The servers that are listed at a path of keys.
pub(super) fn servers(document: &Node, key: &str) -> Vec<Server> {
    // A single dot is the document itself.
    let path: Vec<&str> = if key == "." { Vec::new() } else { key.split('.').collect() };
    let Some(node) = document.at(&path) else { return Vec::new() };
    node.entries().iter().filter_map(server).take(MOST).collect()
}

fn server(entry: &Entry) -> Option<Server> {
    let node = &entry.node;
    if !matches!(node.value, Value::Table(_)) {
        return None;
    }
    // Zed writes `command: { path, args, env }`.
    let launch = node.get("command").filter(|command| !command.entries().is_empty()).unwrap_or(node);
    let command = launch.get("command").or_else(|| launch.get("path")).or_else(|| launch.get("cmd"));
    let mut words: Vec<&str> = match command {
        // One list for the command and its arguments, or the command alone.
        Some(command) => command.one_or_more().iter().filter_map(Node::text).collect(),
        None => Vec::new(),
    };
    if let [line] = words[..] {
        words = line.split_whitespace().collect();
    }
    words.extend(launch.get("args").into_iter().flat_map(Node::items).filter_map(Node::text));
    let address =
        ["url", "serverUrl", "httpUrl", "uri", "endpoint"].into_iter().find_map(|key| node.text_at(&[key]));
    if words.is_empty() && address.is_none() {
        return None;
    }
    let package = launched(&words);
    let program = words.first().map_or("", |word| word.rsplit(['/', '\\']).next().unwrap_or(word));
    let reached = match (address.and_then(host), &package) {
        (Some(host), _) => format!("a remote server at `{host}`"),
        (None, Some(package)) if package.version.is_some() => {
            format!("launched by `{}` from `{}`", clip(program), clip(&package.name))
        }
        (None, Some(package)) => {
            format!("launched by `{}` from `{}`, in no fixed version", clip(program), clip(&package.name))
        }
        (None, None) if program.is_empty() => "a remote server".to_owned(),
        (None, None) => format!("launched by `{}`", clip(program)),
    };
    let unattended = ["autoApprove", "alwaysAllow", "autoApproveAll", "trust", "auto_approve"]
        .iter()
        .any(|key| node.get(key).is_some_and(|n| n.value == Value::Bool(true) || !n.items().is_empty()));
    Some(Server {
        name: clip(&entry.key).to_owned(),
        line: entry.line,
        package,
        reached,
        access: Way::of(settings(node, MAX_DEPTH).iter().map(|(name, set)| (*name, set)))
            .access()
            .or((!words.is_empty()).then_some(Access::Local)),
        credentials: credentials(node, launch),
        unattended,
        disabled: node.is_true("disabled")
            || node.get("enabled").is_some_and(|n| n.value == Value::Bool(false)),
    })
}

/// What a table sets.
fn settings(table: &Node, depth: u8) -> Vec<(&str, Setting<'_>)> {
    table.entries().iter().map(|entry| (entry.key.as_str(), setting(&entry.node, depth))).collect()
}

fn setting(node: &Node, depth: u8) -> Setting<'_> {
    match (&node.value, depth.checked_sub(1)) {
        (Value::Null | Value::Bool(false), _) => Setting::Off,
        (Value::Bool(true), _) => Setting::On,
        (Value::Text(text), _) => Setting::Text(text),
        (Value::List(items), _) => Setting::Words(items.iter().filter_map(Node::text).collect()),
        (Value::Table(_), Some(depth)) => Setting::Parts(settings(node, depth)),
        (Value::Table(_), None) | (Value::Number(_), _) => Setting::Unknown,
    }
}

/// Variables of the environment and headers that carry a credential: names only, never what they are set to.
fn credentials(node: &Node, launch: &Node) -> Vec<(String, u32)> {
    let tables = [launch.get("env"), launch.get("environment"), node.get("env"), node.get("environment")];
    let mut found: Vec<(String, u32)> = tables
        .into_iter()
        .flatten()
        .flat_map(Node::entries)
        .filter(|entry| is_credential(&entry.key))
        .map(|entry| (clip(&entry.key).to_owned(), entry.line))
        .collect();
    // `"Authorization": "Bearer ${TOKEN}"` says which variable; a value that is written out has no name.
    for header in node.get("headers").into_iter().flat_map(Node::entries) {
        let refers = header.node.text().into_iter().flat_map(references);
        found.extend(
            refers.filter(|name| is_credential(name)).map(|name| (clip(name).to_owned(), header.line)),
        );
    }
    for key in ["bearer_token_env_var", "bearerTokenEnvVar"] {
        if let Some(name) = node.get(key).and_then(Node::text) {
            found.push((clip(name).to_owned(), node.line));
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

fn is_credential(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let is_variable = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_variable && CREDENTIALS.iter().any(|end| upper.ends_with(end) || upper == end.trim_start_matches('_'))
}

/// Variables that a text refers to: `${NAME}`, `${env:NAME}`, `$NAME`.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let rest = rest.strip_prefix("env:").unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

/// The package that a launcher is told to fetch and run.
fn launched(words: &[&str]) -> Option<Package> {
    // `cmd /c npx …` on Windows.
    let from = words.iter().position(|word| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        let name = name.strip_suffix(".cmd").or_else(|| name.strip_suffix(".exe")).unwrap_or(name);
        matches!(
            name,
            "npx" | "bunx" | "pnpx" | "uvx" | "pipx" | "docker" | "podman" | "pnpm" | "yarn" | "uv"
        )
    })?;
    let launcher = words[from].rsplit(['/', '\\']).next().unwrap_or(words[from]);
    let rest = &words[from + 1..];
    match launcher.trim_end_matches(".cmd").trim_end_matches(".exe") {
        "docker" | "podman" => image(rest),
        "uvx" | "pipx" | "uv" => {
            let from = rest.iter().position(|w| *w == "--from").and_then(|at| rest.get(at + 1));
            let flags = ["--from", "--with", "--python", "-p", "--index-url", "--directory", "--project"];
            let plain = plain(rest, &flags).find(|word| !matches!(*word, "run" | "tool" | "--"));
            // `uv run server.py` runs what is here.
            let word = from.copied().or(plain).filter(|word| !is_local(word))?;
            if launcher == "uv" && from.is_none() && !rest.contains(&"tool") {
                return None;
            }
            let (name, version) = word.split_once("==").or_else(|| word.split_once('@')).unzip();
            let name = name.unwrap_or(word).split('[').next().unwrap_or_default();
            Some(Package {
                ecosystem: Some(Ecosystem::Pypi),
                name: clip(name).to_owned(),
                version: version.filter(|version| *version != "latest").map(|v| clip(v).to_owned()),
            })
        }
        _ => {
            let named =
                rest.iter().position(|w| matches!(*w, "-p" | "--package")).and_then(|at| rest.get(at + 1));
            let plain = plain(rest, &["-p", "--package", "-c", "--call"])
                .find(|w| !matches!(*w, "dlx" | "exec" | "--"));
            let word = named.copied().or(plain).filter(|word| !is_local(word))?;
            let at = word.get(1..)?.find('@').map(|at| at + 1);
            let (name, version) = at.map_or((word, None), |at| (&word[..at], Some(&word[at + 1..])));
            Some(Package {
                ecosystem: Some(Ecosystem::Npm),
                name: clip(name).to_owned(),
                version: version
                    .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
                    .map(|v| clip(v).to_owned()),
            })
        }
    }
}

/// Words that are neither a flag nor the value of one.
fn plain<'w>(words: &'w [&'w str], with_value: &'w [&'w str]) -> impl Iterator<Item = &'w str> {
    let mut skip = false;
    words.iter().copied().filter(move |word| {
        let is_value = std::mem::replace(&mut skip, with_value.contains(word));
        !is_value && !word.starts_with('-')
    })
}

fn image(words: &[&str]) -> Option<Package> {
    const WITH_VALUE: [&str; 14] = [
        "-e",
        "--env",
        "-v",
        "--volume",
        "--mount",
        "--name",
        "--network",
        "-p",
        "--publish",
        "--env-file",
        "-w",
        "--platform",
        "--entrypoint",
        "--pull",
    ];
    let word = plain(words, &WITH_VALUE).find(|word| *word != "run")?;
    let (name, digest) = word.split_once('@').map_or((word, None), |(name, digest)| (name, Some(digest)));
    let tag = name.rsplit_once('/').map_or(name, |(_, last)| last).split_once(':').map(|(_, tag)| tag);
    let name = tag.map_or(name, |tag| &name[..name.len() - tag.len() - 1]);
    let version = digest.or(tag.filter(|tag| *tag != "latest"));
    Some(Package {
        ecosystem: None,
        name: clip(name).to_owned(),
        version: version.map(|v| clip(v).to_owned()),
    })
}

fn is_local(word: &str) -> bool {
    word.starts_with(['.', '/', '$', '~'])
        || word.contains("://")
        || has_extension(word, &["py", "js", "mjs", "ts"])
}

/// The host of an address, without user, path and query: these may carry secrets.
fn host(address: &str) -> Option<String> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    (!host.is_empty() && host.chars().all(is_host)).then(|| clip(host).to_owned())
}

fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_NAME)]
}
