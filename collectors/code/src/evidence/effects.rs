//! What a function does to the world: the strongest effect of its body and of what it calls.

use std::collections::BTreeSet;

use asmm_model::{ComponentKind, Effect};
use muster_rules::{Language, Means, SiteKind};

use super::consequences::promises_a_change;
use super::reach::targets;
use crate::detect::{Detection, Hit};
use crate::program::{CallSite, Meaning, Routine, Spot};
use crate::syntax::Expr;

/// Calls from one function to the next that are followed.
const MAX_DEPTH: u8 = 5;
/// Routines looked at for one question.
const MAX_ROUTINES: usize = 400;

/// A call that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) site: CallSite,
    pub(crate) effect: Effect,
    /// The rule that says so.
    pub(crate) rule: u32,
    /// The calls that lead there, from the outermost on.
    pub(crate) through: Vec<CallSite>,
}

/// What running something comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) changes: Vec<Change>,
    /// Calls that no rule knows and that lead out of the program.
    pub(crate) unresolved: Vec<CallSite>,
    /// Calls that set a part of an object of the program: a change of its state, where that is what is meant.
    pub(crate) sets: Vec<CallSite>,
    /// Whether there was anything to follow at all.
    pub(crate) looked: bool,
}

impl Outcome {
    /// The strongest effect; `read` only where everything could be followed.
    pub(crate) fn effect(&self) -> Effect {
        match self.changes.iter().map(|change| change.effect).max() {
            Some(effect) => effect,
            None if self.looked && self.unresolved.is_empty() => Effect::Read,
            None => Effect::Unknown,
        }
    }
}

/// Follows what these routines and calls do.
pub(crate) fn outcome(detection: &Detection<'_>, routines: &[Routine], calls: &[CallSite]) -> Outcome {
    let mut walk = Walk { detection, seen: BTreeSet::new(), outcome: Outcome::default() };
    for routine in routines {
        walk.routine(*routine, &[], MAX_DEPTH);
    }
    for call in calls {
        walk.outcome.looked = true;
        walk.call(*call, &[], MAX_DEPTH);
    }
    walk.outcome
}

/// Follows what these calls do.
pub(crate) fn outcome_of_calls(detection: &Detection<'_>, calls: &[CallSite]) -> Outcome {
    let mut walk = Walk { detection, seen: BTreeSet::new(), outcome: Outcome::default() };
    for call in calls {
        walk.call(*call, &[], MAX_DEPTH);
    }
    walk.outcome
}

struct Walk<'d, 'p> {
    detection: &'d Detection<'p>,
    seen: BTreeSet<Routine>,
    outcome: Outcome,
}

impl<'p> Walk<'_, 'p> {
    fn routine(&mut self, routine: Routine, through: &[CallSite], depth: u8) {
        if self.seen.len() >= MAX_ROUTINES || !self.seen.insert(routine) {
            return;
        }
        self.outcome.looked = true;
        let program = self.detection.program;
        for site in program.calls_in(routine) {
            self.call(site, through, depth);
        }
        for nested in program.nested_in(routine) {
            self.routine(nested, through, depth);
        }
    }

    /// What a method of an object that a rule knows does: that of a ready-made tool does what the tool does, and that of
    /// a client, a model or an agent only talks to it. `None` for objects that no rule knows.
    fn of_object(&self, site: CallSite) -> Option<(Effect, u32)> {
        let detection = self.detection;
        let language = detection.program.module(site.module).dialect.language();
        detection.program.callee(site).iter().find_map(|meaning| {
            let Meaning::External(name) = meaning else { return None };
            let mut end = name.len();
            while let Some(at) = name[..end].rfind(['.', '#']).filter(|at| *at > 0) {
                let sites = detection.sites(language, SiteKind::Call, &name[..at]);
                let of = |means: Means| sites.iter().filter(move |s| detection.pack.site(**s).means == means);
                let tool = of(Means::BuiltinTool)
                    .filter_map(|s| Some((detection.pack.site(*s).effect?, s.rule)))
                    .max();
                if tool.is_some() {
                    return tool;
                }
                let model = [
                    Means::Client,
                    Means::ModelCall,
                    Means::BindsTools,
                    Means::HoldsTools,
                    Means::Chain,
                    Means::Agent,
                ];
                if let Some(site) = model.into_iter().find_map(|means| of(means).next()) {
                    return Some((Effect::Read, site.rule));
                }
                end = at;
            }
            None
        })
    }

    fn call(&mut self, site: CallSite, through: &[CallSite], depth: u8) {
        let detection = self.detection;
        // Setting a part of an object changes nothing outside.
        let call = detection.program.module(site.module).call(site.call);
        if let Expr::Member(object, name) = &call.callee {
            let own = matches!(&**object, Expr::Name(name) if matches!(&**name, "self" | "this"));
            let setter = |prefix: &str| {
                name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(char::is_uppercase))
            };
            let sets =
                name.ends_with('=') || (!call.arguments.is_empty() && (setter("set") || setter("Set")));
            if sets && !own {
                self.outcome.sets.push(site);
            }
            if name.ends_with('=') {
                return;
            }
        }
        if let Some(table) = self.table_of(site) {
            self.any_of(site, table, through, depth);
            return;
        }
        let mut known = false;
        // The most specific rules win: a name that is spelled out over any receiver, more conditions over fewer.
        let mut strongest: Option<((bool, usize), Effect, u32)> = None;
        for hit in detection.on_call(site) {
            let what = detection.site(hit);
            known = true;
            if matches!(what.means, Means::Effect | Means::BuiltinTool) {
                let spelled_out = what.symbols.iter().any(|s| !s.is_unanchored() && s.matches(&hit.name));
                if !through.is_empty() && !what.conditions.is_empty() && self.is_ruled_out(site, hit, through)
                {
                    continue;
                }
                let rank = (spelled_out, what.conditions.len());
                strongest = strongest.max(what.effect.map(|effect| (rank, effect, hit.site.rule)));
            }
            // What a tool of another process does cannot be seen from here.
            let remote =
                what.means == Means::UntrustedInput && detection.rule(hit).kind == Some(ComponentKind::Mcp);
            if remote {
                self.outcome.unresolved.push(site);
            }
        }
        if let Some((_, effect, rule)) = strongest
            && effect.changes_state()
        {
            self.outcome.changes.push(Change { site, effect, rule, through: through.to_vec() });
            return;
        }
        let program = detection.program;
        if known {
            // `group.Go(s.remove)`: what is handed over is run, too.
            let call = program.module(site.module).call(site.call);
            let spot = Spot { module: site.module, function: call.within };
            for argument in &call.arguments {
                if let (Expr::Name(_) | Expr::Member(..), Some(depth)) =
                    (&argument.value, depth.checked_sub(1))
                {
                    for meaning in program.resolve(spot, &argument.value) {
                        if let Meaning::Function(module, function) = meaning {
                            let mut path = through.to_vec();
                            path.push(site);
                            self.routine(Routine { module, function: Some(function) }, &path, depth);
                        }
                    }
                }
            }
            return;
        }
        match self.of_object(site) {
            Some((effect, rule)) if effect.changes_state() => {
                self.outcome.changes.push(Change { site, effect, rule, through: through.to_vec() });
                return;
            }
            Some(_) => return,
            None => {}
        }
        let next = targets(program, site);
        // What was looked at already, as in a recursion, brings nothing new.
        if !next.is_empty() && next.iter().all(|routine| self.seen.contains(routine)) {
            return;
        }
        if !next.is_empty() {
            let Some(depth) = depth.checked_sub(1) else {
                self.outcome.unresolved.push(site);
                return;
            };
            let mut path = through.to_vec();
            path.push(site);
            for routine in next {
                if let Some((effect, rule)) = self.generated(routine) {
                    self.outcome.looked = true;
                    if effect.changes_state() {
                        self.outcome.changes.push(Change { site, effect, rule, through: through.to_vec() });
                    }
                    continue;
                }
                self.routine(routine, &path, depth);
            }
            return;
        }
        // A class of the program without a constructor only holds values; what it inherits was matched by a rule.
        let plain = program.callee(site).iter().any(|m| {
            matches!(m, Meaning::Class(module, class) if program.foreign_bases(*module, *class).iter().all(|b| is_plain_base(b)))
        });
        if !plain && !self.is_accessor(site) && !self.only_holds(site) {
            self.outcome.unresolved.push(site);
        }
    }

    /// The table out of which the function is taken that a call runs: `table[name](order)`, also behind a variable.
    fn table_of(&self, site: CallSite) -> Option<(Spot, &'p Expr)> {
        let program = self.detection.program;
        let is_open = |m: &Meaning| match m {
            Meaning::Unresolved(_) => true,
            Meaning::External(name) => is_container(name),
            _ => false,
        };
        // Most calls are known: only the others are worth the steps.
        if !program.callee(site).iter().all(is_open) {
            return None;
        }
        let call = program.module(site.module).call(site.call);
        let mut at = (Spot { module: site.module, function: call.within }, &call.callee);
        for _ in 0..6 {
            match at.1 {
                // An element that is taken out by a name that is not known stands for the whole.
                Expr::Map(_) => return Some(at),
                Expr::Call(inner) => {
                    let inner = program.module(at.0.module).call(*inner);
                    let Expr::Member(table, method) = &inner.callee else { return None };
                    let spot = Spot { module: at.0.module, function: inner.within };
                    return matches!(&**method, "__getitem__" | "get")
                        .then_some((spot, &**table))
                        .filter(|(spot, table)| matches!(program.value_of(*spot, table), (_, Expr::Map(_))));
                }
                // What a method fills may only be declared where the class begins.
                Expr::Member(object, name) => {
                    for meaning in program.resolve(at.0, object) {
                        let (Meaning::Instance(module, class) | Meaning::Class(module, class)) = meaning
                        else {
                            continue;
                        };
                        let bindings = program.bindings_of(module, class, name);
                        if let Some(table) = bindings.iter().find(|(_, value)| matches!(value, Expr::Map(_)))
                        {
                            return Some(*table);
                        }
                    }
                }
                Expr::Name(_) => {}
                _ => return None,
            }
            let Some(next) = program.step(at.0, at.1) else { break };
            at = next;
        }
        // What is declared to be a container, and filled in some way that cannot be followed.
        let spot = Spot { module: site.module, function: call.within };
        let is_held = match &call.callee {
            Expr::Name(name) => program.is_variable(spot, name),
            Expr::Member(object, _) => matches!(
                program.resolve(spot, object).first(),
                Some(Meaning::Instance(..) | Meaning::Class(..))
            ),
            _ => false,
        };
        let holds = |m: &Meaning| matches!(m, Meaning::External(name) if is_container(name));
        let is_open = is_held && program.targets(site).next().is_none();
        (is_open && program.callee(site).iter().any(holds)).then_some(at)
    }

    /// Follows every function of a table, any of which may run.
    fn any_of(&mut self, site: CallSite, (spot, table): (Spot, &Expr), through: &[CallSite], depth: u8) {
        let program = self.detection.program;
        let mut routines = BTreeSet::new();
        let mut is_whole = false;
        if let (spot, Expr::Map(entries)) = program.value_of(spot, table) {
            is_whole = !entries.is_empty();
            for (_, value) in entries {
                let before = routines.len();
                let mut only_reads = false;
                for meaning in program.resolve(spot, value) {
                    match meaning {
                        Meaning::Function(module, function) => {
                            routines.insert(Routine { module, function: Some(function) });
                        }
                        Meaning::External(name) => only_reads |= self.only_reads(site, &name),
                        _ => {}
                    }
                }
                is_whole &= routines.len() > before || only_reads;
            }
        }
        let depth = depth.checked_sub(1);
        if !is_whole || depth.is_none() {
            self.outcome.unresolved.push(site);
        }
        let mut path = through.to_vec();
        path.push(site);
        for routine in routines {
            if let Some(depth) = depth {
                self.routine(routine, &path, depth);
            }
        }
    }

    /// Whether every rule that knows a function of a library says that it changes nothing: `{ast.Add: operator.add}`.
    fn only_reads(&self, site: CallSite, name: &str) -> bool {
        let detection = self.detection;
        let language = detection.program.module(site.module).dialect.language();
        let sites = detection.sites(language, SiteKind::Call, name);
        let mut found = sites.iter().map(|at| detection.pack.site(*at)).peekable();
        found.peek().is_some()
            && found.all(|what| {
                what.means == Means::Effect && what.effect == Some(Effect::Read) && what.conditions.is_empty()
            })
    }

    /// Whether a call is not what a rule says of it when it is reached by these calls: `request(url, method)` sends what
    /// one caller says, and only reads for another.
    fn is_ruled_out(&self, site: CallSite, hit: &Hit, through: &[CallSite]) -> bool {
        let program = self.detection.program;
        let ways = through.iter().flat_map(|site| program.targets(*site).map(move |of| (of, *site)));
        let _on_the_way: Vec<_> = ways.map(|(of, site)| program.assume(of, Some(site))).collect();
        self.detection.is_ruled_out(site, hit)
    }

    /// What a method without a body does that a library writes by its name, as Spring Data does: rules know it as a
    /// method of what its interface extends.
    fn generated(&self, routine: Routine) -> Option<(Effect, u32)> {
        let detection = self.detection;
        let program = detection.program;
        let function = program.module(routine.module).function(routine.function?);
        if !program.is_abstract(routine) {
            return None;
        }
        let language = program.module(routine.module).dialect.language();
        let bases = program.foreign_bases(routine.module, function.class?);
        let sites = bases
            .iter()
            .map(|base| detection.sites(language, SiteKind::Call, &format!("{base}.{}", function.name)));
        let sites: Vec<_> = sites.flat_map(|sites| sites.to_vec()).collect();
        sites.iter().filter_map(|site| Some((detection.pack.site(*site).effect?, site.rule))).max()
    }

    /// Whether a call only makes an object that holds values, or settles a promise.
    fn only_holds(&self, site: CallSite) -> bool {
        const VALUES: [&str; 27] = [
            "Result",
            "Response",
            "Request",
            "Dto",
            "DTO",
            "Info",
            "Status",
            "Entity",
            "Event",
            "Message",
            "Content",
            "Params",
            "Parameters",
            "Options",
            "Settings",
            "Config",
            "Configuration",
            "Args",
            "Item",
            "Record",
            "Query",
            "Credential",
            "Credentials",
            // Making a client of a service asks nothing of it yet.
            "Client",
            "Exception",
            "Error",
            "Uri",
        ];
        let module = self.detection.program.module(site.module);
        let callee = &module.call(site.call).callee;
        let (Expr::Name(name) | Expr::Member(_, name)) = callee else { return false };
        match module.dialect.language() {
            Language::Java | Language::Kotlin | Language::CSharp => {
                let is_value =
                    VALUES.iter().any(|value| name.ends_with(value)) || &**name == "SuppressWarnings";
                // Methods of C# begin as types do: `queue.SendMessage(order)` is no type.
                let is_method = module.dialect.language() == Language::CSharp
                    && (is_of_a_value(callee) || promises_a_change(name));
                name.starts_with(char::is_uppercase) && is_value && !is_method
            }
            // What is read out of a map or a list; nobody can write what that does.
            Language::Go => &**name == "__getitem__",
            // A variant of an enumeration, or a struct of values.
            Language::Rust => name.starts_with(char::is_uppercase),
            // What a promise hands to the function that makes it.
            Language::JavaScript => {
                matches!(callee, Expr::Name(_)) && matches!(&**name, "resolve" | "reject")
            }
            _ => false,
        }
    }

    /// Whether a call only takes a field of an object of the program, by a method that the compiler or a generator writes:
    /// `book.author()` of a record, `order.getTotal()`.
    fn is_accessor(&self, site: CallSite) -> bool {
        let program = self.detection.program;
        let module = program.module(site.module);
        let call = module.call(site.call);
        let Expr::Member(_, name) = &call.callee else { return false };
        if module.dialect.language() != Language::Java || !call.arguments.is_empty() {
            return false;
        }
        let getter = ["get", "is"].into_iter().find_map(|prefix| {
            let rest = name.strip_prefix(prefix)?;
            let first = rest.chars().next().filter(|c| c.is_uppercase())?;
            Some(first.to_lowercase().chain(rest.chars().skip(1)).collect::<String>())
        });
        program.has_field(name) || getter.is_some_and(|field| program.has_field(&field))
    }
}

/// Whether something is named as a part of a value, and not of a namespace: `queue.Options`.
fn is_of_a_value(name: &Expr) -> bool {
    let mut at = name;
    while let Expr::Member(object, _) = at {
        at = object;
    }
    match (at, name) {
        (Expr::Name(root), Expr::Member(..)) => !root.starts_with(char::is_uppercase),
        (_, Expr::Member(..)) => true,
        _ => false,
    }
}

/// Whether a name is that of a type that only holds values, which nobody can call.
fn is_container(name: &str) -> bool {
    const TYPES: [&str; 8] =
        ["Dict", "dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "Callable", "Any"];
    let of = ["builtins.", "typing.", "collections."].iter().any(|module| name.starts_with(module));
    let name = name.strip_suffix(".get").or_else(|| name.strip_suffix(".__getitem__")).unwrap_or(name);
    of && name.rsplit('.').next().is_some_and(|last| TYPES.contains(&last))
}

/// Bases whose construction does nothing.
fn is_plain_base(name: &str) -> bool {
    let last = name.rsplit(['.', '#']).next().unwrap_or(name);
    matches!(
        last,
        "object" | "BaseModel" | "Enum" | "TypedDict" | "NamedTuple" | "ABC" | "Protocol" | "Error"
    ) || last.ends_with("Exception")
        || last.ends_with("Error")
}
