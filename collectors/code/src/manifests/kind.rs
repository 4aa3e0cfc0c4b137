//! Which format a file has, decided from its path alone.

use super::Ecosystem;
use crate::starters::{self, StarterFile};

/// A format of manifest or lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ManifestKind {
    /// `requirements.txt`, `requirements-dev.in`, `requirements/*.txt`.
    Requirements,
    /// `pyproject.toml`.
    PyProject,
    /// `setup.py`.
    SetupPy,
    /// `setup.cfg`.
    SetupCfg,
    /// `Pipfile`.
    Pipfile,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `uv.lock`.
    UvLock,
    /// `poetry.lock`.
    PoetryLock,
    /// `pdm.lock`.
    PdmLock,
    /// `pylock.toml`, `pylock.*.toml`.
    PyLock,
    /// `package.json`.
    PackageJson,
    /// `package-lock.json`, `npm-shrinkwrap.json`.
    PackageLock,
    /// `yarn.lock`.
    YarnLock,
    /// `pnpm-lock.yaml`.
    PnpmLock,
    /// `bun.lock`.
    BunLock,
    /// `go.mod`.
    GoMod,
    /// `pom.xml`.
    Pom,
    /// `build.gradle`, `build.gradle.kts`.
    Gradle,
    /// `gradle/libs.versions.toml`, `*.versions.toml`.
    GradleCatalogue,
    /// `*.csproj`, `*.fsproj`, `*.vbproj`.
    DotnetProject,
    /// `Directory.Packages.props`, `Directory.Build.props`, `Directory.Build.targets`.
    DotnetProps,
    /// `packages.config`.
    PackagesConfig,
    /// `packages.lock.json`.
    DotnetLock,
    /// `Cargo.toml`.
    CargoToml,
    /// `Cargo.lock`.
    CargoLock,
    /// `Gemfile`, `gems.rb`.
    Gemfile,
    /// `Gemfile.lock`, `gems.locked`.
    GemfileLock,
    /// `*.gemspec`.
    Gemspec,
    /// `composer.json`.
    ComposerJson,
    /// `composer.lock`.
    ComposerLock,
    /// `environment.yml`, `conda.yaml`.
    CondaEnvironment,
    /// `Dockerfile`, `Containerfile`: what is installed when an image is built.
    Dockerfile,
    /// `compose.yaml`, `docker-compose.yml`: what is installed when a container starts.
    Compose,
    /// `.gitmodules`.
    Submodules,
}

impl ManifestKind {
    #[cfg(test)]
    /// Every format.
    pub(crate) const ALL: [Self; 34] = [
        Self::Requirements,
        Self::PyProject,
        Self::SetupPy,
        Self::SetupCfg,
        Self::Pipfile,
        Self::PipfileLock,
        Self::UvLock,
        Self::PoetryLock,
        Self::PdmLock,
        Self::PyLock,
        Self::PackageJson,
        Self::PackageLock,
        Self::YarnLock,
        Self::PnpmLock,
        Self::BunLock,
        Self::GoMod,
        Self::Pom,
        Self::Gradle,
        Self::GradleCatalogue,
        Self::DotnetProject,
        Self::DotnetProps,
        Self::PackagesConfig,
        Self::DotnetLock,
        Self::CargoToml,
        Self::CargoLock,
        Self::Gemfile,
        Self::GemfileLock,
        Self::Gemspec,
        Self::ComposerJson,
        Self::ComposerLock,
        Self::CondaEnvironment,
        Self::Dockerfile,
        Self::Compose,
        Self::Submodules,
    ];

    /// Whether it fixes versions instead of asking for packages.
    pub(crate) fn is_lock(self) -> bool {
        matches!(
            self,
            Self::PipfileLock
                | Self::UvLock
                | Self::PoetryLock
                | Self::PdmLock
                | Self::PyLock
                | Self::PackageLock
                | Self::YarnLock
                | Self::PnpmLock
                | Self::BunLock
                | Self::DotnetLock
                | Self::CargoLock
                | Self::GemfileLock
                | Self::ComposerLock
        )
    }

    /// Whether a folder that holds such a file is a unit of its own.
    ///
    /// Shared .NET properties and `packages.config` only add to the project file beside or below them. Images and
    /// environments are the ways to run what is there.
    pub(crate) fn defines_unit(self) -> bool {
        let adds = matches!(
            self,
            Self::DotnetProps
                | Self::PackagesConfig
                | Self::GradleCatalogue
                | Self::CondaEnvironment
                | Self::Dockerfile
                | Self::Compose
                | Self::Submodules
        );
        !self.is_lock() && !adds
    }

    /// Whether it also says other things, so that it is read as configuration as well.
    pub(crate) fn is_configuration(self) -> bool {
        matches!(self, Self::CondaEnvironment | Self::Dockerfile | Self::Compose)
    }

    /// Where the packages come from, if they do not say otherwise themselves.
    pub(crate) fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Requirements
            | Self::PyProject
            | Self::SetupPy
            | Self::SetupCfg
            | Self::Pipfile
            | Self::PipfileLock
            | Self::UvLock
            | Self::PoetryLock
            | Self::PdmLock
            | Self::PyLock
            | Self::Dockerfile
            | Self::Compose
            | Self::Submodules => Ecosystem::Pypi,
            Self::PackageJson | Self::PackageLock | Self::YarnLock | Self::PnpmLock | Self::BunLock => {
                Ecosystem::Npm
            }
            Self::GoMod => Ecosystem::Golang,
            Self::Pom | Self::Gradle | Self::GradleCatalogue => Ecosystem::Maven,
            Self::DotnetProject | Self::DotnetProps | Self::PackagesConfig | Self::DotnetLock => {
                Ecosystem::Nuget
            }
            Self::CargoToml | Self::CargoLock => Ecosystem::Cargo,
            Self::Gemfile | Self::GemfileLock | Self::Gemspec => Ecosystem::Gem,
            Self::ComposerJson | Self::ComposerLock => Ecosystem::Composer,
            Self::CondaEnvironment => Ecosystem::Conda,
        }
    }
}

/// The format of the file at a path with `/` between its parts, if it is a manifest or lock file at all.
pub(crate) fn kind_of(path: &str) -> Option<ManifestKind> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let kind = match file {
        "pyproject.toml" => ManifestKind::PyProject,
        "setup.py" => ManifestKind::SetupPy,
        "setup.cfg" => ManifestKind::SetupCfg,
        "Pipfile" => ManifestKind::Pipfile,
        "Pipfile.lock" => ManifestKind::PipfileLock,
        "uv.lock" => ManifestKind::UvLock,
        "poetry.lock" => ManifestKind::PoetryLock,
        "pdm.lock" => ManifestKind::PdmLock,
        "package.json" => ManifestKind::PackageJson,
        "package-lock.json" | "npm-shrinkwrap.json" => ManifestKind::PackageLock,
        "yarn.lock" => ManifestKind::YarnLock,
        "pnpm-lock.yaml" => ManifestKind::PnpmLock,
        "bun.lock" => ManifestKind::BunLock,
        "go.mod" => ManifestKind::GoMod,
        "pom.xml" => ManifestKind::Pom,
        "build.gradle" | "build.gradle.kts" => ManifestKind::Gradle,
        "Directory.Packages.props" | "Directory.Build.props" | "Directory.Build.targets" => {
            ManifestKind::DotnetProps
        }
        "packages.config" => ManifestKind::PackagesConfig,
        "packages.lock.json" => ManifestKind::DotnetLock,
        "Cargo.toml" => ManifestKind::CargoToml,
        "Cargo.lock" => ManifestKind::CargoLock,
        "Gemfile" | "gems.rb" => ManifestKind::Gemfile,
        "Gemfile.lock" | "gems.locked" => ManifestKind::GemfileLock,
        "composer.json" => ManifestKind::ComposerJson,
        "composer.lock" => ManifestKind::ComposerLock,
        ".gitmodules" => ManifestKind::Submodules,
        _ => {
            return match starters::kind_of(path) {
                Some(StarterFile::Dockerfile) => Some(ManifestKind::Dockerfile),
                Some(StarterFile::Compose) => Some(ManifestKind::Compose),
                _ => by_pattern(folder, file),
            };
        }
    };
    Some(kind)
}

fn by_pattern(folder: &str, file: &str) -> Option<ManifestKind> {
    let (stem, extension) = file.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    match extension.as_str() {
        "csproj" | "fsproj" | "vbproj" => Some(ManifestKind::DotnetProject),
        "gemspec" => Some(ManifestKind::Gemspec),
        "yml" | "yaml" if is_environment(stem) => Some(ManifestKind::CondaEnvironment),
        "toml" if stem.ends_with(".versions") => Some(ManifestKind::GradleCatalogue),
        "toml" if stem == "pylock" || stem.starts_with("pylock.") => Some(ManifestKind::PyLock),
        "txt" | "in" => {
            let stem = stem.to_ascii_lowercase();
            let names_it =
                stem.split(['-', '_', '.']).any(|part| part == "requirements" || part == "requirement");
            let constrains = stem.split(['-', '_', '.']).any(|part| part.starts_with("constraint"));
            ((names_it || in_requirements(folder)) && !constrains).then_some(ManifestKind::Requirements)
        }
        _ => None,
    }
}

/// Names that environments of Conda have; whether a file is one, its content tells.
fn is_environment(stem: &str) -> bool {
    ["environment", "conda"].iter().any(|name| {
        stem.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']))
    })
}

fn in_requirements(folder: &str) -> bool {
    matches!(folder.rsplit('/').next(), Some("requirements" | "reqs"))
}

/// The folder of the unit that a manifest describes: its own, or for `requirements/*.txt` the one above.
pub(crate) fn unit_folder(path: &str) -> &str {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if kind_of(path) == Some(ManifestKind::Requirements) && in_requirements(folder) {
        folder.rsplit_once('/').map_or("", |(above, _)| above)
    } else {
        folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_from_paths() {
        let cases = [
            ("requirements.txt", Some(ManifestKind::Requirements)),
            ("a/requirements.in", Some(ManifestKind::Requirements)),
            ("requirements-dev.txt", Some(ManifestKind::Requirements)),
            ("requirements_test.txt", Some(ManifestKind::Requirements)),
            ("dev-requirements.txt", Some(ManifestKind::Requirements)),
            ("requirements/base.txt", Some(ManifestKind::Requirements)),
            ("svc/requirements/prod.in", Some(ManifestKind::Requirements)),
            ("requirements/constraints.txt", None),
            ("requirements.md", None),
            ("notes.txt", None),
            ("x/pyproject.toml", Some(ManifestKind::PyProject)),
            ("pylock.toml", Some(ManifestKind::PyLock)),
            ("pylock.dev.toml", Some(ManifestKind::PyLock)),
            ("src/App/App.csproj", Some(ManifestKind::DotnetProject)),
            ("App.CSPROJ", Some(ManifestKind::DotnetProject)),
            ("Directory.Packages.props", Some(ManifestKind::DotnetProps)),
            ("npm-shrinkwrap.json", Some(ManifestKind::PackageLock)),
            ("pnpm-lock.yaml", Some(ManifestKind::PnpmLock)),
            ("svc/build.gradle.kts", Some(ManifestKind::Gradle)),
            ("settings.gradle.kts", None),
            ("gradle/libs.versions.toml", Some(ManifestKind::GradleCatalogue)),
            ("acme.gemspec", Some(ManifestKind::Gemspec)),
            ("environment.yml", Some(ManifestKind::CondaEnvironment)),
            ("envs/environment-gpu.yaml", Some(ManifestKind::CondaEnvironment)),
            ("environments.yml", None),
            ("docker/Containerfile", Some(ManifestKind::Dockerfile)),
            ("Dockerfile.gpu", Some(ManifestKind::Dockerfile)),
            ("docker-compose.dev.yml", Some(ManifestKind::Compose)),
            (".gitmodules", Some(ManifestKind::Submodules)),
            ("cargo.toml", None),
            ("Cargo.toml", Some(ManifestKind::CargoToml)),
            ("", None),
            ("/", None),
        ];
        for (path, kind) in cases {
            assert_eq!(kind_of(path), kind, "{path}");
        }
    }

    #[test]
    fn every_kind_is_a_lock_or_defines_a_unit_or_adds_to_one() {
        let neither: Vec<_> =
            ManifestKind::ALL.into_iter().filter(|k| !k.is_lock() && !k.defines_unit()).collect();
        let expected = [
            ManifestKind::GradleCatalogue,
            ManifestKind::DotnetProps,
            ManifestKind::PackagesConfig,
            ManifestKind::CondaEnvironment,
            ManifestKind::Dockerfile,
            ManifestKind::Compose,
            ManifestKind::Submodules,
        ];
        assert_eq!(neither, expected);
        assert!(ManifestKind::ALL.into_iter().all(|k| !(k.is_lock() && k.defines_unit())));
        assert!(
            ManifestKind::ALL.is_sorted(),
            "the list follows the declaration, so none is missing in between"
        );
    }

    #[test]
    fn units_of_requirements_folders_lie_above() {
        assert_eq!(unit_folder("svc/requirements/base.txt"), "svc");
        assert_eq!(unit_folder("requirements/base.txt"), "");
        assert_eq!(unit_folder("svc/requirements.txt"), "svc");
        assert_eq!(unit_folder("requirements/package.json"), "requirements");
        assert_eq!(unit_folder("package.json"), "");
    }
}
