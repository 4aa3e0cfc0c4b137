//! Libraries of a repository: units that nothing starts, and that other units of it are built with.
//!
//! An application and the libraries it is built with are one system. Only where units say by their manifests what they
//! are built with, and languages say by their code where a program begins, a unit can be told to be a library.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Role;
use memchr::memmem::find;
use muster_rules::Language;

use crate::manifests::{ManifestKind, unit_folder};
use crate::role::role_of;
use crate::survey::{ManifestFacts, Survey};
use crate::syntax::Dialect;
use crate::units::Unit;

/// Whether a program can begin in a source file, as far as its language says; `false` for languages in which every file
/// is a program.
pub(crate) fn begins_program(dialect: Dialect, path: &str, text: &[u8]) -> bool {
    let has = |texts: &[&str]| texts.iter().any(|what| find(text, what.as_bytes()).is_some());
    let name = path.rsplit('/').next().unwrap_or(path);
    match dialect.language() {
        Language::Go => has(&["package main"]),
        Language::Rust => name == "main.rs" || path.contains("/bin/"),
        Language::CSharp => {
            // Statements at the top of a file are a program.
            name == "Program.cs"
                || (has(&["static"]) && has(&[" Main("]))
                || has(&[
                    "WebApplication.CreateBuilder",
                    "CreateDefaultBuilder",
                    "CreateApplicationBuilder",
                    "HostBuilder(",
                ])
        }
        Language::Java | Language::Kotlin => has(&[
            "void main(",
            "fun main(",
            "@SpringBootApplication",
            "@QuarkusMain",
            "@ApplicationPath",
            "@WebServlet",
            "@Path(",
            "RequestHandler<",
            "RequestStreamHandler",
            "SpringApplication.run",
            "ComponentActivity",
            "AppCompatActivity",
            "JavaPlugin",
        ]),
        Language::Python | Language::JavaScript | Language::Ruby | Language::Php => false,
    }
}

/// Gives the code of libraries to the applications that are built with them.
///
/// With one application that is it. With several, only those that have to do with AI themselves take it: a library of
/// which everything is built says nothing about each.
pub(crate) fn fold(units: &mut BTreeMap<String, Unit>, survey: &Survey) {
    let libraries: BTreeSet<String> =
        units.values().filter(|unit| is_library(unit, survey)).map(|unit| unit.root.clone()).collect();
    if libraries.is_empty() {
        return;
    }
    let users = users(units, survey);
    let has_hits = |root: &String| {
        let files = units.get(root).map_or(&[][..], |unit| unit.files.as_slice());
        files.iter().any(|file| survey.sources.get(file).is_some_and(|file| file.hits.primary))
    };
    let mut folds: Vec<(String, BTreeSet<String>)> = Vec::new();
    for library in &libraries {
        let mut applications: BTreeSet<String> = BTreeSet::new();
        let mut seen: BTreeSet<&String> = BTreeSet::from([library]);
        let mut open: Vec<&String> = vec![library];
        while let Some(at) = open.pop() {
            for user in users.get(at).into_iter().flatten().filter(|user| seen.insert(user)) {
                if libraries.contains(user) {
                    open.push(user);
                } else {
                    applications.insert(user.clone());
                }
            }
        }
        // What only samples and tests are built with is a library of its own.
        applications.retain(|user| role_of(&format!("{user}/x")) == Role::Production);
        if applications.len() > 1 {
            applications.retain(has_hits);
        }
        if !applications.is_empty() {
            folds.push((library.clone(), applications));
        }
    }
    for (library, applications) in folds {
        let Some(folded) = units.get_mut(&library) else { continue };
        folded.is_folded = true;
        let (files, manifests) = (folded.files.clone(), folded.manifests.clone());
        for application in applications {
            if let Some(unit) = units.get_mut(&application) {
                unit.files.extend(files.iter().cloned());
                unit.manifests.extend(manifests.iter().copied());
                unit.libraries.push(library.clone());
            }
        }
    }
    for unit in units.values_mut().filter(|unit| !unit.is_folded) {
        unit.is_library = libraries.contains(&unit.root);
    }
}

/// Whether a unit is in a language that says where programs begin, and none begins in it.
fn is_library(unit: &Unit, survey: &Survey) -> bool {
    let own = unit.manifests.iter().map(|index| &survey.manifests[*index]);
    let kinds = own.filter(|manifest| unit_folder(&manifest.path) == unit.root).any(|manifest| {
        matches!(
            manifest.kind,
            ManifestKind::GoMod | ManifestKind::CargoToml | ManifestKind::DotnetProject | ManifestKind::Pom
        )
    });
    kinds && !unit.begins
}

/// Units by the unit that they are built with.
fn users(units: &BTreeMap<String, Unit>, survey: &Survey) -> BTreeMap<String, BTreeSet<String>> {
    let declared = |unit: &Unit| -> Vec<usize> {
        let own = unit.manifests.iter().copied();
        own.filter(|index| survey.manifests[*index].kind.defines_unit()).collect()
    };
    let mut named: BTreeMap<(&str, &str), &String> = BTreeMap::new();
    for unit in units.values() {
        for index in declared(unit) {
            let manifest = &survey.manifests[index];
            if let Some(name) = name_of(manifest) {
                named.insert((manifest.kind.ecosystem().purl_type(), name), &unit.root);
            }
        }
    }
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for unit in units.values() {
        for index in declared(unit) {
            let manifest = &survey.manifests[index];
            let ecosystem = manifest.kind.ecosystem().purl_type();
            for asked in &manifest.asks {
                if let Some(library) =
                    named.get(&(ecosystem, without_group(asked))).filter(|library| ***library != unit.root)
                {
                    users.entry((*library).clone()).or_default().insert(unit.root.clone());
                }
            }
        }
    }
    users
}

/// What others call the unit of a manifest.
pub(crate) fn name_of(manifest: &ManifestFacts) -> Option<&str> {
    if manifest.kind == ManifestKind::DotnetProject {
        // Projects refer to each other by file.
        let file = manifest.path.rsplit('/').next()?;
        return file.rsplit_once('.').map(|(stem, _)| stem);
    }
    manifest.name.as_deref().map(without_group)
}

/// The artifact of a Maven name, whose group is often a property; other names as they are.
pub(crate) fn without_group(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
