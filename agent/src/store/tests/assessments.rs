//! Assessments keep what people said over new seeds, tell what changed since, and lose nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asmm_model::assessment::{AreaScore, Score, Structure, Weight};
use asmm_model::{Effect, Gate, Place as At, Verdict};
use insta::assert_snapshot;

use super::{Home, decisions, on_both, seen};
use crate::assess::{Act, Assessment};
use crate::review::{Act as Decided, Owned};
use crate::sample::{Sample, desk, refunds};
use crate::store::{Store, StoreError};

const AT: &str = "2026-11-28T09:00:00.000Z";
const DAY: (&str, jiff::civil::Date) = ("2026-11-03T09:00:00.000Z", jiff::civil::date(2026, 11, 3));

impl Store {
    async fn seed_now(&self) -> asmm_model::assessment::Seed {
        self.seed(Structure::working(), AT.parse().unwrap()).await.unwrap()
    }

    async fn gives(&self, area: &str, level: u8, by: &str) -> Result<Assessment, StoreError> {
        let score =
            Act::Score { area: area.to_owned(), score: Score::new(level).unwrap(), tests: BTreeMap::new() };
        self.assess("2026-q4", score, by, "as the vault shows", AT, None).await
    }
}

fn pinned(sample: Sample) -> Sample {
    sample.model("claude-opus-4-1-20250805", "anthropic", true, At::line("app.py", 9))
}

async fn begun(home: &Home) -> Store {
    let store = home.store().await;
    store.night(1, vec![seen(vec![refunds("."), desk(".")])]).await;
    let seed = store.seed_now().await;
    store.begin_assessment("2026-q4", (Structure::working_text(), &seed), "ada", AT).await.unwrap();
    store
}

on_both! {
    async fn what_people_said_stays_and_what_changed_is_told(home: &Home) {
        let store = begun(home).await;
        for (area, level) in [("GV-1", 3), ("ID-2", 2), ("PR-1", 2)] {
            store.gives(area, level, "ada").await.unwrap();
        }
        let again = store.seed_assessment("2026-q4", &store.seed_now().await, "ada", AT).await.unwrap();
        assert_eq!((again.seeded.number, again.changed.len()), (2, 0), "nothing is otherwise");
        let both = || [pinned(refunds(".")), desk(".")];
        store.night(2, vec![seen(both().into())]).await;
        let after = store.seed_assessment("2026-q4", &store.seed_now().await, "ada", AT).await.unwrap();
        assert_eq!(after.areas["ID-2"].given.score, AreaScore::Scored(Score::new(2).unwrap()));
        let mut told = String::new();
        for (area, changes) in &after.changed {
            for change in changes {
                let _ = writeln!(told, "{area}: {change}");
            }
        }
        assert_snapshot!("what_changed_since_it_was_scored", told);
        // Whoever scores it again has seen what changed.
        let scored = store.gives("ID-2", 2, "ada").await.unwrap();
        assert!(!scored.changed.contains_key("ID-2") && scored.areas["ID-2"].revision == 2);
        let said: Vec<i64> = store.said("2026-q4", "ID-2").await.unwrap().iter().map(|said| said.revision).collect();
        assert_eq!(said, [2, 1]);
        assert_eq!(store.assessments().await.unwrap().iter().map(|one| (one.scored, one.areas)).collect::<Vec<_>>(), [(3, 31)]);
    }
}

on_both! {
    async fn everything_that_was_done_is_in_the_chain(home: &Home) {
        let store = begun(home).await;
        store.gives("GV-1", 3, "ada").await.unwrap();
        store.gives("GV-1", 2, "bob").await.unwrap();
        let does = |act: Act, by: &'static str| {
            let store = store.clone();
            async move { store.assess("2026-q4", act, by, "because it is so", AT, None).await }
        };
        does(Act::Exclude { area: "RC-2".to_owned() }, "ada").await.unwrap();
        does(Act::Clear { area: "GV-1".to_owned() }, "ada").await.unwrap();
        let weighed = does(Act::Weigh { of: "PR-1".to_owned(), weight: Weight::decimal("2.5").unwrap() }, "ada").await.unwrap();
        assert_eq!(weighed.structure.area("PR-1").unwrap().1.weight, Weight::decimal("2.5").unwrap());
        assert!(matches!(does(Act::Sign, "eve").await, Err(StoreError::Decision(why)) if why.contains("provisional")));
        assert!(matches!(store.gives("GV-1", 3, "").await, Err(StoreError::Decision(_))), "nobody scores nothing");
        assert!(matches!(store.assessment("2027").await, Err(StoreError::NoAssessment(_))));
        let seed = store.seed_now().await;
        for name in ["2026-q4", "", "a/b", "..", "with space", "\u{202e}"] {
            assert!(store.begin_assessment(name, (Structure::working_text(), &seed), "ada", AT).await.is_err(), "{name}");
        }
        let mut said = String::new();
        store.audit(|body, _| {
            let entry: crate::store::AuditEntry = serde_json::from_str(body)?;
            let short = |value: &serde_json::Value| value.to_string().replace(Structure::working().digest(), "[digest]");
            let _ = writeln!(said, "{} {} {} → {}", entry.actor, entry.action, short(&entry.from), short(&entry.to));
            Ok(())
        }).await.unwrap();
        assert_snapshot!("the_chain_of_an_assessment", said);
        assert!(store.verify(&[]).await.unwrap().faults.is_empty());
    }
}

on_both! {
    async fn of_two_who_saw_one_state_one_scores(home: &Home) {
        let store = begun(home).await;
        let all = (1..=5).cycle().take(20).enumerate().map(|(n, level)| {
            let store = store.clone();
            let score = Act::Score { area: "GV-1".to_owned(), score: Score::new(level).unwrap(), tests: BTreeMap::new() };
            async move { store.assess("2026-q4", score, &format!("person-{n}"), "it is so", AT, Some(0)).await }
        });
        let came = futures::future::join_all(all).await;
        assert_eq!(came.iter().filter(|one| one.is_ok()).count(), 1);
        assert!(came.into_iter().filter_map(Result::err).all(|error| matches!(error, StoreError::Stale)));
        assert_eq!(store.assessment("2026-q4").await.unwrap().areas["GV-1"].revision, 1);
    }
}

on_both! {
    async fn a_seed_holds_what_people_decided(home: &Home) {
        let store = home.store().await;
        let risky = || refunds(".").tool("wire_money", Effect::Pay, Gate::None, At::line("app.py", 30));
        store.night(1, vec![seen(vec![risky(), desk(".")])]).await;
        let before = store.seed_now().await;
        let (refunds_id, desk_id) =
            (store.system_named("refunds").await.unwrap(), store.system_named("desk").await.unwrap());
        let confirm = Decided::Confirm { verdict: Some(Verdict::Agentic), in_scope: true, owner: Some(Owned::By("payments".to_owned())) };
        store.act(&refunds_id, confirm, "ann", "as its code says", DAY, None).await.unwrap();
        let reject = Decided::Reject(crate::review::Rejection::NotAi, None);
        store.act(&desk_id, reject, "ann", "nothing but a texts table", DAY, None).await.unwrap();
        let after = store.seed_now().await;
        let told = |seed: &asmm_model::assessment::Seed| {
            let systems: Vec<String> = seed.scope.systems.iter()
                .map(|one| format!("{} owner {:?} {} {}", one.name, one.owner, one.verdict.name(), one.decision.state.name()))
                .collect();
            let metrics: Vec<String> = ["M01", "M02", "M03", "M05", "M21", "M24"].iter()
                .map(|id| { let of = &seed.metrics[*id]; format!("{id} {}/{:?} unknown {} days {:?}", of.num, of.den, of.unknown, of.days.map(|days| days.to_string())) })
                .collect();
            format!("{systems:#?} {:?} {metrics:#?}", seed.scope.agentic_scope)
        };
        assert_snapshot!("a_seed_before_and_after_people_decided", format!("{}\n\n{}", told(&before), told(&after)));
        assert_eq!(store.seed_now().await, after, "one state has one seed");
        let text = serde_json::to_string(&after).unwrap();
        assert!(!text.contains("\"score\":{") && text.contains("\"score\":null"));
    }
}

on_both! {
    async fn what_a_register_records_is_known_and_what_none_speaks_of_is_not(home: &Home) {
        let store = home.store().await;
        let agent = || refunds(".").tool("wire_money", Effect::Pay, Gate::None, At::line("app.py", 30));
        store.night(1, vec![seen(vec![agent(), desk(".")])]).await;
        let told = |seed: &asmm_model::assessment::Seed| {
            let of = |id: &&str| { let of = &seed.metrics[*id]; format!("{id} {}/{} unknown {}", of.num, of.den.unwrap_or_default(), of.unknown) };
            ["M04", "M23", "approved_autonomy"].iter().map(of).collect::<Vec<_>>().join("; ")
        };
        let mut register = decisions::register("systems.csv", &["refunds", "desk"]);
        let mark = |id: &str| asmm_model::Mark { kind: asmm_model::MarkKind::System, value: id.to_owned() };
        for (entry, name) in register.entries.iter_mut().zip(["refunds", "desk"]) {
            entry.marks.push(mark(store.system_named(name).await.unwrap().as_str()));
            entry.purpose = Some("Pays money back".to_owned());
        }
        store.import(&register).await.unwrap();
        let mut lines = vec![told(&store.seed_now().await)];
        let first = &mut register.entries[0].records;
        first.data = Some("payments".to_owned());
        first.approval = Some("risk board, 2026-09-14".to_owned());
        first.provider = Some("OpenAI; Anthropic".to_owned());
        first.agreement = Some("MSA-14".to_owned());
        store.import(&register).await.unwrap();
        lines.push(told(&store.seed_now().await));
        let second = &mut register.entries[1].records;
        (second.data, second.provider, second.agreement) = (Some("none".to_owned()), Some("anthropic".to_owned()), Some("pending".to_owned()));
        register.entries[0].records.approval = Some("pending".to_owned());
        store.import(&register).await.unwrap();
        lines.push(told(&store.seed_now().await));
        assert_snapshot!("what_registers_record", lines.join("\n"));
    }
}
