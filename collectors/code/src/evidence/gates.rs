//! Who is asked before a tool runs: approval on the tool, on its agent, by name, in its body, or where it is called.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Gate;
use muster_rules::{Covers, Means, ToolArgument};

use super::agents::ModelSite;
use super::dispatches::Taken;
use super::effects::{Outcome, outcome};
use super::questions::{Asked, prompts};
use super::reach::{Reach, targets};
use super::tools::FoundTool;
use crate::detect::{Detection, Hit, Presence};
use crate::program::{CallSite, Meaning, ModuleId, Routine, Spot};
use crate::syntax::Expr;

/// An answer with the hits that give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gated<'d> {
    pub(crate) gate: Gate,
    /// Whether the code shows that some calls run without asking, and not only that some may wait.
    pub(crate) lets_some_through: bool,
    pub(crate) because: Vec<&'d Hit>,
}

/// Everything in a part that asks a person, or keeps from asking.
pub(crate) struct Gates<'d, 'p> {
    pub(super) detection: &'d Detection<'p>,
    pub(super) reach: &'d Reach,
    /// Routines in which a person is asked, with the hit that shows it.
    pub(super) asking: BTreeMap<Routine, &'d Hit>,
    /// Texts by the routine that they are written in: they ask, and the answer comes by another way.
    pub(super) messages: BTreeMap<Routine, Vec<&'d Hit>>,
    agent: Vec<&'d Hit>,
    named: Vec<&'d Hit>,
    pub(crate) bypasses: Vec<&'d Hit>,
    /// Where models are called.
    pub(super) models: BTreeSet<CallSite>,
    /// Calls that give what a model is asked: `ask(input())`.
    pub(super) prompts: BTreeSet<CallSite>,
    /// Routines from which one is called.
    pub(super) to_models: BTreeSet<Routine>,
    /// Those, and what they lead to.
    pub(super) around_models: BTreeSet<Routine>,
    /// Calls in them of what was found by a name.
    pub(super) dispatches: Vec<(Routine, Vec<CallSite>)>,
    pub(super) asked: Asked<'d>,
    /// Who is asked before these.
    pub(super) before_tables: OnceCell<Option<(Gate, &'d Hit)>>,
    /// Whether a framework runs the tools, and no code of the program.
    pub(super) is_run_by_a_framework: bool,
}

impl<'d, 'p> Gates<'d, 'p> {
    pub(crate) fn of(
        detection: &'d Detection<'p>,
        reach: &'d Reach,
        sites: &[ModelSite<'_>],
        is_own: &dyn Fn(ModuleId) -> bool,
    ) -> Self {
        let mut gates = Self {
            detection,
            reach,
            asking: BTreeMap::new(),
            messages: BTreeMap::new(),
            agent: Vec::new(),
            named: Vec::new(),
            bypasses: Vec::new(),
            models: asked(sites).collect(),
            prompts: asked(sites).flat_map(|site| prompts(detection.program, site)).collect(),
            to_models: reach.above(sites.iter().map(|s| s.hit.routine())),
            around_models: BTreeSet::new(),
            dispatches: Vec::new(),
            asked: Asked::default(),
            before_tables: OnceCell::new(),
            is_run_by_a_framework: sites.iter().any(|site| site.means == Means::Agent),
        };
        for hit in &detection.hits {
            match detection.means(hit) {
                Means::Bypass if is_own(hit.module) => gates.bypasses.push(hit),
                Means::Gate => match detection.site(hit).covers {
                    Covers::Body if hit.call().is_none() => {
                        gates.messages.entry(hit.routine()).or_default().push(hit);
                    }
                    Covers::Body => drop(gates.asking.entry(hit.routine()).or_insert(hit)),
                    Covers::Agent if is_own(hit.module) => gates.agent.push(hit),
                    Covers::Named if is_own(hit.module) => gates.named.push(hit),
                    Covers::Agent | Covers::Named | Covers::Tool => {}
                },
                _ => {}
            }
        }
        for (routine, messages) in &gates.messages {
            gates.asking.entry(*routine).or_insert(messages[0]);
        }
        if !gates.asking.is_empty() && !gates.is_run_by_a_framework {
            gates.around_models = reach.below(gates.to_models.iter().copied());
            gates.dispatches = Taken::of(detection.program).dispatches(detection, &gates.around_models);
        }
        gates
    }

    /// Whether nothing in the part could ever ask a person before a tool runs. A prompt that only reads the next
    /// question of a chat is not counted.
    pub(crate) fn is_ungated(&self, tools: &[(FoundTool, Outcome)]) -> bool {
        self.agent.is_empty()
            && self.named.is_empty()
            && tools
                .iter()
                .all(|(tool, outcome)| !tool.confirmed && self.of_tool(tool, outcome).because.is_empty())
    }

    /// Who is asked before this tool runs.
    pub(crate) fn of_tool(&self, tool: &FoundTool, outcome: &Outcome) -> Gated<'d> {
        let mut gated = Gated { gate: Gate::None, lets_some_through: false, because: Vec::new() };
        if tool.confirmed {
            return Gated { gate: Gate::Each, ..gated };
        }
        let detection = self.detection;
        let mut raise = |gate: Gate, hit: &'d Hit| {
            let stronger = match (gated.gate, gate) {
                (Gate::Each, _) | (_, Gate::Each) => Gate::Each,
                (Gate::Some, _) | (_, Gate::Some) => Gate::Some,
                (Gate::Unknown, _) | (_, Gate::Unknown) => Gate::Unknown,
                (Gate::None, Gate::None) => Gate::None,
            };
            gated.gate = stronger;
            // A function that decides for each call, or a question that only some calls meet.
            // Of a message it is not seen whether it is sent for each.
            gated.lets_some_through |=
                gate == Gate::Some && detection.site(hit).covers != Covers::Agent && hit.call().is_some();
            gated.because.push(hit);
        };
        for site in &tool.declared_by {
            for hit in detection.on_call(*site) {
                let what = detection.site(hit);
                if what.means == Means::Gate && what.covers == Covers::Tool {
                    raise(what.gate.unwrap_or(Gate::Unknown), hit);
                }
            }
        }
        for routine in &tool.handlers {
            for hit in detection.on_function(*routine) {
                let what = detection.site(hit);
                if what.means == Means::Gate && what.covers != Covers::Body {
                    raise(what.gate.unwrap_or(Gate::Unknown), hit);
                }
            }
        }
        let bypassed = !self.bypasses.is_empty();
        if !bypassed {
            for hit in &self.agent {
                if let Some(gate) = self.agent_gate(hit) {
                    raise(gate, hit);
                }
            }
        }
        for hit in &self.named {
            if let Some(gate) = self.named_gate(hit, &tool.name) {
                raise(gate, hit);
            }
        }
        let in_code = self.in_body(tool, outcome).into_iter().chain(self.at_dispatch(tool, outcome));
        let in_code: Vec<_> = in_code.collect();
        let by_name = if in_code.is_empty() { self.at_table(tool) } else { None };
        for (gate, hit) in in_code.into_iter().chain(by_name) {
            raise(gate, hit);
        }
        gated
    }

    /// A gate on a whole agent. One that interrupts before named nodes covers the tools only if it names their node.
    fn agent_gate(&self, hit: &Hit) -> Option<Gate> {
        let what = self.detection.site(hit);
        let gate = what.gate.unwrap_or(Gate::Unknown);
        let (Some(call), Some(test)) = (hit.call(), what.conditions.iter().find(|t| !t.absent)) else {
            return Some(gate);
        };
        let names = match self.detection.arguments(call).value(&test.name) {
            Some((_, Expr::List(names))) => names,
            Some((spot, value)) => {
                let Some(callback) = self.callback(spot, value) else { return Some(gate) };
                return self.decided_by(callback, call, gate);
            }
            None => return Some(gate),
        };
        let texts: Vec<&str> = names
            .iter()
            .filter_map(|name| if let Expr::Text(text) = name { Some(&**text) } else { None })
            .collect();
        let covers_tools = |name: &str| {
            let name = name.to_ascii_lowercase();
            name == "*" || name.contains("tool") || name.contains("action")
        };
        if texts.is_empty() {
            return Some(gate);
        }
        let nodes = self.tool_nodes();
        if nodes.is_empty() {
            return Some(if texts.iter().any(|name| covers_tools(name)) { gate } else { Gate::Some });
        }
        texts.iter().any(|name| nodes.contains(*name) || *name == "*").then_some(gate)
    }

    /// The function of the program that a value is.
    fn callback(&self, spot: Spot, value: &Expr) -> Option<Routine> {
        if let Expr::Function(function) = value {
            return Some(Routine { module: spot.module, function: Some(*function) });
        }
        self.detection.program.resolve(spot, value).iter().find_map(|meaning| match meaning {
            Meaning::Function(module, function) => {
                Some(Routine { module: *module, function: Some(*function) })
            }
            _ => None,
        })
    }

    /// What a function that is asked before tools run comes to: a question for each call, for some, or none where it can
    /// be followed and asks nobody.
    fn decided_by(&self, callback: Routine, made: CallSite, otherwise: Gate) -> Option<Gate> {
        let program = self.detection.program;
        let module = program.module(callback.module);
        let mut asks = program.calls_in(callback).filter(|site| self.question(*site).is_some()).peekable();
        if asks.peek().is_none() {
            let outcome = outcome(self.detection, &[callback], &[]);
            let is_settled = outcome.unresolved.is_empty() && self.asks(callback, 2).is_none();
            return if is_settled { None } else { Some(otherwise) };
        }
        // What is allowed beforehand is not asked about, nor what the function lets through before it asks.
        let given = self.detection.arguments(made);
        let beforehand = ["allowed_tools", "options.allowedTools", "allowedTools"]
            .iter()
            .any(|name| given.find(&ToolArgument((*name).to_owned())) != Presence::Absent);
        let returns = callback.function.map_or(0, |f| module.function(f).returns.len());
        let always = asks.any(|site| module.call(site.call).branch.is_none());
        Some(if always && returns <= 2 && !beforehand { Gate::Each } else { Gate::Some })
    }

    /// Names under which nodes that run tools were added to a graph.
    fn tool_nodes(&self) -> BTreeSet<String> {
        let program = self.detection.program;
        let mut nodes = BTreeSet::new();
        for (id, module) in program.modules() {
            for (call, found) in (0u32..).zip(&module.calls) {
                let Expr::Member(_, name) = &found.callee else { continue };
                if !matches!(&**name, "add_node" | "addNode") {
                    continue;
                }
                let site = CallSite { module: id, call };
                let given = self.detection.arguments(site);
                let argument = |n: &str| given.value(&ToolArgument(n.to_owned()));
                let runs_tools = |value: Option<(Spot, &Expr)>| match value {
                    Some((spot, Expr::Call(call))) => {
                        let site = CallSite { module: spot.module, call: *call };
                        self.detection.on_call(site).any(|h| self.detection.means(h) == Means::Agent)
                    }
                    _ => false,
                };
                match argument("@0") {
                    Some((_, Expr::Text(name))) if runs_tools(argument("@1")) => {
                        nodes.insert(name.to_string());
                    }
                    first if runs_tools(first) => {
                        nodes.insert("tools".to_owned());
                    }
                    _ => {}
                }
            }
        }
        nodes
    }

    /// A gate that names its tools: in a map `tool: True`, in a list, or in a single text.
    fn named_gate(&self, hit: &Hit, tool: &str) -> Option<Gate> {
        let what = self.detection.site(hit);
        let gate = what.gate.unwrap_or(Gate::Unknown);
        let call = hit.call()?;
        let argument: &ToolArgument = &what.conditions.iter().find(|t| !t.absent)?.name;
        let Some((spot, value)) = self.detection.arguments(call).value(argument) else {
            return Some(Gate::Unknown);
        };
        match value {
            Expr::Map(entries) => {
                let Some((_, value)) = entries.iter().find(|(key, _)| &**key == tool) else {
                    let open = entries.iter().any(|(key, _)| key.is_empty());
                    return open.then_some(Gate::Unknown);
                };
                match self.detection.program.value_of(spot, value).1 {
                    Expr::Literal(text) if text.eq_ignore_ascii_case("false") => None,
                    _ => Some(gate),
                }
            }
            Expr::List(values) => {
                let mut open = false;
                for value in values {
                    match self.detection.program.value_of(spot, value).1 {
                        Expr::Text(text) if &**text == tool => return Some(gate),
                        Expr::Text(_) => {}
                        Expr::Name(name) if &**name == tool => return Some(gate),
                        _ => open = true,
                    }
                }
                open.then_some(Gate::Unknown)
            }
            Expr::Text(text) => (&**text == tool || &**text == "*").then_some(gate),
            // A function decides for each call.
            Expr::Function(_) => Some(Gate::Some),
            _ => Some(Gate::Unknown),
        }
    }

    /// A person is asked in the body, before what it changes.
    fn in_body(&self, tool: &FoundTool, outcome: &Outcome) -> Option<(Gate, &'d Hit)> {
        let mut gates = Vec::new();
        let mut shown = None;
        for change in &outcome.changes {
            // Every step from the tool's own body down to the change is a chance to ask first.
            let best = change
                .through
                .iter()
                .chain(std::iter::once(&change.site))
                .filter_map(|step| self.on_the_way(*step))
                .min_by_key(|(gate, _)| *gate != Gate::Each);
            gates.push(best.map_or(Gate::None, |(gate, _)| gate));
            shown = shown.or(best.map(|(_, hit)| hit));
        }
        if outcome.changes.is_empty() {
            // What cannot be followed may still be asked about first.
            let asks = tool.handlers.iter().find_map(|routine| self.asks(*routine, 2));
            return asks.map(|hit| (Gate::Some, hit));
        }
        let hit = shown?;
        let gate = if gates.iter().all(|g| *g == Gate::Each) { Gate::Each } else { Gate::Some };
        Some((gate, hit))
    }

    /// A person is asked where hand-written code runs the tool calls of a model.
    fn at_dispatch(&self, tool: &FoundTool, outcome: &Outcome) -> Option<(Gate, &'d Hit)> {
        if self.asking.is_empty() {
            return None;
        }
        let program = self.detection.program;
        let mut handlers = tool.handlers.clone();
        if handlers.is_empty() {
            // An answer that is itself executed: the function that does it is the tool.
            let direct = outcome.changes.iter().filter(|change| change.through.is_empty());
            handlers.extend(direct.map(|change| Routine {
                module: change.site.module,
                function: program.module(change.site.module).call(change.site.call).within,
            }));
        }
        if handlers.is_empty() {
            return None;
        }
        let above = self.reach.above(handlers.iter().copied());
        let mut best = None;
        for routine in &above {
            if handlers.contains(routine) {
                continue;
            }
            for site in program.calls_in(*routine) {
                if !targets(program, site).iter().any(|t| above.contains(t)) {
                    continue;
                }
                if let Some((gate, hit)) = self.at_call(*routine, site) {
                    let better = best.is_none_or(|(b, _)| b != Gate::Each);
                    if better {
                        best = Some((gate, hit));
                    }
                }
            }
        }
        best
    }
}

/// Where a model is asked, or an agent made that asks one.
fn asked<'s>(sites: &'s [ModelSite<'_>]) -> impl Iterator<Item = CallSite> + 's {
    sites.iter().filter(|site| site.means != Means::BindsTools).filter_map(|site| site.hit.call())
}
