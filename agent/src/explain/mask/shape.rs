//! Secrets by their own shape: the prefixes of known keys, private keys, passwords in URLs, and what looks thrown at
//! random.

use std::ops::Range;

/// What known keys begin with, and how many letters and digits have to follow at once for it to be one.
const PREFIXES: [(&str, usize); 57] = [
    ("-----BEGIN", 0),
    ("AGE-SECRET-KEY-", 4),
    ("ABSK", 12),
    ("AIza", 10),
    ("AKIA", 8),
    ("ASIA", 8),
    ("ATATT", 8),
    ("SG.", 8),
    ("api_org_", 12),
    ("bb_live_", 8),
    ("csk-", 12),
    ("dapi", 20),
    ("dop_v1_", 8),
    ("e2b_", 16),
    ("eyJ", 6),
    ("fc-", 16),
    ("fw_", 16),
    ("ghp_", 4),
    ("gho_", 4),
    ("ghu_", 4),
    ("ghs_", 4),
    ("ghr_", 4),
    ("github_pat_", 4),
    ("glpat-", 4),
    ("gldt-", 8),
    ("glrt-", 8),
    ("glptt-", 8),
    ("gsk_", 12),
    ("hf_", 12),
    ("jina_", 12),
    ("lsv2_", 2),
    ("npm_", 12),
    ("nvapi-", 8),
    ("pa-", 16),
    ("pcsk_", 5),
    ("pplx-", 8),
    ("pypi-AgE", 8),
    ("r8_", 12),
    ("rk_live_", 4),
    ("rk_test_", 4),
    ("shpat_", 8),
    ("sk-", 6),
    ("sk-ant-", 1),
    ("sk-proj-", 1),
    ("sk-svcacct-", 1),
    ("sk-or-", 1),
    ("sk-lf-", 1),
    ("sk_live_", 4),
    ("sk_test_", 4),
    ("sntrys_", 8),
    ("tgp_v1_", 8),
    ("tvly-", 8),
    ("whsec_", 8),
    ("xai-", 12),
    ("xapp-", 1),
    ("ya29.", 8),
    ("pk_live_", 8),
];

/// Letters that stand beside each other in the names and words of source code; four of five pairs there are among these,
/// and one of five where letters are thrown at random.
const PAIRS: &str = "ac ad ag ai al am an ap ar as at aw be bi bo ca ce ch ck co cr ct de di ea ec ed ee ef el em en ep er \
    es et ex fe fi fl fo ge gi gu ha he ho hu ic id ie il im in io ip ir is it ke ki la le li ll lo ls ma me mo mp na nc \
    nd ne ng ni no ns nt oc od ol om on oo op or ot ou ow pa pe pi pl po pr pt pu py ra re ri rk ro rs rt ru sc se si so \
    ss st sy ta te th ti to tr ts ub ue ug ul un ur us ut va ve wo xt";

/// From this length on, a run of letters and digits has to look like words.
const LONG: usize = 20;

/// Where secrets are, in no order.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    for word in runs(text, |b| b.is_ascii_alphanumeric() || b"_-.+/=~%".contains(&b)) {
        if let Some(start) = prefixed(&text[word.clone()]) {
            hidden.push(word.start + start..word.end);
        }
    }
    for run in runs(text, |b| b.is_ascii_alphanumeric() || b"_-+/=".contains(&b)) {
        if is_random(&text.as_bytes()[run.clone()]) {
            hidden.push(run);
        }
    }
    hidden.extend(private_keys(text));
    hidden.extend(in_urls(text));
    hidden.extend(["Bearer ", "Basic ", "bearer ", "basic "].into_iter().flat_map(|s| after(text, s)));
    hidden
}

/// The longest stretches of such bytes, which have to be ASCII.
pub(super) fn runs(text: &str, of: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes.get(at..)?.iter().position(|b| of(*b))?;
        let length = bytes[start..].iter().position(|b| !of(*b)).unwrap_or(bytes.len() - start);
        at = start + length;
        Some(start..at)
    })
}

/// Where a known key begins in a word.
fn prefixed(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    (0..bytes.len()).find(|at| {
        let begins = *at == 0 || !bytes[*at - 1].is_ascii_alphanumeric();
        let rest = &bytes[*at..];
        let follow = |length: usize| {
            rest[length.min(rest.len())..].iter().take_while(|b| b.is_ascii_alphanumeric()).count()
        };
        // Slack's name what the token is for in one letter.
        let slack = rest.starts_with(b"xox") && rest.get(4) == Some(&b'-') && follow(5) > 0;
        begins
            && (slack
                || PREFIXES.iter().any(|(prefix, most)| {
                    rest.starts_with(prefix.as_bytes()) && follow(prefix.len()) >= *most
                }))
    })
}

/// Whether some part of a run looks like neither words nor numbers.
fn is_random(run: &[u8]) -> bool {
    if run.len() < LONG {
        return false;
    }
    let letters_and_digits = |part: &[u8]| {
        part.iter().filter(|b| b.is_ascii_digit()).count() >= 2
            && part.iter().filter(|b| b.is_ascii_alphabetic()).count() >= 2
    };
    let is_hex = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit) && letters_and_digits(part);
    let groups: Vec<&[u8]> = run.split(|b| *b == b'-').collect();
    let is_uuid = groups
        .windows(5)
        .any(|five| five.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| group.len() == length))
        && groups.iter().any(|group| is_hex(group));
    is_uuid
        || run
            .split(|b| !b.is_ascii_alphanumeric())
            .any(|part| part.iter().all(u8::is_ascii_digit) && part.len() >= LONG)
        || run.windows(LONG).any(|part| is_hex(part) || is_no_language(part))
}

/// Whether too few of the letters that stand beside each other do so in words, or letters and digits take turns.
fn is_no_language(part: &[u8]) -> bool {
    let (mut pairs, mut known, mut turns) = (0, 0, 0);
    for two in part.windows(2) {
        let [a, b] = [two[0], two[1]];
        if !a.is_ascii_alphanumeric()
            || !b.is_ascii_alphanumeric()
            || a.is_ascii_digit() && b.is_ascii_digit()
        {
            continue;
        }
        pairs += 1;
        if a.is_ascii_digit() != b.is_ascii_digit() {
            turns += 1;
        } else if !(a.is_ascii_lowercase() && b.is_ascii_uppercase()) && is_pair(a, b) {
            known += 1;
        }
    }
    // 40 and 55 of a hundred: measured on the identifiers of the corpus, of which one in fifty is masked, and on random
    // base 62, of which one in two thousand of 20 letters is not, and none of 32.
    (pairs >= 8 && known * 100 < pairs * 40) || (turns >= 4 && known * 100 < pairs * 55)
}

fn is_pair(a: u8, b: u8) -> bool {
    static KNOWN: std::sync::LazyLock<[bool; 26 * 26]> = std::sync::LazyLock::new(|| {
        let mut known = [false; 26 * 26];
        for pair in PAIRS.split_whitespace().map(str::as_bytes) {
            known[index(pair[0], pair[1])] = true;
        }
        known
    });
    KNOWN[index(a, b)]
}

/// Of two letters, whatever their case.
fn index(a: u8, b: u8) -> usize {
    let letter = |b: u8| usize::from(b.to_ascii_lowercase() - b'a');
    letter(a) * 26 + letter(b)
}

/// From the first dash of a private key or certificate to the last.
fn private_keys(text: &str) -> Vec<Range<usize>> {
    const BEGIN: &str = "-----BEGIN";
    const END: &str = "-----END";
    let mut keys = Vec::new();
    let mut from = 0;
    // Looked for once if there is none, and not behind every beginning.
    let last_end = text.rfind(END).unwrap_or(0);
    while let Some(start) = text[from..].find(BEGIN).map(|at| from + at) {
        let end_of_line = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end);
        // Without an end it is a text about keys, or a key that is cut: the lines of one are random enough.
        let closed = (start < last_end).then(|| text[start..].find(END)).flatten();
        from = closed.map_or(end_of_line(start), |end| {
            let end = start + end + END.len();
            text[end..]
                .find("-----")
                .map_or(end_of_line(end), |dashes| end + dashes + 5)
                .min(end_of_line(end))
        });
        keys.push(start..from);
    }
    keys
}

/// What stands before the `@` of a URL: a password, or a token.
fn in_urls(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let authority = &text[start..];
        let end =
            authority.find(|c: char| c.is_whitespace() || "/?#\"'`<>".contains(c)).unwrap_or(authority.len());
        if let Some(user) = authority[..end].rfind('@') {
            hidden.push(start..start + user);
        }
    }
    hidden
}

/// The word behind a scheme of authentication, if it is no placeholder and no word of a sentence.
fn after(text: &str, scheme: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    for (at, _) in text.match_indices(scheme) {
        let start = at + scheme.len();
        let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b);
        let length = text.as_bytes()[start..].iter().take_while(|b| is_token(b)).count();
        let token = &text[start..start + length];
        if length >= 6 && token.contains(|c: char| c.is_ascii_digit()) {
            hidden.push(start..start + length);
        }
    }
    hidden
}
