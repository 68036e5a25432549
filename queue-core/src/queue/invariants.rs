//! What must hold of a queue between any two commands: everything kept beside the messages agrees with them.

use super::{Order, Queue};
use crate::Counts;
use crate::message::{Message, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Queue {
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().map(|(_, message)| message)
    }

    pub(crate) fn assert_consistent(&self) {
        self.assert_counts();
        self.assert_indexes();
        match &self.order {
            Order::Standard(_) => self.assert_standard(),
            Order::Fifo(_) => self.assert_fifo(),
        }
        assert_eq!(self.registered, self.next_due(), "when the queue is looked at again");
        assert!(self.messages.last().is_none_or(|(last, _)| last <= self.last_number), "numbers are counted");
    }

    fn assert_counts(&self) {
        let mut counts = Counts::default();
        for message in self.messages() {
            match message.state {
                State::Visible | State::Spent(_) => counts.visible += 1,
                State::Delayed(_) => counts.delayed += 1,
                State::InFlight(_) => counts.in_flight += 1,
            }
        }
        assert_eq!(self.counts, counts, "kept counters are counted ones");
    }

    fn assert_indexes(&self) {
        let timers: BTreeSet<_> = self
            .messages
            .iter()
            .filter_map(|(number, message)| Some((message.state.until()?, number)))
            .collect();
        assert_eq!(self.timers, timers, "a timer for each state that ends");
        let moved_in: BTreeSet<_> = self
            .messages
            .iter()
            .filter(|(_, message)| message.source.is_some())
            .map(|(number, message)| (message.enqueued, number))
            .collect();
        assert_eq!(self.moved_in, moved_in, "an index of what was moved here");
        let first_to_expire = self.messages().map(|message| message.enqueued).min();
        assert_eq!(
            self.next_expiry().map(|(at, _)| at),
            first_to_expire.map(|began| began.after(self.attributes.retention)),
            "the first to expire is known without a search"
        );
    }

    fn visible(&self) -> BTreeSet<u64> {
        self.messages
            .iter()
            .filter(|(_, message)| message.state.is_visible())
            .map(|(number, _)| number)
            .collect()
    }

    fn assert_standard(&self) {
        let Order::Standard(standard) = &self.order else { return };
        let order: Vec<u64> = standard.in_order(self.counts.in_flight).collect();
        let listed: BTreeSet<u64> = order.iter().copied().collect();
        assert_eq!(listed.len(), order.len(), "nothing is listed twice");
        assert_eq!(listed, self.visible(), "what is visible is listed");
        assert_eq!(self.deliverable(), listed.len().min(self.room()));
        let mut tenants = BTreeMap::<Arc<str>, (BTreeSet<u64>, u32)>::new();
        for (number, message) in self.messages.iter() {
            let Some(name) = &message.group else { continue };
            match message.state {
                State::Visible | State::Spent(_) => {
                    tenants.entry(Arc::clone(name)).or_default().0.insert(number);
                }
                State::InFlight(_) => tenants.entry(Arc::clone(name)).or_default().1 += 1,
                State::Delayed(_) => {}
            }
        }
        let kept = standard.tenants.iter();
        let kept = kept.map(|(name, visible, in_flight)| (Arc::clone(name), (visible.clone(), in_flight)));
        assert_eq!(kept.collect::<BTreeMap<_, _>>(), tenants, "tenants with what is visible and in flight");
        let is_noisy = |in_flight: u32| in_flight >= 30 && u64::from(in_flight) * 10 > self.counts.in_flight;
        let noisy = tenants.iter().filter(|(_, (_, in_flight))| is_noisy(*in_flight));
        let known: BTreeSet<&str> = standard.tenants.noisy(self.counts.in_flight).into_iter().collect();
        assert_eq!(known, noisy.map(|(name, _)| &**name).collect(), "noisy is who holds a large share");
    }

    fn assert_fifo(&self) {
        let Order::Fifo(fifo) = &self.order else { return };
        let mut groups = BTreeMap::<Arc<str>, BTreeSet<u64>>::new();
        for (number, message) in self.messages.iter() {
            let group = message.group.clone().expect("a group on a FIFO queue");
            groups.entry(group).or_default().insert(number);
        }
        let visible = self.visible();
        let heads: BTreeMap<u64, Arc<str>> = groups
            .iter()
            .map(|(group, messages)| (*messages.first().unwrap(), Arc::clone(group)))
            .filter(|(head, _)| visible.contains(head))
            .collect();
        assert_eq!(self.deliverable(), heads.len().min(self.room()), "a ready group for each visible head");
        let mut next = fifo.next_group(0);
        let mut listed = BTreeMap::new();
        while let Some((head, group)) = next {
            assert_eq!(fifo.next_in(&group, 0), Some(head), "the head is the first of its group");
            listed.insert(head, group);
            next = fifo.next_group(head + 1);
        }
        assert_eq!(listed, heads);
        for (group, messages) in &groups {
            let mut next = fifo.next_in(group, 0);
            let mut members = BTreeSet::new();
            while let Some(number) = next {
                members.insert(number);
                next = fifo.next_in(group, number + 1);
            }
            assert_eq!(&members, messages, "a group lists its messages");
        }
    }
}
