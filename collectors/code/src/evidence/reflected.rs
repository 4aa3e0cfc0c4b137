//! Methods that are called by a name of an answer: `getattr(self, name)(…)`, `this[name](…)`, `send(name, …)`.

use std::collections::BTreeSet;

use super::answers::{Answers, MAX_DEPTH};
use super::choices::Selection;
use super::dispatches::Taken;
use super::tools::{FoundTool, Tools};
use crate::program::{CallSite, Meaning, ModuleId, Program, Routine, Spot};
use crate::syntax::{Call, ClassId, Expr, FunctionId, Module};

/// Places that are told; more of them tell nothing new.
const MAX_PLACES: usize = 16;
/// Methods of one object that are told.
const MAX_METHODS: usize = 100;

/// Something that is called by a name of an answer, and what that may be.
pub(super) struct Reflected {
    pub(super) site: CallSite,
    pub(super) tools: Vec<FoundTool>,
}

/// What a name is looked up in.
enum Owner {
    Class(ModuleId, ClassId),
    Module(ModuleId),
    Unknown,
}

impl<'d> Answers<'d, '_> {
    /// Every place where an answer says by its name which method is called.
    pub(super) fn reflected(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Reflected> {
        let program = self.detection.program;
        let taken = Taken::of(program);
        let mut found = Vec::new();
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            for (call, made) in (0u32..).zip(&module.calls) {
                let spot = Spot { module: id, function: made.within };
                let Some((owner, key)) = by_name(&taken, program, module, spot, made) else { continue };
                if !self.holds(spot, key, MAX_DEPTH) {
                    continue;
                }
                let site = CallSite { module: id, call };
                found.push(Reflected { site, tools: self.methods_of(&owner, spot) });
                if found.len() >= MAX_PLACES {
                    return found;
                }
            }
        }
        found
    }

    /// The same as selections, where it is known what there is to call.
    pub(super) fn by_reflection(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        let program = self.detection.program;
        let known = self.reflected(is_own).into_iter().filter(|found| !found.tools.is_empty());
        known
            .map(|found| {
                let call = program.module(found.site.module).call(found.site.call);
                let routine = Routine { module: found.site.module, function: call.within };
                Selection { tools: found.tools, ..Selection::at(routine, call.line, call.in_loop) }
            })
            .collect()
    }

    /// What can be called by its name: all but what makes the object, is hidden, or itself leads to the model.
    fn methods_of(&self, owner: &Owner, spot: Spot) -> Vec<FoundTool> {
        let program = self.detection.program;
        let here = Routine { module: spot.module, function: spot.function };
        let routines: Vec<Routine> = match owner {
            Owner::Class(module, class) => program.methods(*module, *class).collect(),
            Owner::Module(module) => {
                let functions = (0u32..).zip(&program.module(*module).functions);
                functions
                    .filter(|(_, f)| f.class.is_none() && f.within.is_none())
                    .map(|(id, _)| Routine { module: *module, function: Some(id) })
                    .collect()
            }
            Owner::Unknown => Vec::new(),
        };
        let around: BTreeSet<Routine> = self.reach.above([here]);
        let tools = Tools::new(self.detection);
        let is_offered = |routine: &Routine| {
            let name = |f: FunctionId| &*program.module(routine.module).function(f).name;
            let is_open = routine.function.map(name).is_some_and(|name| {
                !name.is_empty()
                    && !name.starts_with(['_', '#'])
                    && !matches!(name, "constructor" | "initialize" | "init" | "main" | "Main")
            });
            is_open && !self.to_models.contains(routine) && !around.contains(routine)
        };
        let offered = routines.into_iter().filter(is_offered).take(MAX_METHODS);
        offered.map(|routine| tools.function(routine, None)).collect()
    }
}

/// What a call looks up by a name, and the name.
fn by_name<'p>(
    taken: &Taken<'p>,
    program: &Program<'p>,
    module: &'p Module,
    spot: Spot,
    call: &'p Call,
) -> Option<(Owner, &'p Expr)> {
    let last = call.callee.last_name();
    let first = call.arguments.first().map(|a| &a.value);
    let second = call.arguments.get(1).map(|a| &a.value);
    let own =
        || class_around(module, spot).map_or(Owner::Module(spot.module), |c| Owner::Class(spot.module, c));
    match (&call.callee, last.unwrap_or_default()) {
        (Expr::Name(_), "getattr") => Some((owner_of(program, spot, first?), second?)),
        (Expr::Name(_), "send" | "public_send" | "__send__" | "method") if is_ruby(module) => {
            Some((own(), first?))
        }
        (Expr::Member(object, _), "send" | "public_send" | "__send__" | "method") if is_ruby(module) => {
            Some((owner_of(program, spot, object), first?))
        }
        (Expr::Name(_), "call_user_func" | "call_user_func_array") => match first? {
            Expr::List(parts) => match &parts[..] {
                [object, name] => Some((owner_of(program, spot, object), name)),
                _ => None,
            },
            name => Some((Owner::Module(spot.module), name)),
        },
        (Expr::Member(object, _), "getMethod" | "getDeclaredMethod" | "GetMethod" | "MethodByName") => {
            Some((reflected_owner(program, module, spot, object), first?))
        }
        // `this[name](…)`: the element stands for the object.
        (object, _) => {
            let lookup = taken.lookup(spot, object, call.line)?;
            Some((owner_of(program, spot, object), &lookup.key))
        }
    }
}

fn is_ruby(module: &Module) -> bool {
    module.dialect == crate::syntax::Dialect::Ruby
}

/// The class in whose method something is written.
fn class_around(module: &Module, spot: Spot) -> Option<ClassId> {
    let mut at = spot.function;
    while let Some(function) = at.map(|f| module.function(f)) {
        if function.class.is_some() {
            return function.class;
        }
        at = function.within;
    }
    None
}

fn owner_of(program: &Program<'_>, spot: Spot, object: &Expr) -> Owner {
    if let Expr::Call(call) = object {
        let module = program.module(spot.module);
        let is_names = matches!(module.call(*call).callee.last_name(), Some("globals" | "locals"));
        if is_names {
            return Owner::Module(spot.module);
        }
    }
    let meanings = program.resolve(spot, object);
    meanings
        .iter()
        .find_map(|meaning| match meaning {
            Meaning::Instance(module, class) | Meaning::Class(module, class) => {
                Some(Owner::Class(*module, *class))
            }
            Meaning::Module(module) => Some(Owner::Module(*module)),
            _ => None,
        })
        .unwrap_or(Owner::Unknown)
}

/// `getClass()`, `tools.getClass()`, `Tools.class`, `typeof(Tools)`, `reflect.ValueOf(tools)`.
fn reflected_owner(program: &Program<'_>, module: &Module, spot: Spot, object: &Expr) -> Owner {
    match object {
        Expr::Call(call) => {
            let call = module.call(*call);
            match (&call.callee, call.arguments.first()) {
                (_, Some(given)) => owner_of(program, spot, &given.value),
                (Expr::Member(of, _), None) => owner_of(program, spot, of),
                _ => class_around(module, spot).map_or(Owner::Unknown, |c| Owner::Class(spot.module, c)),
            }
        }
        Expr::Member(of, name) if &**name == "class" => owner_of(program, spot, of),
        other => owner_of(program, spot, other),
    }
}
