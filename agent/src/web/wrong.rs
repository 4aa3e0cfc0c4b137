//! What a request may be refused for, told to people as a page and to programs as a problem of RFC 9457.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::StoreError;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nobody is signed in.
    Nobody,
    /// Who is signed in may not do it.
    Forbidden(String),
    /// There is no such thing.
    NotFound(String),
    /// What was sent cannot be read.
    Unreadable(String),
    /// It is sent as something else than JSON.
    NotJson,
    /// The address takes other methods.
    Method,
    /// The review does not allow it.
    Refused(String),
    /// Somebody did something meanwhile.
    Stale,
    /// It is not what `If-Match` says that it is.
    NoMatch,
    /// Too often; in so many seconds it may be tried again.
    TooOften(u64),
    /// It is too large.
    TooLarge,
    /// The store or the site fails; what it is stands in the log.
    Failed,
}

/// What a program is told, in the form of RFC 9457.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// What kind of problem it is, for programs.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// What kind of problem it is, in a few words.
    pub(super) title: &'static str,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599))]
    pub(super) status: u16,
    /// What is wrong, and what to do about it.
    pub(super) detail: String,
}

impl Wrong {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Nobody => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Stale => StatusCode::CONFLICT,
            Self::NoMatch => StatusCode::PRECONDITION_FAILED,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name by which programs tell it from others.
    fn kind(&self) -> &'static str {
        match self {
            Self::Nobody => "urn:muster:problem:nobody",
            Self::Forbidden(_) => "urn:muster:problem:forbidden",
            Self::NotFound(_) => "urn:muster:problem:not-found",
            Self::Unreadable(_) => "urn:muster:problem:unreadable",
            Self::NotJson => "urn:muster:problem:not-json",
            Self::Method => "urn:muster:problem:method",
            Self::Refused(_) => "urn:muster:problem:refused",
            Self::Stale => "urn:muster:problem:stale",
            Self::NoMatch => "urn:muster:problem:no-match",
            Self::TooOften(_) => "urn:muster:problem:too-often",
            Self::TooLarge => "urn:muster:problem:too-large",
            Self::Failed => "urn:muster:problem:failed",
        }
    }

    /// A few words for it.
    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::Nobody => "Nobody is signed in",
            Self::Forbidden(_) => "Not allowed",
            Self::NotFound(_) => "Not there",
            Self::Unreadable(_) | Self::NotJson | Self::Method => "Not understood",
            Self::Refused(_) => "Not done",
            Self::Stale | Self::NoMatch => "Somebody was faster",
            Self::TooOften(_) => "Too often",
            Self::TooLarge => "Too large",
            Self::Failed => "Something failed",
        }
    }

    /// What is wrong, and what to do about it.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Nobody => "Sign in, or send a token: `Authorization: Bearer …`.".to_owned(),
            Self::Forbidden(what) | Self::NotFound(what) | Self::Unreadable(what) | Self::Refused(what) => {
                what.clone()
            }
            Self::NotJson => "Send JSON, with the header `Content-Type: application/json`.".to_owned(),
            Self::Method => "This address does not take that; `Allow` says what it takes.".to_owned(),
            Self::Stale | Self::NoMatch => {
                "Somebody did something about it since it was looked at. Look at it again: nothing of what was sent was done.".to_owned()
            }
            Self::TooOften(seconds) => format!("Try again in {seconds} s."),
            Self::TooLarge => "What was sent is larger than anything that is asked for.".to_owned(),
            Self::Failed => {
                "The store does not answer, or holds something broken. What it is stands in the log of `muster serve`.".to_owned()
            }
        }
    }
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            StoreError::NoSystem { .. } | StoreError::NoRun(_) | StoreError::NoAssessment(_) => {
                Self::NotFound(sentence(&error.to_string()))
            }
            StoreError::Decision(what) => Self::Refused(sentence(&what)),
            error => {
                tracing::error!(error = error.to_string(), "the store failed");
                Self::Failed
            }
        }
    }
}

impl From<anyhow::Error> for Wrong {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a page could not be made");
        Self::Failed
    }
}

impl From<askama::Error> for Wrong {
    fn from(error: askama::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

/// As a sentence stands in a page.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let rest = letters.as_str();
    let end = if text.ends_with(['.', '?', '`']) { "" } else { "." };
    format!("{first}{rest}{end}")
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: self.kind(),
            title: self.title(),
            status: self.status().as_u16(),
            detail: self.detail(),
        };
        let mut response = (self.status(), Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Self::TooOften(seconds) = &self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if self == Self::Nobody {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // Where a person asks, the page is made of it.
        response.extensions_mut().insert(self);
        response
    }
}
