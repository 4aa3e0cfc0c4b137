//! The JSON Schema of the inventory document, generated from its types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Inventory;

/// JSON Schema (draft 2020-12) of the document that a scan prints. It describes what is written, so that a field
/// which is always there is required; fields may be added within one version of the document.
pub fn inventory_schema() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Inventory>();
    // What a reader looks for first stands first.
    let head = [("$id", "urn:muster:inventory:1".into()), ("title", "Muster inventory".into())];
    let object = schema.ensure_object();
    let dialect = object.shift_remove("$schema").map(|dialect| ("$schema", dialect));
    for (at, (key, value)) in dialect.into_iter().chain(head).enumerate() {
        object.shift_insert(at, key.to_owned(), value);
    }
    schema.to_value()
}

/// The same as text: indented, with a newline at the end.
pub fn inventory_schema_text() -> String {
    format!("{:#}\n", inventory_schema())
}
