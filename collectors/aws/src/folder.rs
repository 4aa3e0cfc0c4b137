//! A folder of answers: how they are named, and how a scan keeps them and goes on from them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::calls::{Call, Parameters, Question, SERVICES, Service};
use muster_collect::url::encoded;

/// Bytes of one answer; 5,000 roles take about five million.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// What a list of failures is called.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The answers about one account, as `REGION/SERVICE/OPERATION[.PARAMETERS][.PAGE].json`.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Why the first answer that could not be kept was not.
    broken: Mutex<Option<String>>,
}

impl Folder {
    /// The folder of an account in a folder of answers.
    pub(crate) fn of(all: &Path, account: &str) -> Self {
        Self { path: all.join(account), broken: Mutex::default() }
    }

    /// A page that is there already, with the token of the next.
    pub(crate) fn page(&self, question: Question<'_>, number: usize) -> Option<(Value, Option<String>)> {
        let Question { service, call, region, parameters: asked } = question;
        let folder = self.path.join(region).join(&service.name);
        let read = |page| json(&folder.join(name(call, asked, page))).ok();
        let alone = if number == 1 { read(None) } else { None };
        let page = alone.or_else(|| read(Some(number)))?;
        let next = page.get(&service.paging[2]).and_then(Value::as_str).map(str::to_owned);
        Some((call.pruned(page), next))
    }

    /// Keeps a page.
    pub(crate) fn keep(&self, question: Question<'_>, number: usize, page: &Value, next: Option<&str>) {
        let Question { service, call, region, parameters: asked } = question;
        let mut page = page.clone();
        if let (Value::Object(map), Some(next)) = (&mut page, next) {
            map.insert(service.paging[2].clone(), next.into());
        }
        let folder = self.path.join(region).join(&service.name);
        let number = (number > 1 || next.is_some()).then_some(number);
        if let Err(error) = write(&folder, &name(call, asked, number), &page) {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert_with(|| format!("{}: {error}", folder.display()));
        }
    }

    /// Keeps what was refused, in place of what was refused before.
    pub(crate) fn refused(&self, entries: &[Value]) {
        if let Err(error) = write(&self.path, MANIFEST, &json!({"files": entries})) {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert_with(|| format!("{}: {error}", self.path.display()));
        }
    }

    /// Why answers could not be kept, if some could not.
    pub(crate) fn broken(&self) -> Option<String> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Makes a folder that nobody else may look into: policies say who may do what.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

fn write(folder: &Path, name: &str, page: &Value) -> std::io::Result<()> {
    make(folder)?;
    // As a whole or not at all: a page that was cut off would be taken for the end of an answer.
    let part = folder.join(format!("{name}.part"));
    let mut file = fs::File::create(&part)?;
    file.write_all(page.to_string().as_bytes())?;
    file.sync_data()?;
    fs::rename(&part, folder.join(name))
}

/// The name of the file of a page.
fn name(call: &Call, asked: &Parameters, page: Option<usize>) -> String {
    let mut name = call.file();
    for value in asked.values() {
        name.push('.');
        name.push_str(&encoded(value).replace('.', "%2E"));
    }
    let page = page.map(|page| format!(".{page}")).unwrap_or_default();
    format!("{name}{page}.json")
}

/// What the name of a file says: the service, the call and what was asked about. An answer that the table does not know
/// has none.
pub(crate) fn named(service: &str, file: &str) -> Option<(&'static Service, &'static Call, Parameters)> {
    let service = SERVICES.iter().find(|known| known.name == service)?;
    let mut parts = file.strip_suffix(".json")?.split('.');
    let operation = parts.next()?;
    let call = service.calls.iter().find(|call| call.file() == operation)?;
    let names = call.parameters();
    let values: Vec<&str> = parts.collect();
    // A page may follow; whatever else does names nothing that was asked.
    if values.len() < names.len() || values.len() > names.len() + 1 {
        return None;
    }
    let asked =
        names.into_iter().zip(values).map(|(name, value)| (name.to_owned(), decoded(value))).collect();
    Some((service, call, asked))
}

/// Text as it was before it was escaped.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let escaped = more.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        if let Some(byte) = escaped.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads an answer. The words of the error say nothing of what the file holds.
pub(crate) fn json(path: &Path) -> Result<Value, String> {
    let mut text = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("it is larger than {} MB", MAX_BYTES / 1024 / 1024));
    }
    serde_json::from_slice(&text)
        .map_err(|error| format!("no JSON at line {}, column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::service;

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::of(folder.path(), "111111111111");
        let scheduler = service("scheduler").unwrap();
        let call = scheduler.call("GetSchedule").unwrap();
        let asked = Parameters::from(
            [("GroupName", "a/b.c"), ("Name", "n%41")].map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
        let one = Question { service: scheduler, call, region: "r", parameters: &asked };
        assert_eq!(folder.page(one, 1), None);
        folder.keep(one, 1, &json!({"Name": "n"}), None);
        assert_eq!(folder.page(one, 1), Some((json!({"Name": "n"}), None)));
        let none = Parameters::new();
        let list = Question { call: scheduler.call("ListSchedules").unwrap(), parameters: &none, ..one };
        folder.keep(list, 1, &json!({"Schedules": []}), Some("t"));
        let next = folder.page(list, 1).unwrap().1;
        assert_eq!(next.as_deref(), Some("t"));
        assert_eq!(folder.broken(), None);

        let file = name(call, &asked, None);
        assert_eq!(file, "get-schedule.a%2Fb%2Ec.n%2541.json");
        let (_, found, parameters) = named("scheduler", &file).unwrap();
        assert_eq!((found.operation.as_str(), parameters), ("GetSchedule", asked));
    }

    #[test]
    fn a_name_that_no_call_has_is_none() {
        for (service, file) in [
            ("scheduler", "get-schedule.a.json"),
            ("scheduler", "get-schedule.a.b.1.x.json"),
            ("scheduler", "list-flows.json"),
            ("unknown", "list-flows.json"),
            ("scheduler", "list-schedules.txt"),
        ] {
            assert!(named(service, file).is_none(), "{service} {file}");
        }
        assert!(named("scheduler", "list-schedules.12.json").is_some());
    }
}
