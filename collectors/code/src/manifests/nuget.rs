//! .NET: project files, shared properties, `packages.config` and `packages.lock.json`.

use super::text::is_exact;
use super::xml::Element;
use super::{Found, Manifest};
use crate::document::Node;

/// Reads a project file or shared properties; the central list of versions is no use by itself and so not direct.
pub(super) fn project(manifest: &mut Manifest, root: &Element) {
    for group in &root.children {
        match group.name.as_str() {
            "PropertyGroup" => properties(manifest, group),
            "ItemGroup" => group.children.iter().for_each(|item| reference(manifest, item)),
            // Groups may stand in `Choose`, `When` and `Otherwise`.
            "Choose" => {
                for inner in group.children.iter().flat_map(|branch| branch.children_named("ItemGroup")) {
                    inner.children.iter().for_each(|item| reference(manifest, item));
                }
            }
            _ => {}
        }
    }
}

fn properties(manifest: &mut Manifest, group: &Element) {
    let text = |key| group.child_text(key).map(str::to_owned);
    if let Some(name) = text("PackageId").or_else(|| text("AssemblyName")) {
        manifest.name.get_or_insert(name);
    }
    if let Some(description) = text("Description") {
        manifest.description.get_or_insert(description);
    }
    if let Some(version) = text("Version") {
        manifest.version.get_or_insert(version);
    }
}

fn reference(manifest: &mut Manifest, item: &Element) {
    let (direct, development) = match item.name.as_str() {
        "PackageReference" => (true, false),
        "GlobalPackageReference" => (true, true),
        "PackageVersion" => (false, false),
        "ProjectReference" => return project_reference(manifest, item),
        _ => return,
    };
    let Some(include) = item.attribute("Include") else {
        // `Update` and `Remove` only change what is included elsewhere.
        if item.attribute("Update").is_none() && item.attribute("Remove").is_none() {
            manifest.warn(item.line, "a package without a name");
        }
        return;
    };
    let metadata = |key| item.attribute(key).map(|a| a.value.as_str()).or_else(|| item.child_text(key));
    let requirement = metadata("VersionOverride").or_else(|| metadata("Version"));
    let development = development || metadata("PrivateAssets").is_some_and(|p| p.eq_ignore_ascii_case("all"));
    for name in include.value.split(';').map(str::trim).filter(|n| !n.is_empty()) {
        let locked = requirement.and_then(pinned);
        manifest.add(Found { requirement, locked, direct, development, ..Found::asked(name, include.line) });
    }
}

/// Another project of the repository, by its file.
fn project_reference(manifest: &mut Manifest, item: &Element) {
    let Some(include) = item.attribute("Include") else { return };
    let path = include.value.replace('\\', "/");
    let file = path.rsplit('/').next().unwrap_or(&path);
    if let Some((name, _)) = file.rsplit_once('.') {
        let requirement = format!("path:{path}");
        manifest.add(Found {
            requirement: Some(&requirement),
            direct: true,
            ..Found::asked(name, include.line)
        });
    }
}

/// A plain version is the lowest one allowed, and that one is restored for what a project names itself.
fn pinned(requirement: &str) -> Option<&str> {
    let inner = requirement.strip_prefix('[').and_then(|r| r.strip_suffix(']')).unwrap_or(requirement);
    Some(inner.trim()).filter(|v| is_exact(v))
}

/// Reads a `packages.config`, which holds packages of packages too.
pub(super) fn packages_config(manifest: &mut Manifest, root: &Element) {
    for package in root.children_named("package") {
        let Some(id) = package.attribute("id") else {
            manifest.warn(package.line, "a package without a name");
            continue;
        };
        let requirement = package.attribute("version").map(|a| a.value.as_str());
        let development =
            package.attribute("developmentDependency").is_some_and(|a| a.value.eq_ignore_ascii_case("true"));
        let found = Found::asked(&id.value, id.line);
        manifest.add(Found { requirement, locked: requirement.and_then(pinned), development, ..found });
    }
}

/// Reads a `packages.lock.json`: one table for each framework.
pub(super) fn lock(manifest: &mut Manifest, root: &Node) {
    for framework in root.entries_at(&["dependencies"]) {
        for entry in framework.node.entries() {
            let kind = entry.node.text_at(&["type"]).unwrap_or_default();
            if kind.eq_ignore_ascii_case("Project") {
                continue;
            }
            let direct = kind.eq_ignore_ascii_case("Direct");
            let found = Found::locked(&entry.key, entry.node.text_at(&["resolved"]), entry.line);
            manifest.add(Found { requirement: entry.node.text_at(&["requested"]), direct, ..found });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn projects_are_read() {
        let text = "<Project Sdk=\"Microsoft.NET.Sdk\">\n<PropertyGroup><PackageId>Acme.App</PackageId><Description>d</Description><Version>1.0</Version></PropertyGroup>\n<ItemGroup Condition=\"'$(X)' == 'a'\">\n<PackageReference Include=\"Microsoft.SemanticKernel\" Version=\"1.0.1\" />\n<PackageReference\n  Version=\"[2.0.0]\"\n  Include=\"OpenAI\"/>\n<PackageReference Include=\"A\"><Version>1.*</Version></PackageReference>\n<PackageReference Include=\"Central\"/>\n<PackageReference Include=\"StyleCop\" Version=\"1\" PrivateAssets=\"all\"/>\n<PackageReference Update=\"A\" Version=\"2\"/>\n<PackageReference/>\n<ProjectReference Include=\"../x.csproj\"/>\n</ItemGroup>\n<Choose><When Condition=\"1\"><ItemGroup><PackageReference Include=\"B\" Version=\"$(V)\"/></ItemGroup></When></Choose>\n</Project>";
        assert_eq!(
            table(ManifestKind::DotnetProject, "App.csproj", text),
            [
                "4 Microsoft.SemanticKernel 1.0.1 1.0.1 direct",
                "7 OpenAI [2.0.0] 2.0.0 direct",
                "8 A 1.* - direct",
                "9 Central - - direct",
                "10 StyleCop 1 1 direct dev",
                "13 x path:../x.csproj - direct",
                "15 B $(V) - direct",
                "! line 12: a package without a name",
            ]
        );
        let manifest = parse(ManifestKind::DotnetProject, "App.csproj", text.as_bytes()).unwrap();
        assert_eq!(manifest.name.as_deref(), Some("Acme.App"));
        assert_eq!((manifest.description.as_deref(), manifest.version.as_deref()), (Some("d"), Some("1.0")));
    }

    #[test]
    fn central_versions_are_not_direct() {
        let text = "<Project>\n<ItemGroup>\n<PackageVersion Include=\"OpenAI\" Version=\"2.0.0\"/>\n<GlobalPackageReference Include=\"G\" Version=\"1.0\"/>\n</ItemGroup>\n</Project>";
        assert_eq!(
            table(ManifestKind::DotnetProps, "Directory.Packages.props", text),
            ["3 OpenAI 2.0.0 2.0.0 transitive", "4 G 1.0 1.0 direct dev"]
        );
    }

    #[test]
    fn older_lists_and_locks_are_read() {
        let text = "<packages>\n<package id=\"OpenAI\" version=\"1.2.3\" targetFramework=\"net48\"/>\n<package id=\"T\" version=\"1.0\" developmentDependency=\"true\"/>\n<package/>\n</packages>";
        assert_eq!(
            table(ManifestKind::PackagesConfig, "packages.config", text),
            ["2 OpenAI 1.2.3 1.2.3 direct", "3 T 1.0 1.0 direct dev", "! line 4: a package without a name"]
        );
        let text = "{\"version\": 1, \"dependencies\": {\"net8.0\": {\n\"OpenAI\": {\"type\": \"Direct\", \"requested\": \"[2.0.0, )\", \"resolved\": \"2.0.0\"},\n\"X\": {\"type\": \"Transitive\", \"resolved\": \"1.0.0\"},\n\"own\": {\"type\": \"Project\"}}}}";
        assert_eq!(
            table(ManifestKind::DotnetLock, "packages.lock.json", text),
            ["2 OpenAI [2.0.0, ) 2.0.0 direct", "3 X - 1.0.0 transitive"]
        );
    }
}
