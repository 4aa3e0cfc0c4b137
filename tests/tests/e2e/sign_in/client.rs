//! A browser without a window: it keeps cookies by host and port, and shows each answer as it came.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};

use muster_tests::site::Site;
use reqwest::{Method, Url};

/// Names and values by host and port.
pub(super) type Cookies = BTreeMap<(String, String), String>;

/// Such a browser.
pub(super) struct Client {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    site: String,
    /// Where it says that it is, as a proxy would.
    address: String,
    cookies: RefCell<Cookies>,
}

/// What it was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    /// The cookies that it set.
    pub(super) set: Vec<String>,
    pub(super) body: String,
}

impl Answer {
    /// The cookie of a session, if one was set.
    pub(super) fn session(&self) -> Option<&str> {
        self.set.iter().map(String::as_str).find(|cookie| cookie.starts_with("muster="))
    }
}

/// What a page tells somebody who was not let in.
pub(super) fn told(answer: &Answer) -> String {
    let told = answer.body.split_once("role=\"alert\">").and_then(|(_, rest)| rest.split_once("</p>"));
    told.map(|(told, _)| told.to_owned()).unwrap_or_default()
}

impl Client {
    /// One at an address of its own.
    pub(super) fn new(site: &Site) -> Self {
        static LAST: AtomicU8 = AtomicU8::new(1);
        // A site may end between two requests, and a connection with it.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let http = http.redirect(reqwest::redirect::Policy::none());
        Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
            http: http.build().expect("a client"),
            site: site.url.clone(),
            address: format!("192.0.2.{}", LAST.fetch_add(1, Ordering::Relaxed)),
            cookies: RefCell::default(),
        }
    }

    /// Begins to sign in.
    pub(super) fn begin(&self) -> Answer {
        self.get(&format!("{}/sign-in/provider?then=/queue", self.site))
    }

    /// Begins to sign in, and says who it is; what is returned is where the provider leads back to.
    pub(super) fn come_back(&self, login: &str) -> String {
        let begun = self.begin();
        let mut next = begun.location.clone().unwrap_or_else(|| panic!("{begun:?}"));
        while !next.starts_with(&self.site) {
            let shown = self.get(&next);
            let answer = match shown.location {
                Some(_) => shown,
                None => self.ask(&Method::POST, &next, Some(format!("do=login&login={login}"))),
            };
            next = answer.location.clone().unwrap_or_else(|| panic!("{answer:?}"));
        }
        next
    }

    /// The same, and goes there.
    pub(super) fn sign_in(&self, login: &str) -> Answer {
        let back = self.come_back(login);
        self.get(&back)
    }

    /// Opens a page. It follows nothing.
    pub(super) fn get(&self, url: &str) -> Answer {
        self.ask(&Method::GET, url, None)
    }

    /// The cookies that it keeps.
    pub(super) fn cookies(&self) -> Cookies {
        self.cookies.borrow().clone()
    }

    /// Keeps these in place of its own.
    pub(super) fn keep(&self, cookies: Cookies) {
        *self.cookies.borrow_mut() = cookies;
    }

    fn ask(&self, method: &Method, url: &str, form: Option<String>) -> Answer {
        let url = Url::parse(url).expect("it is an address");
        let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or_default());
        let mut cookies = self.cookies.borrow_mut();
        let sent: Vec<String> = cookies
            .iter()
            .filter(|((of, _), _)| *of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let mut request = self.http.request(method.clone(), url.clone());
        request = request.header("cookie", sent.join("; ")).header("x-forwarded-for", &self.address);
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        self.runtime.block_on(async {
            let response = request.send().await.unwrap_or_else(|error| panic!("{error:?}"));
            let headers = response.headers().clone();
            let text = |value: &reqwest::header::HeaderValue| value.to_str().expect("it is text").to_owned();
            let set: Vec<String> = headers.get_all("set-cookie").iter().map(text).collect();
            for cookie in &set {
                let (name, rest) = cookie.split_once('=').expect("a cookie has a value");
                let value = rest.split(';').next().unwrap_or_default();
                let key = (host.clone(), name.to_owned());
                if value.is_empty() {
                    cookies.remove(&key);
                } else {
                    cookies.insert(key, value.to_owned());
                }
            }
            let location = headers.get("location").map(text);
            Answer {
                status: response.status().as_u16(),
                location: location.map(|to| url.join(&to).expect("it leads somewhere").to_string()),
                set,
                body: response.text().await.expect("it is text"),
            }
        })
    }
}
