//! Plays timetables: turns lines into commands, and what comes back into text.

pub(super) mod commands;

use super::outcome::{Item, Outcome, outcome};
use super::script::{Line, lines, moment};
use super::world::{Bearing, World};
use crate::{
    BodyRef, Change, Command, Consent, Holder, MoveStatus, MoveTask, QueueId, Receipt, Record, Reply,
    SubscriptionId, Timestamp, TopicId,
};
use std::collections::BTreeMap;

pub(super) struct Player {
    pub(super) world: World,
    /// What identities are called: by the body they were first given for.
    pub(super) labels: BTreeMap<u128, String>,
    pub(super) subscriptions: BTreeMap<String, SubscriptionId>,
    queues: BTreeMap<String, QueueId>,
    topics: BTreeMap<String, TopicId>,
    /// What was noted to be copied or discarded later.
    noted: BTreeMap<String, Vec<(Holder, BodyRef)>>,
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
            noted: BTreeMap::new(),
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
        if entry[0].verb == "note" {
            return self.note(&entry[0]);
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

    /// A queue by its name, or by that of the subscription that it is of.
    pub(super) fn queue_called(&self, name: &str) -> Option<QueueId> {
        let of_subscription =
            || self.world.machine.subscription(*self.subscriptions.get(name)?).and_then(|found| found.queue);
        self.queues.get(name).copied().or_else(of_subscription)
    }

    /// Notes the bodies that there are, all or those of one queue, and calls them by a name.
    fn note(&mut self, line: &Line<'_>) {
        let queue = line.parts[0].words.first().map(|name| self.queues[name]);
        let concerned = |holder: &Holder| match (holder, queue) {
            (_, None) => true,
            (Holder::Message((id, _)), Some(queue)) => *id == queue,
            (Holder::Publication(_), Some(_)) => false,
        };
        let bodies = self.world.machine.live_bodies().filter(|(holder, _)| concerned(holder)).collect();
        self.noted.insert(line.object.clone(), bodies);
    }

    /// What can be seen without a command; time passes first, if it has to.
    fn look(&mut self, line: &Line<'_>, time: Timestamp) -> Option<Outcome> {
        let look: fn(&Self, &str) -> Outcome = match line.verb.as_str() {
            "counts" => Self::counts,
            "next" => Self::next,
            "touched" => Self::touched,
            "tallied" => Self::tallied,
            "undelivered" => Self::undelivered,
            "oldest" => Self::oldest,
            "changed" => Self::changed,
            "bodies" => Self::bodies,
            "moved" => Self::moved,
            "tasks" => Self::tasks,
            "unreclaimed" => Self::unreclaimed,
            "dropped" => Self::dropped,
            "subscription" => Self::subscription,
            "consent" => Self::consent,
            "replay" => Self::replay,
            "archive" => Self::archive,
            "records" => Self::records,
            "versions" => Self::versions,
            "clock?" => Self::clock,
            _ => return None,
        };
        if time > self.world.machine.time() {
            self.world.apply(time, vec![(Command::Tick, Vec::new())]);
        }
        Some(look(self, &line.object))
    }

    fn counts(&self, queue: &str) -> Outcome {
        let queue = self.queue_called(queue).and_then(|id| self.world.machine.queue(id));
        let counts = queue.unwrap().counts();
        let counts =
            [(counts.visible, "visible"), (counts.in_flight, "in flight"), (counts.delayed, "delayed")];
        let present = counts.iter().filter(|(count, _)| *count > 0);
        Outcome::of(present.map(|(count, state)| Item::plain(format!("{count} {state}"))))
    }

    fn next(&self, queue: &str) -> Outcome {
        let machine = &self.world.machine;
        let next = match queue {
            "" => machine.next_due(),
            queue => machine.next_due_of(self.queues[queue]),
        };
        Outcome::of(next.map(|at| Item::plain(moment(at))))
    }

    fn touched(&self, _: &str) -> Outcome {
        let queues = self.world.last().touched.keys();
        Outcome::of(queues.map(|id| Item::plain(self.queue_name(*id))))
    }

    /// What the last entry did in a queue.
    fn tallied(&self, queue: &str) -> Outcome {
        let tally = self.world.last().touched.get(&self.queues[queue]).copied().unwrap_or_default();
        let counts = [
            (u64::from(tally.sent), "sent"),
            (tally.sent_bytes, "bytes sent"),
            (u64::from(tally.received), "received"),
            (tally.received_bytes, "bytes received"),
            (u64::from(tally.deleted), "deleted"),
            (u64::from(tally.timed_out), "timed out"),
            (u64::from(tally.buried), "buried"),
            (u64::from(tally.moved), "moved"),
            (u64::from(tally.expired), "expired"),
        ];
        let done = counts.iter().filter(|(count, _)| *count > 0);
        Outcome::of(done.map(|(count, what)| Item::plain(format!("{count} {what}"))))
    }

    /// The subscriptions whose deliveries in the last entry failed for good.
    fn undelivered(&self, _: &str) -> Outcome {
        let failed = self.world.last().undelivered.iter();
        Outcome::of(failed.map(|id| Item::plain(self.change(Change::Subscription(*id)))))
    }

    fn oldest(&self, queue: &str) -> Outcome {
        let oldest = self.world.machine.queue(self.queues[queue]).unwrap().oldest();
        Outcome::of(oldest.map(|since| Item::plain(moment(since))))
    }

    fn changed(&self, _: &str) -> Outcome {
        let changes = self.world.last().changed.iter();
        Outcome::of(changes.map(|change| Item::plain(self.change(*change))))
    }

    fn bodies(&self, _: &str) -> Outcome {
        Outcome::text(self.world.live.len().to_string())
    }

    /// What the last entry needs from now on and needs no more.
    fn moved(&self, _: &str) -> Outcome {
        let last = self.world.last();
        Outcome::text(format!("{} kept and {} released", last.kept, last.released.len()))
    }

    /// The move tasks of a queue, the newest first.
    fn tasks(&self, queue: &str) -> Outcome {
        let shown = |task: &MoveTask| {
            let status = match task.status {
                MoveStatus::Running => "running".to_owned(),
                MoveStatus::Completed => "completed".to_owned(),
                MoveStatus::Cancelled => "cancelled".to_owned(),
                MoveStatus::Failed(failure) => format!("{failure:?}"),
            };
            let facts =
                vec![format!("{} of {}", task.moved, task.total), format!("since {}", moment(task.started))];
            Item { name: status, facts }
        };
        Outcome::of(self.world.machine.move_tasks(self.queues[queue]).map(shown))
    }

    fn unreclaimed(&self, _: &str) -> Outcome {
        Outcome::text(self.world.machine.unreclaimed().to_string())
    }

    fn dropped(&self, subscription: &str) -> Outcome {
        let subscription = self.world.machine.subscription(self.subscriptions[subscription]);
        Outcome::text(subscription.unwrap().dropped.to_string())
    }

    fn subscription(&self, subscription: &str) -> Outcome {
        match self.world.machine.subscription(self.subscriptions[subscription]) {
            Some(subscription) => Outcome::text(format!("of {}", subscription.topic_name.name)),
            None => Outcome::text("gone"),
        }
    }

    fn consent(&self, subscription: &str) -> Outcome {
        let subscription = self.world.machine.subscription(self.subscriptions[subscription]).unwrap();
        Outcome::text(match subscription.consent {
            Consent::Pending(until) => format!("pending until {}", moment(until)),
            Consent::Given(known) => if known { "given by somebody known" } else { "given" }.to_owned(),
            Consent::Withdrawn(until) => format!("withdrawn until {}", moment(until)),
        })
    }

    fn replay(&self, subscription: &str) -> Outcome {
        let subscription = self.world.machine.subscription(self.subscriptions[subscription]).unwrap();
        Outcome::of(subscription.replay.map(|replay| {
            let state = if replay.completed { "completed" } else { "under way" };
            Item { name: replay.reached.to_string(), facts: vec![state.to_owned()] }
        }))
    }

    /// What a topic has archived, by numbers.
    fn archive(&self, topic: &str) -> Outcome {
        let archived = self.world.machine.archived(self.topics[topic], 0, Timestamp(0), None);
        let shown = archived.map(|one| Item {
            name: self.world.body(one.body),
            facts: vec![format!("number {}", one.number), format!("at {}", moment(one.at))],
        });
        Outcome::of(shown)
    }

    fn records(&self, _: &str) -> Outcome {
        let shown = |record: &Record| Item {
            name: record.key.name.name.to_string(),
            facts: record.fields.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        };
        Outcome::of(self.world.machine.records().map(shown))
    }

    /// Of a topic and its subscriptions, and of each of these.
    fn versions(&self, topic: &str) -> Outcome {
        let machine = &self.world.machine;
        let topic = machine.topic(self.topics[topic]).unwrap();
        let own = [
            format!("topic {}", topic.version),
            format!("subscriptions {}", topic.subscriptions_version),
            format!("ended {}", topic.subscriptions_deleted),
        ];
        let each =
            topic.subscriptions.iter().map(|id| machine.subscription(*id).unwrap().version.to_string());
        Outcome::of(own.into_iter().chain(each).map(Item::plain))
    }

    fn clock(&self, _: &str) -> Outcome {
        let clock = self.world.machine.clock();
        Outcome::of([
            Item::plain(if clock.frozen { "frozen" } else { "running" }),
            Item::plain(format!("{}s ahead", clock.ahead.as_secs())),
            Item::plain(format!("{}s behind", clock.behind.as_secs())),
        ])
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
            Change::Record(id) => format!("record {}", id.0),
            Change::Subscription(id) => {
                let found = self.subscriptions.iter().find(|(_, subscription)| **subscription == id);
                format!("subscription {}", found.unwrap().0)
            }
        }
    }
}

#[track_caller]
fn expect(line: &Line<'_>, outcome: &Outcome) {
    assert!(outcome.fulfils(line.expected.as_deref()), "{}\n     got {:#?}", line.text, outcome.items);
}

fn texts(bodies: &[Vec<u8>]) -> Vec<String> {
    bodies.iter().map(|body| String::from_utf8(body.clone()).unwrap()).collect()
}
