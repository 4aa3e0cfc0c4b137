//! Managed agents as they are declared: what each is given, and whether a person confirms it.
//!
//! Field names are those of the providers: `aws_bedrockagent_*` of the Terraform registry and `AWS::Bedrock::Agent` of the
//! CloudFormation reference. Agents of clusters are read in [`kagent`].

use asmm_model::{Effect, Gate};

use super::{Declaration, Format, Part, Resource, Wiring, kagent};
use crate::document::{Node, Value};
use crate::program::parent;

/// Something that a managed agent can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) name: String,
    /// Index of the resource that declares it.
    pub(crate) at: usize,
    pub(crate) line: u32,
    pub(crate) effect: Effect,
    pub(crate) gate: Gate,
}

/// A managed agent: indices are those of the resources it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agent {
    pub(crate) at: usize,
    pub(crate) name: String,
    /// Resources that belong to it, itself first.
    pub(crate) parts: Vec<usize>,
    pub(crate) model: Option<(String, usize, u32)>,
    /// Who serves the model, where that is said.
    pub(crate) provider: Option<String>,
    pub(crate) actions: Vec<Action>,
    /// Line of what it is told to do.
    pub(crate) instruction: Option<u32>,
    /// Role that it works under: its name and line.
    pub(crate) role: Option<(String, u32)>,
    /// Lines of other agents that it hands work to, with the resources that say so.
    pub(crate) collaborators: Vec<(usize, u32)>,
    /// Whether something it may use could not be followed.
    pub(crate) open: bool,
}

/// Reads the agents among resources.
pub(crate) struct Agents<'r> {
    pub(crate) resources: &'r [Resource],
    /// Roles that the same files declare.
    pub(crate) principals: &'r [Declaration],
    pub(crate) wiring: &'r Wiring,
}

impl Agents<'_> {
    /// Every managed agent.
    pub(crate) fn all(&self) -> Vec<Agent> {
        let mut agents: Vec<Agent> = (0..self.resources.len())
            .filter_map(|at| self.agent(at).or_else(|| kagent::agent(self.resources, at)))
            .collect();
        for (at, resource) in self.resources.iter().enumerate() {
            let Some(owner) = resource.body.get("agent_id").filter(|_| resource.format == Format::Terraform)
            else {
                continue;
            };
            let owners = self.wiring.resolve(parent(&resource.path), owner);
            for agent in &mut agents {
                let known = &self.resources[agent.at];
                let address = (parent(&known.path).to_owned(), format!("{}.{}", known.kind, known.name));
                if known.format == Format::Terraform && owners.contains(&address) {
                    self.part(at, agent);
                }
            }
        }
        agents
    }

    fn agent(&self, at: usize) -> Option<Agent> {
        let resource = &self.resources[at];
        let keys = match (resource.format, resource.kind.as_str()) {
            (Format::Terraform, "aws_bedrockagent_agent" | "awscc_bedrock_agent") => {
                ["agent_name", "foundation_model", "agent_resource_role_arn", "instruction"]
            }
            (Format::CloudFormation, "AWS::Bedrock::Agent") => {
                ["AgentName", "FoundationModel", "AgentResourceRoleArn", "Instruction"]
            }
            _ => return None,
        };
        let [name, model, role, instruction] = keys.map(|key| resource.body.entry(key));
        let literal = |node: &Node| node.text().filter(|text| !text.contains("${")).map(str::to_owned);
        let mut agent = Agent {
            at,
            name: name.and_then(|name| literal(&name.node)).unwrap_or_else(|| resource.name.clone()),
            parts: vec![at],
            model: model.and_then(|model| {
                let named = literal(&model.node).map(|name| (name, at, model.line));
                named.or_else(|| self.looked_up(resource, &model.node))
            }),
            provider: Some("aws-bedrock".to_owned()),
            actions: Vec::new(),
            instruction: instruction.map(|instruction| instruction.line),
            role: role.and_then(|role| Some((self.role_name(resource, &role.node)?, role.line))),
            collaborators: Vec::new(),
            open: false,
        };
        match resource.kind.as_str() {
            "AWS::Bedrock::Agent" => self.properties(at, &PROPERTIES, &mut agent),
            // Made from that type: the same, written as Terraform writes it.
            "awscc_bedrock_agent" => self.properties(at, &ATTRIBUTES, &mut agent),
            _ => {}
        }
        Some(agent)
    }

    /// A model that is named by a lookup.
    fn looked_up(&self, from: &Resource, model: &Node) -> Option<(String, usize, u32)> {
        let leads = self.wiring.resolve(parent(&from.path), model);
        self.resources.iter().enumerate().find_map(|(at, resource)| {
            let address = (parent(&resource.path).to_owned(), format!("{}.{}", resource.kind, resource.name));
            let id = resource.body.entry("model_id").filter(|_| leads.contains(&address))?;
            Some((id.node.text()?.to_owned(), at, id.line))
        })
    }

    /// The role by the name that the cloud knows it by, as its file calls it, or the name in its ARN.
    fn role_name(&self, resource: &Resource, role: &Node) -> Option<String> {
        let name = self.role_in_file(resource, role)?;
        let declared = self.principals.iter().find(|one| {
            one.format == resource.format
                && parent(&one.path) == parent(&resource.path)
                && [&one.address, &one.name].contains(&&name)
                && matches!(one.part, Part::Principal(_))
        });
        Some(declared.map_or(name, |declared| declared.title().to_owned()))
    }

    fn role_in_file(&self, resource: &Resource, role: &Node) -> Option<String> {
        if resource.format == Format::Terraform {
            let leads = self.wiring.resolve(parent(&resource.path), role);
            if let Some((_, address)) = leads.into_iter().next() {
                return Some(address);
            }
        }
        match &role.value {
            Value::Text(text) => {
                let name = text.rsplit(['/', ':']).next().unwrap_or(text);
                let name = name.trim_start_matches("${").trim_end_matches('}');
                let name = name.strip_suffix(".Arn").unwrap_or(name);
                (!name.is_empty()).then(|| name.to_owned())
            }
            // `!GetAtt Role.Arn`, as a list or as a table.
            Value::List(items) => items.first()?.text().map(str::to_owned),
            Value::Table(entries) => self.role_in_file(resource, &entries.first()?.node),
            _ => None,
        }
    }

    /// A resource of its own that belongs to an agent.
    fn part(&self, at: usize, agent: &mut Agent) {
        let resource = &self.resources[at];
        agent.parts.push(at);
        match resource.kind.as_str() {
            "aws_bedrockagent_agent_action_group" => {
                let keys = Keys {
                    name: "action_group_name",
                    signature: "parent_action_group_signature",
                    executor: ("action_group_executor", "lambda"),
                    schema: &["function_schema", "member_functions", "functions"],
                    function: "name",
                    confirmation: "require_confirmation",
                };
                self.group(at, &resource.body, resource.line, &keys, agent);
            }
            "aws_bedrockagent_agent_collaborator" => agent.collaborators.push((at, resource.line)),
            "aws_bedrockagent_agent_knowledge_base_association" => {
                agent.actions.push(retrieval(&resource.name, at, resource.line));
            }
            _ => {}
        }
    }

    /// What a template sets inside the agent.
    fn properties(&self, at: usize, within: &Within, agent: &mut Agent) {
        let body = &self.resources[at].body;
        let list = |key: &str| body.get(key).map_or(&[][..], Node::one_or_more);
        for group in list(within.groups) {
            // A list that is made elsewhere is not followed.
            if group.entries().is_empty() {
                agent.open = true;
            } else {
                self.group(at, group, group.line, &within.keys, agent);
            }
        }
        for base in list(within.bases) {
            agent.actions.push(retrieval("knowledge base", at, base.line));
        }
        agent.collaborators.extend(list(within.collaborators).iter().map(|other| (at, other.line)));
    }

    fn group(&self, at: usize, body: &Node, line: u32, keys: &Keys, agent: &mut Agent) {
        if let Some(signature) = body.text_at(&[keys.signature]) {
            // Asking the user is no tool; the others are hosted.
            let effect = match signature {
                "AMAZON.UserInput" => return,
                "AMAZON.CodeInterpreter" | "ANTHROPIC.Bash" | "ANTHROPIC.Computer" => Effect::Execute,
                "ANTHROPIC.TextEditor" => Effect::Write,
                _ => Effect::Unknown,
            };
            let name = signature.rsplit('.').next().unwrap_or(signature).to_owned();
            agent.actions.push(Action { name, at, line, effect, gate: Gate::None });
            return;
        }
        // Control that returns to the caller may be asked there.
        let asked = if one(body, keys.executor.0).and_then(|e| e.get(keys.executor.1)).is_some() {
            Gate::None
        } else {
            Gate::Unknown
        };
        let mut functions = vec![body];
        for key in keys.schema {
            functions = functions
                .into_iter()
                .flat_map(|node| node.entries().iter().filter(move |entry| entry.key == *key))
                .flat_map(|entry| entry.node.one_or_more())
                .collect();
        }
        // As the cloud tells them where it runs: the same name of two groups is two tools.
        let group = body.text_at(&[keys.name]).filter(|name| !name.contains("${"));
        let of_group = |name: &str| group.map_or_else(|| name.to_owned(), |group| format!("{group}/{name}"));
        let named: Vec<Action> = functions
            .iter()
            .filter_map(|function| {
                let name = function.entry(keys.function)?;
                let confirmed = function.text_at(&[keys.confirmation]) == Some("ENABLED");
                Some(Action {
                    name: of_group(name.node.text()?),
                    at,
                    line: name.line,
                    effect: Effect::Unknown,
                    gate: if confirmed { Gate::Each } else { asked },
                })
            })
            .collect();
        if named.is_empty() {
            // An API described elsewhere, or functions that a loop makes: one tool at least.
            let name = group.unwrap_or(&self.resources[at].name).to_owned();
            agent.actions.push(Action { name, at, line, effect: Effect::Unknown, gate: Gate::Unknown });
            agent.open = true;
        }
        agent.actions.extend(named);
    }
}

/// What the parts of an action group are called in a format.
struct Keys {
    name: &'static str,
    signature: &'static str,
    executor: (&'static str, &'static str),
    schema: &'static [&'static str],
    function: &'static str,
    confirmation: &'static str,
}

/// What an agent's own settings are called in a format.
struct Within {
    groups: &'static str,
    bases: &'static str,
    collaborators: &'static str,
    keys: Keys,
}

const PROPERTIES: Within = Within {
    groups: "ActionGroups",
    bases: "KnowledgeBases",
    collaborators: "AgentCollaborators",
    keys: Keys {
        name: "ActionGroupName",
        signature: "ParentActionGroupSignature",
        executor: ("ActionGroupExecutor", "Lambda"),
        schema: &["FunctionSchema", "Functions"],
        function: "Name",
        confirmation: "RequireConfirmation",
    },
};

const ATTRIBUTES: Within = Within {
    groups: "action_groups",
    bases: "knowledge_bases",
    collaborators: "agent_collaborators",
    keys: Keys {
        name: "action_group_name",
        signature: "parent_action_group_signature",
        executor: ("action_group_executor", "lambda"),
        schema: &["function_schema", "functions"],
        function: "name",
        confirmation: "require_confirmation",
    },
};

fn one<'n>(body: &'n Node, key: &str) -> Option<&'n Node> {
    body.get(key)?.one_or_more().first()
}

fn retrieval(name: &str, at: usize, line: u32) -> Action {
    Action { name: name.to_owned(), at, line, effect: Effect::Read, gate: Gate::None }
}
