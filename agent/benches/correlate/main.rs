//! An organisation of 100,000 components and 20,000 identities, made into systems and joined.
//!
//! `cargo bench -p muster --bench correlate` prints what is aimed at beside what it measured, and ends with code 1 where something is
//! missed: the time may grow 2.2 times where the organisation doubles, the memory of the process stays below 300 MB, and the order in
//! which things were seen changes no byte. A quick try is `UNITS=500 cargo bench …`.
#![expect(clippy::print_stdout, reason = "what a bench measures is printed")]
#![expect(clippy::disallowed_methods, reason = "a bench is told by its environment what to do")]

// The binary has no library: what it is made of is compiled in here, with what its tests need, since cargo means those with a bench.
#[path = "../../src"]
#[allow(dead_code, unused_imports, unused_macros, reason = "a bench uses a part of it")]
mod binary {
    pub(crate) mod correlate;
    pub(crate) mod sample;
}
#[allow(unused_imports, reason = "where the parts of the binary look for one another")]
use binary::{correlate, sample};
mod organisation;

use std::process::{Command, ExitCode};
use std::time::Duration;

use asmm_model::{Inventory, Observation};
use correlate::{Correlated, Decided};

/// As the binary has it.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Each has a code, a workload and two roles, with 20 components and 4 identities.
const UNITS: usize = 5_000;
/// How often each size is measured; the least counts, since whatever disturbs only adds to it.
const TIMES: usize = 9;
/// Growth of the time where the organisation doubles.
const GROWTH: f64 = 2.2;
/// Megabytes at the peak of this process, with all that was observed.
const MEMORY: f64 = 300.0;

/// Says to a process of its own how many units it measures, and how often: `5000 1`.
const ONCE: &str = "MUSTER_BENCH_UNITS";

fn main() -> ExitCode {
    // Ours to answer: cargo asks whether there are tests in here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse::<usize>().ok());
    if let Ok(told) = std::env::var(ONCE) {
        let numbers: Vec<usize> = told.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [units, times] = numbers[..] else { return ExitCode::FAILURE };
        once(units, times);
        return ExitCode::SUCCESS;
    }
    let units = number("UNITS").unwrap_or(UNITS);
    let mut kept = true;
    let mut before: Option<Measured> = None;
    println!(
        "{:>10} {:>10} {:>8} {:>8} {:>9} {:>9} {:>8} {:>8}",
        "components", "identities", "systems", "joins", "ms", "of joins", "growth", "MB"
    );
    let sizes = [units / 4, units / 2, units];
    for (units, measured) in sizes.into_iter().zip(Measured::of(sizes)) {
        let growth = before.map(|before| measured.whole / before.whole);
        let shown = growth.map_or_else(String::new, |growth| format!("{growth:.2}x"));
        println!(
            "{:>10} {:>10} {:>8} {:>8} {:>9.0} {:>9.0} {shown:>8} {:>8.0}",
            units * organisation::COMPONENTS,
            units * organisation::IDENTITIES,
            measured.systems,
            measured.joins,
            measured.whole,
            measured.joining,
            measured.megabytes,
        );
        kept &= growth.is_none_or(|growth| growth <= GROWTH) && measured.megabytes <= MEMORY;
        before = Some(measured);
    }
    println!("limits: {GROWTH}x where the organisation doubles, {MEMORY:.0} MB");
    let few = units / 10;
    let told = |observations| serde_json::to_string(&joined(observations)).expect("it can be written");
    let mut turned = organisation::observations(few);
    organisation::shuffle(&mut turned);
    let same = told(organisation::observations(few)) == told(turned);
    println!("another order of what was seen: {}", if same { "the same bytes" } else { "OTHER BYTES" });
    kept &= same;
    println!("{}", if kept { "all kept" } else { "MISSED" });
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one organisation took: milliseconds on a processor, and megabytes at the peak of the process.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Measured {
    whole: f64,
    joining: f64,
    megabytes: f64,
    systems: f64,
    joins: f64,
}

impl Measured {
    /// The quickest of several processes of each size, all sizes in turn: what else the machine does comes and goes in the course of
    /// minutes, and is not to fall on one size alone.
    fn of(sizes: [usize; 3]) -> [Self; 3] {
        let program = std::env::current_exe().expect("it runs");
        let most = sizes.into_iter().max().unwrap_or(1);
        let one = |units: usize| {
            // Every process works for as long as the others: what disturbs one of them is as likely to disturb any.
            let told = format!("{units} {}", most / units.max(1));
            let ended = Command::new(&program).env(ONCE, told).output().expect("it can be run");
            let text = String::from_utf8_lossy(&ended.stdout);
            let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            let [whole, joining, megabytes, systems, joins] = numbers[..] else {
                panic!("five numbers are expected: {text}{}", String::from_utf8_lossy(&ended.stderr))
            };
            Self { whole, joining, megabytes, systems, joins }
        };
        let mut best = sizes.map(one);
        for _ in 1..TIMES {
            for (best, units) in best.iter_mut().zip(sizes) {
                let next = one(units);
                if next.whole < best.whole {
                    *best = next;
                }
            }
        }
        best
    }
}

/// Measures one organisation so often, and prints what [`Measured`] reads of one time. The first time does not count: memory that a
/// process has for the first time is cleared by the system, and how long that takes is a matter of the machine.
fn once(units: usize, times: usize) {
    measured(units);
    let all: Vec<[f64; 4]> = (0..times.max(1)).map(|_| measured(units)).collect();
    let count = f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX));
    let mean = |column: usize| all.iter().map(|one| one[column]).sum::<f64>() / count;
    let [whole, joining, systems, joins] = [mean(0), mean(1), mean(2), mean(3)];
    println!("{whole} {joining} {} {systems} {joins}", peak());
}

/// Milliseconds of it all and of joining, systems, and joins.
fn measured(units: usize) -> [f64; 4] {
    let observations = organisation::observations(units);
    let began = worked();
    let alone = alone(observations);
    let made = worked();
    let inventory = correlate::joined(alone, &Decided::default());
    let ended = worked();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let joins: usize = inventory.systems.iter().map(|system| system.joins.len()).sum();
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    [
        milliseconds(ended.saturating_sub(began)),
        milliseconds(ended.saturating_sub(made)),
        count(inventory.systems.len()),
        count(joins),
    ]
}

/// What was observed, as systems that are not joined.
fn alone(observations: Vec<Observation>) -> Inventory {
    let Correlated { systems, components, identities } = correlate::correlate(observations, true);
    Inventory { systems, components, identities, ..sample::inventory(Vec::new()) }
}

fn joined(observations: Vec<Observation>) -> Inventory {
    correlate::joined(alone(observations), &Decided::default())
}

/// How long this thread was on a processor: what else runs on the machine is not measured.
fn worked() -> Duration {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(schedule.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// Megabytes that the process had at most.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilo = line.and_then(|line| line.split_whitespace().next()).and_then(|kilo| kilo.parse::<u32>().ok());
    f64::from(kilo.unwrap_or(u32::MAX)) / 1024.0
}
