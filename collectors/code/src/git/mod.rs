//! The collector for repositories by address: what is not on this machine is fetched into a cache by git, and then read
//! as a bare repository is.

mod address;
mod cache;
mod fetch;
mod tokens;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use asmm_model::Coverage;
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use muster_collect::{
    CollectError, Collector, Context, Descriptor, Sink, Source, SourceOption, Target, Unit, url, whole,
};
use tokio::sync::Semaphore;

use self::address::{Address, Remote};
use self::cache::{Cache, Held, Unheld};
use self::fetch::{Fetch, Unfetched};
use self::tokens::Tokens;
use crate::collector::BRANCH;
use crate::scan::scan;
use crate::tree::Tree;

/// Reads repositories by address.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitCollector;

/// Fetches from one host at a time: servers of git limit whoever asks for more.
const AT_ONCE: usize = 4;

const CACHE: &str = "git-cache";
const TOKEN_FILE: &str = "git-token-file";
const MAX_SIZE: &str = "git-max-size";

/// MiB that a repository may take where nothing else is said: twice what the largest ones have in one commit.
const DEFAULT_SIZE: u64 = 4096;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "git",
    title: "Git repositories",
    source: Source::Git,
    permissions: &["read the repository"],
    options: &[
        BRANCH,
        SourceOption {
            name: CACHE,
            value: "DIR",
            help: "Where fetched repositories are kept; the folder muster/git in the user's cache folder otherwise",
            many: false,
            check: not_empty,
        },
        SourceOption {
            name: TOKEN_FILE,
            value: "FILE",
            help: "Tokens for servers of git, on lines of their own: TOKEN, or HOST=TOKEN; in place of MUSTER_GIT_TOKEN",
            many: false,
            check: not_empty,
        },
        SourceOption {
            name: MAX_SIZE,
            value: "MIB",
            help: "How large a fetched repository may become; 4096 otherwise",
            many: false,
            check: size,
        },
    ],
};

/// The variables of the environment that this collector wants to be told of.
pub fn variables() -> impl Iterator<Item = &'static str> {
    fetch::VARIABLES.into_iter().chain([tokens::VARIABLE])
}

fn not_empty(given: &str) -> Result<(), String> {
    if given.is_empty() { Err("is empty".to_owned()) } else { Ok(()) }
}

fn size(given: &str) -> Result<(), String> {
    match given.parse::<u64>() {
        Ok(1..=1_048_576) => Ok(()),
        _ => Err("is no number of MiB from 1 to 1048576".to_owned()),
    }
}

#[async_trait]
impl Collector for GitCollector {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>> {
        stream::once(async {
            if cx.stop.is_asked() {
                return Err(CollectError::Stopped);
            }
            // Where the address is none, the work says so.
            let line = match address(&target.given) {
                Ok(Address::Remote(remote)) => Some(line_of(&remote.host)),
                _ => None,
            };
            let _place = match &line {
                Some(line) => line.acquire().await.ok(),
                None => None,
            };
            let (given, own) = (target.given.clone(), cx.clone());
            let work = tokio::task::spawn_blocking(move || fetched(&given, &own));
            let commit =
                work.await.map_err(|_| CollectError::Failed("the fetch ended unexpectedly".to_owned()))??;
            Ok(Unit { target: target.given.clone(), part: String::new(), commit: Some(commit) })
        })
        .boxed()
    }

    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError> {
        let commit = unit.commit.clone();
        whole::off_the_runtime(unit, cx, out, move |target, cx| {
            let (tree, _held) = opened(target, cx, commit.as_deref())?;
            let outcome = scan(&tree, target, cx)?;
            Ok((outcome.observations, outcome.coverage))
        })
        .await
    }
}

/// Where a target is, if it is a repository on this machine.
///
/// # Errors
/// What is wrong with its address, as a sentence.
pub(crate) fn folder_of(target: &str) -> Result<Option<PathBuf>, String> {
    match address(target) {
        Ok(Address::Folder(folder)) => Ok(Some(folder)),
        Ok(Address::Remote(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Who waits for a host.
fn line_of(host: &str) -> Arc<Semaphore> {
    static LINES: Mutex<BTreeMap<String, Arc<Semaphore>>> = Mutex::new(BTreeMap::new());
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(lines.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
}

fn address(target: &str) -> Result<Address, CollectError> {
    let url = target.strip_prefix("git+").unwrap_or(target);
    Address::parse(url).map_err(|problem| CollectError::Unusable(format!("{target} {problem}")))
}

/// Brings a repository here, and gives the commit that is to be scanned.
fn fetched(target: &str, cx: &Context) -> Result<String, CollectError> {
    if let Address::Remote(remote) = address(target)? {
        cx.progress.begin(target);
        let branch = cx.options.one(BRANCH.name);
        let tokens =
            Tokens::of(cx.options.one(TOKEN_FILE), &cx.environment).map_err(CollectError::Unusable)?;
        let token = tokens.for_remote(&remote, cx.credentials.as_ref()).map_err(CollectError::Failed)?;
        let most = cx.options.one(MAX_SIZE).and_then(|size| size.parse().ok()).unwrap_or(DEFAULT_SIZE);
        let cache = cache(cx)?;
        let held = cache.to_fetch(&remote, branch, &cx.stop).map_err(|unheld| untaken(&unheld, &cache))?;
        let fetch = Fetch {
            token: token.as_deref(),
            environment: &cx.environment,
            stop: &cx.stop,
            most: most.saturating_mul(1 << 20),
        };
        fetch.run(&remote, branch, &held).map_err(|failed| match failed {
            Unfetched::Stopped => CollectError::Stopped,
            Unfetched::Because(why) => CollectError::Failed(why),
        })?;
        return commit_of(&tree_of(&remote, &held, None)?);
    }
    commit_of(&opened(target, cx, cx.options.one(BRANCH.name))?.0)
}

fn commit_of(tree: &Tree) -> Result<String, CollectError> {
    tree.commit().ok_or_else(|| CollectError::Unusable("it has no commit".to_owned()))
}

/// A commit of a repository that is here, and the lock on it as long as it is read.
fn opened(target: &str, cx: &Context, commit: Option<&str>) -> Result<(Tree, Option<Held>), CollectError> {
    match address(target)? {
        Address::Folder(folder) => {
            let tree = Tree::of_repository(&folder, commit);
            Ok((tree.map_err(|error| CollectError::Unusable(error.to_string()))?, None))
        }
        Address::Remote(remote) => {
            let cache = cache(cx)?;
            let branch = cx.options.one(BRANCH.name);
            let held = cache.to_read(&remote, branch, &cx.stop).map_err(|unheld| untaken(&unheld, &cache))?;
            Ok((tree_of(&remote, &held, commit)?, Some(held)))
        }
    }
}

fn tree_of(remote: &Remote, held: &Held, commit: Option<&str>) -> Result<Tree, CollectError> {
    let tree =
        Tree::of_repository(&held.folder, commit).map_err(|error| CollectError::Failed(error.to_string()))?;
    Ok(tree.known_as(remote.name.clone(), url::repository(&remote.url)))
}

fn cache(cx: &Context) -> Result<Cache, CollectError> {
    let users = || {
        let below =
            |name: &str| cx.environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = below("XDG_CACHE_HOME").or_else(|| Some(below(fetch::HOME)?.join(".cache")))?;
        Some(folder.join("muster/git"))
    };
    let folder = cx.options.one(CACHE).map(PathBuf::from).or_else(users);
    folder.map(Cache::at).ok_or_else(|| {
        CollectError::Unusable(
            "there is no folder for what is fetched; name one with `--git-cache`".to_owned(),
        )
    })
}

fn untaken(unheld: &Unheld, cache: &Cache) -> CollectError {
    match unheld {
        Unheld::Stopped => CollectError::Stopped,
        Unheld::Busy => CollectError::Failed("another run fetches it, and does not end".to_owned()),
        Unheld::Io(error) => {
            let (folder, kind) = (cache.folder().display(), error.kind());
            CollectError::Failed(format!(
                "the folder for what is fetched, `{folder}`, cannot be used ({kind}); name another one with `--git-cache`"
            ))
        }
    }
}
