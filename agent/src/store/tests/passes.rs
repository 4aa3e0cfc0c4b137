//! Links, sessions and tokens let in whom they should, as long as they should, and nobody else.

use super::{Home, on_both};
use crate::access::{Right, Role, Roles};
use crate::store::{Pass, PassKind, Store, StoreError};

const AT: &str = "2026-11-02T09:00:00Z";
/// Now, and how long a session may lie idle.
const NOW: i64 = 1_800_000_000;
const IDLE: i64 = 600;

fn pass(hash: char, until: i64) -> Pass {
    Pass {
        hash: hash.to_string().repeat(64),
        person: "ada".to_owned(),
        roles: Roles::from_iter([Role::Reviewer]),
        label: String::new(),
        form: "f".to_owned(),
        made: NOW,
        used: NOW,
        until,
    }
}

async fn keep(store: &Store, kind: PassKind, pass: &Pass) {
    store.let_in(kind, pass, ("bob", AT)).await.unwrap();
}

on_both! {
    async fn a_link_lets_in_once_and_in_time(home: &Home) {
        let store = home.store().await;
        let (good, late) = (pass('a', NOW + 60), pass('b', NOW + 60));
        keep(&store, PassKind::Link, &good).await;
        keep(&store, PassKind::Link, &late).await;
        // A link is no session, and no token.
        for kind in [PassKind::Session, PassKind::Token] {
            assert_eq!(store.pass(kind, &good.hash, NOW, IDLE).await.unwrap(), None);
        }
        let [one, other] = tokio::join!(store.take_link(&good.hash, NOW), store.take_link(&good.hash, NOW)).into();
        let mut taken = [one.unwrap(), other.unwrap()];
        taken.sort_by_key(Option::is_none);
        assert_eq!(taken, [Some(good), None]);
        assert_eq!(store.take_link(&late.hash, NOW + 60).await.unwrap(), None);
        // What came too late is used up as well.
        assert_eq!(store.take_link(&late.hash, NOW).await.unwrap(), None);
    }
}

on_both! {
    async fn a_session_ends_when_nobody_does_anything_and_at_its_time(home: &Home) {
        let store = home.store().await;
        let session = pass('a', NOW + 2_000);
        keep(&store, PassKind::Session, &session).await;
        let at = async |now| store.pass(PassKind::Session, &session.hash, now, IDLE).await.unwrap().is_some();
        assert!(at(NOW + 500).await);
        // It was used then: the time begins anew.
        assert!(at(NOW + 1_099).await);
        assert!(!at(NOW + 1_099 + IDLE).await);
        assert!(at(NOW + 1_500).await);
        assert!(at(NOW + 1_999).await);
        assert!(!at(NOW + 2_000).await);
        store.end_session(&session.hash).await.unwrap();
        assert!(!at(NOW + 1_600).await);
    }
}

on_both! {
    async fn a_token_lets_in_until_it_is_taken_back(home: &Home) {
        let store = home.store().await;
        let (token, other) = (pass('a', NOW + 60), Pass { hash: "ab".repeat(32), ..pass('a', NOW + 30) });
        keep(&store, PassKind::Token, &token).await;
        keep(&store, PassKind::Token, &other).await;
        let found = store.pass(PassKind::Token, &token.hash, NOW, i64::MAX).await.unwrap().unwrap();
        assert_eq!(found, token);
        assert!(found.roles.give(Right::Review) && !found.roles.give(Right::Approve));
        let hashes = async || -> Vec<String> {
            store.tokens().await.unwrap().into_iter().map(|token| token.hash).collect()
        };
        assert_eq!(hashes().await, [other.hash.clone(), token.hash.clone()]);
        for given in ["", "a", "%%%%%%%%", "________", "cccccccc", "AAAAAAAA"] {
            let refused = store.revoke(given, ("bob", AT)).await;
            assert!(matches!(refused, Err(StoreError::Decision(_))), "{given}");
        }
        assert_eq!(store.revoke("aaaaaaaa", ("bob", AT)).await.unwrap(), token);
        assert_eq!(store.pass(PassKind::Token, &token.hash, NOW, i64::MAX).await.unwrap(), None);
        assert_eq!(hashes().await, [other.hash]);
        let acts: Vec<String> = store.entries(None, None, 9).await.unwrap().into_iter()
            .map(|entry| format!("{} {}", entry.actor, entry.action)).collect();
        assert_eq!(acts, ["bob revoke-token", "bob make-token", "bob make-token"]);
    }
}

on_both! {
    async fn what_lets_nobody_in_is_forgotten_and_nothing_else(home: &Home) {
        let store = home.store().await;
        for (hash, kind, until) in [
            ('a', PassKind::Session, NOW + 5_000),
            ('b', PassKind::Link, NOW + 10),
            ('c', PassKind::Token, NOW + 10),
            ('d', PassKind::Token, NOW + 5_000),
        ] {
            keep(&store, kind, &pass(hash, until)).await;
        }
        store.forget_passes(NOW + 10, IDLE).await.unwrap();
        assert!(store.pass(PassKind::Session, &pass('a', 0).hash, NOW, IDLE).await.unwrap().is_some());
        assert_eq!(store.take_link(&pass('b', 0).hash, NOW).await.unwrap(), None);
        assert_eq!(store.tokens().await.unwrap().len(), 1);
        store.forget_passes(NOW + IDLE, IDLE).await.unwrap();
        assert!(store.pass(PassKind::Session, &pass('a', 0).hash, NOW, IDLE).await.unwrap().is_none());
        assert_eq!(store.tokens().await.unwrap().len(), 1);
    }
}
