//! A client that fills a queue and empties it, and knows what must be in it.

use std::collections::BTreeSet;

use fanq_tests::history::{body, read_body};
use fanq_tests::{Connection, Hub, Request, eventually};
use serde_json::{Value, json};

/// Bytes of a message. A few of them fill a small disk.
const MESSAGE_BYTES: usize = 200_000;

/// Messages of one receive: together no more than one answer may have.
const TAKEN_AT_ONCE: u64 = 5;

pub(super) struct Store {
    hub: Option<Hub>,
    /// Ascends with every attempt to send.
    attempts: u64,
    /// Acknowledged, and not acknowledged to be deleted.
    kept: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Store {
    pub(super) fn new(hub: Hub) -> Self {
        let topic = "arn:aws:sns:us-east-1:000000000000:events";
        let made = Request::query("/", &[("Action", "CreateTopic"), ("Name", "events")]).send(&hub);
        assert_eq!(made.element("TopicArn").as_deref(), Some(topic));
        let store = Self { hub: Some(hub), attempts: 0, kept: BTreeSet::new(), deleted: BTreeSet::new() };
        store.call("CreateQueue", &json!({ "QueueName": "orders" }));
        let queue = "arn:aws:sqs:us-east-1:000000000000:orders";
        let subscribe =
            [("Action", "Subscribe"), ("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", queue)];
        assert_eq!(Request::query("/", &subscribe).send(store.hub()).status, 200);
        store
    }

    pub(super) fn hub(&self) -> &Hub {
        self.hub.as_ref().unwrap()
    }

    pub(super) fn hub_mut(&mut self) -> &mut Hub {
        self.hub.as_mut().unwrap()
    }

    /// Kills the hub if it runs, and starts it again.
    pub(super) fn restart_after_kill(&mut self) {
        self.hub = self.hub.take().map(Hub::restart);
    }

    /// How many messages are in the queue.
    pub(super) fn sent(&self) -> usize {
        self.kept.len()
    }

    fn call(&self, operation: &str, input: &Value) -> Value {
        let answer = Request::json(operation, input.to_string()).send(self.hub());
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
        if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(&answer.body).unwrap() }
    }

    /// Sends that many.
    pub(super) fn send(&mut self, count: usize) {
        for _ in 0..count {
            assert!(self.try_send(), "there is room");
        }
    }

    /// Sends for as long as it can.
    pub(super) fn send_until_refused(&mut self) {
        while self.try_send() {}
    }

    /// Sends one message, unless there is no room for it.
    fn try_send(&mut self) -> bool {
        let mut connection = Connection::open(self.hub());
        self.attempts += 1;
        let name = format!("m{}", self.attempts);
        let input = json!({ "QueueUrl": "orders", "MessageBody": body(&name, MESSAGE_BYTES) });
        connection.write(&Request::json("SendMessage", input.to_string()).bytes(self.hub()));
        let answer = connection.answer();
        match answer.status {
            200 => assert!(self.kept.insert(name)),
            503 => return false,
            status => panic!("{status}: {}", answer.text()),
        }
        true
    }

    /// Waits until messages are accepted without anything else being done.
    pub(super) fn assert_accepts_again(&mut self) {
        eventually("messages are accepted again", || self.try_send());
    }

    /// Receives and deletes that many.
    pub(super) fn take(&mut self, count: usize) {
        let mut left = count;
        while left > 0 {
            let taken = self.take_some();
            assert!(taken > 0, "{left} of {count} are missing");
            left = left.saturating_sub(taken);
        }
    }

    /// Receives and deletes all that comes.
    pub(super) fn take_all(&mut self) {
        while self.take_some() > 0 {}
    }

    fn take_some(&mut self) -> usize {
        let input =
            json!({ "QueueUrl": "orders", "MaxNumberOfMessages": TAKEN_AT_ONCE, "WaitTimeSeconds": 0 });
        let answer = self.call("ReceiveMessage", &input);
        let messages = answer["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut entries = Vec::new();
        for (id, message) in messages.iter().enumerate() {
            let content = read_body(message["Body"].as_str().unwrap());
            assert!(content.intact, "{} is not as it was sent", content.name);
            assert!(self.kept.remove(&content.name), "{} was never sent, or is deleted", content.name);
            self.deleted.insert(content.name);
            entries.push(json!({ "Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"] }));
        }
        if !entries.is_empty() {
            let deleted =
                self.call("DeleteMessageBatch", &json!({ "QueueUrl": "orders", "Entries": entries }));
            assert_eq!(deleted["Successful"].as_array().map(Vec::len), Some(messages.len()), "{deleted}");
        }
        messages.len()
    }

    /// Everything that was acknowledged has been taken.
    pub(super) fn assert_nothing_lost(&self) {
        assert!(self.kept.is_empty(), "lost: {:?}", self.kept);
        println!(
            "{} messages accepted, {} refused",
            self.deleted.len(),
            self.attempts - self.deleted.len() as u64
        );
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.as_ref().filter(|_| std::thread::panicking()) {
            eprintln!("{} messages are in the queue\n{}", self.kept.len(), hub.log());
        }
    }
}
