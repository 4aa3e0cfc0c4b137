//! Inventories as a run left them, in which what was seen from several sides is one system, as keys and people say.

use std::collections::{BTreeSet, HashMap};

use asmm_model::{Inventory, System, SystemId};
use sqlx::{Any, Row as _, Transaction};

use super::decide::{Decision, DecisionKind, decisions};
use super::{Filter, Run, Store, StoreError};
use crate::correlate::{self, Decided};

impl Store {
    /// The inventory as a run left it, joined. What people decided since then holds for it as well.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn whole(&self, run: &Run, filter: &Filter) -> Result<Inventory, StoreError> {
        // What a filter leaves out may be a part of what it does not.
        let all = Filter { presences: filter.presences.clone(), ..Filter::default() };
        let alone = self.inventory(run, &all).await?;
        let mut whole = correlate::joined(alone, &decided(&mut self.read().await?).await?);
        let only = (whole.scan.targets.len() == 1).then(|| whole.scan.targets[0].target.clone());
        whole.systems.retain(|system| filter.holds(system, only.as_deref()));
        if let Some(text) = &filter.target {
            let holds = |target: &str| holds(target, text);
            whole.coverage.retain(|coverage| holds(&coverage.target));
            whole.scan.targets.retain(|scanned| holds(&scanned.target));
        }
        Ok(whole)
    }

    /// What people decided about which systems are one, as a scan may respect it before it is recorded: each system by the id that the
    /// last scan gave it. Where several go by one, the decision waits until the scan is recorded.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn decided_of_scans(&self) -> Result<Decided, StoreError> {
        let mut transaction = self.read().await?;
        let mut decided = decided(&mut transaction).await?;
        let names: BTreeSet<String> = decided.systems().map(|id| id.as_str().to_owned()).collect();
        let mut scanned = HashMap::new();
        for name in names {
            let text = "\
                SELECT MIN(o.scanned) AS scanned FROM versions o WHERE o.until IS NULL AND o.scanned = (
                    SELECT v.scanned FROM systems s JOIN versions v ON v.system = s.id AND v.until IS NULL WHERE s.name = $1)
                HAVING COUNT(*) = 1";
            let row = sqlx::query(text).bind(name.clone()).fetch_optional(&mut *transaction).await?;
            if let Some(row) = row {
                scanned.insert(SystemId::known(name), SystemId::known(row.try_get::<String, _>("scanned")?));
            }
        }
        decided.called(&scanned);
        Ok(decided)
    }

    /// The decision by which a system belongs to another one, or to what belongs to that, if there is one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn belongs(&self, part: &str, whole: &str) -> Result<Option<i64>, StoreError> {
        let decisions = decisions(&mut self.read().await?, &[DecisionKind::One], false).await?;
        let mut at = part.to_owned();
        // As many steps as there are decisions lead to the end of every chain.
        for _ in 0..decisions.len() {
            let Some(next) = decisions.iter().rev().find(|decision| decision.object == at) else { break };
            at.clone_from(&next.subject);
            if at == whole {
                return Ok(Some(next.id));
            }
        }
        Ok(None)
    }
}

/// What people decided about which systems are one.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn decided(transaction: &mut Transaction<'static, Any>) -> Result<Decided, StoreError> {
    let mut decided = Decided::default();
    for decision in decisions(transaction, &[DecisionKind::One, DecisionKind::Apart], false).await? {
        let says = says(&decision);
        let [subject, object] = [decision.subject, decision.object].map(SystemId::known);
        match decision.kind {
            DecisionKind::One => decided.one(subject, object, says),
            _ => decided.apart(&subject, &object),
        }
    }
    Ok(decided)
}

impl Filter {
    /// Whether a system is meant, by itself or by what is a part of it. `only` is the target of all systems, where there is one.
    fn holds(&self, system: &System, only: Option<&str>) -> bool {
        let parts = || system.joins.iter();
        let targets =
            || [system.target.as_deref()].into_iter().chain(parts().map(|part| part.target.as_deref()));
        let names = || std::iter::once(system.name.as_str()).chain(parts().map(|part| part.name.as_str()));
        (self.verdicts.is_empty() || self.verdicts.contains(&system.verdict))
            && self.name.as_ref().is_none_or(|text| names().any(|name| holds(name, text)))
            && self.target.as_ref().is_none_or(|text| {
                targets().any(|target| target.or(only).is_some_and(|target| holds(target, text)))
            })
    }
}

fn holds(whole: &str, text: &str) -> bool {
    whole.to_lowercase().contains(&text.to_lowercase())
}

/// What is told of a decision where it joins two systems.
fn says(decision: &Decision) -> String {
    let day = decision.at.get(..10).unwrap_or(&decision.at);
    let why = if decision.reason.is_empty() { String::new() } else { format!(": {}", decision.reason) };
    format!("{} decided on {day} that it is a part of this (decision {}){why}", decision.by, decision.id)
}
