//! The rules by which systems are found, so that nobody has to guess why something counts.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;

use crate::export::Text;
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/rules.html")]
struct Rules {
    frame: Frame,
    wanted: String,
    rows: Vec<(Text, Text)>,
    all: usize,
    digest: Text,
}

/// The text that is searched for.
fn searched(query: Option<&str>) -> String {
    let found = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find(|(name, _)| name == "q");
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let wanted = searched(query.as_deref());
    let holds = |text: &str| text.to_lowercase().contains(&wanted.to_lowercase());
    let rules = site.rules().rules();
    let rows = rules
        .iter()
        .filter(|rule| holds(&rule.id.0) || holds(&rule.title))
        .map(|rule| (Text::short(&rule.id.0), Text::short(&rule.title)));
    frame::page(&Rules {
        frame: Frame::new("Rules", "/rules", &visitor),
        rows: rows.collect(),
        all: rules.len(),
        digest: Text::short(site.rules().digest()),
        wanted,
    })
}

#[derive(Debug, Template)]
#[template(path = "site/rule.html")]
struct Rule {
    frame: Frame,
    id: Text,
    title: Text,
    why: Text,
    origin: String,
}

pub(in super::super) async fn rule(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    let Some((index, rule)) = site.rules().find(&id) else {
        return Err(Wrong::NotFound("There is no such rule among those of this version.".to_owned()));
    };
    let (file, line) = site.rules().origin(index);
    frame::page(&Rule {
        frame: Frame::new(format!("Rule {}", rule.id), "/rules", &visitor),
        id: Text::short(&rule.id.0),
        title: Text::short(&rule.title),
        why: Text::long(&rule.rationale),
        origin: format!("{file}:{line}"),
    })
}
