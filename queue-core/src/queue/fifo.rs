//! The order of a FIFO queue: within each group as sent, and nothing of a group overtakes.
//!
//! One rule covers locks, delays and extensions: **of a group, the messages before its first one that is in flight
//! or delayed can be received, in order.** So a group whose first message is in flight is locked; a message that
//! is extended holds back itself and all behind it; one that becomes visible again is first in its place.

use super::messages::Messages;
use crate::limits::ATTEMPT_WINDOW;
use crate::message::{Message, State};
use crate::weight::in_tree;
use crate::{Timestamp, encoded};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

encoded! {
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub(super) struct Fifo {
        groups: BTreeMap<Arc<str>, Group>,
        /// The groups whose first message is visible, by its number.
        ready: BTreeMap<u64, Arc<str>>,
        attempts: BTreeMap<u128, Attempt>,
        attempt_ends: VecDeque<(Timestamp, u128)>,
    }

    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    struct Group {
        messages: BTreeSet<u64>,
        in_flight: u32,
        /// Its key among the ready groups.
        ready: Option<u64>,
    }

    /// What a receive with an attempt id took.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct Attempt {
        /// The messages, each with the number of its receive.
        pub(super) taken: Vec<(u64, u32)>,
        pub(super) at: Timestamp,
        /// When they become visible again, unless that was changed.
        pub(super) until: Timestamp,
    }
}

impl Fifo {
    pub(super) fn deliverable(&self) -> usize {
        self.ready.len()
    }

    /// The first ready group whose first message has a number of at least `from`, and that number.
    pub(super) fn next_group(&self, from: u64) -> Option<(u64, Arc<str>)> {
        self.ready.range(from..).next().map(|(head, group)| (*head, Arc::clone(group)))
    }

    /// The first message of the group with a number of at least `from`.
    pub(super) fn next_in(&self, group: &str, from: u64) -> Option<u64> {
        self.groups.get(group)?.messages.range(from..).next().copied()
    }

    /// Whether a message of the group is in flight.
    pub(super) fn holds(&self, group: &str) -> bool {
        self.groups.get(group).is_some_and(|group| group.in_flight > 0)
    }

    pub(super) fn added(&mut self, number: u64, message: &Message, messages: &Messages) {
        let Some(group) = &message.group else { return };
        self.groups.entry(Arc::clone(group)).or_default().messages.insert(number);
        self.refresh(group, messages);
    }

    pub(super) fn state_changed(&mut self, message: &Message, before: State, messages: &Messages) {
        let Some(name) = &message.group else { return };
        if let Some(group) = self.groups.get_mut(name) {
            group.in_flight = group.in_flight.saturating_sub(in_flight(before)) + in_flight(message.state);
        }
        self.refresh(name, messages);
    }

    pub(super) fn removed(&mut self, number: u64, message: &Message, messages: &Messages) {
        let Some(name) = &message.group else { return };
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        group.messages.remove(&number);
        group.in_flight = group.in_flight.saturating_sub(in_flight(message.state));
        self.refresh(name, messages);
        if self.groups.get(name).is_some_and(|group| group.messages.is_empty()) {
            self.groups.remove(name);
        }
    }

    /// Puts the group among the ready ones, or takes it away.
    fn refresh(&mut self, name: &Arc<str>, messages: &Messages) {
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        let is_visible = |head: &u64| messages.get(*head).is_some_and(|message| message.state.is_visible());
        let ready = group.messages.first().copied().filter(is_visible);
        if ready == group.ready {
            return;
        }
        if let Some(before) = std::mem::replace(&mut group.ready, ready) {
            self.ready.remove(&before);
        }
        if let Some(head) = ready {
            self.ready.insert(head, Arc::clone(name));
        }
    }

    /// What the attempt of that id took, if it is remembered. Holds also when expiry lags behind.
    pub(super) fn attempt(&self, id: u128, now: Timestamp) -> Option<&Attempt> {
        self.attempts.get(&id).filter(|attempt| attempt.end() > now)
    }

    /// Remembers an attempt; to repeat it does not extend its memory.
    pub(super) fn remember_attempt(&mut self, id: u128, attempt: Attempt) {
        let end = attempt.end();
        let before = self.attempts.insert(id, attempt);
        if before.is_none_or(|before| before.end() != end) {
            self.attempt_ends.push_back((end, id));
        }
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.attempt_ends.front().map(|(end, _)| *end)
    }

    /// Forgets the oldest attempt if its time has come.
    pub(super) fn forget_one(&mut self, now: Timestamp) -> bool {
        let Some(&(end, id)) = self.attempt_ends.front() else {
            return false;
        };
        if end > now {
            return false;
        }
        self.attempt_ends.pop_front();
        // The id may have been used anew since.
        if self.attempts.get(&id).is_some_and(|attempt| attempt.end() == end) {
            self.attempts.remove(&id);
        }
        true
    }

    /// With the list of its `messages`; their groups' names are the messages' own.
    pub(super) fn weigh(&self, messages: usize) -> u64 {
        // A group's first node is there as a whole.
        const GROUP: u64 = in_tree(size_of::<(Arc<str>, Group)>()) + 104;
        const READY: u64 = in_tree(size_of::<(u64, Arc<str>)>());
        // With the list of what it took and when it ends.
        const ATTEMPT: u64 = in_tree(size_of::<(u128, Attempt)>()) + 96 + 40;
        messages as u64 * in_tree(size_of::<u64>())
            + self.groups.len() as u64 * GROUP
            + self.ready.len() as u64 * READY
            + self.attempts.len() as u64 * ATTEMPT
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.ready.is_empty() && self.attempts.is_empty()
    }

    pub(super) fn dismantle(&mut self) {
        self.ready.pop_first();
        self.attempts.pop_first();
        if let Some(mut group) = self.groups.first_entry() {
            group.get_mut().messages.pop_first();
            if group.get().messages.is_empty() {
                group.remove();
            }
        }
    }
}

fn in_flight(state: State) -> u32 {
    match state {
        State::InFlight(_) => 1,
        State::Visible | State::Delayed(_) | State::Spent(_) => 0,
    }
}

impl Attempt {
    /// When it is forgotten.
    fn end(&self) -> Timestamp {
        self.at.after(ATTEMPT_WINDOW)
    }
}
