//! Java: `pom.xml`.

use std::collections::BTreeMap;

use super::Found;
use super::Manifest;
use super::text::is_exact;
use super::xml::Element;

/// How often a property may lead to another one.
const MAX_SUBSTITUTIONS: usize = 16;
const MAX_VALUE: usize = 512;

/// Reads what a project asks for; managed versions count only where a dependency takes them up.
pub(super) fn pom(manifest: &mut Manifest, project: &Element) {
    let properties = properties(project);
    let text = |key| project.child_text(key).map(|t| substitute(t, &properties));
    manifest.name = text("artifactId");
    manifest.description = text("description").or_else(|| text("name"));
    manifest.described_at =
        project.child("description").or_else(|| project.child("name")).map(|child| child.line);
    manifest.version = properties.get("project.version").map(|v| substitute(v, &properties));

    for developer in project.child("developers").into_iter().flat_map(|d| d.children_named("developer")) {
        let named = ["name", "email"].iter().find_map(|key| {
            developer
                .child(key)
                .map(|child| (child.text.trim(), child.line))
                .filter(|(text, _)| !text.is_empty())
        });
        if let Some((name, line)) = named {
            manifest.add_author(name, line);
        }
    }
    let profiles = project.child("profiles").into_iter().flat_map(|p| p.children_named("profile"));
    let scopes: Vec<&Element> = std::iter::once(project).chain(profiles).collect();
    let mut managed: BTreeMap<(String, String), &Element> = BTreeMap::new();
    for scope in &scopes {
        let modules = scope.child("modules").into_iter().flat_map(|m| m.children_named("module"));
        manifest.workspaces.extend(modules.map(|m| m.text.trim().to_owned()).filter(|m| !m.is_empty()));
        for dependency in scope.child("dependencyManagement").into_iter().flat_map(dependencies) {
            if let (Some(group), Some(artifact)) =
                (dependency.child_text("groupId"), dependency.child_text("artifactId"))
            {
                let key = (substitute(group, &properties), substitute(artifact, &properties));
                managed.entry(key).or_insert(dependency);
            }
        }
    }
    for dependency in scopes.iter().flat_map(|scope| dependencies(scope)) {
        let artifact = dependency.child("artifactId").filter(|a| !a.text.trim().is_empty());
        let (Some(group), Some(artifact)) = (dependency.child_text("groupId"), artifact) else {
            manifest.warn(dependency.line, "a dependency without a name");
            continue;
        };
        let key = (substitute(group, &properties), substitute(artifact.text.trim(), &properties));
        let inherited = |name| {
            dependency
                .child_text(name)
                .or_else(|| managed.get(&key).and_then(|managed| managed.child_text(name)))
        };
        let version = inherited("version").map(|v| substitute(v, &properties));
        let development = inherited("scope") == Some("test");
        let name = format!("{}:{}", key.0, key.1);
        let requirement = version.as_deref();
        let locked = requirement.filter(|v| is_exact(v));
        manifest.add(Found { requirement, locked, development, ..Found::asked(&name, artifact.line) });
    }
}

fn dependencies(parent: &Element) -> impl Iterator<Item = &Element> {
    parent.child("dependencies").into_iter().flat_map(|d| d.children_named("dependency"))
}

/// Properties by name, with those that every project has.
fn properties(project: &Element) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let parent = project.child("parent");
    for key in ["groupId", "artifactId", "version"] {
        let of_parent = parent.and_then(|p| p.child_text(key));
        if let Some(value) = of_parent {
            properties.insert(format!("project.parent.{key}"), value.to_owned());
        }
        if let Some(value) = project.child_text(key).or(of_parent) {
            for prefix in ["project.", "pom.", ""] {
                properties.insert(format!("{prefix}{key}"), value.to_owned());
            }
        }
    }
    for property in project.child("properties").into_iter().flat_map(|p| &p.children) {
        properties.insert(property.name.clone(), property.text.trim().to_owned());
    }
    properties
}

/// Replaces `${name}`; what no property explains stays as it is.
fn substitute(text: &str, properties: &BTreeMap<String, String>) -> String {
    let mut value = text.to_owned();
    let mut from = 0;
    for _ in 0..MAX_SUBSTITUTIONS {
        let Some(start) = value.get(from..).and_then(|v| v.find("${")).map(|i| i + from) else { break };
        let Some(end) = value[start..].find('}').map(|i| i + start) else { break };
        match properties.get(&value[start + 2..end]) {
            Some(replacement) if value.len() + replacement.len() <= MAX_VALUE => {
                value.replace_range(start..=end, replacement);
                from = start;
            }
            _ => from = end,
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};
    use super::*;

    #[test]
    fn dependencies_are_read() {
        let text = r#"<?xml version="1.0"?>
<project xmlns="urn:pom">
  <parent><groupId>com.acme</groupId><artifactId>parent</artifactId><version>2.0</version></parent>
  <artifactId>app</artifactId><name>The app</name>
  <properties><lc.version>0.30.0</lc.version><indirect>${lc.version}</indirect></properties>
  <modules><module>core</module></modules>
  <dependencyManagement><dependencies><dependency>
    <groupId>org.springframework.ai</groupId><artifactId>spring-ai-core</artifactId><version>1.0.1</version>
  </dependency><dependency>
    <groupId>never</groupId><artifactId>used</artifactId><version>1</version>
  </dependency></dependencies></dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>dev.langchain4j</groupId>
      <artifactId>langchain4j</artifactId>
      <version>${indirect}</version>
    </dependency>
    <dependency><groupId>org.springframework.ai</groupId><artifactId>spring-ai-core</artifactId></dependency>
    <dependency><groupId>${project.groupId}</groupId><artifactId>lib</artifactId><version>${project.version}</version></dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>[4,5)</version><scope>test</scope></dependency>
    <dependency><groupId>a</groupId><artifactId>b</artifactId><version>${unknown}</version></dependency>
    <dependency><artifactId>nameless</artifactId></dependency>
  </dependencies>
  <profiles><profile><dependencies>
    <dependency><groupId>p</groupId><artifactId>q</artifactId></dependency>
  </dependencies></profile></profiles>
  <build><plugins><plugin><dependencies><dependency>
    <groupId>x</groupId><artifactId>y</artifactId></dependency></dependencies></plugin></plugins></build>
</project>
"#;
        assert_eq!(
            table(ManifestKind::Pom, "pom.xml", text),
            [
                "15 dev.langchain4j:langchain4j 0.30.0 0.30.0 direct",
                "18 org.springframework.ai:spring-ai-core 1.0.1 1.0.1 direct",
                "19 com.acme:lib 2.0 2.0 direct",
                "20 junit:junit [4,5) - direct dev",
                "21 a:b ${unknown} - direct",
                "25 p:q - - direct",
                "! line 22: a dependency without a name",
            ]
        );
        let manifest = parse(ManifestKind::Pom, "pom.xml", text.as_bytes()).unwrap();
        assert_eq!(manifest.name.as_deref(), Some("app"));
        assert_eq!(manifest.description.as_deref(), Some("The app"));
        assert_eq!(manifest.version.as_deref(), Some("2.0"));
        assert_eq!(manifest.workspaces, ["core"]);
    }

    #[test]
    fn properties_cannot_run_away() {
        let properties = BTreeMap::from([
            ("a".to_owned(), "${b}${b}".to_owned()),
            ("b".to_owned(), "${a}${a}".to_owned()),
            ("c".to_owned(), "x".to_owned()),
        ]);
        assert!(substitute("${a}", &properties).len() <= MAX_VALUE);
        assert_eq!(substitute("${c}-${c}-${d}-${c}", &properties), "x-x-${d}-x");
        assert_eq!(substitute("${", &properties), "${");
    }
}
