//! What AWS answered about one account, whether it was asked just now or saved before.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Gap, GapReason};
use serde_json::{Value, json};

use crate::account::Pages;
use crate::calls::{Call, Parameters, Service};
use crate::client::Refusal;
use crate::fields::at;
use crate::survey::{service, told};

/// One page of one answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `global` where one place answers for all regions.
    pub(crate) region: String,
    /// What was asked about.
    pub(crate) asked: Parameters,
    /// What is left of the page.
    pub(crate) page: Value,
    /// Whether more may follow that was not answered.
    pub(crate) cut: bool,
}

/// All answers about one account.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// The identities with their policies, as far as they came in.
    pub(crate) pages: Pages,
    of: BTreeMap<(String, String), Vec<Answer>>,
    /// What was asked and not answered.
    pub(crate) gaps: Unanswered,
}

/// Letters of an error that are kept.
const MAX_ERROR: usize = 300;
/// The one answer that is read as it comes, since it may be large.
pub(crate) const DETAILS: &str = "GetAccountAuthorizationDetails";

impl Answers {
    /// Takes in a page.
    pub(crate) fn put(&mut self, service: &Service, call: &Call, answer: Answer) {
        match call.operation.as_str() {
            DETAILS => self.pages.add(&answer.page),
            "GetPolicyVersion" => {
                if let Some(arn) = answer.asked.get("PolicyArn") {
                    self.pages.policy(arn, answer.page.get("PolicyVersion"));
                }
            }
            operation => {
                let key = (service.name.clone(), operation.to_owned());
                self.of.entry(key).or_default().push(answer);
            }
        }
    }

    /// The pages of one operation, in a fixed order.
    pub(crate) fn of(&self, service: &str, operation: &str) -> impl Iterator<Item = &Answer> {
        self.of.get(&(service.to_owned(), operation.to_owned())).into_iter().flatten()
    }

    /// The regions that are switched on, as AWS lists them; none where it did not.
    pub(crate) fn enabled(&self) -> Vec<String> {
        let paths = ["regionInfo.regionName", "Regions.RegionName"];
        let pages = self.of("ec2", "DescribeRegions").map(|answer| &answer.page);
        let names = pages.flat_map(|page| paths.iter().flat_map(|path| at(page, path)));
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// Every region that answered something.
    pub(crate) fn regions(&self) -> BTreeSet<String> {
        self.of.values().flatten().map(|answer| answer.region.clone()).collect()
    }

    /// Whether nothing was answered but which regions there are.
    pub(crate) fn is_empty(&self) -> bool {
        self.of.keys().all(|(service, _)| service == "ec2") && self.pages.is_empty()
    }

    /// Adds what was answered in another region.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (key, pages) in other.of {
            self.of.entry(key).or_default().extend(pages);
        }
        for (key, regions) in other.gaps.0 {
            self.gaps.0.entry(key).or_default().extend(regions);
        }
    }

    /// Puts pages in an order that does not depend on which answer came first.
    pub(crate) fn sort(&mut self) {
        for pages in self.of.values_mut() {
            // Pages of one answer keep the order in which they came.
            pages.sort_by(|a, b| (&a.region, &a.asked).cmp(&(&b.region, &b.asked)));
        }
    }
}

/// What was asked and not answered: the same refusal in many regions is one gap.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(BTreeMap<(String, GapReason, String), Vec<String>>);

/// How a list of failures names the reason that a scan had for one.
const REASON: &str = "reason";

impl Unanswered {
    /// Everything that was refused, as entries of a list of failures.
    pub(crate) fn entries(&self, account: &str) -> Vec<Value> {
        let each = |((what, why, detail), regions): (&(String, GapReason, String), &Vec<String>)| {
            let (service, operation) = what.split_once(' ').unwrap_or((what, ""));
            let entry = |region: &String| json!({"account": account, "region": region, "service": service, "operation": operation, REASON: why.name(), "error": detail});
            regions.iter().map(entry).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(each).collect()
    }

    /// Reads an entry of such a list; one that is none says nothing. What the command line of AWS said is understood as a
    /// scan understands its refusals. Whether it says that there is no organisation.
    pub(crate) fn read(&mut self, entry: &Value) -> bool {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some(error) = entry.get("error").and_then(Value::as_str) else { return false };
        let error: String = error.chars().take(MAX_ERROR).collect();
        let what = format!("{} {}", text("service"), text("operation")).trim().to_owned();
        if let Some(why) = entry.get(REASON).and_then(|why| serde_json::from_value(why.clone()).ok()) {
            self.put(&what, why, &error, text("region"));
            return false;
        }
        let refusal = Refusal::said(&error);
        let call = service(text("service")).and_then(|service| {
            Some((service, service.calls.iter().find(|call| call.file() == text("operation"))?))
        });
        match (refusal, call) {
            (Some(Refusal::NoOrganisation), _) => return true,
            (Some(refusal), Some((service, call))) => {
                let (what, why, detail) = told(service, call, &refusal);
                self.put(&what, why, &detail, text("region"));
            }
            (Some(refusal), None) => self.put(&what, refusal.reason(), &error, text("region")),
            (None, _) => self.put(&what, GapReason::Failed, &error, text("region")),
        }
        false
    }

    /// Notes a refusal: `what` was asked in a region and not answered.
    pub(crate) fn put(&mut self, what: &str, why: GapReason, detail: &str, region: &str) {
        self.0.entry((what.to_owned(), why, detail.to_owned())).or_default().push(region.to_owned());
    }

    /// Whether anything was refused.
    pub(crate) fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Everything that is not known, as gaps of an account.
    pub(crate) fn gaps(&self, account: &str) -> Vec<Gap> {
        let gap = |((what, why, detail), regions): (&(String, GapReason, String), &Vec<String>)| {
            let mut regions: Vec<&str> =
                regions.iter().map(String::as_str).filter(|r| *r != "global").collect();
            let times = regions.len().max(1);
            regions.sort_unstable();
            regions.dedup();
            let places = match regions[..] {
                [] => String::new(),
                [one] => format!(" in {one}"),
                [first, second] => format!(" in {first} and {second}"),
                [first, ref rest @ ..] => format!(" in {first} and {} more regions", rest.len()),
            };
            let of = if account.is_empty() { String::new() } else { format!("{account}: ") };
            Gap::new(format!("{of}{what}{places}"), *why).times(times as u64).because(detail.clone())
        };
        self.0.iter().map(gap).collect()
    }
}
