//! Agents and flows of Amazon Bedrock, with every version that an alias leads to.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Claim, Effect, Fact, Gate, JoinStrength, Key, Place, SystemKind};
use serde_json::Value;

use super::{Out, System, effect};
use crate::answers::{Answer, Answers};
use crate::estate::{Estate, text};
use crate::fields::at;

const SERVICE: &str = "bedrock-agent";

/// One version of an agent: the draft, or one that an alias leads to.
struct Version<'a> {
    number: &'a str,
    set: &'a Value,
}

pub(super) fn observe(out: &mut Out<'_>) {
    let answers = &out.estate.answers;
    for answer in answers.of(SERVICE, "GetAgent") {
        let Some(draft) = answer.page.get("agent") else { continue };
        if let Some((id, arn)) = text(draft, "agentId").zip(text(draft, "agentArn")) {
            agent(out, answer, draft, id, arn);
        }
    }
    for answer in answers.of(SERVICE, "ListAgents") {
        for summary in at(&answer.page, "agentSummaries") {
            let Some(id) = text(summary, "agentId") else { continue };
            if !answers
                .of(SERVICE, "GetAgent")
                .any(|known| known.asked.get("agentId").is_some_and(|asked| asked == id))
            {
                listed(out, &answer.region, id, text(summary, "agentName").unwrap_or(id));
            }
        }
    }
    for answer in answers.of(SERVICE, "GetFlow") {
        if let Some(arn) = text(&answer.page, "arn") {
            flow(out, &answer.page, arn);
        }
    }
}

/// Whether all that is attached to an agent was answered: what could not be seen must not count as not there.
fn is_whole(answers: &Answers, region: &str, id: &str, versions: &[&str]) -> bool {
    let of = |operation: &str, version: Option<&str>| -> Vec<&Answer> {
        let asked_for = |answer: &Answer, name: &str, value: &str| {
            answer.asked.get(name).is_some_and(|asked| asked == value)
        };
        let pages = answers.of(SERVICE, operation).filter(|answer| answer.region == region);
        pages
            .filter(|answer| asked_for(answer, "agentId", id))
            .filter(|answer| version.is_none_or(|version| asked_for(answer, "agentVersion", version)))
            .collect()
    };
    let is_listed = |pages: &[&Answer]| !pages.is_empty() && pages.iter().all(|page| !page.cut);
    let aliases = of("ListAgentAliases", None);
    let mut led_to = aliases
        .iter()
        .flat_map(|answer| at(&answer.page, "agentAliasSummaries.routingConfiguration.agentVersion"))
        .filter_map(Value::as_str);
    is_listed(&aliases)
        && led_to.all(|version| versions.contains(&version))
        && versions.iter().all(|version| {
            let groups = of("ListAgentActionGroups", Some(version));
            let listed =
                groups.iter().map(|answer| at(&answer.page, "actionGroupSummaries.actionGroupId").len());
            is_listed(&groups)
                && of("GetAgentActionGroup", Some(version)).len() >= listed.sum()
                && is_listed(&of("ListAgentKnowledgeBases", Some(version)))
                && is_listed(&of("ListAgentCollaborators", Some(version)))
        })
}

/// An agent of which nothing but its place in a list could be read.
fn listed(out: &mut Out<'_>, region: &str, id: &str, name: &str) {
    let arn = format!("arn:aws:bedrock:{region}:{}:agent/{id}", out.estate.number);
    let mut system = out.system(&arn, name, SystemKind::Agent, false);
    system.component("AWS::Bedrock::Agent", &arn);
    system.speak("managed-agent", &arn, name);
}

fn agent(out: &mut Out<'_>, answer: &Answer, draft: &Value, id: &str, arn: &str) {
    let answers = &out.estate.answers;
    let mut versions = vec![Version { number: "DRAFT", set: draft }];
    let of_agent = |answer: &&Answer| answer.asked.get("agentId").is_some_and(|asked| asked == id);
    versions.extend(answers.of(SERVICE, "GetAgentVersion").filter(of_agent).filter_map(|answer| {
        let set = answer.page.get("agentVersion")?;
        Some(Version { number: text(set, "version")?, set })
    }));
    let name = text(draft, "agentName").unwrap_or(id);
    let numbers: Vec<&str> = versions.iter().map(|version| version.number).collect();
    let complete = is_whole(answers, &answer.region, id, &numbers);
    let mut system = out.system(arn, name, SystemKind::Agent, complete);
    system.component("AWS::Bedrock::Agent", arn);
    let mut attached = Attached::default();
    for version in &versions {
        let locator = format!("{arn} (version {})", version.number);
        system.speak("managed-agent", &locator, name);
        if let Some(model) = text(version.set, "foundationModel") {
            system.model(model, &locator);
        }
        if let Some(role) = text(version.set, "agentResourceRoleArn") {
            system.acts_under(role, &locator);
        }
        if let Some(function) = text(version.set, "customOrchestration.executor.lambda") {
            let note = "this function decides what comes next";
            system.tool(short(function), Effect::Unknown, Gate::Unknown, &locator, note);
        }
        if at(version.set, "memoryConfiguration.enabledMemoryTypes").is_empty() {
            attached.forgets = true;
        } else {
            attached.remembers = true;
            system.speak("managed-memory", &locator, name);
        }
        if text(version.set, "guardrailConfiguration.guardrailIdentifier").is_some() {
            system.component("AWS::Bedrock::Guardrail", &locator);
        }
        details(&mut system, answers, id, (version.number, &locator), &mut attached);
    }
    judge(&mut system, arn, name, complete, &attached);
    for alias in aliases(answers, id) {
        system.started(&alias);
    }
    system.started(arn);
}

/// What is attached to an agent, over all its versions.
#[derive(Default)]
struct Attached {
    /// Actions by name.
    actions: BTreeMap<String, Action>,
    remembers: bool,
    forgets: bool,
    /// The agents that it hands work to.
    others: BTreeSet<String>,
}

/// Something that an agent may have done.
#[derive(Debug, Clone)]
struct Action {
    name: String,
    does: Effect,
    /// Whether a person is asked before it.
    gate: Gate,
    place: String,
    note: String,
    /// The name of the function that carries it out, and the role of that.
    function: Option<String>,
    role: Option<String>,
    /// Whether it runs code that the model writes.
    runs_code: bool,
}

fn details(
    system: &mut System<'_, '_>,
    answers: &Answers,
    id: &str,
    version: (&str, &str),
    attached: &mut Attached,
) {
    let (number, locator) = version;
    let of = |answer: &&Answer| {
        let is = |name: &str, value: &str| answer.asked.get(name).is_some_and(|asked| asked == value);
        is("agentId", id) && is("agentVersion", number)
    };
    for answer in answers.of(SERVICE, "GetAgentActionGroup").filter(of) {
        for action in actions(system.out.estate, &answer.page, locator) {
            if let Some(role) = &action.role {
                system.acts_under(role, &action.place);
            }
            if let Some(function) = &action.function {
                // Where a function is kept that several agents call is no sign that these are one: it is for a person to look at.
                let (value, place) = (format!("aws/function/{function}"), Place::locator(&action.place));
                let key = Key { claim: Claim::Has, value, strength: JoinStrength::Weak, place };
                system.put(Fact::Key(key));
            }
            if action.runs_code {
                system.speak("managed-code-interpreter", &action.place, &action.name);
            }
            if !attached.actions.contains_key(&action.name) {
                system.tool(&action.name, action.does, action.gate, &action.place, &action.note);
                attached.actions.insert(action.name.clone(), action);
            }
        }
    }
    for answer in answers.of(SERVICE, "ListAgentKnowledgeBases").filter(of) {
        for base in at(&answer.page, "agentKnowledgeBaseSummaries") {
            let on = text(base, "knowledgeBaseState") != Some("DISABLED");
            if let Some(base) = text(base, "knowledgeBaseId").filter(|_| on) {
                system.speak("managed-knowledge", locator, base);
                system.component("AWS::Bedrock::KnowledgeBase", locator);
            }
        }
    }
    for answer in answers.of(SERVICE, "ListAgentCollaborators").filter(of) {
        for other in at(&answer.page, "agentCollaboratorSummaries") {
            let name = text(other, "collaboratorName").or_else(|| text(other, "collaboratorId"));
            system.speak("managed-collaborators", locator, name.unwrap_or("an agent"));
            // `arn:…:agent-alias/AGENT/ALIAS`
            let alias = text(other, "agentDescriptor.aliasArn").unwrap_or_default();
            let agent = alias.split(":agent-alias/").nth(1).and_then(|rest| rest.split('/').next());
            attached.others.insert(agent.unwrap_or_default().to_owned());
        }
    }
}

/// The actions of an action group that is switched on.
fn actions(estate: &Estate, page: &Value, locator: &str) -> Vec<Action> {
    let Some(group) = page.get("agentActionGroup") else { return Vec::new() };
    if text(group, "actionGroupState") == Some("DISABLED") {
        return Vec::new();
    }
    let name = text(group, "actionGroupName").unwrap_or("an action group");
    let action = Action {
        name: name.to_owned(),
        does: Effect::Unknown,
        gate: Gate::Unknown,
        place: format!("{locator}, action group {name}"),
        note: "the application that asks carries it out".to_owned(),
        function: None,
        role: None,
        runs_code: false,
    };
    match text(group, "parentActionSignature") {
        Some("AMAZON.CodeInterpreter") => {
            let note = "code that the model writes is run".to_owned();
            return vec![Action { does: Effect::Execute, gate: Gate::None, note, runs_code: true, ..action }];
        }
        // It asks the user something, and does nothing else.
        Some("AMAZON.UserInput") => return Vec::new(),
        Some(signature) if signature.starts_with("ANTHROPIC.") => {
            let note = "a tool that the model brings along".to_owned();
            return vec![Action { does: Effect::Execute, note, ..action }];
        }
        _ => {}
    }
    let action = match text(group, "actionGroupExecutor.lambda") {
        Some(function) => {
            let role = function_role(&estate.answers, function);
            let does = effect(role.as_deref().and_then(|role| estate.rights.get(role)));
            let note = format!("runs the function {}", short(function));
            Action { does, function: name_of_function(function).map(str::to_owned), role, note, ..action }
        }
        None => action,
    };
    let functions = at(group, "functionSchema.functions");
    if functions.is_empty() {
        return vec![action];
    }
    let each = |function: &Value| {
        let asks = text(function, "requireConfirmation") == Some("ENABLED");
        Action {
            name: format!("{name}/{}", text(function, "name").unwrap_or("a function")),
            gate: if asks { Gate::Each } else { Gate::None },
            ..action.clone()
        }
    };
    functions.into_iter().map(each).collect()
}

/// The actions of agents that work is handed to, and of those that they hand it to.
fn actions_of_others(estate: &Estate, others: &BTreeSet<String>) -> Vec<Action> {
    let answers = &estate.answers;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut next: Vec<String> = others.iter().cloned().collect();
    let mut found = Vec::new();
    while let Some(id) = next.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let of = |answer: &&Answer| answer.asked.get("agentId") == Some(&id);
        for answer in answers.of(SERVICE, "GetAgentActionGroup").filter(of) {
            let version = answer.asked.get("agentVersion").map_or("", String::as_str);
            found.extend(actions(estate, &answer.page, &format!("agent {id} (version {version})")));
        }
        for answer in answers.of(SERVICE, "ListAgentCollaborators").filter(of) {
            let aliases = at(&answer.page, "agentCollaboratorSummaries.agentDescriptor.aliasArn");
            let ids = aliases
                .into_iter()
                .filter_map(|alias| alias.as_str()?.split(":agent-alias/").nth(1)?.split('/').next());
            next.extend(ids.map(str::to_owned));
        }
    }
    found
}

/// What follows from everything that is attached.
fn judge(system: &mut System<'_, '_>, arn: &str, name: &str, complete: bool, attached: &Attached) {
    let of_others = actions_of_others(system.out.estate, &attached.others);
    let all: Vec<&Action> = attached.actions.values().chain(&of_others).collect();
    // Of agents that work is handed to, only what they may do is known for sure, not what they may not.
    let complete_alone = complete && attached.others.is_empty();
    if let Some(action) = all.iter().find(|action| action.does.changes_state()) {
        system.speak("managed-agent-acts", &action.place, &action.name);
    } else if complete_alone && all.is_empty() {
        system.speak("managed-no-actions", arn, name);
    } else if complete_alone && all.iter().all(|action| action.does == Effect::Read) {
        system.speak("identities-only-read", arn, name);
    }
    let unasked = |action: &&&Action| action.does.changes_state() && action.gate == Gate::None;
    if let Some(action) = all.iter().find(unasked) {
        system.speak("managed-actions-unconfirmed", &action.place, &action.name);
    } else if complete_alone && !all.is_empty() && all.iter().all(|action| action.gate == Gate::Each) {
        system.speak("managed-actions-confirmed", arn, name);
    }
    if !complete {
        return;
    }
    if attached.forgets && !attached.remembers {
        system.speak("managed-no-memory", arn, name);
    }
    if attached.others.is_empty() {
        system.speak("managed-no-collaborators", arn, name);
    }
    if !all.iter().any(|action| action.runs_code) {
        system.speak("managed-no-code-interpreter", arn, name);
    }
}

fn flow(out: &mut Out<'_>, flow: &Value, arn: &str) {
    let name = text(flow, "name").unwrap_or(arn);
    let mut system = out.system(arn, name, SystemKind::Pipeline, false);
    system.component("AWS::Bedrock::Flow", arn);
    if let Some(role) = text(flow, "executionRoleArn") {
        system.acts_under(role, arn);
    }
    let kinds: BTreeSet<&str> =
        at(flow, "definition.nodes").into_iter().filter_map(|node| text(node, "type")).collect();
    if kinds.contains("Agent") {
        system.speak("managed-collaborators", arn, name);
    }
    if kinds.contains("KnowledgeBase") {
        system.speak("managed-knowledge", arn, name);
    }
    system.started(arn);
}

/// The ARNs of the aliases of an agent, by which others start it.
fn aliases(answers: &Answers, id: &str) -> Vec<String> {
    let of = answers
        .of(SERVICE, "ListAgentAliases")
        .filter(|answer| answer.asked.get("agentId").is_some_and(|a| a == id));
    let agents = answers.of(SERVICE, "GetAgent").find_map(|answer| {
        (text(&answer.page, "agent.agentId") == Some(id))
            .then(|| text(&answer.page, "agent.agentArn"))
            .flatten()
    });
    let Some(base) = agents.and_then(|arn| arn.rsplit_once(":agent/")).map(|(base, _)| base) else {
        return Vec::new();
    };
    let names = of.flat_map(|answer| at(&answer.page, "agentAliasSummaries"));
    names
        .filter_map(|alias| text(alias, "agentAliasId"))
        .map(|alias| format!("{base}:agent-alias/{id}/{alias}"))
        .collect()
}

/// The role of a function, which may be named with a version or an alias.
pub(super) fn function_role(answers: &Answers, function: &str) -> Option<String> {
    let mut functions =
        answers.of("lambda", "ListFunctions").flat_map(|answer| at(&answer.page, "Functions"));
    let is = |known: &&Value| {
        text(known, "FunctionArn").is_some_and(|arn| {
            function == arn || function.strip_prefix(arn).is_some_and(|r| r.starts_with(':'))
        })
    };
    functions.find(is).and_then(|function| text(function, "Role")).map(str::to_owned)
}

/// The name in the ARN of a function, which may end with a version or an alias.
fn name_of_function(arn: &str) -> Option<&str> {
    arn.split(':').nth(6).filter(|name| !name.is_empty())
}

/// The last part of an ARN.
pub(super) fn short(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}
