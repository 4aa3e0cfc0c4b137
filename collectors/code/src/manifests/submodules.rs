//! Git submodules: repositories in the tree that are called like a package.
//!
//! A name is a guess, so only names that belong to their owner count, and what comes of it is never a direct demand.

use super::text::one_based;
use super::{Ecosystem, Found, Manifest};

/// What repositories have at the end of their names beside that of the package, and where such packages are.
const ENDINGS: [(&str, Ecosystem); 12] = [
    ("-python", Ecosystem::Pypi),
    ("-sdk-python", Ecosystem::Pypi),
    ("-py", Ecosystem::Pypi),
    ("-node", Ecosystem::Npm),
    ("-js", Ecosystem::Npm),
    ("-typescript", Ecosystem::Npm),
    ("-sdk-typescript", Ecosystem::Npm),
    ("-ts", Ecosystem::Npm),
    ("-ruby", Ecosystem::Gem),
    ("-rs", Ecosystem::Cargo),
    ("-rust", Ecosystem::Cargo),
    ("-dotnet", Ecosystem::Nuget),
];

/// Reads the addresses of a `.gitmodules`.
pub(super) fn read(manifest: &mut Manifest, text: &str) {
    for (index, line) in text.lines().enumerate() {
        let Some((key, address)) = line.split_once('=') else { continue };
        if key.trim() == "url"
            && let Some((host, owner, name)) = parts(address)
        {
            repository(manifest, (host, owner, name), one_based(index));
        }
    }
}

/// Host, owner and name of a repository; neither user names nor passwords.
fn parts(address: &str) -> Option<(&str, &str, &str)> {
    let address = address.trim().trim_matches('"').trim_end_matches('/');
    let address = address.split(['?', '#']).next()?;
    let address = address.strip_suffix(".git").unwrap_or(address);
    let (above, name) = address.rsplit_once('/')?;
    let (above, owner) = above.rsplit_once(['/', ':'])?;
    let host = above.rsplit(['/', '@']).next()?;
    let is_plain = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) && part.len() < 100
    };
    (is_plain(owner) && is_plain(name) && !owner.is_empty() && !name.is_empty())
        .then_some((host, owner, name))
}

fn repository(manifest: &mut Manifest, (host, owner, name): (&str, &str, &str), line: u32) {
    let mut add = |ecosystem: Ecosystem, name: &str| {
        let found = Found { ecosystem: Some(ecosystem), direct: false, ..Found::asked(name, line) };
        manifest.add(found);
    };
    add(Ecosystem::Golang, &format!("{host}/{owner}/{name}"));
    add(Ecosystem::Composer, &format!("{owner}/{name}"));
    add(Ecosystem::Npm, &format!("@{owner}/{name}"));
    let lower = name.to_ascii_lowercase();
    let ended: Vec<(&str, Ecosystem)> = ENDINGS
        .iter()
        .filter_map(|(ending, ecosystem)| Some((lower.strip_suffix(ending)?, *ecosystem)))
        .collect();
    let named = if ended.is_empty() {
        [Ecosystem::Pypi, Ecosystem::Npm, Ecosystem::Cargo]
            .map(|ecosystem| (lower.as_str(), ecosystem))
            .to_vec()
    } else {
        ended
    };
    for (package, ecosystem) in named {
        if belongs(package, owner) {
            add(ecosystem, package);
        }
    }
}

/// Whether a package is its owner's own: the names share a beginning. A fork or a namesake of somebody else is none.
fn belongs(package: &str, owner: &str) -> bool {
    let letters = |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
    let (package, owner) = (letters(package), letters(&owner.to_ascii_lowercase()));
    package.len() >= 4 && owner.len() >= 4 && (package.starts_with(&owner) || owner.starts_with(&package))
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse};

    #[test]
    fn repositories_are_known_by_owner_and_name() {
        let text = "[submodule \"openai\"]\n\tpath = vendor/openai\n\turl = https://user:hunter2@github.com/openai/openai-python.git\n[submodule \"lc\"]\n\turl = git@github.com:langchain-ai/langchain.git\n[submodule \"x\"]\n\turl = ../own/openai\n\turl = https://example.com/somebody/openai\n";
        let read = parse(ManifestKind::Submodules, ".gitmodules", text.as_bytes()).unwrap();
        let mut found: Vec<String> = read
            .dependencies
            .iter()
            .map(|d| format!("{} {} {} {}", d.line, d.ecosystem.purl_type(), d.name, d.direct))
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "3 composer openai/openai-python false",
                "3 golang github.com/openai/openai-python false",
                "3 npm @openai/openai-python false",
                "3 pypi openai false",
                "5 cargo langchain false",
                "5 composer langchain-ai/langchain false",
                "5 golang github.com/langchain-ai/langchain false",
                "5 npm @langchain-ai/langchain false",
                "5 npm langchain false",
                "5 pypi langchain false",
                "7 composer own/openai false",
                "7 golang ../own/openai false",
                "7 npm @own/openai false",
                "8 composer somebody/openai false",
                "8 golang example.com/somebody/openai false",
                "8 npm @somebody/openai false",
            ]
        );
    }
}
