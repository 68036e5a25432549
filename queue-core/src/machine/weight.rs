//! The weight of the whole state: kept with every change, so that asking for it costs nothing.

use super::Machine;
use crate::message::Publication;
use crate::move_task::MoveTask;
#[cfg(test)]
use crate::topic::archive::Archive;
use crate::topic::subscription::{Endpoint, Subscription};
use crate::weight::{in_tree, name, texts};
use crate::{Name, Position, QueueId, SubscriptionId, Timestamp, Topic, TopicId};
use std::collections::VecDeque;

/// A published message, without those that refer to it.
pub(super) const OF_PUBLICATION: u64 = in_tree(size_of::<(Position, Publication)>());

/// A name that a deleted queue had, listed twice.
pub(super) fn of_deleted_name(deleted: &Name) -> u64 {
    const LISTED: u64 = in_tree(size_of::<(Name, Timestamp)>()) + size_of::<(Timestamp, Name)>() as u64;
    LISTED + name(deleted)
}

/// The move tasks of one source, with its place by when it is to be looked at.
pub(super) fn of_move_tasks(tasks: &VecDeque<MoveTask>) -> u64 {
    const LISTED: u64 =
        in_tree(size_of::<(QueueId, VecDeque<MoveTask>)>()) + in_tree(size_of::<(Timestamp, QueueId)>());
    let destinations: u64 = tasks.iter().filter_map(|task| task.destination.as_ref()).map(name).sum();
    let listed = if tasks.is_empty() { 0 } else { LISTED };
    listed + (tasks.len() * size_of::<MoveTask>()) as u64 + destinations
}

impl Machine {
    /// About how many bytes of memory the state takes.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// Something that weighed `before` weighs `after` now.
    pub(super) fn reweigh(&mut self, before: u64, after: u64) {
        self.weight = self.weight.saturating_sub(before).saturating_add(after);
    }

    /// Something of that weight is gone.
    pub(super) fn lighten(&mut self, weight: u64) {
        self.reweigh(weight, 0);
    }

    pub(super) fn weigh_queue(&mut self, id: QueueId) {
        if let Some(queue) = self.queues.get_mut(&id) {
            let after = queue.weigh();
            let before = std::mem::replace(&mut queue.weighed, after);
            self.reweigh(before, after);
        }
    }

    pub(super) fn weigh_topic(&mut self, id: TopicId) {
        if let Some(topic) = self.topics.get_mut(&id) {
            let after = topic.weigh();
            let before = std::mem::replace(&mut topic.weighed, after);
            self.reweigh(before, after);
        }
    }

    /// After a change of what was set.
    pub(super) fn weigh_topic_anew(&mut self, id: TopicId) {
        if let Some(topic) = self.topics.get_mut(&id) {
            topic.settings = topic.weigh_settings();
        }
        self.weigh_topic(id);
    }
}

impl Topic {
    /// The weight of what was set. O(what was set), so it is remembered.
    pub(super) fn weigh_settings(&self) -> u64 {
        const FIXED: u64 = in_tree(size_of::<(TopicId, Topic)>()) + in_tree(size_of::<(Name, TopicId)>());
        FIXED + 2 * name(&self.name) + texts(&self.attributes.texts) + texts(&self.tags)
    }

    pub(super) fn weigh(&self) -> u64 {
        self.settings + self.deduplication.weigh() + self.archive.weigh()
    }
}

impl Subscription {
    /// With its places among those of the topic and by endpoint.
    pub(super) fn weigh(&self) -> u64 {
        const FIXED: u64 = in_tree(size_of::<(SubscriptionId, Subscription)>())
            + in_tree(size_of::<(TopicId, Endpoint, SubscriptionId)>())
            + in_tree(size_of::<SubscriptionId>())
            + in_tree(size_of::<(Timestamp, SubscriptionId)>());
        let endpoint = match &self.endpoint {
            Endpoint::Queue(queue) => name(queue),
            Endpoint::Outside(outside) => {
                crate::weight::text(outside.protocol.len()) + crate::weight::text(outside.address.len())
            }
        };
        let attributes = &self.attributes;
        let filter = attributes.filter.as_ref().map_or(0, |filter| crate::weight::text(filter.len()));
        let dead_letters = attributes.dead_letters.as_ref().map_or(0, name);
        FIXED
            + endpoint
            + filter
            + dead_letters
            + texts(&attributes.texts)
            + crate::weight::shared_text(self.owner.len())
    }
}

#[cfg(test)]
use crate::Record;

#[cfg(test)]
impl Machine {
    /// The weight as it is when everything is weighed anew.
    pub(super) fn weigh_everything(&self) -> u64 {
        let queues: u64 = self.queues.values().map(|queue| queue.weigh_from_scratch()).sum();
        let topics: u64 =
            self.topics.values().map(|topic| topic.weigh() - topic.settings + topic.weigh_settings()).sum();
        let subscriptions: u64 = self.subscriptions.values().map(Subscription::weigh).sum();
        let remains: u64 = self.reclaim.iter().map(|remains| remains.weigh()).sum();
        let deleted: u64 = self.deleted_order.iter().map(|(_, name)| of_deleted_name(name)).sum();
        let publications = self.publications.len() as u64 * OF_PUBLICATION;
        let moves: u64 = self.move_tasks.values().map(of_move_tasks).sum();
        let archives: u64 = self.archives_cut_off.iter().map(Archive::weigh).sum();
        let records: u64 = self.records.values().map(Record::weigh).sum();
        let others = archives + records;
        queues + topics + subscriptions + remains + deleted + publications + moves + others
    }
}
