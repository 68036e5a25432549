//! Looks a store over that nobody uses: every file, the log from the older checkpoint on, and every body that a message
//! needs. Goes on where something is wrong, so that one look finds as much as it can, and writes nothing.
//!
//! `inventory` looks at the files, `execution` at the log, `bodies` at the bodies, `finding` says what stopped the
//! reading, and `cut` gives up what is damaged so that the rest can be used.

mod bodies;
mod cut;
mod execution;
mod finding;
mod inventory;
mod padded;
mod report;
#[cfg(test)]
pub(super) mod tests;

use super::Error;
use super::files::Files;
pub(crate) use cut::{Cut, Loss, cut};
pub(crate) use report::{Remedy, Report};

use execution::{Best, Execution};
use inventory::Inventory;
use padded::Padded;
use queue_core::Holder;
use report::{Kind, Problem, SegmentFacts, StateFacts};

/// A store as it was found.
pub(crate) struct Examined {
    pub(crate) report: Report,
    inventory: Inventory,
    /// The best state that can be had; none if there is none, or if nothing was ever stored.
    best: Option<Best>,
    bad_checkpoints: Vec<u64>,
    /// Segments that the best state was read from.
    read: Vec<u64>,
    /// Who holds bodies that cannot be read.
    damaged: Vec<Holder>,
}

/// Looks at everything. None if there is nothing of a store.
pub(crate) fn examine(files: &dyn Files) -> Result<Option<Examined>, Error> {
    let mut inventory = Inventory::make(files)?;
    if inventory.is_empty() {
        return Ok(None);
    }
    let mut report = Report {
        store: inventory.store.map(Into::into),
        segments: SegmentFacts {
            files: inventory.survey.segments.len(),
            bytes: inventory.survey.segments.values().map(|segment| segment.bytes).sum(),
        },
        ..Report::default()
    };
    if inventory.is_unused() {
        let what = "nothing was ever stored here: the first start ended early";
        inventory.add(Problem::new(Kind::NothingYet, Remedy::Harmless, what));
        report.problems = std::mem::take(&mut inventory.problems);
        return Ok(Some(Examined::nothing(report, inventory)));
    }
    let Some(store) = inventory.store else {
        if inventory.problems.iter().all(|problem| problem.remedy != Remedy::Version) {
            let what = "nothing says which store this is";
            inventory.add(Problem::new(Kind::NoCheckpoint, Remedy::Backup, what));
        }
        report.problems = std::mem::take(&mut inventory.problems);
        return Ok(Some(Examined::nothing(report, inventory)));
    };
    let padded = Padded::new(files, &inventory.truncated);
    let mut execution = Execution::new(&padded, &inventory, store.store);
    execution.run()?;
    execution.look_at_segments()?;
    let mut damaged = Vec::new();
    let mut needed = Vec::new();
    if let Some(best) = &execution.best {
        let found = bodies::check(files, &inventory.survey, &best.machine, store.segment_bytes)?;
        report.state = Some(state(best));
        report.bodies = Some(found.facts);
        needed = found.problems;
        damaged = found.holders;
    }
    let notes = bodies::not_needed(&execution.suspects, &needed, &inventory.survey);
    let Execution { problems, checkpoints, bad_checkpoints, log, read, best, .. } = execution;
    report.checkpoints = checkpoints;
    report.log = log;
    report.problems.extend(std::mem::take(&mut inventory.problems));
    report.problems.extend(problems);
    report.problems.extend(needed);
    report.problems.extend(notes);
    Ok(Some(Examined { report, inventory, best, bad_checkpoints, read: read.into_iter().collect(), damaged }))
}

impl Examined {
    fn nothing(report: Report, inventory: Inventory) -> Self {
        Self {
            report,
            inventory,
            best: None,
            bad_checkpoints: Vec::new(),
            read: Vec::new(),
            damaged: Vec::new(),
        }
    }
}

fn state(best: &Best) -> StateFacts {
    let messages = best.machine.queues().map(|queue| {
        let counts = queue.counts();
        counts.visible + counts.in_flight + counts.delayed
    });
    StateFacts {
        queues: best.machine.queues().filter(|queue| !queue.is_internal()).count(),
        topics: best.machine.topics().count(),
        subscriptions: best.machine.subscriptions().count(),
        messages: messages.sum(),
    }
}
