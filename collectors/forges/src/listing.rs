//! What a forge says it has: repositories, each by a path that is fit to be used, and what could not be learnt.

use std::collections::BTreeSet;

use asmm_model::{Gap, GapReason};

/// Repositories of one listing.
pub(crate) const MAX_REPOSITORIES: usize = 50_000;
/// Groups within groups and the project; GitLab allows twenty of the first.
const MAX_PARTS: usize = 21;
/// Letters of one part of a path.
const MAX_PART: usize = 255;
/// Letters of a name that is not used, as they are shown.
const MAX_SHOWN: usize = 60;

/// What an organisation, a user, a group or one repository stands for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// In the order of their paths, none twice.
    pub repositories: Vec<Repository>,
    /// What is there and cannot be scanned.
    pub gaps: Vec<Gap>,
    /// Why there may be more than was listed.
    pub unlisted: Option<Unlisted>,
    /// What the user should know, as ends of a sentence about the target.
    pub notes: Vec<String>,
}

/// Why a listing is not complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// What kind of reason it is.
    pub reason: GapReason,
    /// Why, as a sentence that says what helps.
    pub why: String,
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    /// `OWNER/NAME`, or `GROUP/…/NAME`: letters, digits, `.`, `_` and `-`, with no part that leads elsewhere.
    pub path: String,
    /// Nobody works on it any more.
    pub is_archived: bool,
    /// It is a copy of another one, with changes or without.
    pub is_fork: bool,
    /// Whether there is anything to fetch.
    pub state: State,
}

/// Whether there is anything to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// There is, as far as is known.
    Usual,
    /// It has no commit.
    Empty,
    /// Its forge does not hand it out: switched off, or about to be removed.
    Disabled,
}

/// Keeps what is listed, page by page.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) listing: Listing,
    seen: BTreeSet<String>,
}

impl Found {
    /// Adds what the forge named, and says whether that is new and has a path that can be used.
    pub(crate) fn add(&mut self, repository: Repository, is_path: fn(&str) -> bool) -> bool {
        if !is_path(&repository.path) {
            self.odd(&repository.path);
            return false;
        }
        // What is created or removed meanwhile moves others from page to page.
        let is_new = self.seen.insert(repository.path.to_lowercase());
        if is_new {
            self.listing.repositories.push(repository);
        }
        is_new
    }

    /// Something is listed that cannot be read.
    pub(crate) fn unread(&mut self) {
        self.listing.gaps.push(
            Gap::new("a repository", GapReason::Unparsable)
                .because("what the forge says of it cannot be read"),
        );
    }

    fn odd(&mut self, path: &str) {
        let shown: String = path.escape_debug().take(MAX_SHOWN).collect();
        self.listing.gaps.push(
            Gap::new(format!("the repository `{shown}`"), GapReason::Unsupported)
                .because("no repository of this forge can have such a path, and it is not fetched"),
        );
    }

    pub(crate) fn len(&self) -> usize {
        self.listing.repositories.len() + self.listing.gaps.len()
    }

    /// All of it; it is the rest that is missing where there is a reason.
    pub(crate) fn into_listing(self, unlisted: Option<Unlisted>) -> Listing {
        let mut listing = self.listing;
        listing.repositories.sort();
        listing.unlisted = unlisted;
        listing
    }
}

/// Whether a text is the path of a repository: what stands in it ends up in an address.
pub(crate) fn is_path(path: &str) -> bool {
    let parts = || path.split('/');
    (2..=MAX_PARTS).contains(&parts().count()) && parts().all(is_part) && !path.starts_with('-')
}

/// Whether a text is one part of a path.
pub(crate) fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= MAX_PART
        && !part.chars().all(|c| c == '.')
        && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
