//! Deliveries to the outside: each subscription to an endpoint that is no queue has a queue of its own, whose consumer
//! hands its messages on and says what became of them.

use super::{Change, Machine, Scope};
use crate::message::Message;
use crate::tally::counted;
use crate::{
    BodyRef, Error, Name, Outcome, Queue, QueueAttributes, QueueId, Reply, Settle, SubscriptionId, Tags,
    Tally,
};
use std::time::Duration;

/// How long a delivery is kept, however often it is put off: the longest that AWS keeps a message of a queue.
const KEPT: Duration = Duration::from_secs(14 * 24 * 3_600);

impl Machine {
    /// A queue for the deliveries of a subscription. It has a name that no user can give, and cannot be found by it.
    pub(super) fn create_internal_queue(
        &mut self,
        of: SubscriptionId,
        near: &Name,
        scope: &Scope<'_>,
    ) -> QueueId {
        let id = QueueId(self.new_id());
        let name = Name { name: format!("subscription/{}", of.0).into(), ..near.clone() };
        let attributes = QueueAttributes {
            retention: KEPT,
            maximum_message_bytes: u32::MAX,
            ..QueueAttributes::default()
        };
        let mut queue = Queue::new(id, name, attributes, Tags::new(), scope.now);
        queue.of = Some(of);
        self.queues.insert(id, queue);
        self.weigh_queue(id);
        id
    }

    /// The queue of a subscription that is gone is gone with all that it holds.
    pub(super) fn remove_internal_queue(&mut self, id: QueueId, scope: &mut Scope<'_>) {
        let Some(mut queue) = self.queues.remove(&id) else {
            return;
        };
        if let Some(at) = queue.registered {
            self.due.remove(&(at, id));
        }
        self.lighten(queue.weighed);
        self.cut_off(queue.empty());
        scope.applied.touched.entry(id).or_default();
        scope.applied.changed.insert(Change::Queue(id));
    }

    /// Puts a message to the endpoint about the subscription itself into its queue.
    pub(super) fn notify(&mut self, id: QueueId, body: BodyRef, scope: &mut Scope<'_>) {
        let Some(queue) = self.queues.get_mut(&id) else {
            return;
        };
        scope.applied.kept += 1;
        self.body_bytes += u64::from(body.bytes);
        let message = Message::new(scope.identities.next(), body, None, None, scope.now);
        queue.enqueue(message, None, None, scope.now);
        self.touch(id, Tally::sent(body.bytes), scope);
    }

    pub(super) fn settle(&mut self, settle: &Settle, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let of = self.queues.get(&settle.queue).and_then(|queue| queue.of).ok_or(Error::NoSuchQueue)?;
        let mut tally = Tally::default();
        for (receipt, outcome) in &settle.outcomes {
            let Some(queue) = self.queues.get_mut(&settle.queue) else {
                break;
            };
            match outcome {
                Outcome::Delivered => {
                    if let Ok(Some(message)) = queue.delete(*receipt) {
                        self.discard(&message, scope);
                        tally.deleted += 1;
                    }
                }
                Outcome::Retry(after) => queue.put_off(*receipt, *after, true, scope.now),
                Outcome::Untried(after) => queue.put_off(*receipt, *after, false, scope.now),
                Outcome::Failed => {
                    if let Some(message) = queue.take_failed(*receipt) {
                        tally.buried += 1;
                        self.fail(of, message, scope);
                    }
                }
            }
        }
        self.touch(settle.queue, tally, scope);
        Ok(Reply::Done)
    }

    /// Hands a delivery that failed for good to the subscription's dead-letter queue; failing that counts it as
    /// dropped. What an endpoint is told of its subscription is of use to nobody else.
    pub(super) fn fail(&mut self, id: SubscriptionId, message: Message, scope: &mut Scope<'_>) {
        let subscription = self.subscriptions.get(&id);
        let name = subscription.and_then(|subscription| subscription.attributes.dead_letters.as_ref());
        let target = name.and_then(|name| self.home_of(name, None)).map(|queue| queue.id);
        let target = target.and_then(|id| self.queues.get_mut(&id)).filter(|queue| !queue.attributes.fifo);
        if let (Some(target), Some(_)) = (target, message.via) {
            let Message { body, via, group, sent, .. } = message;
            let mut dead = Message::new(scope.identities.next(), body, via, group, scope.now);
            dead.sent = sent;
            let id = target.id;
            target.enqueue(dead, None, None, scope.now);
            return self.touch(id, Tally::sent(body.bytes), scope);
        }
        if message.via.is_some()
            && let Some(subscription) = self.subscriptions.get_mut(&id)
        {
            subscription.dropped += 1;
            scope.applied.undelivered.push(id);
        }
        self.discard(&message, scope);
    }

    /// What time gave up in the queue of a subscription failed as well.
    pub(super) fn expire(&mut self, id: QueueId, messages: Vec<Message>, scope: &mut Scope<'_>) -> u32 {
        let of = self.queues.get(&id).and_then(|queue| queue.of);
        let count = counted(messages.len());
        for message in messages {
            match of {
                Some(subscription) => self.fail(subscription, message, scope),
                None => self.discard(&message, scope),
            }
        }
        count
    }
}
