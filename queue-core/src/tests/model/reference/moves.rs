//! Move tasks of the reference.

use super::Reference;
use super::shelf::{Hidden, Letter};
use crate::tests::model::Answer;
use crate::{CancelMove, Error, MoveFailure, MoveStatus, Name, QueueId, StartMove, Timestamp};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Task {
    destination: Option<Name>,
    per_second: Option<u32>,
    status: MoveStatus,
    moved: u64,
    total: u64,
    /// The last number that is concerned.
    last: u64,
    /// When the next second begins, and what may still be moved before that.
    next: Timestamp,
    left: u64,
}

impl Reference {
    pub(in crate::tests::model) fn tasks(&self) -> Vec<(QueueId, MoveStatus, u64, u64)> {
        let tasks = self.queues.iter().filter_map(|shelf| Some((shelf.id, shelf.task.as_ref()?)));
        tasks.map(|(id, task)| (id, task.status, task.moved, task.total)).collect()
    }

    pub(super) fn start_move(&mut self, now: Timestamp, start: &StartMove) -> Result<Answer, Error> {
        let at = self.find(start.source)?;
        let shelf = &mut self.queues[at];
        if shelf.task.as_ref().is_some_and(|task| task.status == MoveStatus::Running) {
            return Err(Error::MoveRunning);
        }
        shelf.task = Some(Task {
            destination: start.destination.clone(),
            per_second: start.per_second,
            status: MoveStatus::Running,
            moved: 0,
            total: shelf.letters.len() as u64,
            last: shelf.last,
            next: now.after(Duration::from_secs(1)),
            left: start.per_second.map_or(u64::MAX, u64::from),
        });
        Ok(Answer::Done)
    }

    pub(super) fn cancel_move(&mut self, cancel: &CancelMove) -> Result<Answer, Error> {
        let at = self.find(cancel.source).map_err(|_| Error::NoSuchMove)?;
        let task = self.queues[at].task.as_mut().filter(|task| task.status == MoveStatus::Running);
        let task = task.ok_or(Error::NoSuchMove)?;
        task.status = MoveStatus::Cancelled;
        Ok(Answer::Cancelled(task.moved))
    }

    /// Those that may go on at once come first, then those whose second began first.
    pub(super) fn pass_moves(&mut self, now: Timestamp) {
        let mut due = Vec::new();
        for (at, shelf) in self.queues.iter().enumerate() {
            if let Some(task) = shelf.task.as_ref().filter(|task| task.status == MoveStatus::Running) {
                due.push((if task.left > 0 { Timestamp(0) } else { task.next }, at));
            }
        }
        due.sort_unstable();
        for (_, at) in due.iter().filter(|(from, _)| *from <= now) {
            let mut task = self.queues[*at].task.take().unwrap();
            self.go_on(*at, &mut task, now);
            self.queues[*at].task = Some(task);
        }
    }

    fn go_on(&mut self, at: usize, task: &mut Task, now: Timestamp) {
        while task.next <= now {
            task.next = task.next.after(Duration::from_secs(1));
            task.left = task.left.saturating_add(task.per_second.map_or(u64::MAX, u64::from));
        }
        while task.left > 0 {
            let shelf = &self.queues[at];
            let Some(number) = shelf.receivable().into_iter().min().filter(|number| *number <= task.last)
            else {
                task.left = 0;
                break;
            };
            let letter = shelf.letters.iter().find(|letter| letter.number == number).unwrap();
            let source = letter.source.as_deref().map(crate::tests::player::commands::name);
            let Some(name) = task.destination.clone().or(source) else {
                task.status = MoveStatus::Failed(MoveFailure::NoSource);
                return;
            };
            let target = self
                .queues
                .iter()
                .position(|other| other.name == name && other.attributes.fifo == shelf.attributes.fifo);
            let Some(target) = target else {
                task.status = MoveStatus::Failed(MoveFailure::NoSuchQueue);
                return;
            };
            let letter = self.queues[at].take_away(number).unwrap();
            self.send_anew(target, letter, now);
            task.moved += 1;
            task.left -= 1;
        }
        if self.queues[at].letters.iter().all(|letter| letter.number > task.last) {
            task.status = MoveStatus::Completed;
        }
    }

    fn send_anew(&mut self, target: usize, letter: Letter, now: Timestamp) {
        let shelf = &mut self.queues[target];
        shelf.last += 1;
        let delay = shelf.attributes.delay;
        shelf.letters.push(Letter {
            number: shelf.last,
            identity: format!("{} moved", letter.body),
            sent: now,
            began: now,
            hidden: if delay.is_zero() { Hidden::No } else { Hidden::Delayed(now.after(delay)) },
            swept: None,
            first: None,
            receives: 0,
            receives_here: 0,
            source: None,
            ..letter
        });
    }
}
