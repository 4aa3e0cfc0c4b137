//! What all policies together say to a request.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::condition::{holds, resolved};
use super::context::Context;
use super::document::{Document, Effect, Listed, Principals, Statement};
use super::resource::{Relation, ResourcePattern};
use super::truth::{Reason, Truth, all};

/// Resources that are looked at for one question, beside the one that was asked for.
const MAX_CANDIDATES: usize = 64;

/// A policy with the name that it is known by: an ARN, or `inline NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// How it is shown.
    pub name: String,
    /// What it says; none where it is in force and could not be read.
    pub document: Option<Arc<Document>>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Of the user or role.
    pub arn: String,
    /// Number of its account.
    pub account: String,
    /// A role that belongs to a service of AWS: neither SCPs nor RCPs bind it (T11).
    pub service_linked: bool,
    /// Whether its account manages the organisation, whose SCPs do not bind it (T11).
    pub management: bool,
}

/// Everything that has a say, by its kind.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    /// Managed and inline policies of the identity and of its groups.
    pub identity: &'a [Attached],
    /// The boundary of its permissions.
    pub boundary: Option<&'a Attached>,
    /// What a session was limited to.
    pub session: Option<&'a Attached>,
    /// Service control policies, by level from the root to the account. No level: no organisation.
    pub scps: &'a [Vec<Attached>],
    /// Resource control policies of the account that the resource is in, in the same way.
    pub rcps: &'a [Vec<Attached>],
    /// The policy of the resource.
    pub resource: Option<&'a Attached>,
    /// Whether the resource is in another account than the identity.
    pub cross_account: bool,
}

impl<'a> Layers<'a> {
    /// The policies of an identity, and nothing else.
    pub fn of_identity(identity: &'a [Attached]) -> Self {
        Self {
            identity,
            boundary: None,
            session: None,
            scps: &[],
            rcps: &[],
            resource: None,
            cross_account: false,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `service:Action`, in any case.
    pub action: &'a str,
    /// An ARN or a pattern of one. None asks whether there is any resource.
    pub resource: Option<&'a str>,
    /// What is known of it.
    pub context: &'a Context,
    /// Who asks.
    pub principal: &'a Principal,
}

/// The answer without its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// No request of the kind is let through.
    Denied,
    /// It depends on what is not known.
    Conditional,
    /// Such requests are let through, for the resources that are named.
    Allowed,
}

/// A statement that had a part in a verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Because {
    /// Name of the policy.
    pub policy: String,
    /// Number of the statement, from one.
    pub statement: usize,
    /// Its name, where it has one.
    pub sid: Option<String>,
    /// What it does.
    pub effect: Effect,
    /// Whether it names the service, and does not only mean it by a wildcard for all.
    pub by_name: bool,
    /// Whether it stands in a policy that grants nothing by itself: a boundary, or a policy of the organisation.
    pub limits: bool,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What is decided.
    pub decision: Decision,
    /// The widest resources for which it is so, where it is not denied.
    pub resources: Vec<String>,
    /// The statements that made it, those of exceptions as well; none where nothing allows it.
    pub because: Vec<Because>,
    /// What a conditional verdict depends on.
    pub reasons: BTreeSet<Reason>,
}

/// What one layer says to one resource.
#[derive(Debug)]
struct Said {
    allow: Truth,
    deny: Truth,
    /// What is taken away from the resource.
    exceptions: Vec<Exception>,
    because: Vec<Because>,
}

/// A part of a resource that a statement takes away: what is listed, or all but that.
#[derive(Debug)]
struct Exception {
    patterns: Vec<ResourcePattern>,
    is_rest: bool,
}

impl Exception {
    fn takes(&self, resource: &ResourcePattern) -> bool {
        let listed = self.patterns.iter().any(|pattern| pattern.relation_to(resource) == Relation::Covers);
        listed != self.is_rest
    }
}

/// How a policy of a resource means who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Not,
    /// Through its account, whose own policies then decide.
    Account,
    /// As everyone or as a role: the boundary still binds it.
    Role,
    /// As a user: only a deny of the boundary binds it (T11).
    Directly,
}

/// Decides a request.
pub fn evaluate(request: &Request<'_>, layers: &Layers<'_>) -> Verdict {
    let action = request.action.to_ascii_lowercase();
    let request = &Request { action: &action, ..*request };
    let denied = |because| Verdict {
        decision: Decision::Denied,
        resources: Vec::new(),
        because,
        reasons: BTreeSet::new(),
    };
    if layers.resource.is_none() && !may_allow(layers.identity, &action) {
        return denied(Vec::new());
    }
    let asked = match request.resource {
        None => Some(ResourcePattern::everything()),
        Some(text) => ResourcePattern::parse(text),
    };
    let Some(asked) = asked else { return denied(Vec::new()) };
    let mut allowed: Vec<(ResourcePattern, Vec<Because>)> = Vec::new();
    let mut conditional: Vec<(ResourcePattern, Vec<Because>, BTreeSet<Reason>)> = Vec::new();
    let mut against: BTreeSet<Because> = BTreeSet::new();
    for candidate in candidates(&asked, request, layers) {
        let (truth, because) = decide(&candidate, request, layers);
        match truth {
            Truth::True => allowed.push((candidate, because)),
            Truth::Unknown(reasons) => conditional.push((candidate, because, reasons)),
            Truth::False => against.extend(because.into_iter().filter(|b| b.effect == Effect::Deny)),
        }
    }
    if !allowed.is_empty() {
        let widest = widest(allowed.iter().map(|(candidate, _)| candidate));
        let kept = allowed.into_iter().filter(|(candidate, _)| widest.contains(&candidate.to_string()));
        let because: BTreeSet<Because> = kept.flat_map(|(_, because)| because).collect();
        return Verdict {
            decision: Decision::Allowed,
            resources: widest,
            because: because.into_iter().collect(),
            reasons: BTreeSet::new(),
        };
    }
    if conditional.is_empty() {
        return denied(against.into_iter().collect());
    }
    // What holds for a part is told by that part, where it is known.
    let is_part = |reasons: &BTreeSet<Reason>| reasons.contains(&Reason::Part);
    if conditional.iter().any(|(_, _, reasons)| !is_part(reasons)) {
        conditional.retain(|(_, _, reasons)| !is_part(reasons));
    }
    let because: BTreeSet<Because> = conditional.iter().flat_map(|(_, because, _)| because.clone()).collect();
    Verdict {
        decision: Decision::Conditional,
        resources: widest(conditional.iter().map(|(candidate, ..)| candidate)),
        because: because.into_iter().collect(),
        reasons: conditional.into_iter().flat_map(|(_, _, reasons)| reasons).collect(),
    }
}

/// Whether any policy could allow an action: most identities are allowed few, and that is soon told.
fn may_allow(policies: &[Attached], action: &str) -> bool {
    policies.iter().any(|policy| {
        policy.document.as_ref().is_none_or(|document| {
            document.statements.iter().any(|s| s.effect == Effect::Allow && s.names(action))
        })
    })
}

/// Those that no other one covers.
fn widest<'p>(patterns: impl Iterator<Item = &'p ResourcePattern>) -> Vec<String> {
    let all: BTreeSet<&ResourcePattern> = patterns.collect();
    let covered = |one: &ResourcePattern| {
        all.iter().any(|other| {
            *other != one
                && other.relation_to(one) == Relation::Covers
                && (one.relation_to(other) != Relation::Covers || *other < one)
        })
    };
    all.iter().filter(|one| !covered(one)).map(ToString::to_string).collect()
}

/// The resources to decide about: the one that was asked for, and what statements that could allow it speak of.
fn candidates(asked: &ResourcePattern, request: &Request<'_>, layers: &Layers<'_>) -> Vec<ResourcePattern> {
    let all_levels = layers.scps.iter().chain(layers.rcps).flatten();
    let single = [layers.boundary, layers.session, layers.resource].into_iter().flatten();
    let policies = layers.identity.iter().chain(single).chain(all_levels);
    let mut found: BTreeSet<ResourcePattern> = BTreeSet::from([asked.clone()]);
    for document in policies.filter_map(|policy| policy.document.as_ref()) {
        for statement in document.statements.iter().filter(|s| s.names(request.action)) {
            // Of what a deny leaves out, something may be allowed; of what it lists, nothing.
            let ((Some(Listed::Only(texts)), Effect::Allow) | (Some(Listed::Except(texts)), _)) =
                (&statement.resources, statement.effect)
            else {
                continue;
            };
            for (text, known) in texts.iter().zip(&statement.patterns) {
                let pattern = pattern_of(text, known.as_ref(), request.context, document.has_variables).0;
                let Some(pattern) = pattern else { continue };
                let narrower: Vec<ResourcePattern> =
                    found.iter().filter_map(|other| other.meet(&pattern)).collect();
                if found.len() + narrower.len() <= MAX_CANDIDATES {
                    found.extend(narrower);
                }
            }
        }
    }
    found.into_iter().collect()
}

fn decide(candidate: &ResourcePattern, request: &Request<'_>, layers: &Layers<'_>) -> (Truth, Vec<Because>) {
    let say = |policies: &[Attached]| said(policies, candidate, request, &|_| true);
    let one = |policy: &Attached| say(std::slice::from_ref(policy));
    let principal = request.principal;
    let mut parts: Vec<Said> = Vec::new();
    let mut allow = |said: Said| {
        let allow = said.allow.clone();
        parts.push(said);
        allow
    };
    let identity = allow(say(layers.identity));
    let limit = |mut said: Said| {
        said.because.iter_mut().for_each(|because| because.limits = true);
        said
    };
    let boundary = layers.boundary.map_or(Truth::True, |policy| allow(limit(one(policy))));
    let session = layers.session.map_or(Truth::True, |policy| allow(limit(one(policy))));
    let limits = boundary.clone().and(session.clone());
    let mut granted = identity.and(limits.clone());
    if let Some(policy) = layers.resource {
        let by = |meant: &[Meant]| {
            said(std::slice::from_ref(policy), candidate, request, &|statement| {
                meant.contains(&meaning(statement, principal))
            })
        };
        if layers.cross_account {
            granted = granted.and(allow(by(&[Meant::Account, Meant::Role, Meant::Directly])));
        } else {
            let directly = by(&[Meant::Directly]).allow;
            let as_role = by(&[Meant::Role]).allow;
            granted = granted.or(directly).or(as_role.and(limits));
            let _ = allow(by(&[Meant::Account, Meant::Role, Meant::Directly]));
        }
    } else if layers.cross_account {
        granted = granted.and(Truth::unknown(Reason::Policy("of the resource".to_owned())));
    }
    if !(principal.service_linked || principal.management) {
        granted = granted.and(all(layers.scps.iter().map(|level| allow(limit(say(level))))));
    }
    if !principal.service_linked {
        granted = granted.and(all(layers.rcps.iter().map(|level| allow(limit(say(level))))));
    }
    let denied = parts.iter().fold(Truth::False, |denied, said| denied.or(said.deny.clone()));
    let mut truth = granted.and(!denied);
    let exceptions: Vec<&Exception> = parts.iter().flat_map(|said| &said.exceptions).collect();
    // Something is left where one resource is known that nothing takes away.
    let is_left =
        || candidate.samples().iter().any(|sample| !exceptions.iter().any(|part| part.takes(sample)));
    if truth != Truth::False && !exceptions.is_empty() && !is_left() {
        truth = truth.and(Truth::unknown(Reason::Exceptions));
    }
    (truth, parts.into_iter().flat_map(|said| said.because).collect())
}

/// What policies of one layer say to a resource, of the statements that `concerns` lets through.
fn said(
    policies: &[Attached],
    candidate: &ResourcePattern,
    request: &Request<'_>,
    concerns: &dyn Fn(&Statement) -> bool,
) -> Said {
    let mut said =
        Said { allow: Truth::False, deny: Truth::False, exceptions: Vec::new(), because: Vec::new() };
    // What is allowed but for some of it.
    let (mut in_part, mut left_out) = (Truth::False, Vec::new());
    for policy in policies {
        let Some(document) = &policy.document else {
            let unread = Truth::unknown(Reason::Policy(policy.name.clone()));
            said.allow = said.allow.or(unread.clone());
            said.deny = said.deny.or(unread);
            continue;
        };
        for (number, statement) in (1..).zip(&document.statements) {
            if !statement.names(request.action) || !concerns(statement) {
                continue;
            }
            let (relation, certain) = relation(statement, candidate, request.context, document.has_variables);
            if relation == Relation::Disjoint {
                continue;
            }
            let tests =
                statement.tests.iter().map(|test| holds(test, request.context, document.has_variables));
            let strange = statement.strange.iter().map(|name| Truth::unknown(Reason::Element(name.clone())));
            let applies = all(tests.chain(strange)).and(certain);
            if applies == Truth::False {
                continue;
            }
            match (statement.effect, relation, &statement.resources) {
                // A part that is listed is a candidate of its own.
                (Effect::Allow, Relation::Overlaps, Some(Listed::Only(_))) => {
                    said.allow = said.allow.or(applies.and(Truth::unknown(Reason::Part)));
                }
                (Effect::Allow, Relation::Overlaps, _) => {
                    left_out.push(exception(statement, request.context, document.has_variables));
                    in_part = in_part.or(applies);
                }
                (Effect::Allow, ..) => said.allow = said.allow.or(applies),
                (Effect::Deny, Relation::Overlaps, _) => {
                    said.exceptions.push(exception(statement, request.context, document.has_variables));
                }
                (Effect::Deny, ..) => said.deny = said.deny.or(applies),
            }
            said.because.push(Because {
                policy: policy.name.clone(),
                statement: number,
                sid: statement.sid.clone(),
                effect: statement.effect,
                by_name: statement.names_service_of(request.action),
                limits: false,
            });
        }
    }
    if said.allow != Truth::True {
        said.allow = said.allow.or(in_part);
        said.exceptions.append(&mut left_out);
    }
    said
}

/// What a statement that speaks of a part of a resource takes away from it: an allow that lists exceptions, or a deny.
fn exception(statement: &Statement, context: &Context, has_variables: bool) -> Exception {
    let (Some(Listed::Only(texts) | Listed::Except(texts)), is_except) =
        (&statement.resources, matches!(statement.resources, Some(Listed::Except(_))))
    else {
        return Exception { patterns: Vec::new(), is_rest: true };
    };
    let is_rest = is_except && statement.effect == Effect::Deny;
    let pattern = |(text, known): (&String, &Option<ResourcePattern>)| {
        match pattern_of(text, known.as_ref(), context, has_variables) {
            // What may or may not be kept from a deny is not known to be.
            (_, Truth::Unknown(_)) if is_rest => None,
            (pattern, _) => pattern.map(Cow::into_owned),
        }
    };
    Exception { patterns: texts.iter().zip(&statement.patterns).filter_map(pattern).collect(), is_rest }
}

/// How what a statement is about lies to a resource, and whether that is certain.
fn relation(
    statement: &Statement,
    candidate: &ResourcePattern,
    context: &Context,
    has_variables: bool,
) -> (Relation, Truth) {
    let (texts, is_exception) = match &statement.resources {
        None => return (Relation::Covers, Truth::True),
        Some(Listed::Only(texts)) => (texts, false),
        Some(Listed::Except(texts)) => (texts, true),
    };
    // The widest relation of a certain pattern, and of one that is not.
    let (mut certain, mut possible) = (Relation::Disjoint, Relation::Disjoint);
    let mut open = Truth::True;
    for (text, known) in texts.iter().zip(&statement.patterns) {
        let (pattern, truth) = pattern_of(text, known.as_ref(), context, has_variables);
        let Some(pattern) = pattern else { continue };
        let found = pattern.relation_to(candidate);
        if found == Relation::Disjoint {
            continue;
        }
        if truth == Truth::True {
            certain = wider(certain, found);
        } else {
            possible = wider(possible, found);
            open = open.and(truth);
        }
    }
    let (relation, truth) = if certain == Relation::Covers || possible == Relation::Disjoint {
        (certain, Truth::True)
    } else {
        (wider(certain, possible), open)
    };
    if !is_exception {
        return (relation, truth);
    }
    match relation {
        Relation::Covers if truth == Truth::True => (Relation::Disjoint, truth),
        // An exception that may or may not be meant leaves it open whether the statement speaks of this resource.
        Relation::Covers | Relation::Disjoint => (Relation::Covers, truth),
        Relation::Overlaps => (Relation::Overlaps, truth),
    }
}

fn wider(a: Relation, b: Relation) -> Relation {
    match (a, b) {
        (Relation::Covers, _) | (_, Relation::Covers) => Relation::Covers,
        (Relation::Overlaps, _) | (_, Relation::Overlaps) => Relation::Overlaps,
        _ => Relation::Disjoint,
    }
}

/// The pattern of a resource with its variables replaced, those that are unknown by `*`, and whether that is certain. None
/// where it matches nothing. `known` is the pattern where it has none.
fn pattern_of<'p>(
    text: &str,
    known: Option<&'p ResourcePattern>,
    context: &Context,
    has_variables: bool,
) -> (Option<Cow<'p, ResourcePattern>>, Truth) {
    if let Some(known) = known {
        return (Some(Cow::Borrowed(known)), Truth::True);
    }
    let parsed = |text: &str| ResourcePattern::parse(text).map(Cow::Owned);
    match resolved(text, context, has_variables) {
        Ok(text) => (text.and_then(|text| parsed(&text)), Truth::True),
        Err(key) => {
            let mut wide = String::with_capacity(text.len());
            let mut rest = text;
            while let Some((before, after)) = rest.split_once("${") {
                wide.push_str(before);
                wide.push('*');
                rest = after.split_once('}').map_or("", |(_, rest)| rest);
            }
            wide.push_str(rest);
            (parsed(&wide), Truth::unknown(Reason::Key(key.to_ascii_lowercase())))
        }
    }
}

fn meaning(statement: &Statement, who: &Principal) -> Meant {
    let of = |(kind, name): &(String, String)| -> Meant {
        let is_user = who.arn.contains(":user/");
        match kind.as_str() {
            "*" => Meant::Role,
            "AWS" if name == "*" => Meant::Role,
            "AWS" if *name == who.arn => {
                if is_user {
                    Meant::Directly
                } else {
                    Meant::Role
                }
            }
            "AWS" if *name == who.account || name.ends_with(&format!("::{}:root", who.account)) => {
                Meant::Account
            }
            _ => Meant::Not,
        }
    };
    let best =
        |all: &[(String, String)]| all.iter().map(of).max_by_key(|meant| *meant as u8).unwrap_or(Meant::Not);
    match &statement.principals {
        None => Meant::Role,
        Some(Principals::Only(all)) => match (best(all), statement.effect) {
            // Whoever denies an account denies everyone in it.
            (Meant::Account, Effect::Deny) => Meant::Role,
            (meant, _) => meant,
        },
        Some(Principals::Except(all)) => {
            if best(all) == Meant::Not {
                Meant::Role
            } else {
                Meant::Not
            }
        }
    }
}
