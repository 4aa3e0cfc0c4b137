//! Python: the lock files of Pipenv, uv, Poetry, PDM, and the standard's `pylock.toml`.

use std::collections::BTreeMap;

use super::python::{normalise, pinned};
use super::text::is_development_name;
use super::{Found, Manifest};
use crate::document::Node;

/// Reads a `Pipfile.lock`.
pub(super) fn pipfile(manifest: &mut Manifest, root: &Node) {
    for group in root.entries().iter().filter(|group| group.key != "_meta") {
        let development = group.key == "develop" || is_development_name(&group.key);
        for entry in group.node.entries() {
            let version = entry.node.text_at(&["version"]).and_then(pinned);
            manifest.add(Found { development, ..Found::locked(&entry.key, version, entry.line) });
        }
    }
}

/// Reads a `uv.lock`: the project's own packages stand in it too and tell what is direct.
pub(super) fn uv(manifest: &mut Manifest, root: &Node) {
    let packages = root.items_at(&["package"]);
    let is_own = |package: &Node| {
        package.get("source").is_some_and(|source| {
            source.get("virtual").is_some()
                || source.get("editable").is_some()
                || source.get("directory").is_some()
        })
    };
    // Names that the project's packages ask for, and whether only for development.
    let mut direct: BTreeMap<String, bool> = BTreeMap::new();
    let mut ask = |items: &[Node], development: bool| {
        for name in items.iter().filter_map(|item| item.text_at(&["name"])) {
            *direct.entry(normalise(name)).or_insert(true) &= development;
        }
    };
    let mut own_names = Vec::new();
    for package in packages.iter().filter(|p| is_own(p)) {
        ask(package.items_at(&["dependencies"]), false);
        for key in ["optional-dependencies", "dev-dependencies"] {
            for group in package.entries_at(&[key]) {
                ask(group.node.items(), is_development_name(&group.key));
            }
        }
        own_names.extend(package.text_at(&["name"]));
    }
    if let [name] = own_names.as_slice() {
        manifest.name = Some((*name).to_owned());
    }
    for package in packages.iter().filter(|p| !is_own(p)) {
        let Some((name, line)) = named(package) else {
            manifest.warn(package.line, "a package without a name");
            continue;
        };
        let asked = direct.get(&normalise(name));
        let found = Found::locked(name, package.text_at(&["version"]), line);
        manifest.add(Found { direct: asked.is_some(), development: asked == Some(&true), ..found });
    }
}

/// Reads the lists of packages of Poetry, PDM and `pylock.toml`, which do not tell what is direct.
pub(super) fn packages(manifest: &mut Manifest, root: &Node) {
    for package in root.items_at(&["package"]).iter().chain(root.items_at(&["packages"])) {
        let Some((name, line)) = named(package) else {
            manifest.warn(package.line, "a package without a name");
            continue;
        };
        let groups: Vec<&str> = package.items_at(&["groups"]).iter().filter_map(Node::text).collect();
        let development = package.text_at(&["category"]).is_some_and(is_development_name)
            || (!groups.is_empty() && groups.iter().all(|group| is_development_name(group)));
        manifest.add(Found { development, ..Found::locked(name, package.text_at(&["version"]), line) });
    }
}

fn named(package: &Node) -> Option<(&str, u32)> {
    package.entry("name").and_then(|entry| Some((entry.node.text()?, entry.line)))
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn uv_tells_what_is_direct() {
        let text = "version = 1\n\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\ndependencies = [\n    { name = \"openai\" },\n]\n[package.dev-dependencies]\ndev = [{ name = \"pytest\" }]\n[package.optional-dependencies]\nagents = [{ name = \"crewai\" }]\n\n[[package]]\nname = \"openai\"\nversion = \"1.2.3\"\nsource = { registry = \"https://example.com\" }\n\n[[package]]\nname = \"pytest\"\nversion = \"8.0\"\n[[package]]\nversion = \"0.5\"\nname = \"crewai\"\n[[package]]\nname = \"idna\"\nversion = \"3\"\n[[package]]\nversion = \"1\"\n";
        assert_eq!(
            table(ManifestKind::UvLock, "uv.lock", text),
            [
                "16 openai - 1.2.3 direct",
                "21 pytest - 8.0 direct dev",
                "25 crewai - 0.5 direct",
                "27 idna - 3 transitive",
                "! line 29: a package without a name",
            ]
        );
        assert_eq!(
            parse(ManifestKind::UvLock, "uv.lock", text.as_bytes()).unwrap().name.as_deref(),
            Some("app")
        );
    }

    #[test]
    fn lists_of_packages_are_read() {
        let text = "[[package]]\nname = \"openai\"\nversion = \"1.0\"\ngroups = [\"main\", \"dev\"]\n[[package]]\nname = \"pytest\"\nversion = \"8\"\ngroups = [\"dev\"]\n[[package]]\nname = \"old\"\nversion = \"1\"\ncategory = \"dev\"\n";
        assert_eq!(
            table(ManifestKind::PoetryLock, "poetry.lock", text),
            ["2 openai - 1.0 transitive", "6 pytest - 8 transitive dev", "10 old - 1 transitive dev"]
        );
        let text = "lock-version = \"1.0\"\n[[packages]]\nname = \"a_b\"\nversion = \"1\"\n";
        assert_eq!(table(ManifestKind::PyLock, "pylock.toml", text), ["3 a-b - 1 transitive"]);
    }

    #[test]
    fn pipenv_is_read() {
        let text = "{\"_meta\": {\"hash\": {\"sha256\": \"x\"}},\n\"default\": {\n\"openai\": {\"version\": \"==1.0\"}},\n\"develop\": {\n\"pytest\": {\"version\": \"==8.1\"}}}";
        assert_eq!(
            table(ManifestKind::PipfileLock, "Pipfile.lock", text),
            ["3 openai - 1.0 transitive", "5 pytest - 8.1 transitive dev"]
        );
    }
}
