//! Lists of tools that are bound, returned or made longer in more than one place: each of these places counts.

use muster_rules::Language;

use super::{ToolList, Tools};
use crate::program::{CallSite, Meaning, Spot};
use crate::syntax::Expr;

/// Places of one list that are looked at.
const MOST: usize = 8;

impl<'p> Tools<'_, 'p> {
    /// What a variable is bound to elsewhere in its function: which of them holds where it is read is not followed.
    pub(super) fn rebound(&self, spot: Spot, variable: &str, depth: u8) -> ToolList {
        let program = self.detection.program;
        let module = program.module(spot.module);
        let mut values = program.bound_values(spot, variable);
        values.truncate(MOST);
        if values.len() < 2 {
            values.clear();
        }
        // `tools += [x]`, and `tools.x = x` of JavaScript.
        let origins = program.origins(spot, variable);
        let is_same =
            |within| program.origins(Spot { module: spot.module, function: within }, variable) == origins;
        let added = module.updates.iter().filter(|update| {
            matches!(&update.target, Expr::Name(name) if &**name == variable) && is_same(update.within)
        });
        let added = added.map(|u| (Spot { module: spot.module, function: u.within }, &u.value));
        let set = module.settings.iter().filter(|setting| {
            *setting.variable == *variable && !describes(&setting.key) && is_same(setting.within)
        });
        let set = set.map(|s| (Spot { module: spot.module, function: s.within }, &s.value));
        values.extend(added.take(MOST).chain(set.take(MOST)));
        if module.dialect.language() == Language::Php {
            values.extend(self.added_by_others(spot, variable));
        }
        self.each_of(spot, values, depth)
    }

    /// What the other files of a PHP program add to a variable that all of them share: `$tools[] = [ … ]`.
    fn added_by_others(&self, spot: Spot, variable: &str) -> Vec<(Spot, &'p Expr)> {
        let program = self.detection.program;
        let others =
            program.modules().filter(|(id, of)| *id != spot.module && of.dialect.language() == Language::Php);
        let added = others.flat_map(|(id, of)| {
            let here = of.updates.iter().filter(|update| {
                update.within.is_none() && matches!(&update.target, Expr::Name(name) if &**name == variable)
            });
            here.map(move |u| (Spot { module: id, function: None }, &u.value))
        });
        added.take(MOST).collect()
    }

    /// What a field of an object of the program is set to, and what is added to it, in all methods of its class.
    pub(super) fn set_elsewhere(&self, spot: Spot, object: &'p Expr, name: &str, depth: u8) -> ToolList {
        const ADDERS: [&str; 5] = ["append", "extend", "push", "unshift", "insert"];
        let program = self.detection.program;
        let class = program.resolve(spot, object).into_iter().find_map(|meaning| match meaning {
            Meaning::Instance(module, class) | Meaning::Class(module, class) => Some((module, class)),
            _ => None,
        });
        let Some((id, class)) = class else { return ToolList::default() };
        let module = program.module(id);
        let mut values = program.bindings_of(id, class, name);
        values.truncate(MOST);
        if values.len() < 2 {
            values.clear();
        }
        let is_it = |value: &Expr| {
            matches!(value, Expr::Member(of, field) if &**field == name
                && matches!(&**of, Expr::Name(own) if matches!(&**own, "self" | "this")))
        };
        let is_in_class = |within: Option<u32>| {
            let function = within.map(|function| module.function(function));
            function.is_some_and(|function| function.class == Some(class))
        };
        let added = module.updates.iter().filter(|u| is_it(&u.target) && is_in_class(u.within));
        let added = added.map(|u| (Spot { module: id, function: u.within }, &u.value));
        let put = module.calls.iter().filter(|call| {
            matches!(&call.callee, Expr::Member(of, method) if ADDERS.contains(&&**method) && is_it(of))
                && is_in_class(call.within)
        });
        let put = put.flat_map(|call| {
            let spot = Spot { module: id, function: call.within };
            call.arguments.iter().map(move |argument| (spot, &argument.value))
        });
        values.extend(added.take(MOST).chain(put.take(MOST)));
        self.each_of(spot, values, depth)
    }

    /// What a function that gives a list gives in its other answers.
    pub(super) fn other_answers(&self, site: CallSite, depth: u8) -> ToolList {
        let program = self.detection.program;
        let mut values = Vec::new();
        for routine in program.targets(site).take(2) {
            let returns = routine.function.map(|f| &program.module(routine.module).function(f).returns);
            let spot = Spot { module: routine.module, function: routine.function };
            let returns = returns.filter(|returns| returns.len() > 1).into_iter().flatten();
            values.extend(returns.take(MOST).map(|value| (spot, value)));
        }
        self.each_of(Spot { module: site.module, function: None }, values, depth)
    }

    fn each_of(&self, spot: Spot, values: Vec<(Spot, &'p Expr)>, depth: u8) -> ToolList {
        let mut list = ToolList::default();
        let language = self.detection.program.module(spot.module).dialect.language();
        // Places lead to each other: each is gone through from the one that was asked for.
        let can_be = matches!(language, Language::Python | Language::JavaScript);
        if !can_be || values.is_empty() || self.filling.replace(true) {
            return list;
        }
        for (spot, value) in values {
            let holds = matches!(value, Expr::List(_) | Expr::Map(_) | Expr::Choice(_) | Expr::Name(_));
            let is_open = self.within.borrow().contains(&std::ptr::from_ref(value));
            if holds && !is_open {
                let found = self.expand(spot, value, None, depth);
                // What cannot be followed is told where the list is read.
                list.tools.extend(found.tools.into_iter().filter(|tool| !tool.handlers.is_empty()));
            }
        }
        self.filling.set(false);
        list
    }
}

/// Whether a part that is set on a variable describes one tool, and is none of several.
fn describes(key: &str) -> bool {
    matches!(key, "name" | "description" | "parameters" | "type" | "function" | "inputSchema" | "strict")
}
