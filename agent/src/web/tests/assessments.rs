//! Assessments on the pages: what they show, and what may be done there by whom.

use std::collections::BTreeMap;

use asmm_model::assessment::{HintKind, Score, Structure};
use asmm_model::{SystemKind, Verdict};
use axum::http::StatusCode;
use insta::{assert_snapshot, with_settings};

use super::{Session, Stage};
use crate::access::Role;
use crate::assess::{Act, Assessment};
use crate::review::{Act as Decided, Owned};
use crate::sample::{Sample, refunds};

const AT: &str = "2026-11-02T09:00:00.000Z";
const DAY: (&str, jiff::civil::Date) = ("2026-11-02T08:00:00.000Z", jiff::civil::date(2026, 11, 2));

impl Stage {
    /// Says that the refund agent is one, so that it is decided whether agentic areas count.
    async fn decide(&self) {
        let owner = Some(Owned::By("payments".to_owned()));
        let confirm = Decided::Confirm { verdict: Some(Verdict::Agentic), in_scope: true, owner };
        self.store.act(&self.id("refunds").await, confirm, "eve", "", DAY, None).await.unwrap();
    }

    /// Begins an assessment with evidence of one time, whatever the clock says.
    async fn begun(&self, name: &str) -> Assessment {
        let seed = self.store.seed(Structure::working(), AT.parse().unwrap()).await.unwrap();
        let first = (Structure::working_text(), &seed);
        self.store.begin_assessment(name, first, "ada", AT).await.unwrap()
    }

    async fn scored(&self, name: &str, area: &str, level: u8, by: &str, reason: &str) {
        let score =
            Act::Score { area: area.to_owned(), score: Score::new(level).unwrap(), tests: BTreeMap::new() };
        self.store.assess(name, score, by, reason, AT, None).await.unwrap();
    }

    /// Gives every area a level.
    async fn all_scored(&self, name: &str, level: u8, by: &str) {
        for area in Structure::working().areas() {
            self.scored(name, &area.id, level, by, "as the interviews say").await;
        }
    }
}

/// What a page is about, without the frame around it.
fn main_of(page: &str) -> &str {
    let from = page.find("<main").unwrap();
    page[from..page.find("</main>").unwrap()].trim()
}

/// An area with a ceiling below the highest level, and the level of it.
fn capped(assessment: &Assessment) -> (String, u8) {
    let ceilings = assessment.seeded.seed.areas.iter().flat_map(|area| {
        let ceilings = area.hints.iter().filter(|hint| hint.kind == HintKind::Ceiling && hint.level < 5);
        ceilings.map(|hint| (area.id.clone(), hint.level))
    });
    ceilings.min_by_key(|(area, level)| (*level, area.clone())).unwrap()
}

#[tokio::test]
async fn pages_show_what_is_known() {
    let stage = Stage::new().await;
    stage.decide().await;
    let ada = Session::of(&stage, "ada", Role::Administrator).await;
    let told = |page: String| {
        let form = ada.form.clone();
        move |name: &str| {
            with_settings!({filters => vec![
                (form.as_str(), "[form]"),
                ("sys-[0-9a-f]{16}", "[system]"),
                (r"\b[0-9a-f]{64}\b", "[hash]"),
                (r"20\d\d-\d\d-\d\d \d\d:\d\d", "[time]"),
                (r"20\d\d-\d\d-\d\d", "[day]"),
                (r"less than a day old|\d+ days? old", "[age]"),
                (r"<b>expired \[day\]</b>|expires \[day\]", "[expiry]"),
            ]}, { assert_snapshot!(name.to_owned(), main_of(&page)) });
        }
    };
    told(ada.page(&stage, "/assessments").await)("no_assessment");
    let first = stage.begun("2026-q3").await;
    stage.begun("2026-q4").await;
    for (area, level) in [("GV-1", 2), ("GV-2", 2), ("PR-1", 1), ("ID-1", 3)] {
        stage.scored("2026-q3", area, level, "ada", "as the interviews say").await;
    }
    for (area, level) in [("GV-1", 3), ("GV-2", 2), ("PR-1", 2), ("DE-1", 2)] {
        stage.scored("2026-q4", area, level, "ada", "as the interviews say").await;
    }
    let (capped, _) = capped(&first);
    stage.scored("2026-q4", &capped, 1, "ada", "nobody looked after it").await;
    for (name, path) in [
        ("list", "/assessments".to_owned()),
        ("overview", "/assessments/2026-q4".to_owned()),
        ("area", format!("/assessments/2026-q4/areas/{capped}")),
        ("road", "/assessments/2026-q4/road?PR=4".to_owned()),
        ("compare", "/assessments/2026-q4/compare/2026-q3".to_owned()),
    ] {
        let page = ada.page(&stage, &path).await;
        assert!(page.contains("<strong>ASMM working structure v0.1.</strong>"), "{path}: {page}");
        assert!(page.contains("aria-current=\"page\">Assessments</a>"), "{path}");
        told(page)(name);
    }
}

#[tokio::test]
async fn who_only_reads_is_asked_nothing() {
    let stage = Stage::new().await;
    stage.begun("2026-q3").await;
    stage.begun("2026-q4").await;
    let forms = |role: Role| {
        let stage = &stage;
        async move {
            let session = Session::of(stage, role.name(), role).await;
            let mut forms = Vec::new();
            for path in ["", "/2026-q4", "/2026-q4/areas/GV-1", "/2026-q4/road", "/2026-q4/compare/2026-q3"] {
                let page = session.page(stage, &format!("/assessments{path}")).await;
                forms.push(main_of(&page).matches("method=\"post\"").count());
            }
            forms
        }
    };
    for role in [Role::Viewer, Role::Reviewer, Role::Approver] {
        assert_eq!(forms(role).await, [0; 5], "{}", role.name());
    }
    assert_eq!(forms(Role::Assessor).await, [1, 2, 2, 0, 0]);
}

#[tokio::test]
async fn an_assessor_begins_scores_and_is_refused_what_the_evidence_contradicts() {
    let stage = Stage::new().await;
    let ada = Session::of(&stage, "ada", Role::Assessor).await;
    for name in ["", "../x", "a b", "<b>"] {
        let refused = ada.send(&stage, "/assessments", &[("name", name)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", refused.text);
        assert!(refused.text.contains("href=\"/assessments\">Go back"), "{}", refused.text);
    }
    let begun = ada.send(&stage, "/assessments", &[("name", " 2026-q4 ")]).await;
    assert_eq!(begun.header("location"), "/assessments/2026-q4", "{}", begun.text);
    let seeded = ada.send(&stage, "/assessments/2026-q4/seed", &[]).await;
    assert_eq!(seeded.header("location"), "/assessments/2026-q4", "{}", seeded.text);
    let assessment = stage.store.assessment("2026-q4").await.unwrap();
    assert_eq!(assessment.seeded.number, 2);
    let (area, ceiling) = capped(&assessment);
    let page = format!("/assessments/2026-q4/areas/{area}");
    let acts = format!("{page}/acts");
    let above = (ceiling + 1).to_string();
    let score = |reason: &'static str, revision: &'static str| {
        let fields = [("act", "score"), ("level", above.as_str()), ("test-written", "5"), ("reason", reason)];
        [&fields[..], &[("revision", revision)]].concat()
    };
    let refused = ada.send(&stage, &acts, &score("", "0")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("above the ceiling") && refused.text.contains("say why"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains(&format!("href=\"{page}\">Go back")), "{}", refused.text);
    let done = ada.send(&stage, &acts, &score("the <b>vault</b> shows it", "0")).await;
    assert_eq!(done.header("location"), page, "{}", done.text);
    let shown = ada.page(&stage, &page).await;
    let said = "outside of the hints: the &#60;b&#62;vault&#60;/b&#62; shows it";
    assert!(shown.contains(said), "{shown}");
    // What somebody said meanwhile is not overwritten.
    let stale = ada.send(&stage, &acts, &score("as before", "0")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text.contains(&format!("href=\"{page}\">Look at it again")), "{}", stale.text);
    let none = ada.send(&stage, &acts, &[("act", "clear")]).await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST, "{}", none.text);
    let cleared = ada.send(&stage, &acts, &[("act", "clear"), ("revision", "1")]).await;
    assert_eq!(cleared.header("location"), page, "{}", cleared.text);
    let excluded = [("act", "exclude"), ("revision", "2"), ("reason", "there is no such thing here")];
    assert_eq!(ada.send(&stage, &acts, &excluded).await.header("location"), page);
    let weighed = [("act", "weigh"), ("of", "GV"), ("weight", "2"), ("reason", "it matters more")];
    let weighed = ada.send(&stage, "/assessments/2026-q4/acts", &weighed).await;
    assert_eq!(weighed.header("location"), "/assessments/2026-q4", "{}", weighed.text);
    let shown = ada.page(&stage, "/assessments/2026-q4").await;
    assert!(shown.contains("GV counts 2") && shown.contains("does not apply"), "{shown}");
    assert_eq!(stage.store.said("2026-q4", &area).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_second_person_signs_what_is_final() {
    let stage = Stage::new().await;
    let acts = "/assessments/2026-q4/acts";
    let ada = Session::of(&stage, "ada", Role::Administrator).await;
    let bob = Session::of(&stage, "bob", Role::Approver).await;
    let sign = [("act", "sign")];
    stage.decide().await;
    stage.begun("2026-q4").await;
    let early = bob.send(&stage, acts, &sign).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.text.contains("The rating is provisional"), "{}", early.text);
    stage.all_scored("2026-q4", 2, "ada").await;
    // Who scored it is asked for nothing, and refused where they ask all the same.
    assert!(ada.page(&stage, "/assessments/2026-q4").await.contains("You scored an area"));
    let own = ada.send(&stage, acts, &sign).await;
    assert!(own.text.contains("needs a second person"), "{}", own.text);
    let assessor = Session::of(&stage, "eve", Role::Assessor).await;
    assert_eq!(assessor.send(&stage, acts, &sign).await.status, StatusCode::FORBIDDEN);
    assert!(bob.page(&stage, "/assessments/2026-q4").await.contains("value=\"sign\""));
    assert_eq!(bob.send(&stage, acts, &sign).await.header("location"), "/assessments/2026-q4");
    let signed = ada.page(&stage, "/assessments/2026-q4").await;
    assert!(signed.contains("Signed by <bdi>bob</bdi>") && !signed.contains("Take new evidence"), "{signed}");
    assert!(!ada.page(&stage, "/assessments/2026-q4/areas/GV-1").await.contains("value=\"score\""));
    let late = ada.send(&stage, "/assessments/2026-q4/seed", &[]).await;
    assert!(late.text.contains("href=\"/assessments/2026-q4\">Go back"), "{}", late.text);
    let reopen = [("act", "reopen"), ("reason", "new facts")];
    assert_eq!(bob.send(&stage, acts, &reopen).await.status, StatusCode::SEE_OTHER);
    assert!(!bob.page(&stage, "/assessments/2026-q4").await.contains("Signed by"));
}

#[tokio::test]
async fn what_was_scanned_and_said_is_text() {
    let hostile = "\"><img src=x onerror=alert(1)>\u{202e}";
    let agent = Sample::new("", hostile, hostile).system(SystemKind::Agent, true);
    let stage = Stage::with(vec![refunds(""), agent]).await;
    stage.begun("a").await;
    let before = stage.begun("b").await;
    stage.all_scored("b", 1, hostile).await;
    let (area, _) = capped(&before);
    let ada = Session::of(&stage, "ada", Role::Administrator).await;
    let mut named = 0;
    for path in [
        String::new(),
        "/b".to_owned(),
        format!("/b/areas/{area}"),
        "/b/road?to=5".to_owned(),
        "/b/compare/a".to_owned(),
    ] {
        let page = ada.page(&stage, &format!("/assessments{path}")).await;
        assert!(!page.contains("<img") && !page.contains('\u{202e}'), "{path}: {page}");
        named += page.matches("img src=x").count();
    }
    assert!(named > 2, "it is told as text");
}

#[tokio::test]
async fn what_there_is_not_is_told() {
    let stage = Stage::new().await;
    stage.begun("a").await;
    let ada = Session::of(&stage, "ada", Role::Administrator).await;
    let token = stage.token(Role::Administrator).await;
    for (path, status) in [
        ("/assessments/none", StatusCode::NOT_FOUND),
        ("/assessments/none/road", StatusCode::NOT_FOUND),
        ("/assessments/a/areas/PR-9", StatusCode::NOT_FOUND),
        ("/assessments/a/compare/none", StatusCode::NOT_FOUND),
        ("/assessments/a/compare?with=none", StatusCode::NOT_FOUND),
        ("/assessments/a/compare", StatusCode::BAD_REQUEST),
        ("/assessments/a/road?PR=6", StatusCode::BAD_REQUEST),
        ("/assessments/a/road?XX=2", StatusCode::BAD_REQUEST),
        ("/assessments/a/road?PR=&to=", StatusCode::OK),
        ("/assessments/a/compare?with=a", StatusCode::SEE_OTHER),
        ("/assessments/a%00/areas/GV-1", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(stage.get(&token, path).await.status, status, "{path}");
    }
    let page = ada.page(&stage, "/assessments/a/areas/%3Cb%3E").await;
    assert!(page.contains("no area `&#60;b&#62;`"), "{page}");
}
