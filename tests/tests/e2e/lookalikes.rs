//! The budget for false alarms: published packages that hold no AI, and look as if they did, are nothing to report.
//!
//! They are pinned in `tests/lookalikes/packages.txt`, and `tests/lookalikes/fetch` puts them where this test looks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use asmm_model::{Evidence, Inventory, System};
use muster_rules::RulePack;
use muster_tests::binary::setting;
use muster_tests::stage::Stage;

use crate::WITNESS;

/// A claim is strong where its rule proves the use of AI.
const STRONG: u8 = 2;
/// The program that calls a model.
const WITNESS_FILE: &str = "witness.py";
/// What the budget was made for; fewer would prove less.
const LEAST: (usize, usize) = (24, 6);

/// What rules of little strength say about the packages, with a program that calls a model beside them. To be read before
/// a line is added: best is that there is none.
const WEAK: &[&str] = &["pypi/Django-5.2.4: identity DJANGO_SUPERUSER_PASSWORD by reads-environment"];

/// One line of the list.
struct Package {
    digest: String,
    /// Name and version, as it is called in the cache.
    folder: String,
    /// Where it is scanned: packages of two ecosystems may have one name.
    target: String,
}

fn packages() -> Vec<Package> {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("lookalikes/packages.txt");
    let text = std::fs::read_to_string(list).expect("the list can be read");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().take(4).collect();
            let [ecosystem, name, version, digest] = words[..] else { panic!("`{line}` is no package") };
            let folder = format!("{}-{version}", name.replace('/', "-"));
            Package { digest: digest.to_owned(), target: format!("{ecosystem}/{folder}"), folder }
        })
        .collect()
}

/// Where `tests/lookalikes/fetch` puts them.
fn cache() -> PathBuf {
    setting("MUSTER_LOOKALIKES")
        .or_else(|| setting("XDG_CACHE_HOME").map(|cache| cache.join("muster-lookalikes")))
        .or_else(|| setting("HOME").map(|home| home.join(".cache/muster-lookalikes")))
        .expect("HOME, XDG_CACHE_HOME or MUSTER_LOOKALIKES is set")
}

/// Puts a package where it is scanned, and notes the languages that it is written in.
fn put(from: &Path, to: &Path, languages: &mut BTreeSet<&'static str>) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the cache can be listed") {
        let entry = entry.expect("the cache can be listed");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            put(&path, &target, languages);
            continue;
        }
        languages.extend(language(&path));
        // Nobody writes to these files, so a second name of each is enough where the file system knows that.
        std::fs::hard_link(&path, &target)
            .or_else(|_| std::fs::copy(&path, &target).map(|_| ()))
            .expect("a file can be put there");
    }
}

fn language(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "py" => "python",
        "js" | "cjs" | "mjs" => "javascript",
        "ts" | "tsx" => "typescript",
        "rs" => "rust",
        "java" => "java",
        "kt" => "kotlin",
        "cs" => "csharp",
        "rb" => "ruby",
        _ => return None,
    })
}

fn scan(stage: &Stage, packages: &[Package]) -> Inventory {
    let mut arguments = vec!["scan", "--quiet", "--format", "json"];
    arguments.extend(packages.iter().map(|package| package.target.as_str()));
    let ended = stage.run(&arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.inventory()
}

/// Everything that is claimed about the packages and not about the witness: whether it is strong, and the claim.
fn claims(inventory: &Inventory, pack: &RulePack) -> BTreeSet<(bool, String)> {
    let mut claims = BTreeSet::new();
    let mut claim = |target: &str, kind: &str, name: &str, evidence: &[Evidence]| {
        let is_witness = |evidence: &Evidence| evidence.place.path.as_deref() == Some(WITNESS_FILE);
        if evidence.is_empty() || !evidence.iter().all(is_witness) {
            let rules = evidence.iter().filter(|e| !is_witness(e)).filter_map(|e| e.rule.as_deref());
            let rule = rules.max_by_key(|id| pack.find(id).map(|(_, rule)| rule.strength));
            let strength = rule.and_then(|id| pack.find(id)).map(|(_, rule)| rule.strength);
            let by = rule.unwrap_or("no rule");
            claims.insert((strength.is_none_or(|s| s >= STRONG), format!("{target}: {kind} {name} by {by}")));
        }
    };
    for found in &inventory.components {
        claim("in no system", "component", &found.name, &found.evidence);
    }
    for system in &inventory.systems {
        let target = target(system);
        system.components.iter().for_each(|c| claim(target, "component", &c.name, &c.evidence));
        system.models.iter().for_each(|m| claim(target, "model", &m.name, &m.evidence));
        system.identities.iter().for_each(|i| claim(target, "identity", &i.name, &i.evidence));
        system.tools.iter().for_each(|t| claim(target, "tool", &t.name, &t.evidence));
        system.triggers.iter().for_each(|t| claim(target, "trigger", t.kind.name(), &t.evidence));
    }
    claims
}

#[test]
fn packages_without_ai_are_nothing_to_report() {
    let packages = packages();
    let cache = cache();
    let stage = Stage::new();
    let mut spoken = BTreeSet::new();
    for package in &packages {
        let fetched = cache.join(&package.digest).join(&package.folder);
        assert!(
            fetched.is_dir(),
            "{} is not in {}: run tests/lookalikes/fetch once, and again when the list changes",
            package.folder,
            cache.display()
        );
        put(&fetched, &stage.beside(&package.target), &mut spoken);
    }
    assert!(
        packages.len() >= LEAST.0 && spoken.len() >= LEAST.1,
        "{} packages in {spoken:?} are too few",
        packages.len()
    );

    let alone = scan(&stage, &packages);
    let named: Vec<(&str, &str)> = alone.systems.iter().map(|s| (target(s), s.name.as_str())).collect();
    assert_eq!(named, [], "systems are found where none is");
    assert_eq!(alone.components, [], "components are found where none is");

    // Beside a program that calls a model, supporting rules may speak as well.
    for package in &packages {
        std::fs::write(stage.beside(&package.target).join(WITNESS_FILE), WITNESS).expect("a file");
    }
    let beside = scan(&stage, &packages);
    let pack = RulePack::built_in();
    let claims = claims(&beside, &pack);
    let strong: Vec<&str> = claims.iter().filter(|(strong, _)| *strong).map(|(_, what)| &**what).collect();
    let weak: Vec<&str> = claims.iter().filter(|(strong, _)| !strong).map(|(_, what)| &**what).collect();
    assert_eq!(strong, [""; 0], "rules prove AI where none is");
    assert_eq!(weak, WEAK);
    let found: Vec<(&str, &str)> = beside.systems.iter().map(|s| (target(s), s.root.as_str())).collect();
    let planted: Vec<(&str, &str)> = packages.iter().map(|package| (&*package.target, "")).collect();
    assert_eq!(sorted(found), sorted(planted), "one system in each, the program that was put there");
}

fn target(system: &System) -> &str {
    system.target.as_deref().unwrap_or_default()
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all
}
