//! Identities: those that may ask a model, with what else they may do, who may become them, and whether they are used.

use std::collections::BTreeSet;

use asmm_model::{
    Deployment, DeploymentKind, Evidence, EvidenceClass, Fact, Identity, IdentityKind, Observation, Place,
    Role, Scope, SystemKind,
};

use super::Out;
use crate::account::{IamIdentity, IdentityType};
use crate::estate::{Estate, text};
use crate::fields::at;
use crate::policy::{Because, Decision, Effect};
use crate::rights::{Invocation, Rights, Standing};
use crate::trust::{Trusted, trusted};

/// Places of one right that are kept.
const MAX_PLACES: usize = 5;

/// Identities that may ask a model and that no system was seen to act under.
pub(super) fn observe(out: &mut Out<'_>) {
    let estate = out.estate;
    for identity in &estate.account.identities {
        let Some(rights) = estate.rights.get(&identity.arn) else { continue };
        if out.carried.contains_key(&identity.arn) {
            continue;
        }
        let scope =
            Scope { target: out.target.to_owned(), root: identity.arn.clone(), name: identity.name.clone() };
        let Some(standing) = rights.standing else {
            // Something elsewhere that asks a model by a key may act under it: whoever sees that has to know what the role may do.
            let shown = Identity { may_ask: Some(false), ..shown(estate, identity, rights) };
            if !shown.assumed_by.is_empty() {
                out.observations.push(Observation { scope, fact: Fact::Identity(shown) });
            }
            continue;
        };
        let trusts = identity.trust.as_ref().map(|trust| trusted(trust)).unwrap_or_default();
        let is_system = standing >= Standing::AiPolicy
            && !identity.is_service_linked()
            && trusts.iter().any(Trusted::is_workload);
        let shown = shown(estate, identity, rights);
        if is_system {
            // What runs under the role is not seen here: neither its tools nor what starts it.
            let mut system = out.system(&identity.arn, &identity.name, SystemKind::Pipeline, false);
            for account in service_accounts(estate, identity) {
                system.put(Fact::Deployment(Deployment::seen(DeploymentKind::K8s, account)));
            }
            if let Some(first) = rights.invocations.first() {
                let place = places(identity, first).swap_remove(0).place;
                system.speak_at("runs-as-cloud-role", &place, &identity.name);
            }
            system.put(Fact::Identity(shown));
        } else {
            out.observations.push(Observation { scope, fact: Fact::Identity(shown) });
        }
    }
}

/// The service accounts of clusters that are given a role, as `CLUSTER/NAMESPACE/serviceaccount/NAME`: by an association of
/// EKS, or by a trust policy that names the issuer of a cluster that is known.
fn service_accounts(estate: &Estate, identity: &IamIdentity) -> BTreeSet<String> {
    let associations = estate.answers.of("eks", "DescribePodIdentityAssociation");
    let associations = associations.filter_map(|answer| answer.page.get("association"));
    let given = associations.filter(|association| {
        ["roleArn", "targetRoleArn"].into_iter().any(|path| text(association, path) == Some(&identity.arn))
    });
    let mut found: BTreeSet<String> = given
        .filter_map(|association| {
            let [cluster, namespace, name] =
                ["clusterName", "namespace", "serviceAccount"].map(|path| text(association, path));
            Some(format!("{}/{}/serviceaccount/{}", cluster?, namespace?, name?))
        })
        .collect();
    for trust in identity.trust.iter().flat_map(|trust| trusted(trust)) {
        let Trusted::Federated { issuer, subjects } = trust else { continue };
        let mut clusters =
            estate.answers.of("eks", "DescribeCluster").filter_map(|answer| answer.page.get("cluster"));
        let is_it = |cluster: &&serde_json::Value| {
            let known = text(cluster, "identity.oidc.issuer").unwrap_or_default();
            known.split_once("://").map_or(known, |(_, known)| known) == issuer
        };
        let Some(cluster) = clusters.find(is_it).and_then(|cluster| text(cluster, "name")) else { continue };
        let accounts = subjects
            .iter()
            .filter_map(|subject| subject.strip_prefix("system:serviceaccount:")?.split_once(':'));
        found
            .extend(accounts.map(|(namespace, name)| format!("{cluster}/{namespace}/serviceaccount/{name}")));
    }
    found
}

/// An identity with everything that is known of it.
pub(super) fn shown(estate: &Estate, identity: &IamIdentity, rights: &Rights) -> Identity {
    let trusts = identity.trust.as_ref().map(|trust| trusted(trust)).unwrap_or_default();
    let kind = match identity.kind {
        IdentityType::Role => IdentityKind::CloudRole,
        IdentityType::User => IdentityKind::CloudUser,
    };
    let mut evidence = Vec::new();
    for invocation in &rights.invocations {
        let says = may(invocation);
        evidence.extend(places(identity, invocation).into_iter().map(|place| place.noting(says.clone())));
    }
    let acts: Vec<String> = rights
        .classes
        .iter()
        .map(|((class, privilege), decision)| {
            let if_so = if *decision == Decision::Conditional { ", under conditions" } else { "" };
            format!("{class} ({}{if_so})", privilege.name())
        })
        .collect();
    if !acts.is_empty() {
        evidence.push(of_iam(&identity.arn).noting(format!("may also act on {}", acts.join(", "))));
    }
    if !trusts.is_empty() {
        let all: Vec<String> = trusts.iter().map(ToString::to_string).collect();
        evidence.push(of_iam(&identity.arn).noting(format!("may be assumed by {}", all.join("; "))));
    }
    evidence
        .extend(trusts.iter().filter_map(Trusted::danger).map(|danger| of_iam(&identity.arn).noting(danger)));
    if let Some(when) = &identity.last_used {
        evidence.push(of_iam(&identity.arn).noting(format!("last used {when}")));
    }
    let used = usage(estate, identity).into_iter().map(|says| of_iam(&identity.arn).noting(says));
    evidence.extend(used);
    Identity {
        privilege: Some(rights.privilege),
        may_ask: rights.standing.map(|_| true),
        arn: Some(identity.arn.clone()),
        assumed_by: assumers(estate, identity, &trusts),
        ..Identity::named(kind, identity.name.clone(), evidence)
    }
}

/// Who may become an identity, by what they are known by elsewhere.
fn assumers(estate: &Estate, identity: &IamIdentity, trusts: &[Trusted]) -> Vec<String> {
    let accounts = service_accounts(estate, identity).into_iter().map(|account| format!("k8s:{account}"));
    let vouched = trusts.iter().flat_map(|trust| match trust {
        Trusted::Federated { issuer, subjects } => {
            subjects.iter().map(|subject| format!("{issuer}:{subject}")).collect()
        }
        _ => Vec::new(),
    });
    let all: BTreeSet<String> = accounts.chain(vouched).collect();
    all.into_iter().collect()
}

/// Services whose use shows that an identity asked a model or an agent.
const AI_SERVICES: [&str; 6] =
    ["bedrock", "bedrock-agentcore", "bedrock-mantle", "sagemaker", "qbusiness", "q"];

/// What is known of the keys of an identity, of its use of AI, and of where it is used.
fn usage(estate: &Estate, identity: &IamIdentity) -> Vec<String> {
    let answers = &estate.answers;
    let mut says = Vec::new();
    let mine = |asked: &crate::calls::Parameters| asked.get("UserName") == Some(&identity.name);
    if identity.kind == IdentityType::User {
        for answer in answers.of("iam", "ListAccessKeys").filter(|answer| mine(&answer.asked)) {
            for key in at(&answer.page, "AccessKeyMetadata") {
                let Some(id) = text(key, "AccessKeyId") else { continue };
                let last = answers.of("iam", "GetAccessKeyLastUsed");
                let mut last =
                    last.filter(|answer| answer.asked.get("AccessKeyId").is_some_and(|asked| asked == id));
                let last = last.find_map(|answer| text(&answer.page, "AccessKeyLastUsed.LastUsedDate"));
                // The last letters tell keys apart, and are what the console shows as well.
                says.push(format!(
                    "has a long-lived access key …{} ({}), made {}, {}",
                    id.get(id.len().saturating_sub(4)..).unwrap_or_default(),
                    text(key, "Status").unwrap_or("of unknown state"),
                    text(key, "CreateDate").unwrap_or("at an unknown time"),
                    last.map_or_else(|| "no use known".to_owned(), |when| format!("last used {when}")),
                ));
            }
        }
        for answer in answers.of("iam", "ListServiceSpecificCredentials").filter(|answer| mine(&answer.asked))
        {
            for key in at(&answer.page, "ServiceSpecificCredentials") {
                if text(key, "ServiceName").is_some_and(|name| name.starts_with("bedrock")) {
                    says.push(format!(
                        "has a key for Bedrock ({}), made {}, {}",
                        text(key, "Status").unwrap_or("of unknown state"),
                        text(key, "CreateDate").unwrap_or("at an unknown time"),
                        text(key, "ExpirationDate")
                            .map_or_else(|| "good for ever".to_owned(), |when| format!("good until {when}")),
                    ));
                }
            }
        }
    }
    let jobs = answers.of("iam", "GenerateServiceLastAccessedDetails");
    let mut jobs = jobs.filter(|answer| answer.asked.get("Arn") == Some(&identity.arn));
    if let Some(job) = jobs.find_map(|answer| text(&answer.page, "JobId")) {
        let pages = answers.of("iam", "GetServiceLastAccessedDetails");
        let pages = pages.filter(|answer| answer.asked.get("JobId").is_some_and(|asked| asked == job));
        let services: Vec<_> = pages.flat_map(|answer| at(&answer.page, "ServicesLastAccessed")).collect();
        let ai = services.iter().filter_map(|service| {
            let name = text(service, "ServiceNamespace").filter(|name| AI_SERVICES.contains(name))?;
            Some((name, text(service, "LastAuthenticated")?))
        });
        let ai: Vec<_> = ai.map(|(name, when)| format!("tried to use {name} last {when}")).collect();
        if ai.is_empty() && !services.is_empty() {
            says.push(
                "tried to use no service of AI in the time that AWS keeps, 400 days or more".to_owned(),
            );
        }
        says.extend(ai);
    }
    says.extend(gone(estate, identity));
    says.extend(service_accounts(estate, identity).into_iter().map(|account| format!("given to {account}")));
    says
}

/// Issuers that a trust policy names and that the account does not know (any more): nobody can come in by them.
fn gone(estate: &Estate, identity: &IamIdentity) -> Vec<String> {
    let lists = [
        ("ListOpenIDConnectProviders", "OpenIDConnectProviderList.Arn", ":oidc-provider/"),
        ("ListSAMLProviders", "SAMLProviderList.Arn", ":saml-provider/"),
    ];
    let mut says = Vec::new();
    for (operation, path, part) in lists {
        let mut pages = estate.answers.of("iam", operation).peekable();
        if pages.peek().is_none() {
            continue;
        }
        let known: BTreeSet<&str> =
            pages.flat_map(|answer| at(&answer.page, path)).filter_map(serde_json::Value::as_str).collect();
        let named = identity.trust.iter().flat_map(|trust| trust.federated());
        let gone = named.filter(|arn| arn.contains(part) && !known.contains(arn));
        says.extend(gone.map(|arn| format!("trusts {arn}, which is no provider of the account")));
    }
    says
}

fn may(invocation: &Invocation) -> String {
    let resources = invocation.verdict.resources.join(", ");
    let how = match invocation.standing() {
        Standing::Wildcard => "; only by a wildcard over all services",
        Standing::Mentioned => "; only by a policy of AWS that is about something else",
        Standing::AiPolicy | Standing::Named => "",
    };
    let says = format!("may ask {} by `{}` of {resources}{how}", invocation.what, invocation.action);
    match invocation.verdict.decision {
        Decision::Conditional => {
            let reasons: Vec<String> = invocation.verdict.reasons.iter().map(ToString::to_string).collect();
            format!("{says}; {}", reasons.join("; "))
        }
        _ => says,
    }
}

/// The statements that let it through, and those that take something away; the identity itself where none is known.
fn places(identity: &IamIdentity, invocation: &Invocation) -> Vec<Evidence> {
    // What a limit leaves alone is no reason that anyone would look for.
    let tells = |because: &&Because| because.effect == Effect::Deny || !because.limits;
    let mut because: Vec<&Because> = invocation.verdict.because.iter().filter(tells).collect();
    because.sort_by_key(|because| (because.effect == Effect::Deny, *because));
    // What rests on a policy that could not be read has no statement to show.
    if because.is_empty() {
        return vec![of_iam(&identity.arn)];
    }
    because.into_iter().take(MAX_PLACES).map(|because| of_iam(&statement(because))).collect()
}

fn statement(because: &Because) -> String {
    let sid = because.sid.as_deref().map(|sid| format!(" ({sid})")).unwrap_or_default();
    let effect = if because.effect == Effect::Deny { ", a deny" } else { "" };
    format!("{}, statement {}{sid}{effect}", because.policy, because.statement)
}

fn of_iam(locator: &str) -> Evidence {
    Evidence::at(Place::locator(locator), Role::Production).of(EvidenceClass::Policy)
}
