//! What no inventory of today can tell: each with what would have to be seen, since unknown is not zero.

/// Metrics that are about agentic systems alone.
pub(super) const AGENTS_ONLY: [&str; 2] = ["M18", "M20"];

/// Why nothing of a metric can be told by this version, and what would have to be seen; `None` where it can.
pub fn why(id: &str) -> Option<&'static str> {
    Some(match id {
        "M10" => {
            "the inventory names servers of the Model Context Protocol, and neither whether they are remote nor how they authenticate: \
             the transport and the kind of authentication of each would have to be recorded"
        }
        "M15" => {
            "the security contexts of pods are not read: their fields that the restricted profile asks about would have to be recorded"
        }
        "M16" => {
            "steps of CI are read for coding agents alone: the commands and actions that evaluate or attack models would have to be \
             recognised"
        }
        "M18" => {
            "limits of steps are seen only where they show that a model takes several: limits of time and budget, limits that \
             frameworks set and switches to stop an agent would have to be recognised"
        }
        "M19" => {
            "runbooks and contacts for incidents are not looked for: they would have to be recognised in repositories and \
             catalogues, or recorded by people"
        }
        "M20" => {
            "that state is kept is seen, and not whether it can be restored: versions, checkpoints and backups of stores would have to \
             be recorded"
        }
        "M23" => {
            "agreements with providers are on no record that is read: people, or a register, would have to record them"
        }
        _ => return unknown_metric(id),
    })
}

/// A structure may define what this version has never heard of.
fn unknown_metric(id: &str) -> Option<&'static str> {
    const PROGRAM: [&str; 7] = ["M02", "M05", "M07", "M24", "register", "scheduled_scans", "ai_repositories"];
    let is_known = PROGRAM.contains(&id) || super::JUDGES.iter().any(|(known, _)| *known == id);
    (!is_known).then_some("this version does not know how to measure it")
}
