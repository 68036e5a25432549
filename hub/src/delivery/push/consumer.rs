//! One subscription's consumer: takes messages from its internal queue, posts several at a time, and settles them.

use super::request::{Request, compose};
use super::room::{Held, Room};
use super::throttle::Throttle;
use super::verdict::Verdict;
use crate::catalogue::SubscriptionView;
use crate::delivery::Error;
use crate::delivery::breaker::{self, Breaker};
use crate::delivery::caller::{Caller, Failure};
use crate::delivery::schedule::Schedule;
use crate::engine::{self, Delivery, Taken};
use crate::hub::Hub;
use crate::shape::arn;
use crate::shape::delivery_policy::Effective;
use crate::shape::subscription::delivery;
use crate::shape::topic::attributes;
use crate::storage;
use crate::work::{Stop, given_up, stopped};
use queue_core::{Command, Outcome, QueueId, Receipt, Receive, Settle};
use reqwest::Url;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Deliveries of a subscription that can be under way.
const PLACES: usize = 64;
/// Messages that are taken at a time. There must be places for all of them, so that a receive is worth its entry.
const RECEIVED_MAX: u32 = 16;
/// How long a message is hidden: longer than an answer can take.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How long a receive waits for a message.
const WAIT: Duration = Duration::from_secs(3_600);
/// How long one waits that holds room for a message, which should be there.
const WAIT_WITH_ROOM: Duration = Duration::from_secs(1);
/// What cannot be done just now is tried again after this.
const PAUSE: Duration = Duration::from_secs(1);
/// Outcomes that are settled by one command.
const SETTLED_MAX: usize = 256;
/// What becomes of a message that is not tried now.
const UNTRIED: Outcome = Outcome::Untried(Duration::ZERO);

/// What all consumers share.
pub(super) struct Pusher {
    pub(super) hub: Arc<Hub>,
    caller: Caller,
    room: Room,
    stop: Stop,
}

impl Pusher {
    pub(super) fn new(hub: Arc<Hub>, caller: Caller, stop: Stop) -> Self {
        Self { hub, caller, room: Room::new(), stop }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

/// Delivers for one subscription.
pub(crate) struct Consumer {
    pusher: Arc<Pusher>,
    subscription: Uuid,
    queue: QueueId,
    /// None for what is no URL, to which nothing can be delivered.
    url: Option<Url>,
    breaker: Arc<Breaker>,
    /// Whether the last delivery failed, which has been said then.
    is_failing: AtomicBool,
    under_way: AtomicUsize,
    /// What its last message took in the log: the next may be alike.
    last_bytes: AtomicU32,
}

/// A delivery of a subscription, for as long as it lasts.
struct UnderWay {
    consumer: Arc<Consumer>,
    /// Of its message, among those of all subscriptions.
    _room: Held,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.consumer.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a consumer takes next.
struct Admitted {
    /// As many of its own places.
    places: OwnedSemaphorePermit,
    maximum: u32,
    /// For the first of them, if there was too little for it before.
    room: Option<Held>,
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
            last_bytes: AtomicU32::new(0),
        }
    }

    /// Delivers until the subscription is gone or the hub stops, and what is under way is settled.
    pub(crate) async fn run(self) {
        let (outcomes, settled) = unbounded_channel();
        let (pusher, queue) = (Arc::clone(&self.pusher), self.queue);
        tokio::join!(Arc::new(self).receive(outcomes), settle(&pusher.hub, queue, settled));
    }

    async fn receive(self: Arc<Self>, outcomes: UnboundedSender<Settled>) {
        let mut stop = self.pusher.stop.clone();
        let places = Arc::new(Semaphore::new(PLACES));
        let mut throttle = Throttle::new(Instant::now());
        let mut lacking = None;
        loop {
            let admitted = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                admitted = self.admitted(&places, &mut throttle, lacking.take()) => admitted,
            };
            let Some(Admitted { mut places, maximum, mut room }) = admitted else {
                break;
            };
            let wait = if room.is_some() { WAIT_WITH_ROOM } else { WAIT };
            let receive = Receive { queue: self.queue, maximum, visibility: VISIBILITY, attempt: None };
            // The engine answers when the queue goes, and when the hub stops.
            let taken = match self.pusher.hub.engine.take(receive, wait).await {
                Ok(taken) => taken,
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
            let Some(terms) = self.terms().map(Arc::new) else {
                break;
            };
            for one in taken {
                let (receipt, bytes) = (one.message.receipt, one.message.body.bytes);
                let begun = if lacking.is_none() { self.begin(bytes, room.take()) } else { None };
                let Some(under_way) = begun else {
                    lacking.get_or_insert(bytes);
                    let _ = outcomes.send((receipt, UNTRIED));
                    continue;
                };
                throttle.take(1);
                let (terms, outcomes, place) = (Arc::clone(&terms), outcomes.clone(), places.split(1));
                tokio::spawn(async move {
                    if let Some(outcome) = under_way.consumer.read_and_deliver(one, &terms).await {
                        // Who settles goes last.
                        let _ = outcomes.send((receipt, outcome));
                    }
                    drop((under_way, place));
                });
            }
        }
    }

    /// Begins a delivery if there is room for its message; some may be kept for it.
    fn begin(self: &Arc<Self>, bytes: u32, kept: Option<Held>) -> Option<UnderWay> {
        let kept = kept.filter(|room| room.is_enough_for(bytes));
        let room = kept.or_else(|| self.pusher.room.claim(bytes, self.is_idle()))?;
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.last_bytes.store(bytes, Ordering::Relaxed);
        Some(UnderWay { consumer: Arc::clone(self), _room: room })
    }

    /// Whether nothing of this subscription is under way.
    fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }

    /// Waits until messages can be taken; none if the subscription is gone. A message of so many bytes found too little
    /// room before.
    async fn admitted(
        &self,
        own: &Arc<Semaphore>,
        throttle: &mut Throttle,
        lacking: Option<u32>,
    ) -> Option<Admitted> {
        let places = Arc::clone(own).acquire_many_owned(RECEIVED_MAX).await.ok()?;
        loop {
            let per_second = self.terms()?.policy.receives_per_second;
            let throttled = match throttle.room(per_second, Instant::now()) {
                Ok(room) => room,
                Err(until) => {
                    tokio::time::sleep_until(until.into()).await;
                    continue;
                }
            };
            let maximum = match self.breaker.room().await {
                breaker::Room::Any => RECEIVED_MAX.min(throttled),
                breaker::Room::One => 1,
                breaker::Room::NoneUntil(_) | breaker::Room::None => continue,
            };
            let (room, fitting) = self.room(lacking).await?;
            return Some(Admitted { places, maximum: maximum.min(fitting), room });
        }
    }

    /// Returns when there is room for messages, and for how many about as large as the last. It is held only for one
    /// that is known to be there: a consumer that finds nothing to deliver would keep it from others.
    async fn room(&self, lacking: Option<u32>) -> Option<(Option<Held>, u32)> {
        let all = &self.pusher.room;
        if let Some(bytes) = lacking {
            let held = all.wait(bytes, self.is_idle()).await?;
            return Some((Some(held), all.fitting(bytes).saturating_add(1)));
        }
        let bytes = self.last_bytes.load(Ordering::Relaxed);
        let first = u32::from(self.is_idle());
        if first == 0 {
            drop(all.wait(0, false).await?);
        }
        Some((None, all.fitting(bytes).saturating_add(first).max(1)))
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

    /// Reads a message and tries to deliver it once; nothing comes of one whose body is damaged, which stays hidden for
    /// its time.
    async fn read_and_deliver(&self, taken: Taken, terms: &Terms) -> Option<Outcome> {
        let position = taken.message.body.position.0;
        match taken.read().await {
            Ok(delivery) => Some(self.deliver(delivery, terms).await),
            Err(error) => {
                let subscription = self.subscription.to_string();
                tracing::error!(%error, position, subscription, "the body of a message cannot be read");
                let is_damaged = matches!(error, storage::Error::Body { .. });
                (!is_damaged).then_some(Outcome::Untried(PAUSE))
            }
        }
    }

    /// Tries to deliver a message once.
    async fn deliver(&self, delivery: Delivery, terms: &Terms) -> Outcome {
        let hub = &self.pusher.hub;
        let composed = compose(&delivery, &terms.view, &terms.policy.content_type, hub).await;
        let request = match composed {
            Ok(Some(request)) => request,
            Ok(None) => return Outcome::Delivered,
            Err(error) => return self.not_composed(error),
        };
        // Only what is posted is held until the endpoint answers.
        let attempts = delivery.message.attempts;
        drop(delivery);
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
                let attempts = usize::try_from(attempts).unwrap_or(usize::MAX);
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
