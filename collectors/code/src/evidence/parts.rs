//! The parts of a unit that are systems of their own: its code, its samples, and, where no manifest holds it together,
//! the folders that have nothing to do with each other.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{ComponentKind, Effect, Role};
use muster_rules::{Means, SiteKind};

use super::case::Case;
use crate::detect::{Detection, Hit};
use crate::manifests::unit_folder;
use crate::program::{CallSite, Meaning, ModuleId, Origin, Spot, parent};
use crate::syntax::Expr;
use crate::units::{GENERIC_FOLDERS, Part, SERVICE_PARENTS, part_of};

/// Whether modules use a model: a name in a list or a manifest is no use.
pub(crate) fn is_system(detection: &Detection<'_>, own: &BTreeSet<ModuleId>) -> bool {
    // Stubs of types never run.
    // Who wraps what others call uses nothing of it: names and types of a package stand there for those of its users.
    let wraps = detection.meaning(Means::Wraps).any(|hit| own.contains(&hit.module))
        || own.iter().any(|module| patches(detection, *module));
    let is_stub = |hit: &&Hit| detection.program.module(hit.module).path.ends_with(".pyi");
    let own = detection.hits.iter().filter(|hit| own.contains(&hit.module) && !is_stub(hit));
    own.into_iter().any(|hit| {
        let rule = detection.rule(hit);
        let site = detection.site(hit);
        if runs(site.means) {
            return !wraps || is_own_use(detection, hit);
        }
        let model = matches!(
            rule.kind,
            Some(ComponentKind::ProviderSdk | ComponentKind::AgentFramework | ComponentKind::Serving)
        );
        // What is imported and used in a way that no rule knows is still used. A package of which no rule knows how it
        // would run a model, such as the widgets of a chat window, shows nothing by its import.
        let language = detection.program.module(hit.module).dialect.language();
        let can_run = || rule.sites.iter().any(|s| runs(s.means) && s.languages.contains(&language));
        let shows = !matches!(site.kind, SiteKind::Mention | SiteKind::Text)
            && (site.kind != SiteKind::Import || is_called(detection, hit))
            // What is done with the answer, or before the call, is not the call.
            && matches!(
                site.means,
                Means::Component | Means::Tool | Means::BuiltinTool | Means::Memory | Means::Delegates
            );
        !wraps && shows && model && rule.strength >= 2 && can_run()
    })
}

/// Whether somebody who wraps what others call uses a model all the same: with a call of its own, and not with one that
/// hands on what it was given.
fn is_own_use(detection: &Detection<'_>, hit: &Hit) -> bool {
    let hands_on = hit.call().is_some_and(|site| {
        let call = detection.program.module(site.module).call(site.call);
        let is_spread = |value: &Expr| matches!(value, Expr::Spread(_));
        // What is called came in as an argument, or is given what came in.
        let spot = Spot { module: site.module, function: call.within };
        let came_in = matches!(&call.callee, Expr::Name(name) if detection
            .program
            .origins(spot, name)
            .iter()
            .any(|origin| matches!(origin, Origin::Parameter(..))));
        let given_on =
            !call.arguments.is_empty() && call.arguments.iter().all(|argument| is_spread(&argument.value));
        came_in || given_on
    });
    detection.means(hit) != Means::Client && !hit.name.starts_with('?') && !hands_on
}

/// Whether a module puts something of its own in the place of a function of another package:
/// `Messages.create = wrapped(Messages.create)`.
fn patches(detection: &Detection<'_>, id: ModuleId) -> bool {
    let program = detection.program;
    let module = program.module(id);
    module.settings.iter().any(|setting| {
        let spot = Spot { module: id, function: setting.within };
        let Expr::Call(call) = setting.value else { return false };
        let wrapped = module.call(call).arguments.iter().any(|argument| {
            matches!(&argument.value, Expr::Member(object, name)
                if *name == setting.key && matches!(&**object, Expr::Name(of) if *of == setting.variable))
        });
        let of = Expr::Name(setting.variable.clone());
        wrapped && program.resolve(spot, &of).iter().any(|meaning| matches!(meaning, Meaning::External(_)))
    })
}

/// Whether something of what an import brings is called: an import for a type, or to wrap what others call, is no use.
pub(super) fn is_called(detection: &Detection<'_>, import: &Hit) -> bool {
    let program = detection.program;
    let module = program.module(import.module);
    let below = |name: &str| {
        name.strip_prefix(&*import.name).is_some_and(|rest| {
            let parts: Vec<&str> = rest.split(['.', '#', '/']).filter(|part| !part.is_empty()).collect();
            let is_constant = |part: &&str| {
                part.starts_with("__") || part.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            };
            !parts.is_empty() && rest.starts_with(['.', '#', '/']) && !parts.iter().any(is_constant)
        })
    };
    // What a rule knows to change nothing, such as a message that is put together, runs no model either.
    let is_plain = |site: CallSite| {
        let mut known = detection.on_call(site).filter(|hit| detection.means(hit) == Means::Effect);
        known.any(|hit| detection.site(hit).effect == Some(Effect::Read))
    };
    let called = (0u32..).zip(&module.calls).any(|(call, _)| {
        let site = CallSite { module: import.module, call };
        program.callee(site).iter().any(|m| matches!(m, Meaning::External(name) if below(name)))
            && !is_plain(site)
    });
    // What is handed to a function of the project may be called there, unless it is a value of that kind.
    let language = module.dialect.language();
    let is_value = |name: &str| {
        let sites = detection.sites(language, SiteKind::Call, name);
        sites.iter().map(|at| detection.pack.site(*at)).any(|site| site.effect == Some(Effect::Read))
    };
    let handed = || {
        (0u32..).zip(&module.calls).any(|(call, found)| {
            let site = CallSite { module: import.module, call };
            let spot = Spot { module: import.module, function: found.within };
            let is_own = program.targets(site).next().is_some();
            is_own
                && found.arguments.iter().any(|argument| {
                    matches!(argument.value, Expr::Name(_) | Expr::Member(..) | Expr::Call(_))
                        && program
                            .symbols(spot, &argument.value)
                            .iter()
                            .any(|name| below(name) && !is_value(name))
                })
        })
    };
    called || handed()
}

fn runs(means: Means) -> bool {
    matches!(
        means,
        Means::Agent
            | Means::ModelCall
            | Means::Chain
            | Means::BindsTools
            | Means::HoldsTools
            | Means::Client
            | Means::Training
    )
}

/// The parts of a unit, with their modules.
pub(crate) fn parts(case: &Case<'_, '_>) -> BTreeMap<Part, BTreeSet<ModuleId>> {
    let program = case.detection.program;
    let mut parts: BTreeMap<Part, BTreeSet<ModuleId>> = BTreeMap::new();
    for (id, module) in program.modules().filter(|(id, _)| case.own.contains(id)) {
        parts.entry(part_of(case.unit, &module.path, module.role)).or_default().insert(id);
    }
    let held_together = case
        .unit
        .manifests
        .iter()
        .map(|index| &case.survey.manifests[*index])
        .any(|manifest| manifest.kind.defines_unit() && unit_folder(&manifest.path) == case.unit.root);
    let whole = Part { root: case.unit.root.clone(), role: Role::Production };
    if held_together {
        set_apart(case.detection, &mut parts);
        return parts;
    }
    let Some(modules) = parts.remove(&whole) else { return parts };
    let folders = folders(case, &modules);
    for cluster in clusters(case, &modules, &folders) {
        let root = if is_system(case.detection, &cluster) {
            folder_of(&cluster, &folders)
        } else {
            whole.root.clone()
        };
        parts.entry(Part { root, role: Role::Production }).or_default().extend(cluster);
    }
    set_apart(case.detection, &mut parts);
    parts
}

/// Samples in the folder of a system, such as a notebook beside its code, are systems of their own: what they do speaks
/// neither for nor against what that code does.
fn set_apart(detection: &Detection<'_>, parts: &mut BTreeMap<Part, BTreeSet<ModuleId>>) {
    let systems = parts.iter().filter(|(part, own)| part.role != Role::Sample && is_system(detection, own));
    let taken: BTreeSet<String> = systems.map(|(part, _)| part.root.clone()).collect();
    let beside: Vec<Part> = parts
        .iter()
        .filter(|(part, own)| {
            part.role == Role::Sample && taken.contains(&part.root) && is_system(detection, own)
        })
        .map(|(part, _)| part.clone())
        .collect();
    for part in beside {
        let Some(modules) = parts.remove(&part) else { continue };
        let mut apart: BTreeMap<String, BTreeSet<ModuleId>> = BTreeMap::new();
        for id in modules {
            let path = &*detection.program.module(id).path;
            let folder = parent(path);
            let root = if folder.is_empty() || taken.contains(folder) { path } else { folder };
            apart.entry(root.to_owned()).or_default().insert(id);
        }
        for (root, own) in apart {
            let root = if is_system(detection, &own) { root } else { part.root.clone() };
            parts.entry(Part { root, role: Role::Sample }).or_default().extend(own);
        }
    }
}

/// Modules that hang together by imports, or by lying in one folder.
fn clusters(
    case: &Case<'_, '_>,
    modules: &BTreeSet<ModuleId>,
    folders: &BTreeMap<ModuleId, String>,
) -> Vec<BTreeSet<ModuleId>> {
    let program = case.detection.program;
    let mut leader: BTreeMap<ModuleId, ModuleId> = modules.iter().map(|id| (*id, *id)).collect();
    let find = |leader: &BTreeMap<ModuleId, ModuleId>, id: ModuleId| {
        let mut at = id;
        while let Some(next) = leader.get(&at).filter(|next| **next != at) {
            at = *next;
        }
        at
    };
    let mut join = |a: ModuleId, b: ModuleId| {
        let (a, b) = (find(&leader, a), find(&leader, b));
        // The smaller id leads, so that the order of the joins does not matter.
        leader.insert(a.max(b), a.min(b));
    };
    let mut first_in: BTreeMap<&str, ModuleId> = BTreeMap::new();
    for id in modules {
        let module = program.module(*id);
        let imported = (0..module.imports.len()).filter_map(|import| program.imported(*id, import));
        for other in imported.filter(|other| modules.contains(other)) {
            join(*id, other);
        }
        let folder = folders.get(id).map_or("", String::as_str);
        let first = *first_in.entry(folder).or_insert(*id);
        join(*id, first);
    }
    let mut clusters: BTreeMap<ModuleId, BTreeSet<ModuleId>> = BTreeMap::new();
    for id in modules {
        clusters.entry(find(&leader, *id)).or_default().insert(*id);
    }
    clusters.into_values().collect()
}

/// The folder of the unit that a path is in: the topmost that is not just a place for services, samples or sources.
/// `modules` are the paths of the others.
fn top_folder(case: &Case<'_, '_>, path: &str, modules: &[&str]) -> String {
    let root = &case.unit.root;
    let inside = if root.is_empty() { path } else { path.get(root.len() + 1..).unwrap_or(path) };
    let mut folders = inside.split('/').rev().skip(1).collect::<Vec<_>>();
    folders.reverse();
    let mut kept: Vec<&str> = std::iter::once(root.as_str()).filter(|r| !r.is_empty()).collect();
    for (depth, folder) in folders.iter().enumerate() {
        if depth == 0 && GENERIC_FOLDERS.contains(folder) {
            break;
        }
        kept.push(folder);
        let here = format!("{}/", kept.join("/"));
        let below: BTreeSet<Option<&str>> = modules
            .iter()
            .filter_map(|other| other.strip_prefix(&here))
            .map(|rest| rest.split_once('/').map(|(folder, _)| folder))
            .collect();
        // Several folders and no file of its own: it only keeps things that have no more to do with each other.
        let holds_only = below.len() > 1 && !below.contains(&None);
        if !(holds_only || SERVICE_PARENTS.contains(folder)) {
            break;
        }
    }
    kept.join("/")
}

/// The folder that every module belongs to.
fn folders(case: &Case<'_, '_>, modules: &BTreeSet<ModuleId>) -> BTreeMap<ModuleId, String> {
    let path = |id: &ModuleId| &*case.detection.program.module(*id).path;
    let paths: Vec<&str> = modules.iter().map(path).collect();
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    modules
        .iter()
        .map(|id| {
            let folder = known.entry(parent(path(id))).or_insert_with(|| top_folder(case, path(id), &paths));
            (*id, folder.clone())
        })
        .collect()
}

/// The deepest folder that holds a whole cluster.
fn folder_of(cluster: &BTreeSet<ModuleId>, folders: &BTreeMap<ModuleId, String>) -> String {
    let of = cluster.iter().filter_map(|id| folders.get(id)).cloned();
    of.reduce(|a, b| {
        let common = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).map(|(a, _)| a);
        common.collect::<Vec<_>>().join("/")
    })
    .unwrap_or_default()
}
