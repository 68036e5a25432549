//! Where a reader begins: in each ring, from what it asks for and what is still there.

use super::gap::{Gap, Why};
use super::place::Place;
use super::request::Since;
use super::ring::{Inside, Ring};
use super::{Live, Ordering};
use queue_core::Timestamp;
use std::sync::Arc;

/// Where a reader begins.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) in_rings: Vec<u64>,
    /// Whether it gets all that it asked for.
    pub(super) recovered: bool,
    pub(super) gaps: Vec<Gap>,
}

/// The moment behind which a reader goes on.
enum Behind {
    Order(u64),
    /// It is known of one ring only: this one, which does not reach back so far.
    Lost {
        ring: usize,
        offset: u64,
    },
    Unknown,
}

impl Live {
    /// The last event that can be seen.
    pub(super) fn order(&self) -> u64 {
        self.order.load(Ordering::Acquire)
    }

    pub(super) fn start(&self, since: &Since, rings: &[Arc<Ring>]) -> Start {
        match since {
            // The last events are looked for from here, backwards.
            Since::Now | Since::Last(_) => everywhere(rings, |_, inside| inside.next()),
            Since::Time(time) => self.from(*time, rings),
            Since::Place(place) => self.behind(place, rings),
        }
    }

    /// From a moment on, as far as it is remembered. What was before the hub started is not.
    fn from(&self, time: Timestamp, rings: &[Arc<Ring>]) -> Start {
        let mut recovered = time >= self.started;
        let start = everywhere(rings, |_, inside| {
            recovered &= inside.let_go.is_none_or(|last| last.time < time);
            inside.from(time)
        });
        Start { recovered, ..start }
    }

    fn behind(&self, place: &Place, rings: &[Arc<Ring>]) -> Start {
        let mut gaps = Vec::new();
        // What was let go is counted where nothing of it can have been seen.
        let (order, mut recovered, counts) = match self.moment(place, rings) {
            Behind::Order(order) => (order, true, true),
            Behind::Lost { ring, offset } => {
                if let Some(ring) = rings.get(ring) {
                    gaps.push(Gap::of_what_is_gone(ring, offset, ring.read().first));
                }
                (0, false, false)
            }
            Behind::Unknown => (0, false, rings.len() == 1),
        };
        let start = everywhere(rings, |ring, inside| {
            if inside.let_go.is_some_and(|last| last.order > order) {
                recovered = false;
                if counts && inside.begun.is_some_and(|begun| begun > order) {
                    gaps.push(Gap::of_what_is_gone(ring, 0, inside.first));
                }
            }
            inside.after(order)
        });
        Start { recovered, gaps, ..start }
    }

    fn moment(&self, place: &Place, rings: &[Arc<Ring>]) -> Behind {
        if place.epoch == self.epoch {
            return Behind::Order(place.offset);
        }
        let Some((position, ring)) = rings.iter().enumerate().find(|(_, ring)| ring.epoch == place.epoch)
        else {
            return Behind::Unknown;
        };
        let inside = ring.read();
        match inside.order_of(place.offset) {
            Some(order) => Behind::Order(order),
            None if place.offset < inside.first => Behind::Lost { ring: position, offset: place.offset },
            // Nobody was ever told of it.
            None => Behind::Unknown,
        }
    }

    /// Where a reader is that has had everything up to a moment.
    pub(super) fn place_at(&self, order: u64, only: Option<&Ring>) -> Place {
        match only {
            Some(ring) => Place { offset: ring.read().after(order) - 1, epoch: Arc::clone(&ring.epoch) },
            None => Place { offset: order, epoch: Arc::clone(&self.epoch) },
        }
    }
}

fn everywhere(rings: &[Arc<Ring>], mut at: impl FnMut(&Ring, &Inside) -> u64) -> Start {
    let in_rings = rings.iter().map(|ring| at(ring, &ring.read())).collect();
    Start { in_rings, recovered: true, gaps: Vec::new() }
}

impl Gap {
    /// What a ring has let go between an offset and the first event that is there.
    fn of_what_is_gone(ring: &Ring, offset: u64, first: u64) -> Self {
        let to = first - 1;
        Self {
            dropped: to - offset,
            from: offset + 1,
            to,
            why: Why::Retention,
            topic: Arc::clone(&ring.topic.name),
            epoch: Arc::clone(&ring.epoch),
        }
    }
}
