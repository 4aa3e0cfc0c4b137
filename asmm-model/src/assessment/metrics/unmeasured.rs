//! What this version cannot measure: unknown is not zero.

/// Why nothing of a metric can be told by this version; `None` where it can. A structure may define what it has never heard of.
pub fn why(id: &str) -> Option<&'static str> {
    const PROGRAM: [&str; 9] =
        ["M02", "M05", "M07", "M16", "M23", "M24", "register", "scheduled_scans", "ai_repositories"];
    let is_known = PROGRAM.contains(&id) || super::JUDGES.iter().any(|(known, _)| *known == id);
    (!is_known).then_some("this version does not know how to measure it")
}
