//! A priority queue: a list of queues, each of a level, and which of them a receive is to take from next.
//!
//! It holds no messages. What waited for too long comes first, the oldest before all, under both policies: so nothing
//! starves at the bottom.

use crate::{QueueId, Timestamp, encoded};
use std::time::Duration;

encoded! {
    /// Which level is served next, of those that have something to give.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum PriorityPolicy {
        /// The highest.
        0 => Strict,
        /// Each as often as its weight says.
        1 => Weighted,
    }

    /// A queue of a priority queue. Its level is its place among them, the highest first.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Member {
        /// The queue.
        pub queue: QueueId,
        /// What it is called within the priority queue: its name without account and region.
        pub name: Box<str>,
        /// Its share under [`PriorityPolicy::Weighted`], at least 1.
        pub weight: u32,
    }

    /// What makes a queue a priority queue.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Priority {
        /// Which level is served next.
        pub policy: PriorityPolicy,
        /// The queues, the highest level first.
        pub members: Vec<Member>,
        /// After how long a message counts as of the highest level.
        pub maximum_wait: Option<Duration>,
    }
}

impl Priority {
    /// Where a message goes that asks for a member by its name or its level, 0 being the highest; to the last if it
    /// does not ask. None if there is no such member.
    #[must_use]
    pub fn member(&self, asked: Option<&str>) -> Option<&Member> {
        let Some(asked) = asked else {
            return self.members.last();
        };
        let named = self.members.iter().find(|member| *member.name == *asked);
        let level = || asked.parse::<usize>().ok().filter(|level| level.to_string() == asked);
        named.or_else(|| self.members.get(level()?))
    }

    /// Since before when a message must have waited to count as of the highest level; none if that never happens.
    pub(crate) fn aged(&self, now: Timestamp) -> Option<Timestamp> {
        self.maximum_wait.map(|most| now.before(most))
    }

    /// Which member a receive takes from next, if each has been waiting to give a message since then, or has nothing
    /// to give. The `balance` is what each level is owed.
    pub(crate) fn next(
        &self,
        waiting: &[Option<Timestamp>],
        balance: &[i64],
        now: Timestamp,
    ) -> Option<Turn> {
        let ready = || waiting.iter().enumerate().filter_map(|(level, since)| Some((level, (*since)?)));
        let aged = self.aged(now);
        let is_aged = |(_, since): &(usize, Timestamp)| aged.is_some_and(|aged| *since <= aged);
        if let Some((level, _)) = ready().filter(is_aged).min_by_key(|(level, since)| (*since, *level)) {
            return Some(Turn { level, ready: Vec::new() });
        }
        let levels = ready().map(|(level, _)| level);
        let owed = |level: &usize| balance.get(*level).copied().unwrap_or_default() + self.weight(*level);
        let level = match self.policy {
            PriorityPolicy::Strict => levels.min()?,
            PriorityPolicy::Weighted => {
                levels.max_by_key(|level| (owed(level), std::cmp::Reverse(*level)))?
            }
        };
        Some(Turn { level, ready: ready().map(|(level, _)| level).collect() })
    }

    /// What levels are owed after `count` messages were taken in that turn: all that could have been served share in
    /// each by their weights, and who was served pays for it.
    pub(crate) fn settle(&self, turn: &Turn, count: usize, balance: &mut Vec<i64>) {
        match self.policy {
            PriorityPolicy::Strict => return,
            PriorityPolicy::Weighted => balance.resize(self.members.len(), 0),
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut paid = 0;
        for level in &turn.ready {
            if let Some(owed) = balance.get_mut(*level) {
                let share = self.weight(*level).saturating_mul(count);
                *owed = owed.saturating_add(share);
                paid += share;
            }
        }
        if let Some(owed) = balance.get_mut(turn.level) {
            *owed = owed.saturating_sub(paid);
        }
    }

    fn weight(&self, level: usize) -> i64 {
        self.members.get(level).map_or(0, |member| i64::from(member.weight))
    }
}

/// Who is served.
pub(crate) struct Turn {
    /// The member that gives, by its level.
    pub(crate) level: usize,
    /// The levels that had something to give, this one too; none if age decided, which is nobody's share.
    ready: Vec<usize>,
}
