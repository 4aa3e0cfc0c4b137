//! Who may own a system and what it claims to be for: `.muster.toml`, `CODEOWNERS`, Backstage, package manifests, READMEs, and commits.
//!
//! All of it is what somebody says, and becomes a suggestion or a claim, never a reason for an answer.

mod backstage;
mod codeowners;
mod committers;
mod declared;
mod prose;

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Claimed, Evidence, Fact, Observation, Owner, OwnerSource, Place, Purpose, PurposeSource, Role, Scope,
};

use crate::document::ReadError;
use crate::manifests::{Author, Manifest, ManifestKind, unit_folder};
use crate::program::parent;
use crate::role::role_of;
use crate::survey::ManifestFacts;

use codeowners::Codeowners;
use declared::Declared;

pub(crate) use committers::committers;

/// The largest file that is read for this.
pub(crate) const MAX_BYTES: u64 = 1024 * 1024;
/// Suggestions from one source for one system.
const MAX_OWNERS: usize = 5;
/// Files of one system that are held against `CODEOWNERS`.
const MAX_FILES: usize = 50;

/// What a file may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// `CODEOWNERS`, where a forge looks for it; the first place counts.
    Codeowners(u8),
    /// `catalog-info.yaml`.
    Backstage,
    /// `.muster.toml`.
    Declared,
    /// A README; the kind of text that is best to read counts.
    Readme(u8),
}

impl Source {
    /// What the file at a path may say, if anything.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            ".github/CODEOWNERS" => return Some(Self::Codeowners(0)),
            "CODEOWNERS" => return Some(Self::Codeowners(1)),
            "docs/CODEOWNERS" => return Some(Self::Codeowners(2)),
            ".gitlab/CODEOWNERS" => return Some(Self::Codeowners(3)),
            _ => {}
        }
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        if matches!(name, "catalog-info.yaml" | "catalog-info.yml") {
            return (role_of(path) != Role::Vendored).then_some(Self::Backstage);
        }
        if name == declared::NAME {
            return (role_of(path) != Role::Vendored).then_some(Self::Declared);
        }
        let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
        let rank = ["md", "markdown", "mdx", "rst", "txt", ""]
            .iter()
            .position(|known| extension.eq_ignore_ascii_case(known))?;
        let is_readme = stem.eq_ignore_ascii_case("readme") && role_of(path) != Role::Vendored;
        is_readme.then(|| Self::Readme(u8::try_from(rank).unwrap_or(u8::MAX)))
    }
}

/// What one file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    Codeowners(u8, Codeowners),
    /// Owners with their lines.
    Backstage(Vec<(String, u32)>),
    /// What is said, by the folder below that of the file.
    Declared(BTreeMap<String, Declared>),
    /// A first paragraph with its line.
    Readme(u8, String, u32),
}

/// Reads one file; nothing where it says nothing.
///
/// # Errors
/// A catalogue file that is no YAML.
pub(crate) fn read(source: Source, bytes: &[u8]) -> Result<Option<Statement>, ReadError> {
    let text = String::from_utf8_lossy(bytes);
    Ok(match source {
        Source::Codeowners(rank) => Some(Statement::Codeowners(rank, Codeowners::read(&text))),
        Source::Backstage => {
            Some(backstage::owners(&text)?).filter(|o| !o.is_empty()).map(Statement::Backstage)
        }
        Source::Declared => Some(declared::read(&text)?).filter(|d| !d.is_empty()).map(Statement::Declared),
        Source::Readme(rank) => {
            prose::first_paragraph(&text).map(|(text, line)| Statement::Readme(rank, text, line))
        }
    })
}

/// What a package says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Claims {
    description: Option<(String, Option<u32>)>,
    authors: Vec<Author>,
}

impl Claims {
    /// What of it can be shown.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let description = manifest.description.as_deref().and_then(prose::sentence);
        Self {
            description: description.map(|text| (text, manifest.described_at)),
            authors: manifest.authors.iter().take(MAX_OWNERS).cloned().collect(),
        }
    }
}

/// Everything that files of a target say about owners and purposes.
#[derive(Debug, Default)]
pub(crate) struct Ownership {
    codeowners: Option<(u8, String, Codeowners)>,
    /// By folder: the file, and owners with their lines.
    catalogues: BTreeMap<String, (String, Vec<(String, u32)>)>,
    /// By folder: the file, and what it says of the system there.
    declared: BTreeMap<String, (String, Declared)>,
    /// By folder: how good the kind of file is, the file, and its first paragraph with its line.
    readmes: BTreeMap<String, (u8, String, String, u32)>,
}

impl Ownership {
    /// Adds what a file says; the order of the files changes nothing.
    pub(crate) fn add(&mut self, path: &str, statement: Statement) {
        match statement {
            Statement::Codeowners(rank, file) => {
                if self.codeowners.as_ref().is_none_or(|(known, ..)| rank < *known) {
                    self.codeowners = Some((rank, path.to_owned(), file));
                }
            }
            Statement::Backstage(owners) => {
                let known = self.catalogues.entry(parent(path).to_owned());
                let entry = known.or_insert_with(|| (path.to_owned(), owners.clone()));
                if path < entry.0.as_str() {
                    *entry = (path.to_owned(), owners);
                }
            }
            Statement::Declared(said) => {
                for (below, declared) in said {
                    let folder = [parent(path), &below].map(|part| (!part.is_empty()).then_some(part));
                    let folder = folder.into_iter().flatten().collect::<Vec<_>>().join("/");
                    let new = (path.to_owned(), declared);
                    let entry = self.declared.entry(folder).or_insert_with(|| new.clone());
                    // The file that is nearest to the system knows it best.
                    if (new.0.len(), &new.0) > (entry.0.len(), &entry.0) {
                        *entry = new;
                    }
                }
            }
            Statement::Readme(rank, text, line) => {
                let new = (rank, path.to_owned(), text, line);
                let entry = self.readmes.entry(parent(path).to_owned()).or_insert_with(|| new.clone());
                if new < *entry {
                    *entry = new;
                }
            }
        }
    }

    /// Owners and purposes of the systems among observations.
    pub(crate) fn about(
        &self,
        observations: &[Observation],
        manifests: &[ManifestFacts],
    ) -> Vec<Observation> {
        let mut systems: BTreeMap<&Scope, BTreeSet<&str>> = observations
            .iter()
            .filter(|observation| matches!(observation.fact, Fact::System { .. }))
            .map(|observation| (&observation.scope, BTreeSet::new()))
            .collect();
        for observation in observations {
            let Some(files) = systems.get_mut(&observation.scope) else { continue };
            files.extend(
                evidence(&observation.fact)
                    .iter()
                    .filter(|evidence| evidence.role.is_own())
                    .filter_map(|evidence| evidence.place.path.as_deref()),
            );
        }
        let mut packages: BTreeMap<&str, Vec<&ManifestFacts>> = BTreeMap::new();
        for manifest in manifests.iter().filter(|m| m.claims != Claims::default()) {
            packages.entry(unit_folder(&manifest.path)).or_default().push(manifest);
        }
        // What names the unit speaks for it, too.
        let rank =
            |m: &&ManifestFacts| (m.kind != ManifestKind::PyProject, m.kind != ManifestKind::PackageJson);
        for found in packages.values_mut() {
            found.sort_by_key(rank);
        }
        let mut out = Vec::new();
        for (scope, files) in systems {
            let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
            self.owners(&scope.root, &files, &packages).into_iter().for_each(|owner| put(Fact::Owner(owner)));
            if let Some(purpose) = self.purpose(&scope.root, &packages) {
                put(Fact::Purpose(purpose));
            }
            if let Some((path, declared)) = self.declared.get(&scope.root) {
                for (criterion, answer, because, line) in &declared.claims {
                    put(Fact::Claimed(Claimed {
                        criterion: *criterion,
                        answer: *answer,
                        because: because.clone(),
                        place: Place::line(path, *line),
                    }));
                }
            }
        }
        out
    }

    fn owners(
        &self,
        root: &str,
        files: &BTreeSet<&str>,
        packages: &BTreeMap<&str, Vec<&ManifestFacts>>,
    ) -> Vec<Owner> {
        let mut owners = Vec::new();
        let owner = |folder: &str| self.declared.get(folder).filter(|(_, said)| said.owner.is_some());
        if let Some((path, Declared { owner: Some((name, line)), .. })) = nearest(root, owner) {
            let place = Place::line(path, *line);
            owners.push(Owner { source: OwnerSource::Declared, name: name.clone(), place });
        }
        if let Some((path, found)) = nearest(root, |folder| self.catalogues.get(folder)) {
            owners.extend(found.iter().take(MAX_OWNERS).map(|(name, line)| Owner {
                source: OwnerSource::Backstage,
                name: name.clone(),
                place: Place::line(path, *line),
            }));
        }
        if let Some((_, path, codeowners)) = &self.codeowners {
            let inside = if root.is_empty() { "-".to_owned() } else { format!("{root}/-") };
            let mut counts: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
            let all = files.iter().copied().take(MAX_FILES);
            let any: Vec<&str> = if files.is_empty() { vec![&inside] } else { all.collect() };
            for (name, line) in any.iter().flat_map(|file| codeowners.of(file)) {
                let (count, first) = counts.entry(name).or_insert((0, line));
                *count += 1;
                *first = line.min(*first);
            }
            // Who only owns a file or two beside the others is not the first to ask.
            let most = counts.values().map(|(count, _)| *count).max().unwrap_or_default();
            let main = counts.into_iter().filter(|(_, (count, _))| 2 * count >= most);
            owners.extend(main.take(MAX_OWNERS).map(|(name, (_, line))| Owner {
                source: OwnerSource::Codeowners,
                name: name.to_owned(),
                place: Place::line(path, line),
            }));
        }
        let written = |folder: &str| packages.get(folder)?.iter().find(|m| !m.claims.authors.is_empty());
        if let Some(manifest) = nearest(root, written) {
            owners.extend(manifest.claims.authors.iter().map(|author| Owner {
                source: OwnerSource::PackageAuthor,
                name: author.name.clone(),
                place: Place::line(&*manifest.path, author.line),
            }));
        }
        owners
    }

    fn purpose(&self, root: &str, packages: &BTreeMap<&str, Vec<&ManifestFacts>>) -> Option<Purpose> {
        if let Some((path, Declared { purpose: Some((text, line)), .. })) = self.declared.get(root) {
            let place = Place::line(path, *line);
            return Some(Purpose { source: PurposeSource::Declared, text: text.clone(), place });
        }
        let described = packages.get(root).into_iter().flatten().find_map(|manifest| {
            let (text, line) = manifest.claims.description.as_ref()?;
            let path = &*manifest.path;
            let place = line.map_or_else(|| Place::file(path), |line| Place::line(path, line));
            Some(Purpose { source: PurposeSource::Package, text: text.clone(), place })
        });
        described.or_else(|| {
            let (_, path, text, line) = self.readmes.get(root)?;
            let place = Place::line(path, *line);
            Some(Purpose { source: PurposeSource::Readme, text: text.clone(), place })
        })
    }
}

/// What the nearest folder has, from a folder up.
fn nearest<'a, T>(root: &str, of: impl Fn(&str) -> Option<&'a T>) -> Option<&'a T> {
    let mut folder = root;
    loop {
        match of(folder) {
            None if folder.is_empty() => return None,
            None => folder = parent(folder),
            found => return found,
        }
    }
}

fn evidence(fact: &Fact) -> &[Evidence] {
    match fact {
        Fact::Component(component) => &component.evidence,
        Fact::Tool(tool) => &tool.evidence,
        Fact::Model(model) => &model.evidence,
        Fact::Criterion { evidence, .. } => std::slice::from_ref(evidence),
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
