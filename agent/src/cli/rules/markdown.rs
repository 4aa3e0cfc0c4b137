//! Rules as Markdown: what each finds, what that feeds, and code on which it fires and on which it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use muster_rules::{Example, FileSite, KeyShape, Posture, Rule, RulePack, RunSite, Site, Source};

use super::words::{describe, meaning, place, strength};

/// Names of one kind that a page lists; the rule file has all of them.
const LISTED: usize = 16;
/// Conditions of one kind of place.
const CONDITIONS: usize = 2;
/// Kinds of places.
const PLACES: usize = 16;
/// Lines of an example.
const LINES: usize = 30;

/// Every page by its name: one for each rule file, and the index.
pub(super) fn pages(pack: &RulePack, sources: &[Source]) -> BTreeMap<String, String> {
    let mut families: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for (index, rule) in (0u32..).zip(pack.rules()) {
        families.entry(pack.origin(index).0).or_default().push(rule);
    }
    let families: Vec<Family<'_>> = sources
        .iter()
        .filter_map(|source| {
            let rules = families.get(source.file.as_str())?;
            let file = source.file.rsplit('/').next().unwrap_or(&source.file);
            let stem = file.strip_suffix(".toml").unwrap_or(file);
            Some(Family { stem, about: about(&source.text), rules })
        })
        .collect();
    let mut pages: BTreeMap<String, String> =
        families.iter().map(|family| (format!("{}.md", family.stem), family.page())).collect();
    pages.insert("README.md".to_owned(), index(families));
    pages
}

/// The rules of one file.
struct Family<'r> {
    stem: &'r str,
    about: String,
    rules: &'r [&'r Rule],
}

/// What a rule file says of itself at its top.
fn about(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    lines.join(" ")
}

fn index(mut families: Vec<Family<'_>>) -> String {
    families.sort_by_key(|family| family.stem);
    let rules: usize = families.iter().map(|family| family.rules.len()).sum();
    let mut page = String::new();
    let _ = write!(
        page,
        "# The built-in rules\n\nWritten by `muster rules pages` from [`rules/catalog`](../../../rules/catalog): {rules} rules \
         in {} files. How a rule is read and written is told in [rules](../rules.md).\n\n| Page | Rules | What they are \
         about |\n|---|--:|---|\n",
        families.len()
    );
    for family in &families {
        let _ = writeln!(
            page,
            "| [{0}]({0}.md) | {1} | {2} |",
            family.stem,
            family.rules.len(),
            prose(&family.about)
        );
    }
    page.push_str("\n## By id\n\n");
    let mut all: Vec<(&str, &str, &str)> = families
        .iter()
        .flat_map(|f| f.rules.iter().map(|rule| (rule.id.0.as_str(), f.stem, rule.title.as_str())))
        .collect();
    all.sort_unstable();
    for (id, stem, title) in all {
        let _ = writeln!(page, "- [{id}]({stem}.md#{id}): {}", prose(title));
    }
    page
}

impl Family<'_> {
    fn page(&self) -> String {
        let mut page = format!(
            "# {0}\n\n{1}\n\nWritten by `muster rules pages` from [`{0}.toml`](../../../rules/catalog/{0}.toml). [All \
             rules](README.md)\n",
            self.stem,
            prose(&self.about)
        );
        for rule in self.rules {
            page.push('\n');
            section(&mut page, rule);
        }
        page
    }
}

fn section(page: &mut String, rule: &Rule) {
    let _ = write!(page, "## {}\n\n**{}.** {}\n\n", rule.id, prose(&rule.title), prose(&rule.rationale));
    let mut item = |label: &str, text: String| {
        if !text.is_empty() {
            let _ = writeln!(page, "- **{label}:** {text}");
        }
    };
    if let Some(kind) = rule.kind {
        let provider = rule.provider.as_ref().map(|p| format!(", of {}", code(p))).unwrap_or_default();
        item("Component", format!("{} ({}){provider}", code(&rule.name), kind.name()));
    }
    item("Strength", format!("{}, {}", rule.strength, strength(rule.strength)));
    item("Feeds", feeds(rule));
    item("Languages", languages(&rule.sites).into_iter().collect::<Vec<_>>().join(", "));
    item("Packages", list(rule.packages.iter().cloned().map(String::from)));
    item("Credentials", list(rule.credentials.iter().cloned()));
    item("Variables", list(rule.variables.iter().cloned()));
    item("Hosts", list(rule.hosts.iter().cloned()));
    item("Commands that serve", list(rule.serves.iter().cloned()));
    item("Commits as", list(rule.committers.iter().cloned()));
    item("Resources", list(rule.resources.iter().cloned().map(String::from)));
    item("Exports of", list(rule.flows.iter().cloned()));
    item("Looked for in", list(rule.anchors.iter().flatten().cloned()));
    for line in places(&rule.sites) {
        let _ = writeln!(page, "- {line}");
    }
    let others =
        rule.files.iter().map(file).chain(rule.runs.iter().map(run)).chain(rule.keys.iter().map(key));
    for line in others {
        let _ = writeln!(page, "- {line}");
    }
    for shape in &rule.weights {
        let endings = shape.extensions.iter().map(|extension| format!("*.{extension}"));
        let names = list(shape.names.iter().cloned().chain(endings));
        let _ = writeln!(page, "- A file of weights by its name and its first bytes: {names}");
    }
    let links: Vec<String> = rule.references.iter().map(|r| format!("<{r}>")).collect();
    let _ = writeln!(page, "- **Since {}**, see {}", rule.since, links.join(", "));
    for (fires, title) in [(true, "Fires on"), (false, "Does not fire on")] {
        if let Some(found) = rule.examples.iter().find(|example| example.fires == fires) {
            let _ = write!(page, "\n{title} {}:\n\n{}", code(&found.language), block(found));
        }
    }
}

fn feeds(rule: &Rule) -> String {
    let feeds = rule.feeds();
    let criteria =
        feeds.criteria.iter().map(|criterion| format!("{} ({})", criterion.id(), criterion.name()));
    let fields = feeds.fields.iter().map(|field| code(field.name()));
    criteria.chain(fields).collect::<Vec<_>>().join(", ")
}

fn languages(sites: &[Site]) -> BTreeSet<&'static str> {
    sites.iter().flat_map(|site| &site.languages).map(|language| language.name()).collect()
}

/// The places in code, those of one kind and meaning together.
fn places(sites: &[Site]) -> Vec<String> {
    #[derive(Default)]
    struct Place<'s> {
        languages: BTreeSet<&'static str>,
        symbols: Vec<&'s str>,
        conditions: Vec<String>,
    }
    let mut order = Vec::new();
    let mut all: BTreeMap<(String, bool), Place<'_>> = BTreeMap::new();
    for site in sites {
        let what = (format!("{} that {}", place(site.kind), meaning(site)), site.conditions.is_empty());
        if !all.contains_key(&what) {
            order.push(what.clone());
        }
        let found = all.entry(what).or_default();
        found.languages.extend(site.languages.iter().map(|language| language.name()));
        for symbol in site.symbols.iter().map(muster_rules::Pattern::as_str) {
            if !found.symbols.contains(&symbol) {
                found.symbols.push(symbol);
            }
        }
        let conditions: Vec<String> = site.conditions.iter().map(describe).collect();
        let conditions = conditions.join(" and ");
        if !conditions.is_empty() && !found.conditions.contains(&conditions) {
            found.conditions.push(conditions);
        }
    }
    let spoken = languages(sites);
    let more = order.len().saturating_sub(PLACES);
    let mut lines: Vec<String> = order
        .iter()
        .take(PLACES)
        .filter_map(|what| {
            let found = all.get(what)?;
            let languages: Vec<&str> = found.languages.iter().copied().collect();
            let mut line = what.0.clone();
            // Where it is all of the rule's, that is said once.
            if found.languages.len() < spoken.len() {
                let _ = write!(line, " ({})", languages.join(", "));
            }
            line.push_str(": ");
            line.push_str(&list(found.symbols.iter().map(|symbol| (*symbol).to_owned())));
            for (at, condition) in found.conditions.iter().take(CONDITIONS).enumerate() {
                line.push_str(if at == 0 { "; if " } else { ", or " });
                line.push_str(condition);
            }
            match found.conditions.len().saturating_sub(CONDITIONS) {
                0 => {}
                1 => line.push_str(", or in 1 other case"),
                rest => {
                    let _ = write!(line, ", or in {rest} other cases");
                }
            }
            Some(line)
        })
        .collect();
    if more > 0 {
        lines.push(format!("{more} further kinds of places"));
    }
    lines
}

fn file(file: &FileSite) -> String {
    let mut line = format!("A file by its path: {}", list(file.paths.iter().cloned().map(String::from)));
    for test in &file.conditions {
        let values = list(test.equals.iter().chain(&test.starts).cloned());
        let _ = match (test.absent, values.is_empty()) {
            (true, _) => write!(line, "; without {}", code(&test.key)),
            (false, true) => write!(line, "; with {}", code(&test.key)),
            (false, false) => write!(line, "; with {} as {values}", code(&test.key)),
        };
    }
    line.push_str(match file.posture {
        Some(Posture::Unattended) => "; then it acts without asking",
        Some(Posture::Asks) => "; then it asks a person",
        Some(Posture::Confined) => "; then it is confined",
        None => "",
    });
    if let Some(key) = &file.servers {
        let _ = write!(line, "; lists servers at {}", code(key));
    }
    if let Some(control) = file.means {
        let _ = write!(line, "; a control: {}", control.name());
    }
    line
}

fn run(run: &RunSite) -> String {
    let mut line = format!(
        "Run by a workflow, a job or a timer: {}",
        list(run.actions.iter().chain(&run.commands).cloned())
    );
    let tools: Vec<String> = run.tools.iter().map(|tool| tool.name.clone()).collect();
    for (begin, texts) in [
        ("; with the tools ", tools),
        ("; without asking: ", run.unattended.clone()),
        ("; confined: ", run.confined.clone()),
    ] {
        if !texts.is_empty() {
            let _ = write!(line, "{begin}{}", list(texts.into_iter()));
        }
    }
    if let Some(control) = run.means {
        let _ = write!(line, "; a control: {}", control.name());
    }
    line
}

fn key(shape: &KeyShape) -> String {
    let [least, most] = shape.length;
    let length = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let begins =
        if shape.prefix.is_empty() { String::new() } else { format!("{} and ", code(&shape.prefix)) };
    let mut line = format!(
        "A key in any text, {}: {begins}{length} characters ({})",
        prose(&shape.name),
        shape.alphabet.name()
    );
    for (begin, texts) in [("; with ", &shape.contains), ("; beside one of ", &shape.near)] {
        if !texts.is_empty() {
            let _ = write!(line, "{begin}{}", list(texts.iter().cloned()));
        }
    }
    line
}

/// Names as code; of a long list, how many there are besides.
fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.map(|name| code(&name)).collect();
    let more = names.len().saturating_sub(LISTED);
    // A list that is cut by one would not be shorter.
    if more < 2 { names.join(", ") } else { format!("{} and {more} more", names[..LISTED].join(", ")) }
}

/// Text as code, whatever backticks it holds.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Prose in which nothing outside of code is taken for HTML, for emphasis or for the end of a cell.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for c in text.chars() {
        in_code ^= c == '`';
        match c {
            '<' | '*' | '|' if !in_code => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// An example in a fence that is longer than any in it.
fn block(example: &Example) -> String {
    let text = example.code.trim_matches('\n');
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    let language = match example.language.as_str() {
        known @ ("python" | "javascript" | "typescript" | "tsx" | "go" | "java" | "kotlin" | "csharp"
        | "rust" | "ruby" | "php") => known,
        path => path.rsplit_once('.').map_or("text", |(_, extension)| extension),
    };
    let mut block = format!("{fence}{language}\n");
    let lines: Vec<&str> = text.lines().collect();
    for line in lines.iter().take(LINES) {
        block.push_str(line);
        block.push('\n');
    }
    if lines.len() > LINES {
        block.push_str("…\n");
    }
    block.push_str(&fence);
    block.push('\n');
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# What the *desk* uses.
# And how.

[[rule]]
id = "calls-our-gateway"
title = "In-house <gateway>"
name = "acme-gateway"
kind = "provider-sdk"
strength = 2
since = "1.0"
rationale = "Every team calls models through `acme*`; *it* counts."
references = ["https://wiki.acme.example/gateway"]
packages = ["pypi:acme-gateway"]
credentials = ["ACME_GATEWAY_KEY"]

[[rule.site]]
languages = ["python"]
kind = "import"
symbols = ["acme_gateway"]

[[rule.site]]
languages = ["python"]
kind = "call"
symbols = ["acme_gateway.**.ask"]
when = [{ name = "@0", equals = ["x"] }]
means = "model-call"

[[rule.site]]
languages = ["go"]
kind = "call"
symbols = ["acme.example/gateway#Ask"]
when = [{ name = "fast" }]
means = "model-call"

[[rule.example]]
language = "python"
fires = true
code = '''
import acme_gateway
"```"
'''

[[rule.example]]
language = "requirements.txt"
fires = false
code = "acme-gateway-health==2.1"
"#;

    #[test]
    fn a_page_says_what_a_rule_finds_and_what_that_is_for() {
        let source = Source { file: "catalog/desk.toml".to_owned(), text: FILE.to_owned() };
        let pack = RulePack::from_sources(std::slice::from_ref(&source)).expect("the rule is right");
        let pages = pages(&pack, &[source]);
        assert_eq!(pages.keys().collect::<Vec<_>>(), ["README.md", "desk.md"]);
        insta::assert_snapshot!(format!("{}\n---\n{}", pages["README.md"], pages["desk.md"]));
    }

    #[test]
    fn of_a_long_list_the_beginning_is_shown() {
        let names = |count: usize| list((0..count).map(|at| at.to_string()));
        assert!(names(LISTED + 1).ends_with("`16`"));
        assert!(names(LISTED + 2).ends_with("`15` and 2 more"));
    }
}
