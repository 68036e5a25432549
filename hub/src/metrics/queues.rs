//! What is counted of queues, by the engine's thread alone.

use queue_core::{Counts, Machine, Name, Queue, QueueId, Tally, Timestamp};
use std::collections::HashMap;
use std::time::Duration;

/// What happened in a queue since the hub started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct QueueTotals {
    pub(super) sent: u64,
    pub(super) sent_bytes: u64,
    pub(super) received: u64,
    pub(super) received_bytes: u64,
    pub(crate) empty_receives: u64,
    pub(super) deleted: u64,
    pub(super) timed_out: u64,
    pub(super) buried: u64,
    pub(super) moved: u64,
    pub(super) expired: u64,
}

impl QueueTotals {
    fn add(&mut self, tally: &Tally) {
        self.sent += u64::from(tally.sent);
        self.sent_bytes += tally.sent_bytes;
        self.received += u64::from(tally.received);
        self.received_bytes += tally.received_bytes;
        self.deleted += u64::from(tally.deleted);
        self.timed_out += u64::from(tally.timed_out);
        self.buried += u64::from(tally.buried);
        self.moved += u64::from(tally.moved);
        self.expired += u64::from(tally.expired);
    }

    fn take_in(&mut self, more: Self) {
        // All of them by name, so that none can be forgotten.
        let Self {
            sent,
            sent_bytes,
            received,
            received_bytes,
            empty_receives,
            deleted,
            timed_out,
            buried,
            moved,
            expired,
        } = more;
        self.sent += sent;
        self.sent_bytes += sent_bytes;
        self.received += received;
        self.received_bytes += received_bytes;
        self.empty_receives += empty_receives;
        self.deleted += deleted;
        self.timed_out += timed_out;
        self.buried += buried;
        self.moved += moved;
        self.expired += expired;
    }
}

/// The series of a queue, or of all that have none of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueSeries {
    /// Nothing for those that have none of their own.
    pub(crate) name: Option<Name>,
    pub(crate) counts: Counts,
    pub(crate) oldest_age: Duration,
    pub(crate) totals: QueueTotals,
}

/// The totals of all queues.
///
/// Identities rise, so the oldest queues are the first by identity, and one that is among the first stays there. What
/// was counted of a queue before it had series of its own belongs to the others, and is never taken from them: as a sum
/// of what is there it would fall when a queue goes.
#[derive(Debug, Default)]
pub(crate) struct QueueCounters {
    by_queue: HashMap<QueueId, QueueTotals>,
    others: QueueTotals,
    /// The last queue that was shown by its name.
    shown_to: Option<QueueId>,
}

impl QueueCounters {
    pub(crate) fn count(&mut self, queue: QueueId, tally: &Tally) {
        if *tally != Tally::default() {
            self.by_queue.entry(queue).or_default().add(tally);
        }
    }

    pub(crate) fn count_empty_receive(&mut self, queue: QueueId) {
        self.by_queue.entry(queue).or_default().empty_receives += 1;
    }

    /// The queue is gone, and its series with it. What was never shown by its name has been among the others.
    pub(crate) fn forget(&mut self, queue: QueueId) {
        if let Some(totals) = self.by_queue.remove(&queue)
            && Some(queue) > self.shown_to
        {
            self.others.take_in(totals);
        }
    }

    /// The series of up to so many queues, and that of the others. A priority queue holds nothing: what is done by its
    /// URL is done in its members, and would count twice in a sum.
    pub(crate) fn series(&mut self, machine: &Machine, now: Timestamp, limit: usize) -> Vec<QueueSeries> {
        let mut all = Vec::new();
        let mut others = QueueSeries {
            name: None,
            counts: Counts::default(),
            oldest_age: Duration::ZERO,
            totals: QueueTotals::default(),
        };
        let holds = |queue: &&Queue| !queue.is_internal() && queue.attributes.priority.is_none();
        for queue in machine.queues().filter(holds) {
            let counts = queue.counts();
            let oldest_age = queue.oldest().map_or(Duration::ZERO, |oldest| now.since(oldest));
            if all.len() < limit {
                let totals = self.by_queue.get(&queue.id).copied().unwrap_or_default();
                all.push(QueueSeries { name: Some(queue.name.clone()), counts, oldest_age, totals });
                self.shown_to = self.shown_to.max(Some(queue.id));
            } else {
                others.counts.visible += counts.visible;
                others.counts.in_flight += counts.in_flight;
                others.counts.delayed += counts.delayed;
                others.oldest_age = others.oldest_age.max(oldest_age);
                if let Some(totals) = self.by_queue.remove(&queue.id) {
                    self.others.take_in(totals);
                }
            }
        }
        others.totals = self.others;
        all.push(others);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::{Command, CreateQueue, Entry, Header, QueueAttributes};

    fn apply(machine: &mut Machine, command: Command) {
        let header = Header { time: Timestamp(1), seed: 1, run: 1, batch: 1 };
        assert!(machine.apply(&Entry { header, commands: vec![command] }).replies[0].is_ok());
    }

    fn with_queues(names: &[&str]) -> Machine {
        let mut machine = Machine::default();
        for name in names {
            let create = CreateQueue {
                name: Name::new("000000000000", "us-east-1", name),
                attributes: QueueAttributes::default(),
                tags: Default::default(),
                hold_deleted_name: false,
            };
            apply(&mut machine, Command::CreateQueue(create));
        }
        machine
    }

    fn delete(machine: &mut Machine, counters: &mut QueueCounters, queue: u64) {
        apply(machine, Command::DeleteQueue(QueueId(queue)));
        counters.forget(QueueId(queue));
    }

    /// How many were sent to which queue, as two are shown.
    fn shown(counters: &mut QueueCounters, machine: &Machine) -> Vec<(String, u64)> {
        let series = counters.series(machine, Timestamp(1), 2).into_iter();
        let name = |name: Option<Name>| name.map_or("*".to_owned(), |name| name.name.to_string());
        series.map(|one| (name(one.name), one.totals.sent)).collect()
    }

    #[track_caller]
    fn check(counters: &mut QueueCounters, machine: &Machine, expected: &[(&str, u64)]) {
        let expected: Vec<_> = expected.iter().map(|(name, sent)| ((*name).to_owned(), *sent)).collect();
        assert_eq!(shown(counters, machine), expected);
    }

    #[test]
    fn so_many_queues_are_shown_by_name_and_what_the_others_counted_never_falls() {
        let mut machine = with_queues(&["a", "b", "c", "d"]);
        let mut counters = QueueCounters::default();
        let send_to_all = |counters: &mut QueueCounters, machine: &Machine| {
            for queue in machine.queues().filter(|queue| !queue.is_internal()) {
                counters.count(queue.id, &Tally { sent: 1, ..Tally::default() });
            }
        };
        send_to_all(&mut counters, &machine);
        check(&mut counters, &machine, &[("a", 1), ("b", 1), ("*", 2)]);
        send_to_all(&mut counters, &machine);
        // The place of a queue that goes is taken by the next, which counts from there on.
        delete(&mut machine, &mut counters, 1);
        check(&mut counters, &machine, &[("b", 2), ("c", 1), ("*", 3)]);
        send_to_all(&mut counters, &machine);
        check(&mut counters, &machine, &[("b", 3), ("c", 2), ("*", 4)]);
        send_to_all(&mut counters, &machine);
        delete(&mut machine, &mut counters, 4);
        check(&mut counters, &machine, &[("b", 4), ("c", 3), ("*", 5)]);
        delete(&mut machine, &mut counters, 3);
        delete(&mut machine, &mut counters, 2);
        check(&mut counters, &machine, &[("*", 5)]);
        assert!(counters.by_queue.is_empty());
    }
}
