//! `muster run`: scans what a configuration says, once or by its schedules.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch::Receiver;

use muster_collect::{NoProgress, Stop};

use super::exit::Exit;
use super::printer::Printer;
use super::{UsageError, environment, nearest};
use crate::config::{Config, DEFAULT_PATH, LogFormat, Source, Store, Wrong};
use crate::run::Runner;
use crate::store::StoreError;
use crate::watch::{self, Ended, Farewell, Health, Job, Metrics, RunReport, Settings, Shown};
use crate::{clock, history, store};

/// Scan what a configuration says, once or by its schedules
///
/// Without `--watch`, every source is scanned once, for cron and timers that say when. With it, the schedules of the configuration say
/// when, until the process is asked to end.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster run
  muster run -c /etc/muster/muster.toml --source accounts
  muster run --watch --log-format json

Exit codes:
   0  done, also when some sources failed: `muster runs` and `muster diff` say what is known of them
   1  every source failed, another run is under way, or a file or a notice could not be sent
   2  the command line or the configuration has a mistake
   4  something that was meant to be seen could not be (only with --strict-coverage)")]
pub(super) struct Run {
    /// The configuration
    #[arg(long, short, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
    /// Go on as a daemon, by the schedules of the configuration
    #[arg(long)]
    watch: bool,
    /// Scan this source alone; may be given several times
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
    /// Where what is found is kept, in place of what the configuration says; `${NAME}` stands for a variable of the environment
    #[arg(long, value_name = "PATH_OR_URL")]
    store: Option<String>,
    /// How lines of the log of the daemon are written, in place of what the configuration says
    #[arg(long, value_name = "FORMAT", value_enum)]
    log_format: Option<LogFormat>,
    /// End with code 4 when something that was meant to be seen could not be
    #[arg(long, conflicts_with = "watch")]
    strict_coverage: bool,
    /// Neither use nor keep what an earlier run saw: everything is read
    #[arg(long)]
    no_cache: bool,
}

impl Run {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Some(config) = self.configuration(printer)? else { return Ok(Exit::Usage) };
        if config.sources.is_empty() {
            let what = format!("`{}` names no source", self.config.display());
            return Err(UsageError::new(
                what,
                "write a `[[source]]` with its targets; `muster init` shows how",
            )
            .into());
        }
        let place = place(config.store.as_ref())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let cache = if self.no_cache { None } else { super::cache::of_scan(Some(&place), printer) };
        let runner = Runner {
            cache,
            store: runtime.block_on(store::Store::open(&place))?,
            rules: Arc::new(super::rules::for_scan(None)?),
            threads: super::scan::processors(),
            fingerprints: environment::fingerprint_key()?,
            environment: Arc::new(environment::handed_on()),
            progress: if self.watch { Arc::new(NoProgress) } else { printer.progress() },
            exports: config.exports.clone(),
            channels: config.channels.clone(),
            retention: config.retention,
            variable: environment::variable,
        };
        if self.watch {
            watch::begin_log(config.watch.log_format);
            let farewell = runtime.block_on(daemon(&config, Arc::new(runner)));
            // Threads of a run that did not stop in time must not keep the process.
            runtime.shutdown_background();
            return farewell.map(|_| Exit::Done);
        }
        let ended = runtime.block_on(async {
            let (run, report) = once(&config, &runner).await?;
            let difference = runner.difference(&run).await?;
            anyhow::Ok((report, difference))
        });
        // The file is whole in itself then, for whoever copies it.
        runtime.block_on(runner.store.close());
        runtime.shutdown_background();
        let (report, difference) = ended?;
        printer.page(&history::page(&difference, printer.surface().width))?;
        Ok(self.told(&report, printer))
    }

    /// Says how each source ended, and gives the exit code that comes of it.
    fn told(&self, report: &RunReport, printer: &mut Printer) -> Exit {
        for (name, source) in &report.sources {
            let why = source.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            match source.ended {
                Ended::Done => {}
                Ended::Gaps => printer.note(&format!("something of `{name}` could not be seen{why}")),
                Ended::Stopped => {
                    printer.warning(&format!("`{name}` was not scanned: the run was asked to end"));
                }
                Ended::Failed | Ended::TimedOut => printer.warning(&format!("`{name}` failed{why}")),
            }
        }
        for fault in &report.faults {
            printer.error(fault, None);
        }
        let any = |is: fn(Ended) -> bool| report.sources.values().any(|source| is(source.ended));
        if !any(Ended::is_success) || !report.faults.is_empty() {
            Exit::Failed
        } else if self.strict_coverage && any(|ended| ended != Ended::Done) {
            Exit::Gaps
        } else {
            Exit::Done
        }
    }

    /// The configuration with what the command line says in its place; nothing where the file has mistakes, which are told then.
    fn configuration(&self, printer: &mut Printer) -> Result<Option<Config>, UsageError> {
        let Some(config) = super::config::read(&self.config, printer) else { return Ok(None) };
        self.applied(config).map(Some)
    }

    fn applied(&self, mut config: Config) -> Result<Config, UsageError> {
        if let Some(text) = &self.store {
            let store = Store::parse(text, Path::new(""), &environment::variable);
            config.store = Some(
                store.map_err(|Wrong { what, help }| UsageError::new(format!("`--store` {what}"), help))?,
            );
        }
        if let Some(format) = self.log_format {
            config.watch.log_format = format;
        }
        for name in &self.sources {
            let known = || config.sources.iter().map(|source| source.name.as_str());
            if !known().any(|known| known == name) {
                let help = match nearest::nearest(known(), name) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its sources are: {}", known().collect::<Vec<_>>().join(", ")),
                };
                let what = format!("`{}` has no source `{name}`", self.config.display());
                return Err(UsageError::new(what, help));
            }
        }
        if !self.sources.is_empty() {
            config.sources.retain(|source| self.sources.iter().any(|name| name == source.name.as_str()));
        }
        if self.watch && config.sources.iter().all(|source| source.schedule.is_none()) {
            return Err(UsageError::new(
                format!("no source of `{}` has a schedule", self.config.display()),
                "write `cron = \"30 2 * * *\"` in `[schedule]`, or run it without `--watch`",
            ));
        }
        Ok(config)
    }
}

/// The daemon, until the process is asked to end.
async fn daemon(config: &Config, runner: Arc<Runner>) -> anyhow::Result<Farewell> {
    let shutdown = watch::signals()?;
    watched(config, seed(), runner, shutdown).await
}

/// One run of all sources; asked to end, it ends soon.
async fn once(config: &Config, runner: &Runner) -> Result<(store::Run, RunReport), StoreError> {
    let sources: Vec<Arc<Source>> = config.sources.iter().cloned().map(Arc::new).collect();
    let stop = Stop::new();
    if let Ok(mut shutdown) = watch::signals() {
        let stop = stop.clone();
        tokio::spawn(async move {
            // Where nobody can tell any more, nobody will.
            if shutdown.wait_for(|told| *told).await.is_ok() {
                stop.ask();
            }
        });
    }
    runner.once(&sources, &stop).await
}

/// The loop and the endpoints beside it, until `shutdown` becomes true.
async fn watched<J: Job>(
    config: &Config,
    seed: u64,
    job: Arc<J>,
    shutdown: Receiver<bool>,
) -> anyhow::Result<Farewell> {
    let address = config.watch.listen;
    let listener = watch::listen(address).await.map_err(|error| {
        UsageError::new(
            format!("nothing can listen at `{address}`: {error}"),
            "give another address as `listen` in `[watch]`",
        )
    })?;
    let shown = Shown { health: Arc::new(Health::new()), metrics: Arc::new(Metrics::new()) };
    let endpoints = tokio::spawn(watch::serve(listener, shown.clone()));
    shown.health.set_ready();
    let settings = Settings {
        sources: config.sources.iter().cloned().map(Arc::new).collect(),
        run_at_start: config.run_at_start,
        grace: config.watch.grace,
        seed,
    };
    let farewell = watch::watch(&settings, clock::timestamp, shutdown, job, &shown).await;
    endpoints.abort();
    Ok(farewell)
}

/// Where what is found is kept: as the configuration says, or where commands that read it look.
fn place(store: Option<&Store>) -> Result<store::Place, StoreError> {
    match store {
        Some(Store::File(path)) => Ok(store::Place::File(path.clone())),
        Some(Store::Url(url)) => store::Place::named(url.expose()),
        None => match environment::variable("MUSTER_STORE") {
            Some(named) => store::Place::named(&named),
            None => store::Place::usual(environment::variable),
        },
    }
}

/// Another number on every machine, and the same every time.
fn seed() -> u64 {
    let mut hasher = blake3::Hasher::new();
    for file in ["/etc/machine-id", "/etc/hostname"] {
        // A machine that has neither shares its part of the jitter with others like it.
        hasher.update(&std::fs::read(file).unwrap_or_default());
    }
    let mut seed = [0; 8];
    seed.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(seed)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: Run,
    }

    const FILE: &str = "\
store = \"muster.db\"
[[source]]
name = \"code\"
targets = [\".\"]
[[source]]
name = \"accounts\"
targets = [\"aws:\"]
schedule = \"@daily\"
";

    fn applied(options: &[&str]) -> Result<Config, String> {
        let run = Line::parse_from([&["muster"], options].concat()).run;
        let config = Config::parse(FILE, Path::new("muster.toml"), &|_| None).unwrap();
        run.applied(config)
            .map_err(|mistake| format!("{mistake}; {}", mistake.help.as_deref().unwrap_or_default()))
    }

    #[test]
    fn the_command_line_is_put_in_place_of_the_file() {
        let config =
            applied(&["--source", "accounts", "--store", "other.db", "--log-format", "json"]).unwrap();
        let names: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["accounts"]);
        assert_eq!(config.store, Some(Store::File("other.db".into())));
        assert_eq!(config.watch.log_format, LogFormat::Json);
        assert_eq!(applied(&["--watch"]).unwrap().sources.len(), 2);
    }

    #[test]
    fn mistakes_of_the_command_line_say_what_to_write() {
        let mistake = |options: &[&str]| applied(options).unwrap_err();
        assert_eq!(
            mistake(&["--source", "acounts"]),
            "`muster.toml` has no source `acounts`; did you mean `accounts`?"
        );
        assert_eq!(
            mistake(&["--source", "x"]),
            "`muster.toml` has no source `x`; its sources are: code, accounts"
        );
        assert!(
            mistake(&["--watch", "--source", "code"])
                .starts_with("no source of `muster.toml` has a schedule")
        );
        assert!(mistake(&["--store", "${MUSTER_IS_NOT_SET}"]).starts_with("`--store` names the variable"));
    }

    /// Says when it was asked.
    struct Asked(tokio::sync::mpsc::Sender<Vec<String>>);

    impl Job for Asked {
        async fn run(&self, sources: Vec<Arc<Source>>, _: Stop) -> RunReport {
            let names = sources.iter().map(|source| source.name.to_string()).collect();
            self.0.send(names).await.unwrap();
            RunReport::default()
        }
    }

    #[tokio::test]
    async fn the_daemon_runs_and_ends_when_it_is_told_to() {
        let text = FILE.to_owned() + "[schedule]\nrun_at_start = true\n[watch]\nlisten = \"127.0.0.1:0\"\n";
        let config = Config::parse(&text, Path::new("muster.toml"), &|_| None).unwrap();
        let (asked, mut was_asked) = tokio::sync::mpsc::channel(1);
        let (end, shutdown) = tokio::sync::watch::channel(false);
        let daemon = watched(&config, 1, Arc::new(Asked(asked)), shutdown);
        let first = async {
            let first = was_asked.recv().await;
            end.send(true).unwrap();
            first
        };
        let both = async { tokio::join!(daemon, first) };
        let (farewell, first) = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
        assert_eq!(farewell.unwrap(), Farewell::Orderly);
        assert_eq!(first, Some(vec!["accounts".to_owned()]));
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_a_mistake_of_the_configuration() {
        let taken = watch::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = taken.local_addr().unwrap();
        let text = format!("[watch]\nlisten = \"{address}\"\n");
        let config = Config::parse(&text, Path::new("muster.toml"), &|_| None).unwrap();
        let (asked, _) = tokio::sync::mpsc::channel(1);
        let (_end, shutdown) = tokio::sync::watch::channel(false);
        let error = watched(&config, 1, Arc::new(Asked(asked)), shutdown).await.unwrap_err();
        assert!(error.downcast_ref::<UsageError>().is_some(), "{error}");
    }
}
