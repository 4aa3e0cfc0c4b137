//! An account as a whole: its identities with what they may do, what runs under them, and what starts that.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::TriggerKind;

use crate::account::{Account, IamIdentity};
use crate::answers::Answers;
use crate::fields::at;
use crate::organisation::Bounds;
use crate::rights::{Rights, Standing, rights};

/// What starts something without a person's turn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Starter {
    pub(crate) kind: TriggerKind,
    /// The expression of a schedule, or where events come from.
    pub(crate) value: String,
    pub(crate) locator: String,
}

/// An account, put together.
#[derive(Debug, Default)]
pub(crate) struct Estate {
    /// The number of the account.
    pub(crate) number: String,
    pub(crate) account: Account,
    pub(crate) answers: Answers,
    /// Rights by the ARN of the identity.
    pub(crate) rights: BTreeMap<String, Rights>,
    starters: BTreeMap<String, BTreeSet<Starter>>,
}

impl Estate {
    /// Puts an account together, and evaluates its identities within what binds it.
    pub(crate) fn of(number: &str, mut answers: Answers, bounds: &Bounds, regions: &[String]) -> Self {
        let account = std::mem::take(&mut answers.pages).finish();
        let of = |identity: &IamIdentity| (identity.arn.clone(), rights(identity, bounds, regions));
        let rights = account.identities.iter().map(of).collect();
        Self { number: number.to_owned(), account, answers, rights, starters: BTreeMap::new() }
    }

    /// Finds out what starts what, when all answers are in.
    pub(crate) fn connect(&mut self) {
        self.answers.sort();
        self.starters = starters(&self.answers);
    }

    /// A role by its ARN.
    pub(crate) fn identity(&self, arn: &str) -> Option<&IamIdentity> {
        let found = self.account.identities.binary_search_by(|identity| identity.arn.as_str().cmp(arn));
        found.ok().map(|found| &self.account.identities[found])
    }

    /// How plainly an identity may ask a model; none where it may not, or is not known.
    pub(crate) fn standing(&self, arn: &str) -> Option<Standing> {
        self.rights.get(arn)?.standing
    }

    /// What starts something. A version or an alias of a function is that function.
    pub(crate) fn starters(&self, arn: &str) -> impl Iterator<Item = &Starter> {
        self.starters.get(unqualified(arn)).into_iter().flatten()
    }
}

/// The ARN of a function without its version or alias, and every other ARN as it is.
fn unqualified(arn: &str) -> &str {
    match arn.match_indices(':').nth(6) {
        Some((end, _)) if arn.split(':').nth(2) == Some("lambda") => &arn[..end],
        _ => arn,
    }
}

fn starters(answers: &Answers) -> BTreeMap<String, BTreeSet<Starter>> {
    let mut found: BTreeMap<String, BTreeSet<Starter>> = BTreeMap::new();
    let mut put = |target: &str, starter| {
        found.entry(unqualified(target).to_owned()).or_default().insert(starter);
    };
    for answer in answers.of("scheduler", "GetSchedule") {
        let [Some(target), Some(arn), Some(when)] =
            ["Target.Arn", "Arn", "ScheduleExpression"].map(|path| text(&answer.page, path))
        else {
            continue;
        };
        if text(&answer.page, "State") != Some("DISABLED") {
            let starter =
                Starter { kind: TriggerKind::Schedule, value: when.to_owned(), locator: arn.to_owned() };
            // A schedule that asks a model itself starts itself.
            if asks_model(target) {
                put(arn, starter.clone());
            }
            put(target, starter);
        }
    }
    for answer in answers.of("lambda", "ListEventSourceMappings") {
        for mapping in at(&answer.page, "EventSourceMappings") {
            let [Some(function), Some(source)] =
                ["FunctionArn", "EventSourceArn"].map(|path| text(mapping, path))
            else {
                continue;
            };
            if text(mapping, "State").is_none_or(|state| !state.starts_with("Disab")) {
                let starter = Starter {
                    kind: TriggerKind::Queue,
                    value: source.to_owned(),
                    locator: source.to_owned(),
                };
                put(function, starter);
            }
        }
    }
    for answer in answers.of("pipes", "ListPipes") {
        for pipe in
            at(&answer.page, "Pipes").into_iter().filter(|pipe| text(pipe, "CurrentState") != Some("STOPPED"))
        {
            let Some((arn, source)) = text(pipe, "Arn").zip(text(pipe, "Source")) else { continue };
            for target in ["Target", "Enrichment"].into_iter().filter_map(|path| text(pipe, path)) {
                let starter =
                    Starter { kind: TriggerKind::Event, value: source.to_owned(), locator: arn.to_owned() };
                put(target, starter);
            }
        }
    }
    for answer in answers.of("events", "ListRuleNamesByTarget") {
        let Some(target) = answer.asked.get("TargetArn") else { continue };
        for name in at(&answer.page, "RuleNames").into_iter().filter_map(|name| name.as_str()) {
            let rules = answers.of("events", "DescribeRule").filter(|rule| rule.region == answer.region);
            let rule = rules.map(|rule| &rule.page).find(|rule| text(rule, "Name") == Some(name));
            if rule.and_then(|rule| text(rule, "State")) == Some("DISABLED") {
                continue;
            }
            let when = rule.and_then(|rule| text(rule, "ScheduleExpression"));
            let kind = if when.is_some() { TriggerKind::Schedule } else { TriggerKind::Event };
            let arn = rule.and_then(|rule| text(rule, "Arn")).unwrap_or(name);
            put(target, Starter { kind, value: when.unwrap_or(name).to_owned(), locator: arn.to_owned() });
        }
    }
    found
}

/// Whether a state machine or a schedule asks a model or an agent by this resource.
pub(crate) fn asks_model(arn: &str) -> bool {
    let after = arn
        .split_once(":states:::")
        .or_else(|| arn.split_once(":scheduler:::"))
        .map_or("", |(_, after)| after);
    let after = after.strip_prefix("aws-sdk:").unwrap_or(after);
    after.starts_with("bedrock") || after.starts_with("sagemakerruntime")
}

/// The first text at a path.
pub(crate) fn text<'v>(value: &'v serde_json::Value, path: &str) -> Option<&'v str> {
    at(value, path).into_iter().find_map(serde_json::Value::as_str)
}
