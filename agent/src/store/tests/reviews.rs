//! What is decided of systems outlives scans, opens again where it has to, and is never lost.

use std::fmt::Write as _;

use asmm_model::{Effect, Gate, Place as At, SystemKind};
use insta::assert_snapshot;
use jiff::civil::date;

use super::{Home, inventory, on_both, scan, seen, seen_of};
use crate::review::Standing::{self, Confirmed, Deferred, InReview, NeedsReview, Rejected};
use crate::review::{Act, Owned, Rejection};
use crate::sample::{Sample, desk, refunds};
use crate::store::{Filter, Listed, Page, Reviewed, Store, StoreError};

const DAY: (&str, jiff::civil::Date) = ("2026-11-02T09:00:00.000Z", date(2026, 11, 2));

async fn filled(home: &Home) -> (Store, String, String) {
    let store = home.store().await;
    store.night(1, vec![seen(vec![refunds("."), desk(".")])]).await;
    let (a, b) = (store.system_named("refunds").await.unwrap(), store.system_named("desk").await.unwrap());
    (store, a, b)
}

impl Store {
    async fn does(&self, id: &str, act: Act, by: &str) -> Result<Reviewed, StoreError> {
        let done = self.act(id, act, by, "because it is so", DAY, None).await;
        self.marks_what_is_decided(">").await;
        done
    }
}

async fn standings(store: &Store) -> Vec<(String, Option<Standing>)> {
    let (listed, _) = store.list(&Filter::default(), &Page { most: 100, ..Page::default() }).await.unwrap();
    listed.into_iter().map(|one| (one.name, one.standing)).collect()
}

fn bolder() -> Sample {
    refunds(".").tool("close_account", Effect::Write, Gate::None, At::line("services/refunds/agent.py", 40))
}

on_both! {
    async fn a_decision_holds_until_what_it_rests_on_is_otherwise(home: &Home) {
        let (store, refunds_id, _) = filled(home).await;
        assert_eq!(standings(&store).await, [("refunds".to_owned(), Some(NeedsReview)), ("desk".to_owned(), Some(NeedsReview))]);
        store.does(&refunds_id, Act::Own(Owned::By("payments".to_owned())), "ann").await.unwrap();
        let confirmed = store.does(&refunds_id, Act::Confirm { verdict: None, in_scope: true, owner: None }, "ann").await.unwrap();
        assert_eq!((confirmed.revision, confirmed.review.standing), (2, Confirmed));
        store.night(2, vec![seen(vec![refunds("."), desk(".")])]).await;
        assert_eq!(standings(&store).await[0].1, Some(Confirmed), "nothing is otherwise");
        store.night(3, vec![seen(vec![bolder(), desk(".")])]).await;
        let (_, _, again) = store.reviewed(&refunds_id).await.unwrap();
        assert_eq!((again.review.standing, again.revision), (NeedsReview, 3));
        assert_eq!(again.review.before.as_deref(), Some(&confirmed.review));
        let mut said = again.review.reopened.join("\n") + "\n";
        let line = |body: &str, _: &str| {
            let entry: crate::store::AuditEntry = serde_json::from_str(body)?;
            let _ = writeln!(said, "{} {} {} → {}", entry.actor, entry.action, entry.from["standing"], entry.to["standing"]);
            Ok(())
        };
        store.audit(line).await.unwrap();
        assert_snapshot!("a_decision_that_was_opened_again", said);
        assert!(store.verify(&[]).await.unwrap().faults.is_empty());
        let open = Filter { standings: vec![NeedsReview], ..Filter::default() };
        let (listed, _) = store.list(&open, &Page { most: 100, ..Page::default() }).await.unwrap();
        assert_eq!(listed.len(), 2);
    }
}

on_both! {
    async fn a_list_of_what_stands_so_is_that_part_of_the_whole_list(home: &Home) {
        let store = home.store().await;
        let agent = |n: usize| Sample::new("", &format!("agent{n}"), &format!("agent{n}")).system(SystemKind::Agent, true);
        store.night(1, vec![seen((0..9).map(agent).collect())]).await;
        let (all, _) = store.list(&Filter::default(), &Page { most: 100, ..Page::default() }).await.unwrap();
        assert_eq!(all.len(), 9);
        for (n, one) in all.iter().enumerate() {
            let act = match n {
                0..=3 => Act::Confirm { verdict: Some(asmm_model::Verdict::Agentic), in_scope: true, owner: Some(Owned::Unknown) },
                4..=5 => Act::Defer(date(2026, 12, 1)),
                6 => Act::Assign("ann".to_owned()),
                _ => continue,
            };
            store.does(&one.id, act, "ann").await.unwrap();
        }
        let (all, _) = store.list(&Filter::default(), &Page { most: 100, ..Page::default() }).await.unwrap();
        for standings in [vec![Confirmed], vec![Deferred], vec![InReview], vec![Rejected], vec![Deferred, InReview], vec![Confirmed, NeedsReview], vec![NeedsReview], vec![NeedsReview, InReview]] {
            let expected: Vec<&Listed> = all.iter().filter(|one| standings.contains(&one.standing.unwrap())).collect();
            let filter = Filter { standings: standings.clone(), ..Filter::default() };
            let (mut page, mut found) = (Page { most: 2, ..Page::default() }, Vec::new());
            loop {
                let (mut part, next) = store.list(&filter, &page).await.unwrap();
                found.append(&mut part);
                page.after = next;
                if page.after.is_none() {
                    break;
                }
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{standings:?}");
        }
    }
}

on_both! {
    async fn what_is_gone_and_back_and_days_that_are_over_open_decisions(home: &Home) {
        let (store, _, desk_id) = filled(home).await;
        store.does(&desk_id, Act::Reject(Rejection::OutOfScope, Some(date(2026, 12, 1))), "ann").await.unwrap();
        assert_eq!(store.expire(("2026-11-30T00:00:00Z", date(2026, 11, 30))).await.unwrap(), 0);
        store.night(2, vec![seen(vec![refunds(".")])]).await;
        assert_eq!(store.reviewed(&desk_id).await.unwrap().2.review.standing, Rejected, "what is missing stays decided");
        store.night(3, vec![seen(vec![refunds("."), desk(".")])]).await;
        let review = store.reviewed(&desk_id).await.unwrap().2.review;
        assert_eq!((review.standing, review.reopened), (NeedsReview, vec!["it was missing, and is there again".to_owned()]));
        store.does(&desk_id, Act::Defer(date(2026, 12, 1)), "ann").await.unwrap();
        let day = ("2026-12-01T00:00:00Z", date(2026, 12, 1));
        assert_eq!((store.expire(day).await.unwrap(), store.expire(day).await.unwrap()), (1, 0));
        assert_eq!(store.reviewed(&desk_id).await.unwrap().2.review.standing, NeedsReview);
    }
}

on_both! {
    async fn nobody_overwrites_what_somebody_else_decided_unseen(home: &Home) {
        let (store, refunds_id, _) = filled(home).await;
        let to = |n: usize| Act::Assign(format!("person-{n}"));
        let all = (0..20).map(|n| {
            let (store, id) = (store.clone(), refunds_id.clone());
            async move { store.act(&id, to(n), &format!("person-{n}"), "", DAY, Some(0)).await }
        });
        let came: Vec<Result<Reviewed, StoreError>> = futures::future::join_all(all).await;
        assert_eq!(came.iter().filter(|one| one.is_ok()).count(), 1, "one saw what it changed");
        for error in came.into_iter().filter_map(Result::err) {
            assert!(error.to_string().contains("look at it again"), "{error}");
        }
        let verified = store.verify(&[]).await.unwrap();
        assert_eq!((verified.entries, verified.faults.len()), (1, 0), "what was refused is no act");
    }
}

on_both! {
    async fn a_part_is_decided_of_with_its_whole(home: &Home) {
        let (store, refunds_id, desk_id) = filled(home).await;
        store.decide(crate::store::DecisionKind::One, &refunds_id, &desk_id, "ann", DAY.0, "").await.unwrap();
        let error = store.does(&desk_id, Act::Reopen, "ann").await.unwrap_err().to_string();
        assert!(error.contains(&format!("a part of `{refunds_id}`")), "{error}");
        store.does(&refunds_id, Act::Assign("ann".to_owned()), "ann").await.unwrap();
        let unknown = store.does("sys-0000000000000000", Act::Reopen, "ann").await;
        assert!(matches!(unknown, Err(StoreError::NoSystem { .. })));
    }
}

on_both! {
    async fn a_merge_changes_what_was_confirmed(home: &Home) {
        let (store, refunds_id, desk_id) = filled(home).await;
        store.does(&refunds_id, Act::Own(Owned::Unknown), "ann").await.unwrap();
        store.does(&refunds_id, Act::Confirm { verdict: None, in_scope: true, owner: None }, "ann").await.unwrap();
        let one = store.decide(crate::store::DecisionKind::One, &refunds_id, &desk_id, "bob", DAY.0, "").await.unwrap();
        let review = store.reviewed(&refunds_id).await.unwrap().2.review;
        assert_eq!(review.standing, NeedsReview);
        store.does(&refunds_id, Act::Confirm { verdict: None, in_scope: true, owner: None }, "ann").await.unwrap();
        store.undo(one.id, "bob", DAY.0).await.unwrap();
        assert_eq!(store.reviewed(&refunds_id).await.unwrap().2.review.standing, NeedsReview);
        assert!(store.verify(&[]).await.unwrap().faults.is_empty());
    }
}

on_both! {
    async fn people_decide_while_runs_end(home: &Home) {
        let (store, refunds_id, desk_id) = filled(home).await;
        let nights = async {
            for day in 2..14 {
                let refunds = if day % 2 == 0 { bolder() } else { refunds(".") };
                store.night(day, vec![seen(vec![refunds, desk(".")])]).await;
            }
        };
        let scans = async {
            for day in 14..22 {
                let seen = seen_of("other", inventory(vec![refunds(".")]));
                let state = crate::store::RunState::Done;
                store.record_scan(&scan(day), [Ok(seen)], state, DAY.0).await.unwrap();
            }
        };
        let people = (0..4).map(|n| {
            let (store, refunds_id, desk_id) = (&store, &refunds_id, &desk_id);
            async move {
                for round in 0..6 {
                    store.does(refunds_id, Act::Own(Owned::By(format!("team-{n}-{round}"))), "ann").await.unwrap();
                    // What was decided meanwhile is refused; it is not lost, and nothing stands still.
                    let _ = store.does(refunds_id, Act::Confirm { verdict: None, in_scope: true, owner: None }, "ann").await;
                    let one = store.decide(crate::store::DecisionKind::One, refunds_id, desk_id, "bob", DAY.0, "").await.unwrap();
                    store.undo(one.id, "bob", DAY.0).await.unwrap();
                }
            }
        });
        futures::join!(nights, scans, futures::future::join_all(people));
        let verified = store.verify(&[]).await.unwrap();
        assert!(verified.faults.is_empty() && verified.entries >= 72, "{verified:?}");
        let (_, _, reviewed) = store.reviewed(&refunds_id).await.unwrap();
        let mut own = 0;
        store.audit(|body, _| { own += i64::from(body.contains("\"action\":\"own\"")); Ok(()) }).await.unwrap();
        assert_eq!(own, 24, "nothing that was acknowledged is lost");
        assert!(reviewed.revision >= 24);
    }
}

on_both! {
    async fn exceptions_come_in_the_order_in_which_they_end(home: &Home) {
        let store = home.store().await;
        let desks = ["a", "b", "c", "d", "e", "f"].map(|key| seen_of(key, inventory(vec![desk(".")])));
        store.night(1, desks.into()).await;
        let (all, _) = store.list(&Filter::default(), &Page { most: 100, ..Page::default() }).await.unwrap();
        assert_eq!(all.len(), 6);
        let until = |day| Act::Defer(date(2026, 11, day));
        for (one, act) in all.iter().zip([
            until(20),
            Act::Reject(Rejection::FalsePositive, None),
            until(9),
            Act::Reject(Rejection::OutOfScope, Some(date(2026, 11, 12))),
            until(20),
        ]) {
            store.does(&one.id, act, "ann").await.unwrap();
        }
        let (mut after, mut ends) = (None, Vec::new());
        loop {
            let (part, next) = store.exceptions(after.as_ref(), 2).await.unwrap();
            ends.extend(part.into_iter().map(|(one, of)| {
                assert_eq!(one.standing, Some(of.review.standing));
                (one.id, of.review.until)
            }));
            after = next;
            if after.is_none() {
                break;
            }
        }
        let days: Vec<&str> = ends.iter().map(|(_, until)| until.as_deref().unwrap_or("for good")).collect();
        assert_eq!(days, ["2026-11-09", "2026-11-12", "2026-11-20", "2026-11-20", "for good"]);
        let mut ids: Vec<&str> = ends.iter().map(|(id, _)| id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5);
    }
}
