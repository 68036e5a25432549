//! One queue: its messages, what becomes of each with time, and who may take which next.
//!
//! Every message is in exactly one [`State`], and only [`Queue::set_state`] changes it, so the counters, the timers
//! and the order of delivery cannot disagree. The order is the only thing in which the two kinds of queue differ:
//! `standard` and `fifo` say which messages are next.

pub(crate) mod attributes;
mod bodies;
mod due;
mod fifo;
#[cfg(test)]
mod invariants;
mod leases;
pub(crate) mod messages;
mod moving;
pub(crate) mod numbers;
pub(crate) mod priority;
pub(crate) mod receipt;
pub(crate) mod receive;
pub(crate) mod remains;
mod settling;
mod standard;
mod tenants;
mod weight;

use crate::deduplication::Deduplication;
use crate::limits::{IN_FLIGHT_PER_QUEUE, SWEEP_AFTER, VISIBILITY_TOTAL};
use crate::message::{Message, State};
use crate::planted::{self, Bug};
use crate::{
    Accepted, DeduplicationKeys, DeduplicationScope, Error, Name, QueueAttributes, QueueId, Receipt,
    SubscriptionId, Tags, Timestamp, encoded,
};
use fifo::Fifo;
use messages::Messages;
use remains::Remains;
use standard::Standard;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

encoded! {
    /// How many messages of a queue are in which state.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Counts {
        /// Ready to be received; in a FIFO queue perhaps behind others of their group.
        pub visible: u64,
        /// Received and neither deleted nor visible again.
        pub in_flight: u64,
        /// Not to be received yet.
        pub delayed: u64,
    }

    /// Which messages are next.
    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Order {
        0 => Standard(Standard),
        1 => Fifo(Fifo),
    }

    /// One queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Queue {
        /// Its identity.
        pub id: QueueId,
        /// Its name.
        pub name: Name,
        /// Its attributes.
        pub attributes: QueueAttributes,
        /// Its tags.
        pub tags: Tags,
        /// Rises with every change of attributes or tags.
        pub version: u64,
        /// When it was created.
        pub created: Timestamp,
        /// When its attributes were last changed.
        pub modified: Timestamp,
        /// The scope of deduplication in force: that of the queue's creation.
        scope: DeduplicationScope,
        last_number: u64,
        messages: Messages,
        order: Order,
        counts: Counts,
        /// When delays and visibility timeouts end.
        timers: BTreeSet<(Timestamp, u64)>,
        /// Messages whose retention began earlier than their number tells, because they were moved here.
        moved_in: BTreeSet<(Timestamp, u64)>,
        /// Up to where changed attributes have been applied to the messages that were there.
        revisit: Option<u64>,
        deduplication: Deduplication,
        pub(crate) purged: Option<Timestamp>,
        /// When the machine will look at this queue again.
        pub(crate) registered: Option<Timestamp>,
        /// The subscription whose deliveries it holds, if it is not a user's queue.
        pub(crate) of: Option<SubscriptionId>,
        /// The priority queues that it is a member of.
        pub(crate) member_of: BTreeSet<QueueId>,
        /// In a priority queue, what each level is owed.
        pub(crate) balance: Vec<i64>,
        /// The weight of its name, attributes and tags.
        settings: u64,
        /// Its weight as far as the machine knows.
        pub(crate) weighed: u64,
    }
}

impl Queue {
    pub(crate) fn new(
        id: QueueId,
        name: Name,
        attributes: QueueAttributes,
        tags: Tags,
        now: Timestamp,
    ) -> Self {
        let mut queue = Self {
            id,
            name,
            scope: attributes.deduplication_scope,
            order: Order::of(&attributes),
            attributes,
            tags,
            version: 1,
            created: now,
            modified: now,
            last_number: 0,
            messages: Messages::default(),
            counts: Counts::default(),
            timers: BTreeSet::new(),
            moved_in: BTreeSet::new(),
            revisit: None,
            deduplication: Deduplication::default(),
            purged: None,
            registered: None,
            of: None,
            member_of: BTreeSet::new(),
            balance: Vec::new(),
            settings: 0,
            weighed: 0,
        };
        queue.weigh_settings();
        queue
    }

    /// Whether it is one of a subscription, which no user knows of.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.of.is_some()
    }

    /// The priority queues that it is a member of.
    pub fn member_of(&self) -> impl Iterator<Item = QueueId> {
        self.member_of.iter().copied()
    }

    /// Whether a message of the group is in flight, in a FIFO queue.
    pub(crate) fn holds(&self, group: &str) -> bool {
        match &self.order {
            Order::Standard(_) => false,
            Order::Fifo(fifo) => fifo.holds(group),
        }
    }

    /// How many messages are in which state, as of the machine's time.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many receives could each take something now; for a FIFO queue, how many groups.
    #[must_use]
    pub fn deliverable(&self) -> usize {
        let listed = match &self.order {
            Order::Standard(standard) => standard.deliverable(),
            Order::Fifo(fifo) => fifo.deliverable(),
        };
        listed.min(self.room())
    }

    /// How many more messages can be in flight.
    #[must_use]
    pub fn room(&self) -> usize {
        IN_FLIGHT_PER_QUEUE.saturating_sub(usize::try_from(self.counts.in_flight).unwrap_or(usize::MAX))
    }

    pub(crate) fn set_attributes(&mut self, attributes: QueueAttributes, now: Timestamp) {
        let delay_changed = self.attributes.fifo && attributes.delay != self.attributes.delay;
        let redrive_changed = attributes.redrive.is_some() && attributes.redrive != self.attributes.redrive;
        if delay_changed || redrive_changed {
            self.revisit = Some(0);
        }
        if attributes.priority != self.attributes.priority {
            self.balance.clear();
        }
        self.attributes = QueueAttributes { fifo: self.attributes.fifo, ..attributes };
        self.version += 1;
        self.modified = now;
        self.weigh_settings();
    }

    pub(crate) fn set_tags(&mut self, tags: Tags) {
        self.tags = tags;
        self.version += 1;
        self.weigh_settings();
    }

    /// What an earlier message with the same deduplication keys was accepted as.
    pub(crate) fn duplicate_of(&self, keys: Option<DeduplicationKeys>, now: Timestamp) -> Option<Accepted> {
        if !self.attributes.fifo {
            return None;
        }
        self.deduplication.find(keys?.within(self.scope), now)
    }

    /// Puts a new message at the end. The caller has looked for a duplicate.
    pub(crate) fn enqueue(
        &mut self,
        mut message: Message,
        delay: Option<Duration>,
        keys: Option<DeduplicationKeys>,
        now: Timestamp,
    ) -> Accepted {
        let fifo = self.attributes.fifo;
        let delay = delay.filter(|_| !fifo).unwrap_or(self.attributes.delay);
        let early = Duration::from_secs(planted::is(Bug::EarlyDelay).into());
        let delay = delay.saturating_sub(early);
        message.state = if delay.is_zero() { State::Visible } else { State::Delayed(now.after(delay)) };
        let (id, number) = (message.id, self.last_number + 1);
        let accepted = Accepted { id, sequence: fifo.then_some(number) };
        if let Some(keys) = keys.filter(|_| fifo) {
            self.deduplication.remember(keys.within(self.scope), id, number, now);
        }
        self.insert(message);
        accepted
    }

    /// Takes in a message that another queue gave up. A FIFO queue starts its retention anew; its own delay does
    /// not apply, since that is measured from the send.
    pub(crate) fn move_in(&mut self, mut message: Message, source: Arc<Name>, now: Timestamp) {
        message.state = State::Visible;
        message.receives_before = message.receives;
        // What came one after the other from the same queue says so in the same place.
        let neighbour = self.messages.last().and_then(|(_, last)| last.source.as_ref());
        message.source = Some(neighbour.filter(|said| **said == source).map_or(source, Arc::clone));
        if self.attributes.fifo {
            message.enqueued = now;
        }
        self.moved_in.insert((message.enqueued, self.last_number + 1));
        self.insert(message);
    }

    fn insert(&mut self, message: Message) {
        self.last_number += 1;
        let (number, state) = (self.last_number, message.state);
        self.messages.insert(number, message);
        self.enter(number, state);
        self.order.added(number, &self.messages);
    }

    /// A message is in this state from now on.
    fn enter(&mut self, number: u64, state: State) {
        self.count(state, 1);
        if let Some(until) = state.until() {
            self.timers.insert((until, number));
        }
    }

    /// A message is not in this state any more.
    fn leave(&mut self, number: u64, state: State) {
        self.count(state, -1);
        if let Some(until) = state.until() {
            self.timers.remove(&(until, number));
        }
    }

    fn count(&mut self, state: State, by: i64) {
        let counter = match state {
            State::Visible | State::Spent(_) => &mut self.counts.visible,
            State::Delayed(_) => &mut self.counts.delayed,
            State::InFlight(_) => &mut self.counts.in_flight,
        };
        *counter = counter.saturating_add_signed(by);
    }

    fn set_state(&mut self, number: u64, state: State) {
        let Some(message) = self.messages.get_mut(number) else {
            return;
        };
        let before = std::mem::replace(&mut message.state, state);
        self.leave(number, before);
        self.enter(number, state);
        self.order.state_changed(number, before, &self.messages);
    }

    /// Ends a receive, at a moment that may have passed. A message that has no receive left is swept away if none
    /// asks for it.
    fn show(&mut self, number: u64, redrive: Option<u32>, at: Timestamp) {
        let Some(message) = self.messages.get(number) else {
            return;
        };
        let spent = exhausted(message, redrive);
        self.set_state(number, if spent { State::Spent(at.after(SWEEP_AFTER)) } else { State::Visible });
    }

    /// Lets a receive last `timeout` from now; none ends it.
    fn hide(&mut self, number: u64, timeout: Duration, redrive: Option<u32>, now: Timestamp) {
        if timeout.is_zero() {
            self.show(number, redrive, now);
        } else {
            self.set_state(number, State::InFlight(now.after(timeout)));
        }
    }

    fn remove(&mut self, number: u64) -> Option<Message> {
        let message = self.messages.remove(number)?;
        self.leave(number, message.state);
        if message.source.is_some() {
            self.moved_in.remove(&(message.enqueued, number));
        }
        self.order.removed(number, &message, &self.messages);
        Some(message)
    }

    /// Deletes by receipt: on a standard queue any receive of the message will do, on a FIFO queue only the
    /// current one. A message that is gone is deleted already.
    pub(crate) fn delete(&mut self, receipt: Receipt) -> Result<Option<Message>, Error> {
        let Some(message) = self.messages.get(receipt.number) else {
            return Ok(None);
        };
        if self.attributes.fifo && !is_current(message, receipt) {
            return Err(Error::ReceiptExpired);
        }
        Ok(self.remove(receipt.number))
    }

    /// Lets a receive last `timeout` from now. On a standard queue the latest receive may do so even after its
    /// end, and an older one has no effect.
    pub(crate) fn change_visibility(
        &mut self,
        receipt: Receipt,
        timeout: Duration,
        redrive: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let message = self.messages.get(receipt.number).ok_or(Error::NoSuchMessage)?;
        if self.attributes.fifo && !is_current(message, receipt) {
            return Err(Error::ReceiptExpired);
        }
        if now.after(timeout) > receipt.at.after(VISIBILITY_TOTAL) {
            return Err(Error::BeyondVisibilityTotal);
        }
        let stale = message.receives != receipt.receive;
        let ended_already = timeout.is_zero() && message.state.is_visible();
        if !stale && !ended_already {
            self.hide(receipt.number, timeout, redrive, now);
        }
        Ok(())
    }

    /// Cuts everything off at once; it is reclaimed by the machine, bit by bit.
    pub(crate) fn empty(&mut self) -> Remains {
        self.counts = Counts::default();
        self.revisit = None;
        Remains {
            messages: std::mem::take(&mut self.messages),
            order: Some(std::mem::replace(&mut self.order, Order::of(&self.attributes))),
            timers: std::mem::take(&mut self.timers),
            moved_in: std::mem::take(&mut self.moved_in),
            deduplication: std::mem::take(&mut self.deduplication),
        }
    }
}

impl Order {
    fn of(attributes: &QueueAttributes) -> Self {
        if attributes.fifo { Self::Fifo(Fifo::default()) } else { Self::Standard(Standard::default()) }
    }

    fn added(&mut self, number: u64, messages: &Messages) {
        let Some(message) = messages.get(number) else {
            return;
        };
        match self {
            Self::Standard(standard) => standard.enter(number, message.group.as_ref(), message.state),
            Self::Fifo(fifo) => fifo.added(number, message, messages),
        }
    }

    fn state_changed(&mut self, number: u64, before: State, messages: &Messages) {
        let Some(message) = messages.get(number) else {
            return;
        };
        match self {
            Self::Standard(standard) => {
                standard.leave(number, message.group.as_ref(), before);
                standard.enter(number, message.group.as_ref(), message.state);
            }
            Self::Fifo(fifo) => fifo.state_changed(message, before, messages),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Standard(standard) => standard.is_empty(),
            Self::Fifo(fifo) => fifo.is_empty(),
        }
    }

    /// Gives up a bit of itself; it is not to be used any more.
    fn dismantle(&mut self) {
        match self {
            Self::Standard(standard) => standard.dismantle(),
            Self::Fifo(fifo) => fifo.dismantle(),
        }
    }

    fn removed(&mut self, number: u64, message: &Message, messages: &Messages) {
        match self {
            Self::Standard(standard) => standard.leave(number, message.group.as_ref(), message.state),
            Self::Fifo(fifo) => fifo.removed(number, message, messages),
        }
    }
}

/// Whether the message has no receive left, if it is moved after `redrive` of them.
fn exhausted(message: &Message, redrive: Option<u32>) -> bool {
    let late = u32::from(planted::is(Bug::DeadLetterCountOffByOne));
    let receives = message.receives.saturating_sub(message.receives_before);
    redrive.is_some_and(|maximum| receives >= maximum.saturating_add(late))
}

/// Whether the receipt is that of the message's latest receive, and that receive has not ended.
fn is_current(message: &Message, receipt: Receipt) -> bool {
    matches!(message.state, State::InFlight(_)) && message.receives == receipt.receive
}
