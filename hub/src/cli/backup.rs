//! `fanq backup`: copies the data folder of a hub, which may be running, to another folder.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Arg, ArgMatches, Command};
use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::check::folder_argument;
use super::{Error, print_line, shows_bars};
use crate::storage::backup::{self, Copied, Failure, Told};

pub(super) const NAME: &str = "backup";

pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Copy a data folder, also while a hub uses it; the copy is a data folder as well")
        .arg(folder_argument("The data folder"))
        .arg(target_argument("Folder for the copy, which must not exist"))
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    copy(matches, |from, to, told| backup::backup(from, to, told))
}

/// The folder that a command makes.
pub(super) fn target_argument(help: &'static str) -> Arg {
    Arg::new("target").required(true).value_name("DEST").value_parser(clap::value_parser!(PathBuf)).help(help)
}

/// Copies with a bar on a terminal, and says what was copied.
pub(super) fn copy(
    matches: &ArgMatches,
    work: impl FnOnce(&PathBuf, &PathBuf, Told<'_>) -> Result<Copied, Failure>,
) -> Result<(), Error> {
    let (Some(from), Some(to)) = (matches.get_one::<PathBuf>("folder"), matches.get_one::<PathBuf>("target"))
    else {
        return Ok(());
    };
    let bar = bar();
    let began = Instant::now();
    let result = work(from, to, &|done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let copied = result.map_err(|failure| Error::Failed(failure.to_string()))?;
    let plural = if copied.messages == 1 { "message" } else { "messages" };
    print_line(&format!(
        "{}: {} {plural}, {}, to position {} of the log, in {:.1} s",
        to.display(),
        HumanCount(copied.messages),
        BinaryBytes(copied.bytes),
        copied.position,
        began.elapsed().as_secs_f64(),
    ));
    Ok(())
}

fn bar() -> ProgressBar {
    if !shows_bars() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:32} {binary_bytes:>10}/{binary_total_bytes}  {eta:>4}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
        .with_style(style.progress_chars("━╸ "))
}
