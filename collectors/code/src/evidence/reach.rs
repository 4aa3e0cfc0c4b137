//! What runs what: the call graph of a program, with callbacks, nested functions and imports, in both directions.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use foldhash::HashMap;

use crate::program::{CallSite, Meaning, Program, Routine, Spot};
use crate::syntax::Expr;

/// Names that many things have: a call on something unresolved says nothing by them.
const COMMON: [&str; 40] = [
    "run", "get", "set", "add", "put", "call", "send", "post", "read", "write", "open", "close", "start",
    "stop", "init", "load", "save", "list", "find", "next", "update", "create", "delete", "execute",
    "invoke", "handle", "process", "main", "apply", "parse", "format", "query", "search", "stream",
    "connect", "fetch", "reset", "clear", "build", "setup",
];

/// Routines that one question may lead to: without a bound, many questions about long chains would cost their square.
const MOST: usize = 20_000;

/// The call graph.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    down: Edges,
    up: Edges,
    /// What [`Self::is_recursive`] found: it is asked for the same routine by every answer that passes it.
    recursive: RefCell<HashMap<Routine, bool>>,
}

/// Edges in order, each once: a set for each routine would take ten times the room.
#[derive(Debug, Default)]
struct Edges(Vec<(Routine, Routine)>);

impl Edges {
    fn of(mut edges: Vec<(Routine, Routine)>) -> Self {
        edges.sort_unstable();
        edges.dedup();
        Self(edges)
    }

    /// Where the edges of a routine lead, in order.
    fn from(&self, routine: Routine) -> impl Iterator<Item = Routine> {
        let begin = self.0.partition_point(|(from, _)| *from < routine);
        self.0[begin..].iter().take_while(move |(from, _)| *from == routine).map(|(_, to)| *to)
    }
}

impl Reach {
    pub(crate) fn of(program: &Program<'_>) -> Self {
        let mut edges = Vec::new();
        let mut add = |from: Routine, to: Routine| edges.push((from, to));
        for (id, module) in program.modules() {
            let top = Routine { module: id, function: None };
            for import in 0..module.imports.len() {
                if let Some(imported) = program.imported(id, import).filter(|other| *other != id) {
                    add(top, Routine { module: imported, function: None });
                }
            }
            for (function, definition) in (0u32..).zip(&module.functions) {
                // Running a program runs its main function.
                if module.is_script && matches!(&*definition.name, "main" | "Main") {
                    add(top, Routine { module: id, function: Some(function) });
                }
                if definition.within.is_some() {
                    let outer = Routine { module: id, function: definition.within };
                    add(outer, Routine { module: id, function: Some(function) });
                }
            }
            for (call, found) in (0u32..).zip(&module.calls) {
                let from = Routine { module: id, function: found.within };
                for target in targets(program, CallSite { module: id, call }) {
                    add(from, target);
                }
                let spot = Spot { module: id, function: found.within };
                for argument in &found.arguments {
                    for callback in callbacks(program, spot, &argument.value) {
                        add(from, callback);
                    }
                }
            }
        }
        let up = Edges::of(edges.iter().map(|(from, to)| (*to, *from)).collect());
        Self { down: Edges::of(edges), up, recursive: RefCell::default() }
    }

    /// Everything from which one of these is reached, themselves included.
    pub(crate) fn above(&self, of: impl IntoIterator<Item = Routine>) -> BTreeSet<Routine> {
        closure(&self.up, of, MOST)
    }

    /// Everything that is reached from these, themselves included.
    pub(crate) fn below(&self, of: impl IntoIterator<Item = Routine>) -> BTreeSet<Routine> {
        closure(&self.down, of, MOST)
    }

    /// Whether a routine leads back to itself.
    pub(crate) fn is_recursive(&self, routine: Routine) -> bool {
        // A circle of more functions than this is no loop that anybody wrote.
        const MOST: usize = 200;
        if let Some(known) = self.recursive.borrow().get(&routine) {
            return *known;
        }
        let found = closure(&self.down, self.down.from(routine), MOST).contains(&routine);
        self.recursive.borrow_mut().insert(routine, found);
        found
    }

    /// For every routine from which one of these is reached, which of them it is: the nearest, counted in calls.
    pub(crate) fn nearest<T: Copy>(
        &self,
        of: impl IntoIterator<Item = (Routine, T)>,
    ) -> BTreeMap<Routine, T> {
        let mut known: BTreeMap<Routine, T> = BTreeMap::new();
        let mut queue: VecDeque<Routine> = VecDeque::new();
        for (routine, what) in of {
            if known.insert(routine, what).is_none() {
                queue.push_back(routine);
            }
        }
        while let Some(at) = queue.pop_front() {
            let Some(what) = known.get(&at).copied() else { continue };
            for next in self.up.from(at) {
                if let Entry::Vacant(new) = known.entry(next) {
                    new.insert(what);
                    queue.push_back(next);
                }
            }
        }
        known
    }
}

fn closure(edges: &Edges, of: impl IntoIterator<Item = Routine>, most: usize) -> BTreeSet<Routine> {
    let mut known: BTreeSet<Routine> = of.into_iter().collect();
    let mut edge: Vec<Routine> = known.iter().copied().collect();
    while let Some(at) = edge.pop() {
        for next in edges.from(at) {
            if known.len() < most && known.insert(next) {
                edge.push(next);
            }
        }
    }
    known
}

/// Routines of the program that a call runs. On something that could not be resolved, a telling name that only one
/// function has leads to that function.
pub(crate) fn targets(program: &Program<'_>, site: CallSite) -> Vec<Routine> {
    let mut found: Vec<Routine> = program.targets(site).collect();
    // A method without a body stands for those of the same name that have one.
    let others: Vec<Routine> = found
        .iter()
        .filter(|r| program.is_abstract(**r))
        .flat_map(|r| program.implementers(*r).to_vec())
        .collect();
    found.extend(others);
    if found.is_empty()
        && let [Meaning::Unresolved(name)] = program.callee(site)
        && let Some((_, last)) = name.rsplit_once('.')
        && last.len() >= 4
        && !COMMON.contains(&&*last.to_ascii_lowercase())
    {
        found.extend(program.only_named(last));
    }
    found
}

/// Functions of the program that are handed over as an argument.
pub(crate) fn callbacks(program: &Program<'_>, spot: Spot, value: &Expr) -> Vec<Routine> {
    let function = |meaning: Meaning| match meaning {
        Meaning::Function(module, function) => Some(Routine { module, function: Some(function) }),
        _ => None,
    };
    match value {
        Expr::Function(function) => vec![Routine { module: spot.module, function: Some(*function) }],
        Expr::Name(_) | Expr::Member(..) => {
            program.resolve(spot, value).into_iter().filter_map(function).collect()
        }
        // `target=partial(run, job)` and `{ onMessage: handle }`.
        Expr::Map(entries) => entries
            .iter()
            .filter(|(_, value)| matches!(value, Expr::Function(_) | Expr::Name(_)))
            .flat_map(|(_, value)| callbacks(program, spot, value))
            .collect(),
        _ => Vec::new(),
    }
}
