//! Producers and consumers, and the history of what they did and saw.

use super::hub::Hub;
use super::world::{QUEUES, TOPICS, queue_id, topic_id};
use crate::storage::files::simulated::random::Random;
use fanq_tests::history::{
    Action, Delivery, History, Operation, Outcome, Sent, Text, body, read_body, token,
};
use queue_core::{
    BodyRef, ChangeVisibility, Command, DeduplicationKeys, Delete, Machine, Outbound, Outgoing, Position,
    Publish, Receipt, Receive, Received, Reply, Send, SubscriptionId,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Groups of each FIFO queue and topic.
const GROUPS: u64 = 3;

/// Messages that were sent a short while ago and may be sent again by mistake.
const RECENT: usize = 8;

/// How long a client sends a message again; afterwards it would count as a new one.
const REPEATED_MS_MAX: u64 = 290_000;

/// A command and what its client writes down.
pub(super) struct Planned {
    pub(super) command: Command,
    pub(super) bodies: Vec<Vec<u8>>,
    /// What was asked for; more than one if the command speaks of several messages.
    actions: Vec<Action>,
    /// The message, if it has a deduplication id, so that it can be sent again.
    repeatable: Option<Message>,
}

#[derive(Clone)]
struct Message {
    /// A queue or a topic.
    to: Text,
    sent: Sent,
    bytes: usize,
    /// When it was first sent, in log time.
    first: u64,
}

/// A message in a consumer's hands.
struct Held {
    queue: Text,
    name: Text,
    receipt: Receipt,
    /// The operation that brought it.
    operation: usize,
}

/// How a command ended.
pub(super) enum Fate<'a> {
    /// It was acknowledged, at that place in the log of all entries.
    Done(&'a Result<Reply, queue_core::Error>, usize),
    /// Nobody was told.
    Unknown,
    /// It was refused before anything was written.
    Refused,
}

pub(super) struct Clients {
    pub(super) history: History,
    random: Random,
    body_bytes_max: u64,
    names: u64,
    now: u64,
    groups: BTreeMap<Text, Text>,
    held: Vec<Held>,
    /// Messages with a deduplication id of which nobody knows whether they were accepted.
    retries: Vec<Message>,
    recent: VecDeque<Message>,
    /// Acknowledged operations, each with the place of its entry, that a power loss can still undo.
    undoable: Vec<(usize, usize)>,
}

impl Clients {
    pub(super) fn new(random: Random, body_bytes_max: u64) -> Self {
        let mut history = History::new();
        for (queue, _, redrive) in QUEUES {
            if let Some((target, receives_max)) = redrive {
                history.redrive(queue, target, receives_max);
            }
        }
        Self {
            history,
            random,
            body_bytes_max,
            names: 0,
            now: 0,
            groups: BTreeMap::new(),
            held: Vec::new(),
            retries: Vec::new(),
            recent: VecDeque::new(),
            undoable: Vec::new(),
        }
    }

    /// Sends what may have been accepted before, while it would still be known.
    pub(super) fn retry(&mut self, machine: &Machine, now: u64) -> Option<Planned> {
        self.forget(now);
        let message = self.retries.pop()?;
        Some(self.offer(machine, message))
    }

    /// The next thing that a client does.
    pub(super) fn plan(&mut self, machine: &Machine, now: u64) -> Planned {
        self.now = now;
        self.forget(now);
        if !self.random.one_in(3)
            && let Some(planned) = self.retry(machine, now)
        {
            return planned;
        }
        match self.random.below(20) {
            0..=4 => self.send(machine),
            5..=7 => self.publish(machine),
            8..=12 => self.receive(machine, None),
            13..=18 => self.delete(machine),
            _ => self.hide(machine),
        }
    }

    fn forget(&mut self, now: u64) {
        // Log time may have gone back to the last entry that a crash has left.
        for message in self.recent.iter_mut().chain(&mut self.retries) {
            message.first = message.first.min(now);
        }
        self.recent.retain(|message| now < message.first + REPEATED_MS_MAX);
        self.retries.retain(|message| now < message.first + REPEATED_MS_MAX);
    }

    fn new_message(&mut self, to: &str) -> Option<Message> {
        self.names += 1;
        let name: Text = format!("{to}-{}", self.names).into();
        let mut sent = Sent::new(Arc::clone(&name));
        let to: Text = to.into();
        if to.ends_with(".fifo") {
            let group: Text = format!("g{}", self.random.below(GROUPS)).into();
            // Who does not know whether a message was accepted does not send the next one of its group.
            if self.retries.iter().any(|waits| waits.to == to && waits.sent.group.as_ref() == Some(&group)) {
                return None;
            }
            self.groups.insert(Arc::clone(&name), Arc::clone(&group));
            sent.group = Some(group);
            sent.deduplication = Some(name);
        }
        let bytes = self.random.below(self.body_bytes_max);
        let bytes = if self.random.one_in(3) { bytes } else { bytes / 8 };
        Some(Message { to, sent, bytes: usize::try_from(bytes).unwrap(), first: self.now })
    }

    fn send(&mut self, machine: &Machine) -> Planned {
        let queue = self.random.pick(&["work", "work", "later", "orders.fifo", "orders.fifo", "steps.fifo"]);
        if queue.ends_with(".fifo") && self.random.one_in(12) {
            let recent = self.recent.iter().position(|message| &*message.to == queue);
            if let Some(message) = recent.and_then(|at| self.recent.remove(at)) {
                return self.offer(machine, message);
            }
        }
        let Some(mut message) = self.new_message(queue) else {
            return self.receive(machine, None);
        };
        // A message of its own delay, or of that of the queue.
        let own = (!queue.ends_with(".fifo") && self.random.one_in(3)).then(|| self.random.below(60) * 1_000);
        let of_queue =
            QUEUES.iter().find(|(name, ..)| *name == queue).map_or(0, |(_, delay, _)| delay * 1_000);
        message.sent.delay = own.unwrap_or(of_queue);
        self.offer(machine, message)
    }

    fn publish(&mut self, machine: &Machine) -> Planned {
        let topic = self.random.pick(&["news", "trades.fifo"]);
        match self.new_message(topic) {
            Some(message) => self.offer(machine, message),
            None => self.receive(machine, None),
        }
    }

    /// Sends or publishes a message, perhaps not for the first time.
    fn offer(&mut self, machine: &Machine, message: Message) -> Planned {
        let Message { to, sent, bytes, .. } = message.clone();
        let content = body(&sent.name, bytes).into_bytes();
        let place = BodyRef { position: Position(0), bytes: u32::try_from(content.len()).unwrap() };
        let key = |text: &str| u128::from(token(text));
        let deduplication = (sent.deduplication.as_deref())
            .map(|id| DeduplicationKeys { overall: key(id), in_group: key(id).wrapping_add(1) });
        let (group, repeatable) = (sent.group.clone(), sent.deduplication.is_some().then_some(message));
        let subscribers = TOPICS.iter().find(|(name, _)| **name == *to).map(|(_, subscribers)| *subscribers);
        let Some(subscribers) = subscribers else {
            let delay = Some(Duration::from_millis(sent.delay));
            // On a standard queue a group is a tenant, of which most messages have one.
            let tenant = key(&sent.name) % 4;
            let group = group.or_else(|| (tenant > 0).then(|| format!("t{tenant}").into()));
            let messages = vec![Outgoing { body: place, delay, group, deduplication }];
            let command = Command::Send(Send { queue: queue_id(machine, &to), messages });
            let actions = vec![Action::Send { queue: to, message: sent }];
            return Planned { command, bodies: vec![content], actions, repeatable };
        };
        let topic = machine.topic(topic_id(machine, &to)).unwrap();
        let all = topic.subscriptions.iter().copied().zip(subscribers.iter().copied());
        // A filter may let it pass to some; it is the same each time that the message is sent.
        let passes =
            |(_, queue): &(SubscriptionId, &str)| sent.group.is_some() || bytes % 3 != queue.len() % 3;
        let (matches, queues): (Vec<_>, Vec<_>) =
            all.filter(passes).map(|(id, queue)| (id, queue.into())).unzip();
        let outbound = Outbound {
            body: place,
            matches,
            group,
            priority: None,
            deduplication,
            raw_bytes: place.bytes,
            envelope_bytes: place.bytes,
            attributes: 0,
        };
        let seen = topic.subscriptions_version;
        let command = Command::Publish(Publish { topic: topic.id, seen, messages: vec![outbound] });
        Planned {
            command,
            bodies: vec![content],
            actions: vec![Action::Publish { topic: to, queues, message: sent }],
            repeatable,
        }
    }

    /// Receives from a queue, or from any.
    pub(super) fn receive(&mut self, machine: &Machine, queue: Option<&str>) -> Planned {
        let any = QUEUES[self.random.index(QUEUES.len())].0;
        let queue = queue.unwrap_or(any);
        let visibility = self.random.between(5, 90) * 1_000;
        let command = Command::Receive(Receive {
            queue: queue_id(machine, queue),
            maximum: u32::try_from(self.random.between(1, 10)).unwrap(),
            visibility: Duration::from_millis(visibility),
            attempt: None,
        });
        let actions = vec![Action::Receive { queue: queue.into(), visibility, messages: Vec::new() }];
        Planned { command, bodies: Vec::new(), actions, repeatable: None }
    }

    /// Deletes something that somebody received, however long ago.
    fn delete(&mut self, machine: &Machine) -> Planned {
        if self.held.is_empty() {
            return self.receive(machine, None);
        }
        let queue = Arc::clone(&self.held[self.random.index(self.held.len())].queue);
        let mut maximum = self.random.between(1, 10);
        let mut taken = Vec::new();
        let mut place = 0;
        while place < self.held.len() && maximum > 0 {
            if self.held[place].queue == queue && !self.random.one_in(5) {
                taken.push(self.held.swap_remove(place));
                maximum -= 1;
            } else {
                place += 1;
            }
        }
        self.deleting(machine, &queue, taken)
    }

    /// Deletes all that somebody has of a queue.
    pub(super) fn delete_all(&mut self, machine: &Machine, queue: &str) -> Planned {
        let (taken, held) =
            std::mem::take(&mut self.held).into_iter().partition(|held| &*held.queue == queue);
        self.held = held;
        self.deleting(machine, queue, taken)
    }

    fn deleting(&mut self, machine: &Machine, queue: &str, taken: Vec<Held>) -> Planned {
        let receipts = taken.iter().map(|held| held.receipt).collect();
        let action =
            |held: Held| Action::Delete { queue: held.queue, name: held.name, receipt: of(held.receipt) };
        let actions = taken.into_iter().map(action).collect();
        let command = Command::Delete(Delete { queue: queue_id(machine, queue), receipts });
        Planned { command, bodies: Vec::new(), actions, repeatable: None }
    }

    fn hide(&mut self, machine: &Machine) -> Planned {
        if self.held.is_empty() {
            return self.receive(machine, None);
        }
        let held = &self.held[self.random.index(self.held.len())];
        let timeout = if self.random.one_in(3) { 0 } else { self.random.between(1, 60) * 1_000 };
        let changes = vec![(held.receipt, Duration::from_millis(timeout))];
        let change = ChangeVisibility { queue: queue_id(machine, &held.queue), changes };
        let (queue, name) = (Arc::clone(&held.queue), Arc::clone(&held.name));
        let actions = vec![Action::Hide { queue, name, receipt: of(held.receipt), timeout }];
        Planned { command: Command::ChangeVisibility(change), bodies: Vec::new(), actions, repeatable: None }
    }

    /// Writes down how a command ended.
    pub(super) fn finish(&mut self, planned: Planned, at: u64, fate: &Fate<'_>, hub: &Hub) {
        let Planned { actions, repeatable, .. } = planned;
        for (place, mut action) in actions.into_iter().enumerate() {
            let number = self.history.operations().len();
            let outcome = match fate {
                Fate::Unknown => Outcome::Unknown,
                Fate::Refused => Outcome::Failed,
                Fate::Done(Ok(reply), _) => self.answer(reply, place, &mut action, number, hub),
                Fate::Done(Err(error), _) => panic!("{action:?} was refused: {error:?}"),
            };
            self.history.push(Operation { invoked: at, finished: at, outcome, action });
            if let Fate::Done(_, entry) = fate {
                self.undoable.push((*entry, number));
            }
        }
        match (fate, repeatable) {
            (Fate::Unknown, Some(message)) => self.retries.push(message),
            (Fate::Done(..), Some(message)) => {
                self.recent.push_back(message);
                self.recent.drain(..self.recent.len().saturating_sub(RECENT));
            }
            // It may have been accepted before, when nobody knew.
            (Fate::Refused, Some(message)) => self.retries.push(message),
            (Fate::Unknown | Fate::Refused | Fate::Done(..), None) => {}
        }
    }

    fn answer(
        &mut self,
        reply: &Reply,
        place: usize,
        action: &mut Action,
        number: usize,
        hub: &Hub,
    ) -> Outcome {
        match (reply, action) {
            (Reply::Each(results), _) => {
                return if results[place].is_ok() { Outcome::Done } else { Outcome::Failed };
            }
            (Reply::Received(found), Action::Receive { queue, messages, .. }) => {
                for received in found {
                    let delivery = self.delivery(received, hub);
                    let (queue, name) = (Arc::clone(queue), Arc::clone(&delivery.name));
                    // Some consumers forget what they took.
                    if !self.random.one_in(8) {
                        self.held.push(Held { queue, name, receipt: received.receipt, operation: number });
                    }
                    messages.push(delivery);
                }
            }
            (Reply::Sent(_) | Reply::Published(_), _) => {}
            (reply, action) => panic!("{action:?} was answered by {reply:?}"),
        }
        Outcome::Done
    }

    fn delivery(&self, received: &Received, hub: &Hub) -> Delivery {
        let bytes = hub.read(received.body).expect("a body that is given out can be read");
        let content = read_body(&String::from_utf8_lossy(&bytes));
        let name: Text = content.name.into();
        Delivery {
            // Groups of a FIFO topic end where a standard queue begins.
            group: received.sequence.and_then(|_| self.groups.get(&name).cloned()),
            name,
            intact: content.intact,
            receipt: of(received.receipt),
            count: received.receives,
            identity: received.id,
            sequence: received.sequence.map(u128::from),
        }
    }

    /// A power loss undid all entries from that one on, which durability allowed.
    pub(super) fn undo(&mut self, entry: usize) {
        let undone: Vec<_> =
            self.undoable.iter().filter(|(at, _)| *at >= entry).map(|(_, number)| *number).collect();
        for number in &undone {
            self.history.operations_mut()[*number].outcome = Outcome::Failed;
        }
        // Whoever received something then has been told of a message that is as it was before.
        self.held.retain(|held| !undone.contains(&held.operation));
        self.recent.clear();
        self.undoable.clear();
    }

    /// What was acknowledged so far cannot be undone any more.
    pub(super) fn settle(&mut self) {
        self.undoable.clear();
    }

    /// The queues were empty then.
    pub(super) fn drained(&mut self, at: u64) {
        for (queue, ..) in QUEUES {
            let action = Action::Drain { queue: queue.into() };
            self.history.push(Operation { invoked: at, finished: at, outcome: Outcome::Done, action });
        }
    }
}

/// A receipt as a number.
fn of(receipt: Receipt) -> u64 {
    receipt.queue.0 << 48 | receipt.number << 16 | u64::from(receipt.receive)
}
