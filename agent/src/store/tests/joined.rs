//! What was seen from several sides is one system wherever systems are listed, compared or told of.

use std::fmt::Write as _;

use asmm_model::{Claim, Effect, IdentityKind, Privilege, Verdict};
use insta::assert_snapshot;

use super::{Home, inventory, on_both, scan, seen_of};
use crate::history::page;
use crate::sample::Sample;
use crate::sample::sides::{ROLE, code, identity, role, strong, workload};
use crate::store::decide::DecisionKind::{Apart, One};
use crate::store::retain::Retention;
use crate::store::{Event, Filter, Listed, Page, RunState, Seen, Sort, Store};

const IMAGE: &str = "registry.example/acme/refunds";
const ACCOUNT: &str = "prod/pay/refunds";
const AT: &str = "2026-11-02T09:00:00Z";

fn of(key: &str, samples: Vec<Sample>) -> Seen {
    let mut inventory = inventory(samples);
    key.clone_into(&mut inventory.scan.targets[0].target);
    key.clone_into(&mut inventory.coverage[0].target);
    seen_of(key, inventory)
}

/// The repository, the cluster and the account that one refund agent is seen in.
fn repository(tool: Effect) -> Seen {
    of(
        "shop",
        vec![code("shop", "services/refunds", "refunds", tool).fact(strong(Claim::BuildsImage, IMAGE))],
    )
}

fn cluster(image: &str) -> Seen {
    let account = identity(IdentityKind::ServiceAccount, "refunds", ACCOUNT, None, &[]);
    let refunds = workload("k8s", "refunds-api").fact(strong(Claim::RunsImage, image)).fact(account);
    of("k8s", vec![refunds, workload("k8s", "batch")])
}

fn account(privilege: Privilege) -> Seen {
    of("aws", vec![role(privilege, &[&format!("k8s:{ACCOUNT}")])])
}

async fn listed(store: &Store, filter: &Filter) -> String {
    let mut told = String::new();
    let mut page = Page { most: 2, ..Page::default() };
    loop {
        let (listed, next) = store.list(filter, &page).await.unwrap();
        for one in listed {
            let [low, high] = one.levels();
            let _ =
                write!(told, "{} {} {low}-{high} {} {}", one.name, one.verdict, one.priority, one.presence);
            for part in one.parts {
                let _ = write!(told, " + {} in {}", part.name, part.target);
            }
            told.push('\n');
        }
        match next {
            Some(next) => page.after = Some(next),
            None => return told,
        }
    }
}

/// The list says of every system what the inventory of the last run says of it, joined as a whole.
async fn agrees(store: &Store, after: &str) {
    let run = store.run_named("latest").await.unwrap();
    let whole = store.whole(&run, &Filter::default()).await.unwrap();
    let mut expected: Vec<String> = Vec::new();
    for system in &whole.systems {
        let [low, high] = system.level;
        let parts: Vec<&str> = system.joins.iter().map(|part| part.id.as_str()).collect();
        expected.push(format!(
            "{} {} {} {low}-{high} {} {} {parts:?}",
            system.id.as_str(),
            system.name,
            system.verdict.name(),
            system.hitl.name(),
            system.priority
        ));
    }
    let (all, _) = store.list(&Filter::default(), &Page { most: 1000, ..Page::default() }).await.unwrap();
    let mut found: Vec<String> = Vec::new();
    for one in all {
        let [low, high] = one.levels();
        let parts: Vec<&str> = one.parts.iter().map(|part| part.id.as_str()).collect();
        found.push(format!(
            "{} {} {} {low}-{high} {} {} {parts:?}",
            one.id, one.name, one.verdict, one.hitl, one.priority
        ));
    }
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "after {after}");
    // Whatever it is sorted by, pages hold each once, in that order.
    let (all, _) = store.list(&Filter::default(), &Page { most: 1000, ..Page::default() }).await.unwrap();
    for sort in Sort::ALL {
        let mut sorted = all.clone();
        sorted.sort_by_key(|one| {
            let rank = match sort {
                Sort::Priority => one.priority,
                Sort::Level => i64::from(one.level[1]),
                Sort::Name => 0,
            };
            (std::cmp::Reverse(rank), one.name.clone())
        });
        let (mut page, mut paged) = (Page { most: 3, sort, ..Page::default() }, Vec::new());
        loop {
            let (mut part, next) = store.list(&Filter::default(), &page).await.unwrap();
            paged.append(&mut part);
            page.after = next;
            if page.after.is_none() {
                break;
            }
        }
        // Of one rank and name, the number of the system decides, which is not shown.
        let names = |of: &[Listed]| of.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&paged), names(&sorted), "{sort:?} after {after}");
        let ids =
            |of: &[Listed]| of.iter().map(|one| one.id.clone()).collect::<std::collections::BTreeSet<_>>();
        assert_eq!((ids(&paged), paged.len()), (ids(&all), all.len()), "{sort:?} after {after}");
    }
    // What is shown of one system alone is what it is among all of them.
    for mut system in whole.systems.clone() {
        let mut shown = store.shown(system.id.as_str()).await.unwrap().system;
        for one in [&mut system, &mut shown] {
            one.remembered = None;
            one.identities.iter_mut().for_each(|identity| identity.shared_with.clear());
        }
        assert_eq!(shown, system, "after {after}");
    }
    let numbers = store.summary().await.unwrap();
    let of = |verdict| whole.systems.iter().filter(|system| system.verdict == verdict).count() as u64;
    let (agentic, open) = (of(Verdict::Agentic), of(Verdict::Undetermined));
    assert_eq!(
        (numbers.systems, numbers.agentic, numbers.undetermined),
        (whole.systems.len() as u64, agentic, open),
        "after {after}"
    );
    let last = numbers.trend.last().unwrap();
    assert_eq!((last.agentic, last.undetermined), (agentic, open), "after {after}");
    assert_eq!(last.agentic + last.undetermined + last.others, numbers.systems, "after {after}");
}

/// What is told of a run.
async fn told(store: &Store) -> String {
    let mut told = String::new();
    for happened in store.happened_after(0, 1000).await.unwrap() {
        match happened.event {
            Event::System(entry) => {
                let changes: Vec<&str> = entry.changes.iter().map(|change| change.what.as_str()).collect();
                let (presence, verdict) = (entry.presence.name(), entry.verdict.name());
                let _ = writeln!(
                    told,
                    "{}: {} {presence} {verdict} [{}]",
                    happened.run,
                    entry.name,
                    changes.join(", ")
                );
            }
            Event::Coverage(less) => {
                let _ = writeln!(told, "{}: less of {}", happened.run, less.target);
            }
        }
    }
    told
}

on_both! {
    async fn one_system_is_listed_once_compared_once_and_told_of_once(home: &Home) {
        let store = home.store().await;
        let (first, _) = store.night(1, vec![repository(Effect::Unknown)]).await;
        let mut said = format!("the code alone:\n{}", listed(&store, &Filter::default()).await);
        // What runs it, and the role that it acts under, are seen from other sides.
        let (second, _) = store.night(2, vec![cluster(IMAGE), account(Privilege::Read)]).await;
        agrees(&store, "all sides").await;
        let _ = write!(said, "\nall sides:\n{}", listed(&store, &Filter::default()).await);
        // The role may do more: nothing else is scanned, and the system is what changed.
        let (third, _) = store.night(3, vec![account(Privilege::Admin)]).await;
        agrees(&store, "a role that may do more").await;
        let _ = write!(said, "\nthe role may do more:\n{}", listed(&store, &Filter::default()).await);
        // Another image is no part of it.
        let (fourth, _) = store.night(4, vec![cluster("registry.example/acme/other")]).await;
        agrees(&store, "another image").await;
        let _ = write!(said, "\nanother image:\n{}", listed(&store, &Filter::default()).await);
        let _ = write!(said, "\ntold:\n{}", told(&store).await);
        for (name, before, after) in [("1 to 2", &first, &second), ("2 to 3", &second, &third), ("3 to 4", &third, &fourth)] {
            let difference = store.difference(before, after).await.unwrap();
            let _ = write!(said, "\n{name}:\n{}", page(&difference, 100).text(false));
        }
        let of = |target: Option<&str>, name: Option<&str>| Filter {
            target: target.map(str::to_owned),
            name: name.map(str::to_owned),
            ..Filter::default()
        };
        for (what, filter) in [("cluster", of(Some("k8s"), None)), ("name of a part", of(None, Some("-ROLE")))] {
            let _ = write!(said, "\nof the {what}:\n{}", listed(&store, &filter).await);
        }
        insta::with_settings!({prepend_module_to_snapshot => false}, {
            assert_snapshot!("joined_in_the_store", said);
        });
    }
}

on_both! {
    async fn a_decision_holds_in_the_list_from_the_moment_that_it_is_made(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![repository(Effect::Pay), cluster(IMAGE), account(Privilege::Write)]).await;
        let names = async || -> Vec<String> {
            let text = listed(&store, &Filter::default()).await;
            text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
        };
        assert_eq!(names().await, ["refunds", "batch"]);
        let named = async |name: &str| store.system_named(name).await.unwrap();
        let (refunds, batch, api) = (named("refunds").await, named("batch").await, named("refunds-api").await);
        let one = store.decide(One, &refunds, &batch, "ann", AT, "").await.unwrap();
        agrees(&store, "a merge").await;
        assert_eq!(names().await, ["refunds"]);
        let apart = store.decide(Apart, &refunds, &api, "ann", AT, "").await.unwrap();
        agrees(&store, "a split").await;
        assert_eq!(names().await, ["refunds-api", "refunds"]);
        store.night(2, vec![cluster(IMAGE)]).await;
        agrees(&store, "a rescan").await;
        assert_eq!(names().await, ["refunds-api", "refunds"], "a scan respects what was decided");
        for id in [one.id, apart.id] {
            store.undo(id, "ann", AT).await.unwrap();
            agrees(&store, "an undo").await;
        }
        assert_eq!(names().await, ["refunds", "batch"]);
        assert!(!told(&store).await.contains("scan-2"), "who decides knows of it");
    }
}

on_both! {
    async fn a_name_that_a_part_has_as_well_is_that_of_the_whole(home: &Home) {
        let store = home.store().await;
        let named = |name| workload("k8s", name).fact(strong(Claim::RunsImage, IMAGE));
        store.night(1, vec![repository(Effect::Pay), of("k8s", vec![named("refunds"), named("refunds-api")])]).await;
        let (listed, _) = store.list(&Filter::default(), &Page { most: 10, ..Page::default() }).await.unwrap();
        assert_eq!((listed.len(), listed[0].parts.len()), (1, 2));
        assert_eq!(store.system_named("refunds").await.unwrap(), listed[0].id);
        let part = listed[0].parts.iter().find(|part| part.name == "refunds-api").unwrap();
        assert_eq!(store.system_named("refunds-api").await.unwrap(), part.id);
    }
}

on_both! {
    async fn what_is_missing_is_a_part_of_nothing(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![repository(Effect::Pay), cluster(IMAGE)]).await;
        store.night(2, vec![of("k8s", vec![workload("k8s", "batch")])]).await;
        agrees(&store, "the workload is gone").await;
        store.night(3, vec![cluster(IMAGE)]).await;
        agrees(&store, "it is back").await;
        store.night(4, vec![of("shop", Vec::new())]).await;
        agrees(&store, "the code is gone").await;
        let told = told(&store).await;
        insta::with_settings!({prepend_module_to_snapshot => false}, {
            assert_snapshot!("parts_that_go_and_return", told);
        });
    }
}

on_both! {
    async fn a_run_that_was_killed_is_made_good_by_the_next_one(home: &Home) {
        let store = home.store().await;
        store.night(1, vec![repository(Effect::Pay)]).await;
        let claim = store.claim().await.unwrap();
        let killed = store.begin(&scan(2), &claim).await.unwrap();
        store.record(&killed, cluster(IMAGE)).await.unwrap();
        drop(claim);
        store.night(3, Vec::new()).await;
        agrees(&store, "a run that was killed").await;
        // One that ends after a later one began and ended.
        let claim = store.claim().await.unwrap();
        let slow = store.begin(&scan(4), &claim).await.unwrap();
        store.record_scan(&scan(5), [Ok(account(Privilege::Write))], RunState::Done, AT).await.unwrap();
        store.record(&slow, repository(Effect::Unknown)).await.unwrap();
        store.end(&slow, RunState::Done, AT).await.unwrap();
        agrees(&store, "a run that was overtaken").await;
    }
}

on_both! {
    async fn what_systems_were_together_is_kept_as_long_as_the_runs(home: &Home) {
        let store = home.store().await;
        let (first, _) = store.night(1, vec![repository(Effect::Pay), cluster(IMAGE)]).await;
        store.night(2, vec![cluster("registry.example/acme/other")]).await;
        let (third, _) = store.night(3, vec![cluster(IMAGE)]).await;
        let before = store.difference(&first, &third).await.unwrap();
        let rows = async || -> i64 {
            use sqlx::Row as _;
            let row = sqlx::query("SELECT COUNT(*) AS n FROM joined").fetch_one(&store.pool).await.unwrap();
            row.try_get("n").unwrap()
        };
        assert_eq!(rows().await, 4);
        store.retain(&Retention { since: "2027-01-01T00:00:00Z".to_owned(), least: 1 }).await.unwrap();
        assert_eq!((rows().await, before.systems.len()), (4, 0), "the first run is the last one of the repository");
        store.night(4, vec![repository(Effect::Pay)]).await;
        store.retain(&Retention { since: "2027-01-01T00:00:00Z".to_owned(), least: 1 }).await.unwrap();
        assert_eq!(rows().await, 2);
        agrees(&store, "runs that are gone").await;
    }
}

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Some of an organisation: what builds, what runs, and roles, with keys of which some meet.
fn any(target: &str, chance: &mut Chance) -> Seen {
    let mut samples = Vec::new();
    for n in 0..4 {
        if chance.one_in(3) {
            continue;
        }
        let name = format!("{target}-{n}");
        let tool = if chance.one_in(2) { Effect::Unknown } else { Effect::Pay };
        let image = |chance: &mut Chance| format!("registry.example/{}", chance.below(4));
        let account = |chance: &mut Chance| format!("prod/pay/{}", chance.below(3));
        let sample = match target {
            "aws" if n == 0 => role(
                [Privilege::Read, Privilege::Admin][usize::from(chance.one_in(2))],
                &[&format!("k8s:{}", account(chance))],
            ),
            // A role that no system stands for.
            "aws" if n == 1 => {
                let by = format!("k8s:{}", account(chance));
                Sample::new(target, "", "").fact(identity(
                    IdentityKind::CloudRole,
                    "spare",
                    "arn:aws:iam::1:role/spare",
                    Some(Privilege::Write),
                    &[&by],
                ))
            }
            "aws" => continue,
            "k8s" => {
                let sample = workload(target, &name).fact(strong(Claim::RunsImage, &image(chance)));
                let by = account(chance);
                sample.fact(identity(IdentityKind::ServiceAccount, "sa", &by, None, &[]))
            }
            _ => {
                let sample = code(target, &format!("services/{n}"), &name, tool)
                    .fact(strong(Claim::BuildsImage, &image(chance)));
                if chance.one_in(3) {
                    sample.fact(identity(IdentityKind::CloudRole, "r", ROLE, None, &[]))
                } else {
                    sample
                }
            }
        };
        samples.push(sample);
    }
    let mut seen = of(target, if samples.is_empty() { vec![Sample::new(target, "", "")] } else { samples });
    if chance.one_in(5) {
        seen.coverage.skipped.push(asmm_model::Gap::new("a part", asmm_model::GapReason::Denied));
    }
    seen
}

on_both! {
    /// Whatever comes, goes, changes and is decided: the list is what an inventory that is joined as a whole says.
    async fn the_list_agrees_with_the_inventory_whatever_happens(home: &Home) {
        let store = home.store().await;
        let mut chance = Chance(20_261_127);
        let mut decided: Vec<i64> = Vec::new();
        for day in 1..29 {
            let mut all = Vec::new();
            for target in ["shop", "desk", "k8s", "aws"] {
                if day == 1 || chance.one_in(2) {
                    all.push(any(target, &mut chance));
                }
            }
            let (run, _) = store.night(day, all).await;
            agrees(&store, &format!("night {day}")).await;
            let (listed, _) = store.list(&Filter::default(), &Page { most: 1000, ..Page::default() }).await.unwrap();
            if listed.len() > 1 && chance.one_in(2) {
                let mut pick = || listed[usize::try_from(chance.below(listed.len() as u64)).unwrap()].id.clone();
                let (a, b) = (pick(), pick());
                let kind = if day % 3 == 0 { Apart } else { One };
                if let Ok(decision) = store.decide(kind, &a, &b, "ann", AT, "").await {
                    decided.push(decision.id);
                }
                agrees(&store, &format!("a decision after night {day}")).await;
            }
            if decided.len() > 3 {
                store.undo(decided.remove(0), "ann", AT).await.unwrap();
                agrees(&store, &format!("an undo after night {day}")).await;
            }
            let before = store.before(&run).await.unwrap();
            let difference = store.difference(&before, &run).await.unwrap();
            let there = difference.present + difference.systems.iter().filter(|one| one.presence.is_there()).count() as u64;
            let (listed, _) = store.list(&Filter::default(), &Page { most: 1000, ..Page::default() }).await.unwrap();
            let listed = listed.iter().filter(|one| one.presence != "unseen").count() as u64;
            assert_eq!(there, listed, "night {day}");
        }
    }
}
