//! Forges: which repositories an organisation of GitHub or a group of GitLab has, and the tokens that git fetches them with.
#![warn(missing_docs)]

mod app;
mod client;
mod forges;
mod github;
mod gitlab;
mod limits;
mod listing;
mod settings;
#[cfg(test)]
mod tests;
mod token;

pub use forges::{Answer, Forges};
pub use listing::{Listing, Repository, State, Unlisted};
pub use settings::{ARCHIVED, FORKS, GITHUB, GITLAB, Unusable, variables};
