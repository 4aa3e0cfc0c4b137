//! One worker of the survey: reads files and says what is in them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use asmm_model::{Gap, GapReason};
use foldhash::HashSet;
use muster_collect::Context;
use muster_rules::{Language, Pattern, RulePack};

use super::charts::Charts;
use super::settings;
use super::{FileFacts, ManifestFacts, Piece, SourceFile};
use crate::artifacts;
use crate::flows;
use crate::infrastructure;
use crate::keys::Shapes;
use crate::libraries::begins_program;
use crate::manifests::{self, Dependency, ManifestKind};
use crate::memory::Held;
use crate::model_files::{self, Formats};
use crate::ownership;
use crate::prefilter::{Prefilter, not_source};
use crate::program::parent;
use crate::role::role_of;
use crate::source::{Lines, cut_to_code, read_whole};
use crate::starters;
use crate::syntax::{Dialect, Lexicon};
use crate::tree::{Found, Identity, Location, Reader};
use memchr::memmem::find;

/// Bytes of code that all workers together hold until it is parsed, so that it is not read a second time.
const MAX_HELD: usize = 1024 * 1024;
/// Configuration above this size is data.
const MAX_CONFIGURATION: u64 = 1024 * 1024;

/// Everything that is compiled once from the rules and shared by all workers.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) rules: Arc<RulePack>,
    /// Made when the first file is parsed: most files are not.
    lexicon: OnceLock<Lexicon>,
    /// Packages of Python that rules speak about.
    packages: OnceLock<Arc<HashSet<String>>>,
    /// Made when the first file of the language is met: most targets have few of them.
    prefilters: [OnceLock<Prefilter>; Language::ALL.len()],
    credentials: Prefilter,
    keys: Shapes,
    formats: Formats,
    held: Held,
}

impl Engine {
    fn new(rules: &Arc<RulePack>) -> Self {
        Self {
            rules: Arc::clone(rules),
            lexicon: OnceLock::new(),
            packages: OnceLock::new(),
            prefilters: Default::default(),
            credentials: Prefilter::for_credentials(rules),
            keys: Shapes::new(rules),
            formats: Formats::new(rules),
            held: Held::default(),
        }
    }

    /// What the source files say that were met last.
    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    /// The one that the last scan made, where its rules are the same ones: of a thousand targets each would make its own.
    pub(crate) fn shared(rules: &Arc<RulePack>) -> Arc<Self> {
        static LAST: Mutex<Option<Arc<Engine>>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(engine) if Arc::ptr_eq(&engine.rules, rules) => Arc::clone(engine),
            _ => Arc::clone(last.insert(Arc::new(Self::new(rules)))),
        }
    }

    pub(crate) fn lexicon(&self) -> &Lexicon {
        self.lexicon.get_or_init(|| Lexicon::new(&self.rules))
    }

    pub(super) fn packages(&self) -> &Arc<HashSet<String>> {
        self.packages.get_or_init(|| {
            let sites = self.rules.rules().iter().flat_map(|rule| &rule.sites);
            let python = sites.filter(|site| site.languages.contains(&Language::Python));
            let mut packages = HashSet::default();
            for symbol in python.flat_map(|site| &site.symbols).map(Pattern::as_str) {
                let first = symbol.split(['.', '*']).next().unwrap_or_default();
                // Most are there already.
                if !packages.contains(first) {
                    packages.insert(first.to_owned());
                }
            }
            Arc::new(packages)
        })
    }

    pub(crate) fn prefilter(&self, language: Language) -> &Prefilter {
        self.prefilters[language as usize].get_or_init(|| Prefilter::for_language(&self.rules, language))
    }
}

pub(super) struct Worker<'a> {
    engine: &'a Engine,
    cx: &'a Context,
    reader: Reader<'a>,
    buffer: Vec<u8>,
    pieces: Vec<Piece>,
    charts: Charts,
    /// Bytes of code that may still be held.
    room: usize,
    /// Whether no other file had a part in what is said about the one that is looked at.
    is_alone: bool,
}

/// What one worker saw.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// How many files could be looked at.
    pub(super) seen: u64,
    pub(super) pieces: Vec<Piece>,
    /// What is worth remembering.
    pub(super) facts: Vec<(Arc<str>, Identity, FileFacts)>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(engine: &'a Engine, cx: &'a Context, reader: Reader<'a>) -> Self {
        Self {
            engine,
            cx,
            reader,
            buffer: Vec::new(),
            pieces: Vec::new(),
            charts: Charts::default(),
            room: MAX_HELD / cx.threads.max(1),
            is_alone: true,
        }
    }

    /// Reads what comes until nothing more comes.
    pub(super) fn run(mut self, files: impl IntoIterator<Item = (Found, Option<Identity>)>) -> Looked {
        let mut looked = Looked::default();
        for (found, identity) in files {
            if self.cx.stop.is_asked() {
                break;
            }
            let from = self.pieces.len();
            self.is_alone = true;
            let seen = self.file(&found);
            looked.seen += u64::from(seen);
            self.cx.progress.done(1);
            if let Some(identity) = identity.filter(|_| self.is_alone)
                && let Some(facts) = FileFacts::of(seen, &self.pieces[from..])
            {
                looked.facts.push((found.path.into(), identity, facts));
            }
            // One huge lock file must not keep its memory for the rest of the scan.
            if self.buffer.capacity() > 8 * 1024 * 1024 {
                self.buffer = Vec::new();
            }
        }
        looked.pieces = self.pieces;
        looked
    }

    /// Looks at one file; says whether it could be looked at.
    fn file(&mut self, found: &Found) -> bool {
        let path = found.path.as_str();
        if let Some(source) = ownership::Source::of(path) {
            self.ownership(source, found);
        }
        if let Some(kind) = manifests::kind_of(path) {
            let read = self.read(found, manifests::MAX_BYTES as u64);
            if read {
                // Lock files repeat what others say, and are mostly digests.
                if !kind.is_lock() {
                    self.keys(path);
                }
                self.manifest(kind, path);
            }
            if kind.is_configuration() {
                return self.configuration(found);
            }
            // A `setup.py` is source as well.
            return Dialect::of(path).map_or(read, |dialect| self.source(found, dialect));
        }
        if let Some(dialect) = Dialect::of(path) {
            return self.source(found, dialect);
        }
        self.configuration(found)
    }

    fn read(&mut self, found: &Found, limit: u64) -> bool {
        match self.reader.read(found, limit, &mut self.buffer) {
            Ok(()) => self.is_here(found),
            Err(gap) => {
                self.pieces.push(Piece::Gap(gap));
                false
            }
        }
    }

    /// Whether what was read is the file, and no pointer to where it is kept.
    fn is_here(&mut self, found: &Found) -> bool {
        let is_pointer = model_files::is_pointer(&self.buffer);
        if is_pointer {
            let detail = "kept in Git LFS: what is here is a pointer to it";
            self.pieces.push(Piece::Gap(Gap::new(&found.path, GapReason::Unsupported).because(detail)));
        }
        !is_pointer
    }

    fn source(&mut self, found: &Found, dialect: Dialect) -> bool {
        if let Err(gap) = read_whole(&mut self.reader, &found.at, &found.path, &mut self.buffer) {
            self.pieces.push(Piece::Gap(gap));
            return false;
        }
        if !self.is_here(found) {
            return false;
        }
        // In a notebook, keys are printed as well as written.
        self.keys(&found.path);
        let lines = match cut_to_code(&found.path, &mut self.buffer) {
            Ok(lines) => lines,
            Err(gap) => {
                self.pieces.push(Piece::Gap(gap));
                return false;
            }
        };
        if let Some((why, detail)) = not_source(&self.buffer) {
            self.pieces.push(Piece::Gap(Gap::new(&found.path, why).because(detail)));
            return false;
        }
        let (mut hits, only) = self.engine.prefilter(dialect.language()).look(&self.buffer);
        hits.opens =
            hits.primary && dialect == Dialect::CSharp && find(&self.buffer, b"global using ").is_some();
        let only = only.map(Arc::from);
        let path = Arc::from(found.path.as_str());
        let role = role_of(&found.path);
        if role.is_own() && begins_program(dialect, &found.path, &self.buffer) {
            self.pieces.push(Piece::Program(Arc::clone(&path)));
        }
        // Of a notebook, it would have to be held as well where its lines stand.
        let is_held = hits.primary && lines == Lines::Same && self.buffer.len() <= self.room;
        let code: Option<Box<[u8]>> = is_held.then(|| Box::from(self.buffer.as_slice()));
        self.room -= code.as_deref().map_or(0, <[u8]>::len);
        self.pieces.push(Piece::Source(SourceFile {
            path,
            elsewhere: elsewhere(found),
            dialect,
            role,
            hits,
            only,
            imports: None,
            code,
        }));
        true
    }

    /// A file that goes by the name of a model: however large it is, only its beginning is read.
    fn model(&mut self, found: &Found) -> bool {
        match self.reader.head(found, model_files::HEAD, &mut self.buffer) {
            Ok(size) => {
                let model = self.engine.formats.recognise(&found.path, &self.buffer, size);
                self.pieces.extend(model.map(Piece::Model));
                true
            }
            Err(gap) => {
                self.pieces.push(Piece::Gap(gap));
                false
            }
        }
    }

    fn keys(&mut self, path: &str) {
        let (keys, cut) = self.engine.keys.find(path, &self.buffer, self.cx.fingerprints.as_ref());
        if cut {
            let detail = "more keys in one file than are kept";
            self.pieces.push(Piece::Gap(Gap::new(path, GapReason::TooLarge).because(detail)));
        }
        if !keys.is_empty() {
            self.pieces.push(Piece::Keys(keys));
        }
    }

    fn manifest(&mut self, kind: ManifestKind, path: &str) {
        let manifest = match manifests::parse(kind, path, &self.buffer) {
            Ok(manifest) => manifest,
            Err(error) => {
                let gap = Gap::new(path, GapReason::Unparsable).because(error.to_string());
                self.pieces.push(Piece::Gap(gap));
                return;
            }
        };
        if !manifest.warnings.is_empty() {
            let detail = format!("read in part: {}", manifest.warnings.join("; "));
            self.pieces.push(Piece::Gap(Gap::new(path, GapReason::Unparsable).because(detail)));
        }
        let rules = &self.engine.rules;
        let is_known =
            |d: &Dependency| !d.is_local() && !rules.package(d.ecosystem.rule_type(), &d.name).is_empty();
        // An environment is where the code around it runs.
        if kind == ManifestKind::CondaEnvironment && !manifest.dependencies.is_empty() {
            self.pieces.push(Piece::Deployable(parent(path).to_owned()));
        }
        let claims = ownership::Claims::of(&manifest);
        let mut catalogue = manifest.catalogue;
        catalogue.retain(is_known);
        let asks = if kind.is_lock() {
            Vec::new()
        } else {
            manifest.dependencies.iter().map(|d| Box::from(d.name.as_str())).collect()
        };
        let known = manifest.dependencies.into_iter().filter(is_known).collect();
        self.pieces.push(Piece::Manifest(ManifestFacts {
            path: path.into(),
            kind,
            name: manifest.name,
            entry_points: manifest.entry_points,
            scripts: manifest.scripts,
            known,
            asks,
            catalogue,
            claims,
        }));
    }

    /// Who owns something, and what it is for. Where that cannot be read, the file may still say other things.
    fn ownership(&mut self, source: ownership::Source, found: &Found) {
        if !self.read(found, ownership::MAX_BYTES) {
            return;
        }
        match ownership::read(source, &self.buffer) {
            Ok(statement) => {
                let path = Arc::from(found.path.as_str());
                self.pieces.extend(statement.map(|statement| Piece::Ownership(path, statement)));
            }
            Err(error) => {
                let gap = Gap::new(&found.path, GapReason::Unparsable).because(error.to_string());
                self.pieces.push(Piece::Gap(gap));
            }
        }
    }

    fn infrastructure(&mut self, path: &Arc<str>) {
        if infrastructure::Format::of(path) == [infrastructure::Format::Terraform] {
            self.pieces.push(Piece::Terraform(Arc::clone(path)));
        }
        let rules = &self.engine.rules;
        match infrastructure::declared(rules, path, &self.buffer) {
            Ok(mut declared) => {
                if let Some(error) = &declared.unread {
                    let gap = Gap::new(&**path, GapReason::Unparsable).because(error.to_string());
                    self.pieces.push(Piece::Gap(gap));
                }
                // What only supports counts where something is tied to it, and is small there.
                let is_strong = |rule: &u32| rules.rule(*rule).strength >= 2;
                declared.resources.retain(|resource| resource.rules(rules).iter().any(is_strong));
                if !declared.resources.is_empty() || !declared.principals.is_empty() {
                    self.pieces.push(Piece::Infrastructure(declared));
                }
            }
            Err(error) => {
                let gap = Gap::new(&**path, GapReason::Unparsable).because(error.to_string());
                self.pieces.push(Piece::Gap(gap));
            }
        }
    }

    /// What settings say about images and models.
    fn named(&mut self, path: &Arc<str>) {
        let images = artifacts::images(&self.engine.rules, path, &self.buffer);
        let models = artifacts::models(path, &self.buffer);
        for error in [images.as_ref().err(), models.as_ref().err()].into_iter().flatten() {
            let gap = Gap::new(&**path, GapReason::Unparsable).because(error.to_string());
            self.pieces.push(Piece::Gap(gap));
        }
        self.pieces.extend(images.ok().filter(|found| !found.is_empty()).map(Piece::Artifacts));
        self.pieces.extend(models.ok().filter(|found| !found.is_empty()).map(Piece::Configured));
    }

    fn artifacts(&mut self, path: &Arc<str>) {
        match artifacts::artifacts(&self.engine.rules, path, &self.buffer) {
            Ok(artifacts) if artifacts.is_empty() => {}
            Ok(artifacts) => self.pieces.push(Piece::Artifacts(artifacts)),
            Err(error) => {
                let gap = Gap::new(&**path, GapReason::Unparsable).because(error.to_string());
                self.pieces.push(Piece::Gap(gap));
            }
        }
    }

    fn configuration(&mut self, found: &Found) -> bool {
        let path = found.path.as_str();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if starters::is_dockerfile(name) {
            self.pieces.push(Piece::Deployable(folder.to_owned()));
        }
        // An unpacked Python package, as an index or a vendor folder holds it.
        if name == "METADATA" && folder.ends_with(".dist-info") {
            self.pieces.push(Piece::Deployable(parent(folder).to_owned()));
        }
        if self.engine.formats.is_named(path) {
            return self.model(found);
        }
        if model_files::may_be_companion(path) {
            match self.reader.head(found, model_files::HEAD, &mut self.buffer) {
                Ok(_) if model_files::is_companion(path, &self.buffer) => {
                    self.pieces.push(Piece::Companion(path.into()));
                }
                Ok(_) => {}
                // What is read as a setting below is a gap there.
                Err(_) if settings::is_configuration(path) => {}
                Err(gap) => self.pieces.push(Piece::Gap(gap)),
            }
        }
        if let Some(language) = foreign(name) {
            self.pieces.push(Piece::Foreign(language, folder.to_owned()));
            return true;
        }
        // A script without an ending says itself what runs it, and so do some that are called as those of a shell.
        if name.rsplit_once('.').is_none_or(|(_, ending)| ending == "sh")
            && self.reader.head(found, SHEBANG, &mut self.buffer).is_ok()
            && let Some(dialect) = Dialect::of_script(&self.buffer)
        {
            return self.source(found, dialect);
        }
        let starter = starters::kind_of(path);
        let is_known = artifacts::is_known(&self.engine.rules, path);
        let configures = starter.is_some() || settings::is_configuration(path);
        let pasted = settings::may_hold_keys(path);
        if !configures && !is_known && !pasted {
            // Counted as looked at: its name says that no rule speaks about it.
            return true;
        }
        if let Err(gap) = self.reader.read(found, MAX_CONFIGURATION, &mut self.buffer) {
            // A large file without a name that starts code is data, and no rule speaks about that.
            let is_data = starter.is_none() && !is_known && gap.why == GapReason::TooLarge;
            if !is_data {
                self.pieces.push(Piece::Gap(gap));
            }
            return is_data;
        }
        if !self.is_here(found) {
            return false;
        }
        self.keys(path);
        let path: Arc<str> = path.into();
        if is_known {
            self.artifacts(&path);
        }
        if !configures {
            return true;
        }
        let settings = settings::read(&path, &self.buffer, &self.engine.credentials);
        if !settings.is_empty() {
            self.pieces.push(Piece::Settings(settings));
        }
        self.is_alone &= !Charts::may_complete(found, &self.buffer);
        if let Some(plain) = self.charts.plain(&mut self.reader, found, &self.buffer) {
            self.buffer = plain.text.into_bytes();
            self.pieces.extend(plain.gap.map(Piece::Gap));
        }
        let starter = starter.or_else(|| starters::by_content(&path, &self.buffer));
        self.infrastructure(&path);
        self.named(&path);
        match flows::flow(&path, &self.buffer) {
            Ok(found) => self.pieces.extend(found.map(Piece::Flow)),
            Err(error) => {
                let gap = Gap::new(&*path, GapReason::Unparsable).because(error.to_string());
                self.pieces.push(Piece::Gap(gap));
            }
        }
        if let Some(kind) = starter {
            match starters::parse(kind, &path, &self.buffer) {
                Ok(declared) => {
                    if let Some(error) = &declared.unread {
                        let gap = Gap::new(&*path, GapReason::Unparsable).because(error.to_string());
                        self.pieces.push(Piece::Gap(gap));
                    }
                    self.pieces.push(Piece::Starters(Arc::clone(&path), declared));
                }
                Err(error) => {
                    let gap = Gap::new(&*path, GapReason::Unparsable).because(error.to_string());
                    self.pieces.push(Piece::Gap(gap));
                }
            }
        }
        if manifests::declares_aliases(&path) {
            match manifests::aliases(&path, &self.buffer) {
                Ok(aliases) => self.pieces.push(Piece::Aliases(aliases)),
                Err(error) => {
                    let gap = Gap::new(&*path, GapReason::Unparsable).because(error.to_string());
                    self.pieces.push(Piece::Gap(gap));
                }
            }
        }
        true
    }
}

/// Where a file is, when its path does not say it.
pub(super) fn elsewhere(found: &Found) -> Option<Location> {
    match &found.at {
        // A path that is not what it says, because some of its bytes are no UTF-8, is kept byte for byte.
        Location::File(full) => (!full.ends_with(&found.path)).then(|| found.at.clone()),
        Location::Blob(_) => Some(found.at.clone()),
    }
}

/// How much of a file is read to see whether its first line says what runs it.
const SHEBANG: u64 = 128;

/// Languages that have no rules yet, by the extension of their files.
pub(super) fn foreign(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "scala" => "Scala",
        "swift" => "Swift",
        "ex" | "exs" => "Elixir",
        "dart" => "Dart",
        _ => return None,
    })
}
