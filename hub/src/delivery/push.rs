//! Deliveries over HTTP and HTTPS: each subscription to such an endpoint has a consumer of its internal queue, which
//! posts its messages and says what became of them.
//!
//! A consumer is a task. While there is nothing to deliver it waits in the engine like any receiver, and costs no more.
//! An endpoint that hangs holds the places of its own subscription, and its [`Breaker`] takes them from it soon.

mod consumer;
mod request;
#[cfg(test)]
mod tests;
mod throttle;
mod verdict;

use crate::catalogue::SubscriptionView;
use crate::delivery::addresses::AddressRules;
use crate::delivery::breaker::Breaker;
use crate::delivery::caller::{Caller, TIMEOUT};
use crate::hub::Hub;
use crate::work::{Stop, stopped};
use consumer::{Consumer, Pusher};
use queue_core::{Endpoint, Outside, SubscriptionId};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
pub(crate) use verdict::Verdict;

/// Keeps a consumer for each subscription over HTTP until the hub stops.
pub(crate) async fn run(hub: Arc<Hub>, mut stop: Stop) {
    let pusher = match Caller::new(AddressRules::of(&hub.settings), TIMEOUT) {
        Ok(caller) => Arc::new(Pusher::new(Arc::clone(&hub), caller, stop.clone())),
        Err(error) => {
            tracing::error!(%error, "nothing can be pushed to endpoints");
            return;
        }
    };
    let mut served = hub.catalogue.watch_served();
    let mut consumers =
        Consumers { pusher, breakers: HashMap::new(), known: HashSet::new(), tasks: JoinSet::new() };
    loop {
        served.borrow_and_update();
        for view in hub.catalogue.served() {
            consumers.begin(&view);
        }
        tokio::select! {
            () = stopped(&mut stop) => break,
            // The catalogue lives as long as the hub.
            _ = served.changed() => {}
            Some(ended) = consumers.tasks.join_next() => consumers.end(ended.ok()),
        }
    }
    while consumers.tasks.join_next().await.is_some() {}
}

struct Consumers {
    pusher: Arc<Pusher>,
    /// By the addresses of endpoints.
    breakers: HashMap<Box<str>, Weak<Breaker>>,
    known: HashSet<SubscriptionId>,
    tasks: JoinSet<SubscriptionId>,
}

impl Consumers {
    /// Begins to deliver for a subscription over HTTP, unless that has begun.
    fn begin(&mut self, view: &SubscriptionView) {
        let (Some(queue), Some(address)) = (view.queue, address(view)) else {
            return;
        };
        if !self.known.insert(view.id) {
            return;
        }
        let breaker = self.breaker(address);
        view.counts.name_breaker(&breaker);
        let id = view.id;
        let consumer = Consumer::new(Arc::clone(&self.pusher), view.uuid, queue, address, breaker);
        self.tasks.spawn(async move {
            consumer.run().await;
            id
        });
    }

    fn end(&mut self, ended: Option<SubscriptionId>) {
        if let Some(id) = ended {
            self.known.remove(&id);
        }
        self.breakers.retain(|_, breaker| breaker.strong_count() > 0);
    }

    fn breaker(&mut self, address: &str) -> Arc<Breaker> {
        if let Some(breaker) = self.breakers.get(address).and_then(Weak::upgrade) {
            return breaker;
        }
        let settings = &self.pusher.hub.settings;
        let pause = Duration::from_secs(settings.push_breaker_pause_s.0.into());
        let breaker = Arc::new(Breaker::new(settings.push_breaker_failures.0, pause));
        self.breakers.insert(address.into(), Arc::downgrade(&breaker));
        breaker
    }
}

/// The URL of an endpoint over HTTP.
fn address(view: &SubscriptionView) -> Option<&str> {
    match &view.endpoint {
        Endpoint::Queue(_) => None,
        Endpoint::Outside(Outside { protocol, address }) => {
            matches!(&**protocol, "http" | "https").then_some(address)
        }
    }
}
