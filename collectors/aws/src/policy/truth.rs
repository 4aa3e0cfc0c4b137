//! Truth in three values: what is unknown says what it depends on.

use std::collections::BTreeSet;
use std::fmt;

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A key of the request, in lower case, whose value is known only when the request is made.
    Key(String),
    /// An operator or another element of a policy that is not understood.
    Element(String),
    /// A policy that is in force and was not read.
    Policy(String),
    /// Exceptions that may or may not leave something.
    Exceptions,
    /// A statement that speaks of some of the resources in question, where nothing tells which.
    Part,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "it depends on `{key}` of the request"),
            Self::Element(element) => write!(f, "`{element}` of a policy is not understood"),
            Self::Policy(name) => write!(f, "the policy {name} is in force and could not be read"),
            Self::Exceptions => f.write_str("what its exceptions leave is not known"),
            Self::Part => f.write_str("it holds for a part of the resources only"),
        }
    }
}

/// Yes, no, or unknown for these reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// It holds for every request.
    True,
    /// It holds for none.
    False,
    /// It depends.
    Unknown(BTreeSet<Reason>),
}

impl Truth {
    /// Unknown for one reason.
    pub fn unknown(reason: Reason) -> Self {
        Self::Unknown(BTreeSet::from([reason]))
    }

    /// Both. A single `False` decides; otherwise the reasons of what is unknown add up.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, rest) | (rest, Self::True) => rest,
            (Self::Unknown(mut a), Self::Unknown(b)) => {
                a.extend(b);
                Self::Unknown(a)
            }
        }
    }

    /// One of both, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        !((!self).and(!other))
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(is: bool) -> Self {
        if is { Self::True } else { Self::False }
    }
}

/// All of them; true of none.
pub(crate) fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let mut all = Truth::True;
    for truth in truths {
        all = all.and(truth);
        if all == Truth::False {
            break;
        }
    }
    all
}

/// One of them at least; false of none.
pub(crate) fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let mut any = Truth::False;
    for truth in truths {
        any = any.or(truth);
        if any == Truth::True {
            break;
        }
    }
    any
}
