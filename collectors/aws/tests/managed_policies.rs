//! Every managed policy of AWS, as moto ships them, and how many of them let whom do what.

use std::process::Command;

use muster_aws::policy::{
    Attached, Context, Decision, Document, Layers, Principal, Request, Verdict, evaluate,
};
use serde_json::Value;

/// Where the emulators are installed; they are now, if they are not yet.
fn venv() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/aws/venv");
    let output = Command::new(script).output().expect("the script that installs the emulators can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the path of a folder is text").trim().to_owned()
}

fn managed_policies() -> Vec<(String, Document)> {
    const PRINT: &str = "import sys; from moto.iam.aws_managed_policies import aws_managed_policies_data as data; sys.stdout.write(data)";
    let output = Command::new(format!("{}/bin/python", venv()))
        .args(["-c", PRINT])
        .output()
        .expect("python can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).expect("moto ships JSON");
    all.as_object()
        .expect("policies by name")
        .iter()
        .map(|(name, policy)| match Document::of(&policy["Document"]) {
            Ok(document) => (name.clone(), document),
            Err(error) => panic!("{name}: {error}"),
        })
        .collect()
}

fn decided(policy: &(String, Document), action: &str) -> Verdict {
    let attached = [Attached { name: policy.0.clone(), document: Some(policy.1.clone().into()) }];
    let context = Context::new();
    let principal = Principal {
        arn: "arn:aws:iam::111111111111:role/desk".to_owned(),
        account: "111111111111".to_owned(),
        service_linked: false,
        management: false,
    };
    let request = Request { action, resource: None, context: &context, principal: &principal };
    evaluate(&request, &Layers::of_identity(&attached))
}

/// Those that do not deny an action, and how many of these let it through under a condition only.
fn counts(all: &[(String, Document)], action: &str) -> (usize, usize) {
    let decisions: Vec<Decision> = all.iter().map(|policy| decided(policy, action).decision).collect();
    let of = |wanted: Decision| decisions.iter().filter(|decision| **decision == wanted).count();
    (of(Decision::Allowed) + of(Decision::Conditional), of(Decision::Conditional))
}

/// The counts of a matcher written by another hand from AWS's documentation.
#[test]
fn managed_policies_grant_what_others_count() {
    let all = managed_policies();
    assert_eq!(all.len(), 1582);
    let cases = [
        ("bedrock:InvokeModel", (26, 11)),
        ("bedrock:InvokeModelWithResponseStream", (22, 10)),
        ("bedrock:InvokeAgent", (14, 6)),
        ("bedrock:InvokeFlow", (12, 4)),
        ("bedrock:InvokeInlineAgent", (11, 2)),
        ("bedrock:Retrieve", (14, 6)),
        ("bedrock:RetrieveAndGenerate", (14, 2)),
        ("bedrock:CallWithBearerToken", (10, 1)),
        ("bedrock-mantle:CreateInference", (11, 4)),
        ("bedrock-agentcore:InvokeAgentRuntime", (6, 2)),
        ("bedrock-agentcore:InvokeCodeInterpreter", (5, 1)),
        ("sagemaker:InvokeEndpoint", (25, 6)),
        ("qbusiness:ChatSync", (4, 1)),
        ("iam:PassRole", (254, 229)),
    ];
    let found = cases.map(|(action, _)| (action, counts(&all, action)));
    assert_eq!(found, cases);
}
