//! Principals of Terraform files, by the names of the providers' registries.

use std::sync::Arc;

use asmm_model::IdentityKind;
use muster_rules::RulePack;

use super::permissions::spoken;
use super::{Declaration, Known, Part, called, credential};
use crate::document::Node;
use crate::document::hcl::blocks;
use crate::infrastructure::Format;
use crate::infrastructure::terraform::references;
use crate::program::parent;
use crate::starters::{Command, CommandKind};

/// One of these stands in every file that is read here.
pub(super) const MARKS: [&str; 14] = [
    "aws_iam_",
    "aws_cognito_user_pool_client",
    "aws_lambda_function",
    "aws_ecs_task_definition",
    "google_service_account",
    "google_iap_client",
    "_iam_member",
    "_iam_binding",
    "google_cloud_run_",
    "google_cloudfunctions",
    "azurerm_user_assigned_identity",
    "azurerm_role_assignment",
    "azuread_",
    "azurerm_container_app",
];

/// Types of resources that are principals.
pub(super) const PRINCIPALS: [(&str, IdentityKind); 8] = [
    ("aws_iam_role", IdentityKind::CloudRole),
    ("aws_iam_user", IdentityKind::CloudUser),
    ("google_service_account", IdentityKind::ServiceAccount),
    ("azurerm_user_assigned_identity", IdentityKind::ServiceAccount),
    ("azuread_service_principal", IdentityKind::ServiceAccount),
    ("azuread_application", IdentityKind::OauthClient),
    ("aws_cognito_user_pool_client", IdentityKind::OauthClient),
    ("google_iap_client", IdentityKind::OauthClient),
];
const POLICIES: [&str; 4] = [
    "aws_iam_policy",
    "data.aws_iam_policy_document",
    "data.aws_iam_policy",
    "google_project_iam_custom_role",
];
const GRANTS: [&str; 7] = [
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_policy_attachment",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
    "aws_iam_instance_profile",
    "azurerm_role_assignment",
];
const WORKLOADS: [&str; 9] = [
    "aws_lambda_function",
    "aws_ecs_task_definition",
    "google_cloud_run_service",
    "google_cloud_run_v2_service",
    "google_cloud_run_v2_job",
    "google_cloudfunctions_function",
    "google_cloudfunctions2_function",
    "azurerm_container_app",
    "azurerm_container_app_job",
];

fn part_of(kind: &str) -> Option<Part> {
    if let Some((_, identity)) = PRINCIPALS.iter().find(|(known, _)| *known == kind) {
        return Some(Part::Principal(*identity));
    }
    if POLICIES.contains(&kind) {
        return Some(Part::Policy);
    }
    let of_google =
        kind.starts_with("google_") && (kind.ends_with("_iam_member") || kind.ends_with("_iam_binding"));
    if of_google || GRANTS.contains(&kind) {
        return Some(Part::Grant);
    }
    WORKLOADS.contains(&kind).then_some(Part::Workload)
}

/// What the cloud calls it, where a name is given.
fn known(kind: &str, body: &Node) -> Option<Known> {
    let (kind, key) = match kind {
        "aws_iam_role" => ("role", "name"),
        "aws_lambda_function" => ("function", "function_name"),
        "aws_ecs_task_definition" => ("task", "family"),
        _ => return None,
    };
    called(kind, body.entry(key))
}

pub(super) fn declarations(pack: &RulePack, document: &Node, path: &Arc<str>) -> Vec<Declaration> {
    let folder = parent(path);
    let one = |kind: &str, name: &str, body: &Node| {
        let part = part_of(kind)?;
        let address = format!("{kind}.{name}");
        let is_workload = part == Part::Workload;
        Some(Declaration {
            format: Format::Terraform,
            part,
            kind: kind.to_owned(),
            name: name.to_owned(),
            path: Arc::clone(path),
            line: body.line,
            refers: references(body),
            speaks: if is_workload { credential(pack, body) } else { spoken(body) },
            // What it runs is read where schedules are, under this name.
            runs: if is_workload {
                vec![Command {
                    text: format!("{folder}#{address}"),
                    line: body.line,
                    folder: folder.to_owned(),
                    kind: CommandKind::Named,
                }]
            } else {
                Vec::new()
            },
            stands_for: Vec::new(),
            known: known(kind, body).into_iter().collect(),
            address,
        })
    };
    let declared = blocks(document, "resource").filter_map(|(kind, name, body)| one(kind, name, body));
    let looked_up =
        blocks(document, "data").filter_map(|(kind, name, body)| one(&format!("data.{kind}"), name, body));
    declared.chain(looked_up).collect()
}
