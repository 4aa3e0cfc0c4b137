//! Bases of comparisons, beside what the `git` binary says that they are.

use std::collections::BTreeSet;

use super::*;
use crate::tree::{NoBase, Which, base};

fn named(place: &Place, revision: &str) -> Result<String, NoBase> {
    base(&place.at(""), None, false, Which::Named(revision))
}

fn parted(place: &Place, revision: &str) -> Result<String, NoBase> {
    base(&place.at(""), None, false, Which::Parted(revision))
}

/// A commit with these parents at a minute, of the empty folder.
fn commit(place: &Place, minute: usize, parents: &[&String]) -> String {
    let tree = place.git("", &["mktree", "--missing"]);
    let mut arguments = vec!["commit-tree".to_owned(), tree, "-m".to_owned(), format!("at {minute}")];
    arguments.extend(parents.iter().flat_map(|parent| ["-p".to_owned(), (*parent).clone()]));
    let date = format!("2024-05-06T{:02}:{:02}:00Z", 1 + minute / 60, minute % 60);
    let output = Command::new("git")
        .current_dir(place.at(""))
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(arguments)
        .env("GIT_COMMITTER_DATE", &date)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Thirty commits, a third of them merges of any two before; at times that may run backwards.
fn graph(place: &Place, skewed: bool, seed: usize) -> Vec<String> {
    let mut commits: Vec<String> = Vec::new();
    let mut state = seed;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    for at in 0..30 {
        let parents: BTreeSet<usize> = match at {
            0 => BTreeSet::new(),
            at if below(3) == 0 => [below(at), below(at)].into(),
            at => [at - 1 - below(at.min(4))].into(),
        };
        let parents: Vec<&String> = parents.into_iter().map(|parent| &commits[parent]).collect();
        let minute = if skewed { below(300) } else { at * 2 };
        let new = commit(place, minute, &parents);
        commits.push(new);
    }
    commits
}

#[test]
fn histories_part_where_git_says() {
    for (skewed, seed) in [(false, 7), (false, 8), (true, 9)] {
        let place = Place::repository();
        let commits = graph(&place, skewed, seed);
        for (at, first) in commits.iter().enumerate().skip(1).step_by(3) {
            place.git("", &["update-ref", "refs/heads/main", first]);
            for second in commits.iter().skip(at % 4).step_by(4) {
                let best = parted(&place, second).unwrap();
                if skewed {
                    // Clocks that lie may hide a later one, but what is found is in both.
                    for tip in [first, second] {
                        place.git("", &["merge-base", "--is-ancestor", &best, tip]);
                    }
                } else {
                    let all = place.git("", &["merge-base", "--all", first, second]);
                    assert!(all.lines().any(|one| one == best), "{first} {second}: {best} is none of\n{all}");
                }
            }
        }
    }
}

#[test]
fn revisions_are_named_as_git_names_them() {
    let upstream = Place::repository();
    for text in ["a", "b", "c"] {
        upstream.write(&[("a.txt", text)]).commit("");
    }
    upstream.git("", &["tag", "-a", "v1", "-m", "first", "HEAD~1"]);
    upstream.git("", &["branch", "release", "HEAD~2"]);
    let url = format!("file://{}", upstream.at("").display());
    let clone = Place::new();
    clone.git("", &["clone", "-q", &url, "."]);
    for packed in [false, true] {
        if packed {
            clone.git("", &["pack-refs", "--all"]);
            clone.git("", &["gc", "-q"]);
        }
        for (revision, meant) in [
            ("HEAD", "HEAD"),
            ("main", "main"),
            ("main~1", "main~1"),
            ("@^^", "@^^"),
            ("HEAD^~1", "HEAD~2"),
            ("v1", "v1^{commit}"),
            ("v1~1", "v1~1"),
            ("origin/release", "origin/release"),
            ("release", "origin/release"),
            ("refs/remotes/origin/main", "origin/main"),
        ] {
            assert_eq!(named(&clone, revision), Ok(clone.git("", &["rev-parse", meant])), "{revision}");
        }
        let full = clone.git("", &["rev-parse", "HEAD~2"]);
        assert_eq!(named(&clone, &full), Ok(full));
    }
    for wrong in
        ["gone", "main~3", "main^2", "main^{tree}", "~1", "", "mainé", "main~é", "../../etc", "main~99999"]
    {
        assert_eq!(named(&clone, wrong), Err(NoBase::Unnamed(wrong.to_owned())), "{wrong}");
    }
    let short = clone.git("", &["rev-parse", "--short=9", "HEAD"]);
    assert_eq!(named(&clone, &short), Err(NoBase::Short(short)));
    assert!(matches!(named(&Place::new(), "main"), Err(NoBase::Repository(_))));
}

#[test]
fn what_a_shallow_clone_hides_is_told_and_not_guessed() {
    let upstream = Place::repository();
    for text in ["a", "b", "c", "d"] {
        upstream.write(&[("a.txt", text)]).commit("");
    }
    upstream.git("", &["checkout", "-q", "-b", "side", "HEAD~2"]);
    for text in ["x", "y", "z"] {
        upstream.write(&[("b.txt", text)]).commit("");
    }
    let url = format!("file://{}", upstream.at("").display());
    let clone = |depth: &str| {
        let clone = Place::new();
        clone.git("", &["clone", "-q", "--no-single-branch", "-b", "side", "--depth", depth, &url, "."]);
        clone
    };
    let expected = upstream.git("", &["merge-base", "main", "side"]);
    assert_eq!(parted(&clone("9"), "main"), Ok(expected.clone()));
    let shallow = clone("2");
    assert_eq!(parted(&shallow, "main"), Err(NoBase::Shallow));
    assert_eq!(named(&shallow, &expected), Err(NoBase::Shallow));
    assert_eq!(named(&shallow, "main~2"), Err(NoBase::Shallow));
    assert!(named(&shallow, "main~1").is_ok());
    shallow.git("", &["fetch", "-q", "--unshallow"]);
    assert_eq!(parted(&shallow, "main"), Ok(expected));
}

#[test]
fn histories_without_a_common_commit_have_no_base() {
    let place = Place::repository();
    place.write(&[("a.txt", "a")]).commit("");
    place.git("", &["checkout", "-q", "--orphan", "other"]);
    place.write(&[("a.txt", "b")]).commit("");
    assert_eq!(parted(&place, "main"), Err(NoBase::Unrelated));
    assert!(named(&place, "main").is_ok());
}

#[test]
fn a_folder_is_read_as_the_commit_has_it() {
    let place = Place::repository();
    place.write(&[("shop/a.py", "a"), ("shop/lib/b.py", "b"), ("log.txt", "x")]);
    let first = place.commit("");
    place.write(&[("shop/new.py", "c"), ("desk/d.py", "d")]).commit("");
    let of = |folder: &str, commit: &str| {
        let tree = Tree::of_base(&place.at(folder), commit).unwrap();
        (tree.name().unwrap(), walk(&tree).0)
    };
    assert_eq!(of("", &first), ("root".to_owned(), strings(&["log.txt", "shop/a.py", "shop/lib/b.py"])));
    assert_eq!(of("shop", &first), ("shop".to_owned(), strings(&["a.py", "lib/b.py"])));
    assert_eq!(of("desk", &first), ("desk".to_owned(), Vec::new()), "a folder that was not there is empty");
    let tree = Tree::of_base(&place.at("shop"), &first).unwrap();
    assert!(tree.reader().at("lib/b.py").is_some() && tree.reader().at("new.py").is_none());
    assert_eq!(tree.commit(), Some(first.clone()));
    let absent = Tree::of_base(&place.at("desk"), &first).unwrap();
    assert!(absent.reader().at("log.txt").is_none(), "nothing around it is in it");
    let bare = Place::new();
    bare.git("", &["clone", "-q", "--bare", &place.at("").display().to_string(), "."]);
    let tree = Tree::of_base(&bare.at(""), &first).unwrap();
    assert_eq!(walk(&tree).0, strings(&["log.txt", "shop/a.py", "shop/lib/b.py"]));
}
