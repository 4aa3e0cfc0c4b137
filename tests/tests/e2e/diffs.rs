//! `muster diff` from outside: what it says of two scans, and of files that are no inventories.

use muster_tests::stage::Stage;

use crate::{AGENT, WITNESS};

#[test]
fn two_scans_are_compared_and_what_is_worse_ends_with_10() {
    let stage = Stage::new();
    stage.put("one/ask.py", WITNESS);
    let scan = |name: &str| stage.run(&["scan", ".", "--format", "json", "--output", name, "--quiet"]);
    assert_eq!(scan("before.json").code, Some(0));
    stage.put("two/agent.py", AGENT);
    assert_eq!(scan("after.json").code, Some(0));
    let ended = stage.run(&["diff", "before.json", "after.json", "--exit-code"]);
    assert_eq!(ended.code, Some(10), "{ended:?}");
    // What was the whole folder is one of its parts now, seen in the same files.
    assert!(
        ended.stdout.starts_with("2 AI systems: 1 new, 1 changed, 0 missing, 0 unseen, 0 present.\n"),
        "{}",
        ended.stdout
    );
    let back = stage.run(&["diff", "after.json", "before.json", "--exit-code", "--format", "json"]);
    assert_eq!(back.code, Some(0), "less is no worse: {back:?}");
    let document: serde_json::Value = serde_json::from_str(&back.stdout).expect("JSON");
    assert_eq!(document["schema"], "muster.diff/1");
    let missing = document["systems"].as_array().expect("a list").iter().find(|s| s["presence"] == "missing");
    assert_eq!(missing.expect("one is gone")["name"], "two");

    stage.put("no.json", "{}");
    for bad in ["no.json", "gone.json", "."] {
        let ended = stage.run(&["diff", "before.json", bad]);
        assert!(matches!(ended.code, Some(1 | 2)) && ended.stdout.is_empty(), "{bad}: {ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{bad}: {ended:?}");
    }
}
