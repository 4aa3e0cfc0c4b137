//! JavaScript: `package.json`.

use super::text::is_semver;
use super::{Found, Manifest};
use crate::document::{Node, ReadError, Value};

/// Tables of packages, and whether what they name stays out of the product.
pub(super) const TABLES: [(&str, bool); 4] = [
    ("dependencies", false),
    ("devDependencies", true),
    ("peerDependencies", false),
    ("optionalDependencies", false),
];

/// Reads what a package asks for.
pub(super) fn package_json(manifest: &mut Manifest, root: &Node) -> Result<(), ReadError> {
    if !matches!(root.value, Value::Table(_)) {
        return Err(ReadError::At { line: root.line, problem: "no object" });
    }
    let text = |key| root.text_at(&[key]).map(str::to_owned);
    (manifest.name, manifest.version) = (text("name"), text("version"));
    manifest.describe(Some(root));
    for key in ["author", "contributors", "maintainers"] {
        manifest.add_authors(root.get(key));
    }
    manifest.entry_points.extend(text("main"));
    if let Some(bin) = root.get("bin") {
        let named = bin.entries().iter().filter_map(|entry| entry.node.text());
        manifest.entry_points.extend(bin.text().into_iter().chain(named).map(str::to_owned));
    }
    let scripts = root.entries_at(&["scripts"]).iter();
    manifest.scripts.extend(scripts.filter_map(|s| Some((s.key.clone(), s.node.text()?.to_owned()))));
    let workspaces = root.items_at(&["workspaces"]).iter().chain(root.items_at(&["workspaces", "packages"]));
    manifest.workspaces.extend(workspaces.filter_map(Node::text).map(str::to_owned));
    for (key, development) in TABLES {
        for entry in root.entries_at(&[key]) {
            let Some(requirement) = entry.node.text() else {
                manifest.warn(entry.line, "a requirement that is no text");
                continue;
            };
            let (name, requirement) = aliased(requirement).unwrap_or((&entry.key, Some(requirement)));
            let locked = requirement.map(|r| r.trim().trim_start_matches('=')).filter(|r| is_semver(r));
            manifest.add(Found { requirement, locked, development, ..Found::asked(name, entry.line) });
        }
    }
    Ok(())
}

/// The package that stands behind an alias: `npm:@scope/name@^1`.
pub(super) fn aliased(requirement: &str) -> Option<(&str, Option<&str>)> {
    let target = requirement.trim().strip_prefix("npm:")?;
    // `npm:^1` is a range of the package itself.
    let starts_as_name = target.starts_with(|c: char| c == '@' || c.is_ascii_alphabetic());
    let (name, version) = split_name(target);
    let is_name =
        starts_as_name && (version.is_some() || name.starts_with('@') || !name.starts_with(['v', 'x']));
    is_name.then_some((name, version))
}

/// Takes `@scope/name@version` apart.
pub(super) fn split_name(text: &str) -> (&str, Option<&str>) {
    match text.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => (&text[..at], Some(&text[at + 1..]).filter(|v| !v.is_empty())),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{ManifestKind, parse, table};
    use super::*;

    const SAMPLE: &str = "{\n  \"name\": \"@acme/app\",\n  \"version\": \"1.0.0\",\n  \"description\": \"Answers mail\",\n  \"main\": \"index.js\",\n  \"bin\": {\"app\": \"cli.js\"},\n  \"scripts\": {\"start\": \"node .\", \"n\": 1},\n  \"workspaces\": {\"packages\": [\"packages/*\"]},\n  \"dependencies\": {\n    \"openai\": \"^4.0.0\",\n    \"@LangChain/core\": \"0.3.1\",\n    \"alias\": \"npm:@scope/real@^2\",\n    \"lib\": \"workspace:*\",\n    \"git\": \"git+https://tok@example.com/g.git#v1\",\n    \"odd\": {}\n  },\n  \"devDependencies\": {\"typescript\": \"~5.4\"},\n  \"peerDependencies\": {\"react\": \">=18\"},\n  \"optionalDependencies\": {\"fsevents\": \"*\"}\n}\n";

    #[test]
    fn every_table_is_read() {
        assert_eq!(
            table(ManifestKind::PackageJson, "package.json", SAMPLE),
            [
                "10 openai ^4.0.0 - direct",
                "11 @langchain/core 0.3.1 0.3.1 direct",
                "12 @scope/real ^2 - direct",
                "13 lib workspace:* - direct",
                "14 git git+https://example.com/g.git - direct",
                "17 typescript ~5.4 - direct dev",
                "18 react >=18 - direct",
                "19 fsevents * - direct",
                "! line 15: a requirement that is no text",
            ]
        );
        let mut manifest = parse(ManifestKind::PackageJson, "package.json", SAMPLE.as_bytes()).unwrap();
        manifest.dependencies.clear();
        let mut expected = Manifest::new(ManifestKind::PackageJson);
        expected.name = Some("@acme/app".to_owned());
        expected.version = Some("1.0.0".to_owned());
        (expected.description, expected.described_at) = (Some("Answers mail".to_owned()), Some(4));
        expected.entry_points = vec!["cli.js".to_owned(), "index.js".to_owned()];
        expected.scripts = BTreeMap::from([("start".to_owned(), "node .".to_owned())]);
        expected.workspaces = vec!["packages/*".to_owned()];
        expected.warnings = vec!["line 15: a requirement that is no text".to_owned()];
        assert_eq!(manifest, expected);
    }

    #[test]
    fn only_strict_json_is_a_package() {
        for (text, line) in
            [("{\n\"name\": \"a\",\n}", 3), ("// c\n{}", 1), ("\n[]", 2), ("", 1), ("{} x", 1)]
        {
            let error = parse(ManifestKind::PackageJson, "package.json", text.as_bytes()).unwrap_err();
            assert_eq!(error.line(), Some(line), "{text}");
        }
    }

    #[test]
    fn names_come_off_their_versions() {
        let cases = [
            ("a@1", ("a", Some("1"))),
            ("@s/a@^1.0", ("@s/a", Some("^1.0"))),
            ("@s/a", ("@s/a", None)),
            ("a@npm:b@1", ("a", Some("npm:b@1"))),
            ("@", ("@", None)),
            ("", ("", None)),
        ];
        for (text, expected) in cases {
            assert_eq!(split_name(text), expected);
        }
        assert_eq!(aliased("npm:b"), Some(("b", None)));
        assert_eq!(aliased("npm:^1.2"), None);
        assert_eq!(aliased("^1"), None);
    }
}
