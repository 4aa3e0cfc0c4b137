//! Which files start code by themselves, told by their paths.

use super::{folder_of, name_of};

/// A kind of file that starts code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum StarterFile {
    /// `.github/workflows/*.yml`.
    GithubWorkflow,
    /// `.github/workflows/*.md`, with settings before the prose.
    AgenticWorkflow,
    /// `.gitlab-ci.yml`.
    GitlabCi,
    /// `azure-pipelines.yml`, `.azure-pipelines/*.yml`.
    AzurePipelines,
    /// `bitbucket-pipelines.yml`.
    Bitbucket,
    /// `.buildkite/*.yml`.
    Buildkite,
    /// `.circleci/*.yml`.
    CircleCi,
    /// `Jenkinsfile`.
    Jenkins,
    /// `vercel.json`.
    VercelJson,
    /// `crontab`, `*.cron`, `cron.d/*`.
    Crontab,
    /// `wrangler.toml`, `wrangler.json`, `wrangler.jsonc`.
    Wrangler,
    /// `serverless.yml`.
    Serverless,
    /// Manifests with jobs that start by themselves, or with what these name; told by content, see [`by_content`].
    Kubernetes,
    /// `*.timer`.
    SystemdTimer,
    /// `*.service`: what a timer of that name starts.
    SystemdService,
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
    /// `template.yaml`, `sam.yaml`, and templates of any name, told by content.
    CloudFormation,
    /// `*.tf`, `*.tf.json`.
    Terraform,
    /// `Dockerfile`, `Dockerfile.*`: what an image runs.
    Dockerfile,
    /// `compose.yaml`, `docker-compose.yml`: what an image is built from.
    Compose,
    /// `.husky/pre-commit`, `.githooks/pre-push`: a hook of git.
    GitHook,
    /// `.pre-commit-config.yaml`.
    PreCommit,
    /// `lefthook.yml`.
    Lefthook,
}

impl StarterFile {
    #[cfg(test)]
    /// Every kind.
    pub(crate) const ALL: [Self; 29] = [
        Self::GithubWorkflow,
        Self::AgenticWorkflow,
        Self::GitlabCi,
        Self::AzurePipelines,
        Self::Bitbucket,
        Self::Buildkite,
        Self::CircleCi,
        Self::Jenkins,
        Self::VercelJson,
        Self::Crontab,
        Self::Wrangler,
        Self::Serverless,
        Self::Kubernetes,
        Self::SystemdTimer,
        Self::SystemdService,
        Self::Procfile,
        Self::RenderYaml,
        Self::Netlify,
        Self::DigitalOcean,
        Self::Railway,
        Self::AppEngineCron,
        Self::AzureFunction,
        Self::CloudFormation,
        Self::Terraform,
        Self::Dockerfile,
        Self::Compose,
        Self::GitHook,
        Self::PreCommit,
        Self::Lefthook,
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
    if has_extension(name, &["md"]) && below(".github/workflows") {
        return Some(StarterFile::AgenticWorkflow);
    }
    if yaml && below(".circleci") {
        return Some(StarterFile::CircleCi);
    }
    if yaml && (below(".buildkite") || matches!(name, "buildkite.yml" | "buildkite.yaml")) {
        return Some(StarterFile::Buildkite);
    }
    let of_azure = [".azure-pipelines", ".azuredevops", "azure-pipelines", ".pipelines"];
    if yaml && (name.starts_with("azure-pipelines") || of_azure.iter().any(|wanted| within(folder, wanted))) {
        return Some(StarterFile::AzurePipelines);
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
        "bitbucket-pipelines.yml" | "bitbucket-pipelines.yaml" => Some(StarterFile::Bitbucket),
        "Jenkinsfile" => Some(StarterFile::Jenkins),
        _ if name.starts_with("Jenkinsfile.") || has_extension(name, &["Jenkinsfile", "jenkinsfile"]) => {
            Some(StarterFile::Jenkins)
        }
        "template.yaml" | "template.yml" | "sam.yaml" | "sam.yml" => Some(StarterFile::CloudFormation),
        _ if yaml && (name.starts_with(".gitlab-ci.") || name.ends_with(".gitlab-ci.yml")) => {
            Some(StarterFile::GitlabCi)
        }
        ".pre-commit-config.yaml" | ".pre-commit-config.yml" => Some(StarterFile::PreCommit),
        _ if yaml
            && matches!(
                name.split('.').find(|part| !part.is_empty()),
                Some("lefthook" | "lefthook-local")
            ) =>
        {
            Some(StarterFile::Lefthook)
        }
        _ if super::hooks::is_hook(name)
            && [".husky", ".githooks", ".git-hooks", "githooks", "git-hooks", "hooks"]
                .iter()
                .any(|f| below(f)) =>
        {
            Some(StarterFile::GitHook)
        }
        _ if below("cron.d") && !name.starts_with('.') => Some(StarterFile::Crontab),
        _ if has_extension(name, &["cron", "crontab"]) => Some(StarterFile::Crontab),
        _ if has_extension(name, &["timer"]) => Some(StarterFile::SystemdTimer),
        _ if has_extension(name, &["service"]) => Some(StarterFile::SystemdService),
        _ if has_extension(name, &["tf"]) || name.ends_with(".tf.json") => Some(StarterFile::Terraform),
        _ if has_extension(name, &["template"]) => Some(StarterFile::CloudFormation),
        _ if is_dockerfile(name) => Some(StarterFile::Dockerfile),
        _ if yaml && (name.starts_with("docker-compose") || name.starts_with("compose.")) => {
            Some(StarterFile::Compose)
        }
        _ => None,
    }
}

/// Whether one of the folders of a path has that name.
fn within(folder: &str, wanted: &str) -> bool {
    folder.split('/').any(|part| part == wanted)
}

/// Whether a file describes a pipeline: what it starts stands for a workflow and not for a part of the program.
pub(crate) fn is_pipeline(path: &str) -> bool {
    use StarterFile as F;
    matches!(
        kind_of(path),
        Some(
            F::GithubWorkflow
                | F::AgenticWorkflow
                | F::GitlabCi
                | F::AzurePipelines
                | F::Bitbucket
                | F::Buildkite
                | F::CircleCi
                | F::Jenkins
                | F::GitHook
                | F::PreCommit
                | F::Lefthook
        )
    )
}

/// Whether a file is read by a service that builds and tests what a repository holds.
pub(crate) fn is_ci(path: &str) -> bool {
    use StarterFile as F;
    matches!(
        kind_of(path),
        Some(
            F::GithubWorkflow
                | F::GitlabCi
                | F::AzurePipelines
                | F::Bitbucket
                | F::Buildkite
                | F::CircleCi
                | F::Jenkins
        )
    )
}

/// Whether a file's name has one of these extensions.
pub(crate) fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
}

/// Whether a file says how an image is built, told by its path.
pub(crate) fn is_dockerfile(path: &str) -> bool {
    let name = name_of(path);
    matches!(name, "Dockerfile" | "Containerfile")
        || name.starts_with("Dockerfile.")
        || name.ends_with(".Dockerfile")
}

/// The kind of a file whose name does not tell it: fast, and never wrongly nothing for the usual ways to write it.
pub(crate) fn by_content(path: &str, bytes: &[u8]) -> Option<StarterFile> {
    let name = name_of(path);
    let yaml = has_extension(name, &["yml", "yaml"]);
    let bytes = &bytes[..bytes.len().min(crate::document::MAX_BYTES)];
    if yaml && (has_kind(bytes, &STARTED) || has_kind(bytes, &NAMED)) {
        return Some(StarterFile::Kubernetes);
    }
    let template = yaml || has_extension(name, &["json"]);
    (template && super::cloudformation::may_be(bytes)).then_some(StarterFile::CloudFormation)
}

/// Kinds of Kubernetes, Argo and KEDA that start something.
const STARTED: [&str; 4] = ["CronJob", "CronWorkflow", "ScaledJob", "ScaledObject"];
/// Kinds that those may name, or that run something as well.
const NAMED: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"];

fn has_kind(bytes: &[u8], kinds: &[&str]) -> bool {
    memchr::memmem::find_iter(bytes, b"kind").any(|at| {
        let after = &bytes[at + "kind".len()..];
        let after = trim_start(after, b"\"'");
        let Some(value) = trim_start(after, b" ").strip_prefix(b":") else { return false };
        let value = trim_start(value, b" \t\"'");
        kinds.iter().any(|kind| value.starts_with(kind.as_bytes()))
    })
}

fn trim_start<'a>(mut bytes: &'a [u8], of: &[u8]) -> &'a [u8] {
    while let [first, rest @ ..] = bytes
        && of.contains(first)
    {
        bytes = rest;
    }
    bytes
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
            (".github/workflows/triage.md", Some(F::AgenticWorkflow)),
            (".github/workflows/shared/tools.md", None),
            (".azure-pipelines/jobs/fix.yml", Some(F::AzurePipelines)),
            ("azure-pipelines-nightly.yml", Some(F::AzurePipelines)),
            ("bitbucket-pipelines.yml", Some(F::Bitbucket)),
            (".buildkite/pipeline.yaml", Some(F::Buildkite)),
            ("web/.circleci/config.yml", Some(F::CircleCi)),
            ("ci/Jenkinsfile.nightly", Some(F::Jenkins)),
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
            ("template.yaml", Some(F::CloudFormation)),
            ("infra/main.tf", Some(F::Terraform)),
            ("infra/main.tf.json", Some(F::Terraform)),
            ("infra/prod.tfvars", None),
            ("deploy/agent.service", Some(F::SystemdService)),
            ("svc/Dockerfile.worker", Some(F::Dockerfile)),
            ("docker-compose.prod.yml", Some(F::Compose)),
            (".husky/pre-commit", Some(F::GitHook)),
            (".husky/_/husky.sh", None),
            ("scripts/git-hooks/pre-push", Some(F::GitHook)),
            ("src/pre-commit", None),
            (".pre-commit-config.yaml", Some(F::PreCommit)),
            (".lefthook.yml", Some(F::Lefthook)),
            ("app.yaml", None),
            ("timer", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(kind_of(path), expected, "{path}");
        }
    }

    #[test]
    fn content_tells_the_kind_where_the_name_does_not() {
        for yes in
            ["kind: CronJob\n", "a: b\nkind:   \"CronJob\"", "{\"kind\": \"CronJob\"}", "kind: CronWorkflow"]
        {
            assert_eq!(by_content("a.yaml", yes.as_bytes()), Some(StarterFile::Kubernetes), "{yes}");
        }
        for no in ["kind: Service\n# CronJob", "name: CronJob", "kind: Cron", "", "kind CronJob"] {
            assert_eq!(by_content("a.yaml", no.as_bytes()), None, "{no}");
        }
        assert_eq!(by_content("a.yml", b"kind: CronJob\n\xff"), Some(StarterFile::Kubernetes));
        assert_eq!(by_content("a.txt", b"kind: CronJob\n"), None);
        let template = b"Resources:\n  A:\n    Type: AWS::Lambda::Function\n";
        assert_eq!(by_content("stack.yaml", template), Some(StarterFile::CloudFormation));
    }
}
