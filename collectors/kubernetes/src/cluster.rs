//! A cluster as far as it matters: objects that show nothing of AI are let go as they come, and pods are folded into the
//! workloads that made them.

use std::collections::{BTreeMap, BTreeSet};

use muster_rules::RulePack;
use serde_json::{Value, json};

use crate::declared;
use crate::egress::{self, Egress};
use crate::glance::Glance;
use crate::object::Object;
use crate::owner;
use crate::pod::{CARRIERS, Workload, digests};
use crate::policy::Listed;
use crate::restricted;
use crate::signs::Signs;

/// Pods of one workload whose additions are kept.
const MAX_ADDED: usize = 3;
/// Different pods of one workload that are told from each other.
const MAX_ALIKE: usize = 50;
/// Digests of one workload that are kept.
const MAX_DIGESTS: usize = 20;

/// Namespace, kind and name of an object.
pub(crate) type Key = (String, String, String);

/// Objects of a cluster, put in one after the other: policies and claims before workloads, and pods last.
#[derive(Debug)]
pub(crate) struct Cluster<'p> {
    pack: &'p RulePack,
    pub(crate) objects: Vec<Object>,
    /// Pods by the workload that made them.
    pub(crate) pods: BTreeMap<Key, Pods>,
    pub(crate) egress: Vec<Egress>,
    /// Classes of devices by namespace and name of a claim or of its template.
    pub(crate) claims: BTreeMap<(String, String), Vec<String>>,
    /// What made what made pods: the deployment of a replica set, the schedule of a job.
    parents: BTreeMap<Key, (String, String)>,
    /// Workloads that were seen, also those that show nothing.
    known: BTreeSet<Key>,
    /// What the templates of those show that are kept.
    shown: BTreeMap<Key, BTreeSet<String>>,
    /// Replica sets that nothing made, of which only the name was asked for.
    pub(crate) alone: Vec<(String, String)>,
    /// Objects that were put in.
    pub(crate) seen: u64,
    /// Owners by namespace: the key that names each, and the name.
    pub(crate) owners: BTreeMap<String, (&'static str, String)>,
    /// Repositories that images were built from, where registries were asked.
    pub(crate) origins: BTreeMap<String, String>,
    /// Where no policy of egress was missed.
    pub(crate) policies: Listed,
}

/// The pods of one workload.
#[derive(Debug, Default)]
pub(crate) struct Pods {
    pub(crate) count: u64,
    /// Digest and image, of images that are about AI.
    pub(crate) digests: BTreeSet<(String, String)>,
    /// Pods like these were looked at already.
    alike: BTreeSet<u64>,
    /// Who tokens are for that something adds to them.
    pub(crate) audiences: BTreeSet<String>,
    /// Pods that show something that their template does not: something added it to them.
    pub(crate) added: Vec<Object>,
}

impl<'p> Cluster<'p> {
    pub(crate) fn new(pack: &'p RulePack) -> Self {
        Self {
            pack,
            objects: Vec::new(),
            pods: BTreeMap::new(),
            egress: Vec::new(),
            claims: BTreeMap::new(),
            parents: BTreeMap::new(),
            known: BTreeSet::new(),
            shown: BTreeMap::new(),
            alone: Vec::new(),
            seen: 0,
            owners: BTreeMap::new(),
            origins: BTreeMap::new(),
            policies: Listed::default(),
        }
    }

    /// All of an export, in whatever order its files are.
    pub(crate) fn of(pack: &'p RulePack, mut objects: Vec<Object>) -> Self {
        let rank = |object: &Object| match object.kind.as_str() {
            "Pod" => 3,
            "ReplicaSet" | "Job" => 1,
            _ if Workload::whoever_made_it(object).is_some() => 2,
            _ => 0,
        };
        objects.sort_by_cached_key(|object| {
            (rank(object), object.namespace.clone(), object.kind.clone(), object.name.clone())
        });
        let mut cluster = Self::new(pack);
        for object in objects {
            cluster.put(object);
        }
        cluster.finish();
        cluster
    }

    /// The order in which objects came says nothing, and what came twice is there once.
    pub(crate) fn finish(&mut self) {
        let by = |object: &Object| {
            (object.namespace.clone(), object.kind.clone(), object.name.clone(), object.group.clone())
        };
        self.objects.sort_by_cached_key(by);
        self.objects.dedup_by(|a, b| by(a) == by(b));
        // What a workload made is told by that one.
        let (known, parents) = (&self.known, &self.parents);
        let is_told = |object: &Object| {
            let above = parents.get(&key(object));
            above.is_some_and(|(kind, name)| {
                known.contains(&(object.namespace.clone(), kind.clone(), name.clone()))
            })
        };
        self.objects.retain(|object| !is_told(object));
        self.egress.sort_by(|a, b| (&a.place, &a.host).cmp(&(&b.place, &b.host)));
        self.egress.dedup();
    }

    /// Images of workloads that matter, with the digest that runs where pods tell it.
    pub(crate) fn images(&self) -> BTreeMap<String, Option<String>> {
        let mut images = BTreeMap::new();
        for object in &self.objects {
            let digests = self.pods.get(&key(object)).map(|pods| &pods.digests);
            for image in Workload::of(object).iter().flat_map(Workload::images) {
                let digest = digests.and_then(|known| known.iter().find(|(_, of)| of == image));
                images.insert(image.to_owned(), digest.map(|(digest, _)| digest.clone()));
            }
        }
        images
    }

    /// Takes in one object.
    pub(crate) fn put(&mut self, object: Object) {
        self.seen += 1;
        self.egress.extend(egress::of(&object).into_iter().filter(|of| !self.pack.host(&of.host).is_empty()));
        let key = key(&object);
        match (object.group.as_str(), object.kind.as_str()) {
            ("", "Pod") => return self.pod(object, None),
            ("apps", "ReplicaSet") | ("batch", "Job") => {
                let owner = object.owners.first();
                if let Some(owner) = owner {
                    self.parents.insert(key.clone(), owner.clone());
                }
                let has_template = object.body.get("spec").is_some();
                if owner.is_none() && !has_template {
                    self.alone.push((object.namespace, object.name));
                    return;
                }
                // Of what an operator made the template is kept: what the operator's object says may not be seen.
                if !has_template || owner.is_some_and(|(kind, _)| CARRIERS.contains(&kind.as_str())) {
                    return;
                }
            }
            ("resource.k8s.io", "ResourceClaim" | "ResourceClaimTemplate") => {
                self.claims.insert((object.namespace, object.name), classes(&object.body));
                return;
            }
            ("", "Namespace") => {
                if let Some((key, name)) = owner::of_labels(&object.labels) {
                    self.owners.insert(object.name.clone(), (key, name.to_owned()));
                }
                return;
            }
            _ => {}
        }
        if let Some(workload) = Workload::of(&object) {
            let signs = self.signs(&workload);
            let of_type = self.pack.resource("kubernetes", &object.kind_for_rules());
            let matters = !signs.is_empty() || !of_type.is_empty() || declared::agent(&object, &[]).is_some();
            let shown = signs.keys();
            self.known.insert(key.clone());
            if !matters {
                return;
            }
            self.shown.insert(key, shown);
        }
        self.objects.push(object);
    }

    /// What a workload shows, with the policies and claims that are known so far.
    pub(crate) fn signs(&self, workload: &Workload<'_>) -> Signs<'p> {
        Signs::of(self.pack, workload, &self.egress, &self.claims)
    }

    /// Which pods of a page have to be read: those that nothing made, and of each workload the first that shows something
    /// new. The others are counted.
    pub(crate) fn new_among(&mut self, page: &[Glance<'_>]) -> Vec<bool> {
        let mut new = vec![true; page.len()];
        let mut at = 0;
        // Pods of one workload stand beside each other.
        for pods in page.chunk_by(|a, b| a.namespace == b.namespace && a.owner == b.owner) {
            let here = at..at + pods.len();
            at = here.end;
            let Some((kind, name)) = &pods[0].owner else { continue };
            let hash = pods[0].template_hash.as_deref();
            let (kind, name) = self.owner(&pods[0].namespace, kind, name, hash);
            let key = (pods[0].namespace.clone().into_owned(), kind, name);
            let seen = self.pods.entry(key).or_default();
            let mut here_first = BTreeSet::new();
            for (pod, is_new) in pods.iter().zip(&mut new[here]) {
                *is_new = !seen.alike.contains(&pod.print) && here_first.insert(pod.print);
                if !*is_new {
                    seen.count += 1;
                    self.seen += 1;
                }
            }
        }
        new
    }

    /// The workload that made a pod, by what its object says that made it.
    fn owner(
        &self,
        namespace: &str,
        kind: &str,
        name: &str,
        template_hash: Option<&str>,
    ) -> (String, String) {
        let (mut kind, mut name) = (kind.to_owned(), name.to_owned());
        for _ in 0..3 {
            let above = self.parents.get(&(namespace.to_owned(), kind.clone(), name.clone()));
            let Some((above_kind, above_name)) = above else { break };
            (kind, name) = (above_kind.clone(), above_name.clone());
        }
        // Where what made it was not seen, its name tells what made that.
        let is_known = |kind: &str, name: &str| {
            self.known.contains(&(namespace.to_owned(), kind.to_owned(), name.to_owned()))
        };
        if kind == "ReplicaSet" && !is_known(&kind, &name) {
            let by_hash = template_hash.and_then(|hash| name.strip_suffix(hash)?.strip_suffix('-'));
            let by_name =
                || name.rsplit_once('-').map(|(name, _)| name).filter(|of| is_known("Deployment", of));
            if let Some(deployment) = by_hash.or_else(by_name) {
                return ("Deployment".to_owned(), deployment.to_owned());
            }
        }
        if kind == "Job"
            && let Some((schedule, run)) = name.rsplit_once('-')
            && run.len() >= 8
            && run.bytes().all(|byte| byte.is_ascii_digit())
            && is_known("CronJob", schedule)
        {
            return ("CronJob".to_owned(), schedule.to_owned());
        }
        (kind, name)
    }

    /// Takes in a pod, with what tells it from others of the same workload where that is known.
    pub(crate) fn put_pod(&mut self, pod: Object, print: Option<u64>) {
        self.seen += 1;
        self.pod(pod, print);
    }

    fn pod(&mut self, pod: Object, print: Option<u64>) {
        let Some(workload) = Workload::whoever_made_it(&pod) else { return };
        let Some((kind, name)) = pod.owners.first() else {
            if !self.signs(&workload).is_empty() {
                self.objects.push(pod);
            }
            return;
        };
        let hash = pod.labels.get("pod-template-hash").map(String::as_str);
        let (kind, name) = self.owner(&pod.namespace, kind, name, hash);
        let key = (pod.namespace.clone(), kind, name);
        // Most pods are as the one before.
        if let (Some(print), Some(seen)) = (print, self.pods.get_mut(&key))
            && seen.alike.contains(&print)
        {
            seen.count += 1;
            return;
        }
        let signs = self.signs(&workload);
        let of_template = self.shown.get(&key);
        let seen = self.pods.entry(key.clone()).or_default();
        if seen.alike.len() < MAX_ALIKE {
            seen.alike.extend(print);
        }
        seen.count += 1;
        if signs.is_empty() && of_template.is_none() {
            return;
        }
        let running = digests(&pod);
        let keys = signs.keys();
        let adds = !of_template.map_or(keys.is_empty(), |shown| keys.is_subset(shown));
        let is_kept = of_template.is_some();
        seen.audiences.extend(workload.audiences().into_iter().take(MAX_ADDED).map(str::to_owned));
        // Of all that it runs: an image of the house is one that no rule knows.
        for image in workload.images() {
            // The runtime writes the image out in full: `docker.io/library/redis:7`.
            let digest =
                running.iter().find(|(full, _)| *full == image || full.ends_with(&format!("/{image}")));
            if let Some((_, digest)) = digest
                && seen.digests.len() < MAX_DIGESTS
            {
                seen.digests.insert((digest.clone(), image.to_owned()));
            }
        }
        if !adds {
            return;
        }
        if is_kept {
            if seen.added.len() < MAX_ADDED
                && !seen.added.iter().any(|known| known.body.get("spec") == pod.body.get("spec"))
            {
                seen.added.push(pod);
            }
            return;
        }
        // What made it was not seen, or shows nothing by itself: the pod stands for it.
        let note = if self.known.contains(&key) {
            "pods show what their template does not"
        } else {
            "what made its pods was not seen"
        };
        self.objects.push(stand_in(&pod, &key, note));
        self.shown.insert(key, keys);
    }
}

/// An annotation under which a stand-in says what it is; what was scanned cannot set it.
pub(crate) const STAND_IN: &str = "muster: stands for";

/// The workload that made a pod, as far as the pod tells.
fn stand_in(pod: &Object, key: &Key, note: &str) -> Object {
    let spec = pod.body.get("spec").cloned().unwrap_or_default();
    let annotations: BTreeMap<&String, &String> =
        pod.annotations.iter().filter(|(key, _)| key.starts_with(restricted::APP_ARMOR)).collect();
    let (namespace, kind, name) = key.clone();
    let group = match kind.as_str() {
        "Job" | "CronJob" => "batch",
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps",
        _ => "",
    };
    Object {
        group: group.to_owned(),
        kind,
        namespace,
        name,
        labels: pod.labels.clone(),
        annotations: BTreeMap::from([(STAND_IN.to_owned(), note.to_owned())]),
        owners: Vec::new(),
        body: json!({"spec": {"template": {"metadata": {"labels": pod.labels, "annotations": annotations}, "spec": spec}}}),
    }
}

pub(crate) fn key(object: &Object) -> Key {
    (object.namespace.clone(), object.kind.clone(), object.name.clone())
}

/// Classes of the devices that a claim, or a template of one, asks for.
fn classes(body: &Value) -> Vec<String> {
    let spec = body.pointer("/spec/spec").or_else(|| body.pointer("/spec")).unwrap_or(&Value::Null);
    let requests = spec.pointer("/devices/requests").and_then(Value::as_array).into_iter().flatten();
    let of = |request: &Value| {
        let own = request.pointer("/exactly/deviceClassName").or_else(|| request.get("deviceClassName"));
        own.and_then(Value::as_str).map(str::to_owned)
    };
    requests.filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_made_is_told_where_the_operator_is_not_seen() {
        let template = json!({"spec": {"containers": [{"image": "a", "env": [{"name": "OPENAI_API_KEY", "value": "x"}]}]}});
        let made = |kind: &str, version: &str, name: &str, owner: (&str, &str)| {
            json!({"kind": kind, "apiVersion": version, "metadata": {"name": name, "namespace": "n",
                "ownerReferences": [{"kind": owner.0, "name": owner.1}]}, "spec": {"template": template}})
        };
        let rollout = json!({"kind": "Rollout", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "seen", "namespace": "n"}, "spec": {"template": template}});
        let objects = Object::all(json!([
            made("Job", "batch/v1", "by-workflow", ("Workflow", "w")),
            made("Job", "batch/v1", "by-schedule-29000000", ("CronJob", "by-schedule")),
            made("ReplicaSet", "apps/v1", "unseen-1", ("Rollout", "unseen")),
            made("ReplicaSet", "apps/v1", "seen-1", ("Rollout", "seen")),
            made("ReplicaSet", "apps/v1", "web-1", ("Deployment", "web")),
            rollout,
        ]));
        let pack = RulePack::built_in();
        let told: Vec<String> = Cluster::of(&pack, objects).objects.iter().map(Object::place).collect();
        assert_eq!(told, ["n/job/by-workflow", "n/replicaset/unseen-1", "n/rollout/seen"]);
    }
}
