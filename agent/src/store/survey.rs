//! What a store says for an assessment: each system with what people decided of it, and how much of all sources was seen.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::assessment::{
    DecisionState, Known, Seed, Source, SourceKind, SourceStatus, Structure, Survey, Tally, seed,
};
use asmm_model::{Records, Register, System};
use jiff::Timestamp;
use muster_collect::{Source as Read, Target};
use sqlx::Row as _;

use super::{Filter, Reviewed, Store, StoreError};
use crate::register;
use crate::review::{self, Owned, Standing};

/// Hours for which a scan of a source is fresh: a week of nightly scans may fail before it is told.
const FRESH: u32 = 7 * 24;
/// What the tool is called in documents.
const TOOL: &str = concat!("muster ", env!("CARGO_PKG_VERSION"));

impl Store {
    /// What the last scans and the decisions of people say for an assessment by this structure, now.
    ///
    /// # Errors
    /// Nothing was scanned yet, or the store cannot be read.
    pub(crate) async fn seed(&self, structure: &Structure, now: Timestamp) -> Result<Seed, StoreError> {
        let run = match self.run_named("latest").await {
            Err(StoreError::NoRun(_)) => {
                return Err(StoreError::Decision(
                    "nothing was scanned yet: an assessment begins with what `muster run` finds".to_owned(),
                ));
            }
            other => other?,
        };
        let inventory = self.whole(&run, &Filter::default()).await?;
        let sources = self.declared().await?;
        let records = Kept::of(&sources);
        let register =
            if sources.is_empty() { None } else { Some(register::held(self, sources, &inventory).await?) };
        let survey =
            Survey { agreements: records.agreements.clone(), ..self.survey(now, register.is_some()).await? };
        let (reviews, first) = (self.reviews().await?, self.first_decisions().await?);
        let declared = register.as_ref().map(Declared::of).unwrap_or_default();
        let mut tally = Tally::new();
        // Where there is one target, places do not name it.
        let only = match inventory.scan.targets.as_slice() {
            [target] => Some(target.target.clone()),
            _ => None,
        };
        for mut system in inventory.systems {
            let id = system.id.as_str();
            let reviewed = reviews.get(id);
            let known = Known {
                target: system.target.clone().or_else(|| only.clone()),
                first_decided_at: first.get(id).and_then(|at| time(at)),
                declared: register.as_ref().and_then(|_| declared.says(id)),
                purpose: register.as_ref().map(|_| declared.purposes.contains(id)),
                data_classes: records.data.then(|| declared.data.contains(id)),
                approval: records.approvals.then(|| declared.approvals.contains(id)),
                ..known(&system, reviewed)
            };
            if let Some(Reviewed { review, .. }) = reviewed {
                review::put_right(&mut system, &review.corrections);
            }
            tally.add(&system, &known);
        }
        for identity in &inventory.identities {
            tally.add_identity(identity, only.as_deref());
        }
        for component in &inventory.components {
            tally.add_component(component);
        }
        Ok(seed(structure, &tally.finish(structure, &survey), &survey))
    }

    /// How much of all sources was seen, when and by which runs.
    async fn survey(&self, now: Timestamp, register: bool) -> Result<Survey, StoreError> {
        let mut transaction = self.read().await?;
        let text = "\
            SELECT t.shown, r.name, r.started_at, c.complete, c.seen, (
                SELECT MAX(p.started_at) FROM coverage d JOIN runs p ON p.id = d.run
                WHERE d.target = t.id AND d.complete = 1) AS whole
            FROM targets t JOIN coverage c ON c.target = t.id AND c.run = t.recorded JOIN runs r ON r.id = c.run
            ORDER BY t.shown, t.id";
        let (mut sources, mut runs) = (Vec::new(), BTreeSet::new());
        for row in sqlx::query(text).fetch_all(&mut *transaction).await? {
            let name: String = row.try_get("shown")?;
            let (complete, seen): (i64, i64) = (row.try_get("complete")?, row.try_get("seen")?);
            runs.insert(row.try_get::<String, _>("name")?);
            let status = match (complete, seen) {
                (1, _) => SourceStatus::Ok,
                (_, 0) => SourceStatus::Failed,
                _ => SourceStatus::Partial,
            };
            sources.push(Source {
                kind: kind(&name),
                name,
                status,
                at: time(&row.try_get::<String, _>("started_at")?),
                last_success: row.try_get::<Option<String>, _>("whole")?.as_deref().and_then(time),
            });
        }
        // Several scans in a row are no schedule: what counts is on how many days there was one.
        let text = "SELECT COUNT(DISTINCT SUBSTR(started_at, 1, 10)) AS days FROM runs WHERE state = 'done'";
        let days: i64 = sqlx::query(text).fetch_one(&mut *transaction).await?.try_get("days")?;
        Ok(Survey {
            now,
            sources,
            fresh_hours: FRESH,
            scheduled_scans: u64::try_from(days).unwrap_or(0),
            register,
            agreements: None,
            scan_ids: runs.into_iter().collect(),
            tool: TOOL.to_owned(),
        })
    }

    /// When a person said first of each system what it is, whatever holds now.
    async fn first_decisions(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut first = BTreeMap::new();
        self.audit(|body, _| {
            let entry: super::AuditEntry = serde_json::from_str(body)?;
            let standing = entry.to.get("standing").and_then(serde_json::Value::as_str);
            let decides =
                standing.and_then(Standing::named).is_some_and(|standing| state(standing).is_decided());
            if let Some(system) = entry.system.filter(|_| decides) {
                first.entry(system).or_insert(entry.at);
            }
            Ok(())
        })
        .await?;
        Ok(first)
    }
}

/// What people decided about a system, and what is known of it.
fn known(system: &System, reviewed: Option<&Reviewed>) -> Known {
    let review = reviewed.map(|reviewed| &reviewed.review);
    let state = review.map(|review| state(review.standing)).unwrap_or_default();
    let (owner, owner_confirmed) = match review.and_then(|review| review.owner.as_ref()) {
        Some(Owned::By(owner)) => (Some(owner.clone()), true),
        Some(Owned::Unknown) => (None, false),
        None => (system.owners.first().map(|owner| owner.name.clone()), false),
    };
    let decided = review.filter(|_| state.is_decided());
    Known {
        state,
        decided_by: decided.map(|review| review.by.clone()),
        decided_at: decided.and_then(|review| time(&review.at)),
        verdict: decided.and_then(|review| review.verdict),
        in_scope: review.and_then(|review| review.in_scope),
        owner,
        owner_confirmed,
        first_seen: system.remembered.as_ref().and_then(|known| time(&known.first_seen)),
        ..Known::default()
    }
}

fn state(standing: Standing) -> DecisionState {
    match standing {
        Standing::NeedsReview => DecisionState::NeedsReview,
        Standing::InReview => DecisionState::InReview,
        Standing::Confirmed => DecisionState::Confirmed,
        Standing::Rejected => DecisionState::Rejected,
        Standing::Deferred => DecisionState::Deferred,
        Standing::Retired => DecisionState::Retired,
    }
}

/// Which records the registers keep at all: of what none of them speaks, nothing is known.
struct Kept {
    data: bool,
    approvals: bool,
    /// Providers with which there is an agreement.
    agreements: Option<BTreeSet<String>>,
}

impl Kept {
    fn of(sources: &[super::Source]) -> Self {
        let records = || sources.iter().flat_map(|source| &source.entries).map(|entry| &entry.records);
        let agreed = records().filter(|records| is_record(records.agreement.as_ref()));
        let agreed = agreed.filter_map(|records| records.provider.as_deref()).flat_map(providers);
        Self {
            data: records().any(|records| records.data.is_some()),
            approvals: records().any(|records| records.approval.is_some()),
            agreements: records().any(|records| records.agreement.is_some()).then(|| agreed.collect()),
        }
    }
}

fn is_record(text: Option<&String>) -> bool {
    text.is_some_and(|text| Records::is_one(text))
}

/// The providers of a cell, as the inventory names them: `Azure OpenAI; Anthropic` is `azure-openai` and `anthropic`.
fn providers(cell: &str) -> impl Iterator<Item = String> {
    let names = cell.split([';', ',', '|', '/']);
    names.map(|name| name.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase())
}

/// What a known register says of systems, by their ids.
#[derive(Default)]
struct Declared {
    seen: BTreeSet<String>,
    /// Those whose purpose stands in it.
    purposes: BTreeSet<String>,
    /// Those of whose data it names classes.
    data: BTreeSet<String>,
    /// Those of which it has a record of approval.
    approvals: BTreeSet<String>,
    open: BTreeSet<String>,
}

impl Declared {
    fn of(register: &Register) -> Self {
        let mut declared = Self::default();
        for recognised in &register.seen {
            for system in &recognised.systems {
                let id = system.system.as_str().to_owned();
                if recognised.declared.purpose.is_some() {
                    declared.purposes.insert(id.clone());
                }
                let records = &recognised.declared.records;
                if is_record(records.data.as_ref()) {
                    declared.data.insert(id.clone());
                }
                if is_record(records.approval.as_ref()) {
                    declared.approvals.insert(id.clone());
                }
                declared.seen.insert(id);
            }
        }
        let asked = register.questions.iter().flat_map(|question| &question.systems);
        declared.open = asked.map(|system| system.system.as_str().to_owned()).collect();
        declared
    }

    fn says(&self, id: &str) -> Option<bool> {
        (self.seen.contains(id) || !self.open.contains(id)).then(|| self.seen.contains(id))
    }
}

/// Of which type a source is, by how it is named.
fn kind(target: &str) -> SourceKind {
    match Target::parse(target).map(|target| target.source) {
        Ok(Read::Aws | Read::AwsExport) => SourceKind::Aws,
        Ok(Read::Kubernetes | Read::KubernetesExport) => SourceKind::Kubernetes,
        Ok(Read::CycloneDx) => SourceKind::Bom,
        Ok(Read::Folder | Read::Repositories | Read::List | Read::Git | Read::Github | Read::Gitlab)
        | Err(_) => SourceKind::Code,
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
