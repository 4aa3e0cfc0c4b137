//! JavaScript: `pnpm-lock.yaml` of the versions 5, 6 and 9.

use std::collections::BTreeMap;

use super::npm::split_name;
use super::{Found, Manifest};
use crate::document::Node;

/// Packages that the project's own packages ask for, by name and version, and whether only for development.
type Asked = BTreeMap<(String, String), bool>;

/// Reads a `pnpm-lock.yaml`.
pub(super) fn pnpm(manifest: &mut Manifest, root: &Node) {
    let version = root.get("lockfileVersion").and_then(Node::scalar).unwrap_or_default();
    let slashed = version.starts_with('5');
    let mut asked = Asked::new();
    // A project of one package has its tables at the top.
    ask(&mut asked, root, slashed);
    for importer in root.entries_at(&["importers"]) {
        ask(&mut asked, &importer.node, slashed);
        if importer.key != "." {
            manifest.workspaces.push(importer.key.clone());
        }
    }
    for entry in root.entries_at(&["packages"]) {
        let key = identity(&entry.key, slashed);
        // Packages from elsewhere than a registry carry their name inside.
        let named = entry.node.text_at(&["name"]).map(|n| (n, entry.node.text_at(&["version"])));
        let Some((name, version)) = named.or(key.map(|(name, version)| (name, Some(version)))) else {
            if !entry.key.contains("file:") {
                manifest.warn(entry.line, "a package without a name");
            }
            continue;
        };
        let of_project = version.and_then(|v| asked.get(&(name.to_owned(), v.to_owned())));
        let development = entry.node.is_true("dev") || of_project == Some(&true);
        manifest.add(Found {
            direct: of_project.is_some(),
            development,
            ..Found::locked(name, version, entry.line)
        });
    }
}

fn ask(asked: &mut Asked, package: &Node, slashed: bool) {
    for (key, development) in
        [("dependencies", false), ("optionalDependencies", false), ("devDependencies", true)]
    {
        for entry in package.entries_at(&[key]) {
            let Some(version) =
                entry.node.scalar().or_else(|| entry.node.get("version").and_then(Node::scalar))
            else {
                continue;
            };
            // An alias names the whole key of its package instead of a version.
            let (name, version) = match identity(version, slashed) {
                Some((name, version)) => (name, version),
                None => (entry.key.as_str(), without_peers(version, slashed)),
            };
            *asked.entry((name.to_owned(), version.to_owned())).or_insert(true) &= development;
        }
    }
}

/// Name and version in a key: `/name/1.0.0_peer@1` in version 5, `/name@1.0.0(peer@1)` in 6, without the slash in 9.
fn identity(key: &str, slashed: bool) -> Option<(&str, &str)> {
    if slashed {
        let (name, version) = key.strip_prefix('/')?.rsplit_once('/')?;
        return Some((name, without_peers(version, slashed)));
    }
    let key = key.strip_prefix('/').unwrap_or(key);
    let (name, version) = split_name(without_peers(key, slashed));
    let version = version?;
    // `file:` and addresses are no versions.
    (!version.contains(':') && !name.contains(':')).then_some((name, version))
}

fn without_peers(version: &str, slashed: bool) -> &str {
    version.split(if slashed { '_' } else { '(' }).next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn version_5_has_slashes() {
        let text = "lockfileVersion: 5.4\n\nspecifiers:\n  openai: ^4\n\ndependencies:\n  openai: 4.1.0_zod@3.22.0\n\ndevDependencies:\n  vitest: 1.0.0\n\npackages:\n\n  /@s/deep/2.0.0:\n    resolution: {integrity: sha512-x}\n    dev: false\n\n  /openai/4.1.0_zod@3.22.0:\n    resolution: {integrity: sha512-x}\n  /vitest/1.0.0:\n    dev: true\n";
        assert_eq!(
            table(ManifestKind::PnpmLock, "pnpm-lock.yaml", text),
            ["14 @s/deep - 2.0.0 transitive", "18 openai - 4.1.0 direct", "20 vitest - 1.0.0 direct dev"]
        );
    }

    #[test]
    fn version_6_has_an_at_sign() {
        let text = "lockfileVersion: '6.0'\n\ndependencies:\n  openai:\n    specifier: ^4\n    version: 4.1.0(zod@3.22.0)\n  alias:\n    specifier: npm:real@1\n    version: /real@1.0.0\n\npackages:\n\n  /@s/deep@2.0.0:\n    dev: true\n  /openai@4.1.0(zod@3.22.0):\n    dev: false\n  /real@1.0.0:\n    dev: false\n  github.com/o/r/abc:\n    name: fork\n    version: 0.1.0\n";
        assert_eq!(
            table(ManifestKind::PnpmLock, "pnpm-lock.yaml", text),
            [
                "13 @s/deep - 2.0.0 transitive dev",
                "15 openai - 4.1.0 direct",
                "17 real - 1.0.0 direct",
                "19 fork - 0.1.0 transitive",
            ]
        );
    }

    #[test]
    fn version_9_has_importers() {
        let text = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      ai:\n        specifier: ^4\n        version: 4.0.1(react@18.2.0)\n      lib:\n        specifier: workspace:*\n        version: link:packages/lib\n    devDependencies:\n      vitest:\n        specifier: ^1\n        version: 1.0.0\n\n  packages/lib:\n    dependencies:\n      zod:\n        specifier: ^3\n        version: 3.22.0\n\npackages:\n\n  '@s/deep@2.0.0':\n    resolution: {integrity: sha512-x}\n  ai@4.0.1:\n    peerDependencies:\n      react: '18'\n  vitest@1.0.0: {}\n  zod@3.22.0: {}\n\nsnapshots:\n\n  ai@4.0.1(react@18.2.0): {}\n";
        assert_eq!(
            table(ManifestKind::PnpmLock, "pnpm-lock.yaml", text),
            [
                "26 @s/deep - 2.0.0 transitive",
                "28 ai - 4.0.1 direct",
                "31 vitest - 1.0.0 direct dev",
                "32 zod - 3.22.0 direct",
            ]
        );
        let manifest = parse(ManifestKind::PnpmLock, "pnpm-lock.yaml", text.as_bytes()).unwrap();
        assert_eq!(manifest.workspaces, ["packages/lib"]);
    }
}
