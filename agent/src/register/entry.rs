//! One entry as it stands in a file, and what is made of it.

use asmm_model::{Declared, Lifecycle, Mark, Place, Records};

/// Characters of an id, a name or an owner.
const SHORT: usize = 300;
/// Characters of a purpose.
const LONG: usize = 2_000;
/// Marks of one entry.
const MARKS: usize = 32;

/// The fields of an entry as they are written.
#[derive(Debug, Default, Clone)]
pub(super) struct Raw {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) purpose: String,
    pub(super) lifecycle: String,
    pub(super) agentic: Option<bool>,
    pub(super) data: String,
    pub(super) approval: String,
    pub(super) provider: String,
    pub(super) agreement: String,
    pub(super) marks: Vec<Mark>,
}

impl Raw {
    /// Whether something of it is longer than is kept.
    pub(super) fn is_long(&self) -> bool {
        let short =
            [&self.id, &self.name, &self.owner, &self.data, &self.approval, &self.provider, &self.agreement];
        short.into_iter().any(|text| is_longer(text, SHORT))
            || is_longer(&self.purpose, LONG)
            || self.marks.len() > MARKS
    }

    /// The entry at a place.
    ///
    /// # Errors
    /// It has neither a name nor an id.
    pub(super) fn declared(self, place: Place) -> Result<Declared, &'static str> {
        let (id, name) = (line(&self.id, SHORT), line(&self.name, SHORT));
        let (id, name) = match (id.is_empty(), name.is_empty()) {
            (true, true) => return Err("no name"),
            (true, false) => (name.clone(), name),
            (false, true) => (id.clone(), id),
            (false, false) => (id, name),
        };
        let mut marks = self.marks;
        marks.extend(super::marks::system(&id));
        marks.sort();
        marks.dedup();
        marks.truncate(MARKS);
        let some = |text: String| (!text.is_empty()).then_some(text);
        Ok(Declared {
            id,
            name,
            place,
            owner: some(line(&self.owner, SHORT)),
            purpose: some(line(&self.purpose, LONG)),
            lifecycle: lifecycle(&self.lifecycle),
            agentic: self.agentic,
            records: Records {
                data: some(line(&self.data, SHORT)),
                approval: some(line(&self.approval, SHORT)),
                provider: some(line(&self.provider, SHORT)),
                agreement: some(line(&self.agreement, SHORT)),
            },
            marks,
        })
    }
}

fn is_longer(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().nth(most).is_some()
}

/// A text in one line, cut to so many characters.
fn line(text: &str, most: usize) -> String {
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > most * 4 {
            break;
        }
    }
    match words.char_indices().nth(most) {
        Some((at, _)) => words[..at].to_owned(),
        None => words,
    }
}

/// The letters of a text in lower case, without what an answer of a form begins with and what explains it: of `a) Pilot – The use …`,
/// `pilot`.
fn answer(text: &str) -> String {
    let text = match text.trim().split_once(") ") {
        Some((letter, rest)) if letter.len() == 1 => rest,
        _ => text.trim(),
    };
    let text = text.split(['–', '—', ':', '(', '.']).next().unwrap_or(text);
    text.split(" - ")
        .next()
        .unwrap_or(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .take(60)
        .collect::<String>()
        .to_lowercase()
}

/// The stage of life that a word means.
pub(super) fn lifecycle(text: &str) -> Lifecycle {
    let word = answer(text);
    let begins = |with: &[&str]| with.iter().any(|with| word.starts_with(with));
    if word.is_empty() {
        Lifecycle::Unknown
    } else if begins(&[
        "retire",
        "decommission",
        "inactive",
        "archived",
        "sunset",
        "endoflife",
        "eol",
        "discontinu",
        "disabled",
        "closed",
        "terminat",
        "offline",
        "cancel",
        "withdrawn",
    ]) {
        Lifecycle::Retired
    } else if begins(&[
        "plan",
        "propos",
        "predeploy",
        "indevelop",
        "develop",
        "dev",
        "idea",
        "initiat",
        "acqui",
        "draft",
        "backlog",
        "concept",
        "underdevelop",
        "design",
        "build",
    ]) {
        Lifecycle::Planned
    } else if begins(&[
        "active",
        "prod",
        "live",
        "deploy",
        "operat",
        "inuse",
        "inproduction",
        "inoperation",
        "use",
        "running",
        "implement",
        "ga",
        "beta",
        "alpha",
        "pilot",
        "experiment",
        "trial",
        "test",
        "staging",
        "deprecat",
        "maint",
        "enabled",
        "online",
    ]) {
        Lifecycle::Active
    } else {
        Lifecycle::Unknown
    }
}

/// What a cell says to the question whether something is agentic.
pub(super) fn agentic(text: &str) -> Option<bool> {
    match answer(text).as_str() {
        "yes" | "y" | "true" | "1" | "x" | "agentic" | "agenticai" | "agent" | "aiagent" => Some(true),
        "no" | "n" | "false" | "0" | "notagentic" | "none" => Some(false),
        _ => None,
    }
}

/// What a classification says: one class is that of agentic systems.
pub(super) fn classified(text: &str) -> Option<bool> {
    let word = answer(text);
    (!word.is_empty() && word != "other" && word != "unknown").then(|| word.starts_with("agent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_told_by_the_words_of_many_registers() {
        let table = [
            ("a) Pre-deployment – The use case is in a development status.", Lifecycle::Planned),
            ("b) Pilot – The use case has been deployed in a limited test.", Lifecycle::Active),
            ("d) Retired – The use case was reported before.", Lifecycle::Retired),
            ("Operation and Maintenance", Lifecycle::Active),
            ("Acquisition and/or Development", Lifecycle::Planned),
            ("experimental", Lifecycle::Active),
            ("Decommissioned (2024)", Lifecycle::Retired),
            ("In production", Lifecycle::Active),
            ("??", Lifecycle::Unknown),
            ("", Lifecycle::Unknown),
        ];
        for (text, expected) in table {
            assert_eq!(lifecycle(text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_plain_answer_says_whether_it_is_agentic() {
        let table = [
            ("Yes", Some(true)),
            ("agentic", Some(true)),
            ("FALSE", Some(false)),
            ("perhaps", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(agentic(text), expected, "{text}");
        }
        assert_eq!(classified("Agentic AI: AI systems that perform tasks"), Some(true));
        assert_eq!(classified("Generative AI: AI that generates content"), Some(false));
        assert_eq!(classified(" "), None);
    }

    #[test]
    fn a_text_is_one_line_and_has_an_end() {
        assert_eq!(line(" a\r\n\u{1b}[2Jb\t", 10), "a [2Jb");
        assert_eq!(line(&"é".repeat(1000), 3), "ééé");
    }
}
