//! Which files git's own state lets the walk leave out.

use super::*;

#[test]
fn tracked_files_are_found_though_ignored_and_untracked_ones_counted() {
    let place = Place::repository();
    place
        .write(&[
            (".gitignore", "*.log\n/target/\nbuild/\n!kept.log\n"),
            ("a.py", ""),
            ("old.log", ""),
            ("build/tracked.py", ""),
        ])
        .git("", &["add", "-f", "."]);
    place.write(&[
        ("new.py", ""),
        ("new.log", ""),
        ("kept.log", ""),
        ("src/x.log", ""),
        ("src/deep/y.log", ""),
        ("src/target/z.py", ""),
        ("target/debug/a", ""),
        ("target/debug/b", ""),
        ("build/untracked.py", ""),
        ("build/more/untracked.py", ""),
        (".hidden/x.py", ""),
        (".ignore", "*.py\n"),
    ]);
    let found = strings(&[
        ".gitignore",
        ".hidden/x.py",
        ".ignore",
        "a.py",
        "build/tracked.py",
        "kept.log",
        "new.py",
        "old.log",
        "src/target/z.py",
    ]);
    let gaps = vec![ignored("build/", 2), ignored("new.log", 1), ignored("src/", 2), ignored("target/", 1)];
    assert_eq!(place.walk(""), (found, gaps));
}

#[test]
fn without_git_no_rules_hold() {
    let place = Place::new();
    place.write(&[(".gitignore", "*\n"), ("a.py", ""), ("b/.gitignore", "c\n"), ("b/c", "")]);
    assert_eq!(place.walk(""), (strings(&[".gitignore", "a.py", "b/.gitignore", "b/c"]), vec![]));
    assert_eq!(Tree::open(&place.root, None).unwrap().commit(), None);
}

#[test]
fn a_repository_cannot_hide_what_it_tracks() {
    let place = Place::repository();
    place.write(&[("a/agent.py", ""), ("b.py", "")]);
    place.commit("");
    place.write(&[
        (".gitignore", "*\n"),
        ("a/.gitignore", "*\n"),
        (".git/info/exclude", "*\n"),
        ("c/d.py", ""),
    ]);
    let gaps = vec![ignored(".gitignore", 1), ignored("a/.gitignore", 1), ignored("c/", 1)];
    assert_eq!(place.walk(""), (strings(&["a/agent.py", "b.py"]), gaps));
}

#[test]
fn rules_further_down_win_and_excluded_folders_stay_excluded() {
    let place = Place::repository();
    place.write(&[
        (".gitignore", "*.tmp\nout/\n!out/kept.py\n"),
        ("sub/.gitignore", "!*.tmp\n/only-here\n"),
        ("sub/a.tmp", ""),
        ("sub/only-here", ""),
        ("sub/x/only-here", ""),
        ("out/kept.py", ""),
        ("b.tmp", ""),
        (".git/info/exclude", "private\n"),
        ("x/private", ""),
    ]);
    let found = strings(&[".gitignore", "sub/.gitignore", "sub/a.tmp", "sub/x/only-here"]);
    let gaps =
        vec![ignored("b.tmp", 1), ignored("out/", 1), ignored("sub/only-here", 1), ignored("x/private", 1)];
    assert_eq!(place.walk(""), (found, gaps));
}

#[test]
fn rules_without_end_are_not_applied() {
    let place = Place::repository();
    let long = "0123456\n".repeat(8000);
    let mut folder = String::new();
    let mut found = Vec::new();
    for depth in 0..6 {
        let rules = format!("{folder}.gitignore");
        place.write(&[(&rules, &format!("made{depth}\n{long}")), (&format!("{folder}made{depth}"), "")]);
        // Four full files of rules are held at a time; the rules of the last two folders are passed over.
        if depth >= 4 {
            found.push(format!("{folder}made{depth}"));
        }
        found.push(rules);
        folder += "d/";
    }
    found.sort();
    let gaps = vec![ignored("d/", 3), ignored("made0", 1)];
    assert_eq!(place.walk(""), (found, gaps));
}

#[test]
fn the_walk_agrees_with_git() {
    let place = Place::repository();
    place.write(&[
        (".gitignore", "*.o\n/docs/*\n!/docs/keep/\nfoo/**/bar\n**/gen\n\\#odd\ntrailing\\ \n[ab]x\n?.q\n"),
        ("a.o", ""),
        ("docs/a.md", ""),
        ("docs/keep/b.md", ""),
        ("foo/1/2/bar", ""),
        ("foo/bar", ""),
        ("p/gen/x", ""),
        ("#odd", ""),
        ("trailing ", ""),
        ("ax", ""),
        ("cx", ""),
        ("z.q", ""),
        ("zz.q", ""),
        ("p/.gitignore", "/local\n!x.o\n"),
        ("p/local", ""),
        ("p/x.o", ""),
        ("p/q/local", ""),
    ]);
    let mut expected: Vec<String> = place
        .git("", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .split_terminator('\0')
        .map(str::to_owned)
        .collect();
    expected.sort();
    assert!(expected.len() > 5, "{expected:?}");
    assert_eq!(place.walk("").0, expected);
}

#[test]
fn a_folder_inside_a_work_tree_keeps_the_rules_above_it() {
    let place = Place::repository();
    place.write(&[
        (".gitignore", "*.log\n/pkg/made/\n"),
        ("pkg/a.py", ""),
        ("pkg/old.log", ""),
        ("pkg/made/t.py", ""),
    ]);
    place.git("", &["add", "-f", "."]);
    place.git("", &["commit", "-q", "-m", "all"]);
    let commit = place.git("", &["rev-parse", "HEAD"]);
    place.write(&[
        ("pkg/new.log", ""),
        ("pkg/made/u.py", ""),
        ("pkg/in/x.log", ""),
        ("pkg/secret", ""),
        (".git/info/exclude", "/pkg/secret\n"),
    ]);
    let gaps = vec![ignored("in/x.log", 1), ignored("made/u.py", 1), ignored("files at the top", 2)];
    let (found, mut left_out) = place.walk("pkg");
    left_out.sort_by_key(|gap| gap.what.clone() == "files at the top");
    assert_eq!((found, left_out), (strings(&["a.py", "made/t.py", "old.log"]), gaps));
    assert_eq!(Tree::open(&place.at("pkg"), None).unwrap().commit(), Some(commit));
}

#[test]
fn an_ignored_folder_that_is_named_is_scanned_in_full() {
    let place = Place::repository();
    place.write(&[
        (".gitignore", "*\n"),
        ("work/a.py", ""),
        ("work/.gitignore", "b.py\n"),
        ("work/b.py", ""),
    ]);
    place.git("", &["commit", "-q", "--allow-empty", "-m", "none"]);
    assert_eq!(place.walk("work"), (strings(&[".gitignore", "a.py", "b.py"]), vec![]));
    assert_eq!(Tree::open(&place.at("work"), None).unwrap().commit(), None);
}

#[test]
fn nested_repositories_have_their_own_rules() {
    let place = Place::repository();
    place.write(&[(".gitignore", "*.log\nchild/\n"), ("a.py", "")]);
    place.commit("");
    for inner in ["inner", "child"] {
        fs::create_dir(place.at(inner)).unwrap();
        place.git(inner, &["init", "-q"]);
    }
    place.write(&[("inner/.gitignore", "*.py\n"), ("inner/old.py", ""), ("child/c.py", "")]);
    place.git("inner", &["add", "-f", "old.py"]);
    place.git("child", &["add", "-f", "c.py"]);
    place.write(&[("inner/new.py", ""), ("inner/x.log", ""), ("inner/sub/y.py", "")]);
    let found =
        strings(&[".gitignore", "a.py", "child/c.py", "inner/.gitignore", "inner/old.py", "inner/x.log"]);
    assert_eq!(place.walk(""), (found, vec![ignored("inner/", 2)]));
}

#[test]
fn submodules_are_walked_through_their_git_file() {
    let origin = Place::repository();
    origin.write(&[("m.py", ""), ("x.log", "")]);
    origin.commit("");
    let place = Place::repository();
    place.write(&[("a.py", "")]);
    place.git("", &["submodule", "--quiet", "add", origin.root.to_str().unwrap(), "mod"]);
    let commit = place.commit("");
    assert!(place.at("mod/.git").is_file());
    place.write(&[(".gitignore", "*.log\nmod/\n"), ("mod/.gitignore", "new.py\n"), ("mod/new.py", "")]);
    let found = strings(&[".gitignore", ".gitmodules", "a.py", "mod/.gitignore", "mod/m.py", "mod/x.log"]);
    assert_eq!(place.walk(""), (found, vec![ignored("mod/new.py", 1)]));
    assert_eq!(Tree::open(&place.root, None).unwrap().commit(), Some(commit));
}

#[test]
fn linked_work_trees_share_refs_and_excludes() {
    let place = Place::repository();
    place.write(&[("a.py", ""), (".git/info/exclude", "secret\n")]);
    let first = place.commit("");
    place.git("", &["worktree", "add", "-q", "-b", "side", "../side"]);
    place.write(&[("../side/b.py", ""), ("../side/secret", "")]);
    let tree = Tree::open(&place.at("../side"), None).unwrap();
    assert_eq!(tree.commit(), Some(first.clone()));
    assert_eq!(walk(&tree), (strings(&["a.py", "b.py"]), vec![ignored("secret", 1)]));

    let second = place.commit("../side");
    assert_ne!(first, second);
    assert_eq!(Tree::open(&place.at("../side"), None).unwrap().commit(), Some(second));
    assert_eq!(Tree::open(&place.root, None).unwrap().commit(), Some(first));
}

#[test]
fn commits_are_read_from_loose_packed_and_detached_heads() {
    let place = Place::repository();
    let commit = || Tree::open(&place.root, None).unwrap().commit();
    assert_eq!(commit(), None);
    place.write(&[("a.py", "")]);
    let head = place.commit("");
    assert_eq!(commit(), Some(head.clone()));
    place.git("", &["pack-refs", "--all"]);
    assert!(!place.at(".git/refs/heads/main").exists());
    assert_eq!(commit(), Some(head.clone()));
    place.git("", &["checkout", "-q", "--detach"]);
    assert_eq!(commit(), Some(head));
    for hostile in ["ref: refs/../../secret\n", "ref: /etc/passwd\n", "ref: refs/heads/none\n"] {
        place.write(&[(".git/HEAD", hostile)]);
        assert_eq!(commit(), None, "{hostile}");
    }
    place.write(&[(".git/HEAD", "ref: refs/loop\n"), (".git/refs/loop", "ref: refs/loop\n")]);
    assert_eq!(commit(), None);
}

#[test]
fn an_index_that_cannot_be_used_makes_everything_scanned() {
    let build = |setting: &[&str]| {
        let place = Place::repository();
        place.write(&[(".gitignore", "*.log\n"), ("a.py", ""), ("src/b.py", "")]);
        place.commit("");
        place.write(&[("new.log", "")]);
        if !setting.is_empty() {
            place.git("", setting);
        }
        place
    };
    let broken = build(&[]);
    let bytes = fs::read(broken.at(".git/index")).unwrap();
    fs::write(broken.at(".git/index"), &bytes[..bytes.len() / 2]).unwrap();
    let missing = build(&[]);
    fs::remove_file(missing.at(".git/index")).unwrap();
    let folder = build(&[]);
    fs::remove_file(folder.at(".git/index")).unwrap();
    fs::create_dir(folder.at(".git/index")).unwrap();
    let cases = [
        (build(&[]), None),
        (broken, Some(GapReason::Unparsable)),
        (missing, Some(GapReason::Failed)),
        (folder, Some(GapReason::Unsupported)),
        (build(&["update-index", "--split-index"]), Some(GapReason::Unsupported)),
    ];
    for (place, why) in cases {
        let (found, gaps) = place.walk("");
        let Some(why) = why else {
            assert_eq!(
                (found, gaps),
                (strings(&[".gitignore", "a.py", "src/b.py"]), vec![ignored("new.log", 1)])
            );
            continue;
        };
        assert_eq!(found, [".gitignore", "a.py", "new.log", "src/b.py"]);
        assert_eq!(brief(&gaps), [(".git/index", why, 1)]);
    }
}

#[test]
fn a_sparse_index_makes_everything_scanned() {
    let place = Place::repository();
    place.write(&[("a/b/x.py", ""), ("c/y.py", ""), (".gitignore", "*.log\n")]);
    place.commit("");
    place.git("", &["sparse-checkout", "set", "--cone", "--sparse-index", "c"]);
    place.write(&[("c/z.log", "")]);
    let (found, gaps) = place.walk("");
    assert_eq!(found, [".gitignore", "c/y.py", "c/z.log"]);
    assert_eq!(brief(&gaps), [(".git/index", GapReason::Unsupported, 1)]);
}

#[test]
fn every_version_of_the_index_and_both_hashes_are_read() {
    for hash in ["sha1", "sha256"] {
        for version in ["2", "3", "4"] {
            let place = Place::new();
            place.git("", &["init", "-q", "--object-format", hash]);
            place.write(&[("a.py", ""), ("src/long-name/a.py", ""), ("src/long-name/b.py", "")]);
            let commit = place.commit("");
            place.write(&[(".gitignore", "*\n"), ("src/long-name/c.py", "")]);
            // Version 3 is written only where an entry needs its longer flags.
            place.git("", &["add", "-f", "-N", "src/long-name/c.py"]);
            place.git("", &["update-index", "--index-version", version]);
            let found = strings(&["a.py", "src/long-name/a.py", "src/long-name/b.py", "src/long-name/c.py"]);
            assert_eq!(place.walk(""), (found, vec![ignored(".gitignore", 1)]), "{hash} {version}");
            assert_eq!(Tree::open(&place.root, None).unwrap().commit(), Some(commit));
        }
    }
}

#[test]
fn installed_packages_are_left_out_unless_tracked() {
    let files = [
        ("a/node_modules/x/index.js", ""),
        ("b/node_modules/y/index.js", ""),
        (".venv/pyvenv.cfg", ""),
        (".venv/lib/z.py", ""),
        ("venv/not-an-environment.py", ""),
        ("vendor/v.go", ""),
        ("src/__pycache__/s.pyc", ""),
    ];
    let plain = Place::new();
    plain.write(&files);
    let gaps = vec![installed(".venv/", 1), installed("node_modules/", 2), installed("src/__pycache__/", 1)];
    assert_eq!(plain.walk(""), (strings(&["vendor/v.go", "venv/not-an-environment.py"]), gaps));

    let place = Place::repository();
    place.write(&files[..1]);
    place.commit("");
    place.write(&files);
    let (found, gaps) = place.walk("");
    assert_eq!(found, ["a/node_modules/x/index.js", "vendor/v.go", "venv/not-an-environment.py"]);
    assert_eq!(
        gaps,
        [installed(".venv/", 1), installed("b/node_modules/", 1), installed("src/__pycache__/", 1)]
    );
}
