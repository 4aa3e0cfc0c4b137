//! The `muster` binary.

mod cli;
mod clock;
mod collectors;
mod correlate;
mod explain;
mod export;
mod page;
#[cfg(test)]
mod sample;
mod scan;

fn main() -> std::process::ExitCode {
    cli::main()
}
