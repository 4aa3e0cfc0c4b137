//! What becomes of a system from one run to another.

use asmm_model::{Criterion, Effect, Gate, Place as At, Presence, Supports, Verdict};
use insta::assert_snapshot;

use super::{Home, inventory, on_both, partly, scan, seen, seen_of};
use crate::history::{markdown, page};
use crate::sample::{desk, refunds, summaries};
use crate::store::{Filter, Page, RunState};

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, presence)| ((*name).to_owned(), (*presence).to_owned())).collect()
}

on_both! {
    async fn a_system_is_missing_only_after_a_scan_that_saw_everything(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![seen(vec![refunds("."), desk(".")])]).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "new"), ("desk", "new")]));
        store.night(2, vec![seen(vec![refunds("."), desk(".")])]).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "present"), ("desk", "present")]));
        // Something was hidden: nothing is concluded.
        let (_, recorded) = store.night(3, vec![partly(vec![desk(".")], "services")]).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "unseen"), ("desk", "present")]));
        assert_eq!(recorded[0].less_seen[0].gaps, ["services"]);
        store.night(4, vec![seen(vec![desk(".")])]).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "missing"), ("desk", "present")]));
        // What was concluded is not taken back by a scan that saw less.
        let (_, recorded) = store.night(5, vec![partly(vec![desk(".")], "services")]).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "missing"), ("desk", "present")]));
        assert!(recorded[0].systems.is_empty());
        let (_, recorded) = store.night(6, vec![seen(vec![refunds("."), desk(".")])]).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "returned"), ("desk", "present")]));
        assert_eq!(recorded[0].systems[0].presence, Presence::Returned);
        store.night(7, vec![seen(vec![refunds("."), desk(".")])]).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "present"), ("desk", "present")]));
    }
}

on_both! {
    async fn what_was_not_scanned_stays_as_it_was(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![seen(vec![refunds(".")])]).await;
        store.night(2, Vec::new()).await;
        assert_eq!(store.presences().await, pairs(&[("refunds", "new")]), "its last scan is the first one");
        let run = store.run_named("latest").await.unwrap();
        let inventory = store.inventory(&run, &Filter::default()).await.unwrap();
        let remembered = inventory.systems[0].remembered.clone().unwrap();
        assert_eq!(remembered.last_seen, scan(1).started_at);
    }
}

/// The refund agent, with a person asked before each payment.
fn asked() -> crate::sample::Sample {
    refunds(".").tool("pay_refund", Effect::Pay, Gate::Each, At::line("services/refunds/agent.py", 12)).says(
        Criterion::C4,
        Supports::No,
        0.9,
        "asks a person before each payment",
        At::line("services/refunds/agent.py", 13),
    )
}

on_both! {
    async fn what_changed_between_two_runs_is_told(home: &Home) {
        let store = home.store().await;
        let (first, _) = store.night(1, vec![seen(vec![refunds("."), summaries(".")])]).await;
        let (second, _) = store.night(2, vec![seen(vec![refunds("."), summaries(".")])]).await;
        let (third, _) = store.night(3, vec![partly(vec![asked(), desk(".")], "vendor")]).await;
        let none = store.difference(&first, &second).await.unwrap();
        assert_eq!((none.systems.len(), none.present), (0, 2));
        let text = page(&store.difference(&first, &third).await.unwrap(), 100).text(false);
        let marked = markdown(&store.difference(&second, &third).await.unwrap());
        insta::with_settings!({prepend_module_to_snapshot => false}, {
            assert_snapshot!("difference_of_runs", text);
            assert_snapshot!("difference_of_runs_markdown", marked);
        });
        // The other way round, what was new is not there yet.
        let back = store.difference(&third, &third).await.unwrap();
        assert!(back.systems.is_empty());
    }
}

on_both! {
    async fn an_inventory_is_as_a_run_left_it(home: &Home) {
        let store = home.store().await;
        let samples = || vec![refunds("."), summaries("."), crate::sample::loose(".")];
        let (first, _) = store.night(1, vec![seen(samples())]).await;
        store.night(2, vec![seen(vec![asked()])]).await;
        let mut kept = store.inventory(&first, &Filter::default()).await.unwrap();
        let mut expected = inventory(samples());
        for system in &mut kept.systems {
            let remembered = system.remembered.take().unwrap();
            assert_eq!(remembered.presence, Presence::New);
            assert_eq!(remembered.first_seen, first.started_at);
        }
        expected.scan = kept.scan.clone();
        assert_eq!(kept, expected);
        let last = store.run_named("latest").await.unwrap();
        let now = store.inventory(&last, &Filter::default()).await.unwrap();
        let names: Vec<&str> = now.systems.iter().map(|system| system.name.as_str()).collect();
        assert_eq!(names, ["refunds"], "what is missing is not part of it");
        let filter = Filter { presences: vec![Presence::Missing], ..Filter::default() };
        let gone = store.inventory(&last, &filter).await.unwrap();
        let remembered = gone.systems[0].remembered.clone().unwrap();
        assert_eq!((gone.systems[0].name.as_str(), remembered.last_seen), ("summaries", first.started_at));
    }
}

on_both! {
    async fn a_list_is_filtered_and_given_in_pages(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![seen(vec![refunds("."), desk("."), summaries(".")])]).await;
        let names = async |filter: Filter| -> Vec<String> {
            let mut page = Page { most: 1, ..Page::default() };
            let mut names = Vec::new();
            loop {
                let (listed, next) = store.list(&filter, &page).await.unwrap();
                names.extend(listed.into_iter().map(|one| one.name));
                match next {
                    Some(next) => page.after = Some(next),
                    None => return names,
                }
            }
        };
        assert_eq!(names(Filter::default()).await, ["refunds", "desk", "summaries"]);
        let agentic = Filter { verdicts: vec![Verdict::Agentic], ..Filter::default() };
        assert_eq!(names(agentic).await, ["refunds"]);
        let named = |text: &str| Filter { name: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(names(named("ES")).await, ["desk", "summaries"], "in any case");
        assert!(names(named("%")).await.is_empty(), "a sign of the pattern is a sign like others");
        assert!(names(named("' OR 1=1 --")).await.is_empty());
        let elsewhere = Filter { target: Some("no such".to_owned()), ..Filter::default() };
        assert!(names(elsewhere).await.is_empty());
    }
}

on_both! {
    async fn an_earlier_run_does_not_overwrite_a_later_one(home: &Home) {
        let store = home.store().await;
        let claim = store.claim().await.unwrap();
        let early = store.begin(&scan(1), &claim).await.unwrap();
        store.record_scan(&scan(2), [Ok(seen(vec![refunds(".")]))], RunState::Done, "2026-11-02T03:00:00Z").await.unwrap();
        let late = store.record(&early, seen(vec![desk(".")])).await;
        assert!(late.unwrap_err().to_string().contains("recorded by a later run"));
        assert_eq!(store.presences().await, pairs(&[("refunds", "new")]));
    }
}

on_both! {
    async fn a_target_that_a_later_run_recorded_keeps_no_other_from_being_recorded(home: &Home) {
        let store = home.store().await;
        let claim = store.claim().await.unwrap();
        let early = store.begin(&scan(1), &claim).await.unwrap();
        store.record_scan(&scan(2), [Ok(seen(vec![refunds(".")]))], RunState::Done, "2026-11-02T03:00:00Z").await.unwrap();
        let depot = seen_of("depot", inventory(vec![summaries(".")]));
        let attic = seen_of("attic", inventory(vec![refunds("attic")]));
        let late = store.record_all(&early, [depot, seen(vec![desk(".")]), attic].map(Ok)).await.unwrap();
        assert_eq!(late, ["."]);
        assert_eq!(store.presences().await, pairs(&[("refunds", "new"), ("refunds", "new"), ("summaries", "new")]));
    }
}
