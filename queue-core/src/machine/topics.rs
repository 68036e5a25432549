//! The commands that concern topics, and the fan-out.

use super::{Change, Machine, Scope};
use crate::limits::{ORPHANED_SUBSCRIPTION_KEPT, RAW_ATTRIBUTES};
use crate::message::{Message, Publication, Via};
use crate::planted::{self, Bug};
use crate::queue::remains::Remains;
use crate::topic::archive::Archive;
use crate::topic::subscription::{Endpoint, Subscription};
use crate::{
    Accepted, CreateTopic, DeduplicationKeys, Error, Name, Outbound, Publish, QueueId, Reply,
    SetTopicAttributes, SetTopicTags, SubscriptionId, Tally, Timestamp, Topic, TopicAttributes, TopicId,
};
use std::collections::BTreeSet;

impl Machine {
    pub(super) fn create_topic(
        &mut self,
        create: &CreateTopic,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        if self.topic_names.contains_key(&create.name) {
            return Err(Error::TopicExists);
        }
        let id = TopicId(self.new_id());
        let topic = Topic {
            id,
            name: create.name.clone(),
            attributes: create.attributes.clone(),
            tags: create.tags.clone(),
            version: 1,
            subscriptions: BTreeSet::new(),
            subscriptions_version: 1,
            subscriptions_deleted: 0,
            last_sequence: 0,
            deduplication: Default::default(),
            archive: Archive::new(create.attributes.archive.map(|_| scope.now)),
            registered: None,
            settings: 0,
            weighed: 0,
        };
        self.topics.insert(id, topic);
        self.topic_names.insert(create.name.clone(), id);
        self.weigh_topic_anew(id);
        scope.applied.changed.insert(Change::Topic(id));
        Ok(Reply::TopicCreated(id))
    }

    pub(super) fn set_topic_attributes(
        &mut self,
        set: &SetTopicAttributes,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let topic = self.topic_seen(set.topic, set.seen)?;
        topic.attributes = TopicAttributes { fifo: topic.attributes.fifo, ..set.attributes.clone() };
        topic.version += 1;
        topic.archive.since = topic.attributes.archive.map(|_| topic.archive.since.unwrap_or(scope.now));
        self.weigh_topic_anew(set.topic);
        self.time_topic(set.topic);
        scope.applied.changed.insert(Change::Topic(set.topic));
        Ok(Reply::Done)
    }

    pub(super) fn set_topic_tags(
        &mut self,
        set: &SetTopicTags,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let topic = self.topic_seen(set.topic, set.seen)?;
        topic.tags = set.tags.clone();
        topic.version += 1;
        self.weigh_topic_anew(set.topic);
        scope.applied.changed.insert(Change::Topic(set.topic));
        Ok(Reply::Done)
    }

    fn topic_seen(&mut self, id: TopicId, seen: u64) -> Result<&mut Topic, Error> {
        let topic = self.topics.get_mut(&id).ok_or(Error::NoSuchTopic)?;
        if topic.version == seen { Ok(topic) } else { Err(Error::Stale) }
    }

    pub(super) fn delete_topic(&mut self, id: TopicId, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let topic = self.topics.remove(&id).ok_or(Error::NoSuchTopic)?;
        self.topic_names.remove(&topic.name);
        self.lighten(topic.weighed);
        if let Some(at) = topic.registered {
            self.topics_due.remove(&(at, id));
        }
        if !topic.subscriptions.is_empty() {
            self.orphans.push_back((scope.now.after(ORPHANED_SUBSCRIPTION_KEPT), topic.subscriptions));
        }
        self.cut_off(Remains::of(topic.deduplication));
        self.cut_off_archive(topic.archive);
        scope.applied.changed.insert(Change::Topic(id));
        Ok(Reply::Done)
    }

    pub(super) fn publish(&mut self, publish: &Publish, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let topic = self.topics.get(&publish.topic).ok_or(Error::NoSuchTopic)?;
        if topic.subscriptions_version != publish.seen {
            return Err(Error::Stale);
        }
        let complete = |message: &Outbound| message.group.is_some() && message.deduplication.is_some();
        if topic.attributes.fifo && !publish.messages.iter().all(complete) {
            return Err(Error::NoGroup);
        }
        let accepted = publish.messages.iter().map(|message| self.publish_one(publish.topic, message, scope));
        accepted.collect::<Result<_, _>>().map(Reply::Published)
    }

    fn publish_one(
        &mut self,
        id: TopicId,
        message: &Outbound,
        scope: &mut Scope<'_>,
    ) -> Result<Accepted, Error> {
        let topic = self.topics.get_mut(&id).ok_or(Error::NoSuchTopic)?;
        let mut accepted = Accepted { id: scope.identities.next(), sequence: None };
        if let Some(keys) = message.deduplication.filter(|_| topic.attributes.fifo) {
            let key = keys.within(topic.attributes.deduplication_scope);
            if let Some(original) = topic.deduplication.find(key, scope.now) {
                return Ok(original);
            }
            topic.last_sequence += 1;
            accepted.sequence = Some(topic.last_sequence);
            topic.deduplication.remember(key, accepted.id, topic.last_sequence, scope.now);
        }
        let is_archived = topic.attributes.archive.is_some();
        if is_archived {
            topic.archive.add(scope.now, message.body.position);
        }
        if accepted.sequence.is_some() || is_archived {
            self.time_topic(id);
            self.weigh_topic(id);
        }
        let matches = match message.matches.split_last() {
            Some((_, but_the_last)) if planted::is(Bug::PartialFanOut) => but_the_last,
            _ => &message.matches,
        };
        let mut references = u32::from(is_archived);
        for subscription in matches {
            references += u32::from(self.deliver(*subscription, message, scope));
        }
        let Accepted { id, sequence } = accepted;
        self.keep_publication(Publication { id, body: message.body, sequence, references }, scope);
        Ok(accepted)
    }

    /// Hands the message to the subscription's queue; failing that to its dead-letter queue; failing that counts
    /// it as dropped. Says whether a queue holds it now.
    fn deliver(&mut self, id: SubscriptionId, message: &Outbound, scope: &mut Scope<'_>) -> bool {
        let is_live = self.subscriptions.get(&id).is_some_and(Subscription::is_live);
        is_live && self.deliver_via(id, message, None, scope)
    }

    /// The same whether the subscription is to have new messages or not. What is delivered again was published at
    /// `published`, and is no duplicate of anything.
    pub(super) fn deliver_via(
        &mut self,
        id: SubscriptionId,
        message: &Outbound,
        published: Option<Timestamp>,
        scope: &mut Scope<'_>,
    ) -> bool {
        let Some(subscription) = self.subscriptions.get(&id) else {
            return false;
        };
        let via = Via { subscription: id, raw: subscription.attributes.raw, replayed: published.is_some() };
        let dead_letters = subscription.attributes.dead_letters.as_ref();
        let queue = match &subscription.endpoint {
            Endpoint::Queue(name) => self.deliverable_queue(name, via, message),
            Endpoint::Outside(_) => subscription.queue,
        };
        let sending = Sending { via, published, keys: message.deduplication.filter(|_| published.is_none()) };
        if let Some(queue) = queue {
            return self.deliver_to(queue, sending, message, scope);
        }
        if let Some(queue) = dead_letters.and_then(|name| self.queue_for(name, None, message)) {
            // Each failed delivery is a dead letter of its own, also where several subscriptions share a queue.
            return self.deliver_to(queue, Sending { keys: None, ..sending }, message, scope);
        }
        if let Some(subscription) = self.subscriptions.get_mut(&id) {
            subscription.dropped += 1;
            scope.applied.undelivered.push(id);
        }
        false
    }

    /// Hands what was published to a queue that no subscription of it leads to; says whether that holds it now.
    pub(super) fn deliver_again(
        &mut self,
        name: &Name,
        message: &Outbound,
        published: Timestamp,
        scope: &mut Scope<'_>,
    ) -> bool {
        let via = Via { subscription: SubscriptionId(0), raw: true, replayed: true };
        let sending = Sending { via, published: Some(published), keys: None };
        let queue = self.deliverable_queue(name, via, message);
        queue.is_some_and(|queue| self.deliver_to(queue, sending, message, scope))
    }

    /// The queue of that name, if the message fits it.
    fn deliverable_queue(&self, name: &Name, via: Via, message: &Outbound) -> Option<QueueId> {
        let id = self.queue_for(name, message.priority.as_deref(), message)?;
        let maximum = self.queues.get(&id)?.attributes.maximum_message_bytes;
        let bytes = if via.raw { message.raw_bytes } else { message.envelope_bytes };
        let fits = bytes <= maximum && !(via.raw && message.attributes > RAW_ATTRIBUTES);
        fits.then_some(id)
    }

    /// The queue of that name, or the member of it that is asked for, if it is one that can hold such a message at all.
    fn queue_for(&self, name: &Name, asked: Option<&str>, message: &Outbound) -> Option<QueueId> {
        let queue = self.home_of(name, asked)?;
        let groupless = message.group.is_none() || message.deduplication.is_none();
        (!(queue.attributes.fifo && groupless)).then_some(queue.id)
    }

    fn deliver_to(
        &mut self,
        id: QueueId,
        sending: Sending,
        message: &Outbound,
        scope: &mut Scope<'_>,
    ) -> bool {
        let Some(queue) = self.queues.get_mut(&id) else {
            return false;
        };
        if queue.duplicate_of(sending.keys, scope.now).is_some() {
            return false;
        }
        // A group of a FIFO topic means nothing to a standard queue.
        let keeps_group = queue.attributes.fifo || message.deduplication.is_none();
        let group = message.group.clone().filter(|_| keeps_group);
        let via = Some(sending.via);
        let mut delivered = Message::new(scope.identities.next(), message.body, via, group, scope.now);
        delivered.sent = sending.published.unwrap_or(scope.now);
        queue.enqueue(delivered, None, sending.keys, scope.now);
        self.touch(id, Tally::sent(message.body.bytes), scope);
        true
    }
}

/// How a message is put into a queue.
#[derive(Clone, Copy)]
struct Sending {
    via: Via,
    /// When it was published, if that was not now.
    published: Option<Timestamp>,
    /// What makes it a duplicate.
    keys: Option<DeduplicationKeys>,
}
