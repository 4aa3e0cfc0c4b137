//! What a store knows to be declared, held against what its last run left.

use asmm_model::{Inventory, Register as Lists, SCHEMA, Scan};

use super::{Decided, Seen, matched};
use crate::store::{Decision, DecisionKind, Filter, Source, Store, StoreError};

/// What a store knows to be declared, held against what its last run left. Nothing where nothing was imported.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn of_store(store: &Store) -> Result<Option<Lists>, StoreError> {
    let sources = store.declared().await?;
    if sources.is_empty() {
        return Ok(None);
    }
    let inventory = match store.run_named("latest").await {
        Ok(run) => store.whole(&run, &Filter::default()).await?,
        Err(StoreError::NoRun(_)) => nothing(),
        Err(error) => return Err(error),
    };
    Ok(Some(held(store, sources, &inventory).await?))
}

/// What is declared in these registers, held against a whole inventory of the store: a part of a system is declared where the
/// system is.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn held(
    store: &Store,
    sources: Vec<Source>,
    inventory: &Inventory,
) -> Result<Lists, StoreError> {
    let decisions = store.decisions(&[DecisionKind::Declared, DecisionKind::NotDeclared], false).await?;
    let decided: Vec<Decided> = decisions.iter().map(decided).collect();
    let (mut entries, mut notes) = (Vec::new(), Vec::new());
    for source in sources {
        entries.extend(source.entries);
        notes.extend(source.notes.into_iter().map(|note| format!("{}: {note}", source.name)));
    }
    Ok(Lists { notes, ..matched(entries, inventory, &decided, &Seen::default()) })
}

fn decided(decision: &Decision) -> Decided {
    let plain = |text: &str| text.replace('`', "'");
    let day = decision.at.get(..10).unwrap_or(&decision.at);
    let reason =
        if decision.reason.is_empty() { String::new() } else { format!(": {}", plain(&decision.reason)) };
    Decided {
        declared: decision.subject.clone(),
        system: decision.object.clone(),
        is: decision.kind == DecisionKind::Declared,
        says: format!("`{}` decided it on {day}{reason} (decision {})", plain(&decision.by), decision.id),
    }
}

/// What a store knows before anything was scanned.
fn nothing() -> Inventory {
    let scan = Scan {
        id: String::new(),
        started_at: String::new(),
        tool: String::new(),
        rules: String::new(),
        targets: Vec::new(),
    };
    Inventory {
        schema: SCHEMA.to_owned(),
        scan,
        coverage: Vec::new(),
        systems: Vec::new(),
        components: Vec::new(),
        identities: Vec::new(),
        proposals: Vec::new(),
        register: None,
    }
}
