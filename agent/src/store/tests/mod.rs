//! One suite for both databases: a file of SQLite, and a real server of PostgreSQL.

mod assessments;
mod audit;
mod backups;
mod decisions;
mod flows;
mod histories;
mod identities;
mod joined;
mod reviews;
mod runs;

use asmm_model::{Gap, GapReason, Inventory, Scan};
use muster_tests::postgres::Postgres;
use tempfile::TempDir;

use super::record::Recorded;
use super::{Place, Run, RunState, Seen, Store};
use crate::sample::{self, Sample};

/// A place for stores that ends with the test.
pub(super) struct Home {
    folder: TempDir,
    server: bool,
}

impl Home {
    pub(super) fn new(server: bool) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server }
    }

    /// A place where nothing is yet.
    pub(super) fn place(&self, name: &str) -> Place {
        if self.server {
            Place::named(&Postgres::shared().database()).unwrap()
        } else {
            Place::File(self.folder.path().join(name))
        }
    }

    pub(super) async fn store(&self) -> Store {
        Store::open(&self.place("muster.db")).await.unwrap()
    }
}

/// A test that is run on each database, under the name of each.
macro_rules! on_both {
    ($(#[doc = $doc:literal])* async fn $name:ident($home:ident: &Home) $body:block) => {
        mod $name {
            use super::*;

            $(#[doc = $doc])*
            async fn run($home: &Home) $body

            #[test]
            fn sqlite() {
                crate::store::tests::block_on(run(&Home::new(false)));
            }

            #[test]
            fn postgres() {
                crate::store::tests::block_on(run(&Home::new(true)));
            }
        }
    };
}
pub(super) use on_both;

pub(super) fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

/// An inventory of one target, of which everything was seen.
pub(super) fn inventory(samples: Vec<Sample>) -> Inventory {
    let mut inventory = sample::inventory(samples.into_iter().flat_map(Sample::observations).collect());
    inventory.coverage[0].skipped.clear();
    inventory
}

/// What a scan saw of the target `shop`.
pub(super) fn seen(samples: Vec<Sample>) -> Seen {
    seen_of("shop", inventory(samples))
}

pub(super) fn seen_of(key: &str, inventory: Inventory) -> Seen {
    Seen::each(inventory, |target| (key.to_owned(), format!("at:{key}/{target}"))).remove(0)
}

/// The same, of a scan that could not see something.
pub(super) fn partly(samples: Vec<Sample>, hidden: &str) -> Seen {
    let mut seen = seen(samples);
    seen.coverage.skipped.push(Gap::new(hidden, GapReason::Denied));
    seen
}

pub(super) fn scan(day: u32) -> Scan {
    Scan {
        id: format!("scan-{day}"),
        started_at: format!("2026-11-{day:02}T02:00:00.000Z"),
        tool: "muster 0.1.0".to_owned(),
        rules: "blake3:0".to_owned(),
        targets: Vec::new(),
    }
}

impl Store {
    /// A run of a day that records these targets.
    pub(super) async fn night(&self, day: u32, all: Vec<Seen>) -> (Run, Vec<Recorded>) {
        let claim = self.claim().await.unwrap();
        let run = self.begin(&scan(day), &claim).await.unwrap();
        let mut recorded = Vec::new();
        for seen in all {
            recorded.push(self.record(&run, seen).await.unwrap());
        }
        self.end(&run, RunState::Done, &format!("2026-11-{day:02}T02:10:00.000Z")).await.unwrap();
        self.marks_what_is_decided("<>").await;
        (self.run_named(&run.name).await.unwrap(), recorded)
    }

    /// That none is marked as decided (`>`), or no other (`<>`), than those of which that is written down: it would be missing in the queue.
    /// While a run goes on, what it found otherwise is not marked yet.
    pub(super) async fn marks_what_is_decided(&self, wrong: &'static str) {
        let text = format!(
            "SELECT COUNT(*) FROM versions v LEFT JOIN reviews w ON w.system = v.system WHERE v.until IS NULL
            AND v.decided {wrong} CASE WHEN COALESCE(w.standing, 'needs-review') IN ('needs-review', 'in-review') THEN 0 ELSE 1 END"
        );
        let wrong: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(&self.pool).await.unwrap();
        assert_eq!(wrong, 0, "marked wrongly");
    }

    /// Name and presence of all systems, in the order of the list.
    pub(super) async fn presences(&self) -> Vec<(String, String)> {
        use asmm_model::Presence;
        let filter = super::Filter { presences: Presence::ALL.to_vec(), ..Default::default() };
        let (listed, _) =
            self.list(&filter, &super::Page { most: 100, ..super::Page::default() }).await.unwrap();
        listed.into_iter().map(|one| (one.name, one.presence)).collect()
    }
}
