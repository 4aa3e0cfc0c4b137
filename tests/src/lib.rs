//! What the end-to-end tests share: the binary under test, the folders that it scans, and the language of the corpus.

pub mod aws;
pub mod binary;
pub mod browser;
pub mod corpus;
pub mod emulators;
pub mod forge;
pub mod git;
pub mod http;
pub mod kubernetes;
pub mod oidc;
pub mod postgres;
pub mod prism;
pub mod registry;
pub mod schemathesis;
pub mod scripted;
pub mod site;
pub mod stage;
pub mod validators;
