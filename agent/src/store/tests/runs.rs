//! Runs, who may run, what is let go of, and places that are no store.

use insta::assert_snapshot;

use super::{Home, on_both, scan, seen};
use crate::sample::{desk, refunds};
use crate::store::deliver::Standing;
use crate::store::record::Event;
use crate::store::retain::Retention;
use crate::store::{Filter, Place, RunState, Store, StoreError};

on_both! {
    async fn a_run_that_did_not_end_is_interrupted_when_the_next_begins(home: &Home) {
        let store = home.store().await;
        {
            let claim = store.claim().await.unwrap();
            let run = store.begin(&scan(1), &claim).await.unwrap();
            store.record(&run, seen(vec![refunds(".")])).await.unwrap();
        }
        store.night(2, vec![seen(vec![refunds(".")])]).await;
        let runs = store.runs(10).await.unwrap();
        let states: Vec<(&str, RunState, i64)> =
            runs.iter().map(|run| (run.name.as_str(), run.state, run.targets)).collect();
        assert_eq!(states, [("scan-2", RunState::Done, 1), ("scan-1", RunState::Interrupted, 1)]);
        assert_eq!(store.run_named("latest~1").await.unwrap().name, "scan-1");
        assert_eq!(store.run_named("1").await.unwrap().name, "scan-1");
        assert!(matches!(store.run_named("latest~2").await, Err(StoreError::NoRun(_))));
        assert!(matches!(store.run_named("latest~x").await, Err(StoreError::NoRun(_))));
    }
}

on_both! {
    async fn one_runs_at_a_time(home: &Home) {
        let store = home.store().await;
        let other = Store::open(&store.place).await.unwrap();
        let claim = store.claim().await.unwrap();
        assert!(matches!(other.claim().await, Err(StoreError::Claimed(_))));
        drop(claim);
        other.claim().await.unwrap();
    }
}

on_both! {
    async fn old_runs_are_let_go_and_what_holds_is_kept(home: &Home) {
        let store = home.store().await;
        let vary = |day: u32| {
            let line = asmm_model::Place::line("services/refunds/agent.py", day);
            refunds(".").identity("OPENAI_API_KEY", false, line)
        };
        for day in 1..=6 {
            let systems = if day == 3 { vec![vary(day)] } else { vec![vary(day), desk(".")] };
            store.night(day, vec![seen(systems)]).await;
        }
        let before = {
            let run = store.run_named("5").await.unwrap();
            store.inventory(&run, &Filter::default()).await.unwrap()
        };
        let retention = Retention { since: "2026-11-04T00:00:00Z".to_owned(), least: 1 };
        let kept = store.retain(&retention).await.unwrap();
        assert_eq!((kept.runs, kept.versions), (3, 3));
        let names: Vec<String> = store.runs(10).await.unwrap().into_iter().map(|run| run.name).collect();
        assert_eq!(names, ["scan-6", "scan-5", "scan-4"]);
        let run = store.run_named("5").await.unwrap();
        assert_eq!(store.inventory(&run, &Filter::default()).await.unwrap(), before);
        let desk = store.presences().await;
        assert!(desk.contains(&("desk".to_owned(), "present".to_owned())));
        // However old, so many are kept, and the last one of a target always.
        let retention = Retention { since: "2027-01-01T00:00:00Z".to_owned(), least: 2 };
        assert_eq!(store.retain(&retention).await.unwrap().runs, 1);
        let retention = Retention { since: "2027-01-01T00:00:00Z".to_owned(), least: 0 };
        assert_eq!(store.retain(&retention).await.unwrap().runs, 1);
        assert_eq!(store.runs(10).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn a_channel_hears_of_what_happens_after_it_was_set_up(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![seen(vec![refunds(".")])]).await;
        let heard = store.heard("team").await.unwrap();
        assert!(store.happened_after(heard, 10).await.unwrap().is_empty());
        store.night(2, vec![seen(vec![refunds("."), desk(".")])]).await;
        let happened = store.happened_after(heard, 10).await.unwrap();
        let Event::System(entry) = &happened[0].event else { panic!("{happened:?}") };
        assert_eq!((entry.name.as_str(), happened.len(), happened[0].run.as_str()), ("desk", 1, "scan-2"));
        let notices = ["a".to_owned(), "b".to_owned()];
        store.stands("team", "d1", &notices, Standing::Pending, "2026-11-02T03:00:00Z").await.unwrap();
        store.stands("team", "d1", &notices[..1], Standing::Sent, "2026-11-02T03:00:01Z").await.unwrap();
        let ledger = store.ledger("team").await.unwrap();
        assert_eq!(ledger["a"], (Standing::Sent, "d1".to_owned()));
        assert_eq!(ledger["b"], (Standing::Pending, "d1".to_owned()));
        assert!(store.ledger("other").await.unwrap().is_empty());
        store.has_heard("team", happened[0].number).await.unwrap();
        store.has_heard("team", 0).await.unwrap();
        assert_eq!(store.heard("team").await.unwrap(), happened[0].number);
    }
}

on_both! {
    async fn a_store_of_a_later_version_is_left_as_it_is(home: &Home) {
        let place = home.place("muster.db");
        let store = Store::open(&place).await.unwrap();
        sqlx::query("UPDATE _sqlx_migrations SET version = 99").execute(&store.pool).await.unwrap();
        store.close().await;
        let error = Store::open(&place).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, known: 1, .. }), "{error}");
        assert!(error.to_string().contains("Nothing was changed"));
    }
}

#[test]
fn what_is_no_store_is_an_error_that_says_so() {
    super::block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "a text that is no database, and long enough to be read as one\n".repeat(40))
            .unwrap();
        let error = |place: Place| async move { Store::open(&place).await.unwrap_err().to_string() };
        let said = error(Place::File(path.clone())).await;
        let shown = folder.path().display().to_string();
        assert_snapshot!(said.replace(&shown, "DIR"), @"the store at `DIR/notes.txt` cannot be opened: file is not a database");
        let said = error(Place::File(folder.path().to_owned())).await;
        assert_snapshot!(said.replace(&shown, "DIR"), @"the store at `DIR` cannot be opened: unable to open database file");
        let gone = Place::File(folder.path().join("gone.db"));
        let said = Store::existing(&gone).await.unwrap_err().to_string();
        assert_snapshot!(said.replace(&shown, "DIR"), @"there is no store at `DIR/gone.db`; `muster run` and `muster scan --store` make one");
    });
}

#[test]
fn a_password_is_never_shown() {
    let place = Place::named("postgres://ann:hunter2@db.internal:5433/muster?sslmode=require").unwrap();
    assert_eq!(place.to_string(), "postgres://db.internal:5433/muster");
    assert!(!format!("{place:?}").contains("hunter2"));
    for wrong in ["postgres://ann:hunter2@[broken/x", "mysql://ann:hunter2@host/x", "sqlite://hunter2", ""] {
        let error = Place::named(wrong).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn the_usual_place_is_in_the_data_folder() {
    let with =
        |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.into());
    let usual = |variable: &dyn Fn(&str) -> Option<String>| Place::usual(variable).map(|p| p.to_string());
    assert_eq!(usual(&with("HOME", "/home/ann")).unwrap(), "/home/ann/.local/share/muster/muster.db");
    assert_eq!(usual(&with("XDG_DATA_HOME", "/data")).unwrap(), "/data/muster/muster.db");
    assert!(usual(&with("HOME", "not/absolute")).is_err());
}
