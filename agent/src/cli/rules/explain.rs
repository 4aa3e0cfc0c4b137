//! `muster rules explain`: everything that a rule, or a heuristic of the Autonomy Test, says, as a page.

use std::path::PathBuf;

use asmm_model::Supports;
use clap::Args;
use muster_rules::{
    FileSite, Header, Heuristic, KeyShape, Posture, Rule, RulePack, RunSite, Site, WeightsShape,
};

use super::words::{class, describe, meaning, name, place, strength};
use crate::cli::UsageError;
use crate::cli::exit::Exit;
use crate::cli::nearest::distance;
use crate::cli::printer::Printer;
use crate::page::{Line, Page, Tone};

/// Explain a rule, or a heuristic of the Autonomy Test: what it finds, why that counts, and where it is written
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster rules explain uses-openai
  muster rules explain workflow-starts-agent
  muster rules explain calls-our-gateway --rules my-rules")]
pub(super) struct Explain {
    /// Id of the rule or heuristic, as `rules list` and the evidence show it
    #[arg(value_name = "ID")]
    id: String,
    /// Add the rules of a folder to the built-in ones
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

impl Explain {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let pack = super::load(self.rules.as_deref())?;
        let width = printer.surface().width;
        let page = if let Some((index, rule)) = pack.find(&self.id) {
            let (file, line) = pack.origin(index);
            page(rule, &format!("{file}:{line}"), width)
        } else if let Some(heuristic) = pack.heuristics().get(&self.id) {
            page_of_heuristic(heuristic, width)
        } else {
            return Err(unknown(&self.id, &pack).into());
        };
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

/// Ids that are offered to somebody who mistyped one.
const OFFERED: usize = 5;

fn unknown(id: &str, pack: &RulePack) -> UsageError {
    let wanted = id.to_lowercase();
    let rules = pack.rules().iter().map(|rule| rule.id.0.as_str());
    let heuristics = pack.heuristics().iter().map(|heuristic| heuristic.id.as_str());
    let mut near: Vec<(usize, usize, &str)> = rules
        .chain(heuristics)
        .filter_map(|known| {
            // Who types only the product means the rule that has it in its id.
            let product = known.split_once('-').map_or(known, |(_, product)| product);
            let letters = distance(known, &wanted).min(distance(product, &wanted));
            let rank = if known.contains(&wanted) { 0 } else { letters };
            (rank <= wanted.len() / 3).then_some((rank, known.len(), known))
        })
        .collect();
    // Of those that hold all that was written, the shortest has least besides.
    near.sort_unstable();
    let near: Vec<String> = near.into_iter().take(OFFERED).map(|(_, _, id)| format!("`{id}`")).collect();
    let help = if near.is_empty() {
        "`muster rules list` shows all rules, and with `--heuristics` the heuristics".to_owned()
    } else {
        format!("is it one of these? {}", near.join(", "))
    };
    UsageError::new(format!("there is no rule and no heuristic `{id}`"), help)
}

fn page(rule: &Rule, origin: &str, width: usize) -> Page {
    let mut page = Page::new(width);
    page.push(Line::new().with(Tone::Strong, &rule.id.0));
    page.wrap(0, 0, &Line::new().plain(&rule.title).plain("."));
    page.gap();
    page.wrap(0, 0, &Line::new().plain(&rule.rationale));
    page.gap();
    if let Some(kind) = rule.kind {
        let provider = rule.provider.as_ref().map(|p| format!(", provider `{p}`")).unwrap_or_default();
        entry(&mut page, "Component", &format!("`{}` ({}){provider}", rule.name, kind.name()));
    }
    entry(&mut page, "Strength", &format!("{}: {}", rule.strength, strength(rule.strength)));
    let packages: Vec<String> = rule.packages.iter().cloned().map(String::from).collect();
    entry(&mut page, "Packages", &packages.join(", "));
    let resources: Vec<String> = rule.resources.iter().cloned().map(String::from).collect();
    entry(&mut page, "Resources", &resources.join(", "));
    entry(&mut page, "Credentials", &rule.credentials.join(", "));
    entry(&mut page, "Variables", &rule.variables.join(", "));
    entry(&mut page, "Hosts", &rule.hosts.join(", "));
    entry(&mut page, "Servers", &rule.serves.join(", "));
    entry(&mut page, "Commits as", &rule.committers.join(", "));
    entry(&mut page, "Since", &rule.since);
    entry(&mut page, "Written in", origin);
    for site in &rule.sites {
        page.gap();
        show_site(&mut page, site);
    }
    for shape in &rule.weights {
        page.gap();
        show_weights(&mut page, shape);
    }
    for file in &rule.files {
        page.gap();
        show_file(&mut page, file);
    }
    for run in &rule.runs {
        page.gap();
        show_run(&mut page, run);
    }
    if !rule.flows.is_empty() {
        page.gap();
        page.push(
            Line::new().with(Tone::Strong, "An export of").plain(format!(" {}", rule.flows.join(", "))),
        );
    }
    for shape in &rule.keys {
        page.gap();
        show_key(&mut page, shape);
    }
    page.gap();
    page.push(Line::new().with(Tone::Strong, "References"));
    for reference in &rule.references {
        page.push(Line::new().plain("  ").plain(reference));
    }
    for example in &rule.examples {
        page.gap();
        let title = if example.fires { "Fires on" } else { "Does not fire on" };
        page.push(Line::new().with(Tone::Strong, title).plain(format!(" ({})", example.language)));
        for line in example.code.trim_matches('\n').lines() {
            // A tab is indentation here, and nothing to warn of.
            page.push(Line::new().plain("    ").plain(line.replace('\t', "    ")));
        }
    }
    page
}

fn page_of_heuristic(heuristic: &Heuristic, width: usize) -> Page {
    let mut page = Page::new(width);
    page.push(Line::new().with(Tone::Strong, &heuristic.id));
    page.wrap(0, 0, &Line::new().plain(format!("A heuristic of the Autonomy Test: {}.", heuristic.says)));
    page.gap();
    page.wrap(0, 0, &Line::new().plain(&heuristic.because));
    page.gap();
    for (at, speaks) in heuristic.speaks.iter().enumerate() {
        let answer = match speaks.supports {
            Supports::Yes => "yes",
            Supports::No => "no",
        };
        let line = format!(
            "{answer} to {} ({}), weight {:.2}",
            speaks.criterion.id(),
            speaks.criterion.name(),
            speaks.weight
        );
        let label = if at == 0 { "Speaks for" } else { "" };
        page.wrap(0, 13, &Line::new().with(Tone::Strong, format!("{label:<12} ")).plain(line));
    }
    let (class, words) = class(heuristic.class);
    entry(&mut page, "Class", &format!("{class}: {words}"));
    entry(&mut page, "Written in", "autonomy/heuristics.toml");
    page.gap();
    page.wrap(
        0,
        0,
        &Line::new().with(Tone::Dim, "Of several pieces of evidence of one class, the strongest counts."),
    );
    page
}

fn entry(page: &mut Page, label: &str, text: &str) {
    if !text.is_empty() {
        page.wrap(0, 13, &Line::new().with(Tone::Strong, format!("{label:<12} ")).plain(text));
    }
}

fn show_site(page: &mut Page, site: &Site) {
    let languages: Vec<&str> = site.languages.iter().map(|l| l.name()).collect();
    let heading = format!("{} that {}", place(site.kind), meaning(site));
    page.wrap(
        0,
        2,
        &Line::new().with(Tone::Strong, heading).with(Tone::Dim, format!(" ({})", languages.join(", "))),
    );
    let symbols: Vec<&str> = site.symbols.iter().map(muster_rules::Pattern::as_str).collect();
    page.wrap(2, 2, &Line::new().plain(symbols.join(", ")));
    for condition in &site.conditions {
        page.wrap(2, 4, &Line::new().plain("if ").plain(describe(condition)));
    }
    let arguments = |label: &str, names: Vec<&str>| {
        (!names.is_empty()).then(|| Line::new().plain(label).plain(names.join(", ")))
    };
    let names = |list: &'_ [muster_rules::ToolArgument]| -> Vec<String> {
        list.iter().map(|argument| name(&argument.0)).collect()
    };
    for (label, list) in [
        ("tools in ", names(&site.tools)),
        ("agents in ", names(&site.agents)),
        ("further steps by ", names(&site.steps)),
        ("starts what is in ", names(&site.runs)),
    ] {
        if let Some(line) = arguments(label, list.iter().map(String::as_str).collect()) {
            page.wrap(2, 4, &line);
        }
    }
}

fn show_weights(page: &mut Page, shape: &WeightsShape) {
    page.wrap(0, 2, &Line::new().with(Tone::Strong, "A file by its name and its first bytes"));
    let endings = shape.extensions.iter().map(|extension| format!("`*.{extension}`"));
    let names: Vec<String> = shape.names.iter().map(|name| format!("`{name}`")).chain(endings).collect();
    page.wrap(2, 2, &Line::new().plain(names.join(", ")));
    let header = match shape.header {
        None => format!("{} at {}", shape.magic.join(" or "), shape.at),
        Some(Header::Safetensors) => "a length, and then JSON".to_owned(),
        Some(Header::Zip) => "a zip archive, by its first member".to_owned(),
        Some(Header::Protobuf) => "a version in protobuf".to_owned(),
        Some(Header::Pickle) => "a pickle".to_owned(),
    };
    page.wrap(2, 4, &Line::new().plain(header));
    if !shape.contains.is_empty() {
        page.wrap(2, 4, &Line::new().plain(format!("with `{}`", shape.contains.join("` or `"))));
    }
}

fn show_file(page: &mut Page, file: &FileSite) {
    page.wrap(0, 2, &Line::new().with(Tone::Strong, "A file by its path"));
    let paths: Vec<String> =
        file.paths.iter().cloned().map(|path| format!("`{}`", String::from(path))).collect();
    page.wrap(2, 2, &Line::new().plain(paths.join(", ")));
    for test in &file.conditions {
        let values = [&test.equals[..], &test.starts[..]].concat().join("`, `");
        let what = match (test.absent, values.is_empty()) {
            (true, _) => format!("without `{}`", test.key),
            (false, true) => format!("with `{}`", test.key),
            (false, false) => format!("with `{}` as `{values}`", test.key),
        };
        page.wrap(2, 4, &Line::new().plain(what));
    }
    let posture = file.posture.map(|posture| match posture {
        Posture::Unattended => "then it acts without asking",
        Posture::Asks => "then it asks a person",
        Posture::Confined => "then it is confined",
    });
    if let Some(posture) = posture {
        page.wrap(2, 4, &Line::new().plain(posture));
    }
    if let Some(key) = &file.servers {
        page.wrap(2, 4, &Line::new().plain(format!("lists servers at `{key}`")));
    }
    if let Some(control) = file.means {
        page.wrap(2, 4, &Line::new().plain(format!("is a control: {}", control.name())));
    }
}

fn show_run(page: &mut Page, run: &RunSite) {
    page.wrap(0, 2, &Line::new().with(Tone::Strong, "Run by a workflow, a job or a timer"));
    let what: Vec<String> = run.actions.iter().chain(&run.commands).map(|what| format!("`{what}`")).collect();
    page.wrap(2, 2, &Line::new().plain(what.join(", ")));
    let tools: Vec<&str> = run.tools.iter().map(|tool| tool.name.as_str()).collect();
    for (begin, texts) in [
        ("with the tools ", tools.join(", ")),
        ("without asking: ", run.unattended.join(", ")),
        ("confined: ", run.confined.join(", ")),
    ] {
        if !texts.is_empty() {
            page.wrap(2, 4, &Line::new().plain(format!("{begin}{texts}")));
        }
    }
    if let Some(control) = run.means {
        page.wrap(2, 4, &Line::new().plain(format!("is a control: {}", control.name())));
    }
}

fn show_key(page: &mut Page, shape: &KeyShape) {
    page.wrap(0, 2, &Line::new().with(Tone::Strong, format!("A key in any text: {}", shape.name)));
    let [least, most] = shape.length;
    let length = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let begins = if shape.prefix.is_empty() { String::new() } else { format!("`{}` and ", shape.prefix) };
    let kind = format!("{begins}{length} characters ({})", shape.alphabet.name());
    page.wrap(2, 2, &Line::new().plain(kind));
    let quoted = |texts: &[String]| texts.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", ");
    if !shape.contains.is_empty() {
        page.wrap(2, 4, &Line::new().plain("with ").plain(quoted(&shape.contains)));
    }
    if !shape.near.is_empty() {
        page.wrap(2, 4, &Line::new().plain("beside one of ").plain(quoted(&shape.near)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_mistypes_an_id_is_offered_near_ones() {
        let pack = RulePack::built_in();
        let help = |id: &str| unknown(id, &pack).help.unwrap_or_default();
        assert!(help("uses-opnai").contains("`uses-openai`"), "{}", help("uses-opnai"));
        assert!(help("openai").contains("`uses-openai`"), "{}", help("openai"));
        assert!(help("opnai").contains("`uses-openai`"), "{}", help("opnai"));
        assert!(help("workflow-starts-agents").contains("`workflow-starts-agent`"));
        assert_eq!(
            help("qqqqqqqqqqqqq"),
            "`muster rules list` shows all rules, and with `--heuristics` the heuristics"
        );
    }
}
