//! The things that can be measured.

/// What is done over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// Messages into queues.
    Send,
    /// Messages out of queues: receive and delete.
    Receive,
    /// Messages to a topic, which go into all its queues.
    Fanout,
    /// From a publish to the consumer that waits for it.
    EndToEnd,
    /// `Send`, to a server that only reads and answers.
    Floor,
}

impl Scenario {
    pub(super) const ALL: [Self; 5] = [Self::Send, Self::Receive, Self::Fanout, Self::EndToEnd, Self::Floor];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Fanout => "fanout",
            Self::EndToEnd => "e2e",
            Self::Floor => "floor",
        }
    }

    pub(super) const fn has_backlog(self) -> bool {
        match self {
            Self::Send | Self::Receive => true,
            Self::Fanout | Self::EndToEnd | Self::Floor => false,
        }
    }

    /// Whether each queue needs a connection of its own: one that had none would be left out without a word.
    pub(super) const fn has_connections_per_queue(self) -> bool {
        match self {
            Self::Send | Self::Receive | Self::EndToEnd => true,
            Self::Fanout | Self::Floor => false,
        }
    }

    /// Whether the messages go through a topic.
    pub(super) const fn has_topic(self) -> bool {
        match self {
            Self::Fanout | Self::EndToEnd => true,
            Self::Send | Self::Receive | Self::Floor => false,
        }
    }
}
