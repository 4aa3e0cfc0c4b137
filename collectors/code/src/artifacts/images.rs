//! Images of containers that rules know, and charts that bring them: in manifests of clusters, values of charts, compose
//! files and Dockerfiles. Read line by line, since templates of charts are no YAML yet.

use std::sync::Arc;

use muster_rules::RulePack;

use super::{Artifact, Shown};
use crate::document::template::HOLE;
use crate::document::{ReadError, reading};
use crate::starters::{has_extension, is_dockerfile};

/// Lines of one file that are told.
const MOST: usize = 50;

/// The components that a file's images and charts are.
pub(crate) fn images(pack: &RulePack, path: &Arc<str>, bytes: &[u8]) -> Result<Vec<Artifact>, ReadError> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_yaml = has_extension(name, &["yml", "yaml"]);
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    if matches!(name, "Chart.yaml" | "Chart.yml" | "requirements.yaml") {
        let chart = reading::yaml(text)?;
        for dependency in chart.items_at(&["dependencies"]) {
            let Some(entry) = dependency.entry("name") else { continue };
            let Some(name) = entry.node.text() else { continue };
            let rules = pack.package("helm", name);
            found.extend(rules.iter().map(|rule| (*rule, entry.line, format!("the chart `{name}`"))));
        }
    } else if is_yaml || is_dockerfile(name) {
        for (line, content) in (1_u32..).zip(text.lines()) {
            let image = if is_yaml { of_yaml(content, name) } else { of_dockerfile(content) };
            let Some(image) = image.and_then(plain_name) else { continue };
            let rules = pack.package("docker", &image);
            found.extend(rules.iter().map(|rule| (*rule, line, format!("the image `{image}`"))));
            if found.len() >= MOST {
                break;
            }
        }
    }
    let mut artifacts: Vec<Artifact> = Vec::new();
    for (rule, line, note) in found {
        let shown = Shown { line, note };
        match artifacts.iter_mut().find(|artifact| artifact.rule == rule) {
            Some(known) => known.shows.push(shown),
            None => artifacts.push(Artifact {
                means: None,
                path: Arc::clone(path),
                rule,
                shows: vec![shown],
                servers: Vec::new(),
            }),
        }
    }
    Ok(artifacts)
}

/// The image of a line of YAML.
fn of_yaml<'l>(line: &'l str, file: &str) -> Option<&'l str> {
    let line = line.trim_start().trim_start_matches("- ").trim_start();
    let (key, value) = line.split_once(':')?;
    // A repository is one of images in the values of a chart, and one of code elsewhere.
    let fits = key == "image" || key == "repository" && file.starts_with("values");
    fits.then_some(value)
}

/// The image that a line of a Dockerfile begins with.
fn of_dockerfile(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("from"))?;
    words.find(|word| !word.starts_with("--"))
}

/// The name of an image without its registry, tag and digest; nothing where a template completes it.
fn plain_name(value: &str) -> Option<String> {
    let value = value.split(" #").next().unwrap_or(value).trim().trim_matches(['"', '\'']);
    let name = value.split('@').next().unwrap_or(value);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let name = match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" || host == HOLE => rest,
        _ => name,
    };
    let name = name.strip_prefix("library/").unwrap_or(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    (!name.is_empty() && name.len() <= 120 && name.chars().all(is_plain)).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images_are_those_without_registry_and_tag() {
        let cases = [
            (" \"ollama/ollama:0.5\" # c", Some("ollama/ollama")),
            ("ghcr.io/BerriAI/litellm@sha256:00", Some("berriai/litellm")),
            ("localhost:5000/vllm/vllm-openai", Some("vllm/vllm-openai")),
            ("docker.io/library/redis:7", Some("redis")),
            ("{{ .Values.image }}", None),
            ("${IMAGE}", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(plain_name(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn images_are_told_by_their_lines() {
        let pack = RulePack::built_in();
        let of = |path: &str, text: &str| -> Vec<(String, u32)> {
            let found = images(&pack, &path.into(), text.as_bytes()).unwrap();
            let told = found.iter().flat_map(|artifact| {
                artifact.shows.iter().map(|shown| (pack.rule(artifact.rule).name.clone(), shown.line))
            });
            told.collect()
        };
        let one = |name: &str, line: u32| vec![(name.to_owned(), line)];
        assert_eq!(
            of("k8s/a.yaml", "{{ if x }}\n  - image: ollama/ollama:1\n# image: ollama/ollama\n"),
            one("ollama", 2)
        );
        assert_eq!(of("chart/values.yaml", "image:\n  repository: vllm/vllm-openai\n"), one("vllm", 2));
        assert_eq!(of(".github/workflows/a.yml", "with:\n  repository: ollama/ollama\n"), []);
        assert_eq!(of("Dockerfile", "FROM --platform=linux/amd64 ollama/ollama AS base\n"), one("ollama", 1));
        assert_eq!(
            of("Chart.yaml", "name: x\ndependencies:\n  - name: qdrant\n  - name: redis\n"),
            one("qdrant", 3)
        );
        assert_eq!(of("compose.yaml", "services:\n  ollama:\n    image: acme/ollama-exporter\n"), []);
    }
}
