//! The two halves of what an account costs, for the bench: reading its pages, and evaluating its identities.

use crate::account::{Account, Pages};
use crate::client::read_xml;
use crate::organisation::Bounds;
use crate::rights::rights;

/// An account whose pages were read.
#[derive(Debug)]
pub struct Read(Account);

/// Reads pages of `GetAccountAuthorizationDetails` as they come from AWS.
///
/// # Errors
/// A page that is no XML.
pub fn read<'p>(pages: impl Iterator<Item = &'p str>) -> Result<Read, String> {
    let mut all = Pages::default();
    for page in pages {
        all.add(&read_xml(page.as_bytes())?);
    }
    Ok(Read(all.finish()))
}

impl Read {
    /// How many identities it has.
    pub fn len(&self) -> usize {
        self.0.identities.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Evaluates every identity against everything that is asked about: how many may ask a model or an agent.
    pub fn evaluate(&self) -> usize {
        let bounds = Bounds::default();
        let all = self.0.identities.iter().map(|identity| rights(identity, &bounds, &[]));
        all.filter(|rights| rights.standing.is_some()).count()
    }
}
