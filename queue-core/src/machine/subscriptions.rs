//! The commands that concern subscriptions: how one begins, whether its endpoint agrees, and how it ends.

use super::{Change, Machine, Scope};
use crate::topic::subscription::{Consent, Endpoint, Replay, Subscription};
use crate::{
    Confirm, Error, Reply, SetSubscriptionAttributes, Subscribe, SubscriptionAttributes, SubscriptionId,
    Withdraw,
};

impl Machine {
    pub(super) fn subscribe(&mut self, subscribe: &Subscribe, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        if !self.topics.contains_key(&subscribe.topic) {
            return Err(Error::NoSuchTopic);
        }
        let key = (subscribe.topic, subscribe.endpoint.clone());
        if let Some(existing) = self.by_endpoint.get(&key).copied() {
            if !self.subscriptions.get(&existing).is_some_and(is_withdrawn) {
                return Err(Error::SubscriptionExists);
            }
            self.remove_subscription(existing, scope);
        }
        let id = SubscriptionId(self.new_id());
        let topic = self.topics.get_mut(&subscribe.topic).ok_or(Error::NoSuchTopic)?;
        topic.subscriptions.insert(id);
        topic.subscriptions_version += 1;
        let consent = match &subscribe.asked {
            Some(notice) => Consent::Pending(scope.now.after(notice.within)),
            None => Consent::Given(subscribe.is_owners),
        };
        let mut subscription = Subscription {
            id,
            topic: topic.id,
            topic_name: topic.name.clone(),
            owner: subscribe.owner.clone(),
            endpoint: subscribe.endpoint.clone(),
            queue: None,
            consent,
            attributes: subscribe.attributes.clone(),
            replay: begun(&subscribe.attributes),
            version: 1,
            dropped: 0,
        };
        subscription.queue = match &subscribe.endpoint {
            Endpoint::Queue(_) => None,
            Endpoint::Outside(_) => Some(self.create_internal_queue(id, &subscription.topic_name, scope)),
        };
        if let Some(at) = subscription.forgotten_at() {
            self.subscriptions_due.insert((at, id));
        }
        if let Some((notice, queue)) = subscribe.asked.as_ref().zip(subscription.queue) {
            self.notify(queue, notice.body, scope);
        }
        self.by_endpoint.insert(key, id);
        self.reweigh(0, subscription.weigh());
        self.subscriptions.insert(id, subscription);
        scope.applied.changed.insert(Change::Subscription(id));
        scope.applied.changed.insert(Change::Topic(subscribe.topic));
        Ok(Reply::Subscribed(id))
    }

    pub(super) fn set_subscription_attributes(
        &mut self,
        set: &SetSubscriptionAttributes,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let subscription = self.subscriptions.get_mut(&set.subscription).ok_or(Error::NoSuchSubscription)?;
        if subscription.version != set.seen {
            return Err(Error::Stale);
        }
        let before = subscription.weigh();
        if subscription.attributes.replay != set.attributes.replay {
            subscription.replay = begun(&set.attributes);
        }
        subscription.attributes = set.attributes.clone();
        let after = subscription.weigh();
        self.reweigh(before, after);
        self.renew_subscription(set.subscription, scope);
        Ok(Reply::Done)
    }

    pub(super) fn confirm(&mut self, confirm: &Confirm, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let id = confirm.subscription;
        let subscription = self.subscriptions.get_mut(&id).ok_or(Error::NoSuchSubscription)?;
        let topic = self.topics.get_mut(&subscription.topic).ok_or(Error::NoSuchTopic)?;
        let Some(at) = subscription.forgotten_at() else {
            return Ok(Reply::Done);
        };
        self.subscriptions_due.remove(&(at, id));
        subscription.consent = Consent::Given(confirm.authenticated);
        if topic.subscriptions.insert(id) {
            topic.subscriptions_deleted = topic.subscriptions_deleted.saturating_sub(1);
        }
        self.renew_subscription(id, scope);
        Ok(Reply::Done)
    }

    pub(super) fn withdraw(&mut self, withdraw: &Withdraw, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let (id, notice) = (withdraw.subscription, &withdraw.notice);
        let subscription = self.subscriptions.get_mut(&id).ok_or(Error::NoSuchSubscription)?;
        let (Some(queue), Consent::Given(_)) = (subscription.queue, subscription.consent) else {
            return Err(Error::NoSuchSubscription);
        };
        let until = scope.now.after(notice.within);
        subscription.consent = Consent::Withdrawn(until);
        self.subscriptions_due.insert((until, id));
        if let Some(queue) = self.queues.get_mut(&queue) {
            let remains = queue.empty();
            self.cut_off(remains);
        }
        self.notify(queue, notice.body, scope);
        self.leave_topic(id, scope);
        self.renew_subscription(id, scope);
        Ok(Reply::Done)
    }

    pub(super) fn unsubscribe(&mut self, id: SubscriptionId, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        if !self.subscriptions.contains_key(&id) {
            return Err(Error::NoSuchSubscription);
        }
        self.remove_subscription(id, scope);
        Ok(Reply::Done)
    }

    /// Forgets a subscription, and what was to be delivered by it.
    pub(super) fn remove_subscription(&mut self, id: SubscriptionId, scope: &mut Scope<'_>) {
        self.leave_topic(id, scope);
        let Some(subscription) = self.subscriptions.remove(&id) else {
            return;
        };
        self.lighten(subscription.weigh());
        if let Some(at) = subscription.forgotten_at() {
            self.subscriptions_due.remove(&(at, id));
        }
        self.by_endpoint.remove(&(subscription.topic, subscription.endpoint));
        if let Some(queue) = subscription.queue {
            self.remove_internal_queue(queue, scope);
        }
        scope.applied.changed.insert(Change::Subscription(id));
    }

    /// The topic has one subscription less, if it is still there and the subscription was still one of it.
    fn leave_topic(&mut self, id: SubscriptionId, scope: &mut Scope<'_>) {
        let topic = self.subscriptions.get(&id).map(|subscription| subscription.topic);
        let Some(topic) = topic.and_then(|topic| self.topics.get_mut(&topic)) else {
            return;
        };
        if topic.subscriptions.remove(&id) {
            topic.subscriptions_version += 1;
            topic.subscriptions_deleted += 1;
            scope.applied.changed.insert(Change::Topic(topic.id));
        }
    }

    /// A subscription has changed, and with it what its topic's publishers have to know.
    pub(super) fn renew_subscription(&mut self, id: SubscriptionId, scope: &mut Scope<'_>) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        subscription.version += 1;
        scope.applied.changed.insert(Change::Subscription(id));
        if let Some(topic) = self.topics.get_mut(&subscription.topic) {
            topic.subscriptions_version += 1;
            scope.applied.changed.insert(Change::Topic(topic.id));
        }
    }
}

/// Where the replay that the attributes ask for begins.
fn begun(attributes: &SubscriptionAttributes) -> Option<Replay> {
    attributes.replay.map(|_| Replay { reached: 0, completed: false })
}

fn is_withdrawn(subscription: &Subscription) -> bool {
    match subscription.consent {
        Consent::Withdrawn(_) => true,
        Consent::Pending(_) | Consent::Given(_) => false,
    }
}
