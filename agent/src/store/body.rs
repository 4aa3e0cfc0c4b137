//! A system as it is kept: its own text, and its evidence as observations beside it, each of them once.

use std::collections::HashMap;

use asmm_model::System;
use serde_json::Value;

/// A system, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Parts {
    /// The system, with numbers of observations in place of evidence.
    pub(super) body: String,
    /// The observations, in order of their numbers.
    pub(super) observations: Vec<Observed>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observed {
    /// The rule that recognised it.
    pub(super) rule: Option<String>,
    /// All of it, as JSON.
    pub(super) body: String,
}

/// Takes a system apart.
pub(super) fn apart(system: &System) -> serde_json::Result<Parts> {
    let mut value = serde_json::to_value(system)?;
    let mut taken = Taken::default();
    taken.evidence_of(&mut value);
    Ok(Parts { body: value.to_string(), observations: taken.observations })
}

#[derive(Default)]
struct Taken {
    numbers: HashMap<String, usize>,
    observations: Vec<Observed>,
}

impl Taken {
    fn evidence_of(&mut self, value: &mut Value) {
        each_evidence(value, &mut |list| {
            for item in list {
                let body = item.to_string();
                let next = self.observations.len();
                let number = *self.numbers.entry(body.clone()).or_insert(next);
                if number == next {
                    let rule = item.get("rule").and_then(Value::as_str).map(str::to_owned);
                    self.observations.push(Observed { rule, body });
                }
                *item = Value::from(number);
            }
        });
    }
}

/// Puts a system together. Without its observations, it has no evidence and is whole otherwise.
///
/// # Errors
/// The text is none of a system, or names observations that are not there.
pub(super) fn together(body: &str, observations: Option<&[String]>) -> serde_json::Result<System> {
    let mut value: Value = serde_json::from_str(body)?;
    let mut wrong = None;
    each_evidence(&mut value, &mut |list| match observations {
        None => list.clear(),
        Some(observations) => {
            for item in list {
                let kept = item.as_u64().and_then(|n| observations.get(usize::try_from(n).ok()?));
                match kept.map(|kept| serde_json::from_str(kept)) {
                    Some(Ok(evidence)) => *item = evidence,
                    Some(Err(error)) => wrong = Some(error),
                    // Stays a number, which no evidence is: it is told as an error below.
                    None => {}
                }
            }
        }
    });
    match wrong {
        Some(error) => Err(error),
        None => serde_json::from_value(value),
    }
}

fn each_evidence(value: &mut Value, then: &mut dyn FnMut(&mut Vec<Value>)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(list) if name == "evidence" => then(list),
                    value => each_evidence(value, then),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_evidence(item, then)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_system_is_the_same_after_it_was_taken_apart() {
        let samples = sample::observations(".");
        for system in sample::inventory(samples).systems {
            let parts = apart(&system).unwrap();
            let kept: Vec<String> = parts.observations.iter().map(|one| one.body.clone()).collect();
            assert_eq!(together(&parts.body, Some(&kept)).unwrap(), system);
            let light = together(&parts.body, None).unwrap();
            assert_eq!(light.tools.len(), system.tools.len());
            assert!(light.tools.iter().all(|tool| tool.evidence.is_empty()));
        }
    }

    #[test]
    fn one_piece_of_evidence_is_kept_once() {
        let mut system = sample::inventory(sample::refunds(".").observations()).systems.remove(0);
        let before = apart(&system).unwrap().observations.len();
        let again = system.tools[0].evidence.clone();
        system.tools[0].evidence.extend(again);
        assert_eq!(apart(&system).unwrap().observations.len(), before);
    }

    #[test]
    fn an_observation_that_is_not_there_is_an_error_and_no_panic() {
        let system = sample::inventory(sample::refunds(".").observations()).systems.remove(0);
        let parts = apart(&system).unwrap();
        assert!(together(&parts.body, Some(&[])).is_err());
        assert!(together("{", None).is_err());
    }
}
