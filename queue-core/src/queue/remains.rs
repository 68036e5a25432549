//! What a purge or a deletion cut off: no longer part of any queue, and taken apart bit by bit.

use super::Order;
use super::messages::Messages;
use crate::deduplication::Deduplication;
use crate::message::Message;
use crate::{Timestamp, encoded};
use std::collections::BTreeSet;

encoded! {
    /// The contents that a queue had.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub(crate) struct Remains {
        pub(super) messages: Messages,
        pub(super) order: Option<Order>,
        pub(super) timers: BTreeSet<(Timestamp, u64)>,
        pub(super) moved_in: BTreeSet<(Timestamp, u64)>,
        pub(super) deduplication: Deduplication,
    }
}

impl Remains {
    /// What is left of a topic.
    pub(crate) fn of(deduplication: Deduplication) -> Self {
        Self { deduplication, ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
            && self.order.as_ref().is_none_or(Order::is_empty)
            && self.timers.is_empty()
            && self.moved_in.is_empty()
            && self.deduplication.is_empty()
    }

    /// Takes away one piece of each kind. The message among them, if there is one left, may hold a body.
    pub(crate) fn dismantle(&mut self) -> Option<Message> {
        if let Some(order) = &mut self.order {
            order.dismantle();
        }
        self.timers.pop_first();
        self.moved_in.pop_first();
        self.deduplication.dismantle();
        self.messages.pop_first().map(|(_, message)| message)
    }
}

#[cfg(test)]
impl Remains {
    /// The messages not yet reclaimed.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().map(|(_, message)| message)
    }
}
