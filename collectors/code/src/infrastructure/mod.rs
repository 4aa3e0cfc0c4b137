//! AI that infrastructure code declares: managed agents, their tools and models, by the types of resources that rules
//! know, and the principals that these act under.

mod agents;
mod azure;
mod cloudformation;
mod kagent;
mod kubernetes;
mod principals;
mod terraform;

use std::sync::Arc;

use muster_rules::RulePack;

use crate::document::manifest::{self, Documents};
use crate::document::{Node, ReadError, bicep, reading};
use crate::starters::has_extension;

pub(crate) use agents::{Action, Agent, Agents};
pub(crate) use principals::{Declaration, Known, Part, permission, words};
pub(crate) use terraform::{Wiring, references};

/// How resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Format {
    /// `resource "type" "name" {}`, and `data` in front of the type for what is only looked up.
    Terraform,
    /// `Type: AWS::…` below `Resources`.
    CloudFormation,
    /// `kind: …` of an object, behind its group where that is not one of Kubernetes itself.
    Kubernetes,
    /// `resource name 'Microsoft.…@version' = {}` of Bicep, and the JSON that it is compiled to.
    Azure,
}

impl Format {
    /// The formats that a file may have, by its path.
    pub(crate) fn of(path: &str) -> &'static [Self] {
        let name = path.rsplit('/').next().unwrap_or(path);
        if has_extension(name, &["tf"]) || name.ends_with(".tf.json") {
            &[Self::Terraform]
        } else if has_extension(name, &["yaml", "yml"]) {
            &[Self::CloudFormation, Self::Kubernetes]
        } else if has_extension(name, &["json"]) {
            &[Self::CloudFormation, Self::Azure]
        } else if has_extension(name, &["template"]) {
            &[Self::CloudFormation]
        } else if has_extension(name, &["bicep"]) {
            &[Self::Azure]
        } else {
            &[]
        }
    }

    /// What rules call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::CloudFormation => "cloudformation",
            Self::Kubernetes => "kubernetes",
            Self::Azure => "azure",
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

    /// What a managed agent is known by where it runs, and the line that says so.
    pub(crate) fn known_as(&self) -> Option<(String, u32)> {
        let (kind, key) = match self.kind.as_str() {
            "aws_bedrockagent_agent" => ("agent", "agent_name"),
            "AWS::Bedrock::Agent" => ("agent", "AgentName"),
            "aws_bedrockagentcore_agent_runtime" => ("agent-runtime", "agent_runtime_name"),
            "AWS::BedrockAgentCore::Runtime" => ("agent-runtime", "AgentRuntimeName"),
            _ if self.format == Format::Kubernetes => return principals::object(&self.kind, &self.body),
            _ => return None,
        };
        principals::called(kind, self.body.entry(key)).map(|(_, value, line)| (value, line))
    }
}

/// What a file says, read as its format asks.
enum Contents {
    Documents(Vec<Node>),
    Manifest(Documents),
    Bicep(Vec<bicep::Declared>),
}

impl Contents {
    fn read(format: Format, path: &str, text: &str) -> Result<Self, ReadError> {
        Ok(match format {
            Format::Kubernetes => Self::Manifest(manifest::documents(text)),
            Format::Azure if has_extension(path, &["bicep"]) => Self::Bicep(bicep::parse(text)?),
            Format::Terraform | Format::CloudFormation | Format::Azure => {
                Self::Documents(vec![reading::by_name(path, text)?])
            }
        })
    }

    fn resources(&self, format: Format, path: &Arc<str>) -> Vec<Resource> {
        let documents = match self {
            Self::Bicep(declared) => return azure::of_bicep(declared, path),
            Self::Documents(documents) | Self::Manifest(Documents { all: documents, .. }) => documents.iter(),
        };
        let of_document = |document: &Node| match format {
            Format::Terraform => terraform::resources(document, path),
            Format::CloudFormation => cloudformation::resources(document, path),
            Format::Kubernetes => kubernetes::resources(document, path).into_iter().collect(),
            Format::Azure => azure::of_template(document, path),
        };
        documents.flat_map(of_document).collect()
    }
}

/// What one file declares.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Resources of types that rules know.
    pub(crate) resources: Vec<Resource>,
    /// What has to do with principals.
    pub(crate) principals: Vec<Declaration>,
    /// Why a part of the file could not be read.
    pub(crate) unread: Option<ReadError>,
}

/// What a file declares. Files that name no type that is of interest are not parsed.
pub(crate) fn declared(pack: &RulePack, path: &Arc<str>, bytes: &[u8]) -> Result<Declared, ReadError> {
    let mut found = Declared::default();
    for format in Format::of(path) {
        let concerns = principals::concerns(*format, bytes);
        if !concerns && !mentions(pack, *format, bytes) {
            continue;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return Ok(found) };
        let contents = Contents::read(*format, path, text)?;
        let resources = contents.resources(*format, path).into_iter();
        found.resources.extend(resources.filter(|resource| !resource.rules(pack).is_empty()));
        if concerns {
            found.principals.extend(principals::declarations(pack, *format, &contents, path));
        }
        if let Contents::Manifest(Documents { unread: Some(error), .. }) = contents {
            found.unread.get_or_insert(error);
        }
    }
    Ok(found)
}

/// Whether a file names a type that rules know.
fn mentions(pack: &RulePack, format: Format, bytes: &[u8]) -> bool {
    let begins: &[u8] = match format {
        Format::Terraform => b"\"",
        Format::CloudFormation => b"AWS::",
        Format::Azure => b"Microsoft.",
        Format::Kubernetes => b"kind:",
    };
    let of_type = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.' | b'/');
    // Modules that others publish name the type in their own way.
    if format == Format::Azure && memchr::memmem::find(bytes, b"avm/res/").is_some() {
        return true;
    }
    memchr::memmem::find_iter(bytes, begins).any(|at| {
        let is_part = matches!(format, Format::CloudFormation | Format::Azure);
        let from = if is_part { at } else { at + begins.len() };
        let rest = bytes[from..].trim_ascii_start();
        let end = rest.iter().position(|b| !of_type(b)).unwrap_or(rest.len());
        std::str::from_utf8(&rest[..end]).is_ok_and(|kind| {
            let knows = |kind: &str| !pack.resource(format.name(), kind).is_empty();
            match format {
                Format::Terraform => knows(kind) || knows(&format!("data.{kind}")),
                // A part of a type is within another resource.
                Format::CloudFormation | Format::Azure => knows(kind),
                // The group stands elsewhere.
                Format::Kubernetes => {
                    pack.resources(format.name()).any(|known| known.rsplit('/').next() == Some(kind))
                }
            }
        })
    })
}
