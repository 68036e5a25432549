//! The queues and topics of a load.

use std::net::SocketAddr;

use fanq_tests::history::History;
use serde_json::json;

use super::client::Client;

/// Beginnings of ARNs in the account of requests that are not signed.
const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:";
const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:000000000000:";

/// A queue: its name, how many seconds a receiver has, and how it gives up messages.
pub(crate) struct Queue {
    pub(crate) name: &'static str,
    pub(crate) visibility_seconds: u64,
    pub(crate) redrive: Option<(&'static str, u32)>,
}

/// A queue that keeps all messages.
pub(crate) const fn queue(name: &'static str, visibility_seconds: u64) -> Queue {
    Queue { name, visibility_seconds, redrive: None }
}

/// All queues. Those that messages move to come after those that they come from.
pub(crate) const QUEUES: [Queue; 11] = [
    queue("orders", 2),
    queue("orders.fifo", 1),
    queue("later", 2),
    Queue { name: "poison", visibility_seconds: 1, redrive: Some(("dead", 3)) },
    Queue { name: "poison.fifo", visibility_seconds: 1, redrive: Some(("dead.fifo", 2)) },
    queue("all", 2),
    queue("some", 2),
    queue("all.fifo", 1),
    queue("some.fifo", 1),
    queue("dead", 2),
    queue("dead.fifo", 1),
];

/// A topic with the queue that gets all of its messages and the one that gets those of kind `a`.
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    pub(crate) all: &'static str,
    pub(crate) some: &'static str,
}

pub(crate) const EVENTS: Topic = Topic { name: "events", all: "all", some: "some" };
pub(crate) const EVENTS_FIFO: Topic = Topic { name: "events.fifo", all: "all.fifo", some: "some.fifo" };

impl Topic {
    pub(crate) fn arn(&self) -> String {
        format!("{TOPIC_ARN}{}", self.name)
    }
}

/// An empty history that knows where messages move.
pub(crate) fn history() -> History {
    let mut history = History::new();
    for queue in &QUEUES {
        if let Some((target, receives_max)) = queue.redrive {
            history.redrive(queue.name, target, receives_max);
        }
    }
    history
}

/// Makes them all on an empty hub.
pub(crate) fn create(address: SocketAddr) {
    let mut client = Client::default();
    for queue in QUEUES.iter().rev() {
        let mut attributes = json!({ "VisibilityTimeout": queue.visibility_seconds.to_string() });
        if queue.name.ends_with(".fifo") {
            attributes["FifoQueue"] = json!("true");
        }
        if let Some((target, receives_max)) = queue.redrive {
            let policy = json!({
                "deadLetterTargetArn": format!("{QUEUE_ARN}{target}"),
                "maxReceiveCount": receives_max,
            });
            attributes["RedrivePolicy"] = json!(policy.to_string());
        }
        let input = json!({ "QueueName": queue.name, "Attributes": attributes });
        client.sqs(address, "CreateQueue", &input).expect();
    }
    for topic in [&EVENTS, &EVENTS_FIFO] {
        let mut parameters = vec![("Action", "CreateTopic"), ("Name", topic.name)];
        if topic.name.ends_with(".fifo") {
            parameters
                .extend([("Attributes.entry.1.key", "FifoTopic"), ("Attributes.entry.1.value", "true")]);
        }
        client.sns(address, &parameters).expect();
        for (queue, is_filtered) in [(topic.all, false), (topic.some, true)] {
            subscribe(&mut client, address, topic, queue, is_filtered);
        }
    }
}

fn subscribe(client: &mut Client, address: SocketAddr, topic: &Topic, queue: &str, is_filtered: bool) {
    let (topic, queue) = (topic.arn(), format!("{QUEUE_ARN}{queue}"));
    let mut parameters = vec![
        ("Action", "Subscribe"),
        ("TopicArn", &topic),
        ("Protocol", "sqs"),
        ("Endpoint", &queue),
        ("Attributes.entry.1.key", "RawMessageDelivery"),
        ("Attributes.entry.1.value", "true"),
    ];
    if is_filtered {
        parameters.extend([
            ("Attributes.entry.2.key", "FilterPolicy"),
            ("Attributes.entry.2.value", r#"{"kind": ["a"]}"#),
        ]);
    }
    client.sns(address, &parameters).expect();
}
