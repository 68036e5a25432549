//! Keeps a task for everything that wants lasting work: for each subscription to an endpoint outside one that delivers,
//! for each that replays one that does that, for each mapping with a queue its worker.
//!
//! The catalogue tells what has changed, and only that is looked at, however much there is besides.

use super::courier::Courier;
use super::mapping::{self, Workers};
use super::push::Pushes;
use super::replay::policy;
use crate::catalogue::SubscriptionView;
use crate::catalogue::news::Told;
use crate::hub::Hub;
use crate::work::{Stop, stopped};
use queue_core::{Change, RecordId, SubscriptionId};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What a task is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Duty {
    Deliver(SubscriptionId),
    Replay(SubscriptionId),
    Map(RecordId),
}

struct Supervisor {
    hub: Arc<Hub>,
    stop: Stop,
    /// None if nothing can be pushed.
    pushes: Option<Pushes>,
    courier: Courier,
    mappings: Workers,
    /// Replays are served in turn, a page each: pages take memory.
    replay_turns: Arc<Semaphore>,
    /// The subscriptions that have their tasks.
    served: HashSet<Duty>,
    tasks: JoinSet<Duty>,
}

/// Works until the hub stops, and what is under way has ended.
pub(crate) async fn run(hub: Arc<Hub>, mut stop: Stop) {
    let mut news = hub.catalogue.news();
    let mut supervisor = Supervisor::new(hub, stop.clone());
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            told = news.next() => supervisor.look(told),
            Some(ended) = supervisor.tasks.join_next() => {
                if let Ok(duty) = ended {
                    supervisor.end(duty);
                }
            }
        }
    }
    supervisor.mappings.halt();
    while supervisor.tasks.join_next().await.is_some() {}
}

impl Supervisor {
    fn new(hub: Arc<Hub>, stop: Stop) -> Self {
        Self {
            pushes: Pushes::new(&hub, &stop),
            courier: Courier::new(&hub),
            mappings: Workers::new(&hub, &stop),
            replay_turns: Arc::new(Semaphore::new(1)),
            served: HashSet::new(),
            tasks: JoinSet::new(),
            hub,
            stop,
        }
    }

    fn look(&mut self, told: Told) {
        match told {
            Told::All => {
                for view in self.hub.catalogue.served() {
                    self.serve(&view);
                }
                let mappings = mapping::records(&self.hub);
                self.mappings.keep(&mappings);
                for record in mappings {
                    self.map(record.id);
                }
            }
            Told::One(Change::Subscription(id)) => self.look_at(id),
            Told::One(Change::Record(id)) => self.map(id),
            Told::One(Change::Queue(_) | Change::Topic(_)) => {}
        }
    }

    fn look_at(&mut self, id: SubscriptionId) {
        if let Some(view) = self.hub.catalogue.served_as(id) {
            self.serve(&view);
        }
    }

    /// Begins what is to be done for a subscription, unless that has begun. Its task ends by itself when the
    /// subscription is gone.
    fn serve(&mut self, view: &Arc<SubscriptionView>) {
        let duty = Duty::Deliver(view.id);
        if !self.served.contains(&duty) {
            let consumer = self.pushes.as_mut().and_then(|pushes| pushes.consumer(view));
            if let Some(consumer) = consumer {
                self.begin(duty, consumer.run());
            } else if let Some(round) = self.courier.round(view) {
                self.begin(duty, round.go(self.stop.clone()));
            }
        }
        let duty = Duty::Replay(view.id);
        if !self.served.contains(&duty) && policy::can_go_on(view) {
            let (hub, turns, stop) =
                (Arc::clone(&self.hub), Arc::clone(&self.replay_turns), self.stop.clone());
            self.begin(duty, policy::run(hub, view.id, turns, stop));
        }
    }

    /// Begins, ends or replaces the worker of a mapping.
    fn map(&mut self, id: RecordId) {
        let record = self.hub.catalogue.record_as(id);
        if let Some(worker) = self.mappings.look(id, record.as_deref()) {
            self.tasks.spawn(async move {
                worker.run().await;
                Duty::Map(id)
            });
        }
    }

    fn begin(&mut self, duty: Duty, work: impl Future<Output = ()> + Send + 'static) {
        self.served.insert(duty);
        self.tasks.spawn(async move {
            work.await;
            duty
        });
    }

    /// A task has ended. What it was there for may have come back while it did.
    fn end(&mut self, duty: Duty) {
        self.served.remove(&duty);
        match duty {
            Duty::Deliver(id) | Duty::Replay(id) => self.look_at(id),
            // A mapping that changes gets another worker before its last one ends.
            Duty::Map(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
