//! Coding agents that wrote commits, or that a person names beside themselves: what the history says of them.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Component, Evidence, EvidenceClass, Fact, Observation, Place, Role, Scope};
use muster_rules::RulePack;

use crate::tree::Commit;

/// How many commits carry the address of an agent, by its rule.
pub(crate) struct Signatures<'p> {
    pack: &'p RulePack,
    signed: BTreeMap<u32, usize>,
    seen: usize,
}

impl<'p> Signatures<'p> {
    pub(crate) fn of(pack: &'p RulePack) -> Self {
        Self { pack, signed: BTreeMap::new(), seen: 0 }
    }

    /// Counts one commit.
    pub(crate) fn add(&mut self, commit: &Commit) {
        self.seen += 1;
        for rule in signers(self.pack, std::iter::once(&commit.author).chain(&commit.others)) {
            *self.signed.entry(rule).or_default() += 1;
        }
    }

    /// What was counted, as components of the repository. Anyone can write a name into a commit, so each is a claim.
    pub(crate) fn components(self, target: &str) -> Vec<Observation> {
        let of_rule = |(rule, count): (u32, usize)| {
            let rule = self.pack.rule(rule);
            let place = Place::locator(format!("{count} of the last {} commits", self.seen));
            let evidence = Evidence::at(place, Role::Production)
                .by(rule.id.0.clone())
                .of(EvidenceClass::Claim)
                .noting("wrote commits or is named as an author of them");
            let component = Component::named(rule.kind?, rule.name.clone(), Role::Production, vec![evidence]);
            let scope = Scope { target: target.to_owned(), root: ".git".to_owned(), name: rule.name.clone() };
            Some(Observation { scope, fact: Fact::Component(component) })
        };
        self.signed.into_iter().filter_map(of_rule).collect()
    }
}

/// The rules about the addresses of authors, each written `Name <address>`.
pub(crate) fn signers<'a>(pack: &RulePack, authors: impl Iterator<Item = &'a String>) -> BTreeSet<u32> {
    let address =
        |author: &'a String| author.rsplit_once('<').map(|(_, rest)| rest.trim_end_matches('>').trim());
    authors.filter_map(address).flat_map(|address| pack.committer(address)).collect()
}
