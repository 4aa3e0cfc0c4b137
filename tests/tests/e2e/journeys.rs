//! What a security team does on the site, in a real browser: by keyboard with scripts, by forms without, in every light and width.

use std::path::Path;

use muster_tests::browser::{Media, Session, Settings, key};
use muster_tests::site::Site;
use muster_tests::stage::{Stage, copy};

use crate::GATED;

const GATE: &str = "    middleware=[HumanInTheLoopMiddleware(interrupt_on={\"cancel_order\": True})],\n";

pub(crate) fn scanned(stage: &Stage, targets: &[&str]) {
    let ended = stage.run(&[&["scan"], targets, &["--quiet", "--store", "m.db"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// A stage with one agent that asks before it acts.
pub(crate) fn gated() -> Stage {
    let stage = Stage::new();
    stage.put("agent.py", GATED).put("requirements.txt", "langchain==1.0.0\n");
    scanned(&stage, &["app"]);
    stage
}

const CLAIMS: &str = "\
owner = \"orders-team\"
purpose = \"Cancels orders of customers who ask for it\"

[claims]
C4 = { is = \"no\", because = \"the desk approves each cancellation\" }
";

/// Opens a link and enters.
pub(crate) fn enter(session: &Session, link: &str) {
    session.open(link);
    session.find("main form button").click();
    session.wait_for_text("h1", "Overview");
}

/// Presses keys once the page was drawn: before that, a browser takes none.
fn press(session: &Session, keys: &str) {
    let drawn =
        "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
    session.run(drawn);
    session.press(keys);
}

/// What the browser complains of. That it was refused something is told by the page.
pub(crate) fn complaints(session: &Session) -> Vec<String> {
    let all = session.complaints();
    all.into_iter().filter(|said| !said.contains("the server responded with a status of 4")).collect()
}

/// A link for somebody.
pub(crate) fn link(stage: &Stage, site: &Site, name: &str, role: &str) -> String {
    let arguments =
        ["access", "link", "--name", name, "--role", role, "--public-url", &site.url, "--store", "m.db"];
    let ended = stage.run(&arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.trim().to_owned()
}

#[test]
fn a_reviewer_works_the_queue_by_keyboard_and_is_asked_again_when_a_gate_is_gone() {
    let stage = gated();
    let site = Site::start(&stage, &["--store", "m.db"]);
    let session = Session::new();
    enter(&session, &link(&stage, &site, "ada", "reviewer"));

    // By keys alone: the queue, the first row, a criterion, a decision.
    press(&session, "gq");
    session.wait_for_text("h1", "Queue");
    press(&session, "j");
    assert_eq!(session.focused().text(), "app");
    press(&session, key::ENTER);
    session.wait_for_text("h1", "app");
    press(&session, "a");
    session.wait_for_text("#decision-title", "in review");
    session.find("#C8 > summary").click();
    session.find("#answer-C8").choose("no");
    session.find("#reason-C8").type_text("it keeps no memory");
    press(&session, key::ENTER);
    session.wait_for_text(".criteria", "corrected to no");

    // What a decision asks for is said on a page that leads back.
    press(&session, "c");
    session.find("#confirm-verdict").choose("agentic");
    session.find("#confirm .primary").click();
    session.wait_for_text("main", "who answers for it");
    session.find("main a").click();
    session.wait_for_text("h1", "app");
    press(&session, "c");
    session.find("#confirm-verdict").choose("agentic");
    session.find("#confirm-owner").fill("orders-team");
    session.find("#confirm-reason").type_text("we run it, and it acts");
    session.find("#confirm .primary").click();
    session.wait_for_text("#decision-title", "confirmed");
    session.wait_for_text(".decision", "orders-team");
    press(&session, "gq");
    session.wait_for_text("main", "Nothing waits");

    // A gate that is gone wakes the reviewer; what was decided is kept beside it.
    stage.put("agent.py", GATED.replace(GATE, ""));
    scanned(&stage, &["app"]);
    session.reload();
    session.wait_for_text("main", "C4:");
    press(&session, "j");
    press(&session, key::ENTER);
    session.wait_for_text(".decision", "Opened again");
    session.wait_for_text(".decision", "Before: confirmed as agentic");
    session.wait_for_text(".criteria", "corrected to no");
    assert_eq!(complaints(&session), Vec::<String>::new());
}

#[test]
fn what_a_repository_claims_holds_when_a_person_accepts_it() {
    let stage = Stage::new();
    stage.put("agent.py", GATED.replace(GATE, "")).put("requirements.txt", "langchain==1.0.0\n");
    scanned(&stage, &["app"]);
    let verdict = || {
        let listed = stage.run(&["systems", "--format", "json", "--store", "m.db"]);
        let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("a list");
        (listed[0]["verdict"].clone(), listed[0]["level"].clone())
    };
    let before = verdict();
    stage.put(".muster.toml", CLAIMS);
    scanned(&stage, &["app"]);
    // A claim changes no answer by itself.
    assert_eq!(verdict(), before);
    let site = Site::start(&stage, &["--store", "m.db"]);
    let session = Session::new();
    enter(&session, &site.link);
    session.open(&format!("{}/queue", site.url));
    session.find("a.row").click();
    session.wait_for_text(".facts", "Cancels orders of customers");
    session.find("#C4 > summary").click();
    session.wait_for_text("#C4", "The repository claims that it is no: the desk approves each cancellation");
    session.find("#C4 .accept").click();
    session.wait_for_text(".criteria", "corrected to no");
    session.find("#C4 > summary").click();
    session.wait_for_text("#C4", "claims: the desk approves each cancellation");
    // Who the repository names as the owner is suggested.
    press(&session, "c");
    assert_eq!(session.find("#confirm-owner").property("value"), "orders-team");
    assert_eq!(complaints(&session), Vec::<String>::new());
}

#[test]
fn two_people_reject_without_any_script() {
    let stage = Stage::new().with_mini("refund-agent");
    scanned(&stage, &["refund-agent"]);
    let site = Site::start(&stage, &["--store", "m.db"]);
    let (ada, bob) = (Session::without_scripts(), Session::without_scripts());
    enter(&ada, &link(&stage, &site, "ada", "reviewer"));
    enter(&bob, &link(&stage, &site, "bob", "approver"));

    ada.open(&format!("{}/queue", site.url));
    ada.find("a.row").click();
    ada.find("#reject > summary").click();
    ada.find("#reject-as").choose("a test or a sample");
    ada.find("#reject-reason").type_text("an example that nobody runs");
    ada.find("#reject form button").click();
    ada.wait_for_text(".decision", "A second person has to agree");
    assert!(ada.try_find("button[value=approve]").is_none());

    // Who approves may not review, and the other way round.
    bob.open(&ada.url());
    assert!(bob.try_find("#reject").is_none());
    bob.find("button[value=approve]").click();
    bob.wait_for_text("#decision-title", "rejected");
    bob.open(&format!("{}/exceptions", site.url));
    bob.wait_for_text("td", "test or sample: an example that nobody runs");
    bob.open(&format!("{}/audit?verify=1", site.url));
    bob.wait_for_text("[role=status]", "The chain is whole");
    bob.wait_for_text(".entries", "approve");

    // Somebody who was looking meanwhile overwrites nothing.
    ada.open(&format!("{}/exceptions", site.url));
    ada.find("a.row").click();
    let eve = Session::without_scripts();
    enter(&eve, &link(&stage, &site, "eve", "reviewer"));
    eve.open(&ada.url());
    for session in [&eve, &ada] {
        session.find("#reopen > summary").click();
        session.find("#reopen-reason").type_text("it is run after all");
        session.find("#reopen form button").click();
    }
    eve.wait_for_text("#decision-title", "needs review");
    ada.wait_for_text("h1", "Somebody was faster");
    ada.find("main a").click();
    ada.wait_for_text(".decision", "Opened again: eve: it is run after all");
    for session in [ada, bob, eve] {
        assert_eq!(complaints(&session), Vec::<String>::new());
    }
}

#[test]
fn several_samples_are_rejected_at_once_and_an_agent_is_not() {
    let stage = organisation();
    let site = Site::start(&stage, &["--store", "m.db"]);
    let session = Session::new();
    enter(&session, &site.link);
    session.open(&format!("{}/queue?q=triage", site.url));
    press(&session, "j");
    assert_eq!(session.focused().text(), "triage");
    press(&session, "x");
    assert_eq!(session.find("tbody input").property("checked"), true);
    session.find("main form details > summary").click();
    session.find("#bulk-as").choose("found by mistake");
    session.find("#bulk-reason").type_text("it only sorts what comes in");
    session.find("main form details button").click();
    session.wait_for_text("h1", "1 rejected");
    // What acts by itself has no box; who sends it all the same is told why not.
    session.open(&format!("{}/queue?q=refunds", site.url));
    assert_eq!(session.find_all("tbody input").len(), 0);
    let id = session.find("a.row").attribute("href").expect("an address").replace("/systems/", "");
    session.run(&format!(
        "const box = document.createElement('input'); box.name = 'system'; box.value = '{id}:0'; \
         document.querySelector('form[action=\"/queue/reject\"]').append(box)"
    ));
    session.find("main form details > summary").click();
    session.find("#bulk-reason").type_text("it only sorts what comes in");
    session.find("main form details button").click();
    session.wait_for_text("h1", "0 rejected");
    session.wait_for_text("li", "by a second person");
}

#[test]
fn sides_are_joined_and_taken_apart_again() {
    let stage = organisation();
    let site = Site::start(&stage, &["--store", "m.db"]);
    // The forms of a decision scroll beside the page where it is lower.
    let session = Session::with(&Settings { height: 1600, ..Settings::default() });
    enter(&session, &site.link);
    let id = |name: &str| {
        session.open(&format!("{}/systems?sort=name&q={name}", site.url));
        session.find("a.row").attribute("href").expect("an address").replace("/systems/", "")
    };
    let (hunter, helper) = (id("lead-hunter"), id("hr-helper"));
    session.open(&format!("{}/systems/{hunter}", site.url));
    session.find("#own > summary").click();
    session.find("#merge-other").type_text(&helper);
    session.find("#merge-reason").type_text("it is called by it");
    session.find("button[value=merge]").click();
    session.wait_for_text("#joins-title", "Its other sides");
    session.open(&format!("{}/systems?q=hr-helper", site.url));
    assert_eq!(session.find("a.row").text(), "lead-hunter", "a part is found with what it is a part of");
    session.find("a.row").click();
    session.wait_for_text("main", "it is called by it");
    session.find("form[action$=undo] button").click();
    // The page that is left has the same title: only the new one says what was done.
    session.wait_for_text(".entries", "undo");
    session.wait_until("nothing is joined", |session| session.try_find("#joins-title").is_none());
    assert_eq!(complaints(&session), Vec::<String>::new());
}

/// The targets of the sample organisation, where it is copied to.
pub(crate) const ORGANISATION: [&str; 7] = [
    "larkspur/repositories/refunds",
    "larkspur/repositories/support",
    "larkspur/repositories/catalogue",
    "larkspur/repositories/platform",
    "larkspur/repositories/shop",
    "aws-export:larkspur/aws",
    "k8s-export:larkspur/larkspur.json",
];

/// A store with the sample organisation and its register, and a few decisions.
fn organisation() -> Stage {
    let stage = Stage::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation"), &stage.beside("larkspur"));
    scanned(&stage, &ORGANISATION);
    for arguments in [
        &["register", "import", "larkspur/register.csv"][..],
        &["review", "own", "refunds", "orders-team"],
        &["review", "defer", "summaries", "--until", &soon(), "--reason", "its team is on holiday"],
    ] {
        let ended = stage.run(&[arguments, &["--store", "m.db"]].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    stage
}

/// Begins two assessments, and scores some areas of the second one: where the evidence speaks against it, with a reason.
fn assessed(stage: &Stage, site: &Site) {
    let session = Session::without_scripts();
    enter(&session, &link(stage, site, "ada", "administrator"));
    for name in ["2026-q3", "2026-q4"] {
        session.open(&format!("{}/assessments", site.url));
        session.find("#begin-name").type_text(name);
        session.find("main form button").click();
        session.wait_for_text("h1", name);
    }
    for (area, level) in
        [("GV-1", "3 Defined"), ("ID-1", "2 Emerging"), ("PR-1", "2 Emerging"), ("RS-1", "1 Fragmented")]
    {
        session.open(&format!("{}/assessments/2026-q4/areas/{area}", site.url));
        session.find("#level").choose(level);
        session.find("#reason").type_text("as the interviews say");
        session.find("button[value=score]").click();
        session.wait_for_text(".entries", level);
    }
}

/// A day in a month.
fn soon() -> String {
    let day =
        std::process::Command::new("date").args(["-u", "-d", "+30 days", "+%F"]).output().expect("date");
    String::from_utf8_lossy(&day.stdout).trim().to_owned()
}

#[test]
fn every_page_is_without_barriers_in_every_light_and_width() {
    let stage = organisation();
    let site = Site::start(&stage, &["--store", "m.db"]);
    assessed(&stage, &site);
    let dark = Media { dark: true, ..Media::default() };
    let forced = Media { forced_colors: true, ..Media::default() };
    let plain = Settings::default();
    let narrow = Settings { width: 380, height: 800, ..plain.clone() };
    let zoomed = Settings { zoom: 200, ..plain.clone() };
    let ways = [
        ("light", plain.clone()),
        ("dark", Settings { media: dark, ..plain.clone() }),
        ("forced colours", Settings { media: forced, ..plain }),
        ("narrow", narrow),
        ("at 200 %", zoomed),
    ];
    let mut found = Vec::new();
    for (way, settings) in ways {
        let session = Session::with(&settings);
        let mut look = |page: &str| {
            session.run("document.querySelectorAll('details').forEach(one => { one.open = true })");
            for barrier in session.axe() {
                found.push(format!("{page}, {way}: {barrier}"));
            }
            let overflow = session.overflow();
            if overflow > 0 {
                found.push(format!("{page}, {way}: {overflow} px wider than the window"));
            }
        };
        session.open(&format!("{}/sign-in", site.url));
        look("/sign-in");
        enter(&session, &link(&stage, &site, "ada", "administrator"));
        look("/");
        session.open(&format!("{}/systems?q=refunds", site.url));
        let system = session.find("a.row").attribute("href").expect("an address");
        for page in [
            "/queue",
            "/queue?q=nothing",
            "/systems",
            &system,
            "/systems/none",
            "/exceptions",
            "/scans",
            "/scans/1",
            "/register",
            "/assessments",
            "/assessments/2026-q4",
            "/assessments/2026-q4/areas/PR-1",
            "/assessments/2026-q4/areas/PR-A1",
            "/assessments/2026-q4/road?to=4",
            "/assessments/2026-q4/compare/2026-q3",
            "/rules?q=openai",
            "/rules/uses-openai",
            "/audit",
            "/audit?verify=1",
            "/access",
        ] {
            session.open(&format!("{}{page}", site.url));
            look(page);
        }
        found.extend(complaints(&session));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_was_scanned_is_text_on_every_page() {
    let stage = Stage::new();
    let name = "\"><img src=x onerror=document.title='owned'>\u{202e}";
    let manifest = serde_json::json!({"name": name, "dependencies": {"openai": "4"}});
    stage.put("package.json", manifest.to_string());
    stage.put("index.js", "import OpenAI from 'openai';\nnew OpenAI().chat.completions.create({model: 'gpt-4o', messages: []});\n");
    scanned(&stage, &["app"]);
    let site = Site::start(&stage, &["--store", "m.db"]);
    let session = Session::new();
    enter(&session, &site.link);
    session.open(&format!("{}/systems", site.url));
    let row = session.find("a.row");
    assert!(row.text().contains("<img src=x") && row.text().contains("\\u{202e}"), "{}", row.text());
    row.click();
    session.wait_for_text("h1", "<img src=x");
    assert!(!session.title().starts_with("owned"));
    assert_eq!(session.find_all("img").len(), 0);
    session.open(&format!("{}/scans/1", site.url));
    assert_eq!(session.find_all("img").len(), 0);
    assert_eq!(complaints(&session), Vec::<String>::new());
}
