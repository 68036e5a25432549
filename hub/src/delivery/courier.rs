//! Takes deliveries to endpoints that no hub reaches by itself (mailboxes, telephones, devices, functions, streams)
//! from the queues of their subscriptions, and puts what AWS would hand on into the outbox. Mails are passed on to a
//! mail server besides, if there is one.

use crate::catalogue::SubscriptionView;
use crate::delivery::letter;
use crate::delivery::mail::Relay;
use crate::delivery::mapping::function::Function;
use crate::delivery::outbox::Letter;
use crate::engine::{self, Delivery};
use crate::hub::Hub;
use crate::work::{Stop, given_up, stopped};
use queue_core::{Command, Endpoint, Outcome, Outside, QueueId, Receipt, Receive, Settle};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How many messages are taken at once.
const TAKEN_MAX: u32 = 10;

/// How long a message for a function is hidden: longer than it can wait for its place, behind those it was taken with,
/// and then for an answer.
const VISIBILITY: Duration = Duration::from_mins(20);

/// How long any other is hidden: longer than a mail server is waited for.
const VISIBILITY_SHORT: Duration = Duration::from_secs(120);

/// How long a message waits for its place among the calls of a function before it is put back.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a receive waits before it is repeated.
const WAIT: Duration = Duration::from_mins(10);

/// How long to wait before the engine is asked again that could not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// How long to wait after the first refusal of a mail server; twice as long after each further one.
const RETRY_FIRST: Duration = Duration::from_secs(20);

/// But no longer than this.
const RETRY_MAX: Duration = Duration::from_hours(1);

/// Makes the rounds of such subscriptions.
pub(crate) struct Courier {
    hub: Arc<Hub>,
    relay: Arc<Option<Relay>>,
}

impl Courier {
    pub(crate) fn new(hub: &Arc<Hub>) -> Self {
        let relay = Relay::of(&hub.settings).unwrap_or_else(|error| {
            tracing::error!(%error, "mails are not passed on");
            None
        });
        Self { hub: Arc::clone(hub), relay: Arc::new(relay) }
    }

    /// Delivers for a subscription, if it is one of these.
    pub(crate) fn round(&self, subscription: &Arc<SubscriptionView>) -> Option<Round> {
        Some(Round {
            hub: Arc::clone(&self.hub),
            relay: Arc::clone(&self.relay),
            endpoint: endpoint(subscription)?,
            queue: subscription.queue?,
            subscription: Arc::clone(subscription),
        })
    }
}

/// The endpoint of a subscription that is served here; what is reached by HTTP is not.
fn endpoint(subscription: &SubscriptionView) -> Option<Outside> {
    match &subscription.endpoint {
        Endpoint::Outside(outside) if !matches!(&*outside.protocol, "http" | "https") => {
            Some(outside.clone())
        }
        Endpoint::Outside(_) | Endpoint::Queue(_) => None,
    }
}

/// The deliveries of one subscription.
pub(crate) struct Round {
    hub: Arc<Hub>,
    relay: Arc<Option<Relay>>,
    subscription: Arc<SubscriptionView>,
    endpoint: Outside,
    queue: QueueId,
}

impl Round {
    /// Delivers until the subscription is gone or the hub stops.
    pub(crate) async fn go(self, mut stop: Stop) {
        let round = Arc::new(self);
        let mut calls = JoinSet::new();
        loop {
            let maximum = tokio::select! {
                () = stopped(&mut stop) => break,
                maximum = round.room() => maximum,
            };
            let visibility = if round.is_function() { VISIBILITY } else { VISIBILITY_SHORT };
            let receive = Receive { queue: round.queue, maximum, visibility, attempt: None };
            let taken = tokio::select! {
                () = stopped(&mut stop) => break,
                taken = round.hub.engine.receive(receive, WAIT) => taken,
            };
            match taken {
                Ok(deliveries) if !deliveries.is_empty() => {
                    match round.function() {
                        Some(function) => round.call(&function, deliveries, &mut stop, &mut calls).await,
                        None => round.deliver(deliveries, &stop).await,
                    }
                    while calls.try_join_next().is_some() {}
                }
                Err(engine::Error::Stopped | engine::Error::Refused(queue_core::Error::NoSuchQueue)) => break,
                // Nothing came, perhaps because nobody waits any more in a hub that is about to stop.
                Ok(_) | Err(engine::Error::Refused(_) | engine::Error::Full(_) | engine::Error::Damaged) => {
                    tokio::select! {
                        () = stopped(&mut stop) => break,
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
            }
        }
        while calls.join_next().await.is_some() {}
    }

    /// Returns when messages can be taken, with how many: nothing is taken from the queue of a function that is down,
    /// or called as often at a time as it may be.
    async fn room(&self) -> u32 {
        if let Some(function) = self.function() {
            function.room(&self.hub, TAKEN_MAX).await
        } else if self.relay.is_some() {
            // A mail server may take its time for each.
            1
        } else {
            TAKEN_MAX
        }
    }

    fn is_function(&self) -> bool {
        &*self.endpoint.protocol == "lambda"
    }

    /// The function that the endpoint is, if a mapping says where it is.
    fn function(&self) -> Option<Arc<Function>> {
        let find = || self.hub.functions.find(&self.hub, &self.subscription.owner, &self.endpoint.address);
        self.is_function().then(find).flatten()
    }

    /// Begins a call for each delivery as there is a place for it; each is settled when it ends. What finds no place is
    /// put back.
    async fn call(
        self: &Arc<Self>,
        function: &Arc<Function>,
        deliveries: Vec<Delivery>,
        stop: &mut Stop,
        calls: &mut JoinSet<()>,
    ) {
        for delivery in deliveries {
            let place = tokio::select! {
                biased;
                () = stopped(stop) => None,
                place = timeout(PATIENCE, function.place()) => place.ok().flatten(),
            };
            let (round, function, stop) = (Arc::clone(self), Arc::clone(function), stop.clone());
            calls.spawn(async move {
                let outcome = match place {
                    Some(_) => round.outcome(&delivery, Some(&function), &stop).await,
                    None => Outcome::Untried(Duration::ZERO),
                };
                round.settle(vec![(delivery.message.receipt, outcome)]).await;
                drop(place);
            });
        }
    }

    /// What is not begun when the hub stops is put back.
    async fn deliver(&self, deliveries: Vec<Delivery>, stop: &Stop) {
        let mut outcomes = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let is_stopping = *stop.borrow();
            let outcome = if is_stopping {
                Outcome::Untried(Duration::ZERO)
            } else {
                self.outcome(&delivery, None, stop).await
            };
            outcomes.push((delivery.message.receipt, outcome));
        }
        self.settle(outcomes).await;
    }

    /// Says what became of messages.
    async fn settle(&self, outcomes: Vec<(Receipt, Outcome)>) {
        let settle = Command::Settle(Settle { queue: self.queue, outcomes });
        match self.hub.engine.execute(settle, Vec::new()).await {
            // A subscription that is gone has nothing left to be said of.
            Ok(_) | Err(engine::Error::Refused(_) | engine::Error::Stopped) => {}
            Err(error @ (engine::Error::Full(_) | engine::Error::Damaged)) => {
                tracing::warn!(%error, "deliveries will be repeated: what became of them cannot be written down");
            }
        }
    }

    /// Does one delivery, and says what became of it.
    async fn outcome(&self, delivery: &Delivery, function: Option<&Function>, stop: &Stop) -> Outcome {
        let subscription = self.subscription.uuid;
        let letter = match letter::of(delivery, &self.subscription, &self.endpoint, &self.hub).await {
            Ok(letter) => letter,
            Err(letter::Error::Unsigned(error)) => {
                tracing::warn!(%error, %subscription, "a message cannot be signed");
                return Outcome::Untried(Duration::from_secs(1));
            }
            Err(error) => {
                tracing::warn!(%error, %subscription, "a delivery failed");
                return Outcome::Failed;
            }
        };
        if let Some(relay) = self.relay.as_ref()
            && letter.is_mail()
        {
            let subject = letter.subject.as_deref().unwrap_or_default();
            let sent = tokio::select! {
                sent = relay.send(&letter.to, subject, letter.message.clone()) => sent,
                // The server may have taken it, so this counts.
                () = given_up(stop) => return Outcome::Retry(Duration::ZERO),
            };
            if let Err(error) = sent {
                tracing::warn!(%error, %subscription, "a mail was not passed on");
                let attempts = delivery.message.attempts;
                return if error.temporary { Outcome::Retry(pause(attempts)) } else { Outcome::Failed };
            }
        }
        if let Some(function) = function {
            return function.call(&self.hub, stop, letter.message, delivery.message.attempts).await;
        }
        self.hub.outbox.put(letter);
        Outcome::Delivered
    }
}

impl Letter {
    fn is_mail(&self) -> bool {
        matches!(&*self.protocol, "email" | "email-json")
    }
}

/// How long to wait after so many attempts.
fn pause(attempts: u32) -> Duration {
    let doubled = attempts.saturating_sub(1).min(16);
    (RETRY_FIRST * (1 << doubled)).min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_between_attempts_grow_to_an_hour() {
        let pauses = [1, 2, 3, 8, 9, 1_000].map(|attempts| pause(attempts).as_secs());
        assert_eq!(pauses, [20, 40, 80, 2_560, 3_600, 3_600]);
    }
}
