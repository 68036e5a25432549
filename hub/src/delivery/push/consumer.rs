//! One subscription's consumer: takes messages from its internal queue, posts several at a time, and settles them.

use super::request::{Request, compose};
use super::throttle::Throttle;
use super::verdict::Verdict;
use crate::catalogue::SubscriptionView;
use crate::delivery::Error;
use crate::delivery::breaker::{Breaker, Room};
use crate::delivery::caller::{Caller, Failure};
use crate::delivery::schedule::Schedule;
use crate::engine::{self, Delivery};
use crate::hub::Hub;
use crate::shape::arn;
use crate::shape::delivery_policy::Effective;
use crate::shape::subscription::delivery;
use crate::shape::topic::attributes;
use crate::work::{Stop, given_up, stopped};
use queue_core::{Command, Outcome, QueueId, Receipt, Receive, Settle};
use reqwest::Url;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

/// Deliveries of a subscription that can be under way.
const PLACES: usize = 64;
/// Messages that are taken at a time. There must be places for all of them, so that a receive is worth its entry.
const RECEIVED_MAX: u32 = 16;
/// Deliveries of all subscriptions that can be under way: each takes a file and the memory of its message.
const PLACES_OF_ALL: usize = 1_024;
/// How long a message waits for one of these before it is put back.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a message is hidden: longer than it can wait and an answer can take.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How long a receive waits for a message.
const WAIT: Duration = Duration::from_secs(3_600);
/// What cannot be done just now is tried again after this.
const PAUSE: Duration = Duration::from_secs(1);
/// Outcomes that are settled by one command.
const SETTLED_MAX: usize = 256;

/// What all consumers share.
pub(super) struct Pusher {
    pub(super) hub: Arc<Hub>,
    caller: Caller,
    places: Semaphore,
    stop: Stop,
}

impl Pusher {
    pub(super) fn new(hub: Arc<Hub>, caller: Caller, stop: Stop) -> Self {
        Self { hub, caller, places: Semaphore::new(PLACES_OF_ALL), stop }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

/// Delivers for one subscription.
pub(super) struct Consumer {
    pusher: Arc<Pusher>,
    subscription: Uuid,
    queue: QueueId,
    /// None for what is no URL, to which nothing can be delivered.
    url: Option<Url>,
    breaker: Arc<Breaker>,
    /// Whether the last delivery failed, which has been said then.
    is_failing: AtomicBool,
    under_way: AtomicUsize,
}

/// A delivery of a subscription, for as long as it lasts.
struct UnderWay<'a> {
    all: &'a AtomicUsize,
    is_first: bool,
}

impl<'a> UnderWay<'a> {
    fn begin(all: &'a AtomicUsize) -> Self {
        Self { all, is_first: all.fetch_add(1, Ordering::Relaxed) == 0 }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What became of a message.
type Settled = (Receipt, Outcome);

/// What holds for the messages of one receive.
struct Terms {
    view: Arc<SubscriptionView>,
    policy: Effective,
    schedule: Schedule,
}

impl Consumer {
    pub(super) fn new(
        pusher: Arc<Pusher>,
        subscription: Uuid,
        queue: QueueId,
        address: &str,
        breaker: Arc<Breaker>,
    ) -> Self {
        let url = Url::parse(address).ok();
        Self {
            pusher,
            subscription,
            queue,
            url,
            breaker,
            is_failing: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
        }
    }

    /// Delivers until the subscription is gone or the hub stops, and what is under way is settled.
    pub(super) async fn run(self) {
        let (outcomes, settled) = unbounded_channel();
        let (pusher, queue) = (Arc::clone(&self.pusher), self.queue);
        tokio::join!(Arc::new(self).receive(outcomes), settle(&pusher.hub, queue, settled));
    }

    async fn receive(self: Arc<Self>, outcomes: UnboundedSender<Settled>) {
        let mut stop = self.pusher.stop.clone();
        let places = Arc::new(Semaphore::new(PLACES));
        let mut throttle = Throttle::new(Instant::now());
        loop {
            let admitted = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                admitted = self.admitted(&places, &mut throttle) => admitted,
            };
            let Some((mut held, maximum)) = admitted else {
                break;
            };
            let receive = Receive { queue: self.queue, maximum, visibility: VISIBILITY, attempt: None };
            // The engine answers when the queue goes, and when the hub stops.
            let deliveries = match self.pusher.hub.engine.receive(receive, WAIT).await {
                Ok(deliveries) => deliveries,
                Err(engine::Error::Refused(_)) => break,
                Err(engine::Error::Stopped) => {
                    stopped(&mut stop).await;
                    break;
                }
                Err(engine::Error::Full(_) | engine::Error::Damaged) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            throttle.take(u32::try_from(deliveries.len()).unwrap_or(u32::MAX));
            let Some(terms) = self.terms().map(Arc::new) else {
                break;
            };
            for delivery in deliveries {
                let (consumer, terms, outcomes) = (Arc::clone(&self), Arc::clone(&terms), outcomes.clone());
                let place = held.split(1);
                tokio::spawn(async move {
                    let receipt = delivery.message.receipt;
                    let outcome = consumer.deliver(delivery, &terms).await;
                    // Who settles goes last.
                    let _ = outcomes.send((receipt, outcome));
                    drop(place);
                });
            }
        }
    }

    /// Waits until messages can be taken, and says how many; none if the subscription is gone.
    async fn admitted(
        &self,
        places: &Arc<Semaphore>,
        throttle: &mut Throttle,
    ) -> Option<(OwnedSemaphorePermit, u32)> {
        let held = Arc::clone(places).acquire_many_owned(RECEIVED_MAX).await.ok()?;
        loop {
            let per_second = self.terms()?.policy.receives_per_second;
            let throttled = match throttle.room(per_second, Instant::now()) {
                Ok(room) => room,
                Err(until) => {
                    tokio::time::sleep_until(until.into()).await;
                    continue;
                }
            };
            let free = self.free_places().await;
            match self.breaker.room().await {
                Room::Any => return Some((held, RECEIVED_MAX.min(throttled).min(free))),
                Room::One => return Some((held, 1)),
                Room::NoneUntil(_) | Room::None => {}
            }
        }
    }

    /// Returns when there are places among those of all, with how many: bodies are not loaded to wait in memory.
    async fn free_places(&self) -> u32 {
        if self.under_way.load(Ordering::Relaxed) > 0 {
            // Only waited for: a consumer that finds nothing to deliver would hold it for nothing.
            drop(self.pusher.places.acquire().await);
        }
        u32::try_from(self.pusher.places.available_permits()).unwrap_or(u32::MAX).max(1)
    }

    /// What holds now; none if the subscription is gone.
    fn terms(&self) -> Option<Terms> {
        let catalogue = &self.pusher.hub.catalogue;
        let view = catalogue.subscription(self.subscription)?;
        let own = view.attributes.texts.get("DeliveryPolicy").map(|text| &**text);
        let topic = catalogue.topic(&view.topic_name).filter(|topic| topic.id == view.topic);
        let policy = match topic {
            Some(topic) => delivery::effective(own, &topic.attributes),
            None => delivery::effective(own, &attributes::initial(false)),
        };
        let schedule = Schedule::of(&policy.retry);
        Some(Terms { view, policy, schedule })
    }

    /// Tries to deliver a message once.
    async fn deliver(&self, delivery: Delivery, terms: &Terms) -> Outcome {
        const UNTRIED: Outcome = Outcome::Untried(Duration::ZERO);
        let hub = &self.pusher.hub;
        let under_way = UnderWay::begin(&self.under_way);
        // Slow endpoints may have all places: one delivery of each subscription goes on without one.
        let _place = if under_way.is_first {
            None
        } else {
            let Ok(Ok(place)) = timeout(PATIENCE, self.pusher.places.acquire()).await else {
                return UNTRIED;
            };
            Some(place)
        };
        let composed = compose(&delivery, &terms.view, &terms.policy.content_type, hub).await;
        let request = match composed {
            Ok(Some(request)) => request,
            Ok(None) => return Outcome::Delivered,
            Err(error) => return self.not_composed(error),
        };
        let Some(url) = &self.url else {
            tracing::warn!(subscription = %self.subscription, "its endpoint is no URL");
            return Outcome::Failed;
        };
        if self.pusher.is_stopping() || !self.breaker.begin() {
            return UNTRIED;
        }
        let verdict = tokio::select! {
            verdict = self.post(request, url) => verdict,
            () = given_up(&self.pusher.stop) => return Outcome::Retry(Duration::ZERO),
        };
        terms.view.counts.count_push(verdict);
        if self.breaker.end(verdict.is_answer()) {
            let pause_s = hub.settings.push_breaker_pause_s.0;
            tracing::warn!(subscription = self.arn(terms), pause_s, "its endpoint fails; deliveries pause");
        }
        match verdict {
            Verdict::Delivered => Outcome::Delivered,
            Verdict::Refused => Outcome::Failed,
            Verdict::Failed => {
                let attempts = usize::try_from(delivery.message.attempts).unwrap_or(usize::MAX);
                terms.schedule.delay_after(attempts).map_or(Outcome::Failed, Outcome::Retry)
            }
        }
    }

    async fn post(&self, request: Request, url: &Url) -> Verdict {
        let begun = Instant::now();
        let result = self.pusher.caller.post(url.clone(), request.headers, request.body).await;
        self.pusher.hub.metrics.push.observe(begun.elapsed());
        let verdict = Verdict::of(&result);
        let is_failing = verdict != Verdict::Delivered;
        if is_failing {
            let is_denied = matches!(result, Err(Failure::Denied(_)));
            let reason =
                result.map_or_else(|failure| failure.to_string(), |answer| answer.status.to_string());
            let hint = if is_denied { "; --push-allow lets it" } else { "" };
            let subscription = self.subscription.to_string();
            // The first of a row is worth a line, whatever comes behind it.
            if self.is_failing.swap(true, Ordering::Relaxed) {
                tracing::debug!(subscription, reason, "a delivery failed{hint}");
            } else {
                tracing::warn!(subscription, reason, "a delivery failed{hint}");
            }
        } else {
            self.is_failing.store(false, Ordering::Relaxed);
        }
        verdict
    }

    /// What is to become of a message of which no request was made.
    fn not_composed(&self, error: Error) -> Outcome {
        match error {
            // There may be no room to keep a key.
            Error::Unsigned(error) => {
                tracing::warn!(%error, subscription = %self.subscription, "a message cannot be signed");
                Outcome::Untried(PAUSE)
            }
            Error::Unreadable(error) => {
                tracing::error!(?error, subscription = %self.subscription, "a message cannot be read");
                Outcome::Failed
            }
        }
    }

    fn arn(&self, terms: &Terms) -> String {
        arn::of_subscription(&terms.view.topic_name, self.subscription)
    }
}

/// Says what became of messages, many at a time if there are many.
async fn settle(hub: &Hub, queue: QueueId, mut settled: UnboundedReceiver<Settled>) {
    let mut outcomes = Vec::new();
    while settled.recv_many(&mut outcomes, SETTLED_MAX).await > 0 {
        let command = Command::Settle(Settle { queue, outcomes: std::mem::take(&mut outcomes) });
        match hub.engine.execute(command, Vec::new()).await {
            // The subscription may have gone meanwhile, and its messages with it.
            Ok(_) | Err(engine::Error::Refused(_)) => {}
            Err(error) => tracing::warn!(%error, "deliveries are not settled, and will be repeated"),
        }
    }
}
