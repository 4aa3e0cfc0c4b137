//! The JSON Schema of the configuration file: for editors, and for the check of its shape.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::file::File;

/// The JSON Schema of the file.
pub(super) fn schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<File>().to_value();
    tidy(&mut schema);
    schema
}

/// The JSON Schema of the file as a text, with a newline at the end.
pub(crate) fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// Takes out what comes of how the types are written: there is no null in TOML, and comments are wrapped for us, not for editors.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.retain(|word, value| word != "default" || !value.is_null());
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            if let Some(types) = object.get_mut("type") {
                without_null(types);
            }
            whole(object);
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn without_null(types: &mut Value) {
    let Some(names) = types.as_array_mut() else { return };
    names.retain(|name| name != "null");
    if let [one] = names.as_slice() {
        *types = one.clone();
    }
}

/// Puts the keys that all kinds of a table have into each of the kinds. Beside them, no kind could say that it has no further
/// key: the word for that came after the draft that editors read.
fn whole(object: &mut Map<String, Value>) {
    let tables = |kinds: &Vec<Value>| kinds.iter().all(|kind| kind["type"] == "object");
    if !object.contains_key("properties")
        || !object.get("oneOf").and_then(Value::as_array).is_some_and(tables)
    {
        return;
    }
    let mut take = |word: &str| object.shift_remove(word);
    let (properties, required) = (take("properties"), take("required"));
    for word in ["type", "unevaluatedProperties", "additionalProperties"] {
        take(word);
    }
    for kind in object.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
        if let (Some(Value::Object(all)), Some(Value::Object(own))) =
            (&properties, kind.get_mut("properties"))
        {
            // `true` stands for what one of the kinds has.
            own.extend(all.clone().into_iter().filter(|(_, of)| *of != true));
        }
        if let (Some(Value::Array(all)), Some(Value::Array(own))) = (&required, kind.get_mut("required")) {
            own.extend(all.clone());
        }
        if let Some(kind) = kind.as_object_mut() {
            kind.insert("additionalProperties".to_owned(), false.into());
        }
    }
}
