//! Which fields of an answer are kept: everything else is dropped before anybody looks at it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Levels of an answer that are followed.
const MAX_DEPTH: usize = 32;
/// What the ARNs of a field are called of which other parts are kept as well.
const ARNS: &str = "Arns";
/// ARNs that are kept of one text.
const MAX_ARNS: usize = 1_000;

/// A tree of the fields that are kept. Lists are looked through.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    below: BTreeMap<String, Self>,
    /// Whether everything here is kept.
    all: bool,
    /// Whether the names of what is here are kept.
    names: bool,
    /// Whether the ARNs of a text are kept.
    arns: bool,
}

impl Fields {
    /// Reads paths as `agent.agentName`, `environment.*` and `definition~arns`.
    pub(crate) fn of(paths: &[String]) -> Self {
        let mut root = Self::default();
        for path in paths {
            let (path, arns) = path.strip_suffix("~arns").map_or((path.as_str(), false), |path| (path, true));
            let (path, names) = path.strip_suffix(".*").map_or((path, false), |path| (path, true));
            let mut at = &mut root;
            for part in path.split('.') {
                at = at.below.entry(part.to_owned()).or_default();
            }
            at.arns |= arns;
            at.names |= names;
            at.all |= !arns && !names;
        }
        root
    }

    /// What is left of a value. A text without ARNs leaves an empty list; what is not of the expected shape, nothing.
    pub(crate) fn keep(&self, value: Value) -> Value {
        self.kept(value, 0)
    }

    fn kept(&self, value: Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        match value {
            value if self.all => value,
            // What was reduced to its ARNs before stays as it is.
            Value::Array(items) if self.arns && self.below.is_empty() => {
                Value::Array(items.iter().filter_map(Value::as_str).flat_map(arns).collect())
            }
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.kept(item, depth + 1)).collect())
            }
            Value::Object(map) if self.arns && self.below.is_empty() => {
                Value::Array(arns(&Value::Object(map).to_string()))
            }
            Value::Object(map) => {
                let mut kept = Map::new();
                for (name, value) in map {
                    match self.below.get(&name) {
                        Some(below) if below.arns && !below.below.is_empty() => {
                            let all = arns(&value.to_string());
                            kept.entry(format!("{name}{ARNS}")).or_insert(Value::Array(all));
                            kept.insert(name, below.kept(value, depth + 1));
                        }
                        Some(below) => {
                            kept.insert(name, below.kept(value, depth + 1));
                        }
                        None if name
                            .strip_suffix(ARNS)
                            .is_some_and(|of| self.below.get(of).is_some_and(|f| f.arns)) =>
                        {
                            let all = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                            kept.insert(name, Value::Array(all.flat_map(arns).collect()));
                        }
                        None if self.names => {
                            kept.insert(name, Value::Null);
                        }
                        None => {}
                    }
                }
                Value::Object(kept)
            }
            Value::String(text) if self.arns => Value::Array(arns(&text)),
            _ => Value::Null,
        }
    }
}

fn arns(text: &str) -> Vec<Value> {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || ":/._-*+=@,${}".contains(c));
    let mut found: Vec<&str> = text
        .match_indices("arn:")
        .map(|(at, _)| &text[at..])
        .map(|rest| rest.split(ends).next().unwrap_or(rest))
        .map(|arn| arn.trim_end_matches([',', '.', '}']))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(MAX_ARNS).map(Value::from).collect()
}

/// What stands at a path, as `agentAliasSummaries.routingConfiguration`; lists are looked through.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    let parts = path.split('.').filter(|part| !part.is_empty());
    let flat = |values: Vec<&'v Value>| -> Vec<&'v Value> {
        let each = |value: &'v Value| match value {
            Value::Array(items) => items.iter().collect(),
            one => vec![one],
        };
        values.into_iter().flat_map(each).collect()
    };
    for part in parts {
        found = flat(found).into_iter().filter_map(|value| value.get(part)).collect();
    }
    flat(found)
}

/// Drops the values that policies ask of a key, in documents and in texts that hold one, escaped or not.
pub(crate) fn blank(answer: &mut Value, key: &str) {
    blanked(answer, key, 0);
}

fn blanked(value: &mut Value, key: &str, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if name.eq_ignore_ascii_case(key) {
                    *value = Value::from("blank");
                } else {
                    blanked(value, key, depth + 1);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| blanked(item, key, depth + 1)),
        Value::String(text) => {
            if text.starts_with('%') {
                *text = crate::folder::decoded(text);
            }
            let name = key.rsplit(':').next().unwrap_or(key);
            if !contains(text, name) {
                return;
            }
            // A text that is no document is not understood by anything else either.
            *value = match serde_json::from_str(text) {
                Ok(mut document @ Value::Object(_)) => {
                    blanked(&mut document, key, depth + 1);
                    document
                }
                _ => Value::from(format!("a text with {name} in it that is no document")),
            };
        }
        _ => {}
    }
}

/// Whether a text holds a word, whatever the case.
fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_named_is_dropped() {
        let fields = Fields::of(
            &["name", "list.id", "environment.*", "definition~arns", "config.*", "config.lambda.arn"]
                .map(str::to_owned),
        );
        let kept = fields.keep(json!({
            "name": "a",
            "instruction": "SECRET",
            "list": [{"id": 1, "value": "SECRET"}, "SECRET"],
            "environment": {"OPENAI_API_KEY": "SECRET", "B": {"c": "SECRET"}},
            "definition": "{\"Resource\": \"arn:aws:states:::bedrock:invokeModel\", \"Prompt\": \"SECRET\"}",
            "config": {"lambda": {"arn": "x", "schema": "SECRET"}, "openApiSchema": {"inline": "SECRET"}},
        }));
        assert_eq!(fields.keep(kept.clone()), kept, "what was kept before stays");
        assert_eq!(
            kept,
            json!({
                "name": "a",
                "list": [{"id": 1}, null],
                "environment": {"OPENAI_API_KEY": null, "B": null},
                "definition": ["arn:aws:states:::bedrock:invokeModel"],
                "config": {"lambda": {"arn": "x"}, "openApiSchema": null},
            })
        );
    }

    #[test]
    fn a_field_may_be_kept_and_its_arns_as_well() {
        let fields = Fields::of(&["definition.nodes.type", "definition~arns"].map(str::to_owned));
        let kept = fields.keep(json!({"definition": {"nodes": [{"type": "Agent", "configuration": {"agent": "arn:aws:bedrock:r:1:agent-alias/A/B", "text": "SECRET"}}]}}));
        assert_eq!(fields.keep(kept.clone()), kept, "what was kept before stays");
        assert_eq!(
            kept,
            json!({"definition": {"nodes": [{"type": "Agent"}]}, "definitionArns": ["arn:aws:bedrock:r:1:agent-alias/A/B"]})
        );
    }

    #[test]
    fn what_a_policy_asks_of_a_key_is_dropped_however_it_is_written() {
        let document = r#"{"Statement":{"Condition":{"StringEquals":{"STS:externalid":["SECRET"]}}}}"#;
        let escaped = document.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let mut answer = json!({"a": document, "b": [escaped], "c": {"sts:ExternalId": "SECRET"}, "d": "externalid SECRET", "e": "x"});
        blank(&mut answer, "sts:ExternalId");
        let text = answer.to_string();
        assert!(!text.contains("SECRET") && !text.contains("%53"), "{text}");
        assert_eq!(answer["a"]["Statement"]["Condition"]["StringEquals"]["STS:externalid"], "blank");
        assert_eq!(answer["e"], "x");
    }
}
