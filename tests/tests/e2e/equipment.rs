//! What the tests of the site are written with does what they rely on, and can fail: the browser that is driven, and
//! the engine that finds barriers; the provider of logins, and what asks an API all that it describes.

mod api;
mod provider;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use muster_tests::browser::{Media, Session, Settings, key};
use muster_tests::http::{Reply, listen};
use muster_tests::stage::Stage;
use serde_json::json;

/// A small site: its pages by path, under a policy that allows its own scripts and styles only.
fn site(pages: &'static [(&'static str, &'static str)]) -> String {
    listen(move |request| {
        let page = pages.iter().find(|(path, _)| *path == request.path);
        let mut reply = Reply::ok(page.map_or("nothing here", |(_, page)| page));
        let kind = match request.path.rsplit_once('.') {
            Some((_, "js")) => "text/javascript",
            Some((_, "css")) => "text/css",
            _ => "text/html; charset=utf-8",
        };
        reply.headers.push(format!("content-type: {kind}"));
        let policy = "default-src 'none'; script-src 'self'; style-src 'self'";
        reply.headers.push(format!("content-security-policy: {policy}"));
        reply.headers.push("set-cookie: seen=yes; HttpOnly; SameSite=Lax".to_owned());
        if page.is_none() {
            reply.status = 404;
        }
        Some(reply)
    })
}

const FORM: &str = "<!doctype html><html lang=en><title>Form</title><main><h1>A form</h1>
<form action=/sent><label>Name <input name=name></label>
<label>Colour <select name=colour><option value=r>Red</option><option value=g>Green</option></select></label>
<button>Send</button></form><a id=on href=/second data-kind=plain>Go on</a>
<p hidden id=hidden>Hidden</p></main><script src=/page.js></script>";

const SCRIPT: &str = "document.title = 'Scripted';
addEventListener('keydown', event => {
    const held = [['C', event.ctrlKey], ['S', event.shiftKey]].filter(([, is]) => is).map(([name]) => `${name}-`);
    document.querySelector('h1').textContent += ` ${held.join('')}${event.key}`;
});
setTimeout(() => document.querySelector('main').insertAdjacentHTML('beforeend', '<p id=late>Late</p>'), 300);";

const PAGES: &[(&str, &str)] = &[
    ("/", FORM),
    ("/page.js", SCRIPT),
    ("/sent", "<!doctype html><title>Sent</title>"),
    ("/second", "<!doctype html><title>Second</title><script>document.title = 'inline'</script>"),
];

#[test]
fn a_browser_is_driven() {
    let site = site(PAGES);
    let session = Session::new();
    session.open(&format!("{site}/"));
    assert_eq!((session.title().as_str(), session.url()), ("Scripted", format!("{site}/")));

    // What is there later is waited for.
    session.wait_for_text("main > p", "Late");
    assert_eq!(session.find("#late").text(), "Late");
    assert!(session.try_find("#never").is_none());
    assert!(!session.find("#hidden").is_shown());

    // Keys go to the body, where nothing has the focus, and to the field that has it.
    session.press("jk");
    session.press(key::ESCAPE);
    session.chord(&[key::CONTROL, "s"]);
    session.chord(&[key::CONTROL, key::SHIFT, "x"]);
    let heard = "A form j k Escape C-Control C-s C-Control C-S-Shift C-S-X";
    assert_eq!(session.find("h1").text(), heard);
    session.find("input").click();
    session.press("Ada");
    session.press(key::TAB);
    assert_eq!(session.find("input").property("value"), "Ada");
    assert_eq!(
        (session.focused().role().as_str(), session.focused().label().as_str()),
        ("combobox", "Colour")
    );

    session.find("select").choose("Green");
    session.find("input").fill("Grace");
    session.find("button").click();
    session.wait_until("the form is sent", |session| session.title() == "Sent");
    assert_eq!(session.url(), format!("{site}/sent?name=Grace&colour=g"));

    session.back();
    assert_eq!(session.find("a").attribute("data-kind").as_deref(), Some("plain"));
    assert_eq!(session.find("a").attribute("data-other"), None);
    session.find("input").fill("a\u{a0}b&c");
    session.find("label").submit();
    session.wait_until("the form is sent", |session| session.title() == "Sent");
    assert!(
        session.url().starts_with(&format!("{site}/sent?name=a%C2%A0b%26c&colour=")),
        "{}",
        session.url()
    );

    let cookies = session.cookies();
    let [cookie] = &cookies[..] else { panic!("{cookies:?}") };
    assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("seen", "yes"));
    assert_eq!((cookie.http_only, cookie.same_site.as_str(), cookie.path.as_str()), (true, "Lax", "/"));
    session.set_cookie("other", "1");
    assert_eq!(session.cookies().len(), 2);
    session.forget_cookies();
    assert_eq!(session.cookies(), []);
    assert_eq!(
        session.run_with("return [arguments[0] + 1, document.title]", &[json!(1)]),
        json!([2, "Sent"])
    );

    // So far there was nothing to complain of; a script that the policy refuses is.
    assert_eq!(session.complaints(), [] as [String; 0]);
    session.open(&format!("{site}/second"));
    assert_eq!(session.title(), "Second");
    let complaints = session.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains("Content Security Policy"), "{complaints:?}");
    session.reload();
    assert_eq!(session.complaints().len(), 2);
}

#[test]
fn scripts_are_switched_off() {
    let site = site(PAGES);
    let session = Session::without_scripts();
    // Also after it went to another host, which another process of the browser shows, and back.
    for place in [site.clone(), site.replace("127.0.0.1", "localhost"), site] {
        session.open(&format!("{place}/"));
        session.press("j");
        assert_eq!((session.title().as_str(), session.find("h1").text().as_str()), ("Form", "A form"));
        session.find("input").fill("Ada");
        session.find("select").choose("Green");
        session.find("form").submit();
        session.wait_until("the form is sent", |session| session.title() == "Sent");
        assert_eq!(session.url(), format!("{place}/sent?name=Ada&colour=g"));
    }
    assert_eq!(session.complaints(), [] as [String; 0]);
    let found = session.axe();
    assert!(found.len() == 3 && found[0].starts_with("html-has-lang: "), "{found:?}");
    session.back();
    assert_eq!(session.axe(), [] as [String; 0]);
    session.press("j");
    assert_eq!((session.title().as_str(), session.find("h1").text().as_str()), ("Form", "A form"));
}

#[test]
fn a_page_is_seen_as_readers_have_it() {
    let session = Session::with(&Settings { width: 380, height: 700, ..Settings::default() });
    session.open(&format!("{}/", site(PAGES)));
    let seen = || {
        session.run(
            "const has = query => matchMedia(query).matches;
             return [innerWidth, devicePixelRatio, has('(prefers-color-scheme: dark)'), has('(forced-colors: active)'),
                 has('(prefers-reduced-motion: reduce)'), has('print')]",
        )
    };
    assert_eq!(seen(), json!([380, 1, false, false, false, false]));
    session.prefer(Media { dark: true, ..Media::default() });
    session.resize(1000, 800);
    session.zoom(200);
    assert_eq!(seen(), json!([500, 2, true, false, false, false]));
    session.prefer(Media { forced_colors: true, reduced_motion: true, ..Media::default() });
    session.reload();
    assert_eq!(seen(), json!([500, 2, false, true, true, false]));
    session.zoom(100);
    session.prefer(Media { print: true, ..Media::default() });
    assert_eq!(seen(), json!([1000, 1, false, false, false, true]));

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.png");
    session.screenshot(&file);
    let picture = std::fs::read(file).expect("there is a picture");
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
    let width = picture[16..20].iter().fold(0, |width, byte| width * 256 + u32::from(*byte));
    assert_eq!(width, 1000);
}

#[test]
fn a_failure_tells_what_there_was_to_see_and_leaves_no_process() {
    let site = site(PAGES);
    let folder = Mutex::new(PathBuf::new());
    let failed = catch_unwind(AssertUnwindSafe(|| {
        let session =
            Session::with(&Settings { patience: Duration::from_millis(200), ..Settings::default() });
        session.folder().clone_into(&mut folder.lock().expect("no test panics here"));
        assert!(processes(session.folder()).len() > 2, "the driver and its browser run");
        session.open(&format!("{site}/second"));
        session.wait_until("pigs fly", |_| false);
    }));
    let why = failed.expect_err("it gives up");
    let why = why.downcast_ref::<String>().expect("it says why");
    for part in
        ["waited for 200ms until pigs fly", "/second", "<title>Second</title>", "Content Security Policy"]
    {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
    let folder = folder.lock().expect("no test panics here").clone();
    assert!(folder.is_absolute() && !folder.exists(), "{} is left", folder.display());
    // What was killed is gone a moment later.
    let gone = Instant::now() + Duration::from_secs(10);
    while !processes(&folder).is_empty() && Instant::now() < gone {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(processes(&folder), [] as [PathBuf; 0]);
}

/// The processes that work in a folder.
fn processes(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir("/proc").expect("the system tells").flatten().map(|process| process.path());
    // A folder that was removed has a note behind its name. Of a process that has ended nothing can be read.
    let works = |process: &PathBuf| {
        std::fs::read_link(process.join("cwd"))
            .is_ok_and(|place| place.to_string_lossy().starts_with(&*folder.to_string_lossy()))
    };
    all.filter(works).collect()
}

#[test]
fn no_other_host_is_reached() {
    let site = site(&[("/", "<!doctype html><title>Own</title>")]);
    let session = Session::new();
    session.open(&format!("{site}/"));
    // An address that is not let in either: it is of this machine, and somebody would answer.
    let other = TcpListener::bind("127.0.0.2:0").expect("a port is free");
    other.set_nonblocking(true).expect("it does not wait");
    let address = format!("http://{}/", other.local_addr().expect("it listens"));
    for place in ["http://muster.example/", &address] {
        let refused = catch_unwind(AssertUnwindSafe(|| session.open(place))).expect_err("it is not opened");
        let why = refused.downcast_ref::<String>().expect("it says why");
        assert!(why.contains("ERR_NAME_NOT_RESOLVED"), "{place}: {why}");
    }
    let came = other.accept().map_err(|error| error.kind());
    assert_eq!(came.map(|(_, who)| who), Err(ErrorKind::WouldBlock));
    session.open(&format!("{}/", site.replace("127.0.0.1", "localhost")));
    assert_eq!(session.title(), "Own");
}

#[test]
fn barriers_are_found() {
    let site = site(&[
        ("/clean", "<!doctype html><html lang=en><title>Clean</title><main><h1>Clean</h1><p>Text</p></main>"),
        (
            "/barriers",
            "<!doctype html><html lang=en><title>Barriers</title><main><h1>Barriers</h1><svg role=img></svg>\
             <h4>Deep</h4><font color=#aaaaaa>Pale</font><input></main>",
        ),
        (
            "/dark",
            "<!doctype html><html lang=en><title>Dark</title><link rel=stylesheet href=/dark.css><main><h1>Dark</h1>\
             <p>Text</p></main>",
        ),
        (
            "/dark.css",
            "@media (prefers-color-scheme: dark) { html { background: #111 } p { color: #444 } }
             h1 { color: #777; color: light-dark(#333, #ccc); color-scheme: light dark }
             @media (max-width: 400px) { p { width: 500px } }",
        ),
    ]);
    let session = Session::new();
    session.open(&format!("{site}/clean"));
    assert_eq!(session.axe(), [] as [String; 0]);
    session.open(&format!("{site}/barriers"));
    insta::assert_snapshot!(session.axe().join("\n"));

    // One that only some readers meet.
    session.open(&format!("{site}/dark"));
    assert_eq!((session.axe(), session.overflow()), (vec![], 0));
    session.prefer(Media { dark: true, ..Media::default() });
    let found = session.axe();
    assert!(found.len() == 1 && found[0].ends_with(": p: <p>Text</p>"), "{found:?}");
    session.resize(380, 700);
    assert!(session.overflow() > 100, "{}", session.overflow());
    assert_eq!(session.complaints(), [] as [String; 0]);
}

#[test]
fn the_page_of_an_inventory_has_no_barriers() {
    let stage = Stage::new().with_mini("refund-agent");
    let ended = stage.run(&["scan", "refund-agent", "--format", "html", "--output", "page.html"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let session = Session::new();
    session.open_file(&stage.beside("page.html"));
    // Only what is open is looked at.
    session.run("document.querySelectorAll('details').forEach(one => { one.open = true })");
    let mut found = BTreeMap::new();
    for (way, media, width) in [
        ("light", Media::default(), 1280),
        ("dark", Media { dark: true, ..Media::default() }, 1280),
        ("narrow", Media::default(), 380),
    ] {
        session.prefer(media);
        session.resize(width, 900);
        found.insert(way, (session.axe(), session.overflow()));
    }
    assert_eq!(found, ["dark", "light", "narrow"].map(|way| (way, (vec![], 0))).into());
    assert_eq!(session.complaints(), [] as [String; 0]);
}
