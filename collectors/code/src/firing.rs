//! Which rules fire on one file, and where: what `rules test` shows, and what a rule's own examples are checked with.

use muster_rules::RulePack;

/// One rule that fires on a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fired {
    /// One-based line.
    pub line: u32,
    /// Id of the rule.
    pub rule: String,
    /// What was seen there: `calls openai.OpenAI.chat.completions.create`, `asks for the package openai`.
    pub because: String,
}

/// Every rule that fires on a file, by line.
///
/// `path` decides the language or the format, as in a scan; the file stands alone, so imports of the project's own code
/// lead nowhere.
///
/// # Errors
/// One sentence, when the file is of no kind that rules speak about, or cannot be parsed.
pub fn fired(pack: &RulePack, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
    let _ = (pack, path, text);
    Ok(Vec::new())
}

/// An example that does not do what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenExample {
    /// Index of the rule in the pack.
    pub rule: u32,
    /// Index of the example in the rule.
    pub example: usize,
    /// What is wrong, as a sentence.
    pub what: String,
}

/// Runs every example of every rule.
pub fn check_examples(pack: &RulePack) -> Vec<BrokenExample> {
    let _ = pack;
    Vec::new()
}

/// The literal texts whose presence makes a file worth parsing, sorted.
pub fn literals(pack: &RulePack) -> Vec<String> {
    let _ = pack;
    Vec::new()
}
