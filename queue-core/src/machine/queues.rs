//! The commands that concern one queue.

use super::{Change, Machine, Scope, weight};
use crate::limits::DELETED_NAME_HELD;
use crate::message::Message;
use crate::queue::receive::Taken;
use crate::tally::counted;
use crate::{
    Accepted, ChangeVisibility, CreateQueue, Delete, Error, Outgoing, PurgeQueue, Queue, QueueId, Receipt,
    Receive, Reply, Send, SetQueueAttributes, SetQueueTags, Tally,
};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Machine {
    pub(super) fn create_queue(
        &mut self,
        create: &CreateQueue,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        if self.queue_names.contains_key(&create.name) {
            return Err(Error::QueueExists);
        }
        let deleted = self.deleted_names.get(&create.name);
        if create.hold_deleted_name && deleted.is_some_and(|at| at.after(DELETED_NAME_HELD) > scope.now) {
            return Err(Error::QueueDeletedRecently);
        }
        self.check_members(&create.attributes)?;
        self.deleted_names.remove(&create.name);
        let id = QueueId(self.new_id());
        let (attributes, tags) = (create.attributes.clone(), create.tags.clone());
        self.queues.insert(id, Queue::new(id, create.name.clone(), attributes, tags, scope.now));
        self.queue_names.insert(create.name.clone(), id);
        self.link_members(id, create.attributes.priority.as_deref(), true);
        self.weigh_queue(id);
        scope.applied.changed.insert(Change::Queue(id));
        Ok(Reply::QueueCreated(id))
    }

    pub(super) fn set_queue_attributes(
        &mut self,
        set: &SetQueueAttributes,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let before = self.queue_seen(set.queue, set.seen)?.attributes.priority.clone();
        if before.is_some() != set.attributes.priority.is_some() {
            return Err(Error::UnfitMembers);
        }
        self.check_members(&set.attributes)?;
        self.queue_seen(set.queue, set.seen)?.set_attributes(set.attributes.clone(), scope.now);
        if before != set.attributes.priority {
            self.link_members(set.queue, before.as_deref(), false);
            self.link_members(set.queue, set.attributes.priority.as_deref(), true);
        }
        scope.applied.changed.insert(Change::Queue(set.queue));
        self.touch(set.queue, Tally::default(), scope);
        Ok(Reply::Done)
    }

    pub(super) fn set_queue_tags(
        &mut self,
        set: &SetQueueTags,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let queue = self.queue_seen(set.queue, set.seen)?;
        queue.set_tags(set.tags.clone());
        self.weigh_queue(set.queue);
        scope.applied.changed.insert(Change::Queue(set.queue));
        Ok(Reply::Done)
    }

    fn queue_seen(&mut self, id: QueueId, seen: u64) -> Result<&mut Queue, Error> {
        let queue = self.queues.get_mut(&id).ok_or(Error::NoSuchQueue)?;
        if queue.version == seen { Ok(queue) } else { Err(Error::Stale) }
    }

    pub(super) fn delete_queue(&mut self, id: QueueId, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        if self.queues.get(&id).is_some_and(Queue::is_internal) {
            return Err(Error::NoSuchQueue);
        }
        if self.queues.get(&id).is_some_and(|queue| !queue.member_of.is_empty()) {
            return Err(Error::IsMember);
        }
        let mut queue = self.queues.remove(&id).ok_or(Error::NoSuchQueue)?;
        self.link_members(id, queue.attributes.priority.as_deref(), false);
        if let Some(at) = queue.registered {
            self.due.remove(&(at, id));
        }
        self.lighten(queue.weighed);
        self.forget_moves(id);
        self.cut_off(queue.empty());
        self.queue_names.remove(&queue.name);
        self.reweigh(0, weight::of_deleted_name(&queue.name));
        self.deleted_names.insert(queue.name.clone(), scope.now);
        self.deleted_order.push_back((scope.now, queue.name));
        scope.applied.changed.insert(Change::Queue(id));
        scope.applied.touched.entry(id).or_default();
        Ok(Reply::Done)
    }

    pub(super) fn purge_queue(&mut self, purge: &PurgeQueue, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        if let Some(priority) = self.priority_of(purge.queue) {
            return self.purge_members(purge, &priority, scope);
        }
        let queue = self.queues.get_mut(&purge.queue).ok_or(Error::NoSuchQueue)?;
        if queue.purged.is_some_and(|at| at.after(purge.not_within) > scope.now) {
            return Err(Error::PurgedRecently);
        }
        queue.purged = Some(scope.now);
        let remains = queue.empty();
        self.cut_off(remains);
        self.touch(purge.queue, Tally::default(), scope);
        Ok(Reply::Done)
    }

    pub(super) fn send(&mut self, send: &Send, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let queue = self.queues.get_mut(&send.queue);
        // What is sent to a priority queue is sent to one of its members.
        let queue = queue.filter(|queue| queue.attributes.priority.is_none()).ok_or(Error::NoSuchQueue)?;
        let complete = |message: &Outgoing| message.group.is_some() && message.deduplication.is_some();
        if queue.attributes.fifo && !send.messages.iter().all(complete) {
            return Err(Error::NoGroup);
        }
        let mut accepted = Vec::with_capacity(send.messages.len());
        let mut tally = Tally::default();
        for message in &send.messages {
            if let Some(original) = queue.duplicate_of(message.deduplication, scope.now) {
                accepted.push(original);
            } else {
                scope.applied.kept += 1;
                self.body_bytes += u64::from(message.body.bytes);
                tally += Tally::sent(message.body.bytes);
                accepted.push(send_one(queue, message, scope));
            }
        }
        self.touch(send.queue, tally, scope);
        Ok(Reply::Sent(accepted))
    }

    pub(super) fn receive(&mut self, receive: &Receive, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        if let Some(priority) = self.priority_of(receive.queue) {
            return self.receive_by_priority(receive, &priority, scope);
        }
        let redrive = self.redrive_of(receive.queue);
        let queue = self.queues.get_mut(&receive.queue).ok_or(Error::NoSuchQueue)?;
        let taken = queue.receive(receive, redrive.as_ref().map(|(_, maximum)| *maximum), scope.now)?;
        let messages = self.finish_take(receive.queue, taken, redrive.map(|(target, _)| target), scope);
        let describe = |(receipt, message)| self.describe(receipt, &message, scope);
        Ok(Reply::Received(messages.into_iter().map(describe).collect()))
    }

    /// Counts what was taken from a queue, and moves what was found exhausted on the way to its dead-letter queue.
    pub(super) fn finish_take(
        &mut self,
        id: QueueId,
        taken: Taken,
        target: Option<QueueId>,
        scope: &mut Scope<'_>,
    ) -> Vec<(Receipt, Message)> {
        let Taken { messages, exhausted } = taken;
        let tally = Tally {
            received: counted(messages.len()),
            received_bytes: messages.iter().map(|(_, message)| u64::from(message.body.bytes)).sum(),
            buried: counted(exhausted.len()),
            ..Tally::default()
        };
        self.bury(id, exhausted, target, scope);
        self.touch(id, tally, scope);
        messages
    }

    pub(super) fn delete(&mut self, delete: &Delete, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let mut results = Vec::with_capacity(delete.receipts.len());
        let mut tallies = BTreeMap::<QueueId, Tally>::new();
        for receipt in &delete.receipts {
            let id = self.holder_of(delete.queue, receipt)?;
            let tally = tallies.entry(id).or_default();
            let result = self.queues.get_mut(&id).map_or(Ok(None), |queue| queue.delete(*receipt));
            if let Ok(Some(message)) = &result {
                self.discard(message, scope);
                tally.deleted += 1;
            }
            results.push(result.map(drop));
        }
        self.touch_all(tallies, scope);
        Ok(Reply::Each(results))
    }

    pub(super) fn change_visibility(
        &mut self,
        change: &ChangeVisibility,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let receives = change.changes.iter().map(|(receipt, timeout)| (*receipt, *timeout));
        self.change_receives(change.queue, receives, scope, Queue::change_visibility)
    }

    /// The dead-letter queue of a queue, if it exists and is of the same kind, and after how many receives a
    /// message goes there. Without one, messages stay where they are.
    pub(super) fn redrive_of(&self, id: QueueId) -> Option<(QueueId, u32)> {
        let attributes = &self.queues.get(&id)?.attributes;
        let policy = attributes.redrive.as_ref()?;
        let target = self.home_of(&policy.target, None)?;
        (target.attributes.fifo == attributes.fifo).then_some((target.id, policy.maximum_receives))
    }

    /// Moves messages that left `source` into its dead-letter queue.
    pub(super) fn bury(
        &mut self,
        source: QueueId,
        messages: Vec<Message>,
        target: Option<QueueId>,
        scope: &mut Scope<'_>,
    ) {
        let Some(target) = target.filter(|_| !messages.is_empty()) else {
            return;
        };
        let Some(source) = self.queues.get(&source).map(|queue| Arc::new(queue.name.clone())) else {
            return;
        };
        let Some(queue) = self.queues.get_mut(&target) else {
            return;
        };
        for message in messages {
            queue.move_in(message, Arc::clone(&source), scope.now);
        }
        self.touch(target, Tally::default(), scope);
    }
}

fn send_one(queue: &mut Queue, outgoing: &Outgoing, scope: &mut Scope<'_>) -> Accepted {
    let message =
        Message::new(scope.identities.next(), outgoing.body, None, outgoing.group.clone(), scope.now);
    queue.enqueue(message, outgoing.delay, outgoing.deduplication, scope.now)
}
