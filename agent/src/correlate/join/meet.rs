//! Which keys meet: pairs of code and of what runs, with the reasons for each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use asmm_model::{Claim, DeploymentKind, JoinStrength, Key, Reason, System};

use super::Pairs;

/// Things that run of one code, by one key. What more of them have is no sign of one system: a base image, a chart that everybody
/// installs, a repository of everything.
pub(super) const PARTS: usize = 16;
/// Codes of one key that a person is asked about.
const CODES: usize = 3;
/// Names that say nothing.
const PLAIN: [&str; 16] = [
    "agent", "agents", "api", "app", "backend", "bot", "chat", "default", "demo", "frontend", "main",
    "server", "service", "src", "test", "worker",
];

/// Everyone who has a key of one value, on both sides of it.
#[derive(Default)]
struct Meeting<'s> {
    codes: BTreeMap<usize, Vec<&'s Key>>,
    parts: BTreeMap<usize, Vec<&'s Key>>,
}

/// All pairs for which something speaks.
pub(super) fn pairs(systems: &[Box<System>]) -> Pairs {
    let mut meetings: HashMap<(Pair, &str), Meeting<'_>> = HashMap::new();
    for (at, system) in systems.iter().enumerate() {
        for key in &system.keys {
            let Some(pair) = Pair::of(key.claim) else { continue };
            let value = if key.claim == Claim::ComesFrom { repository(&key.value).0 } else { &key.value };
            let meeting = meetings.entry((pair, value)).or_default();
            let side = if key.claim.is_of_code() { &mut meeting.codes } else { &mut meeting.parts };
            side.entry(at).or_default().push(key);
        }
    }
    let mut pairs = Pairs::new();
    // In no order: what speaks for a pair is sorted when all of it is there.
    let meetings: Vec<_> = meetings.into_iter().collect();
    for ((pair, value), meeting) in &meetings {
        // What one workload is given, and one code asks for; of more of either it tells nothing.
        let is_secret = *pair == Pair::Resource && value.contains("/secret/");
        if is_secret && (meeting.codes.len() > 1 || meeting.parts.len() > 1) {
            continue;
        }
        meet(systems, *pair, meeting, &mut pairs);
    }
    for because in pairs.values_mut() {
        because.sort();
        because.dedup();
    }
    names(systems, &mut pairs);
    pairs
}

/// The kind of a key, whichever side it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pair {
    Repository,
    Image,
    Digest,
    Resource,
}

impl Pair {
    /// Nothing for what only roles are told by.
    pub(super) fn of(claim: Claim) -> Option<Self> {
        Some(match claim {
            Claim::KeptIn | Claim::ComesFrom => Self::Repository,
            Claim::BuildsImage | Claim::RunsImage => Self::Image,
            Claim::PinsDigest | Claim::RunsDigest => Self::Digest,
            Claim::Declares | Claim::Is | Claim::Has => Self::Resource,
            Claim::VouchedFor => return None,
        })
    }
}

/// A repository and the folder of it that a value names.
pub(super) fn repository(value: &str) -> (&str, Option<&str>) {
    value
        .split_once('#')
        .map_or((value, None), |(repository, path)| (repository, Some(path.trim_matches('/'))))
}

fn meet(systems: &[Box<System>], pair: Pair, meeting: &Meeting<'_>, pairs: &mut Pairs) {
    if meeting.codes.is_empty() || meeting.parts.is_empty() || meeting.parts.len() > PARTS {
        return;
    }
    for (part, keys) in &meeting.parts {
        for key in keys {
            let (codes, most) = codes(systems, pair, meeting, *part, key);
            for code in codes {
                let own = meeting.codes[&code].iter().min();
                let Some(own) = own.filter(|_| code != *part) else { continue };
                let strength = own.strength.max(key.strength).max(most);
                let says = says(own, key, most);
                let places = vec![own.place.clone(), key.place.clone()];
                pairs.entry((code, *part)).or_default().push(Reason { says, strength, places });
            }
        }
    }
}

/// The codes that a key of a part may mean, and how surely it can mean them at best.
fn codes(
    systems: &[Box<System>],
    pair: Pair,
    meeting: &Meeting<'_>,
    part: usize,
    key: &Key,
) -> (Vec<usize>, JoinStrength) {
    let all: Vec<usize> = meeting.codes.keys().copied().collect();
    let folder = repository(&key.value).1.filter(|_| pair == Pair::Repository);
    let within = |code: &usize| folder.is_none_or(|folder| is_around(&systems[*code].root, folder));
    let narrowed: Vec<usize> = all.iter().copied().filter(within).collect();
    match narrowed.as_slice() {
        [] => {}
        [only] => return (vec![*only], JoinStrength::Strong),
        several if folder.is_some() => {
            let innermost = several.iter().copied().max_by_key(|code| systems[*code].root.len());
            return (innermost.into_iter().collect(), JoinStrength::Strong);
        }
        _ if pair == Pair::Repository => {
            // One of the systems of a repository may go by the name of what runs.
            let called: BTreeSet<&str> = names_of(&systems[part]);
            let named: Vec<usize> =
                all.iter().copied().filter(|code| called.contains(systems[*code].name.as_str())).collect();
            if let [only] = named.as_slice() {
                return (vec![*only], JoinStrength::Medium);
            }
        }
        _ => {}
    }
    // A key that several have tells none of them.
    if all.len() <= CODES { (all, JoinStrength::Weak) } else { (Vec::new(), JoinStrength::Weak) }
}

/// What runs goes by: its own name, and those of its images.
fn names_of(part: &System) -> BTreeSet<&str> {
    let images = part.keys.iter().filter(|key| key.claim == Claim::RunsImage);
    let images = images.filter_map(|key| key.value.rsplit('/').next());
    images.chain([part.name.as_str()]).filter(|name| says_something(name)).collect()
}

fn is_around(root: &str, path: &str) -> bool {
    root.is_empty() || path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

pub(super) fn says_something(name: &str) -> bool {
    name.len() >= 4 && !PLAIN.contains(&name.to_ascii_lowercase().as_str())
}

fn says(code: &Key, part: &Key, most: JoinStrength) -> String {
    let value = &code.value;
    let says = match (code.claim, part.claim) {
        (Claim::KeptIn, _) => {
            format!("says that it comes from the repository `{value}`, where the code is kept")
        }
        (Claim::BuildsImage, _) => format!("runs the image `{value}`, which is made from the code"),
        (Claim::PinsDigest, _) => format!("runs the image `{value}`, which files beside the code pin"),
        (_, Claim::Has) if value.contains("/secret/") => {
            format!("is given the secret `{value}`, which files beside the code ask for")
        }
        (_, Claim::Has) => format!("acts by `{value}`, which files beside the code declare"),
        _ => format!("is `{value}`, which files beside the code declare"),
    };
    match most {
        JoinStrength::Strong => says,
        JoinStrength::Medium => {
            format!("{says}; of the systems that are kept there it has the name of this one")
        }
        JoinStrength::Weak => format!("{says}; other systems have that key as well"),
    }
}

/// Proposes code and what runs that nothing but a name connects, where that name is of two systems only.
fn names(systems: &[Box<System>], pairs: &mut Pairs) {
    let spoken: BTreeSet<usize> = pairs.keys().flat_map(|(code, part)| [*code, *part]).collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, system) in systems.iter().enumerate().filter(|(_, system)| says_something(&system.name)) {
        by_name.entry(&system.name).or_default().push(at);
    }
    let two = |(name, all): (_, Vec<usize>)| <[usize; 2]>::try_from(all).ok().map(|two| (name, two));
    for (name, [a, b]) in by_name.into_iter().filter_map(two).collect::<BTreeMap<&str, _>>() {
        let (code, part) = match (is_code(&systems[a]), is_code(&systems[b])) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => continue,
        };
        if !spoken.contains(&code) && !spoken.contains(&part) && systems[code].target != systems[part].target
        {
            let says = format!("both are called `{name}`, and nothing else that was seen is");
            let because = vec![Reason { says, strength: JoinStrength::Weak, places: Vec::new() }];
            pairs.insert((code, part), because);
        }
    }
}

/// Whether the code of a system was seen.
pub(super) fn is_code(system: &System) -> bool {
    let mut seen = system.locations.iter().filter(|at| at.strength.is_none());
    seen.any(|at| at.kind == DeploymentKind::Repo)
}
