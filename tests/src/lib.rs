//! What the end-to-end tests share: the binary under test, copies of folders, and the language of the corpus.

pub mod binary;
pub mod corpus;
