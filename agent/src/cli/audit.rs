//! `muster audit`: what people did, and whether anybody changed the record of it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::UsageError;
use super::exit::Exit;
use super::output::OutputFile;
use super::printer::Printer;
use super::store::{StoreOption, block_on};
use crate::page::{Line, Page, Tone};
use crate::store::{AuditEntry, Head, Verified};

/// How long whoever keeps entries may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest file of kept entries that is read.
const KEPT: u64 = 16 * 1024 * 1024;

/// Look at what people did, and whether the record of it is whole
///
/// Each entry holds the hash of the one before it. Nothing is ever changed or deleted: what was decided wrongly is decided again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster audit log
  muster audit verify
  muster audit export --output audit.jsonl
  muster audit anchor /mnt/elsewhere/muster-anchors.jsonl      # keep the last entry out of reach of the store
  muster audit anchor https://log.example/muster                # send it to somebody who keeps it
  muster audit verify --anchors /mnt/elsewhere/muster-anchors.jsonl")]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List what people did, the last first
    Log {
        /// Only what is about this system, by its id
        #[arg(long, value_name = "SYSTEM")]
        system: Option<String>,
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        store: StoreOption,
    },
    /// Find out whether an entry was changed, left out or moved
    ///
    /// Whoever can write to the store could make all of the chain anew. That is found only where an entry was kept elsewhere, as
    /// `muster audit anchor` does. Ends with code 10 where something is wrong.
    Verify {
        /// A file of `muster audit anchor`: its entries have to be in the chain
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
        /// Look at a file of `muster audit export` instead of the store
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        store: StoreOption,
    },
    /// Write all entries as JSON Lines, each with its hash
    Export {
        /// Write to a file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        store: StoreOption,
    },
    /// Add number and hash of the last entry to a file that is kept elsewhere, or send them to an address
    Anchor {
        /// The file, which is made where it is not there; or an address (https://…), which is sent them as JSON
        #[arg(value_name = "FILE_OR_URL")]
        to: String,
        #[command(flatten)]
        store: StoreOption,
    },
}

impl Audit {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        match self.what {
            What::Log { system, limit, store } => log(&store, system.as_deref(), limit, printer),
            What::Verify { anchors, file, store } => {
                let kept = anchors.map(|path| anchored(&path)).transpose()?.unwrap_or_default();
                let verified = match file {
                    Some(path) => of_file(&path, &kept)?,
                    None => store.with(async |store| store.verify(&kept).await)?,
                };
                said(&verified, kept.len(), printer)
            }
            What::Export { output, store } => {
                let output = output.as_deref().map(OutputFile::at).transpose()?;
                let mut text = String::new();
                store.with(async |store| {
                    let mut after = 0;
                    loop {
                        let (lines, last) = store.lines(after).await?;
                        if lines.is_empty() {
                            return Ok(());
                        }
                        text.push_str(&lines);
                        after = last;
                    }
                })?;
                printer.result_to(output, &text)?;
                Ok(Exit::Done)
            }
            What::Anchor { to, store } => {
                let verified = store.with(async |store| store.verify(&[]).await)?;
                let Some(head) = verified.head.as_ref().filter(|_| verified.faults.is_empty()) else {
                    // What is broken is not to be vouched for.
                    return said(&verified, 0, printer);
                };
                let text = serde_json::to_string(head)? + "\n";
                if to.contains("://") {
                    send(&to, text)?;
                } else {
                    let cannot = || format!("`{to}` cannot be written");
                    let mut out =
                        OpenOptions::new().create(true).append(true).open(&to).with_context(cannot)?;
                    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).with_context(cannot)?;
                }
                // An address may hold a password: it is not said back.
                let place = if to.contains("://") { "there".to_owned() } else { format!("in `{to}`") };
                printer.note(&format!("entry {} is kept {place}", head.sequence));
                Ok(Exit::Done)
            }
        }
    }
}

/// Sends an entry to an address. What is not taken is an error: nobody has to believe that it is kept.
fn send(to: &str, text: String) -> anyhow::Result<()> {
    let is_here = |url: &str| {
        ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|own| url.starts_with(own))
    };
    if !to.starts_with("https://") && !is_here(to) {
        let help = "give one that begins with https://: what is sent in clear, anybody on the way can change";
        return Err(UsageError::new("the address is one without TLS", help).into());
    }
    block_on(async {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let sent = client.post(to).header("content-type", "application/json").body(text).send().await;
        // An address may hold a password: it is not said back.
        let answer =
            sent.map_err(|error| anyhow::anyhow!("nobody answers there: {}", error.without_url()))?;
        anyhow::ensure!(answer.status().is_success(), "it is not taken there: {}", answer.status());
        Ok(())
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    let cannot = || format!("`{}` cannot be read", path.display());
    let length = fs::metadata(path).with_context(cannot)?.len();
    if length > KEPT {
        return Err(UsageError::new(
            format!("`{}` is too long", path.display()),
            "give a file of `muster audit`",
        )
        .into());
    }
    fs::read_to_string(path).with_context(cannot)
}

fn anchored(path: &Path) -> anyhow::Result<Vec<Head>> {
    let mut heads = Vec::new();
    for (n, line) in read(path)?.lines().enumerate() {
        let head = serde_json::from_str(line).map_err(|_| {
            let what = format!("line {} of `{}` is no entry that was kept", n + 1, path.display());
            UsageError::new(what, "give a file that `muster audit anchor` wrote")
        })?;
        heads.push(head);
    }
    Ok(heads)
}

fn of_file(path: &Path, kept: &[Head]) -> anyhow::Result<Verified> {
    Ok(Verified::of_lines(&read(path)?, kept))
}

fn said(verified: &Verified, kept: usize, printer: &mut Printer) -> anyhow::Result<Exit> {
    let mut page = Page::new(printer.surface().width);
    for fault in &verified.faults {
        page.push(Line::new().with(Tone::Bad, fault.clone()));
    }
    if verified.faults.is_empty() {
        let of = match &verified.head {
            None => "No entry is there.".to_owned(),
            Some(head) => format!(
                "{} entries, none changed, left out or moved. The last is {}",
                verified.entries, head.hash
            ),
        };
        page.push(Line::new().plain(of));
        if kept > 0 {
            page.push(Line::new().plain(format!("It holds the {kept} that were kept elsewhere.")));
        }
    }
    printer.page(&page)?;
    Ok(if verified.faults.is_empty() { Exit::Done } else { Exit::Flagged })
}

fn log(store: &StoreOption, system: Option<&str>, limit: u32, printer: &mut Printer) -> anyhow::Result<Exit> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut last: std::collections::VecDeque<AuditEntry> = std::collections::VecDeque::new();
    store.with(async |store| {
        store
            .audit(|body, _| {
                // What cannot be read is for `verify` to tell.
                let entry = serde_json::from_str::<AuditEntry>(body).ok();
                let meant = |entry: &AuditEntry| system.is_none_or(|id| entry.system.as_deref() == Some(id));
                if let Some(entry) = entry.filter(meant) {
                    last.push_front(entry);
                    last.truncate(limit);
                }
                Ok(())
            })
            .await
    })?;
    let mut page = Page::new(printer.surface().width);
    for entry in &last {
        let mut text = Line::new()
            .with(Tone::Strong, format!("{:>4}", entry.sequence))
            .plain(format!("  {}  {} ", entry.at, entry.actor))
            .with(Tone::Open, entry.action.clone());
        if let Some(system) = &entry.system {
            text = text.plain(format!(" {system}"));
        }
        if !entry.reason.is_empty() {
            text = text.with(Tone::Dim, format!(": {}", entry.reason));
        }
        page.wrap(0, 6, &text);
    }
    if last.is_empty() {
        page.push(Line::new().plain("Nothing is recorded."));
    }
    printer.page(&page)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use crate::store::Chain;

    #[test]
    fn a_line_is_its_text_and_its_hash() {
        let body = r#"{"sequence":1,"reason":"said: \",\"hash\":\"x\"}","previous":"00"}"#;
        let text = crate::store::line(body, "ab12");
        assert_eq!(Chain::parts(text.trim_end()), Some((body.to_owned(), "ab12")));
        assert_eq!(Chain::parts("{}"), None);
        assert_eq!(Chain::parts("é\"}"), None);
    }
}
