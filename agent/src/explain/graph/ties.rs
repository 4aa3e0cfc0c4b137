//! Where parts of a system meet each other: an identity and the part or the tool that acts under it, who may become it, and
//! which other systems act under it as well.

use asmm_model::{Evidence, Identity, IdentityKind, Join, Place, System, Tool};

use super::{Kind, Section, parts};

/// A box, by its section and its place there.
pub(super) type At = (usize, usize);

/// Two boxes that meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tie {
    /// The identity.
    pub(super) from: At,
    pub(super) to: At,
    /// What the line says.
    pub(super) says: &'static str,
}

/// All that meet and are drawn.
pub(super) fn all(system: &System, sections: &[Section]) -> Vec<Tie> {
    let boxes = |kind: Kind| -> Vec<At> {
        let of = sections.iter().enumerate().filter(move |(_, section)| section.kind == kind);
        of.flat_map(|(at, section)| (0..section.nodes.len()).map(move |node| (at, node))).collect()
    };
    let (acts, calls, seen) = (boxes(Kind::Acts), boxes(Kind::Calls), boxes(Kind::Seen));
    let (identities, tools) = (parts::identities(system), parts::called(system));
    let (others, sharing) = (boxes(Kind::Others), parts::sharing(system));
    // Places come before the parts that were joined, and are bounded with them.
    let joined =
        system.locations.iter().filter(|l| !system.joins.iter().any(|j| j.root == l.reference)).count();
    let mut ties = Vec::new();
    for (identity, from) in identities.iter().zip(&acts) {
        let mut tie = |to: Option<&At>, says| ties.extend(to.map(|to| Tie { from: *from, to: *to, says }));
        for (at, join) in system.joins.iter().enumerate() {
            if is_of(identity, join) {
                let itself = identity.arn.as_deref() == Some(join.root.as_str());
                let says =
                    if itself { "this part is the identity itself" } else { "this part acts under it" };
                tie(seen.get(joined + at), says);
            }
        }
        for (tool, at) in tools.iter().zip(&calls) {
            if meets(identity, tool) {
                tie(Some(at), "this tool runs under it");
            }
        }
        for other in &identity.shared_with {
            let at = sharing.iter().position(|known| *known == other);
            tie(at.and_then(|at| others.get(at)), "acts under it as well");
        }
        for (role, at) in identities.iter().zip(&acts) {
            if becomes(identity, role) {
                tie(Some(at), "it may become this role");
            }
        }
    }
    ties
}

/// Whether a part that was joined is what acts under an identity, or is the identity itself.
fn is_of(identity: &Identity, join: &Join) -> bool {
    let root = join.root.as_str();
    let within = |piece: &Evidence| {
        let locator = piece.place.locator.as_deref().filter(|_| piece.place.path.is_none());
        locator
            .and_then(|locator| locator.strip_prefix(root))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
    };
    !root.is_empty() && (identity.arn.as_deref() == Some(root) || identity.evidence.iter().any(within))
}

/// Whether a tool is shown by what also shows the identity. A line of code may hold both by chance.
fn meets(identity: &Identity, tool: &Tool) -> bool {
    let same = |a: &Place, b: &Place| {
        // An ARN is one and the same wherever it was seen.
        let global = a.locator.as_deref().is_some_and(|locator| locator.starts_with("arn:"));
        a.path.is_none()
            && b.path.is_none()
            && a.locator.is_some()
            && a.locator == b.locator
            && (global || a.target == b.target)
    };
    tool.evidence.iter().any(|piece| identity.evidence.iter().any(|other| same(&piece.place, &other.place)))
}

/// Whether a service account is given a role.
fn becomes(account: &Identity, role: &Identity) -> bool {
    account.kind == IdentityKind::ServiceAccount
        && account
            .arn
            .as_deref()
            .is_some_and(|arn| role.assumed_by.iter().any(|by| by.strip_prefix("k8s:") == Some(arn)))
}
