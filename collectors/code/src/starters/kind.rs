//! Which files start code by themselves, told by their paths.

use super::{folder_of, name_of};

/// A kind of file that starts code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum StarterFile {
    /// `.github/workflows/*.yml`.
    GithubWorkflow,
    /// `.gitlab-ci.yml`.
    GitlabCi,
    /// `vercel.json`.
    VercelJson,
    /// `crontab`, `*.cron`, `cron.d/*`.
    Crontab,
    /// `wrangler.toml`, `wrangler.json`, `wrangler.jsonc`.
    Wrangler,
    /// `serverless.yml`.
    Serverless,
    /// Manifests with a CronJob or CronWorkflow; told by content, see [`may_be_cronjob`].
    KubernetesCronJob,
    /// `*.timer`.
    SystemdTimer,
    /// `Procfile`.
    Procfile,
    /// `render.yaml`.
    RenderYaml,
    /// `netlify.toml`.
    Netlify,
    /// `.do/app.yaml`, `.do/deploy.template.yaml`.
    DigitalOcean,
    /// `railway.toml`, `railway.json`.
    Railway,
    /// `cron.yaml`.
    AppEngineCron,
    /// `function.json`.
    AzureFunction,
    /// `template.yaml`, `sam.yaml`.
    SamTemplate,
}

impl StarterFile {
    #[cfg(test)]
    /// Every kind.
    pub(crate) const ALL: [Self; 16] = [
        Self::GithubWorkflow,
        Self::GitlabCi,
        Self::VercelJson,
        Self::Crontab,
        Self::Wrangler,
        Self::Serverless,
        Self::KubernetesCronJob,
        Self::SystemdTimer,
        Self::Procfile,
        Self::RenderYaml,
        Self::Netlify,
        Self::DigitalOcean,
        Self::Railway,
        Self::AppEngineCron,
        Self::AzureFunction,
        Self::SamTemplate,
    ];
}

/// The kind of a file by its path, relative to the repository and separated by `/`.
pub(crate) fn kind_of(path: &str) -> Option<StarterFile> {
    let name = name_of(path);
    let folder = folder_of(path);
    let below =
        |wanted: &str| folder == wanted || folder.strip_suffix(wanted).is_some_and(|f| f.ends_with('/'));
    let yaml = has_extension(name, &["yml", "yaml"]);
    if yaml && below(".github/workflows") {
        return Some(StarterFile::GithubWorkflow);
    }
    if yaml && below(".do") && (name.starts_with("app.") || name.starts_with("deploy.template.")) {
        return Some(StarterFile::DigitalOcean);
    }
    match name {
        "vercel.json" => Some(StarterFile::VercelJson),
        "crontab" | "crontab.txt" => Some(StarterFile::Crontab),
        "wrangler.toml" | "wrangler.json" | "wrangler.jsonc" => Some(StarterFile::Wrangler),
        "serverless.yml" | "serverless.yaml" | "serverless.json" => Some(StarterFile::Serverless),
        "Procfile" => Some(StarterFile::Procfile),
        "render.yaml" | "render.yml" => Some(StarterFile::RenderYaml),
        "netlify.toml" => Some(StarterFile::Netlify),
        "railway.toml" | "railway.json" => Some(StarterFile::Railway),
        "cron.yaml" | "cron.yml" => Some(StarterFile::AppEngineCron),
        "function.json" => Some(StarterFile::AzureFunction),
        "template.yaml" | "template.yml" | "sam.yaml" | "sam.yml" => Some(StarterFile::SamTemplate),
        _ if yaml && (name.starts_with(".gitlab-ci.") || name.ends_with(".gitlab-ci.yml")) => {
            Some(StarterFile::GitlabCi)
        }
        _ if below("cron.d") && !name.starts_with('.') => Some(StarterFile::Crontab),
        _ if has_extension(name, &["cron", "crontab"]) => Some(StarterFile::Crontab),
        _ if has_extension(name, &["timer"]) => Some(StarterFile::SystemdTimer),
        _ => None,
    }
}

/// Whether a file's name has one of these extensions.
pub(crate) fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
}

/// Whether a YAML file may declare a Kubernetes CronJob or an Argo CronWorkflow: fast, and never wrongly `false` for the
/// usual ways to write it.
pub(crate) fn may_be_cronjob(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(&bytes[..bytes.len().min(super::MAX_BYTES)]).or_else(|error| {
        // A cut in the middle of a character is no reason to give up.
        std::str::from_utf8(&bytes[..error.valid_up_to()])
    }) else {
        return false;
    };
    text.match_indices("Cron").any(|(at, _)| {
        let (before, after) = text.split_at(at);
        let named = after.starts_with("CronJob") || after.starts_with("CronWorkflow");
        let before = before.trim_end_matches([' ', '\t', '"', '\'']);
        named
            && before
                .strip_suffix(':')
                .is_some_and(|b| b.trim_end_matches([' ', '"', '\'']).ends_with("kind"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_the_kind() {
        use StarterFile as F;
        let cases = [
            (".github/workflows/nightly.yml", Some(F::GithubWorkflow)),
            ("sub/.github/workflows/a.yaml", Some(F::GithubWorkflow)),
            (".github/workflows/deep/a.yml", None),
            ("x.github/workflows/a.yml", None),
            (".github/workflows/readme.md", None),
            (".gitlab-ci.yml", Some(F::GitlabCi)),
            ("ci/agents.gitlab-ci.yml", Some(F::GitlabCi)),
            ("web/vercel.json", Some(F::VercelJson)),
            ("deploy/crontab", Some(F::Crontab)),
            ("etc/cron.d/agent", Some(F::Crontab)),
            ("nightly.cron", Some(F::Crontab)),
            ("wrangler.jsonc", Some(F::Wrangler)),
            ("serverless.yml", Some(F::Serverless)),
            ("agent.timer", Some(F::SystemdTimer)),
            ("Procfile", Some(F::Procfile)),
            ("render.yaml", Some(F::RenderYaml)),
            ("netlify.toml", Some(F::Netlify)),
            (".do/app.yaml", Some(F::DigitalOcean)),
            ("railway.json", Some(F::Railway)),
            ("cron.yaml", Some(F::AppEngineCron)),
            ("nightly/function.json", Some(F::AzureFunction)),
            ("template.yaml", Some(F::SamTemplate)),
            ("app.yaml", None),
            ("timer", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(kind_of(path), expected, "{path}");
        }
    }

    #[test]
    fn cronjobs_are_told_by_their_kind() {
        for yes in
            ["kind: CronJob\n", "a: b\nkind:   \"CronJob\"", "{\"kind\": \"CronJob\"}", "kind: CronWorkflow"]
        {
            assert!(may_be_cronjob(yes.as_bytes()), "{yes}");
        }
        for no in ["kind: Job\n# CronJob", "name: CronJob", "kind: Cron", "", "kind CronJob"] {
            assert!(!may_be_cronjob(no.as_bytes()), "{no}");
        }
        assert!(may_be_cronjob(b"kind: CronJob\n\xff"));
    }
}
