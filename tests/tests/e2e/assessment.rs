//! An assessment on the site, in a real browser: begun, scored and signed by two people, with a script and without one.

use std::fs;
use std::path::Path;

use muster_tests::browser::Session;
use muster_tests::site::Site;
use muster_tests::stage::{Stage, copy};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::journeys::{ORGANISATION, complaints, enter, gated, link, scanned};

/// Says of the only system that it is an agent, so that it is decided whether agentic areas count.
fn decide(stage: &Stage) {
    let confirm = ["review", "confirm", "app", "--verdict", "agentic", "--owner", "orders-team"];
    let ended =
        stage.run(&[&confirm[..], &["--reason", "we run it, and it acts", "--store", "m.db"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Gives every area of an assessment a level, as somebody with a token.
fn score_all(stage: &Stage, site: &Site, name: &str) {
    let made = stage.run(&["access", "token", "--name", "ada", "--role", "assessor", "--store", "m.db"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let token = made.stdout.trim();
    let of = format!("{}/api/v1/assessments/{name}", site.url);
    let acts = format!("{of}/acts");
    let client = Client::builder().no_proxy().build().expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let whole = sent(client.get(of), token).await;
        for area in whole["areas"].as_array().expect("areas") {
            let revision = area["held"]["revision"].as_i64().unwrap_or(0);
            let act = json!({"act": "score", "area": area["id"], "level": 2,
                "reason": "as the interviews say", "revision": revision});
            let request = client.post(&acts).header("content-type", "application/json").body(act.to_string());
            sent(request, token).await;
        }
    });
}

/// The assessment that is answered to a program.
async fn sent(request: RequestBuilder, token: &str) -> Value {
    let answer = request.bearer_auth(token).send().await.expect("it answers").text().await.expect("a text");
    let value: Value = serde_json::from_str(&answer).expect("JSON");
    assert!(value["areas"].is_array(), "{answer}");
    value
}

fn assesses(ada: &Session, bob: &Session) {
    let stage = gated();
    decide(&stage);
    let site = Site::start(&stage, &["--store", "m.db"]);
    enter(ada, &link(&stage, &site, "ada", "assessor"));
    enter(bob, &link(&stage, &site, "bob", "approver"));

    // Nothing is there yet, and the page says how one begins.
    ada.open(&format!("{}/assessments", site.url));
    ada.wait_for_text("main", "There is no assessment yet");
    ada.find("#begin-name").type_text("2026-q4");
    ada.find("main form button").click();
    ada.wait_for_text("h1", "2026-q4");
    ada.wait_for_text(".lead", "Nothing is scored yet");

    // One area by hand.
    ada.find("a[href$=GV-1]").click();
    ada.wait_for_text("h1", "GV-1");
    ada.find("#level").choose("3 Defined");
    ada.find("#test-written").choose("4 Managed");
    ada.find("#reason").type_text("the policy of March");
    ada.find("button[value=score]").click();
    ada.wait_for_text(".entries", "3 Defined by ada: the policy of March");
    ada.find(".back a[href$=q4]").click();
    ada.wait_for_text(".lead", "Band 3 Defined");

    // Who signs is told what is missing; when nothing is, a second person does.
    bob.open(&format!("{}/assessments/2026-q4", site.url));
    bob.wait_for_text("main", "It can be signed when the rating is final");
    assert!(bob.try_find("button[value=sign]").is_none());
    score_all(&stage, &site, "2026-q4");
    bob.reload();
    bob.find("#sign-reason").type_text("as discussed");
    bob.find("button[value=sign]").click();
    bob.wait_for_text(".good", "Signed by bob");
    ada.open(&format!("{}/assessments/2026-q4/areas/GV-1", site.url));
    assert!(ada.try_find("button[value=score]").is_none(), "what is signed is not scored");
    ada.open(&format!("{}/assessments", site.url));
    ada.wait_for_text("tbody", "signed");
    for session in [ada, bob] {
        assert_eq!(complaints(session), Vec::<String>::new());
    }
}

#[test]
fn two_people_assess_and_sign() {
    assesses(&Session::new(), &Session::new());
}

#[test]
fn two_people_assess_and_sign_without_any_script() {
    assesses(&Session::without_scripts(), &Session::without_scripts());
}

/// Says of a system what it is, by the page of the system.
fn confirm(session: &Session, site: &Site, name: &str, verdict: &str) {
    session.open(&format!("{}/systems?q={name}", site.url));
    let rows = session.find_all("tbody a.row");
    rows.iter().find(|row| row.text() == name).expect("it is listed").click();
    session.wait_for_text("h1", name);
    session.find("#confirm > summary").click();
    session.find("#confirm-verdict").choose(verdict);
    session.find("#confirm-owner").fill("platform-team");
    session.find("#confirm-reason").type_text("as its code says");
    session.find("#confirm .primary").click();
    session.wait_for_text("#decision-title", "confirmed");
}

#[test]
fn from_the_first_scan_to_the_printed_report() {
    let stage = Stage::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation"), &stage.beside("larkspur"));
    scanned(&stage, &ORGANISATION);
    let site = Site::start(&stage, &["--store", "m.db"]);
    let (rita, ada, bob) = (Session::new(), Session::new(), Session::new());
    enter(&rita, &link(&stage, &site, "rita", "reviewer"));
    enter(&ada, &link(&stage, &site, "ada", "assessor"));
    enter(&bob, &link(&stage, &site, "bob", "approver"));

    // A reviewer decides about everything that was found.
    for (name, verdict) in [
        ("caretaker", "agentic"),
        ("summaries", "not agentic"),
        ("lead-hunter", "agentic"),
        ("triage", "agentic"),
        ("hr-helper", "agentic"),
        ("price-watch", "agentic"),
        ("refunds", "agentic"),
        ("support", "not agentic"),
        ("catalogue", "not agentic"),
    ] {
        confirm(&rita, &site, name, verdict);
    }

    // An assessor begins with the evidence in place, and scores; a second person signs.
    ada.open(&format!("{}/assessments", site.url));
    ada.find("#begin-name").type_text("2026-q4");
    ada.find("main form button").click();
    ada.wait_for_text("h1", "2026-q4");
    ada.wait_for_text("main", "9 systems are in scope; 0 of them wait for a decision");
    ada.find("a[href$=PR-3]").click();
    ada.wait_for_text("h1", "PR-3");
    ada.find("#level").choose("2 Emerging");
    ada.find("#reason").type_text("as the interviews say");
    ada.find("button[value=score]").click();
    ada.wait_for_text(".entries", "2 Emerging by ada");
    score_all(&stage, &site, "2026-q4");
    bob.open(&format!("{}/assessments/2026-q4", site.url));
    bob.find("#sign-reason").type_text("as discussed");
    bob.find("button[value=sign]").click();
    bob.wait_for_text(".good", "Signed by bob");

    // The next scan finds a model that is pinned no longer. What was signed stays until somebody opens it again.
    let answer = stage.beside("larkspur/repositories/support/src/answer.ts");
    let text = fs::read_to_string(&answer).expect("it is there");
    fs::write(&answer, text.replace("gpt-4o-2024-08-06", "gpt-4o")).expect("a file");
    scanned(&stage, &ORGANISATION);
    bob.reload();
    bob.wait_for_text(".good", "Signed by bob");
    bob.find("#reopen-reason").type_text("a model changed");
    bob.find("button[value=reopen]").click();
    bob.wait_for_text(".lead", "2 Emerging");
    ada.open(&format!("{}/assessments/2026-q4", site.url));
    ada.find("form[action$=seed] button").click();
    ada.wait_for_text(".alarm", "changed since");
    ada.find("a[href$=PR-3]").click();
    ada.wait_for_text("main", "changed since");
    ada.wait_for_text("main", "M11");
    ada.find("#level").choose("2 Emerging");
    ada.find("#reason").type_text("one model of three is no reason for less");
    ada.find("button[value=score]").click();
    ada.wait_for_text(".entries", "no reason for less");

    // What the board gets.
    ada.find(".back a[href$=q4]").click();
    ada.find("a[href$=report]").click();
    ada.wait_for_text("h1", "AI security maturity");
    ada.wait_for_text("body", "one model of three is no reason for less");
    let printed = ada.print();
    assert!(printed.starts_with(b"%PDF-"), "it is a document");
    let pages = printed.windows(11).filter(|part| part == b"/Type /Page").count();
    assert!(pages > 5, "it has {pages} pages");
    for session in [&rita, &ada, &bob] {
        assert_eq!(complaints(session), Vec::<String>::new());
    }
}
