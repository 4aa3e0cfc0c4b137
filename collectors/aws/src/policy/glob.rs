//! Patterns with `*` and `?`: what one matches, and how two of them relate.
//!
//! A literal text is a pattern without either, so a question about one resource and a question about many are the same.

use std::borrow::Cow;

/// Whether a pattern matches a text: `*` any number of characters, `?` exactly one.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    // Most patterns are about something else from their first letter on.
    if let Some(wanted) = pattern.as_bytes().first()
        && !b"*?".contains(wanted)
        && text.as_bytes().first() != Some(wanted)
    {
        return false;
    }
    if pattern.is_ascii() && text.is_ascii() {
        return walk(
            pattern.as_bytes(),
            text.as_bytes(),
            |c| c == b'*',
            |wanted, found| wanted == b'?' || wanted == found,
        );
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    walk(&pattern, &text, |c| c == '*', |wanted, found| wanted == '?' || wanted == found)
}

/// Whether everything that `inner` matches is matched by `outer` as well.
pub(crate) fn covers(outer: &str, inner: &str) -> bool {
    if outer == "*" || outer == inner {
        return true;
    }
    let (outer, inner) = (settled(outer), settled(inner));
    // A `*` of the inner pattern may be anything, so only a `*` takes it; a `?` is taken by either.
    if outer.is_ascii() && inner.is_ascii() {
        let fits = |wanted, found| found != b'*' && (wanted == b'?' || wanted == found);
        return walk(outer.as_bytes(), inner.as_bytes(), |c| c == b'*', fits);
    }
    let (outer, inner): (Vec<char>, Vec<char>) = (outer.chars().collect(), inner.chars().collect());
    walk(&outer, &inner, |c| c == '*', |wanted, found| found != '*' && (wanted == '?' || wanted == found))
}

/// The same pattern with `?` before `*` where they stand beside each other, and one `*` for several: `*?` and `?**` mean the
/// same, and are compared character by character.
fn settled(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains("*?") && !pattern.contains("**") {
        return Cow::Borrowed(pattern);
    }
    let mut out = String::with_capacity(pattern.len());
    let mut star = false;
    for c in pattern.chars() {
        if c == '*' {
            star = true;
            continue;
        }
        if c != '?' && std::mem::take(&mut star) {
            out.push('*');
        }
        out.push(c);
    }
    if star {
        out.push('*');
    }
    Cow::Owned(out)
}

/// Whether there is a text that both match.
pub(crate) fn intersect(a: &str, b: &str) -> bool {
    // Most parts of ARNs have no wildcard, or are one.
    if a == "*" || b == "*" || a == b {
        return true;
    }
    if !a.contains(['*', '?']) {
        return matches(b, a);
    }
    if !b.contains(['*', '?']) {
        return matches(a, b);
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // `reach[j]`: what is left of `a` and `b[j..]` have a text in common.
    let mut reach = vec![false; b.len() + 1];
    for i in (0..=a.len()).rev() {
        let below = reach.clone();
        for j in (0..=b.len()).rev() {
            let (ca, cb) = (a.get(i), b.get(j));
            reach[j] = match (ca, cb) {
                (None, None) => true,
                (Some('*'), _) if below[j] => true,
                (Some('*'), Some(_)) => reach[j + 1],
                (_, Some('*')) => reach[j + 1] || ca.is_some() && below[j],
                (Some(x), Some(y)) => (*x == '?' || *y == '?' || x == y) && below[j + 1],
                _ => false,
            };
        }
    }
    reach[0]
}

/// Matches a pattern against the characters of another, where `fits` says which stand for which.
fn walk<C: Copy>(outer: &[C], inner: &[C], is_star: impl Fn(C) -> bool, fits: impl Fn(C, C) -> bool) -> bool {
    let (mut o, mut i) = (0, 0);
    // Where the last `*` stands, and up to where it takes the other: the only point to come back to.
    let mut star: Option<(usize, usize)> = None;
    while i < inner.len() {
        match outer.get(o) {
            Some(c) if is_star(*c) => {
                star = Some((o, i));
                o += 1;
            }
            Some(c) if fits(*c, inner[i]) => {
                o += 1;
                i += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                o = at + 1;
                i = taken + 1;
            }
        }
    }
    outer[o..].iter().all(|c| is_star(*c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_documented() {
        let cases = [
            ("*", "", true),
            ("*", "anything/at:all", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "abbc", false),
            ("bedrock:*Model*", "bedrock:InvokeModelWithResponseStream", true),
            ("a*b*c", "a-b-b-c-c", true),
            ("a*b*c", "a-c-b", false),
            ("", "", true),
            ("", "a", false),
            ("a.+(b)[c]", "a.+(b)[c]", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_relate() {
        // Outer, inner, covers, have something in common.
        let cases = [
            ("*", "arn:*", true, true),
            ("model/*", "model/claude-?", true, true),
            ("model/claude-?", "model/*", false, true),
            ("a*", "b*", false, false),
            ("a*c", "ab*", false, true),
            ("a?", "a*", false, true),
            ("a*", "a?", true, true),
            ("?", "", false, false),
            ("*", "", true, true),
        ];
        for (outer, inner, covered, common) in cases {
            assert_eq!(covers(outer, inner), covered, "{outer} covers {inner}");
            assert_eq!(intersect(outer, inner), common, "{outer} and {inner}");
        }
    }

    proptest! {
        #[test]
        fn relations_hold_for_every_text(a in "[ab*?]{0,6}", b in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            let (by_a, by_b) = (matches(&a, &text), matches(&b, &text));
            prop_assert!(!(covers(&a, &b) && by_b) || by_a);
            prop_assert!(!(by_a && by_b) || intersect(&a, &b));
            prop_assert_eq!(intersect(&a, &b), intersect(&b, &a));
            prop_assert_eq!(covers(&a, &text), by_a);
            prop_assert_eq!(intersect(&a, &text), by_a);
            prop_assert!(covers(&a, &a));
        }
    }
}
