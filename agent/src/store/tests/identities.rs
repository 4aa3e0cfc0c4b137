//! A system keeps its id, whatever becomes of the code around it.

use asmm_model::{ComponentKind, Criterion, Place as At, Supports, SystemId, SystemKind};
use proptest::prelude::*;

use super::{Home, on_both, seen, seen_of};
use crate::sample::Sample;
use crate::store::{Filter, Store};

/// A system with parts of its own in a folder of the same name.
fn system(root: &str, name: &str, kind: SystemKind, parts: &[&str]) -> Sample {
    let at = At::line(format!("{root}/main.py"), 1);
    let mut sample = Sample::new(".", root, name).system(kind, true).says(
        Criterion::C6,
        Supports::Yes,
        0.9,
        "acts under a credential of its own",
        at.clone(),
    );
    for part in parts {
        sample = sample.component(ComponentKind::ProviderSdk, part, None, at.clone());
    }
    sample
}

async fn ids(store: &Store) -> Vec<(String, String, Vec<String>)> {
    let run = store.run_named("latest").await.unwrap();
    let inventory = store.inventory(&run, &Filter::default()).await.unwrap();
    let mut ids: Vec<(String, String, Vec<String>)> = inventory
        .systems
        .into_iter()
        .map(|system| {
            let aliases = system.remembered.unwrap().aliases;
            let aliases = aliases.iter().map(|alias| alias.as_str().to_owned()).collect();
            (system.name, system.id.as_str().to_owned(), aliases)
        })
        .collect();
    ids.sort();
    ids
}

fn derived(kind: SystemKind, root: &str, name: &str) -> String {
    SystemId::derive(kind, root, name).as_str().to_owned()
}

on_both! {
    async fn a_system_that_is_renamed_and_moved_keeps_its_id(home: &Home) {
        use SystemKind::{Agent, Pipeline};
        let store = home.store().await;
        store.night(1, vec![seen(vec![system("svc/a", "mail", Pipeline, &["openai", "chroma"])])]).await;
        let first = derived(Pipeline, "svc/a", "mail");
        assert_eq!(ids(&store).await, [("mail".to_owned(), first.clone(), vec![])]);
        // It is given tools: another kind, and so another id of the scan.
        store.night(2, vec![seen(vec![system("svc/a", "mail", Agent, &["openai", "chroma"])])]).await;
        // Its folder is renamed.
        store.night(3, vec![seen(vec![system("apps/mail", "mail", Agent, &["openai", "chroma"])])]).await;
        // So is it.
        store.night(4, vec![seen(vec![system("apps/mail", "mailer", Agent, &["openai", "chroma"])])]).await;
        let mut aliases = vec![
            derived(Agent, "svc/a", "mail"),
            derived(Agent, "apps/mail", "mail"),
            derived(Agent, "apps/mail", "mailer"),
        ];
        aliases.sort();
        assert_eq!(ids(&store).await, [("mailer".to_owned(), first.clone(), aliases)]);
        // Somebody moves it back.
        store.night(5, vec![seen(vec![system("svc/a", "mail", Pipeline, &["openai", "chroma"])])]).await;
        assert_eq!(ids(&store).await[0].1, first);
    }
}

on_both! {
    async fn a_system_that_takes_the_place_of_another_is_another(home: &Home) {
        use SystemKind::Agent;
        let store = home.store().await;
        store.night(1, vec![seen(vec![system("a", "mail", Agent, &["openai", "chroma"])])]).await;
        let mail = derived(Agent, "a", "mail");
        // It moves, and something else is put where it was.
        let both = || vec![system("b", "mail", Agent, &["openai", "chroma"]), system("a", "notes", Agent, &["cohere"])];
        store.night(2, vec![seen(both())]).await;
        assert_eq!(
            ids(&store).await.into_iter().map(|(name, id, _)| (name, id)).collect::<Vec<_>>(),
            [("mail".to_owned(), mail.clone()), ("notes".to_owned(), derived(Agent, "a", "notes"))]
        );
        // And then under its first name as well: the id is taken, and another is made.
        let both = vec![system("b", "mail", Agent, &["openai", "chroma"]), system("a", "mail", Agent, &["cohere"])];
        store.night(3, vec![seen(both)]).await;
        let found = ids(&store).await;
        assert!(found.iter().any(|(_, id, _)| *id == mail), "{found:?}");
        assert_ne!(found[0].1, found[1].1);
    }
}

on_both! {
    async fn two_targets_may_hold_the_same(home: &Home) {
        let store = home.store().await;
        let one = || crate::store::tests::inventory(vec![crate::sample::refunds(".")]);
        store.night(1, vec![seen_of("a", one()), seen_of("b", one())]).await;
        let before = ids(&store).await;
        assert_ne!(before[0].1, before[1].1);
        store.night(2, vec![seen_of("b", one()), seen_of("a", one())]).await;
        assert_eq!(ids(&store).await, before);
    }
}

on_both! {
    async fn a_target_that_is_given_a_name_keeps_its_systems(home: &Home) {
        let store = home.store().await;
        let at = |key: &str| {
            let mut seen = seen_of(key, crate::store::tests::inventory(vec![crate::sample::refunds(".")]));
            seen.place = "folder:/srv/shop".to_owned();
            seen
        };
        store.night(1, vec![at("folder:/srv/shop")]).await;
        let before = ids(&store).await;
        store.night(2, vec![at("shop")]).await;
        // By its place alone it is still the same, and after it was moved as well.
        store.night(3, vec![at("folder:/srv/shop")]).await;
        let mut moved = at("shop");
        moved.place = "folder:/home/shop".to_owned();
        store.night(4, vec![moved]).await;
        // Its source is given a second target, so that each is called by more than the source.
        let mut named = at("shop: ../shop");
        named.place = "folder:/home/shop".to_owned();
        store.night(5, vec![named]).await;
        assert_eq!(ids(&store).await, before);
        assert_eq!(store.presences().await.len(), 1);
        // Another name at the same place is another target.
        let mut other = at("desk");
        other.place = "folder:/home/shop".to_owned();
        store.night(6, vec![other]).await;
        assert_eq!(store.presences().await.len(), 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever is scanned night after night: no id is lost, none is given twice, and each is of one system only.
    #[test]
    fn no_id_is_lost_or_given_twice(nights in prop::collection::vec(
        prop::collection::btree_set((0..4_usize, 0..4_usize, any::<bool>()), 0..6), 1..5)) {
        super::block_on(async {
            let home = Home::new(false);
            let store = home.store().await;
            let mut known = std::collections::BTreeSet::new();
            for (night, systems) in nights.iter().enumerate() {
                let kind = |agent: bool| if agent { SystemKind::Agent } else { SystemKind::Pipeline };
                let samples = systems.iter().map(|(root, name, agent)| {
                    system(&format!("r{root}"), &format!("n{name}"), kind(*agent), &[&format!("p{name}")])
                });
                store.night(u32::try_from(night).unwrap() + 1, vec![seen(samples.collect())]).await;
                let all: Vec<String> = all_ids(&store).await;
                let unique: std::collections::BTreeSet<String> = all.iter().cloned().collect();
                assert_eq!(all.len(), unique.len());
                assert!(unique.is_superset(&known), "an id is gone");
                known = unique;
                assert_eq!(ids(&store).await.len(), crate::store::tests::inventory(
                    systems.iter().map(|(root, name, agent)| {
                        system(&format!("r{root}"), &format!("n{name}"), kind(*agent), &[&format!("p{name}")])
                    }).collect()).systems.len());
            }
        });
    }
}

async fn all_ids(store: &Store) -> Vec<String> {
    use asmm_model::Presence;
    let filter = Filter { presences: Presence::ALL.to_vec(), ..Filter::default() };
    let (listed, _) = store
        .list(&filter, &crate::store::Page { most: 1000, ..crate::store::Page::default() })
        .await
        .unwrap();
    listed.into_iter().map(|one| one.id).collect()
}
