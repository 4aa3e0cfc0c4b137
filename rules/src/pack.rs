//! The compiled rules: immutable, shared by every worker, looked up by resolved name.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use asmm_model::{ComponentKind, ControlKind};
use foldhash::HashMap;
use foldhash::fast::FixedState;

use crate::asked::Asked;
use crate::autonomy::Heuristics;
use crate::load::{self, LoadError, Placed, Problem, Source};
use crate::outside::Outside;
use crate::{FileSite, Language, PackageRef, PathPattern, Pattern, Rule, RunSite, Site, SiteKind};

/// Built-in rule files: name and text of every file in `catalog/`.
const CATALOG: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// The rules of these files as the build prepared them for a scan.
const PREPARED: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog.json"));

/// What tells them, and the weights, from those of other builds.
const DIGEST: &str = env!("MUSTER_RULES");

const HEURISTICS: &str = include_str!(concat!(env!("OUT_DIR"), "/heuristics.json"));

/// What rules say about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knowledge {
    /// Nothing.
    None,
    /// A pattern is open below the namespace that the name is in, and may mean it.
    Open,
    /// A pattern spells it out, or something below it.
    Named,
}

/// A site of a rule: indices into the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteRef {
    /// Index of the rule.
    pub rule: u32,
    /// Index of the site in the rule.
    pub site: u32,
}

/// A kind of file of a rule: indices into the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRef {
    /// Index of the rule.
    pub rule: u32,
    /// Index of the kind of file in the rule.
    pub file: u32,
}

/// A way of running an agent: indices into the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunRef {
    /// Index of the rule.
    pub rule: u32,
    /// Index of the way in the rule.
    pub run: u32,
}

/// All rules, ready to be asked.
#[derive(Debug)]
pub struct RulePack {
    digest: String,
    /// Empty until somebody asks for a rule, where they are the built-in ones of a scan: where nothing changed since the
    /// last one, nobody does.
    compiled: OnceLock<Compiled>,
}

/// Rules with what they are looked up by.
#[derive(Debug)]
struct Compiled {
    rules: Vec<Rule>,
    origins: Vec<(String, usize)>,
    heuristics: Heuristics,
    /// Made when somebody first asks about the language: most targets have few of them.
    languages: [OnceLock<OfLanguage>; Language::ALL.len()],
    exact_packages: HashMap<(String, String), Vec<u32>>,
    package_prefixes: Vec<(PackageRef, u32)>,
    credentials: BTreeMap<String, Vec<u32>>,
    outside: Outside,
    /// Types of resources by format.
    resources: HashMap<String, HashMap<String, Vec<u32>>>,
    /// Kinds of files by the last part of their paths, where that has no wildcard.
    named_files: HashMap<String, Vec<FileRef>>,
    /// The others, by the last byte that every path of theirs has, where there is one, in lower case.
    other_files: HashMap<Option<u8>, Vec<FileRef>>,
}

/// What rules say about one language.
#[derive(Debug, Default)]
struct OfLanguage {
    sites: HashMap<SiteKind, SiteIndex>,
    /// What patterns begin with, up to their first wildcard.
    fixed: BTreeSet<String>,
    /// What was asked before: repositories of one organisation are full of the same names.
    asked: Asked,
}

impl OfLanguage {
    fn of(rules: &[Rule], language: Language) -> Self {
        let mut all = Self::default();
        for (rule_index, rule) in (0u32..).zip(rules) {
            for (site_index, site) in (0u32..).zip(&rule.sites) {
                if site.languages.contains(&language) {
                    all.add(language, site, SiteRef { rule: rule_index, site: site_index });
                }
            }
        }
        all
    }

    fn add(&mut self, language: Language, site: &Site, here: SiteRef) {
        // How far names are followed is no matter of controls: answers must not change by them.
        if site.means.control().is_none()
            && !matches!(site.kind, SiteKind::Import | SiteKind::Mention | SiteKind::Text | SiteKind::Command)
        {
            let known = site.symbols.iter().filter(|s| !s.is_unanchored()).map(Pattern::fixed);
            self.fixed.extend(known.filter(|f| f.contains('.')).map(str::to_owned));
        }
        let index = self.sites.entry(site.kind).or_default();
        for (symbol, pattern) in (0u32..).zip(&site.symbols) {
            let entry = (symbol, here);
            if site.kind == SiteKind::Import {
                index.add_import(language, pattern, entry);
            } else {
                index.add_name(pattern, entry);
            }
        }
    }
}

/// Sites of one language and kind, by the segments of their patterns that are fixed.
#[derive(Debug, Default)]
struct SiteIndex {
    /// Patterns without any wildcard.
    exact: HashMap<String, Vec<SiteRef>>,
    by_head: HashMap<String, Vec<(u32, SiteRef)>>,
    /// Patterns of which both ends are fixed, by a hash of these: a package may have thousands, of which few end as a name does.
    by_ends: HashMap<u64, Vec<(u32, SiteRef)>>,
    by_tail: HashMap<String, Vec<(u32, SiteRef)>>,
    rest: Vec<(u32, SiteRef)>,
}

/// Two that are the same by chance are told apart by the patterns themselves.
fn ends(head: &str, tail: &str) -> u64 {
    FixedState::default().hash_one((head, tail))
}

impl SiteIndex {
    /// Modules are looked up by their first part, as the language writes them.
    fn add_import(&mut self, language: Language, module: &Pattern, entry: (u32, SiteRef)) {
        match module.as_str().split_once(language.separator()) {
            None if module.as_str().ends_with('*') => self.rest.push(entry),
            first => {
                let first = first.map_or(module.as_str(), |(first, _)| first);
                self.by_head.entry(first.to_owned()).or_default().push(entry);
            }
        }
    }

    fn add_name(&mut self, pattern: &Pattern, entry: (u32, SiteRef)) {
        if pattern.is_exact() {
            self.exact.entry(pattern.as_str().to_owned()).or_default().push(entry.1);
            return;
        }
        let of_end = match (pattern.head(), pattern.tail()) {
            (Some(head), Some(tail)) => self.by_ends.entry(ends(head, tail)).or_default(),
            (Some(head), None) => self.by_head.entry(head.to_owned()).or_default(),
            (None, Some(tail)) => self.by_tail.entry(tail.to_owned()).or_default(),
            (None, None) => &mut self.rest,
        };
        of_end.push(entry);
    }
}

impl Compiled {
    fn of(mut placed: Vec<Placed>) -> Self {
        placed.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
        let origins = placed.iter().map(|p| (p.file.clone(), p.line)).collect();
        let rules: Vec<Rule> = placed.into_iter().map(|p| p.rule).collect();
        let heuristics = Heuristics::parse(HEURISTICS).expect("built-in heuristics are checked by a test");
        let mut pack = Self {
            heuristics,
            origins,
            languages: Default::default(),
            exact_packages: HashMap::default(),
            package_prefixes: Vec::new(),
            credentials: BTreeMap::new(),
            outside: Outside::default(),
            resources: HashMap::default(),
            named_files: HashMap::default(),
            other_files: HashMap::default(),
            rules: Vec::new(),
        };
        for (rule_index, rule) in (0u32..).zip(&rules) {
            for package in &rule.packages {
                if package.is_prefix {
                    pack.package_prefixes.push((package.clone(), rule_index));
                } else {
                    let key = (package.ecosystem.clone(), package.name.clone());
                    pack.exact_packages.entry(key).or_default().push(rule_index);
                }
            }
            for resource in &rule.resources {
                let of_format = pack.resources.entry(resource.format.clone()).or_default();
                of_format.entry(resource.name.clone()).or_default().push(rule_index);
            }
            for (file, found) in (0u32..).zip(&rule.files) {
                let here = FileRef { rule: rule_index, file };
                for name in found.paths.iter().map(PathPattern::name) {
                    if name.contains('*') {
                        let last = name.bytes().last().filter(|last| *last != b'*');
                        let last = last.map(|last| last.to_ascii_lowercase());
                        pack.other_files.entry(last).or_default().push(here);
                    } else {
                        pack.named_files.entry(name.to_ascii_lowercase()).or_default().push(here);
                    }
                }
            }
            pack.outside.add(rule_index, rule);
            for name in &rule.credentials {
                pack.credentials.entry(name.clone()).or_default().push(rule_index);
            }
        }
        // A variable belongs to the provider whose key it is, before the frameworks that read it by default.
        for of in pack.credentials.values_mut() {
            of.sort_by_key(|rule| (rules[*rule as usize].kind != Some(ComponentKind::ProviderSdk), *rule));
        }
        pack.rules = rules;
        pack
    }

    fn language(&self, language: Language) -> &OfLanguage {
        self.languages[language as usize].get_or_init(|| OfLanguage::of(&self.rules, language))
    }

    fn without_prose(mut self) -> Self {
        for rule in &mut self.rules {
            rule.examples = Vec::new();
            rule.references = Vec::new();
            rule.rationale = String::new();
        }
        self
    }
}

impl RulePack {
    /// The built-in rules.
    ///
    /// # Panics
    /// Never in a tested build: the built-in files are checked by a test.
    pub fn built_in() -> Self {
        Self::load(None).expect("built-in rules are checked by a test")
    }

    /// The built-in rules, and those of a folder on top: a rule with the id of a built-in one replaces it.
    pub fn load(folder: Option<&Path>) -> Result<Self, LoadError> {
        let built_in = load::parse(&Self::built_in_sources()).map_err(LoadError::Mistakes)?;
        let own = own(folder)?;
        Ok(Self::of(digest(DIGEST, &own), Compiled::of(with_own(built_in, own))))
    }

    /// The same without what only people read. A scan holds its rules to the end, and their examples and reasons are
    /// most of their size and of the time it takes to read them.
    pub fn for_scan(folder: Option<&Path>) -> Result<Self, LoadError> {
        if folder.is_none() {
            return Ok(Self { digest: DIGEST.to_owned(), compiled: OnceLock::new() });
        }
        let own = own(folder)?;
        Ok(Self::of(digest(DIGEST, &own), Compiled::of(with_own(prepared(), own)).without_prose()))
    }

    /// Only the rules of these sources: what `rules check` looks at.
    pub fn from_sources(sources: &[Source]) -> Result<Self, Vec<Problem>> {
        let rules = load::parse(sources)?;
        Ok(Self::of(digest("", &rules), Compiled::of(rules)))
    }

    fn of(digest: String, compiled: Compiled) -> Self {
        Self { digest, compiled: OnceLock::from(compiled) }
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| Compiled::of(prepared()).without_prose())
    }

    /// Reads the rule files of a folder without judging them.
    pub fn read_folder(folder: &Path) -> Result<Vec<Source>, LoadError> {
        load::read_folder(folder)
    }

    /// The built-in rule files.
    pub fn built_in_sources() -> Vec<Source> {
        CATALOG
            .iter()
            .map(|(file, text)| Source { file: (*file).to_owned(), text: (*text).to_owned() })
            .collect()
    }

    /// All rules, by id.
    pub fn rules(&self) -> &[Rule] {
        &self.compiled().rules
    }

    /// File and line of a rule.
    pub fn origin(&self, rule: u32) -> (&str, usize) {
        self.compiled().origins.get(rule as usize).map_or(("", 0), |(file, line)| (file, *line))
    }

    /// The rule with that index.
    pub fn rule(&self, index: u32) -> &Rule {
        &self.compiled().rules[index as usize]
    }

    /// The rule with that id.
    pub fn find(&self, id: &str) -> Option<(u32, &Rule)> {
        let at = self.compiled().rules.binary_search_by(|r| r.id.0.as_str().cmp(id)).ok()?;
        Some((u32::try_from(at).ok()?, &self.compiled().rules[at]))
    }

    /// The site.
    pub fn site(&self, at: SiteRef) -> &Site {
        &self.compiled().rules[at.rule as usize].sites[at.site as usize]
    }

    /// Sites of one kind whose symbol fits the resolved name, in the order of the rules.
    pub fn sites(&self, language: Language, kind: SiteKind, name: &str) -> Arc<[SiteRef]> {
        let of_language = self.compiled().language(language);
        let Some(index) = of_language.sites.get(&kind) else { return Arc::default() };
        of_language.asked.sites(kind, name, || self.fitting(index, name))
    }

    fn fitting(&self, index: &SiteIndex, name: &str) -> Vec<SiteRef> {
        let segments: Vec<&str> = crate::pattern::segments(name).collect();
        let head = segments.first().copied().unwrap_or("");
        let tail = segments.last().copied().unwrap_or("");
        let mut hits: Vec<SiteRef> = (index.by_head.get(head).into_iter())
            .chain(index.by_ends.get(&ends(head, tail)))
            .chain(index.by_tail.get(tail))
            .flatten()
            .chain(&index.rest)
            .filter(|(symbol, at)| self.site(*at).symbols[*symbol as usize].fits(&segments))
            .map(|(_, at)| *at)
            .collect();
        hits.extend(index.exact.get(name).into_iter().flatten());
        hits.sort_unstable();
        hits.dedup();
        hits
    }

    /// Who makes or serves a model, by its id, as code and configuration write it: the ids are the same in every language.
    pub fn maker(&self, model: &str) -> Option<&str> {
        let known = self.sites(Language::Python, SiteKind::Mention, model);
        known.iter().find_map(|at| self.rule(at.rule).provider.as_deref())
    }

    /// Import sites that fit a module (`langchain_openai.chat_models`, `openai/resources`): the module itself or
    /// one above it.
    pub fn import_sites(&self, language: Language, module: &str) -> Arc<[SiteRef]> {
        let of_language = self.compiled().language(language);
        let Some(index) = of_language.sites.get(&SiteKind::Import) else { return Arc::default() };
        of_language.asked.sites(SiteKind::Import, module, || self.imported(index, language, module))
    }

    fn imported(&self, index: &SiteIndex, language: Language, module: &str) -> Vec<SiteRef> {
        let separator = language.separator();
        let first = module.split(separator).next().unwrap_or(module);
        let mut hits: Vec<SiteRef> = (index.by_head.get(first).into_iter())
            .flatten()
            .chain(&index.rest)
            .filter(|(symbol, at)| {
                let want = self.site(*at).symbols[*symbol as usize].as_str();
                match want.strip_suffix('*') {
                    Some(prefix) => module.starts_with(prefix),
                    None => {
                        module.strip_prefix(want).is_some_and(|r| r.is_empty() || r.starts_with(separator))
                    }
                }
            })
            .map(|(_, at)| *at)
            .collect();
        hits.sort_unstable();
        hits.dedup();
        hits
    }

    /// Whether rules speak about a name of that language or about what is below it. Where an import only opens a
    /// namespace, this says which of the opened namespaces a name can belong to.
    pub fn knowledge(&self, language: Language, name: &str) -> Knowledge {
        let fixed = &self.compiled().language(language).fixed;
        let below = format!("{name}.");
        if fixed.contains(name) || fixed.range(below.clone()..).next().is_some_and(|f| f.starts_with(&below))
        {
            return Knowledge::Named;
        }
        let mut end = name.len();
        while let Some(at) = name[..end].rfind('.') {
            if fixed.contains(&name[..at]) {
                return Knowledge::Open;
            }
            end = at;
        }
        Knowledge::None
    }

    /// Rules that a package brings in, exact names before prefixes.
    pub fn package(&self, ecosystem: &str, name: &str) -> Vec<u32> {
        if let Some(exact) = self.compiled().exact_packages.get(&(ecosystem.to_owned(), name.to_owned())) {
            return exact.clone();
        }
        let longest = self
            .compiled()
            .package_prefixes
            .iter()
            .filter(|(p, _)| p.ecosystem == ecosystem && name.starts_with(&p.name))
            .max_by_key(|(p, rule)| (p.name.len(), std::cmp::Reverse(*rule)));
        longest.map(|(_, rule)| *rule).into_iter().collect()
    }

    /// Rules that a type of resource in infrastructure code brings in.
    pub fn resource(&self, format: &str, name: &str) -> &[u32] {
        self.compiled().resources.get(format).and_then(|names| names.get(name)).map_or(&[], Vec::as_slice)
    }

    /// Types of resources that rules know in a format, in no order.
    pub fn resources(&self, format: &str) -> impl Iterator<Item = &str> {
        self.compiled().resources.get(format).into_iter().flat_map(HashMap::keys).map(String::as_str)
    }

    /// Kinds of files that a path fits, in the order of the rules.
    pub fn files(&self, path: &str) -> Vec<FileRef> {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let Compiled { named_files, other_files, .. } = self.compiled();
        let others = [None, name.bytes().last()].map(|last| other_files.get(&last));
        let mut found: Vec<FileRef> = (named_files.get(&name).into_iter())
            .chain(others.into_iter().flatten())
            .flatten()
            .filter(|at| self.file(**at).paths.iter().any(|pattern| pattern.matches(path)))
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Rules about a form of exports of low-code products.
    pub fn flow(&self, form: &str) -> Vec<u32> {
        let of_form = |rule: &Rule| rule.flows.iter().any(|known| known == form);
        (0u32..)
            .zip(&self.compiled().rules)
            .filter(|(_, rule)| of_form(rule))
            .map(|(index, _)| index)
            .collect()
    }

    /// Every way of running an agent that rules know.
    pub fn runs(&self) -> impl Iterator<Item = (RunRef, &RunSite)> {
        self.all_runs().filter(|(_, site)| site.means.is_none())
    }

    /// Every way of running an evaluation that rules know.
    pub fn evaluations(&self) -> impl Iterator<Item = (RunRef, &RunSite)> {
        self.all_runs().filter(|(_, site)| site.means == Some(ControlKind::Evaluation))
    }

    fn all_runs(&self) -> impl Iterator<Item = (RunRef, &RunSite)> {
        (0u32..).zip(&self.compiled().rules).flat_map(|(rule, found)| {
            (0u32..).zip(&found.runs).map(move |(run, site)| (RunRef { rule, run }, site))
        })
    }

    /// Rules about who commits or signs commits under a mail address.
    pub fn committer(&self, address: &str) -> Vec<u32> {
        let address = address.to_lowercase();
        // Services put the number of the account in front.
        let name = address.split_once('+').map_or(&*address, |(_, name)| name);
        let of_address = |rule: &Rule| rule.committers.iter().any(|known| *known == address || known == name);
        (0u32..)
            .zip(&self.compiled().rules)
            .filter(|(_, rule)| of_address(rule))
            .map(|(index, _)| index)
            .collect()
    }

    /// Rules about what is reached at a host. A pattern of a policy, as `*.openai.azure.com`, is about everything below it,
    /// but for one that leaves almost nothing fixed.
    pub fn host(&self, host: &str) -> Vec<u32> {
        self.compiled().outside.host(&self.compiled().rules, host)
    }

    /// Rules about what reads an environment variable, other than its credentials.
    pub fn variable(&self, name: &str) -> Vec<u32> {
        self.compiled().outside.variable(name)
    }

    /// Rules about what a command line starts as a server.
    pub fn serves(&self, line: &str) -> Vec<u32> {
        self.compiled().outside.serves(&self.compiled().rules, line)
    }

    /// The kind of file.
    pub fn file(&self, at: FileRef) -> &FileSite {
        &self.compiled().rules[at.rule as usize].files[at.file as usize]
    }

    /// Rules whose credentials include that environment variable.
    pub fn credential(&self, variable: &str) -> &[u32] {
        self.compiled().credentials.get(variable).map_or(&[], Vec::as_slice)
    }

    /// All credential variables, sorted.
    pub fn credentials(&self) -> impl Iterator<Item = (&str, &[u32])> {
        self.compiled().credentials.iter().map(|(name, rules)| (name.as_str(), rules.as_slice()))
    }

    /// The weights of the Autonomy Test.
    pub fn heuristics(&self) -> &Heuristics {
        &self.compiled().heuristics
    }

    /// Digest of everything that can change an answer.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// The built-in rules as the build prepared them.
///
/// # Panics
/// Never in a tested build: a test loads them.
fn prepared() -> Vec<Placed> {
    serde_json::from_str(PREPARED).expect("prepared rules are checked by a test")
}

/// The rules of a folder.
fn own(folder: Option<&Path>) -> Result<Vec<Placed>, LoadError> {
    folder.map_or(Ok(Vec::new()), |folder| {
        load::parse(&load::read_folder(folder)?).map_err(LoadError::Mistakes)
    })
}

/// Puts the rules of a folder on top of the built-in ones.
fn with_own(mut rules: Vec<Placed>, own: Vec<Placed>) -> Vec<Placed> {
    let replaced: BTreeSet<_> = own.iter().map(|p| p.rule.id.clone()).collect();
    rules.retain(|p| !replaced.contains(&p.rule.id));
    rules.extend(own);
    rules
}

/// Over the parsed rules, so that comments, examples and the order of files do not change it; `DIGEST`, of the built-in
/// ones, is made the same way by the build.
fn digest(built_in: &str, own: &[Placed]) -> String {
    if own.is_empty() {
        return built_in.to_owned();
    }
    let mut rules: Vec<&Rule> = own.iter().map(|placed| &placed.rule).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let mut hasher = blake3::Hasher::new();
    hasher.update(built_in.as_bytes());
    for rule in rules {
        let (rationale, references, examples) = (String::new(), Vec::new(), Vec::new());
        let decides = Rule { rationale, references, examples, ..rule.clone() };
        // Whole, since hashing many small pieces costs more than all the rest.
        hasher.update(&serde_json::to_vec(&decides).expect("what was read as data can be written"));
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_for_a_scan_is_what_the_files_say() {
        let (scan, files) = (RulePack::for_scan(None).unwrap(), RulePack::built_in());
        assert_eq!(scan.digest(), files.digest());
        assert_eq!(scan.compiled().origins, files.compiled().origins);
        let files = files.compiled.into_inner().unwrap().without_prose();
        assert_eq!(scan.rules(), files.rules);
        assert_eq!(scan.heuristics(), &files.heuristics);
    }
}
