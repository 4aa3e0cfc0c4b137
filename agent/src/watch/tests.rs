//! The daemon with a clock that stands still between its steps, and its endpoints over real sockets.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::response::IntoResponse as _;
use insta::assert_snapshot;
use tokio::sync::watch::{Sender, channel};

use super::*;
use crate::config::{Config, LogFormat};

/// When the daemon of the tests starts.
const START: &str = "2026-11-27T00:00:00Z";

fn source_files(text: &str) -> Vec<Arc<Source>> {
    let config = Config::parse(text, Path::new("muster.toml"), &|_| None).unwrap();
    config.sources.into_iter().map(Arc::new).collect()
}

fn sources(named: &[(&str, &str)]) -> Vec<Arc<Source>> {
    let table = |(name, cron): &(&str, &str)| {
        let schedule = if cron.is_empty() { String::new() } else { format!("schedule = \"{cron}\"\n") };
        format!("[[source]]\nname = \"{name}\"\ntargets = [\"{name}\"]\n{schedule}")
    };
    source_files(&named.iter().map(table).collect::<String>())
}

/// Writes down what it is asked, and takes the time that it is told for each source.
struct Scripted {
    takes: BTreeMap<&'static str, Duration>,
    began: Instant,
    log: Mutex<Vec<String>>,
    /// Whether it heeds a request to stop.
    heeds: bool,
}

impl Scripted {
    fn new(takes: &[(&'static str, u64)], heeds: bool) -> Arc<Self> {
        let takes = takes.iter().map(|(name, minutes)| (*name, Duration::from_mins(*minutes))).collect();
        Arc::new(Self { takes, began: Instant::now(), log: Mutex::default(), heeds })
    }

    fn say(&self, what: &str) {
        let minutes = self.began.elapsed().as_secs() / 60;
        let line = format!("{:02}:{:02} {what}", minutes / 60, minutes % 60);
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Job for Scripted {
    async fn run(&self, sources: Vec<Arc<Source>>, stop: Stop) -> RunReport {
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        self.say(&format!("begins {}", names.join(", ")));
        let longest = names.iter().filter_map(|name| self.takes.get(name)).max().copied().unwrap_or_default();
        let until = Instant::now() + longest;
        while Instant::now() < until && !(self.heeds && stop.is_asked()) {
            sleep(Duration::from_secs(1).min(until - Instant::now())).await;
        }
        assert!(!names.contains(&"panics"), "as the test wants");
        self.say(&format!("ends {}", names.join(", ")));
        let ended = if stop.is_asked() { Ended::Stopped } else { Ended::Done };
        let mut report = RunReport { notices_sent: 1, ..RunReport::default() };
        for name in names.into_iter().filter(|name| *name != "silent") {
            let ended = match name {
                "hidden" => Ended::Gaps,
                "slow" => Ended::TimedOut,
                _ => ended,
            };
            let mut of = SourceReport::bare(ended, None);
            of.systems.insert("agentic", 2);
            of.gaps = 3;
            report.sources.insert(name.to_owned(), of);
        }
        report.sources.insert("of-somebody-else".to_owned(), SourceReport::bare(Ended::Failed, None));
        report
    }
}

/// A daemon, the sender that ends it, and what it shows.
struct Stand {
    shown: Shown,
    end: Sender<bool>,
    daemon: JoinHandle<Farewell>,
}

fn stand(sources: Vec<Arc<Source>>, run_at_start: bool, job: &Arc<Scripted>) -> Stand {
    let shown = Shown { health: Arc::new(Health::new()), metrics: Arc::new(Metrics::new()) };
    shown.health.set_ready();
    let (end, told) = channel(false);
    let (job, seen) = (Arc::clone(job), shown.clone());
    let (start, began) = (START.parse::<Timestamp>().unwrap(), Instant::now());
    let daemon = tokio::spawn(async move {
        let settings = Settings { sources, run_at_start, grace: Duration::from_secs(30), seed: 7 };
        watch(&settings, || start + began.elapsed(), told, job, &seen).await
    });
    Stand { shown, end, daemon }
}

impl Stand {
    async fn ends(self) -> Farewell {
        self.end.send(true).unwrap();
        self.daemon.await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn sources_run_when_they_are_due_and_together() {
    let job = Scripted::new(&[("often", 2), ("hourly", 5)], true);
    let named = [("often", "*/20 * * * *"), ("hourly", "0 * * * *"), ("never", "")];
    let stand = stand(sources(&named), false, &job);
    sleep(Duration::from_mins(70)).await;
    let expected = [
        "00:20 begins often",
        "00:22 ends often",
        "00:40 begins often",
        "00:42 ends often",
        "01:00 begins often, hourly",
        "01:05 ends often, hourly",
    ];
    assert_eq!(job.log(), expected);
    let metrics = Arc::clone(&stand.shown.metrics);
    assert_eq!(stand.ends().await, Farewell::Orderly);
    assert_eq!((metrics.count("often", Ended::Done), metrics.count("hourly", Ended::Done)), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_due_while_it_is_busy_is_left_out_and_others_wait_once() {
    let job = Scripted::new(&[("long", 45), ("other", 1)], true);
    let stand = stand(sources(&[("long", "0,20,40 * * * *"), ("other", "30,40 * * * *")]), true, &job);
    sleep(Duration::from_mins(70)).await;
    let expected = [
        "00:00 begins long, other",
        "00:45 ends long, other",
        // At :20, :30 and :40 both were busy.
        "01:00 begins long",
    ];
    assert_eq!(job.log(), expected);
    sleep(Duration::from_mins(36)).await;
    // At 1:30 the other one waits for the long one; at 1:40 it waits already.
    assert_eq!(job.log()[3..], ["01:45 ends long", "01:45 begins other"]);
    let text = stand.shown.metrics.text();
    let mut skipped: Vec<&str> =
        text.lines().filter(|line| line.starts_with("muster_skipped_runs_total")).collect();
    skipped.sort_unstable();
    let expected =
        ["muster_skipped_runs_total{source=\"long\"} 4", "muster_skipped_runs_total{source=\"other\"} 3"];
    assert_eq!(skipped, expected);
    assert_eq!(stand.ends().await, Farewell::Orderly);
}

#[tokio::test(start_paused = true)]
async fn jitter_makes_runs_late_by_less_than_it() {
    let text =
        "[schedule]\ncron = \"@hourly\"\njitter = \"30m\"\n[[source]]\nname = \"a\"\ntargets = [\".\"]\n";
    let job = Scripted::new(&[], true);
    let stand = stand(source_files(text), false, &job);
    sleep(Duration::from_hours(4)).await;
    let log = job.log();
    let begins: Vec<&String> = log.iter().filter(|line| line.contains("begins")).collect();
    assert_eq!(begins.len(), 3, "{log:?}");
    for (hour, line) in (1..).zip(begins) {
        let (at, _) = line.split_once(' ').unwrap();
        assert!(at.starts_with(&format!("0{hour}:")) && &at[3..] < "30", "{line}");
    }
    assert_eq!(stand.ends().await, Farewell::Orderly);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_breaks_off_or_says_nothing_fails_and_ends_nothing() {
    let job = Scripted::new(&[], true);
    let stand = stand(sources(&[("panics", "10 0 * * *"), ("silent", "20 0 * * *")]), false, &job);
    sleep(Duration::from_mins(30)).await;
    let metrics = &stand.shown.metrics;
    assert_eq!((metrics.count("panics", Ended::Failed), metrics.count("silent", Ended::Failed)), (1, 1));
    assert!(!metrics.text().contains("of-somebody-else"), "no labels but those of sources");
    assert!(stand.shown.health.lives());
    assert_eq!(stand.ends().await, Farewell::Orderly);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_no_run_begins_and_the_one_that_is_going_may_finish() {
    let job = Scripted::new(&[("long", 45)], true);
    let stand = stand(sources(&[("long", "10 0 * * *"), ("other", "11 0 * * *")]), false, &job);
    let health = Arc::clone(&stand.shown.health);
    sleep(Duration::from_mins(12)).await;
    assert!(health.is_ready());
    let metrics = Arc::clone(&stand.shown.metrics);
    let asked = Instant::now();
    assert_eq!(stand.ends().await, Farewell::Orderly);
    assert!(asked.elapsed() <= Duration::from_secs(2), "it heeds at once: {:?}", asked.elapsed());
    assert!(!health.is_ready());
    assert_eq!(job.log(), ["00:10 begins long", "00:12 ends long"]);
    assert_eq!(metrics.count("long", Ended::Stopped), 1);
    let success = "muster_last_success_timestamp_seconds{";
    assert!(!metrics.text().contains(success), "what was stopped is no success");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_stop_is_left_alone_after_its_grace() {
    let job = Scripted::new(&[("long", 45)], false);
    let stand = stand(sources(&[("long", "10 0 * * *")]), false, &job);
    sleep(Duration::from_mins(12)).await;
    let (asked, health) = (Instant::now(), Arc::clone(&stand.shown.health));
    assert_eq!(stand.ends().await, Farewell::Abandoned);
    assert_eq!(asked.elapsed().as_secs(), 30);
    assert!(health.lives() && !health.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_says_nothing_is_not_alive() {
    let shown = Shown { health: Arc::new(Health::new()), metrics: Arc::new(Metrics::new()) };
    let status = async || serve::healthz(State(shown.clone())).await.into_response().status().as_u16();
    assert_eq!((status().await, shown.health.is_ready()), (200, false));
    sleep(Duration::from_secs(61)).await;
    assert_eq!(status().await, 503);
    shown.health.beat();
    assert_eq!(status().await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_is_not_waited_for() {
    let shown = Shown { health: Arc::new(Health::new()), metrics: Arc::new(Metrics::new()) };
    let (end, told) = channel(false);
    let job = Scripted::new(&[], true);
    let (start, began) = (START.parse::<Timestamp>().unwrap(), Instant::now());
    // For five minutes it is twenty years ahead.
    let ahead = SignedDuration::from_hours(20 * 365 * 24);
    let clock = move || {
        let now = start + began.elapsed();
        if began.elapsed() < Duration::from_mins(5) { now + ahead } else { now }
    };
    let (runs, seen) = (Arc::clone(&job), shown.clone());
    let daemon = tokio::spawn(async move {
        let sources = sources(&[("a", "20 * * * *")]);
        let settings = Settings { sources, run_at_start: false, grace: Duration::from_secs(30), seed: 7 };
        watch(&settings, clock, told, runs, &seen).await
    });
    sleep(Duration::from_mins(30)).await;
    assert_eq!(job.log(), ["00:20 begins a", "00:20 ends a"]);
    end.send(true).unwrap();
    assert_eq!(daemon.await.unwrap(), Farewell::Orderly);
}

#[tokio::test(start_paused = true)]
async fn metrics_are_text_that_monitoring_reads() {
    let job = Scripted::new(&[("a", 2)], true);
    let named = [("a", "30 * * * *"), ("hidden", "30 * * * *"), ("slow", "30 * * * *")];
    let stand = stand(sources(&named), false, &job);
    sleep(Duration::from_mins(40)).await;
    let text = stand.shown.metrics.text();
    // The order within a family is not fixed; that of the buckets is.
    let mut lines: Vec<&str> = text.lines().collect();
    for family in lines.chunk_by_mut(|a, b| a.starts_with('#') == b.starts_with('#')) {
        if !family[0].contains("_duration_") && !family[0].starts_with('#') {
            family.sort_unstable();
        }
    }
    assert_snapshot!(lines.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    assert_eq!(stand.ends().await, Farewell::Orderly);
}

/// Everything that the endpoints answer to these bytes.
fn ask(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that has heard enough may close before everything is written.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let kept = answer.lines().filter(|line| !line.starts_with("date:"));
    kept.flat_map(|line| [line, "\n"]).collect()
}

#[tokio::test]
async fn endpoints_answer_over_a_socket_and_hear_no_more_than_they_must() {
    let shown = Shown { health: Arc::new(Health::new()), metrics: Arc::new(Metrics::new()) };
    let listener = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    assert!(listen(address).await.is_err(), "two cannot listen at one address");
    let server = tokio::spawn(serve(listener, shown.clone()));
    let raw =
        async |request: Vec<u8>| tokio::task::spawn_blocking(move || ask(address, &request)).await.unwrap();
    let get = async |path: &str| raw(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()).await;
    let mut said = get("/healthz").await + &get("/readyz").await;
    shown.health.set_ready();
    said += &get("/readyz").await;
    shown.health.close();
    said += &get("/readyz").await;
    said += &get("/other").await;
    assert!(get("/metrics").await.contains("muster_build_info{version="));
    said += &raw(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".to_vec()).await;
    // One byte too long for the buffer: what is left unread would make the system reset the connection, and lose the answer.
    said += &raw(format!("GET /healthz HTTP/1.1\r\nX: {}", "a".repeat(8192 - 26 + 1)).into_bytes()).await;
    said += &raw(b"\x16\x03\x01\r\n\r\n".to_vec()).await;
    assert_snapshot!(said);
    server.abort();
}

/// What was logged, for a test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log of an hour, without its times.
async fn logged(format: LogFormat) -> String {
    // Whether anybody listens to a kind of event is remembered for all threads; without this, a test beside this one that has no log
    // would make it remember that nobody does.
    let _ = tracing::subscriber::set_global_default(log::to(LogFormat::Text, std::io::sink));
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = log::to(format, move || writer.clone());
    let _on = tracing::subscriber::set_default(subscriber);
    let job = Scripted::new(&[("a", 25)], true);
    let stand = stand(sources(&[("a", "*/20 * * * *"), ("silent", "50 * * * *")]), false, &job);
    sleep(Duration::from_mins(55)).await;
    tracing::info!(target: "hyper", "what a library says");
    assert_eq!(stand.ends().await, Farewell::Orderly);
    let text = String::from_utf8(lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap();
    let timeless = |line: &str| match line.split_once("\"timestamp\":\"") {
        Some((head, rest)) => {
            format!("{head}\"timestamp\":\"TIME{}\n", &rest[rest.find('"').unwrap_or(0)..])
        }
        None => format!("TIME {}\n", line.split_once(' ').map_or(line, |(_, rest)| rest)),
    };
    text.lines().map(timeless).collect()
}

#[tokio::test(start_paused = true)]
async fn the_log_is_lines_for_people() {
    assert_snapshot!(logged(LogFormat::Text).await);
}

#[tokio::test(start_paused = true)]
async fn the_log_is_objects_for_programs() {
    let text = logged(LogFormat::Json).await;
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
    assert_snapshot!(text);
}

#[test]
fn texts_of_events_are_bounded_and_on_one_line() {
    assert_eq!(plain("a\nb\x1b[31m"), "a b [31m");
    assert_eq!(plain(&"x".repeat(1000)).chars().count(), 301);
}
