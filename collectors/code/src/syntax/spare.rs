//! Gives back the room that the lists of a module have for more: it is a third of what a module takes.

use super::{Expr, Module};

impl Module {
    /// Gives back the room of every list; nothing is added to a module any more.
    pub(super) fn let_go_of_spare_room(&mut self) {
        for function in &mut self.functions {
            for (_, of_type) in &mut function.parameters {
                of_type.iter_mut().for_each(spare);
            }
            function.defaults.iter_mut().for_each(|(_, value)| spare(value));
            function.decorators.iter_mut().chain(&mut function.returns).for_each(spare);
            function.parameters.shrink_to_fit();
            function.defaults.shrink_to_fit();
            function.decorators.shrink_to_fit();
            function.returns.shrink_to_fit();
        }
        for class in &mut self.classes {
            class.bases.iter_mut().chain(&mut class.decorators).for_each(spare);
            class.bases.shrink_to_fit();
            class.decorators.shrink_to_fit();
        }
        for call in &mut self.calls {
            call.arguments.iter_mut().for_each(|argument| spare(&mut argument.value));
            call.arguments.shrink_to_fit();
        }
        for binding in &mut self.bindings {
            std::iter::once(&mut binding.value).chain(&mut binding.of_type).for_each(spare);
        }
        self.imports.shrink_to_fit();
        self.functions.shrink_to_fit();
        self.classes.shrink_to_fit();
        self.calls.shrink_to_fit();
        self.bindings.shrink_to_fit();
        self.loops.shrink_to_fit();
        self.branches.shrink_to_fit();
        self.either.iter_mut().for_each(Vec::shrink_to_fit);
        self.either.shrink_to_fit();
        self.cases.shrink_to_fit();
        self.subjects.shrink_to_fit();
        self.lookups.shrink_to_fit();
        self.compared.shrink_to_fit();
        self.settings.shrink_to_fit();
        self.updates.shrink_to_fit();
        self.mentions.shrink_to_fit();
    }
}

fn spare(value: &mut Expr) {
    match value {
        Expr::List(values) | Expr::Choice(values) => {
            values.iter_mut().for_each(spare);
            values.shrink_to_fit();
        }
        Expr::Map(entries) => {
            for (_, value) in entries.iter_mut() {
                spare(value);
            }
            entries.shrink_to_fit();
        }
        Expr::Member(inner, _) | Expr::Spread(inner) => spare(inner),
        Expr::Name(_)
        | Expr::Call(_)
        | Expr::Text(_)
        | Expr::Literal(_)
        | Expr::Function(_)
        | Expr::Class(_)
        | Expr::Unknown => {}
    }
}
