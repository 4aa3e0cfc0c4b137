//! Whether a command runs a source file.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::handlers::{SCRIPT_EXTENSIONS, from_build, handles, has_script_extension, module_files};
use super::kind::has_extension;
use super::shell::{self, join};
use super::wrappers::{after_options, is_assignment, option_value, unwrapped};
use super::{Command, CommandKind, folder_of, http_path, name_of};
use crate::manifests::Ecosystem;

/// Scripts that call scripts further than this are not followed.
const MAX_DEPTH: u32 = 8;
/// Programs looked at for one question: scripts may call each other many times over.
const MAX_CALLS: u32 = 5_000;

/// Folders of one search path for modules.
const MAX_ROOTS: usize = 16;

/// What stands around a command and decides what it runs.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// Those of the `package.json` in `scripts_folder`.
    pub(crate) scripts: &'a BTreeMap<String, String>,
    /// Where that file is.
    pub(crate) scripts_folder: &'a str,
    /// Names of console scripts with what they call (`pkg.mod:func`).
    pub(crate) entry_points: &'a [(String, String)],
    /// The packages of the repository.
    pub(crate) packages: &'a [Package<'a>],
    /// Whether the file declares a command or task of that name (`agent:run`).
    pub(crate) declares: &'a dyn Fn(&str) -> bool,
}

/// A package, as its manifest describes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package<'a> {
    pub(crate) ecosystem: Ecosystem,
    /// Path of the manifest.
    pub(crate) path: &'a str,
    /// What the manifest calls it.
    pub(crate) name: Option<&'a str>,
}

/// How a command runs a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// From its top, or from its main function.
    Top,
    /// A function, class or task in it.
    Inside,
}

/// Does this command run that source file, whose path is relative to the repository, and how?
///
/// Shell scripts are not followed. Paths outside the checkout are compared by their ends, with a file below a folder that
/// holds the declaring file too.
pub(crate) fn runs_file(command: &Command, file: &str, around: &Surroundings<'_>) -> Option<Entry> {
    let installed = matches!(command.kind, CommandKind::ImageCommand | CommandKind::HostCommand);
    let question = Question {
        file,
        around: *around,
        origin: &command.folder,
        installed,
        left: Cell::new(MAX_CALLS),
        inside: Cell::new(false),
    };
    let (runs, entry) = match command.kind {
        CommandKind::Shell => (question.shell(&command.text, &command.folder, 0), Entry::Top),
        CommandKind::ImageCommand | CommandKind::HostCommand => {
            (question.shell(&command.text, "", 0), Entry::Top)
        }
        CommandKind::HttpPath => (http_path::serves(&command.text, &command.folder, file), Entry::Inside),
        CommandKind::Handler | CommandKind::LikelyHandler => {
            (handles(&command.text, &command.folder, file), Entry::Inside)
        }
        CommandKind::Named | CommandKind::Image | CommandKind::Entrypoint => (false, Entry::Top),
        CommandKind::Action => {
            let path = join("", &command.text);
            (command.text.starts_with("./") && (path == file || path == folder_of(file)), Entry::Top)
        }
    };
    let entry = if question.inside.get() { Entry::Inside } else { entry };
    runs.then_some(entry)
}

pub(super) struct Question<'a> {
    pub(super) file: &'a str,
    pub(super) around: Surroundings<'a>,
    /// Folder of the declaring file or of the command.
    pub(super) origin: &'a str,
    /// Whether paths are those of an image or a machine.
    pub(super) installed: bool,
    left: Cell<u32>,
    /// Whether what was found is only a part of the file.
    pub(super) inside: Cell<bool>,
}

impl Question<'_> {
    fn shell(&self, text: &str, folder: &str, depth: u32) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        // The folders of the open subshells, the innermost last.
        let mut folders = vec![folder.to_owned()];
        for call in shell::calls(text) {
            let Some(left) = self.left.get().checked_sub(1) else { return false };
            self.left.set(left);
            let open = usize::try_from(call.depth).unwrap_or(0).min(64) + 1;
            folders.truncate(open);
            while folders.len() < open {
                folders.push(folders.last().cloned().unwrap_or_default());
            }
            let Some(current) = folders.last_mut() else { return false };
            if self.call(&call.words, current, &[], depth) {
                return true;
            }
            *current = shell::folder_after(current, &call.words);
        }
        false
    }

    /// One program with its arguments, below `roots` where modules are found besides the folder itself.
    fn call(&self, words: &[String], folder: &str, roots: &[String], depth: u32) -> bool {
        let Some(left) = self.left.get().checked_sub(1) else { return false };
        self.left.set(left);
        if depth > MAX_DEPTH {
            return false;
        }
        let assigned = words.iter().take_while(|word| is_assignment(word)).count();
        let (assignments, words) = words.split_at(assigned);
        let paths =
            assignments.iter().filter_map(|word| word.strip_prefix("PYTHONPATH=")).flat_map(|v| v.split(':'));
        let roots: &[String] =
            &roots.iter().cloned().chain(paths.take(MAX_ROOTS).map(str::to_owned)).collect::<Vec<_>>();
        let Some((first, rest)) = words.split_first() else { return false };
        if let Some((inner, folder)) = unwrapped(words, folder) {
            return self.call(&inner, &folder, roots, depth + 1);
        }
        let modules = Modules { question: self, folder, roots };
        let program = name_of(first).trim_end_matches(".exe");
        let program_stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        match (program, program_stem) {
            (_, "python" | "pypy" | "py" | "$PYTHON" | "${PYTHON}" | "pythonw") => {
                self.python(rest, &modules, depth)
            }
            (
                "node" | "nodejs" | "tsx" | "ts-node" | "ts-node-esm" | "esno" | "jiti" | "vite-node"
                | "babel-node" | "nodemon" | "ts-node-dev" | "tsnd" | "swc-node" | "node-dev" | "pm2"
                | "pm2-runtime",
                _,
            ) => {
                let value_options = [
                    "-r",
                    "--require",
                    "--import",
                    "--loader",
                    "--experimental-loader",
                    "-P",
                    "--project",
                    "--tsconfig",
                ];
                let rest = match rest {
                    [sub, rest @ ..] if matches!(sub.as_str(), "watch" | "start") => rest,
                    _ => rest,
                };
                let evaluates = rest
                    .first()
                    .is_some_and(|word| matches!(word.as_str(), "-e" | "-p" | "--eval" | "--print"));
                !evaluates
                    && after_options(rest, &value_options).first().is_some_and(|path| self.node(folder, path))
            }
            ("bun", _) => {
                let rest = after_options(rest, &["--cwd", "--env-file", "-r", "--preload"]);
                let rest = match rest {
                    [run, rest @ ..] if run == "run" => {
                        after_options(rest, &["--cwd", "--env-file", "-r", "--preload"])
                    }
                    _ => rest,
                };
                rest.first()
                    .is_some_and(|what| self.node(folder, what) || self.script(what, folder, false, depth))
            }
            ("deno", _) => match rest {
                [run, rest @ ..] if matches!(run.as_str(), "run" | "serve") => {
                    let rest =
                        after_options(rest, &["-c", "--config", "--import-map", "--lock", "--env-file"]);
                    rest.first().is_some_and(|path| self.node(folder, path))
                }
                [task, rest @ ..] if task == "task" => after_options(rest, &["-c", "--config"])
                    .first()
                    .is_some_and(|n| self.script(n, folder, false, depth)),
                _ => false,
            },
            ("npm" | "pnpm" | "yarn", _) => self.package_script(rest, folder, depth),
            ("bash" | "sh" | "zsh" | "dash" | "ash" | "su", _) => self.shell_script(rest, folder, depth),
            ("ruby" | "perl" | "Rscript" | "source" | ".", _) => self.first_file(rest, folder),
            ("php", _) => self.php(rest, folder),
            ("artisan" | "console", _) => self.console(rest),
            ("rake", _) => self.rake(rest),
            ("rails", _) => self.rails(rest, folder),
            ("go", _) => self.go(rest, folder),
            ("cargo", _) => self.cargo(rest, folder),
            ("java", _) => self.java(rest, folder),
            ("gradle" | "gradlew", _) => self.gradle(rest, folder),
            ("mvn" | "mvnw" | "mvnd", _) => self.maven(rest, folder),
            ("dotnet", _) => self.dotnet(rest, folder),
            (
                "streamlit" | "chainlit" | "gradio" | "modal" | "mcp" | "fastapi" | "marimo" | "solara"
                | "flet" | "pytest",
                _,
            ) => rest.iter().any(|word| {
                let path = word.split(':').next().unwrap_or(word);
                has_extension(path, &["py"]) && self.is_file(&join(folder, path))
            }),
            ("uvicorn" | "gunicorn" | "hypercorn" | "daphne" | "granian" | "waitress-serve", _) => {
                let place = ["--app-dir", "--chdir"].iter().find_map(|name| option_value(rest, name));
                let folder = place.map_or_else(|| folder.to_owned(), |place| join(folder, place));
                let modules = Modules { folder: &folder, ..modules };
                rest.iter().any(|word| word.split_once(':').is_some_and(|(module, _)| modules.has(module)))
            }
            (
                "celery" | "faust" | "flask" | "procrastinate" | "taskiq" | "arq" | "dramatiq"
                | "huey_consumer" | "huey_consumer.py",
                _,
            ) => {
                let place = option_value(rest, "--workdir").map(|place| join(folder, place));
                let modules = Modules { folder: place.as_deref().unwrap_or(folder), ..modules };
                let named = ["-A", "--app"].iter().find_map(|name| option_value(rest, name));
                let words = rest
                    .iter()
                    .map(String::as_str)
                    .filter(|word| named.is_none() && word.contains(['.', ':']));
                named.into_iter().chain(words).any(|name| modules.has_application(name))
            }
            ("django-admin" | "manage.py", _) => {
                let base =
                    if program == "manage.py" { join(folder, folder_of(first)) } else { folder.to_owned() };
                self.django(rest, &base) || self.is_file(&join(folder, first))
            }
            _ => {
                let named = |(name, target): &(String, String)| {
                    name == program
                        && self.is_module_anywhere(target.split(':').next().unwrap_or(target).trim())
                };
                let is_path = first.contains('/') || has_script_extension(first);
                self.around.entry_points.iter().any(named)
                    || (is_path && self.is_file(&join(folder, first)))
                    || self.is_built(program)
            }
        }
    }

    fn python(&self, rest: &[String], modules: &Modules<'_, '_>, depth: u32) -> bool {
        let mut words = rest;
        while let Some((word, after)) = words.split_first() {
            let program = words;
            words = after;
            match word.as_str() {
                "-m" => {
                    let Some((module, _)) = after.split_first() else { return false };
                    // Most programs can be called as a module too.
                    return modules.has(module) || self.call(after, modules.folder, modules.roots, depth + 1);
                }
                "-c" | "-" => return false,
                "-W" | "-X" => words = after.get(1..).unwrap_or(&[]),
                option if option.starts_with('-') => {}
                script => {
                    let path = join(modules.folder, script);
                    if name_of(script) == "manage.py" && self.django(after, folder_of(&path)) {
                        return true;
                    }
                    // `python .venv/bin/uvicorn pkg:app` calls a program by its name.
                    let is_program = script.contains("/bin/")
                        && self.call(program, modules.folder, modules.roots, depth + 1);
                    return is_program || self.is_file(&path) || self.is_file(&join(&path, "__main__.py"));
                }
            }
        }
        false
    }

    fn django(&self, rest: &[String], base: &str) -> bool {
        let Some(name) = after_options(rest, &["--settings"]).first() else { return false };
        let inside = || self.file.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        let below = base.is_empty() || base.starts_with('/') || self.installed || inside();
        let tail = self.file.strip_suffix(".py").and_then(|f| f.strip_suffix(name.as_str()));
        let tail = tail.and_then(|f| f.strip_suffix("management/commands/"));
        below && !name.is_empty() && tail.is_some_and(|front| front.is_empty() || front.ends_with('/'))
    }

    fn package_script(&self, rest: &[String], folder: &str, depth: u32) -> bool {
        const FOLDER_OPTIONS: [&str; 4] = ["--prefix", "-C", "--cwd", "--dir"];
        const PACKAGE_OPTIONS: [&str; 4] = ["--filter", "-F", "--workspace", "-w"];
        let place = FOLDER_OPTIONS.iter().find_map(|name| option_value(rest, name));
        let folder = place.map_or_else(|| folder.to_owned(), |place| join(folder, place));
        // Which package that is, only the workspace knows.
        let mut elsewhere = PACKAGE_OPTIONS.iter().any(|name| option_value(rest, name).is_some());
        let options: Vec<&str> = FOLDER_OPTIONS.iter().chain(&PACKAGE_OPTIONS).copied().collect();
        let mut rest = after_options(rest, &options);
        if let [workspace, _, after @ ..] = rest
            && workspace == "workspace"
        {
            elsewhere = true;
            rest = after;
        }
        let rest = match rest {
            [run, rest @ ..] if matches!(run.as_str(), "run" | "run-script") => after_options(rest, &options),
            _ => rest,
        };
        rest.first().is_some_and(|name| self.script(name, &folder, elsewhere, depth))
    }

    /// A script of `package.json`, with those that run before and after it.
    fn script(&self, name: &str, folder: &str, elsewhere: bool, depth: u32) -> bool {
        let here = if self.installed || folder.starts_with('/') {
            self.holds_origin(self.around.scripts_folder)
        } else {
            folder == self.around.scripts_folder
        };
        if !(elsewhere || here) {
            return false;
        }
        ["pre", "", "post"].iter().any(|when| {
            let text = self.around.scripts.get(&format!("{when}{name}"));
            text.is_some_and(|text| self.shell(text, self.around.scripts_folder, depth + 1))
        })
    }

    fn shell_script(&self, rest: &[String], folder: &str, depth: u32) -> bool {
        for (index, word) in rest.iter().enumerate() {
            if word.starts_with('-') && !word.starts_with("--") && word.contains('c') {
                return rest.get(index + 1).is_some_and(|text| self.shell(text, folder, depth + 1));
            }
            if !word.starts_with(['-', '+']) {
                return self.is_file(&join(folder, word));
            }
        }
        false
    }

    /// A script of Node, which may be named without extension, or by what a compiler makes of it.
    fn node(&self, folder: &str, word: &str) -> bool {
        let path = join(folder, word);
        let sources = |path: &str| {
            let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
            let extension = if extension.contains('/') { "" } else { extension };
            let swapped: &[&str] = match extension {
                "js" => &["ts", "tsx", "jsx"],
                "mjs" => &["mts"],
                "cjs" => &["cts"],
                _ if SCRIPT_EXTENSIONS.contains(&extension) => &[],
                _ => {
                    let named = |extension: &&str| self.is_file(&format!("{path}.{extension}"));
                    let index = |extension: &&str| self.is_file(&join(path, &format!("index.{extension}")));
                    let scripts = &SCRIPT_EXTENSIONS[..8];
                    return self.is_file(path) || scripts.iter().any(named) || scripts.iter().any(index);
                }
            };
            self.is_file(path) || swapped.iter().any(|extension| self.is_file(&format!("{stem}.{extension}")))
        };
        if sources(&path) {
            return true;
        }
        from_build(&path).iter().any(|source| sources(source))
    }

    /// Whether a path of the checkout, an image or a machine is the file.
    pub(super) fn is_file(&self, path: &str) -> bool {
        if !self.installed && !path.starts_with('/') {
            return path == self.file;
        }
        let ends = |tail: &str| {
            let front = self.file.strip_suffix(tail);
            !tail.is_empty()
                && front.is_some_and(|f| {
                    (f.is_empty() || f.ends_with('/')) && self.holds_origin(f.trim_end_matches('/'))
                })
        };
        let (absolute, path) = (path.starts_with('/'), path.trim_start_matches('/'));
        // How much of an absolute path stands for the repository is not known.
        ends(path) || (absolute && path.match_indices('/').any(|(at, _)| ends(&path[at + 1..])))
    }

    /// Whether the declaring file stands in or below a folder.
    pub(super) fn holds_origin(&self, folder: &str) -> bool {
        let inside = || self.origin.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        folder.is_empty() || self.origin == folder || inside()
    }

    /// Whether a module is the file, wherever the package begins.
    fn is_module_anywhere(&self, module: &str) -> bool {
        module_files(module).iter().any(|path| {
            self.file
                .strip_suffix(path.as_str())
                .is_some_and(|front| front.is_empty() || front.ends_with('/'))
        })
    }
}

/// Modules of Python as seen from a folder.
struct Modules<'a, 'q> {
    question: &'a Question<'q>,
    folder: &'a str,
    roots: &'a [String],
}

impl Modules<'_, '_> {
    fn has(&self, module: &str) -> bool {
        let files = module_files(module);
        let roots = ["", "src"].into_iter().chain(self.roots.iter().map(String::as_str));
        roots.into_iter().any(|root| {
            let base = join(self.folder, root);
            files.iter().any(|file| self.question.is_file(&join(&base, file)))
        })
    }

    /// A module, a module and a name in it with a dot or colon between them, or a path.
    fn has_application(&self, name: &str) -> bool {
        let module = name.split(':').next().unwrap_or(name);
        self.question.is_file(&join(self.folder, module))
            || self.has(module)
            || self.has(&format!("{module}.celery"))
            || module.rsplit_once('.').is_some_and(|(module, _)| self.has(module))
    }
}
