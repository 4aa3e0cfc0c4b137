//! Package URLs.

use std::fmt::Write as _;

use super::{Dependency, Ecosystem};

/// The package URL, with the version where it is exact.
pub(crate) fn purl(dependency: &Dependency) -> String {
    let kind = dependency.ecosystem.purl_type();
    // The package URL type of Go folds the case of module paths, which Go itself keeps.
    let name = match dependency.ecosystem {
        Ecosystem::Golang => dependency.name.to_lowercase(),
        Ecosystem::Maven => dependency.name.replacen(':', "/", 1),
        _ => dependency.name.clone(),
    };
    let mut url = format!("pkg:{kind}");
    for segment in name.split('/').filter(|s| !s.is_empty()) {
        url.push('/');
        encode(&mut url, segment);
    }
    if let Some(version) = &dependency.locked {
        url.push('@');
        encode(&mut url, version);
    }
    url
}

fn encode(url: &mut String, part: &str) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            url.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_follow_their_type() {
        let cases = [
            (Ecosystem::Pypi, "openai", Some("1.2.3"), "pkg:pypi/openai@1.2.3"),
            (Ecosystem::Pypi, "torch", Some("2.1.0+cu118"), "pkg:pypi/torch@2.1.0%2Bcu118"),
            (Ecosystem::Npm, "@langchain/core", Some("0.3.1"), "pkg:npm/%40langchain/core@0.3.1"),
            (Ecosystem::Npm, "ai", None, "pkg:npm/ai"),
            (
                Ecosystem::Golang,
                "github.com/Azure/azure-sdk-for-go",
                Some("v68.0.0+incompatible"),
                "pkg:golang/github.com/azure/azure-sdk-for-go@v68.0.0%2Bincompatible",
            ),
            (
                Ecosystem::Maven,
                "dev.langchain4j:langchain4j",
                Some("1.0.0"),
                "pkg:maven/dev.langchain4j/langchain4j@1.0.0",
            ),
            (
                Ecosystem::Nuget,
                "Microsoft.SemanticKernel",
                Some("1.0.1"),
                "pkg:nuget/Microsoft.SemanticKernel@1.0.1",
            ),
            (Ecosystem::Cargo, "async-openai", None, "pkg:cargo/async-openai"),
            (Ecosystem::Gem, "ruby-openai", Some("7.0"), "pkg:gem/ruby-openai@7.0"),
            (Ecosystem::Composer, "openai-php/client", None, "pkg:composer/openai-php/client"),
        ];
        for (ecosystem, name, locked, expected) in cases {
            let dependency = Dependency {
                ecosystem,
                name: name.to_owned(),
                requirement: Some(">=1".to_owned()),
                locked: locked.map(str::to_owned),
                direct: true,
                development: false,
                line: 1,
            };
            assert_eq!(purl(&dependency), expected);
        }
    }
}
