//! Which file an import of the repository's own code leads to.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use crate::manifests::Alias;
use crate::syntax::Dialect;
use muster_rules::Language;

/// Extensions that a JavaScript import may leave out or stand for.
const SCRIPT_EXTENSIONS: [&str; 8] = ["ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs"];

/// All source paths of a target.
#[derive(Debug, Default)]
pub(crate) struct SourceIndex {
    paths: HashSet<Arc<str>>,
    /// Every name that is a part of a Python file's path: most imports lead out of the repository, and are told by this.
    python_names: HashSet<Box<str>>,
    /// Folders that are Python packages: those with an `__init__.py`.
    python_packages: HashSet<Box<str>>,
    /// Files by their name without its ending, for languages that find a type by its name.
    by_name: HashMap<Arc<str>, Vec<Arc<str>>>,
    /// Go files by folder: a folder is a package.
    go_folders: BTreeMap<String, Vec<Arc<str>>>,
    /// Kotlin files by folder: functions of one file are used in the others of a package without an import.
    kotlin_folders: BTreeMap<String, Vec<Arc<str>>>,
    /// Folders of the packages of a workspace, by package name.
    packages: BTreeMap<String, String>,
    /// Aliases for the repository's own files, the deepest folder first.
    aliases: Vec<Alias>,
    /// Top-level modules that belong to packages rules know: no file beside an import stands in for them.
    reserved: Arc<HashSet<String>>,
}

impl SourceIndex {
    /// Adds a source file.
    pub(crate) fn add(&mut self, path: Arc<str>) {
        match Dialect::of(&path) {
            Some(Dialect::Python) => {
                if let Some(folder) = path.strip_suffix("__init__.py") {
                    self.python_packages.insert(folder.trim_end_matches('/').into());
                }
                for part in path.split('/').map(|part| part.strip_suffix(".py").unwrap_or(part)) {
                    if !self.python_names.contains(part) {
                        self.python_names.insert(part.into());
                    }
                }
            }
            Some(Dialect::Go) => {
                self.go_folders.entry(parent(&path).to_owned()).or_default().push(Arc::clone(&path));
            }
            Some(Dialect::Kotlin) => {
                self.kotlin_folders.entry(parent(&path).to_owned()).or_default().push(Arc::clone(&path));
                self.by_name.entry(stem_of(&path).into()).or_default().push(Arc::clone(&path));
            }
            Some(dialect) if finds_by_name(dialect.language()) => {
                self.by_name.entry(stem_of(&path).into()).or_default().push(Arc::clone(&path));
            }
            _ => {}
        }
        self.paths.insert(path);
    }

    /// Every file of the package that a file is in, in languages where a folder is one.
    pub(crate) fn beside(&self, dialect: Dialect, path: &str) -> &[Arc<str>] {
        /// Files of a folder beyond which it is no package of one program.
        const MOST: usize = 60;
        let folders = match dialect {
            Dialect::Go => &self.go_folders,
            Dialect::Kotlin => &self.kotlin_folders,
            _ => return &[],
        };
        let found = folders.get(parent(path)).map_or(&[][..], Vec::as_slice);
        if dialect == Dialect::Kotlin && found.len() > MOST { &[] } else { found }
    }

    /// The file that a type of that name is written in, by the name of the file: the nearest to `from`.
    pub(crate) fn of_type(&self, dialect: Dialect, from: &str, name: &str) -> Option<Arc<str>> {
        let language = dialect.language();
        let snake;
        let file = if language == Language::Ruby {
            snake = snake_case(name);
            snake.as_str()
        } else {
            name
        };
        let fits = |path: &&Arc<str>| {
            Dialect::of(path).is_some_and(|d| same_family(d.language(), language)) && &***path != from
        };
        let found = self.by_name.get(file)?;
        // A name that many files have says nothing.
        if found.len() > 20 {
            return found.iter().filter(fits).find(|path| parent(path) == parent(from)).cloned();
        }
        found
            .iter()
            .filter(fits)
            .max_by_key(|path| (shared_folders(path, from), std::cmp::Reverse(path.len())))
            .cloned()
    }

    /// The file whose path ends as the parts of a qualified name do.
    fn by_suffix(&self, dialect: Dialect, parts: &[&str], least: usize) -> Option<Arc<str>> {
        let (name, folders) = parts.split_last()?;
        let count = |path: &Arc<str>| {
            let above = path.rsplit('/').skip(1);
            above.zip(folders.iter().rev()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count() + 1
        };
        let found = self.by_name.get(*name)?;
        let fits = |path: &&Arc<str>| {
            Dialect::of(path).is_some_and(|d| same_family(d.language(), dialect.language()))
        };
        let best =
            found.iter().filter(fits).max_by_key(|path| (count(path), std::cmp::Reverse(path.len())))?;
        (count(best) >= least).then(|| Arc::clone(best))
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

    /// Keeps names for the packages of these names.
    pub(crate) fn reserve(&mut self, names: &Arc<HashSet<String>>) {
        self.reserved = Arc::clone(names);
    }

    fn known(&self, path: &str) -> Option<Arc<str>> {
        self.paths.get(path).cloned()
    }

    /// The file that `module`, written in `from`, leads to.
    pub(crate) fn find(&self, dialect: Dialect, from: &str, module: &str) -> Option<Arc<str>> {
        match dialect.language() {
            Language::Python => self.python(from, module),
            Language::JavaScript => self.script(from, module),
            Language::Go => self.go(module),
            Language::Java | Language::Kotlin => {
                let parts: Vec<&str> = module.split('.').collect();
                self.by_suffix(dialect, &parts, parts.len().clamp(2, 3))
            }
            // A file that is read in by its path.
            Language::Php if module.starts_with("./") => {
                self.known(&normalise(&join(parent(from), module))?).filter(|found| &**found != from)
            }
            Language::Php => {
                let parts: Vec<&str> = module.split('.').collect();
                self.by_suffix(dialect, &parts, parts.len().saturating_sub(1).clamp(1, 2))
                    .filter(|_| parts.len() > 1)
            }
            Language::Rust => self.rust(from, module),
            Language::Ruby => self.ruby(from, module),
            // Namespaces say nothing about files.
            Language::CSharp => None,
        }
    }

    fn go(&self, module: &str) -> Option<Arc<str>> {
        let (folder, rest) = self
            .packages
            .iter()
            .filter_map(|(name, folder)| {
                let rest = module.strip_prefix(name.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then(|| (folder, rest.trim_start_matches('/')))
            })
            .min_by_key(|(_, rest)| rest.len())?;
        self.go_folders.get(&join(folder, rest))?.first().cloned()
    }

    /// The file that a module is in, which may be written inside another one.
    pub(crate) fn find_around(&self, dialect: Dialect, from: &str, module: &str) -> Option<Arc<str>> {
        let mut rest = module;
        loop {
            if let Some(found) = self.find(dialect, from, rest) {
                return Some(found);
            }
            if dialect != Dialect::Rust {
                return None;
            }
            rest = rest.rsplit_once('.')?.0;
        }
    }

    fn rust(&self, from: &str, module: &str) -> Option<Arc<str>> {
        let mut parts = module.split('.').peekable();
        let file_folder = |path: &str| {
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
            match file.strip_suffix(".rs").unwrap_or(file) {
                "mod" | "lib" | "main" => folder.to_owned(),
                stem => join(folder, stem),
            }
        };
        let mut base = match *parts.peek()? {
            "crate" => {
                parts.next();
                self.crate_root(from)?
            }
            "self" => {
                parts.next();
                file_folder(from)
            }
            "super" => {
                let mut folder = file_folder(from);
                while parts.peek() == Some(&"super") {
                    parts.next();
                    folder = parent(&folder).to_owned();
                }
                folder
            }
            // A module of the crate itself comes before a crate of that name.
            name if self.known(&join(&file_folder(from), &format!("{name}.rs"))).is_some()
                || self.known(&join(&join(&file_folder(from), name), "mod.rs")).is_some() =>
            {
                file_folder(from)
            }
            name => {
                let folder = self.packages.get(name)?.clone();
                parts.next();
                join(&folder, "src")
            }
        };
        let mut found = self.known(&join(&base, "lib.rs")).or_else(|| self.known(&join(&base, "main.rs")));
        found = found
            .or_else(|| self.known(&format!("{base}.rs")))
            .or_else(|| self.known(&join(&base, "mod.rs")));
        for part in parts {
            base = join(&base, part);
            found = self.known(&format!("{base}.rs")).or_else(|| self.known(&join(&base, "mod.rs")));
            found.as_ref()?;
        }
        found.filter(|found| &**found != from)
    }

    /// The folder of the crate that a file is in.
    fn crate_root(&self, from: &str) -> Option<String> {
        let mut folder = parent(from);
        loop {
            if self.known(&join(folder, "lib.rs")).is_some() || self.known(&join(folder, "main.rs")).is_some()
            {
                return Some(folder.to_owned());
            }
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
    }

    fn ruby(&self, from: &str, module: &str) -> Option<Arc<str>> {
        if let Some(relative) = module.strip_prefix("./") {
            let stem = normalise(&join(parent(from), relative.trim_end_matches(".rb")))?;
            return self.known(&format!("{stem}.rb"));
        }
        if module.starts_with(char::is_uppercase) {
            return None;
        }
        let rest = module.replace('.', "/");
        let mut folder = parent(from);
        loop {
            let found = ["lib", "app", ""]
                .iter()
                .find_map(|base| self.known(&join(&join(folder, base), &format!("{rest}.rb"))));
            if let Some(found) = found.filter(|found| &**found != from) {
                return Some(found);
            }
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
    }

    fn python(&self, from: &str, module: &str) -> Option<Arc<str>> {
        // Asked for every import of every file: one text is written over and over.
        let mut path = String::new();
        let mut file = |folder: &str, middle: &str, rest: &str| {
            path.clear();
            for part in [folder, middle, rest] {
                if !path.is_empty() && !part.is_empty() {
                    path.push('/');
                }
                path.push_str(part);
            }
            let stem = path.len();
            path.push_str(".py");
            self.known(&path).or_else(|| {
                path.truncate(stem);
                path.push_str(if stem == 0 { "__init__.py" } else { "/__init__.py" });
                self.known(&path)
            })
        };
        let dots = module.len() - module.trim_start_matches('.').len();
        let rest = module[dots..].replace('.', "/");
        if dots > 0 {
            let mut folder = parent(from);
            for _ in 1..dots {
                folder = parent(folder);
            }
            return file(folder, "", &rest).filter(|found| &**found != from);
        }
        let head = module.split('.').next().unwrap_or(module);
        if !self.python_names.contains(head) {
            return None;
        }
        // An absolute import starts at a folder that is on the path: one that is no package itself.
        let mut folder = parent(from);
        loop {
            if !self.python_packages.contains(folder) {
                let found = file(folder, "", &rest).or_else(|| file(folder, "src", &rest));
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
        if self.reserved.contains(head) {
            return None;
        }
        file(parent(from), "", &rest).filter(|found| &**found != from)
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

/// Whether types of a language are found by the names of files, without an import that leads there.
pub(crate) fn finds_by_name(language: Language) -> bool {
    matches!(language, Language::Java | Language::Kotlin | Language::CSharp | Language::Php | Language::Ruby)
}

/// Whether code of one language uses that of the other as its own.
pub(crate) fn same_family(a: Language, b: Language) -> bool {
    let family = |language| if language == Language::Kotlin { Language::Java } else { language };
    family(a) == family(b)
}

/// How many folders two paths have in common, from the top.
fn shared_folders(a: &str, b: &str) -> usize {
    parent(a).split('/').zip(parent(b).split('/')).take_while(|(a, b)| a == b).count()
}

/// The name of a file without its ending.
fn stem_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file)
}

/// `RefundTool` as the name of its file in Ruby: `refund_tool`.
fn snake_case(name: &str) -> String {
    let mut all = String::with_capacity(name.len() + 4);
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let after_small = at > 0 && !letters[at - 1].is_uppercase();
        let before_small = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) {
            all.push('_');
        }
        all.extend(letter.to_lowercase());
    }
    all
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
        index.reserve(&Arc::new(HashSet::from_iter(["openai".to_owned()])));
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
