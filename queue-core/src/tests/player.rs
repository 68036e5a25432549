//! Plays timetables: turns lines into commands, and what comes back into text.

pub(super) mod commands;

use super::outcome::{Item, Outcome, outcome};
use super::script::{Line, lines, moment};
use super::world::{Bearing, World};
use crate::{Change, Command, QueueId, Receipt, Reply, SubscriptionId, Timestamp, TopicId};
use std::collections::BTreeMap;

pub(super) struct Player {
    pub(super) world: World,
    /// What identities are called: by the body they were first given for.
    pub(super) labels: BTreeMap<u128, String>,
    pub(super) subscriptions: BTreeMap<String, SubscriptionId>,
    queues: BTreeMap<String, QueueId>,
    topics: BTreeMap<String, TopicId>,
    receipts: Vec<Receipt>,
    receipt_numbers: BTreeMap<(QueueId, u64, u32, Timestamp), usize>,
}

impl Player {
    #[track_caller]
    pub(super) fn play(timetable: &str) -> Self {
        let mut player = Self {
            world: World::new(),
            labels: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            queues: BTreeMap::new(),
            topics: BTreeMap::new(),
            receipts: Vec::new(),
            receipt_numbers: BTreeMap::new(),
        };
        let mut entry = Vec::new();
        for line in lines(timetable) {
            if line.time.is_some() {
                player.enter(std::mem::take(&mut entry));
            }
            entry.push(line);
        }
        player.enter(entry);
        player
    }

    pub(super) fn finish(self) {
        self.world.finish();
    }

    /// The number of a receipt in the order in which receipts were seen.
    pub(super) fn receipt_number(&mut self, receipt: Receipt) -> usize {
        let key = (receipt.queue, receipt.number, receipt.receive, receipt.at);
        *self.receipt_numbers.entry(key).or_insert_with(|| {
            self.receipts.push(receipt);
            self.receipts.len()
        })
    }

    /// Makes one entry of the lines, or looks at the state as of their time.
    #[track_caller]
    fn enter(&mut self, entry: Vec<Line<'_>>) {
        let Some(time) = entry.first().and_then(|line| line.time) else {
            return;
        };
        if let Some(outcome) = self.look(&entry[0], time) {
            return expect(&entry[0], &outcome);
        }
        let commands: Vec<Bearing> = entry.iter().map(|line| self.command(line)).collect();
        let bodies: Vec<Vec<String>> = commands.iter().map(|(_, bodies)| texts(bodies)).collect();
        let replies = self.world.apply(time, commands);
        for ((line, reply), bodies) in entry.iter().zip(replies).zip(bodies) {
            match reply {
                Ok(Reply::QueueCreated(id)) => drop(self.queues.insert(line.object.clone(), id)),
                Ok(Reply::TopicCreated(id)) => drop(self.topics.insert(line.object.clone(), id)),
                Ok(Reply::Subscribed(id)) => drop(self.subscriptions.insert(line.object.clone(), id)),
                _ => {}
            }
            let outcome = outcome(self, reply, &bodies);
            expect(line, &outcome);
        }
    }

    /// What can be seen without a command; time passes first, if it has to.
    fn look(&mut self, line: &Line<'_>, time: Timestamp) -> Option<Outcome> {
        let reads = [
            "counts",
            "next",
            "touched",
            "changed",
            "bodies",
            "unreclaimed",
            "dropped",
            "subscription",
            "clock?",
        ];
        if !reads.contains(&line.verb.as_str()) {
            return None;
        }
        if time > self.world.machine.time() {
            self.world.apply(time, vec![(Command::Tick, Vec::new())]);
        }
        let machine = &self.world.machine;
        Some(match line.verb.as_str() {
            "counts" => {
                let counts = machine
                    .queue(self.queues[&line.object])
                    .expect(line.text)
                    .counts();
                let counts = [
                    (counts.visible, "visible"),
                    (counts.in_flight, "in flight"),
                    (counts.delayed, "delayed"),
                ];
                let present = counts.iter().filter(|(count, _)| *count > 0);
                Outcome::of(present.map(|(count, state)| Item::plain(format!("{count} {state}"))))
            }
            "next" => {
                let next = if line.object.is_empty() {
                    machine.next_due()
                } else {
                    machine.next_due_of(self.queues[&line.object])
                };
                Outcome::of(next.map(|at| Item::plain(moment(at))))
            }
            "touched" => Outcome::of(
                self.world
                    .last()
                    .touched
                    .iter()
                    .map(|id| Item::plain(self.queue_name(*id))),
            ),
            "changed" => Outcome::of(
                self.world
                    .changed()
                    .map(|change| Item::plain(self.change(change))),
            ),
            "bodies" => Outcome::text(self.world.live.len().to_string()),
            "unreclaimed" => Outcome::text(machine.unreclaimed().to_string()),
            "dropped" => {
                let subscription = machine
                    .subscription(self.subscriptions[&line.object])
                    .expect(line.text);
                Outcome::text(subscription.dropped.to_string())
            }
            "subscription" => match machine.subscription(self.subscriptions[&line.object]) {
                Some(subscription) => Outcome::text(format!("of {}", subscription.topic_name.name)),
                None => Outcome::text("gone"),
            },
            _ => {
                let clock = machine.clock();
                let state = if clock.frozen { "frozen" } else { "running" };
                Outcome::of([
                    Item::plain(state),
                    Item::plain(format!("{}s ahead", clock.ahead.as_secs())),
                    Item::plain(format!("{}s behind", clock.behind.as_secs())),
                ])
            }
        })
    }

    fn queue_name(&self, id: QueueId) -> String {
        let found = self.queues.iter().find(|(_, queue)| **queue == id);
        found.map_or_else(|| "unknown".to_owned(), |(name, _)| name.clone())
    }

    fn change(&self, change: Change) -> String {
        match change {
            Change::Queue(id) => format!("queue {}", self.queue_name(id)),
            Change::Topic(id) => {
                let found = self.topics.iter().find(|(_, topic)| **topic == id);
                format!("topic {}", found.unwrap().0)
            }
            Change::Subscription(id) => {
                let found = self
                    .subscriptions
                    .iter()
                    .find(|(_, subscription)| **subscription == id);
                format!("subscription {}", found.unwrap().0)
            }
        }
    }
}

#[track_caller]
fn expect(line: &Line<'_>, outcome: &Outcome) {
    assert!(
        outcome.fulfils(line.expected.as_deref()),
        "{}\n     got {:#?}",
        line.text,
        outcome.items
    );
}

fn texts(bodies: &[Vec<u8>]) -> Vec<String> {
    bodies
        .iter()
        .map(|body| String::from_utf8(body.clone()).unwrap())
        .collect()
}
