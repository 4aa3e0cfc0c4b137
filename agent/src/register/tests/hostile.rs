//! Files that mean harm, or that somebody broke.

use std::fmt::Write as _;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::{Form, MAX_BYTES, read};

const FORMS: [Option<Form>; 5] =
    [None, Some(Form::Csv), Some(Form::Json), Some(Form::Backstage), Some(Form::Omb)];

fn error(text: &str, form: Option<Form>) -> String {
    read("x", text.as_bytes(), form).unwrap_err().to_string()
}

#[test]
fn what_is_no_register_says_why() {
    let told = [
        error("", None),
        error("a,b\n1,2\n", None),
        error("name\n", None),
        error("[1, 2", None),
        error("[]", None),
        error("7", Some(Form::Json)),
        error("apiVersion: [\n", None),
        error("name,id\n,\n\"\",\"\"\n,x\0\n", Some(Form::Json)),
        read("x", &vec![b'a'; usize::try_from(MAX_BYTES).unwrap() + 1], None).unwrap_err().to_string(),
    ];
    assert_snapshot!(told.join("\n"));
}

#[test]
fn sizes_have_an_end() {
    let long = "x".repeat(100_000);
    let text = format!(
        "id,name,name,owner,purpose,repo\n{long},{long},second,{long},{long},{}\n",
        "github.com/a/b ".repeat(5_000)
    );
    let book = read("x", text.as_bytes(), None).unwrap();
    let entry = &book.entries[0];
    assert_eq!((entry.id.len(), entry.name.len()), (300, 300));
    assert_eq!((entry.owner.as_ref().unwrap().len(), entry.purpose.as_ref().unwrap().len()), (300, 2_000));
    assert_eq!(entry.marks.len(), 1);
    assert_snapshot!(book.notes.join("\n"));

    let many: String =
        std::iter::once("name\n".to_owned()).chain((0..100_010).map(|n| format!("s{n}\n"))).collect();
    let book = read("x", many.as_bytes(), None).unwrap();
    assert_eq!(book.entries.len(), 100_000);
    assert_snapshot!(book.notes.join("\n"), @"the rows after it: no more than 100000 entries are read of one file");

    let broken: String =
        std::iter::once("id,name\nA,a\n".to_owned()).chain((0..500).map(|_| "A,b\n".to_owned())).collect();
    let book = read("x", broken.as_bytes(), None).unwrap();
    assert_eq!((book.entries.len(), book.notes.len()), (1, 51));
    assert_eq!(book.notes[50], "450 more notes like these are left out");
}

#[test]
fn a_table_that_is_broken_is_read_as_far_as_it_goes() {
    let told = |text: &[u8]| {
        let book = read("x", text, Some(Form::Csv)).unwrap();
        let names: Vec<String> = book.entries.iter().map(|entry| format!("{:?}", entry.name)).collect();
        format!("{} / {}", names.join(" "), book.notes.join("; "))
    };
    let told = [
        told(b"name,owner\na\nb,c,d,e\n\"open, and never closed\nx"),
        told(b"name\r\n\r\na\r\n\xff\xfe\r\n"),
        told(b"\xef\xbb\xbfName\tRepo\tNAME\tColour\na\tacme/a\tb\tred\n"),
        told(b"name\n\x1b[2J\x1b]0;owned\x07\n'=1+1\n<script>alert(1)</script>\n"),
    ];
    assert_snapshot!(told.join("\n"));
}

#[test]
fn a_bomb_of_aliases_is_no_entry() {
    let mut text = String::from(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n---\na0: &a0 [x, x, x, x, x, x, x, x, x]\n",
    );
    for n in 1..12 {
        let _ =
            writeln!(text, "a{n}: &a{n} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}]", p = n - 1);
    }
    let book = read("x", text.as_bytes(), None).unwrap();
    assert_eq!(book.entries.len(), 1);
    assert_eq!(book.notes, ["line 5: it is no YAML that can be read"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_a_reader_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for form in FORMS {
            let _ = read("x", &bytes, form);
        }
    }

    #[test]
    fn no_text_makes_a_reader_fail(text in "(name|id|repo|apiVersion: backstage.io/v1\n|kind: API\n|metadata:\n|  name: |---\n|https://github.com/|a/b|#|[,;\t\"'\\[\\]{}:é \r\n]){0,40}") {
        for form in FORMS {
            let _ = read("x", text.as_bytes(), form);
        }
    }
}
