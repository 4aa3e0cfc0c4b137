//! Machines: crontabs, and timers of systemd with the services that they start.

use asmm_model::TriggerKind;

use super::commands::single;
use super::{Collection, CommandKind, folder_of, name_of, shell};
use crate::document::ReadError;

/// Names that stand for a schedule.
const SHORT_FORMS: [&str; 8] =
    ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Reads a crontab; those of the system have the user in a column of their own.
pub(super) fn crontab(text: &str, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let folder = folder_of(path);
    let of_system = name_of(folder) == "cron.d" || path == "etc/crontab" || path.ends_with("/etc/crontab");
    let mut foreign = None;
    for (line, content) in (1_u32..).zip(text.lines()) {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') || is_assignment(content) {
            continue;
        }
        let Some((schedule, rest)) = split_schedule(content) else {
            foreign = foreign.or(Some(line));
            continue;
        };
        let command =
            if of_system { rest.split_once([' ', '\t']).map_or("", |(_, c)| c.trim_start()) } else { rest };
        let command = before_percent(command);
        if command.is_empty() {
            foreign = foreign.or(Some(line));
            continue;
        }
        let kind = if schedule == "@reboot" { TriggerKind::Event } else { TriggerKind::Schedule };
        let runs = [single(command, line, folder, CommandKind::HostCommand)];
        found.add((kind, &schedule, line), None, &runs)?;
    }
    match foreign {
        Some(line) if found.starters.is_empty() => {
            Err(ReadError::At { line, problem: "no line of a crontab" })
        }
        _ => Ok(()),
    }
}

/// `NAME=value`, with spaces allowed around the sign.
fn is_assignment(content: &str) -> bool {
    content.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end();
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// The schedule, with single spaces, and what follows it.
fn split_schedule(content: &str) -> Option<(String, &str)> {
    if content.starts_with('@') {
        let (schedule, rest) = content.split_once([' ', '\t'])?;
        // `@every 5m` has a word more.
        if schedule == "@every" {
            let (duration, rest) = rest.trim_start().split_once([' ', '\t'])?;
            return Some((format!("{schedule} {duration}"), rest.trim_start()));
        }
        return SHORT_FORMS.contains(&schedule).then(|| (schedule.to_owned(), rest.trim_start()));
    }
    let mut fields = Vec::new();
    let mut rest = content;
    while let Some((field, after)) = rest.split_once([' ', '\t']) {
        // Some readers have a sixth or seventh field for seconds and years; a command never looks like one.
        let numeric = |b: u8| b.is_ascii_digit() || b"*/,-?".contains(&b);
        let plain = field.bytes().all(numeric) && !field.starts_with(['/', '-']);
        let is_field = if fields.len() < 5 { is_field(field) } else { fields.len() < 7 && plain };
        if !is_field {
            break;
        }
        fields.push(field);
        rest = after.trim_start();
    }
    (fields.len() >= 5).then(|| (fields.join(" "), rest))
}

fn is_field(field: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"*/,-?#~".contains(&b);
    field.bytes().all(known)
        && field.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '~'))
        // Names of months and days, and the letters that some readers add to numbers.
        && field.split(['/', ',', '-', '#', '~']).all(|part| {
            part.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'?' | b'L' | b'W' | b'H' | b'R'))
                || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_alphabetic()))
        })
}

/// What stands before the first `%` that is not escaped: the rest is input, not command.
fn before_percent(command: &str) -> String {
    let mut text = String::with_capacity(command.len());
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '%' => break,
            '\\' if characters.next_if_eq(&'%').is_some() => text.push('%'),
            other => text.push(other),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Reads a timer, which runs the service that it names or the one of its own name.
pub(super) fn timer(text: &str, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let settings = settings(text, "Timer");
    let stem = name_of(path).strip_suffix(".timer").unwrap_or(name_of(path));
    let unit = settings.iter().rev().find(|(_, key, _)| key == "Unit");
    let name = unit.map_or_else(|| format!("{stem}.service"), |(_, _, value)| value.clone());
    let folder = folder_of(path);
    let service = shell::join(folder, name_of(&name));
    let runs = [single(service, unit.map_or(1, |(line, ..)| *line), folder, CommandKind::Named)];
    for (line, key, value) in &settings {
        let value = match key.as_str() {
            "OnCalendar" => value.clone(),
            "OnActiveSec" | "OnBootSec" | "OnStartupSec" | "OnUnitActiveSec" | "OnUnitInactiveSec" => {
                format!("{key}={value}")
            }
            _ => continue,
        };
        found.add((TriggerKind::Schedule, &value, *line), Some(stem), &runs)?;
    }
    Ok(())
}

/// Reads a service, which is named by its path.
pub(super) fn service(text: &str, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let settings = settings(text, "Service");
    let working = settings.iter().rev().find(|(_, key, _)| key == "WorkingDirectory");
    let working = working
        .map(|(_, _, value)| value.trim_start_matches('-'))
        .filter(|value| value.starts_with('/') && value.len() < 4096);
    let mut runs = Vec::new();
    for (line, key, value) in &settings {
        if !matches!(key.as_str(), "ExecStartPre" | "ExecStart" | "ExecStartPost") {
            continue;
        }
        let command = value.trim_start_matches(['-', '@', ':', '+', '!']);
        if command.is_empty() {
            continue;
        }
        if runs.len() > super::MAX_COMMANDS {
            break;
        }
        let text = match working {
            Some(working) => format!("cd {} && {command}", shell::quoted(std::iter::once(working))),
            None => command.to_owned(),
        };
        runs.push(single(text, *line, folder_of(path), CommandKind::HostCommand));
    }
    found.name(path.to_owned(), &runs, 1)
}

/// Settings of one section with their lines; continued lines become one.
fn settings(text: &str, wanted: &str) -> Vec<(u32, String, String)> {
    let mut settings = Vec::new();
    let mut inside = false;
    let mut lines = (1_u32..).zip(text.lines());
    while let Some((line, content)) = lines.next() {
        let content = content.trim();
        if let Some(section) = content.strip_prefix('[') {
            inside = section.strip_suffix(']') == Some(wanted);
            continue;
        }
        if content.starts_with(['#', ';']) {
            continue;
        }
        let mut content = content.to_owned();
        while let Some(start) = content.strip_suffix('\\') {
            content.truncate(start.len());
            let Some((_, next)) = lines.next() else { break };
            content.push(' ');
            content.push_str(next.trim());
        }
        if let Some((key, value)) = content.split_once('=')
            && inside
        {
            settings.push((line, key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    settings
}
