//! Whole reports of hand-made inventories.

use asmm_model::autonomy::Missing;
use asmm_model::{
    ComponentKind, Criterion, Effect, Fact, Gap, GapReason, Gate, Inventory, Owner, OwnerSource, Place,
    Purpose, PurposeSource, Supports, SystemKind,
};

use super::{Format, Surface};
use crate::sample::{self, Sample};

fn inventory(samples: Vec<Sample>) -> Inventory {
    sample::inventory(samples.into_iter().flat_map(Sample::observations).collect())
}

fn report(inventory: &Inventory, width: usize) -> String {
    Format::Table.write(inventory, Surface { width, colour: false }).unwrap()
}

#[test]
fn the_report_says_first_what_is_agentic_and_why() {
    let samples = vec![sample::refunds("."), sample::summaries("."), sample::loose(".")];
    insta::assert_snapshot!(report(&inventory(samples), 100));
}

#[test]
fn an_undetermined_system_says_what_would_settle_it() {
    insta::assert_snapshot!(report(&inventory(vec![sample::desk(".")]), 100));
}

#[test]
fn a_narrow_report_loses_no_column() {
    let samples = vec![sample::refunds("."), sample::summaries("."), sample::loose(".")];
    insta::assert_snapshot!(report(&inventory(samples), 60));
}

#[test]
fn a_report_without_ai_says_what_was_read_and_what_was_not() {
    let mut empty = inventory(Vec::new());
    empty.coverage[0].skipped.push(Gap::new("secret", GapReason::Denied).because("permission denied"));
    insta::assert_snapshot!(report(&empty, 100), @r"
    No AI systems found. 1204 files read, 2 gaps in what could be seen, 312 left out on purpose.

    Not looked at
      denied       1  secret: permission denied
      too-large    1  data/all.json: larger than 1 MiB
      generated    1  dist/app.min.js
      ignored    311  node_modules: left out by .gitignore
    ");
}

#[test]
fn gaps_of_one_cause_are_listed_together() {
    let mut empty = inventory(Vec::new());
    let broken = |path: &str, why: &str| Gap::new(path, GapReason::Unparsable).because(why);
    empty.coverage[0].skipped = vec![
        broken("a.py", "line 3 has no end"),
        broken("b/package.json", "syntax errors"),
        broken("c/package.json", "syntax errors"),
        Gap::new("Go source files", GapReason::Unsupported)
            .times(8)
            .because("no rules for this language yet"),
        Gap::new("gone", GapReason::Failed).because("gone does not exist"),
    ];
    insta::assert_snapshot!(report(&empty, 100), @r"
    No AI systems found. 1204 files read, 12 gaps in what could be seen.

    Not looked at
      unparsable   1  a.py: line 3 has no end
                   2  syntax errors
                      b/package.json
                      c/package.json
      unsupported  8  Go source files: no rules for this language yet
      failed       1  gone does not exist
    ");
}

#[test]
fn a_sentence_that_settles_several_questions_stands_once() {
    let mut found = inventory(vec![sample::desk(".")]);
    let settles = |criterion, what: &str| Missing { criterion, what: what.to_owned() };
    found.systems[0].settles = vec![
        settles(Criterion::C2, "Which further tools there are."),
        settles(Criterion::C3, "What `x` does."),
        settles(Criterion::C3, "Which further tools there are."),
        settles(Criterion::C4, "Which further tools there are."),
    ];
    let report = report(&found, 100);
    let expected = "\
  What would settle it
    C2, C3, C4  Which further tools there are.
    C3          What `x` does.
";
    assert!(report.contains(expected), "{report}");
}

#[test]
fn long_lists_are_cut() {
    let mut many = Sample::new(".", "a", "busy").system(SystemKind::Agent, true);
    for n in 1..=10 {
        let at = Place::line("a/tools.py", n);
        many = many
            .says(Criterion::C1, Supports::Yes, 0.9, "makes an agent", at.clone())
            .says(Criterion::C1, Supports::No, 0.5, &format!("calls a model {n}"), at.clone())
            .tool(&format!("tool_{n}"), Effect::Execute, Gate::None, at.clone());
        for m in 0..2 {
            many =
                many.component(ComponentKind::ProviderSdk, &format!("sdk-{}", 2 * n + m), None, at.clone());
        }
    }
    let mut inventory = inventory(vec![many]);
    inventory.coverage[0].skipped =
        (0..30).map(|n| Gap::new(format!("f{n}.py"), GapReason::Unparsable)).collect();
    insta::assert_snapshot!(report(&inventory, 100));
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\nfree\u{202e}dne";
    let at = || Place::line(format!("src/{hostile}.py"), 3);
    let sample = Sample::new(".", hostile, hostile)
        .system(SystemKind::Agent, false)
        .says(Criterion::C1, Supports::Yes, 0.9, hostile, at())
        .tool(hostile, Effect::Unknown, Gate::Unknown, at())
        .component(ComponentKind::ProviderSdk, hostile, Some(hostile), at())
        .identity(hostile, false, at())
        .model(hostile, hostile, false, at());
    let loose = Sample::new(".", "b", "b").component(ComponentKind::Prompt, hostile, Some(hostile), at());
    let mut inventory = inventory(vec![sample, loose]);
    inventory.coverage[0].skipped = vec![Gap::new(hostile, GapReason::Failed).because(hostile)];
    let report = report(&inventory, 100);
    let odd = report.chars().find(|c| *c != '\n' && (c.is_control() || *c == '\u{202e}'));
    assert_eq!(odd, None, "{report:?}");
    assert!(report.contains("\\u{1b}[2J\\r\\nfree\\u{202e}dne"));

    let json = Format::Json.write(&inventory, Surface { width: 100, colour: true }).unwrap();
    assert_eq!(json.chars().find(|c| *c != '\n' && c.is_control()), None);
}

#[test]
fn owners_and_purpose_are_told_as_what_they_are() {
    let owner = |source, name: &str, place| Fact::Owner(Owner { source, name: name.to_owned(), place });
    let sample = sample::summaries(".")
        .fact(owner(OwnerSource::PackageAuthor, "Ada\u{1b}", Place::line("pyproject.toml", 3)))
        .fact(owner(OwnerSource::Codeowners, "@org/news", Place::line("CODEOWNERS", 2)))
        .fact(owner(OwnerSource::Backstage, "news", Place::line("catalog-info.yaml", 7)))
        .fact(Fact::Purpose(Purpose {
            source: PurposeSource::Readme,
            text: "Sums up the news.".to_owned(),
            place: Place::line("README.md", 3),
        }));
    let found = inventory(vec![sample]);
    assert_eq!(found.systems[0].priority, inventory(vec![sample::summaries(".")]).systems[0].priority - 10);
    let report = report(&found, 140);
    let expected = "
  Purpose     Sums up the news. (claimed in README.md:3)
  Owner       Backstage: news (catalog-info.yaml:7); CODEOWNERS: @org/news (CODEOWNERS:2); package author: Ada\\u{1b} (pyproject.toml:3)
";
    assert!(report.contains(expected), "{report}");
}

#[test]
fn verdicts_are_coloured_where_colours_are_shown() {
    let samples = vec![sample::refunds("."), sample::desk("."), sample::summaries(".")];
    let text = Format::Table.write(&inventory(samples), Surface { width: 100, colour: true }).unwrap();
    for coloured in
        ["\u{1b}[31;1magentic\u{1b}[0m", "\u{1b}[33mundetermined\u{1b}[0m", "\u{1b}[32mnot agentic\u{1b}[0m"]
    {
        assert!(text.contains(coloured), "{text}");
    }
}

#[test]
fn the_json_document_is_the_whole_inventory() {
    let inventory = inventory(vec![sample::summaries(".")]);
    let text = Format::Json.write(&inventory, Surface { width: 100, colour: false }).unwrap();
    assert!(text.ends_with("}\n"));
    assert_eq!(serde_json::from_str::<Inventory>(&text).unwrap(), inventory);
    // What a criterion and a component look like is the model's own matter, and long.
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["systems"][0]["criteria"] = "…".into();
    value["systems"][0]["components"] = "…".into();
    value["coverage"][0]["skipped"] = "…".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn what_a_store_remembers_is_in_what_people_read() {
    let mut kept = inventory(vec![sample::refunds(".")]);
    let at = |day: u32| format!("2026-11-{day:02}T02:00:00.000Z");
    kept.systems[0].remembered = Some(asmm_model::Remembered {
        presence: asmm_model::Presence::Unseen,
        first_seen: at(1),
        last_seen: at(20),
        aliases: Vec::new(),
    });
    let surface = Surface { width: 100, colour: false };
    for format in [Format::Markdown, Format::Html] {
        let text = format.write(&kept, surface).unwrap();
        assert!(text.contains("unseen, first seen 2026-11-01, last seen 2026-11-20"), "{format:?}");
    }
    let csv = Format::Csv.write(&kept, surface).unwrap();
    assert!(csv.ends_with(&format!(",unseen,{},{}\r\n", at(1), at(20))), "{csv}");
    let sarif: serde_json::Value =
        serde_json::from_str(&Format::Sarif.write(&kept, surface).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["properties"]["presence"], "unseen");
}
