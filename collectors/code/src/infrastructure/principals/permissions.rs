//! Permissions to ask a model, as clouds call them.

use crate::document::{Node, Value};

/// Services of AWS whose actions ask models or manage what does.
const AWS: [&str; 4] = ["bedrock:", "bedrock-agentcore:", "bedrock-mantle:", "qbusiness:"];
/// Actions of services that do other things as well.
const AWS_ACTIONS: [&str; 2] = ["sagemaker:invokeendpoint", "sagemaker:*"];
/// Services of AWS that act under the roles which trust them.
const AWS_TRUSTED: [&str; 2] = ["bedrock.amazonaws.com", "bedrock-agentcore.amazonaws.com"];
/// Roles and permissions of Google Cloud.
const GOOGLE: [&str; 5] =
    ["roles/aiplatform.", "roles/dialogflow.", "roles/discoveryengine.", "aiplatform.", "discoveryengine."];
/// Roles of Azure, by how their names begin, and the providers of actions.
const AZURE: [&str; 7] = [
    "cognitive services ",
    "azure ai ",
    // As two of those are called now.
    "foundry user",
    "foundry project manager",
    "azureml ",
    "microsoft.cognitiveservices/",
    "microsoft.machinelearningservices/",
];
/// The same roles by their ids, as Azure has them in every tenant.
const AZURE_IDS: [(&str, &str); 7] = [
    ("5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", "Cognitive Services OpenAI User"),
    ("a001fd3d-188f-4b5d-821b-7da978bf7442", "Cognitive Services OpenAI Contributor"),
    ("a97b65f3-24c7-4388-baec-2e87135dc908", "Cognitive Services User"),
    ("25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68", "Cognitive Services Contributor"),
    ("53ca6127-db72-4b80-b1b0-d745d6d5456d", "Azure AI User"),
    ("64702f94-c441-49e6-a78b-ef80e0188fee", "Azure AI Developer"),
    ("eadc314b-1a2d-4efa-be10-5d325db5065e", "Azure AI Project Manager"),
];
/// Bytes of a permission.
const LONGEST: usize = 100;

/// The first permission below a node that is about models, with its line.
pub(super) fn spoken(node: &Node) -> Option<(String, u32)> {
    match &node.value {
        Value::Text(text) => permission(text).map(|permission| (permission, node.line)),
        Value::List(items) => items.iter().find_map(spoken),
        Value::Table(entries) => entries.iter().find_map(|entry| spoken(&entry.node)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The first permission of a text: a name, an ARN, or a policy in JSON.
pub(crate) fn permission(text: &str) -> Option<String> {
    let begins =
        |text: &str, with: &str| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    let whole = text.trim();
    if whole.len() <= LONGEST && AZURE.iter().any(|role| begins(whole, role)) && is_plain(whole) {
        return Some(whole.to_owned());
    }
    let of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '*' | '/' | '.' | '-' | '_');
    text.split(|c| !of_word(c)).filter(|word| word.len() <= LONGEST).find_map(|word| {
        if let Some((_, role)) = AZURE_IDS.iter().find(|(id, _)| word.to_ascii_lowercase().ends_with(id)) {
            return Some((*role).to_owned());
        }
        let action = AWS.iter().any(|service| begins(word, service) && word.len() > service.len())
            || AWS_ACTIONS.iter().any(|action| begins(word, action));
        let managed = word.contains(":policy/") && word.rsplit('/').next()?.starts_with("AmazonBedrock");
        let known = action
            || managed
            || word.starts_with("AmazonBedrock")
            || AWS_TRUSTED.contains(&word)
            || GOOGLE.iter().any(|role| begins(word, role)) && !word.contains("googleapis");
        known.then(|| word.rsplit('/').next().filter(|_| managed).unwrap_or(word).to_owned())
    })
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '/' | '.' | '*' | '-' | '(' | ')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_told_by_their_services() {
        let cases = [
            ("bedrock:InvokeModel", Some("bedrock:InvokeModel")),
            ("bedrock-agentcore:*", Some("bedrock-agentcore:*")),
            ("{\"Action\": [\"s3:GetObject\", \"bedrock:InvokeModel*\"]}", Some("bedrock:InvokeModel*")),
            ("sagemaker:InvokeEndpoint", Some("sagemaker:InvokeEndpoint")),
            ("arn:aws:iam::aws:policy/AmazonBedrockFullAccess", Some("AmazonBedrockFullAccess")),
            ("bedrock.amazonaws.com", Some("bedrock.amazonaws.com")),
            ("roles/aiplatform.user", Some("roles/aiplatform.user")),
            ("aiplatform.endpoints.predict", Some("aiplatform.endpoints.predict")),
            ("Cognitive Services OpenAI User", Some("Cognitive Services OpenAI User")),
            (
                "/providers/Microsoft.Authorization/roleDefinitions/5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
                Some("Cognitive Services OpenAI User"),
            ),
            ("s3:GetObject", None),
            ("sagemaker:ListTags", None),
            ("bedrock:", None),
            ("arn:aws:s3:::bedrock-logs/*", None),
            ("aiplatform.googleapis.com", None),
            ("roles/storage.objectViewer", None),
            ("Contributor", None),
            ("The cognitive services of the town", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(permission(text).as_deref(), expected, "{text}");
        }
    }
}
