//! Pages of made-up text.

use proptest::prelude::*;

use super::*;

#[test]
fn what_a_terminal_obeys_or_hides_is_written_out() {
    let table = [
        ("src/app.py", "src/app.py"),
        ("größe 漢字 🙂", "größe 漢字 🙂"),
        ("a\u{1b}[31mred", "a\\u{1b}[31mred"),
        ("a\nb\rc\td\0", "a\\nb\\rc\\td\\u{0}"),
        ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
        ("gnp.\u{202e}exe\u{202c}", "gnp.\\u{202e}exe\\u{202c}"),
        ("\u{2066}x\u{2069}\u{200f}", "\\u{2066}x\\u{2069}\\u{200f}"),
        ("to\u{200b}ol\u{feff}\u{ad}", "to\\u{200b}ol\\u{feff}\\u{ad}"),
        ("\u{e0041}", "\\u{e0041}"),
    ];
    for (text, shown) in table {
        assert_eq!(visible(text), shown);
    }
}

#[test]
fn long_text_gives_up_one_end() {
    assert_eq!(fit("services/refunds/app.py", 12, Cut::Start), "…unds/app.py");
    assert_eq!(fit("makes an agent", 8, Cut::End), "makes a…");
    assert_eq!(fit("makes an agent", 14, Cut::End), "makes an agent");
    assert_eq!(fit("漢字漢字", 6, Cut::End), "漢字…");
}

#[test]
fn a_path_gives_up_folders_and_never_the_name_of_its_file() {
    let path = "services/refunds/app.py:12";
    assert_eq!(shortened(path, 26, 2).as_deref(), Some(path));
    assert_eq!(shortened(path, 25, 2).as_deref(), Some("…/refunds/app.py:12"));
    assert_eq!(shortened(path, 18, 2).as_deref(), None);
    assert_eq!(shortened(path, 18, 1).as_deref(), Some("…/app.py:12"));
    assert_eq!(shortened(path, 10, 1).as_deref(), None);
    assert_eq!(shortened("app.py:12", 5, 1).as_deref(), None);
}

#[test]
fn a_paragraph_is_wrapped_between_words() {
    let mut page = Page::new(20);
    page.wrap(2, 4, &Line::new().with(Tone::Strong, "why: ").plain("it reads mail and answers it"));
    assert_eq!(page.text(false), "  why: it reads mail\n    and answers it\n");

    let mut page = Page::new(20);
    page.wrap(0, 2, &Line::new().with(Tone::Good, "one span").plain(" on one line"));
    assert_eq!(page.text(true), "\u{1b}[32mone span\u{1b}[0m on one line\n");
}

#[test]
fn a_table_is_cut_where_it_may_be() {
    let columns =
        [Column::whole("NAME"), Column::number("N"), Column::cut("ROOT", Cut::Start), Column::whole("")];
    let row = |name: &str, n: &str, root: &str| {
        vec![
            Span::new(Tone::Strong, name),
            Span::new(Tone::Plain, n),
            Span::new(Tone::Dim, root),
            Span::new(Tone::Plain, ""),
        ]
    };
    let mut page = Page::new(30);
    page.table(1, &columns, &[row("refunds", "7", "services/refunds/app.py"), row("a", "12", "x")]);
    assert_eq!(page.text(false), " NAME      N  ROOT\n refunds   7  …efunds/app.py\n a        12  x\n");
}

#[test]
fn columns_that_may_be_cut_share_the_loss() {
    let columns = [Column::cut("", Cut::End), Column::cut("", Cut::End), Column::whole("")];
    let texts = ["a".repeat(50), "b".repeat(40), "c".repeat(8)];
    let mut page = Page::new(32);
    page.table(0, &columns, &[texts.iter().map(|text| Span::new(Tone::Plain, text)).collect()]);
    assert_eq!(page.text(false), "aaaaaaaaa…  bbbbbbbbb…  cccccccc\n");
}

fn entry(head: &str, text: &str, place: &str) -> Entry {
    Entry {
        heads: vec![Span::new(Tone::Strong, head)],
        text: Line::new().plain(text),
        place: Span::new(Tone::Dim, place),
    }
}

#[test]
fn an_entry_loses_neither_its_text_nor_the_name_of_its_file() {
    let entries = [
        entry("C1", "calls a model", "src/app.py:3"),
        entry("C2", "gives the model a tool that changes state", "src/deep/inside/tools.py:16"),
        entry("", "short, and far away", "one/two/three/four/five/six/seven/eight/nine/tools.py:16"),
    ];
    let mut page = Page::new(50);
    page.entries(2, &[Column::whole("")], &entries);
    let expected = "  \
  C1  calls a model  src/app.py:3
  C2  gives the model a tool that changes state
        src/deep/inside/tools.py:16
      short, and far away  …/nine/tools.py:16
";
    assert_eq!(page.text(false), expected);

    let mut page = Page::new(30);
    page.entries(2, &[Column::whole("")], &entries[1..2]);
    assert_eq!(
        page.text(false),
        "  C2\n      gives the model a tool\n        that changes state\n        …/inside/tools.py:16\n"
    );
}

#[test]
fn a_long_name_does_not_take_the_room_of_the_others() {
    let name = "a".repeat(30);
    let mut page = Page::new(50);
    page.entries(2, &[Column::whole("")], &[entry(&name, "x", "a.py:1"), entry("b", "y", "b.py:1")]);
    assert_eq!(page.text(false), format!("  {name}\n     x  a.py:1\n  b  y  b.py:1\n"));
}

#[test]
fn a_line_does_not_end_where_only_the_tone_changes() {
    let mut page = Page::new(12);
    page.wrap(0, 0, &Line::new().plain("a ").with(Tone::Strong, "claude-3-5").plain(", b"));
    assert_eq!(page.text(false), "a\nclaude-3-5,\nb\n");
}

#[test]
fn a_word_that_is_longer_than_a_line_goes_on_in_the_next() {
    let mut page = Page::new(20);
    page.wrap(0, 2, &Line::new().plain("calls anthropic.AsyncAnthropic.messages.create"));
    assert_eq!(page.text(false), "calls\n  anthropic.\n  AsyncAnthropic.\n  messages.create\n");
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    let mut page = Page::new(80);
    page.push(Line::new().with(Tone::Bad, "agentic").plain("\u{1b}[0m "));
    assert_eq!(page.text(false), "agentic\\u{1b}[0m\n");
    assert_eq!(page.text(true), "\u{1b}[31;1magentic\u{1b}[0m\\u{1b}[0m\n");
}

proptest! {
    #[test]
    fn no_text_gets_through_unseen_or_breaks_the_layout(
        text in ".{0,60}", width in 60_usize..120, cuts in prop::sample::select(&[Cut::End, Cut::Start][..])
    ) {
        let mut page = Page::new(width);
        page.wrap(2, 4, &Line::new().plain(&text));
        page.table(2, &[Column::cut("T", cuts)], &[vec![Span::new(Tone::Plain, text.repeat(3))]]);
        page.entries(2, &[Column::whole("")], &[entry(&text, &text.repeat(9), &text.repeat(3))]);
        for line in page.text(false).lines() {
            prop_assert!(!line.contains(is_invisible));
            prop_assert!(line.width() <= width, "{line:?} is wider than {width}");
        }
    }
}
