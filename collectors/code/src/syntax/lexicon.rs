//! The names and strings that rules ask for, so that extraction keeps those and no others.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use foldhash::HashSet;
use muster_rules::{RulePack, SiteKind};

/// Which names and strings a rule could want.
#[derive(Debug)]
pub(crate) struct Lexicon {
    exact: HashSet<Box<str>>,
    /// Beginnings of the patterns that have a `*`, sorted.
    prefixes: Vec<Box<str>>,
    /// Texts that a string may contain.
    contained: AhoCorasick,
}

impl Lexicon {
    /// Everything that the mention and text sites of the pack ask for, and its credential variables.
    pub(crate) fn new(pack: &RulePack) -> Self {
        let mut exact = HashSet::default();
        let mut prefixes = Vec::new();
        let mut contained: Vec<&str> = Vec::new();
        for site in pack.rules().iter().flat_map(|rule| &rule.sites) {
            for symbol in site.symbols.iter().map(muster_rules::Pattern::as_str) {
                match (site.kind, symbol.split_once('*')) {
                    // What stands before the first gap decides whether a string is kept.
                    (SiteKind::Text, parts) => contained.push(parts.map_or(symbol, |(first, _)| first)),
                    (SiteKind::Mention, Some((prefix, _))) => prefixes.push(prefix.into()),
                    (SiteKind::Mention, None) => drop(exact.insert(symbol.into())),
                    _ => {}
                }
            }
        }
        exact.extend(pack.credentials().map(|(name, _)| name.into()));
        prefixes.sort_unstable();
        prefixes.dedup();
        let contained = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(&contained)
            .or_else(|_| AhoCorasick::new(&contained))
            .unwrap_or_else(|_| {
                AhoCorasick::new::<_, &str>([]).expect("an automaton of nothing always builds")
            });
        Self { exact, prefixes, contained }
    }

    /// Whether a rule could want that identifier.
    pub(crate) fn wants_name(&self, name: &str) -> bool {
        self.exact.contains(name)
    }

    /// Whether a text begins as one of the patterns does.
    fn begins(&self, text: &str) -> bool {
        // Only those of the same first letter are looked at: every string of every file comes here.
        let Some(first) = text.as_bytes().first() else { return false };
        let from = self.prefixes.partition_point(|prefix| prefix.as_bytes().first() < Some(first));
        let mut of_letter = self.prefixes[from..].iter().take_while(|p| p.as_bytes().first() == Some(first));
        // The empty one, of a pattern that is no more than an ending, stands first.
        self.prefixes.first().is_some_and(|prefix| prefix.is_empty())
            || of_letter.any(|prefix| text.starts_with(&**prefix))
    }

    /// Whether a rule could want that string.
    pub(crate) fn wants_text(&self, text: &str) -> bool {
        let word = text.len() <= 120 && !text.contains(char::is_whitespace);
        word && (self.exact.contains(text) || self.begins(text))
            || self.contained.is_match(&text[..text.floor_char_boundary(4096)])
    }
}
