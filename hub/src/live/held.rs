//! [`Held`]: what a reader holds back that wants fewer events than there are. The latest of each key stays, or the
//! latest of all.

use super::event::Event;
use super::gap::{Gap, Why};
use super::limits::HELD_BYTES_MAX;
use super::request::Overflow;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Which events a reader wants.
#[derive(Debug)]
pub(super) struct Held {
    /// From one event to the next.
    interval: Option<Duration>,
    /// A JSON pointer; without it all events have the same key.
    pointer: Option<String>,
    keys_max: usize,
    overflow: Overflow,
    /// When the next event may be given.
    next_at: Option<Instant>,
    by_order: BTreeMap<u64, (Arc<Event>, Option<Arc<str>>)>,
    by_key: HashMap<Arc<str>, u64>,
    bytes: usize,
    /// What was left out and not told yet, by epoch and reason.
    left_out: BTreeMap<(Arc<str>, Why), Gap>,
}

/// There are more keys than the reader has room for, and it wants to end then.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Held {
    pub(super) fn new(
        interval: Option<Duration>,
        pointer: Option<String>,
        keys_max: u32,
        overflow: Overflow,
    ) -> Self {
        Self {
            interval,
            pointer,
            keys_max: usize::try_from(keys_max).unwrap_or(usize::MAX),
            overflow,
            next_at: None,
            by_order: BTreeMap::new(),
            by_key: HashMap::new(),
            bytes: 0,
            left_out: BTreeMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_order.is_empty()
    }

    /// Whether events that have the same key replace each other, also those of the history.
    pub(super) fn conflates(&self) -> bool {
        self.pointer.is_some()
    }

    /// Takes an event, in place of the one before of the same key.
    pub(super) fn put(&mut self, event: Arc<Event>) -> Result<(), Full> {
        let key = self.key(&event);
        if let Some(before) = key.as_ref().and_then(|key| self.by_key.remove(key))
            && let Some(replaced) = self.remove(before)
        {
            self.leave_out(&replaced, Why::Sampled);
        }
        let is_full = |held: &Self| {
            held.by_order.len() >= held.keys_max || held.bytes + event.weight() > HELD_BYTES_MAX
        };
        while is_full(self) && !self.is_empty() {
            match self.overflow {
                Overflow::Close => return Err(Full),
                Overflow::DropNewest => {
                    self.leave_out(&event, Why::Overflow);
                    return Ok(());
                }
                Overflow::DropOldest => {
                    if let Some(oldest) = self.pop() {
                        self.leave_out(&oldest, Why::Overflow);
                    }
                }
            }
        }
        self.bytes += event.weight();
        if let Some(key) = &key {
            self.by_key.insert(Arc::clone(key), event.order);
        }
        self.by_order.insert(event.order, (event, key));
        Ok(())
    }

    /// What makes an event the successor of another; nothing if it has no such value.
    fn key(&self, event: &Event) -> Option<Arc<str>> {
        let Some(pointer) = &self.pointer else {
            return Some(Arc::from(""));
        };
        let message: Value = serde_json::from_str(event.text()).ok()?;
        let value = message.pointer(pointer)?;
        Some(format!("{}/{value}", event.topic()).into())
    }

    fn remove(&mut self, order: u64) -> Option<Arc<Event>> {
        let (event, _) = self.by_order.remove(&order)?;
        self.bytes -= event.weight();
        Some(event)
    }

    /// The oldest, whenever it may be given.
    pub(super) fn pop(&mut self) -> Option<Arc<Event>> {
        let (_, (event, key)) = self.by_order.pop_first()?;
        self.bytes -= event.weight();
        if let Some(key) = key {
            self.by_key.remove(&key);
        }
        Some(event)
    }

    /// The oldest, if it may be given now.
    pub(super) fn pop_at(&mut self, now: Instant) -> Option<Arc<Event>> {
        if self.next_at.is_some_and(|at| at > now) {
            return None;
        }
        let event = self.pop()?;
        self.next_at = self.interval.map(|interval| now + interval);
        Some(event)
    }

    /// When something may be given.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next_at.filter(|_| !self.is_empty())
    }

    fn leave_out(&mut self, event: &Event, why: Why) {
        let gap = self.left_out.entry((Arc::clone(&event.epoch), why)).or_insert_with(|| Gap {
            dropped: 0,
            from: event.offset,
            to: event.offset,
            why,
            topic: event.topic().into(),
            epoch: Arc::clone(&event.epoch),
        });
        gap.dropped += 1;
        gap.from = gap.from.min(event.offset);
        gap.to = gap.to.max(event.offset);
    }

    /// What was left out since the last time.
    pub(super) fn gaps(&mut self) -> impl Iterator<Item = Gap> + use<> {
        std::mem::take(&mut self.left_out).into_values()
    }
}
