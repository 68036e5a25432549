//! Deliveries over HTTP and HTTPS: each subscription to such an endpoint has a consumer of its internal queue, which
//! posts its messages and says what became of them.
//!
//! A consumer is a task. While there is nothing to deliver it waits in the engine like any receiver, and costs no more.
//! An endpoint that hangs holds the places of its own subscription, and its [`Breaker`] takes them from it soon.

mod consumer;
mod request;
mod room;
#[cfg(test)]
mod tests;
mod throttle;
mod verdict;

use crate::catalogue::SubscriptionView;
use crate::delivery::addresses::AddressRules;
use crate::delivery::breaker::Breaker;
use crate::delivery::caller::{Caller, TIMEOUT};
use crate::hub::Hub;
use crate::work::Stop;
pub(crate) use consumer::Consumer;
use consumer::Pusher;
use queue_core::{Endpoint, Outside};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
pub(crate) use verdict::Verdict;

/// Makes the consumers of subscriptions over HTTP.
pub(crate) struct Pushes {
    pusher: Arc<Pusher>,
    /// By the addresses of endpoints.
    breakers: HashMap<Box<str>, Weak<Breaker>>,
    /// How many breakers there are when those that nobody uses are let go next.
    breakers_max: usize,
}

/// So many breakers are kept without a look at whether they are used.
const BREAKERS_MIN: usize = 64;

impl Pushes {
    /// None if this hub cannot push, which is said in the log.
    pub(crate) fn new(hub: &Arc<Hub>, stop: &Stop) -> Option<Self> {
        let caller = Caller::new(AddressRules::of(&hub.settings), TIMEOUT)
            .inspect_err(|error| tracing::error!(%error, "nothing can be pushed to endpoints"))
            .ok()?;
        let pusher = Arc::new(Pusher::new(Arc::clone(hub), caller, stop.clone()));
        Some(Self { pusher, breakers: HashMap::new(), breakers_max: BREAKERS_MIN })
    }

    /// Delivers for a subscription, if that is one over HTTP.
    pub(crate) fn consumer(&mut self, view: &SubscriptionView) -> Option<Consumer> {
        let (queue, address) = (view.queue?, address(view)?);
        let breaker = self.breaker(address);
        view.counts.name_breaker(&breaker);
        Some(Consumer::new(Arc::clone(&self.pusher), view.uuid, queue, address, breaker))
    }

    fn breaker(&mut self, address: &str) -> Arc<Breaker> {
        if let Some(breaker) = self.breakers.get(address).and_then(Weak::upgrade) {
            return breaker;
        }
        if self.breakers.len() >= self.breakers_max {
            self.breakers.retain(|_, breaker| breaker.strong_count() > 0);
            self.breakers_max = BREAKERS_MIN.max(2 * self.breakers.len());
        }
        let hub = &self.pusher.hub;
        let pause = Duration::from_secs(hub.settings.push_breaker_pause_s.0.into());
        let breaker =
            Arc::new(Breaker::new(hub.settings.push_breaker_failures.0, pause, hub.clock.advanced()));
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
