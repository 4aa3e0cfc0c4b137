//! What the source files say that were met last: repositories of one organisation share files, and are read one after another.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;
use muster_collect::EntryName;

use crate::syntax::Module;

/// Bytes of source text whose modules are held. A module takes several times the room of its text.
const MOST: usize = 2 << 20;

/// Modules of the files that were met last, of all targets.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<Modules>);

#[derive(Debug, Default)]
struct Modules {
    by_name: HashMap<EntryName, Arc<Module>>,
    /// From the first that came to the last, each with the size of its text.
    order: VecDeque<(EntryName, usize)>,
    bytes: usize,
}

impl Held {
    /// The module of a text, if it is held.
    pub(crate) fn get(&self, name: EntryName) -> Option<Module> {
        let modules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let module = Arc::clone(modules.by_name.get(&name)?);
        drop(modules);
        Some(Module::clone(&module))
    }

    /// Holds the module of a text of so many bytes, in place of those that have been held longest.
    pub(crate) fn put(&self, name: EntryName, module: &Module, bytes: usize) {
        let module = Arc::new(module.clone());
        let mut modules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if modules.by_name.insert(name, module).is_some() {
            return;
        }
        modules.order.push_back((name, bytes));
        modules.bytes += bytes;
        while modules.bytes > MOST {
            let Some((oldest, size)) = modules.order.pop_front() else { break };
            modules.by_name.remove(&oldest);
            modules.bytes -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use asmm_model::Role;
    use muster_rules::RulePack;

    use super::*;
    use crate::syntax::{Dialect, Lexicon, Parsers};

    #[test]
    fn what_was_met_last_is_held_and_the_rest_is_let_go() {
        let lexicon = Lexicon::new(&RulePack::built_in());
        let module = Parsers::new()
            .module(&"app.py".into(), Dialect::Python, Role::Production, b"import openai\n", &lexicon)
            .expect("it is parsed");
        let name = |at: u32| EntryName::of(&[&at.to_le_bytes()[..]]);
        let held = Held::default();
        assert_eq!(held.get(name(0)), None);
        for at in 0..8 {
            held.put(name(at), &module, MOST / 4);
            held.put(name(at), &module, MOST / 4);
        }
        let found: Vec<u32> = (0..8).filter(|at| held.get(name(*at)).as_ref() == Some(&module)).collect();
        assert_eq!(found, [4, 5, 6, 7]);
        held.put(name(9), &module, MOST + 1);
        assert_eq!((0..10).filter(|at| held.get(name(*at)).is_some()).count(), 0);
        assert_eq!(held.0.lock().expect("no panic").bytes, 0);
    }
}
