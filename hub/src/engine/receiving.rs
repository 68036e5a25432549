//! A receiver's side of a receive: it waits for messages, has their bodies loaded, and gives everything back if it
//! goes away before it has them.

use super::{Delivery, Engine, Error, Event};
use crate::storage::{self, Body};
use queue_core::{QueueId, Receipt, Received};
use tokio::sync::oneshot;

/// A message that was taken, whose body may still have to be read.
pub(crate) struct Taken {
    pub(crate) message: Received,
    pub(super) body: Body,
}

impl Taken {
    fn is_at_hand(&self) -> bool {
        match self.body {
            Body::AtHand(_) => true,
            Body::Stored(_) => false,
        }
    }

    /// Waits for the disk if the body is there.
    fn load(self) -> Result<Delivery, storage::Error> {
        Ok(Delivery { message: self.message, body: self.body.load()? })
    }

    /// The same, away from the threads that answer requests.
    pub(crate) async fn read(self) -> Result<Delivery, storage::Error> {
        if self.is_at_hand() {
            return self.load();
        }
        // If the runtime is ending, nobody needs it.
        tokio::task::spawn_blocking(|| self.load()).await.map_err(|_| storage::Error::Closed)?
    }
}

/// A receiver. When it is dropped before its end, the engine keeps nothing for it, and takes back what it was given.
pub(super) struct Receiving<'a> {
    pub(super) engine: &'a Engine,
    pub(super) queue: QueueId,
    pub(super) attempt: Option<u128>,
    pub(super) waiter: u64,
    pub(super) is_waiting: bool,
    pub(super) response: oneshot::Receiver<Result<Vec<Taken>, Error>>,
}

impl Receiving<'_> {
    /// The messages, unread, when there are some or the wait is over.
    pub(super) async fn taken(mut self) -> Result<Vec<Taken>, Error> {
        let response = (&mut self.response).await;
        self.is_waiting = false;
        response.map_err(|_| Error::Stopped)?
    }

    /// The messages, when there are some or the wait is over.
    pub(super) async fn deliveries(self) -> Result<Vec<Delivery>, Error> {
        let (engine, queue, attempt) = (self.engine, self.queue, self.attempt);
        load(engine, queue, attempt, self.taken().await?).await
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        if self.is_waiting {
            let _ = self.engine.send(Event::Gone { queue: self.queue, waiter: self.waiter });
        }
        // From here on the engine cannot give it anything; what it gave before is there, or was taken.
        self.response.close();
        if let Ok(Ok(taken)) = self.response.try_recv() {
            drop(Loading::new(self.engine, self.queue, self.attempt, &taken));
        }
    }
}

impl Engine {
    /// A message that was received already, once more with its body. It stays with its receiver if that cannot be read.
    pub(crate) async fn again(&self, message: Received) -> Result<Delivery, Error> {
        let taken = self.look(None, move |_, log| Taken { body: log.body(message.body), message }).await?;
        let loaded = if taken.is_at_hand() {
            taken.load()
        } else {
            tokio::task::spawn_blocking(move || taken.load()).await.map_err(|_| Error::Stopped)?
        };
        loaded.map_err(|_| Error::Damaged)
    }
}

/// Messages whose bodies are being read. When it is dropped before its end they are given back.
struct Loading<'a> {
    engine: &'a Engine,
    queue: QueueId,
    attempt: Option<u128>,
    receipts: Vec<Receipt>,
}

impl<'a> Loading<'a> {
    fn new(engine: &'a Engine, queue: QueueId, attempt: Option<u128>, taken: &[Taken]) -> Self {
        Self { engine, queue, attempt, receipts: receipts(taken) }
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let receipts = std::mem::take(&mut self.receipts);
        if !receipts.is_empty() {
            let _ = self.engine.send(Event::PutBack { queue: self.queue, receipts, attempt: self.attempt });
        }
    }
}

/// What names the messages that were taken.
pub(super) fn receipts(taken: &[Taken]) -> Vec<Receipt> {
    taken.iter().map(|one| one.message.receipt).collect()
}

/// Reads the bodies, those that are on the disk away from the threads that answer requests. What is not given to the
/// receiver and is not damaged is given back.
async fn load(
    engine: &Engine,
    queue: QueueId,
    attempt: Option<u128>,
    taken: Vec<Taken>,
) -> Result<Vec<Delivery>, Error> {
    let some = !taken.is_empty();
    let mut loading = Loading::new(engine, queue, attempt, &taken);
    let loaded = if taken.iter().all(Taken::is_at_hand) {
        load_each(queue, taken)
    } else {
        let loaded = tokio::task::spawn_blocking(move || load_each(queue, taken)).await;
        // If the runtime is ending, what was taken is given back.
        loaded.map_err(|_| Error::Stopped)?
    };
    // An error that says nothing about the messages themselves gives all of them back.
    let Loaded { deliveries, given_back } = loaded.map_err(|Unreadable| Error::Damaged)?;
    loading.receipts = given_back;
    if some && deliveries.is_empty() { Err(Error::Damaged) } else { Ok(deliveries) }
}

/// What became of messages whose bodies were read. Those that are in neither list stay in flight.
struct Loaded {
    deliveries: Vec<Delivery>,
    given_back: Vec<Receipt>,
}

/// A body could not be read, though nothing says that it is damaged. The log has the reason.
struct Unreadable;

/// A message whose body is damaged is left out: it stays in flight until its timeout, and is neither lost nor in the way
/// of others. In a FIFO queue what came after it may belong to its group, and must not overtake it.
fn load_each(queue: QueueId, taken: Vec<Taken>) -> Result<Loaded, Unreadable> {
    let mut deliveries = Vec::new();
    let mut taken = taken.into_iter();
    for one in taken.by_ref() {
        let position = one.message.body.position.0;
        let is_ordered = one.message.sequence.is_some();
        match one.load() {
            Ok(delivery) => deliveries.push(delivery),
            Err(error @ storage::Error::Body { .. }) => {
                tracing::error!(
                    %error,
                    position,
                    queue = queue.0,
                    "the body of a message cannot be read; the message stays in flight until its timeout"
                );
                if is_ordered {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(
                    %error,
                    position,
                    queue = queue.0,
                    "the body of a message cannot be read now; what was received with it is given back"
                );
                return Err(Unreadable);
            }
        }
    }
    Ok(Loaded { deliveries, given_back: receipts(taken.as_slice()) })
}
