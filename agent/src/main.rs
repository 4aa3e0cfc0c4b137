//! The `muster` binary.

// Parsing makes and drops small nodes by the million: with this allocator a scan takes a twelfth less time than with that
// of the system, and no more memory. How it is set up stands in `.cargo/config.toml`.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod cli;
mod clock;
mod collectors;
#[expect(dead_code, reason = "`muster run` reads the rest of it")]
mod config;
mod correlate;
mod explain;
mod export;
mod history;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the run that sends notices is not connected yet")
)]
mod notify;
mod page;
#[cfg(test)]
mod sample;
mod scan;
#[allow(dead_code, reason = "runs of a configuration, which come next, use the rest of it")]
mod store;
mod watch;

fn main() -> std::process::ExitCode {
    cli::main()
}
