//! An order system on a hub, with the official SDKs: a topic, three queues that filter it, and dead letters.
//!
//! `cargo run -p fanq-examples --example orders [endpoint]`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::types::MessageSystemAttributeName::{ApproximateReceiveCount, DeadLetterQueueSourceArn};
use serde_json::{Value, json};

mod shop;
use shop::{Done, Queue, Result, Shop};

struct Order {
    id: String,
    kind: &'static str,
    amount: u32,
    country: &'static str,
    card: &'static str,
}

fn orders() -> Vec<Order> {
    let order = |number: u32| Order {
        id: format!("order-{number:02}"),
        kind: if number.is_multiple_of(3) { "file" } else { "thing" },
        amount: if number.is_multiple_of(7) { 0 } else { number * 5 },
        country: if number.is_multiple_of(2) { "DE" } else { "JP" },
        card: if number.is_multiple_of(10) { "declined" } else { "good" },
    };
    (1..=30).map(order).collect()
}

/// What the filter policies below say, said once more.
fn expected(orders: &[Order]) -> BTreeMap<&'static str, BTreeSet<String>> {
    let those = |wanted: fn(&Order) -> bool| {
        let wanted = orders.iter().filter(|order| wanted(order));
        wanted.map(|order| order.id.clone()).collect::<BTreeSet<_>>()
    };
    BTreeMap::from([
        ("inventory", those(|order| order.kind == "thing")),
        ("payment", those(|order| order.amount > 0 && order.card == "good")),
        ("shipping", those(|order| order.kind == "thing" && order.country == "DE")),
        ("dead letters", those(|order| order.amount > 0 && order.card == "declined")),
    ])
}

struct Queues {
    inventory: Queue,
    payment: Queue,
    shipping: Queue,
    dead_letters: Queue,
}

async fn open(shop: &mut Shop, topic: &str) -> Result<Queues> {
    let dead_letters = shop.queue("payment-dead-letters", None).await?;
    let queues = Queues {
        inventory: shop.queue("inventory", None).await?,
        payment: shop.queue("payment", Some(&dead_letters)).await?,
        shipping: shop.queue("shipping", None).await?,
        dead_letters,
    };
    let filters = [
        (&queues.inventory, "MessageAttributes", json!({"kind": ["thing"]})),
        (&queues.payment, "MessageAttributes", json!({"amount": [{"numeric": [">", 0]}]})),
        (&queues.shipping, "MessageBody", json!({"kind": ["thing"], "destination": {"country": ["DE"]}})),
    ];
    for (queue, scope, filter) in filters {
        shop.subscribe(topic, queue, scope, &filter).await?;
    }
    Ok(queues)
}

async fn publish(shop: &Shop, topic: &str, orders: &[Order]) -> Result<()> {
    for order in orders {
        let attribute = |kind: &str, value: &str| {
            MessageAttributeValue::builder().data_type(kind).string_value(value).build()
        };
        let body: Value = json!({
            "order": order.id,
            "kind": order.kind,
            "destination": {"country": order.country},
            "card": order.card,
        });
        shop.sns
            .publish()
            .topic_arn(topic)
            .message(body.to_string())
            .message_attributes("kind", attribute("String", order.kind)?)
            .message_attributes("amount", attribute("Number", &order.amount.to_string())?)
            .send()
            .await?;
    }
    println!("{} orders published", orders.len());
    Ok(())
}

/// Processes everything that comes, and says what that was.
async fn process(shop: &Shop, queue: &Queue) -> Result<BTreeSet<String>> {
    let mut processed = BTreeSet::new();
    shop.consume(queue, async |message| {
        let (order, body) = shop::read(message)?;
        let is_declined = body.get("card").is_some_and(|card| card == "declined");
        if is_declined && queue.url.contains("/payment-") {
            println!("payment: {order} is declined, try {}", shop::told(message, &ApproximateReceiveCount));
            return Ok(Done::No);
        }
        if !processed.insert(order) {
            return Err("an order came twice".into());
        }
        Ok(Done::Yes)
    })
    .await?;
    Ok(processed)
}

async fn read_dead_letters(shop: &Shop, queues: &Queues) -> Result<BTreeSet<String>> {
    let mut dead = BTreeSet::new();
    shop.consume(&queues.dead_letters, async |message| {
        let (order, _) = shop::read(message)?;
        let source = shop::told(message, &DeadLetterQueueSourceArn);
        let count = shop::told(message, &ApproximateReceiveCount);
        println!("dead letter: {order} from {source}, delivery {count}");
        if source != queues.payment.arn || count != "4" {
            return Err("a dead letter comes from payment, after three deliveries there".into());
        }
        dead.insert(order);
        Ok(Done::Yes)
    })
    .await?;
    Ok(dead)
}

async fn run(shop: &mut Shop) -> Result<()> {
    let topic = shop.topic("orders").await?;
    let queues = open(shop, &topic).await?;
    let shop = &*shop;
    let orders = orders();
    let ((), inventory, payment, shipping) = tokio::try_join!(
        publish(shop, &topic, &orders),
        process(shop, &queues.inventory),
        process(shop, &queues.payment),
        process(shop, &queues.shipping),
    )?;
    let dead_letters = read_dead_letters(shop, &queues).await?;
    let actual = BTreeMap::from([
        ("inventory", inventory),
        ("payment", payment),
        ("shipping", shipping),
        ("dead letters", dead_letters),
    ]);
    let expected = expected(&orders);
    for (name, orders) in &actual {
        let verdict = if expected.get(name) == Some(orders) { "ok" } else { "WRONG" };
        println!("{name:>12}: {:2} orders, {verdict}", orders.len());
    }
    if actual != expected {
        return Err("not every order is where its filter says".into());
    }
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
