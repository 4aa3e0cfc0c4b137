//! What a rule is for: the criteria of the Autonomy Test and the fields of a system that its hits end up in.

use std::collections::BTreeSet;

use asmm_model::{ComponentKind, Criterion};

use crate::{Means, Rule};

/// A field of a system in the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// What the system is.
    Kind,
    /// What it is made of.
    Components,
    /// The models it calls.
    Models,
    /// What its models can call.
    Tools,
    /// What it acts under.
    Identities,
    /// What starts it.
    Triggers,
    /// What limits, tests or restores it.
    Controls,
}

impl Field {
    /// Every field that rules feed.
    pub const ALL: [Self; 7] = [
        Self::Kind,
        Self::Components,
        Self::Models,
        Self::Tools,
        Self::Identities,
        Self::Triggers,
        Self::Controls,
    ];

    /// The name in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Components => "components",
            Self::Models => "models",
            Self::Tools => "tools",
            Self::Identities => "identities",
            Self::Triggers => "triggers",
            Self::Controls => "controls",
        }
    }
}

/// Where hits of a rule, or of one of its sites, may end up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feeds {
    /// Criteria of the Autonomy Test.
    pub criteria: BTreeSet<Criterion>,
    /// Fields of the inventory.
    pub fields: BTreeSet<Field>,
}

impl Feeds {
    fn of(criteria: &[Criterion], fields: &[Field]) -> Self {
        Self { criteria: criteria.iter().copied().collect(), fields: fields.iter().copied().collect() }
    }

    fn add(&mut self, other: Self) {
        self.criteria.extend(other.criteria);
        self.fields.extend(other.fields);
    }

    /// Whether nothing of it is ever seen.
    pub fn is_empty(&self) -> bool {
        self.criteria.is_empty() && self.fields.is_empty()
    }
}

impl Means {
    /// What a hit feeds by its meaning alone. Without a wildcard: a new meaning has to say what it is for.
    pub fn feeds(self) -> Feeds {
        use Criterion::{C1, C2, C3, C4, C5, C6, C7, C8, C9, C10};
        use Field::{Components, Controls, Identities, Kind, Tools, Triggers};
        match self {
            // The use itself is the component, which the name of the rule makes it.
            Self::Component => Feeds::default(),
            Self::Client | Self::ModelCall | Self::Chain | Self::Training => Feeds::of(&[C1, C2], &[Kind]),
            Self::BindsTools | Self::HoldsTools | Self::Agent => Feeds::of(&[C1, C2], &[Kind, Tools]),
            Self::Tool | Self::BuiltinTool | Self::Effect => Feeds::of(&[C3, C4], &[Tools]),
            Self::Gate | Self::Bypass => Feeds::of(&[C4], &[Tools]),
            Self::Memory => Feeds::of(&[C8], &[]),
            Self::Delegates => Feeds::of(&[C9], &[]),
            Self::ChangesItself => Feeds::of(&[C10], &[]),
            Self::UntrustedInput => Feeds::of(&[C7], &[]),
            Self::TextProtocol => Feeds::of(&[C1], &[]),
            Self::Trigger | Self::Pause => Feeds::of(&[C5], &[Triggers]),
            Self::ToolResult => Feeds::of(&[C2], &[]),
            Self::ReadsEnv => Feeds::of(&[C6], &[Identities]),
            Self::Principal => Feeds::of(&[], &[Identities]),
            // Which imports are a use.
            Self::Wraps => Feeds::of(&[], &[Components]),
            Self::Serves | Self::ListsTools | Self::RunsTools | Self::Connects => {
                Feeds::of(&[], &[Components, Tools])
            }
            Self::Limit | Self::Recovery => Feeds::of(&[], &[Controls]),
        }
    }
}

impl Rule {
    /// Everything that the rule feeds.
    pub fn feeds(&self) -> Feeds {
        use Criterion::{C1, C2, C3, C4, C5, C6, C7, C8, C9};
        use Field::{Components, Controls, Identities, Kind, Models, Tools, Triggers};
        let mut feeds = Feeds::default();
        match self.kind {
            Some(ComponentKind::Model) => feeds.add(Feeds::of(&[], &[Models])),
            Some(_) => feeds.add(Feeds::of(&[], &[Components])),
            // Packages, resources and files are told as components, so without a name there is nothing to tell.
            None => {}
        }
        for site in &self.sites {
            feeds.add(site.means.feeds());
        }
        if !self.credentials.is_empty() || !self.keys.is_empty() {
            feeds.add(Feeds::of(&[C6], &[Identities]));
        }
        let shows = self.runs.iter().map(|run| run.means).chain(self.files.iter().map(|file| file.means));
        if shows.flatten().next().is_some() {
            feeds.add(Feeds::of(&[], &[Controls]));
        }
        if self.runs.iter().any(|run| run.means.is_none()) {
            feeds.add(Feeds::of(&[C1, C2, C3, C4, C5], &[Kind, Tools, Triggers]));
        }
        if !(self.hosts.is_empty() && self.serves.is_empty() && self.variables.is_empty()) {
            feeds.add(Feeds::of(&[], &[Components]));
        }
        if !self.flows.is_empty() {
            feeds.add(Feeds::of(
                &[C1, C2, C3, C4, C5, C6, C7, C8, C9],
                &[Kind, Models, Tools, Identities, Triggers],
            ));
        }
        feeds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RulePack;

    #[test]
    fn every_criterion_and_every_field_is_fed_by_a_rule() {
        let mut fed = Feeds::default();
        for rule in RulePack::built_in().rules() {
            fed.add(rule.feeds());
        }
        assert_eq!(fed, Feeds::of(&Criterion::ALL, &Field::ALL));
    }

    #[test]
    fn the_fields_are_those_of_a_system() {
        let schema: serde_json::Value =
            serde_json::from_str(&asmm_model::inventory_schema_text()).expect("the schema is JSON");
        let properties = &schema["$defs"]["System"]["properties"];
        for field in Field::ALL {
            assert!(properties[field.name()].is_object(), "a system has no `{}`", field.name());
        }
    }
}
