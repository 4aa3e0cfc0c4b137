//! What every page has around it: where one is, who one is, and what one may do.

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::Site;
use super::asset::VERSION;
use super::door::Visitor;
use super::wrong::Wrong;
use crate::access::Right;

/// The pages that every page leads to, with their addresses.
const PAGES: [(&str, &str); 9] = [
    ("/", "Overview"),
    ("/queue", "Queue"),
    ("/systems", "Systems"),
    ("/exceptions", "Exceptions"),
    ("/scans", "Scans"),
    ("/register", "Register"),
    ("/assessments", "Assessments"),
    ("/rules", "Rules"),
    ("/audit", "Audit log"),
];

/// What a page says of itself and of its visitor.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) title: String,
    /// The address of the page in [`PAGES`] that this one belongs to.
    pub(super) here: &'static str,
    pub(super) person: String,
    pub(super) roles: String,
    /// What every form has to hold.
    pub(super) form: String,
    pub(super) may_review: bool,
    pub(super) may_approve: bool,
    pub(super) may_assess: bool,
    pub(super) may_administer: bool,
    pub(super) version: &'static str,
    /// What every page leads to.
    pub(super) pages: &'static [(&'static str, &'static str)],
}

impl Frame {
    /// Of a page for somebody.
    pub(super) fn new(title: impl Into<String>, here: &'static str, visitor: &Visitor) -> Self {
        Self {
            title: title.into(),
            here,
            person: visitor.person.clone(),
            roles: visitor.roles.to_string(),
            form: visitor.form.clone(),
            may_review: visitor.roles.give(Right::Review),
            may_approve: visitor.roles.give(Right::Approve),
            may_assess: visitor.roles.give(Right::Assess),
            may_administer: visitor.roles.give(Right::Administer),
            version: VERSION.as_str(),
            pages: &PAGES,
        }
    }

    /// Of a page for nobody in particular.
    pub(super) fn outside(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            here: "",
            person: String::new(),
            roles: String::new(),
            form: String::new(),
            may_review: false,
            may_approve: false,
            may_assess: false,
            may_administer: false,
            version: VERSION.as_str(),
            pages: &PAGES,
        }
    }

    /// Whether somebody is signed in.
    pub(super) fn is_known(&self) -> bool {
        !self.person.is_empty()
    }
}

/// A page as an answer.
pub(super) fn page(page: &impl Template) -> Result<Response, Wrong> {
    Ok(Html(page.render()?).into_response())
}

#[derive(Debug, Template)]
#[template(path = "site/wrong.html")]
struct NotDone {
    frame: Frame,
    title: &'static str,
    detail: String,
    /// Where to go from here.
    back: String,
    stale: bool,
}

/// Makes a page of what a person is refused.
pub(super) async fn told(State(_): State<Site>, request: Request, next: Next) -> Response {
    let is_page = !request.uri().path().starts_with("/api/");
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let Some(wrong) = response.extensions().get::<Wrong>().filter(|_| is_page).cloned() else {
        return response;
    };
    // The page that a form was on is the one that its answer is about.
    let back = match path.as_str() {
        "/assessments" => "/assessments",
        path => path.strip_suffix("/acts").or_else(|| path.strip_suffix("/seed")).unwrap_or("/"),
    };
    let back = back.to_owned();
    let visitor = response.extensions().get::<Visitor>();
    let frame = match visitor {
        Some(visitor) => Frame::new(wrong.title(), "", visitor),
        None => Frame::outside(wrong.title()),
    };
    let stale = wrong == Wrong::Stale;
    let told = NotDone { frame, title: wrong.title(), detail: wrong.detail(), back, stale };
    match told.render() {
        Ok(text) => {
            let (mut parts, _) = response.into_parts();
            parts.headers.remove(axum::http::header::CONTENT_TYPE);
            parts.headers.remove(axum::http::header::CONTENT_LENGTH);
            (parts.status, parts.headers, Html(text)).into_response()
        }
        Err(_) => response,
    }
}
