//! What time does to a queue: delays and visibility timeouts end, messages expire, exhausted ones are swept away.

use super::{Order, Queue, exhausted};
use crate::Timestamp;
use crate::message::{Message, State};

/// What fell due, done or to be done by the machine.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// How many steps it took.
    pub(crate) steps: usize,
    /// How many visibility timeouts ended.
    pub(crate) timed_out: u32,
    /// Messages that have expired and are no longer in the queue.
    pub(crate) expired: Vec<Message>,
    /// Messages to be moved to the dead-letter queue; no longer in this one.
    pub(crate) exhausted: Vec<Message>,
}

impl Queue {
    /// When something will be due next; the beginning of time if something is left over.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        if self.revisit.is_some() {
            return Some(Timestamp::default());
        }
        let attempts = match &self.order {
            Order::Standard(_) => None,
            Order::Fifo(fifo) => fifo.next_due(),
        };
        let others = [self.timers.first().map(|(at, _)| *at), self.deduplication.next_due(), attempts];
        others.into_iter().flatten().chain(self.next_expiry().map(|(at, _)| at)).min()
    }

    /// When which message expires next. Messages sent here are in the order of their retention, so the first
    /// stands for all of them; those moved here have an index of their own. (A first message that was moved here
    /// is older than any sent behind it.)
    pub(super) fn next_expiry(&self) -> Option<(Timestamp, u64)> {
        let (began, number) = self.first_kept()?;
        Some((began.after(self.attributes.retention), number))
    }

    fn first_kept(&self) -> Option<(Timestamp, u64)> {
        let sent = self.messages.first().map(|(number, message)| (message.enqueued, number));
        sent.into_iter().chain(self.moved_in.first().copied()).min()
    }

    /// Since when the oldest message is kept: since it was sent, or in a FIFO queue perhaps since it was moved there.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        self.first_kept().map(|(began, _)| began)
    }

    /// Does what is due, in at most about `steps` steps. With `redrive`, exhausted messages are given up.
    pub(crate) fn run_due(&mut self, now: Timestamp, steps: usize, redrive: Option<u32>) -> Due {
        let mut due = Due::default();
        while due.steps < steps && self.run_one(now, redrive, &mut due) {
            due.steps += 1;
        }
        due
    }

    fn run_one(&mut self, now: Timestamp, redrive: Option<u32>, due: &mut Due) -> bool {
        if let Some((_, number)) = self.next_expiry().filter(|(at, _)| *at <= now) {
            due.expired.extend(self.remove(number));
            return true;
        }
        if let Some((at, number)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            due.timed_out += u32::from(self.is_in_flight(number));
            due.exhausted.extend(self.end_state(number, redrive, at));
            return true;
        }
        if let Some(from) = self.revisit {
            self.revisit = self.revisit_one(from, redrive, now);
            return true;
        }
        let forgot_attempt = match &mut self.order {
            Order::Standard(_) => false,
            Order::Fifo(fifo) => fifo.forget_one(now),
        };
        forgot_attempt || self.deduplication.forget_one(now)
    }

    fn is_in_flight(&self, number: u64) -> bool {
        self.messages.get(number).is_some_and(|message| matches!(message.state, State::InFlight(_)))
    }

    /// Ends the state that a message was in until `at`. A spent message is given up, unless its queue has become
    /// more patient or its dead-letter queue is gone.
    fn end_state(&mut self, number: u64, redrive: Option<u32>, at: Timestamp) -> Option<Message> {
        let message = self.messages.get(number)?;
        match message.state {
            State::Visible | State::Delayed(_) | State::InFlight(_) => self.show(number, redrive, at),
            State::Spent(_) if exhausted(message, redrive) => return self.remove(number),
            State::Spent(_) => self.set_state(number, State::Visible),
        }
        None
    }

    /// Applies changed attributes to the first message from number `from` on, and says where to go on: the delay
    /// of a FIFO queue holds for all that were neither received nor moved, and a redrive policy for those that
    /// nobody asks for any more.
    fn revisit_one(&mut self, from: u64, redrive: Option<u32>, now: Timestamp) -> Option<u64> {
        let (number, message) = self.messages.next(from)?;
        let untouched = message.first_received.is_none() && message.source.is_none();
        let until = message.sent.after(self.attributes.delay);
        if self.attributes.fifo && untouched {
            let state = if until > now { State::Delayed(until) } else { State::Visible };
            self.set_state(number, state);
        } else if message.state == State::Visible {
            self.show(number, redrive, now);
        }
        Some(number + 1)
    }
}
