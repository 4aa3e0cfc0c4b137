//! The findings of an inventory, with their places.

use std::collections::BTreeMap;

use asmm_model::autonomy::Ternary;
use asmm_model::{
    Criterion, Evidence, Gate, Identity, IdentityKind, Inventory, Place, Privilege, Role, System, Tool,
    Verdict,
};
use serde_json::{Value, json};

use super::super::{table, words};
use super::log::{
    ArtifactLocation, Found, Location, LogicalLocation, Message, PhysicalLocation, Region, UriBase,
};
use super::rules::Rule;

/// Further places of one finding: viewers list them all.
const PLACES: usize = 20;

/// What a finding says, before it has a place.
struct Claim {
    rule: Rule,
    /// `None` for what a person has to look at: such a result has no level.
    level: Option<&'static str>,
    text: String,
    /// What makes it another finding than those of its rule and system.
    key: String,
    properties: Value,
}

/// Every target with what its paths are relative to.
pub(super) fn bases(inventory: &Inventory) -> BTreeMap<String, UriBase> {
    let targets = &inventory.scan.targets;
    targets
        .iter()
        .map(|target| {
            let text = format!("The target {}", target.target);
            (base(inventory, Some(&target.target)), UriBase { description: Message::with_scanned(&text) })
        })
        .collect()
}

/// The name of what paths in a target are relative to. Of a single target it is the one that code scanning
/// takes for the root of the repository.
fn base(inventory: &Inventory, target: Option<&str>) -> String {
    let targets = &inventory.scan.targets;
    let at = target.and_then(|target| targets.iter().position(|known| known.target == target));
    match at {
        Some(at) if targets.len() > 1 => format!("TARGET{at}"),
        _ => "%SRCROOT%".to_owned(),
    }
}

/// All findings, those of the first system first.
pub(super) fn all(inventory: &Inventory) -> Vec<Found> {
    let mut found = Vec::new();
    for system in &inventory.systems {
        let mut add = |claim: Claim, evidence: &[&Evidence]| {
            found.push(result(inventory, Some(system), claim, evidence));
        };
        if let Some(claim) = verdict(system) {
            add(claim, &words::deciding(system));
        }
        if let Some(claim) = unowned(system) {
            add(claim, &words::deciding(system));
        }
        if system.is_flagged() {
            for tool in &system.tools {
                if let Some(claim) = unapproved(system, tool) {
                    add(claim, &tool.evidence.iter().collect::<Vec<_>>());
                }
            }
        }
        for identity in &system.identities {
            if let Some(claim) = acts_under(identity) {
                add(claim, &identity.evidence.iter().collect::<Vec<_>>());
            }
        }
    }
    for identity in &inventory.identities {
        if let Some(claim) = acts_under(identity) {
            found.push(result(inventory, None, claim, &identity.evidence.iter().collect::<Vec<_>>()));
        }
    }
    found
}

fn verdict(system: &System) -> Option<Claim> {
    let (rule, level) = match system.verdict {
        // What nobody approves needs a look before what somebody does.
        Verdict::Agentic if system.criteria[Criterion::C4].ternary() == Ternary::Yes => {
            (Rule::AgenticSystem, Some("warning"))
        }
        Verdict::Agentic => (Rule::AgenticSystem, Some("note")),
        Verdict::Undetermined => (Rule::UndeterminedSystem, None),
        Verdict::NotAgentic | Verdict::NotAi => return None,
    };
    let text = format!(
        "{} is {}, {}. {}",
        system.name,
        table::verdict(system.verdict),
        table::in_words(system.level),
        table::why(system)
    );
    let settles: Vec<String> = system
        .settles
        .iter()
        .map(|missing| format!("{}: {}", missing.criterion.id(), missing.what))
        .collect();
    let mut properties = json!({
        "verdict": system.verdict.name(),
        "level": system.level,
        "confidence": system.confidence,
        "approval": system.hitl.name(),
        "priority": system.priority,
        "kind": system.kind.name(),
        "role": system.role.name(),
        "settles": settles,
    });
    if let Some(known) = &system.remembered {
        properties["presence"] = known.presence.name().into();
        properties["firstSeen"] = known.first_seen.clone().into();
        properties["lastSeen"] = known.last_seen.clone().into();
    }
    Some(Claim { rule, level, text, key: String::new(), properties })
}

fn unowned(system: &System) -> Option<Claim> {
    if !system.is_flagged() || system.owners.iter().any(|owner| owner.source.assigns()) {
        return None;
    }
    Some(Claim {
        rule: Rule::UnownedSystem,
        level: Some("note"),
        text: format!("Nothing says who answers for {}.", system.name),
        key: String::new(),
        properties: json!({ "verdict": system.verdict.name() }),
    })
}

fn unapproved(system: &System, tool: &Tool) -> Option<Claim> {
    if !tool.effect.changes_state() {
        return None;
    }
    let (level, who) = match tool.gate {
        Gate::None => (Some("warning"), "no person approves a call"),
        Gate::Some => (Some("note"), "a person approves only some calls"),
        Gate::Unknown => (None, "whether a person approves a call could not be seen"),
        Gate::Each => return None,
    };
    Some(Claim {
        rule: Rule::UnapprovedTool,
        level,
        text: format!("The model of {} can call {} ({}); {who}.", system.name, tool.name, tool.effect.name()),
        key: tool.name.clone(),
        properties: json!({ "effect": tool.effect.name(), "approval": tool.gate.name() }),
    })
}

fn acts_under(identity: &Identity) -> Option<Claim> {
    let kind = words::named(identity.kind);
    let (rule, level, text) = match (identity.kind, identity.privilege) {
        (IdentityKind::ApiKey, _) => {
            // Keys of tests and documents are often no real ones.
            let runs = identity.evidence.iter().any(|piece| piece.role == Role::Production);
            let level = if runs { "warning" } else { "note" };
            (Rule::KeyInPlace, Some(level), format!("A key stands in a file: {}.", identity.name))
        }
        (_, Some(Privilege::Admin)) => {
            let text = format!("{} ({kind}) may do everything.", identity.name);
            (Rule::AllPowerfulIdentity, Some("warning"), text)
        }
        (_, Some(Privilege::Unknown)) => {
            let text = format!("What {} ({kind}) may do could not be seen.", identity.name);
            (Rule::UnknownPrivilege, None, text)
        }
        _ => return None,
    };
    let mut properties = json!({ "kind": kind });
    if let Some(privilege) = identity.privilege {
        properties["privilege"] = privilege.name().into();
    }
    if let Some(print) = &identity.fingerprint {
        properties["fingerprint"] = print.as_str().into();
    }
    // Keys of one kind are told apart by fingerprint, identities of one name by ARN.
    let print = identity.fingerprint.as_ref().map_or("", |print| print.as_str());
    let key = format!("{kind}\0{}\0{}\0{print}", identity.name, identity.arn.as_deref().unwrap_or_default());
    Some(Claim { rule, level, text, key, properties })
}

fn result(inventory: &Inventory, system: Option<&System>, claim: Claim, evidence: &[&Evidence]) -> Found {
    let mut places: Vec<&Evidence> = Vec::new();
    for piece in evidence {
        if !places.iter().any(|known| known.place == piece.place) {
            places.push(piece);
        }
    }
    // What stands in a file can be shown, so that such a place comes first.
    places.sort_by_key(|piece| piece.place.path.is_none());
    let mut locations: Vec<Location> =
        places.first().map(|piece| location(inventory, &piece.place)).into_iter().collect();
    if let Some(system) = system {
        let name = LogicalLocation {
            fully_qualified_name: format!("{}#{}", table::root(system), system.name),
            kind: "module",
        };
        match locations.first_mut() {
            Some(first) => first.logical_locations.push(name),
            None => locations.push(Location {
                id: None,
                file: None,
                logical_locations: vec![name],
                message: None,
            }),
        }
    }
    let related = places.iter().skip(1).take(PLACES).enumerate().map(|(at, piece)| Location {
        id: Some(at + 1),
        message: piece.note.as_deref().or(piece.rule.as_deref()).map(Message::with_scanned),
        ..location(inventory, &piece.place)
    });
    let id = system.map(|system| system.id.as_str());
    let print =
        blake3::hash(format!("{}\0{}\0{}", claim.rule.id(), id.unwrap_or_default(), claim.key).as_bytes());
    let mut prints = BTreeMap::from([("musterFinding/v1", print.to_hex()[..32].to_owned())]);
    let mut properties = claim.properties;
    if let Some(id) = id {
        prints.insert("musterSystem/v1", id.to_owned());
        properties["system"] = id.into();
    }
    Found {
        rule_id: claim.rule.id(),
        rule_index: claim.rule.index(),
        // The standard wants no level where nothing failed.
        kind: if claim.level.is_some() { "fail" } else { "review" },
        level: claim.level.unwrap_or("none"),
        baseline_state: None,
        message: Message::with_scanned(&claim.text),
        related_locations: related.collect(),
        locations,
        partial_fingerprints: prints,
        properties,
        key: claim.key,
    }
}

fn location(inventory: &Inventory, place: &Place) -> Location {
    let file = place.path.as_deref().map(|path| PhysicalLocation {
        artifact_location: ArtifactLocation {
            uri: words::uri(path),
            uri_base_id: base(inventory, place.target.as_deref()),
        },
        region: place.line.map(|start_line| Region { start_line: start_line.max(1) }),
    });
    let logical = match (&place.locator, &place.path) {
        (Some(locator), _) => Some(locator.clone()),
        (None, Some(_)) => None,
        (None, None) => Some(".".to_owned()),
    };
    let logical = logical.map(|name| LogicalLocation {
        fully_qualified_name: match &place.target {
            Some(target) => format!("{target}#{name}"),
            None => name,
        },
        kind: "resource",
    });
    Location { id: None, file, logical_locations: logical.into_iter().collect(), message: None }
}
