//! The log of the daemon on standard error: one line for each event, for people or for programs.

use std::io;

use tracing::Level;
use tracing::subscriber::Subscriber;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::LogFormat;

/// Longest text of an event, in characters.
const LONGEST: usize = 300;

/// Writes events of muster to standard error from now on. Others of this process are not written: what libraries log may hold what
/// they were asked for. Only the first call counts.
pub(crate) fn begin(format: LogFormat) {
    // A second subscriber can only come from a test; the first one writes the same.
    let _ = tracing::subscriber::set_global_default(to(format, io::stderr));
}

/// Writes events of muster to a writer.
pub(super) fn to<W>(format: LogFormat, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let ours = Targets::new().with_target("muster", Level::INFO);
    // Where standard error is gone, there is nobody to tell, and telling it there would end the daemon.
    let lines = tracing_subscriber::fmt::layer().log_internal_errors(false);
    let lines = lines.with_writer(writer).with_ansi(false).with_target(false);
    match format {
        LogFormat::Text => Box::new(tracing_subscriber::registry().with(lines.with_filter(ours))),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            Box::new(tracing_subscriber::registry().with(lines.with_filter(ours)))
        }
    }
}

/// A text for an event: bounded, and without what a terminal or a reader of lines would obey.
pub(super) fn plain(text: &str) -> String {
    let mut plain: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        plain.push('…');
    }
    plain
}
