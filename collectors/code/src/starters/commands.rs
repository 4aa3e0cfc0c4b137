//! Scripts of several lines as single commands, each with its line and its working folder.

use super::shell;
use super::{Command, CommandKind, MAX_COMMANDS};
use crate::document::Node;

/// Adds the commands of a script that begins in a folder.
///
/// Continued lines become one; the bodies of here-documents are left out; a `cd` on the way changes the folder of what
/// follows, and the folder at the end is given back. Stops one command above what a starter may have.
pub(super) fn add_script(runs: &mut Vec<Command>, script: &Node, folder: &str, kind: CommandKind) -> String {
    let Some(text) = script.text() else { return folder.to_owned() };
    // The node's line is that of the first text that is not blank.
    let mut line = script.line;
    let mut folder = folder.to_owned();
    let mut lines = text.trim_start_matches(['\n', '\r']).split('\n');
    while let Some(first) = lines.next() {
        let at = line;
        line = line.saturating_add(1);
        let mut command = first.trim().to_owned();
        while let Some(start) = command.strip_suffix('\\') {
            command.truncate(start.trim_end().len());
            let Some(next) = lines.next() else { break };
            line = line.saturating_add(1);
            command.push(' ');
            command.push_str(next.trim());
        }
        if command.is_empty() || command.starts_with('#') {
            continue;
        }
        if runs.len() > MAX_COMMANDS {
            return folder;
        }
        if let Some(end) = here_document_end(&command) {
            for body in lines.by_ref() {
                line = line.saturating_add(1);
                if body.trim() == end {
                    break;
                }
            }
        }
        let mut after = folder.clone();
        if command.contains("cd ") || command.contains("pushd ") {
            for call in shell::calls(&command).iter().filter(|call| call.depth == 0) {
                after = shell::folder_after(&after, &call.words);
            }
        }
        runs.push(Command { text: command, line: at, folder: std::mem::replace(&mut folder, after), kind });
    }
    folder
}

/// The word that ends a here-document which the command begins.
pub(crate) fn here_document_end(command: &str) -> Option<String> {
    let (_, rest) = command.split_once("<<")?;
    // `<<<` gives a string, not a document.
    let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start();
    let word: String = rest
        .trim_start_matches(['"', '\'', '\\'])
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!rest.starts_with('<') && word.starts_with(|c: char| c.is_alphabetic() || c == '_')).then_some(word)
}

/// One command that is not a script.
pub(super) fn single(text: impl Into<String>, line: u32, folder: &str, kind: CommandKind) -> Command {
    Command { text: text.into(), line, folder: folder.to_owned(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Value;

    #[test]
    fn scripts_become_commands() {
        let text = "\n\npip install -r r.txt\n# note\ncd agents && python a.py \\\n  --x \\\n  --y\n\ncat <<'EOF' > f\npython no.py\nEOF\n(cd ..; x)\npython b.py\n";
        let mut runs = Vec::new();
        let script = Node { line: 10, value: Value::Text(text.to_owned()) };
        add_script(&mut runs, &script, "top", CommandKind::Shell);
        let expected = [
            ("pip install -r r.txt", 10, "top"),
            ("cd agents && python a.py --x --y", 12, "top"),
            ("cat <<'EOF' > f", 16, "top/agents"),
            ("(cd ..; x)", 19, "top/agents"),
            ("python b.py", 20, "top/agents"),
        ];
        assert_eq!(runs, expected.map(|(text, line, folder)| single(text, line, folder, CommandKind::Shell)));
    }
}
