//! What a system consists of, and what belongs to none, as tables.

use asmm_model::{
    Component, Control, Deployment, Effect, Gate, Identity, Model, Privilege, System, Tool, Trigger,
};

use super::super::{table, words};
use super::grid::{Cell, Grid};
use super::text::{Prose, Shown, Text};

/// Rows of one table of a system.
const ROWS: usize = 200;
/// Rows of a table of what belongs to no system.
const LOOSE: usize = 1_000;

/// A part of a system: a table under a heading.
#[derive(Debug)]
pub(crate) struct Part {
    /// What a reader sees of it while it is closed.
    pub(crate) summary: String,
    /// Whether it is open at first.
    pub(crate) open: bool,
    /// The part itself.
    pub(crate) grid: Grid,
}

/// All parts that are not empty; the tools first.
pub(crate) fn all(system: &System) -> Vec<Part> {
    let of = || Text::short(&system.name);
    let mut tools: Vec<&Tool> = system.tools.iter().collect();
    // What changes most, with the fewest questions asked, first.
    tools.sort_by_key(|tool| std::cmp::Reverse((tool.effect, tool.gate)));
    let changing = tools.iter().filter(|tool| tool.effect.changes_state()).count();
    let mut identities: Vec<&Identity> = system.identities.iter().collect();
    identities.sort_by_key(|identity| std::cmp::Reverse(identity.privilege));
    let parts = [
        Part {
            summary: format!("{}, {changing} known to change something", tools.len()),
            open: system.is_flagged(),
            grid: Grid {
                caption: "Tools",
                of: of(),
                heads: &["Tool", "Effect", "Approval", "Place"],
                rows: Shown::of(tools.into_iter(), ROWS, tool),
            },
        },
        Part {
            summary: String::new(),
            open: system.is_flagged(),
            grid: Grid {
                caption: "Identities",
                of: of(),
                heads: IDENTITY,
                rows: Shown::of(identities.into_iter(), ROWS, identity),
            },
        },
        Part {
            summary: String::new(),
            open: system.is_flagged(),
            grid: Grid {
                caption: "Triggers",
                of: of(),
                heads: &["Starts by", "When", "Runs", "Place"],
                rows: Shown::of(system.triggers.iter(), ROWS, trigger),
            },
        },
        Part {
            summary: String::new(),
            open: false,
            grid: Grid {
                caption: "Models",
                of: of(),
                heads: &["Model", "Provider", "Version", "Place"],
                rows: Shown::of(system.models.iter(), ROWS, model),
            },
        },
        Part {
            summary: String::new(),
            open: false,
            grid: Grid {
                caption: "Components",
                of: of(),
                heads: COMPONENT,
                rows: Shown::of(system.components.iter(), ROWS, component),
            },
        },
        Part {
            summary: String::new(),
            open: false,
            grid: Grid {
                caption: "Controls",
                of: of(),
                heads: &["Control", "By, or of", "In place", "Place"],
                rows: Shown::of(system.controls.iter(), ROWS, control),
            },
        },
        Part {
            summary: String::new(),
            open: false,
            grid: Grid {
                caption: "Locations",
                of: of(),
                heads: &["Place", "Kind", "Belongs to it"],
                rows: Shown::of(system.locations.iter(), ROWS, location),
            },
        },
    ];
    let counted = parts.into_iter().filter(|part| !part.grid.rows.items.is_empty()).map(|mut part| {
        if part.summary.is_empty() {
            part.summary = (part.grid.rows.items.len() + part.grid.rows.more).to_string();
        }
        part
    });
    counted.collect()
}

/// Components that belong to no system.
pub(crate) fn loose_components(components: &[Component]) -> Option<Grid> {
    (!components.is_empty()).then(|| Grid {
        caption: "Components that belong to no system",
        of: Text::default(),
        heads: COMPONENT,
        rows: Shown::of(components.iter(), LOOSE, component),
    })
}

/// Keys and identities that belong to no system; what may do most comes first.
pub(crate) fn loose_identities(identities: &[Identity]) -> Option<Grid> {
    let mut sorted: Vec<&Identity> = identities.iter().collect();
    sorted.sort_by_key(|identity| std::cmp::Reverse(identity.privilege));
    (!sorted.is_empty()).then(|| Grid {
        caption: "Identities that belong to no system",
        of: Text::default(),
        heads: IDENTITY,
        rows: Shown::of(sorted.into_iter(), LOOSE, identity),
    })
}

fn tool(tool: &Tool) -> Vec<Cell> {
    let approval = match tool.gate {
        Gate::Each => "each call",
        Gate::Some => "some calls",
        // There is nothing to approve.
        Gate::None if tool.effect == Effect::Read => "",
        Gate::None => "nobody",
        Gate::Unknown => "unknown",
    };
    vec![
        Cell::code(Some(&tool.name)),
        Cell::Word(tool.effect.name()),
        Cell::Word(approval),
        Cell::first_place(&tool.evidence),
    ]
}

const IDENTITY: &[&str] = &["Identity", "Kind", "Privilege", "Also known as", "Place"];

fn identity(identity: &Identity) -> Vec<Cell> {
    let known = match (&identity.arn, &identity.fingerprint) {
        (Some(arn), _) => Cell::code(Some(arn)),
        (None, Some(fingerprint)) => {
            Cell::Prose(Prose::new(&format!("fingerprint `{}`", fingerprint.as_str())))
        }
        (None, None) if identity.inferred => Cell::Word("the default of its SDK"),
        (None, None) => Cell::Word(""),
    };
    vec![
        Cell::code(Some(&identity.name)),
        Cell::Word(identity.kind.title()),
        Cell::Word(identity.privilege.map_or("not evaluated", Privilege::name)),
        known,
        Cell::first_place(&identity.evidence),
    ]
}

fn trigger(trigger: &Trigger) -> Vec<Cell> {
    vec![
        Cell::Word(trigger.kind.name()),
        Cell::code(Some(&trigger.value)),
        Cell::code(trigger.runs.as_deref()),
        Cell::place(&trigger.place),
    ]
}

fn model(model: &Model) -> Vec<Cell> {
    vec![
        Cell::code(Some(&model.name)),
        Cell::name(model.provider.as_deref().unwrap_or("unknown")),
        Cell::Word(if model.pinned { "pinned" } else { "not pinned" }),
        Cell::first_place(&model.evidence),
    ]
}

const COMPONENT: &[&str] = &["Component", "Kind", "Package", "Version", "Role", "Access and tools", "Place"];

fn component(component: &Component) -> Vec<Cell> {
    vec![
        Cell::name(&component.name),
        Cell::Word(component.kind.name()),
        Cell::code(component.package.as_deref()),
        Cell::code(component.version.as_deref()),
        Cell::Word(component.role.name()),
        offered(component),
        Cell::first_place(&component.evidence),
    ]
}

/// How a server is reached, and what it offers: so many names, and how many more.
fn offered(component: &Component) -> Cell {
    const NAMES: usize = 8;
    let tools = &component.tools;
    let mut named: Vec<String> =
        component.access.map(|access| access.title().to_owned()).into_iter().collect();
    named.extend(
        tools.iter().take(NAMES).map(|tool| format!("`{}` {}", Text::short(&tool.name), tool.effect.name())),
    );
    if tools.len() > NAMES {
        named.push(format!("and {} more", tools.len() - NAMES));
    }
    Cell::Prose(Prose::new(&named.join(", ")))
}

fn control(control: &Control) -> Vec<Cell> {
    vec![
        Cell::Word(control.kind.title()),
        Cell::code(Some(&control.name)),
        Cell::Word(control.word()),
        Cell::first_place(&control.evidence),
    ]
}

fn location(location: &Deployment) -> Vec<Cell> {
    let strength = location.strength.map(words::named);
    vec![
        Cell::code(Some(&location.reference)),
        Cell::name(&words::named(location.kind)),
        match strength {
            None => Cell::Word("seen there"),
            Some(strength) => Cell::Prose(Prose::new(&format!("{strength} link"))),
        },
    ]
}

/// Who is asked before something is changed, in a sentence.
pub(crate) fn oversight(system: &System) -> &'static str {
    match table::approval(system) {
        "-" => "nothing is known that would need an approval",
        "nobody" => "nobody is asked before something is changed",
        "some" => "a person is asked before some changes",
        "every step" => "a person is asked before every change",
        _ => "whether a person is asked before a change is not known",
    }
}
