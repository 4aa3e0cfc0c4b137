//! The configuration of `muster run`: one file, read once, with every mistake told at its place.

mod channels;
mod file;
mod leaf;
mod schema;
mod shape;
mod survey;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_collect::{Options, Target};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::export::Format;
use crate::notify::Channel;
use crate::secret::{Secret, Variables, expand};
use crate::watch::Schedule;

pub(crate) use file::LogFormat;
pub(crate) use leaf::{Name, Wrong};
pub(crate) use schema::schema_text;
pub(crate) use survey::survey;

use file::{File, OptionValue, SourceTable};
use leaf::As;
use schema::schema;
use shape::{Fault, Shape};

/// Where a configuration is looked for.
pub(crate) const DEFAULT_PATH: &str = "muster.toml";
/// What `muster init` writes: every section, most of it commented out.
pub(crate) const TEMPLATE: &str = include_str!("template.toml");

/// No configuration is longer; a device or a log that was named by mistake is.
const MOST_BYTES: u64 = 1 << 20;
const KEEP_RUNS: u32 = 30;
const GRACE: Duration = Duration::from_secs(30);
/// This machine alone: what the endpoints tell needs no password.
const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9464));

/// A configuration that holds together.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where what was found is kept; nothing for the usual place.
    pub(crate) store: Option<Store>,
    /// Whether a password of the store stands in the file itself.
    pub(crate) open_password: bool,
    /// What is scanned, in the order of the file.
    pub(crate) sources: Vec<Source>,
    /// Whether every scheduled source is scanned when the daemon starts.
    pub(crate) run_at_start: bool,
    /// What is written after every run.
    pub(crate) exports: Vec<Export>,
    /// Who is told of what changed, each with a name of its own, and ready to be told.
    pub(crate) channels: Vec<Channel>,
    /// How long runs are kept.
    pub(crate) retention: Retention,
    /// How the daemon can be watched.
    pub(crate) watch: Watch,
}

/// Where what was found is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Store {
    /// A file.
    File(PathBuf),
    /// A database server. The URL may hold a password.
    Url(Secret),
}

impl Store {
    /// Reads a path, relative to a folder, or a URL, with variables in it.
    pub(crate) fn parse(text: &str, folder: &Path, variables: Variables<'_>) -> Result<Self, Wrong> {
        let text = expand(text, variables)?;
        let is_url = text.expose().contains("://");
        Ok(if is_url { Self::Url(text) } else { Self::File(folder.join(text.expose())) })
    }
}

/// What is scanned together, under one name.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name; no other source has it.
    pub(crate) name: Name,
    /// Its targets as `Plan::of` takes them, with paths that hold from the folder of the process; at least one.
    pub(crate) targets: Vec<Target>,
    /// When it is scanned; nothing where only `muster run` without `--watch` does.
    pub(crate) schedule: Option<Schedule>,
    /// After how long a scan of it is given up; nothing for never.
    pub(crate) timeout: Option<Duration>,
    /// The options of its targets.
    pub(crate) options: Options,
    /// The names of the options that are set.
    pub(crate) option_names: Vec<String>,
}

/// A file that is written after every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Export {
    /// Its format.
    pub(crate) format: Format,
    /// Where it is, from the folder of the process.
    pub(crate) path: PathBuf,
}

/// How long runs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Runs that are older are removed; nothing for none.
    pub(crate) keep: Option<Duration>,
    /// So many of the newest runs stay, however old they are; at least 1.
    pub(crate) keep_runs: u32,
}

/// How the daemon can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watch {
    /// The address of the endpoints.
    pub(crate) listen: SocketAddr,
    /// How lines of the log are written.
    pub(crate) log_format: LogFormat,
    /// How long a run may take to end when the daemon is told to.
    pub(crate) grace: Duration,
}

/// One mistake in a configuration, or something in it that may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file, with line and column where there are any; both count from 1, columns in characters.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) what: String,
    /// What to write instead.
    pub(crate) help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl Config {
    /// Reads a file. On a mistake, all mistakes.
    pub(crate) fn read(path: &Path, variables: Variables<'_>) -> Result<Self, Vec<Problem>> {
        let whole = |what: String, help: &str| {
            vec![Problem { place: path.display().to_string(), what, help: help.to_owned() }]
        };
        let file = std::fs::File::open(path).map_err(|error| {
            whole(
                format!("cannot be read: {error}"),
                "`muster init` writes one; another is named with `--config FILE`",
            )
        })?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| {
            whole(format!("cannot be read: {error}"), "give the file that `muster init` wrote")
        })?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(whole("is longer than 1 MiB".to_owned(), "give the file that `muster init` wrote"));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| whole("is no text in UTF-8".to_owned(), "save it as UTF-8"))?;
        Self::parse(&text, path, variables)
    }

    /// Reads the text of the file at a path, which paths in it are relative to.
    pub(crate) fn parse(text: &str, path: &Path, variables: Variables<'_>) -> Result<Self, Vec<Problem>> {
        let (tree, errors) = DeTable::parse_recoverable(text);
        let syntax = errors.iter().map(|error| Fault {
            at: error.span().unwrap_or_default(),
            what: format!("this is no TOML: {}", error.message()),
            help: "correct the line; `muster init` shows how one is written".to_owned(),
        });
        let tree = Spanned::new(tree.span(), DeValue::Table(tree.into_inner()));
        let mut faults: Vec<Fault> = syntax.take(shape::MOST).collect();
        // What could not be read has no shape, and each of its pieces would be told again.
        if faults.is_empty() {
            let mut shape = Shape::new(variables);
            shape.value(&schema(), &tree, "");
            faults = shape.faults;
            faults.extend(twice(tree.get_ref(), "source", "source"));
            faults.extend(twice(tree.get_ref(), "notify", "channel"));
        }
        if faults.is_empty() {
            match toml::from_str::<File>(text) {
                Ok(file) => match Self::of(file, path, variables) {
                    Ok(config) => {
                        faults = channels::faults(&config.channels, tree.get_ref(), variables);
                        if faults.is_empty() {
                            return Ok(config);
                        }
                    }
                    Err(Wrong { what, help }) => faults.push(Fault { at: 0..0, what, help }),
                },
                Err(error) => faults.push(Fault {
                    at: error.span().unwrap_or_default(),
                    what: error.message().to_owned(),
                    help: "`muster config schema` says what may stand here".to_owned(),
                }),
            }
        }
        faults.sort_by_key(|fault| fault.at.start);
        let problem = |fault: Fault| {
            let (line, column) = position(text, fault.at.start);
            let place = format!("{}:{line}:{column}", path.display());
            Problem { place, what: fault.what, help: fault.help }
        };
        Err(faults.into_iter().map(problem).collect())
    }

    fn of(file: File, path: &Path, variables: Variables<'_>) -> Result<Self, Wrong> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let jitter = file.schedule.jitter.map_or(Duration::ZERO, |jitter| jitter.0);
        let usual = file.schedule.cron.map(|cron| cron.0);
        let sources = file.source.into_iter().map(|table| source(table, folder, usual.as_ref(), jitter));
        let exports = file.export.into_iter();
        let open_password = file.store.as_deref().is_some_and(leaf::has_password);
        let store = file.store.map(|text| Store::parse(&text, folder, variables)).transpose()?;
        Ok(Self {
            store,
            open_password,
            sources: sources.collect::<Result<_, _>>()?,
            run_at_start: file.schedule.run_at_start,
            exports: exports
                .map(|table| Export { format: table.format.0, path: folder.join(table.path) })
                .collect(),
            channels: file.notify.into_iter().map(|channel| channel.placed(folder)).collect(),
            retention: Retention {
                keep: file.retention.keep.map(|keep| keep.0),
                keep_runs: file.retention.keep_runs.unwrap_or(KEEP_RUNS),
            },
            watch: Watch {
                listen: file.watch.listen.map_or(LISTEN, |listen| listen.0),
                log_format: file.watch.log_format.map_or_else(LogFormat::default, |format| format.0),
                grace: file.watch.grace.map_or(GRACE, |grace| grace.0),
            },
        })
    }
}

fn source(
    table: SourceTable,
    folder: &Path,
    usual: Option<&Schedule>,
    jitter: Duration,
) -> Result<Source, Wrong> {
    let own = table.schedule.map(|schedule| schedule.0);
    let schedule = own.or_else(|| usual.cloned()).map(|schedule| schedule.with_jitter(jitter));
    let targets = table.targets.into_iter().map(|target| placed(target.0, folder));
    let given: BTreeMap<String, Vec<String>> = table
        .options
        .into_iter()
        .filter_map(|(name, value): (String, OptionValue)| value.values().map(|values| (name, values)))
        .collect();
    let mut options = Options::default();
    let option_names = given.keys().cloned().collect();
    for (name, values) in given {
        // As on the command line, where commas separate the values of options that take several.
        let values = if many(&name) {
            values.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
        } else {
            values
        };
        options.set(name, values);
    }
    Ok(Source {
        name: table.name.0,
        targets: targets.collect::<Result<_, _>>()?,
        schedule,
        timeout: table.timeout.map(|As(timeout)| timeout),
        options,
        option_names,
    })
}

fn many(name: &str) -> bool {
    crate::collectors::options().any(|(_, option)| option.name == name && option.many)
}

/// The target with its path, if it has one, from the folder of the process.
fn placed(target: Target, folder: &Path) -> Result<Target, Wrong> {
    target.below(folder).ok_or_else(|| {
        Wrong::new(
            "the folder of this file has a name that no target can hold",
            "move the file, or run muster in its folder",
        )
    })
}

/// The names of tables under a key that were given to an earlier one. `called` is what such a table is.
fn twice(file: &DeValue<'_>, key: &str, called: &str) -> Vec<Fault> {
    let tables = file.get(key).and_then(|tables| tables.get_ref().as_array());
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for name in tables.into_iter().flatten().filter_map(|table| table.get_ref().get("name")) {
        let Some(text) = name.get_ref().as_str() else { continue };
        if !seen.insert(text) {
            faults.push(Fault {
                at: name.span(),
                what: format!("`{key}.name` is the name of another {called}"),
                help: format!("give each {called} a name of its own"),
            });
        }
    }
    faults
}

/// The line and the column of a byte, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
