//! The target grammar: one way to name what is scanned, on the command line, in the configuration and in the API.

use std::path::{Path, PathBuf};

/// What kind of source a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A folder on disk.
    Folder,
    /// `repos:PATH`: every repository below a folder.
    Repositories,
    /// `@FILE`: every target that a file lists.
    List,
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
            Self::Repositories => "repos:PATH",
            Self::List => "@FILE",
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
    ("repos:", Source::Repositories),
    ("@", Source::List),
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
    /// A URL with a user, a password or a query in it, any of which may be a secret.
    #[error(
        "the URL of `{0}` holds a user, a password or a query, which everybody sees who sees the command; write it without, and give \
         tokens in MUSTER_GIT_TOKEN or --git-token-file"
    )]
    Secret(String),
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
                if *source == Source::Git {
                    if let Some(bare) = without_secrets(prefix, rest) {
                        return Err(TargetError::Secret(bare));
                    }
                    return Ok(target(*source, &given["git+".len()..]));
                }
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
        self.path_prefix().map(|_| PathBuf::from(&self.rest))
    }

    /// Whether it stands for others, however many these are.
    pub fn is_group(&self) -> bool {
        match self.source {
            // A path of GitLab may be that of a project, or of a group within a group; which, its server alone knows.
            Source::Repositories | Source::List | Source::Gitlab => true,
            Source::Github => !self.rest.contains('/'),
            Source::Folder
            | Source::Git
            | Source::Aws
            | Source::AwsExport
            | Source::Kubernetes
            | Source::KubernetesExport
            | Source::CycloneDx => false,
        }
    }

    /// The same target with its path, if it has one, from a folder on; nothing where that cannot be written.
    pub fn below(self, folder: &Path) -> Option<Self> {
        let Some(prefix) = self.path_prefix().filter(|_| !folder.as_os_str().is_empty()) else {
            return Some(self);
        };
        // Collected anew, it has no `.` in the middle.
        let path: PathBuf = folder.join(&self.rest).components().collect();
        let placed = Self::parse(&format!("{prefix}{}", path.to_str()?)).ok()?;
        // A folder that is called like the prefix of a target would make it one of that kind.
        (placed.source == self.source).then_some(placed)
    }

    /// What stands before the path of a target that has one.
    fn path_prefix(&self) -> Option<&'static str> {
        match self.source {
            Source::Folder => Some(""),
            Source::Repositories => Some("repos:"),
            Source::List => Some("@"),
            Source::AwsExport => Some("aws-export:"),
            Source::KubernetesExport => Some("k8s-export:"),
            Source::CycloneDx => Some("cyclonedx:"),
            Source::Git | Source::Github | Source::Gitlab | Source::Aws | Source::Kubernetes => None,
        }
    }

    /// The folder it names, if it is one.
    pub fn folder(&self) -> Option<PathBuf> {
        (self.source == Source::Folder).then(|| PathBuf::from(&self.rest))
    }
}

/// The URL of a repository without what may be secret in it, if there is any. A user alone is none where ssh needs one.
fn without_secrets(prefix: &str, rest: &str) -> Option<String> {
    let plain = rest.split(['?', '#']).next().unwrap_or_default();
    let host = plain.split('/').next().unwrap_or_default();
    let (user, bare) = match plain[..host.len()].rsplit_once('@') {
        Some((user, _)) => (Some(user), &plain[user.len() + 1..]),
        None => (None, plain),
    };
    let is_plain_user = prefix == "git+ssh://" && user.is_none_or(|user| !user.contains(':'));
    let has_secret = plain.len() < rest.len() || (user.is_some() && !is_plain_user);
    has_secret.then(|| format!("{prefix}{bare}"))
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
            "repos:/srv/git",
            "@targets.txt",
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
            (Source::Repositories, "/srv/git"),
            (Source::List, "targets.txt"),
        ];
        assert_eq!(parsed, expected.map(|(source, rest)| (source, rest.to_owned())));
    }

    #[test]
    fn secrets_in_urls_are_refused_and_not_repeated() {
        for given in [
            "git+https://hunter2@host/a.git",
            "git+https://user:hunter2@host/a.git",
            "git+https://host/a.git?private_token=hunter2",
            "git+https://host/a.git#hunter2",
            "git+https://us@er:hunter2@host/a.git?b=hunter2@c",
        ] {
            let error = Target::parse(given).expect_err("it holds a secret");
            assert_eq!(error, TargetError::Secret("git+https://host/a.git".to_owned()), "{given}");
            assert!(!error.to_string().contains("hunter2"));
        }
        let error = Target::parse("git+ssh://git:hunter2@host:22/a/b").expect_err("it holds a password");
        assert_eq!(error, TargetError::Secret("git+ssh://host:22/a/b".to_owned()));
        for given in ["git+ssh://git@host/a.git", "git+https://host/a@b.git", "git+file:///srv/a@b"] {
            assert_eq!(Target::parse(given).map(|target| target.rest), Ok(given["git+".len()..].to_owned()));
        }
    }

    #[test]
    fn what_names_no_target_is_told_without_secrets() {
        assert_eq!(Target::parse(""), Err(TargetError::Empty));
        assert_eq!(Target::parse("a\0b"), Err(TargetError::Nul));
        let error = Target::parse("https://user:hunter2@host/a").expect_err("a plain URL").to_string();
        assert_eq!(error, "`host/a` is a URL; put `git+` in front of a git URL, as in `git+https://…`");
    }
}
