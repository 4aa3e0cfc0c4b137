//! Runs the corpus: every case of `corpus/LANGUAGE/*.md` is one test. `cargo test -p muster-tests --test corpus -- NAME`
//! runs those whose names contain NAME. With `MUSTER_CORPUS_RULES=rules/catalog` (an absolute path) the rules are read
//! from there instead of from the build, so that a rule can be tried without compiling.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use muster_rules::RulePack;
use muster_tests::binary::setting;
use muster_tests::corpus::{Case, Mistake, cases, run};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = setting("MUSTER_CORPUS_RULES");
    let rules = Arc::new(RulePack::load(folder.as_deref()).expect("the rules can be read"));
    let (cases, mistakes) = read(&rules);
    let mut trials: Vec<Trial> = cases
        .into_iter()
        .map(|case| {
            let rules = Arc::clone(&rules);
            Trial::test(case.name.clone(), move || run(&case, &rules).map_err(Into::into))
        })
        .collect();
    trials.push(Trial::test("the-corpus-can-be-read", move || {
        if mistakes.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Err(shown.join("\n").into())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The cases of all files that can be read, and the mistakes in the others.
fn read(rules: &RulePack) -> (Vec<Case>, Vec<Mistake>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let heuristic = |id: &str| rules.heuristics().get(id).is_some();
    let knows = |id: &str| rules.find(id).is_some() || heuristic(id);
    let (mut all, mut mistakes) = (Vec::new(), Vec::new());
    for language in listed(&root) {
        for file in listed(&language).into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
            let shown =
                Path::new("tests/corpus").join(file.strip_prefix(&root).expect("it lies in the corpus"));
            let name = shown.with_extension("");
            let name = name.strip_prefix("tests/corpus").expect("it begins so").to_string_lossy();
            let text = std::fs::read_to_string(&file).expect("a corpus file can be read");
            match cases(&name, &shown, &text, &knows) {
                Ok(cases) => all.extend(cases),
                Err(found) => mistakes.extend(found),
            }
        }
    }
    (all, mistakes)
}

/// What is in a folder, sorted; nothing in a file.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.sort();
    paths
}
