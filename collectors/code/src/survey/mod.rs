//! The first look at a target: which files matter, what its manifests ask for, and what starts its code.
//!
//! Every file is read once, by as many threads as the context allows; what is kept is small: paths, packages that
//! rules know, starters. Source is parsed later, unit by unit.

mod charts;
mod facts;
mod settings;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use asmm_model::{Gap, GapReason, Role};
use muster_collect::{CollectError, Context};
use muster_rules::RulePack;

use crate::artifacts::{Artifact, ConfiguredModel};
use crate::flows::Flow;
use crate::infrastructure::{self, Declaration, Resource};
use crate::keys::Key;
use crate::libraries;
use crate::manifests::{self, Alias, Catalogue, Dependency, ManifestKind};
use crate::memory::{Listing, Recalled};
use crate::model_files::ModelFile;
use crate::ownership::{Claims, Ownership, Statement};
use crate::prefilter::Hits;
use crate::program::{SourceIndex, parent};
use crate::starters::{Declared, Known, Links, Setup, Starter};
use crate::syntax::{Dialect, canonical_go_path};
use crate::tree::{Identity, Location, Tree};

pub(crate) use facts::FileFacts;
pub(crate) use settings::{Setting, is_text};
pub(crate) use worker::Engine;
use worker::Looked;

/// Files that wait to be read, over all threads: bounds the memory, not the work.
const WAITING: usize = 256;

/// A source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFile {
    pub(crate) path: Arc<str>,
    /// Where its bytes are, when the path does not say it.
    pub(crate) elsewhere: Option<Location>,
    pub(crate) dialect: Dialect,
    pub(crate) role: Role,
    pub(crate) hits: Hits,
    /// The one package whose imports are all that it has to do with AI.
    pub(crate) only: Option<Arc<str>>,
    /// What it imports, one name on each line, where that was read off it already.
    pub(crate) imports: Option<Arc<str>>,
    /// Its code, where that is at hand and will be parsed.
    pub(crate) code: Option<Box<[u8]>>,
}

/// What is kept of a manifest: the unit it describes, and the packages that rules know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManifestFacts {
    pub(crate) path: Arc<str>,
    pub(crate) kind: ManifestKind,
    pub(crate) name: Option<String>,
    pub(crate) entry_points: Vec<String>,
    pub(crate) scripts: BTreeMap<String, String>,
    pub(crate) known: Vec<Dependency>,
    /// Names of everything that it asks for.
    pub(crate) asks: Vec<Box<str>>,
    /// Names for packages that it gives or uses.
    pub(crate) catalogue: Catalogue,
    /// What it says about the unit.
    pub(crate) claims: Claims,
}

/// What one target holds.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Source files by path.
    pub(crate) sources: BTreeMap<Arc<str>, SourceFile>,
    /// Where imports lead.
    pub(crate) index: SourceIndex,
    pub(crate) manifests: Vec<ManifestFacts>,
    pub(crate) starters: Vec<(Arc<str>, Starter)>,
    /// What pipelines give to what they run.
    pub(crate) setups: BTreeMap<Arc<str>, Setup>,
    /// What code is known by where it runs, with the files that say so.
    pub(crate) known: Vec<(Arc<str>, Known)>,
    /// What names stand for that starters run.
    links: Links,
    /// AI that infrastructure code declares.
    pub(crate) resources: Vec<Resource>,
    /// Roles, service accounts and clients that infrastructure code declares, and what has to do with them.
    pub(crate) principals: Vec<Declaration>,
    /// Terraform files: what is passed from one to another is read where one of them declares AI.
    pub(crate) terraform: Vec<Arc<str>>,
    /// Files that rules know by their paths.
    pub(crate) artifacts: Vec<Artifact>,
    /// Models that settings name.
    pub(crate) configured: Vec<ConfiguredModel>,
    /// Workflows that low-code products exported.
    pub(crate) flows: Vec<Flow>,
    /// Credentials that configuration names.
    pub(crate) settings: Vec<Setting>,
    /// Keys of AI providers, wherever they stand.
    pub(crate) keys: Vec<Key>,
    /// Files of model weights.
    pub(crate) models: Vec<ModelFile>,
    /// Files that belong to weights where some are in their folder.
    pub(crate) companions: Vec<Arc<str>>,
    /// What files say about owners and purposes.
    pub(crate) ownership: Ownership,
    /// Folders with code in languages that are not read yet, and how many files of each.
    pub(crate) foreign: BTreeMap<(&'static str, String), u64>,
    /// Files in which programs begin, of languages that say so.
    pub(crate) programs: Vec<Arc<str>>,
    /// Folders that are deployed as they are: with a Dockerfile, or an unpacked package.
    pub(crate) deployables: BTreeSet<String>,
    pub(crate) gaps: Vec<Gap>,
    /// How many files were looked at.
    pub(crate) seen: u64,
    /// What is worth remembering of files that were read.
    pub(crate) facts: Vec<(Arc<str>, Identity, FileFacts)>,
}

/// The files of a target, and what is known of them.
pub(crate) struct Listed<'k> {
    pub(crate) listing: Listing,
    pub(crate) known: &'k mut Recalled,
}

/// What one worker found in one file.
#[derive(Debug)]
pub(crate) enum Piece {
    Source(SourceFile),
    Manifest(ManifestFacts),
    Starters(Arc<str>, Declared),
    Infrastructure(infrastructure::Declared),
    Terraform(Arc<str>),
    Artifacts(Vec<Artifact>),
    Configured(Vec<ConfiguredModel>),
    Flow(Flow),
    Settings(Vec<Setting>),
    Keys(Vec<Key>),
    Model(ModelFile),
    Companion(Arc<str>),
    Aliases(Vec<Alias>),
    Ownership(Arc<str>, Statement),
    Deployable(String),
    Program(Arc<str>),
    Foreign(&'static str, String),
    Gap(Gap),
}

impl Survey {
    /// Reads the whole tree once; of files that are listed, only those that nothing is known of.
    pub(crate) fn of(
        tree: &Tree,
        listed: Option<Listed<'_>>,
        engine: &Engine,
        cx: &Context,
    ) -> Result<Self, CollectError> {
        let (send, receive) = crossbeam_channel::bounded(WAITING);
        let mut remembered = Vec::new();
        // What is listed already is read here where there is one thread: to start another for a small repository takes as long
        // as it does.
        let is_read_here = cx.threads <= 1 && listed.is_some();
        let mut here = Vec::new();
        let (gaps, mut outcomes) = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..if is_read_here { 0 } else { cx.threads.max(1) })
                .map(|_| {
                    let receive = receive.clone();
                    scope.spawn(move || worker::Worker::new(engine, cx, tree.reader()).run(receive))
                })
                .collect();
            drop(receive);
            let ask = |found, identity| {
                if cx.stop.is_asked() || send.send((found, identity)).is_err() {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            };
            let gaps = match listed {
                None => tree.walk(&mut |found| {
                    cx.progress.found(1);
                    ask(found, None)
                }),
                Some(Listed { listing, known }) => {
                    for (found, identity) in listing.files {
                        match identity.and_then(|identity| known.recall(&found.path, identity)) {
                            Some(facts) => {
                                cx.progress.done(1);
                                remembered.push((facts.seen(), facts.pieces(&found)));
                            }
                            None if is_read_here => here.push((found, identity)),
                            None if ask(found, identity).is_break() => break,
                            None => {}
                        }
                    }
                    listing.gaps
                }
            };
            drop(send);
            let outcomes: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            (gaps, outcomes)
        });
        if is_read_here {
            outcomes.push(Ok(worker::Worker::new(engine, cx, tree.reader()).run(here)));
        }
        if cx.stop.is_asked() {
            return Err(CollectError::Stopped);
        }
        let mut survey = Self { gaps, ..Self::default() };
        for outcome in outcomes {
            let Ok(Looked { seen, pieces, facts }) = outcome else {
                return Err(CollectError::Failed("a worker ended unexpectedly".to_owned()));
            };
            survey.seen += seen;
            survey.facts.extend(facts);
            for piece in pieces {
                survey.add(piece);
            }
        }
        for (seen, pieces) in remembered {
            survey.seen += u64::from(seen);
            for piece in pieces {
                survey.add(piece);
            }
        }
        if survey.sources.values().any(|file| file.hits.primary) {
            survey.index.reserve(engine.packages());
        }
        survey.settle(&engine.rules);
        Ok(survey)
    }

    fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Source(file) => {
                self.index.add(Arc::clone(&file.path));
                self.sources.insert(Arc::clone(&file.path), file);
            }
            Piece::Manifest(manifest) => self.manifests.push(manifest),
            Piece::Starters(path, declared) => {
                let starters = declared.starters.into_iter();
                self.starters.extend(starters.map(|starter| (Arc::clone(&path), starter)));
                if declared.setup != Setup::default() {
                    self.setups.insert(Arc::clone(&path), declared.setup);
                }
                self.known.extend(declared.known.into_iter().map(|known| (Arc::clone(&path), known)));
                declared.named.into_iter().for_each(|(name, commands)| self.links.add(name, commands));
            }
            Piece::Infrastructure(declared) => {
                self.resources.extend(declared.resources);
                self.principals.extend(declared.principals);
            }
            Piece::Terraform(path) => self.terraform.push(path),
            Piece::Flow(flow) => self.flows.push(flow),
            Piece::Artifacts(artifacts) => self.artifacts.extend(artifacts),
            Piece::Configured(models) => self.configured.extend(models),
            Piece::Settings(settings) => self.settings.extend(settings),
            Piece::Keys(keys) => self.keys.extend(keys),
            Piece::Model(file) => self.models.push(file),
            Piece::Companion(path) => self.companions.push(path),
            Piece::Foreign(language, folder) => *self.foreign.entry((language, folder)).or_default() += 1,
            Piece::Aliases(aliases) => aliases.into_iter().for_each(|alias| self.index.add_alias(alias)),
            Piece::Ownership(path, statement) => self.ownership.add(&path, statement),
            Piece::Program(path) => self.programs.push(path),
            Piece::Deployable(folder) => drop(self.deployables.insert(folder)),
            Piece::Gap(gap) => self.gaps.push(gap),
        }
    }

    /// In the repository of a package, its own files import it all over: that is no use of the package. A manifest that
    /// asks for it says otherwise.
    fn disown(&mut self, rules: &RulePack) {
        let asked: BTreeSet<u32> = self
            .manifests
            .iter()
            .flat_map(|m| &m.known)
            .flat_map(|package| rules.package(package.ecosystem.rule_type(), &package.name))
            .collect();
        for file in self.sources.values_mut() {
            let Some(only) = &file.only else { continue };
            let is_asked =
                || rules.import_sites(file.dialect.language(), only).iter().any(|s| asked.contains(&s.rule));
            if self.index.find(file.dialect, &file.path, only).is_some() && !is_asked() {
                file.hits.primary = false;
            }
        }
    }

    /// Where one file opens namespaces for a whole project, the others use them without saying so: each is of interest.
    fn open(&mut self) {
        let folders: BTreeSet<String> = self
            .sources
            .values()
            .filter(|file| file.hits.opens)
            .map(|file| {
                let projects = self.manifests.iter().filter(|m| m.kind == ManifestKind::DotnetProject);
                let around = projects.map(|m| manifests::unit_folder(&m.path)).filter(|folder| {
                    folder.is_empty()
                        || file.path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/'))
                });
                let nearest = around.max_by_key(|folder| folder.len());
                nearest.unwrap_or_else(|| parent(&file.path)).to_owned()
            })
            .collect();
        for folder in folders {
            let inside = |path: &str| {
                folder.is_empty()
                    || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            for file in self.sources.values_mut().filter(|f| f.dialect == Dialect::CSharp && inside(&f.path))
            {
                file.hits.secondary = true;
            }
        }
    }

    /// What a manifest asks for is of interest only where another one of the repository goes by that name.
    fn forget_strangers(&mut self) {
        let names: BTreeSet<String> =
            self.manifests.iter().filter_map(libraries::name_of).map(str::to_owned).collect();
        for manifest in &mut self.manifests {
            manifest.asks.retain(|asked| names.contains(libraries::without_group(asked)));
        }
    }

    /// A build file may name its packages by a catalogue, which is another file.
    fn follow_catalogues(&mut self) {
        let files: Vec<(&str, &Catalogue)> =
            self.manifests.iter().map(|m| (&*m.path, &m.catalogue)).collect();
        let followed = manifests::follow_catalogues(&files);
        for (file, line) in followed.lost {
            let detail = format!("read in part: line {line}: a package by a name that no catalogue gives");
            self.gaps.push(Gap::new(&*self.manifests[file].path, GapReason::Unparsable).because(detail));
        }
        for (file, package) in followed.packages {
            self.manifests[file].known.push(package);
        }
        for manifest in &mut self.manifests {
            manifest.catalogue = Catalogue::default();
        }
    }

    /// A timer starts a service, a schedule a function: what these run stands elsewhere.
    fn follow_links(&mut self) {
        let packages: Vec<(&str, &str)> = self
            .manifests
            .iter()
            .filter_map(|m| Some((manifests::unit_folder(&m.path), m.name.as_deref()?)))
            .collect();
        let starters = self.starters.iter_mut().map(|(_, starter)| &mut starter.runs);
        let workloads = self.principals.iter_mut().map(|workload| &mut workload.runs);
        let known = self.known.iter_mut().map(|(_, known)| &mut known.runs);
        if !self.links.follow(starters.chain(workloads).chain(known), &packages) {
            let detail = "more commands behind the names in schedules than are followed";
            self.gaps.push(Gap::new("schedules", GapReason::TooLarge).because(detail));
        }
    }

    /// Puts everything into an order that no thread had a hand in.
    fn settle(&mut self, rules: &RulePack) {
        self.manifests.sort_by(|a, b| a.path.cmp(&b.path));
        self.starters.sort_by(|a, b| {
            (&a.0, a.1.line, &a.1.value, &a.1.label).cmp(&(&b.0, b.1.line, &b.1.value, &b.1.label))
        });
        self.known.sort_by(|a, b| {
            (&a.0, a.1.line, &a.1.value, a.1.claim).cmp(&(&b.0, b.1.line, &b.1.value, b.1.claim))
        });
        self.settings.sort();
        self.configured.sort();
        self.keys.sort();
        self.follow_catalogues();
        self.models.sort();
        self.companions.sort();
        self.forget_strangers();
        self.resources.sort_by(|a, b| (&a.path, a.line, &a.name).cmp(&(&b.path, b.line, &b.name)));
        self.principals.sort_by(|a, b| (&a.path, a.line, &a.address).cmp(&(&b.path, b.line, &b.address)));
        self.terraform.sort();
        self.flows.sort_by(|a, b| a.path.cmp(&b.path));
        self.artifacts.sort_by(|a, b| (&a.path, a.rule).cmp(&(&b.path, b.rule)));
        self.follow_links();
        let mut languages: BTreeMap<&str, u64> = BTreeMap::new();
        for ((language, _), count) in &self.foreign {
            *languages.entry(language).or_default() += count;
        }
        for (language, count) in languages {
            let detail = "no rules for this language yet; manifests beside the code were read";
            self.gaps.push(
                Gap::new(format!("{language} source files"), GapReason::Unsupported)
                    .times(count)
                    .because(detail),
            );
        }
        self.gaps.sort();
        self.index.settle();
        self.disown(rules);
        self.open();
        for manifest in &self.manifests {
            let Some(name) = manifest.name.as_deref() else { continue };
            let folder = manifests::unit_folder(&manifest.path);
            match manifest.kind {
                ManifestKind::PackageJson => self.index.add_package(name, folder),
                ManifestKind::GoMod => self.index.add_package(&canonical_go_path(name), folder),
                ManifestKind::CargoToml => self.index.add_package(&name.replace('-', "_"), folder),
                _ => {}
            }
        }
    }
}
