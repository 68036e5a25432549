//! One message in one queue, without its body.

use crate::codec::{Codec, DecodeError, Reader};
use crate::weight::shared_text;
use crate::{Name, Receipt, SubscriptionId, Timestamp, encoded};
use std::sync::Arc;

/// A place in the log, in bytes from its beginning; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

impl Codec for Position {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u64::decode(input).map(Self)
    }
}

encoded! {
    /// Where a body lies in the log.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct BodyRef {
        /// Its first byte; meaningless in a command that has not been in the log yet.
        pub position: Position,
        /// Its length, without the seal that follows it.
        pub bytes: u32,
    }

    /// Which receive may see the message next.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum State {
        /// Any.
        0 => Visible,
        /// None before this moment; it has never been received since it was sent.
        1 => Delayed(Timestamp),
        /// None before this moment, unless it is deleted first.
        2 => InFlight(Timestamp),
        /// Any, which then finds it exhausted; if none comes before this moment, it is given up by itself.
        3 => Spent(Timestamp),
    }

    /// How a message came from a topic.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Via {
        pub(crate) subscription: SubscriptionId,
        pub(crate) raw: bool,
        /// Whether it came from the topic's archive.
        pub(crate) replayed: bool,
    }

    /// One message in one queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Message {
        pub(crate) id: u128,
        /// Where its body lies; of a message that came from a topic, where that lay first, which is the identity
        /// of the publication.
        pub(crate) body: BodyRef,
        pub(crate) via: Option<Via>,
        pub(crate) state: State,
        /// When it was sent or published.
        pub(crate) sent: Timestamp,
        /// When its retention began.
        pub(crate) enqueued: Timestamp,
        pub(crate) first_received: Option<Timestamp>,
        /// How often it was received, in all the queues where it has been.
        pub(crate) receives: u32,
        /// How often it had been received when it came into this queue, and how often that did not count since.
        pub(crate) receives_before: u32,
        pub(crate) group: Option<Arc<str>>,
        /// The queue that gave it up.
        pub(crate) source: Option<Arc<Name>>,
    }

    /// A published message: one body, however many queues hold it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Publication {
        pub(crate) id: u128,
        /// Where its body lies now.
        pub(crate) body: BodyRef,
        pub(crate) sequence: Option<u64>,
        /// How many messages refer to it, the topic's archive among them.
        pub(crate) references: u32,
    }
}

impl Message {
    /// A message as it comes into its first queue, which decides on its state.
    pub(crate) fn new(
        id: u128,
        body: BodyRef,
        via: Option<Via>,
        group: Option<Arc<str>>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            body,
            via,
            state: State::Visible,
            sent: now,
            enqueued: now,
            first_received: None,
            receives: 0,
            receives_before: 0,
            group,
            source: None,
        }
    }

    /// The weight of what lies elsewhere. Where it came from is shared with its neighbours, as a rule.
    pub(crate) fn weigh_texts(&self) -> u64 {
        let group = self.group.as_ref().map_or(0, |group| shared_text(group.len()));
        group + if self.source.is_some() { 16 } else { 0 }
    }
}

impl State {
    /// When it changes by itself.
    pub(crate) fn until(self) -> Option<Timestamp> {
        match self {
            Self::Visible => None,
            Self::Delayed(until) | Self::InFlight(until) | Self::Spent(until) => Some(until),
        }
    }

    /// Whether a receive may see the message.
    pub(crate) fn is_visible(self) -> bool {
        match self {
            Self::Visible | Self::Spent(_) => true,
            Self::Delayed(_) | Self::InFlight(_) => false,
        }
    }
}

/// What a receiver is told of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Names this receive of this message.
    pub receipt: Receipt,
    /// The message's identity, to be shown as a UUID.
    pub id: u128,
    /// Where its body is.
    pub body: BodyRef,
    /// When it was sent or published.
    pub sent: Timestamp,
    /// When it was received for the first time.
    pub first_received: Timestamp,
    /// How often it was received, this time included.
    pub receives: u32,
    /// How many of these count in this queue.
    pub attempts: u32,
    /// Its number in a FIFO queue, from 1.
    pub sequence: Option<u64>,
    /// The queue that gave it up, if it is dead.
    pub source: Option<Box<Name>>,
    /// How it came from a topic, if it did.
    pub topical: Option<Topical>,
}

/// What a receiver is told of the publish behind a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topical {
    /// The subscription that delivered it.
    pub subscription: SubscriptionId,
    /// Whether it is delivered without an envelope.
    pub raw: bool,
    /// The identity that the publisher was told.
    pub id: u128,
    /// Its number in a FIFO topic, from 1.
    pub sequence: Option<u64>,
    /// Whether it came from the topic's archive.
    pub replayed: bool,
}
