//! Receiving for as long as there is somebody who wants messages.

use std::collections::VecDeque;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::error::Error;
use crate::message::Message;
use crate::queue::{Queue, Receive};

/// The messages of a queue, one after the other, by long polls.
///
/// A hub that cannot be reached is asked again, later and later; a refusal is for the caller. Messages that were
/// received and not yet handed out are hidden until their visibility timeout ends, so one that stops early takes few
/// at a time (`Receive::count`).
#[derive(Debug)]
pub struct Incoming {
    queue: Queue,
    receive: Receive,
    received: VecDeque<Message>,
    backoff: Backoff,
}

impl Incoming {
    pub(crate) fn new(queue: Queue, receive: Receive) -> Self {
        let wait = if receive.wait.is_zero() { Duration::from_secs(20) } else { receive.wait };
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        Self { queue, receive: Receive { wait, ..receive }, received: VecDeque::new(), backoff }
    }

    /// The next message, as soon as there is one.
    pub async fn next(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(message);
            }
            match self.queue.receive(self.receive).await {
                Ok(messages) => {
                    self.backoff.worked();
                    self.received.extend(messages);
                }
                Err(error) if error.is_passing() => tokio::time::sleep(self.backoff.failed()).await,
                Err(error) => return Err(error),
            }
        }
    }
}
