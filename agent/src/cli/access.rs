//! `muster access`: who is let into the review site.

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};

use super::exit::Exit;
use super::printer::Printer;
use super::serve::link;
use super::store::StoreOption;
use crate::access::{Role, Roles};
use crate::clock;
use crate::page::{Line, Page, Tone};
use crate::store::{Pass, PassKind};
use crate::web::Secret;

const DAY: i64 = 24 * 60 * 60;

/// Say who is let into the review site
///
/// A link lets one person in, once; a token lets a program in until it ends or is revoked. Both are printed once and kept nowhere: the
/// store knows their hashes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster access link --name ada --role reviewer
  muster access token --name nightly-report --role viewer --days 90
  muster access tokens")]
pub(super) struct Access {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a link that lets one person in, once
    Link {
        #[command(flatten)]
        whom: Whom,
        /// Hours in which it can be used
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=168))]
        hours: i64,
        /// What people type to get to the site
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "MUSTER_PUBLIC_URL")]
        public_url: String,
        #[command(flatten)]
        store: StoreOption,
    },
    /// Make a token that lets a program in
    Token {
        #[command(flatten)]
        whom: Whom,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        /// Days until it ends
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=365))]
        days: i64,
        #[command(flatten)]
        store: StoreOption,
    },
    /// List the tokens, those that end first, first
    Tokens {
        #[command(flatten)]
        store: StoreOption,
    },
    /// Take a token back, by its hash or the beginning of it
    Revoke {
        #[arg(value_name = "HASH")]
        hash: String,
        #[command(flatten)]
        store: StoreOption,
    },
}

/// Whom something lets in.
#[derive(Debug, Args)]
struct Whom {
    /// As the audit log calls them
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What they may do
    #[arg(long, value_name = "ROLE", value_enum, default_value_t = Role::Viewer)]
    role: Role,
}

impl ValueEnum for Role {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl Access {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let by = super::decide::whoever();
        match self.what {
            What::Link { whom, hours, public_url, store } => {
                let secret = store
                    .with_any(async |store| link(store, &whom.name, whom.role, hours * 60 * 60, &by).await)?;
                let address = public_url.trim_end_matches('/');
                printer.result(&format!("{address}/sign-in?link={}\n", secret.expose()))?;
                printer.note(&format!(
                    "it lets {} in as {}, once, in the next {hours} hours",
                    whom.name,
                    whom.role.name()
                ));
            }
            What::Token { whom, label, days, store } => {
                let (now, secret) = (clock::seconds(), Secret::new()?);
                let pass = Pass {
                    hash: secret.hash(),
                    person: whom.name.clone(),
                    roles: Roles::from_iter([whom.role]),
                    label,
                    form: String::new(),
                    made: now,
                    used: now,
                    until: now + days * DAY,
                };
                store.with(async |store| store.let_in(PassKind::Token, &pass, (&by, &clock::now())).await)?;
                printer.result(&format!("{}\n", secret.expose()))?;
                printer.note(&format!(
                    "it lets {} in as {} for {days} days; it is shown once",
                    whom.name,
                    whom.role.name()
                ));
            }
            What::Tokens { store } => {
                let tokens = store.with(async |store| store.tokens().await)?;
                printer.page(&listed(&tokens, printer.surface().width))?;
            }
            What::Revoke { hash, store } => {
                let revoked = store.with(async |store| store.revoke(&hash, (&by, &clock::now())).await)?;
                printer.note(&format!("the token of {} lets nobody in any more", revoked.person));
            }
        }
        Ok(Exit::Done)
    }
}

fn listed(tokens: &[Pass], width: usize) -> Page {
    let mut page = Page::new(width);
    if tokens.is_empty() {
        page.push(Line::new().plain("There is no token. `muster access token --name NAME` makes one."));
    }
    let now = clock::seconds();
    for token in tokens {
        let until = jiff::Timestamp::from_second(token.until).unwrap_or(jiff::Timestamp::MAX);
        let mut line = Line::new().with(Tone::Strong, &token.person).plain(format!(
            ": {}, until {}",
            token.roles,
            until.strftime("%Y-%m-%d")
        ));
        if token.until <= now {
            line = line.with(Tone::Open, " (over)");
        }
        if !token.label.is_empty() {
            line = line.plain(format!(", {}", token.label));
        }
        let hash = token.hash.get(..12).unwrap_or(&token.hash);
        page.wrap(0, 4, &line.with(Tone::Dim, format!("  {hash}")));
    }
    page
}
