//! A secret in the scanned tree shows up nowhere, in no format.

use asmm_model::{Identity, IdentityKind};
use muster_rules::{KeyShape, RulePack};
use muster_tests::binary::muster;
use muster_tests::stage::Stage;

/// In the shape of a key, and of nobody.
const CANARY: &str = "sk-proj-CANARYkjh3g4k5jh6g7fd8s9a0QWERTYuiop1234567890asdfgh";

const FORMATS: [&str; 11] = [
    "table",
    "json",
    "cyclonedx",
    "cyclonedx-1.7",
    "spdx",
    "sarif",
    "csv",
    "omb",
    "markdown",
    "html",
    "oscal",
];

/// Everything that a run on `app` puts out, in every format that exists.
fn everything(stage: &Stage) -> String {
    let mut all = String::new();
    for format in FORMATS {
        let ended = stage.run(&["scan", "app", "--format", format]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        all.push_str(&ended.stdout);
        all.push_str(&ended.stderr);
        let file = format!("out.{format}");
        let ended = stage.run(&["scan", "app", "--format", format, "--output", &file]);
        all.push_str(&ended.stderr);
        all.push_str(&std::fs::read_to_string(stage.beside(&file)).expect("the result is in the file"));
    }
    let ended = stage.run(&["scan", "app", "--store", "muster.db"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let kept = stage.run(&["backup", "-", "--store", "muster.db"]).stdout;
    assert!(kept.lines().count() > 2, "{kept}");
    all.push_str(&kept);
    for format in FORMATS {
        all.push_str(&stage.run(&["export", "--store", "muster.db", "--format", format]).stdout);
    }
    // A run, with its exports and its log.
    let config = "store = \"run.db\"\n[[source]]\nname = \"app\"\ntargets = [\"app\"]\n\
                  [[export]]\nformat = \"html\"\npath = \"run.html\"\n";
    std::fs::write(stage.beside("muster.toml"), config).expect("a file");
    let ended = stage.run(&["run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    all.push_str(&ended.stdout);
    all.push_str(&ended.stderr);
    for name in
        ["muster.db", "muster.db-wal", "muster.db.cache", "run.db", "run.db-wal", "run.db.cache", "run.html"]
    {
        let held = std::fs::read(stage.beside(name)).unwrap_or_default();
        all.push_str(&String::from_utf8_lossy(&held));
    }
    for file in walk(&stage.beside("home")) {
        // What is kept between runs must not hold it either.
        all.push_str(&String::from_utf8_lossy(&std::fs::read(file).expect("it can be read")));
    }
    all
}

#[test]
fn every_format_is_looked_at() {
    let stage = Stage::new();
    let help = stage.run(&["scan", "--help"]).stdout;
    // As its help lists them, each on a line of its own.
    let of_format = help.split_once("--format").and_then(|(_, rest)| rest.split_once("Possible values:"));
    let (_, rest) = of_format.expect("the help of `--format` lists its values");
    let listed = rest.lines().map(str::trim).take_while(|line| !line.starts_with("[default"));
    let names: Vec<&str> = listed.filter_map(|line| line.strip_prefix("- ")?.split(':').next()).collect();
    assert_eq!(names, FORMATS.to_vec());
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

fn assert_kept(stage: &Stage) {
    let shown = everything(stage);
    // Any twelve bytes of it would be too many.
    for part in [&CANARY[..12], &CANARY[8..20], &CANARY[20..32], &CANARY[44..]] {
        if let Some(at) = shown.find(part) {
            let from = shown.floor_char_boundary(at.saturating_sub(200));
            let to = shown.ceil_char_boundary((at + 100).min(shown.len()));
            panic!("a part of the secret shows up:\n{}", &shown[from..to]);
        }
    }
}

#[test]
fn in_code_and_in_the_environment() {
    let stage = Stage::new();
    stage
        .put(".env", format!("OPENAI_API_KEY={CANARY}\n"))
        .put(".env.production", format!("export OPENAI_API_KEY='{CANARY}'\n"))
        .put(
            "app.py",
            format!(
                "import os\n\nfrom openai import OpenAI\n\nOPENAI_API_KEY = \"{CANARY}\"\n\
                 os.environ[\"OPENAI_API_KEY\"] = \"{CANARY}\"\n\
                 client = OpenAI(api_key=\"{CANARY}\", base_url=\"https://user:{CANARY}@gateway.example/v1\")\n\
                 # the key is {CANARY}\n\
                 print(client.responses.create(model=\"gpt-4o\", input=\"{CANARY}\", user=\"{CANARY}\").output_text)\n"
            ),
        )
        .put(
            "bot.ts",
            format!(
                "import OpenAI from \"openai\";\nconst client = new OpenAI({{ apiKey: process.env.OPENAI_API_KEY ?? \
                 \"{CANARY}\" }});\nawait client.responses.create({{ model: \"gpt-4o\", input: `{CANARY}` }});\n"
            ),
        );
    assert_kept(&stage);
}

#[test]
fn in_manifests_and_workflows() {
    let stage = Stage::new();
    stage
        .put("app.py", crate::AGENT)
        .put(
            "requirements.txt",
            format!(
                "--extra-index-url https://ci:{CANARY}@packages.example/simple\nopenai==1.0.0\n\
                 langchain @ git+https://{CANARY}@git.example/acme/langchain.git@v1\n\
                 crewai @ https://files.example/crewai-1.0-py3-none-any.whl?token={CANARY}\n"
            ),
        )
        .put(
            "package.json",
            format!(
                "{{\"name\": \"shop\", \"scripts\": {{\"start\": \"OPENAI_API_KEY={CANARY} python app.py\"}}, \
                 \"dependencies\": {{\"openai\": \"git+https://x:{CANARY}@git.example/openai.git\"}}}}\n"
            ),
        )
        .put(
            ".github/workflows/run.yml",
            format!(
                "on:\n  schedule:\n    - cron: '0 2 * * *'\njobs:\n  run:\n    runs-on: ubuntu-latest\n    steps:\n      \
                 - run: OPENAI_API_KEY={CANARY} python app.py --token {CANARY}\n        env:\n          KEY: {CANARY}\n"
            ),
        )
        .put("crontab", format!("OPENAI_API_KEY={CANARY}\n0 3 * * * python app.py --key={CANARY}\n"));
    assert_kept(&stage);
}

#[test]
fn in_files_that_cannot_be_parsed() {
    // Parsers like to quote the line that they do not understand.
    let stage = Stage::new();
    stage
        .put("app.py", format!("import openai\nkey = (\"{CANARY}\"\nclass = {CANARY}\n"))
        .put("pyproject.toml", format!("[project]\nname = {CANARY}\n"))
        .put("package.json", format!("{{\"dependencies\": {{\"openai\": {CANARY}}}}}"))
        .put(".github/workflows/x.yml", format!("on: [\n  {CANARY}: : :\n"))
        .put("vercel.json", format!("{{\"crons\": [{CANARY}]}}"));
    assert_kept(&stage);
}

#[test]
fn where_the_name_of_a_variable_belongs() {
    // A mistake that is made: the key itself is given as the name of the variable.
    let stage = Stage::new();
    stage.put(
        "app.py",
        format!(
            "import os\n\nfrom openai import OpenAI\n\nclient = OpenAI(api_key=os.getenv(\"{CANARY}\"))\n\
             print(client.responses.create(model=\"gpt-4o\", input=os.environ[\"{CANARY}\"]).output_text)\n"
        ),
    );
    assert_kept(&stage);
}

/// A text with a key of every kind that is known, a line each, with a word beside it that says whose it is.
fn with_all(shapes: &[KeyShape], line: impl Fn(&str, &str) -> String) -> String {
    let lines = shapes.iter().map(|shape| {
        let word = shape.near.first().map_or("", String::as_str);
        // The words of one kind must not stand beside the next.
        line(word, &shape.sample()) + &"\n".repeat(5)
    });
    lines.collect()
}

/// The names of the keys that were found, each with its file.
fn names_and_files<'i>(identities: impl IntoIterator<Item = &'i Identity>) -> Vec<(String, String)> {
    let keys = identities.into_iter().filter(|identity| identity.kind == IdentityKind::ApiKey);
    let mut all: Vec<(String, String)> = keys
        .flat_map(|key| {
            key.evidence.iter().map(|e| (key.name.clone(), e.place.path.clone().unwrap_or_default()))
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn keys_that_are_found_are_told_and_kept() {
    let rules = RulePack::built_in();
    let shapes: Vec<KeyShape> = rules.rules().iter().flat_map(|rule| rule.keys.clone()).collect();
    let cells: Vec<String> = shapes
        .iter()
        .map(|shape| {
            let word = shape.near.first().map_or("", String::as_str);
            format!(
                "{{\"cell_type\": \"code\",\n\"source\": [\"{word}_key = '{}'\\n\"],\n\"outputs\": [{{\"text\": [\n\n\n\"{word} \
                 key: {}\"]}}]}}\n\n\n",
                shape.sample(),
                shape.sample()
            )
        })
        .collect();
    let files = [
        (
            "agent.py",
            crate::AGENT.to_owned() + &with_all(&shapes, |word, key| format!("key = \"{key}\"  # {word}")),
        ),
        (".env", with_all(&shapes, |word, key| format!("{word}_API_KEY={key}"))),
        ("config.yaml", with_all(&shapes, |word, key| format!("- {{name: \"{word}\", key: \"{key}\"}}"))),
        (
            "Dockerfile",
            "FROM x\n".to_owned() + &with_all(&shapes, |word, key| format!("ENV {word}_KEY={key}")),
        ),
        ("lab.ipynb", format!("{{\"cells\": [{}]}}", cells.join(","))),
    ];
    let stage = Stage::new();
    for (path, text) in &files {
        stage.put(path, text);
    }
    let inventory = stage.inventory();
    let all = inventory.systems.iter().flat_map(|s| &s.identities).chain(&inventory.identities);
    let mut expected: Vec<(String, String)> = files
        .iter()
        .flat_map(|(path, _)| shapes.iter().map(|shape| (shape.name.clone(), (*path).to_owned())))
        .collect();
    expected.sort();
    assert_eq!(names_and_files(all), expected);

    let mut shown = everything(&stage);
    let scan = |key: &str| {
        let mut command = muster(&stage.beside("home"));
        command.args(["scan", "app", "--format", "json"]).current_dir(stage.lair());
        let output = command.env("MUSTER_FINGERPRINT_KEY", key).output().expect("muster can be run");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let fingerprinted = scan("a key that only this installation has");
    assert!(fingerprinted.contains("\"fingerprint\": \""), "{fingerprinted}");
    assert!(!shown.contains("\"fingerprint\""));
    let short = scan("hunter2");
    assert!(short.contains("is shorter than 16 bytes") && !short.contains("hunter2"), "{short}");
    shown += &fingerprinted;
    std::fs::write(stage.beside("inventory.json"), serde_json::to_string(&inventory).expect("it is JSON"))
        .expect("a file");
    for system in &inventory.systems {
        let arguments = ["explain", system.id.as_str(), "--inventory", "inventory.json", "--context", "50"];
        shown += &stage.run(&arguments).stdout;
    }
    for shape in &shapes {
        let sample = shape.sample();
        let body = &sample.as_bytes()[shape.prefix.len()..];
        for part in body.windows(12).map(|part| std::str::from_utf8(part).expect("it is ASCII")) {
            assert!(!shown.contains(part), "a part of a key shows up: {}", shape.name);
        }
    }
}
