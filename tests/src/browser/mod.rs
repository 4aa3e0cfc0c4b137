//! A real browser: Chromium without a window, from packages of Debian, for one page or driven by a test.

mod axe;
mod element;
pub mod key;
mod session;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::http::{Reply, listen};

pub use element::Element;
pub use session::{Cookie, Media, Session, Settings};

/// The browser; it is fetched first where that was not done yet, and no test is skipped.
static CHROMIUM: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/chromium");
    let made = Command::new(script).output().expect("the script can be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()).join("chromium")
});

/// How long it may take for one page, in seconds; it ends itself.
const PATIENCE: &str = "120";

/// What came of reading a page with scripts allowed, so that one that got into it would run.
#[derive(Debug)]
pub struct Reading {
    /// The document as the browser understood it, written out again.
    pub dom: String,
    /// What the browser complained of: refused styles, scripts and pictures.
    pub complaints: Vec<String>,
    /// What it asked the network for.
    pub requests: Vec<String>,
}

/// Of the window, in pixels.
const WINDOW: &str = "--window-size=1000,2000";

/// Opens a page and reads it.
///
/// # Panics
/// Where the browser cannot be fetched, or fails.
pub fn read(page: &Path) -> Reading {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    // Everything that it asks for, of any host, is asked here: nothing gets out, and nothing is missed.
    let proxy = listen(move |request| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(format!("{} {}", request.method, request.path));
        Some(Reply::ok(""))
    });
    let (dom, said) = run(
        page,
        &["--dump-dom", &format!("--proxy-server={proxy}"), "--proxy-bypass-list=<-loopback>"],
        Path::new("."),
    );
    let complaints = said.lines().filter(|line| line.contains(":CONSOLE:")).map(str::to_owned).collect();
    let requests = requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Reading { dom, complaints, requests }
}

/// A picture of a page, as PNG.
///
/// # Panics
/// Where the browser cannot be fetched, or fails.
pub fn picture(page: &Path) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, said) = run(page, &["--screenshot=page.png", "--hide-scrollbars", WINDOW], folder.path());
    match std::fs::read(folder.path().join("page.png")) {
        Ok(picture) => picture,
        Err(error) => panic!("the browser made no picture: {error}\n{said}"),
    }
}

/// A picture of a page in which no script may run: it fills the frame of another one, which forbids them.
///
/// # Panics
/// As [`picture`].
pub fn picture_without_scripts(page: &Path) -> Vec<u8> {
    let name = page.file_name().and_then(std::ffi::OsStr::to_str).expect("the page has a plain name");
    let frame = page.with_extension("frame.html");
    let text = format!(
        "<!doctype html><style>body {{ margin: 0 }} iframe {{ display: block; border: 0; width: 100vw; height: 100vh }}\
         </style><iframe sandbox src=\"{name}\"></iframe>"
    );
    std::fs::write(&frame, text).expect("a file");
    picture(&frame)
}

/// What it prints, and what it says meanwhile.
fn run(page: &Path, arguments: &[&str], folder: &Path) -> (String, String) {
    let page = page.canonicalize().expect("there is a page");
    // Nothing of an earlier page, or of whoever runs the tests.
    let home = tempfile::tempdir().expect("a temporary folder");
    let ended = Command::new("timeout")
        .arg(PATIENCE)
        .arg(&*CHROMIUM)
        // The tests may run as root, for whom it has no sandbox.
        .args(["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        .args(["--disable-component-update", "--no-first-run", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", home.path().display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .current_dir(folder)
        .output()
        .expect("the browser can be run");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{:?}\n{said}", ended.status);
    (String::from_utf8_lossy(&ended.stdout).into_owned(), said)
}
