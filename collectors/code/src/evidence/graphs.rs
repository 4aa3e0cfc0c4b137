//! Graphs of named nodes (LangGraph and its like): which functions are nodes, and whether the edges lead in a circle.

use std::collections::{BTreeMap, BTreeSet};

use muster_rules::ToolArgument;

use crate::detect::Detection;
use crate::program::{CallSite, ModuleId, Routine, Spot};
use crate::syntax::Expr;

/// Names that are followed, each bound to the next.
const MAX_NAMES: u8 = 6;
/// Names that stand for the begin and the end of a graph.
const ENDS: [&str; 4] = ["START", "END", "__start__", "__end__"];

/// The graphs of one module: a module mostly builds one, and edges of two graphs of a module never meet.
#[derive(Debug, Default)]
struct Graph {
    nodes: BTreeMap<String, BTreeSet<Routine>>,
    edges: BTreeMap<String, BTreeSet<String>>,
    /// The line of the first edge.
    line: u32,
}

/// A node that is come back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) module: ModuleId,
    pub(crate) line: u32,
    /// What runs in the nodes of the circle.
    pub(crate) routines: BTreeSet<Routine>,
}

/// The circles of all graphs.
pub(crate) fn circles(detection: &Detection<'_>) -> Vec<Circle> {
    let program = detection.program;
    let mut found = Vec::new();
    for (id, module) in program.modules() {
        let mut graph = Graph::default();
        for (call, _) in (0u32..).zip(&module.calls) {
            graph.read(detection, CallSite { module: id, call });
        }
        if graph.edges.is_empty() {
            continue;
        }
        let in_circle: BTreeSet<&String> =
            graph.nodes.keys().filter(|node| graph.beyond(node).contains(node.as_str())).collect();
        if !in_circle.is_empty() {
            let routines = in_circle.iter().flat_map(|node| &graph.nodes[*node]).copied().collect();
            found.push(Circle { module: id, line: graph.line, routines });
        }
    }
    found
}

/// What runs in the nodes of all graphs of these modules; `None` where there is none, or one was not followed.
pub(crate) fn nodes(
    detection: &Detection<'_>,
    is_own: &dyn Fn(ModuleId) -> bool,
) -> Option<BTreeSet<Routine>> {
    let program = detection.program;
    let mut found = BTreeSet::new();
    for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
        for (call, _) in (0u32..).zip(&module.calls) {
            let site = CallSite { module: id, call };
            match module.call(call).callee.last_name() {
                Some("add_node" | "addNode") => {}
                Some("add_sequence" | "addSequence") => return None,
                _ => continue,
            }
            let given = detection.arguments(site);
            let argument = |name: &str| given.find(&ToolArgument(name.to_owned())).value();
            let (spot, value) = argument("@1").or_else(|| argument("@0"))?;
            let runs = routines(detection, spot, value);
            if runs.is_empty() {
                return None;
            }
            found.extend(runs);
        }
    }
    (!found.is_empty()).then_some(found)
}

impl Graph {
    fn read(&mut self, detection: &Detection<'_>, site: CallSite) {
        let program = detection.program;
        let call = program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        let given = detection.arguments(site);
        let argument = |name: &str| given.value(&ToolArgument(name.to_owned()));
        let name = match &call.callee {
            Expr::Member(_, name) | Expr::Name(name) => &**name,
            _ => return,
        };
        match name {
            "add_node" | "addNode" => {
                let (label, at) = match argument("@0") {
                    Some((_, Expr::Text(label))) => (label.to_string(), "@1"),
                    Some((_, Expr::Name(function))) => (function.to_string(), "@0"),
                    _ => return,
                };
                let value = given.find(&ToolArgument(at.to_owned())).value();
                let routines =
                    value.map(|(spot, value)| routines(detection, spot, value)).unwrap_or_default();
                self.nodes.entry(label).or_default().extend(routines);
            }
            "add_edge" | "addEdge" => {
                if let (Some((_, from)), Some((_, to))) = (argument("@0"), argument("@1")) {
                    self.connect(&texts(from), &texts(to), call.line);
                }
            }
            "add_conditional_edges" | "addConditionalEdges" => {
                let Some((_, from)) = argument("@0") else { return };
                let mut to: Vec<String> = ["@2", "path_map"]
                    .iter()
                    .filter_map(|n| argument(n))
                    .flat_map(|(_, v)| texts(v))
                    .collect();
                // Without a list of targets, what the deciding function returns are the targets.
                if let Some(Expr::Name(_) | Expr::Member(..)) = call.arguments.get(1).map(|a| &a.value) {
                    for routine in routines(detection, spot, &call.arguments[1].value) {
                        let module = program.module(routine.module);
                        let returns = routine.function.map(|f| &module.function(f).returns);
                        to.extend(returns.into_iter().flatten().flat_map(texts));
                    }
                }
                self.connect(&texts(from), &to, call.line);
            }
            // `Command(goto="next")` in the function of a node.
            "Command" => {
                let to = argument("goto").map(|(_, v)| texts(v)).unwrap_or_default();
                let here = Routine { module: site.module, function: call.within };
                let from: Vec<String> = match call.within {
                    Some(function) => vec![program.module(site.module).function(function).name.to_string()],
                    None => Vec::new(),
                };
                let labels: Vec<String> =
                    self.nodes.iter().filter(|(_, r)| r.contains(&here)).map(|(l, _)| l.clone()).collect();
                self.connect(if labels.is_empty() { &from } else { &labels }, &to, call.line);
            }
            _ => {}
        }
    }

    fn connect(&mut self, from: &[String], to: &[String], line: u32) {
        for from in from.iter().filter(|name| !ENDS.contains(&name.as_str())) {
            for to in to.iter().filter(|name| !ENDS.contains(&name.as_str())) {
                self.edges.entry(from.clone()).or_default().insert(to.clone());
                if self.line == 0 {
                    self.line = line;
                }
            }
        }
    }

    /// Every node that is reached from one, by at least one edge.
    fn beyond(&self, node: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut edge = vec![node];
        while let Some(at) = edge.pop() {
            for next in self.edges.get(at).into_iter().flatten() {
                if found.insert(next.as_str()) {
                    edge.push(next);
                }
            }
        }
        found
    }
}

fn texts(value: &Expr) -> Vec<String> {
    match value {
        Expr::Text(text) => vec![text.to_string()],
        Expr::List(values) | Expr::Choice(values) => values.iter().flat_map(texts).collect(),
        Expr::Map(entries) => entries.iter().flat_map(|(_, value)| texts(value)).collect(),
        _ => Vec::new(),
    }
}

/// The functions that a value stands for. `traced("search", search)`: what is wrapped runs, whatever it is wrapped in.
fn routines<'p>(detection: &Detection<'p>, spot: Spot, value: &'p Expr) -> Vec<Routine> {
    let program = detection.program;
    let (mut spot, mut value) = (spot, value);
    for _ in 0..MAX_NAMES {
        let next = if matches!(value, Expr::Call(_)) { None } else { program.step(spot, value) };
        let Some(next) = next else { break };
        (spot, value) = next;
    }
    let found = program.functions_of(spot, value);
    let Expr::Call(call) = value else { return found };
    let arguments = &program.module(spot.module).call(*call).arguments;
    let wrapped: Vec<Routine> =
        arguments.iter().flat_map(|argument| program.functions_of(spot, &argument.value)).collect();
    if !wrapped.is_empty() {
        return wrapped;
    }
    // What it makes runs what it was given, and that was not followed.
    let mut made_by = program.targets(CallSite { module: spot.module, call: *call });
    let is_wrapped = made_by.any(|maker| runs_what_it_is_given(detection, maker));
    if is_wrapped { Vec::new() } else { found }
}

/// Whether a function, or one that is written in it, calls one of its own parameters.
fn runs_what_it_is_given(detection: &Detection<'_>, maker: Routine) -> bool {
    let program = detection.program;
    let Some(function) = maker.function else { return false };
    let parameters = &program.module(maker.module).function(function).parameters;
    let within = std::iter::once(maker).chain(program.nested_in(maker));
    within.flat_map(|routine| program.calls_in(routine)).any(|site| {
        let callee = &program.module(site.module).call(site.call).callee;
        matches!(callee, Expr::Name(name) if parameters.iter().any(|(parameter, _)| parameter == name))
    })
}
