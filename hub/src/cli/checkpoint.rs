//! `fanq checkpoint`: makes one checkpoint of a store that is in use. The hub starts it; it is no command for people.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::Error;
use crate::storage::making;

pub(super) const NAME: &str = making::SUBCOMMAND;

pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Make a checkpoint; the hub runs this by itself")
        .hide(true)
        .arg(Arg::new("folder").required(true).value_name("DIR").value_parser(clap::value_parser!(PathBuf)))
        .arg(Arg::new("until").required(true).value_name("POSITION").value_parser(clap::value_parser!(u64)))
        .arg(Arg::new(making::PAST_CACHE).long(making::PAST_CACHE).action(ArgAction::SetTrue))
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    let (Some(folder), Some(until)) = (matches.get_one::<PathBuf>("folder"), matches.get_one::<u64>("until"))
    else {
        return Ok(());
    };
    let past_cache = matches.get_flag(making::PAST_CACHE);
    making::run_as_child(folder, *until, past_cache).map_err(|error| Error::Failed(error.to_string()))
}
