//! What was seen of the orders while they went through the shop.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::story::Place;

/// What a queue has shown of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sighting {
    /// For each time that it was received, the number that the hub gave this time.
    pub(super) receives: Vec<u32>,
    /// How many times it was processed, and therefore deleted.
    pub(super) processed: u32,
    /// How many times its text was not what was published.
    pub(super) altered: u32,
    /// The queue that it came from, as the last delivery says.
    pub(super) source: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) started: Option<Instant>,
    pub(super) published: usize,
    pub(super) sightings: BTreeMap<Place, BTreeMap<String, Sighting>>,
    /// From the start of the traffic until the last order was published.
    pub(super) publishing: Duration,
    /// From the start of the traffic until the last order was processed.
    pub(super) processing: Duration,
}

impl Seen {
    /// Orders that were processed at a place.
    pub(super) fn processed(&self, place: Place) -> usize {
        self.sum(place, |sighting| usize::from(sighting.processed > 0))
    }

    /// Orders that came to a place.
    pub(super) fn came(&self, place: Place) -> usize {
        self.sum(place, |_| 1)
    }

    /// Deliveries to a place, of which an order can have several.
    pub(super) fn received(&self, place: Place) -> usize {
        self.sum(place, |sighting| sighting.receives.len())
    }

    fn elapsed(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    fn sum(&self, place: Place, count: impl Fn(&Sighting) -> usize) -> usize {
        let sightings = self.sightings.get(&place);
        sightings.map_or(0, |sightings| sightings.values().map(count).sum())
    }
}

/// One delivery.
pub(super) struct Delivery {
    pub(super) place: Place,
    pub(super) order: String,
    pub(super) receive_count: u32,
    pub(super) is_intact: bool,
    pub(super) source: Option<String>,
}

/// Written by all producers and consumers.
#[derive(Default)]
pub(super) struct Ledger {
    seen: Mutex<Seen>,
}

impl Ledger {
    /// The traffic starts now.
    pub(super) fn start(&self) {
        self.lock().started = Some(Instant::now());
    }

    pub(super) fn published(&self) {
        let mut seen = self.lock();
        seen.published += 1;
        seen.publishing = seen.elapsed();
    }

    pub(super) fn received(&self, delivery: Delivery) {
        let mut seen = self.lock();
        let orders = seen.sightings.entry(delivery.place).or_default();
        let sighting = orders.entry(delivery.order).or_default();
        sighting.receives.push(delivery.receive_count);
        sighting.altered += u32::from(!delivery.is_intact);
        sighting.source = delivery.source;
    }

    pub(super) fn processed(&self, place: Place, order: &str) {
        let mut seen = self.lock();
        let orders = seen.sightings.entry(place).or_default();
        orders.entry(order.to_owned()).or_default().processed += 1;
        seen.processing = seen.elapsed();
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// Orders published, and processed at each place.
    pub(super) fn counts(&self) -> Counts {
        let seen = self.lock();
        Counts { published: seen.published, processed: Place::ALL.map(|place| seen.processed(place)) }
    }

    /// Whoever panicked with the lock in hand was counting, so what is there is as good as before.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the shop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) published: usize,
    /// In the order of `Place::ALL`.
    pub(super) processed: [usize; 4],
}
