//! Commands as they are found, and the files that they run.

use std::collections::BTreeMap;

use super::*;
use crate::manifests::Ecosystem;

fn runs(text: &str, folder: &str, kind: CommandKind, file: &str) -> bool {
    entry(text, folder, kind, file).is_some()
}

fn entry(text: &str, folder: &str, kind: CommandKind, file: &str) -> Option<Entry> {
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
    let packages = [
        (Ecosystem::Golang, "go.mod", "github.com/acme/shop"),
        (Ecosystem::Golang, "tools/go.mod", "github.com/acme/shop/tools"),
        (Ecosystem::Cargo, "crates/refund-agent/Cargo.toml", "refund-agent"),
        (Ecosystem::Nuget, "src/Shop.Agent/Shop.Agent.csproj", "Shop.Agent"),
        (Ecosystem::Maven, "jvm/pom.xml", "com.acme:refunds"),
    ]
    .map(|(ecosystem, path, name)| Package { ecosystem, path, name: Some(name) });
    let around = Surroundings {
        scripts: &scripts,
        scripts_folder: "web",
        entry_points: &entry_points,
        packages: &packages,
        declares: &|name| name == "refunds:sweep",
    };
    runs_file(&commands::single(text, 1, folder, kind), file, &around)
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
        (
            CommandKind::Handler,
            "com.acme.Nightly::handleRequest",
            "",
            "fn/src/main/java/com/acme/Nightly.java",
            true,
        ),
        (CommandKind::Handler, "com.acme.Nightly", "x", "fn/src/main/kotlin/com/acme/Nightly.kt", true),
        (CommandKind::Handler, "com.acme.Other", "", "fn/src/main/java/com/acme/Nightly.java", false),
        (CommandKind::Handler, "Agent::Acme.Agent.Function::Handle", "", "src/Agent/Function.cs", true),
        (CommandKind::Handler, "bootstrap", "cmd/agent", "cmd/agent/main.go", true),
        (CommandKind::Handler, "bootstrap", "cmd/agent", "cmd/other/main.go", false),
        (CommandKind::Handler, "app.Handler.process", "fn", "fn/app.rb", true),
        (CommandKind::Handler, "dist/nightly.handler", "", "src/nightly.ts", true),
        (CommandKind::Named, "a/b.service", "a", "a/b.service", false),
        (CommandKind::Action, "./.github/actions/x", "", ".github/actions/x/action.yml", true),
        (CommandKind::Action, "a/b@v1", "", "a/b@v1", false),
    ];
    for (kind, text, folder, file, expected) in cases {
        assert_eq!(runs(text, folder, kind, file), expected, "{text} / {file}");
    }
}

#[test]
fn programs_of_other_languages() {
    let shop = "src/Shop.Agent/Program.cs";
    let rust = "crates/refund-agent/src/main.rs";
    let java = "jvm/src/main/java/com/acme/RefundApplication.java";
    let cases = [
        ("go run .", "cmd/agent", "cmd/agent/main.go", true),
        ("go run -tags x cmd/agent/main.go cmd/agent/run.go", "", "cmd/agent/run.go", true),
        ("go run github.com/acme/shop/cmd/agent@latest", "", "cmd/agent/main.go", true),
        ("go run github.com/acme/shopping/cmd/agent", "", "cmd/agent/main.go", false),
        ("go run ./cmd/agent", "", "cmd/other/main.go", false),
        ("go -C tools run ./agent", "", "tools/agent/main.go", true),
        ("go test ./cmd/agent", "", "cmd/agent/main.go", false),
        ("./bin/agent --once", "", "cmd/agent/main.go", true),
        ("./bin/shop", "", "main.go", true),
        ("./bin/other", "", "cmd/agent/main.go", false),
        ("test -f x", "", "cmd/test/main.go", false),
        ("cargo run --release --bin nightly", "", "src/bin/nightly.rs", true),
        ("cargo run --bin refund_agent", "", rust, true),
        ("cargo run -p refund-agent -- --bin x", "", rust, true),
        ("cargo run", "crates/refund-agent", rust, true),
        ("cargo run", "", rust, false),
        ("cargo test -p refund-agent", "", rust, false),
        ("cargo +nightly run --manifest-path crates/refund-agent/Cargo.toml", "", rust, true),
        ("./target/release/refund-agent", "", rust, true),
        ("java -jar jvm/target/refunds-1.0.jar", "", java, true),
        ("java -jar other/target/refunds-1.0.jar", "", java, false),
        ("java -Xmx1g -cp target/classes com.acme.RefundApplication", "jvm", java, true),
        ("java -cp x com.acme.Other", "", java, false),
        ("./gradlew :jvm:bootRun", "", java, true),
        ("./gradlew build", "jvm", java, false),
        ("./gradlew run", "", java, false),
        ("./mvnw -q spring-boot:run", "jvm", java, true),
        ("mvn -pl jvm exec:java -Dexec.mainClass=com.acme.RefundApplication", "", java, true),
        ("mvn package", "jvm", java, false),
        ("dotnet run --project src/Shop.Agent", "", shop, true),
        ("dotnet run --project src/Shop.Agent/Shop.Agent.csproj -- x", "", shop, true),
        ("dotnet run", "src/Shop.Agent", shop, true),
        ("dotnet run", "", shop, false),
        ("dotnet test", "src/Shop.Agent", shop, false),
        ("dotnet out/Shop.Agent.dll", "", shop, true),
        ("dotnet out/Shop.Web.dll", "", shop, false),
        ("ruby scripts/agent.rb", "", "scripts/agent.rb", true),
        ("php scripts/agent.php", "", "scripts/agent.php", true),
    ];
    for (text, folder, file, expected) in cases {
        let found = entry(text, folder, CommandKind::Shell, file);
        assert_eq!(found, expected.then_some(Entry::Top), "{text} / {file}");
    }
    let cases = [
        ("bundle exec rake agents:nightly", "lib/tasks/agents.rake", true),
        ("bin/rake agents:nightly[3] X=1", "lib/tasks/agents.rake", true),
        ("bin/rails refunds:sweep", "lib/tasks/all.rake", true),
        ("bundle exec rake db:migrate", "lib/tasks/agents.rake", false),
        ("bin/rails runner 'Agents::NightlySweep.run'", "app/models/agents/nightly_sweep.rb", true),
        ("bin/rails runner 'NightlySweep.run'", "app/models/sweep.rb", false),
        ("php artisan agent:run --force", "app/Console/Commands/RunAgentCommand.php", true),
        ("php artisan refunds:sweep", "app/Console/Commands/Sweep.php", true),
        ("php artisan migrate", "app/Console/Commands/RunAgent.php", false),
        ("php bin/console refunds:sweep", "src/Command/SweepCommand.php", true),
        ("bin/console app:agent", "src/Command/AgentCommand.php", false),
    ];
    for (text, file, expected) in cases {
        let found = entry(text, "", CommandKind::Shell, file);
        assert_eq!(found, expected.then_some(Entry::Inside), "{text} / {file}");
    }
    let cases = [
        ("/app/agent", "", "cmd/agent/main.go", true),
        ("/app/agent", "svc", "svc/cmd/agent/main.go", true),
        ("/app/agent", "svc", "other/cmd/agent/main.go", false),
        ("go run ./cmd/agent", "svc", "svc/cmd/agent/main.go", true),
        ("java -jar /app/app.jar", "jvm", java, true),
        ("java -jar /app/app.jar", "", java, false),
        ("java -jar /app/refunds.jar", "", java, true),
        ("dotnet Shop.Agent.dll", "", shop, true),
        ("/usr/local/bin/refund-agent", "", rust, true),
    ];
    for (text, folder, file, expected) in cases {
        assert_eq!(runs(text, folder, CommandKind::ImageCommand, file), expected, "{text} / {file}");
    }
}
