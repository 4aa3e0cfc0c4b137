//! Every name in a program that a site of a rule could be about.

use super::Named;
use crate::program::{CallSite, Meaning, Program, Spot};
use crate::syntax::Expr;

/// The names that detection holds the sites against.
pub(super) fn names_of(program: &Program<'_>) -> Vec<Named> {
    let mut all = Vec::new();
    for (id, module) in program.modules() {
        let mut add = |line, site, names: Vec<String>| {
            all.extend(names.into_iter().map(|name| Named { line, site, name }));
        };
        let with_items = module.dialect.language().imports_items_as_modules();
        for (index, import) in module.imports.iter().enumerate() {
            if program.is_foreign(id, index) {
                let name = import.module.strip_prefix("node:").unwrap_or(&import.module);
                let item = import.item.as_deref().filter(|item| with_items && *item != "*");
                let item = item.map(|item| format!("{name}.{item}"));
                add(import.line, "import", std::iter::once(name.to_owned()).chain(item).collect());
            }
        }
        for (call, site) in (0u32..).zip(&module.calls) {
            let here = CallSite { module: id, call };
            add(site.line, "call", canonical(program, program.callee(here)));
        }
        let decorator = |spot: Spot, expr: &Expr| match expr {
            Expr::Call(call) => canonical(program, program.callee(CallSite { module: id, call: *call })),
            _ => canonical(program, &program.resolve(spot, expr)),
        };
        for function in &module.functions {
            let spot = Spot { module: id, function: function.within };
            for expr in &function.decorators {
                add(function.line, "decorator", decorator(spot, expr));
            }
        }
        for class in &module.classes {
            let spot = Spot { module: id, function: None };
            for expr in &class.decorators {
                add(class.line, "decorator", decorator(spot, expr));
            }
            for base in &class.bases {
                add(class.line, "subclass", canonical(program, &program.resolve(spot, base)));
            }
        }
    }
    all
}

/// The names of what is meant, as sites see them. What is not known at all has none.
fn canonical(program: &Program<'_>, meanings: &[Meaning]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for meaning in meanings {
        match meaning {
            Meaning::External(name) | Meaning::Unresolved(name) => names.push(name.to_string()),
            Meaning::Class(module, class) => {
                names.extend(program.foreign_bases(*module, *class).iter().map(ToString::to_string));
            }
            Meaning::Module(_) | Meaning::Function(..) | Meaning::Instance(..) => {}
        }
    }
    names.retain(|name| name != "?");
    names
}

#[cfg(test)]
mod tests {
    use muster_rules::RulePack;

    use crate::firing::names;

    #[test]
    fn every_name_is_shown_as_a_pattern_has_to_be_written() {
        let pack = RulePack::built_in();
        let names = |path: &str, text: &str| {
            let names = names(&pack, path, text.as_bytes()).unwrap_or_default();
            names.iter().map(|n| format!("{} {} {}", n.line, n.site, n.name)).collect::<Vec<_>>()
        };
        let script = "\
import OpenAI from 'openai';
import { join } from 'node:path';
const own = () => new OpenAI().chat.completions.create({});
own();
fetch(join('a'));
";
        assert_eq!(
            names("a.ts", script),
            [
                "1 import openai",
                "2 import path",
                "3 call openai#default",
                "3 call openai#default.chat.completions.create",
                "5 call global#fetch",
                "5 call path#join",
            ]
        );
        let python = "\
from acme import tool, Base
@tool
def a(): ...
@tool('b')
class B(Base):
    x = thing.run()
B()
";
        assert_eq!(
            names("a.py", python),
            [
                "1 import acme",
                "1 import acme.Base",
                "1 import acme.tool",
                "3 decorator acme.tool",
                "4 call acme.tool",
                "5 decorator acme.tool",
                "5 subclass acme.Base",
                "6 call builtins.thing.run",
                "7 call acme.Base",
            ]
        );
        assert_eq!(
            names("requirements.txt", "flask\nanthropic==0.39\n"),
            ["1 package pypi:flask", "2 package pypi:anthropic"]
        );
    }
}
