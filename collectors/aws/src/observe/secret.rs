//! Secrets and parameters whose names say that they hold a key of a provider of models. Nothing but names is read.

use std::collections::BTreeSet;

use asmm_model::{Fact, Identity, IdentityKind, Observation, Scope};
use serde_json::Value;

use super::{Out, cloud};
use crate::estate::text;
use crate::fields::at;

pub(super) fn observe(out: &mut Out<'_>) {
    let providers: BTreeSet<&str> = out
        .pack
        .rules()
        .iter()
        .filter(|rule| !rule.credentials.is_empty())
        .map(|rule| rule.name.as_str())
        .collect();
    let answers = &out.estate.answers;
    for (service, operation, items) in
        [("secretsmanager", "ListSecrets", "SecretList"), ("ssm", "DescribeParameters", "Parameters")]
    {
        for answer in answers.of(service, operation) {
            for item in at(&answer.page, items) {
                let Some(name) = text(item, "Name") else { continue };
                let Some(says) = says(out, &providers, name) else { continue };
                let locator =
                    text(item, "ARN").map_or_else(|| out.parameter(&answer.region, name), str::to_owned);
                let mut evidence = vec![cloud(&locator).noting(says)];
                for (field, word) in [
                    ("LastAccessedDate", "read"),
                    ("LastRotatedDate", "rotated"),
                    ("LastChangedDate", "changed"),
                    ("LastModifiedDate", "changed"),
                ] {
                    let when = item.get(field).filter(|when| !when.is_null());
                    evidence.extend(
                        when.map(|when| cloud(&locator).noting(format!("last {word} {}", day(when)))),
                    );
                }
                let scope =
                    Scope { target: out.target.to_owned(), root: locator.clone(), name: name.to_owned() };
                let identity = Identity {
                    arn: text(item, "ARN").map(str::to_owned),
                    ..Identity::named(IdentityKind::SecretRef, name, evidence)
                };
                out.observations.push(Observation { scope, fact: Fact::Identity(identity) });
            }
        }
    }
}

impl Out<'_> {
    /// The ARN of a parameter, where the answer has none.
    fn parameter(&self, region: &str, name: &str) -> String {
        format!("arn:aws:ssm:{region}:{}:parameter/{}", self.estate.number, name.trim_start_matches('/'))
    }
}

/// Why a name is about a provider: it ends in one of its variables, or has the provider as a word.
fn says(out: &Out<'_>, providers: &BTreeSet<&str>, name: &str) -> Option<String> {
    let last = name.rsplit(['/', '.', ':']).next().unwrap_or(name).replace('-', "_").to_ascii_uppercase();
    if let Some(rule) = out.pack.credential(&last).first() {
        return Some(format!("is named like the key of {}", out.pack.rule(*rule).name));
    }
    let lower = name.to_ascii_lowercase();
    let words: BTreeSet<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    // `key` alone is about anything; the name of a provider alone may be that of a project.
    let holds = ["key", "apikey", "token", "secret", "credentials", "api", "auth"]
        .iter()
        .any(|word| words.contains(word));
    let provider = providers.iter().find(|provider| words.contains(**provider)).filter(|_| holds)?;
    Some(format!("is named like a key of {provider}"))
}

/// A time as AWS writes it: text, or seconds since 1970.
fn day(when: &Value) -> String {
    match when {
        Value::String(text) => text.clone(),
        // Parts of a second are cut off.
        Value::Number(seconds) => {
            let whole = seconds.to_string().split('.').next().and_then(|whole| whole.parse().ok());
            let time = whole.and_then(|whole| jiff::Timestamp::from_second(whole).ok());
            time.map_or_else(|| "at an unknown time".to_owned(), |time| time.to_string())
        }
        _ => "at an unknown time".to_owned(),
    }
}
