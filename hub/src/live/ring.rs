//! [`Ring`]: the last events of a topic. The engine appends, readers look.
//!
//! How much is kept depends on whether somebody reads. What is let go is forgotten but for how much it was: offsets
//! rise by one for each event, whether it is kept or not.

use super::bell::Bell;
use super::event::{Event, Standing};
use super::limits::Limits;
use crate::content::Draft;
use queue_core::{Accepted, Name, Timestamp};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The last events of one topic, from its first publish in this life of the hub until it is deleted.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) topic: Name,
    pub(super) epoch: Arc<str>,
    /// In the order in which the rings were made.
    pub(super) number: u64,
    /// The offset of the next event, for a look without a lock.
    next: AtomicU64,
    /// Nothing will come any more.
    has_ended: AtomicBool,
    inside: RwLock<Inside>,
}

/// What was let go last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LetGo {
    pub(super) order: u64,
    pub(super) time: Timestamp,
}

#[derive(Debug)]
pub(super) struct Inside {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// The offset of the first event that is there, or of the next one.
    pub(super) first: u64,
    pub(super) let_go: Option<LetGo>,
    /// The order of the first event of all.
    pub(super) begun: Option<u64>,
    /// Shared, so that nobody has to wait while they are woken.
    listeners: Arc<Vec<Arc<Bell>>>,
}

/// What a change of a ring leaves to be done outside of its lock.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// How many more bytes there are, and how many fewer.
    pub(super) added_bytes: usize,
    pub(super) freed_bytes: usize,
    pub(super) is_heard: bool,
    /// To be dropped when the lock has been let go.
    freed: Vec<Arc<Event>>,
}

/// A message on its way into a ring.
pub(super) struct News {
    pub(super) accepted: Accepted,
    pub(super) draft: Draft,
    pub(super) order: u64,
    pub(super) time: Timestamp,
}

/// What stands at an offset.
pub(super) struct Look {
    pub(super) first: u64,
    pub(super) next: u64,
    pub(super) event: Option<Arc<Event>>,
}

impl Inside {
    pub(super) fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// All that is there, oldest first.
    #[cfg(test)]
    pub(super) fn events(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        self.events.iter()
    }

    /// The offset of the first event there that came after this moment.
    pub(super) fn after(&self, order: u64) -> u64 {
        self.first + self.events.partition_point(|event| event.order <= order) as u64
    }

    /// The same from a time on.
    pub(super) fn from(&self, time: Timestamp) -> u64 {
        self.first + self.events.partition_point(|event| event.time < time) as u64
    }

    fn at(&self, offset: u64) -> Option<&Arc<Event>> {
        self.events.get(usize::try_from(offset.checked_sub(self.first)?).ok()?)
    }

    /// When the event of this offset came, if that is still known.
    pub(super) fn order_of(&self, offset: u64) -> Option<u64> {
        if offset.checked_add(1) == Some(self.first) {
            return Some(self.let_go.map_or(0, |last| last.order));
        }
        self.at(offset).map(|event| event.order)
    }

    fn push(&mut self, event: Event) -> usize {
        let bytes = event.weight();
        self.bytes += bytes;
        self.begun.get_or_insert(event.order);
        self.events.push_back(Arc::new(event));
        bytes
    }

    /// Lets the oldest events go until the rest is within limits.
    fn trim(&mut self, limits: &Limits, changed: &mut Changed) {
        let (events_max, bytes_max) = limits.of_a_ring(!self.listeners.is_empty());
        while (self.events.len() > events_max || self.bytes > bytes_max)
            && let Some(event) = self.events.pop_front()
        {
            let bytes = event.weight();
            self.bytes -= bytes;
            changed.freed_bytes += bytes;
            self.first += 1;
            self.let_go = Some(LetGo { order: event.order, time: event.time });
            changed.freed.push(event);
        }
        if self.events.is_empty() {
            self.events.shrink_to(0);
        }
    }
}

impl Ring {
    pub(super) fn new(topic: Name, epoch: Arc<str>, number: u64, listeners: Vec<Arc<Bell>>) -> Self {
        let listeners = Arc::new(listeners);
        let inside =
            Inside { events: VecDeque::new(), bytes: 0, first: 1, let_go: None, begun: None, listeners };
        Self {
            topic,
            epoch,
            number,
            next: AtomicU64::new(1),
            has_ended: AtomicBool::new(false),
            inside: RwLock::new(inside),
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Inside> {
        self.inside.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inside> {
        self.inside.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The offset of the next event.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    pub(super) fn append(&self, news: News, limits: &Limits) -> Changed {
        let mut inside = self.write();
        let standing = Standing {
            epoch: Arc::clone(&self.epoch),
            offset: inside.next(),
            order: news.order,
            time: news.time,
        };
        let event = Event::new(standing, news.accepted, news.draft);
        let mut changed = Changed { is_heard: !inside.listeners.is_empty(), ..Changed::default() };
        changed.added_bytes = inside.push(event);
        inside.trim(limits, &mut changed);
        self.next.store(inside.next(), Ordering::Release);
        changed
    }

    pub(super) fn look(&self, offset: u64) -> Look {
        let inside = self.read();
        Look { first: inside.first, next: inside.next(), event: inside.at(offset).map(Arc::clone) }
    }

    /// Lets everything go, to make room for other topics.
    pub(super) fn clear(&self) -> Changed {
        let mut changed = Changed::default();
        self.write().trim(&Limits::NOTHING, &mut changed);
        changed
    }

    /// Nothing will come any more: the topic is gone. What is there belongs to those who still read it.
    pub(super) fn end(&self) -> Changed {
        let mut inside = self.write();
        self.has_ended.store(true, Ordering::Release);
        let mut changed = Changed { is_heard: !inside.listeners.is_empty(), ..Changed::default() };
        if !changed.is_heard {
            inside.trim(&Limits::NOTHING, &mut changed);
        }
        changed
    }

    /// Whether nothing will come any more.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Has a reader told of what comes.
    pub(super) fn attach(&self, bell: &Arc<Bell>) {
        Arc::make_mut(&mut self.write().listeners).push(Arc::clone(bell));
    }

    /// Tells a reader no more; without readers less is kept, and nothing of a topic that is gone.
    pub(super) fn detach(&self, id: u64, limits: &Limits) -> Changed {
        let mut changed = Changed::default();
        let mut inside = self.write();
        Arc::make_mut(&mut inside.listeners).retain(|bell| bell.id != id);
        let is_left_behind = self.has_ended() && inside.listeners.is_empty();
        inside.trim(if is_left_behind { &Limits::NOTHING } else { limits }, &mut changed);
        changed
    }

    /// Wakes all who read here.
    pub(super) fn ring(&self) {
        let listeners = Arc::clone(&self.read().listeners);
        for bell in &*listeners {
            bell.ring();
        }
    }

    #[cfg(test)]
    pub(super) fn listeners(&self) -> usize {
        self.read().listeners.len()
    }
}
