//! Names of what is declared and of what was seen, as they are compared: without case, separators and words that say nothing.

use asmm_model::System;

/// Words that many systems have in their name, and that tell none of them.
const PLAIN: [&str; 38] = [
    "a",
    "ai",
    "an",
    "and",
    "agent",
    "agentic",
    "api",
    "app",
    "application",
    "assistant",
    "backend",
    "bot",
    "chat",
    "chatbot",
    "component",
    "default",
    "demo",
    "dev",
    "for",
    "frontend",
    "genai",
    "gpt",
    "llm",
    "main",
    "ml",
    "model",
    "of",
    "pipeline",
    "prod",
    "production",
    "project",
    "server",
    "service",
    "system",
    "test",
    "the",
    "tool",
    "worker",
];
/// Bytes of a name that are compared.
const MAX: usize = 400;

/// The words of a name that tell something, in one text; nothing where none does.
pub(super) fn telling(name: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut was_small = false;
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in name.chars().take(MAX) {
        if !c.is_alphanumeric() {
            end(&mut word);
            was_small = false;
            continue;
        }
        // `RefundAgent` is two words.
        if c.is_uppercase() && was_small {
            end(&mut word);
        }
        was_small = c.is_lowercase() || c.is_numeric();
        word.extend(c.to_lowercase());
    }
    end(&mut word);
    let words: Vec<String> =
        words.into_iter().map(singular).filter(|word| !PLAIN.contains(&word.as_str())).collect();
    let told = words.join(" ");
    (told.chars().filter(|c| *c != ' ').count() >= 3).then_some(told)
}

fn singular(mut word: String) -> String {
    if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
    word
}

/// Whether one of the owners that a system is suggested is the one that an entry declares.
pub(super) fn owner_agrees(declared: Option<&str>, system: &System) -> bool {
    let Some(declared) = declared.and_then(owner) else { return false };
    system.owners.iter().any(|suggested| owner(&suggested.name).as_deref() == Some(declared.as_str()))
}

/// What is left of an owner without its kind, its organisation and its domain: `group:default/refunds`, `@acme/refunds` and
/// `refunds@acme.example` are one.
fn owner(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('@').to_lowercase();
    let text = text.split_once('@').map_or(text.as_str(), |(name, _)| name);
    let text = text.rsplit(['/', ':']).next().unwrap_or(text);
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).take(MAX).collect();
    let plain = plain.strip_prefix("team").filter(|rest| rest.len() >= 3).unwrap_or(&plain);
    let plain = plain.strip_suffix("team").filter(|rest| rest.len() >= 3).unwrap_or(plain);
    (plain.len() >= 3).then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_the_words_that_tell_something() {
        let table = [
            ("Refund Agent", Some("refund")),
            ("refunds-bot", Some("refund")),
            ("RefundAgent", Some("refund")),
            ("REFUNDS", Some("refund")),
            ("mail_triage_service", Some("mail triage")),
            ("AI Assistant", None),
            ("", None),
            ("x1", None),
            ("Übersetzer", Some("übersetzer")),
        ];
        for (name, expected) in table {
            assert_eq!(telling(name).as_deref(), expected, "{name}");
        }
        assert!(telling(&"word ".repeat(100_000)).is_some_and(|told| told.len() <= MAX));
    }

    #[test]
    fn an_owner_has_one_name_in_every_register() {
        for text in
            ["group:default/refunds", "@acme/refunds", "refunds@acme.example", "Team Refunds", "refunds-team"]
        {
            assert_eq!(owner(text).as_deref(), Some("refunds"), "{text}");
        }
        assert_eq!(owner("@a"), None);
    }
}
