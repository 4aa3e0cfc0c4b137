//! Who may assume a role: services, accounts, and what other issuers vouch for, with the conditions that narrow it.

use crate::policy::{Document, Effect, Grant};

/// Who may assume a role by one statement of its trust policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trusted {
    /// A service of AWS, as `lambda.amazonaws.com`.
    Service(String),
    /// What the policies of an account let assume it; of a vendor where an external id is asked for.
    Account { account: String, external_id: bool },
    /// One user or role.
    Principal(String),
    /// What an issuer vouches for; no subject means every one.
    Federated { issuer: String, subjects: Vec<String> },
    /// Anyone at all, as far as nothing narrows it.
    Anyone { narrowed: bool },
}

/// Services in which code of the account runs under the role.
const WORKLOADS: [&str; 17] = [
    "apprunner",
    "batch",
    "bedrock",
    "bedrock-agentcore",
    "codebuild",
    "ec2",
    "ecs-tasks",
    "events",
    "glue",
    "lambda",
    "pipes",
    "pods.eks",
    "sagemaker",
    "scheduler",
    "states",
    "tasks.apprunner",
    "build.apprunner",
];

impl Trusted {
    /// Whether code runs under the role without anybody signing in: in a service, a cluster or a pipeline.
    pub(crate) fn is_workload(&self) -> bool {
        match self {
            Self::Service(name) => service_of(name).is_some_and(|service| WORKLOADS.contains(&service)),
            Self::Federated { issuer, .. } => {
                issuer.contains("oidc.eks.") || issuer.contains("token.actions.") || issuer.contains("gitlab")
            }
            Self::Account { .. } | Self::Principal(_) | Self::Anyone { .. } => false,
        }
    }

    /// What is dangerous about it, if anything is.
    pub(crate) fn danger(&self) -> Option<String> {
        match self {
            Self::Anyone { narrowed: false } => Some("anyone may assume it".to_owned()),
            // A directory that people sign in to says itself who of them may have which role: an assertion has no subject to be named.
            Self::Federated { issuer, .. } if issuer.contains(":saml-provider/") => None,
            Self::Federated { issuer, subjects } if subjects.is_empty() => {
                Some(format!("whatever {issuer} vouches for may assume it: no condition names a subject"))
            }
            Self::Federated { issuer, subjects } => subjects
                .iter()
                .find(|subject| is_wide(subject))
                .map(|subject| format!("the subject `{subject}` of {issuer} stands for more than one owner")),
            _ => None,
        }
    }
}

impl std::fmt::Display for Trusted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service(name) => f.write_str(name),
            Self::Account { account, external_id: true } => {
                write!(f, "the account {account}, with an external id")
            }
            Self::Account { account, external_id: false } => write!(f, "the account {account}"),
            Self::Principal(arn) => f.write_str(arn),
            Self::Federated { issuer, subjects } if subjects.is_empty() => f.write_str(issuer),
            Self::Federated { issuer, subjects } => write!(f, "{issuer} for {}", subjects.join(", ")),
            Self::Anyone { .. } => f.write_str("anyone"),
        }
    }
}

/// Whether the part of a subject that says whose it is, as the organisation in `repo:ORG/REPO:…`, is open.
fn is_wide(subject: &str) -> bool {
    let owner = match subject.strip_prefix("repo:").or_else(|| subject.strip_prefix("project_path:")) {
        Some(path) => path.split('/').next().unwrap_or(path),
        None => match subject.strip_prefix("system:serviceaccount:") {
            Some(account) => account.split(':').next().unwrap_or(account),
            None => subject,
        },
    };
    owner.is_empty() || owner.contains('*')
}

/// `lambda` of `lambda.amazonaws.com` and of `lambda.eu-west-1.amazonaws.com.cn`.
fn service_of(name: &str) -> Option<&str> {
    let before = name.split_once(".amazonaws.com")?.0;
    match before.rsplit_once('.') {
        Some((service, region)) if region.bytes().filter(|b| *b == b'-').count() == 2 => Some(service),
        _ => Some(before),
    }
}

/// Everyone whom a trust policy lets in, in a fixed order.
pub(crate) fn trusted(policy: &Document) -> Vec<Trusted> {
    let mut found = Vec::new();
    for grant in policy.grants().filter(|grant| grant.effect == Effect::Allow && assumes(grant)) {
        let external_id = grant.tests.iter().any(|(key, _)| key.eq_ignore_ascii_case("sts:ExternalId"));
        for (kind, name) in grant.principals {
            found.push(match kind {
                "Service" => Trusted::Service(name.to_owned()),
                "Federated" => {
                    let issuer = name.split_once(":oidc-provider/").map_or(name, |(_, issuer)| issuer);
                    let subject = format!("{issuer}:sub");
                    let named = grant.tests.iter().filter(|(key, _)| key.eq_ignore_ascii_case(&subject));
                    Trusted::Federated {
                        issuer: issuer.to_owned(),
                        subjects: named
                            .flat_map(|(_, values)| values.iter().map(|v| (*v).to_owned()))
                            .collect(),
                    }
                }
                _ if name == "*" => Trusted::Anyone { narrowed: !grant.tests.is_empty() },
                _ => match name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next()) {
                    Some(account) => Trusted::Account { account: account.to_owned(), external_id },
                    None if name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit()) => {
                        Trusted::Account { account: name.to_owned(), external_id }
                    }
                    None => Trusted::Principal(name.to_owned()),
                },
            });
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The services of AWS that a trust policy lets in, as `lambda`; none where it lets anyone in.
pub(crate) fn services(policy: &Document) -> Option<Vec<String>> {
    let service = |trusted| match trusted {
        Trusted::Service(name) => Some(service_of(&name).map(str::to_owned)),
        Trusted::Anyone { .. } => None,
        _ => Some(None),
    };
    trusted(policy)
        .into_iter()
        .map(service)
        .collect::<Option<Vec<_>>>()
        .map(|all| all.into_iter().flatten().collect())
}

fn assumes(grant: &Grant<'_>) -> bool {
    ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"]
        .iter()
        .any(|action| grant.names(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statement: &str) -> Vec<Trusted> {
        trusted(
            &Document::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#)).unwrap(),
        )
    }

    #[test]
    fn who_is_trusted_and_what_is_dangerous() {
        let service = of(
            r#"{"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "pods.eks.amazonaws.com"]}, "Action": ["sts:AssumeRole", "sts:TagSession"]}"#,
        );
        assert_eq!(service.len(), 2);
        assert!(service.iter().all(Trusted::is_workload));

        let github = r#"{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"token.actions.githubusercontent.com:SUB": "SUBJECT"}}}"#;
        for (subject, danger) in [
            ("repo:acme/shop:ref:refs/heads/main", None),
            ("repo:acme/*", None),
            (
                "repo:*/shop:*",
                Some(
                    "the subject `repo:*/shop:*` of token.actions.githubusercontent.com stands for more than one owner",
                ),
            ),
            (
                "*",
                Some("the subject `*` of token.actions.githubusercontent.com stands for more than one owner"),
            ),
        ] {
            let found = of(&github.replace("SUBJECT", subject));
            assert_eq!(found[0].danger().as_deref(), danger, "{subject}");
            assert!(found[0].is_workload());
        }
        let directory = of(
            r#"{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::1:saml-provider/AWSSSO_1_DO_NOT_DELETE"}, "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"], "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}"#,
        );
        assert_eq!((directory[0].danger(), directory[0].is_workload()), (None, false));
        let (before, _) = github.split_once(", \"Condition\"").unwrap();
        let open = of(&format!("{before}}}"));
        assert_eq!(
            open[0].danger().unwrap(),
            "whatever token.actions.githubusercontent.com vouches for may assume it: no condition names a subject"
        );

        let vendor = of(
            r#"{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::222222222222:root", "333333333333"]}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}"#,
        );
        assert_eq!(
            vendor.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "the account 222222222222, with an external id",
                "the account 333333333333, with an external id"
            ]
        );
        let anyone = of(r#"{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}"#);
        assert_eq!(anyone, [Trusted::Anyone { narrowed: false }]);
        assert!(of(r#"{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}"#).is_empty());
        assert_eq!(service_of("lambda.eu-west-1.amazonaws.com.cn"), Some("lambda"));
    }
}
