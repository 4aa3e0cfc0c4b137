//! Agentic workflows of GitHub: the settings before the prose say what starts the agent, what it runs on, and what it may do.

use asmm_model::Effect;

use super::commands::single;
use super::{Collection, Command, CommandKind, Setup, github, name_of};
use crate::document::{Node, ReadError, Value};

/// What the workflow is compiled with, as rules name it.
const COMPILER: &str = "github/gh-aw";
/// The engine of a workflow that names none.
const DEFAULT_ENGINE: &str = "copilot";
/// Beginnings of what a workflow may hand out, with what each does: the rest are settings.
const OUTPUTS: [(&str, Effect); 19] = [
    ("create-pull-request-review", Effect::Send),
    ("create-pull-request", Effect::Write),
    ("create-issue", Effect::Send),
    ("create-discussion", Effect::Send),
    ("create-", Effect::Write),
    ("add-comment", Effect::Send),
    ("add-", Effect::Write),
    ("comment-", Effect::Send),
    ("reply-", Effect::Send),
    ("submit-", Effect::Send),
    ("push-", Effect::Write),
    ("update-", Effect::Write),
    ("upload-", Effect::Write),
    ("close-", Effect::Write),
    ("assign-", Effect::Write),
    ("remove-", Effect::Write),
    ("set-", Effect::Write),
    ("merge-", Effect::Write),
    ("dispatch-", Effect::Execute),
];

/// The settings before the prose, with the lines that they have in the file; `None` where it has none.
pub(crate) fn front_matter(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let begin = text.len() - rest.len();
    let mut at = begin;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some(&text[..at]);
        }
        at += line.len();
    }
    None
}

/// Reads a workflow in Markdown.
pub(super) fn read(settings: &Node, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let line = settings.entry("engine").map_or(1, |engine| engine.line);
    // What only others import has no events.
    if settings.get("on").is_none() {
        return Ok(());
    }
    let label = settings.text_at(&["name"]).unwrap_or(name_of(path).trim_end_matches(".md"));
    let runs = agent(engine(settings), line);
    give(settings, &mut found.setup);
    github::events(settings, label, &runs, found)
}

/// The engine of a workflow that was compiled, of which the environment of its steps tells.
pub(super) fn compiled(workflow: &Node) -> Option<(String, u32)> {
    workflow.entries_at(&["jobs"]).iter().find_map(|job| {
        job.node.items_at(&["steps"]).iter().find_map(|step| {
            let named = ["GH_AW_INFO_ENGINE_ID", "GH_AW_ENGINE_ID"];
            let entry = named.iter().find_map(|name| step.get("env")?.entry(name))?;
            Some((entry.node.text()?.to_owned(), entry.line))
        })
    })
}

fn engine(settings: &Node) -> &str {
    let engine = settings.get("engine");
    let named = engine.and_then(|engine| engine.text().or_else(|| engine.text_at(&["id"])));
    named.or_else(|| engine?.text_at(&["runtime", "id"])).unwrap_or(DEFAULT_ENGINE)
}

/// What stands for the agent: what compiles it, and the command of its engine, without any leave of its own.
pub(super) fn agent(engine: &str, line: u32) -> Vec<Command> {
    let mut runs = vec![single(COMPILER, line, "", CommandKind::Action)];
    let command = match engine {
        "claude" => "claude -p",
        "codex" => "codex exec",
        "copilot" => "copilot -p",
        "gemini" => "gemini -p",
        "opencode" => "opencode run",
        _ => return runs,
    };
    runs.push(single(command, line, "", CommandKind::Shell));
    runs
}

fn give(settings: &Node, setup: &mut Setup) {
    let is_off = |node: &Node| node.value == Value::Bool(false) || node.value == Value::List(Vec::new());
    for tool in settings.entries_at(&["tools"]).iter().filter(|tool| !is_off(&tool.node)) {
        match tool.key.as_str() {
            "edit" => setup.tool("edit_files", Effect::Write, tool.line),
            "bash" => setup.tool("run_commands", Effect::Execute, tool.line),
            "web-fetch" => setup.tool("fetch_pages", Effect::Read, tool.line),
            "web-search" => setup.tool("search_web", Effect::Read, tool.line),
            "playwright" => setup.tool("use_browser", Effect::Unknown, tool.line),
            _ => {}
        }
    }
    // A rehearsal only shows what would be done.
    if !settings.get("safe-outputs").is_some_and(|outputs| outputs.is_true("staged")) {
        for output in settings.entries_at(&["safe-outputs"]).iter().filter(|output| !is_off(&output.node)) {
            let known = OUTPUTS.iter().find(|(begin, _)| output.key.starts_with(begin));
            if let Some((_, effect)) = known.filter(|_| !output.node.is_true("staged")) {
                setup.tool(&output.key, *effect, output.line);
            }
        }
        for job in settings.entries_at(&["safe-outputs", "jobs"]) {
            setup.tool(&job.key, Effect::Execute, job.line);
        }
    }
    // What other files and servers bring is not looked at, and which tools an engine has by itself changes.
    setup.open = ["imports", "mcp-servers"].iter().any(|key| settings.get(key).is_some())
        || !setup.tools.iter().any(|tool| tool.effect.changes_state());
    setup.waits |= settings.at(&["on", "manual-approval"]).is_some();
    setup.permissions = settings.entry("permissions").map(|entry| (entry.node.clone(), entry.line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_before_the_prose() {
        let cases = [
            ("---\non: push\n---\n# Do\n", Some("---\non: push\n")),
            ("---\r\non: push\r\n---\r\nDo", Some("---\r\non: push\r\n")),
            ("---\non: push\n", None),
            ("# Do\n---\non: push\n---\n", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(front_matter(text), expected, "{text}");
        }
    }
}
