//! Names that no import brings: members of the class around them, what other files of the folder define, and what a
//! namespace holds that a file opens.

use std::cell::Cell;

use muster_rules::{Knowledge, Language};

use super::resolve::{FUEL, MAX_DEPTH, Meaning, Spot, bounded, limited};
use super::{ModuleId, Program};
use crate::syntax::{CallId, ClassId, Expr, TYPE_ARGUMENT};

impl Program<'_> {
    /// What a container gives out when it is asked for a type: `services.GetRequiredService<IChatClient>()`.
    pub(super) fn served(
        &self,
        spot: Spot,
        call: CallId,
        depth: u32,
        fuel: &Cell<u32>,
    ) -> Option<Vec<Meaning>> {
        const ASKS: [&str; 9] = [
            "GetRequiredService",
            "GetService",
            "GetRequiredKeyedService",
            "GetKeyedService",
            "CreateInstance",
            "getBean",
            "get",
            "inject",
            "Resolve",
        ];
        let call = self.module(spot.module).call(call);
        let of_type = call.arguments.iter().find(|a| a.name.as_deref() == Some(TYPE_ARGUMENT))?;
        let (Expr::Name(name) | Expr::Member(_, name)) = &call.callee else { return None };
        if !ASKS.contains(&&**name) {
            return None;
        }
        let found =
            self.of_type(Spot { module: spot.module, function: call.within }, &of_type.value, depth, fuel);
        (!found.is_empty()).then_some(found)
    }

    /// A name that only the base of the class around it can have brought, in languages without functions outside of
    /// classes: what the base is called is all that is known of it.
    pub(super) fn of_base(&self, spot: Spot, name: &str) -> Option<Vec<Meaning>> {
        let module = self.module(spot.module);
        let is_method = match module.dialect.language() {
            Language::Java => name.starts_with(char::is_lowercase),
            Language::CSharp => name.starts_with(char::is_uppercase),
            _ => false,
        };
        let mut scope = spot.function.filter(|_| is_method);
        while let Some(function) = scope {
            let function = module.function(function);
            if let Some(class) = function.class {
                let bases = self.foreign_bases(spot.module, class);
                let known = bases.iter().map(|base| bounded(base, name));
                let known =
                    known.filter(|full| (self.knows)(module.dialect.language(), full) != Knowledge::None);
                let found = limited(known.map(|full| self.external(&full)));
                return (!found.is_empty()).then_some(found);
            }
            scope = function.within;
        }
        None
    }

    /// A name that nothing in the program defines.
    pub(super) fn outside(&self, at: ModuleId, name: &str) -> Vec<Meaning> {
        let language = self.module(at).dialect.language();
        let is_type = name.starts_with(char::is_uppercase);
        vec![match language {
            Language::JavaScript => self.external(&format!("global#{name}")),
            Language::Java | Language::Kotlin if is_type => self.external(&format!("java.lang.{name}")),
            // A package that is written out.
            Language::Java | Language::Kotlin if PACKAGES.contains(&name) => self.external(name),
            // A leading backslash: the name as it is.
            Language::Php if name.starts_with('\\') => self.external(name.trim_start_matches('\\')),
            Language::Kotlin => self.external(&format!("kotlin.{name}")),
            Language::Rust => self.external(name),
            Language::Ruby | Language::Php if is_type => self.external(name),
            Language::Python | Language::Go | Language::Ruby | Language::Php => {
                self.external(&format!("builtins.{name}"))
            }
            // A namespace that is written out: `System.IO.File.Delete`.
            Language::CSharp if NAMESPACES.contains(&name) => self.external(name),
            Language::Java | Language::CSharp => self.unresolved(&format!("?.{name}")),
        }]
    }

    /// A member of the class around a name, its own or inherited within the program.
    pub(super) fn own_member(
        &self,
        module: ModuleId,
        class: ClassId,
        name: &str,
        depth: u32,
        fuel: &Cell<u32>,
    ) -> Option<Vec<Meaning>> {
        // A type that is imported is no member, whatever a base may hold.
        if name.starts_with(char::is_uppercase)
            && !self.names[module as usize].in_scope(None, name).is_empty()
        {
            return None;
        }
        let found = self.class_member(module, class, name, depth, fuel);
        let is_known = found.iter().any(|m| !m.is_unresolved());
        let here = self.places(module, class).into_iter().any(|(module, class)| {
            let names = &self.names[module as usize];
            names.method(class, name).is_some() || names.has_attribute(class, name)
        }) || self.getter(module, class, name).is_some();
        // What a foreign base may hold has the base's name, not that of any function.
        let language = self.module(module).dialect.language();
        let inherited = found.iter().any(|m| match m {
            Meaning::Function(..) | Meaning::Class(..) | Meaning::Instance(..) => true,
            // Only what a rule spells out, and no constants: they are never inherited.
            Meaning::External(full) => {
                let is_method = language == Language::CSharp || !name.starts_with(char::is_uppercase);
                is_method && (self.knows)(language, full) == Knowledge::Named
            }
            _ => false,
        });
        (here || (is_known && inherited)).then_some(found)
    }

    /// What a bare name is as a member of a class.
    pub(super) fn inherited(&self, module: ModuleId, class: ClassId, name: &str) -> Option<Vec<Meaning>> {
        self.own_member(module, class, name, MAX_DEPTH, &Cell::new(FUEL))
    }

    /// A name that other files define, in languages whose files share names.
    pub(super) fn shared_name(
        &self,
        spot: Spot,
        name: &str,
        depth: u32,
        fuel: &Cell<u32>,
    ) -> Option<Vec<Meaning>> {
        let language = self.module(spot.module).dialect.language();
        if matches!(language, Language::Python | Language::JavaScript) {
            return None;
        }
        let is_type = name.starts_with(char::is_uppercase);
        if language == Language::Go || is_type || language == Language::Kotlin {
            for sibling in self.shared.siblings(spot.module) {
                let definitions = self.names[sibling as usize].in_scope(None, name);
                let shared = definitions.iter().filter(|d| super::shared::is_shared(d));
                let left = fuel.get().checked_sub(1)?;
                fuel.set(left);
                let found = limited(shared.flat_map(|d| self.definition(sibling, *d, depth, fuel)));
                if !found.is_empty() {
                    return Some(found);
                }
            }
        }
        let is_namespace = language == Language::CSharp && NAMESPACES.contains(&name);
        if is_type && !is_namespace {
            let known = self.opened(spot.module, name);
            if !known.is_empty() {
                return Some(known);
            }
        }
        if let Some((module, class)) = self.shared.of_type(spot.module, name).filter(|_| is_type) {
            return Some(vec![Meaning::Class(module, class)]);
        }
        let function = self.shared.function(spot.module, name).filter(|_| language != Language::Rust);
        function.map(|(module, function)| vec![Meaning::Function(module, function)])
    }

    /// What a name means in the namespaces that a file opens, as far as rules know it.
    pub(super) fn opened(&self, at: ModuleId, name: &str) -> Vec<Meaning> {
        /// Namespaces that the compiler opens in every file of an ordinary project.
        const IMPLICIT: [&str; 16] = [
            "System",
            "System.IO",
            "System.Linq",
            "System.Net.Http",
            "System.Threading",
            "System.Threading.Tasks",
            "System.Collections.Generic",
            "System.Net.Http.Json",
            "Microsoft.Extensions.Configuration",
            "Microsoft.Extensions.DependencyInjection",
            "Microsoft.Extensions.Hosting",
            "Microsoft.Extensions.Logging",
            "Microsoft.AspNetCore.Builder",
            "Microsoft.AspNetCore.Hosting",
            "Microsoft.AspNetCore.Http",
            "Microsoft.AspNetCore.Routing",
        ];
        let language = self.module(at).dialect.language();
        let own = self.names[at as usize].stars.iter();
        let mut stars: Vec<&str> = own.map(|star| &*self.module(at).imports[*star as usize].module).collect();
        if language == Language::CSharp {
            stars.extend(self.opened_for_all.iter().map(|name| &**name));
            stars.extend(IMPLICIT);
        }
        if matches!(language, Language::Java | Language::Kotlin) {
            stars.push("java.lang");
        }
        let names: Vec<(Knowledge, String)> = stars
            .into_iter()
            .map(|module| format!("{module}.{name}"))
            .map(|name| ((self.knows)(language, &name), name))
            .collect();
        // Where a rule spells a name out, the namespaces of which it leaves open what is in them do not count.
        let best = names.iter().map(|(known, _)| *known).max().filter(|known| *known != Knowledge::None);
        limited(names.iter().filter(|(known, _)| Some(*known) == best).map(|(_, name)| self.external(name)))
    }
}

/// First names of packages that code writes out without an import.
const PACKAGES: [&str; 12] =
    ["java", "javax", "jakarta", "kotlin", "kotlinx", "com", "org", "io", "dev", "net", "ai", "software"];

/// First names of namespaces that C# writes out without opening them, and that name no type.
const NAMESPACES: [&str; 2] = ["System", "Microsoft"];
