//! What counts as AI, as data: the catalogue of detection rules, the weights of the Autonomy Test, and the loader
//! that turns them into one immutable [`RulePack`].

mod asked;
mod autonomy;
mod feeds;
mod file;
mod host;
mod key;
mod load;
mod outside;
mod pack;
mod pattern;
mod rule;
mod run;
mod symbols;
mod weights;

pub use autonomy::{Heuristic, Heuristics, Speaks};
pub use feeds::{Feeds, Field};
pub use file::{FileSite, PathPattern, Posture, SettingTest};
pub use key::{Alphabet, KeyShape};
pub use load::{LoadError, Problem, Source};
pub use pack::{FileRef, Knowledge, RulePack, RunRef, SiteRef};
pub use pattern::Pattern;
pub use rule::{
    ArgumentTest, Covers, Example, Language, Means, PackageRef, ResourceRef, Rule, RuleId, Site, SiteKind,
    ToolArgument,
};
pub use run::{ReadyTool, RunSite, is_command};
pub use symbols::Symbols;
pub use weights::{Header, WeightsShape, bytes};
