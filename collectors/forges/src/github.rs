//! GitHub: repositories of organisations and users, through version 3 of its interface.

use muster_collect::url::encoded;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Client, Unanswered};
use crate::listing::{Found, Listing, Repository, State, is_part, is_path};
use crate::settings::{Forge, Known};
use crate::token::Token;

/// How many repositories are asked about that may be empty.
const MAX_ASKED: usize = 200;

/// What GitHub says of a repository, as far as it is read.
#[derive(Deserialize)]
struct Entry {
    full_name: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    fork: bool,
    #[serde(default)]
    disabled: bool,
    /// In kB, and now and then an hour old: 0 may be a small one.
    #[serde(default)]
    size: Option<u64>,
}

impl Entry {
    fn is_small(&self) -> bool {
        self.size == Some(0) && !self.disabled
    }

    fn repository(self) -> Repository {
        let state = if self.disabled { State::Disabled } else { State::Usual };
        Repository { path: self.full_name, is_archived: self.archived, is_fork: self.fork, state }
    }
}

/// The headers of every request: <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
pub(crate) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert(HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));
    headers
}

/// An owner, and a repository of it where one is named.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence about the target.
pub(crate) fn named(rest: &str) -> Result<(&str, Option<&str>), String> {
    let (owner, repository) = match rest.split_once('/') {
        Some((owner, repository)) => (owner, Some(repository)),
        None => (rest, None),
    };
    let is_right = is_part(owner) && repository.is_none_or(is_part) && !owner.starts_with('-');
    if is_right {
        Ok((owner, repository))
    } else {
        Err("names no owner on GitHub, and no repository of one".to_owned())
    }
}

/// Where a listing is asked for.
struct Way<'a> {
    client: &'a Client<'a>,
    forge: &'a Forge,
    owner: &'a str,
    token: Option<Token>,
}

/// Lists what an owner has, or finds one repository.
pub(crate) async fn list(
    client: &Client<'_>,
    forge: &Forge,
    owner: &str,
    repository: Option<&str>,
) -> Listing {
    let token = match &forge.known {
        Known::Nobody => Ok(None),
        Known::By(token) => Ok(Some(token.clone())),
        Known::App(app) => app.token(client, owner).await.map(Some),
    };
    let token = match token {
        Ok(token) => token,
        Err(why) => return Found::default().into_listing(Some(why.told(|status| of_app(status, owner)))),
    };
    let way = Way { client, forge, owner, token };
    match repository {
        Some(repository) => way.one(repository).await,
        None => way.all().await,
    }
}

impl Way<'_> {
    async fn one(&self, repository: &str) -> Listing {
        let mut found = Found::default();
        let path = format!("repos/{}/{}", encoded(self.owner), encoded(repository));
        match self.client.get(&path, self.token.as_ref()).await {
            Err(why) => {
                let asked = format!("repository `{}/{repository}`", self.owner);
                found.into_listing(Some(why.told(|status| self.refused(status, &asked))))
            }
            Ok(answer) => {
                let asked = format!("{}/{repository}", self.owner);
                let small = take(answer.value, &mut found);
                self.weigh(&mut found, small.into_iter().collect()).await;
                if let [one] = found.listing.repositories.as_slice()
                    && !one.path.eq_ignore_ascii_case(&asked)
                {
                    found.listing.notes.push(format!("it is called `{}` by now", one.path));
                }
                found.into_listing(None)
            }
        }
    }

    async fn all(&self) -> Listing {
        let mut found = Found::default();
        let mut small = Vec::new();
        let asked = format!("organisation or user `{}`", self.owner);
        let unlisted = self.pages(&mut found, &mut small).await.err();
        let unlisted = unlisted.map(|why| why.told(|status| self.refused(status, &asked)));
        self.others(&mut found);
        self.weigh(&mut found, small).await;
        if self.forge.is_open() && found.len() > 0 {
            found.listing.notes.push("without a token, only public repositories are seen".to_owned());
        }
        found.into_listing(unlisted)
    }

    async fn pages(&self, found: &mut Found, small: &mut Vec<String>) -> Result<(), Unanswered> {
        let owner = encoded(self.owner);
        let token = self.token.as_ref();
        let mut on = |value: Value| small.extend(take(value, found));
        if let Known::App(app) = &self.forge.known {
            let path = "installation/repositories";
            self.client.pages(path, "per_page=100", token, Some("repositories"), &mut on).await?;
            if app.is_selective(self.owner) {
                found
                    .listing
                    .notes
                    .push("the app is installed for selected repositories, and sees no others".to_owned());
            }
            return Ok(());
        }
        let organisation = format!("orgs/{owner}/repos");
        match self.client.pages(&organisation, "type=all&per_page=100", token, None, &mut on).await {
            Err(Unanswered::Refused(404)) => {}
            answer => return answer,
        }
        // No organisation: a user, of whom others are told what is public alone.
        if self.is_own().await? {
            let query = "affiliation=owner&per_page=100";
            return self.client.pages("user/repos", query, token, None, &mut on).await;
        }
        self.client
            .pages(&format!("users/{owner}/repos"), "type=owner&per_page=100", token, None, &mut on)
            .await?;
        found.listing.notes.push("it is a user, of whom only public repositories are seen".to_owned());
        Ok(())
    }

    /// Whether the token is of the user that is asked about.
    async fn is_own(&self) -> Result<bool, Unanswered> {
        if self.token.is_none() {
            return Ok(false);
        }
        match self.client.get("user", self.token.as_ref()).await {
            Ok(answer) => {
                Ok(answer.value["login"].as_str().is_some_and(|login| login.eq_ignore_ascii_case(self.owner)))
            }
            // A token of something that is no user.
            Err(Unanswered::Refused(403 | 404)) => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// Finds out which of those that look empty are: there is no branch in them.
    async fn weigh(&self, found: &mut Found, small: Vec<String>) {
        for path in small.into_iter().take(MAX_ASKED) {
            let is_there = found.listing.repositories.iter().any(|one| one.path == path);
            let Some((owner, name)) = path.split_once('/').filter(|_| is_there) else { continue };
            let branches = format!("repos/{}/{}/branches?per_page=1", encoded(owner), encoded(name));
            // What cannot be told is fetched, and says then what is wrong with it.
            let Ok(answer) = self.client.get(&branches, self.token.as_ref()).await else { continue };
            if answer.value.as_array().is_some_and(Vec::is_empty)
                && let Some(one) = found.listing.repositories.iter_mut().find(|one| one.path == path)
            {
                one.state = State::Empty;
            }
        }
    }

    /// What belongs to somebody else was not asked for, whatever the server says.
    fn others(&self, found: &mut Found) {
        let is_own = |one: &Repository| {
            one.path.split('/').next().is_some_and(|owner| owner.eq_ignore_ascii_case(self.owner))
        };
        let before = found.listing.repositories.len();
        found.listing.repositories.retain(is_own);
        match before - found.listing.repositories.len() {
            0 => {}
            1 => found.listing.notes.push("1 repository of somebody else is left alone".to_owned()),
            count => found.listing.notes.push(format!("{count} repositories of others are left alone")),
        }
    }

    fn refused(&self, status: u16, asked: &str) -> String {
        match (status, &self.forge.known) {
            (401, _) => {
                "it refuses the token; give one that is valid in MUSTER_GITHUB_TOKEN or --github-token-file"
                    .to_owned()
            }
            (404, Known::Nobody) => format!(
                "there is no {asked} that everybody may see; check the name, or give a token in MUSTER_GITHUB_TOKEN or \
                 --github-token-file"
            ),
            (404, _) => format!("there is no {asked} that the token may see; check the name, and what the token is for"),
            (403, Known::Nobody) => {
                "it wants a token; give one in MUSTER_GITHUB_TOKEN or --github-token-file".to_owned()
            }
            (403, _) => "the token may not list its repositories; it needs to read metadata and contents, and where the \
                         organisation signs in elsewhere, to be authorised for that"
                .to_owned(),
            (status, _) => format!("it answers {status}; check the address and what the token is for"),
        }
    }
}

/// Why an app gets no token for an owner, by the status of the answer.
pub(crate) fn of_app(status: u16, owner: &str) -> String {
    match status {
        401 => "it does not know the app, or not by this key; check --github-app-id and the key, and the clock of this machine"
            .to_owned(),
        403 | 404 => format!(
            "the app gets no token for `{owner}`; check its installation there, and that it is not suspended"
        ),
        status => format!("it answers {status} to the app; check the address"),
    }
}

fn is_ours(path: &str) -> bool {
    is_path(path) && path.split('/').count() == 2
}

/// Adds a repository; its path where it may be empty.
fn take(value: Value, found: &mut Found) -> Option<String> {
    let Ok(entry) = serde_json::from_value::<Entry>(value) else {
        found.unread();
        return None;
    };
    let small = entry.is_small().then(|| entry.full_name.clone());
    if found.add(entry.repository(), is_ours) { small } else { None }
}
