//! What a collector is given to work with: the rules, a way to be stopped, and somebody who watches the progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use muster_rules::RulePack;

use crate::{Cache, Environment, FingerprintKey, Options};

/// Says that no more is wanted; shared by everybody who works on a scan.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nobody has asked to stop.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everybody to stop soon.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Told how far the work is; called from many threads.
pub trait Progress: Send + Sync {
    /// The work on `what` begins.
    fn begin(&self, what: &str);
    /// `count` more things are known to be there.
    fn found(&self, count: u64);
    /// `count` more things are done.
    fn done(&self, count: u64);
    /// There are `count` targets.
    fn targets(&self, _: usize) {}
    /// One of them is done.
    fn target_done(&self) {}
    /// Something that whoever asked for the scan may want to know when it is over.
    fn note(&self, _: &str) {}
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: &str) {}
    fn found(&self, _: u64) {}
    fn done(&self, _: u64) {}
}

/// Tokens for servers of git, where whoever lists repositories has them already.
pub trait Credentials: Send + Sync {
    /// The token for a repository, by its host, with a port if it has one, and its path there; nothing where there is none
    /// for it. It may have to be asked for first, so that this is called where waiting disturbs nobody.
    ///
    /// # Errors
    /// Why there is none though there should be one, as a sentence that holds no part of a secret.
    fn token(&self, host: &str, path: &str) -> Result<Option<String>, String>;
}

/// There are no tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCredentials;

impl Credentials for NoCredentials {
    fn token(&self, _: &str, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// What a collector works with.
#[derive(Clone)]
pub struct Context {
    /// The rules.
    pub rules: Arc<RulePack>,
    /// Whether to go on.
    pub stop: Stop,
    /// Who watches.
    pub progress: Arc<dyn Progress>,
    /// How many threads may work at once; at least 1.
    pub threads: usize,
    /// What fingerprints of secrets are made under; without it they have none. A key of one run would be worth nothing
    /// after it, and would make two scans of one source differ.
    pub fingerprints: Option<FingerprintKey>,
    /// What was given for the options of the sources.
    pub options: Arc<Options>,
    /// What the collectors asked to know of the environment.
    pub environment: Arc<Environment>,
    /// What is kept from one scan to the next; nothing without it.
    pub cache: Option<Arc<dyn Cache>>,
    /// Tokens of whoever listed the repositories.
    pub credentials: Arc<dyn Credentials>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl Context {
    /// Works with these rules, on one thread, unwatched.
    pub fn new(rules: Arc<RulePack>) -> Self {
        Self {
            rules,
            stop: Stop::new(),
            progress: Arc::new(NoProgress),
            threads: 1,
            fingerprints: None,
            options: Arc::default(),
            environment: Arc::default(),
            cache: None,
            credentials: Arc::new(NoCredentials),
        }
    }
}
