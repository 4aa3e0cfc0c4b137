//! Programs of compiled languages, of Ruby and of PHP: the file that a package, a class, a task or a binary stands for.

use super::kind::has_extension;
use super::runs::{Package, Question};
use super::shell::join;
use super::wrappers::{after_options, option_value};
use super::{folder_of, name_of};
use crate::manifests::Ecosystem;

/// Names that are programs of every system, whatever a repository builds.
const COMMON: [&str; 12] =
    ["cat", "echo", "export", "false", "install", "kill", "printf", "set", "sleep", "sync", "test", "true"];

impl Question<'_> {
    /// The first word that is no option, as a file.
    pub(super) fn first_file(&self, rest: &[String], folder: &str) -> bool {
        after_options(rest, &["-I", "-r"]).first().is_some_and(|path| self.is_file(&join(folder, path)))
    }

    /// Whether the file stands directly in a folder, by the rules for paths of files.
    fn is_in(&self, folder: &str) -> bool {
        self.is_file(&join(folder, name_of(self.file)))
    }

    fn packages(&self, of: Ecosystem) -> impl Iterator<Item = &Package<'_>> {
        self.around.packages.iter().filter(move |package| package.ecosystem == of)
    }

    /// `go run`, of files or of a package.
    pub(super) fn go(&self, rest: &[String], folder: &str) -> bool {
        let folder = option_value(rest, "-C").map_or_else(|| folder.to_owned(), |place| join(folder, place));
        let values = ["-C", "-tags", "-ldflags", "-gcflags", "-mod", "-modfile", "-exec", "-p"];
        let rest = after_options(rest, &["-C"]);
        let [run, rest @ ..] = rest else { return false };
        if run != "run" || !has_extension(self.file, &["go"]) {
            return false;
        }
        let rest = after_options(rest, &values);
        let Some(first) = rest.first() else { return false };
        if has_extension(first, &["go"]) {
            let files = rest.iter().take_while(|word| has_extension(word, &["go"]));
            return files.map(|file| join(&folder, file)).any(|file| self.is_file(&file));
        }
        if first.starts_with(['.', '/']) {
            return self.is_in(&join(&folder, first));
        }
        // A package by its full name.
        let package = first.split('@').next().unwrap_or(first);
        self.packages(Ecosystem::Golang).any(|module| {
            let inside = module.name.and_then(|name| package.strip_prefix(name));
            inside.filter(|rest| rest.is_empty() || rest.starts_with('/')).is_some_and(|rest| {
                folder_of(self.file) == join(folder_of(module.path), &rest[rest.len().min(1)..])
            })
        })
    }

    /// `cargo run`, of a package or of one of its binaries.
    pub(super) fn cargo(&self, rest: &[String], folder: &str) -> bool {
        let toolchain = usize::from(rest.first().is_some_and(|word| word.starts_with('+')));
        let Some((run, rest)) = rest[toolchain..].split_first() else { return false };
        if !matches!(run.as_str(), "run" | "r") || !has_extension(self.file, &["rs"]) {
            return false;
        }
        // What follows is for the program.
        let rest = &rest[..rest.iter().position(|word| word == "--").unwrap_or(rest.len())];
        let manifest = option_value(rest, "--manifest-path").map(|path| join(folder, path));
        let mut base = manifest.as_deref().map_or(folder, folder_of).to_owned();
        let named = option_value(rest, "--package").or_else(|| option_value(rest, "-p"));
        if let Some(name) = named {
            let package = self.packages(Ecosystem::Cargo).find(|package| package.name == Some(name));
            let Some(package) = package else { return false };
            folder_of(package.path).clone_into(&mut base);
        }
        if let Some(name) = option_value(rest, "--example") {
            let files = ["{}.rs", "{}/main.rs"]
                .map(|form| join(&base, &format!("examples/{}", form.replace("{}", name))));
            return files.iter().any(|file| self.is_file(file));
        }
        match option_value(rest, "--bin") {
            Some(name) => {
                let files = ["src/bin/{}.rs", "src/bin/{}/main.rs"];
                files.iter().any(|form| self.is_file(&join(&base, &form.replace("{}", name))))
                    || self.is_binary(name)
            }
            None => self.is_file(&join(&base, "src/main.rs")),
        }
    }

    /// Whether the file is what a binary of that name is built from: `cmd/name` of Go, `src/bin/name.rs` or the crate of
    /// that name of Rust, the project of that name of .NET.
    pub(super) fn is_built(&self, name: &str) -> bool {
        !name.is_empty() && !COMMON.contains(&name) && self.is_binary(name)
    }

    fn is_binary(&self, name: &str) -> bool {
        let (folder, file) = (folder_of(self.file), name_of(self.file));
        let near = |folder: &str| self.holds_origin(folder.trim_end_matches('/'));
        let same = |other: &str| other == name || other.replace('-', "_") == name.replace('-', "_");
        match file.rsplit_once('.').map(|(_, extension)| extension) {
            Some("go") => {
                let command = folder.strip_suffix(name).and_then(|front| front.strip_suffix("cmd/"));
                command.is_some_and(|front| (front.is_empty() || front.ends_with('/')) && near(front))
                    || self.packages(Ecosystem::Golang).any(|module| {
                        module.name.is_some_and(|path| name_of(path) == name)
                            && folder_of(module.path) == folder
                    })
            }
            Some("rs") => {
                let crate_root = ["src/bin/{}.rs", "src/bin/{}/main.rs"].iter().find_map(|form| {
                    let front = self.file.strip_suffix(&form.replace("{}", name))?;
                    (front.is_empty() || front.ends_with('/')).then_some(front)
                });
                crate_root.is_some_and(near)
                    || self.packages(Ecosystem::Cargo).any(|package| {
                        package.name.is_some_and(same)
                            && self.file == join(folder_of(package.path), "src/main.rs")
                    })
            }
            Some("cs" | "fs" | "vb") => self.is_project(name),
            _ => false,
        }
    }

    /// Whether the file stands beside a project of .NET with that name.
    fn is_project(&self, name: &str) -> bool {
        self.packages(Ecosystem::Nuget).any(|project| {
            let file = name_of(project.path);
            has_extension(file, &["csproj", "fsproj", "vbproj"])
                && file.rsplit_once('.').is_some_and(|(stem, _)| stem == name)
                && folder_of(project.path) == folder_of(self.file)
        })
    }

    /// `dotnet run` of a project, `dotnet x.dll` of what it was built to.
    pub(super) fn dotnet(&self, rest: &[String], folder: &str) -> bool {
        if !has_extension(self.file, &["cs", "fs", "vb", "csx"]) {
            return false;
        }
        let rest = match rest {
            [word, rest @ ..] if matches!(word.as_str(), "exec" | "watch" | "script") => rest,
            _ => rest,
        };
        let place = ["--project", "-p"].iter().find_map(|name| option_value(rest, name));
        let folder_of_project = |path: &str| {
            let path = join(folder, path);
            let is_file = has_extension(name_of(&path), &["csproj", "fsproj", "vbproj"]);
            if is_file { folder_of(&path).to_owned() } else { path }
        };
        match rest.first().map(String::as_str) {
            Some("run") => match place {
                Some(path) => self.is_in(&folder_of_project(path)),
                None => match rest.get(1).filter(|word| has_extension(word, &["cs", "csx"])) {
                    Some(file) => self.is_file(&join(folder, file)),
                    None => self.is_in(folder),
                },
            },
            Some(word) if has_extension(word, &["dll", "exe"]) => {
                let name = name_of(word);
                self.is_project(&name[..name.len() - ".dll".len()])
            }
            Some(word) if has_extension(word, &["cs", "csx"]) => self.is_file(&join(folder, word)),
            _ => false,
        }
    }

    /// `java` with a class, an archive or a source file.
    pub(super) fn java(&self, rest: &[String], folder: &str) -> bool {
        let mut words = rest;
        while let Some((word, after)) = words.split_first() {
            words = after;
            match word.as_str() {
                "-jar" => return after.first().is_some_and(|jar| self.jar(&join(folder, jar))),
                "-cp" | "-classpath" | "--class-path" | "-p" | "--module-path" | "--add-opens" => {
                    words = after.get(1..).unwrap_or(&[]);
                }
                "-m" | "--module" => {
                    let class = after.first().and_then(|module| module.split_once('/'));
                    return class.is_some_and(|(_, class)| self.class(class, folder));
                }
                option if option.starts_with('-') => {}
                file if has_extension(file, &["java"]) => return self.is_file(&join(folder, file)),
                class => return self.class(class, folder),
            }
        }
        false
    }

    /// Whether the file holds that class, below a folder.
    fn class(&self, class: &str, folder: &str) -> bool {
        let class = class.strip_suffix("Kt").unwrap_or(class).replace('.', "/");
        let Some((stem, extension)) = self.file.rsplit_once('.') else { return false };
        let named = !class.is_empty() && !class.contains(['$', '*']);
        let front = stem.strip_suffix(&class).filter(|_| named && matches!(extension, "java" | "kt"));
        let below = self.installed || folder.is_empty() || folder.starts_with('/') || {
            self.file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        below && front.is_some_and(|front| front.is_empty() || front.ends_with('/'))
    }

    /// The main class of the unit that an archive was built from.
    fn jar(&self, path: &str) -> bool {
        let Some(unit) = self.main_class_unit() else { return false };
        let parts: Vec<&str> = path.split('/').collect();
        let built = parts.iter().position(|part| matches!(*part, "target" | "build"));
        if let Some(index) = built.filter(|_| !self.installed && !path.starts_with('/')) {
            return parts[..index].join("/") == unit;
        }
        // An image has it elsewhere, and mostly under the name of the unit, or of no unit at all.
        let stem = name_of(path).strip_suffix(".jar").unwrap_or_default();
        let of = |name: &str| {
            !name.is_empty() && stem.strip_prefix(name).is_some_and(|s| s.is_empty() || s.starts_with('-'))
        };
        let artifact = self.packages(Ecosystem::Maven).any(|package| {
            folder_of(package.path) == unit
                && package.name.is_some_and(|name| of(name.rsplit(':').next().unwrap_or(name)))
        });
        self.origin == unit || of(name_of(unit)) || artifact
    }

    /// The unit whose main class the file is, by the layout and the names that builds expect.
    fn main_class_unit(&self) -> Option<&str> {
        let name = name_of(self.file);
        let (stem, extension) = name.rsplit_once('.')?;
        let main = matches!(stem, "Main" | "App") || stem.ends_with("Application");
        let at = self.file.match_indices("src/main/").map(|(at, _)| at).next()?;
        let unit = self.file[..at].strip_suffix('/').or((at == 0).then_some(""))?;
        (main && matches!(extension, "java" | "kt")).then_some(unit)
    }

    /// `gradle run`, `gradle :agent:bootRun`, `gradle -p agent run`.
    pub(super) fn gradle(&self, rest: &[String], folder: &str) -> bool {
        const RUNS: [&str; 5] = ["run", "bootRun", "quarkusRun", "quarkusDev", "runShadow"];
        let place = ["-p", "--project-dir"].iter().find_map(|name| option_value(rest, name));
        let base = place.map_or_else(|| folder.to_owned(), |place| join(folder, place));
        self.main_class_unit().is_some_and(|unit| {
            after_any_options(rest, &["-p", "--project-dir", "-b", "-c", "-x", "--args"]).any(|task| {
                let (project, task) = task.rsplit_once(':').unwrap_or(("", task));
                RUNS.contains(&task)
                    && join(&base, &project.trim_start_matches(':').replace(':', "/")) == unit
            })
        })
    }

    /// `mvn spring-boot:run`, `mvn -pl agent exec:java -Dexec.mainClass=com.acme.Main`.
    pub(super) fn maven(&self, rest: &[String], folder: &str) -> bool {
        let file = ["-f", "--file"].iter().find_map(|name| option_value(rest, name));
        let mut base = file.map_or_else(
            || folder.to_owned(),
            |file| {
                let path = join(folder, file);
                if has_extension(&path, &["xml"]) { folder_of(&path).to_owned() } else { path }
            },
        );
        if let Some(project) = ["-pl", "--projects"].iter().find_map(|name| option_value(rest, name)) {
            base = join(&base, project.trim_start_matches(':'));
        }
        after_any_options(rest, &["-f", "--file", "-pl", "--projects", "-P"]).any(|goal| match goal {
            "spring-boot:run" | "quarkus:dev" | "quarkus:run" | "mn:run" => {
                self.main_class_unit().is_some_and(|unit| unit == base)
            }
            "exec:java" => {
                let class = rest.iter().find_map(|word| word.strip_prefix("-Dexec.mainClass="));
                class.is_some_and(|class| self.class(class, &base))
            }
            _ => false,
        })
    }

    /// A task, by its name or by where tasks of that name stand.
    pub(super) fn rake(&self, rest: &[String]) -> bool {
        if !has_extension(self.file, &["rb", "rake"]) {
            return false;
        }
        let mut tasks = after_any_options(rest, &["-f", "--rakefile", "-C", "--directory", "-I", "-r"]);
        tasks.any(|task| {
            // `task[argument]`, and settings among the tasks.
            let task = task.split('[').next().unwrap_or(task);
            !task.contains('=') && self.task(task)
        })
    }

    fn task(&self, task: &str) -> bool {
        let by_place = || {
            let Some((spaces, _)) = task.rsplit_once(':') else { return false };
            let path = format!("lib/tasks/{}.rake", spaces.replace(':', "/"));
            self.file.strip_suffix(path.as_str()).is_some_and(|f| f.is_empty() || f.ends_with('/'))
        };
        let found = !task.is_empty() && ((self.around.declares)(task) || by_place());
        self.inside.set(self.inside.get() || found);
        found
    }

    /// `rails runner` with a file or the name of a class, and tasks.
    pub(super) fn rails(&self, rest: &[String], folder: &str) -> bool {
        match rest {
            [sub, rest @ ..] if matches!(sub.as_str(), "runner" | "r") => {
                let Some(what) = after_options(rest, &["-e", "--environment"]).first() else { return false };
                if has_extension(what, &["rb"]) {
                    return self.is_file(&join(folder, what));
                }
                let class: String =
                    what.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
                let path = format!("{}.rb", underscored(&class));
                let front =
                    self.file.strip_suffix(path.as_str()).filter(|_| class.starts_with(char::is_uppercase));
                let found = front.is_some_and(|front| {
                    front.ends_with('/')
                        && ["app/", "lib/"].iter().any(|top| front.split_inclusive('/').any(|p| p == *top))
                });
                self.inside.set(self.inside.get() || found);
                found
            }
            [task, ..] if task.contains(':') && has_extension(self.file, &["rb", "rake"]) => self.task(task),
            _ => false,
        }
    }

    /// `php x.php`, `php artisan agent:run`, `php bin/console agent:run`.
    pub(super) fn php(&self, rest: &[String], folder: &str) -> bool {
        let Some((script, rest)) = after_options(rest, &["-d", "-c"]).split_first() else { return false };
        if matches!(name_of(script), "artisan" | "console") {
            return self.console(rest);
        }
        self.is_file(&join(folder, script))
    }

    /// A command of Laravel or Symfony, by its name or by the class that is called after it.
    pub(super) fn console(&self, rest: &[String]) -> bool {
        let Some(name) = after_options(rest, &[]).first() else { return false };
        if !has_extension(self.file, &["php"]) {
            return false;
        }
        let stem = name_of(self.file).trim_end_matches(".php");
        let stem = stem.strip_suffix("Command").unwrap_or(stem);
        let in_place = folder_of(self.file).split('/').any(|part| matches!(part, "Commands" | "Command"));
        let words = |text: &str| {
            let mut words: Vec<String> =
                text.split([':', '-', '_', '/']).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
            words.sort();
            words
        };
        let called = in_place && name.contains(':') && words(&underscored(stem)) == words(name);
        let found = !name.is_empty() && (called || (self.around.declares)(name));
        self.inside.set(self.inside.get() || found);
        found
    }
}

/// Words that are neither options nor their values, wherever they stand.
fn after_any_options<'w>(words: &'w [String], with_value: &'w [&str]) -> impl Iterator<Item = &'w str> {
    let mut skip = false;
    words.iter().map(String::as_str).filter(move |word| {
        let value = std::mem::replace(&mut skip, with_value.contains(word));
        !value && !word.starts_with('-')
    })
}

/// `Agents::NightlyJob` as the path `agents/nightly_job`.
fn underscored(class: &str) -> String {
    let mut path = String::new();
    let mut previous = '/';
    for character in class.replace("::", "/").chars() {
        if character.is_uppercase() && previous.is_lowercase() {
            path.push('_');
        }
        path.extend(character.to_lowercase());
        previous = character;
    }
    path
}
