//! A loop that hands the messages of a queue to a function.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::error::Error;
use crate::message::Message;
use crate::socket::{Consumer, Socket};
use breaker::Breaker;
use concurrency::Concurrency;
use run::Run;

mod breaker;
mod concurrency;
mod group;
mod job;
mod run;
mod store;

pub use store::{FileStore, MemoryStore, Store};

/// What a key is made of.
type Key = Arc<dyn Fn(&Message) -> String + Send + Sync>;

/// Work on the messages of a queue, about to begin.
///
/// Each message is handed to a function. If that returns without an error the message is acknowledged; if not, it
/// comes again a little later, and by the queue's redrive policy goes to the dead-letter queue in the end. The hub
/// keeps the lease for as long as the function works. If the lease is lost all the same, the function's future is
/// dropped at the point where it waits. The messages of one group are worked on one after the other.
#[must_use = "nothing is worked on before `run`"]
pub struct Worker {
    socket: Socket,
    queue: String,
    concurrency: RangeInclusive<u32>,
    once: Option<(Arc<dyn Store>, Key)>,
    breaker: Option<(u32, Duration)>,
    retry: Backoff,
    grace: Duration,
}

/// What was done until a worker has stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Messages that were worked on and acknowledged.
    pub done: u64,
    /// Times that the function has failed.
    pub failed: u64,
    /// Messages that were acknowledged without work, since they had been done before.
    pub repeated: u64,
    /// Messages that were lost while they were worked on, or before they were acknowledged.
    pub lost: u64,
}

impl Socket {
    /// A worker on a queue, by its name, URL or ARN.
    pub fn worker(&self, queue: &str) -> Worker {
        Worker {
            socket: self.clone(),
            queue: queue.to_owned(),
            concurrency: 1..=16,
            once: None,
            breaker: None,
            retry: Backoff::new(Duration::from_secs(1), Duration::from_secs(300)),
            grace: Duration::from_secs(30),
        }
    }
}

impl Worker {
    /// Works on at least and at most so many messages at once; `1..=16` if nothing is said. Between these it is more
    /// while messages wait, and fewer when working on more at once makes each of them slower.
    pub fn concurrency(mut self, messages: RangeInclusive<u32>) -> Self {
        let min = (*messages.start()).clamp(1, 1000);
        self.concurrency = min..=(*messages.end()).clamp(min, 1000);
        self
    }

    /// Works once on each message, as far as the store remembers.
    pub fn once(self, store: impl Store) -> Self {
        self.once_by(store, |message| message.message_id.clone())
    }

    /// Works once on all messages of which a function says the same, as far as the store remembers.
    pub fn once_by(
        mut self,
        store: impl Store,
        key: impl Fn(&Message) -> String + Send + Sync + 'static,
    ) -> Self {
        self.once = Some((Arc::new(store), Arc::new(key)));
        self
    }

    /// After so many failures in a row, takes nothing for a while; then tries with one message. What is wrong is
    /// probably not the messages, and they should not be counted as received until they are dead letters.
    pub fn breaker(mut self, failures: u32, pause: Duration) -> Self {
        self.breaker = Some((failures.max(1), pause));
        self
    }

    /// A message on which the work has failed comes again after so long, twice as long each time, up to a longest.
    pub fn retry(mut self, first: Duration, longest: Duration) -> Self {
        self.retry = Backoff::new(first, longest);
        self
    }

    /// Work that has begun when the worker is stopped has so long to end; 30 s if nothing is said.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Works until `stop` is there, or the queue is gone. Then it takes nothing more, ends what has begun, and gives
    /// back the rest.
    pub async fn run<H, F, E>(self, handler: H, stop: impl Future<Output = ()>) -> Result<Ended, Error>
    where
        H: Fn(Message) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let concurrency = Concurrency::new(self.concurrency.clone());
        let consume = self.socket.consume(&self.queue).credit(concurrency.limit());
        let consumer: Consumer = consume.stats(Duration::from_secs(1)).start().await?;
        let job = Arc::new(job::Job::new(handler, self.once));
        let breaker = self.breaker.map(|(failures, pause)| Breaker::new(failures, pause));
        Run::new(consumer, job, concurrency, breaker, self.retry).until(stop, self.grace).await
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Worker({}, {:?})", self.queue, self.concurrency)
    }
}
