//! Rules held against a program: which site of which rule is where.

mod arguments;
mod chains;
mod commands;
mod conditions;
mod texts;
mod wrappers;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use asmm_model::Effect;
use commands::Additions;
use conditions::Conditions;
use foldhash::HashMap;
use muster_rules::{ArgumentTest, Language, Means, Rule, RulePack, Site, SiteKind, SiteRef, is_command};

use crate::program::{Assumption, CallSite, Meaning, ModuleId, Program, Routine, Spot};
use crate::syntax::{CallId, ClassId, Expr, FunctionId, Import, Module};

pub(crate) use arguments::{Arguments, Presence};
use wrappers::{Fit, Through, Wrappers};

/// What a hit is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// An import.
    Import,
    /// A call or construction.
    Call(CallId),
    /// A decorated function.
    Function(FunctionId),
    /// A decorated class, or one that extends something.
    Class(ClassId),
    /// A name or a string.
    Mention,
}

/// One site of a rule, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) site: SiteRef,
    pub(crate) module: ModuleId,
    pub(crate) line: u32,
    pub(crate) subject: Subject,
    /// The function around it; for a decorated function that function itself.
    pub(crate) function: Option<FunctionId>,
    /// The resolved name, the module, or the text.
    pub(crate) name: Box<str>,
    /// How it comes to be what the rule asks for, where a function of the program makes the call.
    pub(crate) through: Option<Rc<Through>>,
}

impl Hit {
    /// The routine it stands in, or that it decorates.
    pub(crate) fn routine(&self) -> Routine {
        Routine { module: self.module, function: self.function }
    }

    /// The call, if it is one.
    pub(crate) fn call(&self) -> Option<CallSite> {
        match self.subject {
            Subject::Call(call) => Some(CallSite { module: self.module, call }),
            _ => None,
        }
    }
}

/// A program with every site of every rule found.
pub(crate) struct Detection<'p> {
    pub(crate) program: &'p Program<'p>,
    pub(crate) pack: &'p RulePack,
    pub(crate) hits: Vec<Hit>,
    /// What shows controls stands apart: it says nothing of what a call does, and no answer may change by it.
    pub(crate) controls: Vec<Hit>,
    by_call: HashMap<CallSite, Vec<u32>>,
    by_function: HashMap<Routine, Vec<u32>>,
    by_class: HashMap<(ModuleId, ClassId), Vec<u32>>,
    by_means: HashMap<Means, Vec<u32>>,
    sites: Sites<'p>,
}

type ByName = HashMap<Box<str>, Arc<[SiteRef]>>;

/// Sites of rules by language, kind and name, looked up once: names repeat all over a program.
struct Sites<'p> {
    pack: &'p RulePack,
    known: RefCell<HashMap<(Language, SiteKind), ByName>>,
}

impl Sites<'_> {
    fn of(&self, language: Language, kind: SiteKind, name: &str) -> Arc<[SiteRef]> {
        let key = (language, kind);
        if let Some(known) = self.known.borrow().get(&key).and_then(|names| names.get(name)) {
            return Arc::clone(known);
        }
        let sites = match kind {
            SiteKind::Import => self.pack.import_sites(language, name),
            _ => self.pack.sites(language, kind, name),
        };
        self.known.borrow_mut().entry(key).or_default().insert(name.into(), Arc::clone(&sites));
        sites
    }
}

struct Search<'p> {
    program: &'p Program<'p>,
    pack: &'p RulePack,
    texts: Vec<(Language, SiteRef, &'p str)>,
    commands: Vec<(Language, SiteRef, &'p str)>,
    /// Of the module that is searched.
    additions: Option<Additions<'p>>,
    sites: Sites<'p>,
    wrappers: Wrappers,
    hits: Vec<Hit>,
}

impl<'p> Detection<'p> {
    /// Holds every rule against every module.
    pub(crate) fn of(program: &'p Program<'p>, pack: &'p RulePack) -> Self {
        let mut search = Search {
            program,
            pack,
            texts: symbols(pack, SiteKind::Text),
            commands: symbols(pack, SiteKind::Command),
            additions: None,
            sites: Sites { pack, known: RefCell::default() },
            wrappers: Wrappers::default(),
            hits: Vec::new(),
        };
        for (id, module) in program.modules() {
            search.module(id, module);
        }
        let mut hits = search.hits;
        hits.sort_by(|a, b| {
            (a.module, a.line, a.site, a.subject, &a.name)
                .cmp(&(b.module, b.line, b.site, b.subject, &b.name))
        });
        hits.dedup();
        let (controls, hits): (Vec<Hit>, Vec<Hit>) =
            hits.into_iter().partition(|hit| pack.site(hit.site).means.control().is_some());
        let mut detection = Self {
            program,
            pack,
            hits: Vec::new(),
            controls,
            by_call: HashMap::default(),
            by_function: HashMap::default(),
            by_class: HashMap::default(),
            by_means: HashMap::default(),
            sites: search.sites,
        };
        for (index, hit) in (0u32..).zip(&hits) {
            detection.by_means.entry(pack.site(hit.site).means).or_default().push(index);
            match hit.subject {
                Subject::Call(call) => {
                    let site = CallSite { module: hit.module, call };
                    detection.by_call.entry(site).or_default().push(index);
                }
                Subject::Function(function) => {
                    let routine = Routine { module: hit.module, function: Some(function) };
                    detection.by_function.entry(routine).or_default().push(index);
                }
                Subject::Class(class) => {
                    detection.by_class.entry((hit.module, class)).or_default().push(index);
                }
                Subject::Import | Subject::Mention => {}
            }
        }
        detection.hits = hits;
        detection
    }

    pub(crate) fn rule(&self, hit: &Hit) -> &'p Rule {
        self.pack.rule(hit.site.rule)
    }

    pub(crate) fn site(&self, hit: &Hit) -> &'p Site {
        self.pack.site(hit.site)
    }

    pub(crate) fn means(&self, hit: &Hit) -> Means {
        self.site(hit).means
    }

    /// Hits of one meaning, in order.
    pub(crate) fn meaning(&self, means: Means) -> impl Iterator<Item = &Hit> {
        self.some(self.by_means.get(&means))
    }

    fn some<'s>(&'s self, indices: Option<&'s Vec<u32>>) -> impl Iterator<Item = &'s Hit> {
        indices.into_iter().flatten().map(|index| &self.hits[*index as usize])
    }

    /// Hits on a call.
    pub(crate) fn on_call(&self, site: CallSite) -> impl Iterator<Item = &Hit> {
        self.some(self.by_call.get(&site))
    }

    /// Hits on a decorated function.
    pub(crate) fn on_function(&self, routine: Routine) -> impl Iterator<Item = &Hit> {
        self.some(self.by_function.get(&routine))
    }

    /// Hits on a class.
    pub(crate) fn on_class(&self, module: ModuleId, class: ClassId) -> impl Iterator<Item = &Hit> {
        self.some(self.by_class.get(&(module, class)))
    }

    /// Sites of a kind that a name fits.
    pub(crate) fn sites(&self, language: Language, kind: SiteKind, name: &str) -> Arc<[SiteRef]> {
        self.sites.of(language, kind, name)
    }

    /// The call that the rule of a hit is about, which a function of the program may make for the call that was found;
    /// and, as long as the second part lives, only for that.
    pub(crate) fn behind(&self, hit: &Hit) -> Option<(CallSite, Vec<Assumption<'p>>)> {
        let Some(through) = &hit.through else { return Some((hit.call()?, Vec::new())) };
        let steps = through.steps.iter();
        let assumed = steps.map(|(routine, caller)| self.program.assume(*routine, Some(*caller)));
        Some((through.call, assumed.collect()))
    }

    /// Whether the arguments of a call show that something which a rule asks of them is not so.
    pub(crate) fn is_ruled_out(&self, site: CallSite, hit: &Hit) -> bool {
        let mut arguments = Conditions::of(self.program, site);
        let mut is_out = |test: &ArgumentTest| !arguments.fit(test) && arguments.is_known(test);
        self.site(hit).conditions.iter().any(&mut is_out)
    }

    /// The arguments of a call.
    pub(crate) fn arguments(&self, site: CallSite) -> Arguments<'p> {
        Arguments::of(self.program, site)
    }
}

/// What the sites of a kind ask for that is no name.
fn symbols(pack: &RulePack, kind: SiteKind) -> Vec<(Language, SiteRef, &str)> {
    let mut texts = Vec::new();
    for (rule, found) in (0u32..).zip(pack.rules()) {
        for (site, what) in (0u32..).zip(&found.sites) {
            if what.kind == kind {
                for language in &what.languages {
                    let at = SiteRef { rule, site };
                    texts.extend(what.symbols.iter().map(|symbol| (*language, at, symbol.as_str())));
                }
            }
        }
    }
    texts
}

/// Longest gap between two parts of a text.
const MAX_GAP: usize = 60;

/// Whether a string holds a text of a rule; each `*` in that stands for a short gap within one sentence.
fn holds(string: &str, text: &str) -> bool {
    let mut parts = text.split('*');
    let Some(first) = parts.next() else { return false };
    // A word of the text is no end of a longer one.
    let is_whole = |at: &usize| {
        !first.starts_with(char::is_alphanumeric) || !string[..*at].ends_with(char::is_alphanumeric)
    };
    let Some(at) = string.match_indices(first).map(|(at, _)| at).find(is_whole) else { return false };
    let mut rest = &string[at + first.len()..];
    parts.all(|part| {
        let near = &rest[..rest.floor_char_boundary(MAX_GAP + part.len())];
        let Some(at) = near.find(part).filter(|at| !near[..*at].contains(['.', '\n'])) else { return false };
        rest = &rest[at + part.len()..];
        true
    })
}

impl<'p> Search<'p> {
    fn module(&mut self, id: ModuleId, module: &Module) {
        let language = module.dialect.language();
        for (index, import) in module.imports.iter().enumerate() {
            if self.program.is_foreign(id, index) {
                self.import(id, language, import);
            }
        }
        for (call, site) in (0u32..).zip(&module.calls) {
            let here = CallSite { module: id, call };
            let mut arguments = Conditions::of(self.program, here);
            let place = (Subject::Call(call), site.line, site.within);
            let begin = self.hits.len();
            for name in self.names(self.program.callee(here)) {
                for kind in [SiteKind::Call, SiteKind::Argument] {
                    self.push_fitting(kind, id, &name, Some(&mut arguments), place);
                }
            }
            self.commands(here, language, begin, place);
        }
        for (function, found) in (0u32..).zip(&module.functions) {
            for decorator in &found.decorators {
                let spot = Spot { module: id, function: found.within };
                let place = (Subject::Function(function), found.line, Some(function));
                self.decorator(spot, decorator, place);
            }
        }
        for (class, found) in (0u32..).zip(&module.classes) {
            let spot = Spot { module: id, function: None };
            let place = (Subject::Class(class), found.line, None);
            for decorator in &found.decorators {
                self.decorator(spot, decorator, place);
            }
            for base in &found.bases {
                for name in self.names(&self.program.resolve(spot, base)) {
                    self.push_fitting(SiteKind::Subclass, id, &name, None, place);
                }
            }
        }
        for mention in &module.mentions {
            let place = (Subject::Mention, mention.line, mention.within);
            self.push_fitting(SiteKind::Mention, id, &mention.text, None, place);
            if mention.is_string {
                let found: Vec<(SiteRef, Box<str>)> = self
                    .texts
                    .iter()
                    .filter(|(of, _, text)| *of == language && holds(&mention.text, text))
                    .map(|(_, site, text)| (*site, Box::from(*text)))
                    .collect();
                for (site, name) in found {
                    self.push(site, id, name, place);
                }
            }
        }
    }

    /// What a call starts, where one of its hits since `begin` says that it starts something.
    fn commands(
        &mut self,
        site: CallSite,
        language: Language,
        begin: usize,
        place: (Subject, u32, Option<FunctionId>),
    ) {
        let starts = |hit: &Hit| {
            let what = self.pack.site(hit.site);
            what.means == Means::Effect && what.effect == Some(Effect::Execute)
        };
        if !self.hits[begin..].iter().any(starts) {
            return;
        }
        let known = self.additions.take().filter(|known| known.module() == site.module);
        let additions = known.unwrap_or_else(|| Additions::of(self.program, site.module));
        let line = commands::line_of(self.program, &additions, site);
        self.additions = Some(additions);
        let Some(line) = line else { return };
        let words: Vec<&str> = line.split_whitespace().collect();
        let fitting: Vec<_> = self
            .commands
            .iter()
            .filter(|(of, _, command)| *of == language && is_command(&words, command))
            .map(|(_, at, command)| (*at, command.split(' ').next().unwrap_or(command)))
            .collect();
        for (at, program) in fitting {
            self.push(at, site.module, program.into(), place);
        }
    }

    fn import(&mut self, id: ModuleId, language: Language, import: &Import) {
        let module = import.module.strip_prefix("node:").unwrap_or(&import.module);
        let place = (Subject::Import, import.line, None);
        let mut sites = self.sites.of(language, SiteKind::Import, module).to_vec();
        if let Some(item) = import.item.as_deref().filter(|_| language.imports_items_as_modules()) {
            // `from google import genai`: the module that the rule speaks about is the item.
            sites.extend(self.sites.of(language, SiteKind::Import, &format!("{module}.{item}")).iter());
        }
        sites.sort_unstable();
        sites.dedup();
        for site in sites {
            self.push(site, id, module.into(), place);
        }
    }

    fn decorator(&mut self, spot: Spot, decorator: &Expr, place: (Subject, u32, Option<FunctionId>)) {
        let call = match decorator {
            Expr::Call(call) => Some(CallSite { module: spot.module, call: *call }),
            _ => None,
        };
        // The name of a decorator with arguments is the name of what is called.
        let meanings = match call {
            Some(call) => self.program.callee(call).to_vec(),
            None => self.program.resolve(spot, decorator),
        };
        let mut arguments = call.map(|call| Conditions::of(self.program, call));
        for name in self.names(&meanings) {
            self.push_fitting(SiteKind::Decorator, spot.module, &name, arguments.as_mut(), place);
        }
    }

    /// Canonical names of what is meant; a class of the program goes by the names of what it extends, too.
    fn names(&self, meanings: &[Meaning]) -> Vec<Rc<str>> {
        let mut names: Vec<Rc<str>> = Vec::new();
        for meaning in meanings {
            match meaning {
                Meaning::External(name) | Meaning::Unresolved(name) => names.push(name.clone()),
                Meaning::Class(module, class) => names.extend(self.program.foreign_bases(*module, *class)),
                Meaning::Module(_) | Meaning::Function(..) | Meaning::Instance(..) => {}
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    fn push_fitting(
        &mut self,
        kind: SiteKind,
        module: ModuleId,
        name: &str,
        mut arguments: Option<&mut Conditions<'p>>,
        place: (Subject, u32, Option<FunctionId>),
    ) {
        let language = self.program.module(module).dialect.language();
        for site in self.sites.of(language, kind, name).iter() {
            let what = self.pack.site(*site);
            let conditions = &what.conditions;
            // What is called with the path of a model by some and with another by others.
            if let Some(arguments) = &mut arguments
                && kind == SiteKind::Call
                && matches!(what.means, Means::ModelCall | Means::Client)
                && !conditions.is_empty()
            {
                match self.wrappers.fit(arguments, conditions) {
                    Fit::Always => self.push(*site, module, name.into(), place),
                    Fit::Never => {}
                    Fit::From(callers) => {
                        for (caller, through) in callers {
                            self.push_through(*site, name, caller, through);
                        }
                    }
                }
                continue;
            }
            let fits = match &mut arguments {
                Some(arguments) => conditions.iter().all(|test| arguments.fit(test)),
                None => conditions.iter().all(|test| test.absent),
            };
            if fits {
                self.push(*site, module, name.into(), place);
            }
        }
    }

    fn push(
        &mut self,
        site: SiteRef,
        module: ModuleId,
        name: Box<str>,
        (subject, line, function): (Subject, u32, Option<FunctionId>),
    ) {
        self.hits.push(Hit { site, module, line, subject, function, name, through: None });
    }

    fn push_through(&mut self, site: SiteRef, name: &str, caller: CallSite, through: Through) {
        let call = self.program.module(caller.module).call(caller.call);
        self.hits.push(Hit {
            site,
            module: caller.module,
            line: call.line,
            subject: Subject::Call(caller.call),
            function: call.within,
            name: name.into(),
            through: Some(Rc::new(through)),
        });
    }
}
