//! Reads what is kept: lists of systems, and whole inventories as a run left them.

use std::collections::HashMap;
use std::fmt::Write as _;

use asmm_model::{
    Coverage, Inventory, Presence, Remembered, SCHEMA, Scan, ScanTarget, System, SystemId, Verdict,
};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::record::{Kinds, Loose};
use super::rows::{Value, bind};
use super::{Run, Store, StoreError, body};
use crate::review::Standing;

/// Which systems are meant; what is empty leaves none out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Of these verdicts.
    pub(crate) verdicts: Vec<Verdict>,
    /// Of what became of them in the last scan.
    pub(crate) presences: Vec<Presence>,
    /// In targets whose name holds this.
    pub(crate) target: Option<String>,
    /// With a name that holds this.
    pub(crate) name: Option<String>,
    /// Of which this is decided; of lists alone.
    pub(crate) standings: Vec<Standing>,
}

/// A text of conditions with the values of its parameters.
pub(super) struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    pub(super) fn new(first: &str, values: Vec<Value>) -> Self {
        Self { text: first.to_owned(), values }
    }

    /// Adds a condition; each `?` of it is one of the values.
    pub(super) fn and(&mut self, condition: &str, values: Vec<Value>) {
        self.text.push_str(" AND ");
        let mut values = values.into_iter();
        for c in condition.chars() {
            match (c, values.len()) {
                ('?', 1..) => {
                    self.values.extend(values.next());
                    let _ = write!(self.text, "${}", self.values.len());
                }
                _ => self.text.push(c),
            }
        }
    }

    pub(super) fn any_of(&mut self, column: &str, names: Vec<&'static str>) {
        if !names.is_empty() {
            let marks = vec!["?"; names.len()].join(", ");
            self.and(&format!("{column} IN ({marks})"), names.into_iter().map(Value::text).collect());
        }
    }

    /// As [`Self::any_of`], of what is worked out of several columns. A server knows nothing of what comes of that: it takes it that next
    /// to no row is so, and would read and sort all that there are. That a number is above another it takes to be so of a third of
    /// them: it walks in the order of the list, and stops where the page is full.
    pub(super) fn worked_out(&mut self, value: &str, names: Vec<&'static str>) {
        if !names.is_empty() {
            let marks = vec!["?"; names.len()].join(", ");
            let condition = format!("CASE WHEN {value} IN ({marks}) THEN 1 ELSE 0 END > 0");
            self.and(&condition, names.into_iter().map(Value::text).collect());
        }
    }

    pub(super) fn of(&mut self, filter: &Filter, presence: Option<&str>) {
        self.any_of("v.verdict", filter.verdicts.iter().map(|verdict| verdict.name()).collect());
        if let Some(presence) = presence {
            self.worked_out(presence, filter.presences.iter().map(|presence| presence.name()).collect());
        }
        let holds = |text: &String| vec![Value::text(pattern(text))];
        if let Some(target) = &filter.target {
            self.and("LOWER(t.shown) LIKE ? ESCAPE '!'", holds(target));
        }
        if let Some(name) = &filter.name {
            // For the same reason.
            self.and("CASE WHEN LOWER(v.title) LIKE ? ESCAPE '!' THEN 1 ELSE 0 END > 0", holds(name));
        }
    }

    /// The query: all of its text is ours, and what people give is a value of a parameter.
    pub(super) fn query(self, select: &str, then: &str) -> super::rows::Statement<'static> {
        let text = format!("{select} WHERE {} {then}", self.text);
        self.values.into_iter().fold(sqlx::query(AssertSqlSafe(text)), bind)
    }
}

/// The pattern of a text that holds this one.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern + "%"
}

impl Store {
    /// The inventory as a run left it: what the last scan of each target until then found, and what it did not see.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn inventory(&self, run: &Run, filter: &Filter) -> Result<Inventory, StoreError> {
        let mut transaction = self.read().await?;
        let mut inventory = Inventory {
            schema: SCHEMA.to_owned(),
            scan: Scan {
                id: run.name.clone(),
                started_at: run.started_at.clone(),
                tool: run.tool.clone(),
                rules: run.rules.clone(),
                targets: Vec::new(),
            },
            coverage: Vec::new(),
            systems: Vec::new(),
            components: Vec::new(),
            identities: Vec::new(),
            proposals: Vec::new(),
            register: None,
        };
        let targets = targets(&mut transaction, run.number, filter).await?;
        let several = targets.len() > 1;
        for target in targets {
            let mut systems = systems(&mut transaction, run.number, &target, filter).await?;
            let named = several.then_some(target.coverage.target.as_str());
            for system in &mut systems {
                system.set_target(named);
            }
            inventory.systems.append(&mut systems);
            let mut loose = target.loose;
            loose.set_target(named);
            let Loose { mut components, mut identities } = loose;
            inventory.components.append(&mut components);
            inventory.identities.append(&mut identities);
            let commit = target.commit;
            inventory.scan.targets.push(ScanTarget { target: target.coverage.target.clone(), commit });
            inventory.coverage.push(target.coverage);
        }
        inventory.systems.sort_by(System::order);
        Ok(inventory)
    }
}

/// A target as a run left it.
struct TargetThen {
    id: i64,
    /// The last run that recorded it until then.
    run: i64,
    /// When that began.
    at: String,
    commit: Option<String>,
    coverage: Coverage,
    loose: Loose,
}

async fn targets(
    transaction: &mut Transaction<'static, Any>,
    run: i64,
    filter: &Filter,
) -> Result<Vec<TargetThen>, StoreError> {
    let mut conditions = Conditions::new(
        "c.run = (SELECT MAX(l.run) FROM coverage l WHERE l.target = t.id AND l.run <= $1)",
        vec![Value::Int(run)],
    );
    if let Some(target) = &filter.target {
        conditions.and("LOWER(t.shown) LIKE ? ESCAPE '!'", vec![Value::text(pattern(target))]);
    }
    let select = "\
        SELECT t.id, t.shown, c.run, r.started_at, c.commit_id, c.seen, g.body AS gaps, l.body AS loose
        FROM targets t JOIN coverage c ON c.target = t.id JOIN runs r ON r.id = c.run
        JOIN documents g ON g.digest = c.gaps JOIN documents l ON l.digest = c.loose";
    let rows = conditions.query(select, "ORDER BY t.shown, t.id").fetch_all(&mut **transaction).await?;
    let then = |row: &AnyRow| -> Result<TargetThen, StoreError> {
        let kinds: Kinds = serde_json::from_str(&row.try_get::<String, _>("gaps")?)?;
        Ok(TargetThen {
            id: row.try_get("id")?,
            run: row.try_get("run")?,
            at: row.try_get("started_at")?,
            commit: row.try_get("commit_id")?,
            coverage: Coverage {
                target: row.try_get("shown")?,
                seen: u64::try_from(row.try_get::<i64, _>("seen")?).unwrap_or(0),
                skipped: kinds.skipped,
                kinds: kinds.kinds,
            },
            loose: serde_json::from_str(&row.try_get::<String, _>("loose")?)?,
        })
    };
    rows.iter().map(then).collect()
}

/// The systems of a target that were not missing then, each with what is remembered of it.
async fn systems(
    transaction: &mut Transaction<'static, Any>,
    run: i64,
    target: &TargetThen,
    filter: &Filter,
) -> Result<Vec<System>, StoreError> {
    let conditions = || {
        let first = "s.target = $2 AND v.since <= $1 AND (v.until IS NULL OR v.until > $1)";
        let mut conditions = Conditions::new(first, vec![Value::Int(run), Value::Int(target.id)]);
        conditions.of(&Filter { target: None, ..filter.clone() }, None);
        conditions
    };
    let from = "FROM versions v JOIN systems s ON s.id = v.system";
    let mut observed: HashMap<i64, Vec<String>> = HashMap::new();
    let select = format!("SELECT o.version, o.body {from} JOIN observations o ON o.version = v.id");
    for row in conditions().query(&select, "ORDER BY o.version, o.n").fetch_all(&mut **transaction).await? {
        observed.entry(row.try_get("version")?).or_default().push(row.try_get("body")?);
    }
    let aliases = aliases(transaction, target.id).await?;
    let last = "(SELECT MAX(q.run) FROM presences q WHERE q.system = s.id AND q.run <= $1)";
    let select = format!(
        "SELECT v.id AS version, v.body, s.id, s.name, s.first_seen, p.presence, p.run,
            (SELECT b.started_at FROM coverage c JOIN runs b ON b.id = c.run
             WHERE c.target = $2 AND c.run < p.run ORDER BY c.run DESC LIMIT 1) AS before_it
         {from} JOIN presences p ON p.system = s.id AND p.run = {last}"
    );
    let mut systems = Vec::new();
    for row in conditions().query(&select, "ORDER BY s.id").fetch_all(&mut **transaction).await? {
        let (said, at): (String, i64) = (row.try_get("presence")?, row.try_get("run")?);
        let said = Presence::named(&said).unwrap_or(Presence::Present);
        let presence = if said.is_there() && at != target.run { Presence::Present } else { said };
        let wanted = filter.presences.is_empty() && presence != Presence::Missing;
        if !wanted && !filter.presences.contains(&presence) {
            continue;
        }
        let observations = observed.remove(&row.try_get("version")?).unwrap_or_default();
        let mut system = body::together(&row.try_get::<String, _>("body")?, Some(&observations))?;
        let (name, first_seen): (String, String) = (row.try_get("name")?, row.try_get("first_seen")?);
        let before: Option<String> = row.try_get("before_it")?;
        let of_it = aliases.get(&row.try_get("id")?).into_iter().flatten();
        let aliases = of_it.filter(|alias| **alias != name).map(SystemId::known).collect();
        let last_seen = if presence.is_there() {
            target.at.clone()
        } else {
            before.unwrap_or_else(|| first_seen.clone())
        };
        system.id = SystemId::known(name);
        system.remembered = Some(Remembered { presence, first_seen, last_seen, aliases });
        systems.push(system);
    }
    Ok(systems)
}

async fn aliases(
    transaction: &mut Transaction<'static, Any>,
    target: i64,
) -> Result<HashMap<i64, Vec<String>>, StoreError> {
    let text = "SELECT system, alias FROM aliases WHERE target = $1 ORDER BY system, alias";
    let mut aliases: HashMap<i64, Vec<String>> = HashMap::new();
    for row in sqlx::query(text).bind(target).fetch_all(&mut **transaction).await? {
        aliases.entry(row.try_get("system")?).or_default().push(row.try_get("alias")?);
    }
    Ok(aliases)
}
