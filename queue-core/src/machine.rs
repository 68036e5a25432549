//! All topics and queues, changed by one entry after the other.
//!
//! `machine/queues`, `machine/topics` and `machine/subscriptions` apply the commands, `machine/due` does what time
//! brings, `machine/moves` lets move tasks go on, `machine/priority` takes
//! from the members of priority queues, `machine/leases` is for consumers that hold messages by a connection, `machine/outside` knows what becomes of deliveries to the outside,
//! `machine/archives` keeps publications and delivers them again, `machine/records` what is only kept, `machine/bodies`
//! knows who still needs which body and where it lies, `machine/fingerprint` sums up what every entry led to,
//! `machine/weight` keeps count of the memory that all of it takes, `machine/views` is what can be read.

mod archives;
mod bodies;
mod due;
mod fingerprint;
#[cfg(test)]
mod invariants;
mod leases;
mod moves;
mod outside;
mod priority;
mod queues;
mod records;
mod subscriptions;
mod topics;
mod views;
mod weight;

pub use archives::ArchivedMessage;

use crate::codec::Codec;
use crate::message::Publication;
use crate::move_task::MoveTask;
use crate::queue::remains::Remains;
use crate::topic::archive::Archive;
use crate::topic::subscription::{Endpoint, Subscription};
use crate::{
    Clock, Command, Entry, Error, Genesis, Name, Position, Queue, QueueId, Record, RecordId, RecordKey,
    Reply, SubscriptionId, Tally, Timestamp, Topic, TopicId, encoded,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

encoded! {
    /// The state of the hub.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct Machine {
        time: Timestamp,
        genesis: Option<Genesis>,
        clock: Clock,
        /// The last identity given to a queue, topic, subscription or record.
        last_id: u64,
        queues: BTreeMap<QueueId, Queue>,
        queue_names: BTreeMap<Name, QueueId>,
        /// When queues of these names were deleted, as long as that can matter.
        deleted_names: BTreeMap<Name, Timestamp>,
        deleted_order: VecDeque<(Timestamp, Name)>,
        topics: BTreeMap<TopicId, Topic>,
        topic_names: BTreeMap<Name, TopicId>,
        subscriptions: BTreeMap<SubscriptionId, Subscription>,
        by_endpoint: BTreeMap<(TopicId, Endpoint), SubscriptionId>,
        /// The subscriptions of deleted topics, in the order in which they are to be forgotten.
        orphans: VecDeque<(Timestamp, BTreeSet<SubscriptionId>)>,
        /// When each subscription is to be forgotten whose endpoint has not agreed, or has withdrawn.
        subscriptions_due: BTreeSet<(Timestamp, SubscriptionId)>,
        records: BTreeMap<RecordId, Record>,
        record_keys: BTreeMap<RecordKey, RecordId>,
        /// Published messages by the first place of their body.
        publications: BTreeMap<Position, Publication>,
        /// When each queue is to be looked at again.
        due: BTreeSet<(Timestamp, QueueId)>,
        /// When each topic is to be looked at again, to forget what it accepted or archived.
        topics_due: BTreeSet<(Timestamp, TopicId)>,
        /// What deleted topics had archived.
        archives_cut_off: VecDeque<Archive>,
        /// What purged and deleted queues and deleted topics held.
        reclaim: VecDeque<Remains>,
        /// The last move tasks of each source, the oldest first. None but the last runs.
        move_tasks: BTreeMap<QueueId, VecDeque<MoveTask>>,
        /// When each source with a task that runs is to be looked at.
        moves_due: BTreeSet<(Timestamp, QueueId)>,
        /// What all entries led to, one after the other.
        fingerprint: u64,
        /// The lengths of all bodies that something refers to, also something that waits to be reclaimed.
        body_bytes: u64,
        /// About how many bytes of memory the state takes.
        weight: u64,
    }
}

/// Something whose view must be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A queue was created, changed or deleted.
    Queue(QueueId),
    /// A topic was created, changed or deleted, or one of its subscriptions was.
    Topic(TopicId),
    /// A subscription was created, changed or deleted.
    Subscription(SubscriptionId),
    /// A record was created, changed or removed.
    Record(RecordId),
}

/// What applying an entry led to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What became of each command, in order.
    pub replies: Vec<Result<Reply, Error>>,
    /// The queues that may have something to take now, or that are gone, and what was done in each.
    pub touched: BTreeMap<QueueId, Tally>,
    /// A subscription for each delivery that found neither its queue nor a dead-letter queue.
    pub undelivered: Vec<SubscriptionId>,
    /// What looks different from outside.
    pub changed: BTreeSet<Change>,
    /// How many bodies of this entry are needed from now on.
    pub kept: u32,
    /// Bodies, of this or earlier entries, that nothing needs any more.
    pub released: Vec<Position>,
}

/// Where the new identities of an entry come from: a bijection of a counter that starts at a place of its own for
/// each seed, also if the seeds are neighbours.
struct Identities {
    next: u128,
}

/// Time and the rest of what applying one entry works with.
struct Scope<'a> {
    now: Timestamp,
    /// The start of the hub that the entry is of.
    run: u64,
    identities: Identities,
    applied: &'a mut Applied,
}

impl Machine {
    /// Changes state as the entry says. First does what is due at the entry's time.
    pub fn apply(&mut self, entry: &Entry) -> Applied {
        let mut applied = Applied::default();
        self.time = self.time.max(entry.header.time);
        let mut scope = Scope {
            now: self.time,
            run: entry.header.run,
            identities: Identities::new(entry.header.seed),
            applied: &mut applied,
        };
        self.run_due(&mut scope);
        for command in &entry.commands {
            let reply = self.execute(command, &mut scope);
            scope.applied.replies.push(reply);
        }
        self.advance_fingerprint(&applied);
        applied
    }

    fn execute(&mut self, command: &Command, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        match command {
            Command::Genesis(genesis) => self.begin(genesis),
            Command::Tick => Ok(Reply::Done),
            Command::SetClock(clock) => {
                self.clock = *clock;
                Ok(Reply::Done)
            }
            Command::CreateQueue(create) => self.create_queue(create, scope),
            Command::SetQueueAttributes(set) => self.set_queue_attributes(set, scope),
            Command::SetQueueTags(set) => self.set_queue_tags(set, scope),
            Command::DeleteQueue(queue) => self.delete_queue(*queue, scope),
            Command::PurgeQueue(purge) => self.purge_queue(purge, scope),
            Command::Send(send) => self.send(send, scope),
            Command::Receive(receive) => self.receive(receive, scope),
            Command::Delete(delete) => self.delete(delete, scope),
            Command::ChangeVisibility(change) => self.change_visibility(change, scope),
            Command::CreateTopic(create) => self.create_topic(create, scope),
            Command::SetTopicAttributes(set) => self.set_topic_attributes(set, scope),
            Command::SetTopicTags(set) => self.set_topic_tags(set, scope),
            Command::DeleteTopic(topic) => self.delete_topic(*topic, scope),
            Command::Subscribe(subscribe) => self.subscribe(subscribe, scope),
            Command::SetSubscriptionAttributes(set) => self.set_subscription_attributes(set, scope),
            Command::Unsubscribe(subscription) => self.unsubscribe(*subscription, scope),
            Command::Publish(publish) => self.publish(publish, scope),
            Command::Carry(carry) => Ok(self.carry(carry, scope)),
            Command::Vouch(_) => Ok(Reply::Done),
            Command::Discard(discard) => Ok(self.discard_damaged(discard, scope)),
            Command::StartMove(start) => self.start_move(start, scope),
            Command::CancelMove(cancel) => self.cancel_move(cancel),
            Command::Confirm(confirm) => self.confirm(confirm, scope),
            Command::Withdraw(withdraw) => self.withdraw(withdraw, scope),
            Command::Settle(settle) => self.settle(settle, scope),
            Command::Redeliver(redeliver) => self.redeliver(redeliver, scope),
            Command::SetRecord(set) => self.set_record(set, scope),
            Command::Renew(renew) => self.renew(renew, scope),
            Command::Bury(bury) => self.bury_now(bury, scope),
            Command::GiveBack(back) => self.give_back(back, scope),
        }
    }

    fn begin(&mut self, genesis: &Genesis) -> Result<Reply, Error> {
        if self.genesis.is_some() {
            return Err(Error::GenesisTwice);
        }
        self.genesis = Some(genesis.clone());
        Ok(Reply::Done)
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A hash of the whole state: the same after the same entries, whoever applied them.
    #[must_use]
    pub fn digest(&self) -> u128 {
        // FNV-1a with 128 bits: not against forgery, only against drift.
        const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        self.to_bytes().iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
    }
}

impl Identities {
    fn new(seed: u128) -> Self {
        Self { next: feistel(seed) }
    }

    fn next(&mut self) -> u128 {
        let mixed = feistel(self.next);
        self.next = self.next.wrapping_add(1);
        // The bits that mark a random UUID (RFC 9562, version 4).
        (mixed & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62)
    }
}

/// A bijection that spreads each bit over all others, by four rounds of a Feistel network.
fn feistel(value: u128) -> u128 {
    let (mut left, mut right) = ((value >> 64) as u64, value as u64);
    for round in 1..=4_u64 {
        let mut mixed = right.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (left, right) = (right, left ^ mixed ^ (mixed >> 31));
    }
    (u128::from(left) << 64) | u128::from(right)
}
