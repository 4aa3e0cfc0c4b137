//! What an earlier scan saw changes no answer, whatever becomes of the files meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_collect::conformance::{self, Outcome};
use muster_collect::{Cache, Context, EntryName, FingerprintKey, Kept, Target};
use muster_rules::RulePack;
use proptest::prelude::*;
use proptest::sample::Index;

use super::commits::varied;
use super::*;
use crate::CodeCollector;

/// A cache in memory that counts what it gives.
#[derive(Default)]
struct Shelf {
    kept: Mutex<BTreeMap<(Kept, EntryName), Vec<u8>>>,
    given: Mutex<BTreeMap<Kept, usize>>,
}

impl Cache for Shelf {
    fn read(&self, kind: Kept, names: &[EntryName]) -> Vec<Option<Vec<u8>>> {
        let kept = self.kept.lock().unwrap();
        let found: Vec<_> = names.iter().map(|name| kept.get(&(kind, *name)).cloned()).collect();
        *self.given.lock().unwrap().entry(kind).or_default() += found.iter().flatten().count();
        found
    }

    fn write(&self, kind: Kept, entries: Vec<(EntryName, Vec<u8>)>) {
        let entries = entries.into_iter().map(|(name, value)| ((kind, name), value));
        self.kept.lock().unwrap().extend(entries);
    }
}

impl Shelf {
    fn given(&self, kind: Kept) -> usize {
        self.given.lock().unwrap().get(&kind).copied().unwrap_or_default()
    }
}

fn context(cache: Option<&Arc<Shelf>>) -> Context {
    let cache = cache.map(|cache| Arc::clone(cache) as Arc<dyn Cache>);
    let fingerprints = FingerprintKey::try_new(b"a key of this installation").ok();
    Context { threads: 2, cache, fingerprints, ..Context::new(Arc::new(RulePack::built_in())) }
}

fn scan(folder: &Path, cx: &Context) -> Outcome {
    let target = Target::parse(&folder.display().to_string()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(conformance::scan(&CodeCollector, &target, cx)).unwrap()
}

/// Everything that a scan says, to the last byte.
fn told(folder: &Path, cache: Option<&Arc<Shelf>>) -> String {
    let Outcome { observations, coverage } = scan(folder, &context(cache));
    serde_json::to_string_pretty(&(observations, coverage)).unwrap()
}

/// What somebody does to a file. What has no effect in one way has one in another.
#[derive(Debug, Clone, Copy)]
enum Act {
    Append,
    Halve,
    Delete,
    Rename,
    Move,
    Swap,
    Copy,
    Touch,
}

const ACTS: [Act; 8] =
    [Act::Append, Act::Halve, Act::Delete, Act::Rename, Act::Move, Act::Swap, Act::Copy, Act::Touch];

/// The files that git would track, without what is too large to be read each time.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            } else if kind.is_file() && entry.metadata().unwrap().len() < 100_000 {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

fn done(folder: &Path, act: Act, one: Index, other: Index) {
    let files = files(folder);
    if files.is_empty() {
        return;
    }
    let (one, other) = (one.get(&files), other.get(&files));
    let name = one.file_name().unwrap();
    match act {
        Act::Append => {
            let mut bytes = fs::read(one).unwrap();
            bytes.extend(b"\nimport openai\nopenai.OpenAI().responses.create(model='gpt-4o', input='x')\n");
            fs::write(one, bytes).unwrap();
        }
        Act::Halve => {
            let bytes = fs::read(one).unwrap();
            fs::write(one, &bytes[..bytes.len() / 2]).unwrap();
        }
        Act::Delete => fs::remove_file(one).unwrap(),
        Act::Rename => {
            let mut new = std::ffi::OsString::from("renamed_");
            new.push(name);
            fs::rename(one, one.with_file_name(new)).unwrap();
        }
        // Whatever has that name there is gone.
        Act::Move => fs::rename(one, other.with_file_name(name)).unwrap(),
        Act::Copy => drop(fs::copy(one, other).unwrap()),
        Act::Swap => {
            let (first, second) = (fs::read(one).unwrap(), fs::read(other).unwrap());
            fs::write(one, second).unwrap();
            fs::write(other, first).unwrap();
        }
        Act::Touch => fs::write(one, fs::read(one).unwrap()).unwrap(),
    }
}

/// So long that a file which is as it was then counts as settled.
fn settle() {
    std::thread::sleep(Duration::from_millis(150));
}

fn acts() -> impl Strategy<Value = Vec<(Act, Index, Index)>> {
    let act = (proptest::sample::select(&ACTS), any::<Index>(), any::<Index>());
    proptest::collection::vec(act, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 8, ..ProptestConfig::default() })]

    /// Cold, with what is left from before, and once more with nothing changed: the same each time, of the folder and of its
    /// repository.
    #[test]
    fn what_is_remembered_changes_no_answer(steps in proptest::collection::vec(acts(), 2..5)) {
        let place = varied();
        let cache = Arc::new(Shelf::default());
        let mirror = place.root.parent().unwrap().join("mirror.git");
        let from = place.root.display().to_string();
        git(place.root.parent().unwrap(), &["clone", "-q", "--mirror", &from, "mirror.git"]);
        for acts in std::iter::once(Vec::new()).chain(steps) {
            for (act, one, other) in acts {
                done(&place.root, act, one, other);
            }
            place.git("", &["add", "-A"]);
            place.git("", &["commit", "-q", "--allow-empty", "-m", "more"]);
            git(&mirror, &["fetch", "-q"]);
            settle();
            for folder in [&place.root, &mirror] {
                let cold = told(folder, None);
                prop_assert_eq!(&told(folder, Some(&cache)), &cold);
                let before = cache.given(Kept::Target);
                prop_assert_eq!(&told(folder, Some(&cache)), &cold);
                prop_assert_eq!(cache.given(Kept::Target), before + 1);
            }
        }
        prop_assert!(cache.given(Kept::Files) > 0 && cache.given(Kept::Module) > 0);
    }
}

/// What is said of a file that did not change, where another file has a part in it.
#[test]
fn a_file_that_another_one_completes_is_not_remembered_without_it() {
    let place = Place::repository();
    let template = "image: {{ .Values.image }}\n";
    place.write(&[("chart/templates/images.yaml", template), ("agent.py", "import lib\n")]);
    let cache = Arc::new(Shelf::default());
    let mut answers = Vec::new();
    for (path, text) in [
        ("chart/Chart.yaml", "name: agents\nversion: 1.0.0\n"),
        ("chart/values.yaml", "image: nginx\n"),
        ("chart/values.yaml", "image: vllm/vllm-openai:v0.6.0\n"),
        ("lib.py", "from openai import OpenAI\nclient = OpenAI()\n"),
        (
            "lib/__init__.py",
            "import anthropic\nanthropic.Anthropic().messages.create(model='claude-sonnet-4-5')\n",
        ),
    ] {
        place.write(&[(path, text)]);
        settle();
        let cold = told(&place.root, None);
        assert_eq!(told(&place.root, Some(&cache)), cold, "{path}");
        answers.push(cold);
    }
    answers.dedup();
    assert!(answers.len() >= 3, "the files have a part in what is said");
}

#[test]
fn what_was_kept_and_is_broken_is_worked_out_again() {
    let place = varied();
    settle();
    let cold = told(&place.root, None);
    let cache = Arc::new(Shelf::default());
    assert_eq!(told(&place.root, Some(&cache)), cold);
    let kinds: Vec<Kept> = cache.kept.lock().unwrap().keys().map(|(kind, _)| *kind).collect();
    assert!(Kept::ALL.iter().all(|kind| kinds.contains(kind)));
    for cut in [0, 20, 40] {
        for value in cache.kept.lock().unwrap().values_mut() {
            value.truncate(cut);
        }
        assert_eq!(told(&place.root, Some(&cache)), cold);
    }
    // What another engine or other rules left is not theirs.
    for value in cache.kept.lock().unwrap().values_mut() {
        value[0] ^= 1;
    }
    assert_eq!(told(&place.root, Some(&cache)), cold);
}

#[test]
fn what_is_kept_holds_no_text_of_a_file() {
    let place = Place::repository();
    let secret = "hunter2-correct-horse-battery";
    let token = format!("ghp_{}", "0aZ".repeat(12));
    let code = format!(
        "import openai\nPASSWORD = '{secret}'\nclient = openai.OpenAI(api_key='{secret}')\nclient.responses.create(model='gpt-4o', input='{secret}')\n"
    );
    place.write(&[
        ("agent.py", &code),
        ("main.js", &format!("import agent from 'https://me:{secret}@host/agent.js'\n")),
        ("other.py", &format!("from {token} import agent\nimport app.tools\n")),
        (
            "Main.java",
            &format!("class Main {{ Agent agent = new Agent(\"{secret}\", AKIAHUNTER2CORRECT77); }}\n"),
        ),
        ("settings.yaml", &format!("password: {secret}\n")),
    ]);
    place.commit("");
    settle();
    let cache = Arc::new(Shelf::default());
    let told = told(&place.root, Some(&cache));
    assert!(told.contains("openai") && !told.contains(secret));
    let kept = cache.kept.lock().unwrap();
    assert!(kept.len() >= 3);
    for ((kind, _), value) in &*kept {
        for hidden in [secret.as_bytes(), token.as_bytes(), b"AKIAHUNTER2CORRECT77", b"hunter2"] {
            assert!(memchr::memmem::find(value, hidden).is_none(), "{kind:?}");
        }
    }
}
