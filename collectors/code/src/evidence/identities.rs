//! Non-human identities in code: the variables that hand over credentials, and the role of the machine.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{ComponentKind, IdentityKind};
use muster_rules::{Means, ToolArgument};

use super::roles::roles;
use crate::detect::{Detection, Hit};
use crate::program::ModuleId;
use crate::syntax::Expr;

/// Endings of variables that carry a credential.
const ENDINGS: [&str; 11] = [
    "_KEY",
    "_KEY_ID",
    "_APIKEY",
    "_TOKEN",
    "_SECRET",
    "_PASSWORD",
    "_PASSWD",
    "_CREDENTIALS",
    "_CREDENTIAL",
    "_CONNECTION_STRING",
    "_PAT",
];

/// One identity, at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FoundIdentity {
    pub(crate) kind: IdentityKind,
    pub(crate) name: String,
    pub(crate) module: ModuleId,
    pub(crate) line: u32,
    pub(crate) rule: u32,
    /// No line names it: the SDK reads it when none is given.
    pub(crate) inferred: bool,
}

/// Whether a variable's name says that it carries a credential.
pub(crate) fn is_credential(name: &str) -> bool {
    let upper = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    // `NEXT_PUBLIC_…` and the like are shipped to every visitor: they are no secret of the system.
    let public = name.contains("PUBLIC_KEY")
        || name.starts_with("NEXT_PUBLIC_")
        || name.starts_with("VITE_")
        || name.starts_with("PUBLIC_");
    upper && !public && name.len() <= 100 && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Every identity that the modules use, sorted.
pub(crate) fn find(detection: &Detection<'_>, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundIdentity> {
    let mut found = BTreeSet::new();
    for hit in detection.hits.iter().filter(|hit| is_own(hit.module)) {
        if detection.means(hit) == Means::ReadsEnv {
            found.extend(read(detection, hit));
        }
    }
    let literal = literal_keys(detection);
    // A credential's whole name elsewhere in the code: a settings class, a constant, a mapping.
    for (id, module) in detection.program.modules().filter(|(id, _)| is_own(*id)) {
        for mention in &module.mentions {
            let is_value = literal.get(&(id, &*mention.text)).is_some_and(|given| {
                module.mentions.iter().filter(|other| other.text == mention.text).count() <= *given
            });
            if is_value {
                continue;
            }
            if let Some(rule) = detection.pack.credential(&mention.text).first() {
                found.insert(FoundIdentity {
                    kind: IdentityKind::EnvCredential,
                    name: mention.text.to_string(),
                    module: id,
                    line: mention.line,
                    rule: *rule,
                    inferred: false,
                });
            }
        }
    }
    found.extend(defaults(detection, is_own, &found));
    found.extend(roles(detection, is_own));
    found.into_iter().collect()
}

/// Names of arguments that hand over a credential itself.
const EXPLICIT: [&str; 9] = [
    "api_key",
    "apiKey",
    "openAIApiKey",
    "key",
    "token",
    "credentials",
    "credential",
    "auth_token",
    "authToken",
];

/// Texts that clients are given as the key itself, and how often: one that looks like a variable only fills the place.
fn literal_keys<'d>(detection: &'d Detection<'_>) -> BTreeMap<(ModuleId, &'d str), usize> {
    let mut calls = BTreeSet::new();
    let mut found: BTreeMap<(ModuleId, &str), usize> = BTreeMap::new();
    // What looks a secret up is given its name.
    let makes = |hit: &&Hit| matches!(detection.means(hit), Means::Client | Means::ModelCall | Means::Agent);
    for hit in detection.hits.iter().filter(makes) {
        let Some(call) = hit.call().filter(|call| calls.insert(*call)) else { continue };
        let arguments = detection.arguments(call);
        for name in EXPLICIT {
            let given = arguments.find(&ToolArgument(name.to_owned()));
            if let Some((_, Expr::Text(text))) = given.value() {
                *found.entry((hit.module, &**text)).or_default() += 1;
            }
        }
    }
    found
}

fn read(detection: &Detection<'_>, hit: &Hit) -> Option<FoundIdentity> {
    let call = hit.call()?;
    let identity = |kind, name: &str| FoundIdentity {
        kind,
        name: name.to_owned(),
        module: hit.module,
        line: hit.line,
        rule: hit.site.rule,
        inferred: false,
    };
    if detection.rule(hit).id.0 == "uses-cloud-role" {
        return Some(identity(IdentityKind::CloudRole, &hit.name.replace('#', " ")));
    }
    let (_, value) = detection.arguments(call).value(&ToolArgument("@0".to_owned()))?;
    let Expr::Text(name) = value else { return None };
    let known = !detection.pack.credential(name).is_empty();
    (known || is_credential(name)).then(|| identity(IdentityKind::EnvCredential, name))
}

/// Clients that are made without a credential read the variable that their SDK reads by default.
fn defaults(
    detection: &Detection<'_>,
    is_own: &dyn Fn(ModuleId) -> bool,
    named: &BTreeSet<FoundIdentity>,
) -> Vec<FoundIdentity> {
    let mut first: BTreeMap<u32, &Hit> = BTreeMap::new();
    for hit in detection.hits.iter().filter(|hit| is_own(hit.module)) {
        if matches!(detection.means(hit), Means::Client | Means::ModelCall | Means::Agent) {
            first.entry(hit.site.rule).or_insert(hit);
        }
    }
    let chooses_provider = detection.hits.iter().any(|hit| {
        let rule = detection.rule(hit);
        is_own(hit.module) && rule.kind == Some(ComponentKind::ProviderSdk) && !rule.credentials.is_empty()
    });
    let mut found = Vec::new();
    for (rule, hit) in first {
        let known = detection.pack.rule(rule);
        let Some(default) = known.credentials.first() else { continue };
        if known.credentials.iter().any(|c| named.iter().any(|i| i.name == *c)) {
            continue;
        }
        // A framework's default holds only where no provider is chosen in sight.
        if known.kind == Some(ComponentKind::AgentFramework) && chooses_provider {
            continue;
        }
        let given = hit.call().is_some_and(|call| {
            let arguments = detection.arguments(call);
            EXPLICIT.iter().any(|name| arguments.find(&ToolArgument((*name).to_owned())).value().is_some())
        });
        if !given {
            found.push(FoundIdentity {
                kind: IdentityKind::EnvCredential,
                name: default.clone(),
                module: hit.module,
                line: hit.line,
                rule,
                inferred: true,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_by_their_endings() {
        for yes in ["SHOP_API_KEY", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "GITHUB_TOKEN"] {
            assert!(is_credential(yes), "{yes}");
        }
        for no in ["LOG_LEVEL", "NEXT_PUBLIC_MAP_TOKEN", "SSH_PUBLIC_KEY", "max_token", "TOKENS", ""] {
            assert!(!is_credential(no), "{no}");
        }
    }
}
