//! A secret in the scanned tree shows up nowhere, in no format.

use muster_tests::stage::Stage;

/// In the shape of a key, and of nobody.
const CANARY: &str = "sk-proj-CANARYkjh3g4k5jh6g7fd8s9a0QWERTYuiop1234567890asdfgh";

/// Everything that a run on `app` puts out, in every format that exists.
fn everything(stage: &Stage) -> String {
    let mut all = String::new();
    for format in ["table", "json"] {
        let ended = stage.run(&["scan", "app", "--format", format]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        all.push_str(&ended.stdout);
        all.push_str(&ended.stderr);
        let file = format!("out.{format}");
        let ended = stage.run(&["scan", "app", "--format", format, "--output", &file]);
        all.push_str(&ended.stderr);
        all.push_str(&std::fs::read_to_string(stage.beside(&file)).expect("the result is in the file"));
    }
    for file in walk(&stage.beside("home")) {
        // What is kept between runs must not hold it either.
        all.push_str(&String::from_utf8_lossy(&std::fs::read(file).expect("it can be read")));
    }
    all
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
