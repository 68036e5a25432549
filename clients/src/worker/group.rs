//! The messages of a group one after the other, though several are held.

use std::collections::{BTreeMap, VecDeque};

use crate::socket::Delivery;

/// What waits for the message of its group that is worked on.
#[derive(Debug, Default)]
pub(super) struct Groups {
    waiting: BTreeMap<String, VecDeque<Delivery>>,
}

impl Groups {
    /// Whether it can begin now: it is returned if so, and else waits.
    pub(super) fn admit(&mut self, delivery: Delivery) -> Option<Delivery> {
        let Some(group) = delivery.group() else { return Some(delivery) };
        if let Some(waiting) = self.waiting.get_mut(group) {
            waiting.push_back(delivery);
            return None;
        }
        self.waiting.insert(group.to_owned(), VecDeque::new());
        Some(delivery)
    }

    /// One of the group is done: the next one that can begin.
    pub(super) fn done(&mut self, group: Option<&str>) -> Option<Delivery> {
        let group = group?;
        let waiting = self.waiting.get_mut(group)?;
        loop {
            match waiting.pop_front() {
                Some(next) if next.is_lost().is_none() => return Some(next),
                Some(_) => {}
                None => {
                    self.waiting.remove(group);
                    return None;
                }
            }
        }
    }

    /// One of the group is not done, so the others cannot begin.
    pub(super) fn given_up(&mut self, group: Option<&str>) -> VecDeque<Delivery> {
        group.and_then(|group| self.waiting.remove(group)).unwrap_or_default()
    }

    /// Nothing begins any more.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}
