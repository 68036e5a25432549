//! The order of a standard queue: as sent. A message that becomes visible again has kept its place.
//!
//! Fair queues will choose among the visible messages here.

use super::messages::Messages;
use super::numbers::Numbers;
use crate::encoded;

encoded! {
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub(super) struct Standard {
        visible: Numbers,
    }
}

impl Standard {
    pub(super) fn deliverable(&self) -> usize {
        self.visible.len()
    }

    /// The first visible message with a number of at least `from`.
    pub(super) fn next(&self, from: u64) -> Option<u64> {
        self.visible.next(from)
    }

    pub(super) fn weigh(&self) -> u64 {
        self.visible.weigh()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.visible.is_empty()
    }

    pub(super) fn dismantle(&mut self) {
        self.visible.pop_first();
    }

    pub(super) fn state_changed(&mut self, number: u64, messages: &Messages) {
        if messages.get(number).is_some_and(|message| message.state.is_visible()) {
            self.visible.insert(number);
        } else {
            self.visible.remove(number);
        }
    }
}
