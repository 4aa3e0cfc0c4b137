//! What no parser may do on any bytes: panic, overflow the stack, or repeat what a broken file says.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{ManifestKind, parse};

/// A small sample of each format that its parser reads without a warning.
fn sample(kind: ManifestKind) -> &'static str {
    match kind {
        ManifestKind::Requirements => {
            "openai>=1.2 # c\nlangchain[all]==0.1 \\\n  --hash=sha256:a\n-e git+https://x/y.git#egg=z\n"
        }
        ManifestKind::PyProject => {
            "[project]\nname = \"a\"\ndependencies = [\"openai>=1\"]\n[tool.poetry.dependencies]\nx = {version = \"^1\"}\n"
        }
        ManifestKind::SetupPy => {
            "setup(name='a', install_requires=['openai>=1', \"b\"], extras_require={'x': ['y']})\n"
        }
        ManifestKind::SetupCfg => "[options]\ninstall_requires =\n  openai>=1\n  b\n",
        ManifestKind::Pipfile => "[packages]\nopenai = \"*\"\n",
        ManifestKind::PipfileLock => "{\"default\": {\"openai\": {\"version\": \"==1.0\"}}}",
        ManifestKind::UvLock => {
            "[[package]]\nname = \"a\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"b\" }]\n[[package]]\nname = \"b\"\nversion = \"1\"\n"
        }
        ManifestKind::PoetryLock | ManifestKind::PdmLock => {
            "[[package]]\nname = \"b\"\nversion = \"1\"\ngroups = [\"main\"]\n"
        }
        ManifestKind::PyLock => "[[packages]]\nname = \"b\"\nversion = \"1\"\n",
        ManifestKind::PackageJson => {
            "{\"name\": \"a\", \"bin\": {\"a\": \"b\"}, \"dependencies\": {\"openai\": \"^4\", \"x\": \"npm:@s/y@1\"}}"
        }
        ManifestKind::PackageLock => {
            "{\"packages\": {\"\": {\"dependencies\": {\"a\": \"1\"}}, \"node_modules/a\": {\"version\": \"1.0.0\"}}}"
        }
        ManifestKind::YarnLock => {
            "\"@s/a@^1\", \"@s/a@^2\":\n  version \"2.0.0\"\n  dependencies:\n    b \"1\"\n"
        }
        ManifestKind::PnpmLock => {
            "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1.0.0(b@2)\npackages:\n  a@1.0.0:\n    resolution: {integrity: x}\n"
        }
        ManifestKind::BunLock => {
            "{\"workspaces\": {\"\": {\"dependencies\": {\"a\": \"1\",},},},\n\"packages\": {\"a\": [\"a@1.0.0\"],},}"
        }
        ManifestKind::GoMod => "module a\nrequire (\n\tb.c/d v1.0.0 // indirect\n)\n",
        ManifestKind::Pom => {
            "<project><properties><v>1</v></properties><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>${v}</version></dependency></dependencies></project>"
        }
        ManifestKind::DotnetProject | ManifestKind::DotnetProps => {
            "<Project><ItemGroup><PackageReference Include=\"A\" Version=\"1.0\"/></ItemGroup></Project>"
        }
        ManifestKind::PackagesConfig => "<packages><package id=\"A\" version=\"1.0\"/></packages>",
        ManifestKind::DotnetLock => {
            "{\"dependencies\": {\"net8.0\": {\"A\": {\"type\": \"Direct\", \"resolved\": \"1.0\"}}}}"
        }
        ManifestKind::CargoToml => {
            "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\nc = { git = \"https://x/y\" }\n"
        }
        ManifestKind::CargoLock => "[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"r\"\n",
        ManifestKind::Gemfile => "gem 'a', '~> 1'\ngroup :test do\n  gem 'b'\nend\n",
        ManifestKind::GemfileLock => "GEM\n  specs:\n    a (1.0)\n\nDEPENDENCIES\n  a\n",
        ManifestKind::Gradle => {
            "val v = \"1.0\"\ndependencies {\n  implementation(platform(\"a.b:bom:1\"))\n  testImplementation group: 'c', name: 'd', version: '2'\n  api(\"e:f:$v\") { exclude(group = \"x\") }\n  api(libs.g.h)\n}\n"
        }
        ManifestKind::GradleCatalogue => {
            "[versions]\nv = \"1\"\n[libraries]\na-b = { module = \"c:d\", version.ref = \"v\" }\n[bundles]\nx = [\"a-b\"]\n"
        }
        ManifestKind::Gemspec => {
            "Gem::Specification.new do |s|\n  s.name = \"a\"\n  s.add_dependency \"b\", \"~> 1\"\nend\n"
        }
        ManifestKind::CondaEnvironment => "name: a\ndependencies:\n  - c::openai=1.0\n  - pip:\n    - b==1\n",
        ManifestKind::Dockerfile => {
            "FROM x\nRUN pip install a==1 \\\n  # c\n  b && npm i -g '@c/d@1.0.0'\nRUN <<E\ngem install e\nE\n"
        }
        ManifestKind::Compose => {
            "services:\n  a:\n    command: sh -c \"pip install a\"\n    build: {dockerfile_inline: \"RUN pip install b\"}\n"
        }
        ManifestKind::Submodules => {
            "[submodule \"a\"]\n\turl = https://github.com/openai/openai-python.git\n"
        }
        ManifestKind::ComposerJson => "{\"require\": {\"a/b\": \"^1\"}}",
        ManifestKind::ComposerLock => "{\"packages\": [{\"name\": \"a/b\", \"version\": \"1.0\"}]}",
    }
}

#[test]
fn every_sample_is_read_in_every_encoding() {
    for kind in ManifestKind::ALL {
        let text = sample(kind);
        let plain = parse(kind, "x", text.as_bytes()).unwrap();
        assert!(
            !plain.dependencies.is_empty() && plain.warnings.is_empty(),
            "{kind:?}: {:?}",
            plain.warnings
        );
        let marked = format!("\u{feff}{text}");
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [marked.into_bytes(), text.replace('\n', "\r\n").into_bytes(), little, big] {
            assert_eq!(parse(kind, "x", &bytes), Ok(plain.clone()), "{kind:?}");
        }
    }
}

#[test]
fn a_declared_encoding_does_not_decode_twice() {
    let text = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<packages><package id=\"A\" version=\"1.0\"/></packages>";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let manifest = parse(ManifestKind::PackagesConfig, "packages.config", &bytes).unwrap();
    let found: Vec<_> = manifest.dependencies.iter().map(|d| (d.name.as_str(), d.line)).collect();
    assert_eq!((found, manifest.warnings), (vec![("A", 2)], vec![]));
}

#[test]
fn undecodable_bytes_are_a_warning_where_the_format_allows() {
    let manifest = parse(ManifestKind::Requirements, "requirements.txt", b"openai\n# \xff\n").unwrap();
    assert_eq!(manifest.warnings, ["bytes that are no valid text were replaced"]);
    assert_eq!(manifest.dependencies.len(), 1);
}

/// Documents that nest `depth` times in every way that the formats have.
fn deep(kind: ManifestKind, depth: usize) -> Vec<String> {
    let twice = |open: &str, close: &str| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let only = |open: &str| open.repeat(depth);
    match kind {
        ManifestKind::Pom
        | ManifestKind::DotnetProject
        | ManifestKind::DotnetProps
        | ManifestKind::PackagesConfig => vec![twice("<a>", "</a>"), only("<a>")],
        ManifestKind::Gradle => {
            let lists = format!("dependencies {{ a(\"b:c\") {}", only("{"));
            vec![
                twice("{", "}"),
                twice("(", ")"),
                format!("dependencies {{ {}", only("a(")),
                lists,
                only("\"${"),
            ]
        }
        ManifestKind::Dockerfile => {
            vec![
                format!("RUN {}", only("sh -c '")),
                format!("RUN {}", only("(")),
                only("RUN <<A\n"),
                only("RUN \\\n"),
            ]
        }
        ManifestKind::PnpmLock => {
            let mut blocks = String::new();
            for level in 0..depth.min(3000) {
                let _ = writeln!(blocks, "{}a:", " ".repeat(level));
            }
            vec![twice("[", "]"), twice("{a: ", "}"), only("["), only("- "), only("? "), only("{a: "), blocks]
        }
        ManifestKind::PyProject
        | ManifestKind::Pipfile
        | ManifestKind::UvLock
        | ManifestKind::PoetryLock
        | ManifestKind::PdmLock
        | ManifestKind::PyLock
        | ManifestKind::GradleCatalogue
        | ManifestKind::CargoToml
        | ManifestKind::CargoLock => vec![
            format!("a = {}", twice("[", "]")),
            format!("a = {}", twice("{a=", "}")),
            format!("a = {}", only("[")),
            format!("{}a = 1", only("a.")),
            format!("[{}a]", only("a.")),
            format!("[[{}a]]", only("a.")),
        ],
        _ => vec![twice("[", "]"), twice("{\"a\":", "}"), only("["), only("{\"a\":")],
    }
}

fn is_line_oriented(kind: ManifestKind) -> bool {
    matches!(
        kind,
        ManifestKind::Requirements
            | ManifestKind::SetupPy
            | ManifestKind::SetupCfg
            | ManifestKind::YarnLock
            | ManifestKind::GoMod
            | ManifestKind::Gemfile
            | ManifestKind::GemfileLock
            | ManifestKind::Gradle
            | ManifestKind::Gemspec
            | ManifestKind::Dockerfile
            | ManifestKind::Submodules
            // Parsed only where they speak about packages.
            | ManifestKind::CondaEnvironment
            | ManifestKind::Compose
    )
}

#[test]
fn depth_is_an_error_and_no_overflow() {
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(|| {
        for kind in ManifestKind::ALL {
            for text in deep(kind, 10_000) {
                let result = parse(kind, "x", text.as_bytes());
                assert!(result.is_err() || is_line_oriented(kind), "{kind:?}: {}", &text[..24]);
            }
        }
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn what_is_too_large_is_not_read() {
    let bytes = vec![b'\n'; super::MAX_BYTES + 1];
    let error = parse(ManifestKind::Requirements, "requirements.txt", &bytes).unwrap_err();
    assert_eq!(error.to_string(), "the file has 33554433 bytes; more than 33554432 are not read");
}

#[test]
fn dependencies_are_counted() {
    let mut text = String::new();
    for index in 0..=super::MAX_DEPENDENCIES {
        let _ = writeln!(text, "p{index}");
    }
    let manifest = parse(ManifestKind::Requirements, "requirements.txt", text.as_bytes()).unwrap();
    assert_eq!(
        (manifest.dependencies.len(), manifest.warnings),
        (super::MAX_DEPENDENCIES, vec![super::TOO_MANY.to_owned()])
    );
}

#[test]
fn problems_are_told_without_the_text() {
    for kind in ManifestKind::ALL {
        for text in [
            "hunter2 = hunter2 hunter2",
            "{\"hunter2\": hunter2",
            "<hunter2",
            "gem hunter2",
            "hunter2: [hunter2",
        ] {
            let told = match parse(kind, "x", text.as_bytes()) {
                Ok(manifest) => manifest.warnings.join("\n"),
                Err(error) => error.to_string(),
            };
            assert!(!told.contains("hunter2"), "{kind:?}: {told}");
        }
    }
}

fn any_kind() -> impl Strategy<Value = ManifestKind> {
    prop::sample::select(ManifestKind::ALL.to_vec())
}

proptest! {
    #[test]
    fn any_bytes_are_survived(kind in any_kind(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(kind, "x", &bytes);
    }

    #[test]
    fn any_text_of_syntax_is_survived(kind in any_kind(), text in "[\\[\\]{}()<>=:,;@#'\"\\\\/|&*!?. \t\na-e0-3é-]{0,120}") {
        let _ = parse(kind, "x", text.as_bytes());
    }

    #[test]
    fn mutated_samples_are_survived(
        kind in any_kind(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = sample(kind).as_bytes().to_vec();
        for (at, byte, edit) in edits {
            let at = at.index(bytes.len().max(1));
            match edit {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => { bytes.remove(at); }
                _ => bytes.insert(at.min(bytes.len()), byte),
            }
        }
        bytes.truncate(cut.index(bytes.len() * 2 + 1).max(1));
        if let Ok(manifest) = parse(kind, "x", &bytes) {
            let lines = u32::try_from(bytes.len()).unwrap() + 1;
            prop_assert!(manifest.dependencies.is_sorted());
            prop_assert!(manifest.dependencies.iter().all(|d| (1..=lines).contains(&d.line)));
        }
    }
}
