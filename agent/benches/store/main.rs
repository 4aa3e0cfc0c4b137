//! The store with an organisation of 20,000 systems and a million observations, in a file and on a real server.
//!
//! `cargo bench -p muster --bench store` prints what is aimed at beside what it measured, and ends with code 1 where something is
//! missed. Growth is from a tenth of the systems to all of them. A quick try is `SYSTEMS=2000 cargo bench …`; `EACH=20000` puts all
//! of them into one target.
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
    pub(crate) mod store;
}
#[path = "../../src/store/digest.rs"]
#[allow(
    dead_code,
    unused_imports,
    clippy::duplicate_mod,
    reason = "its digest is measured alone, and is no matter of others"
)]
mod digest;
#[allow(unused_imports, reason = "where the parts of the binary look for one another")]
use binary::{
    access, assess, cli, clock, correlate, explain, export, history, page, register, review, sample, store,
};
mod estate;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use asmm_model::{Scan, Verdict};
use estate::{CHANGED, EVIDENCE, Estate, NIGHTS};
use muster_tests::postgres::Postgres;
use store::{Filter, Page, Place, Run, RunState, Store, StoreError};

/// As the binary has it.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How often each question is asked.
const ASKED: usize = 15;
/// Megabytes at the peak of this process, of which the server is none.
const MEMORY: f64 = 200.0;

fn main() -> ExitCode {
    // Ours to answer: cargo asks whether there are tests in here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let systems: usize = number("SYSTEMS").unwrap_or(20_000);
    let each = number("EACH").unwrap_or(100).max(1);
    let small = Estate { systems: (systems / 10).max(CHANGED), each };
    let large = Estate { systems, each };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let kept = runtime.block_on(compare(small, large)).expect("a store that answers");
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one store took for one estate.
struct Measured {
    load: Duration,
    night: Duration,
    digests: Duration,
    page: Duration,
    filtered: Duration,
    named: Duration,
    changes: Duration,
    of_night: Duration,
    megabytes: f64,
}

async fn compare(small: Estate, large: Estate) -> Result<bool, StoreError> {
    println!(
        "{} and {} systems in targets of {}, {EVIDENCE} observations each; {NIGHTS} nights of 1 % and one of {CHANGED} changes",
        small.systems, large.systems, large.each
    );
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    let size = |name: &str| file(name).metadata().map_or(0, |file| file.len());
    let mut sqlite = Vec::new();
    for (estate, name) in [(small, "small.db"), (large, "muster.db")] {
        let measured = measure(&Place::File(file(name)), estate).await?;
        sqlite.push(Measured { megabytes: mega(size(name)), ..measured });
    }
    let of_sqlite = peak();
    let server = Postgres::shared();
    let mut postgres = Vec::new();
    for estate in [small, large] {
        let url = server.database();
        let measured = measure(&Place::named(&url)?, estate).await?;
        let size = server.sql(&url, "SELECT pg_database_size(current_database())");
        postgres.push(Measured { megabytes: mega(size.parse().unwrap_or(0)), ..measured });
    }
    println!();
    let kept = Table { sqlite, postgres, kept: true }.print();
    let of_both = peak();
    let within = of_both <= MEMORY;
    println!(
        "memory at the peak: {of_sqlite:.0} MB with SQLite, {of_both:.0} MB with both (at most {MEMORY:.0}) {}",
        said(within)
    );
    Ok(kept && within)
}

/// Loads an estate, scans it for some nights, and asks what people ask.
async fn measure(place: &Place, estate: Estate) -> Result<Measured, StoreError> {
    let store = Store::open(place).await?;
    let load = run(&store, estate, 0).await?;
    let mut nights = Vec::new();
    for night in 1..=NIGHTS {
        nights.push(run(&store, estate, night).await?);
    }
    run(&store, estate, NIGHTS + 1).await?;
    let mut digests = Duration::ZERO;
    for target in 0..estate.targets() {
        let seen = estate.seen(target, 0);
        let began = Instant::now();
        for system in &seen.systems {
            std::hint::black_box(digest::digest(system)?);
        }
        digests += began.elapsed();
    }
    let agentic = vec![Verdict::Agentic];
    let of_name = |name: String| Filter { verdicts: agentic.clone(), name: Some(name), ..Filter::default() };
    let (all, some) = (Filter::default(), of_name("Refund".to_owned()));
    let one = of_name(estate::name(40));
    let runs = ["latest~2", "latest~1", "latest"];
    let [before, between, last] =
        [store.run_named(runs[0]).await?, store.run_named(runs[1]).await?, store.run_named(runs[2]).await?];
    let measured = Measured {
        load,
        night: median(nights),
        digests,
        page: list(&store, &all).await?,
        filtered: list(&store, &some).await?,
        named: list(&store, &one).await?,
        changes: difference(&store, [&between, &last], CHANGED).await?,
        of_night: difference(&store, [&before, &between], estate.systems / 100).await?,
        megabytes: 0.0,
    };
    store.close().await;
    let Measured { load, night, .. } = measured;
    println!(
        "{} systems at {place}: loaded in {:.1} s, a night in {:.2} s",
        estate.systems,
        load.as_secs_f64(),
        night.as_secs_f64()
    );
    Ok(measured)
}

/// One run over everything: what the store took of it, without what it takes to make the estate up.
async fn run(store: &Store, estate: Estate, night: usize) -> Result<Duration, StoreError> {
    let claim = store.claim().await?;
    let scan = Scan {
        id: format!("scan-{night}"),
        started_at: format!("2026-11-{:02}T02:00:00.000Z", night + 1),
        tool: "muster 0.1.0".to_owned(),
        rules: "blake3:0".to_owned(),
        targets: Vec::new(),
    };
    let began = Instant::now();
    let run = store.begin(&scan, &claim).await?;
    let mut made_up = Duration::ZERO;
    let seen = (0..estate.targets()).map(|target| {
        let began = Instant::now();
        let seen = estate.seen(target, night);
        made_up += began.elapsed();
        Ok(seen)
    });
    assert!(store.record_all(&run, seen).await?.is_empty());
    store.end(&run, RunState::Done, "2026-11-30T03:00:00.000Z").await?;
    Ok(began.elapsed().saturating_sub(made_up))
}

async fn list(store: &Store, filter: &Filter) -> Result<Duration, StoreError> {
    let page = Page { most: 100, ..Page::default() };
    let mut took = Vec::new();
    for _ in 0..ASKED {
        let began = Instant::now();
        let (listed, _) = store.list(filter, &page).await?;
        took.push(began.elapsed());
        assert!(!listed.is_empty(), "{filter:?}");
    }
    Ok(median(took))
}

async fn difference(
    store: &Store,
    [before, after]: [&Run; 2],
    expected: usize,
) -> Result<Duration, StoreError> {
    let mut took = Vec::new();
    for _ in 0..ASKED {
        let began = Instant::now();
        let difference = store.difference(before, after).await?;
        took.push(began.elapsed());
        assert_eq!(difference.systems.len(), expected, "from {} to {}", before.name, after.name);
    }
    Ok(median(took))
}

fn median(mut of: Vec<Duration>) -> Duration {
    of.sort_unstable();
    of[of.len() / 2]
}

/// What was measured of both databases, each with the small estate first.
struct Table {
    sqlite: Vec<Measured>,
    postgres: Vec<Measured>,
    /// Whether everything so far is within its limit.
    kept: bool,
}

impl Table {
    /// Prints it, and says whether all limits are kept.
    fn print(mut self) -> bool {
        println!(
            "{:<34} {:>9} {:>9} {:>6}   {:>9} {:>9} {:>6}   {:>10}",
            "", "SQLite", "10 times", "ratio", "Postgres", "10 times", "ratio", "limit"
        );
        let part = |a: Duration, b: Duration| 100.0 * a.as_secs_f64() / b.as_secs_f64();
        self.row("first load, s", |of| of.load.as_secs_f64(), Limit::None);
        self.row("a night, 1 % changed, s", |of| of.night.as_secs_f64(), Limit::None);
        self.row("  in % of the first load", |of| part(of.night, of.load), Limit::Most(5.0));
        self.row("  digests alone, in %", |of| part(of.digests, of.load), Limit::None);
        self.row("first page of 100, ms", |of| milli(of.page), Limit::Growth(2.0));
        self.row("  of a verdict and a word, ms", |of| milli(of.filtered), Limit::Growth(2.0));
        self.row("  of a name that one has, ms", |of| milli(of.named), Limit::Most(50.0));
        self.row("difference of 200 changes, ms", |of| milli(of.changes), Limit::Growth(2.0));
        self.row("difference of a night, ms", |of| milli(of.of_night), Limit::None);
        self.row("size, MB", |of| of.megabytes, Limit::None);
        self.kept
    }

    fn row(&mut self, what: &str, value: impl Fn(&Measured) -> f64, limit: Limit) {
        let mut line = format!("{what:<34}");
        let mut within = true;
        for of in [&self.sqlite, &self.postgres] {
            let (small, large) = (value(&of[0]), value(&of[1]));
            let ratio = large / small;
            within &= limit.holds(large, ratio);
            let _ = write!(line, " {small:>9.2} {large:>9.2} {ratio:>6.1}  ");
        }
        let verdict = if matches!(limit, Limit::None) { "" } else { said(within) };
        println!("{line} {:>10} {verdict}", limit.text());
        self.kept &= within;
    }
}

/// What is aimed at.
#[derive(Clone, Copy)]
enum Limit {
    None,
    /// Of the large estate.
    Most(f64),
    /// From the small estate to the large one.
    Growth(f64),
}

impl Limit {
    fn holds(self, large: f64, ratio: f64) -> bool {
        match self {
            Self::None => true,
            Self::Most(most) => large <= most,
            Self::Growth(most) => ratio <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Most(most) => format!("≤ {most}"),
            Self::Growth(most) => format!("ratio ≤ {most}"),
        }
    }
}

fn said(within: bool) -> &'static str {
    if within { "ok" } else { "MISSED" }
}

fn milli(of: Duration) -> f64 {
    of.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "nobody has so many bytes")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Megabytes of memory of this process so far, at the peak.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilo = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next())
        .and_then(|kilo| kilo.parse::<u64>().ok());
    mega(kilo.unwrap_or(0) * 1024)
}
