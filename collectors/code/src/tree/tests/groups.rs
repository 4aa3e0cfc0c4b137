//! Folders of repositories.

use std::os::unix::fs::symlink;

use super::super::repositories::{check, repositories};
use super::*;

fn names(place: &Place, include: &[&str], exclude: &[&str]) -> (Vec<String>, usize) {
    let listed = repositories(&place.root, &strings(include), &strings(exclude)).unwrap();
    let below = |path: &PathBuf| path.strip_prefix(&place.root).unwrap().display().to_string();
    (listed.found.iter().map(below).collect(), listed.left_out)
}

#[test]
fn repositories_are_found_and_chosen_by_patterns() {
    let place = Place::new();
    for bare in ["acme/shop.git", "acme/mail.git", "acme/group/deep/shop.git", "globex/shop.git"] {
        git(&place.root, &["init", "-q", "--bare", bare]);
    }
    git(&place.root, &["init", "-q", "work"]);
    git(&place.root, &["init", "-q", "work/inner"]);
    git(&place.root, &["init", "-q", ".hidden"]);
    symlink(place.at("work"), place.at("link")).unwrap();
    place.write(&[("notes/readme.txt", "")]);
    let all = ["acme/group/deep/shop.git", "acme/mail.git", "acme/shop.git", "globex/shop.git", "work"];
    assert_eq!(names(&place, &[], &[]), (strings(&all), 0));
    assert_eq!(names(&place, &["shop"], &[]), (strings(&[all[0], all[2], all[3]]), 2));
    assert_eq!(names(&place, &["acme/*"], &["mail"]), (strings(&[all[0], all[2]]), 3));
    assert_eq!(names(&place, &["/acme/shop", "wor?"], &[]), (strings(&[all[2], all[4]]), 3));
    assert_eq!(names(&place, &[], &["acme/group/**"]), (strings(&all[1..]), 1));
    let listed = repositories(&place.root, &[], &[]).unwrap();
    assert!(listed.has_others && listed.unread.is_empty(), "{listed:?}");
    assert!(repositories(&place.at("nowhere"), &[], &[]).is_err());
}

#[test]
fn patterns_that_mean_something_else_are_refused() {
    for pattern in ["", "!a", "#a", "a\nb", "{a"] {
        assert!(check(pattern).is_err(), "{pattern:?}");
    }
    for pattern in ["a", "acme/*", "**/x", "[ab]c"] {
        assert_eq!(check(pattern), Ok(()));
    }
}
