//! Texts that may hold a secret, and variables of the environment that are written into them as `${NAME}`.

use std::fmt;

use super::leaf::Wrong;

/// A text that may hold a secret: neither its debug nor its display form shows it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself, for the one place that it is meant for.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Where variables come from: the environment of the process, or that of a test.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The text with the value of the variable in place of each `${NAME}`; a `$` before anything else stands for itself. What
/// a value holds is not expanded again.
pub(crate) fn expand(text: &str, variables: Variables<'_>) -> Result<Secret, Wrong> {
    let mut parts = text.split("${");
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let named = part.split_once('}').filter(|(name, _)| is_name(name));
        let Some((name, rest)) = named else {
            return Err(Wrong::new(
                "has a `${` that begins no variable",
                "write `${NAME}`, with capitals, digits and underscores",
            ));
        };
        let value = variables(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            Wrong::new(
                format!("names the variable `{name}`, which is not set"),
                format!("set `{name}` in the environment of muster"),
            )
        })?;
        expanded.push_str(&value);
        expanded.push_str(rest);
    }
    Ok(Secret(expanded))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a URL holds a password that everybody sees who may read the file.
pub(super) fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    password.is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("${"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let variables = |name: &str| match name {
            "PASSWORD" => Some("hunter2".to_owned()),
            "NESTED" => Some("${PASSWORD}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        expand(text, &variables).map(|secret| secret.expose().to_owned()).map_err(|wrong| wrong.what)
    }

    #[test]
    fn variables_are_put_in_and_nothing_else_is_touched() {
        let fine = |text: &str, expected: &str| assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
        fine("postgres://m:${PASSWORD}@db/m", "postgres://m:hunter2@db/m");
        fine("${PASSWORD}${PASSWORD}", "hunter2hunter2");
        fine("$PASSWORD $ $$ }", "$PASSWORD $ $$ }");
        fine("${NESTED}", "${PASSWORD}");
        for (text, name) in [("${GONE}", "GONE"), ("a${EMPTY}b", "EMPTY")] {
            assert_eq!(expanded(text), Err(format!("names the variable `{name}`, which is not set")));
        }
        for text in ["${", "${}", "${lower}", "${A B}", "${1A}", "${PASSWORD"] {
            assert_eq!(expanded(text), Err("has a `${` that begins no variable".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "… Secret(…)");
    }

    #[test]
    fn a_password_in_the_file_is_seen() {
        assert!(has_password("postgres://m:hunter2@db/m"));
        for fine in
            ["postgres://m:${PASSWORD}@db/m", "postgres://m@db/m", "muster.db", "postgres://db/m?a=b:c@d"]
        {
            assert!(!has_password(fine), "{fine}");
        }
    }
}
