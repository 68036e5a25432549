//! The engine's thread.

use super::waiters::{Waiter, Waiters};
use super::{Delivery, Error, Event, Responder};
use crate::catalogue::Catalogue;
use crate::secrets::Secrets;
use crate::storage::clock::{ClockChange, ClockState, LogClock};
use crate::storage::{self, Batch, Log};
use queue_core::{
    Applied, ChangeVisibility, Command, Entry, Genesis, Machine, Position, Proposal, QueueId, Received,
    Reply, Timestamp,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Commands that one batch holds at most.
const COMMANDS_PER_BATCH: usize = 1_024;
/// Bytes after which a batch is full.
const BYTES_PER_BATCH: usize = 4 << 20;
/// How long something due that nobody waits for stays undone.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// When something is due that an earlier entry had no room for.
const LEFT_OVER: Timestamp = Timestamp(0);

/// Who is to be told what became of a command.
enum Answer {
    Reply(Responder<Reply>),
    Receive(Waiter),
    /// A receiver that is to ask again, after those who came before.
    Again(Waiter),
    Read {
        queue: QueueId,
        read: Box<dyn FnOnce(&Machine) + Send>,
    },
    Settled(Responder<ClockState>),
    Nobody,
}

pub(super) struct Runner {
    machine: Machine,
    log: Box<dyn Log>,
    clock: Arc<LogClock>,
    inbox: Receiver<Event>,
    catalogue: Arc<Catalogue>,
    secrets: Arc<Secrets>,
    waiters: Waiters,
    batch: Batch,
    proposals: Vec<Proposal>,
    answers: Vec<Answer>,
    bytes: usize,
    /// The answers of the batches that are with the log.
    proposed: VecDeque<(Batch, Vec<Answer>)>,
    /// Receivers to be looked at when the entry being applied has been served.
    again: Vec<Waiter>,
    may_wait: bool,
    stopping: bool,
    last_housekeeping: Instant,
}

impl Runner {
    pub(super) fn new(
        log: Box<dyn Log>,
        clock: Arc<LogClock>,
        inbox: Receiver<Event>,
        catalogue: Arc<Catalogue>,
        secrets: Arc<Secrets>,
    ) -> Self {
        Self {
            machine: Machine::default(),
            log,
            clock,
            inbox,
            catalogue,
            secrets,
            waiters: Waiters::default(),
            batch: Batch { run: 1, number: 0 },
            proposals: Vec::new(),
            answers: Vec::new(),
            bytes: 0,
            proposed: VecDeque::new(),
            again: Vec::new(),
            may_wait: true,
            stopping: false,
            last_housekeeping: Instant::now(),
        }
    }

    /// Begins a log.
    pub(super) fn begin(&mut self, genesis: Genesis) {
        self.add(&Command::Genesis(genesis), Answer::Nobody);
    }

    /// Works until it is told to stop or the log fails.
    pub(super) fn run(mut self) -> Result<(), storage::Error> {
        loop {
            self.turn()?;
            if self.is_idle() {
                if self.stopping {
                    return Ok(());
                }
                self.wait();
            }
            self.take_in();
        }
    }

    /// Whether nothing is collected and nothing is with the log.
    fn is_idle(&self) -> bool {
        self.proposals.is_empty() && self.proposed.is_empty()
    }

    /// Proposes what has been collected, and applies and answers what has become durable.
    fn turn(&mut self) -> Result<(), storage::Error> {
        for waiter in self.waiters.expired(Instant::now()) {
            respond(waiter.responder, Ok(Vec::new()));
        }
        self.tick_if_due();
        self.propose();
        while let Some(next) = self.log.next() {
            let (position, entry) = next?;
            self.apply(position, &entry)?;
        }
        Ok(())
    }

    /// Waits for the next event, but not beyond the next thing to do.
    fn wait(&mut self) {
        let event = match self.idle_time() {
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(time) => self.inbox.recv_timeout(time),
        };
        match event {
            Ok(event) => self.handle(event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.stopping = true,
        }
    }

    /// Collects what has arrived, up to a full batch.
    fn take_in(&mut self) {
        while self.proposals.len() < COMMANDS_PER_BATCH && self.bytes < BYTES_PER_BATCH {
            let Ok(event) = self.inbox.try_recv() else { return };
            self.handle(event);
        }
    }

    /// How long nothing will have to be done; none if not before the next event.
    fn idle_time(&self) -> Option<Duration> {
        let deadline = self.waiters.next_deadline().map(|at| at.saturating_duration_since(Instant::now()));
        let log_time = self.clock.state();
        // While time stands still nothing falls due by itself.
        let until = |at: Timestamp| at.since(Timestamp(log_time.now_ms));
        let running = |time: &Duration| !log_time.frozen || time.is_zero();
        let wake = self.waiters.next_wake().map(until).filter(running);
        let since_last = HOUSEKEEPING.saturating_sub(self.last_housekeeping.elapsed());
        let keep_house = match self.machine.next_due() {
            Some(at) if at == LEFT_OVER => Some(Duration::ZERO),
            at => at.map(until).filter(running).map(|time| time.max(since_last)),
        };
        [deadline, wake, keep_house].into_iter().flatten().min()
    }

    /// Has due things done where somebody would notice, or where they have been due for a while.
    fn tick_if_due(&mut self) {
        if !self.is_idle() {
            return;
        }
        let now = self.clock.now();
        let awaited = self.waiters.next_wake().is_some_and(|at| at <= now);
        let left_over = self.machine.next_due() == Some(LEFT_OVER);
        let lagging = self.machine.next_due().is_some_and(|at| at <= now)
            && self.last_housekeeping.elapsed() >= HOUSEKEEPING;
        if awaited || left_over || lagging {
            self.last_housekeeping = Instant::now();
            self.add(&Command::Tick, Answer::Nobody);
        }
    }

    fn add(&mut self, command: &Command, answer: Answer) {
        self.add_proposal(Proposal::new(command, Vec::new()), answer);
    }

    fn add_proposal(&mut self, proposal: Proposal, answer: Answer) {
        self.bytes += proposal.bytes();
        self.proposals.push(proposal);
        self.answers.push(answer);
    }

    fn propose(&mut self) {
        if self.proposals.is_empty() {
            return;
        }
        self.batch.number += 1;
        self.log.propose(self.batch, &self.proposals);
        self.proposals.clear();
        self.bytes = 0;
        self.proposed.push_back((self.batch, std::mem::take(&mut self.answers)));
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Execute { proposal, responder } => self.add_proposal(proposal, Answer::Reply(responder)),
            Event::Receive(waiter) => self.receive(waiter),
            Event::Gone { queue, waiter } => {
                self.waiters.remove(queue, waiter);
                self.watch(queue);
            }
            Event::PutBack { queue, deliveries } => self.put_back(queue, &deliveries),
            Event::Read { queue, read } => self.read(queue, read),
            Event::Turn { changes, responder } => self.turn_clock(&changes, responder),
            Event::StopWaiting => self.stop_waiting(),
            Event::Stop => {
                self.stop_waiting();
                self.stopping = true;
            }
        }
    }

    /// Takes for the receiver if there is something it may get, else lets it wait.
    fn receive(&mut self, waiter: Waiter) {
        let id = waiter.receive.queue;
        let Some(queue) = self.machine.queue(id) else {
            return respond(waiter.responder, Err(Error::Refused(queue_core::Error::NoSuchQueue)));
        };
        let due = self.is_due(id);
        let first_come = !self.waiters.is_waiting(id);
        let something = queue.deliverable() > self.waiters.claims(id) || waiter.receive.attempt.is_some();
        if due && !first_come {
            // What is due is for those who came before.
            self.add(&Command::Tick, Answer::Again(waiter));
        } else if due || (something && first_come) {
            self.propose_receive(waiter);
        } else if waiter.deadline.is_some() && self.may_wait {
            self.waiters.add(waiter);
            self.watch(id);
        } else if queue.room() == 0 && !queue.attributes.fifo && waiter.deadline.is_none() {
            respond(waiter.responder, Err(Error::Refused(queue_core::Error::OverLimit)));
        } else {
            respond(waiter.responder, Ok(Vec::new()));
        }
    }

    /// Whether time has something to do in the queue.
    fn is_due(&self, queue: QueueId) -> bool {
        self.machine.next_due_of(queue).is_some_and(|at| at <= self.clock.now())
    }

    fn propose_receive(&mut self, waiter: Waiter) {
        self.waiters.claim(waiter.receive.queue);
        self.add(&Command::Receive(waiter.receive.clone()), Answer::Receive(waiter));
    }

    /// Has the queue looked at when something is due in it, if somebody waits for it.
    fn watch(&mut self, queue: QueueId) {
        self.waiters.wake_at(queue, self.machine.next_due_of(queue));
    }

    fn read(&mut self, queue: Option<QueueId>, read: Box<dyn FnOnce(&Machine) + Send>) {
        match queue.filter(|queue| self.is_due(*queue)) {
            Some(queue) => self.add(&Command::Tick, Answer::Read { queue, read }),
            None => read(&self.machine),
        }
    }

    fn turn_clock(&mut self, changes: &[ClockChange], responder: Responder<ClockState>) {
        let clock = changes.iter().fold(self.machine.clock(), |_, change| self.clock.turn(*change));
        self.add(&Command::SetClock(clock), Answer::Settled(responder));
    }

    fn stop_waiting(&mut self) {
        self.may_wait = false;
        for waiter in self.waiters.all() {
            respond(waiter.responder, Ok(Vec::new()));
        }
    }

    fn apply(&mut self, position: Position, entry: &Entry) -> Result<(), storage::Error> {
        let mut applied = self.machine.apply(entry);
        self.catalogue.refresh(&self.machine, &applied.changed, &self.secrets);
        let batch = Batch { run: entry.header.run, number: entry.header.batch };
        let replies = std::mem::take(&mut applied.replies);
        // An entry that somebody else proposed is applied like any other; its answers are not ours to give.
        if self.proposed.front().is_some_and(|(ours, _)| *ours == batch)
            && let Some((_, answers)) = self.proposed.pop_front()
        {
            for (answer, reply) in answers.into_iter().zip(replies) {
                self.answer(answer, reply)?;
            }
        }
        self.log.applied(position, applied.kept, &applied.released);
        self.serve(&applied);
        for waiter in std::mem::take(&mut self.again) {
            self.receive(waiter);
        }
        Ok(())
    }

    fn answer(
        &mut self,
        answer: Answer,
        reply: Result<Reply, queue_core::Error>,
    ) -> Result<(), storage::Error> {
        match answer {
            Answer::Reply(responder) => respond(responder, reply.map_err(Error::Refused)),
            Answer::Receive(waiter) => return self.answer_receive(waiter, reply),
            Answer::Again(waiter) => self.again.push(waiter),
            Answer::Read { queue, read } => self.read(Some(queue), read),
            Answer::Settled(responder) => {
                if self.machine.next_due().is_some_and(|at| at <= self.machine.time()) {
                    self.add(&Command::Tick, Answer::Settled(responder));
                } else {
                    respond(responder, Ok(self.clock.state()));
                }
            }
            Answer::Nobody => {}
        }
        Ok(())
    }

    fn answer_receive(
        &mut self,
        waiter: Waiter,
        reply: Result<Reply, queue_core::Error>,
    ) -> Result<(), storage::Error> {
        let queue = waiter.receive.queue;
        self.waiters.unclaim(queue);
        match reply {
            Ok(Reply::Received(messages)) if messages.is_empty() => self.wait_on(waiter),
            Ok(Reply::Received(messages)) => {
                let deliveries = messages.into_iter().map(|message| self.deliver(message));
                let deliveries = deliveries.collect::<Result<Vec<_>, _>>()?;
                if let Err(Ok(deliveries)) = waiter.responder.send(Ok(deliveries)) {
                    self.put_back(queue, &deliveries);
                }
            }
            // A receive that waits is answered emptily where one that does not is told why.
            Err(queue_core::Error::OverLimit) if waiter.deadline.is_some() => self.wait_on(waiter),
            Err(error) => respond(waiter.responder, Err(Error::Refused(error))),
            Ok(reply) => {
                tracing::error!(?reply, "a receive got a reply that belongs to another command");
                respond(waiter.responder, Err(Error::Stopped));
            }
        }
        Ok(())
    }

    /// Lets a receiver that got nothing wait on, in its old place.
    fn wait_on(&mut self, waiter: Waiter) {
        let queue = waiter.receive.queue;
        if waiter.deadline.is_some_and(|deadline| deadline > Instant::now()) && self.may_wait {
            self.waiters.add(waiter);
            self.watch(queue);
        } else {
            respond(waiter.responder, Ok(Vec::new()));
        }
    }

    fn deliver(&self, message: Received) -> Result<Delivery, storage::Error> {
        self.log.read(message.body).map(|body| Delivery { message, body })
    }

    /// The receiver has gone before it was answered: what was taken for it is visible again.
    fn put_back(&mut self, queue: QueueId, deliveries: &[Delivery]) {
        let changes = deliveries.iter().map(|delivery| (delivery.message.receipt, Duration::ZERO)).collect();
        self.add(&Command::ChangeVisibility(ChangeVisibility { queue, changes }), Answer::Nobody);
    }

    /// Gives waiters what has become visible for them.
    fn serve(&mut self, applied: &Applied) {
        for id in &applied.touched {
            let Some(queue) = self.machine.queue(*id) else {
                for waiter in self.waiters.all_of(*id) {
                    respond(waiter.responder, Err(Error::Refused(queue_core::Error::NoSuchQueue)));
                }
                self.watch(*id);
                continue;
            };
            let deliverable = queue.deliverable();
            while self.waiters.claims(*id) < deliverable {
                let Some(waiter) = self.waiters.first(*id) else {
                    break;
                };
                self.propose_receive(waiter);
            }
            self.watch(*id);
        }
    }
}

/// Whoever asked may have gone; then nobody needs the answer.
fn respond<T>(responder: Responder<T>, answer: Result<T, Error>) {
    let _ = responder.send(answer);
}
