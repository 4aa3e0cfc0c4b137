//! One detection rule: what a site in code, a package or a variable is called, and what it means.

use asmm_model::{Access, ComponentKind, ControlKind, Effect, Gate, TriggerKind};
use serde::{Deserialize, Serialize};

use crate::{FileSite, KeyShape, RunSite, Symbols, WeightsShape, weights};

/// Stable id of a rule. It reads well in "this system `…`": `uses-langgraph`, `runs-shell-commands`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(pub String);

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A language that rules can speak about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript and TypeScript, with or without JSX.
    JavaScript,
    /// Go.
    Go,
    /// Java.
    Java,
    /// Kotlin.
    Kotlin,
    /// C#.
    CSharp,
    /// Rust.
    Rust,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 9] = [
        Self::Python,
        Self::JavaScript,
        Self::Go,
        Self::Java,
        Self::Kotlin,
        Self::CSharp,
        Self::Rust,
        Self::Ruby,
        Self::Php,
    ];

    /// The name used in rule files and in the corpus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Go => "go",
            Self::Java => "java",
            Self::Kotlin => "kotlin",
            Self::CSharp => "csharp",
            Self::Rust => "rust",
            Self::Ruby => "ruby",
            Self::Php => "php",
        }
    }

    /// What stands between the parts of a module's name.
    pub fn separator(self) -> char {
        match self {
            Self::JavaScript | Self::Go => '/',
            _ => '.',
        }
    }

    /// Whether an imported item may be what rules call a module: `from google import genai`, `use rig::agent`.
    pub fn imports_items_as_modules(self) -> bool {
        !matches!(self, Self::JavaScript | Self::Go)
    }
}

/// What kind of place in a syntax tree a site speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteKind {
    /// A module is imported.
    Import,
    /// A function is called or a class constructed.
    Call,
    /// A function or class is decorated.
    Decorator,
    /// A class extends another.
    Subclass,
    /// A call passes an argument.
    Argument,
    /// A name, attribute, key or string is written.
    Mention,
    /// A string literal contains a text.
    Text,
    /// A command is started: a program, and words that must follow it.
    Command,
}

/// What a site means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The component is used: nothing more.
    Component,
    /// A client or model object is made.
    Client,
    /// A model is called.
    ModelCall,
    /// Tools are bound to a model.
    BindsTools,
    /// Tools are put where a model may be given them; another call of the same rule says that it is.
    HoldsTools,
    /// A path that code fixes runs a model: a chain, a retrieval pipeline.
    Chain,
    /// An agent with its own loop is made or run.
    Agent,
    /// A function or class is declared a tool.
    Tool,
    /// A ready-made tool whose effect the rule states.
    BuiltinTool,
    /// A person approves.
    Gate,
    /// Approval is switched off.
    Bypass,
    /// State survives the session.
    Memory,
    /// Other agents are called.
    Delegates,
    /// Own tools, prompt or code change at run time.
    ChangesItself,
    /// Content from outside reaches the model.
    UntrustedInput,
    /// Looks for the name of an action in a text, as agents without tool calls do.
    TextProtocol,
    /// Something other than a person's turn starts the code.
    Trigger,
    /// The code waits for a while: in an endless loop that calls a model, it watches.
    Pause,
    /// State outside the conversation changes, or is only read.
    Effect,
    /// A tool result goes back to the model.
    ToolResult,
    /// An environment variable is read.
    ReadsEnv,
    /// A role or an account of a cloud is made: it is told where the code lets it ask a model.
    Principal,
    /// Models are trained.
    Training,
    /// Calls of other packages are wrapped, to watch them.
    Wraps,
    /// A server is made or run that offers tools to models of other processes.
    Serves,
    /// What is written there, or what it returns, lists the tools of such a server.
    ListsTools,
    /// Any tool of such a server is run there, told apart by its name.
    RunsTools,
    /// A server of tools is connected to.
    Connects,
    /// Ends the work of an agent after so many steps, so long, or at such a cost.
    Limit,
    /// State of an agent is kept so that it can be brought back after an end.
    Recovery,
}

impl Means {
    /// The kind of control that it shows; absent for all that says what code does.
    pub fn control(self) -> Option<ControlKind> {
        match self {
            Self::Limit => Some(ControlKind::Limit),
            Self::Recovery => Some(ControlKind::Recovery),
            _ => None,
        }
    }
}

/// Where a call carries its tools, agents or gate: an argument's name, or `@N` for the Nth position from zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolArgument(pub String);

impl ToolArgument {
    /// The position, if it is one.
    pub fn position(&self) -> Option<usize> {
        self.0.strip_prefix('@')?.parse().ok()
    }
}

/// A condition on one argument of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArgumentTest {
    /// Name of the argument, or `@N`; dots go into nested maps.
    pub name: ToolArgument,
    /// Literal values that fit (`"true"`, `"NEVER"`), compared without regard to case. Empty: any value but
    /// `false`, `none`, `null`, `[]` and `{}`.
    #[serde(default)]
    pub equals: Vec<String>,
    /// Text that a string literal must begin with, without regard to case and leading blanks.
    #[serde(default)]
    pub starts: Vec<String>,
    /// Text that a string literal must end with, without regard to case, a trailing slash and a query.
    #[serde(default)]
    pub ends: Vec<String>,
    /// The argument must be missing.
    #[serde(default)]
    pub absent: bool,
}

/// What a gate covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covers {
    /// The tool it is written on.
    Tool,
    /// Every tool of the agent it is written on.
    #[default]
    Agent,
    /// The tools that the argument names.
    Named,
    /// The function whose body calls it.
    Body,
}

/// One kind of place that the rule speaks about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Site {
    /// Languages it is written in.
    pub languages: Vec<Language>,
    /// What kind of place.
    pub kind: SiteKind,
    /// Resolved names that fit, as patterns.
    pub symbols: Symbols,
    /// What it means.
    #[serde(default = "component")]
    pub means: Means,
    /// Arguments that carry tools.
    #[serde(default)]
    pub tools: Vec<ToolArgument>,
    /// Arguments that carry other agents.
    #[serde(default)]
    pub agents: Vec<ToolArgument>,
    /// Arguments that allow further steps; without any of them the call is a single step. Only for model calls.
    #[serde(default)]
    pub steps: Vec<ToolArgument>,
    /// Conditions, all of which must hold.
    #[serde(default, rename = "when")]
    pub conditions: Vec<ArgumentTest>,
    /// For effects and ready-made tools: what happens.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// For triggers: what kind.
    #[serde(default)]
    pub trigger: Option<TriggerKind>,
    /// For triggers: the argument that carries the cron expression or the name of the queue or event.
    #[serde(default)]
    pub value: Option<ToolArgument>,
    /// For triggers: arguments that carry the function it runs.
    #[serde(default)]
    pub runs: Vec<ToolArgument>,
    /// For gates: how often a person is asked.
    #[serde(default)]
    pub gate: Option<Gate>,
    /// For gates: what is covered.
    #[serde(default)]
    pub covers: Covers,
    /// For servers of the Model Context Protocol and their clients: how the call itself says that the server is reached. What
    /// the call is given may say more.
    #[serde(default)]
    pub access: Option<Access>,
}

fn component() -> Means {
    Means::Component
}

/// A package that brings the component: `pypi:openai`, `npm:@langchain/core`. A trailing `*` is a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageRef {
    /// Package URL type: `pypi`, `npm`, `golang`, `maven`, `nuget`, `cargo`, `gem`, `composer`, `docker`, `helm`.
    pub ecosystem: String,
    /// Name, or its beginning.
    pub name: String,
    /// Whether `name` is a beginning.
    pub is_prefix: bool,
}

impl TryFrom<String> for PackageRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const ECOSYSTEMS: [&str; 10] =
            ["pypi", "npm", "golang", "maven", "nuget", "cargo", "gem", "composer", "docker", "helm"];
        let Some((ecosystem, name)) = text.split_once(':') else {
            return Err(format!(
                "`{text}` has no ecosystem; write `pypi:{text}` or another package URL type"
            ));
        };
        if !ECOSYSTEMS.contains(&ecosystem) {
            return Err(format!("`{ecosystem}` is no ecosystem; write one of: {}", ECOSYSTEMS.join(", ")));
        }
        let (name, is_prefix) = name.strip_suffix('*').map_or((name, false), |prefix| (prefix, true));
        if name.is_empty() {
            return Err(format!("`{text}` names no package"));
        }
        Ok(Self { ecosystem: ecosystem.to_owned(), name: name.to_owned(), is_prefix })
    }
}

impl From<PackageRef> for String {
    fn from(package: PackageRef) -> Self {
        format!("{}:{}{}", package.ecosystem, package.name, if package.is_prefix { "*" } else { "" })
    }
}

/// A type of resource in infrastructure code: `terraform:aws_bedrockagent_agent`, `cloudformation:AWS::Bedrock::Agent`.
/// What Terraform only looks up has `data.` in front of its type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceRef {
    /// How it is written: `terraform`, `cloudformation`, `kubernetes` or `azure`.
    pub format: String,
    /// The type.
    pub name: String,
}

impl TryFrom<String> for ResourceRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const FORMATS: [&str; 4] = ["terraform", "cloudformation", "kubernetes", "azure"];
        match text.split_once(':') {
            Some((format, name)) if FORMATS.contains(&format) && !name.is_empty() => {
                Ok(Self { format: format.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!(
                "`{text}` is no type of resource; write one of: {}, a colon, and the type",
                FORMATS.join(", ")
            )),
        }
    }
}

impl From<ResourceRef> for String {
    fn from(resource: ResourceRef) -> Self {
        format!("{}:{}", resource.format, resource.name)
    }
}

/// A piece of code on which the rule must fire, or must not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Language of the code, or a manifest's file name (`requirements.txt`, `package.json`).
    pub language: String,
    /// Whether the rule fires on it.
    pub fires: bool,
    /// The code.
    pub code: String,
}

/// One detection rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Stable id.
    pub id: RuleId,
    /// One line for people.
    pub title: String,
    /// Canonical short name of the component; empty for rules that name none.
    #[serde(default)]
    pub name: String,
    /// What the component is; absent for rules that name none.
    #[serde(default)]
    pub kind: Option<ComponentKind>,
    /// 3: on its own proves an agent; 2: proves use of AI; 1: supports; 0: never alone.
    pub strength: u8,
    /// Version of Muster that brought the rule.
    pub since: String,
    /// Why a hit means what the rule says, and what it is easily mistaken for.
    pub rationale: String,
    /// Where to read about it.
    pub references: Vec<String>,
    /// Packages that bring it.
    #[serde(default)]
    pub packages: Vec<PackageRef>,
    /// Types of resources in infrastructure code that declare it.
    #[serde(default)]
    pub resources: Vec<ResourceRef>,
    /// Files that show it.
    #[serde(default, rename = "file")]
    pub files: Vec<FileSite>,
    /// Forms of exports of low-code products that are it: `n8n`, `dify`, `flowise`, `langflow`.
    #[serde(default)]
    pub flows: Vec<String>,
    /// How workflows and jobs run it.
    #[serde(default, rename = "run")]
    pub runs: Vec<RunSite>,
    /// Provider of the models it calls, where that is not the name.
    #[serde(default)]
    pub provider: Option<String>,
    /// Environment variables that carry its credentials; the first is the one it reads when none is named.
    #[serde(default)]
    pub credentials: Vec<String>,
    /// Hosts at which it is reached, as a policy or an address may name them: `api.openai.com`, `*.openai.azure.com`.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Environment variables that it reads and that are no credentials; a star at the end is for all that begin so:
    /// `OLLAMA_HOST`, `VLLM_*`.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Commands that start it as a server: the program, then words that must all be there (`vllm serve`).
    #[serde(default)]
    pub serves: Vec<String>,
    /// Mail addresses, in lower case, under which it writes commits or signs them beside a person.
    #[serde(default)]
    pub committers: Vec<String>,
    /// Literal texts whose presence makes a file worth parsing; derived from imports, credentials and texts
    /// unless given.
    #[serde(default)]
    pub anchors: Option<Vec<String>>,
    /// Places in code.
    #[serde(default, rename = "site")]
    pub sites: Vec<Site>,
    /// Keys as they look in any text.
    #[serde(default, rename = "key")]
    pub keys: Vec<KeyShape>,
    /// Files of weights by their names and beginnings.
    #[serde(default)]
    pub weights: Vec<WeightsShape>,
    /// Code on which it fires and on which it does not.
    #[serde(default, rename = "example")]
    pub examples: Vec<Example>,
}

impl Rule {
    /// Whether the rule is about AI itself, so that a hit makes a file worth parsing. Effects, triggers and other
    /// signals count only where AI was found.
    pub fn is_about_ai(&self) -> bool {
        self.kind.is_some()
    }

    /// An example as it is run: `{{key}}` is a key of the rule's first shape, `{{body}}` what follows the prefix of one;
    /// in a rule about files, `{{hex:…}}` are bytes.
    pub fn written(&self, example: &Example) -> Vec<u8> {
        if !self.weights.is_empty() {
            return weights::with_bytes(&example.code);
        }
        let code = self.keys.first().map(|shape| shape.write_into(&example.code));
        code.unwrap_or_else(|| example.code.clone()).into_bytes()
    }
}
