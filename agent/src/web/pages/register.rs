//! The known register: what was declared, held against what was seen; and which system an entry is, as people decide it.

use askama::Template;
use asmm_model::{Question, Sighted};
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use crate::export::{Lists, Text};
use crate::store::DecisionKind;
use crate::web::Site;
use crate::web::acts;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

/// Questions and decisions that the page has room for: a program is told all.
const MOST: usize = 50;

#[derive(Debug, Template)]
#[template(path = "site/register.html")]
struct Register {
    frame: Frame,
    lists: Option<Lists>,
    questions: Vec<Asked>,
    /// How many more there are.
    more_questions: usize,
    decisions: Vec<Decided>,
    more_decisions: usize,
}

/// An entry that may be one of some systems.
#[derive(Debug)]
struct Asked {
    /// The entry, as a form sends it back.
    entry: String,
    id: Text,
    name: Text,
    systems: Vec<(String, Text)>,
}

impl Asked {
    fn of(question: &Question) -> Self {
        let one = |system: &Sighted| (system.system.as_str().to_owned(), Text::short(&system.name));
        Self {
            entry: question.declared.id.clone(),
            id: Text::short(&question.declared.id),
            name: Text::short(&question.declared.name),
            systems: question.systems.iter().map(one).collect(),
        }
    }
}

/// What a person said of an entry.
#[derive(Debug)]
struct Decided {
    number: i64,
    entry: Text,
    told: &'static str,
    system: String,
    by: Text,
    at: Text,
    reason: Text,
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Wrong> {
    let register = site.register().await?;
    let register = register.as_ref().as_ref();
    let questions = register.map(|register| register.questions.as_slice()).unwrap_or_default();
    let kinds = [DecisionKind::Declared, DecisionKind::NotDeclared];
    let decisions = site.store().decisions(&kinds, false).await?;
    frame::page(&Register {
        frame: Frame::new("Register", "/register", &visitor),
        lists: register.map(Lists::of),
        more_questions: questions.len().saturating_sub(MOST),
        questions: questions.iter().take(MOST).map(Asked::of).collect(),
        more_decisions: decisions.len().saturating_sub(MOST),
        decisions: (decisions.into_iter().rev().take(MOST))
            .map(|one| Decided {
                number: one.id,
                entry: Text::short(&one.subject),
                told: if one.kind == DecisionKind::Declared { "is" } else { "is not" },
                system: one.object,
                by: Text::short(&one.by),
                at: super::day(&one.at),
                reason: Text::long(&one.reason),
            })
            .collect(),
    })
}

/// What a form says of an entry and a system.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Pair {
    kind: DecisionKind,
    entry: String,
    system: String,
    #[serde(default)]
    reason: String,
}

/// Says of an entry that it is a system, or that it is not.
pub(in super::super) async fn decide(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Form(Pair { kind, entry, system, reason }): Form<Pair>,
) -> Result<Response, Wrong> {
    if !matches!(kind, DecisionKind::Declared | DecisionKind::NotDeclared) {
        return Err(Wrong::Unreadable("An entry is declared to be a system, or not to be one.".to_owned()));
    }
    acts::decide(&site, (kind, entry.trim(), system.trim()), &reason, &visitor).await?;
    Ok(Redirect::to("/register").into_response())
}
