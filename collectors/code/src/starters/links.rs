//! What the names in one file stand for in others: services, functions, deployments and images.

use std::collections::BTreeMap;

use muster_collect::url::without_tag;

use super::dockerfile::entry_point;
use super::{Command, CommandKind, MAX_COMMANDS, folder_of, kind::is_dockerfile, name_of};
use crate::document::template::HOLE;

/// Names that lead to names further than this are not followed.
const MAX_STEPS: usize = 6;
/// Bytes of commands that all starters of a target get in this way.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Names with the commands that they stand for, of all files.
#[derive(Debug, Default)]
pub(crate) struct Links {
    named: BTreeMap<String, Vec<Command>>,
}

impl Links {
    /// Adds what a name stands for in one file.
    pub(crate) fn add(&mut self, name: String, commands: Vec<Command>) {
        self.named.entry(name).or_default().extend(commands);
    }

    /// Gives what is run the commands that names in it stand for. `packages` are folders and names of the packages
    /// that the manifests describe. Says whether that was possible within the limits.
    pub(crate) fn follow<'s>(
        &mut self,
        starters: impl Iterator<Item = &'s mut Vec<Command>>,
        packages: &[(&str, &str)],
    ) -> bool {
        for commands in self.named.values_mut() {
            commands.sort_by(|a, b| (&a.folder, a.line, &a.text).cmp(&(&b.folder, b.line, &b.text)));
            commands.truncate(MAX_COMMANDS);
        }
        let mut left = MAX_BYTES;
        for runs in starters {
            let mut from = 0;
            for _ in 0..MAX_STEPS {
                let until = runs.len();
                let names: Vec<String> =
                    runs[from..until].iter().filter_map(|command| self.name(command, packages)).collect();
                for command in names.iter().filter_map(|name| self.named.get(name)).flatten() {
                    let Some(rest) = left.checked_sub(command.text.len() + command.folder.len() + 64) else {
                        return false;
                    };
                    left = rest;
                    if runs.len() > MAX_COMMANDS {
                        return false;
                    }
                    if !runs.contains(command) {
                        runs.push(command.clone());
                    }
                }
                from = until;
            }
        }
        true
    }

    /// The name that a command leads to.
    fn name(&self, command: &Command, packages: &[(&str, &str)]) -> Option<String> {
        match command.kind {
            CommandKind::Named => Some(command.text.clone()),
            CommandKind::Image => self.dockerfile(&command.text, packages),
            CommandKind::Entrypoint => Some(entry_point(&self.dockerfile(&command.text, packages)?)),
            _ => None,
        }
    }

    /// The only Dockerfile that an image can be built from, by its name.
    fn dockerfile(&self, image: &str, packages: &[(&str, &str)]) -> Option<String> {
        let stated = self.named.get(&image_name(image)).and_then(|commands| commands.first());
        if let Some(command) = stated {
            return Some(command.text.clone());
        }
        let files = || self.named.keys().filter(|name| is_dockerfile(name));
        let mut fitting: Vec<&String> = Vec::new();
        if let Some(wanted) = short_name(image) {
            fitting.extend(files().filter(|path| {
                let folder = folder_of(path);
                let file = name_of(path);
                let own = file.strip_prefix("Dockerfile.").or_else(|| file.strip_suffix(".Dockerfile"));
                let package = || packages.iter().any(|(at, name)| *at == folder && same(name, &wanted));
                match own {
                    Some(own) => same(own, &wanted),
                    None => same(name_of(folder), &wanted) || package(),
                }
            }));
        } else {
            // What only the values of a deployment name is built from the one that there is.
            fitting.extend(files());
        }
        match fitting.as_slice() {
            [only] => Some((*only).clone()),
            _ => None,
        }
    }
}

/// The name under which a file says what an image is built from.
pub(super) fn image_name(image: &str) -> String {
    format!("image {}", without_tag(image))
}

/// The last part of an image's name; nothing where only the values of a deployment say it.
fn short_name(image: &str) -> Option<String> {
    for registry in
        ["aws_ecr_repository.", "google_artifact_registry_repository.", "azurerm_container_registry."]
    {
        if let Some((_, rest)) = image.split_once(registry) {
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
            // A name behind the registry says more than that of the registry.
            let behind = image.rsplit_once('}').map_or("", |(_, rest)| rest).trim_start_matches('/');
            let behind = behind.split([':', '@']).next().unwrap_or_default();
            return Some(if behind.is_empty() || image.ends_with('}') {
                name
            } else {
                name_of(behind).to_owned()
            });
        }
    }
    let name = name_of(without_tag(image));
    let known = !name.is_empty() && !name.contains(['$', '{', '}']) && !name.contains(HOLE);
    known.then(|| name.to_owned())
}

/// Names that differ in case and separators only.
fn same(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        name_of(name).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let one = plain(one);
    !one.is_empty() && one == plain(other)
}

#[cfg(test)]
mod tests {
    use super::super::commands::single;
    use super::*;

    fn follow(links: &mut Links, kind: CommandKind, text: &str) -> Vec<String> {
        let mut runs = vec![single(text, 1, "k8s", kind)];
        assert!(links.follow(std::iter::once(&mut runs), &[("", "refund_agent")]));
        runs.into_iter().skip(1).map(|run| run.text).collect()
    }

    #[test]
    fn names_are_followed_once() {
        let mut links = Links::default();
        links.add("a".to_owned(), vec![single("b", 1, "", CommandKind::Named)]);
        links.add("b".to_owned(), vec![single("a", 1, "", CommandKind::Named)]);
        links.add("b".to_owned(), vec![single("run", 2, "", CommandKind::Shell)]);
        assert_eq!(follow(&mut links, CommandKind::Named, "a"), ["b", "a", "run"]);
        assert_eq!(follow(&mut links, CommandKind::Named, "c"), [""; 0]);
    }

    #[test]
    fn images_lead_to_the_only_fitting_file() {
        let mut links = Links::default();
        for path in ["Dockerfile", "svc/agent/Dockerfile", "docker/Dockerfile.web"] {
            links.add(path.to_owned(), vec![single(path, 1, "", CommandKind::ImageCommand)]);
        }
        links.add(image_name("x/y"), vec![single("docker/Dockerfile.web", 1, "", CommandKind::Named)]);
        let cases = [
            ("ghcr.io/acme/agent:1.2", "svc/agent/Dockerfile"),
            ("localhost:5000/agent", "svc/agent/Dockerfile"),
            ("acme/refund-agent@sha256:0", "Dockerfile"),
            ("acme/web", "docker/Dockerfile.web"),
            ("x/y:latest", "docker/Dockerfile.web"),
            ("${aws_ecr_repository.agent.repository_url}:latest", "svc/agent/Dockerfile"),
            ("postgres:16", ""),
            ("${var.image}", ""),
        ];
        for (image, path) in cases {
            let found = follow(&mut links, CommandKind::Image, image);
            assert_eq!(found.join(" "), path, "{image}");
        }
    }
}
