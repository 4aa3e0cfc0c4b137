//! PHP: `composer.json` and `composer.lock`.

use super::text::is_exact;
use super::{Found, Manifest};
use crate::document::{Node, ReadError, Value};

/// Reads what a project asks for.
pub(super) fn manifest(manifest: &mut Manifest, root: &Node) -> Result<(), ReadError> {
    if !matches!(root.value, Value::Table(_)) {
        return Err(ReadError::At { line: root.line, problem: "no object" });
    }
    let text = |key| root.text_at(&[key]).map(str::to_owned);
    (manifest.name, manifest.version) = (text("name"), text("version"));
    manifest.describe(Some(root));
    manifest.add_authors(root.get("authors"));
    manifest.entry_points.extend(root.items_at(&["bin"]).iter().filter_map(Node::text).map(str::to_owned));
    manifest.entry_points.extend(text("bin"));
    for (key, development) in [("require", false), ("require-dev", true)] {
        for entry in root.entries_at(&[key]) {
            // Without a vendor it is the interpreter or one of its extensions.
            if !entry.key.contains('/') {
                continue;
            }
            let Some(requirement) = entry.node.text() else {
                manifest.warn(entry.line, "a requirement that is no text");
                continue;
            };
            let locked = Some(requirement).filter(|r| is_exact(r));
            let found = Found::asked(&entry.key, entry.line);
            manifest.add(Found { requirement: Some(requirement), locked, development, ..found });
        }
    }
    Ok(())
}

/// Reads what is installed.
pub(super) fn lock(manifest: &mut Manifest, root: &Node) {
    for (key, development) in [("packages", false), ("packages-dev", true)] {
        for package in root.items_at(&[key]) {
            match package.entry("name").and_then(|e| Some((e.node.text()?, e.line))) {
                Some((name, line)) => {
                    let found = Found::locked(name, package.text_at(&["version"]), line);
                    manifest.add(Found { development, ..found });
                }
                None => manifest.warn(package.line, "a package without a name"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn requirements_are_read() {
        let text = "{\n\"name\": \"acme/app\", \"description\": \"An app\",\n\"bin\": [\"bin/run\"],\n\"require\": {\n\"php\": \">=8.1\",\n\"ext-json\": \"*\",\n\"OpenAI-PHP/client\": \"^0.8\",\n\"a/b\": \"1.2.3\"},\n\"require-dev\": {\"phpunit/phpunit\": \"^10\",\n\"c/d\": 3}}";
        assert_eq!(
            table(ManifestKind::ComposerJson, "composer.json", text),
            [
                "7 openai-php/client ^0.8 - direct",
                "8 a/b 1.2.3 1.2.3 direct",
                "9 phpunit/phpunit ^10 - direct dev",
                "! line 10: a requirement that is no text",
            ]
        );
        let manifest = parse(ManifestKind::ComposerJson, "composer.json", text.as_bytes()).unwrap();
        assert_eq!(manifest.name.as_deref(), Some("acme/app"));
        assert_eq!(manifest.description.as_deref(), Some("An app"));
        assert_eq!(manifest.entry_points, ["bin/run"]);
    }

    #[test]
    fn locks_are_read() {
        let text = "{\"packages\": [\n{\"version\": \"v0.8.1\",\n\"name\": \"openai-php/client\"}, {}],\n\"packages-dev\": [{\"name\": \"x/y\", \"version\": \"1.0\"}]}";
        assert_eq!(
            table(ManifestKind::ComposerLock, "composer.lock", text),
            [
                "3 openai-php/client - v0.8.1 transitive",
                "4 x/y - 1.0 transitive dev",
                "! line 3: a package without a name",
            ]
        );
    }
}
