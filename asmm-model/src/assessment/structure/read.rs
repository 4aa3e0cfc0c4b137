//! Reads a structure from its text, field by field.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::reader::{Faults, Object};
use super::{
    Area, Better, Condition, Domain, Fault, HintKind, LevelTest, Limits, Maps, MetricDefinition, MetricKind,
    Remedy, Rule, ScaleLevel, SourceKind, Structure, Subject, Weight, lint,
};
use crate::assessment::Fraction;

/// A structure is a page or two of text; more is something else.
const LONGEST: usize = 1 << 20;

pub(super) fn read(text: &str) -> Result<Structure, Vec<Fault>> {
    let fault =
        |wrong: String, right: &str| vec![Fault { at: String::new(), wrong, right: right.to_owned() }];
    if text.len() > LONGEST {
        return Err(fault(
            "it is larger than 1 MiB".to_owned(),
            "give a structure, not what was scored by one",
        ));
    }
    let document: Value = serde_json::from_str(text)
        .map_err(|error| fault(format!("it is no JSON: {error}"), "correct it at that line and column"))?;
    let mut faults = Faults::default();
    let structure = structure(&document, &mut faults);
    if let Some(structure) = &structure {
        lint::check(structure, &mut faults);
    }
    match structure {
        Some(structure) if faults.none() => Ok(structure),
        _ => Err(faults.into_list()),
    }
}

/// SHA-256 over the document with its keys sorted and without white space.
fn digest(document: &Value) -> String {
    let mut canonical = String::new();
    write_canonical(document, &mut canonical);
    Sha256::digest(canonical.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (at, key) in keys.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

/// Every field is looked at, also after a fault; `None` where one of them could not be read.
fn structure(document: &Value, faults: &mut Faults) -> Option<Structure> {
    const FIELDS: [&str; 10] =
        ["id", "version", "note", "scale", "tests", "limits", "domains", "metrics", "facts", "hints"];
    let object = Object::at("", document, &FIELDS, faults)?;
    let id = object.text("id", faults);
    let version = object.text("version", faults);
    let note = object.text("note", faults);
    let scale = all(object.list("scale", faults), faults, scale_level);
    let tests = all(object.list("tests", faults), faults, level_test);
    let limits = object.get("limits", "write the thresholds", faults);
    let limits = limits.and_then(|value| self::limits("/limits", value, faults));
    let domains = all(object.list("domains", faults), faults, domain);
    let metrics = all(object.list("metrics", faults), faults, metric);
    let facts = all(object.list("facts", faults), faults, fact);
    let rules = all(object.list("hints", faults), faults, rule);
    Some(Structure {
        id: id?,
        version: version?,
        note: note?,
        scale: scale?,
        tests: tests?,
        limits: limits?,
        domains: domains?,
        metrics: metrics?,
        facts: facts?,
        rules: rules?,
        digest: digest(document),
    })
}

/// Reads every item; `None` where one could not be read.
fn all<T>(
    items: Vec<(String, &Value)>,
    faults: &mut Faults,
    read: impl Fn(&str, &Value, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = items.into_iter().map(|(at, value)| read(&at, value, faults)).collect();
    read.into_iter().collect()
}

fn scale_level(at: &str, value: &Value, faults: &mut Faults) -> Option<ScaleLevel> {
    let object = Object::at(at, value, &["level", "name", "meaning"], faults)?;
    let level = level(&object, faults);
    let (name, meaning) = (object.text("name", faults), object.text("meaning", faults));
    Some(ScaleLevel { level: level?, name: name?, meaning: meaning? })
}

fn level(object: &Object<'_>, faults: &mut Faults) -> Option<u8> {
    object.number("level", 1, 5, faults).and_then(|level| u8::try_from(level).ok())
}

fn level_test(at: &str, value: &Value, faults: &mut Faults) -> Option<LevelTest> {
    let object = Object::at(at, value, &["id", "title", "shown_by", "levels"], faults)?;
    let id = object.text("id", faults);
    let title = object.text("title", faults);
    let shown_by = object.text("shown_by", faults);
    let levels = all(object.list("levels", faults), faults, |at, value, faults| {
        let object = Object::at(at, value, &["level", "needs"], faults)?;
        let level = level(&object, faults);
        let needs = object.text("needs", faults);
        Some((level?, needs?))
    });
    Some(LevelTest { id: id?, title: title?, shown_by: shown_by?, levels: levels? })
}

fn limits(at: &str, value: &Value, faults: &mut Faults) -> Option<Limits> {
    const FIELDS: [&str; 5] = ["small_sample", "coverage", "floor_coverage", "floor_known", "evidence_days"];
    let object = Object::at(at, value, &FIELDS, faults)?;
    let small_sample = object.number("small_sample", 0, 1000, faults);
    let coverage = share(&object, "coverage", faults);
    let floor_coverage = share(&object, "floor_coverage", faults);
    let floor_known = share(&object, "floor_known", faults);
    let evidence_days = object.number("evidence_days", 1, 3660, faults);
    Some(Limits {
        small_sample: small_sample?,
        coverage: coverage?,
        floor_coverage: floor_coverage?,
        floor_known: floor_known?,
        evidence_days: evidence_days.and_then(|days| u32::try_from(days).ok())?,
    })
}

fn share(object: &Object<'_>, key: &str, faults: &mut Faults) -> Option<Fraction> {
    let read = |text: &str| {
        Fraction::decimal(text, 2).filter(|share| (Fraction::ZERO..=Fraction::whole(1)).contains(share))
    };
    object.decimal(key, "write a share from 0 to 1 with two decimals at most", read, faults)
}

fn weight(object: &Object<'_>, faults: &mut Faults) -> Option<Weight> {
    let wanted = "write a weight above 0 and of 10 at most, with two decimals at most";
    object.decimal("weight", wanted, Weight::decimal, faults)
}

fn domain(at: &str, value: &Value, faults: &mut Faults) -> Option<Domain> {
    let object = Object::at(at, value, &["id", "title", "weight", "areas"], faults)?;
    let id = object.text("id", faults);
    let title = object.text("title", faults);
    let weight = weight(&object, faults);
    let areas = all(object.list("areas", faults), faults, |at, value, faults| {
        area(at, value, id.as_deref().unwrap_or_default(), faults)
    });
    Some(Domain { id: id?, title: title?, weight: weight?, areas: areas? })
}

fn area(at: &str, value: &Value, of: &str, faults: &mut Faults) -> Option<Area> {
    const FIELDS: [&str; 8] =
        ["id", "domain", "title", "agentic_only", "weight", "question", "maps", "metrics"];
    let object = Object::at(at, value, &FIELDS, faults)?;
    let id = object.text("id", faults);
    let domain = object.text("domain", faults);
    if let Some(domain) = domain.filter(|domain| domain != of) {
        let right = format!("write `{of}`, or move the area");
        faults.add(object.place("domain"), format!("the area stands in `{of}` and says `{domain}`"), right);
    }
    let title = object.text("title", faults);
    let agentic_only = object.truth("agentic_only", faults);
    let weight = weight(&object, faults);
    let question = object.text("question", faults);
    let maps = object.get("maps", "write where other frameworks speak of it", faults);
    let maps = maps.and_then(|value| self::maps(&object.place("maps"), value, faults));
    let metrics = object.texts("metrics", faults);
    Some(Area {
        id: id?,
        title: title?,
        agentic_only: agentic_only?,
        weight: weight?,
        question: question?,
        maps: maps?,
        metrics,
    })
}

fn maps(at: &str, value: &Value, faults: &mut Faults) -> Option<Maps> {
    const FIELDS: [&str; 6] =
        ["nist_csf_2_0", "nist_ai_rmf_1_0", "csa_aismm", "owasp_agentic_2026", "eu_ai_act", "iso_42001"];
    let object = Object::at(at, value, &FIELDS, faults)?;
    Some(Maps {
        nist_csf_2_0: object.texts("nist_csf_2_0", faults),
        nist_ai_rmf_1_0: object.texts("nist_ai_rmf_1_0", faults),
        csa_aismm: object.text("csa_aismm", faults)?,
        owasp_agentic_2026: object.texts("owasp_agentic_2026", faults),
        eu_ai_act: object.texts("eu_ai_act", faults),
        iso_42001: object.texts("iso_42001", faults),
    })
}

const METRIC: [&str; 11] = [
    "id",
    "name",
    "definition",
    "kind",
    "numerator",
    "denominator",
    "better",
    "subject",
    "sources",
    "says",
    "remedy",
];

fn metric(at: &str, value: &Value, faults: &mut Faults) -> Option<MetricDefinition> {
    measured(at, value, &METRIC, faults)
}

/// A fact is a metric without a name and a definition of its own.
fn fact(at: &str, value: &Value, faults: &mut Faults) -> Option<MetricDefinition> {
    let fields: Vec<&str> =
        METRIC.into_iter().filter(|field| !["name", "definition"].contains(field)).collect();
    measured(at, value, &fields, faults)
}

fn measured(at: &str, value: &Value, fields: &[&str], faults: &mut Faults) -> Option<MetricDefinition> {
    let object = Object::at(at, value, fields, faults)?;
    let is_metric = fields.contains(&"name");
    let id = object.text("id", faults);
    let numerator = object.text("numerator", faults);
    let named = |key: &str, other: &Option<String>, faults: &mut Faults| {
        if is_metric { object.text(key, faults) } else { other.clone() }
    };
    let name = named("name", &id, faults);
    let definition = named("definition", &numerator, faults);
    let kinds =
        [("share", MetricKind::Share), ("count", MetricKind::Count), ("median_days", MetricKind::MedianDays)];
    let kind = object.word("kind", &kinds, faults);
    let better = [("higher", Better::Higher), ("lower", Better::Lower), ("neither", Better::Neither)];
    let better = object.word("better", &better, faults);
    let subjects = [
        ("system", Subject::System),
        ("source", Subject::Source),
        ("repository", Subject::Repository),
        ("model", Subject::Model),
        ("key", Subject::Key),
        ("endpoint", Subject::Endpoint),
        ("program", Subject::Program),
    ];
    let subject = object.word("subject", &subjects, faults);
    let denominator =
        if object.has("denominator") { Some(object.text("denominator", faults)?) } else { None };
    if let Some(kind) = kind
        && (kind == MetricKind::Share) != denominator.is_some()
    {
        let (wrong, right) = if kind == MetricKind::Share {
            ("a share has no `denominator`", "say of what it is a share")
        } else {
            ("only a share has a `denominator`", "take it out")
        };
        faults.add(&object.at, wrong, right);
    }
    let sources = sources(&object, faults);
    let says = object.text("says", faults);
    let remedy = if object.has("remedy") { Some(remedy(&object, faults)?) } else { None };
    Some(MetricDefinition {
        id: id?,
        name: name?,
        definition: definition?,
        kind: kind?,
        numerator: numerator?,
        denominator,
        better: better?,
        subject: subject?,
        sources,
        says: says?,
        remedy,
    })
}

fn sources(object: &Object<'_>, faults: &mut Faults) -> Vec<SourceKind> {
    const KINDS: [SourceKind; 4] =
        [SourceKind::Code, SourceKind::Aws, SourceKind::Kubernetes, SourceKind::Bom];
    let mut sources = Vec::new();
    for (at, name) in (0..).zip(object.texts("sources", faults)) {
        let at: usize = at;
        match KINDS.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => sources.push(kind),
            None => faults.add(
                format!("{}/{at}", object.place("sources")),
                "this type of source is not known",
                "write `code`, `aws`, `kubernetes` or `bom`",
            ),
        }
    }
    sources
}

fn remedy(object: &Object<'_>, faults: &mut Faults) -> Option<Remedy> {
    let value = object.get("remedy", "say what makes it better", faults)?;
    let object = Object::at(&object.place("remedy"), value, &["one", "many"], faults)?;
    let (one, many) = (object.text("one", faults), object.text("many", faults));
    Some(Remedy { one: one?, many: many? })
}

fn rule(at: &str, value: &Value, faults: &mut Faults) -> Option<Rule> {
    let object = Object::at(at, value, &["id", "area", "kind", "level", "when"], faults)?;
    let id = object.text("id", faults);
    let area = object.text("area", faults);
    let kind = object.word("kind", &[("ceiling", HintKind::Ceiling), ("floor", HintKind::Floor)], faults);
    let most = if kind == Some(HintKind::Floor) { 3 } else { 5 };
    let level = object.number("level", 1, most, faults).and_then(|level| u8::try_from(level).ok());
    let when = object.text("when", faults).and_then(|text| match Condition::read(&text) {
        Ok(when) => Some(when),
        Err(wrong) => {
            faults.add(
                object.place("when"),
                format!("the condition cannot be read: {wrong}"),
                "correct it there",
            );
            None
        }
    });
    Some(Rule { id: id?, area: area?, kind: kind?, level: level?, when: when? })
}
