//! What a collector is told of the environment: the binary reads it, and hands on what was asked for.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Variables of the environment, by name. Values may be secrets, and are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, OsString>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a variable that is set to something.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_never_shown() {
        let mut environment = Environment::default();
        environment.set("TOKEN", "hunter2");
        environment.set("EMPTY", "");
        assert_eq!(environment.get("TOKEN"), Some(OsStr::new("hunter2")));
        assert_eq!((environment.get("EMPTY"), environment.get("OTHER")), (None, None));
        assert_eq!(format!("{environment:?}"), r#"{"EMPTY", "TOKEN"}"#);
    }
}
