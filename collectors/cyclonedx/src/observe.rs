//! A bill as observations: packages that rules know, models, and what the subject of the bill is known by.

use asmm_model::{
    Claim, Component as Seen, ComponentKind, Evidence, EvidenceClass, Fact, JoinStrength, Key, Model,
    Observation, Place, Role, Scope, SystemKind,
};
use muster_collect::url;
use muster_rules::RulePack;

use crate::bill::{Bill, Component, package};

/// Characters of a name that is told.
const LONGEST: usize = 200;

/// Everything that a bill says about AI.
pub(crate) fn observe(pack: &RulePack, target: &str, bill: &Bill) -> Vec<Observation> {
    let subject = bill.metadata.component.as_ref();
    let name = subject.map(|subject| subject.name.as_str()).filter(|name| !name.is_empty());
    let scope = Scope {
        target: target.to_owned(),
        root: String::new(),
        name: short(name.unwrap_or("bill of materials")).to_owned(),
    };
    let tools: Vec<&str> = bill.metadata.tools.names().take(3).collect();
    let listed =
        if tools.is_empty() { "listed".to_owned() } else { format!("listed by {}", tools.join(", ")) };
    let mut facts = Vec::new();
    let mut asks = false;
    for component in &bill.components {
        if component.kind == "machine-learning-model" && !component.name.is_empty() {
            asks = true;
            facts.push(Fact::Model(model(component, &listed)));
        }
        for (rule, seen) in known(pack, component, &listed) {
            asks |= matches!(rule, ComponentKind::ProviderSdk | ComponentKind::AgentFramework);
            facts.push(Fact::Component(seen));
        }
    }
    if asks {
        // A bill lists parts. What the code makes of them, it does not say.
        facts.push(Fact::System {
            kind: SystemKind::Pipeline,
            role: Role::Production,
            complete: false,
            tools_complete: false,
        });
        facts.extend(subject.into_iter().flat_map(keys).map(Fact::Key));
    }
    facts.into_iter().map(|fact| Observation { scope: scope.clone(), fact }).collect()
}

fn at(component: &Component, listed: &str) -> Evidence {
    let what = component.purl.as_deref().map_or(component.name.as_str(), plain);
    Evidence::at(Place::locator(format!("components: {}", short(what))), Role::Production)
        .of(EvidenceClass::Manifest)
        .noting(listed.to_owned())
}

fn model(component: &Component, listed: &str) -> Model {
    let name = if component.group.is_empty() {
        component.name.clone()
    } else {
        format!("{}/{}", component.group, component.name)
    };
    Model {
        name: short(&name).to_owned(),
        provider: None,
        pinned: component.version.as_ref().is_some_and(|version| !version.is_empty()),
        evidence: vec![at(component, listed)],
    }
}

/// What rules know a package as.
fn known(pack: &RulePack, component: &Component, listed: &str) -> Vec<(ComponentKind, Seen)> {
    let Some(purl) = component.purl.as_deref() else { return Vec::new() };
    let Some((ecosystem, name)) = package(purl) else { return Vec::new() };
    let rules = pack.package(&ecosystem, &name);
    let found = rules.into_iter().filter_map(|rule| {
        let rule = pack.rule(rule);
        let kind = rule.kind?;
        let evidence = vec![at(component, listed).by(rule.id.to_string())];
        let seen = Seen {
            package: Some(short(&name).to_owned()),
            version: component.version.as_deref().map(|version| short(version).to_owned()),
            purl: Some(short(plain(purl)).to_owned()),
            ..Seen::named(kind, rule.name.clone(), Role::Production, evidence)
        };
        Some((kind, seen))
    });
    found.collect()
}

/// What the subject is known by elsewhere: the repository that it was made from, and the image that it is.
fn keys(subject: &Component) -> Vec<Key> {
    let mut found = Vec::new();
    let mut say = |claim, value: Option<String>, strength, at: &str| {
        if let Some(value) = value {
            found.push(Key { claim, value, strength, place: Place::locator(at) });
        }
    };
    for reference in subject.references.iter().filter(|reference| reference.kind == "vcs") {
        let at = "metadata.component.externalReferences";
        say(Claim::ComesFrom, url::repository(&reference.url), JoinStrength::Strong, at);
    }
    let at = "metadata.component.purl";
    let purl = subject.purl.as_deref().unwrap_or_default();
    for (host, prefix) in [("github.com", "pkg:github/"), ("bitbucket.org", "pkg:bitbucket/")] {
        if let Some(path) = purl.strip_prefix(prefix).and_then(|rest| rest.split(['@', '?', '#']).next()) {
            say(Claim::ComesFrom, url::repository(&format!("{host}/{path}")), JoinStrength::Strong, at);
        }
    }
    if subject.kind == "container" {
        let at = "metadata.component.name";
        say(Claim::RunsImage, url::image(&subject.name), JoinStrength::Strong, at);
        let digest = url::digest(&subject.name).or(subject.version.as_deref().filter(|v| is_digest(v)));
        say(Claim::RunsDigest, digest.map(str::to_owned), JoinStrength::Strong, at);
    }
    found
}

/// A package URL without its qualifiers: an address among them may hold a password.
fn plain(purl: &str) -> &str {
    purl.split(['?', '#']).next().unwrap_or(purl)
}

fn is_digest(version: &str) -> bool {
    url::digest(&format!("x@{version}")).is_some()
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}
