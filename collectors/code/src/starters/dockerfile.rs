//! Dockerfiles: what an image runs, and which package a program of it was built from.

use super::commands::single;
use super::wrappers::{is_assignment, option_value};
use super::{Collection, Command, CommandKind, folder_of, images, name_of, reading, shell};
use crate::document::{Node, ReadError};

/// Names the commands of the last stage by the path of the file, and those of its entry point alone.
pub(super) fn read(text: &str, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let folder = folder_of(path);
    let mut image = Image { folder, ..Image::default() };
    let mut lines = (1_u32..).zip(text.lines());
    while let Some((line, content)) = lines.next() {
        let mut instruction = content.trim().to_owned();
        if instruction.is_empty() || instruction.starts_with('#') {
            continue;
        }
        while let Some(start) = instruction.strip_suffix('\\') {
            instruction.truncate(start.len());
            let Some((_, next)) = lines.next() else { break };
            // Comments between continued lines are left out.
            if next.trim_start().starts_with('#') {
                instruction.push('\\');
                continue;
            }
            instruction.push(' ');
            instruction.push_str(next.trim());
        }
        if let Some((name, rest)) = instruction.split_once([' ', '\t']) {
            let name = name.to_ascii_uppercase();
            image.instruction(&name, rest.trim(), line);
            if name == "LABEL" {
                images::source(rest, path, line, found)?;
            }
        }
    }
    found.name(path.to_owned(), &image.commands(true), 1)?;
    found.name(entry_point(path), &image.commands(false), 1)
}

/// The name of what an image runs before any arguments.
pub(super) fn entry_point(path: &str) -> String {
    format!("{path}#entry")
}

#[derive(Default)]
struct Image<'a> {
    folder: &'a str,
    working: Option<String>,
    entry: Option<(Vec<String>, u32)>,
    command: Option<(Vec<String>, u32)>,
    /// Programs by their names, and commands that run what they were built from.
    built: Vec<(String, String)>,
}

impl Image<'_> {
    fn instruction(&mut self, name: &str, rest: &str, line: u32) {
        match name {
            "FROM" => {
                (self.working, self.entry, self.command) = (None, None, None);
            }
            "WORKDIR" if rest.len() < 1024 => {
                self.working =
                    Some(shell::join(self.working.as_deref().unwrap_or("/"), rest.trim_matches('"')));
            }
            "ENTRYPOINT" => {
                // The command of an image below does not hold any more.
                self.entry = Some((words(rest), line));
            }
            "CMD" => self.command = Some((words(rest), line)),
            "RUN" => self.build(rest),
            _ => {}
        }
    }

    /// Remembers what `go build` makes.
    fn build(&mut self, text: &str) {
        let mut folder = String::new();
        for call in shell::calls(text) {
            let assigned = call.words.iter().take_while(|word| is_assignment(word)).count();
            if let [go, build, rest @ ..] = &call.words[assigned..]
                && go == "go"
                && matches!(build.as_str(), "build" | "install")
                && self.built.len() < 50
            {
                let out = option_value(rest, "-o");
                let package = rest.last().filter(|word| !word.starts_with('-') && Some(word.as_str()) != out);
                let package = package.map_or(".", String::as_str);
                let name = name_of(out.unwrap_or(package).trim_end_matches('/')).to_owned();
                let path = shell::join(&folder, package);
                self.built.push((name, format!("go run ./{path}")));
            }
            folder = shell::folder_after(&folder, &call.words);
        }
    }

    /// What runs: entry point and command, or the entry point alone.
    fn commands(&self, with_command: bool) -> Vec<Command> {
        let entry = self.entry.as_ref();
        let command = self.command.as_ref().filter(|_| with_command);
        let Some(line) = entry.or(command).map(|(_, line)| *line) else { return Vec::new() };
        let all: Vec<&String> = entry.into_iter().chain(command).flat_map(|(words, _)| words).collect();
        let place = self.working.as_ref().map_or_else(String::new, |working| {
            format!("cd {} && ", shell::quoted(std::iter::once(working.as_str())))
        });
        let run = |words: &[&String]| {
            let text = shell::quoted(words.iter().map(|word| word.as_str()));
            single(format!("{place}{text}"), line, self.folder, CommandKind::ImageCommand)
        };
        let mut runs = vec![run(&all)];
        // An entry point that is a script mostly ends with running the command.
        if let (Some(_), Some((words, _))) = (entry, command) {
            runs.push(run(&words.iter().collect::<Vec<_>>()));
        }
        for (name, text) in &self.built {
            if all.first().is_some_and(|program| name_of(program) == name) {
                runs.push(single(text.clone(), line, self.folder, CommandKind::ImageCommand));
            }
        }
        runs
    }
}

/// A list in JSON, or a line of shell.
fn words(text: &str) -> Vec<String> {
    if text.starts_with('[')
        && let Ok(list) = reading::json(text)
    {
        return list.items().iter().filter_map(Node::text).map(str::to_owned).collect();
    }
    ["/bin/sh", "-c", text].map(str::to_owned).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> Vec<(String, Vec<String>)> {
        let mut found = Collection::default();
        read(text, "svc/Dockerfile", &mut found).unwrap();
        let texts = |commands: Vec<Command>| commands.into_iter().map(|c| c.text).collect();
        found.named.into_iter().map(|(name, commands)| (name, texts(commands))).collect()
    }

    #[test]
    fn images_run_their_last_stage() {
        let text = "FROM golang AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 \\\n  # static\n  go build -o /out/agent ./cmd/agent\nCMD [\"no\"]\nFROM scratch\nCOPY --from=build /out/agent /agent\nENTRYPOINT [\"/agent\"]\n";
        let found = commands(text);
        assert_eq!(found[0].0, "svc/Dockerfile");
        assert_eq!(found[0].1, ["/agent", "go run ./cmd/agent"]);
        let text = "FROM python\nWORKDIR /app\nENTRYPOINT [\"./entry.sh\"]\nCMD python main.py\n";
        let found = commands(text);
        let whole = "cd /app && ./entry.sh /bin/sh -c 'python main.py'";
        assert_eq!(found[0].1, [whole, "cd /app && /bin/sh -c 'python main.py'"]);
        assert_eq!(found[1].1, ["cd /app && ./entry.sh"]);
    }
}
