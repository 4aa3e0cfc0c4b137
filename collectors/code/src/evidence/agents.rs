//! The places where a model is called or an agent made, the tools it is given there, and whether results go back.

use std::collections::{BTreeMap, BTreeSet};

use muster_rules::{Language, Means, ToolArgument};

use super::graphs::{Circle, circles};
use super::reach::{Reach, targets};
use super::tools::{ToolList, Tools};
use crate::detect::{Detection, Hit, Presence, Subject};
use crate::program::{CallSite, Meaning, ModuleId, Routine, Spot};
use crate::syntax::{ClassId, Expr, LoopId};

/// One place where a model runs.
#[derive(Debug, Clone)]
pub(crate) struct ModelSite<'d> {
    /// The strongest hit there.
    pub(crate) hit: &'d Hit,
    pub(crate) means: Means,
    /// The tools given there; `None` where the site has no argument for tools at all, or carries none.
    pub(crate) tools: Option<ToolList>,
    /// Whether the rule knows an argument that would carry tools.
    pub(crate) may_carry_tools: bool,
    /// Whether it is given other agents.
    pub(crate) has_agents: bool,
    /// How many, where that can be counted.
    pub(crate) agent_count: Option<usize>,
    /// Whether it may take several steps by itself.
    pub(crate) has_steps: bool,
    /// Whether arguments that could not be followed may carry tools.
    pub(crate) is_unclear: bool,
}

/// Places of one part that are looked at.
const MAX_SITES: usize = 5_000;

/// How the results of tools go back to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// In a loop, or by recursion, in this routine; the mention that shows it is in that line.
    Loop { routine: Routine, line: u32 },
    /// Results go back, but no loop was seen.
    Once,
    /// Nothing shows that results go back.
    None,
}

/// Every place where a model runs in the modules that `is_own` names.
pub(crate) fn model_sites<'d>(
    detection: &'d Detection<'_>,
    is_own: &dyn Fn(ModuleId) -> bool,
) -> Vec<ModelSite<'d>> {
    let tools = Tools::new(detection);
    let mut by_place: BTreeMap<(ModuleId, Subject), Vec<&'d Hit>> = BTreeMap::new();
    for hit in &detection.hits {
        let runs = matches!(
            detection.means(hit),
            Means::Agent | Means::ModelCall | Means::BindsTools | Means::HoldsTools | Means::Chain
        );
        if (runs || calls_through(detection, hit)) && is_own(hit.module) {
            by_place.entry((hit.module, hit.subject)).or_default().push(hit);
        }
    }
    let offering = offering(detection);
    let asks = by_place.values().flatten().any(|hit| detection.means(hit) != Means::HoldsTools);
    let mut sites = Vec::new();
    let mut speaks_of_tools: BTreeMap<ModuleId, bool> = BTreeMap::new();
    let mut as_field: Option<bool> = None;
    for hits in by_place.into_values() {
        let Some(best) = hits.iter().min_by_key(|hit| rank(detection.means(hit))) else { continue };
        let mut means = detection.means(best);
        if means == Means::HoldsTools {
            let is_offered = offering.contains(&best.site.rule);
            if !is_offered && asks {
                continue;
            }
            means = if is_offered { Means::BindsTools } else { Means::HoldsTools };
        }
        let mut found = ModelSite {
            hit: best,
            means: if means == Means::Client { Means::ModelCall } else { means },
            tools: None,
            may_carry_tools: false,
            has_agents: false,
            agent_count: None,
            has_steps: false,
            is_unclear: false,
        };
        if means == Means::HoldsTools {
            // The model that may be given them is asked elsewhere.
            found.means = Means::ModelCall;
            found.is_unclear = true;
            sites.push(found);
            continue;
        }
        for hit in &hits {
            let site = detection.site(hit);
            found.may_carry_tools |= !site.tools.is_empty();
            if let Subject::Class(class) = hit.subject {
                if let Some(list) = tools.of_class(hit.module, class, &site.tools).filter(|l| !l.is_empty()) {
                    found.has_agents |= list.has_agents;
                    found.tools.get_or_insert_with(ToolList::default).extend(list);
                }
                continue;
            }
            if let (Some(_), Some(call)) = (&hit.through, hit.call()) {
                // What a function of the program is handed to ask a model with, whatever it makes of that.
                found.may_carry_tools = true;
                if let Some(list) = tools.of_call(call, &handed_over()).filter(|list| !list.is_empty()) {
                    found.tools.get_or_insert_with(ToolList::default).extend(list);
                    continue;
                }
            }
            let Some((call, _assumed)) = detection.behind(hit) else { continue };
            let given = detection.arguments(call);
            let has = |argument: &ToolArgument| {
                given.value(argument).is_some_and(|(spot, v)| carries(detection, spot, v))
            };
            found.is_unclear |= site.tools.iter().any(|tools| given.find(tools) == Presence::Unknown);
            found.has_agents |= site.agents.iter().any(has);
            for argument in &site.agents {
                if let Some((_, Expr::List(agents))) = given.value(argument) {
                    found.agent_count = Some(found.agent_count.unwrap_or(0) + agents.len());
                }
            }
            found.has_steps |= site.steps.iter().any(has);
            if let Some(list) = tools.of_call(call, &site.tools).filter(|list| !list.is_empty()) {
                found.has_agents |= list.has_agents;
                found.tools.get_or_insert_with(ToolList::default).extend(list);
            } else {
                // A function that seems to give none may put them together in a way that is not seen.
                found.is_unclear |= site.tools.iter().any(|argument| match given.find(argument) {
                    Presence::Given(spot, value) => is_made_by_a_call(detection, spot, value),
                    _ => false,
                });
            }
        }
        // A body that is put together in a way which is not followed may be given the tools that its module speaks of.
        let asks_by_address = hits.iter().any(|hit| {
            let mut tests = detection.site(hit).conditions.iter();
            tests.any(|test| !test.starts.is_empty() || !test.ends.is_empty())
        });
        if found.means == Means::ModelCall && found.tools.is_none() && asks_by_address {
            found.is_unclear |= *speaks_of_tools
                .entry(best.module)
                .or_insert_with(|| speaks_of_tools_at(detection, best.module));
            if !found.may_carry_tools && !found.is_unclear {
                found.is_unclear = handed_by(detection, best.routine()).into_iter().any(|id| {
                    *speaks_of_tools.entry(id).or_insert_with(|| speaks_of_tools_at(detection, id))
                });
            }
            // A body that is an object may be of a type which is written anywhere.
            let language = detection.program.module(best.module).dialect.language();
            if !found.may_carry_tools && matches!(language, Language::Java | Language::Kotlin) {
                found.is_unclear |= *as_field.get_or_insert_with(|| {
                    let all = detection.program.modules();
                    all.filter(|(id, _)| is_own(*id)).any(|(id, _)| has_tools_as_field(detection, id))
                });
            }
        }
        sites.push(found);
        if sites.len() == MAX_SITES {
            // What is not looked at may be anything.
            for site in &mut sites {
                site.is_unclear = true;
            }
            break;
        }
    }
    sites
}

/// Rules by which something in the program says that a model is offered the tools that it may be given.
fn offering(detection: &Detection<'_>) -> BTreeSet<u32> {
    let says =
        detection.hits.iter().filter(|h| matches!(detection.means(h), Means::Agent | Means::BindsTools));
    says.map(|hit| hit.site.rule).collect()
}

/// Whether a module names the part of a body that gives a model its tools.
fn speaks_of_tools_at(detection: &Detection<'_>, id: ModuleId) -> bool {
    let is_part = |name: &str| name.eq_ignore_ascii_case("tools");
    let module = detection.program.module(id);
    let in_map = |value: &Expr| match value {
        Expr::Map(entries) => entries.iter().any(|(key, _)| is_part(key)),
        value => in_text(value),
    };
    let in_calls = module.calls.iter().any(|call| {
        call.arguments.iter().any(|a| a.name.as_deref().is_some_and(is_part) || in_map(&a.value))
            || matches!(call.arguments.first().map(|a| &a.value), Some(Expr::Text(text)) if is_part(text))
    });
    in_calls
        || module.bindings.iter().any(|binding| in_map(&binding.value))
        || module.settings.iter().any(|setting| is_part(&setting.key) || in_map(&setting.value))
        || module.functions.iter().flat_map(|f| &f.returns).any(in_map)
}

/// Modules that a routine may be handed a body from: those of its callers, and of theirs.
fn handed_by(detection: &Detection<'_>, routine: Routine) -> BTreeSet<ModuleId> {
    const MOST: usize = 40;
    let mut seen: BTreeSet<Routine> = BTreeSet::new();
    let mut edge = vec![routine];
    for _ in 0..3 {
        let callers = edge.iter().flat_map(|at| detection.program.callers(*at));
        let above = callers.map(|call| {
            let within = detection.program.module(call.module).call(call.call).within;
            Routine { module: call.module, function: within }
        });
        edge = above.take(MOST).filter(|above| seen.insert(*above)).collect();
    }
    seen.into_iter().map(|routine| routine.module).collect()
}

/// Whether a text is, or is put together with, the JSON of a body that gives a model tools.
fn in_text(value: &Expr) -> bool {
    match value {
        Expr::Text(text) => {
            [r#""tools":"#, r#""tools" :"#, r#"\"tools\":"#].iter().any(|part| text.contains(part))
        }
        Expr::Choice(parts) => parts.iter().any(in_text),
        _ => false,
    }
}

/// Whether a type of the program has a part that gives a model its tools, as one does that is written as JSON.
fn has_tools_as_field(detection: &Detection<'_>, id: ModuleId) -> bool {
    let bindings = &detection.program.module(id).bindings;
    bindings.iter().any(|binding| binding.class.is_some() && binding.name.eq_ignore_ascii_case("tools"))
}

/// Parts of a body by which functions of a program are given tools.
fn handed_over() -> [ToolArgument; 2] {
    ["tools", "functions"].map(|name| ToolArgument(name.to_owned()))
}

/// Whether a function of the program makes a request to a model of what it is handed here.
fn calls_through(detection: &Detection<'_>, hit: &Hit) -> bool {
    let Some(call) = hit.call().filter(|_| hit.through.is_some() && detection.means(hit) == Means::Client)
    else {
        return false;
    };
    let given = detection.arguments(call);
    ["messages", "contents", "input", "prompt"]
        .iter()
        .any(|name| matches!(given.find(&ToolArgument((*name).to_owned())), Presence::Given(..)))
}

fn rank(means: Means) -> u8 {
    match means {
        Means::Agent => 0,
        Means::BindsTools => 1,
        Means::HoldsTools => 2,
        Means::ModelCall => 3,
        _ => 4,
    }
}

/// Whether what gives a value, itself or through the names that stand for it, is a call.
fn is_made_by_a_call(detection: &Detection<'_>, spot: Spot, value: &Expr) -> bool {
    let mut at = (spot, value);
    for _ in 0..6 {
        if matches!(at.1, Expr::Call(_)) {
            return true;
        }
        let Some(next) = detection.program.step(at.0, at.1) else { return false };
        at = next;
    }
    false
}

fn carries(detection: &Detection<'_>, spot: Spot, value: &Expr) -> bool {
    match value {
        // `stepCountIs(1)` is a single step, too.
        Expr::Call(call) => {
            let call = detection.program.module(spot.module).call(*call);
            !matches!(&call.arguments[..], [only] if matches!(&only.value, Expr::Literal(text) if &**text == "1"))
        }
        Expr::List(values) => !values.is_empty(),
        Expr::Map(entries) => !entries.is_empty(),
        // A single step is written `maxSteps: 1`.
        Expr::Literal(text) => {
            !matches!(&**text, "None" | "null" | "undefined" | "false" | "False" | "0" | "1")
        }
        _ => true,
    }
}

/// A routine, and the loop around a call in it.
type Round = (Routine, Option<(ModuleId, LoopId)>);

/// Answers whether results of tools go back to a model.
pub(crate) struct Rounds<'d, 'p> {
    detection: &'d Detection<'p>,
    reach: &'d Reach,
    /// Those of graphs of nodes.
    circles: Vec<Circle>,
    /// For every routine that leads to a name which hands a result back: the line of that name.
    handed_back: BTreeMap<Routine, u32>,
}

impl<'d, 'p> Rounds<'d, 'p> {
    pub(crate) fn of(detection: &'d Detection<'p>, reach: &'d Reach) -> Self {
        let mentions = detection.meaning(Means::ToolResult).map(|hit| (hit.routine(), hit.line));
        Self { detection, reach, circles: circles(detection), handed_back: reach.nearest(mentions) }
    }

    /// Whether results of tools go back to the model that is called at a site.
    pub(crate) fn feedback(&self, site: &ModelSite<'_>) -> Feedback {
        let (detection, reach) = (self.detection, self.reach);
        // What gives numbers for a text takes nothing back.
        if site.hit.name.to_ascii_lowercase().contains("embed") {
            return Feedback::None;
        }
        let routine = site.hit.routine();
        let (rounds, seen) = self.around(site);
        let circling: BTreeSet<Routine> =
            seen.iter().copied().filter(|routine| reach.is_recursive(*routine)).collect();
        let recursive = circling.iter().map(|routine| (*routine, None));
        let mut once = false;
        for (at, inside) in rounds.iter().copied().chain(recursive) {
            let loops = inside.is_some() || circling.contains(&at);
            if let Some(line) = self.handed_back.get(&at).copied() {
                if loops {
                    return Feedback::Loop { routine: at, line };
                }
                once = true;
            }
        }
        // A model that is called in one node, and results that are handed back in the same or another one of a circle.
        for circle in &self.circles {
            let around = reach.below(circle.routines.iter().copied());
            let mention = detection.meaning(Means::ToolResult).find(|hit| around.contains(&hit.routine()));
            if around.contains(&routine)
                && let Some(mention) = mention
            {
                return Feedback::Loop { routine: mention.routine(), line: mention.line };
            }
        }
        if once { Feedback::Once } else { Feedback::None }
    }

    /// The routine of a site and those that call it, as long as no loop was met, each with the loop that its call is in.
    fn around(&self, site: &ModelSite<'_>) -> (Vec<Round>, BTreeSet<Routine>) {
        let program = self.detection.program;
        let routine = site.hit.routine();
        let in_loop = |call: CallSite| program.module(call.module).call(call.call).in_loop.is_some();
        let mut rounds: Vec<Round> = Vec::new();
        if let Some(call) = site.hit.call() {
            let found = program.module(call.module).call(call.call);
            rounds.push((routine, found.in_loop.map(|l| (call.module, l))));
        }
        let mut edge = vec![routine];
        let mut seen: BTreeSet<Routine> = edge.iter().copied().collect();
        for _ in 0..4 {
            let mut next = Vec::new();
            for at in edge {
                for caller in program.callers(at) {
                    let found = program.module(caller.module).call(caller.call);
                    let above = Routine { module: caller.module, function: found.within };
                    rounds.push((above, found.in_loop.map(|l| (caller.module, l))));
                    if !in_loop(*caller) && seen.insert(above) {
                        next.push(above);
                    }
                }
            }
            edge = next;
        }
        (rounds, seen)
    }

    /// The loop in which results of tools go back to the model of a site, where it counts its rounds: module and line. One
    /// around it counts something else: tasks, or how often the whole is tried.
    pub(crate) fn counted(&self, site: &ModelSite<'_>) -> Option<(ModuleId, u32)> {
        let going_back = self.around(site).0.into_iter().find_map(|(at, inside)| {
            let (id, innermost) = inside?;
            let module = self.detection.program.module(id);
            let up = |id: &LoopId| module.loops.get(*id as usize).and_then(|found| found.outer);
            let mut loops = std::iter::successors(Some(innermost), up);
            let found = loops.find(|around| self.gives_back(at, *around))?;
            Some((id, module.loops.get(found as usize)?))
        });
        going_back.filter(|(_, found)| found.counted).map(|(id, found)| (id, found.line))
    }

    /// Whether results of tools are handed back within a loop of a routine, or by what is called there.
    fn gives_back(&self, at: Routine, around: LoopId) -> bool {
        let program = self.detection.program;
        let module = program.module(at.module);
        let is_inside = |innermost: Option<LoopId>| {
            let up = |id: &LoopId| module.loops.get(*id as usize).and_then(|found| found.outer);
            std::iter::successors(innermost, up).any(|id| id == around)
        };
        let mentions = self.detection.meaning(Means::ToolResult).filter(|hit| hit.routine() == at);
        let lines: BTreeSet<u32> = mentions.map(|hit| hit.line).collect();
        let named = module.mentions.iter().any(|mention| {
            mention.within == at.function && is_inside(mention.in_loop) && lines.contains(&mention.line)
        });
        let mut calls = program.calls_in(at).filter(|call| is_inside(module.call(call.call).in_loop));
        named
            || calls.any(|call| {
                lines.contains(&module.call(call.call).line)
                    || targets(program, call).iter().any(|target| self.handed_back.contains_key(target))
            })
    }
}

/// Last names of calls that run an agent or a chain which was made elsewhere.
const RUN_NAMES: [&str; 66] = [
    "invoke",
    "ainvoke",
    "stream",
    "astream",
    "astream_events",
    "stream_events",
    "streamEvents",
    "batch",
    "abatch",
    "run",
    "arun",
    "run_sync",
    "run_stream",
    "runStream",
    "run_async",
    "run_live",
    "generate",
    "agenerate",
    "generateText",
    "generateStream",
    "streamText",
    "kickoff",
    "kickoff_async",
    "chat",
    "achat",
    "query",
    "aquery",
    "initiate_chat",
    "predict",
    "apredict",
    "execute",
    "ask",
    "process",
    "step",
    "Run",
    "Call",
    "Generate",
    "Stream",
    "Invoke",
    "Execute",
    "Query",
    "Chat",
    "Predict",
    "RunAsync",
    "RunStreamingAsync",
    "InvokeAsync",
    "InvokeStreamingAsync",
    "GetResponseAsync",
    "GetStreamingResponseAsync",
    "SendAsync",
    "structured",
    "asText",
    "prompt",
    "call",
    "multi_turn",
    "stream_prompt",
    "stream_chat",
    "complete",
    "say",
    "add_message_and_run",
    "add_message_and_run!",
    "run!",
    "chat_completion",
    "generate_now",
    "generate_later",
    "run_with",
];

/// Calls that run an agent, a chain or a bound model which was made elsewhere: `agent.invoke(…)` on an object that a
/// model site made.
pub(crate) fn uses(detection: &Detection<'_>, sites: &[ModelSite<'_>]) -> BTreeSet<CallSite> {
    let made: BTreeSet<&str> =
        sites.iter().filter(|s| s.means != Means::ModelCall).map(|s| &*s.hit.name).collect();
    let classes = agent_classes(detection, sites);
    let mut found = BTreeSet::new();
    for (id, module) in detection.program.modules() {
        let language = module.dialect.language();
        let package = |name| package(language, name);
        let packages: BTreeSet<&str> = made.iter().map(|name| package(name)).collect();
        let by_any_name = !matches!(language, Language::Python | Language::JavaScript);
        for (call, _) in (0u32..).zip(&module.calls) {
            let site = CallSite { module: id, call };
            let runs = detection.program.callee(site).iter().any(|meaning| {
                let name = match meaning {
                    Meaning::External(name) => name,
                    // A method of a type that stands for an agent.
                    Meaning::Function(module, function) => {
                        let class = detection.program.module(*module).function(*function).class;
                        return class.is_some_and(|class| classes.contains(&(*module, class)));
                    }
                    _ => return false,
                };
                let Some((object, last)) = name.rsplit_once(['.', '#']) else { return false };
                // What is made from a type of the program is called by its methods.
                let is_own = by_any_name && made.contains(object) && !last.ends_with('=');
                is_own
                    || RUN_NAMES.contains(&last)
                        && packages.contains(package(name))
                        && (made.contains(object) || object.len() > package(name).len())
            });
            if runs {
                found.insert(site);
            }
        }
    }
    found
}

/// The package of a resolved name: its first part, or everything up to the `#`.
fn package(language: Language, name: &str) -> &str {
    if let Some(at) = name.find('#') {
        return &name[..=at];
    }
    // Where names begin with an organisation, that is no package yet.
    let parts = match language {
        Language::Java | Language::Kotlin => 3,
        Language::CSharp => 2,
        _ => 1,
    };
    let end = name.match_indices('.').nth(parts - 1).map_or(name.len(), |(at, _)| at);
    &name[..end]
}

/// Types of the program that stand for an agent: those that extend one or are annotated as one, and interfaces that
/// one is made for.
fn agent_classes(detection: &Detection<'_>, sites: &[ModelSite<'_>]) -> BTreeSet<(ModuleId, ClassId)> {
    let program = detection.program;
    let mut classes = BTreeSet::new();
    for site in sites.iter().filter(|site| site.means == Means::Agent) {
        if let Subject::Class(class) = site.hit.subject {
            classes.insert((site.hit.module, class));
        }
        let Some(call) = site.hit.call() else { continue };
        // The first call of the chain says for which type.
        let mut at = call;
        for _ in 0..40 {
            let found = program.module(at.module).call(at.call);
            let spot = Spot { module: at.module, function: found.within };
            for value in found.arguments.iter().take(2).map(|argument| &argument.value) {
                let types = program.resolve(spot, value).into_iter().filter_map(|meaning| match meaning {
                    Meaning::Class(module, class) => Some((module, class)),
                    _ => None,
                });
                classes.extend(types.filter(|(module, class)| {
                    let mut methods = program.methods(*module, *class).peekable();
                    methods.peek().is_some() && methods.all(|method| program.is_abstract(method))
                }));
            }
            let Expr::Member(object, _) = &found.callee else { break };
            let Expr::Call(next) = &**object else { break };
            at = CallSite { module: at.module, call: *next };
        }
    }
    classes
}
