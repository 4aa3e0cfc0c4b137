//! What else runs under a role: functions, tasks, state machines, notebooks, models and applications.

use asmm_model::{Effect, Gate, SystemKind};
use serde_json::Value;

use super::Out;
use crate::answers::{Answer, Answers};
use crate::estate::{asks_model, text};
use crate::fields::at;
use crate::rights::Standing;

/// Something that runs under a role.
pub(crate) struct Workload<'a> {
    pub(crate) arn: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'static str,
    name: &'a str,
    pub(crate) role: Option<&'a str>,
    /// Names of variables that are set, or filled from secrets.
    variables: Vec<&'a str>,
    /// The type of CloudFormation that a rule may know.
    kind: &'static str,
    system: SystemKind,
    by_role: bool,
    /// Whether the kind of thing is about AI, whatever its role may do.
    is_ai: bool,
    /// What it asks by itself, as a state machine does.
    asks: Option<&'a str>,
}

/// Where workloads are listed, and the fields that tell what is needed.
struct Source {
    service: &'static str,
    operation: &'static str,
    items: &'static str,
    arn: &'static str,
    name: &'static str,
    role: &'static str,
    variables: &'static [&'static str],
    kind: &'static str,
    system: SystemKind,
    /// Whether what it does under its role is its own doing.
    by_role: bool,
    is_ai: bool,
}

const SOURCES: [Source; 8] = [
    Source {
        service: "lambda",
        operation: "ListFunctions",
        items: "Functions",
        arn: "FunctionArn",
        name: "FunctionName",
        role: "Role",
        variables: &["Environment.Variables"],
        kind: "AWS::Lambda::Function",
        system: SystemKind::Pipeline,
        by_role: true,
        is_ai: false,
    },
    Source {
        service: "ecs",
        operation: "DescribeTaskDefinition",
        items: "taskDefinition",
        arn: "taskDefinitionArn",
        name: "family",
        role: "taskRoleArn",
        variables: &["containerDefinitions.environment.name", "containerDefinitions.secrets.name"],
        kind: "AWS::ECS::TaskDefinition",
        system: SystemKind::Pipeline,
        by_role: true,
        is_ai: false,
    },
    Source {
        service: "stepfunctions",
        operation: "DescribeStateMachine",
        items: "",
        arn: "stateMachineArn",
        name: "name",
        role: "roleArn",
        variables: &[],
        kind: "AWS::StepFunctions::StateMachine",
        system: SystemKind::Pipeline,
        by_role: true,
        is_ai: false,
    },
    Source {
        service: "sagemaker",
        operation: "DescribeModel",
        items: "",
        arn: "ModelArn",
        name: "ModelName",
        role: "ExecutionRoleArn",
        variables: &["PrimaryContainer.Environment", "Containers.Environment"],
        kind: "AWS::SageMaker::Model",
        system: SystemKind::Serving,
        by_role: true,
        is_ai: true,
    },
    Source {
        service: "sagemaker",
        operation: "DescribeNotebookInstance",
        items: "",
        arn: "NotebookInstanceArn",
        name: "NotebookInstanceName",
        role: "RoleArn",
        variables: &[],
        kind: "AWS::SageMaker::NotebookInstance",
        system: SystemKind::Training,
        by_role: true,
        is_ai: false,
    },
    Source {
        service: "sagemaker",
        operation: "DescribeDomain",
        items: "",
        arn: "DomainArn",
        name: "DomainName",
        role: "DefaultUserSettings.ExecutionRole",
        variables: &[],
        kind: "AWS::SageMaker::Domain",
        system: SystemKind::Training,
        by_role: true,
        is_ai: false,
    },
    Source {
        service: "scheduler",
        operation: "GetSchedule",
        items: "",
        arn: "Arn",
        name: "Name",
        role: "Target.RoleArn",
        variables: &[],
        kind: "AWS::Scheduler::Schedule",
        system: SystemKind::Pipeline,
        // Its role starts something else, unless the target is a model itself.
        by_role: false,
        is_ai: false,
    },
    Source {
        service: "qbusiness",
        operation: "GetApplication",
        items: "",
        arn: "applicationArn",
        name: "displayName",
        role: "roleArn",
        variables: &[],
        kind: "AWS::QBusiness::Application",
        system: SystemKind::Assistant,
        by_role: true,
        is_ai: true,
    },
];

/// Everything that answers name as running under a role.
pub(crate) fn workloads(answers: &Answers) -> Vec<Workload<'_>> {
    let mut found = Vec::new();
    for source in &SOURCES {
        for answer in answers.of(source.service, source.operation) {
            found.extend(
                at(&answer.page, source.items).into_iter().filter_map(|item| of(source, answer, item)),
            );
        }
    }
    found
}

fn of<'a>(source: &'static Source, answer: &'a Answer, item: &'a Value) -> Option<Workload<'a>> {
    let arn = text(item, source.arn)?;
    let names = |value: &'a Value| -> Vec<&'a str> {
        match value {
            Value::Object(map) => map.keys().map(String::as_str).collect(),
            value => value.as_str().into_iter().collect(),
        }
    };
    let mut variables: Vec<&str> =
        source.variables.iter().flat_map(|path| at(item, path)).flat_map(names).collect();
    variables.sort_unstable();
    variables.dedup();
    let calls = ["definition", "Target.Arn"].into_iter().flat_map(|path| at(item, path));
    let asks = calls.filter_map(Value::as_str).find(|arn| asks_model(arn));
    Some(Workload {
        arn,
        region: &answer.region,
        service: source.service,
        name: text(item, source.name).unwrap_or(arn),
        role: text(item, source.role),
        variables,
        kind: source.kind,
        system: source.system,
        is_ai: source.is_ai,
        by_role: source.by_role,
        asks,
    })
}

impl Workload<'_> {
    /// What an application of Q Business may call: name, kind and place of each plugin that is switched on.
    fn plugins(&self, answers: &Answers) -> Option<Vec<(String, String, String)>> {
        let id = (self.service == "qbusiness").then(|| self.arn.rsplit('/').next())??;
        let of = |answer: &&Answer| answer.asked.get("applicationId").is_some_and(|asked| asked == id);
        let plugins =
            answers.of("qbusiness", "ListPlugins").filter(of).flat_map(|answer| at(&answer.page, "plugins"));
        let on = plugins.filter(|plugin| text(plugin, "state") != Some("DISABLED"));
        let told = on.map(|plugin| {
            let id = text(plugin, "pluginId").unwrap_or("unknown");
            let name = text(plugin, "displayName").unwrap_or(id).to_owned();
            (name, text(plugin, "type").unwrap_or("unknown").to_owned(), format!("{}, plugin {id}", self.arn))
        });
        Some(told.collect())
    }

    /// Whether it is an AI system, as far as the account shows.
    pub(crate) fn is_system(&self, estate: &crate::estate::Estate, pack: &muster_rules::RulePack) -> bool {
        let standing = self.role.and_then(|role| estate.standing(role));
        self.is_ai
            || self.asks.is_some()
            || self.by_role && standing >= Some(Standing::AiPolicy)
            || self.variables.iter().any(|name| !pack.credential(name).is_empty())
    }
}

pub(super) fn observe(out: &mut Out<'_>) {
    let estate = out.estate;
    for workload in workloads(&estate.answers) {
        if !workload.is_system(estate, out.pack) {
            continue;
        }
        let mut system = out.system(workload.arn, workload.name, workload.system, false);
        system.component(workload.kind, workload.arn);
        if let Some(asks) = workload.asks {
            system.asks(asks, workload.arn);
        }
        if let Some(role) = workload.role {
            system.acts_under(role, workload.arn);
        }
        if let Some(plugins) = workload.plugins(&estate.answers) {
            for (name, kind, place) in plugins {
                let note = format!("a plugin of the kind {kind}");
                system.tool(&name, Effect::Unknown, Gate::Unknown, &place, &note);
            }
        }
        system.variables(workload.variables.iter().copied(), workload.arn);
        system.started(workload.arn);
    }
}
