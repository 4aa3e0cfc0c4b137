//! What a bundle is made of, as a store has it.

use super::{Bundled, Files, files, verify};
use crate::register;
use crate::store::{Filter, Store, Verified};

/// The files of the bundle of an assessment, which are handed out only where they say the same.
///
/// # Errors
/// There is no such assessment, the store cannot be read, or it was changed while it was read or by hand.
pub(crate) async fn gather(store: &Store, name: &str, at: &str) -> anyhow::Result<Files> {
    let assessment = store.assessment(name).await?;
    let run = store.run_named("latest").await?;
    let mut inventory = store.whole(&run, &Filter::default()).await?;
    let sources = store.declared().await?;
    if !sources.is_empty() {
        inventory.register = Some(register::held(store, sources, &inventory).await?);
    }
    let (structure, history) = (store.structure_of(name).await?, store.history(name).await?);
    let (mut audit, mut after) = (String::new(), 0);
    loop {
        let (lines, last) = store.lines(after).await?;
        if lines.is_empty() {
            break;
        }
        audit.push_str(&lines);
        after = last;
    }
    let last = Verified::of_lines(&audit, &[]).head;
    let files = files(Bundled {
        assessment: &assessment,
        structure: &structure,
        history: &history,
        inventory: &inventory,
        audit: &audit,
        last: last.as_ref(),
        at,
    })?;
    if let Some(fault) = verify(&files).first() {
        anyhow::bail!(
            "the evidence does not hold together: {fault}. Where somebody scored meanwhile, export it again; \
             `muster audit verify` tells whether the store was changed"
        );
    }
    Ok(files)
}
