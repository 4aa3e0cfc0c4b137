//! Deployable units: which folder of a target is one thing that is built, deployed and owned together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asmm_model::Role;

use crate::libraries;
use crate::manifests::{ManifestKind, unit_folder};
use crate::program::parent;
use crate::role::{role_of, sample_folder};
use crate::survey::{ManifestFacts, Survey};
use crate::syntax::Dialect;

/// Folders whose children are often services of their own.
pub(crate) const SERVICE_PARENTS: [&str; 8] =
    ["services", "apps", "functions", "lambdas", "microservices", "projects", "workers", "jobs"];
/// Folders that only say that there is code in them.
pub(crate) const GENERIC_FOLDERS: [&str; 8] =
    ["src", "lib", "source", "python", "code", "scripts", "bin", "cmd"];
/// Files in which a service begins.
const ENTRY_FILES: [&str; 18] = [
    "main.py",
    "app.py",
    "server.py",
    "handler.py",
    "lambda_function.py",
    "__main__.py",
    "agent.py",
    "run.py",
    "index.ts",
    "index.js",
    "main.ts",
    "main.js",
    "server.ts",
    "server.js",
    "app.ts",
    "app.js",
    "handler.ts",
    "handler.js",
];

/// One deployable unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its folder, `""` for the target itself.
    pub(crate) root: String,
    /// What it is called.
    pub(crate) name: String,
    /// Indices of its manifests.
    pub(crate) manifests: Vec<usize>,
    /// Its source files that hold something of interest.
    pub(crate) files: Vec<Arc<str>>,
    /// Folders of the libraries of the repository that it is built with and that are seen as a part of it.
    pub(crate) libraries: Vec<String>,
    /// Whether a program begins in it.
    pub(crate) begins: bool,
    /// Whether no program begins in it, in a language that says where programs begin.
    pub(crate) is_library: bool,
    /// Whether other units are built with it and take it as a part of them.
    pub(crate) is_folded: bool,
}

impl Unit {
    fn new(root: String, name: String) -> Self {
        Self {
            root,
            name,
            manifests: Vec::new(),
            files: Vec::new(),
            libraries: Vec::new(),
            begins: false,
            is_library: false,
            is_folded: false,
        }
    }

    /// Whether the unit of a folder is this one or a part of it.
    pub(crate) fn takes(&self, root: &str) -> bool {
        self.root == root || self.libraries.iter().any(|library| library == root)
    }
}

/// The units of a target, by folder.
#[derive(Debug, Default)]
pub(crate) struct Units(BTreeMap<String, Unit>);

impl Units {
    /// Finds the units. `target_name` is what the target's own folder is called.
    pub(crate) fn of(survey: &Survey, target_name: &str) -> Self {
        let mut roots: BTreeSet<String> = boundaries(survey);
        roots.insert(String::new());
        let mut units: BTreeMap<String, Unit> = roots
            .into_iter()
            .map(|root| {
                let name =
                    root.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or(target_name).to_owned();
                (root.clone(), Unit::new(root, name))
            })
            .collect();
        for (index, manifest) in survey.manifests.iter().enumerate() {
            if let Some(unit) = home(&mut units, unit_folder(&manifest.path)) {
                unit.manifests.push(index);
            }
        }
        for file in survey.sources.values().filter(|f| f.hits.primary || f.hits.secondary) {
            if let Some(unit) = home(&mut units, parent(&file.path)) {
                unit.files.push(Arc::clone(&file.path));
            }
        }
        for unit in units.values_mut() {
            if let Some(name) = declared_name(unit, &survey.manifests) {
                unit.name = name;
            }
        }
        for path in &survey.programs {
            // The samples of a library are programs, and the library is none.
            if let Some(unit) = home(&mut units, parent(path)) {
                unit.begins |= role_of(path) == role_of(&format!("{}/x", unit.root));
            }
        }
        libraries::fold(&mut units, survey);
        Self(units)
    }

    /// All units that stand for themselves, by folder.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Unit> {
        self.0.values().filter(|unit| !unit.is_folded)
    }

    /// The unit that a file belongs to.
    pub(crate) fn of_file(&self, path: &str) -> Option<&Unit> {
        let mut folder = parent(path);
        loop {
            if let Some(unit) = self.0.get(folder) {
                return Some(unit);
            }
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
    }
}

fn home<'u>(units: &'u mut BTreeMap<String, Unit>, folder: &str) -> Option<&'u mut Unit> {
    let mut folder = folder;
    while !units.contains_key(folder) {
        if folder.is_empty() {
            return None;
        }
        folder = parent(folder);
    }
    units.get_mut(folder)
}

fn boundaries(survey: &Survey) -> BTreeSet<String> {
    let mut roots: BTreeSet<String> = survey
        .manifests
        .iter()
        .filter(|m| m.kind.defines_unit() && role_of(&m.path) != Role::Vendored)
        .map(|m| unit_folder(&m.path).to_owned())
        .collect();
    // A folder with an image of its own is deployed on its own, if there is code in it.
    let mut with_code: BTreeSet<&str> = BTreeSet::new();
    for path in survey.sources.keys() {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let mut above = folder;
        while !above.is_empty() && with_code.insert(above) {
            above = parent(above);
        }
        let is_service = SERVICE_PARENTS.contains(&parent(folder).rsplit('/').next().unwrap_or_default());
        if is_service && ENTRY_FILES.contains(&file) && role_of(path).is_own() {
            roots.insert(folder.to_owned());
        }
    }
    roots.extend(survey.deployables.iter().filter(|folder| with_code.contains(folder.as_str())).cloned());
    roots
}

/// The name that the unit's own manifest gives it; of several, the shortest path and then the first kind.
fn declared_name(unit: &Unit, manifests: &[ManifestFacts]) -> Option<String> {
    let named = unit.manifests.iter().filter_map(|index| {
        let manifest = &manifests[*index];
        let own = unit_folder(&manifest.path) == unit.root && !manifest.kind.is_lock();
        // A `package.json` that only holds tools for a unit in another language does not name it.
        let is_other = manifest.kind == ManifestKind::PackageJson
            && !unit.files.is_empty()
            && unit.files.iter().all(|file| Dialect::of(file) == Some(Dialect::Python));
        let name = manifest.name.as_deref().map(str::trim).filter(|n| !n.is_empty() && own && !is_other)?;
        Some((rank(manifest.kind), name))
    });
    let (_, name) = named.min()?;
    // `@acme/support-bot` and `acme/support-bot` are called after their last part.
    let last = name.rsplit('/').next().unwrap_or(name);
    (!is_placeholder(last)).then(|| last.to_owned())
}

fn rank(kind: ManifestKind) -> u8 {
    match kind {
        ManifestKind::PyProject => 0,
        ManifestKind::PackageJson => 1,
        _ => 2,
    }
}

/// Names that templates leave behind say nothing.
fn is_placeholder(name: &str) -> bool {
    const PLACEHOLDERS: [&str; 14] = [
        "app",
        "backend",
        "frontend",
        "server",
        "client",
        "my-app",
        "my-project",
        "project",
        "web",
        "root",
        "main",
        "src",
        "workspace",
        "monorepo",
    ];
    PLACEHOLDERS.iter().any(|p| name.eq_ignore_ascii_case(p))
}

/// The part of a unit that is one system: its own code, or one sample in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    /// Folder of the system.
    pub(crate) root: String,
    /// What its code is.
    pub(crate) role: Role,
}

/// Which part of its unit a file is.
pub(crate) fn part_of(unit: &Unit, path: &str, role: Role) -> Part {
    let within = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    let base = unit.libraries.iter().find(|root| within(root)).unwrap_or(&unit.root);
    let inside = if base.is_empty() { path } else { path.get(base.len() + 1..).unwrap_or(path) };
    let root = match role {
        Role::Sample => match sample_folder(inside) {
            Some(folder) if base.is_empty() => folder.to_owned(),
            Some(folder) => format!("{base}/{folder}"),
            // The unit as a whole lies in a folder of samples.
            None => unit.root.clone(),
        },
        _ => unit.root.clone(),
    };
    Part { root, role }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefilter::Hits;
    use crate::survey::SourceFile;

    fn survey(files: &[&str], manifests: &[(&str, ManifestKind, Option<&str>)], images: &[&str]) -> Survey {
        let mut survey = Survey::default();
        for path in files {
            let path: Arc<str> = (*path).into();
            let hits = Hits { primary: true, secondary: false, opens: false };
            let role = role_of(&path);
            let file = SourceFile {
                path: Arc::clone(&path),
                elsewhere: None,
                dialect: Dialect::Python,
                role,
                hits,
                only: None,
                imports: None,
                code: None,
            };
            survey.sources.insert(path, file);
        }
        for (path, kind, name) in manifests {
            survey.manifests.push(ManifestFacts {
                path: (*path).into(),
                kind: *kind,
                name: name.map(str::to_owned),
                entry_points: Vec::new(),
                scripts: BTreeMap::new(),
                known: Vec::new(),
                asks: Vec::new(),
                catalogue: crate::manifests::Catalogue::default(),
                claims: crate::ownership::Claims::default(),
            });
        }
        survey.deployables = images.iter().map(|s| (*s).to_owned()).collect();
        survey
    }

    fn shown(survey: &Survey) -> Vec<String> {
        Units::of(survey, "checkout")
            .iter()
            .map(|u| format!("{}={} {}", u.root, u.name, u.files.join(",")))
            .collect()
    }

    #[test]
    fn manifests_images_and_service_folders_make_units() {
        let survey = survey(
            &[
                "run.py",
                "api/x/a.py",
                "services/refund/main.py",
                "services/refund/lib/b.py",
                "services/notes.py",
                "worker/w.py",
            ],
            &[("api/pyproject.toml", ManifestKind::PyProject, Some("@acme/Refunds"))],
            &["worker", "docker"],
        );
        assert_eq!(
            shown(&survey),
            [
                "=checkout run.py,services/notes.py",
                "api=Refunds api/x/a.py",
                "services/refund=refund services/refund/lib/b.py,services/refund/main.py",
                "worker=worker worker/w.py",
            ]
        );
    }

    #[test]
    fn placeholders_are_no_names() {
        let survey =
            survey(&["web/a.py"], &[("web/package.json", ManifestKind::PackageJson, Some("my-app"))], &[]);
        assert_eq!(shown(&survey), ["=checkout ", "web=web web/a.py"]);
    }

    #[test]
    fn samples_are_parts_of_their_own() {
        let unit = |root: &str| Unit::new(root.to_owned(), String::new());
        let part = |root: &str, path: &str| part_of(&unit(root), path, role_of(path)).root;
        assert_eq!(part("", "src/a.py"), "");
        assert_eq!(part("", "examples/chat/a.py"), "examples/chat");
        assert_eq!(part("", "examples/a.py"), "examples");
        assert_eq!(part("lib", "lib/examples/chat/deep/a.py"), "lib/examples/chat");
        assert_eq!(part("examples/chat", "examples/chat/a.py"), "examples/chat");
    }
}
