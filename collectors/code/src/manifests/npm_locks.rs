//! JavaScript: `package-lock.json` in its three versions, and `bun.lock`.

use std::collections::BTreeMap;

use super::npm::{TABLES, aliased, split_name};
use super::{Found, Manifest};
use crate::document::Node;

/// Names that the project's own packages ask for, and whether only for development.
type Asked<'a> = BTreeMap<&'a str, bool>;

fn ask<'a>(asked: &mut Asked<'a>, package: &'a Node) {
    for (key, development) in TABLES {
        for entry in package.entries_at(&[key]) {
            *asked.entry(&entry.key).or_insert(true) &= development;
        }
    }
}

/// Reads a `package-lock.json` or `npm-shrinkwrap.json`.
pub(super) fn package_lock(manifest: &mut Manifest, root: &Node) {
    manifest.name = root.text_at(&["name"]).map(str::to_owned);
    manifest.version = root.text_at(&["version"]).map(str::to_owned);
    if root.get("packages").is_none() {
        nested(manifest, root);
        return;
    }
    let packages = root.entries_at(&["packages"]);
    let mut asked = Asked::new();
    for own in packages.iter().filter(|p| !p.key.contains("node_modules/")) {
        ask(&mut asked, &own.node);
        if !own.key.is_empty() {
            manifest.workspaces.push(own.key.clone());
        }
    }
    for entry in packages {
        let Some((before, folder)) = entry.key.rsplit_once("node_modules/") else { continue };
        // A link leads to one of the project's own packages.
        if entry.node.is_true("link") {
            continue;
        }
        // The folder of an alias has another name than what lies in it.
        let alias = entry.node.entry("name").and_then(|e| Some((e.node.text()?, e.line)));
        let (name, line) = alias.unwrap_or((folder, entry.line));
        let found = Found::locked(name, entry.node.text_at(&["version"]), line);
        let direct = !before.contains("node_modules/") && asked.contains_key(folder);
        manifest.add(Found { direct, development: entry.node.is_true("dev"), ..found });
    }
}

/// Version 1: packages inside packages; the JSON parser bounds how deep.
fn nested(manifest: &mut Manifest, parent: &Node) {
    for entry in parent.entries_at(&["dependencies"]) {
        let version = entry.node.text_at(&["version"]);
        let (name, version) = version.and_then(aliased).unwrap_or((&entry.key, version));
        let development = entry.node.is_true("dev");
        manifest.add(Found { development, ..Found::locked(name, version, entry.line) });
        nested(manifest, &entry.node);
    }
}

/// Reads a `bun.lock`.
pub(super) fn bun(manifest: &mut Manifest, root: &Node) {
    let mut asked = Asked::new();
    for own in root.entries_at(&["workspaces"]) {
        ask(&mut asked, &own.node);
        if own.key.is_empty() {
            manifest.name = own.node.text_at(&["name"]).map(str::to_owned);
        } else {
            manifest.workspaces.push(own.key.clone());
        }
    }
    for entry in root.entries_at(&["packages"]) {
        let Some(resolved) = entry.node.items().first().and_then(Node::text) else {
            manifest.warn(entry.line, "a package without a name");
            continue;
        };
        let (name, version) = split_name(resolved);
        if version.is_some_and(|v| v.starts_with("workspace:")) {
            continue;
        }
        let of_project = asked.get(entry.key.as_str());
        let found = Found::locked(name, version, entry.line);
        manifest.add(Found { direct: of_project.is_some(), development: of_project == Some(&true), ..found });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn version_1_is_nested() {
        let text = "{\"name\": \"app\", \"lockfileVersion\": 1,\n\"dependencies\": {\n\"a\": {\"version\": \"1.0.0\", \"dependencies\": {\n\"b\": {\"version\": \"2.0.0\"}}},\n\"alias\": {\"version\": \"npm:@s/real@3.0.0\"},\n\"c\": {\"version\": \"4.0.0\", \"dev\": true}}}";
        assert_eq!(
            table(ManifestKind::PackageLock, "package-lock.json", text),
            [
                "3 a - 1.0.0 transitive",
                "4 b - 2.0.0 transitive",
                "5 @s/real - 3.0.0 transitive",
                "6 c - 4.0.0 transitive dev",
            ]
        );
    }

    #[test]
    fn version_3_tells_what_is_direct() {
        let text = "{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {\n\"\": {\"name\": \"app\", \"dependencies\": {\"openai\": \"^4\", \"x\": \"npm:real@1\"}, \"devDependencies\": {\"t\": \"1\"}},\n\"node_modules/openai\": {\"version\": \"4.1.0\"},\n\"node_modules/x\": {\n\"name\": \"real\", \"version\": \"1.0.0\"},\n\"node_modules/t\": {\"version\": \"1.0.0\", \"dev\": true},\n\"node_modules/openai/node_modules/@s/deep\": {\"version\": \"2.0.0\"},\n\"packages/lib\": {\"name\": \"lib\", \"dependencies\": {\"ai\": \"1\"}},\n\"packages/lib/node_modules/ai\": {\"version\": \"1.2.3\"},\n\"node_modules/lib\": {\"resolved\": \"packages/lib\", \"link\": true}},\n\"dependencies\": {\"openai\": {\"version\": \"9.9.9\"}}}";
        assert_eq!(
            table(ManifestKind::PackageLock, "package-lock.json", text),
            [
                "3 openai - 4.1.0 direct",
                "5 real - 1.0.0 direct",
                "6 t - 1.0.0 direct dev",
                "7 @s/deep - 2.0.0 transitive",
                "9 ai - 1.2.3 direct",
            ]
        );
        let manifest = parse(ManifestKind::PackageLock, "package-lock.json", text.as_bytes()).unwrap();
        assert_eq!(
            (manifest.name.as_deref(), manifest.workspaces),
            (Some("app"), vec!["packages/lib".to_owned()])
        );
    }

    #[test]
    fn bun_is_read() {
        let text = "{\n  \"lockfileVersion\": 1, // c\n  \"workspaces\": {\n    \"\": { \"name\": \"app\", \"dependencies\": { \"ai\": \"^4\", }, \"devDependencies\": {\"t\": \"1\"} },\n    \"libs/x\": { \"name\": \"x\" },\n  },\n  \"packages\": {\n    \"ai\": [\"ai@4.0.1\", \"\", {}, \"sha512-x\"],\n    \"t\": [\"t@1.0.0\"],\n    \"ai/@s/y\": [\"@s/y@2.0.0\", \"\"],\n    \"x\": [\"x@workspace:libs/x\"],\n    \"z\": [],\n  }\n}\n";
        assert_eq!(
            table(ManifestKind::BunLock, "bun.lock", text),
            [
                "8 ai - 4.0.1 direct",
                "9 t - 1.0.0 direct dev",
                "10 @s/y - 2.0.0 transitive",
                "! line 12: a package without a name",
            ]
        );
    }
}
