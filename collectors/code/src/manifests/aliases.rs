//! Path aliases of a `tsconfig.json` or `jsconfig.json`: names that an import may use for the project's own files.

use super::text;
use crate::document::ReadError;
use crate::document::json::{self, Dialect};

/// Aliases read from one file.
const MAX_ALIASES: usize = 500;

/// One alias.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alias {
    /// Folder of the file that declares it; it holds for everything below.
    pub(crate) folder: String,
    /// The name, or its beginning where `is_prefix`.
    pub(crate) name: String,
    /// Whether the rest of the name is the rest of the path.
    pub(crate) is_prefix: bool,
    /// Where it leads, relative to the folder, as written; `..` is not resolved.
    pub(crate) to: String,
}

/// Whether a file may declare aliases, told by its path.
pub(crate) fn declares_aliases(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let stem = name.strip_suffix(".json").unwrap_or_default();
    matches!(stem, "tsconfig" | "jsconfig") || stem.starts_with("tsconfig.")
}

/// Reads the aliases of a file at `path`.
///
/// # Errors
/// The file is no JSON, even with comments and trailing commas, or nested too deeply.
pub(crate) fn aliases(path: &str, bytes: &[u8]) -> Result<Vec<Alias>, ReadError> {
    let (text, _) = text::decode(bytes);
    let file = json::parse(&text, Dialect::Relaxed)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let base = file.text_at(&["compilerOptions", "baseUrl"]).unwrap_or(".");
    let mut found = Vec::new();
    for entry in file.entries_at(&["compilerOptions", "paths"]).iter().take(MAX_ALIASES) {
        // Of several places the first that exists counts; one is what everybody writes.
        let Some(to) = entry.node.items().first().and_then(|node| node.text()) else { continue };
        let (name, is_prefix) =
            entry.key.strip_suffix('*').map_or((entry.key.as_str(), false), |n| (n, true));
        let to = to.strip_suffix('*').filter(|_| is_prefix).unwrap_or(to);
        // `*` alone stands for every import there is.
        if name.is_empty() || name.contains('*') || to.contains('*') {
            continue;
        }
        found.push(Alias {
            folder: folder.to_owned(),
            name: name.to_owned(),
            is_prefix,
            to: format!("{base}/{to}"),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_names_and_beginnings() {
        let text = r#"{
          // with comments, as the compiler allows
          "compilerOptions": { "baseUrl": "./src", "paths": { "ai": ["ai/index.ts"], "@/*": ["./*"], "*": ["x"] }, },
        }"#;
        let found = aliases("web/tsconfig.json", text.as_bytes()).expect("it is valid");
        let shown: Vec<String> = found
            .iter()
            .map(|a| format!("{} {}{} -> {}", a.folder, a.name, if a.is_prefix { "*" } else { "" }, a.to))
            .collect();
        assert_eq!(shown, ["web ai -> ./src/ai/index.ts", "web @/* -> ./src/./"]);
        assert!(aliases("tsconfig.json", b"{").is_err());
        assert!(declares_aliases("a/tsconfig.base.json") && !declares_aliases("a/tsconfig.ts"));
    }
}
