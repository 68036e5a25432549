//! The worker of one mapping: takes batches from its queue and has so many under way at a time.
//!
//! While the breaker of the URL is open it receives nothing, so that messages wait in the queue without being counted as
//! received.

use super::batch::Site;
use super::filter::Filter;
use super::gathering::Gathering;
use crate::catalogue::QueueView;
use crate::engine;
use queue_core::Name;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// How long it waits before it looks again for a queue that cannot be received from.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Worker {
    site: Arc<Site>,
    queue: Name,
    gathering: Gathering,
    halt: watch::Receiver<bool>,
    /// One for each batch that can be under way.
    places: Arc<Semaphore>,
    under_way: JoinSet<()>,
}

/// A batch of a queue can be made.
struct Turn {
    queue: Arc<QueueView>,
    place: OwnedSemaphorePermit,
}

impl Worker {
    pub(super) fn new(site: Arc<Site>, queue: Name, filter: Filter, halt: watch::Receiver<bool>) -> Self {
        let places = Arc::new(Semaphore::new(site.mapping.concurrency as usize));
        let gathering = Gathering::new(Arc::clone(&site), filter, halt.clone());
        Self { site, queue, gathering, halt, places, under_way: JoinSet::new() }
    }

    /// Works until it is halted, and returns when nothing is under way any more.
    pub(crate) async fn run(mut self) {
        while let Some(turn) = self.turn().await {
            let queue = Arc::clone(&turn.queue);
            let has_left = match self.take(turn).await {
                Ok(()) => false,
                Err(engine::Error::Stopped) => break,
                Err(error) => {
                    self.site.outlet.note(format!("The queue cannot be received from: {error}."));
                    true
                }
            };
            if *self.halt.borrow() || self.site.outlet.breaker.is_open() {
                self.gathering.give_back(&queue).await;
            }
            if has_left {
                self.pause().await;
            }
            while self.under_way.try_join_next().is_some() {}
        }
        while self.under_way.join_next().await.is_some() {}
    }

    /// Waits until a batch can be made; none when the mapping ends.
    async fn turn(&mut self) -> Option<Turn> {
        loop {
            let may_begin = async {
                let place = Arc::clone(&self.places).acquire_owned().await;
                self.site.outlet.breaker.room().await;
                place
            };
            let place = tokio::select! {
                biased;
                _ = self.halt.wait_for(|halt| *halt) => return None,
                place = may_begin => place.ok()?,
            };
            if let Some(queue) = self.site.hub.catalogue.queue(&self.queue) {
                return Some(Turn { queue, place });
            }
            self.site.outlet.note("The queue does not exist.".to_owned());
            self.pause().await;
        }
    }

    async fn pause(&mut self) {
        tokio::select! {
            _ = self.halt.wait_for(|halt| *halt) => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }

    /// Makes a batch, and has it delivered.
    async fn take(&mut self, turn: Turn) -> Result<(), engine::Error> {
        let Turn { queue, place } = turn;
        let was_holding = self.gathering.holds();
        self.gathering.gather(&queue).await?;
        let mut batch = self.gathering.cut();
        if was_holding {
            batch = self.gathering.renew(&queue, batch).await;
        }
        if batch.is_empty() {
            return Ok(());
        }
        if *self.halt.borrow() || !self.site.outlet.breaker.begin() {
            self.site.give_back(queue.id, &batch).await;
            return Ok(());
        }
        let site = Arc::clone(&self.site);
        if queue.attributes.fifo && self.gathering.holds() {
            // What is left may be of the same groups, and comes after it.
            if !site.deliver(&queue, batch).await {
                self.gathering.give_back(&queue).await;
            }
        } else {
            self.under_way.spawn(async move {
                site.deliver(&queue, batch).await;
                drop(place);
            });
        }
        Ok(())
    }
}
