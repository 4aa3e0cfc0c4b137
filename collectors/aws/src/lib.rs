//! The AWS collector: what the identities of an account may do, by evaluating its policies.
#![warn(missing_docs)]

pub mod policy;
