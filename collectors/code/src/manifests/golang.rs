//! Go: `go.mod`.

use super::text::one_based;
use super::{Found, Manifest};

/// Reads the module's name and what it requires; replacements and exclusions name no further use.
pub(super) fn go_mod(manifest: &mut Manifest, text: &str) {
    let mut block: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let number = one_based(index);
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let code = code.trim();
        if code.is_empty() {
            continue;
        }
        if let Some(directive) = block {
            if code == ")" {
                block = None;
            } else if directive == "require" {
                require(manifest, code, comment, number);
            }
            continue;
        }
        let (directive, rest) =
            code.split_once(|c: char| c.is_whitespace() || c == '(').unwrap_or((code, ""));
        if code.ends_with('(') {
            block = Some(directive);
            continue;
        }
        match directive {
            "module" => manifest.name = Some(unquoted(rest.trim()).to_owned()).filter(|n| !n.is_empty()),
            "require" => require(manifest, rest.trim(), comment, number),
            "go" | "toolchain" | "godebug" | "exclude" | "replace" | "retract" | "tool" | "ignore" => {}
            _ => manifest.warn(number, "an unknown directive"),
        }
    }
    if block.is_some() {
        manifest.warn(one_based(text.lines().count().saturating_sub(1)), "a block without an end");
    }
}

fn require(manifest: &mut Manifest, code: &str, comment: &str, line: u32) {
    let mut words = code.split_whitespace().map(unquoted);
    let (Some(name), Some(version), None) = (words.next(), words.next(), words.next()) else {
        manifest.warn(line, "no module with a version");
        return;
    };
    let indirect = comment.trim().split(|c: char| !c.is_alphanumeric()).next() == Some("indirect");
    let found = Found::asked(name, line);
    // The version is a minimum, but since modules list what they need completely, it is the one that is built.
    manifest.add(Found { requirement: Some(version), locked: Some(version), direct: !indirect, ..found });
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '`'])
}

/// The module that a package is in: on hosts of repositories it is called by the first three parts of the path, and
/// may have its major version behind them.
pub(super) fn module_of(path: &str) -> &str {
    const HOSTS: [&str; 3] = ["github.com/", "gitlab.com/", "bitbucket.org/"];
    if !HOSTS.iter().any(|host| path.starts_with(host)) {
        return path;
    }
    let end = path.match_indices('/').nth(2).map_or(path.len(), |(at, _)| at);
    let rest = path[end..].trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_major =
        rest.strip_prefix('v').is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
    if is_major { &path[..end + 1 + rest.len()] } else { &path[..end] }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    const SAMPLE: &str = "// Deprecated: no\nmodule example.com/app // c\n\ngo 1.22\n\nrequire github.com/sashabaranov/go-openai v1.20.0\n\nrequire (\n\t// a comment\n\tgithub.com/tmc/langchaingo v0.1.12\n\tgolang.org/x/net v0.20.0 // indirect\n\t\"github.com/Azure/x\" v2.0.0+incompatible\n\tbroken\n)\n\nreplace github.com/a/b => ../b\n\nexclude (\n\tgithub.com/c/d v1.0.0\n)\n";

    #[test]
    fn modules_are_read() {
        assert_eq!(
            table(ManifestKind::GoMod, "go.mod", SAMPLE),
            [
                "6 github.com/sashabaranov/go-openai v1.20.0 v1.20.0 direct",
                "10 github.com/tmc/langchaingo v0.1.12 v0.1.12 direct",
                "11 golang.org/x/net v0.20.0 v0.20.0 transitive",
                "12 github.com/Azure/x v2.0.0+incompatible v2.0.0+incompatible direct",
                "! line 13: no module with a version",
            ]
        );
        let manifest = parse(ManifestKind::GoMod, "go.mod", SAMPLE.as_bytes()).unwrap();
        assert_eq!(manifest.name.as_deref(), Some("example.com/app"));
    }
}
