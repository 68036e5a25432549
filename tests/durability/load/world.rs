//! The queues and topics of a load.

use std::net::SocketAddr;

use fanq_tests::history::History;
use serde_json::json;

use super::client::Client;

/// Beginnings of ARNs in the account of requests that are not signed.
const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:";
const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:000000000000:";

/// A queue: its name, how many seconds a receiver has, how it gives up messages, and of which queues it is a list.
pub(crate) struct Queue {
    pub(crate) name: &'static str,
    pub(crate) visibility_seconds: u64,
    pub(crate) redrive: Option<(&'static str, u32)>,
    pub(crate) members: &'static [&'static str],
}

/// A queue that keeps all messages.
pub(crate) const fn queue(name: &'static str, visibility_seconds: u64) -> Queue {
    Queue { name, visibility_seconds, redrive: None, members: &[] }
}

/// A queue that gives up messages after so many receives.
const fn giving_up(name: &'static str, target: &'static str, receives_max: u32) -> Queue {
    Queue { redrive: Some((target, receives_max)), ..queue(name, 1) }
}

/// A priority queue.
const fn list(name: &'static str, visibility_seconds: u64, members: &'static [&'static str]) -> Queue {
    Queue { members, ..queue(name, visibility_seconds) }
}

/// The members of priority queues.
pub(crate) const MEMBERS: [Queue; 5] = [
    queue("urgent", 2),
    queue("normal", 2),
    giving_up("poison-last", "dead", 3),
    queue("urgent.fifo", 1),
    queue("normal.fifo", 1),
];

/// All other queues. Those that messages move to come after those that they come from.
pub(crate) const QUEUES: [Queue; 13] = [
    queue("orders", 2),
    queue("orders.fifo", 1),
    queue("later", 2),
    giving_up("poison", "dead", 3),
    giving_up("poison.fifo", "dead.fifo", 2),
    queue("all", 2),
    queue("some", 2),
    queue("all.fifo", 1),
    queue("some.fifo", 1),
    list("levels", 2, &["urgent", "normal", "poison-last"]),
    list("levels.fifo", 1, &["urgent.fifo", "normal.fifo"]),
    queue("dead", 2),
    queue("dead.fifo", 1),
];

/// A topic with the queue that gets all of its messages, the one that gets those of kind `a`, and the priority queue that
/// gets those of kind `c`.
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    pub(crate) all: &'static str,
    pub(crate) some: &'static str,
    pub(crate) list: &'static str,
}

pub(crate) const EVENTS: Topic = Topic { name: "events", all: "all", some: "some", list: "levels" };
pub(crate) const EVENTS_FIFO: Topic =
    Topic { name: "events.fifo", all: "all.fifo", some: "some.fifo", list: "levels.fifo" };

impl Topic {
    pub(crate) fn arn(&self) -> String {
        format!("{TOPIC_ARN}{}", self.name)
    }
}

/// The members of a queue; none if it is no priority queue.
pub(crate) fn members(name: &str) -> &'static [&'static str] {
    QUEUES.iter().find(|queue| queue.name == name).map_or(&[], |queue| queue.members)
}

/// An empty history that knows where messages move, and what is a list of what.
pub(crate) fn history() -> History {
    let mut history = History::new();
    for queue in MEMBERS.iter().chain(&QUEUES) {
        if !queue.members.is_empty() {
            history.list(queue.name, queue.members);
        }
        if let Some((target, receives_max)) = queue.redrive {
            history.redrive(queue.name, target, receives_max);
        }
    }
    history
}

/// Makes them all on an empty hub.
pub(crate) fn create(address: SocketAddr) {
    let mut client = Client::default();
    let (lists, plain): (Vec<_>, Vec<_>) = QUEUES.iter().rev().partition(|queue| !queue.members.is_empty());
    for queue in plain.into_iter().chain(&MEMBERS).chain(lists) {
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
        if !queue.members.is_empty() {
            let policy = if queue.name.ends_with(".fifo") { "strict" } else { "weighted" };
            let members = json!({ "members": queue.members, "policy": policy, "maxWaitSeconds": 1 });
            attributes["PriorityMembers"] = json!(members.to_string());
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
        for (queue, kind) in [(topic.all, None), (topic.some, Some("a")), (topic.list, Some("c"))] {
            subscribe(&mut client, address, topic, queue, kind);
        }
    }
}

fn subscribe(client: &mut Client, address: SocketAddr, topic: &Topic, queue: &str, kind: Option<&str>) {
    let filter = kind.map(|kind| json!({ "kind": [kind] }).to_string());
    let (topic, queue) = (topic.arn(), format!("{QUEUE_ARN}{queue}"));
    let mut parameters = vec![
        ("Action", "Subscribe"),
        ("TopicArn", &topic),
        ("Protocol", "sqs"),
        ("Endpoint", &queue),
        ("Attributes.entry.1.key", "RawMessageDelivery"),
        ("Attributes.entry.1.value", "true"),
    ];
    if let Some(filter) = &filter {
        parameters.extend([("Attributes.entry.2.key", "FilterPolicy"), ("Attributes.entry.2.value", filter)]);
    }
    client.sns(address, &parameters).expect();
}
