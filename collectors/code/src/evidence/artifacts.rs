//! What files show that rules know by their paths: components of the unit around them or of nothing but the repository,
//! and the credentials of the servers that they list.

use asmm_model::{
    Component, ComponentKind, Evidence, EvidenceClass, Fact, Identity, IdentityKind, Observation, Place,
    Scope,
};
use muster_rules::RulePack;

use crate::artifacts::{Artifact, Server};
use crate::role::role_of;

/// Observations of artifacts, in the scope that `home` gives for a path. `asks_models` says whether anything of the target
/// asks a model.
pub(crate) fn artifacts(
    pack: &RulePack,
    artifacts: &[Artifact],
    home: &dyn Fn(&str) -> Scope,
    asks_models: bool,
) -> Vec<Observation> {
    let mut out = Vec::new();
    for artifact in artifacts.iter().filter(|artifact| artifact.means.is_none()) {
        let rule = pack.rule(artifact.rule);
        // Shells and forms have prompts as well.
        if rule.kind == Some(ComponentKind::Prompt) && !asks_models {
            continue;
        }
        let mut scope = home(&artifact.path);
        if is_for_developers(rule.kind, &artifact.path) {
            scope.root = artifact.path.to_string();
            scope.name.clone_from(&rule.name);
        }
        let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
        let role = role_of(&artifact.path);
        let at = |line: u32| {
            Evidence::at(Place::line(&*artifact.path, line), role)
                .by(rule.id.0.clone())
                .of(EvidenceClass::Config)
        };
        if let Some(kind) = rule.kind {
            let shown =
                |line: u32, note: &str| if note.is_empty() { at(line) } else { at(line).noting(note) };
            put(Fact::Component(Component::named(
                kind,
                rule.name.clone(),
                role,
                artifact.shows.iter().map(|shown_at| shown(shown_at.line, &shown_at.note)).collect(),
            )));
        }
        for server in artifact.servers.iter().filter(|server| !server.disabled) {
            put(Fact::Component(component(server, role, at(server.line))));
            for (name, line) in &server.credentials {
                put(Fact::Identity(Identity::named(
                    IdentityKind::EnvCredential,
                    name.clone(),
                    vec![at(*line).noting(format!("of the server `{}`", server.name))],
                )));
            }
        }
    }
    out
}

/// Whether a file is for those who work on the code: what it shows is no part of the application beside it.
fn is_for_developers(kind: Option<ComponentKind>, path: &str) -> bool {
    kind == Some(ComponentKind::CodingAgentConfig) || path.split('/').any(|part| part.starts_with('.'))
}

fn component(server: &Server, role: asmm_model::Role, at: Evidence) -> Component {
    let unattended =
        if server.unattended { "; some of its tools run without a person being asked" } else { "" };
    Component {
        kind: ComponentKind::Mcp,
        name: server.name.clone(),
        package: server.package.as_ref().map(|package| package.name.clone()),
        version: server.package.as_ref().and_then(|package| package.version.clone()),
        purl: None,
        direct: None,
        tools: Vec::new(),
        access: server.access,
        role,
        evidence: vec![at.noting(format!("{}{unattended}", server.reached))],
    }
}
