//! Holds a configuration file against its schema, and collects everything that is wrong with it, each at its place.

use std::ops::Range;

use muster_collect::Target;
use serde_json::{Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::leaf::{Leaf, Name, Wrong};
use crate::cli::nearest;
use crate::collectors;
use crate::secret::{SecretRef, Variables, expand};
use crate::watch::Schedule;

/// The `format` of texts that variables are put into.
pub(super) const EXPANDED: &str = "expanded";
/// What the `format` of an option of a source begins with.
pub(super) const OPTION: &str = "option:";
/// More mistakes than these help nobody to correct the first ones.
pub(super) const MOST: usize = 100;

/// Something wrong with a range of bytes of the file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) what: String,
    pub(super) help: String,
}

/// Everything that is wrong with the shape of a file.
pub(super) struct Shape<'a> {
    /// What is wrong so far.
    pub(super) faults: Vec<Fault>,
    variables: Variables<'a>,
}

impl<'a> Shape<'a> {
    /// Knows these variables of the environment.
    pub(super) fn new(variables: Variables<'a>) -> Self {
        Self { faults: Vec::new(), variables }
    }

    fn fault(&mut self, at: Range<usize>, what: String, help: impl Into<String>) {
        if self.faults.len() < MOST {
            self.faults.push(Fault { at, what, help: help.into() });
        }
    }

    /// Holds a value against its schema. `path` is how messages call it.
    pub(super) fn value(&mut self, schema: &Value, value: &Spanned<DeValue<'_>>, path: &str) {
        let Some(schema) = self.alternative(schema, value.get_ref(), value.span(), path) else { return };
        let kind = kind(value.get_ref());
        let types = types(schema);
        if !types.contains(&kind) {
            let wanted: Vec<&str> = types.iter().map(|kind| in_words(kind)).collect();
            let wanted = wanted.join(" or ");
            self.fault(value.span(), format!("`{path}` is {}", in_words(kind)), format!("write {wanted}"));
            return;
        }
        match value.get_ref() {
            DeValue::Table(table) => self.table(schema, table, value.span(), path),
            DeValue::Array(items) => {
                if items.len() < length(schema, "minItems").unwrap_or(0) {
                    self.fault(value.span(), format!("`{path}` is empty"), "write at least one in it");
                }
                let most = length(schema, "maxItems").unwrap_or(usize::MAX);
                if items.len() > most {
                    let what = format!("`{path}` has more than {most} in it");
                    self.fault(value.span(), what, format!("write at most {most}"));
                }
                for item in items {
                    self.value(&schema["items"], item, path);
                }
            }
            DeValue::String(text) => self.text(schema, text, value.span(), path),
            DeValue::Integer(number) => {
                let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
                let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
                match number {
                    Some(number) if (least..=most).contains(&number) => {
                        // An option is a text for whoever reads it, though a number looks better in a file.
                        self.text(schema, &number.to_string(), value.span(), path);
                    }
                    _ => {
                        let help = format!("write a whole number from {least} to {most}");
                        self.fault(value.span(), format!("`{path}` is out of range"), help);
                    }
                }
            }
            DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
    }

    /// What holds for a value where several kinds of tables may stand: the kind that the table says it is, by the key that
    /// has another `const` in each. Nothing where it says none, which is told then.
    fn alternative<'s>(
        &mut self,
        schema: &'s Value,
        value: &DeValue<'_>,
        at: Range<usize>,
        path: &str,
    ) -> Option<&'s Value> {
        let kinds = schema["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
        let (Some(tag), DeValue::Table(table)) = (kinds.first().and_then(tag), value) else {
            return Some(schema);
        };
        let name = |kind: &'s Value| kind["properties"][tag]["const"].as_str();
        let Some(given) = table.get(tag) else {
            let known: Vec<&str> = kinds.iter().filter_map(name).collect();
            let help = format!("write `{tag} = …` with one of {}", known.join(", "));
            self.fault(at, format!("`{path}.{tag}` is missing"), help);
            return None;
        };
        let text = given.get_ref().as_str();
        let found = kinds.iter().find(|kind| text.is_some() && name(kind) == text);
        if found.is_none() {
            let known: Vec<&str> = kinds.iter().filter_map(name).collect();
            let known = json!({ "type": "string", "enum": known });
            self.value(&known, given, &format!("{path}.{tag}"));
        }
        found
    }

    fn table(&mut self, schema: &Value, table: &DeTable<'_>, at: Range<usize>, path: &str) {
        let inside = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let Some(schema) = schema["properties"].get(name) {
                self.value(schema, value, &inside(name));
                continue;
            }
            let known = schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str());
            let known: Vec<&str> = known.collect();
            let help = suggestion(&known, name);
            self.fault(key.span(), format!("there is no key `{}`{}", shown(name), place(path)), help);
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for key in required.filter(|key| !table.contains_key(*key)) {
            self.fault(at.clone(), format!("`{}` is missing", inside(key)), format!("write `{key} = …`"));
        }
    }

    fn text(&mut self, schema: &Value, text: &str, at: Range<usize>, path: &str) {
        if text.len() < length(schema, "minLength").unwrap_or(0) {
            self.fault(at, format!("`{path}` is empty"), "write something, or leave it out");
            return;
        }
        let most = length(schema, "maxLength").unwrap_or(usize::MAX);
        if text.chars().count() > most {
            let what = format!("`{path}` is longer than {most} letters");
            self.fault(at, what, format!("write at most {most} letters"));
            return;
        }
        if let Some(known) = choices(schema) {
            if !known.contains(&text) {
                let help = suggestion(&known, text);
                self.fault(at, format!("`{path}` has no value `{}`", shown(text)), help);
            }
            return;
        }
        let format = schema["format"].as_str().unwrap_or_default();
        if let Err(Wrong { what, help }) = self.leaf(format, text) {
            self.fault(at, format!("`{path}` {what}"), help);
        }
    }

    fn leaf(&self, format: &str, text: &str) -> Result<(), Wrong> {
        /// Reads a text of one kind, and forgets what it means.
        fn read<T: Leaf>(text: &str) -> Result<(), Wrong> {
            T::parse(text).map(drop)
        }
        if let Some(option) = format.strip_prefix(OPTION) {
            return self::option(option, text);
        }
        match format {
            EXPANDED => expand(text, self.variables).map(drop).map_err(Wrong::from),
            SecretRef::FORMAT => {
                let text = SecretRef::parse(text).and_then(|text| text.expand(self.variables));
                text.map(drop).map_err(Wrong::from)
            }
            <Name as Leaf>::FORMAT => read::<Name>(text),
            <std::time::Duration as Leaf>::FORMAT => read::<std::time::Duration>(text),
            <Schedule as Leaf>::FORMAT => read::<Schedule>(text),
            <Target as Leaf>::FORMAT => read::<Target>(text),
            <std::net::SocketAddr as Leaf>::FORMAT => read::<std::net::SocketAddr>(text),
            _ => Ok(()),
        }
    }
}

/// What the collector that has this option says about a value of it.
fn option(name: &str, text: &str) -> Result<(), Wrong> {
    let Some((_, option)) = collectors::options().find(|(_, option)| option.name == name) else {
        return Ok(());
    };
    let mut values = if option.many { text.split(',').collect() } else { vec![text] }.into_iter();
    let help = format!("write {}; it is what `muster scan --{name}` takes", option.value);
    values.try_for_each(option.check).map_err(|why| Wrong::new(format!("is wrong: {why}"), help))
}

/// The nearest that is known, if one is near, and everything that is known otherwise.
fn suggestion(known: &[&str], given: &str) -> String {
    match nearest::nearest(known.iter().copied(), given) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("what is known here: {}", known.join(", ")),
    }
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" in `{path}`") }
}

/// A text of the file, short enough for a message.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The key that tells which of several kinds of tables one is.
fn tag(kind: &Value) -> Option<&str> {
    let mut keys = kind["properties"].as_object()?.iter();
    keys.find(|(_, of)| of["const"].is_string()).map(|(key, _)| key.as_str())
}

/// The texts that may stand there, where these are few: as a list, or each with what it means.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(known) = schema["enum"].as_array() {
        return Some(known.iter().filter_map(Value::as_str).collect());
    }
    let known = schema["oneOf"].as_array()?.iter();
    Some(known.filter_map(|one| one["const"].as_str()).collect())
}

fn types(schema: &Value) -> Vec<&str> {
    // What is told apart below is of one type.
    let schema = schema.get("oneOf").map_or(schema, |kinds| &kinds[0]);
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn length(schema: &Value, key: &str) -> Option<usize> {
    schema[key].as_u64().and_then(|length| usize::try_from(length).ok())
}

/// What JSON Schema calls a value of this kind.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "date",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "string" => "a text in quotes",
        "integer" => "a whole number",
        "number" => "a number with a point",
        "boolean" => "true or false",
        "date" => "a date",
        "array" => "a list in brackets",
        _ => "a table",
    }
}
