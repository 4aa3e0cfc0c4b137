//! Whether what has the shape of a key may be one, or only shows where a key goes.

use muster_rules::Alphabet;

/// What stands in the place of a key until somebody puts one there. In random letters each of these is met once in
/// some ten thousand keys.
const PLACEHOLDERS: [&str; 31] = [
    "your",
    "example",
    "placeholder",
    "xxxx",
    "dummy",
    "fake",
    "mock",
    "demo",
    "sample",
    "test",
    "replace",
    "insert",
    "redacted",
    "removed",
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "token",
    "apikey",
    "api-key",
    "api_key",
    "invalid",
    "goes",
    "here",
    "todo",
    "qwerty",
    "asdf",
    "abc123",
    "deadbeef",
    "cafebabe",
];
/// Characters in the order of the alphabet, or of the digits, that nobody throws at random.
const SEQUENCE: usize = 6;
/// The same character over and over.
const REPEATED: usize = 5;

/// Whether the characters behind a prefix look thrown at random.
pub(super) fn is_plausible(body: &[u8], alphabet: Alphabet) -> bool {
    // Random bytes come to 3.6 bits for each of 32 hexadecimal digits, and to more than 4 for 20 letters and digits.
    let least = match alphabet {
        Alphabet::Hex | Alphabet::HexGroups => 2.8,
        _ => 3.4,
    };
    let lower = body.to_ascii_lowercase();
    is_mixed(body)
        && longest(&lower, |a, b| a == b) < REPEATED
        && longest(&lower, |a, b| b == a + 1) < SEQUENCE
        && longest(&lower, |a, b| a == b + 1) < SEQUENCE
        && !is_periodic(&lower)
        && bits(body) >= least
        && !PLACEHOLDERS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Whether there are two of capitals, small letters and digits: words have one, and a key is never without.
fn is_mixed(body: &[u8]) -> bool {
    let kinds: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    kinds.into_iter().filter(|is| body.iter().any(is)).count() >= 2
}

/// The length of the longest run of which each two neighbours go together.
fn longest(body: &[u8], together: impl Fn(u8, u8) -> bool) -> usize {
    let mut most = 0;
    let mut length = 1;
    for pair in body.windows(2) {
        length = if together(pair[0], pair[1]) { length + 1 } else { 1 };
        most = most.max(length);
    }
    most
}

/// Whether it is one text over and over.
fn is_periodic(body: &[u8]) -> bool {
    (1..=body.len() / 2).any(|period| body[period..] == body[..body.len() - period])
}

/// Entropy of a character, in bits.
fn bits(body: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in body {
        counts[usize::from(*byte)] += 1;
    }
    let all = f64::from(u32::try_from(body.len()).unwrap_or(u32::MAX).max(1));
    let share = |count: &u32| {
        let share = f64::from(*count) / all;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(share).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_where_a_key_goes_is_none() {
        let not = [
            ("your-key-goes-in-2024-here-please-and-thanks", Alphabet::UrlSafe),
            ("XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", Alphabet::Alphanumeric),
            ("00000000000000000000000000000000", Alphabet::Hex),
            ("0123456789abcdef0123456789abcdef", Alphabet::Hex),
            ("a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3", Alphabet::Hex),
            ("7c9e3a11bb7c3a9e7c11bb3a9e987654", Alphabet::Hex),
            ("thewholeofthenameisinsmallletters", Alphabet::Alphanumeric),
            ("a1a2a1a2b1b2b1b2a2a1b2b1a1b1a2b2", Alphabet::Alphanumeric),
        ];
        for (body, alphabet) in not {
            assert!(!is_plausible(body.as_bytes(), alphabet), "{body}");
        }
    }

    /// Of what is random almost nothing is turned away.
    #[test]
    fn what_is_thrown_at_random_may_be_one() {
        let mut state = 1u64;
        let mut byte = |letters: &[u8]| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letters[usize::try_from(state >> 33).unwrap() % letters.len()]
        };
        let (hex, all) = (
            b"0123456789abcdef".as_slice(),
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        );
        for (letters, alphabet, length) in
            [(hex, Alphabet::Hex, 32), (all, Alphabet::Alphanumeric, 20), (all, Alphabet::Alphanumeric, 100)]
        {
            let turned_away = (0..2000)
                .filter(|_| {
                    let body: Vec<u8> = (0..length).map(|_| byte(letters)).collect();
                    !is_plausible(&body, alphabet)
                })
                .count();
            assert!(turned_away < 20, "{alphabet:?} of {length}: {turned_away} of 2000");
        }
    }
}
