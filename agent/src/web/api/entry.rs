//! One entry of the table: how a route is reached, what it needs, what it is asked and what it answers with.
//!
//! A handler says by its types what it is asked and what it answers with, and the description is made of the same types: neither can be
//! changed without the other.

use axum::RequestExt as _;
use axum::body::to_bytes;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::export::Text;
use crate::web::Site;
use crate::web::door::{BODY, Needs, Visitor};
use crate::web::wrong::Wrong;

/// A route.
pub(crate) struct Entry {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    pub(crate) handler: MethodRouter<Site>,
    pub(super) told: Told,
}

/// What the description says of a route.
pub(super) struct Told {
    /// Its name, for those who make programs of the description.
    pub(super) id: &'static str,
    /// What it does, in a line.
    pub(super) says: &'static str,
    /// What may stand after the question mark: an object, each property of which is a parameter.
    pub(super) query: Option<Made>,
    /// What is sent.
    pub(super) body: Option<Made>,
    /// Whether `If-Match` says which state was looked at.
    pub(super) matches: bool,
    pub(super) answer: Sent,
}

/// Makes the schema of a type.
pub(super) type Made = fn(&mut SchemaGenerator) -> Schema;

/// What an answer is.
pub(super) struct Sent {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    /// Its schema, where it is JSON.
    pub(super) schema: Option<Made>,
    /// Whether `ETag` says which state it is.
    pub(super) tagged: bool,
}

/// What may stand after the question mark.
pub(super) trait Query: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// Something is asked for that there is not.
    fn read(text: Option<&str>) -> Result<Self, Wrong>;

    /// Its schema, if anything may.
    fn made() -> Option<Made>;
}

impl Query for () {
    fn read(_: Option<&str>) -> Result<Self, Wrong> {
        Ok(())
    }

    fn made() -> Option<Made> {
        None
    }
}

/// Parameters that are there at most once each.
pub(super) trait Once: DeserializeOwned + JsonSchema {}

impl<T: Once> Query for T {
    fn read(text: Option<&str>) -> Result<Self, Wrong> {
        once(text)
    }

    fn made() -> Option<Made> {
        Some(Self::json_schema)
    }
}

fn once<T: DeserializeOwned>(text: Option<&str>) -> Result<T, Wrong> {
    let uri = format!("/?{}", text.unwrap_or_default()).parse();
    let read = uri.ok().map(|uri| axum::extract::Query::<T>::try_from_uri(&uri));
    match read {
        Some(Ok(axum::extract::Query(read))) => Ok(read),
        Some(Err(why)) => Err(Wrong::Unreadable(format!("{}.", Text::short(&why.body_text())))),
        None => Err(Wrong::Unreadable("What stands after the question mark is no query.".to_owned())),
    }
}

/// What is sent with a request.
pub(super) trait Body: Sized {
    /// Whether `If-Match` may say which state was looked at.
    const MATCHES: bool = false;

    /// Reads it.
    ///
    /// # Errors
    /// It is not what is asked for.
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Wrong>;

    /// Its schema, if anything is sent.
    fn made() -> Option<Made>;
}

impl Body for () {
    fn read(_: &HeaderMap, _: &[u8]) -> Result<Self, Wrong> {
        Ok(())
    }

    fn made() -> Option<Made> {
        None
    }
}

/// A body of JSON.
pub(super) struct Json<T>(pub(super) T);

/// A body of JSON about something that may have changed since it was looked at.
pub(super) struct Matching<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema> Body for Json<T> {
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Wrong> {
        json(headers, bytes).map(Self)
    }

    fn made() -> Option<Made> {
        Some(SchemaGenerator::subschema_for::<T>)
    }
}

impl<T: DeserializeOwned + JsonSchema> Body for Matching<T> {
    const MATCHES: bool = true;

    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Wrong> {
        json(headers, bytes).map(Self)
    }

    fn made() -> Option<Made> {
        Some(SchemaGenerator::subschema_for::<T>)
    }
}

fn json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Wrong> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Wrong::NotJson);
    }
    serde_json::from_slice(bytes).map_err(|why| {
        let why = why.to_string();
        Wrong::Unreadable(format!("It is not what is asked for: {}.", Text::short(&why)))
    })
}

/// What a handler answers with.
pub(super) trait Answer {
    /// How the description tells of it.
    fn sent() -> Sent;

    /// The answer itself.
    fn response(self) -> Response;
}

/// Something as JSON.
pub(super) struct Found<T>(pub(super) T);

/// Something that was made, as JSON.
pub(super) struct Created<T>(pub(super) T);

/// Something as JSON, with the revision that it is.
pub(super) struct Tagged<T>(pub(super) i64, pub(super) T);

impl<T: Serialize + JsonSchema> Answer for Found<T> {
    fn sent() -> Sent {
        sent::<T>(StatusCode::OK, false)
    }

    fn response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: Serialize + JsonSchema> Answer for Created<T> {
    fn sent() -> Sent {
        sent::<T>(StatusCode::CREATED, false)
    }

    fn response(self) -> Response {
        (StatusCode::CREATED, axum::Json(self.0)).into_response()
    }
}

impl<T: Serialize + JsonSchema> Answer for Tagged<T> {
    fn sent() -> Sent {
        sent::<T>(StatusCode::OK, true)
    }

    fn response(self) -> Response {
        let mut response = axum::Json(self.1).into_response();
        // It is made of digits: every header holds them.
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.0)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

fn sent<T: JsonSchema>(status: StatusCode, tagged: bool) -> Sent {
    let schema: Made = SchemaGenerator::subschema_for::<T>;
    Sent { status, kind: "application/json", schema: Some(schema), tagged }
}

/// Lines of JSON, sent as they are read.
pub(super) struct Lines(pub(super) Response);

impl Answer for Lines {
    fn sent() -> Sent {
        Sent { status: StatusCode::OK, kind: "application/jsonl", schema: None, tagged: false }
    }

    fn response(self) -> Response {
        self.0
    }
}

/// One request of somebody who has the right that the route needs.
pub(super) struct Call<Q, B> {
    pub(super) site: Site,
    visitor: Option<Visitor>,
    /// What the address names in its changing part; empty where it has none.
    pub(super) name: String,
    /// The same of its second changing part.
    pub(super) other: String,
    pub(super) query: Q,
    pub(super) body: B,
    /// The revision that `If-Match` names.
    pub(super) matches: Option<i64>,
}

impl<Q: Query, B: Body> Call<Q, B> {
    async fn read(site: Site, mut request: Request) -> Result<Self, Wrong> {
        let nothing = || Wrong::NotFound("There is no such thing.".to_owned());
        let names = request.extract_parts::<RawPathParams>().await.map_err(|_| nothing())?;
        let mut named = names.iter().map(|(_, name)| name.to_owned());
        let (name, other) = (named.next().unwrap_or_default(), named.next().unwrap_or_default());
        // No database has a NUL in a text.
        if name.contains('\0') || other.contains('\0') {
            return Err(nothing());
        }
        let visitor = request.extensions().get::<Visitor>().cloned();
        let query = Q::read(request.uri().query())?;
        let matches = if B::MATCHES { matches(request.headers())? } else { None };
        let headers = request.headers().clone();
        let bytes = to_bytes(request.into_body(), BODY).await.map_err(|_| Wrong::TooLarge)?;
        let body = B::read(&headers, &bytes)?;
        Ok(Self { site, visitor, name, other, query, body, matches })
    }
}

impl<Q, B> Call<Q, B> {
    /// Who asks.
    pub(super) fn visitor(&self) -> Result<&Visitor, Wrong> {
        self.visitor.as_ref().ok_or(Wrong::Nobody)
    }

    /// The present id of the system that the address names: by an id that it has or had, or by a name that it alone has.
    pub(super) async fn system(&self) -> Result<String, Wrong> {
        Ok(self.site.store().system_named(&self.name).await?)
    }
}

/// The revision of `If-Match`, as `ETag` gave it.
fn matches(headers: &HeaderMap) -> Result<Option<i64>, Wrong> {
    let Some(given) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let number = given.to_str().ok().and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    // Some clients leave the quotes out.
    let number = number.or_else(|| given.to_str().ok());
    let number = number.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match number.and_then(|text| text.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(Wrong::Unreadable("`If-Match` is the `ETag` that the system was shown with.".to_owned())),
    }
}

impl Entry {
    /// A route that reads.
    pub(super) fn get<Q, A, F>(
        path: &'static str,
        needs: Needs,
        id: &'static str,
        says: &'static str,
        handler: impl Fn(Call<Q, ()>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Q: Query + Send + 'static,
        A: Answer + 'static,
        F: Future<Output = Result<A, Wrong>> + Send,
    {
        Self::new((Method::GET, MethodFilter::GET), (path, needs), (id, says), handler)
    }

    /// A route that does something.
    pub(super) fn post<B, A, F>(
        path: &'static str,
        needs: Needs,
        id: &'static str,
        says: &'static str,
        handler: impl Fn(Call<(), B>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        B: Body + Send + 'static,
        A: Answer + 'static,
        F: Future<Output = Result<A, Wrong>> + Send,
    {
        Self::new((Method::POST, MethodFilter::POST), (path, needs), (id, says), handler)
    }

    fn new<Q, B, A, F>(
        (method, filter): (Method, MethodFilter),
        (path, needs): (&'static str, Needs),
        (id, says): (&'static str, &'static str),
        handler: impl Fn(Call<Q, B>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Q: Query + Send + 'static,
        B: Body + Send + 'static,
        A: Answer + 'static,
        F: Future<Output = Result<A, Wrong>> + Send,
    {
        let told =
            Told { id, says, query: Q::made(), body: B::made(), matches: B::MATCHES, answer: A::sent() };
        let answered = move |State(site): State<Site>, request: Request| {
            let handler = handler.clone();
            async move {
                let answer = handler(Call::read(site, request).await?).await?;
                Ok::<_, Wrong>(answer.response())
            }
        };
        Self { method, path, needs, handler: on(filter, answered), told }
    }
}
