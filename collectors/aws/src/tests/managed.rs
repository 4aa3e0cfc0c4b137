//! What AWS runs by itself and no emulator has: versions of agents, code interpreters, browsers, plugins.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use asmm_model::Fact;
use muster_collect::conformance::Outcome;
use serde_json::{Value, json};

use super::scan;

const CANARY: &str = "canary-instruction";

fn role(name: &str, service: &str, actions: &[&str]) -> Value {
    let principal = match service.strip_prefix("oidc:") {
        Some(issuer) => json!({"Federated": format!("arn:aws:iam::222222222222:oidc-provider/{issuer}")}),
        None => json!({"Service": format!("{service}.amazonaws.com")}),
    };
    json!({
        "RoleName": name,
        "Arn": format!("arn:aws:iam::222222222222:role/{name}"),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"],
            "Condition": {"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/AB:sub": "system:serviceaccount:shop:bot"}},
        }]},
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        }}],
    })
}

fn put(root: &Path, region: &str, service: &str, file: &str, answer: &Value) {
    let folder = root.join("222222222222").join(region).join(service);
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join(format!("{file}.json")), answer.to_string()).expect("a file can be written");
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::222222222222:role/{role}")
}

fn estate(root: &Path) {
    let roles = [
        role("draft", "bedrock", &["bedrock:InvokeModel"]),
        role("released", "bedrock", &["bedrock:InvokeModel"]),
        role("writer", "lambda", &["s3:PutObject"]),
        role("interpreter", "bedrock-agentcore", &["s3:GetObject"]),
        role("assistant", "qbusiness", &["qbusiness:ChatSync"]),
        role("pod", "oidc:oidc.eks.eu-west-1.amazonaws.com/id/AB", &["bedrock:InvokeModel"]),
    ];
    put(root, "global", "iam", "get-account-authorization-details", &json!({"RoleDetailList": roles}));
    let none = json!({"OpenIDConnectProviderList": []});
    put(root, "global", "iam", "list-open-id-connect-providers", &none);
    let here = |service: &str, file: &str, answer: Value| put(root, "eu-west-1", service, file, &answer);

    here(
        "bedrock-agent",
        "list-agents",
        json!({"agentSummaries": [
            {"agentId": "A1", "agentName": "orders"}, {"agentId": "A2", "agentName": "seen-in-a-list-only"},
        ]}),
    );
    let set = |role: &str, more: Value| {
        let mut set = json!({
            "agentId": "A1", "agentName": "orders", "agentArn": "arn:aws:bedrock:eu-west-1:222222222222:agent/A1",
            "agentResourceRoleArn": arn(role), "foundationModel": "anthropic.claude-3-haiku-20240307-v1:0", "instruction": CANARY,
        });
        set.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        set
    };
    here("bedrock-agent", "get-agent.A1", json!({"agent": set("draft", json!({}))}));
    let released = set(
        "released",
        json!({"version": "3", "memoryConfiguration": {"enabledMemoryTypes": ["SESSION_SUMMARY"]}}),
    );
    here("bedrock-agent", "get-agent-version.A1.3", json!({"agentVersion": released}));
    here(
        "bedrock-agent",
        "list-agent-aliases.A1",
        json!({"agentAliasSummaries": [
            {"agentAliasId": "LIVE", "routingConfiguration": [{"agentVersion": "3"}]},
            {"agentAliasId": "TSTALIASID", "routingConfiguration": [{"agentVersion": "DRAFT"}]},
        ]}),
    );
    for version in ["DRAFT", "3"] {
        let of = |list: &str| format!("list-agent-{list}.A1.{version}");
        let groups = if version == "3" {
            json!([{"actionGroupId": "G1"}, {"actionGroupId": "G2"}])
        } else {
            json!([])
        };
        here("bedrock-agent", &of("action-groups"), json!({"actionGroupSummaries": groups}));
        here("bedrock-agent", &of("knowledge-bases"), json!({"agentKnowledgeBaseSummaries": []}));
        here("bedrock-agent", &of("collaborators"), json!({"agentCollaboratorSummaries": []}));
    }
    here(
        "bedrock-agent",
        "get-agent-action-group.G1.A1.3",
        json!({"agentActionGroup": {
            "actionGroupName": "stock", "actionGroupState": "ENABLED",
            "actionGroupExecutor": {"lambda": "arn:aws:lambda:eu-west-1:222222222222:function:stock:live"},
            "functionSchema": {"functions": [
                {"name": "reserve", "requireConfirmation": "ENABLED", "description": CANARY},
                {"name": "drop", "requireConfirmation": "DISABLED"},
            ]},
        }}),
    );
    here(
        "bedrock-agent",
        "get-agent-action-group.G2.A1.3",
        json!({"agentActionGroup": {
            "actionGroupName": "python", "actionGroupState": "ENABLED", "parentActionSignature": "AMAZON.CodeInterpreter",
        }}),
    );
    here(
        "lambda",
        "list-functions",
        json!({"Functions": [{
            "FunctionName": "stock", "FunctionArn": "arn:aws:lambda:eu-west-1:222222222222:function:stock", "Role": arn("writer"),
            "Environment": {"Variables": {"STOCK_TOKEN": CANARY}},
        }]}),
    );
    here(
        "scheduler",
        "get-schedule.default.nightly",
        json!({
            "Arn": "arn:aws:scheduler:eu-west-1:222222222222:schedule/default/nightly", "Name": "nightly", "State": "ENABLED",
            "ScheduleExpression": "rate(1 day)",
            "Target": {"Arn": "arn:aws:bedrock:eu-west-1:222222222222:agent-alias/A1/LIVE", "Input": CANARY},
        }),
    );
    here(
        "bedrock-agentcore-control",
        "get-code-interpreter.C1",
        json!({
            "codeInterpreterArn": "arn:aws:bedrock-agentcore:eu-west-1:222222222222:code-interpreter-custom/C1", "name": "sandbox",
            "executionRoleArn": arn("interpreter"),
        }),
    );
    here(
        "bedrock-agentcore-control",
        "get-gateway.GW1",
        json!({
            "gatewayArn": "arn:aws:bedrock-agentcore:eu-west-1:222222222222:gateway/GW1", "gatewayId": "GW1", "name": "desk-tools",
            "authorizerType": "NONE",
        }),
    );
    here(
        "bedrock-agentcore-control",
        "list-workload-identities",
        json!({"workloadIdentities": [{
            "name": "orders-agent", "workloadIdentityArn": "arn:aws:bedrock-agentcore:eu-west-1:222222222222:workload-identity-directory/default/workload-identity/orders-agent",
        }]}),
    );
    here(
        "qbusiness",
        "get-application.Q1",
        json!({
            "applicationArn": "arn:aws:qbusiness:eu-west-1:222222222222:application/Q1", "displayName": "helpdesk", "roleArn": arn("assistant"),
        }),
    );
    here(
        "qbusiness",
        "list-plugins.Q1",
        json!({"plugins": [
            {"pluginId": "P1", "displayName": "tickets", "type": "JIRA", "state": "ENABLED"},
            {"pluginId": "P2", "displayName": "off", "type": "CUSTOM", "state": "DISABLED"},
        ]}),
    );
    here(
        "eks",
        "describe-cluster.prod",
        json!({"cluster": {
            "name": "prod", "identity": {"oidc": {"issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/AB"}},
        }}),
    );
    here(
        "bedrock",
        "get-model-invocation-logging-configuration",
        json!({
            "loggingConfig": {"s3Config": {"bucketName": "questions"}},
        }),
    );
    let manifest = json!({"files": [
        {"account": "222222222222", "region": "eu-west-1", "service": "sagemaker", "operation": "list-models",
         "error": "An error occurred (AccessDeniedException) when calling the ListModels operation: no"},
        {"account": "222222222222", "region": "global", "service": "organizations", "operation": "describe-organization",
         "error": "An error occurred (AWSOrganizationsNotInUseException) when calling the DescribeOrganization operation: no"},
        {"file": "222222222222/global/iam/get-account-authorization-details.json"}, 7,
    ]});
    fs::write(root.join("222222222222/manifest.json"), manifest.to_string()).expect("a file can be written");
}

#[expect(clippy::use_debug, reason = "kinds are shown as the code names them")]
fn shown(outcome: &Outcome) -> String {
    let mut text = String::new();
    for observation in &outcome.observations {
        let name = &observation.scope.name;
        let line = match &observation.fact {
            Fact::System { kind, complete, .. } => format!("SYSTEM {kind:?}, complete: {complete}"),
            Fact::Component(component) => {
                let access = component.access.map(|access| format!(", reached {}", access.title()));
                format!("component {}{}", component.name, access.unwrap_or_default())
            }
            Fact::Identity(identity) => {
                let notes: Vec<&str> = identity.evidence.iter().filter_map(|e| e.note.as_deref()).collect();
                format!("identity {} {:?}: {}", identity.name, identity.privilege, notes.join(" | "))
            }
            Fact::Model(model) => format!("model {}", model.name),
            Fact::Tool(tool) => format!("tool {} {:?} {:?}", tool.name, tool.effect, tool.gate),
            Fact::Trigger(trigger) => format!("trigger {:?} {}", trigger.kind, trigger.value),
            Fact::Criterion { criterion, evidence } => {
                let note = evidence.note.as_deref().unwrap_or_default();
                format!("{} {:?} {}: {note}", criterion.id(), evidence.supports, evidence.place)
            }
            Fact::Deployment(deployment) => format!("in {:?} {}", deployment.kind, deployment.reference),
            Fact::Owner(_) | Fact::Purpose(_) | Fact::Claimed(_) | Fact::Control(_) | Fact::Key(_) => {
                String::new()
            }
        };
        let _ = writeln!(text, "{name}: {line}");
    }
    for gap in outcome.coverage.iter().flat_map(|coverage| &coverage.skipped) {
        let _ =
            writeln!(text, "GAP {:?} {}: {}", gap.why, gap.what, gap.detail.as_deref().unwrap_or_default());
    }
    text.replace("arn:aws:", "…").replace(":222222222222:", "::")
}

#[test]
fn what_aws_runs_is_told_with_every_version() {
    let folder = tempfile::tempdir().unwrap();
    estate(folder.path());
    let outcome = scan(folder.path()).unwrap();
    let shown = shown(&outcome);
    assert!(!shown.contains(CANARY), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn an_action_that_could_not_be_read_is_not_taken_for_none() {
    let answers_no = |outcome: &Outcome| -> Vec<String> {
        let lines = shown(outcome);
        let no = lines.lines().filter(|line| line.starts_with("orders: C") && line.contains("Some(No)"));
        no.map(str::to_owned).collect()
    };
    for lost in [
        "get-agent-action-group.G1.A1.3",
        "get-agent-version.A1.3",
        "list-agent-collaborators.A1.3",
        "list-agent-aliases.A1",
    ] {
        let folder = tempfile::tempdir().unwrap();
        estate(folder.path());
        assert!(!answers_no(&scan(folder.path()).unwrap()).is_empty());
        let file = format!("222222222222/eu-west-1/bedrock-agent/{lost}.json");
        fs::remove_file(folder.path().join(file)).unwrap();
        let outcome = scan(folder.path()).unwrap();
        assert_eq!(answers_no(&outcome), Vec::<String>::new(), "{lost}");
    }
}
