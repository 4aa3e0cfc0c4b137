//! Why nothing was seen of an entry: that it is not there is said only where its place was looked at wholly.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Claim, Coverage, Declared, Inventory, Mark, MarkKind, WhyUnseen};

use super::matching::Seen;

/// What was scanned, as far as the inventory and what is known beside it tell.
pub(super) struct Ground<'i> {
    /// By owner and name of a repository: its hosts, and the targets that it is.
    repositories: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Accounts of AWS by their number, with the targets that they are seen in.
    accounts: BTreeMap<String, BTreeSet<String>>,
    /// Targets that are clusters.
    clusters: BTreeSet<&'i str>,
    coverage: BTreeMap<&'i str, &'i Coverage>,
    parts: &'i BTreeMap<String, String>,
}

impl<'i> Ground<'i> {
    /// What an inventory says of what was scanned.
    pub(super) fn of(inventory: &'i Inventory, seen: &'i Seen) -> Self {
        let mut ground = Self {
            repositories: BTreeMap::new(),
            accounts: BTreeMap::new(),
            clusters: BTreeSet::new(),
            parts: &seen.parts,
            coverage: inventory
                .coverage
                .iter()
                .map(|coverage| (coverage.target.as_str(), coverage))
                .collect(),
        };
        for (target, repository) in &seen.repositories {
            ground.add_repository(repository, target);
        }
        for system in &inventory.systems {
            let target = inventory.target_of(system).unwrap_or_default();
            for key in &system.keys {
                let of = key.place.target.as_deref().unwrap_or(target);
                match key.claim {
                    Claim::KeptIn => ground.add_repository(&key.value, of),
                    Claim::Is => ground.add_account(&key.value, of),
                    _ => {}
                }
            }
        }
        for identity in &inventory.identities {
            let place = identity.evidence.first().map(|evidence| &evidence.place);
            let only = || inventory.scan.targets.first().filter(|_| inventory.scan.targets.len() == 1);
            let target = place
                .and_then(|place| place.target.as_deref())
                .or_else(|| only().map(|one| one.target.as_str()));
            if let (Some(arn), Some(target)) = (&identity.arn, target) {
                ground.add_account(arn, target);
            }
        }
        for coverage in &inventory.coverage {
            if coverage.target.starts_with("k8s:") || coverage.target.starts_with("k8s-export:") {
                ground.clusters.insert(&coverage.target);
            }
            for covered in &coverage.kinds {
                if is_account(&covered.part) {
                    ground.accounts.entry(covered.part.clone()).or_default().insert(coverage.target.clone());
                }
            }
        }
        ground
    }

    fn add_repository(&mut self, value: &str, target: &str) {
        if let Some((host, path)) = value.split_once('/') {
            self.repositories
                .entry(path.to_owned())
                .or_default()
                .insert((host.to_owned(), target.to_owned()));
        }
    }

    fn add_account(&mut self, arn: &str, target: &str) {
        if let Some(account) = account(arn) {
            self.accounts.entry(account.to_owned()).or_default().insert(target.to_owned());
        }
    }

    /// Why nothing was seen of an entry; `others` is whether something is in its place that it is not.
    pub(super) fn why(&self, declared: &Declared, others: bool) -> WhyUnseen {
        if others {
            return WhyUnseen::Others;
        }
        let is_placed = |mark: &&Mark| !matches!(mark.kind, MarkKind::Host | MarkKind::System);
        let mut placed: Vec<&Mark> = declared.marks.iter().filter(is_placed).collect();
        if placed.is_empty() {
            return WhyUnseen::NoPlace;
        }
        // What says itself where it is tells more than what may be anywhere.
        let is_bound = |mark: &&Mark| mark.kind != MarkKind::Image && !mark.value.starts_with("aws/");
        if placed.iter().any(is_bound) {
            placed.retain(is_bound);
        }
        let states: Vec<Option<bool>> = placed.into_iter().map(|mark| self.is_whole(mark)).collect();
        if states.contains(&Some(false)) {
            WhyUnseen::Gaps
        } else if states.contains(&Some(true)) && !states.contains(&None) {
            WhyUnseen::NotThere
        } else {
            WhyUnseen::NotScanned
        }
    }

    /// Whether the place of a mark was looked at wholly; nothing where it was not looked at, as far as can be told.
    fn is_whole(&self, mark: &Mark) -> Option<bool> {
        let targets: Vec<&str> = match mark.kind {
            MarkKind::Repository => {
                let value = mark.value.split('#').next().unwrap_or_default();
                let (host, path) = value.split_once('/')?;
                let there = self.repositories.get(path)?.iter();
                there.filter(|(of, _)| host == "-" || of == host).map(|(_, target)| target.as_str()).collect()
            }
            MarkKind::Arn => self.accounts.get(account(&mark.value)?)?.iter().map(String::as_str).collect(),
            MarkKind::Resource if mark.value.starts_with("k8s/") => self.clusters.iter().copied().collect(),
            // Which account, registry or cluster it is in is not said: that it is not there cannot be known.
            MarkKind::Image | MarkKind::Resource | MarkKind::Host | MarkKind::System => return None,
        };
        if targets.is_empty() {
            return None;
        }
        let is_whole = |target: &&str| {
            let coverage = self.coverage.get(target);
            coverage.is_some_and(|coverage| coverage.is_complete()) && !self.parts.contains_key(*target)
        };
        Some(targets.iter().all(is_whole))
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account of an ARN.
fn account(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3).filter(|account| is_account(account))
}
