//! What the engine tells of itself and the machine when somebody measures.

use super::Responder;
use super::collected::Answer;
use super::respond;
use super::run::Runner;
use crate::metrics::queues::QueueSeries;
use crate::storage::Figures;
use crate::storage::room::Disk;
use queue_core::{Command, Counts, SubscriptionId};
use std::collections::HashMap;

/// How the engine, the machine and the log stand.
#[derive(Debug)]
pub(crate) struct Scraped {
    pub(crate) queues: Vec<QueueSeries>,
    /// What is in the queues that subscriptions have for themselves.
    pub(crate) of_subscriptions: HashMap<SubscriptionId, Counts>,
    pub(crate) waiting_receivers: usize,
    pub(crate) state_bytes: u64,
    pub(crate) state_limit_bytes: u64,
    pub(crate) body_bytes: u64,
    pub(crate) is_disk_full: bool,
    pub(crate) log: Figures,
}

/// Somebody who measures.
pub(super) struct Scrape {
    /// How many queues are shown by their names.
    pub(super) limit: usize,
    pub(super) responder: Responder<Scraped>,
}

impl Runner {
    /// Has done first what is due, so that no queue shows as delayed what can be received; but only where nothing stands
    /// in the way. While the log works, the state is that of a moment ago, and on a full disk an answer now is worth
    /// more.
    pub(super) fn scrape(&mut self, scrape: Scrape) {
        let is_due = self.machine.next_due().is_some_and(|at| at <= self.clock.now());
        if is_due && self.is_idle() && self.room.to_write().is_ok() {
            self.add(&Command::Tick, Answer::Scrape(scrape));
        } else {
            self.answer_scrape(scrape);
        }
    }

    pub(super) fn answer_scrape(&mut self, scrape: Scrape) {
        let scraped = Scraped {
            queues: self.queue_counters.series(&self.machine, self.clock.now(), scrape.limit),
            of_subscriptions: self.of_subscriptions(),
            waiting_receivers: self.waiters.count(),
            state_bytes: self.state_bytes(),
            state_limit_bytes: self.max_state_bytes,
            body_bytes: self.machine.body_bytes(),
            is_disk_full: self.room.disk() != Disk::Enough,
            log: self.log.figures(),
        };
        respond(scrape.responder, Ok(scraped));
    }

    fn of_subscriptions(&self) -> HashMap<SubscriptionId, Counts> {
        let with_queues = self.machine.subscriptions().filter_map(|one| Some((one.id, one.queue?)));
        let counts = |queue| self.machine.queue(queue).map(queue_core::Queue::counts).unwrap_or_default();
        with_queues.map(|(id, queue)| (id, counts(queue))).collect()
    }
}
