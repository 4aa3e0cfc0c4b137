//! The formats of an inventory: one file each, written from the inventory alone.

mod bom;
mod csv;
mod cyclonedx;
mod html;
mod json;
mod markdown;
mod omb;
mod oscal;
mod sarif;
mod spdx;
pub(crate) mod table;
mod words;

#[cfg(test)]
mod tests;

use asmm_model::Inventory;
use clap::ValueEnum;

pub(crate) use self::html::{Badge, Covered, Lists, Prose, STYLE, Section, Text};
pub(crate) use bom::uuid;
pub(crate) use csv::lines;
pub(crate) use json::write as write_json;
pub(crate) use sarif::compared;

/// A format; a new one is its file, and a line here and in [`Format::write`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A report for people.
    #[default]
    Table,
    /// The whole inventory as one JSON document.
    Json,
    /// A bill of materials by CycloneDX 1.6.
    #[value(name = "cyclonedx", alias = "cyclonedx-1.6")]
    Cyclonedx16,
    /// The same by CycloneDX 1.7.
    #[value(name = "cyclonedx-1.7")]
    Cyclonedx17,
    /// A bill of materials by SPDX 3.0.1, with the fields of its AI profile.
    Spdx,
    /// Findings for code scanning and editors: SARIF 2.1.0.
    Sarif,
    /// One line for each system, for spreadsheets.
    Csv,
    /// A use case inventory in the columns of the US OMB of 2025, to be completed.
    Omb,
    /// A short report for wikis, tickets and pull requests.
    Markdown,
    /// A page for reviewers and assessors, in one file that needs no network.
    Html,
    /// Observations for an audit: assessment results of OSCAL 1.2.1.
    Oscal,
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
            Self::Cyclonedx16 => cyclonedx::text(inventory, cyclonedx::Version::V1_6),
            Self::Cyclonedx17 => cyclonedx::text(inventory, cyclonedx::Version::V1_7),
            Self::Spdx => spdx::text(inventory),
            Self::Sarif => sarif::text(inventory),
            Self::Csv => csv::text(inventory),
            Self::Omb => omb::text(inventory),
            Self::Markdown => Ok(markdown::text(inventory)),
            Self::Html => html::text(inventory),
            Self::Oscal => oscal::text(inventory),
        }
    }
}
