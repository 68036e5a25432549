//! What has arrived and is not with the log yet, and who is to be told what becomes of it.

use super::desk::Caller;
use super::scrape::Scrape;
use super::waiters::Waiter;
use super::{Read, Responder};
use crate::live::Tap;
use crate::storage::clock::ClockState;
use queue_core::{Proposal, QueueId};
use std::collections::VecDeque;

/// Commands that one batch holds at most.
const COMMANDS_PER_BATCH: usize = 1_024;
/// Bytes after which a batch is full.
const BYTES_PER_BATCH: usize = 4 << 20;

/// Who is to be told what became of a command.
pub(super) enum Answer {
    Reply(Caller),
    /// Of a publish, which others are shown as well.
    Published(Caller, Tap),
    Receive(Waiter),
    /// A receiver that is to ask again, after those who came before.
    Again(Waiter),
    Read {
        queue: QueueId,
        read: Read,
    },
    Settled(Responder<ClockState>),
    Scrape(Scrape),
    /// Nobody waits, but it is not refused for lack of room.
    Vital,
    Nobody,
}

/// Proposals in the order of their arrival.
#[derive(Default)]
pub(super) struct Collected {
    waiting: VecDeque<(Proposal, Answer)>,
}

impl Collected {
    pub(super) fn add(&mut self, proposal: Proposal, answer: Answer) {
        self.waiting.push_back((proposal, answer));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes out as much as a batch holds.
    pub(super) fn take_batch(&mut self) -> (Vec<Proposal>, Vec<Answer>) {
        let mut batch = (Vec::new(), Vec::new());
        let mut bytes = 0;
        while batch.0.len() < COMMANDS_PER_BATCH
            && bytes < BYTES_PER_BATCH
            && let Some((proposal, answer)) = self.waiting.pop_front()
        {
            bytes += proposal.bytes();
            batch.0.push(proposal);
            batch.1.push(answer);
        }
        batch
    }

    /// Takes out everything that is not vital, to be refused.
    pub(super) fn take_refused(&mut self) -> Vec<Answer> {
        let all = std::mem::take(self).waiting;
        let mut refused = Vec::new();
        for (proposal, answer) in all {
            match answer {
                Answer::Vital => self.add(proposal, answer),
                Answer::Reply(_)
                | Answer::Published(..)
                | Answer::Receive(_)
                | Answer::Again(_)
                | Answer::Read { .. }
                | Answer::Settled(_)
                | Answer::Scrape(_)
                | Answer::Nobody => refused.push(answer),
            }
        }
        refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::Command;

    #[test]
    fn a_batch_holds_so_many_commands_and_the_rest_waits_for_the_next() {
        let mut collected = Collected::default();
        for _ in 0..COMMANDS_PER_BATCH + 1 {
            collected.add(Proposal::new(&Command::Tick, Vec::new(), crate::storage::seal), Answer::Nobody);
        }
        let sizes = [(); 3].map(|()| collected.take_batch().1.len());
        assert_eq!(sizes, [COMMANDS_PER_BATCH, 1, 0]);
        assert!(collected.is_empty());
    }
}
