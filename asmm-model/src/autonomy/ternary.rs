//! Kleene's three-valued logic.

/// A truth value that may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ternary {
    /// False.
    No,
    /// Open.
    Unknown,
    /// True.
    Yes,
}

impl Ternary {
    /// `no` if either is, else `unknown` if either is.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        // With no < unknown < yes, Kleene's conjunction is the smaller and his disjunction the larger of the two.
        self.min(other)
    }

    /// `yes` if either is, else `unknown` if either is.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ternary::{self, No, Unknown, Yes};

    #[test]
    fn conjunction_and_disjunction_are_those_of_kleene() {
        let table: [(Ternary, Ternary, Ternary, Ternary); 9] = [
            (No, No, No, No),
            (No, Unknown, No, Unknown),
            (No, Yes, No, Yes),
            (Unknown, No, No, Unknown),
            (Unknown, Unknown, Unknown, Unknown),
            (Unknown, Yes, Unknown, Yes),
            (Yes, No, No, Yes),
            (Yes, Unknown, Unknown, Yes),
            (Yes, Yes, Yes, Yes),
        ];
        for (a, b, and, or) in table {
            assert_eq!((a.and(b), a.or(b)), (and, or), "{a:?}, {b:?}");
        }
    }
}
