//! A browser that a test drives: it opens pages, clicks, types, waits and looks.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use super::CHROMIUM;
use super::element::Element;
use super::wire::{Refusal, Wire};

/// How often a condition is looked at while a test waits for it.
const PAUSE: Duration = Duration::from_millis(50);

/// How much of a page is shown when a test fails, in bytes.
const SHOWN: usize = 20_000;

/// The tallest page of which a picture is taken, in pixels of CSS.
const TALLEST: f64 = 16_000.0;

/// Nobody else's host is ever asked: no name and no address is known but those of this machine, and no proxy either.
const FLAGS: [&str; 13] = [
    // The tests may run as root, for whom it has no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    // The memory that containers share is often too small.
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--lang=en-US",
];

/// How a browser is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether scripts of pages run. What a test itself runs in a page does so anyway.
    pub scripts: bool,
    /// Of the window, in pixels.
    pub width: u32,
    /// Of the window, in pixels.
    pub height: u32,
    /// How much larger everything is shown, in per cent: at 200 a page has half the room.
    pub zoom: u32,
    /// What the reader's system prefers.
    pub media: Media,
    /// How long [`Session::wait_until`] waits.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scripts: true,
            width: 1280,
            height: 900,
            zoom: 100,
            media: Media::default(),
            patience: Duration::from_secs(10),
        }
    }
}

/// What a reader's system prefers, as style sheets see it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Media {
    /// `prefers-color-scheme: dark`; light otherwise.
    pub dark: bool,
    /// `forced-colors: active`, as with a high contrast of the system.
    pub forced_colors: bool,
    /// `prefers-reduced-motion: reduce`.
    pub reduced_motion: bool,
    /// As on paper.
    pub print: bool,
}

/// A cookie as the browser keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub value: String,
    /// Where below it is sent.
    pub path: String,
    /// Whether scripts do not see it.
    pub http_only: bool,
    /// Whether it is sent over TLS only.
    pub secure: bool,
    /// `Lax`, `Strict` or `None`.
    pub same_site: String,
}

/// A browser of its own, with nothing in its profile; it ends with this, and with the process however that ends.
///
/// All that it is told and asked panics where that cannot be done, with what the page was at that moment.
pub struct Session {
    wire: Wire,
    patience: Duration,
    scripts: bool,
    window: Cell<(u32, u32, u32)>,
    console: RefCell<Vec<String>>,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A browser as most readers have it.
    pub fn new() -> Self {
        Self::with(&Settings::default())
    }

    /// A browser in which no script of a page runs.
    pub fn without_scripts() -> Self {
        Self::with(&Settings { scripts: false, ..Settings::default() })
    }

    /// A browser that is set up like this.
    ///
    /// # Panics
    /// Where it cannot be fetched, or does not start: such a test is never skipped.
    pub fn with(settings: &Settings) -> Self {
        let browser = CHROMIUM.parent().expect("it lies in a folder");
        let session = Self {
            wire: Wire::start(browser, &FLAGS),
            patience: settings.patience,
            scripts: settings.scripts,
            window: Cell::new((settings.width, settings.height, settings.zoom)),
            console: RefCell::default(),
        };
        session.lay_out();
        session.prefer(settings.media);
        session.allow_scripts(settings.scripts);
        session
    }

    fn allow_scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({"value": !allowed}));
    }

    /// Does something for which timers and promises have to run. The scripts that the page came with still do not.
    pub(super) fn with_timers<T>(&self, act: impl FnOnce() -> T) -> T {
        self.allow_scripts(true);
        let done = act();
        self.allow_scripts(self.scripts);
        done
    }

    // --- pages

    /// Opens a page and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.tell("/url", &json!({"url": url}));
    }

    /// Opens a file of this machine.
    pub fn open_file(&self, page: &Path) {
        let page = page.canonicalize().expect("there is a page");
        self.open(&format!("file://{}", page.display()));
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.ask("/url")
    }

    /// What the page is called.
    pub fn title(&self) -> String {
        self.ask("/title")
    }

    /// The document as it is now, written out again.
    pub fn source(&self) -> String {
        self.ask("/source")
    }

    /// One page back.
    pub fn back(&self) {
        self.tell("/back", &json!({}));
    }

    /// The same page once more.
    pub fn reload(&self) {
        self.tell("/refresh", &json!({}));
    }

    // --- elements

    /// The first element that a selector of CSS matches, which is waited for: a page may be on its way.
    ///
    /// # Panics
    /// Where there is none when the patience of the [`Settings`] is used up.
    pub fn find(&self, css: &str) -> Element<'_> {
        self.wait_until(&format!("there is a `{css}`"), |session| session.try_find(css).is_some());
        self.try_find(css).unwrap_or_else(|| self.fail(&format!("there is no `{css}` any more")))
    }

    /// The same as it is now, and nothing where there is none.
    pub fn try_find(&self, css: &str) -> Option<Element<'_>> {
        self.find_all(css).into_iter().next()
    }

    /// All that a selector matches, in the order of the document.
    pub fn find_all(&self, css: &str) -> Vec<Element<'_>> {
        let found = self.tell("/elements", &json!({"using": "css selector", "value": css}));
        found.as_array().into_iter().flatten().map(|found| Element::new(self, found)).collect()
    }

    /// The element that has the focus; the body where none has.
    pub fn focused(&self) -> Element<'_> {
        Element::new(self, &self.answered(self.wire.get("/element/active"), "the focus"))
    }

    /// Waits until an element that a selector matches shows this text among its own, also across pages.
    pub fn wait_for_text(&self, css: &str, text: &str) {
        const SHOWS: &str = "return [...document.querySelectorAll(arguments[0])]\
                             .some(one => one.innerText.includes(arguments[1]))";
        self.wait_until(&format!("`{css}` shows {text:?}"), |session| {
            // A page that is just being left cannot be asked.
            let asked = json!({"script": SHOWS, "args": [css, text]});
            session.wire.post("/execute/sync", &asked).is_ok_and(|shows| shows == true)
        });
    }

    /// Waits until a condition holds, which is looked at again and again.
    ///
    /// # Panics
    /// Where it still does not hold when the patience of the [`Settings`] is used up.
    pub fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !condition(self) {
            if began.elapsed() >= self.patience {
                self.fail(&format!("waited for {:?} until {what}", self.patience));
            }
            std::thread::sleep(PAUSE);
        }
    }

    // --- keys

    /// Presses one key after the other, whatever has the focus; names are in [`key`](super::key).
    pub fn press(&self, keys: &str) {
        let strokes = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()})));
        self.act(strokes.collect());
    }

    /// Presses keys together: each is held until all of them are down.
    pub fn chord(&self, keys: &[&str]) {
        let down = keys.iter().map(|key| json!({"type": "keyDown", "value": key}));
        let up = keys.iter().rev().map(|key| json!({"type": "keyUp", "value": key}));
        self.act(down.chain(up).collect());
    }

    fn act(&self, strokes: Vec<Value>) {
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": Value::Array(strokes)});
        self.tell("/actions", &json!({"actions": [keyboard]}));
    }

    // --- what the reader has

    /// Makes the window so large, in pixels.
    pub fn resize(&self, width: u32, height: u32) {
        let (_, _, zoom) = self.window.get();
        self.window.set((width, height, zoom));
        self.lay_out();
    }

    /// Shows everything larger, in per cent, in a window that stays as it is.
    pub fn zoom(&self, percent: u32) {
        let (width, height, _) = self.window.get();
        self.window.set((width, height, percent));
        self.lay_out();
    }

    fn lay_out(&self) {
        let (width, height, zoom) = self.window.get();
        let size = json!({
            "width": width * 100 / zoom,
            "height": height * 100 / zoom,
            "deviceScaleFactor": f64::from(zoom) / 100.0,
            "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Changes what the reader's system prefers.
    pub fn prefer(&self, media: Media) {
        let either = |yes: bool, is: &'static str, is_not: &'static str| if yes { is } else { is_not };
        let features = json!([
            {"name": "prefers-color-scheme", "value": either(media.dark, "dark", "light")},
            {"name": "forced-colors", "value": either(media.forced_colors, "active", "none")},
            {"name": "prefers-reduced-motion", "value": either(media.reduced_motion, "reduce", "no-preference")},
        ]);
        let medium = either(media.print, "print", "");
        self.devtools("Emulation.setEmulatedMedia", &json!({"media": medium, "features": features}));
    }

    /// How far the page reaches beyond the right edge of the window, in pixels of CSS: where it has to be scrolled
    /// sideways to be read.
    pub fn overflow(&self) -> u64 {
        let beyond =
            self.run("const page = document.documentElement; return page.scrollWidth - page.clientWidth");
        beyond.as_u64().unwrap_or_default()
    }

    /// The cookies that the page would be sent with, by name.
    pub fn cookies(&self) -> Vec<Cookie> {
        let kept = self.answered(self.wire.get("/cookie"), "the cookies");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut cookies: Vec<_> = kept
            .as_array()
            .into_iter()
            .flatten()
            .map(|cookie| Cookie {
                name: text(&cookie["name"]),
                value: text(&cookie["value"]),
                path: text(&cookie["path"]),
                http_only: cookie["httpOnly"] == true,
                secure: cookie["secure"] == true,
                same_site: text(&cookie["sameSite"]),
            })
            .collect();
        cookies.sort_by(|one, other| one.name.cmp(&other.name));
        cookies
    }

    /// Keeps a cookie for the host of the page.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.tell("/cookie", &json!({"cookie": {"name": name, "value": value}}));
    }

    /// Forgets the cookies that the page would be sent with.
    pub fn forget_cookies(&self) {
        self.answered(self.wire.delete("/cookie"), "the end of the cookies");
    }

    // --- what it is asked beside

    /// Runs the body of a function in the page, and reads what it returns.
    ///
    /// It runs whatever policy the page has, and where the page's own scripts do not run.
    pub fn run(&self, script: &str) -> Value {
        self.run_with(script, &[])
    }

    /// The same with `arguments`.
    pub fn run_with(&self, script: &str, arguments: &[Value]) -> Value {
        self.tell("/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// What the console was told so far that is no mere remark: refusals of the policy, failed requests, errors of
    /// scripts.
    pub fn complaints(&self) -> Vec<String> {
        self.hear();
        self.console.borrow().clone()
    }

    fn hear(&self) {
        let Ok(said) = self.wire.post("/se/log", &json!({"type": "browser"})) else { return };
        for one in said.as_array().into_iter().flatten() {
            let [level, source, message] =
                ["level", "source", "message"].map(|field| one[field].as_str().unwrap_or_default());
            if ["SEVERE", "WARNING"].contains(&level) {
                self.console.borrow_mut().push(format!("{level} {source}: {message}"));
            }
        }
    }

    /// Writes a picture of the whole page, as PNG.
    pub fn screenshot(&self, file: &Path) {
        let page = self.devtools("Page.getLayoutMetrics", &json!({}));
        let size = |side: &str| page["cssContentSize"][side].as_f64().unwrap_or(1.0).clamp(1.0, TALLEST);
        let part = json!({"x": 0, "y": 0, "width": size("width"), "height": size("height"), "scale": 1});
        let taken = self.devtools(
            "Page.captureScreenshot",
            &json!({"format": "png", "captureBeyondViewport": true, "clip": part}),
        );
        let picture = base64::engine::general_purpose::STANDARD
            .decode(taken["data"].as_str().unwrap_or_default())
            .expect("a picture comes in base64");
        std::fs::write(file, picture).expect("a file");
    }

    /// The page as it is printed on A4, as PDF.
    pub fn print(&self) -> Vec<u8> {
        let page = json!({"page": {"width": 21.0, "height": 29.7}, "background": true});
        let printed = self.tell("/print", &page);
        let printed = printed.as_str().unwrap_or_default();
        base64::engine::general_purpose::STANDARD.decode(printed).expect("a document comes in base64")
    }

    /// Gives an order to the browser for which WebDriver has no word.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.tell("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Where it and its driver keep their files while they run.
    pub fn folder(&self) -> &Path {
        self.wire.folder()
    }

    fn ask(&self, path: &str) -> String {
        let answer = self.answered(self.wire.get(path), path);
        answer.as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) fn tell(&self, path: &str, body: &Value) -> Value {
        self.answered(self.wire.post(path, body), path)
    }

    pub(super) fn answered(&self, answer: Result<Value, Refusal>, what: &str) -> Value {
        answer.unwrap_or_else(|refusal| self.fail(&format!("{what}: {}: {}", refusal.error, refusal.message)))
    }

    /// Ends the test, with what there was to see.
    pub(super) fn fail(&self, why: &str) -> ! {
        let read = |path: &str| match self.wire.get(path) {
            Ok(Value::String(text)) => text,
            other => format!("{other:?}"),
        };
        let (url, mut source) = (read("/url"), read("/source"));
        if source.len() > SHOWN {
            source.truncate(source.floor_char_boundary(SHOWN));
            source.push('…');
        }
        panic!("{why}\nat {url}\nconsole: {:#?}\n{source}", self.complaints());
    }
}
