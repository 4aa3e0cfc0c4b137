//! The vocabulary of Muster: what a scan finds, what a system is, how the Autonomy Test decides, the inventory
//! document that carries it, and the assessment that it is evidence for. Types and pure functions; no I/O, no clock.
#![warn(missing_docs)]

pub mod assessment;
pub mod autonomy;
mod component;
mod control;
mod coverage;
mod evidence;
mod identity;
mod inventory;
mod join;
mod observation;
mod ownership;
mod presence;
mod register;
mod schema;
mod system;
mod tool;
mod trigger;

pub use autonomy::{Answer, Criteria, Criterion, Level, Verdict};
pub use component::{Component, ComponentKind, Model};
pub use control::{Access, Control, ControlKind};
pub use coverage::{Coverage, CoveredKind, Gap, GapReason, Seen};
pub use evidence::{Evidence, EvidenceClass, Place, Role, Supports};
pub use identity::{Fingerprint, Identity, IdentityKind, Privilege};
pub use inventory::{Inventory, SCHEMA, Scan, ScanTarget};
pub use join::{Claim, Join, Key, Proposal, Reason};
pub use observation::{Fact, Observation, Scope};
pub use ownership::{Claimed, Owner, OwnerSource, Purpose, PurposeSource};
pub use presence::{Presence, Remembered};
pub use register::{
    Declared, Lifecycle, Mark, MarkKind, MatchedBy, Question, Recognised, Records, Register, Sighted, Unseen,
    WhyUnseen,
};
pub use schema::{inventory_schema, inventory_schema_text};
pub use system::{Deployment, DeploymentKind, Incomplete, JoinStrength, System, SystemId, SystemKind};
pub use tool::{Effect, Gate, Hitl, Tool};
pub use trigger::{Trigger, TriggerKind};
