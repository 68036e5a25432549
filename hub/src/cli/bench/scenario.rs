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
    /// From a publish to the receivers over HTTP that it is pushed to.
    Push,
    /// From a send to the one of many long polls that it wakes.
    Polls,
    /// `Send`, to a server that only reads and answers.
    Floor,
}

impl Scenario {
    pub(super) const ALL: [Self; 7] =
        [Self::Send, Self::Receive, Self::Fanout, Self::EndToEnd, Self::Push, Self::Polls, Self::Floor];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Fanout => "fanout",
            Self::EndToEnd => "e2e",
            Self::Push => "push",
            Self::Polls => "polls",
            Self::Floor => "floor",
        }
    }

    /// Whether queues are filled or emptied as fast as that goes, so that it matters how long and of which kind they are.
    pub(super) const fn is_of_queues(self) -> bool {
        match self {
            Self::Send | Self::Receive => true,
            Self::Fanout | Self::EndToEnd | Self::Push | Self::Polls | Self::Floor => false,
        }
    }

    /// Whether something is done so many times a second, and not as fast as it can be.
    pub(super) const fn has_rate(self) -> bool {
        match self {
            Self::EndToEnd | Self::Push | Self::Polls => true,
            Self::Send | Self::Receive | Self::Fanout | Self::Floor => false,
        }
    }

    /// Whether each queue needs a connection of its own: one that had none would be left out without a word.
    pub(super) const fn has_connections_per_queue(self) -> bool {
        match self {
            Self::Send | Self::Receive | Self::EndToEnd | Self::Polls => true,
            Self::Fanout | Self::Push | Self::Floor => false,
        }
    }

    /// Whether the messages go through a topic.
    pub(super) const fn has_topic(self) -> bool {
        match self {
            Self::Fanout | Self::EndToEnd | Self::Push => true,
            Self::Send | Self::Receive | Self::Polls | Self::Floor => false,
        }
    }

    /// Connections, unless somebody says how many.
    pub(super) const fn connections(self) -> u32 {
        match self {
            Self::Polls => 10_000,
            // It publishes, and at so many times a second.
            Self::Push => 1,
            Self::Send | Self::Receive | Self::Fanout | Self::EndToEnd | Self::Floor => 64,
        }
    }
}
