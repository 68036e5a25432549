//! The shell around the machine: collects commands into batches for the log, applies what comes back, and answers.
//!
//! One thread owns the machine. Requests reach it through an inbox; whoever waits for an answer holds the other end
//! of a one-shot channel. A request is answered after its entry is durable and applied, never before. `waiters`
//! holds the receivers that wait for a message to come, `collected` what waits for the log.
//!
//! At most one batch is with the log. When it comes back, the next one is proposed before it is applied and answered,
//! so that a disk and the machine work at the same time, and batches grow with the load.

mod archive;
mod collected;
pub(crate) mod desk;
mod growth;
mod inbox;
mod receive;
mod receiving;
mod run;
mod scrape;
#[cfg(test)]
mod tests;
mod waiters;

use crate::catalogue::Catalogue;
use crate::live::{Live, Tap};
use crate::metrics::Metrics;
use crate::secrets::Secrets;
use crate::storage::clock::{ClockChange, ClockState, LogClock};
use crate::storage::room::{Lack, Room};
use crate::storage::store::Propose;
use crate::storage::{self, Log};
use crate::telemetry::span;
pub(crate) use archive::{Archived, Span};
use bytes::Bytes;
use desk::Caller;
use inbox::{Inbox, Sender};
use queue_core::{Command, Genesis, Machine, Proposal, QueueId, Receipt, Receive, Received, Reply};
use receiving::Receiving;
pub(crate) use receiving::Taken;
use run::Runner;
use scrape::Scrape;
pub(crate) use scrape::Scraped;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// Why the engine did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The machine refused.
    #[error("refused: {0:?}")]
    Refused(queue_core::Error),
    /// There is no room for it.
    #[error("there is no room: {0:?}")]
    Full(Lack),
    /// Nothing was taken but messages whose bodies are damaged, or the disk did not give the bodies now.
    #[error("the messages cannot be read")]
    Damaged,
    /// The engine has stopped, at a shutdown or because its log failed. What became of the request is unknown.
    #[error("the engine has stopped")]
    Stopped,
}

/// A message on its way to a receiver.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) message: Received,
    pub(crate) body: Bytes,
}

type Responder<T> = oneshot::Sender<Result<T, Error>>;

/// A look at the machine, and at the log for bodies.
type Read = Box<dyn FnOnce(&Machine, &dyn Log) + Send>;

/// What the inbox holds.
enum Event {
    Execute {
        proposal: Proposal,
        caller: Caller,
        tap: Option<Tap>,
    },
    /// From those who keep the store in order.
    Upkeep {
        proposal: Proposal,
        /// It is written even where there is no room for anything else.
        is_vital: bool,
    },
    Receive(waiters::Waiter),
    /// A receiver that was waiting has gone.
    Gone {
        queue: QueueId,
        waiter: u64,
    },
    /// A receiver does not take what it was given.
    PutBack {
        queue: QueueId,
        receipts: Vec<Receipt>,
        attempt: Option<u128>,
    },
    Read {
        queue: Option<QueueId>,
        read: Read,
    },
    Scrape(Scrape),
    Turn {
        changes: Vec<ClockChange>,
        responder: Responder<ClockState>,
    },
    /// No receive waits from now on; those that do are answered.
    StopWaiting,
    Stop,
}

impl Event {
    /// Whether it cannot wait until the batch that is with the log is back.
    fn is_pressing(&self) -> bool {
        match self {
            Self::Execute { .. }
            | Self::Upkeep { .. }
            | Self::Receive(_)
            | Self::Gone { .. }
            | Self::PutBack { .. }
            | Self::Read { .. }
            | Self::Scrape(_)
            | Self::Turn { .. } => false,
            Self::StopWaiting | Self::Stop => true,
        }
    }
}

/// What an engine starts with.
pub(crate) struct Start {
    pub(crate) log: Box<dyn Log>,
    /// The state after everything that the log holds.
    pub(crate) machine: Machine,
    /// The number of this start.
    pub(crate) run: u64,
    pub(crate) clock: Arc<LogClock>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) room: Arc<Room>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) live: Arc<Live>,
    /// How much memory state may take.
    pub(crate) max_state_bytes: u64,
    /// What a log that holds nothing begins with.
    pub(crate) genesis: Option<Genesis>,
}

/// The way to the machine.
pub(crate) struct Engine {
    inbox: Sender,
    clock: Arc<LogClock>,
    room: Arc<Room>,
    next_waiter: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Closed when the thread ends, however it does.
    alive: watch::Receiver<()>,
}

impl Engine {
    /// Starts the engine where recovery ended, or on an empty log.
    pub(crate) fn start(mut start: Start) -> io::Result<Self> {
        let (inbox, events) = Inbox::new();
        let wake = inbox.clone();
        start.log.wake_with(Box::new(move || wake.send_news_of_the_log()));
        start.catalogue.fill(&start.machine, &start.secrets);
        let (clock, room) = (Arc::clone(&start.clock), Arc::clone(&start.room));
        let runner = Runner::new(start, events);
        let (lives, alive) = watch::channel(());
        let work = move || {
            let _lives = lives;
            if let Err(error) = runner.run() {
                tracing::error!(%error, "the log failed; nothing more is acknowledged");
            }
        };
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(work)?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { inbox, clock, room, next_waiter: AtomicU64::new(0), thread, alive })
    }

    /// Has a command logged and applied. The `bodies` stand in the order of the command's references to them.
    pub(crate) async fn execute(&self, command: Command, bodies: Vec<Vec<u8>>) -> Result<Reply, Error> {
        self.execute_for(command, bodies, None).await
    }

    /// The same for a publish, which those who read its topic live are shown when it has come about.
    pub(crate) async fn publish(
        &self,
        command: Command,
        bodies: Vec<Vec<u8>>,
        tap: Tap,
    ) -> Result<Reply, Error> {
        self.execute_for(command, bodies, Some(tap)).await
    }

    async fn execute_for(
        &self,
        command: Command,
        bodies: Vec<Vec<u8>>,
        tap: Option<Tap>,
    ) -> Result<Reply, Error> {
        if growth::grows(&command) {
            let pause = self.room.to_grow().map_err(Error::Full)?;
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        } else {
            self.room.to_write().map_err(Error::Full)?;
        }
        let _span = span::commit(&bodies);
        let (responder, response) = oneshot::channel();
        // The checksums of the bodies are made here, so that the engine's thread has no work with them.
        let proposal = Proposal::new(&command, bodies, storage::seal);
        self.send(Event::Execute { proposal, caller: Caller::new(responder), tap })?;
        response.await.map_err(|_| Error::Stopped)?
    }

    /// For those who keep the store in order, on threads of their own. What becomes of a command is not waited for: the
    /// engine may be waiting for them. A tick goes through even when nothing else can be written: it gives the next
    /// checkpoint a position of its own, without which no space would come back.
    pub(crate) fn proposer(&self) -> Propose {
        let inbox = self.inbox.clone();
        Box::new(move |command, bodies| {
            let is_vital = command == Command::Tick;
            let proposal = Proposal::new(&command, bodies, storage::seal);
            inbox.send(Event::Upkeep { proposal, is_vital }).is_ok()
        })
    }

    /// Takes messages; waits up to `wait` for the first. If the caller stops waiting, it is not given any: a
    /// message taken for it in the last moment is visible again at once.
    pub(crate) async fn receive(&self, receive: Receive, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let span = span::receive(receive.maximum, wait);
        let deliveries = self.receiving(receive, None, wait)?.deliveries().await?;
        span::received(&span, deliveries.len());
        Ok(deliveries)
    }

    /// The same, for as many messages as there is room for when there are some, which the caller says all the while.
    pub(crate) async fn receive_growing(
        &self,
        receive: Receive,
        maximum: Arc<AtomicU32>,
        wait: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        let span = span::receive(receive.maximum, wait);
        let deliveries = self.receiving(receive, Some(maximum), wait)?.deliveries().await?;
        span::received(&span, deliveries.len());
        Ok(deliveries)
    }

    /// The same, but what is taken is read by the caller, or put back by it.
    pub(crate) async fn take(&self, receive: Receive, wait: Duration) -> Result<Vec<Taken>, Error> {
        let span = span::receive(receive.maximum, wait);
        let taken = self.receiving(receive, None, wait)?.taken().await?;
        span::received(&span, taken.len());
        Ok(taken)
    }

    fn receiving(
        &self,
        receive: Receive,
        growing: Option<Arc<AtomicU32>>,
        wait: Duration,
    ) -> Result<Receiving<'_>, Error> {
        let (responder, response) = oneshot::channel();
        let id = self.next_waiter.fetch_add(1, Ordering::Relaxed);
        let (queue, attempt) = (receive.queue, receive.attempt);
        let deadline = (!wait.is_zero()).then(|| Instant::now() + wait);
        self.send(Event::Receive(waiters::Waiter { id, receive, growing, deadline, responder }))?;
        let is_waiting = deadline.is_some();
        Ok(Receiving { engine: self, queue, attempt, waiter: id, is_waiting, response })
    }

    /// Reads from the machine. If a queue is named, everything due in it is done first, so that its counters are
    /// those of this moment.
    pub(crate) async fn read<R: Send + 'static>(
        &self,
        queue: Option<QueueId>,
        read: impl FnOnce(&Machine) -> R + Send + 'static,
    ) -> Result<R, Error> {
        self.look(queue, move |machine, _| read(machine)).await
    }

    async fn look<R: Send + 'static>(
        &self,
        queue: Option<QueueId>,
        read: impl FnOnce(&Machine, &dyn Log) -> R + Send + 'static,
    ) -> Result<R, Error> {
        let (responder, response) = oneshot::channel();
        let read = Box::new(move |machine: &Machine, log: &dyn Log| {
            // A reader that has gone needs no answer.
            let _ = responder.send(read(machine, log));
        });
        self.send(Event::Read { queue, read })?;
        response.await.map_err(|_| Error::Stopped)
    }

    /// How everything stands, with so many queues by their names.
    pub(crate) async fn scrape(&self, limit: usize) -> Result<Scraped, Error> {
        let (responder, response) = oneshot::channel();
        self.send(Event::Scrape(Scrape { limit, responder }))?;
        response.await.map_err(|_| Error::Stopped)?
    }

    /// How log time stands.
    pub(crate) fn clock(&self) -> ClockState {
        self.clock.state()
    }

    /// Turns log time, and answers when everything that fell due by it has been done.
    pub(crate) async fn turn_clock(&self, changes: Vec<ClockChange>) -> Result<ClockState, Error> {
        let (responder, response) = oneshot::channel();
        self.send(Event::Turn { changes, responder })?;
        response.await.map_err(|_| Error::Stopped)?
    }

    /// Answers all receives that wait, and lets none wait from now on.
    pub(crate) fn stop_waiting(&self) {
        // An engine that has stopped has nobody waiting.
        let _ = self.inbox.send(Event::StopWaiting);
    }

    /// Ends the engine after what has been proposed is answered.
    pub(crate) fn stop(&self) {
        let _ = self.inbox.send(Event::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.map(JoinHandle::join).is_some_and(|ended| ended.is_err()) {
            tracing::error!("the engine panicked");
        }
    }

    /// Whether the engine still answers.
    pub(crate) fn is_running(&self) -> bool {
        self.alive.has_changed().is_ok()
    }

    /// Returns when the engine has ended.
    pub(crate) async fn ended(&self) {
        let mut alive = self.alive.clone();
        while alive.changed().await.is_ok() {}
    }

    fn send(&self, event: Event) -> Result<(), Error> {
        self.inbox.send(event).map_err(|_| Error::Stopped)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whoever asked may have gone; then nobody needs the answer.
fn respond<T>(responder: Responder<T>, answer: Result<T, Error>) {
    let _ = responder.send(answer);
}
