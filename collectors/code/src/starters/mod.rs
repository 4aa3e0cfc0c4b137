//! Files that start code by themselves: workflows, timers, queues and platform events, and the commands that they run.
//!
//! Every reader works on a bounded amount of hostile text. Errors say where and why, and never repeat what the file says;
//! the text of a command may hold anything and is there to be compared, not to be shown.

mod agentic;
mod cloudformation;
mod commands;
mod compose;
mod containers;
mod dockerfile;
mod functions;
mod github;
mod gitlab;
mod handlers;
mod hooks;
mod host;
mod http_path;
mod images;
mod jenkins;
mod kind;
mod kubernetes;
mod links;
#[cfg(test)]
mod pipeline_samples;
mod pipelines;
mod platforms;
mod programs;
#[cfg(test)]
mod robustness;
mod runs;
#[cfg(test)]
mod runs_tests;
#[cfg(test)]
mod samples;
mod serverless;
mod shell;
mod terraform;
#[cfg(test)]
mod tests;
mod wrappers;

use asmm_model::{Effect, TriggerKind};

use crate::document::{MAX_BYTES, Node, ReadError, reading};

pub(crate) use agentic::front_matter;
pub(crate) use commands::here_document_end;
pub(crate) use handlers::function_of;
pub(crate) use images::{Known, NAME, OWNER, REPOSITORY};
pub(crate) use kind::{StarterFile, by_content, has_extension, is_ci, is_dockerfile, is_pipeline, kind_of};
pub(crate) use kubernetes::{pod, pod_commands};
pub(crate) use links::Links;
pub(crate) use runs::{Entry, Package, Surroundings, runs_file};
pub(crate) use shell::{calls, join as join_path};
pub(crate) use wrappers::is_assignment;

/// Starters read from one file.
const MAX_STARTERS: usize = 500;
/// Names of one file that stand for commands.
const MAX_NAMED: usize = 5_000;
/// Commands of one starter.
const MAX_COMMANDS: usize = 5_000;
/// Secrets and tools of one file, each.
const MAX_GIVEN: usize = 100;
/// Bytes of a name that is kept.
const MAX_NAME: usize = 120;
/// Bytes of command text in all starters of one file: each trigger of a workflow repeats all of its commands.
const MAX_COMMAND_BYTES: usize = 32 * 1024 * 1024;

/// One declared way in which something starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Starter {
    /// What kind of start it is.
    pub kind: TriggerKind,
    /// Cron expression, event with its types (`issues: opened, edited`), queue or path; empty where the file does not say.
    pub value: String,
    /// One-based line where the trigger is declared.
    pub line: u32,
    /// What it runs, in the order of the file; empty where the file does not say (the default command of an image).
    pub runs: Vec<Command>,
    /// Name of the workflow, job, function or process.
    pub label: Option<String>,
}

/// One thing that a starter runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// As the kind says.
    pub text: String,
    /// One-based line; of a folded text, the line where it begins or one near it.
    pub line: u32,
    /// Working folder relative to the repository, `""` for the top; for commands of hosts and images, the folder of the
    /// declaring file.
    pub folder: String,
    /// How to read the text.
    pub kind: CommandKind,
}

/// How the text of a command is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum CommandKind {
    /// A line of shell, run in a checkout of the repository.
    Shell,
    /// The path of a request (`/api/cron`).
    HttpPath,
    /// A source file, or a file or module and the function in it (`src/handler.main`).
    Handler,
    /// A line of shell, run in a container whose paths are those of the image.
    ImageCommand,
    /// A line of shell, run on a machine whose paths are those of the installed copy.
    HostCommand,
    /// A published or local action or a called workflow (`owner/name@v1`, `./.github/actions/x`).
    Action,
    /// A handler whose folder nothing tells: only a file that has the function is meant.
    LikelyHandler,
    /// A name that other files may declare; [`Links`] knows what it stands for.
    Named,
    /// An image that runs as it was built.
    Image,
    /// An image whose entry point runs, with other arguments than it was built with.
    Entrypoint,
}

/// What a pipeline runs when others start it, and what it gives to everything that it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Setup {
    /// Parts that other files start, or the settings of the service that reads the file.
    pub(crate) called: Vec<Called>,
    /// Names of the secrets that are handed over, with their lines.
    pub(crate) secrets: Vec<(String, u32)>,
    /// What an agent is handed: name, effect and line.
    pub(crate) tools: Vec<Given>,
    /// Whether it may be handed more than that.
    pub(crate) open: bool,
    /// Whether a person may have to let it go on.
    pub(crate) waits: bool,
    /// What the token of the run may do, with the line that says so.
    pub(crate) permissions: Option<(Node, u32)>,
}

/// Commands that something outside of their file starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Called {
    /// Name of the workflow.
    pub(crate) label: Option<String>,
    /// What it runs.
    pub(crate) runs: Vec<Command>,
}

/// A tool that a pipeline hands to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) effect: Effect,
    pub(crate) line: u32,
}

impl Setup {
    /// Adds a secret by its name, unless there are too many.
    fn secret(&mut self, name: &str, line: u32) {
        let is_name = !name.is_empty() && name.len() <= MAX_NAME && !name.contains(char::is_whitespace);
        if is_name && self.secrets.len() < MAX_GIVEN {
            self.secrets.push((name.to_owned(), line));
        }
    }

    /// Adds a tool, unless there are too many.
    fn tool(&mut self, name: &str, effect: Effect, line: u32) {
        if name.len() <= MAX_NAME && self.tools.len() < MAX_GIVEN {
            self.tools.push(Given { name: name.to_owned(), effect, line });
        }
    }
}

/// What one file declares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Declared {
    /// What starts by itself.
    pub(crate) starters: Vec<Starter>,
    /// What names stand for: a service that a timer starts, a function that a schedule in another file names.
    pub(crate) named: Vec<(String, Vec<Command>)>,
    /// What the code is known by where it runs.
    pub(crate) known: Vec<Known>,
    /// What a pipeline gives to what it runs.
    pub(crate) setup: Setup,
    /// Why a part of the file could not be read.
    pub(crate) unread: Option<ReadError>,
}

/// Reads what one file declares, whose path is relative to the repository and separated by `/`.
///
/// # Errors
/// A file that is too large, not UTF-8, not of that format, nested too deeply, or that declares more than is read.
pub(crate) fn parse(kind: StarterFile, path: &str, bytes: &[u8]) -> Result<Declared, ReadError> {
    let text = text_of(bytes)?;
    let folder = folder_of(path);
    // Both App Engine and Kubernetes like this name.
    let kind = if kind == StarterFile::AppEngineCron && by_content(path, bytes).is_some() {
        StarterFile::Kubernetes
    } else {
        kind
    };
    let mut found = Collection::default();
    match kind {
        StarterFile::GithubWorkflow => github::read(&reading::yaml(text)?, path, &mut found),
        StarterFile::GitlabCi => gitlab::read(&reading::yaml_all(text)?, &mut found),
        StarterFile::AgenticWorkflow => match front_matter(text) {
            Some(settings) => agentic::read(&reading::yaml(settings)?, path, &mut found),
            None => Ok(()),
        },
        StarterFile::AzurePipelines => pipelines::azure(&reading::yaml(text)?, path, &mut found),
        StarterFile::Bitbucket => pipelines::bitbucket(&reading::yaml(text)?, &mut found),
        StarterFile::Buildkite => pipelines::buildkite(&reading::yaml(text)?, path, &mut found),
        StarterFile::CircleCi => pipelines::circleci(&reading::yaml(text)?, &mut found),
        StarterFile::Jenkins => jenkins::read(text, path, &mut found),
        StarterFile::VercelJson => functions::vercel(&reading::json(text)?, folder, &mut found),
        StarterFile::Wrangler => functions::wrangler(&reading::by_name(path, text)?, folder, &mut found),
        StarterFile::Netlify => functions::netlify(&reading::toml(text)?, folder, &mut found),
        StarterFile::AzureFunction => functions::azure(&reading::json(text)?, folder, &mut found),
        StarterFile::AppEngineCron => functions::app_engine(&reading::yaml(text)?, folder, &mut found),
        StarterFile::Serverless => serverless::framework(&reading::by_name(path, text)?, folder, &mut found),
        StarterFile::CloudFormation if !cloudformation::may_be(bytes) => Ok(()),
        StarterFile::CloudFormation => {
            cloudformation::read(&reading::by_name(path, text)?, (path, folder), &mut found)
        }
        StarterFile::Terraform if !terraform::concerns(text) => Ok(()),
        StarterFile::Terraform => terraform::read(&reading::by_name(path, text)?, folder, &mut found),
        StarterFile::Dockerfile => dockerfile::read(text, path, &mut found),
        StarterFile::Compose => compose::read(&reading::yaml(text)?, folder, &mut found),
        StarterFile::GitHook => hooks::script(text, path, &mut found),
        StarterFile::PreCommit => hooks::pre_commit(&reading::yaml(text)?, &mut found),
        StarterFile::Lefthook => hooks::lefthook(&reading::yaml(text)?, &mut found),
        StarterFile::Kubernetes => kubernetes::read(text, folder, &mut found),
        StarterFile::RenderYaml => platforms::render(&reading::yaml(text)?, folder, &mut found),
        StarterFile::DigitalOcean => platforms::digital_ocean(&reading::yaml(text)?, &mut found),
        StarterFile::Railway => platforms::railway(&reading::by_name(path, text)?, folder, &mut found),
        StarterFile::Procfile => platforms::procfile(text, folder, &mut found),
        StarterFile::Crontab => host::crontab(text, path, &mut found),
        StarterFile::SystemdTimer => host::timer(text, path, &mut found),
        StarterFile::SystemdService => host::service(text, path, &mut found),
    }?;
    let Collection { starters, named, known, setup, unread, .. } = found;
    Ok(Declared { starters, named, known, setup, unread })
}

fn text_of(bytes: &[u8]) -> Result<&str, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge { size: bytes.len(), limit: MAX_BYTES });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| ReadError::Whole { problem: "no UTF-8" })
}

/// Folder of a path, `""` for the top.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Last part of a path.
fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// What one file declares, counted while it is found.
#[derive(Debug, Default)]
struct Collection {
    starters: Vec<Starter>,
    named: Vec<(String, Vec<Command>)>,
    known: Vec<Known>,
    setup: Setup,
    unread: Option<ReadError>,
    bytes: usize,
}

impl Collection {
    /// Adds a starter, unless the file has too many or too much text in their commands.
    fn add(
        &mut self,
        (kind, value, line): (TriggerKind, &str, u32),
        label: Option<&str>,
        runs: &[Command],
    ) -> Result<(), ReadError> {
        let label_bytes = label.map_or(0, str::len);
        self.bytes +=
            value.len() + label_bytes + runs.iter().map(|r| r.text.len() + r.folder.len()).sum::<usize>();
        if self.starters.len() >= MAX_STARTERS || runs.len() > MAX_COMMANDS || self.bytes > MAX_COMMAND_BYTES
        {
            return Err(ReadError::At { line, problem: "declares more than is read" });
        }
        let label = label.map(str::to_owned);
        self.starters.push(Starter { kind, value: value.to_owned(), line, runs: runs.to_vec(), label });
        Ok(())
    }

    /// Adds what something outside of the file starts, unless that is too much.
    fn call(&mut self, label: Option<&str>, line: u32, runs: &[Command]) -> Result<(), ReadError> {
        self.bytes += runs.iter().map(|r| r.text.len() + r.folder.len()).sum::<usize>();
        let called = &mut self.setup.called;
        if called.len() >= MAX_STARTERS || runs.len() > MAX_COMMANDS || self.bytes > MAX_COMMAND_BYTES {
            return Err(ReadError::At { line, problem: "declares more than is read" });
        }
        called.push(Called { label: label.map(str::to_owned), runs: runs.to_vec() });
        Ok(())
    }

    /// Adds what a name stands for, unless that is nothing or too much.
    fn name(&mut self, name: String, runs: &[Command], line: u32) -> Result<(), ReadError> {
        if runs.is_empty() {
            return Ok(());
        }
        self.bytes += name.len() + runs.iter().map(|r| r.text.len() + r.folder.len()).sum::<usize>();
        if self.named.len() >= MAX_NAMED || runs.len() > MAX_COMMANDS || self.bytes > MAX_COMMAND_BYTES {
            return Err(ReadError::At { line, problem: "declares more than is read" });
        }
        self.named.push((name, runs.to_vec()));
        Ok(())
    }
}
