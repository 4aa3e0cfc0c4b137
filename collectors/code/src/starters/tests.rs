//! Whole files of every kind, and what they start.

use asmm_model::TriggerKind as T;

use super::CommandKind as C;
use super::StarterFile as F;
use super::samples::{CRONJOB, SAMPLES};
use super::*;

type Run = (&'static str, u32, &'static str, C);
type Found = (T, &'static str, u32, Option<&'static str>, Vec<Run>);

fn starters(found: Vec<Found>) -> Vec<Starter> {
    let command = |(text, line, folder, kind): Run| commands::single(text, line, folder, kind);
    found
        .into_iter()
        .map(|(kind, value, line, label, runs)| Starter {
            kind,
            value: value.to_owned(),
            line,
            runs: runs.into_iter().map(command).collect(),
            label: label.map(str::to_owned),
        })
        .collect()
}

fn sample(path: &str) -> &'static str {
    SAMPLES.iter().find(|(_, sample, _)| *sample == path).unwrap().2
}

fn read(path: &str) -> Vec<Starter> {
    let (kind, _, text) = SAMPLES.iter().find(|(_, sample, _)| *sample == path).unwrap();
    parse(*kind, path, text.as_bytes()).unwrap().starters
}

/// What names of a sample stand for.
fn named(path: &str) -> Vec<(String, Vec<String>)> {
    let (kind, _, text) = SAMPLES.iter().find(|(_, sample, _)| *sample == path).unwrap();
    let texts = |commands: Vec<Command>| commands.into_iter().map(|c| c.text).collect();
    let declared = parse(*kind, path, text.as_bytes()).unwrap();
    declared.named.into_iter().map(|(name, commands)| (name, texts(commands))).collect()
}

#[test]
fn every_kind_has_a_sample() {
    for kind in F::ALL {
        assert!(SAMPLES.iter().any(|(k, ..)| *k == kind), "{kind:?}");
    }
    for (kind, path, text) in SAMPLES {
        let told = kind_of(path).or_else(|| by_content(path, text.as_bytes()));
        assert_eq!(told, Some(*kind), "{path}");
    }
}

#[test]
fn github() {
    let runs = vec![
        ("actions/checkout@v4", 21, "", C::Action),
        ("pip install -r requirements.txt", 26, "agents", C::Shell),
        ("python nightly.py --all", 27, "agents", C::Shell),
        ("npm run triage", 29, "web", C::Shell),
        ("./.github/workflows/other.yml", 34, "", C::Action),
    ];
    let label = Some("Nightly agent");
    let expected = starters(vec![
        (T::Schedule, "0 2 * * *", 4, label, runs.clone()),
        (T::Schedule, "0 12 * * 1", 6, label, runs.clone()),
        (T::Event, "issues: opened, edited", 7, label, runs.clone()),
        (T::Event, "issue_comment", 9, label, runs.clone()),
        (T::Manual, "workflow_dispatch", 10, label, runs),
    ]);
    assert_eq!(read(".github/workflows/nightly.yml"), expected);
}

#[test]
fn github_writes_events_in_several_ways() {
    let path = ".github/workflows/a.yml";
    let label = Some("a.yml");
    let cases = [
        ("on: push\n", vec![(T::Event, "push", 1, label, vec![])]),
        (
            "'on':\n  [push,\n   release]\n",
            vec![(T::Event, "push", 2, label, vec![]), (T::Event, "release", 3, label, vec![])],
        ),
        ("true:\n  push:\n    branches: [main]\n", vec![(T::Event, "push", 2, label, vec![])]),
        ("on:\n- workflow_call\n- pull_request\n", vec![(T::Event, "pull_request", 3, label, vec![])]),
        ("on:\n  schedule:\n", vec![(T::Schedule, "", 2, label, vec![])]),
        (
            "on:\n  discussion:\n    types: created\n",
            vec![(T::Event, "discussion: created", 2, label, vec![])],
        ),
        ("jobs: {}\n", vec![]),
        ("", vec![]),
    ];
    for (text, expected) in cases {
        let found = parse(F::GithubWorkflow, path, text.as_bytes()).map(|d| d.starters);
        assert_eq!(found, Ok(starters(expected)), "{text}");
    }
}

#[test]
fn gitlab() {
    let nightly = vec![
        ("cd agents", 4, "", C::Shell),
        ("pip install .", 7, "agents", C::Shell),
        ("python nightly.py", 17, "agents", C::Shell),
    ];
    let expected = starters(vec![
        (T::Schedule, "", 11, Some("nightly"), nightly.clone()),
        (T::Manual, "web", 12, Some("nightly"), nightly),
        (T::Event, "merge_request", 19, Some("review"), vec![("python review.py", 21, "", C::Shell)]),
        (
            T::Manual,
            "manual",
            22,
            Some("test"),
            vec![
                ("cd agents", 4, "", C::Shell),
                ("pytest", 25, "agents", C::Shell),
                ("python x.py", 26, "agents", C::Shell),
            ],
        ),
        (
            T::Event,
            "push",
            28,
            Some("plain"),
            vec![("cd agents", 4, "", C::Shell), ("make", 29, "agents", C::Shell)],
        ),
    ]);
    assert_eq!(read(".gitlab-ci.yml"), expected);
}

#[test]
fn hosting_platforms() {
    let expected = starters(vec![
        (T::Schedule, "0 5 * * *", 3, None, vec![("/api/cron", 3, "web", C::HttpPath)]),
        (T::Schedule, "0 0 * * 0", 6, None, vec![("/api/weekly", 5, "web", C::HttpPath)]),
    ]);
    assert_eq!(read("web/vercel.json"), expected);

    let main = vec![("src/index.ts", 2, "w", C::Handler)];
    let expected = starters(vec![
        (T::Schedule, "0 * * * *", 6, Some("agent"), main.clone()),
        (T::Schedule, "*/30 * * * *", 7, Some("agent"), main.clone()),
        (T::Queue, "tasks", 11, Some("agent"), main.clone()),
        (T::Schedule, "0 1 * * *", 14, Some("agent"), main),
    ]);
    assert_eq!(read("w/wrangler.toml"), expected);
    let main = vec![("src/index.ts", 3, "", C::Handler)];
    assert_eq!(read("wrangler.jsonc"), starters(vec![(T::Schedule, "0 * * * *", 4, None, main)]));

    let nightly = vec![("nightly", 4, "fns", C::Handler)];
    assert_eq!(read("netlify.toml"), starters(vec![(T::Schedule, "@daily", 5, Some("nightly"), nightly)]));

    let digest = vec![("/tasks/digest", 3, "", C::HttpPath)];
    assert_eq!(read("cron.yaml"), starters(vec![(T::Schedule, "every 24 hours", 4, Some("digest"), digest)]));

    let script = vec![("../dist/nightly.js", 2, "nightly", C::Handler)];
    let expected = starters(vec![
        (T::Schedule, "0 */5 * * * *", 4, Some("nightly"), script.clone()),
        (T::Queue, "tasks", 6, Some("nightly"), script),
    ]);
    assert_eq!(read("nightly/function.json"), expected);

    let expected = starters(vec![
        (T::Schedule, "0 3 * * *", 8, Some("nightly"), vec![("python nightly.py", 9, "agents", C::Shell)]),
        (T::Watch, "", 10, Some("loop"), vec![("python loop.py", 12, "", C::Shell)]),
    ]);
    assert_eq!(read("render.yaml"), expected);

    let expected = starters(vec![
        (T::Event, "PRE_DEPLOY", 3, Some("migrate"), vec![("python migrate.py", 5, "", C::Shell)]),
        (T::Schedule, "0 1 * * *", 8, Some("nightly"), vec![("python nightly.py", 10, "agents", C::Shell)]),
        (T::Queue, "", 12, Some("q"), vec![("rq worker", 13, "", C::Shell)]),
    ]);
    assert_eq!(read(".do/app.yaml"), expected);

    let run = vec![("python x.py", 3, "", C::Shell)];
    assert_eq!(read("railway.json"), starters(vec![(T::Schedule, "0 * * * *", 2, None, run)]));

    let expected = starters(vec![
        (T::Manual, "web", 1, Some("web"), vec![("gunicorn app:app", 1, "", C::Shell)]),
        (T::Queue, "worker", 2, Some("worker"), vec![("celery -A app worker", 2, "", C::Shell)]),
        (T::Watch, "clock", 3, Some("clock"), vec![("python clock.py", 3, "", C::Shell)]),
        (T::Event, "release", 5, Some("release"), vec![("python manage.py migrate", 5, "", C::Shell)]),
    ]);
    assert_eq!(read("Procfile"), expected);
}

#[test]
fn machines() {
    let host = |text, line| vec![(text, line, "deploy", C::HostCommand)];
    let expected = starters(vec![
        (T::Schedule, "0 2 * * *", 4, None, host("cd /opt/app && python3 scripts/nightly.py >> log 2>&1", 4)),
        (T::Schedule, "@daily", 5, None, host("/usr/bin/node /opt/app/digest.js", 5)),
        (T::Schedule, "*/5 1-3,7 * JAN mon-fri", 6, None, host("date +%F", 6)),
        (T::Event, "@reboot", 7, None, host("./start.sh", 7)),
        (T::Schedule, "0 */5 * * * *", 8, None, host("python six.py", 8)),
    ]);
    assert_eq!(read("deploy/crontab"), expected);
    let run = vec![("python /srv/agent/run.py", 1, "etc/cron.d", C::HostCommand)];
    assert_eq!(read("etc/cron.d/agent"), starters(vec![(T::Schedule, "30 3 * * *", 1, None, run)]));
    let error = ReadError::At { line: 2, problem: "no line of a crontab" };
    assert_eq!(parse(F::Crontab, "a.cron", b"# c\nhello there\n"), Err(error));

    let unit = vec![("deploy/agent-run.service", 7, "deploy", C::Named)];
    let expected = starters(vec![
        (T::Schedule, "*-*-* 02:00:00", 5, Some("agent"), unit.clone()),
        (T::Schedule, "OnUnitActiveSec=1h", 6, Some("agent"), unit),
    ]);
    assert_eq!(read("deploy/agent.timer"), expected);
    let service = b"[Unit]\nExecStart=no\n[Service]\nWorkingDirectory=/srv/a b\nExecStart=-/usr/bin/python3 \\\n  run.py\n";
    let run = commands::single("cd '/srv/a b' && /usr/bin/python3  run.py", 5, "deploy", C::HostCommand);
    let path = "deploy/agent-run.service";
    let declared = parse(F::SystemdService, path, service).unwrap();
    assert_eq!(declared.named, [(path.to_owned(), vec![run])]);
}

#[test]
fn functions_in_the_cloud() {
    let main = vec![("src/handler.main", 4, "fn", C::Handler)];
    let causes = [
        (T::Schedule, "rate(5 minutes)", 6),
        (T::Schedule, "cron(0 12 * * ? *)", 8),
        (T::Schedule, "rate(1 day)", 8),
        (T::Queue, "tasks", 9),
        (T::Queue, "Tasks", 11),
        (T::Event, "uploads", 13),
        (T::Event, "news", 14),
        (T::Manual, "GET /run", 15),
        (T::Webhook, "/webhook/github", 16),
        (T::Manual, "", 18),
    ];
    let expected = causes.map(|(kind, value, line)| (kind, value, line, Some("nightly"), main.clone()));
    assert_eq!(read("fn/serverless.yml"), starters(expected.into()));
    let error = ReadError::At { line: 1, problem: "functions stand in another file" };
    assert_eq!(parse(F::Serverless, "serverless.yml", b"functions: ${file(f.yml)}\n"), Err(error));

    let handler = vec![("app.lambda_handler", 10, "src", C::Handler)];
    let expected = starters(vec![
        (T::Schedule, "rate(1 hour)", 15, Some("Agent"), handler.clone()),
        (T::Queue, "TaskQueue", 19, Some("Agent"), handler),
    ]);
    assert_eq!(read("template.yaml"), expected);
}

#[test]
fn kubernetes() {
    let run =
        vec![("cd /app && /bin/sh -c 'python -m agent.nightly && echo done'", 18, "k8s", C::ImageCommand)];
    assert_eq!(read("k8s/job.yaml"), starters(vec![(T::Schedule, "0 4 * * *", 9, Some("agent"), run)]));
    // A name that App Engine uses too.
    let found = parse(F::AppEngineCron, "k8s/job.yaml", CRONJOB.as_bytes()).map(|d| d.starters);
    assert_eq!(found, Ok(read("k8s/job.yaml")));
}

#[test]
fn terraform() {
    let name = |address: &'static str, line| vec![(address, line, "infra", C::Named)];
    let expected = starters(vec![
        (
            T::Schedule,
            "rate(1 day)",
            15,
            Some("nightly"),
            name("infra#targets of aws_cloudwatch_event_rule.nightly", 14),
        ),
        (T::Queue, "tasks", 24, Some("tasks"), name("infra#aws_lambda_function.other", 25)),
        (T::Schedule, "", 34, Some("task"), name("infra#aws_ecs_task_definition.agent", 39)),
        (T::Schedule, "0 6 * * *", 52, Some("digest"), name("infra#google_cloud_run_v2_job.digest", 54)),
        (T::Schedule, "0 0 * * 0", 71, Some("weekly"), vec![("acme/weekly:1", 77, "infra", C::Image)]),
    ]);
    assert_eq!(read("infra/main.tf"), expected);
    let found = named("infra/main.tf");
    let texts = |name: &str| &found.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(texts("infra#aws_lambda_function.nightly"), &["agent.nightly.main"]);
    assert_eq!(
        texts("infra#targets of aws_cloudwatch_event_rule.nightly"),
        &["infra#aws_lambda_function.nightly"]
    );
    assert_eq!(
        texts("infra#aws_ecs_task_definition.agent"),
        &["python -m agent", "${aws_ecr_repository.agent.repository_url}:latest"]
    );
    assert_eq!(texts("infra#google_cloud_run_v2_job.digest"), &["python digest.py"]);
    let news = vec![("infra#aws_lambda_function.news", 7, "infra", C::Named)];
    assert_eq!(read("infra/news.tf.json"), starters(vec![(T::Event, "news", 6, Some("news"), news)]));

    let declared = parse(F::Terraform, "infra/main.tf", sample("infra/main.tf").as_bytes()).unwrap();
    let folders = |name: &str| -> Vec<(String, C)> {
        let (_, commands) = declared.named.iter().find(|(n, _)| n.ends_with(name)).unwrap();
        commands.iter().map(|c| (c.folder.clone(), c.kind)).collect()
    };
    assert_eq!(folders("#aws_lambda_function.nightly"), [("src".to_owned(), C::Handler)]);
    let likely = ["infra", "infra/src", "", "src"].map(|f| (f.to_owned(), C::LikelyHandler));
    assert_eq!(folders("#aws_lambda_function.other"), likely);
    // Text that is none is a gap, and a file about other things is nothing.
    assert!(parse(F::Terraform, "a.tf", b"resource \"aws_lambda_function\" {{").is_err());
    assert_eq!(parse(F::Terraform, "a.tf", b"resource {{"), Ok(Declared::default()));
}

#[test]
fn stacks() {
    let name = |address: &'static str, line| vec![(address, line, "infra", C::Named)];
    let expected = starters(vec![
        (T::Schedule, "cron(0 2 * * ? *)", 11, Some("Rule"), name("infra/stack.yaml#Nightly", 13)),
        (T::Queue, "Tasks", 18, Some("Mapping"), name("infra/stack.yaml#Nightly", 19)),
        (T::Schedule, "rate(1 hour)", 23, Some("Later"), name("infra/stack.yaml#Task", 27)),
    ]);
    assert_eq!(read("infra/stack.yaml"), expected);
    let image = "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/agent:1";
    let expected = [("infra/stack.yaml#Nightly", "nightly.handler"), ("infra/stack.yaml#Task", image)];
    let expected = expected.map(|(name, text)| (name.to_owned(), vec![text.to_owned()]));
    assert_eq!(named("infra/stack.yaml"), expected);
}

#[test]
fn what_scales_by_a_queue() {
    let run = vec![("k8s#Deployment agent", 7, "k8s", C::Named)];
    assert_eq!(read("k8s/keda.yaml"), starters(vec![(T::Queue, "tasks", 9, Some("agent"), run)]));
    let texts = ["--verbose", "acme/agent"].map(str::to_owned).to_vec();
    assert_eq!(named("k8s/keda.yaml"), [("k8s#Deployment agent".to_owned(), texts)]);
    assert_eq!(read("docker-compose.yml"), []);
    let expected = ("image ghcr.io/acme/agent".to_owned(), vec!["svc/Dockerfile.agent".to_owned()]);
    assert_eq!(named("docker-compose.yml"), [expected]);
}
