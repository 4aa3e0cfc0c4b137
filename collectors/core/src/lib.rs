//! What every collector is: a source of facts with a plan of units, a sink for what it observes, and a report of what
//! it could not see.
#![warn(missing_docs)]

mod cache;
mod collector;
pub mod conformance;
mod context;
mod environment;
mod error;
mod fingerprint;
mod options;
mod target;
pub mod url;
pub mod whole;

pub use cache::{Cache, EntryName, Kept};
pub use collector::{Collector, Descriptor, Diagnosis, Permission, PermissionState, Sink, Unit};
pub use context::{Context, Credentials, NoCredentials, NoProgress, Progress, Stop};
pub use environment::Environment;
pub use error::{Advice, CollectError};
pub use fingerprint::{FingerprintKey, WeakKey};
pub use options::{Options, SourceOption};
pub use target::{Source, Target, TargetError};
