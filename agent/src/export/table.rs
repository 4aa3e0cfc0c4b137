//! The report for people.

use asmm_model::Inventory;

use crate::page::{Line, Page};

/// The report as a page.
pub(super) fn page(inventory: &Inventory, width: usize) -> Page {
    let mut page = Page::new(width);
    page.push(Line::new().plain(format!("{} AI systems", inventory.systems.len())));
    page
}
