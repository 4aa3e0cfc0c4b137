//! Rust: `Cargo.toml` and `Cargo.lock`.

use std::collections::BTreeSet;

use super::text::is_semver;
use super::{Found, Manifest};
use crate::document::{Entry, Node};

/// Tables of packages, and whether what they name stays out of the product.
const TABLES: [(&str, bool); 5] = [
    ("dependencies", false),
    ("dev-dependencies", true),
    ("dev_dependencies", true),
    ("build-dependencies", true),
    ("build_dependencies", true),
];

/// Reads what a crate or workspace asks for.
pub(super) fn manifest(manifest: &mut Manifest, root: &Node) {
    let text = |key| root.text_at(&["package", key]).map(str::to_owned);
    (manifest.name, manifest.version) = (text("name"), text("version"));
    manifest.describe(root.get("package"));
    manifest.add_authors(root.at(&["package", "authors"]));
    let paths = root.items_at(&["bin"]).iter().filter_map(|bin| bin.text_at(&["path"]));
    manifest.entry_points.extend(paths.map(str::to_owned));
    let members = root.items_at(&["workspace", "members"]).iter().filter_map(Node::text);
    manifest.workspaces.extend(members.map(str::to_owned));
    tables(manifest, root);
    for target in root.entries_at(&["target"]) {
        tables(manifest, &target.node);
    }
    if let Some(workspace) = root.get("workspace") {
        tables(manifest, workspace);
    }
}

fn tables(manifest: &mut Manifest, parent: &Node) {
    for (key, development) in TABLES {
        for entry in parent.entries_at(&[key]) {
            dependency(manifest, entry, development);
        }
    }
}

fn dependency(manifest: &mut Manifest, entry: &Entry, development: bool) {
    let node = &entry.node;
    let mut found = Found { development, ..Found::asked(&entry.key, entry.line) };
    if let Some(requirement) = node.text() {
        found.requirement = Some(requirement);
        found.locked = pinned(requirement);
        manifest.add(found);
        return;
    }
    if node.entries().is_empty() {
        manifest.warn(entry.line, "neither a version nor a table");
        return;
    }
    if let Some(package) = node.entry("package")
        && let Some(name) = package.node.text()
    {
        (found.name, found.line) = (name, package.line);
    }
    let elsewhere = match (node.text_at(&["path"]), node.text_at(&["git"])) {
        (Some(path), _) => Some(format!("path:{path}")),
        (None, Some(url)) => Some(format!("git+{url}")),
        (None, None) => None,
    };
    let version = node.text_at(&["version"]);
    found.requirement = elsewhere.as_deref().or(version);
    found.locked = version.and_then(pinned);
    manifest.add(found);
}

fn pinned(requirement: &str) -> Option<&str> {
    requirement.trim().strip_prefix('=').map(str::trim).filter(|v| is_semver(v))
}

/// Reads what is locked; packages without a source are the workspace's own, and what they name is direct.
pub(super) fn lock(manifest: &mut Manifest, root: &Node) {
    let packages = root.items_at(&["package"]);
    let own = |package: &&Node| package.get("source").is_none();
    let direct: BTreeSet<(&str, Option<&str>)> = packages
        .iter()
        .filter(own)
        .flat_map(|package| package.items_at(&["dependencies"]))
        .filter_map(Node::text)
        .map(|dependency| {
            // The version follows only where several are locked.
            let mut words = dependency.split(' ');
            (words.next().unwrap_or_default(), words.next())
        })
        .collect();
    for package in packages.iter().filter(|package| !own(package)) {
        let Some((name, line)) = package.entry("name").and_then(|e| Some((e.node.text()?, e.line))) else {
            manifest.warn(package.line, "a package without a name");
            continue;
        };
        let version = package.text_at(&["version"]);
        let is_direct = direct.contains(&(name, None)) || direct.contains(&(name, version));
        manifest.add(Found { direct: is_direct, ..Found::locked(name, version, line) });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn every_table_is_read() {
        let text = "[package]\nname = \"app\"\nversion = \"0.1.0\"\ndescription = \"An app\"\n[dependencies]\nasync-openai = \"0.20\"\nai = { version = \"=1.2.3\", package = \"rig-core\" }\nlocal = { path = \"../local\" }\nshared.workspace = true\n[dependencies.tokio]\nversion = \"1\"\n[dev-dependencies]\ninsta = \"1\"\nodd = 3\n[target.'cfg(unix)'.dependencies]\nnix = { git = \"https://u:p@example.com/nix?x=1\" }\n[workspace]\nmembers = [\"a/*\"]\n[workspace.dependencies]\nserde = \"1\"\n[[bin]]\nname = \"x\"\npath = \"src/x.rs\"\n";
        assert_eq!(
            table(ManifestKind::CargoToml, "Cargo.toml", text),
            [
                "6 async-openai 0.20 - direct",
                "7 rig-core =1.2.3 1.2.3 direct",
                "8 local path:../local - direct",
                "9 shared - - direct",
                "10 tokio 1 - direct",
                "13 insta 1 - direct dev",
                "16 nix git+https://example.com/nix - direct",
                "20 serde 1 - direct",
                "! line 14: neither a version nor a table",
            ]
        );
        let manifest = parse(ManifestKind::CargoToml, "Cargo.toml", text.as_bytes()).unwrap();
        assert_eq!(manifest.name.as_deref(), Some("app"));
        assert_eq!(manifest.version.as_deref(), Some("0.1.0"));
        assert_eq!(manifest.description.as_deref(), Some("An app"));
        assert_eq!(
            (manifest.workspaces, manifest.entry_points),
            (vec!["a/*".to_owned()], vec!["src/x.rs".to_owned()])
        );
        assert_eq!(manifest.dependencies.iter().filter(|d| d.is_local()).count(), 1);
    }

    #[test]
    fn locks_tell_what_is_direct() {
        let text = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n \"b 2.0.0\",\n]\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"registry+x\"\n";
        assert_eq!(
            table(ManifestKind::CargoLock, "Cargo.lock", text),
            ["12 a - 1.0.0 direct", "17 b - 1.0.0 transitive", "22 b - 2.0.0 direct"]
        );
    }
}
