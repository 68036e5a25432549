//! A worker that sends and publishes.

use fanq_tests::history::{Action, Outcome, Sent, Text, body};
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::random::Random;
use super::shared::Shared;
use super::world::{EVENTS, EVENTS_FIFO, Topic, members};

struct Producer<'a> {
    shared: &'a Shared,
    client: Client,
    random: Random,
    number: u64,
    messages: u64,
}

/// A message that is not sent yet.
struct Draft {
    /// The queue that it comes to, or the topic that it is published to.
    home: &'static str,
    /// What it asks for to come there.
    priority: Option<String>,
    sent: Sent,
    body: String,
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
            0..14 => self.send("orders", 0),
            14..22 => self.send_batch("orders"),
            22..30 => {
                let seconds = 1 + self.random.below(2);
                self.send("later", seconds);
            }
            30..38 => self.send("poison", 0),
            38..50 => self.send("orders.fifo", 0),
            50..54 => self.send_batch("orders.fifo"),
            54..60 => self.send("poison.fifo", 0),
            60..66 => self.send("levels", 0),
            66..69 => self.send_batch("levels"),
            69..76 => self.send("levels.fifo", 0),
            76..78 => self.send_batch("levels.fifo"),
            78..89 => self.publish(&EVENTS),
            _ => self.publish(&EVENTS_FIFO),
        }
    }

    /// A new message that is sent to a queue or topic. Its name says where it comes to.
    fn draft(&mut self, to: &'static str, delay_seconds: u64) -> Draft {
        self.messages += 1;
        let (home, priority) = self.way(to);
        let is_fifo = home.ends_with(".fifo");
        let name = Text::from(format!("w{}-{}@{home}", self.number, self.messages));
        let bytes = match self.random.below(100) {
            0 => 100_000,
            1..10 => 5_000,
            _ => 20 + self.random.below(1_500),
        };
        let body = body(&name, usize::try_from(bytes).unwrap());
        let group = is_fifo.then(|| Text::from(format!("g{}", self.random.below(self.shared.shape.groups))));
        let deduplication = is_fifo.then(|| Text::clone(&name));
        let sent = Sent { name, group, deduplication, delay: delay_seconds * 1_000_000 };
        Draft { home, priority, sent, body }
    }

    /// Where it comes to: of a priority queue, some member, and what it has to ask for to get there.
    fn way(&mut self, to: &'static str) -> (&'static str, Option<String>) {
        let members = members(to);
        let Some(last) = members.last() else {
            return (to, None);
        };
        let level = usize::try_from(self.random.below(members.len() as u64 + 1)).unwrap();
        match members.get(level) {
            Some(member) if self.random.percent(50) => (*member, Some((*member).to_owned())),
            Some(member) => (*member, Some(level.to_string())),
            None => (*last, None),
        }
    }

    fn send(&mut self, queue: &'static str, delay_seconds: u64) {
        let draft = self.draft(queue, delay_seconds);
        let mut input = json!({ "QueueUrl": queue });
        draft.write(&mut input);
        if delay_seconds > 0 {
            input["DelaySeconds"] = json!(delay_seconds);
        }
        let action = Action::Send { queue: draft.home.into(), message: draft.sent };
        self.until_done(action, |client, address| client.sqs(address, "SendMessage", &input));
    }

    fn publish(&mut self, topic: &Topic) {
        let kind = *self.random.pick(&["a", "b", "c"]);
        let draft = self.draft(if kind == "c" { topic.list } else { topic.name }, 0);
        let arn = topic.arn();
        let mut parameters = vec![
            ("Action", "Publish"),
            ("TopicArn", &arn),
            ("Message", &draft.body),
            ("MessageAttributes.entry.1.Name", "kind"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", kind),
        ];
        let (group, id) = (draft.sent.group.clone(), draft.sent.deduplication.clone());
        if let (Some(group), Some(id)) = (&group, &id) {
            parameters.extend([("MessageGroupId", &**group), ("MessageDeduplicationId", &**id)]);
        }
        if let Some(priority) = &draft.priority {
            parameters.extend([
                ("MessageAttributes.entry.2.Name", "Priority"),
                ("MessageAttributes.entry.2.Value.DataType", "String"),
                ("MessageAttributes.entry.2.Value.StringValue", priority),
            ]);
        }
        let some = match kind {
            "a" => Some(topic.some),
            "c" => Some(draft.home),
            _ => None,
        };
        let queues = [topic.all].into_iter().chain(some).map(Text::from).collect();
        let action = Action::Publish { topic: topic.name.into(), queues, message: draft.sent };
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

    fn send_batch(&mut self, queue: &'static str) {
        let count = 2 + self.random.below(9);
        let drafts = (0..count).map(|_| self.draft(queue, 0)).collect::<Vec<_>>();
        let mut bytes = 0;
        // Together they must not be larger than one may be.
        let fits = |draft: &Draft| {
            bytes += draft.body.len();
            bytes < 900_000
        };
        let drafts = drafts.into_iter().take_while(fits).collect::<Vec<_>>();
        let entry = |(id, draft): (usize, &Draft)| {
            let mut entry = json!({ "Id": id.to_string() });
            draft.write(&mut entry);
            entry
        };
        let entries = drafts.iter().enumerate().map(entry).collect::<Vec<Value>>();
        let input = json!({ "QueueUrl": queue, "Entries": entries });
        let Some((address, version)) = self.shared.address() else {
            return;
        };
        let invoked = self.shared.now();
        let reply = self.client.sqs(address, "SendMessageBatch", &input);
        let outcomes = outcomes(&reply, drafts.len());
        if let Reply::Done(answer) = &reply {
            let is_done = !outcomes.contains(&Outcome::Unknown);
            // What goes to a priority queue is sent to each of its members by itself.
            assert!(is_done || drafts.iter().any(|draft| draft.home != queue), "{answer}");
        }
        let has_failed = outcomes.iter().any(|outcome| *outcome != Outcome::Done);
        let action = |draft: Draft| Action::Send { queue: draft.home.into(), message: draft.sent };
        self.shared.note(invoked, outcomes.into_iter().zip(drafts.into_iter().map(action)));
        if has_failed {
            self.shared.await_change(version);
        }
    }
}

/// What became of each entry of a batch. One that failed alone may be in the log all the same.
fn outcomes(reply: &Reply, entries: usize) -> Vec<Outcome> {
    let Reply::Done(answer) = reply else { return vec![reply.outcome(); entries] };
    let done = answer["Successful"].as_array().map_or(&[][..], Vec::as_slice);
    let outcome = |id: usize| {
        let id = Value::from(id.to_string());
        let is_done = done.iter().any(|entry| entry["Id"] == id);
        if is_done { Outcome::Done } else { Outcome::Unknown }
    };
    (0..entries).map(outcome).collect()
}

impl Draft {
    /// Says what a send of it has to say.
    fn write(&self, entry: &mut Value) {
        entry["MessageBody"] = json!(self.body);
        if let Some(priority) = &self.priority {
            let attribute = json!({ "DataType": "String", "StringValue": priority });
            entry["MessageAttributes"] = json!({ "Priority": attribute });
        }
        if let (Some(group), Some(id)) = (&self.sent.group, &self.sent.deduplication) {
            entry["MessageGroupId"] = json!(**group);
            entry["MessageDeduplicationId"] = json!(**id);
        }
    }
}
