//! Priority queues: each is a list of queues above `Queue`, which a receive takes from in turn.
//!
//! Members are ordinary queues and know which priority queues they belong to, so that none is deleted under them, and
//! so that whoever waits for a priority queue is looked at when a member has something.

use super::{Machine, Scope};
use crate::limits::{HELD_GROUPS_PER_RECEIVE, MOVES_PER_RECEIVE};
use crate::message::Message;
use crate::queue::priority::Priority;
use crate::queue::receive::Head;
use crate::{
    Error, Name, PurgeQueue, Queue, QueueAttributes, QueueId, Receipt, Receive, Reply, Tally, Timestamp,
};
use std::sync::Arc;
use std::time::Duration;

/// What a receive has taken so far.
#[derive(Default)]
struct Takings {
    messages: Vec<(Receipt, Message)>,
    buried: usize,
    /// How many more it may take.
    left: usize,
}

/// How a receive looks for what it could take.
struct Search<'a> {
    priority: &'a Priority,
    /// What was there by then counts as of the highest level.
    aged: Option<Timestamp>,
    /// At how many groups that are held elsewhere it still looks, in each member.
    looks: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(priority: &'a Priority, now: Timestamp) -> Self {
        let looks = priority.members.iter().map(|_| HELD_GROUPS_PER_RECEIVE).collect();
        Self { priority, aged: priority.aged(now), looks }
    }
}

impl Machine {
    /// How many receives could each take something now; of a priority queue, at most.
    #[must_use]
    pub fn deliverable(&self, id: QueueId) -> usize {
        let all: usize = self.queues_of(id).map(Queue::deliverable).sum();
        // Of a list of FIFO queues one tries at a time: what is ready in a member may be held in another.
        let is_list = self.queues.get(&id).is_some_and(|queue| queue.attributes.priority.is_some());
        if is_list && self.is_fifo(id) { all.min(1) } else { all }
    }

    /// How many more messages of the queue can be in flight.
    #[must_use]
    pub fn room(&self, id: QueueId) -> usize {
        self.queues_of(id).map(Queue::room).sum()
    }

    /// The queues that hold what is in this one: itself, or its members.
    pub fn queues_of(&self, id: QueueId) -> impl Iterator<Item = &Queue> {
        let queue = self.queues.get(&id);
        let members = queue.and_then(|queue| queue.attributes.priority.as_ref());
        let itself = queue.filter(|_| members.is_none());
        let ids = members.into_iter().flat_map(|priority| &priority.members).map(|member| member.queue);
        itself.into_iter().chain(ids.filter_map(|id| self.queues.get(&id)))
    }

    /// The queue that holds what is sent to a name: the queue of that name, or the member that is asked for.
    pub(super) fn home_of(&self, name: &Name, asked: Option<&str>) -> Option<&Queue> {
        let queue = self.queue_named(name)?;
        match &queue.attributes.priority {
            None => Some(queue),
            Some(priority) => self.queues.get(&priority.member(asked)?.queue),
        }
    }

    /// The queue that a receive was made in: the one that is named or, of a priority queue, a member.
    pub(super) fn holder_of(&self, named: QueueId, receipt: &Receipt) -> Result<QueueId, Error> {
        let queue = self.queues.get(&named).ok_or(Error::NoSuchQueue)?;
        Ok(if queue.attributes.priority.is_some() { receipt.queue } else { named })
    }

    /// Whether the members can be those of such a queue: each there, once, of its kind, and none a priority queue.
    pub(super) fn check_members(&self, attributes: &QueueAttributes) -> Result<(), Error> {
        let Some(priority) = &attributes.priority else {
            return Ok(());
        };
        let fits = |queue: &Queue, name: &str| {
            let plain = queue.attributes.priority.is_none() && !queue.is_internal();
            plain && *queue.name.name == *name && queue.attributes.fifo == attributes.fifo
        };
        let all = || priority.members.iter();
        let fit = all().all(|member| {
            self.queues.get(&member.queue).is_some_and(|queue| fits(queue, &member.name))
                && all().filter(|other| other.queue == member.queue).count() == 1
        });
        if fit && !priority.members.is_empty() { Ok(()) } else { Err(Error::UnfitMembers) }
    }

    /// The members of a priority queue know of it, or know no more of it.
    pub(super) fn link_members(&mut self, of: QueueId, priority: Option<&Priority>, belong: bool) {
        for member in priority.into_iter().flat_map(|priority| &priority.members) {
            if let Some(queue) = self.queues.get_mut(&member.queue) {
                if belong {
                    queue.member_of.insert(of)
                } else {
                    queue.member_of.remove(&of)
                };
            }
        }
    }

    /// Empties all members, or none.
    pub(super) fn purge_members(
        &mut self,
        purge: &PurgeQueue,
        priority: &Priority,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let recent = |queue: &Queue| queue.purged.is_some_and(|at| at.after(purge.not_within) > scope.now);
        if self.queues_of(purge.queue).any(recent) {
            return Err(Error::PurgedRecently);
        }
        for member in &priority.members {
            self.purge_queue(&PurgeQueue { queue: member.queue, not_within: purge.not_within }, scope)?;
        }
        Ok(Reply::Done)
    }

    /// Takes from one member after the other, as their levels and what waits in them say.
    pub(super) fn receive_by_priority(
        &mut self,
        receive: &Receive,
        priority: &Priority,
        scope: &mut Scope<'_>,
    ) -> Result<Reply, Error> {
        let mut takings = Takings::default();
        self.repeat_attempt(receive, priority, scope, &mut takings);
        if takings.messages.is_empty() {
            if self.room(receive.queue) == 0 && !self.is_fifo(receive.queue) {
                return Err(Error::OverLimit);
            }
            self.take_in_turn(receive, priority, scope, &mut takings);
            self.show_at_once(receive, &takings, scope);
            self.remember_attempt(receive, priority, &takings, scope);
        }
        let describe = |(receipt, message)| self.describe(receipt, &message, scope);
        Ok(Reply::Received(takings.messages.into_iter().map(describe).collect()))
    }

    fn take_in_turn(
        &mut self,
        receive: &Receive,
        priority: &Priority,
        scope: &mut Scope<'_>,
        takings: &mut Takings,
    ) {
        let mut balance = self.balance_of(receive.queue);
        let mut search = Search::new(priority, scope.now);
        let mut heads: Vec<_> =
            (0..priority.members.len()).map(|level| self.head(&mut search, level, 0)).collect();
        takings.left = usize::try_from(receive.maximum).unwrap_or(usize::MAX);
        while takings.left > 0 && takings.buried < MOVES_PER_RECEIVE {
            let waiting: Vec<_> = heads.iter().map(|head| head.as_ref().map(|head| head.since)).collect();
            let Some(turn) = priority.next(&waiting, &balance, scope.now) else {
                break;
            };
            let Some(served) = heads.get_mut(turn.level).and_then(Option::take) else {
                break;
            };
            let Some(member) = priority.members.get(turn.level) else {
                break;
            };
            let before = takings.messages.len() + takings.buried;
            // Nothing is taken twice, so all stay hidden until the end.
            let visibility = receive.visibility.max(Duration::from_millis(1));
            let taken = self.take_turn(member.queue, &served, visibility, scope, takings);
            if takings.messages.len() + takings.buried == before {
                break;
            }
            priority.settle(&turn, taken, &mut balance);
            for (level, head) in heads.iter_mut().enumerate() {
                // A group that is held in one member can be received from no other. What was passed over stays so.
                let is_held = |head: &Head| head.group.is_some() && head.group == served.group;
                if level == turn.level {
                    *head = self.head(&mut search, level, served.next());
                } else if let Some(from) = head.as_ref().filter(|head| is_held(head)).map(Head::next) {
                    *head = self.head(&mut search, level, from);
                }
            }
        }
        if let Some(queue) = self.queues.get_mut(&receive.queue) {
            queue.balance = balance;
        }
    }

    /// A receive without a visibility timeout leaves what it took visible.
    fn show_at_once(&mut self, receive: &Receive, takings: &Takings, scope: &mut Scope<'_>) {
        if receive.visibility.is_zero() {
            let receives = takings.messages.iter().map(|(receipt, _)| (*receipt, Duration::ZERO));
            // Each of them was taken a moment ago, so none is refused.
            let _ = self.change_receives(receive.queue, receives, scope, Queue::renew);
        }
    }

    /// What a member would give next, from a place on.
    fn head(&self, search: &mut Search<'_>, level: usize, from: u64) -> Option<Head> {
        let own = search.priority.members.get(level)?.queue;
        let others = || search.priority.members.iter().filter(|other| other.queue != own);
        let is_held = |group: &str| {
            others().any(|other| self.queues.get(&other.queue).is_some_and(|queue| queue.holds(group)))
        };
        self.queues.get(&own)?.head(search.aged, from, search.looks.get_mut(level)?, is_held)
    }

    /// Takes what a member would give next, and says how many messages that were.
    fn take_turn(
        &mut self,
        id: QueueId,
        head: &Head,
        visibility: Duration,
        scope: &mut Scope<'_>,
        takings: &mut Takings,
    ) -> usize {
        let redrive = self.redrive_of(id);
        let Some(queue) = self.queues.get_mut(&id) else {
            return 0;
        };
        let often = redrive.as_ref().map(|(_, maximum)| *maximum);
        let taken = queue.take_head(head, takings.left, visibility, often, scope.now);
        let count = taken.messages.len();
        takings.left = takings.left.saturating_sub(count);
        takings.buried += taken.exhausted.len();
        takings.messages.extend(self.finish_take(id, taken, redrive.map(|(target, _)| target), scope));
        count
    }

    /// What the same attempt took before, from each member of which that is untouched.
    fn repeat_attempt(
        &mut self,
        receive: &Receive,
        priority: &Priority,
        scope: &mut Scope<'_>,
        takings: &mut Takings,
    ) {
        for member in priority.members.iter().filter(|_| receive.attempt.is_some()) {
            let redrive = self.redrive_of(member.queue).map(|(_, maximum)| maximum);
            let queue = self.queues.get_mut(&member.queue);
            if let Some(taken) = queue.and_then(|queue| queue.repeat_attempt(receive, redrive, scope.now)) {
                takings.messages.extend(taken.messages);
                self.touch(member.queue, Tally::default(), scope);
            }
        }
    }

    fn remember_attempt(
        &mut self,
        receive: &Receive,
        priority: &Priority,
        takings: &Takings,
        scope: &mut Scope<'_>,
    ) {
        let taken = || takings.messages.iter().map(|(receipt, _)| receipt);
        for id in priority.members.iter().filter(|_| receive.attempt.is_some()).map(|member| member.queue) {
            let mut own = taken().filter(|receipt| receipt.queue == id).peekable();
            if own.peek().is_some()
                && let Some(queue) = self.queues.get_mut(&id)
            {
                queue.remember_attempt(receive, own, scope.now);
                self.touch(id, Tally::default(), scope);
            }
        }
    }

    fn balance_of(&self, id: QueueId) -> Vec<i64> {
        self.queues.get(&id).map(|queue| queue.balance.clone()).unwrap_or_default()
    }

    fn is_fifo(&self, id: QueueId) -> bool {
        self.queues.get(&id).is_some_and(|queue| queue.attributes.fifo)
    }

    /// What makes the queue a priority queue, if it is one.
    pub(super) fn priority_of(&self, id: QueueId) -> Option<Arc<Priority>> {
        self.queues.get(&id)?.attributes.priority.clone()
    }
}
