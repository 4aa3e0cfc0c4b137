//! The configuration file as it is written; what its fields say here is what the schema says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use muster_collect::Target;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::leaf::{As, Choice, Name};
use crate::collectors;
use crate::export::Format;
use crate::notify::Channel;
use crate::watch::Schedule;

/// What `muster run` scans, when, and what becomes of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Configuration of muster")]
pub(super) struct File {
    /// Where what was found is kept: the path of a file, relative to this one, or a URL of PostgreSQL. `${NAME}` stands for a
    /// variable of the environment; a password belongs there. By default a file in the data folder of the user.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = super::shape::EXPANDED))]
    pub(super) store: Option<String>,
    /// What is scanned: one table for each source.
    #[serde(default)]
    pub(super) source: Vec<SourceTable>,
    /// When `muster run --watch` scans.
    #[serde(default)]
    pub(super) schedule: ScheduleTable,
    /// What is written after every run: one table for each file.
    #[serde(default)]
    pub(super) export: Vec<ExportTable>,
    /// Who is told of what changed: one table for each channel.
    #[serde(default)]
    pub(super) notify: Vec<Channel>,
    /// How long runs are kept.
    #[serde(default)]
    pub(super) retention: RetentionTable,
    /// How `muster run --watch` can be watched.
    #[serde(default)]
    pub(super) watch: WatchTable,
}

/// A source: targets that are scanned together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct SourceTable {
    /// What it is called, in metrics, logs and after `--source`: small letters, digits and dashes. No other source may have the name.
    pub(super) name: As<Name>,
    /// What is scanned, written as for `muster scan`. A path is relative to this file.
    #[schemars(length(min = 1))]
    pub(super) targets: Vec<As<Target>>,
    /// When it is scanned, in place of `cron` in `[schedule]`: five fields of cron in UTC, or `@daily` and the like.
    #[serde(default)]
    #[schemars(with = "As<Schedule>")]
    pub(super) schedule: Option<As<Schedule>>,
    /// After how long a scan of it is given up, as `2h`; by default never.
    #[serde(default)]
    #[schemars(with = "As<Duration>")]
    pub(super) timeout: Option<As<Duration>>,
    /// The options that `muster scan` has for such targets, without the dashes in front.
    #[serde(default)]
    #[schemars(with = "OptionsTable")]
    pub(super) options: BTreeMap<String, OptionValue>,
}

/// The value of one option.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OptionValue {
    Flag(bool),
    Number(i64),
    Text(String),
    Many(Vec<String>),
}

impl OptionValue {
    /// The values as the command line would give them; nothing for a flag that is not set.
    pub(super) fn values(self) -> Option<Vec<String>> {
        match self {
            Self::Flag(set) => set.then(|| vec![String::new()]),
            Self::Number(number) => Some(vec![number.to_string()]),
            Self::Text(text) => Some(vec![text]),
            Self::Many(texts) => Some(texts),
        }
    }
}

/// The options of all collectors, for the schema.
struct OptionsTable;

impl JsonSchema for OptionsTable {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "options".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = serde_json::Map::new();
        for (_, option) in collectors::options() {
            let mut schema = if option.value.is_empty() {
                json_schema!({ "type": "boolean" })
            } else if option.many {
                json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
            } else {
                json_schema!({ "type": ["string", "integer"] })
            };
            schema.insert("description".to_owned(), option.help.into());
            if !option.value.is_empty() {
                let format = format!("{}{}", super::shape::OPTION, option.name);
                schema.insert("format".to_owned(), format.into());
            }
            properties.insert(option.name.to_owned(), schema.into());
        }
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}

/// When to scan.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct ScheduleTable {
    /// When the sources are scanned that have no `schedule` of their own: minute, hour, day of the month, month and day of the week,
    /// in UTC, or `@hourly`, `@daily`, `@weekly`, `@monthly`.
    #[serde(default)]
    #[schemars(with = "As<Schedule>")]
    pub(super) cron: Option<As<Schedule>>,
    /// Each run begins later than its schedule says by a part of this, as `10m`, so that not all machines ask at once.
    #[serde(default)]
    #[schemars(with = "As<Duration>")]
    pub(super) jitter: Option<As<Duration>>,
    /// Also scan every scheduled source once when the daemon starts.
    #[serde(default)]
    pub(super) run_at_start: bool,
}

/// A file that is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct ExportTable {
    /// The format, by the name that `muster scan --format` takes.
    pub(super) format: Choice<Format>,
    /// The file, relative to this one; an old one is replaced as a whole.
    #[schemars(with = "String", length(min = 1))]
    pub(super) path: PathBuf,
}

/// How long runs are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct RetentionTable {
    /// Runs that are older are removed, as `400d`; by default none are.
    #[serde(default)]
    #[schemars(with = "As<Duration>")]
    pub(super) keep: Option<As<Duration>>,
    /// So many of the newest runs are kept, however old they are; 30 by default.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 1_000_000))]
    pub(super) keep_runs: Option<u32>,
}

/// How the daemon can be watched.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct WatchTable {
    /// The address of `/healthz`, `/readyz` and `/metrics`. Whoever can reach it may read them, without a password.
    /// `127.0.0.1:9464` by default, which only programs on the same machine reach.
    #[serde(default)]
    #[schemars(with = "As<SocketAddr>")]
    pub(super) listen: Option<As<SocketAddr>>,
    /// How lines of the log are written.
    #[serde(default)]
    #[schemars(with = "Choice<LogFormat>")]
    pub(super) log_format: Option<Choice<LogFormat>>,
    /// How long a run that is going may take to end when the daemon is told to; `30s` by default.
    #[serde(default)]
    #[schemars(with = "As<Duration>")]
    pub(super) grace: Option<As<Duration>>,
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object of JSON on each line.
    Json,
}
