//! GitLab: projects of groups with their subgroups, and of users, through version 4 of its interface.

use muster_collect::url::encoded;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Client, Unanswered};
use crate::listing::{Found, Listing, Repository, State, is_part, is_path};
use crate::settings::{Forge, Known};
use crate::token::Token;

/// In pages that do not shift while they are read; projects that groups were only invited to are those of others.
const QUERY: &str = "include_subgroups=true&with_shared=false&per_page=100&order_by=id&sort=asc";
const QUERY_OF_USER: &str = "per_page=100&order_by=id&sort=asc";

/// What GitLab says of a project, as far as it is read.
#[derive(Deserialize)]
struct Entry {
    path_with_namespace: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    forked_from_project: Option<Value>,
    #[serde(default)]
    empty_repo: Option<bool>,
    #[serde(default)]
    repository_access_level: Option<String>,
    /// A date, and no longer there by then.
    #[serde(default)]
    marked_for_deletion_on: Option<String>,
}

impl Entry {
    fn repository(self) -> Repository {
        let is_off = self.repository_access_level.as_deref() == Some("disabled");
        let state = match self.empty_repo {
            _ if is_off || self.marked_for_deletion_on.is_some() => State::Disabled,
            Some(true) => State::Empty,
            _ => State::Usual,
        };
        let is_fork = self.forked_from_project.is_some();
        Repository { path: self.path_with_namespace, is_archived: self.archived, is_fork, state }
    }
}

/// The headers of every request.
pub(crate) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

/// The path of a group, of a user or of a project.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence about the target.
pub(crate) fn named(rest: &str) -> Result<&str, String> {
    let is_right = rest.split('/').all(is_part) && !rest.starts_with('-') && (is_part(rest) || is_path(rest));
    if is_right { Ok(rest) } else { Err("names no group of GitLab, and no project of one".to_owned()) }
}

/// Lists the projects of what is named, whatever that is. Whether it is one project is told as well.
pub(crate) async fn list(client: &Client<'_>, forge: &Forge, name: &str) -> (Listing, bool) {
    let token = match &forge.known {
        Known::By(token) => Some(token),
        Known::Nobody | Known::App(_) => None,
    };
    let mut found = Found::default();
    let (asked, is_one) = asked(client, name, token, &mut found).await;
    let unlisted = asked.err().map(|why| why.told(|status| refused(status, name, token.is_some())));
    if token.is_none() && found.len() > 0 && !is_one {
        found.listing.notes.push("without a token, only public projects are seen".to_owned());
    }
    (found.into_listing(unlisted), is_one)
}

async fn asked(
    client: &Client<'_>,
    name: &str,
    token: Option<&Token>,
    found: &mut Found,
) -> (Result<(), Unanswered>, bool) {
    let mut on = |value| take(value, found);
    let group = format!("groups/{}/projects", encoded(name));
    match client.pages(&group, QUERY, token, None, &mut on).await {
        Err(Unanswered::Refused(404)) => {}
        answer => return (answer, false),
    }
    if name.contains('/') {
        let project = client.get(&format!("projects/{}", encoded(name)), token).await;
        return (project.map(|answer| on(answer.value)), true);
    }
    let user = format!("users/{}/projects", encoded(name));
    (client.pages(&user, QUERY_OF_USER, token, None, &mut on).await, false)
}

fn take(value: Value, found: &mut Found) {
    match serde_json::from_value::<Entry>(value) {
        Ok(entry) => {
            found.add(entry.repository(), is_path);
        }
        Err(_) => found.unread(),
    }
}

fn refused(status: u16, name: &str, is_known: bool) -> String {
    match (status, is_known) {
        (401, true) => {
            "it refuses the token; give one that is valid in MUSTER_GITLAB_TOKEN or --gitlab-token-file"
                .to_owned()
        }
        (401 | 403, false) => {
            "it wants a token; give one in MUSTER_GITLAB_TOKEN or --gitlab-token-file".to_owned()
        }
        (403, true) => {
            "the token may not list its projects; it needs the scopes read_api and read_repository".to_owned()
        }
        (404, false) => format!(
            "there is no group, project or user `{name}` that everybody may see; check the name, or give a token in \
             MUSTER_GITLAB_TOKEN or --gitlab-token-file"
        ),
        (404, true) => format!(
            "there is no group, project or user `{name}` that the token may see; check the name, and what the token is for"
        ),
        (status, _) => format!("it answers {status}; check the address and what the token is for"),
    }
}
