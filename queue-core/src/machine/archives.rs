//! Archives of topics: publications are kept beyond their delivery, and delivered again. An archive holds a publication
//! as a queue does, so its body is carried and released like any other.

use super::{Change, Machine, Scope};
use crate::limits::DUE_PER_ENTRY;
use crate::topic::archive::Archive;
use crate::{
    BodyRef, Error, Outbound, Position, Progress, Redeliver, Reply, SubscriptionId, Target, Timestamp,
    TopicId,
};

/// A message of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchivedMessage {
    /// Its number in the archive, from 1.
    pub number: u64,
    /// When it was published.
    pub at: Timestamp,
    /// What the publication is known by, however often its body is moved.
    pub publication: Position,
    /// Where its body is now.
    pub body: BodyRef,
}

impl Machine {
    /// The messages of a topic's archive that come after a number and were published within these times.
    pub fn archived(
        &self,
        topic: TopicId,
        after: u64,
        from: Timestamp,
        to: Option<Timestamp>,
    ) -> impl Iterator<Item = ArchivedMessage> {
        let topic = self.topics.get(&topic).into_iter();
        topic.flat_map(move |topic| topic.archive.within(after, from, to)).filter_map(|(number, archived)| {
            let publication = self.publications.get(&archived.publication)?;
            let (at, body) = (archived.at, publication.body);
            Some(ArchivedMessage { number, at, publication: archived.publication, body })
        })
    }

    pub(super) fn redeliver(&mut self, redeliver: &Redeliver, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        if !self.topics.contains_key(&redeliver.topic) {
            return Err(Error::NoSuchTopic);
        }
        match &redeliver.target {
            Target::Policy(progress) => {
                let subscription = self.subscriptions.get(&progress.subscription);
                let subscription = subscription.ok_or(Error::NoSuchSubscription)?;
                let replay = subscription.replay.filter(|replay| !replay.completed).ok_or(Error::NoReplay)?;
                // Another policy, filter or answer of the endpoint makes other messages of it.
                let is_stale = replay.reached != progress.seen || subscription.version != progress.version;
                if is_stale || subscription.topic != redeliver.topic {
                    return Err(Error::Stale);
                }
            }
            Target::Subscription(id) if !self.subscriptions.contains_key(id) => {
                return Err(Error::NoSuchSubscription);
            }
            Target::Queue(name) if !self.queue_names.contains_key(name) => return Err(Error::NoSuchQueue),
            Target::Subscription(_) | Target::Queue(_) => {}
        }
        let mut delivered = 0;
        for message in &redeliver.messages {
            delivered += u64::from(self.redeliver_one(redeliver, message, scope));
        }
        if let Target::Policy(progress) = &redeliver.target {
            self.advance_replay(*progress, scope);
        }
        Ok(Reply::Redelivered(delivered))
    }

    /// A message that has left the archive since is not delivered any more. Says whether a queue holds it now.
    fn redeliver_one(&mut self, redeliver: &Redeliver, message: &Outbound, scope: &mut Scope<'_>) -> bool {
        let identity = message.body.position;
        let topic = self.topics.get(&redeliver.topic);
        let Some(published) = topic.and_then(|topic| topic.archive.published(identity)) else {
            return false;
        };
        let delivered = match &redeliver.target {
            Target::Policy(Progress { subscription, .. }) | Target::Subscription(subscription) => {
                self.deliver_via(*subscription, message, Some(published), scope)
            }
            Target::Queue(name) => self.deliver_again(name, message, published, scope),
        };
        if let Some(publication) = self.publications.get_mut(&identity).filter(|_| delivered) {
            publication.references += 1;
        }
        delivered
    }

    /// The replay is over when there is nothing left in the archive; what is published next is delivered as usual then.
    fn advance_replay(&mut self, progress: Progress, scope: &mut Scope<'_>) {
        let id: SubscriptionId = progress.subscription;
        let Some(subscription) = self.subscriptions.get(&id) else {
            return;
        };
        let Some(policy) = subscription.attributes.replay else {
            return;
        };
        let more =
            self.archived(subscription.topic, progress.reached, policy.from, policy.to).next().is_some();
        // Messages up to an end that has not come yet may still be published.
        let completed = !more && policy.to.is_none_or(|to| to < scope.now);
        let Some(replay) = self.subscriptions.get_mut(&id).and_then(|found| found.replay.as_mut()) else {
            return;
        };
        replay.reached = progress.reached.max(progress.seen);
        replay.completed = completed;
        if completed {
            self.renew_subscription(id, scope);
        } else {
            // Whom publishers reach is as before: they need not look again with every page.
            scope.applied.changed.insert(Change::Subscription(id));
        }
    }

    /// An archive forgets its oldest message, if that was kept for long enough.
    pub(super) fn forget_archived(&mut self, id: TopicId, scope: &mut Scope<'_>) {
        let Some(topic) = self.topics.get_mut(&id) else {
            return;
        };
        let kept = topic.attributes.archive.unwrap_or_default();
        let is_old = topic.archive.oldest().is_some_and(|at| at.after(kept) <= scope.now);
        if let Some(archived) = topic.archive.pop_if(is_old) {
            self.unreference(archived.publication, scope);
        }
    }

    /// Registers when the topic is to be looked at again.
    pub(super) fn time_topic(&mut self, id: TopicId) {
        let Some(topic) = self.topics.get_mut(&id) else {
            return;
        };
        let next = topic.next_due();
        if next == topic.registered {
            return;
        }
        if let Some(before) = std::mem::replace(&mut topic.registered, next) {
            self.topics_due.remove(&(before, id));
        }
        if let Some(next) = next {
            self.topics_due.insert((next, id));
        }
    }

    /// What a deleted topic had archived is reclaimed bit by bit.
    pub(super) fn cut_off_archive(&mut self, archive: Archive) {
        if !archive.is_empty() {
            self.reweigh(0, archive.weigh());
            self.archives_cut_off.push_back(archive);
        }
    }

    pub(super) fn reclaim_archives(&mut self, scope: &mut Scope<'_>) {
        for _ in 0..DUE_PER_ENTRY {
            let Some(archive) = self.archives_cut_off.front_mut() else {
                return;
            };
            let before = archive.weigh();
            let oldest = archive.pop_if(true);
            let after = archive.weigh();
            self.reweigh(before, after);
            self.archives_cut_off.pop_front_if(|archive| archive.is_empty());
            if let Some(archived) = oldest {
                self.unreference(archived.publication, scope);
            }
        }
    }
}
