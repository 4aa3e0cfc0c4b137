//! Who somebody is by the claims of an ID token: the name that the audit log has, and the roles that groups give.

use serde_json::{Map, Value};

use crate::access::{Role, Roles};

/// The longest name, in characters; what identifies a person is shorter than 256 by the standard.
const NAME: usize = 255;

/// What is made of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// The claim with the name; without one, it is the address of mail where the provider verified it, and the subject otherwise.
    pub(crate) name: Option<String>,
    /// The claim with the groups.
    pub(crate) groups: String,
    /// Which role each group gives. A group is meant letter by letter.
    pub(crate) roles: Vec<(Role, String)>,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Person {
    /// As the audit log calls them.
    pub(in super::super) name: String,
    pub(in super::super) roles: Roles,
}

/// Why nobody is let in, whose token is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Stranger {
    /// The claim with the name is missing, is no text or is none that a name can be.
    Nameless,
    /// The provider did not verify the address that is the name.
    Unverified,
    /// None of the groups of the one who is called so gives a role.
    Roleless(String),
}

impl Mapping {
    /// Who the claims are about.
    ///
    /// # Errors
    /// They say no name, or give no role.
    pub(super) fn person(&self, claims: &Map<String, Value>) -> Result<Person, Stranger> {
        let name = self.name(claims)?;
        let groups = self.groups(claims);
        let given = |group: &String| groups.contains(&group.as_str());
        let roles: Roles =
            self.roles.iter().filter(|(_, group)| given(group)).map(|(role, _)| *role).collect();
        if roles == Roles::default() {
            return Err(Stranger::Roleless(name));
        }
        Ok(Person { name, roles })
    }

    fn name(&self, claims: &Map<String, Value>) -> Result<String, Stranger> {
        let verified = claims.get("email_verified").and_then(Value::as_bool);
        let claim = match self.name.as_deref() {
            // Many providers do not say whether; one that says it is not may mean anybody's address.
            Some("email") if verified == Some(false) => return Err(Stranger::Unverified),
            Some(claim) => claim,
            None if verified == Some(true) && text(claims, "email").is_some() => "email",
            None => "sub",
        };
        text(claims, claim).map(str::to_owned).ok_or(Stranger::Nameless)
    }

    /// The groups of the claim: a list of texts, or one text.
    fn groups<'c>(&self, claims: &'c Map<String, Value>) -> Vec<&'c str> {
        let claim = self.groups.as_str();
        match claims.get(claim) {
            Some(Value::String(group)) => vec![group.as_str()],
            Some(Value::Array(all)) => {
                let groups: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
                if groups.len() < all.len() {
                    tracing::warn!(
                        claim,
                        "the claim with the groups holds what is no text, which is ignored"
                    );
                }
                groups
            }
            Some(_) => {
                tracing::warn!(claim, "the claim with the groups is no list of texts, and is ignored");
                Vec::new()
            }
            None => {
                // A provider that has too many of them for a token says where they could be asked for.
                let elsewhere = claims.get("_claim_names").is_some_and(|names| names.get(claim).is_some());
                tracing::warn!(claim, elsewhere, "the ID token has no claim with groups");
                Vec::new()
            }
        }
    }
}

/// A claim that can be a name: it is kept and compared as it is, so that what would have to be changed for it is none.
fn text<'c>(claims: &'c Map<String, Value>, claim: &str) -> Option<&'c str> {
    let text = claims.get(claim)?.as_str()?;
    let is_name = !text.is_empty()
        && text.chars().take(NAME + 1).count() <= NAME
        && !text.contains(char::is_control)
        && text.split_whitespace().collect::<Vec<_>>().join(" ") == text;
    is_name.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapping(name: Option<&str>) -> Mapping {
        Mapping {
            name: name.map(str::to_owned),
            groups: "groups".to_owned(),
            roles: vec![
                (Role::Reviewer, "sec-review".to_owned()),
                (Role::Approver, "sec-lead".to_owned()),
                (Role::Viewer, "staff".to_owned()),
                (Role::Viewer, "sec-lead".to_owned()),
            ],
        }
    }

    fn person(name: Option<&str>, claims: &Value) -> Result<(String, String), Stranger> {
        let claims = claims.as_object().expect("claims are an object");
        mapping(name).person(claims).map(|person| (person.name, person.roles.to_string()))
    }

    fn called(name: Option<&str>, claims: &Value) -> Result<String, Stranger> {
        let mut claims = claims.clone();
        claims["groups"] = json!("staff");
        person(name, &claims).map(|(name, _)| name)
    }

    #[test]
    fn groups_give_roles_letter_by_letter() {
        let roles = |groups: Value| match person(None, &json!({"sub": "ada", "groups": groups})) {
            Ok((_, roles)) => roles,
            Err(stranger) => format!("{stranger:?}"),
        };
        let table = [
            (json!(["sec-review"]), "reviewer"),
            (json!("sec-review"), "reviewer"),
            (json!(["staff", "sec-lead", "sec-review", "x"]), "viewer, reviewer, approver"),
            (json!(["sec-review", 1, null, {"name": "sec-lead"}]), "reviewer"),
        ];
        for (groups, expected) in table {
            assert_eq!(roles(groups.clone()), expected, "{groups}");
        }
        for none in [
            json!([]),
            json!(["sec-reviewers", "sec", "SEC-REVIEW", "sec-review "]),
            json!("sec-review,staff"),
            json!({"sec-review": true}),
            json!(true),
            json!(null),
        ] {
            assert_eq!(roles(none.clone()), "Roleless(\"ada\")", "{none}");
        }
        let none = person(None, &json!({"sub": "ada", "_claim_names": {"groups": "src1"}}));
        assert_eq!(none, Err(Stranger::Roleless("ada".to_owned())));
    }

    #[test]
    fn a_person_is_called_by_what_the_provider_vouches_for() {
        let mail = |verified: Value| json!({"sub": "u-1", "email": "ada@muster.example", "email_verified": verified});
        assert_eq!(called(None, &mail(json!(true))).unwrap(), "ada@muster.example");
        assert_eq!(called(None, &mail(json!(false))).unwrap(), "u-1");
        assert_eq!(called(None, &mail(json!(null))).unwrap(), "u-1");
        assert_eq!(called(Some("email"), &mail(json!(true))).unwrap(), "ada@muster.example");
        assert_eq!(called(Some("email"), &mail(json!(null))).unwrap(), "ada@muster.example");
        assert_eq!(called(Some("email"), &mail(json!(false))), Err(Stranger::Unverified));
        assert_eq!(called(Some("upn"), &json!({"sub": "u-1", "upn": "ada"})).unwrap(), "ada");
    }

    #[test]
    fn what_is_no_name_is_not_made_into_one() {
        for none in [
            json!({"sub": "u-1"}),
            json!({"sub": "u-1", "upn": ""}),
            json!({"sub": "u-1", "upn": ["ada"]}),
            json!({"sub": "u-1", "upn": "ada\u{0}"}),
            json!({"sub": "u-1", "upn": "ada\nroot"}),
            // The store would make one name of these and of `ada`, so that two people became one.
            json!({"sub": "u-1", "upn": " ada"}),
            json!({"sub": "u-1", "upn": "ada  b"}),
            json!({"sub": "u-1", "upn": "a".repeat(NAME + 1)}),
        ] {
            assert_eq!(called(Some("upn"), &none), Err(Stranger::Nameless), "{none}");
        }
    }
}
