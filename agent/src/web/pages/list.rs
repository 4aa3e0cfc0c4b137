//! A list of systems: what is asked for in the address, a page of it, and what each row says.

use asmm_model::{Presence, Verdict};
use schemars::JsonSchema;

use super::{day, words};
use crate::export::{Badge, Text};
use crate::review::{Owned, Review, Standing};
use crate::store::{Filter, Listed, Page, Sort};
use crate::web::Site;
use crate::web::wrong::Wrong;

/// Rows of a page.
const ROWS: i64 = 50;
/// Rows that a page has at most.
pub(crate) const MOST: i64 = 200;

/// What is asked for, as it stands in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq, JsonSchema)]
pub(crate) struct Wanted {
    /// With a name that holds this.
    #[schemars(rename = "q", with = "Option<String>")]
    pub(crate) name: String,
    /// In targets whose name holds this.
    #[schemars(with = "Option<String>")]
    pub(crate) target: String,
    /// Of one of these verdicts.
    #[schemars(rename = "verdict", with = "Option<Vec<Verdict>>")]
    pub(crate) verdicts: Vec<Verdict>,
    /// Of which one of these became in the last scan; those that are missing only where they are asked for.
    #[schemars(rename = "presence", with = "Option<Vec<Presence>>")]
    pub(crate) presences: Vec<Presence>,
    /// Whose review has come this far.
    #[schemars(rename = "standing", with = "Option<Vec<Standing>>")]
    pub(crate) standings: Vec<Standing>,
    /// The order; by default what needs a look first, first.
    #[schemars(with = "Option<Sort>")]
    pub(crate) sort: Sort,
    /// The `next` of the page before.
    #[schemars(with = "Option<String>", extend("pattern" = "^[0-9]{1,18}\\.[0-9]{1,18}\\."))]
    pub(crate) after: Option<(i64, String, i64)>,
    /// How many of them; by default 50.
    #[schemars(range(min = 1, max = 200))]
    pub(crate) limit: Option<i64>,
}

impl Wanted {
    /// Reads the part of an address after its question mark.
    pub(in super::super) fn read(query: Option<&str>) -> Result<Self, Wrong> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if value.is_empty() {
                continue;
            }
            let none =
                || Wrong::Unreadable(format!("`{name}` is none that there is: {}.", Text::short(&value)));
            match &*name {
                "q" => wanted.name = value.into_owned(),
                "target" => wanted.target = value.into_owned(),
                "verdict" => wanted.verdicts.push(verdict(&value).ok_or_else(none)?),
                "presence" => wanted.presences.push(Presence::named(&value).ok_or_else(none)?),
                "standing" => wanted.standings.push(Standing::named(&value).ok_or_else(none)?),
                "sort" => {
                    let sort = Sort::ALL.into_iter().find(|sort| sort.name() == value);
                    wanted.sort = sort.ok_or_else(none)?;
                }
                "after" => wanted.after = Some(after(&value).ok_or_else(none)?),
                "limit" => wanted.limit = Some(limit(&value).ok_or_else(none)?),
                _ => {
                    return Err(Wrong::Unreadable(format!(
                        "`{}` is nothing to ask for.",
                        Text::short(&name)
                    )));
                }
            }
        }
        Ok(wanted)
    }

    /// The same as part of an address, from the beginning or after something.
    pub(in super::super) fn query(&self, after: Option<&(i64, String, i64)>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", &self.name), ("target", &self.target)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        for verdict in &self.verdicts {
            query.append_pair("verdict", verdict.name());
        }
        for presence in &self.presences {
            query.append_pair("presence", presence.name());
        }
        for standing in &self.standings {
            query.append_pair("standing", standing.name());
        }
        if self.sort != Sort::default() {
            query.append_pair("sort", self.sort.name());
        }
        if let Some(after) = after {
            query.append_pair("after", &cursor(after));
        }
        if let Some(limit) = self.limit {
            query.append_pair("limit", &limit.to_string());
        }
        query.finish()
    }

    pub(in super::super) fn filter(&self) -> Filter {
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Filter {
            verdicts: self.verdicts.clone(),
            presences: self.presences.clone(),
            target: text(&self.target),
            name: text(&self.name),
            standings: self.standings.clone(),
        }
    }

    /// Whether nothing is asked for in particular.
    pub(crate) fn is_all(&self) -> bool {
        Self { after: None, limit: None, sort: Sort::default(), ..self.clone() } == Self::default()
    }

    /// The same in another order, from the beginning.
    pub(crate) fn sorted(&self, sort: Sort) -> String {
        Self { sort, ..self.clone() }.query(None)
    }
}

fn verdict(name: &str) -> Option<Verdict> {
    let all = [Verdict::Agentic, Verdict::Undetermined, Verdict::NotAgentic, Verdict::NotAi];
    all.into_iter().find(|verdict| verdict.name() == name)
}

/// Where the next page begins, as it stands in the address.
pub(crate) fn cursor((priority, name, number): &(i64, String, i64)) -> String {
    format!("{priority}.{number}.{name}")
}

fn after(text: &str) -> Option<(i64, String, i64)> {
    let (priority, rest) = text.split_once('.')?;
    let (number, name) = rest.split_once('.')?;
    Some((digits(priority)?, name.to_owned(), digits(number)?))
}

fn limit(text: &str) -> Option<i64> {
    digits(text).filter(|limit| (1..=MOST).contains(limit))
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A page of a list.
pub(in super::super) async fn part(
    site: &Site,
    wanted: &Wanted,
    most: Option<i64>,
) -> Result<(Vec<(Listed, Review, i64)>, Option<(i64, String, i64)>), Wrong> {
    site.expire().await?;
    let page =
        Page { most: most.or(wanted.limit).unwrap_or(ROWS), after: wanted.after.clone(), sort: wanted.sort };
    let (listed, next) = site.store().list(&wanted.filter(), &page).await?;
    let ids: Vec<&str> = listed.iter().map(|one| one.id.as_str()).collect();
    let mut reviews = site.store().reviews_of(&ids).await?;
    let rows = listed.into_iter().map(|one| {
        let reviewed = reviews.remove(&one.id).unwrap_or_default();
        (one, reviewed.review, reviewed.revision)
    });
    Ok((rows.collect(), next))
}

/// What a row says.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) revision: i64,
    pub(super) name: Text,
    pub(super) badge: Badge,
    pub(super) level: String,
    pub(super) place: Text,
    /// The other sides of it.
    pub(super) parts: usize,
    pub(super) standing: String,
    pub(super) presence: &'static str,
    pub(super) owner: Text,
    pub(super) assignee: Text,
    pub(super) until: Text,
    /// Why it has to be decided again, or what it was rejected as.
    pub(super) why: Text,
    pub(super) by: Text,
    pub(super) first_seen: Text,
    pub(super) last_seen: Text,
    pub(super) priority: i64,
    /// Whether it can be rejected together with others.
    pub(super) in_bulk: bool,
}

impl Row {
    pub(super) fn new((one, review, revision): (Listed, Review, i64)) -> Self {
        let [low, high] = one.levels();
        let verdict = verdict(&one.verdict).unwrap_or(Verdict::Undetermined);
        let why = match (&review.proposed, &review.rejection, review.reopened.as_slice()) {
            (Some(proposed), ..) => {
                format!(
                    "{} proposed by {}: {}",
                    words(proposed.rejection.name()),
                    proposed.by,
                    proposed.reason
                )
            }
            (_, Some(rejection), _) => format!("{}: {}", words(rejection.name()), review.reason),
            (_, _, []) => review.reason.clone(),
            (_, _, reopened) => reopened.join("; "),
        };
        Self {
            revision,
            name: Text::short(&one.name),
            badge: Badge::of(verdict),
            level: if low == high { low.to_string() } else { format!("{low}–{high}") },
            place: Text::short(&format!("{} {}", one.target, one.root)),
            parts: one.parts.len(),
            standing: one.standing.map(|standing| words(standing.name())).unwrap_or_default(),
            presence: Presence::named(&one.presence).map_or("", Presence::name),
            owner: match &review.owner {
                Some(Owned::By(owner)) => Text::short(owner),
                Some(Owned::Unknown) => Text::short("unknown"),
                None => Text::default(),
            },
            assignee: Text::short(review.assignee.as_deref().unwrap_or_default()),
            until: Text::short(review.until.as_deref().unwrap_or_default()),
            why: Text::long(&why),
            by: Text::short(&review.by),
            first_seen: day(&one.first_seen),
            last_seen: day(&one.last_seen),
            priority: one.priority,
            in_bulk: !(verdict == Verdict::Agentic && high.0 >= 3) && review.proposed.is_none(),
            id: one.id,
        }
    }
}

/// One choice of a filter.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// The choices of each filter.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) verdicts: Vec<Choice>,
    pub(super) presences: Vec<Choice>,
    pub(super) standings: Vec<Choice>,
}

impl Choices {
    pub(super) fn of(wanted: &Wanted) -> Self {
        let choice = |value: &'static str, chosen| Choice { value, words: words(value), chosen };
        let verdicts = [Verdict::Agentic, Verdict::Undetermined, Verdict::NotAgentic, Verdict::NotAi];
        Self {
            verdicts: verdicts.map(|one| choice(one.name(), wanted.verdicts.contains(&one))).into(),
            presences: Presence::ALL
                .iter()
                .map(|one| choice(one.name(), wanted.presences.contains(one)))
                .collect(),
            standings: Standing::ALL
                .iter()
                .map(|one| choice(one.name(), wanted.standings.contains(one)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_as_it_is_written() {
        let wanted = Wanted {
            name: "a&b=ü".to_owned(),
            target: "acme/".to_owned(),
            verdicts: vec![Verdict::Agentic, Verdict::NotAi],
            presences: vec![Presence::Missing],
            standings: vec![Standing::Deferred],
            sort: Sort::Level,
            after: Some((7, "x.y z".to_owned(), 12)),
            limit: Some(120),
        };
        assert_eq!(Wanted::read(Some(&wanted.query(wanted.after.as_ref()))), Ok(wanted));
        assert_eq!(Wanted::read(Some("q=&verdict=")), Ok(Wanted::default()));
        for wrong in ["verdict=bad", "after=7", "after=-7.1.x", "x=y", "standing=1", "limit=0", "limit=201"] {
            assert!(matches!(Wanted::read(Some(wrong)), Err(Wrong::Unreadable(_))), "{wrong}");
        }
    }
}
