//! The table of everything that is asked of AWS.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::fields::{self, Fields};

/// All services with their calls, in the order in which they are asked.
pub(crate) static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../calls.toml")).expect("the table is read by a test");
    table.service
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    service: Vec<Service>,
}

/// How requests and answers of a service are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    /// Forms, answered with XML.
    Query,
    /// The operation in a header, JSON both ways.
    Json,
    /// The operation in the path, JSON both ways.
    RestJson,
}

/// One service of AWS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// As the command line of AWS calls it.
    pub(crate) name: String,
    id: Option<String>,
    signing: Option<String>,
    endpoint: Option<String>,
    /// Whether one place answers for all regions.
    #[serde(default)]
    pub(crate) global: bool,
    pub(crate) protocol: Protocol,
    /// Of the form of its requests.
    #[serde(default)]
    pub(crate) version: String,
    /// What stands before an operation in the header.
    #[serde(default)]
    pub(crate) target: String,
    /// Parameters for the size and the token of a page, and where an answer has the next token.
    #[serde(default = "usual_paging")]
    pub(crate) paging: [String; 3],
    hides: String,
    #[serde(rename = "call")]
    pub(crate) calls: Vec<Call>,
}

fn usual_paging() -> [String; 3] {
    ["maxResults", "nextToken", "nextToken"].map(str::to_owned)
}

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) operation: String,
    /// Method and path, of services that have paths.
    #[serde(default)]
    pub(crate) http: String,
    /// Whether everyone may ask it.
    #[serde(default)]
    pub(crate) open: bool,
    /// Items of a page.
    pub(crate) page: Option<u32>,
    /// `query` where the parameters of a page stand in the path, whatever the method.
    #[serde(default)]
    page_in: String,
    /// Principals of which some role must trust one.
    #[serde(default)]
    pub(crate) gate: Vec<String>,
    #[serde(default)]
    pub(crate) each: Vec<Each>,
    /// What it is asked about, where that turns out only while looking.
    #[serde(rename = "for")]
    pub(crate) about: Option<About>,
    hides: Option<String>,
    /// Fields that are kept; all where none is named.
    #[serde(default)]
    pub(crate) keep: Vec<String>,
    /// Keys of policies whose values are dropped.
    #[serde(default)]
    pub(crate) blank: Vec<String>,
    #[serde(skip)]
    fields: LazyFields,
}

type LazyFields = std::sync::OnceLock<Fields>;

/// Where the parameters of a call come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Each {
    /// The operation of the same service; constants have none.
    pub(crate) of: Option<String>,
    #[serde(default)]
    pub(crate) items: String,
    pub(crate) take: BTreeMap<String, String>,
    /// Values that ask nothing new.
    #[serde(default)]
    pub(crate) but: BTreeMap<String, String>,
}

/// What a call is asked about that no list names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum About {
    /// A policy that is in force and that no answer holds.
    Policy,
    /// A user that may ask models.
    User,
    /// An identity that may ask models.
    Identity,
    /// An account, and then each unit above it.
    Account,
    /// A function that may ask models.
    Function,
    /// Anything that may ask models and that an event can start.
    Workload,
}

impl About {
    /// As the table writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::User => "user",
            Self::Identity => "identity",
            Self::Account => "account",
            Self::Function => "function",
            Self::Workload => "workload",
        }
    }

    /// The parameter that names it.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Policy => "PolicyArn",
            Self::User => "UserName",
            Self::Identity => "Arn",
            Self::Account => "ChildId",
            Self::Function => "FunctionName",
            Self::Workload => "TargetArn",
        }
    }
}

/// The parameters of one request.
pub(crate) type Parameters = BTreeMap<String, String>;

/// One question: what is asked, where, and about what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) service: &'a Service,
    pub(crate) call: &'a Call,
    pub(crate) region: &'a str,
    pub(crate) parameters: &'a Parameters,
}

impl Service {
    /// What signatures and permissions call it.
    pub(crate) fn signing(&self) -> &str {
        self.signing.as_deref().unwrap_or(&self.name)
    }

    /// The first part of its host.
    pub(crate) fn endpoint(&self) -> &str {
        self.endpoint.as_deref().unwrap_or(&self.name)
    }

    /// What settings of its own are named after, in the words of AWS: `Bedrock Agent`.
    pub(crate) fn id(&self) -> String {
        self.id.clone().unwrap_or_else(|| self.name.replace('-', " "))
    }

    /// The permission that a call needs; none where everyone may.
    pub(crate) fn permission(&self, call: &Call) -> Option<String> {
        (!call.open).then(|| format!("{}:{}", self.signing(), call.operation))
    }

    /// What stays hidden without an answer.
    pub(crate) fn hides<'a>(&'a self, call: &'a Call) -> &'a str {
        call.hides.as_deref().unwrap_or(&self.hides)
    }

    /// The call of this name.
    pub(crate) fn call(&self, operation: &str) -> Option<&Call> {
        self.calls.iter().find(|call| call.operation == operation)
    }
}

impl Call {
    /// The name of its saved answers: `list-open-id-connect-providers`.
    pub(crate) fn file(&self) -> String {
        let letters: Vec<char> = self.operation.chars().collect();
        let mut name = String::new();
        for (at, letter) in letters.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| letters[at]);
            let begins = letter.is_uppercase()
                && before.is_some_and(|before| {
                    !before.is_uppercase() || letters.get(at + 1).is_some_and(|next| next.is_lowercase())
                });
            if begins {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }

    /// Method and path, with its parameters in braces.
    pub(crate) fn method_and_path(&self) -> (&str, &str) {
        self.http.split_once(' ').unwrap_or(("POST", "/"))
    }

    /// Whether the parameters of a page stand in the path.
    pub(crate) fn pages_in_path(&self) -> bool {
        self.page_in == "query" || self.method_and_path().0 == "GET"
    }

    /// The names of its parameters, sorted.
    pub(crate) fn parameters(&self) -> Vec<&str> {
        if let Some(about) = self.about {
            return vec![about.parameter()];
        }
        let Some(each) = self.each.first() else { return Vec::new() };
        let mut names: Vec<&str> = each.take.keys().map(String::as_str).chain(self.in_path()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn in_path(&self) -> impl Iterator<Item = &str> {
        self.http.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
    }

    /// What is left of an answer.
    pub(crate) fn pruned(&self, mut answer: Value) -> Value {
        let fields = self.fields.get_or_init(|| Fields::of(&self.keep));
        for text in &self.blank {
            fields::blank(&mut answer, text);
        }
        if self.keep.is_empty() { answer } else { fields.keep(answer) }
    }
}

impl Each {
    /// The value of a parameter that is always the same.
    pub(crate) fn constant(&self, name: &str) -> Option<String> {
        self.take.get(name)?.strip_prefix('=').map(str::to_owned)
    }

    /// The parameters that an answer gives, which was asked for with `asked`; `call` is the call that they are for.
    pub(crate) fn parameters(&self, call: &Call, asked: &Parameters, answer: &Value) -> Vec<Parameters> {
        let taken_over: Parameters =
            call.in_path().filter_map(|name| Some((name.to_owned(), asked.get(name)?.clone()))).collect();
        let mut all = Vec::new();
        for item in fields::at(answer, &self.items) {
            let mut of_item = vec![taken_over.clone()];
            for (name, path) in &self.take {
                let values: Vec<String> = match path.strip_prefix('=') {
                    Some(constant) => vec![constant.to_owned()],
                    None => fields::at(item, path)
                        .into_iter()
                        .filter_map(|v| v.as_str().map(str::to_owned))
                        .collect(),
                };
                let with = |value: &String| {
                    of_item
                        .iter()
                        .map(|had| {
                            let mut more = had.clone();
                            more.insert(name.clone(), value.clone());
                            more
                        })
                        .collect::<Vec<_>>()
                };
                of_item =
                    values.iter().filter(|value| self.but.get(name) != Some(value)).flat_map(with).collect();
            }
            all.extend(of_item);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_is_whole() {
        let mut names = BTreeSet::new();
        for service in SERVICES.iter() {
            for call in &service.calls {
                let what = format!("{} {}", service.name, call.operation);
                assert!(names.insert(what.clone()), "{what} is there once");
                assert_eq!(service.protocol == Protocol::RestJson, !call.http.is_empty(), "{what}");
                let parameters = call.parameters();
                for each in &call.each {
                    let parent = each
                        .of
                        .as_deref()
                        .map(|of| service.call(of).unwrap_or_else(|| panic!("{what}: {of}")));
                    let known: BTreeSet<&str> =
                        parent.map(Call::parameters).unwrap_or_default().into_iter().collect();
                    for name in &parameters {
                        assert!(each.take.contains_key(*name) || known.contains(name), "{what}: {name}");
                    }
                }
                if call.about.is_none() && call.each.is_empty() {
                    assert_eq!(call.in_path().count(), 0, "{what}");
                }
                // Nothing that answers with a value: such permissions do not belong into the policy of a scanner.
                for value in [
                    "GetSecretValue",
                    "GetParameter",
                    "GetResourceApiKey",
                    "GetWorkloadAccessToken",
                    "GetFunction",
                ] {
                    assert!(!call.operation.starts_with(value), "{what}");
                }
            }
        }
    }

    #[test]
    fn files_are_named_as_the_command_line_names_operations() {
        let call = |operation: &str| {
            let service = SERVICES.iter().find(|service| service.call(operation).is_some()).unwrap();
            service.call(operation).unwrap().file()
        };
        assert_eq!(call("ListOpenIDConnectProviders"), "list-open-id-connect-providers");
        assert_eq!(call("ListSAMLProviders"), "list-saml-providers");
        assert_eq!(call("GetAccountAuthorizationDetails"), "get-account-authorization-details");
    }

    #[test]
    fn an_answer_gives_the_parameters_of_the_next_call() {
        let service = SERVICES.iter().find(|service| service.name == "bedrock-agent").unwrap();
        let call = service.call("GetAgentVersion").unwrap();
        let asked = Parameters::from([("agentId".to_owned(), "A".to_owned())]);
        let answer = json!({"agentAliasSummaries": [
            {"routingConfiguration": [{"agentVersion": "DRAFT"}]},
            {"routingConfiguration": [{"agentVersion": "1"}, {"agentVersion": "2"}]},
            {"routingConfiguration": 7},
        ]});
        let given: Vec<Vec<String>> = call.each[0]
            .parameters(call, &asked, &answer)
            .into_iter()
            .map(|parameters| parameters.into_values().collect())
            .collect();
        assert_eq!(given, [["A", "1"], ["A", "2"]]);
    }
}
