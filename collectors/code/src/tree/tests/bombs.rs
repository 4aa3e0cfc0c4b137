//! Objects that unpack without end, and packs that are broken.
#![expect(clippy::cast_possible_truncation, reason = "bytes of formats are cut out of numbers")]

use proptest::prelude::*;

use super::commits::{AGENT, Bare, object, scan};
use super::*;

/// A pack of entries made by hand.
fn pack(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"PACK\0\0\0\x02".to_vec();
    bytes.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
    bytes.extend(entries.concat());
    bytes.extend([0; 20]);
    bytes
}

/// An entry of a pack: what it says about its kind and size, what stands before its content, and its content.
fn packed(kind: u8, size: usize, before: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | (size & 15) as u8];
    let mut rest = size >> 4;
    while rest > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    bytes.extend(before);
    bytes.extend(miniz_oxide::deflate::compress_to_vec_zlib(content, 6));
    bytes
}

/// A size as it stands at the head of a delta.
fn length(mut size: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while size > 0x7f {
        bytes.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    bytes.push(size as u8);
    bytes
}

/// How far before itself a delta finds what it changes.
fn back(mut distance: usize) -> Vec<u8> {
    let mut bytes = vec![(distance & 0x7f) as u8];
    distance >>= 7;
    while distance > 0 {
        distance -= 1;
        bytes.insert(0, (distance & 0x7f) as u8 | 0x80);
        distance >>= 7;
    }
    bytes
}

/// Puts a pack into a repository with an index that names its entries 1, 2, 3 and so on.
fn install(bare: &Bare, entries: &[Vec<u8>]) {
    let folder = bare.root.join("objects/pack");
    fs::write(folder.join("pack-a.pack"), pack(entries)).unwrap();
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    let count = u32::try_from(entries.len()).unwrap();
    index.extend((0..256).flat_map(|_| count.to_be_bytes()));
    for number in 1..=count {
        index.extend([&[0; 16], number.to_be_bytes().as_slice()].concat());
    }
    index.extend(vec![0; 4 * entries.len()]);
    let mut at = 12u32;
    for entry in entries {
        index.extend(at.to_be_bytes());
        at += u32::try_from(entry.len()).unwrap();
    }
    index.extend([0; 40]);
    fs::write(folder.join("pack-a.idx"), index).unwrap();
}

#[test]
fn deltas_that_unpack_without_end_fail_alone() {
    let base = packed(3, 5, &[], b"abcde");
    let mut entries = vec![base];
    let mut add = |from: u64, to: u64, rest: &[u8]| {
        let delta = [length(from), length(to), rest.to_vec()].concat();
        let distance = entries.last().map_or(0, Vec::len);
        entries.push(packed(6, delta.len(), &back(distance), &delta));
        format!("{:040x}", entries.len())
    };
    let copy = [0b1001_0000, 5];
    let fine = add(5, 5, &copy);
    // A result of a tebibyte, and one that is made of it.
    let tebibyte = add(5, 1 << 40, &copy);
    let from_it = add(1 << 40, 5, &copy);
    let mut deep = String::new();
    for _ in 0..600 {
        deep = add(5, 5, &copy);
    }
    let beyond = add(5, 5, &[0b1001_0001, 200, 5]);
    let bare = Bare::new();
    // A delta of itself.
    let circle = entries.len() + 1;
    let name = [&[0; 16], u32::try_from(circle).unwrap().to_be_bytes().as_slice()].concat();
    let delta = [length(5), length(5), copy.to_vec()].concat();
    entries.push(packed(7, delta.len(), &name, &delta));
    install(&bare, &entries);
    let circle = format!("{circle:040x}");
    let names = [
        ("beyond.py", &beyond),
        ("circle.py", &circle),
        ("deep.py", &deep),
        ("fine.py", &fine),
        ("from_it.py", &from_it),
        ("tebibyte.py", &tebibyte),
    ];
    let files: Vec<_> = names.iter().map(|(name, id)| ("100644", name.as_bytes(), id.as_str())).collect();
    bare.commit(&bare.tree(&files));
    let outcome = scan(&bare.root).unwrap();
    let said: Vec<_> = outcome.coverage[0].skipped.iter().map(|gap| (gap.what.as_str(), gap.why)).collect();
    assert_eq!(
        said,
        [
            ("beyond.py", GapReason::Unparsable),
            ("circle.py", GapReason::Unparsable),
            ("deep.py", GapReason::Unparsable),
            ("from_it.py", GapReason::Unparsable),
            ("tebibyte.py", GapReason::TooLarge),
        ]
    );
    assert_eq!(outcome.coverage[0].seen, 1);
}

#[test]
fn large_objects_are_not_unpacked() {
    // Forty mebibytes of nothing are forty kilobytes. They are not unpacked: their size is known before.
    let bare = Bare::new();
    let zeros = vec![0u8; 40 << 20];
    let large = object(&bare.root, "blob", &zeros);
    let tree = bare.tree(&[
        ("100644", b"a.py", &large),
        ("100644", b"m.safetensors", &large),
        ("100644", b"ok.py", &bare.file(AGENT)),
        ("100644", b"package.json", &large),
    ]);
    bare.commit(&tree);
    let outcome = scan(&bare.root).unwrap();
    let said: Vec<_> = outcome.coverage[0].skipped.iter().map(|gap| (gap.what.as_str(), gap.why)).collect();
    assert_eq!(said, [("a.py", GapReason::TooLarge), ("package.json", GapReason::TooLarge)]);
    assert!(outcome.observations.iter().any(|observation| format!("{observation:?}").contains("ok.py")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_pack_makes_a_scan_panic(index in prop::collection::vec(any::<u8>(), 0..400), entries in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..3000, byte in any::<u8>()) {
        // Bytes of a real pack and its index are changed.
        let bare = Bare::new();
        let tree = bare.tree(&[("100644", b"a.py", &bare.file(AGENT))]);
        bare.commit(&tree);
        git(&bare.root, &["repack", "-q", "-a", "-d"]);
        let mut files: Vec<PathBuf> = fs::read_dir(bare.root.join("objects/pack")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in &files {
            let mut bytes = fs::read(path).unwrap();
            let at = cut % bytes.len();
            bytes[at] ^= byte;
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::write(bare.root.join("objects/pack/pack-b.pack"), pack(&[entries])).unwrap();
        let mut other = b"\xfftOc\0\0\0\x02".to_vec();
        other.extend((0..256u32).flat_map(|_| 1u32.to_be_bytes()));
        other.extend(&index);
        fs::write(bare.root.join("objects/pack/pack-b.idx"), other).unwrap();
        let Ok(tree) = Tree::open(&bare.root, None) else { return Ok(()) };
        let (mut reader, mut buffer) = (tree.reader(), Vec::new());
        tree.walk(&mut |found| {
            let _ = reader.read(&found, 1000, &mut buffer);
            let _ = reader.head(&found, 10, &mut buffer);
            ControlFlow::Continue(())
        });
    }
}
