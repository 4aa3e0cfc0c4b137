//! What a system has that others may be joined with it by: which of many have to be looked at together is told by it, without any of
//! them being read.

use std::collections::BTreeSet;

use asmm_model::{Claim, Identity, System};

use super::meet::{Pair, repository};
use super::roles::is_role;
use super::trust;

/// Which end of a tie something holds. Two that hold the same one have nothing to do with each other by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Code, and what acts under an identity.
    Near,
    /// What runs, and the identity.
    Far,
}

/// One end of something that may join two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tie {
    pub(crate) end: End,
    /// What both ends have.
    pub(crate) key: String,
}

impl Tie {
    fn new(end: End, kind: &str, value: &str) -> Self {
        Self { end, key: format!("{kind}:{value}") }
    }
}

/// What a system may be joined with others by. Two that are joined, and not because somebody decided it, hold both ends of a tie.
pub(crate) fn ties(system: &System) -> BTreeSet<Tie> {
    let mut ties = BTreeSet::new();
    for key in &system.keys {
        let end = if key.claim.is_of_code() { End::Near } else { End::Far };
        let kind = match Pair::of(key.claim) {
            Some(Pair::Repository) => "repository",
            Some(Pair::Image) => "image",
            Some(Pair::Digest) => "digest",
            Some(Pair::Resource) => "resource",
            None => {
                ties.extend(vouched(&key.value));
                continue;
            }
        };
        let value = if key.claim == Claim::ComesFrom { repository(&key.value).0 } else { &key.value };
        ties.insert(Tie::new(end, kind, value));
    }
    for identity in &system.identities {
        let Some(arn) = &identity.arn else { continue };
        if *arn == system.root && is_role(identity) {
            ties.extend(ties_of_role(identity));
        } else {
            ties.insert(Tie::new(End::Near, "identity", arn));
        }
    }
    ties
}

/// What an identity of a cloud may be joined by with what acts under it; nothing for any other identity.
pub(crate) fn ties_of_role(identity: &Identity) -> BTreeSet<Tie> {
    let mut ties = BTreeSet::new();
    let Some(arn) = identity.arn.as_ref().filter(|_| is_role(identity)) else { return ties };
    ties.insert(Tie::new(End::Far, "identity", arn));
    for by in &identity.assumed_by {
        match by.strip_prefix("k8s:") {
            Some(account) => ties.insert(Tie::new(End::Far, "identity", account)),
            None => ties.insert(Tie::new(End::Far, "subject", &subject(by))),
        };
    }
    ties
}

/// A pattern may stand for any subject of its issuer: which it does is compared later.
fn subject(trusted: &str) -> String {
    let (issuer, repository) = trust::parts(trusted);
    let repository = if repository.contains(['*', '?']) { "*" } else { &repository };
    format!("{issuer}:{repository}")
}

fn vouched(subject: &str) -> [Tie; 2] {
    let (issuer, repository) = trust::parts(subject);
    [repository.as_str(), "*"].map(|one| Tie::new(End::Near, "subject", &format!("{issuer}:{one}")))
}

#[cfg(test)]
mod tests {
    use asmm_model::{IdentityKind, JoinStrength, Key, Place, Privilege};

    use super::*;
    use crate::sample;

    fn role(arn: &str, by: &[&str]) -> Identity {
        Identity {
            arn: Some(arn.to_owned()),
            privilege: Some(Privilege::Write),
            assumed_by: by.iter().map(|by| (*by).to_owned()).collect(),
            ..Identity::named(IdentityKind::CloudRole, "r", Vec::new())
        }
    }

    fn told(ties: &BTreeSet<Tie>) -> Vec<String> {
        ties.iter().map(|tie| format!("{:?} {}", tie.end, tie.key)).collect()
    }

    #[test]
    fn a_role_is_tied_to_itself_and_to_whom_it_trusts() {
        let by = ["k8s:prod/shop/refunds", "Token.example:repo:Acme/Shop:ref:x", "token.example:repo:acme/*"];
        assert_eq!(
            told(&ties_of_role(&role("arn:r", &by))),
            [
                "Far identity:arn:r",
                "Far identity:prod/shop/refunds",
                "Far subject:token.example:*",
                "Far subject:token.example:repo:acme/shop"
            ]
        );
        let account = Identity {
            arn: Some("a".into()),
            ..Identity::named(IdentityKind::ServiceAccount, "a", Vec::new())
        };
        assert!(ties_of_role(&account).is_empty());
    }

    #[test]
    fn a_system_is_tied_by_its_keys_and_by_what_it_acts_under() {
        let mut system = sample::inventory(sample::refunds(".").observations()).systems.remove(0);
        system.identities = vec![role("arn:r", &["k8s:x"])];
        let key = |claim, value: &str| Key {
            claim,
            value: value.to_owned(),
            strength: JoinStrength::Strong,
            place: Place::locator("x"),
        };
        system.keys = vec![
            key(Claim::KeptIn, "host/acme/shop"),
            key(Claim::ComesFrom, "host/acme/shop#deploy"),
            key(Claim::VouchedFor, "token.example:repo:Acme/Shop"),
        ];
        let expected = [
            "Near identity:arn:r",
            "Near repository:host/acme/shop",
            "Near subject:token.example:*",
            "Near subject:token.example:repo:acme/shop",
            "Far repository:host/acme/shop",
        ];
        assert_eq!(told(&ties(&system)), expected);
        // It is the role itself.
        system.root = "arn:r".to_owned();
        system.keys.clear();
        assert_eq!(told(&ties(&system)), ["Far identity:arn:r", "Far identity:x"]);
    }
}
