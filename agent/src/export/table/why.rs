//! The verdict in words: what the answers to the deciding questions say about a system.

use asmm_model::autonomy::Ternary;
use asmm_model::{Criterion, Effect, System, Verdict};

/// Tools that a sentence names.
const NAMED: usize = 3;

/// One to three sentences.
pub(super) fn why(system: &System) -> String {
    let answer = |criterion: Criterion| system.criteria[criterion].ternary();
    let (selects, affects) = (answer(Criterion::C1), answer(Criterion::C3));
    let bracket = answer(Criterion::C2).or(answer(Criterion::C4));
    let mut sentences = Vec::new();
    match system.verdict {
        // Of a definite no, only what makes it one counts.
        Verdict::NotAgentic if selects == Ternary::No => sentences.push(self::selects(selects)),
        Verdict::NotAgentic if affects == Ternary::No => {
            sentences.push(self::selects(selects));
            sentences.push(self::affects(system, affects));
        }
        Verdict::NotAi => return "No model is used.".to_owned(),
        _ => {
            sentences.push(self::selects(selects));
            sentences.push(self::affects(system, affects));
            if system.verdict != Verdict::Undetermined || bracket != Ternary::No {
                sentences.push(chains(answer(Criterion::C2), answer(Criterion::C4)).to_owned());
            }
        }
    }
    sentences.join(" ")
}

fn selects(answer: Ternary) -> String {
    match answer {
        Ternary::Yes => "The model chooses which action runs next.",
        Ternary::No => "Code, not the model, decides what runs next.",
        Ternary::Unknown => "Whether the model chooses what runs next is open.",
    }
    .to_owned()
}

fn affects(system: &System, answer: Ternary) -> String {
    match answer {
        Ternary::Yes => {
            let mut tools: Vec<_> = system.tools.iter().filter(|t| t.effect.changes_state()).collect();
            tools.sort_by_key(|tool| std::cmp::Reverse(tool.effect));
            // Those that do the same are named together.
            let mut groups: Vec<(Effect, Vec<String>)> = Vec::new();
            for tool in tools.iter().take(NAMED) {
                let name = format!("`{}`", tool.name);
                match groups.last_mut() {
                    Some((effect, names)) if *effect == tool.effect => names.push(name),
                    _ => groups.push((tool.effect, vec![name])),
                }
            }
            let named: Vec<String> = groups.iter().map(|(effect, names)| together(*effect, names)).collect();
            let more = tools.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            let named =
                if named.is_empty() { String::new() } else { format!(": {}{more}", named.join(", ")) };
            format!("Its actions change things outside the conversation{named}.")
        }
        Ternary::No => {
            "None of the actions it is offered changes anything outside the conversation.".to_owned()
        }
        Ternary::Unknown => {
            "Whether its actions change anything outside the conversation is open.".to_owned()
        }
    }
}

fn together(effect: Effect, names: &[String]) -> String {
    let (one, many) = match effect {
        Effect::Read => ("reads", "read"),
        Effect::Unknown => ("does something unknown", "do something unknown"),
        Effect::Write => ("writes", "write"),
        Effect::Send => ("sends messages", "send messages"),
        Effect::Pay => ("moves money", "move money"),
        Effect::Execute => ("runs commands or code", "run commands or code"),
    };
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last} {many}", first.join(", ")),
        _ => format!("{} {one}", names.join("")),
    }
}

fn chains(sequences: Ternary, unapproved: Ternary) -> &'static str {
    use Ternary::{No, Unknown, Yes};
    match (sequences, unapproved) {
        (Yes, Yes) => {
            "It takes several steps, and at least one such action runs without a person approving it."
        }
        (Yes, No) => "It takes several steps; a person approves every action that changes something.",
        (Yes, Unknown) => "It takes several steps; whether a person approves such actions is open.",
        (No, Yes) => {
            "It takes a single step, and at least one such action runs without a person approving it."
        }
        (No, No) => "It takes a single step, and a person approves every action that changes something.",
        (No, Unknown) => "It takes a single step; whether a person approves it is open.",
        (Unknown, Yes) => "At least one such action runs without a person approving it.",
        (Unknown, No) => {
            "A person approves every action that changes something; whether it takes several steps is open."
        }
        (Unknown, Unknown) => {
            "Whether it takes several steps, and whether a person approves such actions, is open."
        }
    }
}
