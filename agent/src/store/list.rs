//! The list of systems, in pages: each once, with its parts, from however many sides it was seen.

use std::collections::HashMap;

use asmm_model::{Hitl, Level, Presence, Role, SystemKind, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::known::each_of;
use super::read::{Conditions, Filter, pattern};
use super::rows::Value;
use super::{Store, StoreError};
use crate::review::Standing;

/// What a list says of a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Listed {
    /// The id that it keeps over all scans.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
    /// The target that it is in, as given.
    pub(crate) target: String,
    /// Where it is in the target.
    pub(crate) root: String,
    /// What it is.
    #[schemars(with = "SystemKind")]
    pub(crate) kind: String,
    /// What its code is.
    #[schemars(with = "Role")]
    pub(crate) role: String,
    /// What the Autonomy Test decides.
    #[schemars(with = "Verdict")]
    pub(crate) verdict: String,
    /// Lowest and highest autonomy level that the evidence allows.
    #[schemars(with = "[Level; 2]")]
    pub(crate) level: [u8; 2],
    /// How much of what it does waits for a person.
    #[schemars(with = "Hitl")]
    pub(crate) hitl: String,
    /// Review priority: higher comes first.
    #[schemars(range(min = 0))]
    pub(crate) priority: i64,
    /// What became of it in the last scan of where it is.
    #[schemars(with = "Presence")]
    pub(crate) presence: String,
    /// When the scan began that found it first, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) first_seen: String,
    /// When the scan began that found it last, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) last_seen: String,
    /// How far its review has come; nothing where nobody has to look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) standing: Option<Standing>,
    /// What was seen elsewhere, and is it as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<ListedPart>,
}

/// One side of a system beside the one that it is listed by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ListedPart {
    /// The id that it keeps over all scans.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
    /// The target that it is in, as given.
    pub(crate) target: String,
    /// Where it is in the target.
    pub(crate) root: String,
}

impl Listed {
    /// Lowest and highest level.
    pub(crate) fn levels(&self) -> [Level; 2] {
        self.level.map(Level)
    }
}

/// A part of a list: at `most` so many, after the one that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) most: i64,
    /// Rank, name and number of the last one of the page before; what ranks is what the list is sorted by.
    pub(crate) after: Option<(i64, String, i64)>,
    pub(crate) sort: Sort,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sort {
    /// What needs a look first, first.
    #[default]
    Priority,
    /// By the highest level that it may have.
    Level,
    /// By name.
    Name,
}

impl Sort {
    pub(crate) const ALL: [Self; 3] = [Self::Priority, Self::Level, Self::Name];

    /// The name that stands in an address.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Level => "level",
            Self::Name => "name",
        }
    }

    /// What ranks before the name does, if anything.
    fn rank(self) -> Option<&'static str> {
        match self {
            Self::Priority => Some("v.priority"),
            Self::Level => Some("v.level_high"),
            Self::Name => None,
        }
    }
}

/// What the last scan says: what became of a system in an earlier run is over, unless it is away since.
const PRESENCE: &str = "CASE WHEN s.presence IN ('missing', 'unseen') OR s.presence_run = t.recorded THEN s.presence ELSE 'present' END";

/// What is decided of it, or that something has to be.
pub(super) const STANDING: &str = "COALESCE(w.standing, CASE WHEN v.verdict IN ('agentic', 'undetermined') THEN 'needs-review' ELSE '' END)";

/// Systems that are what their targets showed, and those that are more than that.
const ALONE: (&str, &str) = (
    "versions",
    "v.until IS NULL AND s.id = v.system AND t.id = s.target
        AND NOT EXISTS (SELECT 1 FROM joined j WHERE j.system = s.id AND j.until IS NULL)",
);
const TOGETHER: (&str, &str) =
    ("joined", "v.until IS NULL AND v.whole = 0 AND s.id = v.system AND t.id = s.target");
/// What is read beside each of them.
const REST: &str = "CROSS JOIN systems s CROSS JOIN targets t LEFT JOIN runs r ON r.id = t.recorded";

impl Store {
    /// The systems as the last scan of each left them, what needs a look first, first; those that are missing only where they are
    /// asked for. With where the next page begins, if there is one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn list(
        &self,
        filter: &Filter,
        page: &Page,
    ) -> Result<(Vec<Listed>, Option<(i64, String, i64)>), StoreError> {
        let mut transaction = self.read().await?;
        let way = way(&mut transaction, &filter.standings).await?;
        let mut rows = rows(&mut transaction, ALONE, way, filter, page).await?;
        rows.append(&mut self::rows(&mut transaction, TOGETHER, way, filter, page).await?);
        rows.sort_by(|(a, _), (b, _)| {
            let key = |at: &At| (std::cmp::Reverse(at.0), at.1.clone(), at.2);
            key(a).cmp(&key(b))
        });
        let most = usize::try_from(page.most).unwrap_or(0);
        let is_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| is_more).map(|(at, _)| at.clone());
        let mut parts = parts(&mut transaction, &rows).await?;
        let listed = rows.into_iter().map(|(at, listed)| {
            let parts = parts.remove(&at.2).unwrap_or_default();
            Listed { parts, ..listed }
        });
        Ok((listed.collect(), next))
    }
}

/// How a page of the list is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the order of the list, until the page is full.
    Listed,
    /// Among what was decided so, which is little.
    Decided,
}

/// Up to so many decisions are read and sorted; of more than that, a page is soon full of them in the order of the list. Tests have
/// fewer of them, and go both ways.
const FEW: i64 = if cfg!(test) { 3 } else { 1000 };

/// The shorter way to the systems that stand so. What nobody has touched has no row among the decisions.
async fn way(transaction: &mut Transaction<'static, Any>, standings: &[Standing]) -> Result<Way, StoreError> {
    if standings.is_empty() || standings.contains(&Standing::NeedsReview) {
        return Ok(Way::Listed);
    }
    let select = "SELECT COUNT(*) FROM (SELECT 1 FROM reviews WHERE standing IN";
    let names = standings.iter().map(|standing| Value::text(standing.name()));
    let counted = each_of(transaction, select, names, &format!("LIMIT {FEW}) few")).await?;
    let few = counted.first().map(|row| row.try_get::<i64, _>(0)).transpose()?.is_some_and(|n| n < FEW);
    Ok(if few { Way::Decided } else { Way::Listed })
}

/// Where a system stands in the list: its rank, its name and its number.
type At = (i64, String, i64);

/// One row more than a page has, of one of both kinds.
async fn rows(
    transaction: &mut Transaction<'static, Any>,
    (table, first): (&str, &str),
    way: Way,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<(At, Listed)>, StoreError> {
    // SQLite joins in the order in which it is told to by CROSS JOIN: the index of versions is in the order of the list, so that a
    // page is read and no more.
    let mut conditions = Conditions::new(first, Vec::new());
    if table == ALONE.0 {
        conditions.of(filter, Some(PRESENCE));
    } else {
        conditions.of(&Filter { target: None, name: None, ..filter.clone() }, Some(PRESENCE));
        // What is meant may be a part of it.
        for (text, own, part) in
            [(&filter.target, "t.shown", "y.shown"), (&filter.name, "v.title", "p.title")]
        {
            let Some(text) = text else { continue };
            let condition = format!(
                "(LOWER({own}) LIKE ? ESCAPE '!' OR EXISTS (
                    SELECT 1 FROM joined p JOIN systems x ON x.id = p.system JOIN targets y ON y.id = x.target
                    WHERE p.whole = v.system AND p.until IS NULL AND LOWER({part}) LIKE ? ESCAPE '!'))"
            );
            conditions.and(&condition, vec![Value::text(pattern(text)), Value::text(pattern(text))]);
        }
    }
    let standings = filter.standings.iter().map(|standing| standing.name()).collect();
    match way {
        Way::Listed => conditions.worked_out(STANDING, standings),
        Way::Decided => conditions.any_of("w.standing", standings),
    }
    // What is decided need not be passed over where it is left out from the start.
    let is_open = !filter.standings.is_empty() && !filter.standings.iter().any(|one| one.is_decided());
    if is_open && table == ALONE.0 && page.sort == Sort::Priority {
        conditions.and("v.decided = 0", Vec::new());
    }
    if filter.presences.is_empty() {
        conditions.and("s.presence <> 'missing'", Vec::new());
    }
    if let Some((rank, title, system)) = &page.after {
        let mut values = vec![Value::text(title), Value::text(title), Value::Int(*system)];
        let then = "v.title > ? OR (v.title = ? AND v.system > ?)";
        if let Some(column) = page.sort.rank() {
            values.splice(0..0, [Value::Int(*rank), Value::Int(*rank)]);
            conditions.and(&format!("{column} <= ? AND ({column} < ? OR {then})"), values);
        } else {
            values.insert(0, Value::text(title));
            conditions.and(&format!("v.title >= ? AND ({then})"), values);
        }
    }
    let from = match way {
        Way::Listed => {
            // What was decided first: what is left out by it needs no look at the rest.
            format!("{table} v LEFT JOIN reviews w ON w.system = v.system {REST}")
        }
        Way::Decided => {
            conditions.and("v.system = w.system", Vec::new());
            format!("reviews w CROSS JOIN {table} v {REST}")
        }
    };
    let select = format!(
        "SELECT s.id, s.name, v.title, t.shown, v.root, v.kind, v.role, v.verdict, v.level_low, v.level_high, v.hitl,
            v.priority, {PRESENCE} AS presence, s.first_seen, COALESCE(s.seen_at, r.started_at) AS last_seen,
            {STANDING} AS standing
         FROM {from}"
    );
    let first = page.sort.rank().map(|column| format!("{column} DESC, ")).unwrap_or_default();
    let then = format!("ORDER BY {first}v.title, v.system LIMIT {}", page.most.saturating_add(1));
    let rows = conditions.query(&select, &then).fetch_all(&mut **transaction).await?;
    let ranked = |row: &AnyRow| -> Result<(At, Listed), StoreError> {
        let ((priority, title, number), listed) = listed(row)?;
        let rank = match page.sort {
            Sort::Priority => priority,
            Sort::Level => i64::from(listed.level[1]),
            Sort::Name => 0,
        };
        Ok(((rank, title, number), listed))
    };
    rows.iter().map(ranked).collect()
}

pub(super) fn listed(row: &AnyRow) -> Result<(At, Listed), StoreError> {
    let level =
        |column: &str| row.try_get::<i64, _>(column).map(|level| u8::try_from(level).unwrap_or(u8::MAX));
    let listed = Listed {
        id: row.try_get("name")?,
        name: row.try_get("title")?,
        target: row.try_get("shown")?,
        root: row.try_get("root")?,
        kind: row.try_get("kind")?,
        role: row.try_get("role")?,
        verdict: row.try_get("verdict")?,
        level: [level("level_low")?, level("level_high")?],
        hitl: row.try_get("hitl")?,
        priority: row.try_get("priority")?,
        presence: row.try_get("presence")?,
        first_seen: row.try_get("first_seen")?,
        last_seen: row.try_get::<Option<String>, _>("last_seen")?.unwrap_or_default(),
        standing: Standing::named(&row.try_get::<String, _>("standing")?),
        parts: Vec::new(),
    };
    Ok(((listed.priority, listed.name.clone(), row.try_get("id")?), listed))
}

/// The parts of the systems of a page, by the number of the system.
async fn parts(
    transaction: &mut Transaction<'static, Any>,
    rows: &[(At, Listed)],
) -> Result<HashMap<i64, Vec<ListedPart>>, StoreError> {
    const AT_ONCE: usize = 100;
    let mut parts: HashMap<i64, Vec<ListedPart>> = HashMap::new();
    for chunk in rows.chunks(AT_ONCE) {
        let select = "\
            SELECT p.whole, s.name, p.title, t.shown, p.root FROM joined p JOIN systems s ON s.id = p.system
            JOIN targets t ON t.id = s.target WHERE p.until IS NULL AND p.whole IN";
        let numbers = chunk.iter().map(|((_, _, number), _)| Value::Int(*number));
        for row in
            each_of(transaction, select, numbers, "ORDER BY p.whole, t.shown, p.title, p.system").await?
        {
            parts.entry(row.try_get("whole")?).or_default().push(ListedPart {
                id: row.try_get("name")?,
                name: row.try_get("title")?,
                target: row.try_get("shown")?,
                root: row.try_get("root")?,
            });
        }
    }
    Ok(parts)
}
