//! The collector for clusters: each is one unit, asked kind by kind for what a scan needs and nothing else.

use asmm_model::{Coverage, CoveredKind, Gap, GapReason, Seen};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use muster_collect::url::encoded;
use muster_collect::{
    CollectError, Collector, Context, Descriptor, Diagnosis, Sink, Source, SourceOption, Target, Unit,
};

use crate::cluster::Cluster;
use crate::discovery::{self, Kind, Known, sounds_like_ai};
use crate::kinds::{TABLE, called};
use crate::listing::List;
use crate::observe::{Of, observe};
use crate::policy::Listed;
use crate::refusal::Refusal;
use crate::registry::{self, Unread};
use crate::server::{self, EXEC, RATE, Server};

const NAMESPACES: &str = "k8s-namespaces";
const ALL: &str = "k8s-all-contexts";
const NAME: &str = "k8s-cluster-name";
const REGISTRIES: &str = "k8s-registries";

/// Clusters at once.
const AT_ONCE: usize = 4;
/// Replica sets that nothing made, of which the template is asked for one by one.
const MAX_ALONE: usize = 200;

/// Asks clusters.
#[derive(Debug, Clone, Copy, Default)]
pub struct KubernetesCollector;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "k8s",
    title: "Clusters of Kubernetes",
    source: Source::Kubernetes,
    permissions: &["list what `muster doctor k8s` lists"],
    options: &[
        SourceOption {
            name: NAMESPACES,
            value: "NAMESPACE,…",
            help: "Look in these namespaces only; by default in all",
            many: true,
            check: is_name,
        },
        SourceOption {
            name: ALL,
            value: "",
            help: "Scan the cluster of every context of the configuration",
            many: false,
            check: is_anything,
        },
        SourceOption {
            name: NAME,
            value: "NAME",
            help: "What the cluster is called in the inventory, where several are scanned as `k8s:`",
            many: false,
            check: is_title,
        },
        SourceOption {
            name: REGISTRIES,
            value: "",
            help: "Ask the registries of images which repository each was built from, without signing in",
            many: false,
            check: is_anything,
        },
        SourceOption {
            name: EXEC,
            value: "",
            help: "Let the configuration run programs to sign in, as those of EKS, GKE and AKS do",
            many: false,
            check: is_anything,
        },
        SourceOption {
            name: RATE,
            value: "N",
            help: "Send at most N requests in a second to each cluster; 20 by default",
            many: false,
            check: is_count,
        },
    ],
};

#[allow(clippy::unnecessary_wraps, reason = "the check of every option may fail")]
fn is_anything(_: &str) -> Result<(), String> {
    Ok(())
}

fn is_name(given: &str) -> Result<(), String> {
    let is = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !given.is_empty() && given.len() <= 63 && given.chars().all(is) {
        Ok(())
    } else {
        Err("a namespace is written in small letters, digits and `-`".to_owned())
    }
}

fn is_title(given: &str) -> Result<(), String> {
    let is = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !given.is_empty() && given.len() <= 100 && given.chars().all(is) {
        Ok(())
    } else {
        Err("letters, digits and `-_.` are allowed".to_owned())
    }
}

fn is_count(given: &str) -> Result<(), String> {
    match given.parse::<u32>() {
        Ok(count) if count > 0 => Ok(()),
        _ => Err("a number above zero is needed".to_owned()),
    }
}

#[async_trait]
impl Collector for KubernetesCollector {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>> {
        let units = match planned(target, cx) {
            Ok(parts) => {
                let unit = |part| Ok(Unit { target: target.given.clone(), part, commit: None });
                parts.into_iter().map(unit).collect()
            }
            Err(error) => vec![Err(error)],
        };
        stream::iter(units).boxed()
    }

    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError> {
        let server = Server::of(context(unit, cx), cx).await?;
        let mut cluster = Cluster::new(&cx.rules);
        let mut coverage = Coverage { target: unit.target.clone(), ..Coverage::default() };
        survey(&server, cx, &mut cluster, &mut coverage).await?;
        cluster.finish();
        if cx.options.one(REGISTRIES).is_some() {
            ask_registries(&mut cluster, &mut coverage).await;
        }
        let (observations, gaps) =
            observe(&cx.rules, Of { target: &unit.target, part: &unit.part }, &cluster);
        coverage.seen = cluster.seen;
        coverage.skipped.extend(gaps);
        for kind in &mut coverage.kinds {
            kind.part.clone_from(&unit.part);
        }
        if !unit.part.is_empty() {
            for gap in &mut coverage.skipped {
                gap.what = format!("{}: {}", unit.part, gap.what);
            }
        }
        coverage.skipped.sort();
        coverage.skipped.dedup();
        coverage.kinds.sort();
        for observation in observations {
            out.put(observation);
        }
        let name = if unit.part.is_empty() { unit.target.trim_end_matches(':') } else { &unit.part };
        cx.progress.note(&format!(
            "{name}: objects seen: {}, requests sent: {}",
            cluster.seen,
            server.sent()
        ));
        Ok(coverage)
    }

    fn at_once(&self, _: &Context) -> usize {
        AT_ONCE
    }

    async fn check(&self, target: &Target, cx: &Context) -> Result<Diagnosis, CollectError> {
        crate::doctor::check(target, cx.options.all(NAMESPACES), cx).await
    }

    fn policy(&self) -> Option<String> {
        Some(crate::kinds::role())
    }

    fn requests(&self) -> Option<String> {
        Some(crate::kinds::requests())
    }
}

/// The parts of a target: one without a name, or every context.
fn planned(target: &Target, cx: &Context) -> Result<Vec<String>, CollectError> {
    if cx.stop.is_asked() {
        return Err(CollectError::Stopped);
    }
    if cx.options.one(ALL).is_none() {
        return Ok(vec![cx.options.one(NAME).unwrap_or_default().to_owned()]);
    }
    if !target.rest.is_empty() {
        return Err(CollectError::Unusable(format!(
            "`{}` names a context, and --{ALL} asks for all: give `k8s:` with it",
            target.given
        )));
    }
    let (contexts, _) = server::contexts()?;
    if contexts.is_empty() {
        return Err(CollectError::Unusable("the configuration has no context".to_owned()));
    }
    Ok(contexts)
}

/// The context of a unit; empty for the current one.
fn context<'a>(unit: &'a Unit, cx: &Context) -> &'a str {
    let is_all = cx.options.one(ALL).is_some();
    if is_all { &unit.part } else { unit.target.strip_prefix("k8s:").unwrap_or_default() }
}

/// What a server knows; an error where it does not answer at all.
pub(crate) async fn known(server: &Server) -> Result<Known, CollectError> {
    discovery::of(server).await.map_err(|refusal| match refusal {
        Refusal::Unauthorized => CollectError::Unusable(
            "the server does not accept who asks (401): sign in again, or name another context, as in k8s:CONTEXT".to_owned(),
        ),
        refusal => CollectError::Failed(format!("the server cannot be asked for its kinds: {refusal}")),
    })
}

/// What is asked for, in the order of the table; and kinds that only sound like AI, by name.
pub(crate) fn wanted(known: &Known) -> Vec<(&Kind, bool, &'static str)> {
    let mut all = Vec::new();
    let mut later = Vec::new();
    for row in TABLE.iter() {
        let of_row = known.kinds.iter().filter(|kind| row.is_about(&kind.group, &kind.resource));
        let kinds = of_row.map(|kind| (kind, row.names, row.hides.as_str()));
        // The kinds of the core that say what runs come at the end.
        if row.group.is_empty() && row.resources.iter().any(|resource| resource == "pods") {
            later.extend(kinds);
        } else {
            all.extend(kinds);
        }
    }
    let is_listed = |kind: &Kind| TABLE.iter().any(|row| row.is_about(&kind.group, &kind.resource));
    let unknown =
        known.kinds.iter().filter(|kind| sounds_like_ai(&kind.group, &kind.name) && !is_listed(kind));
    all.extend(unknown.map(|kind| (kind, true, "objects of a kind that sounds like AI")));
    all.extend(later);
    all
}

/// Asks for everything, and says how much of it was seen.
async fn survey(
    server: &Server,
    cx: &Context,
    cluster: &mut Cluster<'_>,
    coverage: &mut Coverage,
) -> Result<(), CollectError> {
    let known = known(server).await?;
    coverage.skipped.extend(known.gaps.iter().cloned());
    coverage.kinds.extend(absent(&known));
    let namespaces = cx.options.all(NAMESPACES);
    let wanted = wanted(&known);
    cx.progress.found(wanted.len() as u64);
    for (kind, names, hides) in wanted {
        if cx.stop.is_asked() {
            return Err(CollectError::Stopped);
        }
        let everywhere = [String::new()];
        // Which namespaces there are needs not be asked where they are named.
        let is_list_of_them = kind.group.is_empty() && kind.resource == "namespaces";
        let within: &[String] = match () {
            () if namespaces.is_empty() || !kind.namespaced && !is_list_of_them => &everywhere,
            () if is_list_of_them => &[],
            () => namespaces,
        };
        for namespace in within {
            let list = List { kind, namespace, names, only: "" };
            let listed = list.read(server, cluster).await;
            coverage.kinds.push(listed.covered);
            coverage.skipped.extend(listed.gap.map(|gap| {
                let detail = gap.detail.clone().unwrap_or_default();
                gap.because(format!("{detail}; hides {hides}"))
            }));
        }
        if kind.group == "apps" && kind.resource == "replicasets" {
            alone(server, kind, cluster, coverage).await;
        }
        cx.progress.done(1);
    }
    cluster.policies = Listed::of(&known, &coverage.kinds);
    Ok(())
}

/// Where images come from, as far as their registries tell anybody.
async fn ask_registries(cluster: &mut Cluster<'_>, coverage: &mut Coverage) {
    let images = cluster.images();
    let left = images.len().saturating_sub(registry::MAX_IMAGES);
    if left > 0 {
        let gap = Gap::new("registries of images", GapReason::TooLarge).times(left as u64);
        coverage.skipped.push(gap.because(format!("{} images are asked about", registry::MAX_IMAGES)));
    }
    match registry::origins(&images).await {
        Ok(origins) => {
            cluster.origins = origins.repositories;
            for ((host, text), (why, count)) in origins.unread {
                let reason = if why == Unread::Denied { GapReason::Denied } else { GapReason::Failed };
                let gap = Gap::new(format!("labels of images of {host}"), reason).times(count);
                coverage.skipped.push(gap.because(text));
            }
        }
        Err(why) => coverage.skipped.push(Gap::new("registries of images", GapReason::Failed).because(why)),
    }
}

/// Replica sets that nothing made are workloads themselves: their templates are asked for.
async fn alone(server: &Server, kind: &Kind, cluster: &mut Cluster<'_>, coverage: &mut Coverage) {
    let alone = std::mem::take(&mut cluster.alone);
    let left = alone.len().saturating_sub(MAX_ALONE);
    if left > 0 {
        let gap = Gap::new("replicasets.apps", GapReason::TooLarge).times(left as u64);
        coverage
            .skipped
            .push(gap.because(format!("of replica sets that nothing made, {MAX_ALONE} are asked for")));
    }
    for (namespace, name) in alone.into_iter().take(MAX_ALONE) {
        let only = format!("fieldSelector=metadata.name%3D{}", encoded(&name));
        let list = List { kind, namespace: &namespace, names: false, only: &only };
        let listed = list.read(server, cluster).await;
        coverage.skipped.extend(listed.gap);
    }
}

/// Rows of the table of which the server knows nothing.
fn absent(known: &Known) -> impl Iterator<Item = CoveredKind> {
    let resources = TABLE.iter().flat_map(|row| row.resources.iter().map(move |resource| (row, resource)));
    let is_absent = |(row, resource): &(&crate::kinds::Row, &String)| {
        let of = |kind: &Kind| kind.group == row.group && (*resource == "*" || kind.resource == **resource);
        !known.kinds.iter().any(of)
    };
    let found: Vec<CoveredKind> = resources
        .filter(is_absent)
        .map(|(row, resource)| CoveredKind {
            part: String::new(),
            kind: called(&row.group, resource),
            within: String::new(),
            state: Seen::Absent,
            seen: 0,
        })
        .collect();
    found.into_iter()
}
