//! The inventory as a JSON document, as its schema describes it.

use std::io::{self, BufWriter, Write};

use asmm_model::Inventory;
use serde::Serialize;

/// Bytes that are written at once.
const AT_ONCE: usize = 64 * 1024;

/// Indented, with a newline at the end.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(inventory)?;
    text.push('\n');
    Ok(text)
}

/// Writes the same of what is not in memory as a whole.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn write(inventory: &impl Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(AT_ONCE, out);
    // What the system said of the file is told as it is.
    serde_json::to_writer_pretty(&mut out, inventory).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}
