//! The collector for bills of materials: a file is one unit.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use asmm_model::{Coverage, Gap, GapReason, Observation};
use async_trait::async_trait;
use futures::stream::BoxStream;
use muster_collect::{CollectError, Collector, Context, Descriptor, Sink, Source, Target, Unit, whole};

use crate::bill::Bill;
use crate::observe::observe;

/// Bytes of a bill: one of a large image with every file in it has tens of millions.
const MAX_BYTES: u64 = 128 * 1024 * 1024;

/// Reads bills of materials in the JSON form of CycloneDX.
#[derive(Debug, Clone, Copy, Default)]
pub struct CycloneDxCollector;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "cyclonedx",
    title: "Bills of materials by CycloneDX",
    source: Source::CycloneDx,
    permissions: &["read the file"],
    options: &[],
};

const PREFIX: &str = "cyclonedx:";

#[async_trait]
impl Collector for CycloneDxCollector {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>> {
        whole::unit_of(target, cx)
    }

    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError> {
        whole::off_the_runtime(unit, cx, out, collect).await
    }
}

fn collect(target: &str, cx: &Context) -> Result<(Vec<Observation>, Coverage), CollectError> {
    let path = Path::new(target.strip_prefix(PREFIX).unwrap_or(target));
    let bill = read(path)?;
    if cx.stop.is_asked() {
        return Err(CollectError::Stopped);
    }
    let (bill, cut) = bill.flat();
    let seen = bill.components.len() as u64;
    let mut coverage = Coverage { target: target.to_owned(), seen, ..Coverage::default() };
    if cut {
        let detail = "more components, or deeper within each other, than are read";
        coverage.skipped.push(Gap::new("components", GapReason::TooLarge).because(detail));
    }
    if bill.is_partial {
        let detail = "the bill says that it does not list everything";
        coverage.skipped.push(Gap::new("compositions", GapReason::Unsupported).because(detail));
    }
    Ok((observe(&cx.rules, target, &bill), coverage))
}

fn read(path: &Path) -> Result<Bill, CollectError> {
    let shown = path.display();
    let unusable = |why: String| CollectError::Unusable(why);
    // What is no file may be without an end.
    let is_file = path.metadata().map_err(|error| unusable(format!("`{shown}` cannot be read: {error}")))?;
    if !is_file.is_file() {
        return Err(unusable(format!("`{shown}` is no file; give the bill of materials itself")));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| unusable(format!("`{shown}` cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unusable(format!("`{shown}` is larger than {} MB", MAX_BYTES / 1024 / 1024)));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if text.trim_ascii_start().starts_with(b"<") {
        let help = "is in XML; write it as JSON, which every tool that writes CycloneDX can";
        return Err(unusable(format!("`{shown}` {help}")));
    }
    // What the error says names a line and what is wrong with it, and never repeats what stands there.
    let bill: Bill = serde_json::from_slice(text)
        .map_err(|error| unusable(format!("`{shown}` is no bill of materials: {}", plain(&error))))?;
    if bill.format.as_deref() != Some("CycloneDX") {
        let help = "does not say `\"bomFormat\": \"CycloneDX\"`";
        return Err(unusable(format!("`{shown}` is no bill of materials by CycloneDX: it {help}")));
    }
    Ok(bill)
}

fn plain(error: &serde_json::Error) -> String {
    let what = if error.is_eof() {
        "it ends too early"
    } else if error.is_data() {
        "a field is of another kind than it should be"
    } else {
        "it is no JSON"
    };
    format!("line {}: {what}", error.line())
}
