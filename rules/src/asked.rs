//! Names with the sites that they fit, as they were found before.

use std::sync::{Arc, PoisonError, RwLock};

use foldhash::HashMap;

use crate::{SiteKind, SiteRef};

/// Names of a language that are kept: what a scan of many repositories holds must have an end.
const MOST: usize = 20_000;

/// What was asked before of the rules of one language: repositories of one organisation are full of the same names.
#[derive(Debug, Default)]
pub(crate) struct Asked(RwLock<Names>);

#[derive(Debug, Default)]
struct Names {
    by_kind: HashMap<SiteKind, HashMap<Box<str>, Arc<[SiteRef]>>>,
    count: usize,
}

impl Asked {
    /// What `find` finds, or found before.
    pub(crate) fn sites(
        &self,
        kind: SiteKind,
        name: &str,
        find: impl FnOnce() -> Vec<SiteRef>,
    ) -> Arc<[SiteRef]> {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.by_kind.get(&kind).and_then(|known| known.get(name)) {
            return Arc::clone(known);
        }
        let is_full = names.count >= MOST;
        drop(names);
        let found: Arc<[SiteRef]> = find().into();
        if !is_full {
            let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let known = names.by_kind.entry(kind).or_default();
            let is_new = known.insert(name.into(), Arc::clone(&found)).is_none();
            names.count += usize::from(is_new);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_once_until_there_are_too_many() {
        let asked = Asked::default();
        let looked = std::cell::Cell::new(0);
        let ask = |kind, name: &str| {
            asked.sites(kind, name, || {
                looked.set(looked.get() + 1);
                vec![SiteRef { rule: u32::try_from(name.len()).expect("it is short"), site: 0 }]
            })
        };
        assert_eq!(ask(SiteKind::Call, "ab"), ask(SiteKind::Call, "ab"));
        assert_eq!((ask(SiteKind::Mention, "ab")[0].rule, looked.get()), (2, 2));
        (0..MOST).for_each(|at| drop(ask(SiteKind::Call, &format!("{at:x}"))));
        let before = looked.get();
        assert_eq!(ask(SiteKind::Call, "ffff9"), ask(SiteKind::Call, "ffff9"));
        assert_eq!(looked.get(), before + 2);
    }
}
