//! A short report for wikis, tickets and pull requests, in Markdown that nothing scanned can become part of.

use std::fmt::Write as _;

use asmm_model::{
    Access, Answer, Criterion, Declared, Evidence, Inventory, Register, Sighted, Supports, System, Verdict,
};

use super::{table, words};
use crate::page::visible;

/// Things in one list; the document has all of them.
const ITEMS: usize = 20;

/// Some text as code, where it is neither a link nor an address, a name of somebody, markup or the end of a
/// cell. The few characters that could end the code, the cell or, in programs that do not know better, the
/// text are written out.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut inner = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '`' | '|' | '<' | '>' => {
                // Writing to a string cannot fail.
                let _ = write!(inner, "\\u{{{:x}}}", u32::from(c));
            }
            c => inner.push(c),
        }
    }
    format!("`{inner}`")
}

/// A sentence of ours with scanned names in it: what stands between backticks, and every word that is no
/// plain one, becomes code.
fn prose(text: &str) -> String {
    let mut words: Vec<(bool, String)> = Vec::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            words.push((true, part.to_owned()));
            continue;
        }
        for word in part.split(' ').filter(|word| !word.is_empty()) {
            words.push((!is_plain(word), word.to_owned()));
        }
    }
    let mut sentence = String::new();
    for (is_code, word) in words {
        let word = if is_code { code(&word) } else { word };
        // What was cut off a name by its backtick goes on right behind it.
        if !sentence.is_empty() && !word.starts_with([',', ';', '.', ':', ')']) && !sentence.ends_with('(') {
            sentence.push(' ');
        }
        sentence.push_str(&word);
    }
    sentence
}

/// Whether a word means nothing in any Markdown: letters and digits, with a hyphen or an apostrophe inside,
/// and a mark of punctuation after it. A point inside makes an address of it.
fn is_plain(word: &str) -> bool {
    if matches!(word, "," | ";" | "." | ":" | ")" | "(") {
        return true;
    }
    let core = word.trim_start_matches('(').trim_end_matches([',', ';', '.', ':', '?', ')', '\'']);
    let letters = |part: &str| !part.is_empty() && part.chars().all(char::is_alphanumeric);
    core.split(['-', '\'']).all(letters)
}

/// The whole report.
pub(super) fn text(inventory: &Inventory) -> String {
    let mut page = String::from("# AI systems\n\n");
    summary(&mut page, inventory);
    let systems = &inventory.systems;
    if !systems.is_empty() {
        page.push_str("\n## Systems\n\n| System | Verdict | Level | Confidence | Approval | Role | Root |\n");
        page.push_str("|---|---|---|---|---|---|---|\n");
        for system in systems {
            let cells = [
                code(&system.name),
                table::verdict(system.verdict).to_owned(),
                table::level(system),
                table::percent(system.confidence),
                table::approval(system).to_owned(),
                system.role.name().to_owned(),
                code(&table::root(system)),
            ];
            line(&mut page, format_args!("| {} |", cells.join(" | ")));
        }
    }
    for system in systems.iter().filter(|system| system.is_flagged()) {
        in_full(&mut page, system);
    }
    if let Some(lists) = &inventory.register {
        register(&mut page, lists);
    }
    gaps(&mut page, inventory);
    page
}

fn line(page: &mut String, text: std::fmt::Arguments) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}

fn summary(page: &mut String, inventory: &Inventory) {
    let of = |verdict| inventory.systems.iter().filter(|system| system.verdict == verdict).count();
    let (agentic, open) = (of(Verdict::Agentic), of(Verdict::Undetermined));
    let all = inventory.systems.len();
    let seen: u64 = inventory.coverage.iter().map(|coverage| coverage.seen).sum();
    let skipped = inventory.coverage.iter().flat_map(|coverage| &coverage.skipped);
    let hidden: u64 = skipped.filter(|gap| gap.why.hides()).map(|gap| gap.count).sum();
    let systems = table::count(all as u64, "system", "systems");
    let not = all - agentic - open;
    line(page, format_args!("- {systems}: {agentic} agentic, {open} undetermined, {not} not agentic"));
    let (seen, gaps) =
        (table::count(seen, "file or object", "files or objects"), table::count(hidden, "gap", "gaps"));
    line(page, format_args!("- {seen} read, {gaps} in what could be seen"));
    let targets: Vec<String> = inventory.scan.targets.iter().map(|target| code(&target.target)).collect();
    line(
        page,
        format_args!(
            "- scanned {} at {} by {}",
            targets.join(", "),
            code(&inventory.scan.started_at),
            code(&inventory.scan.tool)
        ),
    );
}

fn in_full(page: &mut String, system: &System) {
    line(page, format_args!("\n## {}\n", code(&system.name)));
    line(
        page,
        format_args!(
            "**{}**, {}. {}\n",
            table::verdict(system.verdict),
            table::in_words(system.level),
            prose(&table::why(system))
        ),
    );
    if let Some(remembered) = words::remembered(system) {
        line(page, format_args!("In the store: {remembered}.\n"));
    }
    for (criterion, answer) in system.criteria.iter() {
        reason(page, criterion, answer);
    }
    if !system.settles.is_empty() {
        line(page, format_args!("\nWhat would settle it:\n"));
        for missing in system.settles.iter().take(ITEMS) {
            line(page, format_args!("- {}: {}", missing.criterion.id(), prose(&missing.what)));
        }
        more(page, system.settles.len());
    }
    if !system.tools.is_empty() {
        line(page, format_args!("\n| Tool | Effect | Approval | Place |\n|---|---|---|---|"));
        for tool in system.tools.iter().take(ITEMS) {
            let (effect, gate) = (tool.effect.name(), tool.gate.name());
            let place = tool.evidence.first().map(place).unwrap_or_default();
            line(page, format_args!("| {} | {effect} | {gate} | {place} |", code(&tool.name)));
        }
        more(page, system.tools.len());
    }
    let owners: Vec<String> = system
        .owners
        .iter()
        .map(|owner| format!("{} ({})", code(&owner.name), owner.source.title()))
        .collect();
    let starts = system.triggers.iter().map(|trigger| {
        format!(
            "{} {} ({})",
            trigger.kind.name(),
            code(&trigger.value),
            code(&table::from_start(&trigger.place))
        )
    });
    let models = system.models.iter().map(|model| code(&model.name));
    let acts = system.identities.iter().map(|identity| match identity.privilege {
        Some(privilege) => format!("{} (privilege {})", code(&identity.name), privilege.name()),
        None => code(&identity.name),
    });
    let parts = system.components.iter().map(|component| {
        let access = component.access.filter(|access| *access != Access::Local);
        let access = access.map(|access| format!(" ({})", access.title())).unwrap_or_default();
        format!("{}{access}", code(&component.name))
    });
    let controls = system.controls.iter().map(|control| {
        format!("{} {} (in place: {})", control.kind.name(), code(&control.name), control.word())
    });
    let lists: [(&str, Vec<String>); 6] = [
        ("Suggested owners", owners),
        ("Started by", starts.collect()),
        ("Models", models.collect()),
        ("Identities", acts.collect()),
        ("Controls", controls.collect()),
        ("Components", parts.collect()),
    ];
    let mut first = true;
    for (title, mut items) in lists {
        let mut seen = std::collections::BTreeSet::new();
        items.retain(|item| seen.insert(item.clone()));
        if items.is_empty() {
            continue;
        }
        let all = items.len();
        items.truncate(ITEMS);
        if all > ITEMS {
            items.push(format!("… and {} more", all - ITEMS));
        }
        line(page, format_args!("{}- {title}: {}", if first { "\n" } else { "" }, items.join(", ")));
        first = false;
    }
}

/// The answer with the best evidence for it.
fn reason(page: &mut String, criterion: Criterion, answer: &Answer) {
    let wanted = match answer {
        Answer::Yes(_) => Some(Supports::Yes),
        Answer::No(_) => Some(Supports::No),
        Answer::Unknown(_) => None,
    };
    let evidence = answer.evidence();
    let best = evidence.iter().find(|piece| wanted.is_none() || piece.supports == wanted);
    let told = match best {
        None => String::new(),
        Some(piece) => {
            let side = match (wanted, piece.supports) {
                (None, Some(Supports::Yes)) => "for yes: ",
                (None, Some(Supports::No)) => "for no: ",
                _ => "",
            };
            let note = piece.note.as_deref().or(piece.rule.as_deref()).unwrap_or_default();
            format!("; {side}{} ({})", prose(note), place(piece))
        }
    };
    let sure = answer.confidence().map(|c| format!(" ({})", table::percent(Some(c)))).unwrap_or_default();
    line(
        page,
        format_args!(
            "- {} {}: **{}**{sure}{}",
            criterion.id(),
            criterion.name(),
            words::answer(answer),
            told
        ),
    );
}

fn place(piece: &Evidence) -> String {
    code(&table::from_start(&piece.place))
}

fn more(page: &mut String, all: usize) {
    if all > ITEMS {
        line(page, format_args!("\n… and {} more", all - ITEMS));
    }
}

/// What was declared, held against what was seen.
fn register(page: &mut String, register: &Register) {
    line(page, format_args!("\n## The known register\n\n{}.", table::register::in_short(register)));
    let named = |all: &[Sighted]| {
        let shown =
            all.iter().take(5).map(|one| format!("{} ({})", code(&one.name), table::verdict(one.verdict)));
        shown.collect::<Vec<_>>().join(", ")
    };
    let entry = |one: &Declared| format!("{} ({})", code(&one.name), code(&one.id));
    let seen = register.seen.iter().map(|one| {
        let remarks = one.remarks.iter().map(|remark| format!("; {}", prose(remark)));
        format!("{}: {}{}", entry(&one.declared), named(&one.systems), remarks.collect::<String>())
    });
    let questions =
        register.questions.iter().map(|one| format!("{}: {}", entry(&one.declared), named(&one.systems)));
    let shadow = register.shadow.iter().map(|one| named(std::slice::from_ref(one)));
    let unseen = register.unseen.iter().map(|one| format!("{}: {}", entry(&one.declared), one.why.says()));
    let lists: [(&str, usize, Vec<String>); 4] = [
        ("Declared and seen", register.seen.len(), seen.take(ITEMS).collect()),
        ("May be declared: a person has to say", register.questions.len(), questions.take(ITEMS).collect()),
        ("Seen but not declared", register.shadow.len(), shadow.take(ITEMS).collect()),
        ("Declared but not seen", register.unseen.len(), unseen.take(ITEMS).collect()),
    ];
    for (title, all, items) in lists.into_iter().filter(|(_, all, _)| *all > 0) {
        line(page, format_args!("\n{title}:\n"));
        for item in items {
            line(page, format_args!("- {item}"));
        }
        more(page, all);
    }
}

fn gaps(page: &mut String, inventory: &Inventory) {
    let skipped: Vec<_> = inventory
        .coverage
        .iter()
        .flat_map(|coverage| coverage.skipped.iter().map(move |gap| (coverage, gap)))
        .collect();
    if skipped.is_empty() {
        return;
    }
    line(page, format_args!("\n## Not looked at\n\n| Why | Count | What | Target |\n|---|---|---|---|"));
    for (coverage, gap) in skipped.iter().take(ITEMS) {
        let detail = gap.detail.as_deref().map(|detail| format!(": {}", prose(detail))).unwrap_or_default();
        let (why, target) = (gap.why.name(), code(&coverage.target));
        line(page, format_args!("| {why} | {} | {}{detail} | {target} |", gap.count, code(&gap.what)));
    }
    more(page, skipped.len());
}

#[cfg(test)]
mod tests {
    use asmm_model::{Effect, Fact, Gap, GapReason, Gate, Owner, OwnerSource, Place, SystemKind};

    use super::*;
    use crate::sample::{self, Sample};

    #[test]
    fn the_report_is_short_and_says_why() {
        insta::assert_snapshot!(text(&sample::inventory(sample::observations("."))));
    }

    #[test]
    fn only_plain_words_stay_words() {
        let table = [
            ("gives the model a tool: `pay` pays", "gives the model a tool: `pay` pays"),
            ("a person's turn, and (perhaps) not.", "a person's turn, and (perhaps) not."),
            ("`a`, `b` and `c`.", "`a`, `b` and `c`."),
            ("see https://evil.example now", "see `https://evil.example` now"),
            ("[x](y) <b> a|b", "`[x](y)` `\\u{3c}b\\u{3e}` `a\\u{7c}b`"),
            ("# head - item * star", "`#` head `-` item `*` star"),
            (
                "@org/team www.evil.example me@evil.example",
                "`@org/team` `www.evil.example` `me@evil.example`",
            ),
            ("a `b` <script>` c", "a `b` `\\u{3c}script\\u{3e}` `\u{20}c`"),
            ("line\nbreak", "`line\\nbreak`"),
        ];
        for (sentence, expected) in table {
            assert_eq!(prose(sentence), expected);
        }
    }

    #[test]
    fn hostile_names_are_shown_and_not_obeyed() {
        let hostile = "`|<script>alert(1)</script>\n\n```\n[a](javascript:b) ![c](//d) @e &lt; \u{202e}";
        let at = || Place::line(hostile, 3);
        let owner =
            Fact::Owner(Owner { source: OwnerSource::Codeowners, name: hostile.to_owned(), place: at() });
        let sample = Sample::new(hostile, hostile, hostile)
            .system(SystemKind::Agent, false)
            .says(Criterion::C1, Supports::Yes, 0.9, hostile, at())
            .tool(hostile, Effect::Unknown, Gate::Unknown, at())
            .identity(hostile, false, at())
            .model(hostile, hostile, false, at())
            .fact(owner);
        let mut inventory = sample::inventory(sample.observations());
        inventory.coverage[0].skipped = vec![Gap::new(hostile, GapReason::Failed).because(hostile)];
        let text = text(&inventory);
        for line in text.lines() {
            assert_eq!(line.matches('`').count() % 2, 0, "{line}");
            let outside: String = line.split('`').step_by(2).collect();
            for mark in ["<", "](", "@", "://", "&", "www"] {
                assert!(!outside.contains(mark), "{line}");
            }
            assert!(!line.contains(['<', '\u{202e}']), "{line}");
        }
        assert_eq!(text.matches("\n## ").count(), 3, "{text}");
    }
}
