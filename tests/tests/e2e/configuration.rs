//! The configuration from outside: what is written, what is checked, and how that ends.

use muster_tests::stage::Stage;

#[test]
fn a_configuration_is_written_once_and_is_right() {
    let stage = Stage::new();
    let written = stage.run(&["init"]);
    assert_eq!((written.code, written.stdout.as_str()), (Some(0), ""), "{written:?}");
    let checked = stage.run(&["config", "check"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{checked:?}");
    assert_eq!(checked.stdout, "no mistake: 1 source, 0 exports\n");

    let file = stage.beside("muster.toml");
    std::fs::write(&file, "# mine\n").expect("it can be written");
    let again = stage.run(&["init"]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(2), ""), "{again:?}");
    assert!(again.stderr.contains("is there already"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "# mine\n");
    assert_eq!(stage.run(&["init", "--force"]).code, Some(0));
    assert_ne!(std::fs::read_to_string(&file).expect("it is there"), "# mine\n");
    assert_eq!(stage.run(&["init", "no/such/folder/muster.toml"]).code, Some(1));
}

#[test]
fn every_mistake_ends_the_check_with_two() {
    let stage = Stage::new();
    let check = ["config", "check", "-c", "bad.toml"];
    assert_eq!(stage.run(&check).code, Some(2), "there is no file");
    let text = "store = \"postgres://m:hunter2@db/${GONE}\"\n[schedul]\ncron = \"x\"\n[watch]\nlisten = \"\u{1b}[2J\"\n";
    std::fs::write(stage.beside("bad.toml"), text.replace('\u{1b}', "\\u001b")).expect("it can be written");
    let ended = stage.run(&check);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
    for place in ["bad.toml:1:9: ", "bad.toml:2:2: ", "bad.toml:5:10: "] {
        assert!(ended.stderr.contains(place), "{place} {ended:?}");
    }
    assert!(ended.stderr.contains("`GONE`, which is not set"), "{ended:?}");
    assert!(!ended.stderr.contains("hunter2") && !ended.stderr.contains('\u{1b}'), "{ended:?}");
}

#[test]
fn what_is_written_is_valid_by_the_schema_that_is_printed() {
    let stage = Stage::new();
    assert_eq!(stage.run(&["init"]).code, Some(0));
    let schema = serde_json::from_str(&stage.run(&["config", "schema"]).stdout).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let text = std::fs::read_to_string(stage.beside("muster.toml")).expect("it is there");
    let file: toml::Table = text.parse().expect("it is TOML");
    let file = serde_json::to_value(file).expect("it has no dates");
    assert_eq!(
        validator.iter_errors(&file).map(|error| error.to_string()).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    let wrong = serde_json::json!({ "source": [{ "name": "A b", "targets": [], "other": 1 }] });
    assert_eq!(validator.iter_errors(&wrong).count(), 3);
}
