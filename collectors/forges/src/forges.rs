//! The forges of one scan: what is listed there, and the tokens that git fetches it with.

use std::fmt;
use std::time::Duration;

use asmm_model::GapReason;
use muster_collect::{Credentials, Environment, NoProgress, Options, Progress, Source, Stop, Target};

use crate::client::{Asking, Client, Patience, Unanswered};
use crate::listing::{Found, Listing, Unlisted};
use crate::settings::{Forge, Known, Unusable};
use crate::{github, gitlab};

/// The forges of one scan.
pub struct Forges {
    github: Option<Forge>,
    gitlab: Option<Forge>,
    pub(crate) patience: Patience,
    /// Seconds since 1970.
    now: fn() -> i64,
}

impl fmt::Debug for Forges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |forge: &Option<Forge>| forge.as_ref().map(|forge| forge.host.clone());
        f.debug_struct("Forges")
            .field("github", &host(&self.github))
            .field("gitlab", &host(&self.gitlab))
            .finish_non_exhaustive()
    }
}

/// What a target stands for.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was listed.
    pub listing: Listing,
    /// Whether the target is one repository, that is wanted whatever it is like.
    pub is_one: bool,
}

impl Forges {
    /// The forges of these targets; `now` gives seconds since 1970. Nothing is asked.
    ///
    /// # Errors
    /// What has to be changed about an option, or a variable of the environment.
    pub fn try_new(
        targets: &[&Target],
        options: &Options,
        environment: &Environment,
        now: fn() -> i64,
    ) -> Result<Self, Unusable> {
        let has = |source| targets.iter().any(|target| target.source == source);
        let github = has(Source::Github).then(|| Forge::github(options, environment)).transpose()?;
        let gitlab = has(Source::Gitlab).then(|| Forge::gitlab(options, environment)).transpose()?;
        for target in targets {
            let named = match target.source {
                Source::Github => github::named(&target.rest).map(drop),
                Source::Gitlab => gitlab::named(&target.rest).map(drop),
                _ => Ok(()),
            };
            named.map_err(|why| Unusable {
                what: format!("`{}` {why}", target.given),
                help: format!("write it as {}", target.source.form()),
            })?;
        }
        Ok(Self { github, gitlab, patience: Patience::default(), now })
    }

    /// Asks a forge what a target stands for.
    pub async fn list(&self, target: &Target, stop: &Stop, progress: &dyn Progress) -> Answer {
        let asking = Asking { what: &target.given, patience: self.patience, stop, progress, now: self.now };
        progress.begin(&target.given);
        match (target.source, &self.github, &self.gitlab) {
            (Source::Github, Some(forge), _) => match github::named(&target.rest) {
                Err(why) => Answer { listing: unasked(why), is_one: false },
                Ok((owner, repository)) => {
                    let listing = match Client::try_new(&forge.api, github::headers(), asking) {
                        Err(why) => unreachable(why),
                        Ok(client) => {
                            let listing = github::list(&client, forge, owner, repository).await;
                            noted(listing, &client)
                        }
                    };
                    Answer { listing, is_one: repository.is_some() }
                }
            },
            (Source::Gitlab, _, Some(forge)) => match gitlab::named(&target.rest) {
                Err(why) => Answer { listing: unasked(why), is_one: false },
                Ok(name) => match Client::try_new(&forge.api, gitlab::headers(), asking) {
                    Err(why) => Answer { listing: unreachable(why), is_one: false },
                    Ok(client) => {
                        let (listing, is_one) = gitlab::list(&client, forge, name).await;
                        Answer { listing: noted(listing, &client), is_one }
                    }
                },
            },
            _ => Answer { listing: unasked("is of no forge".to_owned()), is_one: false },
        }
    }

    /// How a repository that a target stands for is written as a target of its own.
    pub fn repository(&self, source: Source, path: &str) -> Option<String> {
        match source {
            Source::Github => Some(format!("git+{}/{path}", self.github.as_ref()?.base)),
            // Without the ending, GitLab sends git on to the address with it, where no token is sent.
            Source::Gitlab => Some(format!("git+{}/{path}.git", self.gitlab.as_ref()?.base)),
            _ => None,
        }
    }
}

fn unasked(why: String) -> Listing {
    Found::default().into_listing(Some(Unlisted { reason: GapReason::Failed, why }))
}

fn unreachable(why: Unanswered) -> Listing {
    Found::default().into_listing(Some(why.told(|status| format!("it answers {status}"))))
}

fn noted(mut listing: Listing, client: &Client<'_>) -> Listing {
    match client.waited() {
        0 => {}
        1 => listing.notes.push("the server limits requests, and 1 second was waited".to_owned()),
        seconds => {
            listing.notes.push(format!("the server limits requests, and {seconds} seconds were waited"));
        }
    }
    listing
}

impl Credentials for Forges {
    fn token(&self, host: &str, path: &str) -> Result<Option<String>, String> {
        for forge in [&self.github, &self.gitlab].into_iter().flatten() {
            let Some(path) = below(forge, host, path) else { continue };
            match &forge.known {
                Known::Nobody => {}
                Known::By(token) => return Ok(Some(token.expose().to_owned())),
                Known::App(app) => {
                    let owner = path.split('/').next().unwrap_or_default();
                    if let Some(token) = app.kept(owner, (self.now)()) {
                        return Ok(Some(token.expose().to_owned()));
                    }
                    // Of an owner that nobody listed, the app was never asked to see anything.
                    if app.knows(owner) {
                        return self.anew(forge, owner).map(Some);
                    }
                }
            }
        }
        Ok(None)
    }
}

impl Forges {
    /// A new token for an owner, in place of one that ran out. Not to be called on a thread of a runtime.
    fn anew(&self, forge: &Forge, owner: &str) -> Result<String, String> {
        let Known::App(app) = &forge.known else { return Err("there is no app".to_owned()) };
        let stop = Stop::new();
        // A fetch waits for it, and cannot be asked to stop meanwhile.
        let patience = Patience { all: Duration::from_mins(2), again: 3, ..self.patience };
        let asking = Asking { what: owner, patience, stop: &stop, progress: &NoProgress, now: self.now };
        let told = |why: Unanswered| why.told(|status| github::of_app(status, owner)).why;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no token can be asked for: {}", error.kind()))?;
        let client = Client::try_new(&forge.api, github::headers(), asking).map_err(told)?;
        let token = runtime.block_on(app.token(&client, owner));
        token.map(|token| token.expose().to_owned()).map_err(told)
    }
}

/// The path of a repository below its forge, where it is one of that.
fn below<'a>(forge: &Forge, host: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(forge.below.as_str()).filter(|_| host == forge.host)?;
    if forge.below.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}
