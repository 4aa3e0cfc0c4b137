//! Templates of CloudFormation, and of SAM, which extends it: schedules, queues and events, and what they start.

use asmm_model::TriggerKind as T;

use super::commands::single;
use super::containers::{TASK, container_command, image};
use super::handlers::likely_folders;
use super::serverless::{resource, sam};
use super::{Collection, Command, CommandKind, shell};
use crate::document::{Node, ReadError, Value};

/// References kept of one value.
const MAX_REFERENCES: usize = 50;

/// Whether a file may be such a template: fast, and never wrongly `false` for the usual ways to write one.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    const TYPES: [&[u8]; 5] = [
        b"AWS::Events::Rule",
        b"AWS::Scheduler::Schedule",
        b"AWS::Lambda::EventSourceMapping",
        b"AWS::Lambda::Function",
        b"AWS::Serverless::Function",
    ];
    let bytes = &bytes[..bytes.len().min(crate::document::MAX_BYTES)];
    memchr::memmem::find(bytes, b"Resources").is_some()
        && TYPES.iter().any(|kind| memchr::memmem::find(bytes, kind).is_some())
}

/// Reads the resources of a template; those without functions and schedules start nothing.
pub(super) fn read(
    document: &Node,
    (path, folder): (&str, &str),
    found: &mut Collection,
) -> Result<(), ReadError> {
    sam(document, folder, found)?;
    let template = Template { document, path, folder };
    for entry in document.entries_at(&["Resources"]) {
        let Some(kind) = entry.node.text_at(&["Type"]) else { continue };
        let Some(properties) = entry.node.get("Properties") else { continue };
        template.resource((&entry.key, kind), entry.line, properties, found)?;
    }
    Ok(())
}

struct Template<'a> {
    document: &'a Node,
    path: &'a str,
    folder: &'a str,
}

impl Template<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}#{name}", self.path)
    }

    /// Resources of the template that a value names.
    fn references(&self, node: Option<&Node>) -> Vec<Command> {
        let mut names = Vec::new();
        if let Some(node) = node {
            self.collect(node, &mut names);
        }
        names
            .into_iter()
            .map(|(name, line)| single(self.key(&name), line, self.folder, CommandKind::Named))
            .collect()
    }

    fn collect(&self, node: &Node, found: &mut Vec<(String, u32)>) {
        match &node.value {
            Value::Text(text) => {
                // `Name`, `Name.Arn`, and `${Name.Arn}` within a text.
                let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
                for word in words.filter_map(|word| word.split('.').next()) {
                    let declared = self.document.at(&["Resources", word]).is_some();
                    if declared && found.len() < MAX_REFERENCES {
                        found.push((word.to_owned(), node.line));
                    }
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.collect(item, found)),
            Value::Table(entries) => entries.iter().for_each(|entry| self.collect(&entry.node, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn resource(
        &self,
        (name, kind): (&str, &str),
        line: u32,
        properties: &Node,
        found: &mut Collection,
    ) -> Result<(), ReadError> {
        let line_of = |key: &str| properties.entry(key).map_or(line, |e| e.line);
        let text_of = |key: &str| properties.text_at(&[key]).unwrap_or_default();
        let label = Some(name);
        match kind {
            "AWS::Events::Rule" => {
                let runs: Vec<Command> =
                    properties.items_at(&["Targets"]).iter().flat_map(|target| self.target(target)).collect();
                let (trigger, key) = if properties.get("ScheduleExpression").is_some() {
                    (T::Schedule, "ScheduleExpression")
                } else {
                    (T::Event, "EventPattern")
                };
                found.add((trigger, text_of(key), line_of(key)), label, &runs)
            }
            "AWS::Scheduler::Schedule" => {
                let runs = properties.get("Target").map_or_else(Vec::new, |target| self.target(target));
                let key = "ScheduleExpression";
                found.add((T::Schedule, text_of(key), line_of(key)), label, &runs)
            }
            "AWS::Lambda::EventSourceMapping" => {
                let value = properties.get("EventSourceArn").map_or_else(String::new, resource);
                let runs = self.references(properties.get("FunctionName"));
                found.add((T::Queue, &value, line_of("EventSourceArn")), label, &runs)
            }
            "AWS::SNS::Subscription" if text_of("Protocol") == "lambda" => {
                let value = properties.get("TopicArn").map_or_else(String::new, resource);
                let runs = self.references(properties.get("Endpoint"));
                found.add((T::Event, &value, line_of("TopicArn")), label, &runs)
            }
            "AWS::S3::Bucket" => {
                for one in properties.items_at(&["NotificationConfiguration", "LambdaConfigurations"]) {
                    found.add((T::Event, name, one.line), label, &self.references(one.get("Function")))?;
                }
                Ok(())
            }
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
                found.name(self.key(name), &self.function(properties), line)
            }
            "AWS::Lambda::Alias" | "AWS::Lambda::Version" => {
                found.name(self.key(name), &self.references(properties.get("FunctionName")), line)
            }
            "AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine" => {
                let keys = ["Definition", "DefinitionString", "DefinitionSubstitutions"];
                let runs: Vec<Command> =
                    keys.iter().flat_map(|key| self.references(properties.get(key))).collect();
                found.name(self.key(name), &runs, line)
            }
            "AWS::ECS::TaskDefinition" => {
                let containers = properties.items_at(&["ContainerDefinitions"]);
                let lower = |node: &Node| lower_keys(node);
                let runs: Vec<Command> = containers
                    .iter()
                    .flat_map(|container| container_command(&lower(container), self.folder, TASK))
                    .collect();
                found.name(self.key(name), &runs, line)
            }
            _ => Ok(()),
        }
    }

    /// A target of a schedule: a function or state machine, or a task of a cluster.
    fn target(&self, target: &Node) -> Vec<Command> {
        let mut runs = self.references(target.get("Arn"));
        runs.extend(self.references(target.at(&["EcsParameters", "TaskDefinitionArn"])));
        runs
    }

    fn function(&self, properties: &Node) -> Vec<Command> {
        let property =
            |name: &str| properties.get(name).or_else(|| self.document.at(&["Globals", "Function", name]));
        let picture = properties.at(&["Code", "ImageUri"]).or_else(|| property("ImageUri"));
        if let Some(uri) = picture {
            return image(uri, self.folder).into_iter().collect();
        }
        let Some((handler, line)) = property("Handler").and_then(|h| Some((h.text()?, h.line))) else {
            return Vec::new();
        };
        let code = property("Code").or_else(|| property("CodeUri"));
        match code.and_then(Node::text).filter(|uri| !uri.contains("://")) {
            Some(path) => {
                vec![single(handler, line, &shell::join(self.folder, path), CommandKind::Handler)]
            }
            // An archive that something else put into a bucket; source in the template is no file.
            None if code.is_some_and(|c| c.get("ZipFile").is_some()) => Vec::new(),
            None => likely_folders(self.folder)
                .into_iter()
                .map(|folder| single(handler, line, &folder, CommandKind::LikelyHandler))
                .collect(),
        }
    }
}

/// A container of a task, with its keys as the API writes them.
fn lower_keys(node: &Node) -> Node {
    let entries = node.entries().iter().map(|entry| {
        let mut entry = entry.clone();
        entry.key = match entry.key.as_str() {
            "EntryPoint" => "entryPoint".to_owned(),
            "Command" => "command".to_owned(),
            "Image" => "image".to_owned(),
            "WorkingDirectory" => "workingDirectory".to_owned(),
            _ => return entry,
        };
        entry
    });
    Node { line: node.line, value: Value::Table(entries.collect()) }
}
