//! Which controls a whole repository has, and which of its systems they are about.

use std::fs;
use std::sync::Arc;

use asmm_model::Fact;
use muster_collect::{Context, Target, conformance};
use muster_rules::RulePack;

use crate::CodeCollector;

/// Every control that a scan of these files finds: root of the system, kind, name and places.
fn controls(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it has a parent")).expect("its folder");
        fs::write(path, content).expect("a file");
    }
    let cx = Context::new(Arc::new(RulePack::built_in()));
    let target = Target::parse(&folder.path().display().to_string()).expect("a folder is a target");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let outcome = runtime.block_on(conformance::scan(&CodeCollector, &target, &cx)).expect("a scan");
    let mut lines = Vec::new();
    for observation in &outcome.observations {
        let Fact::Control(control) = &observation.fact else { continue };
        assert_eq!(control.in_place, Some(true));
        let places = control.evidence.iter().map(|evidence| {
            let path = evidence.place.path.as_deref().unwrap_or_default();
            let line = evidence.place.line.unwrap_or_default();
            let class = evidence.class.map_or_else(|| "-".to_owned(), |class| format!("{class:?}"));
            let rule = evidence.rule.as_deref().unwrap_or("-");
            format!("{path}:{line} {class} {rule} {}", evidence.note.as_deref().unwrap_or_default())
        });
        let places: Vec<String> = places.collect();
        let root = &observation.scope.root;
        lines.push(format!(
            "[{root}] {} {}\n    {}",
            control.kind.name(),
            control.name,
            places.join("\n    ")
        ));
    }
    lines.join("\n")
}

const LOOPS: &str = r#"
from anthropic import Anthropic
client = Anthropic()

def run(messages, tools):
    for _ in range(MAX_STEPS):
        answer = client.messages.create(model="claude-sonnet-4-5", max_tokens=900, messages=messages, tools=tools)
        for block in answer.content:
            if block.type == "tool_use":
                messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": block.id, "content": call(block)}]})
"#;

#[test]
fn a_loop_that_counts_is_a_limit() {
    insta::assert_snapshot!(controls(&[("run.py", LOOPS)]), @r"
    [] limit counted loop
        run.py:6 Ast feeds-tool-results-back a loop that gives results back to a model counts its rounds
    ");
    let endless = LOOPS.replace("for _ in range(MAX_STEPS)", "while True");
    assert_eq!(controls(&[("run.py", &endless)]), "");
    // An answer without calls of tools ends the loop before the count does.
    let answered = format!("{LOOPS}        if not calls(answer):\n            return answer.text\n");
    assert!(controls(&[("run.py", &answered)]).starts_with("[] limit counted loop"));
    // What is tried again is no round of the agent.
    let again = "def again(messages):\n    for i in range(3):\n        try:\n            done = run(messages, TOOLS)\n            break\n        except Error:\n            pass\n";
    let endless_again = format!("{endless}\n{again}");
    assert_eq!(controls(&[("run.py", &endless_again)]), "");
    let retries = LOOPS.replace("for _ in range(MAX_STEPS)", "while True").replace(
        "        answer = client",
        "        for attempt in range(3):\n            try:\n                answer = client",
    );
    assert_eq!(controls(&[("run.py", &retries)]), "");
}

#[test]
fn a_limit_is_one_that_the_project_sets() {
    let agent = "from agents import Agent, Runner\ndesk = Agent(name='desk', tools=[book])\n";
    let with = |limit: &str| controls(&[("a.py", &format!("{agent}Runner.run_sync(desk, 'x'{limit})\n"))]);
    insta::assert_snapshot!(with(", max_turns=LIMIT"), @r"
    [] limit max_turns
        a.py:3 Ast limits-agent-in-python `max_turns`
    ");
    assert_eq!(with(""), "");
    assert_eq!(with(", max_turns=sys.maxsize"), "");
    assert_eq!(with(", max_turns=float('inf')"), "");
    assert_eq!(
        controls(&[("tests/test_a.py", &format!("{agent}Runner.run_sync(desk, 'x', max_turns=2)\n"))]),
        ""
    );
}

const DESK: &str = r#"
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.prebuilt import create_react_agent
from temporalio import activity
agent = create_react_agent("openai:gpt-5", tools=[refund], checkpointer=SqliteSaver.from_conn_string("desk.db"))
cache = SqliteSaver.from_conn_string(":memory:")

@activity.defn
def answer(question):
    return agent.invoke({"messages": [question]}, {"recursion_limit": 20})

@activity.defn
def archive(path):
    shutil.move(path, "old")
"#;

const WEB: &str = "import { generateText, stepCountIs } from 'ai';\nexport const ask = (prompt) => generateText({ model, tools: { search }, prompt, stopWhen: stepCountIs(5) });\n";

const PLAN: &str = "# Plan\n\nLook at the dashboard of the desk first. If the queue is growing, restart the worker with the script that is kept in the folder of operations, and tell the people who are on duty in the channel for incidents. Then call the owner of the model.\n";

#[test]
fn what_stands_beside_the_code_is_about_the_systems_of_its_folder() {
    let files = [
        ("services/desk/pyproject.toml", "[project]\nname = \"desk\"\n"),
        ("services/desk/desk.py", DESK),
        ("services/desk/docs/RUNBOOK.md", PLAN),
        ("services/desk/evals/check.py", "from deepeval import evaluate\nevaluate(cases, metrics)\n"),
        ("web/package.json", "{\"name\": \"web\", \"scripts\": {\"evals\": \"promptfoo eval -c a.yaml\"}}"),
        ("web/src/ask.ts", WEB),
        (
            ".github/workflows/evals.yml",
            "on: [pull_request, push]\njobs:\n  evals:\n    steps:\n      - run: npm run evals\n        working-directory: web\n      - run: pytest services/desk/evals -q\n      - run: pytest\n",
        ),
        (
            "web/catalog-info.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  annotations: {pagerduty.com/integration-key: canary}\nspec: {owner: ada}\n",
        ),
        ("web/litellm_config.yaml", "litellm_settings:\n  max_budget: 50\n"),
        ("README.md", "Run `promptfoo eval` by hand.\n"),
        ("web/data/runbooks/dns.md", PLAN),
        ("web/RUNBOOK.md", "# Runbook\n\nTODO\n"),
    ];
    let found = controls(&files);
    assert!(!found.contains("canary"));
    insta::assert_snapshot!(found, @r"
    [services/desk] limit recursion_limit
        services/desk/desk.py:10 Ast limits-agent-in-python `recursion_limit`
    [services/desk] recovery SqliteSaver
        services/desk/desk.py:5 Ast keeps-checkpoints `SqliteSaver`
    [services/desk] recovery temporalio
        services/desk/desk.py:9 Ast runs-in-durable-workflow `temporalio`
    [web] limit stepCountIs
        web/src/ask.ts:2 Ast limits-agent-in-javascript `stepCountIs`
    [services/desk] evaluation deepeval
        .github/workflows/evals.yml:7 Ci uses-deepeval `services/desk/evals/check.py`
    [services/desk] evaluation promptfoo
        .github/workflows/evals.yml:5 Ci uses-promptfoo `promptfoo eval`
    [services/desk] incident-plan Runbook for incidents
        services/desk/docs/RUNBOOK.md:1 Config keeps-runbook 
    [web] limit max_budget
        web/litellm_config.yaml:2 Config limits-spending-in-configuration `litellm_settings.max_budget`
    [web] evaluation deepeval
        .github/workflows/evals.yml:7 Ci uses-deepeval `services/desk/evals/check.py`
    [web] evaluation promptfoo
        .github/workflows/evals.yml:5 Ci uses-promptfoo `promptfoo eval`
    [web] incident-plan Incident contact in a catalogue
        web/catalog-info.yaml:8 Config names-incident-contact `metadata.annotations.pagerduty.com/integration-key`
    ");
}
