//! Functions of the Serverless Framework and of AWS SAM templates.

use asmm_model::TriggerKind;

use super::commands::single;
use super::functions::http_kind;
use super::{Collection, CommandKind, shell};
use crate::document::{Entry, Node, ReadError, Value};

/// `functions` of `serverless.yml`.
pub(super) fn framework(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let Some(functions) = document.get("functions") else { return Ok(()) };
    let elsewhere =
        |node: &Node| ReadError::At { line: node.line, problem: "functions stand in another file" };
    // Either one table, or a list of tables and of files that hold more.
    for part in functions.one_or_more() {
        if part.text().is_some() {
            return Err(elsewhere(part));
        }
        for function in part.entries() {
            let handler = function.node.get("handler");
            let runs = handler.and_then(|h| Some(single(h.text()?, h.line, folder, CommandKind::Handler)));
            for event in function.node.items_at(&["events"]) {
                for (kind, value, line) in framework_event(event) {
                    found.add((kind, &value, line), Some(&function.key), runs.as_slice())?;
                }
            }
        }
    }
    Ok(())
}

type Cause = (TriggerKind, String, u32);

fn framework_event(event: &Node) -> Vec<Cause> {
    // `- http` alone, without settings.
    if let Some(name) = event.text() {
        return vec![(event_kind(name, ""), String::new(), event.line)];
    }
    let mut causes = Vec::new();
    for Entry { key, line, node } in event.entries() {
        let setting = |names: &[&str]| names.iter().find_map(|name| node.get(name));
        let value = match key.as_str() {
            "schedule" => {
                let rates = if node.entries().is_empty() { Some(node) } else { node.get("rate") };
                for rate in rates.map_or(&[][..], Node::one_or_more) {
                    causes.push((
                        TriggerKind::Schedule,
                        rate.text().unwrap_or_default().to_owned(),
                        rate.line,
                    ));
                }
                if causes.is_empty() {
                    causes.push((TriggerKind::Schedule, String::new(), *line));
                }
                continue;
            }
            "eventBridge" => {
                if let Some(schedule) = node.get("schedule") {
                    let value = schedule.text().unwrap_or_default().to_owned();
                    causes.push((TriggerKind::Schedule, value, schedule.line));
                    continue;
                }
                let source = node.at(&["pattern", "source"]).map_or(&[][..], Node::one_or_more);
                source.iter().filter_map(Node::text).collect::<Vec<_>>().join(", ")
            }
            "http" | "httpApi" | "url" => {
                node.text().or_else(|| setting(&["path"])?.text()).unwrap_or_default().to_owned()
            }
            _ => {
                let named =
                    setting(&["arn", "queueName", "topicName", "bucket", "queue", "topic", "topics", "name"]);
                resource(named.unwrap_or(node))
            }
        };
        causes.push((event_kind(key, &value), value, *line));
    }
    causes
}

fn event_kind(name: &str, value: &str) -> TriggerKind {
    match name {
        "schedule" => TriggerKind::Schedule,
        "sqs" | "stream" | "kafka" | "msk" | "rabbitmq" | "activemq" => TriggerKind::Queue,
        "http" | "httpApi" | "url" | "alb" | "websocket" => http_kind(value),
        _ => TriggerKind::Event,
    }
}

/// Name of a queue or other resource: the last part of an ARN, or what a reference points to.
pub(super) fn resource(node: &Node) -> String {
    match &node.value {
        // Intrinsic functions have pseudo parameters and expressions, whose colons are no separators.
        Value::Text(text) if text.starts_with("arn:") => {
            text.rsplit(':').next().unwrap_or_default().trim_end_matches('}').to_owned()
        }
        Value::Text(text) => text.strip_suffix(".Arn").unwrap_or(text).to_owned(),
        Value::List(items) => items.first().and_then(Node::text).unwrap_or_default().to_owned(),
        Value::Table(entries) => match entries.as_slice() {
            // `Ref`, `Fn::GetAtt`, `Fn::Sub`: nested no further than those two forms.
            [only] => only
                .node
                .one_or_more()
                .first()
                .and_then(Node::text)
                .map_or_else(String::new, |text| text.strip_suffix(".Arn").unwrap_or(text).to_owned()),
            _ => String::new(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// `Resources` of a SAM template; templates without functions start nothing.
pub(super) fn sam(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    for function in document.entries_at(&["Resources"]) {
        if function.node.text_at(&["Type"]) != Some("AWS::Serverless::Function") {
            continue;
        }
        let property = |name: &str| {
            function.node.at(&["Properties", name]).or_else(|| document.at(&["Globals", "Function", name]))
        };
        let code = property("CodeUri").and_then(Node::text).filter(|uri| !uri.contains("://"));
        let code = shell::join(folder, code.unwrap_or_default());
        let handler = property("Handler");
        let runs = handler.and_then(|h| Some(single(h.text()?, h.line, &code, CommandKind::Handler)));
        for event in function.node.entries_at(&["Properties", "Events"]) {
            let Some(source) = event.node.text_at(&["Type"]) else { continue };
            let (kind, keys): (_, &[&str]) = match source {
                "Schedule" => (TriggerKind::Schedule, &["Schedule"]),
                "ScheduleV2" => (TriggerKind::Schedule, &["ScheduleExpression"]),
                "SQS" | "MQ" | "AmazonMQ" => (TriggerKind::Queue, &["Queue", "Queues"]),
                "Kinesis" | "DynamoDB" | "MSK" => (TriggerKind::Queue, &["Stream"]),
                "SelfManagedKafka" => (TriggerKind::Queue, &["Topics"]),
                "Api" | "HttpApi" => (TriggerKind::Manual, &["Path"]),
                _ => (TriggerKind::Event, &["Bucket", "Topic", "RuleName"]),
            };
            let entry = keys.iter().find_map(|key| event.node.get("Properties")?.entry(key));
            let value = entry.map_or_else(String::new, |e| resource(&e.node));
            let kind = if kind == TriggerKind::Manual { http_kind(&value) } else { kind };
            let line = entry.map_or(event.line, |e| e.line);
            found.add((kind, &value, line), Some(&function.key), runs.as_slice())?;
        }
    }
    Ok(())
}
