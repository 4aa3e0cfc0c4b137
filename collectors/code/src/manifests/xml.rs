//! XML as a tree of elements with lines, bounded in depth and number; no entities beyond the predefined ones.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::document::{LineIndex, ReadError};

const MAX_DEPTH: usize = 128;
const MAX_ELEMENTS: usize = 500_000;
const MAX_ATTRIBUTES: usize = 64;

/// An element; names are without their prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) attributes: Vec<Attribute>,
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

/// An attribute, with the line of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: u32,
}

impl Element {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    pub(super) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// Text of a child, trimmed; nothing if it is empty.
    pub(super) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.trim()).filter(|t| !t.is_empty())
    }

    /// An attribute in any case: the tools that read these files differ.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))
    }
}

const INVALID: &str = "no valid XML";

/// Reads a document and gives its root element.
pub(super) fn parse(text: &str) -> Result<Element, ReadError> {
    let lines = LineIndex::new(text);
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0_usize;
    loop {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let fail = |problem| ReadError::At { line: lines.line(offset), problem };
        let event = reader.read_event().map_err(|_| fail(INVALID))?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                count += 1;
                if open.len() >= MAX_DEPTH {
                    return Err(fail("nested too deeply"));
                }
                if count > MAX_ELEMENTS {
                    return Err(fail("more elements than are read"));
                }
                let element = element(tag, lines.line(offset)).ok_or_else(|| fail(INVALID))?;
                if matches!(event, Event::Start(_)) {
                    open.push(element);
                } else {
                    close(element, &mut open, &mut root);
                }
            }
            // The reader refuses an end that fits no start.
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root);
                }
            }
            Event::Text(part) => append(&mut open, part),
            Event::CData(part) => append(&mut open, part),
            Event::GeneralRef(reference) => {
                let character = match &**reference {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                if let Some(character) = character {
                    append(&mut open, character.encode_utf8(&mut [0; 4]));
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    match (root, open.is_empty()) {
        (Some(root), true) => Ok(root),
        _ => Err(ReadError::At { line: lines.line(text.len()), problem: INVALID }),
    }
}

fn append(open: &mut [Element], part: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(part);
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = root.take().or(Some(element)),
    }
}

fn element(tag: &BytesStart<'_>, line: u32) -> Option<Element> {
    let raw: &str = tag;
    let mut element = Element { name: tag.local_name().as_ref().to_owned(), line, ..Element::default() };
    let mut attributes = tag.attributes();
    // Repetitions are looked for by comparing all pairs; the first one is taken instead.
    attributes.with_checks(false);
    let (mut scanned, mut at) = (0, line);
    for attribute in attributes.take(MAX_ATTRIBUTES) {
        let attribute = attribute.ok()?;
        let written: &str = &attribute.value;
        // Attributes come in the order of the text, so each search goes on where the last one ended.
        let start = scanned + raw.get(scanned..)?.find(written).unwrap_or(0);
        at += u32::try_from(raw.get(scanned..start)?.matches('\n').count()).unwrap_or(0);
        let begins = at;
        at += u32::try_from(written.matches('\n').count()).unwrap_or(0);
        scanned = (start + written.len()).min(raw.len());
        let name = attribute.key.local_name().as_ref().to_owned();
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?.trim().to_owned();
        element.attributes.push(Attribute { name, value, line: begins });
    }
    Some(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_attributes_have_lines() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c -->\n<p:a xmlns:p=\"u\">\n <b\n  C=\"1\"\n  d='x&amp;y'/>t&amp;&#65;<![CDATA[<]]>\n</p:a>";
        let a = parse(text).unwrap();
        let b = Element {
            name: "b".to_owned(),
            line: 4,
            attributes: vec![
                Attribute { name: "C".to_owned(), value: "1".to_owned(), line: 5 },
                Attribute { name: "d".to_owned(), value: "x&y".to_owned(), line: 6 },
            ],
            ..Element::default()
        };
        assert_eq!((a.name.as_str(), a.line, a.text.trim(), a.children), ("a", 3, "t&A<", vec![b]));
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_a_line() {
        for (text, line) in
            [("", 1), ("<a>\n<b>\n</a>", 3), ("<a>\n", 2), ("<a></a></b>", 1), ("<a\n<", 1), ("x", 1)]
        {
            assert_eq!(parse(text).map_err(|e| e.line()), Err(Some(line)), "{text}");
        }
    }
}
