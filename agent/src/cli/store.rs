//! The option that names a store, and how commands work with one.

use asmm_model::{Presence, Verdict};
use clap::Args;

use super::environment;
use crate::store::{Filter, Place, Store, StoreError};

/// Where the store is.
#[derive(Debug, Clone, Args)]
pub(super) struct StoreOption {
    /// The store: a file, or postgres://USER@HOST/DATABASE with the password in PGPASSWORD; by default muster.db in the data
    /// folder of the user
    #[arg(long, value_name = "PLACE", env = "MUSTER_STORE", hide_env_values = true)]
    store: Option<String>,
}

impl StoreOption {
    /// The place that is meant.
    pub(super) fn place(&self) -> Result<Place, StoreError> {
        match &self.store {
            Some(given) => Place::named(given),
            None => Place::usual(environment::variable),
        }
    }

    /// Does something with a store that is there, which may fail for more reasons than the store.
    pub(super) fn with_any<T>(
        &self,
        work: impl AsyncFnOnce(&Store) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let place = self.place()?;
        block_on(async {
            let store = Store::existing(&place).await?;
            let done = work(&store).await;
            store.close().await;
            done
        })
    }

    /// Does something with a store that is there.
    pub(super) fn with<T>(
        &self,
        work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
    ) -> anyhow::Result<T> {
        let place = self.place()?;
        block_on(async {
            let store = Store::existing(&place).await?;
            let done = work(&store).await;
            store.close().await;
            Ok(done?)
        })
    }
}

/// Waits for what the network and the store do.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// The same for what many ask for at once, on all processors.
pub(super) fn block_on_many<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Which systems of a store are meant.
#[derive(Debug, Clone, Args)]
pub(super) struct FilterOptions {
    /// Only systems of this verdict; may be given several times
    #[arg(long, value_name = "VERDICT", value_parser = verdict)]
    verdict: Vec<Verdict>,
    /// Only systems of which this became in the last scan: new, changed, returned, missing, unseen or present; may be given
    /// several times. Without it, all but the missing ones
    #[arg(long, value_name = "PRESENCE", value_parser = presence)]
    presence: Vec<Presence>,
    /// Only systems in targets whose name holds this text
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,
    /// Only systems whose name holds this text
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
}

impl From<FilterOptions> for Filter {
    fn from(given: FilterOptions) -> Self {
        Self {
            verdicts: given.verdict,
            presences: given.presence,
            target: given.target,
            name: given.name,
            standings: Vec::new(),
        }
    }
}

fn verdict(text: &str) -> Result<Verdict, String> {
    let all = [Verdict::Agentic, Verdict::Undetermined, Verdict::NotAgentic, Verdict::NotAi];
    let is = |verdict: &Verdict| verdict.name().replace('_', "-") == text.replace('_', "-");
    all.into_iter()
        .find(is)
        .ok_or_else(|| "a verdict is agentic, undetermined, not_agentic or not_ai".to_owned())
}

fn presence(text: &str) -> Result<Presence, String> {
    Presence::named(text).ok_or_else(|| {
        let names: Vec<&str> = Presence::ALL.iter().map(|presence| presence.name()).collect();
        format!("it is one of {}", names.join(", "))
    })
}
