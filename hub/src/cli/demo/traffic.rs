//! Producers and consumers at work.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fanq_client::{Error, Message, MessageAttribute, Outgoing, Queue, Receive, Topic};
use serde_json::Value;
use tokio::task::JoinSet;

use super::ledger::{Delivery, Ledger};
use super::shop::Shop;
use super::story::{Order, Place, Story};

/// Tasks that publish.
pub(super) const PRODUCERS: usize = 4;

/// Tasks that share the work of one queue.
const CONSUMERS: usize = 2;

/// How long a consumer waits for messages before it asks again; the longest that AWS allows.
const WAIT: Duration = Duration::from_secs(20);

/// How the work came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All was published, and then all queues were empty.
    QueuesEmpty,
    TimeIsUp,
}

/// The tasks end when this is dropped.
pub(super) struct Traffic {
    shop: Shop,
    producers: JoinSet<Result<(), Error>>,
    consumers: JoinSet<Result<Infallible, Error>>,
}

impl Traffic {
    pub(super) fn start(shop: Shop, story: &Arc<Story>, ledger: &Arc<Ledger>) -> Self {
        ledger.start();
        let mut consumers = JoinSet::new();
        for (&place, queue) in &shop.queues {
            for _ in 0..CONSUMERS {
                let consumer = Consumer {
                    place,
                    queue: queue.clone(),
                    story: Arc::clone(story),
                    ledger: Arc::clone(ledger),
                };
                consumers.spawn(consumer.run());
            }
        }
        let mut producers = JoinSet::new();
        for number in 0..PRODUCERS {
            let topic = shop.topic.clone();
            let (story, ledger) = (Arc::clone(story), Arc::clone(ledger));
            producers.spawn(async move {
                for order in story.orders.values().skip(number).step_by(PRODUCERS) {
                    publish(&topic, order).await?;
                    ledger.published();
                }
                Ok(())
            });
        }
        Self { shop, producers, consumers }
    }

    /// Works until all orders are published and all queues empty, whether or not anything got lost.
    pub(super) async fn run(&mut self, look: Duration, mut show: impl FnMut()) -> Result<Ending, Error> {
        let mut ticks = tokio::time::interval(look);
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    show();
                    if self.producers.is_empty() && self.shop.is_empty().await? {
                        return Ok(Ending::QueuesEmpty);
                    }
                }
                Some(Ok(result)) = self.producers.join_next() => result?,
                Some(Ok(result)) = self.consumers.join_next() => match result? {},
            }
        }
    }
}

async fn publish(topic: &Topic, order: &Order) -> Result<(), Error> {
    let message = Outgoing::from(order.body())
        .attribute("kind", MessageAttribute::string(order.kind_name()))
        .attribute("amount", MessageAttribute::number(order.amount()));
    topic.publish(message).await?;
    Ok(())
}

struct Consumer {
    place: Place,
    queue: Queue,
    story: Arc<Story>,
    ledger: Arc<Ledger>,
}

impl Consumer {
    async fn run(self) -> Result<Infallible, Error> {
        let receive = Receive { wait: WAIT, ..Receive::default() };
        loop {
            for message in self.queue.receive(receive).await? {
                self.handle(message).await?;
            }
        }
    }

    /// Everything is written down before the hub hears of it, so that an empty queue means a finished ledger.
    async fn handle(&self, message: Message) -> Result<(), Error> {
        let (order, is_intact) = self.story.recognise(text(&message.body).as_str());
        let handle = &message.receipt_handle;
        self.ledger.received(Delivery {
            place: self.place,
            order: order.clone(),
            receive_count: message.receive_count().unwrap_or(0),
            is_intact,
            source: message.dead_letter_source().map(str::to_owned),
        });
        if self.is_refused(&order) {
            // Try again at once. After the last try the hub puts the order aside.
            return self.queue.change_visibility(handle, Duration::ZERO).await;
        }
        self.ledger.processed(self.place, &order);
        self.queue.delete(handle).await
    }

    fn is_refused(&self, order: &str) -> bool {
        let order = self.story.orders.get(order);
        self.place == Place::Payment && order.is_some_and(|order| order.is_declined)
    }
}

/// What was published, taken out of its envelope if it has one.
fn text(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(envelope)) if envelope.get("Type").is_some_and(|kind| kind == "Notification") => {
            match envelope.get("Message") {
                Some(Value::String(message)) => message.clone(),
                _ => body.to_owned(),
            }
        }
        _ => body.to_owned(),
    }
}
