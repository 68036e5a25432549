//! Services that work in a chain, one of which gets a message twice and does its work once.
//!
//! An order is placed; inventory reserves it; payment charges it; shipping ships it. Each listens to the event
//! before its own, by a filter policy on one topic. A queue delivers at least once, so payment keeps a note of the
//! orders it has charged, by their own number: the number of the message would not do, since whoever publishes may
//! do so twice.
//!
//! `cargo run -p fanq-examples --example chain [endpoint]`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeSet;
use std::process::ExitCode;

use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::json;

mod shop;
use shop::{Done, Queue, Result, Shop};

/// The order for which the worker of payment stops at the worst moment.
const UNLUCKY: &str = "order-3";

const ORDERS: [&str; 5] = ["order-1", "order-2", "order-3", "order-4", "order-5"];

async fn publish(shop: &Shop, topic: &str, event: &str, order: &str) -> Result<()> {
    let event = MessageAttributeValue::builder().data_type("String").string_value(event).build()?;
    shop.sns
        .publish()
        .topic_arn(topic)
        .message(json!({"order": order}).to_string())
        .message_attributes("event", event)
        .send()
        .await?;
    Ok(())
}

/// A service of the chain.
struct Service<'a> {
    shop: &'a Shop,
    topic: &'a str,
    name: &'static str,
    queue: Queue,
    /// What it does to an order, and therefore announces.
    deed: &'static str,
    /// The orders for which it has done so. A real service keeps this where the deed itself is kept, and writes both at once.
    done: BTreeSet<String>,
    duplicates: u32,
}

impl<'a> Service<'a> {
    async fn new(
        shop: &'a Shop,
        topic: &'a str,
        name: &'static str,
        queue: Queue,
        waits_for: &str,
        deed: &'static str,
    ) -> Result<Self> {
        let filter = json!({"event": [waits_for]});
        shop.subscribe(topic, &queue, "MessageAttributes", &filter).await?;
        Ok(Self { shop, topic, name, queue, deed, done: BTreeSet::new(), duplicates: 0 })
    }

    async fn work(&mut self) -> Result<()> {
        let (shop, queue) = (self.shop, self.queue.clone());
        shop.consume(&queue, async |message| self.handle(message).await).await
    }

    async fn handle(&mut self, message: &Message) -> Result<Done> {
        let name = self.name;
        let (order, _) = shop::read(message)?;
        if self.done.contains(&order) {
            self.duplicates += 1;
            println!(
                "{name:>9}: {order} came again (delivery {} of message {}); it is {} already, so the message is \
                 deleted and nothing else done",
                shop::told(message, &MessageSystemAttributeName::ApproximateReceiveCount),
                message.message_id().unwrap_or_default(),
                self.deed
            );
            return Ok(Done::Yes);
        }
        self.done.insert(order.clone());
        publish(self.shop, self.topic, self.deed, &order).await?;
        println!("{name:>9}: {order} {}", self.deed);
        if name == "payment" && order == UNLUCKY {
            println!("{name:>9}: the worker stops before it deletes the message of {order}");
            return Ok(Done::No);
        }
        Ok(Done::Yes)
    }

    /// Whether every order came, and so many twice. Had a service done its work twice, the next one would have seen
    /// a duplicate.
    fn is_right(&self, duplicates: u32) -> bool {
        self.done == BTreeSet::from(ORDERS.map(str::to_owned)) && self.duplicates == duplicates
    }
}

async fn run(shop: &mut Shop) -> Result<()> {
    let topic = shop.topic("events").await?;
    let inventory = shop.queue("inventory", None).await?;
    let payment = shop.queue("payment", None).await?;
    let shipping = shop.queue("shipping", None).await?;
    let (shop, topic) = (&*shop, topic.as_str());
    let mut inventory = Service::new(shop, topic, "inventory", inventory, "placed", "reserved").await?;
    let mut payment = Service::new(shop, topic, "payment", payment, "reserved", "paid").await?;
    let mut shipping = Service::new(shop, topic, "shipping", shipping, "paid", "shipped").await?;
    let place = async {
        for order in ORDERS {
            publish(shop, topic, "placed", order).await?;
        }
        Ok(())
    };
    tokio::try_join!(place, inventory.work(), payment.work(), shipping.work())?;
    if !(inventory.is_right(0) && payment.is_right(1) && shipping.is_right(0)) {
        return Err("not every order was reserved, paid and shipped once".into());
    }
    println!("{} orders were reserved, paid and shipped once each; 1 duplicate was recognised", ORDERS.len());
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut shop = match Shop::connect() {
        Ok(shop) => shop,
        Err(error) => return shop::finish(Err(error)),
    };
    let result = run(&mut shop).await;
    let tidied = shop.tidy().await;
    shop::finish(result.and(tidied))
}
