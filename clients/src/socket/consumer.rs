//! Durable consumers of queues.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};

use super::command::{Command, Commands};
use super::delivery::Delivery;
use super::frame::Stats;
use crate::error::Error;
use crate::queue::whole_seconds;

/// How long what was already given out may still be settled after its consumer was dropped.
const DRAIN: Duration = Duration::from_secs(30);

/// Why a message is not its consumer's any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// Its lease has ended, so somebody else can receive it.
    Expired,
    /// Somebody has deleted it.
    Deleted,
    /// Its queue was purged.
    Purged,
    /// It is in the dead-letter queue.
    Moved,
    /// This program has given back the whole group, or closed the socket.
    GivenBack,
    /// The hub has forgotten the session, so it does not renew the lease. An acknowledgement can still succeed.
    Forgotten,
}

impl Lost {
    pub(super) fn of(why: &str) -> Self {
        match why {
            "deleted" => Self::Deleted,
            "purged" => Self::Purged,
            "moved" => Self::Moved,
            _ => Self::Expired,
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Expired => "its lease has ended",
            Self::Deleted => "somebody has deleted it",
            Self::Purged => "its queue was purged",
            Self::Moved => "it is in the dead-letter queue",
            Self::GivenBack => "it was given back",
            Self::Forgotten => "the hub has forgotten the session",
        })
    }
}

/// A consumer about to begin.
#[derive(Debug)]
#[must_use = "nothing is consumed before `start`"]
pub struct Consume {
    commands: Commands,
    request: Map<String, Value>,
    credit: u32,
}

impl Consume {
    pub(super) fn new(commands: Commands, queue: &str) -> Self {
        let mut request = Map::new();
        request.insert("queue".to_owned(), queue.into());
        Self { commands, request, credit: 16 }
    }

    /// At most so many messages are held at once, 1 to 1000; 16 if nothing is said.
    pub fn credit(mut self, messages: u32) -> Self {
        self.credit = messages;
        self
    }

    /// At most so many bytes of messages are held at once.
    pub fn bytes_max(self, bytes: u32) -> Self {
        self.with("maxBytes", json!(bytes))
    }

    /// The lease, in whole seconds.
    pub fn lease(self, lease: Duration) -> Self {
        self.with("lease", json!(whole_seconds(lease)))
    }

    /// The hub renews no lease; see [`Delivery::extend`].
    pub fn without_renewal(self) -> Self {
        self.with("autoExtend", json!(false))
    }

    /// The hub renews no lease past so long.
    pub fn lease_max(self, lease: Duration) -> Self {
        self.with("maxLease", json!(whole_seconds(lease)))
    }

    /// Messages are deleted when they are pushed: each is delivered at most once.
    pub fn at_most_once(self) -> Self {
        self.with("ackMode", json!("auto"))
    }

    /// The hub says so often how the queue stands; see [`Consumer::stats`].
    pub fn stats(self, every: Duration) -> Self {
        self.with("stats", json!(whole_seconds(every)))
    }

    /// Begins.
    pub async fn start(self) -> Result<Consumer, Error> {
        let Self { commands, request, credit } = self;
        let (deliveries, pushed) = mpsc::unbounded_channel();
        let (stats, seen) = watch::channel(None);
        let sub = commands.name();
        commands
            .ask(|reply| Command::Consume { sub: sub.clone(), request, credit, deliveries, stats, reply })
            .await?;
        Ok(Consumer { commands, sub, pushed, stats: seen })
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.request.insert(name.to_owned(), value);
        self
    }
}

/// The messages of a queue as they are pushed, as a stream. After a break it goes on by itself. When it is dropped,
/// nothing more is pushed, what was not taken from it is given back, and what was taken can still be settled.
#[derive(Debug)]
pub struct Consumer {
    commands: Commands,
    sub: String,
    pushed: mpsc::UnboundedReceiver<Result<Delivery, Error>>,
    stats: watch::Receiver<Option<Stats>>,
}

impl Consumer {
    /// The next message; `None` after the socket was closed.
    pub async fn next(&mut self) -> Option<Result<Delivery, Error>> {
        self.pushed.recv().await
    }

    /// At most so many messages are held from now on; 0 pauses.
    pub fn set_credit(&self, credit: u32) {
        self.commands.say(Command::Credit { sub: self.sub.clone(), credit });
    }

    /// How the queue stood when the hub last said so.
    pub fn stats(&self) -> Option<Stats> {
        *self.stats.borrow()
    }

    /// Ends the consumer and waits until all that it holds is settled, or the time is over and the rest given back.
    pub async fn stop(mut self, drain: Duration) -> Result<(), Error> {
        self.pushed.close();
        while let Ok(unread) = self.pushed.try_recv() {
            drop(unread);
        }
        let sub = std::mem::take(&mut self.sub);
        self.commands.ask(|reply| Command::Stop { sub, drain, reply: Some(reply) }).await
    }
}

impl Stream for Consumer {
    type Item = Result<Delivery, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pushed.poll_recv(context)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if !self.sub.is_empty() {
            let sub = std::mem::take(&mut self.sub);
            self.commands.say(Command::Stop { sub, drain: DRAIN, reply: None });
        }
    }
}
