//! A table with a row for each system: columns in any order, under the titles that people give them.

use csv::{ByteRecord, ReaderBuilder};

use super::columns::{Says, Words};
use super::entry::Raw;
use super::{BookError, Draft};

/// Columns that are looked at.
const COLUMNS: usize = 500;
/// Rows in which the titles may stand: a sheet may begin with a heading.
const HEADINGS: usize = 5;
/// Titles that are named in a note.
const NAMED: usize = 10;

/// Reads the rows of a table whose columns have such words for titles.
pub(super) fn read(text: &str, words: &Words, draft: &mut Draft<'_>) -> Result<(), BookError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = ByteRecord::new();
    let mut columns = None;
    for _ in 0..HEADINGS {
        match reader.read_byte_record(&mut record) {
            Ok(true) => columns = columns_of(&record, words, draft),
            _ => break,
        }
        if columns.is_some() {
            break;
        }
    }
    let Some(columns) = columns else {
        return Err(BookError::Broken(
            "no column is called `name` or `id`: the first row names the columns".to_owned(),
        ));
    };
    while !draft.is_full() {
        let line = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                draft.note(format!("row {line}: {}", broken(&error)));
                if error.is_io_error() {
                    break;
                }
                continue;
            }
        }
        let line = record.position().map_or(line, csv::Position::line);
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        let mut raw = Raw::default();
        for (says, at) in &columns {
            if let Some(cell) = record.get(*at) {
                raw.take(*says, unguarded(&String::from_utf8_lossy(cell)));
            }
        }
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        draft.add(raw, &format!("row {line}"), Some(line), None);
    }
    if draft.is_full() && reader.read_byte_record(&mut record).unwrap_or(false) {
        draft.add(Raw::default(), "the rows after it", None, None);
    }
    Ok(())
}

/// What separates cells: what stands most often in the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut inside = false;
    let mut counts = [0_usize; 3];
    for byte in first.bytes().take(100_000) {
        match byte {
            b'"' => inside = !inside,
            b',' if !inside => counts[0] += 1,
            b';' if !inside => counts[1] += 1,
            b'\t' if !inside => counts[2] += 1,
            _ => {}
        }
    }
    match counts {
        [comma, semicolon, tab] if tab > comma && tab > semicolon => b'\t',
        [comma, semicolon, _] if semicolon > comma => b';',
        _ => b',',
    }
}

/// What the columns say, the best words first; nothing where no column names a system. What is not read is noted.
fn columns_of(head: &ByteRecord, words: &Words, draft: &mut Draft<'_>) -> Option<Vec<(Says, usize)>> {
    let mut found: Vec<(Says, usize, usize)> = Vec::new();
    let (mut unknown, mut twice) = (Vec::new(), Vec::new());
    for (at, cell) in head.iter().enumerate().take(COLUMNS) {
        let title = String::from_utf8_lossy(cell);
        let title: String = title.trim().chars().take(80).collect();
        match words.of(&title) {
            Some((says, rank)) => {
                if found.iter().any(|(other, known, _)| (*other, *known) == (says, rank)) {
                    twice.push(title);
                }
                found.push((says, rank, at));
            }
            None if !title.is_empty() => unknown.push(title),
            None => {}
        }
    }
    if !found.iter().any(|(says, _, _)| matches!(says, Says::Id | Says::Name)) {
        return None;
    }
    let named = |titles: &[String]| {
        let shown: Vec<String> = titles.iter().take(NAMED).map(|title| format!("`{title}`")).collect();
        let more = titles.len().saturating_sub(NAMED);
        shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
    };
    if !unknown.is_empty() {
        draft.note(format!("columns that are not read: {}", named(&unknown)));
    }
    if !twice.is_empty() {
        draft.note(format!(
            "columns that are there twice, of which the first one with a text counts: {}",
            named(&twice)
        ));
    }
    found.sort_unstable();
    Some(found.into_iter().map(|(says, _, at)| (says, at)).collect())
}

/// A cell without the mark that keeps a spreadsheet from calculating it. Nothing here ever calculates one.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => rest,
        _ => cell,
    }
}

fn broken(error: &csv::Error) -> &'static str {
    match error.kind() {
        csv::ErrorKind::Io(_) => "it cannot be read, nor what comes after it",
        _ => "it is no row of a table",
    }
}
