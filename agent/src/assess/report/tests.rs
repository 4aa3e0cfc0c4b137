//! The whole report of a small organisation, and of one that wants to be markup.

use askama::filters::{Html, escape};
use sha2::{Digest as _, Sha256};

use super::{Reported, STYLE_DIGEST, style, text};
use crate::assess::sample::{AT, block_on, scored};
use crate::page::visible;
use crate::sample;
use crate::store::Filter;

/// The report of an inventory, scored by somebody for a reason.
fn report(inventory: asmm_model::Inventory, by: &str, reason: &str) -> String {
    block_on(async {
        let (_folder, store) = scored(inventory, by, reason).await;
        let run = store.run_named("latest").await.unwrap();
        let (assessment, inventory) = (
            store.assessment("2026-q4").await.unwrap(),
            store.whole(&run, &Filter::default()).await.unwrap(),
        );
        text(Reported { assessment: &assessment, coverage: &inventory.coverage, at: AT }).unwrap()
    })
}

fn shop() -> asmm_model::Inventory {
    sample::inventory(sample::observations("."))
}

/// What a reader reads: without the style and the tags.
fn read(page: &str) -> String {
    let body = page.split_once("</head>").unwrap().1;
    let mut told = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                told.push(' ');
            }
            c if !inside => told.push(c),
            _ => {}
        }
    }
    let lines = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_whole_report() {
    let page = report(shop(), "ada", "the minutes of the board\nof November");
    insta::assert_snapshot!(read(&page).replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn the_bars_stand_where_the_scores_are() {
    let page = report(shop(), "ada", "so it is");
    let svg = page.split_once("<figure>").unwrap().1.split_once("</svg>").unwrap().0;
    insta::assert_snapshot!(svg);
}

#[test]
fn the_policy_allows_the_style_and_nothing_else() {
    use base64::Engine as _;
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style()));
    assert_eq!(
        STYLE_DIGEST,
        format!("sha256-{digest}"),
        "STYLE_DIGEST has to be this after a change of the style"
    );
    let page = report(shop(), "ada", "so it is");
    let policy = format!(
        "content=\"default-src 'none'; style-src '{STYLE_DIGEST}'; base-uri 'none'; form-action 'none'\">"
    );
    assert_eq!(page.matches(&policy).count(), 1);
    assert!(page.find(&policy) < page.find("<style>"));
    for active in ["<script", "<img", "<link", "<iframe", " style=\"", "href=\"http", "src=", "onload"] {
        assert!(!page.contains(active), "{active}");
    }
}

#[test]
fn no_text_of_others_becomes_markup() {
    let texts = [
        "<script>alert(1)</script>".to_owned(),
        "\"><img src=x onerror=alert(1)>".to_owned(),
        "</title></style><svg onload=alert(1)>".to_owned(),
        "\u{202e}gpj.exe\u{2066}".to_owned(),
        "=HYPERLINK(\"x\")".to_owned(),
        "{{ 7 * 7 }} `<b>`".to_owned(),
        "n".repeat(3_000),
    ];
    let tags = |page: &str| page.matches('<').count();
    let plain = tags(&report(sample::hostile("plain"), "ada", "plain"));
    for text in texts {
        let page = report(sample::hostile(&text), "ada", &text);
        let shown = visible(&text).into_owned();
        let Ok(escaped) = escape(shown.chars().take(40).collect::<String>(), Html);
        assert!(page.contains(&escaped.to_string()), "{text}");
        // A backtick makes code of what stands between two, and nothing else makes an element.
        if !text.contains('`') {
            assert_eq!(tags(&page), plain, "{text}");
        }
        assert!(!text.contains('<') || !page.contains(&text), "{text}");
        let body = page.split_once("</style>").unwrap().1;
        assert!(body.lines().all(|line| visible(line) == line), "{text}");
    }
}

#[test]
fn an_assessment_of_nothing_is_told_as_such() {
    let page = block_on(async {
        let (_folder, store) = scored(sample::inventory(Vec::new()), "ada", "so it is").await;
        let mut assessment = store.assessment("2026-q4").await.unwrap();
        assessment.areas.clear();
        let mut inventory = sample::inventory(Vec::new());
        inventory.coverage.clear();
        text(Reported { assessment: &assessment, coverage: &inventory.coverage, at: AT }).unwrap()
    });
    for expected in [
        "by nobody yet",
        "No system is in scope.",
        "Nothing was read at all.",
        "No area of Govern is assessed.",
        "There is no step",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}
