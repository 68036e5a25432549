//! Live subscriptions: whoever wants to see what is published to topics, now and from a moment ago, without a queue.
//!
//! The engine's thread appends each message to the `ring` of its topic when it has been published durably
//! (`recorder`), in the order in which the machine applied them. A `reader` is a place in the rings, not a queue: it
//! looks when it can, so one that is slow costs nobody anything, and what a ring has let go by then is counted and
//! told as a gap. Rings wake their readers by way of `crier`, since waking a thousand tasks is no work for the engine.
//!
//! Nothing here is kept: a ring begins when its topic is first published to after a start, with an epoch of its own.

mod bell;
mod crier;
mod cursor;
mod event;
mod gap;
mod held;
mod limits;
mod place;
mod reader;
mod recorder;
mod request;
mod ring;
mod search;
mod start;
#[cfg(test)]
mod tests;
mod topics;

pub(crate) use crier::run;
#[cfg(test)]
pub(crate) use gap::Gap;
pub(crate) use gap::Why;
pub(crate) use place::Place;
#[cfg(test)]
pub(crate) use reader::Beginning;
pub(crate) use reader::{Close, Item, Reader};
pub(crate) use recorder::{Recorder, Tap};
pub(crate) use request::{Asked, AskedSince};

use crate::metrics::live::LiveCounts;
use bell::Bell;
use limits::Limits;
use queue_core::{Name, Timestamp};
use ring::{Changed, Ring};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::Notify;
use topics::Topics;
use uuid::Uuid;

/// The rings of all topics, and who reads them.
#[derive(Debug)]
pub(crate) struct Live {
    registry: RwLock<Registry>,
    /// The last event: it and all before it can be seen in their rings.
    order: AtomicU64,
    bytes: AtomicUsize,
    limits: Limits,
    /// The epoch of places between the events of all topics.
    epoch: Arc<str>,
    started: Timestamp,
    has_closed: AtomicBool,
    /// Rings whose readers are to be told.
    changed: Mutex<Vec<Arc<Ring>>>,
    has_changed: Notify,
    pub(crate) counts: LiveCounts,
}

#[derive(Debug, Default)]
struct Registry {
    rings: BTreeMap<u64, Arc<Ring>>,
    bells: BTreeMap<u64, Arc<Bell>>,
    last_bell: u64,
    last_ring: u64,
}

impl Live {
    /// Keeps so many events of a topic that nobody reads. `now` is when the hub starts.
    pub(crate) fn new(history: usize, now: Timestamp) -> Self {
        Self::with(Limits::new(history), now)
    }

    fn with(limits: Limits, now: Timestamp) -> Self {
        Self {
            registry: RwLock::default(),
            order: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            limits,
            epoch: format!("{}{:016x}", place::EPOCH, Uuid::new_v4().as_u64_pair().0).into(),
            started: now,
            has_closed: AtomicBool::new(false),
            changed: Mutex::default(),
            has_changed: Notify::new(),
            counts: LiveCounts::default(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all readers: the hub is about to stop.
    pub(crate) fn close(&self) {
        self.has_closed.store(true, Ordering::Release);
        self.read().bells.values().for_each(|bell| bell.ring());
    }

    /// Begins to follow topics; gives the rings that there are. Of those that are made later the bell tells.
    fn follow(&self, topics: Topics) -> (Arc<Bell>, Vec<Arc<Ring>>) {
        let mut registry = self.write();
        registry.last_bell += 1;
        let bell = Arc::new(Bell::new(registry.last_bell, topics));
        registry.bells.insert(bell.id, Arc::clone(&bell));
        let number = registry.last_ring;
        drop(registry);
        let registry = self.read();
        let rings = registry.rings.range(..=number).map(|(_, ring)| ring);
        let followed = rings.filter(|ring| bell.topics.follow(&ring.topic)).map(Arc::clone).collect();
        (bell, followed)
    }

    /// A ring for a topic that has none. Whoever follows it by its name hears of its first event.
    fn make_ring(&self, topic: &Name) -> Arc<Ring> {
        let mut registry = self.write();
        registry.last_ring += 1;
        let number = registry.last_ring;
        let epoch = format!("{}-{number}", self.epoch).into();
        let followers = registry.bells.values().filter(|bell| bell.topics.follow(topic)).map(Arc::clone);
        let followers: Vec<_> = followers.collect();
        let ring = Arc::new(Ring::new(topic.clone(), epoch, number, followers.clone()));
        followers.iter().for_each(|bell| bell.give(Arc::clone(&ring)));
        registry.rings.insert(number, Arc::clone(&ring));
        ring
    }

    /// Ends the ring of a topic that is gone; says whether somebody still reads it.
    fn drop_ring(&self, ring: &Ring) -> bool {
        let changed = ring.end();
        self.weigh(&changed);
        self.write().rings.remove(&ring.number);
        // So that those who have read all of it let it go.
        ring.ring();
        changed.is_heard
    }

    /// Ends a reader that knows these rings, and perhaps has not looked at others yet.
    fn leave(&self, bell: &Bell, rings: &[Arc<Ring>]) {
        self.write().bells.remove(&bell.id);
        for ring in rings.iter().chain(&bell.take_rings()) {
            self.weigh(&ring.detach(bell.id, &self.limits));
        }
    }

    /// Counts what a ring holds more or less.
    fn weigh(&self, changed: &Changed) {
        self.bytes.fetch_add(changed.added_bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(changed.freed_bytes, Ordering::Relaxed);
    }

    /// Has the readers of these rings told.
    fn announce(&self, rings: &mut Vec<Arc<Ring>>) {
        if !rings.is_empty() {
            self.changed.lock().unwrap_or_else(PoisonError::into_inner).append(rings);
            self.has_changed.notify_one();
        }
    }

    /// Tells the readers of all rings that have changed.
    fn cry(&self) {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        for ring in changed {
            ring.ring();
        }
    }
}

/// The members of an object in JSON, without braces.
fn members(object: &impl Serialize) -> String {
    let mut text = serde_json::to_string(object).unwrap_or_else(|error| {
        tracing::error!(%error, "something that is shown live cannot be written");
        String::from("{}")
    });
    text.pop();
    text.remove(0);
    text
}
