//! A target from its files to its observations: survey, units, programs, reasons.

mod parsing;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use asmm_model::{Coverage, EvidenceClass, Fact, Gap, GapReason, Observation, Scope};
use foldhash::HashMap;
use muster_collect::{CollectError, Context};
use muster_rules::{Knowledge, Language};

use self::parsing::{Parsed, Parsing, read};
use crate::assistants::{Signatures, assistants};
use crate::detect::Detection;
use crate::document::{MAX_BYTES, Node, reading};
use crate::elsewhere::known_elsewhere;
use crate::evaluations::Steps;
use crate::evidence::{self, Case};
use crate::imports::{self, Importers};
use crate::infrastructure::{Agents, Format, Wiring};
use crate::memory::{Listing, Memory, Modules, Names};
use crate::ownership::committers;
use crate::program::{Program, finds_by_name};
use crate::source::Lines;
use crate::survey::{Engine, FileFacts, Listed, SourceFile, Survey};
use crate::syntax::{Module, Parsers};
use crate::tree::{Identity, Reader, Tree};
use crate::units::{Unit, Units};
use crate::workloads::Runs;

/// Modules that one unit may have; beyond it the rest is a gap.
const MAX_MODULES: usize = 5_000;
/// Modules that a unit borrows: what its code imports, and what imports its code.
const MAX_BORROWED: usize = 1_000;
/// Steps from one import to the next that are followed.
const MAX_STEPS: usize = 5;
/// Files that one thread reads before it asks whether they are known.
const PARSED_AT_ONCE: usize = 8;

/// Everything that one scan of a tree gives.
pub(crate) struct Outcome {
    pub(crate) coverage: Coverage,
    pub(crate) observations: Vec<Observation>,
}

/// Scans a tree; what an earlier scan saw of it, and is still so, is not looked at again.
pub(crate) fn scan(tree: &Tree, target: &str, cx: &Context) -> Result<Outcome, CollectError> {
    let Some(memory) = Memory::of(tree, target, cx) else {
        return Ok(look(tree, target, &Engine::shared(&cx.rules), cx, None)?.outcome);
    };
    if let Some(outcome) = memory.early_state().and_then(|state| memory.outcome(state)) {
        return Ok(outcome);
    }
    let listing = Listing::of(tree, cx);
    if cx.stop.is_asked() {
        return Err(CollectError::Stopped);
    }
    let state = memory.state(&listing);
    if let Some(outcome) = state.and_then(|state| memory.outcome(state)) {
        cx.progress.done(listing.files.len() as u64);
        return Ok(outcome);
    }
    let mut known = memory.files();
    let listed = Listed { listing, known: &mut known };
    let engine = Engine::shared(&cx.rules);
    let Look { outcome, facts, imports, in_haste } =
        look(tree, target, &engine, cx, Some((&memory, listed)))?;
    known.add(facts);
    known.learn(&imports);
    memory.keep_files(known);
    if let Some(state) = state.filter(|_| !in_haste) {
        memory.keep(state, &outcome);
    }
    Ok(outcome)
}

/// What a look at a tree gives, with what is worth remembering of it.
struct Look {
    outcome: Outcome,
    facts: Vec<(Arc<str>, Identity, FileFacts)>,
    /// What source files import that were read for that.
    imports: BTreeMap<Arc<str>, Names>,
    /// Whether something was given up because it took too long: the next time it may not.
    in_haste: bool,
}

fn look(
    tree: &Tree,
    target: &str,
    engine: &Engine,
    cx: &Context,
    memory: Option<(&Memory<'_>, Listed<'_>)>,
) -> Result<Look, CollectError> {
    let (memory, listed) = memory.unzip();
    let mut survey = Survey::of(tree, listed, engine, cx)?;
    let facts = std::mem::take(&mut survey.facts);
    if let Some(why) = tree.exhausted() {
        return Err(CollectError::Failed(why));
    }
    let name = tree.name().unwrap_or_else(|| "target".to_owned());
    let units = Units::of(&survey, &name);
    let mut scan = Scan {
        tree,
        reader: tree.reader(),
        target,
        engine,
        cx,
        survey: &survey,
        modules: memory.map(Memory::modules),
        parsers: Vec::new(),
        importers: None,
        imports: BTreeMap::new(),
        in_haste: false,
        cells: BTreeMap::new(),
        gaps: Vec::new(),
    };
    let mut observations = Vec::new();
    for unit in units.iter() {
        if cx.stop.is_asked() {
            return Err(CollectError::Stopped);
        }
        observations.extend(scan.unit(unit, &units)?);
    }
    let declared = scan.infrastructure(&units, &observations)?;
    observations.extend(declared);
    let found = assistants(&engine.rules, (&survey.starters, &survey.setups), &|path| scan.document(path));
    observations.extend(evidence::assistants(&engine.rules, target, &found));
    observations.extend(evidence::flows(&engine.rules, target, &survey.flows));
    let home = |path: &str| scan.home(&units, path);
    let asks = observations.iter().any(|observation| matches!(observation.fact, Fact::System { .. }));
    observations.extend(evidence::artifacts(&engine.rules, &survey.artifacts, &home, asks));
    observations.extend(scan.controls(&observations));
    observations.extend(survey.ownership.about(&observations, &survey.manifests));
    let mut signatures = Signatures::of(&engine.rules);
    let (committers, cut) = committers(tree.history(), &observations, &mut |commit| signatures.add(commit));
    observations.extend(committers);
    observations.extend(signatures.components(target));
    scan.name_cells(&mut observations);
    let (keys, cut_short) = known_elsewhere(&survey, tree.origin().as_deref(), &found, &observations);
    observations.extend(keys);
    if let Some(why) = tree.exhausted() {
        return Err(CollectError::Failed(why));
    }
    let mut skipped = survey.gaps.clone();
    skipped.extend(cut.into_iter().chain(cut_short));
    let Scan { gaps, imports, in_haste, .. } = scan;
    skipped.extend(gaps);
    skipped.sort();
    skipped.dedup();
    let coverage = Coverage { target: target.to_owned(), seen: survey.seen, skipped, kinds: Vec::new() };
    Ok(Look { outcome: Outcome { coverage, observations }, facts, imports, in_haste })
}

struct Scan<'s> {
    tree: &'s Tree,
    reader: Reader<'s>,
    target: &'s str,
    engine: &'s Engine,
    cx: &'s Context,
    survey: &'s Survey,
    /// Files that were parsed before.
    modules: Option<Modules<'s>>,
    /// One for each thread; what is parsed for one unit shares its texts.
    parsers: Vec<Parsers>,
    /// Who imports whom; read when the first unit that uses AI asks.
    importers: Option<Importers>,
    /// What was read off source files for that.
    imports: BTreeMap<Arc<str>, Names>,
    in_haste: bool,
    /// Lines and cells of the notebooks that were parsed.
    cells: BTreeMap<Arc<str>, Vec<(u32, u32)>>,
    gaps: Vec<Gap>,
}

impl Scan<'_> {
    fn unit(&mut self, unit: &Unit, units: &Units) -> Result<Vec<Observation>, CollectError> {
        let file = |path: &Arc<str>| self.survey.sources.get(path);
        let mut own: Vec<&SourceFile> =
            unit.files.iter().filter_map(file).filter(|f| f.hits.primary).collect();
        let mut modules = Vec::new();
        if !own.is_empty() {
            own.extend(unit.files.iter().filter_map(file).filter(|f| !f.hits.primary));
            if own.len() > MAX_MODULES {
                let rest = (own.len() - MAX_MODULES) as u64;
                let what = if unit.root.is_empty() { "." } else { &unit.root };
                self.gaps.push(
                    Gap::new(what, GapReason::TooLarge)
                        .times(rest)
                        .because(format!("more than {MAX_MODULES} files of interest in one unit")),
                );
                own.truncate(MAX_MODULES);
            }
            modules = self.parse(&own)?;
            self.borrow(&mut modules)?;
            self.parsers.iter_mut().for_each(Parsers::forget);
        }
        let declared = |language: Language, module: &str| self.is_declared(unit, language, module);
        let rules = &self.engine.rules;
        // The same names are asked for all over a unit.
        let known: RefCell<HashMap<(Language, Box<str>), Knowledge>> = RefCell::default();
        let knows = |language: Language, name: &str| {
            *known
                .borrow_mut()
                .entry((language, name.into()))
                .or_insert_with(|| rules.knowledge(language, name))
        };
        let program = Program::new(modules, &self.survey.index, &declared, &knows);
        let detection = Detection::of(&program, &self.engine.rules);
        let is_own = |path: &str| units.of_file(path).is_some_and(|u| unit.takes(&u.root));
        let own: BTreeSet<u32> =
            program.modules().filter(|(_, module)| is_own(&module.path)).map(|(id, _)| id).collect();
        let readable = self.is_readable(unit, &program, &own);
        let complete = readable && !self.has_other_languages(unit);
        Ok(evidence::observe(&Case {
            target: self.target,
            survey: self.survey,
            unit,
            units,
            detection: &detection,
            own: &own,
            complete,
            readable,
        }))
    }

    /// Says in which cell of a notebook each place is: that is what people see, and not the line of the file.
    fn name_cells(&self, observations: &mut [Observation]) {
        for place in observations.iter_mut().flat_map(|observation| observation.fact.places_mut()) {
            let cells = place.path.as_deref().and_then(|path| self.cells.get(path));
            let (Some(cells), Some(line)) = (cells, place.line) else { continue };
            let at = cells.partition_point(|(of, _)| *of <= line);
            place.locator = at.checked_sub(1).map(|at| format!("cell {}", cells[at].1));
        }
    }

    /// What infrastructure code declares.
    fn infrastructure(
        &mut self,
        units: &Units,
        known: &[Observation],
    ) -> Result<Vec<Observation>, CollectError> {
        let resources = &self.survey.resources;
        let principals = &self.survey.principals;
        let is_wired = resources.iter().any(|resource| resource.format == Format::Terraform)
            || principals.iter().any(|principal| principal.format == Format::Terraform);
        let systems: BTreeSet<&Scope> = known
            .iter()
            .filter(|observation| matches!(observation.fact, Fact::System { .. }))
            .map(|observation| &observation.scope)
            .collect();
        let has_ai = !systems.is_empty()
            || !resources.is_empty()
            || principals.iter().any(|principal| principal.speaks.is_some());
        let mut wiring = Wiring::default();
        if is_wired && has_ai {
            for path in &self.survey.terraform {
                if self.cx.stop.is_asked() {
                    return Err(CollectError::Stopped);
                }
                if let Some(document) = self.document(path) {
                    wiring.add(&document, path);
                }
            }
        }
        let agents = Agents { resources, principals, wiring: &wiring }.all();
        let home = |path: &str| self.home(units, path);
        let mut found =
            evidence::declared(&self.engine.rules, self.target, resources, &agents, &home, &systems);
        found.extend(evidence::configured(&self.survey.configured, &home, &systems));
        if has_ai {
            let runs = Runs::of(self.survey, &systems);
            let principals = evidence::Principals {
                pack: &self.engine.rules,
                target: self.target,
                declarations: principals,
                resources,
                agents: &agents,
                wiring: &wiring,
                home: &home,
                runs: &|path, commands| runs.system(path, commands),
            };
            found.extend(principals.observe());
            self.gaps.extend(runs.gap());
        }
        Ok(found)
    }

    /// What stands beside the code and evaluates, limits or restores the systems that were found.
    fn controls(&self, known: &[Observation]) -> Vec<Observation> {
        let is_system = |fact: &Fact| matches!(fact, Fact::System { .. });
        let systems: BTreeSet<&Scope> =
            known.iter().filter(|seen| is_system(&seen.fact)).map(|seen| &seen.scope).collect();
        if systems.is_empty() {
            return Vec::new();
        }
        let rules = &self.engine.rules;
        let evaluating: BTreeSet<&str> = rules
            .evaluations()
            .filter(|(_, run)| run.code)
            .map(|(at, _)| rules.rule(at.rule).id.0.as_str())
            .collect();
        let components = known.iter().filter_map(|seen| match &seen.fact {
            Fact::Component(component) => Some(&component.evidence),
            _ => None,
        });
        let in_code = components.flatten().filter(|evidence| evidence.class == Some(EvidenceClass::Ast));
        let code = in_code.filter_map(|evidence| {
            let rule = evidence.rule.as_deref().filter(|rule| evaluating.contains(rule))?;
            Some((rules.find(rule)?.0, evidence.place.path.as_deref()?))
        });
        let steps = Steps {
            pack: rules,
            starters: &self.survey.starters,
            setups: &self.survey.setups,
            manifests: &self.survey.manifests,
            code: &code.collect(),
        };
        evidence::around(rules, &self.survey.artifacts, &steps.evaluations(), &systems)
    }

    /// A file that is read again; what cannot be read was a gap of the survey already.
    fn document(&self, path: &str) -> Option<Node> {
        let mut buffer = Vec::new();
        let mut reader = self.tree.reader();
        let at = reader.at(path)?;
        reader.read_at(&at, path, MAX_BYTES as u64, &mut buffer).ok()?;
        reading::by_name(path, std::str::from_utf8(&buffer).ok()?).ok()
    }

    /// The scope of the unit that a file is in.
    fn home(&self, units: &Units, path: &str) -> Scope {
        let unit = units.of_file(path);
        let (root, name) = unit.map_or_else(Default::default, |u| (u.root.clone(), u.name.clone()));
        Scope { target: self.target.to_owned(), root, name }
    }

    /// Whether a manifest of the unit, or of one around it, asks for the package that a module belongs to.
    fn is_declared(&self, unit: &Unit, language: Language, module: &str) -> bool {
        let rules = &self.engine.rules;
        let wanted: BTreeSet<u32> =
            rules.import_sites(language, module).iter().map(|site| site.rule).collect();
        if wanted.is_empty() {
            return false;
        }
        let around = |path: &str| {
            let folder = crate::manifests::unit_folder(path);
            folder.is_empty()
                || unit.root == folder
                || unit.root.strip_prefix(folder).is_some_and(|r| r.starts_with('/'))
        };
        self.survey.manifests.iter().filter(|m| around(&m.path)).flat_map(|m| &m.known).any(|package| {
            rules
                .package(package.ecosystem.rule_type(), &package.name)
                .iter()
                .any(|rule| wanted.contains(rule))
        })
    }

    /// Adds what the modules import from their own repository, and what imports them.
    fn borrow(&mut self, modules: &mut Vec<Module>) -> Result<(), CollectError> {
        let survey = self.survey;
        let mut known: BTreeSet<Arc<str>> = modules.iter().map(|m| Arc::clone(&m.path)).collect();
        let starts: Vec<Arc<str>> = known.iter().cloned().collect();
        self.follow(modules, 0, MAX_STEPS, &mut known)?;
        // A base class of tools is imported by the tools, wherever they are.
        let bases: Vec<Arc<str>> =
            modules.iter().filter(|m| declares_tool_base(m)).map(|m| Arc::clone(&m.path)).collect();
        let importers = self.importers()?;
        let mut above = importers.of(starts.iter(), MAX_STEPS, MAX_BORROWED);
        above.extend(importers.of(bases.iter(), 2, MAX_BORROWED));
        above.sort();
        above.dedup();
        let files: Vec<&SourceFile> = above
            .iter()
            .filter(|path| !known.contains(*path))
            .filter_map(|path| survey.sources.get(path))
            .filter(|f| f.role.is_own())
            .collect();
        known.extend(files.iter().map(|f| Arc::clone(&f.path)));
        let from = modules.len();
        modules.extend(self.parse(&files)?);
        // What puts the parts together imports the others as well.
        self.follow(modules, from, 2, &mut known)
    }

    /// Adds what modules from an index on import from their own repository, directly or through others.
    fn follow(
        &mut self,
        modules: &mut Vec<Module>,
        mut from: usize,
        steps: usize,
        known: &mut BTreeSet<Arc<str>>,
    ) -> Result<(), CollectError> {
        let survey = self.survey;
        let most = modules.len() + MAX_BORROWED;
        for _ in 0..steps {
            let mut next: BTreeSet<Arc<str>> = BTreeSet::new();
            for module in modules.get(from..).unwrap_or_default() {
                next.extend(self.named_types(module).filter(|path| !known.contains(path)));
                let beside = survey.index.beside(module.dialect, &module.path);
                next.extend(beside.iter().filter(|path| !known.contains(*path)).cloned());
                for import in &module.imports {
                    let item = import.item.as_deref().filter(|item| *item != "*");
                    let submodule = item.map(|item| {
                        let dot = if import.module.ends_with('.') { "" } else { "." };
                        format!("{}{dot}{item}", import.module)
                    });
                    for specifier in submodule.iter().map(String::as_str).chain([&*import.module]) {
                        if let Some(path) = survey.index.find(module.dialect, &module.path, specifier) {
                            let beside = survey.index.beside(module.dialect, &path);
                            next.extend(beside.iter().filter(|path| !known.contains(*path)).cloned());
                            if !known.contains(&path) {
                                next.insert(path);
                            }
                        }
                    }
                }
            }
            let files: Vec<&SourceFile> = next
                .iter()
                .take(most.saturating_sub(modules.len()))
                .filter_map(|path| survey.sources.get(path))
                .collect();
            if files.is_empty() {
                break;
            }
            from = modules.len();
            known.extend(files.iter().map(|f| Arc::clone(&f.path)));
            modules.extend(self.parse(&files)?);
        }
        Ok(())
    }

    /// Files of the types that a module names, in languages that need no import for that.
    fn named_types<'m>(&'m self, module: &'m Module) -> impl Iterator<Item = Arc<str>> + 'm {
        let by_name = finds_by_name(module.dialect.language());
        let names: BTreeSet<&str> = if by_name { module.type_names() } else { BTreeSet::new() };
        let index = &self.survey.index;
        names.into_iter().filter_map(|name| index.of_type(module.dialect, &module.path, name))
    }

    fn importers(&mut self) -> Result<&Importers, CollectError> {
        if self.importers.is_none() {
            let mut importers = Importers::default();
            let mut buffer = Vec::new();
            for file in self.survey.sources.values() {
                if self.cx.stop.is_asked() {
                    return Err(CollectError::Stopped);
                }
                let names = match &file.imports {
                    Some(names) => Arc::clone(names),
                    // What could not be read was a gap of the survey already.
                    None if read(&mut self.reader, file, &mut buffer).is_err() => continue,
                    None => {
                        let names = imports::names(file.dialect.language(), &buffer);
                        if self.modules.is_some() && imports::may_be_kept(file.dialect.language(), &names) {
                            self.imports.insert(Arc::clone(&file.path), Arc::clone(&names));
                        }
                        names
                    }
                };
                importers.add(&self.survey.index, file.dialect, &file.path, &names);
            }
            self.importers = Some(importers);
        }
        self.importers.as_ref().ok_or(CollectError::Stopped)
    }

    /// Parses files on all threads; the answer is in the order of the files.
    fn parse(&mut self, files: &[&SourceFile]) -> Result<Vec<Module>, CollectError> {
        let next = AtomicUsize::new(0);
        let threads = self.cx.threads.clamp(1, files.len().div_ceil(PARSED_AT_ONCE).max(1));
        self.parsers.resize_with(threads.max(self.parsers.len()), Parsers::new);
        let (engine, modules, tree, stop) = (self.engine, self.modules, self.tree, &self.cx.stop);
        let work = |parsers: &mut Parsers| {
            let mut parsing = Parsing::new(engine, modules, parsers, tree.reader());
            loop {
                let from = next.fetch_add(PARSED_AT_ONCE, Ordering::Relaxed);
                let Some(rest) = files.get(from..).filter(|rest| !rest.is_empty() && !stop.is_asked()) else {
                    return parsing.done();
                };
                parsing.some(from, &rest[..rest.len().min(PARSED_AT_ONCE)]);
            }
        };
        let results: Vec<_> = if threads == 1 {
            // To start a thread for a few files takes as long as they do.
            self.parsers.iter_mut().take(1).map(|parsers| Ok(work(parsers))).collect()
        } else {
            std::thread::scope(|scope| {
                let parsers = self.parsers.iter_mut().take(threads);
                let workers: Vec<_> = parsers.map(|parsers| scope.spawn(|| work(parsers))).collect();
                workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
            })
        };
        if self.cx.stop.is_asked() {
            return Err(CollectError::Stopped);
        }
        let mut ordered: BTreeMap<usize, Parsed> = BTreeMap::new();
        for result in results {
            let (parsed, in_haste) =
                result.map_err(|_| CollectError::Failed("a parser ended unexpectedly".to_owned()))?;
            ordered.extend(parsed);
            self.in_haste |= in_haste;
        }
        let mut modules = Vec::new();
        for module in ordered.into_values() {
            match module {
                Ok((module, lines)) => {
                    if lines != Lines::Same {
                        self.cells.insert(Arc::clone(&module.path), lines.cells());
                    }
                    if module.broken {
                        self.gaps.push(
                            Gap::new(&*module.path, GapReason::Unparsable)
                                .because("has errors or is nested too deeply; the rest of it was read"),
                        );
                    }
                    modules.push(module);
                }
                Err(gap) => self.gaps.push(gap),
            }
        }
        Ok(modules)
    }

    /// Whether nothing of the unit in a language with rules stayed hidden: no unread source, no broken module.
    fn is_readable(&self, unit: &Unit, program: &Program<'_>, own: &BTreeSet<u32>) -> bool {
        let inside = |path: &str| unit_holds(unit, path);
        let hidden = self.survey.gaps.iter().chain(&self.gaps).any(|gap| {
            let is_source = crate::syntax::Dialect::of(&gap.what).is_some()
                || self.survey.sources.contains_key(&*gap.what)
                || gap.what.ends_with('/');
            // What a manifest leaves open is what the code depends on, and not what it does.
            let is_manifest = crate::manifests::kind_of(&gap.what).is_some();
            gap.why.hides() && is_source && !is_manifest && inside(&gap.what)
        });
        let broken = program.modules().any(|(id, module)| own.contains(&id) && module.broken);
        !hidden && !broken
    }

    /// Whether the unit holds code in a language without rules.
    fn has_other_languages(&self, unit: &Unit) -> bool {
        self.survey.foreign.keys().any(|(_, folder)| unit_holds(unit, folder))
    }
}

/// Whether a module has a class that other classes extend to be tools.
fn declares_tool_base(module: &Module) -> bool {
    module.classes.iter().any(|class| {
        let name = &*class.name;
        let based = name.starts_with("Base") || name.starts_with("Abstract") || name.ends_with("Base");
        name == "Tool" || (based && name.contains("Tool"))
    })
}

fn unit_holds(unit: &Unit, path: &str) -> bool {
    is_inside(&unit.root, path) || unit.libraries.iter().any(|library| is_inside(library, path))
}

/// Whether a path is a folder, or in it; every path is in the folder `""`.
fn is_inside(folder: &str, path: &str) -> bool {
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
