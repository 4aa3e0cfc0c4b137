//! Keys of AI providers in any text: which kind of key is on which line, and never the key.
//!
//! A value is looked at where it stands, in the buffer of its file. What leaves this module is the place, the rule, and
//! a keyed fingerprint if the scan was given a key for that.

mod plausible;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use asmm_model::Fingerprint;
use muster_collect::FingerprintKey;
use muster_rules::{Alphabet, KeyShape, RulePack};

/// Keys of one file that are kept.
const MAX_KEYS: usize = 100;
/// Lines above and below a key on which words say whose it is.
const LINES_AROUND: usize = 3;
/// Bytes of these lines on each side: a file may have one line.
const BYTES_AROUND: usize = 400;

/// A key at its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) path: Arc<str>,
    pub(crate) line: u32,
    /// Index of the rule.
    pub(crate) rule: u32,
    /// Index of the shape in the rule.
    pub(crate) shape: usize,
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl Key {
    /// What the inventory calls it.
    pub(crate) fn name<'r>(&self, rules: &'r RulePack) -> &'r str {
        rules.rule(self.rule).keys.get(self.shape).map_or("API key", |shape| &shape.name)
    }
}

/// What keys look like, compiled once.
#[derive(Debug)]
pub(crate) struct Shapes {
    all: Vec<Shape>,
    /// What keys begin with, and the words around those that begin with nothing.
    starts: AhoCorasick,
    /// For each start, the shapes that it may be of.
    of_start: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Shape {
    rule: u32,
    index: usize,
    looks: KeyShape,
    near: Option<AhoCorasick>,
}

impl Shapes {
    pub(crate) fn new(rules: &RulePack) -> Self {
        let mut shapes = Vec::new();
        for (rule, found) in (0u32..).zip(rules.rules()) {
            for (index, shape) in found.keys.iter().enumerate() {
                let words = AhoCorasick::builder().ascii_case_insensitive(true).build(&shape.near);
                let near = words.ok().filter(|_| !shape.near.is_empty());
                shapes.push(Shape { rule, index, looks: shape.clone(), near });
            }
        }
        // Variables are in upper case, hosts in lower: a search without regard to case would be slower.
        let starts = |shape: &KeyShape| match shape.prefix.as_str() {
            "" => shape.near.iter().flat_map(|word| [word.clone(), word.to_ascii_uppercase()]).collect(),
            prefix => vec![prefix.to_owned()],
        };
        let all: BTreeSet<String> = shapes.iter().flat_map(|shape| starts(&shape.looks)).collect();
        // A start that begins with a shorter one is met with it. The longer one comes right behind it in the set.
        let mut least: Vec<String> = Vec::new();
        for start in all {
            if !least.last().is_some_and(|shorter| start.starts_with(shorter.as_str())) {
                least.push(start);
            }
        }
        let of_start = least
            .iter()
            .map(|least| {
                let begins = |shape: &&usize| {
                    starts(&shapes[**shape].looks).iter().any(|start| start.starts_with(least.as_str()))
                };
                (0..shapes.len()).collect::<Vec<_>>().iter().filter(begins).copied().collect()
            })
            .collect();
        let starts =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&least).unwrap_or_else(|_| {
                AhoCorasick::new::<_, &str>([]).expect("an automaton of nothing always builds")
            });
        Self { all: shapes, starts, of_start }
    }

    /// The keys in a text, by line, and whether there are more of them than are kept.
    pub(crate) fn find(
        &self,
        path: &str,
        text: &[u8],
        fingerprints: Option<&FingerprintKey>,
    ) -> (Vec<Key>, bool) {
        let mut found: BTreeSet<(usize, usize, usize)> = BTreeSet::new();
        let mut looked: BTreeMap<usize, usize> = BTreeMap::new();
        let mut cut = false;
        for start in self.starts.find_iter(text) {
            for index in self.of_start.get(start.pattern().as_usize()).into_iter().flatten() {
                let shape = &self.all[*index];
                if shape.looks.prefix.is_empty() {
                    let around = around(text, start.start());
                    // Words may follow each other closely: no line is looked at twice.
                    let from = looked.insert(*index, around.end).unwrap_or(0).max(around.start);
                    let runs = runs(text, from..around.end, &shape.looks);
                    found.extend(runs.map(|run| (run.start, run.end, *index)));
                } else if let Some(key) = shape.prefixed(text, start.start()) {
                    found.insert((key.start, key.end, *index));
                }
            }
            if found.len() > MAX_KEYS {
                cut = true;
                break;
            }
        }
        if found.is_empty() {
            return (Vec::new(), false);
        }
        let path: Arc<str> = path.into();
        let (mut counted, mut line) = (0, 1u32);
        let mut keys = Vec::new();
        for (start, end, index) in found.into_iter().take(MAX_KEYS) {
            let lines = memchr::memchr_iter(b'\n', &text[counted..start]).count();
            line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            counted = start;
            let Shape { rule, index, .. } = self.all[index];
            let fingerprint = fingerprints.map(|key| key.of(&text[start..end]));
            keys.push(Key { path: Arc::clone(&path), line, rule, shape: index, fingerprint });
        }
        keys.sort();
        keys.dedup();
        (keys, cut)
    }
}

impl Shape {
    /// The key that begins at a place.
    fn prefixed(&self, text: &[u8], start: usize) -> Option<Range<usize>> {
        let shape = &self.looks;
        let rest = text.get(start..)?;
        if !rest.starts_with(shape.prefix.as_bytes()) || !begins(text, start, shape) {
            return None;
        }
        let from = start + shape.prefix.len();
        let end = end_of(text, from, shape)?;
        let is_near = || self.near.as_ref().is_none_or(|words| words.is_match(&text[around(text, start)]));
        (fits(&text[from..end], shape) && is_near()).then_some(start..end)
    }
}

/// Where what begins at a place ends, if it is as long as a key.
fn end_of(text: &[u8], from: usize, shape: &KeyShape) -> Option<usize> {
    let [least, most] = shape.length;
    let rest = &text[from..text.len().min(from.saturating_add(most).saturating_add(1))];
    let length = rest.iter().take_while(|b| shape.alphabet.holds(**b)).count();
    if !(least..=most).contains(&length) {
        return None;
    }
    let padding = if shape.alphabet == Alphabet::Base64 {
        text[from + length..].iter().take(2).take_while(|b| **b == b'=').count()
    } else {
        0
    };
    let end = from + length + padding;
    (!text.get(end).is_some_and(|b| is_word(*b))).then_some(end)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether a key may begin at a place: not in the middle of a word, nor of encoded bytes.
fn begins(text: &[u8], start: usize, shape: &KeyShape) -> bool {
    let before = |back: usize| start.checked_sub(back).and_then(|at| text.get(at)).copied();
    let is_escape = before(2) == Some(b'\\') && matches!(before(1), Some(b'n' | b'r' | b't'));
    let is_bare = shape.prefix.bytes().all(|b| b.is_ascii_alphanumeric());
    let in_bytes = is_bare && matches!(before(1), Some(b'+' | b'/'));
    is_escape || !(in_bytes || before(1).is_some_and(is_word))
}

/// Whether what follows the prefix may be a key.
fn fits(body: &[u8], shape: &KeyShape) -> bool {
    let holds = |part: &String| memchr::memmem::find(body, part.as_bytes()).is_some();
    shape.contains.iter().all(holds) && plausible::is_plausible(body, shape.alphabet)
}

/// The lines around a place.
fn around(text: &[u8], at: usize) -> Range<usize> {
    let (first, last) = (at.saturating_sub(BYTES_AROUND), text.len().min(at.saturating_add(BYTES_AROUND)));
    let above = memchr::memrchr_iter(b'\n', &text[first..at]).nth(LINES_AROUND);
    let below = memchr::memchr_iter(b'\n', &text[at..last]).nth(LINES_AROUND);
    above.map_or(first, |newline| first + newline + 1)..below.map_or(last, |newline| at + newline)
}

/// What may be a key without a prefix: any run of that alphabet and length on a line that gives a key. Around the same
/// words there are digests and ids as well.
fn runs<'t>(
    text: &'t [u8],
    within: Range<usize>,
    shape: &'t KeyShape,
) -> impl Iterator<Item = Range<usize>> + 't {
    let mut at = within.start;
    std::iter::from_fn(move || {
        while at < within.end {
            let start = at + text[at..within.end].iter().position(|b| shape.alphabet.holds(*b))?;
            let length = text[start..].iter().take(shape.length[1] + 1);
            let length = length.take_while(|b| shape.alphabet.holds(**b)).count();
            at = start + length;
            if let Some(end) = end_of(text, start, shape)
                && begins(text, start, shape)
                && fits(&text[start..end], shape)
                && gives_key(text, start)
            {
                return Some(start..end);
            }
        }
        None
    })
}

/// Whether the line up to a place says that a key follows.
fn gives_key(text: &[u8], at: usize) -> bool {
    let first = at.saturating_sub(BYTES_AROUND);
    let line = memchr::memrchr(b'\n', &text[first..at]).map_or(first, |newline| first + newline + 1);
    text[line..at].windows(3).any(|word| word.eq_ignore_ascii_case(b"key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(id: &str) -> (Shapes, RulePack, String) {
        let rules = RulePack::built_in();
        let sample = rules.find(id).map(|(_, rule)| rule.keys[0].sample()).expect("it is a rule about keys");
        (Shapes::new(&rules), rules, sample)
    }

    fn lines(shapes: &Shapes, text: &str) -> Vec<u32> {
        shapes.find("a", text.as_bytes(), None).0.into_iter().map(|key| key.line).collect()
    }

    #[test]
    fn every_kind_is_found_by_its_name_alone() {
        let rules = RulePack::built_in();
        let shapes = Shapes::new(&rules);
        let mut kinds = 0;
        for rule in rules.rules() {
            for known in &rule.keys {
                kinds += 1;
                let word = known.near.first().map_or("", String::as_str);
                let text = format!("\n# {word}\nkey = \"{}\"\n", known.sample());
                let (found, _) = shapes.find("a", text.as_bytes(), None);
                let found: Vec<(u32, &str)> = found.iter().map(|key| (key.line, key.name(&rules))).collect();
                assert_eq!(found, [(3, known.name.as_str())]);
            }
        }
        assert!(kinds > 25, "{kinds}");
    }

    #[test]
    fn a_key_stands_alone() {
        let (shapes, _, key) = shape("holds-groq-key");
        let places = [
            format!("{key}\n"),
            format!("Bearer {key}"),
            format!("?key={key}&x=1"),
            format!("\"a\\n{key}\""),
            format!("({key})."),
        ];
        for text in &places {
            assert_eq!(lines(&shapes, text), [1], "{text}");
        }
        for text in [format!("a{key}"), format!("a_{key}"), format!("{key}0000000"), format!("{key}-x")] {
            assert_eq!(lines(&shapes, &text), [0; 0], "{text}");
        }
    }

    #[test]
    fn words_say_whose_it_is_a_few_lines_away() {
        let (shapes, _, key) = shape("holds-deepseek-key");
        let apart = |lines: usize| format!("DeepSeek{}{key}", "\n".repeat(lines));
        assert_eq!(lines(&shapes, &apart(3)), [4]);
        assert_eq!(lines(&shapes, &apart(4)), [0; 0]);
        let far = format!("deepseek {} {key}", "x".repeat(BYTES_AROUND));
        assert_eq!(lines(&shapes, &far), [0; 0]);
    }

    #[test]
    fn without_a_prefix_only_what_is_called_a_key_is_one() {
        let (shapes, _, key) = shape("holds-azure-openai-key");
        let host = "https://desk.openai.azure.com";
        assert_eq!(lines(&shapes, &format!("url: {host}\napi-key: {key}\n")), [2]);
        assert_eq!(lines(&shapes, &format!("AZURE_OPENAI_KEY={key}\n")), [1]);
        assert_eq!(lines(&shapes, &format!("url: {host}\nresource: {key}\n")), [0; 0]);
        assert_eq!(lines(&shapes, &format!("url: {host}\nkey: {key}0\n")), [0; 0]);
    }

    #[test]
    fn a_fingerprint_tells_keys_apart_and_is_no_part_of_them() {
        let (shapes, _, key) = shape("holds-groq-key");
        let other: String = key.chars().rev().take(50).collect();
        let text = format!("{key}\n{key}\ngsk_{other}\n");
        let under = |key: &[u8]| {
            let secret = FingerprintKey::try_new(key).expect("it is long enough");
            let (found, _) = shapes.find("a", text.as_bytes(), Some(&secret));
            found.into_iter().filter_map(|key| key.fingerprint).collect::<Vec<_>>()
        };
        let of = under(b"the key of this installation");
        assert!(of.len() == 3 && of[0] == of[1] && of[0] != of[2], "{of:?}");
        assert_ne!(of, under(b"the key of another installation"));
        assert!(shapes.find("a", text.as_bytes(), None).0.iter().all(|key| key.fingerprint.is_none()));
    }

    #[test]
    fn no_more_keys_are_kept_than_a_reader_wants() {
        let (shapes, _, key) = shape("holds-groq-key");
        let (found, cut) = shapes.find("a", format!("{key}\n").repeat(MAX_KEYS + 1).as_bytes(), None);
        assert_eq!((found.len(), cut), (MAX_KEYS, true));
        let (found, cut) = shapes.find("a", format!("{key}\n").repeat(MAX_KEYS).as_bytes(), None);
        assert_eq!((found.len(), cut), (MAX_KEYS, false));
    }
}
