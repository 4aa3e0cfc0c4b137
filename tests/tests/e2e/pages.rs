//! The page of an inventory in a real browser: all is there, nothing runs, and nothing is asked of the network.

use std::path::PathBuf;

use muster_tests::browser::{picture, picture_without_scripts, read};
use muster_tests::stage::Stage;

/// A scan of a folder as a page, and where that is.
fn page(stage: &Stage, folder: &str) -> PathBuf {
    let ended = stage.run(&["scan", folder, "--format", "html", "--output", "page.html"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    stage.beside("page.html")
}

/// How often an element is in a document that a browser wrote.
fn elements(dom: &str, name: &str) -> usize {
    let tag = format!("<{name}");
    dom.split(&tag).skip(1).filter(|rest| rest.starts_with([' ', '>', '/', '\n'])).count()
}

/// The elements that load, run or send something, or leave the page.
fn active(dom: &str) -> Vec<&'static str> {
    const ACTIVE: [&str; 16] = [
        "script", "img", "iframe", "object", "embed", "link", "base", "form", "input", "button", "video",
        "audio", "source", "image", "use", "frame",
    ];
    ACTIVE.into_iter().filter(|name| elements(dom, name) > 0).collect()
}

#[test]
fn a_browser_shows_systems_and_evidence() {
    let stage = Stage::new().with_mini("refund-agent");
    let reading = read(&page(&stage, "refund-agent"));
    for expected in [
        "<h1>AI systems</h1>",
        "<p class=\"lead\">1 agentic, 0 undetermined, 0 not agentic</p>",
        "<bdi>refund-agent</bdi>",
        "L4 self-starting, 85% sure",
        "gives the model a tool that changes state: <code>send_refund</code> pays",
        "<code>src/refunds/shop.py:16</code>",
        "<span>rule <code>moves-money</code></span>",
        "<th scope=\"row\"><code>send_refund</code></th><td>pay</td><td>nobody</td>",
    ] {
        assert!(reading.dom.contains(expected), "{expected} is not in:\n{}", reading.dom);
    }
    assert_eq!(elements(&reading.dom, "article"), 1);
    assert_eq!(elements(&reading.dom, "details"), 18);
    assert_eq!(active(&reading.dom), Vec::<&str>::new());
    assert_eq!((reading.complaints, reading.requests), (Vec::new(), Vec::new()));
}

#[test]
fn a_page_looks_the_same_without_scripts() {
    let stage = Stage::new().with_mini("refund-agent");
    let page = page(&stage, "refund-agent");
    let shown = picture(&page);
    assert!(picture_without_scripts(&page) == shown, "scripts change how the page looks");

    // That both can differ from it: with a script that draws, and with a style that the policy refuses.
    let text = std::fs::read_to_string(&page).expect("there is a page");
    let drawn = stage.beside("drawn.html");
    let script = "<script>document.body.style.background = 'red'</script></body>";
    std::fs::write(&drawn, text.replace("Content-Security-Policy", "none").replace("</body>", script))
        .expect("a file");
    assert!(picture(&drawn) != shown, "a script runs where nothing forbids it");
    assert!(picture_without_scripts(&drawn) == shown, "a script runs in a frame that forbids it");
    let bare = stage.beside("bare.html");
    std::fs::write(&bare, text.replace("'sha256-", "'sha256-x")).expect("a file");
    assert!(picture(&bare) != shown, "the style of the page does nothing");
}

#[test]
fn a_browser_takes_hostile_names_for_text() {
    let stage = Stage::new();
    let image = "<img src=http://muster.example/a onerror=document.title=1>";
    let script = "\"><script>document.title='owned'</script>";
    let [folder, second] = [image, script].map(|name| name.replace('/', ":"));
    stage
        .put(
            "package.json",
            serde_json::json!({ "name": script, "description": image, "author": format!("{script}{image}") })
                .to_string(),
        )
        .put("README.md", format!("# {script}\n\n{image}\n"))
        .put(
            &format!("{folder}/pyproject.toml"),
            format!("[project]\nname = '{folder}'\ndescription = '''{script}'''\nauthors = [{{ name = '{image}' }}]\n"),
        )
        .put(&format!("{folder}/agent.py"), crate::AGENT)
        .put(&format!("{second}/pyproject.toml"), "[project]\nname = 'second'\n")
        .put(&format!("{second}/agent.py"), crate::AGENT)
        .put(
            &format!("{folder}/bot.py"),
            format!(
                "from openai import OpenAI\n\nOpenAI().responses.create(model=\"{}\", input=\"\", \
                 tools=[{{\"type\": \"function\", \"name\": \"{image}\"}}])\n",
                script.replace('"', "'")
            ),
        )
        .put(&format!("{folder}/CODEOWNERS"), format!("* @{image}\n"));
    let page = page(&stage, "app");
    let reading = read(&page);
    assert_eq!(active(&reading.dom), Vec::<&str>::new());
    assert_eq!((&reading.complaints, &reading.requests), (&Vec::new(), &Vec::new()));
    assert!(reading.dom.contains("<title>AI systems: "), "{}", reading.dom);
    // All of it is there to be read.
    for shown in [
        "<code>\"&gt;&lt;script&gt;document.title='owned'&lt;:script&gt;/agent.py:9</code>",
        "<bdi>&lt;img src=http:::muster.example:a onerror=document.title=1&gt;</bdi>",
    ] {
        assert!(reading.dom.contains(shown), "{shown} is not in:\n{}", reading.dom);
    }

    // That what is asserted above can fail at all: the same without escapes (the picture, what it does when it is
    // missing, and the script are refused), and without the policy.
    let text = std::fs::read_to_string(&page).expect("there is a page");
    let (before, after) = text.split_once("</main>").expect("it has a main part");
    let obeyed = format!("{before}{image}<script>document.title='owned'</script>{after}");
    let refused = stage.beside("refused.html");
    std::fs::write(&refused, &obeyed).expect("a file");
    let reading = read(&refused);
    assert_eq!(active(&reading.dom), ["script", "img"]);
    assert_eq!((reading.complaints.len(), reading.requests.len()), (3, 0), "{reading:?}");
    assert!(reading.dom.contains("<title>AI systems: "), "the policy refuses scripts");

    let open = stage.beside("open.html");
    std::fs::write(&open, obeyed.replace("Content-Security-Policy", "none")).expect("a file");
    let reading = read(&open);
    assert_eq!(reading.requests, ["GET http://muster.example/a"]);
    assert!(!reading.dom.contains("<title>AI systems: "), "{}", reading.dom);
}
