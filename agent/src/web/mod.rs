//! The review site: pages for people and an interface for programs over one store, and who is let in.
//!
//! Every route says which right it needs where it is listed (`routes.rs`), and is asked for it in one place (`door.rs`).

mod acts;
mod api;
mod assessing;
mod asset;
mod door;
mod frame;
mod headers;
mod links;
mod listen;
mod oidc;
mod pages;
mod routes;
mod secret;
mod stream;
#[cfg(test)]
mod tests;
mod wrong;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use asmm_model::Register;
use axum::Router;
use ipnet::IpNet;
use muster_rules::RulePack;

use crate::clock;
use crate::register;
use crate::store::{Store, StoreError, Summary};

pub(crate) use api::description as api_description;
pub(crate) use listen::{Tls, serve};
pub(crate) use oidc::{Mapping, Options, Provider, Unusable};
pub(crate) use secret::Secret;

/// How a site is reached, and by whom.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The address that it listens on.
    pub(crate) address: SocketAddr,
    /// What people type to get there, `https://muster.example`, where that is not the address.
    pub(crate) public: Option<String>,
    /// Whether people reach it through TLS, of its own or of a proxy.
    pub(crate) secure: bool,
    /// Proxies that are believed when they say on whose behalf they ask.
    pub(crate) proxies: Vec<IpNet>,
    /// Hosts of code that places link to, beside the well-known ones.
    pub(crate) code_hosts: Vec<String>,
    /// How long a session lasts while nobody does anything.
    pub(crate) idle: Duration,
    /// How long it lasts at most.
    pub(crate) session: Duration,
}

/// A site over a store. It is one, however often it is cloned.
#[derive(Debug, Clone)]
pub(crate) struct Site(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    rules: RulePack,
    settings: Settings,
    door: door::Limits,
    /// Whom people sign in with, beside links.
    provider: Option<Provider>,
    /// The numbers of the landing page, and the state of the store that they are of.
    numbers: Kept<Summary>,
    /// What is declared, held against what was seen.
    register: Kept<Option<Register>>,
}

/// Something that takes a while to compute, and the state of the store that it is of.
#[derive(Debug)]
struct Kept<T>(Mutex<Option<(Vec<String>, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    /// What was computed, where nothing changed since; it is computed now otherwise.
    async fn of(
        &self,
        store: &Store,
        compute: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<Arc<T>, StoreError> {
        let state = store.state().await?;
        {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((of, kept)) = kept.as_ref()
                && *of == state
            {
                return Ok(Arc::clone(kept));
            }
        }
        // What changes while it is computed is of a later state than the one that it is kept for.
        let new = Arc::new(compute(store).await?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((state, Arc::clone(&new)));
        Ok(new)
    }
}

impl Site {
    /// A site with the built-in rules, and perhaps with a provider that people sign in with.
    pub(crate) fn new(store: Store, settings: Settings, provider: Option<Provider>) -> Self {
        Self(Arc::new(Inner {
            store,
            rules: RulePack::built_in(),
            settings,
            door: door::Limits::default(),
            provider,
            numbers: Kept::default(),
            register: Kept::default(),
        }))
    }

    /// What answers.
    pub(crate) fn router(&self) -> Router {
        routes::all(self).0
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn provider(&self) -> Option<&Provider> {
        self.0.provider.as_ref()
    }

    fn rules(&self) -> &RulePack {
        &self.0.rules
    }

    /// The numbers of the landing page.
    async fn summary(&self) -> Result<Arc<Summary>, StoreError> {
        self.0.numbers.of(self.store(), Store::summary).await
    }

    /// What is declared, held against what was seen; nothing where nothing was imported.
    async fn register(&self) -> Result<Arc<Option<Register>>, StoreError> {
        self.0.register.of(self.store(), register::of_store).await
    }

    /// Opens decisions whose day is over, so that no page shows one that holds no more.
    async fn expire(&self) -> Result<(), StoreError> {
        let (at, today) = clock::day();
        if self.store().is_anything_over(today).await? {
            self.store().expire((&at, today)).await?;
        }
        Ok(())
    }
}

/// A time in seconds since 1970, to the minute and in UTC.
fn seconds(time: i64) -> String {
    let time = jiff::Timestamp::from_second(time).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
