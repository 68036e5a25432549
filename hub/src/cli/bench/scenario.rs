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
    /// WebSockets that say nothing.
    SocketIdle,
    /// From a publish to those who watch a topic over WebSockets; publishes are said on one as well.
    SocketLive,
    /// The same to consumers of queues.
    SocketConsume,
    /// Messages out of queues: pushed to consumers over WebSockets, and acknowledged.
    SocketDrain,
    /// `Send`, to a server that only reads and answers.
    Floor,
}

impl Scenario {
    pub(super) const ALL: [Self; 11] = [
        Self::Send,
        Self::Receive,
        Self::Fanout,
        Self::EndToEnd,
        Self::Push,
        Self::Polls,
        Self::SocketIdle,
        Self::SocketLive,
        Self::SocketConsume,
        Self::SocketDrain,
        Self::Floor,
    ];

    /// As it is asked for: a word, or two.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Fanout => "fanout",
            Self::EndToEnd => "e2e",
            Self::Push => "push",
            Self::Polls => "polls",
            Self::SocketIdle => "ws idle",
            Self::SocketLive => "ws live",
            Self::SocketConsume => "ws consume",
            Self::SocketDrain => "ws drain",
            Self::Floor => "floor",
        }
    }

    /// The first words of the names.
    pub(super) const WORDS: [&'static str; 8] =
        ["send", "receive", "fanout", "e2e", "push", "polls", "ws", "floor"];

    /// The second words, where there are two.
    pub(super) const SECOND_WORDS: [&'static str; 4] = ["idle", "live", "consume", "drain"];

    /// Whether queues are filled or emptied as fast as that goes, so that it matters how long and of which kind they are.
    pub(super) const fn is_of_queues(self) -> bool {
        match self {
            Self::Send | Self::Receive | Self::SocketDrain => true,
            Self::Fanout
            | Self::EndToEnd
            | Self::Push
            | Self::Polls
            | Self::SocketIdle
            | Self::SocketLive
            | Self::SocketConsume
            | Self::Floor => false,
        }
    }

    /// Whether something is done so many times a second, and not as fast as it can be.
    pub(super) const fn has_rate(self) -> bool {
        match self {
            Self::EndToEnd | Self::Push | Self::Polls | Self::SocketLive | Self::SocketConsume => true,
            Self::Send
            | Self::Receive
            | Self::Fanout
            | Self::SocketIdle
            | Self::SocketDrain
            | Self::Floor => false,
        }
    }

    /// Whether there are queues.
    pub(super) const fn has_queues(self) -> bool {
        match self {
            Self::Send
            | Self::Receive
            | Self::Fanout
            | Self::EndToEnd
            | Self::Push
            | Self::Polls
            | Self::SocketConsume
            | Self::SocketDrain
            | Self::Floor => true,
            Self::SocketIdle | Self::SocketLive => false,
        }
    }

    /// Whether each queue needs a connection of its own: one that had none would be left out without a word.
    pub(super) const fn has_connections_per_queue(self) -> bool {
        match self {
            Self::Send
            | Self::Receive
            | Self::EndToEnd
            | Self::Polls
            | Self::SocketConsume
            | Self::SocketDrain => true,
            Self::Fanout | Self::Push | Self::SocketIdle | Self::SocketLive | Self::Floor => false,
        }
    }

    /// Whether the messages go through a topic.
    pub(super) const fn has_topic(self) -> bool {
        match self {
            Self::Fanout | Self::EndToEnd | Self::Push | Self::SocketLive | Self::SocketConsume => true,
            Self::Send | Self::Receive | Self::Polls | Self::SocketIdle | Self::SocketDrain | Self::Floor => {
                false
            }
        }
    }

    /// Connections, unless somebody says how many.
    pub(super) const fn connections(self) -> u32 {
        match self {
            Self::Polls | Self::SocketIdle => 10_000,
            // `push` publishes, and at so many times a second; the others are as many as there are receivers.
            Self::Push | Self::SocketLive | Self::SocketConsume => 1,
            Self::Send | Self::Receive | Self::Fanout | Self::EndToEnd | Self::SocketDrain | Self::Floor => {
                64
            }
        }
    }

    /// Messages of a request, unless somebody says how many.
    pub(super) const fn batch(self) -> u32 {
        match self {
            Self::SocketDrain => 10,
            Self::Send
            | Self::Receive
            | Self::Fanout
            | Self::EndToEnd
            | Self::Push
            | Self::Polls
            | Self::SocketIdle
            | Self::SocketLive
            | Self::SocketConsume
            | Self::Floor => 1,
        }
    }
}
