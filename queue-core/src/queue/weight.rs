//! The weight of a queue: what was set, remembered; and the contents, by how many there are of each kind.

use super::messages::Messages;
use super::priority::Member;
use super::remains::Remains;
use super::{Order, Queue};
use crate::deduplication::Deduplication;
use crate::weight::{in_tree, name, text, texts};
use crate::{Name, QueueId, Timestamp};

const TIMER: u64 = in_tree(size_of::<(Timestamp, u64)>());

impl Queue {
    pub(super) fn weigh_settings(&mut self) {
        self.settings = self.weight_of_settings();
    }

    /// With its places by name and by when it is due.
    fn weight_of_settings(&self) -> u64 {
        const FIXED: u64 = in_tree(size_of::<(QueueId, Queue)>())
            + in_tree(size_of::<(Name, QueueId)>())
            + in_tree(size_of::<(Timestamp, QueueId)>());
        let target = self.attributes.redrive.as_ref().map_or(0, |redrive| name(&redrive.target));
        FIXED
            + name(&self.name)
            + target
            + self.weight_of_members()
            + texts(&self.attributes.texts)
            + texts(&self.tags)
    }

    /// Each member with its name, what it is owed, and its knowledge of the priority queue.
    fn weight_of_members(&self) -> u64 {
        const MEMBER: u64 = (size_of::<Member>() + size_of::<i64>()) as u64 + in_tree(size_of::<QueueId>());
        let members = self.attributes.priority.iter().flat_map(|priority| &priority.members);
        members.map(|member| MEMBER + text(member.name.len())).sum()
    }

    pub(crate) fn weigh(&self) -> u64 {
        let indexes = self.timers.len() + self.moved_in.len();
        self.settings + weigh(&self.messages, Some(&self.order), indexes, &self.deduplication)
    }

    #[cfg(test)]
    pub(crate) fn weigh_from_scratch(&self) -> u64 {
        self.weigh() - self.settings + self.weight_of_settings()
    }
}

impl Remains {
    pub(crate) fn weigh(&self) -> u64 {
        let indexes = self.timers.len() + self.moved_in.len();
        weigh(&self.messages, self.order.as_ref(), indexes, &self.deduplication)
    }
}

fn weigh(messages: &Messages, order: Option<&Order>, indexes: usize, deduplication: &Deduplication) -> u64 {
    let order = order.map_or(0, |order| match order {
        Order::Standard(standard) => standard.weigh(),
        Order::Fifo(fifo) => fifo.weigh(messages.len()),
    });
    messages.weigh() + order + indexes as u64 * TIMER + deduplication.weigh()
}
