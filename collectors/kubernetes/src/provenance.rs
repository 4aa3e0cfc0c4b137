//! Where an object comes from: repositories that deployment tools, annotations and images name.

use asmm_model::{Deployment, DeploymentKind, JoinStrength};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::object::{Object, address_without_secrets};
use crate::pod::Workload;

const TRACKED: &str = "argocd.argoproj.io/tracking-id";
const RELEASE: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
/// Annotations that are read; those of the first four name a repository.
pub(crate) const ANNOTATIONS: [&str; 7] = [
    "org.opencontainers.image.source",
    "a8r.io/repository",
    "github.com/project-slug",
    "backstage.io/source-location",
    TRACKED,
    RELEASE,
    RELEASE_NAMESPACE,
];
/// Variables that name one; their values are kept.
pub(crate) const VARIABLES: [&str; 3] = ["DD_GIT_REPOSITORY_URL", "GIT_REPOSITORY_URL", "SOURCE_REPOSITORY"];

/// The places that an object is joined with: by what somebody wrote down first.
pub(crate) fn of(object: &Object, cluster: &Cluster<'_>) -> Vec<Deployment> {
    let all = &cluster.objects;
    let repository = |url: &str, strength| {
        let url = address_without_secrets(url.trim_start_matches("url:"));
        (!url.is_empty()).then(|| Deployment::joined(DeploymentKind::Repo, url, strength))
    };
    let mut found = Vec::new();
    let named = ANNOTATIONS[..4].iter().filter_map(|key| object.annotations.get(*key));
    found.extend(named.filter_map(|url| repository(url, JoinStrength::Strong)));
    for url in argo(object, all).into_iter().chain(flux(object, all)).chain(skills(object)) {
        found.extend(repository(&url, JoinStrength::Strong));
    }
    if let Some(release) = object.annotations.get(RELEASE) {
        let namespace = object.annotations.get(RELEASE_NAMESPACE).unwrap_or(&object.namespace);
        let place = format!("{namespace}/helmrelease/{release}");
        found.push(Deployment::joined(DeploymentKind::K8s, place, JoinStrength::Strong));
    }
    if let Some(workload) = Workload::of(object) {
        for variable in workload.variables() {
            let url = variable.value.filter(|_| VARIABLES.contains(&variable.name));
            found.extend(url.and_then(|url| repository(url, JoinStrength::Strong)));
        }
        for image in workload.images() {
            let label = cluster.origins.get(image);
            found.extend(label.and_then(|url| repository(url, JoinStrength::Strong)));
            found.extend(of_image(image).and_then(|url| repository(&url, JoinStrength::Medium)));
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.kind == b.kind && a.reference == b.reference);
    found
}

/// The repository of an image on the registry of GitHub, whose names are those of repositories by custom.
fn of_image(image: &str) -> Option<String> {
    let path = image.strip_prefix("ghcr.io/")?;
    let mut parts = path.split(['/', ':', '@']);
    let (owner, name) = (parts.next()?, parts.next()?);
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (is_name(owner) && is_name(name)).then(|| format!("https://github.com/{owner}/{name}"))
}

fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value.pointer(path)?.as_str()
}

/// Repositories of the application of Argo CD that an object is part of.
fn argo(object: &Object, all: &[Object]) -> Vec<String> {
    // `APP:apps/Deployment:namespace/name`, with the namespace of the application in front where it is another.
    let tracked = object.annotations.get(TRACKED).and_then(|id| id.split(':').next());
    let labelled = || {
        let keys = ["argocd.argoproj.io/instance", "app.kubernetes.io/instance"];
        keys.iter().find_map(|key| object.labels.get(*key)).map(String::as_str)
    };
    let Some(name) = tracked.or_else(labelled) else { return Vec::new() };
    let name = name.rsplit('_').next().unwrap_or(name);
    let application = all
        .iter()
        .find(|other| other.group == "argoproj.io" && other.kind == "Application" && other.name == name);
    let Some(application) = application else { return Vec::new() };
    let many = application.at("/spec/sources").and_then(Value::as_array).into_iter().flatten();
    let sources = many.chain(application.at("/spec/source"));
    sources.filter_map(|source| text(source, "/repoURL")).map(str::to_owned).collect()
}

/// The repository of what Flux made an object from.
fn flux(object: &Object, all: &[Object]) -> Vec<String> {
    let of = |tool: &str, kind: &str| {
        let label = |key: &str| object.labels.get(&format!("{tool}.toolkit.fluxcd.io/{key}"));
        let (name, namespace) = (label("name")?, label("namespace")?);
        find(all, kind, namespace, name)
    };
    let made = of("kustomize", "Kustomization").into_iter().chain(of("helm", "HelmRelease"));
    let url = |made: &Object| {
        let source = ["/spec/sourceRef", "/spec/chart/spec/sourceRef", "/spec/chartRef"]
            .iter()
            .find_map(|path| made.at(path))?;
        let namespace = text(source, "/namespace").unwrap_or(&made.namespace);
        let source = find(all, text(source, "/kind")?, namespace, text(source, "/name")?)?;
        source.text("/spec/url").map(str::to_owned)
    };
    made.filter_map(url).collect()
}

fn find<'o>(all: &'o [Object], kind: &str, namespace: &str, name: &str) -> Option<&'o Object> {
    all.iter().find(|other| other.kind == kind && other.namespace == namespace && other.name == name)
}

/// Repositories that an agent of kagent takes its skills from.
fn skills(object: &Object) -> Vec<String> {
    let refs = object.at("/spec/skills/gitRefs").and_then(Value::as_array).into_iter().flatten();
    refs.filter_map(|of| text(of, "/url")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use muster_rules::RulePack;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_tool_leads_to_the_repository() {
        let pack = RulePack::built_in();
        let mut cluster = Cluster::new(&pack);
        cluster.objects = Object::all(json!([
            {"kind": "Application", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "shop", "namespace": "argocd"}, "spec": {"source": {"repoURL": "https://me:SECRET@git.example/acme/shop.git"}}},
            {"kind": "GitRepository", "apiVersion": "source.toolkit.fluxcd.io/v1", "metadata": {"name": "apps", "namespace": "flux-system"}, "spec": {"url": "ssh://git@git.example/acme/apps"}},
            {"kind": "Kustomization", "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "metadata": {"name": "bots", "namespace": "flux-system"}, "spec": {"sourceRef": {"kind": "GitRepository", "name": "apps"}}},
            {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "a", "namespace": "n", "annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:n/a", "meta.helm.sh/release-name": "a"}}, "spec": {"template": {"spec": {"containers": [{"image": "ghcr.io/acme/bot:1"}]}}}},
            {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "b", "namespace": "n", "labels": {"kustomize.toolkit.fluxcd.io/name": "bots", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}, "spec": {"template": {"spec": {"containers": [{"image": "acme/bot"}]}}}},
        ]));
        let shown = |at: usize| -> Vec<String> {
            of(&cluster.objects[at], &cluster)
                .iter()
                .map(|at| format!("{} {:?}", at.reference, at.strength))
                .collect()
        };
        assert_eq!(
            shown(3),
            [
                "https://git.example/acme/shop.git Some(Strong)",
                "https://github.com/acme/bot Some(Medium)",
                "n/helmrelease/a Some(Strong)",
            ]
        );
        assert_eq!(shown(4), ["ssh://git.example/acme/apps Some(Strong)"]);
    }
}
