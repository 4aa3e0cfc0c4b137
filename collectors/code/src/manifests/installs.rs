//! What the scripts of images and containers install by name: `RUN pip install openai==1.2`.
//!
//! A folder, an archive or a requirements file is no name; what a variable names is told as a problem.

use super::golang::module_of;
use super::npm::split_name;
use super::python::{Specifier, specifier};
use super::text::{is_exact, is_semver, one_based};
use super::{Ecosystem, Found, Manifest, conda};
use crate::document::{Node, ReadError, reading};
use crate::starters::{calls, here_document_end, is_assignment};

/// Scripts within scripts: `sh -c "…"`.
const MAX_DEPTH: usize = 3;
/// Words of one script whose line was not found; after that many all stand where the script begins.
const MAX_MISSED: usize = 200;

/// Reads what the instructions of a Dockerfile install.
pub(super) fn dockerfile(manifest: &mut Manifest, text: &str) {
    instructions(manifest, text, 1);
}

/// Reads what the commands of a compose file install.
pub(super) fn compose(manifest: &mut Manifest, text: &str) -> Result<(), ReadError> {
    if !text.contains("install") && !text.contains(" add") {
        return Ok(());
    }
    let root = reading::yaml(text)?;
    for service in root.entries_at(&["services"]) {
        for key in ["entrypoint", "command"] {
            match service.node.get(key) {
                Some(Node { line, .. }) if service.node.text_at(&[key]).is_some() => {
                    script(manifest, service.node.text_at(&[key]).unwrap_or_default(), *line, 0);
                }
                Some(list) => {
                    let words =
                        list.items().iter().filter_map(|item| Some((item.text()?.to_owned(), item.line)));
                    command(manifest, &words.collect::<Vec<_>>(), 0);
                }
                None => {}
            }
        }
        if let Some(node) = service.node.at(&["build", "dockerfile_inline"])
            && let Some(text) = node.text()
        {
            instructions(manifest, text, node.line);
        }
    }
    // A text may have more lines than it is written on.
    let last = one_based(text.lines().count());
    manifest.dependencies.iter_mut().for_each(|dependency| dependency.line = dependency.line.min(last));
    Ok(())
}

fn instructions(manifest: &mut Manifest, text: &str, first: u32) {
    let mut lines = (first..).zip(text.lines()).peekable();
    while let Some((line, content)) = lines.next() {
        let content = content.trim();
        let name = content.split([' ', '\t']).next().unwrap_or_default().to_ascii_uppercase();
        let is_run = name == "RUN" || (name == "ONBUILD" && content.to_ascii_uppercase().contains(" RUN "));
        let mut instruction = content.to_owned();
        while instruction.ends_with('\\') {
            let Some((_, next)) = lines.next() else { break };
            instruction.push('\n');
            let next = next.trim();
            // Comments and empty lines between continued lines are left out, but are lines.
            let is_left_out = next.starts_with('#') || next.is_empty();
            instruction.push_str(if is_left_out { "\\" } else { next });
        }
        if matches!(name.as_str(), "RUN" | "COPY" | "ADD")
            && let Some(end) = here_document_end(&instruction)
        {
            while let Some((_, body)) = lines.next_if(|(_, body)| body.trim() != end) {
                instruction.push('\n');
                instruction.push_str(body);
            }
        }
        if !is_run {
            continue;
        }
        match listed(&instruction) {
            Some(words) => {
                command(manifest, &words.into_iter().map(|word| (word, line)).collect::<Vec<_>>(), 0);
            }
            None => script(manifest, &instruction, line, 0),
        }
    }
}

/// The words of `RUN ["pip", "install", "x"]`.
fn listed(instruction: &str) -> Option<Vec<String>> {
    let list = instruction.get(3..)?.trim_start();
    if !list.starts_with('[') {
        return None;
    }
    let list = reading::json(list).ok()?;
    Some(list.items().iter().filter_map(Node::text).map(str::to_owned).collect())
}

fn script(manifest: &mut Manifest, text: &str, line: u32, depth: usize) {
    let mut lines = Lines { text, at: 0, line, first: line, missed: 0 };
    for call in calls(text) {
        let words: Vec<(String, u32)> = call
            .words
            .into_iter()
            .map(|word| {
                let line = lines.of(&word);
                (word, line)
            })
            .collect();
        command(manifest, &words, depth);
    }
}

/// Where words stand that come in the order of their text.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    first: u32,
    missed: usize,
}

impl Lines<'_> {
    fn of(&mut self, word: &str) -> u32 {
        if self.missed > MAX_MISSED {
            return self.first;
        }
        let Some(found) = self.text.get(self.at..).and_then(|rest| rest.find(word)) else {
            self.missed += 1;
            return self.line;
        };
        let passed = self.text[self.at..self.at + found].bytes().filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.at += found + word.len();
        let line = self.line;
        // A word that goes over lines counts where it begins.
        let within = word.bytes().filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(within).unwrap_or(u32::MAX));
        line
    }
}

type Word = (String, u32);

/// Looks at one command for what it installs.
fn command(manifest: &mut Manifest, words: &[Word], depth: usize) {
    let Some(((first, _), rest)) = words.split_first() else { return };
    let name = first.rsplit('/').next().unwrap_or(first);
    let skips = matches!(
        name,
        "RUN"
            | "run"
            | "Run"
            | "ONBUILD"
            | "sudo"
            | "env"
            | "exec"
            | "time"
            | "then"
            | "do"
            | "else"
            | "if"
            | "!"
    ) || first.starts_with('-')
        || is_assignment(first);
    if skips {
        return command(manifest, rest, depth);
    }
    let word = |at: usize| rest.get(at).map_or("", |(word, _)| word.as_str());
    if matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh") {
        let option =
            rest.iter().position(|(w, _)| w.starts_with('-') && !w.starts_with("--") && w.ends_with('c'));
        if let Some((inner, line)) = option.and_then(|at| rest.get(at + 1))
            && depth < MAX_DEPTH
        {
            script(manifest, inner, *line, depth + 1);
        }
        return;
    }
    if name.starts_with("python") && word(0) == "-m" {
        return command(manifest, rest.get(1..).unwrap_or_default(), depth);
    }
    if let Some((installer, at)) = installer(name, &[word(0), word(1), word(2)]) {
        installer.read(manifest, rest.get(at..).unwrap_or_default());
    }
}

/// What installs packages of one kind, and which of its options take the next word.
struct Installer {
    ecosystem: Ecosystem,
    with_value: &'static [&'static str],
}

const PYTHON: Installer = Installer {
    ecosystem: Ecosystem::Pypi,
    with_value: &[
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-e",
        "--editable",
        "-i",
        "--index-url",
        "--index",
        "--extra-index-url",
        "--default-index",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "--prefix",
        "--root",
        "--trusted-host",
        "--python",
        "-p",
        "--python-version",
        "--platform",
        "--no-binary",
        "--only-binary",
        "--cache-dir",
        "--timeout",
        "--retries",
        "--progress-bar",
        "--root-user-action",
        "--config-settings",
        "--group",
        "-G",
        "--extra",
        "-E",
        "--source",
        "--overrides",
        "--override",
        "--torch-backend",
        "--proxy",
        "--link-mode",
        "--index-strategy",
        "--upgrade-package",
        "--suffix",
        "--pip-args",
        "--src",
        "--report",
    ],
};
const NODE: Installer = Installer {
    ecosystem: Ecosystem::Npm,
    with_value: &[
        "--prefix",
        "--registry",
        "--tag",
        "--cache",
        "--cwd",
        "-w",
        "--workspace",
        "-C",
        "--dir",
        "--filter",
        "--loglevel",
    ],
};
const RUBY: Installer = Installer {
    ecosystem: Ecosystem::Gem,
    with_value: &[
        "-v",
        "--version",
        "-i",
        "--install-dir",
        "-n",
        "--bindir",
        "--source",
        "-s",
        "-P",
        "--platform",
        "--group",
        "-g",
    ],
};
const GO: Installer =
    Installer { ecosystem: Ecosystem::Golang, with_value: &["-ldflags", "-tags", "-o", "-mod", "-p"] };
const RUST: Installer = Installer {
    ecosystem: Ecosystem::Cargo,
    with_value: &[
        "--version",
        "--vers",
        "--features",
        "-F",
        "--root",
        "--target",
        "--git",
        "--branch",
        "--tag",
        "--rev",
        "--path",
        "--profile",
        "--bin",
        "--registry",
        "--index",
        "-j",
        "--jobs",
        "--target-dir",
        "--rename",
    ],
};
const PHP: Installer = Installer { ecosystem: Ecosystem::Composer, with_value: &["-d", "--working-dir"] };
const DOTNET: Installer = Installer {
    ecosystem: Ecosystem::Nuget,
    with_value: &["--version", "-v", "-s", "--source", "-f", "--framework", "--tool-path", "--add-source"],
};
const CONDA: Installer = Installer {
    ecosystem: Ecosystem::Conda,
    with_value: &["-c", "--channel", "-n", "--name", "-p", "--prefix", "-f", "--file"],
};

/// Which installer a command is, and behind how many of its words the packages begin.
fn installer(name: &str, words: &[&str; 3]) -> Option<(&'static Installer, usize)> {
    let is_pip =
        name == "pip" || name.strip_prefix("pip").is_some_and(|v| v.starts_with('3') || v.starts_with('2'));
    Some(match (name, words) {
        (_, ["install", ..]) if is_pip => (&PYTHON, 1),
        (_, [option, "install", _]) if is_pip && option.starts_with("--") => (&PYTHON, 2),
        ("uv", ["pip" | "tool", "install", _]) => (&PYTHON, 2),
        ("uv" | "poetry" | "pdm" | "rye", ["add", ..]) | ("pipx" | "pipenv", ["install", ..]) => (&PYTHON, 1),
        ("npm" | "pnpm" | "bun", ["install" | "i" | "add", ..]) | ("yarn", ["add", ..]) => (&NODE, 1),
        ("yarn", ["global", "add", _]) => (&NODE, 2),
        ("npm" | "pnpm" | "bun", [option, "install" | "i" | "add", _]) if option.starts_with('-') => {
            (&NODE, 2)
        }
        ("gem", ["install", ..]) | ("bundle", ["add", ..]) => (&RUBY, 1),
        ("go", ["install" | "get", ..]) => (&GO, 1),
        ("cargo", ["install" | "add" | "binstall", ..]) => (&RUST, 1),
        ("composer", ["require", ..]) => (&PHP, 1),
        ("composer", ["global", "require", _]) => (&PHP, 2),
        ("dotnet", ["tool", "install", _] | ["add", "package", _]) => (&DOTNET, 2),
        ("dotnet", ["add", _, "package"]) => (&DOTNET, 3),
        ("conda" | "mamba" | "micromamba", ["install" | "create", ..]) => (&CONDA, 1),
        _ => return None,
    })
}

impl Installer {
    fn read(&self, manifest: &mut Manifest, words: &[Word]) {
        const DEVELOPMENT: [&str; 4] = ["--dev", "-D", "--save-dev", "--development"];
        let development = words.iter().any(|(word, _)| DEVELOPMENT.contains(&word.as_str()));
        let version = self.version(words);
        // What is built from elsewhere is not the package of that name.
        let is_elsewhere = words.iter().any(|(word, _)| matches!(word.as_str(), "--git" | "--path"));
        if is_elsewhere && matches!(self.ecosystem, Ecosystem::Cargo | Ecosystem::Gem) {
            return;
        }
        let mut words = words.iter();
        while let Some((word, line)) = words.next() {
            if word.starts_with('-') {
                if self.with_value.contains(&word.as_str()) {
                    words.next();
                }
                continue;
            }
            let is_path = word.starts_with(['.', '/', '~', '%']) || word == "$PWD";
            if !is_path && !word.is_empty() {
                self.package(manifest, word, (version, development), *line);
            }
        }
    }

    /// The version that an option gives.
    fn version<'w>(&self, words: &'w [Word]) -> Option<&'w str> {
        if !matches!(self.ecosystem, Ecosystem::Gem | Ecosystem::Cargo | Ecosystem::Nuget) {
            return None;
        }
        words.iter().enumerate().find_map(|(at, (word, _))| {
            if matches!(word.as_str(), "-v" | "--version" | "--vers") {
                return words.get(at + 1).map(|(version, _)| version.as_str());
            }
            word.strip_prefix("--version=")
        })
    }

    fn package(
        &self,
        manifest: &mut Manifest,
        word: &str,
        (given, development): (Option<&str>, bool),
        line: u32,
    ) {
        if word.contains("://") && !word.contains(" @ ") {
            manifest.warn(line, "an address that names no package");
            return;
        }
        // A variable may fix the version of a package that is named.
        let (word, is_open) = match word.find('$') {
            Some(at) => (word[..at].trim_end_matches(['=', '<', '>', '~', '^', '!', '@', ':', ' ']), true),
            None => (word, false),
        };
        let is_name_open = is_open && word.is_empty();
        if is_name_open || word.ends_with(['-', '_', '/']) {
            manifest.warn(line, "a package that a variable names");
            return;
        }
        let found = Found { ecosystem: Some(self.ecosystem), development, ..Found::asked("", line) };
        let exact = given.filter(|v| is_exact(v));
        match self.ecosystem {
            Ecosystem::Pypi => match specifier(word) {
                Some(Specifier { name, requirement, locked }) => {
                    manifest.add(Found { name, requirement, locked, ..found });
                }
                // An archive beside the file, or the extras of the folder itself.
                None if word.contains('/') || word.starts_with('[') => {}
                None => manifest.warn(line, "no requirement"),
            },
            Ecosystem::Conda => conda::add(manifest, word, line),
            Ecosystem::Npm => {
                let (name, version) = split_name(word);
                // An owner and a repository, and not a scope and a name.
                if name.contains(':') || (name.contains('/') && !name.starts_with('@')) {
                    return;
                }
                let locked = version.filter(|v| is_semver(v));
                manifest.add(Found { name, requirement: version, locked, ..found });
            }
            Ecosystem::Golang => {
                let (path, version) = split_name(word);
                // Tools of the standard library have no host.
                if path.split('/').next().is_some_and(|host| host.contains('.')) {
                    let locked = version.filter(|v| is_exact(v));
                    manifest.add(Found { name: module_of(path), requirement: version, locked, ..found });
                }
            }
            Ecosystem::Cargo => {
                let (name, version) = split_name(word);
                let version = version.or(given);
                let locked = version.filter(|v| is_semver(v));
                manifest.add(Found { name, requirement: version, locked, ..found });
            }
            Ecosystem::Gem | Ecosystem::Composer => {
                let (name, version) = word.split_once(':').map_or((word, given), |(name, v)| (name, Some(v)));
                let locked = version.filter(|v| is_exact(v));
                manifest.add(Found { name, requirement: version, locked, ..found });
            }
            Ecosystem::Nuget | Ecosystem::Maven => {
                manifest.add(Found { name: word, requirement: given, locked: exact, ..found });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};
    use super::*;

    #[test]
    fn images_install_by_name() {
        let text = "# RUN pip install no\nFROM python:3.11\nRUN --mount=type=cache,target=/x \\\n    # why\n    pip3 install --no-cache-dir -i https://example.com/simple \\\n      'openai>=1.2' \\\n\n      langchain[all]==0.1.0 && \\\n    npm install -g @anthropic-ai/claude-code@1.0.3 typescript\nRUN [\"python\", \"-m\", \"pip\", \"install\", \"anthropic\"]\nRUN pip install -r requirements.txt . ./lib /tmp/x.whl && cd x && uv pip install --system crewai==$VERSION\nRUN bash -lc \"gem install ruby-openai -v 7.0.1; cargo install rig-cli --version 0.2.0\"\nRUN go install github.com/acme/agent/cmd/agent@v1.2.0 && composer global require openai-php/client:^0.10\nRUN <<EOF\napt-get install -y curl\npip install litellm\nEOF\nCOPY <<EOF /x\npip install no\nEOF\nrun conda install -y -c conda-forge transformers=4.1 && dotnet add package OpenAI --version 2.0.0\nRUN pip install $PACKAGES git+https://example.com/x.git && poetry add --dev mypy\nCMD pip install no\n";
        assert_eq!(
            table(ManifestKind::Dockerfile, "Dockerfile", text),
            [
                "6 openai >=1.2 - direct",
                "8 langchain ==0.1.0 0.1.0 direct",
                "9 @anthropic-ai/claude-code 1.0.3 1.0.3 direct",
                "9 typescript - - direct",
                "10 anthropic - - direct",
                "11 crewai - - direct",
                "12 rig-cli 0.2.0 0.2.0 direct",
                "12 ruby-openai 7.0.1 7.0.1 direct",
                "13 github.com/acme/agent v1.2.0 v1.2.0 direct",
                "13 openai-php/client ^0.10 - direct",
                "16 litellm - - direct",
                "21 OpenAI 2.0.0 2.0.0 direct",
                "21 transformers =4.1 4.1 direct",
                "22 mypy - - direct dev",
                "! line 22: a package that a variable names",
                "! line 22: an address that names no package",
            ]
        );
        let read = parse(ManifestKind::Dockerfile, "Dockerfile", text.as_bytes()).unwrap();
        let types: Vec<&str> = read.dependencies.iter().map(|d| d.ecosystem.purl_type()).collect();
        let others = ["npm", "npm", "golang", "nuget", "cargo", "gem", "composer", "conda"];
        assert_eq!(types, [&["pypi"; 6][..], &others].concat());
    }

    #[test]
    fn containers_install_when_they_start() {
        let text = "services:\n  a:\n    image: python\n    command: sh -c \"pip install openai && python a.py\"\n  b:\n    entrypoint:\n      - bash\n      - -c\n      - |\n        pip install anthropic\n        npm i -g ai@5.0.1\n  c:\n    build:\n      dockerfile_inline: |\n        FROM node\n        RUN npm install @langchain/core\n    environment:\n      NOTE: pip install no\n";
        assert_eq!(
            table(ManifestKind::Compose, "compose.yaml", text),
            [
                "4 openai - - direct",
                "10 anthropic - - direct",
                "11 ai 5.0.1 5.0.1 direct",
                "16 @langchain/core - - direct",
            ]
        );
    }

    #[test]
    fn words_that_cannot_be_found_cost_no_search_each() {
        let text = format!("RUN echo {}", "\\a ".repeat(200_000));
        let mut manifest = Manifest::new(ManifestKind::Dockerfile);
        dockerfile(&mut manifest, &text);
        assert_eq!(manifest, Manifest::new(ManifestKind::Dockerfile));
    }
}
