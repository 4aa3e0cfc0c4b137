//! Containers: what one runs, by its own command or by that of its image.

use super::commands::single;
use super::{Command, CommandKind, shell};
use crate::document::Node;

/// Which settings of a container stand for the program and its arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) program: &'static str,
    pub(super) arguments: &'static str,
}

/// Of Kubernetes, and of what follows it.
pub(super) const POD: Keys = Keys { program: "command", arguments: "args" };
/// Of ECS.
pub(super) const TASK: Keys = Keys { program: "entryPoint", arguments: "command" };

/// What a container runs: its own command, and the image where that has a say.
pub(super) fn container_command(container: &Node, folder: &str, keys: Keys) -> Vec<Command> {
    let given = |key: &str| container.get(key).map_or(&[][..], Node::one_or_more);
    let words: Vec<&Node> = given(keys.program)
        .iter()
        .chain(given(keys.arguments))
        .filter(|word| word.text().is_some())
        .collect();
    let mut runs = Vec::new();
    if let Some(first) = words.first() {
        let mut text = shell::quoted(words.iter().filter_map(|word| word.text()));
        let folders = ["workingDir", "working_dir", "workingDirectory"];
        if let Some(working) = folders.iter().find_map(|key| container.text_at(&[key])) {
            text = format!("cd {} && {text}", shell::quoted(std::iter::once(working)));
        }
        runs.push(single(text, first.line, folder, CommandKind::ImageCommand));
    }
    if given(keys.program).is_empty()
        && let Some(node) = container.get("image")
    {
        let kind = if words.is_empty() { CommandKind::Image } else { CommandKind::Entrypoint };
        runs.extend(image(node, folder).map(|command| Command { kind, ..command }));
    }
    runs
}

/// What an image runs when nothing else is said.
pub(super) fn image(node: &Node, folder: &str) -> Option<Command> {
    Some(single(node.text()?, node.line, folder, CommandKind::Image))
}
