//! Barriers in the page that a session shows, as axe-core finds them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::session::Session;
use crate::site;

/// The engine, as one script.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let script = site::packages().join("node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(script).expect("the package holds its script")
});

/// The levels A and AA of WCAG 2.0, 2.1 and 2.2, and what is good practice beyond.
const TAGS: [&str; 7] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/// Every rule with such a tag, also one that axe leaves out unless it is asked for.
const RUN: &str = "
    const [tags, done] = arguments;
    const rules = axe.getRules(tags)
        .filter(rule => !rule.tags.includes('experimental') && !rule.tags.includes('deprecated'))
        .map(rule => rule.ruleId);
    axe.run(document, { runOnly: { type: 'rule', values: rules }, resultTypes: ['violations'] }).then(
        result => done({ rules: rules.length, violations: result.violations }),
        error => done({ error: String(error) }));";

/// How many rules there are at least: fewer would mean that the tags no longer name them.
const RULES: u64 = 80;

/// How much of an element is shown, in characters.
const SHOWN: usize = 300;

impl Session {
    /// The barriers in the page as it is now: `rule: help: target: html`, one for each element.
    ///
    /// It also works under a policy that allows no script, and where no script of a page runs.
    ///
    /// # Panics
    /// Where the packages of npm cannot be installed, or the engine fails.
    pub fn axe(&self) -> Vec<String> {
        if self.run("return typeof axe") != "object" {
            self.run(&AXE);
        }
        let found = self.with_timers(|| self.tell("/execute/async", &json!({"script": RUN, "args": [TAGS]})));
        if found["rules"].as_u64().is_none_or(|rules| rules < RULES) {
            self.fail(&format!("axe-core failed: {found}"));
        }
        let mut all = Vec::new();
        for violation in found["violations"].as_array().into_iter().flatten() {
            let [rule, help] = ["id", "help"].map(|field| violation[field].as_str().unwrap_or_default());
            for node in violation["nodes"].as_array().into_iter().flatten() {
                let html = node["html"].as_str().unwrap_or_default();
                let shown: String = html.chars().take(SHOWN).collect();
                all.push(format!("{rule}: {help}: {}: {shown}", target(&node["target"])));
            }
        }
        all
    }
}

/// Where an element is: a selector, or several, where it lies in a frame.
fn target(path: &Value) -> String {
    let steps = path.as_array().into_iter().flatten();
    steps
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
        .collect::<Vec<_>>()
        .join(" ")
}
