//! Options of the sources: one argument for each that a collector names.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use muster_collect::{Descriptor, Options, SourceOption};

use crate::collectors;

/// What was given for the options of all collectors.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceOptions(pub(super) Options);

fn argument((kind, option): (Descriptor, SourceOption)) -> Arg {
    let check = option.check;
    let argument = Arg::new(option.name).long(option.name).help(option.help).help_heading(kind.title);
    if option.value.is_empty() {
        return argument.action(ArgAction::SetTrue);
    }
    let argument = argument
        .value_name(option.value)
        .value_parser(move |given: &str| check(given).map(|()| given.to_owned()));
    if option.many {
        argument.action(ArgAction::Append).value_delimiter(',')
    } else {
        argument.action(ArgAction::Set)
    }
}

impl Args for SourceOptions {
    fn augment_args(command: Command) -> Command {
        command.args(collectors::options().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SourceOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Options::default();
        for (_, option) in collectors::options() {
            if option.value.is_empty() {
                if matches.get_flag(option.name) {
                    options.set(option.name, vec![String::new()]);
                }
            } else if let Some(values) = matches.get_many::<String>(option.name) {
                options.set(option.name, values.cloned().collect());
            }
        }
        Ok(Self(options))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
