//! What a move task takes out of a queue: messages that could be received, from the first on.

use super::{Order, Queue};
use crate::message::Message;

impl Queue {
    /// The greatest number that a message has had.
    pub(crate) fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Whether there is a message of a number up to `last`, in whatever state.
    pub(crate) fn has_up_to(&self, last: u64) -> bool {
        self.messages.first().is_some_and(|(number, _)| number <= last)
    }

    /// The first message that could be received and has a number up to `last`.
    pub(crate) fn next_to_move(&self, last: u64) -> Option<(u64, &Message)> {
        let first = match &self.order {
            Order::Standard(standard) => standard.first(),
            Order::Fifo(fifo) => fifo.next_group(0).map(|(head, _)| head),
        };
        let number = first.filter(|number| *number <= last)?;
        Some((number, self.messages.get(number)?))
    }

    /// Takes a message out to be moved.
    pub(crate) fn take_out(&mut self, number: u64) -> Option<Message> {
        self.remove(number)
    }
}
