//! What the workers see of topics and queues: one immutable view each, replaced by the engine before the answer to
//! the request that changed it leaves.

mod audience;
mod devices;
pub(crate) mod news;
mod records;

pub(crate) use audience::{Verdict, message};

use self::audience::Audience;
use self::devices::Devices;
use self::news::News;
use crate::metrics::subscriptions::{Candidate, OtherSubscriptions, SubscriptionCounts, SubscriptionSeries};
use crate::secrets::Secrets;
use crate::shape::arn;
use crate::shape::topic::schema::Schema;
use filters::Policy;
use queue_core::{
    Change, Consent, Counts, Endpoint, FilterScope, Machine, Name, Queue, QueueAttributes, QueueId, Record,
    RecordId, RecordKey, Replay, SubscriptionAttributes, SubscriptionId, Tags, Timestamp, TopicAttributes,
    TopicId,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use uuid::Uuid;

/// A queue as the workers see it.
#[derive(Debug)]
pub(crate) struct QueueView {
    pub(crate) id: QueueId,
    pub(crate) name: Name,
    pub(crate) attributes: QueueAttributes,
    pub(crate) tags: Tags,
    pub(crate) version: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

/// A topic as the workers see it.
#[derive(Debug)]
pub(crate) struct TopicView {
    pub(crate) id: TopicId,
    pub(crate) name: Name,
    pub(crate) attributes: TopicAttributes,
    pub(crate) tags: Tags,
    pub(crate) version: u64,
    /// When its archive was begun, if it has one.
    pub(crate) archived_since: Option<Timestamp>,
    /// In the order in which they were made.
    pub(crate) subscriptions: Vec<Arc<SubscriptionView>>,
    pub(crate) subscriptions_version: u64,
    pub(crate) subscriptions_deleted: u64,
    /// The subscriptions by the text that they get; made for the first message that is published.
    audiences: OnceLock<Vec<Audience>>,
    /// What messages have to fit; the same in all views for as long as it is not set anew.
    pub(crate) schema: Option<Arc<Schema>>,
}

impl TopicView {
    /// Since when everything that was published is in its archive, if it has one.
    pub(crate) fn archived_since(&self, now: Timestamp) -> Option<Timestamp> {
        let oldest = now.before(self.attributes.archive?);
        Some(self.archived_since?.max(oldest))
    }
}

/// A subscription as the workers see it.
#[derive(Debug)]
pub(crate) struct SubscriptionView {
    pub(crate) id: SubscriptionId,
    /// The last part of its ARN.
    pub(crate) uuid: Uuid,
    pub(crate) topic: TopicId,
    pub(crate) topic_name: Name,
    pub(crate) owner: Arc<str>,
    pub(crate) endpoint: Endpoint,
    /// The queue of its own, if it delivers to the outside.
    pub(crate) queue: Option<QueueId>,
    pub(crate) consent: Consent,
    /// Whether what is published now is delivered.
    pub(crate) is_live: bool,
    pub(crate) replay: Option<Replay>,
    pub(crate) attributes: SubscriptionAttributes,
    pub(crate) version: u64,
    /// The filter policy, compiled; everything passes without one.
    pub(crate) policy: Option<Policy>,
    /// What happens to it; the same in all its views.
    pub(crate) counts: Arc<SubscriptionCounts>,
}

impl SubscriptionView {
    /// Whether its endpoint was asked and has not answered.
    pub(crate) fn is_pending(&self) -> bool {
        match self.consent {
            Consent::Pending(_) => true,
            Consent::Given(_) | Consent::Withdrawn(_) => false,
        }
    }

    /// Whether its endpoint has ended it, and may still change its mind.
    pub(crate) fn is_withdrawn(&self) -> bool {
        match self.consent {
            Consent::Withdrawn(_) => true,
            Consent::Pending(_) | Consent::Given(_) => false,
        }
    }
}

/// All views.
#[derive(Default)]
pub(crate) struct Catalogue {
    views: RwLock<Views>,
    /// Which subscriptions that somebody works for, and which records, have changed.
    news: News,
    /// How many views were handed out to whoever works for them: tests see by it what a change costs.
    handed_out: AtomicUsize,
}

#[derive(Default)]
struct Views {
    queues: BTreeMap<Name, Arc<QueueView>>,
    queue_names: HashMap<QueueId, Name>,
    topics: BTreeMap<Name, Arc<TopicView>>,
    topic_names: HashMap<TopicId, Name>,
    subscriptions: BTreeMap<SubscriptionId, Arc<SubscriptionView>>,
    by_uuid: HashMap<Uuid, SubscriptionId>,
    /// Those of them that somebody works for: whose endpoint is outside, or who replay.
    served: BTreeMap<SubscriptionId, Arc<SubscriptionView>>,
    records: BTreeMap<RecordKey, Arc<Record>>,
    record_keys: HashMap<RecordId, RecordKey>,
    devices: Devices,
    /// How often records of a kind have changed.
    record_changes: HashMap<Box<str>, u64>,
    /// Views of topics that have been replaced, with what was counted by whoever still publishes through them.
    replaced: Vec<Arc<TopicView>>,
    /// What happens to the subscriptions that have no series of their own.
    others: OtherSubscriptions,
}

impl Catalogue {
    fn read<R>(&self, work: impl FnOnce(&Views) -> R) -> R {
        // Only `refresh` writes, and it cannot panic half-way through a change that readers rely on.
        work(&self.views.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn queue(&self, name: &Name) -> Option<Arc<QueueView>> {
        self.read(|views| views.queues.get(name).cloned())
    }

    /// Whether there is a queue of that name, and it is a list of others.
    pub(crate) fn is_priority_queue(&self, name: &Name) -> bool {
        self.queue(name).is_some_and(|queue| queue.attributes.priority.is_some())
    }

    pub(crate) fn queue_by_id(&self, id: QueueId) -> Option<Arc<QueueView>> {
        self.read(|views| views.queues.get(views.queue_names.get(&id)?).cloned())
    }

    /// The queues of an account in a region whose names begin with `prefix` and come after `after`, in the order
    /// of their names.
    pub(crate) fn queues(
        &self,
        account: &str,
        region: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Arc<QueueView>> {
        let from = Name::new(account, region, after.filter(|after| *after > prefix).unwrap_or(prefix));
        self.read(|views| {
            let within = |view: &&Arc<QueueView>| {
                *view.name.account == *account
                    && *view.name.region == *region
                    && view.name.name.starts_with(prefix)
            };
            let beyond = |view: &&Arc<QueueView>| after.is_none_or(|after| *view.name.name > *after);
            let all = views.queues.range(from..).map(|(_, view)| view);
            all.take_while(within).filter(beyond).take(limit).cloned().collect()
        })
    }

    /// The queues of that account and region whose dead-letter queue is `target`, in the order of their names.
    pub(crate) fn sources_of(&self, target: &Name) -> Vec<Arc<QueueView>> {
        let names_it = |view: &Arc<QueueView>| {
            view.attributes.redrive.as_ref().is_some_and(|policy| policy.target == *target)
        };
        let all = self.queues(&target.account, &target.region, "", None, usize::MAX);
        all.into_iter().filter(names_it).collect()
    }

    pub(crate) fn topic(&self, name: &Name) -> Option<Arc<TopicView>> {
        self.read(|views| views.topics.get(name).cloned())
    }

    /// The topics of an account in a region that come after `after`, in the order of their names.
    pub(crate) fn topics(
        &self,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Arc<TopicView>> {
        let from = Name::new(account, region, after.unwrap_or(""));
        self.read(|views| {
            let within =
                |view: &&Arc<TopicView>| *view.name.account == *account && *view.name.region == *region;
            let beyond = |view: &&Arc<TopicView>| after.is_none_or(|after| *view.name.name > *after);
            let all = views.topics.range(from..).map(|(_, view)| view);
            all.take_while(within).filter(beyond).take(limit).cloned().collect()
        })
    }

    /// A subscription by the last part of its ARN; also one of a deleted topic, for a while.
    pub(crate) fn subscription(&self, uuid: Uuid) -> Option<Arc<SubscriptionView>> {
        self.read(|views| views.subscriptions.get(views.by_uuid.get(&uuid)?).cloned())
    }

    /// The subscriptions of an account in a region made after `after`, in the order in which they were made; those
    /// of deleted topics do not count, nor those that their endpoints have ended.
    pub(crate) fn subscriptions(
        &self,
        account: &str,
        region: &str,
        after: Option<SubscriptionId>,
        limit: usize,
    ) -> Vec<Arc<SubscriptionView>> {
        let from = SubscriptionId(after.map_or(0, |after| after.0.saturating_add(1)));
        self.read(|views| {
            let within = |view: &&Arc<SubscriptionView>| {
                let here = *view.topic_name.account == *account && *view.topic_name.region == *region;
                here && !view.is_withdrawn() && views.topic_names.contains_key(&view.topic)
            };
            let all = views.subscriptions.range(from..).map(|(_, view)| view);
            all.filter(within).take(limit).cloned().collect()
        })
    }

    /// The subscriptions that somebody works for: whose endpoint is outside, or who replay.
    pub(crate) fn served(&self) -> Vec<Arc<SubscriptionView>> {
        let served: Vec<_> = self.read(|views| views.served.values().cloned().collect());
        self.hand_out(served.len());
        served
    }

    /// One of [`Self::served`].
    pub(crate) fn served_as(&self, id: SubscriptionId) -> Option<Arc<SubscriptionView>> {
        self.hand_out(1);
        self.read(|views| views.served.get(&id).cloned())
    }

    /// Tells what changes in [`Self::served`], and which records do.
    pub(crate) fn news(&self) -> news::Reader {
        self.news.reader()
    }

    fn hand_out(&self, views: usize) {
        self.handed_out.fetch_add(views, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn tell(&self, change: Change) {
        self.news.tell(change);
    }

    #[cfg(test)]
    pub(crate) fn handed_out(&self) -> usize {
        self.handed_out.load(Ordering::Relaxed)
    }

    /// Deliveries of this subscription found no queue.
    pub(crate) fn count_failed(&self, id: SubscriptionId) {
        self.read(|views| {
            if let Some(view) = views.subscriptions.get(&id) {
                view.counts.count_failed();
            }
        });
    }

    /// What was counted of up to so many subscriptions, and of the others together, with what is in the queues of their
    /// own. Those of deleted topics have none.
    pub(crate) fn subscription_series(
        &self,
        limit: usize,
        queues: &HashMap<SubscriptionId, Counts>,
    ) -> Vec<SubscriptionSeries> {
        self.read(|views| {
            views.settle();
            let all = views.subscriptions.values();
            let all = all.filter(|view| views.topic_names.contains_key(&view.topic)).map(|view| {
                let named = || arn::of_subscription(&view.topic_name, view.uuid);
                let queue = queues.get(&view.id).copied().unwrap_or_default();
                let has_filter = view.policy.is_some();
                Candidate { id: view.id, has_filter, queue, counts: &view.counts, arn: named }
            });
            views.others.series(all, limit)
        })
    }

    /// Makes the views of everything that the machine holds.
    pub(crate) fn fill(&self, machine: &Machine, secrets: &Secrets) {
        let queues = machine.queues().map(|queue| Change::Queue(queue.id));
        let topics = machine.topics().map(|topic| Change::Topic(topic.id));
        let subscriptions = machine.subscriptions().map(|one| Change::Subscription(one.id));
        let records = machine.records().map(|record| Change::Record(record.id));
        let all: Vec<_> = queues.chain(topics).chain(subscriptions).chain(records).collect();
        self.refresh(machine, &all, secrets);
    }

    /// Makes the views of what changed anew.
    pub(crate) fn refresh<'a>(
        &self,
        machine: &Machine,
        changes: impl IntoIterator<Item = &'a Change>,
        secrets: &Secrets,
    ) {
        let mut changes: Vec<_> = changes.into_iter().copied().collect();
        if changes.is_empty() {
            return;
        }
        // A topic's view shows the views of its subscriptions, so those come first.
        changes.sort_unstable_by_key(|change| matches!(change, Change::Topic(_)));
        let mut told = Vec::new();
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                Change::Queue(id) => views.refresh_queue(machine, id),
                Change::Topic(id) => views.refresh_topic(machine, id),
                Change::Subscription(id) => {
                    if views.refresh_subscription(machine, id, secrets) {
                        told.push(change);
                    }
                }
                Change::Record(id) => {
                    views.refresh_record(machine, id);
                    told.push(change);
                }
            }
        }
        drop(views);
        // Whoever is told finds what it is told of.
        told.into_iter().for_each(|change| self.news.tell(change));
    }
}

impl Views {
    fn refresh_queue(&mut self, machine: &Machine, id: QueueId) {
        // The queue of a subscription is nobody's business.
        let Some(queue) = machine.queue(id).filter(|queue| !Queue::is_internal(queue)) else {
            // A queue of the same name may have taken its place within the same entry.
            if let Some(name) = self.queue_names.remove(&id)
                && self.queues.get(&name).is_some_and(|view| view.id == id)
            {
                self.queues.remove(&name);
            }
            return;
        };
        let view = QueueView {
            id,
            name: queue.name.clone(),
            attributes: queue.attributes.clone(),
            tags: queue.tags.clone(),
            version: queue.version,
            created: queue.created,
            modified: queue.modified,
        };
        self.queue_names.insert(id, queue.name.clone());
        self.queues.insert(queue.name.clone(), Arc::new(view));
    }

    fn refresh_topic(&mut self, machine: &Machine, id: TopicId) {
        let Some(topic) = machine.topic(id) else {
            if let Some(name) = self.topic_names.remove(&id)
                && self.topics.get(&name).is_some_and(|view| view.id == id)
                && let Some(view) = self.topics.remove(&name)
            {
                self.replace(view);
            }
            return;
        };
        let schema = self.topics.get(&topic.name).and_then(|view| view.schema.clone());
        let schema = schema.filter(|schema| schema.is_of(&topic.attributes));
        let view = TopicView {
            id,
            schema: schema.or_else(|| Schema::of(&topic.attributes).map(Arc::new)),
            name: topic.name.clone(),
            attributes: topic.attributes.clone(),
            tags: topic.tags.clone(),
            version: topic.version,
            archived_since: topic.archived_since(),
            subscriptions: topic
                .subscriptions
                .iter()
                .filter_map(|id| self.subscriptions.get(id).cloned())
                .collect(),
            subscriptions_version: topic.subscriptions_version,
            subscriptions_deleted: topic.subscriptions_deleted,
            audiences: OnceLock::new(),
        };
        self.topic_names.insert(id, topic.name.clone());
        if let Some(before) = self.topics.insert(topic.name.clone(), Arc::new(view)) {
            self.replace(before);
        }
    }

    /// Keeps a view for as long as somebody may count in it; most are let go at once.
    fn replace(&mut self, view: Arc<TopicView>) {
        self.replaced.push(view);
        self.replaced.retain_mut(|view| {
            let is_used = Arc::get_mut(view).is_none();
            view.settle();
            is_used
        });
    }

    /// Tells apart what was counted of the subscriptions of each topic together.
    fn settle(&self) {
        self.topics.values().chain(&self.replaced).for_each(|view| view.settle());
    }

    /// Says whether somebody works for it, or did.
    fn refresh_subscription(&mut self, machine: &Machine, id: SubscriptionId, secrets: &Secrets) -> bool {
        let uuid = secrets.subscription(id);
        let Some(subscription) = machine.subscription(id) else {
            if let Some(view) = self.subscriptions.remove(&id) {
                let topic = self.topic_names.get(&view.topic).and_then(|name| self.topics.get(name));
                topic.into_iter().chain(&self.replaced).for_each(|topic| topic.settle());
                self.others.forget(id, &view.counts);
            }
            self.by_uuid.remove(&uuid);
            return self.served.remove(&id).is_some();
        };
        let counts = self.subscriptions.get(&id).map(|view| Arc::clone(&view.counts)).unwrap_or_default();
        let view = SubscriptionView {
            id,
            uuid,
            counts,
            topic: subscription.topic,
            topic_name: subscription.topic_name.clone(),
            owner: subscription.owner.clone(),
            endpoint: subscription.endpoint.clone(),
            queue: subscription.queue,
            consent: subscription.consent,
            is_live: subscription.is_live(),
            replay: subscription.replay,
            policy: compiled(&subscription.attributes),
            attributes: subscription.attributes.clone(),
            version: subscription.version,
        };
        self.by_uuid.insert(uuid, id);
        let view = Arc::new(view);
        self.subscriptions.insert(id, Arc::clone(&view));
        if subscription.queue.is_some() || subscription.is_replaying() {
            self.served.insert(id, view);
            true
        } else {
            self.served.remove(&id).is_some()
        }
    }
}

/// The filter policy of a subscription. It was checked before it was stored; should a later version refuse it, it
/// would let nothing through unnoticed, so that is logged.
fn compiled(attributes: &SubscriptionAttributes) -> Option<Policy> {
    let text = attributes.filter.as_deref()?;
    let scope = match attributes.filter_scope {
        Some(FilterScope::Body) => filters::Scope::MessageBody,
        Some(FilterScope::Attributes) | None => filters::Scope::MessageAttributes,
    };
    match Policy::compile(text, scope) {
        Ok(policy) => Some(policy),
        Err(error) => {
            tracing::error!(%error, text, "a stored filter policy is not accepted any more; it is not applied");
            None
        }
    }
}
