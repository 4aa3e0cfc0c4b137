//! What an identity amounts to: what it may ask of models and agents, what it may do to the world, and how plainly its
//! policies say so.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use asmm_model::Privilege;
use serde::Deserialize;

use crate::account::IamIdentity;
use crate::organisation::Bounds;
use crate::policy::{Because, Decision, Effect, Layers, Principal, Reason, Request, Verdict, evaluate};

/// The key of a request for the region that it goes to.
const REGION: &str = "aws:requestedregion";

/// The actions that are asked about.
static ACTIONS: LazyLock<Actions> =
    LazyLock::new(|| toml::from_str(include_str!("../actions.toml")).expect("the table is read by a test"));

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Actions {
    invoke: Vec<Invoke>,
    act: Vec<Act>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invoke {
    what: String,
    actions: Vec<String>,
    resources: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    class: String,
    effect: Privilege,
    actions: Vec<String>,
}

/// How plainly policies say that an identity may ask a model; the plainest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// By a wildcard over all services, as administrators may.
    Wildcard,
    /// By a policy of AWS that is about something else: the roles of web servers have such (T1).
    Mentioned,
    /// By a policy of AWS that is about AI.
    AiPolicy,
    /// By a policy of the account that names the service.
    Named,
}

/// A right to ask something of a model or an agent.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) what: &'static str,
    pub(crate) action: &'static str,
    pub(crate) verdict: Verdict,
}

impl Invocation {
    /// How plainly policies give this right.
    pub(crate) fn standing(&self) -> Standing {
        standing(&self.verdict)
    }
}

/// What an identity may do.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) invocations: Vec<Invocation>,
    /// The most that each class of actions allows.
    pub(crate) classes: BTreeMap<(&'static str, Privilege), Decision>,
    /// None where it may ask no model.
    pub(crate) standing: Option<Standing>,
    pub(crate) privilege: Privilege,
}

/// Evaluates an identity within what its organisation lets it do.
///
/// `regions` are all that are switched on: what is allowed in all of them is allowed, and what is allowed in none of them is denied,
/// although no single policy says so. Where they differ, or are not known, it stays conditional.
pub(crate) fn rights(identity: &IamIdentity, bounds: &Bounds, regions: &[String]) -> Rights {
    let context = identity.context();
    let principal = Principal { management: bounds.management, ..identity.principal() };
    let layers = Layers {
        boundary: identity.boundary.as_ref(),
        scps: &bounds.scps,
        rcps: &bounds.rcps,
        ..Layers::of_identity(&identity.policies)
    };
    let in_regions: Vec<_> =
        regions.iter().map(|region| context.clone().with(REGION, region.as_str())).collect();
    let ask = |action: &str, resource: Option<&str>| {
        let ask = |context| evaluate(&Request { action, resource, context, principal: &principal }, &layers);
        let verdict = ask(&context);
        let by_region = |reason: &Reason| matches!(reason, Reason::Key(key) if key == REGION);
        if verdict.decision != Decision::Conditional || !verdict.reasons.iter().any(by_region) {
            return verdict;
        }
        // What passes both what allows it and what forbids it in every region that is switched on depends on none of them, and what does
        // so in none may be done nowhere.
        let mut there: Vec<Verdict> = in_regions.iter().map(ask).collect();
        let is = |decision| !there.is_empty() && there.iter().all(|verdict| verdict.decision == decision);
        if is(Decision::Denied) {
            Verdict { decision: Decision::Denied, ..verdict }
        } else if is(Decision::Allowed) {
            there.swap_remove(0)
        } else {
            verdict
        }
    };
    let mut invocations = Vec::new();
    for row in &ACTIONS.invoke {
        let questions = row.actions.iter().flat_map(|action| {
            row.resources.iter().map(move |resource| (action.as_str(), resource.as_str()))
        });
        // One of several actions for the same is enough: the one that is decided most plainly.
        let mut best: Option<(&str, Verdict)> = None;
        for (action, resource) in questions {
            let verdict = ask(action, Some(resource));
            if verdict.decision == Decision::Denied {
                continue;
            }
            if best.as_ref().is_none_or(|(_, best)| plainness(&verdict) > plainness(best)) {
                best = Some((action, verdict));
            }
            if best.as_ref().is_some_and(|(_, best)| plainness(best) == PLAINEST) {
                break;
            }
        }
        invocations.extend(best.map(|(action, verdict)| Invocation { what: &row.what, action, verdict }));
    }
    let mut classes: BTreeMap<(&'static str, Privilege), Decision> = BTreeMap::new();
    for row in &ACTIONS.act {
        let mut best = Decision::Denied;
        for action in &row.actions {
            best = best.max(ask(action, None).decision);
            if best == Decision::Allowed {
                break;
            }
        }
        if best != Decision::Denied {
            classes.insert((&row.class, row.effect), best);
        }
    }
    let certain = classes.iter().filter(|(_, decision)| **decision == Decision::Allowed);
    let certain = certain.map(|((_, privilege), _)| *privilege).max();
    let possible = (!classes.is_empty()).then_some(Privilege::Unknown);
    Rights {
        standing: invocations.iter().map(Invocation::standing).max(),
        invocations,
        privilege: certain.or(possible).unwrap_or(Privilege::None),
        classes,
    }
}

/// Nothing is decided more plainly.
const PLAINEST: (Decision, Standing) = (Decision::Allowed, Standing::Named);

fn plainness(verdict: &Verdict) -> (Decision, Standing) {
    (verdict.decision, standing(verdict))
}

fn standing(verdict: &Verdict) -> Standing {
    let of = |because: &Because| match because.policy.split_once(":iam::aws:policy/") {
        _ if !because.by_name => Standing::Wildcard,
        None => Standing::Named,
        Some((_, name)) if is_about_ai(name) => Standing::AiPolicy,
        Some(_) => Standing::Mentioned,
    };
    let allows = verdict.because.iter().filter(|because| because.effect == Effect::Allow && !because.limits);
    allows.map(of).max().unwrap_or(Standing::Wildcard)
}

/// Whether a policy of AWS is about a service of AI, told by its name.
fn is_about_ai(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["bedrock", "sagemaker", "qbusiness", "amazonq", "agentcore", "q-"]
        .iter()
        .any(|about| name.contains(about))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::IdentityType;
    use crate::policy::{Attached, Document};

    fn attached(statements: &str) -> Attached {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        Attached { name: "own".to_owned(), document: Some(Document::parse(&text).unwrap().into()) }
    }

    /// What may be done to the world by a role with this policy, under a policy of its organisation beside the one that allows all.
    fn privilege(own: &str, scp: &str, regions: &[&str]) -> (Privilege, Option<Standing>) {
        let identity = IamIdentity {
            kind: IdentityType::Role,
            name: "desk".to_owned(),
            arn: "arn:aws:iam::111111111111:role/desk".to_owned(),
            policies: vec![attached(own)],
            boundary: None,
            tags: BTreeMap::new(),
            trust: None,
            last_used: None,
        };
        let all = attached(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
        let bounds = Bounds { scps: vec![vec![all, attached(scp)]], ..Bounds::default() };
        let regions: Vec<String> = regions.iter().map(|region| (*region).to_owned()).collect();
        let rights = rights(&identity, &bounds, &regions);
        (rights.privilege, rights.standing)
    }

    #[test]
    fn what_may_be_done_in_all_regions_that_are_switched_on_depends_on_none() {
        let own = r#"{"Effect": "Allow", "Action": ["bedrock:InvokeModel", "s3:*"], "Resource": "*"}"#;
        let outside = r#"{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-north-1"]}}}"#;
        let named = Some(Standing::Named);
        for (regions, expected) in [
            (&["eu-west-1", "us-east-1"][..], (Privilege::Unknown, named)),
            (&["eu-west-1", "eu-north-1"], (Privilege::Write, named)),
            (&["us-east-1"], (Privilege::None, None)),
            (&[], (Privilege::Unknown, named)),
        ] {
            assert_eq!(privilege(own, outside, regions), expected, "{regions:?}");
        }
        // What else it depends on it still depends on.
        let tagged = outside.replace("NotEquals\": {", "NotEquals\": {\"aws:PrincipalTag/team\": \"ml\", ");
        let either = r#"{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}"#;
        assert_eq!(
            privilege(own, &format!("{tagged}, {either}"), &["eu-west-1"]),
            (Privilege::Unknown, named)
        );
    }

    #[test]
    fn the_table_is_whole() {
        assert!(ACTIONS.invoke.len() > 5 && ACTIONS.act.len() > 5);
        let all = ACTIONS.invoke.iter().flat_map(|row| &row.actions);
        for action in all.chain(ACTIONS.act.iter().flat_map(|row| &row.actions)) {
            let (service, name) = action.split_once(':').unwrap();
            assert!(
                service == service.to_ascii_lowercase() && name.starts_with(char::is_uppercase),
                "{action}"
            );
        }
    }
}
