//! Prints the JSON Schema of the seed document, which is kept in `schema/seed.schema.json`.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

fn main() {
    print!("{}", asmm_model::assessment::seed_schema_text());
}
