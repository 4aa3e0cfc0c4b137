//! Options of one source: each collector names its own, and the command line offers them all.

use std::collections::BTreeMap;

/// An option of one source, as `--aws-regions`.
#[derive(Debug, Clone, Copy)]
pub struct SourceOption {
    /// Its name with the source in front, without the dashes.
    pub name: &'static str,
    /// What stands for its value in a usage line; empty where it has none and is either given or not.
    pub value: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// Whether several values are separated by commas, and the option may be repeated.
    pub many: bool,
    /// Says what is wrong with a value, if anything is.
    pub check: fn(&str) -> Result<(), String>,
}

/// What was given for the options of all sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, Vec<String>>);

impl Options {
    /// Sets the values of an option.
    pub fn set(&mut self, name: impl Into<String>, values: Vec<String>) {
        self.0.insert(name.into(), values);
    }

    /// All values of an option; none where it was not given.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The value of an option that takes one.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.all(name).last().map(String::as_str)
    }
}
