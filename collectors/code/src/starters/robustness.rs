//! No bytes make a reader panic, hang or overflow the stack.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::samples::SAMPLES;
use super::*;
use crate::manifests::Ecosystem;

fn paths(kind: StarterFile) -> &'static [&'static str] {
    match kind {
        StarterFile::GithubWorkflow => &[".github/workflows/a.yml"],
        StarterFile::GitlabCi => &[".gitlab-ci.yml"],
        StarterFile::Crontab => &["crontab", "etc/cron.d/a"],
        StarterFile::Wrangler => &["wrangler.toml", "wrangler.jsonc"],
        StarterFile::Railway => &["railway.toml", "railway.json"],
        StarterFile::Serverless => &["serverless.yml", "serverless.json"],
        StarterFile::Terraform => &["a.tf", "a.tf.json"],
        StarterFile::CloudFormation => &["template.yaml", "stack.json"],
        _ => &["a/b"],
    }
}

fn read_all(bytes: &[u8]) -> Vec<Result<Declared, ReadError>> {
    let mut results = Vec::new();
    for kind in StarterFile::ALL {
        for path in paths(kind) {
            results.push(parse(kind, path, bytes));
        }
    }
    let _ = by_content("a.yaml", bytes);
    results
}

fn runs(command: &Command, file: &str, scripts: &BTreeMap<String, String>) -> Option<Entry> {
    let points = [("a".to_owned(), command.text.clone())];
    let packages = [Ecosystem::Golang, Ecosystem::Cargo, Ecosystem::Maven, Ecosystem::Nuget]
        .map(|ecosystem| Package { ecosystem, path: "a/a.csproj", name: Some("a") });
    let declares = |name: &str| name.len() == 7;
    let around = Surroundings {
        scripts,
        scripts_folder: "a",
        entry_points: &points,
        packages: &packages,
        declares: &declares,
    };
    runs_file(command, file, &around)
}

/// With the stack of an ordinary thread.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    thread.unwrap().join().unwrap();
}

#[test]
fn deep_nesting_is_an_error() {
    on_small_stack(|| {
        let yaml: String = (0..1_400).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
        for text in [
            format!("{{\"on\": {}", "[".repeat(10_000)),
            format!("on: {}{}", "[".repeat(10_000), "]".repeat(10_000)),
            format!("{}1{}", "{\"on\":".repeat(10_000), "}".repeat(10_000)),
            "- ".repeat(10_000),
            yaml,
            "? ".repeat(10_000),
        ] {
            assert!(parse(StarterFile::GithubWorkflow, ".github/workflows/a.yml", text.as_bytes()).is_err());
            assert!(parse(StarterFile::VercelJson, "vercel.json", text.as_bytes()).is_err());
            read_all(text.as_bytes());
        }
        let head = "resource \"aws_lambda_function\" \"a\" {\n";
        for text in [
            format!("{head}a = {}", "[".repeat(200_000)),
            format!("{head}a = {}1{}\n}}\n", "(".repeat(20_000), ")".repeat(20_000)),
            format!("{head}a = {}true\n}}\n", "!".repeat(100_000)),
            format!("{head}a = {}1\n}}\n", "b ? c : ".repeat(20_000)),
            format!("{head}a = {}1\n}}\n", "1 + ".repeat(100_000)),
            format!("{head}a = a{}\n}}\n", "[a".repeat(20_000)),
            format!("{head}a = \"{}", "${\"".repeat(50_000)),
            format!("{head}{}", "a {\n".repeat(50_000)),
            format!("{head}a = {}", "[for x in ".repeat(20_000)),
            format!("{head}a = {}", "{for x in ".repeat(20_000)),
            format!("{head}a = {}", "f(".repeat(50_000)),
        ] {
            let start = Instant::now();
            assert!(parse(StarterFile::Terraform, "a.tf", text.as_bytes()).is_err());
            assert!(start.elapsed() < Duration::from_secs(10), "{}", &text[40..60]);
        }
        let toml = format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(parse(StarterFile::Netlify, "netlify.toml", toml.as_bytes()).is_err());
        let command = |text: String| commands::single(text, 1, "", CommandKind::Shell);
        for text in [
            "(".repeat(500_000),
            "A=b ".repeat(200_000),
            "env ".repeat(200_000),
            "cd a; ".repeat(100_000),
            "bash -c '".repeat(50_000),
            "$(".repeat(300_000),
            "python -m ".repeat(100_000),
            format!("PYTHONPATH={} python -m a", "a:".repeat(400_000)),
        ] {
            assert_eq!(runs(&command(text), "x.py", &BTreeMap::new()), None);
        }
    });
}

#[test]
fn aliases_and_repetition_are_bounded() {
    let start = Instant::now();
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..12 {
        writeln!(bomb, "a{i}: &a{i} [{}]", vec![format!("*a{}", i - 1); 10].join(",")).unwrap();
    }
    assert!(parse(StarterFile::GithubWorkflow, "a.yml", bomb.as_bytes()).is_err());
    // A long text, repeated.
    let long = format!("x: &x {}\njobs: [{}]\n", "y".repeat(500_000), vec!["*x"; 900].join(","));
    assert!(parse(StarterFile::GithubWorkflow, "a.yml", long.as_bytes()).is_err());
    // Many triggers, each with many commands.
    let mut product = "on:\n  schedule:\n".to_owned() + &"    - cron: x\n".repeat(450);
    product += "jobs:\n  a:\n    steps:\n      - run: |\n";
    let few = product.clone() + &format!("          {}\n", "y".repeat(50)).repeat(1_000);
    assert_eq!(
        parse(StarterFile::GithubWorkflow, "a.yml", few.as_bytes()).map(|d| d.starters.len()),
        Ok(450)
    );
    let many = product + &format!("          {}\n", "y".repeat(200)).repeat(3_000);
    assert!(parse(StarterFile::GithubWorkflow, "a.yml", many.as_bytes()).is_err());
    // Scripts that refer to each other.
    let mut references = ".s0:\n  script: [[]]\n".to_owned();
    for i in 1..8 {
        let list = vec![format!("!reference [.s{}, script]", i - 1); 12].join(", ");
        writeln!(references, ".s{i}:\n  script: [{list}]").unwrap();
    }
    references += "job:\n  script: [!reference [.s7, script], x]\n";
    let error = parse(StarterFile::GitlabCi, ".gitlab-ci.yml", references.as_bytes());
    assert_eq!(error, Err(ReadError::Whole { problem: "declares more than is read" }));
    // Scripts of a package that call each other.
    let scripts = ["a", "b", "c"].map(|n| (n.to_owned(), "npm run a; npm run b; npm run c; ".repeat(50)));
    let command = commands::single("npm run a", 1, "", CommandKind::Shell);
    assert_eq!(runs(&command, "x.js", &scripts.into()), None);
    // A folder that grows, a command that is followed by nothing.
    let folder = format!(
        "on: push\njobs:\n  a:\n    steps:\n      - run: |\n{}",
        "          cd abcdefgh\n".repeat(40_000)
    );
    assert!(parse(StarterFile::GithubWorkflow, "a.yml", folder.as_bytes()).is_err());
    let script = format!("a:\n  script: [cd {}{}]\n", "x".repeat(700_000), ",''".repeat(90_000));
    assert!(parse(StarterFile::GitlabCi, ".gitlab-ci.yml", script.as_bytes()).is_ok());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn size_and_encoding_are_checked() {
    for result in read_all(&vec![b' '; MAX_BYTES + 1]) {
        assert_eq!(result, Err(ReadError::TooLarge { size: MAX_BYTES + 1, limit: MAX_BYTES }));
    }
    for result in read_all(b"a: \xff") {
        assert_eq!(result, Err(ReadError::Whole { problem: "no UTF-8" }));
    }
    let error = parse(StarterFile::GithubWorkflow, "a.yml", b"on: push\ntoken: [hunter2\n").unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    #[test]
    fn any_text(text in "([a-z]{1,4}|[-:|>&*!\\[\\]{}\"'#,=$()`;%@\n \t]|éß){0,80}") {
        read_all(text.as_bytes());
    }

    #[test]
    fn mutated_samples(
        sample in proptest::sample::select(SAMPLES),
        cut in any::<proptest::sample::Index>(),
        splice in "[-:|>&*!\\[\\]{}\"'#,=$()é;%@\n \t0-9a-z]{0,6}",
        length in 0_usize..12,
    ) {
        let (_, path, text) = sample;
        let at = cut.index(text.len());
        let mut bytes = text.as_bytes().to_vec();
        bytes.splice(at..(at + length).min(bytes.len()), splice.bytes());
        let lines = u32::try_from(bytes.split(|b| *b == b'\n').count()).unwrap();
        let declared = parse(sample.0, path, &bytes).unwrap_or_default();
        let mut links = Links::default();
        declared.named.into_iter().for_each(|(name, commands)| links.add(name, commands));
        let mut starters = declared.starters;
        prop_assert!(links.follow(starters.iter_mut().map(|s| &mut s.runs), &[("", "a")]));
        for starter in starters {
            prop_assert!((1..=lines).contains(&starter.line));
            for run in &starter.runs {
                prop_assert!(run.line >= 1, "{run:?}");
                runs(run, "scripts/nightly.py", &BTreeMap::new());
            }
        }
        read_all(&bytes);
    }

    #[test]
    fn any_command(text in "(python|node|npm run|-m|uv run|cd|bash -c|celery -A|env|flock|timeout|go run|cargo run|java -jar|gradle :a:run|mvn -pl|dotnet run|x.dll|--bin|rake|rails runner|php artisan|[a-z./]{1,5}|[-'\"$(){}&|;<>=:\\\\ \n])( ?){0,2}", file in "[a-z/]{0,9}(.(go|rs|cs|java|rb|php|py))?") {
        let words = [text.clone(), text].join(" ");
        for kind in [CommandKind::Shell, CommandKind::HttpPath, CommandKind::Handler, CommandKind::LikelyHandler, CommandKind::ImageCommand, CommandKind::HostCommand, CommandKind::Action] {
            let scripts = BTreeMap::from([("a".to_owned(), words.clone())]);
            runs(&commands::single(words.clone(), 1, "a", kind), &file, &scripts);
        }
    }
}
