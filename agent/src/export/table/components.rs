//! Components: one entry a name, with the packages that the project itself asks for.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Access, Component, ComponentKind, Effect, EvidenceClass, Place, Role, Tool};

use super::parts::{Item, paragraph};
use super::{cut, from_start};
use crate::page::{Column, Entry, Line, Page, Span, Tone};

/// Loose components.
const LOOSE: usize = 20;
/// Packages of one component.
const PACKAGES: usize = 3;

/// Everything that goes by one name.
#[derive(Debug)]
struct Named<'a> {
    kind: ComponentKind,
    name: &'a str,
    role: Role,
    place: Option<&'a Place>,
    packages: BTreeSet<(&'a str, &'a str)>,
    /// What a server offers.
    tools: &'a [Tool],
    /// How it is reached.
    access: Option<Access>,
}

/// Whether only a lock file names it, because another package asks for it.
fn comes_along(component: &Component) -> bool {
    let used = component.evidence.iter().any(|e| e.class.is_some_and(|c| c != EvidenceClass::Manifest));
    component.direct == Some(false) && !used
}

/// The components by name, and how many packages only come along with others.
fn grouped<'a>(components: impl IntoIterator<Item = &'a Component>) -> (Vec<Named<'a>>, usize) {
    let mut named: BTreeMap<(ComponentKind, &str, usize), Named> = BTreeMap::new();
    let mut along = BTreeSet::new();
    for (at, component) in components.into_iter().enumerate() {
        let package = component.package.as_deref();
        if comes_along(component) {
            along.insert((component.kind, package.unwrap_or(&component.name)));
            continue;
        }
        let place = component.evidence.first().map(|e| &e.place);
        // Two servers stay two.
        let apart = if component.tools.is_empty() { 0 } else { at + 1 };
        let one = named.entry((component.kind, &component.name, apart)).or_insert_with(|| Named {
            kind: component.kind,
            name: &component.name,
            role: component.role,
            place,
            packages: BTreeSet::new(),
            tools: &component.tools,
            access: None,
        });
        one.access = one.access.into_iter().chain(component.access).min();
        one.role = one.role.min(component.role);
        // Any version is no version.
        let version = component.version.as_deref().filter(|version| *version != "*").unwrap_or_default();
        if package.is_some() || !version.is_empty() {
            one.packages.insert((package.unwrap_or(&component.name), version));
        }
    }
    (named.into_values().collect(), along.len())
}

impl Named<'_> {
    /// What is known of a server: what it offers, and how it is reached over a network.
    fn served(&self) -> Option<String> {
        let access = self.access.filter(|access| *access != Access::Local).map(Access::title);
        let offered = (!self.tools.is_empty()).then(|| offer(self.tools));
        match (offered, access) {
            (Some(offered), Some(access)) => Some(format!("{offered}; {access}")),
            (offered, access) => offered.or(access.map(str::to_owned)),
        }
    }

    /// The name, and in parentheses the packages if they have another.
    fn text(&self) -> (String, String) {
        let one = |(package, version): &(&str, &str)| format!("{package} {version}").trim_end().to_owned();
        // The package that has the component's own name says most.
        let mut packages: Vec<_> = self.packages.iter().collect();
        packages.sort_by_key(|(package, _)| *package != self.name);
        match packages.as_slice() {
            [] => (self.name.to_owned(), String::new()),
            [own] if own.0 == self.name => (one(own), String::new()),
            several => {
                let mut shown: Vec<String> = several.iter().take(PACKAGES).map(|p| one(p)).collect();
                if let Some(more) = several.len().checked_sub(PACKAGES).filter(|more| *more > 0) {
                    shown.push(format!("+{more} more"));
                }
                (self.name.to_owned(), format!(" ({})", shown.join(", ")))
            }
        }
    }
}

/// What a server offers, in short: `5 tools: 2 write, 1 execute`.
fn offer(tools: &[Tool]) -> String {
    let mut effects: BTreeMap<Effect, usize> = BTreeMap::new();
    for tool in tools.iter().filter(|tool| tool.effect != Effect::Read) {
        *effects.entry(tool.effect).or_default() += 1;
    }
    let effects: Vec<String> = effects
        .iter()
        .rev()
        .map(|(effect, count)| match effect {
            Effect::Unknown => format!("{count} unknown"),
            effect => format!("{count} {}", effect.name()),
        })
        .collect();
    let list = if effects.is_empty() { "only read".to_owned() } else { effects.join(", ") };
    let noun = if tools.len() == 1 { "tool" } else { "tools" };
    format!("server of {} {noun}: {list}", tools.len())
}

fn through_others(along: usize, alone: bool) -> Option<String> {
    let more = if alone { "" } else { " more" };
    (along > 0).then(|| format!("{along}{more} through other packages"))
}

/// Those of a system, as a paragraph.
pub(super) fn of_system(page: &mut Page, components: &[Component]) {
    let (named, along) = grouped(components);
    let item = |one: &Named| {
        let (name, packages) = one.text();
        let offered = one.served().map(|served| format!(" ({served})")).unwrap_or_default();
        (one.kind.name().to_owned(), Line::new().plain(name).with(Tone::Dim, packages + &offered))
    };
    let items: Vec<Item> = named.iter().map(item).collect();
    paragraph(page, "Components", &items, through_others(along, items.is_empty()));
}

/// Those that belong to no system, a line each.
pub(super) fn loose(page: &mut Page, components: &[Component]) {
    if components.is_empty() {
        return;
    }
    let mut targets: BTreeMap<Option<&str>, Vec<&Component>> = BTreeMap::new();
    for component in components {
        let target = component.evidence.first().and_then(|e| e.place.target.as_deref());
        targets.entry(target).or_default().push(component);
    }
    let groups: Vec<_> = targets.into_values().map(grouped).collect();
    let along: usize = groups.iter().map(|(_, along)| along).sum();
    let named: Vec<&Named> = groups.iter().flat_map(|(named, _)| named).collect();
    page.gap();
    page.push(Line::new().with(Tone::Strong, "Components that belong to no system"));
    let entries: Vec<Entry> = named
        .iter()
        .take(LOOSE)
        .map(|one| {
            let (name, packages) = one.text();
            Entry {
                heads: vec![
                    Span::new(Tone::Plain, name + &packages),
                    Span::new(Tone::Plain, one.kind.name()),
                    Span::new(Tone::Plain, one.role.name()),
                ],
                text: one.served().map_or_else(Line::new, |served| Line::new().plain(served)),
                place: Span::new(Tone::Dim, one.place.map(from_start).unwrap_or_default()),
            }
        })
        .collect();
    page.entries(2, &[Column::whole(""), Column::whole(""), Column::whole("")], &entries);
    cut(page, 2, named.len(), LOOSE);
    if let Some(end) = through_others(along, named.is_empty()) {
        let and = if named.is_empty() { "" } else { "and " };
        page.wrap(2, 2, &Line::new().with(Tone::Dim, format!("{and}{end}")));
    }
}

#[cfg(test)]
mod tests {
    use asmm_model::{Evidence, Gate};

    use super::*;

    fn component(
        name: &str,
        package: Option<&str>,
        version: Option<&str>,
        direct: Option<bool>,
    ) -> Component {
        let class = package.map_or(EvidenceClass::Ast, |_| EvidenceClass::Manifest);
        Component {
            kind: ComponentKind::ProviderSdk,
            name: name.to_owned(),
            package: package.map(str::to_owned),
            version: version.map(str::to_owned),
            purl: None,
            direct,
            role: Role::Production,
            tools: Vec::new(),
            access: None,
            evidence: vec![Evidence::at(Place::line("uv.lock", 3), Role::Production).of(class)],
        }
    }

    fn shown(components: &[Component]) -> String {
        let mut page = Page::new(200);
        of_system(&mut page, components);
        let text = page.text(false);
        text.trim().strip_prefix("Components  ").unwrap_or_default().to_owned()
    }

    #[test]
    fn a_version_stands_with_the_package_that_it_is_of() {
        let asked = |name: &str, package: &str, version: &str| {
            component(name, Some(package), Some(version), Some(true))
        };
        let along = |package: &str| component("huggingface", Some(package), Some("1.0"), Some(false));
        let seen = |name: &str| component(name, None, None, None);
        let table = [
            (vec![seen("openai")], "provider-sdk: openai"),
            (vec![asked("openai", "openai", "1.2.3")], "provider-sdk: openai 1.2.3"),
            (vec![asked("mcp", "mcp", "*"), seen("mcp")], "provider-sdk: mcp"),
            (
                vec![seen("openai"), asked("openai", "langchain-openai", "~=0.3.0")],
                "provider-sdk: openai (langchain-openai ~=0.3.0)",
            ),
            (
                vec![asked("openai", "langchain-openai", "0.3"), asked("openai", "openai", "1.2")],
                "provider-sdk: openai (openai 1.2, langchain-openai 0.3)",
            ),
            (
                ["a", "b", "c", "d", "e"].map(|package| asked("ai", package, "1")).to_vec(),
                "provider-sdk: ai (a 1, b 1, c 1, +2 more)",
            ),
            (
                vec![seen("openai"), along("tiktoken"), along("tokenizers")],
                "provider-sdk: openai; and 2 more through other packages",
            ),
            (vec![along("tiktoken")], "1 through other packages"),
        ];
        for (components, expected) in table {
            assert_eq!(shown(&components), expected);
        }
    }

    #[test]
    fn a_server_says_what_its_tools_come_to() {
        let tool = |effect| Tool { name: "t".to_owned(), effect, gate: Gate::Unknown, evidence: Vec::new() };
        let server = |effects: &[Effect]| Component {
            kind: ComponentKind::Mcp,
            tools: effects.iter().copied().map(tool).collect(),
            ..component("mcp", None, None, None)
        };
        let several = [
            server(&[Effect::Read, Effect::Write, Effect::Execute, Effect::Write, Effect::Unknown]),
            server(&[Effect::Read]),
        ];
        let expected =
            "mcp: mcp (server of 5 tools: 1 execute, 2 write, 1 unknown), mcp (server of 1 tool: only read)";
        assert_eq!(shown(&several), expected);
        let mut page = Page::new(100);
        loose(&mut page, &several);
        let text = page.text(false);
        let lines: Vec<&str> = text.trim().lines().skip(1).map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "mcp  mcp  production  server of 5 tools: 1 execute, 2 write, 1 unknown  uv.lock:3",
                "mcp  mcp  production  server of 1 tool: only read  uv.lock:3",
            ]
        );
    }

    #[test]
    fn a_server_says_how_it_is_reached_over_a_network() {
        let tool =
            Tool { name: "t".to_owned(), effect: Effect::Read, gate: Gate::Unknown, evidence: Vec::new() };
        let server = |name: &str, tools: &[Tool], access| Component {
            kind: ComponentKind::Mcp,
            tools: tools.to_vec(),
            access,
            ..component(name, None, None, None)
        };
        let shown_as = |tools: &[Tool], access| shown(&[server("mcp", tools, access)]);
        assert_eq!(shown_as(&[], Some(Access::Open)), "mcp: mcp (over a network, by anybody)");
        assert_eq!(shown_as(&[], Some(Access::Local)), "mcp: mcp");
        assert_eq!(
            shown_as(&[tool], Some(Access::Key)),
            "mcp: mcp (server of 1 tool: only read; over a network, with a key)"
        );
        // The most open way counts where several go by one name.
        let both = [server("mcp", &[], Some(Access::Login)), server("mcp", &[], Some(Access::Remote))];
        assert_eq!(shown(&both), "mcp: mcp (over a network, by whom is not known)");
    }

    #[test]
    fn what_code_uses_is_shown_whoever_asks_for_it() {
        let mut used = component("openai", Some("openai"), Some("1.98.0"), Some(false));
        used.evidence.push(Evidence::at(Place::line("a.py", 1), Role::Production).of(EvidenceClass::Ast));
        assert_eq!(shown(&[used]), "provider-sdk: openai 1.98.0");
    }
}
