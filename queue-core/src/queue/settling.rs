//! What the consumer of a subscription's queue says of messages on their way to the outside. Only the last receive of a
//! message counts: an earlier one took longer than it was given.

use super::Queue;
use crate::message::Message;
use crate::{Receipt, Timestamp};
use std::time::Duration;

impl Queue {
    /// Ends a receive; the message can be received again after this time. A receive that is not to count is taken back.
    pub(crate) fn put_off(&mut self, receipt: Receipt, after: Duration, counts: bool, now: Timestamp) {
        if !self.is_last(receipt) {
            return;
        }
        if let Some(message) = self.messages.get_mut(receipt.number).filter(|_| !counts) {
            message.receives_before = message.receives_before.saturating_add(1);
        }
        self.hide(receipt.number, after, None, now);
    }

    /// Takes a message out that cannot be delivered.
    pub(crate) fn take_failed(&mut self, receipt: Receipt) -> Option<Message> {
        if self.is_last(receipt) { self.remove(receipt.number) } else { None }
    }

    fn is_last(&self, receipt: Receipt) -> bool {
        self.messages.get(receipt.number).is_some_and(|message| message.receives == receipt.receive)
    }
}
