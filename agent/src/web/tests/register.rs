//! The register on the page: what is asked, what people say of entries, and that it counts at once.

use asmm_model::{Declared, Lifecycle, Place};
use axum::http::StatusCode;

use super::{Session, Stage};
use crate::access::Role;
use crate::clock;
use crate::store::Source;

/// Names that are like those of systems are a question; where nothing is alike, nothing was seen.
async fn declare(stage: &Stage, names: &[&str]) {
    let entry = |(n, name): (u32, &&str)| Declared {
        id: format!("CRM-{n}"),
        name: (*name).to_owned(),
        place: Place::line("crm.csv", n),
        owner: None,
        purpose: None,
        lifecycle: Lifecycle::Active,
        agentic: None,
        records: asmm_model::Records::default(),
        marks: Vec::new(),
    };
    let source = Source {
        name: "crm.csv".to_owned(),
        form: "csv".to_owned(),
        at: clock::now(),
        notes: Vec::new(),
        entries: (1..).zip(names).map(entry).collect(),
    };
    stage.store.import(&source).await.unwrap();
}

#[tokio::test]
async fn what_a_form_says_of_an_entry_counts_at_once() {
    let stage = Stage::new().await;
    declare(&stage, &["<b>Clerk</b>"]).await;
    let ada = Session::of(&stage, "ada", Role::Reviewer).await;
    let desk = stage.id("desk").await;
    let before = ada.page(&stage, "/register").await;
    assert!(before.contains("Say which system an entry is") && !before.contains("<b>Clerk"), "{before}");
    assert!(before.contains("1 declared but not seen"), "{before}");
    let pair = [("entry", "CRM-1"), ("system", "desk"), ("reason", "its <i>own</i> name for it")];
    let said = ada.send(&stage, "/register/decisions", &[&pair[..], &[("kind", "declared")]].concat()).await;
    assert_eq!((said.status, said.header("location")), (StatusCode::SEE_OTHER, "/register"), "{}", said.text);
    let after = ada.page(&stage, "/register").await;
    let told = format!("<code>CRM-1</code> is <a href=\"/systems/{desk}\">");
    assert!(after.contains(&told) && after.contains("1 declared and seen"), "{after}");
    assert!(after.contains("its &#60;i&#62;own&#60;/i&#62; name"), "{after}");
    let undone = ada.send(&stage, "/decisions/1/undo", &[]).await;
    assert_eq!(undone.header("location"), "/register");
    assert!(!ada.page(&stage, "/register").await.contains(&told));
}

#[tokio::test]
async fn what_may_be_meant_is_asked_and_who_only_reads_is_not() {
    let stage = Stage::new().await;
    declare(&stage, &["Summaries"]).await;
    let ada = Session::of(&stage, "ada", Role::Reviewer).await;
    let page = ada.page(&stage, "/register").await;
    insta::with_settings!({filters => vec![("sys-[0-9a-f]{16}", "[system]"), (&ada.form, "[form]")]}, {
        let from = page.find("<h1>").unwrap();
        insta::assert_snapshot!(page[from..page.find("<table").unwrap()].trim());
    });
    let viewer = Session::of(&stage, "ada", Role::Viewer).await.page(&stage, "/register").await;
    assert!(!viewer.contains("<form class=\"stack") && viewer.contains("Summaries"), "{viewer}");
}

#[tokio::test]
async fn what_is_no_pair_of_an_entry_and_a_system_is_refused() {
    let stage = Stage::new().await;
    declare(&stage, &["Clerk"]).await;
    let ada = Session::of(&stage, "ada", Role::Reviewer).await;
    for (kind, entry, system, status) in [
        ("one", "CRM-1", "desk", StatusCode::BAD_REQUEST),
        ("declared", "CRM-2", "desk", StatusCode::UNPROCESSABLE_ENTITY),
        ("declared", "CRM-1", "nothing", StatusCode::NOT_FOUND),
    ] {
        let fields = [("kind", kind), ("entry", entry), ("system", system)];
        let reply = ada.send(&stage, "/register/decisions", &fields).await;
        assert_eq!(reply.status, status, "{kind} {entry} {system}: {}", reply.text);
    }
    assert!(stage.store.decisions(&[], true).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_program_reads_the_register_in_pages() {
    let stage = Stage::new().await;
    declare(&stage, &["Clerk", "Teller", "Porter"]).await;
    let token = stage.token(Role::Viewer).await;
    let mut told = Vec::new();
    let mut path = "/api/v1/register?limit=2".to_owned();
    let next = |answer: &serde_json::Value| answer["next"].as_str().map(str::to_owned);
    loop {
        let answer = stage.get(&token, &path).await.json();
        let unseen = answer["register"]["unseen"].as_array().unwrap();
        assert!(unseen.len() <= 2);
        told.extend(unseen.iter().map(|entry| entry["declared"]["name"].as_str().unwrap().to_owned()));
        let Some(from) = next(&answer) else { break };
        path = format!("/api/v1/register?limit=2&from={from}");
    }
    told.sort();
    assert_eq!(told, ["Clerk", "Porter", "Teller"]);
    let changes = stage.get(&token, "/api/v1/runs/1/changes?limit=2").await.json();
    assert_eq!((changes["systems"].as_array().unwrap().len(), next(&changes)), (2, Some("2".to_owned())));
    let rest = stage.get(&token, "/api/v1/runs/1/changes?limit=2&from=2").await.json();
    assert_eq!((rest["systems"].as_array().unwrap().len(), next(&rest)), (1, None));
    assert_ne!(rest["systems"][0]["id"], changes["systems"][0]["id"]);
}
