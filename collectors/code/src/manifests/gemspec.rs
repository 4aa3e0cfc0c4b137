//! Ruby: `*.gemspec`, read as text and never run.

use super::Manifest;
use super::ruby::{gem, quoted, without_comment};
use super::text::one_based;

/// Bytes of one statement that goes over several lines.
const MAX_STATEMENT: usize = 4096;

/// Reads what a gem is called and asks for.
pub(super) fn read(manifest: &mut Manifest, text: &str) {
    let mut logical = String::new();
    let mut start = 1;
    for (index, line) in text.lines().enumerate() {
        let code = without_comment(line).trim();
        if logical.is_empty() {
            start = one_based(index);
        }
        logical.push_str(code);
        // An argument list goes on after a comma, or begins behind its bracket.
        if code.ends_with([',', '\\', '(']) && logical.len() < MAX_STATEMENT {
            logical.push(' ');
            continue;
        }
        statement(manifest, &std::mem::take(&mut logical), start);
    }
    statement(manifest, &logical, start);
}

fn statement(manifest: &mut Manifest, text: &str, line: u32) {
    if let Some((_, rest)) = text.split_once(".add_") {
        let end = rest.find([' ', '(', '\t']).unwrap_or(rest.len());
        let (kind, arguments) = rest.split_at(end);
        match kind {
            "dependency" | "runtime_dependency" => gem(manifest, arguments, false, line),
            "development_dependency" => gem(manifest, arguments, true, line),
            _ => {}
        }
        return;
    }
    let Some((left, value)) = text.split_once('=') else { return };
    let Some((_, attribute)) = left.trim().rsplit_once('.') else { return };
    let value = value.trim().trim_end_matches(".freeze");
    if matches!(attribute, "authors" | "author") {
        let list = value.trim_start_matches('[').split(']').next().unwrap_or(value);
        list.split(',').filter_map(quoted).for_each(|author| manifest.add_author(author, line));
        return;
    }
    let Some(text) = quoted(value).map(str::to_owned) else { return };
    match attribute {
        "name" => manifest.name = Some(text),
        "version" => manifest.version = Some(text),
        // A summary is one line, and what a description holds is often more than that.
        "summary" => (manifest.description, manifest.described_at) = (Some(text), Some(line)),
        "description" if manifest.description.is_none() => {
            (manifest.description, manifest.described_at) = (Some(text), Some(line));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn gemspecs_are_read() {
        let text = "require_relative \"lib/acme/version\"\nGem::Specification.new do |spec|\n  spec.name = \"acme-bot\".freeze\n  spec.version = Acme::VERSION\n  spec.summary = 'Answers mail' # c\n  spec.description = \"Much more\"\n  # spec.add_dependency \"no\"\n  spec.add_dependency \"ruby-openai\", \"~> 7.0\"\n  spec.add_runtime_dependency(\n    \"langchainrb\")\n  spec.add_dependency('anthropic', '>= 0.3',\n    '< 1')\n  spec.add_development_dependency 'rspec'\n  spec.add_dependency name\nend\n";
        assert_eq!(
            table(ManifestKind::Gemspec, "acme.gemspec", text),
            [
                "8 ruby-openai ~> 7.0 - direct",
                "9 langchainrb - - direct",
                "11 anthropic >= 0.3, < 1 - direct",
                "13 rspec - - direct dev",
                "! line 14: a gem without a literal name",
            ]
        );
        let manifest = parse(ManifestKind::Gemspec, "acme.gemspec", text.as_bytes()).unwrap();
        assert_eq!(
            (manifest.name.as_deref(), manifest.version, manifest.description.as_deref()),
            (Some("acme-bot"), None, Some("Answers mail"))
        );
    }
}
