//! The pages of the review site with 2,000 and with 20,000 systems, and the first byte of the queue beside a bare handler.
//!
//! `cargo bench -p muster --bench site` prints what is aimed at beside what it measured, and ends with code 1 where something is
//! missed. Each page is asked for over one connection, again and again, of both sizes in turn. A quick try is `SYSTEMS=2000 cargo bench …`.
#![expect(clippy::print_stdout, reason = "what a bench measures is printed")]
#![expect(clippy::disallowed_methods, reason = "a bench is told by its environment what to do")]

// The binary has no library: what it is made of is compiled in here, with what its tests need, since cargo means those with a bench.
#[path = "../../src"]
#[allow(dead_code, unused_imports, unused_macros, reason = "a bench uses a part of it")]
mod binary {
    pub(crate) mod access;
    pub(crate) mod assess;
    pub(crate) mod cli {
        pub(crate) mod nearest;
    }
    pub(crate) mod clock;
    pub(crate) mod correlate;
    pub(crate) mod explain;
    pub(crate) mod export;
    pub(crate) mod history;
    pub(crate) mod page;
    pub(crate) mod register;
    pub(crate) mod review;
    pub(crate) mod sample;
    pub(crate) mod secret;
    pub(crate) mod store;
    pub(crate) mod web;
}
#[path = "../store/estate.rs"]
#[allow(dead_code, reason = "a night is no matter of pages")]
mod estate;
#[allow(unused_imports, reason = "where the parts of the binary look for one another")]
use binary::{
    access, assess, cli, clock, correlate, explain, export, history, page, register, review, sample, secret,
    store, web,
};

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use access::{Role, Roles};
use asmm_model::{Scan, Verdict};
use axum::response::Html;
use estate::Estate;
use muster_tests::postgres::Postgres;
use reqwest::Client;
use review::{Act, Owned};
use store::{Filter, Page, Pass, PassKind, Place, RunState, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use web::{Secret, Settings, Site};

/// As the binary has it.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How often each page is asked for, after a first time that does not count.
const ASKED: usize = 41;
/// How much more a page may cost with ten times the systems.
const GROWTH: f64 = 2.0;

fn main() -> ExitCode {
    // Ours to answer: cargo asks whether there are tests in here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let systems = std::env::var("SYSTEMS").ok().and_then(|number| number.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let kept = runtime.block_on(compare(systems)).expect("a site that answers");
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn compare(systems: usize) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let server = Postgres::shared();
    let mut kept = true;
    for (database, postgres) in [("SQLite", false), ("PostgreSQL", true)] {
        let mut sites = Vec::new();
        for size in [systems / 10, systems] {
            let place = if postgres {
                Place::named(&server.database())?
            } else {
                Place::File(folder.path().join(format!("{size}.db")))
            };
            sites.push(Served::start(&place, Estate { systems: size, each: 100 }).await?);
        }
        kept &= pages(database, &sites[0], &sites[1]).await?;
        println!();
    }
    Ok(kept)
}

/// A site that answers, and who asks it.
struct Served {
    url: String,
    token: String,
    /// One of its systems.
    system: String,
    client: Client,
    // It answers as long as this is held.
    _stop: watch::Sender<bool>,
}

impl Served {
    async fn start(place: &Place, estate: Estate) -> anyhow::Result<Self> {
        let store = Store::open(place).await?;
        let claim = store.claim().await?;
        for night in 0..2 {
            let scan = Scan {
                id: format!("scan-{night}"),
                started_at: format!("2026-11-{:02}T02:00:00.000Z", night + 1),
                tool: "muster 0.1.0".to_owned(),
                rules: "blake3:0".to_owned(),
                targets: Vec::new(),
            };
            let run = store.begin(&scan, &claim).await?;
            for target in 0..estate.targets() {
                store.record_all(&run, [Ok(estate.seen(target, night))]).await?;
            }
            store.end(&run, RunState::Done, "2026-11-30T03:00:00.000Z").await?;
        }
        drop(claim);
        decide(&store, estate.systems / 10).await?;
        let (listed, _) = store.list(&Filter::default(), &Page { most: 1, ..Page::default() }).await?;
        let secret = Secret::new()?;
        let now = clock::seconds();
        let pass = Pass {
            hash: secret.hash(),
            person: "bench".to_owned(),
            roles: Roles::from_iter([Role::Administrator]),
            label: String::new(),
            form: String::new(),
            made: now,
            used: now,
            until: now + 86_400,
        };
        store.let_in(PassKind::Token, &pass, ("bench", &clock::now())).await?;
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let settings = Settings {
            address,
            public: None,
            secure: false,
            proxies: Vec::new(),
            code_hosts: Vec::new(),
            idle: Duration::from_hours(1),
            session: Duration::from_hours(12),
        };
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(web::serve(listener, Site::new(store, settings, None).router(), None, stopped));
        Ok(Self {
            url: format!("http://{address}"),
            token: secret.expose().to_owned(),
            system: listed.first().map(|one| one.id.clone()).unwrap_or_default(),
            client: Client::builder().no_proxy().build()?,
            _stop: stop,
        })
    }

    /// How long it takes until the first byte of a page is there, and until all of it is; and the page.
    async fn ask(&self, path: &str) -> anyhow::Result<(Duration, Duration, String)> {
        let began = Instant::now();
        let answer = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await?;
        let first = began.elapsed();
        let text = answer.error_for_status()?.text().await?;
        Ok((first, began.elapsed(), text))
    }
}

/// As a team that has worked through a part of the queue leaves it: of so many that ask for it most, one half is confirmed, and the other
/// put off.
async fn decide(store: &Store, most: usize) -> anyhow::Result<()> {
    let (at, today) = ("2026-11-28T09:00:00.000Z", jiff::civil::date(2026, 11, 28));
    let page = Page { most: i64::try_from(most)?, ..Page::default() };
    for (n, system) in store.list(&Filter::default(), &page).await?.0.into_iter().enumerate() {
        let act = match n % 2 {
            0 => {
                Act::Confirm { verdict: Some(Verdict::Agentic), in_scope: true, owner: Some(Owned::Unknown) }
            }
            _ => Act::Defer(today.saturating_add(jiff::Span::new().days(30 + i64::try_from(n % 30)?))),
        };
        store.act(&system.id, act, "bench", "as a bench decides", (at, today), None).await?;
    }
    Ok(())
}

/// Asks both for each page, and says whether none grows with the store.
async fn pages(database: &str, small: &Served, large: &Served) -> anyhow::Result<bool> {
    println!(
        "{database:<34} {:>9} {:>9} {:>6} {:>8}   {:>10}",
        "small, ms", "10 times", "ratio", "kB", "limit"
    );
    let of = |path: &str| [path.replace("SYSTEM", &small.system), path.replace("SYSTEM", &large.system)];
    let mut kept = true;
    for path in [
        "/",
        "/queue",
        "/queue?verdict=agentic&q=refund",
        "/systems",
        "/systems?standing=confirmed",
        "/systems/SYSTEM",
        "/exceptions",
        "/scans",
        "/rules",
        "/audit",
    ] {
        let [a, b] = of(path);
        let (mut took, mut bytes) = ([Vec::new(), Vec::new()], 0);
        for turn in 0..=ASKED {
            // In turn, so that what else the machine does is shared.
            for (at, (served, path)) in [(small, &a), (large, &b)].into_iter().enumerate() {
                let (_, whole, text) = served.ask(path).await?;
                bytes = text.len();
                if turn > 0 {
                    took[at].push(whole);
                }
            }
        }
        let [a, b] = took.map(median);
        let ratio = b.as_secs_f64() / a.as_secs_f64();
        kept &= ratio <= GROWTH;
        let mut line =
            format!("{path:<34} {:>9.2} {:>9.2} {ratio:>6.2} {:>8}", milli(a), milli(b), bytes / 1000);
        let _ = write!(
            line,
            "   {:>10} {}",
            format!("≤ {GROWTH}"),
            if ratio <= GROWTH { "ok" } else { "MISSED" }
        );
        println!("{line}");
    }
    beside_a_bare_handler(large).await?;
    Ok(kept)
}

/// The first byte of the queue, beside the same bytes from a handler that has them.
async fn beside_a_bare_handler(large: &Served) -> anyhow::Result<()> {
    let (_, _, text) = large.ask("/queue").await?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr()?;
    let router = axum::Router::new().route("/queue", axum::routing::get(async move || Html(text)));
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(web::serve(listener, router, None, stopped));
    let bare = Served {
        url: format!("http://{address}"),
        token: large.token.clone(),
        system: String::new(),
        client: Client::builder().no_proxy().build()?,
        _stop: stop,
    };
    let mut took = [Vec::new(), Vec::new()];
    for turn in 0..=ASKED {
        for (at, served) in [&bare, large].into_iter().enumerate() {
            let (first, ..) = served.ask("/queue").await?;
            if turn > 0 {
                took[at].push(first);
            }
        }
    }
    let [bare, queue] = took.map(median);
    println!(
        "first byte of the queue: {:.2} ms, of a bare handler with the same bytes {:.2} ms, {:.1} times",
        milli(queue),
        milli(bare),
        queue.as_secs_f64() / bare.as_secs_f64()
    );
    Ok(())
}

fn median(mut of: Vec<Duration>) -> Duration {
    of.sort_unstable();
    of[of.len() / 2]
}

fn milli(of: Duration) -> f64 {
    of.as_secs_f64() * 1000.0
}
