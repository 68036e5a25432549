//! `fanq restore`: copies a backup to where a hub is to use it.

use clap::{ArgMatches, Command};

use super::Error;
use super::backup::{copy, target_argument};
use super::check::folder_argument;
use crate::storage::backup;

pub(super) const NAME: &str = "restore";

pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Check a backup and copy it to a new data folder")
        .arg(folder_argument("The backup"))
        .arg(target_argument("The new data folder, which must not exist or be empty"))
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    copy(matches, |from, to, told| backup::restore(from, to, told))
}
