//! Who may do what with a store: roles, and the rights that each of them gives.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Right {
    /// See everything that is kept.
    Read,
    /// Decide of systems.
    Review,
    /// Agree with what somebody else decided, where that needs a second person.
    Approve,
    /// Score an assessment.
    Assess,
    /// Let others in, and correct what was decided against the rules.
    Administer,
}

/// What somebody is in a security team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AccessRole")]
pub(crate) enum Role {
    /// Reads.
    Viewer,
    /// Reads, and decides of systems.
    Reviewer,
    /// Reads, and scores assessments.
    Assessor,
    /// Reads, and is the second person where one is needed.
    Approver,
    /// May do all of it. Whoever decides is still not the second person as well.
    Administrator,
}

impl Right {
    pub(crate) const ALL: [Self; 5] =
        [Self::Read, Self::Review, Self::Approve, Self::Assess, Self::Administer];

    /// The name that is shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Review => "review",
            Self::Approve => "approve",
            Self::Assess => "assess",
            Self::Administer => "administer",
        }
    }
}

impl Role {
    pub(crate) const ALL: [Self; 5] =
        [Self::Viewer, Self::Reviewer, Self::Assessor, Self::Approver, Self::Administrator];

    /// The name that is kept and shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Assessor => "assessor",
            Self::Approver => "approver",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    fn gives(self, right: Right) -> bool {
        match self {
            Self::Administrator => true,
            Self::Viewer => right == Right::Read,
            Self::Reviewer => matches!(right, Right::Read | Right::Review),
            Self::Assessor => matches!(right, Right::Read | Right::Assess),
            Self::Approver => matches!(right, Right::Read | Right::Approve),
        }
    }
}

/// The roles of somebody; without any, nothing is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether one of them gives a right.
    pub(crate) fn give(&self, right: Right) -> bool {
        self.0.iter().any(|role| role.gives(right))
    }

    /// The roles in a text that [`Roles`] wrote; what is none of them gives nothing.
    pub(crate) fn read(text: &str) -> Self {
        text.split(", ").filter_map(Role::named).collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, role) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            f.write_str(role.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_gives_its_rights_and_no_other() {
        let rights = Right::ALL;
        let given = |role: Role| rights.map(|right| u8::from(Roles::from_iter([role]).give(right)));
        assert_eq!(
            Role::ALL.map(given),
            [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 0, 1, 0], [1, 0, 1, 0, 0], [1, 1, 1, 1, 1]]
        );
        assert!(!rights.into_iter().any(|right| Roles::default().give(right)));
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        let roles = Roles::from_iter([Role::Approver, Role::Reviewer]);
        assert_eq!(roles.to_string(), "reviewer, approver");
        assert_eq!(Roles::read(&roles.to_string()), roles);
        assert_eq!(Roles::read("root, "), Roles::default());
    }
}
