//! The known register from outside: what is declared is held against a scan and against a store, and people have the last word.

use muster_tests::postgres::Postgres;
use muster_tests::stage::{Ended, Stage};
use serde_json::Value;

use crate::{AGENT, WITNESS};

const REGISTER: &str = "\
id,name,repository,owner,status,agentic
R1,Order agent,https://github.com/acme/shop/tree/main/orders,shop,in production,no
R2,Questions,,shop,pilot,
R3,Archive,github.com/acme/shop#archive,shop,retired,
R4,Elsewhere,github.com/acme/other,,,
,,,,,
R5,,,,,
";

/// A clone of a shop with two systems, and a register of it.
fn stage() -> Stage {
    let stage = Stage::new();
    stage
        .put(".git/HEAD", "ref: refs/heads/main\n")
        .put(".git/config", "[remote \"origin\"]\n\turl = git@github.com:Acme/Shop.git\n")
        .put(".git/objects/.keep", "")
        .put(".git/refs/.keep", "")
        .put("orders/agent.py", AGENT)
        .put("orders/requirements.txt", "langchain==1.0.0\n")
        .put("ask/ask.py", WITNESS)
        .put("ask/requirements.txt", "openai==1.40.0\n");
    std::fs::write(stage.beside("systems.csv"), REGISTER).expect("a file");
    stage
}

/// The lists in a word for each entry and each system that nobody declared.
fn told(register: &Value) -> Vec<String> {
    let of = |list: &str| register[list].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let systems = |one: &Value| {
        let names = one["systems"].as_array().into_iter().flatten().map(|system| text(&system["name"]));
        names.collect::<Vec<_>>().join(" ")
    };
    let mut told = Vec::new();
    for one in of("seen") {
        told.push(format!("{} is {} by {}", text(&one["declared"]["id"]), systems(&one), text(&one["by"])));
    }
    for one in of("questions") {
        told.push(format!("{} may be {}", text(&one["declared"]["id"]), systems(&one)));
    }
    told.extend(of("shadow").iter().map(|one| format!("nobody declared {}", text(&one["name"]))));
    told.extend(
        of("unseen").iter().map(|one| format!("{} {}", text(&one["declared"]["id"]), text(&one["why"]))),
    );
    told
}

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[test]
fn a_scan_says_what_is_declared_and_what_is_not() {
    let stage = stage();
    let scan = |more: &[&str]| stage.run(&[&["scan", "app", "--register", "systems.csv"], more].concat());
    let document = json(&scan(&["--format", "json"]));
    assert_eq!(
        told(&document["register"]),
        [
            "R1 is orders by rules",
            "nobody declared ask",
            "R2 no-place",
            "R3 not-there",
            "R4 not-scanned",
            "R5 no-place"
        ]
    );
    let remarks = &document["register"]["seen"][0]["remarks"];
    assert_eq!(remarks[0], "it is declared as not agentic, and the test says that it is");
    for format in ["table", "markdown", "html"] {
        let text = scan(&["--format", format]).stdout;
        for title in ["Declared and seen", "Seen but not declared", "Declared but not seen"] {
            assert!(text.contains(title), "{format}: {text}");
        }
    }
    // A folder of the clone is a part of it: what is not in it may be beside it.
    let part = json(&stage.run(&["scan", "app/ask", "--register", "systems.csv", "--format", "json"]));
    assert!(told(&part["register"]).contains(&"R3 gaps".to_owned()), "{part}");
    assert!(!stage.run(&["scan", "app", "--format", "json"]).stdout.contains("\"register\""));
}

#[test]
fn a_store_keeps_what_is_declared_and_what_people_say() {
    for store in ["muster.db".to_owned(), Postgres::shared().database()] {
        let stage = stage();
        let at = ["--store", store.as_str()];
        let run = |arguments: &[&str]| stage.run(&[arguments, &at].concat());
        let lists = || told(&json(&run(&["register", "list", "--format", "json"])));
        let imported = run(&["register", "import", "systems.csv"]);
        assert!(
            imported.stdout.starts_with("systems.csv: 5 entries as csv: 5 added, 0 changed"),
            "{imported:?}"
        );
        assert!(lists().contains(&"R1 not-scanned".to_owned()), "nothing was scanned yet");
        assert_eq!(run(&["scan", "app", "--quiet"]).code, Some(0));
        let rules = [
            "R1 is orders by rules",
            "nobody declared ask",
            "R2 no-place",
            "R3 not-there",
            "R4 not-scanned",
            "R5 no-place",
        ];
        assert_eq!(lists(), rules);

        let said = run(&["register", "confirm", "R2", "ask", "--by", "ann", "--reason", "she wrote it"]);
        assert!(said.stdout.starts_with("Decision 1: `R2` is `sys-"), "{said:?}");
        assert_eq!(run(&["register", "reject", "Order agent", "orders", "--by", "ann"]).code, Some(0));
        assert_eq!(
            lists(),
            [
                "R2 is ask by person",
                "nobody declared orders",
                "R1 others",
                "R3 not-there",
                "R4 not-scanned",
                "R5 no-place"
            ]
        );
        let kept = run(&["register"]).stdout;
        assert!(kept.contains("decided it on 20") && kept.contains("she wrote it (decision 1)"), "{kept}");
        assert!(run(&["export", "--format", "markdown"]).stdout.contains("## The known register"));
        assert!(
            !run(&["export", "--format", "markdown", "--verdict", "agentic"])
                .stdout
                .contains("The known register")
        );
        let sheet = run(&["register", "--format", "csv"]).stdout;
        assert!(sheet.contains("seen,R2,Questions,shop,active,,systems.csv:3,sys-"), "{sheet}");

        // A backup takes all of it along.
        assert_eq!(run(&["backup", "backup.jsonl"]).code, Some(0));
        assert_eq!(stage.run(&["restore", "backup.jsonl", "--store", "other.db"]).code, Some(0));
        let other = stage.run(&["register", "--format", "json", "--store", "other.db"]);
        assert_eq!(told(&json(&other)), lists());

        for id in ["1", "2"] {
            assert_eq!(run(&["undo", id, "--by", "bob"]).code, Some(0));
        }
        assert_eq!(lists(), rules);
        std::fs::write(stage.beside("systems.csv"), REGISTER.replace("R3,Archive", "R6,Archive"))
            .expect("a file");
        let again = run(&["register", "import", "systems.csv"]).stdout;
        assert!(again.contains("1 added, 0 changed, 1 removed, 4 as before"), "{again}");
        let more = run(&["register", "import", "systems.csv", "--as", "crm"]).stdout;
        assert!(more.contains("crm: 5 entries as csv: 5 added"), "{more}");
    }
}

#[test]
fn mistakes_say_what_to_do() {
    let stage = stage();
    let run = |arguments: &[&str]| stage.run(&[arguments, &["--store", "muster.db"]].concat());
    let mistake = |ended: Ended, says: &str| {
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(says), "{says}: {ended:?}");
    };
    mistake(run(&["register"]), "there is no store at");
    assert_eq!(run(&["scan", "app", "--quiet"]).code, Some(0));
    mistake(run(&["register"]), "take one in with `muster register import FILE`");
    mistake(run(&["register", "import", "gone.csv"]), "`gone.csv` cannot be read");
    mistake(run(&["register", "import", "app"]), "`app` is no file");
    mistake(run(&["register", "import", "systems.csv", "--format", "json"]), "it is no JSON at line 1");
    mistake(stage.run(&["scan", "app", "--register", "app/ask/ask.py"]), "is no register");
    assert_eq!(run(&["register", "import", "systems.csv"]).code, Some(0));
    mistake(
        run(&["register", "confirm", "R22", "ask", "--by", "ann"]),
        "no entry `R22` is in the register (is it `R2`?)",
    );
    mistake(
        run(&["register", "confirm", "R2", "asks", "--by", "ann"]),
        "knows no system `asks` (is it `ask`?)",
    );
    mistake(run(&["register", "confirm", "R2", "ask", "--by", " "]), "it is not said who decides");
    mistake(run(&["undo", "7", "--by", "ann"]), "there is no decision 7");
    mistake(
        run(&["register", "import", "systems.csv", "systems.csv", "--as", "x"]),
        "one name cannot stand for several",
    );
}
