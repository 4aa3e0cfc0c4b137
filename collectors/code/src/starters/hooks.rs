//! Hooks of git: the commands that a commit, a push or a merge on a developer's machine starts.

use asmm_model::TriggerKind;

use super::commands::{add_script, single};
use super::{Collection, Command, CommandKind, name_of};
use crate::document::{Node, ReadError, Value};

/// Hooks that a person's work with a repository starts, from git's own list.
const HOOKS: [&str; 12] = [
    "applypatch-msg",
    "commit-msg",
    "post-checkout",
    "post-commit",
    "post-merge",
    "post-rewrite",
    "pre-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
];

/// Whether git knows a hook of that name.
pub(super) fn is_hook(name: &str) -> bool {
    HOOKS.contains(&name)
}

/// Reads a script that is a hook, as `.husky/pre-commit`. Hooks run at the top of the work tree.
pub(super) fn script(text: &str, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    // A hook in another language starts nothing that a line of shell could.
    if let Some(first) = text.lines().next().and_then(|line| line.strip_prefix("#!"))
        && !first.contains("sh")
    {
        return Ok(());
    }
    let mut runs = Vec::new();
    // The place of the script in the text: the reader of scripts skips blank lines without counting them.
    let blank = text.chars().take_while(|c| matches!(c, '\n' | '\r')).filter(|c| *c == '\n').count();
    let line = u32::try_from(blank + 1).unwrap_or(u32::MAX);
    add_script(&mut runs, &Node { line, value: Value::Text(text.to_owned()) }, "", CommandKind::Shell);
    let hook = name_of(path);
    found.add((TriggerKind::Event, &value(hook), 1), Some(hook), &runs)
}

/// Reads `.pre-commit-config.yaml`: of its hooks, those that the repository itself declares.
pub(super) fn pre_commit(document: &Node, found: &mut Collection) -> Result<(), ReadError> {
    let default = document.items_at(&["default_stages"]).first().and_then(Node::text).unwrap_or("pre-commit");
    for repo in document.items_at(&["repos"]).iter().filter(|r| r.text_at(&["repo"]) == Some("local")) {
        for hook in repo.items_at(&["hooks"]) {
            let Some(entry) = hook.get("entry") else { continue };
            let mut text = entry.text().unwrap_or_default().trim().to_owned();
            for argument in hook.items_at(&["args"]).iter().filter_map(Node::text) {
                text.push(' ');
                text.push_str(argument);
            }
            let stage = hook.items_at(&["stages"]).first().and_then(Node::text).unwrap_or(default);
            // Older files leave `pre-` out.
            let stage =
                if matches!(stage, "commit" | "push") { format!("pre-{stage}") } else { stage.to_owned() };
            let label = hook.text_at(&["id"]).or_else(|| hook.text_at(&["name"]));
            let run = single(text, entry.line, "", CommandKind::Shell);
            if is_hook(&stage) {
                found.add((TriggerKind::Event, &value(&stage), entry.line), label, &[run])?;
            } else if stage == "manual" {
                found.call(label, entry.line, &[run])?;
            }
        }
    }
    Ok(())
}

/// Reads `lefthook.yml`.
pub(super) fn lefthook(document: &Node, found: &mut Collection) -> Result<(), ReadError> {
    for hook in document.entries_at(&[]).iter().filter(|hook| is_hook(&hook.key)) {
        let mut runs: Vec<Command> = Vec::new();
        let commands = hook.node.entries_at(&["commands"]).iter().map(|command| &command.node);
        for run in commands.chain(hook.node.items_at(&["jobs"])).filter_map(|command| command.get("run")) {
            add_script(&mut runs, run, "", CommandKind::Shell);
        }
        if !runs.is_empty() {
            found.add((TriggerKind::Event, &value(&hook.key), hook.line), Some(&hook.key), &runs)?;
        }
    }
    Ok(())
}

fn value(hook: &str) -> String {
    format!("git {hook}")
}

#[cfg(test)]
mod tests {
    use super::super::pipeline_samples::{HUSKY, LEFTHOOK, PRE_COMMIT};
    use super::super::{Starter, StarterFile as F, parse};

    /// Value, line, label and commands.
    fn started(kind: F, path: &str, text: &str) -> Vec<String> {
        let declared = parse(kind, path, text.as_bytes()).unwrap();
        let shown = |starter: Starter| {
            let runs: Vec<String> =
                starter.runs.iter().map(|run| format!("{}:{}:{}", run.line, run.folder, run.text)).collect();
            format!("{} at {} {:?} {}", starter.value, starter.line, starter.label, runs.join(" | "))
        };
        let called = declared.setup.called.iter().map(|called| format!("called {:?}", called.label));
        declared.starters.into_iter().map(shown).chain(called).collect()
    }

    #[test]
    fn scripts_that_are_hooks() {
        let expected = "git pre-commit at 1 Some(\"pre-commit\") 2::. \"$(dirname \"$0\")/_/husky.sh\" | \
                        4::cd web && npm test | 5:web:claude -p \"review\"";
        assert_eq!(started(F::GitHook, "web/.husky/pre-commit", HUSKY), [expected]);
        let after_blank_lines = "git pre-push at 1 Some(\"pre-push\") 3::codex exec x";
        assert_eq!(started(F::GitHook, ".githooks/pre-push", "\n\ncodex exec x\n"), [after_blank_lines]);
        let other_language = "#!/usr/bin/env python3\nclaude -p x\n";
        assert!(started(F::GitHook, ".githooks/pre-push", other_language).is_empty());
    }

    #[test]
    fn hooks_that_pre_commit_runs() {
        let expected = [
            "git pre-push at 12 Some(\"review\") 12::python tools/review.py --staged",
            "git prepare-commit-msg at 15 Some(\"message\") 15::codex exec 'write it'",
            "called Some(\"release-notes\")",
        ];
        assert_eq!(started(F::PreCommit, ".pre-commit-config.yaml", PRE_COMMIT), expected);
    }

    #[test]
    fn hooks_that_lefthook_runs() {
        let expected = [
            "git pre-commit at 2 Some(\"pre-commit\") 6::npm run lint | 9::cd tools | 10:tools:python review.py",
            "git pre-push at 11 Some(\"pre-push\") 14::claude -p x",
        ];
        assert_eq!(started(F::Lefthook, "lefthook.yml", LEFTHOOK), expected);
    }
}
