//! A worker that sends and publishes.

use fanq_tests::history::{Action, Outcome, Sent, Text, body};
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::random::Random;
use super::shared::Shared;
use super::world::{EVENTS, EVENTS_FIFO, Topic};

struct Producer<'a> {
    shared: &'a Shared,
    client: Client,
    random: Random,
    number: u64,
    messages: u64,
}

/// Works until the load stops.
pub(crate) fn run(shared: &Shared, number: u64, random: Random) {
    let _watched = shared.watched();
    let mut producer = Producer { shared, client: Client::default(), random, number, messages: 0 };
    while let Some((_, version)) = shared.address() {
        if shared.backlog() > shared.shape.backlog_max {
            shared.await_change(version);
        } else {
            producer.step();
        }
    }
}

impl Producer<'_> {
    fn step(&mut self) {
        match self.random.below(100) {
            0..20 => self.send("orders", 0),
            20..30 => self.send_batch("orders"),
            30..40 => {
                let seconds = 1 + self.random.below(2);
                self.send("later", seconds);
            }
            40..48 => self.send("poison", 0),
            48..64 => self.send("orders.fifo", 0),
            64..68 => self.send_batch("orders.fifo"),
            68..74 => self.send("poison.fifo", 0),
            74..88 => self.publish(&EVENTS),
            _ => self.publish(&EVENTS_FIFO),
        }
    }

    /// A new message and its body.
    fn message(&mut self, is_fifo: bool, delay_seconds: u64) -> (Sent, String) {
        self.messages += 1;
        let name = Text::from(format!("w{}-{}", self.number, self.messages));
        let bytes = match self.random.below(100) {
            0 => 100_000,
            1..10 => 5_000,
            _ => 20 + self.random.below(1_500),
        };
        let body = body(&name, usize::try_from(bytes).unwrap());
        let group = is_fifo.then(|| Text::from(format!("g{}", self.random.below(self.shared.shape.groups))));
        let deduplication = is_fifo.then(|| Text::clone(&name));
        (Sent { name, group, deduplication, delay: delay_seconds * 1_000_000 }, body)
    }

    fn send(&mut self, queue: &str, delay_seconds: u64) {
        let (message, body) = self.message(queue.ends_with(".fifo"), delay_seconds);
        let mut input = json!({ "QueueUrl": queue, "MessageBody": body });
        name_group(&mut input, &message);
        if delay_seconds > 0 {
            input["DelaySeconds"] = json!(delay_seconds);
        }
        let action = Action::Send { queue: queue.into(), message };
        self.until_done(action, |client, address| client.sqs(address, "SendMessage", &input));
    }

    fn publish(&mut self, topic: &Topic) {
        let (message, body) = self.message(topic.name.ends_with(".fifo"), 0);
        let is_kind_a = self.random.percent(50);
        let arn = topic.arn();
        let mut parameters = vec![
            ("Action", "Publish"),
            ("TopicArn", &arn),
            ("Message", &body),
            ("MessageAttributes.entry.1.Name", "kind"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", if is_kind_a { "a" } else { "b" }),
        ];
        let (group, id) = (message.group.clone(), message.deduplication.clone());
        if let (Some(group), Some(id)) = (&group, &id) {
            parameters.extend([("MessageGroupId", &**group), ("MessageDeduplicationId", &**id)]);
        }
        let queues = if is_kind_a { vec![topic.all, topic.some] } else { vec![topic.all] };
        let queues = queues.into_iter().map(Text::from).collect();
        let action = Action::Publish { topic: topic.name.into(), queues, message };
        self.until_done(action, |client, address| client.sns(address, &parameters));
    }

    /// Calls once; with a deduplication id mostly again until it is done, and sometimes once more.
    fn until_done(
        &mut self,
        action: Action,
        mut call: impl FnMut(&mut Client, std::net::SocketAddr) -> Reply,
    ) {
        let message = match &action {
            Action::Send { message, .. } | Action::Publish { message, .. } => message,
            Action::Receive { .. } | Action::Delete { .. } | Action::Hide { .. } | Action::Drain { .. } => {
                panic!("{action:?} sends nothing")
            }
        };
        let can_repeat = message.deduplication.is_some();
        let repeats_unknown = can_repeat && self.random.percent(80);
        let mut repeats_done = can_repeat && self.random.percent(5);
        while let Some((address, version)) = self.shared.address() {
            let invoked = self.shared.now();
            let outcome = call(&mut self.client, address).outcome();
            self.shared.note(invoked, [(outcome, action.clone())]);
            match outcome {
                Outcome::Done if repeats_done => repeats_done = false,
                Outcome::Done => return,
                Outcome::Failed | Outcome::Unknown => {
                    self.shared.await_change(version);
                    if !repeats_unknown {
                        return;
                    }
                }
            }
        }
    }

    fn send_batch(&mut self, queue: &str) {
        let count = 2 + self.random.below(9);
        let is_fifo = queue.ends_with(".fifo");
        let messages = (0..count).map(|_| self.message(is_fifo, 0)).collect::<Vec<_>>();
        let mut bytes = 0;
        // Together they must not be larger than one may be.
        let fits = |(_, body): &&(Sent, String)| {
            bytes += body.len();
            bytes < 900_000
        };
        let messages = messages.iter().take_while(fits).collect::<Vec<_>>();
        let entry = |(id, (message, body)): (usize, &&(Sent, String))| {
            let mut entry = json!({ "Id": id.to_string(), "MessageBody": body });
            name_group(&mut entry, message);
            entry
        };
        let entries = messages.iter().enumerate().map(entry).collect::<Vec<Value>>();
        let input = json!({ "QueueUrl": queue, "Entries": entries });
        let Some((address, version)) = self.shared.address() else {
            return;
        };
        let invoked = self.shared.now();
        let reply = self.client.sqs(address, "SendMessageBatch", &input);
        let outcome = reply.outcome();
        if let Reply::Done(answer) = &reply {
            assert_eq!(answer["Successful"].as_array().map(Vec::len), Some(entries.len()), "{answer}");
        }
        let sent = messages
            .into_iter()
            .map(|(message, _)| (outcome, Action::Send { queue: queue.into(), message: message.clone() }));
        self.shared.note(invoked, sent);
        if outcome != Outcome::Done {
            self.shared.await_change(version);
        }
    }
}

/// Says what a message of a FIFO queue has to say.
fn name_group(entry: &mut Value, message: &Sent) {
    if let (Some(group), Some(id)) = (&message.group, &message.deduplication) {
        entry["MessageGroupId"] = json!(**group);
        entry["MessageDeduplicationId"] = json!(**id);
    }
}
