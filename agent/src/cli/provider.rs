//! The options of `muster serve` for people who sign in with a provider of OpenID Connect.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum as _};

use super::UsageError;
use super::environment::variable;
use crate::access::Role;
use crate::secret::{Secret, Variables, expand};
use crate::web::{Mapping, Options, Provider, Unusable};

const SECRET: &str = "MUSTER_OIDC_CLIENT_SECRET";
/// More bytes than any secret has.
const MOST: u64 = 64 * 1024;

/// What is said of a provider.
#[derive(Debug, Args)]
pub(super) struct ProviderOptions {
    /// The provider of OpenID Connect that people sign in with: its issuer, letter by letter. Its secret for this client is in
    /// MUSTER_OIDC_CLIENT_SECRET
    #[arg(long = "oidc-issuer", value_name = "URL", env = "MUSTER_OIDC_ISSUER")]
    issuer: Option<String>,
    /// What the provider calls this site
    #[arg(long = "oidc-client-id", value_name = "ID", env = "MUSTER_OIDC_CLIENT_ID")]
    client_id: Option<String>,
    /// A file with the secret, in place of the variable
    #[arg(long = "oidc-client-secret-file", value_name = "FILE", env = "MUSTER_OIDC_CLIENT_SECRET_FILE")]
    client_secret_file: Option<PathBuf>,
    /// What the provider is asked for beside `openid`: a scope; may be given several times [default: email, profile]
    #[arg(long = "oidc-scope", value_name = "SCOPE")]
    scope: Vec<String>,
    /// The claim that the audit log calls people by [default: email where the provider verified it, otherwise sub]
    #[arg(long = "oidc-name-claim", value_name = "CLAIM")]
    name_claim: Option<String>,
    /// The claim with the groups of a person
    #[arg(long = "oidc-groups-claim", value_name = "CLAIM", default_value = "groups")]
    groups_claim: String,
    /// A role for a group of the provider, such as reviewer=sec-review; may be given several times. Who is in none is not let in
    #[arg(long = "oidc-role", value_name = "ROLE=GROUP", value_parser = role)]
    role: Vec<(Role, String)>,
}

/// Reads `ROLE=GROUP`. The group is all that follows the first `=`, as it is.
fn role(text: &str) -> Result<(Role, String), String> {
    let (role, group) = text.split_once('=').ok_or("it is written as ROLE=GROUP")?;
    if group.is_empty() {
        return Err("no group is named".to_owned());
    }
    let role = Role::from_str(role, false).map_err(|_| {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        format!("there is no role `{role}`; there are {}", roles.join(", "))
    })?;
    Ok((role, group.to_owned()))
}

impl ProviderOptions {
    /// The provider, if one is named, for a site that people reach at `public`.
    ///
    /// # Errors
    /// Something is missing or cannot be used.
    pub(super) fn provider(self, public: Option<&str>) -> anyhow::Result<Option<Provider>> {
        let missing = |what: &str, help: &str| Err(UsageError::new(what, help).into());
        let Some(issuer) = self.issuer else {
            let is_said = self.client_id.is_some()
                || self.client_secret_file.is_some()
                || self.name_claim.is_some()
                || !(self.scope.is_empty() && self.role.is_empty());
            if is_said {
                return missing(
                    "it is not said which provider people sign in with",
                    "give --oidc-issuer with its address, letter by letter as it says it itself",
                );
            }
            return Ok(None);
        };
        let Some(client) = self.client_id.filter(|id| !id.is_empty()) else {
            return missing(
                "it is not said what the provider calls this site",
                "give --oidc-client-id; the provider shows it where the site is registered",
            );
        };
        let Some(public) = public else {
            return missing(
                "the provider cannot send people back: it is not said what they type to get here",
                "give --public-url; the provider has to know PUBLIC_URL/sign-in/callback as a redirect URI",
            );
        };
        if !public.starts_with("https://") && !is_local(public) {
            return missing(
                "people would sign in without TLS",
                "with a provider, --public-url begins with https://, except on this machine",
            );
        }
        if self.role.is_empty() {
            return missing(
                "nobody could get in: no group has a role",
                "give --oidc-role, such as --oidc-role reviewer=sec-review",
            );
        }
        let secret = match &self.client_secret_file {
            Some(file) => secret_of_file(file)?,
            None => secret(SECRET, &variable)?,
        };
        let scopes =
            if self.scope.is_empty() { ["email", "profile"].map(str::to_owned).to_vec() } else { self.scope };
        let mapping = Mapping { name: self.name_claim, groups: self.groups_claim, roles: self.role };
        let named = issuer.clone();
        let options = Options { issuer, client, secret, scopes, public: public.to_owned(), mapping };
        match Provider::try_new(options) {
            Ok(provider) => Ok(Some(provider)),
            Err(error) => {
                let help = match error {
                    Unusable::NoAddress => "it is written as https://login.example, or with a path",
                    Unusable::Open => "only a provider on this machine may be asked without TLS",
                    Unusable::NoCertificates => "install the certificates of your system",
                    Unusable::NoWayBack => "look at --public-url",
                };
                Err(UsageError::new(format!("the issuer `{named}` {error}"), help).into())
            }
        }
    }
}

/// Whether an address without a path is one of this machine.
fn is_local(public: &str) -> bool {
    let host = public.split_once("://").map_or(public, |(_, host)| host);
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

/// The secret in a variable.
fn secret(name: &str, variables: Variables<'_>) -> anyhow::Result<Secret> {
    expand(&format!("${{{name}}}"), variables).map_err(|error| {
        let help = format!("{}, or give --oidc-client-secret-file", error.help());
        UsageError::new(format!("the secret of the client {error}"), help).into()
    })
}

/// The secret in a file, which holds nothing else.
fn secret_of_file(file: &Path) -> anyhow::Result<Secret> {
    let named = || format!("the secret of the client cannot be read from `{}`", file.display());
    let mut text = String::new();
    File::open(file).and_then(|opened| opened.take(MOST).read_to_string(&mut text)).with_context(named)?;
    expand("${FILE}", &|_| Some(text.clone())).map_err(|_| {
        let help = "it holds the secret alone, in one line";
        UsageError::new(named(), help).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_a_group_are_read_as_they_are() {
        assert_eq!(role("reviewer=sec-review").unwrap(), (Role::Reviewer, "sec-review".to_owned()));
        assert_eq!(role("viewer=CN=All Staff, OU=a ").unwrap().1, "CN=All Staff, OU=a ");
        let wrong: Vec<String> = ["reviewer", "reviewer=", "Reviewer=a", "root=a", "=a"]
            .iter()
            .map(|text| role(text).unwrap_err())
            .collect();
        insta::assert_snapshot!(wrong.join("\n"));
    }

    #[test]
    fn a_secret_is_read_and_not_repeated() {
        let of = |value: &str| secret(SECRET, &|_| Some(value.to_owned()));
        assert_eq!(of("hunter2\n").unwrap().expose(), "hunter2");
        for wrong in ["", "hunter2\nhunter3", "hunter2\0"] {
            let told = format!("{:#}", of(wrong).unwrap_err());
            assert!(told.contains(SECRET) && !told.contains("hunter"), "{told}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        assert!(secret_of_file(&file).is_err());
        std::fs::write(&file, "hunter2\r\n").unwrap();
        assert_eq!(secret_of_file(&file).unwrap().expose(), "hunter2");
        std::fs::write(&file, "name=muster\nsecret=hunter2").unwrap();
        let told = format!("{:#}", secret_of_file(&file).unwrap_err());
        assert!(!told.contains("hunter"), "{told}");
    }

    #[test]
    fn only_this_machine_is_local() {
        for here in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1", "http://[::1]"] {
            assert!(is_local(here), "{here}");
        }
        for there in ["http://localhost.example", "http://127.0.0.1.example:80", "http://muster.example"] {
            assert!(!is_local(there), "{there}");
        }
    }
}
