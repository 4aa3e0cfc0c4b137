//! What an organisation forbids its accounts: service and resource control policies, by level from the root down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::calls::Parameters;
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
    /// Names of accounts, and whether they are in use.
    pub(crate) accounts: BTreeMap<String, (String, bool)>,
    /// Whether there is none: nothing binds an account then.
    pub(crate) none: bool,
}

impl Organisation {
    /// Reads one answer of the service `organizations`. Whether it tells anything.
    pub(crate) fn add(&mut self, operation: &str, asked: &Parameters, answer: &Value) -> bool {
        let items = |key: &str| answer.get(key).and_then(Value::as_array).into_iter().flatten();
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        match operation {
            "DescribePolicy" => {
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
            "ListTargetsForPolicy" => {
                let Some(of) = asked.get("PolicyId") else { return false };
                for target in items("Targets").filter_map(|target| text(target, "TargetId")) {
                    self.attached.entry(target).or_default().insert(of.clone());
                }
            }
            "ListParents" => {
                let Some(of) = asked.get("ChildId") else { return false };
                let parent = items("Parents").find_map(|parent| text(parent, "Id"));
                self.parents.extend(parent.map(|parent| (of.clone(), parent)));
            }
            "DescribeOrganization" => {
                self.management = answer.get("Organization").and_then(|organization| {
                    text(organization, "MasterAccountId")
                        .or_else(|| text(organization, "ManagementAccountId"))
                });
            }
            "ListAccounts" => self.accounts.extend(items("Accounts").filter_map(|account| {
                let name = text(account, "Name").unwrap_or_default();
                let state = text(account, "State").or_else(|| text(account, "Status"));
                Some((text(account, "Id")?, (name, state.is_none_or(|state| state == "ACTIVE"))))
            })),
            _ => return true,
        }
        true
    }

    /// Units whose parents are not known yet: they are asked about next.
    pub(crate) fn tops(&self) -> BTreeSet<String> {
        let is_open = |parent: &&String| !parent.starts_with("r-") && !self.parents.contains_key(*parent);
        self.parents.values().filter(is_open).cloned().collect()
    }

    /// What binds an account; none where its place in the organisation is not known.
    pub(crate) fn bounds_of(&self, account: &str) -> Option<Bounds> {
        if self.none {
            return Some(Bounds::default());
        }
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

    fn of(name: &str, value: &str) -> Parameters {
        Parameters::from([(name.to_owned(), value.to_owned())])
    }

    fn organisation() -> Organisation {
        let mut organisation = Organisation::default();
        let none = Parameters::new();
        let policy = |id: &str, kind: &str, content: &str| json!({"Policy": {"PolicySummary": {"Id": id, "Arn": format!("arn:aws:organizations::1:policy/{id}"), "Type": kind}, "Content": content}});
        let all =
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        assert!(organisation.add("DescribePolicy", &none, &policy("p-all", "SERVICE_CONTROL_POLICY", all)));
        assert!(organisation.add(
            "DescribePolicy",
            &none,
            &policy("p-ai", "AISERVICES_OPT_OUT_POLICY", "{}")
        ));
        assert!(organisation.add("DescribePolicy", &none, &policy("p-bad", "SERVICE_CONTROL_POLICY", "{")));
        for (id, targets) in
            [("p-all", vec!["r-1", "ou-1", "1"]), ("p-bad", vec!["ou-1"]), ("p-gone", vec!["1"])]
        {
            let targets: Vec<Value> = targets.into_iter().map(|id| json!({"TargetId": id})).collect();
            assert!(organisation.add(
                "ListTargetsForPolicy",
                &of("PolicyId", id),
                &json!({"Targets": targets})
            ));
        }
        organisation.add("ListParents", &of("ChildId", "1"), &json!({"Parents": [{"Id": "ou-1"}]}));
        organisation.add("ListParents", &of("ChildId", "ou-1"), &json!({"Parents": [{"Id": "r-1"}]}));
        organisation.add("DescribeOrganization", &none, &json!({"Organization": {"MasterAccountId": "9"}}));
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
        organisation.add("ListParents", &of("ChildId", "2"), &json!({"Parents": [{"Id": "3"}]}));
        organisation.add("ListParents", &of("ChildId", "3"), &json!({"Parents": [{"Id": "2"}]}));
        assert!(organisation.bounds_of("2").is_none(), "a circle ends");
        assert!(!organisation.add("ListParents", &Parameters::new(), &json!({})));
    }
}
