//! Whatever is scanned, a scan ends, and it ends without a panic.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_collect::conformance::{self, Outcome};
use muster_collect::{CollectError, Context, Target};
use muster_rules::RulePack;
use proptest::prelude::*;

use crate::{CodeCollector, fired};

const PATHS: [&str; 5] = ["a.py", "a.js", "a.ts", "a.tsx", "a.jsx"];

fn context() -> Context {
    Context::new(Arc::new(RulePack::built_in()))
}

fn scan(folder: &Path, cx: &Context) -> Result<Outcome, CollectError> {
    let target = Target::parse(&folder.display().to_string()).expect("a folder is a target");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(conformance::scan(&CodeCollector, &target, cx))
}

fn laid_out(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it has a parent")).expect("its folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

/// Code that reaches every part of the engine: agents, tools, gates, loops, triggers, credentials.
const PYTHON: &str = r#"
import os, subprocess, time
from agents import Agent, Runner, function_tool
from openai import OpenAI
from helpers import store, ask as question
client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])

@function_tool(needs_approval=True)
def delete(path: str) -> str:
    if not question(path): return "no"
    subprocess.run(["rm", path])
    return store.save(path, mode="w")

agent = Agent(name="a", tools=[delete, *store.tools()], handoffs=[Agent(name="b")])

def loop(messages, depth=0):
    while True:
        answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[{"type": "function", "function": {"name": "delete"}}])
        for call in answer.choices[0].message.tool_calls or []:
            messages.append({"role": "tool", "tool_call_id": call.id, "content": delete(call.arguments)})
        exec(answer.choices[0].message.content)
        time.sleep(1)
        loop(messages, depth + 1)
"#;

const SCRIPT: &str = r#"
import { generateText, tool, stepCountIs } from "ai";
import { openai } from "@ai-sdk/openai";
import cron from "node-cron";
export * from "./b";
const { OPENAI_API_KEY } = process.env;
const refund = tool({ needsApproval: async ({ amount }) => amount > 10, execute: async (x) => fetch("https://x", { method: "POST" }) });
export class Bot { tools = { refund, ...more }; run = async () => generateText({ model: openai("gpt-4o"), tools: this.tools, stopWhen: stepCountIs(5) }); }
cron.schedule("0 2 * * *", () => new Bot().run());
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let pack = pack();
        for path in PATHS {
            let _ = fired(pack, path, &bytes);
        }
    }

    #[test]
    fn cut_and_mixed_code_is_followed_to_an_end(
        cut in 0..1200_usize,
        insert in prop::collection::vec(any::<u8>(), 0..12),
        at in 0..1200_usize,
        repeat in 1..4_usize,
    ) {
        let mangle = |code: &str| {
            let mut bytes = code.as_bytes().repeat(repeat);
            let at = at.min(bytes.len());
            bytes.splice(at..at, insert.iter().copied());
            bytes.truncate(bytes.len().saturating_sub(cut));
            bytes
        };
        let (python, script) = (mangle(PYTHON), mangle(SCRIPT));
        let folder = laid_out(&[
            ("app.py", &python),
            ("helpers.py", b"from app import *\nfrom app import delete as ask\nclass store:\n    tools = lambda: ask\n"),
            ("a.ts", &script),
            ("b.ts", b"export * from './a';\nexport { Bot as default } from './a';\n"),
            ("requirements.txt", b"openai\nopenai-agents\n"),
        ]);
        let cx = Context::new(Arc::clone(shared()));
        prop_assert!(scan(folder.path(), &cx).is_ok());
    }
}

fn shared() -> &'static Arc<RulePack> {
    static PACK: std::sync::OnceLock<Arc<RulePack>> = std::sync::OnceLock::new();
    PACK.get_or_init(|| Arc::new(RulePack::built_in()))
}

fn pack() -> &'static RulePack {
    shared()
}

#[test]
fn modules_that_pass_on_everything_of_each_other_end() {
    let names: Vec<String> = (0..40).map(|n| format!("m{n}.ts")).collect();
    let all = names.iter().map(|name| format!("export * from './{name}';")).collect::<Vec<_>>().join("\n");
    let code = format!(
        "import OpenAI from 'openai';\n{all}\nexport const x = missing(new OpenAI(), other.a.b.c());\n"
    );
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), code.as_bytes())).collect();
    let folder = laid_out(&files);
    let began = Instant::now();
    assert!(scan(folder.path(), &context()).is_ok());
    assert!(began.elapsed() < Duration::from_mins(1), "it took {:?}", began.elapsed());
}

#[test]
fn thousands_of_calls_in_a_chain_end() {
    use std::fmt::Write as _;
    let mut code = "from openai import OpenAI\nclient = OpenAI()\n".to_owned();
    for n in 0..6_000 {
        let next = n + 1;
        let call = "client.chat.completions.create(model=\"gpt-4o\", messages=m, tools=[{\"type\": \"function\", \"function\": {\"name\": \"t";
        let _ =
            write!(code, "def f{n}(m):\n    for x in m:\n        {call}{n}\"}}}}])\n        f{next}(m)\n");
    }
    code.push_str("def f6000(m):\n    m.append({\"role\": \"tool\", \"tool_call_id\": 1})\n    f0(m)\n");
    let folder = laid_out(&[("app.py", code.as_bytes())]);
    let began = Instant::now();
    assert!(scan(folder.path(), &context()).is_ok());
    assert!(began.elapsed() < Duration::from_mins(2), "it took {:?}", began.elapsed());
}

#[test]
fn functions_that_hand_one_value_round_are_followed_once() {
    use std::fmt::Write as _;
    let mut code = "import requests\n".to_owned();
    for n in 0..40 {
        let hand_on = format!("    f{}(url, body)\n", (n + 1) % 40).repeat(12);
        let _ = write!(code, "def f{n}(url, body):\n    requests.post(url, json=body)\n{hand_on}");
    }
    for n in 0..8 {
        let _ = writeln!(code, "l{n} = [{}]", format!("l{}, ", n + 1).repeat(60));
    }
    code.push_str("requests.post(l0, json=l0)\n");
    let folder = laid_out(&[("app.py", code.as_bytes())]);
    let began = Instant::now();
    assert!(scan(folder.path(), &context()).is_ok());
    assert!(began.elapsed() < Duration::from_mins(1), "it took {:?}", began.elapsed());
}

#[test]
fn names_that_lead_to_themselves_end() {
    let code = "from openai import OpenAI\na = b\nb = a\nf = lambda: f()\ng = g.h.i\nclass A(A): pass\nclass B(C): pass\nclass C(B): pass\nB().x.y(a, b, f(), g, *a, **b)\nOpenAI(a).b(B().c)\n";
    let folder = laid_out(&[("app.py", code.as_bytes())]);
    assert!(scan(folder.path(), &context()).is_ok());
}

#[test]
fn deep_nesting_is_a_gap_and_no_overflow() {
    let script = "import 'openai';\nconst x = ";
    for (path, head, open, close) in [
        ("a.py", "import openai\nx = ", "f(", ")"),
        ("a.js", script, "[", "]"),
        ("a.tsx", script, "{a:", "}"),
    ] {
        let deep = format!("{head}{}1{}\n", open.repeat(20_000), close.repeat(20_000));
        let folder = laid_out(&[(path, deep.as_bytes())]);
        let outcome = scan(folder.path(), &context()).expect("one file does not end a scan");
        let gaps: Vec<&str> = outcome.coverage[0].skipped.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(gaps, [path]);
    }
}

#[tokio::test]
async fn the_collector_keeps_what_every_collector_promises() {
    const CANARY: &str = "sk-proj-Xk29canaryQwErTy";
    let secret = format!(
        "import openai\nclient = openai.OpenAI(api_key=\"{CANARY}\")\nclient.responses.create(model=\"gpt-4o\", input=\"hi\")\n"
    );
    let folder = laid_out(&[
        ("app.py", secret.as_bytes()),
        (".env", format!("OPENAI_API_KEY={CANARY}\n").as_bytes()),
        ("broken.py", b"import openai\n\xff\xfe(("),
        ("package.json", format!("{{\"name\": \"x\", \"scripts\": {{\"start\": \"KEY={CANARY} node .\"}}, \"dependencies\": {{\"openai\": \"git+https://{CANARY}@host/x\"}}}}").as_bytes()),
        (".github/workflows/n.yml", format!("on:\n  schedule:\n    - cron: '0 1 * * *'\njobs:\n  a:\n    steps:\n      - run: OPENAI_API_KEY={CANARY} python app.py\n").as_bytes()),
    ]);
    let target = Target::parse(&folder.path().display().to_string()).expect("a folder is a target");
    let outcome = conformance::check(&CodeCollector, &target, &context(), &[CANARY]).await;
    assert!(!outcome.observations.is_empty());
}
