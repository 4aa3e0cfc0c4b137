//! What workflows, jobs and timers run, by the action they use or by the command they call: coding agents and evaluations.

use asmm_model::{ControlKind, Effect};
use serde::{Deserialize, Serialize};

/// One way in which an agent is run, or an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunSite {
    /// Actions and workflows, without their version: `anthropics/claude-code-action`. What is below one is meant as well.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Commands: the program, then words that must all be there (`claude -p`).
    #[serde(default)]
    pub commands: Vec<String>,
    /// What it can do by itself.
    #[serde(default)]
    pub tools: Vec<ReadyTool>,
    /// Texts in the command or in the inputs of the action that let it act without asking; of `--allowedTools&Bash` both
    /// must be there.
    #[serde(default)]
    pub unattended: Vec<String>,
    /// Texts that keep it from changing anything.
    #[serde(default)]
    pub confined: Vec<String>,
    /// The kind of control that such a step is, where it runs no agent: `evaluation`.
    #[serde(default)]
    pub means: Option<ControlKind>,
    /// For evaluations: whether a step is one that runs code in which the component is used.
    #[serde(default)]
    pub code: bool,
}

/// A tool that an agent brings along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReadyTool {
    /// What the agent calls it.
    pub name: String,
    /// What it does.
    pub effect: Effect,
    /// Whether it is refused unless something lets the agent act without asking: nobody is there to ask.
    #[serde(default)]
    pub if_unattended: bool,
}

impl RunSite {
    /// Whether a text lets the agent act without asking.
    pub fn is_unattended(&self, text: &str) -> bool {
        has_any(&self.unattended, text)
    }

    /// Whether a text keeps the agent from changing anything.
    pub fn is_confined(&self, text: &str) -> bool {
        has_any(&self.confined, text)
    }

    /// Whether an action, as a step uses it (`owner/name/path@version`), is one of these.
    pub fn is_action(&self, uses: &str) -> bool {
        let name = uses.split('@').next().unwrap_or(uses);
        self.actions.iter().any(|action| {
            name.get(..action.len()).is_some_and(|head| head.eq_ignore_ascii_case(action))
                && (name.len() == action.len() || name.as_bytes()[action.len()] == b'/')
        })
    }

    /// What is wrong in what it says of controls, with what to write instead.
    pub(crate) fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        let mut mistakes = Vec::new();
        let is_agent = !(self.tools.is_empty() && self.unattended.is_empty() && self.confined.is_empty());
        match self.means {
            None if self.code => mistakes.push((
                "`[[rule.run]]` is told by the code that is run and is no evaluation",
                "add `means = \"evaluation\"`, or remove `code`",
            )),
            Some(ControlKind::Evaluation) if is_agent => mistakes.push((
                "`[[rule.run]]` is an evaluation and has tools",
                "remove `tools`, `unattended` and `confined`: only agents have them",
            )),
            None | Some(ControlKind::Evaluation) => {}
            Some(_) => mistakes
                .push(("`[[rule.run]]` means a control that no step is", "write `means = \"evaluation\"`")),
        }
        mistakes
    }

    /// Whether a line of shell calls one of these commands: its program stands where a program can stand, and the other
    /// words follow before the command ends.
    pub fn is_command(&self, line: &str) -> bool {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.commands.iter().any(|command| is_command(&words, command))
    }
}

/// Whether the words of a line of shell call a command, which is a program and words that follow it in any order.
pub fn is_command(words: &[&str], command: &str) -> bool {
    let mut wanted = command.split(' ');
    let program = wanted.next().unwrap_or_default();
    let wanted: Vec<&str> = wanted.collect();
    (0..words.len()).any(|at| {
        let rest = words[at + 1..].iter().take_while(|word| !ends_command(word));
        is_program(words[at], program)
            && starts_command(&words[..at])
            && wanted.iter().all(|want| rest.clone().any(|word| word == want))
    })
}

fn has_any(wanted: &[String], text: &str) -> bool {
    wanted.iter().any(|want| want.split('&').all(|part| text.contains(part)))
}

fn is_program(word: &str, program: &str) -> bool {
    // `answer=$(claude …)`
    let word = word.rsplit("$(").next().unwrap_or(word).trim_start_matches(['(', '"', '\'', '`']);
    let name = word.trim_end_matches(['"', '\'']).rsplit('/').next().unwrap_or(word);
    // `npx promptfoo@latest eval`, `npx @openai/codex exec`
    let is_program = name == program || name.split_once('@').is_some_and(|(name, _)| name == program);
    is_program || word.split('@').nth(1).is_some_and(|package| package.ends_with(&format!("/{program}")))
}

/// Whether a program may follow these words: at the beginning, behind what ends a command, variables, or a launcher.
fn starts_command(before: &[&str]) -> bool {
    const LAUNCHERS: [&str; 25] = [
        "npx", "bunx", "pnpm", "yarn", "bun", "uvx", "pnpx", "dlx", "exec", "-y", "--yes", "sudo", "timeout",
        "time", "env", "then", "do", "if", "!", "else", "xargs", "nohup", "run", "pipx", "command",
    ];
    match before.last() {
        None => true,
        Some(word) => {
            let sets = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            });
            let opens = word.ends_with("$(") || word.ends_with('(') || matches!(*word, "-c" | "-lc" | "-ec");
            let counts = word.trim_end_matches(['s', 'm', 'h']).parse::<u32>().is_ok();
            ends_command(word) || sets || opens || counts || LAUNCHERS.contains(word)
        }
    }
}

fn ends_command(word: &str) -> bool {
    matches!(word, "|" | "||" | "&&" | ";" | "&" | "|&") || word.ends_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(commands: &[&str], actions: &[&str]) -> RunSite {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        RunSite {
            actions: texts(actions),
            commands: texts(commands),
            tools: Vec::new(),
            unattended: Vec::new(),
            confined: Vec::new(),
            means: None,
            code: false,
        }
    }

    #[test]
    fn a_command_is_a_program_with_its_words() {
        let site = site(&["claude -p", "codex exec"], &[]);
        let cases = [
            ("claude -p \"fix it\"", true),
            ("cat notes | claude --model opus -p 'x' > out", true),
            ("KEY=1 npx -y @openai/codex exec --full-auto x", true),
            ("result=$(claude -p x)", true),
            ("timeout 10m ~/.local/bin/claude -p x", true),
            ("npx claude@latest -p x", true),
            ("ssh claude@host -p 22", false),
            ("claude --version", false),
            ("echo claude -p", false),
            ("npm install -g claude && node -p 1", false),
            ("claude; node -p 1", false),
            ("mkdir -p claude", false),
        ];
        for (line, expected) in cases {
            assert_eq!(site.is_command(line), expected, "{line}");
        }
    }

    #[test]
    fn an_action_is_told_without_its_version() {
        let site = site(&[], &["anthropics/claude-code-action"]);
        let cases = [
            ("anthropics/claude-code-action@v1", true),
            ("Anthropics/Claude-Code-Action/base-action@beta", true),
            ("anthropics/claude-code-action-extra@v1", false),
            ("./.github/actions/claude-code-action", false),
        ];
        for (uses, expected) in cases {
            assert_eq!(site.is_action(uses), expected, "{uses}");
        }
    }
}
