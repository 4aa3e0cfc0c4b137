//! What a workload shows of AI, before it is decided whether it is a system.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::ComponentKind;
use muster_rules::{Rule, RulePack, RunSite};

use crate::egress::{Egress, host_of};
use crate::pod::{Workload, repositories};

/// Words of all commands of a container that are looked at.
const MAX_WORDS: usize = 2_000;

/// Everything that a workload shows.
#[derive(Debug, Default)]
pub(crate) struct Signs<'p> {
    /// Rules with what they matched: an image, and whether by its whole path.
    pub(crate) images: Vec<(&'p Rule, String, bool)>,
    /// Images that no rule knows and whose names say what they are: what, its name, and the image.
    pub(crate) named: Vec<(ComponentKind, &'static str, String)>,
    /// Credentials.
    pub(crate) variables: Vec<(&'p Rule, String)>,
    /// Other variables that only one product reads.
    pub(crate) settings: Vec<(&'p Rule, String)>,
    /// Servers that its commands start.
    pub(crate) serves: Vec<&'p Rule>,
    /// Coding agents that its commands run, with the text of the commands.
    pub(crate) agents: Vec<(&'p Rule, &'p RunSite, String)>,
    /// Charts that it is part of.
    pub(crate) charts: Vec<(&'p Rule, String)>,
    /// Hosts that its variables name, with the variable.
    pub(crate) addresses: Vec<(&'p Rule, String, String)>,
    /// Hosts that a policy lets it reach, with the place of the policy.
    pub(crate) reaches: Vec<(&'p Rule, String, String)>,
    /// Accelerators that it asks for: alone they are no AI.
    pub(crate) accelerators: Vec<String>,
    /// Where it has files of models: alone they may be anybody's.
    pub(crate) mounts: Vec<String>,
}

impl<'p> Signs<'p> {
    /// The signs of a workload; `policies` are those that open hosts, `claims` the classes of devices by claim.
    pub(crate) fn of(
        pack: &'p RulePack,
        workload: &Workload<'_>,
        policies: &[Egress],
        claims: &BTreeMap<(String, String), Vec<String>>,
    ) -> Self {
        let mut signs = Self::default();
        let namespace = workload.object.namespace.as_str();
        for image in workload.images().chain(workload.mounted_images()) {
            signs.image(pack, image);
        }
        for variable in workload.variables() {
            // The provider whose key it is stands before frameworks that read it as well.
            let rule = pack.credential(variable.name).first().map(|rule| pack.rule(*rule));
            signs.variables.extend(rule.map(|rule| (rule, variable.name.to_owned())));
            let rules = pack.variable(variable.name);
            signs.settings.extend(rules.iter().map(|rule| (pack.rule(*rule), variable.name.to_owned())));
            if let Some(host) = variable.value.and_then(host_of) {
                let rules = pack.host(host);
                let of = |rule: &u32| (pack.rule(*rule), host.to_owned(), variable.name.to_owned());
                signs.addresses.extend(rules.iter().map(of));
            }
        }
        for words in workload.commands() {
            let line: Vec<&str> =
                words.iter().flat_map(|text| text.split_whitespace()).take(MAX_WORDS).collect();
            let line = line.join(" ");
            signs.serves.extend(pack.serves(&line).into_iter().map(|rule| pack.rule(rule)));
            for (at, site) in pack.runs() {
                if site.is_command(&line) {
                    signs.agents.push((pack.rule(at.rule), site, line.clone()));
                }
            }
        }
        let chart = workload.object.labels.get("helm.sh/chart").map(String::as_str).and_then(chart_name);
        if let Some(chart) = chart {
            let rules = pack.package("helm", &chart);
            signs.charts.extend(rules.iter().map(|rule| (pack.rule(*rule), chart.clone())));
        }
        let label = |key: &str| workload.label(key);
        for egress in policies.iter().filter(|egress| egress.is_about(namespace, &label)) {
            let rules = pack.host(&egress.host);
            let of = |rule: &u32| (pack.rule(*rule), egress.host.clone(), egress.place.clone());
            signs.reaches.extend(rules.iter().map(of));
        }
        signs.accelerators = workload.accelerators().into_iter().map(str::to_owned).collect();
        for claim in workload.device_claims() {
            let classes = claims.get(&(namespace.to_owned(), claim.to_owned()));
            signs
                .accelerators
                .extend(classes.into_iter().flatten().filter(|class| is_accelerator(class)).cloned());
        }
        signs.mounts = workload.model_mounts().into_iter().map(str::to_owned).collect();
        signs
    }

    fn image(&mut self, pack: &'p RulePack, image: &str) {
        let paths = repositories(image);
        let found = paths.iter().enumerate().find_map(|(at, path)| {
            // One word alone, behind a mirror or not, may be anybody's.
            if at > 0 && !path.contains('/') {
                return None;
            }
            let rules = pack.package("docker", path);
            (!rules.is_empty()).then_some((at, rules))
        });
        if let Some((at, rules)) = found {
            let whole = at == 0 || at + 2 >= paths.len() && image.split('/').count() <= 3;
            self.images.extend(rules.iter().map(|rule| (pack.rule(*rule), image.to_owned(), whole)));
        } else if let Some((kind, name)) = paths.last().and_then(|last| by_name(last)) {
            self.named.push((kind, name, image.to_owned()));
        }
    }

    /// Whether it runs models on an accelerator, although no rule knows with what.
    pub(crate) fn is_unknown_server(&self) -> bool {
        !self.accelerators.is_empty() && !self.mounts.is_empty()
    }

    /// Whether nothing of it is about AI.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules().next().is_none() && self.named.is_empty() && !self.is_unknown_server()
    }

    /// Every rule that matched.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &'p Rule> {
        let images = self.images.iter().map(|(rule, ..)| *rule);
        let variables =
            self.variables.iter().chain(&self.settings).chain(&self.charts).map(|(rule, _)| *rule);
        let hosts = self.addresses.iter().chain(&self.reaches).map(|(rule, ..)| *rule);
        let commands = self.serves.iter().copied().chain(self.agents.iter().map(|(rule, ..)| *rule));
        images.chain(variables).chain(hosts).chain(commands)
    }

    /// Rules about what it brings along, by images, commands and charts; the key of a provider brings nothing.
    pub(crate) fn brings(&self) -> impl Iterator<Item = &'p Rule> {
        let images = self.images.iter().map(|(rule, ..)| *rule);
        images.chain(self.serves.iter().copied()).chain(self.charts.iter().map(|(rule, _)| *rule))
    }

    /// What it brings along.
    pub(crate) fn kinds(&self) -> BTreeSet<ComponentKind> {
        self.brings().filter_map(|rule| rule.kind).chain(self.named.iter().map(|(kind, ..)| *kind)).collect()
    }

    /// What tells one set of signs from another.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        let rules = self.rules().map(|rule| rule.id.to_string());
        let names = self.variables.iter().chain(&self.settings).map(|(_, name)| name.clone());
        rules.chain(names).chain(self.named.iter().map(|(.., image)| image.clone())).collect()
    }
}

/// What an image is by the last part of its name alone: anybody may call one so, but hardly for anything else.
fn by_name(last: &str) -> Option<(ComponentKind, &'static str)> {
    // There is no official image of most of these: everybody builds one.
    const AGENTS: [&str; 6] =
        ["claude-code", "gemini-cli", "opencode", "openclaw", "codex-cli", "hermes-agent"];
    let words: Vec<&str> = last.split(['-', '_', '.']).collect();
    if let Some(name) = AGENTS.iter().find(|name| last.contains(*name)) {
        return Some((ComponentKind::CodingAgentConfig, name));
    }
    let at = words.iter().position(|word| *word == "mcp")?;
    let rest = &words[at + 1..];
    let is_server =
        rest.is_empty() && at > 0 || rest.iter().any(|word| ["server", "gateway", "proxy"].contains(word));
    is_server.then_some((ComponentKind::Mcp, "unknown MCP server"))
}

fn is_accelerator(class: &str) -> bool {
    let class = class.to_ascii_lowercase();
    ["gpu", "tpu", "npu", "mig.", "neuron", "gaudi"].iter().any(|word| class.contains(word))
}

/// `open-webui` of `open-webui-5.1.0`: the version begins at the last dash before a digit.
fn chart_name(label: &str) -> Option<String> {
    let mut dashes = label.match_indices('-').map(|(at, _)| at);
    let end = dashes.find(|at| {
        let number = |part: Option<&str>| {
            part.is_some_and(|part| {
                part.starts_with(|c: char| c.is_ascii_digit()) && !part.contains(char::is_alphabetic)
            })
        };
        let mut parts = label[at + 1..].splitn(3, '.');
        number(parts.next()) && number(parts.next())
    });
    let name = &label[..end.unwrap_or(label.len())];
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_whose_names_say_what_they_are() {
        for (last, name) in [
            ("jira-mcp", "unknown MCP server"),
            ("mcp-server-jira", "unknown MCP server"),
            ("mcp-gateway", "unknown MCP server"),
            ("acme-claude-code", "claude-code"),
        ] {
            assert_eq!(by_name(last).map(|(_, name)| name), Some(name), "{last}");
        }
        for last in ["mcp", "mcpat", "codex", "goose", "server", "mcp-1"] {
            assert_eq!(by_name(last), None, "{last}");
        }
    }

    #[test]
    fn names_of_charts() {
        for (label, name) in [
            ("open-webui-5.1.0", "open-webui"),
            ("ollama", "ollama"),
            ("n8n-1.0.0-rc.1", "n8n"),
            ("a-2-b-1.0", "a-2-b"),
        ] {
            assert_eq!(chart_name(label).as_deref(), Some(name), "{label}");
        }
    }
}
