//! What people did is a chain that nobody changes without being found out.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::{Home, on_both, seen};
use crate::sample::{desk, refunds, summaries};
use crate::store::audit::{Chain, Entry, Head};
use crate::store::decide::DecisionKind::{Apart, Declared, One};
use crate::store::{Store, StoreError};

const AT: &str = "2026-11-02T09:00:00Z";

async fn filled(home: &Home) -> Store {
    let store = home.store().await;
    store.night(1, vec![seen(vec![refunds("."), desk("."), summaries(".")])]).await;
    let (a, b) = (store.system_named("refunds").await.unwrap(), store.system_named("desk").await.unwrap());
    store.decide(One, &a, &b, "ann", AT, "one \"service\"\0 of é").await.unwrap();
    store.decide(Apart, &a, &b, "bob", AT, "").await.unwrap();
    store.decide(Declared, "CRM-7", &a, "ann", AT, "").await.unwrap();
    store.undo(2, "eve", "2026-11-03T09:00:00Z").await.unwrap();
    store
}

async fn entries(store: &Store) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let push = |body: &str, hash: &str| {
        entries.push((body.to_owned(), hash.to_owned()));
        Ok(())
    };
    store.audit(push).await.unwrap();
    entries
}

/// Lets tests do what whoever owns the database may do.
async fn unlock(home: &Home, store: &Store) {
    let texts: &[&str] = if home.server {
        &["DROP TRIGGER audit_stays ON audit"]
    } else {
        &["DROP TRIGGER audit_stays", "DROP TRIGGER audit_remains"]
    };
    for text in texts {
        sqlx::query(*text).execute(&store.pool).await.unwrap();
    }
}

on_both! {
    async fn what_people_do_is_written_down(home: &Home) {
        let store = filled(home).await;
        let mut said = String::new();
        for (body, hash) in entries(&store).await {
            let entry: Entry = serde_json::from_str(&body).unwrap();
            let _ = writeln!(said, "{} {} {} {}", entry.sequence, entry.actor, entry.action, entry.reason);
            assert_eq!(hash.len(), 64);
        }
        assert_snapshot!("audit_of_decisions", said);
        let verified = store.verify(&[]).await.unwrap();
        assert_eq!((verified.entries, verified.faults.len()), (4, 0));
        // What was refused is no act.
        assert!(matches!(store.undo(2, "eve", AT).await, Err(StoreError::Decision(_))));
        assert_eq!(entries(&store).await.len(), 4);
    }
}

on_both! {
    async fn the_record_is_only_added_to(home: &Home) {
        let store = filled(home).await;
        for text in ["UPDATE audit SET hash = 'x'", "DELETE FROM audit WHERE sequence = 4"] {
            let error = sqlx::query(text).execute(&store.pool).await.unwrap_err().to_string();
            assert!(error.contains("only added to"), "{error}");
        }
        assert!(store.verify(&[]).await.unwrap().faults.is_empty());
    }
}

on_both! {
    async fn a_change_a_gap_and_another_order_are_found(home: &Home) {
        let store = filled(home).await;
        let kept = store.verify(&[]).await.unwrap().head.unwrap();
        let whole = entries(&store).await;
        unlock(home, &store).await;
        let mut said = String::new();
        for (what, texts) in [
            ("a reason that was changed", &["UPDATE audit SET body = REPLACE(body, '\"bob\"', '\"ann\"') WHERE sequence = 2"][..]),
            ("a hash that was changed", &["UPDATE audit SET hash = 'x' WHERE sequence = 4"]),
            ("an entry that was left out", &["DELETE FROM audit WHERE sequence = 3"]),
            ("the last one left out", &["DELETE FROM audit WHERE sequence = 4"]),
            ("all left out", &["DELETE FROM audit"]),
            ("one that stands under another system", &["UPDATE audit SET system = 'sys-other' WHERE sequence = 1"]),
            ("two that changed places", &["UPDATE audit SET sequence = 9 WHERE sequence = 2", "UPDATE audit SET sequence = 2 WHERE sequence = 3", "UPDATE audit SET sequence = 3 WHERE sequence = 9"]),
        ] {
            for text in texts {
                sqlx::query(*text).execute(&store.pool).await.unwrap();
            }
            let _ = writeln!(said, "{what}:");
            for fault in store.verify(std::slice::from_ref(&kept)).await.unwrap().faults {
                let _ = writeln!(said, "  {fault}");
            }
            sqlx::query("DELETE FROM audit").execute(&store.pool).await.unwrap();
            for ((body, hash), sequence) in whole.iter().zip(1_i64..) {
                let system = serde_json::from_str::<Entry>(body).unwrap().system;
                sqlx::query("INSERT INTO audit (sequence, system, body, hash) VALUES ($1, $2, $3, $4)")
                    .bind(sequence).bind(system).bind(body.clone()).bind(hash.clone()).execute(&store.pool).await.unwrap();
            }
            assert!(store.verify(std::slice::from_ref(&kept)).await.unwrap().faults.is_empty());
        }
        assert_snapshot!("audit_faults", said);
    }
}

#[test]
fn a_chain_that_was_made_anew_is_not_the_one_that_was_kept() {
    let kept = Head { sequence: 1, hash: "0".repeat(64) };
    let mut chain = Chain::new(std::slice::from_ref(&kept));
    chain.follow("{}", "no hash");
    let verified = chain.end(None);
    assert_eq!(verified.faults.len(), 3, "{verified:?}");
    assert_eq!(Chain::new(&[]).end(None).faults.len(), 0);
    assert_eq!(Chain::new(&[]).end(Some(0)).faults.len(), 0);
}

on_both! {
    async fn what_many_decide_at_once_is_one_chain(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![seen(vec![refunds("."), desk(".")])]).await;
        let a = store.system_named("refunds").await.unwrap();
        let all = (0..24).map(|n| {
            let (store, a) = (store.clone(), a.clone());
            async move { store.decide(Declared, &format!("CRM-{n}"), &a, "ann", AT, "").await.map(drop) }
        });
        for one in futures::future::join_all(all).await {
            one.unwrap();
        }
        let verified = store.verify(&[]).await.unwrap();
        assert_eq!((verified.entries, verified.faults), (24, Vec::new()));
    }
}
