//! Commits of bare repositories: the same as a clean checkout, and whatever somebody made by hand.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::sync::Arc;

use muster_collect::conformance::{self, Outcome};
use muster_collect::{CollectError, Context, Target};
use muster_rules::RulePack;
use proptest::prelude::*;

use super::*;
use crate::CodeCollector;

pub(super) fn scan(folder: &Path) -> Result<Outcome, CollectError> {
    let target = Target::parse(&folder.display().to_string()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let cx = Context { threads: 2, ..Context::new(Arc::new(RulePack::built_in())) };
    runtime.block_on(conformance::scan(&CodeCollector, &target, &cx))
}

/// Everything that a scan says, without the place of what was scanned.
fn told(folder: &Path) -> String {
    let outcome = scan(folder).unwrap();
    format!("{outcome:#?}").replace(&folder.display().to_string(), "TARGET")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if from.is_dir() {
            copy(&from, &to.join(name));
        } else {
            fs::copy(&from, to.join(name)).unwrap();
        }
    }
}

/// A repository with everything in it that is read in a way of its own.
pub(super) fn varied() -> Place {
    let place = Place::repository();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    for folder in ["mini", "organisation/repositories"] {
        copy(&tests.join(folder), &place.at(folder));
    }
    let chart = "{{- if .Values.on }}\nkind: Deployment\napiVersion: apps/v1\nmetadata:\n  name: x\nspec:\n  template:\n    spec:\n      containers:\n        - name: a\n          image: {{ .Values.image }}\n{{- end }}\n";
    place.write(&[
        ("chart/Chart.yaml", "name: agents\nversion: 1.0.0\n"),
        ("chart/values.yaml", "on: true\nimage: vllm/vllm-openai:v0.6.0\n"),
        ("chart/templates/deep/deployment.yaml", chart),
        ("infra/main.tf", "module \"agent\" {\n  source = \"./agent\"\n  model = \"anthropic.claude-3\"\n}\n"),
        ("infra/agent/main.tf", "variable \"model\" {}\nresource \"aws_bedrockagent_agent\" \"a\" {\n  agent_name = \"helper\"\n  foundation_model = var.model\n  agent_resource_role_arn = aws_iam_role.r.arn\n}\nresource \"aws_iam_role\" \"r\" {\n  name = \"agents\"\n}\n"),
        ("book.ipynb", "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"import openai\\n\", \"openai.OpenAI().responses.create(model='gpt-4o', input='x')\\n\"]}], \"metadata\": {}}"),
        ("weights/lfs.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 4108916384\n"),
        ("run", "#!/usr/bin/env python3\nimport anthropic\nanthropic.Anthropic().messages.create(model='claude-sonnet-4-5', max_tokens=9, messages=[])\n"),
        ("build/ignored.py", "import openai\n"),
        ("node_modules/tracked/index.js", "import OpenAI from 'openai'; new OpenAI()\n"),
        ("broken/package.json", "{"),
        ("empty.py", ""),
        (".gitignore", "build/\n"),
    ]);
    place.write(&[("large.py", &"value = 1  # some more text\n".repeat(160_000))]);
    let mut noise = 7u64;
    let weights: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.to_be_bytes()[3]
    })
    .take(3 << 20)
    .collect();
    let mut tensors = b"GGUF\x03\0\0\0".to_vec();
    tensors.extend(&weights);
    fs::write(place.at("weights/model.gguf"), &tensors).unwrap();
    let latin = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9.py");
    let latin: &std::ffi::OsStr = latin;
    fs::write(place.root.join(latin), "import openai\nopenai.OpenAI().responses.create(model='gpt-4o')\n")
        .unwrap();
    for (to, link) in [
        ("run", "linked"),
        ("mini", "folder"),
        ("nowhere", "dangling"),
        ("../..", "out"),
        (".git/config", "config"),
        ("linked", "twice"),
        ("one", "two"),
        ("two", "one"),
        ("sub", "to-sub"),
        ("sub/x", "into-sub"),
        ("linked/", "as-folder"),
        ("folder/refund-agent", "through"),
    ] {
        symlink(to, place.at(link)).unwrap();
    }
    place.git("", &["add", "-f", "-A", "."]);
    let inner = Place::repository();
    inner.write(&[("x", "")]);
    let commit = inner.commit("");
    // An empty folder is what a clone has there.
    fs::create_dir(place.at("sub")).unwrap();
    place.git("", &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
    place.git("", &["commit", "-q", "-m", "all"]);
    for (number, author) in
        ["Ada <ada@example.org>", "Ben <ben@example.org>", "Ada <ada@example.org>"].iter().enumerate()
    {
        let path = place.at("mini/refund-agent/src/refunds/agent.py");
        let text = fs::read_to_string(&path).unwrap() + &format!("\n# {number}\n");
        fs::write(path, text).unwrap();
        tensors.extend(format!("more {number}").bytes());
        fs::write(place.at("weights/model.gguf"), &tensors).unwrap();
        place.git("", &["commit", "-q", "-a", "-m", "more", "--author", author]);
    }
    place
}

#[test]
fn what_is_kept_in_lfs_is_a_gap_and_no_absence() {
    let place = Place::repository();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 41\n";
    let files = ["a.py", "package.json", "deploy.yaml", "weights.safetensors"];
    place.write(&files.map(|path| (path, pointer)));
    place.commit("");
    let outcome = scan(&place.root).unwrap();
    let said: Vec<_> = outcome.coverage[0].skipped.iter().map(|gap| (gap.what.as_str(), gap.why)).collect();
    assert_eq!(said, ["a.py", "deploy.yaml", "package.json"].map(|path| (path, GapReason::Unsupported)));
    assert_eq!(outcome.coverage[0].seen, 1);
}

#[test]
fn a_bare_repository_is_told_as_a_clean_checkout_is() {
    let place = varied();
    let parent = place.root.parent().unwrap();
    let source = place.root.display().to_string();
    git(parent, &["clone", "-q", &source, "a/shop"]);
    let expected = told(&parent.join("a/shop"));
    for needed in
        ["helper", "refund", "vllm", "caf\\\\xE9.py", "weights/model.gguf", "submodule", "Ada", "as-folder"]
    {
        assert!(expected.contains(needed), "{needed} is in it");
    }
    // As objects of their own, in one pack, and as changes upon changes.
    git(parent, &["init", "-q", "--bare", "b/shop.git"]);
    git(&parent.join("b/shop.git"), &["-c", "fetch.unpackLimit=100000", "fetch", "-q", &source, "main:main"]);
    git(&parent.join("b/shop.git"), &["symbolic-ref", "HEAD", "refs/heads/main"]);
    git(parent, &["clone", "-q", "--mirror", &source, "c/shop.git"]);
    git(parent, &["clone", "-q", "--bare", &source, "d/shop"]);
    git(&parent.join("d/shop"), &["repack", "-q", "-a", "-d", "-f", "--depth=250", "--window=50"]);
    git(&parent.join("d/shop"), &["multi-pack-index", "write"]);
    for bare in ["b/shop.git", "c/shop.git", "d/shop"] {
        let found = told(&parent.join(bare));
        similar(&expected, &found, bare);
    }
    // The branch that is not the default one.
    let tree = Tree::open(&parent.join("c/shop.git"), Some("main")).unwrap();
    assert_eq!(tree.commit(), Some(place.git("", &["rev-parse", "HEAD"])));
    assert_eq!(tree.name().as_deref(), Some("shop"));
}

/// The first line that differs says more than two long texts.
fn similar(expected: &str, found: &str, which: &str) {
    for (number, (one, other)) in expected.lines().zip(found.lines()).enumerate() {
        assert_eq!(one, other, "{which}, line {number}");
    }
    assert_eq!(expected.lines().count(), found.lines().count(), "{which}");
}

/// Writes an object of any content, and gives its name.
pub(super) fn object(at: &Path, kind: &str, content: &[u8]) -> String {
    let mut git = Command::new("git")
        .current_dir(at)
        .args(["hash-object", "-w", "--literally", "--stdin", "-t", kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(content).unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn entry(mode: &str, name: &[u8], id: &str) -> Vec<u8> {
    let mut entry = format!("{mode} ").into_bytes();
    entry.extend_from_slice(name);
    entry.push(0);
    entry.extend_from_slice(&super::super::objects::ObjectId::parse(id.as_bytes()).unwrap().0);
    entry
}

/// A bare repository, and how to make one of its trees the tree of its only commit.
pub(super) struct Bare {
    _kept: TempDir,
    pub(super) root: PathBuf,
}

impl Bare {
    pub(super) fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        git(kept.path(), &["init", "-q", "--bare", "-b", "main", "r.git"]);
        Self { root: kept.path().join("r.git"), _kept: kept }
    }

    pub(super) fn commit(&self, tree: &str) -> String {
        let text = format!(
            "tree {tree}\nauthor t <t@example.org> 1 +0000\ncommitter t <t@example.org> 1 +0000\n\nx\n"
        );
        let id = object(&self.root, "commit", text.as_bytes());
        fs::write(self.root.join("refs/heads/main"), format!("{id}\n")).unwrap();
        id
    }

    pub(super) fn tree(&self, entries: &[(&str, &[u8], &str)]) -> String {
        let content: Vec<u8> = entries.iter().flat_map(|(mode, name, id)| entry(mode, name, id)).collect();
        object(&self.root, "tree", &content)
    }

    pub(super) fn file(&self, text: &str) -> String {
        object(&self.root, "blob", text.as_bytes())
    }

    fn walk(&self) -> (Vec<String>, Vec<Gap>) {
        walk(&Tree::open(&self.root, None).unwrap())
    }

    fn problem(&self) -> String {
        let problem = Tree::open(&self.root, None).unwrap_err().to_string();
        problem.replace(&self.root.display().to_string(), "REPOSITORY")
    }
}

pub(super) const AGENT: &str = "import openai\nopenai.OpenAI().responses.create(model='gpt-4o', input='x')\n";

#[test]
fn names_that_lead_elsewhere_are_gaps() {
    let bare = Bare::new();
    let file = bare.file(AGENT);
    let inner = bare.tree(&[("100644", b"x.py", &file)]);
    let tree = bare.tree(&[
        ("100644", b"", &file),
        ("100644", b"..", &file),
        ("40000", b".", &inner),
        ("40000", b".GIT", &inner),
        ("100644", b".git", &file),
        ("100644", b"/etc/passwd", &file),
        ("100644", b"../../out.py", &file),
        ("100644", b"a.py", &file),
        ("100644", b"a.py", &inner),
        ("40000", b"a.py", &inner),
        ("40000", b"file-as-folder", &file),
        ("100644", b"folder-as-file.py", &inner),
        ("160000", b"module", &file),
        ("120000", b"absolute", &bare.file("/etc/passwd")),
        ("120000", b"out", &bare.file("a/../../x")),
        ("120000", b"in", &bare.file("./a.py")),
        ("120000", b"huge", &bare.file(&"x/".repeat(4000))),
        ("120000", b"nul", &bare.file("a\0b")),
        ("120000", b"config", &bare.file(".git/config")),
        ("120000", b"tree", &inner),
        ("000000", b"odd", &file),
        ("40000", b"gone", "00000000000000000000000000000000000000aa"),
        ("100644", b"gone.py", "00000000000000000000000000000000000000ab"),
    ]);
    bare.commit(&tree);
    let (found, gaps) = bare.walk();
    assert_eq!(found, ["a.py", "folder-as-file.py", "gone.py"]);
    insta::assert_debug_snapshot!(brief(&gaps));
    let outcome = scan(&bare.root).unwrap();
    let said: Vec<_> = outcome.coverage[0].skipped.iter().map(|gap| (gap.what.as_str(), gap.why)).collect();
    assert!(said.contains(&("folder-as-file.py", GapReason::Unparsable)), "{said:?}");
    assert!(said.contains(&("gone.py", GapReason::Failed)), "{said:?}");
}

#[test]
fn trees_without_end_are_bounded() {
    let bare = Bare::new();
    let file = bare.file(AGENT);
    // One folder in the other, 600 deep.
    let mut tree = bare.tree(&[("100644", b"a.py", &file)]);
    for _ in 0..600 {
        tree = bare.tree(&[("40000", b"d", &tree)]);
    }
    bare.commit(&tree);
    let (found, gaps) = bare.walk();
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(brief(&gaps), [(format!("{}/", vec!["d"; 513].join("/")).as_str(), GapReason::TooLarge, 1)]);

    // Ten folders in each of ten folders, and so on: more files than atoms, out of forty objects.
    let names: Vec<String> = (0..1000).map(|n| format!("n{n}")).collect();
    let of = |count: usize, mode: &str, id: &str| {
        let entries: Vec<_> =
            names[..count].iter().map(|name| (mode.to_owned(), name.as_bytes(), id.to_owned())).collect();
        let entries: Vec<_> =
            entries.iter().map(|(mode, name, id)| (mode.as_str(), *name, id.as_str())).collect();
        bare.tree(&entries)
    };
    let mut tree = of(1000, "100644", &file);
    for _ in 0..30 {
        tree = of(10, "40000", &tree);
    }
    bare.commit(&tree);
    let tree = Tree::open(&bare.root, None).unwrap();
    let mut count = 0;
    tree.walk(&mut |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    assert!((1_900_000..2_000_000).contains(&count), "{count}");
    assert_eq!(
        tree.exhausted().as_deref(),
        Some(
            "the repository holds more than two million files and folders, or 256 MiB of paths; nothing of it is reported"
        )
    );
}

#[test]
fn broken_trees_are_read_as_far_as_they_go() {
    let bare = Bare::new();
    let file = bare.file(AGENT);
    let mut content = entry("100644", b"a.py", &file);
    content.extend(b"100644 cut");
    bare.commit(&object(&bare.root, "tree", &content));
    let (found, gaps) = bare.walk();
    assert_eq!(found, ["a.py"]);
    assert_eq!(brief(&gaps), [("./", GapReason::Unparsable, 1)]);
    bare.commit(&file);
    assert_eq!(brief(&bare.walk().1), [("./", GapReason::Unparsable, 1)]);
}

#[test]
fn a_repository_that_leads_elsewhere_is_refused() {
    let other = Bare::new();
    other.commit(&other.tree(&[("100644", b"a.py", &other.file(AGENT))]));
    let commit = fs::read_to_string(other.root.join("refs/heads/main")).unwrap();

    let alternates = Bare::new();
    fs::write(alternates.root.join("refs/heads/main"), &commit).unwrap();
    fs::write(alternates.root.join("objects/info/alternates"), format!("{}/objects\n", other.root.display()))
        .unwrap();
    assert!(
        alternates.problem().starts_with("REPOSITORY keeps objects in another repository"),
        "{}",
        alternates.problem()
    );

    for (from, to) in [("objects/aa", "objects/aa"), ("objects", "objects/pack/more")] {
        let linked = Bare::new();
        fs::write(linked.root.join("refs/heads/main"), &commit).unwrap();
        symlink(other.root.join(from), linked.root.join(to)).unwrap();
        assert!(
            linked.problem().starts_with("REPOSITORY has a link among its objects"),
            "{}",
            linked.problem()
        );
    }
    let fifo = Bare::new();
    fs::write(fifo.root.join("refs/heads/main"), &commit).unwrap();
    assert!(
        Command::new("mkfifo").arg(fifo.root.join("objects/pack/pack-a.idx")).status().unwrap().success()
    );
    assert!(
        fifo.problem().starts_with("REPOSITORY has no regular file among its objects"),
        "{}",
        fifo.problem()
    );

    // With the whole folder a link it is no repository, and its files are files.
    let whole = Bare::new();
    fs::remove_dir_all(whole.root.join("objects")).unwrap();
    symlink(other.root.join("objects"), whole.root.join("objects")).unwrap();
    assert!(matches!(Tree::open(&whole.root, None).unwrap(), Tree::Work(_)));
}

#[test]
fn settings_and_hooks_of_a_repository_are_not_obeyed() {
    let bare = Bare::new();
    bare.commit(&bare.tree(&[("100644", b"a.py", &bare.file(AGENT))]));
    let mark = bare.root.join("ran");
    let command = format!("touch {}", mark.display());
    // A replacement would put another object in the place of one.
    let file = bare.file(AGENT);
    let other = bare.file("");
    fs::create_dir_all(bare.root.join("refs/replace")).unwrap();
    fs::write(bare.root.join("refs/replace").join(&file), &other).unwrap();
    let config = format!(
        "[core]\n\tbare = false\n\tworktree = /etc\n\tfsmonitor = {command}\n\thooksPath = /tmp\n\tsshCommand = {command}\n[include]\n\tpath = /etc/passwd\n[extensions]\n\tworktreeConfig = true\n[filter \"x\"]\n\tsmudge = {command}\n"
    );
    fs::write(bare.root.join("config"), config).unwrap();
    let found = bare.walk();
    assert_eq!(found, (strings(&["a.py"]), vec![]));
    let tree = Tree::open(&bare.root, None).unwrap();
    let mut buffer = Vec::new();
    tree.walk(&mut |found| {
        tree.reader().read(&found, 1000, &mut buffer).unwrap();
        ControlFlow::Continue(())
    });
    assert_eq!(buffer, AGENT.as_bytes());
    assert!(!mark.exists());
}

#[test]
fn what_has_no_commit_says_so() {
    let bare = Bare::new();
    assert_eq!(
        bare.problem(),
        "REPOSITORY is a git repository without a commit on its default branch; name another one with `--git-branch`"
    );
    for (head, expected) in [
        (
            "ref: refs/heads/../../../../etc/passwd",
            "REPOSITORY is a git repository without a commit on its default branch; name another one with `--git-branch`",
        ),
        (
            "00000000000000000000000000000000000000aa",
            "REPOSITORY does not hold the commit 00000000000000000000000000000000000000aa that it names",
        ),
        (
            "ref: refs/heads/loop",
            "REPOSITORY is a git repository without a commit on its default branch; name another one with `--git-branch`",
        ),
    ] {
        fs::write(bare.root.join("HEAD"), head).unwrap();
        fs::write(bare.root.join("refs/heads/loop"), "ref: refs/heads/loop").unwrap();
        assert_eq!(bare.problem(), expected);
    }
    let file = bare.file("x");
    fs::write(bare.root.join("HEAD"), &file).unwrap();
    assert_eq!(bare.problem(), format!("REPOSITORY names {file}, which is no commit that can be read"));
    // A tag that stands for itself cannot be made; one that stands for tags without end can.
    let mut id = bare.commit(&bare.tree(&[]));
    let mut kind = "commit";
    for _ in 0..3 {
        let text = format!("object {id}\ntype {kind}\ntag t\ntagger t <t@example.org> 1 +0000\n\nx\n");
        id = object(&bare.root, "tag", text.as_bytes());
        kind = "tag";
    }
    fs::create_dir_all(bare.root.join("refs/tags")).unwrap();
    fs::write(bare.root.join("refs/tags/v1"), &id).unwrap();
    assert!(Tree::open(&bare.root, Some("v1")).is_ok());
    let unknown = Tree::open(&bare.root, Some("v2")).unwrap_err().to_string();
    assert!(unknown.ends_with("has no branch, tag or commit `v2`"), "{unknown}");

    let sha256 = tempfile::tempdir().unwrap();
    git(sha256.path(), &["init", "-q", "--bare", "--object-format=sha256", "-b", "main", "r.git"]);
    fs::write(sha256.path().join("r.git/refs/heads/main"), "ab".repeat(32)).unwrap();
    let problem = Tree::open(&sha256.path().join("r.git"), None).unwrap_err().to_string();
    assert!(
        problem.ends_with("names its objects by SHA-256, which is not read yet; scan a work tree of it"),
        "{problem}"
    );
}

#[test]
fn a_folder_that_only_looks_like_a_repository_hides_nothing() {
    // Tracked by a repository around it, it is files like any others.
    let place = Place::repository();
    place.write(&[
        ("svc/HEAD", "ref: refs/heads/main\n"),
        ("svc/objects/x", ""),
        ("svc/refs/x", ""),
        ("svc/evil.py", AGENT),
    ]);
    place.commit("");
    assert!(place.walk("svc").0.contains(&"evil.py".to_owned()));
    // As a repository of its own, what is beside it is told.
    let bare = Bare::new();
    bare.commit(&bare.tree(&[("100644", b"a.py", &bare.file(""))]));
    fs::write(bare.root.join("evil.py"), AGENT).unwrap();
    assert_eq!(brief(&bare.walk().1), [("files beside the repository", GapReason::Unsupported, 1)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_tree_makes_the_walk_panic(content in prop::collection::vec(any::<u8>(), 0..200), name in prop::collection::vec(any::<u8>(), 0..12), target in "[a./]{0,12}") {
        let bare = Bare::new();
        let file = bare.file(AGENT);
        let name: Vec<u8> = name.into_iter().filter(|byte| *byte != 0).collect();
        let mut tree = entry("100644", &name, &file);
        tree.extend(entry("120000", b"link", &bare.file(&target)));
        tree.extend(entry("40000", b"a", &bare.tree(&[("100644", b"a", &file)])));
        tree.extend(&content);
        bare.commit(&object(&bare.root, "tree", &tree));
        let (found, _) = bare.walk();
        for path in found {
            prop_assert!(!path.split('/').any(|part| part.is_empty() || part == ".." || part == ".git"));
        }
    }
}
