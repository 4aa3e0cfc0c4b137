//! What the systems of a target are known by elsewhere: the repository that they are kept in, and the images made from them.

use std::collections::BTreeSet;
use std::sync::Arc;

use asmm_model::{Claim, Fact, Gap, JoinStrength, Key, Observation, Place, Scope};
use muster_collect::url;

use crate::assistants::Assistant;
use crate::starters::{Known, NAME, OWNER, REPOSITORY};
use crate::survey::Survey;
use crate::workloads::Runs;

/// Keys of all systems, and what there was too much of to tell. `origin` is the repository that the target is a copy of.
pub(crate) fn known_elsewhere(
    survey: &Survey,
    origin: Option<&str>,
    assistants: &[Assistant],
    observations: &[Observation],
) -> (Vec<Observation>, Option<Gap>) {
    let is_system = |observation: &&Observation| matches!(observation.fact, Fact::System { .. });
    let systems: BTreeSet<&Scope> = observations.iter().filter(is_system).map(|o| &o.scope).collect();
    let says = |scope: &Scope, key: Key| Observation { scope: scope.clone(), fact: Fact::Key(key) };
    let mut found = Vec::new();
    if let Some(origin) = origin {
        let place = Place::locator(".git/config, remote origin");
        let key =
            Key { claim: Claim::KeptIn, value: origin.to_owned(), strength: JoinStrength::Strong, place };
        found.extend(systems.iter().map(|scope| says(scope, key.clone())));
    }
    let runs = Runs::of(survey, &systems);
    for (path, known) in &survey.known {
        // Where the target is a copy of a repository, a label may still name the one that it was forked from.
        if known.claim == Claim::KeptIn && origin.is_some() {
            continue;
        }
        if let Some(scope) = runs.system(path, &known.runs)
            && let Some(key) = key(path, known, origin)
        {
            found.push(says(&scope, key));
        }
    }
    for (assistant, line) in assistants.iter().filter_map(|a| a.vouched.map(|line| (a, line))) {
        let Some(repository) = origin.and_then(|origin| origin.strip_prefix("github.com/")) else { break };
        let value = format!("token.actions.githubusercontent.com:repo:{repository}");
        let place = Place::line(&*assistant.path, line.max(1));
        let key = Key { claim: Claim::VouchedFor, value, strength: JoinStrength::Strong, place };
        let own = systems.iter().filter(|scope| scope.root == *assistant.path);
        found.extend(own.map(|scope| says(scope, key.clone())));
    }
    (found, runs.gap())
}

/// A key, where what it says is known in full.
fn key(path: &Arc<str>, known: &Known, origin: Option<&str>) -> Option<Key> {
    let mut value = known.value.clone();
    if let Some((_, repository)) = origin.and_then(|origin| origin.split_once('/')) {
        let (owner, _) = repository.rsplit_once('/')?;
        let (_, name) = repository.rsplit_once('/')?;
        for (stands, it) in [(REPOSITORY, repository), (OWNER, owner), (NAME, name)] {
            value = value.replace(stands, it);
        }
    }
    let value = match known.claim {
        Claim::BuildsImage => url::image(&value)?,
        Claim::KeptIn => url::repository(&value)?,
        _ => value,
    };
    let place = Place::line(&**path, known.line.max(1));
    Some(Key { claim: known.claim, value, strength: known.strength, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_for_the_repository_is_told_where_that_is_known() {
        let told = |claim, value: &str, origin| {
            let strength = JoinStrength::Strong;
            let known = Known { claim, value: value.to_owned(), strength, line: 3, runs: Vec::new() };
            key(&"ci.yml".into(), &known, origin).map(|key| key.value)
        };
        let origin = Some("github.com/acme/refunds");
        let image = |value: &str, origin| told(Claim::BuildsImage, value, origin);
        assert_eq!(image("ghcr.io/<repository>:1", origin).as_deref(), Some("ghcr.io/acme/refunds"));
        assert_eq!(image("ghcr.io/<owner>/desk", origin).as_deref(), Some("ghcr.io/acme/desk"));
        assert_eq!(image("quay.io/shop/<name>:a", origin).as_deref(), Some("quay.io/shop/refunds"));
        assert_eq!(image("ghcr.io/<repository>:1", None), None);
        let deep = image("registry.gitlab.com/<repository>", Some("gitlab.com/shop/ai/refunds"));
        assert_eq!(deep.as_deref(), Some("registry.gitlab.com/shop/ai/refunds"));
        assert_eq!(told(Claim::KeptIn, "refunds", origin), None, "no address");
    }
}
