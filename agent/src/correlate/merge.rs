//! What is reported more than once becomes one entry with all of its evidence.
//!
//! Every entry is made from its whole group by functions that know no order, so that neither the order of the reports
//! nor their number shows in it.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Claimed, Component, Control, Effect, Evidence, Gate, Identity, IdentityKind, Model, Owner, Tool, Trigger,
};

/// Pieces of evidence that one entry lists; the best ones.
const LISTED: usize = 25;

/// Groups by a key and makes one of each group, in the order of the keys.
fn by<T, K: Ord>(items: Vec<T>, key: impl Fn(&T) -> K, one: impl Fn(Vec<T>) -> Option<T>) -> Vec<T> {
    let mut groups: BTreeMap<K, Vec<T>> = BTreeMap::new();
    for item in items {
        groups.entry(key(&item)).or_default().push(item);
    }
    groups.into_values().filter_map(one).collect()
}

/// Sorted, without doubles, and no longer than a reader wants.
pub(super) fn evidence(lists: impl IntoIterator<Item = Vec<Evidence>>) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = lists.into_iter().flatten().collect();
    all.sort_by(Evidence::order);
    all.dedup_by(|a, b| a.order(b).is_eq());
    all.truncate(LISTED);
    all
}

/// Of the optional texts of a group, the one that every order of the group gives.
fn any<'a>(texts: impl Iterator<Item = &'a Option<String>>) -> Option<String> {
    texts.flatten().min().cloned()
}

/// One component per kind, name, package and ecosystem: the same name in two ecosystems is two packages.
pub(super) fn components(components: Vec<Component>) -> Vec<Component> {
    let mut packages: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    let mut ecosystems: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for component in &components {
        let name = (component.kind, component.name.clone());
        packages.entry(name.clone()).or_default().extend(component.package.clone());
        ecosystems.entry((name, component.package.clone())).or_default().extend(ecosystem(component));
    }
    // Code that uses a component does not say which package brings it, and a manifest not always from where; where
    // only one is known, it is that one.
    let key = |component: &Component| {
        let name = (component.kind, component.name.clone());
        let package = component.package.clone().or_else(|| only(packages.get(&name)));
        let package = (name, package);
        let ecosystem = ecosystem(component).or_else(|| only(ecosystems.get(&package)));
        (package, ecosystem)
    };
    by(components, key, component)
}

/// The package URL type: `pypi`, `npm`.
fn ecosystem(component: &Component) -> Option<String> {
    let (ecosystem, _) = component.purl.as_deref()?.strip_prefix("pkg:")?.split_once('/')?;
    Some(ecosystem.to_owned())
}

fn only(texts: Option<&BTreeSet<String>>) -> Option<String> {
    texts.filter(|texts| texts.len() == 1)?.first().cloned()
}

fn component(group: Vec<Component>) -> Option<Component> {
    let stated = |c: &Component| {
        c.version.clone().map(|version| (is_exact(&version), version, c.purl.is_some(), c.purl.clone()))
    };
    // Version and package URL are taken from one report, so that they agree.
    let (version, purl) = match group.iter().filter_map(stated).max() {
        Some((_, version, true, purl)) => (Some(version), purl),
        Some((_, version, false, _)) => (Some(version), any(group.iter().map(|c| &c.purl))),
        None => (None, any(group.iter().map(|c| &c.purl))),
    };
    let first = group.first()?;
    let role = group.iter().map(|c| c.role).min()?;
    Some(Component {
        kind: first.kind,
        name: first.name.clone(),
        package: any(group.iter().map(|c| &c.package)),
        version,
        purl,
        // Asked for in one place and brought along in another is asked for.
        direct: group.iter().filter_map(|c| c.direct).max(),
        role,
        tools: tools(group.iter().flat_map(|c| c.tools.clone()).collect()),
        // The most open way counts, of what is in use: tests connect to other servers.
        access: group.iter().filter(|c| c.role == role).filter_map(|c| c.access).min(),
        evidence: evidence(group.into_iter().map(|c| c.evidence)),
    })
}

/// Whether a version is one version and no range, as lock files have it.
fn is_exact(version: &str) -> bool {
    let version = version.trim_start_matches(['=', 'v', ' ']);
    version.starts_with(|c: char| c.is_ascii_digit())
        && !version.contains(|c: char| ",|*<>~^ ".contains(c))
        && !version.contains(".x")
}

/// One identity per kind and name; keys of one kind are told apart where they have fingerprints, and roles of one name by
/// their accounts.
pub(super) fn identities(identities: Vec<Identity>) -> Vec<Identity> {
    let mut merged =
        by(identities, |i| (i.kind, i.name.clone(), i.fingerprint.clone(), i.arn.clone()), identity);
    // What code declares by its name alone is the role of that name that an account shows, where there is one and no more.
    let mut arns: BTreeMap<(IdentityKind, String), BTreeSet<String>> = BTreeMap::new();
    for one in &merged {
        if let Some(arn) = &one.arn {
            arns.entry((one.kind, one.name.clone())).or_default().insert(arn.clone());
        }
    }
    let mut is_met = false;
    for one in merged.iter_mut().filter(|one| one.arn.is_none() && one.kind == IdentityKind::CloudRole) {
        if let Some(known) = arns.get(&(one.kind, one.name.clone())).filter(|arns| arns.len() == 1) {
            one.arn = known.first().cloned();
            is_met = true;
        }
    }
    if is_met {
        merged = by(merged, |i| (i.kind, i.name.clone(), i.fingerprint.clone(), i.arn.clone()), identity);
    }
    merged
}

fn identity(group: Vec<Identity>) -> Option<Identity> {
    let first = group.first()?;
    Some(Identity {
        kind: first.kind,
        name: first.name.clone(),
        privilege: group.iter().filter_map(|i| i.privilege).max(),
        may_ask: group.iter().filter_map(|i| i.may_ask).max(),
        arn: any(group.iter().map(|i| &i.arn)),
        fingerprint: first.fingerprint.clone(),
        assumed_by: group
            .iter()
            .flat_map(|i| i.assumed_by.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        // It is told when all systems are known.
        shared_with: Vec::new(),
        // One line that names it is enough.
        inferred: group.iter().all(|i| i.inferred),
        evidence: evidence(group.into_iter().map(|i| i.evidence)),
    })
}

/// One model per name.
pub(super) fn models(models: Vec<Model>) -> Vec<Model> {
    by(models, |m| m.name.clone(), model)
}

fn model(group: Vec<Model>) -> Option<Model> {
    let first = group.first()?;
    Some(Model {
        name: first.name.clone(),
        provider: any(group.iter().map(|m| &m.provider)),
        pinned: group.iter().any(|m| m.pinned),
        evidence: evidence(group.into_iter().map(|m| m.evidence)),
    })
}

/// One tool per name, with the strongest effect and the weakest gate that is known.
pub(super) fn tools(tools: Vec<Tool>) -> Vec<Tool> {
    by(tools, |t| t.name.clone(), tool)
}

fn tool(group: Vec<Tool>) -> Option<Tool> {
    let first = group.first()?;
    Some(Tool {
        name: first.name.clone(),
        effect: group.iter().map(|t| t.effect).max().unwrap_or(Effect::Unknown),
        // From `each` over `some` to `none`, as they are declared: the largest is the weakest.
        gate: group.iter().map(|t| t.gate).filter(|g| *g != Gate::Unknown).max().unwrap_or(Gate::Unknown),
        evidence: evidence(group.into_iter().map(|t| t.evidence)),
    })
}

/// One trigger per kind, value and place.
pub(super) fn triggers(triggers: Vec<Trigger>) -> Vec<Trigger> {
    by(triggers, |t| (t.kind, t.value.clone(), t.place.clone()), trigger)
}

fn trigger(group: Vec<Trigger>) -> Option<Trigger> {
    let first = group.first()?;
    Some(Trigger {
        kind: first.kind,
        value: first.value.clone(),
        place: first.place.clone(),
        runs: any(group.iter().map(|t| &t.runs)),
        evidence: evidence(group.into_iter().map(|t| t.evidence)),
    })
}

/// One control per kind and name. It is in place where nothing says that it is not.
pub(super) fn controls(controls: Vec<Control>) -> Vec<Control> {
    by(controls, |c| (c.kind, c.name.clone()), control)
}

fn control(group: Vec<Control>) -> Option<Control> {
    let first = group.first()?;
    Some(Control {
        kind: first.kind,
        name: first.name.clone(),
        in_place: group.iter().filter_map(|c| c.in_place).min(),
        evidence: evidence(group.into_iter().map(|c| c.evidence)),
    })
}

/// Claims, each once, in the order of the criteria.
pub(super) fn claims(mut claims: Vec<Claimed>) -> Vec<Claimed> {
    claims.sort();
    claims.dedup();
    claims
}

/// One suggestion per source and name, at its first place.
pub(super) fn owners(mut owners: Vec<Owner>) -> Vec<Owner> {
    owners.sort();
    owners.dedup_by(|a, b| (a.source, &a.name) == (b.source, &b.name));
    owners
}

#[cfg(test)]
mod tests {
    use asmm_model::{Access, ComponentKind, IdentityKind, Place, Privilege, Role};

    use super::*;

    fn seen(path: &str, line: u32) -> Vec<Evidence> {
        vec![Evidence::at(Place::line(path, line), Role::Production)]
    }

    fn reached(role: Role, access: Access) -> Component {
        Component { kind: ComponentKind::Mcp, role, access: Some(access), ..bare("mcp", "a.py") }
    }

    #[test]
    fn of_several_ways_to_a_server_the_most_open_one_in_use_counts() {
        let one = |group: &[Component]| components(group.to_vec()).remove(0).access;
        let key = reached(Role::Production, Access::Key);
        assert_eq!(one(&[key.clone(), reached(Role::Production, Access::Remote)]), Some(Access::Remote));
        assert_eq!(one(&[reached(Role::Test, Access::Open), key.clone()]), Some(Access::Key));
        assert_eq!(one(&[Component { access: None, ..key.clone() }, key]), Some(Access::Key));
    }

    fn bare(name: &str, path: &str) -> Component {
        Component {
            kind: ComponentKind::ProviderSdk,
            name: name.to_owned(),
            package: None,
            version: None,
            purl: None,
            direct: None,
            role: Role::Production,
            tools: Vec::new(),
            access: None,
            evidence: seen(path, 1),
        }
    }

    fn packaged(name: &str, package: &str, version: &str, path: &str) -> Component {
        Component {
            package: Some(package.to_owned()),
            version: Some(version.to_owned()),
            purl: Some(format!("pkg:pypi/{package}@{version}")),
            ..bare(name, path)
        }
    }

    #[test]
    fn code_and_manifest_and_lock_file_show_one_component() {
        let reports = vec![
            Component { role: Role::Test, ..bare("openai", "tests/a.py") },
            Component {
                direct: Some(true),
                purl: None,
                ..packaged("openai", "openai", ">=1.2", "pyproject.toml")
            },
            Component { direct: Some(false), ..packaged("openai", "openai", "1.30.1", "uv.lock") },
        ];
        let merged = components(reports.clone());
        let evidence = [seen("pyproject.toml", 1), seen("tests/a.py", 1), seen("uv.lock", 1)].concat();
        assert_eq!(merged, [Component { direct: Some(true), evidence, ..reports[2].clone() }]);
    }

    #[test]
    fn one_name_in_two_ecosystems_is_two_packages() {
        let npm =
            Component { purl: Some("pkg:npm/openai@4".to_owned()), ..packaged("openai", "openai", "4", "a") };
        let pypi = packaged("openai", "openai", "1", "b");
        let bare = bare("openai", "c.py");
        let merged = components(vec![npm.clone(), pypi.clone(), bare.clone()]);
        assert_eq!(merged, [bare, npm, pypi]);
    }

    #[test]
    fn use_is_not_ascribed_to_one_of_several_packages() {
        let merged = components(vec![
            packaged("langchain", "langchain-core", "0.3", "r.txt"),
            packaged("langchain", "langchain-openai", "0.2", "r.txt"),
            bare("langchain", "a.py"),
        ]);
        let packages: Vec<Option<&str>> = merged.iter().map(|c| c.package.as_deref()).collect();
        assert_eq!(packages, [None, Some("langchain-core"), Some("langchain-openai")]);
    }

    #[test]
    fn a_version_is_exact_when_it_is_no_range() {
        let exact = |version: &&str| is_exact(version);
        let all = ["1.2.3", "==1.2", "v0.39.0", "^1.2", ">=1,<2", "1.*", "1.x", "*", "latest", "1 || 2", ""];
        let exact: Vec<&str> = all.into_iter().filter(exact).collect();
        assert_eq!(exact, ["1.2.3", "==1.2", "v0.39.0"]);
    }

    #[test]
    fn a_tool_keeps_the_strongest_effect_and_the_weakest_known_gate() {
        let report = |effect, gate, line| Tool {
            name: "refund".to_owned(),
            effect,
            gate,
            evidence: seen("tools.py", line),
        };
        let merged = tools(vec![
            report(Effect::Read, Gate::Unknown, 3),
            report(Effect::Pay, Gate::Each, 1),
            report(Effect::Unknown, Gate::Some, 2),
            report(Effect::Pay, Gate::Each, 1),
        ]);
        let evidence = [seen("tools.py", 1), seen("tools.py", 2), seen("tools.py", 3)].concat();
        assert_eq!(merged, [Tool { evidence, ..report(Effect::Pay, Gate::Some, 0) }]);
    }

    #[test]
    fn a_role_that_code_declares_by_name_is_the_one_role_of_that_name() {
        let role = |arn: Option<&str>| Identity {
            arn: arn.map(str::to_owned),
            ..Identity::named(IdentityKind::CloudRole, "desk", Vec::new())
        };
        let arns = |given: &[Option<&str>]| -> Vec<Option<String>> {
            identities(given.iter().map(|arn| role(*arn)).collect()).into_iter().map(|one| one.arn).collect()
        };
        assert_eq!(arns(&[None, Some("a")]), [Some("a".to_owned())]);
        // Of two accounts, it is not known which one it is in.
        assert_eq!(arns(&[Some("b"), None, Some("a")]), [None, Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[test]
    fn an_identity_that_one_line_names_is_not_inferred() {
        let report = |inferred, privilege| Identity {
            kind: IdentityKind::EnvCredential,
            name: "OPENAI_API_KEY".to_owned(),
            privilege,
            may_ask: None,
            arn: None,
            fingerprint: None,
            assumed_by: Vec::new(),
            shared_with: Vec::new(),
            inferred,
            evidence: seen("a.py", 1),
        };
        let merged = identities(vec![report(true, None), report(false, Some(Privilege::Write))]);
        assert_eq!(merged, [report(false, Some(Privilege::Write))]);
    }

    #[test]
    fn owners_stand_once_and_the_best_source_first() {
        use asmm_model::OwnerSource::{Backstage, Codeowners, PackageAuthor};
        let owner =
            |source, name: &str, line| Owner { source, name: name.to_owned(), place: Place::line("x", line) };
        let merged = owners(vec![
            owner(PackageAuthor, "Ada", 1),
            owner(Codeowners, "@b", 9),
            owner(Codeowners, "@b", 2),
            owner(Codeowners, "@a", 3),
            owner(Backstage, "team-z", 7),
        ]);
        let expected = [
            owner(Backstage, "team-z", 7),
            owner(Codeowners, "@a", 3),
            owner(Codeowners, "@b", 2),
            owner(PackageAuthor, "Ada", 1),
        ];
        assert_eq!(merged, expected);
    }

    #[test]
    fn evidence_is_sorted_single_and_bounded() {
        let many: Vec<Vec<Evidence>> =
            (1..=40).rev().flat_map(|n| [seen("a.py", n), seen("a.py", n)]).collect();
        let expected: Vec<Evidence> = (1..=25).flat_map(|n| seen("a.py", n)).collect();
        assert_eq!(evidence(many), expected);
    }
}
