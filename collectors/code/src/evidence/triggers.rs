//! What starts the code that runs a model: sites in code, files that start code, and the shape of the files themselves.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::TriggerKind;
use muster_rules::Means;

use super::reach::targets;
use crate::detect::{Detection, Hit, Subject};
use crate::manifests::{ManifestKind, unit_folder};
use crate::program::{CallSite, Meaning, ModuleId, Routine, Spot};
use crate::role::role_of;
use crate::starters::{Command, CommandKind, Entry, Package, Surroundings, function_of, runs_file};
use crate::survey::Survey;
use crate::syntax::{Expr, LoopId, Module};

/// One way in which the part starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FoundTrigger {
    pub(crate) kind: TriggerKind,
    pub(crate) value: String,
    pub(crate) path: String,
    pub(crate) line: u32,
    /// The entry point that it runs.
    pub(crate) runs: Option<String>,
    /// The rule that recognised it.
    pub(crate) rule: Option<u32>,
    /// Whether a CI workflow declares it.
    pub(crate) by_workflow: bool,
    /// Whether anybody may write what comes with it: issues, comments, pull requests.
    pub(crate) carries_untrusted: bool,
}

/// Events of a code host whose text anybody can write.
const UNTRUSTED_EVENTS: [&str; 6] = [
    "issue_comment",
    "issues",
    "pull_request_target",
    "discussion",
    "discussion_comment",
    "pull_request_review",
];

/// Whether anybody may write what comes with an event.
pub(super) fn carries_untrusted(event: &str) -> bool {
    event.split([':', ',', ' ']).any(|name| UNTRUSTED_EVENTS.contains(&name))
}

/// Finds what starts the routines `above` which a model is reached from.
pub(crate) struct Triggers<'d, 'p> {
    pub(crate) detection: &'d Detection<'p>,
    pub(crate) survey: &'d Survey,
    /// Routines from which a model is reached.
    pub(crate) above: &'d BTreeSet<Routine>,
    /// Routines in which a model is called.
    pub(crate) models: &'d BTreeSet<Routine>,
    /// Calls that run an agent which was made elsewhere.
    pub(crate) uses: &'d BTreeSet<CallSite>,
}

impl Triggers<'_, '_> {
    /// All of them, sorted.
    pub(crate) fn find(&self) -> Vec<FoundTrigger> {
        let mut found = Vec::new();
        for hit in self.detection.meaning(Means::Trigger) {
            found.extend(self.site(hit));
        }
        found.extend(self.watch_loops());
        found.extend(self.starters());
        found.extend(self.routes());
        // What another system calls is no person's turn, although the same line looks like a route.
        let started: BTreeSet<(String, Option<String>)> = found
            .iter()
            .filter(|t| t.kind.self_starting() && !t.by_workflow)
            .map(|t| (t.path.clone(), t.runs.clone()))
            .collect();
        found.retain(|t| t.kind.self_starting() || !started.contains(&(t.path.clone(), t.runs.clone())));
        found.sort();
        found.dedup();
        // A person's turn is one way to start, however many lines read it.
        let mut turns: BTreeSet<(String, Option<String>)> = BTreeSet::new();
        found.retain(|t| t.kind.self_starting() || turns.insert((t.path.clone(), t.runs.clone())));
        found.retain(|t| role_of(&t.path).is_own() || self.in_samples(t));
        found
    }

    /// What tests and documentation start says nothing about the system, unless the system is one of them.
    fn in_samples(&self, trigger: &FoundTrigger) -> bool {
        trigger.by_workflow
            || self.models.iter().all(|r| !self.detection.program.module(r.module).role.is_own())
    }

    fn path(&self, module: ModuleId) -> String {
        self.detection.program.module(module).path.to_string()
    }

    /// What a routine is called in a report.
    fn name_of(&self, routine: Routine) -> String {
        let module = self.detection.program.module(routine.module);
        match routine.function.map(|f| module.function(f)) {
            Some(function) if !function.name.is_empty() => format!("{} in {}", function.name, module.path),
            _ => module.path.to_string(),
        }
    }

    /// A trigger in code, if it leads to a model.
    fn site(&self, hit: &Hit) -> Option<FoundTrigger> {
        let what = self.detection.site(hit);
        let runs = self.started(hit)?;
        let declared = self.call_of(hit).map(|c| self.detection.program.module(c.module).call(c.call).line);
        let line = declared.unwrap_or(hit.line);
        let value = match (hit.subject, &what.value) {
            (Subject::Call(_) | Subject::Function(_) | Subject::Class(_), Some(argument)) => self
                .call_of(hit)
                .and_then(|call| self.detection.arguments(call).value(argument))
                .map(|(_, v)| v),
            _ => None,
        };
        Some(FoundTrigger {
            kind: what.trigger.unwrap_or(TriggerKind::Event),
            value: value.map_or_else(String::new, |value| match value {
                // One queue in a list of queues.
                Expr::List(values) if values.len() == 1 => short(&values[0]),
                value => short(value),
            }),
            path: self.path(hit.module),
            line,
            runs: Some(self.name_of(runs)),
            rule: Some(hit.site.rule),
            by_workflow: false,
            carries_untrusted: false,
        })
    }

    /// The call that declares the trigger, also behind a decorator.
    fn call_of(&self, hit: &Hit) -> Option<CallSite> {
        if let Some(call) = hit.call() {
            return Some(call);
        }
        let program = self.detection.program;
        let decorators = match hit.subject {
            Subject::Function(function) => &program.module(hit.module).function(function).decorators,
            Subject::Class(class) => &program.module(hit.module).class(class).decorators,
            _ => return None,
        };
        decorators.iter().find_map(|decorator| match decorator {
            Expr::Call(call) => {
                let site = CallSite { module: hit.module, call: *call };
                let fits = program.callee(site).iter().any(|m| {
                    matches!(m, Meaning::External(name) | Meaning::Unresolved(name) if **name == *hit.name)
                });
                fits.then_some(site)
            }
            _ => None,
        })
    }

    /// The routine that the trigger starts, if a model is reached from it.
    fn started(&self, hit: &Hit) -> Option<Routine> {
        let program = self.detection.program;
        match hit.subject {
            Subject::Function(_) => self.above.contains(&hit.routine()).then(|| hit.routine()),
            Subject::Class(class) => program.methods(hit.module, class).find(|m| self.above.contains(m)),
            Subject::Call(_) => {
                let call = hit.call()?;
                let what = self.detection.site(hit);
                let given = self.detection.arguments(call);
                let mut followed = false;
                for argument in &what.runs {
                    let Some((spot, value)) = given.find(argument).value() else { continue };
                    let routines = self.routines_of(spot, value);
                    followed |= !routines.is_empty();
                    if let Some(routine) = routines.iter().find(|r| self.above.contains(r)) {
                        return Some(*routine);
                    }
                }
                // What it runs is known, and it is something else.
                if followed {
                    return None;
                }
                let around = Routine {
                    module: call.module,
                    function: program.module(call.module).call(call.call).within,
                };
                if around.function.is_some() && self.above.contains(&around) {
                    return Some(around);
                }
                // At the top of a module, what the trigger runs is mostly in that module.
                let near = self.above.iter().find(|r| r.module == call.module);
                near.copied().filter(|_| around.function.is_none())
            }
            // Where a header says who calls, or where what reads it is called.
            Subject::Mention if hit.function.is_some() => {
                let here = hit.routine();
                let callers = program.callers(here).iter().map(|site| Routine {
                    module: site.module,
                    function: program.module(site.module).call(site.call).within,
                });
                std::iter::once(here).chain(callers).find(|routine| self.above.contains(routine))
            }
            Subject::Import | Subject::Mention => None,
        }
    }

    /// Functions that a value stands for: the function itself, one written in place, or one named by a text.
    pub(super) fn routines_of(&self, spot: Spot, value: &Expr) -> Vec<Routine> {
        let program = self.detection.program;
        match value {
            Expr::Function(function) => vec![Routine { module: spot.module, function: Some(*function) }],
            Expr::Text(text) => {
                let last = text.rsplit(['.', ':', '#', '/']).next().unwrap_or(text);
                program.only_named(last).into_iter().collect()
            }
            // `task.s(…)`, `partial(run, job)`, `lambda: run()`.
            Expr::Call(call) => {
                let site = CallSite { module: spot.module, call: *call };
                let found = program.module(spot.module).call(*call);
                let callee = match &found.callee {
                    Expr::Member(object, _) => self.routines_of(spot, object),
                    _ => Vec::new(),
                };
                let arguments = found.arguments.iter().flat_map(|a| self.routines_of(spot, &a.value));
                // `new Job()`: what the job does.
                let made = program.callee(site).iter().filter_map(|meaning| match meaning {
                    Meaning::Class(module, class) => Some((*module, *class)),
                    _ => None,
                });
                let made = made.flat_map(|(module, class)| program.methods(module, class));
                callee.into_iter().chain(arguments).chain(targets(program, site)).chain(made).collect()
            }
            Expr::Name(_) | Expr::Member(..) => program
                .resolve(spot, value)
                .into_iter()
                .flat_map(|meaning| match meaning {
                    Meaning::Function(module, function) => vec![Routine { module, function: Some(function) }],
                    Meaning::Class(module, class) | Meaning::Instance(module, class) => {
                        program.methods(module, class).collect()
                    }
                    _ => Vec::new(),
                })
                .collect(),
            Expr::List(values) | Expr::Choice(values) => {
                values.iter().flat_map(|v| self.routines_of(spot, v)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Loops without an end that call a model, wait, and go on without asking anybody.
    fn watch_loops(&self) -> Vec<FoundTrigger> {
        let program = self.detection.program;
        let mut found = Vec::new();
        for hit in self.detection.meaning(Means::Pause) {
            let Some(call) = hit.call() else { continue };
            let module = program.module(hit.module);
            let Some(endless) = endless_around(module, module.call(call.call).in_loop) else { continue };
            if module.loops[endless as usize].returns {
                continue;
            }
            let inside: Vec<CallSite> = (0u32..)
                .zip(&module.calls)
                .filter(|(_, c)| encloses(module, endless, c.in_loop))
                .map(|(id, _)| CallSite { module: hit.module, call: id })
                .collect();
            let reaches = inside.iter().any(|site| {
                let here = Routine { module: site.module, function: module.call(site.call).within };
                let direct = self.uses.contains(site)
                    || self.models.contains(&here)
                        && self.detection.on_call(*site).any(|h| {
                            matches!(self.detection.means(h), Means::ModelCall | Means::Agent | Means::Chain)
                        });
                direct || targets(program, *site).iter().any(|t| self.above.contains(t))
            });
            let asks = inside.iter().any(|site| {
                self.detection.on_call(*site).any(|h| {
                    matches!(self.detection.means(h), Means::Gate)
                        || self.detection.rule(h).id.0 == "takes-user-input"
                })
            });
            if reaches && !asks {
                let routine = Routine { module: hit.module, function: module.loops[endless as usize].within };
                found.push(FoundTrigger {
                    kind: TriggerKind::Watch,
                    value: String::new(),
                    path: module.path.to_string(),
                    line: module.loops[endless as usize].line,
                    runs: Some(self.name_of(routine)),
                    rule: Some(hit.site.rule),
                    by_workflow: false,
                    carries_untrusted: false,
                });
            }
        }
        found
    }

    /// Files that start code by themselves and run one of the modules from which a model is reached.
    fn starters(&self) -> Vec<FoundTrigger> {
        let program = self.detection.program;
        let entries: Vec<(ModuleId, &str, bool)> = program
            .modules()
            .filter_map(|(id, module)| {
                let top = self.above.contains(&Routine { module: id, function: None });
                let any = top
                    || self
                        .above
                        .range(Routine { module: id, function: None }..)
                        .next()
                        .is_some_and(|r| r.module == id);
                any.then_some((id, &*module.path, top || module.is_script))
            })
            .collect();
        let mut found = Vec::new();
        let points = self.entry_points();
        let packages: Vec<Package<'_>> = self
            .survey
            .manifests
            .iter()
            .map(|m| Package { ecosystem: m.kind.ecosystem(), path: &m.path, name: m.name.as_deref() })
            .collect();
        for (path, starter) in &self.survey.starters {
            let by_workflow = crate::starters::is_pipeline(path);
            let started = starter.runs.iter().find_map(|command| {
                let (scripts_folder, scripts) = self.scripts_of(&command.folder);
                entries.iter().find(|(module, file, top)| {
                    let declares = |name: &str| declares_command(program.module(*module), name);
                    let around = Surroundings {
                        scripts,
                        scripts_folder,
                        entry_points: &points,
                        packages: &packages,
                        declares: &declares,
                    };
                    runs_file(command, file, &around).is_some_and(|entry| {
                        *top || entry == Entry::Inside && self.is_handled(command, *module)
                    })
                })
            });
            let Some((_, file, _)) = started else { continue };
            let carries_untrusted = carries_untrusted(&starter.value);
            found.push(FoundTrigger {
                kind: starter.kind,
                value: clip(&starter.value),
                path: path.to_string(),
                line: starter.line,
                runs: Some((*file).to_owned()),
                rule: None,
                by_workflow,
                carries_untrusted,
            });
        }
        found
    }

    /// Whether the function that a handler names leads to a model, as far as the module shows a function of that name.
    fn is_handled(&self, command: &Command, module: ModuleId) -> bool {
        let is_likely = command.kind == CommandKind::LikelyHandler;
        if !is_likely && command.kind != CommandKind::Handler {
            return true;
        }
        let facts = self.detection.program.module(module);
        let name = function_of(&command.text);
        let mut named = (0u32..).zip(&facts.functions).filter(|(_, f)| Some(&*f.name) == name).peekable();
        if named.peek().is_none() {
            return !is_likely;
        }
        named.any(|(id, _)| self.above.contains(&Routine { module, function: Some(id) }))
    }

    /// The scripts of the `package.json` that holds in a folder.
    fn scripts_of(&self, folder: &str) -> (&str, &BTreeMap<String, String>) {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        let mut at = folder;
        loop {
            let here = self
                .survey
                .manifests
                .iter()
                .find(|m| m.kind == ManifestKind::PackageJson && unit_folder(&m.path) == at);
            if let Some(manifest) = here {
                return (unit_folder(&manifest.path), &manifest.scripts);
            }
            if at.is_empty() {
                return ("", &NONE);
            }
            at = crate::program::parent(at);
        }
    }

    /// Console scripts: a manifest says what they call, and they are mostly called as the package is.
    fn entry_points(&self) -> Vec<(String, String)> {
        self.survey
            .manifests
            .iter()
            .filter_map(|m| Some((m.name.clone()?, m)))
            .flat_map(|(name, m)| m.entry_points.iter().map(move |point| (name.clone(), point.clone())))
            .collect()
    }

    /// Files that a web framework serves because of where they are.
    fn routes(&self) -> Vec<FoundTrigger> {
        let program = self.detection.program;
        program
            .modules()
            .filter_map(|(id, module)| {
                let route = route_of(&module.path)?;
                let reached = self.above.iter().find(|r| r.module == id)?;
                let line = reached.function.map_or(1, |f| module.function(f).line);
                Some(FoundTrigger {
                    kind: TriggerKind::Manual,
                    value: route,
                    path: module.path.to_string(),
                    line,
                    runs: Some(self.name_of(*reached)),
                    rule: None,
                    by_workflow: false,
                    carries_untrusted: true,
                })
            })
            .collect()
    }
}

/// Whether a module declares a command or task of that name: by the signature of its class, or as a task in its namespace.
fn declares_command(module: &Module, name: &str) -> bool {
    let says = |text: &str| text.split_whitespace().next() == Some(name);
    let by_property = module.bindings.iter().any(|binding| {
        let property = binding.name.trim_start_matches('$');
        let is_text = matches!(&binding.value, Expr::Text(text) if says(text));
        binding.class.is_some() && matches!(property, "signature" | "name" | "defaultName") && is_text
    });
    let given = |call: u32, text: &str| {
        module.call(call).arguments.iter().any(|argument| match &argument.value {
            Expr::Text(given) => &**given == text,
            Expr::Map(pairs) => pairs.iter().any(|(key, _)| &**key == text),
            _ => false,
        })
    };
    let by_attribute = || {
        let decorators = module.classes.iter().flat_map(|class| &class.decorators);
        decorators.clone().any(|decorator| matches!(decorator, Expr::Call(call) if given(*call, name)))
    };
    let called = |what: &str, text: &str| {
        (0u32..)
            .zip(&module.calls)
            .any(|(id, call)| matches!(&call.callee, Expr::Name(name) if &**name == what) && given(id, text))
    };
    let by_task = || {
        let (spaces, task) = name.rsplit_once(':').unwrap_or(("", name));
        called("task", task) && spaces.split(':').filter(|s| !s.is_empty()).all(|s| called("namespace", s))
    };
    by_property || by_attribute() || by_task()
}

/// The route of a file of Next.js, SvelteKit and the like.
pub(crate) fn route_of(path: &str) -> Option<String> {
    let (folder, file) = path.rsplit_once('/')?;
    let stem = file.split('.').next().unwrap_or(file);
    let after = |marker: &str| {
        let at =
            folder.match_indices(marker).find(|(at, _)| *at == 0 || folder.as_bytes()[at - 1] == b'/')?.0;
        Some(folder[at + marker.len()..].trim_start_matches('/'))
    };
    // Folders in parentheses group files and are no part of the address.
    let address = |route: &str| {
        let parts = route.split('/').filter(|part| !part.is_empty() && !part.starts_with('('));
        format!("/{}", parts.collect::<Vec<_>>().join("/"))
    };
    if stem == "route" {
        return after("app").map(address);
    }
    if stem == "+server" {
        return after("routes").map(address);
    }
    if folder == "pages/api" || folder.contains("pages/api/") || folder.ends_with("/pages/api") {
        let route = after("pages")?;
        let last = if stem == "index" { String::new() } else { format!("/{stem}") };
        return Some(format!("/{route}{last}"));
    }
    None
}

fn endless_around(module: &Module, innermost: Option<LoopId>) -> Option<LoopId> {
    let mut at = innermost;
    while let Some(id) = at {
        let found = module.loops.get(id as usize)?;
        if found.endless {
            return Some(id);
        }
        at = found.outer;
    }
    None
}

fn encloses(module: &Module, outer: LoopId, innermost: Option<LoopId>) -> bool {
    let mut at = innermost;
    while let Some(id) = at {
        if id == outer {
            return true;
        }
        at = module.loops.get(id as usize).and_then(|l| l.outer);
    }
    false
}

/// A value that may be shown: a text or a number, never more than a line of it.
fn short(value: &Expr) -> String {
    match value {
        Expr::Text(text) | Expr::Literal(text) => clip(text),
        Expr::Name(name) | Expr::Member(_, name) => clip(name),
        _ => String::new(),
    }
}

fn clip(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line[..line.floor_char_boundary(120)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_follow_from_paths() {
        let cases = [
            ("app/api/chat/route.ts", Some("/api/chat")),
            ("web/src/app/api/chat/route.ts", Some("/api/chat")),
            ("app/(chat)/api/chat/route.ts", Some("/api/chat")),
            ("pages/api/chat.ts", Some("/api/chat")),
            ("src/pages/api/chat/index.js", Some("/api/chat")),
            ("src/routes/api/chat/+server.ts", Some("/api/chat")),
            ("src/route.ts", None),
            ("pages/index.tsx", None),
        ];
        for (path, route) in cases {
            assert_eq!(route_of(path).as_deref(), route, "{path}");
        }
    }
}
