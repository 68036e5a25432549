//! `fanq check`: looks a data folder over that no hub uses, and gives up what is damaged if it is told to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::{BinaryBytes, HumanCount};

use super::{Error, print_line};
use crate::storage::check::{self, Cut, Loss, Remedy, Report};
use crate::storage::files::Files;
use crate::storage::files::real::RealFiles;
use crate::storage::folder::{self, Lock};

pub(super) const NAME: &str = "check";

pub(super) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new(NAME)
        .about(
            "Look whether the data folder of a stopped hub is sound; the exit code is 0 if it is, 1 if not",
        )
        .arg(folder_argument("The data folder"))
        .arg(flag("cut", "Give up what is damaged and keep the rest; what is put aside is not deleted"))
        .arg(flag("json", "Print the report as JSON"))
        .arg(flag("verbose", "Print the ids of messages whose bodies are damaged").short('v'))
}

/// The folder that a command works on.
pub(super) fn folder_argument(help: &'static str) -> Arg {
    Arg::new("folder").required(true).value_name("DIR").value_parser(clap::value_parser!(PathBuf)).help(help)
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    let Some(folder) = matches.get_one::<PathBuf>("folder") else {
        return Ok(());
    };
    let show = Show { json: matches.get_flag("json"), ids: matches.get_flag("verbose") };
    let (_lock, files) = open(folder)?;
    let examined = check::examine(&*files).map_err(failed)?.ok_or_else(|| no_store(folder))?;
    let report = examined.report.clone();
    if !matches.get_flag("cut") {
        show.report(&report)?;
        return verdict(folder, &report);
    }
    let Some(_unheld) = Lock::unheld(folder).map_err(failed)? else {
        return Err(Error::Failed(format!("a backup of {} is being made", folder.display())));
    };
    show.found_before_cut(&report);
    match check::cut(&files, examined).map_err(failed)? {
        Cut::Sound => show.report(&report),
        Cut::Done(loss) => {
            show.loss(&loss);
            let after = check::examine(&*files).map_err(failed)?.ok_or_else(|| no_store(folder))?;
            show.report(&after.report)?;
            verdict(folder, &after.report)
        }
        Cut::Refused(remedy) => {
            show.report(&report)?;
            Err(Error::Failed(format!("nothing was cut: {} {remedy}", folder.display())))
        }
    }
}

/// Takes the store for this process alone, without making anything if there is none.
pub(super) fn open(folder: &Path) -> Result<(Lock, Arc<dyn Files>), Error> {
    if !folder::holds_a_store(folder).map_err(failed)? {
        return Err(no_store(folder));
    }
    let lock = Lock::take(folder).map_err(failed)?;
    Ok((lock, Arc::new(RealFiles::new(folder))))
}

pub(super) fn no_store(folder: &Path) -> Error {
    Error::Failed(format!("there is no store in {}", folder.display()))
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be given to map_err")]
pub(super) fn failed(error: crate::storage::Error) -> Error {
    Error::Failed(error.to_string())
}

/// The last word: an error unless everything is fine.
fn verdict(folder: &Path, report: &Report) -> Result<(), Error> {
    let folder = folder.display();
    let count = report.problems.iter().filter(|problem| !problem.is_harmless()).count();
    let problems = if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") };
    let advice = match report.worst() {
        Remedy::Harmless => return Ok(()),
        Remedy::Heals => "a hub can be started all the same, and nothing is lost".to_owned(),
        Remedy::Cut => format!(
            "a hub does not start on it, or cannot give out these messages; restore a backup, or give up what is damaged: \
             fanq check --cut {folder}"
        ),
        Remedy::Version => "use the version of the program that wrote it".to_owned(),
        Remedy::Backup => "restore a backup".to_owned(),
    };
    Err(Error::Failed(format!("{problems} in {folder}; {advice}")))
}

/// How a report is shown.
struct Show {
    json: bool,
    ids: bool,
}

impl Show {
    fn report(&self, report: &Report) -> Result<(), Error> {
        if self.json {
            let text = serde_json::to_string_pretty(&Verdict { sound: report.is_sound(), report });
            print_line(&text.map_err(|error| Error::Failed(error.to_string()))?);
            return Ok(());
        }
        for line in facts(report) {
            print_line(&line);
        }
        self.problems(report);
        if report.is_sound() {
            print_line("sound");
        }
        Ok(())
    }

    fn problems(&self, report: &Report) {
        for problem in &report.problems {
            let mark = if problem.is_harmless() { "note" } else { "PROBLEM" };
            print_line(&format!("{mark:<12} {problem}"));
            if self.ids {
                problem.ids().for_each(|id| print_line(&format!("{:<12} {id}", "")));
            }
        }
    }

    /// What a cut is about to give up.
    fn found_before_cut(&self, report: &Report) {
        if !self.json {
            self.problems(report);
        }
    }

    fn loss(&self, loss: &Loss) {
        if self.json {
            return;
        }
        print_line(&format!("cut          the log goes on after position {}", loss.end));
        if loss.bodies > 0 {
            let whose = if loss.bodies == 1 { "its" } else { "their" };
            let bodies = counted(loss.bodies as u64, "damaged body");
            print_line(&format!("given up     {bodies} and {whose} messages"));
        }
        for name in &loss.set_aside {
            print_line(&format!("put aside    {name}"));
        }
    }
}

#[derive(serde::Serialize)]
struct Verdict<'a> {
    sound: bool,
    #[serde(flatten)]
    report: &'a Report,
}

/// One line for each kind of thing in the folder.
fn facts(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| lines.push(format!("{name:<12} {text}"));
    if let Some(store) = report.store {
        let size = BinaryBytes(store.segment_bytes);
        line("store", format!("{:032x}, start {}, segments of {size}", store.identity, store.run));
    }
    for checkpoint in &report.checkpoints {
        line("checkpoint", format!("{}, {}", checkpoint.file, BinaryBytes(checkpoint.bytes)));
    }
    let segments = report.segments;
    line("segments", format!("{}, {}", counted(segments.files as u64, "file"), BinaryBytes(segments.bytes)));
    if let Some(log) = report.log {
        let (entries, bytes) = (counted(log.entries, "entry"), BinaryBytes(log.bytes));
        let runs = counted(log.runs, "start");
        line(
            "log",
            match log.entries {
                0 => format!("to position {}, nothing behind the checkpoint", log.to),
                _ => format!("positions {} to {}, {entries} of {runs}, {bytes}", log.from, log.to),
            },
        );
    }
    if let Some(state) = report.state {
        let (queues, topics) = (counted(state.queues as u64, "queue"), counted(state.topics as u64, "topic"));
        let subscriptions = counted(state.subscriptions as u64, "subscription");
        line("state", format!("{queues}, {topics}, {subscriptions}, {}", counted(state.messages, "message")));
    }
    if let Some(bodies) = report.bodies {
        let sound = format!("{} sound, {}", HumanCount(bodies.sound), BinaryBytes(bodies.sound_bytes));
        let damaged = format!(", {} damaged", HumanCount(bodies.damaged));
        line("bodies", if bodies.damaged > 0 { sound + &damaged } else { sound });
    }
    lines
}

fn counted(count: u64, name: &str) -> String {
    let plural = match name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{name}s"),
    };
    format!("{} {}", HumanCount(count), if count == 1 { name } else { &plural })
}
