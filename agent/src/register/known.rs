//! What the systems of an inventory are known by, to be asked for by the marks and names of entries.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Claim, Declared, DeploymentKind, MarkKind, Place, System};

use super::names;

/// What systems are known by; each is called by its place in the list.
#[derive(Debug, Default)]
pub(super) struct Known {
    ids: BTreeMap<String, BTreeSet<usize>>,
    /// By owner and name of a repository: host, the folder where it is said, and the system.
    repositories: BTreeMap<String, BTreeSet<(String, Option<String>, usize)>>,
    images: BTreeMap<String, BTreeSet<usize>>,
    arns: BTreeMap<String, BTreeSet<usize>>,
    /// By the name of the object: the whole resource, and the system.
    resources: BTreeMap<String, BTreeSet<(String, usize)>>,
    names: BTreeMap<String, BTreeSet<usize>>,
    name_of: Vec<Option<String>>,
    /// Where the first key of a kind stands.
    places: BTreeMap<(MarkKind, usize), Place>,
}

impl Known {
    /// What these systems are known by; `below` tells in which folder of its repository the target of a system is.
    pub(super) fn of<'b>(systems: &[&System], below: &impl Fn(&System) -> Option<&'b str>) -> Self {
        let mut known = Self::default();
        for (at, system) in systems.iter().enumerate() {
            known.add(at, system, below(system));
        }
        known
    }

    fn add(&mut self, at: usize, system: &System, below: Option<&str>) {
        let aliases = system.remembered.iter().flat_map(|remembered| &remembered.aliases);
        let ids = std::iter::once(&system.id).chain(system.joins.iter().map(|join| &join.id)).chain(aliases);
        for id in ids {
            self.ids.entry(id.as_str().to_owned()).or_default().insert(at);
        }
        for key in &system.keys {
            let kind = match key.claim {
                Claim::KeptIn => {
                    let folders = below.into_iter().chain([system.root.as_str()]);
                    let folders: Vec<&str> = folders.filter(|folder| !folder.is_empty()).collect();
                    self.add_repository(&key.value, Some(folders.join("/")), at);
                    MarkKind::Repository
                }
                Claim::ComesFrom => {
                    let (value, folder) =
                        key.value.split_once('#').map_or((key.value.as_str(), None), |(a, b)| (a, Some(b)));
                    self.add_repository(value, folder.map(|folder| folder.trim_matches('/').to_owned()), at);
                    MarkKind::Repository
                }
                Claim::BuildsImage | Claim::RunsImage => {
                    self.images.entry(key.value.clone()).or_default().insert(at);
                    MarkKind::Image
                }
                Claim::Is | Claim::Declares if key.value.starts_with("arn:") => {
                    self.arns.entry(key.value.clone()).or_default().insert(at);
                    MarkKind::Arn
                }
                Claim::Is | Claim::Declares => {
                    self.add_resource(&key.value, at);
                    MarkKind::Resource
                }
                // A role or a function may be of many, and a digest is in no register.
                Claim::Has | Claim::PinsDigest | Claim::RunsDigest | Claim::VouchedFor => continue,
            };
            self.places.entry((kind, at)).or_insert_with(|| key.place.clone());
        }
        for location in &system.locations {
            let reference = location.reference.as_str();
            if reference.starts_with("arn:") {
                self.arns.entry(reference.to_owned()).or_default().insert(at);
            } else if location.kind == DeploymentKind::K8s {
                let mut parts: Vec<&str> = reference.rsplitn(4, '/').collect();
                parts.truncate(3);
                parts.reverse();
                if parts.len() == 3 {
                    self.add_resource(&format!("k8s/{}", parts.join("/")), at);
                }
            }
        }
        let name = names::telling(&system.name);
        if let Some(name) = &name {
            self.names.entry(name.clone()).or_default().insert(at);
        }
        self.name_of.push(name);
        // A workload or a function goes by a name of its own, by which an organisation may know all of it.
        for part in system.joins.iter().filter_map(|part| names::telling(&part.name)) {
            self.names.entry(part).or_default().insert(at);
        }
    }

    fn add_repository(&mut self, value: &str, folder: Option<String>, at: usize) {
        if let Some((host, path)) = value.split_once('/') {
            self.repositories.entry(path.to_owned()).or_default().insert((host.to_owned(), folder, at));
        }
    }

    fn add_resource(&mut self, value: &str, at: usize) {
        if let Some((_, name)) = value.rsplit_once('/') {
            self.resources.entry(name.to_owned()).or_default().insert((value.to_owned(), at));
        }
    }

    /// The system with an id that it has or had, where that is one.
    pub(super) fn system(&self, id: &str) -> Option<usize> {
        let found = self.ids.get(id)?;
        found.first().copied().filter(|_| found.len() == 1)
    }

    /// The words that tell something in the name of a system.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.name_of.get(at)?.as_deref()
    }

    /// The systems with such words in their name, and no others.
    pub(super) fn called(&self, name: &str) -> Vec<usize> {
        self.names.get(name).into_iter().flatten().copied().collect()
    }

    /// Where a system is said to be known by a mark of a kind.
    pub(super) fn place(&self, kind: MarkKind, at: usize) -> Option<Place> {
        self.places.get(&(kind, at)).cloned()
    }

    /// The systems that a mark names, and whether it is of these alone, whoever else names it.
    pub(super) fn named(&self, kind: MarkKind, value: &str) -> (Vec<usize>, bool) {
        let all = |found: Option<&BTreeSet<usize>>| found.into_iter().flatten().copied().collect::<Vec<_>>();
        match kind {
            MarkKind::System => (all(self.ids.get(value)), true),
            MarkKind::Arn => (all(self.arns.get(value)), true),
            MarkKind::Image => (all(self.images.get(value)), false),
            MarkKind::Repository => self.in_repository(value),
            MarkKind::Resource => self.with_resource(value),
            MarkKind::Host => (Vec::new(), false),
        }
    }

    fn in_repository(&self, value: &str) -> (Vec<usize>, bool) {
        let (value, folder) =
            value.split_once('#').map_or((value, None), |(value, folder)| (value, Some(folder)));
        let Some((host, path)) = value.split_once('/') else { return (Vec::new(), false) };
        let there = self.repositories.get(path).into_iter().flatten();
        let there: Vec<&(String, Option<String>, usize)> =
            there.filter(|(of, _, _)| host == "-" || of == "-" || of == host).collect();
        let unique =
            |found: Vec<usize>| found.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let Some(folder) = folder.map(|folder| folder.trim_matches('/')).filter(|folder| !folder.is_empty())
        else {
            return (unique(there.iter().map(|(_, _, at)| *at).collect()), false);
        };
        let inside =
            there.iter().filter(|(_, root, _)| root.as_deref().is_some_and(|root| is_around(folder, root)));
        let inside = unique(inside.map(|(_, _, at)| *at).collect());
        if !inside.is_empty() {
            let is_one = inside.len() == 1;
            return (inside, is_one);
        }
        let around =
            there.iter().filter(|(_, root, _)| root.as_deref().is_some_and(|root| is_around(root, folder)));
        let around: Vec<(usize, usize)> =
            around.map(|(_, root, at)| (root.as_deref().map_or(0, str::len), *at)).collect();
        let longest = around.iter().map(|(length, _)| *length).max();
        let innermost =
            around.into_iter().filter(|(length, _)| Some(*length) == longest).map(|(_, at)| at).collect();
        let innermost = unique(innermost);
        // A system that is all of a repository is not the one of each of its folders.
        let is_one = innermost.len() == 1 && longest > Some(0);
        (innermost, is_one)
    }

    fn with_resource(&self, value: &str) -> (Vec<usize>, bool) {
        let Some((_, name)) = value.rsplit_once('/') else { return (Vec::new(), false) };
        let fits = |known: &str| {
            let (a, b) = (known.split('/'), value.split('/'));
            known.split('/').count() == value.split('/').count()
                && a.zip(b).all(|(a, b)| a == b || a == "-" || b == "-")
        };
        let found: BTreeSet<usize> = self
            .resources
            .get(name)
            .into_iter()
            .flatten()
            .filter(|(known, _)| fits(known))
            .map(|(_, at)| *at)
            .collect();
        let says_kind = value.split('/').rev().nth(1).is_some_and(|kind| kind != "-");
        let is_one = found.len() == 1 && says_kind;
        (found.into_iter().collect(), is_one)
    }

    /// Whether an entry names a repository that a system is known not to be of.
    pub(super) fn is_elsewhere(&self, declared: &Declared, at: usize) -> bool {
        let of_system = |path: &str| {
            self.repositories.get(path).is_some_and(|all| all.iter().any(|(_, _, one)| *one == at))
        };
        let has_one = self.places.contains_key(&(MarkKind::Repository, at));
        let named: Vec<&str> = (declared.marks.iter())
            .filter(|mark| mark.kind == MarkKind::Repository)
            .filter_map(|mark| mark.value.split('#').next()?.split_once('/').map(|(_, path)| path))
            .collect();
        has_one && !named.is_empty() && !named.into_iter().any(of_system)
    }
}

/// Whether a folder is another or holds it.
fn is_around(outer: &str, inner: &str) -> bool {
    outer.is_empty() || inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}
