//! `muster serve`: the review site.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use ipnet::IpNet;
use tokio::net::TcpListener;

use super::UsageError;
use super::decide;
use super::exit::Exit;
use super::printer::Printer;
use super::provider::ProviderOptions;
use super::store::{StoreOption, block_on_many};
use crate::access::{Role, Roles};
use crate::clock;
use crate::config::LogFormat;
use crate::store::{Pass, PassKind, Store};
use crate::watch::{begin_log, signals};
use crate::web::{self, Secret, Settings, Site, Tls};

const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));
/// Seconds for which a link lets somebody in that was printed at the start.
const LINK: i64 = 15 * 60;

/// Open the review site: a security team decides of what was found
///
/// By default it listens on this machine alone, and prints a link that lets one person in, once, as an administrator. For a team, it
/// wants TLS: of its own (--tls-certificate, --tls-key), or of a proxy in front of it (--behind).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster serve                                        # on this machine; open the link that it prints
  muster serve --listen 0.0.0.0:8443 --public-url https://muster.example \\
      --tls-certificate muster.pem --tls-key muster.key
  muster serve --public-url https://muster.example --listen 10.0.0.5:8080 --behind 10.0.0.2
  muster serve --public-url https://muster.example --tls-certificate muster.pem --tls-key muster.key \\
      --oidc-issuer https://login.example --oidc-client-id muster --oidc-role reviewer=sec-review --no-link
  muster access link --name ada --role reviewer       # another link, for somebody else")]
pub(super) struct Serve {
    /// The address to listen on
    #[arg(long, value_name = "ADDR:PORT", default_value_t = LISTEN, env = "MUSTER_LISTEN")]
    listen: SocketAddr,
    /// What people type to get there, where that is not the address
    #[arg(long, value_name = "URL", env = "MUSTER_PUBLIC_URL")]
    public_url: Option<String>,
    /// A chain of certificates as PEM, for TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The key of the certificate as PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// The address of a proxy that does TLS, and is believed when it says who asks, or a network of such as 10.0.0.0/24; may be given
    /// several times
    #[arg(long, value_name = "ADDR", value_parser = network)]
    behind: Vec<IpNet>,
    /// A host of code that evidence may link to, beside the well-known ones; may be given several times
    #[arg(long, value_name = "HOST")]
    code_host: Vec<String>,
    /// Minutes after which a session ends in which nobody does anything
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1440))]
    idle: u32,
    /// Hours after which every session ends
    #[arg(long, value_name = "HOURS", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=168))]
    session: u32,
    /// How lines of the log are written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text, env = "MUSTER_LOG_FORMAT")]
    log_format: LogFormat,
    /// Print no link: people come in another way
    #[arg(long)]
    no_link: bool,
    /// Make the store where there is none yet: the site is there before the first run
    #[arg(long)]
    make_store: bool,
    #[command(flatten)]
    provider: ProviderOptions,
    #[command(flatten)]
    store: StoreOption,
}

impl Serve {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::read(certificate, key)?),
            _ => None,
        };
        let place = self.store.place()?;
        begin_log(self.log_format);
        let settings = self.settings(tls.is_some())?;
        let provider = self.provider.provider(settings.public.as_deref())?;
        block_on_many(async {
            let store =
                if self.make_store { Store::open(&place).await? } else { Store::existing(&place).await? };
            let listener = TcpListener::bind(self.listen)
                .await
                .with_context(|| format!("nothing can listen on {}", self.listen))?;
            // Where the port was left to the system, it is known now.
            let settings = Settings { address: listener.local_addr()?, ..settings };
            let address = settings.public.clone().unwrap_or_else(|| {
                format!("{}://{}", if settings.secure { "https" } else { "http" }, settings.address)
            });
            if self.no_link {
                printer.note(&format!("listening on {address}"));
            } else {
                let person = decide::whoever();
                let link = link(&store, &person, Role::Administrator, LINK, &person).await?;
                printer.result(&format!("{address}/sign-in?link={}\n", link.expose()))?;
                printer.note(&format!(
                    "listening on {address}; the link lets one person in, once, in the next {} minutes. `muster access link` makes others. Ctrl-C ends it",
                    LINK / 60
                ));
            }
            let site = Site::new(store.clone(), settings, provider);
            web::serve(listener, site.router(), tls, signals()?).await;
            store.close().await;
            Ok(())
        })?;
        Ok(Exit::Done)
    }

    fn settings(&self, tls: bool) -> anyhow::Result<Settings> {
        let public = self.public_url.as_deref().map(public).transpose()?;
        let is_https = public.as_deref().is_some_and(|url| url.starts_with("https://"));
        let is_outside = !self.listen.ip().is_loopback();
        if is_outside && !tls && self.behind.is_empty() {
            return Err(UsageError::new(
                format!("{} can be reached from other machines, without TLS", self.listen),
                "give --tls-certificate and --tls-key, or --behind with the address of the proxy that does TLS",
            )
            .into());
        }
        if is_outside && public.is_none() {
            let help = "give --public-url: the site answers to no other name";
            return Err(UsageError::new("it is not said what people type to get there", help).into());
        }
        if tls && public.is_some() && !is_https {
            let help = "with a certificate, --public-url begins with https://";
            return Err(UsageError::new("the public address is one without TLS", help).into());
        }
        Ok(Settings {
            address: self.listen,
            public,
            secure: tls || is_https,
            proxies: self.behind.clone(),
            code_hosts: self.code_host.clone(),
            idle: Duration::from_secs(u64::from(self.idle) * 60),
            session: Duration::from_secs(u64::from(self.session) * 60 * 60),
        })
    }
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let alone = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| alone())
        .map_err(|_| "it is an address, or a network such as 10.0.0.0/24".to_owned())
}

/// An address without a path, as a browser says it.
fn public(url: &str) -> anyhow::Result<String> {
    let trimmed = url.trim_end_matches('/').to_ascii_lowercase();
    let host = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    let is_plain = |host: &str| {
        !host.is_empty()
            && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    };
    match host {
        Some(host) if is_plain(host) => Ok(trimmed),
        _ => {
            let help = "it is written as https://muster.example, without a path";
            Err(UsageError::new(format!("`{url}` is no address of a site"), help).into())
        }
    }
}

/// Makes a link that lets somebody in once, and writes down who made it. Gives its secret.
pub(super) async fn link(
    store: &Store,
    person: &str,
    role: Role,
    lasts: i64,
    by: &str,
) -> anyhow::Result<Secret> {
    let now = clock::seconds();
    let secret = Secret::new()?;
    let pass = Pass {
        hash: secret.hash(),
        person: person.to_owned(),
        roles: Roles::from_iter([role]),
        label: String::new(),
        form: String::new(),
        made: now,
        used: now,
        until: now + lasts,
    };
    store.let_in(PassKind::Link, &pass, (by, &clock::now())).await?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        for (text, expected) in
            [("10.0.0.2", "10.0.0.2/32"), ("10.0.0.0/24", "10.0.0.0/24"), ("::1", "::1/128")]
        {
            assert_eq!(network(text).unwrap().to_string(), expected);
        }
        assert!(network("proxy.example").is_err() && network("10.0.0.0/33").is_err());
    }

    #[test]
    fn a_public_address_has_no_path() {
        assert_eq!(public("https://Muster.example/").unwrap(), "https://muster.example");
        assert_eq!(public("http://[::1]:8080").unwrap(), "http://[::1]:8080");
        for wrong in ["muster.example", "https://", "https://a/b", "https://a@b", "ftp://a"] {
            assert!(public(wrong).is_err(), "{wrong}");
        }
    }
}
