//! AI that infrastructure code declares: managed agents, their tools and models, by the types of resources that rules
//! know.

mod agents;
mod cloudformation;
mod terraform;

use std::sync::Arc;

use muster_rules::RulePack;

use crate::document::{Node, ReadError, reading};
use crate::starters::has_extension;

pub(crate) use agents::{Action, Agent, Agents};
pub(crate) use terraform::Wiring;

/// How resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Format {
    /// `resource "type" "name" {}`, and `data` in front of the type for what is only looked up.
    Terraform,
    /// `Type: AWS::…` below `Resources`.
    CloudFormation,
}

impl Format {
    /// The format of a file, by its path.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if has_extension(name, &["tf"]) || name.ends_with(".tf.json") {
            Some(Self::Terraform)
        } else if has_extension(name, &["yaml", "yml", "json", "template"]) {
            Some(Self::CloudFormation)
        } else {
            None
        }
    }

    /// What rules call it.
    fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::CloudFormation => "cloudformation",
        }
    }
}

/// A resource of a type that a rule knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) format: Format,
    /// Its type: `aws_bedrockagent_agent`, `data.aws_bedrock_foundation_model`, `AWS::Bedrock::Agent`.
    pub(crate) kind: String,
    /// What the file calls it.
    pub(crate) name: String,
    pub(crate) path: Arc<str>,
    pub(crate) line: u32,
    /// What is set.
    pub(crate) body: Node,
}

impl Resource {
    /// Rules that speak about its type.
    pub(crate) fn rules<'p>(&self, pack: &'p RulePack) -> &'p [u32] {
        pack.resource(self.format.name(), &self.kind)
    }
}

/// The resources of a file whose types rules know. Files without any are not parsed.
pub(crate) fn resources(pack: &RulePack, path: &Arc<str>, bytes: &[u8]) -> Result<Vec<Resource>, ReadError> {
    let Some(format) = Format::of(path) else { return Ok(Vec::new()) };
    if !mentions(pack, format, bytes) {
        return Ok(Vec::new());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(Vec::new()) };
    let document = reading::by_name(path, text)?;
    let mut found = match format {
        Format::Terraform => terraform::resources(&document, path),
        Format::CloudFormation => cloudformation::resources(&document, path),
    };
    found.retain(|resource| !resource.rules(pack).is_empty());
    Ok(found)
}

/// Whether a file names a type that rules know.
fn mentions(pack: &RulePack, format: Format, bytes: &[u8]) -> bool {
    let begins: &[u8] = match format {
        Format::Terraform => b"\"",
        Format::CloudFormation => b"AWS::",
    };
    let of_type = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':');
    memchr::memmem::find_iter(bytes, begins).any(|at| {
        let from = if format == Format::Terraform { at + 1 } else { at };
        let rest = &bytes[from..];
        let end = rest.iter().position(|b| !of_type(b)).unwrap_or(rest.len());
        std::str::from_utf8(&rest[..end]).is_ok_and(|kind| {
            let knows = |kind: &str| !pack.resource(format.name(), kind).is_empty();
            knows(kind) || (format == Format::Terraform && knows(&format!("data.{kind}")))
        })
    })
}
