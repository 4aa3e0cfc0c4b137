//! Programs that only start another one, and the options that stand before it.

use super::name_of;
use super::shell::join;

/// What follows the options, some of which take the next word.
pub(super) fn after_options<'w>(mut words: &'w [String], with_value: &[&str]) -> &'w [String] {
    while let Some((word, rest)) = words.split_first() {
        if word == "--" {
            return rest;
        }
        if !word.starts_with('-') || word.len() < 2 {
            break;
        }
        words = if with_value.contains(&word.as_str()) { rest.get(1..).unwrap_or(&[]) } else { rest };
    }
    words
}

/// The value of `--name value`, `--name=value` or `-Avalue`.
pub(super) fn option_value<'w>(words: &'w [String], name: &str) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(index, word)| {
        if word == name {
            return words.get(index + 1).map(String::as_str);
        }
        let rest = word.strip_prefix(name)?;
        if name.starts_with("--") { rest.strip_prefix('=') } else { Some(rest) }
    })
}

/// The command within one that only changes its environment, and the folder in which it runs.
pub(super) fn unwrapped(words: &[String], folder: &str) -> Option<(Vec<String>, String)> {
    let (first, rest) = words.split_first()?;
    let same = |inner: &[String]| Some((inner.to_vec(), folder.to_owned()));
    let sub = rest.first().map(String::as_str);
    match name_of(first) {
        "exec"
        | "time"
        | "nohup"
        | "command"
        | "then"
        | "do"
        | "if"
        | "while"
        | "until"
        | "!"
        | "{"
        | "else"
        | "elif"
        | "setsid"
        | "dumb-init"
        | "tini"
        | "eval"
        | "builtin"
        | "opentelemetry-instrument"
        | "ddtrace-run"
        | "xvfb-run"
        | "stdbuf"
        | "unbuffer"
        | "chronic"
        | "npx"
        | "bunx"
        | "pnpx"
        | "caffeinate" => same(after_options(rest, &["-p", "--package", "-a", "-s"])),
        "env" => same(after_options(rest, &["-u", "-C"])),
        "sudo" | "runuser" => same(after_options(rest, &["-u", "-g", "--user"])),
        "nice" | "ionice" => same(after_options(rest, &["-n", "-c"])),
        // The duration, or the file of the lock.
        "timeout" | "flock" | "gtimeout" => {
            let inner =
                after_options(rest, &["-k", "-s", "--signal", "--kill-after", "-w", "-E"]).get(1..)?;
            // `flock FILE -c 'command'`
            if inner.first().is_some_and(|word| word == "-c") {
                same(&[&["sh".to_owned()], inner].concat())
            } else {
                same(inner)
            }
        }
        "uv" => {
            let options = [
                "--with",
                "--python",
                "-p",
                "--project",
                "--directory",
                "--extra",
                "--group",
                "--only-group",
                "--env-file",
                "--package",
                "--index",
                "--with-requirements",
                "--with-editable",
                "--index-url",
                "--color",
            ];
            let outer = after_options(rest, &options);
            let (run, inner) = outer.split_first()?;
            if run != "run" {
                return None;
            }
            let place = option_value(words, "--directory")
                .map_or_else(|| folder.to_owned(), |place| join(folder, place));
            // A module may be named among the options.
            let module =
                inner.iter().take_while(|w| w.starts_with('-')).position(|w| w == "-m" || w == "--module");
            let inner = match module {
                Some(at) => [&["python".to_owned(), "-m".to_owned()], inner.get(at + 1..)?].concat(),
                None => after_options(inner, &options).to_vec(),
            };
            Some((inner, place))
        }
        "poetry" | "pipenv" | "pdm" | "rye" | "pixi" | "conda" | "mamba" | "micromamba" | "hatch"
        | "coverage" | "newrelic-admin" | "dotenv" | "heroku" => {
            let place =
                ["-C", "--directory", "--project", "--cwd"].iter().find_map(|name| option_value(rest, name));
            let at = rest.iter().position(|w| w == "run" || w == "run-program")?;
            let options =
                ["-n", "--name", "-p", "--prefix", "-e", "--source", "--rcfile", "--env", "--environment"];
            let mut inner = rest.get(at + 1..)?;
            if name_of(first) == "coverage" && inner.iter().any(|w| w == "-m") {
                inner = &inner[inner.iter().position(|w| w == "-m")?..];
                return same(&[&["python".to_owned()], inner].concat());
            }
            inner = after_options(inner, &options);
            let mut inner = inner.to_vec();
            if name_of(first) == "hatch"
                && let Some(name) = inner.first_mut()
                && let Some((_, command)) = name.split_once(':')
            {
                *name = command.to_owned();
            }
            Some((inner, place.map_or_else(|| folder.to_owned(), |place| join(folder, place))))
        }
        "doppler" | "op" | "infisical" | "aws-vault" | "chamber" | "dotenvx" | "docker"
        | "cross-env-shell" => {
            let at = rest.iter().position(|word| word == "--")?;
            same(&rest[at + 1..])
        }
        "bundle" if sub == Some("exec") => same(&rest[1..]),
        // The console of Symfony, and the container that Laravel develops in.
        "symfony" if sub == Some("console") => same(rest),
        "sail" if matches!(sub, Some("artisan" | "php")) => same(rest),
        "cross-env" => same(rest),
        "npm" | "pnpm" | "yarn" | "bun"
            if matches!(sub, Some("exec" | "dlx" | "x" | "node" | "tsx" | "ts-node")) =>
        {
            let named = matches!(sub, Some("node" | "tsx" | "ts-node"));
            same(if named { rest } else { after_options(&rest[1..], &["-p", "--package", "-c"]) })
        }
        _ => None,
    }
}

/// `NAME=value` before a program.
pub(crate) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}
