//! What a visitor asks to be done with an assessment, in the words of forms, and who may.

use std::collections::BTreeMap;

use asmm_model::assessment::{Score, Structure, Targets, Weight};

use super::Site;
use super::door::Visitor;
use super::wrong::Wrong;
use crate::access::Right;
use crate::assess::{Act, Assessment};
use crate::clock;

/// How the field of a form begins that says what a test reaches; the id of the test follows.
pub(super) const TEST: &str = "test-";

/// What is to be done, why, and which state was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) act: Act,
    pub(super) reason: String,
    /// How often something had been said of the area when it was looked at; nothing of what is about no area.
    pub(super) seen: Option<i64>,
}

impl Asked {
    /// What a form asks for. The address of the form may name the area.
    pub(super) fn of_form(area: Option<String>, fields: Vec<(String, String)>) -> Result<Self, Wrong> {
        let mut fields: BTreeMap<String, String> = fields.into_iter().collect();
        let mut field = |name: &str| fields.remove(name).unwrap_or_default();
        let (act, given, reason, revision) =
            (field("act"), field("area"), field("reason"), field("revision"));
        let area = area.unwrap_or(given);
        let act = match act.as_str() {
            "score" => {
                let score = level(&field("level"), "level")?;
                Act::Score { area, score, tests: tests(fields)? }
            }
            "exclude" => Act::Exclude { area },
            "clear" => Act::Clear { area },
            "weigh" => Act::Weigh { of: field("of"), weight: weight(field("weight").trim())? },
            "sign" => Act::Sign,
            "reopen" => Act::Reopen,
            _ => return Err(unreadable("`act` is score, exclude, clear, weigh, sign or reopen")),
        };
        let seen = match act.area() {
            None => None,
            Some(_) => Some(revision.parse().map_err(|_| {
                unreadable("`revision` is missing: it is the number that the area was shown with")
            })?),
        };
        Ok(Self { act, reason, seen })
    }

    /// Does it, as a visitor who may.
    pub(super) async fn done(self, site: &Site, name: &str, visitor: &Visitor) -> Result<Assessment, Wrong> {
        visitor.needs(match self.act {
            Act::Sign | Act::Reopen => Right::Approve,
            Act::Score { .. } | Act::Exclude { .. } | Act::Clear { .. } | Act::Weigh { .. } => Right::Assess,
        })?;
        let by = visitor.person.as_str();
        Ok(site.store().assess(name, self.act, by, &self.reason, &clock::now(), self.seen).await?)
    }
}

/// Begins an assessment by the working structure, with evidence of now.
pub(super) async fn begin(site: &Site, name: &str, visitor: &Visitor) -> Result<Assessment, Wrong> {
    site.expire().await?;
    let seed = site.store().seed(Structure::working(), clock::timestamp()).await?;
    let first = (Structure::working_text(), &seed);
    Ok(site.store().begin_assessment(name.trim(), first, &visitor.person, &clock::now()).await?)
}

/// Gives an assessment evidence of now.
pub(super) async fn seed(site: &Site, name: &str, visitor: &Visitor) -> Result<Assessment, Wrong> {
    site.expire().await?;
    let structure = site.store().assessment(name).await?.structure;
    let seed = site.store().seed(&structure, clock::timestamp()).await?;
    Ok(site.store().seed_assessment(name, &seed, &visitor.person, &clock::now()).await?)
}

/// Where somebody wants to be: `to` for every domain, and the id of a domain for it alone. What is empty asks for nothing.
pub(super) fn targets<'f>(
    structure: &Structure,
    fields: impl Iterator<Item = (&'f str, &'f str)>,
) -> Result<Targets, Wrong> {
    let mut targets = Targets::default();
    let mut all = None;
    for (name, value) in fields.filter(|(_, value)| !value.is_empty()) {
        if name == "to" {
            all = Some(level(value, "to")?);
        } else if structure.domain(name).is_some() {
            targets.domains.insert(name.to_owned(), level(value, name)?);
        } else {
            return Err(unreadable("a target is given to a domain by its id, or to all of them as `to`"));
        }
    }
    if let Some(all) = all {
        for domain in &structure.domains {
            targets.domains.entry(domain.id.clone()).or_insert(all);
        }
    }
    Ok(targets)
}

/// A weight as a text writes it.
pub(super) fn weight(text: &str) -> Result<Weight, Wrong> {
    // One number is written in one way, as the description says: no zeros before it.
    let is_plain = text.starts_with("0.") || !text.starts_with('0');
    let read = Weight::decimal(text).filter(|_| is_plain);
    read.ok_or_else(|| unreadable("`weight` is a number above 0, at most 10, with two decimals at most"))
}

/// A level as a text writes it.
pub(super) fn level(text: &str, field: &str) -> Result<Score, Wrong> {
    let read = text.parse().ok().and_then(Score::new);
    read.ok_or_else(|| unreadable(&format!("`{field}` is a level: 1, 2, 3, 4 or 5")))
}

/// The level of each test that a form says something of.
fn tests(fields: BTreeMap<String, String>) -> Result<BTreeMap<String, Score>, Wrong> {
    let said = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let read = |(name, value): (String, String)| {
        let test = name.strip_prefix(TEST)?.to_owned();
        Some(level(&value, &name).map(|reached| (test, reached)))
    };
    said.filter_map(read).collect()
}

fn unreadable(what: &str) -> Wrong {
    Wrong::Unreadable(format!("{what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_form(fields: &[(&str, &str)]) -> Result<Asked, Wrong> {
        Asked::of_form(
            None,
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        )
    }

    #[test]
    fn a_form_says_what_is_to_be_done() {
        let score = [
            ("act", "score"),
            ("area", "PR-1"),
            ("level", "3"),
            ("revision", "2"),
            ("test-written", "4"),
            ("test-measured", ""),
            ("reason", "as seen"),
            ("form", "secret"),
        ];
        let three = Score::new(3).unwrap();
        let tests = BTreeMap::from([("written".to_owned(), Score::new(4).unwrap())]);
        let act = Act::Score { area: "PR-1".to_owned(), score: three, tests };
        assert_eq!(of_form(&score), Ok(Asked { act, reason: "as seen".to_owned(), seen: Some(2) }));
        let of_address = Asked::of_form(
            Some("GV-1".to_owned()),
            vec![("act".to_owned(), "clear".to_owned()), ("revision".to_owned(), "1".to_owned())],
        );
        assert_eq!(of_address.unwrap().act, Act::Clear { area: "GV-1".to_owned() });
        assert_eq!(of_form(&[("act", "sign")]).unwrap().seen, None);
    }

    #[test]
    fn what_a_form_does_not_say_is_told() {
        let mut told = Vec::new();
        for fields in [
            &[][..],
            &[("act", "sing")],
            &[("act", "score"), ("revision", "0")],
            &[("act", "score"), ("level", "6"), ("revision", "0")],
            &[("act", "score"), ("level", "3")],
            &[("act", "score"), ("level", "3"), ("revision", "0"), ("test-written", "x")],
            &[("act", "weigh"), ("of", "GV"), ("weight", "0")],
            &[("act", "weigh"), ("of", "GV"), ("weight", "01.5")],
            &[("act", "weigh"), ("of", "GV"), ("weight", "1.234")],
        ] {
            told.push(of_form(fields).unwrap_err().detail());
        }
        insta::assert_snapshot!(told.join("\n"));
    }
}
