//! The printer: owns both streams, knows whether they show colours, and is the only one that writes to them.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use anstream::AutoStream;
use anyhow::Context as _;
use clap::ColorChoice;
use muster_collect::{NoProgress, Progress};

use super::exit::Exit;
use super::output::OutputFile;
use super::progress::Bar;
use crate::export::Surface;
use crate::page::{Line, Page, Tone};

/// Columns of a page that no terminal shows.
const WIDTH: usize = 100;
/// No report can be read in less.
const NARROWEST: usize = 60;
/// Wider lines are hard to follow.
const WIDEST: usize = 160;

/// Results go to standard output; notes, errors and progress to standard error.
pub(crate) struct Printer {
    out: io::Stdout,
    err: io::Stderr,
    colour_out: bool,
    colour_err: bool,
    choice: ColorChoice,
    quiet: bool,
}

impl Printer {
    /// For the options that the user gave.
    pub(crate) fn new(choice: ColorChoice, quiet: bool) -> Self {
        let colour = |auto: anstream::ColorChoice| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => auto != anstream::ColorChoice::Never,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let (colour_out, colour_err) = (colour(AutoStream::choice(&out)), colour(AutoStream::choice(&err)));
        Self { out, err, colour_out, colour_err, choice, quiet }
    }

    /// What a page on standard output is laid out for.
    pub(crate) fn surface(&self) -> Surface {
        Surface { width: self.columns().unwrap_or(WIDTH), colour: self.colour_out }
    }

    /// Columns of the terminal on standard output, if it is one.
    pub(crate) fn columns(&self) -> Option<usize> {
        if !self.out.is_terminal() {
            return None;
        }
        let width =
            terminal_size::terminal_size_of(&self.out).map_or(WIDTH, |(width, _)| usize::from(width.0));
        Some(width.clamp(NARROWEST, WIDEST))
    }

    /// What a page in a file is laid out for: colours only when they were asked for.
    pub(crate) fn file_surface(&self) -> Surface {
        Surface { width: WIDTH, colour: self.choice == ColorChoice::Always }
    }

    /// Writes a result as it is. It must not hold text of others that could control a terminal.
    pub(crate) fn result(&mut self, text: &str) -> anyhow::Result<()> {
        self.result_to(None, text)
    }

    /// Writes a result into a file where one is named, and to standard output otherwise.
    pub(crate) fn result_to(&mut self, output: Option<OutputFile>, text: &str) -> anyhow::Result<()> {
        self.result_with(output, &mut |out| Ok(out.write_all(text.as_bytes())?))
    }

    /// The same of what is not in memory as a whole.
    pub(crate) fn result_with(
        &mut self,
        output: Option<OutputFile>,
        write: &mut dyn FnMut(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if let Some(file) = output {
            return file.write_with(write);
        }
        let mut out = self.out.lock();
        write(&mut out)
            .and_then(|()| Ok(out.flush()?))
            .context("the result cannot be written to standard output")
    }

    /// Writes a page to standard output.
    pub(crate) fn page(&mut self, page: &Page) -> anyhow::Result<()> {
        let text = page.text(self.colour_out);
        self.result(&text)
    }

    /// Says something that is good to know.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet {
            self.message(Tone::Strong, "note", text, None);
        }
    }

    /// Says what is not as it should be, and does not end the work.
    pub(crate) fn warning(&mut self, text: &str) {
        self.message(Tone::Open, "warning", text, None);
    }

    /// The same with what to do about it.
    pub(crate) fn warning_with(&mut self, text: &str, help: Option<&str>) {
        self.message(Tone::Open, "warning", text, help);
    }

    /// Says what went wrong, and what to do about it.
    pub(crate) fn error(&mut self, text: &str, help: Option<&str>) {
        self.message(Tone::Bad, "error", text, help);
    }

    fn message(&mut self, tone: Tone, label: &str, text: &str, help: Option<&str>) {
        let mut page = Page::new(usize::MAX);
        let mut lines = text.lines();
        page.push(
            Line::new().with(tone, format!("{label}:")).plain(" ").plain(lines.next().unwrap_or_default()),
        );
        for line in lines {
            page.push(Line::new().plain(line));
        }
        if let Some(help) = help {
            page.push(Line::new().with(Tone::Strong, "  help:").plain(" ").plain(help));
        }
        // Nobody is left to be told that standard error is gone.
        let _ = self.err.lock().write_all(page.text(self.colour_err).as_bytes());
    }

    /// What the command line parser has to say: help, version, or a mistake.
    pub(crate) fn clap(&mut self, error: &clap::Error) -> anyhow::Result<Exit> {
        let text = error.render();
        if error.use_stderr() {
            let text = if self.colour_err { text.ansi().to_string() } else { text.to_string() };
            let _ = self.err.lock().write_all(text.as_bytes());
            return Ok(Exit::Usage);
        }
        let text = if self.colour_out { text.ansi().to_string() } else { text.to_string() };
        self.result(&text)?;
        Ok(Exit::Done)
    }

    /// Somebody who watches a scan: a bar on a terminal, nobody otherwise.
    pub(crate) fn progress(&self) -> Arc<dyn Progress> {
        if self.quiet || !self.err.is_terminal() { Arc::new(NoProgress) } else { Arc::new(Bar::new()) }
    }
}
