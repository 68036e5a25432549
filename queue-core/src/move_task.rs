//! A move task: what it was asked to do, how far it has come, and how fast it may go on.
//!
//! It concerns the messages that were in its source when it started, so it comes to an end even if they come back. In
//! each second it may move so many, and what it could not move in a second it does not make up for later, nor what it
//! would have moved while the hub was not running.

use crate::{Name, StartMove, Timestamp, encoded};
use std::time::Duration;

encoded! {
    /// Where a move task stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum MoveStatus {
        /// Some of its messages are still in its source.
        0 => Running,
        /// None of its messages is in its source any more.
        1 => Completed,
        /// Somebody ended it.
        2 => Cancelled,
        /// It came by a message that it could not move. That one and those behind it are where they were.
        3 => Failed(MoveFailure),
    }

    /// Why a message could not be moved.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum MoveFailure {
        /// The queue where it was to go does not exist (any more), or is of another kind.
        0 => NoSuchQueue,
        /// No queue gave it up, and the task names no destination.
        1 => NoSource,
    }

    /// A move task, running or past.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct MoveTask {
        /// Its identity, to be shown as a UUID.
        pub id: u128,
        /// When it was started.
        pub started: Timestamp,
        /// Where messages go; each to the queue that gave it up if it is not said.
        pub destination: Option<Name>,
        /// How many messages a second may take; any number if it is not said.
        pub per_second: Option<u32>,
        /// How many messages were in its source when it started, in whatever state.
        pub total: u64,
        /// How many it has moved.
        pub moved: u64,
        /// Where it stands.
        pub status: MoveStatus,
        /// The greatest number that a message of its source had when it started.
        pub(crate) last_number: u64,
        /// The start of the hub that it went on in last.
        run: u64,
        /// When the next second begins.
        next_second: Timestamp,
        /// How many messages it may still move before that; none if it found no more to move.
        allowance: u64,
    }
}

impl MoveTask {
    pub(crate) fn new(
        id: u128,
        start: &StartMove,
        total: u64,
        last_number: u64,
        now: Timestamp,
        run: u64,
    ) -> Self {
        let mut task = Self {
            id,
            started: now,
            destination: start.destination.clone(),
            per_second: start.per_second,
            total,
            moved: 0,
            status: MoveStatus::Running,
            last_number,
            run,
            next_second: now,
            allowance: 0,
        };
        task.pass(now, run);
        task
    }

    pub(crate) fn is_running(&self) -> bool {
        match self.status {
            MoveStatus::Running => true,
            MoveStatus::Completed | MoveStatus::Cancelled | MoveStatus::Failed(_) => false,
        }
    }

    /// When its source is to be looked at; the beginning of time if it may go on at once.
    pub(crate) fn due(&self) -> Timestamp {
        if self.allowance > 0 { Timestamp::default() } else { self.next_second }
    }

    /// Lets time pass: each second that has begun brings what may be moved in it.
    pub(crate) fn pass(&mut self, now: Timestamp, run: u64) {
        if std::mem::replace(&mut self.run, run) != run {
            self.next_second = self.next_second.max(now);
        }
        if now < self.next_second {
            return;
        }
        let seconds = now.since(self.next_second).as_secs() + 1;
        let in_each = self.per_second.map_or(u64::MAX, u64::from);
        self.allowance = self.allowance.saturating_add(in_each.saturating_mul(seconds));
        self.next_second = self.next_second.after(Duration::from_secs(seconds));
    }

    /// How many messages it may move now.
    pub(crate) fn allowance(&self) -> u64 {
        self.allowance
    }

    /// It moved a message.
    pub(crate) fn moved_one(&mut self) {
        self.moved += 1;
        self.allowance = self.allowance.saturating_sub(1);
    }

    /// It found nothing more to move, and looks again in the next second.
    pub(crate) fn rest(&mut self) {
        self.allowance = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::QueueId;

    #[test]
    fn the_seconds_in_which_the_hub_did_not_run_bring_nothing() {
        let start = StartMove { source: QueueId(1), destination: None, per_second: Some(3) };
        let at = |second: u64| Timestamp(second * 1000);
        let mut task = MoveTask::new(1, &start, 100, 100, at(0), 1);
        assert_eq!(task.allowance(), 3);
        task.pass(at(10), 1);
        assert_eq!(task.allowance(), 33, "a clock that was turned brings what would have been moved");
        task.pass(at(3_600), 2);
        assert_eq!(task.allowance(), 36, "a start does not");
        task.pass(at(3_601), 2);
        assert_eq!(task.allowance(), 39);
    }
}
