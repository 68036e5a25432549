//! A message in the hands of a consumer.

use std::ops::Deref;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::command::{Command, How, Settle, Settled};
use super::consumer::Lost;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::error::Error;
use crate::message::Message;

/// A message that this consumer holds, until it says what became of it.
///
/// A delivery that is dropped without a word is given back at once, and comes again. The hub renews the lease as long
/// as the connection lives; [`Delivery::lost`] tells when the lease has ended all the same.
#[derive(Debug)]
pub struct Delivery {
    pub(super) message: Message,
    pub(super) queue: String,
    pub(super) is_redelivered: bool,
    pub(super) ticket: Ticket,
    pub(super) lost: watch::Receiver<Option<Lost>>,
}

/// What names the delivery to the hub.
pub(super) struct Ticket {
    pub(super) sub: String,
    pub(super) tag: u64,
    pub(super) generation: u64,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) client: Client,
    /// Nothing is to be said of it any more.
    pub(super) is_settled: bool,
}

impl Delivery {
    /// The message itself.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The name of the queue; of the member, where a priority queue is consumed.
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// Whether somebody, perhaps this program, was given it before.
    pub fn is_redelivered(&self) -> bool {
        self.is_redelivered
    }

    /// The message is done: it does not come again, once this has returned.
    pub async fn ack(self) -> Result<(), Error> {
        self.settle(How::Ack).await
    }

    /// The message could not be processed: it comes again after the delay.
    pub async fn nack(self, delay: Duration) -> Result<(), Error> {
        self.settle(How::Nack { delay, reason: None }).await
    }

    /// The same, with a reason that the hub's log shows.
    pub async fn nack_because(self, delay: Duration, reason: impl Into<String>) -> Result<(), Error> {
        self.settle(How::Nack { delay, reason: Some(reason.into()) }).await
    }

    /// This message and all later ones of its group that this consumer holds come again, in their order. The other
    /// deliveries are lost to whoever has them.
    pub async fn nack_group(self, delay: Duration) -> Result<(), Error> {
        self.settle(How::NackGroup { delay, reason: None }).await
    }

    /// The same, with a reason that the hub's log shows.
    pub async fn nack_group_because(self, delay: Duration, reason: impl Into<String>) -> Result<(), Error> {
        self.settle(How::NackGroup { delay, reason: Some(reason.into()) }).await
    }

    /// The message goes to the dead-letter queue of its queue at once.
    pub async fn dead_letter(self, reason: impl Into<String>) -> Result<(), Error> {
        self.settle(How::DeadLetter { reason: Some(reason.into()) }).await
    }

    /// Holds the message for so long from now on, where the hub does not renew the lease by itself.
    pub async fn extend(&self, lease: Duration) -> Result<(), Error> {
        let told = self.ticket.tell(How::Extend { lease });
        self.finish(told, Some(lease)).await
    }

    /// Waits until the message is not this consumer's any more, and says why. Work on it is to be given up then.
    pub async fn lost(&self) -> Lost {
        let mut lost = self.lost.clone();
        loop {
            let now = *lost.borrow_and_update();
            if let Some(why) = now {
                return why;
            }
            if lost.changed().await.is_err() {
                // It was settled: nothing can be lost any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether the message is not this consumer's any more, and why.
    pub fn is_lost(&self) -> Option<Lost> {
        *self.lost.borrow()
    }

    async fn settle(mut self, how: How) -> Result<(), Error> {
        let delay = match how {
            How::Ack => None,
            How::Nack { delay, .. } | How::NackGroup { delay, .. } => Some(delay),
            How::DeadLetter { .. } | How::Extend { .. } => Some(Duration::ZERO),
        };
        self.ticket.is_settled = true;
        if let Some(why) = self.is_lost().filter(|why| *why != Lost::Forgotten) {
            return Err(Error::Lost(why));
        }
        let told = self.ticket.tell(how);
        self.finish(told, delay).await
    }

    /// Waits for the answer. A session that has ended with its hub knows no tags, but the receipt handle still works:
    /// with a visibility the message is held or comes back, without one it is done.
    async fn finish(
        &self,
        told: oneshot::Receiver<Settled>,
        visibility: Option<Duration>,
    ) -> Result<(), Error> {
        match told.await {
            Ok(Settled::Done) => Ok(()),
            Ok(Settled::Lost(why)) => Err(Error::Lost(why)),
            Ok(Settled::Refused(fault)) => Err(fault.into()),
            Ok(Settled::Unknown) | Err(_) => self.finish_by_handle(visibility).await,
        }
    }

    /// The same over HTTP. Doing it twice is doing it once, so it waits for the hub as long as the socket does.
    async fn finish_by_handle(&self, visibility: Option<Duration>) -> Result<(), Error> {
        let queue = self.ticket.client.queue(&self.queue);
        let handle = &self.message.receipt_handle;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        loop {
            let result = match visibility {
                None => queue.delete(handle).await,
                Some(visibility) => queue.change_visibility(handle, visibility).await,
            };
            match result {
                Err(error) if error.is_passing() && !self.ticket.commands.is_closed() => {
                    tokio::time::sleep(backoff.failed()).await;
                }
                result => return result,
            }
        }
    }
}

impl Deref for Delivery {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl Ticket {
    fn tell(&self, how: How) -> oneshot::Receiver<Settled> {
        let (reply, told) = oneshot::channel();
        let Self { sub, tag, generation, .. } = self;
        let settle = Settle { sub: sub.clone(), tag: *tag, generation: *generation, how, reply };
        let _ = self.commands.send(Command::Settle(settle));
        told
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_settled {
            drop(self.tell(How::Nack { delay: Duration::ZERO, reason: None }));
        }
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Ticket({}, {})", self.sub, self.tag)
    }
}
