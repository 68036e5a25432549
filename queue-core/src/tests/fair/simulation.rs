//! How long the messages of quiet tenants take while another floods their queue, in virtual time.

use crate::message::Message;
use crate::tests::player::commands::{body, name};
use crate::tests::world::START;
use crate::{Queue, QueueAttributes, QueueId, Receipt, Receive, Tags, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

const CONSUMERS: usize = 100;
const PROCESSING_MS: u64 = 100;
/// Tenants that send steadily, and how often each does.
const QUIET_TENANTS: u64 = 20;
const QUIET_EVERY_MS: u64 = 90;
const QUIET_FOR_MS: u64 = 60_000;
/// What the noisy tenant sends at once, and then each millisecond for a while.
const FLOOD_AT_MS: u64 = 10_000;
const FLOOD: u64 = 10_000;
const FLOOD_EACH_MS: u64 = 1;
const FLOOD_UNTIL_MS: u64 = 40_000;

/// Who sent it; the noisy tenant is the one behind all others.
const NOISY: u64 = QUIET_TENANTS;

/// A queue with consumers that each take one message, work on it, delete it and take the next.
struct Simulation {
    queue: Queue,
    grouped: bool,
    /// Whose message it is and since when it is there, by its identity.
    senders: BTreeMap<u128, (u64, u64)>,
    /// When each consumer at work is done, with what.
    busy: VecDeque<(u64, Receipt, u128)>,
    /// The milliseconds from the send to the deletion of each message.
    quiet_ms: Vec<u64>,
    noisy_ms: Vec<u64>,
}

impl Simulation {
    /// Runs until all is done.
    fn run(floods: bool, grouped: bool) -> Self {
        let attributes = QueueAttributes::default();
        let mut simulation = Self {
            queue: Queue::new(QueueId(1), name("q"), attributes, Tags::new(), START),
            grouped,
            senders: BTreeMap::new(),
            busy: VecDeque::new(),
            quiet_ms: Vec::new(),
            noisy_ms: Vec::new(),
        };
        for now in 0.. {
            simulation.finish(now);
            for tenant in 0..QUIET_TENANTS {
                // Not all at the same moment.
                let turn = now % QUIET_EVERY_MS == tenant * QUIET_EVERY_MS / QUIET_TENANTS;
                simulation.send(now, tenant, u64::from(turn && now < QUIET_FOR_MS));
            }
            if floods && now == FLOOD_AT_MS {
                simulation.send(now, NOISY, FLOOD);
            }
            if floods && (FLOOD_AT_MS..FLOOD_UNTIL_MS).contains(&now) {
                simulation.send(now, NOISY, FLOOD_EACH_MS);
            }
            simulation.receive(now);
            if now >= QUIET_FOR_MS && simulation.busy.is_empty() {
                break;
            }
        }
        simulation.quiet_ms.sort_unstable();
        simulation.noisy_ms.sort_unstable();
        simulation
    }

    fn send(&mut self, now: u64, tenant: u64, count: u64) {
        let group: Option<Arc<str>> = self.grouped.then(|| tenant.to_string().into());
        for _ in 0..count {
            let id = self.senders.len() as u128;
            self.senders.insert(id, (tenant, now));
            let message = Message::new(id, body("x"), None, group.clone(), at(now));
            self.queue.enqueue(message, None, None, at(now));
        }
    }

    /// Every consumer that is not at work takes a message, as long as there are any.
    fn receive(&mut self, now: u64) {
        let receive =
            Receive { queue: QueueId(1), maximum: 1, visibility: Duration::from_secs(30), attempt: None };
        while self.busy.len() < CONSUMERS {
            let taken = self.queue.receive(&receive, None, at(now)).unwrap();
            let Some((receipt, message)) = taken.messages.into_iter().next() else {
                return;
            };
            self.busy.push_back((now + PROCESSING_MS, receipt, message.id));
        }
    }

    fn finish(&mut self, now: u64) {
        while let Some((_, receipt, id)) = self.busy.pop_front_if(|(done, _, _)| *done <= now) {
            assert!(self.queue.delete(receipt).unwrap().is_some(), "it was there until now");
            let (tenant, sent) = self.senders[&id];
            let list = if tenant == NOISY { &mut self.noisy_ms } else { &mut self.quiet_ms };
            list.push(now - sent);
        }
    }

    fn row(&self, title: &str) -> String {
        let times = |list: &[u64]| match list.last() {
            Some(longest) => format!("{} | {} | {longest}", quantile(list, 50), quantile(list, 99)),
            None => "– | – | –".to_owned(),
        };
        format!("| {title} | {} | {} |", times(&self.quiet_ms), times(&self.noisy_ms))
    }
}

fn at(now: u64) -> Timestamp {
    START.after(Duration::from_millis(now))
}

/// Of a sorted list.
fn quantile(list: &[u64], percent: usize) -> u64 {
    list[(list.len() - 1) * percent / 100]
}

#[test]
fn a_quiet_tenant_does_not_feel_a_flood() {
    let alone = Simulation::run(false, true);
    let fair = Simulation::run(true, true);
    let unfair = Simulation::run(true, false);
    println!("| | quiet: p50 | p99 | longest | noisy: p50 | p99 | longest |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    println!("{}", alone.row("without the noisy tenant"));
    println!("{}", fair.row("with it, each tenant with its group"));
    println!("{}", unfair.row("with it, without groups"));

    let longest = |simulation: &Simulation| *simulation.quiet_ms.last().unwrap();
    assert!(longest(&fair) <= 2 * longest(&alone), "nobody quiet waits for more than one other message");
    assert!(quantile(&unfair.quiet_ms, 50) > 20 * longest(&fair), "which is no matter of course");
    // Whoever waits, the consumers do the same work in the same time.
    assert_eq!(fair.quiet_ms.len(), alone.quiet_ms.len());
    assert_eq!(fair.noisy_ms.len() as u64, FLOOD + FLOOD_EACH_MS * (FLOOD_UNTIL_MS - FLOOD_AT_MS));
    let total = |simulation: &Simulation| simulation.quiet_ms.iter().chain(&simulation.noisy_ms).sum::<u64>();
    assert_eq!(total(&fair), total(&unfair), "what the quiet save, the noisy one waits");
}
