//! What people decided is kept, replaced and undone, and follows systems that are called otherwise later.

use std::fmt::Write as _;

use asmm_model::{Lifecycle, SystemKind};
use insta::assert_snapshot;

use super::{Home, on_both, seen, seen_of};
use crate::sample::{Sample, desk, refunds, summaries};
use crate::store::decide::DecisionKind::{self, Apart, Declared, NotDeclared, One};
use crate::store::declare::Imported;
use crate::store::retain::Retention;
use crate::store::{Source, Store, StoreError};

const AT: &str = "2026-11-02T09:00:00Z";

async fn filled(home: &Home) -> Store {
    let store = home.store().await;
    store.night(1, vec![seen(vec![refunds("."), desk("."), summaries(".")])]).await;
    store
}

/// The decisions as lines, with systems by their names.
async fn told(store: &Store, kinds: &[DecisionKind], all: bool) -> String {
    let mut names = Vec::new();
    for name in ["refunds", "desk", "minutes"] {
        if let Ok(id) = store.system_named(name).await {
            names.push((id, name));
        }
    }
    let mut told = String::new();
    for one in store.decisions(kinds, all).await.unwrap() {
        let undone = one.undone_by.map(|by| format!(", undone by {by} at {}", one.undone_at.unwrap()));
        let _ = writeln!(
            told,
            "{} {} {} {} by {} at {} ({}){}",
            one.id,
            one.subject,
            one.kind.name(),
            one.object,
            one.by,
            one.at,
            one.reason,
            undone.unwrap_or_default()
        );
    }
    names.into_iter().fold(told, |told, (id, name)| told.replace(&id, name))
}

on_both! {
    async fn the_last_decision_about_a_pair_holds_until_it_is_undone(home: &Home) {
        let store = filled(home).await;
        let (a, b) = (store.system_named("refunds").await.unwrap(), store.system_named("desk").await.unwrap());
        store.decide(One, &a, &b, "ann", AT, "one service").await.unwrap();
        store.decide(Declared, "CRM-7", &a, "ann", AT, "").await.unwrap();
        store.decide(Apart, &b, &a, " bob\n ", AT, "two\tteams").await.unwrap();
        store.decide(NotDeclared, "CRM-8", &a, "bob", AT, "").await.unwrap();
        store.decide(NotDeclared, "CRM-7", &b, "bob", AT, "another pair").await.unwrap();
        let mut said = told(&store, &[], false).await;
        store.undo(3, "eve", "2026-11-03T09:00:00Z").await.unwrap();
        said += "-- after 3 is undone\n";
        said += &told(&store, &[One, Apart], false).await;
        said += "-- the history\n";
        said += &told(&store, &[One, Apart], true).await;
        for id in [3, 99] {
            let error = store.undo(id, "eve", AT).await.unwrap_err();
            assert!(error.is_a_mistake());
            let _ = writeln!(said, "{error}");
        }
        assert_snapshot!("decisions_that_hold", said);
    }
}

on_both! {
    async fn a_system_is_followed_when_it_is_called_otherwise(home: &Home) {
        let store = home.store().await;
        let mail = |kind| {
            let at = asmm_model::Place::line("svc/mail/main.py", 1);
            Sample::new(".", "svc/mail", "mail").system(kind, true).component(
                asmm_model::ComponentKind::ProviderSdk, "openai", None, at)
        };
        store.night(1, vec![seen(vec![mail(SystemKind::Pipeline)])]).await;
        store.night(2, vec![seen(vec![mail(SystemKind::Agent)])]).await;
        let first = asmm_model::SystemId::derive(SystemKind::Pipeline, "svc/mail", "mail");
        let later = asmm_model::SystemId::derive(SystemKind::Agent, "svc/mail", "mail");
        let decided = store.decide(Declared, "CRM-7", later.as_str(), "ann", AT, "").await.unwrap();
        assert_eq!(decided.object, first.as_str());
        // A store of an earlier day may hold an id that is an alias now.
        sqlx::query("UPDATE decisions SET object = $1").bind(later.as_str().to_owned()).execute(&store.pool).await.unwrap();
        assert_eq!(store.decisions(&[], false).await.unwrap(), [decided]);
    }
}

on_both! {
    async fn what_cannot_be_decided_says_why_and_changes_nothing(home: &Home) {
        let store = filled(home).await;
        let a = store.system_named("refunds").await.unwrap();
        let mut said = String::new();
        let long = "x".repeat(5000);
        for (kind, subject, object, by, reason) in [
            (Declared, "CRM-7", "sys-0000000000000000", "ann", ""),
            (Declared, "CRM-7", "refnds", "ann", ""),
            (Declared, "", a.as_str(), "ann", ""),
            (Declared, "CRM-7", a.as_str(), " \u{1b}\n", ""),
            (Declared, "CRM-7", a.as_str(), "ann", long.as_str()),
            (Declared, long.as_str(), a.as_str(), "ann", ""),
            (One, a.as_str(), a.as_str(), "ann", ""),
            (Apart, "nul\0", a.as_str(), "ann", ""),
        ] {
            let error = store.decide(kind, subject, object, by, AT, reason).await.unwrap_err();
            assert!(error.is_a_mistake(), "{error}");
            let _ = writeln!(said, "{error}");
        }
        assert_snapshot!("decisions_refused", said.replace('\0', "NUL"));
        assert!(store.decisions(&[], true).await.unwrap().is_empty());
        assert_eq!(store.decide(One, &a, &store.system_named("desk").await.unwrap(), "ann", AT, "").await.unwrap().id, 1);
    }
}

on_both! {
    async fn a_name_that_several_systems_have_names_none(home: &Home) {
        let store = home.store().await;
        let one = || crate::store::tests::inventory(vec![refunds(".")]);
        store.night(1, vec![seen_of("a", one()), seen_of("b", one())]).await;
        assert!(matches!(store.system_named("refunds").await, Err(StoreError::Decision(_))));
    }
}

on_both! {
    async fn decisions_outlive_the_runs_that_they_were_made_in(home: &Home) {
        let store = filled(home).await;
        let a = store.system_named("desk").await.unwrap();
        store.decide(Declared, "CRM-7", &a, "ann", AT, "").await.unwrap();
        store.night(2, vec![seen(vec![refunds(".")])]).await;
        store.night(3, vec![seen(vec![refunds(".")])]).await;
        store.retain(&Retention { since: "2027-01-01T00:00:00Z".to_owned(), least: 0 }).await.unwrap();
        assert_eq!(told(&store, &[], false).await, "1 CRM-7 declared desk by ann at 2026-11-02T09:00:00Z ()\n");
    }
}

/// A register with entries of these ids.
pub(super) fn register(name: &str, ids: &[&str]) -> Source {
    let entry = |(n, id): (u32, &&str)| asmm_model::Declared {
        id: (*id).to_owned(),
        name: format!("{id}, hostile\0\u{1b}[2J"),
        place: asmm_model::Place::line(name, n),
        owner: None,
        purpose: None,
        lifecycle: Lifecycle::Active,
        agentic: None,
        records: asmm_model::Records::default(),
        marks: Vec::new(),
    };
    Source {
        name: name.to_owned(),
        form: "csv".to_owned(),
        at: AT.to_owned(),
        notes: vec!["row 3: no name".to_owned()],
        entries: (1..).zip(ids).map(entry).collect(),
    }
}

on_both! {
    async fn a_register_takes_the_place_of_itself_and_of_no_other(home: &Home) {
        let store = home.store().await;
        let imported = |added, changed, removed, same| Imported { added, changed, removed, same };
        assert_eq!(store.import(&register("a", &["1", "2", "3"])).await.unwrap(), imported(3, 0, 0, 0));
        assert_eq!(store.import(&register("b", &["1"])).await.unwrap(), imported(1, 0, 0, 0));
        let mut again = register("a", &["0", "2", "3"]);
        again.entries[2].owner = Some("ann".to_owned());
        assert_eq!(store.import(&again).await.unwrap(), imported(1, 1, 1, 1), "2 stands in another line, and is the same");
        let kept = store.declared().await.unwrap();
        assert_eq!(kept, [again, register("b", &["1"])]);
    }
}
