//! Which files speak, and what is told of a system.

use std::sync::Arc;

use asmm_model::{Component, ComponentKind, SystemKind};

use super::*;
use crate::manifests::{kind_of, parse};

#[test]
fn paths_tell_who_speaks() {
    let cases = [
        (".github/CODEOWNERS", Some(Source::Codeowners(0))),
        ("CODEOWNERS", Some(Source::Codeowners(1))),
        ("sub/CODEOWNERS", None),
        ("svc/catalog-info.yaml", Some(Source::Backstage)),
        ("svc/.muster.toml", Some(Source::Declared)),
        ("vendor/x/.muster.toml", None),
        ("README.md", Some(Source::Readme(0))),
        ("svc/readme.rst", Some(Source::Readme(3))),
        ("README", Some(Source::Readme(5))),
        ("README.zh-CN.md", None),
        ("readme_old.md", None),
        ("vendor/x/README.md", None),
    ];
    for (path, expected) in cases {
        assert_eq!(Source::of(path), expected, "{path}");
    }
}

fn scope(root: &str) -> Scope {
    Scope { target: ".".to_owned(), root: root.to_owned(), name: "a".to_owned() }
}

fn system(root: &str, files: &[&str]) -> Vec<Observation> {
    let kind = SystemKind::Agent;
    let role = Role::Production;
    let mut facts = vec![Fact::System { kind, role, complete: true, tools_complete: true }];
    facts.push(Fact::Component(Component {
        kind: ComponentKind::ProviderSdk,
        name: "openai".to_owned(),
        package: None,
        version: None,
        purl: None,
        direct: None,
        tools: Vec::new(),
        access: None,
        role,
        evidence: files.iter().map(|file| Evidence::at(Place::line(*file, 1), role)).collect(),
    }));
    facts.into_iter().map(|fact| Observation { scope: scope(root), fact }).collect()
}

fn manifest(path: &str, text: &str) -> ManifestFacts {
    let kind = kind_of(path).unwrap();
    let read = parse(kind, path, text.as_bytes()).unwrap();
    ManifestFacts {
        path: Arc::from(path),
        kind,
        name: None,
        entry_points: Vec::new(),
        scripts: BTreeMap::new(),
        known: Vec::new(),
        asks: Vec::new(),
        catalogue: read.catalogue.clone(),
        claims: Claims::of(&read),
    }
}

fn told(files: &[(&str, &str)], root: &str, evidence: &[&str]) -> Vec<String> {
    let mut ownership = Ownership::default();
    let mut manifests = Vec::new();
    for (path, text) in files {
        match Source::of(path) {
            Some(source) => {
                if let Some(statement) = read(source, text.as_bytes()).unwrap() {
                    ownership.add(path, statement);
                }
            }
            None => manifests.push(manifest(path, text)),
        }
    }
    let found = ownership.about(&system(root, evidence), &manifests);
    assert!(found.iter().all(|observation| observation.scope == scope(root)));
    found
        .into_iter()
        .map(|observation| match observation.fact {
            Fact::Owner(Owner { source, name, place }) => format!("{source:?} {name} {place}"),
            Fact::Purpose(Purpose { source, text, place }) => format!("{source:?} {text} {place}"),
            Fact::Claimed(Claimed { criterion, answer, because, place }) => {
                format!("{} {} {because} {place}", criterion.id(), if answer { "yes" } else { "no" })
            }
            other => format!("{other:?}"),
        })
        .collect()
}

const FILES: [(&str, &str); 8] = [
    ("CODEOWNERS", "* @org/other\n"),
    (".github/CODEOWNERS", "* @org/all\n/svc/a/ @org/a\n/svc/a/db/ @org/db\n"),
    ("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nspec:\n  owner: platform\n"),
    ("svc/a/catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nspec: {owner: refunds}\n"),
    ("pyproject.toml", "[project]\ndescription = \"All of the services\"\nauthors = [{name = \"Ada\"}]\n"),
    ("svc/a/package.json", "{\"description\": \"Pays refunds at night\"}"),
    ("svc/b/README.md", "# B\n\nAnswers what customers ask.\n"),
    ("svc/b/README.txt", "Something else entirely.\n"),
];

#[test]
fn the_nearest_and_most_exact_source_speaks_for_a_system() {
    let files = ["svc/a/x.py", "svc/a/y.py", "svc/a/z.py", "svc/a/db/q.py"];
    assert_eq!(
        told(&FILES, "svc/a", &files),
        [
            "Backstage refunds svc/a/catalog-info.yaml:2",
            "Codeowners @org/a .github/CODEOWNERS:2",
            "PackageAuthor Ada pyproject.toml:3",
            "Package Pays refunds at night svc/a/package.json:1",
        ]
    );
    assert_eq!(
        told(&FILES, "svc/b", &[]),
        [
            "Backstage platform catalog-info.yaml:3",
            "Codeowners @org/all .github/CODEOWNERS:1",
            "PackageAuthor Ada pyproject.toml:3",
            "Readme Answers what customers ask. svc/b/README.md:3",
        ]
    );
}

#[test]
fn what_a_repository_declares_comes_first_and_from_the_nearest_file() {
    let far = "owner = \"everybody\"\n[systems.\"svc/a\"]\nowner = \"far\"\npurpose = \"What the root says of it\"\n";
    let near = "purpose = \"Pays money back to customers\"\n[claims]\nC4 = { is = \"no\", because = \"a person approves each refund\" }\n";
    let files: Vec<(&str, &str)> =
        FILES.into_iter().chain([(".muster.toml", far), ("svc/a/.muster.toml", near)]).collect();
    let mut reversed = files.clone();
    reversed.reverse();
    for files in [&files, &reversed] {
        let said = told(files, "svc/a", &[]);
        assert_eq!(
            said,
            [
                "Declared everybody .muster.toml:1",
                "Backstage refunds svc/a/catalog-info.yaml:2",
                "Codeowners @org/a .github/CODEOWNERS:2",
                "PackageAuthor Ada pyproject.toml:3",
                "Declared Pays money back to customers svc/a/.muster.toml:1",
                "C4 no a person approves each refund svc/a/.muster.toml:3",
            ]
        );
        assert_eq!(told(files, "svc/b", &[])[0], "Declared everybody .muster.toml:1");
    }
}

#[test]
fn the_order_of_files_changes_nothing() {
    let mut reversed = FILES;
    reversed.reverse();
    for root in ["", "svc/a", "svc/b"] {
        assert_eq!(told(&FILES, root, &["svc/a/x.py"]), told(&reversed, root, &["svc/a/x.py"]));
    }
}

#[test]
fn without_a_system_nothing_is_told() {
    let mut ownership = Ownership::default();
    ownership.add("CODEOWNERS", Statement::Codeowners(1, Codeowners::read("* @a\n")));
    let loose = &system("", &["a.py"])[1..];
    assert_eq!(ownership.about(loose, &[]), []);
}
