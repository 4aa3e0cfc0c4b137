//! The identities of one account with their policies, from the pages of `GetAccountAuthorizationDetails`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::policy::{Attached, Context, Document, Key, Principal};

/// Identities of one account: the quota of AWS is 5,000 users and as many roles, and can be raised.
const MAX_IDENTITIES: usize = 100_000;

/// Whether an identity is a role or a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IdentityType {
    Role,
    User,
}

/// A role or a user.
#[derive(Debug, Clone)]
pub(crate) struct IamIdentity {
    pub(crate) kind: IdentityType,
    pub(crate) name: String,
    pub(crate) arn: String,
    /// Its own policies and those of its groups.
    pub(crate) policies: Vec<Attached>,
    pub(crate) boundary: Option<Attached>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Who may assume the role.
    pub(crate) trust: Option<Arc<Document>>,
    /// When the role was last used, where that is known.
    pub(crate) last_used: Option<String>,
}

impl IamIdentity {
    /// Who asks, where this identity does.
    pub(crate) fn principal(&self) -> Principal {
        Principal {
            arn: self.arn.clone(),
            account: account_of(&self.arn).to_owned(),
            service_linked: self.is_service_linked(),
            management: false,
        }
    }

    /// Whether it belongs to a service of AWS, which alone may change it.
    pub(crate) fn is_service_linked(&self) -> bool {
        self.arn.contains(":role/aws-service-role/")
    }

    /// What is known of every request that it makes to a resource of its own account.
    pub(crate) fn context(&self) -> Context {
        let account = account_of(&self.arn);
        let mut context = Context::new()
            .with("aws:PrincipalArn", self.arn.clone())
            .with("aws:PrincipalAccount", account)
            .with("aws:ResourceAccount", account)
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:PrincipalType", if self.kind == IdentityType::User { "User" } else { "AssumedRole" });
        context = if self.kind == IdentityType::User {
            context.with("aws:username", self.name.clone())
        } else {
            context.with_key("aws:username", Key::Absent)
        };
        for (key, value) in &self.tags {
            context = context.with(&format!("aws:PrincipalTag/{key}"), value.clone());
        }
        context
    }
}

/// The number of the account in an ARN; empty where there is none.
pub(crate) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or("")
}

/// What an account holds, and what of it could not be read.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) identities: Vec<IamIdentity>,
    /// Objects that could not be read: which, and why.
    pub(crate) unread: Vec<(String, String)>,
    /// Whether a page says that more follow, and none does.
    pub(crate) truncated: bool,
}

/// Policies by their ARNs while the pages are put together.
type Managed = BTreeMap<String, Attached>;

impl Account {
    /// Puts an account together from its pages.
    pub(crate) fn of(pages: &[Value]) -> Self {
        let mut account = Self::default();
        let mut managed = Managed::new();
        let list =
            |key: &'static str| pages.iter().filter_map(move |page| page.get(key)?.as_array()).flatten();
        for policy in list("Policies") {
            let Some(arn) = text(policy, "Arn") else { continue };
            let default = text(policy, "DefaultVersionId");
            let versions = policy.get("PolicyVersionList").and_then(Value::as_array);
            let document = versions.into_iter().flatten().find(|version| {
                version.get("IsDefaultVersion").and_then(Value::as_bool) == Some(true)
                    || default.is_some() && text(version, "VersionId") == default
            });
            let document = document.and_then(|version| account.document(arn, version.get("Document")));
            managed.insert(arn.to_owned(), Attached { name: arn.to_owned(), document });
        }
        let mut groups: BTreeMap<String, Vec<Attached>> = BTreeMap::new();
        for group in list("GroupDetailList") {
            let Some(name) = text(group, "GroupName") else { continue };
            let owner = text(group, "Arn").unwrap_or(name);
            groups.insert(name.to_owned(), account.policies(group, "GroupPolicyList", owner, &managed));
        }
        for (key, kind) in [("UserDetailList", IdentityType::User), ("RoleDetailList", IdentityType::Role)] {
            for one in list(key) {
                if account.identities.len() >= MAX_IDENTITIES {
                    account.truncated = true;
                    break;
                }
                account.identity(one, kind, &groups, &managed);
            }
        }
        account.identities.sort_by(|a, b| a.arn.cmp(&b.arn));
        account.identities.dedup_by(|a, b| a.arn == b.arn);
        let last = pages.last().and_then(|page| page.get("IsTruncated")).and_then(Value::as_bool);
        account.truncated |= last == Some(true);
        account
    }

    fn identity(
        &mut self,
        one: &Value,
        kind: IdentityType,
        groups: &BTreeMap<String, Vec<Attached>>,
        managed: &Managed,
    ) {
        let (name_key, policies_key) = match kind {
            IdentityType::User => ("UserName", "UserPolicyList"),
            IdentityType::Role => ("RoleName", "RolePolicyList"),
        };
        let (Some(name), Some(arn)) = (text(one, name_key), text(one, "Arn")) else {
            self.unread
                .push((format!("an entry of {kind:?}DetailList"), "it has no name or no ARN".to_owned()));
            return;
        };
        let mut policies = self.policies(one, policies_key, arn, managed);
        for group in
            one.get("GroupList").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            match groups.get(group) {
                Some(of_group) => policies.extend(of_group.iter().cloned()),
                None => policies.push(Attached { name: format!("of the group {group}"), document: None }),
            }
        }
        let boundary = one
            .get("PermissionsBoundary")
            .and_then(|boundary| text(boundary, "PermissionsBoundaryArn"))
            .map(|arn| find(managed, arn));
        let tags = one.get("Tags").and_then(Value::as_array).into_iter().flatten();
        let trust = match one.get("AssumeRolePolicyDocument") {
            None => None,
            some => self.document(&format!("the trust policy of {arn}"), some),
        };
        self.identities.push(IamIdentity {
            kind,
            name: name.to_owned(),
            arn: arn.to_owned(),
            policies,
            boundary,
            tags: tags
                .filter_map(|tag| Some((text(tag, "Key")?.to_owned(), text(tag, "Value")?.to_owned())))
                .collect(),
            trust,
            last_used: one.get("RoleLastUsed").and_then(|used| text(used, "LastUsedDate")).map(str::to_owned),
        });
    }

    /// Inline and attached policies of a user, a group or a role.
    fn policies(&mut self, of: &Value, inline: &str, owner: &str, managed: &Managed) -> Vec<Attached> {
        let mut found = Vec::new();
        for policy in of.get(inline).and_then(Value::as_array).into_iter().flatten() {
            let name = format!("{owner}, inline {}", text(policy, "PolicyName").unwrap_or("without a name"));
            let document = self.document(&name, policy.get("PolicyDocument"));
            found.push(Attached { name, document });
        }
        let attached = of.get("AttachedManagedPolicies").and_then(Value::as_array).into_iter().flatten();
        found.extend(attached.filter_map(|policy| text(policy, "PolicyArn")).map(|arn| find(managed, arn)));
        found
    }

    /// A policy, which pages hold as an object or as a text, that may be URL-encoded.
    fn document(&mut self, name: &str, value: Option<&Value>) -> Option<Arc<Document>> {
        let read = match value {
            None => {
                self.unread.push((name.to_owned(), "it has no document".to_owned()));
                return None;
            }
            Some(Value::String(text)) => Document::parse(text),
            Some(value) => Document::of(value),
        };
        match read {
            Ok(document) => Some(Arc::new(document)),
            Err(error) => {
                self.unread.push((name.to_owned(), error.to_string()));
                None
            }
        }
    }

    /// Policies that are in force and that no page has.
    pub(crate) fn missing(&self) -> BTreeSet<&str> {
        let unread: BTreeSet<&str> = self.unread.iter().map(|(name, _)| name.as_str()).collect();
        self.identities
            .iter()
            .flat_map(|identity| identity.policies.iter().chain(&identity.boundary))
            .filter(|policy| policy.document.is_none())
            .map(|policy| policy.name.as_str())
            .filter(|name| !unread.contains(name))
            .collect()
    }
}

/// A managed policy; where no page has it, it is in force all the same.
fn find(managed: &Managed, arn: &str) -> Attached {
    managed.get(arn).cloned().unwrap_or_else(|| Attached { name: arn.to_owned(), document: None })
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}
