//! The target grammar: one way to name what is scanned, on the command line, in the configuration and in the API.

use std::path::PathBuf;

/// What kind of source a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A folder on disk.
    Folder,
    /// A git repository by URL: `git+https://…`, `git+ssh://…`, `git+file://…`.
    Git,
    /// `github:OWNER[/REPO]`.
    Github,
    /// `gitlab:GROUP[/PROJECT]`.
    Gitlab,
    /// `aws:[PROFILE]`.
    Aws,
    /// `aws-export:PATH`.
    AwsExport,
    /// `k8s:[CONTEXT]`.
    Kubernetes,
    /// `k8s-export:PATH`.
    KubernetesExport,
    /// `cyclonedx:PATH`.
    CycloneDx,
}

impl Source {
    /// How a target of this kind is written.
    pub fn form(self) -> &'static str {
        match self {
            Self::Folder => "PATH",
            Self::Git => "git+https://HOST/PATH",
            Self::Github => "github:OWNER[/REPO]",
            Self::Gitlab => "gitlab:GROUP[/PROJECT]",
            Self::Aws => "aws:[PROFILE]",
            Self::AwsExport => "aws-export:PATH",
            Self::Kubernetes => "k8s:[CONTEXT]",
            Self::KubernetesExport => "k8s-export:PATH",
            Self::CycloneDx => "cyclonedx:PATH",
        }
    }
}

const PREFIXES: &[(&str, Source)] = &[
    ("git+https://", Source::Git),
    ("git+http://", Source::Git),
    ("git+ssh://", Source::Git),
    ("git+file://", Source::Git),
    ("github:", Source::Github),
    ("gitlab:", Source::Gitlab),
    ("aws-export:", Source::AwsExport),
    ("aws:", Source::Aws),
    ("k8s-export:", Source::KubernetesExport),
    ("cyclonedx:", Source::CycloneDx),
    ("k8s:", Source::Kubernetes),
];

/// Something to scan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// As it was given.
    pub given: String,
    /// What kind of source.
    pub source: Source,
    /// What follows the prefix; for a folder, everything.
    pub rest: String,
}

/// A text that names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is empty.
    #[error("a target is empty; give a folder to scan, as in `muster scan .`")]
    Empty,
    /// A URL without the prefix that makes it a target.
    #[error("`{0}` is a URL; put `git+` in front of a git URL, as in `git+https://…`")]
    PlainUrl(String),
    /// It holds a NUL byte.
    #[error("a target holds a NUL byte, which no path can")]
    Nul,
}

impl Target {
    /// Reads a target. A path that has a prefix for a name is written with `./` in front.
    pub fn parse(given: &str) -> Result<Self, TargetError> {
        if given.is_empty() {
            return Err(TargetError::Empty);
        }
        if given.contains('\0') {
            return Err(TargetError::Nul);
        }
        let target = |source, rest: &str| Self { given: given.to_owned(), source, rest: rest.to_owned() };
        for (prefix, source) in PREFIXES {
            if let Some(rest) = given.strip_prefix(prefix) {
                let rest = if *source == Source::Git { &given["git+".len()..] } else { rest };
                return Ok(target(*source, rest));
            }
        }
        if given.starts_with("https://") || given.starts_with("http://") || given.starts_with("ssh://") {
            // What stands before an @ may be a password.
            let shown = given.rsplit_once('@').map_or(given, |(_, host)| host);
            return Err(TargetError::PlainUrl(shown.to_owned()));
        }
        Ok(target(Source::Folder, given))
    }

    /// The file or folder of this machine that it is read from, if it is.
    pub fn path(&self) -> Option<PathBuf> {
        let local = matches!(
            self.source,
            Source::Folder | Source::AwsExport | Source::KubernetesExport | Source::CycloneDx
        );
        local.then(|| PathBuf::from(&self.rest))
    }

    /// The folder it names, if it is one.
    pub fn folder(&self) -> Option<PathBuf> {
        (self.source == Source::Folder).then(|| PathBuf::from(&self.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_tell_the_source() {
        let parsed: Vec<(Source, String)> = [
            ".",
            "./github:x",
            "C:\\code",
            "git+https://host/a.git",
            "git+file:///srv/a.git",
            "github:acme/shop",
            "gitlab:acme",
            "aws:",
            "aws:prod",
            "aws-export:./saved",
            "k8s:",
            "k8s-export:x.yaml",
            "cyclonedx:bom.json",
        ]
        .into_iter()
        .map(|given| Target::parse(given).map(|t| (t.source, t.rest)).expect(given))
        .collect();
        let expected = [
            (Source::Folder, "."),
            (Source::Folder, "./github:x"),
            (Source::Folder, "C:\\code"),
            (Source::Git, "https://host/a.git"),
            (Source::Git, "file:///srv/a.git"),
            (Source::Github, "acme/shop"),
            (Source::Gitlab, "acme"),
            (Source::Aws, ""),
            (Source::Aws, "prod"),
            (Source::AwsExport, "./saved"),
            (Source::Kubernetes, ""),
            (Source::KubernetesExport, "x.yaml"),
            (Source::CycloneDx, "bom.json"),
        ];
        assert_eq!(parsed, expected.map(|(source, rest)| (source, rest.to_owned())));
    }

    #[test]
    fn what_names_no_target_is_told_without_secrets() {
        assert_eq!(Target::parse(""), Err(TargetError::Empty));
        assert_eq!(Target::parse("a\0b"), Err(TargetError::Nul));
        let error = Target::parse("https://user:hunter2@host/a").expect_err("a plain URL").to_string();
        assert_eq!(error, "`host/a` is a URL; put `git+` in front of a git URL, as in `git+https://…`");
    }
}
