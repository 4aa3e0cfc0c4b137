//! Whether the head of a loop counts: up to a bound, or down to nothing.

use super::extract::{Extractor, clip};
use super::node::Node;

/// Bytes of a head that are looked at.
const MAX_HEAD: usize = 400;

/// What says how much there is of something: to go through that is no limit.
const SIZES: [&str; 10] =
    ["len(", "length", ".size", ".len()", "count", "Count", "Length", "sizeof", "hasNext", "enumerate("];

/// What counts how often the same is tried.
const TRIES: [&str; 3] = ["attempt", "retr", "tries"];

/// Whether a loop ends after so many rounds, and each is more than one more try.
pub(super) fn is_counted(x: &Extractor<'_>, node: Node<'_>) -> bool {
    let body = ["body", "block"].iter().find_map(|name| node.child_by_field_name(name));
    let last =
        || u32::try_from(node.named_child_count()).ok()?.checked_sub(1).and_then(|at| node.named_child(at));
    let Some(body) = body.or_else(last) else { return false };
    let text = x.text(node);
    let at = |byte: usize| byte.saturating_sub(node.start_byte());
    let before = clip(text.get(..at(body.start_byte())).unwrap_or_default());
    let after = text.get(at(body.end_byte())..).unwrap_or_default();
    counts(&[before, after].concat()) && !tries_again(body)
}

/// Whether a round of a loop is left once something worked, so that another one only tries it again:
/// `for _ in range(3): try: …; break`.
fn tries_again(body: Node<'_>) -> bool {
    body.named_children()
        .filter(|child| child.kind().starts_with("try"))
        .filter_map(|child| child.child_by_field_name("body").or_else(|| child.named_child(0)))
        .any(leaves)
}

/// Whether the last thing in a block leaves a loop.
fn leaves(block: Node<'_>) -> bool {
    let last = block.named_children().last();
    last.is_some_and(|last| ["break", "return"].iter().any(|word| last.kind().starts_with(word)))
}

/// Whether a loop with this head, without its body, ends after so many rounds, or after so long, whatever happens in it:
/// `for _ in range(MAX_STEPS)`, `while not done and step < limit`, `for (let i = 0; i < 10; i++)`. What goes through a
/// collection ends as well, and says nothing of how far an agent may go.
fn counts(head: &str) -> bool {
    let head = &head[..head.floor_char_boundary(MAX_HEAD)];
    let lower = head.to_ascii_lowercase();
    if TRIES.iter().any(|word| lower.contains(word)) {
        return false;
    }
    // `for (init; condition; step)`, with or without brackets.
    let parts: Vec<&str> = head.split(';').collect();
    if let [_, condition, _, ..] = parts.as_slice() {
        return is_bounded(condition);
    }
    if let Some((_, condition)) = head.split_once("while") {
        return is_bounded(condition);
    }
    if let Some((_, condition)) = head.split_once("until ").filter(|(before, _)| before.trim().is_empty()) {
        return is_bounded(condition);
    }
    // Ruby: `10.times do`, `1.upto(limit)`.
    if head.contains(".times") || head.contains(".upto(") {
        return !is_size(head);
    }
    let over = ["in ", "range "].iter().find_map(|word| head.split_once(word)).map_or(head, |(_, over)| over);
    let over = over.trim();
    let is_number = over.trim_end_matches(['{', ' ']).parse::<u64>().is_ok();
    let is_range = is_number
        || ["range(", "trange("].iter().any(|call| over.starts_with(call))
        || ["..", " until ", " downTo "].iter().any(|between| over.contains(between))
            && !over.contains("...")
        || head.contains("range(1,");
    is_range && !is_size(over)
}

/// Whether one of the conditions that must all hold compares with a bound.
fn is_bounded(condition: &str) -> bool {
    if condition.contains("||") || condition.contains(" or ") {
        return false;
    }
    condition.split("&&").flat_map(|part| part.split(" and ")).any(|part| compares(part) && !is_size(part))
}

fn compares(part: &str) -> bool {
    let bytes = part.as_bytes();
    (0..bytes.len()).any(|at| {
        let near = |index: Option<usize>| index.and_then(|index| bytes.get(index)).copied().unwrap_or(b' ');
        let (before, after) = (near(at.checked_sub(1)), near(at.checked_add(1)));
        match bytes[at] {
            b'<' => before != b'<' && !matches!(after, b'<' | b'-'),
            b'>' => !matches!(before, b'>' | b'-' | b'=') && after != b'>',
            _ => false,
        }
    })
}

fn is_size(text: &str) -> bool {
    SIZES.iter().any(|size| text.contains(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_counts_or_goes_through_what_there_is() {
        let cases = [
            ("for _ in range(MAX_STEPS):", true),
            ("for step in range(self.max_steps):", true),
            ("async for event in stream:", false),
            ("for message in messages:", false),
            ("for attempt in range(3):", false),
            ("for (let i = 0; i < maxRetries; i++) ", false),
            ("for i in range(len(messages)):", false),
            ("while step < max_steps:", true),
            ("while not done and step <= 10:", true),
            ("while not done or step <= 10:", false),
            ("while response.tool_calls:", false),
            ("while True:", false),
            ("while len(queue) > 0:", false),
            ("while (steps++ < limit) ", true),
            ("while ((event = await next()) => event) ", false),
            ("for (let i = 0; i < MAX_TURNS; i++) ", true),
            ("for (let i = 0; i < calls.length; i++) ", false),
            ("for (;;) ", false),
            ("for (const call of calls) ", false),
            ("for (Message<String> message : messages) ", false),
            ("do while (rounds < 5);", true),
            ("for i := 0; i < maxIterations; i++ ", true),
            ("for _, call := range calls ", false),
            ("for range 10 ", true),
            ("for _ in 0..max_turns ", true),
            ("for call in calls.iter() ", false),
            ("for (step in 0 until maxSteps) ", true),
            ("for (call in calls) ", false),
            ("10.times ", true),
            ("(1..max).each ", true),
            ("calls.each ", false),
            ("loop ", false),
        ];
        for (head, expected) in cases {
            assert_eq!(counts(head), expected, "{head}");
        }
    }
}
