//! Lays a case out in a folder, scans it, and says what does not hold.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use asmm_model::{Component, Control, Evidence, Fact, Identity, Inventory, Model, Tool, Trigger};
use muster_code::CodeCollector;
use muster_collect::{Context, Target, conformance};
use muster_rules::RulePack;

use super::case::{Case, Marked};
use super::hold::{Row, hold, table};
use crate::binary::{muster, setting};

/// The folder that is scanned is called this, so that a system without a name of its own has a fixed one.
const FOLDER: &str = "app";

/// Runs one case: the rules on its lines against what the collector observes, its claims against the inventory that the
/// binary prints.
///
/// # Errors
/// What does not hold, ready to be shown.
pub fn run(case: &Case, rules: &Arc<RulePack>) -> Result<(), String> {
    attempt(case, rules).map_err(|what| format!("{}:{}\n{what}", case.file.display(), case.line))
}

fn attempt(case: &Case, rules: &Arc<RulePack>) -> Result<(), String> {
    let lair = tempfile::Builder::new().prefix("muster-corpus-").tempdir().map_err(|e| e.to_string())?;
    let folder = lair.path().join(FOLDER);
    for laid in &case.files {
        let path = folder.join(&laid.path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|e| format!("{}: {e}", laid.path))?;
        std::fs::write(&path, &laid.text).map_err(|e| format!("{}: {e}", laid.path))?;
    }
    let mut rows = if case.marked.is_empty() { Vec::new() } else { lines(case, &folder, rules)? };
    if !case.claims.is_empty() {
        rows.extend(hold(&case.claims, &inventory(&folder, lair.path())?));
    }
    if rows.iter().all(|row| row.holds) { Ok(()) } else { Err(table(&rows)) }
}

fn inventory(folder: &Path, home: &Path) -> Result<Inventory, String> {
    let mut command = muster(home);
    command.arg("scan").arg(folder).args(["--format", "json"]);
    if let Some(rules) = setting("MUSTER_CORPUS_RULES") {
        command.arg("--rules").arg(rules);
    }
    let output = command.output().map_err(|e| e.to_string())?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("`muster scan` ended with {}:\n{said}", output.status));
    }
    serde_json::from_str(&printed)
        .map_err(|error| format!("`muster scan` prints no inventory: {error}\n{said}"))
}

/// What the rules say about the marked lines.
fn lines(case: &Case, folder: &Path, rules: &Arc<RulePack>) -> Result<Vec<Row>, String> {
    let target = Target::parse(&folder.to_string_lossy()).map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| e.to_string())?;
    let outcome = runtime
        .block_on(conformance::scan(&CodeCollector, &target, &Context::new(Arc::clone(rules))))
        .map_err(|error| format!("the collector fails: {error}"))?;
    let evidence: Vec<&Evidence> =
        outcome.observations.iter().flat_map(|observation| seen(&observation.fact)).collect();
    Ok(case.marked.iter().map(|marked| row(marked, &evidence)).collect())
}

fn row(marked: &Marked, evidence: &[&Evidence]) -> Row {
    let here: BTreeSet<&str> = evidence
        .iter()
        .filter(|e| e.place.path.as_ref() == Some(&marked.path) && e.place.line == Some(marked.line))
        .filter_map(|e| e.rule.as_deref())
        .collect();
    let mut expected = format!("{}:{} ", marked.path, marked.line);
    let holds = if marked.rules.is_empty() {
        expected.push_str("no rule");
        here.is_empty()
    } else {
        let _ = write!(expected, "{}", marked.rules.join(", "));
        marked.rules.iter().all(|rule| here.contains(rule.as_str()))
    };
    Row { holds, expected, found: here.into_iter().map(str::to_owned).collect() }
}

/// Every piece of evidence of an observation.
fn seen(fact: &Fact) -> Vec<&Evidence> {
    let evidence: &[Evidence] = match fact {
        Fact::Component(Component { evidence, tools, .. }) => {
            return tools.iter().flat_map(|tool| &tool.evidence).chain(evidence).collect();
        }
        Fact::Identity(Identity { evidence, .. })
        | Fact::Model(Model { evidence, .. })
        | Fact::Control(Control { evidence, .. })
        | Fact::Tool(Tool { evidence, .. })
        | Fact::Trigger(Trigger { evidence, .. }) => evidence,
        Fact::Criterion { evidence, .. } => std::slice::from_ref(evidence),
        Fact::System { .. }
        | Fact::Deployment(_)
        | Fact::Owner(_)
        | Fact::Purpose(_)
        | Fact::Claimed(_)
        | Fact::Key(_) => &[],
    };
    evidence.iter().collect()
}
