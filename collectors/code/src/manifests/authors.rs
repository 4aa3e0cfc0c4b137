//! Who wrote a package: names; an address is kept only where there is no name.

use super::Manifest;
use super::text::shorten;
use crate::document::Node;

/// Authors kept of one manifest.
const MAX_AUTHORS: usize = 20;
/// Bytes of a name.
const MAX_NAME: usize = 100;
/// What templates leave behind.
const PLACEHOLDERS: [&str; 6] = ["your name", "author", "author name", "your name here", "you", "todo"];

/// An author, and the line that names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Author {
    pub(crate) name: String,
    /// One-based.
    pub(crate) line: u32,
}

impl Manifest {
    /// Adds `Name <address> (page)`, without the address and the page.
    pub(super) fn add_author(&mut self, text: &str, line: u32) {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let name = text.split(['<', '(']).next().unwrap_or_default().trim();
        let address = text
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map(|(address, _)| address.trim());
        let mut name = if name.is_empty() { address.unwrap_or_default() } else { name }.to_owned();
        shorten(&mut name, MAX_NAME);
        let is_known = self.authors.iter().any(|author| author.name == name);
        let is_name = !name.is_empty() && !PLACEHOLDERS.contains(&name.to_lowercase().as_str());
        if is_name && !is_known && self.authors.len() < MAX_AUTHORS {
            self.authors.push(Author { name, line });
        }
    }

    /// Adds a text, a table with a name or an address, or a list of either.
    pub(super) fn add_authors(&mut self, node: Option<&Node>) {
        for node in node.map_or(&[][..], Node::one_or_more) {
            let named = ["name", "email"].iter().find_map(|key| {
                let entry = node.entry(key)?;
                Some((entry.node.text()?, entry.line))
            });
            if let Some((text, line)) = node.text().map(|text| (text, node.line)).or(named) {
                self.add_author(text, line);
            }
        }
    }

    /// Takes over the description, with its line.
    pub(super) fn describe(&mut self, table: Option<&Node>) {
        let entry = table.and_then(|table| table.entry("description"));
        if let Some((text, line)) = entry.and_then(|entry| Some((entry.node.text()?, entry.line))) {
            (self.description, self.described_at) = (Some(text.to_owned()), Some(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse};

    #[test]
    fn names_are_kept_and_addresses_are_not() {
        let cases = [
            (
                ManifestKind::PyProject,
                "[project]\nauthors = [\n  { name = \"Ada L.\", email = \"ada@example.com\" },\n  { email = \"b@example.com\" },\n]\nmaintainers = [{ name = \"Ada L.\" }]\n",
                vec!["3 Ada L.", "4 b@example.com"],
            ),
            (
                ManifestKind::PyProject,
                "[tool.poetry]\nauthors = [\"Ada <ada@example.com>\", \"Your Name <you@example.com>\"]\n",
                vec!["2 Ada"],
            ),
            (
                ManifestKind::PackageJson,
                "{\"author\": \"Ada <ada@example.com> (https://example.com)\",\n\"contributors\": [{\"name\": \"Bo\"}, 3],\n\"maintainers\": [\"<c@example.com>\"]}",
                vec!["1 Ada", "2 Bo", "3 c@example.com"],
            ),
            (ManifestKind::CargoToml, "[package]\nauthors = [\"Team <t@example.com>\"]\n", vec!["2 Team"]),
            (
                ManifestKind::ComposerJson,
                "{\"authors\": [\n{\"name\": \"Ada\", \"email\": \"a@example.com\"}]}",
                vec!["2 Ada"],
            ),
            (
                ManifestKind::Gemspec,
                "s.authors = [\"Ada\", 'Bo']\ns.author = \"C\"\n",
                vec!["1 Ada", "1 Bo", "2 C"],
            ),
            (
                ManifestKind::Pom,
                "<project><developers><developer>\n<name>Ada</name><email>a@example.com</email></developer><developer><email>b@example.com</email></developer></developers></project>",
                vec!["2 Ada", "2 b@example.com"],
            ),
            (
                ManifestKind::SetupCfg,
                "[metadata]\nauthor = Ada\nauthor_email = a@example.com\n",
                vec!["2 Ada"],
            ),
        ];
        for (kind, text, expected) in cases {
            let read = parse(kind, "x", text.as_bytes()).unwrap();
            let found: Vec<String> = read.authors.iter().map(|a| format!("{} {}", a.line, a.name)).collect();
            assert_eq!(found, expected, "{kind:?}");
        }
    }
}
