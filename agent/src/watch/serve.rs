//! The endpoints of the daemon: whether it lives, whether it is ready, and its metrics.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Health, Metrics};

/// Connections at once; others wait.
const CONNECTIONS: usize = 32;
/// How long a client may take to send its headers.
const HEADERS: Duration = Duration::from_secs(5);
/// How long a client may take for everything.
const CONNECTION: Duration = Duration::from_secs(20);
/// How much of a request is read.
const REQUEST_BYTES: usize = 8192;
/// How long to wait where no connection can be taken, as when there are no more file handles.
const PAUSE: Duration = Duration::from_millis(200);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the endpoints tell about.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// Whether it lives and is ready.
    pub(crate) health: Arc<Health>,
    /// What was counted.
    pub(crate) metrics: Arc<Metrics>,
}

/// Listens on an address.
///
/// # Errors
/// The address is not of this machine, or somebody else listens there; to be told with the address.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers until it is dropped. The daemon goes on answering while it shuts down, so that it can say so.
pub(crate) async fn serve(listener: TcpListener, shown: Shown) {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(shown);
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // Nobody closes it.
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS)
                .max_buf_size(REQUEST_BYTES)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // What a client does wrong is of no interest to whoever runs the daemon.
            let _ = timeout(CONNECTION, connection).await;
            drop(permit);
        });
    }
}

pub(super) async fn healthz(State(shown): State<Shown>) -> impl IntoResponse {
    if shown.health.lives() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the loop does not answer\n")
    }
}

async fn readyz(State(shown): State<Shown>) -> impl IntoResponse {
    if shown.health.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn metrics(State(shown): State<Shown>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], shown.metrics.text())
}
