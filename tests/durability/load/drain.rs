//! The end of a load: everything that is left is received and deleted.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fanq_tests::history::{Action, Outcome};
use serde_json::json;

use super::client::Client;
use super::consumer::{Ask, Consumer};
use super::random::Random;
use super::shared::Shared;
use super::world::Queue;

/// Longer than any delay or timeout of a load, and the time that its backlog takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of a queue, what a message can be.
const COUNTERS: [&str; 3] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
];

/// Receives and deletes until all counters of all queues are zero.
pub(crate) fn run(shared: &Shared, address: SocketAddr, queues: &[Queue]) {
    let deadline = Instant::now() + PATIENCE;
    let mut consumer = Consumer::new(shared, Random::new(0));
    loop {
        // Sources come first, so that what moves is found on the way.
        for queue in queues {
            while take(&mut consumer, address, queue, 0) > 0 {}
        }
        let left = queues.iter().find_map(|queue| Some((queue, left(&mut consumer.client, address, queue)?)));
        let Some((queue, counters)) = left else {
            break;
        };
        assert!(Instant::now() < deadline, "{} is not empty: {counters}", queue.name);
        // What is delayed or in flight comes in time.
        take(&mut consumer, address, queue, 1);
    }
    let at = shared.now();
    let drained = queues.iter().map(|queue| (Outcome::Done, Action::Drain { queue: queue.name.into() }));
    shared.note(at, drained);
}

/// Receives once and deletes what came.
fn take(consumer: &mut Consumer<'_>, address: SocketAddr, queue: &Queue, wait_seconds: u64) -> usize {
    let ask = Ask { count: 10, wait_seconds, visibility_seconds: queue.visibility_seconds };
    let messages = consumer.receive(address, queue.name, ask).expect("a hub that answers");
    if !messages.is_empty() {
        assert!(consumer.delete_once(address, queue.name, &messages), "a hub that answers");
    }
    messages.len()
}

/// The counters of the queue, if they are not all zero.
fn left(client: &mut Client, address: SocketAddr, queue: &Queue) -> Option<String> {
    let input = json!({ "QueueUrl": queue.name, "AttributeNames": COUNTERS });
    let answer = client.sqs(address, "GetQueueAttributes", &input).expect();
    let counters = &answer["Attributes"];
    let is_empty = COUNTERS.iter().all(|name| counters[name] == "0");
    (!is_empty).then(|| counters.to_string())
}
