//! Names that are shared without an import: the types of a program, and what the files of one folder define.

use std::sync::Arc;

use foldhash::HashMap;
use muster_rules::Language;

use super::ModuleId;
use super::local::{parent, same_family};
use super::names::Definition;
use crate::syntax::{ClassId, FunctionId, Module};

/// Types of one name that are kept: a name that more have means none of them.
const MOST: usize = 64;

/// Names by what shares them.
#[derive(Debug, Default)]
pub(super) struct Shared {
    types: HashMap<Arc<str>, Places>,
    functions: HashMap<Arc<str>, Vec<(ModuleId, FunctionId)>>,
    /// Modules of every folder, in languages in which they share what they define.
    folders: HashMap<Box<str>, Vec<ModuleId>>,
    /// Folder and language of every module.
    at: Vec<(Box<str>, Language)>,
    /// Classes that are written in several files of one folder, by folder and name.
    parts: HashMap<(Box<str>, Arc<str>), Places>,
}

/// Places where types are written.
type Places = Vec<(ModuleId, ClassId)>;

/// Whether files use each other's names without saying so.
fn shares(language: Language) -> bool {
    !matches!(language, Language::Python | Language::JavaScript)
}

impl Shared {
    pub(super) fn of(modules: &[Module]) -> Self {
        let mut shared = Self::default();
        for (id, module) in (0u32..).zip(modules) {
            let language = module.dialect.language();
            let folder: Box<str> = parent(&module.path).into();
            shared.at.push((folder.clone(), language));
            if !shares(language) {
                continue;
            }
            shared.folders.entry(folder.clone()).or_default().push(id);
            for (class, found) in (0u32..).zip(&module.classes).filter(|(_, c)| !c.name.is_empty()) {
                shared.types.entry(Arc::clone(&found.name)).or_default().push((id, class));
                if let Some(home) = home(language, &folder) {
                    let key = (home.into(), Arc::clone(&found.name));
                    shared.parts.entry(key).or_default().push((id, class));
                }
            }
            for (function, found) in (0u32..).zip(&module.functions) {
                if found.within.is_none() && found.class.is_none() && !found.name.is_empty() {
                    shared.functions.entry(Arc::clone(&found.name)).or_default().push((id, function));
                }
            }
        }
        shared.parts.retain(|_, places| (2..=MOST).contains(&places.len()));
        shared
    }

    /// Other modules of the folder of a module that share its names.
    pub(super) fn siblings(&self, module: ModuleId) -> impl Iterator<Item = ModuleId> {
        let (folder, language) = &self.at[module as usize];
        let all = self.folders.get(folder).filter(|_| shares(*language));
        let same =
            move |other: &ModuleId| *other != module && same_family(self.at[*other as usize].1, *language);
        all.into_iter().flatten().copied().filter(same)
    }

    /// The one type of that name which code of a module can mean: one of its own folder, or the only one there is.
    pub(super) fn of_type(&self, from: ModuleId, name: &str) -> Option<(ModuleId, ClassId)> {
        let (folder, language) = &self.at[from as usize];
        if !shares(*language) || *language == Language::Go {
            return None;
        }
        let found = self.types.get(name)?;
        let fits = |place: &&(ModuleId, ClassId)| same_family(self.at[place.0 as usize].1, *language);
        let near = found.iter().filter(fits).find(|place| self.at[place.0 as usize].0 == *folder);
        let mut all = found.iter().filter(fits);
        // In one folder, all of them are parts of one class.
        let only = all
            .next()
            .filter(|first| all.all(|other| self.at[other.0 as usize].0 == self.at[first.0 as usize].0));
        near.or(only).copied()
    }

    /// The one function of that name at the top of a file.
    pub(super) fn function(&self, from: ModuleId, name: &str) -> Option<(ModuleId, FunctionId)> {
        let language = self.at[from as usize].1;
        if !matches!(language, Language::Kotlin | Language::Rust | Language::Ruby | Language::Php) {
            return None;
        }
        let found = self.functions.get(name)?;
        let mut fits = found.iter().filter(|place| same_family(self.at[place.0 as usize].1, language));
        let only = fits.next()?;
        fits.next().is_none().then_some(*only)
    }

    /// The other places where a class is written.
    pub(super) fn parts_of(&self, language: Language, path: &str, name: &Arc<str>) -> &[(ModuleId, ClassId)] {
        let Some(home) = home(language, parent(path)) else { return &[] };
        self.parts.get(&(home.into(), Arc::clone(name))).map_or(&[], Vec::as_slice)
    }
}

/// Where all places of one class lie.
fn home(language: Language, folder: &str) -> Option<&str> {
    match language {
        Language::Go | Language::CSharp => Some(folder),
        _ => None,
    }
}

/// Whether something that a file defines is seen by the other files of its folder.
pub(super) fn is_shared(definition: &Definition) -> bool {
    matches!(definition, Definition::Function(_) | Definition::Class(_) | Definition::Binding(_))
}
