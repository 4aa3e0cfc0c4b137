//! The formats of an inventory: one file each, written from the inventory alone.

mod json;
pub(crate) mod table;

#[cfg(test)]
mod tests;

use asmm_model::Inventory;
use clap::ValueEnum;

/// A format; a new one is its file, and a line here and in [`Format::write`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A report for people.
    #[default]
    Table,
    /// The whole inventory as one JSON document.
    Json,
}

/// What the text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surface {
    /// Columns.
    pub(crate) width: usize,
    /// Whether it shows colours.
    pub(crate) colour: bool,
}

impl Format {
    /// The inventory in this format, with a newline at the end.
    pub(crate) fn write(self, inventory: &Inventory, surface: Surface) -> anyhow::Result<String> {
        match self {
            Self::Table => Ok(table::page(inventory, surface.width).text(surface.colour)),
            Self::Json => json::text(inventory),
        }
    }
}
