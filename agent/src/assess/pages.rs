//! A structure as pages: one for each area with its hints, one for each metric, and an index.

use std::fmt::Write as _;

use asmm_model::assessment::{
    Area, Better, Domain, HintKind, MetricDefinition, MetricKind, Structure, why_unmeasured,
};

const MADE: &str =
    "<!-- Made by `muster assess structure --pages`; what is written here by hand is lost. -->\n";

/// The pages by their names.
pub(crate) fn pages(structure: &Structure) -> Vec<(String, String)> {
    let mut pages = vec![("README.md".to_owned(), index(structure))];
    for domain in &structure.domains {
        for one in &domain.areas {
            pages.push((file(&one.id), area(structure, domain, one)));
        }
    }
    for one in structure.metrics.iter().chain(&structure.facts) {
        pages.push((file(&one.id), metric(structure, one)));
    }
    pages
}

fn file(id: &str) -> String {
    format!("{}.md", id.to_lowercase())
}

fn index(structure: &Structure) -> String {
    let mut text = format!("{MADE}\n# {} {}\n\n{}\n", structure.id, structure.version, structure.note);
    for domain in &structure.domains {
        let _ = writeln!(text, "\n## {}\n\n| Area | | Metrics |\n|---|---|---|", domain.title);
        for area in &domain.areas {
            let only = if area.agentic_only { " (agentic systems only)" } else { "" };
            let metrics: Vec<String> = area.metrics.iter().map(|id| link(id)).collect();
            let _ = writeln!(text, "| {} | {}{only} | {} |", link(&area.id), area.title, metrics.join(", "));
        }
    }
    text.push_str("\n## Metrics\n\n| Metric | What it is |\n|---|---|\n");
    for metric in &structure.metrics {
        let _ = writeln!(text, "| {} | {} |", link(&metric.id), metric.definition);
    }
    text.push_str("\n## Further facts that hints ask about\n\n| Fact | What it is |\n|---|---|\n");
    for fact in &structure.facts {
        let _ = writeln!(text, "| {} | {} |", link(&fact.id), fact.definition);
    }
    text
}

fn link(id: &str) -> String {
    format!("[{id}]({})", file(id))
}

fn area(structure: &Structure, domain: &Domain, area: &Area) -> String {
    let mut text = format!("{MADE}\n# {}: {}\n\n{}\n", area.id, area.title, area.question);
    let _ = writeln!(text, "\nDomain {}, weight {}.", domain.title, area.weight);
    if area.agentic_only {
        text.push_str("It is of concern only where systems act on their own.\n");
    }
    text.push_str("\n## In other frameworks\n\n| Framework | |\n|---|---|\n");
    let maps = &area.maps;
    for (name, ids) in [
        ("NIST CSF 2.0", maps.nist_csf_2_0.join(", ")),
        ("NIST AI RMF 1.0", maps.nist_ai_rmf_1_0.join(", ")),
        ("CSA AISMM", maps.csa_aismm.clone()),
        ("ISO/IEC 42001", maps.iso_42001.join(", ")),
        ("EU AI Act, article", maps.eu_ai_act.join(", ")),
        ("OWASP Top 10 for agentic applications", maps.owasp_agentic_2026.join(", ")),
    ] {
        if !ids.is_empty() {
            let _ = writeln!(text, "| {name} | {ids} |");
        }
    }
    text.push_str("\n## Evidence\n\n");
    let evidence = structure.evidence_of(area);
    if evidence.is_empty() {
        text.push_str("No metric: people and documents say how it stands.\n");
    }
    for id in evidence {
        let definition = structure.metric(id).map(|one| one.definition.as_str()).unwrap_or_default();
        let _ = writeln!(text, "- {}: {definition}", link(id));
    }
    text.push_str("\n## Hints\n\n");
    let mut any = false;
    for rule in structure.rules_of(&area.id) {
        any = true;
        let side = match rule.kind {
            HintKind::Ceiling => "speaks against more than",
            HintKind::Floor => "is hard to explain by less than",
        };
        let name = structure.level_name(rule.level).unwrap_or_default();
        let _ = writeln!(text, "### {}\n\n`{}` {side} level {} ({name}).\n", rule.id, rule.when, rule.level);
    }
    if !any {
        text.push_str("None: nothing that a scan sees bounds its level.\n");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn metric(structure: &Structure, metric: &MetricDefinition) -> String {
    let mut text =
        format!("{MADE}\n# {}: {}\n\n{}.\n", metric.id, metric.name.replace('_', " "), metric.definition);
    let kind = match metric.kind {
        MetricKind::Share => "a share",
        MetricKind::Count => "a count",
        MetricKind::MedianDays => "a median, in days",
    };
    let better = match metric.better {
        Better::Higher => "higher is better",
        Better::Lower => "lower is better",
        Better::Neither => "neither more nor less is better",
    };
    let _ =
        writeln!(text, "\nIt is {kind}; {better}.\n\n| | |\n|---|---|\n| Counted | {} |", metric.numerator);
    if let Some(denominator) = &metric.denominator {
        let _ = writeln!(text, "| Of | {denominator} |");
    }
    let sources: Vec<&str> = metric.sources.iter().map(|source| source.name()).collect();
    if !sources.is_empty() {
        let _ = writeln!(text, "| Drawn from | {} |", sources.join(", "));
    }
    if let Some(remedy) = &metric.remedy {
        let _ = writeln!(text, "| Better where | {} |", remedy.many);
    }
    match why_unmeasured(&metric.id) {
        Some(why) => {
            let _ = writeln!(
                text,
                "\n**Not measured yet**: {why}. Until then nothing rests on it, and no hint that asks for it is given."
            );
        }
        None => {
            text.push_str("\nWhat could not be told is in neither number, and is reported beside them.\n");
        }
    }
    let used: Vec<String> = structure
        .areas()
        .filter(|area| structure.evidence_of(area).contains(&metric.id.as_str()))
        .map(|area| format!("- {}: {}\n", link(&area.id), area.title))
        .collect();
    if !used.is_empty() {
        let _ = write!(text, "\n## Evidence for\n\n{}", used.concat());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pages_in_the_tree_are_those_of_the_structure() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/asmm");
        let there: BTreeMap<String, String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
            })
            .collect();
        let made: BTreeMap<String, String> = pages(Structure::working()).into_iter().collect();
        let names = |pages: &BTreeMap<String, String>| pages.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&there), names(&made));
        for (name, text) in made {
            assert_eq!(
                there[&name], text,
                "{name}: `muster assess structure --pages agent/docs/asmm` makes it again"
            );
        }
    }
}
