//! Move tasks: messages of a dead-letter queue are sent anew, to the queues that gave them up or to another.
//!
//! A message is taken out and put in within one step, and only when its destination is known to be there, so none is
//! ever lost or in two places. It arrives as a new one, with another identity and time; its body stays where it lies.

use super::{Machine, Scope, weight};
use crate::limits::{MOVE_TASKS_KEPT, MOVED_PER_ENTRY};
use crate::message::Message;
use crate::move_task::{MoveFailure, MoveStatus, MoveTask};
use crate::{CancelMove, Error, QueueId, Reply, StartMove, Tally};
use std::collections::BTreeMap;
#[cfg(test)]
use std::collections::VecDeque;

impl Machine {
    /// The move tasks of a source, the newest first.
    pub fn move_tasks(&self, source: QueueId) -> impl Iterator<Item = &MoveTask> {
        self.move_tasks.get(&source).into_iter().flatten().rev()
    }

    pub(super) fn start_move(&mut self, start: &StartMove, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let queue = self.queues.get(&start.source).filter(|queue| !queue.is_internal());
        let queue = queue.ok_or(Error::NoSuchQueue)?;
        if self.move_tasks(start.source).any(MoveTask::is_running) {
            return Err(Error::MoveRunning);
        }
        let counts = queue.counts();
        let total = counts.visible + counts.in_flight + counts.delayed;
        let id = scope.identities.next();
        let task = MoveTask::new(id, start, total, queue.last_number(), scope.now, scope.run);
        self.moves_due.insert((task.due(), start.source));
        let tasks = self.move_tasks.entry(start.source).or_default();
        let before = weight::of_move_tasks(tasks);
        if tasks.len() == MOVE_TASKS_KEPT {
            tasks.pop_front();
        }
        tasks.push_back(task);
        let after = weight::of_move_tasks(tasks);
        self.reweigh(before, after);
        Ok(Reply::MoveStarted(id))
    }

    pub(super) fn cancel_move(&mut self, cancel: &CancelMove) -> Result<Reply, Error> {
        let tasks = self.move_tasks.get_mut(&cancel.source).ok_or(Error::NoSuchMove)?;
        let task = tasks.iter_mut().find(|task| task.id == cancel.task && task.is_running());
        let task = task.ok_or(Error::NoSuchMove)?;
        self.moves_due.remove(&(task.due(), cancel.source));
        task.status = MoveStatus::Cancelled;
        Ok(Reply::MoveCancelled(task.moved))
    }

    /// The source is gone, and its tasks with it.
    pub(super) fn forget_moves(&mut self, source: QueueId) {
        let Some(tasks) = self.move_tasks.remove(&source) else {
            return;
        };
        self.lighten(weight::of_move_tasks(&tasks));
        if let Some(running) = tasks.back().filter(|task| task.is_running()) {
            self.moves_due.remove(&(running.due(), source));
        }
    }

    /// Lets all tasks that are due go on, each with an equal share of what an entry moves.
    pub(super) fn run_moves(&mut self, scope: &mut Scope<'_>) {
        let due = self.moves_due.iter().take_while(|(at, _)| *at <= scope.now);
        let due: Vec<QueueId> = due.map(|(_, source)| *source).take(MOVED_PER_ENTRY).collect();
        for source in &due {
            self.run_move(*source, MOVED_PER_ENTRY / due.len(), scope);
        }
    }

    fn run_move(&mut self, source: QueueId, share: usize, scope: &mut Scope<'_>) {
        let tasks = self.move_tasks.get_mut(&source);
        let Some(mut task) = tasks.and_then(|tasks| tasks.pop_back_if(|task| task.is_running())) else {
            return;
        };
        self.moves_due.remove(&(task.due(), source));
        task.pass(scope.now, scope.run);
        let mut tallies = BTreeMap::from([(source, Tally::default())]);
        for _ in 0..task.allowance().min(share as u64) {
            match self.next_move(source, &task) {
                None => task.rest(),
                Some(Err(failure)) => task.status = MoveStatus::Failed(failure),
                Some(Ok((number, target))) => {
                    let bytes = self.move_one(source, number, target, scope);
                    task.moved_one();
                    *tallies.entry(source).or_default() += Tally { moved: 1, ..Tally::default() };
                    *tallies.entry(target).or_default() += Tally::sent(bytes);
                    continue;
                }
            }
            break;
        }
        let has_more = self.queues.get(&source).is_some_and(|queue| queue.has_up_to(task.last_number));
        if task.is_running() && !has_more {
            task.status = MoveStatus::Completed;
        }
        if task.is_running() {
            self.moves_due.insert((task.due(), source));
        }
        self.move_tasks.entry(source).or_default().push_back(task);
        for (queue, tally) in tallies {
            self.touch(queue, tally, scope);
        }
    }

    /// The next message to be moved and where it goes; none if none can be moved now.
    fn next_move(&self, source: QueueId, task: &MoveTask) -> Option<Result<(u64, QueueId), MoveFailure>> {
        let queue = self.queues.get(&source)?;
        let (number, message) = queue.next_to_move(task.last_number)?;
        let Some(name) = task.destination.as_ref().or(message.source.as_deref()) else {
            return Some(Err(MoveFailure::NoSource));
        };
        let target =
            self.home_of(name, None).filter(|target| target.attributes.fifo == queue.attributes.fifo);
        Some(target.map(|target| (number, target.id)).ok_or(MoveFailure::NoSuchQueue))
    }

    /// Sends a message anew to a queue that is there; says how long its body is. No deduplication could swallow it.
    fn move_one(&mut self, source: QueueId, number: u64, target: QueueId, scope: &mut Scope<'_>) -> u32 {
        let taken = self.queues.get_mut(&source).and_then(|queue| queue.take_out(number));
        let (Some(Message { body, via, group, .. }), Some(target)) = (taken, self.queues.get_mut(&target))
        else {
            return 0;
        };
        let message = Message::new(scope.identities.next(), body, via, group, scope.now);
        target.enqueue(message, None, None, scope.now);
        body.bytes
    }
}

#[cfg(test)]
impl Machine {
    pub(super) fn assert_moves(&self) {
        let running = |(source, tasks): (&QueueId, &VecDeque<MoveTask>)| {
            assert!(self.queues.contains_key(source), "tasks go with their source");
            assert!((1..=MOVE_TASKS_KEPT).contains(&tasks.len()), "the last tasks are kept");
            let past = tasks.iter().rev().skip(1);
            assert!(past.into_iter().all(|task| !task.is_running()), "one task at a time");
            assert!(tasks.iter().all(|task| task.moved <= task.total), "a task moves what was there");
            tasks.back().filter(|task| task.is_running()).map(|task| (task.due(), *source))
        };
        let due = self.move_tasks.iter().filter_map(running).collect();
        assert_eq!(self.moves_due, due, "each running task is due once");
    }
}
