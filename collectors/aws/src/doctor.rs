//! Which of the permissions that a scan needs are there, and the policy that grants all of them and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use futures::{FutureExt, StreamExt, stream};
use muster_collect::{CollectError, Context, Diagnosis, Permission, PermissionState};
use serde_json::json;

use crate::account::IamIdentity;
use crate::answers::{Answers, DETAILS};
use crate::calls::{About, Call, Parameters, Question, SERVICES, Service};
use crate::client::{Client, Refusal};
use crate::live::{Session, regions, session_of};
use crate::policy::{Decision, Layers, Request, evaluate};
use crate::survey::Survey;

/// Questions that are asked at once.
const AT_ONCE: usize = 8;
/// What details are asked about: whoever may ask is told that it is not there.
const NOBODY: &str = "musterdoctor";

/// Tries every call once in one region. What takes the name of something is asked about a name that is not there; where
/// the answer does not tell, the policies of the caller do, if they can be read.
pub(crate) async fn check(target: &str, cx: &Context) -> Result<Diagnosis, CollectError> {
    let session = session_of(target, cx).await?;
    let client = session.client(&session.account, cx).await?;
    let survey = Survey { client: &client, regions: &[], progress: cx.progress.as_ref(), folder: None };
    let all = regions(&survey, cx, &mut Answers::default()).await;
    let home = client.home();
    let region = if all.contains(&home) { home } else { all.first().cloned().unwrap_or(home) };
    let caller = caller(&session, &client, cx).await;

    let calls = SERVICES.iter().flat_map(|service| service.calls.iter().map(move |call| (service, call)));
    let asked: Vec<_> = calls
        .filter_map(|(service, call)| Some((service, call, service.permission(call)?)))
        .map(|(service, call, name)| {
            let (client, region, caller) = (&client, region.as_str(), caller.as_ref());
            async move {
                let state = tried(client, service, call, region, caller, &name).await;
                Permission { name, state, hides: service.hides(call).to_owned() }
            }
            .boxed()
        })
        .collect();
    let found: Vec<Permission> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    // One permission for several calls is there once.
    let mut by_name: BTreeMap<String, Permission> = BTreeMap::new();
    for permission in found {
        by_name.entry(permission.name.clone()).or_insert(permission);
    }
    Ok(Diagnosis {
        about: vec![
            format!("account {}", session.account),
            format!("as {}", session.caller),
            format!("in {region}, one of {}", all.len()),
        ],
        permissions: by_name.into_values().collect(),
    })
}

async fn tried(
    client: &Client,
    service: &Service,
    call: &Call,
    region: &str,
    caller: Option<&IamIdentity>,
    permission: &str,
) -> PermissionState {
    let constants = |name: &str| {
        let of = call.each.iter().find_map(|each| each.constant(name));
        of.unwrap_or_else(|| NOBODY.to_owned())
    };
    let parameters: Parameters =
        call.parameters().into_iter().map(|name| (name.to_owned(), constants(name))).collect();
    let question = Question { service, call, region, parameters: &parameters };
    match client.ask(question, None).await {
        Ok(_) | Err(Refusal::NotThere | Refusal::NoOrganisation) => PermissionState::Granted,
        Err(Refusal::Denied) => PermissionState::Missing,
        // A name that is not well formed may be refused before anyone looks whether asking was allowed.
        Err(Refusal::Failed(why)) if !parameters.is_empty() => by_policy(caller, permission, why),
        Err(refusal) => PermissionState::Unknown(refusal.to_string()),
    }
}

fn by_policy(caller: Option<&IamIdentity>, permission: &str, why: String) -> PermissionState {
    let Some(caller) = caller else { return PermissionState::Unknown(why) };
    let context = caller.context();
    let principal = caller.principal();
    let layers = Layers { boundary: caller.boundary.as_ref(), ..Layers::of_identity(&caller.policies) };
    let request = Request { action: permission, resource: None, context: &context, principal: &principal };
    match evaluate(&request, &layers).decision {
        Decision::Allowed => PermissionState::Granted,
        Decision::Denied => PermissionState::Missing,
        Decision::Conditional => {
            PermissionState::Unknown("its policies allow it under conditions".to_owned())
        }
    }
}

/// The identity of the caller with its policies, where it may read them.
async fn caller(session: &Session, client: &Client, cx: &Context) -> Option<IamIdentity> {
    let mut answers = Answers::default();
    let survey = Survey { client, regions: &[], progress: cx.progress.as_ref(), folder: None };
    let iam = crate::survey::service("iam")?;
    survey.one(iam, iam.call(DETAILS)?, crate::survey::GLOBAL, vec![Parameters::new()], &mut answers).await;
    let account = answers.pages.finish();
    // `arn:aws:sts::1:assumed-role/NAME/SESSION` acts under the role NAME.
    let role = session.caller.split(":assumed-role/").nth(1).and_then(|rest| rest.split('/').next());
    account.identities.into_iter().find(|identity| match role {
        Some(role) => identity.name == role && identity.arn.contains(":role/"),
        None => identity.arn == session.caller,
    })
}

/// The least that a scan needs, as a policy of AWS: every action by its name, none of which answers with a secret.
pub(crate) fn policy() -> String {
    let actions: BTreeSet<String> = SERVICES
        .iter()
        .flat_map(|service| service.calls.iter().filter_map(|call| service.permission(call)))
        .collect();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "MusterReads", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    format!("{policy:#}\n")
}

/// Every request that a scan may send: what asks it, where its parameters come from, and what is kept of its answer.
pub(crate) fn requests() -> String {
    let call = |service: &Service, call: &Call| {
        let each = call.each.iter().map(|each| {
            json!({"of": each.of.as_deref().and_then(|of| Some(service.call(of)?.file())), "items": each.items, "take": each.take, "but": each.but})
        });
        json!({
            "service": service.name,
            "operation": call.file(),
            "permission": service.permission(call),
            "global": service.global,
            "parameters": call.parameters(),
            "each": each.collect::<Vec<_>>(),
            "about": call.about.map(About::name),
            "needs_trust_in": call.gate,
            "blank": call.blank,
            "keeps": call.keep,
        })
    };
    let all: Vec<_> =
        SERVICES.iter().flat_map(|service| service.calls.iter().map(move |row| call(service, row))).collect();
    format!("{:#}\n", json!({"requests": all}))
}
