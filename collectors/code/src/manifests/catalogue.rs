//! Version catalogues of Gradle: short names for packages, which build files use in place of their coordinates.

use std::collections::BTreeMap;

use super::text::is_exact;
use super::{Dependency, Found, Manifest};
use crate::document::{Entry, Node};

/// Packages that all bundles of one file together stand for: a bundle may repeat what another one has.
const MAX_BUNDLED: usize = 10_000;

/// Names for packages: those that a file gives, and those of others that it uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Catalogue {
    /// What names stand for; `bundles.x` is all of a bundle.
    pub(crate) entries: BTreeMap<String, Vec<Dependency>>,
    /// Where a build file uses such names.
    pub(crate) references: Vec<Reference>,
}

impl Catalogue {
    /// Forgets the packages that do not matter, but not that there were some.
    pub(crate) fn retain(&mut self, matters: impl Fn(&Dependency) -> bool) {
        self.entries.values_mut().for_each(|packages| packages.retain(&matters));
    }
}

/// A place where a build file asks for what a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// What the catalogue is called, mostly `libs`.
    pub(crate) catalogue: String,
    /// The name, with a `.` between its parts.
    pub(crate) alias: String,
    /// Whether the package itself is asked for, and not only its version fixed.
    pub(crate) direct: bool,
    /// Whether only development or tests need it.
    pub(crate) development: bool,
    /// One-based line.
    pub(crate) line: u32,
}

/// What follows from references.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Followed {
    /// Packages, with the index of the build file that asks for them.
    pub(crate) packages: Vec<(usize, Dependency)>,
    /// Build files with a name that leads nowhere, and the first line with one.
    pub(crate) lost: BTreeMap<usize, u32>,
}

/// Reads a `*.versions.toml`: what it lists is no use by itself and so not direct.
pub(super) fn read(manifest: &mut Manifest, root: &Node) {
    for entry in root.entries_at(&["libraries"]) {
        let before = manifest.dependencies.len();
        library(manifest, root, entry);
        let added: Vec<Dependency> = manifest.dependencies.get(before..).unwrap_or_default().to_vec();
        manifest.catalogue.entries.insert(dotted(&entry.key), added);
    }
    let mut bundled = 0;
    for bundle in root.entries_at(&["bundles"]) {
        let names = bundle.node.items().iter().filter_map(Node::text);
        let packages: Vec<Dependency> = names
            .filter_map(|name| manifest.catalogue.entries.get(&dotted(name)))
            .flatten()
            .take(MAX_BUNDLED.saturating_sub(bundled))
            .cloned()
            .collect();
        bundled += packages.len();
        if bundled >= MAX_BUNDLED {
            manifest.warn(bundle.line, "larger bundles than are read");
        }
        manifest.catalogue.entries.insert(format!("bundles.{}", dotted(&bundle.key)), packages);
    }
}

fn library(manifest: &mut Manifest, root: &Node, entry: &Entry) {
    let node = &entry.node;
    let (name, version) = if let Some(text) = node.text() {
        let mut parts = text.splitn(3, ':');
        let (Some(group), Some(artifact)) = (parts.next(), parts.next()) else {
            manifest.warn(entry.line, "a library without a name");
            return;
        };
        (format!("{group}:{artifact}"), parts.next().map(str::to_owned))
    } else {
        let name = match (node.text_at(&["module"]), node.text_at(&["group"]), node.text_at(&["name"])) {
            (Some(module), ..) => module.to_owned(),
            (None, Some(group), Some(artifact)) => format!("{group}:{artifact}"),
            _ => {
                manifest.warn(entry.line, "a library without a name");
                return;
            }
        };
        let reference = node.text_at(&["version", "ref"]);
        let given = match reference {
            Some(reference) => root.at(&["versions", reference]),
            None => node.get("version"),
        };
        (name, given.and_then(version).map(str::to_owned))
    };
    let requirement = version.as_deref();
    let locked = requirement.filter(|v| is_fixed(v));
    manifest.add(Found { requirement, locked, direct: false, ..Found::asked(&name, entry.line) });
}

/// A version, plain or with its strictest demand first.
fn version(node: &Node) -> Option<&str> {
    node.text().or_else(|| ["strictly", "require", "prefer"].iter().find_map(|key| node.text_at(&[key])))
}

/// Whether a version is one version: `1.+` is the newest that begins so.
pub(super) fn is_fixed(version: &str) -> bool {
    is_exact(version) && !version.ends_with('+')
}

/// A name as build files write it.
pub(super) fn dotted(alias: &str) -> String {
    alias.replace(['-', '_'], ".")
}

/// Follows the names in build files, each to the nearest catalogue of that name around the file.
pub(crate) fn follow_catalogues(files: &[(&str, &Catalogue)]) -> Followed {
    let mut catalogues: BTreeMap<(&str, &str), &Catalogue> = BTreeMap::new();
    for (path, catalogue) in files {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(name) = file.strip_suffix(".versions.toml") else { continue };
        let around = if folder == "gradle" { "" } else { folder.strip_suffix("/gradle").unwrap_or(folder) };
        catalogues.insert((name, around), catalogue);
    }
    let mut followed = Followed::default();
    for (index, (path, uses)) in files.iter().enumerate() {
        for reference in &uses.references {
            let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let catalogue = loop {
                match catalogues.get(&(reference.catalogue.as_str(), folder)) {
                    None if folder.is_empty() => break None,
                    None => folder = folder.rsplit_once('/').map_or("", |(above, _)| above),
                    found => break found,
                }
            };
            let Some(packages) = catalogue.and_then(|c| c.entries.get(&reference.alias)) else {
                followed.lost.entry(index).or_insert(reference.line);
                continue;
            };
            followed.packages.extend(packages.iter().map(|package| {
                let Reference { direct, development, line, .. } = *reference;
                (index, Dependency { direct, development, line, ..package.clone() })
            }));
        }
    }
    followed
}

#[cfg(test)]
mod tests {
    use super::super::{Ecosystem, ManifestKind, parse, table};
    use super::*;

    const CATALOGUE: &str = "[versions]\nlc = \"1.0.1\"\nspring = { strictly = \"[1,2)\", prefer = \"1.5\" }\n[libraries]\nlangchain4j-core = { module = \"dev.langchain4j:langchain4j-core\", version.ref = \"lc\" }\nspring_ai = { group = \"org.springframework.ai\", name = \"spring-ai-openai\", version.ref = \"spring\" }\nopenai = \"com.openai:openai-java:2.0.0\"\nbare = { module = \"a:b\" }\nodd = { version = \"1\" }\n[bundles]\nai = [\"langchain4j-core\", \"openai\", \"gone\"]\n[plugins]\nboot = { id = \"x\", version = \"3\" }\n";

    #[test]
    fn catalogues_list_and_do_not_ask() {
        assert_eq!(
            table(ManifestKind::GradleCatalogue, "gradle/libs.versions.toml", CATALOGUE),
            [
                "5 dev.langchain4j:langchain4j-core 1.0.1 1.0.1 transitive",
                "6 org.springframework.ai:spring-ai-openai [1,2) - transitive",
                "7 com.openai:openai-java 2.0.0 2.0.0 transitive",
                "8 a:b - - transitive",
                "! line 9: a library without a name",
            ]
        );
        let read = parse(ManifestKind::GradleCatalogue, "x.versions.toml", CATALOGUE.as_bytes()).unwrap();
        let entries: Vec<String> = read
            .catalogue
            .entries
            .iter()
            .map(|(alias, found)| {
                let names: Vec<&str> = found.iter().map(|d| d.name.as_str()).collect();
                format!("{alias}: {}", names.join(" "))
            })
            .collect();
        assert_eq!(
            entries,
            [
                "bare: a:b",
                "bundles.ai: dev.langchain4j:langchain4j-core com.openai:openai-java",
                "langchain4j.core: dev.langchain4j:langchain4j-core",
                "odd: ",
                "openai: com.openai:openai-java",
                "spring.ai: org.springframework.ai:spring-ai-openai",
            ]
        );
    }

    #[test]
    fn names_lead_to_the_nearest_catalogue() {
        let package = |name: &str| Dependency {
            ecosystem: Ecosystem::Maven,
            name: name.to_owned(),
            requirement: None,
            locked: None,
            direct: false,
            development: false,
            line: 1,
        };
        let gives = |name: &str| Catalogue {
            entries: BTreeMap::from([("ai".to_owned(), vec![package(name)])]),
            references: Vec::new(),
        };
        let uses = |catalogue: &str, alias: &str, line| Reference {
            catalogue: catalogue.to_owned(),
            alias: alias.to_owned(),
            direct: true,
            development: line == 4,
            line,
        };
        let asks = Catalogue {
            entries: BTreeMap::new(),
            references: vec![uses("libs", "ai", 4), uses("libs", "gone", 5), uses("other", "ai", 6)],
        };
        let (top, inner) = (gives("top:ai"), gives("inner:ai"));
        let files = [
            ("a/build.gradle", &asks),
            ("gradle/libs.versions.toml", &top),
            ("nested/gradle/libs.versions.toml", &inner),
            ("nested/x/y/build.gradle.kts", &asks),
        ];
        let found = |name: &str| Dependency { direct: true, development: true, line: 4, ..package(name) };
        assert_eq!(
            follow_catalogues(&files),
            Followed {
                packages: vec![(0, found("top:ai")), (3, found("inner:ai"))],
                lost: BTreeMap::from([(0, 5), (3, 5)]),
            }
        );
    }
}
