//! Images that are made from the code of a target: what pipelines build, and what workloads of its own run.

use std::collections::BTreeMap;

use asmm_model::{Claim, JoinStrength};
use muster_collect::url;

use super::commands::single;
use super::wrappers::option_value;
use super::{Collection, Command, CommandKind, ReadError, shell};
use crate::document::Node;
use crate::document::template::HOLE;

/// Stands in a name for the repository, `OWNER/NAME`, of which only the whole target knows what it is called.
pub(crate) const REPOSITORY: &str = "<repository>";
/// The same for its owner.
pub(crate) const OWNER: &str = "<owner>";
/// The same for its own name.
pub(crate) const NAME: &str = "<name>";

/// Programs that build images.
const TOOLS: [&str; 4] = ["docker", "podman", "buildah", "kaniko"];
/// Variables that stand for variables further than this are not followed.
const MAX_STEPS: usize = 4;
/// Bytes of a text that may be the name of an image or of a file.
const LONGEST: usize = 1_000;
/// Variables of one name that are followed.
const MAX_EXPANDED: usize = 50;
/// Names of one build.
const MAX_NAMES: usize = 20;

/// Something that the code of a target is known by where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// What it says of the system whose code is run.
    pub(crate) claim: Claim,
    /// As it is written, with [`REPOSITORY`] and its like in it.
    pub(crate) value: String,
    pub(crate) strength: JoinStrength,
    pub(crate) line: u32,
    /// What leads to the code.
    pub(crate) runs: Vec<Command>,
}

/// Settings of a pipeline by their names; those that are set to different values in different places are left out.
#[derive(Debug, Default)]
pub(super) struct Variables<'n>(BTreeMap<&'n str, Option<&'n str>>);

impl<'n> Variables<'n> {
    /// Adds a table of names and values.
    pub(super) fn add(&mut self, table: Option<&'n Node>) {
        for entry in table.map_or(&[][..], Node::entries) {
            let value = entry.node.scalar().or_else(|| entry.node.text_at(&["value"]));
            let known = self.0.entry(&entry.key).or_insert(value);
            if *known != value {
                *known = None;
            }
        }
    }

    /// A text with what its variables and expressions stand for; those of which nothing is known become a hole.
    fn expand(&self, text: &str) -> String {
        self.expanded(text, MAX_STEPS, &mut { MAX_EXPANDED })
    }

    /// `left` counts down over all of it: variables that stand for variables many times over come to an end.
    fn expanded(&self, text: &str, steps: usize, left: &mut usize) -> String {
        if text.len() > LONGEST {
            return HOLE.to_owned();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let (name, after) = variable(&rest[at + 1..]);
            rest = after;
            out.push_str(&match self.0.get(name).copied().flatten() {
                Some(value) if steps > 0 && *left > 0 => {
                    *left -= 1;
                    self.expanded(value, steps - 1, left)
                }
                _ => given(name).to_owned(),
            });
        }
        out.push_str(rest);
        out
    }
}

/// The name of a variable or an expression behind its `$`, and what follows.
fn variable(text: &str) -> (&str, &str) {
    let (inner, after) = if let Some(rest) = text.strip_prefix("{{") {
        rest.split_once("}}").unwrap_or((rest, ""))
    } else if let Some(rest) = text.strip_prefix('{') {
        rest.split_once('}').unwrap_or((rest, ""))
    } else {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        text.split_at(end)
    };
    let inner = inner.trim();
    (inner.strip_prefix("env.").unwrap_or(inner), after)
}

/// What a service of pipelines gives to all of them.
fn given(name: &str) -> &'static str {
    match name {
        "github.repository" | "GITHUB_REPOSITORY" | "CI_PROJECT_PATH" => REPOSITORY,
        "github.repository_owner" | "GITHUB_REPOSITORY_OWNER" | "CI_PROJECT_NAMESPACE" => OWNER,
        "github.event.repository.name" | "CI_PROJECT_NAME" => NAME,
        "CI_REGISTRY" => "registry.gitlab.com",
        "CI_REGISTRY_IMAGE" => "registry.gitlab.com/<repository>",
        _ => HOLE,
    }
}

/// Reads what the steps of a workflow build, by the usual action or by a command.
pub(super) fn workflow(workflow: &Node, runs: &[Command], found: &mut Collection) -> Result<(), ReadError> {
    let steps = || workflow.entries_at(&["jobs"]).iter().flat_map(|job| job.node.items_at(&["steps"]));
    let mut variables = Variables::default();
    variables.add(workflow.get("env"));
    workflow.entries_at(&["jobs"]).iter().for_each(|job| variables.add(job.node.get("env")));
    steps().for_each(|step| variables.add(step.get("env")));
    for step in steps() {
        let action = step.text_at(&["uses"]).unwrap_or_default();
        let (Some(with), true) = (step.get("with"), action.starts_with("docker/build-push-action@")) else {
            continue;
        };
        let context = with.text_at(&["context"]).unwrap_or(".");
        let context = context.rsplit_once("{{defaultContext}}:").map_or(context, |(_, folder)| folder);
        let tags = with.entry("tags");
        let line = tags.map_or(step.line, |tags| tags.line);
        let names = tags.and_then(|tags| tags.node.text()).unwrap_or_default();
        let names = metadata(names, steps()).unwrap_or(names);
        let file = with.text_at(&["file"]).map(str::to_owned);
        let file = file.unwrap_or_else(|| shell::join(context, "Dockerfile"));
        built(&variables, names.split(['\n', ',']), &file, line, found)?;
    }
    commands(&variables, runs, found)
}

/// The names that a step gives to an image whose tags it makes, where a text is the outcome of that step.
fn metadata<'n>(text: &str, mut steps: impl Iterator<Item = &'n Node>) -> Option<&'n str> {
    let (_, rest) = text.split_once("steps.")?;
    let (id, _) = rest.split_once(".outputs.")?;
    steps.find(|step| step.text_at(&["id"]) == Some(id))?.text_at(&["with", "images"])
}

/// Reads what commands of a pipeline build.
pub(super) fn commands(
    variables: &Variables<'_>,
    runs: &[Command],
    found: &mut Collection,
) -> Result<(), ReadError> {
    let builds = |command: &&Command| {
        command.kind == CommandKind::Shell && TOOLS.iter().any(|tool| command.text.contains(tool))
    };
    for command in runs.iter().filter(builds) {
        let mut folder = command.folder.clone();
        for call in shell::calls(&command.text) {
            if let Some(words) = build(&call.words) {
                let value = |name: &str| option_value(words, name);
                let names = words.iter().enumerate().filter_map(|(at, word)| match word.as_str() {
                    "-t" | "--tag" | "--destination" => words.get(at + 1).map(String::as_str),
                    _ => word.strip_prefix("--tag=").or_else(|| word.strip_prefix("--destination=")),
                });
                let last = words.last().filter(|word| !word.starts_with('-')).map_or(".", String::as_str);
                let context = shell::join(&folder, value("--context").unwrap_or(last));
                let named = value("--file").or_else(|| value("-f"));
                let file = named.map_or_else(
                    || shell::join(&context, value("--dockerfile").unwrap_or("Dockerfile")),
                    |file| shell::join(&folder, file),
                );
                built(variables, names, &file, command.line, found)?;
            }
            folder = shell::folder_after(&folder, &call.words);
        }
    }
    Ok(())
}

/// The arguments of a call that builds an image.
fn build(words: &[String]) -> Option<&[String]> {
    let words = if words.first().is_some_and(|word| word == "sudo") { &words[1..] } else { words };
    let words: &[String] = match words {
        [tool, rest @ ..] if tool.ends_with("/kaniko/executor") => return Some(rest),
        [tool, rest @ ..] if TOOLS.contains(&tool.as_str()) => rest,
        _ => return None,
    };
    let words = match words {
        [group, rest @ ..] if matches!(group.as_str(), "buildx" | "image" | "builder") => rest,
        other => other,
    };
    match words {
        [build, rest @ ..] if matches!(build.as_str(), "build" | "bud") => Some(rest),
        _ => None,
    }
}

/// Adds the names of an image that is built from a file.
pub(super) fn built<'n>(
    variables: &Variables<'_>,
    names: impl Iterator<Item = &'n str>,
    file: &str,
    line: u32,
    found: &mut Collection,
) -> Result<(), ReadError> {
    let file = variables.expand(file);
    if file.contains(HOLE) || file.contains("://") {
        return Ok(());
    }
    let run = single(shell::join("", &file), line, "", CommandKind::Named);
    for name in names.map(str::trim).filter(|name| !name.is_empty()).take(MAX_NAMES) {
        let name = variables.expand(name);
        found.known(Claim::BuildsImage, (&name, JoinStrength::Strong, line), std::slice::from_ref(&run))?;
    }
    Ok(())
}

/// Adds the images that workloads declared beside the code run, and the digests that these are pinned to. What is theirs, the image
/// alone says: a command may run anything in an image that others made.
pub(super) fn pod(pod: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let containers = ["initContainers", "containers"].into_iter().flat_map(|key| pod.items_at(&[key]));
    for image in containers.filter_map(|container| container.entry("image")) {
        // A name of one word is one of those that the registry itself keeps.
        let Some(reference) = image.node.text().filter(|text| text.contains('/')) else { continue };
        let runs = [single(reference, image.line, folder, CommandKind::Image)];
        found.known(Claim::BuildsImage, (reference, JoinStrength::Medium, image.line), &runs)?;
        if let Some(digest) = url::digest(reference) {
            found.known(Claim::PinsDigest, (digest, JoinStrength::Strong, image.line), &runs)?;
        }
    }
    Ok(())
}

/// Adds the repository that an image says it is made from.
pub(super) fn source(label: &str, path: &str, line: u32, found: &mut Collection) -> Result<(), ReadError> {
    const KEY: &str = "org.opencontainers.image.source";
    let words = shell::calls(label).into_iter().flat_map(|call| call.words).collect::<Vec<_>>();
    let Some(value) = option_value(&words, &format!("{KEY}=")) else { return Ok(()) };
    let run = single(path, line, "", CommandKind::Named);
    found.known(Claim::KeptIn, (value, JoinStrength::Medium, line), &[run])
}

impl Collection {
    /// Adds what the code that commands lead to is known by, unless that is too much or nothing that could be known.
    fn known(
        &mut self,
        claim: Claim,
        (value, strength, line): (&str, JoinStrength, u32),
        runs: &[Command],
    ) -> Result<(), ReadError> {
        if url::without_tag(value).contains(HOLE) || value.len() > 500 {
            return Ok(());
        }
        self.bytes += value.len() + runs.iter().map(|r| r.text.len() + r.folder.len()).sum::<usize>();
        if self.known.len() >= super::MAX_NAMED || self.bytes > super::MAX_COMMAND_BYTES {
            return Err(ReadError::At { line, problem: "declares more than is read" });
        }
        self.known.push(Known { claim, value: value.to_owned(), strength, line, runs: runs.to_vec() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading;
    use super::*;

    #[test]
    fn variables_that_stand_for_many_others_come_to_an_end() {
        let many = |name: &str| format!("${name}").repeat(400);
        let text = format!("A: {}\nB: {}\nC: {}\nD: ''\n", many("B"), many("C"), many("D"));
        let table = reading::yaml(&text).expect("a table");
        let mut variables = Variables::default();
        variables.add(Some(&table));
        assert!(variables.expand("ghcr.io/$A").contains(HOLE));
        assert_eq!(variables.expand(&"x".repeat(LONGEST + 1)), HOLE);
        assert_eq!(variables.expand("ghcr.io/${D}x:${{ env.E }}"), format!("ghcr.io/x:{HOLE}"));
    }
}
