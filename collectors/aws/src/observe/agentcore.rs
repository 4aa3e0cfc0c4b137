//! Runtimes and gateways of Bedrock AgentCore, and what else acts under a role there.

use asmm_model::{Access, Effect, Gate, SystemKind};
use serde_json::Value;

use super::bedrock::{function_role, short};
use super::{Out, effect, tool};
use crate::answers::Answer;
use crate::estate::text;
use crate::fields::at;

const SERVICE: &str = "bedrock-agentcore-control";

pub(super) fn observe(out: &mut Out<'_>) {
    let answers = &out.estate.answers;
    for answer in answers.of(SERVICE, "GetAgentRuntime") {
        runtime(out, &answer.page);
    }
    for answer in answers.of(SERVICE, "GetGateway") {
        gateway(out, answer);
    }
    for (operation, arn, kind) in [
        ("GetBrowser", "browserArn", "AWS::BedrockAgentCore::BrowserCustom"),
        ("GetCodeInterpreter", "codeInterpreterArn", "AWS::BedrockAgentCore::CodeInterpreterCustom"),
    ] {
        for answer in answers.of(SERVICE, operation) {
            let Some(arn) = text(&answer.page, arn) else { continue };
            let mut tools = out.component(arn, text(&answer.page, "name").unwrap_or(arn));
            tools.component(kind, arn);
            if let Some(role) = text(&answer.page, "executionRoleArn") {
                tools.acts_under(role, arn);
            }
        }
    }
}

fn runtime(out: &mut Out<'_>, set: &Value) {
    let Some(arn) = text(set, "agentRuntimeArn") else { return };
    let name = text(set, "agentRuntimeName").unwrap_or(arn);
    let role = text(set, "roleArn");
    let serves = text(set, "protocolConfiguration.serverProtocol") == Some("MCP");
    let asks =
        role.is_some_and(|role| out.estate.standing(role).is_some() || out.estate.identity(role).is_none());
    // A server of tools that may ask no model chooses nothing.
    let mut system = match serves {
        true if !asks => out.component(arn, name),
        true => out.system(arn, name, SystemKind::Serving, false),
        false => out.system(arn, name, SystemKind::Agent, false),
    };
    // It is asked with requests that are signed, or with tokens of an issuer: it has no third way.
    let access = serves.then_some(Access::Login);
    system.server("AWS::BedrockAgentCore::Runtime", arn, &[], access);
    if !serves {
        system.speak("managed-agent", arn, name);
    }
    if let Some(role) = role {
        system.acts_under(role, arn);
    }
    if let Some(variables) = set.get("environmentVariables").and_then(Value::as_object) {
        system.variables(variables.keys().map(String::as_str), arn);
    }
    system.started(arn);
}

fn gateway(out: &mut Out<'_>, answer: &Answer) {
    let set = &answer.page;
    let Some((arn, id)) = text(set, "gatewayArn").zip(text(set, "gatewayId")) else { return };
    let name = text(set, "name").unwrap_or(id);
    let estate = out.estate;
    let mut system = out.component(arn, name);
    if let Some(role) = text(set, "roleArn") {
        system.acts_under(role, arn);
    }
    let mut tools = Vec::new();
    let of = |answer: &&Answer| answer.asked.get("gatewayIdentifier").is_some_and(|asked| asked == id);
    for target in estate.answers.of(SERVICE, "GetGatewayTarget").filter(of) {
        let name = text(&target.page, "name").unwrap_or("a target");
        let place = format!("{arn}, target {name}");
        if let Some(function) = text(&target.page, "targetConfiguration.mcp.lambda.lambdaArn") {
            let role = function_role(&estate.answers, function);
            let does = effect(role.as_deref().and_then(|role| estate.rights.get(role)));
            if let Some(role) = &role {
                system.acts_under(role, &place);
            }
            let note = format!("runs the function {}", short(function));
            tools.push(tool(name, does, Gate::Unknown, &place, &note));
        } else {
            let kinds = at(&target.page, "targetConfiguration.mcp");
            let kinds: Vec<&str> = kinds
                .into_iter()
                .filter_map(Value::as_object)
                .flat_map(|map| map.keys().map(String::as_str))
                .collect();
            let note = format!("leads to an interface of the kind {}", kinds.join(", "));
            tools.push(tool(name, Effect::Unknown, Gate::Unknown, &place, &note));
        }
    }
    system.server("AWS::BedrockAgentCore::Gateway", arn, &tools, Some(access(text(set, "authorizerType"))));
}

/// Who may use a gateway. It has an address of the internet, and nothing can stand in front of it.
fn access(authorizer: Option<&str>) -> Access {
    match authorizer {
        Some("NONE") => Access::Open,
        Some("CUSTOM_JWT" | "AWS_IAM") => Access::Login,
        // Of a kind that came later, or not told.
        _ => Access::Remote,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_reached_as_their_authorizers_say() {
        let cases = [
            (Some("NONE"), Access::Open),
            (Some("CUSTOM_JWT"), Access::Login),
            (Some("AWS_IAM"), Access::Login),
            (Some("SOMETHING_NEW"), Access::Remote),
            (None, Access::Remote),
        ];
        for (authorizer, expected) in cases {
            assert_eq!(access(authorizer), expected, "{authorizer:?}");
        }
    }
}
