//! [`Tally`]: what an entry did in one queue, for whoever counts. It is told, and no part of the state.

use std::ops::AddAssign;

/// What an entry did in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Messages that were sent or delivered into it, also those that a move task brought; what came from a queue that
    /// gave it up does not count.
    pub sent: u32,
    /// Messages that receives took.
    pub received: u32,
    /// Messages that were deleted by receipt.
    pub deleted: u32,
    /// Receives that ended because their visibility timeout did.
    pub timed_out: u32,
    /// Messages that it gave up to its dead-letter queue.
    pub buried: u32,
    /// Messages that move tasks took out of it.
    pub moved: u32,
    /// Messages whose retention ended.
    pub expired: u32,
    /// The bodies of the messages that were sent.
    pub sent_bytes: u64,
    /// The bodies of the messages that were received.
    pub received_bytes: u64,
}

impl Tally {
    /// One message was sent.
    pub(crate) fn sent(bytes: u32) -> Self {
        Self { sent: 1, sent_bytes: bytes.into(), ..Self::default() }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.sent += more.sent;
        self.received += more.received;
        self.deleted += more.deleted;
        self.timed_out += more.timed_out;
        self.buried += more.buried;
        self.moved += more.moved;
        self.expired += more.expired;
        self.sent_bytes += more.sent_bytes;
        self.received_bytes += more.received_bytes;
    }
}

/// How many of something one entry concerned, which its size keeps far below the most that can be said.
pub(crate) fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
