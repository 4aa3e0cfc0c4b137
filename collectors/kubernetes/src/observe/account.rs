//! The service accounts that things of a cluster act under, with what these may do.

use asmm_model::{Evidence, EvidenceClass, Fact, Identity, IdentityKind, Privilege};

use super::{Out, seen};
use crate::access::Power;
use crate::object::Object;

/// Rights of an account that are told.
const MAX_RIGHTS: usize = 5;

impl Out<'_> {
    /// The service account that something acts under, with what that may do, in the cluster and in clouds.
    pub(super) fn acts_under(&mut self, object: &Object, account: &str, selects: bool) {
        let (namespace, place) = (object.namespace.as_str(), self.place(object));
        let known = self.accounts.get(&(namespace, account)).copied();
        let at = format!("{namespace}/serviceaccount/{account}");
        // A manifest may leave its namespace to whoever applies it.
        let name = if namespace.is_empty() { account.to_owned() } else { format!("{namespace}/{account}") };
        self.speak(object, "cluster-service-account", &format!("{place}#spec.serviceAccountName"), &name);
        let mut evidence = vec![seen(&place, EvidenceClass::Rbac).noting("acts under it")];
        if account == "default" {
            evidence.push(
                seen(&place, EvidenceClass::Rbac)
                    .noting("the account that every pod of the namespace has which names none"),
            );
        }
        let rights: Vec<(Power, String, String, String)> = self
            .access
            .rights(namespace, account)
            .into_iter()
            .map(|right| {
                let scope = if right.namespace.is_empty() {
                    "the cluster".to_owned()
                } else {
                    right.namespace.clone()
                };
                (right.power, right.what.clone(), scope, format!("{}, role {}", right.binding, right.role))
            })
            .collect();
        for (power, what, scope, binding) in rights.iter().take(MAX_RIGHTS) {
            let says = format!("{} (`{what}` in {scope})", power.says());
            evidence.push(seen(binding, EvidenceClass::Rbac).noting(says));
        }
        let unseen: Vec<String> =
            self.access.unseen(namespace, account).into_iter().map(str::to_owned).collect();
        for role in unseen {
            evidence.push(
                seen(&at, EvidenceClass::Rbac)
                    .noting(format!("bound to {role}, which is not among the objects")),
            );
        }
        let privilege = self.access.privilege(namespace, account);
        let of_annotations = known.into_iter().flat_map(cloud_roles);
        let roles: Vec<(&str, String)> = of_annotations.chain(self.associated(namespace, account)).collect();
        for (cloud, role) in roles {
            evidence.push(seen(&at, EvidenceClass::Rbac).noting(format!("stands for {role} of {cloud}")));
            let named = seen(&at, EvidenceClass::Rbac).noting("the service account stands for it");
            self.cloud_identity(object, &role, vec![named]);
        }
        // What a model chooses is done under this account.
        if selects
            && matches!(privilege, Privilege::Write | Privilege::Admin)
            && let Some((_, what, _, binding)) = rights.first()
        {
            self.speak(object, "cluster-account-writes", binding, what);
        }
        let identity = Identity {
            privilege: Some(privilege),
            // A manifest that names no namespace is of no cluster yet.
            arn: (!namespace.is_empty()).then(|| format!("{}/{at}", self.of.cluster_name())),
            ..Identity::named(IdentityKind::ServiceAccount, name, evidence)
        };
        self.put(object, Fact::Identity(identity));
    }

    /// Roles of AWS that an association of EKS gives a service account, where an operator makes these.
    fn associated(&self, namespace: &str, account: &str) -> Vec<(&'static str, String)> {
        let ours = self.objects.iter().filter(|object| {
            object.kind == "PodIdentityAssociation"
                && object.text("/spec/namespace") == Some(namespace)
                && object.text("/spec/serviceAccount") == Some(account)
        });
        ours.filter_map(|object| Some(("AWS", object.text("/spec/roleARN")?.to_owned()))).collect()
    }

    /// An identity of a cloud, by its name there.
    pub(super) fn cloud_identity(&mut self, object: &Object, name: &str, evidence: Vec<Evidence>) {
        let arn = name.starts_with("arn:").then(|| name.to_owned());
        let kind = if arn.is_some() { IdentityKind::CloudRole } else { IdentityKind::ServiceAccount };
        let short = name.rsplit('/').next().unwrap_or(name).to_owned();
        let identity = Identity { arn, ..Identity::named(kind, short, evidence) };
        self.put(object, Fact::Identity(identity));
    }
}

/// Annotations of service accounts that name an identity of a cloud, with the cloud.
pub(crate) const CLOUDS: [(&str, &str); 6] = [
    ("eks.amazonaws.com/role-arn", "AWS"),
    ("iam.gke.io/gcp-service-account", "Google Cloud"),
    ("azure.workload.identity/client-id", "Azure"),
    ("pod-identity.alibabacloud.com/role-name", "Alibaba Cloud"),
    ("tke.cloud.tencent.com/role-arn", "Tencent Cloud"),
    ("vault.hashicorp.com/role", "Vault"),
];

/// Identities of clouds that a service account stands for, by its annotations.
fn cloud_roles(account: &Object) -> Vec<(&'static str, String)> {
    let of =
        |(key, cloud): &(&'static str, &'static str)| Some((*cloud, account.annotations.get(*key)?.clone()));
    CLOUDS.iter().filter_map(of).collect()
}
