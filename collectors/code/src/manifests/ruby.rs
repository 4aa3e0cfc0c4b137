//! Ruby: `Gemfile`, read as text and never run, and `Gemfile.lock`.

use std::collections::BTreeSet;

use super::text::{is_development_name, is_exact, one_based};
use super::{Found, Manifest};

/// Nesting of blocks that is followed.
const MAX_BLOCKS: usize = 64;

/// Reads the lines of a `Gemfile` that begin with `gem`.
pub(super) fn gemfile(manifest: &mut Manifest, text: &str) {
    // For every open block, whether it is a group for development.
    let mut blocks: Vec<bool> = Vec::new();
    let mut logical = String::new();
    let mut start = 1;
    for (index, line) in text.lines().enumerate() {
        let code = without_comment(line).trim();
        if code.is_empty() {
            continue;
        }
        if logical.is_empty() {
            start = one_based(index);
        }
        logical.push_str(code);
        // An argument list goes on after a comma.
        if code.ends_with([',', '\\']) && logical.len() < 4096 {
            logical.push(' ');
            continue;
        }
        let statement = std::mem::take(&mut logical);
        let development = blocks.iter().any(|b| *b);
        let (word, rest) = statement.split_at(statement.find([' ', '(', '\t']).unwrap_or(statement.len()));
        match word {
            "gem" => gem(manifest, rest, development, start),
            "gemspec" | "eval_gemfile" => manifest.warn(start, "dependencies that stand in another file"),
            "end" => {
                blocks.pop();
            }
            _ => {}
        }
        let opens = statement.ends_with(" do")
            || (statement.contains(" do |") && statement.ends_with('|'))
            || matches!(word, "if" | "unless" | "case" | "begin" | "def" | "while" | "until" | "for");
        if opens {
            if blocks.len() >= MAX_BLOCKS {
                manifest.warn(start, "blocks nested too deeply");
                return;
            }
            blocks.push(word == "group" && only_development(rest));
        }
    }
}

/// Reads the arguments behind `gem`.
pub(super) fn gem(manifest: &mut Manifest, arguments: &str, in_development: bool, line: u32) {
    let arguments = arguments.trim_start().trim_start_matches('(');
    let mut parts = arguments.split(',').map(str::trim);
    let Some(name) = parts.next().and_then(quoted) else {
        manifest.warn(line, "a gem without a literal name");
        return;
    };
    let mut versions: Vec<&str> = Vec::new();
    let mut options = Vec::new();
    for part in parts {
        match quoted(part) {
            Some(version) if options.is_empty() => versions.push(version),
            _ => options.push(part),
        }
    }
    let options = options.join(",");
    let value = |keys: [&str; 2]| {
        keys.iter().find_map(|key| options.split_once(key)).map(|(_, value)| value.trim_start())
    };
    let groups = value(["group:", ":group =>"]).or_else(|| value(["groups:", ":groups =>"]));
    let development = in_development
        || groups.is_some_and(|groups| {
            let list = groups.strip_prefix('[').map(|g| g.split(']').next().unwrap_or(g));
            only_development(list.unwrap_or_else(|| groups.split(',').next().unwrap_or(groups)))
        });
    let path = value(["path:", ":path =>"]).and_then(quoted).map(|path| format!("path:{path}"));
    let written = Some(versions.join(", ")).filter(|v| !v.is_empty());
    let requirement = path.or(written);
    let locked = match versions.as_slice() {
        [version] => Some(version.trim().trim_start_matches('=').trim()).filter(|v| is_exact(v)),
        _ => None,
    };
    let found = Found::asked(name, line);
    manifest.add(Found { requirement: requirement.as_deref(), locked, development, ..found });
}

/// The text of a quoted literal at the beginning.
pub(super) fn quoted(part: &str) -> Option<&str> {
    let part = part.trim();
    let quote = part.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    part[1..].split_once(quote).map(|(text, _)| text)
}

/// Whether all symbols of a list of groups are about development.
fn only_development(list: &str) -> bool {
    let symbols =
        list.split([',', ' ', '(', ')', '[', ']']).filter_map(|s| s.trim().strip_prefix([':', '"', '\'']));
    let mut any = false;
    for symbol in symbols {
        any = true;
        if !is_development_name(symbol) {
            return false;
        }
    }
    any
}

pub(super) fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (index, character) in line.char_indices() {
        match (character, quote) {
            ('#', None) => return &line[..index],
            ('"' | '\'', None) => quote = Some(character),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
    }
    line
}

/// Reads a `Gemfile.lock`.
pub(super) fn lock(manifest: &mut Manifest, text: &str) {
    let mut section = "";
    let mut direct: BTreeSet<&str> = BTreeSet::new();
    let mut specs: Vec<(&str, &str, u32)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        match line.len() - line.trim_start().len() {
            _ if trimmed.is_empty() => {}
            0 => section = trimmed,
            2 if section == "DEPENDENCIES" => {
                let name = trimmed.split([' ', '(']).next().unwrap_or(trimmed);
                direct.insert(name.trim_end_matches('!'));
            }
            4 if matches!(section, "GEM" | "GIT") => {
                match trimmed.split_once(" (").and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)))
                {
                    Some((name, version)) => specs.push((name, version, one_based(index))),
                    None => manifest.warn(one_based(index), "a gem without a version"),
                }
            }
            _ => {}
        }
    }
    for (name, version, line) in specs {
        manifest.add(Found { direct: direct.contains(name), ..Found::locked(name, Some(version), line) });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, table};

    #[test]
    fn gemfiles_are_read() {
        let text = "source 'https://rubygems.example'\n# gem 'no'\ngem 'ruby-openai', '~> 7.0' # c\ngem \"langchainrb\", \">= 0.8\", \"< 1\"\ngem 'pinned', '1.2.3'\ngem('anthropic')\ngem 'lib', path: '../lib'\ngem 'wide',\n  '~> 1',\n  require: false\ngroup :development, :test do\n  platforms :mri do\n    gem 'byebug'\n  end\n  gem 'rspec'\nend\ngroup :production, :test do\n  gem 'pg'\nend\ngem 'cop', group: :development\ngem 'c2', '~> 1', groups: [:test, :production]\ngem name\ngemspec\n";
        assert_eq!(
            table(ManifestKind::Gemfile, "Gemfile", text),
            [
                "3 ruby-openai ~> 7.0 - direct",
                "4 langchainrb >= 0.8, < 1 - direct",
                "5 pinned 1.2.3 1.2.3 direct",
                "6 anthropic - - direct",
                "7 lib path:../lib - direct",
                "8 wide ~> 1 - direct",
                "13 byebug - - direct dev",
                "15 rspec - - direct dev",
                "18 pg - - direct",
                "20 cop - - direct dev",
                "21 c2 ~> 1 - direct",
                "! line 22: a gem without a literal name",
                "! line 23: dependencies that stand in another file",
            ]
        );
    }

    #[test]
    fn locks_tell_what_is_direct() {
        let text = "PATH\n  remote: .\n  specs:\n    own (0.1)\n\nGEM\n  remote: https://rubygems.example/\n  specs:\n    event_stream_parser (1.0.0)\n    ruby-openai (7.0.1)\n      event_stream_parser (>= 0.3)\n    broken\n\nDEPENDENCIES\n  own!\n  ruby-openai (~> 7.0)\n";
        assert_eq!(
            table(ManifestKind::GemfileLock, "Gemfile.lock", text),
            [
                "9 event_stream_parser - 1.0.0 transitive",
                "10 ruby-openai - 7.0.1 direct",
                "! line 12: a gem without a version",
            ]
        );
    }
}
