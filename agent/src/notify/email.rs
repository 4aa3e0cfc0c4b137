//! Notices by e-mail: a plain text, which no program reads as anything else.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue, To};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::channel::Unusable;
use super::plan::Delivery;
use super::send::{Fault, is_here};
use super::words::{headline, inert, lines, rest};
use crate::secret::Secret;

/// Most bytes of a file with certificates.
const MAX_CA: u64 = 1 << 20;

/// A server of mail, the sender, and the receivers.
#[derive(Debug)]
pub(super) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Mailboxes,
    pub(super) host: String,
}

/// Where mail is handed over, and how to sign in there.
#[derive(Debug)]
pub(super) struct Server<'c> {
    pub(super) smtp: &'c str,
    pub(super) user: Option<&'c str>,
    pub(super) password: Option<Secret>,
    pub(super) ca: Option<&'c Path>,
}

impl Post {
    /// Reads addresses and certificates; connects to nothing.
    ///
    /// # Errors
    /// What is wrong, at which key.
    pub(super) fn try_new(
        server: &Server<'_>,
        from: &str,
        to: &[String],
        patience: Duration,
    ) -> Result<Self, Unusable> {
        let wrong = |what: &str| Unusable::new("smtp", what);
        let url = reqwest::Url::parse(server.smtp).map_err(|_| wrong("is no address"))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong("names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("says who signs in, which stands in `user` and `password`"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has more in it than a host and a port"));
        }
        let tls = || parameters(&host, server.ca);
        let (port, tls) = match url.scheme() {
            "smtps" => (465, Tls::Wrapper(tls()?)),
            "smtp+starttls" => (587, Tls::Required(tls()?)),
            "smtp" if is_here(&host) => (25, Tls::None),
            "smtp" => return Err(wrong("is without encryption, which is for this machine only")),
            _ => return Err(wrong("has to begin with `smtps://` or `smtp+starttls://`")),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(patience));
        transport = match (server.user, &server.password) {
            (Some(user), Some(password)) => {
                transport.credentials(Credentials::new(user.to_owned(), password.expose().to_owned()))
            }
            (None, None) => transport,
            (Some(_), None) => return Err(Unusable::new("user", "comes without `password`")),
            (None, Some(_)) => return Err(Unusable::new("password", "comes without `user`")),
        };
        let mailbox = |key, text: &str| {
            text.parse::<Mailbox>()
                .map_err(|_| Unusable::new(key, "holds something that is no address of mail"))
        };
        if to.is_empty() || to.len() > 50 {
            return Err(Unusable::new("to", "has to hold from 1 to 50 addresses"));
        }
        let from = mailbox("from", from)?;
        let to = to.iter().map(|one| mailbox("to", one)).collect::<Result<Mailboxes, Unusable>>()?;
        Ok(Self { transport: transport.build(), from, to, host })
    }

    /// The message as it is sent.
    pub(super) fn message(
        &self,
        delivery: &Delivery,
        batch: usize,
        link: Option<&str>,
    ) -> Result<Message, Fault> {
        Message::builder()
            .from(self.from.clone())
            .mailbox(To::from(self.to.clone()))
            .subject(headline(&delivery.notices))
            // Programs show one message of those with the same id.
            .message_id(Some(format!("<{}@{}>", delivery.id, self.from.email.domain())))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(text(delivery, batch, link))
            .map_err(|_| Fault::refused("the message cannot be written"))
    }

    /// Hands the message over to the server.
    pub(super) async fn send(&self, message: Message) -> Result<(), Fault> {
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // What a server answers may repeat what it was sent: its number has to do.
            Err(error) => Err(match error.status() {
                Some(code) if error.is_transient() => Fault::later(format!("the server answered {code}")),
                Some(code) => Fault::refused(format!("the server answered {code}")),
                None if error.is_timeout() => Fault::later("it took too long"),
                None if error.is_client() => {
                    Fault::refused("the server offers no encryption, or no way to sign in that is known")
                }
                None if error.is_tls() => {
                    Fault::later("no encrypted connection: is its certificate trusted?")
                }
                None => Fault::later("no connection, or it broke"),
            }),
        }
    }
}

fn parameters(host: &str, ca: Option<&Path>) -> Result<TlsParameters, Unusable> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca {
        let read = || {
            use std::io::Read as _;
            let mut pem = Vec::new();
            std::fs::File::open(path)?.take(MAX_CA).read_to_end(&mut pem)?;
            std::io::Result::Ok(pem)
        };
        let pem = read().map_err(|error| Unusable::new("ca", format!("cannot be read: {}", error.kind())))?;
        let none = || Unusable::new("ca", "names a file without certificates in PEM");
        // What reads them is content with a file that holds none.
        if !pem.windows(27).any(|piece| piece == b"-----BEGIN CERTIFICATE-----") {
            return Err(none());
        }
        let certificate = Certificate::from_pem(&pem).map_err(|_| none())?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|_| {
        Unusable::new("smtp", "cannot be asked with encryption: are there trusted certificates?")
    })
}

/// The text of a message.
fn text(delivery: &Delivery, batch: usize, link: Option<&str>) -> String {
    let (shown, left) = delivery.notices.split_at(delivery.notices.len().min(batch));
    let mut text = String::new();
    for notice in shown {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", inert(&notice.says));
        for line in lines(notice) {
            let _ = writeln!(text, "  - {}", inert(&line));
        }
        text.push('\n');
    }
    if let Some(rest) = rest(left) {
        let _ = writeln!(text, "{rest}\n");
    }
    if let Some(link) = link {
        let _ = writeln!(text, "Review: {link}\n");
    }
    let _ = writeln!(text, "Delivery {}", delivery.id);
    text
}

/// Tells programs that answer by themselves not to.
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
