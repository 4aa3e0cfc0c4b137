//! The inventory as a JSON document, as its schema describes it.

use std::io::{BufWriter, Write};

use asmm_model::Inventory;

use crate::scan::Found;

/// Indented, with a newline at the end.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(inventory)?;
    text.push('\n');
    Ok(text)
}

/// The same of what a scan found.
pub(super) fn write(found: &Found, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut out = BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, found)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}
