//! What is not a plain file in a plain folder, and bounded reading.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use super::super::index::Tracked;
use super::super::walk::MAX_DEPTH;
use super::super::{TreeError, read_bounded};
use super::*;

#[test]
fn what_cannot_be_scanned_is_told_with_what_to_do() {
    let place = Place::new();
    place.write(&[("a.py", "")]);
    let missing = Tree::open(&place.at("nothing"), None).unwrap_err();
    assert!(matches!(&missing, TreeError::Missing { path } if *path == place.at("nothing")), "{missing:?}");
    assert!(missing.to_string().ends_with("nothing does not exist; check the spelling of the path"));
    let file = Tree::open(&place.at("a.py"), None).unwrap_err();
    assert!(file.to_string().ends_with("a.py is not a folder; give the folder that holds it"), "{file}");
    let below = Tree::open(&place.at("a.py/b"), None).unwrap_err();
    assert!(matches!(below, TreeError::NotAFolder { .. }), "{below:?}");

    fs::create_dir(place.at("shut")).unwrap();
    fs::set_permissions(place.at("shut"), fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read it all the same.
    if fs::read_dir(place.at("shut")).is_err() {
        let shut = Tree::open(&place.at("shut"), None).unwrap_err();
        assert!(matches!(shut, TreeError::Unreadable { .. }), "{shut:?}");
    }
}

#[test]
fn links_are_not_followed_and_told_where_they_lead_away() {
    let place = Place::new();
    place.write(&[("../outside/o.py", ""), ("a/b.py", ""), (".git/objects/x", "")]);
    symlink("a/b.py", place.at("to-file")).unwrap();
    symlink("a", place.at("to-folder")).unwrap();
    symlink("..", place.at("a/up")).unwrap();
    symlink("two", place.at("one")).unwrap();
    symlink("one", place.at("two")).unwrap();
    symlink("nowhere", place.at("dangling")).unwrap();
    symlink("../outside", place.at("out")).unwrap();
    symlink(".git/objects/x", place.at("annexed")).unwrap();
    let (found, gaps) = place.walk("");
    assert_eq!(found, ["a/b.py"]);
    let expected = ["annexed", "dangling", "one", "out", "two"];
    assert_eq!(brief(&gaps), expected.map(|what| (what, GapReason::Unsupported, 1)));

    // A link that is named is followed.
    assert_eq!(place.walk("to-folder").0, ["b.py"]);
}

#[test]
fn many_links_become_one_gap() {
    let place = Place::new();
    for number in 0..21 {
        symlink("nowhere", place.at(&format!("link{number:02}"))).unwrap();
    }
    let detail = "a link that leads nowhere; for example link00, link01, link02";
    let gap = Gap::new("links that lead nowhere", GapReason::Unsupported).times(21).because(detail);
    assert_eq!(place.walk(""), (vec![], vec![gap]));
}

#[test]
fn special_files_are_never_opened() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.at("fifo")).status().unwrap().success());
    let _socket = UnixListener::bind(place.at("socket")).unwrap();
    let (found, gaps) = place.walk("");
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(brief(&gaps), [("fifo", GapReason::Unsupported, 1), ("socket", GapReason::Unsupported, 1)]);

    // Nor when they take a file's place between walk and read.
    let mut buffer = b"before".to_vec();
    let gap = read_bounded(&place.at("fifo"), "fifo", 10, &mut buffer).unwrap_err();
    assert_eq!(brief(&[gap]), [("fifo", GapReason::Unsupported, 1)]);
    assert_eq!(buffer, b"");
}

#[test]
fn folders_that_may_not_be_listed_are_gaps() {
    let place = Place::new();
    place.write(&[("a.py", ""), ("shut/b.py", "")]);
    fs::set_permissions(place.at("shut"), fs::Permissions::from_mode(0o000)).unwrap();
    let superuser = fs::read_dir(place.at("shut")).is_ok();
    let (found, gaps) = place.walk("");
    fs::set_permissions(place.at("shut"), fs::Permissions::from_mode(0o700)).unwrap();
    if superuser {
        assert_eq!((found, gaps), (strings(&["a.py", "shut/b.py"]), vec![]));
    } else {
        assert_eq!(found, ["a.py"]);
        assert_eq!(brief(&gaps), [("shut/", GapReason::Denied, 1)]);
    }
}

#[test]
fn names_that_are_not_text_are_shown_and_readable() {
    let place = Place::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9\n.py");
    // Some file systems refuse such names.
    if fs::write(place.root.join(name), "text").is_err() {
        return;
    }
    let mut seen = Vec::new();
    let tree = Tree::open(&place.root, None).unwrap();
    let mut reader = tree.reader();
    let gaps = tree.walk(&mut |found| {
        let mut buffer = Vec::new();
        reader.read(&found, 10, &mut buffer).unwrap();
        seen.push((found.path, buffer));
        ControlFlow::Continue(())
    });
    assert_eq!((seen, gaps), (vec![("caf\\xE9\n.py".to_owned(), b"text".to_vec())], vec![]));
}

#[test]
fn very_deep_folders_are_a_gap() {
    let place = Place::repository();
    place.write(&[(".gitignore", "*.log\n")]);
    let mut deep = place.root.clone();
    for _ in 0..=MAX_DEPTH {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("too-deep.py"), "").unwrap();
    fs::write(deep.parent().unwrap().join("just.py"), "").unwrap();
    fs::write(deep.parent().unwrap().join("just.log"), "").unwrap();
    let (found, gaps) = place.walk("");
    assert_eq!(found, [".gitignore".to_owned(), format!("{}just.py", "d/".repeat(MAX_DEPTH))]);
    let gaps: Vec<_> = gaps.into_iter().map(|gap| (gap.what.len(), gap.why, gap.count)).collect();
    let expected = [(2 * MAX_DEPTH + 2, GapReason::TooLarge, 1), (2 * MAX_DEPTH + 8, GapReason::Ignored, 1)];
    assert_eq!(gaps, expected);
}

#[test]
fn the_walk_stops_when_told() {
    let place = Place::new();
    place.write(&[("a/1", ""), ("a/2", ""), ("b/3", ""), ("4", "")]);
    let mut seen = 0;
    let gaps = Tree::open(&place.root, None).unwrap().walk(&mut |_| {
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((seen, gaps), (2, vec![]));
}

#[test]
fn reading_is_bounded_and_never_follows_links() {
    let place = Place::new();
    place.write(&[("five", "12345"), ("empty", ""), ("folder/x", "")]);
    symlink("five", place.at("link")).unwrap();
    let read = |path: &str, limit: u64| {
        let mut buffer = b"what was there before".to_vec();
        let result = read_bounded(&place.at(path), path, limit, &mut buffer);
        result.map(|()| String::from_utf8(buffer).unwrap()).map_err(|gap| (gap.why, gap.detail.unwrap()))
    };
    assert_eq!(read("five", 5), Ok("12345".to_owned()));
    assert_eq!(read("five", u64::MAX), Ok("12345".to_owned()));
    assert_eq!(read("empty", 0), Ok(String::new()));
    let gap = |why, detail: &str| Err((why, detail.to_owned()));
    assert_eq!(read("five", 4), gap(GapReason::TooLarge, "larger than 4 bytes"));
    assert_eq!(read("gone", 5), gap(GapReason::Failed, "disappeared while it was read"));
    let irregular = gap(GapReason::Unsupported, "not a regular file when it was opened");
    assert_eq!(read("folder", 5), irregular);
    assert_eq!(read("link", 5), irregular);
    fs::set_permissions(place.at("five"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(place.at("five")).is_err() {
        assert_eq!(read("five", 5), gap(GapReason::Denied, "this user may not read the file"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn files_that_say_they_are_empty_are_bounded_too() {
    let mut buffer = Vec::new();
    let version = Path::new("/proc/self/status");
    assert_eq!(fs::metadata(version).unwrap().len(), 0);
    assert_eq!(read_bounded(version, "status", 10, &mut buffer).unwrap_err().why, GapReason::TooLarge);
    read_bounded(version, "status", 1 << 20, &mut buffer).unwrap();
    assert!(!buffer.is_empty());
}

#[test]
fn no_bytes_make_the_index_reader_panic() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    let place = Place::repository();
    place.write(&[("a.py", ""), ("b/c.py", ""), ("b/d.py", "")]);
    place.commit("");
    let seeds = ["2", "4"].map(|version| {
        place.git("", &["update-index", "--index-version", version]);
        fs::read(place.at(".git/index")).unwrap()
    });
    for seed in &seeds {
        let tracked = Tracked::parse(seed).unwrap();
        assert!(tracked.file(b"b/c.py") && tracked.folder(b"b") && !tracked.file(b"b"));
    }
    let flips = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(0..2_usize, flips, any::<prop::sample::Index>()), |(seed, flips, end)| {
            let mut bytes = seeds[seed].clone();
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = Tracked::parse(&bytes);
            let _ = Tracked::parse(&bytes[..end.index(bytes.len())]);
            Ok(())
        })
        .unwrap();
}
