//! The topics, subscriptions and queues of the test.

use std::net::SocketAddr;

use fanq_tests::history::token;
use fanq_tests::{Hub, Request};
use serde_json::json;

use crate::load::client::Client;
use crate::load::world::{Queue, queue};

pub(super) const WIDE: &str = "wide";
pub(super) const WIDE_FIFO: &str = "wide.fifo";

/// What stands for the function that the receiver is.
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

/// As many as a receiver can need that fails, and is asked again after a second.
const PATIENT: &str = r#"{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":100}}"#;

/// Where a subscription leads.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Queue,
    /// To a queue that is gone.
    Nowhere {
        dead: &'static str,
    },
    Http,
    /// To a receiver that does not want some messages.
    Picky {
        dead: &'static str,
    },
    Function,
    /// By this protocol into the outbox.
    Outbox {
        address: &'static str,
    },
}

/// Which messages a subscription gets.
#[derive(Clone, Copy)]
enum Filter {
    None,
    Kind,
    Letters,
}

/// A subscription; what it gets is written down under its name, as if that were a queue. One to the outbox is called by
/// its protocol.
pub(super) struct Subscription {
    pub(super) name: &'static str,
    topic: &'static str,
    pub(super) way: Way,
    is_raw: bool,
    filter: Filter,
}

const fn wide(name: &'static str, way: Way, is_raw: bool, filter: Filter) -> Subscription {
    Subscription { name, topic: WIDE, way, is_raw, filter }
}

const fn fifo(name: &'static str, way: Way, is_raw: bool, filter: Filter) -> Subscription {
    Subscription { topic: WIDE_FIFO, ..wide(name, way, is_raw, filter) }
}

pub(super) const SUBSCRIPTIONS: [Subscription; 20] = [
    wide("q0", Way::Queue, true, Filter::None),
    wide("q1", Way::Queue, false, Filter::None),
    wide("q2", Way::Queue, true, Filter::Kind),
    wide("q3", Way::Queue, false, Filter::Kind),
    wide("gone", Way::Nowhere { dead: "gone-dead" }, true, Filter::None),
    wide("h0", Way::Http, true, Filter::None),
    wide("h1", Way::Http, false, Filter::None),
    wide("h2", Way::Http, true, Filter::Kind),
    wide("h3", Way::Http, false, Filter::Kind),
    wide("p0", Way::Picky { dead: "p0-dead" }, true, Filter::None),
    wide("p1", Way::Picky { dead: "p1-dead" }, false, Filter::None),
    wide("function", Way::Function, false, Filter::Kind),
    wide("email", Way::Outbox { address: "ann@example.com" }, false, Filter::Letters),
    wide("email-json", Way::Outbox { address: "bob@example.com" }, false, Filter::Letters),
    wide("sms", Way::Outbox { address: "+12065550100" }, false, Filter::Letters),
    fifo("o0.fifo", Way::Queue, true, Filter::None),
    fifo("o1.fifo", Way::Queue, false, Filter::None),
    fifo("o2.fifo", Way::Queue, true, Filter::Kind),
    fifo("o3", Way::Queue, true, Filter::None),
    fifo("gone.fifo", Way::Nowhere { dead: "gone-dead.fifo" }, true, Filter::None),
];

/// Those whose messages are taken out all the time, so that each kill finds some in flight.
pub(super) const CONSUMED: [Queue; 4] =
    [queue("o0.fifo", 1), queue("o1.fifo", 1), queue("o2.fifo", 1), queue("gone-dead.fifo", 1)];

/// Where what a receiver does not want comes to.
pub(super) const UNWANTED: [Queue; 2] = [queue("p0-dead", 600), queue("p1-dead", 600)];

/// Where a publish itself puts messages: all queues but those where receivers' refusals come to.
pub(super) const QUEUES: [Queue; 10] = [
    queue("q0", 600),
    queue("q1", 600),
    queue("q2", 600),
    queue("q3", 600),
    queue("gone-dead", 600),
    queue("o0.fifo", 1),
    queue("o1.fifo", 1),
    queue("o2.fifo", 1),
    queue("o3", 600),
    queue("gone-dead.fifo", 1),
];

/// What decides where a message goes.
#[derive(Clone, Copy)]
pub(super) struct Traits<'a> {
    pub(super) name: &'a str,
    pub(super) topic: &'a str,
    pub(super) is_kind_a: bool,
    pub(super) is_letter: bool,
}

/// Whether receivers that are picky refuse it.
pub(super) fn is_unwanted(name: &str) -> bool {
    token(name).is_multiple_of(8)
}

impl Subscription {
    /// Where a message comes to, if this subscription gets it.
    pub(super) fn place(&self, message: Traits<'_>) -> Option<&'static str> {
        let is_let_through = match self.filter {
            Filter::None => true,
            Filter::Kind => message.is_kind_a,
            Filter::Letters => message.is_letter,
        };
        let place = match self.way {
            Way::Nowhere { dead } => dead,
            Way::Picky { dead } if is_unwanted(message.name) => dead,
            Way::Queue | Way::Picky { .. } | Way::Http | Way::Function | Way::Outbox { .. } => self.name,
        };
        (message.topic == self.topic && is_let_through).then_some(place)
    }

    fn subscribe(&self, client: &mut Client, hub: &Hub, receiver: SocketAddr) {
        let Self { name, topic, way, is_raw, filter } = self;
        let (protocol, endpoint) = match way {
            Way::Queue | Way::Nowhere { .. } => ("sqs", queue_arn(name)),
            Way::Http | Way::Picky { .. } => ("http", format!("http://{receiver}/{name}")),
            Way::Function => ("lambda", FUNCTION.to_owned()),
            Way::Outbox { address } => (*name, (*address).to_owned()),
        };
        let mut attributes = Vec::new();
        attributes.extend(is_raw.then(|| ("RawMessageDelivery", "true".to_owned())));
        match filter {
            Filter::None => {}
            Filter::Kind => attributes.push(("FilterPolicy", r#"{"kind": ["a"]}"#.to_owned())),
            Filter::Letters => attributes.push(("FilterPolicy", r#"{"letter": ["yes"]}"#.to_owned())),
        }
        match way {
            Way::Nowhere { dead } | Way::Picky { dead } => {
                let policy = json!({ "deadLetterTargetArn": queue_arn(dead) });
                attributes.push(("RedrivePolicy", policy.to_string()));
            }
            Way::Queue | Way::Http | Way::Function | Way::Outbox { .. } => {}
        }
        attributes.extend((protocol == "http").then(|| ("DeliveryPolicy", PATIENT.to_owned())));
        let topic = topic_arn(topic);
        let parameters =
            [("Action", "Subscribe"), ("TopicArn", &topic), ("Protocol", protocol), ("Endpoint", &endpoint)];
        call(client, hub, &parameters, &attributes);
    }
}

pub(super) fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:us-east-1:000000000000:{name}")
}

fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}

/// An operation of SNS that succeeds, with attributes.
fn call(client: &mut Client, hub: &Hub, parameters: &[(&str, &str)], attributes: &[(&str, String)]) {
    let named = |(number, (name, value)): (usize, &(&str, String))| {
        let at = format!("Attributes.entry.{}", number + 1);
        [(format!("{at}.key"), (*name).to_owned()), (format!("{at}.value"), value.clone())]
    };
    let attributes: Vec<_> = attributes.iter().enumerate().flat_map(named).collect();
    let attributes = attributes.iter().map(|(name, value)| (&**name, &**value));
    let all: Vec<_> = parameters.iter().copied().chain(attributes).collect();
    client.sns(hub.address, &all).expect();
}

/// Makes them all on an empty hub.
pub(super) fn create(hub: &Hub, receiver: SocketAddr) {
    let mut client = Client::default();
    call(&mut client, hub, &[("Action", "CreateTopic"), ("Name", WIDE)], &[]);
    let fifo = [("FifoTopic", "true".to_owned())];
    call(&mut client, hub, &[("Action", "CreateTopic"), ("Name", WIDE_FIFO)], &fifo);
    let gone = ["gone", "gone.fifo"];
    for name in QUEUES.iter().chain(&UNWANTED).map(|queue| queue.name).chain(gone) {
        let attributes = if name.ends_with(".fifo") { json!({ "FifoQueue": "true" }) } else { json!({}) };
        let input = json!({ "QueueName": name, "Attributes": attributes });
        client.sqs(hub.address, "CreateQueue", &input).expect();
    }
    let mapping = json!({ "url": format!("http://{receiver}/function"), "functionArn": FUNCTION });
    let answer = Request::post("/_fanq/mappings").body(mapping.to_string()).send(hub);
    assert!(answer.status < 300, "{}", answer.text());
    for subscription in &SUBSCRIPTIONS {
        subscription.subscribe(&mut client, hub, receiver);
    }
    for name in gone {
        client.sqs(hub.address, "DeleteQueue", &json!({ "QueueUrl": name })).expect();
    }
}
