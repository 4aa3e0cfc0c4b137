//! Conda: environments, with the list that they leave to pip.

use super::python::add_specifier;
use super::text::is_exact;
use super::{Ecosystem, Found, Manifest};
use crate::document::{ReadError, reading};

/// Reads an environment. Other files may have such a name, and say nothing here.
pub(super) fn read(manifest: &mut Manifest, text: &str) -> Result<(), ReadError> {
    if !text.contains("dependencies") {
        return Ok(());
    }
    let root = reading::yaml(text)?;
    let listed = root.items_at(&["dependencies"]);
    if !listed.is_empty() {
        manifest.name = root.text_at(&["name"]).map(str::to_owned);
    }
    for item in listed {
        if let Some(text) = item.text() {
            add(manifest, text, item.line);
            continue;
        }
        let pip = item.items_at(&["pip"]);
        if pip.is_empty() && item.get("pip").is_none() {
            manifest.warn(item.line, "no package");
        }
        manifest.ecosystem = Ecosystem::Pypi;
        for requirement in pip {
            match requirement.text().map(str::trim) {
                // An option, mostly the name of a requirements file, which is read by itself.
                Some(text) if text.starts_with(['-', '.', '/']) => {}
                Some(text) => add_specifier(manifest, text, false, requirement.line),
                None => manifest.warn(requirement.line, "no requirement"),
            }
        }
        manifest.ecosystem = Ecosystem::Conda;
    }
    Ok(())
}

/// Adds what a text such as `conda-forge::openai>=1.0` asks for.
pub(super) fn add(manifest: &mut Manifest, text: &str, line: u32) {
    let text = text.trim();
    let text = text.rsplit_once("::").map_or(text, |(_, name)| name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    // What is selected in brackets is a build and no part of the version.
    let rest = rest.split('[').next().unwrap_or(rest).trim();
    let version = rest.trim_start_matches('=');
    // `=1.2` is any build of it, and any version that begins so.
    let version =
        version.split_once('=').map_or(version, |(v, _)| if v.is_empty() { version } else { v }).trim();
    let locked = Some(version).filter(|v| rest.starts_with('=') && is_exact(v));
    let requirement = Some(rest).filter(|r| !r.is_empty());
    let ecosystem = Some(Ecosystem::Conda);
    manifest.add(Found { ecosystem, requirement, locked, ..Found::asked(name, line) });
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn environments_are_read() {
        let text = "name: agents\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - conda-forge::openai>=1.2,<2\n  - Anthropic\n  - pytorch=2.1.0=py311_cuda\n  - scikit-learn[build=x]\n  - {odd: 1}\n  - pip\n  - pip:\n      - langchain==0.1.0\n      - -r requirements.txt\n      - crewai[tools]  # c\n      - what is this\n";
        assert_eq!(
            table(ManifestKind::CondaEnvironment, "environment.yml", text),
            [
                "4 python =3.11 3.11 direct",
                "5 openai >=1.2,<2 - direct",
                "6 anthropic - - direct",
                "7 pytorch =2.1.0=py311_cuda 2.1.0 direct",
                "8 scikit-learn - - direct",
                "10 pip - - direct",
                "12 langchain ==0.1.0 0.1.0 direct",
                "14 crewai - - direct",
                "! line 9: no package",
                "! line 15: no requirement",
            ]
        );
        let read = parse(ManifestKind::CondaEnvironment, "environment.yml", text.as_bytes()).unwrap();
        assert_eq!(read.name.as_deref(), Some("agents"));
        let types: Vec<&str> = read.dependencies.iter().map(|d| d.ecosystem.purl_type()).collect();
        assert_eq!(types, ["pypi", "pypi", "conda", "conda", "conda", "conda", "conda", "conda"]);
    }

    #[test]
    fn other_files_of_that_name_say_nothing() {
        for text in ["kind: ConfigMap\nname: x\n", "{{ if }}\n", "dependencies: none\nname: x\n", ""] {
            let read = parse(ManifestKind::CondaEnvironment, "environment.yaml", text.as_bytes()).unwrap();
            assert_eq!((read.name, read.dependencies, read.warnings), (None, vec![], vec![]), "{text}");
        }
    }
}
