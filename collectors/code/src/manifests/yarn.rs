//! JavaScript: `yarn.lock` of the classic and the modern Yarn, which share their layout of lines.

use std::collections::BTreeSet;

use super::npm::{aliased, split_name};
use super::text::one_based;
use super::{Found, MAX_DEPENDENCIES, Manifest};

/// A block under way.
#[derive(Debug, Default)]
struct Block<'a> {
    name: &'a str,
    version: Option<&'a str>,
    line: u32,
    /// A package of the project itself.
    own: bool,
    /// Inside the list of what it asks for.
    in_dependencies: bool,
    names: Vec<&'a str>,
}

/// Reads a `yarn.lock`; only the modern one tells what is direct.
pub(super) fn yarn(manifest: &mut Manifest, text: &str) {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut skipping = true;
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_end();
        let trimmed = content.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let indentation = content.len() - trimmed.len();
        if indentation == 0 {
            if blocks.len() > MAX_DEPENDENCIES {
                break;
            }
            let header = trimmed.strip_suffix(':').and_then(described);
            skipping = header.is_none();
            if let Some((name, own)) = header {
                blocks.push(Block { name, own, line: one_based(index), ..Block::default() });
            } else if trimmed != "__metadata:" {
                manifest.warn(one_based(index), "no package");
            }
            continue;
        }
        let Some(block) = blocks.last_mut().filter(|_| !skipping) else { continue };
        let (key, value) = setting(trimmed);
        if indentation <= 2 {
            block.in_dependencies =
                matches!(key, "dependencies" | "optionalDependencies" | "peerDependencies");
            match key {
                "version" => block.version = Some(value).filter(|v| !v.is_empty()),
                // The package behind an alias.
                "resolution" => block.name = split_name(value).0,
                _ => {}
            }
        } else if block.own && block.in_dependencies {
            block.names.push(key);
        }
    }
    let direct: BTreeSet<&str> =
        blocks.iter().filter(|b| b.own).flat_map(|b| b.names.iter().copied()).collect();
    for block in blocks.iter().filter(|b| !b.own) {
        let found = Found::locked(block.name, block.version, block.line);
        manifest.add(Found { direct: direct.contains(block.name), ..found });
    }
}

/// Name of the package that a block's first line describes, and whether it is one of the project's own.
fn described(header: &str) -> Option<(&str, bool)> {
    let first = header.trim_matches('"').split([',', '"']).next()?.trim();
    let (name, range) = split_name(first);
    let range = range?;
    let own = range.starts_with("workspace:");
    Some((aliased(range).map_or(name, |(real, _)| real), own))
}

/// Key and value of `key value`, `key: value` and their quoted forms.
fn setting(line: &str) -> (&str, &str) {
    let (key, value) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((key, value)) => (key, value),
        None => line.split_at(line.find([' ', ':']).unwrap_or(line.len())),
    };
    (key, value.trim_start_matches(':').trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, table};

    #[test]
    fn the_classic_form_is_read() {
        let text = "# yarn lockfile v1\n\n\n\"@langchain/core@^0.3.0\", \"@langchain/core@^0.3.1\":\n  version \"0.3.2\"\n  resolved \"https://example.com/x.tgz#abc\"\n  dependencies:\n    zod \"^3\"\n\nopenai@^4.0.0, openai@^4.1.0:\n  version \"4.1.0\"\n\nalias@npm:real@^1:\n  version \"1.2.0\"\nbroken\n  version \"9\"\n";
        assert_eq!(
            table(ManifestKind::YarnLock, "yarn.lock", text),
            [
                "4 @langchain/core - 0.3.2 transitive",
                "10 openai - 4.1.0 transitive",
                "13 real - 1.2.0 transitive",
                "! line 15: no package",
            ]
        );
    }

    #[test]
    fn the_modern_form_tells_what_is_direct() {
        let text = "__metadata:\n  version: 8\n\n\"@ai-sdk/openai@npm:^1.0.0\":\n  version: 1.0.5\n  resolution: \"@ai-sdk/openai@npm:1.0.5\"\n  dependencies:\n    zod: \"npm:^3\"\n\n\"alias@npm:real@^1, x@npm:real@^1\":\n  version: 1.2.0\n  resolution: \"real@npm:1.2.0\"\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    \"@ai-sdk/openai\": \"npm:^1.0.0\"\n  languageName: unknown\n\n\"zod@npm:^3\":\n  version: 3.1.0\n";
        assert_eq!(
            table(ManifestKind::YarnLock, "yarn.lock", text),
            ["4 @ai-sdk/openai - 1.0.5 direct", "10 real - 1.2.0 transitive", "21 zod - 3.1.0 transitive",]
        );
    }
}
