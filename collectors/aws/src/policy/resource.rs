//! Patterns of ARNs, part by part, and how they relate.

use super::glob;

/// How what a policy speaks of lies to what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// All that is asked for is meant.
    Covers,
    /// A part of it.
    Overlaps,
    /// Nothing of it.
    Disjoint,
}

/// A pattern of an ARN: partition, service, region, account and resource. `*` alone is every resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResourcePattern([String; 5]);

impl ResourcePattern {
    /// Reads a pattern; `None` where it is no ARN, which matches nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // AWS completes an ARN with too few parts by `*` (T6).
        let mut parts = text.splitn(6, ':');
        let first = parts.next()?;
        if first != "arn" && first != "*" {
            // `arn*` and the like stand for the beginning of an ARN and all that follows.
            return (first.ends_with('*') && glob::matches(first, "arn") && parts.next().is_none())
                .then(Self::everything);
        }
        if first == "*" && text != "*" {
            return glob::intersect(text, "arn:*:*:*:*:*").then(Self::everything);
        }
        Some(Self(std::array::from_fn(|_| parts.next().unwrap_or("*").to_owned())))
    }

    /// Every resource.
    pub(crate) fn everything() -> Self {
        Self(std::array::from_fn(|_| "*".to_owned()))
    }

    /// Some of the resources that it may stand for, told by names that nobody would write into a policy.
    pub(crate) fn samples(&self) -> [Self; 3] {
        ["", "x", "zz-none-9"].map(|filling| {
            let mut parts = self.0.each_ref().map(|part| part.replace('*', filling).replace('?', "x"));
            if self.0[0] == "*" {
                "aws".clone_into(&mut parts[0]);
            }
            Self(parts)
        })
    }

    /// What both mean, where one of them is the narrower in each part; there may be more than that in common.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
        let mut parts: [String; 5] = std::array::from_fn(|_| String::new());
        for ((part, own), other) in parts.iter_mut().zip(&self.0).zip(&other.0) {
            let narrower = if glob::covers(own, other) {
                other
            } else if glob::covers(other, own) {
                own
            } else {
                return None;
            };
            part.clone_from(narrower);
        }
        Some(Self(parts))
    }

    /// How this lies to another: `Covers` where all of the other is meant. ARNs are compared with their case (T8).
    pub(crate) fn relation_to(&self, asked: &Self) -> Relation {
        let mut pairs = self.0.iter().zip(&asked.0);
        if pairs.clone().all(|(own, asked)| glob::covers(own, asked)) {
            Relation::Covers
        } else if pairs.all(|(own, asked)| glob::intersect(own, asked)) {
            Relation::Overlaps
        } else {
            Relation::Disjoint
        }
    }
}

impl std::fmt::Display for ResourcePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.iter().all(|part| part == "*") {
            f.write_str("*")
        } else {
            write!(f, "arn:{}", self.0.join(":"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_relate_part_by_part() {
        use Relation as R;
        let cases = [
            ("*", "arn:aws:bedrock:us-east-1::foundation-model/a", R::Covers),
            ("arn:aws:*", "arn:aws:bedrock:us-east-1::foundation-model/a", R::Covers),
            (
                "arn:aws:bedrock:*:*:foundation-model/*",
                "arn:aws:bedrock:us-east-1::foundation-model/a",
                R::Covers,
            ),
            (
                "arn:aws:bedrock:*::foundation-model/anthropic.*",
                "arn:aws:bedrock:*:*:foundation-model/*",
                R::Overlaps,
            ),
            ("arn:aws:bedrock:eu-*:*:*", "arn:aws:bedrock:us-east-1:1:agent/a", R::Disjoint),
            ("arn:aws:s3:::Bucket", "arn:aws:s3:::bucket", R::Disjoint),
            (
                "arn:aws:logs:*:*:log-group:a:*",
                "arn:aws:logs:eu-west-1:1:log-group:a:log-stream:b",
                R::Covers,
            ),
        ];
        for (own, asked, expected) in cases {
            let (own_pattern, asked_pattern) =
                (ResourcePattern::parse(own).unwrap(), ResourcePattern::parse(asked).unwrap());
            assert_eq!(own_pattern.relation_to(&asked_pattern), expected, "{own} to {asked}");
        }
        assert_eq!(ResourcePattern::parse("bucket/key"), None);
        assert_eq!(ResourcePattern::parse("arn:aws:s3").unwrap().to_string(), "arn:aws:s3:*:*:*");
    }
}
