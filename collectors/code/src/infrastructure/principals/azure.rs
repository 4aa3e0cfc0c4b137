//! Managed identities and role assignments of Bicep files.

use std::collections::BTreeSet;
use std::sync::Arc;

use asmm_model::IdentityKind;
use muster_rules::RulePack;

use super::permissions::spoken;
use super::{Declaration, Part, credential};
use crate::document::bicep::Declared;
use crate::document::{Node, Value};
use crate::infrastructure::Format;

/// One of these stands in every file that is read here.
pub(super) const MARKS: [&str; 4] =
    ["Microsoft.ManagedIdentity/", "Microsoft.Authorization/roleAssignments", "SystemAssigned", "rincipalId"];

pub(super) fn declarations(pack: &RulePack, declared: &[Declared], path: &Arc<str>) -> Vec<Declaration> {
    let names: BTreeSet<&str> = declared.iter().map(|one| one.name.as_str()).collect();
    let mut identities = BTreeSet::new();
    for one in declared {
        named_identities(&one.body, &mut identities);
    }
    let mut found = Vec::new();
    for one in declared {
        let part = match one.kind.as_str() {
            "Microsoft.ManagedIdentity/userAssignedIdentities" => {
                Some(Part::Principal(IdentityKind::ServiceAccount))
            }
            "Microsoft.Authorization/roleAssignments" => Some(Part::Grant),
            "Microsoft.App/containerApps" | "Microsoft.App/jobs" | "Microsoft.Web/sites" => {
                Some(Part::Workload)
            }
            // The id of a role is often kept under a name.
            "" => Some(Part::Policy),
            // A module that is given a role assigns it.
            _ if one.what == "module" && spoken(&one.body).is_some() => Some(Part::Grant),
            _ => None,
        };
        let address = format!("{path}#{}", one.name);
        // What gets an identity of its own, which goes when it goes.
        let is_principal = !one.exists
            && match one.what {
                "resource" => has_own_identity(&one.body),
                "module" => identities.contains(one.name.as_str()),
                _ => false,
            };
        let mut refers = Vec::new();
        if part.is_some() {
            words(&one.body, &mut |word| {
                if word != one.name && names.contains(word) {
                    refers.push(format!("{path}#{word}"));
                }
            });
            if is_principal {
                refers.push(address.clone());
            }
        }
        let speaks = match part {
            Some(Part::Workload) => credential(pack, &one.body),
            Some(_) => spoken(&one.body),
            None => None,
        };
        let declaration = |part, refers, speaks| Declaration {
            format: Format::Azure,
            part,
            kind: if one.what == "module" { "module".to_owned() } else { one.kind.clone() },
            name: one.name.clone(),
            address: address.clone(),
            path: Arc::clone(path),
            line: one.line,
            refers,
            speaks,
            runs: Vec::new(),
            stands_for: Vec::new(),
            known: Vec::new(),
        };
        if is_principal {
            let part = Part::Principal(IdentityKind::ServiceAccount);
            found.push(declaration(part, Vec::new(), None));
        }
        found.extend(part.map(|part| declaration(part, refers, speaks)));
    }
    found
}

/// `identity: { type: 'SystemAssigned' }`
fn has_own_identity(body: &Node) -> bool {
    body.get("identity")
        .and_then(|identity| identity.get("type"))
        .is_some_and(|kind| matches!(&kind.value, Value::Text(text) if text.contains("SystemAssigned")))
}

/// The modules whose identities a value names: `api.outputs.identityPrincipalId`.
fn named_identities<'n>(node: &'n Node, found: &mut BTreeSet<&'n str>) {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match &node.value {
        Value::Text(text) => {
            for (at, mark) in text.match_indices(".outputs.") {
                let output = &text[at + mark.len()..];
                let output = output.split(|c| !of_name(c)).next().unwrap_or_default();
                if output.to_ascii_lowercase().ends_with("principalid") {
                    let module = text[..at].rsplit(|c| !of_name(c)).next();
                    found.extend(module.filter(|name| !name.is_empty()));
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| named_identities(item, found)),
        Value::Table(entries) => entries.iter().for_each(|entry| named_identities(&entry.node, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
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
