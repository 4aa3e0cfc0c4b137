//! Metrics of what systems act under: kinds of credentials, identities of their own, privileges, keys in clear text.

use std::collections::BTreeMap;

use super::{Finding, Measure, Seen, listed};
use crate::{Evidence, Identity, IdentityKind, Place, Privilege, SystemId};

/// How long the credential of an identity is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    /// Until somebody revokes it.
    Static,
    /// It is made anew by whoever vouches for the workload.
    Short,
    /// The kind does not say.
    Unknown,
}

fn lifetime(identity: &Identity) -> Lifetime {
    match identity.kind {
        IdentityKind::ApiKey | IdentityKind::CloudUser => Lifetime::Static,
        IdentityKind::CloudRole | IdentityKind::ServiceAccount | IdentityKind::WorkflowToken => {
            Lifetime::Short
        }
        // A variable that is called a key holds one; a token may be of either kind, and what no line names may not be used.
        IdentityKind::EnvCredential
            if !identity.inferred && identity.name.to_ascii_uppercase().ends_with("KEY") =>
        {
            Lifetime::Static
        }
        IdentityKind::EnvCredential | IdentityKind::SecretRef | IdentityKind::OauthClient => {
            Lifetime::Unknown
        }
    }
}

fn own(evidence: &[Evidence]) -> impl Iterator<Item = &Place> {
    evidence.iter().filter(|evidence| evidence.role.is_own()).map(|evidence| &evidence.place)
}

/// M06: something that it signs in with is valid until somebody revokes it.
pub(super) fn static_credentials<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let identities = || seen.system.identities.iter();
    let mut fixed = identities().filter(|identity| lifetime(identity) == Lifetime::Static).peekable();
    if fixed.peek().is_some() {
        return Finding::of(true, fixed.flat_map(|identity| own(&identity.evidence)));
    }
    if identities().next().is_none() {
        return Finding::unknown();
    }
    if identities().all(|identity| lifetime(identity) == Lifetime::Short) {
        Finding::of(false, [])
    } else {
        Finding::unknown()
    }
}

/// Whether it is an identity with permissions of its own, which another system may act under as well.
fn is_principal(identity: &Identity) -> bool {
    matches!(identity.kind, IdentityKind::CloudRole | IdentityKind::CloudUser | IdentityKind::ServiceAccount)
}

/// What is known of the permissions of an agentic system: whether they are an administrator's.
fn admin(seen: &Seen<'_>) -> Option<bool> {
    let principals = || {
        seen.system
            .identities
            .iter()
            .filter(|identity| is_principal(identity) || identity.privilege.is_some())
    };
    if principals().any(|identity| identity.privilege == Some(Privilege::Admin)) {
        return Some(true);
    }
    let is_evaluated =
        |identity: &Identity| identity.privilege.is_some_and(|privilege| privilege != Privilege::Unknown);
    (principals().next().is_some() && principals().all(is_evaluated)).then_some(false)
}

/// M08: it acts under an identity that may do everything, or grant itself everything.
pub(super) fn overprivileged<'s>(seen: &Seen<'s>) -> Finding<'s> {
    if !seen.is_agentic() {
        return Finding::none();
    }
    let Some(is_admin) = admin(seen) else { return Finding::unknown() };
    let admins =
        seen.system.identities.iter().filter(|identity| identity.privilege == Some(Privilege::Admin));
    Finding::of(is_admin, admins.flat_map(|identity| own(&identity.evidence)))
}

/// The same as a count, for the rule about any agent with admin rights.
pub(super) fn admins<'s>(seen: &Seen<'s>) -> Finding<'s> {
    overprivileged(seen)
}

/// M12: keys of providers in clear text. Those in tests and documentation say nothing about what runs.
pub(super) fn keys<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let places: Vec<&Place> = seen.system.identities.iter().flat_map(key_places).collect();
    if places.is_empty() && !seen.is_read() {
        return Finding::unknown();
    }
    Finding::of(!places.is_empty(), places)
}

/// Where a key stands in clear text.
pub(super) fn key_places(identity: &Identity) -> impl Iterator<Item = &Place> {
    let is_key = identity.kind == IdentityKind::ApiKey;
    own(&identity.evidence).filter(move |_| is_key)
}

/// What tells keys apart: the fingerprint, and without one the kind of key and where it stands first, so that each entry is one at least.
pub(super) fn key_of(identity: &Identity, target: Option<&str>) -> Option<String> {
    let first = key_places(identity).min()?;
    if let Some(fingerprint) = &identity.fingerprint {
        return Some(fingerprint.as_str().to_owned());
    }
    let target = first.target.as_deref().or(target).unwrap_or_default();
    Some(format!("{} {target} {first}", identity.name))
}

/// Who acts under which identity, over all systems in scope.
#[derive(Default)]
pub(super) struct Principals {
    used: BTreeMap<String, u32>,
    agents: Vec<(u32, Vec<String>, bool)>,
    unknown: Vec<u32>,
}

impl Principals {
    pub(super) fn add(&mut self, number: u32, seen: &Seen<'_>) {
        let principals = || seen.system.identities.iter().filter(|identity| is_principal(identity));
        let mut arns: Vec<String> = principals().filter_map(|identity| identity.arn.clone()).collect();
        arns.sort_unstable();
        arns.dedup();
        for arn in &arns {
            let used = self.used.entry(arn.clone()).or_default();
            *used = used.saturating_add(1);
        }
        if !seen.is_agentic() {
            return;
        }
        let is_shared = principals().any(|identity| !identity.shared_with.is_empty() || is_default(identity));
        // One that is known by its name alone may be anybody's.
        if !is_shared && (arns.is_empty() || principals().any(|identity| identity.arn.is_none())) {
            self.unknown.push(number);
        } else {
            self.agents.push((number, arns, is_shared));
        }
    }

    /// M07: agents with an identity that no other system uses.
    pub(super) fn dedicated(&self, ids: &[SystemId]) -> Measure {
        let is_own = |(_, arns, is_shared): &&(u32, Vec<String>, bool)| {
            !is_shared && arns.iter().all(|arn| self.used.get(arn).is_none_or(|used| *used <= 1))
        };
        let (own, shared): (Vec<_>, Vec<_>) = self.agents.iter().partition(is_own);
        let numbers =
            |agents: &[&(u32, Vec<String>, bool)]| agents.iter().map(|agent| agent.0).collect::<Vec<u32>>();
        Measure {
            num: own.len() as u64,
            known: self.agents.len() as u64,
            unknown: self.unknown.len() as u64,
            counted: listed(ids, &numbers(&own)),
            others: listed(ids, &numbers(&shared)),
            unclear: listed(ids, &self.unknown),
            ..Measure::default()
        }
    }
}

/// The account that every workload of a namespace acts under that names none: nobody's own.
fn is_default(identity: &Identity) -> bool {
    let known = identity.arn.as_deref().unwrap_or(&identity.name);
    identity.kind == IdentityKind::ServiceAccount
        && known.rsplit('/').next() == Some("default")
        && known.contains('/')
}
