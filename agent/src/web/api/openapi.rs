//! The description of the interface by OpenAPI 3.1, made of the table of its routes.

use std::sync::LazyLock;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::entry::{Answer, Call, Made, Sent};
use super::{Entry, table};
use crate::access::Right;
use crate::web::door::Needs;
use crate::web::wrong::{Problem, Wrong};

/// The version of the interface, by the rules of semantic versioning: its first number stands in every path.
const VERSION: &str = "1.0.0";

const ABOUT: &str = "\
Everything that the review site of Muster shows and does, for programs.

A program sends a token, which `muster access token` or an administrator makes: `Authorization: Bearer …`. Errors are problems of RFC 9457; \
their `type` tells them apart. Fields may be added to answers within one version.";

/// The description as a text, with a newline at the end.
pub(crate) fn description() -> String {
    format!("{:#}\n", document_of(&table()))
}

/// The description as an answer. Anybody may have it: it says nothing of what is kept.
pub(super) struct Description(&'static str);

impl Answer for Description {
    fn sent() -> Sent {
        let any: Made = |_| schemars::json_schema!({"type": "object"});
        Sent { status: StatusCode::OK, kind: "application/json", schema: Some(any), tagged: false }
    }

    fn response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.0).into_response()
    }
}

pub(super) async fn document(_: Call<(), ()>) -> Result<Description, Wrong> {
    static TEXT: LazyLock<String> = LazyLock::new(description);
    Ok(Description(TEXT.as_str()))
}

/// Schemas of what is sent and of what is answered with: a field that may be left out of one is always there in the other.
struct Schemas {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                "/components/schemas".clone_into(settings.definitions_path.to_mut());
                settings.meta_schema = None;
            })
        };
        Self {
            sent: settings().for_deserialize().into_generator(),
            answered: settings().for_serialize().into_generator(),
        }
    }

    /// All of those that have a name, by it.
    fn named(mut self) -> Map<String, Value> {
        let mut named = self.answered.take_definitions(true);
        for (name, schema) in self.sent.take_definitions(true) {
            let other = named.get(&name);
            debug_assert!(other.is_none_or(|other| *other == schema), "`{name}` is the name of two schemas");
            named.insert(name, schema);
        }
        named.sort_keys();
        named
    }
}

/// A problem that a route may answer with, and its name among the parts of the description.
const PROBLEMS: [(StatusCode, &str, &str); 10] = [
    (StatusCode::BAD_REQUEST, "Unreadable", "What was sent cannot be read"),
    (StatusCode::UNAUTHORIZED, "Nobody", "No token or session was sent that lets anybody in"),
    (StatusCode::FORBIDDEN, "Forbidden", "Who asks may not do it"),
    (StatusCode::NOT_FOUND, "NotFound", "There is no such thing"),
    (StatusCode::CONFLICT, "Stale", "Somebody did something since the revision that was looked at"),
    (StatusCode::PRECONDITION_FAILED, "NoMatch", "It is not the one that `If-Match` names"),
    (StatusCode::PAYLOAD_TOO_LARGE, "TooLarge", "It is larger than anything that is asked for"),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "NotJson", "It is sent as something else than JSON"),
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        "Refused",
        "The rules of the review, or what is known, do not allow it",
    ),
    (
        StatusCode::TOO_MANY_REQUESTS,
        "TooOften",
        "Tokens that are wrong were sent too often from this address",
    ),
];
const FAILED: (StatusCode, &str, &str) =
    (StatusCode::INTERNAL_SERVER_ERROR, "Failed", "The store does not answer, or holds something broken");

/// Whether a route may answer with a problem.
fn may(entry: &Entry, status: StatusCode) -> bool {
    let told = &entry.told;
    let is_guarded = entry.needs != Needs::Nothing;
    match status {
        StatusCode::BAD_REQUEST => told.query.is_some() || told.body.is_some(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => is_guarded,
        StatusCode::NOT_FOUND => {
            // What is named in a body or a query may be none that there is either.
            entry.path.contains('{') || told.id == "listAudit" || entry.method == Method::POST
        }
        StatusCode::CONFLICT => told.matches || told.id == "actOnAssessment",
        StatusCode::PRECONDITION_FAILED => told.matches,
        StatusCode::PAYLOAD_TOO_LARGE => entry.method == Method::POST,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => told.body.is_some(),
        StatusCode::UNPROCESSABLE_ENTITY => {
            let is_kept = ["{system}", "{assessment}"].iter().any(|part| entry.path.contains(part));
            is_kept || told.id == "listAudit" || entry.method == Method::POST
        }
        // A token that is wrong is counted wherever it is sent.
        _ => true,
    }
}

fn document_of(table: &[Entry]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for entry in table {
        let operation = operation(entry, &mut schemas);
        let path = paths.entry(entry.path).or_insert_with(|| json!({}));
        path[entry.method.as_str().to_lowercase()] = operation;
    }
    let problem = schemas.answered.subschema_for::<Problem>();
    let responses: Map<String, Value> = PROBLEMS
        .into_iter()
        .chain([FAILED])
        .map(|(status, name, says)| {
            let mut response = json!({
                "description": says,
                "content": {"application/problem+json": {"schema": problem}},
            });
            let header = match status {
                StatusCode::UNAUTHORIZED => {
                    Some(("WWW-Authenticate", "How to be let in", json!({"type": "string"})))
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    let seconds = json!({"type": "integer", "minimum": 1});
                    Some(("Retry-After", "Seconds after which it may be tried again", seconds))
                }
                _ => None,
            };
            if let Some((name, says, schema)) = header {
                response["headers"] = json!({name: {"description": says, "schema": schema}});
            }
            (name.to_owned(), response)
        })
        .collect();
    let rights: Vec<String> = Right::ALL.iter().map(|right| format!("`{}`", right.name())).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Muster",
            "version": VERSION,
            "description": format!("{ABOUT}\n\nRights: {}. `x-muster-right` is the one that an operation needs.", rights.join(", ")),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The site that this description comes from"}],
        "paths": paths,
        "components": {
            "schemas": schemas.named(),
            "responses": responses,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token of a program"},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "muster",
                    "description": "A browser that somebody signed in with; `__Host-muster` through TLS. \
                        What changes something also needs the header `x-muster-form`.",
                },
                "form": {
                    "type": "apiKey", "in": "header", "name": "x-muster-form",
                    "description": "What every form of the site holds: that a request is the visitor's own will",
                },
            },
        },
    });
    tidy(&mut document);
    document
}

fn operation(entry: &Entry, schemas: &mut Schemas) -> Value {
    let told = &entry.told;
    let mut operation = json!({
        "operationId": told.id,
        "summary": told.says,
        "tags": [entry.path.split('/').nth(3).unwrap_or_default()],
    });
    match entry.needs {
        Needs::Nothing => operation["security"] = json!([]),
        Needs::A(right) => {
            operation["x-muster-right"] = right.name().into();
            let session = if entry.method == Method::POST {
                json!({"session": [], "form": []})
            } else {
                json!({"session": []})
            };
            operation["security"] = json!([{"token": []}, session]);
        }
    }
    let parameters = parameters(entry, schemas);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(made) = told.body {
        let schema = made(&mut schemas.sent);
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    let mut responses = Map::new();
    let content = match told.answer.schema {
        Some(made) => json!({"schema": made(&mut schemas.answered)}),
        None => json!({"schema": {"type": "string"}}),
    };
    let mut answer = json!({"description": told.says, "content": {told.answer.kind: content}});
    if told.answer.tagged {
        let schema = json!({"type": "string", "pattern": "^\"[0-9]+\"$"});
        answer["headers"] =
            json!({"ETag": {"description": "The revision, to be given as `If-Match`", "schema": schema}});
    }
    responses.insert(told.answer.status.as_str().to_owned(), answer);
    for (status, name, _) in PROBLEMS.into_iter().filter(|(status, ..)| may(entry, *status)).chain([FAILED]) {
        let reference = format!("#/components/responses/{name}");
        responses.insert(status.as_str().to_owned(), json!({"$ref": reference}));
    }
    operation["responses"] = responses.into();
    operation
}

fn parameters(entry: &Entry, schemas: &mut Schemas) -> Vec<Value> {
    let mut parameters = Vec::new();
    for named in entry.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let says = match named {
            "system" => "An id that it has or had, or a name that it alone has",
            "run" => "Its number, its id, `latest`, or `latest~2` for the second before it",
            "token" => "Its hash, or the beginning of it",
            "decision" => "Its number",
            "assessment" => "Its name",
            "other" => "The name of the one that it is compared with",
            _ => "Its id",
        };
        let schema = match named {
            "token" => json!({"type": "string", "pattern": "^[0-9a-f]{8,64}$"}),
            "decision" => json!({"type": "string", "pattern": "^[0-9]{1,18}$"}),
            _ => json!({"type": "string", "minLength": 1}),
        };
        parameters.push(json!({
            "name": named, "in": "path", "required": true, "description": says, "schema": schema,
        }));
    }
    if let Some(made) = entry.told.query {
        let query = made(&mut schemas.sent).to_value();
        for (name, schema) in query["properties"].as_object().into_iter().flatten() {
            let mut schema = schema.clone();
            let says = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
            without_null(&mut schema);
            parameters.push(json!({"name": name, "in": "query", "description": says, "schema": schema}));
        }
    }
    if entry.told.matches {
        parameters.push(json!({
            "name": "If-Match", "in": "header",
            "description": "The `ETag` that the system was shown with, in place of `revision`",
            "schema": {"type": "string", "pattern": "^\"[0-9]{1,15}\"$"},
        }));
    }
    parameters
}

/// There is no null in an address: what is not asked for is left out.
fn without_null(schema: &mut Value) {
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [one] = kinds.as_slice() {
            schema["type"] = one.clone();
        }
    }
    if let Some(Value::Array(kinds)) = schema.get_mut("anyOf") {
        kinds.retain(|kind| kind["type"] != "null");
        if let [one] = kinds.as_slice() {
            *schema = one.clone();
        }
    }
}

/// Comments are wrapped for those who read the code.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name == "description" => *text = unwrapped(text),
                    value => tidy(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn unwrapped(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}
