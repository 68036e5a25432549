//! Receives: who gets what has become visible, and who waits for more.

use super::collected::Answer;
use super::receiving::{Taken, receipts};
use super::run::Runner;
use super::waiters::Waiter;
use super::{Error, Read, respond};
use queue_core::{Command, GiveBack, Queue, QueueId, Receipt, Received, Reply};
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Runner {
    /// Takes for the receiver if there is something it may get, else lets it wait.
    pub(super) fn receive(&mut self, waiter: Waiter) {
        let id = waiter.receive.queue;
        let Some(queue) = self.machine.queue(id) else {
            return respond(waiter.responder, Err(Error::Refused(queue_core::Error::NoSuchQueue)));
        };
        let due = self.is_due(id);
        let first_come = !self.waiters.is_waiting(id);
        let something =
            self.machine.deliverable(id) > self.waiters.claims(id) || waiter.receive.attempt.is_some();
        if due && !first_come {
            // What is due is for those who came before.
            self.add(&Command::Tick, Answer::Again(waiter));
        } else if due || (something && first_come) {
            self.propose_receive(waiter);
        } else if waiter.deadline.is_some() && self.may_wait {
            self.waiters.add(waiter);
            self.watch(id);
        } else if self.machine.room(id) == 0 && !queue.attributes.fifo && waiter.deadline.is_none() {
            respond(waiter.responder, Err(Error::Refused(queue_core::Error::OverLimit)));
        } else {
            self.answer_emptily(waiter);
        }
    }

    /// Whether time has something to do in the queue.
    fn is_due(&self, queue: QueueId) -> bool {
        self.machine.next_due_of(queue).is_some_and(|at| at <= self.clock.now())
    }

    fn propose_receive(&mut self, mut waiter: Waiter) {
        if let Some(maximum) = &waiter.growing {
            waiter.receive.maximum = maximum.load(Ordering::Relaxed);
        }
        self.waiters.claim(waiter.receive.queue);
        self.add(&Command::Receive(waiter.receive.clone()), Answer::Receive(waiter));
    }

    /// Has the queue looked at when something is due in it, if somebody waits for it.
    pub(super) fn watch(&mut self, queue: QueueId) {
        self.waiters.wake_at(queue, self.machine.next_due_of(queue));
    }

    pub(super) fn read(&mut self, queue: Option<QueueId>, read: Read) {
        match queue.filter(|queue| self.is_due(*queue)) {
            Some(queue) => self.add(&Command::Tick, Answer::Read { queue, read }),
            None => read(&self.machine, &*self.log),
        }
    }

    pub(super) fn answer_receive(&mut self, waiter: Waiter, reply: Result<Reply, queue_core::Error>) {
        let queue = waiter.receive.queue;
        self.waiters.unclaim(queue);
        match reply {
            Ok(Reply::Received(messages)) if messages.is_empty() => self.wait_on(waiter),
            Ok(Reply::Received(messages)) => {
                self.measure_waits(&messages);
                let body = |message: &Received| self.log.body(message.body);
                let taken = messages.into_iter().map(|message| Taken { body: body(&message), message });
                let attempt = waiter.receive.attempt;
                if let Err(Ok(taken)) = waiter.responder.send(Ok(taken.collect())) {
                    self.put_back(queue, receipts(&taken), attempt);
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
    }

    /// The receive was not proposed.
    pub(super) fn refuse_receive(&mut self, waiter: Waiter, error: Error) {
        self.waiters.unclaim(waiter.receive.queue);
        respond(waiter.responder, Err(error));
    }

    /// Lets a receiver that got nothing wait on, in its old place.
    fn wait_on(&mut self, waiter: Waiter) {
        let queue = waiter.receive.queue;
        if waiter.deadline.is_some_and(|deadline| deadline > Instant::now()) && self.may_wait {
            self.waiters.add(waiter);
            self.watch(queue);
        } else {
            self.answer_emptily(waiter);
        }
    }

    /// There was nothing for the receiver.
    pub(super) fn answer_emptily(&mut self, waiter: Waiter) {
        let queue = self.machine.queue(waiter.receive.queue);
        // A priority queue has no series.
        if queue.is_some_and(|queue| queue.attributes.priority.is_none()) {
            self.queue_counters.count_empty_receive(waiter.receive.queue);
        }
        respond(waiter.responder, Ok(Vec::new()));
    }

    /// How long messages that are received for the first time have been there.
    fn measure_waits(&self, messages: &[Received]) {
        for message in messages.iter().filter(|message| message.receives == 1) {
            self.metrics.queue_wait.observe(message.receipt.at.since(message.sent));
        }
    }

    /// The receiver has gone before it was answered, or could not read it: what was taken was not received. What it can
    /// ask for again by the id of its attempt stays, for whoever makes that.
    pub(super) fn put_back(&mut self, queue: QueueId, receipts: Vec<Receipt>, attempt: Option<u128>) {
        match attempt {
            None => self.add(&Command::GiveBack(GiveBack { queue, receipts }), Answer::Nobody),
            Some(attempt) => {
                if let Some(waiter) = self.waiters.making(queue, attempt) {
                    self.propose_receive(waiter);
                }
            }
        }
    }

    /// Gives what these queues have got to those who wait for them, or for priority queues that they are members of.
    pub(super) fn serve_all<'a>(&mut self, touched: impl Iterator<Item = &'a QueueId>) {
        for id in touched {
            self.serve(*id);
            let member_of = self.machine.queue(*id).into_iter().flat_map(Queue::member_of);
            let awaited: Vec<_> = member_of.filter(|of| self.waiters.is_waiting(*of)).collect();
            for of in awaited {
                self.serve(of);
            }
        }
    }

    /// Gives waiters what has become visible for them.
    pub(super) fn serve(&mut self, id: QueueId) {
        if self.machine.queue(id).is_none() {
            for waiter in self.waiters.all_of(id) {
                respond(waiter.responder, Err(Error::Refused(queue_core::Error::NoSuchQueue)));
            }
            return self.watch(id);
        }
        let deliverable = self.machine.deliverable(id);
        while self.waiters.claims(id) < deliverable {
            let Some(waiter) = self.waiters.first(id) else {
                break;
            };
            self.propose_receive(waiter);
        }
        self.watch(id);
    }

    pub(super) fn stop_waiting(&mut self) {
        self.may_wait = false;
        for waiter in self.waiters.all() {
            self.answer_emptily(waiter);
        }
    }
}
