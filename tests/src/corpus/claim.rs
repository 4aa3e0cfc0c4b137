//! The language of `expect` blocks: what a case says about the inventory.

use asmm_model::autonomy::Ternary;
use asmm_model::{
    Access, ComponentKind, Criterion, Effect, GapReason, Gate, Hitl, IdentityKind, JoinStrength, Role,
    SystemKind, TriggerKind, Verdict,
};
use serde::de::DeserializeOwned;

use super::case::Laid;
use super::markdown::Block;

/// A place in a file of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At {
    pub(super) path: String,
    pub(super) line: Option<u32>,
}

/// What a system is expected to be; what is absent is not checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SystemClaim {
    pub(super) name: Option<String>,
    pub(super) root: Option<String>,
    pub(super) verdict: Option<Verdict>,
    pub(super) level: Option<[u8; 2]>,
    pub(super) kind: Option<SystemKind>,
    pub(super) hitl: Option<Hitl>,
    pub(super) role: Option<Role>,
}

/// One claim about a system, or about the whole inventory.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Claim {
    Criterion {
        criterion: Criterion,
        negated: bool,
        answer: Ternary,
        by: Option<String>,
        at: Option<At>,
    },
    Settles(Criterion),
    Tools(Vec<String>),
    Tool {
        name: String,
        effect: Effect,
        gate: Option<Gate>,
        at: Option<At>,
    },
    NoTool(String),
    Trigger {
        kind: TriggerKind,
        value: Option<String>,
        at: Option<At>,
    },
    NoTrigger(Option<TriggerKind>),
    Identity {
        kind: IdentityKind,
        name: String,
        inferred: Option<bool>,
        at: Option<At>,
    },
    NoIdentity(Option<String>),
    Known {
        claim: asmm_model::Claim,
        value: String,
        strength: Option<JoinStrength>,
        at: Option<At>,
    },
    NotKnown(Option<String>),
    Component {
        kind: ComponentKind,
        name: String,
        role: Option<Role>,
        access: Option<Access>,
        version: Option<String>,
        note: Option<String>,
        at: Option<At>,
    },
    Offers(Vec<String>),
    Offer {
        name: String,
        effect: Effect,
        gate: Option<Gate>,
        at: Option<At>,
    },
    NoComponent(Option<String>),
    Model {
        name: String,
        provider: Option<String>,
        pinned: Option<bool>,
    },
    NoModel(Option<String>),
    Gap {
        path: String,
        why: GapReason,
    },
    NoGaps,
}

/// A claim as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written<T> {
    pub(super) text: String,
    pub(super) what: T,
}

/// Everything that a case claims.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Claims {
    /// There is no system at all.
    pub(super) none: bool,
    /// About the whole inventory.
    pub(super) whole: Vec<Written<Claim>>,
    /// About each system.
    pub(super) systems: Vec<(Written<SystemClaim>, Vec<Written<Claim>>)>,
}

impl Eq for Claims {}

impl Claims {
    pub(super) fn is_empty(&self) -> bool {
        !self.none && self.whole.is_empty() && self.systems.is_empty()
    }
}

/// A word, or a text in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
}

/// Reads one block.
pub(super) fn parse(
    block: &Block,
    files: &[Laid],
    knows: &dyn Fn(&str) -> bool,
    claims: &mut Claims,
    wrong: &mut dyn FnMut(usize, String),
) {
    for (at, line) in block.lines.iter().enumerate() {
        let read = split(line).and_then(|parts| {
            parts.into_iter().try_for_each(|tokens| {
                let text = shown(&tokens);
                one(Words { tokens: tokens.into(), files, knows }, text, claims)
            })
        });
        if let Err(what) = read {
            wrong(block.line + at + 1, what);
        }
    }
}

/// The claims of a line, each in tokens. A `#` between claims begins a comment.
fn split(line: &str) -> Result<Vec<Vec<Token>>, String> {
    let mut parts = vec![Vec::new()];
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '#' {
            break;
        }
        let taken = if first == '"' {
            let Some((text, _)) = rest[1..].split_once('"') else {
                return Err("a quote is never closed".to_owned());
            };
            push(&mut parts, Token::Quoted(text.to_owned()));
            text.len() + 2
        } else if first == ';' {
            parts.push(Vec::new());
            1
        } else {
            let word = rest.split([' ', ';', '"']).next().unwrap_or(rest);
            push(&mut parts, Token::Word(word.to_owned()));
            word.len()
        };
        rest = rest[taken..].trim_start();
    }
    parts.retain(|part| !part.is_empty());
    Ok(parts)
}

fn push(parts: &mut [Vec<Token>], token: Token) {
    if let Some(part) = parts.last_mut() {
        part.push(token);
    }
}

fn shown(tokens: &[Token]) -> String {
    let words: Vec<String> = tokens
        .iter()
        .map(|token| match token {
            Token::Word(word) => word.clone(),
            Token::Quoted(text) => format!("\"{text}\""),
        })
        .collect();
    words.join(" ")
}

struct Words<'a> {
    tokens: std::collections::VecDeque<Token>,
    files: &'a [Laid],
    knows: &'a dyn Fn(&str) -> bool,
}

impl Words<'_> {
    fn next(&mut self, what: &str) -> Result<String, String> {
        match self.tokens.pop_front() {
            Some(Token::Word(text) | Token::Quoted(text)) => Ok(text),
            None => Err(format!("{what} is missing")),
        }
    }

    /// Takes the next word if it is this one.
    fn takes(&mut self, word: &str) -> bool {
        let is = self.tokens.front() == Some(&Token::Word(word.to_owned()));
        if is {
            self.tokens.pop_front();
        }
        is
    }

    fn quoted(&mut self) -> Option<String> {
        match self.tokens.front() {
            Some(Token::Quoted(text)) => {
                let text = text.clone();
                self.tokens.pop_front();
                Some(text)
            }
            _ => None,
        }
    }

    /// The value behind a key word, if that is next.
    fn option<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, String> {
        if self.takes(key) { Ok(Some(named(&self.next(key)?)?)) } else { Ok(None) }
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        if self.takes(key) { self.next(key).map(Some) } else { Ok(None) }
    }

    fn at(&mut self) -> Result<Option<At>, String> {
        if !self.takes("at") {
            return Ok(None);
        }
        let place = self.next("a place")?;
        let (path, line) = match place.rsplit_once(':') {
            Some((path, line)) => {
                let line = line.parse::<u32>().map_err(|_| format!("`{line}` is no line"))?;
                (path.to_owned(), Some(line))
            }
            None => (place, None),
        };
        let Some(laid) = self.files.iter().find(|laid| laid.path == path) else {
            return Err(format!("the case has no file `{path}`"));
        };
        let line = match self.quoted() {
            Some(snippet) => Some(only(laid, &snippet)?),
            None => line,
        };
        if line.is_some_and(|line| line as usize > laid.text.lines().count()) {
            return Err(format!("`{path}` has no such line"));
        }
        Ok(Some(At { path, line }))
    }

    fn by(&mut self) -> Result<Option<String>, String> {
        let rule = self.text("by")?;
        match rule {
            Some(rule) if !(self.knows)(&rule) => Err(format!("there is no rule `{rule}`")),
            rule => Ok(rule),
        }
    }

    fn end(&self) -> Result<(), String> {
        match self.tokens.front() {
            None => Ok(()),
            Some(_) => Err(format!("`{}` says nothing here", shown(&Vec::from(self.tokens.clone())))),
        }
    }
}

/// The only line of a file with a text in it.
fn only(laid: &Laid, snippet: &str) -> Result<u32, String> {
    let mut lines = laid.text.lines().enumerate().filter(|(_, line)| line.contains(snippet));
    match (lines.next(), lines.next()) {
        (Some((at, _)), None) => Ok(u32::try_from(at + 1).unwrap_or(u32::MAX)),
        (None, _) => Err(format!("no line of `{}` has `{snippet}` in it", laid.path)),
        _ => Err(format!("several lines of `{}` have `{snippet}` in them", laid.path)),
    }
}

/// A value by the name that it has in the inventory.
fn named<T: DeserializeOwned>(word: &str) -> Result<T, String> {
    serde_json::from_value(word.into()).map_err(|error| error.to_string())
}

fn one(mut words: Words, text: String, claims: &mut Claims) -> Result<(), String> {
    let head = words.next("a claim")?;
    if head == "system" || head == "system:" {
        let what = system(&mut words, head.ends_with(':'))?;
        words.end()?;
        claims.systems.push((Written { text, what }, Vec::new()));
        return Ok(());
    }
    if head == "no" && words.takes("systems") {
        claims.none = true;
        return words.end();
    }
    let what = claim(&head, &mut words)?;
    words.end()?;
    let written = Written { text, what };
    match claims.systems.last_mut() {
        Some((_, about)) => about.push(written),
        None => claims.whole.push(written),
    }
    Ok(())
}

fn system(words: &mut Words, anonymous: bool) -> Result<SystemClaim, String> {
    let mut claim = SystemClaim::default();
    if !anonymous {
        let name = words.next("the name of the system")?;
        if let Some(name) = name.strip_suffix(':') {
            claim.name = Some(name.to_owned());
        } else {
            let root = if name == "at" {
                words.next("the root of the system")?
            } else {
                claim.name = Some(name);
                words.text("at")?.ok_or("a `:` is missing behind the name")?
            };
            let root = root.strip_suffix(':').ok_or("a `:` is missing behind the root")?;
            claim.root = Some(if root == "." { String::new() } else { root.to_owned() });
        }
    }
    while !words.tokens.is_empty() {
        let word = words.next("a word")?;
        match word.as_str() {
            "kind" => claim.kind = Some(named(&words.next("the kind")?)?),
            "hitl" => claim.hitl = Some(named(&words.next("hitl")?)?),
            "role" => claim.role = Some(named(&words.next("the role")?)?),
            _ if word.starts_with('L') => claim.level = Some(levels(&word)?),
            _ => claim.verdict = Some(named(&word)?),
        }
    }
    Ok(claim)
}

/// `L3` or `L2-L4`.
fn levels(word: &str) -> Result<[u8; 2], String> {
    let level = |text: &str| {
        text.strip_prefix('L')
            .and_then(|digits| digits.parse().ok())
            .filter(|level| *level <= 5)
            .ok_or_else(|| format!("`{text}` is no level; write `L0` to `L5`"))
    };
    match word.split_once('-') {
        Some((low, high)) => Ok([level(low)?, level(high)?]),
        None => level(word).map(|level| [level, level]),
    }
}

fn claim(head: &str, words: &mut Words) -> Result<Claim, String> {
    if let Ok(criterion) = named::<Criterion>(head) {
        let negated = words.takes("not");
        let answer = answer(&words.next("the answer")?)?;
        return Ok(Claim::Criterion { criterion, negated, answer, by: words.by()?, at: words.at()? });
    }
    Ok(match head {
        "settles" => Claim::Settles(named(&words.next("the question")?)?),
        "tools" => Claim::Tools(names(words, None)?),
        "tool" => {
            let name = words.next("the name of the tool")?;
            let name =
                name.strip_suffix(':').ok_or("a `:` is missing behind the name of the tool")?.to_owned();
            let effect = named(&words.next("the effect")?)?;
            Claim::Tool { name, effect, gate: words.option("gate")?, at: words.at()? }
        }
        "trigger" => Claim::Trigger {
            kind: named(&words.next("the kind of trigger")?)?,
            value: words.quoted(),
            at: words.at()?,
        },
        "identity" => Claim::Identity {
            kind: named(&words.next("the kind of identity")?)?,
            name: words.next("the name of the identity")?,
            inferred: if words.takes("inferred") {
                Some(true)
            } else {
                words.takes("stated").then_some(false)
            },
            at: words.at()?,
        },
        "known" => Claim::Known {
            claim: named(&words.next("the claim of the key")?)?,
            value: words.next("the value of the key")?,
            strength: [JoinStrength::Strong, JoinStrength::Medium, JoinStrength::Weak]
                .into_iter()
                .find(|strength| words.takes(strength.name())),
            at: words.at()?,
        },
        "component" => Claim::Component {
            kind: named(&words.next("the kind of component")?)?,
            name: words.next("the name of the component")?,
            role: words.option("role")?,
            access: words.option("access")?,
            version: words.text("version")?,
            note: words.text("noted")?,
            at: words.at()?,
        },
        "offers" => {
            let first = words.next("a tool")?;
            match first.strip_suffix(':') {
                Some(name) => Claim::Offer {
                    name: name.to_owned(),
                    effect: named(&words.next("the effect")?)?,
                    gate: words.option("gate")?,
                    at: words.at()?,
                },
                None => Claim::Offers(names(words, Some(first))?),
            }
        }
        "model" => Claim::Model {
            name: words.next("the name of the model")?,
            provider: words.text("provider")?,
            pinned: if words.takes("pinned") { Some(true) } else { words.takes("floating").then_some(false) },
        },
        "gap" => Claim::Gap { path: words.next("a path")?, why: named(&words.next("the reason")?)? },
        "no" => absent(words)?,
        _ => return Err(format!("`{head}` is no claim")),
    })
}

/// The rest of a claim as names, sorted.
fn names(words: &mut Words, first: Option<String>) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = first.into_iter().collect();
    while !words.tokens.is_empty() {
        names.push(words.next("a tool")?);
    }
    let mut names: Vec<String> =
        names.into_iter().map(|name| name.trim_end_matches(',').to_owned()).collect();
    names.sort();
    Ok(names)
}

fn absent(words: &mut Words) -> Result<Claim, String> {
    let what = words.next("what there is none of")?;
    Ok(match what.as_str() {
        "gaps" => Claim::NoGaps,
        "tools" => Claim::Tools(Vec::new()),
        "offers" => Claim::Offers(Vec::new()),
        "triggers" => Claim::NoTrigger(None),
        "identities" => Claim::NoIdentity(None),
        "known" => Claim::NotKnown(words.next("its value").ok()),
        "components" => Claim::NoComponent(None),
        "models" => Claim::NoModel(None),
        "tool" => Claim::NoTool(words.next("its name")?),
        "trigger" => Claim::NoTrigger(Some(named(&words.next("its kind")?)?)),
        "identity" => Claim::NoIdentity(Some(words.next("its name")?)),
        "component" => Claim::NoComponent(Some(words.next("its name")?)),
        "model" => Claim::NoModel(Some(words.next("its name")?)),
        _ => return Err(format!("`no {what}` is no claim")),
    })
}

fn answer(word: &str) -> Result<Ternary, String> {
    match word {
        "yes" => Ok(Ternary::Yes),
        "no" => Ok(Ternary::No),
        "unknown" => Ok(Ternary::Unknown),
        _ => Err(format!("`{word}` is no answer; write `yes`, `no`, `unknown` or `not` and one of them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Claims, String> {
        let files =
            [Laid { path: "app.py".to_owned(), text: "import x\n\ndef send():\n    x.y()\n".to_owned() }];
        let block = Block { info: "expect", line: 0, lines: text.lines().collect() };
        let mut claims = Claims::default();
        let mut mistakes = Vec::new();
        let knows = |rule: &str| rule == "uses-x";
        parse(&block, &files, &knows, &mut claims, &mut |line, what| {
            mistakes.push(format!("{line}: {what}"));
        });
        if mistakes.is_empty() { Ok(claims) } else { Err(mistakes.join("\n")) }
    }

    #[test]
    fn systems_and_what_is_said_about_them() {
        let claims = read(
            "no gaps  # about everything\nsystem a at .: agentic L2-L4 hitl every-step\nC1 yes; C2 not no\n\
             tool send: pay gate none at app.py \"def send\"\ntrigger schedule \"0 2 * * *\"\nsystem: role test",
        )
        .expect("well-formed");
        let texts =
            |written: &[Written<Claim>]| -> Vec<String> { written.iter().map(|w| w.text.clone()).collect() };
        assert_eq!(texts(&claims.whole), ["no gaps"]);
        let a = SystemClaim {
            name: Some("a".to_owned()),
            root: Some(String::new()),
            verdict: Some(Verdict::Agentic),
            level: Some([2, 4]),
            hitl: Some(Hitl::EveryStep),
            ..SystemClaim::default()
        };
        assert_eq!(claims.systems[0].0.what, a);
        assert_eq!(
            texts(&claims.systems[0].1),
            [
                "C1 yes",
                "C2 not no",
                "tool send: pay gate none at app.py \"def send\"",
                "trigger schedule \"0 2 * * *\""
            ]
        );
        let at = Some(At { path: "app.py".to_owned(), line: Some(3) });
        let tool = Claim::Tool { name: "send".to_owned(), effect: Effect::Pay, gate: Some(Gate::None), at };
        assert_eq!(claims.systems[0].1[2].what, tool);
        assert_eq!(
            claims.systems[1].0.what,
            SystemClaim { role: Some(Role::Test), ..SystemClaim::default() }
        );
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let mistakes = [
            ("tool send pay", "1: a `:` is missing behind the name of the tool"),
            (
                "tool send: bribe",
                "1: unknown variant `bribe`, expected one of `read`, `unknown`, `write`, `send`, `pay`, `execute`",
            ),
            ("C11 yes", "1: `C11` is no claim"),
            ("C1 yes now", "1: `now` says nothing here"),
            ("C1 yes by uses-y", "1: there is no rule `uses-y`"),
            ("C1 yes at b.py", "1: the case has no file `b.py`"),
            ("C1 yes at app.py:9", "1: `app.py` has no such line"),
            ("C1 yes at app.py \"x\"", "1: several lines of `app.py` have `x` in them"),
            ("C1 yes at app.py \"z\"", "1: no line of `app.py` has `z` in it"),
            ("no models\ntrigger schedule \"0", "2: a quote is never closed"),
            ("system a agentic", "1: a `:` is missing behind the name"),
            ("system: L6", "1: `L6` is no level; write `L0` to `L5`"),
        ];
        for (text, expected) in mistakes {
            assert_eq!(read(text).expect_err(text), expected);
        }
    }
}
