//! What can happen in a history, and how likely.

use super::Duel;
use crate::tests::player::commands::{body, hash, name};
use crate::tests::world::Bearing;
use crate::{
    CancelMove, ChangeVisibility, Command, CreateQueue, DeduplicationKeys, DeduplicationScope, Delete,
    Discard, GiveBack, Outgoing, PurgeQueue, QueueAttributes, QueueId, Receipt, Receive, RedrivePolicy, Send,
    SetQueueAttributes, StartMove, Tags,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::time::Duration;

/// A chain of standard queues; a FIFO queue with its dead-letter queue; a FIFO queue that is its own; a standard
/// queue whose dead-letter queue is of the wrong kind. No two share one, so arrivals have one order.
const TARGETS: [Option<usize>; QUEUES] = [Some(1), Some(2), None, Some(4), None, Some(5), Some(4)];
const FIRST_FIFO: usize = 3;
const LAST_FIFO: usize = 5;
pub(super) const QUEUES: usize = 7;

#[derive(Debug, Clone)]
pub(super) enum Step {
    Pass,
    /// Group, deduplication id and delay of each message.
    Send(usize, Vec<(u8, u8, Option<u64>)>),
    Receive {
        slot: usize,
        maximum: u32,
        visibility: u64,
        attempt: Option<u8>,
    },
    /// Some of the last receipts, counted from the end.
    Delete(Vec<usize>),
    Hide(Vec<(usize, u64)>),
    /// Receives that are to have been none.
    Undo(Vec<usize>),
    Delay(usize, u64),
    Retention(usize, u64),
    Redrive(usize, Option<u32>),
    Scope(usize),
    Purge(usize),
    Recreate(usize),
    /// Carries every so-many-th body.
    Carry(usize),
    /// Discards one body, counted from the first.
    Discard(usize),
    /// Starts to move what a queue holds: where to, if that is said, and how many a second.
    Move(usize, Option<usize>, Option<u32>),
    /// Ends the last move task of a queue.
    Cancel(usize),
}

/// Each step with the milliseconds that pass before it.
#[derive(Clone)]
pub(super) struct History(pub(super) Vec<(u64, Step)>);

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(wait, step)| writeln!(f, "{wait:>7} ms later {step:?}"))
    }
}

/// Histories of that many steps on average.
pub(super) fn history(steps: usize) -> impl Strategy<Value = History> {
    let wait = prop_oneof![
        10 => Just(0_u64),
        4 => 1_u64..3_000,
        2 => (1_u64..13).prop_map(|times| times * 5_000),
        1 => Just(60_000),
        1 => Just(299_999),
        1 => Just(300_000),
    ];
    vec((wait, step()), 1..2 * steps).prop_map(History)
}

fn step() -> impl Strategy<Value = Step> {
    let slot = || prop_oneof![3 => Just(0_usize), 3 => Just(3), 2 => Just(5), 2 => 0..QUEUES];
    // Enough of one tenant to make it noisy.
    let flood =
        (0_u8..3, 30_u8..70).prop_map(|(group, count)| (0..count).map(|id| (group, id, None)).collect());
    let maximum = prop_oneof![9 => 0_u32..11, 1 => 30_u32..60];
    let message = (0_u8..3, 0_u8..12, option::weighted(0.2, 0_u64..20));
    let visibility = || prop_oneof![1 => Just(0_u64), 6 => 1_u64..40, 1 => Just(43_200), 1 => Just(50_000)];
    let pick = || 0_usize..12;
    prop_oneof![
        2 => Just(Step::Pass),
        20 => (slot(), vec(message, 1..5)).prop_map(|(slot, messages)| Step::Send(slot, messages)),
        3 => flood.prop_map(|messages| Step::Send(0, messages)),
        30 => (slot(), maximum, visibility(), option::weighted(0.5, 0_u8..2)).prop_map(
            |(slot, maximum, visibility, attempt)| Step::Receive { slot, maximum, visibility, attempt }
        ),
        12 => vec(pick(), 1..4).prop_map(Step::Delete),
        12 => vec((pick(), visibility()), 1..4).prop_map(Step::Hide),
        4 => vec(pick(), 1..4).prop_map(Step::Undo),
        2 => (slot(), 0_u64..30).prop_map(|(slot, seconds)| Step::Delay(slot, seconds)),
        2 => (slot(), 1_u64..900).prop_map(|(slot, seconds)| Step::Retention(slot, seconds)),
        3 => (slot(), option::weighted(0.8, 1_u32..4)).prop_map(|(slot, maximum)| Step::Redrive(slot, maximum)),
        1 => slot().prop_map(Step::Scope),
        1 => slot().prop_map(Step::Purge),
        1 => slot().prop_map(Step::Recreate),
        4 => (1_usize..4).prop_map(Step::Carry),
        1 => (0_usize..20).prop_map(Step::Discard),
        3 => (0..QUEUES, option::weighted(0.4, 0..QUEUES), option::weighted(0.7, 1_u32..4))
            .prop_map(|(slot, target, rate)| Step::Move(slot, target, rate)),
        1 => (0..QUEUES).prop_map(Step::Cancel),
    ]
}

pub(super) fn queue_name(slot: usize) -> String {
    format!("q{slot}")
}

fn redrive(slot: usize, maximum_receives: u32) -> Option<RedrivePolicy> {
    TARGETS[slot].map(|target| RedrivePolicy { target: name(&queue_name(target)), maximum_receives })
}

fn is_fifo(slot: usize) -> bool {
    (FIRST_FIFO..=LAST_FIFO).contains(&slot)
}

pub(super) fn attributes(slot: usize) -> QueueAttributes {
    QueueAttributes {
        fifo: is_fifo(slot),
        retention: Duration::from_secs(700),
        deduplication_scope: if slot == LAST_FIFO {
            DeduplicationScope::Group
        } else {
            DeduplicationScope::Everything
        },
        redrive: redrive(slot, 2),
        ..QueueAttributes::default()
    }
}

pub(super) fn creation(slot: usize) -> CreateQueue {
    CreateQueue {
        name: name(&queue_name(slot)),
        attributes: attributes(slot),
        tags: Tags::new(),
        hold_deleted_name: false,
    }
}

impl Step {
    /// The command that the step stands for, as things are.
    pub(super) fn command(&self, duel: &mut Duel) -> Bearing {
        let command = match self {
            Self::Pass | Self::Recreate(_) => Command::Tick,
            Self::Send(slot, messages) => return send(duel, *slot, messages),
            Self::Receive { slot, maximum, visibility, attempt } => Command::Receive(Receive {
                queue: duel.queues[*slot],
                maximum: *maximum,
                visibility: Duration::from_secs(*visibility),
                attempt: attempt.map(u128::from),
            }),
            Self::Delete(picks) => {
                of_one(duel, picks, |queue, receipts| Command::Delete(Delete { queue, receipts }))
            }
            Self::Undo(picks) => {
                of_one(duel, picks, |queue, receipts| Command::GiveBack(GiveBack { queue, receipts }))
            }
            Self::Hide(picks) => hide(duel, picks),
            Self::Delay(slot, seconds) => set(duel, *slot, |attributes| {
                attributes.delay = Duration::from_secs(*seconds);
            }),
            Self::Retention(slot, seconds) => set(duel, *slot, |attributes| {
                attributes.retention = Duration::from_secs(*seconds);
            }),
            Self::Redrive(slot, maximum) => set(duel, *slot, |attributes| {
                attributes.redrive = maximum.and_then(|maximum| redrive(*slot, maximum));
            }),
            Self::Scope(slot) => set(duel, *slot, |attributes| {
                attributes.deduplication_scope = match attributes.deduplication_scope {
                    DeduplicationScope::Everything => DeduplicationScope::Group,
                    DeduplicationScope::Group => DeduplicationScope::Everything,
                };
            }),
            Self::Purge(slot) => Command::PurgeQueue(PurgeQueue {
                queue: duel.queues[*slot],
                not_within: Duration::from_secs(60),
            }),
            Self::Carry(every) => {
                let bodies: Vec<_> = duel.world.machine.live_bodies().step_by(*every).collect();
                return duel.world.carry(&bodies);
            }
            Self::Discard(nth) => {
                let found = duel.world.machine.live_bodies().nth(*nth);
                Command::Discard(Discard { holders: found.into_iter().map(|(holder, _)| holder).collect() })
            }
            Self::Move(slot, target, per_second) => Command::StartMove(StartMove {
                source: duel.queues[*slot],
                destination: target.map(|target| name(&queue_name(target))),
                per_second: *per_second,
            }),
            Self::Cancel(slot) => {
                let source = duel.queues[*slot];
                let last = duel.world.machine.move_tasks(source).next();
                Command::CancelMove(CancelMove { source, task: last.map_or(0, |task| task.id) })
            }
        };
        (command, Vec::new())
    }
}

fn send(duel: &mut Duel, slot: usize, messages: &[(u8, u8, Option<u64>)]) -> Bearing {
    let mut bodies = Vec::new();
    let mut outgoing = Vec::new();
    for (group, id, delay) in messages {
        duel.bodies += 1;
        let text = format!("m{}", duel.bodies);
        outgoing.push(Outgoing {
            body: body(&text),
            delay: delay.map(Duration::from_secs),
            group: (is_fifo(slot) || *group > 0).then(|| group.to_string().into()),
            deduplication: Some(DeduplicationKeys {
                overall: u128::from(*id),
                in_group: hash(&format!("{group}/{id}")),
            }),
        });
        bodies.push(text.into_bytes());
    }
    let command = Command::Send(Send { queue: duel.queues[slot], messages: outgoing });
    (command, bodies)
}

/// The receipts picked, as far as they are of one queue.
fn of_one(duel: &Duel, picks: &[usize], command: impl FnOnce(QueueId, Vec<Receipt>) -> Command) -> Command {
    let receipts: Vec<_> = picks.iter().filter_map(|pick| duel.receipts.iter().rev().nth(*pick)).collect();
    let Some(first) = receipts.first() else {
        return Command::Tick;
    };
    let of_one = receipts.iter().filter(|receipt| receipt.queue == first.queue);
    command(first.queue, of_one.map(|receipt| **receipt).collect())
}

fn hide(duel: &Duel, picks: &[(usize, u64)]) -> Command {
    let receipt = |(pick, seconds): &(usize, u64)| {
        let receipt = duel.receipts.iter().rev().nth(*pick)?;
        Some((*receipt, Duration::from_secs(*seconds)))
    };
    let changes: Vec<_> = picks.iter().filter_map(receipt).collect();
    let Some((first, _)) = changes.first() else {
        return Command::Tick;
    };
    let queue = first.queue;
    Command::ChangeVisibility(ChangeVisibility {
        queue,
        changes: changes.into_iter().filter(|(receipt, _)| receipt.queue == queue).collect(),
    })
}

fn set(duel: &Duel, slot: usize, change: impl FnOnce(&mut QueueAttributes)) -> Command {
    let queue = duel.world.machine.queue(duel.queues[slot]).unwrap();
    let mut attributes = queue.attributes.clone();
    change(&mut attributes);
    Command::SetQueueAttributes(SetQueueAttributes { queue: queue.id, seen: queue.version, attributes })
}
