//! What is asked of a provider of logins, through the client that everything else is asked through: bounded, and sent nowhere else.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::Client;

/// How long a provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is read: documents and tokens are a few thousand bytes.
const BODY: usize = 1024 * 1024;

/// Asks a provider.
#[derive(Debug, Clone)]
pub(super) struct Http(Client);

/// Why there is no answer. The error below would repeat the address, with what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    /// It took longer than [`PATIENCE`].
    #[error("it took too long")]
    Slow,
    /// Nothing listens there, or it is not who the certificate says.
    #[error("there is no connection")]
    Away,
    /// The connection broke, or the request cannot be sent.
    #[error("the connection broke")]
    Broken,
    /// It is longer than [`BODY`].
    #[error("the answer is longer than {BODY} bytes")]
    Long,
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Slow
        } else if error.is_connect() {
            Self::Away
        } else {
            Self::Broken
        }
    }
}

impl Http {
    /// A client for a provider, which may be on this machine.
    ///
    /// # Errors
    /// There are no certificates that could be trusted.
    pub(super) fn try_new(here: bool) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder()
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            // Whoever was configured is asked, with our secret, and nobody that an answer leads to.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE);
        if here {
            // No proxy reaches what listens on this machine.
            client = client.no_proxy();
        }
        client.build().map(Self)
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
        let request = reqwest::Request::try_from(request)?;
        let mut response = self.0.execute(request).await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await? {
            if body.len() + part.len() > BODY {
                return Err(Unanswered::Long);
            }
            body.extend_from_slice(&part);
        }
        let mut answer = HttpResponse::new(body);
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Unanswered;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unanswered>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

#[cfg(test)]
mod tests {
    use muster_tests::http::{Reply, free_port, listen};

    use super::*;

    async fn asked(url: &str) -> Result<(u16, usize), Unanswered> {
        let request = axum::http::Request::get(url).body(Vec::new()).unwrap();
        let answer = Http::try_new(true).unwrap().call(request).await?;
        Ok((answer.status().as_u16(), answer.body().len()))
    }

    #[tokio::test]
    async fn what_is_asked_has_bounds_and_goes_nowhere_else() {
        let url = listen(|request| {
            let long = |bytes: usize| Reply::ok("a".repeat(bytes));
            Some(match request.path.as_str() {
                "/right" => long(BODY),
                "/long" => long(BODY + 1),
                "/cut" => Reply { cut: Some(10), ..long(20) },
                "/away" => Reply { status: 307, headers: vec!["location: /right".to_owned()], ..long(3) },
                _ => return None,
            })
        });
        assert_eq!(asked(&format!("{url}/right")).await, Ok((200, BODY)));
        assert_eq!(asked(&format!("{url}/long")).await, Err(Unanswered::Long));
        assert_eq!(asked(&format!("{url}/cut")).await, Err(Unanswered::Broken));
        assert_eq!(asked(&format!("{url}/away")).await, Ok((307, 3)));
        assert_eq!(asked(&format!("{url}/none")).await, Err(Unanswered::Broken));
        assert_eq!(asked(&format!("http://127.0.0.1:{}", free_port())).await, Err(Unanswered::Away));
    }
}
