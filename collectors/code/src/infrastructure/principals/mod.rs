//! Principals that infrastructure code declares: roles, service accounts and clients, what lets them ask a model, and what
//! runs under them.
//!
//! Most of them have nothing to do with AI. What is kept of each is therefore small, and is told only where all files
//! together tie it to something that asks a model.

mod azure;
mod cloudformation;
mod kubernetes;
mod permissions;
mod terraform;

use std::sync::Arc;

use asmm_model::{Claim, IdentityKind};
use muster_rules::RulePack;

use super::{Contents, Format};
use crate::document::manifest::Documents;
use crate::document::template::HOLE;
use crate::document::{Entry, Node, Value};
use crate::starters::Command;

pub(crate) use cloudformation::words;
pub(super) use kubernetes::{kind_of as kubernetes_kind, object};
pub(crate) use permissions::permission;

/// Declarations of one file that are kept.
const MOST: usize = 2_000;
/// References of one declaration that are kept.
const MOST_REFERENCES: usize = 50;
/// Bytes of a name or a reference.
const LONGEST: usize = 200;

/// What a declaration has to do with principals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Somebody who is not a person.
    Principal(IdentityKind),
    /// What may be done, to be given to somebody.
    Policy,
    /// Gives a policy, or what it says itself, to the principals that it names.
    Grant,
    /// Runs under the principals that it names.
    Workload,
}

/// What something is known by where it runs: a claim, the value that stands in the file, and its line.
pub(crate) type Known = (Claim, String, u32);

/// A declaration of infrastructure code that has to do with principals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) format: Format,
    pub(crate) part: Part,
    /// Its type, as rules call it.
    pub(crate) kind: String,
    /// What the file calls it.
    pub(crate) name: String,
    /// What others refer to it by.
    pub(crate) address: String,
    pub(crate) path: Arc<str>,
    pub(crate) line: u32,
    /// Addresses that it refers to, as they are written.
    pub(crate) refers: Vec<String>,
    /// Where it speaks of asking a model: the permission, or the credential that a workload is given.
    pub(crate) speaks: Option<(String, u32)>,
    /// What a workload runs; names in it are followed when all files are read.
    pub(crate) runs: Vec<Command>,
    /// Principals of a cloud that a service account stands for, by name or ARN.
    pub(crate) stands_for: Vec<(IdentityKind, String, u32)>,
    /// What it is known by where it runs.
    pub(crate) known: Vec<Known>,
}

impl Declaration {
    /// What a principal is called: as the cloud knows a role, where the file says that, and as the file does otherwise.
    pub(crate) fn title(&self) -> &str {
        let known = self.known.iter().find_map(|(_, value, _)| value.strip_prefix("aws/role/"));
        let is_role = self.part == Part::Principal(IdentityKind::CloudRole);
        known.filter(|_| is_role).unwrap_or(match self.format {
            Format::Terraform => &self.address,
            Format::CloudFormation | Format::Kubernetes | Format::Azure => &self.name,
        })
    }
}

/// Every declaration of a file. A workload is asked for the credentials that rules know.
pub(super) fn declarations(
    pack: &RulePack,
    format: Format,
    contents: &Contents,
    path: &Arc<str>,
) -> Vec<Declaration> {
    let mut found: Vec<Declaration> = match contents {
        Contents::Bicep(declared) => azure::declarations(pack, declared, path),
        Contents::Documents(documents) | Contents::Manifest(Documents { all: documents, .. }) => documents
            .iter()
            .flat_map(|document| match format {
                Format::Terraform => terraform::declarations(pack, document, path),
                Format::CloudFormation => cloudformation::declarations(pack, document, path),
                Format::Kubernetes => kubernetes::declarations(pack, document, path),
                // What refers to what is computed in the JSON that Bicep is compiled to.
                Format::Azure => Vec::new(),
            })
            .collect(),
    };
    found.truncate(MOST);
    for declaration in &mut found {
        declaration.name.truncate(declaration.name.floor_char_boundary(LONGEST));
        declaration.refers.retain(|reference| reference.len() <= LONGEST);
        declaration.refers.sort();
        declaration.refers.dedup();
        declaration.refers.truncate(MOST_REFERENCES);
        declaration.known.retain(|(_, value, _)| value.len() <= LONGEST && !value.contains(HOLE));
        declaration.known.truncate(MOST_REFERENCES);
    }
    found
}

/// The name that a cloud knows a resource by, where the file says it.
pub(super) fn called(kind: &str, name: Option<&Entry>) -> Option<Known> {
    let name = name?;
    let text = name.node.text().filter(|text| !text.is_empty() && !text.contains(['$', '{', '%']))?;
    Some((Claim::Declares, format!("aws/{kind}/{text}"), name.line))
}

/// Whether a file may declare any: fast, and never wrongly `false`.
pub(super) fn concerns(format: Format, bytes: &[u8]) -> bool {
    let has = |mark: &&str| memchr::memmem::find(bytes, mark.as_bytes()).is_some();
    match format {
        Format::Terraform => terraform::MARKS.iter().any(has),
        Format::CloudFormation => cloudformation::MARKS.iter().any(has),
        Format::Kubernetes => kubernetes::MARKS.iter().any(has),
        Format::Azure => azure::MARKS.iter().any(has),
    }
}

/// The first credential of a model's provider that a value names: as a key, or as the name of a variable.
fn credential(pack: &RulePack, node: &Node) -> Option<(String, u32)> {
    // The keys of a cloud open everything else as well.
    let known = |name: &str| {
        !name.starts_with("AWS_")
            && !name.starts_with("GOOGLE_APPLICATION_")
            && !pack.credential(name).is_empty()
    };
    match &node.value {
        Value::Text(text) => known(text).then(|| (text.clone(), node.line)),
        Value::List(items) => items.iter().find_map(|item| credential(pack, item)),
        Value::Table(entries) => entries.iter().find_map(|entry| {
            if known(&entry.key) {
                Some((entry.key.clone(), entry.line))
            } else {
                credential(pack, &entry.node)
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
