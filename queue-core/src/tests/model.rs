//! The machine against a slow one that is obviously right: the same steps, the same replies and counters.
//!
//! `FANQ_MODEL_CASES` says how many histories are tried.

mod reference;
mod steps;

use super::player::commands::name;
use super::world::{Bearing, START, World};
use crate::{Command, Counts, Error, QueueId, Receipt, Reply, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngAlgorithm, TestRng, TestRunner};
use reference::Reference;
use std::collections::BTreeMap;
use steps::{History, QUEUES, Step};

/// A reply without what only the machine can know: messages are called by their bodies.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Refused(Error),
    /// Of the message itself or of the one that it duplicates.
    Sent(Vec<(String, Option<u64>)>),
    Received(Vec<Got>),
    Each(Vec<Result<(), Error>>),
    Cancelled(u64),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Got {
    body: String,
    /// The body that the message's identity was first given for, and whether that was by a move task.
    identity: String,
    receipt: Receipt,
    sent: Timestamp,
    first: Timestamp,
    receives: u32,
    sequence: Option<u64>,
    source: Option<String>,
}

/// Both machines, and what the steps refer to.
struct Duel {
    world: World,
    reference: Reference,
    time: Timestamp,
    queues: Vec<QueueId>,
    receipts: Vec<Receipt>,
    labels: BTreeMap<u128, String>,
    bodies: usize,
}

impl Duel {
    fn new() -> Self {
        let mut duel = Self {
            world: World::new(),
            reference: Reference::default(),
            time: START,
            queues: vec![QueueId(0); QUEUES],
            receipts: Vec::new(),
            labels: BTreeMap::new(),
            bodies: 0,
        };
        (0..QUEUES).for_each(|slot| duel.create(slot));
        duel
    }

    fn create(&mut self, slot: usize) {
        let command = Command::CreateQueue(steps::creation(slot));
        let replies = self.world.apply(self.time, vec![(command, Vec::new())]);
        let Ok(Reply::QueueCreated(id)) = replies[0] else {
            panic!("{replies:?}");
        };
        self.queues[slot] = id;
        self.reference.create(id, name(&steps::queue_name(slot)), steps::attributes(slot), self.time);
    }

    fn play(&mut self, wait: u64, step: &Step) {
        self.time = Timestamp(self.time.0 + wait);
        if let Step::Recreate(slot) = step {
            self.compare(&(Command::DeleteQueue(self.queues[*slot]), Vec::new()));
            self.create(*slot);
        } else {
            let bearing = step.command(self);
            self.compare(&bearing);
        }
    }

    fn compare(&mut self, (command, bodies): &Bearing) {
        let texts: Vec<_> = bodies.iter().map(|body| String::from_utf8(body.clone()).unwrap()).collect();
        let expected = self.reference.apply(self.time, command, &texts);
        let reply = self.world.apply(self.time, vec![(command.clone(), bodies.clone())]).remove(0);
        let answer = self.answer(reply, &texts);
        assert_eq!(answer, expected, "{command:?}");
        let counts: Vec<(QueueId, Counts)> =
            self.world.machine.queues().map(|queue| (queue.id, queue.counts())).collect();
        assert_eq!(counts, self.reference.counts(), "after {command:?}");
        let machine = &self.world.machine;
        let tasks = machine
            .queues()
            .flat_map(|queue| machine.move_tasks(queue.id).next().map(|last| (queue.id, last)));
        let tasks: Vec<_> = tasks.map(|(id, task)| (id, task.status, task.moved, task.total)).collect();
        assert_eq!(tasks, self.reference.tasks(), "after {command:?}");
    }

    fn answer(&mut self, reply: Result<Reply, Error>, texts: &[String]) -> Answer {
        match reply {
            Err(error) => Answer::Refused(error),
            Ok(Reply::Sent(accepted)) => {
                let label = |(accepted, text): (&crate::Accepted, &String)| {
                    let label = self.labels.entry(accepted.id).or_insert_with(|| text.clone());
                    (label.clone(), accepted.sequence)
                };
                Answer::Sent(accepted.iter().zip(texts).map(label).collect())
            }
            Ok(Reply::Received(messages)) => {
                self.receipts.extend(messages.iter().map(|message| message.receipt));
                for message in &messages {
                    // A message that nobody sent under this identity was moved.
                    let body = self.world.body(message.body);
                    self.labels.entry(message.id).or_insert_with(|| format!("{body} moved"));
                }
                let got = messages.into_iter().map(|message| Got {
                    body: self.world.body(message.body),
                    identity: self.labels[&message.id].clone(),
                    receipt: message.receipt,
                    sent: message.sent,
                    first: message.first_received,
                    receives: message.receives,
                    sequence: message.sequence,
                    source: message.source.map(|source| source.name.to_string()),
                });
                Answer::Received(got.collect())
            }
            Ok(Reply::Each(results)) => Answer::Each(results),
            Ok(Reply::MoveCancelled(moved)) => Answer::Cancelled(moved),
            Ok(_) => Answer::Done,
        }
    }
}

fn cases() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "how long to test is not the machine's business")]
    let cases = std::env::var("FANQ_MODEL_CASES");
    cases.ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_machine_does_what_the_reference_does(history in steps::history(200)) {
        play(&history);
    }
}

fn play(history: &History) {
    let mut duel = Duel::new();
    for (wait, step) in &history.0 {
        duel.play(*wait, step);
    }
    duel.world.finish();
}

/// A few histories, always the same, up to the first that goes wrong.
pub(super) fn some_histories() -> Result<(), String> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config =
        ProptestConfig { cases: 40, max_shrink_iters: 0, failure_persistence: None, ..Default::default() };
    let run = TestRunner::new_with_rng(config, rng).run(&steps::history(100), |history| {
        play(&history);
        Ok(())
    });
    run.map_err(|error| error.to_string())
}
