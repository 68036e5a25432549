//! What names one receive of one message.

use crate::{QueueId, Timestamp, encoded};

encoded! {
    /// One receive of one message. The hub authenticates it on its way out and back, so the machine believes it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Receipt {
        /// The queue it was received from.
        pub queue: QueueId,
        /// The message's number in that queue.
        pub number: u64,
        /// Which receive of the message it was, from 1.
        pub receive: u32,
        /// When it was received.
        pub at: Timestamp,
    }
}
