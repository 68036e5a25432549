//! What the handles of a socket ask of the task that drives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot, watch};

use super::buffer::Buffer;
use super::consumer::Lost;
use super::delivery::Delivery;
use super::frame::Stats;
use super::live::Since;
use crate::client::Client;
use crate::error::{Error, Fault};

/// The answer to a request.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// Where the deliveries of a consumer go.
pub(super) type Deliveries = mpsc::UnboundedSender<Result<Delivery, Error>>;

/// One wish.
pub(super) enum Command {
    Consume {
        sub: String,
        request: Map<String, Value>,
        credit: u32,
        deliveries: Deliveries,
        stats: watch::Sender<Option<Stats>>,
        reply: Reply<()>,
    },
    Subscribe {
        sub: String,
        request: Map<String, Value>,
        since: Since,
        buffer: Arc<Buffer>,
        reply: Reply<()>,
    },
    Credit {
        sub: String,
        credit: u32,
    },
    Settle(Settle),
    /// A publish or a send: the answer is the id of the message.
    Put {
        operation: &'static str,
        request: Map<String, Value>,
        reply: Reply<String>,
    },
    /// No more deliveries; what is held has so long to be settled.
    Stop {
        sub: String,
        drain: Duration,
        reply: Option<Reply<()>>,
    },
    /// The reader of a live subscription has gone.
    Forget {
        sub: String,
    },
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// What becomes of a delivery.
pub(super) struct Settle {
    pub(super) sub: String,
    pub(super) tag: u64,
    /// The session that has given out the tag.
    pub(super) generation: u64,
    pub(super) how: How,
    pub(super) reply: oneshot::Sender<Settled>,
}

/// The ways to settle, and to hold on.
#[derive(Clone, Debug)]
pub(super) enum How {
    Ack,
    Nack { delay: Duration, reason: Option<String> },
    NackGroup { delay: Duration, reason: Option<String> },
    DeadLetter { reason: Option<String> },
    Extend { lease: Duration },
}

/// Whether it was done.
#[derive(Debug)]
pub(super) enum Settled {
    Done,
    Lost(Lost),
    /// The hub does not know the tag, and may know the receipt handle.
    Unknown,
    Refused(Fault),
}

/// The way to the task. The task ends when the last of these is gone.
#[derive(Clone)]
pub(super) struct Commands {
    pub(super) sender: mpsc::UnboundedSender<Command>,
    pub(super) client: Client,
    names: Arc<AtomicU64>,
}

impl Commands {
    pub(super) fn new(sender: mpsc::UnboundedSender<Command>, client: Client) -> Self {
        Self { sender, client, names: Arc::default() }
    }

    /// A name for a consumer or a subscription that no other of this socket has.
    pub(super) fn name(&self) -> String {
        self.names.fetch_add(1, Ordering::Relaxed).to_string()
    }

    /// Says what needs no answer. If the task has ended, it needs no saying either.
    pub(super) fn say(&self, command: Command) {
        let _ = self.sender.send(command);
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.say(command(reply));
        answer.await.unwrap_or_else(|_| Err(self.client.closed(None, "it was closed before the answer")))
    }
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Socket({:?})", self.client)
    }
}
