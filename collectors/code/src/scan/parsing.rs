//! One thread that parses the files of a unit, or recalls what was parsed of them before.

use std::sync::Arc;

use asmm_model::{Gap, GapReason};

use crate::memory::Modules;
use crate::source::{Lines, read_source};
use crate::survey::{Engine, SourceFile};
use crate::syntax::{Module, ParseFailure, Parsers};
use crate::tree::Reader;

/// A module with where its lines stand, or why there is none.
pub(super) type Parsed = Result<(Module, Lines), Gap>;

/// One thread that parses.
pub(super) struct Parsing<'p> {
    engine: &'p Engine,
    modules: Option<Modules<'p>>,
    parsers: &'p mut Parsers,
    reader: Reader<'p>,
    parsed: Vec<(usize, Parsed)>,
    in_haste: bool,
}

impl<'p> Parsing<'p> {
    pub(super) fn new(
        engine: &'p Engine,
        modules: Option<Modules<'p>>,
        parsers: &'p mut Parsers,
        reader: Reader<'p>,
    ) -> Self {
        Self { engine, modules, parsers, reader, parsed: Vec::new(), in_haste: false }
    }

    /// Parses some files, of which the first has an index; those that are known are not parsed again.
    pub(super) fn some(&mut self, from: usize, files: &[&SourceFile]) {
        let Some(modules) = self.modules else {
            let mut buffer = Vec::new();
            for (index, file) in (from..).zip(files) {
                let lines = read(&mut self.reader, file, &mut buffer);
                let parsed = lines.and_then(|lines| self.one(file, &buffer, lines));
                self.parsed.push((index, parsed.map(|(module, lines)| (module.on(&lines), lines))));
            }
            return;
        };
        let mut texts = Vec::new();
        for (index, file) in (from..).zip(files) {
            let mut buffer = Vec::new();
            match read(&mut self.reader, file, &mut buffer) {
                Ok(lines) => texts.push((index, *file, lines, buffer)),
                Err(gap) => self.parsed.push((index, Err(gap))),
            }
        }
        let keys: Vec<_> =
            texts.iter().map(|(_, file, _, text)| modules.text(file.dialect, file.role, text)).collect();
        let mut news = Vec::new();
        for (((index, file, lines, text), known), key) in
            texts.into_iter().zip(modules.recall(&keys, self.engine.held())).zip(&keys)
        {
            let parsed = match known {
                Some(module) => Ok((Module { path: Arc::clone(&file.path), ..module }, lines)),
                None => self.one(file, &text, lines).inspect(|(module, _)| {
                    key.hold(module, self.engine.held());
                    news.extend(key.seal(module));
                }),
            };
            self.parsed.push((index, parsed.map(|(module, lines)| (module.on(&lines), lines))));
        }
        modules.keep(news);
    }

    fn one(&mut self, file: &SourceFile, text: &[u8], lines: Lines) -> Parsed {
        let module = self.parsers.module(&file.path, file.dialect, file.role, text, self.engine.lexicon());
        module.map(|module| (module, lines)).map_err(|failure| {
            self.in_haste |= failure == ParseFailure::TooSlow;
            Gap::new(&*file.path, GapReason::Unparsable).because(failure.to_string())
        })
    }

    /// What was parsed, by the indices of the files, and whether something was given up because it took too long.
    pub(super) fn done(self) -> (Vec<(usize, Parsed)>, bool) {
        (self.parsed, self.in_haste)
    }
}

/// Reads the source of a file, where it is not held already. What cannot be found any more was read before.
pub(super) fn read(reader: &mut Reader<'_>, file: &SourceFile, buffer: &mut Vec<u8>) -> Result<Lines, Gap> {
    if let Some(code) = &file.code {
        buffer.clear();
        buffer.extend_from_slice(code);
        return Ok(Lines::Same);
    }
    let at = file.elsewhere.clone().or_else(|| reader.at(&file.path));
    let at =
        at.ok_or_else(|| Gap::new(&*file.path, GapReason::Failed).because("disappeared while it was read"))?;
    read_source(reader, &at, &file.path, buffer)
}
