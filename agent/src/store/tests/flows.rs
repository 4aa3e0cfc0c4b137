//! What lets somebody in is used up where it is for one time, and ends in time.

use super::{Home, on_both};
use crate::store::{Flow, PassKind};

fn flow(state: &str, until: i64) -> Flow {
    Flow { state: state.to_owned(), browser: "b".repeat(64), then: "/queue?a=1".to_owned(), until }
}

on_both! {
    async fn a_flow_is_finished_once_in_its_time_and_lets_nobody_in(home: &Home) {
        let store = home.store().await;
        let all = [flow("one", 700), flow("two", 700)];
        for flow in &all {
            assert!(store.begin_flow(flow, 100).await.unwrap());
        }
        assert_eq!(store.take_flow("three", 699).await.unwrap(), None);
        assert_eq!(store.take_flow("one", 699).await.unwrap().as_ref(), Some(&all[0]));
        assert_eq!(store.take_flow("one", 699).await.unwrap(), None);
        // It is no pass of any kind.
        for kind in [PassKind::Session, PassKind::Token] {
            assert_eq!(store.pass(kind, "two", 100, i64::MAX).await.unwrap(), None);
        }
        assert_eq!(store.take_link("two", 100).await.unwrap(), None);
        assert_eq!(store.take_flow("two", 700).await.unwrap(), None);
    }
}

on_both! {
    async fn what_anybody_may_begin_has_a_bound(home: &Home) {
        let store = home.store().await;
        let text = "\
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
            INSERT INTO passes (hash, kind, person, roles, label, form, made, used, until)
            SELECT CAST(n AS TEXT), 'flow', 'nobody yet', '', '/', '', 100, 100, 700 FROM numbers";
        sqlx::query(text).execute(&store.pool).await.unwrap();
        assert!(!store.begin_flow(&flow("one", 700), 699).await.unwrap());
        // Those that were left make room.
        assert!(store.begin_flow(&flow("one", 1300), 700).await.unwrap());
        assert_eq!(store.take_flow("10000", 100).await.unwrap(), None);
    }
}
