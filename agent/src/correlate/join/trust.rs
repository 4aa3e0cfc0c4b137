//! Whom roles trust: service accounts of clusters, and what an issuer of tokens vouches for.

use std::collections::HashMap;

use asmm_model::Identity;

/// Roles by who may assume them.
#[derive(Default)]
pub(super) struct Trusting<'k> {
    accounts: HashMap<&'k str, Vec<&'k str>>,
    /// By issuer and repository, in lower case.
    subjects: HashMap<String, Vec<(&'k str, &'k str)>>,
    /// By issuer; which repositories these stand for is compared.
    patterns: HashMap<String, Vec<(&'k str, &'k str)>>,
}

impl<'k> Trusting<'k> {
    /// Of roles, by their ARNs.
    pub(super) fn of(roles: impl Iterator<Item = (&'k str, &'k Identity)>) -> Self {
        let mut all = Self::default();
        for (arn, role) in roles {
            for by in &role.assumed_by {
                if let Some(account) = by.strip_prefix("k8s:") {
                    all.accounts.entry(account).or_default().push(arn);
                    continue;
                }
                let known = (arn, by.as_str());
                let (issuer, repository) = parts(by);
                if repository.contains(['*', '?']) {
                    all.patterns.entry(issuer).or_default().push(known);
                } else {
                    all.subjects.entry(format!("{issuer}:{repository}")).or_default().push(known);
                }
            }
        }
        all
    }

    /// Roles that a service account of a cluster is given.
    pub(super) fn account(&self, account: &str) -> impl Iterator<Item = &'k str> {
        self.accounts.get(account).into_iter().flatten().copied()
    }

    /// Roles that trust subjects that begin like this, `ISSUER:repo:OWNER/NAME`, each with the subject that it trusts. What follows in
    /// a subject tells branches and environments, any of which a pipeline may be run for.
    pub(super) fn subject(&self, begins: &str) -> Vec<(&'k str, &'k str)> {
        let (issuer, repository) = parts(begins);
        let exact = self.subjects.get(&format!("{issuer}:{repository}")).into_iter().flatten();
        let like = self.patterns.get(&issuer).into_iter().flatten();
        exact.chain(like.filter(|(_, subject)| fits(&parts(subject).1, &repository))).copied().collect()
    }
}

/// The issuer of a subject and the repository in it, `repo:OWNER/NAME`, in lower case.
pub(super) fn parts(subject: &str) -> (String, String) {
    let (issuer, rest) = subject.split_once(':').unwrap_or((subject, ""));
    let end = rest.match_indices(':').nth(1).map_or(rest.len(), |(at, _)| at);
    (issuer.to_lowercase(), rest[..end].to_lowercase())
}

/// Whether a text is what a pattern with `*` and `?` stands for.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            back = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == '?' || *c == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            (p, t) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use asmm_model::IdentityKind;

    use super::*;

    const ISSUER: &str = "token.actions.githubusercontent.com";

    #[test]
    fn subjects_are_compared_by_issuer_and_repository() {
        for (trusted, is_trusted) in [
            ("repo:acme/platform:ref:refs/heads/main", true),
            ("repo:Acme/Platform:environment:prod", true),
            ("repo:acme/platform:*", true),
            ("repo:acme/*", true),
            ("repo:acme/plat*:pull_request", true),
            ("*", true),
            ("repo:acme/platform-docs:*", false),
            ("repo:acme/plat:*", false),
            ("repo:other/*", false),
            ("", false),
        ] {
            let role = Identity {
                assumed_by: vec![format!("{ISSUER}:{trusted}"), format!("gitlab.com:{trusted}")],
                ..Identity::named(IdentityKind::CloudRole, "deploy", Vec::new())
            };
            let trusting = Trusting::of(std::iter::once(("arn", &role)));
            let found = trusting.subject(&format!("{ISSUER}:repo:acme/platform"));
            let expected = format!("{ISSUER}:{trusted}");
            assert_eq!(
                found,
                if is_trusted { vec![("arn", expected.as_str())] } else { vec![] },
                "{trusted}"
            );
        }
    }
}
