//! Managed identities and role assignments of Bicep files.

use std::sync::Arc;

use asmm_model::IdentityKind;
use muster_rules::RulePack;

use super::permissions::spoken;
use super::{Declaration, Part, credential};
use crate::document::bicep::Declared;
use crate::document::{Node, Value};
use crate::infrastructure::Format;

/// One of these stands in every file that is read here.
pub(super) const MARKS: [&str; 2] = ["Microsoft.ManagedIdentity/", "Microsoft.Authorization/roleAssignments"];

pub(super) fn declarations(pack: &RulePack, declared: &[Declared], path: &Arc<str>) -> Vec<Declaration> {
    let found = declared.iter().filter_map(|one| {
        let part = match one.kind.as_str() {
            "Microsoft.ManagedIdentity/userAssignedIdentities" => {
                Part::Principal(IdentityKind::ServiceAccount)
            }
            "Microsoft.Authorization/roleAssignments" => Part::Grant,
            "Microsoft.App/containerApps" | "Microsoft.App/jobs" | "Microsoft.Web/sites" => Part::Workload,
            // The id of a role is often kept under a name.
            "" => Part::Policy,
            _ => return None,
        };
        let mut refers = Vec::new();
        words(&one.body, &mut |word| {
            if word != one.name && declared.iter().any(|other| other.name == word) {
                refers.push(format!("{path}#{word}"));
            }
        });
        Some(Declaration {
            format: Format::Azure,
            part,
            kind: one.kind.clone(),
            name: one.name.clone(),
            address: format!("{path}#{}", one.name),
            path: Arc::clone(path),
            line: one.line,
            refers,
            speaks: if part == Part::Workload { credential(pack, &one.body) } else { spoken(&one.body) },
            runs: Vec::new(),
            stands_for: Vec::new(),
        })
    });
    found.collect()
}

/// The words of all expressions; a key may be one as well.
fn words(node: &Node, put: &mut dyn FnMut(&str)) {
    let each = |text: &str, put: &mut dyn FnMut(&str)| {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).for_each(put);
    };
    match &node.value {
        Value::Text(text) if text.contains("${") => each(text, put),
        Value::List(items) => items.iter().for_each(|item| words(item, put)),
        Value::Table(entries) => {
            for entry in entries {
                if entry.key.contains("${") {
                    each(&entry.key, put);
                }
                words(&entry.node, put);
            }
        }
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
