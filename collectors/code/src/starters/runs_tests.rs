//! Commands as they are found, and the files that they run.

use std::collections::BTreeMap;

use super::*;

fn runs(text: &str, folder: &str, kind: CommandKind, file: &str) -> bool {
    let scripts: BTreeMap<String, String> = [
        ("nightly", "tsx src/nightly.ts"),
        ("all", "npm run build && npm run nightly"),
        ("start", "node dist/server.js"),
        ("loop", "npm run loop"),
        ("prebuild", "node tools/gen.mjs"),
        ("build", "tsc"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let entry_points = [("agent-run".to_owned(), "agent.cli:main".to_owned())];
    runs_file(&commands::single(text, 1, folder, kind), file, &scripts, "web", &entry_points)
}

#[test]
fn shell_commands() {
    let cases = [
        ("python scripts/nightly.py", "", "scripts/nightly.py", true),
        ("python scripts/nightly.py", "", "nightly.py", false),
        ("python scripts/nightly.py", "a", "scripts/nightly.py", false),
        ("python3.12 -u nightly.py --x", "scripts", "scripts/nightly.py", true),
        ("python -W error -X dev nightly.py", "", "nightly.py", true),
        ("python -c 'import a' a.py", "", "a.py", false),
        ("python -m pkg.mod", "", "pkg/mod.py", true),
        ("python -m pkg.mod", "", "src/pkg/mod.py", true),
        ("python -m pkg", "", "pkg/__main__.py", true),
        ("python -m pkg", "", "pkg/other.py", false),
        ("python agent", "", "agent/__main__.py", true),
        ("PYTHONPATH=libs/x python -m pkg.mod", "", "libs/x/pkg/mod.py", true),
        ("uv run x.py", "", "x.py", true),
        ("uv run --with rich --python 3.12 python -m a.b", "", "a/b.py", true),
        ("uv run -m a.b", "", "a/b.py", true),
        ("uv run --directory sub x.py", "", "sub/x.py", true),
        ("poetry run python a.py", "", "a.py", true),
        ("pipenv run -- python a.py", "", "a.py", true),
        ("hatch run prod:python a.py", "", "a.py", true),
        ("coverage run -m a.b", "", "a/b.py", true),
        ("conda run -n env python a.py", "", "a.py", true),
        ("A=1 B='x y' sudo -u me env C=2 timeout -k 5 10m nice -n 5 python a.py", "", "a.py", true),
        ("flock -n /tmp/l python a.py", "", "a.py", true),
        ("flock /tmp/l -c 'python a.py'", "", "a.py", true),
        ("if [ -f x ]; then python a.py; fi", "", "a.py", true),
        ("cd sub && python a.py", "", "sub/a.py", true),
        ("(cd sub && python a.py); python b.py", "", "b.py", true),
        ("(cd sub && python a.py); python b.py", "", "sub/b.py", false),
        ("echo x | python a.py > out", "", "a.py", true),
        ("x=$(python a.py)", "", "a.py", true),
        ("bash -lc \"cd sub && python a.py\"", "", "sub/a.py", true),
        ("bash run.sh", "", "run.sh", true),
        ("./x.py", "", "x.py", true),
        ("echo x.py", "", "x.py", false),
        ("node x.js", "", "x.js", true),
        ("node --env-file=.env -r dotenv/config x", "", "x.mjs", true),
        ("node dist/jobs/x.js", "", "src/jobs/x.ts", true),
        ("node .", "web", "web/index.js", true),
        ("npx tsx watch x.ts", "", "x.ts", true),
        ("npx -y ts-node --project t.json x.ts", "", "x.ts", true),
        ("pnpm exec tsx x.ts", "", "x.ts", true),
        ("pnpm tsx x.ts", "", "x.ts", true),
        ("bun run x.ts", "", "x.ts", true),
        ("bun x.ts", "", "x.ts", true),
        ("bun run nightly", "web", "web/src/nightly.ts", true),
        ("deno run --allow-net x.ts", "", "x.ts", true),
        ("deno task nightly", "web", "web/src/nightly.ts", true),
        ("npm run nightly", "web", "web/src/nightly.ts", true),
        ("npm run nightly", "", "web/src/nightly.ts", false),
        ("npm --prefix web run nightly", "", "web/src/nightly.ts", true),
        ("pnpm -C web nightly", "", "web/src/nightly.ts", true),
        ("pnpm --filter web nightly", "", "web/src/nightly.ts", true),
        ("yarn workspace web nightly", "", "web/src/nightly.ts", true),
        ("yarn nightly", "web", "web/src/nightly.ts", true),
        ("npm run all", "web", "web/tools/gen.mjs", true),
        ("npm start", "web", "web/src/server.ts", true),
        ("npm run loop", "web", "web/src/nightly.ts", false),
        ("agent-run --once", "", "agent/cli.py", true),
        ("uv run agent-run", "", "src/agent/cli.py", true),
        (".venv/bin/agent-run", "", "src/agent/cli.py", true),
        ("agent-run", "", "my_agent/cli.py", false),
        ("streamlit run x.py", "", "x.py", true),
        ("python -m streamlit run a/x.py", "", "a/x.py", true),
        ("modal run jobs.py::main", "", "jobs.py", true),
        ("celery -A pkg.tasks worker", "", "pkg/tasks.py", true),
        ("celery --app=pkg beat", "", "pkg/celery.py", true),
        ("celery -A pkg.mod:app worker", "", "pkg/mod.py", true),
        ("uvicorn pkg.main:app --host 0.0.0.0", "", "pkg/main.py", true),
        ("uvicorn --app-dir back main:app", "", "back/main.py", true),
        ("gunicorn -k uvicorn.workers.UvicornWorker 'pkg.main:make()'", "", "pkg/main.py", true),
        ("python -m uvicorn pkg.main:app", "", "pkg/main.py", true),
        ("flask --app pkg.web run", "", "pkg/web.py", true),
        ("arq pkg.jobs.Settings", "", "pkg/jobs.py", true),
        ("python manage.py digest --x", "", "news/management/commands/digest.py", true),
        ("python site/manage.py digest", "", "news/management/commands/digest.py", false),
        ("python site/manage.py digest", "", "site/news/management/commands/digest.py", true),
        ("./manage.py digest", "", "news/management/commands/weekly_digest.py", false),
        ("python manage.py digest", "", "manage.py", true),
        ("python $GITHUB_WORKSPACE/a.py", "sub", "a.py", true),
        ("python /app/src/a.py", "", "src/a.py", true),
        ("go run ./cmd/agent", "", "cmd/agent/main.go", true),
        ("", "", "", false),
    ];
    for (text, folder, file, expected) in cases {
        assert_eq!(runs(text, folder, CommandKind::Shell, file), expected, "{text} / {file}");
    }
}

#[test]
fn commands_of_images_and_machines() {
    let cases = [
        ("cd /opt/app && python scripts/a.py", "deploy", "scripts/a.py", true),
        ("python /opt/app/scripts/a.py", "", "scripts/a.py", true),
        ("python main.py", "services/x/k8s", "services/x/main.py", true),
        ("python main.py", "services/x/k8s", "services/y/main.py", false),
        ("python main.py", "k8s", "main.py", true),
        ("/bin/sh -c 'python -m agent.nightly'", "k8s", "agent/nightly.py", true),
        ("cd /app && /bin/sh -c 'python -m agent.nightly'", "x/k8s", "x/src/agent/nightly.py", true),
        ("node /usr/src/app/dist/job.js", "k8s", "src/job.ts", true),
        ("npm run nightly", "k8s", "web/src/nightly.ts", false),
        ("npm run nightly", "web/k8s", "web/src/nightly.ts", true),
        ("python domain.py", "k8s", "main.py", false),
    ];
    for (text, folder, file, expected) in cases {
        for kind in [CommandKind::ImageCommand, CommandKind::HostCommand] {
            assert_eq!(runs(text, folder, kind, file), expected, "{text} / {file}");
        }
    }
}

#[test]
fn handlers_and_paths() {
    let cases = [
        (CommandKind::Handler, "src/handler.main", "fn", "fn/src/handler.py", true),
        (CommandKind::Handler, "src/handler.main", "fn", "fn/src/handler.ts", true),
        (CommandKind::Handler, "src/handler.main", "fn", "fn/src/handler.md", false),
        (CommandKind::Handler, "src/handler.main", "", "fn/src/handler.ts", false),
        (CommandKind::Handler, "pkg.mod.handler", "", "pkg/mod.py", true),
        (CommandKind::Handler, "pkg.handler", "", "pkg/__init__.py", true),
        (CommandKind::Handler, "src/index.ts", "w", "w/src/index.ts", true),
        (CommandKind::Handler, "nightly", "fns", "fns/nightly.mts", true),
        (CommandKind::Handler, "nightly", "fns", "fns/nightly/index.js", true),
        (CommandKind::Handler, "__init__.py", "nightly", "nightly/__init__.py", true),
        (CommandKind::HttpPath, "/api/cron", "", "app/api/cron/route.ts", true),
        (CommandKind::HttpPath, "/api/cron", "", "app/api/other/route.ts", false),
        (CommandKind::Unit, "a/b.service", "a", "a/b.service", true),
        (CommandKind::Action, "./.github/actions/x", "", ".github/actions/x/action.yml", true),
        (CommandKind::Action, "a/b@v1", "", "a/b@v1", false),
    ];
    for (kind, text, folder, file, expected) in cases {
        assert_eq!(runs(text, folder, kind, file), expected, "{text} / {file}");
    }
}
