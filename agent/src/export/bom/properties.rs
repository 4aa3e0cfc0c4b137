//! What no standard has a field for, as names and values below `muster:`.

use asmm_model::{
    Coverage, DeploymentKind, Evidence, Gap, GapReason, Identity, IdentityKind, Inventory, Owner,
    OwnerSource, Privilege, System, Tool,
};
use serde::Serialize;

use super::{Part, location};

/// A name and a value; names may repeat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(in super::super) struct Property {
    pub(in super::super) name: String,
    pub(in super::super) value: String,
}

fn property(name: impl AsRef<str>, value: impl Into<String>) -> Property {
    Property { name: format!("muster:{}", name.as_ref()), value: value.into() }
}

/// Lowest and highest level: `L4`, `L1-L3`.
pub(in super::super) fn level(system: &System) -> String {
    let [lowest, highest] = system.level;
    if lowest == highest { lowest.to_string() } else { format!("{lowest}-{highest}") }
}

/// Properties of the whole: the run, its targets, what was not seen, and what belongs to no system.
pub(in super::super) fn of_scan(inventory: &Inventory) -> Vec<Property> {
    let scan = &inventory.scan;
    let mut all = vec![property("scan:id", &scan.id), property("scan:rules", &scan.rules)];
    let several = scan.targets.len() > 1;
    for target in &scan.targets {
        all.push(property("scan:target", &target.target));
        let commit = target.commit.as_ref();
        all.extend(commit.map(|commit| property("scan:commit", named(several, &target.target, commit))));
    }
    for coverage in &inventory.coverage {
        let seen = coverage.seen.to_string();
        all.push(property("coverage:seen", named(several, &coverage.target, &seen)));
        all.extend(gaps(coverage, several));
    }
    all.extend(inventory.identities.iter().flat_map(of_identity));
    all
}

/// What was left out on purpose is counted, and what was hidden is told one by one.
fn gaps(coverage: &Coverage, several: bool) -> impl Iterator<Item = Property> {
    let left = |reason: GapReason| {
        let of_reason = coverage.skipped.iter().filter(|gap| gap.why == reason);
        (reason, of_reason.fold(0_u64, |sum, gap| sum.saturating_add(gap.count)))
    };
    let left_out = [GapReason::Generated, GapReason::Ignored].map(left).into_iter();
    let left_out =
        left_out.filter(|(_, count)| *count > 0).map(|(reason, count)| (reason, count.to_string()));
    let hidden = coverage.skipped.iter().filter(|gap| gap.why.hides()).map(|gap| (gap.why, told(gap)));
    let mut all: Vec<Property> = hidden
        .chain(left_out)
        .map(|(why, text)| {
            property(format!("coverage:{}", why.name()), named(several, &coverage.target, &text))
        })
        .collect();
    all.sort();
    all.into_iter()
}

fn told(gap: &Gap) -> String {
    let times = if gap.count == 1 { String::new() } else { format!(" ({} of them)", gap.count) };
    let detail = gap.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{}{times}{detail}", gap.what)
}

/// One target of several has to be named.
fn named(several: bool, target: &str, text: &str) -> String {
    if several { format!("{target}: {text}") } else { text.to_owned() }
}

/// Properties of a system: the answer of the Autonomy Test, and what it is made of that is no component.
pub(in super::super) fn of_system(system: &System) -> Vec<Property> {
    let mut all = vec![
        property("id", system.id.as_str()),
        property("kind", system.kind.name()),
        property("role", system.role.name()),
    ];
    all.extend(system.target.as_ref().map(|target| property("target", target)));
    all.push(property("root", if system.root.is_empty() { "." } else { &system.root }));
    all.push(property("autonomy:verdict", system.verdict.name()));
    all.push(property("autonomy:level", level(system)));
    all.extend(system.confidence.map(|confidence| property("autonomy:confidence", confidence.to_string())));
    all.push(property("approval", system.hitl.name()));
    all.push(property("priority", system.priority.to_string()));
    for (criterion, answer) in system.criteria.iter() {
        let name = format!("criterion:{}", criterion.id());
        all.push(property(&name, answer.ternary().name()));
        let confidence = answer.confidence().map(|confidence| confidence.to_string());
        all.extend(confidence.map(|confidence| property(format!("{name}:confidence"), confidence)));
    }
    all.extend(
        system.settles.iter().map(|fact| property(format!("settles:{}", fact.criterion.id()), &fact.what)),
    );
    all.extend(system.owners.iter().map(of_owner));
    all.extend(system.identities.iter().flat_map(of_identity));
    all.extend(system.tools.iter().map(|tool| {
        property(format!("tool:effect:{}:approval:{}", tool.effect.name(), tool.gate.name()), &tool.name)
    }));
    all.extend(
        system
            .triggers
            .iter()
            .map(|trigger| property(format!("trigger:{}", trigger.kind.name()), &trigger.value)),
    );
    all.extend(system.controls.iter().map(|control| {
        property(format!("control:{}:in-place:{}", control.kind.name(), control.word()), &control.name)
    }));
    all.extend(system.locations.iter().map(|location| {
        let kind = match location.kind {
            DeploymentKind::Repo => "repo",
            DeploymentKind::Aws => "aws",
            DeploymentKind::K8s => "k8s",
            DeploymentKind::Gcp => "gcp",
            DeploymentKind::Azure => "azure",
            DeploymentKind::Ci => "ci",
        };
        property(format!("location:{kind}"), &location.reference)
    }));
    all
}

fn of_owner(owner: &Owner) -> Property {
    let source = match owner.source {
        OwnerSource::Declared => "declared",
        OwnerSource::Backstage => "backstage",
        OwnerSource::Codeowners => "codeowners",
        OwnerSource::Label => "label",
        OwnerSource::PackageAuthor => "package-author",
        OwnerSource::Committer => "committer",
    };
    property(format!("owner:{source}"), &owner.name)
}

/// Its name and what it may do. The fingerprint of a key is left out: these documents go to others.
fn of_identity(identity: &Identity) -> impl Iterator<Item = Property> {
    let kind = match identity.kind {
        IdentityKind::EnvCredential => "env-credential",
        IdentityKind::SecretRef => "secret-ref",
        IdentityKind::CloudRole => "cloud-role",
        IdentityKind::CloudUser => "cloud-user",
        IdentityKind::ServiceAccount => "service-account",
        IdentityKind::WorkflowToken => "workflow-token",
        IdentityKind::OauthClient => "oauth-client",
        IdentityKind::ApiKey => "api-key",
    };
    let privilege = identity.privilege.unwrap_or(Privilege::Unknown).name();
    let named = property(format!("identity:{kind}:privilege:{privilege}"), &identity.name);
    std::iter::once(named).chain(identity.arn.as_ref().map(|arn| property("identity:arn", arn)))
}

/// Properties of a tool that a server offers.
pub(in super::super) fn of_tool(tool: &Tool) -> Vec<Property> {
    vec![
        property("kind", "tool"),
        property("tool:effect", tool.effect.name()),
        property("tool:approval", tool.gate.name()),
    ]
}

/// Properties of a part.
pub(in super::super) fn of_part(part: &Part) -> Vec<Property> {
    let mut all = vec![property("kind", part.kind)];
    all.extend(part.known_as.map(|name| property("name", name)));
    all.extend(part.requirement.map(|requirement| property("requirement", requirement)));
    all.extend(part.direct.map(|direct| property("direct", direct.to_string())));
    all.extend(part.role.map(|role| property("role", role.name())));
    all.extend(part.access.map(|access| property("access", access.name())));
    all.extend(part.provider.map(|provider| property("model:provider", provider)));
    all.extend(part.pinned.map(|pinned| property("model:pinned", pinned.to_string())));
    all
}

/// Where something was seen, for documents that have no field for it.
pub(in super::super) fn places<'a>(evidence: impl Iterator<Item = &'a Evidence>) -> Vec<Property> {
    let place = |one: &Evidence| {
        let line = one.place.line.map(|line| format!(":{line}")).unwrap_or_default();
        property("place", format!("{}{line}", location(&one.place)))
    };
    let mut all: Vec<Property> = evidence.map(place).collect();
    all.sort();
    all.dedup();
    all
}
