//! From a queue to a client: receives while there is credit and the socket takes what is written, and writes what came.

use super::client::Client;
use super::consumer::Consumer;
use super::outgoing::Mark;
use super::protocol::{Loss, Message, Refused, Said};
use super::settling::{Returned, delete, give_back};
use crate::delivery::{Rendered, render};
use crate::engine::{self, Delivery};
use crate::hub::Hub;
use crate::shape::queue::refusal::About;
use crate::shape::queue::selection::SystemAttributeNames;
use crate::wire::Pairs;
use futures_util::future::LocalBoxFuture;
use queue_core::{QueueId, Receipt, Receive, Received};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use uuid::Uuid;

/// How long a receive waits for a message.
const WAIT: Duration = Duration::from_secs(3_600);
/// What cannot be taken just now is tried again after this.
const PAUSE: Duration = Duration::from_secs(1);

/// What takes messages for one consumer.
pub(super) struct Taker {
    pub(super) sub: Arc<str>,
    pub(super) number: u64,
    queue: QueueId,
    queue_name: Arc<str>,
    stage: Stage,
}

enum Stage {
    Resting,
    /// Nothing was taken yet, so this can be left.
    Receiving {
        /// How many, which grows while it waits: of a group of a FIFO queue what is left waits for what is taken.
        maximum: Arc<AtomicU32>,
        received: LocalBoxFuture<'static, Result<Vec<Delivery>, engine::Error>>,
    },
    /// These tags are on their way to be written.
    Writing {
        tags: Vec<u64>,
        /// The client was given them before, so they stay its own, written or not.
        is_repeated: bool,
        written: LocalBoxFuture<'static, Vec<(u64, Vec<u8>)>>,
    },
}

impl Taker {
    pub(super) fn new(sub: &str, consumer: &Consumer) -> Self {
        let (number, queue) = (consumer.number, consumer.queue);
        let queue_name = Arc::clone(&consumer.queue_name);
        Self { sub: sub.into(), number, queue, queue_name, stage: Stage::Resting }
    }

    /// What it holds for the first time and was not even put among what is to be written.
    pub(super) fn into_unwritten(self) -> impl Iterator<Item = Mark> {
        let tags = match self.stage {
            Stage::Resting | Stage::Receiving { .. } | Stage::Writing { is_repeated: true, .. } => Vec::new(),
            Stage::Writing { tags, is_repeated: false, .. } => tags,
        };
        let (sub, number) = (self.sub, self.number);
        tags.into_iter().map(move |tag| ((&*sub).into(), number, tag))
    }

    /// Stops to wait for messages.
    fn rest(&mut self) {
        if let Stage::Receiving { .. } = self.stage {
            self.stage = Stage::Resting;
        }
    }

    /// Writes messages once more that the client holds.
    pub(super) fn repeat(&mut self, hub: &Arc<Hub>, held: Vec<(u64, Received, u64)>) {
        let tags = held.iter().map(|(tag, _, _)| *tag).collect();
        let (hub, writer) = (Arc::clone(hub), self.writer());
        let written = Box::pin(async move {
            let mut written = Vec::with_capacity(held.len());
            for (tag, received, until_ms) in held {
                let again = hub.engine.again(received).await;
                let Ok(delivery) = again.inspect_err(|error| {
                    tracing::warn!(%error, "a message cannot be given again; it stays with its client");
                }) else {
                    continue;
                };
                let due = Due { tag, until_ms, is_repeated: true };
                written.extend(writer.write(&hub, due, delivery).await.map(|text| (tag, text)));
            }
            written
        });
        self.stage = Stage::Writing { tags, is_repeated: true, written };
    }

    fn writer(&self) -> Writer {
        Writer { sub: Arc::clone(&self.sub), queue: self.queue, queue_name: Arc::clone(&self.queue_name) }
    }
}

/// A message that is to be written.
#[derive(Clone, Copy)]
struct Due {
    tag: u64,
    until_ms: u64,
    is_repeated: bool,
}

/// Writes messages as a client is shown them.
struct Writer {
    sub: Arc<str>,
    queue: QueueId,
    queue_name: Arc<str>,
}

impl Writer {
    /// None if the message cannot be shown, which is logged.
    async fn write(&self, hub: &Hub, due: Due, delivery: Delivery) -> Option<Vec<u8>> {
        let receipt = delivery.message.receipt;
        let rendered = render(delivery, hub).await;
        let rendered = rendered.inspect_err(|error| {
            tracing::error!(?error, queue = &*self.queue_name, "a message cannot be shown");
        });
        Some(self.text(hub, due, receipt, rendered.ok()?))
    }

    fn text(&self, hub: &Hub, due: Due, receipt: Receipt, rendered: Rendered) -> Vec<u8> {
        let system = SystemAttributeNames::all().of(&rendered);
        let member =
            (receipt.queue != self.queue).then(|| hub.catalogue.queue_by_id(receipt.queue)).flatten();
        let attributes =
            rendered.attributes.into_iter().map(|one| (one.name.to_string(), one.into())).collect();
        Said::Message(&Message {
            sub: &self.sub,
            tag: due.tag,
            message_id: Uuid::from_u128(rendered.received.id).to_string(),
            body: &rendered.body,
            attributes: Pairs(attributes),
            system,
            queue: member.as_ref().map_or(&self.queue_name, |member| &member.name.name),
            receipt_handle: hub.secrets.handle(&receipt),
            lease_until: due.until_ms,
            redelivered: due.is_repeated || rendered.received.receives > 1,
        })
        .to_text()
    }
}

impl Client {
    /// Lets all consumers go on; whether something has come of it.
    pub(super) fn poll_takers(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_moved = false;
        let mut takers = std::mem::take(&mut self.takers);
        takers.retain_mut(|taker| {
            while let Poll::Ready(step) = self.poll_taker(taker, cx) {
                has_moved = true;
                if let Step::Over = step {
                    return false;
                }
            }
            true
        });
        self.takers = takers;
        has_moved
    }

    /// Nothing more is taken from now on.
    pub(super) fn stop_taking(&mut self) {
        self.takers.iter_mut().for_each(Taker::rest);
    }

    /// Lets what waits for messages take as many as there is room for now, before anything else is asked of the engine.
    pub(super) fn widen(&self, sub: &str) {
        for taker in self.takers.iter().filter(|taker| &*taker.sub == sub) {
            if let (Stage::Receiving { maximum, .. }, Some(room)) =
                (&taker.stage, self.room(sub, taker.number))
            {
                maximum.fetch_max(u32::try_from(room).unwrap_or(u32::MAX), Ordering::Relaxed);
            }
        }
    }

    fn poll_taker(&mut self, taker: &mut Taker, cx: &mut Context<'_>) -> Poll<Step> {
        match &mut taker.stage {
            Stage::Resting => self.begin(taker),
            Stage::Receiving { maximum, received } => {
                let Some(room) = self.room(&taker.sub, taker.number) else { return Poll::Ready(Step::Over) };
                let room = u32::try_from(room).unwrap_or(u32::MAX);
                // What could not be written now is left to others.
                if self.outgoing.is_stuck() || room < maximum.load(Ordering::Relaxed) {
                    taker.stage = Stage::Resting;
                    return Poll::Ready(Step::On);
                }
                maximum.store(room, Ordering::Relaxed);
                match received.as_mut().poll(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(received) => Poll::Ready(self.received(taker, received)),
                }
            }
            Stage::Writing { tags, is_repeated, written } => match written.as_mut().poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(texts) => {
                    let Some(attached) = self.attached() else { return Poll::Ready(Step::Over) };
                    // What cannot be shown is not the client's; it comes back when its lease ends.
                    tags.retain(|tag| !texts.iter().any(|(shown, _)| shown == tag));
                    let left = |consumer: &mut Consumer| {
                        tags.drain(..).for_each(|tag| drop(consumer.held.take(tag)));
                        // What was lost meanwhile is not shown either.
                        let is_shown = |tag: u64| consumer.is_automatic || consumer.held.lease(tag).is_some();
                        texts.into_iter().filter(|(tag, _)| is_shown(*tag)).collect::<Vec<_>>()
                    };
                    let left =
                        attached.session.with(|state| state.consumer(&taker.sub, taker.number).map(left));
                    let Some(left) = left else { return Poll::Ready(Step::Over) };
                    for (tag, text) in left {
                        match is_repeated {
                            true => self.outgoing.say(&text),
                            false => self.outgoing.push(&text, ((&*taker.sub).into(), taker.number, tag)),
                        }
                        self.hub.sockets.pushed.fetch_add(1, Ordering::Relaxed);
                    }
                    taker.stage = Stage::Resting;
                    Poll::Ready(Step::On)
                }
            },
        }
    }

    /// How many messages can be taken; none if the consumer is not there any more, or another connection has it.
    fn room(&self, sub: &str, number: u64) -> Option<usize> {
        let attached = self.attached()?;
        let room = attached.session.with(|state| {
            let is_attached = state.is_attached(attached.number);
            state.consumer(sub, number).filter(|_| is_attached).map(|consumer| consumer.room())
        })?;
        Some(if self.hub.sockets.is_stopping() { 0 } else { room })
    }

    fn begin(&self, taker: &mut Taker) -> Poll<Step> {
        let Some(maximum) = self.room(&taker.sub, taker.number) else { return Poll::Ready(Step::Over) };
        // A message is leased when it can be written at once.
        if !self.outgoing.is_empty() {
            return Poll::Pending;
        }
        let lease = || {
            let session = &self.attached()?.session;
            session.with(|state| Some(state.consumer(&taker.sub, taker.number)?.held.terms.lease))
        };
        let Some(visibility) = lease().filter(|_| maximum > 0) else { return Poll::Pending };
        let asked = u32::try_from(maximum).unwrap_or(u32::MAX);
        let receive = Receive { queue: taker.queue, maximum: asked, visibility, attempt: None };
        let maximum = Arc::new(AtomicU32::new(asked));
        let (hub, growing) = (Arc::clone(&self.hub), Arc::clone(&maximum));
        let received = Box::pin(async move {
            match hub.engine.receive_growing(receive, growing, WAIT).await {
                Err(engine::Error::Full(_) | engine::Error::Damaged | engine::Error::Stopped) => {
                    tokio::time::sleep(PAUSE).await;
                    Ok(Vec::new())
                }
                received => received,
            }
        });
        taker.stage = Stage::Receiving { maximum, received };
        Poll::Ready(Step::On)
    }

    /// Messages came: they are held from now on.
    fn received(&mut self, taker: &mut Taker, received: Result<Vec<Delivery>, engine::Error>) -> Step {
        taker.stage = Stage::Resting;
        let Some(session) = self.attached().map(|attached| Arc::clone(&attached.session)) else {
            return Step::Over;
        };
        let deliveries = match received {
            Ok(deliveries) => deliveries,
            Err(error) => {
                let fault = About::default().fault(error);
                session.with(|state| {
                    if let Some(mut gone) = state.consumers.remove(&*taker.sub) {
                        let tags: Vec<_> = gone.held.tags().collect();
                        gone.held.take_all();
                        state.say_lost(&taker.sub, &tags, Loss::Deleted);
                        state.say(&Said::Error(Refused::new(None, Some(&taker.sub), &fault)));
                    }
                });
                return Step::Over;
            }
        };
        let held = self.hold(taker, deliveries);
        if held.is_empty() {
            return Step::On;
        }
        let is_automatic = held.first().is_some_and(|(_, is_automatic, _)| *is_automatic);
        let tags = if is_automatic { Vec::new() } else { held.iter().map(|(due, _, _)| due.tag).collect() };
        let (hub, writer) = (Arc::clone(&self.hub), taker.writer());
        let written = Box::pin(async move {
            let (mut written, mut receipts) = (Vec::with_capacity(held.len()), Vec::new());
            for (due, _, delivery) in held {
                let receipt = delivery.message.receipt;
                if let Some(text) = writer.write(&hub, due, delivery).await {
                    written.push((due.tag, text));
                    receipts.push(receipt);
                }
            }
            if is_automatic && let Err(fault) = delete(&hub, receipts).await {
                // At most once: what may still be in the queue is not shown.
                tracing::warn!(%fault, "messages are not deleted, and will be visible again");
                written.clear();
            }
            written
        });
        taker.stage = Stage::Writing { tags, is_repeated: false, written };
        Step::On
    }

    /// Holds what came, as far as it fits and the session is still this connection's. The rest is given back at once.
    fn hold(&self, taker: &Taker, deliveries: Vec<Delivery>) -> Vec<(Due, bool, Delivery)> {
        let hold = |received: &Received| {
            let attached = self.attached()?;
            attached.session.with(|state| {
                if !state.is_attached(attached.number) {
                    return None;
                }
                let consumer = state.consumer(&taker.sub, taker.number)?;
                let until = received.receipt.at.after(consumer.held.terms.lease);
                let tag = match consumer.is_automatic {
                    true => consumer.held.next_tag(received),
                    false => consumer.held.hold(received.clone(), consumer.bytes_max)?,
                };
                let due = Due { tag, until_ms: until.milliseconds(), is_repeated: false };
                Some((due, consumer.is_automatic))
            })
        };
        let (mut held, mut given_back) = (Vec::with_capacity(deliveries.len()), Vec::new());
        for delivery in deliveries {
            // What comes after one that is given back would overtake it.
            let kept = given_back.is_empty().then(|| hold(&delivery.message)).flatten();
            match kept {
                Some((due, is_automatic)) => held.push((due, is_automatic, delivery)),
                None => given_back.push(delivery.message.receipt),
            }
        }
        if !given_back.is_empty() {
            let hub = Arc::clone(&self.hub);
            let returned = Returned { unseen: given_back, ..Returned::default() };
            self.start(async move { give_back(&hub, returned).await });
        }
        held
    }
}

/// What a consumer's step leads to.
enum Step {
    On,
    Over,
}
