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

/// An account while its pages come in. What a page holds is read at once, so that no page is kept.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    account: Account,
    managed: BTreeMap<String, Attached>,
    groups: BTreeMap<String, Vec<Attached>>,
    /// The groups of each user, by its ARN.
    members: BTreeMap<String, Vec<String>>,
    any: bool,
}

impl Pages {
    /// Whether a page came in.
    pub(crate) fn is_empty(&self) -> bool {
        !self.any
    }

    /// The number of the account, as its first identity has it.
    pub(crate) fn account(&self) -> String {
        self.account
            .identities
            .first()
            .map(|identity| account_of(&identity.arn).to_owned())
            .unwrap_or_default()
    }

    /// The services of AWS that some role trusts, as `lambda`; none where a trust policy could not be read, or lets
    /// anyone in.
    pub(crate) fn trusted(&self) -> Option<BTreeSet<String>> {
        let roles = self.account.identities.iter().filter(|identity| identity.kind == IdentityType::Role);
        let mut services = BTreeSet::new();
        for role in roles {
            services.extend(crate::trust::services(role.trust.as_ref()?)?);
        }
        (self.any && !self.account.truncated).then_some(services)
    }

    /// Reads a page of `GetAccountAuthorizationDetails`.
    pub(crate) fn add(&mut self, page: &Value) {
        self.any = true;
        let list = |key: &'static str| page.get(key).and_then(Value::as_array).into_iter().flatten();
        for policy in list("Policies") {
            let Some(arn) = text(policy, "Arn") else { continue };
            let default = text(policy, "DefaultVersionId");
            let versions = policy.get("PolicyVersionList").and_then(Value::as_array);
            let document = versions.into_iter().flatten().find(|version| {
                version.get("IsDefaultVersion").and_then(Value::as_bool) == Some(true)
                    || default.is_some() && text(version, "VersionId") == default
            });
            self.policy(arn, document);
        }
        for group in list("GroupDetailList") {
            let Some(name) = text(group, "GroupName") else { continue };
            let owner = text(group, "Arn").unwrap_or(name);
            let policies = self.account.policies(group, "GroupPolicyList", owner);
            self.groups.insert(name.to_owned(), policies);
        }
        for (key, kind) in [("UserDetailList", IdentityType::User), ("RoleDetailList", IdentityType::Role)] {
            for one in list(key) {
                if self.account.identities.len() >= MAX_IDENTITIES {
                    self.account.truncated = true;
                    return;
                }
                let member = one.get("GroupList").and_then(Value::as_array).into_iter().flatten();
                let groups: Vec<String> = member.filter_map(Value::as_str).map(str::to_owned).collect();
                if let (Some(arn), false) = (text(one, "Arn"), groups.is_empty()) {
                    self.members.insert(arn.to_owned(), groups);
                }
                self.account.identity(one, kind);
            }
        }
        self.account.truncated = page.get("IsTruncated").and_then(Value::as_bool) == Some(true);
    }

    /// Reads a version of a managed policy, which has the document.
    pub(crate) fn policy(&mut self, arn: &str, version: Option<&Value>) {
        let document = version.and_then(|version| self.account.document(arn, version.get("Document")));
        self.managed.insert(arn.to_owned(), Attached { name: arn.to_owned(), document });
    }

    /// Managed policies that are in force and that no page had so far.
    pub(crate) fn missing(&self) -> BTreeSet<String> {
        let all = self
            .account
            .identities
            .iter()
            .flat_map(|identity| identity.policies.iter().chain(&identity.boundary));
        all.chain(self.groups.values().flatten())
            .filter(|policy| policy.document.is_none() && policy.name.starts_with("arn:"))
            .filter(|policy| !policy.name.contains(", inline ") && !self.managed.contains_key(&policy.name))
            .map(|policy| policy.name.clone())
            .collect()
    }

    /// The account, with every policy in its place.
    pub(crate) fn finish(mut self) -> Account {
        let managed = &self.managed;
        let put = |policy: &mut Attached| {
            if let Some(known) = managed.get(&policy.name) {
                policy.document.clone_from(&known.document);
            }
        };
        self.groups.values_mut().flatten().for_each(put);
        for identity in &mut self.account.identities {
            identity.policies.iter_mut().chain(&mut identity.boundary).for_each(put);
            for group in self.members.get(&identity.arn).into_iter().flatten() {
                match self.groups.get(group) {
                    Some(of_group) => identity.policies.extend(of_group.iter().cloned()),
                    None => {
                        identity
                            .policies
                            .push(Attached { name: format!("of the group {group}"), document: None });
                    }
                }
            }
        }
        self.account.identities.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.account.identities.dedup_by(|a, b| a.arn == b.arn);
        self.account
    }
}

impl Account {
    fn identity(&mut self, one: &Value, kind: IdentityType) {
        let (name_key, policies_key) = match kind {
            IdentityType::User => ("UserName", "UserPolicyList"),
            IdentityType::Role => ("RoleName", "RolePolicyList"),
        };
        let (Some(name), Some(arn)) = (text(one, name_key), text(one, "Arn")) else {
            self.unread
                .push((format!("an entry of {kind:?}DetailList"), "it has no name or no ARN".to_owned()));
            return;
        };
        let policies = self.policies(one, policies_key, arn);
        let boundary = one
            .get("PermissionsBoundary")
            .and_then(|boundary| text(boundary, "PermissionsBoundaryArn"))
            .map(unread);
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
    fn policies(&mut self, of: &Value, inline: &str, owner: &str) -> Vec<Attached> {
        let mut found = Vec::new();
        for policy in of.get(inline).and_then(Value::as_array).into_iter().flatten() {
            let name = format!("{owner}, inline {}", text(policy, "PolicyName").unwrap_or("without a name"));
            let document = self.document(&name, policy.get("PolicyDocument"));
            found.push(Attached { name, document });
        }
        let attached = of.get("AttachedManagedPolicies").and_then(Value::as_array).into_iter().flatten();
        found.extend(attached.filter_map(|policy| text(policy, "PolicyArn")).map(unread));
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

/// A managed policy before its document is known: it is in force all the same.
fn unread(arn: &str) -> Attached {
    Attached { name: arn.to_owned(), document: None }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}
