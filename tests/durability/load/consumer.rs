//! A worker that receives: it deletes most messages, and keeps, gives back or extends some.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use fanq_tests::history::{Action, Delivery, Outcome, Text, read_body, token};
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::random::Random;
use super::shared::Shared;
use super::world::{MEMBERS, QUEUES, Queue};

/// Queues whose receives are cut now and then. Of a receive that is cut nobody knows what it took, so nobody can say how
/// often a message was received where there are some: the counts are exact in the other queues.
const CUT: [&str; 4] = ["orders", "orders.fifo", "all.fifo", "levels.fifo"];

/// How late a receive is cut, at the latest.
const CUT_WITHIN: Duration = Duration::from_millis(5);

/// A message and what its receiver has to say to be rid of it.
pub(crate) struct Received {
    pub(crate) delivery: Delivery,
    pub(crate) handle: String,
}

/// What a receive asks for.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) count: u64,
    pub(crate) wait_seconds: u64,
    pub(crate) visibility_seconds: u64,
}

pub(crate) struct Consumer<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) client: Client,
    random: Random,
    /// A message that was received some time ago and not deleted, and its queue.
    old: Option<(&'static str, Received)>,
}

/// Works until the load stops.
pub(crate) fn run(shared: &Shared, random: Random) {
    let _watched = shared.watched();
    let mut consumer = Consumer::new(shared, random);
    let mut queue = &QUEUES[0];
    let mut had_more = false;
    while let Some((address, version)) = shared.address() {
        // Where there was much there is more; but nobody stays for ever.
        if !had_more || consumer.random.percent(20) {
            queue = consumer.pick();
        }
        let ask = consumer.ask(queue);
        if shared.shape.is_rough {
            consumer.misbehave(address, queue, ask);
        }
        let Some(messages) = consumer.receive(address, queue.name, ask) else {
            shared.await_change(version);
            continue;
        };
        had_more = messages.len() > 4;
        consumer.settle(queue, messages);
    }
}

impl<'a> Consumer<'a> {
    pub(crate) fn new(shared: &'a Shared, random: Random) -> Self {
        Self { shared, client: Client::default(), random, old: None }
    }

    /// Members are received from by their lists, but for now and then.
    fn pick(&mut self) -> &'static Queue {
        if self.random.percent(3) { self.random.pick(&MEMBERS) } else { self.random.pick(&QUEUES) }
    }

    fn ask(&mut self, queue: &Queue) -> Ask {
        let extended = u64::from(self.random.percent(10));
        Ask {
            count: if self.random.percent(60) { 10 } else { 1 + self.random.below(10) },
            wait_seconds: u64::from(self.random.percent(2)),
            visibility_seconds: queue.visibility_seconds + extended,
        }
    }

    /// Does what a consumer does that is broken.
    fn misbehave(&mut self, address: SocketAddr, queue: &'static Queue, ask: Ask) {
        match self.random.below(100) {
            // It vanishes with all that it was given, and another one takes its place.
            0..3 => {
                let messages = self.receive(address, queue.name, ask).unwrap_or_default();
                self.client = Client::default();
                self.old =
                    messages.into_iter().next().map(|message| (queue.name, message)).or(self.old.take());
            }
            3..6 if CUT.contains(&queue.name) => self.receive_and_hang_up(address, queue.name, ask),
            6..10 => {
                if let Some((queue, message)) = self.old.take() {
                    self.delete_once(address, queue, &[message]);
                }
            }
            _ => {}
        }
    }

    fn receive_and_hang_up(&mut self, address: SocketAddr, queue: &str, ask: Ask) {
        let invoked = self.shared.now();
        let within = self.random.time(Duration::from_micros(100), CUT_WITHIN);
        let outcome = self.client.sqs_cut(address, "ReceiveMessage", &input(queue, ask), within).outcome();
        let visibility = ask.visibility_seconds * 1_000_000;
        let action = Action::Receive { queue: queue.into(), visibility, messages: Vec::new() };
        self.shared.note(invoked, [(outcome, action)]);
    }

    /// Receives; none if the hub is not there or goes away.
    pub(crate) fn receive(&mut self, address: SocketAddr, queue: &str, ask: Ask) -> Option<Vec<Received>> {
        let invoked = self.shared.now();
        let reply = self.client.sqs(address, "ReceiveMessage", &input(queue, ask));
        let outcome = reply.outcome();
        let received = match &reply {
            Reply::Done(answer) => Some(read_messages(answer)),
            Reply::Refused(_) | Reply::Full | Reply::NotSent | Reply::Unknown => None,
        };
        let messages = received.iter().flatten().map(|message| message.delivery.clone()).collect();
        let visibility = ask.visibility_seconds * 1_000_000;
        self.shared.note(invoked, [(outcome, Action::Receive { queue: queue.into(), visibility, messages })]);
        received
    }

    /// Treats what came out of a queue there or, if that is a list, perhaps at its members.
    fn settle(&mut self, queue: &Queue, mut messages: Vec<Received>) {
        if !queue.members.is_empty() && self.random.percent(50) {
            for member in queue.members {
                let of_member =
                    |message: &mut Received| message.delivery.name.ends_with(&format!("@{member}"));
                let own = messages.extract_if(.., of_member).collect();
                self.treat(member, own);
            }
        }
        self.treat(queue.name, messages);
    }

    /// Does with each message what consumers do.
    fn treat(&mut self, queue: &str, messages: Vec<Received>) {
        let keep = if queue.starts_with("poison") { 60 } else { 4 };
        let mut done = Vec::new();
        for message in messages {
            match self.random.below(100) {
                chance if chance < keep => {}
                94..97 => self.hide(queue, &message, 0),
                97..100 => self.hide(queue, &message, 3),
                _ => done.push(message),
            }
        }
        if self.random.percent(80) {
            self.delete_all(queue, &done);
        } else {
            for message in &done {
                self.delete_all(queue, std::slice::from_ref(message));
            }
        }
    }

    /// Deletes messages in one call; if nobody knows whether it was done, sometimes again.
    pub(crate) fn delete_all(&mut self, queue: &str, messages: &[Received]) {
        if messages.is_empty() {
            return;
        }
        while let Some((address, version)) = self.shared.address() {
            if self.delete_once(address, queue, messages) {
                return;
            }
            self.shared.await_change(version);
            if self.random.percent(50) {
                return;
            }
        }
    }

    /// Deletes messages in one call; true if it was answered.
    pub(crate) fn delete_once(&mut self, address: SocketAddr, queue: &str, messages: &[Received]) -> bool {
        let invoked = self.shared.now();
        let (reply, refused) = if let [message] = messages {
            let input = json!({ "QueueUrl": queue, "ReceiptHandle": message.handle });
            (self.client.sqs(address, "DeleteMessage", &input), Vec::new())
        } else {
            let entry = |(id, message): (usize, &Received)| json!({ "Id": id.to_string(), "ReceiptHandle": message.handle });
            let entries = messages.iter().enumerate().map(entry).collect::<Vec<Value>>();
            let input = json!({ "QueueUrl": queue, "Entries": entries });
            let reply = self.client.sqs(address, "DeleteMessageBatch", &input);
            let refused = match &reply {
                Reply::Done(answer) => read_refused(answer),
                Reply::Refused(_) | Reply::Full | Reply::NotSent | Reply::Unknown => Vec::new(),
            };
            (reply, refused)
        };
        let outcome = reply.outcome_or_refusal();
        let deleted = messages.iter().enumerate().map(|(id, message)| {
            let name = Text::clone(&message.delivery.name);
            let outcome = if refused.contains(&id) { Outcome::Failed } else { outcome };
            (outcome, Action::Delete { queue: queue.into(), name, receipt: message.delivery.receipt })
        });
        self.shared.note(invoked, deleted);
        matches!(reply, Reply::Done(_) | Reply::Refused(_))
    }

    fn hide(&mut self, queue: &str, message: &Received, seconds: u64) {
        let Some((address, _)) = self.shared.address() else {
            return;
        };
        let input = json!({
            "QueueUrl": queue,
            "ReceiptHandle": message.handle,
            "VisibilityTimeout": seconds,
        });
        let invoked = self.shared.now();
        let outcome = self.client.sqs(address, "ChangeMessageVisibility", &input).outcome_or_refusal();
        let name = Text::clone(&message.delivery.name);
        let (receipt, timeout) = (message.delivery.receipt, seconds * 1_000_000);
        self.shared.note(invoked, [(outcome, Action::Hide { queue: queue.into(), name, receipt, timeout })]);
    }
}

/// What a receive says.
fn input(queue: &str, ask: Ask) -> Value {
    json!({
        "QueueUrl": queue,
        "MaxNumberOfMessages": ask.count,
        "WaitTimeSeconds": ask.wait_seconds,
        "VisibilityTimeout": ask.visibility_seconds,
        "MessageSystemAttributeNames": ["All"],
    })
}

/// The messages of an answer.
fn read_messages(answer: &Value) -> Vec<Received> {
    let messages = answer["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    messages.iter().map(read_message).collect()
}

fn read_message(message: &Value) -> Received {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let attributes = &message["Attributes"];
    let content = read_body(&unwrapped(&text(&message["Body"])));
    let handle = text(&message["ReceiptHandle"]);
    let id = text(&message["MessageId"]).replace('-', "");
    let delivery = Delivery {
        name: content.name.into(),
        intact: content.intact,
        receipt: token(&handle),
        count: text(&attributes["ApproximateReceiveCount"]).parse().unwrap(),
        group: attributes["MessageGroupId"].as_str().map(Text::from),
        identity: u128::from_str_radix(&id, 16).unwrap(),
        sequence: attributes["SequenceNumber"].as_str().map(|number| number.parse().unwrap()),
    };
    Received { delivery, handle }
}

/// What was published, out of the envelope or the event that it may have come in.
pub(crate) fn unwrapped(text: &str) -> Cow<'_, str> {
    let Ok(Value::Object(outer)) = serde_json::from_str(text) else {
        return text.into();
    };
    let message = outer.get("Message").unwrap_or_else(|| &outer["Records"][0]["Sns"]["Message"]);
    message.as_str().unwrap().to_owned().into()
}

/// The entries of a batch that were refused.
fn read_refused(answer: &Value) -> Vec<usize> {
    let failed = answer["Failed"].as_array().map(Vec::as_slice).unwrap_or_default();
    failed.iter().map(|entry| entry["Id"].as_str().unwrap().parse().unwrap()).collect()
}
