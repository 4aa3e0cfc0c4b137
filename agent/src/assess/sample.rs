//! A small assessment in a store of its own, for tests.

use std::collections::BTreeMap;

use asmm_model::assessment::{Score, Structure, Weight};
use asmm_model::{Inventory, Scan};
use tempfile::TempDir;

use super::Act;
use crate::store::{Place, RunState, Seen, Store};

/// When people act.
pub(crate) const AT: &str = "2026-11-28T09:00:00.000Z";

/// A store with an assessment `2026-q4` of an inventory: scored in part by two people, one area weighed and one excluded.
pub(crate) async fn scored(inventory: Inventory, ada: &str, reason: &str) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Place::File(folder.path().join("muster.db"))).await.unwrap();
    let scan = Scan {
        id: "scan-1".to_owned(),
        started_at: "2026-11-27T02:00:00.000Z".to_owned(),
        tool: "muster 0.1.0".to_owned(),
        rules: "blake3:0".to_owned(),
        targets: Vec::new(),
    };
    let claim = store.claim().await.unwrap();
    let run = store.begin(&scan, &claim).await.unwrap();
    for seen in Seen::each(inventory, |target| ("shop".to_owned(), target.to_owned())) {
        store.record(&run, seen).await.unwrap();
    }
    store.end(&run, RunState::Done, "2026-11-27T02:10:00.000Z").await.unwrap();
    let seed = store.seed(Structure::working(), AT.parse().unwrap()).await.unwrap();
    store.begin_assessment("2026-q4", (Structure::working_text(), &seed), ada, AT).await.unwrap();
    let score = |area: &str, level: u8| Act::Score {
        area: area.to_owned(),
        score: Score::new(level).unwrap(),
        tests: BTreeMap::from([("written".to_owned(), Score::new(5).unwrap())]),
    };
    let mut acts = vec![(score("GV-1", 4), ada)];
    // Above what the evidence suggests.
    acts.extend(["GV-1", "GV-2", "GV-3", "ID-1", "PR-1", "DE-1"].map(|area| (score(area, 3), ada)));
    acts.push((score("RS-1", 1), "bob"));
    acts.push((Act::Exclude { area: "RC-2".to_owned() }, "bob"));
    acts.push((Act::Weigh { of: "GV".to_owned(), weight: Weight::decimal("2").unwrap() }, "bob"));
    for (act, by) in acts {
        store.assess("2026-q4", act, by, reason, AT, None).await.unwrap();
    }
    (folder, store)
}

/// Waits for what a store does.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
