//! A cluster of thousands of pods on a real server: what a scan of it costs, beside fetching the same pages and reading none.
//!
//! `cargo bench -p muster-kubernetes` loads 10,000 pods of 13 KB, scans them and fetches them with the raw client of kube, each in
//! a process of its own, in turns. The project aims at no more than 1.5 times the CPU of fetching, and 60 MB at the peak.
//! `PODS=30000 cargo bench -p muster-kubernetes` does it with more; 90 MB are aimed at then.
#![expect(clippy::print_stdout, reason = "what a bench measures is printed")]
#![expect(clippy::disallowed_methods, reason = "a bench is told by its environment what to do")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use muster_collect::{Context, Options, Target, conformance};
use muster_kubernetes::KubernetesCollector;
use muster_rules::RulePack;
use muster_tests::kubernetes::Cluster;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// As the binary has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const RUNS: usize = 3;
/// Under this name a process of the bench is told which half it is.
const HALF: &str = "MUSTER_BENCH_HALF";

fn main() {
    // Ours to answer: cargo asks whether there are tests in here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    match std::env::var(HALF).as_deref() {
        Ok("scan") => runtime().block_on(scan()),
        Ok("fetch") => runtime().block_on(fetch()),
        _ => compare(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn compare() {
    let pods = std::env::var("PODS").ok().and_then(|pods| pods.parse().ok()).unwrap_or(10_000);
    let cluster = Cluster::start();
    cluster.load_pods("load", pods);
    let kubeconfig = cluster.kubeconfig();
    // The first answer fills what the server keeps.
    half("fetch", &kubeconfig);
    let (mut scans, mut fetches) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        scans.push(half("scan", &kubeconfig));
        fetches.push(half("fetch", &kubeconfig));
    }
    let cpu = |all: &[(u64, u64)]| all.iter().map(|(cpu, _)| *cpu).min().unwrap_or(0).max(1);
    let peak = |all: &[(u64, u64)]| all.iter().map(|(_, peak)| *peak).max().unwrap_or(0);
    println!("{pods} pods: scanned in {} ms of CPU, {} MB at the peak", cpu(&scans), peak(&scans));
    println!("fetched with the raw client in {} ms of CPU, {} MB at the peak", cpu(&fetches), peak(&fetches));
    println!("a scan takes {} % of the CPU of fetching", cpu(&scans) * 100 / cpu(&fetches));
}

/// Milliseconds of CPU and megabytes at the peak of one half, in a process of its own.
fn half(which: &str, kubeconfig: &Path) -> (u64, u64) {
    let own = std::env::current_exe().expect("a bench knows where it is");
    let output =
        Command::new(own).env(HALF, which).env("KUBECONFIG", kubeconfig).output().expect("it runs again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    print!("{text}");
    let number = |key: &str| {
        let line = text.lines().find_map(|line| line.split_once(key)).expect("it prints what it took");
        line.1.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    };
    (number("cpu "), number("peak "))
}

async fn scan() {
    let mut options = Options::default();
    options.set("k8s-rate", vec!["1000".to_owned()]);
    let rules = Arc::new(RulePack::for_scan(None).expect("the built-in rules"));
    let cx = Context { options: Arc::new(options), ..Context::new(rules) };
    let target = Target::parse("k8s:").expect("a target");
    let outcome = conformance::scan(&KubernetesCollector, &target, &cx).await.expect("it is scanned");
    let seen: u64 = outcome.coverage.iter().map(|coverage| coverage.seen).sum();
    took(&format!("scan: {seen} objects"));
}

/// A list of which only the place of the next page is kept: the least that the raw client can be asked for.
#[derive(Deserialize)]
struct Pages {
    metadata: Place,
    #[expect(dead_code, reason = "it is skipped over, as by whoever wants nothing of it")]
    items: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default, rename = "continue")]
    next: String,
}

/// The same pages, by the raw client of kube.
async fn fetch() {
    let client = kube::Client::try_default().await.expect("a client");
    let mut pages = 0;
    let paths =
        ["/api/v1/pods", "/apis/apps/v1/deployments", "/apis/rbac.authorization.k8s.io/v1/clusterroles"];
    for path in paths {
        let mut next = String::new();
        loop {
            let uri = format!("{path}?limit=500{}{next}", if next.is_empty() { "" } else { "&continue=" });
            let request = http::Request::get(uri).body(Vec::new()).expect("a request");
            let page: Pages = client.request(request).await.expect("an answer");
            pages += 1;
            next = page.metadata.next;
            if next.is_empty() {
                break;
            }
        }
    }
    took(&format!("fetch: {pages} pages"));
}

/// Prints what this process took so far.
fn took(what: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next());
    let peak: u64 = peak.and_then(|kb| kb.parse().ok()).unwrap_or(0) / 1024;
    // Behind the name in brackets: user and system time are the twelfth and thirteenth field, in hundredths of a second.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    println!("{what}: cpu {} ms, peak {peak} MB", ticks * 10);
}
