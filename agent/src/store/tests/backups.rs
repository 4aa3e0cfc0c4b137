//! A backup is all of a store, and fits into a store of either database.

use super::{Home, on_both, seen};
use crate::sample::{desk, loose, refunds, summaries};
use crate::store::deliver::Standing;
use crate::store::{DecisionKind, Filter, Store, StoreError};

async fn filled(home: &Home) -> Store {
    let store = home.store().await;
    store.heard("team").await.unwrap();
    store.night(1, vec![seen(vec![refunds("."), loose("."), summaries(".")])]).await;
    store.night(2, vec![seen(vec![refunds("."), desk(".")])]).await;
    let system = store.system_named("desk").await.unwrap();
    let at = "2026-11-02T09:00:00Z";
    store.import(&super::decisions::register("crm.csv", &["CRM-7", "CRM-8"])).await.unwrap();
    store.decide(DecisionKind::Declared, "CRM-7", &system, "ann", at, "its owner says so").await.unwrap();
    let structure = asmm_model::assessment::Structure::working();
    let seed = store.seed(structure, at.parse().unwrap()).await.unwrap();
    let text = asmm_model::assessment::Structure::working_text();
    store.begin_assessment("2026-q4", (text, &seed), "ann", at).await.unwrap();
    let exclude = crate::assess::Act::Exclude { area: "GV-1".to_owned() };
    store.assess("2026-q4", exclude, "ann", "others do that", at, None).await.unwrap();
    store.stands("team", "d", &["n".to_owned()], Standing::Sent, "2026-11-02T03:00:00Z").await.unwrap();
    store
}

async fn text(store: &Store) -> Vec<u8> {
    let mut text = Vec::new();
    store.backup(&mut text, "2026-11-03T00:00:00Z").await.unwrap();
    text
}

on_both! {
    async fn what_is_restored_is_what_was_kept(home: &Home) {
        let store = filled(home).await;
        let kept = text(&store).await;
        for server in [false, true] {
            let other_home = Home::new(server);
            let other = Store::open(&other_home.place("other.db")).await.unwrap();
            other.restore(kept.as_slice()).await.unwrap();
            assert_eq!(text(&other).await, kept, "the same rows in the same order");
            // Work goes on where it ended.
            other.night(3, vec![seen(vec![refunds(".")])]).await;
            let last = other.run_named("latest").await.unwrap();
            assert_eq!(last.number, 3);
            assert_eq!(other.inventory(&last, &Filter::default()).await.unwrap().systems.len(), 1);
            assert_eq!(other.decisions(&[], true).await.unwrap(), store.decisions(&[], true).await.unwrap());
            assert_eq!(other.declared().await.unwrap(), store.declared().await.unwrap());
            let next = other.decide(DecisionKind::NotDeclared, "CRM-7", "desk", "ann", "", "").await;
            assert!(matches!(next, Err(StoreError::NoSystem { .. })), "a system is decided of by its id");
            assert!(matches!(other.restore(kept.as_slice()).await, Err(StoreError::Full(_))));
        }
    }
}

on_both! {
    async fn a_broken_backup_changes_nothing(home: &Home) {
        let kept = text(&filled(home).await).await;
        let place = home.place("other.db");
        let other = Store::open(&place).await.unwrap();
        let lines: Vec<&[u8]> = kept.split_inclusive(|byte| *byte == b'\n').collect();
        let mut broken: Vec<Vec<u8>> = vec![
            Vec::new(),
            b"not a backup\n".to_vec(),
            kept[..kept.len() / 2].to_vec(),
            lines[..lines.len() - 1].concat(),
            [&lines[..4], &lines[5..]].concat().concat(),
            String::from_utf8(kept.clone()).unwrap().replacen("refunds", "refundz", 1).into_bytes(),
            String::from_utf8(kept.clone()).unwrap().replacen("muster.backup/1", "muster.backup/9", 1).into_bytes(),
        ];
        let mut foreign = lines.clone();
        foreign.insert(2, b"[\"passwords\",1]\n");
        broken.push(foreign.concat());
        for text in broken {
            let error = other.restore(text.as_slice()).await.unwrap_err();
            assert!(matches!(error, StoreError::Backup(_)), "{error}");
            assert!(other.runs(1).await.unwrap().is_empty());
        }
        other.restore(kept.as_slice()).await.unwrap();
    }
}
