//! Names of hosts, as rules know them and as policies and addresses name them.

/// Whether a host, or a pattern of hosts as policies have them, is about a host that a rule knows. A pattern that leaves
/// almost nothing fixed is about everything and says nothing.
pub(crate) fn is_at(known: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let below = host.strip_prefix("**.").or_else(|| host.strip_prefix("*."));
    let fixed = below.unwrap_or(&host);
    if !fixed.contains('.') || fixed.contains('*') {
        return false;
    }
    let is_below = |name: &str, of: &str| name.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
    match (known.strip_prefix("*."), below) {
        (Some(of), None) => is_below(&host, of),
        (Some(of), Some(below)) => of == below || is_below(of, below),
        (None, Some(below)) => is_below(known, below),
        (None, None) => match known.split_once('*') {
            None => known == host,
            Some((head, tail)) => {
                host.len() > head.len() + tail.len() && host.starts_with(head) && host.ends_with(tail)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_patterns() {
        for (known, host) in [
            ("api.openai.com", "API.openai.com."),
            ("api.openai.com", "*.openai.com"),
            ("*.openai.azure.com", "eu.openai.azure.com"),
            ("*.openai.azure.com", "*.openai.azure.com"),
            ("*.openai.azure.com", "**.azure.com"),
            ("bedrock-runtime.*.amazonaws.com", "bedrock-runtime.eu-west-1.amazonaws.com"),
        ] {
            assert!(is_at(known, host), "{known} {host}");
        }
        for (known, host) in [
            ("api.openai.com", "evil-api.openai.com"),
            ("api.openai.com", "*.com"),
            ("api.openai.com", "*"),
            ("api.openai.com", "openai.com"),
            ("*.openai.azure.com", "openai.azure.com"),
            ("*.openai.azure.com", "evilopenai.azure.com"),
            ("bedrock-runtime.*.amazonaws.com", "bedrock-runtime.amazonaws.com"),
            ("bedrock-runtime.*.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
        ] {
            assert!(!is_at(known, host), "{known} {host}");
        }
    }
}
