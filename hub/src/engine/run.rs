//! The engine's thread.

use super::collected::{Answer, Collected};
use super::desk::Outbox;
use super::inbox::{Inbox, Until};
use super::waiters::Waiters;
use super::{Error, Event, Responder, Start, respond};
use crate::catalogue::Catalogue;
use crate::live::Recorder;
use crate::metrics::Metrics;
use crate::metrics::queues::QueueCounters;
use crate::secrets::Secrets;
use crate::storage::clock::{ClockChange, ClockState, LogClock};
use crate::storage::room::Room;
use crate::storage::witness::Witness;
use crate::storage::{self, Batch, Log};
use queue_core::{Applied, Change, Command, Entry, Machine, Position, Proposal, Reply, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long something due that nobody waits for stays undone.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// How long requests gather while a batch is with the log, before each is looked at as it comes: some of them can be
/// answered at once.
const GATHERING: Duration = Duration::from_millis(1);

/// Events that are handled before the log is looked at again.
const EVENTS_PER_TURN: usize = 4_096;

/// When something is due that an earlier entry had no room for.
const LEFT_OVER: Timestamp = Timestamp(0);

/// A batch that is with the log.
struct Proposed {
    batch: Batch,
    answers: Vec<Answer>,
    since: Instant,
}

pub(super) struct Runner {
    pub(super) machine: Machine,
    pub(super) log: Box<dyn Log>,
    pub(super) clock: Arc<LogClock>,
    inbox: Inbox,
    catalogue: Arc<Catalogue>,
    secrets: Arc<Secrets>,
    pub(super) room: Arc<Room>,
    pub(super) metrics: Arc<Metrics>,
    recorder: Recorder,
    pub(super) queue_counters: QueueCounters,
    pub(super) max_state_bytes: u64,
    is_full: bool,
    pub(super) waiters: Waiters,
    witness: Witness,
    batch: Batch,
    outbox: Outbox,
    collected: Collected,
    /// The batch that is with the log, and who is to be answered then. While there is one, the next is collected.
    with_log: Option<Proposed>,
    /// Until when nothing is proposed on our own account, because the last batch was refused for lack of room.
    resting: Option<Instant>,
    pub(super) may_wait: bool,
    stopping: bool,
    last_housekeeping: Instant,
}

impl Runner {
    pub(super) fn new(start: Start, inbox: Inbox) -> Self {
        let mut runner = Self {
            recorder: Recorder::new(start.live, &start.machine),
            machine: start.machine,
            log: start.log,
            clock: start.clock,
            inbox,
            catalogue: start.catalogue,
            secrets: start.secrets,
            room: start.room,
            metrics: start.metrics,
            queue_counters: QueueCounters::default(),
            max_state_bytes: start.max_state_bytes,
            is_full: false,
            waiters: Waiters::default(),
            witness: Witness::default(),
            batch: Batch { run: start.run, number: 0 },
            outbox: Outbox::default(),
            collected: Collected::default(),
            with_log: None,
            resting: None,
            may_wait: true,
            stopping: false,
            last_housekeeping: Instant::now(),
        };
        if runner.machine.genesis().is_none()
            && let Some(genesis) = start.genesis
        {
            runner.add(&Command::Genesis(genesis), Answer::Nobody);
        }
        runner.weigh();
        runner
    }

    /// Works until it is told to stop or the log fails.
    pub(super) fn run(mut self) -> Result<(), storage::Error> {
        loop {
            if !self.turn()? {
                if self.stopping && self.is_idle() {
                    self.log.close(&self.machine);
                    return Ok(());
                }
                self.wait();
            }
            self.take_in();
        }
    }

    /// Whether nothing is collected and nothing is with the log.
    pub(super) fn is_idle(&self) -> bool {
        self.collected.is_empty() && self.with_log.is_none()
    }

    /// Proposes what has been collected, and applies and answers an entry that has become durable. Says whether
    /// there was one: if not, there is nothing to do before the next event or deadline.
    fn turn(&mut self) -> Result<bool, storage::Error> {
        for waiter in self.waiters.expired(Instant::now()) {
            self.answer_emptily(waiter);
        }
        self.tick_if_due();
        self.propose();
        let Some(next) = self.log.next() else {
            return Ok(false);
        };
        let (position, entry) = next?;
        // An entry that somebody else proposed is applied like any other; its answers are not ours to give.
        let batch = Batch { run: entry.header.run, number: entry.header.batch };
        let ours = self.with_log.take_if(|ours| ours.batch == batch);
        if let Some(ours) = &ours {
            self.metrics.commit.observe(ours.since.elapsed());
        }
        self.propose();
        self.apply(position, &entry, ours.map(|ours| ours.answers).unwrap_or_default())?;
        Ok(true)
    }

    /// Waits for the next event, but not beyond the next thing to do. As long as a batch is with the log there is little
    /// to do for a request, so they gather.
    fn wait(&mut self) {
        let time = self.idle_time();
        let gathering = |proposed: &Proposed| GATHERING.saturating_sub(proposed.since.elapsed());
        match self.with_log.as_ref().map(gathering).filter(|gathering| !gathering.is_zero()) {
            Some(gathering) => {
                self.inbox.wait(Until::Pressing, Some(time.map_or(gathering, |time| time.min(gathering))));
            }
            None => self.inbox.wait(Until::Anything, time),
        }
    }

    /// Collects what has arrived, up to a turn's worth of events. What is more than a batch waits for the next.
    fn take_in(&mut self) {
        for _ in 0..EVENTS_PER_TURN {
            let Some(event) = self.inbox.next() else { return };
            self.handle(event);
        }
    }

    /// How long nothing will have to be done; none if not before the next event.
    fn idle_time(&self) -> Option<Duration> {
        let now = Instant::now();
        let deadline = self.waiters.next_deadline().map(|at| at.saturating_duration_since(now));
        if self.with_log.is_some() {
            // Whatever falls due is done by the next batch, which is not proposed before this one is back.
            return deadline;
        }
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
        let due = [wake, keep_house].into_iter().flatten().min();
        let rest = self.resting.map(|until| until.saturating_duration_since(now));
        [deadline, rest.or(due)].into_iter().flatten().min()
    }

    /// Has due things done where somebody would notice, or where they have been due for a while.
    fn tick_if_due(&mut self) {
        if self.is_resting() || !self.is_idle() {
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

    /// Whether there was no room a moment ago. When the rest is over, those who wait are looked at again: what was
    /// proposed for them was refused.
    fn is_resting(&mut self) -> bool {
        match self.resting {
            None => return false,
            Some(until) if until > Instant::now() => return true,
            Some(_) => {}
        }
        if self.room.to_write().is_err() {
            self.resting = Some(Instant::now() + HOUSEKEEPING);
            return true;
        }
        self.resting = None;
        for queue in self.waiters.queues() {
            self.serve(queue);
        }
        false
    }

    pub(super) fn add(&mut self, command: &Command, answer: Answer) {
        self.collected.add(Proposal::new(command, Vec::new(), storage::seal), answer);
    }

    /// Gives the log what has been collected, unless it still has the batch before. Where there is no room, only what
    /// is vital.
    fn propose(&mut self) {
        if self.with_log.is_some() || self.collected.is_empty() {
            return;
        }
        if let Err(lack) = self.room.to_write() {
            self.refuse(Error::Full(lack));
            if self.collected.is_empty() {
                return;
            }
        }
        let (proposals, answers) = self.collected.take_batch();
        self.batch.number += 1;
        self.metrics.commit_commands.add(proposals.len() as u64);
        self.metrics.commit_bytes.add(proposals.iter().map(|proposal| proposal.bytes() as u64).sum());
        let since = Instant::now();
        self.log.propose(self.batch, &proposals);
        self.with_log = Some(Proposed { batch: self.batch, answers, since });
    }

    /// Nothing can be written: whoever asked is told, and what is due stays due.
    fn refuse(&mut self, error: Error) {
        self.resting = Some(Instant::now() + HOUSEKEEPING);
        for answer in self.collected.take_refused() {
            match answer {
                Answer::Reply(caller) | Answer::Published(caller, _) => caller.refuse(error),
                Answer::Receive(waiter) => self.refuse_receive(waiter, error),
                Answer::Again(waiter) => respond(waiter.responder, Err(error)),
                // As of the last entry, which is better than nothing.
                Answer::Read { read, .. } => read(&self.machine, &*self.log),
                Answer::Settled(responder) => respond(responder, Err(error)),
                Answer::Scrape(scrape) => self.answer_scrape(scrape),
                Answer::Vital | Answer::Nobody => {}
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Execute { proposal, caller, tap: None } => {
                self.collected.add(proposal, Answer::Reply(caller));
            }
            Event::Execute { proposal, caller, tap: Some(tap) } => {
                self.collected.add(proposal, Answer::Published(caller, tap));
            }
            Event::Upkeep { proposal, is_vital } => {
                self.collected.add(proposal, if is_vital { Answer::Vital } else { Answer::Nobody });
            }
            Event::Receive(waiter) => self.receive(waiter),
            Event::Gone { queue, waiter } => {
                self.waiters.remove(queue, waiter);
                self.watch(queue);
            }
            Event::PutBack { queue, receipts, attempt } => self.put_back(queue, receipts, attempt),
            Event::Read { queue, read } => self.read(queue, read),
            Event::Scrape(scrape) => self.scrape(scrape),
            Event::Turn { changes, responder } => self.turn_clock(&changes, responder),
            Event::StopWaiting => self.stop_waiting(),
            Event::Stop => {
                self.stop_waiting();
                self.stopping = true;
            }
        }
    }

    fn turn_clock(&mut self, changes: &[ClockChange], responder: Responder<ClockState>) {
        for change in changes {
            self.clock.turn(*change);
        }
        self.add(&Command::SetClock(self.clock.turned()), Answer::Settled(responder));
    }

    fn apply(
        &mut self,
        position: Position,
        entry: &Entry,
        answers: Vec<Answer>,
    ) -> Result<(), storage::Error> {
        let mut applied = self.machine.apply(entry);
        self.witness.observe(position, entry, &self.machine)?;
        self.count(&applied);
        self.catalogue.refresh(&self.machine, &applied.changed, &self.secrets);
        let mut again = Vec::new();
        for (answer, reply) in answers.into_iter().zip(std::mem::take(&mut applied.replies)) {
            match answer {
                Answer::Reply(caller) => self.outbox.put(caller, reply.map_err(Error::Refused)),
                Answer::Published(caller, tap) => {
                    if let Ok(Reply::Published(accepted)) = &reply {
                        self.recorder.record(tap, accepted, self.machine.time());
                    }
                    self.outbox.put(caller, reply.map_err(Error::Refused));
                }
                Answer::Receive(waiter) => self.answer_receive(waiter, reply),
                Answer::Again(waiter) => again.push(waiter),
                Answer::Read { queue, read } => self.read(Some(queue), read),
                Answer::Settled(responder) => self.settle(responder),
                Answer::Scrape(scrape) => self.answer_scrape(scrape),
                Answer::Vital | Answer::Nobody => {}
            }
        }
        self.outbox.deliver();
        self.recorder.announce();
        self.log.applied(position, &applied, &self.machine);
        self.weigh();
        self.serve_all(applied.touched.keys());
        for waiter in again {
            self.receive(waiter);
        }
        if let Some(vouch) = self.witness.vouch() {
            self.add(&Command::Vouch(vouch), Answer::Nobody);
        }
        Ok(())
    }

    /// Counts what was done, before any of it is answered or looks different from outside.
    fn count(&mut self, applied: &Applied) {
        for (queue, tally) in &applied.touched {
            // Deliveries to the outside have counters of their own.
            if self.machine.queue(*queue).is_some_and(|queue| !queue.is_internal()) {
                self.queue_counters.count(*queue, tally);
            }
        }
        for subscription in &applied.undelivered {
            self.catalogue.count_failed(*subscription);
        }
        for change in &applied.changed {
            match *change {
                Change::Queue(id) if self.machine.queue(id).is_none() => self.queue_counters.forget(id),
                Change::Topic(id) if self.machine.topic(id).is_none() => self.recorder.forget(id),
                Change::Queue(_) | Change::Topic(_) | Change::Subscription(_) | Change::Record(_) => {}
            }
        }
    }

    /// Answers when everything that fell due by a turn of the clock has been done.
    fn settle(&mut self, responder: Responder<ClockState>) {
        if self.machine.next_due().is_some_and(|at| at <= self.machine.time()) {
            self.add(&Command::Tick, Answer::Settled(responder));
        } else {
            respond(responder, Ok(self.clock.state()));
        }
    }

    /// What counts against the limit of the state.
    pub(super) fn state_bytes(&self) -> u64 {
        self.machine.weight().saturating_add(self.log.memory())
    }

    /// Says whether state may grow. Where it was full it has to shrink a little first, so that it does not become
    /// full and not full with every message.
    fn weigh(&mut self) {
        let bytes = self.state_bytes();
        let most = if self.is_full { self.max_state_bytes / 100 * 98 } else { self.max_state_bytes };
        let is_full = bytes > most;
        if is_full != self.is_full {
            self.is_full = is_full;
            self.room.set_memory_is_full(is_full);
            if is_full {
                tracing::warn!(
                    bytes,
                    "the hub holds as much as --max-state allows: messages are refused until others are deleted"
                );
            } else {
                tracing::info!(bytes, "there is room below --max-state again: messages are accepted");
            }
        }
    }
}
