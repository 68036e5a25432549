//! What time brings. Every entry begins with it, within a budget; what is left over stays due.

use super::{Machine, Scope, weight};
use crate::limits::{DELETED_NAME_HELD, DUE_PER_ENTRY, RECLAIMED_PER_ENTRY};
use crate::queue::remains::Remains;
use crate::tally::counted;
use crate::{QueueId, Tally, Timestamp};

impl Machine {
    /// When something will be due next: `Some` of a time not later than now if something is due already.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        if !self.reclaim.is_empty() || !self.archives_cut_off.is_empty() {
            return Some(Timestamp::default());
        }
        let queues = self.due.first().map(|(at, _)| *at);
        let topics = self.topics_due.first().map(|(at, _)| *at);
        let orphans = self.orphans.front().map(|(at, _)| *at);
        let moves = self.moves_due.first().map(|(at, _)| *at);
        let subscriptions = self.subscriptions_due.first().map(|(at, _)| *at);
        [queues, topics, orphans, moves, subscriptions].into_iter().flatten().min()
    }

    /// When something in this queue, or in a member of it, will be due next.
    #[must_use]
    pub fn next_due_of(&self, queue: QueueId) -> Option<Timestamp> {
        self.queues_of(queue).filter_map(|queue| queue.registered).min()
    }

    pub(super) fn run_due(&mut self, scope: &mut Scope<'_>) {
        self.run_due_queues(scope);
        self.run_moves(scope);
        self.forget_publishes(scope);
        self.forget_orphans(scope);
        self.forget_unconfirmed(scope);
        self.reclaim(scope);
        self.reclaim_archives(scope);
        self.forget_deleted_names(scope);
    }

    fn run_due_queues(&mut self, scope: &mut Scope<'_>) {
        let mut left = DUE_PER_ENTRY;
        while left > 0 {
            let Some(&(_, id)) = self.due.first().filter(|(at, _)| *at <= scope.now) else {
                return;
            };
            let redrive = self.redrive_of(id);
            let Some(queue) = self.queues.get_mut(&id) else {
                return;
            };
            let due = queue.run_due(scope.now, left, redrive.as_ref().map(|(_, maximum)| *maximum));
            left = left.saturating_sub(due.steps.max(1));
            let tally = Tally {
                timed_out: due.timed_out,
                buried: counted(due.exhausted.len()),
                expired: self.expire(id, due.expired, scope),
                ..Tally::default()
            };
            self.bury(id, due.exhausted, redrive.map(|(target, _)| target), scope);
            self.touch(id, tally, scope);
        }
    }

    /// Registers when the queue is to be looked at again, weighs it, has its waiters looked at, and tells what was
    /// done in it.
    pub(super) fn touch(&mut self, id: QueueId, tally: Tally, scope: &mut Scope<'_>) {
        *scope.applied.touched.entry(id).or_default() += tally;
        self.weigh_queue(id);
        let Some(queue) = self.queues.get_mut(&id) else {
            return;
        };
        let next = queue.next_due();
        if next == queue.registered {
            return;
        }
        if let Some(before) = std::mem::replace(&mut queue.registered, next) {
            self.due.remove(&(before, id));
        }
        if let Some(next) = next {
            self.due.insert((next, id));
        }
    }

    /// The same for several.
    pub(super) fn touch_all(
        &mut self,
        tallies: impl IntoIterator<Item = (QueueId, Tally)>,
        scope: &mut Scope<'_>,
    ) {
        for (id, tally) in tallies {
            self.touch(id, tally, scope);
        }
    }

    fn forget_publishes(&mut self, scope: &mut Scope<'_>) {
        for _ in 0..DUE_PER_ENTRY {
            let Some(&(at, id)) = self.topics_due.first().filter(|(at, _)| *at <= scope.now) else {
                return;
            };
            let Some(topic) = self.topics.get_mut(&id) else {
                self.topics_due.remove(&(at, id));
                continue;
            };
            if !topic.deduplication.forget_one(scope.now) {
                self.forget_archived(id, scope);
            }
            self.time_topic(id);
            self.weigh_topic(id);
        }
    }

    /// Subscriptions whose endpoint did not agree in time, and those that were ended and not restored in time.
    fn forget_unconfirmed(&mut self, scope: &mut Scope<'_>) {
        for _ in 0..DUE_PER_ENTRY {
            let Some(&(_, id)) = self.subscriptions_due.first().filter(|(at, _)| *at <= scope.now) else {
                return;
            };
            self.remove_subscription(id, scope);
        }
    }

    fn forget_orphans(&mut self, scope: &mut Scope<'_>) {
        for _ in 0..DUE_PER_ENTRY {
            let Some((_, orphans)) = self.orphans.front_mut().filter(|(at, _)| *at <= scope.now) else {
                return;
            };
            let Some(id) = orphans.pop_first() else {
                self.orphans.pop_front();
                continue;
            };
            self.remove_subscription(id, scope);
        }
    }

    fn reclaim(&mut self, scope: &mut Scope<'_>) {
        for _ in 0..RECLAIMED_PER_ENTRY {
            let Some(remains) = self.reclaim.front_mut() else {
                return;
            };
            let before = remains.weigh();
            let message = remains.dismantle();
            let after = remains.weigh();
            self.reweigh(before, after);
            if let Some(message) = message {
                self.discard(&message, scope);
            }
            self.reclaim.pop_front_if(|remains| remains.is_empty());
        }
    }

    /// Leaves what was cut off to be reclaimed bit by bit.
    pub(super) fn cut_off(&mut self, remains: Remains) {
        if !remains.is_empty() {
            self.reweigh(0, remains.weigh());
            self.reclaim.push_back(remains);
        }
    }

    fn forget_deleted_names(&mut self, scope: &Scope<'_>) {
        for _ in 0..DUE_PER_ENTRY {
            let past = |(at, _): &mut (Timestamp, _)| at.after(DELETED_NAME_HELD) <= scope.now;
            let Some((at, name)) = self.deleted_order.pop_front_if(past) else {
                return;
            };
            self.lighten(weight::of_deleted_name(&name));
            if self.deleted_names.get(&name) == Some(&at) {
                self.deleted_names.remove(&name);
            }
        }
    }
}
