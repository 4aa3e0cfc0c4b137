//! The whole page of hand-made inventories.

use std::collections::BTreeSet;

use asmm_model::{
    CoveredKind, Criterion, Deployment, DeploymentKind, Effect, Fact, Gap, GapReason, Gate, Identity,
    IdentityKind, JoinStrength, Owner, OwnerSource, Place, Privilege, Purpose, PurposeSource, Seen, Supports,
    SystemKind,
};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::sample::{self, Sample};

fn written(inventory: &Inventory) -> String {
    text(inventory).unwrap()
}

/// The page without its style, which is long and looked at in a browser.
fn bare(page: &str) -> String {
    page.replace(STYLE, "…").replace(STYLE_DIGEST, "sha256-…")
}

/// What follows each occurrence of a text.
fn after<'p>(page: &'p str, text: &str) -> Vec<&'p str> {
    page.match_indices(text).map(|(at, _)| &page[at + text.len()..]).collect()
}

/// With something in every field that the page shows.
fn full() -> Inventory {
    let place = |path: &str| Place::line(path, 3);
    let owner =
        |source, name: &str| Fact::Owner(Owner { source, name: name.to_owned(), place: place("CODEOWNERS") });
    let refunds = sample::refunds(".")
        .says(Criterion::C8, Supports::Yes, 0.5, "keeps a `memory`", place("a.py"))
        .says(Criterion::C8, Supports::No, 0.5, "is without a `store`", place("b.py"))
        .fact(owner(OwnerSource::Codeowners, "@shop/refunds"))
        .fact(owner(OwnerSource::Committer, "Ada"))
        .fact(Fact::Purpose(Purpose {
            source: PurposeSource::Readme,
            text: "Pays refunds & nothing <else>.".to_owned(),
            place: place("README.md"),
        }));
    let samples = [refunds, sample::desk("."), sample::summaries("."), sample::loose(".")];
    let mut inventory = sample::inventory(samples.into_iter().flat_map(Sample::observations).collect());
    let mut role = Identity::named(IdentityKind::CloudRole, "runs-refunds", Vec::new());
    role.privilege = Some(Privilege::Admin);
    role.arn = Some("arn:aws:iam::111111111111:role/runs-refunds".to_owned());
    inventory.systems[0].identities.push(role);
    inventory.systems[0].locations.push(Deployment::joined(
        DeploymentKind::K8s,
        "shop/refunds/cronjob/refunds",
        JoinStrength::Medium,
    ));
    let key = Identity::named(
        IdentityKind::ApiKey,
        "OpenAI API key",
        vec![
            asmm_model::Evidence::at(place("notes.txt"), asmm_model::Role::Docs),
            asmm_model::Evidence::at(place("more.txt"), asmm_model::Role::Docs),
        ],
    );
    inventory.identities.push(key);
    inventory.scan.targets[0].commit = Some("0123abcd".to_owned());
    inventory.coverage[0].kinds.push(CoveredKind {
        part: "shop".to_owned(),
        kind: "deployments.apps".to_owned(),
        within: String::new(),
        state: Seen::Complete,
        seen: 4,
    });
    inventory
}

#[test]
fn the_whole_page() {
    insta::assert_snapshot!(bare(&written(&full())));
}

#[test]
fn a_page_without_systems_says_what_was_read() {
    let mut none = sample::inventory(Vec::new());
    insta::assert_snapshot!(bare(&written(&none)));
    none.coverage.clear();
    assert!(written(&none).contains("<p class=\"lead\">nothing was scanned</p>"));
}

#[test]
fn the_same_inventory_gives_the_same_page() {
    assert_eq!(written(&full()), written(&full()));
}

#[test]
fn the_policy_allows_the_style_and_nothing_else() {
    let page = written(&full());
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let digest = format!("sha256-{}", base64(&Sha256::digest(style)));
    assert_eq!(STYLE_DIGEST, digest, "STYLE_DIGEST has to be this after a change of the style");
    let policy =
        format!("content=\"default-src 'none'; style-src '{digest}'; base-uri 'none'; form-action 'none'\">");
    assert_eq!(page.matches(&policy).count(), 1);
    // It has to stand before what it is about.
    assert!(page.find(&policy) < page.find("<style>"));
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(*three.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * at) & 63];
            text.push(if at > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[test]
fn nothing_in_it_loads_runs_or_leads_out() {
    let page = written(&full());
    for part in
        ["src=", "srcset", "url(", "@import", "<script", "<link", "<iframe", "<form", "<base", "javascript:"]
    {
        assert!(!page.contains(part), "{part}");
    }
    for tag in after(&page, "<").iter().filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        assert!(!tag.contains(" on") && !tag.contains(" style="), "{tag}");
    }
    let targets: BTreeSet<&str> =
        after(&page, " href=\"").iter().map(|rest| rest.split_once('"').unwrap().0).collect();
    let ids: Vec<&str> = after(&page, " id=\"").iter().map(|rest| rest.split_once('"').unwrap().0).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id stands twice: {ids:?}");
    for target in targets {
        let id = target.strip_prefix('#').expect("a link stays in the page");
        assert!(ids.contains(&id), "{target} leads nowhere");
    }
    assert_eq!(after(&page, "href=").len(), after(&page, " href=\"#").len());
}

#[test]
fn every_heading_is_one_below_the_last_and_every_label_is_there() {
    let page = written(&full());
    let mut last = 0;
    for rest in after(&page, "<h") {
        let Some(level) = rest.chars().next().and_then(|c| c.to_digit(10)) else { continue };
        assert!(level <= last + 1, "h{level} after h{last}");
        last = level;
    }
    assert_eq!(page.matches("<h1>").count(), 1);
    for rest in after(&page, "aria-labelledby=\"") {
        let id = rest.split_once('"').unwrap().0;
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
    assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
    assert_eq!(page.matches("<th>").count(), 0, "a head says whether it is of a row or a column");
}

/// Tags in the order in which they stand, without what is between them and without what a name is part of.
fn tags(page: &str) -> Vec<String> {
    let body = page.split_once("</style>").unwrap().1;
    let tags = after(body, "<").into_iter().map(|rest| rest.split_once('>').unwrap().0);
    tags.map(|tag| tag.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let texts = [
        "\"><script>alert(1)</script>",
        "' onmouseover=alert(1) x='",
        "<img src=x onerror=alert(1)>",
        "</style></title></table></details><!-- ]]> &lt;b&gt; &#60;",
        "\u{1b}]0;owned\u{7}\u{1b}[2J\r\nfree\u{202e}dne\u{2066}\u{200b}\0",
        "`a` `` ` {{ name }} {% raw %}",
        "",
    ];
    let tame = tags(&written(&sample::hostile("tame")));
    for text in texts {
        let page = written(&sample::hostile(text));
        let odd = page
            .chars()
            .find(|c| *c != '\n' && (c.is_control() || matches!(c, '\u{200b}' | '\u{202e}' | '\u{2066}')));
        assert_eq!(odd, None, "{text:?}");
        // A name without code in it, and an empty one, have other tags; every other text has those of a tame one.
        if !text.contains('`') && !text.is_empty() {
            assert_eq!(tags(&page), tame, "{text:?}");
        }
        let body = page.split_once("</style>").unwrap().1;
        assert!(!body.contains("<script") && !body.contains("<img") && !body.contains("<!--"), "{text:?}");
        assert_eq!(page.matches("<title>").count(), 1);
    }
    let page = written(&sample::hostile("<img src=x onerror=alert(1)>\u{202e}"));
    assert!(page.contains("<bdi>&#60;img src=x onerror=alert(1)&#62;\\u{202e}</bdi>"), "{page}");
}

#[test]
fn ids_are_safe_and_unique_whatever_a_document_says() {
    let mut inventory = full();
    inventory.systems = vec![inventory.systems[0].clone(); 5];
    let ids = ["sys-0b26a83431a10f86", "sys-0b26a83431a10f86", "\"><script>", "sys-\u{202e}é x", "summary"];
    let mut value = serde_json::to_value(&inventory).unwrap();
    for (at, id) in ids.iter().enumerate() {
        value["systems"][at]["id"] = (*id).into();
    }
    let inventory: Inventory = serde_json::from_value(value).unwrap();
    let systems: Vec<&System> = inventory.systems.iter().collect();
    let expected = [
        "sys-0b26a83431a10f86",
        "system-2-sys-0b26a83431a10f86",
        "system-3-script",
        "system-4-sys-x",
        "system-5-summary",
    ];
    assert_eq!(section::anchors(&systems), expected);
}

#[test]
fn what_needs_a_look_comes_first() {
    let mut inventory = full();
    inventory.systems.reverse();
    let page = written(&inventory);
    let order: Vec<&str> =
        after(&page, "<article class=\"system ").iter().map(|rest| rest.split_once('"').unwrap().0).collect();
    assert_eq!(order, ["open", "agentic", "clear"]);
}

#[test]
fn long_texts_and_lists_are_cut_and_say_so() {
    let mut busy = Sample::new(".", "a", "busy").system(SystemKind::Agent, true);
    for n in 1..=250 {
        let at = Place::line("a/tools.py", n);
        busy = busy.says(Criterion::C1, Supports::Yes, 0.9, &format!("makes an agent {n}"), at.clone()).tool(
            &format!("tool_{n}"),
            Effect::Execute,
            Gate::None,
            at,
        );
    }
    let mut inventory = sample::inventory(busy.observations());
    inventory.systems[0].name = "n".repeat(5_000);
    inventory.coverage[0].skipped =
        (0..1_500).map(|n| Gap::new(format!("f{n}.py"), GapReason::Unparsable)).collect();
    let evidence = &inventory.systems[0].criteria[Criterion::C1];
    let hidden = evidence.evidence().len().saturating_sub(30) as u64 + evidence.more();
    let page = written(&inventory);
    for expected in [
        "n… (and 4700 more characters)</bdi>".to_owned(),
        format!("<li class=\"more\">… and {hidden} more</li>"),
        "<p class=\"more\">… and 50 more, which <code>--format json</code> shows.</p>".to_owned(),
        "<p class=\"more\">… and 500 more, which <code>--format json</code> shows.</p>".to_owned(),
    ] {
        assert!(page.contains(&expected), "{expected}");
    }
}

#[test]
fn twenty_thousand_systems_are_listed() {
    let mut inventory = sample::inventory(sample::observations("."));
    let summary = inventory.systems[2].clone();
    inventory.systems = vec![summary; 20_001];
    let page = written(&inventory);
    assert_eq!(page.matches("<article").count(), IN_FULL);
    assert_eq!(page.matches("<th scope=\"row\"><a href=\"#").count(), IN_FULL);
    for expected in [
        "… and 1 more, which <code>--format json</code> shows.",
        "… and 19001 more, which stand in the list above",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    // Of a system, whatever it is called, some 20 KB are shown in full and some 500 bytes in the list.
    assert!(page.len() < 40_000_000, "{}", page.len());
}
