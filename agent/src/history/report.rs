//! What changed, for people: on a terminal, and in Markdown.

use std::fmt::Write as _;

use asmm_model::Presence;

use super::{Change, Compared, ComponentChange, Difference, Entry, Weight};
use crate::page::{Line, Page, Tone, visible};

/// Systems that are shown.
const SYSTEMS: usize = 200;
/// Gaps of one target that are shown.
const GAPS: usize = 10;

/// How many systems are of each kind, in words.
fn summary(difference: &Difference) -> String {
    let of = |presence| match presence {
        Presence::Present => difference.present,
        _ => difference.systems.iter().filter(|entry| entry.presence == presence).count() as u64,
    };
    // Two documents do not tell what was missing before both of them.
    let kinds = Presence::ALL.into_iter().filter(|kind| *kind != Presence::Returned || of(*kind) > 0);
    let counts: Vec<String> = kinds.map(|kind| format!("{} {}", of(kind), kind.name())).collect();
    let systems = match difference.systems.len() as u64 + difference.present {
        1 => "1 AI system".to_owned(),
        count => format!("{count} AI systems"),
    };
    format!("{systems}: {}.", counts.join(", "))
}

/// Digits of a commit that are enough for people.
const DIGITS: usize = 12;
/// Components that are shown.
const COMPONENTS: usize = 50;

fn compared(base: &Compared) -> String {
    let commit = base.commit.get(..DIGITS).unwrap_or(&base.commit);
    if base.merge_base {
        format!("Compared with {commit}, where the history parted from {}.", base.revision)
    } else if base.commit == base.revision {
        format!("Compared with {commit}.")
    } else {
        format!("Compared with {}, which is {commit}.", base.revision)
    }
}

fn component(change: &ComponentChange) -> String {
    let versions = |versions: &[String]| match versions {
        [] => "no version".to_owned(),
        versions => versions.join(", "),
    };
    let became = match (change.before.as_deref(), change.after.as_deref()) {
        (None, Some([])) => "new".to_owned(),
        (None, Some(after)) => format!("new, {}", versions(after)),
        (Some([]), None) => "gone".to_owned(),
        (Some(before), None) => format!("gone, was {}", versions(before)),
        (before, after) => {
            format!("{} → {}", versions(before.unwrap_or_default()), versions(after.unwrap_or_default()))
        }
    };
    let kind = change.kind.name().replace('-', " ");
    let of =
        if change.systems.is_empty() { String::new() } else { format!(" ({})", change.systems.join(", ")) };
    format!("{kind} {}: {became}{of}", change.name)
}

const OTHER_RULES: &str =
    "The two scans used different rules: a change may be one of the rules, and not of the system.";

fn sentence(change: &Change) -> String {
    match (change.before.as_str(), change.after.as_str()) {
        ("", after) => format!("{}: new, {after}", change.what),
        (before, "") => format!("{}: gone, was {before}", change.what),
        (before, after) => format!("{}: {before} → {after}", change.what),
    }
}

fn tone(weight: Weight) -> Tone {
    match weight {
        Weight::Worse => Tone::Bad,
        Weight::Other => Tone::Plain,
        Weight::Better => Tone::Good,
    }
}

/// The report as a page.
pub(crate) fn page(difference: &Difference, width: usize) -> Page {
    let mut page = Page::new(width);
    page.push(Line::new().with(Tone::Strong, summary(difference)));
    if let Some(base) = &difference.base {
        page.wrap(0, 0, &Line::new().with(Tone::Dim, compared(base)));
    }
    if !difference.same_rules {
        page.wrap(0, 0, &Line::new().with(Tone::Open, OTHER_RULES));
    }
    for entry in difference.systems.iter().take(SYSTEMS) {
        page.gap();
        let verdict = format!("{}, {}", entry.presence.name(), entry.verdict.name().replace('_', " "));
        let head =
            Line::new().with(Tone::Strong, &entry.name).plain(": ").with(tone(entry.weight()), verdict);
        page.wrap(0, 2, &head.plain("  ").with(Tone::Dim, place(entry)));
        if let Some(was) = &entry.was {
            page.wrap(2, 4, &Line::new().with(Tone::Dim, format!("was {was}, is {}", entry.id)));
        }
        for change in &entry.changes {
            page.wrap(2, 4, &Line::new().with(tone(change.weight), sentence(change)));
        }
    }
    let more = difference.systems.len().saturating_sub(SYSTEMS);
    if more > 0 {
        page.push(Line::new().with(Tone::Dim, format!("… and {more} more (--format json shows all)")));
    }
    for target in &difference.less_seen {
        page.gap();
        page.wrap(0, 2, &Line::new().with(Tone::Bad, format!("Less is seen of {}", target.target)));
        for gap in target.gaps.iter().take(GAPS) {
            page.wrap(2, 4, &Line::new().plain(gap));
        }
        if target.gaps.len() > GAPS {
            page.push(Line::new().with(Tone::Dim, format!("  … and {} more", target.gaps.len() - GAPS)));
        }
    }
    for target in &difference.more_seen {
        page.gap();
        page.wrap(
            0,
            2,
            &Line::new().with(Tone::Open, format!("Could not be read before in {}", target.target)),
        );
        for gap in target.gaps.iter().take(GAPS) {
            page.wrap(2, 4, &Line::new().plain(gap));
        }
        if target.gaps.len() > GAPS {
            page.push(Line::new().with(Tone::Dim, format!("  … and {} more", target.gaps.len() - GAPS)));
        }
    }
    if !difference.components.is_empty() {
        page.gap();
        page.push(Line::new().with(Tone::Strong, "Components"));
    }
    for change in difference.components.iter().take(COMPONENTS) {
        page.wrap(2, 4, &Line::new().plain(component(change)));
    }
    let more = difference.components.len().saturating_sub(COMPONENTS);
    if more > 0 {
        page.push(Line::new().with(Tone::Dim, format!("  … and {more} more (--format json shows all)")));
    }
    page
}

fn place(entry: &Entry) -> String {
    match (entry.target.as_str(), entry.root.as_str()) {
        ("" | ".", root) => root.to_owned(),
        (target, "" | ".") => target.to_owned(),
        (target, root) => format!("{target} {root}"),
    }
}

/// The report in Markdown.
pub(crate) fn markdown(difference: &Difference) -> String {
    let mut text = format!("# What changed\n\n{}\n", summary(difference));
    if let Some(base) = &difference.base {
        let _ = writeln!(text, "\n{}", plain(&compared(base)));
    }
    if !difference.same_rules {
        let _ = writeln!(text, "\n{OTHER_RULES}");
    }
    for entry in &difference.systems {
        let verdict = entry.verdict.name().replace('_', " ");
        let _ = writeln!(text, "\n## {}: {}, {verdict}\n", plain(&entry.name), entry.presence.name());
        let _ = writeln!(text, "In {}.", plain(&place(entry)));
        if !entry.changes.is_empty() {
            text.push('\n');
        }
        for change in &entry.changes {
            let mark = if change.weight == Weight::Worse { "**worse** " } else { "" };
            let _ = writeln!(text, "- {mark}{}", plain(&sentence(change)));
        }
    }
    if !difference.less_seen.is_empty() {
        text.push_str("\n## Less is seen\n\n");
    }
    for target in &difference.less_seen {
        for gap in &target.gaps {
            let _ = writeln!(text, "- {}: {}", plain(&target.target), plain(gap));
        }
    }
    if !difference.more_seen.is_empty() {
        text.push_str("\n## Could not be read before\n\n");
    }
    for target in &difference.more_seen {
        for gap in &target.gaps {
            let _ = writeln!(text, "- {}: {}", plain(&target.target), plain(gap));
        }
    }
    if !difference.components.is_empty() {
        text.push_str("\n## Components\n\n");
    }
    for change in &difference.components {
        let _ = writeln!(text, "- {}", plain(&component(change)));
    }
    text
}

/// Text that Markdown takes as text: nothing that was scanned makes a link, a heading or HTML.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    for c in visible(text).chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | ':' | '/' | '-' | '\'' | '(' | ')') {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}
