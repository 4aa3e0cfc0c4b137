//! Which of the permissions that a scan needs are there: a cluster tells everybody what they may do themselves.

use muster_collect::{CollectError, Context, Diagnosis, Permission, PermissionState, Target};
use serde::Deserialize;
use serde_json::json;

use crate::discovery::Kind;
use crate::kinds::{TABLE, called};
use crate::live::{known, wanted};
use crate::refusal::Refusal;
use crate::server::{JSON, Server};

/// Asked about a namespace that does not exist, a server tells what is allowed in all of them.
const NOWHERE: &str = "muster-doctor-nowhere";

#[derive(Debug, Default, Deserialize)]
struct Review {
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    resource_rules: Vec<Rule>,
    #[serde(default)]
    incomplete: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    api_groups: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    resource_names: Vec<String>,
}

impl Rule {
    fn lets_list(&self, kind: &Kind) -> bool {
        let has = |of: &[String], wanted: &str| of.iter().any(|one| one == "*" || one == wanted);
        self.resource_names.is_empty()
            && has(&self.verbs, "list")
            && has(&self.api_groups, &kind.group)
            && has(&self.resources, &kind.resource)
    }
}

/// Asks the server of a target what may be listed there, in all namespaces or in those that are named.
pub(crate) async fn check(
    target: &Target,
    namespaces: &[String],
    cx: &Context,
) -> Result<Diagnosis, CollectError> {
    let server = Server::of(&target.rest, cx).await?;
    let known = known(&server).await?;
    let mut within: Vec<(&str, Result<Status, Refusal>)> = vec![("", rules(&server, NOWHERE).await)];
    for namespace in namespaces {
        within.push((namespace, rules(&server, namespace).await));
    }
    let mut permissions = Vec::new();
    for (kind, _, hides) in wanted(&known) {
        for (namespace, review) in &within {
            let is_asked = if namespaces.is_empty() || !kind.namespaced {
                namespace.is_empty()
            } else {
                !namespace.is_empty()
            };
            if !is_asked {
                continue;
            }
            let what = called(&kind.group, &kind.resource);
            let name = if namespace.is_empty() {
                format!("list {what}")
            } else {
                format!("list {what} in {namespace}")
            };
            permissions.push(Permission { name, state: state(review, kind), hides: hides.to_owned() });
        }
    }
    let absent =
        TABLE.iter().filter(|row| !known.kinds.iter().any(|kind| row.is_about(&kind.group, &kind.resource)));
    let mut about = vec![version(&server).await];
    about.extend(caller(&server).await.map(|name| format!("as {name}")));
    about.push(format!("{} of {} groups of kinds are not installed", absent.count(), TABLE.len()));
    Ok(Diagnosis { about, permissions })
}

fn state(review: &Result<Status, Refusal>, kind: &Kind) -> PermissionState {
    match review {
        Ok(status) if status.resource_rules.iter().any(|rule| rule.lets_list(kind)) => {
            PermissionState::Granted
        }
        // Some ways of granting cannot be listed.
        Ok(status) if status.incomplete => {
            PermissionState::Unknown("the server cannot list all that is granted".to_owned())
        }
        Ok(_) => PermissionState::Missing,
        Err(refusal) => PermissionState::Unknown(format!("the server does not tell: {refusal}")),
    }
}

async fn rules(server: &Server, namespace: &str) -> Result<Status, Refusal> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let answer = server.review("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", &review).await?;
    let review: Review = serde_json::from_slice(&answer)
        .map_err(|error| Refusal::Unreadable(format!("no review at line {}", error.line())))?;
    Ok(review.status)
}

async fn version(server: &Server) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let answer = server.get("/version", JSON).await.ok();
    let version = answer.and_then(|answer| serde_json::from_slice::<Version>(&answer).ok());
    let version = version
        .map_or_else(|| "of a version that it does not tell".to_owned(), |version| version.git_version);
    format!("Kubernetes {version}")
}

/// Who asks, where the server is new enough to tell.
async fn caller(server: &Server) -> Option<String> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = server.review("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).await.ok()?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).ok()?;
    Some(answer.pointer("/status/userInfo/username")?.as_str()?.to_owned())
}
