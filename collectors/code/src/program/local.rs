//! Which file an import of the repository's own code leads to.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::manifests::Alias;
use crate::syntax::Dialect;
use muster_rules::Language;

/// Extensions that a JavaScript import may leave out or stand for.
const SCRIPT_EXTENSIONS: [&str; 8] = ["ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs"];

/// All source paths of a target.
#[derive(Debug, Default)]
pub(crate) struct SourceIndex {
    paths: HashSet<Arc<str>>,
    /// Folders of the packages of a workspace, by package name.
    packages: BTreeMap<String, String>,
    /// Aliases for the repository's own files, the deepest folder first.
    aliases: Vec<Alias>,
    /// Top-level modules that belong to packages rules know: no file beside an import stands in for them.
    reserved: HashSet<String>,
}

impl SourceIndex {
    /// Adds a source file.
    pub(crate) fn add(&mut self, path: Arc<str>) {
        self.paths.insert(path);
    }

    /// Adds a package of the repository itself: its name and its folder.
    pub(crate) fn add_package(&mut self, name: &str, folder: &str) {
        self.packages.entry(name.to_owned()).or_insert_with(|| folder.to_owned());
    }

    /// Adds an alias for files of the repository; [`Self::settle`] has to follow.
    pub(crate) fn add_alias(&mut self, alias: Alias) {
        self.aliases.push(alias);
    }

    /// Puts the aliases into the order in which they hold: the deepest folder and the longest name first.
    pub(crate) fn settle(&mut self) {
        self.aliases
            .sort_by(|a, b| (b.folder.len(), b.name.len(), a).cmp(&(a.folder.len(), a.name.len(), b)));
        self.aliases.dedup();
    }

    /// The file that an alias of a folder around `from` stands for.
    fn aliased(&self, from: &str, module: &str) -> Option<Arc<str>> {
        let holds = |alias: &&Alias| {
            alias.folder.is_empty()
                || from.strip_prefix(&*alias.folder).is_some_and(|rest| rest.starts_with('/'))
        };
        self.aliases.iter().filter(holds).find_map(|alias| {
            let rest = module.strip_prefix(&*alias.name).filter(|rest| alias.is_prefix || rest.is_empty())?;
            self.script_file(&normalise(&join(&alias.folder, &format!("{}{rest}", alias.to)))?)
        })
    }

    /// Keeps a name for the package of that name.
    pub(crate) fn reserve(&mut self, name: &str) {
        self.reserved.insert(name.to_owned());
    }

    fn known(&self, path: &str) -> Option<Arc<str>> {
        self.paths.get(path).cloned()
    }

    /// The file that `module`, written in `from`, leads to.
    pub(crate) fn find(&self, dialect: Dialect, from: &str, module: &str) -> Option<Arc<str>> {
        match dialect.language() {
            Language::Python => self.python(from, module),
            Language::JavaScript => self.script(from, module),
        }
    }

    fn python(&self, from: &str, module: &str) -> Option<Arc<str>> {
        let file = |stem: String| {
            let stem = stem.trim_start_matches('/');
            self.known(&format!("{stem}.py")).or_else(|| {
                self.known(&if stem.is_empty() {
                    "__init__.py".to_owned()
                } else {
                    format!("{stem}/__init__.py")
                })
            })
        };
        let dots = module.len() - module.trim_start_matches('.').len();
        let rest = module[dots..].replace('.', "/");
        if dots > 0 {
            let mut folder = parent(from);
            for _ in 1..dots {
                folder = parent(folder);
            }
            return file(join(folder, &rest)).filter(|found| &**found != from);
        }
        // An absolute import starts at a folder that is on the path: one that is no package itself.
        let mut folder = parent(from);
        loop {
            if self.known(&join(folder, "__init__.py")).is_none() {
                let found = file(join(folder, &rest)).or_else(|| file(join(folder, &format!("src/{rest}"))));
                if let Some(found) = found.filter(|found| &**found != from) {
                    return Some(found);
                }
            }
            if folder.is_empty() {
                break;
            }
            folder = parent(folder);
        }
        // A script is run in its own folder, package or not.
        let head = module.split('.').next().unwrap_or(module);
        if self.reserved.contains(head) {
            return None;
        }
        file(join(parent(from), &rest)).filter(|found| &**found != from)
    }

    fn script(&self, from: &str, module: &str) -> Option<Arc<str>> {
        if module.starts_with('.') {
            return self.script_file(&normalise(&join(parent(from), module))?);
        }
        if let Some(found) = self.aliased(from, module) {
            return Some(found);
        }
        if let Some(folder) = self.packages.get(module) {
            return ["src/index", "index", "lib/index"]
                .iter()
                .find_map(|i| self.script_file(&join(folder, i)));
        }
        if let Some((package, rest)) = self.packages.iter().find_map(|(name, folder)| {
            module.strip_prefix(name.as_str()).and_then(|r| r.strip_prefix('/')).map(|rest| (folder, rest))
        }) {
            return [format!("src/{rest}"), rest.to_owned()]
                .iter()
                .find_map(|r| self.script_file(&join(package, r)));
        }
        // Path aliases: what tsconfig calls `@/x` or `~/x` is under the project or its `src`.
        let alias = ["@/", "~/", "#/", "$lib/"].iter().find_map(|prefix| module.strip_prefix(prefix));
        let rest = match alias {
            Some(rest) => rest,
            None if module.contains('/') && !module.starts_with('@') => module,
            None => return None,
        };
        let mut folder = parent(from);
        loop {
            for base in ["", "src", "app", "src/lib"] {
                if let Some(found) = self.script_file(&join(&join(folder, base), rest)) {
                    return Some(found);
                }
            }
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
    }

    fn script_file(&self, stem: &str) -> Option<Arc<str>> {
        if let Some(found) = self.known(stem) {
            return Some(found);
        }
        // TypeScript writes `./x.js` for what is `./x.ts` on disk.
        let bare = SCRIPT_EXTENSIONS.iter().find_map(|e| stem.strip_suffix(&format!(".{e}")));
        let stems = [Some(stem.to_owned()), bare.map(str::to_owned), Some(join(stem, "index"))];
        stems
            .into_iter()
            .flatten()
            .find_map(|s| SCRIPT_EXTENSIONS.iter().find_map(|e| self.known(&format!("{s}.{e}"))))
    }
}

/// Folder of a path; `""` at the top.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins two relative paths.
pub(crate) fn join(folder: &str, rest: &str) -> String {
    match (folder.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{rest}"),
    }
}

/// Takes `.` and `..` out; `None` when it leaves the target.
fn normalise(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(paths: &[&str]) -> SourceIndex {
        let mut index = SourceIndex::default();
        for path in paths {
            index.add((*path).into());
        }
        index
    }

    #[test]
    fn python_imports() {
        let mut index = index(&[
            "app/__init__.py",
            "app/main.py",
            "app/tools/__init__.py",
            "app/openai.py",
            "run.py",
            "src/core/x.py",
        ]);
        let find = |from, module| index.find(Dialect::Python, from, module).map(|p| p.to_string());
        assert_eq!(find("app/main.py", ".tools").as_deref(), Some("app/tools/__init__.py"));
        assert_eq!(find("app/main.py", "app.tools").as_deref(), Some("app/tools/__init__.py"));
        assert_eq!(find("run.py", "core.x").as_deref(), Some("src/core/x.py"));
        index.reserve("openai");
        let find = |from, module| index.find(Dialect::Python, from, module).map(|p| p.to_string());
        assert_eq!(
            find("app/main.py", "tools").as_deref(),
            Some("app/tools/__init__.py"),
            "as a script finds it"
        );
        assert_eq!(find("app/main.py", "openai"), None, "a sibling inside a package does not shadow the SDK");
        assert_eq!(find("app/openai.py", ".openai"), None, "a module does not import itself");
    }

    #[test]
    fn script_imports() {
        let mut index =
            index(&["src/tools/index.ts", "src/agent.ts", "src/lib/x.tsx", "packages/a/src/index.ts"]);
        index.add_package("@acme/a", "packages/a");
        let find = |from, module| index.find(Dialect::TypeScript, from, module).map(|p| p.to_string());
        assert_eq!(find("src/agent.ts", "./tools").as_deref(), Some("src/tools/index.ts"));
        assert_eq!(find("src/tools/index.ts", "../agent.js").as_deref(), Some("src/agent.ts"));
        assert_eq!(find("src/agent.ts", "@/lib/x").as_deref(), Some("src/lib/x.tsx"));
        assert_eq!(find("src/agent.ts", "@acme/a").as_deref(), Some("packages/a/src/index.ts"));
        assert_eq!(find("src/agent.ts", "openai"), None);
        assert_eq!(find("src/agent.ts", "../../../etc/passwd"), None);
    }
}
