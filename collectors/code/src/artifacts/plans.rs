//! Plans for incidents: whether a file that is called one says anything, and is for people.

/// Words without which a page says nothing to anybody.
const FEWEST_WORDS: usize = 40;
/// Bytes of a page that are looked at.
const MAX_PAGE: usize = 64 * 1024;

/// Folders in which pages are what a program or a coding agent reads, and no plan of those who run it.
const READ_BY_PROGRAMS: [&str; 24] = [
    "agents",
    "assets",
    "commands",
    "corpus",
    "data",
    "dataset",
    "datasets",
    "fixtures",
    "kb",
    "knowledge",
    "knowledge_base",
    "knowledge-base",
    "mock",
    "mocks",
    "plugins",
    "prompts",
    "resources",
    "scenarios",
    "seed",
    "seeds",
    "skills",
    "src",
    "static",
    "templates",
];

/// Whether a page is for people: not in a folder whose pages programs read, nor in a hidden one, but for those of forges.
pub(super) fn is_for_people(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').all(|folder| {
        let is_hidden = folder.starts_with('.') && !matches!(folder, ".github" | ".gitlab");
        !is_hidden && !READ_BY_PROGRAMS.iter().any(|name| folder.eq_ignore_ascii_case(name))
    })
}

/// Whether a page says something beside its headings: a stub is no plan.
pub(super) fn is_written(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_PAGE)]);
    let lines =
        text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.starts_with("<!--"));
    let is_word = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() > 1;
    lines.flat_map(str::split_whitespace).filter(is_word).take(FEWEST_WORDS).count() == FEWEST_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_says_nothing() {
        let heading = "# Runbook of the desk\n\n## Restart\n\nTODO\n\n<!-- to be written by the team that runs it -->\n";
        assert!(!is_written(heading.as_bytes()));
        assert!(!is_written(&[0xff; 300]));
        let step = "- Look at the dashboard of the desk and call the person on duty.\n";
        assert!(!is_written(step.as_bytes()));
        assert!(is_written(format!("{heading}{}", step.repeat(4)).as_bytes()));
    }

    #[test]
    fn what_programs_read_is_no_plan() {
        let cases = [
            ("RUNBOOK.md", true),
            ("docs/runbooks/desk.md", true),
            (".github/runbook.md", true),
            (".claude/runbooks/deploy.md", false),
            ("agent/plugins/runbooks/dns.md", false),
            ("data/runbooks/kafka.md", false),
        ];
        for (path, expected) in cases {
            assert_eq!(is_for_people(path), expected, "{path}");
        }
    }
}
