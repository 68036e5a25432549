//! The topic and the queues.

use std::collections::BTreeMap;

use fanq_client::{Client, Error, Queue, Topic};
use serde_json::json;

use super::story::{DEPARTMENTS, PAYMENT_TRIES, Place};

/// Longer than the demo takes: no message comes twice because its time ran out.
const VISIBILITY_SECONDS: &str = "60";

pub(super) struct Shop {
    pub(super) topic: Topic,
    pub(super) queues: BTreeMap<Place, Queue>,
    pub(super) payment_arn: String,
}

impl Shop {
    pub(super) async fn open(client: &Client) -> Result<Self, Error> {
        let dead_letters = client.create_queue(Place::DeadLetters.name(), &[]).await?;
        let redrive = json!({
            "deadLetterTargetArn": dead_letters.arn().await?,
            "maxReceiveCount": PAYMENT_TRIES,
        })
        .to_string();
        let topic = client.create_topic("orders").await?;
        let mut queues = BTreeMap::from([(Place::DeadLetters, dead_letters)]);
        let mut payment_arn = String::new();
        for department in &DEPARTMENTS {
            let mut attributes = vec![("VisibilityTimeout", VISIBILITY_SECONDS)];
            if department.place == Place::Payment {
                attributes.push(("RedrivePolicy", &redrive));
            }
            let queue = client.create_queue(department.place.name(), &attributes).await?;
            let arn = queue.arn().await?;
            let raw = department.is_raw.to_string();
            let subscription = [
                ("FilterPolicy", department.policy),
                ("FilterPolicyScope", department.scope),
                ("RawMessageDelivery", &raw),
            ];
            topic.subscribe(&arn, &subscription).await?;
            queues.insert(department.place, queue);
            if department.place == Place::Payment {
                payment_arn = arn;
            }
        }
        Ok(Self { topic, queues, payment_arn })
    }

    /// Whether no queue has a message left, neither visible nor in flight nor delayed.
    ///
    /// The dead letters are asked last: what payment no longer has was moved there before, or is done.
    pub(super) async fn is_empty(&self) -> Result<bool, Error> {
        for place in Place::ALL {
            if let Some(queue) = self.queues.get(&place)
                && !is_empty(queue).await?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

async fn is_empty(queue: &Queue) -> Result<bool, Error> {
    const COUNTERS: [&str; 3] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ];
    let attributes = queue.attributes(&COUNTERS).await?;
    Ok(COUNTERS.iter().all(|name| attributes.get(*name).is_some_and(|count| count == "0")))
}
