//! The closed list of changes, which is the format of the log.
//!
//! A command carries everything it needs, also what a setting decided: applying it reads no settings. Tags are
//! for ever: a new command takes a new tag, a changed one as well.

mod upkeep;

pub use upkeep::{Carried, Carry, Discard, Holder, Vouch};

use crate::deduplication::DeduplicationKeys;
use crate::topic::TopicAttributes;
use crate::topic::subscription::{Endpoint, SubscriptionAttributes};
use crate::{
    BodyRef, Clock, Name, QueueAttributes, QueueId, Receipt, RecordKey, SubscriptionId, TopicId, encoded,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The behaviour that this version has and that a new log begins with. A log of another level stops the program.
pub const LEVEL: u32 = 2;

/// Tags of a queue or topic.
pub type Tags = BTreeMap<Box<str>, Box<str>>;

encoded! {
    /// One change of state.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Command {
        /// The first command of every log.
        0 => Genesis(Genesis),
        /// Does what is due and nothing else.
        1 => Tick,
        /// Turns log time.
        2 => SetClock(Clock),
        /// Creates a queue.
        3 => CreateQueue(CreateQueue),
        /// Replaces the attributes of a queue.
        4 => SetQueueAttributes(SetQueueAttributes),
        /// Replaces the tags of a queue.
        5 => SetQueueTags(SetQueueTags),
        /// Deletes a queue with all it holds.
        6 => DeleteQueue(QueueId),
        /// Empties a queue.
        7 => PurgeQueue(PurgeQueue),
        /// Sends messages to one queue, all or none.
        8 => Send(Send),
        /// Takes messages.
        9 => Receive(Receive),
        /// Deletes messages, each by itself.
        10 => Delete(Delete),
        /// Changes how long messages stay in flight, each by itself.
        11 => ChangeVisibility(ChangeVisibility),
        /// Creates a topic.
        12 => CreateTopic(CreateTopic),
        /// Replaces the attributes of a topic.
        13 => SetTopicAttributes(SetTopicAttributes),
        /// Replaces the tags of a topic.
        14 => SetTopicTags(SetTopicTags),
        /// Deletes a topic; its subscriptions stay readable for a while.
        15 => DeleteTopic(TopicId),
        /// Subscribes an endpoint to a topic.
        16 => Subscribe(Subscribe),
        /// Replaces the attributes of a subscription.
        17 => SetSubscriptionAttributes(SetSubscriptionAttributes),
        /// Ends a subscription.
        18 => Unsubscribe(SubscriptionId),
        /// Publishes messages to one topic, all or none.
        19 => Publish(Publish),
        /// Moves bodies to the end of the log, so that what lies before can be used anew.
        20 => Carry(Carry),
        /// Says what a machine had become; changes nothing.
        21 => Vouch(Vouch),
        /// Gives up messages whose bodies are damaged beyond repair.
        22 => Discard(Discard),
        /// Starts to move the messages of a queue elsewhere.
        23 => StartMove(StartMove),
        /// Ends a move task that runs.
        24 => CancelMove(CancelMove),
        /// The endpoint of a subscription agrees.
        25 => Confirm(Confirm),
        /// The endpoint of a subscription ends it, which it can undo for a while.
        26 => Withdraw(Withdraw),
        /// Says what became of messages on their way to an endpoint outside.
        27 => Settle(Settle),
        /// Delivers messages of an archive again.
        28 => Redeliver(Redeliver),
        /// Keeps, changes or removes a record.
        29 => SetRecord(SetRecord),
        /// Lets receives that have not ended last longer, each by itself.
        30 => Renew(Renew),
        /// Moves messages to the dead-letter queue at once, each by itself.
        31 => Bury(Bury),
        /// Undoes receives whose messages nobody has seen, each by itself.
        32 => GiveBack(GiveBack),
    }

    /// The identity of a store and its secrets, which outlive every restart.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Genesis {
        /// Which behaviour the log was begun with.
        pub level: u32,
        /// The store's identity.
        pub store: u128,
        /// Authenticates receipt handles.
        pub handle_key: [u8; 32],
        /// Keys the hashes of deduplication ids and the derived identities.
        pub hash_key: [u8; 32],
    }

    /// Creates a queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CreateQueue {
        /// Its name.
        pub name: Name,
        /// All of its attributes.
        pub attributes: QueueAttributes,
        /// Its tags.
        pub tags: Tags,
        /// Refuse if a queue of that name was deleted less long ago than
        /// [`crate::limits::DELETED_NAME_HELD`].
        pub hold_deleted_name: bool,
    }

    /// Replaces the attributes of a queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetQueueAttributes {
        /// The queue.
        pub queue: QueueId,
        /// The version of the queue that the new attributes were computed from.
        pub seen: u64,
        /// All of its attributes; what is fixed at creation stays as it was.
        pub attributes: QueueAttributes,
    }

    /// Replaces the tags of a queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetQueueTags {
        /// The queue.
        pub queue: QueueId,
        /// The version of the queue that the new tags were computed from.
        pub seen: u64,
        /// All of its tags.
        pub tags: Tags,
    }

    /// Empties a queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PurgeQueue {
        /// The queue.
        pub queue: QueueId,
        /// Refuse if the last purge is less long ago.
        pub not_within: Duration,
    }

    /// Sends messages to one queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Send {
        /// The queue.
        pub queue: QueueId,
        /// The messages, in order.
        pub messages: Vec<Outgoing>,
    }

    /// A message to be sent.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Outgoing {
        /// Its body.
        pub body: BodyRef,
        /// Its own delay; a FIFO queue ignores it.
        pub delay: Option<Duration>,
        /// Its group; required on a FIFO queue.
        pub group: Option<Arc<str>>,
        /// What makes it a duplicate; required on a FIFO queue, ignored elsewhere.
        pub deduplication: Option<DeduplicationKeys>,
    }

    /// Takes messages from one queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Receive {
        /// The queue.
        pub queue: QueueId,
        /// How many at most.
        pub maximum: u32,
        /// How long they stay hidden.
        pub visibility: Duration,
        /// The keyed hash of an attempt id: a repetition gives the same messages again (FIFO queues only).
        pub attempt: Option<u128>,
    }

    /// Deletes messages of one queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Delete {
        /// The queue.
        pub queue: QueueId,
        /// The receives that are done.
        pub receipts: Vec<Receipt>,
    }

    /// Changes how long messages of one queue stay in flight.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ChangeVisibility {
        /// The queue.
        pub queue: QueueId,
        /// Which receives, and how long each is to last from now on.
        pub changes: Vec<(Receipt, Duration)>,
    }

    /// Lets receives of one queue that have not ended last longer.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Renew {
        /// The queue.
        pub queue: QueueId,
        /// The receives.
        pub receipts: Vec<Receipt>,
        /// How long each is to last from now on at least; none ends it.
        pub visibility: Duration,
    }

    /// Moves messages of one queue to its dead-letter queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Bury {
        /// The queue.
        pub queue: QueueId,
        /// The receives, which have not ended.
        pub receipts: Vec<Receipt>,
    }

    /// Undoes receives of one queue: the messages are visible at once, and the receives do not count.
    ///
    /// Only for receives that nobody was told of: the next one has the same number.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct GiveBack {
        /// The queue.
        pub queue: QueueId,
        /// The receives, which have not ended.
        pub receipts: Vec<Receipt>,
    }

    /// Creates a topic.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CreateTopic {
        /// Its name.
        pub name: Name,
        /// All of its attributes.
        pub attributes: TopicAttributes,
        /// Its tags.
        pub tags: Tags,
    }

    /// Replaces the attributes of a topic.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetTopicAttributes {
        /// The topic.
        pub topic: TopicId,
        /// The version of the topic that the new attributes were computed from.
        pub seen: u64,
        /// All of its attributes; what is fixed at creation stays as it was.
        pub attributes: TopicAttributes,
    }

    /// Replaces the tags of a topic.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetTopicTags {
        /// The topic.
        pub topic: TopicId,
        /// The version of the topic that the new tags were computed from.
        pub seen: u64,
        /// All of its tags.
        pub tags: Tags,
    }

    /// Subscribes an endpoint to a topic.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Subscribe {
        /// The topic.
        pub topic: TopicId,
        /// The account that subscribes.
        pub owner: Arc<str>,
        /// Where deliveries go.
        pub endpoint: Endpoint,
        /// All of its attributes.
        pub attributes: SubscriptionAttributes,
        /// What the endpoint is asked first. Without it, it has agreed.
        pub asked: Option<Notice>,
        /// Whether the endpoint is one of whoever subscribes, who alone can end the subscription then.
        pub is_owners: bool,
    }

    /// A message to an endpoint outside about its subscription, to be answered within a time.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Notice {
        /// The message.
        pub body: BodyRef,
        /// How long the answer is waited for.
        pub within: Duration,
    }

    /// The endpoint of a subscription agrees, or takes back that it ended it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Confirm {
        /// The subscription.
        pub subscription: SubscriptionId,
        /// Whether it was somebody who is known, without whom it cannot be ended then.
        pub authenticated: bool,
    }

    /// The endpoint of a subscription ends it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Withdraw {
        /// The subscription.
        pub subscription: SubscriptionId,
        /// What the endpoint is told.
        pub notice: Notice,
    }

    /// What became of messages that were taken from the queue of a subscription.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Settle {
        /// The queue, which is one of a subscription.
        pub queue: QueueId,
        /// What became of each.
        pub outcomes: Vec<(Receipt, Outcome)>,
    }

    /// What became of a message on its way to an endpoint outside.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Outcome {
        /// It is there.
        0 => Delivered,
        /// It is to be tried again after this time.
        1 => Retry(Duration),
        /// It was not tried, which does not count as a receive; it is to be received again after this time.
        2 => Untried(Duration),
        /// It is not to be tried again: it goes to the subscription's dead-letter queue, or is dropped.
        3 => Failed,
    }

    /// Delivers messages of an archive again.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Redeliver {
        /// The topic.
        pub topic: TopicId,
        /// Where they go.
        pub target: Target,
        /// Those that are to be delivered, in order: their bodies are named by the identities of the publications, and
        /// whom they match does not matter.
        pub messages: Vec<Outbound>,
    }

    /// Where messages of an archive go.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Target {
        /// To a subscription that asks for them by its attributes.
        0 => Policy(Progress),
        /// To a subscription, this time.
        1 => Subscription(SubscriptionId),
        /// To a queue, without an envelope.
        2 => Queue(Name),
    }

    /// How far a replay comes by a command.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Progress {
        /// The subscription.
        pub subscription: SubscriptionId,
        /// The version of the subscription that says what is wanted, and of what its filter lets through.
        pub version: u64,
        /// How far it had come.
        pub seen: u64,
        /// How far it comes: the number of the last message that was considered.
        pub reached: u64,
    }

    /// Keeps, changes or removes a record.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetRecord {
        /// What it is found by.
        pub key: RecordKey,
        /// The version that the change was computed from; 0 if there was no such record.
        pub seen: u64,
        /// What it says from now on; none removes it.
        pub fields: Option<Tags>,
    }

    /// Replaces the attributes of a subscription.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetSubscriptionAttributes {
        /// The subscription.
        pub subscription: SubscriptionId,
        /// The version of the subscription that the new attributes were computed from.
        pub seen: u64,
        /// All of its attributes.
        pub attributes: SubscriptionAttributes,
    }

    /// Publishes messages to one topic.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Publish {
        /// The topic.
        pub topic: TopicId,
        /// The version of the topic's subscriptions that the matches were computed from.
        pub seen: u64,
        /// The messages, in order.
        pub messages: Vec<Outbound>,
    }

    /// A message to be published.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Outbound {
        /// Its body, stored once.
        pub body: BodyRef,
        /// The subscriptions whose filters let it through.
        pub matches: Vec<SubscriptionId>,
        /// Its group; required on a FIFO topic.
        pub group: Option<Arc<str>>,
        /// Which member of a priority queue it asks for.
        pub priority: Option<Arc<str>>,
        /// What makes it a duplicate; required on a FIFO topic, ignored elsewhere.
        pub deduplication: Option<DeduplicationKeys>,
        /// Its size as a queue counts it, delivered raw.
        pub raw_bytes: u32,
        /// Its size as a queue counts it, delivered in an envelope.
        pub envelope_bytes: u32,
        /// How many attributes a raw delivery has to carry.
        pub attributes: u32,
    }

    /// Starts to move the messages that a queue holds.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct StartMove {
        /// The queue where they are.
        pub source: QueueId,
        /// Where they go, by name: it may be gone by the time. Each to the queue that gave it up if it is not said.
        pub destination: Option<Name>,
        /// How many a second may take; any number if it is not said.
        pub per_second: Option<u32>,
    }

    /// Ends a move task that runs.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct CancelMove {
        /// The queue whose messages it moves.
        pub source: QueueId,
        /// The task.
        pub task: u128,
    }
}

impl Command {
    /// The bodies that the command brings, in order.
    pub(crate) fn bodies_mut(&mut self) -> Vec<&mut BodyRef> {
        match self {
            Self::Send(send) => send.messages.iter_mut().map(|message| &mut message.body).collect(),
            Self::Publish(publish) => publish.messages.iter_mut().map(|message| &mut message.body).collect(),
            Self::Carry(carry) => carry.bodies.iter_mut().map(|carried| &mut carried.body).collect(),
            Self::Subscribe(subscribe) => subscribe.asked.iter_mut().map(|notice| &mut notice.body).collect(),
            Self::Withdraw(withdraw) => vec![&mut withdraw.notice.body],
            Self::Genesis(_)
            | Self::Tick
            | Self::SetClock(_)
            | Self::CreateQueue(_)
            | Self::SetQueueAttributes(_)
            | Self::SetQueueTags(_)
            | Self::DeleteQueue(_)
            | Self::PurgeQueue(_)
            | Self::Receive(_)
            | Self::Delete(_)
            | Self::ChangeVisibility(_)
            | Self::CreateTopic(_)
            | Self::SetTopicAttributes(_)
            | Self::SetTopicTags(_)
            | Self::DeleteTopic(_)
            | Self::SetSubscriptionAttributes(_)
            | Self::Unsubscribe(_)
            | Self::Vouch(_)
            | Self::Discard(_)
            | Self::StartMove(_)
            | Self::CancelMove(_)
            | Self::Confirm(_)
            | Self::Settle(_)
            | Self::Redeliver(_)
            | Self::SetRecord(_)
            | Self::Renew(_)
            | Self::Bury(_)
            | Self::GiveBack(_) => Vec::new(),
        }
    }
}
