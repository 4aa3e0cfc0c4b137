//! `muster explain --graph`: the picture of a system in a real browser, and as a file.

use std::path::Path;

use muster_tests::browser::{picture, read};
use muster_tests::stage::Stage;

use crate::AGENT;

/// Measures the picture that a page holds, and writes down what is not as it should be: a text outside its box or outside the
/// picture, and two texts that overlap.
const MEASURE: &str = r"
const faults = [];
const whole = document.querySelector('svg').getBoundingClientRect();
const within = (inner, outer) =>
    inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
let boxes = 0;
for (const group of document.querySelectorAll('.mg-node, .mg-answer')) {
    boxes += 1;
    const outer = group.querySelector('rect').getBoundingClientRect();
    for (const text of group.querySelectorAll('text')) {
        if (!within(text.getBoundingClientRect(), outer)) faults.push('outside its box: ' + text.textContent);
    }
}
const card = document.querySelector('.mg-card').getBoundingClientRect();
for (const text of document.querySelectorAll('.mg-system text')) {
    if (!within(text.getBoundingClientRect(), card)) faults.push('outside the card: ' + text.textContent);
}
const texts = [...document.querySelectorAll('svg text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
texts.forEach(([name, a], at) => {
    if (!within(a, whole)) faults.push('outside the picture: ' + name);
    for (const [other, b] of texts.slice(at + 1)) {
        if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
            faults.push('overlaps: ' + name + ' and ' + other);
    }
});
const said = document.createElement('pre');
said.textContent = 'boxes: ' + boxes + '; faults: ' + (faults.join('; ') || 'none') + '.';
document.body.append(said);
";

/// What a browser measures of a picture that stands in a page.
fn measured(stage: &Stage, graph: &str) -> String {
    let page = stage.beside("graph.html");
    let text = format!("<!doctype html><meta charset=utf-8><body>{graph}<script>{MEASURE}</script>");
    std::fs::write(&page, text).expect("a file");
    let reading = read(&page);
    assert_eq!((reading.complaints, reading.requests), (Vec::new(), Vec::new()));
    let (_, said) = reading.dom.split_once("<pre>").expect("the script ran");
    said.split("</pre>").next().unwrap_or_default().to_owned()
}

/// The picture of the first system that a scan of a folder finds.
fn graph(stage: &Stage, folder: &str) -> String {
    let ended = stage.run(&["scan", folder, "--format", "json", "--output", "inventory.json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let arguments = ["explain", "--inventory", "inventory.json", "--graph"];
    let ended = stage.run(&arguments);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let file = stage.run(&[&arguments[..], &["-o", "graph.svg"]].concat());
    assert_eq!((file.code, file.stdout.as_str()), (Some(0), ""), "{file:?}");
    let written = std::fs::read_to_string(stage.beside("graph.svg")).expect("there is a picture");
    assert!(written == ended.stdout, "the same goes into a file");
    written
}

/// A page that holds a picture as an image, in the colours that a reader prefers.
fn embedded(stage: &Stage, scheme: &str) -> Vec<u8> {
    let page = stage.beside("image.html");
    let text = format!("<!doctype html><style>img {{ color-scheme: {scheme} }}</style><img src=graph.svg>");
    std::fs::write(&page, text).expect("a file");
    picture(&page)
}

#[test]
fn every_text_of_a_picture_stays_in_its_box() {
    for mini in ["refund-agent", "support-bot", "summariser"] {
        let stage = Stage::new().with_mini(mini);
        let graph = graph(&stage, mini);
        let measured = measured(&stage, &graph);
        assert!(
            measured.ends_with("; faults: none.") && !measured.starts_with("boxes: 0;"),
            "{mini}: {measured}"
        );
    }
}

#[test]
fn a_picture_is_read_as_an_image_and_as_a_document() {
    let stage = Stage::new().with_mini("refund-agent");
    let graph = graph(&stage, "refund-agent");
    for expected in [
        "<title>refund-agent: agentic</title>",
        "schedule, runs",
        "pay, approval: nobody",
        "src/refunds/agent.py:20",
    ] {
        assert!(graph.contains(expected), "{expected} is not in:\n{graph}");
    }
    let reading = read(&stage.beside("graph.svg"));
    assert_eq!((reading.complaints, reading.requests), (Vec::new(), Vec::new()));
    let (light, dark) = (embedded(&stage, "light"), embedded(&stage, "dark"));
    assert!(light != dark, "it looks the same whatever colours a reader prefers");
    std::fs::write(stage.beside("graph.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>").expect("a file");
    assert!(embedded(&stage, "light") != light, "an image shows nothing of it");
}

#[test]
fn a_browser_takes_hostile_names_of_a_picture_for_text() {
    let stage = Stage::new();
    let image = "<img src=http://muster.example/a onerror=document.title=1>";
    let wide = "W".repeat(90);
    for (name, folder) in [
        (image.to_owned(), "image"),
        ("</text></svg><script>document.title=2</script>".to_owned(), "script"),
        (wide, "wide"),
    ] {
        stage.put(&format!("{folder}/pyproject.toml"), format!("[project]\nname = '{name}'\n"));
        let tool = format!("class T(BaseTool):\n    name = \"{name}\"\n");
        stage.put(
            &format!("{folder}/agent.py"),
            AGENT.replace("\"openai:gpt-4o\"", &format!("\"{name}\"")) + &tool,
        );
        let graph = graph(&stage, &format!("app/{folder}"));
        let measured = measured(&stage, &graph);
        assert!(measured.ends_with("; faults: none."), "{folder}: {measured}\n{graph}");
    }

    // That what is measured can be wrong at all.
    let broad = "<svg width=90 height=90><g class=mg-system><rect class=mg-card width=50 height=50 /></g><g class=mg-node><rect width=20 \
                 height=20 /><text y=15>far too long</text></g></svg>";
    assert!(measured(&stage, broad).contains("outside its box: far too long"), "the measure sees nothing");
}

#[test]
fn a_picture_has_no_questions_and_no_code() {
    let stage = Stage::new();
    for option in [&["--criterion", "C4"][..], &["--context", "3"], &["--source", "app"]] {
        let ended = stage.run(&[&["explain", "--graph"], option].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
    assert_eq!(stage.run(&["explain", "--output", "a.svg"]).code, Some(2));
    let ended = stage.run(&["explain", "--graph", "--output", "nowhere/a.svg"]);
    assert_eq!(
        (ended.code, ended.stderr.contains("there is no folder `nowhere`")),
        (Some(2), true),
        "{ended:?}"
    );
    assert!(!Path::new(&stage.beside("nowhere")).exists());
}
