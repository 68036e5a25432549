//! Receivers that wait, per queue and in the order of their arrival.
//!
//! One message wakes one waiter: a queue has as many receives under way as it has messages to give, no more. A
//! waiter whose receive comes back empty returns to its place.

use super::{Responder, Taken};
use queue_core::{QueueId, Receive, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

/// A receiver.
pub(super) struct Waiter {
    /// Rises with every receiver, so it tells who came first.
    pub(super) id: u64,
    pub(super) receive: Receive,
    /// How many messages it can take by now, if that grows while it waits.
    pub(super) growing: Option<Arc<AtomicU32>>,
    /// Until when it waits, in real time; none if it does not.
    pub(super) deadline: Option<Instant>,
    pub(super) responder: Responder<Vec<Taken>>,
}

#[derive(Default)]
pub(super) struct Waiters {
    queues: HashMap<QueueId, Waiting>,
    deadlines: BTreeSet<(Instant, QueueId, u64)>,
    /// When queues with waiters have something due, in log time.
    wakes: BTreeSet<(Timestamp, QueueId)>,
}

#[derive(Default)]
struct Waiting {
    by_arrival: BTreeMap<u64, Waiter>,
    /// Receives under way.
    claims: usize,
    wake: Option<Timestamp>,
}

impl Waiters {
    /// Lets a receiver wait.
    pub(super) fn add(&mut self, waiter: Waiter) {
        let queue = waiter.receive.queue;
        if let Some(deadline) = waiter.deadline {
            self.deadlines.insert((deadline, queue, waiter.id));
        }
        self.queues.entry(queue).or_default().by_arrival.insert(waiter.id, waiter);
    }

    /// Takes a receiver out.
    pub(super) fn remove(&mut self, queue: QueueId, id: u64) -> Option<Waiter> {
        let waiter = self.queues.get_mut(&queue)?.by_arrival.remove(&id)?;
        self.forget_deadline(&waiter);
        self.tidy(queue);
        Some(waiter)
    }

    /// Takes out the first receiver of the queue that is still there.
    pub(super) fn first(&mut self, queue: QueueId) -> Option<Waiter> {
        let first = self.first_of(queue);
        self.tidy(queue);
        first
    }

    fn first_of(&mut self, queue: QueueId) -> Option<Waiter> {
        loop {
            let (_, waiter) = self.queues.get_mut(&queue)?.by_arrival.pop_first()?;
            self.forget_deadline(&waiter);
            if !waiter.responder.is_closed() {
                return Some(waiter);
            }
        }
    }

    /// Takes out the first receiver of the queue that makes this attempt.
    pub(super) fn making(&mut self, queue: QueueId, attempt: u128) -> Option<Waiter> {
        let waiting = &self.queues.get(&queue)?.by_arrival;
        let makes =
            |waiter: &&Waiter| waiter.receive.attempt == Some(attempt) && !waiter.responder.is_closed();
        let id = waiting.values().find(makes)?.id;
        self.remove(queue, id)
    }

    /// Takes out every receiver of the queue.
    pub(super) fn all_of(&mut self, queue: QueueId) -> Vec<Waiter> {
        std::iter::from_fn(|| self.first(queue)).collect()
    }

    /// Takes out every receiver.
    pub(super) fn all(&mut self) -> Vec<Waiter> {
        let queues: Vec<_> = self.queues.keys().copied().collect();
        queues.into_iter().flat_map(|queue| self.all_of(queue)).collect()
    }

    /// Takes out the receivers whose time is up.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<Waiter> {
        let mut expired = Vec::new();
        while let Some(&(_, queue, id)) = self.deadlines.first().filter(|(deadline, _, _)| *deadline <= now) {
            match self.remove(queue, id) {
                Some(waiter) => expired.push(waiter),
                None => drop(self.deadlines.pop_first()),
            }
        }
        expired
    }

    /// The queues that somebody waits for.
    pub(super) fn queues(&self) -> BTreeSet<QueueId> {
        self.queues.keys().copied().collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _, _)| *deadline)
    }

    /// How many receivers wait; each has a deadline.
    pub(super) fn count(&self) -> usize {
        self.deadlines.len()
    }

    pub(super) fn is_waiting(&self, queue: QueueId) -> bool {
        self.queues.get(&queue).is_some_and(|waiting| !waiting.by_arrival.is_empty())
    }

    pub(super) fn claims(&self, queue: QueueId) -> usize {
        self.queues.get(&queue).map_or(0, |waiting| waiting.claims)
    }

    /// A receive of the queue is under way.
    pub(super) fn claim(&mut self, queue: QueueId) {
        self.queues.entry(queue).or_default().claims += 1;
    }

    /// A receive of the queue has come back.
    pub(super) fn unclaim(&mut self, queue: QueueId) {
        if let Some(waiting) = self.queues.get_mut(&queue) {
            waiting.claims = waiting.claims.saturating_sub(1);
        }
        self.tidy(queue);
    }

    /// The queue has something due at `at`; that is only remembered while somebody waits.
    pub(super) fn wake_at(&mut self, queue: QueueId, at: Option<Timestamp>) {
        let Some(waiting) = self.queues.get_mut(&queue) else {
            return;
        };
        let wake = at.filter(|_| !waiting.by_arrival.is_empty());
        let before = std::mem::replace(&mut waiting.wake, wake);
        if before == wake {
            return;
        }
        if let Some(before) = before {
            self.wakes.remove(&(before, queue));
        }
        if let Some(wake) = wake {
            self.wakes.insert((wake, queue));
        }
    }

    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _)| *at)
    }

    fn forget_deadline(&mut self, waiter: &Waiter) {
        if let Some(deadline) = waiter.deadline {
            self.deadlines.remove(&(deadline, waiter.receive.queue, waiter.id));
        }
    }

    /// Keeps nothing about a queue that nobody waits for.
    fn tidy(&mut self, queue: QueueId) {
        let idle = |waiting: &Waiting| waiting.by_arrival.is_empty() && waiting.claims == 0;
        if self.queues.get(&queue).is_some_and(idle)
            && let Some(waiting) = self.queues.remove(&queue)
            && let Some(wake) = waiting.wake
        {
            self.wakes.remove(&(wake, queue));
        }
    }

    #[cfg(test)]
    pub(super) fn keeps_nothing(&self) -> bool {
        self.queues.is_empty() && self.deadlines.is_empty() && self.wakes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    const QUEUE: QueueId = QueueId(1);

    fn waiter(id: u64) -> (Waiter, oneshot::Receiver<Result<Vec<Taken>, super::super::Error>>) {
        let (responder, response) = oneshot::channel();
        let receive = Receive { queue: QUEUE, maximum: 1, visibility: Duration::ZERO, attempt: None };
        (Waiter { id, receive, growing: None, deadline: Some(Instant::now()), responder }, response)
    }

    #[test]
    fn nothing_is_kept_when_the_last_receiver_is_taken_out_in_whichever_way() {
        let ways: [fn(&mut Waiters) -> usize; 5] = [
            |waiters| usize::from(waiters.first(QUEUE).is_some()),
            |waiters| waiters.all_of(QUEUE).len(),
            |waiters| waiters.all().len(),
            |waiters| waiters.expired(Instant::now()).len(),
            |waiters| usize::from(waiters.remove(QUEUE, 1).is_some()),
        ];
        for way in ways {
            let mut waiters = Waiters::default();
            let (waiter, _response) = waiter(1);
            waiters.add(waiter);
            waiters.wake_at(QUEUE, Some(Timestamp(1)));
            assert!(waiters.is_waiting(QUEUE));
            assert_eq!(way(&mut waiters), 1);
            assert!(waiters.keeps_nothing());
        }
    }

    #[test]
    fn receivers_are_taken_in_the_order_of_their_arrival_and_those_gone_are_passed_over() {
        let mut waiters = Waiters::default();
        let (first, gone) = waiter(1);
        let (second, _stays) = waiter(2);
        drop(gone);
        waiters.add(second);
        waiters.add(first);
        assert_eq!(waiters.first(QUEUE).map(|waiter| waiter.id), Some(2));
        assert!(waiters.keeps_nothing());
    }
}
