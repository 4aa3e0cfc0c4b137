//! Principals of CloudFormation templates, and of SAM, which extends it.

use std::sync::Arc;

use asmm_model::IdentityKind;
use muster_rules::RulePack;

use super::permissions::spoken;
use super::{Declaration, Known, Part, called, credential};
use crate::document::{Node, Value};
use crate::infrastructure::{Format, cloudformation};
use crate::program::parent;
use crate::starters::{Command, CommandKind};

/// One of these stands in every file that is read here.
pub(super) const MARKS: [&str; 3] =
    ["AWS::IAM::", "AWS::Cognito::UserPoolClient", "AWS::Serverless::Function"];

/// Types of resources that are principals.
pub(super) const PRINCIPALS: [(&str, IdentityKind); 3] = [
    ("AWS::IAM::Role", IdentityKind::CloudRole),
    ("AWS::IAM::User", IdentityKind::CloudUser),
    ("AWS::Cognito::UserPoolClient", IdentityKind::OauthClient),
];

pub(super) fn declarations(pack: &RulePack, document: &Node, path: &Arc<str>) -> Vec<Declaration> {
    let names = document.entries_at(&["Resources"]);
    let found = cloudformation::resources(document, path).into_iter().filter_map(|resource| {
        let principal = PRINCIPALS.iter().find(|(kind, _)| *kind == resource.kind);
        let part = match resource.kind.as_str() {
            // It names the roles that it is given to.
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => Part::Grant,
            "AWS::Lambda::Function" | "AWS::Serverless::Function" | "AWS::ECS::TaskDefinition" => {
                Part::Workload
            }
            _ => Part::Principal(principal?.1),
        };
        let mut refers = Vec::new();
        words(&resource.body, &mut |word| {
            if word != resource.name && names.iter().any(|entry| entry.key == word) {
                refers.push(format!("{path}#{word}"));
            }
        });
        let is_workload = part == Part::Workload;
        Some(Declaration {
            format: Format::CloudFormation,
            part,
            address: format!("{path}#{}", resource.name),
            path: Arc::clone(path),
            line: resource.line,
            refers,
            speaks: if is_workload { credential(pack, &resource.body) } else { spoken(&resource.body) },
            runs: if is_workload {
                vec![Command {
                    text: format!("{path}#{}", resource.name),
                    line: resource.line,
                    folder: parent(path).to_owned(),
                    kind: CommandKind::Named,
                }]
            } else {
                Vec::new()
            },
            stands_for: Vec::new(),
            known: known(&resource.kind, &resource.body).into_iter().collect(),
            kind: resource.kind,
            name: resource.name,
        })
    });
    found.collect()
}

/// What the cloud calls it, where a name is given.
fn known(kind: &str, properties: &Node) -> Option<Known> {
    let (kind, key) = match kind {
        "AWS::IAM::Role" => ("role", "RoleName"),
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => ("function", "FunctionName"),
        "AWS::ECS::TaskDefinition" => ("task", "Family"),
        _ => return None,
    };
    called(kind, properties.entry(key))
}

/// The words of all texts: `Name`, `Name.Arn`, and `${Name.Arn}` within a text.
pub(crate) fn words(node: &Node, put: &mut dyn FnMut(&str)) {
    match &node.value {
        Value::Text(text) => text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
            .filter_map(|word| word.split('.').next())
            .for_each(put),
        Value::List(items) => items.iter().for_each(|item| words(item, put)),
        Value::Table(entries) => entries.iter().for_each(|entry| words(&entry.node, put)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
