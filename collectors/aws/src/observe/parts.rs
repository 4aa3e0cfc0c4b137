//! What an account has of AI that no system is known to use: guardrails, models, capacity, knowledge bases, memories,
//! workload identities, and whether questions to models are logged.

use asmm_model::{Component, ComponentKind, Fact, Identity, IdentityKind, Role};

use super::{Out, cloud};
use crate::estate::text;
use crate::fields::at;

/// Where parts are listed, and the type of CloudFormation by which a rule knows them.
struct Source {
    service: &'static str,
    operation: &'static str,
    items: &'static str,
    arn: &'static str,
    name: &'static str,
    kind: &'static str,
}

const fn source(
    [service, operation, items]: [&'static str; 3],
    [arn, name, kind]: [&'static str; 3],
) -> Source {
    Source { service, operation, items, arn, name, kind }
}

const MODEL: &str = "AWS::Bedrock::ApplicationInferenceProfile";

const SOURCES: [Source; 7] = [
    source(["bedrock", "ListGuardrails", "guardrails"], ["arn", "name", "AWS::Bedrock::Guardrail"]),
    source(["bedrock", "ListCustomModels", "modelSummaries"], ["modelArn", "modelName", MODEL]),
    source(["bedrock", "ListImportedModels", "modelSummaries"], ["modelArn", "modelName", MODEL]),
    source(
        ["bedrock", "ListProvisionedModelThroughputs", "provisionedModelSummaries"],
        ["provisionedModelArn", "provisionedModelName", MODEL],
    ),
    source(
        ["bedrock", "ListInferenceProfiles", "inferenceProfileSummaries"],
        ["inferenceProfileArn", "inferenceProfileName", MODEL],
    ),
    source(
        ["bedrock-agent", "GetKnowledgeBase", "knowledgeBase"],
        ["knowledgeBaseArn", "name", "AWS::Bedrock::KnowledgeBase"],
    ),
    source(
        ["bedrock-agentcore-control", "ListMemories", "memories"],
        ["arn", "id", "AWS::BedrockAgentCore::Memory"],
    ),
];

pub(super) fn observe(out: &mut Out<'_>) {
    let answers = &out.estate.answers;
    for source in &SOURCES {
        for answer in answers.of(source.service, source.operation) {
            for item in at(&answer.page, source.items) {
                let Some(arn) = text(item, source.arn) else { continue };
                let mut part = out.component(arn, text(item, source.name).unwrap_or(arn));
                part.component(source.kind, arn);
            }
        }
    }
    for answer in answers.of("bedrock-agentcore-control", "ListWorkloadIdentities") {
        for item in at(&answer.page, "workloadIdentities") {
            let Some((arn, name)) = text(item, "workloadIdentityArn").zip(text(item, "name")) else {
                continue;
            };
            let evidence = cloud(arn).noting("an identity that AgentCore gives to an agent");
            let identity = Identity {
                arn: Some(arn.to_owned()),
                ..Identity::named(IdentityKind::ServiceAccount, name, vec![evidence])
            };
            out.component(arn, name).put(Fact::Identity(identity));
        }
    }
    for answer in answers.of("bedrock", "GetModelInvocationLoggingConfiguration") {
        let to = ["loggingConfig.cloudWatchConfig.logGroupName", "loggingConfig.s3Config.bucketName"];
        let to: Vec<&str> = to.into_iter().filter_map(|path| text(&answer.page, path)).collect();
        if to.is_empty() {
            continue;
        }
        let locator =
            format!("arn:aws:bedrock:{}:{}:logging/modelinvocations", answer.region, out.estate.number);
        let evidence =
            cloud(&locator).noting(format!("questions to models are logged to {}", to.join(" and ")));
        let component = Component::named(
            ComponentKind::Observability,
            "bedrock-invocation-logging",
            Role::Production,
            vec![evidence],
        );
        out.component(&locator, "bedrock-invocation-logging").put(Fact::Component(component));
    }
}
