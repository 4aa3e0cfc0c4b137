//! Package manifests and lock files: which packages a unit asks for, in which version, and at which line.
//!
//! Every parser works on a bounded amount of hostile text: a syntax error is an error with its line, a broken entry in a
//! line-oriented format is a warning, and neither ever repeats what the file says.

mod aliases;
mod authors;
mod cargo;
mod catalogue;
mod composer;
mod conda;
mod gemspec;
mod golang;
mod gradle;
mod gradle_tokens;
mod installs;
mod kind;
mod maven;
mod notebook;
mod npm;
mod npm_locks;
mod nuget;
mod pnpm;
mod purl;
mod pyproject;
mod python;
mod python_locks;
#[cfg(test)]
mod robustness;
mod ruby;
mod setup;
mod submodules;
mod text;
mod xml;
mod yaml;
mod yarn;

use std::collections::BTreeMap;

use crate::document::{ReadError, json, toml};

pub(crate) use aliases::{Alias, aliases, declares_aliases};
pub(crate) use authors::Author;
pub(crate) use catalogue::{Catalogue, follow_catalogues};
pub(crate) use kind::{ManifestKind, kind_of, unit_folder};
pub(crate) use notebook::{CellLine, notebook_cells};
pub(crate) use purl::purl;

/// Files above this size are not read.
pub(crate) const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Packages read from one file; the rest becomes a warning.
const MAX_DEPENDENCIES: usize = 200_000;
/// Bytes kept of a unit's name or version, and of its description.
const MAX_NAME: usize = 256;
const MAX_DESCRIPTION: usize = 4096;
/// Warnings kept of one file.
const MAX_WARNINGS: usize = 50;

/// Where packages of one kind come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ecosystem {
    /// Python.
    Pypi,
    /// JavaScript.
    Npm,
    /// Go modules.
    Golang,
    /// The JVM.
    Maven,
    /// .NET.
    Nuget,
    /// Rust.
    Cargo,
    /// Ruby.
    Gem,
    /// PHP.
    Composer,
    /// Conda, which has packages of Python and of much else.
    Conda,
}

impl Ecosystem {
    /// The type in a package URL.
    pub(crate) fn purl_type(self) -> &'static str {
        match self {
            Self::Pypi => "pypi",
            Self::Npm => "npm",
            Self::Golang => "golang",
            Self::Maven => "maven",
            Self::Nuget => "nuget",
            Self::Cargo => "cargo",
            Self::Gem => "gem",
            Self::Composer => "composer",
            Self::Conda => "conda",
        }
    }

    /// The type under which rules name a package: what Conda packs of Python goes by its name there.
    pub(crate) fn rule_type(self) -> &'static str {
        if self == Self::Conda { Self::Pypi.purl_type() } else { self.purl_type() }
    }

    /// The one spelling of a package's name, where the ecosystem treats several as equal and writes one.
    ///
    /// NuGet and Go names keep their case: their own tools display it.
    pub(crate) fn normalise(self, name: &str) -> String {
        match self {
            Self::Pypi | Self::Conda => python::normalise(name),
            Self::Npm | Self::Composer => name.to_lowercase(),
            Self::Golang | Self::Maven | Self::Nuget | Self::Cargo | Self::Gem => name.to_owned(),
        }
    }
}

/// One package that a manifest asks for or a lock file fixes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dependency {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Normalised name: PEP 503 for Python, `@scope/name` for npm, `group:artifact` for Maven.
    pub name: String,
    /// What the manifest demands, as written (`>=1.2`, `^4.0.0`); credentials and queries are cut out of URLs.
    pub requirement: Option<String>,
    /// The exact version, where a lock or a pin says so.
    pub locked: Option<String>,
    /// Whether the project asks for it itself; `false` where a lock does not tell.
    pub direct: bool,
    /// Whether only development, tests or documentation need it.
    pub development: bool,
    /// One-based line where the name stands.
    pub line: u32,
}

impl Dependency {
    /// Whether the package is a folder or file of the project itself and so not the one of that name in a registry.
    pub(crate) fn is_local(&self) -> bool {
        const LOCAL: [&str; 8] = ["path:", "file:", "link:", "workspace:", "portal:", "./", "../", "/"];
        self.requirement.as_deref().is_some_and(|r| LOCAL.iter().any(|prefix| r.starts_with(prefix)))
    }
}

/// What a manifest or lock file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Where its packages come from, if they do not say otherwise themselves.
    pub ecosystem: Ecosystem,
    /// Which format it is.
    pub kind: ManifestKind,
    /// Name of the unit, as written.
    pub name: Option<String>,
    /// What the unit says it is.
    pub description: Option<String>,
    /// One-based line of that, where it is known.
    pub described_at: Option<u32>,
    /// Who wrote it.
    pub authors: Vec<Author>,
    /// Version of the unit.
    pub version: Option<String>,
    /// What runs: `package.module:function` in Python, `main` and `bin` files of npm, paths of Rust binaries.
    pub entry_points: Vec<String>,
    /// The scripts of a `package.json`, verbatim: they may hold secrets, so show only their names.
    pub scripts: BTreeMap<String, String>,
    /// Patterns or paths of member units.
    pub workspaces: Vec<String>,
    /// Packages, sorted, without repetitions.
    pub dependencies: Vec<Dependency>,
    /// Names for packages: those that it gives, and those of others that it uses.
    pub catalogue: Catalogue,
    /// What was skipped, without any text of the file.
    pub warnings: Vec<String>,
}

impl Manifest {
    fn new(kind: ManifestKind) -> Self {
        Self {
            ecosystem: kind.ecosystem(),
            kind,
            name: None,
            description: None,
            described_at: None,
            authors: Vec::new(),
            version: None,
            entry_points: Vec::new(),
            scripts: BTreeMap::new(),
            workspaces: Vec::new(),
            dependencies: Vec::new(),
            catalogue: Catalogue::default(),
            warnings: Vec::new(),
        }
    }

    /// Notes something that could not be read.
    fn warn(&mut self, line: u32, problem: &'static str) {
        match self.warnings.len() {
            n if n < MAX_WARNINGS => self.warnings.push(format!("line {line}: {problem}")),
            n if n == MAX_WARNINGS => self.warnings.push("further problems are not listed".to_owned()),
            _ => {}
        }
    }

    /// Adds a package under its normalised name, unless it is no name at all.
    fn add(&mut self, found: Found<'_>) {
        let ecosystem = found.ecosystem.unwrap_or(self.ecosystem);
        let name = ecosystem.normalise(found.name.trim());
        if !text::is_plausible_name(&name) {
            self.warn(found.line, "a package name that cannot be one");
            return;
        }
        match self.dependencies.len() {
            n if n < MAX_DEPENDENCIES => self.dependencies.push(Dependency {
                ecosystem,
                name,
                requirement: found.requirement.and_then(text::clean_requirement),
                locked: found.locked.and_then(text::clean_version),
                direct: found.direct,
                development: found.development,
                line: found.line.max(1),
            }),
            n if n == MAX_DEPENDENCIES && !self.warnings.iter().any(|w| w == TOO_MANY) => {
                self.warnings.push(TOO_MANY.to_owned());
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Self {
        for (field, limit) in [
            (&mut self.name, MAX_NAME),
            (&mut self.version, MAX_NAME),
            (&mut self.description, MAX_DESCRIPTION),
        ] {
            if let Some(text) = field {
                text::shorten(text, limit);
            }
        }
        self.dependencies.sort();
        self.dependencies.dedup();
        self.entry_points.sort();
        self.entry_points.dedup();
        self.workspaces.sort();
        self.workspaces.dedup();
        self
    }
}

const TOO_MANY: &str = "more packages than are kept of one file";

/// A package as a parser meets it, before its parts are cleaned.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    /// Where it comes from, in a format that names packages of several.
    ecosystem: Option<Ecosystem>,
    name: &'a str,
    requirement: Option<&'a str>,
    locked: Option<&'a str>,
    direct: bool,
    development: bool,
    line: u32,
}

impl<'a> Found<'a> {
    /// Something that a manifest asks for.
    fn asked(name: &'a str, line: u32) -> Self {
        Self {
            ecosystem: None,
            name,
            requirement: None,
            locked: None,
            direct: true,
            development: false,
            line,
        }
    }

    /// Something that a lock fixes.
    fn locked(name: &'a str, version: Option<&'a str>, line: u32) -> Self {
        Self { locked: version, direct: false, ..Self::asked(name, line) }
    }
}

/// Reads a manifest or lock file.
///
/// `path` tells a development requirements file from another; its content comes as `bytes` in UTF-8, or in UTF-16 with a
/// byte order mark.
///
/// # Errors
/// The file is too large, nested too deeply, or no valid text of its format.
pub(crate) fn parse(kind: ManifestKind, path: &str, bytes: &[u8]) -> Result<Manifest, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge { size: bytes.len(), limit: MAX_BYTES });
    }
    let (text, damaged) = text::decode(bytes);
    let mut manifest = Manifest::new(kind);
    if damaged {
        manifest.warnings.push("bytes that are no valid text were replaced".to_owned());
    }
    let found = &mut manifest;
    let json = || json::parse(&text, json::Dialect::Strict);
    let toml = || toml::parse(&text);
    let xml = || xml::parse(&text);
    match kind {
        ManifestKind::Requirements => python::requirements(found, path, &text),
        ManifestKind::PyProject => pyproject::pyproject(found, &toml()?),
        ManifestKind::SetupPy => setup::setup_py(found, &text),
        ManifestKind::SetupCfg => setup::setup_cfg(found, &text),
        ManifestKind::Pipfile => pyproject::pipfile(found, &toml()?),
        ManifestKind::PipfileLock => python_locks::pipfile(found, &json()?),
        ManifestKind::UvLock => python_locks::uv(found, &toml()?),
        ManifestKind::PoetryLock | ManifestKind::PdmLock | ManifestKind::PyLock => {
            python_locks::packages(found, &toml()?);
        }
        ManifestKind::PackageJson => npm::package_json(found, &json()?)?,
        ManifestKind::PackageLock => npm_locks::package_lock(found, &json()?),
        ManifestKind::BunLock => npm_locks::bun(found, &json::parse(&text, json::Dialect::Relaxed)?),
        ManifestKind::YarnLock => yarn::yarn(found, &text),
        ManifestKind::PnpmLock => pnpm::pnpm(found, &yaml::parse(&text)?),
        ManifestKind::GoMod => golang::go_mod(found, &text),
        ManifestKind::Pom => maven::pom(found, &xml()?),
        ManifestKind::Gradle => gradle::build(found, &text),
        ManifestKind::GradleCatalogue => catalogue::read(found, &toml()?),
        ManifestKind::DotnetProject | ManifestKind::DotnetProps => nuget::project(found, &xml()?),
        ManifestKind::PackagesConfig => nuget::packages_config(found, &xml()?),
        ManifestKind::DotnetLock => nuget::lock(found, &json()?),
        ManifestKind::CargoToml => cargo::manifest(found, &toml()?),
        ManifestKind::CargoLock => cargo::lock(found, &toml()?),
        ManifestKind::Gemfile => ruby::gemfile(found, &text),
        ManifestKind::GemfileLock => ruby::lock(found, &text),
        ManifestKind::Gemspec => gemspec::read(found, &text),
        ManifestKind::ComposerJson => composer::manifest(found, &json()?)?,
        ManifestKind::ComposerLock => composer::lock(found, &json()?),
        ManifestKind::CondaEnvironment => conda::read(found, &text)?,
        ManifestKind::Dockerfile => installs::dockerfile(found, &text),
        ManifestKind::Compose => installs::compose(found, &text)?,
        ManifestKind::Submodules => submodules::read(found, &text),
    }
    Ok(manifest.finish())
}

/// Reads `text` and gives its packages in the order of their lines, one short line each, for whole-value assertions:
/// `line name requirement locked`, then `direct` or `transitive`, then `dev` where it is development only.
#[cfg(test)]
fn table(kind: ManifestKind, path: &str, text: &str) -> Vec<String> {
    let manifest = parse(kind, path, text.as_bytes()).expect("the sample is valid");
    assert!(manifest.dependencies.is_sorted());
    let mut dependencies = manifest.dependencies;
    dependencies.sort_by_key(|d| d.line);
    let mut rows: Vec<String> = dependencies
        .iter()
        .map(|d| {
            let requirement = d.requirement.as_deref().unwrap_or("-");
            let locked = d.locked.as_deref().unwrap_or("-");
            let direct = if d.direct { "direct" } else { "transitive" };
            let development = if d.development { " dev" } else { "" };
            format!("{} {} {requirement} {locked} {direct}{development}", d.line, d.name)
        })
        .collect();
    rows.extend(manifest.warnings.iter().map(|w| format!("! {w}")));
    rows
}
