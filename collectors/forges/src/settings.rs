//! The options of forges: where each is, and by what it knows who asks.

use std::fs::File;
use std::io::Read as _;

use muster_collect::{Descriptor, Environment, Options, Source, SourceOption};
use reqwest::Url;

use crate::app::App;
use crate::client::is_here;
use crate::token::Token;

/// Also repositories that nobody works on any more.
pub const ARCHIVED: &str = "repos-archived";
/// Also copies of other repositories.
pub const FORKS: &str = "repos-forks";

const GITHUB_URL: &str = "github-base-url";
const GITHUB_TOKEN: &str = "github-token-file";
const APP: &str = "github-app-id";
const APP_KEY: &str = "github-app-key-file";
const APP_INSTALLATION: &str = "github-app-installation";
const GITLAB_URL: &str = "gitlab-base-url";
const GITLAB_TOKEN: &str = "gitlab-token-file";

const GITHUB_TOKEN_VARIABLE: &str = "MUSTER_GITHUB_TOKEN";
const APP_KEY_VARIABLE: &str = "MUSTER_GITHUB_APP_KEY";
const GITLAB_TOKEN_VARIABLE: &str = "MUSTER_GITLAB_TOKEN";

/// Bytes of a file with a token or a key.
const MAX_BYTES: u64 = 64 << 10;

/// The variables of the environment that forges want to be told of.
pub fn variables() -> impl Iterator<Item = &'static str> {
    [GITHUB_TOKEN_VARIABLE, APP_KEY_VARIABLE, GITLAB_TOKEN_VARIABLE].into_iter()
}

/// What `github:` is, for people and for the list of options.
pub const GITHUB: Descriptor = Descriptor {
    id: "github",
    title: "Organisations of GitHub",
    source: Source::Github,
    permissions: &["read the metadata of the repositories", "read their contents"],
    options: &[
        SourceOption {
            name: GITHUB_URL,
            value: "URL",
            help: "Where GitHub Enterprise is, as https://HOST; https://github.com otherwise",
            many: false,
            check: url,
        },
        SourceOption {
            name: GITHUB_TOKEN,
            value: "FILE",
            help: "A file with the token for GitHub, in place of MUSTER_GITHUB_TOKEN",
            many: false,
            check: not_empty,
        },
        SourceOption {
            name: APP,
            value: "ID",
            help: "The ID, or the client ID, of the GitHub App that is asked as, in place of a token",
            many: false,
            check: app_id,
        },
        SourceOption {
            name: APP_KEY,
            value: "FILE",
            help: "A file with the private key of that app in PEM, in place of MUSTER_GITHUB_APP_KEY",
            many: false,
            check: not_empty,
        },
        SourceOption {
            name: APP_INSTALLATION,
            value: "NUMBER",
            help: "Which installation of the app is used; that of the owner otherwise",
            many: false,
            check: number,
        },
        KEPT[0],
        KEPT[1],
    ],
};

/// What `gitlab:` is, for people and for the list of options.
pub const GITLAB: Descriptor = Descriptor {
    id: "gitlab",
    title: "Groups of GitLab",
    source: Source::Gitlab,
    permissions: &["read_api", "read_repository"],
    options: &[
        SourceOption {
            name: GITLAB_URL,
            value: "URL",
            help: "Where another GitLab is, as https://HOST or with a path; https://gitlab.com otherwise",
            many: false,
            check: url,
        },
        SourceOption {
            name: GITLAB_TOKEN,
            value: "FILE",
            help: "A file with the token for GitLab, in place of MUSTER_GITLAB_TOKEN",
            many: false,
            check: not_empty,
        },
        KEPT[0],
        KEPT[1],
    ],
};

/// What is left out by default. Of a security team's questions, neither is about what runs: an archive changes no more, and
/// most forks of an organisation are other people's code, whose systems would be told of as its own.
const KEPT: [SourceOption; 2] = [
    SourceOption {
        name: ARCHIVED,
        value: "",
        help: "Scan archived repositories of GitHub and GitLab as well, which are left out otherwise",
        many: false,
        check: |_| Ok(()),
    },
    SourceOption {
        name: FORKS,
        value: "",
        help: "Scan forks of GitHub and GitLab as well, which are left out otherwise",
        many: false,
        check: |_| Ok(()),
    },
];

fn not_empty(given: &str) -> Result<(), String> {
    if given.is_empty() { Err("is empty".to_owned()) } else { Ok(()) }
}

fn app_id(given: &str) -> Result<(), String> {
    let is_id =
        (1..=64).contains(&given.len()) && given.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if is_id { Ok(()) } else { Err("is no ID of an app, which the page of the app shows".to_owned()) }
}

fn number(given: &str) -> Result<(), String> {
    given.parse::<u64>().map(|_| ()).map_err(|_| "is no number".to_owned())
}

/// What is wrong with an address. What may be secret in it is told later: whoever reads the command line repeats what is
/// wrong in it.
fn url(given: &str) -> Result<(), String> {
    if given.contains(['@', '?', '#']) { Ok(()) } else { base(given).map(|_| ()) }
}

/// The address of a forge, without a `/` at its end.
fn base(given: &str) -> Result<Url, String> {
    let url = Url::parse(given).map_err(|_| "is no address, such as https://git.example.org".to_owned())?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err("is no address that begins with https".to_owned());
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err("holds a user, a password or a query; give the address alone".to_owned());
    }
    let path = url.path().trim_end_matches('/');
    if path.split('/').skip(1).any(|part| !crate::listing::is_part(part)) {
        return Err("has a path that no forge has".to_owned());
    }
    Ok(url)
}

/// What a person has to change before anything can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// What is wrong, without a secret.
    pub what: String,
    /// What helps.
    pub help: String,
}

/// By what a forge knows who asks.
#[derive(Debug)]
pub(crate) enum Known {
    /// It does not.
    Nobody,
    /// By a token.
    By(Token),
    /// As an app of GitHub, which is given tokens.
    App(App),
}

/// A forge.
#[derive(Debug)]
pub(crate) struct Forge {
    /// What addresses of its repositories begin with; no `/` at the end.
    pub(crate) base: String,
    /// Its host, with a port if it has one.
    pub(crate) host: String,
    /// Path of its repositories, without `/` around it; mostly empty.
    pub(crate) below: String,
    /// What addresses of its interface begin with; a `/` at the end.
    pub(crate) api: Url,
    pub(crate) known: Known,
}

impl Forge {
    /// The GitHub that the options name.
    pub(crate) fn github(options: &Options, environment: &Environment) -> Result<Self, Unusable> {
        let file = options.one(GITHUB_TOKEN);
        let known = match options.one(APP) {
            Some(id) if file.is_none() => {
                let (text, place) =
                    secret(options.one(APP_KEY), APP_KEY_VARIABLE, environment)?.ok_or_else(|| {
                        unusable(
                            format!("`--{APP}` is given without the private key of the app"),
                            format!(
                                "give it in {APP_KEY_VARIABLE} or --{APP_KEY}; the page of the app makes one"
                            ),
                        )
                    })?;
                let installation = options.one(APP_INSTALLATION).and_then(|number| number.parse().ok());
                Known::App(App::try_new(id, &text, installation).ok_or_else(|| {
                    unusable(
                        format!("{place} holds no private key of an app"),
                        "give the file that GitHub handed out, which begins with -----BEGIN RSA PRIVATE KEY-----".to_owned(),
                    )
                })?)
            }
            Some(_) => {
                return Err(unusable(
                    format!("`--{APP}` and `--{GITHUB_TOKEN}` are both given"),
                    "give one of them: who asks is either an app or the owner of a token".to_owned(),
                ));
            }
            None if options.one(APP_KEY).is_some() || options.one(APP_INSTALLATION).is_some() => {
                return Err(unusable(
                    format!("it is not said which app of GitHub is asked as: `--{APP}` is missing"),
                    "the page of the app shows its ID".to_owned(),
                ));
            }
            None => token(file, GITHUB_TOKEN_VARIABLE, environment)?,
        };
        let mut url = parsed(options.one(GITHUB_URL).unwrap_or("https://github.com"), GITHUB_URL)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let is_public = matches!(&*host, "github.com" | "www.github.com" | "api.github.com");
        let web = host.strip_prefix("api.").unwrap_or(&host).to_owned();
        if is_public {
            return Self::of("https://github.com", "https://api.github.com/", known);
        }
        // Enterprises whose data stay in a region have a host of their own, and another one for the interface.
        if host.ends_with(".ghe.com") {
            return Self::of(&format!("https://{web}"), &format!("https://api.{web}/"), known);
        }
        bare(&mut url, "/api/v3");
        let base = url.as_str().trim_end_matches('/');
        Self::of(base, &format!("{base}/api/v3/"), known)
    }

    /// The GitLab that the options name.
    pub(crate) fn gitlab(options: &Options, environment: &Environment) -> Result<Self, Unusable> {
        let known = token(options.one(GITLAB_TOKEN), GITLAB_TOKEN_VARIABLE, environment)?;
        let mut url = parsed(options.one(GITLAB_URL).unwrap_or("https://gitlab.com"), GITLAB_URL)?;
        bare(&mut url, "/api/v4");
        let base = url.as_str().trim_end_matches('/');
        Self::of(base, &format!("{base}/api/v4/"), known)
    }

    fn of(base: &str, api: &str, known: Known) -> Result<Self, Unusable> {
        let wrong = || unusable(format!("`{base}` is no address"), "write it as https://HOST".to_owned());
        let url = Url::parse(base).map_err(|_| wrong())?;
        if url.scheme() != "https" && !is_here(&url) && !matches!(known, Known::Nobody) {
            return Err(unusable(
                format!("the token for `{base}` would be sent where others can read it"),
                "give an address that begins with https, or leave the token out".to_owned(),
            ));
        }
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let below = url.path().trim_matches('/').to_owned();
        let api = Url::parse(api).map_err(|_| wrong())?;
        Ok(Self { base: base.to_owned(), host, below, api, known })
    }

    /// Whether it is known who asks.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.known, Known::Nobody)
    }
}

/// Takes away what only addresses of the interface have.
fn bare(url: &mut Url, api: &str) {
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix(api).unwrap_or(path).to_owned();
    url.set_path(&path);
}

fn parsed(given: &str, option: &str) -> Result<Url, Unusable> {
    base(given).map_err(|why| {
        unusable(format!("`--{option}` {why}"), "write it as https://git.example.org".to_owned())
    })
}

fn unusable(what: String, help: String) -> Unusable {
    Unusable { what, help }
}

fn token(file: Option<&str>, variable: &str, environment: &Environment) -> Result<Known, Unusable> {
    let Some((text, place)) = secret(file, variable, environment)? else { return Ok(Known::Nobody) };
    Token::parse(&text).map(Known::By).ok_or_else(|| {
        unusable(format!("{place} holds no token"), "it holds the token alone, on one line".to_owned())
    })
}

/// What a file holds where one is given, or a variable; and what to call that place.
fn secret(
    file: Option<&str>,
    variable: &str,
    environment: &Environment,
) -> Result<Option<(String, String)>, Unusable> {
    let Some(path) = file else {
        let Some(value) = environment.get(variable) else { return Ok(None) };
        let text = value.to_str().ok_or_else(|| {
            unusable(format!("{variable} is no text"), "it holds what the forge handed out".to_owned())
        })?;
        return Ok(Some((text.to_owned(), variable.to_owned())));
    };
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    read.map_err(|error| {
        unusable(
            format!("`{path}` cannot be read: {}", error.kind()),
            "check the path, and who may read it".to_owned(),
        )
    })?;
    Ok(Some((text, format!("`{path}`"))))
}
