//! Gradle: the dependencies that a `build.gradle` or `build.gradle.kts` names, which is read as text and never run.

use std::collections::BTreeMap;

use super::catalogue::{Reference, dotted, is_fixed};
use super::gradle_tokens::{Token, Tokens, tokens};
use super::{Ecosystem, Found, Manifest};

/// Nesting of blocks that is followed.
const MAX_BLOCKS: usize = 128;
/// Bytes of a coordinate after its variables were put in.
const MAX_VALUE: usize = 512;
/// How often a variable is put in.
const MAX_SUBSTITUTIONS: usize = 8;
/// Names of catalogues that one file uses, which is far more than any build file has.
const MAX_REFERENCES: usize = 20_000;

/// What a block is about, and what holds for all in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Block {
    /// Whether its statements name dependencies.
    lists: bool,
    /// Whether nothing in it matters: it says more about one dependency.
    ignored: bool,
    /// Whether what it lists stays out of the product.
    development: bool,
    /// Whether it only fixes versions.
    managed: bool,
    /// Brackets that are open around it.
    depth: usize,
}

/// Words with a block that do not change what is in it.
const CONTROL: [&str; 10] = ["if", "else", "for", "when", "each", "forEach", "apply", "with", "run", "try"];
/// Words that begin a statement which names no dependency.
const NO_CONFIGURATION: [&str; 12] = [
    "exclude",
    "because",
    "version",
    "attributes",
    "artifact",
    "println",
    "val",
    "var",
    "def",
    "return",
    "import",
    "dependencySet",
];
/// Calls around texts that are no packages.
const NO_PACKAGE: [&str; 8] =
    ["exclude", "files", "fileTree", "because", "kotlin", "gradleApi", "capability", "rootProject"];
/// Where accessors begin that are no names of packages.
const NO_CATALOGUE: [&str; 12] = [
    "project",
    "rootProject",
    "sourceSets",
    "configurations",
    "compose",
    "tasks",
    "gradle",
    "kotlin",
    "dependencies",
    "layout",
    "org",
    "this",
];
/// Configurations of what only works on the code.
const BUILD_ONLY: [&str; 5] = ["classpath", "kapt", "ksp", "annotationProcessor", "developmentOnly"];

/// Reads the blocks of dependencies.
pub(super) fn build(manifest: &mut Manifest, text: &str) {
    let tokens = tokens(manifest, text);
    let values = values(&tokens);
    let mut reader = Reader { manifest, values };
    let mut blocks: Vec<Block> = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (index, (token, line)) in tokens.iter().enumerate() {
        let block = blocks.last().copied().unwrap_or_default();
        match token {
            Token::Sign('(' | '[') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']') => depth = depth.saturating_sub(1),
            Token::Sign('{') => {
                if blocks.len() >= MAX_BLOCKS {
                    reader.manifest.warn(*line, "blocks nested too deeply");
                    return;
                }
                let inner = reader.opened(&tokens[start..index], block);
                blocks.push(Block { depth, ..inner });
                (start, depth) = (index + 1, 0);
            }
            Token::Sign('}') => {
                reader.statement(&tokens[start..index], block);
                depth = blocks.pop().map_or(0, |block| block.depth);
                start = index + 1;
            }
            Token::Sign('\n' | ';') if depth == 0 && !goes_on(&tokens, index) => {
                reader.statement(&tokens[start..index], block);
                if blocks.is_empty() {
                    reader.about(&tokens[start..index]);
                }
                start = index + 1;
            }
            _ => {}
        }
    }
    reader.statement(&tokens[start..], blocks.last().copied().unwrap_or_default());
}

/// Whether a statement does not end at this line end.
fn goes_on(tokens: &Tokens<'_>, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map(|(token, _)| token);
    let after = tokens.get(at + 1).map(|(token, _)| token);
    matches!(before, Some(Token::Sign(',' | '.' | '=' | ':'))) || after == Some(&Token::Sign('.'))
}

/// Texts by the names that they are given to: `x = "1"`, `ext["x"] = "1"`, `set("x", "1")`.
fn values<'t>(tokens: &Tokens<'t>) -> BTreeMap<&'t str, &'t str> {
    let mut values = BTreeMap::new();
    let at = |index: usize| tokens.get(index).map(|(token, _)| *token);
    for index in 0..tokens.len() {
        let given = match (at(index), at(index + 1), at(index + 2)) {
            (Some(Token::Word(name)), Some(Token::Sign('=')), Some(Token::Text(value))) => {
                Some((name, value))
            }
            (Some(Token::Text(name)), Some(Token::Sign(']')), Some(Token::Sign('='))) => at(index + 3)
                .and_then(|token| if let Token::Text(value) = token { Some((name, value)) } else { None }),
            (Some(Token::Word("set")), Some(Token::Sign('(')), Some(Token::Text(name))) => at(index + 4)
                .and_then(|token| if let Token::Text(value) = token { Some((name, value)) } else { None }),
            _ => None,
        };
        if let Some((name, value)) = given {
            values.entry(name).or_insert(value);
        }
    }
    values
}

struct Reader<'m, 't> {
    manifest: &'m mut Manifest,
    values: BTreeMap<&'t str, &'t str>,
}

/// What a statement says about the packages that it names.
#[derive(Debug, Clone, Copy)]
struct Said {
    direct: bool,
    development: bool,
}

impl<'t> Reader<'_, 't> {
    /// The block that begins after some tokens.
    fn opened(&mut self, head: &[(Token<'t>, u32)], outer: Block) -> Block {
        let head = trimmed(head);
        let words = || head.iter().filter_map(|(token, _)| token.word());
        let (first, last) = (words().next().unwrap_or_default(), head.last().and_then(|(t, _)| t.word()));
        let development = outer.development
            || words().any(|word| word == "test" || word.ends_with("Test"))
            || matches!(first, "buildscript" | "pluginManagement");
        let inner = Block { development, ..outer };
        if outer.ignored {
            return outer;
        }
        match last {
            Some("dependencies") => Block { lists: true, ..inner },
            Some("dependencyManagement") => Block { managed: true, ..inner },
            Some("constraints") if outer.lists => Block { managed: true, ..outer },
            _ if !outer.lists => inner,
            _ if head.is_empty()
                || CONTROL.contains(&first)
                || last.is_some_and(|l| CONTROL.contains(&l)) =>
            {
                outer
            }
            _ => {
                self.statement(head, outer);
                Block { ignored: true, lists: false, ..outer }
            }
        }
    }

    /// The description and the version of the unit.
    fn about(&mut self, statement: &[(Token<'t>, u32)]) {
        let (name, value, line) = match trimmed(statement) {
            [(Token::Word(name), line), (Token::Sign('='), _), (Token::Text(value), _)]
            | [(Token::Word(name), line), (Token::Text(value), _)] => (*name, *value, *line),
            _ => return,
        };
        match name {
            "version" => self.manifest.version = Some(value.to_owned()),
            "description" => {
                (self.manifest.description, self.manifest.described_at) =
                    (Some(value.to_owned()), Some(line));
            }
            _ => {}
        }
    }

    /// One statement within a block of dependencies.
    fn statement(&mut self, statement: &[(Token<'t>, u32)], block: Block) {
        let statement = trimmed(statement);
        let Some(((Token::Word(configuration) | Token::Text(configuration), _), rest)) =
            statement.split_first()
        else {
            return;
        };
        let is_other = NO_CONFIGURATION.contains(configuration) || CONTROL.contains(configuration);
        if !block.lists || is_other || rest.is_empty() {
            return;
        }
        let lower = configuration.to_ascii_lowercase();
        let development = block.development || lower.contains("test") || BUILD_ONLY.contains(configuration);
        let said = Said { direct: !block.managed, development };
        self.arguments(rest, said);
    }

    fn arguments(&mut self, rest: &[(Token<'t>, u32)], said: Said) {
        let mut calls: Vec<&str> = Vec::new();
        let mut named: BTreeMap<&str, (&str, u32)> = BTreeMap::new();
        let mut plain: Vec<(&str, u32)> = Vec::new();
        let mut index = 0;
        while let Some((token, line)) = rest.get(index) {
            let next = rest.get(index + 1).map(|(token, _)| *token);
            let within = |names: &[&str]| calls.iter().any(|call| names.contains(call));
            let said = Said { direct: said.direct && !within(&["platform", "enforcedPlatform"]), ..said };
            index += 1;
            match token {
                Token::Sign('(') => {
                    let before = index.checked_sub(2).and_then(|at| rest.get(at));
                    calls.push(before.and_then(|(token, _)| token.word()).unwrap_or_default());
                }
                Token::Sign(')') => drop(calls.pop()),
                Token::Text(_) if within(&NO_PACKAGE) => {}
                Token::Text(text) if within(&["project"]) => self.project(text, *line, said),
                Token::Text(text) if within(&["npm", "devNpm", "peerNpm"]) => {
                    // The version stands behind the name.
                    let version =
                        rest.get(index + 1).and_then(|(t, _)| t.text()).filter(|_| calls.len() < 64);
                    let found = Found::asked(text, *line);
                    let locked = version.filter(|v| is_fixed(v));
                    let Said { direct, development } = said;
                    let ecosystem = Some(Ecosystem::Npm);
                    self.manifest.add(Found {
                        ecosystem,
                        requirement: version,
                        locked,
                        direct,
                        development,
                        ..found
                    });
                    index += if version.is_some() { 2 } else { 0 };
                }
                Token::Text(text) if within(&["findLibrary", "findBundle"]) => {
                    let bundle = if within(&["findBundle"]) { "bundles." } else { "" };
                    self.refer("libs".to_owned(), format!("{bundle}{}", dotted(text)), *line, said);
                }
                Token::Text(text) if text.contains(':') => self.coordinate(text, *line, said),
                Token::Text(text) => plain.push((text, *line)),
                // A map of Groovy, or named arguments of Kotlin.
                Token::Word(key) if matches!(next, Some(Token::Sign(':' | '='))) => {
                    let value = rest.get(index + 1).and_then(|(token, line)| {
                        let text = token.text().or_else(|| self.values.get(token.word()?).copied())?;
                        Some((text, *line))
                    });
                    if let Some((text, _)) = value
                        && within(&["project"])
                        && *key == "path"
                    {
                        self.project(text, *line, said);
                    } else if let Some(value) = value.filter(|_| !within(&NO_PACKAGE)) {
                        if named.contains_key(key) {
                            self.named(&std::mem::take(&mut named), said);
                        }
                        named.insert(key, value);
                    }
                    index += 2;
                }
                Token::Word(first) => {
                    let (path, after) = path(first, rest, index);
                    let is_call = matches!(rest.get(after), Some((Token::Sign('('), _)));
                    index = after;
                    if !within(&NO_PACKAGE) {
                        self.accessor(&path, is_call, *line, said);
                    }
                }
                Token::Sign(_) => {}
            }
        }
        if !named.is_empty() {
            self.named(&named, said);
        } else if let [(group, line), (artifact, _), versions @ ..] = plain.as_slice()
            && versions.len() < 3
        {
            let version = versions.first().map(|(version, _)| format!(":{version}")).unwrap_or_default();
            self.coordinate(&format!("{group}:{artifact}{version}"), *line, said);
        }
    }

    fn named(&mut self, named: &BTreeMap<&str, (&str, u32)>, said: Said) {
        let (Some((group, _)), Some((artifact, line))) = (named.get("group"), named.get("name")) else {
            return;
        };
        let version = named.get("version").map(|(version, _)| format!(":{version}")).unwrap_or_default();
        self.coordinate(&format!("{group}:{artifact}{version}"), *line, said);
    }

    /// A name with dots: of a catalogue, of a project, or of something that cannot be seen.
    fn accessor(&mut self, path: &[&str], is_call: bool, line: u32, said: Said) {
        match path {
            // A method at the end is no part of the name.
            [path @ .., "get" | "asProvider" | "map" | "orNull"] if is_call => {
                self.accessor(path, false, line, said);
            }
            _ if is_call => {}
            [name] => match self.values.get(name).copied() {
                Some(value) if value.contains(':') => self.coordinate(value, line, said),
                _ => {}
            },
            ["projects", .., name] => self.project(name, line, said),
            [first, ..] if NO_CATALOGUE.contains(first) => {}
            [_, "plugins" | "versions", ..] => {}
            [first, ..] if first.starts_with(char::is_uppercase) => {
                self.manifest.warn(line, "a dependency that is not named in place");
            }
            [first, rest @ ..] if !rest.is_empty() => {
                self.refer((*first).to_owned(), dotted(&rest.join(".")), line, said);
            }
            _ => {}
        }
    }

    fn refer(&mut self, catalogue: String, alias: String, line: u32, Said { direct, development }: Said) {
        if self.manifest.catalogue.references.len() < MAX_REFERENCES {
            let reference = Reference { catalogue, alias, direct, development, line };
            self.manifest.catalogue.references.push(reference);
        } else {
            self.manifest.warn(line, "more names of packages than are read");
        }
    }

    /// A project of the same build, such as `:libs:core`.
    fn project(&mut self, path: &str, line: u32, Said { direct, development }: Said) {
        let name = path.rsplit([':', '.']).next().unwrap_or(path);
        let requirement = format!("path:{path}");
        let found = Found::asked(name, line);
        self.manifest.add(Found { requirement: Some(&requirement), direct, development, ..found });
    }

    /// `group:artifact:version`, of which the version may be missing.
    fn coordinate(&mut self, text: &str, line: u32, Said { direct, development }: Said) {
        let text = self.substituted(text);
        let mut parts = text.split(':');
        let (Some(group), Some(artifact)) = (parts.next(), parts.next()) else { return };
        let name = format!("{group}:{}", artifact.split('@').next().unwrap_or(artifact));
        let version = parts.next().map(|v| v.split('@').next().unwrap_or(v)).filter(|v| !v.is_empty());
        let locked = version.filter(|v| is_fixed(v));
        let found = Found::asked(&name, line);
        self.manifest.add(Found { requirement: version, locked, direct, development, ..found });
    }

    /// The text with the values of its variables, as far as the file gives them.
    fn substituted(&self, text: &str) -> String {
        let mut value = text.to_owned();
        let mut from = 0;
        for _ in 0..MAX_SUBSTITUTIONS {
            let Some(start) = value.get(from..).and_then(|v| v.find('$')).map(|at| at + from) else { break };
            let inner = &value[start + 1..];
            let in_braces = inner.strip_prefix('{').and_then(|i| i.split_once('}'));
            let (end, name) = if let Some((name, _)) = in_braces {
                (start + name.len() + 3, name)
            } else {
                let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
                let length = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
                (start + 1 + length, &inner[..length])
            };
            // `property("x")` and `ext.x` are the value of `x` too.
            let name = name.rsplit(['.', '(']).next().unwrap_or(name).trim_matches([')', '"', '\'', ' ']);
            match self.values.get(name) {
                Some(replacement) if value.len() + replacement.len() <= MAX_VALUE => {
                    value.replace_range(start..end, replacement);
                    from = start;
                }
                _ => from = end,
            }
        }
        value
    }
}

/// The words of a path that begins with a word, and where it ends.
fn path<'t>(first: &'t str, rest: &[(Token<'t>, u32)], mut index: usize) -> (Vec<&'t str>, usize) {
    let mut path = vec![first];
    loop {
        // A long path may go on in the next line.
        let skipped = usize::from(matches!(rest.get(index), Some((Token::Sign('\n'), _))));
        match (rest.get(index + skipped), rest.get(index + skipped + 1)) {
            (Some((Token::Sign('.'), _)), Some((Token::Word(word), _))) => {
                path.push(*word);
                index += skipped + 2;
            }
            _ => return (path, index),
        }
    }
}

fn trimmed<'s, 't>(mut statement: &'s [(Token<'t>, u32)]) -> &'s [(Token<'t>, u32)] {
    while let [(Token::Sign('\n' | ';'), _), rest @ ..] | [rest @ .., (Token::Sign('\n' | ';'), _)] =
        statement
    {
        statement = rest;
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};
    use super::*;

    fn references(text: &str) -> Vec<String> {
        let read = parse(ManifestKind::Gradle, "build.gradle", text.as_bytes()).unwrap();
        let shown = |r: &Reference| {
            let kind = if r.direct { "direct" } else { "managed" };
            let development = if r.development { " dev" } else { "" };
            format!("{} {}:{} {kind}{development}", r.line, r.catalogue, r.alias)
        };
        read.catalogue.references.iter().map(shown).collect()
    }

    #[test]
    fn groovy_is_read() {
        let text = "plugins { id 'java' }\ndescription 'Answers mail'\nversion = '1.2'\next {\n  set('springAiVersion', \"1.0.1\")\n  lc = '0.30.0'\n}\n// implementation 'no:no:1'\nbuildscript { dependencies { classpath 'com.x:plugin:1' } }\ndependencies {\n  implementation 'dev.langchain4j:langchain4j:1.0.0'\n  implementation \"dev.langchain4j:langchain4j-open-ai:${lc}\", 'com.openai:openai-java:2.+'\n  api group: 'com.google.genai', name: 'google-genai',\n      version: '1.1.0'\n  implementation platform(\"org.springframework.ai:spring-ai-bom:$springAiVersion\")\n  implementation('org.springframework.ai:spring-ai-openai') {\n    exclude group: 'no', module: 'no'\n  }\n  testImplementation 'org.junit:junit:4@jar'\n  annotationProcessor 'a:b:1'\n  implementation project(':libs:core')\n  implementation files('libs/no.jar'), fileTree(dir: 'libs', include: ['no:no'])\n  if (x) { runtimeOnly 'c:d:1' } else {\n    runtimeOnly 'e:f:1'\n  }\n  implementation \"$group:x:1\"\n  implementation Deps.openai\n  println 'no:no:1'\n}\ndependencyManagement {\n  imports { mavenBom 'no:no:1' }\n  dependencies { dependency 'g:h:1' }\n}\ntask x { doLast { println 'no:no:1' } }\n";
        assert_eq!(
            table(ManifestKind::Gradle, "build.gradle", text),
            [
                "9 com.x:plugin 1 1 direct dev",
                "11 dev.langchain4j:langchain4j 1.0.0 1.0.0 direct",
                "12 com.openai:openai-java 2.+ - direct",
                "12 dev.langchain4j:langchain4j-open-ai 0.30.0 0.30.0 direct",
                "13 com.google.genai:google-genai 1.1.0 1.1.0 direct",
                "15 org.springframework.ai:spring-ai-bom 1.0.1 1.0.1 transitive",
                "16 org.springframework.ai:spring-ai-openai - - direct",
                "19 org.junit:junit 4 4 direct dev",
                "20 a:b 1 1 direct dev",
                "21 core path::libs:core - direct",
                "23 c:d 1 1 direct",
                "24 e:f 1 1 direct",
                "32 g:h 1 1 transitive",
                "! line 26: a package name that cannot be one",
                "! line 27: a dependency that is not named in place",
            ]
        );
        let read = parse(ManifestKind::Gradle, "build.gradle", text.as_bytes()).unwrap();
        assert_eq!(
            (read.name, read.description.as_deref(), read.version.as_deref()),
            (None, Some("Answers mail"), Some("1.2"))
        );
    }

    #[test]
    fn kotlin_is_read() {
        let text = "val ktor = \"3.0.0\"\nval agent by extra(\"x\")\nextra[\"koog\"] = \"0.4.1\"\nkotlin {\n  sourceSets {\n    commonMain.dependencies {\n      implementation(\"ai.koog:koog-agents:${property(\"koog\")}\")\n      implementation(\n        \"io.ktor:ktor-client:$ktor\" // c\n      )\n      implementation(npm(\"openai\", \"4.0.0\"))\n      implementation(kotlin(\"stdlib\"))\n    }\n    val jvmTest by getting {\n      dependencies { implementation(\"a:b:1\") }\n    }\n  }\n}\ndependencies {\n  implementation(group = \"c\", name = \"d\", version = ktor)\n  \"implementation\"(\"e:f:1\")\n  add(\"implementation\", \"g:h:1\")\n  implementation(\"i.j\", \"k\", \"1\")\n  implementation(project(path = \":core\", configuration = \"x\"))\n  implementation(projects.libs.shared)\n  constraints { implementation(\"l:m:1\") }\n}\n";
        assert_eq!(
            table(ManifestKind::Gradle, "build.gradle.kts", text),
            [
                "7 ai.koog:koog-agents 0.4.1 0.4.1 direct",
                "9 io.ktor:ktor-client 3.0.0 3.0.0 direct",
                "11 openai 4.0.0 4.0.0 direct",
                "15 a:b 1 1 direct dev",
                "20 c:d 3.0.0 3.0.0 direct",
                "21 e:f 1 1 direct",
                "22 g:h 1 1 direct",
                "23 i.j:k 1 1 direct",
                "24 core path::core - direct",
                "25 shared path:shared - direct",
                "26 l:m 1 1 transitive",
            ]
        );
    }

    #[test]
    fn names_of_catalogues_are_kept() {
        let text = "dependencies {\n  implementation libs.langchain4j.core\n  implementation(libs.spring.ai.asProvider().get())\n  implementation(platform(libs.spring.bom))\n  testImplementation(libs.bundles.test)\n  implementation(libs.openai) { exclude(group = \"x\") }\n  add(\"implementation\", libs.findLibrary(\"koog-agents\").get())\n  implementation(deps\n    .inner.x)\n  implementation(sourceSets.main.output)\n  implementation(compose.runtime)\n  implementation(libs.versions.x)\n}\nplugins { alias(libs.plugins.no) }\nx = libs.no.no\n";
        assert_eq!(
            references(text),
            [
                "2 libs:langchain4j.core direct",
                "3 libs:spring.ai direct",
                "4 libs:spring.bom managed",
                "5 libs:bundles.test direct dev",
                "6 libs:openai direct",
                "7 libs:koog.agents direct",
                "8 deps:inner.x direct",
            ]
        );
        assert_eq!(table(ManifestKind::Gradle, "build.gradle", text), [""; 0]);
    }
}
