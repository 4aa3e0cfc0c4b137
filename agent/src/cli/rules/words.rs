//! The words for what rules say, shared by all that shows them to people.

use asmm_model::EvidenceClass;
use muster_rules::{ArgumentTest, Covers, Means, Site, SiteKind};

/// The name of a class of evidence, and what it is.
pub(super) fn class(class: EvidenceClass) -> (&'static str, &'static str) {
    match class {
        EvidenceClass::Ast => ("ast", "resolved in code"),
        EvidenceClass::Config => ("config", "a setting of a product"),
        EvidenceClass::Manifest => ("manifest", "a package manifest or a lock file"),
        EvidenceClass::Image => ("image", "a container image"),
        EvidenceClass::Env => ("env", "an environment variable or a secret reference"),
        EvidenceClass::Policy => ("policy", "an IAM policy, evaluated"),
        EvidenceClass::Rbac => ("rbac", "rights in a cluster"),
        EvidenceClass::Cloud => ("cloud", "an object of a cloud"),
        EvidenceClass::Ci => ("ci", "a CI workflow"),
        EvidenceClass::Coverage => ("coverage", "a complete scan that found nothing"),
        EvidenceClass::Claim => ("claim", "what somebody says"),
    }
}

/// What a strength comes to.
pub(super) fn strength(strength: u8) -> &'static str {
    match strength {
        3 => "on its own proves an agent",
        2 => "proves use of AI",
        1 => "supports what other rules say",
        _ => "never counts alone",
    }
}

/// A kind of place, as the beginning of a phrase.
pub(super) fn place(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Import => "An import",
        SiteKind::Call => "A call",
        SiteKind::Decorator => "A decorator",
        SiteKind::Subclass => "A subclass",
        SiteKind::Argument => "An argument",
        SiteKind::Mention => "A mention",
        SiteKind::Text => "A text",
        SiteKind::Command => "A command",
    }
}

/// What a place means, as the end of the phrase that [`place`] begins.
pub(super) fn meaning(site: &Site) -> String {
    let fixed = match site.means {
        Means::Component => "shows that the component is used",
        Means::Client => "makes a client or a model object",
        Means::ModelCall => "calls a model",
        Means::BindsTools => "gives tools to a model",
        Means::HoldsTools => "puts tools where a model may be given them",
        Means::Chain => "runs a model along a path that code fixes",
        Means::Agent => "makes or runs an agent",
        Means::Tool => "declares a tool",
        Means::BuiltinTool => return format!("gives a ready-made tool ({})", effect(site)),
        Means::Gate => return gate(site),
        Means::Bypass => "switches approval off",
        Means::Memory => "keeps state across sessions",
        Means::Delegates => "calls other agents",
        Means::ChangesItself => "changes the system's own tools, prompt or code",
        Means::TextProtocol => "looks for actions in a text",
        Means::UntrustedInput => "brings in content from outside",
        Means::Trigger => {
            return format!("starts code ({})", site.trigger.map_or("unknown", |t| t.name()));
        }
        Means::Effect => return format!("has an effect ({})", effect(site)),
        Means::Pause => "waits before it goes on",
        Means::ToolResult => "gives the result of a tool back to the model",
        Means::ReadsEnv => "reads an environment variable",
        Means::Principal => "makes a role or an account of a cloud",
        Means::Training => "trains a model",
        Means::Wraps => "wraps what others call, to watch it",
        Means::Serves | Means::Connects if site.access.is_some() => return reached(site),
        Means::Serves => "offers tools to models of other processes",
        Means::ListsTools => "lists the tools that a server offers",
        Means::RunsTools => "runs the tools that a server offers, told apart by their names",
        Means::Connects => "connects to a server of tools",
        Means::Limit => "limits the work of an agent",
        Means::Recovery => "keeps state that can be brought back",
    };
    fixed.to_owned()
}

fn reached(site: &Site) -> String {
    let server = if site.means == Means::Serves { "offers" } else { "reaches" };
    format!("{server} tools {}", site.access.map_or("", asmm_model::Access::title))
}

fn effect(site: &Site) -> &'static str {
    site.effect.map_or("unknown", asmm_model::Effect::name)
}

fn gate(site: &Site) -> String {
    let often = match site.gate {
        Some(asmm_model::Gate::Each) => "each call",
        _ => "some calls",
    };
    let of = match site.covers {
        Covers::Tool => "of the tool it is written on",
        Covers::Agent => "of every tool of the agent",
        Covers::Named => "of the tools that it names",
        Covers::Body => "of the function that it is in",
    };
    format!("asks a person before {often} {of}")
}

/// An argument by its name, or by its position from one.
pub(super) fn name(argument: &str) -> String {
    match argument.strip_prefix('@').and_then(|position| position.parse::<usize>().ok()) {
        Some(position) => format!("argument {}", position + 1),
        None => format!("`{argument}`"),
    }
}

/// A condition on an argument.
pub(super) fn describe(test: &ArgumentTest) -> String {
    let name = name(&test.name.0);
    let quoted = |values: &[String]| values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" or ");
    if test.absent {
        format!("{name} is missing")
    } else if !test.ends.is_empty() {
        format!("{name} ends with {}", quoted(&test.ends))
    } else if !test.starts.is_empty() {
        format!("{name} begins with {}", quoted(&test.starts))
    } else if test.equals.is_empty() {
        format!("{name} is set")
    } else {
        format!("{name} is {}", quoted(&test.equals))
    }
}
