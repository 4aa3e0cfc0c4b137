//! What one file says by itself, small enough to be kept: whether it is source, and what the prefilter found in it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::worker::{elsewhere, foreign};
use super::{Piece, SourceFile};
use crate::prefilter::Hits;
use crate::role::role_of;
use crate::syntax::Dialect;
use crate::tree::Found;

/// What was found in one file. It holds nothing that the path says already, and nothing that another file has a part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileFacts {
    seen: bool,
    source: Option<SourceFacts>,
    is_program: bool,
    is_companion: bool,
    is_foreign: bool,
    deployable: Option<Box<str>>,
}

/// What was found in a source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SourceFacts {
    dialect: Dialect,
    hits: Hits,
    only: Option<Arc<str>>,
    imports: Option<Arc<str>>,
}

impl FileFacts {
    /// What the pieces of one file come to, where they are of the kinds that are kept. Files that say more are few, and are
    /// read each time.
    pub(super) fn of(seen: bool, pieces: &[Piece]) -> Option<Self> {
        let mut facts = Self {
            seen,
            source: None,
            is_program: false,
            is_companion: false,
            is_foreign: false,
            deployable: None,
        };
        for piece in pieces {
            match piece {
                Piece::Source(file) => {
                    let SourceFile { path: _, elsewhere: _, dialect, role: _, hits, only, imports, code: _ } =
                        file;
                    let (dialect, hits) = (*dialect, *hits);
                    let source = SourceFacts { dialect, hits, only: only.clone(), imports: imports.clone() };
                    facts.source = Some(source);
                }
                Piece::Program(_) => facts.is_program = true,
                Piece::Companion(_) => facts.is_companion = true,
                Piece::Foreign(..) => facts.is_foreign = true,
                Piece::Deployable(folder) => facts.deployable = Some(folder.as_str().into()),
                Piece::Manifest(_)
                | Piece::Starters(..)
                | Piece::Infrastructure(_)
                | Piece::Terraform(_)
                | Piece::Artifacts(_)
                | Piece::Configured(_)
                | Piece::Flow(_)
                | Piece::Settings(_)
                | Piece::Keys(_)
                | Piece::Model(_)
                | Piece::Aliases(_)
                | Piece::Ownership(..)
                | Piece::Gap(_) => return None,
            }
        }
        Some(facts)
    }

    /// Whether the file could be looked at.
    pub(super) fn seen(&self) -> bool {
        self.seen
    }

    /// The pieces that they were made of.
    pub(super) fn pieces(&self, found: &Found) -> Vec<Piece> {
        let path: Arc<str> = found.path.as_str().into();
        let (folder, name) = found.path.rsplit_once('/').unwrap_or(("", &found.path));
        let mut pieces = Vec::new();
        pieces.extend(self.deployable.as_deref().map(|folder| Piece::Deployable(folder.to_owned())));
        pieces.extend(self.is_companion.then(|| Piece::Companion(Arc::clone(&path))));
        if self.is_foreign {
            pieces.extend(foreign(name).map(|language| Piece::Foreign(language, folder.to_owned())));
        }
        pieces.extend(self.is_program.then(|| Piece::Program(Arc::clone(&path))));
        pieces.extend(self.source.as_ref().map(|source| {
            Piece::Source(SourceFile {
                path,
                elsewhere: elsewhere(found),
                dialect: source.dialect,
                role: role_of(&found.path),
                hits: source.hits,
                only: source.only.clone(),
                imports: source.imports.clone(),
                code: None,
            })
        }));
        pieces
    }

    /// Adds what its imports were found to be, and says whether that is new.
    pub(crate) fn learn(&mut self, imports: &Arc<str>) -> bool {
        match &mut self.source {
            Some(source) if source.imports.is_none() => {
                source.imports = Some(Arc::clone(imports));
                true
            }
            _ => false,
        }
    }
}
