//! What an organisation forbids its accounts: service and resource control policies, by level from the root down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::policy::{Attached, Document};

/// Levels above an account: AWS allows a root and five organisational units.
const MAX_LEVELS: usize = 16;

/// What kind of policy of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Service,
    Resource,
}

/// The policies that bind one account, by level.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) scps: Vec<Vec<Attached>>,
    pub(crate) rcps: Vec<Vec<Attached>>,
    /// Whether the account manages the organisation.
    pub(crate) management: bool,
}

/// An organisation as its saved answers tell it.
#[derive(Debug, Default)]
pub(crate) struct Organisation {
    policies: BTreeMap<String, (Kind, Attached)>,
    /// Policies by what they are attached to.
    attached: BTreeMap<String, BTreeSet<String>>,
    parents: BTreeMap<String, String>,
    management: Option<String>,
}

impl Organisation {
    /// Reads one answer of the service `organizations`, told by the name of its file: `describe-policy.ID`,
    /// `list-targets-for-policy.ID`, `list-parents.CHILD` and `describe-organization`. Whether it is one of these.
    pub(crate) fn add(&mut self, file: &str, answer: &Value) -> bool {
        let mut parts = file.split('.');
        let (operation, of) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let items = |key: &str| answer.get(key).and_then(Value::as_array).into_iter().flatten();
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        match operation {
            "describe-policy" => {
                let summary = answer.pointer("/Policy/PolicySummary");
                let Some((id, kind)) = summary.and_then(|s| Some((text(s, "Id")?, text(s, "Type")?))) else {
                    return false;
                };
                let kind = match kind.as_str() {
                    "SERVICE_CONTROL_POLICY" => Kind::Service,
                    "RESOURCE_CONTROL_POLICY" => Kind::Resource,
                    // What an account lets services do with its data is no question of access.
                    _ => return true,
                };
                let content = answer.pointer("/Policy/Content").and_then(Value::as_str);
                let document = content.and_then(|content| Document::parse(content).ok()).map(Arc::new);
                let name = summary.and_then(|s| text(s, "Arn")).unwrap_or_else(|| id.clone());
                self.policies.insert(id, (kind, Attached { name, document }));
            }
            "list-targets-for-policy" => {
                for target in items("Targets").filter_map(|target| text(target, "TargetId")) {
                    self.attached.entry(target).or_default().insert(of.to_owned());
                }
            }
            "list-parents" => {
                let parent = items("Parents").find_map(|parent| text(parent, "Id"));
                self.parents.extend(parent.map(|parent| (of.to_owned(), parent)));
            }
            "describe-organization" => {
                self.management = answer.get("Organization").and_then(|organization| {
                    text(organization, "MasterAccountId")
                        .or_else(|| text(organization, "ManagementAccountId"))
                });
            }
            _ => return false,
        }
        true
    }

    /// What binds an account; none where its place in the organisation is not known.
    pub(crate) fn bounds_of(&self, account: &str) -> Option<Bounds> {
        let mut levels = vec![account];
        while let Some(parent) = levels.last().and_then(|child| self.parents.get(*child)) {
            if levels.len() > MAX_LEVELS {
                return None;
            }
            levels.push(parent);
        }
        // The root has an id of its own form, and every account of an organisation is below one.
        levels.last().filter(|top| top.starts_with("r-"))?;
        let of = |level: &str, wanted: Kind| -> Vec<Attached> {
            let ids = self.attached.get(level).into_iter().flatten();
            ids.filter_map(|id| match self.policies.get(id) {
                Some((kind, policy)) => (*kind == wanted).then(|| policy.clone()),
                // It is in force, whatever it says.
                None => Some(Attached { name: id.clone(), document: None }),
            })
            .collect()
        };
        let all = |wanted: Kind| -> Vec<Vec<Attached>> {
            let by_level = levels.iter().rev().map(|level| of(level, wanted));
            // A kind that is not switched on for the organisation stands at no level.
            by_level.filter(|policies| !policies.is_empty()).collect()
        };
        let management = self.management.as_deref() == Some(account);
        Some(Bounds { scps: all(Kind::Service), rcps: all(Kind::Resource), management })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn organisation() -> Organisation {
        let mut organisation = Organisation::default();
        let policy = |id: &str, kind: &str, content: &str| json!({"Policy": {"PolicySummary": {"Id": id, "Arn": format!("arn:aws:organizations::1:policy/{id}"), "Type": kind}, "Content": content}});
        let all =
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        assert!(
            organisation.add("describe-policy.p-all.json", &policy("p-all", "SERVICE_CONTROL_POLICY", all))
        );
        assert!(
            organisation.add("describe-policy.p-ai.json", &policy("p-ai", "AISERVICES_OPT_OUT_POLICY", "{}"))
        );
        assert!(
            organisation.add("describe-policy.p-bad.json", &policy("p-bad", "SERVICE_CONTROL_POLICY", "{"))
        );
        for (id, targets) in
            [("p-all", vec!["r-1", "ou-1", "1"]), ("p-bad", vec!["ou-1"]), ("p-gone", vec!["1"])]
        {
            let targets: Vec<Value> = targets.into_iter().map(|id| json!({"TargetId": id})).collect();
            assert!(
                organisation.add(&format!("list-targets-for-policy.{id}.json"), &json!({"Targets": targets}))
            );
        }
        organisation.add("list-parents.1.json", &json!({"Parents": [{"Id": "ou-1"}]}));
        organisation.add("list-parents.ou-1.json", &json!({"Parents": [{"Id": "r-1"}]}));
        organisation.add("describe-organization.json", &json!({"Organization": {"MasterAccountId": "9"}}));
        organisation
    }

    #[test]
    fn levels_go_from_the_root_to_the_account() {
        let bounds = organisation().bounds_of("1").unwrap();
        let shown: Vec<Vec<(&str, bool)>> = bounds
            .scps
            .iter()
            .map(|level| level.iter().map(|p| (p.name.as_str(), p.document.is_some())).collect())
            .collect();
        let all = ("arn:aws:organizations::1:policy/p-all", true);
        assert_eq!(
            shown,
            [
                vec![all],
                vec![all, ("arn:aws:organizations::1:policy/p-bad", false)],
                vec![all, ("p-gone", false)]
            ]
        );
        assert!(!bounds.management);
    }

    #[test]
    fn what_is_not_placed_is_not_known() {
        let mut organisation = organisation();
        assert!(organisation.bounds_of("2").is_none());
        organisation.add("list-parents.2.json", &json!({"Parents": [{"Id": "3"}]}));
        organisation.add("list-parents.3.json", &json!({"Parents": [{"Id": "2"}]}));
        assert!(organisation.bounds_of("2").is_none(), "a circle ends");
        assert!(!organisation.add("list-roots.json", &json!({})));
    }
}
