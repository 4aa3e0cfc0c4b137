//! Answers that are sent as they are read from the store, so that memory does not grow with them.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc::{Sender, channel};

use super::wrong::Wrong;

/// Pieces that wait to be sent.
const WAITING: usize = 4;

/// Where the pieces of an answer are put.
#[derive(Debug, Clone)]
pub(super) struct Pieces(Sender<Result<String, io::Error>>);

impl Pieces {
    /// Sends a piece. Gives whether somebody still takes it.
    pub(super) async fn put(&self, text: String) -> bool {
        self.0.send(Ok(text)).await.is_ok()
    }
}

/// An answer of a media type, to be kept as a file of this name, that `write` puts together.
pub(super) fn file<F>(kind: &'static str, named: &'static str, write: impl FnOnce(Pieces) -> F) -> Response
where
    F: Future<Output = Result<(), Wrong>> + Send + 'static,
{
    let (pieces, sent) = channel(WAITING);
    let written = write(Pieces(pieces.clone()));
    tokio::spawn(async move {
        // An answer that broke off has to look like one: its end never comes.
        if written.await.is_err() {
            let _ = pieces.send(Err(io::Error::other("the store does not answer"))).await;
        }
    });
    let stream = futures::stream::unfold(sent, async |mut sent| Some((sent.recv().await?, sent)));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(named)),
    ];
    (headers, Body::from_stream(stream)).into_response()
}
