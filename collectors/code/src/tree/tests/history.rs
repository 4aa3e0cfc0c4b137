//! Histories that the `git` binary wrote, read without it.

use std::collections::BTreeSet;

use super::*;
use crate::tree::End;

/// Runs git at a minute of one day.
fn dated(place: &Place, minute: u32, arguments: &[&str]) {
    at_time(place, &format!("2024-05-06T10:{minute:02}:00Z"), arguments);
}

fn at_time(place: &Place, date: &str, arguments: &[&str]) {
    let output = Command::new("git")
        .current_dir(place.at(""))
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(arguments)
        .env("GIT_COMMITTER_DATE", date)
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Commits files under a name.
fn commit_as(place: &Place, who: &str, minute: u32, files: &[(&str, &str)]) {
    place.write(files);
    place.git("", &["add", "-A"]);
    let author = format!("--author={who} <{}@example.org>", who.to_lowercase());
    dated(place, minute, &["commit", "-q", "-m", "x", &author]);
}

/// Thirty commits of two people to two folders, with texts that make deltas.
fn repository() -> Place {
    let place = Place::repository();
    let long = "a line that stays as it is, so that the next one is a delta\n".repeat(40);
    for minute in 0..30 {
        let text = format!("{long}{minute}\n");
        let (who, path) = match minute % 3 {
            0 => ("Bo", "desk/lamp/b.py"),
            _ => ("Ada", "shop/a.py"),
        };
        commit_as(&place, who, minute, &[(path, &text), ("log.txt", &text)]);
    }
    place
}

/// Every commit with the folders that it changed, as `git log` tells it.
fn expected(place: &Place, folders: &BTreeSet<String>) -> Vec<(String, Vec<String>)> {
    let all = place.git("", &["log", "--format=%H %an <%ae>", "--no-merges"]);
    let touched: Vec<(String, BTreeSet<String>)> = folders
        .iter()
        .map(|folder| {
            let path = if folder.is_empty() { "." } else { folder };
            let ids = place.git("", &["log", "--full-history", "--no-merges", "--format=%H", "--", path]);
            (folder.clone(), ids.lines().map(str::to_owned).collect())
        })
        .collect();
    all.lines()
        .map(|line| {
            let (id, author) = line.split_once(' ').unwrap();
            let of = touched.iter().filter(|(_, ids)| ids.contains(id)).map(|(folder, _)| folder.clone());
            (author.to_owned(), of.collect())
        })
        .collect()
}

fn told(at: &Path, folders: &BTreeSet<String>) -> (Vec<(String, Vec<String>)>, End) {
    let mut told = Vec::new();
    let mut history = Tree::open(at, None).unwrap().history().unwrap();
    let end = history.walk(folders, &mut |commit, changed| {
        told.push((commit.author.clone(), changed.iter().map(|folder| (*folder).to_owned()).collect()));
    });
    (told, end)
}

fn folders() -> BTreeSet<String> {
    ["", "desk", "desk/lamp", "shop", "nowhere"].map(str::to_owned).into()
}

#[test]
fn commits_are_told_as_git_tells_them() {
    let place = repository();
    let expected = expected(&place, &folders());
    assert_eq!(expected.len(), 30);
    assert_eq!(told(&place.at(""), &folders()), (expected.clone(), End::Whole), "loose objects");
    place.git("", &["gc", "-q", "--aggressive", "--prune=now"]);
    assert!(place.at(".git/objects/pack").read_dir().unwrap().next().is_some());
    assert_eq!(told(&place.at(""), &folders()), (expected.clone(), End::Whole), "a pack");
    place.git("", &["checkout", "-q", "-b", "side", "HEAD~5"]);
    commit_as(&place, "Cy", 40, &[("shop/c.py", "c\n")]);
    place.git("", &["checkout", "-q", "main"]);
    dated(&place, 50, &["merge", "-q", "--no-edit", "side"]);
    let (merged, end) = told(&place.at(""), &folders());
    assert_eq!((merged.len(), end), (31, End::Whole), "a merge changes nothing itself");
    assert_eq!(merged[0], ("Cy <cy@example.org>".to_owned(), vec![String::new(), "shop".to_owned()]));
    let below = told(&place.at("desk"), &[String::new(), "lamp".to_owned()].into());
    let lamp: Vec<_> = below.0.iter().filter(|(_, changed)| !changed.is_empty()).collect();
    assert_eq!(lamp.len(), 10, "a folder of a repository is asked for what is below it");
    assert!(lamp.iter().all(|(who, changed)| who == "Bo <bo@example.org>" && changed.len() == 2));
}

#[test]
fn what_is_older_than_a_year_does_not_count() {
    let place = repository();
    place.write(&[("shop/new.py", "x\n")]).git("", &["add", "-A"]);
    at_time(&place, "2025-06-06T10:00:00Z", &["commit", "-q", "-m", "x"]);
    let (told, end) = told(&place.at(""), &folders());
    let expected = ("t <t@example.org>".to_owned(), vec![String::new(), "shop".to_owned()]);
    assert_eq!((told, end), (vec![expected], End::Whole));
}

#[test]
fn a_history_that_is_cut_off_says_so() {
    let place = repository();
    let url = format!("file://{}", place.at("").display());
    let clone = Place::new();
    clone.git("", &["clone", "-q", "--depth", "3", &url, "copy"]);
    assert_eq!(told(&clone.at("copy"), &folders()).1, End::Shallow);
    let borrowed = Place::new();
    borrowed.git("", &["clone", "-q", "--shared", place.at("").to_str().unwrap(), "copy"]);
    assert_eq!(told(&borrowed.at("copy"), &folders()).1, End::Broken, "another repository is not read");
    place.git("", &["gc", "-q", "--prune=now"]);
    for file in place.at(".git/objects/pack").read_dir().unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "pack") {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes.truncate(middle);
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
        }
    }
    assert_eq!(told(&place.at(""), &folders()).1, End::Broken);
}

#[test]
fn without_a_commit_there_is_no_history() {
    let place = Place::new();
    assert!(Tree::open(&place.at(""), None).unwrap().history().is_none());
    assert!(Tree::open(&Place::repository().at(""), None).unwrap().history().is_none());
}
