//! Connections of the site: bounded in number, in time and in what a client may send, through TLS or not.

use std::convert::Infallible;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures::future::{Either, select};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::door::Peer;

/// Connections at once; others wait.
const CONNECTIONS: usize = 512;
/// How long a client may take for its headers, and how long a connection may lie idle.
const HEADERS: Duration = Duration::from_secs(30);
/// How long a client may take for the handshake of TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How much of the headers of a request is read.
const HEADER_BYTES: usize = 32 * 1024;
/// How long to wait where no connection can be taken, as when there are no more file handles.
const PAUSE: Duration = Duration::from_millis(200);

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    /// Reads a chain of certificates and a key, both as PEM.
    ///
    /// # Errors
    /// One of the files cannot be read, or they do not fit each other.
    pub(crate) fn read(certificates: &Path, key: &Path) -> anyhow::Result<Self> {
        let named = |path: &Path| format!("`{}` holds no PEM that can be read", path.display());
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(certificates).with_context(|| named(certificates))?.collect();
        let chain = chain.with_context(|| named(certificates))?;
        let key = PrivateKeyDer::from_pem_file(key).with_context(|| named(key))?;
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("the certificate and the key do not fit each other")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Answers until `stop` says so; what is being answered then is answered to its end.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    mut stop: watch::Receiver<bool>,
) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some((permit, stream, peer)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (router, tls, stop) = (router.clone(), tls.clone(), stop.clone());
        connections.spawn(async move {
            match tls {
                None => answer(stream, Peer(peer), router, stop).await,
                Some(Tls(acceptor)) => {
                    let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
                    // What a client does wrong is of no interest to whoever runs the site.
                    if let Ok(Ok(stream)) = handshake {
                        answer(stream, Peer(peer), router, stop).await;
                    }
                }
            }
            drop(permit);
        });
    }
    while connections.join_next().await.is_some() {}
}

type Accepted = (tokio::sync::OwnedSemaphorePermit, tokio::net::TcpStream, std::net::SocketAddr);

async fn accept(listener: &TcpListener, free: &Arc<Semaphore>) -> Option<Accepted> {
    let permit = Arc::clone(free).acquire_owned().await.ok()?;
    let (stream, peer) = listener.accept().await.ok()?;
    // A page is small: what waits for more to send with it waits for nothing.
    let _ = stream.set_nodelay(true);
    Some((permit, stream, peer))
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: Peer,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let answered = router.call(request);
        async move { answered.await as Result<Response<Body>, Infallible> }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS)
            .max_buf_size(HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let told = pin!(async move {
        let _ = stop.wait_for(|stop| *stop).await;
    });
    if let Either::Right(_) = select(connection.as_mut(), told).await {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
