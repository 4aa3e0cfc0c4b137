//! Python: `pyproject.toml` with the tables of its build tools, and `Pipfile`.

use super::python::{add_specifier, pinned};
use super::text::{is_development_name, is_exact};
use super::{Found, Manifest};
use crate::document::{Entry, Node};

/// Reads what a project asks for, by the standard's tables and those of Poetry, PDM, uv and Hatch.
pub(super) fn pyproject(manifest: &mut Manifest, root: &Node) {
    let text = |key| {
        let standard = root.text_at(&["project", key]);
        standard.or_else(|| root.text_at(&["tool", "poetry", key])).map(str::to_owned)
    };
    (manifest.name, manifest.version) = (text("name"), text("version"));
    for table in [["tool", "poetry"].as_slice(), &["project"]] {
        let table = root.at(table);
        manifest.describe(table);
        for key in ["authors", "maintainers"] {
            manifest.add_authors(table.and_then(|table| table.get(key)));
        }
    }
    for table in
        [["project", "scripts"].as_slice(), &["project", "gui-scripts"], &["tool", "poetry", "scripts"]]
    {
        for Entry { node, .. } in root.entries_at(table) {
            let target =
                node.text().or_else(|| node.text_at(&["reference"])).or_else(|| node.text_at(&["callable"]));
            manifest.entry_points.extend(target.map(str::to_owned));
        }
    }
    let members = root.items_at(&["tool", "uv", "workspace", "members"]).iter().filter_map(Node::text);
    manifest.workspaces.extend(members.map(str::to_owned));

    let dynamic =
        root.items_at(&["project", "dynamic"]).iter().find(|item| item.text() == Some("dependencies"));
    let elsewhere =
        [["tool", "setuptools", "dynamic", "dependencies"].as_slice(), &["tool", "poetry", "dependencies"]];
    if let Some(item) = dynamic.filter(|_| elsewhere.iter().all(|table| root.at(table).is_none())) {
        manifest.warn(item.line, "dependencies that a build computes");
    }
    specifiers(manifest, root.items_at(&["project", "dependencies"]), false);
    for groups in [["project", "optional-dependencies"].as_slice(), &["dependency-groups"]] {
        for group in root.entries_at(groups) {
            specifiers(manifest, group.node.items(), is_development_name(&group.key));
        }
    }
    for group in root.entries_at(&["tool", "pdm", "dev-dependencies"]) {
        specifiers(manifest, group.node.items(), true);
    }
    specifiers(manifest, root.items_at(&["tool", "uv", "dev-dependencies"]), true);
    for environment in root.entries_at(&["tool", "hatch", "envs"]) {
        for key in ["dependencies", "extra-dependencies"] {
            specifiers(manifest, environment.node.items_at(&[key]), true);
        }
    }
    poetry(manifest, root);
}

fn specifiers(manifest: &mut Manifest, items: &[Node], development: bool) {
    for item in items {
        match item.text() {
            Some(text) => add_specifier(manifest, text, development, item.line),
            // A group may include another one, which is read by itself.
            None if item.get("include-group").is_some() => {}
            None => manifest.warn(item.line, "no requirement"),
        }
    }
}

fn poetry(manifest: &mut Manifest, root: &Node) {
    let Some(poetry) = root.at(&["tool", "poetry"]) else { return };
    for (key, development) in [("dependencies", false), ("dev-dependencies", true)] {
        table(manifest, poetry.entries_at(&[key]), development, bare_is_exact);
    }
    for group in poetry.entries_at(&["group"]) {
        let development = is_development_name(&group.key);
        table(manifest, group.node.entries_at(&["dependencies"]), development, bare_is_exact);
    }
}

/// Poetry takes a version without an operator as the only one.
fn bare_is_exact(requirement: &str) -> Option<&str> {
    pinned(requirement).or_else(|| Some(requirement.trim()).filter(|v| is_exact(v)))
}

/// Reads a table from names to versions, tables, or lists of tables.
fn table(manifest: &mut Manifest, entries: &[Entry], development: bool, exact: fn(&str) -> Option<&str>) {
    for Entry { key, line, node } in entries {
        if key == "python" {
            continue;
        }
        let variants = if node.items().is_empty() { std::slice::from_ref(node) } else { node.items() };
        for variant in variants {
            let found = Found { development, ..Found::asked(key, *line) };
            if variant.text().is_none() && variant.entries().is_empty() {
                manifest.warn(variant.line, "neither a version nor a table");
                continue;
            }
            let version = variant.text().or_else(|| variant.text_at(&["version"]));
            let elsewhere = match (variant.text_at(&["path"]), variant.text_at(&["git"])) {
                (Some(path), _) => Some(format!("path:{path}")),
                (None, Some(url)) => Some(format!("git+{url}")),
                (None, None) => None,
            };
            let requirement = elsewhere.as_deref().or(version);
            manifest.add(Found { requirement, locked: version.and_then(exact), ..found });
        }
    }
}

/// Reads a `Pipfile`.
pub(super) fn pipfile(manifest: &mut Manifest, root: &Node) {
    for group in root.entries() {
        if matches!(
            group.key.as_str(),
            "source" | "requires" | "scripts" | "pipenv" | "pipfile" | "build-system"
        ) {
            continue;
        }
        let development = group.key == "dev-packages" || is_development_name(&group.key);
        table(manifest, group.node.entries(), development, pinned);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn standard_tables_are_read() {
        let text = "[project]\nname = \"My.App\"\nversion = \"1.0\"\ndescription = \"Answers mail\"\ndependencies = [\n  \"OpenAI>=1.2\",\n  \"langchain[all]==0.1.0\",\n  3,\n]\n[project.optional-dependencies]\nagents = [\"crewai\"]\ntest = [\"pytest>=8\"]\n[project.scripts]\nrun = \"app.cli:main\"\n[dependency-groups]\ndev = [\"ruff\", {include-group = \"typing\"}]\nserve = [\"vllm\"]\n[tool.pdm.dev-dependencies]\nx = [\"black\"]\n[tool.uv]\ndev-dependencies = [\"mypy\"]\nworkspace = { members = [\"libs/*\"] }\n[tool.hatch.envs.default]\ndependencies = [\"coverage\"]\n";
        assert_eq!(
            table(ManifestKind::PyProject, "pyproject.toml", text),
            [
                "6 openai >=1.2 - direct",
                "7 langchain ==0.1.0 0.1.0 direct",
                "11 crewai - - direct",
                "12 pytest >=8 - direct dev",
                "16 ruff - - direct dev",
                "17 vllm - - direct",
                "19 black - - direct dev",
                "21 mypy - - direct dev",
                "24 coverage - - direct dev",
                "! line 8: no requirement",
            ]
        );
        let manifest = parse(ManifestKind::PyProject, "pyproject.toml", text.as_bytes()).unwrap();
        assert_eq!(manifest.name.as_deref(), Some("My.App"));
        assert_eq!(manifest.version.as_deref(), Some("1.0"));
        assert_eq!(manifest.description.as_deref(), Some("Answers mail"));
        assert_eq!(manifest.entry_points, ["app.cli:main"]);
        assert_eq!(manifest.workspaces, ["libs/*"]);
    }

    #[test]
    fn poetry_is_read() {
        let text = "[tool.poetry]\nname = \"app\"\ndescription = \"d\"\n[tool.poetry.dependencies]\npython = \"^3.11\"\nopenai = \"^1.2\"\npinned = \"1.2.3\"\nlib = { path = \"../lib\", develop = true }\nfork = { git = \"https://u:p@example.com/f.git\", rev = \"1\" }\nextra = { version = \">=2\", extras = [\"a\"], optional = true }\nmulti = [\n  { version = \"1\", python = \"<3.9\" },\n  { version = \"^2\" },\n]\n[tool.poetry.dev-dependencies]\npytest = \"*\"\n[tool.poetry.group.docs.dependencies]\nsphinx = \"^7\"\n[tool.poetry.group.llm.dependencies]\nanthropic = \"*\"\n[tool.poetry.scripts]\na = \"m:f\"\nb = { reference = \"m:g\", type = \"console\" }\n";
        assert_eq!(
            table(ManifestKind::PyProject, "pyproject.toml", text),
            [
                "6 openai ^1.2 - direct",
                "7 pinned 1.2.3 1.2.3 direct",
                "8 lib path:../lib - direct",
                "9 fork git+https://example.com/f.git - direct",
                "10 extra >=2 - direct",
                "11 multi 1 1 direct",
                "11 multi ^2 - direct",
                "16 pytest * - direct dev",
                "18 sphinx ^7 - direct dev",
                "20 anthropic * - direct",
            ]
        );
        let manifest = parse(ManifestKind::PyProject, "pyproject.toml", text.as_bytes()).unwrap();
        assert_eq!((manifest.name.as_deref(), manifest.description.as_deref()), (Some("app"), Some("d")));
        assert_eq!(manifest.entry_points, ["m:f", "m:g"]);
    }

    #[test]
    fn computed_dependencies_are_not_silently_none() {
        let text = "[project]\nname = \"a\"\ndynamic = [\"version\", \"dependencies\"]\n";
        let rows = table(ManifestKind::PyProject, "pyproject.toml", text);
        assert_eq!(rows, ["! line 3: dependencies that a build computes"]);
        let text =
            format!("{text}[tool.setuptools.dynamic]\ndependencies = {{ file = [\"requirements.txt\"] }}\n");
        assert_eq!(table(ManifestKind::PyProject, "pyproject.toml", &text), [""; 0]);
    }

    #[test]
    fn pipfiles_are_read() {
        let text = "[[source]]\nurl = \"https://example.com\"\nname = \"x\"\n[packages]\nopenai = \"==1.0\"\nlib = {version = \"*\", extras = [\"a\"]}\n[dev-packages]\npytest = \"*\"\n[requires]\npython_version = \"3.11\"\n";
        assert_eq!(
            table(ManifestKind::Pipfile, "Pipfile", text),
            ["5 openai ==1.0 1.0 direct", "6 lib * - direct", "8 pytest * - direct dev"]
        );
    }
}
