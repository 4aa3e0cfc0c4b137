//! Terraform: schedules, queues and events, and the functions, jobs and containers that they start.
//!
//! A module is a folder, and any file of it may name what another one declares: references become names, and
//! [`super::links`] follows them when all files are read.

use asmm_model::TriggerKind as T;

use super::commands::single;
use super::containers::{Keys, POD, TASK, container_command, image};
use super::handlers::likely_folders;
use super::{Collection, Command, CommandKind, folder_of, name_of, reading, shell};
use crate::document::hcl::{all, blocks};
use crate::document::{Node, ReadError, Value};

/// Types of resources that run code or lead to something that does.
const RUNNABLE: [&str; 15] = [
    "aws_cloudwatch_event_rule",
    "aws_ecs_task_definition",
    "aws_lambda_alias",
    "aws_lambda_function",
    "aws_sfn_state_machine",
    "azurerm_container_app_job",
    "azurerm_logic_app_workflow",
    "google_cloud_run_service",
    "google_cloud_run_v2_job",
    "google_cloud_run_v2_service",
    "google_cloudfunctions2_function",
    "google_cloudfunctions_function",
    "google_pubsub_topic",
    "google_workflows_workflow",
    "module",
];
/// References kept of one value.
const MAX_REFERENCES: usize = 50;

/// Whether a Terraform file may declare anything that is read here.
pub(super) fn concerns(text: &str) -> bool {
    const OTHERS: [&str; 9] = [
        "aws_cloudwatch_event_target",
        "aws_lambda_event_source_mapping",
        "aws_s3_bucket_notification",
        "aws_scheduler_schedule",
        "aws_sns_topic_subscription",
        "azurerm_logic_app_",
        "google_cloud_scheduler_job",
        "google_pubsub_subscription",
        "kubernetes_cron_job",
    ];
    RUNNABLE[..14].iter().chain(&OTHERS).any(|kind| text.contains(kind))
        || (text.contains("module") && text.contains("handler"))
}

/// Reads all resources of one file.
pub(super) fn read(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let reader = Reader { document, folder };
    for (kind, name, body) in blocks(document, "resource") {
        reader.starter(kind, name, body, found)?;
        reader.runnable(kind, name, body, found)?;
    }
    for module in all(document, "module") {
        for entry in module.entries().iter().filter(|e| e.node.get("handler").is_some()) {
            let runs = reader.function(&entry.node);
            found.name(reader.key(&format!("module.{}", entry.key)), &runs, entry.line)?;
        }
    }
    Ok(())
}

/// What stands at the end of a path of blocks, the first of each.
fn at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, key| {
        let found = node.get(key)?;
        if found.items().first().is_some_and(|item| !item.entries().is_empty()) {
            found.items().first()
        } else {
            Some(found)
        }
    })
}

fn text_at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    at(node, path).and_then(Node::text)
}

/// A value that stands in the file itself.
fn literal(node: Option<&Node>) -> &str {
    node.and_then(Node::text).filter(|text| !text.contains("${")).unwrap_or_default()
}

struct Reader<'a> {
    document: &'a Node,
    folder: &'a str,
}

impl Reader<'_> {
    fn key(&self, address: &str) -> String {
        format!("{}#{address}", self.folder)
    }

    /// What a value refers to, as commands that lead there.
    fn references(&self, node: Option<&Node>) -> Vec<Command> {
        let mut found = Vec::new();
        if let Some(node) = node {
            collect(node, &mut found);
        }
        found
            .into_iter()
            .map(|(address, line)| single(self.key(&address), line, self.folder, CommandKind::Named))
            .collect()
    }

    fn starter(&self, kind: &str, name: &str, body: &Node, found: &mut Collection) -> Result<(), ReadError> {
        let line = |key: &str| body.entry(key).map_or(body.line, |e| e.line);
        let label = Some(name);
        match kind {
            "aws_cloudwatch_event_rule" => {
                // Its targets are resources of their own.
                let targets = self.key(&format!("targets of {kind}.{name}"));
                let runs = [single(targets, body.line, self.folder, CommandKind::Named)];
                let (trigger, key) = if body.get("schedule_expression").is_some() {
                    (T::Schedule, "schedule_expression")
                } else {
                    (T::Event, "event_pattern")
                };
                let value = if trigger == T::Schedule { literal(body.get(key)) } else { "" };
                found.add((trigger, value, line(key)), label, &runs)
            }
            "aws_cloudwatch_event_target" => {
                let Some(rule) = self.references(body.get("rule")).pop() else { return Ok(()) };
                let Some((_, rule)) = rule.text.rsplit_once('#') else { return Ok(()) };
                let mut runs = self.references(body.get("arn"));
                runs.extend(self.references(at(body, &["ecs_target", "task_definition_arn"])));
                found.name(self.key(&format!("targets of {rule}")), &runs, body.line)
            }
            "aws_scheduler_schedule" => {
                let key = "schedule_expression";
                let runs = self.references(body.get("target"));
                found.add((T::Schedule, literal(body.get(key)), line(key)), label, &runs)
            }
            "aws_lambda_event_source_mapping" => {
                let key = "event_source_arn";
                let runs = self.references(body.get("function_name"));
                found.add((T::Queue, &resource(body.get(key)), line(key)), label, &runs)
            }
            "aws_s3_bucket_notification" => {
                for function in all(body, "lambda_function") {
                    let runs = self.references(function.get("lambda_function_arn"));
                    found.add((T::Event, &resource(body.get("bucket")), function.line), label, &runs)?;
                }
                Ok(())
            }
            "aws_sns_topic_subscription" if body.text_at(&["protocol"]) == Some("lambda") => {
                let runs = self.references(body.get("endpoint"));
                found.add((T::Event, &resource(body.get("topic_arn")), line("topic_arn")), label, &runs)
            }
            "google_cloud_scheduler_job" => {
                let mut runs = self.references(at(body, &["pubsub_target", "topic_name"]));
                runs.extend(self.request(at(body, &["http_target", "uri"])));
                runs.extend(self.request(at(body, &["app_engine_http_target", "relative_uri"])));
                found.add((T::Schedule, literal(body.get("schedule")), line("schedule")), label, &runs)
            }
            "google_pubsub_subscription" => {
                let Some(endpoint) = at(body, &["push_config", "push_endpoint"]) else { return Ok(()) };
                let runs = self.request(Some(endpoint));
                found.add((T::Queue, &resource(body.get("topic")), line("topic")), label, &runs)
            }
            "google_cloudfunctions_function" | "google_cloudfunctions2_function" => {
                let Some(event) = at(body, &["event_trigger"]) else { return Ok(()) };
                let what = text_at(event, &["event_type"]).unwrap_or_default();
                let topic = event.get("pubsub_topic").or_else(|| event.get("resource"));
                let (trigger, value) = if what.contains("pubsub") {
                    (T::Queue, resource(topic))
                } else {
                    (T::Event, literal(event.get("event_type")).to_owned())
                };
                let runs = self.function(body);
                // A schedule may reach it by the topic.
                for reference in self.references(topic) {
                    found.name(reference.text, &runs, body.line)?;
                }
                found.add((trigger, &value, event.line), label, &runs)
            }
            "azurerm_logic_app_trigger_recurrence" => {
                let mut value = literal(body.get("frequency")).to_owned();
                if let Some(interval) = body.text_at(&["interval"]).filter(|text| !text.contains("${")) {
                    value = format!("{interval} {value}");
                }
                let runs = self.references(body.get("logic_app_id"));
                found.add((T::Schedule, value.trim(), line("frequency")), label, &runs)
            }
            "azurerm_logic_app_action_http" => {
                let runs = self.request(body.get("uri"));
                for app in self.references(body.get("logic_app_id")) {
                    found.name(app.text, &runs, body.line)?;
                }
                Ok(())
            }
            "azurerm_container_app_job" => {
                let runs = self.containers(at(body, &["template"]));
                if let Some(cron) = at(body, &["schedule_trigger_config"]) {
                    let at = cron.entry("cron_expression").map_or(cron.line, |e| e.line);
                    found.add((T::Schedule, literal(cron.get("cron_expression")), at), label, &runs)?;
                }
                if let Some(event) = at(body, &["event_trigger_config"]) {
                    found.add((T::Queue, "", event.line), label, &runs)?;
                }
                Ok(())
            }
            "kubernetes_cron_job" | "kubernetes_cron_job_v1" => {
                let Some(spec) = at(body, &["spec"]) else { return Ok(()) };
                let runs = self.containers(at(spec, &["job_template", "spec", "template", "spec"]));
                let at = spec.entry("schedule").map_or(spec.line, |e| e.line);
                found.add((T::Schedule, literal(spec.get("schedule")), at), label, &runs)
            }
            _ => Ok(()),
        }
    }

    /// What a resource stands for when another one starts it.
    fn runnable(&self, kind: &str, name: &str, body: &Node, found: &mut Collection) -> Result<(), ReadError> {
        let runs = match kind {
            "aws_lambda_function" | "google_cloudfunctions_function" | "google_cloudfunctions2_function" => {
                self.function(body)
            }
            "aws_lambda_alias" => self.references(body.get("function_name")),
            "aws_sfn_state_machine" => self.references(body.get("definition")),
            "google_workflows_workflow" => self.references(body.get("source_contents")),
            "aws_ecs_task_definition" => {
                let Some(definitions) = body.get("container_definitions") else { return Ok(()) };
                let read = definitions.text().and_then(|text| reading::json(text).ok());
                let containers = read.as_ref().unwrap_or(definitions).one_or_more();
                containers.iter().flat_map(|c| self.container(c, definitions.line, TASK)).collect()
            }
            "google_cloud_run_v2_job" => self.containers(at(body, &["template", "template"])),
            "google_cloud_run_v2_service" | "azurerm_container_app_job" => {
                self.containers(at(body, &["template"]))
            }
            "google_cloud_run_service" => self.containers(at(body, &["template", "spec"])),
            _ => return Ok(()),
        };
        found.name(self.key(&format!("{kind}.{name}")), &runs, body.line)
    }

    /// A request to a service: by its path, or by the service where the whole of it is meant.
    fn request(&self, uri: Option<&Node>) -> Vec<Command> {
        let Some(node) = uri else { return Vec::new() };
        let text = node.text().unwrap_or_default();
        let rest = text.rsplit_once('}').map_or(text, |(_, rest)| rest);
        let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest.split_once('/').map_or("", |r| r.1));
        let path = rest.trim_start_matches('/');
        if path.is_empty() || path.starts_with(':') {
            return self.references(uri);
        }
        vec![single(format!("/{path}"), node.line, "", CommandKind::HttpPath)]
    }

    fn containers(&self, pod: Option<&Node>) -> Vec<Command> {
        let Some(pod) = pod else { return Vec::new() };
        ["init_container", "container", "containers"]
            .into_iter()
            .flat_map(|key| all(pod, key))
            .flat_map(|container| self.container(container, container.line, POD))
            .collect()
    }

    /// A container, whose lines are not those of the file where a text in it declares it.
    fn container(&self, node: &Node, line: u32, keys: Keys) -> Vec<Command> {
        container_command(node, self.folder, keys)
            .into_iter()
            .map(|command| Command { line: command.line.max(line), ..command })
            .collect()
    }

    /// The code of a function.
    fn function(&self, body: &Node) -> Vec<Command> {
        if let Some(uri) = body.get("image_uri") {
            return image(uri, self.folder).into_iter().collect();
        }
        let point = body.entry("handler").or_else(|| {
            body.entry("entry_point").or_else(|| at(body, &["build_config"])?.entry("entry_point"))
        });
        let Some(point) = point else { return Vec::new() };
        let (handler, line) = (literal(Some(&point.node)), point.line);
        if handler.is_empty() {
            return Vec::new();
        }
        let runtime = text_at(body, &["runtime"]).or_else(|| text_at(body, &["build_config", "runtime"]));
        let handlers: Vec<String> = match (point.key.as_str(), runtime.unwrap_or_default()) {
            ("handler", _) => vec![handler.to_owned()],
            (_, runtime) if runtime.starts_with("python") => vec![format!("main.{handler}")],
            (_, runtime) if runtime.starts_with("nodejs") => {
                ["index", "function", "src/index"].map(|file| format!("{file}.{handler}")).into()
            }
            (_, runtime) if runtime.starts_with("go") => vec!["main".to_owned()],
            _ => vec![handler.to_owned()],
        };
        let (folders, kind) = match self.source(body) {
            Some(folder) => (vec![folder], CommandKind::Handler),
            None => (self.likely_folders(body), CommandKind::LikelyHandler),
        };
        let each = |folder: &String| -> Vec<Command> {
            handlers.iter().map(|handler| single(handler, line, folder, kind)).collect()
        };
        folders.iter().flat_map(each).collect()
    }

    /// The folder whose files a function is made of, where this file says so.
    fn source(&self, body: &Node) -> Option<String> {
        if let Some(path) = body.get("source_path") {
            let first = path.one_or_more().first()?;
            return self.path(first.text().or_else(|| first.text_at(&["path"]))?);
        }
        let given = body
            .text_at(&["filename"])
            .or_else(|| text_at(body, &["build_config", "source", "storage_source", "object"]))
            .or_else(|| body.text_at(&["source_archive_object"]))?;
        let archive = self.archive(given).or_else(|| {
            let (_, _, object) = blocks(self.document, "resource").find(|(kind, name, _)| {
                *kind == "google_storage_bucket_object" && names(given, &format!("{kind}.{name}"))
            })?;
            self.archive(object.text_at(&["source"])?)
        })?;
        if let Some(folder) = archive.text_at(&["source_dir"]) {
            return self.path(folder);
        }
        let file = self.path(archive.text_at(&["source_file"])?)?;
        Some(folder_of(&file).to_owned())
    }

    /// The archive that a value refers to.
    fn archive(&self, value: &str) -> Option<&Node> {
        blocks(self.document, "data")
            .find(|(kind, name, _)| {
                *kind == "archive_file" && names(value, &format!("data.archive_file.{name}"))
            })
            .map(|(.., body)| body)
    }

    /// Where the code of a function may stand: beside or in a folder named as its archive, and above the module.
    fn likely_folders(&self, body: &Node) -> Vec<String> {
        let mut folders = Vec::new();
        if let Some(path) = body.text_at(&["filename"]).and_then(|text| self.path(text)) {
            let stem = name_of(&path).split('.').next().unwrap_or_default().to_owned();
            let beside = folder_of(&path).to_owned();
            folders.extend([shell::join(&beside, &stem), beside]);
        }
        folders.extend(likely_folders(self.folder));
        folders
    }

    /// A path of the repository, where the file says it.
    fn path(&self, text: &str) -> Option<String> {
        let rest =
            ["${path.module}", "${path.root}", "${path.cwd}"].iter().find_map(|p| text.strip_prefix(p));
        let relative = rest.map_or(text, |rest| rest.trim_start_matches('/'));
        let known = !relative.contains("${") && !relative.starts_with('/');
        known.then(|| shell::join(self.folder, relative))
    }
}

/// Whether a value refers to an address.
fn names(value: &str, address: &str) -> bool {
    value.match_indices(address).any(|(at, _)| {
        let outside = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let ends = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'));
        value[..at].chars().next_back().is_none_or(outside)
            && value[at + address.len()..].chars().next().is_none_or(ends)
    })
}

/// Addresses of resources that run something, in all texts below a node.
fn collect(node: &Node, found: &mut Vec<(String, u32)>) {
    match &node.value {
        Value::Text(text) => {
            for address in addresses(text) {
                if found.len() < MAX_REFERENCES {
                    found.push((address, node.line));
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Table(entries) => entries.iter().for_each(|entry| collect(&entry.node, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn addresses(text: &str) -> Vec<String> {
    if !text.contains("${") {
        return Vec::new();
    }
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.split(|c| !inside(c))
        .filter_map(|word| {
            let mut parts = word.split('.');
            let (kind, name) = (parts.next()?, parts.next()?);
            (RUNNABLE.contains(&kind) && !name.is_empty()).then(|| format!("{kind}.{name}"))
        })
        .collect()
}

/// Name of a queue, topic or bucket: as written, or as the resource is called.
fn resource(node: Option<&Node>) -> String {
    let text = node.and_then(Node::text).unwrap_or_default();
    match text.strip_prefix("${") {
        Some(reference) => reference
            .split('.')
            .nth(1)
            .unwrap_or_default()
            .trim_end_matches('}')
            .split('[')
            .next()
            .unwrap_or_default()
            .to_owned(),
        None => text.rsplit([':', '/']).next().unwrap_or_default().to_owned(),
    }
}
