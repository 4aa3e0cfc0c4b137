//! Two scans of the same, and of what became of it.

use asmm_model::{
    Coverage, Criterion, Gap, GapReason, Gate, Identity, IdentityKind, Inventory, Place, Presence, Privilege,
    Supports, SystemKind, Verdict,
};
use insta::assert_snapshot;

use super::{Difference, Weight, difference, markdown, page};
use crate::sample::{self, Sample};

fn inventory(samples: Vec<Sample>) -> Inventory {
    let mut inventory = sample::inventory(samples.into_iter().flat_map(Sample::observations).collect());
    inventory.coverage[0].skipped.clear();
    inventory
}

fn presences(difference: &Difference) -> Vec<(&str, Presence)> {
    difference.systems.iter().map(|entry| (entry.name.as_str(), entry.presence)).collect()
}

fn named(name: &str, root: &str, component: &str) -> Sample {
    let at = Place::line(format!("{root}/a.py"), 1);
    Sample::new(".", root, name)
        .system(SystemKind::Pipeline, true)
        .says(Criterion::C6, Supports::Yes, 0.9, "acts under a credential of its own", at.clone())
        .component(asmm_model::ComponentKind::ProviderSdk, component, None, at)
}

#[test]
fn the_same_scan_twice_has_no_change() {
    let before = inventory(vec![sample::refunds("."), sample::desk("."), sample::summaries(".")]);
    let found = difference(&before, &before.clone());
    assert!(found.systems.is_empty(), "{found:?}");
    assert!(found.same_rules && found.less_seen.is_empty());
    assert_snapshot!(page(&found, 80).text(false), @"3 AI systems: 0 new, 0 changed, 0 missing, 0 unseen, 3 present.");
}

#[test]
fn what_moved_by_a_line_or_has_more_evidence_is_no_change() {
    let before = inventory(vec![sample::refunds(".")]);
    let mut after = before.clone();
    for component in &mut after.systems[0].components {
        component.version = Some("99.0".to_owned());
        let more = component.evidence.clone();
        component.evidence.extend(more);
    }
    after.systems[0].confidence = Some(0.99);
    let found = difference(&before, &after);
    assert_eq!((found.systems.len(), found.present), (0, 1), "{found:?}");
}

#[test]
fn a_system_is_missing_only_where_its_target_was_seen_wholly() {
    let before = inventory(vec![sample::refunds("."), sample::desk(".")]);
    let mut after = inventory(vec![sample::desk(".")]);
    assert!(presences(&difference(&before, &after)).contains(&("refunds", Presence::Missing)));
    // A gap may hide it.
    after.coverage[0].skipped.push(Gap::new("services", GapReason::Denied));
    let found = difference(&before, &after);
    assert!(presences(&found).contains(&("refunds", Presence::Unseen)));
    assert_eq!(found.less_seen[0].gaps, ["services"]);
    // So may a target that was not scanned again.
    after.coverage = vec![Coverage { target: "elsewhere".to_owned(), ..Coverage::default() }];
    let found = difference(&before, &after);
    assert!(presences(&found).contains(&("refunds", Presence::Unseen)));
    assert!(found.less_seen[0].gaps[0].contains("not scanned again"));
}

#[test]
fn a_system_that_was_moved_renamed_or_given_tools_is_the_same() {
    let before = inventory(vec![named("a", "one", "x"), named("b", "two", "y"), named("c", "three", "z")]);
    let after = inventory(vec![
        named("a", "elsewhere", "x"),
        named("renamed", "two", "y"),
        named("d", "four", "z"),
        named("c", "three", "z").says(
            Criterion::C1,
            Supports::Yes,
            0.9,
            "chooses",
            Place::line("three/a.py", 2),
        ),
    ]);
    let found = difference(&before, &after);
    let mut all = presences(&found);
    all.sort_unstable();
    assert_eq!(
        all,
        [
            ("a", Presence::Changed),
            ("c", Presence::Changed),
            ("d", Presence::New),
            ("renamed", Presence::Changed)
        ]
    );
    let moved = found.systems.iter().find(|entry| entry.name == "a").unwrap();
    assert_eq!(
        moved.was.as_deref(),
        Some(before.systems.iter().find(|s| s.name == "a").unwrap().id.as_str())
    );
    // Where two could be meant, neither is.
    let two = inventory(vec![named("a", "here", "x"), named("a", "there", "x")]);
    let found = difference(&inventory(vec![named("a", "one", "x")]), &two);
    assert_eq!(found.systems.iter().filter(|entry| entry.presence == Presence::New).count(), 2);
}

#[test]
fn what_a_reviewer_has_to_know_is_told_and_weighed() {
    let before = inventory(vec![sample::refunds("."), sample::desk("."), sample::summaries(".")]);
    let mut after = before.clone();
    after.scan.rules = "blake3:11".to_owned();
    after.coverage[0].skipped.push(Gap::new("a\u{1b}[31mb", GapReason::Failed));
    for system in &mut after.systems {
        match system.name.as_str() {
            "refunds" => {
                system.verdict = Verdict::Undetermined;
                system.tools[0].gate = Gate::Each;
                let account = Identity::named(IdentityKind::ServiceAccount, "n/bot", Vec::new());
                system.identities.push(Identity { privilege: Some(Privilege::Admin), ..account });
            }
            "desk" => {
                system.verdict = Verdict::Agentic;
                system.name = "desk <script>[x](javascript:1)".to_owned();
                system.models.clear();
            }
            _ => {}
        }
    }
    let found = difference(&before, &after);
    assert_eq!(found.systems[0].weight(), Weight::Worse);
    assert_snapshot!("terminal", page(&found, 100).text(false));
    assert_snapshot!("markdown", markdown(&found));
    assert_snapshot!("json", serde_json::to_string_pretty(&found).unwrap());
}

#[test]
fn what_could_not_be_read_before_is_neither_new_nor_gone() {
    let mut before = inventory(vec![sample::summaries(".")]);
    let after = inventory(vec![sample::summaries("."), named("orders", "services/orders", "x")]);
    let told = |before: &Inventory, after: &Inventory| {
        let found = difference(before, after);
        let components: Vec<&str> = found.components.iter().map(|change| change.name.as_str()).collect();
        let systems: Vec<(&str, Presence)> =
            found.systems.iter().map(|entry| (entry.name.as_str(), entry.presence)).collect();
        format!("{systems:?} {components:?}")
    };
    assert_eq!(told(&before, &after), r#"[("orders", New)] ["x"]"#);
    for (gap, hides) in [
        (Gap::new("services/orders/a.py", GapReason::Unparsable), true),
        (Gap::new("services/orders/", GapReason::Unsupported), true),
        (Gap::new("services", GapReason::TooLarge), true),
        (Gap::new(".", GapReason::Failed), true),
        // Some of many, and nobody says which.
        (Gap::new("submodules", GapReason::Unsupported).times(30), true),
        (Gap::new("services/order", GapReason::Denied), false),
        (Gap::new("services/orders/b.py", GapReason::Unparsable), false),
        (Gap::new("services/orders/", GapReason::Ignored), false),
    ] {
        before.coverage[0].skipped = vec![gap.clone()];
        let expected = if hides { r#"[("orders", Changed)] []"# } else { r#"[("orders", New)] ["x"]"# };
        assert_eq!(told(&before, &after), expected, "{gap:?}");
        assert!(!difference(&before, &after).is_worse() || !hides, "{gap:?}");
        let back = difference(&after, &before);
        assert_eq!(back.components.is_empty(), hides, "{gap:?}: nothing is gone that cannot be seen");
    }
    // What neither of them could read explains nothing.
    let mut blind = after.clone();
    blind.coverage[0].skipped = vec![Gap::new("services", GapReason::TooLarge)];
    before.coverage[0].skipped = blind.coverage[0].skipped.clone();
    assert_eq!(told(&before, &blind), r#"[("orders", New)] ["x"]"#);
}

#[test]
fn a_comparison_with_a_commit_tells_components_and_what_was_unread() {
    let mut before =
        inventory(vec![named("a", "one", "x"), named("b", "two", "y"), named("c", "three", "z")]);
    let mut after = inventory(vec![named("a", "one", "x"), named("b", "two", "y"), named("d", "four", "n")]);
    before.systems.iter_mut().find(|system| system.name == "a").unwrap().components[0].version =
        Some("1.0".to_owned());
    after.systems.iter_mut().find(|system| system.name == "a").unwrap().components[0].version =
        Some("2.0".to_owned());
    before.coverage[0].skipped = vec![Gap::new("vendor/[x](y)/", GapReason::Unsupported)];
    let mut found = difference(&before, &after);
    for (revision, merge_base) in [("main", true), ("v1", false), ("0123456789abcdef", false)] {
        found.base = Some(super::Compared {
            revision: revision.to_owned(),
            commit: "0123456789abcdef".to_owned(),
            merge_base,
        });
        assert_snapshot!(format!("compared_{revision}"), page(&found, 100).text(false));
    }
    assert_snapshot!("compared_markdown", markdown(&found));
    assert_snapshot!("compared_json", serde_json::to_string_pretty(&found.components).unwrap());
}
